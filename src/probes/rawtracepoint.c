/*
 * rawtracepoint: the kernel's static events with their C arguments.
 *
 * BTF lists them: for event NAME there is a typedef btf_trace_NAME, a pointer
 * to a function whose first parameter is not the script's. With BTF the program
 * is a typed one, whose pointer arguments the verifier knows; without, a plain
 * one by name, with argN only.
 */
#include "probes/probes_impl.h"

#include "types/kbtf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX		"btf_trace_"
#define NAMED_PREFIX	"__traceiter_"

static uint32_t event_find(struct probe_ctx *c, const char *event)
{
	return kbtf_find(c->btf, arena_printf(c->arena, PREFIX "%s", event), KBTF_TYPEDEF);
}

/* ---- expansion ---- */

static void add_event(struct probe_ctx *c, const struct provider *p, const struct attach_point *ap,
		      const char *event, uint32_t btf_id, site_vec *out)
{
	const char *name = arena_printf(c->arena, btf_id ? "%s:vmlinux:%s" : "%s:%s", p->name,
					event);
	struct probe_site *s = site_add(c, p, ap, name, out);

	s->image.event = name_of(c->names, event);
	s->btf_id = btf_id;
}

struct event_walk {
	struct probe_ctx *c;
	const char *pattern;
	VEC(const char *) names;
};

