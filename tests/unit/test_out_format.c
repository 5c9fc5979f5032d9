/*
 * Tests of src/out: printf formats on records.
 *
 * What the reference prints is expected, but for its stream artefacts: zeros
 * are filled in after sign and prefix, never at the right, and a tuple is
 * padded as a whole.
 */
#include "out/format.h"
#include "tests/vm/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RECORD_BYTES 64

static const struct value_layout s8 = { .kind = VALUE_INT, .size_bytes = 1, .is_signed = true };
static const struct value_layout u8 = { .kind = VALUE_INT, .size_bytes = 1 };
static const struct value_layout s64 = { .kind = VALUE_INT, .size_bytes = 8, .is_signed = true };
static const struct value_layout boolean = { .kind = VALUE_BOOL, .size_bytes = 1 };
static const struct value_layout string = { .kind = VALUE_STRING, .size_bytes = 8 };
static const struct value_layout buffer = { .kind = VALUE_BUFFER, .size_bytes = 12 };
static const struct value_field pair[] = { { .layout = &u8 }, { .layout = &u8, .offset_bytes = 1 } };
static const struct value_layout tuple = { .kind = VALUE_TUPLE, .size_bytes = 2, .fields = pair,
					   .nr_fields = 2 };

/* One conversion of one field; the format is "[", conversion, "]". */
struct row {
	struct image_conversion conv;
	const struct value_layout *layout;
	int64_t number;		/* the field's, or */
	const char *bytes;	/* its bytes; of a buffer behind the length, which is `number` */
	const char *expected;
};

#define SIGNED(...)	{ .kind = CONV_SIGNED, .int_bytes = 4, __VA_ARGS__ }
#define UNSIGNED(...)	{ .kind = CONV_UNSIGNED, .int_bytes = 4, __VA_ARGS__ }
#define HEX(...)	{ .kind = CONV_HEX, .int_bytes = 4, __VA_ARGS__ }
#define STRING(...)	{ .kind = CONV_STRING, __VA_ARGS__ }
#define CONV(k, ...)	{ .kind = CONV_ ## k, .int_bytes = 8, __VA_ARGS__ }

