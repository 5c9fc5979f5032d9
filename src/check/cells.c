/*
 * Cells of inference: a variable's type, a map's key and value.
 *
 * In each round a cell is the join of what reaches it, computed from the types
 * of the round before; what does not fit the cell's type is left out, and told
 * in the reporting round. See check_impl.h.
 */
#include "check/check_impl.h"

#include <string.h>

void cells_forget(struct check *c)
{
	struct var **v;
	struct map **m;

	vec_each(v, &c->state->vars)
		if (!(*v)->is_sized)
			(*v)->type = NULL;
	vec_each(m, &c->maps) {
		(*m)->key = (*m)->value = NULL;
		(*m)->is_seeded = false;
	}
}

void cells_begin_round(struct check *c)
{
	struct var **v;
	struct map **m;

	vec_each(v, &c->state->vars)
		(*v)->next = (*v)->is_sized ? (*v)->type : NULL;
	vec_each(m, &c->maps) {
		(*m)->next_key = NULL;
		(*m)->next_value = (*m)->is_seeded ? type_int(c->types, 1, true) : NULL;
	}
}

/* Take what the round has found. `only_grow`: the round must not undo the one
 * before (rounds ran out: never seen, but they must end). */
static bool settle(struct check *c, const struct type **cell, const struct type *next,
		   bool only_grow)
{
	const struct type *was = *cell;

	if (only_grow && was && next)
		next = type_join(c->types, was, next, NULL);
	if (next)
		*cell = next;
	return *cell != was;
}

bool cells_end_round(struct check *c, bool only_grow)
{
	bool changed = false;
	struct var **v;
	struct map **m;

	vec_each(v, &c->state->vars)
		changed |= settle(c, &(*v)->type, (*v)->next, only_grow);
	vec_each(m, &c->maps) {
		changed |= settle(c, &(*m)->key, (*m)->next_key, only_grow);
		changed |= settle(c, &(*m)->value, (*m)->next_value, only_grow);
	}
	return changed;
}

const struct type *check_join(struct check *c, const struct type *a, const struct type *b)
{
	unsigned flags = 0;
	const struct type *t = type_join(c->types, a, b, &flags);

	/* A pointer may take any other's place, and keeps its own type. */
	if (!t && a->kind == TYPE_POINTER && b->kind == TYPE_POINTER &&
	    a->space != SPACE_CONTEXT && b->space != SPACE_CONTEXT)
		return type_pointer(c->types, a->target, a->space, false);
	if (t && (flags & TYPE_JOIN_PROBE_NAME) && t->kind == TYPE_STRING &&
	    t->size_bytes < c->state->longest_probe_name + 1)
		t = type_string(c->types, c->state->longest_probe_name + 1);
	return t;
}

/* Join `t` into the cell; false if it does not fit what the cell holds. */
static bool cell_add(struct check *c, const struct type *cell, const struct type **next,
		     const struct type *t)
{
	const struct type *joined;

	if (cell && !check_join(c, cell, t))
		return false;
	joined = *next ? check_join(c, *next, t) : t;
	if (joined)
		*next = joined;
	return joined != NULL || cell != NULL;
}

/* Cells keep no trust: the verifier forgets what a pointer was once it has
 * gone through a map, and where two such pointers meet. */
static const struct type *without_trust(struct check *c, const struct type *t)
{
	if (!t->is_trusted)
		return t;
	if (t->kind == TYPE_POINTER)
		return type_pointer(c->types, t->target, t->space, false);
	if (t->kind == TYPE_STRUCT)
		return type_structure(c->types, t->structure, t->space, false);
	return t;
}

static bool fits_declared(struct check *c, const struct type *to, const struct type *t,
			  const struct node *value)
{
	const struct type *joined;

	if (type_is_integer(to) && type_is_integer(t)) {
		if (value && value->kind == NODE_INT)
			return type_int_holds(to, value->u.integer.value,
					      value->u.integer.negative);
		return true;	/* convert.c warns of what may be lost */
	}
	if (type_is_integer(to) && type_is_castable(t))
		return true;
	/* `let $s : string[16] = curtask.comm`: as large as the array is large enough. */
	if (to->kind == TYPE_STRING && value && node_stored_type(value)->kind == TYPE_CHARS)
		return node_stored_type(value)->size_bytes <= to->size_bytes;
	joined = check_join(c, to, t);
	if (!joined)
		return false;
	switch (to->kind) {
	case TYPE_STRING:
	case TYPE_BUFFER:
	case TYPE_TUPLE:
	case TYPE_RECORD:
		return joined == to;
	default:
		return true;
	}
}

