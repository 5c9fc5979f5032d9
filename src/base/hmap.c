/*
 * Hash map: open addressing with linear probing, at most three quarters full.
 */
#include "base/hmap.h"

#include <string.h>

uint64_t hash_bytes(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h ^ (h >> 29);
}

static uint64_t hash_pointer(const void *p)
{
	uint64_t h = (uint64_t)(uintptr_t)p * 0x9e3779b97f4a7c15u;

	return h ^ (h >> 32);
}

void hmap_init(struct hmap *m, struct arena *a)
{
	memset(m, 0, sizeof(*m));
	m->arena = a;
}

static int slot_matches(const struct hmap_slot *s, uint64_t hash, const void *key, size_t len,
			int by_address)
{
	if (s->hash != hash)
		return 0;
	if (by_address)
		return s->key == key;
	return s->key_len == len && !memcmp(s->key, key, len);
}

/* The slot that holds the key, or the free one where it belongs. */
static struct hmap_slot *slot_for(const struct hmap *m, uint64_t hash, const void *key, size_t len,
				  int by_address)
{
	size_t i = hash & (m->cap - 1);

	while (m->slots[i].key && !slot_matches(&m->slots[i], hash, key, len, by_address))
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

static void hmap_grow(struct hmap *m)
{
	struct hmap_slot *old = m->slots;
	size_t old_cap = m->cap;

	m->cap = old_cap ? old_cap * 2 : 16;
	m->slots = arena_array(m->arena, struct hmap_slot, m->cap);
	for (size_t i = 0; i < old_cap; i++) {
		size_t j = old[i].hash & (m->cap - 1);

		if (!old[i].key)
			continue;
		while (m->slots[j].key)
			j = (j + 1) & (m->cap - 1);
		m->slots[j] = old[i];
	}
}

static void slot_set(struct hmap *m, struct hmap_slot value, int by_address)
{
	struct hmap_slot *s;

	if ((m->n + 1) * 4 > m->cap * 3)
		hmap_grow(m);
	s = slot_for(m, value.hash, value.key, value.key_len, by_address);
	if (s->key) {
		s->value = value.value;
		return;
	}
	if (!by_address)
		value.key = arena_strndup(m->arena, value.key, value.key_len);
	*s = value;
	m->n++;
}

void *hmap_find(const struct hmap *m, const void *key, size_t key_len)
{
	if (!m->cap)
		return NULL;
	return slot_for(m, hash_bytes(key, key_len), key, key_len, 0)->value;
}

void hmap_set(struct hmap *m, const void *key, size_t key_len, void *value)
{
	struct hmap_slot s = { hash_bytes(key, key_len), key, key_len, value };

	slot_set(m, s, 0);
}

void *pmap_find(const struct hmap *m, const void *key)
{
	if (!m->cap)
		return NULL;
	return slot_for(m, hash_pointer(key), key, 0, 1)->value;
}

void pmap_set(struct hmap *m, const void *key, void *value)
{
	struct hmap_slot s = { hash_pointer(key), key, 0, value };

	slot_set(m, s, 1);
}
