/*
 * Which bytes of a chunk are in use.
 *
 * Room is taken where it is free first and given back; neighbours that are free are one.
 * Nothing here allocates, so giving back cannot fail.
 */
#ifndef SONDE_RUN_UNWIND_ROOM_H
#define SONDE_RUN_UNWIND_ROOM_H

#include "image/image.h"

#include <stdbool.h>

#define UNWIND_ROOM_UNIT 128u	/* bytes */
#define UNWIND_ROOM_UNITS (IMAGE_UNWIND_CHUNK_BYTES / UNWIND_ROOM_UNIT)

struct unwind_room {
	uint64_t taken[UNWIND_ROOM_UNITS / 64];	/* a bit for each unit */
	uint32_t nr_taken;
};

/* What so many bytes take. */
uint32_t unwind_room_bytes(uint32_t size_bytes);

/* Room for some bytes in one piece. False: there is none. */
bool unwind_room_take(struct unwind_room *r, uint32_t size_bytes, uint32_t *at);

void unwind_room_give(struct unwind_room *r, uint32_t at, uint32_t size_bytes);

#endif
