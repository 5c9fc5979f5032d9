/*
 * Tests of syntax errors: the message, its place, its hint, and that the rest
 * of the script is still read.
 */
#include "parse_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Whole messages. */
static void test_rendered(void **state)
{
	(void)state;
	expect_errors("begin { $x = 1 + ; }",
		      "t:1:18-19: ERROR: syntax: expected expression\n"
		      "begin { $x = 1 + ; }\n"
		      "                 ~\n"
		      "HINT: found ';'\n");
	expect_errors("begin { printf(\"a\") print(1); }",
		      "t:1:21-26: ERROR: syntax: expected ';'\n"
		      "begin { printf(\"a\") print(1); }\n"
		      "                    ~~~~~\n"
		      "HINT: found 'print'\n");
	expect_errors("begin {\n\t$x = 1\n\t$y = 2;\n}\n",
		      "t:2:8-8: ERROR: syntax: expected ';'\n"
		      "    $x = 1\n"
		      "          \n"
		      "HINT: found '$y'\n");
	expect_errors("begin { if (1) && (2) { } }",
		      "t:1:16-18: ERROR: syntax: expected '{'\n"
		      "begin { if (1) && (2) { } }\n"
		      "               ~~\n"
		      "HINT: found '&&'\n"
		      "HINT: put the whole condition in parentheses\n");
}

/* Place and text only: "COL-END: TEXT" for each error, "|" between. */
static char *short_errors(const char *script)
{
	char *errors = parse_errors(script), *out = calloc(1, strlen(errors) + 1);

	for (char *line = strtok(errors, "\n"); line; line = strtok(NULL, "\n")) {
		char *text = strstr(line, ": ERROR: syntax: ");

		if (strncmp(line, "t:1:", 4) || !text)
			continue;
		*text = '\0';
		sprintf(out + strlen(out), "%s%s %s", *out ? "|" : "", line + 4,
			text + strlen(": ERROR: syntax: "));
	}
	free(errors);
	return out;
}

struct error_case {
	const char *script, *expected;
};

static void check_cases(const struct error_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *errors = short_errors(cases[i].script);

		assert_string_equal(errors, cases[i].expected);
		free(errors);
	}
}

#define CHECK_CASES(cases) check_cases(cases, sizeof(cases) / sizeof((cases)[0]))

static void test_tokens(void **state)
{
	static const struct error_case cases[] = {
		{ "begin { $x = \"abc; }", "14-21 unterminated string" },
		{ "begin { $x = 12e3; $y = 08; }",
		  "14-18 coefficient part of scientific literal must be 1-9: 12e3|25-27 invalid "
		  "integer: a digit that the base does not have: 08" },
		{ "begin { $x = 5q; }", "15-16 invalid integer suffix 'q'" },
		{ "begin { $x = 1_; }", "15-16 trailing underscore in integer literal" },
		{ "begin { $x = 18446744073709551616; }",
		  "14-34 overflow error, maximum value is 18446744073709551615: 18446744073709551616" },
		{ "begin { f(\"\\q\") }", "12-14 invalid escape character '\\q'" },
		{ "begin { f(\"\\400\") }", "12-16 octal escape is larger than 255" },
		{ "begin { $ = 1; }", "9-10 expected identifier after '$'" },
		{ "begin { $x = $0; }",
		  "14-16 param $0 is out of integer range [1, 9223372036854775807]" },
		{ "begin { $x = `1`; }", "14-15 unexpected character '`'" },
		{ "begin { } /* open", "11-13 unterminated comment" },
		{ "begin { /* open", "9-11 unterminated comment" },
	};

	(void)state;
	CHECK_CASES(cases);
}

