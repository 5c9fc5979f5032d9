/*
 * Processes whose stacks are unwound: the list of ranges of each.
 *
 * A list is written where nobody reads yet, then the process's entry names it. What a list
 * names stays where it is as long as the entry does. When there is no more room, or there are
 * many processes, those that programs met least recently are forgotten, with the files that
 * no other process maps: their entries are deleted, programs that run are waited for, and only
 * then the room is given back. A process that is met again is loaded again.
 */
#include "run/unwind.h"

#include "base/grow.h"
#include "kernel/bpf_call.h"
#include "sym/sym.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUCKETS 256

struct unwound {
	struct unwound *next;
	pid_t pid;
	struct unwind_place list;
	struct unwind_file **files;	/* owned; each that the list names */
	size_t nr_files;
	uint32_t used;		/* the clock, when a program met it; as of the last look */
	uint32_t age;		/* that far back */
	bool is_victim;
	uint64_t generation;	/* of the mappings that the list is of */
};

struct unwinder {
	struct unwind_store store;
	struct unwound *processes[BUCKETS];	/* owned */
	uint32_t nr_processes;
	int64_t emptied_ns;			/* when all was forgotten; CLOCK_MONOTONIC */
	struct unwind_place *old;		/* owned; lists that others are in place of */
	size_t nr_old, cap_old;
	uint64_t old_bytes;
};

#define MANY_PROCESSES (IMAGE_UNWIND_PROCESSES * 3 / 4)
#define MANY_BYTES ((uint64_t)IMAGE_UNWIND_CHUNKS * IMAGE_UNWIND_CHUNK_BYTES)
#define REST_NS (INT64_C(5) * 1000000000)	/* between two times that all is forgotten */
#define CLOCK_SHIFT 27				/* of nanoseconds: eight turns a second */
#define RECENT 8				/* in use: it would come back at once */

/* ---- ranges ---- */

struct list {
	struct run *r;
	pid_t pid;
	struct image_unwind_range *at;	/* owned; IMAGE_UNWIND_RANGES */
	uint32_t n;
	struct unwind_file **files;	/* owned */
	size_t nr_files, cap_files;
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
			.start = start, .bias = bias, .nr_rows = p->nr_rows,
			.chunk = p->place.chunk, .at = p->place.at }, end);
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

