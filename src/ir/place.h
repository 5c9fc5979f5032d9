/*
 * Placing objects: what its two halves share. place.c decides where each object
 * lies, scratch.c gives the program its scratch frame and rewrites addresses.
 */
#ifndef SONDE_IR_PLACE_H
#define SONDE_IR_PLACE_H

#include "ir/internal.h"

struct place_wish {
	enum ir_place place;
	uint32_t biggest_bytes;
};

struct place_func {
	struct ir_func *f;
	struct ir_objects objects;
	uint8_t *conflicts;		/* n x n: alive at once */
	enum ir_place *where;		/* by object; ANY: not decided */
	uint32_t *at;			/* by object: from the region's start */
	struct place_wish *wishes;	/* by class */
	uint32_t stack_bytes, scratch_bytes;	/* of this func alone */
	uint32_t scratch_start;		/* in the frame: behind its callers' part */
	VEC(uint32_t) callees;		/* called, or handed to a helper */
	uint32_t chain_bytes;		/* of stack, down the deepest chain */
	bool sees_entry;		/* has objects that are the entry's */
};

/* Objects of loops with many ways through them wish to lie in scratch. */
void ir_wish_iterated(struct place_func *p);

/* Emit the base of the scratch frame where all uses are behind it, and make
 * addresses of scratch objects offsets from it. */
void ir_scratch_rewrite(struct place_func *p);

#endif
