/*
 * Macros: what a call becomes, and what is told when it cannot be.
 */
#include "parse_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct macro_row {
	const char *script, *expected;
};

static const struct macro_row expansion_rows[] = {
	{ "macro add(x, y) { x + y } begin { print(add(1, 2 * 3)); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    expression\n"
	  "      call print\n"
	  "        binary +\n"
	  "          int 1\n"
	  "          binary *\n"
	  "            int 2\n"
	  "            int 3\n" },
	{ "macro one { 1 } begin { print(one + one()); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    expression\n"
	  "      call print\n"
	  "        binary +\n"
	  "          int 1\n"
	  "          int 1\n" },
	{ "macro inc($x) { $x++; } begin { $y = 1; inc($y); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    assign =\n"
	  "      var $y\n"
	  "      int 1\n"
	  "    block\n"
	  "      expression\n"
	  "        incdec postfix ++\n"
	  "          var $y\n" },
	{ "macro own(x) { $t = x; $t + 1 } begin { $t = 5; print(own($t)); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    assign =\n"
	  "      var $t\n"
	  "      int 5\n"
	  "    expression\n"
	  "      call print\n"
	  "        block\n"
	  "          assign =\n"
	  "            var $t\n"
	  "            block\n"
	  "              value\n"
	  "                var $t\n"
	  "          value\n"
	  "            binary +\n"
	  "              var $t\n"
	  "              int 1\n" },
	{ "macro set(@m, k) { @m[k] = 1; @m[k] } begin { print(set(@a, 3)); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    expression\n"
	  "      call print\n"
	  "        block\n"
	  "          assign =\n"
	  "            map element @a\n"
	  "              int 3\n"
	  "            int 1\n"
	  "          value\n"
	  "            map element @a\n"
	  "              int 3\n" },
	{ "macro f(x) { x } macro f(x, y) { y } begin { print(f(1), f(1, 2)); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    expression\n"
	  "      call print\n"
	  "        int 1\n"
	  "        int 2\n" },
	{ "macro f($v) { $v = 1; } macro f(@m) { clear(@m); } macro f(e) { e } begin { $v = 2; "
	  "f($v); f(@a); print(f(3)); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    assign =\n"
	  "      var $v\n"
	  "      int 2\n"
	  "    block\n"
	  "      assign =\n"
	  "        var $v\n"
	  "        int 1\n"
	  "    block\n"
	  "      expression\n"
	  "        call clear\n"
	  "          map @a\n"
	  "    expression\n"
	  "      call print\n"
	  "        int 3\n" },
	{ "macro in(x) { x + 1 } macro out(y) { in(y * 2) } begin { print(out(4)); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    expression\n"
	  "      call print\n"
	  "        binary +\n"
	  "          binary *\n"
	  "            int 4\n"
	  "            int 2\n"
	  "          int 1\n" },
	{ "macro val(x) { print(x); } begin { $v = 1; val($v); val(@m); val(@m[1]); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    assign =\n"
	  "      var $v\n"
	  "      int 1\n"
	  "    block\n"
	  "      expression\n"
	  "        call print\n"
	  "          block\n"
	  "            value\n"
	  "              var $v\n"
	  "    block\n"
	  "      expression\n"
	  "        call print\n"
	  "          block\n"
	  "            value\n"
	  "              map @m\n"
	  "    block\n"
	  "      expression\n"
	  "        call print\n"
	  "          map element @m\n"
	  "            int 1\n" },
	{ "macro size(T) { sizeof(T) } begin { print(size(typeof(uint32))); "
	  "print(size(typeof(struct a *))); print(size(1 + 2)); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    expression\n"
	  "      call print\n"
	  "        sizeof uint32\n"
	  "    expression\n"
	  "      call print\n"
	  "        sizeof struct a*\n"
	  "    expression\n"
	  "      call print\n"
	  "        sizeof\n"
	  "          binary +\n"
	  "            int 1\n"
	  "            int 2\n" },
	{ "macro ptr(T, x) { (T *)x } begin { print(ptr(typeof(struct a[2]), arg0)); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    expression\n"
	  "      call print\n"
	  "        cast struct a[2]*\n"
	  "          ident arg0\n" },
	{ "macro decl(T) { let $v : T = 1; $v } begin { print(decl(typeof($w))); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    expression\n"
	  "      call print\n"
	  "        block\n"
	  "          let $v : typeof(...)\n"
	  "            var $w\n"
	  "            int 1\n"
	  "          value\n"
	  "            var $v\n" },
	{ "macro off(T, f) { offsetof(T, f) } begin { print(off(typeof(struct a), b.c)); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    expression\n"
	  "      call print\n"
	  "        offsetof struct a, b.c\n" },
	{ "macro hide() { 1 } macro use(hide) { hide + hide() } begin { print(use(9)); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    expression\n"
	  "      call print\n"
	  "        binary +\n"
	  "          int 9\n"
	  "          int 1\n" },
	{ "macro strlen(x, y) { 7 } macro cpu { 8 } begin { print(strlen(\"a\")); "
	  "print(strlen(1, 2)); print(cpu); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    expression\n"
	  "      call print\n"
	  "        call strlen\n"
	  "          string \"a\"\n"
	  "    expression\n"
	  "      call print\n"
	  "        int 7\n"
	  "    expression\n"
	  "      call print\n"
	  "        int 8\n" },
	{ "macro loop() { for ($i : 0..3) { if ($i) { break; } } } begin { $i = 1; loop(); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    assign =\n"
	  "      var $i\n"
	  "      int 1\n"
	  "    block\n"
	  "      for range $i\n"
	  "        int 0\n"
	  "        int 3\n"
	  "        block\n"
	  "          if\n"
	  "            var $i\n"
	  "            block\n"
	  "              break\n" },
	{ "macro get(@m) { if (find(@m, 1, $v)) { print($v); } } begin { $v = 1; get(@a); }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    assign =\n"
	  "      var $v\n"
	  "      int 1\n"
	  "    block\n"
	  "      if\n"
	  "        call find\n"
	  "          map @a\n"
	  "          int 1\n"
	  "          var $v\n"
	  "        block\n"
	  "          expression\n"
	  "            call print\n"
	  "              var $v\n" },
	{ "macro two() { one(); } macro one() { print(1); } begin { two() }",
	  "probe\n"
	  "  attach point [begin]\n"
	  "  block\n"
	  "    block\n"
	  "      block\n"
	  "        expression\n"
	  "          call print\n"
	  "            int 1\n" },
	{ "macro k(x) { x > 1 } kprobe:f /k(arg0)/ { }",
	  "probe\n"
	  "  attach point [kprobe] [f]\n"
	  "  predicate\n"
	  "    binary >\n"
	  "      ident arg0\n"
	  "      int 1\n"
	  "  block\n" },
	{ "fn g($a : int64) : int64 { return sq($a); } macro sq(x) { x * x }",
	  "fn g($a : int64) : int64\n"
	  "  block\n"
	  "    return\n"
	  "      binary *\n"
	  "        block\n"
	  "          value\n"
	  "            var $a\n"
	  "        block\n"
	  "          value\n"
	  "            var $a\n" },
};

