/*
 * Tests of src/lower: scripts to their effect on maps and records.
 */
#include "tests/unit/lower_help.h"
#include "tests/vm/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint64_t field_u64(struct lower_help *h, size_t n, size_t i)
{
	uint32_t len;
	const void *p = lower_help_field(h, n, i, &len);

	return bytes_load(p, len < 8 ? len : 8);
}

static void test_printf_exit(void **state)
{
	struct lower_help h;

	(void)state;
	lower_help_script(&h, "begin { printf(\"hello %d\\n\", 5); exit(); }");
	assert_int_equal(vm_record_count(h.vm), 2);
	assert_int_equal(lower_help_record(&h, 0, NULL)->kind, ACTION_PRINTF);
	assert_int_equal(field_u64(&h, 0, 0), 5);
	assert_int_equal(lower_help_record(&h, 1, NULL)->kind, ACTION_EXIT);
	/* Stopped: nothing more comes. */
	lower_help_fire(&h, 0);
	assert_int_equal(vm_record_count(h.vm), 2);
	lower_help_close(&h);
}

static void test_scalar_count(void **state)
{
	struct lower_help h;

	(void)state;
	lower_help_script(&h, "begin { @ = count(); @n++; @s = sum(pid); }");
	vm_world(h.vm)->cpu = 3;
	lower_help_fire(&h, 0);
	lower_help_fire(&h, 0);
	assert_int_equal(*lower_help_cell(&h, "", 0), 1);
	assert_int_equal(*lower_help_cell(&h, "", 3), 2);
	assert_int_equal(*lower_help_cell(&h, "n", 0), 3);
	assert_int_equal(*lower_help_cell(&h, "s", 3), 82);
	lower_help_close(&h);
}

