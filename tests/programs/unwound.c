/*
 * A program without frame pointers that knows its own chains of calls.
 *
 *	unwound CHAINS|spin|wait [N]
 *
 * At the end of each chain report(N) is called, then getppid() with the chain's number
 * still in `number`; what the chain is, innermost function first, is written to the file
 * that TRUTH names, or printed, as "truth N NAME NAME...". Every function that the chain runs through has a name with c_,
 * but main. spin: a deep chain that works, for N tenths of a second. wait: until a line
 * can be read, then the chains.
 */
#include <alloca.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FAR __attribute__((noinline))
#define MAX_DEPTH 256

static __thread const char *names[MAX_DEPTH];
static __thread int depth;
static volatile int sink;
static int number;
static FILE *truth;

#define ENTER(name) (names[depth++] = (name))
/* Behind it no call is the last thing. */
#define LEAVE() do { depth--; __asm__ volatile("" ::: "memory"); } while (0)

FAR void report(int n);
FAR void report(int n)
{
	sink = n;
}

static FAR void end_of_chain(void)
{
	fprintf(truth, "truth %d", ++number);
	for (int i = depth - 1; i >= 0; i--)
		fprintf(truth, " %s", names[i]);
	fprintf(truth, "\n");
	fflush(truth);
}

/* Innermost of all chains. */
static FAR int c_leaf(int x)
{
	ENTER("c_leaf");
	end_of_chain();
	report(number);
	sink += getppid() > 0;
	LEAVE();
	return x + sink;
}

static FAR int c_small(int x)
{
	ENTER("c_small");
	x = c_leaf(x) + 1;
	LEAVE();
	return x;
}

/* A large frame. */
static FAR int c_large(int x)
{
	volatile char room[70000];

	ENTER("c_large");
	room[x & 0xfff] = (char)x;
	x = c_small(x) + room[x & 0xfff];
	LEAVE();
	return x;
}

/* A frame whose size only the program knows. */
static FAR int c_variable(int x)
{
	volatile char *room = alloca((size_t)(x & 15) * 16 + 64);

	ENTER("c_variable");
	room[0] = (char)x;
	x = c_large(x) + room[0];
	LEAVE();
	return x;
}

/* A frame that is aligned anew. */
static FAR int c_aligned(int x)
{
	volatile char room[64] __attribute__((aligned(64)));

	ENTER("c_aligned");
	room[x & 63] = (char)x;
	x = c_variable(x) + room[x & 63];
	LEAVE();
	return x;
}

/* All registers in use, arguments on the stack. */
static FAR int c_many(int a, int b, int c, int d, int e, int f, int g, int h)
{
	ENTER("c_many");
	a += c_aligned(a) * b + c - d + e * f - g + h;
	LEAVE();
	return a;
}

static FAR int c_recursion(int n)
{
	ENTER("c_recursion");
	n = (n ? c_recursion(n - 1) : c_leaf(n)) + 1;
	LEAVE();
	return n;
}

/* In the end it is c_small that calls: the frame of c_tail is gone. */
static FAR int c_tail(int x)
{
	return c_small(x * 2);
}

static FAR int c_before_tail(int x)
{
	ENTER("c_before_tail");
	x = c_tail(x) + 1;
	LEAVE();
	return x;
}

static int compares;

static int c_compare(const void *a, const void *b)
{
	ENTER("c_compare");
	if (!compares++)
		sink += c_small(1);
	LEAVE();
	return *(const int *)a - *(const int *)b;
}

/* Through a function of the C library. */
static FAR void c_sort(void)
{
	int items[5] = { 3, 1, 4, 1, 5 };

	ENTER("c_sort");
	qsort(items, 5, sizeof(*items), c_compare);
	sink += items[0];
	LEAVE();
}

static void c_handler(int sig)
{
	ENTER("c_handler");
	sink += c_small(sig);
	LEAVE();
}

/* Interrupted in the middle of things. */
static FAR void c_signal(int on_own_stack)
{
	static char room[65536];
	stack_t own = { .ss_sp = room, .ss_size = sizeof(room) };
	struct sigaction act = { .sa_handler = c_handler };

	ENTER("c_signal");
	if (on_own_stack) {
		sigaltstack(&own, NULL);
		act.sa_flags = SA_ONSTACK;
	}
	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
	LEAVE();
}

/* A signal in the middle of an instruction of its own: no call leads to it. */
static sigjmp_buf back;

static void c_fault_handler(int sig)
{
	ENTER("c_fault_handler");
	sink += c_small(sig);
	LEAVE();
	siglongjmp(back, 1);
}

static FAR void c_fault(void)
{
	struct sigaction act = { .sa_handler = c_fault_handler };

	ENTER("c_fault");
	sigaction(SIGSEGV, &act, NULL);
	if (!sigsetjmp(back, 1))
		*(volatile int *)(uintptr_t)16 = 1;
	LEAVE();
}

/* A call that is the last instruction: the address behind it is another function's. */
static jmp_buf out;

static FAR __attribute__((noreturn)) void c_never_returns(int x)
{
	ENTER("c_never_returns");
	sink += c_small(x);
	LEAVE();
	longjmp(out, 1);
}

static FAR __attribute__((noreturn)) void c_ends_in_call(int x)
{
	ENTER("c_ends_in_call");
	c_never_returns(x + sink);
}

static FAR void c_jump(void)
{
	ENTER("c_jump");
	if (!setjmp(out))
		c_ends_in_call(2);
	depth--;	/* of the function that was left */
	LEAVE();
}

static void *c_thread(void *arg)
{
	ENTER("c_thread");
	sink += c_many(1, 2, 3, 4, 5, 6, 7, 8);
	LEAVE();
	return arg;
}

static void chains(void)
{
	pthread_t thread;

	sink += c_many(1, 2, 3, 4, 5, 6, 7, 8);
	sink += c_recursion(20);
	sink += c_recursion(118);
	sink += c_before_tail(3);
	c_sort();
	c_signal(0);
	c_signal(1);
	c_fault();
	c_jump();
	if (!pthread_create(&thread, NULL, c_thread, NULL))
		pthread_join(thread, NULL);
}

static FAR int c_work(int n)
{
	volatile unsigned x = 1;

	for (int i = 0; i < 20 * n; i++)
		x = x * 1103515245u + 12345u;
	return (int)x;
}

static FAR int c_spin(int n)
{
	char text[32];

	if (n)
		return c_spin(n - 1) + 1;
	snprintf(text, sizeof(text), "%d %d", sink, n);
	return c_work((int)strlen(text)) + c_work(5);
}

static void spin(int tenths)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		for (int i = 0; i < 100; i++)
			sink += c_spin(16);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - begin.tv_sec) * 10 + (now.tv_nsec - begin.tv_nsec) / 100000000 <
		 tenths);
	report(0);
}

int main(int argc, char **argv)
{
	char line[16];

	ENTER("main");
	truth = getenv("TRUTH") ? fopen(getenv("TRUTH"), "w") : stdout;
	if (!truth)
		return 1;
	if (argc > 1 && !strcmp(argv[1], "spin")) {
		spin(argc > 2 ? atoi(argv[2]) : 5);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "wait") && !fgets(line, sizeof(line), stdin))
		return 1;
	chains();
	return 0;
}
