/*
 * Help for tests of the formatter: what always holds of a formatted script.
 */
#ifndef SONDE_TESTS_FORMAT_HELP_H
#define SONDE_TESTS_FORMAT_HELP_H

#include <stdbool.h>
#include <stddef.h>

/* Format a script and check what holds of every one: the text parses to the same
 * tree, holds the same comments in the same order, and formatting it again changes
 * nothing. Returns the text (the caller's), or NULL when the script has syntax
 * errors. A failed check writes to standard error and aborts. */
char *format_checked(const char *text, size_t len);

#endif
