/*
 * Finding programs and libraries by what people call them.
 *
 * A name is tried as a library (through the dynamic linker's cache, or the
 * files that a process has mapped), as a path or glob, and in $PATH. A file
 * that is found under two names counts once.
 */
#include "kernel/user_elf.h"

#include "base/vec.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_id {
	dev_t dev;
	ino_t ino;
};

struct file_search {
	struct arena *arena;
	VEC(const char *) paths;
	VEC(struct file_id) ids;	/* as many as paths */
};

/* ---- collecting ---- */

/* Add a file unless it is there already or is no program. */
static void add_file(struct file_search *s, const char *path)
{
	struct file_id id;
	struct stat st;

	if (stat(path, &st))
		return;
	id = (struct file_id){ st.st_dev, st.st_ino };
	for (size_t i = 0; i < s->ids.n; i++)
		if (s->ids.at[i].dev == id.dev && s->ids.at[i].ino == id.ino)
			return;
	if (user_elf_check(path))
		return;
	vec_push(s->arena, &s->ids, id);
	vec_push(s->arena, &s->paths, arena_strdup(s->arena, path));
}

static void add_glob(struct file_search *s, const char *pattern)
{
	glob_t g;

	if (glob(pattern, 0, NULL, &g))
		return;
	for (size_t i = 0; i < g.gl_pathc; i++)
		add_file(s, g.gl_pathv[i]);
	globfree(&g);
}

static bool is_pattern(const char *name)
{
	return strpbrk(name, "*[");
}

static void add_candidate(struct file_search *s, const char *path)
{
	if (is_pattern(path))
		add_glob(s, path);
	else
		add_file(s, path);
}

/* ---- what processes have mapped ---- */

/* Call `each` with the path of every executable mapping of a process. */
static void each_mapping(int pid, void (*each)(const char *path, void *arg), void *arg)
{
	char name[64], *line = NULL;
	size_t cap = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	f = fopen(name, "re");
	while (f && getline(&line, &cap, f) > 0) {
		char *path = strchr(line, '/');
		char perms[5] = "";

		if (!path || sscanf(line, "%*s %4s", perms) != 1 || perms[2] != 'x')
			continue;
		path[strcspn(path, "\n")] = '\0';
		each(path, arg);
	}
	free(line);
	if (f)
		fclose(f);
}

static void add_mapped(const char *path, void *arg)
{
	add_file(arg, path);
}

static void add_all_processes(struct file_search *s)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (isdigit((unsigned char)*e->d_name))
			each_mapping(atoi(e->d_name), add_mapped, s);
	if (dir)
		closedir(dir);
}

/* The executable; through the process's root if it lives elsewhere. */
static void add_executable(struct file_search *s, int pid)
{
	char name[64], path[PATH_MAX];
	struct stat exe, st;
	ssize_t len;

	snprintf(name, sizeof(name), "/proc/%d/exe", pid);
	len = readlink(name, path, sizeof(path) - 1);
	if (len <= 0 || stat(name, &exe))
		return;
	path[len] = '\0';
	if (!stat(path, &st) && st.st_dev == exe.st_dev && st.st_ino == exe.st_ino)
		add_file(s, path);
	else
		add_file(s, arena_printf(s->arena, "/proc/%d/root%s", pid, path));
}

/* ---- libraries ---- */

struct library_search {
	struct file_search *files;
	const char *name;	/* "libc" or "libc.so.6" */
};

/* "/libNAME." or "/libNAME-" and ".so" behind it, or exactly the name. */
static void add_mapped_library(const char *path, void *arg)
{
	struct library_search *l = arg;
	const char *file = strrchr(path, '/') + 1;
	size_t len = strlen(l->name);

	if (l->files->paths.n || strncmp(file, l->name, len))
		return;
	if (strstr(l->name, ".so") ? !file[len]
				   : (file[len] == '.' || file[len] == '-') && strstr(file, ".so"))
		add_file(l->files, path);
}

