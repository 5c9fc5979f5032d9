/*
 * Tests of src/out: events as text and as JSON, and how they are written.
 *
 * The lines are those of the reference where both agree on purpose.
 */
#include "base/sbuf.h"
#include "out/json.h"
#include "out/print.h"
#include "out/text.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

/* ---- small trees ---- */

#define INT(n)		{ .kind = SONDE_VALUE_INT, .number = (n) }
#define UINT(n)		{ .kind = SONDE_VALUE_UINT, .is_unsigned = true, .unsigned_number = (n) }
#define BOOL(n)		{ .kind = SONDE_VALUE_BOOL, .number = (n) }
#define TEXT(t)		{ .kind = SONDE_VALUE_STRING, .text = (t), .len = sizeof(t) - 1 }
#define BYTES(t)	{ .kind = SONDE_VALUE_BUFFER, .text = (t), .len = sizeof(t) - 1 }
#define SYMBOL(t, n)	{ .kind = SONDE_VALUE_SYMBOLIC, .text = (t), .len = sizeof(t) - 1, \
			  .is_unsigned = true, .unsigned_number = (n) }
#define ITEMS(k, a)	{ .kind = SONDE_VALUE_ ## k, .items = (a), \
			  .nr_items = sizeof(a) / sizeof((a)[0]) }
#define NAMED(n, k, u)	{ .name = (n), .kind = SONDE_VALUE_ ## k, .unsigned_number = (u), \
			  .is_unsigned = SONDE_VALUE_ ## k == SONDE_VALUE_UINT }

static const struct sonde_value numbers[] = { INT(1), INT(2) };
static const struct sonde_value nested[] = { INT(1), TEXT("x"), ITEMS(TUPLE, numbers) };
static const struct sonde_value lists[] = { ITEMS(LIST, numbers), ITEMS(LIST, numbers) };
static const struct sonde_value point[] = { NAMED("x", INT, 1), NAMED("y", INT, (uint64_t)-2) };
static const struct sonde_value stats[] = { NAMED("count", UINT, 3), NAMED("average", INT, 20),
					    NAMED("total", INT, 60) };
static const struct sonde_value frames[] = { SYMBOL("do_nanosleep+1", 0x55d0c1a2b1f0),
					     SYMBOL("main+16", 0x10) };
static const struct sonde_value none_items[] = { NAMED("f", NONE, 0) };

static const struct sonde_value low[] = { NAMED("max", INT, (uint64_t)-1), NAMED("count", UINT, 1) };
static const struct sonde_value zero[] = { NAMED("min", INT, 0), NAMED("max", INT, 0),
					   NAMED("count", UINT, 0) };
static const struct sonde_value one[] = { NAMED("min", INT, 1), NAMED("max", INT, 1),
					  NAMED("count", UINT, 3) };
static const struct sonde_value two[] = { NAMED("min", INT, 2), NAMED("max", INT, 3),
					  NAMED("count", UINT, 2) };
#define BUCKET(l, a)	{ .kind = SONDE_VALUE_RECORD, .text = (l), .items = (a), \
			  .nr_items = sizeof(a) / sizeof((a)[0]) }
static const struct sonde_value buckets[] = { BUCKET("(..., 0)", low), BUCKET("[0]", zero),
					      BUCKET("[1]", one), BUCKET("[2, 4)", two) };
static const struct sonde_value hist = ITEMS(HIST, buckets);

