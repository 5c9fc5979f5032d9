/*
 * tracepoint: static events of the kernel, by category and name.
 *
 * Which exist and what their records hold says tracefs, through the target.
 * Many syscall events become one raw tracepoint program on sys_enter or
 * sys_exit, since attaching hundreds of them takes seconds.
 */
#include "probes/probes_impl.h"

#include "types/tracefs_format.h"

#include <errno.h>
#include <string.h>

static int all_events(struct probe_ctx *c, const char *const **list, size_t *count)
{
	int err = c->target->ops->events(c->target->arg, list, count);

	if (err)
		*count = 0;
	return err;
}

/* What lets tracefs be read, by what was in the way. */
static void tell_no_tracefs(struct probe_ctx *c, struct diag *d, int err)
{
	if (!d)
		return;
	if (err == -EACCES || err == -EPERM)
		diag_hint(c->diags, d, "reading tracefs takes root, or CAP_DAC_READ_SEARCH, also "
			  "to compile only");
	else if (err == -ENODEV)
		diag_hint(c->diags, d, "as root: mount -t tracefs tracefs /sys/kernel/tracing; "
			  "root itself needs no mount");
	else if (err == -ENOENT)
		diag_hint(c->diags, d, "this kernel has no tracefs: it was built without "
			  "CONFIG_TRACING");
}

static const char *tracefs_reason(int err)
{
	return err == -ENODEV ? "it is not mounted" : strerror(-err);
}

/* ---- expansion ---- */

static void unreadable(struct probe_ctx *c, const struct attach_point *ap, int err)
{
	struct diag *d = ap_error(c, ap, DIAG_NO_TRACEFS,
				  "cannot read tracepoints from tracefs: %s", tracefs_reason(err));

	tell_no_tracefs(c, d, err);
}

static struct probe_site *add_event(struct probe_ctx *c, const struct provider *p,
				    const struct attach_point *ap, const char *full, site_vec *out)
{
	const char *colon = strchr(full, ':');
	struct probe_site *s = site_add(c, p, ap, arena_printf(c->arena, "%s:%s", p->name, full),
					out);

	s->image.category = name_of_len(c->names, full, (size_t)(colon - full));
	s->image.event = name_of(c->names, colon + 1);
	if (!strcmp(s->image.category, "syscalls") && c->target->arch)
		s->syscall_nr = probes_syscall_number(c->target->arch->name, s->image.event);
	return s;
}

static void expand_pattern(struct probe_ctx *c, const struct provider *p,
			   const struct attach_point *ap, const char *pattern, site_vec *out)
{
	const char *const *list;
	size_t count;
	int err;

	err = all_events(c, &list, &count);
	if (err)
		unreadable(c, ap, err);
	for (size_t i = 0; i < count; i++)
		if (wildcard_match(pattern, list[i]))
			add_event(c, p, ap, list[i], out);
}

static void missing_event(struct probe_ctx *c, const struct provider *p,
			  const struct attach_point *ap, const char *full)
{
	struct diag *d = ap_missing(c, p, ap, full);
	const char *const *list;
	struct nearest n;
	size_t count;

	if (!d)
		return;
	all_events(c, &list, &count);
	nearest_start(&n, full);
	for (size_t i = 0; i < count; i++)
		nearest_try(&n, list[i]);
	if (n.best)
		diag_hint(c->diags, d, "did you mean %s:%s?", p->name, n.best);
}

static void expand_exact(struct probe_ctx *c, const struct provider *p,
			 const struct attach_point *ap, const char *full, site_vec *out)
{
	const char *event = strchr(full, ':') + 1;
	const char *category = arena_strndup(c->arena, full, (size_t)(event - full) - 1);
	uint32_t id;
	int err = c->target->ops->event_id(c->target->arg, category, event, &id);

	if (err == -ENOENT)
		missing_event(c, p, ap, full);
	else if (err)
		unreadable(c, ap, err);
	else
		add_event(c, p, ap, full, out)->image.event_id = id;
}

static void expand_tracepoint(struct probe_ctx *c, const struct provider *p,
			      const struct attach_point *ap, site_vec *out)
{
	const char *full;

	if (ap_nr_args(ap) == 1 && has_wildcard(ap_arg(ap, 0))) {
		expand_pattern(c, p, ap, pattern_with_group(c, ap_arg(ap, 0)), out);
		return;
	}
	if (!ap_check_count(c, p, ap, 2, 2))
		return;
	full = arena_printf(c->arena, "%s:%s", ap_arg(ap, 0), ap_arg(ap, 1));
	if (has_wildcard(full))
		expand_pattern(c, p, ap, full, out);
	else
		expand_exact(c, p, ap, full, out);
}

