/*
 * Symbols and stacks as values: addresses to names through the hooks.
 *
 * A symbol is a string; a stack is a list of frames, each with its address and
 * with the text that stands in its line, without the line's indentation, which
 * belongs to the form. Functions that were inlined into a frame have items of
 * their own before it.
 */
#include "out/decode.h"
#include "out/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Where user addresses belong. */
struct user_space {
	int32_t pid;
	uint32_t probe;
};

static bool find_symbol(struct decoding *c, const struct user_space *user, uint64_t address,
			enum value_use use, struct value_symbol *symbol)
{
	const struct value_hooks *h = &c->d->hooks;
	struct value_user_address at = { .address = address, .use = use };

	memset(symbol, 0, sizeof(*symbol));
	if (!user)
		return h->ksym && h->ksym(h->arg, address, symbol) && symbol->name;
	at.pid = user->pid;
	at.probe = user->probe;
	return h->usym && h->usym(h->arg, &at, symbol) && symbol->name;
}

static void decode_symbol(struct decoding *c, const struct user_space *user, uint64_t address,
			  struct sonde_value *v)
{
	struct value_symbol symbol;
	const char *text;

	if (find_symbol(c, user, address, VALUE_USE_SYMBOL, &symbol))
		text = arena_strdup(c->d->arena, symbol.name);
	else if (address)
		text = arena_printf(c->d->arena, "0x%" PRIx64, address);
	else
		text = "0";
	decode_set_text(v, SONDE_VALUE_STRING, text);
}

void decode_ksym(struct decoding *c, const struct value_layout *layout, struct bytes in,
		 struct sonde_value *v)
{
	(void)layout;
	decode_symbol(c, NULL, number_u64(in.at), v);
}

void decode_usym(struct decoding *c, const struct value_layout *layout, struct bytes in,
		 struct sonde_value *v)
{
	struct user_space user = { (int32_t)number_u32(in.at + 8), number_u32(in.at + 12) };

	(void)layout;
	decode_symbol(c, &user, number_u64(in.at), v);
}

/* ---- frames ---- */

struct frames {
	struct sonde_value *at;	/* in the decoder's arena */
	size_t n, cap;
};

static struct sonde_value *add_frame(struct decoding *c, struct frames *f, uint64_t address,
				     const char *text)
{
	struct sonde_value *more;

	if (f->n == f->cap) {
		more = arena_array(c->d->arena, struct sonde_value, f->cap * 2);
		memcpy(more, f->at, f->n * sizeof(*more));
		f->at = more;
		f->cap *= 2;
	}
	f->at[f->n].is_unsigned = true;
	f->at[f->n].unsigned_number = address;
	decode_set_text(&f->at[f->n], SONDE_VALUE_SYMBOLIC, text);
	return &f->at[f->n++];
}

/* "@FILE:LINE", or nothing. */
static const char *place_text(struct arena *a, const char *file, uint32_t line)
{
	return file ? arena_printf(a, "@%s:%" PRIu32, file, line) : "";
}

static const char *inlined_text(struct arena *a, const struct value_inlined *call, bool perf)
{
	return perf ? arena_printf(a, "%s (inlined)", call->name)
		    : arena_printf(a, "[inlined] %s%s", call->name,
				   place_text(a, call->file, call->line));
}

static const char *found_text(struct arena *a, const struct value_symbol *symbol, bool explains)
{
	const char *doubt = explains ? symbol->doubt : NULL;

	return arena_printf(a, "%s+%" PRIu64 "%s%s%s%s", symbol->name, symbol->offset,
			    place_text(a, symbol->file, symbol->line), doubt ? " <" : "",
			    doubt ? doubt : "", doubt ? ">" : "");
}

static const char *missing_text(struct arena *a, const struct value_symbol *symbol,
				bool explains, uint64_t address)
{
	if (!explains || !symbol->why)
		return arena_printf(a, "0x%" PRIx64, address);
	return symbol->module ? arena_printf(a, "0x%" PRIx64 " <%s: %s>", address, symbol->why,
					     symbol->module)
			      : arena_printf(a, "0x%" PRIx64 " <%s>", address, symbol->why);
}

