/*
 * Tests of BTF as C text: declarations around a name, definitions with gaps and
 * bits, and bytes that make no sense.
 */
#include "btf_bytes.h"
#include "types/kbtf_c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
	struct arena arena;
	struct names names;
	struct types types;
	struct btf_bytes bytes;
	uint32_t t_int, t_char, t_long;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	arena_init(&f->arena);
	names_init(&f->names, &f->arena);
	types_init(&f->types, &f->arena, &f->names);
	btf_bytes_init(&f->bytes);
	f->t_int = btf_bytes_int(&f->bytes, "int", 4, 1);
	f->t_char = btf_bytes_int(&f->bytes, "char", 1, 0);
	f->t_long = btf_bytes_int(&f->bytes, "long int", 8, 1);
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

static struct kbtf *open_bytes(struct fixture *f)
{
	size_t size_bytes;
	const void *blob = btf_bytes_blob(&f->bytes, &size_bytes);
	struct kbtf *b;

	assert_int_equal(kbtf_open(&b, &f->types, blob, size_bytes, NULL), 0);
	return b;
}

static void expect_declaration(struct fixture *f, uint32_t id, const char *name,
			       const char *expected)
{
	struct sbuf out = { 0 };

	kbtf_c_declaration(open_bytes(f), &out, id, name);
	assert_string_equal(sbuf_text(&out), expected);
	sbuf_close(&out);
}

static void expect_definition(struct fixture *f, uint32_t id, const char *expected)
{
	struct sbuf out = { 0 };

	kbtf_c_definition(open_bytes(f), &out, id);
	assert_string_equal(sbuf_text(&out), expected);
	sbuf_close(&out);
}

static uint32_t add_array(struct btf_bytes *b, uint32_t of, uint32_t count)
{
	uint32_t id = btf_bytes_type(b, "", KBTF_ARRAY, 0, 0, 0);

	btf_bytes_word(b, of);
	btf_bytes_word(b, 1);
	btf_bytes_word(b, count);
	return id;
}

static uint32_t add_function(struct btf_bytes *b, uint32_t returns, uint32_t param, int has_more)
{
	uint32_t id = btf_bytes_type(b, "", KBTF_FUNC_PROTO, has_more ? 2 : 1, 0, returns);

	btf_bytes_word(b, btf_bytes_string(b, "a"));
	btf_bytes_word(b, param);
	if (has_more) {
		btf_bytes_word(b, 0);
		btf_bytes_word(b, 0);
	}
	return id;
}

static void test_declarations(void **state)
{
	struct fixture *f = *state;
	struct btf_bytes *b = &f->bytes;
	uint32_t constant = btf_bytes_type(b, "", KBTF_CONST, 0, 0, f->t_char);
	uint32_t text = btf_bytes_pointer(b, constant), table;
	uint32_t file = btf_bytes_type(b, "file", KBTF_FWD, 0, 0, 0), function;
	uint32_t none = btf_bytes_type(b, "", KBTF_FUNC_PROTO, 0, 0, 0);

	expect_declaration(f, f->t_int, "n", "int n");
	expect_declaration(f, 0, "", "void");
	expect_declaration(f, btf_bytes_pointer(b, 0), "p", "void *p");
	expect_declaration(f, text, "", "const char *");
	expect_declaration(f, text, "s", "const char *s");
	expect_declaration(f, btf_bytes_type(b, "", KBTF_CONST, 0, 0, text), "s",
			   "const char * const s");
	expect_declaration(f, btf_bytes_pointer(b, btf_bytes_pointer(b, file)), "f",
			   "struct file **f");
	table = add_array(b, add_array(b, f->t_int, 3), 2);
	expect_declaration(f, table, "t", "int t[2][3]");
	expect_declaration(f, btf_bytes_pointer(b, table), "t", "int (*t)[2][3]");
	expect_declaration(f, add_array(b, text, 4), "words", "const char *words[4]");
	function = btf_bytes_pointer(b, add_function(b, f->t_int, text, 1));
	expect_declaration(f, function, "print", "int (*print)(const char *a, ...)");
	expect_declaration(f, function, "", "int (*)(const char *a, ...)");
	expect_declaration(f, add_array(b, function, 2), "prints",
			   "int (*prints[2])(const char *a, ...)");
	expect_declaration(f, btf_bytes_pointer(b, none), "f", "void (*f)(void)");
}

