/*
 * Bytes to the tree of values: one function a kind of value, in one table.
 *
 * In: a layout and the bytes that it describes. Out: a node, filled in place.
 * Nodes and texts that the bytes do not hold come from the decoder's arena;
 * when that is out of memory, decoding leaves by longjmp to value_decode.
 * Invariant: no function reads beyond the `len` bytes that it was given.
 */
#include "out/decode.h"
#include "out/number.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#define MAX_DEPTH 64
#define MAX_ANONYMOUS_DEPTH 16

typedef void (*decode_fn)(struct decoding *c, const struct value_layout *layout,
			  struct bytes in, struct sonde_value *v);

/* ---- numbers ---- */

static void decode_int(struct decoding *c, const struct value_layout *layout, struct bytes in,
		       struct sonde_value *v)
{
	(void)c;
	v->is_unsigned = !layout->is_signed;
	v->kind = layout->is_signed ? SONDE_VALUE_INT : SONDE_VALUE_UINT;
	v->unsigned_number = number_load(in.at, layout->size_bytes, layout->is_signed);
}

static void decode_bool(struct decoding *c, const struct value_layout *layout, struct bytes in,
			struct sonde_value *v)
{
	(void)c;
	v->kind = SONDE_VALUE_BOOL;
	v->number = number_load(in.at, layout->size_bytes, false) != 0;
}

void decode_set_text(struct sonde_value *v, enum sonde_value_kind kind, const char *text)
{
	v->kind = kind;
	v->text = text ? text : "";
	v->len = strlen(v->text);
}

void decode_enumerator(struct decoding *c, const struct value_layout *layout, struct sonde_value *v)
{
	const struct image_enum *e = layout->enumeration;

	for (size_t i = 0; e && i < e->nr_items; i++) {
		if (number_extend(e->items[i].value, layout->size_bytes * 8, layout->is_signed) !=
		    v->unsigned_number)
			continue;
		decode_set_text(v, SONDE_VALUE_SYMBOLIC, e->items[i].name);
		return;
	}
	decode_set_text(v, SONDE_VALUE_SYMBOLIC,
			arena_printf(c->d->arena, v->is_unsigned ? "%" PRIu64 : "%" PRId64,
				     v->unsigned_number));
}

static void decode_enum(struct decoding *c, const struct value_layout *layout, struct bytes in,
			struct sonde_value *v)
{
	decode_int(c, layout, in, v);
	decode_enumerator(c, layout, v);
}

static void decode_pointer(struct decoding *c, const struct value_layout *layout, struct bytes in,
			   struct sonde_value *v)
{
	v->is_unsigned = true;
	v->unsigned_number = number_load(in.at, layout->size_bytes, false);
	decode_set_text(v, SONDE_VALUE_SYMBOLIC,
			arena_printf(c->d->arena, "0x%" PRIx64, v->unsigned_number));
}

/* ---- texts ---- */

/* A text that fills its whole room was cut: it gets the trailer. */
static void decode_string(struct decoding *c, const struct value_layout *layout, struct bytes in,
			  struct sonde_value *v)
{
	size_t room = in.len < layout->size_bytes ? in.len : layout->size_bytes;
	size_t len = strnlen((const char *)in.at, room);
	const char *trailer = "";

	v->kind = SONDE_VALUE_STRING;
	v->len = len;
	if (len < room) {
		v->text = (const char *)in.at;
		return;
	}
	if (len && len == layout->size_bytes && c->d->str_trunc_trailer)
		trailer = c->d->str_trunc_trailer;
	v->len = len + strlen(trailer);
	v->text = arena_alloc(c->d->arena, v->len + 1);
	memcpy((char *)v->text, in.at, len);
	memcpy((char *)v->text + len, trailer, v->len - len);
}

/* A `char` array is whole, full or not. */
static void decode_chars(struct decoding *c, const struct value_layout *layout, struct bytes in,
			 struct sonde_value *v)
{
	size_t room = in.len < layout->size_bytes ? in.len : layout->size_bytes;

	(void)c;
	v->kind = SONDE_VALUE_STRING;
	v->text = (const char *)in.at;
	v->len = strnlen(v->text, room);
}

static void decode_buffer(struct decoding *c, const struct value_layout *layout, struct bytes in,
			  struct sonde_value *v)
{
	struct bytes data = decode_buffer_bytes(layout, in);

