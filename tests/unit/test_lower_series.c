/*
 * Tests of src/lower: slots of a tseries as programs fill them.
 */
#include "tests/unit/lower_help.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000000ull

struct slot {
	uint64_t value, beside, epoch;
};

/* Run the script once for each value of the clock, in seconds. */
static void run(struct lower_help *h, const char *script, const uint64_t *seconds, size_t n)
{
	lower_help_open(h);
	lower_help_compile(h, arena_printf(&h->arena, "config = { unstable_tseries = enable } %s",
					   script));
	for (size_t i = 0; i < n; i++) {
		vm_world(h->vm)->boot_ns = seconds[i] * SECOND;
		vm_world(h->vm)->cookie = i;
		vm_world(h->vm)->pid_tgid = (i + 1) * 10;
		lower_help_fire(h, 0);
	}
}

static void expect_slot(struct lower_help *h, uint32_t i, struct slot want)
{
	const struct slot *slots = (const void *)lower_help_cell(h, "", 0);

	assert_int_equal(slots[i].value, want.value);
	assert_int_equal(slots[i].beside, want.beside);
	assert_int_equal(slots[i].epoch, want.epoch);
}

static void test_last(void **state)
{
	struct lower_help h;

	(void)state;
	run(&h, "begin { @ = tseries(tid, 2s, 3); }", (uint64_t[]){ 2, 3, 4, 8 }, 4);
	expect_slot(&h, 0, (struct slot){ 0, 0, 0 });
	/* 8 s: interval 4, over that of 2 and 3 s */
	expect_slot(&h, 1, (struct slot){ 40, 8 * SECOND, 4 });
	expect_slot(&h, 2, (struct slot){ 30, 4 * SECOND, 2 });
	lower_help_close(&h);
}

static void test_functions(void **state)
{
	static const struct {
		const char *script;
		struct slot first, second;
	} rows[] = {
		{ "begin { @ = tseries(tid, 1s, 2, \"sum\"); }", { 40, 0, 6 }, { 50, 0, 5 } },
		{ "begin { @ = tseries(tid, 1s, 2, \"avg\"); }", { 40, 1, 6 }, { 50, 2, 5 } },
		{ "begin { @ = tseries(tid, 1s, 2, \"max\"); }", { 40, 1, 6 }, { 30, 1, 5 } },
		{ "begin { @ = tseries(tid, 1s, 2, \"min\"); }", { 40, 1, 6 }, { 20, 1, 5 } },
		{ "begin { @ = tseries(-(int64)tid, 1s, 2, \"min\"); }",
		  { (uint64_t)-40, 1, 6 }, { (uint64_t)-30, 1, 5 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct lower_help h;

		/* what the slots held at first is of older intervals */
		run(&h, rows[i].script, (uint64_t[]){ 3, 5, 5, 6 }, 4);
		expect_slot(&h, 0, rows[i].first);
		expect_slot(&h, 1, rows[i].second);
		lower_help_close(&h);
	}
}

static void test_keyed(void **state)
{
	struct lower_help h;
	const struct slot *slots;
	const struct script_map *m;
	uint64_t key = 5;

	(void)state;
	run(&h, "begin { @[(uint64)5] = tseries(tid, 1s, 4, \"sum\"); }", (uint64_t[]){ 9, 9 }, 2);
	m = lower_help_map(&h, "");
	assert_int_equal(m->value->kind, VALUE_TSERIES);
	assert_int_equal(m->value->size_bytes, 4 * 24);
	assert_int_equal(m->value->param[0], SECOND);
	assert_int_equal(m->value->param[1], 4);
	assert_int_equal(m->value->param[2], VALUE_SERIES_SUM);
	assert_false(m->value->is_signed);
	slots = lower_help_elem(&h, "", &key, 0);
	assert_non_null(slots);
	assert_int_equal(slots[1].value, 30);
	assert_int_equal(slots[1].epoch, 9);
	lower_help_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last), cmocka_unit_test(test_functions),
		cmocka_unit_test(test_keyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
