/*
 * Snapshots of processes: /proc/PID/maps, and how the files in it are reached.
 *
 * In: a process number. Out: its mappings, sorted, those that code or named
 * data can lie in. Invariant: a snapshot is replaced as a whole or not at all,
 * so that a process that ends meanwhile keeps the last good one.
 */
#include "sym/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_MAPPINGS 65536
#define DELETED " (deleted)"
#define FILE_TICK_NS 10000000	/* times of files may be so late */

int64_t process_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* ---- /proc/PID/stat ---- */

/* Fields 22 and 26: start time and start of the code. */
static int read_identity(const char *proc, pid_t pid, uint64_t *start_time, uint64_t *start_code)
{
	char path[4096], text[1024], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%d/stat", proc, pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	at = strrchr(text, ')');	/* the name before it may hold anything */
	*start_time = *start_code = 0;
	for (int field = 2; at && field <= 26; field++) {
		if (field == 22)
			*start_time = strtoull(at, NULL, 10);
		if (field == 26)
			*start_code = strtoull(at, NULL, 10);
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	return 0;
}

bool process_changed(struct process *p, const struct process_places *places)
{
	uint64_t start_time, start_code;

	if (read_identity(places->proc, p->pid, &start_time, &start_code)) {
		p->gone = true;
		return false;
	}
	/* A zombie has no code any more. */
	return start_time != p->start_time || (start_code && start_code != p->start_code);
}

/* ---- /proc/PID/maps ---- */

static bool add_path(struct process *p, const char *path, uint32_t *offset)
{
	size_t len = strlen(path) + 1, cap = p->paths_cap ? p->paths_cap : 1024;
	size_t last = p->nr_maps ? p->maps[p->nr_maps - 1].path : 0;
	char *grown;

	/* Neighbours are mostly of one file. */
	if (p->nr_maps && !strcmp(p->paths + last, path)) {
		*offset = (uint32_t)last;
		return true;
	}
	while (cap - p->paths_len < len)
		cap *= 2;
	if (cap != p->paths_cap) {
		grown = realloc(p->paths, cap);
		if (!grown)
			return false;
		p->paths = grown;
		p->paths_cap = cap;
	}
	memcpy(p->paths + p->paths_len, path, len);
	*offset = (uint32_t)p->paths_len;
	p->paths_len += len;
	return true;
}

static bool add_mapping(struct process *p, const struct mapping *m, const char *path)
{
	size_t cap = p->cap_maps ? p->cap_maps * 2 : 64;
	struct mapping *grown;

	if (p->nr_maps == p->cap_maps) {
		grown = reallocarray(p->maps, cap, sizeof(*grown));
		if (!grown)
			return false;
		p->maps = grown;
		p->cap_maps = cap;
	}
	p->maps[p->nr_maps] = *m;
	if (!add_path(p, path, &p->maps[p->nr_maps].path))
		return false;
	p->nr_maps++;
	return true;
}

/* "START-END PERMS OFFSET DEV INODE   PATH" */
static bool take_map_line(struct process *p, char *line, int64_t now_ns)
{
	struct mapping m = { .mapped_ns = now_ns };
	char perms[5];
	int path_at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %" SCNu64 " %n", &m.start,
		   &m.end, perms, &m.offset, &m.ino, &path_at) < 5)
		return true;
	m.executable = strchr(perms, 'x') != NULL;
	if ((!m.executable && !m.ino) || p->nr_maps >= MAX_MAPPINGS)
		return true;
	return add_mapping(p, &m, path_at ? line + path_at : "");
}

static int read_maps(struct process *p, const char *proc)
{
	char path[4096], *line = NULL;
	int64_t now_ns = process_now_ns();
	size_t cap = 0;
	int err = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%d/maps", proc, p->pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (!err && getline(&line, &cap, f) > 0)
		if (!take_map_line(p, line, now_ns))
			err = -ENOMEM;
	free(line);
	fclose(f);
	if (!err && !p->nr_maps)
		err = -ESRCH;	/* a zombie, or a thread of the kernel */
	return err;
}

void process_clear(struct process *p)
{
	for (size_t i = 0; i < p->nr_maps; i++)
		elf_file_put(p->maps[i].file);
	free(p->maps);
	free(p->paths);
	table_close(&p->jit);
	p->maps = NULL;
	p->paths = NULL;
	p->nr_maps = p->cap_maps = p->paths_len = p->paths_cap = 0;
}

int process_snapshot(struct process *p, const struct process_places *places)
{
	struct process fresh = { .pid = p->pid, .jit_size_bytes = -1 };
	int err;

	err = read_identity(places->proc, p->pid, &fresh.start_time, &fresh.start_code);
	if (!err)
		err = read_maps(&fresh, places->proc);
	if (err) {
		process_clear(&fresh);
		p->gone |= err != -ENOMEM;
		return err;
	}
	fresh.generation = p->generation + 1;
	fresh.next = p->next;
	fresh.used = p->used;
	fresh.checked_ns = p->checked_ns;
	process_clear(p);
	*p = fresh;
	return 0;
}

