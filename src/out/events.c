/*
 * The stream of SONDE_EVENTS: see events.h.
 *
 * In: events with named values, and messages. Out: a line for each. All begin
 * with the version of the format, the type and the time; then come, as far as
 * they are known, the attach point, CPU and task of the record, then what the
 * row of the type's table writes. Values are in JSON_RICH.
 */
#include "out/events.h"

#include "out/json.h"
#include "out/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define SECOND 1000000000u

/* ---- what all records have ---- */

static void put_member(struct sbuf *out, const char *name)
{
	sbuf_puts(out, ", \"");
	sbuf_puts(out, name);
	sbuf_puts(out, "\": ");
}

static void put_number(struct sbuf *out, const char *name, uint64_t n)
{
	put_member(out, name);
	text_unsigned(out, n);
}

static void put_text(struct sbuf *out, const char *name, const char *text)
{
	if (!text)
		return;
	put_member(out, name);
	out_json_text(out, text);
}

static void put_time(struct sbuf *out, struct events_clock *clock, uint64_t ns)
{
	const time_t second = (time_t)(ns / SECOND);
	char digits[] = ".000000000Z\"";
	uint64_t rest = ns % SECOND;
	struct tm tm;

	if (clock->second != ns / SECOND || !*clock->text) {
		if (!gmtime_r(&second, &tm) ||
		    !strftime(clock->text, sizeof(clock->text), "%Y-%m-%dT%H:%M:%S", &tm))
			return;
		clock->second = ns / SECOND;
	}
	for (int i = 9; i > 0; i--, rest /= 10)
		digits[i] = (char)('0' + rest % 10);
	put_member(out, "time");
	sbuf_putc(out, '"');
	sbuf_puts(out, clock->text);
	sbuf_puts(out, digits);
}

