/*
 * Messages and events of a session on their way to the caller.
 */
#include "run/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void run_tell(struct run *r, enum sonde_severity severity, const char *fmt, ...)
{
	struct sbuf text = { 0 };
	va_list args;

	if (!r->callbacks.message)
		return;
	if (severity == SONDE_WARNING && r->options.warnings_level < 1)
		return;
	va_start(args, fmt);
	sbuf_vprintf(&text, fmt, args);
	va_end(args);
	r->callbacks.message(r->callbacks.arg, severity, sbuf_text(&text));
	sbuf_close(&text);
}

struct sonde_place run_place(struct run *r, const struct image_place *p)
{
	struct sonde_place place = {
		.file = p->file, .line = p->line, .col = p->col, .end_line = p->end_line,
		.end_col = p->end_col, .source_line = p->source_line,
	};

	if (p->from) {
		struct sonde_place *from = arena_new(&r->work, struct sonde_place);

		*from = run_place(r, p->from);
		place.from = from;
	}
	return place;
}

/* What did not come out of a record has the time of now. */
static void emit_now(struct run *r, struct sonde_event event)
{
	struct timespec now;

	if (!clock_gettime(CLOCK_REALTIME, &now))
		event.time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	r->callbacks.event(r->callbacks.arg, &event);
}

void run_emit(struct run *r, const struct sonde_event *event)
{
	r->nr_errors += event->kind == SONDE_EVENT_ERRORF;
	if (!r->callbacks.event)
		return;
	if (r->image->has_context && !event->has_context)
		emit_now(r, *event);
	else
		r->callbacks.event(r->callbacks.arg, event);
}
