/*
 * Reader of a BPF ring buffer map: see ring.h.
 *
 * The consumer's position is published after every batch of records rather
 * than after each: programs see free space a little later, and the reader does
 * not fight with them for the cache line. The data is mapped once, not twice in
 * a row as is usual, because every mapped page counts as our memory; the rare
 * record that crosses the end is put together.
 *
 * Records that were laid aside are older than all in the ring, and are given first.
 */
#include "run/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RECORDS_A_BATCH 32

struct ring {
	uint64_t *consumer;
	const uint64_t *producer;
	const char *data;
	size_t size_bytes;		/* a power of two */
	size_t page_bytes;		/* 0: memory of the caller's */
	bool calm;			/* see ring_set_calm */
	uint64_t position;		/* of the record that is being given */
	uint64_t next;			/* of the record behind it */
	char *aside;			/* owned: struct aside_record, its bytes, and so on */
	size_t aside_at, aside_bytes, aside_cap;	/* given up to; filled; allocated */
	char *joined;			/* owned: a record that crosses the end, in one piece */
	size_t joined_bytes;
};

/* In front of the bytes of a record that was laid aside, which are rounded up to 8. */
struct aside_record {
	uint64_t position;
	uint64_t len;
};

static struct ring *ring_new(size_t size_bytes)
{
	struct ring *ring;

	if (!size_bytes || (size_bytes & (size_bytes - 1)))
		return NULL;
	ring = calloc(1, sizeof(*ring));
	if (ring)
		ring->size_bytes = size_bytes;
	return ring;
}

int ring_open(struct ring **out, int map_fd, size_t size_bytes)
{
	struct ring *ring = ring_new(size_bytes);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p;
	int err;

	if (!ring)
		return -ENOMEM;
	ring->page_bytes = page;
	p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (p == MAP_FAILED)
		goto fail;
	ring->consumer = p;
	p = mmap(NULL, page + size_bytes, PROT_READ, MAP_SHARED, map_fd, (off_t)page);
	if (p == MAP_FAILED)
		goto fail;
	/* A fork would copy the page tables. */
	(void)madvise(p, page + size_bytes, MADV_DONTFORK);
	ring->producer = p;
	ring->data = (const char *)p + page;
	*out = ring;
	return 0;
fail:
	err = -errno;
	ring_close(ring);
	return err;
}

int ring_open_memory(struct ring **out, uint64_t *consumer, const uint64_t *producer,
		     const void *data, size_t size_bytes)
{
	struct ring *ring = ring_new(size_bytes);

	if (!ring)
		return -EINVAL;
	ring->consumer = consumer;
	ring->producer = producer;
	ring->data = data;
	*out = ring;
	return 0;
}

/* Sequentially consistent, because a program decides by this position whether
 * to wake us, and we decide by its record whether to sleep. */
static void publish(struct ring *ring, uint64_t at)
{
	__atomic_store_n(ring->consumer, at, __ATOMIC_SEQ_CST);
}

static const uint32_t *header_at(const struct ring *ring, uint64_t at)
{
	return (const uint32_t *)(const void *)(ring->data + (at & (ring->size_bytes - 1)));
}

/* Length word of the record at `at`, or with the busy bit if it is not there. */
static uint32_t length_at(const struct ring *ring, uint64_t at, uint64_t end)
{
	uint32_t len;

	if (end - at < BPF_RINGBUF_HDR_SZ)
		return BPF_RINGBUF_BUSY_BIT;
	len = __atomic_load_n(header_at(ring, at), __ATOMIC_ACQUIRE);
	if ((uint64_t)(len & ~BPF_RINGBUF_DISCARD_BIT) > end - at - BPF_RINGBUF_HDR_SZ)
		return BPF_RINGBUF_BUSY_BIT;
	return len;
}

static uint64_t round_up_8(uint64_t n)
{
	return (n + 7) & ~(uint64_t)7;
}

/* Where the next record begins. */
static uint64_t behind(uint64_t at, uint32_t len)
{
	return at + round_up_8((len & ~BPF_RINGBUF_DISCARD_BIT) + BPF_RINGBUF_HDR_SZ);
}

/* The bytes of the record at `at`; NULL if memory is out. */
static const void *record_at(struct ring *ring, uint64_t at, uint32_t len)
{
	size_t from = (at + BPF_RINGBUF_HDR_SZ) & (ring->size_bytes - 1);
	size_t first = ring->size_bytes - from;

	if (first >= len)
		return ring->data + from;
	if (ring->joined_bytes < len) {
		free(ring->joined);
		ring->joined = malloc(len);
		ring->joined_bytes = ring->joined ? len : 0;
	}
	if (!ring->joined)
		return NULL;
	memcpy(ring->joined, ring->data + from, first);
	memcpy(ring->joined + first, ring->data, len - first);
	return ring->joined;
}

/* Give one record to `fn`. */
static bool give(struct ring *ring, uint64_t at, uint32_t len, ring_fn fn, void *arg)
{
	const void *record = record_at(ring, at, len);

	ring->position = at;
	return record && fn(arg, record, len);
}

/* ---- laid aside ---- */

/* Room for so many bytes more; what has been given already goes first. */
static bool make_room(struct ring *ring, size_t bytes)
{
	size_t left = ring->aside_bytes - ring->aside_at, cap = ring->aside_cap;
	char *p;

	if (ring->aside_at) {
		memmove(ring->aside, ring->aside + ring->aside_at, left);
		ring->aside_at = 0;
		ring->aside_bytes = left;
	}
	while (cap - left < bytes)
		cap = cap ? cap * 2 : 65536;
	if (cap == ring->aside_cap)
		return true;
	p = realloc(ring->aside, cap);
	if (!p)
		return false;
	ring->aside = p;
	ring->aside_cap = cap;
	return true;
}

