/*
 * `args` as a value: where it is printed or kept as a whole, it becomes a record
 * of the arguments that can be read, each by its name.
 */
#include "check/check_impl.h"

static bool is_args(const struct node *n)
{
	return n && (is_call_of(n, BUILTIN_args) ||
		     (n->kind == NODE_UNARY && n->u.unary.op == OP_DEREF &&
		      is_args(n->u.unary.operand)));
}

/* Structs and arrays by value lie in the context, from which no copy is made. */
static bool is_plain(const struct type_field *f)
{
	return f->name && (type_is_integer(f->type) || f->type->kind == TYPE_BOOL ||
			   f->type->kind == TYPE_POINTER);
}

static struct node *argument(struct check *c, struct loc loc, const char *name)
{
	struct node *n = node_new(c->arena, NODE_FIELD, loc);

	n->u.field.object = node_new(c->arena, NODE_IDENT, loc);
	n->u.field.object->u.ident.name = name_of(c->names, "args");
	n->u.field.name = name;
	resolve_expr(c, &n);
	return n;
}

/* Functions have parameters; the fields of a tracepoint are no value of C. */
static bool has_parameters(const struct check *c)
{
	const struct prog *p = c->prog;

	return p && p->args && p->provider->has & HAS_ARGS &&
	       p->provider->attach != ATTACH_BTF_TRACEPOINT &&
	       (p->provider->prog_type == BPF_PROG_TYPE_TRACING ||
		attach_is_user(p->provider->attach));
}

static void spell_out(struct check *c, struct node **slot)
{
	struct node *args = *slot, *record;
	const struct type_field *fields;
	size_t count;

	if (!is_args(args) || !has_parameters(c))
		return;
	fields = type_struct_fields(c->types, c->prog->args, &count);
	record = node_new(c->arena, NODE_RECORD, args->loc);
	for (size_t i = 0; i < count; i++) {
		if (!is_plain(&fields[i]))
			continue;
		vec_push(c->arena, &record->u.tuple.items,
			 argument(c, args->loc, fields[i].name));
		vec_push(c->arena, &record->u.tuple.labels, fields[i].name);
	}
	if (record->u.tuple.items.n)
		*slot = record;
}

void resolve_whole_args(struct check *c, struct node *n)
{
	if (is_call_of(n, BUILTIN_print) && n->u.call.args.n)
		spell_out(c, &n->u.call.args.at[0]);
	else if (n->kind == NODE_ASSIGN && (n->u.assign.target->kind == NODE_MAP ||
					    n->u.assign.target->kind == NODE_MAP_ELEM))
		spell_out(c, &n->u.assign.value);
}
