/*
 * software and hardware: events that the kernel or the processor counts; the
 * probe runs on every COUNT-th, on every CPU.
 */
#include "probes/probes_impl.h"

#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

struct perf_event_row {
	const char *name, *alias;
	uint64_t config, period;
};

static const struct perf_event_row software_events[] = {
	{ "alignment-faults", NULL,   PERF_COUNT_SW_ALIGNMENT_FAULTS, 1 },
	{ "bpf-output",       NULL,   PERF_COUNT_SW_BPF_OUTPUT,       1 },
	{ "context-switches", "cs",   PERF_COUNT_SW_CONTEXT_SWITCHES, 1000 },
	{ "cpu-clock",        "cpu",  PERF_COUNT_SW_CPU_CLOCK,        1000000 },
	{ "cpu-migrations",   NULL,   PERF_COUNT_SW_CPU_MIGRATIONS,   1 },
	{ "dummy",            NULL,   PERF_COUNT_SW_DUMMY,            1 },
	{ "emulation-faults", NULL,   PERF_COUNT_SW_EMULATION_FAULTS, 1 },
	{ "major-faults",     NULL,   PERF_COUNT_SW_PAGE_FAULTS_MAJ,  1 },
	{ "minor-faults",     NULL,   PERF_COUNT_SW_PAGE_FAULTS_MIN,  100 },
	{ "page-faults",      "faults", PERF_COUNT_SW_PAGE_FAULTS,    100 },
	{ "task-clock",       NULL,   PERF_COUNT_SW_TASK_CLOCK,       1 },
	{ NULL, NULL, 0, 0 },
};

static const struct perf_event_row hardware_events[] = {
	{ "backend-stalls",      NULL,       PERF_COUNT_HW_STALLED_CYCLES_BACKEND,  1000000 },
	{ "branch-instructions", "branches", PERF_COUNT_HW_BRANCH_INSTRUCTIONS,     100000 },
	{ "branch-misses",       NULL,       PERF_COUNT_HW_BRANCH_MISSES,           100000 },
	{ "bus-cycles",          NULL,       PERF_COUNT_HW_BUS_CYCLES,              100000 },
	{ "cache-misses",        NULL,       PERF_COUNT_HW_CACHE_MISSES,            1000000 },
	{ "cache-references",    NULL,       PERF_COUNT_HW_CACHE_REFERENCES,        1000000 },
	{ "cpu-cycles",          "cycles",   PERF_COUNT_HW_CPU_CYCLES,              1000000 },
	{ "frontend-stalls",     NULL,       PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, 1000000 },
	{ "instructions",        NULL,       PERF_COUNT_HW_INSTRUCTIONS,            1000000 },
	{ "ref-cycles",          NULL,       PERF_COUNT_HW_REF_CPU_CYCLES,          1000000 },
	{ NULL, NULL, 0, 0 },
};

static const struct perf_event_row *rows_of(const struct provider *p)
{
	return p->attach == ATTACH_SOFTWARE ? software_events : hardware_events;
}

static void unknown_event(struct probe_ctx *c, const struct provider *p,
			  const struct attach_point *ap)
{
	struct diag *d = ap_error(c, ap, DIAG_UNKNOWN_EVENT, "%s is not a %s probe", ap_arg(ap, 0),
				  p->name);
	struct nearest n;

	nearest_start(&n, ap_arg(ap, 0));
	for (const struct perf_event_row *r = rows_of(p); r->name; r++) {
		nearest_try(&n, r->name);
		if (r->alias)
			nearest_try(&n, r->alias);
	}
	if (d && n.best)
		diag_hint(c->diags, d, "did you mean %s:%s?", p->name, n.best);
}

static const struct perf_event_row *event_find(const struct provider *p, const char *name)
{
	for (const struct perf_event_row *r = rows_of(p); r->name; r++)
		if (!strcmp(r->name, name) || (r->alias && !strcmp(r->alias, name)))
			return r;
	return NULL;
}

