/*
 * Values, maps and places of a script as text, as a terminal shows them.
 */
#ifndef SONDE_OUT_TEXT_H
#define SONDE_OUT_TEXT_H

#include "base/sbuf.h"
#include "sonde.h"

/* The text form of a value, without a newline of its own; stacks begin and
 * end with one. */
void text_value(struct sbuf *out, const struct sonde_value *v);

/* A series as a graph of several lines. */
void text_graph(struct sbuf *out, const struct sonde_value *v);

/* A key as it stands between the brackets: a tuple without its outer pair. */
void text_key(struct sbuf *out, const struct sonde_value *key);

/* All entries of a map event, one or several lines each. */
void text_map(struct sbuf *out, const struct sonde_event *e);

/* Any bytes: printable ones as they are, others as \xNN. */
void text_bytes(struct sbuf *out, const char *bytes, size_t len);

/* Decimal digits; faster than printf. */
void text_unsigned(struct sbuf *out, uint64_t n);
void text_signed(struct sbuf *out, int64_t n);

/* A line of the form "FILE:LINE:COL-END: WORD: text", in colour if asked for,
 * then `extra` as a line of its own unless it is NULL. */
void text_located(struct sbuf *out, const struct sonde_place *place, bool is_error, bool colour,
		  const char *text, const char *extra);

/* The source lines of a place, tabs as four blanks, marked with "~". */
void text_source(struct sbuf *out, const struct sonde_place *place);

/* "expanded from", for each call of a macro that the place came out of. */
void text_expansions(struct sbuf *out, const struct sonde_place *place, bool is_error, bool colour);

#endif
