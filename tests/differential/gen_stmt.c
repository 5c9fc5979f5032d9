/*
 * Random statements, one a line.
 */
#include "tests/differential/gen_impl.h"

#include <string.h>

#define EXPR_DEPTH 3
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

void gen_start(struct gen *g)
{
	for (int i = 0; i < g->indent; i++)
		gen_put(g, "\t");
}

static int depth_of(struct gen *g)
{
	return gen_chance(g, 8) ? 6 : (int)gen_below(g, EXPR_DEPTH + 1);
}

static void expr(struct gen *g, const struct gen_type *type)
{
	gen_expr(g, type, depth_of(g));
}

void gen_block(struct gen *g, int n, int depth, const char *end)
{
	size_t mark = g->vars.n;

	g->indent++;
	gen_statements(g, n, depth);
	g->indent--;
	gen_vars_drop(g, mark);
	g->ended = false;
	gen_start(g);
	gen_put(g, "%s", end);
}

/* ---- variables ---- */

/* The value of a variable, made by a variable of its name. */
static void own_block(struct gen *g, const char *name, const struct gen_type *type)
{
	size_t mark = g->vars.n;

	gen_put(g, "({ let %s = ", name);
	expr(g, type);
	gen_put(g, "; ");
	gen_var_add(g, name, type, NULL, true);
	expr(g, type);
	gen_put(g, " })");
	g->vars.n = mark;
}

static void new_var(struct gen *g)
{
	const char *name = gen_var_name(g), *declared = gen_int_names[gen_below(g, 8)];
	const struct gen_type *type = gen_type_any(g, 2);

	if (gen_chance(g, 25)) {
		gen_put(g, "let %s : %s = (%s)(", name, declared, declared);
		expr(g, &gen_int);
		gen_put(g, ");\n");
		gen_var_add(g, name, &gen_int, declared, false);
		return;
	}
	if (gen_chance(g, 30)) {
		gen_put(g, "let ");
	} else if (gen_chance(g, 10)) {
		gen_put(g, "let %s;\n", name);
		gen_start(g);
	}
	gen_put(g, "%s = ", name);
	if (gen_chance(g, 3))
		own_block(g, name, type);
	else
		expr(g, type);
	gen_put(g, ";\n");
	gen_var_add(g, name, type, NULL, false);
}

static void compound_op(struct gen *g)
{
	static const char *const ops[] = { "+=", "-=", "*=", "&=", "|=", "^=", "/=", "%=", "<<=",
					   ">>=" };

	gen_put(g, " %s ", ops[gen_below(g, g->common ? 8 : 10)]);
	gen_expr(g, &gen_int, 2);
	gen_put(g, ";\n");
}

static void value_for(struct gen *g, const struct gen_var *v)
{
	if (!v->declared) {
		expr(g, v->type);
		return;
	}
	gen_put(g, "(%s)(", v->declared);
	expr(g, v->type);
	gen_put(g, ")");
}

static void change_var(struct gen *g)
{
	const struct gen_var *v = gen_var_find(g, gen_chance(g, 60) ? &gen_int : gen_type_any(g, 0),
					       true);
	unsigned roll = gen_below(g, 100);

	if (!v) {
		new_var(g);
		return;
	}
	if (v->type->kind == GEN_INT && roll < 15) {
		gen_put(g, roll < 8 || g->common ? "%s++;\n" : "--%s;\n", v->name);
		return;
	}
	gen_put(g, "%s", v->name);
	if (v->type->kind == GEN_INT && roll < 50) {
		compound_op(g);
		return;
	}
	gen_put(g, " = ");
	value_for(g, v);
	gen_put(g, ";\n");
}

/* ---- maps ---- */

