/*
 * The checked tree to IR, and everything else of the image but the
 * instructions: maps, layouts, actions, control block.
 */
#ifndef SONDE_LOWER_LOWER_H
#define SONDE_LOWER_LOWER_H

#include "check/check.h"
#include "image/image.h"
#include "ir/ir.h"

/* A program of the image while it is compiled: `module` is its IR, `prog` the
 * entry of image->progs that the back end fills. */
struct lowered {
	struct ir_module *module;
	uint32_t prog;
};

struct lower_result {
	VEC(struct lowered) progs;
};

/* Fill `image` with maps, layouts, actions and program descriptions, and make
 * the IR of each program. Returns 0 or a negative errno. */
int lower_run(struct check *c, struct image *image, struct lower_result *out);

/* Tell of what the optimised programs need and the target has not. */
void lower_check_needs(struct check *c, const struct lower_result *lowered);

#endif
