/*
 * User programs of the running system: which file a name stands for.
 *
 * In: what an attach point says: a path, a glob, a command, a library's short
 * name, or nothing but a process. Out: paths that can be opened; a member of an
 * archive is ARCHIVE!/MEMBER.
 */
#include "kernel/live_impl.h"

#include "kernel/tracefs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef VEC(const char *) path_vec;

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

/* The prefix under which the process's files are found: "" if it sees ours. */
static const char *root_of(struct arena *a, int pid)
{
	char ours[64], theirs[64];
	ssize_t n, m;

	if (!pid)
		return "";
	n = readlink("/proc/self/ns/mnt", ours, sizeof(ours));
	m = readlink(arena_printf(a, "/proc/%d/ns/mnt", pid), theirs, sizeof(theirs));
	if (n > 0 && n == m && !memcmp(ours, theirs, (size_t)n))
		return "";
	return arena_printf(a, "/proc/%d/root", pid);
}

static void add_if_file(struct arena *a, path_vec *out, const char *path)
{
	const char *member = live_archive_member(path);

	if (is_file(member ? arena_strndup(a, path, (size_t)(member - 2 - path)) : path))
		vec_push(a, out, path);
}

static void add_executable(struct arena *a, path_vec *out, int pid)
{
	char target[PATH_MAX];
	ssize_t n = readlink(arena_printf(a, "/proc/%d/exe", pid), target, sizeof(target) - 1);

	if (n <= 0)
		return;
	target[n] = 0;
	add_if_file(a, out, arena_printf(a, "%s%s", root_of(a, pid), target));
	if (!out->n)	/* deleted: the link still opens */
		add_if_file(a, out, arena_printf(a, "/proc/%d/exe", pid));
}

static void add_glob(struct arena *a, path_vec *out, const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		add_if_file(a, out, arena_strdup(a, found.gl_pathv[i]));
	globfree(&found);
}

/* The PATH that the process was started with, or ours. */
static const char *search_path(struct arena *a, int pid)
{
	struct sbuf text = { 0 };
	const char *found = getenv("PATH");

	if (pid && !tracefs_read(AT_FDCWD, arena_printf(a, "/proc/%d/environ", pid), &text)) {
		const char *at = sbuf_text(&text), *end = at + text.len;

		for (; at < end; at += strlen(at) + 1)
			if (!strncmp(at, "PATH=", 5))
				found = arena_strdup(a, at + 5);
	}
	sbuf_close(&text);
	return found ? found : "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
}

static void add_command(struct arena *a, path_vec *out, const char *name, int pid)
{
	const char *root = root_of(a, pid), *at = search_path(a, pid);

	while (*at && !out->n) {
		size_t len = strcspn(at, ":");

		if (len)
			add_if_file(a, out, arena_printf(a, "%s%.*s/%s", root, (int)len, at, name));
		at += len + (at[len] == ':');
	}
}

/* True for "libc.so.6" and "libc.so" where `name` is "libc". */
static bool is_library(const char *file, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(file, name, len))
		return false;
	return !strncmp(file + len, ".so", 3) && (!file[len + 3] || file[len + 3] == '.');
}

/* /etc/ld.so.cache: a header, entries with offsets of two strings each. */
struct cache_header {
	char magic[20];
	uint32_t count, strings_bytes, unused[5];
};

struct cache_entry {
	int32_t flags;
	uint32_t name_off, path_off, os_version;
	uint64_t hwcap;
};

#define CACHE_MAGIC	"glibc-ld.so.cache1.1"
#define FLAG_ABI_MASK	0xff00
#define FLAG_X86_X32	0x0800

static void add_from_cache(struct arena *a, path_vec *out, const char *name)
{
	struct sbuf text = { 0 };
	struct cache_header h;
	const char *data;

	if (tracefs_read(AT_FDCWD, "/etc/ld.so.cache", &text) || text.len < sizeof(h))
		goto out;
	data = text.at;
	memcpy(&h, data, sizeof(h));
	if (memcmp(h.magic, CACHE_MAGIC, sizeof(h.magic)) ||
	    h.count > (text.len - sizeof(h)) / sizeof(struct cache_entry))
		goto out;
	for (uint32_t i = 0; i < h.count && !out->n; i++) {
		struct cache_entry e;

		memcpy(&e, data + sizeof(h) + i * sizeof(e), sizeof(e));
		if (e.name_off >= text.len || e.path_off >= text.len)
			continue;
		/* 32-bit libraries have no ABI bits. */
		if (!(e.flags & FLAG_ABI_MASK) || (e.flags & FLAG_ABI_MASK) == FLAG_X86_X32)
			continue;
		if (is_library(data + e.name_off, name) || !strcmp(data + e.name_off, name))
			add_if_file(a, out, arena_strdup(a, data + e.path_off));
	}
out:
	sbuf_close(&text);
}

/* ---- what processes have mapped ---- */

/* Files being gathered from the maps of processes. */
struct mapped {
	struct arena *arena;
	path_vec *out;
	struct hmap seen;	/* what stands in maps, and paths that were taken */
	const char *library;	/* only this one, by its short name; NULL: all */
	const char *pattern;	/* only paths that match; NULL: all */
};