void gen_change_map(struct gen *g)
{
	const struct gen_map *m = gen_map_find(g, gen_chance(g, 50) ? &gen_int : NULL, -1);
	unsigned roll = gen_below(g, 100);

	if (!m) {
		new_var(g);
		return;
	}
	if (m->value->kind == GEN_INT && roll < 10 && !g->common)
		gen_put(g, "--");
	gen_elem(g, m, g->common && roll < 45 ? 0 : 2);
	if (m->only_changed && roll >= 45)
		roll = 10 + roll % 35;
	if (m->value->kind == GEN_INT && roll < 20) {
		gen_put(g, roll >= 10 ? "++;\n" : g->common ? "--;\n" : ";\n");
		return;
	}
	if (m->value->kind == GEN_INT && roll < 45) {
		compound_op(g);
		return;
	}
	gen_put(g, " = ");
	expr(g, m->value);
	gen_put(g, ";\n");
}

static const char *const series[] = { "", ", \"sum\"", ", \"max\"", ", \"min\"", ", \"avg\"" };

/* A series without a function has the last number of each interval. */
bool gen_depends_on_order(const struct gen_map *m)
{
	return m->aggregate == AGG_TSERIES && !*series[m->min % COUNT(series)];
}

void gen_aggregate_call(struct gen *g, const struct gen_map *m, int depth)
{
	static const char *const names[AGG_KINDS] = { "", "count", "sum", "min", "max", "avg",
						      "stats", "hist", "lhist", "tseries" };

	gen_put(g, "%s(", names[m->aggregate]);
	if (m->aggregate != AGG_COUNT) {
		gen_put(g, g->common ? "(int64)(" : "");
		gen_integer(g, depth);
		gen_put(g, g->common ? ")" : "");
	}
	if (m->aggregate == AGG_HIST && m->bits)
		gen_put(g, ", %u", m->bits);
	if (m->aggregate == AGG_LHIST)
		gen_put(g, ", %u, %u, %u", m->min, m->max, m->step);
	if (m->aggregate == AGG_TSERIES)
		gen_put(g, ", 1h, %u%s", 1 + m->step, series[m->min % COUNT(series)]);
	gen_put(g, ")");
}

static void aggregate(struct gen *g)
{
	const struct gen_map *m = gen_aggregate_find(g, false);

	if (!m) {
		gen_change_map(g);
		return;
	}
	gen_elem(g, m, 2);
	gen_put(g, " = ");
	gen_aggregate_call(g, m, 2);
	gen_put(g, ";\n");
}

/* clear, zero, delete, print of a map. */
static void whole_map(struct gen *g)
{
	const struct gen_map *m = gen_chance(g, 50) ? gen_aggregate_find(g, false)
						    : gen_map_find(g, NULL, -1);
	unsigned roll = gen_below(g, 100);
	bool old;

	if (!m || m->iterated) {
		gen_change_map(g);
	} else if (roll < 10) {
		gen_put(g, "clear(%s);\n", m->name);
	} else if (roll < 20 && m->aggregate != AGG_TSERIES) {
		gen_put(g, "zero(%s);\n", m->name);
	} else if (roll < 35 && m->key) {
		old = gen_chance(g, 20);
		gen_put(g, old ? "delete(%s[" : "delete(%s, ", m->name);
		gen_key(g, m, 2);
		gen_put(g, old ? "]);\n" : ");\n");
	} else if (roll < 40 && m->aggregate < AGG_HIST) {
		gen_put(g, m->key ? "_ = has_key(%s, " : "delete(%s", m->name);
		if (m->key)
			gen_key(g, m, 1);
		gen_put(g, ");\n");
	} else if (roll < 60 && m->aggregate < AGG_HIST) {
		gen_put(g, "print(");
		gen_elem(g, m, 2);
		gen_put(g, ");\n");
	} else if (roll < 70 && m->key && !g->common) {
		gen_put(g, "print(%s, %u);\n", m->name, 1 + gen_below(g, 4));
	} else {
		gen_put(g, "print(%s);\n", m->name);
	}
}

/* ---- output ---- */

