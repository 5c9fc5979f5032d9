/*
 * kprobe and kretprobe: functions of the kernel, at their entry (or an offset,
 * or an address) and at their return.
 *
 * The list of traceable functions is slow to get: it is read for wildcards and
 * hints only, not to find an exact name.
 */
#include "probes/probes_impl.h"

#include "lang/lang.h"
#include "types/kbtf.h"

#include <inttypes.h>
#include <string.h>

/* ---- expansion ---- */

/* What one attach point says, taken apart. */
struct function_ap {
	const char *module;	/* NULL: none named */
	const char *function;
	uint64_t offset, address;
	bool is_address;
};

static struct probe_site *add_function(struct probe_ctx *c, const struct provider *p,
				       const struct attach_point *ap, const struct function_ap *f,
				       site_vec *out)
{
	const char *name = arena_printf(c->arena, "%s:%s%s%s", p->name, f->module ? f->module : "",
					f->module ? ":" : "", f->function);
	struct probe_site *s;

	if (f->offset)
		name = arena_printf(c->arena, "%s+%" PRIu64, name, f->offset);
	s = site_add(c, p, ap, name, out);
	s->image.module = f->module;
	s->image.function = name_of(c->names, f->function);
	s->image.offset = f->offset;
	return s;
}

static void add_address(struct probe_ctx *c, const struct provider *p,
			const struct attach_point *ap, const struct function_ap *f, site_vec *out)
{
	struct diag *d;

	if (c->unsafe_mode) {
		site_add(c, p, ap, arena_printf(c->arena, "%s:%" PRIu64, p->name, f->address),
			 out)->image.address = f->address;
		return;
	}
	d = ap_error(c, ap, DIAG_UNSAFE, "attaching a %s to an address is unsafe", p->name);
	if (d)
		diag_hint(c->diags, d, "use --unsafe to allow it");
}

/* "name+offset" or a number; false after an error. */
static bool parse_function(struct probe_ctx *c, const struct provider *p,
			   const struct attach_point *ap, struct function_ap *f)
{
	const char *text = f->function, *plus = strchr(text, '+');
	bool is_duration;

	if (!*text) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "%ss should be attached to a function or an "
			 "address", p->name);
		return false;
	}
	if (!lang_parse_integer(text, strlen(text), &f->address, &is_duration)) {
		f->is_address = true;
		return true;
	}
	if (!plus)
		return true;
	if (p->is_return) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "Offset not allowed");
		return false;
	}
	if (plus == text || lang_parse_integer(plus + 1, strlen(plus + 1), &f->offset,
					       &is_duration)) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "Invalid offset: %s", plus + 1);
		return false;
	}
	f->function = arena_strndup(c->arena, text, (size_t)(plus - text));
	return true;
}

static void missing_function(struct probe_ctx *c, const struct provider *p,
			     const struct attach_point *ap, const struct function_ap *f)
{
	struct diag *d = ap_missing(c, p, ap, f->module ? arena_printf(c->arena, "%s:%s", f->module,
								       f->function)
							: f->function);

	if (d)
		kernel_suggest(c, d, p, f->function);
}

/* Each function of the name by where it begins, if there are several. */
static void add_functions(struct probe_ctx *c, const struct provider *p,
			  const struct attach_point *ap, const struct function_ap *f,
			  site_vec *out)
{
	const uint64_t *list;
	size_t count = 0;

	if (kernel_function_is_ambiguous(c, f->function))
		kernel_function_addresses(c, f->module, f->function, &list, &count);
	if (count < 2) {
		add_function(c, p, ap, f, out);
		return;
	}
	for (size_t i = 0; i < count; i++)
		add_function(c, p, ap, f, out)->image.entry = list[i];
}

static void expand_in(struct probe_ctx *c, const struct provider *p,
		      const struct attach_point *ap, const char *module, const char *pattern,
		      site_vec *out)
{
	struct function_ap f = { .module = module };
	const char *const *list;
	size_t count;

	if (module)
		kernel_module_functions(c, module, &list, &count);
	else
		kernel_functions(c, &list, &count);
	for (size_t i = 0; i < count; i++) {
		if (!wildcard_match(pattern, list[i]) || kernel_function_blocked(list[i]))
			continue;
		f.function = list[i];
		add_functions(c, p, ap, &f, out);
	}
}

