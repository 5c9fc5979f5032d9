/*
 * The JSON printer: one object a line for each event.
 *
 * In: events and trees of values. Out: text in the exact spacing that scripts
 * of the years expect (", " in objects, "," in arrays), which a library's
 * writer does not make; all that is quoted goes through out_json_string, so the
 * lines are valid JSON whatever the bytes are.
 */
#include "out/json.h"

#include "out/text.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* ---- strings ---- */

size_t out_utf8_length(const uint8_t *s, size_t left)
{
	static const struct {
		uint8_t mask, lead, len;
		uint32_t min;
	} forms[] = {
		{ 0xe0, 0xc0, 2, 0x80 }, { 0xf0, 0xe0, 3, 0x800 }, { 0xf8, 0xf0, 4, 0x10000 },
	};

	for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
		uint32_t c = s[0] & (uint8_t)~forms[f].mask;

		if ((s[0] & forms[f].mask) != forms[f].lead || left < forms[f].len)
			continue;
		for (size_t i = 1; i < forms[f].len; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (s[i] & 0x3f);
		}
		if (c < forms[f].min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return 0;
		return forms[f].len;
	}
	return 0;
}

static void json_escape(struct sbuf *out, uint8_t c)
{
	static const char shorts[256] = {
		['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
	};
	const char pair[2] = { '\\', shorts[c] };

	if (pair[1])
		sbuf_add(out, pair, 2);
	else
		sbuf_printf(out, "\\u%04x", c);
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

void out_json_string(struct sbuf *out, const char *text, size_t len)
{
	const uint8_t *s = (const uint8_t *)text;
	size_t i = 0;

	sbuf_putc(out, '"');
	while (i < len) {
		size_t run = i;

		while (run < len && is_plain(s[run]))
			run++;
		if (run == i && s[i] >= 0x80)
			run += out_utf8_length(s + i, len - i);
		if (run > i)
			sbuf_add(out, s + i, run - i);
		else
			json_escape(out, s[run++]);
		i = run;
	}
	sbuf_putc(out, '"');
}

void out_json_text(struct sbuf *out, const char *text)
{
	out_json_string(out, text ? text : "", text ? strlen(text) : 0);
}

/* ---- values ---- */

static void json_none(struct sbuf *out, const struct sonde_value *v, enum json_style style)
{
	(void)v;
	(void)style;
	sbuf_puts(out, "null");
}

static void json_bool(struct sbuf *out, const struct sonde_value *v, enum json_style style)
{
	(void)style;
	sbuf_puts(out, v->number ? "true" : "false");
}

/* Readers take numbers for doubles: one that is none exactly is quoted. */
static bool is_exact(const struct sonde_value *v)
{
	uint64_t n = v->unsigned_number;

	if (!v->is_unsigned && v->number < 0)
		n = 0 - n;
	return !n || n >> __builtin_ctzll(n) < (uint64_t)1 << 53;
}

static void json_number(struct sbuf *out, const struct sonde_value *v, enum json_style style)
{
	const char *quote = is_exact(v) ? "" : "\"";

	(void)style;
	sbuf_puts(out, quote);
	if (v->is_unsigned)
		text_unsigned(out, v->unsigned_number);
	else
		text_signed(out, v->number);
	sbuf_puts(out, quote);
}

static void json_quoted(struct sbuf *out, const struct sonde_value *v, enum json_style style)
{
	(void)style;
	out_json_string(out, v->text, v->len);
}

static void json_buffer(struct sbuf *out, const struct sonde_value *v, enum json_style style)
{
	(void)style;
	sbuf_putc(out, '[');
	for (size_t i = 0; i < v->len; i++) {
		if (i)
			sbuf_putc(out, ',');
		text_unsigned(out, (uint8_t)v->text[i]);
	}
	sbuf_putc(out, ']');
}

static void json_array(struct sbuf *out, const struct sonde_value *v, enum json_style style)
{
	sbuf_putc(out, '[');
	for (size_t i = 0; i < v->nr_items; i++) {
		if (i)
			sbuf_putc(out, ',');
		out_json_value(out, &v->items[i], style);
	}
	sbuf_putc(out, ']');
}

static void json_object(struct sbuf *out, const struct sonde_value *v, enum json_style style)
{
	sbuf_putc(out, '{');
	for (size_t i = 0; i < v->nr_items; i++) {
		if (i)
			sbuf_puts(out, ", ");
		out_json_text(out, v->items[i].name);
		sbuf_puts(out, ": ");
		out_json_value(out, &v->items[i], style);
	}
	sbuf_putc(out, '}');
}

/* What has a form of its own in text is one string. */
static void json_as_text(struct sbuf *out, const struct sonde_value *v, enum json_style style)
{
	struct sbuf text = { 0 };

	(void)style;
	text_value(&text, v);
	out->failed |= text.failed;
	out_json_string(out, sbuf_text(&text), text.len);
	sbuf_close(&text);
}

/* Written without blanks; intervals without a sample are left out. */
static void json_series(struct sbuf *out, const struct sonde_value *v, enum json_style style)
{
	const char *between = "";

	sbuf_putc(out, '[');
	for (size_t i = 0; i < v->nr_items; i++) {
		const struct sonde_value *row = v->items[i].items;

		if (row[1].kind == SONDE_VALUE_NONE)
			continue;
		sbuf_printf(out, "%s{\"interval_start\":", between);
		out_json_value(out, &row[0], style);
		sbuf_puts(out, ",\"value\":");
		out_json_value(out, &row[1], style);
		sbuf_putc(out, '}');
		between = ",";
	}
	sbuf_putc(out, ']');
}

/* Frames one by one. */
static void json_frames(struct sbuf *out, const struct sonde_value *v, enum json_style style)
{
	(void)style;
	sbuf_putc(out, '[');
	for (size_t i = 0; i < v->nr_items; i++) {
		if (i)
			sbuf_putc(out, ',');
		out_json_string(out, v->items[i].text, v->items[i].len);
	}
	sbuf_putc(out, ']');
}

/* Rich: names rather than numbers, frames rather than one text. */
static const struct {
	void (*print)(struct sbuf *, const struct sonde_value *, enum json_style);
	void (*print_rich)(struct sbuf *, const struct sonde_value *, enum json_style);
} printers[] = {
	[SONDE_VALUE_NONE]	= { .print = json_none },
	[SONDE_VALUE_BOOL]	= { .print = json_bool },
	[SONDE_VALUE_INT]	= { .print = json_number },
	[SONDE_VALUE_UINT]	= { .print = json_number },
	[SONDE_VALUE_STRING]	= { .print = json_quoted },
	[SONDE_VALUE_BUFFER]	= { .print = json_buffer },
	[SONDE_VALUE_SYMBOLIC]	= { .print = json_number, .print_rich = json_quoted },
	[SONDE_VALUE_LIST]	= { .print = json_array },
	[SONDE_VALUE_TUPLE]	= { .print = json_array },
	[SONDE_VALUE_RECORD]	= { .print = json_object },
	[SONDE_VALUE_STATS]	= { .print = json_object },
	[SONDE_VALUE_HIST]	= { .print = json_array },
	[SONDE_VALUE_STACK]	= { .print = json_as_text, .print_rich = json_frames },
	[SONDE_VALUE_TIME]	= { .print = json_quoted },
	[SONDE_VALUE_SERIES]	= { .print = json_series },
};

void out_json_value(struct sbuf *out, const struct sonde_value *v, enum json_style style)
{
	assert(v->kind < sizeof(printers) / sizeof(printers[0]));
	if (style == JSON_RICH && printers[v->kind].print_rich)
		printers[v->kind].print_rich(out, v, style);
	else
		printers[v->kind].print(out, v, style);
}

/* ---- maps ---- */

/* The key's text without its outer pair of parentheses and without blanks. */
static void json_key(struct sbuf *out, const struct sonde_value *key)
{
	struct sbuf text = { 0 };
	size_t n = 0;

	text_key(&text, key);
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] != ' ')
			text.at[n++] = text.at[i];
	out->failed |= text.failed;
	out_json_string(out, sbuf_text(&text), n);
	sbuf_close(&text);
}

