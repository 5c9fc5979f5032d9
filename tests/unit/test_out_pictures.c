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
#include <jansson.h>
#include <zlib.h>

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

/* ---- speedscope ---- */

static void add_two_maps(struct output *o)
{
	add(o, "b", &other, &two, false);
	add(o, "b", &user, &huge, false);
	add(o, "a", &tuple, &one, false);
}

/* Writes the picture and closes all; the bytes stay in o->text. Returns how many. */
static size_t finish(struct output *o)
{
	const char *lack;
	ssize_t n;

	assert_int_equal(print_picture(o->p, &lack), 0);
	assert_int_equal(print_close(o->p), 0);
	n = pread(o->data, o->text, sizeof(o->text) - 1, 0);
	assert_true(n > 0);
	o->text[n] = '\0';
	close(o->data);
	close(o->messages);
	return (size_t)n;
}

static void test_speedscope(void **state)
{
	json_t *all, *frames, *profiles, *stack;
	struct output o;

	(void)state;
	begin(&o, SONDE_SPEEDSCOPE);
	add_two_maps(&o);
	finish(&o);
	all = json_loads(o.text, 0, NULL);
	assert_non_null(all);
	assert_string_equal(json_string_value(json_object_get(all, "$schema")),
			    "https://www.speedscope.app/file-format-schema.json");
	frames = json_object_get(json_object_get(all, "shared"), "frames");
	profiles = json_object_get(all, "profiles");
	assert_int_equal(json_array_size(profiles), 2);
	stack = json_object_get(json_array_get(profiles, 0), "samples");
	assert_int_equal(json_array_size(stack), 1);
	stack = json_array_get(stack, 0);
	assert_int_equal(json_array_size(stack), 6);
	for (size_t i = 0; i < 6; i++) {
		static const char *const names[] = { "a b;??\xc3\xbc", "-7", "main", "other", "entry",
						     "vfs_read" };
		json_t *frame = json_array_get(frames, (size_t)json_integer_value(
							       json_array_get(stack, i)));

		assert_string_equal(json_string_value(json_object_get(frame, "name")), names[i]);
		assert_int_equal(json_object_get(frame, "file") != NULL, i == 2 || i == 3);
	}
	stack = json_array_get(profiles, 1);
	assert_string_equal(json_string_value(json_object_get(stack, "name")), "@b");
	assert_string_equal(json_string_value(json_object_get(stack, "type")), "sampled");
	assert_true(json_number_value(json_object_get(stack, "endValue")) > 1.8e19);
	assert_int_equal(json_array_size(json_object_get(stack, "weights")), 2);
	json_decref(all);
}

static void test_speedscope_of_nothing(void **state)
{
	struct output o;

	(void)state;
	begin(&o, SONDE_SPEEDSCOPE);
	finish(&o);
	assert_non_null(strstr(o.text, "\"frames\":[]"));
	assert_non_null(strstr(o.text, "\"profiles\":[]"));
}

/* ---- pprof: a decoder that knows nothing of the encoder ---- */

struct field {
	uint64_t number, value;		/* value: of a varint */
	const uint8_t *bytes;		/* of a nested field, value long */
};

static uint64_t varint(const uint8_t **at, const uint8_t *end)
{
	uint64_t n = 0;

	for (int shift = 0;; shift += 7) {
		assert_true(*at < end && shift < 64);
		n |= (uint64_t)(**at & 0x7f) << shift;
		if (!(*(*at)++ & 0x80))
			return n;
	}
}

static bool next_field(const uint8_t **at, const uint8_t *end, struct field *f)
{
	uint64_t tag;

	if (*at == end)
		return false;
	tag = varint(at, end);
	assert_true((tag & 7) == 0 || (tag & 7) == 2);
	f->number = tag >> 3;
	f->value = varint(at, end);
	f->bytes = NULL;
	if ((tag & 7) == 2) {
		assert_true(f->value <= (size_t)(end - *at));
		f->bytes = *at;
		*at += f->value;
	}
	return true;
}

/* All of a message on one line: varints as numbers, what is nested in brackets. In
 * `kinds` stands for each field what it holds: a message, packed numbers, or a text. */