static void expand_wildcard(struct probe_ctx *c, const struct provider *p,
			    const struct attach_point *ap, const struct function_ap *f,
			    site_vec *out)
{
	const char *const *modules;
	size_t count;

	if (f->offset) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "Offset not allowed with a wildcard");
	} else if (!f->module) {
		expand_in(c, p, ap, NULL, f->function, out);
	} else {
		kernel_modules(c, &modules, &count);
		for (size_t i = 0; i < count; i++)
			if (wildcard_match(f->module, modules[i]))
				expand_in(c, p, ap, modules[i], f->function, out);
	}
}

/* Under the name that it has in this kernel; the probe keeps the one of the script. */
static void expand_other_name(struct probe_ctx *c, const struct provider *p,
			      const struct attach_point *ap, struct function_ap *f, site_vec *out)
{
	const char *old = f->function, *new = f->offset || kernel_function_blocked(old) ? NULL
					      : kernel_renamed(c, ap, old);
	struct probe_site *s;

	if (!new) {
		missing_function(c, p, ap, f);
		return;
	}
	s = add_function(c, p, ap, f, out);
	s->image.function = name_of(c->names, new);
	s->is_renamed = true;
}

static bool is_there(struct probe_ctx *c, const struct function_ap *f)
{
	return f->module && !kernel_is_core(f->module) ?
	       kernel_module_has(c, f->module, f->function) :
	       kernel_function_exists(c, f->function);
}

static void expand_exact(struct probe_ctx *c, const struct provider *p,
			 const struct attach_point *ap, struct function_ap *f, site_vec *out)
{
	if (f->module && !kernel_module_loaded(c, f->module)) {
		ap_error(c, ap, DIAG_NO_MODULE,
			 "specified module %s in probe %s:%s:%s is not loaded.", f->module, p->name,
			 f->module, f->function);
	} else if (c->unsafe_mode || is_there(c, f)) {
		add_function(c, p, ap, f, out);
		kernel_uncalled(c, ap, f->function);
	} else {
		expand_other_name(c, p, ap, f, out);
	}
}

static void expand_function(struct probe_ctx *c, const struct provider *p,
			    const struct attach_point *ap, site_vec *out)
{
	size_t n = ap_nr_args(ap);
	struct function_ap f = { 0 };

	if (!ap_check_count(c, p, ap, 1, 2))
		return;
	f.function = ap_arg(ap, n - 1);
	f.module = n == 2 ? ap_arg(ap, 0) : NULL;
	if (!parse_function(c, p, ap, &f))
		return;
	if (f.is_address)
		add_address(c, p, ap, &f, out);
	else if (has_wildcard(f.function) || (f.module && has_wildcard(f.module)))
		expand_wildcard(c, p, ap, &f, out);
	else
		expand_exact(c, p, ap, &f, out);
}

/* ---- arguments and plan ---- */

/* BTF is read when a script asks for it: a wildcard's functions can do without. */
static uint32_t site_btf_id(struct probe_ctx *c, struct probe_site *s)
{
	const struct image_site *at = &s->image;

	if (!s->btf_id && c->btf && at->function && !at->offset)
		s->btf_id = kernel_function_id(c, at->module, at->function);
	return s->btf_id;
}

static const struct type *function_arg_type(struct probe_ctx *c, struct probe_site *s,
					    uint32_t index, int *nr_params, const char **param_name)
{
	struct kbtf_proto proto;
	const struct type *t;
	struct kbtf *b;

	*nr_params = -1;
	*param_name = NULL;
	b = kernel_module_btf(c, s->image.module);
	if (!b || !site_btf_id(c, s) || kbtf_proto(b, s->btf_id, &proto))
		return NULL;
	*nr_params = (int)proto.nr_params;
	if (index >= proto.nr_params)
		return NULL;
	*param_name = proto.params[index].name;
	t = proto.params[index].type;
	return t->kind == TYPE_POINTER && t->target->kind != TYPE_VOID ? t->target : NULL;
}

/* A kprobe by itself is as good for one function, and can be anywhere in it. */
static bool can_be_multi(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
			 struct image_prog *prog)
{
	if (count < 2 && probes_mechanism(c, sites[0]) == MECHANISM_AUTO) {
		prog->why = "it is one function";
		return false;
	}
	return probes_choose_multi(c, sites, count, FEATURE_KPROBE_MULTI, prog);
}

static bool needs_entries(struct probe_site *const *sites, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (probes_needs_address(sites[i]))
			return true;
	return false;
}

