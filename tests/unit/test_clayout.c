/*
 * Layouts of C definitions: each definition below is read by the compiler of
 * these tests and, as text, by our own reader; both must agree on every offset.
 */
#include "tests/unit/cdefs_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const definitions[] = {
#define DEFINE(...) #__VA_ARGS__,
#include "tests/unit/clayout_records.h"

};

#define DEFINE(...) __VA_ARGS__
#include "tests/unit/clayout_records.h"


static const struct {
	const char *name;
	size_t size, align;
} sizes[] = {
#define SIZE(type) { #type, sizeof(type), _Alignof(type) },
#define DEFINE(...)
#include "tests/unit/clayout_records.h"
#undef SIZE
};

static const struct {
	const char *type, *field;
	size_t offset, size;
} fields[] = {
#define FIELD(type, field) { #type, #field, offsetof(type, field), sizeof(((type *)0)->field) },
#include "tests/unit/clayout_records.h"
#undef FIELD
};

static void open_with_definitions(struct cdefs_help *h)
{
	struct sbuf text = { 0 };

	cdefs_help_open(h, NULL, false);
	for (size_t i = 0; i < sizeof(definitions) / sizeof(*definitions); i++)
		sbuf_printf(&text, "%s\n", definitions[i]);
	assert_string_equal(cdefs_help_read(h, sbuf_text(&text)), "");
	sbuf_close(&text);
}

static void test_sizes(void **state)
{
	struct cdefs_help h;

	(void)state;
	open_with_definitions(&h);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct sbuf text = { 0 };

		if (cdefs_help_type(&h, sizes[i].name)->size_bytes != sizes[i].size)
			fail_msg("sizeof(%s) is %u, not %zu", sizes[i].name,
				 cdefs_help_type(&h, sizes[i].name)->size_bytes, sizes[i].size);
		sbuf_printf(&text, "#define ALIGN%zu _Alignof(%s)\n", i, sizes[i].name);
		assert_string_equal(cdefs_help_read(&h, sbuf_text(&text)), "");
		sbuf_clear(&text);
		sbuf_printf(&text, "ALIGN%zu", i);
		if ((size_t)cdefs_help_value(&h, sbuf_text(&text)) != sizes[i].align)
			fail_msg("the alignment of %s is not %zu", sizes[i].name, sizes[i].align);
		sbuf_close(&text);
	}
	cdefs_help_close(&h);
}

static void test_fields(void **state)
{
	struct cdefs_help h;
	uint32_t offset;

	(void)state;
	open_with_definitions(&h);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		const struct type *t = cdefs_help_type(&h, fields[i].type);
		const struct type_field *f = cdefs_help_field(&h, t, fields[i].field, &offset);

		if (!f)
			fail_msg("no field %s in %s", fields[i].field, fields[i].type);
		if (offset != fields[i].offset)
			fail_msg("%s.%s is at %u, not %zu", fields[i].type, fields[i].field, offset,
				 fields[i].offset);
		if (f->type->kind != TYPE_ERROR && f->type->size_bytes != fields[i].size)
			fail_msg("%s.%s has %u bytes, not %zu", fields[i].type, fields[i].field,
				 f->type->size_bytes, fields[i].size);
	}
	cdefs_help_close(&h);
}

/* The only run of bits that are set in a record: its first and its length. The first bit
 * of a byte is the one that is used up first. */
static void find_bits(const void *record, size_t size, size_t *first, size_t *count)
{
	const uint8_t *bytes = record;

	*first = *count = 0;
	for (size_t i = 0; i < size * 8; i++) {
		if (!(bytes[i / 8] >> (BIG_ENDIAN_HERE ? 7 - i % 8 : i % 8) & 1))
			continue;
		if (!*count)
			*first = i;
		(*count)++;
	}
}

static void check_bits(struct cdefs_help *h, const char *type, const char *field,
		       const void *record, size_t size)
{
	uint32_t offset;
	const struct type_field *f = cdefs_help_field(h, cdefs_help_type(h, type), field, &offset);
	size_t first, count, own_count = f->bit_size ? f->bit_size : f->type->size_bytes * 8;

	find_bits(record, size, &first, &count);
	if (offset * 8 + f->bit_offset != first || own_count != count)
		fail_msg("%s.%s: bits %u..+%zu, not %zu..+%zu", type, field,
			 offset * 8 + f->bit_offset, own_count, first, count);
	assert_true(offset + f->type->size_bytes <= size);
}

static void test_bits(void **state)
{
	struct cdefs_help h;

	(void)state;
	open_with_definitions(&h);
#define BITS(type, field)						\
	do {								\
		type record;						\
									\
		memset(&record, 0, sizeof(record));			\
		record.field = ~record.field;				\
		check_bits(&h, #type, #field, &record, sizeof(record));	\
	} while (0);
#include "tests/unit/clayout_records.h"
	cdefs_help_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