/* /etc/ld.so.cache, format 1.1: a header, entries, strings. */
struct cache_header {
	char magic[20];		/* "glibc-ld.so.cache1.1" */
	uint32_t nr_libs, strings_len;
	uint8_t flags, pad[3];
	uint32_t extension, unused[3];
};

struct cache_entry {
	int32_t flags;
	uint32_t key, value;	/* offsets of strings from the header on */
	uint32_t os_version;
	uint64_t hwcap;
};

static const char CACHE_MAGIC[] = "glibc-ld.so.cache1.1";

/* A string of the cache, or "" if the offset is not within. */
static const char *cache_string(const char *cache, size_t len, uint32_t at)
{
	return at < len && memchr(cache + at, 0, len - at) ? cache + at : "";
}

/* The first library of this machine's kind whose name begins with `prefix`. */
static void search_cache(struct file_search *s, const char *cache, size_t len, const char *prefix)
{
	const struct cache_header *h = (const void *)cache;
	struct cache_entry e;

	if (len < sizeof(*h) || h->nr_libs > (len - sizeof(*h)) / sizeof(e))
		return;
	for (uint32_t i = 0; i < h->nr_libs && !s->paths.n; i++) {
		memcpy(&e, cache + sizeof(*h) + i * sizeof(e), sizeof(e));
		/* word size and machine: the high byte; 0 is 32 bit */
		if (sizeof(void *) == 8 && !(e.flags & 0xff00))
			continue;
		if (!strncmp(cache_string(cache, len, e.key), prefix, strlen(prefix)))
			add_file(s, cache_string(cache, len, e.value));
	}
}

static char *read_whole(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t cap = 0, n;

	*len = 0;
	while (f) {
		if (cap - *len < 65536) {
			char *more = realloc(text, cap += 262144);

			if (!more)
				break;
			text = more;
		}
		n = fread(text + *len, 1, cap - *len, f);
		*len += n;
		if (!n)
			break;
	}
	if (f)
		fclose(f);
	return text;
}

static void add_cached_library(struct file_search *s, const char *name)
{
	const char *prefix = strstr(name, ".so") ? name : arena_printf(s->arena, "%s.so", name);
	size_t len;
	char *text = read_whole("/etc/ld.so.cache", &len);
	char *start = text ? memmem(text, len, CACHE_MAGIC, sizeof(CACHE_MAGIC) - 1) : NULL;

	/* An older format may stand in front; the newer one is aligned within. */
	if (start && !((uintptr_t)start & 7))
		search_cache(s, start, len - (size_t)(start - text), prefix);
	free(text);
}

static void add_library(struct file_search *s, const char *name, int pid)
{
	struct library_search l = { .files = s, .name = name };

	if (pid)
		each_mapping(pid, add_mapped_library, &l);
	if (!s->paths.n)
		add_cached_library(s, name);
}

/* ---- $PATH ---- */

static void add_from_path(struct file_search *s, const char *name)
{
	const char *at = getenv("PATH");

	while (at && *at) {
		size_t len = strcspn(at, ":");

		if (len)
			add_candidate(s, arena_printf(s->arena, "%.*s/%s", (int)len, at, name));
		at += len + (at[len] == ':');
	}
}

/* ---- entry ---- */

int user_elf_files(struct arena *a, const char *name, int pid, const char *const **paths,
		   size_t *count)
{
	struct file_search s = { .arena = a };

	if (!name) {
		add_executable(&s, pid);
	} else if (!strcmp(name, "*")) {
		if (pid)
			each_mapping(pid, add_mapped, &s);
		else
			add_all_processes(&s);
	} else {
		if (!strncmp(name, "lib", 3) && !is_pattern(name) && !strchr(name, '/'))
			add_library(&s, name, pid);
		if (!s.paths.n)
			add_candidate(&s, name);
		if (!s.paths.n && !strchr(name, '/'))
			add_from_path(&s, name);
	}
	*paths = s.paths.at;
	*count = s.paths.n;
	return s.paths.n ? 0 : -ENOENT;
}
