/*
 * The printer: see print.h.
 *
 * One buffer collects data; when it is written depends on the flush mode:
 * after each event (none), when a line is complete at the end of a batch
 * (line), or when it is large (full). Messages in text mode are written at
 * once, after the data before them unless the mode is full.
 */
#include "out/print.h"

#include "base/sbuf.h"
#include "out/events.h"
#include "out/json.h"
#include "out/profile.h"
#include "out/text.h"
#include "out/trial.h"
#include "out/write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FLUSH_BYTES ((size_t)64 * 1024)
#define KEEP_BYTES ((size_t)1024 * 1024)

struct printer {
	struct printer_options options;
	struct writer out, messages;
	struct sbuf data;	/* not yet written */
	size_t seen;		/* of data: bytes known to hold no newline after has_line */
	bool has_line;		/* data holds a newline */
	struct sbuf message;	/* one message of text mode */
	struct sbuf captured;	/* output of the test that runs, messages too */
	bool captures;
	struct trials trials;
	struct events_clock clock;
	struct profile *profile;	/* owned; NULL: no picture is wanted */
	int err;		/* first failed write */
};

/* The formats from SONDE_FOLDED on. */
static const struct {
	bool by_function, with_maps;
	void (*write)(struct sbuf *, const struct profile_view *);
} pictures[] = {
	[SONDE_FOLDED]		= { true, true, profile_folded },
	[SONDE_SPEEDSCOPE]	= { true, false, profile_speedscope },
	[SONDE_PPROF]		= { false, false, profile_pprof },
	[SONDE_FLAME]		= { true, true, profile_flame },
};

int print_open(struct printer **out, const struct printer_options *options)
{
	struct printer *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->options = *options;
	writer_init(&p->out, options->fd, options->wait_until_ns, options->arg);
	writer_init(&p->messages, options->error_fd, options->wait_until_ns, options->arg);
	if (options->format >= SONDE_FOLDED &&
	    profile_open(&p->profile, pictures[options->format].by_function)) {
		free(p);
		return -ENOMEM;
	}
	*out = p;
	return 0;
}

int print_close(struct printer *p)
{
	int err;

	if (!p)
		return 0;
	err = print_flush(p);
	sbuf_close(&p->data);
	sbuf_close(&p->message);
	sbuf_close(&p->captured);
	trials_close(&p->trials);
	profile_close(p->profile);
	free(p);
	return err;
}

int print_status(const struct printer *p)
{
	return p->err;
}

uint64_t print_dropped_lines(const struct printer *p)
{
	return p->out.dropped_lines + p->messages.dropped_lines;
}

/* ---- writing ---- */

int print_flush(struct printer *p)
{
	if (p->data.failed && !p->err)
		p->err = -ENOMEM;
	if (p->data.len && !p->err)
		p->err = writer_put(&p->out, p->data.at, p->data.len);
	sbuf_clear(&p->data);
	if (p->data.cap > KEEP_BYTES)
		sbuf_close(&p->data);
	p->seen = 0;
	p->has_line = false;
	return p->err;
}

static bool line_is_complete(struct printer *p)
{
	if (!p->has_line && p->data.len > p->seen)
		p->has_line = memchr(p->data.at + p->seen, '\n', p->data.len - p->seen);
	p->seen = p->data.len;
	return p->has_line;
}

/* After each event. */
static void data_added(struct printer *p)
{
	if (p->options.flush == SONDE_FLUSH_NONE || p->data.len >= FLUSH_BYTES || p->data.failed)
		print_flush(p);
}

int print_end(struct printer *p)
{
	if (p->options.flush == SONDE_FLUSH_LINE && line_is_complete(p))
		print_flush(p);
	return p->err;
}

/* ---- text mode ---- */

static void write_message(struct printer *p)
{
	if (p->options.flush != SONDE_FLUSH_FULL)
		print_end(p);
	/* A terminal that has gone does not end the run; the data's end does. */
	if (p->options.error_fd >= 0 && !p->message.failed)
		(void)writer_put(&p->messages, sbuf_text(&p->message), p->message.len);
	sbuf_clear(&p->message);
}

static void message_located(struct printer *p, const struct sonde_event *e)
{
	const char *text = e->text ? e->text : "";
	size_t len = e->text ? e->len : 0;
	bool error = e->kind == SONDE_EVENT_ERRORF, colour = p->options.colour;
	struct sbuf line = { 0 };

	sbuf_add(&line, text, len && text[len - 1] == '\n' ? len - 1 : len);
	text_located(&p->message, &e->place, error, colour, sbuf_text(&line), NULL);
	if (e->kind == SONDE_EVENT_RUNTIME_ERROR)
		text_source(&p->message, &e->place);
	text_expansions(&p->message, &e->place, error, colour);
	sbuf_close(&line);
}

