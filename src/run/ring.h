/*
 * Reader of a BPF ring buffer map.
 *
 * The kernel's protocol: two 64-bit positions that only grow, each in a page of
 * its own, and the data. A record is an 8-byte header (length with a busy and a
 * discard bit) and its bytes, rounded up to 8. Records are trusted in length only
 * as far as they stay within what was produced.
 */
#ifndef SONDE_RUN_RING_H
#define SONDE_RUN_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring;

/* Returns 1 to stop after this record, 0 to go on. */
typedef int (*ring_fn)(void *arg, const void *data, size_t size_bytes);

/* Map the ring of `size_bytes` behind `map_fd`, which stays the caller's. */
int ring_open(struct ring **out, int map_fd, size_t size_bytes);

/* Read at most `max` records. Returns how many were read; *stopped (may be
 * NULL) says whether `fn` wanted to stop. */
size_t ring_read(struct ring *ring, size_t max, ring_fn fn, void *arg, bool *stopped);

/* Read only what is there when reading begins, rather than until the ring is
 * empty: next to programs that fill it, reading record by record slows both. */
void ring_set_calm(struct ring *ring, bool calm);

/* True if there is a record that could be read now. */
bool ring_has_data(const struct ring *ring);

/* Lay aside what follows the record that `fn` has now, at most so many bytes of it: ring_read
 * gives it before what is in the ring. To be called while `fn` runs, by another thread that it
 * waits for before it returns, and only if what `fn` reads is a copy: the record's place is given
 * back. Stops when `max_aside_bytes` lie there. Returns false if nothing came. */
bool ring_lay_aside(struct ring *ring, size_t max_bytes, size_t max_aside_bytes);

/* The same may be done now, while no `fn` runs, until the next ring_read. */
void ring_rest(struct ring *ring);

/* Positions that only grow: of the record that `fn` has now, and of the next one
 * that a program will reserve. */
uint64_t ring_position(const struct ring *ring);
uint64_t ring_produced(const struct ring *ring);

/* Bytes that programs have reserved and nobody has read, those laid aside included. */
uint64_t ring_pending_bytes(const struct ring *ring);

/* The same of the ring alone, as the one who lays aside sees it. */
uint64_t ring_unread_bytes(const struct ring *ring);

size_t ring_size_bytes(const struct ring *ring);

void ring_close(struct ring *ring);

/* A ring over memory of the caller's, for tests. */
int ring_open_memory(struct ring **out, uint64_t *consumer, const uint64_t *producer,
		     const void *data, size_t size_bytes);

#endif
