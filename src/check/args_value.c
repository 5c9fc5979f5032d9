/*
 * `args` as a value: where it is printed, kept or compared as a whole, it becomes
 * a record of the arguments that can be read, each by its name.
 *
 * The arguments of a function or raw tracepoint lie in registers and slots, so no
 * copy of them can be made at once. Those of a tracepoint are its record in the
 * kernel, which is copied as it is.
 */
#include "check/check_impl.h"

#include <string.h>

/* What stands for all arguments and can be written again for each of them. */
static bool is_whole_args(const struct check *c, const struct node *n)
{
	return (is_call_of(n, BUILTIN_args) || n->kind == NODE_VAR) && n->type &&
	       n->type->kind == TYPE_STRUCT && n->type->space == SPACE_CONTEXT &&
	       c->prog && n->type->structure == c->prog->args && is_part_context(c, n->type);
}

static bool is_readable(const struct type_field *f)
{
	return f->name && f->type->kind != TYPE_ERROR && f->type->kind != TYPE_VOID &&
	       !f->percpu_tag;
}

static struct node *argument(struct check *c, struct node *args, const char *name)
{
	struct node *n = node_new(c->arena, NODE_FIELD, args->loc);

	n->u.field.object = args;
	n->u.field.name = name;
	n->u.field.name_loc = args->loc;
	return n;
}

const struct type *args_become_record(struct check *c, struct node *n)
{
	const struct type_field *fields;
	struct node *args;
	size_t count;

	if (!is_whole_args(c, n))
		return n->type;
	fields = type_struct_fields(c->types, n->type->structure, &count);
	args = node_new(c->arena, n->kind, n->loc);
	*args = *n;
	n->kind = NODE_RECORD;
	memset(&n->u, 0, sizeof(n->u));
	for (size_t i = 0; i < count; i++) {
		if (!is_readable(&fields[i]))
			continue;
		vec_push(c->arena, &n->u.tuple.items, argument(c, args, fields[i].name));
		vec_push(c->arena, &n->u.tuple.labels, fields[i].name);
	}
	return n->type = infer_expr(c, n);
}

bool args_are_packed(const struct check *c, const struct type *t)
{
	return c->prog && c->prog->args && t->kind == TYPE_STRUCT &&
	       t->structure == c->prog->args && attach_is_user(c->prog->provider->attach);
}

uint32_t args_packed_offset(struct check *c, const struct type *t, const char *name)
{
	const struct type_field *fields;
	uint32_t offset = 0;
	size_t count;

	fields = type_struct_fields(c->types, t->structure, &count);
	for (size_t i = 0; i < count && fields[i].name != name; i++)
		offset += fields[i].type->size_bytes;
	return offset;
}
