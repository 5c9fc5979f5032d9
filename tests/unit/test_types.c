/*
 * Tests of src/types: identity, layout, names and joins of types.
 */
#include "types/type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct arena arena;
	struct names names;
	struct types types;
};

static int setup(void **state)
{
	static struct fixture f;

	arena_init(&f.arena);
	names_init(&f.names, &f.arena);
	types_init(&f.types, &f.arena, &f.names);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(&f->arena);
	return 0;
}

static void test_identity(void **state)
{
	struct types *t = &((struct fixture *)*state)->types;
	const struct type *i32 = type_int(t, 4, true);
	const struct type *pair[] = { i32, type_string(t, 5) };
	const char *labels[] = { name_of(t->names, "a"), name_of(t->names, "b") };

	assert_ptr_equal(i32, type_int(t, 4, true));
	assert_ptr_not_equal(i32, type_int(t, 4, false));
	assert_ptr_not_equal(type_literal(t, 1, false), type_int(t, 1, true));
	assert_ptr_equal(type_fixed(t, type_literal(t, 1, false)), type_int(t, 1, true));
	assert_ptr_equal(type_pointer(t, i32, SPACE_USER, false),
			 type_pointer(t, i32, SPACE_USER, false));
	assert_ptr_not_equal(type_pointer(t, i32, SPACE_USER, false),
			     type_pointer(t, i32, SPACE_KERNEL, false));
	assert_ptr_equal(type_tuple(t, pair, NULL, 2), type_tuple(t, pair, NULL, 2));
	assert_ptr_equal(type_tuple(t, pair, labels, 2), type_tuple(t, pair, labels, 2));
	assert_ptr_not_equal(type_tuple(t, pair, labels, 2), type_tuple(t, pair, NULL, 2));
	assert_ptr_not_equal(type_with_params(t, TYPE_LHIST, 0, 10, 1),
			     type_with_params(t, TYPE_LHIST, 0, 10, 2));
	assert_ptr_equal(type_tuple(t, NULL, NULL, 0), type_tuple(t, NULL, NULL, 0));
}

static void test_literals(void **state)
{
	static const struct { int64_t value; bool negative; unsigned size_bytes; } rows[] = {
		{ 0, false, 1 }, { 127, false, 1 }, { 128, false, 2 }, { 200, false, 2 },
		{ 32767, false, 2 }, { 32768, false, 4 }, { INT32_MAX, false, 4 },
		{ 1LL << 31, false, 8 }, { -1, true, 1 }, { -128, true, 1 }, { -129, true, 2 },
		{ INT64_MIN, true, 8 },
	};
	struct types *t = &((struct fixture *)*state)->types;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct type *made = type_literal(t, (uint64_t)rows[i].value, rows[i].negative);

		assert_int_equal(made->size_bytes, rows[i].size_bytes);
		assert_true(made->is_signed);
		assert_int_equal(made->is_flexible, !rows[i].negative);
	}
	assert_ptr_equal(type_literal(t, 1ULL << 63, false), type_int(t, 8, false));
}

/* Sizes that the reference reports with sizeof(). */
static void test_tuple_layout(void **state)
{
	struct types *t = &((struct fixture *)*state)->types;
	const struct type *i8 = type_literal(t, 1, false), *u64 = type_int(t, 8, false);
	const struct type *nested[] = { i8, i8, type_literal(t, 300, false) };
	const struct type *mixed[] = { t->bool_, type_int(t, 4, false), type_string(t, 4), u64, i8 };
	const struct type *pair[2] = { i8, t->usym };
	const struct type *made;

	assert_int_equal(type_tuple(t, pair, NULL, 2)->size_bytes, 17);
	pair[1] = type_with_params(t, TYPE_KSTACK, 127, STACK_BPFTRACE, 0);
	assert_int_equal(type_tuple(t, pair, NULL, 2)->size_bytes, 1032);
	pair[1] = t->ksym;
	assert_int_equal(type_tuple(t, pair, NULL, 2)->size_bytes, 16);
	pair[1] = type_simple(t, TYPE_INET);
	assert_int_equal(type_tuple(t, pair, NULL, 2)->size_bytes, 25);
	pair[1] = type_tuple(t, nested, NULL, 3);
	made = type_tuple(t, pair, NULL, 2);
	assert_int_equal(made->size_bytes, 6);
	assert_int_equal(made->fields[1].offset_bytes, 2);
	made = type_tuple(t, mixed, NULL, 5);
	assert_int_equal(made->size_bytes, 32);
	assert_int_equal(made->fields[1].offset_bytes, 4);
	assert_int_equal(made->fields[2].offset_bytes, 8);
	assert_int_equal(made->fields[3].offset_bytes, 16);
	assert_int_equal(made->fields[4].offset_bytes, 24);
	assert_int_equal(type_tuple(t, NULL, NULL, 0)->size_bytes, 0);
}