static const struct {
	struct sonde_value value;
	const char *text, *json;
} values[] = {
	{ { .kind = SONDE_VALUE_NONE }, "null", "null" },
	{ INT(-7), "-7", "-7" },
	{ INT(INT64_MIN), "-9223372036854775808", "-9223372036854775808" },
	{ UINT(UINT64_MAX), "18446744073709551615", "\"18446744073709551615\"" },
	{ UINT(9007199254740992), "9007199254740992", "9007199254740992" },
	{ UINT(9007199254740993), "9007199254740993", "\"9007199254740993\"" },
	{ UINT(9007199254740994), "9007199254740994", "9007199254740994" },
	{ INT(-9007199254740993), "-9007199254740993", "\"-9007199254740993\"" },
	{ BOOL(1), "true", "true" },
	{ BOOL(0), "false", "false" },
	{ TEXT("sshd"), "sshd", "\"sshd\"" },
	{ TEXT("a\"b\\c\nd\te\r\001\177"), "a\"b\\c\nd\te\r\001\177",
	  "\"a\\\"b\\\\c\\nd\\te\\r\\u0001\177\"" },
	{ TEXT("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"),
	  "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
	  "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"" },
	{ TEXT("\xff\xc3"), "\xff\xc3", "\"\\u00ff\\u00c3\"" },
	{ TEXT("\xc0\x80"), "\xc0\x80", "\"\\u00c0\\u0080\"" },
	{ TEXT("\xed\xa0\x80"), "\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\"" },
	{ BYTES("GET\x0d\xff"), "GET\\x0d\\xff", "[71,69,84,13,255]" },
	{ BYTES(""), "", "[]" },
	{ SYMBOL("TCP_SYN_SENT", 2), "TCP_SYN_SENT", "2" },
	{ SYMBOL("0xffff88810a2b4000", 0xffff88810a2b4000), "0xffff88810a2b4000",
	  "18446612686535606272" },
	{ ITEMS(LIST, lists), "[[1,2],[1,2]]", "[[1,2],[1,2]]" },
	{ { .kind = SONDE_VALUE_LIST }, "[]", "[]" },
	{ ITEMS(TUPLE, nested), "(1, x, (1, 2))", "[1,\"x\",[1,2]]" },
	{ ITEMS(RECORD, point), "{ .x = 1, .y = -2 }", "{\"x\": 1, \"y\": -2}" },
	{ ITEMS(RECORD, none_items), "{ .f = null }", "{\"f\": null}" },
	{ { .kind = SONDE_VALUE_RECORD }, "{}", "{}" },
	{ ITEMS(STATS, stats), "{ .count = 3, .average = 20, .total = 60 }",
	  "{\"count\": 3, \"average\": 20, \"total\": 60}" },
	{ ITEMS(STACK, frames), "\n        do_nanosleep+1\n        main+16\n",
	  "\"\\n        do_nanosleep+1\\n        main+16\\n\"" },
	{ { .kind = SONDE_VALUE_STACK, .number = SONDE_STACK_PERF, .items = frames, .nr_items = 2 },
	  "\n\t55d0c1a2b1f0 do_nanosleep+1\n\t10 main+16\n",
	  "\"\\n\\t55d0c1a2b1f0 do_nanosleep+1\\n\\t10 main+16\\n\"" },
	{ { .kind = SONDE_VALUE_STACK, .number = SONDE_STACK_RAW, .items = frames, .nr_items = 1 },
	  "\ndo_nanosleep+1\n", "\"\\ndo_nanosleep+1\\n\"" },
	{ { .kind = SONDE_VALUE_STACK }, "\n", "\"\\n\"" },
	{ { .kind = SONDE_VALUE_TIME, .text = "09:15", .len = 5 }, "09:15", "\"09:15\"" },
	{ { .kind = SONDE_VALUE_HIST }, "", "[]" },
};

static void test_values(void **state)
{
	struct sbuf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		json_t *parsed;

		sbuf_clear(&out);
		text_value(&out, &values[i].value);
		assert_string_equal(sbuf_text(&out), values[i].text);
		sbuf_clear(&out);
		out_json_value(&out, &values[i].value, JSON_PLAIN);
		assert_string_equal(sbuf_text(&out), values[i].json);
		parsed = json_loads(sbuf_text(&out), JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
		assert_non_null(parsed);
		json_decref(parsed);
	}
	sbuf_close(&out);
}

/* Any bytes at all are valid JSON and come back, byte by byte. */
static void test_json_of_any_bytes(void **state)
{
	struct sbuf out = { 0 };
	uint32_t seed = 1;
	char bytes[40];

	(void)state;
	for (int round = 0; round < 5000; round++) {
		json_error_t error;
		json_t *parsed;

		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (char)(seed >> 24);
		}
		sbuf_clear(&out);
		out_json_string(&out, bytes, (size_t)round % sizeof(bytes));
		parsed = json_loads(sbuf_text(&out), JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
		if (!parsed)
			fail_msg("%s: %s", error.text, sbuf_text(&out));
		json_decref(parsed);
	}
	sbuf_close(&out);
}

/* ---- events ---- */

static const struct sonde_value pair_key = ITEMS(TUPLE, numbers);
static const struct sonde_value text_keys[] = { TEXT("my app"), TEXT("(x)") };
static const struct sonde_value stack_key = ITEMS(STACK, frames);
static const struct sonde_value twelve = UINT(12);
static const struct sonde_value stats_value = ITEMS(STATS, stats);
static const struct sonde_map_entry scalar[] = { { NULL, &twelve } };
static const struct sonde_map_entry keyed[] = { { &pair_key, &twelve }, { &text_keys[0], &twelve },
						{ &text_keys[1], &twelve } };
static const struct sonde_map_entry by_stack[] = { { &stack_key, &twelve } };
static const struct sonde_map_entry one_hist[] = { { NULL, &hist } };
static const struct sonde_map_entry hists[] = { { &text_keys[0], &hist }, { &twelve, &hist } };
static const struct sonde_map_entry one_stats[] = { { NULL, &stats_value } };

#define MAP(n, k, a)	{ .kind = SONDE_EVENT_MAP, .name = (n), .map_kind = SONDE_MAP_ ## k, \
			  .entries = (a), .nr_entries = sizeof(a) / sizeof((a)[0]) }
