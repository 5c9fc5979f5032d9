/*
 * Tests of src/out: bytes and layouts to values, merging, dividing, sorting.
 */
#include "out/json.h"
#include "out/text.h"
#include "out/value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

static const struct value_layout u8 = { .kind = VALUE_INT, .size_bytes = 1 };
static const struct value_layout s16 = { .kind = VALUE_INT, .size_bytes = 2, .is_signed = true };
static const struct value_layout u32 = { .kind = VALUE_INT, .size_bytes = 4 };
static const struct value_layout s64 = { .kind = VALUE_INT, .size_bytes = 8, .is_signed = true };
static const struct value_layout string8 = { .kind = VALUE_STRING, .size_bytes = 8 };

struct fixture {
	struct arena arena;
	struct value_decoder d;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	arena_init(&f->arena);
	f->d.arena = &f->arena;
	f->d.str_trunc_trailer = "..";
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

static struct sonde_value decode(void **state, const struct value_layout *layout,
				 const void *bytes, size_t size)
{
	struct fixture *f = *state;
	struct sonde_value v;

	assert_int_equal(value_decode(&f->d, layout, bytes, size, &v), 0);
	return v;
}

static void test_numbers(void **state)
{
	const struct value_layout boolean = { .kind = VALUE_BOOL, .size_bytes = 1 };
	const struct value_layout pointer = { .kind = VALUE_POINTER, .size_bytes = 8 };
	uint64_t address = 0xffff888012345678;
	struct sonde_value v;

	v = decode(state, &u8, "\xff", 1);
	assert_int_equal(v.kind, SONDE_VALUE_UINT);
	assert_int_equal(v.unsigned_number, 255);
	v = decode(state, &s16, "\xff\xff", 2);
	assert_int_equal(v.kind, SONDE_VALUE_INT);
	assert_int_equal(v.number, -1);
	v = decode(state, &boolean, "\x01", 1);
	assert_int_equal(v.kind, SONDE_VALUE_BOOL);
	assert_int_equal(v.number, 1);
	v = decode(state, &pointer, &address, 8);
	assert_int_equal(v.kind, SONDE_VALUE_SYMBOLIC);
	assert_string_equal(v.text, "0xffff888012345678");
	assert_int_equal(v.unsigned_number, address);
	v = decode(state, &u32, "\1\2\3", 3);
	assert_int_equal(v.kind, SONDE_VALUE_NONE);
}

static void test_enums(void **state)
{
	const struct image_enumerator items[] = { { "MINUS", (uint64_t)-1 }, { "ZERO", 0 } };
	const struct image_enum e = { "e", items, 2 };
	const struct value_layout layout = { .kind = VALUE_ENUM, .size_bytes = 4,
					     .is_signed = true, .enumeration = &e };
	struct sonde_value v;

	v = decode(state, &layout, &(int32_t){ -1 }, 4);
	assert_string_equal(v.text, "MINUS");
	assert_int_equal(v.number, -1);
	v = decode(state, &layout, &(int32_t){ -2 }, 4);
	assert_string_equal(v.text, "-2");
}

static void test_strings(void **state)
{
	struct sonde_value v;

	v = decode(state, &string8, "abc\0defg", 8);
	assert_int_equal(v.len, 3);
	assert_string_equal(v.text, "abc");
	v = decode(state, &string8, "abcdefgh", 8);
	assert_string_equal(v.text, "abcdefgh..");
	assert_int_equal(v.len, 10);
	/* the bytes may end early: nothing was cut */
	v = decode(state, &string8, "abcd", 4);
	assert_string_equal(v.text, "abcd");
	v = decode(state, &string8, "", 0);
	assert_int_equal(v.kind, SONDE_VALUE_STRING);
	assert_string_equal(v.text, "");
	((struct fixture *)*state)->d.str_trunc_trailer = NULL;
	v = decode(state, &string8, "abcdefgh", 8);
	assert_string_equal(v.text, "abcdefgh");
}

static void test_buffers(void **state)
{
	const struct value_layout buffer = { .kind = VALUE_BUFFER, .size_bytes = 12 };
	struct { uint32_t len; char text[8]; } bytes = { 3, "a\0bcdefg" };
	struct sonde_value v;

	v = decode(state, &buffer, &bytes, 12);
	assert_int_equal(v.kind, SONDE_VALUE_BUFFER);
	assert_int_equal(v.len, 3);
	assert_memory_equal(v.text, "a\0b", 4);
	bytes.len = 255;
	v = decode(state, &buffer, &bytes, 7);
	assert_int_equal(v.len, 3);
	v = decode(state, &buffer, "\3", 1);
	assert_int_equal(v.len, 0);
}

static void test_variable_fields(void **state)
{
	const struct value_field field = { .name = "s", .layout = &string8, .offset_bytes = 8,
					   .is_variable = true };
	struct fixture *f = *state;
	struct sonde_value v;
	uint32_t record[6] = { 0, 0, 16, 4, 0, 0 };

	memcpy(&record[4], "xyz", 4);
	assert_int_equal(value_decode_field(&f->d, &field, record, sizeof(record), &v), 0);
	assert_string_equal(v.text, "xyz");
	assert_string_equal(v.name, "s");
	record[3] = 9;	/* ends beyond the record */
	assert_int_equal(value_decode_field(&f->d, &field, record, sizeof(record), &v), 0);
	assert_int_equal(v.kind, SONDE_VALUE_NONE);
	record[2] = 0xfffffff0;
	record[3] = 0x20;
	assert_int_equal(value_decode_field(&f->d, &field, record, sizeof(record), &v), 0);
	assert_int_equal(v.kind, SONDE_VALUE_NONE);
	assert_int_equal(value_decode_field(&f->d, &field, record, 10, &v), 0);
	assert_int_equal(v.kind, SONDE_VALUE_NONE);
}

static void test_composites(void **state)
{
	const struct value_field element = { .layout = &s16 };
	const struct value_layout array = { .kind = VALUE_ARRAY, .size_bytes = 4, .count = 2,
					    .fields = &element, .nr_fields = 1 };
	const struct value_field fields[] = {
		{ .name = "a", .layout = &u8 },
		{ .name = "b", .layout = &array, .offset_bytes = 2 },
		{ .name = "low", .layout = &u32, .offset_bytes = 8, .bit_offset = 0, .bit_size = 3 },
		{ .name = "high", .layout = &s64, .offset_bytes = 8, .bit_offset = 3, .bit_size = 5 },
	};
	const struct value_layout record = { .kind = VALUE_RECORD, .size_bytes = 16,
					     .fields = fields, .nr_fields = 4 };
	const struct {
		uint8_t a;
		int16_t b[2], unused;
		struct { int32_t low : 3, high : 5; } bits;
		uint32_t rest;
	} bytes = { .a = 7, .b = { 1, -1 }, .bits = { .low = -3 /* 5 */, .high = -16 } };
	struct sonde_value v = decode(state, &record, &bytes, 16);

	assert_int_equal(v.kind, SONDE_VALUE_RECORD);
	assert_int_equal(v.nr_items, 4);
	assert_string_equal(v.items[1].name, "b");
	assert_int_equal(v.items[0].unsigned_number, 7);
	assert_int_equal(v.items[1].kind, SONDE_VALUE_LIST);
	assert_int_equal(v.items[1].items[0].number, 1);
	assert_int_equal(v.items[1].items[1].number, -1);
	assert_int_equal(v.items[2].unsigned_number, 5);
	assert_int_equal(v.items[3].number, -16);
	/* half of it is not there */
	v = decode(state, &record, &bytes, 5);
	assert_int_equal(v.items[0].unsigned_number, 7);
	assert_int_equal(v.items[1].kind, SONDE_VALUE_NONE);
	assert_int_equal(v.items[3].kind, SONDE_VALUE_NONE);
}

static void test_anonymous_members(void **state)
{
	const struct value_field inner[] = { { .name = "b", .layout = &u8 },
					     { .name = "c", .layout = &s16 } };
	const struct value_layout variants = { .kind = VALUE_RECORD, .size_bytes = 2,
					       .fields = inner, .nr_fields = 2 };
	const struct value_field fields[] = { { .name = "a", .layout = &u8 },
					      { .layout = &variants, .offset_bytes = 2 },
					      { .name = "d", .layout = &u8, .offset_bytes = 4 } };
	const struct value_layout record = { .kind = VALUE_RECORD, .size_bytes = 5,
					     .fields = fields, .nr_fields = 3 };
	const struct { uint8_t a; union { uint8_t b[2]; int16_t c; } u; uint8_t d; } bytes = {
		.a = 1, .u.b = { 2, 1 }, .d = 3,
	};
	struct sonde_value v = decode(state, &record, &bytes, 5);

	assert_int_equal(v.nr_items, 4);
	assert_string_equal(v.items[1].name, "b");
	assert_int_equal(v.items[1].unsigned_number, 2);
	assert_string_equal(v.items[2].name, "c");
	assert_int_equal(v.items[2].number, bytes.u.c);
	assert_int_equal(v.items[3].unsigned_number, 3);
	v = decode(state, &record, "\1", 1);	/* the rest is not there */
	assert_int_equal(v.nr_items, 4);
	assert_int_equal(v.items[1].kind, SONDE_VALUE_NONE);
	assert_int_equal(v.items[3].kind, SONDE_VALUE_NONE);
}

static void test_endless_layout(void **state)
{
	struct value_field self = { 0 };
	const struct value_layout loop = { .kind = VALUE_RECORD, .fields = &self, .nr_fields = 1 };
	struct sonde_value v;
	const struct sonde_value *at = &v;
	int depth = 0;

	self.layout = &loop;
	v = decode(state, &loop, "", 1);	/* anonymous: nothing is left of it */
	assert_int_equal(v.nr_items, 0);
	self.name = "self";
	v = decode(state, &loop, "", 1);
	while (at->nr_items) {
		at = at->items;
		depth++;
	}
	assert_in_range(depth, 1, 1000);
}

static void test_network(void **state)
{
	const struct value_layout inet = { .kind = VALUE_INET, .size_bytes = 24 };
	const struct value_layout mac = { .kind = VALUE_MACADDR, .size_bytes = 6 };
	uint8_t bytes[24] = { [8] = 127, 0, 0, 1 };
	uint64_t family = AF_INET;

	memcpy(bytes, &family, 8);
	assert_string_equal(decode(state, &inet, bytes, 24).text, "127.0.0.1");
	family = AF_INET6;
	memcpy(bytes, &family, 8);
	memset(bytes + 8, 0, 16);
	bytes[23] = 1;
	assert_string_equal(decode(state, &inet, bytes, 24).text, "::1");
	assert_string_equal(decode(state, &mac, "\xfe\x01\x80\x0a\0\xff", 6).text,
			    "FE:01:80:0A:00:FF");
}

static void test_timestamp(void **state)
{
	static const char *const formats[] = { "%Y", "%Y %H:%M:%S.%f|%l|%k|%%f" };
	const struct value_layout layout = { .kind = VALUE_TIMESTAMP, .size_bytes = 16,
					     .texts = formats, .nr_texts = 2 };
	struct { uint64_t ns; uint32_t format, clock; } bytes = { 1000000005, 1, VALUE_CLOCK_BOOT };
	struct fixture *f = *state;
	struct sonde_value v;

	setenv("TZ", "UTC", 1);
	tzset();
	f->d.wall_offset_ns = 1000000000000000000;
	v = decode(state, &layout, &bytes, 16);
	assert_int_equal(v.kind, SONDE_VALUE_TIME);
	assert_string_equal(v.text, "2001 01:46:41.000000|000|000000005|%f");
	bytes.format = 0;
	assert_string_equal(decode(state, &layout, &bytes, 16).text, "2001");
	bytes.format = 2;	/* there is none */
	assert_string_equal(decode(state, &layout, &bytes, 16).text, "(?)");
	bytes.format = 1;
	bytes.clock = VALUE_CLOCK_TAI;
	assert_string_equal(decode(state, &layout, &bytes, 16).text,
			    "1970 00:00:01.000000|000|000000005|%f");
	bytes.ns = 5;
	assert_string_equal(decode(state, &layout, &bytes, 16).text, "(?)");
	memset(&bytes, 0, sizeof(bytes));	/* of a map without a value yet */
	assert_string_equal(decode(state, &layout, &bytes, 16).text, "(?)");
}

static const char *fake_cgroup(void *arg, uint64_t id, const char *filter)
{
	(void)arg;
	return id == 7 ? filter : NULL;
}

static void test_cgroup_path(void **state)
{
	static const char *const filters[] = { "*", "uni*" };
	const struct value_layout layout = { .kind = VALUE_CGROUP_PATH, .size_bytes = 16,
					     .texts = filters, .nr_texts = 2 };
	struct fixture *f = *state;
	uint64_t bytes[2] = { 7, 1 };

	f->d.hooks.cgroup_path = fake_cgroup;
	assert_string_equal(decode(state, &layout, bytes, 16).text, "uni*");
	bytes[1] = 2;
	assert_string_equal(decode(state, &layout, bytes, 16).text, "*");
	bytes[0] = 8;
	assert_string_equal(decode(state, &layout, bytes, 16).text, "");
}

/* ---- symbols ---- */

static bool fake_ksym(void *arg, uint64_t address, struct value_symbol *symbol)
{
	(void)arg;
	if (address < 0x1000 || address >= 0x2000)
		return false;
	symbol->name = "vfs_read";
	symbol->offset = address - 0x1000;
	return true;
}

static bool fake_usym(void *arg, const struct value_user_address *at,
		      struct value_symbol *symbol)
{
	(void)arg;
	assert_int_equal(at->pid, 42);
	assert_int_equal(at->probe, 3);
	symbol->module = "/bin/app";
	symbol->name = at->address == 0x10 || at->address == 0x30 ? "main" : NULL;
	symbol->offset = 0;
	if (at->address == 0x30 && at->use == VALUE_USE_RETURN) {
		symbol->file = "/src/a.c";
		symbol->line = 7;
		symbol->inlined[0] = (struct value_inlined){ "inner", "/src/a.h", 3 };
		symbol->inlined[1] = (struct value_inlined){ "outer", NULL, 0 };
		symbol->nr_inlined = 2;
	}
	return symbol->name != NULL;
}

static void test_symbols(void **state)
{
	const struct value_layout ksym = { .kind = VALUE_KSYM, .size_bytes = 8 };
	const struct value_layout usym = { .kind = VALUE_USYM, .size_bytes = 16 };
	uint64_t addresses[] = { 0x1010, 0x5000, 0 };
	const struct { uint64_t address; uint32_t pid, probe; } user = { 0x10, 42, 3 };
	struct fixture *f = *state;

	assert_string_equal(decode(state, &ksym, &addresses[1], 8).text, "0x5000");
	f->d.hooks.ksym = fake_ksym;
	f->d.hooks.usym = fake_usym;
	assert_string_equal(decode(state, &ksym, &addresses[0], 8).text, "vfs_read");
	assert_string_equal(decode(state, &ksym, &addresses[1], 8).text, "0x5000");
	assert_string_equal(decode(state, &ksym, &addresses[2], 8).text, "0");
	assert_string_equal(decode(state, &usym, &user, 16).text, "main");
}

static void test_stacks(void **state)
{
	struct value_layout layout = { .kind = VALUE_KSTACK, .size_bytes = 8 + 4 * 8 };
	uint64_t kernel[5] = { 2, 0x1010, 0x5000 };
	struct { uint32_t pid, probe; uint64_t nr, frames[4]; } user = { 42, 3, 2, { 0x10, 0x20 } };
	struct fixture *f = *state;
	struct sonde_value v;

	f->d.hooks.ksym = fake_ksym;
	f->d.hooks.usym = fake_usym;
	v = decode(state, &layout, kernel, sizeof(kernel));
	assert_int_equal(v.kind, SONDE_VALUE_STACK);
	assert_int_equal(v.nr_items, 2);
	assert_string_equal(v.items[0].text, "vfs_read+16");
	assert_int_equal(v.items[0].unsigned_number, 0x1010);
	assert_string_equal(v.items[1].text, "0x5000");
	layout.param[1] = VALUE_STACK_RAW;
	v = decode(state, &layout, kernel, sizeof(kernel));
	assert_string_equal(v.items[0].text, "1010");
	layout.kind = VALUE_USTACK;
	layout.param[1] = VALUE_STACK_PERF;
	v = decode(state, &layout, &user, sizeof(user));
	assert_string_equal(v.items[0].text, "main+0 (/bin/app)");
	assert_string_equal(v.items[1].text, "0x20 (/bin/app)");
	user.frames[1] = 0x30;
	v = decode(state, &layout, &user, sizeof(user));
	assert_int_equal(v.nr_items, 4);
	assert_string_equal(v.items[1].text, "inner (inlined)");
	layout.param[1] = VALUE_STACK_BPFTRACE;
	v = decode(state, &layout, &user, sizeof(user));
	assert_string_equal(v.items[1].text, "[inlined] inner@/src/a.h:3");
	assert_string_equal(v.items[2].text, "[inlined] outer");
	assert_string_equal(v.items[3].text, "main+0@/src/a.c:7");
	user.frames[1] = 0x20;
	user.nr = UINT64_MAX;	/* more frames than bytes */
	v = decode(state, &layout, &user, sizeof(user));
	assert_int_equal(v.nr_items, 4);
}

/* ---- aggregates ---- */

static void test_merge(void **state)
{
	struct value_layout layout = { .kind = VALUE_COUNT, .size_bytes = 8 };
	uint64_t sum[2] = { 3, 0 }, cpu[2] = { 4, 1 }, unset[2] = { 0, 0 };

	(void)state;
	value_merge(&layout, sum, cpu);
	assert_int_equal(sum[0], 7);
	layout = (struct value_layout){ .kind = VALUE_MIN, .size_bytes = 16, .is_signed = true };
	memset(sum, 0, sizeof(sum));
	value_merge(&layout, sum, unset);
	assert_int_equal(sum[1], 0);
	value_merge(&layout, sum, cpu);
	assert_int_equal(sum[0], 4);
	cpu[0] = (uint64_t)-4;
	value_merge(&layout, sum, cpu);
	assert_int_equal((int64_t)sum[0], -4);
	layout.kind = VALUE_MAX;
	cpu[0] = 9;
	value_merge(&layout, sum, cpu);
	value_merge(&layout, sum, unset);
	assert_int_equal(sum[0], 9);
	layout.is_signed = false;
	cpu[0] = (uint64_t)-1;
	value_merge(&layout, sum, cpu);
	assert_true(sum[0] == UINT64_MAX);
}

static void test_averages(void **state)
{
	struct value_layout layout = { .kind = VALUE_AVG, .size_bytes = 16, .is_signed = true };
	uint64_t cell[2] = { (uint64_t)-15, 2 };
	struct sonde_value v;

	assert_int_equal(decode(state, &layout, cell, 16).number, -7);
	layout.is_signed = false;
	assert_int_equal(decode(state, &layout, cell, 16).unsigned_number, 0x7ffffffffffffff8);
	layout.kind = VALUE_STATS;
	cell[0] = 15;
	v = decode(state, &layout, cell, 16);
	assert_int_equal(v.kind, SONDE_VALUE_STATS);
	assert_string_equal(v.items[1].name, "average");
	assert_int_equal(v.items[1].unsigned_number, 7);
	cell[1] = 0;
	assert_int_equal(decode(state, &layout, cell, 16).items[1].unsigned_number, 0);
}

static const struct {
	uint64_t bits, index;
	const char *label;
	int64_t min, max;
} hist_rows[] = {
	{ 0, 0, "(..., 0)", 0, -1 },
	{ 0, 1, "[0]", 0, 0 },
	{ 0, 2, "[1]", 1, 1 },
	{ 0, 3, "[2, 4)", 2, 3 },
	{ 0, 11, "[512, 1K)", 512, 1023 },
	{ 0, 12, "[1K, 2K)", 1024, 2047 },
	{ 0, 22, "[1M, 2M)", 1 << 20, (1 << 21) - 1 },
	{ 0, 64, "[4E, 8E)", (int64_t)1 << 62, INT64_MAX },
	{ 2, 8, "[7]", 7, 7 },
	{ 2, 9, "[8, 10)", 8, 9 },
	{ 2, 10, "[10, 12)", 10, 11 },
	{ 2, 37, "[1024, 1280)", 1024, 1279 },
	{ 2, 45, "[4K, 5K)", 4096, 5119 },
};

static void test_hist_buckets(void **state)
{
	for (size_t i = 0; i < sizeof(hist_rows) / sizeof(hist_rows[0]); i++) {
		uint64_t buckets[65 * 32 + 1] = { 0 };
		const struct value_layout layout = { .kind = VALUE_HIST, .param = { hist_rows[i].bits },
						     .size_bytes = sizeof(buckets) };
		const struct sonde_value *b;
		struct sonde_value v;
		size_t n;

		buckets[hist_rows[i].index] = 5;
		v = decode(state, &layout, buckets, sizeof(buckets));
		assert_int_equal(v.nr_items, 1);
		b = &v.items[0];
		n = b->nr_items;
		assert_string_equal(b->text, hist_rows[i].label);
		assert_string_equal(b->items[n - 1].name, "count");
		assert_int_equal(b->items[n - 1].unsigned_number, 5);
		assert_int_equal(b->items[n - 2].number, hist_rows[i].max);
		assert_int_equal(n, hist_rows[i].index ? 3 : 2);
		if (n == 3)
			assert_int_equal(b->items[0].number, hist_rows[i].min);
	}
}

static const struct {
	uint64_t min, max, step, index;
	const char *label;
} lhist_rows[] = {
	{ 0, 100, 10, 0, "(..., 0)" },
	{ 0, 100, 10, 1, "[0, 10)" },
	{ 0, 100, 10, 10, "[90, 100)" },
	{ 0, 100, 10, 11, "[100, ...)" },
	{ 5, 30, 10, 2, "[15, 25)" },
	{ 5, 30, 10, 3, "[25, ...)" },
	{ 0, 10, 1, 6, "[5]" },
	{ 0, 4096, 1024, 1, "[0, 1K)" },
	{ 0, 2097152, 524288, 3, "[1M, 1536K)" },
	{ 1, 8193, 1024, 2, "[1025, 2049)" },
};

static void test_lhist_buckets(void **state)
{
	for (size_t i = 0; i < sizeof(lhist_rows) / sizeof(lhist_rows[0]); i++) {
		uint64_t buckets[16] = { 0 };
		uint64_t n = (lhist_rows[i].max - lhist_rows[i].min) / lhist_rows[i].step + 2;
		const struct value_layout layout = {
			.kind = VALUE_LHIST, .size_bytes = (uint32_t)n * 8,
			.param = { lhist_rows[i].min, lhist_rows[i].max, lhist_rows[i].step },
		};
		struct sonde_value v;

		buckets[lhist_rows[i].index] = 1;
		v = decode(state, &layout, buckets, sizeof(buckets));
		assert_int_equal(v.nr_items, 1);
		assert_string_equal(v.items[0].text, lhist_rows[i].label);
	}
}

static void test_divide(void **state)
{
	struct value_layout layout = { .kind = VALUE_STATS, .size_bytes = 16 };
	uint64_t cell[2] = { 60, 3 }, buckets[8] = { 0, 7, 0, 9 };
	struct sonde_value v = decode(state, &layout, cell, 16);

	value_divide(&layout, &v, 10);
	assert_int_equal(v.items[0].unsigned_number, 3);
	assert_int_equal(v.items[1].unsigned_number, 2);
	assert_int_equal(v.items[2].unsigned_number, 60);
	layout = (struct value_layout){ .kind = VALUE_HIST, .size_bytes = sizeof(buckets) };
	v = decode(state, &layout, buckets, sizeof(buckets));
	value_divide(&layout, &v, 2);
	assert_int_equal(v.nr_items, 3);
	assert_int_equal(v.items[2].items[0].number, 2);
	assert_int_equal(v.items[2].items[2].unsigned_number, 4);
	v = decode(state, &s16, &(int16_t){ -7 }, 2);
	value_divide(&s16, &v, 2);
	assert_int_equal(v.number, -3);
}

static void test_sort(void **state)
{
	struct value_layout layout = { .kind = VALUE_SUM, .is_signed = true };
	struct sonde_value keys[3] = { { 0 } }, values[3] = { { 0 } };
	struct sonde_map_entry entries[3];
	const int64_t numbers[3] = { 5, -1, 5 };
	const char *const texts[3] = { "b", "c", "a" };

	(void)state;
	for (int i = 0; i < 3; i++) {
		values[i].kind = SONDE_VALUE_INT;
		values[i].number = numbers[i];
		keys[i].kind = SONDE_VALUE_STRING;
		keys[i].text = texts[i];
		keys[i].len = 1;
		entries[i] = (struct sonde_map_entry){ &keys[i], &values[i] };
	}
	value_sort(&layout, entries, 3);
	assert_ptr_equal(entries[0].key, &keys[1]);
	assert_ptr_equal(entries[1].key, &keys[2]);
	assert_ptr_equal(entries[2].key, &keys[0]);
	layout.kind = VALUE_STRING;
	value_sort(&layout, entries, 3);
	assert_ptr_equal(entries[0].key, &keys[2]);
	assert_ptr_equal(entries[2].key, &keys[1]);
}

/* ---- any layout, any bytes ---- */

static uint32_t seed = 12345;

static uint32_t pick(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return n ? (seed >> 8) % n : 0;
}

/* ---- many entries ---- */

#define MANY 3000

static int64_t odd_number(void)
{
	static const int64_t numbers[] = { 0, 1, -1, INT64_MIN, INT64_MAX, (int64_t)1 << 62,
					   ((int64_t)1 << 62) + 1, -5, 256, 65536 };

	return pick(2) ? numbers[pick(sizeof(numbers) / sizeof(numbers[0]))]
		       : (int64_t)pick(1 << 24) - (1 << 23);
}

static void random_scalar(struct sonde_value *v, enum sonde_value_kind kind)
{
	static const char *const texts[] = { "", "a", "ab", "abcdefgh", "abcdefghi", "abcdefghj",
					     "\xff", "\x80zz" };

	memset(v, 0, sizeof(*v));
	v->kind = kind;
	if (kind == SONDE_VALUE_STRING) {
		v->text = texts[pick(sizeof(texts) / sizeof(texts[0]))];
		v->len = strlen(v->text);
		return;
	}
	v->is_unsigned = kind == SONDE_VALUE_UINT;
	v->number = odd_number();
}

/* Whether one may stand before the other, by the rules and without ranks. */
static bool in_order(const struct sonde_map_entry *a, const struct sonde_map_entry *b, bool by_value)
{
	int order = by_value ? value_compare(a->value, b->value) : 0;

	return order < 0 || (!order && value_compare(a->key, b->key) <= 0);
}

/* A source of copies, which are gone when they are forgotten. */
struct copies {
	const struct sonde_map_entry *entries;
	VEC(struct sonde_value *) made;
};

static int get_copy(void *arg, size_t i, struct sonde_map_entry *entry)
{
	struct copies *c = arg;
	struct sonde_value *both = malloc(2 * sizeof(*both));

	assert_non_null(both);
	assert_true(c->made.n < c->made.cap);
	both[0] = *c->entries[i].key;
	both[1] = *c->entries[i].value;
	*entry = (struct sonde_map_entry){ &both[0], &both[1] };
	c->made.at[c->made.n++] = both;
	return 0;
}

static void forget_copies(void *arg)
{
	struct copies *c = arg;

	while (c->made.n) {
		memset(c->made.at[--c->made.n], 0xff, 2 * sizeof(struct sonde_value));
		free(c->made.at[c->made.n]);
	}
}

/* The order of a source is that of the entries. */
static void check_source(const struct value_layout *layout, const struct sonde_map_entry *entries,
			 size_t n, bool by_value)
{
	static struct sonde_value *made[MANY];
	static uint32_t indexes[MANY];
	static bool seen[MANY];
	struct copies copies = { .entries = entries, .made = { made, 0, MANY } };
	const struct value_source source = { get_copy, forget_copies, &copies };

	memset(seen, 0, sizeof(seen));
	assert_int_equal(value_sort_source(layout, &source, indexes, n), 0);
	assert_int_equal(copies.made.n, 0);
	for (size_t i = 0; i < n; i++) {
		assert_true(indexes[i] < n && !seen[indexes[i]]);
		seen[indexes[i]] = true;
		assert_true(!i || in_order(&entries[indexes[i - 1]], &entries[indexes[i]],
					   by_value));
	}
}

static int get_no_memory(void *arg, size_t i, struct sonde_map_entry *entry)
{
	return i > 20 ? -ENOMEM : get_copy(arg, i, entry);
}

static void test_sort_of_what_fails(void **state)
{
	static struct sonde_value one = { .kind = SONDE_VALUE_INT }, *made[MANY];
	static struct sonde_map_entry entries[MANY];
	static uint32_t indexes[MANY];
	const struct value_layout layout = { .kind = VALUE_INT };
	struct copies copies = { .entries = entries, .made = { made, 0, MANY } };
	const struct value_source source = { get_no_memory, forget_copies, &copies };

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		entries[i] = (struct sonde_map_entry){ &one, &one };
	assert_int_equal(value_sort_source(&layout, &source, indexes, MANY), -ENOMEM);
	assert_int_equal(value_sort_source(&layout, &source, indexes, 40), -ENOMEM);
	forget_copies(&copies);
}

#define RUN 300000
#define RUN_AT_ONCE 24000

struct failing {
	struct copies copies;
	size_t nr_left;		/* entries until memory is out */
};

static int get_until_it_fails(void *arg, size_t i, struct sonde_map_entry *entry)
{
	struct failing *f = arg;

	return f->nr_left-- ? get_copy(&f->copies, i, entry) : -ENOMEM;
}

static void forget_until_it_fails(void *arg)
{
	forget_copies(&((struct failing *)arg)->copies);
}

/* Entries that no rank tells apart are never all there, and in order even so. */
static void test_sort_of_a_run(void **state)
{
	static struct sonde_value value = { .kind = SONDE_VALUE_UINT, .is_unsigned = true,
					    .unsigned_number = UINT64_MAX };
	static struct sonde_value keys[RUN], *made[RUN_AT_ONCE];
	static struct sonde_map_entry entries[RUN];
	static uint32_t indexes[RUN];
	static const size_t sizes[] = { 16384, 16385, 40000, RUN };
	const struct value_layout layout = { .kind = VALUE_INT };
	struct failing f = { .copies = { entries, { made, 0, RUN_AT_ONCE } } };
	const struct value_source source = { get_until_it_fails, forget_until_it_fails, &f };

	(void)state;
	for (size_t i = 0; i < RUN; i++) {
		keys[i] = (struct sonde_value){ .kind = SONDE_VALUE_INT,
						.number = (int64_t)(i * 7919 % RUN) };
		entries[i] = (struct sonde_map_entry){ &keys[i], &value };
	}
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		f.nr_left = SIZE_MAX;
		assert_int_equal(value_sort_source(&layout, &source, indexes, sizes[k]), 0);
		assert_int_equal(f.copies.made.n, 0);
		for (size_t i = 1; i < sizes[k]; i++)
			assert_true(keys[indexes[i - 1]].number < keys[indexes[i]].number);
	}
	/* While ranking, in a piece, and where pieces are merged. */
	for (size_t left = 10000; left < 120000; left += 40000) {
		f.nr_left = left;
		assert_int_equal(value_sort_source(&layout, &source, indexes, 40000), -ENOMEM);
		forget_until_it_fails(&f);
	}
}

