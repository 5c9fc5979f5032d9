/*
 * begin, end and self: probes that the runtime triggers itself.
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

static void plan_special(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
			 struct image_prog *prog)
{
	(void)c;
	(void)count;
	prog->type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	prog->attach = sites[0]->provider->attach;
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
