/*
 * Forms that the language once had and that still mean one thing only: rewritten
 * to what is written for them now, with a warning.
 */
#include "check/check_impl.h"

#include "check/builtin_types.h"

#include <ctype.h>
#include <string.h>

/* ---- delete(@a[1], @b[2]) ---- */

static bool deletes_elements(const struct node *n)
{
	if (n->kind != NODE_CALL || strcmp(n->u.call.name, "delete") || n->u.call.args.n < 2)
		return false;
	for (size_t i = 0; i < n->u.call.args.n; i++)
		if (n->u.call.args.at[i]->kind != NODE_MAP_ELEM)
			return false;
	return true;
}

static struct node *delete_one(struct check *c, const struct node *call, struct node *elem)
{
	struct node *stmt = node_new(c->arena, NODE_EXPR_STMT, elem->loc);
	struct node *one = node_new(c->arena, NODE_CALL, call->loc);

	one->u.call.name = call->u.call.name;
	one->u.call.name_loc = call->u.call.name_loc;
	vec_push(c->arena, &one->u.call.args, elem);
	stmt->u.unary.operand = one;
	return stmt;
}

void old_delete(struct check *c, struct node *stmt)
{
	const struct node *call = stmt->u.unary.operand;

	if (!deletes_elements(call))
		return;
	check_hint(c, check_warning(c, call->loc, DIAG_OLD_FORM, "delete() of several elements is "
				    "an old form"),
		   "write a delete(@map, key) for each");
	stmt->kind = NODE_BLOCK;
	memset(&stmt->u, 0, sizeof(stmt->u));
	for (size_t i = 0; i < call->u.call.args.n; i++)
		vec_push(c->arena, &stmt->u.block.stmts,
			 delete_one(c, call, call->u.call.args.at[i]));
}

/* ---- sargN ---- */

/* N of "sargN", or -1. */
static int stack_arg_number(const char *name)
{
	const char *digits = name + 4;

	if (strncmp(name, "sarg", 4) || !isdigit((unsigned char)*digits) || strlen(digits) > 2 ||
	    strspn(digits, "0123456789") != strlen(digits))
		return -1;
	return digits[1] ? (digits[0] - '0') * 10 + digits[1] - '0' : digits[0] - '0';
}

static struct node *stack_pointer(struct check *c, struct loc loc)
{
	struct node *call = node_new(c->arena, NODE_CALL, loc);
	struct node *reg = node_new(c->arena, NODE_STRING, loc);

	reg->u.string.text = "sp";
	reg->u.string.len = 2;
	call->u.call.name = "reg";
	call->u.call.name_loc = loc;
	vec_push(c->arena, &call->u.call.args, reg);
	return call;
}

/* At the start of a function the return address is on top of the stack of x86-64,
 * and the arguments that have no register come after it. */
static struct node *stack_arg_address(struct check *c, struct loc loc, int number)
{
	const struct type *word = type_int(c->types, 8, false);
	struct node *sum = node_new(c->arena, NODE_BINARY, loc);
	struct node *offset = node_new(c->arena, NODE_INT, loc);

	offset->u.integer.value = 8 * ((uint64_t)number + 1);
	sum->u.binary.op = OP_ADD;
	sum->u.binary.left = stack_pointer(c, loc);
	sum->u.binary.right = offset;
	return cast_node(c, sum, type_pointer(c->types, word, c->prog->provider->space, false));
}

bool old_stack_arg(struct check *c, struct node *n)
{
	const unsigned needs = HAS_PT_REGS | HAS_ARGN;
	const char *name = n->u.ident.name;
	int number = stack_arg_number(name);
	struct node *slot = n;

	if (number < 0)
		return false;
	if (strcmp(c->target->arch->name, "x86_64") ||
	    (c->prog->provider->has & needs) != needs) {
		check_hint(c, check_error(c, n->loc, DIAG_UNKNOWN_NAME,
					  "'%s' is no longer part of the language", name),
			   "read the stack: *(reg(\"sp\") + offset)");
		node_set_error(n);
		return true;
	}
	check_hint(c, check_warning(c, n->loc, DIAG_OLD_FORM, "%s is an old form", name),
		   "write *(uint64 *)(reg(\"sp\") + %d)", 8 * (number + 1));
	n->kind = NODE_UNARY;
	memset(&n->u, 0, sizeof(n->u));
	n->u.unary.op = OP_DEREF;
	n->u.unary.operand = stack_arg_address(c, n->loc, number);
	resolve_expr(c, &slot);
	return true;
}
