/*
 * Messages and events of a session on their way to the caller.
 */
#include "run/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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

void run_emit(struct run *r, const struct sonde_event *event)
{
	if (r->callbacks.event)
		r->callbacks.event(r->callbacks.arg, event);
}
