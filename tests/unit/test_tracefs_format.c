/*
 * Tests of the tracefs format parser: fields' places, sizes, types and spaces.
 */
#include "btf_bytes.h"
#include "types/tracefs_format.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COMMON									\
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"	\
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"	\
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

static const char openat_text[] =
	"name: sys_enter_openat\nID: 782\nformat:\n" COMMON
	"\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n"
	"\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n"
	"\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n"
	"\tfield:umode_t mode;\toffset:40;\tsize:8;\tsigned:0;\n"
	"\nprint fmt: \"dfd: 0x%08lx, field:x\", ((unsigned long)(REC->dfd))\n";

static const char odd_text[] =
	"name: odd\nID: 9\nformat:\n" COMMON
	"\tfield:__data_loc char[] name;\toffset:8;\tsize:4;\tsigned:0;\n"
	"\tfield:char comm[16];\toffset:12;\tsize:16;\tsigned:0;\n"
	"\tfield:unsigned long args[6];\toffset:32;\tsize:48;\tsigned:0;\n"
	"\tfield:__u8 saddr[sizeof(struct sockaddr_in6)];\toffset:80;\tsize:28;\tsigned:0;\n"
	"\tfield:struct task * task;\toffset:112;\tsize:8;\tsigned:0;\n"
	"\tfield:enum color color;\toffset:120;\tsize:4;\tsigned:1;\n"
	"\tfield:bool on;\toffset:124;\tsize:1;\tsigned:0;\n"
	"\tfield:__rel_loc char[] late;\toffset:128;\tsize:4;\tsigned:0;\n"
	"\tfield:some_t unknown;\toffset:132;\tsize:2;\tsigned:1;\n"
	"\tfield:some_t blob;\toffset:134;\tsize:6;\tsigned:0;\n"
	"\tfield:const char *const * argv;\toffset:144;\tsize:8;\tsigned:0;\n"
	"\tfield:header_t header;\toffset:152;\tsize:8;\tsigned:0;\n"
	"\tfield:u8 bytes[4];\toffset:160;\tsize:4;\tsigned:0;\n"
	"\tfield:char tail[];\toffset:164;\tsize:0;\tsigned:0;\n";

struct fixture {
	struct arena arena;
	struct names names;
	struct types types;
	struct btf_bytes bytes;
	struct tracefs_format format;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	arena_init(&f->arena);
	names_init(&f->names, &f->arena);
	types_init(&f->types, &f->arena, &f->names);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(&f->arena);
	free(f);
	return 0;
}

/* struct task { int pid; }, enum color { RED }, typedef struct task *header_t */
static struct kbtf *make_btf(struct fixture *f)
{
	struct btf_bytes *b = &f->bytes;
	struct kbtf *btf;
	size_t size_bytes;
	const void *blob;
	uint32_t i32, task, pointer;

	btf_bytes_init(b);
	i32 = btf_bytes_int(b, "int", 4, 1);
	task = btf_bytes_type(b, "task", KBTF_STRUCT, 1, 0, 4);
	btf_bytes_member(b, "pid", i32, 0);
	btf_bytes_type(b, "color", KBTF_ENUM, 1, 0, 4);
	btf_bytes_word(b, btf_bytes_string(b, "RED")), btf_bytes_word(b, 0);
	pointer = btf_bytes_pointer(b, task);
	btf_bytes_type(b, "header_t", KBTF_TYPEDEF, 0, 0, pointer);
	blob = btf_bytes_blob(b, &size_bytes);
	assert_int_equal(kbtf_open(&btf, &f->types, blob, size_bytes, NULL), 0);
	return btf;
}

static const struct type_field *field(struct fixture *f, const char *name)
{
	uint32_t at;
	const struct type_field *found = type_field_find(&f->types, f->format.args, name, &at);

	assert_non_null(found);
	return found;
}

static const char *shown(struct fixture *f, const char *name)
{
	return type_name(&f->types, field(f, name)->type);
}

