/*
 * Types of BTF as types of the language.
 *
 * In: an id. Out: the interned type that values and members of it have.
 * Structs come without their members, which are read when first asked for.
 * Chains of pointers, arrays and typedefs are followed only so far: the input
 * may contain cycles.
 */
#include "types/kbtf_impl.h"

#include <errno.h>
#include <string.h>

#define MAX_CHAIN	32	/* typedefs and qualifiers in a row */
#define MAX_NESTING	16	/* pointers and arrays within each other */

/* Encoding of INT, in its word. */
#define INT_SIGNED	1
#define INT_BOOL	4

static const struct type *convert(struct kbtf *b, uint32_t id, int nesting);

static bool is_qualifier(enum kbtf_kind kind)
{
	return kind == KBTF_TYPEDEF || kind == KBTF_CONST || kind == KBTF_VOLATILE ||
	       kind == KBTF_RESTRICT || kind == KBTF_TYPE_TAG;
}

/* Tags found on the way to a type. */
struct tags {
	bool user, percpu, rcu;
};

static void note_tag(struct tags *tags, const char *name)
{
	if (!strcmp(name, "user"))
		tags->user = true;
	else if (!strcmp(name, "percpu"))
		tags->percpu = true;
	else if (!strcmp(name, "rcu"))
		tags->rcu = true;
}

static uint32_t peel(struct kbtf *b, uint32_t id, struct tags *tags)
{
	for (int i = 0; i < MAX_CHAIN; i++) {
		const struct kbtf_raw *r = kbtf_raw(b, id);

		if (!r || !is_qualifier(kbtf_raw_kind(r)))
			return id;
		if (tags && kbtf_raw_kind(r) == KBTF_TYPE_TAG)
			note_tag(tags, kbtf_string(b, r->name_off));
		id = r->size_or_type;
	}
	return 0;
}

uint32_t kbtf_peel(struct kbtf *b, uint32_t id)
{
	return peel(b, id, NULL);
}

static bool is_integer_size(uint32_t size_bytes)
{
	return size_bytes == 1 || size_bytes == 2 || size_bytes == 4 || size_bytes == 8;
}

static const struct type *convert_int(struct kbtf *b, const struct kbtf_raw *r)
{
	uint32_t encoding = kbtf_raw_words(r)[0] >> 24;

	if (!is_integer_size(r->size_or_type))
		return b->types->error;
	if (encoding & INT_BOOL && r->size_or_type == 1)
		return b->types->bool_;
	return type_int(b->types, r->size_or_type, encoding & INT_SIGNED);
}

/* Arrays of bytes are text, as far as the language goes. */
static const struct type *convert_array(struct kbtf *b, const struct kbtf_raw *r, int nesting)
{
	const uint32_t *words = kbtf_raw_words(r);	/* element, index, count */
	const struct type *element = convert(b, words[0], nesting + 1);

	if (element->kind == TYPE_ERROR || element->kind == TYPE_VOID)
		return b->types->error;
	if (element->kind == TYPE_INT && element->size_bytes == 1 && words[2])
		return type_chars(b->types, words[2], false);
	return type_array(b->types, element, words[2], SPACE_NONE);
}

/* Functions, floats and the like are reached as void. */
static const struct type *convert_pointer(struct kbtf *b, const struct kbtf_raw *r, int nesting)
{
	struct tags tags = { 0 };
	const struct type *target;

	target = convert(b, peel(b, r->size_or_type, &tags), nesting + 1);
	if (target->kind == TYPE_ERROR)
		target = b->types->void_;
	return type_pointer(b->types, target, tags.user ? SPACE_USER : SPACE_NONE, false);
}

static void load_enumerators(struct kbtf *b, const struct kbtf_raw *r, struct type_enum *e)
{
	const uint32_t *words = kbtf_raw_words(r);
	bool wide = kbtf_raw_kind(r) == KBTF_ENUM64;
	uint32_t step = wide ? 3 : 2, count = kbtf_raw_vlen(r);
	struct type_enumerator *items = arena_array(b->types->arena, struct type_enumerator, count);

	for (uint32_t i = 0; i < count; i++, words += step) {
		uint64_t value = words[1];

		if (wide)
			value |= (uint64_t)words[2] << 32;
		else if (e->is_signed)
			value = (uint64_t)(int32_t)words[1];
		items[i].name = name_of(b->types->names, kbtf_string(b, words[0]));
		items[i].value = value;
	}
	e->items = items;
	e->nr_items = count;
}

