/*
 * Tests of finding user programs and their functions, on the test itself.
 */
#include "kernel/user_elf.h"

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

/* A function to be found. */
__attribute__((noinline, used)) static int user_elf_test_target(int x)
{
	return x * 3;
}

static void test_symbols(void **state)
{
	const struct target_user_symbol *list;
	struct arena a;
	uint64_t offset;
	size_t count;

	(void)state;
	arena_init(&a);
	assert_int_equal(user_elf_symbols(&a, "/proc/self/exe", "user_elf_test_target", &list,
					  &count), 0);
	assert_int_equal(count, 1);
	assert_string_equal(list[0].name, "user_elf_test_target");
	assert_true(list[0].size_bytes > 0);
	assert_int_equal(user_elf_offset("/proc/self/exe", list[0].address, &offset), 0);
	assert_int_equal(offset, list[0].file_offset);
	assert_int_equal(user_elf_offset("/proc/self/exe", UINT64_MAX, &offset), -ENOENT);
	assert_int_equal(user_elf_symbols(&a, "/proc/self/exe", "no_such_function", &list, &count),
			 0);
	assert_int_equal(count, 0);
	arena_free(&a);
}

/* The function's code stands at its file offset. */
static void test_file_offset(void **state)
{
	const struct target_user_symbol *list;
	unsigned char code[8];
	struct arena a;
	size_t count;
	FILE *f;

	(void)state;
	arena_init(&a);
	assert_int_equal(user_elf_symbols(&a, "/proc/self/exe", "user_elf_test_target", &list,
					  &count), 0);
	f = fopen("/proc/self/exe", "r");
	assert_non_null(f);
	fseek(f, (long)list[0].file_offset, SEEK_SET);
	assert_int_equal(fread(code, 1, sizeof(code), f), sizeof(code));
	fclose(f);
	assert_memory_equal(code, (const void *)(uintptr_t)user_elf_test_target, sizeof(code));
	arena_free(&a);
}

static void test_all_sorted(void **state)
{
	const struct target_user_symbol *list;
	struct arena a;
	size_t count;

	(void)state;
	arena_init(&a);
	assert_int_equal(user_elf_symbols(&a, "/proc/self/exe", NULL, &list, &count), 0);
	assert_true(count > 2);
	for (size_t i = 1; i < count; i++) {
		int order = strcmp(list[i - 1].name, list[i].name);

		assert_true(order < 0 || (!order && list[i - 1].address < list[i].address));
	}
	arena_free(&a);
}

static void test_no_program(void **state)
{
	const struct target_user_symbol *list;
	char path[] = "/tmp/sonde-test-XXXXXX";
	struct arena a;
	size_t count;
	int fd = mkstemp(path);

	(void)state;
	arena_init(&a);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "text", 4), 4);
	close(fd);
	assert_int_equal(user_elf_check(path), -ENOEXEC);
	assert_int_equal(user_elf_symbols(&a, path, NULL, &list, &count), -ENOEXEC);
	unlink(path);
	assert_int_equal(user_elf_check(path), -ENOENT);
	assert_int_equal(user_elf_check("/tmp"), -ENOEXEC);
	arena_free(&a);
}

static void test_files(void **state)
{
	const char *const *paths;
	struct arena a;
	size_t count;

	(void)state;
	arena_init(&a);
	assert_int_equal(user_elf_files(&a, "/proc/self/exe", 0, &paths, &count), 0);
	assert_int_equal(count, 1);
	assert_string_equal(paths[0], "/proc/self/exe");
	assert_int_equal(user_elf_files(&a, NULL, getpid(), &paths, &count), 0);
	assert_int_equal(count, 1);
	assert_non_null(strstr(paths[0], "test_user_elf"));
	assert_int_equal(user_elf_files(&a, "sh", 0, &paths, &count), 0);
	assert_int_equal(paths[0][0], '/');
	assert_int_equal(user_elf_files(&a, "libc", 0, &paths, &count), 0);
	assert_non_null(strstr(paths[0], "libc.so"));
	assert_int_equal(user_elf_files(&a, "libc", getpid(), &paths, &count), 0);
	assert_non_null(strstr(paths[0], "libc.so"));
	assert_int_equal(user_elf_files(&a, "/no/such/*", 0, &paths, &count), -ENOENT);
	assert_int_equal(user_elf_files(&a, "libnosuchthing", 0, &paths, &count), -ENOENT);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_file_offset),
		cmocka_unit_test(test_all_sorted),
		cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_files),
	};

	return user_elf_test_target(0) +
	       cmocka_run_group_tests_name("user_elf", tests, NULL, NULL);
}