static void test_definitions(void **state)
{
	struct fixture *f = *state;
	struct btf_bytes *b = &f->bytes;
	uint32_t id, inner;

	inner = btf_bytes_type(b, "", KBTF_UNION, 2, 0, 8);
	btf_bytes_member(b, "i", f->t_int, 0);
	btf_bytes_member(b, "l", f->t_long, 0);
	id = btf_bytes_type(b, "all", KBTF_STRUCT, 3, 0, 32);
	btf_bytes_member(b, "c", f->t_char, 0);
	btf_bytes_member(b, "", inner, 64);
	btf_bytes_member(b, "i", f->t_int, 192);
	expect_definition(f, id, "struct all {\n\tchar c;\n\tunion {\n\t\tint i;\n"
			  "\t\tlong int l;\n\t};\n\tlong: 64;\n\tint i;\n}");
	id = btf_bytes_type(b, "tight", KBTF_STRUCT, 2, 0, 5);
	btf_bytes_member(b, "c", f->t_char, 0);
	btf_bytes_member(b, "i", f->t_int, 8);
	expect_definition(f, id, "struct tight {\n\tchar c;\n\tint i;\n} __attribute__((packed))");
	id = btf_bytes_type(b, "bits", KBTF_STRUCT, 2, 1, 4);
	btf_bytes_member(b, "a", f->t_int, 3u << 24 | 0);
	btf_bytes_member(b, "b", f->t_int, 2u << 24 | 4);
	expect_definition(f, id, "struct bits {\n\tint a: 3;\n\tchar: 1;\n\tint b: 2;\n}");
	expect_definition(f, btf_bytes_type(b, "empty", KBTF_STRUCT, 0, 0, 0), "struct empty {}");
}

static void test_enums(void **state)
{
	struct fixture *f = *state;
	struct btf_bytes *b = &f->bytes;
	uint32_t id = btf_bytes_type(b, "sign", KBTF_ENUM, 2, 1, 4);

	btf_bytes_word(b, btf_bytes_string(b, "MINUS"));
	btf_bytes_word(b, UINT32_MAX);
	btf_bytes_word(b, btf_bytes_string(b, "PLUS"));
	btf_bytes_word(b, 1);
	expect_definition(f, id, "enum sign {\n\tMINUS = -1,\n\tPLUS = 1,\n}");
	id = btf_bytes_type(b, "wide", KBTF_ENUM64, 1, 0, 8);
	btf_bytes_word(b, btf_bytes_string(b, "HIGH"));
	btf_bytes_word(b, 0);
	btf_bytes_word(b, 0x80000000);
	expect_definition(f, id, "enum wide {\n\tHIGH = 9223372036854775808ULL,\n}");
}

/* A struct in itself, a pointer to itself, ids that are none: an end, and no crash. */
static void test_nonsense(void **state)
{
	struct fixture *f = *state;
	struct btf_bytes *b = &f->bytes;
	uint32_t id = btf_bytes_type(b, "", KBTF_STRUCT, 2, 0, 8), pointer;
	struct sbuf out = { 0 };

	btf_bytes_member(b, "", id, 0);
	btf_bytes_member(b, "", id, 32);
	pointer = btf_bytes_type(b, "", KBTF_PTR, 0, 0, id + 1);
	kbtf_c_definition(open_bytes(f), &out, id);
	kbtf_c_declaration(open_bytes(f), &out, pointer, "p");
	kbtf_c_declaration(open_bytes(f), &out, 12345, "p");
	kbtf_c_definition(open_bytes(f), &out, 12345);
	assert_true(out.len > 0 && out.len < 100000000);
	sbuf_close(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_declarations, setup, teardown),
		cmocka_unit_test_setup_teardown(test_definitions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_enums, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
