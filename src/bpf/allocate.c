/*
 * Register allocation: coalesce once, then colour and spill until all fits.
 *
 * In: virtual registers. Out: machine registers only; frame_bytes grown by the slots.
 */
#include "bpf/live.h"

#include <assert.h>

static bool all_assigned(const struct live *l)
{
	for (uint32_t r = BC_FIRST_VREG; r < l->nr; r++) {
		if (l->of[r].segs.n && l->of[r].assigned == BC_NO_REG)
			return false;
	}
	return true;
}

static void rewrite(const struct live *l)
{
	for (size_t i = 0; i < l->f->blocks.n; i++) {
		struct mblock *b = l->f->blocks.at[i];

		for (size_t k = 0; k < b->insns.n; k++) {
			struct mi_slot slots[3];
			int n = mi_slots(&b->insns.at[k], slots);

			for (int j = 0; j < n; j++)
				*slots[j].reg = l->of[*slots[j].reg].assigned;
		}
	}
}

void bc_allocate(struct mfunc *f)
{
	struct live l;

	live_build(&l, f);
	if (bc_coalesce(&l))
		live_build(&l, f);
	for (;;) {
		bc_colour(&l);
		if (all_assigned(&l))
			break;
		bc_spill(&l);
		live_build(&l, f);
	}
	rewrite(&l);
}
