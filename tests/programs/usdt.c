/*
 * A program for tests of static probes: arguments in every place that a note can
 * name, one probe at several places, probes with a semaphore.
 *
 *	usdt [ROUNDS [DELAY_US [fork]]]
 *
 * With arguments it tells at its end how often somebody looked at `guarded`.
 */
#include "usdt.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

USDT_SEMAPHORE(guarded_semaphore);
int32_t usdt_counter = -40;
static int64_t table[4] = { 1, 2, 3, 4 };

/* Alone in a page that nothing touches before the probe reads it. */
static const char untouched[3 * 4096] __attribute__((aligned(4096), section(".rodata.untouched"))) = {
	[4096] = 'f', 'r', 'e', 's', 'h',
};

void usdt_places(int64_t a, int64_t *p);
void usdt_sites(int64_t a, int64_t b);
void usdt_many(int64_t a);

#if defined(__x86_64__)
#define FIRST "8@%%rax"
#define REGISTERS "8@%%rax -4@%%eax 4@%%eax -2@%%ax 2@%%ax -1@%%al 1@%%al 1@%%ah -1@%%ah"
#define CONSTANTS "-4@$-7 8@$0x10 1@$255 -8@$-9000000000"
#define MEMORY "8@(%%rbx) -4@8(%%rbx) 8@-8(%%rdx) 8@(%%rbx,%%rcx,8) 8@8(%%rbx,%%rcx,8) " \
	"8@(%%rbx,%%rsi) 1@0x1(%%rbx,%%rcx,1)"
#define GLOBAL "-4@usdt_counter(%%rip) 4@usdt_counter+0(%%rip) 8@nothing(%%rip)"
#define ODD "8f@%%xmm0 8@%%xmm0 8@%%rax"
#elif defined(__aarch64__)
#define FIRST "8@x0"
#define REGISTERS "8@x0 -4@w0 4@w0 -2@w0 2@w0 -1@w0 1@w0 1@x5 -1@x5"
#define CONSTANTS "-4@-7 8@0x10 1@255 -8@-9000000000"
#define MEMORY "8@[x1] -4@[x1, 8] 8@[x3, -8] 8@[x1, x2, lsl #3] 8@[x1, x6, lsl 3] 8@[x1, x4] 1@[x1, 9]"
#define GLOBAL "8@[x1]"
#define ODD "8f@d0 8@q0 8@x0"
#endif

#if defined(__x86_64__)
void usdt_places(int64_t a, int64_t *p)
{
	asm volatile(USDT_NOTE("test", "registers", REGISTERS, "0")
		     USDT_NOTE("test", "constants", CONSTANTS, "0")
		     USDT_NOTE("test", "memory", MEMORY, "0")
		     USDT_NOTE("test", "global", GLOBAL, "0")
		     USDT_NOTE("test", "odd", ODD, "0")
		     USDT_NOTE("other", "text", "8@%%rdi", "0")
		     USDT_NOTE("test", "guarded", FIRST, "guarded_semaphore")
		     :: "a"(a), "b"(p), "c"(1L), "d"(p + 3), "S"(16L), "D"(untouched + 4096));
}

/* One probe at three places, with arguments elsewhere at each. */
void usdt_sites(int64_t a, int64_t b)
{
	asm volatile(USDT_NOTE("test", "site", "8@%%rax -4@$1", "0") :: "a"(a), "b"(b));
	asm volatile(USDT_NOTE("test", "site", "8@%%rbx -4@$1", "0") :: "a"(a), "b"(b));
	asm volatile(USDT_NOTE("test", "site", "4@-8(%%rbx)", "0") :: "a"(a), "b"(&table[3]));
}

#define ONE(n) USDT_NOTE("many", "n" #n, "8@$" #n, "0")

/* More ways to find an argument than one program has. */
void usdt_many(int64_t a)
{
	asm volatile(ONE(0) ONE(1) ONE(2) ONE(3) ONE(4) ONE(5) ONE(6) ONE(7) ONE(8) ONE(9) ONE(10)
		     ONE(11) ONE(12) ONE(13) ONE(14) ONE(15) ONE(16) ONE(17) ONE(18) ONE(19)
		     :: "a"(a));
}
#else
void usdt_places(int64_t a, int64_t *p)
{
	register int64_t x0 asm("x0") = a, x2 asm("x2") = 1, x4 asm("x4") = 16, x5 asm("x5") = a >> 8;
	register int64_t x6 asm("x6") = 2;
	register int64_t *x1 asm("x1") = p, *x3 asm("x3") = p + 3;
	register const char *x7 asm("x7") = untouched + 4096;

	asm volatile(USDT_NOTE("test", "registers", REGISTERS, "0")
		     USDT_NOTE("test", "constants", CONSTANTS, "0")
		     USDT_NOTE("test", "memory", MEMORY, "0")
		     USDT_NOTE("test", "global", GLOBAL, "0")
		     USDT_NOTE("test", "odd", ODD, "0")
		     USDT_NOTE("other", "text", "8@x7", "0")
		     USDT_NOTE("test", "guarded", FIRST, "guarded_semaphore")
		     :: "r"(x0), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x6), "r"(x7));
}

void usdt_sites(int64_t a, int64_t b)
{
	register int64_t x0 asm("x0") = a, x1 asm("x1") = b;
	register int64_t *x2 asm("x2") = &table[3];

	asm volatile(USDT_NOTE("test", "site", "8@x0 -4@1", "0") :: "r"(x0), "r"(x1));
	asm volatile(USDT_NOTE("test", "site", "8@x1 -4@1", "0") :: "r"(x0), "r"(x1));
	asm volatile(USDT_NOTE("test", "site", "4@[x2, -8]", "0") :: "r"(x0), "r"(x2));
}

#define ONE(n) USDT_NOTE("many", "n" #n, "8@" #n, "0")

void usdt_many(int64_t a)
{
	register int64_t x0 asm("x0") = a;

	asm volatile(ONE(0) ONE(1) ONE(2) ONE(3) ONE(4) ONE(5) ONE(6) ONE(7) ONE(8) ONE(9) ONE(10)
		     ONE(11) ONE(12) ONE(13) ONE(14) ONE(15) ONE(16) ONE(17) ONE(18) ONE(19)
		     :: "r"(x0));
}
#endif

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 1;
	useconds_t delay_us = argc > 2 ? (useconds_t)atol(argv[2]) : 0;
	unsigned seen = 0;

	if (argc > 3 && !strcmp(argv[3], "fork"))
		fork();
	for (long i = 0; i < rounds; i++) {
		usdt_places(-2, table);
		usdt_sites(10, 20);
		usdt_many(i);
		seen += *(volatile unsigned short *)&guarded_semaphore != 0;
		if (delay_us)
			usleep(delay_us);
	}
	while (wait(NULL) > 0)
		;
	if (argc > 1)
		printf("guarded in %u rounds, now %u\n", seen, guarded_semaphore);
	return 0;
}