static const struct row rows[] = {
	{ SIGNED(.width = 5), &s64, -42, NULL, "[  -42]" },
	{ SIGNED(.width = 5, .left = true), &s64, 7, NULL, "[7    ]" },
	{ SIGNED(.width = 5, .zero = true), &s64, 3, NULL, "[00003]" },
	{ SIGNED(.width = 5, .zero = true), &s64, -3, NULL, "[-0003]" },
	{ SIGNED(.width = 5, .zero = true, .left = true), &s64, 3, NULL, "[3    ]" },
	{ SIGNED(.plus = true), &s64, 5, NULL, "[+5]" },
	{ SIGNED(.plus = true), &s64, -5, NULL, "[-5]" },
	{ SIGNED(.plus = true, .width = 5), &s64, 5, NULL, "[   +5]" },
	{ SIGNED(.plus = true, .width = 5, .zero = true), &s64, 5, NULL, "[+0005]" },
	{ SIGNED(.width = 0), &s8, -1, NULL, "[-1]" },
	{ SIGNED(.width = 0), &u8, 255, NULL, "[255]" },
	{ SIGNED(.width = 0), &boolean, 1, NULL, "[1]" },
	{ SIGNED(.width = 0), &s64, 0x1234567890, NULL, "[878082192]" },
	{ { CONV_SIGNED, .int_bytes = 1 }, &s64, 0x1234567890, NULL, "[-112]" },
	{ { CONV_SIGNED, .int_bytes = 2 }, &s64, 0x1234567890, NULL, "[30864]" },
	{ { CONV_SIGNED, .int_bytes = 8 }, &s64, INT64_MIN, NULL, "[-9223372036854775808]" },
	{ { CONV_UNSIGNED, .int_bytes = 8 }, &s64, -1, NULL, "[18446744073709551615]" },
	{ { CONV_UNSIGNED, .int_bytes = 1 }, &s64, 0x12345678f0, NULL, "[240]" },
	{ UNSIGNED(.width = 0), &s64, -1, NULL, "[4294967295]" },
	{ UNSIGNED(.plus = true), &s64, 5, NULL, "[5]" },
	{ HEX(.width = 0), &s64, -1, NULL, "[ffffffff]" },
	{ HEX(.alternate = true), &s64, 255, NULL, "[0xff]" },
	{ HEX(.alternate = true), &s64, 0, NULL, "[0]" },
	{ HEX(.alternate = true, .width = 6, .zero = true), &s64, 255, NULL, "[0x00ff]" },
	{ HEX(.width = 10), &s64, 255, NULL, "[        ff]" },
	{ HEX(.width = 10, .zero = true), &s64, 255, NULL, "[00000000ff]" },
	{ CONV(HEX_UPPER, .alternate = true), &s64, 255, NULL, "[0XFF]" },
	{ CONV(OCTAL, .alternate = true), &s64, 8, NULL, "[010]" },
	{ CONV(OCTAL, .width = 0), &s64, 8, NULL, "[10]" },
	{ CONV(POINTER, .width = 0), &s64, 0, NULL, "[0]" },
	{ CONV(POINTER, .width = 0), &s64, 16, NULL, "[0x10]" },
	{ CONV(POINTER, .width = 10), &s64, 16, NULL, "[      0x10]" },
	{ CONV(POINTER, .width = 10, .left = true), &s64, 16, NULL, "[0x10      ]" },
	{ CONV(CHAR, .width = 0), &s64, 300, NULL, "[,]" },
	{ CONV(CHAR, .width = 5), &s64, 66, NULL, "[    B]" },
	{ CONV(CHAR, .width = 5, .left = true), &s64, 67, NULL, "[C    ]" },
	{ CONV(GFP, .width = 0), &s64, 0, NULL, "[0]" },
	{ CONV(GFP, .width = 0), &s64, 0xcc0, NULL, "[GFP_KERNEL]" },
	{ CONV(GFP, .width = 0), &s64, INT64_MIN | 1, NULL, "[GFP_DMA|0x8000000000000000]" },
	{ CONV(GFP, .width = 12), &s64, 0xcc0, NULL, "[  GFP_KERNEL]" },
	{ STRING(.width = 10), &string, 0, "abc", "[       abc]" },
	{ STRING(.width = 10, .left = true), &string, 0, "abc", "[abc       ]" },
	{ STRING(.width = 5), &string, 0, "abcdefg", "[abcdefg]" },
	{ STRING(.width = 0), &string, 0, "abcdefgh", "[abcdefgh..]" },
	{ STRING(.width = 12), &string, 0, "abcdefgh", "[  abcdefgh..]" },
	{ STRING(.width = 10), &u8, 5, NULL, "[         5]" },
	{ STRING(.width = 10, .zero = true), &u8, 5, NULL, "[0000000005]" },
	{ STRING(.plus = true), &s8, 5, NULL, "[+5]" },
	{ STRING(.width = 0), &boolean, 1, NULL, "[true]" },
	{ STRING(.width = 0), &s8, -1, NULL, "[-1]" },
	{ STRING(.width = 10), &tuple, 0, "\1\2", "[    (1, 2)]" },
	{ STRING(.width = 10, .left = true), &tuple, 0, "\1\2", "[(1, 2)    ]" },
	{ STRING(.width = 0), &buffer, 4, "ab\001\\", "[ab\\x01\\]" },
	{ CONV(BUFFER_TEXT, .width = 10), &buffer, 3, "abc", "[       abc]" },
	{ CONV(BUFFER_X, .width = 0), &buffer, 3, "abc", "[\\x61\\x62\\x63]" },
	{ CONV(BUFFER_X, .width = 14), &buffer, 3, "abc", "[  \\x61\\x62\\x63]" },
	{ CONV(BUFFER_HEX, .width = 0), &buffer, 3, "ab\xff", "[61 62 ff]" },
	{ CONV(BUFFER_HEX, .width = 0), &buffer, 0, "", "[]" },
};

static void put_buffer(uint8_t *to, const struct row *row)
{
	bytes_store(to, (uint64_t)row->number, 4);
	memcpy(to + 4, row->bytes, (size_t)row->number);
}

