/*
 * Types of expressions: what they are made of, and what chooses between them.
 *
 * infer_expr leaves the type in the node and returns it: NULL while it is not
 * known, the error type once something below was told.
 */
#include "check/check_impl.h"

#include <assert.h>

static const struct type *infer_int(struct check *c, struct node *n)
{
	if ((n->implicit || n->u.integer.enum_name) && n->type)
		return n->type;		/* sizeof, an enumerator: fixed when it was made */
	return type_literal(c->types, n->u.integer.value, n->u.integer.negative);
}

static const struct type *infer_string(struct check *c, const struct node *n)
{
	if (n->u.string.len >= c->config.max_strlen) {
		check_hint(c, check_error(c, n->loc, DIAG_STRING_TOO_LONG,
					  "String is too long (over %u bytes): %.60s%s",
					  c->config.max_strlen, n->u.string.text,
					  n->u.string.len > 60 ? "..." : ""),
			   "the limit is max_strlen");
		return bad_type(c);
	}
	return type_string(c->types, (uint32_t)n->u.string.len + 1);
}

/* The context as a struct that does not lie in memory as its type says. */
bool is_part_context(const struct check *c, const struct type *t)
{
	if (t->space != SPACE_CONTEXT || t->kind != TYPE_STRUCT)
		return false;
	if (t->structure == c->prog->args)
		return c->prog->provider->attach != ATTACH_TRACEPOINT || c->prog->raw_event;
	return !(c->prog->provider->has & HAS_PT_REGS);
}

/* What a value of the context is where it is kept: an address, or a copy. */
const struct type *type_outside(struct check *c, const struct type *t)
{
	return t->space == SPACE_CONTEXT ? type_in_space(c->types, t, SPACE_KERNEL) : t;
}

static const struct type *infer_map_elem(struct check *c, struct node *n)
{
	struct map *m = n->u.map.map;
	struct node *key;

	if (n->kind == NODE_MAP)
		return m->is_scalar || !m->shape_known ? m->value : bad_type(c);
	key = n->u.map.keys.at[0];
	infer_expr(c, key);
	args_become_record(c, key);
	if (key->type && (key->type->kind == TYPE_VOID || key->type->kind == TYPE_STATS ||
			  (type_is_aggregate(key->type) && !type_is_castable(key->type)))) {
		check_error(c, key->loc, DIAG_BAD_KEY,
			    "a value of type '%s' can not be a map's key",
			    type_text(c, key->type));
		return m->value;
	}
	if (key->type && (key->type->kind == TYPE_POINTER || is_part_context(c, key->type)) &&
	    key->type->space == SPACE_CONTEXT) {
		check_hint(c, check_error(c, key->loc, DIAG_BAD_KEY,
					  "context cannot be part of a map key"),
			   "name a field of it");
		return m->value;
	}
	cell_add_key(c, m, key->type ? type_outside(c, key->type) : NULL, n->loc);
	return m->value;
}

static bool belongs_in_tuple(const struct check *c, const struct type *t)
{
	return t->kind != TYPE_VOID && !is_part_context(c, t) &&
	       (!type_is_aggregate(t) || type_is_castable(t));
}

static const struct type *infer_tuple(struct check *c, struct node *n)
{
	size_t count = n->u.tuple.items.n;
	const struct type **elems = arena_array(c->arena, const struct type *, count + 1);
	bool is_known = true;

	for (size_t i = 0; i < count; i++) {
		struct node *item = n->u.tuple.items.at[i];
		const struct type *t;

		infer_expr(c, item);
		t = args_become_record(c, item);
		if (!t) {
			is_known = false;
			continue;
		}
		if (t->kind == TYPE_ERROR)
			return t;
		if (!belongs_in_tuple(c, t)) {
			check_error(c, item->loc, DIAG_BAD_ELEMENT,
				    "a value of type '%s' can not be part of a tuple",
				    type_text(c, t));
			return bad_type(c);
		}
		elems[i] = type_is_castable(t) ? type_as_int64(c, t) : type_outside(c, t);
	}
	if (!is_known)
		return NULL;
	return type_tuple(c->types, elems, n->kind == NODE_RECORD ? n->u.tuple.labels.at : NULL,
			  count);
}

