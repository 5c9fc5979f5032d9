/*
 * Values and events as JSON, one object a line.
 */
#ifndef SONDE_OUT_JSON_H
#define SONDE_OUT_JSON_H

#include "base/sbuf.h"
#include "sonde.h"

/* A quoted string: what is UTF-8 stays, every other byte above 0x7f and every
 * control character is escaped, so that any bytes give valid JSON. */
void out_json_string(struct sbuf *out, const char *text, size_t len);

/* Length of the character at `s`, if it has several bytes, or 0 if there is none
 * (overlong forms, surrogates and what lies beyond U+10FFFF are none). */
size_t out_utf8_length(const uint8_t *s, size_t left);

void out_json_text(struct sbuf *out, const char *text);	/* NULL: "" */

/* PLAIN is bpftrace's: numbers of enumerators and pointers, a stack as one text. RICH
 * has their names, and frames one by one. */
enum json_style { JSON_PLAIN, JSON_RICH };

void out_json_value(struct sbuf *out, const struct sonde_value *v, enum json_style style);

/* An event as a line; nothing for events that JSON has no message for. */
void out_json_event(struct sbuf *out, const struct sonde_event *e);

#endif
