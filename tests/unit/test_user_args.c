/*
 * Arguments of functions of user programs: where in the registers each lies, on machines
 * of both orders of bytes. The program is this one.
 */
#include "probes/probes_impl.h"
#include "types/debug.h"

#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What is probed. */
__attribute__((noinline)) static long probed(int8_t byte, uint16_t half, int word, long whole,
					     const char *pointer)
{
	return byte + half + word + whole + *pointer;
}

static Dwarf *own_dwarf;

static int give_dwarf(void *arg, const char *path, struct Dwarf **dwarf)
{
	(void)arg;
	(void)path;
	*dwarf = own_dwarf;
	return own_dwarf ? 0 : -ENOENT;
}

struct fixture {
	struct arena arena;
	struct names names;
	struct diags diags;
	struct types types;
	struct target target;
	struct target_ops ops;
	struct probe_ctx c;
};

static void setup(struct fixture *f, const char *arch)
{
	memset(f, 0, sizeof(*f));
	arena_init(&f->arena);
	names_init(&f->names, &f->arena);
	diags_init(&f->diags, &f->arena);
	types_init(&f->types, &f->arena, &f->names);
	target_init_plain(&f->target, &f->arena);
	f->target.arch = target_arch_find(arch);
	f->ops = *f->target.ops;
	f->ops.user_dwarf = give_dwarf;
	f->target.ops = &f->ops;
	f->c = (struct probe_ctx){ .arena = &f->arena, .names = &f->names, .diags = &f->diags,
				   .types = &f->types, .target = &f->target };
}

static void check_offsets(const char *arch, const uint32_t *expected)
{
	static const char *const names[] = { "byte", "half", "word", "whole", "pointer" };
	struct probe_site site = { .name = "uprobe:self:probed", .file = "self",
				   .address = (uint64_t)(uintptr_t)&probed };
	struct type_struct *args;
	struct fixture f;

	setup(&f, arch);
	args = user_args(&f.c, &site, (struct loc){ 0 });
	assert_non_null(args);
	assert_int_equal(args->nr_fields, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(args->fields[i].name, names[i]);
		assert_int_equal(args->fields[i].offset_bytes, expected[i]);
	}
	arena_free(&f.arena);
}

static void test_offsets(void **state)
{
	(void)state;
	assert_int_equal(probed(1, 2, 3, 4, ""), 10);
	if (!own_dwarf) {
		print_message("skipped: this program has no debug information\n");
		skip();
	}
	check_offsets("x86_64", (const uint32_t[]){ 112, 104, 96, 88, 72 });
	check_offsets("aarch64", (const uint32_t[]){ 0, 8, 16, 24, 32 });
	/* The low bytes of a register come last. */
	check_offsets("s390x", (const uint32_t[]){ 47, 54, 60, 64, 72 });
	check_offsets("ppc64", (const uint32_t[]){ 31, 38, 44, 48, 56 });
	check_offsets("ppc64le", (const uint32_t[]){ 24, 32, 40, 48, 56 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets),
	};
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), status;

	own_dwarf = fd < 0 ? NULL : dwarf_begin(fd, DWARF_C_READ);
	status = cmocka_run_group_tests_name("user_args", tests, NULL, NULL);
	dwarf_end(own_dwarf);
	if (fd >= 0)
		close(fd);
	return status;
}
