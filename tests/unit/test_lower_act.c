/*
 * Tests of src/lower: what acts on the traced system, and members of tasks.
 */
#include "tests/unit/lower_help.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void open_unsafe(struct lower_help *h, const char *script)
{
	lower_help_open(h);
	h->options.unsafe_mode = true;
	lower_help_compile(h, script);
}

/* The text of a note that was sent, without its number. */
static void expect_note(struct lower_help *h, size_t n, enum action_kind kind, const char *before,
			int64_t number)
{
	const struct image_action *a = lower_help_record(h, n, NULL);
	int64_t is;
	uint32_t len;

	assert_int_equal(a->kind, kind);
	assert_string_equal(a->format[0].text, before);
	assert_int_equal(a->nr_fields, 1);
	memcpy(&is, lower_help_field(h, n, 0, &len), sizeof(is));
	assert_int_equal(is, number);
}

static void test_signal(void **state)
{
	struct lower_help h;

	(void)state;
	open_unsafe(&h, "profile:hz:9 { signal(\"SIGKILL\"); signal_thread(\"usr1\"); }");
	lower_help_fire(&h, 0);
	assert_int_equal(vm_world(h.vm)->signal, 9);
	assert_int_equal(vm_world(h.vm)->thread_signal, 10);
	assert_int_equal(vm_record_count(h.vm), 0);
	vm_world(h.vm)->act_result = -EPERM;
	lower_help_fire(&h, 0);
	assert_int_equal(vm_record_count(h.vm), 2);
	expect_note(&h, 0, ACTION_WARNF, "signal call failed with error ", -EPERM);
	assert_int_equal(lower_help_record(&h, 1, NULL)->place.col, 35);
	lower_help_close(&h);
}

/* A number that is none of a signal's is told, and not sent. */
static void test_signal_range(void **state)
{
	struct lower_help h;

	(void)state;
	open_unsafe(&h, "profile:hz:9 { $s = pid - pid; signal($s); $s = 65; signal_thread($s); "
		    "$s = 64; signal($s); $s = -1; signal($s); }");
	lower_help_fire(&h, 0);
	assert_int_equal(vm_world(h.vm)->nr_acts, 1);
	assert_int_equal(vm_world(h.vm)->signal, 64);
	assert_int_equal(vm_record_count(h.vm), 3);
	expect_note(&h, 0, ACTION_ERRORF,
		    "signal() expects an integer between 1 and 64 (inclusive). Got ", 0);
	expect_note(&h, 1, ACTION_ERRORF,
		    "signal_thread() expects an integer between 1 and 64 (inclusive). Got ", 65);
	expect_note(&h, 2, ACTION_ERRORF,
		    "signal() expects an integer between 1 and 64 (inclusive). Got ", -1);
	lower_help_close(&h);
}

static void test_override(void **state)
{
	struct lower_help h;

	(void)state;
	open_unsafe(&h, "kprobe:vfs_read { override(-5); for $i : 0..100 { override($i); } }");
	lower_help_fire(&h, 0);
	assert_int_equal(vm_world(h.vm)->nr_acts, 101);
	assert_int_equal(vm_world(h.vm)->override, 99);
	lower_help_close(&h);
}

static void test_write_user(void **state)
{
	struct lower_help h;
	const uint32_t number = 0x01020304;
	struct vm_record r;

	(void)state;
	open_unsafe(&h, "profile:hz:9 { @ = write_user((int8 *)4096, \"abcdef\", 4); "
		    "$n = (uint32)0x01020304; write_user(4096, $n, 400); }");
	lower_help_fire(&h, 0);
	assert_int_equal(vm_record_count(h.vm), 2);
	r = vm_record_get(h.vm, 0);
	assert_int_equal(r.size, 4);
	assert_memory_equal(r.data, "abcd", 4);
	r = vm_record_get(h.vm, 1);
	assert_int_equal(r.size, 4);	/* no more than there is */
	assert_memory_equal(r.data, &number, 4);
	assert_int_equal(*(uint8_t *)lower_help_cell(&h, "", 0), 1);
	vm_world(h.vm)->act_result = -EFAULT;
	lower_help_fire(&h, 0);
	assert_int_equal(*(uint8_t *)lower_help_cell(&h, "", 0), 0);
	lower_help_close(&h);
}

