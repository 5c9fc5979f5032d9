/*
 * A program under another implementation of the language: bpftrace.
 */
#ifndef SONDE_TESTS_REFERENCE_H
#define SONDE_TESTS_REFERENCE_H

#include "base/sbuf.h"

enum reference_result {
	REFERENCE_AGREES,
	REFERENCE_DIFFERS,
	REFERENCE_REFUSES,	/* an error, or the kernel refuses its code */
	REFERENCE_RESULTS
};

/*
 * Run `text` with the program at `path`, and compare what it prints with `want`,
 * the text of the tree's interpreter: without blank lines and without runtime
 * warnings, which go elsewhere there. `told` gets what it printed, or why it
 * refuses the program.
 */
enum reference_result reference_run(const char *path, const char *text, const char *want,
				    struct sbuf *told);

#endif
