/*
 * Growable arrays that malloc owns, for what outlives arenas or is freed alone.
 */
#ifndef SONDE_BASE_GROW_H
#define SONDE_BASE_GROW_H

#include <stdbool.h>
#include <stdlib.h>

#define GROW_FIRST 64	/* elements of an array that was empty */

/* Room for one more than the `n` elements of `*array` (a pointer to any type of
 * elements of item_bytes each), whose capacity is `*cap`: it may move. False if there
 * is no memory; then nothing has changed. */
static inline bool grow(void *array, size_t *cap, size_t n, size_t item_bytes)
{
	size_t more = *cap ? *cap * 2 : GROW_FIRST;
	void **at = array, *grown;

	if (n < *cap)
		return true;
	grown = reallocarray(*at, more, item_bytes);
	if (!grown)
		return false;
	*at = grown;
	*cap = more;
	return true;
}

#endif