static void printf_conversion(struct gen *g, const struct gen_type *type)
{
	static const char *const numbers[] = { "d", "u", "x", "lld", "llu", "llx", "hd", "hhu", "ld",
					       "X", "o", "hhd", "hu", "lu", "i", "s", "s", "s" };
	static const char *const flags[] = { "", "", "", "", "8", "-8", "20", "#", "+" };
	unsigned flag = gen_below(g, 9);
	unsigned number = gen_below(g, sizeof(numbers) / sizeof(*numbers));

	if (type->kind == GEN_INT || (type->kind == GEN_BOOL && gen_chance(g, 30)))
		gen_put(g, "%%%s%s", strcmp(numbers[number], "s") || flag < 7 ? flags[flag] : "",
			numbers[number]);
	else
		gen_put(g, "%%%ss", flag < 7 && (!g->common || !type->nr) ? flags[flag] : "");
}

static void print_values(struct gen *g)
{
	const struct gen_type *types[4];
	unsigned n = gen_below(g, 5);

	gen_put(g, "printf(\"");
	for (unsigned i = 0; i < n; i++) {
		types[i] = gen_type_any(g, 2);
		if (i)
			gen_put(g, " ");
		printf_conversion(g, types[i]);
	}
	gen_put(g, "\\n\"");
	for (unsigned i = 0; i < n; i++) {
		gen_put(g, ", ");
		expr(g, types[i]);
	}
	gen_put(g, ");\n");
}

static void output(struct gen *g)
{
	if (gen_chance(g, 50)) {
		print_values(g);
		return;
	}
	gen_put(g, "print(");
	/* A string in parentheses, a map or a literal would be something else. */
	gen_put(g, "(");
	expr(g, gen_type_any(g, 2));
	gen_put(g, ", 0).0);\n");
}

/* ---- control ---- */

static void if_statement(struct gen *g, int depth)
{
	gen_put(g, "if (");
	gen_condition(g, 3);
	gen_put(g, ") {\n");
	gen_block(g, 1 + (int)gen_below(g, 3), depth - 1, "}");
	while (gen_chance(g, 20)) {
		gen_put(g, " else if (");
		gen_condition(g, 2);
		gen_put(g, ") {\n");
		gen_block(g, 1 + (int)gen_below(g, 2), depth - 1, "}");
	}
	if (gen_chance(g, 40)) {
		gen_put(g, " else {\n");
		gen_block(g, 1 + (int)gen_below(g, 3), depth - 1, "}");
	}
	gen_put(g, "\n");
}

static void range_end(struct gen *g, unsigned max)
{
	if (gen_chance(g, 60)) {
		gen_put(g, g->common || gen_chance(g, 85) ? "%u" : "(-%u)", gen_below(g, max));
		return;
	}
	gen_put(g, "((");
	gen_integer(g, 2);
	gen_put(g, ") & %u)", max - 1);
}

static void loop_body(struct gen *g, int depth)
{
	g->loops++;
	gen_block(g, 1 + (int)gen_below(g, 4), depth - 1, "}\n");
	g->loops--;
}

static void for_range(struct gen *g, int depth)
{
	const char *name = gen_name(g, "$i");
	size_t mark = g->vars.n;

	gen_put(g, "for (%s : ", name);
	range_end(g, 4);
	gen_put(g, "..");
	range_end(g, gen_chance(g, 90) || g->loops ? 8 : 64);
	gen_put(g, ") {\n");
	gen_var_add(g, name, &gen_int, NULL, true);
	loop_body(g, depth);
	gen_vars_drop(g, mark);
}

static void while_loop(struct gen *g, int depth)
{
	const char *name = gen_name(g, "$w");
	size_t mark = g->vars.n;

	gen_put(g, "let %s : uint64 = 0;\n", name);
	gen_start(g);
	gen_put(g, "while (%s < %u) {\n", name, 1 + gen_below(g, 6));
	gen_var_add(g, name, &gen_int, NULL, true);
	g->indent++;
	gen_start(g);
	g->indent--;
	gen_put(g, "%s++;\n", name);
	loop_body(g, depth);
	gen_vars_drop(g, mark);
}

