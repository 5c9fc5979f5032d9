/*
 * Types of what reaches into something: fields, indices, elements.
 *
 * Spaces flow: what is reached through kernel memory is kernel memory, unless
 * BTF says `user`.
 */
#include "check/check_impl.h"

#include <string.h>

/* The struct that `t` is or points to, through any number of pointers. */
static const struct type *struct_behind(struct check *c, const struct type *t)
{
	while (t->kind == TYPE_POINTER) {
		const struct type *reached = type_reached(c->types, t->target, t->space);

		if (reached->kind == TYPE_STRUCT && t->is_trusted)
			reached = type_structure(c->types, reached->structure, reached->space,
						 true);
		t = reached;
	}
	return t->kind == TYPE_STRUCT ? t : NULL;
}

static void suggest_fields(struct check *c, struct nearest *near, struct type_struct *s, int depth)
{
	const struct type_field *fields;
	size_t count;

	fields = type_struct_fields(c->types, s, &count);
	for (size_t i = 0; i < count; i++) {
		if (fields[i].name)
			nearest_try(near, fields[i].name);
		if (fields[i].is_anonymous && fields[i].type->kind == TYPE_STRUCT && depth < 8)
			suggest_fields(c, near, fields[i].type->structure, depth + 1);
	}
}

/* Names of all fields, for a struct that is small enough to be told. */
static const char *list_fields(struct check *c, struct type_struct *s)
{
	const struct type_field *fields;
	const char *text = "";
	size_t count;

	fields = type_struct_fields(c->types, s, &count);
	for (size_t i = 0; i < count; i++)
		if (fields[i].name && strncmp(fields[i].name, "common_", 7))
			text = arena_printf(c->arena, "%s%s%s", text, *text ? ", " : "",
					    fields[i].name);
	return strlen(text) <= 120 ? text : "";
}

static bool is_args_struct(const struct check *c, const struct type *s)
{
	return c->prog && s->structure == c->prog->args;
}

/* Are the fields of `args` the parameters of a function? */
static bool has_parameters(const struct check *c, const struct type *s)
{
	const struct provider *p = c->prog ? c->prog->provider : NULL;

	return is_args_struct(c, s) && p->has & HAS_ARGS &&
	       (p->prog_type == BPF_PROG_TYPE_TRACING || attach_is_user(p->attach));
}

static const struct type *no_such_field(struct check *c, struct node *n, const struct type *s)
{
	struct diag *d = has_parameters(c, s)
		? check_error(c, n->loc, DIAG_UNKNOWN_FIELD, "Can't find function parameter %s",
			      n->u.field.name)
		: check_error(c, n->loc, DIAG_UNKNOWN_FIELD, "Struct/union of type '%s' does "
			      "not contain a field named '%s'", type_text(c, s), n->u.field.name);
	struct nearest near;
	const char *all;

	if (!d)
		return bad_type(c);
	nearest_start(&near, n->u.field.name);
	suggest_fields(c, &near, s->structure, 0);
	all = list_fields(c, s->structure);
	check_suggest(c, d, &near, "");
	if (!near.best && *all)
		check_hint(c, d, has_parameters(c, s) ? "its parameters are: %s" :
			   "its fields are: %s", all);
	return bad_type(c);
}

/* A field as a value: pointers to kernel structs that are reached through a
 * pointer of the verifier's knowledge are known to it, too. */
static const struct type *field_value(struct check *c, const struct type *s,
				      const struct type_field *f)
{
	enum type_space beyond = c->prog && c->prog->provider->space == SPACE_USER ? SPACE_USER
										  : SPACE_KERNEL;
	const struct type *t = type_reached(c->types, f->type, s->space == SPACE_CONTEXT ?
					    beyond : s->space);

	if (s->space == SPACE_CONTEXT && f->type->space != SPACE_NONE)
		t = f->type;
	if (!s->is_trusted || s->space != SPACE_KERNEL)
		return t;
	if (t->kind == TYPE_STRUCT)
		return type_structure(c->types, t->structure, t->space, true);
	if (t->kind == TYPE_POINTER && t->space == SPACE_KERNEL && t->target->kind == TYPE_STRUCT &&
	    t->target->structure->is_vmlinux)
		return type_pointer(c->types, t->target, t->space, true);
	return t;
}

