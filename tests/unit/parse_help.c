/*
 * Parsing for tests: text in, dump or diagnostics out.
 */
#include "parse_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct lang_options options;

void parse_params(const char *const *params)
{
	options.params = params;
	options.nr_params = 0;
	while (params && params[options.nr_params])
		options.nr_params++;
}

/* The builtins of the tests that expand macros. */
static bool is_builtin(const char *name, bool is_call)
{
	return !strcmp(name, is_call ? "strlen" : "cpu");
}

/* Parse; the diagnostics' text and the dump are the caller's. */
static void parse(const char *text, bool expand, char **errors, char **dump)
{
	struct arena a;
	struct names names;
	struct diags diags;
	struct sbuf out = { 0 };
	struct script *script;
	size_t len;
	FILE *f;

	arena_init(&a);
	names_init(&names, &a);
	diags_init(&diags, &a);
	script = lang_parse(&a, &names, &diags, source_add(&diags, "t", text, strlen(text)),
			    &options);
	if (expand && !diags.nr_errors)
		lang_expand_macros(&a, &diags, script, is_builtin);
	for (size_t i = 0; i < diags.list.n; i++)
		diag_render(&diags, diags.list.at[i], false, &out);
	*errors = strdup(sbuf_text(&out));
	sbuf_close(&out);
	f = open_memstream(dump, &len);
	lang_dump(script, f);
	fclose(f);
	arena_free(&a);
}

char *parse_dump(const char *script)
{
	char *errors, *dump;

	parse(script, false, &errors, &dump);
	assert_string_equal(errors, "");
	free(errors);
	return dump;
}

char *parse_errors(const char *script)
{
	char *errors, *dump;

	parse(script, false, &errors, &dump);
	free(dump);
	return errors;
}

char *parse_expanded(const char *script)
{
	char *errors, *dump;

	parse(script, true, &errors, &dump);
	if (!*errors) {
		free(errors);
		return dump;
	}
	free(dump);
	return errors;
}

void expect_expanded(const char *script, const char *expected)
{
	char *text = parse_expanded(script);

	assert_string_equal(text, expected);
	free(text);
}

void expect_dump(const char *script, const char *expected)
{
	char *dump = parse_dump(script);

	assert_string_equal(dump, expected);
	free(dump);
}

void expect_errors(const char *script, const char *expected)
{
	char *errors = parse_errors(script);

	assert_string_equal(errors, expected);
	free(errors);
}

/* Drop the frame's lines and its four blanks a line. */
static void strip_frame(char *dump)
{
	static const char frame[] = "probe\n  attach point [begin]\n  block\n";
	char *from = dump + strlen(frame), *to = dump;

	assert_memory_equal(dump, frame, strlen(frame));
	while (*from) {
		size_t len = strcspn(from, "\n") + 1;

		memmove(to, from + 4, len - 4);
		to += len - 4;
		from += len;
	}
	*to = '\0';
}

void expect_stmts(const char *stmts, const char *expected)
{
	char *script, *dump;

	assert_true(asprintf(&script, "begin { %s }", stmts) > 0);
	dump = parse_dump(script);
	strip_frame(dump);
	assert_string_equal(dump, expected);
	free(dump);
	free(script);
}

static size_t indent_of(const char *line)
{
	return strspn(line, " ") / 2;
}

/* Turn indented lines into nested parentheses. */
static void fold(const char *dump, struct sbuf *out)
{
	size_t depth = 0;

	for (const char *line = dump; *line;) {
		size_t len = strcspn(line, "\n"), indent = indent_of(line);

		for (; depth > indent; depth--)
			sbuf_putc(out, ')');
		sbuf_puts(out, out->len ? " (" : "(");
		sbuf_add(out, line + 2 * indent, len - 2 * indent);
		depth = indent + 1;
		line += len + 1;
	}
	sbuf_fill(out, ')', depth);
}

void expect_short(const char *stmts, const char *expected)
{
	static const char frame[] = "(expression ";
	struct sbuf out = { 0 };
	char *script, *dump;
	const char *text;

	assert_true(asprintf(&script, "begin { %s }", stmts) > 0);
	dump = parse_dump(script);
	strip_frame(dump);
	fold(dump, &out);
	text = sbuf_text(&out);
	if (!strncmp(text, frame, strlen(frame)) && !strstr(text, ") (expression")) {
		text += strlen(frame);
		out.at[out.len - 1] = '\0';
	}
	assert_string_equal(text, expected);
	sbuf_close(&out);
	free(dump);
	free(script);
}
