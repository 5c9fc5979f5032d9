/*
 * Stacks in the format of pprof: a gzipped message of protocol buffers,
 * https://github.com/google/pprof/blob/main/proto/profile.proto.
 *
 * Each map is a type of samples; what is in a key besides the stack is a label. A
 * location is an address with the functions that were inlined there. Numbers of
 * messages (ids) begin at 1, texts are numbered in a table that begins with "".
 */
#include "base/hmap.h"
#include "base/vec.h"
#include "out/profile.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

/* Numbers of fields. */
enum { PROFILE_TYPE = 1, PROFILE_SAMPLE, PROFILE_MAPPING, PROFILE_LOCATION, PROFILE_FUNCTION,
       PROFILE_TEXT };
enum { TYPE_NAME = 1, TYPE_UNIT };
enum { SAMPLE_LOCATIONS = 1, SAMPLE_VALUES, SAMPLE_LABEL };
enum { LABEL_KEY = 1, LABEL_TEXT };
enum { MAPPING_ID = 1, MAPPING_START, MAPPING_LIMIT, MAPPING_OFFSET, MAPPING_FILE,
       MAPPING_BUILD_ID, MAPPING_HAS_FUNCTIONS, MAPPING_HAS_FILES, MAPPING_HAS_LINES,
       MAPPING_HAS_INLINED };
enum { LOCATION_ID = 1, LOCATION_MAPPING, LOCATION_ADDRESS, LOCATION_LINE };
enum { LINE_FUNCTION = 1, LINE_NUMBER };
enum { FUNCTION_ID = 1, FUNCTION_NAME, FUNCTION_SYSTEM_NAME, FUNCTION_FILE };

#define KERNEL_MODULE "[kernel]"

struct encoder {
	struct sbuf *out;	/* the whole message */
	struct sbuf part;	/* one field of it */
	struct sbuf inner;	/* one field of that */
	struct arena arena;
	const struct profile_view *v;
	struct hmap texts, mappings, locations;	/* to the number + 1, resp. the id */
	uint64_t nr_texts, nr_mappings, nr_locations;
	VEC(uint64_t) stack;	/* locations of a sample */
};

/* ---- the wire ---- */

static void put_varint(struct sbuf *out, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		sbuf_putc(out, (char)(n | 0x80));
	sbuf_putc(out, (char)n);
}

/* A number; 0 is what a reader assumes. */
static void put_number(struct sbuf *out, uint32_t field, uint64_t n)
{
	if (!n)
		return;
	put_varint(out, field << 3);
	put_varint(out, n);
}

static void put_bytes(struct sbuf *out, uint32_t field, const char *bytes, size_t len)
{
	put_varint(out, field << 3 | 2);
	put_varint(out, len);
	sbuf_add(out, bytes, len);
}

/* Put a message that is complete into an outer one, and begin another. */
static void put_message(struct sbuf *out, uint32_t field, struct sbuf *message)
{
	put_bytes(out, field, sbuf_text(message), message->len);
	out->failed |= message->failed;
	sbuf_clear(message);
}

/* ---- texts ---- */

static uint64_t text_id(struct encoder *e, const char *text)
{
	uintptr_t id = (uintptr_t)hmap_find(&e->texts, text, strlen(text));
	struct sbuf clean = { 0 };

	if (id)
		return id - 1;
	profile_text(&clean, text);
	put_bytes(e->out, PROFILE_TEXT, sbuf_text(&clean), clean.len);
	sbuf_close(&clean);
	hmap_set(&e->texts, text, strlen(text), (void *)(uintptr_t)++e->nr_texts);
	return e->nr_texts - 1;
}

static uint64_t optional_text_id(struct encoder *e, const char *text)
{
	return text ? text_id(e, text) : 0;
}

/* ---- code ---- */

static void add_mapping(struct encoder *e, const char *name, const struct profile_function *f)
{
	put_number(&e->part, MAPPING_ID, e->nr_mappings);
	/* Addresses are offsets in the file. */
	put_number(&e->part, MAPPING_LIMIT, INT64_MAX);
	put_number(&e->part, MAPPING_FILE, text_id(e, name));
	put_number(&e->part, MAPPING_BUILD_ID, optional_text_id(e, f->build_id));
	put_number(&e->part, MAPPING_HAS_FUNCTIONS, 1);
	put_number(&e->part, MAPPING_HAS_FILES, 1);
	put_number(&e->part, MAPPING_HAS_LINES, 1);
	put_number(&e->part, MAPPING_HAS_INLINED, 1);
	put_message(e->out, PROFILE_MAPPING, &e->part);
}

/* The file that a function is in; 0: unknown. */
static uint64_t mapping_id(struct encoder *e, const struct profile_function *f)
{
	bool kernel = f->kind == PROFILE_KERNEL;
	const char *module = f->module ? f->module : kernel ? KERNEL_MODULE : NULL, *name;
	uintptr_t id;

	if (!module)
		return 0;
	name = kernel && f->module ? arena_printf(&e->arena, "[%s]", module) : module;
	id = (uintptr_t)hmap_find(&e->mappings, name, strlen(name));
	if (id)
		return id;
	hmap_set(&e->mappings, name, strlen(name), (void *)(uintptr_t)++e->nr_mappings);
	add_mapping(e, name, f);
	return e->nr_mappings;
}

static void add_functions(struct encoder *e)
{
	for (size_t i = 0; i < e->v->nr_functions; i++) {
		const struct profile_function *f = &e->v->functions[i];

		if (f->kind == PROFILE_PART)
			continue;
		put_number(&e->part, FUNCTION_ID, i + 1);
		put_number(&e->part, FUNCTION_NAME, text_id(e, f->name));
		put_number(&e->part, FUNCTION_SYSTEM_NAME, text_id(e, f->name));
		put_number(&e->part, FUNCTION_FILE, optional_text_id(e, f->file));
		put_message(e->out, PROFILE_FUNCTION, &e->part);
	}
}

