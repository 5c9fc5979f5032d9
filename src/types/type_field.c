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