static void json_entries(struct sbuf *out, const struct sonde_event *e)
{
	if (e->nr_entries && !e->entries[0].key) {
		out_json_value(out, e->entries[0].value, JSON_PLAIN);
		return;
	}
	sbuf_putc(out, '{');
	for (size_t i = 0; i < e->nr_entries; i++) {
		if (i)
			sbuf_puts(out, ", ");
		json_key(out, e->entries[i].key);
		sbuf_puts(out, ": ");
		out_json_value(out, e->entries[i].value, JSON_PLAIN);
	}
	sbuf_putc(out, '}');
}

static void json_map(struct sbuf *out, const struct sonde_event *e)
{
	static const char *const types[] = {
		[SONDE_MAP_PLAIN] = "map",	[SONDE_MAP_STATS] = "stats",
		[SONDE_MAP_HIST] = "hist",	[SONDE_MAP_SERIES] = "tseries",
	};

	/* An empty map gives no line, but stats do. */
	if (!e->nr_entries && e->map_kind != SONDE_MAP_STATS)
		return;
	sbuf_printf(out, "{\"type\": \"%s\", \"data\": {\"@%s\": ", types[e->map_kind],
		    e->name ? e->name : "");
	json_entries(out, e);
	sbuf_puts(out, "}}\n");
}

