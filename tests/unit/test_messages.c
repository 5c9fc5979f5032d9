/*
 * Tests of messages as data: what a program that uses the library gets.
 */
#include "sonde.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct told {
	char text[4000];
	size_t len;
};

static void __attribute__((format(printf, 2, 3))) add(struct told *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	t->len += (size_t)vsnprintf(t->text + t->len, sizeof(t->text) - t->len, fmt, args);
	va_end(args);
	assert_true(t->len < sizeof(t->text));
}

/* All members but `rendered`, in a line for the message and for each note. */
static void tell(void *arg, const struct sonde_message *m)
{
	static const char *const kinds[] = { "hint", "related", "expanded" };
	struct told *t = arg;

	add(t, "%s %s %s:%u:%u-%u:%u %s\n", m->severity == SONDE_ERROR ? "error" : "warning",
	    m->tag ? m->tag : "-", m->file ? m->file : "-", m->line, m->col, m->end_line,
	    m->end_col, m->text);
	for (size_t i = 0; i < m->nr_notes; i++) {
		const struct sonde_note *n = &m->notes[i];

		add(t, "  %s %s:%u:%u-%u:%u %s\n", kinds[n->kind], n->file ? n->file : "-", n->line,
		    n->col, n->end_line, n->end_col, n->text);
	}
}

static void expect(const struct sonde_options *with, const char *script, int result,
		   const char *expected)
{
	struct sonde_options options = *with;
	struct told told = { 0 };
	struct sonde *s;

	options.size = sizeof(options);
	options.compile_only = true;
	if (!options.target_file)
		options.target_file = "tests/errors/target.json";
	s = sonde_open(&options);
	assert_non_null(s);
	sonde_on_message(s, tell, &told);
	assert_int_equal(sonde_compile(s, "t.bt", script, strlen(script)), result);
	assert_string_equal(told.text, expected);
	sonde_close(s);
}

static void test_place(void **state)
{
	const struct sonde_options plain = { 0 };

	(void)state;
	expect(&plain, "begin {\n\tprint($x);\n}\n", -EINVAL,
	       "error undefined-variable t.bt:2:8-2:10 Undefined or undeclared variable: $x\n");
	expect(&plain, "begin {\n\t$x = comm *\n\t\t5;\n}\n", -EINVAL,
	       "error bad-operands t.bt:2:7-3:4 Type mismatch for '*': comparing string[16] with "
	       "int8\n"
	       "  related t.bt:2:7-2:11 left (string[16])\n"
	       "  related t.bt:3:3-3:4 right (int8)\n");
}

static void test_notes(void **state)
{
	const struct sonde_options plain = { 0 };

	(void)state;
	expect(&plain, "begin { $name = 1; print($nmae); }", -EINVAL,
	       "error undefined-variable t.bt:1:26-1:31 Undefined or undeclared variable: $nmae\n"
	       "  hint -:0:0-0:0 did you mean $name?\n");
	expect(&plain, "macro a(x) { b(x) }\nmacro b(x) { x + $y }\nbegin { print(a(1)); }",
	       -EINVAL,
	       "error undefined-variable t.bt:2:18-2:20 Undefined or undeclared variable: $y\n"
	       "  expanded t.bt:1:14-1:18 expanded from\n"
	       "  expanded t.bt:3:15-3:19 expanded from\n");
}

/* Errors first, each group in order; warnings alone are no failure. */
static void test_order(void **state)
{
	const struct sonde_options plain = { 0 }, quiet = { .no_warnings = true };

	(void)state;
	expect(&plain, "begin { 1; print($x); 2; print($y); }", -EINVAL,
	       "error undefined-variable t.bt:1:18-1:20 Undefined or undeclared variable: $x\n"
	       "error undefined-variable t.bt:1:32-1:34 Undefined or undeclared variable: $y\n"
	       "warning discarded-value t.bt:1:9-1:10 Return value discarded.\n"
	       "warning discarded-value t.bt:1:23-1:24 Return value discarded.\n");
	expect(&quiet, "begin { 1; print($x); }", -EINVAL,
	       "error undefined-variable t.bt:1:18-1:20 Undefined or undeclared variable: $x\n");
	expect(&plain, "begin { 1; }", 0,
	       "warning discarded-value t.bt:1:9-1:10 Return value discarded.\n");
	expect(&quiet, "begin { 1; }", 0, "");
}

/* What is about no script has no tag and no place. */
static void test_no_place(void **state)
{
	const struct sonde_options missing = { .target_file = "/nonexistent/target.json" };

	(void)state;
	expect(&missing, "begin { }", -ENOENT,
	       "error - -:0:0-0:0 cannot read the target '/nonexistent/target.json': No such file "
	       "or directory\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_no_place),
	};

	return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