#define SAID(k, t)	{ .kind = SONDE_EVENT_ ## k, .text = (t), .len = sizeof(t) - 1 }
#define AT(k, t)	{ .kind = SONDE_EVENT_ ## k, .text = (t), .len = (t) ? sizeof(t) - 1 : 0, \
			  .place = { "t.bt", 3, 7, 3, 12, "\tx = 5 / $y;", NULL } }

#define HIST_TEXT								\
	"(..., 0)               1 |@@@@@@@@@@@@@@@@@                                   |\n" \
	"[0]                    0 |                                                    |\n" \
	"[1]                    3 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n" \
	"[2, 4)                 2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@                  |\n" \
	"\n"
#define HIST_JSON								\
	"[{\"max\": -1, \"count\": 1},{\"min\": 0, \"max\": 0, \"count\": 0},"	\
	"{\"min\": 1, \"max\": 1, \"count\": 3},{\"min\": 2, \"max\": 3, \"count\": 2}]"
#define PLACE_JSON	"\"filename\": \"t.bt\", \"line\": 3, \"col\": 7}\n"

static const struct {
	struct sonde_event event;
	const char *text;	/* data in text mode */
	const char *errors;	/* messages in text mode */
	const char *json;
} events[] = {
	{ SAID(PRINTF, "pid 41\n"), "pid 41\n", "", "{\"type\": \"printf\", \"data\": \"pid 41\\n\"}\n" },
	{ { .kind = SONDE_EVENT_VALUE, .values = &pair_key, .nr_values = 1 }, "(1, 2)\n", "",
	  "{\"type\": \"value\", \"data\": [1,2]}\n" },
	{ MAP("opens", PLAIN, scalar), "@opens: 12\n", "",
	  "{\"type\": \"map\", \"data\": {\"@opens\": 12}}\n" },
	{ MAP("", PLAIN, keyed), "@[1, 2]: 12\n@[my app]: 12\n@[x]: 12\n", "",
	  "{\"type\": \"map\", \"data\": {\"@\": {\"1,2\": 12, \"myapp\": 12, \"x\": 12}}}\n" },
	{ MAP("s", PLAIN, by_stack), "@s[\n        do_nanosleep+1\n        main+16\n]: 12\n", "",
	  "{\"type\": \"map\", \"data\": {\"@s\": {\"\\ndo_nanosleep+1\\nmain+16\\n\": 12}}}\n" },
	{ MAP("h", HIST, one_hist), "@h:\n" HIST_TEXT, "",
	  "{\"type\": \"hist\", \"data\": {\"@h\": " HIST_JSON "}}\n" },
	{ MAP("h", HIST, hists), "@h[my app]:\n" HIST_TEXT "@h[12]:\n" HIST_TEXT, "",
	  "{\"type\": \"hist\", \"data\": {\"@h\": {\"myapp\": " HIST_JSON ", \"12\": " HIST_JSON "}}}\n" },
	{ MAP("t", STATS, one_stats), "@t: { .count = 3, .average = 20, .total = 60 }\n", "",
	  "{\"type\": \"stats\", \"data\": {\"@t\": {\"count\": 3, \"average\": 20, \"total\": 60}}}\n" },
	{ { .kind = SONDE_EVENT_MAP, .name = "e" }, "", "", "" },
	{ { .kind = SONDE_EVENT_MAP, .name = "e", .map_kind = SONDE_MAP_STATS }, "", "",
	  "{\"type\": \"stats\", \"data\": {\"@e\": {}}}\n" },
	{ SAID(TIME, "09:15:02\n"), "09:15:02\n", "", "{\"type\": \"time\", \"data\": \"09:15:02\\n\"}\n" },
	{ SAID(CAT, "0.31\n"), "0.31\n", "", "{\"type\": \"cat\", \"data\": \"0.31\\n\"}\n" },
	{ SAID(JOIN, "make -j4"), "make -j4\n", "", "{\"type\": \"join\", \"data\": \"make -j4\"}\n" },
	{ SAID(SYSTEM, "done\n"), "done\n\n", "", "{\"type\": \"syscall\", \"data\": \"done\\n\"}\n" },
	{ { .kind = SONDE_EVENT_ATTACHED, .count = 1 }, "", "Attached 1 probe\n",
	  "{\"type\": \"attached_probes\", \"count\": 1, \"data\": {\"probes\": 1}}\n" },
	{ { .kind = SONDE_EVENT_ATTACHED, .count = 7 }, "", "Attached 7 probes\n",
	  "{\"type\": \"attached_probes\", \"count\": 7, \"data\": {\"probes\": 7}}\n" },
	{ { .kind = SONDE_EVENT_LOST, .count = 5 }, "", "Lost 5 events\n",
	  "{\"type\": \"lost_events\", \"count\": 5, \"data\": {\"events\": 5}}\n" },
	{ AT(ERRORF, "bad fd 9\n"), "", "t.bt:3:7-12: ERROR: bad fd 9\n",
	  "{\"type\": \"errorf\", \"msg\": \"bad fd 9\\n\", " PLACE_JSON },
	{ AT(WARNF, "w"), "", "t.bt:3:7-12: WARNING: w\n",
	  "{\"type\": \"warnf\", \"msg\": \"w\", " PLACE_JSON },
	{ AT(RUNTIME_ERROR, "Divided."), "",
	  "t.bt:3:7-12: WARNING: Divided.\n    x = 5 / $y;\n         ~~~~~\n",
	  "{\"type\": \"runtime_error\", \"msg\": \"Divided.\", " PLACE_JSON },
	{ { .kind = SONDE_EVENT_RUNTIME_ERROR, .text = "Read.", .len = 5,
	    .place = { "stdin", 4, 6, 5, 6, "\tif (5 /\n\t  $x) {", NULL } }, "",
	  "stdin:4-5: WARNING: Read.\n    if (5 /\n      $x) {\n",
	  "{\"type\": \"runtime_error\", \"msg\": \"Read.\", \"filename\": \"stdin\", "
	  "\"line\": 4, \"col\": 6}\n" },
	{ { .kind = SONDE_EVENT_HELPER_ERROR, .name = "probe_read_user", .return_code = -14,
	    .place = { "t.bt", 3, 7, 3, 12, "\tx = 5 / $y;", NULL } }, "",
	  "t.bt:3:7-12: WARNING: Bad address\n"
	  "Additional Info - helper: probe_read_user, retcode: -14\n"
	  "    x = 5 / $y;\n         ~~~~~\n"
	  "HINT: the address is wrong, or its page is not in memory now, and a probe cannot wait for "
	  "it; what a system call has used is there at its end: keep the address at sys_enter, read at "
	  "sys_exit\n",
	  "{\"type\": \"helper_error\", \"msg\": \"Bad address\", \"helper\": \"probe_read_user\", "
	  "\"retcode\": -14, " PLACE_JSON },
	{ { .kind = SONDE_EVENT_HELPER_ERROR, .name = "map_lookup_elem" }, "",
	  "WARNING: Can't lookup map element because it does not exist.\n"
	  "Additional Info - helper: map_lookup_elem, retcode: 0\n",
	  "{\"type\": \"helper_error\", \"msg\": \"Success\", \"helper\": \"map_lookup_elem\", "
	  "\"retcode\": 0}\n" },
	{ { .kind = SONDE_EVENT_RESULTS }, "\n\n", "", "" },
};

