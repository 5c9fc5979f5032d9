/*
 * Debug files from servers, by elfutils' client: see debuginfod.h.
 *
 * The library, which brings curl and TLS, is loaded when it is first needed, and stays.
 * Without its headers: what is used of it are four functions whose form is fixed by its name.
 */
#include "sym/debuginfod.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_S 90	/* the client's own */
#define TELL_AFTER_NS ((int64_t)1000 * 1000 * 1000)

#define CACHED_PATH ((size_t)2 * PATH_MAX)

struct debuginfod_known {
	struct debuginfod_known *next;
	enum debuginfod_answer answer;
	char *path;		/* owned; of a file that was found, or NULL */
	size_t len_bytes;
	uint8_t build_id[];
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static const char *server_urls(void)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	return urls && *urls ? urls : NULL;
}

/* Once it is over it stays so. */
static bool is_over(struct debuginfod *d)
{
	d->is_left |= d->is_over && d->is_over(d->arg);
	return d->is_left;
}

/* ---- the client ---- */

#ifdef SONDE_STATIC

static int ask(struct debuginfod *d, const void *build_id, size_t len_bytes, char **path)
{
	(void)d;
	(void)build_id;
	(void)len_bytes;
	(void)path;
	return -ENOSYS;
}

#else

#include <dlfcn.h>

struct client;

struct library {
	struct client *(*begin)(void);
	void (*end)(struct client *c);
	int (*find)(struct client *c, const unsigned char *build_id, int len, char **path);
	void (*set_progress)(struct client *c, int (*fn)(struct client *c, long a, long b));
};

static bool load(struct library *to)
{
	const struct {
		const char *name;
		void *fn;
	} functions[] = {
		{ "debuginfod_begin", &to->begin }, { "debuginfod_end", &to->end },
		{ "debuginfod_find_debuginfo", &to->find },
		{ "debuginfod_set_progressfn", &to->set_progress },
	};
	void *so = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; so && i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *fn = dlsym(so, functions[i].name);

		if (!fn)
			return false;
		memcpy(functions[i].fn, &fn, sizeof(fn));
	}
	return so != NULL;
}

/* Who asks, for the function below, which gets the client only. */
static _Thread_local struct debuginfod *asking;

/* Called some times a second while a server is waited for, in the thread that waits. */
static int give_up(struct client *c, long done, long total)
{
	struct debuginfod *d = asking;

	(void)c;
	(void)done;
	(void)total;
	if (!d)
		return 0;
	if (!d->told && d->on_wait && now_ns() - d->asked_ns >= TELL_AFTER_NS) {
		d->told = true;
		d->on_wait(d->arg);
	}
	return is_over(d);
}

/* A descriptor and its path, or a negative errno. Unless the user says so, the client is not
 * to try again after a timeout: there is no other way to tell it. */
static int ask(struct debuginfod *d, const void *build_id, size_t len_bytes, char **path)
{
	struct client *c;
	struct library l;
	int fd;

	if (!load(&l))
		return -ENOSYS;
	c = l.begin();
	if (!c)
		return -ENOMEM;
	setenv("DEBUGINFOD_RETRY_LIMIT", "0", 0);
	l.set_progress(c, give_up);
	asking = d;
	fd = l.find(c, build_id, (int)len_bytes, path);
	asking = NULL;
	l.end(c);
	return fd;
}

#endif

/* ---- its cache ---- */

/* Where the client keeps its files. False: nowhere. */
static bool cache_folder(char folder[PATH_MAX])
{
	const char *own = getenv("DEBUGINFOD_CACHE_PATH"), *home = getenv("HOME");
	const char *xdg = getenv("XDG_CACHE_HOME");
	int n = -1;

	if (own && *own)
		return snprintf(folder, PATH_MAX, "%s", own) < PATH_MAX;
	if (home)
		n = snprintf(folder, PATH_MAX, "%s/.debuginfod_client_cache", home);
	if (n >= 0 && n < PATH_MAX && !access(folder, F_OK))
		return true;
	if (xdg && *xdg)
		n = snprintf(folder, PATH_MAX, "%s/debuginfod_client", xdg);
	else if (home)
		n = snprintf(folder, PATH_MAX, "%s/.cache/debuginfod_client", home);
	return n >= 0 && n < PATH_MAX;
}

static bool cached_path(const uint8_t *build_id, size_t len_bytes, char path[CACHED_PATH])
{
	size_t n;

	if (!cache_folder(path))
		return false;
	n = strlen(path);
	path[n++] = '/';
	for (size_t i = 0; i < len_bytes; i++, n += 2)
		snprintf(path + n, CACHED_PATH - n, "%02x", build_id[i]);
	snprintf(path + n, CACHED_PATH - n, "/debuginfo");
	return true;
}

