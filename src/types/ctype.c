/*
 * Types of C: made of each other, completed from BTF, turned into the
 * language's types.
 */
#include "types/cdefs_impl.h"

#include <string.h>

static struct ctype *new_type(struct cdefs *c, enum ctype_kind kind, uint32_t size_bytes,
			      uint32_t align_bytes)
{
	struct ctype *t = arena_new(c->arena, struct ctype);

	t->kind = kind;
	t->size_bytes = size_bytes;
	t->align_bytes = align_bytes;
	t->is_sized = true;
	return t;
}

void ctypes_init(struct cdefs *c)
{
	struct ctype *t;

	for (unsigned i = 0; i < 4; i++)
		for (unsigned is_signed = 0; is_signed < 2; is_signed++) {
			t = new_type(c, CTYPE_INT, 1u << i, 1u << i);
			t->is_signed = is_signed;
			c->integers[is_signed][i] = t;
		}
	t = new_type(c, CTYPE_INT, 1, 1);
	t->is_signed = c->env.char_is_signed;
	t->is_char = true;
	c->char_ = t;
	c->bool_ = new_type(c, CTYPE_BOOL, 1, 1);
	c->opaque16 = new_type(c, CTYPE_OPAQUE, 16,
			       c->env.max_align_bytes ? c->env.max_align_bytes : 16);
	/* GNU C: sizeof(void) is 1. */
	t = new_type(c, CTYPE_VOID, 1, 1);
	c->void_ = t;
}

const struct ctype *ctype_int(struct cdefs *c, uint32_t size_bytes, bool is_signed)
{
	return c->integers[is_signed][size_bytes == 8 ? 3 : size_bytes / 2];
}

const struct ctype *ctype_pointer(struct cdefs *c, const struct ctype *target, bool is_user)
{
	struct ctype *t = new_type(c, CTYPE_POINTER, 8, 8);

	t->target = target->depth < CDECL_DEPTH_MAX ? target : c->void_;
	t->depth = (uint16_t)(t->target->depth + 1);
	t->is_user = is_user;
	return t;
}

const struct ctype *ctype_array(struct cdefs *c, const struct ctype *target, uint64_t count)
{
	struct ctype *t;

	if (target->size_bytes && count > CTYPE_BYTES_MAX / target->size_bytes)
		return NULL;
	if (count > CTYPE_BYTES_MAX || target->depth >= CDECL_DEPTH_MAX)
		return NULL;
	t = new_type(c, CTYPE_ARRAY, target->size_bytes * (uint32_t)count, target->align_bytes);
	t->target = target;
	t->count = (uint32_t)count;
	t->depth = (uint16_t)(target->depth + 1);
	return t;
}

const struct ctype *ctype_opaque(struct cdefs *c, uint32_t size_bytes, uint32_t align_bytes)
{
	return new_type(c, CTYPE_OPAQUE, size_bytes, align_bytes);
}

const struct ctype *ctype_function(struct cdefs *c)
{
	return new_type(c, CTYPE_FUNCTION, 1, 1);
}

const struct ctype *ctype_aligned(struct cdefs *c, const struct ctype *t, uint32_t align_bytes)
{
	struct ctype *copy = arena_new(c->arena, struct ctype);

	*copy = *t;
	copy->align_bytes = align_bytes;
	return copy;
}

/* ---- from BTF ---- */

#define ALIGN_VISITS	10000

/* BTF has no alignments: a struct's is its members' largest, unless they or its
 * size are no multiples of it. */
static uint32_t align_of(struct cdefs *c, const struct type *t, int *visits)
{
	const struct type_field *fields;
	uint32_t align = 1, size = t->size_bytes;
	size_t n;

	if (t->kind == TYPE_ARRAY)
		return align_of(c, t->target, visits);
	if (t->kind != TYPE_STRUCT)
		return t->kind == TYPE_CHARS || !t->align_bytes ? 1 : t->align_bytes;
	if (++*visits > ALIGN_VISITS)
		return t->align_bytes;
	fields = type_struct_fields(c->types, t->structure, &n);
	for (size_t i = 0; i < n; i++) {
		uint32_t own = align_of(c, fields[i].type, visits);

		if (own > align && fields[i].offset_bytes % own == 0 && size % own == 0)
			align = own;
	}
	return align;
}

static const struct ctype *from_known(struct cdefs *c, const struct type *known)
{
	struct ctype *t;
	int visits = 0;

	switch (known->kind) {
	case TYPE_VOID:
		return c->void_;
	case TYPE_BOOL:
		return c->bool_;
	case TYPE_INT:
		return ctype_int(c, known->size_bytes, known->is_signed);
	default:
		t = new_type(c, CTYPE_KNOWN, known->size_bytes, align_of(c, known, &visits));
		t->known = known;
		t->is_sized = known->kind != TYPE_STRUCT || known->size_bytes;
		return t;
	}
}

const struct ctype *ctype_by_name(struct cdefs *c, const char *name)
{
	const struct type *known = kbtf_type_by_name(c->env.btf, c->types, KBTF_ANY_NAME, name);

	return known && known->kind != TYPE_ERROR ? from_known(c, known) : NULL;
}