/* Lines begin with the innermost function. */
static void add_location(struct encoder *e, const uint32_t *sites, uint32_t n)
{
	const struct profile_site *outer = &e->v->sites[sites[0]];
	uint64_t mapping = mapping_id(e, &e->v->functions[outer->function]);

	put_number(&e->part, LOCATION_ID, e->nr_locations);
	put_number(&e->part, LOCATION_MAPPING, mapping);
	put_number(&e->part, LOCATION_ADDRESS, outer->address);
	while (n-- > 0) {
		put_number(&e->inner, LINE_FUNCTION, e->v->sites[sites[n]].function + UINT64_C(1));
		put_number(&e->inner, LINE_NUMBER, e->v->sites[sites[n]].line);
		put_message(&e->part, LOCATION_LINE, &e->inner);
	}
	put_message(e->out, PROFILE_LOCATION, &e->part);
}

/* The location of a site and of the `n - 1` that were inlined into it. */
static uint64_t location_id(struct encoder *e, const uint32_t *sites, uint32_t n)
{
	size_t bytes = n * sizeof(*sites);
	uintptr_t id = (uintptr_t)hmap_find(&e->locations, sites, bytes);

	if (id)
		return id;
	hmap_set(&e->locations, sites, bytes, (void *)(uintptr_t)++e->nr_locations);
	add_location(e, sites, n);
	return e->nr_locations;
}

/* ---- samples ---- */

static const struct profile_function *function_of(const struct encoder *e, uint32_t site)
{
	return &e->v->functions[e->v->sites[site].function];
}

/* Fill e->stack with the locations from the root on; labels go into e->part. */
static void take_sites(struct encoder *e, const struct profile_sample *s)
{
	uint32_t n;

	e->stack.n = 0;
	for (uint32_t i = 0; i < s->nr_sites; i += n) {
		n = 1;
		if (function_of(e, s->sites[i])->kind == PROFILE_PART)
			continue;
		while (i + n < s->nr_sites && e->v->sites[s->sites[i + n]].is_inlined)
			n++;
		vec_push(&e->arena, &e->stack, location_id(e, &s->sites[i], n));
	}
}

static void put_labels(struct encoder *e, const struct profile_sample *s)
{
	struct sbuf label = { 0 };

	for (uint32_t i = 0; i < s->nr_sites; i++) {
		const struct profile_function *f = function_of(e, s->sites[i]);

		if (f->kind != PROFILE_PART)
			break;
		put_number(&label, LABEL_KEY, text_id(e, f->module));
		put_number(&label, LABEL_TEXT, text_id(e, f->name));
		put_message(&e->part, SAMPLE_LABEL, &label);
	}
	sbuf_close(&label);
}

/* Locations begin with the leaf; there is a value for each type of samples. */
static void add_sample(struct encoder *e, const struct profile_sample *s)
{
	uint64_t most = INT64_MAX, weight = s->weight < most ? s->weight : most;

	take_sites(e, s);
	for (size_t i = e->stack.n; i-- > 0;)
		put_varint(&e->inner, e->stack.at[i]);
	put_message(&e->part, SAMPLE_LOCATIONS, &e->inner);
	for (size_t i = 0; i < e->v->nr_maps; i++)
		put_varint(&e->inner, i == s->map ? weight : 0);
	put_message(&e->part, SAMPLE_VALUES, &e->inner);
	put_labels(e, s);
	put_message(e->out, PROFILE_SAMPLE, &e->part);
}

static void add_type(struct encoder *e, const char *name)
{
	put_number(&e->part, TYPE_NAME, text_id(e, name));
	put_number(&e->part, TYPE_UNIT, text_id(e, "count"));
	put_message(e->out, PROFILE_TYPE, &e->part);
}

static void encode(struct encoder *e)
{
	hmap_init(&e->texts, &e->arena);
	hmap_init(&e->mappings, &e->arena);
	hmap_init(&e->locations, &e->arena);
	text_id(e, "");
	for (size_t i = 0; i < e->v->nr_maps; i++)
		add_type(e, e->v->maps[i]);
	if (!e->v->nr_maps)
		add_type(e, "@");
	add_functions(e);
	for (size_t i = 0; i < e->v->nr_samples; i++)
		add_sample(e, &e->v->samples[i]);
}

/* ---- all ---- */

static void pack(struct sbuf *out, const struct sbuf *message)
{
	z_stream z = { .next_in = (Bytef *)message->at, .avail_in = (uInt)message->len };
	Bytef chunk[16384];
	int state = deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16,
				 MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY);

	out->failed |= state != Z_OK || message->failed || message->len > UINT32_MAX;
	while (!out->failed && state == Z_OK) {
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		state = deflate(&z, Z_FINISH);
		sbuf_add(out, (const char *)chunk, sizeof(chunk) - z.avail_out);
	}
	deflateEnd(&z);
}

void profile_pprof(struct sbuf *out, const struct profile_view *v)
{
	struct sbuf message = { 0 };
	struct encoder e = { .out = &message, .v = v };
	jmp_buf oom;

	arena_init(&e.arena);
	arena_on_oom(&e.arena, &oom);
	if (setjmp(oom))
		message.failed = true;
	else
		encode(&e);
	arena_free(&e.arena);
	pack(out, &message);
	sbuf_close(&message);
	sbuf_close(&e.part);
	sbuf_close(&e.inner);
}
