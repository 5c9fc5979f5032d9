/*
 * Making room among what programs unwind by.
 *
 * What goes: processes that programs met least recently, and files that none of the others
 * maps and that no program found since. Their entries are deleted at once; their room is given
 * back when programs that may have read the entries have ended.
 */
#include "run/unwind.h"

#include "base/grow.h"
#include "kernel/bpf_call.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#define MANY_BYTES ((uint64_t)IMAGE_UNWIND_CHUNKS * IMAGE_UNWIND_CHUNK_BYTES)
#define REST_NS (INT64_C(5) * 1000000000)	/* between two times that all is forgotten */
#define RECENT 8				/* in use: it would come back at once */

void unwind_lay_aside(struct unwinder *u, struct unwind_place *list)
{
	/* Without memory it is lost until all is forgotten. */
	if (list->size_bytes && grow(&u->old, &u->cap_old, u->nr_old, sizeof(*u->old))) {
		u->old[u->nr_old++] = *list;
		u->old_bytes += unwind_room_bytes(list->size_bytes);
	}
	*list = (struct unwind_place){ 0 };
}

void unwind_let_files_go(struct unwound *p, uint32_t clock)
{
	for (size_t i = 0; i < p->nr_files; i++) {
		p->files[i]->nr_users--;
		p->files[i]->used = clock;
	}
	free(p->files);
	p->files = NULL;
	p->nr_files = 0;
}

static void close_process(struct unwound *p)
{
	free(p->files);
	free(p);
}

void unwind_forget_processes(struct unwinder *u)
{
	struct unwound *next;

	for (size_t i = 0; i < UNWIND_BUCKETS; i++) {
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
	struct image_unwind_file_id file;
	uint32_t pid;

	for (uint32_t i = 0; i < 2 * IMAGE_UNWIND_PROCESSES; i++)
		if (bpf_call_map_next_key(unwind_processes_fd(r), NULL, &pid) ||
		    bpf_call_map_delete(unwind_processes_fd(r), &pid))
			break;
	for (uint32_t i = 0; i < 2 * IMAGE_UNWIND_FILES; i++)
		if (bpf_call_map_next_key(unwind_files_fd(r), NULL, &file) ||
		    bpf_call_map_delete(unwind_files_fd(r), &file))
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
	unwind_forget_processes(u);
	return !unwind_store_empty(&u->store);
}

/* How long ago programs met it; what has ended they do not meet again. */
static void find_age(struct run *r, struct unwound *p, uint32_t now)
{
	int fd = unwind_processes_fd(r);
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

	for (size_t i = 0; all && i < UNWIND_BUCKETS; i++)
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

	(void)bpf_call_map_delete(unwind_processes_fd(r), &pid);
	p->is_victim = true;
	c->found_processes++;
	c->found_bytes += unwind_room_bytes(p->list.size_bytes);
	unwind_let_files_go(p, p->used);
	unwind_lay_aside(r->unwinder, &p->list);
}

static void remove_victims(struct unwinder *u)
{
	for (size_t i = 0; i < UNWIND_BUCKETS; i++)
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

/* When it was mapped by a process with a list, or a program found it by its key. */
static void find_file_age(struct run *r, struct unwind_file *f, uint32_t now)
{
	struct image_unwind_file entry;

	if (f->is_known && !bpf_call_map_lookup(unwind_files_fd(r), &f->key, &entry) &&
	    now - entry.used < now - f->used)
		f->used = entry.used;
}

/* The file that no process maps any more and that was used longest ago. */
static struct unwind_file *oldest_unused(struct unwind_store *s, uint32_t now)
{
	struct unwind_file *oldest = NULL;

	for (struct unwind_file *f = s->files; f; f = f->next)
		if (!f->nr_users && !f->is_victim && f->nr_pieces && now - f->used > RECENT &&
		    (!oldest || now - f->used > now - oldest->used))
			oldest = f;
	return oldest;
}

static void choose_files(struct run *r, struct clearance *c, uint32_t now)
{
	struct unwind_file *f;

	for (f = r->unwinder->store.files; f; f = f->next)
		find_file_age(r, f, now);
	while (c->found_bytes < c->bytes && (f = oldest_unused(&r->unwinder->store, now))) {
		(void)bpf_call_map_delete(unwind_files_fd(r), &f->key);
		f->is_victim = true;
		c->found_bytes += unwind_file_bytes(f);
	}
}

/* Programs that may have known of it have ended. */
static void give_room_back(struct unwinder *u)
{
	struct unwind_file *next;

	for (size_t i = 0; i < u->nr_old; i++)
		unwind_store_give(&u->store, &u->old[i]);
	u->nr_old = 0;
	u->old_bytes = 0;
	for (struct unwind_file *f = u->store.files; f; f = next) {
		next = f->next;
		if (f->is_victim)
			unwind_store_forget(&u->store, f);
	}
}

/* A quarter of what is full. Returns false if nothing can go: all is in use. */
static bool make_room(struct run *r, pid_t keep)
{
	struct unwinder *u = r->unwinder;
	uint32_t now = unwind_clock_now();
	uint64_t before = u->store.taken_bytes;
	struct clearance c = {
		.bytes = u->store.is_full ? MANY_BYTES / 4 : 0, .found_bytes = u->old_bytes,
	};
	struct unwound **all = by_age(r, now);

	if (u->nr_processes >= UNWIND_MANY_PROCESSES)
		c.processes = UNWIND_MANY_PROCESSES / 4;
	choose_files(r, &c, now);
	for (size_t i = 0; all && i < u->nr_processes && !is_enough(&c); i++) {
		if (all[i]->pid == keep || all[i]->age <= RECENT)
			continue;
		choose(r, all[i], &c);
		choose_files(r, &c, now);
	}
	free(all);
	if (!c.found_bytes && !c.found_processes)
		return false;
	run_await_programs(r);
	remove_victims(u);
	give_room_back(u);
	u->store.is_full &= u->store.taken_bytes == before;
	return true;
}

bool unwind_relieve(struct run *r, pid_t pid)
{
	struct unwinder *u = r->unwinder;

	if (u->store.rules.n == IMAGE_UNWIND_RULES)
		return forget_all(r);
	return (u->store.is_full || u->nr_processes >= UNWIND_MANY_PROCESSES) && make_room(r, pid);
}
