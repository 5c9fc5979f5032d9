/*
 * Numbers out of bytes in the machine's byte order, as layouts describe them.
 */
#ifndef SONDE_OUT_NUMBER_H
#define SONDE_OUT_NUMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t number_u64(const void *bytes)
{
	uint64_t n;

	memcpy(&n, bytes, sizeof(n));
	return n;
}

static inline uint32_t number_u32(const void *bytes)
{
	uint32_t n;

	memcpy(&n, bytes, sizeof(n));
	return n;
}

/* Keep the low `bits` bits and extend them to 64. */
static inline uint64_t number_extend(uint64_t n, unsigned bits, bool is_signed)
{
	if (bits == 0 || bits >= 64)
		return n;
	n <<= 64 - bits;
	return is_signed ? (uint64_t)((int64_t)n >> (64 - bits)) : n >> (64 - bits);
}

/* An integer of 1, 2, 4 or 8 bytes, extended to 64 bits. */
static inline uint64_t number_load(const void *bytes, uint32_t size_bytes, bool is_signed)
{
	uint16_t n16;

	switch (size_bytes) {
	case 1:
		return number_extend(*(const uint8_t *)bytes, 8, is_signed);
	case 2:
		memcpy(&n16, bytes, sizeof(n16));
		return number_extend(n16, 16, is_signed);
	case 4:
		return number_extend(number_u32(bytes), 32, is_signed);
	case 8:
		return number_u64(bytes);
	default:
		return 0;
	}
}

#endif
