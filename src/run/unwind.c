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
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

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

/* ---- files ---- */

/* As a mapping of addresses that are places in the file. */
static void add_segment(struct list *l, const struct unwind_file *f,
			const struct unwind_segment *s)
{
	const struct symbol_mapping m = {
		.start = s->offset, .end = s->offset + s->size_bytes, .offset = s->offset,
	};
	uint64_t bias;

	if (f->nr_pieces && find_bias(f, &m, &bias))
		add_pieces(l, f, &m, bias);
	else
		add_range(l, (struct image_unwind_range){ .start = m.start }, m.end);
}

static void publish_file(struct run *r, struct unwind_file *f, uint32_t nr_ranges)
{
	struct image_unwind_file entry = {
		.chunk = f->list.chunk, .at = f->list.at, .nr_ranges = nr_ranges,
		.used = unwind_clock_now(),
		.page_shift = (uint32_t)__builtin_ctzl((unsigned long)sysconf(_SC_PAGESIZE)),
	};

	if (f != r->unwinder->store.vdso)
		f->key = (struct image_unwind_file_id){
			.ino = f->id.ino, .size_bytes = (uint64_t)f->id.size_bytes,
			.ctime_s = (uint64_t)(f->id.ctime_ns / 1000000000),
			.ctime_ns = (uint32_t)(f->id.ctime_ns % 1000000000),
			/* as the kernel packs both */
			.dev = major(f->id.dev) << 20 | minor(f->id.dev),
		};
	(void)bpf_call_map_update(unwind_files_fd(r), &f->key, &entry, BPF_ANY);
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

/* Programs find it by its identity from now on, in whatever process it is mapped. That this
 * may fail takes nothing from processes whose list is there. */
static void make_known(struct run *r, struct unwind_file *f)
{
	struct unwind_store *store = &r->unwinder->store;
	struct list l = { .r = r, .at = calloc(IMAGE_UNWIND_RANGES, sizeof(*l.at)) };
	uint32_t size;

	f->is_known = true;
	for (size_t i = 0; l.at && i < f->nr_segments; i++)
		add_segment(&l, f, &f->segments[i]);
	size = l.n * (uint32_t)sizeof(*l.at);
	if (l.n && !unwind_store_take(store, size, &f->list)) {
		memcpy(unwind_store_bytes(store, &f->list), l.at, size);
		publish_file(r, f, l.n);
	}
	free(l.at);
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
	if (f && !f->is_known && !f->lacks_rows)
		make_known(l->r, f);
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
	struct unwound **bucket = &u->processes[(unsigned)pid % UNWIND_BUCKETS], *p = *bucket;

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

/* Put the list where programs find it; its files are the process's from then on. */
static int publish(struct run *r, struct unwound *p, struct list *l)
{
	struct unwinder *u = r->unwinder;
	struct image_unwind_process entry = { .nr_ranges = l->n, .used = unwind_clock_now() };
	int fd = unwind_processes_fd(r), err;
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
	unwind_lay_aside(u, &p->list);
	unwind_let_files_go(p, entry.used);
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

void run_unwind_process(struct run *r, pid_t pid)
{
	struct unwinder *u = r->unwinder;

	if (!u || !r->symbols)
		return;
	load_process(r, pid);
	for (int i = 0; i < 4 && unwind_relieve(r, pid); i++)
		load_process(r, pid);
}

void run_unwind_ahead(struct run *r, pid_t pid)
{
	const struct unwinder *u = r->unwinder;

	if (u->store.nr_chunks < IMAGE_UNWIND_CHUNKS / 2 &&
	    u->nr_processes < UNWIND_MANY_PROCESSES / 2)
		run_unwind_process(r, pid);
}

void run_unwind_follow(struct run *r)
{
	struct unwinder *u = r->unwinder;

	if (!u || !r->symbols || r->stop_count)
		return;
	if (r->control)
		__atomic_store_n(&r->control->unwind_clock, unwind_clock_now(), __ATOMIC_RELAXED);
	for (size_t i = 0; i < UNWIND_BUCKETS; i++)
		for (struct unwound *p = u->processes[i]; p; p = p->next)
			if (p->list.size_bytes &&
			    p->generation != sym_generation(r->symbols, p->pid))
				load_process(r, p->pid);
}

/* ---- what there is already ---- */

static void load_file(struct run *r, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct unwind_file *f = fd < 0 ? NULL : unwind_store_file(&r->unwinder->store, fd);

	if (f && !f->is_known && !f->lacks_rows)
		make_known(r, f);
	if (fd >= 0)
		close(fd);
}

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

#ifdef SONDE_STATIC

static void load_own_libraries(struct run *r)
{
	(void)r;
}

#else

#include <dlfcn.h>

/* The library that an address of our own is in. */
static void load_own(struct run *r, const void *address)
{
	Dl_info info;

	if (address && dladdr(address, &info) && info.dli_fname)
		load_file(r, info.dli_fname);
}

static void load_own_libraries(struct run *r)
{
	load_own(r, (const void *)(uintptr_t)&getenv);
	load_own(r, (const void *)(uintptr_t)getauxval(AT_BASE));
}

#endif

/* What new processes map, too: the files that probes are in, the C library, and the linker. */
static void load_common(struct run *r)
{
	const struct image_prog *prog;
	const char *last = NULL;

	vec_each(prog, &r->image->progs)
		for (size_t i = 0; attach_is_user(prog->attach) && i < prog->nr_sites; i++) {
			const char *path = prog->sites[i].path;

			if (path && (!last || strcmp(path, last) != 0))
				load_file(r, path);
			last = path;
		}
	load_own_libraries(r);
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
		r->control->unwind_clock = unwind_clock_now();
	if (r->options.pid > 0)
		run_unwind_process(r, r->options.pid);
	else if (!r->options.child)
		load_probed(r);
	load_common(r);
	for (size_t i = 0; i < r->options.nr_unwind_pids; i++)
		run_unwind_process(r, r->options.unwind_pids[i]);
}

void run_unwind_close(struct run *r)
{
	struct unwinder *u = r->unwinder;

	if (!u)
		return;
	unwind_forget_processes(u);
	unwind_store_close(&u->store);
	free(u->old);
	free(u);
	r->unwinder = NULL;
}
