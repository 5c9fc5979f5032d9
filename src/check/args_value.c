/*
 * `args` as a value: where it is printed, kept or compared as a whole, it becomes
 * a record of the arguments that can be read, each by its name.
 *
 * The arguments of a function or raw tracepoint lie in registers and slots, so no
 * copy of them can be made at once. Those of a tracepoint are its record in the
 * kernel, which is copied as it is.
 */
#include "check/check_impl.h"
#include "check/builtin.h"

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

/* ---- one argument ---- */

#define MAX_STEPS 64	/* a variable may have been set to itself, which is told elsewhere */

/* What a value was made of: casts to as many bytes, and variables that are set once,
 * change nothing. */
static const struct node *origin(const struct node *n)
{
	for (int i = 0; i < MAX_STEPS; i++) {
		if (n->kind == NODE_CAST && n->type && n->type->size_bytes == 8)
			n = n->u.cast.operand;
		else if (n->kind == NODE_VAR && n->u.var.var->nr_assigned == 1 &&
			 n->u.var.var->only_value)
			n = n->u.var.var->only_value;
		else if (n->kind == NODE_BLOCK && !n->u.block.stmts.n && n->u.block.value)
			n = n->u.block.value;	/* a macro's parameter */
		else
			break;
	}
	return n;
}

static const char *name_at(struct check *c, uint32_t offset)
{
	const struct type_field *fields;
	size_t count;

	fields = type_struct_fields(c->types, c->prog->args, &count);
	for (size_t i = 0; i < count; i++)
		if (fields[i].offset_bytes == offset)
			return fields[i].name;
	return NULL;
}

static const char *argument_name(struct check *c, const struct node *n)
{
	const struct type *t;

	if (is_call_of(n, BUILTIN_arg))
		return name_at(c, (uint32_t)n->u.call.args.at[0]->u.integer.value * 8);
	if (n->kind != NODE_FIELD)
		return NULL;
	t = n->u.field.object->type;
	return t && t->space == SPACE_CONTEXT && t->structure == c->prog->args ? n->u.field.name
									       : NULL;
}

struct node *args_find_argument(struct check *c, struct node *n)
{
	const struct node *from = origin(n);
	const char *name;
	struct node *args, *field;

	if (!(c->prog->provider->has & HAS_ARGS))
		return NULL;
	if (is_call_of(from, BUILTIN_retval)) {
		field = node_new(c->arena, NODE_CALL, n->loc);
		*field = *from;
		return field;
	}
	c->prog->args = provider_args(&c->probe_ctx, c->prog->sites[0], n->loc);
	name = c->prog->args ? argument_name(c, from) : NULL;
	if (!name)
		return NULL;
	args = node_new(c->arena, NODE_CALL, n->loc);
	args->u.call.builtin = &builtins[BUILTIN_args];
	args->u.call.name = name_of(c->names, "args");
	field = argument(c, args, name);
	infer_expr(c, field);
	return field;
}
