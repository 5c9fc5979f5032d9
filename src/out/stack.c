/*
 * Symbols and stacks as values: addresses to names through the hooks.
 *
 * A symbol is a string; a stack is a list of frames, each with its address and
 * with the text that stands in its line, without the line's indentation, which
 * belongs to the form.
 */
#include "out/decode.h"
#include "out/number.h"

#include <inttypes.h>
#include <stdio.h>

/* Where user addresses belong. */
struct user_space {
	int32_t pid;
	uint32_t probe;
};

static bool find_symbol(struct decoding *c, const struct user_space *user, uint64_t address,
			struct value_symbol *symbol)
{
	const struct value_hooks *h = &c->d->hooks;

	memset(symbol, 0, sizeof(*symbol));
	if (user)
		return h->usym && h->usym(h->arg, user->pid, user->probe, address, symbol) &&
		       symbol->name;
	return h->ksym && h->ksym(h->arg, address, symbol) && symbol->name;
}

static void decode_symbol(struct decoding *c, const struct user_space *user, uint64_t address,
			  struct sonde_value *v)
{
	struct value_symbol symbol;
	const char *text;

	if (find_symbol(c, user, address, &symbol))
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

static const char *frame_text(struct decoding *c, const struct user_space *user,
			      enum value_stack_mode mode, uint64_t address)
{
	struct value_symbol symbol;
	struct arena *a = c->d->arena;
	bool found;

	if (mode == VALUE_STACK_RAW)
		return arena_printf(a, "%" PRIx64, address);
	found = find_symbol(c, user, address, &symbol);
	if (mode == VALUE_STACK_PERF && user) {
		const char *module = symbol.module ? symbol.module : "[unknown]";

		return found ? arena_printf(a, "%s+%" PRIu64 " (%s)", symbol.name, symbol.offset,
					    module)
			     : arena_printf(a, "0x%" PRIx64 " (%s)", address, module);
	}
	return found ? arena_printf(a, "%s+%" PRIu64, symbol.name, symbol.offset)
		     : arena_printf(a, "0x%" PRIx64, address);
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

/* `in` begins with the number of addresses. */
static void decode_frames(struct decoding *c, const struct value_layout *layout,
			  const struct user_space *user, struct bytes in, struct sonde_value *v)
{
	enum value_stack_mode mode = (enum value_stack_mode)layout->param[1];
	size_t frame_bytes = mode == VALUE_STACK_BUILD_ID ? BUILD_ID_FRAME_BYTES : 8;
	uint64_t count = number_u64(in.at), room = (in.len - 8) / frame_bytes;
	struct sonde_value *items;

	if (count > room)
		count = room;
	items = arena_array(c->d->arena, struct sonde_value, count);
	for (uint64_t i = 0; i < count; i++) {
		const uint8_t *frame = in.at + 8 + i * frame_bytes;
		uint64_t address = number_u64(frame + frame_bytes - 8);

		items[i].is_unsigned = true;
		items[i].unsigned_number = address;
		decode_set_text(&items[i], SONDE_VALUE_SYMBOLIC,
				mode == VALUE_STACK_BUILD_ID ? build_id_text(c, frame) :
				frame_text(c, user, mode, address));
	}
	v->kind = SONDE_VALUE_STACK;
	v->number = (int64_t)mode;
	v->items = items;
	v->nr_items = count;
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
