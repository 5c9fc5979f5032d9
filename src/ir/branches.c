/*
 * To come.
 */
#include "ir/internal.h"

void ir_pass_branches(struct ir_func *f)
{
	(void)f;
}
