/*
 * To come.
 */
#include "ir/internal.h"

void ir_pass_dce(struct ir_func *f)
{
	(void)f;
}
