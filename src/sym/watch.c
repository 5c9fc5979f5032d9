/*
 * Following processes through perf's side-band events, one buffer a CPU.
 *
 * In: records of exec, mmap and fork, in order on each CPU but not among
 * CPUs; each carries its time, by which they are merged: a process forks on one
 * CPU and executes on another. Out: processes in the cache that are complete from
 * their first mapping on, whether they live still or not.
 *
 * A process that runs already when the watch begins is not made here: its other
 * mappings would be missing. It is read from /proc when it is asked for.
 */
#include "sym/watch.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define RING_BYTES ((size_t)256 * 1024)
#define MAX_RECORD_BYTES ((size_t)64 * 1024)

struct watch_ring {
	int fd;
	struct perf_event_mmap_page *page;	/* NULL: not open */
	uint64_t at, head;		/* while it is drained: the next record, and the end */
	uint64_t next_ns;		/* time of the next record; UINT64_MAX: there is none */
};

struct watch {
	struct watch_ring *rings;	/* owned; one a CPU that could be configured */
	size_t n;
	size_t map_bytes;
	char *record;			/* owned: one that wraps around a ring's end */
};

/* What follows every record, for the sample_type below. */
struct record_tail {
	uint32_t pid, tid;
	uint64_t time_ns;
};

/* ---- opening ---- */

static int open_event(pid_t pid, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.mmap = 1,
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.inherit = pid > 0,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};

	return (int)syscall(SYS_perf_event_open, &attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static int open_ring(struct watch *w, struct watch_ring *ring, pid_t pid, int cpu)
{
	void *page;

	ring->fd = open_event(pid, cpu);
	if (ring->fd < 0)
		return -errno;
	page = mmap(NULL, w->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	ring->page = page;
	return 0;
}

int watch_open(struct watch **out, pid_t pid)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	struct watch *w = calloc(1, sizeof(*w));
	int err = -ENOMEM;

	if (!w)
		return -ENOMEM;
	w->map_bytes = RING_BYTES + (size_t)sysconf(_SC_PAGESIZE);
	w->record = malloc(MAX_RECORD_BYTES);
	w->rings = calloc(cpus > 0 ? (size_t)cpus : 1, sizeof(*w->rings));
	if (!w->record || !w->rings)
		goto fail;
	for (long cpu = 0; cpu < cpus; cpu++) {
		w->rings[w->n].fd = -1;
		err = open_ring(w, &w->rings[w->n++], pid, (int)cpu);
		if (err && err != -ENODEV)	/* not online */
			goto fail;
	}
	*out = w;
	return 0;
fail:
	watch_close(w);
	return err;
}

void watch_close(struct watch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n; i++) {
		if (w->rings[i].page)
			munmap(w->rings[i].page, w->map_bytes);
		if (w->rings[i].fd >= 0)
			close(w->rings[i].fd);
	}
	free(w->rings);
	free(w->record);
	free(w);
}

/* ---- records ---- */

struct mmap_record {	/* PERF_RECORD_MMAP2, after the header */
	uint32_t pid, tid;
	uint64_t start, len, offset;
	uint32_t major, minor;
	uint64_t ino, generation;
	uint32_t prot, flags;
	char name[];
};

struct fork_record {	/* PERF_RECORD_FORK */
	uint32_t pid, ppid, tid, ptid;
	uint64_t time_ns;
};

static void apply_mmap(struct process_cache *c, const void *body, size_t size,
		       const struct record_tail *tail)
{
	const struct mmap_record *r = body;
	struct process *p;
	const char *name;
	struct mapping m;

	if (size <= sizeof(*r) || !memchr(r->name, '\0', size - sizeof(*r)))
		return;
	p = process_cache_find(c, (pid_t)r->pid);
	if (!p || r->len > UINT64_MAX - r->start)
		return;
	name = strncmp(r->name, "//anon", 6) ? r->name : "";
	m = (struct mapping){ .start = r->start, .end = r->start + r->len, .offset = r->offset,
			      .ino = r->ino, .mapped_ns = (int64_t)tail->time_ns,
			      .executable = true };
	(void)process_map(p, &m, name);
}

static void apply_comm(struct process_cache *c, const void *body, size_t size,
		       const struct record_tail *tail)
{
	struct process *p;

	(void)body;
	(void)size;
	p = process_cache_find(c, (pid_t)tail->pid);
	if (p)
		process_exec(p, (int64_t)tail->time_ns);
	else
		(void)process_cache_add(c, (pid_t)tail->pid);
}

