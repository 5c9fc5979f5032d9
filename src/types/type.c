/*
 * Types, one copy of each, and the members of structs.
 *
 * In: a wanted type as a value. Out: the one type that is equal to it, so that
 * all other rooms compare pointers. Invariant: a type in the table is never
 * changed; what is lazy (fields of C structs) lives in struct type_struct.
 */
#include "types/type.h"

#include <assert.h>
#include <string.h>

/* Fixed facts of the kinds whose size follows from nothing else. */
static const struct kind_size {
	uint16_t size_bytes, align_bytes;
} kind_sizes[TYPE_KIND_COUNT] = {
	[TYPE_ERROR]		= { 0, 1 },
	[TYPE_VOID]		= { 0, 1 },
	[TYPE_BOOL]		= { 1, 1 },
	[TYPE_COUNT]		= { 8, 8 },
	[TYPE_SUM]		= { 8, 8 },
	[TYPE_MIN]		= { 8, 8 },
	[TYPE_MAX]		= { 8, 8 },
	[TYPE_AVG]		= { 8, 8 },
	[TYPE_STATS]		= { 8, 8 },
	[TYPE_HIST]		= { 8, 8 },
	[TYPE_LHIST]		= { 8, 8 },
	[TYPE_TSERIES]		= { 8, 8 },
	[TYPE_KSYM]		= { 8, 8 },
	[TYPE_USYM]		= { 16, 1 },
	[TYPE_PROBE_NAME]	= { 8, 8 },
	[TYPE_TIMESTAMP]	= { 16, 1 },
	[TYPE_INET]		= { 24, 1 },
	[TYPE_MACADDR]		= { 6, 1 },
	[TYPE_CGROUP_PATH]	= { 16, 1 },
	[TYPE_USERNAME]		= { 8, 8 },
	[TYPE_TIMESTAMP_MODE]	= { 0, 1 },
};

/* What makes a type: everything but what follows from it. Compared as bytes. */
struct type_key {
	uint64_t param[3];
	const void *target;		/* target, structure or enumeration */
	uint32_t kind, size_bytes, count, space;
	uint8_t is_signed, is_flexible, is_trusted, pad[5];
};

static struct type_key key_of(const struct type *t)
{
	struct type_key key;

	memset(&key, 0, sizeof(key));
	memcpy(key.param, t->param, sizeof(key.param));
	key.target = t->structure ? (const void *)t->structure :
		     t->enumeration ? (const void *)t->enumeration : t->target;
	key.kind = t->kind;
	key.size_bytes = t->size_bytes;
	key.count = t->count;
	key.space = t->space;
	key.is_signed = t->is_signed;
	key.is_flexible = t->is_flexible;
	key.is_trusted = t->is_trusted;
	return key;
}

/* The one copy of `proto`, which has no fields. */
static const struct type *type_intern(struct types *t, const struct type *proto)
{
	struct type_key key = key_of(proto);
	struct type *made = hmap_find(&t->table, &key, sizeof(key));

	if (made)
		return made;
	made = arena_new(t->arena, struct type);
	*made = *proto;
	hmap_set(&t->table, &key, sizeof(key), made);
	return made;
}

const struct type *type_simple(struct types *t, enum type_kind kind)
{
	struct type proto = {
		.kind = kind,
		.size_bytes = kind_sizes[kind].size_bytes,
		.align_bytes = kind_sizes[kind].align_bytes,
	};

	assert(kind_sizes[kind].align_bytes);
	proto.is_signed = kind == TYPE_SUM || kind == TYPE_MIN || kind == TYPE_MAX ||
			  kind == TYPE_AVG || kind == TYPE_STATS;
	return type_intern(t, &proto);
}

void types_init(struct types *t, struct arena *a, struct names *names)
{
	memset(t, 0, sizeof(*t));
	t->arena = a;
	t->names = names;
	hmap_init(&t->table, a);
	t->error = type_simple(t, TYPE_ERROR);
	t->void_ = type_simple(t, TYPE_VOID);
	t->bool_ = type_simple(t, TYPE_BOOL);
	t->ksym = type_simple(t, TYPE_KSYM);
	t->usym = type_simple(t, TYPE_USYM);
	t->probe_name = type_simple(t, TYPE_PROBE_NAME);
}

const struct type *type_int(struct types *t, unsigned size_bytes, bool is_signed)
{
	struct type proto = {
		.kind = TYPE_INT, .is_signed = is_signed,
		.size_bytes = size_bytes, .align_bytes = size_bytes,
	};

	assert(size_bytes == 1 || size_bytes == 2 || size_bytes == 4 || size_bytes == 8);
	return type_intern(t, &proto);
}

static unsigned signed_size(int64_t value)
{
	if (value == (int8_t)value)
		return 1;
	if (value == (int16_t)value)
		return 2;
	return value == (int32_t)value ? 4 : 8;
}

