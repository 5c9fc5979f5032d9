/*
 * Random functions and calls of them.
 *
 * A function calls only what was written before it, so that there is no
 * recursion. Integers have a declared type and arguments a cast; tuples and
 * records have items of 64 bits and no text, whose size would be declared.
 */
#include "tests/differential/gen_impl.h"

#include <string.h>

#define MAX_PARAMS 7

/* Can a value of this shape be declared, whatever it is made of? */
static bool can_declare(const struct gen_type *t, bool inside)
{
	for (int i = 0; i < t->nr; i++)
		if (!can_declare(t->items[i], true))
			return false;
	return t->kind != GEN_STRING || !inside;
}

static const struct gen_type *any_type(struct gen *g)
{
	const struct gen_type *t = gen_type_any(g, 1);

	return can_declare(t, false) ? t : &gen_int;
}

/* A literal of the type that is declared. */
static void write_example(struct gen *g, const struct gen_type *t)
{
	if (t->kind == GEN_INT || t->kind == GEN_BOOL) {
		gen_put(g, t->kind == GEN_INT ? "(int64)1" : "true");
		return;
	}
	gen_put(g, "(");
	for (int i = 0; i < t->nr; i++) {
		if (t->labels[i])
			gen_put(g, "%s = ", t->labels[i]);
		write_example(g, t->items[i]);
		gen_put(g, i + 1 < t->nr || (t->nr == 1 && !t->labels[i]) ? ", " : "");
	}
	gen_put(g, ")");
}

static void write_type(struct gen *g, const struct gen_type *t, const char *integer)
{
	if (t->kind == GEN_INT || t->kind == GEN_BOOL || t->kind == GEN_STRING) {
		gen_put(g, "%s", t->kind == GEN_INT ? integer : t->kind == GEN_BOOL ? "bool" : "string");
		return;
	}
	gen_put(g, "typeof(");
	write_example(g, t);
	gen_put(g, ")");
}

static void write_value(struct gen *g, const struct gen_type *t, const char *integer, int depth)
{
	if (t->kind == GEN_INT)
		gen_put(g, "(%s)(", integer);
	gen_expr(g, t, depth);
	if (t->kind == GEN_INT)
		gen_put(g, ")");
}

void gen_return(struct gen *g)
{
	gen_put(g, "return");
	if (g->func && g->func->result) {
		gen_put(g, " ");
		write_value(g, g->func->result, g->func->integer, 2);
	}
	gen_put(g, ";\n");
}

/* Else a return from a loop in a function is rare. */
static void return_in_loop(struct gen *g)
{
	const char *name = gen_name(g, "$i");
	size_t mark = g->vars.n;

	gen_put(g, "\tfor (%s : 0..%u) {\n\t\tif (", name, 1 + gen_below(g, 9));
	gen_var_add(g, name, &gen_int, NULL, true);
	g->loops++;
	gen_condition(g, 2);
	gen_put(g, ") {\n\t\t\t");
	gen_return(g);
	gen_put(g, "\t\t}\n\t}\n");
	g->loops--;
	gen_vars_drop(g, mark);
}

static void write_function(struct gen *g)
{
	struct gen_func f = { .name = gen_name(g, "f") };

	gen_vars_drop(g, 0);
	f.result = gen_chance(g, 85) ? any_type(g) : NULL;
	f.integer = gen_int_names[gen_below(g, 8)];
	f.nr = (int)gen_below(g, gen_chance(g, 80) ? 4 : MAX_PARAMS + 1);
	gen_put(g, "fn %s(", f.name);
	for (int i = 0; i < f.nr; i++) {
		const char *name = gen_name(g, "$p");

		f.params[i] = any_type(g);
		f.integers[i] = gen_int_names[gen_below(g, 8)];
		gen_put(g, "%s%s : ", i ? ", " : "", name);
		write_type(g, f.params[i], f.integers[i]);
		gen_var_add(g, name, f.params[i], f.params[i]->kind == GEN_INT ? f.integers[i] : NULL,
			    f.params[i]->nr > 0);
	}
	gen_put(g, ") : ");
	if (f.result)
		write_type(g, f.result, f.integer);
	else
		gen_put(g, "void");
	gen_put(g, " {\n");
	g->func = &f;
	g->indent = 1;
	g->budget = 8;
	gen_statements(g, 1 + (int)gen_below(g, 4), 2);
	if (!g->ended && gen_chance(g, 15))
		return_in_loop(g);
	gen_put(g, "\t");
	gen_return(g);
	g->func = NULL;
	gen_put(g, "}\n");
	vec_push(&g->arena, &g->funcs, f);
}

void gen_functions(struct gen *g)
{
	if (gen_chance(g, 60))
		return;
	for (unsigned i = 1 + gen_below(g, 4); i; i--)
		write_function(g);
}

/* `result` NULL: for its effects. */
bool gen_call(struct gen *g, const struct gen_type *result, int depth)
{
	size_t n = g->funcs.n, from = n ? gen_below(g, (unsigned)n) : 0;

	if (g->only || g->no_effects || g->loops > 1)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct gen_func *f = &g->funcs.at[(from + i) % n];

		if (result ? !f->result || !gen_same(f->result, result) : f->result != NULL)
			continue;
		gen_put(g, "%s(", f->name);
		for (int k = 0; k < f->nr; k++) {
			gen_put(g, k ? ", " : "");
			write_value(g, f->params[k], f->integers[k], depth - 1);
		}
		gen_put(g, ")");
		return true;
	}
	return false;
}
