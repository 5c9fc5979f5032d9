/*
 * The table of builtins, and the type rules of what needs no more than a line.
 */
#include "check/builtin_types.h"

#include <string.h>

#define VAR BUILTIN_VAR
#define FUNC BUILTIN_FUNC
#define BOTH BUILTIN_BOTH

const struct builtin builtins[BUILTIN_ID_COUNT] = {
#define BUILTIN(id, name, kind, min_args, max_args, flags, type_rule, lowering, doc) \
	[BUILTIN_##id] = { BUILTIN_##id, name, kind, min_args, max_args, flags, \
			   check_type_##type_rule, doc },
#include "check/builtins.def"
#undef BUILTIN
};

#undef VAR
#undef FUNC
#undef BOTH

#define INNER_PREFIX "__builtin_"

/* Names of long ago. */
static const struct {
	const char *name;
	enum builtin_id id;
} aliases[] = {
	{ "stack", BUILTIN_kstack }, { "sym", BUILTIN_ksym },
};

const struct builtin *builtin_find(const char *name)
{
	/* The name that no macro can replace: how one that replaces it calls it. */
	if (!strncmp(name, INNER_PREFIX, sizeof(INNER_PREFIX) - 1))
		name += sizeof(INNER_PREFIX) - 1;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (!strcmp(aliases[i].name, name))
			return &builtins[aliases[i].id];
	for (size_t i = 0; i < BUILTIN_ID_COUNT; i++)
		if (!strcmp(builtins[i].name, name))
			return &builtins[i];
	return NULL;
}

/* The argument is a map as a whole, not its value. */
static bool is_map_argument(const struct node *call, size_t i)
{
	return i == 0 && call->u.call.args.at[0]->kind == NODE_MAP &&
	       ((call->u.call.builtin->flags & BUILTIN_F_MAP_ARG) ||
		call->u.call.builtin->id == BUILTIN_print ||
		call->u.call.builtin->id == BUILTIN_len);
}

/* `probe` is a number that stands for a name: printed, and a key, as it is. */
static bool takes_numbered_name(const struct builtin *b, size_t i)
{
	return (b->flags & (BUILTIN_F_FORMAT | BUILTIN_F_TYPE_QUERY)) ||
	       b->id == BUILTIN_print || ((b->flags & BUILTIN_F_MAP_ARG) && i > 0);
}

static void name_to_text(struct check *c, struct node *call, size_t i)
{
	struct node **arg = &call->u.call.args.at[i];

	if ((*arg)->type && (*arg)->type->kind == TYPE_PROBE_NAME &&
	    !takes_numbered_name(call->u.call.builtin, i))
		*arg = cast_node(c, *arg, type_string(c->types, c->state->longest_probe_name + 1));
}

const struct type *infer_call(struct check *c, struct node *n)
{
	const struct builtin *b = n->u.call.builtin;
	bool is_bad = false;

	if (n->u.call.func)
		return infer_func_call(c, n);
	if ((b->flags & BUILTIN_F_MAP_VALUE) && c->state->map_value != n) {
		check_error(c, n->loc, DIAG_NOT_ASSIGNED_TO_MAP,
			    "%s() must be assigned directly to a map", b->name);
		return bad_type(c);
	}
	c->state->map_value = NULL;
	for (size_t i = 0; i < n->u.call.args.n; i++) {
		struct node *arg = n->u.call.args.at[i];

		if (is_map_argument(n, i))
			arg->type = arg->u.map.map->value;
		else if (i == 0 && (b->flags & BUILTIN_F_FORMAT) && arg->kind == NODE_STRING)
			arg->type = type_string(c->types, (uint32_t)arg->u.string.len + 1);
		else if (arg->kind != NODE_IDENT)
			infer_expr(c, arg);
		name_to_text(c, n, i);
		if (arg->kind == NODE_TYPE_ARG && !(b->flags & BUILTIN_F_TYPE_QUERY)) {
			check_error(c, arg->loc, DIAG_TYPE_ARGUMENT,
				    "%s() takes values, not types", b->name);
			return bad_type(c);
		}
		is_bad |= arg->type && arg->type->kind == TYPE_ERROR;
	}
	return is_bad ? bad_type(c) : b->type_rule(c, n);
}

struct node *call_arg(const struct node *call, size_t i)
{
	return i < call->u.call.args.n ? call->u.call.args.at[i] : NULL;
}

const char *literal_word(const struct node *n)
{
	switch (n->kind) {
	case NODE_STRING:
		return "string";
	case NODE_BOOL:
		return "bool";
	default:
		return "int";
	}
}

bool need_string(struct check *c, const struct node *call, size_t i)
{
	const struct node *arg = call_arg(call, i);
	struct diag *d;

	if (!arg || arg->kind == NODE_STRING)
		return true;
	d = check_error(c, call->loc, DIAG_LITERAL_REQUIRED,
			"%s() expects a string literal (%s provided)", call->u.call.builtin->name,
			arg->type && arg->type->kind == TYPE_STRING ? "a string that is no literal"
								    : literal_word(arg));
	if (arg->kind == NODE_INT)
		check_hint(c, d, "str($N) gives a positional parameter as text");
	return false;
}

const struct type *check_type_u64(struct check *c, struct node *call)
{
	(void)call;
	return type_int(c->types, 8, false);
}

/* Never asked for: resolving has put what it stands for in the call's place. */
const struct type *check_type_shorthand(struct check *c, struct node *call)
{
	(void)call;
	return c->types->void_;
}

const struct type *check_type_bool(struct check *c, struct node *call)
{
	(void)call;
	return c->types->bool_;
}

/* Of another process: what the kernel's function can find out for such programs. */
static const struct type *type_comm_of(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;
	uint32_t id;

	if (t && !type_is_number(t)) {
		check_error(c, call->loc, DIAG_ARGUMENT_TYPE,
			    "Only integer supported for comm()'s pid");
		return bad_type(c);
	}
	if (!c->btf || !c->reporting || c->prog->func)
		return type_string(c->types, 64);
	id = kbtf_find(c->btf, "bpf_task_from_pid", KBTF_FUNC);
	if (id && !c->target->ops->kfunc_loads(c->target->arg, c->prog->provider->prog_type, id)) {
		check_error(c, call->loc, DIAG_NOT_IN_PROBE, "Syntax comm(PID) is not supported in "
			    "this probe type yet. Type: %s", probetype_text(c->prog->provider));
		return bad_type(c);
	}
	return type_string(c->types, 64);
}

const struct type *check_type_comm(struct check *c, struct node *call)
{
	return call->u.call.args.n ? type_comm_of(c, call) : type_string(c->types, 16);
}

const struct type *check_type_username(struct check *c, struct node *call)
{
	(void)call;
	return type_simple(c->types, TYPE_USERNAME);
}

const struct type *check_type_usermode(struct check *c, struct node *call)
{
	if (strcmp(c->target->arch->name, "x86_64")) {
		check_error(c, call->loc, DIAG_NOT_HERE, "usermode is only known on x86_64");
		return bad_type(c);
	}
	return type_int(c->types, 1, false);
}

/* The kernel's own struct by name, or void where BTF does not have it. */
static const struct type *kernel_struct(struct check *c, const char *name)
{
	const struct type *t = c->btf ? kbtf_type_by_name(c->btf, c->types, KBTF_STRUCT_NAME, name)
				      : NULL;

	return t ? t : c->types->void_;
}

const struct type *check_type_curtask(struct check *c, struct node *call)
{
	const struct type *own = c->cdefs ? cdefs_type(c->cdefs, KBTF_STRUCT_NAME, "task_struct")
					  : NULL;
	const struct type *task = own ? own : kernel_struct(c, "task_struct");

	(void)call;
	return type_pointer(c->types, task, SPACE_KERNEL, !own && task->kind == TYPE_STRUCT &&
			    target_has(c->target, FEATURE_CURRENT_TASK_BTF));
}

/* ---- words as arguments ---- */

static bool take_word(struct check *c, struct node *call, const char *const *words, size_t count,
		      const char *what, const char *expects)
{
	struct node *arg = call_arg(call, 0);
	struct nearest near;
	struct diag *d;

	if (!arg || (arg->kind == NODE_INT && arg->u.integer.enum_name))
		return true;
	if (arg->kind == NODE_IDENT) {
		nearest_start(&near, arg->u.ident.name);
		for (size_t i = 0; i < count; i++) {
			if (!strcmp(words[i], arg->u.ident.name)) {
				node_set_int(arg, i, false);
				arg->u.integer.enum_name = words[i];	/* seen before */
				return true;
			}
			nearest_try(&near, words[i]);
		}
		d = check_error(c, arg->loc, DIAG_UNKNOWN_WORD, "Invalid %s: %s%s", what,
				arg->u.ident.name, expects);
		check_suggest(c, d, &near, "");
		return false;
	}
	check_error(c, arg->loc, DIAG_UNKNOWN_WORD, "Invalid %s: it must be a plain word%s", what,
		    expects);
	return false;
}

const struct type *check_type_pid(struct check *c, struct node *call)
{
	static const char *const words[] = { "curr_ns", "init" };

	if (!take_word(c, call, words, 2, "PID namespace mode", " (expects: curr_ns or init)"))
		return bad_type(c);
	if (call->u.call.args.n && !call->u.call.args.at[0]->u.integer.value)
		call->u.call.args.n = 0;
	return type_int(c->types, 4, false);
}

const struct type *check_type_nsecs(struct check *c, struct node *call)
{
	static const char *const words[] = {
		[CLOCK_MODE_BOOT] = "boot", [CLOCK_MODE_MONOTONIC] = "monotonic",
		[CLOCK_MODE_TAI] = "tai", [CLOCK_MODE_SW_TAI] = "sw_tai",
	};

	if (!take_word(c, call, words, 4, "timestamp mode",
		       " (expects: boot, monotonic, tai or sw_tai)"))
		return bad_type(c);
	return type_int(c->types, 8, false);
}

/* Which clock a value was read from; the boot clock if that is not known. */
enum clock_mode node_clock(const struct node *n)
{
	enum clock_mode left;

	switch (n->kind) {
	case NODE_CALL:
		return is_call_of(n, BUILTIN_nsecs) && n->u.call.args.n &&
		       n->u.call.args.at[0]->kind == NODE_INT ?
		       (enum clock_mode)n->u.call.args.at[0]->u.integer.value : CLOCK_MODE_BOOT;
	case NODE_VAR:
		return n->u.var.var ? n->u.var.var->clock : CLOCK_MODE_BOOT;
	case NODE_MAP:
	case NODE_MAP_ELEM:
		return n->u.map.map ? n->u.map.map->clock : CLOCK_MODE_BOOT;
	case NODE_CAST:
		return node_clock(n->u.cast.operand);
	case NODE_BINARY:
		if (n->u.binary.op != OP_ADD && n->u.binary.op != OP_SUB)
			return CLOCK_MODE_BOOT;
		left = node_clock(n->u.binary.left);
		return left != CLOCK_MODE_BOOT ? left : node_clock(n->u.binary.right);
	default:
		return CLOCK_MODE_BOOT;
	}
}