static bool add_aside(struct ring *ring, uint64_t at, uint32_t len)
{
	const struct aside_record head = { .position = at, .len = len };
	const void *record = record_at(ring, at, len);
	size_t bytes = sizeof(head) + round_up_8(len);
	char *to;

	if (!record)
		return false;
	if (ring->aside_cap - ring->aside_bytes < bytes && !make_room(ring, bytes))
		return false;
	to = ring->aside + ring->aside_bytes;
	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), record, len);
	ring->aside_bytes += bytes;
	return true;
}

bool ring_lay_aside(struct ring *ring, size_t max_bytes, size_t max_aside_bytes)
{
	uint64_t from = ring->next, at = from, end;

	end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	while (at - from < max_bytes && ring->aside_bytes - ring->aside_at < max_aside_bytes) {
		uint32_t len = length_at(ring, at, end);

		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(len & BPF_RINGBUF_DISCARD_BIT) && !add_aside(ring, at, len))
			break;
		at = behind(at, len);
	}
	ring->next = at;
	publish(ring, at);
	return at != from;
}

void ring_rest(struct ring *ring)
{
	ring->next = __atomic_load_n(ring->consumer, __ATOMIC_RELAXED);
}

/* The next record that was laid aside. False: there is none. */
static bool give_aside(struct ring *ring, ring_fn fn, void *arg, bool *stop)
{
	const char *record = ring->aside + ring->aside_at;
	struct aside_record head;

	if (ring->aside_at == ring->aside_bytes)
		return false;
	memcpy(&head, record, sizeof(head));
	ring->aside_at += sizeof(head) + round_up_8(head.len);
	ring->position = head.position;
	ring->next = __atomic_load_n(ring->consumer, __ATOMIC_RELAXED);
	*stop = fn(arg, record + sizeof(head), head.len);
	return true;
}

static void free_aside(struct ring *ring)
{
	free(ring->aside);
	ring->aside = NULL;
	ring->aside_at = ring->aside_bytes = ring->aside_cap = 0;
}

static size_t read_aside(struct ring *ring, size_t max, ring_fn fn, void *arg, bool *stop)
{
	size_t n = 0;

	while (n < max && !*stop && give_aside(ring, fn, arg, stop))
		n++;
	if (ring->aside && ring->aside_at == ring->aside_bytes)
		free_aside(ring);
	return n;
}

/* ---- reading ---- */

/* Read what is in the ring itself, until something is laid aside, which comes next. */
static size_t read_ring(struct ring *ring, size_t max, ring_fn fn, void *arg, bool *stop)
{
	uint64_t at = __atomic_load_n(ring->consumer, __ATOMIC_RELAXED);
	uint64_t end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	size_t n = 0;

	while (n < max && !*stop && !ring->aside) {
		uint32_t len = length_at(ring, at, end);

		if (len & BPF_RINGBUF_BUSY_BIT) {
			uint64_t now = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);

			publish(ring, at);
			if (at != end || now == end || ring->calm)
				break;
			end = now;
			continue;
		}
		ring->next = behind(at, len);
		if (!(len & BPF_RINGBUF_DISCARD_BIT))
			*stop = give(ring, at, len, fn, arg);
		at = ring->next;
		if (++n % RECORDS_A_BATCH == 0)
			publish(ring, at);
	}
	publish(ring, at);
	return n;
}

size_t ring_read(struct ring *ring, size_t max, ring_fn fn, void *arg, bool *stopped)
{
	bool stop = false;
	size_t n = 0;

	do {
		n += read_aside(ring, max - n, fn, arg, &stop);
		n += read_ring(ring, max - n, fn, arg, &stop);
	} while (n < max && !stop && ring->aside);
	if (stopped)
		*stopped = stop;
	return n;
}

void ring_set_calm(struct ring *ring, bool calm)
{
	ring->calm = calm;
}

bool ring_has_data(const struct ring *ring)
{
	uint64_t at = __atomic_load_n(ring->consumer, __ATOMIC_RELAXED);
	uint64_t end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);

	return ring->aside_at != ring->aside_bytes ||
	       !(length_at(ring, at, end) & BPF_RINGBUF_BUSY_BIT);
}

uint64_t ring_position(const struct ring *ring)
{
	return ring->position;
}

uint64_t ring_produced(const struct ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
}

uint64_t ring_pending_bytes(const struct ring *ring)
{
	return ring_produced(ring) - __atomic_load_n(ring->consumer, __ATOMIC_RELAXED) +
	       ring->aside_bytes - ring->aside_at;
}

uint64_t ring_unread_bytes(const struct ring *ring)
{
	return ring_produced(ring) - ring->next;
}

size_t ring_size_bytes(const struct ring *ring)
{
	return ring->size_bytes;
}

void ring_close(struct ring *ring)
{
	if (!ring)
		return;
	if (ring->page_bytes && ring->producer)
		munmap((void *)(uintptr_t)ring->producer, ring->page_bytes + ring->size_bytes);
	if (ring->page_bytes && ring->consumer)
		munmap(ring->consumer, ring->page_bytes);
	free(ring->joined);
	free_aside(ring);
	free(ring);
}