/* What came in an earlier run, when no server is to be asked. */
static int open_cached(const uint8_t *build_id, size_t len_bytes)
{
	char path[CACHED_PATH];

	return cached_path(build_id, len_bytes, path)
		? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
}

/* An empty file says for some minutes that there is none. The client also writes one when the
 * wait was ended, and when another server gave no answer. */
static void forget_none(const uint8_t *build_id, size_t len_bytes)
{
	char path[CACHED_PATH];
	struct stat st;

	if (cached_path(build_id, len_bytes, path) && !lstat(path, &st) && S_ISREG(st.st_mode) &&
	    !st.st_size)
		unlink(path);
}

/* ---- what is known ---- */

static struct debuginfod_known *find_known(struct debuginfod *d, const void *build_id,
					   size_t len_bytes)
{
	struct debuginfod_known *k = d->known;

	while (k && (k->len_bytes != len_bytes || memcmp(k->build_id, build_id, len_bytes)))
		k = k->next;
	return k;
}

/* Without memory it is asked for again. */
static void note_answer(struct debuginfod *d, const void *build_id, size_t len_bytes,
			enum debuginfod_answer answer, char *path)
{
	struct debuginfod_known *k = malloc(sizeof(*k) + len_bytes);

	if (!k) {
		free(path);
		return;
	}
	*k = (struct debuginfod_known){
		.next = d->known, .answer = answer, .path = path, .len_bytes = len_bytes,
	};
	memcpy(k->build_id, build_id, len_bytes);
	d->known = k;
}

static int64_t timeout_ns(void)
{
	const char *text = getenv("DEBUGINFOD_TIMEOUT");
	int64_t seconds = text ? strtol(text, NULL, 10) : DEFAULT_TIMEOUT_S;

	return seconds > 0 && seconds < INT32_MAX ? seconds * 1000000000 : INT64_MAX;
}

/* What the client's answer means, after `took_ns`. Of several servers the last to answer
 * tells it: one may have used up the time for which another has none. */
static enum debuginfod_answer answer_of(const struct debuginfod *d, int fd, int64_t took_ns)
{
	if (fd >= 0)
		return DEBUGINFOD_FOUND;
	return fd == -ENOENT && !d->is_left && took_ns < timeout_ns() ? DEBUGINFOD_NONE
								      : DEBUGINFOD_UNKNOWN;
}

/* One that could not be reached is not tried again, either, unless there are others, and it
 * took no time. */
static enum debuginfod_answer ask_servers(struct debuginfod *d, const uint8_t *build_id,
					  size_t len_bytes, int *fd)
{
	bool are_several = strchr(server_urls(), ' ') != NULL;
	enum debuginfod_answer answer;
	char *path = NULL;
	int64_t took_ns;

	d->asked_ns = now_ns();
	*fd = ask(d, build_id, len_bytes, &path);
	took_ns = now_ns() - d->asked_ns;
	answer = answer_of(d, *fd, took_ns);
	if (answer == DEBUGINFOD_UNKNOWN && (d->is_left || *fd == -ENOENT))
		forget_none(build_id, len_bytes);
	if (answer == DEBUGINFOD_UNKNOWN)
		d->is_left |= !are_several || took_ns >= TELL_AFTER_NS;
	note_answer(d, build_id, len_bytes, answer, path);
	return answer;
}

enum debuginfod_answer debuginfod_open(struct debuginfod *d, const void *build_id,
				       size_t len_bytes, int *fd)
{
	struct debuginfod_known *k = find_known(d, build_id, len_bytes);
	enum debuginfod_answer answer;

	*fd = -1;
	if (!server_urls())
		return DEBUGINFOD_NONE;
	if (k) {
		answer = k->answer;
		*fd = k->path ? open(k->path, O_RDONLY | O_CLOEXEC) : -1;
	} else if (is_over(d)) {
		*fd = open_cached(build_id, len_bytes);
		answer = *fd >= 0 ? DEBUGINFOD_FOUND : DEBUGINFOD_UNKNOWN;
	} else {
		answer = ask_servers(d, build_id, len_bytes, fd);
	}
	*fd = *fd >= 0 ? *fd : -1;
	d->is_unsure |= answer == DEBUGINFOD_UNKNOWN;
	return answer;
}

void debuginfod_close(struct debuginfod *d)
{
	struct debuginfod_known *k, *next;

	for (k = d->known; k; k = next) {
		next = k->next;
		free(k->path);
		free(k);
	}
	d->known = NULL;
}
