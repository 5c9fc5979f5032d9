/*
 * The passes in their order.
 */
#include "ir/internal.h"

static void optimize_func(struct ir_func *f)
{
	ir_remove_unreachable(f);
	ir_pass_phis(f);
	ir_pass_fold(f);
	ir_pass_gvn(f);
	ir_pass_dce(f);
	ir_pass_branches(f);
}

void ir_optimize(struct ir_module *m)
{
	struct ir_func **f;

	vec_each(f, &m->funcs)
		optimize_func(*f);
	ir_place_objects(m);
	vec_each(f, &m->funcs) {
		ir_pass_fold(*f);
		ir_pass_dce(*f);
		ir_pass_layout(*f);
	}
}
