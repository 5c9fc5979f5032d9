/*
 * Macros, compile-time expressions and what else is gone when types are known.
 *
 * The macros are always the same; their calls are random.
 */
#include "tests/differential/gen_impl.h"

void gen_macros(struct gen *g)
{
	g->macros = true;
	gen_put(g, "macro add3($x) { $x += 3; $x }\n"
		   "macro twice(x) { (x) + (x) }\n"
		   "macro once(x) { let $t = x; $t * 2 }\n"
		   "macro put(@m, k, v) { @m[k] = v; @m[k] }\n"
		   "macro answer() { 42 }\n"
		   "macro mix(x, y) { twice(x) - once(y) + answer }\n"
		   "macro size(s) { strlen(s) + 1 }\n"
		   "macro mix(x) { mix(x, 1) }\n"
		   "macro shout(s) { printf(\"%%s!\\n\", s); }\n");
}

static bool put_in_map(struct gen *g, int depth)
{
	const struct gen_map *m = gen_map_find(g, &gen_int, 1);

	if (!m || m->key->kind != GEN_INT)
		return false;
	gen_put(g, "put(%s, ", m->name);
	gen_integer(g, depth - 1);
	gen_put(g, ", ");
	gen_integer(g, depth - 1);
	gen_put(g, ")");
	return true;
}

static void call(struct gen *g, const char *name, const struct gen_type *type, int depth)
{
	gen_put(g, "%s(", name);
	gen_expr(g, type, depth - 1);
	gen_put(g, ")");
}

void gen_macro_integer(struct gen *g, int depth)
{
	const struct gen_var *v = gen_var_find(g, &gen_int, true);

	switch (gen_below(g, 8)) {
	case 0:
		if (v && !g->common) {
			gen_put(g, "add3(%s)", v->name);
			return;
		}
		gen_put(g, "answer");
		return;
	case 1: call(g, "twice", &gen_int, depth); return;
	case 2: call(g, "once", &gen_int, depth); return;
	case 3: call(g, "size", &gen_string, depth); return;
	case 4: call(g, "mix", &gen_int, depth); return;
	case 5:
		gen_put(g, "mix(");
		gen_integer(g, depth - 1);
		gen_put(g, ", ");
		gen_integer(g, depth - 1);
		gen_put(g, ")");
		return;
	case 6:
		if (!g->common && put_in_map(g, depth))
			return;
		gen_put(g, "answer()");
		return;
	default:
		gen_put(g, "comptime (%u + answer)", gen_below(g, 100));
	}
}

/* What a compiler may find out by itself. */
bool gen_known_integer(struct gen *g)
{
	static const char *const ones[] = {
		"comptime (3 * 5)", "sizeof(uint16)", "(\"abc\"[1])", "((1, 2, 3)[1])",
		"strlen(\"abcd\" + 1)", "(if comptime (1 < 2) { 7 } else { 8 })", "$9",
		"sizeof((1, \"ab\"))", "((x = 4, y = 5).x)", "@ur", "@uk[3]", "(9 / 2)", "(-7 / 2)",
		"(-9 % 4)", "(-16 >> 2)", "(1 << 40)", "(5 == 5 ? 1 : 2)", "(0x7f & ~3)",
	};

	gen_put(g, "%s", ones[gen_below(g, sizeof(ones) / sizeof(*ones))]);
	return true;
}

void gen_known_string(struct gen *g)
{
	static const char *const ones[] = {
		"str($2 + 1)", "str($9)", "(\"abc\" + \"de\")", "(\"abcdef\" + 2)", "str($1)",
		"str(\"abcdef\", 3)", "(\"a\" == \"a\" ? \"x\" : \"yz\")", "str($#)",
	};

	gen_put(g, "%s", ones[gen_below(g, sizeof(ones) / sizeof(*ones))]);
}

/* A statement, without the blanks before it. */
void gen_known_statement(struct gen *g)
{
	const struct gen_var *v;
	const char *name;

	switch (gen_below(g, g->macros ? 6 : 4)) {
	case 0:
		gen_put(g, "@un%s;\n", gen_chance(g, 50) ? "++" : "--");
		return;
	case 1:
		gen_put(g, "@uk2[%u]++;\n", gen_below(g, 3));
		return;
	case 2:
		v = g->vars.n ? &g->vars.at[gen_below(g, (unsigned)g->vars.n)] : NULL;
		if (v && v->declared) {
			name = gen_name(g, "$y");
			gen_put(g, "let %s : typeof(%s) = %s;\n", name, v->name, v->name);
			gen_var_add(g, name, v->type, v->declared, true);
			return;
		}
		gen_put(g, "if comptime (sizeof(int32) == 4) { print(1); } else { print(2); }\n");
		return;
	case 3:
		gen_put(g, "print((comptime (1 + 1), is_integer(3), is_str(\"a\")));\n");
		return;
	case 4:
		gen_put(g, "shout(");
		gen_expr(g, &gen_string, 2);
		gen_put(g, ");\n");
		return;
	default:
		v = gen_var_find(g, &gen_int, true);
		gen_put(g, v ? "_ = add3(%s);\n" : "print(answer);\n", v ? v->name : "");
	}
}
