/*
 * Random loops over maps.
 *
 * Their order is the kernel's. So the body for a map of many entries only adds up
 * what does not depend on the order, counts so many turns, or returns where it finds
 * something; anything may be in the body for a map of one entry.
 */
#include "tests/differential/gen_impl.h"

/* A loop over a map only adds up what does not depend on the order. */
static void sum_statement(struct gen *g, const char *into, const char *op)
{
	const struct gen_map *m = gen_aggregate_find(g, false);

	gen_start(g);
	if (gen_chance(g, 30)) {
		gen_put(g, "if (");
		gen_condition(g, 2);
		gen_put(g, ") {\n");
		g->indent++;
		sum_statement(g, into, op);
		g->indent--;
		gen_start(g);
		gen_put(g, "}\n");
		return;
	}
	if (m && !gen_depends_on_order(m) && gen_chance(g, 50)) {
		gen_elem(g, m, 2);
		gen_put(g, " = ");
		gen_aggregate_call(g, m, 2);
		gen_put(g, ";\n");
		return;
	}
	gen_put(g, "%s %s ", into, op);
	gen_integer(g, 3);
	gen_put(g, ";\n");
}

static struct gen_map *map_to_walk(struct gen *g)
{
	const struct gen_map *m = gen_chance(g, 40) ? gen_aggregate_find(g, true)
						    : gen_map_find(g, NULL, 1);

	if (m && m->long_keys && (m->only_changed || gen_chance(g, 60)))
		return NULL;
	return m && m->key ? (struct gen_map *)(uintptr_t)m : NULL;
}

/* What is asked of the entry alone. */
static void jump_if(struct gen *g, const char *jump)
{
	gen_start(g);
	gen_put(g, "if (");
	gen_condition(g, 2);
	gen_put(g, ") { %s }\n", jump);
}

static void sum_of_map(struct gen *g)
{
	struct gen_map *m = map_to_walk(g);
	const char *name = gen_name(g, "$kv"), *sum = gen_name(g, "$sum");
	const char *op = gen_chance(g, 60) ? "+=" : "^=";
	struct gen_type pair = { .kind = GEN_TUPLE, .nr = 2 };

	if (!m || g->only) {
		gen_change_map(g);
		return;
	}
	pair.items[0] = m->key;
	pair.items[1] = m->value;
	gen_put(g, "let %s : int64 = 0;\n", sum);
	gen_start(g);
	gen_put(g, "for (%s : %s) {\n", name, m->name);
	g->only = name;
	g->only_type = &pair;
	g->no_effects = true;
	m->iterated = true;
	g->indent++;
	if (gen_chance(g, 30))
		jump_if(g, "continue;");
	for (unsigned i = 1 + gen_below(g, 3); i; i--)
		sum_statement(g, sum, op);
	if (gen_chance(g, 10))
		jump_if(g, "continue;");
	g->indent--;
	g->only = NULL;
	g->no_effects = false;
	m->iterated = false;
	gen_start(g);
	gen_put(g, "}\n");
	gen_var_add(g, sum, &gen_int, NULL, true);
}

/* The first so many entries, whichever they are. */
static void count_turns(struct gen *g)
{
	const struct gen_map *m = map_to_walk(g);
	const char *count = gen_name(g, "$n");

	if (!m) {
		gen_change_map(g);
		return;
	}
	gen_put(g, "let %s : int64 = 0;\n", count);
	gen_start(g);
	gen_put(g, "for (%s : %s) { if (%s > %u) { break; } %s++; }\n", gen_name(g, "$kv"), m->name,
		count, gen_below(g, 3), count);
	gen_var_add(g, count, &gen_int, NULL, true);
}

/* Is there an entry that ...? Then that is all. */
static void return_if_found(struct gen *g)
{
	struct gen_map *m = map_to_walk(g);
	const char *name = gen_name(g, "$kv");
	struct gen_type pair = { .kind = GEN_TUPLE, .nr = 2 };

	if (!m || (g->func && g->func->result) || g->unrolled) {
		gen_change_map(g);
		return;
	}
	pair.items[0] = m->key;
	pair.items[1] = m->value;
	gen_put(g, "for (%s : %s) {\n", name, m->name);
	g->only = name;
	g->only_type = &pair;
	g->no_effects = true;
	g->indent++;
	jump_if(g, "return;");
	g->indent--;
	g->only = NULL;
	g->no_effects = false;
	gen_start(g);
	gen_put(g, "}\n");
}

/* ---- one entry ---- */

static void constant(struct gen *g, const struct gen_type *t)
{
	switch (t->kind) {
	case GEN_INT:
		gen_put(g, gen_chance(g, 80) ? "%u" : "(-%u)", 1 + gen_below(g, 300));
		return;
	case GEN_BOOL:
		gen_put(g, gen_chance(g, 50) ? "true" : "false");
		return;
	case GEN_STRING:
		gen_string_literal(g, 16);
		return;
	default:
		break;
	}
	gen_put(g, "(");
	for (int i = 0; i < t->nr; i++) {
		if (t->labels[i])
			gen_put(g, "%s = ", t->labels[i]);
		constant(g, t->items[i]);
		gen_put(g, i + 1 < t->nr || (t->nr == 1 && !t->labels[i]) ? ", " : "");
	}
	gen_put(g, ")");
}

static void one_entry(struct gen *g, int depth)
{
	const char *map = gen_name(g, "@k"), *name = gen_name(g, "$kv");
	struct gen_type *pair = arena_new(&g->arena, struct gen_type);
	size_t mark = g->vars.n;

	pair->kind = GEN_TUPLE;
	pair->nr = 2;
	pair->items[0] = gen_type_any(g, 1);
	pair->items[1] = gen_type_any(g, 1);
	gen_put(g, "%s[", map);
	constant(g, pair->items[0]);
	gen_put(g, "] = ");
	gen_expr(g, pair->items[1], 2);
	gen_put(g, ";\n");
	gen_start(g);
	gen_put(g, "for (%s : %s) {\n", name, map);
	gen_var_add(g, name, pair, NULL, true);
	g->loops++;
	if (gen_chance(g, 20)) {
		g->indent++;
		gen_start(g);
		g->indent--;
		gen_put(g, "delete(%s, %s.0);\n", map, name);
	}
	gen_block(g, 1 + (int)gen_below(g, 4), depth - 1, "}\n");
	g->loops--;
	gen_vars_drop(g, mark);
}

void gen_for_map(struct gen *g, int depth)
{
	unsigned roll = gen_below(g, 100);

	if (g->only)
		gen_change_map(g);
	else if (roll < 45)
		sum_of_map(g);
	else if (roll < 55)
		count_turns(g);
	else if (roll < 65)
		return_if_found(g);
	else
		one_entry(g, depth);
}
