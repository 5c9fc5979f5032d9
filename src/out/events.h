/*
 * The stream of SONDE_EVENTS: everything that a run tells, one JSON object a line;
 * private to src/out. docs/schema/events.json says what it looks like.
 */
#ifndef SONDE_OUT_EVENTS_H
#define SONDE_OUT_EVENTS_H

#include "base/sbuf.h"
#include "sonde.h"

#define EVENTS_VERSION 1

/* The last second that was written, as text; zeros at first. */
struct events_clock {
	uint64_t second;
	char text[24];		/* "2025-03-04T09:15:02" */
};

void out_events_event(struct sbuf *out, struct events_clock *clock, const struct sonde_event *e);

/* A diagnostic or another message, with the time of now. */
void out_events_message(struct sbuf *out, struct events_clock *clock,
			const struct sonde_message *m);

/* The result of a test or benchmark, with what it printed; nothing for other events. */
void out_events_trial(struct sbuf *out, struct events_clock *clock, const struct sonde_event *e,
		      const struct sbuf *output);

#endif
