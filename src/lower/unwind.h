/*
 * Private to src/lower: what the two halves of unwinding share.
 */
#ifndef SONDE_LOWER_UNWIND_H
#define SONDE_LOWER_UNWIND_H

#include "lower/internal.h"

/* The maps, from image.unwind_map on. */
enum { UNWIND_PROCESSES, UNWIND_CHUNKS, UNWIND_RULES, UNWIND_MAPS };

/* The state: words at these offsets. */
enum {
	UNWIND_IP = 0, UNWIND_SP = 8, UNWIND_FP = 16,
	UNWIND_LINK = 24,	/* the link register, if the frame is the innermost */
	UNWIND_BACK = 32,	/* 1: IP is behind a call, which is what counts */
	/* the range that the last address was in */
	UNWIND_START = 40, UNWIND_BIAS = 48, UNWIND_LEN = 56, UNWIND_ROWS = 64,
	UNWIND_CHUNK = 72, UNWIND_AT = 80,
	/* the process's ranges */
	UNWIND_LIST_CHUNK = 88, UNWIND_LIST_AT = 96, UNWIND_LIST_N = 104,
	UNWIND_WORD = 112,	/* what was read */
	UNWIND_COUNT = 120,	/* addresses so far */
	UNWIND_STATE_BYTES = 128,
};

/* What a step returns: 0, or this plus an enum image_unwind_failure; this alone: the
 * outermost frame was reached. */
#define UNWIND_STOP 0x100

/* From the state's frame to its caller. */
struct ir_func *lower_unwind_step(struct gen *g);

/* Of a process: ask user space for its ranges, about once a second. */
struct ir_func *lower_unwind_ask(struct gen *g);

#endif
