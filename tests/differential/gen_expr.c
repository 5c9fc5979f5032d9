/*
 * Random expressions: one function a kind of value.
 */
#include "tests/differential/gen_impl.h"

#include <inttypes.h>
#include <string.h>

/* ---- literals ---- */

static bool literal(struct gen *g)
{
	static const char *const edges[] = {
		"127", "128", "255", "256", "32767", "32768", "65535", "65536", "2147483647",
		"2147483648", "4294967295", "4294967296", "9223372036854775807",
		"0xff", "0x7fff_ffff", "017",
		"1_000_000", "5e6", "3ms", "1s", "2h", "10us", "(-128)", "(-129)", "(-32768)",
		"(-2147483648)", "(-2147483649)", "(-9223372036854775808)", "63", "64", "0x10",
		"100u", "7ll",
	};
	unsigned roll = gen_below(g, 100);

	if (roll < 60)
		gen_put(g, "%u", gen_below(g, 12));
	else if (roll < 75)
		gen_put(g, "(-%u)", 1 + gen_below(g, 9));
	else if (roll < 97)
		gen_put(g, "%s", edges[gen_below(g, sizeof(edges) / sizeof(*edges))]);
	else if (gen_chance(g, 80))
		gen_put(g, "%" PRIu64, gen_random(g) >> (1 + gen_below(g, 63)));
	else
		gen_put(g, "%s", gen_chance(g, 50) ? "9223372036854775808" : "18446744073709551615");
	return true;
}

void gen_string_literal(struct gen *g, int max)
{
	static const char *const pieces[] = { "\\n", "\\t", "\\\\", "\\\"", "\\x41", "\\101", " ",
					      "%", "/", "$", "@" };
	unsigned roll = gen_below(g, 100);
	unsigned len = roll < 80 ? gen_below(g, 9) : roll < 97 ? gen_below(g, 60) : gen_below(g, 180);

	if (len > (unsigned)max - 1)
		len = (unsigned)max - 1;
	gen_put(g, "\"");
	for (unsigned i = 0; i < len; i++) {
		if (gen_chance(g, 6))
			gen_put(g, "%s", pieces[gen_below(g, sizeof(pieces) / sizeof(*pieces))]);
		else
			gen_put(g, "%c", "abcxyz019_"[gen_below(g, gen_chance(g, 70) ? 3 : 10)]);
	}
	gen_put(g, "\"");
}

/* ---- parts of larger values ---- */

/* Write a path from `type` to a part that is `want`; false if there is none. */
static bool path_to(struct gen *g, const struct gen_type *type, const struct gen_type *want)
{
	size_t start = g->out->len;
	unsigned from = type->nr ? gen_below(g, (unsigned)type->nr) : 0;

	if (gen_same(type, want))
		return true;
	for (int i = 0; i < type->nr; i++) {
		int k = (int)((from + (unsigned)i) % (unsigned)type->nr);

		if (type->kind == GEN_RECORD)
			gen_put(g, ".%s", type->labels[k]);
		else
			gen_put(g, gen_chance(g, 85) ? ".%d" : "[%d]", k);
		if (path_to(g, type->items[k], want))
			return true;
		g->out->len = start;
	}
	return false;
}

/* A variable, or a part of one. */
static bool from_var(struct gen *g, const struct gen_type *type)
{
	size_t n = g->vars.n, from = n ? gen_below(g, (unsigned)n) : 0, start = g->out->len;

	if (g->only) {
		gen_put(g, "%s", g->only);
		if (path_to(g, g->only_type, type))
			return true;
		g->out->len = start;
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		const struct gen_var *v = &g->vars.at[(from + i) % n];

		gen_put(g, "%s", v->name);
		if (path_to(g, v->type, type))
			return true;
		g->out->len = start;
	}
	return false;
}

void gen_key(struct gen *g, const struct gen_map *m, int depth)
{
	bool outer = g->long_texts;

	g->long_texts = m->long_keys;
	gen_expr(g, m->key, depth);
	g->long_texts = outer;
}

void gen_elem(struct gen *g, const struct gen_map *m, int depth)
{
	bool outer = g->long_texts;

	gen_put(g, "%s", m->name);
	if (!m->key)
		return;
	gen_put(g, "[");
	g->long_texts = m->long_keys;
	if (m->key->kind == GEN_TUPLE && m->key->nr > 1 && gen_chance(g, 60)) {
		for (int i = 0; i < m->key->nr; i++) {
			gen_put(g, i ? ", " : "");
			gen_expr(g, m->key->items[i], depth - 1);
		}
	} else {
		gen_expr(g, m->key, depth - 1);
	}
	g->long_texts = outer;
	gen_put(g, "]");
}

