/*
 * Tests of src/lower: values of every kind, where they are stored and sent.
 */
#include "tests/unit/lower_help.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void expect_result(const char *script, int64_t value)
{
	struct lower_help h;
	int64_t is;

	lower_help_script(&h, script);
	is = lower_help_scalar(&h, "");
	if (is != value)
		fail_msg("%s: %lld, not %lld", script, (long long)is, (long long)value);
	lower_help_close(&h);
}

static void test_integers(void **state)
{
	(void)state;
	expect_result("begin { $x = (int8)200; @ = $x; }", -56);
	expect_result("begin { $x = (int8)-1; @ = (uint16)$x; }", 65535);
	expect_result("begin { $x = (uint32)0xffffffff; @ = $x + 1; }", 4294967296);
	expect_result("begin { $x = -7; @ = $x >> 60; }", 15);
	expect_result("begin { $x = (uint64)7; @ = $x / 2 * 10 + $x % 4; }", 33);
	expect_result("begin { $x = 5; $x += 3; $x *= 2; $x ^= 1; $x--; @ = $x++ * 100 + $x; }", 1617);
	expect_result("begin { $x = 5; @ = ($x > 3) + ($x == 5 && $x < 4) + (!$x || $x != 2); }", 1);
	expect_result("begin { $x = (int64)-1; $y = (int64)1; if ($x < $y) { @ = 1 } else { @ = 2 } }", 1);
	expect_result("begin { $x = pid; @ = $x == 41 ? 10 : 20; }", 10);
	expect_result("begin { $x = 0; @ = $x ?: 9; }", 9);
	expect_result("begin { @ = { let $y = 3; $y * 2 }; }", 6);
	expect_result("begin { @ = bswap((uint32)0x01020304); }", 0x04030201);
	expect_result("begin { @ = strlen(\"hello\") * 10 + strncmp(\"abc\", \"abd\", 3); }", 51);
}

static void test_addresses(void **state)
{
	(void)state;
	expect_result("begin { let $x : uint32 = 5; $p = &$x; $x = 77; @ = *$p; }", 77);
	expect_result("begin { let $x : uint64; $p = &$x; $q = &$p; @ = **$q; }", 0);
	expect_result("begin { $x = 5; $y = 6; $p = &$x; $q = &$y; @ = ($p != $q) * 10 + ($p == &$x); }", 11);
	expect_result("begin { $t = (1, (uint32)70000); $p = &$t; @ = $p.1; }", 70000);
	expect_result("begin { $x = 1; $p = &$x; unroll (3) { $x *= 2; } @ = *$p + *&$x; }", 16);
	expect_result("begin { $s = \"abcd\"; $p = (uint8 *)&$s; @ = $p[2]; }", 99);
}

static void test_division_by_zero(void **state)
{
	struct lower_help h;
	const struct image_action *a;

	(void)state;
	lower_help_script(&h, "begin { $x = 10; $y = 0; @ = $x / $y; @m = $x % $y; }");
	assert_int_equal(lower_help_scalar(&h, ""), 1);
	assert_int_equal(vm_record_count(h.vm), 2);
	a = lower_help_record(&h, 1, NULL);
	assert_int_equal(a->kind, ACTION_RUNTIME_ERROR);
	assert_int_equal(a->place.line, 1);
	assert_int_equal(a->place.col, 44);
	lower_help_close(&h);
}

static void test_tuples(void **state)
{
	struct lower_help h;
	struct { int8_t n; char s[4]; char pad[3]; uint32_t pid; } key = { 1, "abc", { 0 }, 41 };
	uint32_t len;

	(void)state;
	lower_help_script(&h, "begin { $t = (1, \"abc\", pid); @t[$t] = 7; @t[1, \"abc\", pid] += 1; print($t); "
			      "@ = $t.2; @e = ($t == (1, \"abc\", pid)) + ($t == (2, \"abc\", pid)); "
			      "@s = (1, \"x\"); @s = (2, \"longer\"); }");
	assert_int_equal(*(int64_t *)lower_help_elem(&h, "t", &key, 0), 8);
	assert_memory_equal(lower_help_field(&h, 0, 0, &len), &key, sizeof(key));
	assert_int_equal(len, sizeof(key));
	assert_int_equal(lower_help_scalar(&h, ""), 41);
	assert_int_equal(*(uint8_t *)lower_help_cell(&h, "e", 0), 1);
	lower_help_close(&h);
}

