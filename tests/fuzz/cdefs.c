/*
 * Fuzzer: any bytes as the C part of a script, of which everything is asked. A
 * NUL ends the script's text; what follows is what every header says.
 */
#include "types/cdefs.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { HEADERS_MAX = 50, NAMES_MAX = 100 };

struct headers {
	const char *text;
	size_t len;
	int nr_read;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *read_header(void *arg, const char *path, size_t *len)
{
	struct headers *h = arg;

	(void)path;
	if (!h->text || ++h->nr_read > HEADERS_MAX)
		return NULL;
	*len = h->len;
	return h->text;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static void ask_type(struct types *types, const struct type *t)
{
	const struct type_field *fields;
	uint32_t offset_bytes;
	size_t n;

	if (!t)
		return;
	(void)type_name(types, t);
	if (t->kind != TYPE_STRUCT)
		return;
	fields = type_struct_fields(types, t->structure, &n);
	for (size_t i = 0; i < n; i++)
		(void)type_name(types, fields[i].type);
	type_field_find(types, t->structure, "name", &offset_bytes);
}

static void ask(struct cdefs *c, struct types *types, const char *name)
{
	const struct type *of;
	struct cdefs_macro macro;
	uint64_t value;
	bool negative;

	for (int keyword = KBTF_ANY_NAME; keyword <= KBTF_ENUM_NAME; keyword++)
		ask_type(types, cdefs_type(c, (enum kbtf_keyword)keyword, name));
	if (cdefs_enumerator(c, name, &value, &of))
		(void)type_name(types, of);
	cdefs_macro(c, name, &macro);
	cdefs_macro_value(c, name, &value, &negative);
}

/* Ask for each word of the text. */
static void ask_words(struct cdefs *c, struct types *types, const char *text, size_t len)
{
	int asked = 0;

	for (size_t i = 0, end; i < len && asked < NAMES_MAX; i = end + 1) {
		for (end = i; end < len && is_name(text[end]);)
			end++;
		if (end > i && ++asked)
			ask(c, types, arena_strndup(types->arena, text + i, end - i));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const dirs[] = { "/own", "/sys" };
	const uint8_t *end = size ? memchr(data, 0, size) : NULL;
	size_t len = end ? (size_t)(end - data) : size;
	struct headers headers = { 0 };
	struct sbuf shown = { 0 };
	struct arena a;
	struct names names;
	struct diags diags;
	struct types types;
	struct source *source;
	struct cdefs *c;
	struct loc loc;

	arena_init(&a);
	names_init(&names, &a);
	diags_init(&diags, &a);
	types_init(&types, &a, &names);
	if (end) {
		headers.len = size - len - 1;
		headers.text = arena_strndup(&a, (const char *)end + 1, headers.len);
	}
	c = cdefs_new(&(struct cdefs_env){
		.types = &types, .diags = &diags, .machine_macro = "__x86_64__",
		.kernel_version = 0x60100, .include_dirs = dirs, .nr_include_dirs = 2,
		.read = read_header, .read_arg = &headers,
	});
	source = source_add(&diags, "fuzz", (const char *)data, len);
	loc = (struct loc){ source->base, source->base + (uint32_t)len, NULL };
	cdefs_add(c, source->text, len, loc);
	cdefs_finish(c);
	ask_words(c, &types, source->text, len);
	for (size_t i = 0; i < diags.list.n && i < 100; i++)
		diag_render(&diags, diags.list.at[i], false, &shown);
	sbuf_close(&shown);
	arena_free(&a);
	return 0;
}