/* A link takes names, of which it looks at one function each, or addresses. Which of two
 * functions is meant, of which one may not be traced, is not known. */
static bool fill_entries(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
			 struct image_prog *prog)
{
	uint64_t *entries = arena_array(c->arena, uint64_t, count);

	for (size_t i = 0; i < count; i++) {
		const struct image_site *s = &sites[i]->image;
		const uint64_t *list;
		size_t n = 1;

		if (s->entry)
			list = &s->entry;
		else
			kernel_function_addresses(c, s->module, s->function, &list, &n);
		if (n != 1) {
			prog->why = arena_printf(c->arena, "where %s is cannot be found out",
						 s->function);
			return false;
		}
		entries[i] = list[0];
	}
	for (size_t i = 0; i < count; i++)
		sites[i]->image.entry = entries[i];
	return true;
}

/* By address where it has to be; else where that is at hand, since the kernel goes through all
 * its symbols for names. */
static bool can_be_linked(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
			  struct image_prog *prog)
{
	if (needs_entries(sites, count))
		return fill_entries(c, sites, count, prog);
	if (c->target->ops->knows_addresses(c->target->arg) && !fill_entries(c, sites, count, prog))
		prog->why = NULL;
	return true;
}

static void plan_function(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
			  struct image_prog *prog)
{
	prog->type = BPF_PROG_TYPE_KPROBE;
	prog->attach = sites[0]->provider->attach;
	prog->use_multi = can_be_multi(c, sites, count, prog) &&
			  can_be_linked(c, sites, count, prog);
	if (prog->use_multi)
		prog->expected_attach_type = BPF_TRACE_KPROBE_MULTI;
}

/* ---- by a trampoline (kprobe_as_fentry) ---- */

static const struct provider by_fentry, by_fexit;

/* The kernel hands over what it knows as a number, and pointers to structs. */
static bool is_plain(const struct type *t)
{
	return type_is_integer(t) || t->kind == TYPE_BOOL ||
	       (t->kind == TYPE_POINTER &&
		(t->target->kind == TYPE_STRUCT || t->target->kind == TYPE_VOID));
}

/* Structs by value lie elsewhere in a trampoline's context than in registers. */
static bool has_all_plain(const struct kbtf_proto *proto, uint64_t mask)
{
	if (proto->nr_params < 64 && mask >> proto->nr_params)
		return false;
	for (uint32_t i = 0; i < proto->nr_params; i++)
		if (proto->params[i].type->kind == TYPE_STRUCT ||
		    (mask >> i & 1 && !is_plain(proto->params[i].type)))
			return false;
	return true;
}

/* Of functions of one name kprobes are at each, of which BTF knows one. */
static bool is_single(struct probe_ctx *c, const struct image_site *s)
{
	const uint64_t *list;
	size_t count = 0;

	if (s->entry)
		return false;
	kernel_function_addresses(c, s->module, s->function, &list, &count);
	return count < 2;
}

static const struct provider *as_fentry(struct probe_ctx *c, struct probe_site *s, uint64_t mask)
{
	const char *module = s->image.module ? s->image.module : "vmlinux";
	bool is_return = s->provider->is_return;
	struct kbtf_proto proto;
	uint32_t id;

	if (!c->btf || !s->image.function || s->image.offset ||
	    probes_mechanism(c, s) != MECHANISM_AUTO || !target_has(c->target, FEATURE_FENTRY))
		return NULL;
	id = fentry_proto(c, module, s->image.function, &proto);
	if (!id || !has_all_plain(&proto, mask) || !is_single(c, &s->image) ||
	    (is_return && !is_plain(proto.return_type)))
		return NULL;
	s->btf_id = id;
	s->image.module = module;
	return is_return ? &by_fexit : &by_fentry;
}

/* The same number as in the register. */
static const struct type *result_by_fexit(struct probe_ctx *c, struct probe_site *s,
					  uint32_t *offset)
{
	struct kbtf_proto proto;

	if (kbtf_proto(kernel_module_btf(c, s->image.module), s->btf_id, &proto))
		return NULL;
	*offset = proto.nr_params * 8;
	return type_int(c->types, 8, false);
}

/* As much of a site as its arguments need; NULL if they are not wanted. */
static struct probe_site *listed_site(struct probe_ctx *c, const char *module,
				      const char *name, const struct list_out *out)
{
	struct probe_site *s;

	if (!out->verbose)
		return NULL;
	s = arena_new(c->arena, struct probe_site);
	s->image.module = module;
	s->btf_id = kernel_function_id(c, module, name);
	return s;
}