static void test_sort_many(void **state)
{
	static const enum sonde_value_kind kinds[] = { SONDE_VALUE_INT, SONDE_VALUE_UINT,
						       SONDE_VALUE_STRING };
	static struct sonde_value values[MANY], keys[MANY], parts[MANY][2];
	static struct sonde_map_entry entries[MANY];

	(void)state;
	for (int round = 0; round < 24; round++) {
		enum sonde_value_kind kind = kinds[round % 2], first = kinds[round / 2 % 3];
		bool by_value = round % 4 < 2, pairs = round & 4, mixed = round >= 20;
		const struct value_layout layout = { .kind = by_value ? VALUE_INT : VALUE_STRING };

		for (size_t i = 0; i < MANY; i++) {
			random_scalar(&values[i], kind);
			random_scalar(&parts[i][0], mixed ? kinds[pick(3)] : first);
			random_scalar(&parts[i][1], SONDE_VALUE_INT);
			keys[i] = parts[i][0];
			if (pairs)
				keys[i] = (struct sonde_value){ .kind = SONDE_VALUE_TUPLE,
								.items = parts[i], .nr_items = 2 };
			entries[i] = (struct sonde_map_entry){ &keys[i], &values[i] };
		}
		check_source(&layout, entries, MANY, by_value);
		check_source(&layout, entries, 40, by_value);
		value_sort(&layout, entries, MANY);
		for (size_t i = 1; i < MANY; i++)
			assert_true(in_order(&entries[i - 1], &entries[i], by_value));
	}
}