const struct type *type_literal(struct types *t, uint64_t value, bool negative)
{
	struct type proto = { .kind = TYPE_INT, .is_signed = true, .is_flexible = !negative };

	if (!negative && value > INT64_MAX)
		return type_int(t, 8, false);
	proto.size_bytes = signed_size((int64_t)value);
	proto.align_bytes = proto.size_bytes;
	return type_intern(t, &proto);
}

static const struct type *fixed_tuple(struct types *t, const struct type *type)
{
	const struct type **elems = arena_array(t->arena, const struct type *, type->nr_fields + 1);
	const char **labels = arena_array(t->arena, const char *, type->nr_fields + 1);

	for (size_t i = 0; i < type->nr_fields; i++) {
		elems[i] = type_fixed(t, type->fields[i].type);
		labels[i] = type->fields[i].name;
	}
	return type_tuple(t, elems, type->kind == TYPE_RECORD ? labels : NULL, type->nr_fields);
}

const struct type *type_fixed(struct types *t, const struct type *type)
{
	struct type proto = *type;

	if (type->kind == TYPE_TUPLE || type->kind == TYPE_RECORD)
		return fixed_tuple(t, type);
	if (!type->is_flexible)
		return type;
	proto.is_flexible = false;
	return type_intern(t, &proto);
}

const struct type *type_enum(struct types *t, const struct type_enum *e, unsigned size_bytes)
{
	struct type proto = {
		.kind = TYPE_ENUM, .is_signed = e->is_signed, .enumeration = e,
		.size_bytes = size_bytes, .align_bytes = size_bytes,
	};

	return type_intern(t, &proto);
}

const struct type *type_string(struct types *t, uint32_t size_bytes)
{
	struct type proto = { .kind = TYPE_STRING, .size_bytes = size_bytes, .align_bytes = 1 };

	return type_intern(t, &proto);
}

const struct type *type_chars(struct types *t, uint32_t size_bytes, bool is_of_script)
{
	struct type proto = {
		.kind = TYPE_CHARS, .size_bytes = size_bytes, .align_bytes = 1,
		.param[0] = is_of_script,
	};

	return type_intern(t, &proto);
}

uint32_t type_counted_bytes(const struct type *t)
{
	return t->size_bytes + (t->kind == TYPE_CHARS && t->param[0]);
}

const struct type *type_buffer(struct types *t, uint32_t capacity_bytes)
{
	struct type proto = {
		.kind = TYPE_BUFFER, .size_bytes = capacity_bytes + 4, .align_bytes = 1,
	};

	return type_intern(t, &proto);
}

/* A pointee struct or array without its place: the pointer says where it is. */
static const struct type *placeless(struct types *t, const struct type *type)
{
	struct type proto = *type;

	if (type->kind != TYPE_STRUCT && type->kind != TYPE_ARRAY)
		return type;
	if (type->space == SPACE_NONE && !type->is_trusted)
		return type;
	proto.space = SPACE_NONE;
	proto.is_trusted = false;
	return type_intern(t, &proto);
}

const struct type *type_pointer(struct types *t, const struct type *target, enum type_space space,
				bool is_trusted)
{
	struct type proto = {
		.kind = TYPE_POINTER, .space = space, .is_trusted = is_trusted,
		.target = placeless(t, target), .size_bytes = 8, .align_bytes = 8,
	};

	return type_intern(t, &proto);
}

const struct type *type_array(struct types *t, const struct type *target, uint32_t count,
			      enum type_space space)
{
	uint64_t size_bytes = (uint64_t)target->size_bytes * count;
	struct type proto = {
		.kind = TYPE_ARRAY, .space = space, .target = target, .count = count,
		.size_bytes = (uint32_t)size_bytes, .align_bytes = target->align_bytes,
	};

	return size_bytes > UINT32_MAX ? t->error : type_intern(t, &proto);
}

const struct type *type_structure(struct types *t, struct type_struct *s, enum type_space space,
				  bool is_trusted)
{
	struct type proto = {
		.kind = TYPE_STRUCT, .space = space, .is_trusted = is_trusted, .structure = s,
		.size_bytes = s->size_bytes,
		.align_bytes = s->size_bytes % 8 ? s->size_bytes % 4 ? 1 : 4 : 8,
	};

	return type_intern(t, &proto);
}

/* Offsets in C's way; the whole is padded to the largest alignment. */
static void tuple_lay_out(struct type *tuple, struct type_field *fields)
{
	uint64_t at = 0;

	tuple->align_bytes = 1;
	for (size_t i = 0; i < tuple->nr_fields; i++) {
		uint32_t align = fields[i].type->align_bytes;

		at = (at + align - 1) / align * align;
		fields[i].offset_bytes = (uint32_t)at;
		at += fields[i].type->size_bytes;
		if (align > tuple->align_bytes)
			tuple->align_bytes = align;
	}
	at = (at + tuple->align_bytes - 1) / tuple->align_bytes * tuple->align_bytes;
	tuple->size_bytes = at > UINT32_MAX ? UINT32_MAX : (uint32_t)at;
}

