/*
 * A program whose unwind table is as large as that of a large library: a million rows.
 *
 *	many_rows SECONDS
 *
 * Asks for its parent a hundred times a second, from a chain of 20 calls without frame
 * pointers. It begins slowly, so that who follows it can read the table.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define STRING(x) #x
#define ROWS(n) __asm__(							\
	".text\n"								\
	".globl many_rows\n"							\
	"many_rows:\n"								\
	".cfi_startproc\n"							\
	".rept " STRING(n) "\n"							\
	"	nop\n"								\
	"	.cfi_def_cfa_offset 32\n"					\
	"	nop\n"								\
	"	.cfi_def_cfa_offset 16\n"					\
	".endr\n"								\
	"	ret\n"								\
	".cfi_endproc\n")

ROWS(500000);

static volatile int sink;

static __attribute__((noinline)) int m_ask(int depth)
{
	int below = depth ? m_ask(depth - 1) : (int)getppid();

	sink = below;
	__asm__ volatile("" ::: "memory");
	return below + sink;
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int seconds = argc > 1 ? atoi(argv[1]) : 1;

	for (int i = 0; i < 100 * seconds; i++) {
		m_ask(18);
		nanosleep(&pause, NULL);
	}
	return 0;
}
