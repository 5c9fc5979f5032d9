/*
 * Builtins that stand for something longer in the language itself.
 *
 * In: a call whose arguments have been counted, but not resolved. Out: in its
 * place the tree that it stands for, resolved.
 */
#include "check/builtin_types.h"

#include <string.h>

static struct node *name_node(struct check *c, struct loc loc, const char *name)
{
	struct node *n = node_new(c->arena, NODE_IDENT, loc);

	n->u.ident.name = name_of(c->names, name);
	return n;
}

static struct node *text_node(struct check *c, struct loc loc, const char *text)
{
	struct node *n = node_new(c->arena, NODE_STRING, loc);

	n->u.string.text = text;
	n->u.string.len = strlen(text);
	(void)c;
	return n;
}

static struct node *field_node(struct check *c, struct node *object, const char *name)
{
	struct node *n = node_new(c->arena, NODE_FIELD, object->loc);

	n->u.field.object = object;
	n->u.field.name = name_of(c->names, name);
	n->u.field.name_loc = object->loc;
	return n;
}

static struct node *call_node(struct check *c, struct loc loc, const char *name,
			      struct node *const *args, size_t count)
{
	struct node *n = node_new(c->arena, NODE_CALL, loc);

	n->u.call.name = name_of(c->names, name);
	n->u.call.name_loc = loc;
	for (size_t i = 0; i < count; i++)
		vec_push(c->arena, &n->u.call.args, args[i]);
	return n;
}

static struct node *statement(struct check *c, struct node *expr)
{
	struct node *n = node_new(c->arena, NODE_EXPR_STMT, expr->loc);

	n->u.unary.operand = expr;
	return n;
}

/* ---- members of the running task, or of another ---- */

static const struct {
	enum builtin_id id;
	const char *relative, *member;
} relatives[] = {
	{ BUILTIN_ppid, "real_parent", "tgid" },
	{ BUILTIN_pcomm, "real_parent", "comm" },
	{ BUILTIN_leader_tid, "group_leader", "pid" },
	{ BUILTIN_leader_comm, "group_leader", "comm" },
};

static struct node *relative(struct check *c, struct node *n)
{
	struct node *task = call_arg(n, 0);

	for (size_t i = 0; i < sizeof(relatives) / sizeof(*relatives); i++) {
		if (relatives[i].id != n->u.call.builtin->id)
			continue;
		if (!task)
			task = name_node(c, n->loc, "curtask");
		return field_node(c, field_node(c, task, relatives[i].relative),
				  relatives[i].member);
	}
	return NULL;
}

/* ---- assert ---- */

/* if (!cond) { errorf("assert failed: %s", message); exit(1); } */
static struct node *assertion(struct check *c, struct node *n)
{
	struct node *yes = node_new(c->arena, NODE_IF, n->loc);
	struct node *negated = node_new(c->arena, NODE_UNARY, n->u.call.args.at[0]->loc);
	struct node *body = node_new(c->arena, NODE_BLOCK, n->loc);
	struct node *status = node_new(c->arena, NODE_INT, n->loc), *values[2];

	negated->u.unary.op = OP_NOT;
	negated->u.unary.operand = n->u.call.args.at[0];
	values[0] = text_node(c, n->loc, "assert failed: %s");
	values[1] = n->u.call.args.at[1];
	status->u.integer.value = 1;
	vec_push(c->arena, &body->u.block.stmts,
		 statement(c, call_node(c, n->loc, "errorf", values, 2)));
	vec_push(c->arena, &body->u.block.stmts,
		 statement(c, call_node(c, n->loc, "exit", &status, 1)));
	yes->u.cond.cond = negated;
	yes->u.cond.then = body;
	return yes;
}

/* ---- the kernel's functions ---- */

/* Is there such a function, and may programs of this type call it? */
static struct node *kfunc_query(struct check *c, struct node *n)
{
	const struct node *name = n->u.call.args.at[0];
	struct node *out = node_new(c->arena, NODE_BOOL, n->loc);
	uint32_t id;

	if (name->kind != NODE_STRING) {
		check_error(c, n->loc, DIAG_LITERAL_REQUIRED, "%s() accepts a string literal only",
			    n->u.call.builtin->name);
		node_set_error(out);
		return out;
	}
	id = c->btf ? kbtf_find(c->btf, name->u.string.text, KBTF_FUNC) : 0;
	out->u.integer.value = id && (n->u.call.builtin->id == BUILTIN_kfunc_exist ||
		c->target->ops->kfunc_loads(c->target->arg, c->prog->provider->prog_type, id));
	return out;
}

/* ---- the table ---- */

typedef struct node *(*shorthand_fn)(struct check *c, struct node *n);

static const shorthand_fn rows[BUILTIN_ID_COUNT] = {
	[BUILTIN_ppid] = relative, [BUILTIN_pcomm] = relative, [BUILTIN_leader_tid] = relative,
	[BUILTIN_leader_comm] = relative, [BUILTIN_assert] = assertion,
	[BUILTIN_kfunc_exist] = kfunc_query, [BUILTIN_kfunc_allowed] = kfunc_query,
};

bool resolve_shorthand(struct check *c, struct node *n)
{
	shorthand_fn make = rows[n->u.call.builtin->id];
	struct node *slot = n;

	if (!make)
		return false;
	*n = *make(c, n);
	resolve_expr(c, &slot);
	if (slot != n)
		*n = *slot;
	return true;
}
