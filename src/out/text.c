/*
 * The text printer: values, maps, histograms.
 *
 * In: trees of values. Out: text at the end of a buffer, exactly as the spec's
 * section 3 shows it. One function a kind of value, in a table.
 */
#include "out/text.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define LABEL_COLUMNS 16
#define COUNT_COLUMNS 8
#define BAR_COLUMNS 52

/* ---- numbers and bytes ---- */

void text_unsigned(struct sbuf *out, uint64_t n)
{
	char digits[20], *at = digits + sizeof(digits);

	do {
		*--at = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	sbuf_add(out, at, (size_t)(digits + sizeof(digits) - at));
}

void text_signed(struct sbuf *out, int64_t n)
{
	if (n < 0)
		sbuf_putc(out, '-');
	text_unsigned(out, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void text_bytes(struct sbuf *out, const char *bytes, size_t len)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		uint8_t b = (uint8_t)bytes[i];
		const char escape[4] = { '\\', 'x', hex[b >> 4], hex[b & 15] };

		if (b >= 0x20 && b <= 0x7e)
			sbuf_putc(out, bytes[i]);
		else
			sbuf_add(out, escape, sizeof(escape));
	}
}

/* ---- values ---- */

static void text_none(struct sbuf *out, const struct sonde_value *v)
{
	(void)v;
	sbuf_add(out, "null", 4);
}

static void text_bool(struct sbuf *out, const struct sonde_value *v)
{
	sbuf_puts(out, v->number ? "true" : "false");
}

static void text_number(struct sbuf *out, const struct sonde_value *v)
{
	if (v->kind == SONDE_VALUE_UINT)
		text_unsigned(out, v->unsigned_number);
	else
		text_signed(out, v->number);
}

static void text_string(struct sbuf *out, const struct sonde_value *v)
{
	sbuf_add(out, v->text, v->len);
}

static void text_buffer(struct sbuf *out, const struct sonde_value *v)
{
	text_bytes(out, v->text, v->len);
}

static void text_items(struct sbuf *out, const struct sonde_value *v, const char *between)
{
	for (size_t i = 0; i < v->nr_items; i++) {
		if (i)
			sbuf_puts(out, between);
		text_value(out, &v->items[i]);
	}
}

static void text_list(struct sbuf *out, const struct sonde_value *v)
{
	sbuf_putc(out, '[');
	text_items(out, v, ",");
	sbuf_putc(out, ']');
}

static void text_tuple(struct sbuf *out, const struct sonde_value *v)
{
	sbuf_putc(out, '(');
	text_items(out, v, ", ");
	sbuf_putc(out, ')');
}

static void text_record(struct sbuf *out, const struct sonde_value *v)
{
	if (!v->nr_items) {
		sbuf_puts(out, "{}");
		return;
	}
	sbuf_puts(out, "{ ");
	for (size_t i = 0; i < v->nr_items; i++) {
		sbuf_puts(out, i ? ", ." : ".");
		sbuf_puts(out, v->items[i].name ? v->items[i].name : "");
		sbuf_puts(out, " = ");
		text_value(out, &v->items[i]);
	}
	sbuf_puts(out, " }");
}

/* What stands before a frame's text, by the form of the stack. */
static void text_stack(struct sbuf *out, const struct sonde_value *v)
{
	sbuf_putc(out, '\n');
	for (size_t i = 0; i < v->nr_items; i++) {
		const struct sonde_value *frame = &v->items[i];

		if (v->number == SONDE_STACK_BPFTRACE)
			sbuf_puts(out, "        ");
		else if (v->number == SONDE_STACK_PERF)
			sbuf_printf(out, "\t%" PRIx64 " ", frame->unsigned_number);
		sbuf_add(out, frame->text, frame->len);
		sbuf_putc(out, '\n');
	}
}

static uint64_t bucket_count(const struct sonde_value *bucket)
{
	return bucket->nr_items ? bucket->items[bucket->nr_items - 1].unsigned_number : 0;
}

/* A bar's length is cut after a division in single precision, as always. */
static size_t bar_length(uint64_t count, uint64_t most)
{
	size_t length = most ? (size_t)((float)BAR_COLUMNS * (float)count / (float)most) : 0;

	return length < BAR_COLUMNS ? length : BAR_COLUMNS;
}

static void text_hist_row(struct sbuf *out, const struct sonde_value *bucket, uint64_t most)
{
	size_t bar = bar_length(bucket_count(bucket), most);

	sbuf_printf(out, "%-*s%*" PRIu64 " |", LABEL_COLUMNS, bucket->text, COUNT_COLUMNS,
		    bucket_count(bucket));
	sbuf_fill(out, '@', bar);
	sbuf_fill(out, ' ', BAR_COLUMNS - bar);
	sbuf_puts(out, "|\n");
}

static void text_hist(struct sbuf *out, const struct sonde_value *v)
{
	uint64_t most = 0;

	for (size_t i = 0; i < v->nr_items; i++)
		if (bucket_count(&v->items[i]) > most)
			most = bucket_count(&v->items[i]);
	for (size_t i = 0; i < v->nr_items; i++)
		text_hist_row(out, &v->items[i], most);
}

static void (*const printers[])(struct sbuf *, const struct sonde_value *) = {
	[SONDE_VALUE_NONE]	= text_none,
	[SONDE_VALUE_BOOL]	= text_bool,
	[SONDE_VALUE_INT]	= text_number,
	[SONDE_VALUE_UINT]	= text_number,
	[SONDE_VALUE_STRING]	= text_string,
	[SONDE_VALUE_BUFFER]	= text_buffer,
	[SONDE_VALUE_SYMBOLIC]	= text_string,
	[SONDE_VALUE_LIST]	= text_list,
	[SONDE_VALUE_TUPLE]	= text_tuple,
	[SONDE_VALUE_RECORD]	= text_record,
	[SONDE_VALUE_STATS]	= text_record,
	[SONDE_VALUE_HIST]	= text_hist,
	[SONDE_VALUE_STACK]	= text_stack,
	[SONDE_VALUE_TIME]	= text_string,
	[SONDE_VALUE_SERIES]	= text_graph,
};

void text_value(struct sbuf *out, const struct sonde_value *v)
{
	assert(v->kind < sizeof(printers) / sizeof(printers[0]));
	printers[v->kind](out, v);
}

/* ---- maps ---- */

void text_key(struct sbuf *out, const struct sonde_value *key)
{
	size_t start = out->len, len;

	text_value(out, key);
	len = out->len - start;
	/* Whatever looks like a tuple loses its outer pair, strings as well. */
	if (out->failed || len < 2 || out->at[start] != '(' || out->at[out->len - 1] != ')')
		return;
	memmove(out->at + start, out->at + start + 1, len - 2);
	out->len -= 2;
	out->at[out->len] = '\0';
}

static bool is_picture(const struct sonde_value *v)
{
	return v->kind == SONDE_VALUE_HIST || v->kind == SONDE_VALUE_SERIES;
}

void text_map(struct sbuf *out, const struct sonde_event *e)
{
	for (size_t i = 0; i < e->nr_entries; i++) {
		const struct sonde_map_entry *entry = &e->entries[i];
		bool picture = is_picture(entry->value);

		sbuf_putc(out, '@');
		sbuf_puts(out, e->name ? e->name : "");
		if (entry->key) {
			sbuf_putc(out, '[');
			text_key(out, entry->key);
			sbuf_putc(out, ']');
		}
		sbuf_puts(out, picture ? ":\n" : ": ");
		text_value(out, entry->value);
		sbuf_putc(out, '\n');
	}
}

/* ---- places ---- */

static void text_place(struct sbuf *out, const struct sonde_place *place)
{
	if (!place->file)
		return;
	if (place->end_line > place->line)
		sbuf_printf(out, "%s:%" PRIu32 "-%" PRIu32 ": ", place->file, place->line,
			    place->end_line);
	else
		sbuf_printf(out, "%s:%" PRIu32 ":%" PRIu32 "-%" PRIu32 ": ", place->file,
			    place->line, place->col, place->end_col);
}

void text_located(struct sbuf *out, const struct sonde_place *place, bool is_error, bool colour,
		  const char *text, const char *extra)
{
	if (colour)
		sbuf_puts(out, is_error ? "\033[31m" : "\033[33m");
	text_place(out, place);
	sbuf_puts(out, is_error ? "ERROR: " : "WARNING: ");
	sbuf_puts(out, text);
	if (extra) {
		sbuf_putc(out, '\n');
		sbuf_puts(out, extra);
	}
	if (colour)
		sbuf_puts(out, "\033[0m");
	sbuf_putc(out, '\n');
}

/* As wide as the byte is shown: a character of UTF-8 is one column. */
static size_t columns_of(char c)
{
	return c == '\t' ? 4 : (c & 0xc0) == 0x80 ? 0 : 1;
}

static void source_lines(struct sbuf *out, const char *lines)
{
	for (; *lines; lines++)
		if (*lines == '\t')
			sbuf_puts(out, "    ");
		else
			sbuf_putc(out, *lines);
	sbuf_putc(out, '\n');
}

void text_source(struct sbuf *out, const struct sonde_place *place)
{
	const char *line = place->source_line;
	size_t len, end = place->end_col ? place->end_col - 1 : 0;

	if (!place->file || !line)
		return;
	source_lines(out, line);
	if (place->end_line > place->line)
		return;
	len = strlen(line);
	for (size_t i = 0; i < end && i < len; i++)
		sbuf_fill(out, i + 1 < place->col ? ' ' : '~', columns_of(line[i]));
	sbuf_putc(out, '\n');
}

void text_expansions(struct sbuf *out, const struct sonde_place *place, bool is_error, bool colour)
{
	for (place = place->from; place; place = place->from) {
		text_located(out, place, is_error, colour, "expanded from", NULL);
		text_source(out, place);
	}
}