static const struct value_layout *random_layout(struct arena *a, int depth)
{
	static const uint32_t sizes[] = { 1, 2, 4, 8 };
	static const char *const texts[] = { "%H:%f" };
	struct value_layout *l = arena_new(a, struct value_layout);
	struct value_field *fields;

	do {
		l->kind = (enum value_kind)pick(VALUE_KIND_COUNT);
	} while (depth > 3 && (l->kind == VALUE_ARRAY || l->kind == VALUE_TUPLE ||
			       l->kind == VALUE_RECORD));
	l->is_signed = pick(2);
	l->size_bytes = l->kind <= VALUE_POINTER || l->kind == VALUE_USERNAME ||
		l->kind == VALUE_PROBE_NAME ? sizes[pick(4)] : 8 + pick(40);
	l->count = pick(5);
	l->param[0] = pick(8);
	l->param[1] = pick(4) + 8;
	l->param[2] = pick(3);
	l->texts = texts;
	l->nr_texts = 1;
	if (l->kind != VALUE_ARRAY && l->kind != VALUE_TUPLE && l->kind != VALUE_RECORD)
		return l;
	l->nr_fields = l->kind == VALUE_ARRAY ? 1 : pick(4);
	fields = arena_array(a, struct value_field, l->nr_fields);
	for (size_t i = 0; i < l->nr_fields; i++) {
		fields[i].name = l->kind == VALUE_RECORD && pick(3) ? "field" : NULL;
		fields[i].layout = random_layout(a, depth + 1);
		fields[i].offset_bytes = pick(40);
		fields[i].is_variable = !pick(4);
		if (fields[i].layout->kind <= VALUE_ENUM && !pick(3)) {
			fields[i].bit_offset = (uint8_t)pick(64);
			fields[i].bit_size = (uint8_t)pick(65);
		}
	}
	l->fields = fields;
	return l;
}

