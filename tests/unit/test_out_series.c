/*
 * Tests of src/out: series from slots to rows, graph and JSON.
 */
#include "base/sbuf.h"
#include "out/json.h"
#include "out/text.h"
#include "out/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define MS 1000000ull
#define START 1700000000000ull	/* in ms: 22:13:20 */

struct slot {
	uint64_t value, beside, epoch;
};

static struct value_layout layout_of(uint32_t count, enum value_series f, bool is_signed)
{
	return (struct value_layout){ .kind = VALUE_TSERIES, .is_signed = is_signed,
				      .size_bytes = count * 24, .param = { MS, count, f } };
}

struct fixture {
	struct arena arena;
	struct value_decoder d;
	struct sbuf text;
};

static void open_fixture(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	arena_init(&f->arena);
	f->d.arena = &f->arena;
	setenv("TZ", "UTC", 1);
	tzset();
}

static void close_fixture(struct fixture *f)
{
	sbuf_close(&f->text);
	arena_free(&f->arena);
}

static struct sonde_value decode(struct fixture *f, const struct value_layout *l,
				 const struct slot *slots)
{
	struct sonde_value v;

	assert_int_equal(value_decode(&f->d, l, slots, l->size_bytes, &v), 0);
	assert_int_equal(v.kind, SONDE_VALUE_SERIES);
	return v;
}

/* Slots of two CPUs become one. */
static void expect_merged(enum value_series function, bool is_signed, struct slot a, struct slot b,
			  struct slot want)
{
	struct value_layout l = layout_of(1, function, is_signed);

	value_merge(&l, &a, &b);
	assert_memory_equal(&a, &want, sizeof(a));
}

static void test_merge(void **state)
{
	const struct slot none = { 0 };

	(void)state;
	/* the newest interval wins */
	expect_merged(VALUE_SERIES_SUM, false, (struct slot){ 9, 0, 5 }, (struct slot){ 1, 0, 6 },
		      (struct slot){ 1, 0, 6 });
	expect_merged(VALUE_SERIES_SUM, false, (struct slot){ 9, 0, 6 }, (struct slot){ 1, 0, 5 },
		      (struct slot){ 9, 0, 6 });
	expect_merged(VALUE_SERIES_SUM, false, (struct slot){ 9, 0, 6 }, none,
		      (struct slot){ 9, 0, 6 });
	/* within one, what the function says */
	expect_merged(VALUE_SERIES_SUM, false, (struct slot){ 9, 0, 6 }, (struct slot){ 1, 0, 6 },
		      (struct slot){ 10, 0, 6 });
	expect_merged(VALUE_SERIES_AVG, false, (struct slot){ 9, 2, 6 }, (struct slot){ 1, 1, 6 },
		      (struct slot){ 10, 3, 6 });
	expect_merged(VALUE_SERIES_MAX, false, (struct slot){ 9, 1, 6 }, (struct slot){ 12, 1, 6 },
		      (struct slot){ 12, 1, 6 });
	expect_merged(VALUE_SERIES_MAX, true, (struct slot){ 9, 1, 6 },
		      (struct slot){ (uint64_t)-1, 1, 6 }, (struct slot){ 9, 1, 6 });
	expect_merged(VALUE_SERIES_MIN, true, (struct slot){ 9, 1, 6 },
		      (struct slot){ (uint64_t)-1, 1, 6 }, (struct slot){ (uint64_t)-1, 1, 6 });
	expect_merged(VALUE_SERIES_MIN, false, (struct slot){ 9, 1, 6 },
		      (struct slot){ (uint64_t)-1, 1, 6 }, (struct slot){ 9, 1, 6 });
	expect_merged(VALUE_SERIES_MIN, false, (struct slot){ 9, 1, 6 }, (struct slot){ 0, 0, 6 },
		      (struct slot){ 9, 1, 6 });
	expect_merged(VALUE_SERIES_LAST, false, (struct slot){ 9, 70, 6 },
		      (struct slot){ 1, 80, 6 }, (struct slot){ 1, 80, 6 });
	expect_merged(VALUE_SERIES_LAST, false, (struct slot){ 9, 90, 6 },
		      (struct slot){ 1, 80, 6 }, (struct slot){ 9, 90, 6 });
}

/* Rows come in the order of time, wherever their slots are; averages divide. */
static void test_rows(void **state)
{
	const struct slot slots[] = { { 10, 4, START + 2 }, { (uint64_t)-9, 2, START }, { 0 } };
	struct value_layout l = layout_of(3, VALUE_SERIES_AVG, true);
	struct fixture f;
	struct sonde_value v;

	(void)state;
	open_fixture(&f);
	v = decode(&f, &l, slots);
	assert_int_equal(v.nr_items, 2);
	assert_string_equal(v.items[0].items[0].name, "interval_start");
	assert_string_equal(v.items[0].items[0].text, "2023-11-14 22:13:20.000000000");
	assert_int_equal(v.items[0].items[0].unsigned_number, START * MS);
	assert_string_equal(v.items[0].items[1].name, "value");
	assert_int_equal(v.items[0].items[1].number, -4);
	assert_string_equal(v.items[1].items[0].text, "2023-11-14 22:13:20.002000000");
	assert_int_equal(v.items[1].items[1].number, 2);
	close_fixture(&f);
}

