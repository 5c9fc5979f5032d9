/*
 * usdt: static probes of programs and libraries.
 *
 * Spelled TARGET:NAME or TARGET:PROVIDER:NAME; with a process (-p) the target
 * may be missing or empty: all that the process has mapped. One name may stand
 * for several places, each with arguments elsewhere; all are sites of one name.
 * A semaphore is the kernel's to raise: it is told its place in the file.
 */
#include "probes/probes_impl.h"

#include "probes/usdt_arg.h"

#include <string.h>

/* One attach point, taken apart. */
struct usdt_ap {
	const char *target, *provider, *name;
};

static bool parse_usdt_ap(struct probe_ctx *c, const struct provider *p,
			  const struct attach_point *ap, struct usdt_ap *u)
{
	size_t n = ap_nr_args(ap);

	if (ap_has_location(ap)) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "usdt probes have no source locations");
		return false;
	}
	if (!ap_check_count(c, p, ap, c->pid ? 1 : 2, 3))
		return false;
	u->name = ap_arg(ap, n - 1);
	u->provider = n == 3 && *ap_arg(ap, 1) ? ap_arg(ap, 1) : "*";
	u->target = n > 1 && *ap_arg(ap, 0) ? ap_arg(ap, 0) : NULL;
	if (!u->target && !c->pid) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "usdt probe must specify at least path or pid "
						   "to "
			 "probe. To target all paths/pids set the path to '*'.");
		return false;
	}
	if (!*u->name) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "usdt probe must have a name");
		return false;
	}
	u->target = u->target ? u->target : "*";
	return true;
}

static int usdt_of_file(struct probe_ctx *c, const char *path, const struct target_usdt **list,
			size_t *count)
{
	*count = 0;
	return c->target->ops->user_usdt(c->target->arg, path, list, count);
}

/* ---- arguments ---- */

/* An address that is fixed in the file lies at a fixed distance from the site,
 * wherever the file is mapped. */
static void resolve_symbol(struct probe_ctx *c, const char *path, const struct target_usdt *probe,
			   struct usdt_arg *a)
{
	const struct target_user_symbol *list;
	size_t count;

	if (user_symbols(c, path, a->symbol, &list, &count) || !count) {
		a->place = USDT_UNKNOWN;
		return;
	}
	a->value += (int64_t)(list[0].address - probe->address);
}

static const struct usdt_args *args_of(struct probe_ctx *c, const char *path,
				       const struct target_usdt *probe)
{
	struct usdt_args *args = arena_new(c->arena, struct usdt_args);

	usdt_args_parse(c->arena, c->target->arch, probe->args, args);
	for (size_t i = 0; i < args->count; i++)
		if (args->at[i].place == USDT_SYMBOL)
			resolve_symbol(c, path, probe, &args->at[i]);
	return args;
}

static const char *usdt_arg_problem(struct probe_ctx *c, struct probe_site *s, uint32_t index)
{
	const struct usdt_arg *a;

	if (index >= s->places->count)
		return NULL;
	a = &s->places->at[index];
	if (a->is_float)
		return arena_printf(c->arena, "arg%u of %s is a floating point number (%s)", index,
				    s->name, a->text);
	if (a->place == USDT_UNKNOWN && a->symbol)
		return arena_printf(c->arena, "arg%u of %s is at the symbol %s, which the file "
					      "does "
				    "not have", index, s->name, a->symbol);
	if (a->place == USDT_UNKNOWN)
		return arena_printf(c->arena, "arg%u of %s is in a place that cannot be read: %s",
				    index, s->name, a->text);
	return NULL;
}

static const struct type *usdt_arg_type(struct probe_ctx *c, struct probe_site *s, uint32_t index,
					int *nr_params, const char **param_name)
{
	(void)c, (void)index, (void)param_name;
	*nr_params = (int)s->places->count;
	return NULL;
}

/* ---- expansion ---- */

static void add_usdt(struct probe_ctx *c, const struct provider *p, const struct attach_point *ap,
		     const char *path, const struct target_usdt *probe, site_vec *out)
{
	struct probe_site *s = site_add(c, p, ap, arena_printf(c->arena, "usdt:%s:%s:%s", path,
							       probe->provider, probe->name), out);

	s->image.path = path;
	s->file = path;
	s->image.function = probe->name;
	s->image.offset = probe->file_offset;
	s->image.semaphore = probe->semaphore_offset;
	s->places = args_of(c, path, probe);
}

static const char *usdt_text(struct probe_ctx *c, const char *provider, const char *name)
{
	return arena_printf(c->arena, "%s:%s", provider, name);
}

