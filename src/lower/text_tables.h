/*
 * Numbers with a text of their own: errors, signals.
 */
#ifndef SONDE_LOWER_TEXT_TABLES_H
#define SONDE_LOWER_TEXT_TABLES_H

#include <stddef.h>

/* By number from 0; NULL: there is none. */
extern const char *const error_texts[];
extern const size_t nr_error_texts;
extern const char *const signal_texts[];
extern const size_t nr_signal_texts;

#endif