static const struct type *check_field(struct check *c, struct node *n, const struct type *s,
				      const struct type_field *f)
{
	if (f->type->kind == TYPE_ERROR) {
		struct diag *d = check_error(c, n->loc, DIAG_UNUSABLE_FIELD,
					     "field '%s' has a type that can not be read",
					     n->u.field.name);

		if (args_are_packed(c, s))
			check_hint(c, d, "floating-point parameters, and what is too large for "
				   "registers, cannot be read");
		return bad_type(c);
	}
	if (f->percpu_tag) {
		check_error(c, n->loc, DIAG_UNUSABLE_FIELD,
			    "field '%s' is a per-CPU pointer, which can not be followed",
			    n->u.field.name);
		return bad_type(c);
	}
	if (is_args_struct(c, s) && c->prog->provider->attach == ATTACH_TRACEPOINT &&
	    n->u.field.offset_bytes < 8) {
		check_error(c, n->loc, DIAG_COMMON_FIELD,
			    "BPF does not support accessing common tracepoint fields");
		return bad_type(c);
	}
	return field_value(c, s, f);
}

static const struct type *infer_record_field(struct check *c, struct node *n,
					     const struct type *t)
{
	struct diag *d;
	struct nearest near;

	nearest_start(&near, n->u.field.name);
	for (size_t i = 0; i < t->nr_fields; i++) {
		if (t->fields[i].name == n->u.field.name) {
			n->u.field.found = &t->fields[i];
			return t->fields[i].type;
		}
		nearest_try(&near, t->fields[i].name);
	}
	d = check_error(c, n->loc, DIAG_UNKNOWN_FIELD, "%s does not contain a field named '%s'",
			type_text(c, t), n->u.field.name);
	check_suggest(c, d, &near, "");
	return bad_type(c);
}

/* What `.` reaches into: a pointer to a tuple or record, as & makes it, is
 * followed by a * that nobody wrote. */
static const struct type *infer_object(struct check *c, struct node **slot)
{
	const struct type *t = infer_expr(c, *slot), *target = t;
	struct node *n;

	while (target && target->kind == TYPE_POINTER)
		target = target->target;
	if (target == t || !target || (target->kind != TYPE_TUPLE && target->kind != TYPE_RECORD))
		return t;
	n = node_new(c->arena, NODE_UNARY, (*slot)->loc);
	n->u.unary.op = OP_DEREF;
	n->u.unary.operand = *slot;
	*slot = n;
	return infer_object(c, slot);
}

static const struct type *infer_field(struct check *c, struct node *n)
{
	const struct type *t = infer_object(c, &n->u.field.object), *s;
	const struct type_field *f;

	if (!t || t->kind == TYPE_ERROR)
		return t;
	if (t->kind == TYPE_RECORD)
		return infer_record_field(c, n, t);
	s = struct_behind(c, t);
	if (!s) {
		struct diag *d = check_error(c, n->loc, DIAG_NOT_A_STRUCT,
					     "Can not access field '%s' on "
					     "expression of type '%s'",
					     n->u.field.name, type_text(c, t));

		if (!c->btf && t->kind == TYPE_POINTER && t->target->kind == TYPE_VOID)
			check_hint(c, d, "types of the kernel need its BTF, which is not there");
		return bad_type(c);
	}
	f = type_field_find(c->types, s->structure, n->u.field.name, &n->u.field.offset_bytes);
	if (!f)
		return no_such_field(c, n, s);
	n->u.field.found = f;
	return check_field(c, n, s, f);
}

static const struct type *bad_index(struct check *c, const struct node *n, uint64_t index,
				    uint64_t size)
{
	check_error(c, n->loc, DIAG_OUT_OF_BOUNDS,
		    "the index %llu is out of bounds for array of size %llu",
		    (unsigned long long)index, (unsigned long long)size);
	return bad_type(c);
}

