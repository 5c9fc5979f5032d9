/*
 * The command of -c: see child.h.
 *
 * `go`, a socket, since writing to it must not raise SIGPIPE, carries one byte
 * when the child may start; `failed`, a pipe, carries the errno of execve back
 * and closes by itself when execve succeeds.
 */
#include "run/child.h"

#include "run/child_hold.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TERM_WAIT_MS 1000

struct child {
	pid_t pid;
	int pidfd;
	int go, failed;		/* our ends; -1 once used */
	bool ended;
	int status;
	char *text;		/* owned: the words, cut by NULs */
	char **words;		/* owned: NULL-terminated, into `text` */
};

static size_t split(char *text, char **words)
{
	size_t n = 0;
	char *save = NULL;

	for (char *w = strtok_r(text, " \t\n", &save); w; w = strtok_r(NULL, " \t\n", &save)) {
		if (words)
			words[n] = w;
		n++;
	}
	return n;
}

static int take_words(struct child *c, const char *command)
{
	char *count = strdup(command);
	size_t n;

	if (!count)
		return -ENOMEM;
	n = split(count, NULL);
	free(count);
	if (!n)
		return -EINVAL;
	c->text = strdup(command);
	c->words = calloc(n + 1, sizeof(*c->words));
	if (!c->text || !c->words)
		return -ENOMEM;
	split(c->text, c->words);
	return 0;
}

static bool is_program(const char *path)
{
	struct stat st;

	return !access(path, X_OK) && !stat(path, &st) && S_ISREG(st.st_mode);
}

/* Whether there is such a program, as execvp will look for it. */
static bool program_exists(const char *word)
{
	const char *path = getenv("PATH");
	char full[PATH_MAX];

	if (strchr(word, '/'))
		return is_program(word);
	if (!path)
		path = "/bin:/usr/bin";
	while (*path) {
		const char *end = strchrnul(path, ':');
		int len = snprintf(full, sizeof(full), "%.*s/%s", (int)(end - path), path, word);

		/* An empty element of PATH means the current folder. */
		if (len < (int)sizeof(full) && is_program(end == path ? full + 1 : full))
			return true;
		path = *end ? end + 1 : end;
	}
	return false;
}

/* In the child: say that all is ready, wait for the byte, then become the command. */
static void __attribute__((noreturn)) child_main(struct child *c, pid_t parent, int go, int failed)
{
	char byte = 'r';
	int err;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_DFL);	/* whoever ignores it does so for itself */
	if (getppid() != parent || write(go, &byte, 1) != 1 || read(go, &byte, 1) != 1)
		_exit(127);
	execvp(c->words[0], c->words);
	err = errno;
	if (write(failed, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

/* Calls that the child makes before this are not the command's, and not traced. A child
 * that has died already is found when it is released. */
static void wait_until_ready(int go)
{
	char byte;
	ssize_t n;

	do {
		n = read(go, &byte, 1);
	} while (n < 0 && errno == EINTR);
}

static int start(struct child *c)
{
	int go[2] = { -1, -1 }, failed[2] = { -1, -1 };
	pid_t parent = getpid();
	int err = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go) || pipe2(failed, O_CLOEXEC)) {
		err = -errno;
		goto out;
	}
	c->pid = fork();
	if (c->pid == 0) {
		close(go[1]);
		close(failed[0]);
		child_main(c, parent, go[0], failed[1]);
	}
	if (c->pid < 0) {
		err = -errno;
		goto out;
	}
	close(go[0]);
	go[0] = -1;
	wait_until_ready(go[1]);
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	c->go = go[1];
	c->failed = failed[0];
	go[1] = failed[0] = -1;
out:
	for (int i = 0; i < 2; i++) {
		if (go[i] >= 0)
			close(go[i]);
		if (failed[i] >= 0)
			close(failed[i]);
	}
	return err;
}

int child_open(struct child **out, const char *command)
{
	struct child *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->pid = c->pidfd = c->go = c->failed = -1;
	err = take_words(c, command);
	if (!err && !program_exists(c->words[0]))
		err = -ENOENT;
	if (!err)
		err = start(c);
	if (err) {
		child_close(c);
		return err;
	}
	*out = c;
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int child_release(struct child *c, void (*held)(void *arg), void *arg)
{
	bool hold;
	int err = 0;
	ssize_t n;

	if (c->go < 0)
		return 0;
	hold = held && child_hold_begin(c->pid);
	n = send(c->go, "g", 1, MSG_NOSIGNAL);
	close_fd(&c->go);
	if (n != 1)
		return -EPIPE;
	if (hold && !child_hold_await(c->pid, held, arg, &c->status))
		c->ended = WIFEXITED(c->status) || WIFSIGNALED(c->status);
	do {
		n = read(c->failed, &err, sizeof(err));
	} while (n < 0 && errno == EINTR);
	close_fd(&c->failed);
	return n == sizeof(err) ? -err : 0;
}

pid_t child_pid(const struct child *c)
{
	return c->pid;
}

int child_pidfd(const struct child *c)
{
	return c->pidfd;
}

bool child_has_ended(struct child *c, int *status)
{
	if (!c->ended && c->pid > 0 && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
		c->ended = true;
	if (c->ended && status)
		*status = c->status;
	return c->ended;
}

/* Wait for its end, at most timeout_ms. */
static void await_end(struct child *c, int timeout_ms)
{
	struct pollfd fd = { .fd = c->pidfd, .events = POLLIN };

	while (timeout_ms > 0 && !child_has_ended(c, NULL)) {
		int slice = c->pidfd >= 0 ? timeout_ms : 10;

		poll(&fd, c->pidfd >= 0 ? 1 : 0, slice);
		timeout_ms -= slice;
	}
}

void child_close(struct child *c)
{
	if (!c)
		return;
	close_fd(&c->go);
	close_fd(&c->failed);
	if (c->pid > 0 && !child_has_ended(c, NULL)) {
		kill(c->pid, SIGTERM);
		await_end(c, TERM_WAIT_MS);
		if (!child_has_ended(c, NULL)) {
			kill(c->pid, SIGKILL);
			waitpid(c->pid, &c->status, 0);
		}
	}
	close_fd(&c->pidfd);
	free(c->words);
	free(c->text);
	free(c);
}
