/*
 * To come.
 */
#include "ir/internal.h"

void ir_pass_fold(struct ir_func *f)
{
	(void)f;
}
