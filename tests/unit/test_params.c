/*
 * Tests of parameters through the library's face: words given in sonde_options,
 * what scripts make of them, and what is told of wrong ones.
 */
#include "sonde.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_WORDS 8

struct told {
	char text[2000];
};

static void tell(void *arg, const struct sonde_message *m)
{
	struct told *told = arg;
	size_t len = strlen(told->text);

	snprintf(told->text + len, sizeof(told->text) - len, "%s", m->rendered);
}

/* Compile with these words (NULL ends them): what was told, and the IR. */
static int compile(const char *script, const char *const *words, struct told *told, char **ir)
{
	struct sonde_options options = {
		.size = sizeof(options), .params = words, .compile_only = true, .no_warnings = true,
		.target_file = "tests/errors/target.json",
	};
	struct sonde *s;
	size_t size;
	FILE *out = open_memstream(ir, &size);
	int err;

	while (words[options.nr_params])
		options.nr_params++;
	s = sonde_open(&options);
	assert_non_null(s);
	told->text[0] = '\0';
	sonde_on_message(s, tell, told);
	sonde_dump(s, "ir-opt", out);
	err = sonde_compile(s, "t", script, strlen(script));
	sonde_close(s);
	fclose(out);
	return err;
}

/* The value that the script stores in `@`, as the IR has it. */
static void expect_stored(const char *expr, const char *const *words, const char *value)
{
	char script[200], want[80];
	struct told told;
	char *ir;

	snprintf(script, sizeof(script), "begin { @ = (int64)(%s); }", expr);
	snprintf(want, sizeof(want), "], %s pinned\n", value);
	if (compile(script, words, &told, &ir) || told.text[0])
		fail_msg("%s: %s", script, told.text);
	if (!strstr(ir, want))
		fail_msg("%s: no %s in\n%s", script, value, ir);
	free(ir);
}

static void expect_told(const char *script, const char *const *words, const char *text)
{
	struct told told;
	char *ir;

	assert_int_equal(compile(script, words, &told, &ir), -EINVAL);
	assert_string_equal(told.text, text);
	free(ir);
}

#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }

static void test_positional(void **state)
{
	(void)state;
	expect_stored("$1 + $2", WORDS("40", "0x10"), "56");
	expect_stored("$1 + 1", WORDS("+5"), "6");
	expect_stored("$1 + 1", WORDS("+0x1f"), "32");
	expect_stored("$# * 100 + $2 + getopt(\"n\", 1)", WORDS("10", "--n=5", "12"), "217");
}

static void test_values(void **state)
{
	static const char *const none[] = { NULL };

	(void)state;
	expect_stored("(uint64)getopt(\"b\") + 7", none, "7");
	expect_stored("(uint64)getopt(\"b\") + 7", WORDS("--b"), "8");
	expect_stored("(uint64)getopt(\"b\", true) + 7", WORDS("--b=oFF"), "7");
	expect_stored("getopt(\"n\", 5)", none, "5");
	expect_stored("getopt(\"n\", 5)", WORDS("--n=1", "--n=2ms"), "2000000");
	expect_stored("getopt(\"n\", 5)", WORDS("--n=0b111", "7"), "7");
	expect_stored("getopt(\"n\", -5)", WORDS("--n=-0x10"), "-16");
	expect_stored("getopt(\"n\", 5)", WORDS("--n=+6"), "6");
	expect_stored("getopt(\"n\", -5)", WORDS("--n=-9223372036854775808"), "-9223372036854775808");
}

static void test_wrong_values(void **state)
{
	const char *script = "begin { print((getopt(\"b\"), getopt(\"n\", 5), getopt(\"m\", -5), "
			     "getopt(\"s\", \"x\"))); }";

	(void)state;
	expect_told(script, WORDS("--b=maybe"), "ERROR: program command line option --b expects a "
		    "boolean (e.g. 'true') (value: maybe)\n");
	expect_told(script, WORDS("--n"), "ERROR: program command line option --n expects an integer "
		    "(value: true)\n");
	expect_told(script, WORDS("--n=12x"), "ERROR: program command line option --n invalid integer "
		    "(value: 12x)\n");
	expect_told(script, WORDS("--n="), "ERROR: program command line option --n invalid integer "
		    "(value: )\n");
	expect_told(script, WORDS("--n=-1"), "ERROR: program command line option --n value is out of "
		    "range (value: -1)\n");
	expect_told(script, WORDS("--n=18446744073709551616"), "ERROR: program command line option "
		    "--n value is out of range (value: 18446744073709551616)\n");
	expect_told(script, WORDS("--m=9223372036854775808"), "ERROR: program command line option --m "
		    "value is out of range (value: 9223372036854775808)\n");
	expect_told(script, WORDS("--s"), "ERROR: program command line option --s expects a string "
		    "(value: true)\n");
}

static void test_strangers(void **state)
{
	(void)state;
	expect_told("begin { print((getopt(\"b\", false, \"be it\"), getopt(\"n\", 5))); }",
		    WORDS("--help", "--x=1"),
		    "ERROR: unexpected program command line options: --x\n"
		    "HINT: expected program options:\n"
		    "    --b: be it\n"
		    "    --n (default: 5)\n");
	/* A question, no fault. */
	expect_told("begin { print((getopt(\"b\", false, \"be it\"), getopt(\"n\", 5))); }",
		    WORDS("--help"),
		    "HINT: expected program options:\n"
		    "    --b: be it\n"
		    "    --n (default: 5)\n");
	expect_told("begin { print(1); }", WORDS("a", "--"),
		    "ERROR: unexpected program command line options: --\n"
		    "HINT: no custom program options defined.\n");
}

/* Who does not compile is not told of the command line. */
static void test_script_first(void **state)
{
	(void)state;
	expect_told("begin { print($x); }", WORDS("--n=3"),
		    "t:1:15-17: ERROR: Undefined or undeclared variable: $x\n"
		    "begin { print($x); }\n"
		    "              ~~\n");
}

/* They are no literals, whatever the command line says. */
static void test_not_literal(void **state)
{
	(void)state;
	expect_told("begin { unroll (getopt(\"n\", 5)) { print(1); } }", WORDS("--n=3"),
		    "t:1:9-46: ERROR: invalid unroll value: it must be a literal\n"
		    "begin { unroll (getopt(\"n\", 5)) { print(1); } }\n"
		    "        ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_positional),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_wrong_values),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_script_first),
		cmocka_unit_test(test_not_literal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
