/*
 * Folders of debug files that the user named.
 */
#ifndef SONDE_BASE_DEBUG_DIRS_H
#define SONDE_BASE_DEBUG_DIRS_H

#include <stddef.h>

struct debug_dirs {
	const char *const *at;	/* borrowed */
	size_t n;
};

#endif