static struct unwind_file *file_of(struct list *l, const struct symbol_mapping *m)
{
	struct unwind_store *store = &l->r->unwinder->store;
	struct unwind_file *f;
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

/* The list keeps the file where it is. */
static bool hold_file(struct list *l, struct unwind_file *f)
{
	for (size_t i = 0; i < l->nr_files; i++)
		if (l->files[i] == f)
			return true;
	if (!grow(&l->files, &l->cap_files, l->nr_files, sizeof(*l->files)))
		return false;
	l->files[l->nr_files++] = f;
	f->nr_users++;
	return true;
}

/* Memory of no file, and files without rows, are followed by the frame pointer. */
static void add_mapping(void *arg, const struct symbol_mapping *m)
{
	struct list *l = arg;
	const struct unwind_place *missing = &l->r->unwinder->store.missing;
	struct unwind_file *f;
	uint64_t bias;

	/* Programs search by the sign of a difference: [vsyscall] lies in the upper half. */
	if (m->start > INT64_MAX)
		return;
	f = file_of(l, m);
	if (f && f->lacks_rows)
		add_range(l, (struct image_unwind_range){ .start = m->start, .nr_rows = 1,
			.chunk = missing->chunk, .at = missing->at }, m->end);
	else if (f && f->nr_pieces && find_bias(f, m, &bias) && hold_file(l, f))
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
	size_t size = l->n * sizeof(*l->at);

	return p->list.size_bytes == size && size &&
	       !memcmp(unwind_store_bytes(&u->store, &p->list), l->at, size);
}

/* Programs may be reading it yet. */
static void lay_aside(struct unwinder *u, struct unwind_place *list)
{
	/* Without memory it is lost until all is forgotten. */
	if (list->size_bytes && grow(&u->old, &u->cap_old, u->nr_old, sizeof(*u->old))) {
		u->old[u->nr_old++] = *list;
		u->old_bytes += unwind_room_bytes(list->size_bytes);
	}
	*list = (struct unwind_place){ 0 };
}

static void let_files_go(struct unwound *p, uint32_t clock)
{
	for (size_t i = 0; i < p->nr_files; i++) {
		p->files[i]->nr_users--;
		p->files[i]->used = clock;
	}
	free(p->files);
	p->files = NULL;
	p->nr_files = 0;
}

static uint32_t clock_now(void)
{
	return (uint32_t)((uint64_t)run_now_ns() >> CLOCK_SHIFT);
}

/* Put the list where programs find it; its files are the process's from then on. */
static int publish(struct run *r, struct unwound *p, struct list *l)
{
	struct unwinder *u = r->unwinder;
	struct image_unwind_process entry = { .nr_ranges = l->n, .used = clock_now() };
	int fd = r->maps[r->image->unwind_map].fd, err;
	uint32_t pid = (uint32_t)p->pid;
	struct unwind_place place;

	err = unwind_store_take(&u->store, l->n * (uint32_t)sizeof(*l->at), &place);
	if (err)
		return err;
	memcpy(unwind_store_bytes(&u->store, &place), l->at, l->n * sizeof(*l->at));
	entry.chunk = place.chunk;
	entry.at = place.at;
	err = bpf_call_map_update(fd, &pid, &entry, BPF_ANY);
	if (err) {
		unwind_store_give(&u->store, &place);
		return err;
	}
	lay_aside(u, &p->list);
	let_files_go(p, entry.used);
	p->list = place;
	p->files = l->files;
	p->nr_files = l->nr_files;
	l->files = NULL;
	l->nr_files = 0;
	return 0;
}

/* A list that is not published. */
static void drop_list(struct list *l)
{
	for (size_t i = 0; i < l->nr_files; i++)
		l->files[i]->nr_users--;
	free(l->files);
	free(l->at);
}

static void load_process(struct run *r, pid_t pid)
{
	struct list l = { .r = r, .pid = pid };
	struct unwound *p = process_of(r->unwinder, pid);

	l.at = calloc(IMAGE_UNWIND_RANGES, sizeof(*l.at));
	if (p && l.at && !sym_each_mapping(r->symbols, pid, p->list.size_bytes > 0, add_mapping,
					   &l) &&
	    l.n && !is_same(r->unwinder, p, &l))
		(void)publish(r, p, &l);
	if (p)
		p->generation = sym_generation(r->symbols, pid);
	drop_list(&l);
}

/* ---- forgetting ---- */

static void close_process(struct unwound *p)
{
	free(p->files);
	free(p);
}

static void forget_processes(struct unwinder *u)
{
	struct unwound *next;

	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct unwound *p = u->processes[i]; p; p = next) {
			next = p->next;
			close_process(p);
		}
		u->processes[i] = NULL;
	}
	u->nr_processes = u->nr_old = 0;
	u->old_bytes = 0;
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

/* How long ago programs met it; what has ended they do not meet again. */
static void find_age(struct run *r, struct unwound *p, uint32_t now)
{
	int fd = r->maps[r->image->unwind_map].fd;
	struct image_unwind_process entry;
	uint32_t pid = (uint32_t)p->pid;

	if (!bpf_call_map_lookup(fd, &pid, &entry))
		p->used = entry.used;
	p->age = kill(p->pid, 0) && errno == ESRCH ? UINT32_MAX : now - p->used;
}

/* Oldest first. */
static int compare_ages(const void *a, const void *b)
{
	const struct unwound *x = *(struct unwound *const *)a, *y = *(struct unwound *const *)b;

	return x->age > y->age ? -1 : x->age < y->age;
}

/* All by age; owned by the caller. NULL: memory is out. */
static struct unwound **by_age(struct run *r, uint32_t now)
{
	struct unwinder *u = r->unwinder;
	struct unwound **all = calloc(u->nr_processes + 1, sizeof(struct unwound *));
	size_t n = 0;

	for (size_t i = 0; all && i < BUCKETS; i++)
		for (struct unwound *p = u->processes[i]; p; p = p->next) {
			find_age(r, p, now);
			all[n++] = p;
		}
	if (all)
		qsort(all, n, sizeof(struct unwound *), compare_ages);
	return all;
}

/* What is to go, and what has been found. */
struct clearance {
	uint64_t bytes, found_bytes;
	uint32_t processes, found_processes;
};

