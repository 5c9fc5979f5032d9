/*
 * The machine that we run on as a target: asked when the compiler asks.
 */
#ifndef SONDE_KERNEL_LIVE_TARGET_H
#define SONDE_KERNEL_LIVE_TARGET_H

#include "base/debug_dirs.h"
#include "target/target.h"

/* Fill `t` from the running system; what it answers lives in `a`, descriptors
 * and mappings until target_close. Returns 0, or -ENOTSUP on an architecture
 * that is not in the table, or another negative errno. */
int live_target_open(struct target *t, struct arena *a);

/* Look for debug files of programs in these folders first; they must outlive the target. */
void live_target_debug_dirs(struct target *t, const struct debug_dirs *dirs);

/* Take the list of traceable functions from this file instead (first word of each line);
 * the path must outlive the target. Returns 0 or why it cannot be read. */
int live_target_functions(struct target *t, const char *path);

#endif
