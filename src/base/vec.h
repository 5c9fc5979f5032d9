/*
 * Growable arrays in an arena: VEC(type) declares one, vec_push appends.
 *
 * A vector is plain data: .at (elements), .n (count), .cap. Growing moves the
 * elements, so a pointer to an element lasts only until the next vec_push.
 */
#ifndef SONDE_BASE_VEC_H
#define SONDE_BASE_VEC_H

#include "base/arena.h"

#define VEC(type) struct { type *at; size_t n, cap; }

/* Append `value` to `*v`; the memory is the arena's. */
#define vec_push(arena, v, value) do {						\
	if ((v)->n == (v)->cap) {						\
		size_t vec_cap_ = (v)->cap ? (v)->cap * 2 : 8;			\
		(v)->at = arena_grow((arena), (v)->at,				\
				     (v)->n * sizeof(*(v)->at),			\
				     vec_cap_ * sizeof(*(v)->at));		\
		(v)->cap = vec_cap_;						\
	}									\
	(v)->at[(v)->n] = (value);	/* which may name (v)->n */		\
	(v)->n++;								\
} while (0)

/* for (p = first element; p < end; p++) */
#define vec_each(p, v) \
	for (p = (v)->at; (v)->n && p < (v)->at + (v)->n; p++)

#endif