const struct mapping *process_find(const struct process *p, uint64_t address)
{
	size_t low = 0, high = p->nr_maps;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (p->maps[mid].end <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low < p->nr_maps && p->maps[low].start <= address ? &p->maps[low] : NULL;
}

const char *process_path(const struct process *p, const struct mapping *m)
{
	return p->paths + m->path;
}

/* ---- what a watch tells ---- */

/* Add what is left of `m` outside of [start, end). */
static bool add_rest(struct process *p, const struct mapping *m, const char *path, uint64_t start,
		     uint64_t end)
{
	struct mapping left = *m, right = *m;
	bool keeps_left = m->start < start, keeps_right = m->end > end;

	if (m->end <= start || m->start >= end)
		return add_mapping(p, m, path);
	if (!keeps_left && !keeps_right)
		elf_file_put(m->file);
	if (keeps_left && keeps_right) {	/* one reference is one */
		right.file = NULL;
		right.asked = false;
	}
	left.end = left.end < start ? left.end : start;
	if (right.start < end) {
		right.offset += end - right.start;
		right.start = end;
	}
	return (!keeps_left || add_mapping(p, &left, path)) &&
	       (!keeps_right || add_mapping(p, &right, path));
}

static bool is_older(const struct process *p, const struct mapping *m)
{
	for (size_t i = 0; i < p->nr_maps; i++)
		if (p->maps[i].start < m->end && m->start < p->maps[i].end &&
		    p->maps[i].mapped_ns > m->mapped_ns)
			return true;
	return false;
}

static int compare_mappings(const void *a, const void *b)
{
	const struct mapping *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

bool process_map(struct process *p, const struct mapping *m, const char *path)
{
	struct process old = *p;
	bool fits;

	if (is_older(p, m) || p->nr_maps >= MAX_MAPPINGS)
		return true;
	p->generation++;
	p->maps = NULL;
	p->paths = NULL;
	p->nr_maps = p->cap_maps = p->paths_len = p->paths_cap = 0;
	fits = add_mapping(p, m, path);
	for (size_t i = 0; fits && i < old.nr_maps; i++)
		fits = add_rest(p, &old.maps[i], process_path(&old, &old.maps[i]), m->start,
				m->end);
	if (p->nr_maps > 1)
		qsort(p->maps, p->nr_maps, sizeof(*p->maps), compare_mappings);
	free(old.maps);
	free(old.paths);
	return fits;
}

void process_exec(struct process *p, int64_t when_ns)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nr_maps; i++) {
		if (p->maps[i].mapped_ns >= when_ns)
			p->maps[n++] = p->maps[i];
		else
			elf_file_put(p->maps[i].file);
	}
	p->nr_maps = n;
	p->generation++;
	table_close(&p->jit);
	p->jit_size_bytes = -1;
	p->gone = false;
}

bool process_fork(struct process *child, const struct process *parent)
{
	process_clear(child);
	for (size_t i = 0; i < parent->nr_maps; i++) {
		struct mapping m = parent->maps[i];

		m.file = NULL;
		m.asked = false;
		if (!add_mapping(child, &m, process_path(parent, &m)))
			return false;
	}
	return true;
}

/* ---- files ---- */

/* Only regular files: opening a device may do something. */
static int open_regular(const char *path)
{
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static bool is_deleted(const char *path)
{
	size_t len = strlen(path), tail = strlen(DELETED);

	return len > tail && !strcmp(path + len - tail, DELETED);
}

static int64_t realtime_ns(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

/* Is a file of that name another one than was mapped, or was it written since? The
 * kernel and stat may name device and inode differently (btrfs, overlayfs), so a
 * different inode alone proves nothing; one that got its name later does. */
static bool is_replaced(int fd, const struct mapping *m)
{
	struct timespec now;
	struct stat st;
	int64_t mapped_ns, changed_ns;

	if (fstat(fd, &st) || clock_gettime(CLOCK_REALTIME, &now))
		return true;
	mapped_ns = realtime_ns(&now) - (process_now_ns() - m->mapped_ns);
	if (st.st_ino == m->ino)
		changed_ns = realtime_ns(&st.st_mtim);
	else
		changed_ns = realtime_ns(&st.st_ctim) + FILE_TICK_NS;
	return changed_ns > mapped_ns && changed_ns <= realtime_ns(&now) + FILE_TICK_NS;
}

/* The file by its name, unless that is another's now. */
static int open_by_name(const char *path, const struct mapping *m)
{
	int fd = open_regular(path);

	if (fd >= 0 && is_replaced(fd, m)) {
		close(fd);
		return -1;
	}
	return fd;
}

int process_open_file(const struct process *p, const struct mapping *m,
		      const struct process_places *places)
{
	const char *name = process_path(p, m);
	char path[8192];
	int fd;

	snprintf(path, sizeof(path), "%s/%d/map_files/%" PRIx64 "-%" PRIx64, places->proc, p->pid,
		 m->start, m->end);
	fd = open_regular(path);
	if (fd >= 0 || name[0] != '/' || is_deleted(name))
		return fd;
	snprintf(path, sizeof(path), "%s/%d/root%s", places->proc, p->pid, name);
	fd = open_by_name(path, m);
	return fd >= 0 ? fd : open_by_name(name, m);
}