	v->kind = SONDE_VALUE_BUFFER;
	v->len = data.len;
	v->text = arena_strndup(c->d->arena, (const char *)data.at, data.len);
}

struct bytes decode_buffer_bytes(const struct value_layout *layout, struct bytes in)
{
	struct bytes data = { in.at, 0 };
	uint32_t len;

	(void)layout;
	if (in.len < sizeof(len))
		return data;
	len = number_u32(in.at);
	data.at = in.at + sizeof(len);
	data.len = len < in.len - sizeof(len) ? len : in.len - sizeof(len);
	return data;
}

static void decode_probe_name(struct decoding *c, const struct value_layout *layout,
			      struct bytes in, struct sonde_value *v)
{
	const struct value_hooks *h = &c->d->hooks;
	uint64_t index = number_load(in.at, layout->size_bytes, false);
	const char *name = h->probe_name ? h->probe_name(h->arg, index) : NULL;

	decode_set_text(v, SONDE_VALUE_STRING, arena_strdup(c->d->arena, name ? name : ""));
}

static void decode_username(struct decoding *c, const struct value_layout *layout,
			    struct bytes in, struct sonde_value *v)
{
	const struct value_hooks *h = &c->d->hooks;
	uint64_t uid = number_load(in.at, layout->size_bytes, false);
	const char *name = h->username ? h->username(h->arg, uid) : NULL;

	decode_set_text(v, SONDE_VALUE_STRING, arena_strdup(c->d->arena, name ? name : ""));
}

/* The text of the call that the value comes from. */
static const char *text_of(const struct value_layout *layout, uint64_t index, const char *otherwise)
{
	return index < layout->nr_texts ? layout->texts[index] : otherwise;
}

static void decode_cgroup_path(struct decoding *c, const struct value_layout *layout,
			       struct bytes in, struct sonde_value *v)
{
	const struct value_hooks *h = &c->d->hooks;
	uint64_t id = number_u64(in.at);
	const char *path = NULL;

	if (h->cgroup_path)
		path = h->cgroup_path(h->arg, id, text_of(layout, number_u64(in.at + 8), "*"));
	decode_set_text(v, SONDE_VALUE_STRING, arena_strdup(c->d->arena, path ? path : ""));
}

static void decode_inet(struct decoding *c, const struct value_layout *layout, struct bytes in,
			struct sonde_value *v)
{
	char text[INET6_ADDRSTRLEN] = "";
	uint64_t family = number_u64(in.at);

	(void)layout;
	if (family == AF_INET || family == AF_INET6)
		inet_ntop((int)family, in.at + 8, text, sizeof(text));
	decode_set_text(v, SONDE_VALUE_STRING, arena_strdup(c->d->arena, text));
}

static void decode_macaddr(struct decoding *c, const struct value_layout *layout, struct bytes in,
			   struct sonde_value *v)
{
	const uint8_t *b = in.at;

	(void)layout;
	decode_set_text(v, SONDE_VALUE_STRING,
			arena_printf(c->d->arena, "%02X:%02X:%02X:%02X:%02X:%02X", b[0], b[1],
				     b[2], b[3], b[4], b[5]));
}

static void decode_timestamp(struct decoding *c, const struct value_layout *layout,
			     struct bytes in, struct sonde_value *v)
{
	uint64_t ns = number_u64(in.at);
	const char *format = text_of(layout, number_u32(in.at + 8), NULL);

	/* Boot time becomes wall time; TAI is taken for wall time as it is. */
	if (number_u32(in.at + 12) == VALUE_CLOCK_BOOT)
		ns += (uint64_t)c->d->wall_offset_ns;
	v->is_unsigned = true;
	v->unsigned_number = ns;
	decode_set_text(v, SONDE_VALUE_TIME, decode_time_text(c->d->arena, format, ns));
}

/* ---- composites ---- */

static void decode_any(struct decoding *c, const struct value_layout *layout, struct bytes in,
		       struct sonde_value *v);

static uint64_t load_bits(const uint8_t *bytes, unsigned bit_offset, unsigned bit_size)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < bit_size; i++) {
		unsigned bit = bit_offset + i;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		n |= (uint64_t)(bytes[bit / 8] >> (bit % 8) & 1) << i;
#else
		n = n << 1 | (bytes[bit / 8] >> (7 - bit % 8) & 1);
#endif
	}
	return n;
}

static void decode_bitfield(struct decoding *c, const struct value_field *field, struct bytes in,
			    struct sonde_value *v)
{
	unsigned end = (unsigned)field->bit_offset + field->bit_size;
	const struct value_layout *layout = field->layout;

