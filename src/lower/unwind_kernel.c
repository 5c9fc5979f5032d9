/*
 * Members of the kernel's structs, for unwinding: what an object is made of depends on the
 * kernel, and its BTF says it.
 */
#include "lower/internal.h"
#include "lower/unwind.h"

#include "types/kbtf.h"

struct type_struct *unwind_struct(struct gen *g, const char *name)
{
	const struct type *t = kbtf_type_by_name(g->c->btf, g->c->types, KBTF_STRUCT_NAME, name);

	return t && t->kind == TYPE_STRUCT ? t->structure : NULL;
}

bool unwind_has_field(struct gen *g, struct type_struct *s, const char *name, uint32_t *at)
{
	return s && type_field_find(g->c->types, s, name_of(g->c->names, name), at);
}

bool unwind_has_inner_field(struct gen *g, struct type_struct *s, const char *member,
			    const char *name, uint32_t *at)
{
	const struct type_field *f;
	uint32_t within;

	f = s ? type_field_find(g->c->types, s, name_of(g->c->names, member), at) : NULL;
	if (!f || f->type->kind != TYPE_STRUCT ||
	    !unwind_has_field(g, f->type->structure, name, &within))
		return false;
	*at += within;
	return true;
}

bool unwind_has_fields(struct gen *g, const struct unwind_need *needed, size_t n)
{
	uint32_t at;

	for (size_t i = 0; i < n; i++)
		if (!unwind_has_field(g, unwind_struct(g, needed[i].type), needed[i].field, &at))
			return false;
	return true;
}

struct ir_insn *unwind_load(struct gen *g, struct unwind_object o, uint32_t offset,
			    unsigned size)
{
	struct place p = lower_at(o.at, (int32_t)offset);

	p.root = o.type;
	if (o.at->type != IR_KPTR)
		p.kind = PLACE_KERNEL;
	return lower_load(g, p, type_int(g->c->types, size, false));
}

struct ir_insn *unwind_member(struct gen *g, struct unwind_object o, const char *name,
			      unsigned size)
{
	uint32_t offset = 0;

	(void)unwind_has_field(g, o.type, name, &offset);
	return unwind_load(g, o, offset, size);
}