/* Tests: only what a failed one printed is shown, messages and all. */
static const struct sonde_event trial_events[] = {
	{ .kind = SONDE_EVENT_TESTS, .count = 2 },
	{ .kind = SONDE_EVENT_TEST_BEGIN, .name = "good" },
	SAID(PRINTF, "dropped\n"),
	{ .kind = SONDE_EVENT_TEST_RESULT, .name = "good", .duration_ns = 999 },
	{ .kind = SONDE_EVENT_TEST_BEGIN, .name = "bad" },
	SAID(PRINTF, "shown"),
	AT(ERRORF, ", wrong"),
	{ .kind = SONDE_EVENT_TEST_RESULT, .name = "bad", .duration_ns = 2500, .return_code = 1 },
	{ .kind = SONDE_EVENT_TESTS_END },
	SAID(PRINTF, "after\n"),
	{ .kind = SONDE_EVENT_BENCHES_END },	/* of none: no table */
	{ .kind = SONDE_EVENT_BENCH_BEGIN, .name = "b" },
	SAID(PRINTF, "dropped\n"),
	{ .kind = SONDE_EVENT_BENCH_RESULT, .name = "b", .duration_ns = 26, .count = 40000 },
	{ .kind = SONDE_EVENT_BENCH_RESULT, .name = "skipped", .return_code = 1 },
	{ .kind = SONDE_EVENT_BENCHES_END },
};