/* Interned, or NULL for none. */
static const char *optional_name(struct kbtf *b, const struct kbtf_raw *r)
{
	const char *name = kbtf_string(b, r->name_off);

	return *name ? name_of(b->types->names, name) : NULL;
}

static const void *id_key(uint32_t id)
{
	return (const void *)((uintptr_t)id + 1);
}

static const struct type *convert_enum(struct kbtf *b, uint32_t id, const struct kbtf_raw *r)
{
	struct type_enum *e = pmap_find(&b->made, id_key(id));

	if (!is_integer_size(r->size_or_type))
		return b->types->error;
	if (!e) {
		e = arena_new(b->types->arena, struct type_enum);
		e->name = optional_name(b, r);
		e->is_signed = kbtf_raw_flag(r);
		load_enumerators(b, r, e);
		pmap_set(&b->made, id_key(id), e);
	}
	return type_enum(b->types, e, r->size_or_type);
}

/* A member of an INT type may be fewer bits than that: by its own word in
 * structs with kind_flag, by the INT's word before. */
static uint32_t bitfield_bits(struct kbtf *b, uint32_t member_type, uint32_t word, bool flag,
			      uint32_t *bit_off)
{
	const struct kbtf_raw *r;
	uint32_t encoding;

	*bit_off = flag ? word & 0xffffff : word;
	if (flag)
		return word >> 24;
	r = kbtf_raw(b, kbtf_peel(b, member_type));
	if (!r || kbtf_raw_kind(r) != KBTF_INT)
		return 0;
	encoding = kbtf_raw_words(r)[0];
	*bit_off += encoding >> 16 & 0xff;
	return (encoding & 0xff) < r->size_or_type * 8 ? encoding & 0xff : 0;
}

static void note_pointer_tags(struct kbtf *b, struct type_field *f, uint32_t id)
{
	const struct kbtf_raw *r = kbtf_raw(b, kbtf_peel(b, id));
	struct tags tags = { 0 };

	if (!r || kbtf_raw_kind(r) != KBTF_PTR)
		return;
	peel(b, r->size_or_type, &tags);
	f->user_tag = tags.user;
	f->percpu_tag = tags.percpu;
	f->rcu_tag = tags.rcu;
}

/* words: name, type, offset in bits (and size, with kind_flag). */
static void load_member(struct kbtf *b, struct type_field *f, const uint32_t *words, bool flag,
			uint32_t struct_bytes)
{
	const char *name = kbtf_string(b, words[0]);
	uint32_t bit_off, bits = bitfield_bits(b, words[1], words[2], flag, &bit_off);

	f->type = convert(b, words[1], 0);
	if (f->type->kind == TYPE_VOID)
		f->type = b->types->error;
	f->offset_bytes = bit_off / 8;
	if (bits)
		type_field_place_bits(b->types, f, bit_off, bits, struct_bytes);
	if (f->type->kind == TYPE_POINTER)
		note_pointer_tags(b, f, words[1]);
	if (*name)
		f->name = name_of(b->types->names, name);
	else
		f->is_anonymous = f->type->kind == TYPE_STRUCT;
}

static void load_struct(struct types *t, struct type_struct *s, void *arg)
{
	struct kbtf *b = arg;
	const struct kbtf_raw *r = kbtf_raw(b, s->btf_id);
	uint32_t count = kbtf_raw_vlen(r);
	struct type_field *fields = arena_array(t->arena, struct type_field, count);

	for (uint32_t i = 0; i < count; i++)
		load_member(b, &fields[i], kbtf_raw_words(r) + 3 * i, kbtf_raw_flag(r),
			    r->size_or_type);
	s->fields = fields;
	s->nr_fields = count;
}

