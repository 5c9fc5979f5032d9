/*
 * The command of -c: started parked, let go when all is attached.
 *
 * In: words split at blanks. The child waits at a pipe before it becomes the
 * command, so its process id is known early and nothing of the command runs
 * unseen. It dies with us (SIGTERM).
 */
#ifndef SONDE_RUN_CHILD_H
#define SONDE_RUN_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child;

/* Fork the parked child. -ENOENT: no such program in PATH; -EINVAL: no words. */
int child_open(struct child **out, const char *command);

/* Let it become the command. `held`, if it is not NULL, is called when the command is loaded
 * and again when its libraries are, before it runs; or not at all where that is not possible.
 * Returns what execve said: 0 or a negative errno. */
int child_release(struct child *c, void (*held)(void *arg), void *arg);

pid_t child_pid(const struct child *c);

/* A descriptor that is readable when the child has ended; -1 before 5.3. */
int child_pidfd(const struct child *c);

/* True once it has ended. *status (may be NULL) is as waitpid gives it. */
bool child_has_ended(struct child *c, int *status);

/* Tell it to end (SIGTERM), wait a moment, kill it. Takes NULL. */
void child_close(struct child *c);

#endif