#define GREEN(text) "\033[32m[" text "]\033[0m "
#define RED(text) "\033[31m[" text "]\033[0m "

static const char trial_text[] =
	GREEN("==========") "Running 2 tests.\n"
	GREEN(" RUN      ") "good\n" GREEN("       OK ") "good (999 ns)\n"
	GREEN(" RUN      ") "bad\nshownt.bt:3:7-12: ERROR: , wrong\n"
	RED("  FAILED  ") "bad (2 μs)\n"
	GREEN("==========") "2 tests ran.\n" GREEN("  PASSED  ") "1 test.\n"
	RED("  FAILED  ") "1 test, listed below:\n" RED("  FAILED  ") "bad\nafter\n"
	"Benchmark                                Time(ns)       Iterations\n"
	"------------------------------------------------------------------\n"
	"b                                        26             40000\n";

static const char trial_json[] =
	"{\"type\": \"test_result\", \"data\": {\"good\": {\"duration\": 999, \"passed\": true, "
	"\"output\": \"dropped\\n\"}}}\n"
	"{\"type\": \"test_result\", \"data\": {\"bad\": {\"duration\": 2500, \"passed\": false, "
	"\"output\": \"shownt.bt:3:7-12: ERROR: , wrong\\n\"}}}\n"
	"{\"type\": \"printf\", \"data\": \"after\\n\"}\n"
	"{\"type\": \"benchmark_result\", \"data\": {\"b\": {\"average\": 26, \"iters\": 40000}}}\n";

/* What was written to a memory file, which is emptied. */
static void expect_written(int fd, const char *expected)
{
	char buf[8192];
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

	assert_true(n >= 0);
	buf[n] = '\0';
	assert_string_equal(buf, expected);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
}

static void test_trials(void **state)
{
	int data = memfd_create("data", 0);
	struct printer_options options = { .fd = data, .error_fd = -1 };
	struct printer *p;

	(void)state;
	for (options.format = SONDE_TEXT; options.format <= SONDE_JSON; options.format++) {
		assert_int_equal(print_open(&p, &options), 0);
		for (size_t i = 0; i < sizeof(trial_events) / sizeof(trial_events[0]); i++)
			print_event(p, &trial_events[i]);
		assert_int_equal(print_close(p), 0);
		expect_written(data, options.format == SONDE_TEXT ? trial_text : trial_json);
	}
	close(data);
}

static void test_events(void **state)
{
	int data = memfd_create("data", 0), errors = memfd_create("errors", 0);
	struct printer_options options = { .fd = data, .error_fd = errors };

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		struct printer *p;

		options.format = SONDE_TEXT;
		assert_int_equal(print_open(&p, &options), 0);
		print_event(p, &events[i].event);
		assert_int_equal(print_close(p), 0);
		expect_written(data, events[i].text);
		expect_written(errors, events[i].errors);
		options.format = SONDE_JSON;
		assert_int_equal(print_open(&p, &options), 0);
		print_event(p, &events[i].event);
		assert_int_equal(print_close(p), 0);
		expect_written(data, events[i].json);
		expect_written(errors, "");
	}
	close(data);
	close(errors);
}

#define TIME	.time_ns = UINT64_C(1741079702000000009)
#define STREAM(type)	"{\"version\": 1, \"type\": \"" type "\", \"time\": \"2025-03-04T09:15:02.000000009Z\", "

