/*
 * Processes whose stacks are unwound: the list of ranges of each.
 *
 * A list is written where nobody reads yet, then the process's entry names it. Places of
 * old lists and files are not used again one by one: when there is no more room, or there
 * are many processes, all is forgotten at once, and processes are loaded anew when programs
 * ask for them.
 */
#include "run/unwind.h"

#include "base/grow.h"
#include "kernel/bpf_call.h"
#include "sym/sym.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUCKETS 256

struct unwound {
	struct unwound *next;
	pid_t pid;
	struct image_unwind_process entry;
	uint64_t generation;	/* of the mappings that the list is of */
};

struct unwinder {
	struct unwind_store store;
	struct unwound *processes[BUCKETS];	/* owned */
	uint32_t nr_processes;
	int64_t emptied_ns;			/* when all was forgotten; CLOCK_MONOTONIC */
};

#define MANY_PROCESSES (IMAGE_UNWIND_PROCESSES * 3 / 4)
#define REST_NS (INT64_C(5) * 1000000000)	/* between two times that all is forgotten */

/* ---- ranges ---- */

struct list {
	struct run *r;
	pid_t pid;
	struct image_unwind_range *at;	/* owned; IMAGE_UNWIND_RANGES */
	uint32_t n;
};

static void add_range(struct list *l, struct image_unwind_range range, uint64_t end)
{
	if (end <= range.start || l->n == IMAGE_UNWIND_RANGES)
		return;
	range.len_bytes = end - range.start > UINT32_MAX ? UINT32_MAX
							   : (uint32_t)(end - range.start);
	l->at[l->n++] = range;
}

/* What of a mapping each piece of the file's rows covers. */
static void add_pieces(struct list *l, const struct unwind_file *f,
		       const struct symbol_mapping *m, uint64_t bias)
{
	for (size_t i = 0; i < f->nr_pieces; i++) {
		const struct unwind_piece *p = &f->pieces[i];
		uint64_t start = bias + p->start, end = m->end;

		if (i + 1 < f->nr_pieces && bias + p[1].start < end)
			end = bias + p[1].start;
		if (start < m->start)
			start = m->start;
		add_range(l, (struct image_unwind_range){
			.start = start, .bias = bias, .nr_rows = p->nr_rows, .chunk = p->chunk,
			.at = p->at }, end);
	}
}

/* What addresses of the process less than those that the rows count. */
static bool find_bias(const struct unwind_file *f, const struct symbol_mapping *m, uint64_t *bias)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < f->nr_segments; i++) {
		const struct unwind_segment *s = &f->segments[i];

		if (m->offset < (s->offset & ~(page - 1)) ||
		    m->offset >= s->offset + s->size_bytes)
			continue;
		*bias = m->start - m->offset + s->offset - s->address + f->base;
		return true;
	}
	return false;
}

static const struct unwind_file *file_of(struct list *l, const struct symbol_mapping *m)
{
	struct unwind_store *store = &l->r->unwinder->store;
	const struct unwind_file *f;
	int fd;

	if (m->is_vdso)
		return unwind_store_vdso(store);
	if (!m->is_file)
		return NULL;
	fd = sym_open_mapping(l->r->symbols, l->pid, m);
	if (fd < 0)
		return NULL;
	f = unwind_store_file(store, fd);
	close(fd);
	return f;
}

/* Memory of no file, and files without rows, are followed by the frame pointer. */
static void add_mapping(void *arg, const struct symbol_mapping *m)
{
	struct list *l = arg;
	const struct unwind_file *f;
	uint64_t bias;

	/* Programs search by the sign of a difference: [vsyscall] lies in the upper half. */
	if (m->start > INT64_MAX)
		return;
	f = file_of(l, m);
	if (f && f->nr_pieces && find_bias(f, m, &bias))
		add_pieces(l, f, m, bias);
	else
		add_range(l, (struct image_unwind_range){ .start = m->start }, m->end);
}

/* ---- processes ---- */

static struct unwound *process_of(struct unwinder *u, pid_t pid)
{
	struct unwound **bucket = &u->processes[(unsigned)pid % BUCKETS], *p = *bucket;

	while (p && p->pid != pid)
		p = p->next;
	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->pid = pid;
	p->next = *bucket;
	*bucket = p;
	u->nr_processes++;
	return p;
}

static bool is_same(struct unwinder *u, const struct unwound *p, const struct list *l)
{
	const uint8_t *old;

	if (!p->entry.nr_ranges || p->entry.nr_ranges != l->n)
		return false;
	old = u->store.chunks[p->entry.chunk].bytes + p->entry.at;
	return !memcmp(old, l->at, l->n * sizeof(*l->at));
}

/* Put the list where programs find it. */
static int publish(struct run *r, struct unwound *p, const struct list *l)
{
	struct unwinder *u = r->unwinder;
	struct image_unwind_process entry = { .nr_ranges = l->n };
	uint32_t pid = (uint32_t)p->pid;
	int fd = r->maps[r->image->unwind_map].fd, err;

	err = unwind_store_room(&u->store, l->n * (uint32_t)sizeof(*l->at), &entry.chunk,
				&entry.at);
	if (err)
		return err;
	memcpy(u->store.chunks[entry.chunk].bytes + entry.at, l->at, l->n * sizeof(*l->at));
	err = bpf_call_map_update(fd, &pid, &entry, BPF_ANY);
	if (!err)
		p->entry = entry;
	return err;
}