static const struct type *infer_element_of(struct check *c, const struct node *n,
					   const struct type *t, uint64_t index)
{
	if (t->kind != TYPE_TUPLE && t->kind != TYPE_RECORD) {
		struct diag *d = check_error(c, n->loc, DIAG_NOT_A_TUPLE,
					     "Can not access index '%llu' on expression of type "
					     "'%s'",
					     (unsigned long long)index, type_text(c, t));

		if (n->kind == NODE_ELEMENT && n->u.element.object->kind == NODE_INT)
			check_hint(c, d, "all numbers are integers: there are no fractions");
		return bad_type(c);
	}
	if (index >= t->nr_fields) {
		check_error(c, n->loc, DIAG_OUT_OF_BOUNDS,
			    "Invalid tuple index: %llu. Found %zu elements in tuple.",
			    (unsigned long long)index, t->nr_fields);
		return bad_type(c);
	}
	return t->fields[index].type;
}

static bool check_index(struct check *c, const struct node *n, const struct type *index)
{
	const struct node *at = n->u.index.index;

	if (type_is_integer(index) && (!index->is_signed || (index->kind == TYPE_INT &&
	    index->is_flexible)) && !(at->kind == NODE_INT && at->u.integer.negative))
		return true;
	check_error(c, n->loc, DIAG_BAD_INDEX,
		    "The array index operator [] only accepts non-negative "
		    "integer indices. Got: %s", type_text(c, index));
	return false;
}

static const struct type *infer_indexed(struct check *c, struct node *n, const struct type *t)
{
	const struct node *at = n->u.index.index;
	bool is_constant = at->kind == NODE_INT;
	uint64_t index = is_constant ? at->u.integer.value : 0;
	uint32_t size;

	switch (t->kind) {
	case TYPE_STRING:
		size = type_counted_bytes(node_stored_type(n->u.index.object));
		if (is_constant && index >= size)
			return bad_index(c, n, index, size);
		return type_int(c->types, 1, true);
	case TYPE_ARRAY:
		if (is_constant && t->count && index >= t->count)
			return bad_index(c, n, index, t->count);
		return type_reached(c->types, t->target, t->space);
	case TYPE_POINTER:
		if (t->target->size_bytes && t->target->kind != TYPE_VOID)
			return type_reached(c->types, t->target, t->space);
		check_error(c, n->loc, DIAG_BAD_INDEX, "can not index a pointer to %s",
			    type_text(c, t->target));
		return bad_type(c);
	case TYPE_TUPLE:
	case TYPE_RECORD:
		if (is_constant)
			return infer_element_of(c, n, t, index);
		check_error(c, n->loc, DIAG_BAD_INDEX, "a tuple's index must be a literal");
		return bad_type(c);
	default:
		check_error(c, n->loc, DIAG_BAD_INDEX,
			    "The array index operator [] can only be used on "
			    "arrays, pointers, and tuples, found %s.",
			    type_text(c, t));
		return bad_type(c);
	}
}

static const struct type *infer_index(struct check *c, struct node *n)
{
	const struct type *t = infer_expr(c, n->u.index.object);
	const struct type *index = infer_expr(c, n->u.index.index);

	if (!t || t->kind == TYPE_ERROR)
		return t;
	if (!index || index->kind == TYPE_ERROR)
		return index;
	if ((t->kind == TYPE_STRING || t->kind == TYPE_ARRAY || t->kind == TYPE_POINTER) &&
	    !check_index(c, n, index))
		return bad_type(c);
	return infer_indexed(c, n, t);
}

static const struct type *infer_element(struct check *c, struct node *n)
{
	const struct type *t = infer_object(c, &n->u.element.object);

	if (!t || t->kind == TYPE_ERROR)
		return t;
	return infer_element_of(c, n, t, n->u.element.number);
}

const struct type *node_stored_type(const struct node *n)
{
	const struct type *object, *t = n->type;

	if (n->kind == NODE_FIELD && n->u.field.found)
		t = n->u.field.found->type;
	if (n->kind == NODE_INDEX || (n->kind == NODE_UNARY && n->u.unary.op == OP_DEREF)) {
		object = n->kind == NODE_INDEX ? n->u.index.object->type :
			 n->u.unary.operand->type;
		t = object && object->target ? object->target : t;
	}
	return t && t->kind == TYPE_CHARS ? t : n->type;
}

const struct type *infer_access(struct check *c, struct node *n)
{
	switch (n->kind) {
	case NODE_FIELD:
		return infer_field(c, n);
	case NODE_INDEX:
		return infer_index(c, n);
	default:
		return infer_element(c, n);
	}
}