static const struct sonde_value fields[] = {
	{ .name = "pid", .kind = SONDE_VALUE_INT, .number = 41 },
	{ .name = "a \"b\"", .kind = SONDE_VALUE_STRING, .text = "\377", .len = 1 },
	{ .name = "s", .kind = SONDE_VALUE_STACK, .items = frames, .nr_items = 2 },
};
static const struct sonde_value key_parts[] = { TEXT("x"), SYMBOL("RED", 1) };
static const struct sonde_value two_parts = ITEMS(TUPLE, key_parts), one_part = TEXT("x");
static const struct sonde_value seven = UINT(7);
static const struct sonde_map_entry pair_entry = { &two_parts, &seven },
				    single_entry = { &one_part, &seven },
				    scalar_entry = { NULL, &seven };
static const char *const key_names[] = { "comm", "colour" };

static const struct {
	struct sonde_event event;
	const char *line;
} stream[] = {
	{ { .kind = SONDE_EVENT_PRINTF, TIME, .probe = "p", .has_context = true, .cpu = 1,
	    .pid = 2, .tid = 3, .text = "t\n", .len = 2, .values = fields, .nr_values = 3 },
	  STREAM("printf") "\"probe\": \"p\", \"cpu\": 1, \"pid\": 2, \"tid\": 3, \"text\": \"t\\n\", "
	  "\"fields\": {\"pid\": 41, \"a \\\"b\\\"\": \"\\u00ff\", "
	  "\"s\": [\"do_nanosleep+1\",\"main+16\"]}}\n" },
	{ { .kind = SONDE_EVENT_MAP, TIME, .name = "m", .map_is_keyed = true,
	    .entries = &pair_entry, .nr_entries = 1, .key_names = key_names, .nr_key_names = 2 },
	  STREAM("map") "\"name\": \"@m\", \"kind\": \"plain\", \"keys\": [\"comm\", \"colour\"], "
	  "\"entries\": [{\"key\": {\"comm\": \"x\", \"colour\": \"RED\"}, \"value\": 7}]}\n" },
	{ { .kind = SONDE_EVENT_MAP, TIME, .name = "m", .map_is_keyed = true,
	    .entries = &single_entry, .nr_entries = 1, .key_names = key_names, .nr_key_names = 1 },
	  STREAM("map") "\"name\": \"@m\", \"kind\": \"plain\", \"keys\": [\"comm\"], "
	  "\"entries\": [{\"key\": {\"comm\": \"x\"}, \"value\": 7}]}\n" },
	{ { .kind = SONDE_EVENT_MAP, TIME, .name = "m", .entries = &scalar_entry, .nr_entries = 1 },
	  STREAM("map") "\"name\": \"@m\", \"kind\": \"plain\", \"value\": 7}\n" },
	{ { .kind = SONDE_EVENT_MAP, TIME, .name = "m", .map_kind = SONDE_MAP_HIST },
	  STREAM("map") "\"name\": \"@m\", \"kind\": \"hist\", \"value\": null}\n" },
	{ { .kind = SONDE_EVENT_LOST, TIME, .probe = "p", .count = 5, .text = "full", .len = 4,
	    .loss = SONDE_LOSS_RING },
	  STREAM("lost") "\"probe\": \"p\", \"count\": 5, \"cause\": \"ring_full\", \"text\": \"full\"}\n" },
	{ { .kind = SONDE_EVENT_RESULTS, TIME }, "" },
	{ { .kind = SONDE_EVENT_END, TIME, .text = "exit", .len = 4, .return_code = 3, .count = 2,
	    .dropped = 1 },
	  STREAM("end") "\"reason\": \"exit\", \"exit_code\": 3, \"lost\": 2, \"dropped\": 1}\n" },
};

static void test_stream(void **state)
{
	int data = memfd_create("data", 0);
	const struct printer_options options = { .fd = data, .error_fd = -1,
						 .format = SONDE_EVENTS };

	(void)state;
	for (size_t i = 0; i < sizeof(stream) / sizeof(stream[0]); i++) {
		struct printer *p;

		assert_int_equal(print_open(&p, &options), 0);
		print_event(p, &stream[i].event);
		assert_int_equal(print_close(p), 0);
		expect_written(data, stream[i].line);
	}
	close(data);
}

