/*
 * fentry and fexit: functions of the kernel, its modules and BPF programs, with
 * typed arguments, by a call that the kernel writes into the function itself.
 *
 * BTF says what the arguments are; without BTF there are none of these probes.
 * A program has its function's BTF id in it and serves this one only. Functions
 * that the kernel would refuse by their prototype are no attach points.
 */
#include "probes/probes_impl.h"

#include "types/kbtf.h"

#include <inttypes.h>
#include <linux/version.h>
#include <stdlib.h>
#include <string.h>

#define BPF_MODULE "bpf"

/* ---- what the kernel takes ---- */

/* Slots of arguments that a program can have: those in registers, and on x86 from
 * 6.6 on some of the stack. */
static uint32_t max_slots(struct probe_ctx *c)
{
	const struct target *t = c->target;

	if (!strcmp(t->arch->name, "x86_64") && t->kernel_version >= KERNEL_VERSION(6, 6, 0))
		return 12;
	return t->arch->nr_args;
}

static uint32_t param_slots(const struct type *t)
{
	return t->kind == TYPE_STRUCT && t->structure->size_bytes > 8 ? 2 : 1;
}

/* Why a function of this prototype cannot be attached to; NULL: it can. */
static const char *refusal(struct probe_ctx *c, const struct kbtf_proto *proto)
{
	uint32_t slots = 0, max = max_slots(c);

	if (proto->is_variadic)
		return "it has a variable number of arguments";
	if (proto->return_type->kind == TYPE_STRUCT)
		return "it returns a struct by value";
	for (uint32_t i = 0; i < proto->nr_params; i++) {
		const struct type *t = proto->params[i].type;

		if (t->kind == TYPE_STRUCT && t->structure->size_bytes > 16)
			return "one of its arguments is a struct of more than 16 bytes";
		slots += param_slots(t);
	}
	if (slots <= max)
		return NULL;
	return arena_printf(c->arena, "its arguments take more than the %u words that this kernel "
			    "passes on", max);
}

/* ---- expansion ---- */

/* A function that is looked at. */
struct candidate {
	const char *module, *function;
	uint32_t btf_id;
	const char *refusal;
};

static bool look_up(struct probe_ctx *c, const char *module, const char *function,
		    struct candidate *out)
{
	struct kbtf *b = kernel_module_btf(c, module);
	struct kbtf_proto proto;

	memset(out, 0, sizeof(*out));
	out->module = module;
	out->function = function;
	out->btf_id = kernel_function_blocked(function) ? 0
			: kernel_function_id(c, module, function);
	if (!out->btf_id || kbtf_proto(b, out->btf_id, &proto))
		return false;
	out->refusal = refusal(c, &proto);
	/* The kernel looked for the name alone, and took the first. */
	if (!kernel_is_core(module) && c->target->kernel_version < KERNEL_VERSION(6, 4, 0) &&
	    kernel_function_id(c, "vmlinux", function))
		out->refusal = "before Linux 6.4 the kernel takes its own function of this name "
			       "for it";
	return true;
}

uint32_t fentry_proto(struct probe_ctx *c, const char *module, const char *function,
		      struct kbtf_proto *proto)
{
	struct candidate f;

	if (!look_up(c, module, function, &f) || f.refusal ||
	    kbtf_proto(kernel_module_btf(c, module), f.btf_id, proto))
		return 0;
	return f.btf_id;
}

static void add_candidate(struct probe_ctx *c, const struct provider *p,
			  const struct attach_point *ap, const struct candidate *f, site_vec *out)
{
	struct probe_site *s = site_add(c, p, ap, arena_printf(c->arena, "%s:%s:%s", p->name,
							       f->module, f->function), out);

	s->image.module = f->module;
	s->image.function = name_of(c->names, f->function);
	s->btf_id = f->btf_id;
}

