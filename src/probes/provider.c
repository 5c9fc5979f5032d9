/*
 * The table of providers and what works over it: finding, expanding.
 */
#include "probes/probes_impl.h"

#include "lang/lang.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

const struct provider *const providers[] = {
	&provider_begin, &provider_bench, &provider_end, &provider_fentry, &provider_fexit,
	&provider_hardware, &provider_interval, &provider_iter, &provider_kprobe,
	&provider_kretprobe, &provider_profile, &provider_rawtracepoint, &provider_self,
	&provider_software, &provider_test, &provider_tracepoint, &provider_uprobe,
	&provider_uretprobe, &provider_usdt, &provider_watchpoint,
};
const size_t nr_providers = sizeof(providers) / sizeof(providers[0]);

/* Names of the language that no row stands for, and what to say of them. */
static const struct {
	const char *name, *text;
} unsupported[] = {
	{ "asyncwatchpoint", "asyncwatchpoint was removed from the language; use watchpoint" },
	{ "aw", "asyncwatchpoint was removed from the language; use watchpoint" },
};

/* ---- wildcards ---- */

bool has_wildcard(const char *text)
{
	return strchr(text, '*') || (strchr(text, '[') && strchr(text, ']'));
}

/* Only "*" matches more than itself. On a mismatch the last "*" takes one more
 * byte: earlier ones need not be tried again. */
bool wildcard_match(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			retry = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* ---- finding ---- */

static bool has_name(const struct provider *p, const char *name)
{
	if (!strcasecmp(p->name, name))
		return true;
	for (size_t i = 0; i < sizeof(p->alias) / sizeof(p->alias[0]) && p->alias[i]; i++)
		if (!strcmp(p->alias[i], name))
			return true;
	return false;
}

const struct provider *provider_find(const char *name)
{
	for (size_t i = 0; i < nr_providers; i++)
		if (has_name(providers[i], name))
			return providers[i];
	return NULL;
}

/* ---- what the rows' hooks use ---- */

struct diag *ap_error(struct probe_ctx *c, const struct attach_point *ap, enum diag_tag tag,
		      const char *fmt, ...)
{
	const char *text;
	va_list args;

	if (c->lenient)
		return NULL;
	va_start(args, fmt);
	text = arena_vprintf(c->arena, fmt, args);
	va_end(args);
	return diag_error(c->diags, ap->loc, tag, "%s", text);
}

bool ap_check_count(struct probe_ctx *c, const struct provider *p, const struct attach_point *ap,
		    size_t min, size_t max)
{
	size_t n = ap_nr_args(ap);

	if (n >= min && n <= max)
		return true;
	if (min == max)
		ap_error(c, ap, DIAG_ATTACH_POINT,
			 "%s probe type requires %zu argument%s, found %zu",
			 p->name, min, min == 1 ? "" : "s", n);
	else
		ap_error(c, ap, DIAG_ATTACH_POINT, "%s probe type requires %zu %s %zu arguments, "
			 "found %zu", p->name, min, max - min > 1 ? "to" : "or", max, n);
	return false;
}

bool ap_number(struct probe_ctx *c, const struct attach_point *ap, size_t i, const char *what,
	       uint64_t *value)
{
	const char *text = ap_arg(ap, i);
	bool is_duration;
	int err = lang_parse_integer(text, strlen(text), value, &is_duration);

	if (!err && !is_duration)
		return true;
	ap_error(c, ap, DIAG_ATTACH_POINT, "%s: %s: %s", what,
		 err == -ERANGE ? "integer overflow" : "invalid integer", text);
	return false;
}

struct diag *ap_missing(struct probe_ctx *c, const struct provider *p,
			const struct attach_point *ap, const char *what)
{
	if (c->lenient || c->missing == MISSING_IGNORE)
		return NULL;
	if (c->missing == MISSING_WARN)
		return diag_warning(c->diags, ap->loc, DIAG_NO_MATCH,
				    "No matches for %s %s. Skipping.",
				    p->name, what);
	return diag_error(c->diags, ap->loc, DIAG_NO_MATCH, "No matches for %s %s.", p->name, what);
}

static bool is_pattern(const struct attach_point *ap)
{
	for (size_t i = 0; i < ap->parts.n; i++)
		if (has_wildcard(ap->parts.at[i].text))
			return true;
	return false;
}

struct probe_site *site_add(struct probe_ctx *c, const struct provider *p,
			    const struct attach_point *ap, const char *name, site_vec *out)
{
	struct probe_site *s = arena_new(c->arena, struct probe_site);

	s->provider = p;
	s->name = ap->label ? ap->label : name;
	s->spelled = name;
	s->loc = ap->loc;
	s->syscall_nr = -1;
	s->image.must_exist = c->missing == MISSING_ERROR;
	s->image.of_pattern = c->lenient || is_pattern(ap);
	vec_push(c->arena, out, s);
	return s;
}

struct type_struct *provider_args(struct probe_ctx *c, struct probe_site *s, struct loc loc)
{
	if (!s->provider->args)
		return NULL;
	if (!s->args_known) {
		s->args = s->provider->args(c, s, loc);
		s->args_known = s->args || loc.begin;
	}
	return s->args;
}

/* ---- expansion ---- */

static const char *in_lower_case(struct probe_ctx *c, const char *name)
{
	char *lower = arena_strdup(c->arena, name);

	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return lower;
}

static void unknown_provider(struct probe_ctx *c, const struct attach_point *ap, const char *name)
{
	struct nearest n;
	struct diag *d;

	for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]); i++)
		if (!strcmp(unsupported[i].name, name)) {
			ap_error(c, ap, DIAG_UNSUPPORTED_PROBE, "%s", unsupported[i].text);
			return;
		}
	/* Names of providers may be written in any case. */
	nearest_start(&n, in_lower_case(c, name));
	for (size_t i = 0; i < nr_providers; i++)
		nearest_try(&n, providers[i]->name);
	d = ap_error(c, ap, DIAG_UNKNOWN_PROBE, "Invalid probe type: %s", name);
	if (d && n.best)
		diag_hint(c->diags, d, "did you mean %s?", n.best);
	else if (d && ap_nr_args(ap) == 1)
		diag_hint(c->diags, d, "tracepoints are written tracepoint:CATEGORY:EVENT, kernel "
			  "functions kprobe:NAME");
}

