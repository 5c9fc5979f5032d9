/*
 * The stages of checking, top to bottom. See check_impl.h.
 */
#include "check/check_impl.h"

#include <errno.h>
#include <string.h>

/* Rounds of inference. A chain of assignments needs one round a link; scripts
 * that need more than this do not exist, but must not hang. */
enum { ROUNDS_MAX = 400 };

/* Rounds of branches under comptime that wait for each other. */
enum { COMPTIME_ROUNDS_MAX = 50 };

/* Positional parameters are the arguments that do not begin with "--", named ones the others. */
static struct check_options *own_options(struct check *c)
{
	struct check_options *own = arena_new(c->arena, struct check_options);
	size_t n = c->options->nr_params;
	const char **params = arena_array(c->arena, const char *, n + 1);
	const char **named = arena_array(c->arena, const char *, n + 1);

	*own = *c->options;
	own->params = params;
	own->named = named;
	own->nr_params = own->nr_named = 0;
	for (size_t i = 0; i < n; i++) {
		if (strncmp(c->options->params[i], "--", 2))
			params[own->nr_params++] = c->options->params[i];
		else
			named[own->nr_named++] = c->options->params[i];
	}
	return own;
}

static void resolve_all(struct check *c)
{
	struct prog **p;
	struct func **f;

	vec_each(f, &c->script->funcs) {
		resolve_func(c, *f);
		fold_expr(c, &(*f)->prog->body);
	}
	vec_each(p, &c->progs) {
		resolve_prog(c, *p);
		fold_expr(c, &(*p)->body);
	}
	maps_settle_shapes(c);
}

static void infer_all(struct check *c)
{
	struct prog **p;
	struct func **f;

	cells_begin_round(c);
	vec_each(f, &c->script->funcs)
		infer_func(c, *f);
	vec_each(p, &c->progs) {
		c->prog = *p;
		infer_block(c, (*p)->body);
	}
}

static void run_rounds(struct check *c)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		infer_all(c);
		c->changed = cells_end_round(c, round > ROUNDS_MAX / 2);
		if (!c->changed)
			return;
	}
}

/* A map that is read or stepped, but never assigned, holds small integers. */
static bool seed_unassigned(struct check *c)
{
	bool seeded = false;
	struct map **m;

	vec_each(m, &c->maps) {
		if ((*m)->value || (*m)->is_seeded || ((*m)->uses & MAP_ASSIGNED))
			continue;
		(*m)->is_seeded = seeded = true;
	}
	return seeded;
}

/* So begins one whose values come of its own (@x = @x + 1), for what is read
 * before the first assignment is 0. One at a time: it may settle the others. */
static bool seed_circle(struct check *c)
{
	struct map **m;

	vec_each(m, &c->maps) {
		if ((*m)->value || (*m)->is_seeded || !((*m)->uses & MAP_READ))
			continue;
		(*m)->is_seeded = true;
		return true;
	}
	return false;
}

static void run_seeded_rounds(struct check *c)
{
	do {
		run_rounds(c);
	} while (seed_unassigned(c) || seed_circle(c));
}

/* Sizes of expressions are constants like others, once types stand still. */
static void fold_sizes(struct check *c)
{
	struct prog **p;
	struct func **f;

	c->state->sizes_known = true;
	infer_all(c);
	c->state->in_rounds = false;	/* what does not fold is told at once */
	vec_each(f, &c->script->funcs) {
		c->prog = (*f)->prog;
		fold_expr(c, &(*f)->prog->body);
	}
	vec_each(p, &c->progs) {
		c->prog = *p;
		fold_expr(c, &(*p)->body);
	}
	c->state->in_rounds = true;
}

/* The types of everything: first with the signs of arithmetic on literals left
 * open, so that a fixed sign that arrives late still decides them. */
static void infer_types(struct check *c)
{
	c->state->in_rounds = true;
	c->state->signs_open = true;
	c->state->sizes_known = false;
	run_seeded_rounds(c);
	fold_sizes(c);
	run_seeded_rounds(c);
	c->state->signs_open = false;
	run_rounds(c);
}

/* Branches under comptime come in as soon as their conditions are known; the
 * types of everything are found again with them. */
static void infer(struct check *c)
{
	for (int round = 0; round < COMPTIME_ROUNDS_MAX; round++) {
		cells_forget(c);
		infer_types(c);
		c->state->in_rounds = false;
		if (!comptime_settle(c))
			break;
		maps_settle_shapes(c);
	}
	c->state->in_rounds = false;
}

static void check_vars(struct check *c)
{
	struct var **v;

	vec_each(v, &c->state->vars) {
		bool is_used = !(*v)->type && (*v)->read;

		if (is_used && !c->diags->nr_errors)
			check_hint(c, check_error(c, (*v)->loc, DIAG_UNKNOWN_TYPE,
						  "Could not resolve the type of this variable"),
				   "assign it a value, or declare its type: let $%s : uint64;",
				   (*v)->name);
		else if (!(*v)->assigned && !is_used && ((*v)->type || !(*v)->is_declared))
			check_warning(c, (*v)->loc, DIAG_NEVER_ASSIGNED,
				      "Variable $%s was never assigned to.", (*v)->name);
	}
}

static void check_map_types(struct check *c)
{
	struct map **m;

	vec_each(m, &c->maps)
		if ((!(*m)->value || (!(*m)->is_scalar && !(*m)->key)) && !c->diags->nr_errors)
			check_error(c, (*m)->loc, DIAG_UNKNOWN_TYPE,
				    "Could not resolve the type of @%s", (*m)->name);
}

static void report(struct check *c)
{
	struct func **f;

	c->reporting = true;
	c->state->in_rounds = true;
	infer_all(c);
	vec_each(f, &c->script->funcs)
		func_check_ways(c, *f);
	funcs_check_calls(c);
	check_vars(c);
	check_map_types(c);
	if (!c->diags->nr_errors)
		named_params_settle(c);
	c->state->in_rounds = false;
}

static void finish_prog(struct check *c, struct prog *p)
{
	convert_prog(c, p);
	prog_describe(c, p);
	maps_find_takes(c, p->body);
}

static void finish(struct check *c)
{
	struct prog **p;
	struct func **f;

	vec_each(f, &c->script->funcs)
		finish_prog(c, (*f)->prog);
	vec_each(p, &c->progs)
		finish_prog(c, *p);
	funcs_describe(c);
	maps_finish(c);
}

int check_run(struct check *c)
{
	c->state = arena_new(c->arena, struct check_state);
	hmap_init(&c->state->unique_names, c->arena);
	c->options = own_options(c);
	config_apply(c);
	funcs_start(c);
	expand_probes(c);
	resolve_all(c);
	if (!c->diags->nr_errors || c->progs.n) {
		infer(c);
		maps_settle(c);
		report(c);
	}
	if (!c->diags->nr_errors)
		finish(c);
	return c->diags->nr_errors ? -EINVAL : 0;
}