static bool collect_event(uint32_t id, const char *name, void *arg)
{
	struct event_walk *w = arg;

	(void)id;
	if (!strncmp(name, PREFIX, strlen(PREFIX)) &&
	    wildcard_match(w->pattern, name + strlen(PREFIX)))
		vec_push(w->c->arena, &w->names, name + strlen(PREFIX));
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All events that match, sorted. */
static void collect_events(struct probe_ctx *c, const char *pattern, struct event_walk *w)
{
	memset(w, 0, sizeof(*w));
	w->c = c;
	w->pattern = pattern;
	if (c->btf)
		kbtf_each(c->btf, KBTF_TYPEDEF, collect_event, w);
	if (w->names.n)
		qsort(w->names.at, w->names.n, sizeof(w->names.at[0]), compare_names);
}

static void missing_event(struct probe_ctx *c, const struct provider *p,
			  const struct attach_point *ap, const char *event)
{
	struct diag *d = ap_missing(c, p, ap, event);
	struct event_walk w;
	struct nearest n;

	if (!d)
		return;
	collect_events(c, "*", &w);
	nearest_start(&n, event);
	for (size_t i = 0; i < w.names.n; i++)
		nearest_try(&n, w.names.at[i]);
	if (n.best)
		diag_hint(c->diags, d, "did you mean %s:%s?", p->name, n.best);
}

static bool by_name(const struct probe_ctx *c)
{
	return c->attach && c->attach[MECHANISM_OF_RAW_TRACEPOINT] == MECHANISM_NAME;
}

static void expand_event(struct probe_ctx *c, const struct provider *p,
			 const struct attach_point *ap, site_vec *out)
{
	const char *event;
	struct event_walk w;

	if (!ap_check_count(c, p, ap, 1, 2))
		return;
	event = ap_arg(ap, ap_nr_args(ap) - 1);
	if (ap_nr_args(ap) == 2 && !wildcard_match(ap_arg(ap, 0), "vmlinux")) {
		ap_missing(c, p, ap, arena_printf(c->arena, "%s:%s", ap_arg(ap, 0), event));
	} else if (has_wildcard(event)) {
		collect_events(c, event, &w);
		for (size_t i = 0; i < w.names.n; i++)
			add_event(c, p, ap, w.names.at[i],
				  by_name(c) ? 0 : event_find(c, w.names.at[i]), out);
	} else if (!c->btf || by_name(c)) {
		add_event(c, p, ap, event, 0, out);
	} else if (event_find(c, event)) {
		add_event(c, p, ap, event, event_find(c, event), out);
	} else {
		missing_event(c, p, ap, event);
	}
}

/* ---- arguments ---- */

/* The typedef's function type has parameters without names; those are with the
 * function that the kernel calls for each event. */
static int event_proto(struct probe_ctx *c, struct probe_site *s, struct kbtf_proto *out)
{
	struct kbtf_proto named;
	uint32_t id;

	if (!c->btf || !s->btf_id || kbtf_proto(c->btf, s->btf_id, out) || !out->nr_params)
		return -ENOENT;
	if (*out->params[out->nr_params - 1].name)
		return 0;
	id = kbtf_find(c->btf, arena_printf(c->arena, NAMED_PREFIX "%s", s->image.event),
		       KBTF_FUNC);
	if (id && !kbtf_proto(c->btf, id, &named) && named.nr_params == out->nr_params)
		out->params = named.params;
	return 0;
}

static struct type_struct *event_args(struct probe_ctx *c, struct probe_site *s, struct loc loc)
{
	struct kbtf_proto proto;

	if (event_proto(c, s, &proto)) {
		if (loc.begin)
			diag_error(c->diags, loc, DIAG_NO_BTF, "the arguments of %s are not known: "
				   "%s", s->name, by_name(c) ? "it is attached by its name"
							     : "the kernel has no BTF for it");
		return NULL;
	}
	return slot_struct(c, arena_printf(c->arena, "%s_args", s->name), proto.params, 1,
			   proto.nr_params);
}

static const struct type *event_arg_type(struct probe_ctx *c, struct probe_site *s, uint32_t index,
					 int *nr_params, const char **param_name)
{
	struct type_struct *args = provider_args(c, s, (struct loc){ 0 });

	*nr_params = args ? (int)args->nr_fields : -1;
	*param_name = NULL;
	if (!args || index >= args->nr_fields)
		return NULL;
	*param_name = args->fields[index].name;
	return args->fields[index].type->kind == TYPE_POINTER ? args->fields[index].type->target
							      : NULL;
}

static void plan_event(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
		       struct image_prog *prog)
{
	(void)c;
	(void)count;
	if (!sites[0]->btf_id) {
		prog->type = BPF_PROG_TYPE_RAW_TRACEPOINT;
		prog->attach = ATTACH_RAW_TRACEPOINT;
		return;
	}
	prog->type = BPF_PROG_TYPE_TRACING;
	prog->expected_attach_type = BPF_TRACE_RAW_TP;
	prog->attach = ATTACH_BTF_TRACEPOINT;
	prog->attach_btf_id = sites[0]->btf_id;
}

/* As much of a site as its arguments need; NULL if they are not wanted. */
static struct probe_site *listed_site(struct probe_ctx *c, const char *event,
				      const struct list_out *out)
{
	struct probe_site *s;

	if (!out->verbose)
		return NULL;
	s = arena_new(c->arena, struct probe_site);
	s->image.event = event;
	s->btf_id = event_find(c, event);
	return s;
}

static void list_event_args(struct probe_ctx *c, struct probe_site *s, struct list_out *out)
{
	struct kbtf_proto proto;

	if (event_proto(c, s, &proto))
		return;
	for (uint32_t i = 1; i < proto.nr_params; i++)
		list_typed(c, proto.params[i].id, proto.params[i].name, out);
}

static void list_events(struct probe_ctx *c, const struct provider *p, const char *pattern,
			struct list_out *out)
{
	struct event_walk w;

	pattern = pattern_with_group(c, pattern);
	collect_events(c, "*", &w);
	if (!c->btf && !w.names.n)
		list_lacks(c, p, LIST_NO_BTF);
	for (size_t i = 0; i < w.names.n; i++) {
		const char *text = arena_printf(c->arena, "vmlinux:%s", w.names.at[i]);

		if (wildcard_match(pattern, text))
			list_item(c, p, text, listed_site(c, w.names.at[i], out), out);
	}
}

const struct provider provider_rawtracepoint = {
	.name = "rawtracepoint",
	.alias = { "rt" },
	.doc = "Runs at a static event of the kernel, with its C arguments.",
	.has = HAS_ARGS | HAS_ARGN | HAS_STACKS,
	.space = SPACE_KERNEL,
	.prog_type = BPF_PROG_TYPE_TRACING,
	.attach = ATTACH_BTF_TRACEPOINT,
	.listed = true,
	.single_site = true,
	.expand = expand_event,
	.args = event_args,
	.arg_type = event_arg_type,
	.plan = plan_event,
	.list = list_events,
	.list_args = list_event_args,
};