static void test_any_bytes(void **state)
{
	struct arena layouts;
	struct sbuf out = { 0 };

	arena_init(&layouts);
	for (int round = 0; round < 20000; round++) {
		const struct value_layout *layout = random_layout(&layouts, 0);
		size_t size = pick(64);
		uint8_t *bytes = malloc(size);	/* exact, so that reading beyond is seen */
		struct sonde_value v;
		json_t *parsed;

		for (size_t i = 0; i < size; i++)
			bytes[i] = (uint8_t)pick(pick(2) ? 256 : 8);
		v = decode(state, layout, bytes, size);
		value_divide(layout, &v, pick(3));
		sbuf_clear(&out);
		text_value(&out, &v);
		sbuf_clear(&out);
		out_json_value(&out, &v, JSON_PLAIN);
		parsed = json_loads(sbuf_text(&out), JSON_DECODE_ANY | JSON_ALLOW_NUL |
				    JSON_DECODE_INT_AS_REAL, NULL);
		if (!parsed)
			fail_msg("no JSON: %s", sbuf_text(&out));
		json_decref(parsed);
		free(bytes);
		arena_reset(&((struct fixture *)*state)->arena);
		arena_reset(&layouts);
	}
	sbuf_close(&out);
	arena_free(&layouts);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_numbers), TEST(test_enums), TEST(test_strings), TEST(test_buffers),
		TEST(test_variable_fields), TEST(test_composites),
		TEST(test_anonymous_members), TEST(test_endless_layout),
		TEST(test_network), TEST(test_timestamp), TEST(test_cgroup_path), TEST(test_symbols), TEST(test_stacks),
		TEST(test_merge), TEST(test_averages), TEST(test_hist_buckets),
		TEST(test_lhist_buckets), TEST(test_divide), TEST(test_sort),
		TEST(test_sort_many),
		TEST(test_sort_of_what_fails), TEST(test_sort_of_a_run),
		TEST(test_any_bytes),
	};

	return cmocka_run_group_tests_name("out_value", tests, NULL, NULL);
}