static void expand_in_module(struct probe_ctx *c, const struct provider *p,
			     const struct attach_point *ap, const char *module,
			     const char *pattern, site_vec *out)
{
	const char *const *list;
	struct candidate f;
	size_t count;

	kernel_module_functions(c, module, &list, &count);
	for (size_t i = 0; i < count; i++)
		if (wildcard_match(pattern, list[i]) && look_up(c, module, list[i], &f) &&
		    !f.refusal)
			add_candidate(c, p, ap, &f, out);
}

static void expand_wildcard(struct probe_ctx *c, const struct provider *p,
			    const struct attach_point *ap, const char *modules,
			    const char *pattern, site_vec *out)
{
	const char *const *list;
	size_t count;

	kernel_modules(c, &list, &count);
	for (size_t i = 0; i < count; i++)
		if (wildcard_match(modules, list[i]))
			expand_in_module(c, p, ap, list[i], pattern, out);
}

/* The function of this name, wherever it is; how many there are. That the kernel itself has
 * one proves nothing: a module's may be the one that is meant. */
static size_t find_anywhere(struct probe_ctx *c, const char *function, struct candidate *out,
			    struct sbuf *where)
{
	const char *const *list;
	struct candidate f;
	size_t count, found = look_up(c, "vmlinux", function, out);

	if (found)
		sbuf_puts(where, "vmlinux");
	kernel_modules(c, &list, &count);
	for (size_t i = 0; i < count; i++) {
		if (kernel_is_core(list[i]) || !look_up(c, list[i], function, &f))
			continue;
		sbuf_printf(where, "%s%s", found ? ", " : "", list[i]);
		if (!found++)
			*out = f;
	}
	return found;
}

static void missing_function(struct probe_ctx *c, const struct provider *p,
			     const struct attach_point *ap, const char *module,
			     const char *function, const char *why)
{
	struct diag *d = ap_missing(c, p, ap, module ? arena_printf(c->arena, "%s:%s", module,
								    function) : function);

	if (!d)
		return;
	if (why)
		diag_hint(c->diags, d, "%s cannot be traced by %s: %s; kprobe:%s can", function,
			  p->name, why, function);
	else if (module && !kernel_module_loaded(c, module))
		diag_hint(c->diags, d, "module %s is not loaded", module);
	else
		kernel_suggest(c, d, p, function);
}

/* Under the name that it has in this kernel, if that is known. */
static bool find_renamed(struct probe_ctx *c, const struct attach_point *ap, const char *module,
			 const char *function, struct candidate *f)
{
	const char *new;

	if ((module && !kernel_is_core(module)) || kernel_function_blocked(function))
		return false;
	new = kernel_renamed(c, ap, function);
	return new && look_up(c, "vmlinux", new, f);
}

static void expand_exact(struct probe_ctx *c, const struct provider *p,
			 const struct attach_point *ap, const char *module,
			 const char *function, site_vec *out)
{
	struct candidate f = { 0 };
	struct sbuf where = { 0 };
	size_t found = module ? look_up(c, module, function, &f)
			      : find_anywhere(c, function, &f, &where);

	if (!found)
		found = find_renamed(c, ap, module, function, &f);
	if (found > 1)
		ap_error(c, ap, DIAG_ATTACH_POINT, "ambiguous attach point: several modules have a "
			 "function %s: %s; name one, as in %s:%s:%s", function, sbuf_text(&where),
			 p->name, f.module, function);
	else if (found && !f.refusal)
		add_candidate(c, p, ap, &f, out);
	else
		missing_function(c, p, ap, module, function, f.refusal);
	sbuf_close(&where);
}

/* ---- functions of BPF programs ---- */

