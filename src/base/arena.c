/*
 * Arena: chunks of at least 64 KiB, each allocation 16-byte aligned and zeroed.
 */
#include "base/arena.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_CHUNK_BYTES ((size_t)64 * 1024)
#define ARENA_KEEP_BYTES ((size_t)1024 * 1024)
#define ARENA_ALIGN ((size_t)16)

struct arena_chunk {
	struct arena_chunk *next;
	size_t pad;	/* keeps what follows 16-byte aligned */
};

void arena_init(struct arena *a)
{
	memset(a, 0, sizeof(*a));
}

void arena_free(struct arena *a)
{
	jmp_buf *oom = a->oom;
	struct arena_chunk *c = a->chunks, *next;

	for (; c; c = next) {
		next = c->next;
		free(c);
	}
	arena_init(a);
	a->oom = oom;
}

void arena_on_oom(struct arena *a, jmp_buf *oom)
{
	a->oom = oom;
}

static void arena_out_of_memory(struct arena *a)
{
	if (a->oom)
		longjmp(*a->oom, 1);
	abort();
}

/* False if memory is out: nothing was changed. */
static bool arena_add_chunk(struct arena *a, size_t need)
{
	size_t size = need > ARENA_CHUNK_BYTES ? need : ARENA_CHUNK_BYTES;
	struct arena_chunk *c;

	if (size > SIZE_MAX - sizeof(*c))
		return false;
	c = calloc(1, sizeof(*c) + size);
	if (!c)
		return false;
	c->next = a->chunks;
	a->chunks = c;
	a->at = (char *)(c + 1);
	a->end = a->at + size;
	a->total_bytes += sizeof(*c) + size;
	return true;
}

void arena_reset(struct arena *a)
{
	size_t total = a->total_bytes;

	if (a->chunks && !a->chunks->next && total <= ARENA_KEEP_BYTES) {
		char *start = (char *)(a->chunks + 1);

		memset(start, 0, (size_t)(a->at - start));
		a->at = start;
		return;
	}
	/* One chunk that would have held it all, so that the next round fits; without memory
	 * it stays empty, for those who forget have nowhere to go. */
	arena_free(a);
	if (total && total <= ARENA_KEEP_BYTES)
		arena_add_chunk(a, total);
}

void *arena_alloc(struct arena *a, size_t size_bytes)
{
	size_t need = (size_bytes + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	void *p;

	if (need < size_bytes)
		arena_out_of_memory(a);
	if (!need)
		need = ARENA_ALIGN;
	if ((!a->at || need > (size_t)(a->end - a->at)) && !arena_add_chunk(a, need))
		arena_out_of_memory(a);
	p = a->at;
	a->at += need;
	return p;
}

void *arena_calloc(struct arena *a, size_t count, size_t size_bytes)
{
	size_t total;

	if (__builtin_mul_overflow(count, size_bytes, &total))
		arena_out_of_memory(a);
	return arena_alloc(a, total);
}

void *arena_grow(struct arena *a, const void *old, size_t old_bytes, size_t new_bytes)
{
	void *p = arena_alloc(a, new_bytes);

	if (old)
		memcpy(p, old, old_bytes < new_bytes ? old_bytes : new_bytes);
	return p;
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	if (len)	/* else there need be no text */
		memcpy(p, text, len);
	return p;
}

char *arena_strdup(struct arena *a, const char *text)
{
	return arena_strndup(a, text, strlen(text));
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list args)
{
	va_list again;
	char *p;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	assert(len >= 0);
	p = arena_alloc(a, (size_t)len + 1);
	vsnprintf(p, (size_t)len + 1, fmt, args);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;
	char *p;

	va_start(args, fmt);
	p = arena_vprintf(a, fmt, args);
	va_end(args);
	return p;
}