static void test_names(void **state)
{
	struct types *t = &((struct fixture *)*state)->types;
	const struct type *i32 = type_int(t, 4, true);
	struct type_struct task = { .name = "task_struct" };
	const struct type *task_p = type_pointer(t, type_structure(t, &task, SPACE_NONE, false),
						 SPACE_KERNEL, true);
	const struct type *pair[] = { type_literal(t, 1, false), type_string(t, 3) };
	const char *labels[] = { "a", "b" };
	const struct type *grid = type_array(t, type_array(t, i32, 2, SPACE_KERNEL), 4,
					     SPACE_KERNEL);

	assert_string_equal(type_name(t, type_literal(t, 1, false)), "int8");
	assert_string_equal(type_name(t, type_int(t, 8, false)), "uint64");
	assert_string_equal(type_name(t, type_string(t, 6)), "string[6]");
	assert_string_equal(type_name(t, type_buffer(t, 10)), "buffer[14]");
	assert_string_equal(type_name(t, type_simple(t, TYPE_INET)), "inet[24]");
	assert_string_equal(type_name(t, task_p), "struct task_struct *");
	assert_string_equal(type_name(t, type_pointer(t, task_p, SPACE_KERNEL, false)),
			    "struct task_struct * *");
	assert_string_equal(type_name(t, type_array(t, i32, 4, SPACE_KERNEL)), "int32[4]");
	assert_string_equal(type_name(t, grid), "int32[2][4]");
	assert_string_equal(type_name(t, type_tuple(t, pair, NULL, 2)), "(int8,string[3])");
	assert_string_equal(type_name(t, type_tuple(t, pair, labels, 2)),
			    "record { .a = int8, .b = string[3] }");
	assert_string_equal(type_name(t, type_aggregate(t, TYPE_SUM, false)), "usum_t");
	assert_string_equal(type_name(t, type_aggregate(t, TYPE_SUM, true)), "sum_t");
	assert_string_equal(type_name(t, type_aggregate(t, TYPE_COUNT, false)), "count_t");
	assert_string_equal(type_name(t, type_with_params(t, TYPE_KSTACK, 3, STACK_PERF, 0)),
			    "kstack_perf_3");
	assert_string_equal(type_name(t, t->usym), "usym_t");
	assert_string_equal(type_name(t, type_with_params(t, TYPE_HIST, 0, 0, 0)), "hist_t");
}

/* Integers as "s8", "u32"; "f1" is the literal 1. */
static const struct type *spelled(struct types *t, const char *text)
{
	unsigned n = (unsigned)strtoul(text + 1, NULL, 10);

	if (text[0] == 'f')
		return type_literal(t, n, false);
	return type_int(t, n / 8, text[0] == 's');
}

