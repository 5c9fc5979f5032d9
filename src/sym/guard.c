/*
 * Mapped files that become shorter: see guard.h.
 *
 * The kernel tells by a signal, and a handler finds its way back only by what is
 * global to its thread: the one pointer here.
 */
#include "sym/guard.h"

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

static _Thread_local sigjmp_buf *way_back;

static void on_bus(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	if (way_back)
		siglongjmp(*way_back, 1);
	/* Another thread's: it comes again when this has returned, and ends the process. */
	signal(sig, SIG_DFL);
}

bool guard_call(void (*fn)(void *arg), void *arg)
{
	struct sigaction guard = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO }, before;
	sigjmp_buf *outer = way_back, here;
	bool good;

	if (sigaction(SIGBUS, &guard, &before))
		return false;
	good = !sigsetjmp(here, 1);
	if (good) {
		way_back = &here;
		fn(arg);
	}
	way_back = outer;
	sigaction(SIGBUS, &before, NULL);
	return good;
}