static const struct {
	const char *helper;
	int return_code;
	const char *reason;
} helper_reasons[] = {
	{ "map_update_elem", -E2BIG, "Map full; can't update element. Try increasing max_map_keys "
	  "config or manually setting the max entries in a map declaration e.g. "
	  "`let @a = hash(5000)`" },
	{ "map_delete_elem", -ENOENT, "Can't delete map element because it does not exist." },
	{ "map_lookup_elem", 0, "Can't lookup map element because it does not exist." },
};

const char *print_helper_reason(const char *helper, int return_code)
{
	const char *reason = strerrordesc_np(-return_code);

	for (size_t i = 0; i < sizeof(helper_reasons) / sizeof(helper_reasons[0]); i++)
		if (helper && helper_reasons[i].return_code == return_code &&
		    !strcmp(helper, helper_reasons[i].helper))
			return helper_reasons[i].reason;
	return reason ? reason : "Unknown error";
}

/* What the text of an error does not say. */
static const char *helper_hint(const char *helper, int return_code)
{
	if (return_code != -EFAULT || !helper || strncmp(helper, "probe_read_user", 15))
		return NULL;
	return "the address is wrong, or its page is not in memory now, and a probe cannot wait "
	       "for it; what a system call has used is there at its end: keep the address at "
	       "sys_enter, read at sys_exit";
}

static void message_helper_error(struct printer *p, const struct sonde_event *e)
{
	const char *hint = helper_hint(e->name, e->return_code);
	struct sbuf extra = { 0 };

	sbuf_printf(&extra, "Additional Info - helper: %s, retcode: %d", e->name ? e->name : "",
		    e->return_code);
	text_located(&p->message, &e->place, false, p->options.colour,
		     e->text ? e->text : print_helper_reason(e->name, e->return_code),
		     sbuf_text(&extra));
	text_source(&p->message, &e->place);
	text_expansions(&p->message, &e->place, false, p->options.colour);
	if (hint)
		sbuf_printf(&p->message, "HINT: %s\n", hint);
	sbuf_close(&extra);
}

/* Two newlines stand between what the script printed and its maps. */
static void data_results(struct printer *p, const struct sonde_event *e)
{
	(void)e;
	sbuf_puts(&p->data, "\n\n");
}

static void message_attached(struct printer *p, const struct sonde_event *e)
{
	if (!p->options.quiet)
		sbuf_printf(&p->message, "Attached %" PRIu64 " probe%s\n", e->count,
			    e->count == 1 ? "" : "s");
}

/* Reads that failed have lost no event. */
static void message_reads(struct printer *p, const struct sonde_event *e)
{
	sbuf_printf(&p->message, "%sWARNING: %s: %" PRIu64 " %s (-k tells where)%s\n",
		    p->options.colour ? "\033[33m" : "", e->probe, e->count, e->text,
		    p->options.colour ? "\033[0m" : "");
}

/* "Lost N events", with the cause and the probe where they are known. */
static void message_lost(struct printer *p, const struct sonde_event *e)
{
	if (e->loss == SONDE_LOSS_READ) {
		message_reads(p, e);
		return;
	}
	sbuf_printf(&p->message, "Lost %" PRIu64 " events", e->count);
	if (e->text && e->len)
		sbuf_printf(&p->message, ": %.*s", (int)e->len, e->text);
	if (e->probe)
		sbuf_printf(&p->message, " (%s)", e->probe);
	sbuf_putc(&p->message, '\n');
}

static void data_text(struct printer *p, const struct sonde_event *e)
{
	if (e->text)
		sbuf_add(&p->data, e->text, e->len);
}

static void data_line(struct printer *p, const struct sonde_event *e)
{
	data_text(p, e);
	sbuf_putc(&p->data, '\n');
}

static void data_value(struct printer *p, const struct sonde_event *e)
{
	text_value(&p->data, &e->values[0]);
	sbuf_putc(&p->data, '\n');
}

static void data_map(struct printer *p, const struct sonde_event *e)
{
	text_map(&p->data, e);
}

static const struct {
	void (*print)(struct printer *, const struct sonde_event *);
	bool is_message;
} rows[] = {
	[SONDE_EVENT_PRINTF]		= { .print = data_text },
	[SONDE_EVENT_VALUE]		= { .print = data_value },
	[SONDE_EVENT_MAP]		= { .print = data_map },
	[SONDE_EVENT_TIME]		= { .print = data_text },
	[SONDE_EVENT_CAT]		= { .print = data_text },
	[SONDE_EVENT_JOIN]		= { .print = data_line },
	[SONDE_EVENT_SYSTEM]		= { .print = data_line },
	[SONDE_EVENT_ATTACHED]		= { .print = message_attached, .is_message = true },
	[SONDE_EVENT_LOST]		= { .print = message_lost, .is_message = true },
	[SONDE_EVENT_ERRORF]		= { .print = message_located, .is_message = true },
	[SONDE_EVENT_WARNF]		= { .print = message_located, .is_message = true },
	[SONDE_EVENT_HELPER_ERROR]	= { .print = message_helper_error, .is_message = true },
	[SONDE_EVENT_RUNTIME_ERROR]	= { .print = message_located, .is_message = true },
	[SONDE_EVENT_RESULTS]		= { .print = data_results },
};