const struct ctype *ctype_complete(struct cdefs *c, const struct ctype *t)
{
	const struct type *known;

	if (!t->tag || t->tag->is_defined || !t->tag->name || !c->env.btf)
		return t;
	known = kbtf_type_by_name(c->env.btf, c->types, t->tag->keyword, t->tag->name);
	return known && known->kind != TYPE_ERROR ? from_known(c, known) : t;
}

/* ---- to the language ---- */

static void make_field(struct cdefs *c, struct type_struct *s, const struct cfield *f,
		       struct type_field *out)
{
	out->name = f->name;
	out->type = ctype_make(c, f->type);
	if (out->type->kind == TYPE_VOID)
		out->type = c->types->error;
	out->offset_bytes = (uint32_t)(f->at_bits / 8);
	out->is_anonymous = !f->name && out->type->kind == TYPE_STRUCT;
	out->user_tag = f->type->kind == CTYPE_POINTER && f->type->is_user;
	if (f->is_bitfield)
		type_field_place_bits(c->types, out, (uint32_t)f->at_bits, f->bits, s->size_bytes);
}

static void load_fields(struct types *types, struct type_struct *s, void *arg)
{
	const struct ctag *tag = arg;
	struct type_field *fields = arena_array(types->arena, struct type_field, tag->fields.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < tag->fields.n; i++)
		if (!tag->fields.at[i].is_bitfield || tag->fields.at[i].name)
			make_field(tag->c, s, &tag->fields.at[i], &fields[n++]);
	s->fields = fields;
	s->nr_fields = n;
}

static const struct type *make_record(struct ctag *tag)
{
	struct type_struct *s = arena_new(tag->c->arena, struct type_struct);

	s->name = tag->name;
	s->is_union = tag->keyword == KBTF_UNION_NAME;
	s->size_bytes = tag->type->size_bytes;
	s->load = load_fields;
	s->load_arg = tag;
	return type_structure(tag->c->types, s, SPACE_NONE, false);
}

static const struct type *make_enum(struct ctag *tag)
{
	struct type_enum *e = arena_new(tag->c->arena, struct type_enum);

	e->name = tag->name;
	e->is_signed = tag->type->is_signed;
	e->items = tag->items.at;
	e->nr_items = tag->items.n;
	return type_enum(tag->c->types, e, tag->type->size_bytes);
}

static bool is_of_kernel(const struct ctag *tag)
{
	const struct cdefs_env *env = &tag->c->env;
	const struct source *source = source_find(env->diags, tag->loc.begin);

	for (size_t i = 0; tag->in_header && source && i < env->nr_kernel_dirs; i++) {
		const char *dir = env->include_dirs[env->first_kernel_dir + i];

		if (!strncmp(source->name, dir, strlen(dir)))
			return true;
	}
	return false;
}

/* What the kernel's own headers define is BTF's, if both agree: only that is one
 * type with what probes give, and known to the kernel. */
static const struct type *find_in_btf(const struct ctag *tag)
{
	const struct type *known;

	if (!tag->name || !tag->c->env.btf || !is_of_kernel(tag))
		return NULL;
	known = kbtf_type_by_name(tag->c->env.btf, tag->c->types, tag->keyword, tag->name);
	return known && known->size_bytes == tag->type->size_bytes ? known : NULL;
}

const struct type *ctag_make(struct ctag *tag)
{
	if (!tag->made)
		tag->made = find_in_btf(tag);
	if (!tag->made)
		tag->made = tag->keyword == KBTF_ENUM_NAME ? make_enum(tag) : make_record(tag);
	return tag->made;
}

static const struct type *make_tagged(struct cdefs *c, const struct ctype *t)
{
	const struct ctype *whole = ctype_complete(c, t);

	return whole->kind == CTYPE_KNOWN ? whole->known : ctag_make(t->tag);
}

static const struct type *make_pointer(struct cdefs *c, const struct ctype *t)
{
	const struct type *target = ctype_make(c, t->target);

	if (target->kind == TYPE_ERROR)
		target = c->types->void_;
	return type_pointer(c->types, target, t->is_user ? SPACE_USER : SPACE_NONE, false);
}

static const struct type *make_array(struct cdefs *c, const struct ctype *t)
{
	const struct type *element;

	if (t->target->is_char && t->count)
		return type_chars(c->types, t->count, true);
	element = ctype_make(c, t->target);
	if (element->kind == TYPE_ERROR || element->kind == TYPE_VOID)
		return c->types->error;
	return type_array(c->types, element, t->count, SPACE_NONE);
}

const struct type *ctype_make(struct cdefs *c, const struct ctype *t)
{
	switch (t->kind) {
	case CTYPE_VOID:
		return c->types->void_;
	case CTYPE_BOOL:
		return c->types->bool_;
	case CTYPE_INT:
		return type_int(c->types, t->size_bytes, t->is_signed);
	case CTYPE_POINTER:
		return make_pointer(c, t);
	case CTYPE_ARRAY:
		return make_array(c, t);
	case CTYPE_RECORD:
	case CTYPE_ENUM:
		return make_tagged(c, t);
	case CTYPE_KNOWN:
		return t->known;
	default:
		return c->types->error;
	}
}
