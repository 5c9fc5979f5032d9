/*
 * Taking the compiler's time: see the header.
 */
#include "cli/compiler_bench.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define MAX_CALLS 10000
#define LONG_ENOUGH_NS 1000000000ull

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The largest number whose square is not above `n`. */
static uint64_t square_root(uint64_t n)
{
	uint64_t low = 0, high = (uint64_t)1 << 32;

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (middle * middle <= n)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int compiler_bench(int (*compile)(void *arg), void *arg)
{
	uint64_t total = 0, calls = 0, mean, variance;
	double squares = 0;

	while (calls < MAX_CALLS && total < LONG_ENOUGH_NS) {
		uint64_t start = now_ns(), took;
		int err = compile(arg);

		if (err)
			return err;
		took = now_ns() - start;
		squares += (double)took * (double)took;
		total += took;
		calls++;
	}
	mean = total / calls;
	variance = (uint64_t)(squares / (double)calls - (double)mean * (double)mean);
	printf("%-30s%-8" PRIu64 "%-12" PRIu64 "%" PRIu64 " ± %" PRIu64 " ns\n", "compile", calls,
	       total, mean, square_root(variance));
	return 0;
}
