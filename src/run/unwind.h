/*
 * What programs unwind user stacks by: tables of files and ranges of processes, put into
 * the maps that image.h describes.
 *
 * Tables belong to files and are shared by all processes that map them. Memory is bounded:
 * by the number of chunks for tables and ranges together. When it is full, processes that
 * were not met for the longest time are forgotten, and files that none of the others maps.
 */
#ifndef SONDE_RUN_UNWIND_H
#define SONDE_RUN_UNWIND_H

#include "base/file_id.h"
#include "run/state.h"
#include "run/unwind_room.h"
#include "unwind/table.h"

/* ---- where rows and ranges lie (unwind_store.c) ---- */

struct unwind_chunk {
	int fd;
	uint8_t *bytes;		/* mapped */
	struct unwind_room room;
};

/* Bytes in a chunk; size 0: none. */
struct unwind_place {
	uint32_t chunk, at, size_bytes;
};

/* Rows that lie in one piece: they hold from `start` on, which counts from the table's
 * base, up to the next piece. */
struct unwind_piece {
	uint64_t start;
	uint32_t nr_rows;
	struct unwind_place place;
};

/* A file and its rows, which stay where they are. */
struct unwind_file {
	struct unwind_file *next;
	struct file_id id;
	uint64_t base;
	struct unwind_segment segments[UNWIND_SEGMENTS];
	size_t nr_segments;
	struct unwind_piece *pieces;	/* owned; none: it has no rows */
	size_t nr_pieces;
	bool lacks_rows;		/* there was no room for them */
	struct unwind_place list;	/* its ranges, for processes without a list */
	struct image_unwind_file_id key;
	bool is_known;			/* programs find it by its key */
	bool is_victim;
	uint32_t nr_users;		/* lists of ranges that name it */
	uint32_t used;			/* the clock, when the last of them was forgotten */
};

struct unwind_store {
	struct unwind_chunk chunks[IMAGE_UNWIND_CHUNKS];
	uint32_t nr_chunks;
	int chunks_fd;			/* borrowed: the map of maps; -1: not yet */
	struct image_unwind_rule *mapped_rules;	/* borrowed: what programs see */
	struct unwind_rules rules;
	uint32_t rules_copied;
	struct unwind_place missing;	/* one row: of files without room for theirs */
	uint64_t taken_bytes;
	bool is_full;			/* something did not find room */
	struct unwind_file *files;	/* owned */
	struct unwind_file *vdso;	/* owned */
};

int unwind_store_open(struct unwind_store *s);
void unwind_store_close(struct unwind_store *s);

/* Forget all files and what lies in the chunks; no program may use it. 0 or -ENOMEM. */
int unwind_store_empty(struct unwind_store *s);

/* Room in a chunk. -ENOSPC: there is no more. */
int unwind_store_take(struct unwind_store *s, uint32_t size_bytes, struct unwind_place *place);

/* Give it back: no program reads it any more. Takes an empty place. */
void unwind_store_give(struct unwind_store *s, struct unwind_place *place);

static inline uint8_t *unwind_store_bytes(const struct unwind_store *s,
					  const struct unwind_place *place)
{
	return s->chunks[place->chunk].bytes + place->at;
}

/* The file behind a descriptor, read if it is new. NULL: memory is out, or it is no file. */
struct unwind_file *unwind_store_file(struct unwind_store *s, int fd);

/* Forget a file, whose rows no program reads any more. */
void unwind_store_forget(struct unwind_store *s, struct unwind_file *f);
uint64_t unwind_file_bytes(const struct unwind_file *f);

/* Our own vDSO, which is that of all processes of this word size. */
struct unwind_file *unwind_store_vdso(struct unwind_store *s);

/* ---- what unwind.c and unwind_forget.c share ---- */

#define UNWIND_BUCKETS 256

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
	struct unwound *processes[UNWIND_BUCKETS];	/* owned */
	uint32_t nr_processes;
	int64_t emptied_ns;			/* when all was forgotten; CLOCK_MONOTONIC */
	struct unwind_place *old;		/* owned; lists that others are in place of */
	size_t nr_old, cap_old;
	uint64_t old_bytes;
};

#define UNWIND_MANY_PROCESSES (IMAGE_UNWIND_PROCESSES * 3 / 4)
#define UNWIND_CLOCK_SHIFT 27		/* of nanoseconds: eight turns a second */

static inline uint32_t unwind_clock_now(void)
{
	return (uint32_t)((uint64_t)run_now_ns() >> UNWIND_CLOCK_SHIFT);
}

static inline int unwind_processes_fd(const struct run *r)
{
	return r->maps[r->image->unwind_map].fd;
}

static inline int unwind_files_fd(const struct run *r)
{
	return r->maps[r->image->unwind_map + 3].fd;
}

/* A list that programs may be reading yet: its room comes back later. */
void unwind_lay_aside(struct unwinder *u, struct unwind_place *list);

/* The process's list names its files no more. */
void unwind_let_files_go(struct unwound *p, uint32_t clock);

/* If something is full, make room, but not by this process. False: there is no more to be
 * done, or no need. */
bool unwind_relieve(struct run *r, pid_t pid);

void unwind_forget_processes(struct unwinder *u);

/* ---- processes (unwind.c) ---- */

/* A chunk like all others, to make the map of maps by; or a negative errno. */
int run_unwind_template(struct run *r);

/* Load what programs need for a process, or bring it up to date. */
void run_unwind_process(struct run *r, pid_t pid);

/* The same before a program asks, as long as half of the room is free. */
void run_unwind_ahead(struct run *r, pid_t pid);

/* Some times a second: what processes have mapped or executed since. */
void run_unwind_follow(struct run *r);

/* Before anything is attached. */
void run_unwind_start(struct run *r);
void run_unwind_close(struct run *r);

#endif
