/*
 * Detaching in the background.
 *
 * Closing what holds a tracepoint or a uprobe waits for the kernel, some 50 ms
 * each. The last close waits, wherever it is: so a child takes copies of the
 * descriptors, the caller closes its own, which then costs microseconds, and
 * the child closes after it. The child has no standard streams, a session and
 * a name ("sonde-detach") of its own, holds nothing but those descriptors, and
 * ends by itself.
 */
#ifndef SONDE_RUN_DETACH_H
#define SONDE_RUN_DETACH_H

#include <stdbool.h>
#include <stddef.h>

/* Close all of fds[]. `wait`: in this process, returning when it is done. */
void detach(int *fds, size_t n, bool wait);

#endif