static void format_row(const struct row *row, struct value_decoder *d, struct sbuf *out,
		       size_t size_bytes)
{
	const struct image_conversion format[] = {
		{ .kind = CONV_TEXT, .text = "[", .len = 1 }, row->conv,
		{ .kind = CONV_TEXT, .text = "]", .len = 1 },
	};
	const struct value_field field = { .layout = row->layout, .offset_bytes = 8 };
	const struct image_action action = { .format = format, .nr_format = 3, .fields = &field,
					     .nr_fields = 1 };
	uint8_t record[RECORD_BYTES] = { 0 };
	void *exact = malloc(size_bytes);	/* so that reading beyond it is seen */

	if (!row->bytes)
		bytes_store(record + 8, (uint64_t)row->number, row->layout->size_bytes);
	else if (row->layout == &string)
		strncpy((char *)record + 8, row->bytes, 8);
	else if (row->layout == &tuple)
		memcpy(record + 8, row->bytes, 2);
	else
		put_buffer(record + 8, row);
	memcpy(exact, record, size_bytes);
	sbuf_clear(out);
	assert_int_equal(format_record(out, d, &action, exact, size_bytes), 0);
	free(exact);
}

static void test_conversions(void **state)
{
	struct arena arena;
	struct value_decoder d = { .arena = &arena, .str_trunc_trailer = ".." };
	struct sbuf out = { 0 };

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		format_row(&rows[i], &d, &out, RECORD_BYTES);
		if (strcmp(sbuf_text(&out), rows[i].expected) != 0)
			fail_msg("row %zu: \"%s\", not \"%s\"", i, sbuf_text(&out), rows[i].expected);
		/* A record that ends too early must not be read beyond its end. */
		for (size_t size = 0; size < 17; size++)
			format_row(&rows[i], &d, &out, size);
	}
	sbuf_close(&out);
	arena_free(&arena);
}

static void test_nul_bytes(void **state)
{
	const struct row nul = { CONV(CHAR, .width = 0), &s64, 0, NULL, NULL };
	struct arena arena;
	struct value_decoder d = { .arena = &arena };
	struct sbuf out = { 0 };

	(void)state;
	arena_init(&arena);
	format_row(&nul, &d, &out, RECORD_BYTES);
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.at, "[\0]", 4);
	sbuf_close(&out);
	arena_free(&arena);
}

static void test_variable_string(void **state)
{
	const struct image_conversion format = { .kind = CONV_STRING };
	const struct value_field field = { .layout = &string, .offset_bytes = 8, .is_variable = true };
	const struct image_action action = { .format = &format, .nr_format = 1, .fields = &field,
					     .nr_fields = 1 };
	uint32_t record[6] = { 0, 0, 16, 3 };
	struct arena arena;
	struct value_decoder d = { .arena = &arena, .str_trunc_trailer = ".." };
	struct sbuf out = { 0 };

	(void)state;
	arena_init(&arena);
	memcpy(&record[4], "xyzabcd", 8);
	assert_int_equal(format_record(&out, &d, &action, record, sizeof(record)), 0);
	assert_string_equal(sbuf_text(&out), "xyz");
	record[3] = 8;	/* with its NUL */
	sbuf_clear(&out);
	assert_int_equal(format_record(&out, &d, &action, record, sizeof(record)), 0);
	assert_string_equal(sbuf_text(&out), "xyzabcd");
	memcpy(&record[4], "abcdefgh", 8);	/* cut */
	sbuf_clear(&out);
	assert_int_equal(format_record(&out, &d, &action, record, sizeof(record)), 0);
	assert_string_equal(sbuf_text(&out), "abcdefgh..");
	record[2] = 1000;
	sbuf_clear(&out);
	assert_int_equal(format_record(&out, &d, &action, record, sizeof(record)), 0);
	assert_string_equal(sbuf_text(&out), "");
	sbuf_close(&out);
	arena_free(&arena);
}

static void test_broken_action(void **state)
{
	const struct image_conversion format[] = {
		{ .kind = CONV_SIGNED, .field = 7, .int_bytes = 4 }, { .kind = 99 },
		{ .kind = CONV_TEXT, .text = "x", .len = 1 },
	};
	const struct image_action action = { .format = format, .nr_format = 3 };
	struct arena arena;
	struct value_decoder d = { .arena = &arena };
	struct sbuf out = { 0 };

	(void)state;
	arena_init(&arena);
	assert_int_equal(format_record(&out, &d, &action, "", 1), 0);
	assert_string_equal(sbuf_text(&out), "x");
	sbuf_close(&out);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversions),
		cmocka_unit_test(test_nul_bytes),
		cmocka_unit_test(test_variable_string),
		cmocka_unit_test(test_broken_action),
	};

	return cmocka_run_group_tests_name("out_format", tests, NULL, NULL);
}
