/*
 * Help for tests of the formatter; also linked into the fuzzer of the parser, so
 * it stands by itself.
 */
#include "tests/unit/format_help.h"

#include "lang/lang.h"
#include "lang/lexer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A script, parsed as the formatter wants it. */
struct parsed {
	struct arena arena;
	struct names names;
	struct diags diags;
	const struct source *source;
	struct script *script;
};

static void parsed_open(struct parsed *p, const char *text, size_t len)
{
	static const struct lang_options options = { .keep_params = true };

	arena_init(&p->arena);
	names_init(&p->names, &p->arena);
	diags_init(&p->diags, &p->arena);
	p->source = source_add(&p->diags, "t", text, len);
	p->script = lang_parse(&p->arena, &p->names, &p->diags, p->source, &options);
}

static char *dump(const struct parsed *p)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	lang_dump(p->script, f);
	fclose(f);
	return text;
}

/* Behind the raw part (C, attach point) that begins at `pos`, or 0. */
static uint32_t raw_end(const struct parsed *p, uint32_t pos)
{
	uint32_t at = p->source->base + pos;

	for (size_t i = 0; i < p->script->c_parts.n; i++)
		if (p->script->c_parts.at[i].loc.begin == at)
			return p->script->c_parts.at[i].loc.end - p->source->base;
	for (size_t i = 0; i < p->script->probes.n; i++) {
		const struct probe *probe = p->script->probes.at[i];

		for (size_t j = 0; j < probe->attach_points.n; j++)
			if (probe->attach_points.at[j]->loc.begin == at)
				return probe->attach_points.at[j]->loc.end - p->source->base;
	}
	return 0;
}

/* The comments between tokens, blanks left out: one of several lines may move. */
static char *comments(struct parsed *p)
{
	struct lexer lx = { .arena = &p->arena, .names = &p->names, .source = p->source };
	struct lex_comment c;
	struct sbuf out = { 0 };
	uint32_t raw;
	char *text;

	for (uint32_t pos = 0; pos < p->source->len;) {
		if (!lex_next_comment(&lx, pos, &c)) {
			raw = raw_end(p, lex_skip_blank(&lx, pos, NULL));
			pos = raw ? raw : lex_token(&lx, pos).end;
			continue;
		}
		for (pos = c.begin; pos < c.end; pos++)
			if (!strchr(" \t\r\n", p->source->text[pos]))
				sbuf_putc(&out, p->source->text[pos]);
		sbuf_putc(&out, '\n');
	}
	text = strdup(sbuf_text(&out));
	sbuf_close(&out);
	return text;
}

static void differ(const char *what, const struct parsed *p, const char *formatted)
{
	fprintf(stderr, "formatting: %s\n--- script\n%s\n--- formatted\n%s\n---\n", what,
		p->source->text, formatted);
	abort();
}

static void check_same(const char *what, char *before, char *after, const struct parsed *p,
		       const char *formatted)
{
	if (strcmp(before, after)) {
		fprintf(stderr, "--- before\n%s--- after\n%s", before, after);
		differ(what, p, formatted);
	}
	free(before);
	free(after);
}

static char *format(struct parsed *p)
{
	struct sbuf out = { 0 };
	char *text;

	if (!lang_format(&p->arena, &p->names, p->source, p->script, &out))
		differ("the formatter lost its place", p, "");
	text = strdup(sbuf_text(&out));
	sbuf_close(&out);
	return text;
}

static void check(struct parsed *p, const char *formatted)
{
	struct parsed again;
	struct sbuf errors = { 0 };
	char *twice;

	parsed_open(&again, formatted, strlen(formatted));
	for (size_t i = 0; i < again.diags.list.n; i++)
		diag_render(&again.diags, again.diags.list.at[i], false, &errors);
	if (errors.len)
		differ(sbuf_text(&errors), p, formatted);
	check_same("the tree is another", dump(p), dump(&again), p, formatted);
	check_same("the comments are others", comments(p), comments(&again), p, formatted);
	twice = format(&again);
	if (strcmp(formatted, twice))
		differ("formatting it again changes it", &again, twice);
	free(twice);
	arena_free(&again.arena);
}

char *format_checked(const char *text, size_t len)
{
	struct parsed p;
	char *formatted = NULL;

	parsed_open(&p, text, len);
	if (!p.diags.nr_errors) {
		formatted = format(&p);
		check(&p, formatted);
	}
	arena_free(&p.arena);
	return formatted;
}
