/*
 * Processes by number: the least recently used ones are forgotten first.
 */
#include "sym/process_cache.h"

#include <stdlib.h>

static struct process **bucket_of(struct process_cache *c, pid_t pid)
{
	return &c->buckets[(unsigned)pid % PROCESS_BUCKETS];
}

/* Take the process out of its list and free it. */
static void drop(struct process_cache *c, struct process **at)
{
	struct process *p = *at;

	*at = p->next;
	process_clear(p);
	free(p);
	c->n--;
}

static void drop_oldest(struct process_cache *c)
{
	struct process **oldest = NULL;

	for (size_t i = 0; i < PROCESS_BUCKETS; i++)
		for (struct process **at = &c->buckets[i]; *at; at = &(*at)->next)
			if (!oldest || (*at)->used < (*oldest)->used)
				oldest = at;
	if (oldest)
		drop(c, oldest);
}

void process_cache_close(struct process_cache *c)
{
	for (size_t i = 0; i < PROCESS_BUCKETS; i++)
		while (c->buckets[i])
			drop(c, &c->buckets[i]);
}

struct process *process_cache_find(struct process_cache *c, pid_t pid)
{
	struct process *p = *bucket_of(c, pid);

	while (p && p->pid != pid)
		p = p->next;
	if (p)
		p->used = ++c->clock;
	return p;
}

struct process *process_cache_add(struct process_cache *c, pid_t pid)
{
	struct process *p = process_cache_find(c, pid);

	if (p) {
		process_clear(p);
	} else {
		if (c->n >= c->max)
			drop_oldest(c);
		p = calloc(1, sizeof(*p));
		if (!p)
			return NULL;
		p->next = *bucket_of(c, pid);
		*bucket_of(c, pid) = p;
		p->used = ++c->clock;
		c->n++;
	}
	p->pid = pid;
	p->generation = ++c->clock << 20;	/* what was forgotten had another */
	p->gone = false;
	p->start_time = p->start_code = 0;
	p->checked_ns = process_now_ns();
	p->jit_size_bytes = -1;
	return p;
}

/* Renew the snapshot of a live process that is not what it was. */
static void look_again(struct process_cache *c, struct process *p)
{
	int64_t now = process_now_ns();

	if (now - p->checked_ns < c->check_ns)
		return;
	p->checked_ns = now;
	if (process_changed(p, &c->places))
		(void)process_snapshot(p, &c->places);
}

struct process *process_cache_get(struct process_cache *c, pid_t pid)
{
	struct process *p = process_cache_find(c, pid);

	if (p) {
		look_again(c, p);
		return p;
	}
	p = process_cache_add(c, pid);
	if (p && process_snapshot(p, &c->places)) {
		drop(c, bucket_of(c, pid));	/* it was added in front */
		return NULL;
	}
	return p;
}

struct mapping *process_cache_mapping(struct process_cache *c, struct process *p,
				      uint64_t address)
{
	const struct mapping *m = process_find(p, address);
	int64_t now;

	/* Something was mapped since: look again, but not for every miss. */
	if (!m && !p->gone) {
		now = process_now_ns();
		if (now - p->checked_ns >= c->check_ns / 10) {
			p->checked_ns = now;
			if (!process_snapshot(p, &c->places))
				m = process_find(p, address);
		}
	}
	return (struct mapping *)(uintptr_t)m;
}