static void expand_bpf(struct probe_ctx *c, const struct provider *p,
		       const struct attach_point *ap, const char *id, const char *pattern,
		       site_vec *out)
{
	const struct target_bpf_function *list;
	size_t count, before = out->n;

	if (c->target->ops->bpf_functions(c->target->arg, &list, &count))
		count = 0;
	for (size_t i = 0; i < count; i++) {
		const char *number = arena_printf(c->arena, "%" PRIu32, list[i].prog_id);
		struct probe_site *s;

		if (!wildcard_match(id, number) || !wildcard_match(pattern, list[i].name))
			continue;
		s = site_add(c, p, ap, arena_printf(c->arena, "%s:" BPF_MODULE ":%s:%s", p->name,
						    number, list[i].name), out);
		s->image.function = name_of(c->names, list[i].name);
		s->image.prog_id = list[i].prog_id;
		s->btf_id = list[i].btf_id;
	}
	if (out->n == before && !has_wildcard(pattern))
		ap_missing(c, p, ap, arena_printf(c->arena, BPF_MODULE ":%s", pattern));
}

static bool check_parts(struct probe_ctx *c, const struct provider *p,
			const struct attach_point *ap)
{
	size_t n = ap_nr_args(ap);

	if (!ap_check_count(c, p, ap, 1, 3))
		return false;
	if (n == 3 && strcmp(ap_arg(ap, 0), BPF_MODULE) != 0)
		ap_error(c, ap, DIAG_ATTACH_POINT,
			 "Only the 'bpf' variant of this probe supports 4 arguments");
	else if (!*ap_arg(ap, n - 1))
		ap_error(c, ap, DIAG_ATTACH_POINT, "fentry/fexit should specify a function");
	else if (!c->btf)
		ap_error(c, ap, DIAG_NO_BTF, "%s probes need BTF, which this kernel does not have",
			 p->name);
	else
		return true;
	return false;
}

static void expand_function(struct probe_ctx *c, const struct provider *p,
			    const struct attach_point *ap, site_vec *out)
{
	size_t n = ap_nr_args(ap);
	const char *module, *function;

	if (!check_parts(c, p, ap))
		return;
	module = n > 1 ? ap_arg(ap, 0) : NULL;
	function = ap_arg(ap, n - 1);
	if (module && !strcmp(module, BPF_MODULE))
		expand_bpf(c, p, ap, n == 3 ? ap_arg(ap, 1) : "*", function, out);
	else if (has_wildcard(function) || (module && has_wildcard(module)))
		expand_wildcard(c, p, ap, module ? module : "*", function, out);
	else
		expand_exact(c, p, ap, module, function, out);
}

/* ---- arguments and plan ---- */

static bool site_proto(struct probe_ctx *c, const struct probe_site *s, struct kbtf_proto *out)
{
	struct kbtf *b = kernel_module_btf(c, s->image.module);

	return !s->image.prog_id && b && !kbtf_proto(b, s->btf_id, out);
}

static struct type_struct *function_args(struct probe_ctx *c, struct probe_site *s, struct loc loc)
{
	struct kbtf_proto proto;

	if (site_proto(c, s, &proto))
		return slot_struct(c, arena_printf(c->arena, "%s_args", s->name), proto.params, 0,
				   proto.nr_params);
	if (loc.begin)
		diag_error(c->diags, loc, DIAG_NOT_IN_PROBE, "args can not be used with the "
			   "functions of BPF programs: %s", s->name);
	return NULL;
}

static const struct type *function_retval(struct probe_ctx *c, struct probe_site *s,
					  uint32_t *offset)
{
	struct kbtf_proto proto;

	if (!site_proto(c, s, &proto))
		return NULL;
	*offset = slot_struct(c, "", proto.params, 0, proto.nr_params)->size_bytes;
	return slot_value_type(c, proto.return_type);
}

void plan_fentry(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
		 struct image_prog *prog)
{
	const struct image_site *s = &sites[0]->image;

	(void)c;
	(void)count;
	prog->type = BPF_PROG_TYPE_TRACING;
	prog->attach = sites[0]->provider->attach;
	prog->expected_attach_type = prog->attach == ATTACH_FEXIT ? BPF_TRACE_FEXIT
								  : BPF_TRACE_FENTRY;
	prog->attach_btf_id = sites[0]->btf_id;
	prog->attach_prog_id = s->prog_id;
	if (s->module && !kernel_is_core(s->module))
		prog->attach_module = s->module;
}

