/*
 * Makes each system call once, by its number and with arguments that none can use, in a
 * child of its own: which of them there are, and under which name the kernel tells of
 * each, is what is wanted.
 *
 * sync is left out, for it does what it should whatever the arguments are.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NUMBERS 600

static void call(long nr)
{
#ifdef SYS_vfork
	/* Whoever comes back from it first must not return from the function. */
	if (nr == SYS_vfork) {
		if (vfork() == 0)
			_exit(0);
		return;
	}
#endif
	syscall(nr, -1L, -1L, -1L, -1L, -1L, -1L);
}

int main(void)
{
	const struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	for (long nr = 0; nr < NUMBERS; nr++) {
		pid_t child;

		if (nr == SYS_sync)
			continue;
		child = fork();
		if (child == 0) {
			setsid();	/* there is no terminal to hang up */
			alarm(1);	/* ends the call that waits */
			call(nr);
			_exit(0);
		}
		if (child > 0)
			waitpid(child, NULL, 0);
	}
	return 0;
}
