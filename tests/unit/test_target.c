/*
 * Tests of src/target: architectures, features, the plain target, and targets
 * that are recorded, saved and loaded.
 */
#include "target/target.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_arches(void **state)
{
	const struct target_arch *x86 = target_arch_find("x86_64");
	const struct target_arch *arm = target_arch_find("aarch64");

	(void)state;
	assert_ptr_equal(target_arch_find("arm64"), arm);
	assert_null(target_arch_find("pdp11"));
	assert_int_equal(x86->nr_args, 6);
	assert_int_equal(arm->nr_args, 8);
	assert_int_equal(target_reg_offset(x86, "di"), x86->arg_offsets[0]);
	assert_int_equal(target_reg_offset(x86, "ax"), x86->ret_offset);
	assert_int_equal(target_reg_offset(x86, "nope"), -ENOENT);
	assert_int_equal(target_reg_offset(arm, "r30"), 240);
	assert_int_equal(target_reg_offset(arm, "regs[30]"), 240);
	assert_int_equal(target_reg_offset(arm, "sp"), arm->sp_offset);
}

/* Names of the registers that hold what a function is called with, its result, the
 * place in the code and the stack. */
static const struct convention {
	const char *arch, *args[8], *ret, *ip, *sp, *kernel_name;
	bool big_endian;
} conventions[] = {
	{ "x86_64", { "di", "si", "dx", "cx", "r8", "r9" }, "ax", "ip", "sp", "x86", false },
	{ "aarch64", { "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7" }, "r0", "pc", "sp", "arm64",
	  false },
	{ "riscv64", { "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7" }, "a0", "pc", "sp", "riscv",
	  false },
	{ "s390x", { "r2", "r3", "r4", "r5", "r6" }, "r2", "pswaddr", "r15", "s390", true },
	{ "ppc64", { "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10" }, "r3", "nip", "r1",
	  "powerpc", true },
	{ "ppc64le", { "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10" }, "r3", "nip", "r1",
	  "powerpc", false },
	{ "loongarch64", { "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11" }, "r4", "pc", "r3",
	  "loongarch", false },
};

static void test_conventions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(conventions) / sizeof(conventions[0]); i++) {
		const struct convention *c = &conventions[i];
		const struct target_arch *a = target_arch_find(c->arch);
		uint32_t n = 0;

		assert_non_null(a);
		assert_string_equal(a->name, c->arch);
		assert_string_equal(a->kernel_name, c->kernel_name);
		assert_int_equal(a->big_endian, c->big_endian);
		for (; n < 8 && c->args[n]; n++)
			assert_int_equal(target_reg_offset(a, c->args[n]), a->arg_offsets[n]);
		assert_int_equal(a->nr_args, n);
		assert_int_equal(target_reg_offset(a, c->ret), a->ret_offset);
		assert_int_equal(target_reg_offset(a, c->ip), a->ip_offset);
		assert_int_equal(target_reg_offset(a, "pc"), a->ip_offset);
		assert_int_equal(target_reg_offset(a, "ip"), a->ip_offset);
		assert_int_equal(target_reg_offset(a, c->sp), a->sp_offset);
		assert_int_equal(target_reg_offset(a, "sp"), a->sp_offset);
	}
}

/* Every row is filled, names are unique. */
static void test_feature_rows(void **state)
{
	(void)state;
	for (int f = 0; f < FEATURE_COUNT; f++) {
		assert_non_null(target_feature_text((enum target_feature)f));
		assert_non_null(target_feature_kernel((enum target_feature)f));
		for (int g = 0; g < f; g++)
			assert_string_not_equal(target_feature_name((enum target_feature)f),
						target_feature_name((enum target_feature)g));
	}
	assert_string_equal(target_feature_name(FEATURE_RINGBUF), "RINGBUF");
}

/*
 * A machine made up for the tests, which counts how often it is asked.
 */
struct fake {
	int asked;
};

static const char *const fake_functions[] = { "vfs_read", "vfs_write" };
static const char *const fake_files[] = { "/lib/libc.so.6" };
static const struct target_user_symbol fake_symbols[] = {
	{ "free", 0x2000, 16, 0x1000, true, false }, { "malloc", 0x3000, 32, 0x2000, true, false },
	{ "stdout", 0x9000, 8, 0, false, false },
};

static bool fake_has_feature(void *arg, enum target_feature f)
{
	((struct fake *)arg)->asked++;
	return f == FEATURE_LOOP || f == FEATURE_COOKIE;
}

