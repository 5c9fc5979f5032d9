/*
 * Type rules of what a probe provides: its name, arguments, context, stacks.
 */
#include "check/builtin_types.h"

#include <string.h>

static const char *provider_text(const struct check *c)
{
	return c->prog->provider->name;
}

/* The context of perf events begins with them. */
bool has_registers(const struct provider *p)
{
	return p->has & HAS_PT_REGS || p->prog_type == BPF_PROG_TYPE_PERF_EVENT;
}

const char *probetype_text(const struct provider *p)
{
	return p->attach == ATTACH_BEGIN || p->attach == ATTACH_END ? "special" : p->name;
}

const struct type *check_type_probe(struct check *c, struct node *call)
{
	(void)call;
	return c->types->probe_name;
}

const struct type *check_type_probetype(struct check *c, struct node *call)
{
	(void)call;
	return type_string(c->types, 16);	/* never: resolving made it a literal */
}

const struct type *check_type_func(struct check *c, struct node *call)
{
	const struct provider *p = c->prog->provider;
	bool needs_helper = p->is_return || !(p->has & HAS_PT_REGS);

	if (!(p->has & HAS_FUNC)) {
		check_error(c, call->loc, DIAG_NOT_IN_PROBE,
			    "The func builtin can not be used with '%s' probes", provider_text(c));
		return bad_type(c);
	}
	if (needs_helper && !target_has(c->target, FEATURE_FUNC_IP)) {
		check_hint(c,
			   check_error(c, call->loc, DIAG_KERNEL_FEATURE,
				       "func in %s needs %s, which kernels from %s on have",
				       p->is_return ? "a return probe" : "fentry",
				       target_feature_text(FEATURE_FUNC_IP),
				       target_feature_kernel(FEATURE_FUNC_IP)),
			   "use probe");
		return bad_type(c);
	}
	return p->space == SPACE_USER ? c->types->usym : c->types->ksym;
}

const struct type *check_type_args(struct check *c, struct node *call)
{
	const struct type *t;
	size_t nr_params;

	if (!(c->prog->provider->has & HAS_ARGS)) {
		check_error(c, call->loc, DIAG_NOT_IN_PROBE,
			    "The args builtin can only be used with "
			    "tracepoint, rawtracepoint, fentry/fexit, and uprobe probes (%s used "
			    "here)",
			    provider_text(c));
		return bad_type(c);
	}
	if (!c->prog->args)
		return bad_type(c);	/* the provider has said why */
	t = type_structure(c->types, c->prog->args, SPACE_CONTEXT, false);
	if (!args_are_packed(c, t) || args_packed_offset(c, t, NULL))
		return t;
	type_struct_fields(c->types, t->structure, &nr_params);
	check_hint(c, check_error(c, call->loc, DIAG_NO_SUCH_ARGUMENT,
				  "Cannot read function parameters"),
		   nr_params ? "those of %s are floating-point numbers, or too large for a "
			       "register, which cannot be read" : "%s has none",
		   c->prog->sites[0]->name);
	return bad_type(c);
}

/* The struct that this kind of probe has for its context. */
static const struct type *own_context(struct check *c, const struct node *call)
{
	c->prog->args = provider_args(&c->probe_ctx, c->prog->sites[0], call->loc);
	if (!c->prog->args)
		return bad_type(c);
	return type_pointer(c->types,
			    type_structure(c->types, c->prog->args, SPACE_NONE, false),
			    SPACE_CONTEXT, false);
}

const struct type *check_type_ctx(struct check *c, struct node *call)
{
	const struct provider *p = c->prog->provider;
	const char *name = p->has & HAS_PT_REGS ? "pt_regs" : "bpf_perf_event_data";
	const struct type *t = NULL;

	if (p->attach == ATTACH_TRACEPOINT) {
		check_error(c, call->loc, DIAG_NOT_IN_PROBE,
			    "Use args instead of ctx in tracepoint");
		return bad_type(c);
	}
	if (!(p->has & HAS_CTX)) {
		check_error(c, call->loc, DIAG_NOT_IN_PROBE,
			    "The ctx builtin can not be used with '%s' probes", provider_text(c));
		return bad_type(c);
	}
	if (p->has & HAS_CTX_STRUCT)
		return own_context(c, call);
	if (c->btf)
		t = kbtf_type_by_name(c->btf, c->types, KBTF_STRUCT_NAME, name);
	return type_pointer(c->types, t ? t : c->types->void_, SPACE_CONTEXT, false);
}

