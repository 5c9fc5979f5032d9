/*
 * Private to src/sym: reading mapped files that somebody may make shorter.
 */
#ifndef SONDE_SYM_GUARD_H
#define SONDE_SYM_GUARD_H

#include <stdbool.h>

/* Call fn(arg). False: it touched a page that its file has no more, and was left in the
 * middle; what it worked on is not to be used again. Its own SIGBUS handler is in place
 * meanwhile, the signals of other threads go where they would. */
bool guard_call(void (*fn)(void *arg), void *arg);

#endif
