/*
 * Tests of src/lower: loops, as iterators and as callbacks, and what they share
 * with the code around.
 */
#include "tests/unit/lower_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Run a script on kernels with open-coded iterators, with bpf_loop, with neither. */
static void expect_cell(const char *script, const char *name, int64_t value)
{
	for (int old = 0; old < 3; old++) {
		struct lower_help h;

		lower_help_open(&h);
		h.lacks[FEATURE_ITER_NUM] = old > 0;
		h.lacks[FEATURE_LOOP] = old > 1;
		lower_help_compile(&h, script);
		lower_help_fire(&h, 0);
		assert_int_equal(lower_help_scalar(&h, name), value);
		lower_help_close(&h);
	}
}

static void test_ranges(void **state)
{
	(void)state;
	expect_cell("begin { for ($i : 0..10) { @ += $i; } }", "", 45);
	expect_cell("begin { for ($i : 0..1000) { @ += $i; } }", "", 499500);
	expect_cell("begin { $n = 5; for ($i : $n..($n + 3)) { @ += $i; } }", "", 18);
	expect_cell("begin { $n = 5; for ($i : $n..$n) { @ += 1; } @ += 2; }", "", 2);
	expect_cell("begin { $s = 0; for ($i : 0..100) { if ($i == 3) { continue; } "
		    "if ($i == 6) { break; } $s += $i; } @ = $s; }", "", 12);
	expect_cell("begin { $s = 0; for ($i : 0..10) { if ($i == 3) { continue; } "
		    "if ($i == 6) { break; } $s += $i; } @ = $s; }", "", 12);
}

static void test_nested(void **state)
{
	(void)state;
	expect_cell("begin { $s = 0; for ($i : 0..100) { for ($j : 0..$i) { $s++; } } @ = $s; }",
		    "", 4950);
	expect_cell("begin { for ($i : 0..70) { for ($j : 0..70) { if ($j == 2) { break; } "
		    "@ += $i * 100 + $j; } } @ += 1; }", "", 70 + 2 * 100 * 69 * 70 / 2 + 1);
}

/* The context reaches the bodies of loops, whatever they become. */
static void test_context(void **state)
{
	uint64_t regs[32] = { 0 };

	(void)state;
	for (int old = 0; old < 3; old++) {
		struct lower_help h;

		lower_help_open(&h);
		h.lacks[FEATURE_ITER_NUM] = old > 0;
		h.lacks[FEATURE_LOOP] = old > 1;
		lower_help_compile(&h, "kprobe:vfs_read { @m[1] = 1; for ($kv : @m) { for ($i : 0..100) { "
				   "@ += arg0; if ($i == 70) { exit(3); } } } @ = 0; }");
		regs[h.target.arch->arg_offsets[0] / 8] = 2;
		lower_help_run(&h, 0, regs, sizeof(regs));
		assert_int_equal(*lower_help_cell(&h, "", 0), 142);
		lower_help_close(&h);
	}
}

static void test_return(void **state)
{
	(void)state;
	expect_cell("begin { @ = 1; for ($i : 0..100) { if ($i == 7) { @ = $i; return; } } @ = 3; }",
		    "", 7);
	expect_cell("begin { @ = 1; for ($i : 0..100) { for ($j : 0..100) { if ($j == 7) { @ = $j; "
		    "return; } } } @ = 3; }", "", 7);
	expect_cell("begin { @ = 1; while (1) { @++; if (@ > 5) { return; } } @ = 100; }", "", 6);
}

static void test_while(void **state)
{
	(void)state;
	expect_cell("begin { $i = 0; while ($i < 10) { $i++; } @ = $i; }", "", 10);
	expect_cell("begin { $i = 0; while (1) { $i++; if ($i % 2) { continue; } "
		    "if ($i > 20) { break; } @ += $i; } }", "", 110);
	expect_cell("begin { $s = \"no\"; $i = 0; while ($i < 3) { $s = \"yes\"; $i++; } "
		    "if ($s == \"yes\") { @ = 5; } }", "", 5);
}

static void test_maps(void **state)
{
	(void)state;
	expect_cell("begin { @m[1] = 10; @m[2] = 20; $s = 0; for ($kv : @m) { $s += $kv.0 * $kv.1; } "
		    "@ = $s; }", "", 50);
	expect_cell("begin { @m[1] = count(); @m[1] = count(); @m[5] = count(); $s = 0; "
		    "for ($kv : @m) { $s += (int64)$kv.1 * 10 + $kv.0; } @ = $s; }", "", 36);
	expect_cell("begin { @m[1, \"x\"] = \"text\"; for ($kv : @m) { if ($kv.0.1 == \"x\" && "
		    "$kv.1 == \"text\") { @ = $kv.0.0; } } }", "", 1);
	expect_cell("begin { @m[1] = 1; @m[2] = 2; @m[3] = 3; for ($kv : @m) { if ($kv.0 == 2) "
		    "{ break; } @ += 1; } @ += 10; }", "", 11);
}

static void test_unroll(void **state)
{
	(void)state;
	expect_cell("begin { $i = 0; unroll (5) { @ += $i; $i++; } }", "", 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_return),
		cmocka_unit_test(test_while),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_unroll),
	};

	return cmocka_run_group_tests_name("lower_loops", tests, NULL, NULL);
}