static bool from_map(struct gen *g, const struct gen_type *type, int depth)
{
	const struct gen_map *m = g->only ? NULL : gen_map_find(g, type, -1);

	if (m)
		gen_elem(g, m, depth);
	return m != NULL;
}

/* What any kind of value can be: written if it could be. */
static bool from_anything(struct gen *g, const struct gen_type *type, int depth)
{
	const char *name;
	size_t mark = g->vars.n;

	if (g->funcs.n && depth > 0 && gen_chance(g, 25) && gen_call(g, type, depth - 1))
		return true;
	switch (gen_below(g, depth > 0 ? 9 : 4)) {
	case 0:
	case 1:
	case 2:
		return from_var(g, type);
	case 3:
		return from_map(g, type, depth);
	case 4:
		gen_put(g, "(");
		gen_condition(g, depth - 1);
		gen_put(g, " ? ");
		gen_expr(g, type, depth - 1);
		gen_put(g, " : ");
		gen_expr(g, type, depth - 1);
		gen_put(g, ")");
		return true;
	case 5:
		if (g->only)
			return false;
		name = gen_name(g, "$b");
		gen_put(g, "({ let %s = ", name);
		gen_expr(g, type, depth - 1);
		gen_put(g, "; ");
		gen_var_add(g, name, type, NULL, true);
		gen_expr(g, type, depth - 1);
		gen_put(g, " })");
		gen_vars_drop(g, mark);
		return true;
	case 6:
		if (g->only)
			return false;
		gen_put(g, "if (");
		gen_condition(g, depth - 1);
		gen_put(g, ") { ");
		gen_expr(g, type, depth - 1);
		gen_put(g, " } else { ");
		gen_expr(g, type, depth - 1);
		gen_put(g, " }");
		return true;
	case 7:
		gen_put(g, "(");
		gen_expr(g, type, depth - 1);
		gen_put(g, ", ");
		gen_expr(g, gen_type_any(g, 0), depth - 2);
		gen_put(g, ").0");
		return true;
	default:
		gen_put(g, "(x = ");
		gen_expr(g, gen_type_any(g, 0), depth - 2);
		gen_put(g, ", y = ");
		gen_expr(g, type, depth - 1);
		gen_put(g, ").y");
		return true;
	}
}

/* ---- integers ---- */

static bool binary(struct gen *g, int depth)
{
	static const char *const ops[] = { "+", "-", "*", "&", "|", "^", "/", "%", "<<", ">>" };
	unsigned op = gen_below(g, g->no_effects ? 6 : 10);
	bool left, right;
	size_t at;

	gen_put(g, "(");
	left = gen_integer(g, depth - 1);
	gen_put(g, " %s ", ops[op]);
	at = g->out->len;
	if (op >= 8) {
		if (g->common || gen_chance(g, 70)) {
			gen_put(g, "%u", gen_below(g, 64));
			right = true;
		} else {
			right = gen_integer(g, depth - 1);
		}
	} else {
		right = gen_integer(g, depth - 1);
	}
	if (left && right && (op >= 6 || op < 3) && !g->only) {
		/* Constants would overflow, divide by zero, ... in the compiler. */
		g->out->len = at;
		if ((g->common && op >= 8) || !from_var(g, &gen_int))
			gen_put(g, "(int64)@one");
		right = false;
	}
	gen_put(g, ")");
	return left && right;
}

static bool unary(struct gen *g, int depth)
{
	static const char *const ops[] = { "-", "~" };
	bool constant;

	gen_put(g, "(%s%s", ops[gen_below(g, 2)], g->common ? "(int64)(" : "");
	constant = gen_integer(g, depth - 1);
	gen_put(g, g->common ? "))" : ")");
	return constant;
}

static bool cast(struct gen *g, int depth)
{
	bool constant = false;

	gen_put(g, "((%s)(", gen_int_names[gen_below(g, 8)]);
	if (gen_chance(g, 85))
		constant = gen_integer(g, depth - 1);
	else
		gen_expr(g, &gen_bool, depth - 1);
	gen_put(g, "))");
	return constant;
}

