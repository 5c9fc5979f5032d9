/*
 * Constants that scripts take for granted, for systems that lack the headers.
 */
#include "types/cdefs_impl.h"

#include <stdlib.h>
#include <string.h>

const char *cconst_find(const char *name)
{
	(void)name;
	return NULL;
}