/* All end with the newest; what is before the window is dropped. */
static void test_window(void **state)
{
	const struct slot a[] = { { 1, 0, START }, { 2, 0, START + 1 }, { 0 } };
	const struct slot b[] = { { 3, 0, START + 3 }, { 0 }, { 0 } };
	const struct slot c[] = { { 4, 0, START - 5 }, { 0 }, { 0 } };
	struct value_layout l = layout_of(3, VALUE_SERIES_LAST, false);
	struct sonde_map_entry entries[3];
	struct sonde_value v[3];
	struct fixture f;

	(void)state;
	open_fixture(&f);
	v[0] = decode(&f, &l, a);
	v[1] = decode(&f, &l, b);
	v[2] = decode(&f, &l, c);
	for (int i = 0; i < 3; i++)
		entries[i] = (struct sonde_map_entry){ .value = &v[i] };
	value_align(&f.arena, &l, entries, 3);
	assert_int_equal(v[0].nr_items, 3);
	assert_int_equal(v[0].items[0].items[1].unsigned_number, 2);
	assert_int_equal(v[0].items[1].items[1].kind, SONDE_VALUE_NONE);
	assert_int_equal(v[0].items[2].items[1].kind, SONDE_VALUE_NONE);
	assert_int_equal(v[0].items[2].items[0].unsigned_number, (START + 3) * MS);
	assert_int_equal(v[1].nr_items, 1);
	assert_int_equal(v[2].nr_items, 0);
	text_value(&f.text, &v[2]);
	assert_string_equal(sbuf_text(&f.text), "<no data>");
	sbuf_clear(&f.text);
	out_json_value(&f.text, &v[0], JSON_PLAIN);
	assert_string_equal(sbuf_text(&f.text),
			    "[{\"interval_start\":\"2023-11-14 22:13:20.001000000\",\"value\":2}]");
	close_fixture(&f);
}

static const char graph[] =
	"             -36                                                11\n"
	"hh:mm:ss.ms  |___________________________________________________|\n"
	"22:13:20.200 |                                       .           * 11\n"
	"22:13:20.201 |                                       .           | -\n"
	"22:13:20.202 *                                       .           | -36\n"
	"             v___________________________________________________v\n"
	"             -36                                                11\n";

static const char graph_of_one[] =
	"                   6                                                   8\n"
	"hh:mm:ss.ns        |___________________________________________________|\n"
	"22:13:20.000000000 |                         *                         | 7\n"
	"                   v___________________________________________________v\n"
	"                   6                                                   8\n";

static const char graph_of_micros[] =
	"                0                                                   1\n"
	"hh:mm:ss.\u03bcs    |___________________________________________________|\n"
	"22:13:20.000000 *                                                   | 0\n"
	"22:13:20.000001 *                                                   | 0\n"
	"                v___________________________________________________v\n"
	"                0                                                   1\n";

static void expect_graph(struct fixture *f, const struct value_layout *l, const struct slot *slots,
			 const char *text)
{
	struct sonde_value v = decode(f, l, slots);
	struct sonde_map_entry entry = { .value = &v };

	value_align(&f->arena, l, &entry, 1);
	sbuf_clear(&f->text);
	text_value(&f->text, &v);
	assert_string_equal(sbuf_text(&f->text), text);
}

static void test_graph(void **state)
{
	const struct slot slots[] = { { 11, 0, START + 200 }, { (uint64_t)-36, 0, START + 202 },
				      { 0 }, { 0 } };
	const struct slot one[] = { { 7, 0, START }, { 0 }, { 0 }, { 0 } };
	const struct slot micros[] = { { 0, 0, START * 1000 }, { 0, 0, START * 1000 + 1 }, { 0 } };
	struct value_layout l = layout_of(4, VALUE_SERIES_SUM, true);
	struct fixture f;

	(void)state;
	open_fixture(&f);
	expect_graph(&f, &l, slots, graph);
	expect_graph(&f, &l, one, graph_of_one);
	l = layout_of(3, VALUE_SERIES_SUM, false);
	l.param[0] = 1000;
	expect_graph(&f, &l, micros, graph_of_micros);
	close_fixture(&f);
}

/* The whole range of numbers has a place. */
static void test_extremes(void **state)
{
	const struct slot ends[] = { { (uint64_t)INT64_MIN, 0, START }, { INT64_MAX, 0, START + 1 },
				     { 0, 0, START + 2 } };
	struct value_layout l = layout_of(3, VALUE_SERIES_SUM, true);
	struct fixture f;
	struct sonde_value v;

	(void)state;
	open_fixture(&f);
	v = decode(&f, &l, ends);
	text_value(&f.text, &v);
	assert_non_null(strstr(sbuf_text(&f.text), ".000 *                         .           "
			       "              | -9223372036854775808\n"));
	assert_non_null(strstr(sbuf_text(&f.text), ".001 |                         .           "
			       "              * 9223372036854775807\n"));
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge), cmocka_unit_test(test_rows),
		cmocka_unit_test(test_window), cmocka_unit_test(test_graph),
		cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