static void test_join_integers(void **state)
{
	static const struct { const char *a, *b, *joined; unsigned flags; } rows[] = {
		{ "s8", "s32", "s32", 0 }, { "u8", "u32", "u32", 0 }, { "f1", "u32", "u32", 0 },
		{ "f1", "s16", "s16", 0 }, { "f300", "u8", "u16", 0 }, { "s8", "u8", "s16", 0 },
		{ "s32", "u32", "s64", 0 }, { "s64", "u8", "s64", 0 }, { "s32", "u8", "s32", 0 },
		{ "s8", "u32", "s64", 0 },
		{ "s64", "u64", "s64", TYPE_JOIN_SIGN_LOSS },
		{ "s8", "u64", "s64", TYPE_JOIN_SIGN_LOSS },
		{ "f1", "u64", "u64", 0 }, { "f1", "f300", "f300", 0 },
	};
	struct types *t = &((struct fixture *)*state)->types;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct type *a = spelled(t, rows[i].a), *b = spelled(t, rows[i].b);
		unsigned flags = 0;

		assert_ptr_equal(type_join(t, a, b, &flags), spelled(t, rows[i].joined));
		assert_int_equal(flags, rows[i].flags);
		assert_ptr_equal(type_join(t, b, a, NULL), spelled(t, rows[i].joined));
	}
}

static void test_join_others(void **state)
{
	struct types *t = &((struct fixture *)*state)->types;
	const struct type *i32 = type_int(t, 4, true), *s3 = type_string(t, 3);
	const struct type *a[] = { type_literal(t, 1, false), s3 };
	const struct type *b[] = { i32, type_string(t, 9) };
	const char *ab[] = { name_of(t->names, "a"), name_of(t->names, "b") };
	const char *ba[] = { ab[1], ab[0] };
	const struct type *b_back[] = { b[1], b[0] };
	unsigned flags = 0;

	assert_ptr_equal(type_join(t, s3, b[1], NULL), b[1]);
	assert_null(type_join(t, s3, i32, NULL));
	assert_null(type_join(t, t->bool_, i32, NULL));
	assert_ptr_equal(type_join(t, t->error, i32, NULL), t->error);
	assert_ptr_equal(type_join(t, type_tuple(t, a, NULL, 2), type_tuple(t, b, NULL, 2), NULL),
			 type_tuple(t, b, NULL, 2));
	assert_null(type_join(t, type_tuple(t, a, NULL, 2), type_tuple(t, b, NULL, 1), NULL));
	assert_null(type_join(t, type_tuple(t, a, NULL, 2), type_tuple(t, b, ab, 2), NULL));
	assert_ptr_equal(type_join(t, type_tuple(t, a, ab, 2), type_tuple(t, b_back, ba, 2), NULL),
			 type_tuple(t, b, ab, 2));
	assert_ptr_equal(type_join(t, type_aggregate(t, TYPE_SUM, true),
				   type_aggregate(t, TYPE_SUM, false), NULL),
			 type_aggregate(t, TYPE_SUM, true));
	assert_null(type_join(t, type_with_params(t, TYPE_HIST, 1, 0, 0),
			      type_with_params(t, TYPE_HIST, 2, 0, 0), NULL));
	assert_null(type_join(t, type_aggregate(t, TYPE_COUNT, false), i32, NULL));
	assert_ptr_equal(type_join(t, type_pointer(t, i32, SPACE_KERNEL, true),
				   type_pointer(t, i32, SPACE_NONE, false), &flags),
			 type_pointer(t, i32, SPACE_KERNEL, false));
	assert_int_equal(flags, 0);
	assert_ptr_equal(type_join(t, type_pointer(t, i32, SPACE_KERNEL, false),
				   type_pointer(t, i32, SPACE_USER, false), &flags),
			 type_pointer(t, i32, SPACE_KERNEL, false));
	assert_int_equal(flags, TYPE_JOIN_SPACES);
	assert_null(type_join(t, type_pointer(t, i32, SPACE_KERNEL, false),
			      type_pointer(t, t->void_, SPACE_KERNEL, false), NULL));
}

static void test_join_enums(void **state)
{
	struct types *t = &((struct fixture *)*state)->types;
	const struct type_enum e = { .name = "e" }, other = { .name = "o" };
	const struct type *e4 = type_enum(t, &e, 4), *e8 = type_enum(t, &e, 8);

	assert_ptr_equal(type_join(t, e4, e8, NULL), e8);
	assert_ptr_equal(type_join(t, e4, type_enum(t, &other, 4), NULL), type_int(t, 4, false));
	assert_ptr_equal(type_join(t, e4, type_int(t, 8, false), NULL), type_int(t, 8, false));
}