/* Part of an integer seen as an array, or of an array as an integer. */
static bool array(struct gen *g, int depth)
{
	static const struct { const char *type, *from; unsigned count; } rows[] = {
		{ "uint8[4]", "uint32", 4 }, { "uint8[8]", "uint64", 8 }, { "int16[2]", "int32", 2 },
		{ "uint32[2]", "uint64", 2 }, { "int8[2]", "uint16", 2 }, { "int64[1]", "int64", 1 },
	};
	unsigned row = gen_below(g, sizeof(rows) / sizeof(*rows));

	if (gen_chance(g, 20) && !g->common) {
		gen_put(g, "(%s)((%s)((%s)(", rows[row].from, rows[row].type, rows[row].from);
		gen_integer(g, depth - 1);
		gen_put(g, ")))");
		return false;
	}
	gen_put(g, "((%s)((%s)(", rows[row].type, rows[row].from);
	gen_integer(g, depth - 1);
	gen_put(g, ")))[");
	if (gen_chance(g, 60) || g->no_effects) {
		gen_put(g, "%u]", gen_below(g, rows[row].count));
	} else {
		gen_put(g, "(uint8)(");
		gen_integer(g, depth - 1);
		gen_put(g, ") & %u]", g->common || gen_chance(g, 80) ? rows[row].count - 1 : 9);
	}
	return false;
}

static bool string_number(struct gen *g, int depth)
{
	switch (gen_below(g, 3)) {
	case 0:
		gen_put(g, "strlen(");
		gen_expr(g, &gen_string, depth - 1);
		gen_put(g, ")");
		return false;
	case 1:
		gen_put(g, "strncmp(");
		gen_expr(g, &gen_string, depth - 1);
		gen_put(g, ", ");
		gen_expr(g, &gen_string, depth - 1);
		gen_put(g, ", %u)", 1 + gen_below(g, 12));
		return false;
	default:
		gen_put(g, "(");
		gen_expr(g, &gen_string, depth - 1);
		if (g->common || g->no_effects || gen_chance(g, 70)) {
			gen_put(g, ")[%u]", gen_chance(g, 80) ? 0 : gen_below(g, 3));
		} else {
			gen_put(g, ")[(uint8)(");
			gen_integer(g, depth - 1);
			gen_put(g, ") & %u]", gen_chance(g, 60) ? 3 : 255);
		}
		return false;
	}
}

static bool incdec(struct gen *g)
{
	const struct gen_var *v = gen_var_find(g, &gen_int, true);
	const char *op = gen_chance(g, 50) ? "++" : "--";

	if (g->only || g->common || !v)
		return false;
	if (gen_chance(g, 50))
		gen_put(g, "(%s%s)", op, v->name);
	else
		gen_put(g, "(%s%s)", v->name, op);
	return true;
}

static bool from_aggregate(struct gen *g, int depth)
{
	const struct gen_map *m = g->only ? NULL : gen_aggregate_find(g, true);

	if (!m)
		return false;
	if (g->common || gen_chance(g, 50))
		gen_put(g, "(%s)", gen_int_names[gen_chance(g, 60) ? 3 : gen_below(g, 8)]);
	gen_elem(g, m, depth);
	return true;
}

static bool small_things(struct gen *g, int depth)
{
	const struct gen_map *m;

	switch (gen_below(g, 5)) {
	case 0:
		gen_put(g, "%s", gen_chance(g, 50) ? "$1" : gen_chance(g, 50) ? "$3" : "$#");
		return true;
	case 1:
		gen_put(g, "sizeof(");
		gen_expr(g, g->common ? &gen_int : gen_type_any(g, 1), depth > 2 ? 1 : 0);
		gen_put(g, ")");
		return true;
	case 2:
		m = gen_map_find(g, NULL, 1);
		if (!m || g->only)
			return literal(g);
		gen_put(g, "len(%s)", m->name);
		return false;
	case 3:
		gen_put(g, "bswap((%s)(", gen_int_names[gen_below(g, 8)]);
		gen_integer(g, depth - 1);
		gen_put(g, "))");
		return false;
	default:
		gen_put(g, "(");
		gen_integer(g, depth - 1);
		gen_put(g, " ?: ");
		gen_integer(g, depth - 1);
		gen_put(g, ")");
		return false;
	}
}

