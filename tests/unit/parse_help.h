/*
 * Help for tests of the front end: parse a text, get its tree or its
 * diagnostics as text.
 */
#ifndef SONDE_TESTS_PARSE_HELP_H
#define SONDE_TESTS_PARSE_HELP_H

#include "lang/lang.h"

/* `-d ast` of a script; owned by the caller. Fails the test on any diagnostic. */
char *parse_dump(const char *script);

/* The rendered diagnostics of a script named "t"; owned by the caller. */
char *parse_errors(const char *script);

/* Check both against expected text. */
void expect_dump(const char *script, const char *expected);
void expect_errors(const char *script, const char *expected);

/* The dump after the expansion of macros, or the diagnostics if there are any.
 * There is a builtin function strlen and a builtin variable cpu. */
char *parse_expanded(const char *script);
void expect_expanded(const char *script, const char *expected);

/* The dump of "begin { SCRIPT }" without its frame of two levels. */
void expect_stmts(const char *stmts, const char *expected);

/* The same as nested parentheses in one line: "(binary + (int 1) (int 2))"; a
 * single expression statement's own frame is dropped. */
void expect_short(const char *stmts, const char *expected);

/* Positional parameters for the calls above; NULL ends them. */
void parse_params(const char *const *params);

#endif
