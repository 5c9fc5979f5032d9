/*
 * Tests of tokens: numbers, strings, names, comments.
 */
#include "lang/lexer.h"

#include "lang/lang.h"
#include "lang/number.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct number_case {
	const char *text;
	uint64_t value;
	enum number_status status;
	bool is_duration;
};

static const struct number_case number_cases[] = {
	{ "0", 0, NUMBER_OK, false },
	{ "42", 42, NUMBER_OK, false },
	{ "017", 15, NUMBER_OK, false },
	{ "0x1F", 31, NUMBER_OK, false },
	{ "0Xff_ff", 65535, NUMBER_OK, false },
	{ "0b101", 5, NUMBER_OK, false },
	{ "1_000_000", 1000000, NUMBER_OK, false },
	{ "5e6", 5000000, NUMBER_OK, false },
	{ "1E19", 10000000000000000000u, NUMBER_OK, false },
	{ "18446744073709551615", UINT64_MAX, NUMBER_OK, false },
	{ "4294967295u", UINT32_MAX, NUMBER_OK, false },
	{ "4294967296u", 0, NUMBER_OVERFLOW, false },
	{ "4294967296ul", 4294967296, NUMBER_OK, false },
	{ "10ULL", 10, NUMBER_OK, false },
	{ "10Ll", 10, NUMBER_OK, false },
	{ "9223372036854775808ll", 0, NUMBER_OVERFLOW, false },
	{ "0xffu", 255, NUMBER_OK, false },
	{ "0x10d", 269, NUMBER_OK, false },
	{ "10ns", 10, NUMBER_OK, true },
	{ "10us", 10000, NUMBER_OK, true },
	{ "10ms", 10000000, NUMBER_OK, true },
	{ "10s", 10000000000, NUMBER_OK, true },
	{ "2m", 120000000000, NUMBER_OK, true },
	{ "1h", 3600000000000, NUMBER_OK, true },
	{ "1d", 86400000000000, NUMBER_OK, true },
	{ "1e3s", 1000000000000, NUMBER_OK, true },
	{ "010s", 8000000000, NUMBER_OK, true },
	{ "300000d", 0, NUMBER_OVERFLOW, false },
	{ "18446744073709551616", 0, NUMBER_OVERFLOW, false },
	{ "0x10000000000000000", 0, NUMBER_OVERFLOW, false },
	{ "2e19", 0, NUMBER_OVERFLOW, false },
	{ "1e20", 0, NUMBER_OVERFLOW, false },
	{ "08", 0, NUMBER_BAD_DIGIT, false },
	{ "0b12", 0, NUMBER_BAD_DIGIT, false },
	{ "0x", 0, NUMBER_EMPTY, false },
	{ "", 0, NUMBER_EMPTY, false },
	{ "x", 0, NUMBER_EMPTY, false },
	{ "1_", 0, NUMBER_SEPARATOR, false },
	{ "0x1_", 0, NUMBER_SEPARATOR, false },
	{ "12e3", 0, NUMBER_COEFFICIENT, false },
	{ "0e2", 0, NUMBER_COEFFICIENT, false },
	{ "1e0", 0, NUMBER_EXPONENT, false },
	{ "1e", 0, NUMBER_EXPONENT, false },
	{ "5q", 0, NUMBER_SUFFIX, false },
	{ "5uu", 0, NUMBER_SUFFIX, false },
	{ "5S", 0, NUMBER_SUFFIX, false },
	{ "0x5ms", 0, NUMBER_SUFFIX, false },
	{ "5sx", 0, NUMBER_SUFFIX, false },
};

static void test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(number_cases) / sizeof(number_cases[0]); i++) {
		const struct number_case *c = &number_cases[i];
		bool is_duration;
		uint64_t value;

		if (number_parse(c->text, strlen(c->text), &value, &is_duration) != c->status ||
		    value != c->value || is_duration != c->is_duration)
			fail_msg("%s: value %llu", c->text, (unsigned long long)value);
	}
	for (int s = 0; s < NUMBER_STATUS_COUNT; s++)
		assert_non_null(number_status_text((enum number_status)s));
}

static void test_parse_integer(void **state)
{
	bool is_duration;
	uint64_t value;

	(void)state;
	assert_int_equal(lang_parse_integer("0x10", 4, &value, &is_duration), 0);
	assert_int_equal(value, 16);
	assert_int_equal(lang_parse_integer("10", 1, &value, &is_duration), 0);
	assert_int_equal(value, 1);
	assert_int_equal(lang_parse_integer("abc", 3, &value, &is_duration), -EINVAL);
	assert_int_equal(lang_parse_integer("99999999999999999999", 20, &value, &is_duration),
			 -ERANGE);
}

/* ---- tokens ---- */

struct fixture {
	struct arena arena;
	struct names names;
	struct diags diags;
	struct lexer lx;
};

