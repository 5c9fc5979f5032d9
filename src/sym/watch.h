/*
 * Private to src/sym: perf events that tell what processes execute and map.
 */
#ifndef SONDE_SYM_WATCH_H
#define SONDE_SYM_WATCH_H

#include "sym/process_cache.h"

struct watch;

/* Follow a process and its children, or all (-1). Returns 0 or a negative
 * errno. */
int watch_open(struct watch **out, pid_t pid);
void watch_close(struct watch *w);	/* takes NULL */

/* Bring the cache up to date. */
void watch_drain(struct watch *w, struct process_cache *cache);

/* Apply one record of the perf ABI, its trailing times included; for tests. */
void watch_apply(struct process_cache *cache, const void *record, size_t size_bytes);

#endif
