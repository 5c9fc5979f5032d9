/*
 * Joining types: the smallest type that holds the values of two.
 *
 * Variables, map keys and values, branches, operands of comparisons, elements
 * of tuples and records all take the join of what meets there. The join only
 * ever grows along a finite order, so that inference by fixpoint ends.
 */
#include "types/type.h"

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Two integers of different, fixed sign. */
static const struct type *join_signs(struct types *t, const struct type *a, const struct type *b,
				     unsigned *flags)
{
	const struct type *s = a->is_signed ? a : b, *u = a->is_signed ? b : a;

	if (s->size_bytes > u->size_bytes)
		return type_int(t, s->size_bytes, true);
	if (u->size_bytes < 8)
		return type_int(t, u->size_bytes * 2, true);
	*flags |= TYPE_JOIN_SIGN_LOSS;
	return type_int(t, 8, true);
}

static const struct type *join_ints(struct types *t, const struct type *a, const struct type *b,
				    unsigned *flags)
{
	uint32_t size_bytes = larger(a->size_bytes, b->size_bytes);

	if (a->is_flexible && b->is_flexible)
		return a->size_bytes >= b->size_bytes ? a : b;
	if (a->is_signed == b->is_signed)
		return type_int(t, size_bytes, a->is_signed);
	if (a->is_flexible || b->is_flexible)
		return type_int(t, size_bytes, a->is_flexible ? b->is_signed : a->is_signed);
	return join_signs(t, a, b, flags);
}

/* Enumerations of one kind stay one; else they are integers of their size. */
static const struct type *join_integers(struct types *t, const struct type *a,
					const struct type *b, unsigned *flags)
{
	if (a->kind == TYPE_ENUM && b->kind == TYPE_ENUM && a->enumeration == b->enumeration)
		return a->size_bytes >= b->size_bytes ? a : b;
	if (a->kind == TYPE_ENUM)
		a = type_int(t, a->size_bytes, a->is_signed);
	if (b->kind == TYPE_ENUM)
		b = type_int(t, b->size_bytes, b->is_signed);
	return join_ints(t, a, b, flags);
}

/* An unknown space gives way to a known one. */
static enum type_space join_spaces(const struct type *a, const struct type *b, unsigned *flags)
{
	if (a->space == b->space || b->space == SPACE_NONE)
		return a->space;
	if (a->space == SPACE_NONE)
		return b->space;
	*flags |= TYPE_JOIN_SPACES;
	return a->space;
}

/* Pointers, arrays and structs may differ in where they point, and only there. */
static const struct type *join_references(struct types *t, const struct type *a,
					  const struct type *b, unsigned *flags)
{
	bool is_trusted = a->is_trusted && b->is_trusted;
	enum type_space space;

	if (a->target != b->target || a->structure != b->structure || a->count != b->count)
		return NULL;
	if (a->space == SPACE_CONTEXT || b->space == SPACE_CONTEXT) {
		if (a->kind == TYPE_STRUCT && (a->space == SPACE_NONE || b->space == SPACE_NONE))
			return a->space == SPACE_NONE ? b : a;
		return NULL;
	}
	space = join_spaces(a, b, flags);
	if (a->kind == TYPE_POINTER)
		return type_pointer(t, a->target, space, is_trusted);
	if (a->kind == TYPE_ARRAY)
		return type_array(t, a->target, a->count, space);
	return type_structure(t, a->structure, space, is_trusted);
}

/* The element of `b` that belongs to element `i` of `a`: in records by label. */
static const struct type *counterpart(const struct type *a, size_t i, const struct type *b)
{
	if (a->kind == TYPE_TUPLE)
		return b->fields[i].type;
	for (size_t j = 0; j < b->nr_fields; j++)
		if (b->fields[j].name == a->fields[i].name)
			return b->fields[j].type;
	return NULL;
}

static const struct type *join_tuples(struct types *t, const struct type *a, const struct type *b,
				      unsigned *flags)
{
	const struct type **elems;
	const char **labels;

	if (a->nr_fields != b->nr_fields)
		return NULL;
	elems = arena_array(t->arena, const struct type *, a->nr_fields);
	labels = arena_array(t->arena, const char *, a->nr_fields);
	for (size_t i = 0; i < a->nr_fields; i++) {
		const struct type *other = counterpart(a, i, b);

		elems[i] = other ? type_join(t, a->fields[i].type, other, flags) : NULL;
		if (!elems[i])
			return NULL;
		labels[i] = a->fields[i].name;
	}
	return type_tuple(t, elems, a->kind == TYPE_RECORD ? labels : NULL, a->nr_fields);
}

static const struct type *join_same_kind(struct types *t, const struct type *a,
					 const struct type *b, unsigned *flags)
{
	switch (a->kind) {
	case TYPE_STRING:
	case TYPE_BUFFER:
		return a->size_bytes >= b->size_bytes ? a : b;
	case TYPE_POINTER:
	case TYPE_ARRAY:
	case TYPE_STRUCT:
		return join_references(t, a, b, flags);
	case TYPE_TUPLE:
	case TYPE_RECORD:
		return join_tuples(t, a, b, flags);
	case TYPE_SUM:
	case TYPE_MIN:
	case TYPE_MAX:
	case TYPE_AVG:
	case TYPE_STATS:
		return type_aggregate(t, a->kind, a->is_signed || b->is_signed);
	default:
		return NULL;	/* differing parameters */
	}
}

const struct type *type_join(struct types *t, const struct type *a, const struct type *b,
			     unsigned *flags)
{
	unsigned ignored = 0;

	if (!flags)
		flags = &ignored;
	if (a == b || b->kind == TYPE_ERROR)
		return b;
	if (a->kind == TYPE_ERROR)
		return a;
	if (type_is_integer(a) && type_is_integer(b))
		return join_integers(t, a, b, flags);
	if (a->kind == b->kind)
		return join_same_kind(t, a, b, flags);
	if ((a->kind == TYPE_PROBE_NAME && b->kind == TYPE_STRING) ||
	    (a->kind == TYPE_STRING && b->kind == TYPE_PROBE_NAME)) {
		*flags |= TYPE_JOIN_PROBE_NAME;
		return a->kind == TYPE_STRING ? a : b;
	}
	return NULL;
}

bool type_int_fits(const struct type *from, const struct type *to)
{
	if (from->is_signed == to->is_signed || from->is_flexible)
		return from->size_bytes <= to->size_bytes;
	return to->is_signed && from->size_bytes < to->size_bytes;
}

bool type_int_holds(const struct type *to, uint64_t value, bool negative)
{
	unsigned bits = to->size_bytes * 8;

	if (!to->is_signed)
		return !negative && (bits == 64 || value >> bits == 0);
	if (negative)
		return (int64_t)value >= INT64_MIN >> (64 - bits);
	return value <= (uint64_t)INT64_MAX >> (64 - bits);
}