bool gen_integer(struct gen *g, int depth)
{
	unsigned roll = gen_below(g, 100);

	if (g->memory && !g->only && gen_chance(g, 7)) {
		gen_memory_integer(g, depth);
		return false;
	}
	if (g->macros && !g->only && depth > 0 && gen_chance(g, 4)) {
		gen_macro_integer(g, depth);
		return false;
	}
	if (!g->only && gen_chance(g, 2)) {
		gen_known_integer(g);
		return false;
	}
	if (depth <= 0 || roll < 18)
		return gen_chance(g, 45) || !from_var(g, &gen_int) ? literal(g) : false;
	if (roll < 40)
		return from_anything(g, &gen_int, depth) ? false : literal(g);
	if (roll < 66)
		return binary(g, depth);
	if (roll < 72)
		return unary(g, depth);
	if (roll < 80)
		return cast(g, depth);
	if (roll < 83)
		return array(g, depth);
	if (roll < 87)
		return string_number(g, depth);
	if (roll < 91)
		return incdec(g) ? false : literal(g);
	if (roll < 95)
		return from_aggregate(g, depth) ? false : literal(g);
	return small_things(g, depth);
}

/* ---- bools ---- */

static void comparison(struct gen *g, int depth)
{
	static const char *const ops[] = { "==", "!=", "<", "<=", ">", ">=" };
	unsigned roll = gen_below(g, 100);
	const struct gen_type *type = &gen_int;

	if (roll >= 65)
		type = roll < 88 ? &gen_string : gen_type_any(g, 2);
	gen_put(g, "(");
	gen_expr(g, type, depth - 1);
	gen_put(g, " %s ", ops[gen_below(g, type->kind == GEN_INT ? 6 : 2)]);
	gen_expr(g, type, depth - 1);
	gen_put(g, ")");
}

static void array_comparison(struct gen *g, int depth)
{
	gen_put(g, "((uint8[4])((uint32)(");
	gen_integer(g, depth - 1);
	gen_put(g, ")) %s (uint8[4])((uint32)(", gen_chance(g, 50) ? "==" : "!=");
	gen_integer(g, depth - 1);
	gen_put(g, ")))");
}

static void logic(struct gen *g, int depth)
{
	gen_put(g, "(");
	gen_condition(g, depth - 1);
	gen_put(g, " %s ", gen_chance(g, 50) ? "&&" : "||");
	gen_condition(g, depth - 1);
	gen_put(g, ")");
}

static bool bool_of_map(struct gen *g, int depth)
{
	const struct gen_map *m = g->only || g->common ? NULL : gen_map_find(g, NULL, 1);

	if (!m)
		return false;
	gen_put(g, "%s(%s, ", gen_chance(g, 70) ? "has_key" : "delete", m->name);
	gen_key(g, m, depth - 1);
	gen_put(g, ")");
	return true;
}

static void bool_cast(struct gen *g, int depth)
{
	gen_put(g, "((bool)(");
	gen_expr(g, gen_chance(g, 60) ? &gen_int : gen_chance(g, 50) ? &gen_string : &gen_bool,
		 depth - 1);
	gen_put(g, "))");
}

static void bool_bits(struct gen *g, int depth)
{
	gen_put(g, "(");
	gen_expr(g, &gen_bool, depth - 1);
	gen_put(g, " %c ", "&|^"[gen_below(g, 3)]);
	gen_expr(g, &gen_bool, depth - 1);
	gen_put(g, ")");
}

static void boolean(struct gen *g, int depth)
{
	unsigned roll = gen_below(g, 100);

	if (g->memory && !g->only && depth > 0 && gen_chance(g, 6)) {
		gen_memory_bool(g, depth);
	} else if (depth <= 0 || roll < 15) {
		if (gen_chance(g, 50) || !from_var(g, &gen_bool))
			gen_put(g, "%s", gen_chance(g, 50) ? "true" : "false");
	} else if (roll < 25) {
		if (!from_anything(g, &gen_bool, depth))
			comparison(g, depth);
	} else if (roll < 60) {
		comparison(g, depth);
	} else if (roll < 63 && !g->common) {
		array_comparison(g, depth);
	} else if (roll < 77) {
		logic(g, depth);
	} else if (roll < 85) {
		gen_put(g, "(!");
		gen_condition(g, depth - 1);
		gen_put(g, ")");
	} else if (roll < 90) {
		bool_cast(g, depth);
	} else if (roll < 93) {
		bool_bits(g, depth);
	} else if (!bool_of_map(g, depth)) {
		comparison(g, depth);
	}
}

void gen_condition(struct gen *g, int depth)
{
	if (gen_chance(g, 75))
		boolean(g, depth);
	else
		gen_integer(g, depth);
}

/* ---- strings, tuples, records ---- */

/* About as long as the keys of a kernel map for a class of size are; the same ones come
 * again and again. */
