/*
 * To come.
 */
#include "ir/internal.h"

void ir_pass_layout(struct ir_func *f)
{
	(void)f;
}