static void unroll(struct gen *g, int depth)
{
	gen_put(g, "unroll (%u) {\n", 1 + gen_below(g, 4));
	g->unrolled++;
	loop_body(g, depth);
	g->unrolled--;
}

static void find(struct gen *g, int depth)
{
	const struct gen_map *m = gen_map_find(g, &gen_int, 1);
	const struct gen_var *v = gen_var_find(g, &gen_int, true);

	if (!m || !v || v->declared) {
		gen_change_map(g);
		return;
	}
	gen_put(g, "if (find(%s, ", m->name);
	gen_key(g, m, 2);
	gen_put(g, ", %s)) {\n", v->name);
	gen_block(g, 1, depth - 1, "}\n");
}

static void jump(struct gen *g)
{
	unsigned roll = gen_below(g, 100);

	gen_put(g, "if (");
	gen_condition(g, 2);
	gen_put(g, ") {\n");
	g->indent++;
	gen_start(g);
	g->indent--;
	if (g->loops > g->unrolled && roll < 80 && !(g->common && g->unrolled))
		gen_put(g, roll < 40 ? "break;\n" : "continue;\n");
	else if (roll < (g->func ? 50 : 90) || g->loops)
		gen_return(g);
	else
		gen_put(g, gen_chance(g, 50) ? "exit();\n" : "exit(3);\n");
	gen_start(g);
	gen_put(g, "}\n");
}

static void nested(struct gen *g, int depth)
{
	switch (gen_below(g, 10)) {
	case 0:
	case 1:
	case 2: if_statement(g, depth); break;
	case 3:
	case 4: for_range(g, depth); break;
	case 5: while_loop(g, depth); break;
	case 6: unroll(g, depth); break;
	case 7: gen_for_map(g, depth); break;
	case 8: find(g, depth); break;
	default:
		gen_put(g, "{\n");
		gen_block(g, 2, depth - 1, "}\n");
	}
}

static void statement(struct gen *g, int depth)
{
	unsigned roll = gen_below(g, 100);

	gen_start(g);
	if (g->memory && gen_chance(g, 10))
		gen_memory_statement(g);
	else if (gen_chance(g, 3))
		gen_known_statement(g);
	else if (g->funcs.n && gen_chance(g, 8) && gen_call(g, NULL, 2))
		gen_put(g, ";\n");
	else if (depth > 0 && roll < 22 && g->loops < 2)
		nested(g, depth);
	else if (roll < 36)
		new_var(g);
	else if (roll < 50)
		change_var(g);
	else if (roll < 62)
		gen_change_map(g);
	else if (roll < 72)
		aggregate(g);
	else if (roll < 80)
		whole_map(g);
	else if (roll < 95)
		output(g);
	else if (roll < 97 || (!g->loops && gen_chance(g, 70)))
		gen_put(g, "_ = "), expr(g, gen_type_any(g, 1)), gen_put(g, ";\n");
	else
		jump(g);
}

void gen_statements(struct gen *g, int n, int depth)
{
	for (int i = 0; i < n && (g->budget-- > 0 || !i); i++)
		statement(g, depth);
}

/* Every map is assigned once, so that its type is known. */
void gen_first_uses(struct gen *g)
{
	gen_start(g);
	gen_put(g, "@one = %u;\n", 1 + gen_below(g, 3));
	g->first_uses = true;
	for (size_t i = 0; i < g->maps.n; i++) {
		const struct gen_map *m = &g->maps.at[i];

		gen_start(g);
		gen_elem(g, m, 1);
		gen_put(g, " = ");
		if (m->aggregate)
			gen_aggregate_call(g, m, 1);
		else
			gen_expr(g, m->value, 1);
		gen_put(g, ";\n");
	}
	g->first_uses = false;
}