/* Without a module in the pattern names stand alone. */
static void list_in(struct probe_ctx *c, const struct provider *p, const char *module,
		    const char *pattern, struct list_out *out)
{
	const char *const *list;
	size_t count;

	if (module)
		kernel_module_functions(c, module, &list, &count);
	else
		kernel_functions(c, &list, &count);
	if (!module && !count)
		list_lacks(c, p, "neither tracefs nor BTF and /proc/kallsyms tell which functions "
			   "can be traced");
	for (size_t i = 0; i < count; i++) {
		const char *text = module ? arena_printf(c->arena, "%s:%s", module, list[i])
					  : list[i];

		if (!kernel_function_blocked(list[i]) && wildcard_match(pattern, text))
			list_item(c, p, text, listed_site(c, module, list[i], out), out);
	}
}

static void list_functions(struct probe_ctx *c, const struct provider *p, const char *pattern,
			   struct list_out *out)
{
	const char *const *modules;
	size_t count;

	if (!strchr(pattern, ':')) {
		list_in(c, p, NULL, pattern, out);
		return;
	}
	kernel_modules(c, &modules, &count);
	for (size_t i = 0; i < count; i++)
		list_in(c, p, modules[i], pattern, out);
}

static void list_function_args(struct probe_ctx *c, struct probe_site *s, struct list_out *out)
{
	site_btf_id(c, s);
	list_params(c, s, 0, true, out);
}

static void list_function_return(struct probe_ctx *c, struct probe_site *s, struct list_out *out)
{
	site_btf_id(c, s);
	list_return(c, s, true, out);
}

/* The function, wherever in it the probe is. */
static const char *list_function_name(struct probe_ctx *c, const struct probe_site *s)
{
	const char *text = strchr(s->spelled, ':') + 1;

	return arena_strndup(c->arena, text, strcspn(text, "+"));
}

const struct provider provider_kprobe = {
	.name = "kprobe",
	.wildcard_needs = FEATURE_KPROBES,
	.alias = { "k" },
	.doc = "Runs when a function of the kernel is called.",
	.has = HAS_ARGN | HAS_FUNC | HAS_PT_REGS | HAS_CTX | HAS_STACKS,
	.space = SPACE_KERNEL,
	.prog_type = BPF_PROG_TYPE_KPROBE,
	.attach = ATTACH_KPROBE,
	.listed = true,
	.expand = expand_function,
	.arg_type = function_arg_type,
	.as_fentry = as_fentry,
	.plan = plan_function,
	.list = list_functions,
	.list_name = list_function_name,
	.list_args = list_function_args,
};

const struct provider provider_kretprobe = {
	.name = "kretprobe",
	.alias = { "kr" },
	.doc = "Runs when a function of the kernel returns.",
	.has = HAS_RETVAL | HAS_FUNC | HAS_PT_REGS | HAS_CTX | HAS_STACKS,
	.space = SPACE_KERNEL,
	.prog_type = BPF_PROG_TYPE_KPROBE,
	.attach = ATTACH_KRETPROBE,
	.is_return = true,
	.lists_by_name = true,
	.expand = expand_function,
	.as_fentry = as_fentry,
	.plan = plan_function,
	.list = list_functions,
	.list_name = list_function_name,
	.list_args = list_function_return,
};

/* Rows that no script can name. */
static const struct provider by_fentry = {
	.name = "kprobe",
	.has = HAS_ARGN | HAS_FUNC | HAS_STACKS,
	.space = SPACE_KERNEL,
	.prog_type = BPF_PROG_TYPE_TRACING,
	.attach = ATTACH_FENTRY,
	.single_site = true,
	.arg_type = function_arg_type,
	.plan = plan_fentry,
	.list_name = list_function_name,
	.list_args = list_function_args,
};

static const struct provider by_fexit = {
	.name = "kretprobe",
	.has = HAS_RETVAL | HAS_FUNC | HAS_STACKS,
	.space = SPACE_KERNEL,
	.prog_type = BPF_PROG_TYPE_TRACING,
	.attach = ATTACH_FEXIT,
	.is_return = true,
	.single_site = true,
	.retval = result_by_fexit,
	.plan = plan_fentry,
	.list_name = list_function_name,
	.list_args = list_function_return,
};
