/*
 * Control groups: number to paths.
 *
 * In: the mounts of the system and the folders below them. A group's number is
 * its folder's inode. Out: its path in each hierarchy. What was found is kept,
 * and good as long as the folders still have that inode.
 */
#include "sym/cgroup.h"

#include "base/arena.h"
#include "base/sbuf.h"
#include "base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <mntent.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 64 };

struct hierarchy {
	const char *name, *path;
	bool is_v2;
};

struct group {
	uint64_t id;
	const char *filter, *text;
	VEC(const char *) folders;	/* one for each hierarchy in the text */
};

struct cgroups {
	struct arena arena;
	VEC(struct hierarchy) hierarchies;
	VEC(struct group) known;
};

/* ---- hierarchies ---- */

static int by_name(const void *a, const void *b)
{
	const struct hierarchy *x = a, *y = b;

	if (x->is_v2 != y->is_v2)
		return x->is_v2 ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void add_hierarchy(struct cgroups *c, const struct mntent *m)
{
	const char *slash = strrchr(m->mnt_dir, '/');
	struct hierarchy h = { .is_v2 = !strcmp(m->mnt_type, "cgroup2") };
	const struct hierarchy *old;

	if (!h.is_v2 && strcmp(m->mnt_type, "cgroup") != 0)
		return;
	h.name = h.is_v2 ? "unified" : arena_strdup(&c->arena, slash ? slash + 1 : m->mnt_dir);
	vec_each(old, &c->hierarchies)
		if (old->is_v2 == h.is_v2 && !strcmp(old->name, h.name))
			return;
	h.path = arena_strdup(&c->arena, m->mnt_dir);
	vec_push(&c->arena, &c->hierarchies, h);
}

static int read_mounts(struct cgroups *c, const char *path)
{
	FILE *f = setmntent(path, "re");
	struct mntent *m;

	if (!f)
		return -errno;
	while ((m = getmntent(f)))
		add_hierarchy(c, m);
	endmntent(f);
	if (c->hierarchies.n)
		qsort(c->hierarchies.at, c->hierarchies.n, sizeof(*c->hierarchies.at), by_name);
	return 0;
}

int cgroups_open(struct cgroups **out, const char *mounts)
{
	struct cgroups *c = calloc(1, sizeof(*c));
	jmp_buf oom;
	volatile int err = -ENOMEM;

	if (!c)
		return -ENOMEM;
	arena_init(&c->arena);
	arena_on_oom(&c->arena, &oom);
	if (!setjmp(oom))
		err = read_mounts(c, mounts ? mounts : "/proc/mounts");
	arena_on_oom(&c->arena, NULL);
	if (err) {
		cgroups_close(c);
		return err;
	}
	*out = c;
	return 0;
}

void cgroups_close(struct cgroups *c)
{
	if (!c)
		return;
	arena_free(&c->arena);
	free(c);
}

/* ---- searching ---- */

static bool has_inode(const char *path, uint64_t id)
{
	struct stat st;

	return !stat(path, &st) && st.st_ino == id;
}

static bool find_below(char *path, size_t len, uint64_t id, int depth);

/* A folder's entry: is it the group, or does that lie below? The path grows to it. */
static bool try_entry(char *path, size_t len, const struct dirent *entry, uint64_t id, int depth)
{
	size_t n = strlen(entry->d_name);

	if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
	    !strcmp(entry->d_name, "..") || len + n + 2 > PATH_MAX)
		return false;
	path[len] = '/';
	memcpy(path + len + 1, entry->d_name, n + 1);
	if (entry->d_ino == id || find_below(path, len + 1 + n, id, depth - 1))
		return true;
	path[len] = '\0';
	return false;
}

static bool find_below(char *path, size_t len, uint64_t id, int depth)
{
	DIR *dir = depth ? opendir(path) : NULL;
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		found = try_entry(path, len, entry, id, depth);
	if (dir)
		closedir(dir);
	return found;
}

static void add_folder(struct cgroups *c, struct group *g, const struct hierarchy *h,
		       struct sbuf *text)
{
	size_t len = strlen(h->path);
	char path[PATH_MAX];

	if (len >= sizeof(path) || fnmatch(g->filter, h->name, 0))
		return;
	memcpy(path, h->path, len + 1);
	if (!has_inode(path, g->id) && !find_below(path, len, g->id, DEPTH_MAX))
		return;
	sbuf_printf(text, "%s%s:%s", text->len ? "," : "", h->name, path[len] ? path + len : "/");
	vec_push(&c->arena, &g->folders, arena_strdup(&c->arena, path));
}

static const char *look_for(struct cgroups *c, struct group *g)
{
	struct sbuf text = { 0 };
	struct hierarchy *h;

	vec_each(h, &c->hierarchies)
		add_folder(c, g, h, &text);
	g->text = arena_strdup(&c->arena, sbuf_text(&text));
	sbuf_close(&text);
	return g->text;
}

static bool is_good(const struct group *g)
{
	for (size_t i = 0; i < g->folders.n; i++)
		if (!has_inode(g->folders.at[i], g->id))
			return false;
	return g->folders.n > 0;
}

static const char *path_of(struct cgroups *c, uint64_t id, const char *filter)
{
	struct group *g;

	vec_each(g, &c->known) {
		if (g->id != id || strcmp(g->filter, filter) != 0)
			continue;
		if (is_good(g))
			return g->text;
		g->folders.n = 0;
		return look_for(c, g);
	}
	vec_push(&c->arena, &c->known,
		 ((struct group){ .id = id, .filter = arena_strdup(&c->arena, filter) }));
	return look_for(c, &c->known.at[c->known.n - 1]);
}

const char *cgroups_path(struct cgroups *c, uint64_t id, const char *filter)
{
	const char *volatile text = "";
	jmp_buf oom;

	arena_on_oom(&c->arena, &oom);
	if (!setjmp(oom))
		text = path_of(c, id, filter);
	arena_on_oom(&c->arena, NULL);
	return text;
}