/* ---- arguments ---- */

static struct type_struct *tracepoint_args(struct probe_ctx *c, struct probe_site *s,
					   struct loc loc)
{
	struct tracefs_format format = { 0 };
	const char *text;
	int err = c->target->ops->format(c->target->arg, s->image.category, s->image.event, &text);

	if (!err)
		err = tracefs_format_parse(&format, c->types, c->btf, s->image.category,
					   s->image.event, text);
	if (!err) {
		if (!s->image.event_id)
			s->image.event_id = format.id;
		return format.args;
	}
	if (loc.begin)
		diag_error(c->diags, loc, DIAG_NO_FORMAT,
			   "cannot read the format of %s: %s", s->name,
			   strerror(-err));
	return NULL;
}

/* ---- plan ---- */

const char *probes_raw_event(const struct probe_site *s)
{
	if (s->provider != &provider_tracepoint || s->syscall_nr < 0)
		return NULL;
	return strncmp(s->image.event, "sys_enter_", 10) ? "sys_exit" : "sys_enter";
}

static void plan_tracepoint(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
			    struct image_prog *prog)
{
	if (prog->raw_event) {
		prog->type = BPF_PROG_TYPE_RAW_TRACEPOINT;
		prog->attach = ATTACH_RAW_TRACEPOINT;
		prog->why = "system calls, of which no args are read";
		return;
	}
	prog->type = BPF_PROG_TYPE_TRACEPOINT;
	prog->attach = ATTACH_TRACEPOINT;
	for (size_t i = 0; i < count; i++) {
		struct image_site *s = &sites[i]->image;
		uint32_t id;

		if (!s->event_id &&
		    !c->target->ops->event_id(c->target->arg, s->category, s->event, &id))
			s->event_id = id;
	}
}

/* As much of a site as its arguments need; NULL if they are not wanted. */
static struct probe_site *listed_site(struct probe_ctx *c, const char *full,
				      const struct list_out *out)
{
	const char *colon = strchr(full, ':');
	struct probe_site *s;

	if (!out->verbose)
		return NULL;
	s = arena_new(c->arena, struct probe_site);
	s->image.category = arena_strndup(c->arena, full, (size_t)(colon - full));
	s->image.event = colon + 1;
	return s;
}

/* The declarations as the format file has them, but for the fields that all events
 * share. */
static void list_event_args(struct probe_ctx *c, struct probe_site *s, struct list_out *out)
{
	const char *text, *at;

	if (c->target->ops->format(c->target->arg, s->image.category, s->image.event, &text))
		return;
	while ((at = strstr(text, "field:"))) {
		at += strlen("field:");
		text = at + strcspn(at, ";");
		if (!memmem(at, (size_t)(text - at), " common_", 8))
			list_field(c, out, "%.*s", (int)(text - at), at);
	}
}

static void list_tracepoint(struct probe_ctx *c, const struct provider *p, const char *pattern,
			    struct list_out *out)
{
	const char *const *list;
	size_t count;
	int err;

	pattern = pattern_with_group(c, pattern);
	err = all_events(c, &list, &count);
	if (err)
		tell_no_tracefs(c, diag_warning(c->diags, (struct loc){ 0 }, DIAG_NO_TRACEFS,
						"cannot list tracepoints from tracefs: %s",
						tracefs_reason(err)),
				err);
	for (size_t i = 0; i < count; i++)
		if (wildcard_match(pattern, list[i]))
			list_item(c, p, list[i], listed_site(c, list[i], out), out);
}

const struct provider provider_tracepoint = {
	.name = "tracepoint",
	.alias = { "t" },
	.doc = "Runs at a static event of the kernel.",
	.has = HAS_ARGS | HAS_STACKS,
	.space = SPACE_KERNEL,
	.prog_type = BPF_PROG_TYPE_TRACEPOINT,
	.attach = ATTACH_TRACEPOINT,
	.listed = true,
	.expand = expand_tracepoint,
	.args = tracepoint_args,
	.plan = plan_tracepoint,
	.list = list_tracepoint,
	.list_args = list_event_args,
};