/* A line of maps: "begin-end perms offset dev inode   /path". The path if it is mapped
 * executable, else NULL. */
static const char *mapped_path(struct arena *a, const char *line, size_t len)
{
	const char *perms = memchr(line, ' ', len), *path = memchr(line, '/', len);

	if (!perms || !path || perms + 3 >= line + len || perms[3] != 'x')
		return NULL;
	return arena_strndup(a, path, len - (size_t)(path - line));
}

static bool is_wanted_map(const struct mapped *m, const char *path)
{
	const char *file = strrchr(path, '/') + 1;

	if (m->pattern)
		return !fnmatch(m->pattern, path, 0);
	return !m->library || is_library(file, m->library) || !strcmp(file, m->library);
}

static bool is_new(struct mapped *m, const char *text)
{
	if (hmap_find(&m->seen, text, strlen(text)))
		return false;
	hmap_set(&m->seen, text, strlen(text), m);
	return true;
}

static void add_maps_of(struct mapped *m, int pid)
{
	const char *root = root_of(m->arena, pid), *at, *next;
	struct sbuf text = { 0 };

	if (tracefs_read(AT_FDCWD, arena_printf(m->arena, "/proc/%d/maps", pid), &text))
		goto out;
	for (at = sbuf_text(&text); *at; at = next) {
		size_t len = strcspn(at, "\n");
		const char *path = mapped_path(m->arena, at, len);

		next = at + len + (at[len] == '\n');
		if (!path || !is_wanted_map(m, path))
			continue;
		path = arena_printf(m->arena, "%s%s", root, path);
		if (is_new(m, path))
			add_if_file(m->arena, m->out, path);
	}
out:
	sbuf_close(&text);
}

/* Files that the process, or (0) any process, has mapped executable. */
static void add_mapped(struct mapped *m, int pid)
{
	DIR *proc = pid ? NULL : opendir("/proc");
	struct dirent *entry;

	hmap_init(&m->seen, m->arena);
	if (pid)
		add_maps_of(m, pid);
	while (proc && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			add_maps_of(m, atoi(entry->d_name));
	if (proc)
		closedir(proc);
}

static void add_library(struct arena *a, path_vec *out, const char *name)
{
	static const char *const places[] = {
		"/lib64", "/usr/lib64", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu",
		"/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib", "/usr/lib",
		"/usr/local/lib",
	};

	add_from_cache(a, out, name);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !out->n; i++) {
		if (strstr(name, ".so"))
			add_if_file(a, out, arena_printf(a, "%s/%s", places[i], name));
		if (!out->n)
			add_glob(a, out, arena_printf(a, "%s/%s.so", places[i], name));
		if (!out->n)
			add_glob(a, out, arena_printf(a, "%s/%s.so.[0-9]*", places[i], name));
	}
}

/* A glob without a "/": of the files that the process has mapped, or of commands. */
static void add_word_glob(struct arena *a, path_vec *out, const char *pattern, int pid)
{
	struct mapped mapped = { .arena = a, .out = out,
				 .pattern = arena_printf(a, "*/%s", pattern) };
	const char *at = search_path(a, 0);

	if (pid) {
		add_mapped(&mapped, pid);
		return;
	}
	add_glob(a, out, pattern);
	while (*at) {
		size_t len = strcspn(at, ":");

		if (len)
			add_glob(a, out, arena_printf(a, "%.*s/%s", (int)len, at, pattern));
		at += len + (at[len] == ':');
	}
}

static void add_word(struct arena *a, path_vec *out, const char *name, int pid)
{
	struct mapped mapped = { .arena = a, .out = out, .library = name };
	bool may_be_library = !strncmp(name, "lib", 3) || strstr(name, ".so");

	if (pid && may_be_library)
		add_mapped(&mapped, pid);
	if (!out->n && may_be_library)
		add_library(a, out, name);
	if (!out->n)
		add_command(a, out, name, pid);
	if (!out->n)	/* in this directory */
		add_if_file(a, out, name);
}

int live_user_files(void *arg, const char *name, int pid, const char *const **paths,
		    size_t *count)
{
	struct live *l = arg;
	path_vec found = { 0 };

	if (!name) {
		add_executable(l->arena, &found, pid);
	} else if (!strcmp(name, "*")) {
		struct mapped mapped = { .arena = l->arena, .out = &found };

		add_mapped(&mapped, pid);
	} else if (strchr(name, '/')) {
		bool is_proc = !strncmp(name, "/proc/", 6);
		const char *root = is_proc || *name != '/' ? "" : root_of(l->arena, pid);
		const char *path = arena_printf(l->arena, "%s%s", root, name);

		add_if_file(l->arena, &found, path);
		if (!found.n)
			add_glob(l->arena, &found, path);
	} else if (strchr(name, '*')) {
		add_word_glob(l->arena, &found, name, pid);
	} else {
		add_word(l->arena, &found, name, pid);
	}
	*paths = found.at;
	*count = found.n;
	return found.n ? 0 : -ENOENT;
}