	if (field->bit_size > 64 || in.len < (end + 7) / 8)
		return;
	v->is_unsigned = !layout->is_signed;
	v->kind = layout->is_signed ? SONDE_VALUE_INT : SONDE_VALUE_UINT;
	v->unsigned_number = number_extend(load_bits(in.at, field->bit_offset, field->bit_size),
					   field->bit_size, layout->is_signed);
	if (layout->kind == VALUE_BOOL)
		v->kind = SONDE_VALUE_BOOL;
	else if (layout->kind == VALUE_ENUM)
		decode_enumerator(c, layout, v);
}

/* Where a field's bytes are; `record` is what variable fields refer to. */
struct bytes decode_field_bytes(const struct value_field *field, struct bytes in,
				struct bytes record)
{
	struct bytes none = { NULL, 0 }, at;
	uint32_t offset, len;

	if (!in.at || field->offset_bytes > in.len)
		return none;
	at.at = in.at + field->offset_bytes;
	at.len = in.len - field->offset_bytes;
	if (!field->is_variable)
		return at;
	if (at.len < 2 * sizeof(uint32_t))
		return none;
	offset = number_u32(at.at);
	len = number_u32(at.at + sizeof(uint32_t));
	if (offset > record.len || len > record.len - offset)
		return none;
	at.at = record.at + offset;
	at.len = len;
	return at;
}

static void decode_field(struct decoding *c, const struct value_field *field, struct bytes in,
			 struct sonde_value *v)
{
	struct bytes at = decode_field_bytes(field, in, c->record);

	v->name = field->name;
	if (!at.at)
		return;
	if (field->bit_size)
		decode_bitfield(c, field, at, v);
	else
		decode_any(c, field->layout, at, v);
}

/* A struct or union without a name: its members are the outer one's. */
static bool is_anonymous(const struct value_layout *outer, const struct value_field *field)
{
	return outer->kind == VALUE_RECORD && field->layout &&
		field->layout->kind == VALUE_RECORD &&
	       (!field->name || !*field->name);
}

static size_t count_fields(const struct value_layout *layout, int depth)
{
	size_t n = 0;

	if (depth >= MAX_ANONYMOUS_DEPTH)
		return 0;
	for (size_t i = 0; i < layout->nr_fields; i++)
		n += is_anonymous(layout, &layout->fields[i]) ?
			count_fields(layout->fields[i].layout, depth + 1) : 1;
	return n;
}

/* Fill the items from `items` on; returns their end. */
static struct sonde_value *decode_members(struct decoding *c, const struct value_layout *layout,
					  struct bytes in, struct sonde_value *items, int depth)
{
	if (depth >= MAX_ANONYMOUS_DEPTH)
		return items;
	for (size_t i = 0; i < layout->nr_fields; i++) {
		const struct value_field *field = &layout->fields[i];
		struct bytes at;

		if (!is_anonymous(layout, field)) {
			decode_field(c, field, in, items++);
			continue;
		}
		at = decode_field_bytes(field, in, c->record);
		items = decode_members(c, field->layout, at, items, depth + 1);
	}
	return items;
}

static void decode_fields(struct decoding *c, const struct value_layout *layout, struct bytes in,
			  struct sonde_value *v)
{
	size_t n = count_fields(layout, 0);
	struct sonde_value *items = arena_array(c->d->arena, struct sonde_value, n);

	decode_members(c, layout, in, items, 0);
	v->kind = layout->kind == VALUE_TUPLE ? SONDE_VALUE_TUPLE : SONDE_VALUE_RECORD;
	v->items = items;
	v->nr_items = n;
}

static void decode_array(struct decoding *c, const struct value_layout *layout, struct bytes in,
			 struct sonde_value *v)
{
	const struct value_layout *element = layout->nr_fields ? layout->fields[0].layout : NULL;
	struct sonde_value *items;
	size_t count = layout->count;

	if (!element || (count && element->size_bytes > in.len / count))
		return;
	items = arena_array(c->d->arena, struct sonde_value, count);
	for (size_t i = 0; i < count; i++) {
		struct bytes one = { in.at + i * element->size_bytes, element->size_bytes };

		decode_any(c, element, one, &items[i]);
	}
	v->kind = SONDE_VALUE_LIST;
	v->items = items;
	v->nr_items = count;
}

/* ---- the table ---- */