/* What is only counted up needs no word that says whether it was set. */
static void test_set_words(void **state)
{
	static const struct { const char *script; bool has_set; } cases[] = {
		{ "begin { @++; @++ }", false }, { "begin { @++; print(@); clear(@); }", false },
		{ "begin { @++; @ = 0 }", true }, { "begin { @++; @-- }", true },
		{ "begin { @++; zero(@) }", true }, { "begin { @ += 2; delete(@) }", true },
		{ "begin { @ = count() }", false }, { "begin { @ = sum(-1) }", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct script_map *m;
		struct lower_help h;

		lower_help_script(&h, cases[i].script);
		m = lower_help_map(&h, "");
		assert_int_equal(m->set_offset != UINT32_MAX, cases[i].has_set);
		assert_int_equal(m->map, h.image->global_map);
		assert_int_equal(m->cell_offset / 64 > sizeof(struct image_control) / 64, 1);
		lower_help_close(&h);
	}
}

static void test_keyed_count(void **state)
{
	struct lower_help h;
	uint64_t *v;

	(void)state;
	lower_help_script(&h, "begin { @[comm] = count(); @p[pid]++; @[comm] = count(); }");
	lower_help_fire(&h, 0);
	v = lower_help_elem(&h, "", "worker\0\0\0\0\0\0\0\0\0", 0);
	assert_non_null(v);
	assert_int_equal(*v, 4);
	v = lower_help_elem(&h, "p", &(uint32_t){ 41 }, 0);
	assert_non_null(v);
	assert_int_equal(*v, 2);
	lower_help_close(&h);
}

static void test_full_map(void **state)
{
	static const uint32_t cols[] = { 18, 27, 40 };
	struct lower_help h;

	(void)state;
	lower_help_open(&h);
	lower_help_compile(&h, "begin { @[pid] = count(); @x[pid] = 5; @y[pid]++; }");
	vm_world(h.vm)->map_full = true;
	lower_help_fire(&h, 0);
	lower_help_fire(&h, 0);
	for (size_t i = 0; i < 3; i++) {
		const uint64_t *failure = lower_help_failure(&h, "map_update_elem", cols[i]);

		assert_int_equal(failure[0], 2);
		assert_int_equal(*(const int32_t *)&failure[1], -E2BIG);
	}
	lower_help_close(&h);
}

static void test_tracepoint_args(void **state)
{
	struct lower_help h;
	uint64_t ctx[8] = { 0, 257, 0, USER_ADDRESS, 0xffffffff };
	uint32_t len;
	const char *text;

	(void)state;
	lower_help_open(&h);
	lower_help_compile(&h, "tracepoint:syscalls:sys_enter_openat /pid == 41/ "
			   "{ printf(\"PID: %d, File: %s %d\\n\", pid, str(args->filename), 7); }");
	assert_int_equal(lower_help_run(&h, 0, ctx, sizeof(ctx)), 1);
	assert_int_equal(vm_record_count(h.vm), 1);
	assert_int_equal(field_u64(&h, 0, 0), 41);
	text = lower_help_field(&h, 0, 1, &len);
	assert_int_equal(len, 12);
	assert_string_equal(text, "/etc/passwd");
	assert_true(vm_record_get(h.vm, 0).size < 64);
	vm_world(h.vm)->pid_tgid = 1;
	lower_help_run(&h, 0, ctx, sizeof(ctx));
	assert_int_equal(vm_record_count(h.vm), 1);
	lower_help_close(&h);
}

/* Programs do not wake a reader that looks by itself. */
static void test_ring_flags(void **state)
{
	uint64_t ctx[8] = { 0, 257, 0, USER_ADDRESS };
	struct image_control *control;
	struct lower_help h;

	(void)state;
	lower_help_open(&h);
	lower_help_compile(&h, "tracepoint:syscalls:sys_enter_openat "
			   "{ printf(\"%d\", pid); printf(\"%s\", str(args.filename)); }");
	control = vm_map_value(h.vm, h.image->global_map, &(uint32_t){ 0 }, 0);
	lower_help_run(&h, 0, ctx, sizeof(ctx));
	control->ring_flags = BPF_RB_NO_WAKEUP;
	lower_help_run(&h, 0, ctx, sizeof(ctx));
	assert_int_equal(vm_record_count(h.vm), 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(vm_record_get(h.vm, i).flags, i < 2 ? 0 : BPF_RB_NO_WAKEUP);
	lower_help_close(&h);
}

/* Small maps that are assigned have their elements at hand; large ones do not. */
static void test_stock(void **state)
{
	const struct image_map *maps;
	struct lower_help h;

	(void)state;
	lower_help_open(&h);
	lower_help_compile(&h, "begin { @small[tid] = nsecs; @up[tid]++; @all[tid] = count(); "
			   "@wide[str(tid, 1000)] = 1; }");
	maps = h.image->maps.at;
	assert_false(maps[lower_help_map(&h, "small")->map].flags & BPF_F_NO_PREALLOC);
	assert_true(maps[lower_help_map(&h, "up")->map].flags & BPF_F_NO_PREALLOC);
	assert_true(maps[lower_help_map(&h, "all")->map].flags & BPF_F_NO_PREALLOC);
	assert_true(maps[lower_help_map(&h, "wide")->map].flags & BPF_F_NO_PREALLOC);
	lower_help_close(&h);
}

static enum bpf_map_type map_type(struct lower_help *h, const char *name)
{
	return h->image->maps.at[lower_help_map(h, name)->map].type;
}

/* What timers alone count has one word for all CPUs; what is read back in the script, or
 * counted by others too, has one for each. */
static void test_timed_counts(void **state)
{
	struct lower_help h;

	(void)state;
	lower_help_open(&h);
	lower_help_compile(&h, "profile:hz:99 { @timed[tid] = count(); @both[tid] = count(); "
			   "@read[tid] = count(); @sum[tid] = sum(cpu); "
			   "print((int64)@read[tid]); } "
			   "tracepoint:syscalls:sys_enter_openat { @both[tid] = count(); }");
	assert_int_equal(map_type(&h, "timed"), BPF_MAP_TYPE_HASH);
	assert_int_equal(map_type(&h, "both"), BPF_MAP_TYPE_PERCPU_HASH);
	assert_int_equal(map_type(&h, "read"), BPF_MAP_TYPE_PERCPU_HASH);
	assert_int_equal(map_type(&h, "sum"), BPF_MAP_TYPE_PERCPU_HASH);
	lower_help_close(&h);
}

static void test_string_keys(void **state)
{
	const struct script_map *m;
	struct lower_help h;
	uint64_t ctx[8] = { 0, 257, 0, USER_ADDRESS };
	char key[1024] = "/etc/passwd";

	(void)state;
	lower_help_open(&h);
	lower_help_compile(&h, "tracepoint:syscalls:sys_enter_openat { @[str(args.filename)] = count(); "
			   "if (str(args.filename) == \"/etc/passwd\") { @same++ } "
			   "if (str(args.filename) == \"/etc/pass\") { @differ++ } "
			   "if (comm == \"worker\") { @comm++ } if (comm != \"work\") { @comm++ } }");
	lower_help_run(&h, 0, ctx, sizeof(ctx));
	/* 11 letters: in the map of the shortest keys, and in no other. */
	m = lower_help_map(&h, "");
	assert_int_equal(m->nr_sizes, 3);
	assert_int_equal(h.image->maps.at[m->sizes[0].map].key_size, 16);
	assert_non_null(vm_map_value(h.vm, m->sizes[0].map, key, 0));
	assert_int_equal(vm_map_count(h.vm, m->sizes[1].map), 0);
	assert_int_equal(vm_map_count(h.vm, m->map), 0);
	assert_int_equal(*lower_help_cell(&h, "same", 0), 1);
	assert_int_equal(*lower_help_cell(&h, "differ", 0), 0);
	assert_int_equal(*lower_help_cell(&h, "comm", 0), 2);
	lower_help_close(&h);
}

static void test_failed_read(void **state)
{
	struct lower_help h;
	uint64_t ctx[8] = { 0, 257, 0, 0x1234 };
	const uint64_t *failure;
	uint32_t len;

	(void)state;
	lower_help_open(&h);
	h.options.warnings_level = 2;
	lower_help_compile(&h, "tracepoint:syscalls:sys_enter_openat { printf(\"%s\", str(args.filename)); }");
	lower_help_run(&h, 0, ctx, sizeof(ctx));
	lower_help_field(&h, 0, 0, &len);
	assert_int_equal(len, 0);
	failure = lower_help_failure(&h, "probe_read_user_str", 53);
	assert_int_equal(failure[0], 1);
	assert_int_equal(*(const int32_t *)&failure[1], -EFAULT);
	assert_int_equal(h.image->failures.n, 1);
	lower_help_close(&h);
}

/* Reads and look-ups are told of with -k only, and cost nothing without; a delete that
 * nobody asks about, always. */
static void test_levels(void **state)
{
	static const char script[] =
		"begin { $v = @m[1]; @m[2] = 3; delete(@m, 4); $d = delete(@m, 5); }";
	static const size_t counts[] = { 0, 2, 3 };

	(void)state;
	for (int level = 0; level <= 2; level++) {
		struct lower_help h;

		lower_help_open(&h);
		h.options.warnings_level = level;
		lower_help_compile(&h, script);
		assert_int_equal(h.image->failures.n, counts[level]);
		lower_help_fire(&h, 0);
		if (level)
			assert_int_equal(lower_help_failure(&h, "map_delete_elem", 32)[0], 1);
		if (level == 2)
			assert_int_equal(lower_help_failure(&h, "map_lookup_elem", 14)[0], 1);
		lower_help_close(&h);
	}
}

static void test_hist(void **state)
{
	static const struct { const char *value; unsigned bucket; } cases[] = {
		{ "-5", 0 }, { "0", 1 }, { "1", 2 }, { "2", 3 }, { "3", 3 }, { "4", 4 },
		{ "1000", 11 }, { "1 << 40", 42 }, { "0x7fffffffffffffff", 64 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lower_help h;
		char script[128];

		snprintf(script, sizeof(script), "begin { $x = (int64)%s; @ = hist($x); @k[1] = hist($x); }",
			 cases[i].value);
		lower_help_script(&h, script);
		assert_int_equal(lower_help_cell(&h, "", 0)[cases[i].bucket], 1);
		assert_int_equal(lower_help_map(&h, "")->value->size_bytes, 65 * 8);
		lower_help_close(&h);
	}
}

static void test_latency(void **state)
{
	struct lower_help h;

	(void)state;
	lower_help_script(&h, "begin { @start[tid] = nsecs; } "
			      "end /@start[tid]/ { @t = hist(nsecs - @start[tid]); delete(@start[tid]); }");
	vm_world(h.vm)->boot_ns += 100;
	lower_help_fire(&h, 1);
	assert_int_equal(lower_help_cell(&h, "t", 0)[8], 1);
	assert_null(lower_help_elem(&h, "start", &(uint32_t){ 42 }, 0));
	lower_help_fire(&h, 1);
	assert_int_equal(lower_help_cell(&h, "t", 0)[8], 1);
	lower_help_close(&h);
}

static void test_syscalls(void **state)
{
	struct lower_help h;
	uint64_t ctx[2] = { 0, 3 };	/* close */
	const struct image_prog *prog;
	uint64_t *v, key;

	(void)state;
	if (NO_SYSCALLS) {
		print_message("skipped: no table of system calls for this machine\n");
		skip();
	}
	lower_help_open(&h);
	lower_help_compile(&h, "tracepoint:syscalls:sys_enter_* { @[probe] = count(); }"
			       " interval:s:1 { print(@); clear(@); }");
	prog = &h.image->progs.at[0];
	assert_string_equal(prog->raw_event, "sys_enter");
	lower_help_run(&h, 0, ctx, sizeof(ctx));
	ctx[1] = 9999;
	lower_help_run(&h, 0, ctx, sizeof(ctx));
	assert_int_equal(vm_map_count(h.vm, lower_help_map(&h, "")->map), 1);
	memcpy(&key, vm_map_key(h.vm, lower_help_map(&h, "")->map, 0), 8);
	assert_string_equal(h.image->probe_names.at[key], "tracepoint:syscalls:sys_enter_close");
	v = lower_help_elem(&h, "", &key, 0);
	assert_int_equal(*v, 1);
	lower_help_fire(&h, 1);
	assert_int_equal(vm_record_count(h.vm), 1);
	assert_int_equal(lower_help_record(&h, 0, NULL)->kind, ACTION_TAKE);
	assert_int_not_equal(lower_help_map(&h, "")->spare_map, UINT32_MAX);
	lower_help_close(&h);
}

static void test_task(void **state)
{
	struct lower_help h;

	(void)state;
	lower_help_script(&h, "begin { @p = curtask->real_parent->tgid; @s = curtask->small; "
			      "@c[curtask->real_parent->comm] = 1; $t = curtask; @t = $t->tgid; "
			      "$q = $t->real_parent; @q = $q->pid; }");
	assert_int_equal(*(int32_t *)lower_help_cell(&h, "p", 0), 6);
	assert_int_equal(*(int16_t *)lower_help_cell(&h, "s", 0), -3);
	assert_int_equal(*(int32_t *)lower_help_cell(&h, "t", 0), 41);
	assert_int_equal(*(int32_t *)lower_help_cell(&h, "q", 0), 7);
	assert_non_null(lower_help_elem(&h, "c", "parent\0\0\0\0\0\0\0\0\0\0", 0));
	lower_help_close(&h);
}

static void test_kprobe_args(void **state)
{
	struct lower_help h;
	uint64_t regs[32] = { 0 };

	(void)state;
	lower_help_open(&h);
	regs[h.target.arch->arg_offsets[0] / 8] = TASK_ADDRESS;
	lower_help_compile(&h, "kprobe:vfs_read { @[comm] = sum(arg0->tgid); @x = arg0; }");
	lower_help_run(&h, 0, regs, sizeof(regs));
	assert_int_equal(*(uint64_t *)lower_help_elem(&h, "", "worker\0\0\0\0\0\0\0\0\0", 0), 41);
	assert_int_equal(*lower_help_cell(&h, "x", 0), TASK_ADDRESS);
	lower_help_close(&h);
}

/* How many words of the control block, if they are set, make the program count that it was
 * running already. */
static int nr_guards(struct lower_help *h)
{
	const uint32_t key = 0;
	const struct image_map *map = &h->image->maps.at[h->image->global_map];
	uint64_t *words = vm_map_value(h->vm, h->image->global_map, &key, 0);
	uint64_t *lost = &lower_help_losses(h)[IMAGE_LOSS_RECURSION];
	int n = 0;

	for (size_t i = 0; i < map->value_size / 8; i++) {
		uint64_t before = *lost;

		if (&words[i] == lost || words[i])
			continue;
		words[i] = 1;
		lower_help_fire(h, 0);
		if (words[i] == 1 && *lost == before + 1)
			n++;
		words[i] = 0;
	}
	return n;
}

#define BY_NAME "config = { attach_rawtracepoint = \"name\" } "

/* Old kernels let an interrupt run a program within itself. */
static void test_interrupted(void **state)
{
	static const struct { const char *script; uint32_t kernel; int nr_guards; } rows[] = {
		{ BY_NAME "rawtracepoint:kfree_skb { @[str(0, 600)] = 1; }", 0x050a00, 1 },
		{ BY_NAME "rawtracepoint:kfree_skb { if (pid) { return; } @ = 1; }", 0x060000, 1 },
		{ BY_NAME "rawtracepoint:kfree_skb { @ = 1; }", 0x060100, 0 },
		{ "kprobe:vfs_read { @ = 1; }", 0x050a00, 0 },
		{ "tracepoint:syscalls:sys_enter_openat { @ = 1; }", 0x050a00, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lower_help h;

		lower_help_open(&h);
		h.target.kernel_version = rows[i].kernel;
		lower_help_compile(&h, rows[i].script);
		/* Where nothing is set it has ended, and runs again. */
		lower_help_fire(&h, 0);
		lower_help_fire(&h, 0);
		assert_int_equal(lower_help_losses(&h)[IMAGE_LOSS_RECURSION], 0);
		assert_int_equal(nr_guards(&h), rows[i].nr_guards);
		lower_help_close(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_printf_exit),
		cmocka_unit_test(test_scalar_count),
		cmocka_unit_test(test_set_words),
		cmocka_unit_test(test_keyed_count),
		cmocka_unit_test(test_full_map),
		cmocka_unit_test(test_tracepoint_args),
		cmocka_unit_test(test_ring_flags),
		cmocka_unit_test(test_stock),
		cmocka_unit_test(test_timed_counts),
		cmocka_unit_test(test_string_keys),
		cmocka_unit_test(test_failed_read), cmocka_unit_test(test_levels),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_hist),
		cmocka_unit_test(test_latency),
		cmocka_unit_test(test_syscalls),
		cmocka_unit_test(test_task),
		cmocka_unit_test(test_kprobe_args),
		cmocka_unit_test(test_interrupted),
	};

	return cmocka_run_group_tests_name("lower_basic", tests, NULL, NULL);
}
