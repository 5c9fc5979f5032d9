/*
 * Tests of src/image: an empty image, and the dump of a full one.
 */
#include "image/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct value_layout number = { .kind = VALUE_INT, .size_bytes = 4, .is_signed = true };
static const struct value_layout counter = { .kind = VALUE_COUNT, .size_bytes = 8 };
static const struct value_field parts[] = {
	{ .layout = &number, .offset_bytes = 0 },
	{ .layout = &number, .offset_bytes = 4, .name = "x", .bit_offset = 3, .bit_size = 5 },
};
static const struct value_layout pair = { .kind = VALUE_TUPLE, .size_bytes = 8, .fields = parts,
					  .nr_fields = 2 };
static const struct image_conversion format[] = {
	{ .kind = CONV_TEXT, .text = "a\n\"\x01", .len = 4 },
	{ .kind = CONV_SIGNED, .field = 0, .int_bytes = 4, .left = true, .width = 5 },
};
static const struct value_field field = { .layout = &number, .offset_bytes = 8 };
static const struct image_site site = { .probe = 0, .count = 99, .is_freq = true };
static const struct image_reloc reloc = { .insn = 3, .map = 0, .is_value = true };

static void fill(struct image *image)
{
	const struct image_map map = { .name = "m", .type = BPF_MAP_TYPE_PERCPU_HASH,
				       .key_size = 8, .value_size = 8, .max_entries = 4096 };
	const struct script_map script_map = { .name = "a", .key = &pair, .value = &counter,
					       .spare_map = UINT32_MAX };
	const struct image_action action = { .kind = ACTION_PRINTF, .format = format,
					     .nr_format = 2, .fields = &field, .nr_fields = 1,
					     .size_bytes = 12 };
	const struct image_prog prog = { .name = "profile:hz:99",
					 .type = BPF_PROG_TYPE_PERF_EVENT,
					 .attach = ATTACH_PROFILE, .sites = &site, .nr_sites = 1,
					 .relocs = &reloc, .nr_relocs = 1, .nr_insns = 7 };

	vec_push(&image->arena, &image->maps, map);
	vec_push(&image->arena, &image->script_maps, script_map);
	vec_push(&image->arena, &image->actions, action);
	vec_push(&image->arena, &image->progs, prog);
	vec_push(&image->arena, &image->probe_names, "profile:hz:99");
	image->nr_cpus = 2;
}

static char *dump(const struct image *image)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	image_dump(image, out);
	fclose(out);
	return text;
}

static void test_empty(void **state)
{
	struct image *image = image_open();
	char *text;

	(void)state;
	assert_non_null(image);
	assert_int_equal(image->ring_map, UINT32_MAX);
	text = dump(image);
	assert_string_equal(text, "cpus 0 btf 0 bytes\n");
	free(text);
	image_close(image);
	image_close(NULL);
}

static void test_dump(void **state)
{
	struct image *image = image_open();
	char *text;

	(void)state;
	assert_non_null(image);
	fill(image);
	text = dump(image);
	assert_string_equal(text,
		"map 0 m script type 5 key 8 value 8 entries 4096 flags 0\n"
		"script-map 0 @a hash map 0 key tuple8 (+0 sint4, x +4.3:5 sint4) value count8\n"
		"action 0 printf size 12\n"
		"  field +8 sint4\n"
		"  \"a\\n\\\"\\x01\"\n"
		"  %-5d field 0 bytes 4\n"
		"prog 0 profile:hz:99 type 7 attach profile insns 7\n"
		"  site 0 profile:hz:99 hz 99\n"
		"  reloc insn 3 map 0 value\n"
		"cpus 2 btf 0 bytes\n");
	free(text);
	image_close(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_dump),
	};

	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
