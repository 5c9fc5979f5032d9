/*
 * Listing (-l): a pattern is handed to the providers that it names, each of
 * which calls list_item() for what matches; a script's sites are listed as the
 * providers spell them.
 */
#include "probes/probes_impl.h"

#include <string.h>
#include <strings.h>

void list_field(struct probe_ctx *c, struct list_out *out, const char *fmt, ...)
{
	const char *text;
	va_list args;

	va_start(args, fmt);
	text = arena_vprintf(c->arena, fmt, args);
	va_end(args);
	out->line(arena_printf(c->arena, "    %s", text), out->arg);
}

void list_item(struct probe_ctx *c, const struct provider *p, const char *text,
	       struct probe_site *site, struct list_out *out)
{
	out->line(arena_printf(c->arena, "%s:%s", p->name, text), out->arg);
	if (out->verbose && site && p->list_args)
		p->list_args(c, site, out);
}

const char *pattern_with_group(struct probe_ctx *c, const char *pattern)
{
	return strchr(pattern, ':') ? pattern : arena_printf(c->arena, "*:%s", pattern);
}

/* "PROVIDER:REST"; a provider's name alone is all of it, another word is looked
 * for in those that a wildcard covers. */
static void list_one(struct probe_ctx *c, const char *pattern, struct list_out *out)
{
	const char *colon = strchr(pattern, ':');
	const char *name = colon ? arena_strndup(c->arena, pattern, (size_t)(colon - pattern))
				 : pattern;
	const char *rest = colon ? colon + 1 : "*";
	const struct provider *exact = provider_find(name);

	if (!colon && (!exact || strcasecmp(exact->name, name))) {
		exact = NULL;
		name = "*";
		rest = pattern;
	}
	for (size_t i = 0; i < nr_providers; i++) {
		const struct provider *p = providers[i];
		bool user = p->space == SPACE_USER;

		if (!p->list)
			continue;
		if (exact ? p == exact : p->listed && (!user || c->pid || strchr(rest, '/')) &&
					 wildcard_match(name, p->name))
			p->list(c, p, *rest ? rest : "*", out);
	}
}

void probes_list(struct probe_ctx *c, const char *pattern, struct list_out *out)
{
	const char *at = pattern ? pattern : "";

	do {
		size_t len = strcspn(at, ",");

		list_one(c, arena_strndup(c->arena, at, len), out);
		at += len;
	} while (*at++ == ',');
}

void probes_list_site(struct probe_ctx *c, struct probe_site *site, struct list_out *out)
{
	const struct provider *p = site->provider;

	if (!p->list)
		return;
	if (p->list_name)
		list_item(c, p, p->list_name(c, site), site, out);
	else
		list_item(c, p, site->spelled + strlen(p->name) + 1, site, out);
}