static void begin(struct sbuf *out, struct events_clock *clock, const char *type, uint64_t ns)
{
	struct timespec now;

	sbuf_puts(out, "{\"version\": ");
	text_unsigned(out, EVENTS_VERSION);
	put_member(out, "type");
	sbuf_putc(out, '"');
	sbuf_puts(out, type);
	sbuf_putc(out, '"');
	if (!ns && !clock_gettime(CLOCK_REALTIME, &now))
		ns = (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
	put_time(out, clock, ns);
}

static void put_place(struct sbuf *out, const char *file, uint32_t line, uint32_t col)
{
	if (!file)
		return;
	put_text(out, "file", file);
	put_number(out, "line", line);
	put_number(out, "column", col);
}

/* ---- the types ---- */

static void put_event_text(struct sbuf *out, const struct sonde_event *e)
{
	put_member(out, "text");
	out_json_string(out, e->text ? e->text : "", e->text ? e->len : 0);
}

static void put_fields(struct sbuf *out, const struct sonde_event *e)
{
	put_event_text(out, e);
	put_member(out, "fields");
	sbuf_putc(out, '{');
	for (size_t i = 0; i < e->nr_values; i++) {
		if (i)
			sbuf_puts(out, ", ");
		out_json_text(out, e->values[i].name);
		sbuf_puts(out, ": ");
		out_json_value(out, &e->values[i], JSON_RICH);
	}
	sbuf_putc(out, '}');
}

static void put_value(struct sbuf *out, const struct sonde_event *e)
{
	put_text(out, "name", e->name);
	put_member(out, "value");
	out_json_value(out, &e->values[0], JSON_RICH);
}

static void put_names(struct sbuf *out, const char *member, const char *const *names, size_t n)
{
	put_member(out, member);
	sbuf_putc(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			sbuf_puts(out, ", ");
		out_json_text(out, names[i]);
	}
	sbuf_putc(out, ']');
}

/* An object with the names of the key's parts. */
static void put_key(struct sbuf *out, const struct sonde_event *e, const struct sonde_value *key)
{
	bool is_parts = e->nr_key_names > 1 && key->nr_items == e->nr_key_names;

	if (!is_parts && e->nr_key_names != 1) {
		out_json_value(out, key, JSON_RICH);
		return;
	}
	sbuf_putc(out, '{');
	for (size_t i = 0; i < e->nr_key_names; i++) {
		if (i)
			sbuf_puts(out, ", ");
		out_json_text(out, e->key_names[i]);
		sbuf_puts(out, ": ");
		out_json_value(out, is_parts ? &key->items[i] : key, JSON_RICH);
	}
	sbuf_putc(out, '}');
}

static void put_map(struct sbuf *out, const struct sonde_event *e)
{
	static const char *const kinds[] = {
		[SONDE_MAP_PLAIN] = "plain",	[SONDE_MAP_STATS] = "stats",
		[SONDE_MAP_HIST] = "hist",	[SONDE_MAP_SERIES] = "series",
	};

	put_member(out, "name");
	sbuf_puts(out, "\"@");
	sbuf_puts(out, e->name ? e->name : "");
	sbuf_putc(out, '"');
	put_text(out, "kind", kinds[e->map_kind]);
	if (!e->map_is_keyed) {
		put_member(out, "value");
		if (e->nr_entries)
			out_json_value(out, e->entries[0].value, JSON_RICH);
		else
			sbuf_puts(out, "null");
		return;
	}
	put_names(out, "keys", e->key_names, e->nr_key_names);
	put_member(out, "entries");
	sbuf_putc(out, '[');
	for (size_t i = 0; i < e->nr_entries; i++) {
		sbuf_puts(out, i ? ", {\"key\": " : "{\"key\": ");
		put_key(out, e, e->entries[i].key);
		put_member(out, "value");
		out_json_value(out, e->entries[i].value, JSON_RICH);
		sbuf_putc(out, '}');
	}
	sbuf_putc(out, ']');
}

static void put_attached(struct sbuf *out, const struct sonde_event *e)
{
	put_number(out, "count", e->count);
	put_names(out, "probes", e->names, e->nr_names);
}

static void put_lost(struct sbuf *out, const struct sonde_event *e)
{
	static const char *const causes[] = {
		[SONDE_LOSS_RING] = "ring_full",	[SONDE_LOSS_SCRATCH] = "scratch_busy",
		[SONDE_LOSS_READ] = "read_failed",	[SONDE_LOSS_RECURSION] = "recursion",
		[SONDE_LOSS_NESTED] = "nested",
	};

	put_number(out, "count", e->count);
	put_text(out, "cause", causes[e->loss]);
	put_event_text(out, e);
}

static void put_note(struct sbuf *out, const struct sonde_event *e)
{
	put_fields(out, e);
	put_place(out, e->place.file, e->place.line, e->place.col);
}

static void put_error(struct sbuf *out, const struct sonde_event *e)
{
	put_event_text(out, e);
	if (e->kind == SONDE_EVENT_HELPER_ERROR) {
		put_text(out, "helper", e->name ? e->name : "");
		put_member(out, "code");
		text_signed(out, e->return_code);
	}
	put_number(out, "count", e->count ? e->count : 1);
	put_place(out, e->place.file, e->place.line, e->place.col);
}

static void put_end(struct sbuf *out, const struct sonde_event *e)
{
	put_text(out, "reason", e->text);
	put_member(out, "exit_code");
	text_signed(out, e->return_code);
	put_number(out, "lost", e->count);
	put_number(out, "dropped", e->dropped);
}

static const struct {
	const char *type;
	void (*put)(struct sbuf *, const struct sonde_event *);
} rows[] = {
	[SONDE_EVENT_PRINTF]		= { "printf", put_fields },
	[SONDE_EVENT_VALUE]		= { "value", put_value },
	[SONDE_EVENT_MAP]		= { "map", put_map },
	[SONDE_EVENT_TIME]		= { "time", put_event_text },
	[SONDE_EVENT_CAT]		= { "cat", put_event_text },
	[SONDE_EVENT_JOIN]		= { "join", put_event_text },
	[SONDE_EVENT_SYSTEM]		= { "system", put_event_text },
	[SONDE_EVENT_ATTACHED]		= { "attached", put_attached },
	[SONDE_EVENT_LOST]		= { "lost", put_lost },
	[SONDE_EVENT_ERRORF]		= { "errorf", put_note },
	[SONDE_EVENT_WARNF]		= { "warnf", put_note },
	[SONDE_EVENT_HELPER_ERROR]	= { "helper_error", put_error },
	[SONDE_EVENT_RUNTIME_ERROR]	= { "runtime_error", put_error },
	[SONDE_EVENT_END]		= { "end", put_end },
};

void out_events_event(struct sbuf *out, struct events_clock *clock, const struct sonde_event *e)
{
	if (e->kind >= sizeof(rows) / sizeof(rows[0]) || !rows[e->kind].put)
		return;
	begin(out, clock, rows[e->kind].type, e->time_ns);
	put_text(out, "probe", e->probe);
	if (e->has_context) {
		put_number(out, "cpu", e->cpu);
		put_number(out, "pid", e->pid);
		put_number(out, "tid", e->tid);
	}
	rows[e->kind].put(out, e);
	sbuf_puts(out, "}\n");
}

void out_events_trial(struct sbuf *out, struct events_clock *clock, const struct sonde_event *e,
		      const struct sbuf *output)
{
	bool is_test = e->kind == SONDE_EVENT_TEST_RESULT;

	if (!is_test && (e->kind != SONDE_EVENT_BENCH_RESULT || e->return_code))
		return;
	begin(out, clock, is_test ? "test" : "benchmark", e->time_ns);
	put_text(out, "name", e->name ? e->name : "");
	put_number(out, "duration_ns", e->duration_ns);
	if (is_test) {
		put_member(out, "passed");
		sbuf_puts(out, e->return_code ? "false" : "true");
	} else {
		put_number(out, "runs", e->count);
	}
	put_member(out, "output");
	out_json_string(out, sbuf_text(output), output->len);
	sbuf_puts(out, "}\n");
}

/* ---- messages ---- */

static void put_notes(struct sbuf *out, const struct sonde_message *m)
{
	static const char *const kinds[] = {
		[SONDE_NOTE_HINT] = "hint", [SONDE_NOTE_RELATED] = "related",
		[SONDE_NOTE_EXPANDED] = "expanded",
	};

	put_member(out, "notes");
	sbuf_putc(out, '[');
	for (size_t i = 0; i < m->nr_notes; i++) {
		const struct sonde_note *n = &m->notes[i];

		sbuf_puts(out, i ? ", {\"kind\": \"" : "{\"kind\": \"");
		sbuf_puts(out, kinds[n->kind]);
		sbuf_putc(out, '"');
		put_text(out, "text", n->text);
		put_place(out, n->file, n->line, n->col);
		sbuf_putc(out, '}');
	}
	sbuf_putc(out, ']');
}

void out_events_message(struct sbuf *out, struct events_clock *clock, const struct sonde_message *m)
{
	static const char *const severities[] = {
		[SONDE_ERROR] = "error", [SONDE_WARNING] = "warning", [SONDE_HINT] = "hint",
		[SONDE_INFO] = "info", [SONDE_DEBUG] = "debug",
	};

	begin(out, clock, "message", 0);
	put_text(out, "severity", severities[m->severity]);
	put_text(out, "text", m->text);
	put_text(out, "tag", m->tag);
	put_place(out, m->file, m->line, m->col);
	if (m->nr_notes)
		put_notes(out, m);
	sbuf_puts(out, "}\n");
}