static int fake_btf(void *arg, const void **data, size_t *size)
{
	(void)arg;
	*data = "not really BTF";
	*size = 14;
	return 0;
}

static int fake_format(void *arg, const char *category, const char *event, const char **text)
{
	(void)arg;
	if (strcmp(category, "sched") || strcmp(event, "sched_switch"))
		return -ENOENT;
	*text = "name: sched_switch\nID: 372\n";
	return 0;
}

static int fake_event_id(void *arg, const char *category, const char *event, uint32_t *id)
{
	const char *text;

	*id = 372;
	return fake_format(arg, category, event, &text);
}

static int fake_events(void *arg, const char *const **list, size_t *count)
{
	(void)arg, (void)list, (void)count;
	return -EACCES;
}

static int fake_function_list(void *arg, const char *const **list, size_t *count)
{
	(void)arg;
	*list = fake_functions;
	*count = 2;
	return 0;
}

static bool fake_has_function(void *arg, const char *name)
{
	(void)arg;
	return !strcmp(name, "do_exit");
}

static int fake_symbol(void *arg, const char *name, uint64_t *address)
{
	(void)arg;
	*address = 0xffffffff81000000;
	return strcmp(name, "_text") ? -ENOENT : 0;
}

static int fake_cgroup_id(void *arg, const char *path, uint64_t *id)
{
	(void)arg;
	*id = 4711;
	return strcmp(path, "/cgroup/a") ? -ENOENT : 0;
}

static bool fake_kfunc_loads(void *arg, uint32_t prog_type, uint32_t btf_id)
{
	(void)arg;
	return prog_type == 2 && btf_id == 77;
}

static bool fake_has_module(void *arg, const char *name)
{
	(void)arg;
	return !strcmp(name, "kvm");
}

static int fake_user_files(void *arg, const char *name, int pid, const char *const **paths,
			   size_t *count)
{
	(void)arg, (void)pid;
	*paths = fake_files;
	*count = 1;
	return strcmp(name, "libc") ? -ENOENT : 0;
}

static int fake_user_symbols(void *arg, const char *path, const char *name,
			     const struct target_user_symbol **list, size_t *count)
{
	(void)arg, (void)path, (void)name;
	*list = fake_symbols;
	*count = 3;
	return 0;
}

static int fake_user_offset(void *arg, const char *path, uint64_t address, uint64_t *file_offset)
{
	(void)arg, (void)path, (void)address, (void)file_offset;
	return -ENOENT;
}

static const struct target_ops fake_ops = {
	.has_feature = fake_has_feature, .btf = fake_btf, .format = fake_format,
	.event_id = fake_event_id, .events = fake_events, .functions = fake_function_list,
	.has_function = fake_has_function, .symbol = fake_symbol,
	.cgroup_id = fake_cgroup_id,
	.kfunc_loads = fake_kfunc_loads, .has_module = fake_has_module,
	.user_files = fake_user_files, .user_symbols = fake_user_symbols,
	.user_offset = fake_user_offset,
};

static void test_feature_cache(void **state)
{
	struct fake fake = { 0 };
	struct arena a;
	struct target t;

	(void)state;
	arena_init(&a);
	target_init_plain(&t, &a);
	assert_true(target_has(&t, FEATURE_ITER_NUM));
	assert_false(target_has(&t, FEATURE_SYSCALL_TP_PREEMPT));
	t.ops = &fake_ops;
	t.arg = &fake;
	memset(t.feature_known, 0, sizeof(t.feature_known));
	for (int i = 0; i < 3; i++) {
		assert_true(target_has(&t, FEATURE_LOOP));
		assert_false(target_has(&t, FEATURE_RINGBUF));
	}
	assert_int_equal(fake.asked, 2);
	arena_free(&a);
}

