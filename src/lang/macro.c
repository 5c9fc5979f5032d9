/*
 * Macro definitions in, the one that a call means out.
 *
 * Overloads are tried in order of definition, so a definition that an earlier
 * one already covers could never be reached: it is a redefinition.
 */
#include "lang/macro.h"

#include <stdlib.h>

const char *macro_param_text(struct arena *a, const struct macro_param *p)
{
	static const char *const sigils[] = {
		[MACRO_PARAM_VAR] = "$", [MACRO_PARAM_MAP] = "@", [MACRO_PARAM_EXPR] = "",
	};

	return arena_printf(a, "%s%s", sigils[p->kind], p->name);
}

/* ---- definitions ---- */

struct jump_check {
	struct diags *diags;
	unsigned nr_loops;
};

static void refuse_jump(struct jump_check *j, const struct node *n)
{
	diag_error(j->diags, n->loc, DIAG_JUMP_IN_MACRO, "'%s' statement is not allowed in a macro",
		   node_kind_name(n->kind));
}

/* The surrounding code's loops are out of reach; whole loops are fine. */
static void check_jumps(struct node **slot, void *arg)
{
	struct node *n = *slot;
	struct jump_check *j = arg;
	bool is_loop = n->kind == NODE_WHILE || n->kind == NODE_FOR_RANGE ||
		       n->kind == NODE_FOR_MAP;

	if (n->kind == NODE_RETURN ||
	    (!j->nr_loops && (n->kind == NODE_BREAK || n->kind == NODE_CONTINUE)))
		refuse_jump(j, n);
	j->nr_loops += is_loop;
	node_children(n, check_jumps, j);
	j->nr_loops -= is_loop;
}

/* Every call that fits `later` fits `earlier`. */
static bool covers(const struct macro *earlier, const struct macro *later)
{
	if (earlier->params.n != later->params.n)
		return false;
	for (size_t i = 0; i < earlier->params.n; i++) {
		enum macro_param_kind kind = earlier->params.at[i].kind;

		if (kind != MACRO_PARAM_EXPR && kind != later->params.at[i].kind)
			return false;
	}
	return true;
}

static bool check_redefinition(struct macro_table *t, const macro_vec *others,
			       const struct macro *m)
{
	struct diag *d;

	for (size_t i = 0; i < others->n; i++) {
		if (!covers(others->at[i], m))
			continue;
		d = diag_error(t->diags, m->loc, DIAG_MACRO_REDEFINITION,
			       "Redefinition of macro: %s",
			       m->name);
		diag_note(t->diags, d, others->at[i]->loc, "This is the original definition.");
		return false;
	}
	return true;
}

static void add_macro(struct macro_table *t, struct macro *m)
{
	macro_vec *overloads = pmap_find(&t->by_name, m->name);
	struct jump_check jumps = { .diags = t->diags };

	check_jumps(&m->body, &jumps);
	if (!overloads) {
		overloads = arena_alloc(t->arena, sizeof(*overloads));
		pmap_set(&t->by_name, m->name, overloads);
	}
	if (check_redefinition(t, overloads, m))
		vec_push(t->arena, overloads, m);
}

void macro_table_init(struct macro_table *t, struct arena *a, struct diags *diags,
		      const struct script *script)
{
	t->arena = a;
	t->diags = diags;
	hmap_init(&t->by_name, a);
	for (size_t i = 0; i < script->macros.n; i++)
		add_macro(t, script->macros.at[i]);
}

const macro_vec *macro_find(const struct macro_table *t, const char *name)
{
	return pmap_find(&t->by_name, name);
}

/* ---- calls ---- */

static bool takes(const struct macro_param *p, const struct node *arg)
{
	switch (p->kind) {
	case MACRO_PARAM_VAR:
		return arg->kind == NODE_VAR;
	case MACRO_PARAM_MAP:
		return arg->kind == NODE_MAP;
	case MACRO_PARAM_EXPR:
		break;
	}
	return true;
}

static size_t nr_mismatches(const struct macro *m, const node_vec *args)
{
	size_t n = 0;

	for (size_t i = 0; i < m->params.n; i++)
		n += !takes(&m->params.at[i], args->at[i]);
	return n;
}

const struct macro *macro_match(const macro_vec *overloads, const node_vec *args)
{
	for (size_t i = 0; i < overloads->n; i++) {
		const struct macro *m = overloads->at[i];

		if (m->params.n == args->n && !nr_mismatches(m, args))
			return m;
	}
	return NULL;
}

/* How far a definition is from taking the arguments: their number counts most. */
static size_t distance(const struct macro *m, const node_vec *args)
{
	if (m->params.n == args->n)
		return nr_mismatches(m, args);
	return 1000 * (size_t)labs((long)m->params.n - (long)args->n);
}

static const struct macro *find_nearest(const macro_vec *overloads, const node_vec *args)
{
	const struct macro *best = overloads->at[0];

	for (size_t i = 1; i < overloads->n; i++)
		if (distance(overloads->at[i], args) < distance(best, args))
			best = overloads->at[i];
	return best;
}

static const char *argument_text(const struct node *arg)
{
	return arg->kind == NODE_VAR ? "a variable" : arg->kind == NODE_MAP ? "a map" :
	       "an expression";
}

void macro_mismatch(const struct macro_table *t, const macro_vec *overloads, const char *name,
		    struct loc call, const node_vec *args)
{
	const struct macro *m = find_nearest(overloads, args);
	struct diag *d = diag_error(t->diags, call, DIAG_MACRO_MISMATCH,
				    "Call to %s() has arguments that do not match any definition.",
				    name);

	if (m->params.n != args->n) {
		diag_note(t->diags, d, m->loc, "The closest definition of %s() has a different "
			  "number of arguments. Expected: %zu but got %zu", name, m->params.n,
			  args->n);
		return;
	}
	for (size_t i = 0; i < m->params.n; i++) {
		const struct macro_param *p = &m->params.at[i];

		if (takes(p, args->at[i]))
			continue;
		diag_note(t->diags, d, args->at[i]->loc, "Mismatched arg. %s() expects a %s for "
			  "arg %s but got %s.", name,
			  p->kind == MACRO_PARAM_VAR ? "variable" : "map",
			  macro_param_text(t->arena, p), argument_text(args->at[i]));
		diag_note(t->diags, d, p->loc, "This is the argument in the closest definition.");
	}
}
