/*
 * Definitions of C on a made-up kernel: see cdefs_help.h.
 */
#include "tests/unit/cdefs_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *read_header(void *arg, const char *path, size_t *len)
{
	const struct cdefs_help *h = arg;

	for (const struct cdefs_header *i = h->headers; i && i->path; i++) {
		if (strcmp(i->path, path))
			continue;
		*len = strlen(i->text);
		return i->text;
	}
	return NULL;
}

static void make_enum(struct btf_bytes *b)
{
	btf_bytes_type(b, "pid_type", KBTF_ENUM, 2, 0, 4);
	btf_bytes_word(b, btf_bytes_string(b, "PIDTYPE_PID"));
	btf_bytes_word(b, 0);
	btf_bytes_word(b, btf_bytes_string(b, "PIDTYPE_TGID"));
	btf_bytes_word(b, 1);
}

static void make_kernel(struct cdefs_help *h)
{
	struct btf_bytes *b = &h->kernel;
	uint32_t s32, u32, u64;
	const void *blob;
	size_t size;

	btf_bytes_init(b);
	s32 = btf_bytes_int(b, "int", 4, 1);
	u32 = btf_bytes_int(b, "unsigned int", 4, 0);
	u64 = btf_bytes_int(b, "long unsigned int", 8, 0);
	btf_bytes_type(b, "u32", KBTF_TYPEDEF, 0, 0, u32);
	btf_bytes_type(b, "u64", KBTF_TYPEDEF, 0, 0, u64);
	btf_bytes_type(b, "task_struct", KBTF_STRUCT, 2, 0, 16);
	btf_bytes_member(b, "pid", s32, 0);
	btf_bytes_member(b, "flags", u64, 64);
	make_enum(b);
	blob = btf_bytes_blob(b, &size);
	assert_int_equal(kbtf_open(&h->btf, &h->types, blob, size, NULL), 0);
}

void cdefs_help_open(struct cdefs_help *h, const struct cdefs_header *headers, bool has_btf)
{
	static const char *const dirs[] = { "/own", "/sys" };
	struct cdefs_env env = {
		.types = &h->types, .diags = &h->diags, .char_is_signed = (char)-1 < 0,
		.big_endian = BIG_ENDIAN_HERE, .max_align_bytes = _Alignof(max_align_t),
		.machine_macro = "__x86_64__", .kernel_version = 6 << 16 | 1 << 8 | 9,
		.script_dir = "/script", .include_dirs = dirs,
		.nr_include_dirs = 2, .read = read_header, .read_arg = h,
	};

	memset(h, 0, sizeof(*h));
	h->headers = headers;
	arena_init(&h->arena);
	names_init(&h->names, &h->arena);
	diags_init(&h->diags, &h->arena);
	types_init(&h->types, &h->arena, &h->names);
	if (has_btf)
		make_kernel(h);
	env.btf = h->btf;
	h->c = cdefs_new(&env);
}

void cdefs_help_close(struct cdefs_help *h)
{
	sbuf_close(&h->text);
	arena_free(&h->arena);
}

/* Only first lines of messages, and hints. */
static void add_message(struct sbuf *out, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n") + 1;

		if (!strncmp(text, "t:", 2) || !strncmp(text, "HINT: ", 6) ||
		    !strncmp(text, "/", 1) || !strncmp(text, "ERROR: ", 7))
			sbuf_printf(out, "%.*s", (int)len, text);
		text += len;
	}
}

const char *cdefs_help_read(struct cdefs_help *h, const char *text)
{
	struct source *source = source_add(&h->diags, "t", text, strlen(text));
	struct loc loc = { source->base, source->base + (uint32_t)source->len, NULL };
	struct sbuf one = { 0 };

	cdefs_add(h->c, source->text, source->len, loc);
	cdefs_finish(h->c);
	sbuf_clear(&h->text);
	for (size_t i = 0; i < h->diags.list.n; i++) {
		sbuf_clear(&one);
		diag_render(&h->diags, h->diags.list.at[i], false, &one);
		add_message(&h->text, sbuf_text(&one));
	}
	sbuf_close(&one);
	return sbuf_text(&h->text);
}

const struct type *cdefs_help_type(struct cdefs_help *h, const char *name)
{
	static const struct { const char *word; enum kbtf_keyword keyword; } words[] = {
		{ "struct ", KBTF_STRUCT_NAME }, { "union ", KBTF_UNION_NAME },
		{ "enum ", KBTF_ENUM_NAME }, { "", KBTF_ANY_NAME },
	};
	const struct type *t = NULL;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words) && !t; i++)
		if (!strncmp(name, words[i].word, strlen(words[i].word)))
			t = cdefs_type(h->c, words[i].keyword, name + strlen(words[i].word));
	if (!t)
		fail_msg("no type '%s'", name);
	return t;
}

const struct type_field *cdefs_help_field(struct cdefs_help *h, const struct type *t,
					  const char *name, uint32_t *offset)
{
	size_t n;
	const struct type_field *fields = type_struct_fields(&h->types, t->structure, &n), *found;
	uint32_t inner = 0;

	for (size_t i = 0; i < n; i++) {
		*offset = fields[i].offset_bytes;
		if (fields[i].name && !strcmp(fields[i].name, name))
			return &fields[i];
		if (!fields[i].is_anonymous)
			continue;
		found = cdefs_help_field(h, fields[i].type, name, &inner);
		*offset += inner;
		if (found)
			return found;
	}
	return NULL;
}

int64_t cdefs_help_value(struct cdefs_help *h, const char *macro)
{
	uint64_t value = 0;
	bool negative;

	if (!cdefs_macro_value(h->c, macro, &value, &negative))
		fail_msg("macro '%s' is no constant", macro);
	return (int64_t)value;
}