/* Does a value enlarge what sizeof and the like have looked at? */
static bool breaks_lock(struct check *c, const struct type *locked, const struct type *t,
			const char *name, struct loc loc)
{
	const struct type *joined = locked ? check_join(c, locked, t) : NULL;

	if (!joined || joined->size_bytes <= locked->size_bytes)
		return false;
	check_error(c, loc, DIAG_TYPE_LOCKED,
		    "Type mismatch for %s: this type has been locked because it "
		    "was used in another part of the type graph that was already resolved (e.g. "
		    "`sizeof`, `typeinfo`, etc.). The new type '%s' doesn't fit into the locked "
		    "type '%s'", name, type_text(c, t), type_text(c, locked));
	return true;
}

static bool add_to_var(struct check *c, struct var *v, const struct type *t,
		       const struct node *value)
{
	if (v->is_sized)
		return fits_declared(c, v->type, t, value);
	if (v->opened && v->opened->kind != t->kind)
		return false;
	return cell_add(c, v->type, &v->next, t);
}

bool cell_try_var(struct check *c, struct var *v, const struct type *t, const struct node *value)
{
	if (type_is_castable(t))
		t = type_as_int64(c, t);
	return add_to_var(c, v, without_trust(c, t), value);
}

static void var_mismatch(struct check *c, const struct var *v, const struct type *t, struct loc loc)
{
	const struct type *has = v->opened ? v->opened : v->type ? v->type : v->next;
	bool is_string = v->opened && has->kind == TYPE_STRING;
	struct diag *d = check_error(c, loc, DIAG_TYPE_MISMATCH,
				     "Type mismatch for $%s: trying to assign value of type '%s' "
				     "when variable already has a type '%s'", v->name,
				     type_text(c, t), is_string ? "string" : type_text(c, has));
	unsigned bits = has->size_bytes * 8;

	if (!type_is_integer(has) || !type_is_integer(t))
		return;
	if (has->is_signed)
		check_hint(c, d, "%s holds %lld to %lld", type_text(c, has),
			   (long long)(INT64_MIN >> (64 - bits)),
			   (long long)(INT64_MAX >> (64 - bits)));
	else
		check_hint(c, d, "%s holds 0 to %llu", type_text(c, has),
			   (unsigned long long)(UINT64_MAX >> (64 - bits)));
}

void cell_add_var(struct check *c, struct var *v, const struct type *t, struct loc loc,
		  const struct node *value)
{
	if (!t || t->kind == TYPE_ERROR)
		return;
	if (type_is_castable(t))
		t = type_as_int64(c, t);
	if (v->nr_assigned != 1 || (v->is_declared && !v->is_sized))
		t = without_trust(c, t);
	if (c->reporting && !v->is_sized && v->locked &&
	    breaks_lock(c, v->locked, t, arena_printf(c->arena, "$%s", v->name), loc))
		return;
	if (!add_to_var(c, v, t, value))
		var_mismatch(c, v, t, loc);
}

void cell_add_value(struct check *c, struct map *m, const struct type *t, struct loc loc)
{
	if (!t || t->kind == TYPE_ERROR)
		return;
	t = without_trust(c, t);
	if (c->reporting && m->locked_value && !type_is_aggregate(t) &&
	    breaks_lock(c, m->locked_value, t, arena_printf(c->arena, "@%s", m->name), loc))
		return;
	if (cell_add(c, m->value, &m->next_value, t))
		return;
	if (m->value && m->value->kind == t->kind && type_is_drawn(t))
		check_error(c, loc, DIAG_TYPE_MISMATCH, t->kind == TYPE_HIST ?
			    "Different bits in a single hist unsupported" :
			    t->kind == TYPE_LHIST ?
			    "Different lhist bounds in a single map unsupported" :
			    "Different tseries bounds in a single map unsupported");
	else
		check_error(c, loc, DIAG_TYPE_MISMATCH,
			    "Type mismatch for @%s: trying to assign value "
			    "of type '%s' when map already has a type '%s'",
			    m->name, type_text(c, t),
			    type_text(c, m->value ? m->value : m->next_value));
}

void cell_add_key(struct check *c, struct map *m, const struct type *t, struct loc loc)
{
	if (!t || t->kind == TYPE_ERROR)
		return;
	if (type_is_castable(t))
		t = type_as_int64(c, t);
	t = without_trust(c, t);
	if (!cell_add(c, m->key, &m->next_key, t))
		check_error(c, loc, DIAG_KEY_MISMATCH,
			    "Argument mismatch for @%s: trying to access "
			    "with arguments: '%s' when map expects arguments: '%s'", m->name,
			    type_text(c, t), type_text(c, m->key ? m->key : m->next_key));
}
