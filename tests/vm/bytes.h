/*
 * Numbers in memory, in the order of bytes of this machine, by their size.
 */
#ifndef TESTS_VM_BYTES_H
#define TESTS_VM_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Where the last `size` bytes of `v` are, the low ones. */
static inline size_t bytes_low(size_t size)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 8 - size : 0;
}

static inline uint64_t bytes_load(const void *p, size_t size)
{
	uint64_t v = 0;

	memcpy((uint8_t *)&v + bytes_low(size), p, size);
	return v;
}

static inline void bytes_store(void *p, uint64_t v, size_t size)
{
	memcpy(p, (uint8_t *)&v + bytes_low(size), size);
}

#endif
