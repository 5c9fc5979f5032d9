/*
 * How a set of sites is attached: what the settings attach_... ask for, or what
 * the target has.
 *
 * In: sites of one program. Out: whether one link can hold them all, with the
 * reason if it cannot (for -v), or a diagnostic where a setting asks for what
 * cannot be.
 */
#include "probes/probes_impl.h"

#include <string.h>

/* What a mechanism needs of the kernel, by the family that it is asked for in. */
static const struct requirement {
	enum mechanism mechanism;
	enum target_feature of_kprobe, of_others;
	const char *config;	/* of the kernel, for the message; or NULL */
} requirements[] = {
	{ MECHANISM_MULTI, FEATURE_KPROBE_MULTI, FEATURE_UPROBE_MULTI, "CONFIG_FPROBE" },
	{ MECHANISM_SESSION, FEATURE_KPROBE_SESSION, FEATURE_UPROBE_SESSION, "CONFIG_FPROBE" },
	{ MECHANISM_LINK, FEATURE_PERF_LINK, FEATURE_PERF_LINK, NULL },
	{ MECHANISM_BTF, FEATURE_BTF_TRACEPOINT, FEATURE_BTF_TRACEPOINT, "CONFIG_DEBUG_INFO_BTF" },
};

static enum mechanism_family family_of(const struct probe_site *s)
{
	return attach_family(s->provider->attach);
}

enum mechanism probes_mechanism(const struct probe_ctx *c, const struct probe_site *s)
{
	enum mechanism_family f = family_of(s);

	return f < MECHANISM_FAMILIES && c->attach ? c->attach[f] : MECHANISM_AUTO;
}

bool probes_have_cookies(struct probe_ctx *c, const struct probe_site *s)
{
	return probes_mechanism(c, s) != MECHANISM_IOCTL &&
	       target_has(c->target, FEATURE_PERF_LINK) && target_has(c->target, FEATURE_COOKIE);
}

/* Why a link of many cannot hold such a site; NULL: it can. */
static const char *no_multi(const struct probe_site *s)
{
	const struct image_site *i = &s->image;

	if (attach_family(s->provider->attach) != MECHANISM_OF_KPROBE)
		return NULL;
	if (i->address)
		return "it is an address";
	if (i->offset)
		return "it is not the start of a function";
	return NULL;
}

/* Why these sites cannot be attached so, on any kernel. */
static const char *unfit(enum mechanism m, const struct site_set *set)
{
	bool is_multi = m == MECHANISM_MULTI || m == MECHANISM_SESSION;

	if (m == MECHANISM_TABLE && !set->raw_event)
		return probes_raw_event(set->at[0]) ? "its action reads args"
						    : "it is no system call's";
	for (size_t i = 0; is_multi && i < set->count; i++)
		if (no_multi(set->at[i]))
			return no_multi(set->at[i]);
	if (m == MECHANISM_SESSION && !set->is_pair)
		return "no probe at the entry and one at the return have the same functions "
		       "to themselves";
	return NULL;
}

bool probes_needs_address(const struct probe_site *s)
{
	return s->image.entry || (s->image.module && !kernel_is_core(s->image.module));
}

bool probes_links_by_address(struct probe_ctx *c, const struct probe_site *s)
{
	const uint64_t *list;
	size_t count;

	if (probes_needs_address(s))
		return true;
	if (!s->image.function || !c->target->ops->knows_addresses(c->target->arg))
		return false;
	kernel_function_addresses(c, s->image.module, s->image.function, &list, &count);
	return count == 1;
}

bool probes_fits_session(const struct probe_site *s)
{
	return !no_multi(s);
}

static void tell_lack(struct probe_ctx *c, const struct probe_site *s, const char *setting,
		      const struct requirement *r, enum target_feature f)
{
	bool is_fprobe = r->config && f != FEATURE_UPROBE_MULTI && f != FEATURE_UPROBE_SESSION;
	struct diag *d = diag_error(c->diags, s->loc, DIAG_KERNEL_FEATURE,
				    "%s=%s: there are no %s here, which kernels from %s on "
				    "have%s%s",
				    setting, mechanism_word(r->mechanism),
				    target_feature_text(f),
				    target_feature_kernel(f),
				    is_fprobe ? ", with " : "",
				    is_fprobe ? r->config : "");

	if (d)
		diag_hint(c->diags, d, "%s=auto takes what the kernel has", setting);
}

/* What the mechanism needs and the target has not, which was told. */
static bool lacks(struct probe_ctx *c, const struct probe_site *s, enum mechanism m)
{
	bool is_kprobe = family_of(s) == MECHANISM_OF_KPROBE;

	for (size_t i = 0; i < sizeof(requirements) / sizeof(requirements[0]); i++) {
		const struct requirement *r = &requirements[i];
		enum target_feature f = is_kprobe ? r->of_kprobe : r->of_others;

		if (r->mechanism != m || target_has(c->target, f))
			continue;
		tell_lack(c, s, mechanism_setting(family_of(s)), r, f);
		return true;
	}
	return false;
}

void probes_check_mechanism(struct probe_ctx *c, const struct site_set *set)
{
	const struct probe_site *first = set->at[0];
	enum mechanism m = probes_mechanism(c, first);
	const char *why;

	if (m == MECHANISM_AUTO || lacks(c, first, m))
		return;
	why = unfit(m, set);
	if (why)
		diag_error(c->diags, first->loc, DIAG_MECHANISM,
			   "%s=%s: %s cannot be attached so: %s",
			   mechanism_setting(family_of(first)), mechanism_word(m), first->name,
			   why);
}

/* ---- one link or many ---- */

static const char *lack(struct probe_ctx *c, enum target_feature f)
{
	return arena_printf(c->arena, "there are no %s here: kernels from %s on have them%s",
			    target_feature_text(f), target_feature_kernel(f),
			    f == FEATURE_KPROBE_MULTI ? ", with CONFIG_FPROBE" : "");
}

bool probes_choose_multi(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
			 enum target_feature f, struct image_prog *prog)
{
	enum mechanism m = probes_mechanism(c, sites[0]);

	if (m != MECHANISM_AUTO)
		return m == MECHANISM_MULTI;
	if (!target_has(c->target, f)) {
		prog->why = lack(c, f);
		return false;
	}
	for (size_t i = 0; i < count && !prog->why; i++)
		prog->why = no_multi(sites[i]);
	return !prog->why;
}