/* A tuple's key: a mark that no struct type_key begins with in length, then
 * the type and label of each element. */
static const void **tuple_key(struct types *t, const struct type *const *elems,
			      const char *const *labels, size_t count, size_t *len)
{
	size_t n = 1 + 2 * count;
	const void **key;

	/* A struct type_key must not be mistaken for it: make the lengths differ. */
	if (n * sizeof(*key) == sizeof(struct type_key))
		n++;
	key = arena_array(t->arena, const void *, n);
	key[0] = labels ? "r" : "t";
	for (size_t i = 0; i < count; i++) {
		key[1 + 2 * i] = elems[i];
		key[2 + 2 * i] = labels ? labels[i] : NULL;
	}
	*len = n * sizeof(*key);
	return key;
}

const struct type *type_tuple(struct types *t, const struct type *const *elems,
			      const char *const *labels, size_t count)
{
	size_t len;
	const void **key = tuple_key(t, elems, labels, count, &len);
	struct type *made = hmap_find(&t->table, key, len);
	struct type_field *fields;

	if (made)
		return made;
	made = arena_new(t->arena, struct type);
	fields = arena_array(t->arena, struct type_field, count);
	for (size_t i = 0; i < count; i++) {
		fields[i].type = elems[i];
		fields[i].name = labels ? labels[i] : NULL;
	}
	made->kind = labels ? TYPE_RECORD : TYPE_TUPLE;
	made->fields = fields;
	made->nr_fields = count;
	tuple_lay_out(made, fields);
	hmap_set(&t->table, key, len, made);
	return made;
}

const struct type *type_aggregate(struct types *t, enum type_kind kind, bool is_signed)
{
	struct type proto = {
		.kind = kind, .is_signed = is_signed && kind != TYPE_COUNT,
		.size_bytes = kind_sizes[kind].size_bytes,
		.align_bytes = kind_sizes[kind].align_bytes,
	};

	assert(type_is_aggregate(&proto));
	return type_intern(t, &proto);
}

static uint32_t frame_bytes(uint64_t mode)
{
	return mode == STACK_BUILD_ID ? 32 : 8;
}

uint32_t type_frame_bytes(const struct type *stack)
{
	return frame_bytes(stack->param[1]);
}

/* A count of frames and the frames; a user stack's process and probe, too. */
static uint32_t stack_size(enum type_kind kind, uint64_t limit, uint64_t mode)
{
	return (uint32_t)(limit * frame_bytes(mode) + (kind == TYPE_USTACK ? 16 : 8));
}

const struct type *type_with_params(struct types *t, enum type_kind kind, uint64_t p0, uint64_t p1,
				    uint64_t p2)
{
	struct type proto = { .kind = kind, .align_bytes = 8, .param = { p0, p1, p2 } };
	bool is_stack = kind == TYPE_KSTACK || kind == TYPE_USTACK;

	proto.size_bytes = is_stack ? stack_size(kind, p0, p1) : kind_sizes[kind].size_bytes;
	return type_intern(t, &proto);
}

/* param[2]: the function, and whether values have a sign. */
#define SERIES_SIGNED 16

const struct type *type_series(struct types *t, uint64_t interval, uint64_t count,
			       enum series_function f, bool is_signed)
{
	return type_with_params(t, TYPE_TSERIES, interval, count,
				(uint64_t)f | (is_signed ? SERIES_SIGNED : 0));
}

enum series_function type_series_function(const struct type *t)
{
	return (enum series_function)(t->param[2] & (SERIES_SIGNED - 1));
}

bool type_series_signed(const struct type *t)
{
	return t->param[2] & SERIES_SIGNED;
}

const struct type *type_in_space(struct types *t, const struct type *type, enum type_space space)
{
	struct type proto = *type;

	if (type->kind != TYPE_POINTER && type->kind != TYPE_ARRAY && type->kind != TYPE_STRUCT)
		return type;
	if (type->space == space)
		return type;
	proto.space = space;
	return type_intern(t, &proto);
}

const struct type *type_reached(struct types *t, const struct type *type, enum type_space space)
{
	if (type->kind == TYPE_CHARS)
		return type_string(t, type->size_bytes + 1);
	return type->space == SPACE_NONE ? type_in_space(t, type, space) : type;
}

bool type_is_integer(const struct type *t)
{
	return t->kind == TYPE_INT || t->kind == TYPE_ENUM;
}

bool type_is_aggregate(const struct type *t)
{
	return t->kind >= TYPE_COUNT && t->kind <= TYPE_TSERIES;
}

bool type_is_drawn(const struct type *t)
{
	return t->kind == TYPE_HIST || t->kind == TYPE_LHIST || t->kind == TYPE_TSERIES;
}

bool type_is_castable(const struct type *t)
{
	return t->kind >= TYPE_COUNT && t->kind <= TYPE_AVG;
}