static bool is_enough(const struct clearance *c)
{
	return c->found_bytes >= c->bytes && c->found_processes >= c->processes;
}

/* Its entry goes at once, the rest when programs have ended. */
static void choose(struct run *r, struct unwound *p, struct clearance *c)
{
	uint32_t pid = (uint32_t)p->pid;

	(void)bpf_call_map_delete(r->maps[r->image->unwind_map].fd, &pid);
	p->is_victim = true;
	c->found_processes++;
	c->found_bytes += unwind_room_bytes(p->list.size_bytes);
	for (size_t i = 0; i < p->nr_files; i++)
		if (p->files[i]->nr_users == 1)
			c->found_bytes += unwind_file_bytes(p->files[i]);
	let_files_go(p, p->used);
	lay_aside(r->unwinder, &p->list);
}

static void remove_victims(struct unwinder *u)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct unwound **at = &u->processes[i], *p; (p = *at);) {
			if (!p->is_victim) {
				at = &p->next;
				continue;
			}
			*at = p->next;
			close_process(p);
			u->nr_processes--;
		}
}

/* The file that no process maps any more and whose last one was met longest ago. */
static struct unwind_file *oldest_unused(struct unwind_store *s, uint32_t now)
{
	struct unwind_file *oldest = NULL;

	for (struct unwind_file *f = s->files; f; f = f->next)
		if (!f->nr_users && f->nr_pieces &&
		    (!oldest || now - f->used > now - oldest->used))
			oldest = f;
	return oldest;
}

static void give_room_back(struct run *r, uint64_t bytes, uint32_t now)
{
	struct unwinder *u = r->unwinder;
	struct unwind_store *s = &u->store;
	uint64_t least = s->taken_bytes > bytes ? s->taken_bytes - bytes : 0;
	struct unwind_file *f;

	for (size_t i = 0; i < u->nr_old; i++)
		unwind_store_give(s, &u->old[i]);
	u->nr_old = 0;
	u->old_bytes = 0;
	while (s->taken_bytes > least && (f = oldest_unused(s, now)))
		unwind_store_forget(s, f);
}

/* A quarter of what is full. Returns false if nothing can go: all is in use. */
static bool make_room(struct run *r, pid_t keep)
{
	struct unwinder *u = r->unwinder;
	uint32_t now = clock_now();
	uint64_t before = u->store.taken_bytes;
	struct clearance c = {
		.bytes = u->store.is_full ? MANY_BYTES / 4 : 0, .found_bytes = u->old_bytes,
		.processes = u->nr_processes >= MANY_PROCESSES ? MANY_PROCESSES / 4 : 0,
	};
	struct unwound **all = by_age(r, now);

	for (const struct unwind_file *f = u->store.files; f; f = f->next)
		c.found_bytes += f->nr_users ? 0 : unwind_file_bytes(f);
	for (size_t i = 0; all && i < u->nr_processes && !is_enough(&c); i++)
		if (all[i]->pid != keep && all[i]->age > RECENT)
			choose(r, all[i], &c);
	free(all);
	if (!c.found_bytes && !c.found_processes)
		return false;
	run_await_programs(r);
	remove_victims(u);
	give_room_back(r, c.bytes, now);
	u->store.is_full &= u->store.taken_bytes == before;
	return true;
}

/* Something is full: what can be done for a process? False: nothing more. */
static bool relieve(struct run *r, pid_t pid)
{
	struct unwinder *u = r->unwinder;

	if (u->store.rules.n == IMAGE_UNWIND_RULES)
		return forget_all(r);
	return (u->store.is_full || u->nr_processes >= MANY_PROCESSES) && make_room(r, pid);
}

void run_unwind_process(struct run *r, pid_t pid)
{
	struct unwinder *u = r->unwinder;

	if (!u || !r->symbols)
		return;
	load_process(r, pid);
	for (int i = 0; i < 4 && relieve(r, pid); i++)
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
	if (r->control)
		__atomic_store_n(&r->control->unwind_clock, clock_now(), __ATOMIC_RELAXED);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct unwound *p = u->processes[i]; p; p = p->next)
			if (p->list.size_bytes &&
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
	if (r->control)
		r->control->unwind_clock = clock_now();
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
	free(u->old);
	free(u);
	r->unwinder = NULL;
}