static void load_process(struct run *r, pid_t pid)
{
	struct list l = { .r = r, .pid = pid };
	struct unwound *p = process_of(r->unwinder, pid);

	l.at = calloc(IMAGE_UNWIND_RANGES, sizeof(*l.at));
	if (p && l.at && !sym_each_mapping(r->symbols, pid, p->entry.nr_ranges > 0, add_mapping,
					   &l) &&
	    l.n && !is_same(r->unwinder, p, &l))
		(void)publish(r, p, &l);
	if (p)
		p->generation = sym_generation(r->symbols, pid);
	free(l.at);
}

/* ---- forgetting ---- */

static void forget_processes(struct unwinder *u)
{
	struct unwound *next;

	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct unwound *p = u->processes[i]; p; p = next) {
			next = p->next;
			free(p);
		}
		u->processes[i] = NULL;
	}
	u->nr_processes = 0;
}

/* Also processes that only programs know. */
static void delete_entries(struct run *r)
{
	int fd = r->maps[r->image->unwind_map].fd;
	uint32_t pid;

	for (uint32_t i = 0; i < 2 * IMAGE_UNWIND_PROCESSES; i++)
		if (bpf_call_map_next_key(fd, NULL, &pid) || bpf_call_map_delete(fd, &pid))
			break;
}

/* Returns false if that was not long ago. */
static bool forget_all(struct run *r)
{
	struct unwinder *u = r->unwinder;
	int64_t now_ns = run_now_ns();

	if (u->emptied_ns && now_ns - u->emptied_ns < REST_NS)
		return false;
	u->emptied_ns = now_ns;
	delete_entries(r);
	run_await_programs(r);
	forget_processes(u);
	return !unwind_store_empty(&u->store);
}

void run_unwind_process(struct run *r, pid_t pid)
{
	struct unwinder *u = r->unwinder;

	if (!u || !r->symbols)
		return;
	load_process(r, pid);
	if ((u->store.is_full || u->nr_processes >= MANY_PROCESSES) && forget_all(r))
		load_process(r, pid);
}

void run_unwind_ahead(struct run *r, pid_t pid)
{
	const struct unwinder *u = r->unwinder;

	if (u->store.nr_chunks < IMAGE_UNWIND_CHUNKS / 2 && u->nr_processes < MANY_PROCESSES / 2)
		run_unwind_process(r, pid);
}

void run_unwind_follow(struct run *r)
{
	struct unwinder *u = r->unwinder;

	if (!u || !r->symbols)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct unwound *p = u->processes[i]; p; p = p->next)
			if (p->entry.nr_ranges &&
			    p->generation != sym_generation(r->symbols, p->pid))
				load_process(r, p->pid);
}

/* ---- processes that run already ---- */

struct file_list {
	struct stat *at;
	size_t n, cap;
};

/* The files that probes are in, each path of a row of sites once. Without memory fewer. */
static void find_probed(const struct run *r, struct file_list *files)
{
	const struct image_prog *prog;
	struct stat st;

	vec_each(prog, &r->image->progs) {
		const char *last = NULL;

		for (size_t i = 0; attach_is_user(prog->attach) && i < prog->nr_sites; i++) {
			const char *path = prog->sites[i].path;

			if (path && (!last || strcmp(path, last) != 0) && !stat(path, &st) &&
			    grow(&files->at, &files->cap, files->n, sizeof(st)))
				files->at[files->n++] = st;
			last = path;
		}
	}
}

static bool is_probed(const struct file_list *files, const struct stat *exe)
{
	for (size_t i = 0; i < files->n; i++)
		if (files->at[i].st_ino == exe->st_ino && files->at[i].st_dev == exe->st_dev)
			return true;
	return false;
}

/* A stack without tables is lost: the programs of the probes are loaded before they are
 * attached. Those of others are read when they are asked for. */
static void load_probed(struct run *r)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	struct file_list files = { 0 };
	char path[64];
	struct stat st;

	find_probed(r, &files);
	while (files.n && proc && (entry = readdir(proc))) {
		int pid = atoi(entry->d_name);

		snprintf(path, sizeof(path), "/proc/%d/exe", pid);
		if (pid > 0 && !stat(path, &st) && is_probed(&files, &st))
			run_unwind_ahead(r, pid);
	}
	if (proc)
		closedir(proc);
	free(files.at);
}

/* ---- life ---- */

int run_unwind_template(struct run *r)
{
	int err;

	r->unwinder = calloc(1, sizeof(*r->unwinder));
	if (!r->unwinder)
		return -ENOMEM;
	err = unwind_store_open(&r->unwinder->store);
	return err ? err : r->unwinder->store.chunks[0].fd;
}

void run_unwind_start(struct run *r)
{
	struct unwind_store *s;
	uint32_t first = 0;

	if (!r->unwinder)
		return;
	s = &r->unwinder->store;
	s->chunks_fd = r->maps[r->image->unwind_map + 1].fd;
	s->mapped_rules = r->maps[r->image->unwind_map + 2].bytes;
	(void)bpf_call_map_update(s->chunks_fd, &first, &s->chunks[0].fd, BPF_ANY);
	if (r->options.pid > 0)
		run_unwind_process(r, r->options.pid);
	else if (!r->options.child)
		load_probed(r);
	for (size_t i = 0; i < r->options.nr_unwind_pids; i++)
		run_unwind_process(r, r->options.unwind_pids[i]);
}

void run_unwind_close(struct run *r)
{
	struct unwinder *u = r->unwinder;

	if (!u)
		return;
	forget_processes(u);
	unwind_store_close(&u->store);
	free(u);
	r->unwinder = NULL;
}