static void test_syscall(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tracefs_format_parse(&f->format, &f->types, NULL, "syscalls",
					      "sys_enter_openat", openat_text), 0);
	assert_int_equal(f->format.id, 782);
	assert_int_equal(f->format.args->nr_fields, 8);
	assert_int_equal(f->format.args->size_bytes, 48);
	assert_string_equal(f->format.args->name, "tracepoint:syscalls:sys_enter_openat_args");
	assert_int_equal(f->format.space, SPACE_USER);
	assert_string_equal(shown(f, "filename"), "uint8 *");
	assert_int_equal(field(f, "filename")->type->space, SPACE_USER);
	assert_int_equal(field(f, "filename")->offset_bytes, 24);
	assert_string_equal(shown(f, "dfd"), "uint64");
	assert_string_equal(shown(f, "mode"), "uint64");
	assert_string_equal(shown(f, "__syscall_nr"), "int32");
	assert_true(tracefs_field_is_common(field(f, "common_pid")));
	assert_false(tracefs_field_is_common(field(f, "__syscall_nr")));
}

struct row {
	const char *name, *with_btf, *without;
	uint32_t offset_bytes;
};

static const struct row odd_rows[] = {
	{ "name", "int64", "int64", 8 }, { "comm", "string[17]", "string[17]", 12 },
	{ "args", "uint64[6]", "uint64[6]", 32 }, { "saddr", "uint8[28]", "uint8[28]", 80 },
	{ "task", "struct task *", "struct task *", 112 }, { "color", "enum color", "int32", 120 },
	{ "on", "bool", "bool", 124 }, { "late", "int64", "int64", 128 },
	{ "unknown", "int16", "int16", 132 }, { "blob", "uint8[6]", "uint8[6]", 134 },
	{ "argv", "uint8 * *", "uint8 * *", 144 }, { "header", "struct task *", "uint64", 152 },
	{ "bytes", "uint8[4]", "uint8[4]", 160 }, { "tail", "int8[0]", "int8[0]", 164 },
};

static void test_odd_fields(void **state)
{
	struct fixture *f = *state;
	struct kbtf *btf = make_btf(f);
	uint32_t at;

	for (int with = 0; with < 2; with++) {
		assert_int_equal(tracefs_format_parse(&f->format, &f->types, with ? btf : NULL,
						      "odd", "odd", odd_text), 0);
		for (size_t i = 0; i < sizeof(odd_rows) / sizeof(odd_rows[0]); i++) {
			const struct row *row = &odd_rows[i];

			assert_string_equal(shown(f, row->name),
					    with ? row->with_btf : row->without);
			assert_int_equal(field(f, row->name)->offset_bytes, row->offset_bytes);
		}
	}
	assert_true(field(f, "name")->data_loc);
	assert_false(field(f, "name")->rel_loc);
	assert_true(field(f, "late")->rel_loc);
	assert_int_equal(f->format.space, SPACE_KERNEL);
	assert_int_equal(field(f, "task")->type->space, SPACE_KERNEL);
	assert_int_equal(field(f, "header")->type->space, SPACE_KERNEL);
	assert_non_null(type_field_find(&f->types, field(f, "task")->type->target->structure,
					"pid", &at));
}

static void test_no_format(void **state)
{
	static const char *const texts[] = {
		"", "\n", "name: x\nID: 1\n", "\tfield:int a\n", "\tfield:int a;\toffset:0;\n",
		"\tfield:;\toffset:8;\tsize:4;\tsigned:1;\n",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(tracefs_format_parse(&f->format, &f->types, NULL, "a", "b",
						      texts[i]), -EINVAL);
}

/* Broken in some places: any answer, but no crash. */
static void test_mutations(void **state)
{
	struct fixture *f = *state;
	uint32_t seed = 4711;
	char text[sizeof(odd_text)];

	for (int round = 0; round < 3000; round++) {
		struct tracefs_format format;
		struct arena arena;
		struct names names;
		struct types types;

		memcpy(text, odd_text, sizeof(text));
		for (int i = 0; i < 3; i++) {
			seed = seed * 1664525 + 1013904223;
			text[(seed >> 8) % (sizeof(text) - 1)] = "[]*;: \t\n09axu"[(seed >> 24) % 13];
		}
		arena_init(&arena);
		names_init(&names, &arena);
		types_init(&types, &arena, &names);
		(void)tracefs_format_parse(&format, &types, NULL, "odd", "odd", text);
		arena_free(&arena);
	}
	(void)f;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_syscall), TEST(test_odd_fields), TEST(test_no_format),
		TEST(test_mutations),
	};

	return cmocka_run_group_tests_name("tracefs_format", tests, NULL, NULL);
}