static void missing_usdt(struct probe_ctx *c, const struct provider *p,
			 const struct attach_point *ap, const struct usdt_ap *u, const char *path,
			 const struct target_usdt *list, size_t count)
{
	bool with_provider = strcmp(u->provider, "*") != 0;
	const char *what = with_provider ? usdt_text(c, u->provider, u->name) : u->name;
	struct diag *d = ap_missing(c, p, ap, arena_printf(c->arena, "%s:%s", path, what));
	struct nearest near;

	if (!d)
		return;
	nearest_start(&near, what);
	for (size_t i = 0; i < count; i++)
		nearest_try(&near, with_provider ? usdt_text(c, list[i].provider, list[i].name)
						 : list[i].name);
	if (!count)
		diag_hint(c->diags, d, "the file has no static probes");
	else if (near.best)
		diag_hint(c->diags, d, "did you mean %s?", near.best);
}

static void expand_file(struct probe_ctx *c, const struct provider *p,
			const struct attach_point *ap, const struct usdt_ap *u, const char *path,
			site_vec *out)
{
	bool is_pattern = has_wildcard(u->target) || has_wildcard(u->name) ||
			  (has_wildcard(u->provider) && strcmp(u->provider, "*") != 0);
	const struct target_usdt *list;
	size_t count, before = out->n;
	int err = usdt_of_file(c, path, &list, &count);

	if (err) {
		user_file_failed(c, ap, u->target, path, err);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (wildcard_match(u->provider, list[i].provider) &&
		    wildcard_match(u->name, list[i].name))
			add_usdt(c, p, ap, path, &list[i], out);
	if (out->n == before && !is_pattern)
		missing_usdt(c, p, ap, u, path, list, count);
}

static void expand_usdt(struct probe_ctx *c, const struct provider *p,
			const struct attach_point *ap, site_vec *out)
{
	const char *const *paths;
	struct usdt_ap u;
	size_t count;

	if (!parse_usdt_ap(c, p, ap, &u) || !user_files_find(c, p, ap, u.target, &paths, &count))
		return;
	for (size_t i = 0; i < count; i++)
		expand_file(c, p, ap, &u, paths[i], out);
}

/* ---- list ---- */

/* Up to three parts: FILE, PROVIDER:NAME or NAME. */
static void split_pattern(struct probe_ctx *c, const char *pattern, struct usdt_ap *u)
{
	const char *first = strchr(pattern, ':'), *second = first ? strchr(first + 1, ':') : NULL;

	u->target = first ? arena_strndup(c->arena, pattern, (size_t)(first - pattern)) : pattern;
	u->provider = second ? arena_strndup(c->arena, first + 1, (size_t)(second - first - 1))
			     : "*";
	u->name = second ? second + 1 : first ? first + 1 : "*";
	u->target = *u->target ? u->target : "*";
	u->provider = *u->provider ? u->provider : "*";
	u->name = *u->name ? u->name : "*";
}

static void list_usdt(struct probe_ctx *c, const struct provider *p, const char *pattern,
		      struct list_out *out)
{
	const char *const *paths, *last = "";
	const struct target_usdt *list;
	size_t nr_paths, count;
	struct usdt_ap u;

	split_pattern(c, pattern, &u);
	if (user_files_list(c, u.target, &paths, &nr_paths))
		return;
	for (size_t k = 0; k < nr_paths; k++) {
		if (usdt_of_file(c, paths[k], &list, &count))
			continue;
		for (size_t i = 0; i < count; i++) {
			const char *text = arena_printf(c->arena, "%s:%s:%s", paths[k],
							list[i].provider, list[i].name);

			if (!wildcard_match(u.provider, list[i].provider) ||
			    !wildcard_match(u.name, list[i].name) || !strcmp(last, text))
				continue;
			last = text;
			list_item(c, p, text, NULL, out);
		}
	}
}

const struct provider provider_usdt = {
	.name = "usdt",
	.alias = { "U" },
	.doc = "Runs at a static probe of a program or library.",
	.has = HAS_ARGN | HAS_PT_REGS | HAS_CTX | HAS_STACKS,
	.space = SPACE_USER,
	.prog_type = BPF_PROG_TYPE_KPROBE,
	.attach = ATTACH_USDT,
	.listed = true,
	.signed_args = true,
	.expand = expand_usdt,
	.arg_type = usdt_arg_type,
	.type_by_name = user_type_by_name,
	.arg_form = user_arg_form,
	.arg_problem = usdt_arg_problem,
	.plan = plan_user,
	.list = list_usdt,
};
