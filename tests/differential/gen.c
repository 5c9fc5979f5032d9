/*
 * The generator's frame: random numbers, names, types, maps, the program.
 */
#include "tests/differential/gen_impl.h"

#include <string.h>

const char *const gen_params[] = { "42", "hello", "-7", "0x1f" };
const size_t gen_nr_params = 4;

const struct gen_type gen_int = { .kind = GEN_INT };
const struct gen_type gen_bool = { .kind = GEN_BOOL };
const struct gen_type gen_string = { .kind = GEN_STRING };
const char *const gen_int_names[8] = { "int8", "int16", "int32", "int64",
				       "uint8", "uint16", "uint32", "uint64" };

uint64_t gen_random(struct gen *g)
{
	uint64_t x = g->state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

unsigned gen_below(struct gen *g, unsigned n)
{
	return (unsigned)(gen_random(g) % n);
}

bool gen_chance(struct gen *g, unsigned percent)
{
	return gen_below(g, 100) < percent;
}

void gen_put(struct gen *g, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	sbuf_vprintf(g->out, fmt, args);
	va_end(args);
}

const char *gen_name(struct gen *g, const char *prefix)
{
	return arena_printf(&g->arena, "%s%d", prefix, g->names++);
}

void gen_var_add(struct gen *g, const char *name, const struct gen_type *type, const char *declared,
		 bool fixed)
{
	const struct gen_var v = { name, type, declared, fixed };

	vec_push(&g->arena, &g->vars, v);
}

void gen_vars_drop(struct gen *g, size_t mark)
{
	for (size_t i = mark; i < g->vars.n; i++)
		vec_push(&g->arena, &g->retired, g->vars.at[i].name);
	g->vars.n = mark;
}

const char *gen_var_name(struct gen *g)
{
	const char *name;

	if (!g->retired.n || gen_chance(g, 75))
		return gen_name(g, "$v");
	name = g->retired.at[gen_below(g, (unsigned)g->retired.n)];
	for (size_t i = 0; i < g->vars.n; i++)
		if (!strcmp(g->vars.at[i].name, name))
			return gen_name(g, "$v");
	return name;
}

bool gen_same(const struct gen_type *a, const struct gen_type *b)
{
	if (a->kind != b->kind || a->nr != b->nr)
		return false;
	for (int i = 0; i < a->nr; i++)
		if (!gen_same(a->items[i], b->items[i]) || a->labels[i] != b->labels[i])
			return false;
	return true;
}

/* The n-th from a random place on that fits. */
const struct gen_var *gen_var_find(struct gen *g, const struct gen_type *type, bool to_assign)
{
	size_t n = g->vars.n, from = n ? gen_below(g, (unsigned)n) : 0;

	for (size_t i = 0; i < n; i++) {
		const struct gen_var *v = &g->vars.at[(from + i) % n];

		if (gen_same(v->type, type) && (!to_assign || !v->fixed))
			return v;
	}
	return NULL;
}

const struct gen_map *gen_map_find(struct gen *g, const struct gen_type *value, int keyed)
{
	size_t n = g->maps.n, from = n ? gen_below(g, (unsigned)n) : 0;

	for (size_t i = 0; i < n && !g->first_uses; i++) {
		const struct gen_map *m = &g->maps.at[(from + i) % n];

		if (!m->aggregate && (!value || gen_same(m->value, value)) && !m->iterated &&
		    (keyed < 0 || keyed == (m->key != NULL)))
			return m;
	}
	return NULL;
}

const struct gen_map *gen_aggregate_find(struct gen *g, bool castable)
{
	size_t n = g->maps.n, from = n ? gen_below(g, (unsigned)n) : 0;

	for (size_t i = 0; i < n; i++) {
		const struct gen_map *m = &g->maps.at[(from + i) % n];

		if (m->aggregate && !m->iterated && (!castable || m->aggregate <= AGG_AVG))
			return m;
	}
	return NULL;
}

/* ---- types and maps ---- */

static const struct gen_type *compound(struct gen *g, bool record, int depth)
{
	static const char *const labels[] = { "a", "b", "c", "d" };
	struct gen_type *t = arena_new(&g->arena, struct gen_type);

	t->kind = record ? GEN_RECORD : GEN_TUPLE;
	t->nr = 1 + (int)gen_below(g, GEN_MAX_ITEMS);
	for (int i = 0; i < t->nr; i++) {
		t->items[i] = gen_type_any(g, depth - 1);
		t->labels[i] = record ? labels[i] : NULL;
	}
	return t;
}

const struct gen_type *gen_type_any(struct gen *g, int depth)
{
	unsigned roll = gen_below(g, 100);

	if (depth > 0 && roll < 30)
		return compound(g, roll < 10, depth);
	return roll < 65 ? &gen_int : roll < 88 ? &gen_string : &gen_bool;
}

/* A text, or a tuple that has one. */
static const struct gen_type *text_key(struct gen *g)
{
	struct gen_type *t = arena_new(&g->arena, struct gen_type);

	if (gen_chance(g, 40))
		return &gen_string;
	t->kind = GEN_TUPLE;
	t->nr = 2 + (int)gen_below(g, GEN_MAX_ITEMS - 1);
	for (int i = 0; i < t->nr; i++)
		t->items[i] = gen_type_any(g, 1);
	t->items[gen_below(g, (unsigned)t->nr)] = &gen_string;
	return t;
}

static void add_map(struct gen *g, bool aggregate)
{
	struct gen_map m = { .name = gen_name(g, "@m"), .value = &gen_int };

	if (gen_chance(g, 60))
		m.key = gen_type_any(g, 2);
	if (gen_chance(g, 25)) {
		m.key = text_key(g);
		m.long_keys = true;
		m.only_changed = !aggregate && gen_chance(g, 70);
	}
	if (!aggregate) {
		m.value = m.only_changed || gen_chance(g, 50) ? &gen_int : gen_type_any(g, 2);
		vec_push(&g->arena, &g->maps, m);
		return;
	}
	m.aggregate = 1 + gen_below(g, g->common ? AGG_TSERIES - 1 : AGG_KINDS - 1);
	if (m.aggregate == AGG_TSERIES)
		m.key = NULL;
	m.bits = gen_below(g, 3);
	m.step = 1 + gen_below(g, 7);
	m.min = gen_below(g, 10);
	m.max = m.min + m.step * (1 + gen_below(g, 12));
	vec_push(&g->arena, &g->maps, m);
}

/* ---- the program ---- */

static void write_config(struct gen *g)
{
	static const unsigned sizes[] = { 64, 128, 200, 256, 1024 };

	g->max_string = 1024;
	if (gen_chance(g, 75))
		return;
	g->max_string = (int)sizes[gen_below(g, 5)];
	gen_put(g, "config = { max_strlen = %d }\n", g->max_string);
}

static void write_map_decls(struct gen *g)
{
	static const char *const kinds[] = { "hash", "lruhash", "percpuhash", "percpulruhash" };

	for (size_t i = 0; i < g->maps.n; i++) {
		const struct gen_map *m = &g->maps.at[i];
		unsigned kind = gen_below(g, 2) + (m->aggregate ? 2 : 0);

		if (m->key && gen_chance(g, 12))
			gen_put(g, "let %s = %s(%u);\n", m->name, kinds[kind], 500 + gen_below(g, 500));
	}
}

static int program_size(struct gen *g)
{
	unsigned roll = gen_below(g, 100);

	if (roll < 25)
		return 1 + (int)gen_below(g, 5);
	if (roll < 85)
		return 5 + (int)gen_below(g, 20);
	return 25 + (int)gen_below(g, 60);
}

static void write_probe(struct gen *g, const char *name, int size, bool first)
{
	gen_vars_drop(g, 0);
	g->indent = 1;
	g->budget = 2 * size + 5;
	gen_put(g, "%s%s {\n", name, !strcmp(name, "end") && gen_chance(g, 30) ? " /@one > 1/" : "");
	if (!strcmp(name, "begin") && first)
		gen_first_uses(g);
	if (g->c_part && gen_chance(g, 70))
		gen_memory(g);
	gen_statements(g, size, 3);
	g->memory = false;
	gen_put(g, "}\n");
}

void gen_program(uint64_t seed, uint32_t attempt, bool common, struct sbuf *out)
{
	struct gen g = { .state = seed * 1000003 + attempt, .out = out, .common = common };
	int size;

	gen_random(&g);
	arena_init(&g.arena);
	g.c_part = gen_chance(&g, 35);
	if (g.c_part)
		gen_c_part(&g);
	write_config(&g);
	size = common ? 1 + (int)gen_below(&g, 12) : program_size(&g);
	for (unsigned i = 1 + gen_below(&g, 4); i; i--)
		add_map(&g, false);
	for (unsigned i = gen_below(&g, 4); i; i--)
		add_map(&g, true);
	write_map_decls(&g);
	if (gen_chance(&g, 35))
		gen_macros(&g);
	if (!common)
		gen_functions(&g);
	write_probe(&g, "begin", size, true);
	if (!common && gen_chance(&g, 12))
		write_probe(&g, "begin", 1 + size / 3, false);
	if (gen_chance(&g, 25))
		write_probe(&g, "end", 1 + size / 3, false);
	arena_free(&g.arena);
}
