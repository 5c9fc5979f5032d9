/*
 * profile and interval: probes that a clock fires, on every CPU or on one.
 *
 * Spelled NAME:UNIT:N or NAME:DURATION. Both are perf events of the software
 * clock; a site's count is a period in nanoseconds, or a frequency.
 */
#include "probes/probes_impl.h"

#include "lang/lang.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define MIN_PERIOD_NS 1000

static const struct timer_unit {
	const char *name;
	uint64_t period_ns;	/* 0: a frequency */
} units[] = {
	{ "hz", 0 }, { "ms", 1000000 }, { "s", 1000000000 }, { "us", 1000 },
};

static const struct timer_unit *unit_find(const char *name)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(units[i].name, name))
			return &units[i];
	return NULL;
}

/* UNIT:N */
static void expand_unit(struct probe_ctx *c, const struct provider *p,
			const struct attach_point *ap, site_vec *out)
{
	const struct timer_unit *unit = unit_find(ap_arg(ap, 0));
	const char *what = arena_printf(c->arena, "Invalid rate of %s probe", p->name);
	struct probe_site *s;
	uint64_t n, count;

	if (!unit) {
		struct diag *d = ap_error(c, ap, DIAG_ATTACH_POINT,
					  "%s is not an accepted unit of time", ap_arg(ap, 0));

		if (d)
			diag_hint(c->diags, d, "the units are s, ms, us and hz");
		return;
	}
	if (!ap_number(c, ap, 1, what, &n))
		return;
	if (!n || n > INT64_MAX) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "%s frequency should be a positive integer",
			 p->name);
		return;
	}
	if (__builtin_mul_overflow(n, unit->period_ns ? unit->period_ns : 1, &count)) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "%s: integer overflow: %s", what, ap_arg(ap, 1));
		return;
	}
	s = site_add(c, p, ap, arena_printf(c->arena, "%s:%s:%" PRIu64, p->name, unit->name, n),
		     out);
	s->image.count = count;
	s->image.is_freq = !unit->period_ns;
}

/* DURATION: nanoseconds, with or without a suffix; kept in whole microseconds. */
static void expand_duration(struct probe_ctx *c, const struct provider *p,
			    const struct attach_point *ap, site_vec *out)
{
	const char *text = ap_arg(ap, 0);
	struct probe_site *s;
	bool is_duration;
	uint64_t ns;
	int err = lang_parse_integer(text, strlen(text), &ns, &is_duration);

	if (err) {
		struct diag *d = ap_error(c, ap, DIAG_ATTACH_POINT,
					  "Invalid rate of %s probe: %s: %s", p->name,
					  err == -ERANGE ? "integer overflow" : "invalid integer",
					  text);

		if (d)
			diag_hint(c->diags, d, "write %s:s:1, %s:hz:99 or %s:100ms", p->name,
				  p->name, p->name);
		return;
	}
	if (ns < MIN_PERIOD_NS) {
		ap_error(c, ap, DIAG_ATTACH_POINT,
			 "Invalid rate of %s probe. Minimum is 1000 or 1us. "
			 "Found: %" PRIu64 " nanoseconds", p->name, ns);
		return;
	}
	s = site_add(c, p, ap, arena_printf(c->arena, "%s:us:%" PRIu64, p->name, ns / 1000), out);
	s->image.count = ns / 1000 * 1000;
}

static void expand_timer(struct probe_ctx *c, const struct provider *p,
			 const struct attach_point *ap, site_vec *out)
{
	if (!ap_check_count(c, p, ap, 1, 2))
		return;
	if (ap_nr_args(ap) == 2)
		expand_unit(c, p, ap, out);
	else
		expand_duration(c, p, ap, out);
}

static void plan_timer(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
		       struct image_prog *prog)
{
	(void)c;
	(void)count;
	prog->type = BPF_PROG_TYPE_PERF_EVENT;
	prog->attach = sites[0]->provider->attach;
	prog->system_wide = prog->attach == ATTACH_INTERVAL;
}

static void list_timer(struct probe_ctx *c, const struct provider *p, const char *pattern,
		       struct list_out *out)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		const char *text = arena_printf(c->arena, "%s:", units[i].name);

		if (wildcard_match(pattern, text) || wildcard_match(pattern, units[i].name))
			list_item(c, p, text, NULL, out);
	}
}

/* The unit alone: "s:". */
static const char *list_timer_name(struct probe_ctx *c, const struct probe_site *s)
{
	const char *unit = strchr(s->spelled, ':') + 1;

	return arena_strndup(c->arena, unit, strcspn(unit, ":") + 1);
}

const struct provider provider_interval = {
	.name = "interval",
	.alias = { "i" },
	.doc = "Runs at an interval, on one CPU.",
	.has = HAS_CTX | HAS_STACKS,
	.prog_type = BPF_PROG_TYPE_PERF_EVENT,
	.attach = ATTACH_INTERVAL,
	.lists_by_name = true,
	.expand = expand_timer,
	.plan = plan_timer,
	.list = list_timer,
	.list_name = list_timer_name,
};

const struct provider provider_profile = {
	.name = "profile",
	.alias = { "p" },
	.doc = "Runs at an interval or frequency, on every CPU.",
	.has = HAS_CTX | HAS_STACKS,
	.prog_type = BPF_PROG_TYPE_PERF_EVENT,
	.attach = ATTACH_PROFILE,
	.lists_by_name = true,
	.expand = expand_timer,
	.plan = plan_timer,
	.list = list_timer,
	.list_name = list_timer_name,
};