/* The attach point with another first part, for one provider of a wildcard. A
 * single part names what to look for, too. */
static struct attach_point *with_provider(struct probe_ctx *c, const struct attach_point *ap,
					  const struct provider *p)
{
	struct attach_point *copy = arena_new(c->arena, struct attach_point);
	struct ap_part first = ap->parts.at[0];

	*copy = *ap;
	memset(&copy->parts, 0, sizeof(copy->parts));
	first.text = p->name;
	vec_push(c->arena, &copy->parts, first);
	for (size_t i = ap->parts.n > 1; i < ap->parts.n; i++)
		vec_push(c->arena, &copy->parts, ap->parts.at[i]);
	return copy;
}

/* Which providers a wildcard covers: those of user space with a process or a path. */
static bool in_wildcard_set(const struct probe_ctx *c, const struct attach_point *ap,
			    const struct provider *p)
{
	bool user = c->pid || (ap->parts.n > 1 && strchr(ap->parts.at[1].text, '/'));

	if (p->wildcard_needs && !target_has(c->target, (enum target_feature)p->wildcard_needs))
		return false;
	return p->listed && (p->space == SPACE_USER) == user;
}

static void expand_providers(struct probe_ctx *c, const struct attach_point *ap, site_vec *out)
{
	struct probe_ctx lenient = *c;

	lenient.lenient = true;
	for (size_t i = 0; i < nr_providers; i++) {
		const struct provider *p = providers[i];

		if (!in_wildcard_set(c, ap, p))
			continue;
		if (ap->parts.n == 1 || wildcard_match(ap->parts.at[0].text, p->name))
			p->expand(&lenient, p, with_provider(c, ap, p), out);
	}
}

void probes_expand(struct probe_ctx *c, const struct attach_point *ap, site_vec *out)
{
	const char *name = ap->parts.at[0].text;
	const struct provider *p = provider_find(name);

	if (p)
		p->expand(c, p, ap, out);
	else if (has_wildcard(name))
		expand_providers(c, ap, out);
	else
		unknown_provider(c, ap, name);
}
