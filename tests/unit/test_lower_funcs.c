/*
 * Tests of src/lower: functions of the script, called, on the interpreter.
 */
#include "tests/unit/lower_help.h"

#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Run a script on kernels with and without open-coded iterators. */
static void expect_cell(const char *script, const char *name, int64_t value)
{
	for (int old = 0; old < 2; old++) {
		struct lower_help h;

		lower_help_open(&h);
		h.lacks[FEATURE_ITER_NUM] = old;
		lower_help_compile(&h, script);
		lower_help_fire(&h, 0);
		assert_int_equal(lower_help_scalar(&h, name), value);
		lower_help_close(&h);
	}
}

/* Subprograms of program 0 that are left in the code. */
static uint32_t nr_funcs(const struct lower_help *h)
{
	return h->image->progs.at[0].nr_func_info;
}

static void test_scalars(void **state)
{
	(void)state;
	expect_cell("fn add($a : int64, $b : int64) : int64 { return $a + $b; } "
		    "begin { @ = add(2, add(3, 4)) * 10; }", "", 90);
	expect_cell("fn low($a : int64) : int8 { return (int8)$a; } begin { @ = (int64)low(0x1ff); }",
		    "", -1);
	expect_cell("fn pick($a : bool, $b : uint8) : uint8 { return $a ? $b : 7; } "
		    "begin { @ = pick(true, 200) * 1000 + pick(false, 200); }", "", 200007);
	expect_cell("fn none() : void { @ = 5; } begin { none(); none(); }", "", 5);
	expect_cell("fn f($a : int64) : int64 { $a += 1; return $a; } "
		    "begin { $a = 3; @ = f($a) * 100 + $a; }", "", 403);
}

static void test_order_of_definition(void **state)
{
	(void)state;
	expect_cell("fn a($x : int64) : int64 { return b($x) + c($x); } "
		    "begin { @ = a(1); } "
		    "fn c($x : int64) : int64 { return b($x) * 10; } "
		    "fn b($x : int64) : int64 { return $x + 1; }", "", 22);
}

static void test_many_arguments(void **state)
{
	(void)state;
	expect_cell("fn f($a : int64, $b : int64, $c : int64, $d : int64, $e : int64) : int64 "
		    "{ return $a + 10 * $b + 100 * $c + 1000 * $d + 10000 * $e; } "
		    "begin { @ = f(1, 2, 3, 4, 5); }", "", 54321);
	expect_cell("fn f($a : int8, $s : string, $c : uint16, $d : int64, $e : bool, "
		    "$t : typeof((1, \"a\")), $g : int32) : int64 { $a++; "
		    "return $a + $c + $d + $e + $t.0 + $g + ($s == \"four\" ? 1000 : 0) + "
		    "($t.1 == \"z\" ? 2000 : 0); } "
		    "begin { @ = f(-2, \"four\", 65535, 100000, true, (5, \"z\"), -6); }", "",
		    -1 + 65535 + 100000 + 1 + 5 - 6 + 3000);
}

static void test_memory(void **state)
{
	(void)state;
	expect_cell("fn f($s : string, $n : int64) : string { if ($n > 3) { return $s; } "
		    "return \"few\"; } begin { if (f(\"hello\", 4) == \"hello\") { @ += 1; } "
		    "if (f(\"hello\", 1) == \"few\") { @ += 2; } "
		    "$x = \"one\"; $x = f($x, 9); if ($x == \"one\") { @ += 4; } }", "", 7);
	expect_cell("fn swap($p : typeof((1, (int64)2))) : typeof(((int64)1, 2)) "
		    "{ return ($p.1, $p.0); } begin { $t = swap((5, 6)); @ = $t.0 * 10 + $t.1; }",
		    "", 65);
	expect_cell("fn f($r : typeof((x = 1, y = \"ab\"))) : int64 "
		    "{ return $r.y == \"cd\" ? $r.x : 0; } begin { @ = f((x = 9, y = \"cd\")); }",
		    "", 9);
	/* What a function assigns is its own. */
	expect_cell("fn f($s : string) : string { $s = \"b\"; return $s; } "
		    "begin { $s = \"a\"; if (f($s) == \"b\" && $s == \"a\") { @ = 1; } }", "", 1);
	/* Nor does what comes later change an argument. */
	expect_cell("fn f($s : string, $n : int64) : int64 { return $s == \"a\" ? $n : 0; } "
		    "begin { $s = \"a\"; @ = f($s, { $s = \"b\"; 3 }); }", "", 3);
}

static void test_loops(void **state)
{
	(void)state;
	expect_cell("fn f($n : int64) : int64 { $s = 0; for ($i : 0..$n) { $s += $i; "
		    "if ($i == 70) { return $s; } } return -1; } "
		    "begin { @ = f(50) * 100000 + f(1000); }", "", -100000 + 2485);
	expect_cell("fn g($x : int64) : int64 { return $x * 2; } "
		    "fn f($n : int64) : int64 { $s = 0; for ($i : 0..$n) { $s += g($i); } "
		    "return $s; } begin { for ($i : 0..100) { @ += f($i); } }", "", 323400);
	expect_cell("fn f($s : string, $n : int64) : string { for ($i : 0..$n) { if ($i == 90) "
		    "{ return $s; } } return \"no\"; } "
		    "begin { @ = (f(\"yes\", 100) == \"yes\" ? 1 : 0) + "
		    "(f(\"yes\", 80) == \"no\" ? 2 : 0); }", "", 3);
}

