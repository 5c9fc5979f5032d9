/*
 * Tests of src/out: pictures of stacks, from made-up map events to what is written.
 */
#include "base/sbuf.h"
#include "out/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- stacks ---- */

#define FUNCTION(f)	(&(const struct sonde_frame){ .function = (f), .module = "/usr/bin/app", \
						      .file = "/src/app.c", .line = 7 })
#define KERNEL(f)	(&(const struct sonde_frame){ .function = (f) })
#define FRAME(f)	{ .kind = SONDE_VALUE_SYMBOLIC, .text = "text+1", .len = 6, .frame = (f) }
#define TEXT(t)		{ .kind = SONDE_VALUE_STRING, .text = (t), .len = sizeof(t) - 1 }
#define INT(n)		{ .kind = SONDE_VALUE_INT, .number = (n) }
#define ITEMS(k, a)	{ .kind = SONDE_VALUE_ ## k, .items = (a), \
			  .nr_items = sizeof(a) / sizeof((a)[0]) }
#define COUNT(n)	{ .name = "count", .kind = SONDE_VALUE_UINT, .unsigned_number = (n) }
#define KSTACK(a)	{ .kind = SONDE_VALUE_STACK, .is_kernel = true, .items = (a), \
			  .nr_items = sizeof(a) / sizeof((a)[0]) }

static const struct sonde_value user_frames[] = {
	FRAME(FUNCTION("leaf")), FRAME(FUNCTION("std::f(int, char; *)")), FRAME(FUNCTION("main")),
};
static const struct sonde_value other_frames[] = {
	FRAME(FUNCTION("other")), FRAME(FUNCTION("main")),
};
static const struct sonde_value unknown_frames[] = {
	FRAME(FUNCTION(NULL)), FRAME(KERNEL(NULL)), FRAME(NULL),
};
static const struct sonde_value kernel_frames[] = {
	FRAME(KERNEL("vfs_read")), FRAME(KERNEL("entry")),
};
static const struct sonde_value user = ITEMS(STACK, user_frames);
static const struct sonde_value other = ITEMS(STACK, other_frames);
static const struct sonde_value unknown = ITEMS(STACK, unknown_frames);
static const struct sonde_value kernel = KSTACK(kernel_frames);
static const struct sonde_value none = { .kind = SONDE_VALUE_STACK };

static const struct sonde_value inner[] = { TEXT("a b;\n\xff\xc3\xbc"), INT(-7) };
static const struct sonde_value both[] = { KSTACK(kernel_frames), ITEMS(TUPLE, inner),
					   ITEMS(STACK, other_frames) };
static const struct sonde_value tuple = ITEMS(TUPLE, both);
static const struct sonde_value only_name[] = { TEXT(""), { .kind = SONDE_VALUE_STACK } };
static const struct sonde_value without = ITEMS(TUPLE, only_name);

/* ---- values ---- */

static const struct sonde_value bucket_one[] = { COUNT(3) }, bucket_two[] = { COUNT(4) };
static const struct sonde_value buckets[] = { ITEMS(RECORD, bucket_one), ITEMS(RECORD, bucket_two) };
static const struct sonde_value stats_fields[] = {
	COUNT(2), { .name = "total", .kind = SONDE_VALUE_INT, .number = 11 },
};
static const struct sonde_value one = INT(1), two = INT(2), zero = INT(0), negative = INT(-1);
static const struct sonde_value hist = ITEMS(HIST, buckets), stats = ITEMS(STATS, stats_fields);
static const struct sonde_value text = TEXT("x");
static const struct sonde_value huge = { .kind = SONDE_VALUE_UINT, .unsigned_number = UINT64_MAX };

/* ---- printing ---- */

struct output {
	struct printer *p;
	int data, messages;
	char text[65536];
};

static void begin(struct output *o, enum sonde_format format)
{
	struct printer_options options = { .format = format };

	options.fd = o->data = memfd_create("data", 0);
	options.error_fd = o->messages = memfd_create("messages", 0);
	assert_int_equal(print_open(&o->p, &options), 0);
}

static void add(struct output *o, const char *name, const struct sonde_value *key,
		const struct sonde_value *value, bool repeats)
{
	const struct sonde_map_entry entry = { key, value };
	const struct sonde_event e = {
		.kind = SONDE_EVENT_MAP, .name = name, .map_is_keyed = key, .entries = &entry,
		.nr_entries = 1, .map_repeats = repeats,
	};

	print_event(o->p, &e);
}