static void show(struct sbuf *out, const uint8_t *at, size_t len, const char *kinds)
{
	const uint8_t *end = at + len;
	struct field f;

	while (next_field(&at, end, &f)) {
		char kind = f.number <= strlen(kinds) ? kinds[f.number - 1] : '?';

		sbuf_printf(out, " %d=", (int)f.number);
		if (!f.bytes) {
			sbuf_printf(out, "%llu", (unsigned long long)f.value);
		} else if (kind == 't') {
			sbuf_printf(out, "'%.*s'", (int)f.value, (const char *)f.bytes);
		} else if (kind == 'p') {
			const uint8_t *p = f.bytes;

			while (p < f.bytes + f.value)
				sbuf_printf(out, "%llu,",
					    (unsigned long long)varint(&p, f.bytes + f.value));
		} else {
			sbuf_putc(out, '(');
			show(out, f.bytes, f.value, "");
			sbuf_puts(out, ")");
		}
	}
}

/* The fields of one number, a line for each. */
static char *shown_fields(const uint8_t *at, size_t len, uint64_t number, const char *kinds)
{
	const uint8_t *end = at + len;
	struct sbuf out = { 0 };
	struct field f;

	while (next_field(&at, end, &f)) {
		if (f.number != number)
			continue;
		if (*kinds == 't')
			sbuf_printf(&out, "%.*s", (int)f.value, (const char *)f.bytes);
		else
			show(&out, f.bytes, f.value, kinds);
		sbuf_putc(&out, '\n');
	}
	return out.at ? out.at : strdup("");
}

