/*
 * How large the event ring is to be; for src/run only.
 */
#ifndef SONDE_RUN_RING_SIZE_H
#define SONDE_RUN_RING_SIZE_H

#include "image/image.h"

/* Bytes: a power of two, at least a page. What the script says, else 8 MiB, less
 * if memory is short or all that sends records runs seldom. */
uint64_t ring_size(const struct image *image);

/* Whether any program sends records. */
bool ring_is_used(const struct image *image, uint32_t ring_map);

/* Whether a program can run a piece of itself several times: loops and
 * callbacks. Programs too long to look through are said to. */
bool prog_may_repeat(const struct image_prog *prog);

#endif
