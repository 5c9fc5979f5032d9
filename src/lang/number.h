/*
 * Integer literals: one reader for scripts, attach points, parameters.
 */
#ifndef SONDE_LANG_NUMBER_H
#define SONDE_LANG_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum number_status {
	NUMBER_OK,
	NUMBER_EMPTY,		/* no digits */
	NUMBER_BAD_DIGIT,	/* a digit that the base does not have */
	NUMBER_SEPARATOR,	/* "_" at the end */
	NUMBER_COEFFICIENT,	/* 12e3, 0e2 */
	NUMBER_EXPONENT,	/* 1e0, 1e */
	NUMBER_SUFFIX,		/* letters that are no suffix */
	NUMBER_OVERFLOW,
	NUMBER_STATUS_COUNT
};

/* Read the whole text as one unsigned integer. `*value` and `*is_duration` are
 * set in any case (0 and false on failure). */
enum number_status number_parse(const char *text, size_t len, uint64_t *value, bool *is_duration);

/* What is wrong, as a message's text without the number; never NULL. */
const char *number_status_text(enum number_status status);

/* Bytes of the sign that a parameter's number may begin with; a sign alone is none. */
size_t number_sign(const char *text, bool *negative);

/* Offset of the letters behind the digits, where a suffix would be; `len` if none. */
size_t number_suffix(const char *text, size_t len);

/* The largest value that the number may have with its suffix. */
uint64_t number_max(const char *text, size_t len);

#endif