/* From memory behind a pointer. */
static void test_write_from_pointer(void **state)
{
	struct lower_help h;
	struct vm_record r;

	(void)state;
	open_unsafe(&h, "profile:hz:9 { write_user(4096, uptr(0x7f0000001000), 3); }");
	vm_add_memory(h.vm, USER_ADDRESS, "xyz...", 6, true);
	lower_help_fire(&h, 0);
	assert_int_equal(vm_record_count(h.vm), 1);
	r = vm_record_get(h.vm, 0);
	assert_int_equal(r.size, 3);
	assert_memory_equal(r.data, "xyz", 3);
	lower_help_close(&h);
}

/* After exit() of another program nothing acts. */
static void test_stopped(void **state)
{
	struct lower_help h;
	char *control;

	(void)state;
	open_unsafe(&h, "profile:hz:9 { signal(9); }");
	control = vm_map_value(h.vm, h.image->global_map, &(uint32_t){ 0 }, 0);
	*(uint32_t *)(void *)(control + offsetof(struct image_control, stopped)) = 1;
	lower_help_fire(&h, 0);
	assert_int_equal(vm_world(h.vm)->nr_acts, 0);
	lower_help_close(&h);
}

/* assert() prints its text and ends with status 1. */
static void test_assert(void **state)
{
	struct lower_help h;
	const struct image_control *control;
	uint32_t len;

	(void)state;
	lower_help_script(&h, "begin { assert(pid > 0, \"no\"); assert(pid < 0, \"yes\"); "
			      "@ = 1; }");
	control = vm_map_value(h.vm, h.image->global_map, &(uint32_t){ 0 }, 0);
	assert_int_equal(control->stopped, 1);
	assert_int_equal(control->exit_code, 1);
	assert_int_equal(vm_record_count(h.vm), 2);
	assert_int_equal(lower_help_record(&h, 0, NULL)->kind, ACTION_ERRORF);
	assert_string_equal(lower_help_record(&h, 0, NULL)->format[0].text, "assert failed: ");
	assert_string_equal(lower_help_field(&h, 0, 0, &len), "yes");
	assert_int_equal(lower_help_record(&h, 1, NULL)->kind, ACTION_EXIT);
	assert_int_equal(*(uint8_t *)lower_help_cell(&h, "", 0), 0);
	lower_help_close(&h);
}

/* A kernel that cannot find tasks says so. */
static void test_comm_of(void **state)
{
	struct lower_help h;
	uint32_t len;

	(void)state;
	lower_help_script(&h, "begin { print(comm(5)); }");
	assert_int_equal(vm_record_count(h.vm), 2);
	assert_int_equal(lower_help_record(&h, 0, NULL)->kind, ACTION_WARNF);
	assert_string_equal(lower_help_field(&h, 1, 0, &len), "[unknown]");
	assert_int_equal(len, 64);
	lower_help_close(&h);
}

static void test_cpid(void **state)
{
	struct lower_help h;

	(void)state;
	lower_help_script(&h, "begin { @ = cpid; }");
	assert_int_equal(vm_record_count(h.vm), 1);
	assert_string_equal(lower_help_record(&h, 0, NULL)->format[0].text,
			    "No child command (`-c`); cpid is zero");
	assert_int_equal(*lower_help_cell(&h, "", 0), 0);
	lower_help_close(&h);
	lower_help_open(&h);
	h.options.has_child = true;
	lower_help_compile(&h, "begin { @ = cpid; }");
	lower_help_fire(&h, 0);
	assert_int_equal(vm_record_count(h.vm), 0);
	lower_help_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signal), cmocka_unit_test(test_signal_range),
		cmocka_unit_test(test_override), cmocka_unit_test(test_write_user),
		cmocka_unit_test(test_write_from_pointer), cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_assert), cmocka_unit_test(test_comm_of),
		cmocka_unit_test(test_cpid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