static void test_colour(void **state)
{
	const struct sonde_event e = { .kind = SONDE_EVENT_ERRORF, .text = "x", .len = 1,
				       .place = { "t.bt", 1, 2, 1, 3, NULL, NULL } };
	int errors = memfd_create("errors", 0);
	const struct printer_options options = { .fd = -1, .error_fd = errors, .colour = true };
	struct printer *p;

	(void)state;
	assert_int_equal(print_open(&p, &options), 0);
	print_event(p, &e);
	expect_written(errors, "\033[31mt.bt:1:2-3: ERROR: x\033[0m\n");
	assert_int_equal(print_close(p), 0);
	close(errors);
}

/* ---- writing ---- */

static void say(struct printer *p, const char *text)
{
	const struct sonde_event e = { .kind = SONDE_EVENT_PRINTF, .text = text,
				       .len = strlen(text) };

	print_event(p, &e);
}

static void test_flush_modes(void **state)
{
	int data = memfd_create("data", 0);
	struct printer_options options = { .fd = data, .error_fd = -1 };
	struct printer *p;

	(void)state;
	options.flush = SONDE_FLUSH_LINE;
	assert_int_equal(print_open(&p, &options), 0);
	say(p, "a");
	assert_int_equal(print_end(p), 0);
	expect_written(data, "");
	say(p, "b\nc");
	expect_written(data, "");
	assert_int_equal(print_end(p), 0);
	expect_written(data, "ab\nc");
	say(p, "d");
	assert_int_equal(print_end(p), 0);
	expect_written(data, "");
	assert_int_equal(print_close(p), 0);
	expect_written(data, "d");

	options.flush = SONDE_FLUSH_NONE;
	assert_int_equal(print_open(&p, &options), 0);
	say(p, "a");
	expect_written(data, "a");
	assert_int_equal(print_close(p), 0);

	options.flush = SONDE_FLUSH_FULL;
	assert_int_equal(print_open(&p, &options), 0);
	say(p, "a\n");
	assert_int_equal(print_end(p), 0);
	expect_written(data, "");
	assert_int_equal(print_flush(p), 0);
	expect_written(data, "a\n");
	assert_int_equal(print_close(p), 0);
	close(data);
}

static void test_large_output_is_written(void **state)
{
	int data = memfd_create("data", 0);
	const struct printer_options options = { .fd = data, .flush = SONDE_FLUSH_FULL };
	struct printer *p;
	char line[1001];

	(void)state;
	memset(line, 'x', 1000);
	line[1000] = '\0';
	assert_int_equal(print_open(&p, &options), 0);
	for (int i = 0; i < 1000; i++)
		say(p, line);
	assert_in_range(lseek(data, 0, SEEK_END), 900000, 1000000);
	assert_int_equal(print_close(p), 0);
	assert_int_equal(lseek(data, 0, SEEK_END), 1000000);
	close(data);
}

static void test_failed_writes(void **state)
{
	struct printer_options options = { .flush = SONDE_FLUSH_LINE, .error_fd = -1 };
	struct printer *p;
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	options.fd = ends[1];
	assert_int_equal(print_open(&p, &options), 0);
	say(p, "a\n");
	assert_int_equal(print_end(p), -EPIPE);
	assert_int_equal(print_status(p), -EPIPE);
	say(p, "b\n");
	assert_int_equal(print_close(p), -EPIPE);
	close(ends[1]);

	options.fd = open("/dev/full", O_WRONLY);
	assert_true(options.fd >= 0);
	assert_int_equal(print_open(&p, &options), 0);
	say(p, "no newline");
	assert_int_equal(print_end(p), 0);
	assert_int_equal(print_close(p), -ENOSPC);
	close(options.fd);
}

static void test_quiet(void **state)
{
	const struct sonde_event e = { .kind = SONDE_EVENT_ATTACHED, .count = 1 };
	int data = memfd_create("data", 0);
	struct printer_options options = { .fd = data, .error_fd = data, .quiet = true };
	struct printer *p;

	(void)state;
	for (options.format = SONDE_TEXT; options.format <= SONDE_JSON; options.format++) {
		assert_int_equal(print_open(&p, &options), 0);
		print_event(p, &e);
		assert_int_equal(print_close(p), 0);
		expect_written(data, "");
	}
	close(data);
	assert_int_equal(print_close(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_json_of_any_bytes),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_trials),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_flush_modes),
		cmocka_unit_test(test_large_output_is_written),
		cmocka_unit_test(test_failed_writes),
		cmocka_unit_test(test_quiet),
	};

	return cmocka_run_group_tests_name("out_print", tests, NULL, NULL);
}
