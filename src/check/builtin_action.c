/*
 * Type rules of what acts on the traced system: signals, return values, memory.
 */
#include "check/builtin_types.h"

#include <string.h>
#include <strings.h>

enum { SIGNAL_MAX = 64 };

/* The kernel's numbers; those of x86, ARM and RISC-V agree. */
static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "HUP", 1 }, { "INT", 2 }, { "QUIT", 3 }, { "ILL", 4 }, { "TRAP", 5 }, { "ABRT", 6 },
	{ "BUS", 7 }, { "FPE", 8 }, { "KILL", 9 }, { "USR1", 10 }, { "SEGV", 11 }, { "USR2", 12 },
	{ "PIPE", 13 }, { "ALRM", 14 }, { "TERM", 15 }, { "STKFLT", 16 }, { "CHLD", 17 },
	{ "CONT", 18 }, { "STOP", 19 }, { "TSTP", 20 }, { "TTIN", 21 }, { "TTOU", 22 },
	{ "URG", 23 }, { "XCPU", 24 }, { "XFSZ", 25 }, { "VTALRM", 26 }, { "PROF", 27 },
	{ "WINCH", 28 }, { "IO", 29 }, { "POLL", 29 }, { "PWR", 30 }, { "SYS", 31 },
};

static int signal_find(const char *name)
{
	if (!strncasecmp(name, "SIG", 3))
		name += 3;
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (!strcasecmp(signals[i].name, name))
			return signals[i].number;
	return 0;
}

static void unknown_signal(struct check *c, const struct node *name)
{
	struct diag *d = check_error(c, name->loc, DIAG_UNKNOWN_WORD,
				     "Invalid string for signal: %s", name->u.string.text);
	struct nearest near;

	nearest_start(&near, name->u.string.text);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		nearest_try(&near, signals[i].name);
	check_suggest(c, d, &near, "");
}

/* Where the event is the running task's own doing. */
static bool may_signal(enum attach_kind attach)
{
	switch (attach) {
	case ATTACH_BEGIN:
	case ATTACH_END:
	case ATTACH_SIGNAL:
	case ATTACH_TEST:
	case ATTACH_BENCH:
	case ATTACH_INTERVAL:
	case ATTACH_ITER:
	case ATTACH_SOFTWARE:
	case ATTACH_HARDWARE:
		return false;
	default:
		return true;
	}
}

/* A name becomes its number. */
const struct type *check_type_signal(struct check *c, struct node *call)
{
	const char *name = call->u.call.builtin->name;
	struct node *arg = call->u.call.args.at[0];
	int number;

	if (!c->prog->func && !may_signal(c->prog->provider->attach)) {
		check_error(c, call->loc, DIAG_NOT_IN_PROBE,
			    "%s() can not be used for this probetype %s", name,
			    probetype_text(c->prog->provider));
		return bad_type(c);
	}
	if (arg->kind == NODE_STRING) {
		number = signal_find(arg->u.string.text);
		if (!number) {
			unknown_signal(c, arg);
			return bad_type(c);
		}
		node_set_int(arg, (uint64_t)number, false);
		arg->type = type_int(c->types, 8, true);
	}
	if (arg->type && !type_is_number(arg->type)) {
		check_error(c, call->loc, DIAG_ARGUMENT_TYPE,
			    "%s() accepts a string literal or an integer", name);
		return bad_type(c);
	}
	if (arg->kind == NODE_INT && (arg->u.integer.negative || !arg->u.integer.value ||
				      arg->u.integer.value > SIGNAL_MAX)) {
		check_error(c, call->loc, DIAG_ARGUMENT_TYPE, "%s() accepts a string literal or an "
			    "integer between 1 and %d (inclusive)", name, SIGNAL_MAX);
		return bad_type(c);
	}
	return c->types->void_;
}

const struct type *check_type_unwatch(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;

	if (t && !type_is_number(t) && t->kind != TYPE_POINTER) {
		check_error(c, call->loc, DIAG_ARGUMENT_TYPE,
			    "unwatch() only supports int arguments (%s provided)",
			    type_text(c, t));
		return bad_type(c);
	}
	return c->types->void_;
}

const struct type *check_type_override(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;

	if (c->prog->provider->attach != ATTACH_KPROBE) {
		check_error(c, call->loc, DIAG_NOT_IN_PROBE,
			    "override() can only be used inside kprobes");
		return bad_type(c);
	}
	if (t && !type_is_number(t)) {
		check_error(c, call->loc, DIAG_ARGUMENT_TYPE,
			    "override() only supports int arguments (%s provided)",
			    type_text(c, t));
		return bad_type(c);
	}
	if (!target_has(c->target, FEATURE_OVERRIDE)) {
		check_error(c, call->loc, DIAG_KERNEL_FEATURE, "override() needs a kernel with "
			    "%s", target_feature_text(FEATURE_OVERRIDE));
		return bad_type(c);
	}
	return c->types->void_;
}

const struct type *check_type_write_user(struct check *c, struct node *call)
{
	const struct type *to = call->u.call.args.at[0]->type;
	const struct type *from = call->u.call.args.at[1]->type;
	const struct type *size = call->u.call.args.at[2]->type;

	if (to && to->kind != TYPE_POINTER && !type_is_number(to))
		return bad_argument(c, call, "a pointer to write to", to);
	if (from && (from->kind == TYPE_VOID || type_is_aggregate(from)))
		return bad_argument(c, call, "a value or a pointer to write", from);
	if (size && !type_is_number(size))
		return bad_argument(c, call, "an integer as its length", size);
	if (!target_has(c->target, FEATURE_WRITE_USER)) {
		check_error(c, call->loc, DIAG_KERNEL_FEATURE,
			    "write_user() needs bpf_probe_write_user, which this kernel refuses: "
			    "it may be locked down");
		return bad_type(c);
	}
	return c->types->bool_;
}
