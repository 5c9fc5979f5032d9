/*
 * A program for uprobe tests: functions with known arguments, results and call
 * chain. Built with frame pointers and without inlining.
 *
 *	target [ROUNDS [DELAY_US]]	call everything ROUNDS times
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct point {
	int32_t x, y;
	const char *name;
};

/* Alone in pages of its own, which nothing touches before the probe reads it. */
static const char untouched[3 * 4096] __attribute__((aligned(4096), section(".rodata.untouched"))) = {
	[4096] = 'n', 'e', 'v', 'e', 'r', ' ', 't', 'o', 'u', 'c', 'h', 'e', 'd',
	[2 * 4096 - 5] = 'i', 'n', ' ', 't', 'w', 'o', ' ', 'p', 'a', 'g', 'e', 's',
};

int target_add(int a, int b);
long target_args(long a, long b, long c, long d, long e, long f);
long target_stack_args(long a, long b, long c, long d, long e, long f, long g, long h);
const char *target_greet(const char *name);
int target_untouched(const char *text);
int target_point(const struct point *p);
int target_outer(int depth);
int target_middle(int depth);
int target_inner(int depth);

volatile long sink;

int target_add(int a, int b)
{
	return a + b;
}

long target_args(long a, long b, long c, long d, long e, long f)
{
	sink = a + b + c + d + e + f;
	return sink;
}

/* The last two have no register on x86-64. */
long target_stack_args(long a, long b, long c, long d, long e, long f, long g, long h)
{
	sink = a + b + c + d + e + f + g - h;
	return sink;
}

const char *target_greet(const char *name)
{
	sink = (long)(uintptr_t)name;
	return "hello from target";
}

int target_untouched(const char *text)
{
	sink = (long)(uintptr_t)text;
	return 0;
}

int target_point(const struct point *p)
{
	return p->x + p->y;
}

int target_inner(int depth)
{
	int r = target_add(depth, 1);	/* no leaf: leaves have no frame */

	sink = r;
	return r;
}

int target_middle(int depth)
{
	int r = target_inner(depth + 1);

	sink = r;
	return r + 1;
}

int target_outer(int depth)
{
	int r = target_middle(depth + 1);

	sink = r;
	return r + 1;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1;
	unsigned delay_us = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
	struct point p = { 3, -4, "origin" };

	for (int i = 0; i < rounds; i++) {
		sink = target_add(40, 2);
		target_args(1, -2, 3, -4, 5, -6);
		target_stack_args(1, 2, 3, 4, 5, 6, 77, 88);
		target_greet("sonde user");
		/* Whatever the start of the program has mapped. */
		madvise((void *)(uintptr_t)untouched, sizeof(untouched), MADV_DONTNEED);
		target_untouched(untouched + 4096);
		madvise((void *)(uintptr_t)untouched, sizeof(untouched), MADV_DONTNEED);
		target_untouched(untouched + 2 * 4096 - 5);
		sink = target_point(&p);	/* used, lest the call be left out */
		target_outer(1);
		if (delay_us)
			usleep(delay_us);
	}
	return 0;
}
