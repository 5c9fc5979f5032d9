/*
 * Live intervals with holes, for the register allocator.
 *
 * Instruction n (in layout order) reads at position 2n and writes at 2n + 1; a segment
 * [from, to) is a stretch in which the register holds a value that is still needed.
 */
#ifndef SONDE_BPF_LIVE_H
#define SONDE_BPF_LIVE_H

#include "bpf/mir.h"

struct seg {
	uint32_t from, to;
};

struct hint {
	uint32_t other;		/* register that it would be good to share */
	float weight;
};

struct interval {
	uint32_t reg;		/* virtual register */
	VEC(struct seg) segs;	/* ascending, apart */
	VEC(struct hint) hints;
	float weight;		/* uses and definitions by frequency; INFINITY: never spill */
	uint32_t nr_defs;
	struct mi def;		/* the only definition, if nr_defs is 1 */
	bool checked;		/* compared: bounds belong to the register */
	uint32_t assigned;	/* machine register, or BC_NO_REG */
};

struct live {
	struct mfunc *f;
	struct arena *arena;
	struct interval *of;	/* by register; machine registers, too */
	uint32_t nr;
};

void live_build(struct live *l, struct mfunc *f);
bool segs_overlap(const struct interval *a, const struct interval *b);
/* a becomes the union; b is empty afterwards. */
void segs_join(struct live *l, struct interval *a, struct interval *b);
/* Can the definition be repeated where the value is used, rather than kept? */
bool interval_is_remat(const struct interval *iv);

/* Merge the registers of copies where they do not interfere; renames in f. Returns
 * true if any were. Invalidates `l`. */
bool bc_coalesce(struct live *l);
/* Assign machine registers. Those without one get assigned = BC_NO_REG. */
void bc_colour(struct live *l);
/* Rewrite f so that the intervals without a register live in memory. */
void bc_spill(struct live *l);

#endif
