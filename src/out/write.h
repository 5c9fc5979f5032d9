/*
 * Writing to a descriptor that nobody may be reading; private to src/out.
 *
 * A write that blocks would keep the session from all else, its end included. So
 * pipes, sockets and terminals are asked for room first, and after a limit that
 * the owner names, what was not taken is dropped and its lines are counted.
 * Pipes get whole lines at a time wherever these have no more than PIPE_BUF
 * bytes, so that dropping leaves no half of one.
 */
#ifndef SONDE_OUT_WRITE_H
#define SONDE_OUT_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Until when to wait for room: see struct printer_options. */
typedef int64_t (*writer_limit_fn)(void *arg, int64_t taken_ns);

struct writer {
	int fd;			/* the caller's */
	writer_limit_fn limit;	/* NULL: wait for ever */
	void *limit_arg;
	bool is_known, is_socket, may_block;	/* what the descriptor is */
	bool in_line;		/* the last byte that was taken ended no line */
	bool cut;		/* and its rest was dropped */
	int64_t taken_ns;	/* when something was taken last */
	uint64_t dropped_lines;
};

void writer_init(struct writer *w, int fd, writer_limit_fn limit, void *limit_arg);

/* Returns 0, also when some of it was dropped, or a negative errno. */
int writer_put(struct writer *w, const char *at, size_t len);

#endif