/* The period behind the event: none, "" and "*" mean the event's own. */
static bool event_count(struct probe_ctx *c, const struct provider *p,
			const struct attach_point *ap, uint64_t *count)
{
	const char *what = arena_printf(c->arena, "Invalid count for %s probe", p->name);

	*count = 0;
	if (ap_nr_args(ap) < 2 || !*ap_arg(ap, 1) || !strcmp(ap_arg(ap, 1), "*"))
		return true;
	if (!ap_number(c, ap, 1, what, count))
		return false;
	if (!*count)
		ap_error(c, ap, DIAG_ATTACH_POINT,
			 "%s count should be a positive integer", p->name);
	return *count;
}

static void expand_event(struct probe_ctx *c, const struct provider *p,
			 const struct attach_point *ap, site_vec *out)
{
	const struct perf_event_row *row;
	struct probe_site *s;
	const char *name;
	uint64_t count;

	if (!ap_check_count(c, p, ap, 1, 2))
		return;
	row = event_find(p, ap_arg(ap, 0));
	if (!row) {
		unknown_event(c, p, ap);
		return;
	}
	if (!event_count(c, p, ap, &count))
		return;
	name = arena_printf(c->arena, "%s:%s", p->name, ap_arg(ap, 0));
	if (count)
		name = arena_printf(c->arena, "%s:%" PRIu64, name, count);
	s = site_add(c, p, ap, name, out);
	s->image.event_id = row->config;
	s->image.count = count ? count : row->period;
}

static void plan_event(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
		       struct image_prog *prog)
{
	(void)c;
	(void)count;
	prog->type = BPF_PROG_TYPE_PERF_EVENT;
	prog->attach = sites[0]->provider->attach;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names and aliases alike, in one order, each with its colon. */
static void list_event(struct probe_ctx *c, const struct provider *p, const char *pattern,
		       struct list_out *out)
{
	VEC(const char *) names = { 0 };

	for (const struct perf_event_row *r = rows_of(p); r->name; r++) {
		vec_push(c->arena, &names, arena_printf(c->arena, "%s:", r->name));
		if (r->alias)
			vec_push(c->arena, &names, arena_printf(c->arena, "%s:", r->alias));
	}
	qsort(names.at, names.n, sizeof(names.at[0]), compare_names);
	for (size_t i = 0; i < names.n; i++) {
		const char *text = names.at[i];

		if (wildcard_match(pattern, text) ||
		    wildcard_match(arena_printf(c->arena, "%s:", pattern), text))
			list_item(c, p, text, NULL, out);
	}
}

/* The event without its count: "faults:". */
static const char *list_event_name(struct probe_ctx *c, const struct probe_site *s)
{
	const char *event = strchr(s->spelled, ':') + 1;

	return arena_printf(c->arena, "%.*s:", (int)strcspn(event, ":"), event);
}

const struct provider provider_software = {
	.name = "software",
	.alias = { "s" },
	.doc = "Runs on every COUNT-th of an event that the kernel counts.",
	.has = HAS_CTX | HAS_STACKS,
	.prog_type = BPF_PROG_TYPE_PERF_EVENT,
	.attach = ATTACH_SOFTWARE,
	.listed = true,
	.expand = expand_event,
	.plan = plan_event,
	.list = list_event,
	.list_name = list_event_name,
};

const struct provider provider_hardware = {
	.name = "hardware",
	.alias = { "h" },
	.doc = "Runs on every COUNT-th of an event that the processor counts.",
	.has = HAS_CTX | HAS_STACKS,
	.prog_type = BPF_PROG_TYPE_PERF_EVENT,
	.attach = ATTACH_HARDWARE,
	.listed = true,
	.expand = expand_event,
	.plan = plan_event,
	.list = list_event,
	.list_name = list_event_name,
};