static const struct macro_row error_rows[] = {
	{ "macro a() { b() } macro b() { a() } begin { a(); }",
	  "t:1:31-34: ERROR: Recursive macro call detected. Call chain: a > b > a\n"
	  "t:1:13-16: ERROR: expanded from\n"
	  "t:1:45-48: ERROR: expanded from\n" },
	{ "macro a(x) { x } macro a($x) { $x } begin { }",
	  "t:1:18-25: ERROR: Redefinition of macro: a\n"
	  "t:1:1-8: ERROR: This is the original definition.\n" },
	{ "macro a($x, @m) { 1 } begin { a(1, $y); }",
	  "t:1:31-39: ERROR: Call to a() has arguments that do not match any definition.\n"
	  "t:1:33-34: ERROR: Mismatched arg. a() expects a variable for arg $x but got "
	  "an expression.\n"
	  "t:1:9-11: ERROR: This is the argument in the closest definition.\n"
	  "t:1:36-38: ERROR: Mismatched arg. a() expects a map for arg @m but got a "
	  "variable.\n"
	  "t:1:13-15: ERROR: This is the argument in the closest definition.\n" },
	{ "macro a($x, @m) { 1 } macro a(x) { 1 } begin { a(1, 2, 3); a; }",
	  "t:1:48-58: ERROR: Call to a() has arguments that do not match any definition.\n"
	  "t:1:1-8: ERROR: The closest definition of a() has a different number of "
	  "arguments. Expected: 2 but got 3\n"
	  "t:1:60-61: ERROR: Call to a() has arguments that do not match any definition.\n"
	  "t:1:23-30: ERROR: The closest definition of a() has a different number of "
	  "arguments. Expected: 1 but got 0\n" },
	{ "macro a() { @m } begin { a(); }",
	  "t:1:13-15: ERROR: Unhygienic access to map: @m. Maps must be passed into the "
	  "macro as arguments.\n"
	  "t:1:26-29: ERROR: expanded from\n" },
	{ "macro a($x) { let $x = 1; } begin { $y = 1; a($y); }",
	  "t:1:15-25: ERROR: Variable declaration shadows macro arg $x\n"
	  "t:1:45-50: ERROR: expanded from\n" },
	{ "macro a() { return; }",
	  "t:1:13-19: ERROR: 'return' statement is not allowed in a macro\n" },
	{ "macro a() { if (1) { break; } while (1) { continue; } continue; }",
	  "t:1:22-27: ERROR: 'break' statement is not allowed in a macro\n"
	  "t:1:55-63: ERROR: 'continue' statement is not allowed in a macro\n" },
	{ "macro a(T) { T + 1 } begin { a(typeof(int32)); }",
	  "t:1:32-45: ERROR: When used as a call argument, `typeof` builtin only valid "
	  "for macro calls that are expecting a type parameter\n"
	  "t:1:14-15: ERROR: expanded from\n"
	  "t:1:30-46: ERROR: expanded from\n" },
	{ "macro a(x) { (x) - 1 } begin { a(5); }",
	  "t:1:34-35: ERROR: Invalid replacement for macro 'a' type parameter 'x' which "
	  "makes up the type 'x'\n" },
	{ "macro a(T) { (T *)5 } macro b(U) { a(typeof(U)) } begin { print(b(1)); a(2); }",
	  "t:1:74-75: ERROR: Invalid replacement for macro 'a' type parameter 'T' which "
	  "makes up the type 'T*'\n" },
	{ "macro a($x) { $x = 1; } macro b(e) { a(e) } begin { $v = 2; b($v); }",
	  "t:1:38-42: ERROR: Call to a() has arguments that do not match any definition.\n"
	  "t:1:63-65: ERROR: Mismatched arg. a() expects a variable for arg $x but got "
	  "an expression.\n"
	  "t:1:9-11: ERROR: This is the argument in the closest definition.\n"
	  "t:1:61-66: ERROR: expanded from\n" },
	{ "macro a(f) { offsetof(struct s, f) } begin { a(1 + 2); }",
	  "t:1:48-53: ERROR: Invalid replacement for macro 'a' parameter: a field or a "
	  "path of fields is needed\n" },
};

static void test_expansion(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(expansion_rows) / sizeof(*expansion_rows); i++)
		expect_expanded(expansion_rows[i].script, expansion_rows[i].expected);
}

/* The lines of a message that are not the source's. */
static void keep_places(char *text)
{
	char *to = text, *line = text, *end;

	for (; *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!strncmp(line, "t:", 2)) {
			memmove(to, line, (size_t)(end + 1 - line));
			to += end + 1 - line;
		}
	}
	*to = 0;
}

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(error_rows) / sizeof(*error_rows); i++) {
		char *text = parse_expanded(error_rows[i].script);

		keep_places(text);
		assert_string_equal(text, error_rows[i].expected);
		free(text);
	}
}

/* Doubling an argument thirty times over ends in an error, not in all memory. */
static void test_too_large(void **state)
{
	char script[1000] = "macro d(x) { x + x } begin { print(", *errors;

	(void)state;
	for (int i = 0; i < 30; i++)
		strcat(script, "d(");
	strcat(script, "1");
	for (int i = 0; i < 30; i++)
		strcat(script, ")");
	strcat(script, "); }");
	errors = parse_expanded(script);
	assert_non_null(strstr(errors, "ERROR: the expansion of macros is too large\n"));
	free(errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expansion),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
