/*
 * Private to src/sym: debug files from the servers that DEBUGINFOD_URLS names.
 *
 * A server is waited for once: when one has given no answer, or the wait was ended, none
 * is asked again, and what is not in the client's cache by then stays unknown.
 */
#ifndef SONDE_SYM_DEBUGINFOD_H
#define SONDE_SYM_DEBUGINFOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum debuginfod_answer {
	DEBUGINFOD_FOUND,
	DEBUGINFOD_NONE,	/* the servers have none, or none is named */
	DEBUGINFOD_UNKNOWN,	/* no answer, or not asked */
};

struct debuginfod_known;

struct debuginfod {
	bool (*is_over)(void *arg);	/* whether to wait no longer; NULL: to the end */
	void (*on_wait)(void *arg);	/* an answer takes long: told once; may be NULL */
	void *arg;
	struct debuginfod_known *known;	/* owned: the answers so far */
	bool is_left;			/* no server is asked any more */
	bool is_unsure;			/* an answer since this was set to false was UNKNOWN */
	bool told;
	int64_t asked_ns;		/* when the question that is waited for began */
};

/* The debug file of a build id. *fd is the caller's, or -1. Asks once for a build id, and
 * needs elfutils' libdebuginfod, which the static program does not load. */
enum debuginfod_answer debuginfod_open(struct debuginfod *d, const void *build_id,
				       size_t len_bytes, int *fd);
void debuginfod_close(struct debuginfod *d);

#endif