static void test_expressions(void **state)
{
	static const struct error_case cases[] = {
		{ "begin { 1++; }", "10-12 increment/decrement requires a variable or map" },
		{ "begin { ++1; }", "9-11 increment/decrement requires a variable or map" },
		{ "begin { $x = &1; }", "15-16 address-of operator (&) can only be used on a map or variable" },
		{ "begin { $x = &@m[1]; }", "17-18 expected ';'" },
		{ "begin { $x = (a = 1, a = 2); }",
		  "22-27 Named argument list already contains name: a" },
		{ "begin { $x = (1; }", "16-17 expected ')'" },
		{ "begin { $x = @m[; }", "17-18 expected expression" },
		{ "begin { $x = @m[1; }", "18-19 expected ']'" },
		{ "begin { $x = a.; }", "16-17 expected field name or index after '.'" },
		{ "begin { $x = a->1; }", NULL },
		{ "begin { $x = 1 ? 2; }", "19-20 expected ':'" },
		{ "begin { $x = offsetof(a); }", "24-25 expected ','" },
		{ "begin { $x = (struct a)b c; }", "26-27 expected ';'" },
		{ "begin { $x = +1; }", "14-15 expected expression" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (cases[i].expected)
			check_cases(&cases[i], 1);
}

static void test_statements(void **state)
{
	static const struct error_case cases[] = {
		{ "begin { 1 = 2; }", "9-10 invalid assignment target" },
		{ "begin { $t.0 = 2; }", "9-13 invalid assignment target" },
		{ "begin { args.x += 2; }", "9-15 invalid assignment target" },
		{ "begin { ($x) = 2; }", "10-12 invalid assignment target" },
		{ "begin { $a = $b = 1; }", "17-18 expected ';'" },
		{ "begin { let @a; }", "13-15 expected variable after 'let'" },
		{ "begin { for (x : @m) { } }", "14-15 expected variable in for loop" },
		{ "begin { for $x : -3..3 { } }", "18-19 expected expression" },
		{ "begin { if (1) f(); }", "16-17 expected '{'" },
		{ "begin { if (1) { } else f(); }", "25-26 expected '{' or 'if' after 'else'" },
		{ "begin { (1, 2", "14-14 expected ')'" },
		{ "begin { f()", "12-12 expected '}'" },
		{ "begin { f();", "13-13 expected '}'" },
	};

	(void)state;
	CHECK_CASES(cases);
}

static void test_file_level(void **state)
{
	static const struct error_case cases[] = {
		{ "/x/ { }", "1-2 expected attach point" },
		{ ", { }", "3-4 expected attach point" },
		{ "begin", "6-6 expected '{'" },
		{ "begin /1 { }", "10-11 expected '/' to close predicate" },
		{ "begin /1/ f(); ", "14-15 expected '/' to close predicate" },
		{ "begin { } }", "11-12 unexpected '}'" },
		{ "let $x = 1; begin { }",
		  "1-4 root-level let statements need to be map declarations, e.g. let @a = hash(2);" },
		{ "let @x = hash(a);", "15-16 expected positive integer for map declaration max entries" },
		{ "begin { } #include <x>",
		  "11-23 C definitions must appear before probes and functions" },
		{ "begin { } struct a { int b; };",
		  "11-30 C definitions must appear before probes and functions" },
		{ "config = { } struct a { int b; };",
		  "14-33 C definitions must appear before config and imports" },
		{ "begin { } config = { a = 1 }",
		  "11-17 config must appear before probes and functions" },
		{ "begin { } import \"a\";", "11-17 imports must appear before probes and functions" },
		{ "config = { } config = { }", "14-20 there is a config block already" },
		{ "config { a = 1 }", "8-9 expected '='" },
		{ "config = { a 1 }", "14-15 expected '='" },
		{ "config = { a = -1 }", "16-17 expected integer, string, true, false or word" },
		{ "struct a { int b;", "1-7 C definition is not complete" },
		{ "macro f(pid) { }", "9-12 builtin 'pid' can't be used as a macro argument" },
		{ "fn f($a) : int32 { }", "8-9 expected ':'" },
		{ "fn f() { }", "8-9 expected ':'" },
	};

	(void)state;
	CHECK_CASES(cases);
}

static void test_attach_points(void **state)
{
	static const struct error_case cases[] = {
		{ "k:a$x { }",
		  "4-5 '$' in an attach point needs the number of a positional parameter" },
		{ "k:$0 { }",
		  "3-5 '$' in an attach point needs the number of a positional parameter" },
		{ "u:\"a:f { }", "3-11 unterminated string" },
		{ "$1 { }", "4-5 expected attach point" },
		{ "kprobe:f g { }", "10-11 expected '{'" },
	};
	static const char *const params[] = { "$1", NULL };
	char *errors;

	(void)state;
	CHECK_CASES(cases);
	parse_params(params);
	errors = short_errors("k:$1 { }");
	parse_params(NULL);
	assert_string_equal(errors, "3-5 positional parameters refer to each other");
	free(errors);
}

static size_t count_errors(const char *script)
{
	char *errors = parse_errors(script);
	size_t n = 0;

	for (char *at = errors; (at = strstr(at, "ERROR: syntax: ")); at++)
		n++;
	free(errors);
	return n;
}

/* Each mistake is told once, and what is right behind it is read. */
static void test_recovery(void **state)
{
	struct sbuf many = { 0 };

	(void)state;
	assert_int_equal(count_errors("begin { $x = ; $y = 1; $z = ); foo(1 2); }\n"
				      "end { 1 +; }"), 4);
	assert_int_equal(count_errors("begin { if (1 { a; b } c(; }\nend { }"), 2);
	assert_int_equal(count_errors("kprobe:a { f();\nkprobe:b { ]; }"), 2);
	assert_int_equal(count_errors("begin { if (1) && 2 { } else { } ; }"), 1);
	assert_int_equal(count_errors("begin { @x[ = 1; }\nmacro f( { }\nend { 1 1 }"), 3);
	for (int i = 0; i < 1000; i++)
		sbuf_puts(&many, "begin { ]; }\n");
	assert_int_equal(count_errors(sbuf_text(&many)), 20);
	sbuf_close(&many);
}

static void test_not_text(void **state)
{
	static const char data[] = "\x7f" "ELF\x02\x01\0\0 begin { ]";
	struct arena a;
	struct names names;
	struct diags diags;
	struct script *s;

	(void)state;
	arena_init(&a);
	names_init(&names, &a);
	diags_init(&diags, &a);
	s = lang_parse(&a, &names, &diags, source_add(&diags, "t", data, sizeof(data)), NULL);
	assert_int_equal(s->probes.n, 0);
	assert_int_equal(diags.list.n, 1);
	assert_string_equal(diags.list.at[0]->text,
			    "syntax: t is not a script: it holds a NUL byte at offset 6");
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rendered), cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_expressions), cmocka_unit_test(test_statements),
		cmocka_unit_test(test_file_level), cmocka_unit_test(test_attach_points),
		cmocka_unit_test(test_recovery), cmocka_unit_test(test_not_text),
	};

	return cmocka_run_group_tests_name("syntax_errors", tests, NULL, NULL);
}
