/*
 * Listing (-l): a pattern is handed to the providers that it names, each of
 * which calls list_item() for what matches; a script's sites are listed as the
 * providers spell them.
 */
#include "probes/probes_impl.h"

#include "types/kbtf_c.h"

#include <stdlib.h>
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

void list_lacks(struct probe_ctx *c, const struct provider *p, const char *why)
{
	if (!c->told_lack)
		diag_warning(c->diags, (struct loc){ 0 }, DIAG_NO_BTF, "cannot list %s probes: %s",
			     p->name, why);
	c->told_lack = true;
}

void list_item(struct probe_ctx *c, const struct provider *p, const char *text,
	       struct probe_site *site, struct list_out *out)
{
	out->line(arena_printf(c->arena, "%s:%s", p->name, text), out->arg);
	if (out->verbose && site && p->list_args)
		p->list_args(c, site, out);
}

static void typed_in(struct probe_ctx *c, struct kbtf *b, uint32_t type_id, const char *name,
		     struct list_out *out)
{
	struct sbuf text = { 0 };

	kbtf_c_declaration(b, &text, type_id, "");
	list_field(c, out, "%s %s", sbuf_text(&text), name);
	sbuf_close(&text);
}

void list_typed(struct probe_ctx *c, uint32_t type_id, const char *name, struct list_out *out)
{
	typed_in(c, c->btf, type_id, name, out);
}

/* The BTF that the site's function is in, and its prototype there; NULL. */
static struct kbtf *site_proto(struct probe_ctx *c, const struct probe_site *s,
			       struct kbtf_proto *proto)
{
	struct kbtf *b = kernel_module_btf(c, s->image.module);

	return b && s->btf_id && !kbtf_proto(b, s->btf_id, proto) ? b : NULL;
}

void list_params(struct probe_ctx *c, const struct probe_site *s, uint32_t first, bool numbered,
		 struct list_out *out)
{
	struct kbtf_proto proto;
	struct kbtf *b = site_proto(c, s, &proto);

	if (!b)
		return;
	for (uint32_t i = first; i < proto.nr_params; i++)
		typed_in(c, b, proto.params[i].id,
			 numbered ? arena_printf(c->arena, "arg%u", i) : proto.params[i].name,
			 out);
	if (proto.is_variadic)
		list_field(c, out, "...");
}

void list_return(struct probe_ctx *c, const struct probe_site *s, bool with_void,
		 struct list_out *out)
{
	struct kbtf_proto proto;
	struct kbtf *b = site_proto(c, s, &proto);

	if (!b)
		return;
	if (proto.return_id)
		typed_in(c, b, proto.return_id, "retval", out);
	else if (with_void)
		list_field(c, out, "void");
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

/* ---- types ---- */

static const struct {
	const char *word;
	enum kbtf_kind kind;
} type_words[] = {
	{ "struct ", KBTF_STRUCT }, { "union ", KBTF_UNION }, { "enum ", KBTF_ENUM },
};

struct found_type {
	const char *name;
	uint32_t id;
};

struct type_search {
	struct probe_ctx *c;
	const char *pattern;
	VEC(struct found_type) found;
};

static bool collect_type(uint32_t id, const char *name, void *arg)
{
	struct type_search *s = arg;
	struct found_type found = { name, id };

	if (*name && wildcard_match(s->pattern, name))
		vec_push(s->c->arena, &s->found, found);
	return true;
}

/* By name, those of one name by number. */
static int compare_types(const void *a, const void *b)
{
	const struct found_type *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : x->id < y->id ? -1 : x->id > y->id;
}

static void list_definition(struct probe_ctx *c, uint32_t id, struct list_out *out)
{
	struct sbuf text = { 0 };

	sbuf_puts(&text, "vmlinux: ");
	kbtf_c_definition(c->btf, &text, id);
	sbuf_puts(&text, ";\n");
	out->line(sbuf_text(&text), out->arg);
	sbuf_close(&text);
}

/* "struct PATTERN" and the like; false if it is none of these. */
static bool list_types(struct probe_ctx *c, const char *pattern, struct list_out *out)
{
	struct type_search s = { .c = c };
	size_t i = 0;

	while (strncmp(pattern, type_words[i].word, strlen(type_words[i].word)))
		if (++i == sizeof(type_words) / sizeof(type_words[0]))
			return false;
	if (!c->btf)
		return true;
	s.pattern = pattern + strlen(type_words[i].word);
	kbtf_each(c->btf, type_words[i].kind, collect_type, &s);
	if (s.found.n)
		qsort(s.found.at, s.found.n, sizeof(s.found.at[0]), compare_types);
	for (size_t k = 0; k < s.found.n; k++) {
		if (k && !strcmp(s.found.at[k].name, s.found.at[k - 1].name))
			continue;
		if (out->verbose)
			list_definition(c, s.found.at[k].id, out);
		else
			out->line(arena_printf(c->arena, "%s%s", type_words[i].word,
					       s.found.at[k].name), out->arg);
	}
	return true;
}

void probes_list(struct probe_ctx *c, const char *pattern, struct list_out *out)
{
	const char *at = pattern ? pattern : "";

	do {
		size_t len = strcspn(at, ",");

		if (!list_types(c, arena_strndup(c->arena, at, len), out))
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
