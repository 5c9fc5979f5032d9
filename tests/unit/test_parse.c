/*
 * Tests of the parser: the tree of every construct, as text.
 */
#include "parse_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_probe(void **state)
{
	(void)state;
	expect_dump("tracepoint:syscalls:sys_enter_openat,\n  kprobe:f* /pid == 1/ { exit(); }",
		    "probe\n"
		    "  attach point [tracepoint] [syscalls] [sys_enter_openat]\n"
		    "  attach point [kprobe] [f*]\n"
		    "  predicate\n"
		    "    binary ==\n"
		    "      ident pid\n"
		    "      int 1\n"
		    "  block\n"
		    "    expression\n"
		    "      call exit\n");
}

static void test_assign(void **state)
{
	(void)state;
	expect_stmts("@a[1, \"b\"] = count(); @x += 2; $y <<= 1",
		     "assign =\n"
		     "  map element @a\n"
		     "    int 1\n"
		     "    string \"b\"\n"
		     "  call count\n"
		     "assign +=\n"
		     "  map @x\n"
		     "  int 2\n"
		     "assign <<=\n"
		     "  var $y\n"
		     "  int 1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_assign),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