static size_t unpack(const char *packed, size_t size, uint8_t *out, size_t cap)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)packed, .avail_in = (uInt)size,
		       .next_out = out, .avail_out = (uInt)cap };

	assert_int_equal(inflateInit2(&z, MAX_WBITS + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	inflateEnd(&z);
	return z.total_out;
}

static void expect_fields(const uint8_t *at, size_t len, uint64_t number, const char *kinds,
			  const char *wanted)
{
	char *seen = shown_fields(at, len, number, kinds);

	assert_string_equal(seen, wanted);
	free(seen);
}

static const struct sonde_frame outer = { .function = "outer", .module = "/lib/a.so", .line = 9,
					  .file = "/src/a.c", .module_offset = 0x1234,
					  .build_id = "abcd" };
static const struct sonde_frame inlined = { .function = "inlined", .module = "/lib/a.so", .line = 5,
					    .module_offset = 0x1234, .is_inlined = true };
static const struct sonde_value inlined_frames[] = { FRAME(&inlined), FRAME(&outer) };
static const struct sonde_value comm_and_stack[] = { TEXT("sshd"), ITEMS(STACK, inlined_frames) };
static const struct sonde_value with_comm = ITEMS(TUPLE, comm_and_stack);

/* Inlined functions share a location, innermost first; what is no stack is a label. */
static void test_pprof(void **state)
{
	static const char *const names[] = { "comm", "ustack" };
	const struct sonde_map_entry entry = { &with_comm, &two };
	const struct sonde_event e = {
		.kind = SONDE_EVENT_MAP, .name = "b", .map_is_keyed = true, .entries = &entry,
		.nr_entries = 1, .key_names = names, .nr_key_names = 2,
	};
	uint8_t message[8192];
	struct output o;
	size_t len;

	(void)state;
	begin(&o, SONDE_PPROF);
	print_event(o.p, &e);
	add(&o, "a", &kernel, &one, false);
	len = unpack(o.text, finish(&o), message, sizeof(message));
	expect_fields(message, len, 1, "", " 1=1 2=2\n 1=3 2=2\n");
	expect_fields(message, len, 2, "ppm", " 1=2,1, 2=1,0,\n 1=3, 2=0,2, 3=( 1=12 2=13)\n");
	expect_fields(message, len, 3, "", " 1=1 3=9223372036854775807 5=9 7=1 8=1 9=1 10=1\n"
		      " 1=2 3=9223372036854775807 5=10 6=11 7=1 8=1 9=1 10=1\n");
	expect_fields(message, len, 4, "?", " 1=1 2=1 4=( 1=4)\n 1=2 2=1 4=( 1=5)\n"
		      " 1=3 2=2 3=4660 4=( 1=3 2=5) 4=( 1=2 2=9)\n");
	expect_fields(message, len, 5, "", " 1=2 2=4 3=4 4=5\n 1=3 2=6 3=6\n 1=4 2=7 3=7\n"
		      " 1=5 2=8 3=8\n");
	expect_fields(message, len, 6, "t", "\n@a\ncount\n@b\nouter\n/src/a.c\ninlined\nentry\n"
		      "vfs_read\n[kernel]\n/lib/a.so\nabcd\ncomm\nsshd\n");
}

/* ---- flame ---- */

static const struct sonde_value bad_key[] = {
	TEXT("<&>\"]]>\x01\xef\xbf\xbf"), ITEMS(STACK, other_frames),
};
static const struct sonde_value bad = ITEMS(TUPLE, bad_key);
static const struct sonde_value again_frames[] = {
	FRAME(FUNCTION("again")), FRAME(FUNCTION("again")), FRAME(FUNCTION("main")),
};
static const struct sonde_value again = ITEMS(STACK, again_frames);

static size_t count(const char *all, const char *part)
{
	size_t n = 0;

	for (const char *at = all; (at = strstr(at, part)); at += strlen(part))
		n++;
	return n;
}

static void expect_part(const char *all, const char *part)
{
	if (!strstr(all, part))
		fail_msg("not in the picture: %s", part);
}

static void test_flame_frames(void **state)
{
	struct output o;

	(void)state;
	begin(&o, SONDE_FLAME);
	add(&o, "", &other, &two, false);
	add(&o, "", &again, &one, false);
	add(&o, "", &kernel, &one, false);
	finish(&o);
	assert_int_equal(count(o.text, "<g class=\"f "), 7);
	expect_part(o.text, "<g class=\"f map\" data-x=\"0\" data-w=\"4\" data-d=\"0\"><title>all\n"
			    "total 4 (100.00%), self 0 (0.00%)</title><rect x=\"10.00\" y=\"124\" "
			    "width=\"1180.00\" height=\"17\"");
	expect_part(o.text, "<g class=\"f kernel\" data-x=\"0\" data-w=\"1\" data-d=\"1\"><title>"
			    "entry\n");
	expect_part(o.text, "<g class=\"f user\" data-x=\"1\" data-w=\"3\" data-d=\"1\"><title>main\n"
			    "total 3 (75.00%), self 0 (0.00%)\n/usr/bin/app</title>");
	expect_part(o.text, "data-x=\"2\" data-w=\"2\" data-d=\"2\"><title>other\n"
			    "total 2 (50.00%), self 2 (50.00%)");
	/* In the table what calls itself counts once. */
	expect_part(o.text, "<g class=\"row\"><title>again</title>");
	assert_int_equal(count(o.text, ">1 (25.00%)</text><text class=\"number\" x=\"270\""), 2);
	assert_int_equal(count(o.text, "</svg>\n"), 1);
}

static void test_flame_escapes(void **state)
{
	struct output o;

	(void)state;
	begin(&o, SONDE_FLAME);
	add(&o, "", &bad, &one, false);
	finish(&o);
	expect_part(o.text, "<title>&lt;&amp;&gt;&quot;]]&gt;??\n");
	assert_int_equal(count(o.text, "]]>"), 1);
	assert_int_equal(count(o.text, "\xef\xbf\xbf"), 0);
}

/* The same whatever came first; too narrow frames are left out; sums stay exact. */
static void test_flame_is_the_same(void **state)
{
	char *first;
	struct output o;

	(void)state;
	for (int i = 0; i < 2; i++) {
		begin(&o, SONDE_FLAME);
		add(&o, "a", i ? &other : &kernel, &one, false);
		add(&o, "a", i ? &kernel : &other, &one, false);
		add(&o, "b", &again, &two, false);
		finish(&o);
		if (!i)
			first = strdup(o.text);
	}
	assert_string_equal(first, o.text);
	free(first);
	expect_part(o.text, "@a, @b</text>");

	begin(&o, SONDE_FLAME);
	add(&o, "", &other, &huge, false);
	add(&o, "", &kernel, &one, false);
	finish(&o);
	expect_part(o.text, "total 18446744073709551615 (100.00%)");
	assert_int_equal(count(o.text, "<g class=\"f kernel\""), 0);
}

static void test_flame_of_nothing(void **state)
{
	struct output o;

	(void)state;
	begin(&o, SONDE_FLAME);
	finish(&o);
	expect_part(o.text, ">no stacks</text>");
	assert_int_equal(count(o.text, "<g class=\"f "), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folded_names),
		cmocka_unit_test(test_folded_values),
		cmocka_unit_test(test_several_maps),
		cmocka_unit_test(test_printed_again),
		cmocka_unit_test(test_the_rest_is_text),
		cmocka_unit_test(test_speedscope),
		cmocka_unit_test(test_speedscope_of_nothing),
		cmocka_unit_test(test_pprof),
		cmocka_unit_test(test_flame_frames),
		cmocka_unit_test(test_flame_escapes),
		cmocka_unit_test(test_flame_is_the_same),
		cmocka_unit_test(test_flame_of_nothing),
	};

	return cmocka_run_group_tests_name("out_pictures", tests, NULL, NULL);
}
