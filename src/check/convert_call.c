/*
 * Arguments of calls in the form that check.h promises to lowering.
 */
#include "check/builtin_types.h"

#include <string.h>

/* What each argument becomes, one letter each:
 *	n  64-bit integer of its own sign	u  uint64
 *	a  pointer with its space (integers are cast)
 *	A  integer address (pointers are cast)	.  as it is
 */
static const char *const rules[BUILTIN_ID_COUNT] = {
	[BUILTIN_sum] = "n", [BUILTIN_min] = "n", [BUILTIN_max] = "n", [BUILTIN_avg] = "n",
	[BUILTIN_stats] = "n", [BUILTIN_hist] = "n", [BUILTIN_lhist] = "n",
	[BUILTIN_tseries] = "n",
	[BUILTIN_str] = "au", [BUILTIN_buf] = "au", [BUILTIN_ksym] = "A", [BUILTIN_usym] = "A",
	[BUILTIN_join] = "a", [BUILTIN_exit] = "n", [BUILTIN_strftime] = ".n",
	[BUILTIN_strerror] = "n", [BUILTIN_signal_name] = "n", [BUILTIN_syscall_name] = "n",
	[BUILTIN_is_err] = "A", [BUILTIN_memcmp] = "..u",
	[BUILTIN_signal] = "n", [BUILTIN_signal_thread] = "n", [BUILTIN_override] = "n",
	[BUILTIN_write_user] = "A.u", [BUILTIN_cgroup_path] = "n", [BUILTIN_macaddr] = "a",
	[BUILTIN_percpu_kaddr] = ".u", [BUILTIN_container_of] = "A", [BUILTIN_comm] = "n",
};

static void convert_integer(struct check *c, struct node **slot, bool is_signed)
{
	const struct type *to = type_int(c->types, 8, is_signed);

	if ((*slot)->kind == NODE_INT)
		(*slot)->type = to;
	else if ((*slot)->type != to)
		*slot = cast_node(c, *slot, to);
}

static bool is_signed_value(const struct type *t)
{
	return t->kind != TYPE_COUNT && t->kind != TYPE_BOOL && t->is_signed;
}

/* An integer as an address: whose memory it is in a kernel probe shows at run
 * time only, since arguments of the kernel may point to user memory. */
static void convert_address(struct check *c, struct node **slot, bool is_join)
{
	const struct type *t = (*slot)->type, *target;
	enum type_space space;

	if (t->kind == TYPE_STRING || t->kind == TYPE_ARRAY || t->kind == TYPE_POINTER)
		return;
	space = c->prog->provider->space == SPACE_USER ? SPACE_USER : SPACE_NONE;
	target = is_join ? type_int(c->types, 8, false) : type_int(c->types, 1, true);
	*slot = cast_node(c, *slot, type_pointer(c->types, target, space, false));
}

static void convert_argument(struct check *c, struct node *call, size_t i, char rule)
{
	struct node **slot = &call->u.call.args.at[i];

	switch (rule) {
	case 'n':
		convert_integer(c, slot, is_signed_value((*slot)->type));
		break;
	case 'u':
		convert_integer(c, slot, false);
		break;
	case 'a':
		convert_address(c, slot, call->u.call.builtin->id == BUILTIN_join);
		break;
	case 'A':
		convert_integer(c, slot, false);
		break;
	default:
		break;
	}
}

static void drop_args(struct node *call, size_t keep)
{
	if (call->u.call.args.n > keep)
		call->u.call.args.n = keep;
}

static struct node *int_node(struct check *c, struct loc loc, uint64_t value)
{
	struct node *n = node_new(c->arena, NODE_INT, loc);

	node_set_int(n, value, false);
	n->type = type_int(c->types, 8, false);
	return n;
}

/* ntop(x), ntop(family, x): the size of the address in front, the family behind. */
static void convert_ntop(struct check *c, struct node *call)
{
	struct node *value = call->u.call.args.at[call->u.call.args.n - 1];
	struct node *family = call->u.call.args.n > 1 ? call->u.call.args.at[0] : NULL;
	uint64_t size = type_is_integer(value->type) || value->type->size_bytes < 16 ? 4 : 16;

	call->u.call.args.n = 0;
	vec_push(c->arena, &call->u.call.args, int_node(c, call->loc, size));
	vec_push(c->arena, &call->u.call.args, value);
	if (!family)
		return;
	convert_integer(c, &family, false);
	vec_push(c->arena, &call->u.call.args, family);
}

/* Which clock a time was read from is known where it stands in the call. */
static void convert_strftime(struct check *c, struct node *call, const struct node *when)
{
	vec_push(c->arena, &call->u.call.args, int_node(c, call->loc, (uint64_t)node_clock(when)));
}

/* The pointer less the member's offset. */
static struct node *container(struct check *c, struct node *call)
{
	struct node *less = node_new(c->arena, NODE_BINARY, call->loc);

	less->u.binary.op = OP_SUB;
	less->u.binary.left = call->u.call.args.at[0];
	less->u.binary.right = int_node(c, call->loc, *(const uint32_t *)call->u.call.aux);
	less->type = type_int(c->types, 8, false);
	return cast_node(c, less, call->type);
}

/* Known, unless it is the length of what a pointer points to. */
static void convert_strcap(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;

	if (t->kind == TYPE_POINTER)
		return;
	node_set_int(call, t->size_bytes, false);
	call->type = type_int(c->types, 8, false);
}

static void become_address(struct check *c, struct node *call)
{
	uint64_t address = *(const uint64_t *)call->u.call.aux;

	node_set_int(call, address, false);
	call->type = type_int(c->types, 8, false);
}

void convert_call(struct check *c, struct node **slot)
{
	struct node *call = *slot;
	const struct builtin *b = call->u.call.builtin;
	bool is_time = is_call_of(call, BUILTIN_strftime);
	const struct node *when = is_time ? call->u.call.args.at[1] : NULL;
	const char *rule = b && rules[b->id] ? rules[b->id] : "";

	if (call->u.call.func) {
		convert_func_call(c, call);
		return;
	}
	for (size_t i = 0; i < call->u.call.args.n && rule[i]; i++)
		convert_argument(c, call, i, rule[i]);
	switch (b->id) {
	case BUILTIN_hist:
	case BUILTIN_lhist:
	case BUILTIN_tseries:
		drop_args(call, 1);
		break;
	case BUILTIN_kstack:
	case BUILTIN_ustack:
	case BUILTIN_dw_ustack:
		drop_args(call, 0);
		break;
	case BUILTIN_ntop:
		convert_ntop(c, call);
		break;
	case BUILTIN_strftime:
		convert_strftime(c, call, when);
		break;
	case BUILTIN_container_of:
		*slot = container(c, call);
		break;
	case BUILTIN_strcap:
		convert_strcap(c, call);
		break;
	case BUILTIN_kaddr:
	case BUILTIN_cgroupid:
		become_address(c, call);
		break;
	case BUILTIN_static_assert:
		call->kind = NODE_BLOCK;	/* it held */
		memset(&call->u, 0, sizeof(call->u));
		break;
	case BUILTIN_kptr:
	case BUILTIN_uptr:
		*slot = cast_node(c, call->u.call.args.at[0], call->type);
		break;
	default:
		break;
	}
}
