/*
 * The command of -c, held when it is loaded and before it runs; for child.c.
 */
#ifndef SONDE_RUN_CHILD_HOLD_H
#define SONDE_RUN_CHILD_HOLD_H

#include <stdbool.h>
#include <sys/types.h>

/* The child is parked before execve: prepare to hold it. False: not possible. */
bool child_hold_begin(pid_t pid);

/* It goes on to execve: call `held` when that is done, again when its libraries are mapped,
 * and let it go. False: it has ended, with *status as waitpid gives it. */
bool child_hold_await(pid_t pid, void (*held)(void *arg), void *arg, int *status);

#endif