/* Ask `t` things that the fake machine knows, and some that it does not. */
static void ask(struct target *t, bool from_file)
{
	const struct target_user_symbol *symbols;
	const char *const *list;
	const char *text;
	const void *btf;
	uint64_t value = 0;
	uint32_t id = 0;
	size_t n = 0;

	assert_true(target_has(t, FEATURE_LOOP));
	assert_false(target_has(t, FEATURE_RINGBUF));
	assert_int_equal(target_btf(t, &btf, &n), 0);
	assert_int_equal(n, 14);
	assert_memory_equal(btf, "not really BTF", 14);
	assert_int_equal(t->ops->format(t->arg, "sched", "sched_switch", &text), 0);
	assert_string_equal(text, "name: sched_switch\nID: 372\n");
	assert_int_equal(t->ops->format(t->arg, "sched", "nope", &text), -ENOENT);
	assert_int_equal(t->ops->event_id(t->arg, "sched", "sched_switch", &id), 0);
	assert_int_equal(id, 372);
	assert_true(t->ops->has_function(t->arg, "do_exit"));
	assert_false(t->ops->has_function(t->arg, "nope"));
	assert_int_equal(t->ops->functions(t->arg, &list, &n), 0);
	assert_int_equal(n, from_file ? 3 : 2);
	assert_string_equal(list[n - 1], "vfs_write");
	assert_int_equal(t->ops->symbol(t->arg, "_text", &value), 0);
	assert_true(value == 0xffffffff81000000);
	assert_int_equal(t->ops->symbol(t->arg, "nope", &value), -ENOENT);
	assert_int_equal(t->ops->cgroup_id(t->arg, "/cgroup/a", &value), 0);
	assert_int_equal(value, 4711);
	assert_int_equal(t->ops->cgroup_id(t->arg, "/cgroup/b", &value), -ENOENT);
	assert_true(t->ops->kfunc_loads(t->arg, 2, 77));
	assert_false(t->ops->kfunc_loads(t->arg, 2, 78));
	assert_true(t->ops->has_module(t->arg, "kvm"));
	assert_false(t->ops->has_module(t->arg, "kv"));
	assert_int_equal(t->ops->user_files(t->arg, "libc", 0, &list, &n), 0);
	assert_string_equal(list[0], "/lib/libc.so.6");
	assert_int_equal(t->ops->user_symbols(t->arg, list[0], NULL, &symbols, &n), 0);
	assert_int_equal(n, 3);
	assert_string_equal(symbols[1].name, "malloc");
	assert_int_equal(symbols[1].file_offset, 0x2000);
	assert_true(symbols[1].is_function);
	assert_false(symbols[2].is_function);
}

static void test_save_and_load(void **state)
{
	char dir[] = "/tmp/sonde-target-XXXXXX";
	struct fake fake = { 0 };
	struct target t, again;
	struct arena a;
	const char *path;
	const char *const *list;
	size_t n;

	(void)state;
	assert_non_null(mkdtemp(dir));
	arena_init(&a);
	path = arena_printf(&a, "%s/machine", dir);
	target_init_plain(&t, &a);
	memset(t.feature_known, 0, sizeof(t.feature_known));
	t.ops = &fake_ops;
	t.arg = &fake;
	t.nr_cpus = 7;
	target_record(&t);
	ask(&t, false);
	assert_int_equal(target_save(&t, path), 0);
	target_close(&t);

	assert_int_equal(target_load(&again, &a, path), 0);
	assert_ptr_equal(again.arch, t.arch);
	assert_string_equal(again.release, "6.12.0-plain");
	assert_int_equal(again.kernel_version, 6 << 16 | 12 << 8);
	assert_int_equal(again.nr_cpus, 7);
	assert_int_equal(again.page_size, 4096);
	ask(&again, true);
	assert_int_equal(again.ops->events(again.arg, &list, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(list[0], "sched:sched_switch");
	target_close(&again);
	target_close(&again);
	unlink(path);
	unlink(arena_printf(&a, "%s.btf", path));
	rmdir(dir);
	arena_free(&a);
}

static void test_bad_files(void **state)
{
	static const char *const texts[] = {
		"", "[]", "{", "{}", "{\"arch\": \"pdp11\"}", "{\"arch\": 7}",
		"{\"arch\": \"x86_64\", \"cpus\": 0}", "{\"arch\": \"x86_64\", \"cpus\": \"x\"}",
	};
	char path[] = "/tmp/sonde-target-XXXXXX";
	int fd = mkstemp(path);
	struct arena a;
	struct target t;

	(void)state;
	arena_init(&a);
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, texts[i], strlen(texts[i]), 0), strlen(texts[i]));
		assert_int_equal(target_load(&t, &a, path), -EINVAL);
	}
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, "{\"arch\":\"arm64\"}", 16, 0), 16);
	assert_int_equal(target_load(&t, &a, path), 0);
	assert_false(target_has(&t, FEATURE_RINGBUF));
	target_close(&t);
	close(fd);
	unlink(path);
	assert_int_equal(target_load(&t, &a, path), -ENOENT);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arches), cmocka_unit_test(test_conventions),
		cmocka_unit_test(test_feature_rows),
		cmocka_unit_test(test_feature_cache),
		cmocka_unit_test(test_save_and_load),
		cmocka_unit_test(test_bad_files),
	};

	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
