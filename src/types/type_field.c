/*
 * Members of C structs: read when first asked for, found by name.
 *
 * In: a struct that knows where its members come from. Out: its fields, or one
 * of them, looked for through anonymous members. BTF is input, so structs may
 * contain themselves: a search visits a bounded number of structs.
 */
#include "types/type.h"

#include <string.h>

#define MAX_DEPTH	16
#define MAX_VISITS	1000

const struct type_field *type_struct_fields(struct types *t, struct type_struct *s, size_t *count)
{
	if (!s->loaded) {
		s->loaded = true;
		if (s->load)
			s->load(t, s, s->load_arg);
	}
	*count = s->nr_fields;
	return s->fields;
}

/* Choose the unit to load: the one that C would, unless it crosses the end of
 * the struct or the field crosses the unit's end (packed structs). */
void type_field_place_bits(struct types *t, struct type_field *f, uint32_t bit_off, uint32_t bits,
			   uint32_t struct_bytes)
{
	uint64_t unit = f->type->size_bytes, first = unit ? bit_off / (unit * 8) * unit : 0;

	if (!type_is_integer(f->type) && f->type->kind != TYPE_BOOL) {
		f->type = t->error;
		return;
	}
	if (first + unit > struct_bytes && struct_bytes >= unit)
		first = struct_bytes - unit;
	if ((uint64_t)bit_off + bits > (first + unit) * 8)
		first = bit_off / 8;
	if (bit_off < first * 8 || (uint64_t)bit_off + bits > (first + unit) * 8) {
		f->type = t->error;
		return;
	}
	f->offset_bytes = (uint32_t)first;
	f->bit_offset = (uint8_t)(bit_off - first * 8);
	f->bit_size = (uint8_t)bits;
}

struct search {
	struct types *types;
	const char *name;
	uint32_t offset_bytes;	/* of the struct around the field found */
	int visits, depth;
};

static const struct type_field *search_struct(struct search *at, struct type_struct *s);

/* Search the anonymous members of `fields`. */
static const struct type_field *search_inner(struct search *at, const struct type_field *fields,
					     size_t count)
{
	const struct type_field *found = NULL;

	if (at->depth == MAX_DEPTH)
		return NULL;
	at->depth++;
	for (size_t i = 0; i < count && !found; i++) {
		if (!fields[i].is_anonymous || fields[i].type->kind != TYPE_STRUCT)
			continue;
		found = search_struct(at, fields[i].type->structure);
		if (found)
			at->offset_bytes += fields[i].offset_bytes;
	}
	at->depth--;
	return found;
}

static const struct type_field *search_struct(struct search *at, struct type_struct *s)
{
	size_t count;
	const struct type_field *fields = type_struct_fields(at->types, s, &count);

	if (++at->visits > MAX_VISITS)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (fields[i].name && !strcmp(fields[i].name, at->name))
			return &fields[i];
	return search_inner(at, fields, count);
}

const struct type_field *type_field_find(struct types *t, struct type_struct *s, const char *name,
					 uint32_t *offset_bytes)
{
	struct search at = { .types = t, .name = name };
	const struct type_field *found = search_struct(&at, s);

	if (found && offset_bytes)
		*offset_bytes = at.offset_bytes + found->offset_bytes;
	return found;
}
