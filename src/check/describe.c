/*
 * What a finished program does, as flags for lowering and attaching.
 */
#include "check/check_impl.h"
#include "probes/usdt_arg.h"

static bool is_map(const struct node *n)
{
	return n->kind == NODE_MAP || n->kind == NODE_MAP_ELEM;
}

static bool reads_user_memory(const struct node *n)
{
	const struct node *object = NULL;
	const struct node *arg;

	switch (n->kind) {
	case NODE_FIELD:
		object = n->u.field.object;
		break;
	case NODE_INDEX:
		object = n->u.index.object;
		break;
	case NODE_UNARY:
		object = n->u.unary.op == OP_DEREF ? n->u.unary.operand : NULL;
		break;
	case NODE_CALL:
		arg = n->u.call.builtin && n->u.call.args.n ? n->u.call.args.at[0] : NULL;
		if (arg && !(n->u.call.builtin->flags & (BUILTIN_F_MAP_ARG | BUILTIN_F_FORMAT)) &&
		    n->u.call.builtin->id != BUILTIN_print)
			object = arg;
		break;
	default:
		break;
	}
	return object && object->type && object->type->space == SPACE_USER;
}

/* Arguments may be in memory. */
static bool reads_placed_memory(const struct prog *p, const struct node *n)
{
	uint64_t index;

	if (!is_call_of(n, BUILTIN_arg))
		return false;
	index = n->u.call.args.at[0]->u.integer.value;
	for (size_t i = 0; i < p->nr_sites; i++) {
		const struct usdt_args *args = p->sites[i]->places;

		if (args && index < args->count && args->at[index].place >= USDT_MEMORY)
			return true;
	}
	return false;
}

static bool has_effect(const struct node *n)
{
	switch (n->kind) {
	case NODE_ASSIGN:
		return is_map(n->u.assign.target);
	case NODE_INCDEC:
		return is_map(n->u.incdec.operand);
	case NODE_CALL:
		return n->u.call.builtin && ((n->u.call.builtin->flags &
					      (BUILTIN_F_ASYNC | BUILTIN_F_EFFECT)) ||
					     n->u.call.builtin->id == BUILTIN_delete);
	default:
		return false;
	}
}

static void describe(struct node **slot, void *arg)
{
	struct prog *p = arg;
	const struct node *n = *slot;

	if (!n)
		return;
	p->reads_user |= reads_user_memory(n) || reads_placed_memory(p, n);
	p->has_effects |= has_effect(n);
	if (n->type && (n->type->kind == TYPE_KSTACK || n->type->kind == TYPE_USTACK))
		p->uses_stacks = true;
	p->uses_probe |= is_call_of(n, BUILTIN_probe) || is_call_of(n, BUILTIN_uaddr);
	node_children(*slot, describe, p);
}

void prog_describe(struct check *c, struct prog *prog)
{
	struct node *body = prog->body;

	(void)c;
	describe(&body, prog);
}