/* A forward declaration: the definition is elsewhere, if there is one. */
static void load_forward(struct types *t, struct type_struct *s, void *arg)
{
	struct kbtf *b = arg;
	uint32_t id = kbtf_find(b, s->name ? s->name : "", s->is_union ? KBTF_UNION : KBTF_STRUCT);
	const struct kbtf_raw *r = kbtf_raw(b, id);

	if (!r)
		return;
	s->btf_id = id;
	s->is_vmlinux = !b->base || id < b->first_id;
	s->size_bytes = r->size_or_type;
	load_struct(t, s, b);
}

static const struct type *convert_struct(struct kbtf *b, uint32_t id, const struct kbtf_raw *r)
{
	struct type_struct *s = pmap_find(&b->made, id_key(id));
	bool is_forward = kbtf_raw_kind(r) == KBTF_FWD;

	if (s)
		return type_structure(b->types, s, SPACE_NONE, false);
	s = arena_new(b->types->arena, struct type_struct);
	s->name = optional_name(b, r);
	s->is_union = is_forward ? kbtf_raw_flag(r) : kbtf_raw_kind(r) == KBTF_UNION;
	s->is_vmlinux = !b->base;
	s->btf_id = is_forward ? 0 : id;
	s->size_bytes = is_forward ? 0 : r->size_or_type;
	s->load = is_forward ? load_forward : load_struct;
	s->load_arg = b;
	pmap_set(&b->made, id_key(id), s);
	return type_structure(b->types, s, SPACE_NONE, false);
}

static const struct type *convert(struct kbtf *b, uint32_t id, int nesting)
{
	const struct kbtf_raw *r;

	id = kbtf_peel(b, id);
	if (!id)
		return b->types->void_;
	if (nesting > MAX_NESTING)
		return b->types->error;
	/* The base's own types are the base's to remember. */
	if (b->base && id < b->first_id)
		return convert(b->base, id, nesting);
	r = kbtf_raw(b, id);
	if (!r)
		return b->types->error;
	switch (kbtf_raw_kind(r)) {
	case KBTF_INT:
		return convert_int(b, r);
	case KBTF_PTR:
		return convert_pointer(b, r, nesting);
	case KBTF_ARRAY:
		return convert_array(b, r, nesting);
	case KBTF_STRUCT:
	case KBTF_UNION:
	case KBTF_FWD:
		return convert_struct(b, id, r);
	case KBTF_ENUM:
	case KBTF_ENUM64:
		return convert_enum(b, id, r);
	default:
		return b->types->error;
	}
}

const struct type *kbtf_type(struct kbtf *b, uint32_t id)
{
	return convert(b, id, 0);
}

/* The FUNC_PROTO that a function, pointer or typedef leads to. */
static const struct kbtf_raw *find_proto(struct kbtf *b, uint32_t id)
{
	for (int i = 0; i < MAX_NESTING; i++) {
		const struct kbtf_raw *r = kbtf_raw(b, kbtf_peel(b, id));

		if (!r || kbtf_raw_kind(r) == KBTF_FUNC_PROTO)
			return r;
		if (kbtf_raw_kind(r) != KBTF_FUNC && kbtf_raw_kind(r) != KBTF_PTR)
			return NULL;
		id = r->size_or_type;
	}
	return NULL;
}

int kbtf_proto(struct kbtf *b, uint32_t id, struct kbtf_proto *out)
{
	const struct kbtf_raw *r = find_proto(b, id);
	struct kbtf_param *params;
	const uint32_t *words;
	uint32_t count;

	if (!r)
		return -ENOENT;
	words = kbtf_raw_words(r);
	count = kbtf_raw_vlen(r);
	memset(out, 0, sizeof(*out));
	if (count && !words[2 * count - 2] && !words[2 * count - 1]) {
		out->is_variadic = true;
		count--;
	}
	params = arena_array(b->types->arena, struct kbtf_param, count);
	for (uint32_t i = 0; i < count; i++) {
		params[i].name = kbtf_string(b, words[2 * i]);
		params[i].id = words[2 * i + 1];
		params[i].type = kbtf_type(b, params[i].id);
	}
	out->params = params;
	out->nr_params = count;
	out->return_id = r->size_or_type;
	out->return_type = kbtf_type(b, r->size_or_type);
	return 0;
}