/* As much of a site as its arguments need. */
static struct probe_site *listed_site(struct probe_ctx *c, const struct candidate *f,
				      const struct list_out *out)
{
	struct probe_site *s;

	if (!out->verbose)
		return NULL;
	s = arena_new(c->arena, struct probe_site);
	s->btf_id = f->btf_id;
	s->image.module = f->module;
	return s;
}

static void list_in_module(struct probe_ctx *c, const struct provider *p, const char *module,
			   const char *pattern, struct list_out *out)
{
	const char *const *list;
	struct candidate f;
	size_t count;

	kernel_module_functions(c, module, &list, &count);
	for (size_t i = 0; i < count; i++) {
		const char *text = arena_printf(c->arena, "%s:%s", module, list[i]);

		if (wildcard_match(pattern, text) && look_up(c, module, list[i], &f) && !f.refusal)
			list_item(c, p, text, listed_site(c, &f, out), out);
	}
}

static void list_bpf(struct probe_ctx *c, const struct provider *p, const char *pattern,
		     struct list_out *out)
{
	const struct target_bpf_function *list;
	size_t count;

	if (c->target->ops->bpf_functions(c->target->arg, &list, &count))
		count = 0;
	for (size_t i = 0; i < count; i++) {
		const char *text = arena_printf(c->arena, BPF_MODULE ":%" PRIu32 ":%s",
						list[i].prog_id, list[i].name);

		if (wildcard_match(pattern, text))
			list_item(c, p, text, NULL, out);
	}
}

static void list_functions(struct probe_ctx *c, const struct provider *p, const char *pattern,
			   struct list_out *out)
{
	const char *const *list;
	size_t count;

	pattern = pattern_with_group(c, pattern);
	if (!strncmp(pattern, BPF_MODULE ":", strlen(BPF_MODULE ":")))
		list_bpf(c, p, pattern, out);
	if (!c->btf)
		list_lacks(c, p, LIST_NO_BTF);
	kernel_modules(c, &list, &count);
	for (size_t i = 0; c->btf && i < count; i++)
		list_in_module(c, p, list[i], pattern, out);
}

static void list_args(struct probe_ctx *c, struct probe_site *s, struct list_out *out)
{
	if (!s->image.prog_id)
		list_params(c, s, 0, false, out);
}

static void list_exit_args(struct probe_ctx *c, struct probe_site *s, struct list_out *out)
{
	if (s->image.prog_id)
		return;
	list_params(c, s, 0, false, out);
	list_return(c, s, false, out);
}

const struct provider provider_fentry = {
	.name = "fentry",
	.wildcard_needs = FEATURE_FENTRY,
	.alias = { "f", "kfunc" },
	.doc = "Runs when a function of the kernel is called, with its C arguments.",
	.has = HAS_ARGS | HAS_FUNC | HAS_STACKS,
	.space = SPACE_KERNEL,
	.prog_type = BPF_PROG_TYPE_TRACING,
	.attach = ATTACH_FENTRY,
	.listed = true,
	.single_site = true,
	.expand = expand_function,
	.args = function_args,
	.plan = plan_fentry,
	.list = list_functions,
	.list_args = list_args,
};

const struct provider provider_fexit = {
	.name = "fexit",
	.alias = { "fr", "kretfunc" },
	.doc = "Runs when a function of the kernel returns, with its C arguments and result.",
	.has = HAS_ARGS | HAS_RETVAL | HAS_FUNC | HAS_STACKS,
	.space = SPACE_KERNEL,
	.prog_type = BPF_PROG_TYPE_TRACING,
	.attach = ATTACH_FEXIT,
	.is_return = true,
	.lists_by_name = true,
	.single_site = true,
	.expand = expand_function,
	.args = function_args,
	.retval = function_retval,
	.plan = plan_fentry,
	.list = list_functions,
	.list_args = list_exit_args,
};