static const char *perf_text(struct arena *a, const struct value_symbol *symbol, bool found,
			     uint64_t address)
{
	const char *module = symbol->module ? symbol->module : "[unknown]";

	return found ? arena_printf(a, "%s+%" PRIu64 " (%s)", symbol->name, symbol->offset, module)
		     : arena_printf(a, "0x%" PRIx64 " (%s)", address, module);
}

static const char *keep(struct arena *a, const char *text)
{
	return text ? arena_strdup(a, text) : NULL;
}

/* Where the code comes from. */
static void add_origin(struct arena *a, const struct value_symbol *symbol, struct sonde_frame *f)
{
	f->module = keep(a, symbol->module);
	f->module_offset = symbol->module_offset;
	f->build_id = keep(a, symbol->build_id);
}

static const struct sonde_frame *inlined_frame(struct arena *a, const struct value_symbol *symbol,
					       size_t i)
{
	struct sonde_frame *f = arena_new(a, struct sonde_frame);

	f->function = keep(a, symbol->inlined[i].name);
	f->file = keep(a, symbol->inlined[i].file);
	f->line = symbol->inlined[i].line;
	f->is_inlined = true;
	add_origin(a, symbol, f);
	return f;
}

static const struct sonde_frame *own_frame(struct arena *a, const struct value_symbol *symbol,
					   bool found)
{
	struct sonde_frame *f = arena_new(a, struct sonde_frame);

	f->function = found ? keep(a, symbol->name) : NULL;
	f->offset = symbol->offset;
	f->file = keep(a, symbol->file);
	f->line = symbol->line;
	add_origin(a, symbol, f);
	return f;
}

/* A frame, after those that were inlined into it. */
static void add_named(struct decoding *c, struct frames *f, const struct user_space *user,
		      bool perf, uint64_t address)
{
	enum value_use use = f->n ? VALUE_USE_RETURN : VALUE_USE_RUNS;
	struct arena *a = c->d->arena;
	struct value_symbol symbol;
	struct sonde_value *v;
	bool found = find_symbol(c, user, address, use, &symbol);
	const char *text = perf && user ? perf_text(a, &symbol, found, address)
			 : found ? found_text(a, &symbol, c->d->explains)
				 : missing_text(a, &symbol, c->d->explains, address);

	for (size_t i = 0; i < symbol.nr_inlined; i++) {
		v = add_frame(c, f, address, inlined_text(a, &symbol.inlined[i], perf));
		v->frame = c->d->wants_frames ? inlined_frame(a, &symbol, i) : NULL;
	}
	v = add_frame(c, f, address, text);
	v->frame = c->d->wants_frames ? own_frame(a, &symbol, found) : NULL;
}

/* The kernel's struct bpf_stack_build_id. */
#define BUILD_ID_FRAME_BYTES 32
#define BUILD_ID_BYTES 20
enum { BUILD_ID_EMPTY, BUILD_ID_VALID, BUILD_ID_ADDRESS };

static const char *build_id_text(struct decoding *c, const uint8_t *frame)
{
	uint64_t offset = number_u64(frame + 4 + BUILD_ID_BYTES);
	char hex[2 * BUILD_ID_BYTES + 1];

	if (number_u32(frame) != BUILD_ID_VALID)
		return arena_printf(c->d->arena, "%" PRIx64, offset);
	for (size_t i = 0; i < BUILD_ID_BYTES; i++)
		sprintf(hex + 2 * i, "%02x", frame[4 + i]);
	return arena_printf(c->d->arena, "%s 0x%02" PRIx64, hex, offset);
}

static const char *const failures[UNWIND_FAILURES] = {
	[UNWIND_FAILED] = "memory for the tables is missing",
	[UNWIND_NO_PROCESS] = "nothing is known of the process yet",
	[UNWIND_NO_RANGE] = "the address is in no mapping of code that is known",
	[UNWIND_NO_ROW] = "no unwind row for the address",
	[UNWIND_NO_PAGE] = "the stack could not be read: page not resident, or no stack",
	[UNWIND_NO_FP] = "the frame pointer is needed and is lost",
	[UNWIND_LOOPS] = "the caller's frame is not above",
};

