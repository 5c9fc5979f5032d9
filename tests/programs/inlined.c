/*
 * A chain of calls of which some are inlined; it prints what a stack must show,
 * "NAME LINE" from the innermost.
 */
#include <stdio.h>

#define INLINE static inline __attribute__((always_inline))

void inlined_last(int n);
void inlined_leaf(int n);
void inlined_work(int n);

static volatile int sink;
static int lines[4];

__attribute__((noinline)) void inlined_last(int n)
{
	sink += n;
}

/* At the start of a function its caller is not yet in the chain of frames. */
__attribute__((noinline)) void inlined_leaf(int n)
{
	inlined_last(n + 1);
	sink++;
}

INLINE void inner(int n)
{
	lines[0] = __LINE__ + 1;
	inlined_leaf(n);
	sink++;
}

INLINE void outer(int n)
{
	lines[1] = __LINE__ + 1;
	inner(n + 1);
	sink++;
}

__attribute__((noinline)) void inlined_work(int n)
{
	lines[2] = __LINE__ + 1;
	outer(n);
	sink++;
}

int main(void)
{
	lines[3] = __LINE__ + 1;
	inlined_work(1);
	printf("inner %d\nouter %d\ninlined_work %d\nmain %d\n", lines[0], lines[1], lines[2],
	       lines[3]);
	return sink == 0;
}