/* A value that is taken out of a map is no longer an aggregation. */
static const struct type *branch_type(struct check *c, const struct type *t)
{
	return t && type_is_castable(t) ? type_as_int64(c, t) : t;
}

static const struct type *join_branches(struct check *c, struct node *n, const struct type *a,
					const struct type *b)
{
	const struct type *joined;

	if (!a || !b)
		return a ? a : b;
	if (a->kind == TYPE_ERROR || b->kind == TYPE_ERROR)
		return bad_type(c);
	joined = check_join(c, a, b);
	if (joined)
		return joined;
	check_error(c, n->loc, DIAG_BRANCH_TYPES,
		    "Branches must return the same type or compatible "
		    "types: have '%s' and '%s'", type_text(c, a), type_text(c, b));
	return bad_type(c);
}

void infer_condition(struct check *c, struct node *cond, struct loc loc)
{
	const struct type *t = infer_expr(c, cond);
	struct diag *d;

	if (!t || t->kind == TYPE_ERROR || type_is_condition(t))
		return;
	d = check_error(c, cond->loc.begin ? cond->loc : loc, DIAG_BAD_CONDITION,
			"Invalid condition: a value of type '%s'", type_text(c, t));
	if (t->kind == TYPE_STRING)
		check_hint(c, d, "compare it with a string: ... != \"\"");
	else if (type_is_castable(t))
		check_hint(c, d, "compare it, or cast it to an integer");
}

static const struct type *infer_ternary(struct check *c, struct node *n)
{
	const struct type *a, *b;

	infer_condition(c, n->u.cond.cond, n->loc);
	a = n->u.cond.then ? infer_expr(c, n->u.cond.then) : n->u.cond.cond->type;
	b = infer_expr(c, n->u.cond.otherwise);
	return join_branches(c, n, branch_type(c, a), branch_type(c, b));
}

static const struct type *infer_if(struct check *c, struct node *n)
{
	const struct type *a, *b;

	infer_condition(c, n->u.cond.cond, n->loc);
	a = infer_expr(c, n->u.cond.then);
	if (!n->u.cond.otherwise)
		return c->types->void_;
	b = infer_expr(c, n->u.cond.otherwise);
	return join_branches(c, n, branch_type(c, a), branch_type(c, b));
}

static const struct type *infer_kind(struct check *c, struct node *n)
{
	switch (n->kind) {
	case NODE_INT:
		return infer_int(c, n);
	case NODE_STRING:
		return infer_string(c, n);
	case NODE_BOOL:
		return c->types->bool_;
	case NODE_VAR:
		return n->u.var.var->type;
	case NODE_MAP:
	case NODE_MAP_ELEM:
		return infer_map_elem(c, n);
	case NODE_UNARY:
		return infer_unary(c, n);
	case NODE_INCDEC:
		return infer_incdec(c, n);
	case NODE_BINARY:
		return infer_binary(c, n);
	case NODE_TERNARY:
		return infer_ternary(c, n);
	case NODE_IF:
		return infer_if(c, n);
	case NODE_BLOCK:
		return infer_block(c, n);
	case NODE_FIELD:
	case NODE_INDEX:
	case NODE_ELEMENT:
		return infer_access(c, n);
	case NODE_TUPLE:
	case NODE_RECORD:
		return infer_tuple(c, n);
	case NODE_CAST:
		return infer_cast(c, n);
	case NODE_CALL:
		return infer_call(c, n);
	case NODE_COMPTIME:
		return comptime_infer(c, n);
	case NODE_SIZEOF:
	case NODE_OFFSETOF:
	case NODE_TYPEINFO:
	case NODE_TYPE_ARG:
		return infer_type_query(c, n);
	case NODE_ERROR:
		return bad_type(c);
	default:
		assert(!"a statement stands where an expression belongs");
		return bad_type(c);
	}
}

const struct type *infer_expr(struct check *c, struct node *n)
{
	n->type = infer_kind(c, n);
	return n->type;
}
