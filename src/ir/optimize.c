/*
 * The passes in their order.
 *
 * Control flow is made before values are numbered, so that a comparison for a
 * branch is part of it and not a value to be kept. Each pass is linear or nearly
 * so; two rounds find nearly all that more would.
 */
#include "ir/internal.h"

static void simplify(struct ir_func *f)
{
	ir_pass_fold(f);
	ir_pass_branches(f);
	ir_pass_gvn(f);
	ir_pass_dce(f);
	ir_pass_stores(f);
	ir_pass_dce(f);
}

/* What a pass found out does not outlive it. */
static void forget(struct ir_module *m)
{
	if (m->work)
		arena_reset(m->work);
}

void ir_optimize(struct ir_module *m)
{
	struct ir_func **f;

	vec_each(f, &m->funcs) {
		ir_remove_unreachable(*f);
		ir_pass_phis(*f);
	}
	ir_inline_calls(m);
	vec_each(f, &m->funcs) {
		simplify(*f);
		simplify(*f);
		forget(m);
	}
	ir_place_objects(m);
	forget(m);
	vec_each(f, &m->funcs) {
		ir_pass_fold(*f);
		ir_pass_slots(*f);
		ir_pass_dce(*f);
		ir_pass_branches(*f);
		ir_pass_edges(*f);
		ir_pass_layout(*f);
		forget(m);
	}
}
