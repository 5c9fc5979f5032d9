/*
 * The printer: events to a file descriptor, as text or as JSON.
 *
 * What a script prints goes to the data descriptor, through one buffer; what is
 * told about the run (attached, lost, errors) goes to the other one in text
 * mode and to the data in the JSON modes. In the formats that are pictures of stacks
 * the picture alone is data, and all else goes to the other one as text. A failed
 * write is remembered, not told: print_end and print_flush return it, and nothing is
 * written after it.
 * What nobody takes in time is dropped and counted, whole lines as far as can be.
 */
#ifndef SONDE_OUT_PRINT_H
#define SONDE_OUT_PRINT_H

#include "sonde.h"

struct printer;

struct printer_options {
	int fd;			/* data; stays the caller's */
	int error_fd;		/* text mode: messages; stays the caller's; -1: drop them */
	enum sonde_format format;
	enum sonde_flush flush;
	bool colour;		/* of errors and warnings */
	bool quiet;		/* no line about attached probes */
	/* Asked now and then while nobody takes the output: until when (CLOCK_MONOTONIC)
	 * to wait for that, INT64_MAX: for ever. `taken_ns`: when something was taken last.
	 * NULL: for ever. */
	int64_t (*wait_until_ns)(void *arg, int64_t taken_ns);
	void *arg;		/* of the above; borrowed */
};

/* Returns 0 or -ENOMEM. */
int print_open(struct printer **out, const struct printer_options *options);

/* Flush and free; takes NULL. Returns the first error of any write: a negative
 * errno such as -EPIPE or -ENOSPC. */
int print_close(struct printer *p);

/* Print an event in any form. */
void print_event(struct printer *p, const struct sonde_event *e);

/* What was told besides of the events; a record of SONDE_EVENTS. */
void print_notice(struct printer *p, const struct sonde_message *m);

/* Whether the values of a printf are printed, not its text only. */
bool print_wants_values(const struct printer *p);

/* Bytes as they are, whatever the format: text that an iterator made. */
void print_raw(struct printer *p, const char *bytes, size_t len);

/* Whether what is known of each frame is. */
bool print_wants_frames(const struct printer *p);

/* Whether a map may come as several events. */
bool print_takes_batches(const struct printer *p);

/* The run is over: write what its maps make a picture of, in the formats from
 * SONDE_FOLDED on. Returns 0 or the first error; *lack: why there is less in it than
 * one may think, or NULL; borrowed. */
int print_picture(struct printer *p, const char **lack);

/* The ring is drained: write what the flush mode says. Returns 0 or the first
 * error of any write. */
int print_end(struct printer *p);

/* Write everything. */
int print_flush(struct printer *p);

/* The first error of any write so far, or 0. */
int print_status(const struct printer *p);

/* How many lines were not written because nobody took them in time. */
uint64_t print_dropped_lines(const struct printer *p);

/* Words for a failed helper (name without "bpf_"). */
const char *print_helper_reason(const char *helper, int return_code);

#endif
