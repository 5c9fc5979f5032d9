/*
 * What programs unwind user stacks by: tables of files and ranges of processes, put into
 * the maps that image.h describes.
 *
 * Tables belong to files and are shared by all processes that map them. Memory is bounded:
 * by the number of chunks for tables and ranges together.
 */
#ifndef SONDE_RUN_UNWIND_H
#define SONDE_RUN_UNWIND_H

#include "base/file_id.h"
#include "run/state.h"
#include "unwind/table.h"

/* ---- where rows and ranges lie (unwind_store.c) ---- */

struct unwind_chunk {
	int fd;
	uint8_t *bytes;		/* mapped */
	uint32_t used_bytes;
};

/* Rows that lie in one piece: they hold from `start` on, which counts from the table's
 * base, up to the next piece. */
struct unwind_piece {
	uint64_t start;
	uint32_t nr_rows, chunk, at;
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
};

struct unwind_store {
	struct unwind_chunk chunks[IMAGE_UNWIND_CHUNKS];
	uint32_t nr_chunks;
	int chunks_fd;			/* borrowed: the map of maps; -1: not yet */
	struct image_unwind_rule *mapped_rules;	/* borrowed: what programs see */
	struct unwind_rules rules;
	uint32_t rules_copied;
	bool is_full;			/* something did not find room */
	struct unwind_file *files;	/* owned */
	struct unwind_file *vdso;	/* owned */
};

int unwind_store_open(struct unwind_store *s);
void unwind_store_close(struct unwind_store *s);

/* Forget all files and what lies in the chunks; no program may use it. 0 or -ENOMEM. */
int unwind_store_empty(struct unwind_store *s);

/* Room in a chunk. -ENOSPC: there is no more. */
int unwind_store_room(struct unwind_store *s, uint32_t size_bytes, uint32_t *chunk, uint32_t *at);

/* The file behind a descriptor, read if it is new. NULL: memory is out, or it is no file. */
struct unwind_file *unwind_store_file(struct unwind_store *s, int fd);

/* Our own vDSO, which is that of all processes of this word size. */
struct unwind_file *unwind_store_vdso(struct unwind_store *s);

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