/* An argument beyond the prototype of the function: what is in the register
 * then is chance. */
static void warn_beyond(struct check *c, const struct node *call, uint64_t index)
{
	const struct provider *p = c->prog->provider;
	const char *name = NULL;
	int nr_params = -1;

	if (!p->arg_type)
		return;
	p->arg_type(&c->probe_ctx, c->prog->sites[0], (uint32_t)index, &nr_params, &name);
	if (nr_params >= 0 && index >= (uint64_t)nr_params)
		check_warning(c, call->loc, DIAG_NO_SUCH_ARGUMENT,
			      "%s has no %s: it has %d parameter%s", c->prog->sites[0]->name,
			      call->u.call.name, nr_params, nr_params == 1 ? "" : "s");
}

/* An argument that is where we cannot read: wrong if that is so everywhere. */
static void tell_problem(struct check *c, const struct node *call, uint32_t index)
{
	const struct provider *p = c->prog->provider;
	const char *problem = NULL;
	size_t count = 0;

	for (size_t i = 0; p->arg_problem && i < c->prog->nr_sites; i++) {
		const char *text = p->arg_problem(&c->probe_ctx, c->prog->sites[i], index);

		count += text != NULL;
		problem = text ? text : problem;
	}
	if (count && count == c->prog->nr_sites)
		check_error(c, call->loc, DIAG_NO_SUCH_ARGUMENT, "%s", problem);
	else if (count)
		check_warning(c, call->loc, DIAG_NO_SUCH_ARGUMENT, "%s; it is 0 there", problem);
}

const struct type *check_type_arg(struct check *c, struct node *call)
{
	uint64_t index = call->u.call.args.at[0]->u.integer.value;
	struct diag *d;

	if (!(c->prog->provider->has & HAS_ARGN)) {
		d = check_error(c, call->loc, DIAG_NOT_IN_PROBE,
				"The %s builtin can only be used with "
				"'kprobes', 'uprobes' and 'usdt' probes",
				call->u.call.name);
		if (c->prog->provider->has & HAS_ARGS)
			check_hint(c, d, "the arguments of a %s are fields of args: args.name",
				   provider_text(c));
		return bad_type(c);
	}
	if (index >= c->target->arch->nr_args && !c->prog->sites[0]->places) {
		check_error(c, call->loc, DIAG_NO_SUCH_ARGUMENT, "%s doesn't support %s",
			    c->target->arch->name, call->u.call.name);
		return bad_type(c);
	}
	warn_beyond(c, call, index);
	tell_problem(c, call, (uint32_t)index);
	return type_int(c->types, 8, c->prog->provider->signed_args);
}

/* What BTF says that the function returns. */
static const struct type *typed_retval(struct check *c, const struct node *call)
{
	struct probe_site *s = c->prog->sites[0];
	uint32_t offset = 0;
	const struct type *t = c->prog->provider->retval(&c->probe_ctx, s, &offset);

	if (t && t->kind != TYPE_VOID && t->kind != TYPE_ERROR)
		/* cppcheck-suppress returnDanglingLifetime ; the type is not in the offset */
		return t;
	check_error(c, call->loc, DIAG_NOT_IN_PROBE, "The retval builtin can not be used here: %s",
		    t && t->kind == TYPE_VOID
		    ? arena_printf(c->arena, "%s returns nothing", s->image.function)
		    : "the type of the result is not known");
	return bad_type(c);
}

const struct type *check_type_retval(struct check *c, struct node *call)
{
	struct diag *d;

	if (c->prog->provider->retval)
		return typed_retval(c, call);
	if (c->prog->provider->has & HAS_RETVAL)
		return type_int(c->types, 8, false);
	d = check_error(c, call->loc, DIAG_NOT_IN_PROBE, "The retval builtin can only be used with "
			"'kretprobe' and 'uretprobe' and 'fentry' probes");
	if (c->prog->provider->attach == ATTACH_TRACEPOINT)
		check_hint(c, d, "try to use args.ret instead");
	else if (c->prog->provider->attach == ATTACH_FENTRY)
		check_hint(c, d, "when fentry runs the function has not returned; use fexit");
	return bad_type(c);
}

