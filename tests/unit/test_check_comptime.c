/*
 * Tests of checking: what is decided while compiling.
 */
#include "tests/unit/check_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct check_row comptime_rows[] = {
	{ "begin { print(comptime (1 + 2)); if comptime (sizeof(uint64) == 8) { print(1) } else { print(nosuch) } }",
	  "program 0: begin +effects\n"
	  "  (print 3:int8)\n"
	  "  {(print 1:int8)}\n" },
	/* A branch that waits for a type, and one that waits for that one. */
	{ "begin { $x = \"abc\"; if comptime (is_str($x)) { $y = 1; if comptime (sizeof($y) == 1) { print($y) } "
	  "else { nosuch() } } }",
	  "program 0: begin +effects\n"
	  "  (= $x:string[4] \"abc\":string[4])\n"
	  "  {(= $y:int8 1:int8); {(print $y:int8)}}\n" },
	{ "begin { $x = 5; if comptime (is_integer($x)) { @a[1] = \"b\" } else { @a = 5 } "
	  "if comptime (is_scalar(@a)) { print(1) } }",
	  "map @a[int8]: string[2], 4096\n"
	  "program 0: begin +effects\n"
	  "  (= $x:int8 5:int8)\n"
	  "  {(= @a[1:int8]:string[2] \"b\":string[2])}\n"
	  "  {}\n" },
	{ "begin { $x = comptime pid; }",
	  "t:1:14-26: ERROR: Unable to resolve comptime expression\n" },
	{ "begin { if comptime (pid) { } }",
	  "t:1:12-26: ERROR: Unable to resolve comptime expression\n" },
	{ "begin { $x = 1; print(sizeof($x)); if comptime (sizeof($x) == 1) { $x = 1000; } }",
	  "t:1:68-77: ERROR: Type mismatch for $x: this type has been locked because it was used in another part of the type graph that was already resolved (e.g. `sizeof`, `typeinfo`, etc.). The new type 'int16' doesn't fit into the locked type 'int8'\n" },
	{ "begin { @m[1] = 1; if comptime (sizeof(@m[1]) == 1) { @m[2] = 1000; } }",
	  "t:1:55-67: ERROR: Type mismatch for @m: this type has been locked because it was used in another part of the type graph that was already resolved (e.g. `sizeof`, `typeinfo`, etc.). The new type 'int16' doesn't fit into the locked type 'int8'\n" },
};

static const struct check_row typeof_rows[] = {
	{ "begin { let $x : typeof(pid) = 5; $y = (typeof($x))300; let $z : typeof($x)*; }",
	  "program 0: begin\n"
	  "  (let $x:uint32 5:uint32)\n"
	  "  (= $y:uint32 (cast 300:int16):uint32)\n"
	  "  (let $z:uint32 *)\n"
	  "t:1:57-63: WARNING: Variable $z was never assigned to.\n" },
	{ "begin { @m[1] = (uint32)7; let $k : typeof(@m) = 2; let $v : typeof(@m[0]) = 3; print(sizeof(typeof(@m[0]))); }",
	  "map @m[int8]: uint32, 4096\n"
	  "program 0: begin +effects\n"
	  "  (= @m[1:int8]:uint32 (cast 7:int8):uint32)\n"
	  "  (let $k:int8 2:int8)\n"
	  "  (let $v:uint32 3:uint32)\n"
	  "  (print 4:uint8)\n" },
	{ "begin { let $x : typeof(nosuch) = 5; }",
	  "t:1:25-31: ERROR: Cannot resolve unknown type \"nosuch\"\n" },
	{ "begin { @m = 1; print(sizeof(@m++)); }",
	  "t:1:30-34: ERROR: a map can not be assigned where only a type is asked for\n" },
	{ "begin { print(strlen(typeof(pid))); }",
	  "t:1:22-33: ERROR: strlen() takes values, not types\n" },
};

static const struct check_row query_rows[] = {
	{ "begin { print(is_integer(5)); print(is_str(comm)); print(is_ptr(pid)); print(is_array((int8[2])(uint16)1)); "
	  "print(is_literal(5)); print(is_literal(pid)); print(is_unsigned_integer(pid)); print(is_integer(typeof(comm()))); }",
	  "program 0: begin +effects\n"
	  "  (print true:bool)\n"
	  "  (print true:bool)\n"
	  "  (print false:bool)\n"
	  "  (print true:bool)\n"
	  "  (print true:bool)\n"
	  "  (print false:bool)\n"
	  "  (print true:bool)\n"
	  "  (print false:bool)\n" },
	{ "begin { print(is_scalar(@z)); }",
	  "t:1:25-27: ERROR: Undefined map: @z\n" },
	{ "begin { print(is_scalar(5)); }",
	  "t:1:25-26: ERROR: is_scalar() expects a map argument\n" },
	{ "begin { print(typeinfo(5)); }",
	  "t:1:15-26: ERROR: typeinfo feature is not enabled by default. To enable this unstable feature, set the config flag to enable. unstable_typeinfo=enable\n" },
	{ "config = { unstable_typeinfo = warn } begin { print(typeinfo(\"abc\")); print(typeinfo(5).base_type == \"int\"); }",
	  "program 0: begin +effects\n"
	  "  (print (tuple 0:int8 \"string\":string[7] \"string[4]\":string[10]):record { .btf_id = int8, .base_type = string[7], .full_type = string[10] })\n"
	  "  (print true:bool)\n"
	  "WARNING: Script is using an unstable feature: typeinfo. To prevent this warning you must explicitly enable it in the config e.g. unstable_typeinfo=enable\n" },
	{ "config = { unstable_typeinfo = maybe } begin { }",
	  "t:1:12-37: ERROR: unstable_typeinfo: Invalid value for unstable config: valid values are enable, warn, and error.\n" },
};

static const struct check_row assert_rows[] = {
	{ "begin { static_assert(sizeof(uint64) == 8, \"size\"); }",
	  "program 0: begin\n"
	  "  {}\n" },
	{ "begin { static_assert(1 == 2, \"one is not two\"); }",
	  "t:1:9-48: ERROR: one is not two\n" },
	{ "begin { static_assert(1 == 2); }",
	  "t:1:9-30: ERROR: static assertion failed\n" },
	{ "begin { static_assert(pid == 2); }",
	  "t:1:23-31: ERROR: Unable to resolve comptime expression\n" },
	{ "begin { if comptime (true) { } else { fail(\"never\") } fail(\"always %d %s\", 5, \"x\"); }",
	  "t:1:55-83: ERROR: always 5 x\n" },
	{ "begin { fail(\"%d\", pid); }",
	  "t:1:20-23: ERROR: fail() takes literals only\n" },
};

static void test_comptime(void **state)
{
	(void)state;
	CHECK_ROWS(comptime_rows);
}

static void test_typeof(void **state)
{
	(void)state;
	CHECK_ROWS(typeof_rows);
}

static void test_queries(void **state)
{
	(void)state;
	CHECK_ROWS(query_rows);
}

static void test_assertions(void **state)
{
	(void)state;
	CHECK_ROWS(assert_rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comptime),
		cmocka_unit_test(test_typeof),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_assertions),
	};

	return cmocka_run_group_tests_name("check comptime", tests, NULL, NULL);
}