static void print_text_event(struct printer *p, const struct sonde_event *e)
{
	if (e->kind >= sizeof(rows) / sizeof(rows[0]) || !rows[e->kind].print)
		return;
	rows[e->kind].print(p, e);
	if (rows[e->kind].is_message)
		write_message(p);
}

static void swap_texts(struct sbuf *a, struct sbuf *b)
{
	struct sbuf was = *a;

	*a = *b;
	*b = was;
}

/* What is no part of a picture, beside it. */
static void tell_data(struct printer *p)
{
	swap_texts(&p->data, &p->message);
	write_message(p);
}

/* ---- tests and benchmarks ---- */

/* As text whatever the format, in one order with what is told. */
static void capture_event(struct printer *p, const struct sonde_event *e)
{
	if (e->kind >= sizeof(rows) / sizeof(rows[0]) || !rows[e->kind].print)
		return;
	swap_texts(&p->data, &p->captured);
	rows[e->kind].print(p, e);
	sbuf_add(&p->data, sbuf_text(&p->message), p->message.len);
	sbuf_clear(&p->message);
	swap_texts(&p->data, &p->captured);
}

static void print_trial(struct printer *p, const struct sonde_event *e)
{
	if (p->options.format == SONDE_TEXT || p->profile)
		trial_text(&p->trials, &p->data, e, &p->captured);
	else if (p->options.format == SONDE_EVENTS)
		out_events_trial(&p->data, &p->clock, e, &p->captured);
	else
		trial_json(&p->data, e, &p->captured);
	p->captures = trial_begins(e);
	sbuf_clear(&p->captured);
	if (p->profile)
		tell_data(p);
	data_added(p);
	print_end(p);
}

/* ---- pictures ---- */

static void print_beside(struct printer *p, const struct sonde_event *e)
{
	bool is_map = e->kind == SONDE_EVENT_MAP;

	if (e->kind == SONDE_EVENT_RESULTS || (is_map && profile_add(p->profile, e)))
		return;
	print_text_event(p, e);
	if (p->data.len)
		tell_data(p);
}

static const char *what_lacks(const struct profile *profile, const struct profile_view *v)
{
	if (profile_nr_negative(profile))
		return "stacks with negative values were left out";
	return v->nr_samples ? NULL : "no map with stacks in its key was printed: there is nothing "
				      "to show";
}

int print_picture(struct printer *p, const char **lack)
{
	struct profile_view v = { 0 };
	int err;

	*lack = NULL;
	if (!p->profile)
		return p->err;
	err = profile_view(p->profile, pictures[p->options.format].by_function,
			   pictures[p->options.format].with_maps, &v);
	if (err) {
		p->err = p->err ? p->err : err;
		return p->err;
	}
	pictures[p->options.format].write(&p->data, &v);
	*lack = what_lacks(p->profile, &v);
	return print_flush(p);
}

/* ---- all ---- */

void print_raw(struct printer *p, const char *bytes, size_t len)
{
	sbuf_add(&p->data, bytes, len);
	if (p->profile)
		tell_data(p);
	data_added(p);
}

void print_event(struct printer *p, const struct sonde_event *e)
{
	if (p->err)
		return;
	if (trial_is_event(e)) {
		print_trial(p, e);
		return;
	}
	if (p->captures)
		capture_event(p, e);
	else if (p->profile)
		print_beside(p, e);
	else if (p->options.format == SONDE_TEXT)
		print_text_event(p, e);
	else if (p->options.format == SONDE_EVENTS)
		out_events_event(&p->data, &p->clock, e);
	else if (e->kind != SONDE_EVENT_ATTACHED || !p->options.quiet)
		out_json_event(&p->data, e);
	data_added(p);
}

void print_notice(struct printer *p, const struct sonde_message *m)
{
	if (p->err || p->options.format != SONDE_EVENTS)
		return;
	out_events_message(&p->data, &p->clock, m);
	data_added(p);
}

bool print_wants_frames(const struct printer *p)
{
	return p->profile;
}

bool print_takes_batches(const struct printer *p)
{
	return p->options.format == SONDE_TEXT || p->profile;
}

bool print_wants_values(const struct printer *p)
{
	return p->options.format == SONDE_EVENTS;
}