static void test_ranges(void **state)
{
	struct types *t = &((struct fixture *)*state)->types;
	const struct type *u8 = type_int(t, 1, false), *s8 = type_int(t, 1, true);
	const struct type *s64 = type_int(t, 8, true), *u64 = type_int(t, 8, false);

	assert_true(type_int_holds(u8, 255, false));
	assert_false(type_int_holds(u8, 256, false));
	assert_false(type_int_holds(u8, (uint64_t)-1, true));
	assert_true(type_int_holds(s8, (uint64_t)-128, true));
	assert_false(type_int_holds(s8, (uint64_t)-129, true));
	assert_false(type_int_holds(s8, 128, false));
	assert_true(type_int_holds(u64, UINT64_MAX, false));
	assert_false(type_int_holds(s64, UINT64_MAX, false));
	assert_true(type_int_holds(s64, (uint64_t)INT64_MIN, true));
	assert_true(type_int_fits(u8, type_int(t, 2, true)));
	assert_false(type_int_fits(u8, s8));
	assert_false(type_int_fits(s8, u64));
	assert_true(type_int_fits(type_literal(t, 1, false), u8));
	assert_false(type_int_fits(s64, s8));
}

/* struct outer { int a; struct { int b; union { int c; struct outer self; }; }; } */
static void load_inner(struct types *t, struct type_struct *s, void *arg)
{
	struct type_field *f = arena_array(t->arena, struct type_field, 2);

	f[0].name = name_of(t->names, "b");
	f[0].type = type_int(t, 4, true);
	f[1].type = type_structure(t, arg, SPACE_NONE, false);
	f[1].offset_bytes = 4;
	f[1].is_anonymous = true;
	s->fields = f;
	s->nr_fields = 2;
}

static void test_fields(void **state)
{
	struct types *t = &((struct fixture *)*state)->types;
	struct type_struct outer = { .name = "outer", .size_bytes = 16, .loaded = true };
	struct type_struct inner = { .size_bytes = 12, .load = load_inner, .load_arg = &outer };
	struct type_field f[2] = {
		{ .name = "a", .type = type_int(t, 4, true) },
		{ .type = type_structure(t, &inner, SPACE_NONE, false), .offset_bytes = 4,
		  .is_anonymous = true },
	};
	uint32_t offset_bytes = 99;

	outer.fields = f;
	outer.nr_fields = 2;
	assert_ptr_equal(type_field_find(t, &outer, "a", &offset_bytes), &f[0]);
	assert_int_equal(offset_bytes, 0);
	assert_string_equal(type_field_find(t, &outer, "b", &offset_bytes)->name, "b");
	assert_int_equal(offset_bytes, 4);
	/* It contains itself without a name: the search still ends. */
	assert_null(type_field_find(t, &outer, "nothing", &offset_bytes));
}

static void test_spaces(void **state)
{
	struct types *t = &((struct fixture *)*state)->types;
	const struct type *i32 = type_int(t, 4, true);
	struct type_struct s = { .name = "s", .size_bytes = 8 };
	const struct type *here = type_structure(t, &s, SPACE_KERNEL, true);
	const struct type *p = type_pointer(t, here, SPACE_USER, false);

	assert_int_equal(p->target->space, SPACE_NONE);
	assert_false(p->target->is_trusted);
	assert_ptr_equal(type_in_space(t, p, SPACE_KERNEL)->target, p->target);
	assert_ptr_equal(type_in_space(t, i32, SPACE_KERNEL), i32);
	assert_ptr_equal(type_reached(t, p, SPACE_KERNEL), p);
	assert_int_equal(type_reached(t, p->target, SPACE_USER)->space, SPACE_USER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
		cmocka_unit_test_setup_teardown(test_literals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tuple_layout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_join_integers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_join_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_join_enums, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(test_spaces, setup, teardown),
	};

	return cmocka_run_group_tests_name("types", tests, NULL, NULL);
}