/* What stands in place of an address where unwinding failed. */
static bool add_failure(struct decoding *c, struct frames *f, uint64_t address)
{
	uint64_t why = UINT64_MAX - address;

	if (why >= UNWIND_FAILURES)
		return false;
	add_frame(c, f, address, c->d->explains
		  ? arena_printf(c->d->arena, "<unwind failure: %s>", failures[why])
		  : "<unwind failure>");
	return true;
}

static void add_bytes(struct decoding *c, struct frames *f, const struct user_space *user,
		      enum value_stack_mode mode, const uint8_t *frame)
{
	if (mode == VALUE_STACK_BUILD_ID)
		add_frame(c, f, number_u64(frame + 4 + BUILD_ID_BYTES), build_id_text(c, frame));
	else if (user && add_failure(c, f, number_u64(frame)))
		return;
	else if (mode == VALUE_STACK_RAW)
		add_frame(c, f, number_u64(frame),
			  arena_printf(c->d->arena, "%" PRIx64, number_u64(frame)));
	else
		add_named(c, f, user, mode == VALUE_STACK_PERF, number_u64(frame));
}

/* The addresses as bytes whose order is that of the stacks with their frames. */
static void decode_bare(struct decoding *c, enum value_stack_mode mode, const uint8_t *frames,
			size_t count, struct sonde_value *v)
{
	size_t frame_bytes = mode == VALUE_STACK_BUILD_ID ? BUILD_ID_FRAME_BYTES : 8;
	size_t at = mode == VALUE_STACK_BUILD_ID ? 4 + BUILD_ID_BYTES : 0;
	uint8_t *text = arena_alloc(c->d->arena, count * 8 + 1);

	for (size_t i = 0; i < count; i++) {
		uint64_t address = number_u64(frames + i * frame_bytes + at);

		for (int byte = 0; byte < 8; byte++)
			text[i * 8 + (size_t)byte] = (uint8_t)(address >> (56 - 8 * byte));
	}
	v->kind = SONDE_VALUE_BUFFER;
	v->text = (const char *)text;
	v->len = count * 8;
}

/* `in` begins with the number of addresses. */
static void decode_frames(struct decoding *c, const struct value_layout *layout,
			  const struct user_space *user, struct bytes in, struct sonde_value *v)
{
	enum value_stack_mode mode = (enum value_stack_mode)layout->param[1];
	size_t frame_bytes = mode == VALUE_STACK_BUILD_ID ? BUILD_ID_FRAME_BYTES : 8;
	uint64_t count = number_u64(in.at), room = (in.len - 8) / frame_bytes;
	struct frames f = { .cap = 16 };

	if (count > room)
		count = room;
	if (c->d->bare_stacks) {
		decode_bare(c, mode, in.at + 8, count, v);
		return;
	}
	f.cap = count > f.cap ? count : f.cap;
	f.at = arena_array(c->d->arena, struct sonde_value, f.cap);
	for (uint64_t i = 0; i < count; i++)
		add_bytes(c, &f, user, mode, in.at + 8 + i * frame_bytes);
	v->kind = SONDE_VALUE_STACK;
	v->is_kernel = !user;
	v->number = (int64_t)mode;
	v->items = f.at;
	v->nr_items = f.n;
}

void decode_kstack(struct decoding *c, const struct value_layout *layout, struct bytes in,
		   struct sonde_value *v)
{
	decode_frames(c, layout, NULL, in, v);
}

void decode_ustack(struct decoding *c, const struct value_layout *layout, struct bytes in,
		   struct sonde_value *v)
{
	struct user_space user = { (int32_t)number_u32(in.at), number_u32(in.at + 4) };

	decode_frames(c, layout, &user, (struct bytes){ in.at + 8, in.len - 8 }, v);
}
