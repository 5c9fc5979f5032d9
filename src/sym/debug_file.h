/*
 * Private to src/sym: files that hold what was stripped from others.
 */
#ifndef SONDE_SYM_DEBUG_FILE_H
#define SONDE_SYM_DEBUG_FILE_H

#include "base/debug_dirs.h"
#include "sym/debuginfod.h"

#include <libelf.h>

/* Where a file was found. */
struct file_place {
	int fd;
	const char *root;	/* of the process that maps it, "/proc/PID/root"; or NULL */
	const char *debug_root;	/* "/usr/lib/debug"; NULL: look for no other file */
	struct debug_dirs dirs;	/* before all others */
	struct debuginfod *servers;	/* which come last; NULL: none */
};

/* Open the file with the symbols of `elf`: by build id, else by the name in its
 * debuglink, or, without one, as FILE.debug: beside it, in .debug there, and below the
 * debug root; first as the process sees it, then as we do; last from the servers of
 * DEBUGINFOD_URLS. It is proven to belong. -1: there is none. */
int debug_file_open(Elf *elf, const struct file_place *place);

#endif
