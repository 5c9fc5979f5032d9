/*
 * Interned names: one copy of each string, so names compare by pointer.
 */
#ifndef SONDE_BASE_NAMES_H
#define SONDE_BASE_NAMES_H

#include "base/hmap.h"

struct names {
	struct hmap map;
};

void names_init(struct names *n, struct arena *a);

/* The one copy of this text; lives as long as the arena. */
const char *name_of(struct names *n, const char *text);
const char *name_of_len(struct names *n, const char *text, size_t len);

#endif