static void test_exit(void **state)
{
	(void)state;
	expect_cell("fn f($n : int64) : int64 { if ($n == 5) { exit(); } return $n; } "
		    "begin { @ = f(3); @ = f(4) + 1; @ = f(5); @ = 100; }", "", 5);
	expect_cell("fn f($n : int64) : void { if ($n == 77) { exit(); } } "
		    "fn g($n : int64) : string { for ($i : 0..$n) { f($i); @ = $i; } return \"\"; } "
		    "begin { $s = g(3); $s = g(1000); @ = -1; }", "", 76);
	expect_cell("fn f($n : int64) : void { for ($i : 0..$n) { if ($i == 70) { exit(); } } } "
		    "begin { for ($i : 0..1000) { f($i); @ = $i; } @ = -1; }", "", 70);
	expect_cell("fn f($n : int64) : int64 { for ($i : 0..$n) { if ($i == 70) { exit(); } "
		    "if ($i * 10 == $n) { return $i; } } return 7; } "
		    "begin { @ = f(3); @ = @ * 1000 + f(100); @ = @ * 1000 + f(300); @ = f(1000); "
		    "@ = -1; }", "", 7010030);
}

/* The context reaches functions, also those that loops in functions call. */
static void test_context(void **state)
{
	uint64_t regs[32] = { 0 };

	(void)state;
	for (int old = 0; old < 2; old++) {
		struct lower_help h;

		lower_help_open(&h);
		h.lacks[FEATURE_ITER_NUM] = old;
		lower_help_compile(&h, "fn sp() : uint64 { return reg(\"sp\"); } "
				   "fn total($n : int64) : uint64 { $s = (uint64)0; "
				   "for ($i : 0..$n) { $s += sp(); } return $s; } "
				   "kprobe:do_it { @ = total(100); }");
		regs[h.target.arch->sp_offset / 8] = 7;
		lower_help_run(&h, 0, regs, sizeof(regs));
		assert_int_equal(*lower_help_cell(&h, "", 0), 700);
		lower_help_close(&h);
	}
}

/* The kernel wants each subprogram named, and with a line at its start. */
static void test_described(void **state)
{
	const struct bpf_func_info *func;
	const struct bpf_line_info *at;
	const struct image_prog *p;
	struct lower_help h;

	(void)state;
	lower_help_open(&h);
	lower_help_compile(&h, "fn f($x : int64) : int64 { @[$x] = count(); return g($x) + $x; }\n"
			   "fn g($x : int64) : int64 { @[$x] = count(); return $x * $x; }\n"
			   "begin { @sum = f(1) + f(2) + g(3) + g(4); }");
	p = &h.image->progs.at[0];
	assert_int_equal(nr_funcs(&h), 3);
	func = p->func_info;
	at = p->line_info;
	for (uint32_t i = 0; i < p->nr_func_info; i++) {
		while (at->insn_off < func[i].insn_off)
			at++;
		assert_int_equal(at->insn_off, func[i].insn_off);
	}
	lower_help_fire(&h, 0);
	assert_int_equal(*lower_help_cell(&h, "sum", 0), 2 + 6 + 9 + 16);
	lower_help_close(&h);
}

static void test_records(void **state)
{
	struct lower_help h;
	uint32_t len;

	(void)state;
	lower_help_script(&h, "fn f($s : string) : int64 { print($s); return 4; } "
			  "begin { printf(\"%d\", f(\"in\")); }");
	assert_string_equal(lower_help_field(&h, 0, 0, &len), "in");
	assert_int_equal(*(const int64_t *)lower_help_field(&h, 1, 0, &len), 4);
	lower_help_close(&h);
}

static void test_unused_costs_nothing(void **state)
{
	struct lower_help h;

	(void)state;
	lower_help_script(&h, "fn f() : int64 { @x = 1; print(@x); return 4; } begin { @ = 1; }");
	assert_int_equal(nr_funcs(&h), 1);
	assert_int_equal(h.image->actions.n, 0);
	assert_int_equal(h.image->script_maps.n, 1);
	lower_help_close(&h);
}

/* Whether a func of program 0 is one that the kernel verifies by itself. */
static bool has_global(const struct lower_help *h)
{
	const struct image_prog *prog = &h->image->progs.at[0];
	const struct bpf_func_info *info = prog->func_info;
	struct btf *btf = btf__new(h->image->btf, (uint32_t)h->image->btf_size);
	bool found = false;

	assert_non_null(btf);
	for (uint32_t i = 1; i < prog->nr_func_info; i++)
		found |= btf_vlen(btf__type_by_id(btf, info[i].type_id)) == BTF_FUNC_GLOBAL;
	btf__free(btf);
	return found;
}

/* Kernels that take no pointer to memory there verify a comparison at each call. */
static void test_compare(void **state)
{
	(void)state;
	for (int old = 0; old < 2; old++) {
		struct lower_help h;

		lower_help_open(&h);
		h.lacks[FEATURE_GLOBAL_FUNC_MEM] = old;
		lower_help_compile(&h, "begin { @a[1] = str(uptr(0x7f0000001000), 64); @b[1] = @a[1]; "
				   "@c[1] = comm; if (@a[1] == @b[1]) { @ += 1; } "
				   "if (@a[1] != @c[1]) { @ += 2; } }");
		lower_help_fire(&h, 0);
		assert_int_equal(lower_help_scalar(&h, ""), 3);
		assert_int_equal(has_global(&h), !old);
		lower_help_close(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_order_of_definition),
		cmocka_unit_test(test_many_arguments),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_context), cmocka_unit_test(test_compare),
		cmocka_unit_test(test_described),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_unused_costs_nothing),
	};

	return cmocka_run_group_tests_name("lower_funcs", tests, NULL, NULL);
}
