/*
 * Private to src/sym: the processes that are remembered, by number.
 */
#ifndef SONDE_SYM_PROCESS_CACHE_H
#define SONDE_SYM_PROCESS_CACHE_H

#include "sym/process.h"

#define PROCESS_BUCKETS 512

struct process_cache {
	struct process *buckets[PROCESS_BUCKETS];	/* owned */
	size_t n, max;
	int64_t check_ns;	/* how long a live process's snapshot is trusted */
	uint64_t clock;
	struct process_places places;
};

/* The process, from memory or from /proc; looked at again when its snapshot is
 * old. NULL: it is gone and was never seen. */
struct process *process_cache_get(struct process_cache *c, pid_t pid);

/* The process if it is remembered. */
struct process *process_cache_find(struct process_cache *c, pid_t pid);

/* An empty one, in place of what was remembered. NULL: memory is out. */
struct process *process_cache_add(struct process_cache *c, pid_t pid);

/* The mapping around an address, after another look at the process if there
 * is none; or NULL. */
struct mapping *process_cache_mapping(struct process_cache *c, struct process *p,
				      uint64_t address);

void process_cache_close(struct process_cache *c);

#endif