static void open_lexer(struct fixture *f, const char *text, size_t len)
{
	memset(f, 0, sizeof(*f));
	arena_init(&f->arena);
	names_init(&f->names, &f->arena);
	diags_init(&f->diags, &f->arena);
	f->lx = (struct lexer){ &f->arena, &f->names, source_add(&f->diags, "t", text, len) };
}

static struct token first_token(struct fixture *f, const char *text)
{
	open_lexer(f, text, strlen(text));
	return lex_token(&f->lx, 0);
}

static void test_kinds(void **state)
{
	static const enum token_kind expected[] = {
		TOK_IDENT, TOK_VAR, TOK_MAP, TOK_MAP, TOK_PARAM, TOK_PARAM_COUNT, TOK_INT,
		TOK_DOTDOT, TOK_INT, TOK_DOT, TOK_INT, TOK_ARROW, TOK_SHL_ASSIGN, TOK_SHL, TOK_LE,
		TOK_LT, TOK_INC, TOK_PLUS, TOK_ADD_ASSIGN, TOK_ANDAND, TOK_AMP, TOK_AND_ASSIGN,
		TOK_NE, TOK_NOT, TOK_QUESTION, TOK_COLON, TOK_EOF, TOK_EOF,
	};
	static const char text[] = "a $b @c @ $12 $# 0..5 .1 -> <<= << <= < ++ + += && & &= != ! "
				   "?: // end\n /* x */";
	struct fixture f;
	uint32_t pos = 0;

	(void)state;
	open_lexer(&f, text, sizeof(text) - 1);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct token t = lex_token(&f.lx, pos);

		assert_int_equal(t.kind, expected[i]);
		assert_null(t.error);
		pos = t.end;
	}
	arena_free(&f.arena);
}

static void test_names(void **state)
{
	struct fixture f;
	struct token t = first_token(&f, " /* c */ $abc_1d");

	(void)state;
	assert_string_equal(t.name, "abc_1d");
	assert_int_equal(t.begin, 9);
	assert_int_equal(t.end, 16);
	arena_free(&f.arena);
	t = first_token(&f, "@");
	assert_string_equal(t.name, "");
	arena_free(&f.arena);
}

static void test_strings(void **state)
{
	struct fixture f;
	struct token t = first_token(&f, "\"a\\n\\t\\r\\\"\\\\\\101\\0\\x41\\X4g\"");

	(void)state;
	assert_null(t.error);
	assert_int_equal(t.len, 11);
	assert_memory_equal(t.text, "a\n\t\r\"\\A\0A\004g", 11);
	arena_free(&f.arena);
}

struct error_case {
	const char *text, *error;
	uint32_t begin, end;
};

static void test_errors(void **state)
{
	static const struct error_case cases[] = {
		{ "\"abc", "unterminated string", 0, 4 },
		{ "\"abc\ndef\"", "unterminated string", 0, 4 },
		{ "\"abc\\", "unterminated string", 0, 5 },
		{ "\"\\q\"", "invalid escape character '\\q'", 1, 3 },
		{ "\"\\400\"", "octal escape is larger than 255", 1, 5 },
		{ "\"\\xg\"", "\\x needs one or two hexadecimal digits", 1, 3 },
		{ "$", "expected identifier after '$'", 0, 1 },
		{ "$0", "param $0 is out of integer range [1, 9223372036854775807]", 0, 2 },
		{ "$99999999999999999999",
		  "param $99999999999999999999 is out of integer range [1, 9223372036854775807]", 0,
		  21 },
		{ "`", "unexpected character '`'", 0, 1 },
		{ "\xc3\xa4", "unexpected character '\xc3\xa4'", 0, 2 },
		{ "/* open", "unterminated comment", 0, 2 },
		{ "08", "invalid integer: a digit that the base does not have: 08", 0, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;
		struct token t = first_token(&f, cases[i].text);

		assert_non_null(t.error);
		assert_string_equal(t.error, cases[i].error);
		assert_int_equal(t.error_begin, cases[i].begin);
		assert_int_equal(t.error_end, cases[i].end);
		arena_free(&f.arena);
	}
}

static void test_builtin_words(void **state)
{
	(void)state;
	assert_true(lang_is_builtin_word("pid"));
	assert_true(lang_is_builtin_word("arg0"));
	assert_true(lang_is_builtin_word("arg12"));
	assert_true(lang_is_builtin_word("sarg1"));
	assert_true(lang_is_builtin_word("args"));
	assert_true(lang_is_builtin_word("__builtin_comm"));
	assert_false(lang_is_builtin_word("arg"));
	assert_false(lang_is_builtin_word("argx"));
	assert_false(lang_is_builtin_word("arg1x"));
	assert_false(lang_is_builtin_word("comm"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_parse_integer),
		cmocka_unit_test(test_kinds), cmocka_unit_test(test_names),
		cmocka_unit_test(test_strings), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_builtin_words),
	};

	return cmocka_run_group_tests_name("lexer", tests, NULL, NULL);
}