/* A string that is assigned to a larger place leaves zeroes behind it. */
static void test_string_sizes(void **state)
{
	struct lower_help h;
	const char *v;

	(void)state;
	lower_help_script(&h, "begin { @s[1] = \"a long string here\"; @s[1] = \"abc\"; $x = \"twelve chars\"; "
			      "$x = \"ab\"; @s[2] = $x; if (@s[1] == \"abc\") { @ = 1 } "
			      "if (@s[1] == @s[2]) { @ = 2 } if (@s[3] == \"\") { @x = 1 } }");
	v = lower_help_elem(&h, "s", &(int8_t){ 1 }, 0);
	assert_memory_equal(v, "abc\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 19);
	v = lower_help_elem(&h, "s", &(int8_t){ 2 }, 0);
	assert_memory_equal(v, "ab\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 19);
	assert_int_equal(lower_help_scalar(&h, ""), 1);
	lower_help_close(&h);
}

/* Strings of a record follow each other at their real length. */
static void test_record_strings(void **state)
{
	struct lower_help h;
	uint32_t len;

	(void)state;
	lower_help_script(&h, "begin { printf(\"%s %s %d %s\", str(uptr(0x7f0000001000)), comm, tid, "
			      "str(uptr(0x7f0000001005))); }");
	assert_string_equal(lower_help_field(&h, 0, 0, &len), "/etc/passwd");
	assert_string_equal(lower_help_field(&h, 0, 1, &len), "worker");
	assert_int_equal(*(const uint32_t *)lower_help_field(&h, 0, 2, &len), 42);
	assert_string_equal(lower_help_field(&h, 0, 3, &len), "passwd");
	assert_int_equal(len, 7);
	assert_true(vm_record_get(h.vm, 0).size < 100);
	lower_help_close(&h);
}

static void test_ring_full(void **state)
{
	struct lower_help h;
	uint64_t *losses;

	(void)state;
	lower_help_open(&h);
	lower_help_compile(&h, "begin { printf(\"%d\", pid); printf(\"%s\", str(uptr(0x7f0000001000))); }");
	vm_world(h.vm)->ring_full = true;
	lower_help_fire(&h, 0);
	losses = lower_help_losses(&h);
	assert_int_equal(losses[IMAGE_LOSS_RING], 2);
	lower_help_close(&h);
}

static void test_aggregations(void **state)
{
	struct lower_help h;
	uint64_t *v;

	(void)state;
	lower_help_script(&h, "begin { @min = min(-3); @min = min(5); @max[1] = max(2); @max[1] = max(9); "
			      "@avg = avg(10); @avg = avg(21); @st[1] = stats(-5); @st[1] = stats(1); "
			      "@l = lhist(10, 0, 10, 2); @l = lhist(-1, 0, 10, 2); @l = lhist(99, 0, 10, 2); "
			      "@ = (int64)@avg * 100 + (int64)@max[1]; }");
	v = lower_help_cell(&h, "min", 0);
	assert_int_equal((int64_t)v[0], -3);
	assert_int_equal(v[1], 1);
	v = lower_help_elem(&h, "max", &(int8_t){ 1 }, 0);
	assert_int_equal(v[0], 9);
	v = lower_help_elem(&h, "st", &(int8_t){ 1 }, 0);
	assert_int_equal((int64_t)v[0], -4);
	assert_int_equal(v[1], 2);
	v = lower_help_cell(&h, "l", 0);
	assert_int_equal(v[0], 1);
	assert_int_equal(v[6], 2);
	assert_int_equal(lower_help_scalar(&h, ""), 1509);
	lower_help_close(&h);
}

static void test_delete_and_ask(void **state)
{
	struct lower_help h;

	(void)state;
	lower_help_script(&h, "begin { @m[1] = 5; @ = has_key(@m, 1) * 100 + has_key(@m, 2) * 10; "
			      "@ += delete(@m, 1); @ += has_key(@m, 1) * 1000; @s = 5; delete(@s); "
			      "if (find(@f, 1, $v)) { @ += 10000; } @f[1] = 7; "
			      "if (find(@f, 1, $v)) { @ += $v * 100000; } }");
	assert_int_equal(lower_help_scalar(&h, ""), 700101);
	assert_int_equal(*lower_help_cell(&h, "s", 0), 0);
	lower_help_close(&h);
}

/* Without typed loads all reads of the kernel go through helpers. */
static void test_old_kernel(void **state)
{
	struct lower_help h;

	(void)state;
	lower_help_open(&h);
	h.lacks[FEATURE_RDONLY_CAST] = h.lacks[FEATURE_CURRENT_TASK_BTF] = true;
	lower_help_compile(&h, "begin { @ = curtask->real_parent->tgid * 100 + curtask->small; "
			       "@c[curtask->comm] = 1; }");
	lower_help_fire(&h, 0);
	assert_int_equal(lower_help_scalar(&h, ""), 597);
	assert_non_null(lower_help_elem(&h, "c", "worker\0\0\0\0\0\0\0\0\0\0", 0));
	lower_help_close(&h);
}

static void test_stacks(void **state)
{
	static const uint64_t frames[] = { 0x1111, 0x2222, 0x3333 };
	struct lower_help h;
	const uint64_t *v;
	uint32_t len;

	(void)state;
	lower_help_open(&h);
	lower_help_compile(&h, "begin { @[kstack(2)] = count(); print(kstack); @ok[1] = len(kstack(5)); }");
	vm_world(h.vm)->kstack = frames;
	vm_world(h.vm)->nr_kstack = 3;
	lower_help_fire(&h, 0);
	v = lower_help_elem(&h, "", (uint64_t[]){ 2, 0x1111, 0x2222 }, 0);
	assert_non_null(v);
	v = lower_help_field(&h, 0, 0, &len);
	assert_int_equal(len, 32);
	assert_memory_equal(v, ((uint64_t[]){ 3, 0x1111, 0x2222, 0x3333 }), 32);
	assert_int_equal(*(uint64_t *)lower_help_elem(&h, "ok", &(int8_t){ 1 }, 0), 3);
	lower_help_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_division_by_zero),
		cmocka_unit_test(test_tuples),
		cmocka_unit_test(test_string_sizes),
		cmocka_unit_test(test_record_strings),
		cmocka_unit_test(test_ring_full),
		cmocka_unit_test(test_aggregations),
		cmocka_unit_test(test_delete_and_ask),
		cmocka_unit_test(test_old_kernel),
		cmocka_unit_test(test_stacks),
	};

	return cmocka_run_group_tests_name("lower_values", tests, NULL, NULL);
}
