/*
 * Writing to a descriptor that nobody may be reading: see write.h.
 */
#include "out/write.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SLICE_MS 50	/* a stop is seen so soon, also where no signal ends the wait */
#define MS 1000000

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void writer_init(struct writer *w, int fd, writer_limit_fn limit, void *limit_arg)
{
	*w = (struct writer){ .fd = fd, .limit = limit, .limit_arg = limit_arg };
}

static void look_at(struct writer *w)
{
	struct stat st;

	w->is_known = true;
	w->taken_ns = now_ns();
	w->may_block = w->limit && !fstat(w->fd, &st) &&
		       (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || S_ISCHR(st.st_mode));
	w->is_socket = w->may_block && S_ISSOCK(st.st_mode);
}

/* How long to wait in this slice; less than 0: no longer. */
static int slice_ms(struct writer *w)
{
	int64_t left = w->limit ? w->limit(w->limit_arg, w->taken_ns) - now_ns() : INT64_MAX;

	if (left <= 0)
		return -1;
	return left / MS < SLICE_MS ? (int)(left / MS) + 1 : SLICE_MS;
}

/* False: nobody made room in time. */
static bool await_room(struct writer *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLOUT };
	int slice = 0, n;

	while ((n = poll(&p, 1, slice)) <= 0) {
		if (n < 0 && errno != EINTR)
			return true;	/* the write says what is wrong */
		slice = slice_ms(w);
		if (slice < 0)
			return false;
	}
	return true;
}

/* Bytes to offer at once: a pipe with room takes so many without waiting. */
static size_t portion(const struct writer *w, const char *at, size_t len)
{
	const char *end;

	if (!w->may_block || w->is_socket || len <= PIPE_BUF)
		return len;
	end = memrchr(at, '\n', PIPE_BUF);
	return end ? (size_t)(end - at) + 1 : PIPE_BUF;
}

static ssize_t offer(struct writer *w, const char *at, size_t len)
{
	if (w->is_socket)
		return send(w->fd, at, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write(w->fd, at, portion(w, at, len));
}

static void drop(struct writer *w, const char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		w->dropped_lines += at[i] == '\n';
	w->cut |= w->in_line;
}

static int put(struct writer *w, const char *at, size_t len)
{
	while (len) {
		ssize_t n;

		if (w->may_block && !await_room(w)) {
			drop(w, at, len);
			return 0;
		}
		n = offer(w, at, len);
		if (n < 0 && errno == EAGAIN && !w->may_block) {
			if (!await_room(w))
				return -EAGAIN;
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return -errno;
		}
		if (n <= 0)
			continue;
		w->in_line = at[n - 1] != '\n';
		w->taken_ns = w->may_block ? now_ns() : 0;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int writer_put(struct writer *w, const char *at, size_t len)
{
	int err = 0;

	if (!w->is_known)
		look_at(w);
	if (w->cut) {
		w->cut = w->in_line = false;
		err = put(w, "\n", 1);
	}
	return err ? err : put(w, at, len);
}
