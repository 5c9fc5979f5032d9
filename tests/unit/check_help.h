/*
 * For tests of checking: a script to the dump of its checked programs, or to
 * the diagnostics, on a small made-up kernel.
 */
#ifndef SONDE_TESTS_CHECK_HELP_H
#define SONDE_TESTS_CHECK_HELP_H

#include "check/check.h"
#include "tests/unit/btf_bytes.h"

struct check_help {
	struct arena arena;
	struct names names;
	struct diags diags;
	struct types types;
	struct target target;
	struct check_options options;
	struct check check;
	struct btf_bytes kernel;
	struct sbuf text;
	int result;		/* of check_run */
};

void check_help_open(struct check_help *h);
void check_help_close(struct check_help *h);

/* Parse and check; returns the dump followed by the diagnostics (rendered, but
 * without the lines that repeat the source). */
const char *check_help_run(struct check_help *h, const char *script);

/* A row of a test: a script and all that comes of it. */
struct check_row {
	const char *script, *expected;
};

/* Check each row on a kernel of its own. */
void check_help_rows(const struct check_row *rows, size_t count);

#define CHECK_ROWS(rows) check_help_rows(rows, sizeof(rows) / sizeof(*(rows)))

#endif
