/*
 * Detaching in the background: see detach.h.
 *
 * The child begins when a pipe's other end is closed, which the caller does
 * last. It is the child of a child, so nobody has to wait for it.
 */
#include "run/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static void close_gap(unsigned first, unsigned last)
{
	if (first > last || !syscall(SYS_close_range, first, last, 0))
		return;
	/* Before 5.9. */
	if (last > 65536)
		last = 65536;
	for (unsigned fd = first; fd <= last; fd++)
		close((int)fd);
}

/* Close every descriptor but those of the sorted array. */
static void close_others(const int *keep, size_t n)
{
	unsigned next = 0;

	for (size_t i = 0; i < n; i++) {
		if (keep[i] < 0)
			continue;
		if ((unsigned)keep[i] > next)
			close_gap(next, (unsigned)keep[i] - 1);
		next = (unsigned)keep[i] + 1;
	}
	close_gap(next, ~0u);
}

static void __attribute__((noreturn)) background(int *fds, const int *keep, size_t n, int pipe_fd)
{
	sigset_t none;
	char byte;

	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, sig == SIGPIPE || sig == SIGINT || sig == SIGHUP ? SIG_IGN : SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	prctl(PR_SET_NAME, "sonde-detach");
	prctl(PR_SET_PDEATHSIG, 0);
	if (chdir("/"))
		_exit(1);
	close_others(keep, n + 1);
	while (read(pipe_fd, &byte, 1) > 0)
		;
	close_all(fds, n);
	_exit(0);
}

/* fork() by the bare system call, so that it may be called after vfork(). */
static pid_t bare_fork(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	return pid < 0 && errno == ENOSYS ? fork() : (pid_t)pid;
}

/* The child of a child that holds fds[]. The child between lives in our memory
 * and is gone when vfork returns: one copy of the page tables, not two. */
static bool start_holder(int *fds, const int *keep, size_t n, int pipe_fd)
{
	pid_t pid = vfork();

	if (pid == 0) {
		pid_t holder = bare_fork();

		if (holder == 0)
			background(fds, keep, n, pipe_fd);
		_exit(holder < 0);
	}
	if (pid > 0) {
		int status = 1;

		return waitpid(pid, &status, 0) == pid && status == 0;
	}
	return false;
}

/* Returns our end of the holder's pipe, or -1 if there is no holder. */
static int start(int *fds, size_t n)
{
	int *keep = calloc(n + 1, sizeof(*keep)), pipe_fd[2];
	bool started;

	if (!keep)
		return -1;
	if (pipe2(pipe_fd, O_CLOEXEC)) {
		free(keep);
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		keep[i] = fds[i];
	keep[n] = pipe_fd[0];
	qsort(keep, n + 1, sizeof(*keep), compare_ints);
	started = start_holder(fds, keep, n, pipe_fd[0]);
	free(keep);
	close(pipe_fd[0]);
	if (started)
		return pipe_fd[1];
	close(pipe_fd[1]);
	return -1;
}

void detach(int *fds, size_t n, bool wait)
{
	int pipe_fd = n && !wait ? start(fds, n) : -1;

	close_all(fds, n);
	if (pipe_fd >= 0)
		close(pipe_fd);
}
