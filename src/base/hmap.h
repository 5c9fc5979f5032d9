/*
 * Hash map in an arena, from a byte string or a pointer to a pointer.
 *
 * A map is keyed either by bytes (hmap_*: keys are copied) or by address
 * (pmap_*: for interned names and nodes); never mix the two in one map.
 * No removal: compile-time tables only grow.
 */
#ifndef SONDE_BASE_HMAP_H
#define SONDE_BASE_HMAP_H

#include "base/arena.h"

#include <stdint.h>

struct hmap_slot {
	uint64_t hash;
	const void *key;	/* arena; NULL: free */
	size_t key_len;
	void *value;
};

struct hmap {
	struct arena *arena;	/* borrowed */
	struct hmap_slot *slots;
	size_t cap, n;
};

void hmap_init(struct hmap *m, struct arena *a);

/* The value stored under the key, or NULL. */
void *hmap_find(const struct hmap *m, const void *key, size_t key_len);

/* Store `value` (not NULL) under the key, replacing what was there. */
void hmap_set(struct hmap *m, const void *key, size_t key_len, void *value);

void *pmap_find(const struct hmap *m, const void *key);
void pmap_set(struct hmap *m, const void *key, void *value);

/* FNV-1a, 64 bit. */
uint64_t hash_bytes(const void *data, size_t len);

#endif
