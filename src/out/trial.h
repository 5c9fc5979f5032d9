/*
 * What is printed of tests and benchmarks: googletest's lines, and a table.
 */
#ifndef SONDE_OUT_TRIAL_H
#define SONDE_OUT_TRIAL_H

#include "base/sbuf.h"
#include "sonde.h"

/* What the last lines need to know; all zero at first. */
struct trials {
	struct sbuf failed;	/* names of the tests that failed, each with its NUL */
	struct sbuf results;	/* struct bench_row, each followed by its name and NUL */
	uint64_t nr_tests, nr_failed;
};

void trials_close(struct trials *t);

/* Is the event one of those below? */
bool trial_is_event(const struct sonde_event *e);

/* Does output that comes behind this event belong to a test or benchmark? */
bool trial_begins(const struct sonde_event *e);

/* Text of an event: begins, results (with the output of a test that failed), and the
 * summaries. */
void trial_text(struct trials *t, struct sbuf *out, const struct sonde_event *e,
		const struct sbuf *output);

/* The same as JSON, a line for each result. */
void trial_json(struct sbuf *out, const struct sonde_event *e, const struct sbuf *output);

#endif