const struct type *check_type_reg(struct check *c, struct node *call)
{
	const struct target_arch *arch = c->target->arch;
	struct node *name = call->u.call.args.at[0];
	struct nearest near;
	struct diag *d;

	if (!need_string(c, call, 0))
		return bad_type(c);
	if (!has_registers(c->prog->provider)) {
		check_error(c, call->loc, DIAG_NOT_IN_PROBE,
			    "reg can not be used with \"%s\" probes",
			    provider_text(c));
		return bad_type(c);
	}
	nearest_start(&near, name->u.string.text);
	for (size_t i = 0; i < arch->nr_regs; i++) {
		if (!strcmp(arch->regs[i].name, name->u.string.text)) {
			call->u.call.aux = (void *)&arch->regs[i];
			return type_int(c->types, 8, false);
		}
		nearest_try(&near, arch->regs[i].name);
	}
	d = check_error(c, call->loc, DIAG_UNKNOWN_REGISTER,
			"'%s' is not a valid register on this architecture (%s)",
			name->u.string.text, arch->name);
	check_suggest(c, d, &near, "");
	return bad_type(c);
}

/* ---- stacks ---- */

enum { STACK_LIMIT_DEFAULT = 127, STACK_LIMIT_MAX = 1024 };

static const char *const stack_modes[] = {
	[STACK_BPFTRACE] = "bpftrace", [STACK_PERF] = "perf", [STACK_RAW] = "raw",
	[STACK_BUILD_ID] = "build_id",
};

static int stack_mode_find(const char *name)
{
	for (int i = 0; i < (int)(sizeof(stack_modes) / sizeof(*stack_modes)); i++)
		if (!strcmp(stack_modes[i], name))
			return i;
	return -1;
}

static void unknown_mode(struct check *c, const struct node *call, const struct node *word)
{
	const char *name = word->u.ident.name;
	struct nearest near;
	struct diag *d;

	if (builtin_find(name)) {
		check_hint(c, check_error(c, call->loc, DIAG_LITERAL_REQUIRED,
					  "%s: invalid limit value", call->u.call.builtin->name),
			   "the limit must be known when the script is compiled");
		return;
	}
	nearest_start(&near, name);
	for (size_t i = 0; i < sizeof(stack_modes) / sizeof(*stack_modes); i++)
		nearest_try(&near, stack_modes[i]);
	d = check_error(c, word->loc, DIAG_UNKNOWN_WORD, "Invalid stack mode %s: valid values are "
			"bpftrace, raw, perf, and build_id.", name);
	check_suggest(c, d, &near, "");
}

/* Where the limit stands: last, if it is given; the mode is a bare word. */
static bool stack_args(struct check *c, const struct node *call, int *mode, int64_t *limit)
{
	const char *name = call->u.call.builtin->name;
	size_t at = 0;

	if (at < call->u.call.args.n && call->u.call.args.at[at]->kind == NODE_IDENT) {
		const struct node *word = call->u.call.args.at[at++];

		*mode = stack_mode_find(word->u.ident.name);
		if (*mode < 0) {
			unknown_mode(c, call, word);
			return false;
		}
	}
	if (at == call->u.call.args.n)
		return true;
	if (at + 1 != call->u.call.args.n || !node_int64(call->u.call.args.at[at], limit) ||
	    *limit < 0) {
		check_error(c, call->loc, DIAG_BAD_LIMIT, "%s: invalid limit value", name);
		return false;
	}
	if (*limit > STACK_LIMIT_MAX) {
		check_error(c, call->loc, DIAG_BAD_LIMIT,
			    "%s([int limit]): limit shouldn't exceed %d, %lld given", name,
			    STACK_LIMIT_MAX, (long long)*limit);
		return false;
	}
	return true;
}