static const char *content(struct output *o, int fd)
{
	ssize_t n = pread(fd, o->text, sizeof(o->text) - 1, 0);

	assert_true(n >= 0);
	o->text[n] = '\0';
	return o->text;
}

/* Compares, and closes all. Returns what is said to lack. */
static const char *end(struct output *o, const char *data, const char *messages)
{
	const char *lack;

	assert_int_equal(print_picture(o->p, &lack), 0);
	assert_int_equal(print_close(o->p), 0);
	assert_string_equal(content(o, o->data), data);
	assert_string_equal(content(o, o->messages), messages);
	close(o->data);
	close(o->messages);
	return lack;
}

/* ---- folded ---- */

static void test_folded_names(void **state)
{
	struct output o;

	(void)state;
	begin(&o, SONDE_FOLDED);
	add(&o, "", &user, &one, false);
	add(&o, "", &tuple, &two, false);
	add(&o, "", &unknown, &two, false);
	add(&o, "", &none, &one, false);
	add(&o, "", &without, &one, false);
	assert_null(end(&o,
			"-;[no_stack] 1\n"
			"[no_stack] 1\n"
			"a_b:_?\xc3\xbc;-7;main;other;entry;vfs_read 2\n"
			"main;std::f(int,char:_*);leaf 1\n"
			"text+1;[unknown];[app] 2\n", ""));
}

static void test_folded_values(void **state)
{
	struct output o;
	const char *lack;

	(void)state;
	begin(&o, SONDE_FOLDED);
	add(&o, "a", &other, &hist, false);
	add(&o, "a", &kernel, &stats, false);
	add(&o, "a", &user, &zero, false);
	lack = end(&o, "entry;vfs_read 11\nmain;other 7\n", "");
	assert_null(lack);

	begin(&o, SONDE_FOLDED);
	add(&o, "a", &kernel, &negative, false);
	assert_non_null(end(&o, "", ""));
	begin(&o, SONDE_FOLDED);
	add(&o, "a", &kernel, &huge, false);
	add(&o, "a", &kernel, &huge, false);
	assert_null(end(&o, "entry;vfs_read 18446744073709551615\n", ""));
}

static void test_several_maps(void **state)
{
	struct output o;

	(void)state;
	begin(&o, SONDE_FOLDED);
	add(&o, "b", &other, &one, false);
	add(&o, "a", &kernel, &one, false);
	assert_null(end(&o, "@a;entry;vfs_read 1\n@b;main;other 1\n", ""));
}

/* What is printed again counts once, unless the map was emptied before. */
static void test_printed_again(void **state)
{
	struct output o;

	(void)state;
	begin(&o, SONDE_FOLDED);
	add(&o, "", &other, &one, false);
	add(&o, "", &other, &two, true);
	assert_null(end(&o, "main;other 2\n", ""));

	begin(&o, SONDE_FOLDED);
	add(&o, "", &other, &one, false);
	add(&o, "", &other, &two, false);
	add(&o, "", &kernel, &one, true);
	assert_null(end(&o, "entry;vfs_read 1\nmain;other 1\n", ""));

	begin(&o, SONDE_FOLDED);
	for (int i = 0; i < 200000; i++)
		add(&o, "", i & 1 ? &other : &kernel, &one, false);
	assert_null(end(&o, "entry;vfs_read 100000\nmain;other 100000\n", ""));
}

/* All that is no picture is text, and stands beside it. */
static void test_the_rest_is_text(void **state)
{
	const struct sonde_event say = { .kind = SONDE_EVENT_PRINTF, .text = "hi\n", .len = 3 };
	const struct sonde_event results = { .kind = SONDE_EVENT_RESULTS };
	struct output o;

	(void)state;
	begin(&o, SONDE_FOLDED);
	print_event(o.p, &say);
	print_raw(o.p, "raw\n", 4);
	print_event(o.p, &results);
	add(&o, "n", NULL, &two, false);
	add(&o, "key", &text, &two, false);
	add(&o, "last", &kernel, &text, false);
	assert_non_null(end(&o, "", "hi\nraw\n@n: 2\n@key[x]: 2\n@last[\n        text+1\n"
				    "        text+1\n]: x\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folded_names),
		cmocka_unit_test(test_folded_values),
		cmocka_unit_test(test_several_maps),
		cmocka_unit_test(test_printed_again),
		cmocka_unit_test(test_the_rest_is_text),
	};

	return cmocka_run_group_tests_name("out_pictures", tests, NULL, NULL);
}
