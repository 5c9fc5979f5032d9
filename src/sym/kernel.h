/*
 * Private to src/sym: the kernel's symbols.
 */
#ifndef SONDE_SYM_KERNEL_H
#define SONDE_SYM_KERNEL_H

#include "sym/table.h"

/* Read a file in the form of /proc/kallsyms. What has no address (hidden by
 * kptr_restrict) or an absolute one is left out. Returns 0 or a negative errno. */
int kernel_table_read(struct table *t, const char *path);

#endif
