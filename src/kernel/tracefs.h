/*
 * tracefs, mounted or not.
 *
 * A descriptor of its root: from one of the usual mount points, else from a
 * mount of our own that is visible to nobody. Files are read whole below it.
 */
#ifndef SONDE_KERNEL_TRACEFS_H
#define SONDE_KERNEL_TRACEFS_H

#include "base/sbuf.h"

/* A descriptor of tracefs' root, which the caller closes; -ENOENT if the
 * kernel has none, -ENODEV if it is not mounted and we may not mount it, -EACCES or
 * -EPERM if we may not read it. */
int tracefs_open(void);

/* Append the text of a file below `dir_fd` (AT_FDCWD: any file). Returns 0, a
 * negative errno, -ENOMEM. */
int tracefs_read(int dir_fd, const char *path, struct sbuf *out);

#endif
