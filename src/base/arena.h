/*
 * Arena: memory of one lifetime, freed all at once.
 *
 * Compile-time data (trees, types, IR, names) lives in one arena a session.
 * Allocation never returns NULL: when memory is out, arena_alloc leaves by
 * longjmp to the point that the owner registered with arena_on_oom.
 */
#ifndef SONDE_BASE_ARENA_H
#define SONDE_BASE_ARENA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;	/* owned; newest first */
	char *at, *end;			/* free space of the newest chunk */
	size_t total_bytes;		/* taken from the system */
	jmp_buf *oom;			/* borrowed; NULL: abort when memory is out */
};

void arena_init(struct arena *a);

/* Free everything that was allocated; the arena is empty and usable again. */
void arena_free(struct arena *a);

/* Empty it but keep its newest memory, for arenas that are filled again and
 * again: after a few rounds nothing is taken from the system. Never jumps. */
void arena_reset(struct arena *a);

/* Where to go when memory is out; `oom` must outlive the arena's use. */
void arena_on_oom(struct arena *a, jmp_buf *oom);

/* Zeroed memory, aligned for any object; never NULL. */
void *arena_alloc(struct arena *a, size_t size_bytes);

/* Zeroed memory for `count` objects; the product is checked for overflow. */
void *arena_calloc(struct arena *a, size_t count, size_t size_bytes);

/* A larger copy of `old` (may be NULL); the old memory stays until arena_free. */
void *arena_grow(struct arena *a, const void *old, size_t old_bytes, size_t new_bytes);

char *arena_strndup(struct arena *a, const char *text, size_t len);
char *arena_strdup(struct arena *a, const char *text);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list args);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, count) ((type *)arena_calloc((a), (count), sizeof(type)))

#endif
