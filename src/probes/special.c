/*
 * begin, end, self, test and bench: probes that the runtime triggers itself.
 *
 * Their programs are raw tracepoint programs that are attached to nothing and
 * run by BPF_PROG_TEST_RUN, in the context of the tool's own process.
 */
#include "probes/probes_impl.h"

#include <string.h>

static void expand_special(struct probe_ctx *c, const struct provider *p,
			   const struct attach_point *ap, site_vec *out)
{
	bool star = ap_nr_args(ap) == 1 && !strcmp(ap_arg(ap, 0), "*");

	if (star || ap_check_count(c, p, ap, 0, 0))
		site_add(c, p, ap, p->name, out);
}

static void expand_self(struct probe_ctx *c, const struct provider *p,
			const struct attach_point *ap, site_vec *out)
{
	if (!ap_check_count(c, p, ap, 2, 2))
		return;
	if (strcmp(ap_arg(ap, 0), "signal")) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "%s is not an event of self probes; there is "
			 "self:signal:SIGUSR1", ap_arg(ap, 0));
	} else if (strcmp(ap_arg(ap, 1), "SIGUSR1")) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "%s is not a supported signal", ap_arg(ap, 1));
	} else {
		site_add(c, p, ap, "self:signal:SIGUSR1", out);
	}
}

static void expand_trial(struct probe_ctx *c, const struct provider *p,
			 const struct attach_point *ap, site_vec *out)
{
	struct probe_site *s;

	if (!ap_check_count(c, p, ap, 1, 1))
		return;
	if (!*ap_arg(ap, 0)) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "%s probes must have a name", p->name);
		return;
	}
	s = site_add(c, p, ap, arena_printf(c->arena, "%s:%s", p->name, ap_arg(ap, 0)), out);
	s->image.event = ap_arg(ap, 0);
}

static void plan_special(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
			 struct image_prog *prog)
{
	(void)c;
	(void)count;
	prog->type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	prog->attach = sites[0]->provider->attach;
}

/* Those of a script only: there are no others. */
static void list_trials(struct probe_ctx *c, const struct provider *p, const char *pattern,
			struct list_out *out)
{
	(void)c;
	(void)p;
	(void)pattern;
	(void)out;
}

static const char *list_trial_name(struct probe_ctx *c, const struct probe_site *s)
{
	return arena_printf(c->arena, "%s:", s->image.event);
}

static void list_self(struct probe_ctx *c, const struct provider *p, const char *pattern,
		      struct list_out *out)
{
	if (wildcard_match(pattern, "signal:SIGUSR1"))
		list_item(c, p, "signal:SIGUSR1", NULL, out);
}

const struct provider provider_begin = {
	.name = "begin",
	.doc = "Runs once, before anything is attached.",
	.has = HAS_STACKS,
	.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
	.attach = ATTACH_BEGIN,
	.expand = expand_special,
	.plan = plan_special,
};

const struct provider provider_end = {
	.name = "end",
	.doc = "Runs once, after everything is detached.",
	.has = HAS_STACKS,
	.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
	.attach = ATTACH_END,
	.expand = expand_special,
	.plan = plan_special,
};

const struct provider provider_test = {
	.name = "test",
	.doc = "Runs once with `--test`, and passes if it returns 0.",
	.has = HAS_STACKS,
	.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
	.attach = ATTACH_TEST,
	.single_site = true,
	.unique_name = true,
	.expand = expand_trial,
	.plan = plan_special,
	.list = list_trials,
	.list_name = list_trial_name,
};

/* Loaded as another type where that can be: see run/trial.c. */
const struct provider provider_bench = {
	.name = "bench",
	.doc = "Runs again and again with `--bench`, and its time is taken.",
	.has = HAS_STACKS,
	.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
	.attach = ATTACH_BENCH,
	.single_site = true,
	.unique_name = true,
	.expand = expand_trial,
	.plan = plan_special,
	.list = list_trials,
	.list_name = list_trial_name,
};

const struct provider provider_self = {
	.name = "self",
	.doc = "Runs when the tool itself gets a signal.",
	.has = HAS_STACKS,
	.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
	.attach = ATTACH_SIGNAL,
	.lists_by_name = true,
	.expand = expand_self,
	.plan = plan_special,
	.list = list_self,
};