static unsigned long_length(struct gen *g)
{
	static const unsigned sizes[] = { 0, 8, 16, 16, 16, 64, 64, 64, 72, 256, 256, 300 };
	unsigned len = sizes[gen_below(g, sizeof(sizes) / sizeof(*sizes))] + gen_below(g, 4);

	len = len > 2 ? len - 2 : len;
	return len < (unsigned)g->max_string ? len : (unsigned)g->max_string - 1;
}

static void long_literal(struct gen *g)
{
	unsigned len = long_length(g);

	gen_put(g, "\"");
	for (unsigned i = 0; i + 1 < len; i++)
		gen_put(g, "%c", 'a' + i / 8 % 3);
	gen_put(g, "%s\"", len ? gen_chance(g, 70) ? "x" : "y" : "");
}

/* Of a text that is not known while compiling, so that the key has the size of all such. */
static void long_read(struct gen *g, int depth)
{
	const char *name = gen_name(g, "$b");

	if (gen_chance(g, 10)) {
		gen_put(g, "str((int8 *)");
		long_literal(g);
	} else {
		gen_put(g, "str(({ let %s = ", name);
		long_literal(g);
		gen_put(g, "; %s })", name);
	}
	if (gen_chance(g, 40)) {
		gen_put(g, ", (uint64)%u + ((uint8)(", long_length(g));
		gen_integer(g, depth - 1);
		gen_put(g, ") & 3)");
	}
	gen_put(g, ")");
}

static void long_string(struct gen *g, int depth)
{
	if (!g->only && gen_chance(g, 25) && from_var(g, &gen_string))
		return;
	/* bpftrace evaluates keys of compound assignments twice, declarations, too. */
	if (g->common || gen_chance(g, 50))
		long_literal(g);
	else
		long_read(g, depth);
}

static void string(struct gen *g, int depth)
{
	unsigned roll = gen_below(g, 100);

	if (g->long_texts && gen_chance(g, 70)) {
		long_string(g, depth);
	} else if (g->memory && !g->only && !g->common && gen_chance(g, 8)) {
		gen_memory_string(g);
	} else if (gen_chance(g, 3)) {
		gen_known_string(g);
	} else if (!g->only && depth > 0 && gen_chance(g, 3)) {
		gen_put(g, "str(");
		string(g, depth - 1);
		gen_put(g, ")");
	} else if (depth <= 0 || roll < 40) {
		if (gen_chance(g, 50) || !from_var(g, &gen_string))
			gen_string_literal(g, g->max_string);
	} else if (roll < 80) {
		if (!from_anything(g, &gen_string, depth))
			gen_string_literal(g, g->max_string);
	} else if (roll < 84) {
		gen_put(g, "str($2)");
	} else if (roll < 92) {
		gen_put(g, "str(");
		string(g, depth - 1);
		gen_put(g, ", %u)", 1 + gen_below(g, 10));
	} else if (roll < 96 && !g->common) {
		gen_put(g, "str(");
		string(g, depth - 1);
		gen_put(g, ", (uint8)(");
		gen_integer(g, depth - 1);
		gen_put(g, "))");
	} else {
		gen_put(g, "(string[%u])", 16 + gen_below(g, g->common ? 40 : 80));
		gen_string_literal(g, 16);
	}
}

static void items(struct gen *g, const struct gen_type *type, int depth)
{
	int from = 0;

	/* Fields of a record may be written in any order. */
	if (type->kind == GEN_RECORD && gen_chance(g, 30) && !g->common)
		from = (int)gen_below(g, (unsigned)type->nr);
	gen_put(g, "(");
	for (int i = 0; i < type->nr; i++) {
		int k = (from + i) % type->nr;

		gen_put(g, i ? ", " : "");
		if (type->kind == GEN_RECORD)
			gen_put(g, "%s = ", type->labels[k]);
		gen_expr(g, type->items[k], depth - 1);
	}
	gen_put(g, type->kind == GEN_TUPLE && type->nr == 1 ? ",)" : ")");
}

bool gen_expr(struct gen *g, const struct gen_type *type, int depth)
{
	switch (type->kind) {
	case GEN_INT:
		return gen_integer(g, depth);
	case GEN_BOOL:
		boolean(g, depth);
		break;
	case GEN_STRING:
		string(g, depth);
		break;
	default:
		if (gen_chance(g, 55) || !from_anything(g, type, depth))
			items(g, type, depth);
	}
	return false;
}
