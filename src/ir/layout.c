/*
 * The order of blocks: reverse postorder, in which a block's likely successor
 * comes right behind it, with cold blocks at the end.
 *
 * A block is cold if it was said to be, or if all ways to it are. Requires
 * nothing; afterwards ids of blocks are the order that the back end emits.
 */
#include "ir/internal.h"

static void find_cold(struct ir_func *f)
{
	for (size_t i = 1; i < f->blocks.n; i++) {
		struct ir_block *b = f->blocks.at[i];
		bool cold = b->preds.n > 0;

		for (size_t p = 0; p < b->preds.n; p++)
			cold &= b->preds.at[p]->is_cold;
		b->is_cold |= cold;
	}
}

void ir_pass_layout(struct ir_func *f)
{
	struct ir_order o;
	size_t n = 0;

	ir_renumber(f);
	find_cold(f);
	ir_order_find(f, &o);
	for (uint32_t i = 0; i < o.n; i++)
		if (!o.rpo[i]->is_cold)
			f->blocks.at[n++] = o.rpo[i];
	for (uint32_t i = 0; i < o.n; i++)
		if (o.rpo[i]->is_cold)
			f->blocks.at[n++] = o.rpo[i];
	ir_assign_block_ids(f);
}
