/*
 * Scratch variables and the blocks that they live in.
 *
 * A scope is open while its block is being resolved; a variable found through
 * the body of a `for` other than its own is marked as captured.
 */
#include "check/check_impl.h"

struct scope *scope_push(struct check *c, struct node *block, bool is_callback)
{
	struct scope *s = arena_new(c->arena, struct scope);

	s->parent = c->state->scope;
	s->block = block;
	s->is_callback = is_callback;
	hmap_init(&s->by_name, c->arena);
	c->state->scope = s;
	return s;
}

void scope_pop(struct check *c)
{
	c->state->scope = c->state->scope->parent;
}

struct var *scope_find(struct check *c, const char *name)
{
	bool crossed = false;

	for (struct scope *s = c->state->scope; s; s = s->parent) {
		struct var *v = pmap_find(&s->by_name, name);

		if (v) {
			v->captured |= crossed;
			return v;
		}
		crossed |= s->is_callback;
	}
	return NULL;
}

struct var *scope_add(struct check *c, const char *name, struct loc loc)
{
	struct var *v = arena_new(c->arena, struct var);

	v->name = name;
	v->loc = loc;
	v->scope = c->state->scope->block;
	vec_push(c->arena, &c->state->scope->vars, v);
	/* Of two parameters of one name, which is an error, the first. */
	if (!pmap_find(&c->state->scope->by_name, name))
		pmap_set(&c->state->scope->by_name, name, v);
	vec_push(c->arena, &c->state->vars, v);
	return v;
}

/* The variable exists, but in a block that has ended. */
static bool exists_elsewhere(const struct check *c, const char *name)
{
	struct var **v;

	vec_each(v, &c->state->vars)
		if ((*v)->name == name && c->prog && (*v)->loc.begin >= c->prog->body->loc.begin &&
		    (*v)->loc.end <= c->prog->body->loc.end)
			return true;
	return false;
}

void scope_undefined(struct check *c, const char *name, struct loc loc)
{
	struct diag *d = check_error(c, loc, DIAG_UNDEFINED_VARIABLE,
				     "Undefined or undeclared variable: $%s", name);
	struct nearest near;

	if (exists_elsewhere(c, name)) {
		check_hint(c, d, "$%s belongs to another block; declare it before that block: "
			   "let $%s;", name, name);
		return;
	}
	nearest_start(&near, name);
	for (struct scope *s = c->state->scope; s; s = s->parent) {
		struct var **v;

		vec_each(v, &s->vars)
			nearest_try(&near, (*v)->name);
	}
	check_suggest(c, d, &near, "$");
}