static void apply_fork(struct process_cache *c, const void *body, size_t size,
		       const struct record_tail *tail)
{
	const struct fork_record *r = body;
	struct process *parent, *child;

	(void)tail;
	if (size < sizeof(*r) || r->pid == r->ppid || !process_cache_find(c, (pid_t)r->ppid))
		return;
	child = process_cache_add(c, (pid_t)r->pid);
	parent = process_cache_find(c, (pid_t)r->ppid);	/* adding may have dropped it */
	if (child && parent)
		(void)process_fork(child, parent);
}

static const struct {
	uint32_t type;
	uint16_t misc;	/* bits that must be set */
	void (*apply)(struct process_cache *, const void *, size_t, const struct record_tail *);
} records[] = {
	{ PERF_RECORD_MMAP2, 0, apply_mmap },
	{ PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC, apply_comm },
	{ PERF_RECORD_FORK, 0, apply_fork },
};

void watch_apply(struct process_cache *cache, const void *record, size_t size_bytes)
{
	struct perf_event_header header;
	struct record_tail tail;
	const char *body = (const char *)record + sizeof(header);

	if (size_bytes < sizeof(header) + sizeof(tail))
		return;
	memcpy(&header, record, sizeof(header));
	memcpy(&tail, (const char *)record + size_bytes - sizeof(tail), sizeof(tail));
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		if (records[i].type == header.type &&
		    (header.misc & records[i].misc) == records[i].misc)
			records[i].apply(cache, body, size_bytes - sizeof(header) - sizeof(tail),
					 &tail);
}

/* ---- reading ---- */

/* `size` bytes of the ring from position `at`, in one piece. */
static const void *ring_bytes(struct watch *w, const char *data, uint64_t at, size_t size)
{
	size_t offset = at % RING_BYTES, first = RING_BYTES - offset;

	if (size <= first)
		return data + offset;
	memcpy(w->record, data + offset, first);
	memcpy(w->record + first, data, size - first);
	return w->record;
}

static void look_at_next(struct watch *w, struct watch_ring *ring)
{
	const char *data = (const char *)ring->page + w->map_bytes - RING_BYTES;
	struct perf_event_header header = { 0 };

	ring->next_ns = UINT64_MAX;
	if (ring->at >= ring->head)
		return;
	memcpy(&header, ring_bytes(w, data, ring->at, sizeof(header)), sizeof(header));
	if (header.size < sizeof(header) + sizeof(struct record_tail)) {
		ring->at = ring->head;
		return;
	}
	memcpy(&ring->next_ns,
	       ring_bytes(w, data, ring->at + header.size - sizeof(ring->next_ns),
			  sizeof(ring->next_ns)), sizeof(ring->next_ns));
}

static void apply_next(struct watch *w, struct watch_ring *ring, struct process_cache *cache)
{
	const char *data = (const char *)ring->page + w->map_bytes - RING_BYTES;
	struct perf_event_header header;

	memcpy(&header, ring_bytes(w, data, ring->at, sizeof(header)), sizeof(header));
	watch_apply(cache, ring_bytes(w, data, ring->at, header.size), header.size);
	ring->at += header.size;
	look_at_next(w, ring);
}

static struct watch_ring *earliest(struct watch *w)
{
	struct watch_ring *first = NULL;

	for (size_t i = 0; i < w->n; i++)
		if (w->rings[i].page && (!first || w->rings[i].next_ns < first->next_ns))
			first = &w->rings[i];
	return first;
}

/* Asked for each frame of each stack. */
static bool has_records(const struct watch *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct perf_event_mmap_page *page = w->rings[i].page;

		if (page && __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE) != page->data_tail)
			return true;
	}
	return false;
}

/* What comes later than the beginning stays for the next time: what was before it may
 * stand in a ring whose end was read earlier. */
void watch_drain(struct watch *w, struct process_cache *cache)
{
	struct watch_ring *ring;
	uint64_t now_ns;

	if (!has_records(w))
		return;
	now_ns = (uint64_t)process_now_ns();
	for (size_t i = 0; i < w->n; i++) {
		ring = &w->rings[i];
		if (!ring->page)
			continue;
		ring->at = ring->page->data_tail;
		ring->head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
		look_at_next(w, ring);
	}
	while ((ring = earliest(w)) != NULL && ring->next_ns <= now_ns)
		apply_next(w, ring, cache);
	for (size_t i = 0; i < w->n; i++)
		if (w->rings[i].page)
			__atomic_store_n(&w->rings[i].page->data_tail, w->rings[i].at,
					 __ATOMIC_RELEASE);
}