/* ---- events ---- */

static void json_place(struct sbuf *out, const struct sonde_place *place)
{
	if (place->file) {
		sbuf_puts(out, ", \"filename\": ");
		out_json_text(out, place->file);
		sbuf_printf(out, ", \"line\": %" PRIu32 ", \"col\": %" PRIu32, place->line,
			    place->col);
	}
	sbuf_puts(out, "}\n");
}

static void json_data(struct sbuf *out, const struct sonde_event *e, const char *type)
{
	sbuf_puts(out, "{\"type\": \"");
	sbuf_puts(out, type);
	sbuf_puts(out, "\", \"data\": ");
	if (e->kind == SONDE_EVENT_VALUE)
		out_json_value(out, &e->values[0], JSON_PLAIN);
	else
		out_json_string(out, e->text ? e->text : "", e->text ? e->len : 0);
	sbuf_puts(out, "}\n");
}

static void json_attached(struct sbuf *out, const struct sonde_event *e, const char *type)
{
	sbuf_printf(out, "{\"type\": \"%s\", \"count\": %" PRIu64, type, e->count);
	sbuf_printf(out, ", \"data\": {\"probes\": %" PRIu64 "}}\n", e->count);
}

/* Reads that failed have lost no event. */
static void json_lost(struct sbuf *out, const struct sonde_event *e, const char *type)
{
	bool is_read = e->loss == SONDE_LOSS_READ;

	sbuf_printf(out, "{\"type\": \"%s\", \"count\": %" PRIu64, is_read ? "failed_reads" : type,
		    e->count);
	sbuf_printf(out, ", \"data\": {\"%s\": %" PRIu64 "}", is_read ? "reads" : "events",
		    e->count);
	if (e->text) {
		sbuf_puts(out, ", \"cause\": ");
		out_json_string(out, e->text, e->len);
	}
	if (e->probe) {
		sbuf_puts(out, ", \"probe\": ");
		out_json_text(out, e->probe);
	}
	sbuf_puts(out, "}\n");
}

static void json_message(struct sbuf *out, const struct sonde_event *e, const char *type)
{
	sbuf_printf(out, "{\"type\": \"%s\", \"msg\": ", type);
	out_json_string(out, e->text ? e->text : "", e->text ? e->len : 0);
	json_place(out, &e->place);
}

static void json_helper_error(struct sbuf *out, const struct sonde_event *e, const char *type)
{
	const char *reason = strerrordesc_np(-e->return_code);

	sbuf_printf(out, "{\"type\": \"%s\", \"msg\": ", type);
	out_json_text(out, reason ? reason : "Unknown error");
	sbuf_puts(out, ", \"helper\": ");
	out_json_text(out, e->name);
	sbuf_printf(out, ", \"retcode\": %d", e->return_code);
	json_place(out, &e->place);
}

static const struct {
	void (*print)(struct sbuf *, const struct sonde_event *, const char *type);
	const char *type;
} rows[] = {
	[SONDE_EVENT_PRINTF]		= { json_data, "printf" },
	[SONDE_EVENT_VALUE]		= { json_data, "value" },
	[SONDE_EVENT_TIME]		= { json_data, "time" },
	[SONDE_EVENT_CAT]		= { json_data, "cat" },
	[SONDE_EVENT_JOIN]		= { json_data, "join" },
	[SONDE_EVENT_SYSTEM]		= { json_data, "syscall" },
	[SONDE_EVENT_ATTACHED]		= { json_attached, "attached_probes" },
	[SONDE_EVENT_LOST]		= { json_lost, "lost_events" },
	[SONDE_EVENT_ERRORF]		= { json_message, "errorf" },
	[SONDE_EVENT_WARNF]		= { json_message, "warnf" },
	[SONDE_EVENT_HELPER_ERROR]	= { json_helper_error, "helper_error" },
	[SONDE_EVENT_RUNTIME_ERROR]	= { json_message, "runtime_error" },
};

void out_json_event(struct sbuf *out, const struct sonde_event *e)
{
	if (e->kind == SONDE_EVENT_MAP)
		json_map(out, e);
	else if (e->kind < sizeof(rows) / sizeof(rows[0]) && rows[e->kind].print)
		rows[e->kind].print(out, e, rows[e->kind].type);
}