/* `min_bytes`: what the function reads without looking; 0: layout->size_bytes;
 * a flexible kind checks for itself. */
static const struct decode_row {
	decode_fn decode;
	uint32_t min_bytes;
	bool is_flexible;
} rows[VALUE_KIND_COUNT] = {
	[VALUE_INT]		= { .decode = decode_int },
	[VALUE_BOOL]		= { .decode = decode_bool },
	[VALUE_ENUM]		= { .decode = decode_enum },
	[VALUE_POINTER]		= { .decode = decode_pointer },
	[VALUE_STRING]		= { .decode = decode_string, .is_flexible = true },
	[VALUE_CHARS]		= { .decode = decode_chars, .is_flexible = true },
	[VALUE_BUFFER]		= { .decode = decode_buffer, .is_flexible = true },
	[VALUE_ARRAY]		= { .decode = decode_array, .is_flexible = true },
	[VALUE_TUPLE]		= { .decode = decode_fields, .is_flexible = true },
	[VALUE_RECORD]		= { .decode = decode_fields, .is_flexible = true },
	[VALUE_KSTACK]		= { .decode = decode_kstack, .min_bytes = 8 },
	[VALUE_USTACK]		= { .decode = decode_ustack, .min_bytes = 16 },
	[VALUE_KSYM]		= { .decode = decode_ksym, .min_bytes = 8 },
	[VALUE_USYM]		= { .decode = decode_usym, .min_bytes = 16 },
	[VALUE_PROBE_NAME]	= { .decode = decode_probe_name },
	[VALUE_TIMESTAMP]	= { .decode = decode_timestamp, .min_bytes = 16 },
	[VALUE_INET]		= { .decode = decode_inet, .min_bytes = 24 },
	[VALUE_MACADDR]		= { .decode = decode_macaddr, .min_bytes = 6 },
	[VALUE_CGROUP_PATH]	= { .decode = decode_cgroup_path, .min_bytes = 16 },
	[VALUE_USERNAME]	= { .decode = decode_username },
	[VALUE_COUNT]		= { .decode = decode_total, .min_bytes = 8 },
	[VALUE_SUM]		= { .decode = decode_total, .min_bytes = 8 },
	[VALUE_MIN]		= { .decode = decode_extreme, .min_bytes = 16 },
	[VALUE_MAX]		= { .decode = decode_extreme, .min_bytes = 16 },
	[VALUE_AVG]		= { .decode = decode_avg, .min_bytes = 16 },
	[VALUE_STATS]		= { .decode = decode_stats, .min_bytes = 16 },
	[VALUE_HIST]		= { .decode = decode_hist },
	[VALUE_LHIST]		= { .decode = decode_lhist },
	[VALUE_TSERIES]		= { .decode = decode_series },
};

static void decode_any(struct decoding *c, const struct value_layout *layout, struct bytes in,
		       struct sonde_value *v)
{
	const struct decode_row *row;
	uint32_t need;

	if (!layout || layout->kind >= VALUE_KIND_COUNT || c->depth >= MAX_DEPTH)
		return;
	row = &rows[layout->kind];
	need = row->min_bytes ? row->min_bytes : layout->size_bytes;
	if (!row->decode || (!row->is_flexible && in.len < need))
		return;
	c->depth++;
	row->decode(c, layout, in, v);
	c->depth--;
}

static int decode_guarded(struct value_decoder *d, const struct value_field *field,
			  struct bytes record, struct sonde_value *value)
{
	jmp_buf *outer = d->arena->oom, oom;
	struct decoding c = { .d = d, .record = record };

	memset(value, 0, sizeof(*value));
	if (setjmp(oom)) {
		arena_on_oom(d->arena, outer);
		memset(value, 0, sizeof(*value));
		return -ENOMEM;
	}
	arena_on_oom(d->arena, &oom);
	decode_field(&c, field, record, value);
	arena_on_oom(d->arena, outer);
	return 0;
}

int value_decode(struct value_decoder *d, const struct value_layout *layout,
		 const void *bytes, size_t size_bytes, struct sonde_value *value)
{
	const struct value_field whole = { .layout = layout };

	return decode_guarded(d, &whole, (struct bytes){ bytes, size_bytes }, value);
}

int value_decode_field(struct value_decoder *d, const struct value_field *field,
		       const void *record, size_t size_bytes, struct sonde_value *value)
{
	return decode_guarded(d, field, (struct bytes){ record, size_bytes }, value);
}