static const struct type *stack_type(struct check *c, struct node *call, enum type_kind kind)
{
	int mode = (int)c->config.stack_mode;
	int64_t limit = STACK_LIMIT_DEFAULT;

	if (!stack_args(c, call, &mode, &limit))
		return bad_type(c);
	if (kind == TYPE_KSTACK && mode == STACK_BUILD_ID) {
		if (call->u.call.args.n && call->u.call.args.at[0]->kind == NODE_IDENT) {
			check_error(c, call->loc, DIAG_UNKNOWN_WORD,
				    "'build_id' stack mode can only be used for ustack");
			return bad_type(c);
		}
		check_warning(c, call->loc, DIAG_STACK_MODE,
			      "'build_id' stack mode can only be used for ustack. "
			      "Falling back to 'raw' mode.");
		mode = STACK_RAW;
	}
	return type_with_params(c->types, kind, (uint64_t)limit, (uint64_t)mode, 0);
}

const struct type *check_type_kstack(struct check *c, struct node *call)
{
	return stack_type(c, call, TYPE_KSTACK);
}

/* Probes of Sonde's own runs have no user code that they came from. */
static bool has_user_stack(const struct provider *p)
{
	return p->attach > ATTACH_BENCH && p->attach != ATTACH_ITER;
}

static bool arch_unwinds(const struct check *c)
{
	return !strcmp(c->target->arch->name, "x86_64") ||
	       !strcmp(c->target->arch->name, "aarch64");
}

static bool kernel_unwinds(const struct check *c)
{
	return c->btf && target_has(c->target, FEATURE_TASK_PT_REGS) &&
	       target_has(c->target, FEATURE_CURRENT_TASK_BTF);
}

static bool has_unwinding(const struct check *c)
{
	return has_user_stack(c->prog->provider) && arch_unwinds(c) && kernel_unwinds(c);
}

/* A stack by unwind tables that this kernel cannot have. */
static void tell_no_unwinding(struct check *c, const struct node *call)
{
	if (has_user_stack(c->prog->provider) && arch_unwinds(c))
		check_warning(c, call->loc, DIAG_KERNEL_FEATURE,
			      "ustack follows frame pointers here: unwind tables need BTF and %s, "
			      "which kernels from %s on have",
			      target_feature_text(FEATURE_TASK_PT_REGS),
			      target_feature_kernel(FEATURE_TASK_PT_REGS));
}

const struct type *check_type_ustack(struct check *c, struct node *call)
{
	const struct type *t = stack_type(c, call, TYPE_USTACK);

	if (!c->config.unwind_tables || t->kind != TYPE_USTACK || t->param[1] == STACK_BUILD_ID)
		return t;
	if (has_unwinding(c))
		call->u.call.builtin = &builtins[BUILTIN_dw_ustack];
	else
		tell_no_unwinding(c, call);
	return t;
}

const struct type *check_type_dw_ustack(struct check *c, struct node *call)
{
	const struct type *t;

	if (!c->config.unwind_tables && !config_allows(c, GATE_DW_USTACK, call->loc))
		return bad_type(c);
	if (!has_user_stack(c->prog->provider)) {
		check_error(c, call->loc, DIAG_NOT_IN_PROBE,
			    "The dw_ustack builtin can not be used with '%s' probes",
			    provider_text(c));
		return bad_type(c);
	}
	if (!arch_unwinds(c)) {
		check_error(c, call->loc, DIAG_NOT_HERE,
			    "dw_ustack is only known on x86_64 and arm64");
		return bad_type(c);
	}
	if (!kernel_unwinds(c)) {
		check_error(c, call->loc, DIAG_KERNEL_FEATURE,
			    "dw_ustack needs BTF and %s, which kernels from %s on have",
			    target_feature_text(FEATURE_TASK_PT_REGS),
			    target_feature_kernel(FEATURE_TASK_PT_REGS));
		return bad_type(c);
	}
	t = stack_type(c, call, TYPE_USTACK);
	if (t->kind == TYPE_USTACK && t->param[1] == STACK_BUILD_ID) {
		check_error(c, call->loc, DIAG_UNKNOWN_WORD,
			    "'build_id' stack mode can only be used for ustack");
		return bad_type(c);
	}
	return t;
}
