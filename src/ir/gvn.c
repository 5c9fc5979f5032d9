/*
 * To come.
 */
#include "ir/internal.h"

void ir_pass_gvn(struct ir_func *f)
{
	(void)f;
}
