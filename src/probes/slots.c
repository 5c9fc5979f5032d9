/*
 * Arguments in slots: the context of typed programs (BTF tracepoints, fentry,
 * fexit) is an array of 64-bit words. An argument takes one, a struct by value
 * of more than 8 bytes two.
 */
#include "probes/probes_impl.h"

#include "types/kbtf.h"

const struct type *slot_value_type(struct probe_ctx *c, const struct type *t)
{
	bool trusted;

	if (t->kind != TYPE_POINTER)
		return t;
	trusted = t->target->kind == TYPE_STRUCT && t->space != SPACE_USER;
	return type_pointer(c->types, t->target, t->space == SPACE_USER ? SPACE_USER : SPACE_KERNEL,
			    trusted);
}

static uint32_t slot_bytes(const struct type *t)
{
	uint32_t size = t->kind == TYPE_STRUCT ? t->structure->size_bytes : t->size_bytes;

	return size > 8 ? (size + 7) / 8 * 8 : 8;
}

struct type_struct *slot_struct(struct probe_ctx *c, const char *name,
				const struct kbtf_param *params, uint32_t first, uint32_t count)
{
	struct type_struct *s = arena_new(c->arena, struct type_struct);
	struct type_field *fields = arena_array(c->arena, struct type_field, count + 1);
	uint32_t offset = 0;

	for (uint32_t i = first; i < count; i++) {
		struct type_field *f = &fields[i - first];

		f->name = name_of(c->names, params[i].name);
		f->type = slot_value_type(c, params[i].type);
		f->offset_bytes = offset;
		offset += slot_bytes(f->type);
	}
	s->name = name_of(c->names, name);
	s->fields = fields;
	s->nr_fields = count > first ? count - first : 0;
	s->size_bytes = offset;
	s->loaded = true;
	return s;
}
