/*
 * Room in a chunk: see unwind_room.h.
 */
#include "run/unwind_room.h"

#include <assert.h>

static uint32_t units_of(uint32_t size_bytes)
{
	return size_bytes / UNWIND_ROOM_UNIT + (size_bytes % UNWIND_ROOM_UNIT != 0);
}

static bool is_taken(const struct unwind_room *r, uint32_t unit)
{
	return r->taken[unit / 64] >> unit % 64 & 1;
}

uint32_t unwind_room_bytes(uint32_t size_bytes)
{
	return units_of(size_bytes) * UNWIND_ROOM_UNIT;
}

static void mark(struct unwind_room *r, uint32_t first, uint32_t n, bool taken)
{
	for (uint32_t i = first; i < first + n; i++) {
		assert(is_taken(r, i) != taken);
		r->taken[i / 64] ^= UINT64_C(1) << i % 64;
	}
	r->nr_taken = taken ? r->nr_taken + n : r->nr_taken - n;
}

bool unwind_room_take(struct unwind_room *r, uint32_t size_bytes, uint32_t *at)
{
	uint32_t n = units_of(size_bytes), run = 0;

	if (n > UNWIND_ROOM_UNITS - r->nr_taken)
		return false;
	for (uint32_t i = 0; i < UNWIND_ROOM_UNITS && run < n; i++) {
		run = is_taken(r, i) ? 0 : run + 1;
		*at = (i + 1 - run) * UNWIND_ROOM_UNIT;
	}
	if (run < n)
		return false;
	mark(r, *at / UNWIND_ROOM_UNIT, n, true);
	return true;
}

void unwind_room_give(struct unwind_room *r, uint32_t at, uint32_t size_bytes)
{
	mark(r, at / UNWIND_ROOM_UNIT, units_of(size_bytes), false);
}
