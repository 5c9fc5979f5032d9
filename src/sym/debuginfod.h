/*
 * Private to src/sym: debug files from the servers that DEBUGINFOD_URLS names.
 */
#ifndef SONDE_SYM_DEBUGINFOD_H
#define SONDE_SYM_DEBUGINFOD_H

#include <stdbool.h>
#include <stddef.h>

/* Whether to wait no longer; `fn` may be NULL. */
struct debuginfod_patience {
	bool (*is_over)(void *arg);
	void *arg;
};

/* The debug file of a build id, loaded if it is not in the library's cache. -1: no server is
 * named, none has it, or elfutils' libdebuginfod is not installed (or this is the static
 * program). */
int debuginfod_open(const void *build_id, size_t len_bytes,
		    const struct debuginfod_patience *patience);

#endif
