/*
 * A program for tests of -p and -c: two threads at once, one later, and a child, all of which
 * call work() and pass its static probe, each with a number of its own: 1, 2, 3 and 9; 4 is the
 * main thread. threads [TURNS]: how often each does, 30 times if it is not said.
 */
#include "usdt.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int nr_turns = 30;

#if defined(__x86_64__)
#define ARG "8@%%rdi"
#define WITH_ARG(x) "D"(x)
#else
#define ARG "8@x0"
#define WITH_ARG(x) "r"(x)
#endif

void work(long number);

void work(long number)
{
#if defined(__x86_64__)
	long first = number;
#else
	register long first asm("x0") = number;
#endif
	asm volatile(USDT_NOTE("threads", "work", ARG, "0") :: WITH_ARG(first));
}

static void *turns(void *number)
{
	for (int i = 0; i < nr_turns; i++) {
		work((long)number);
		usleep(10000);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[3];

	if (argc > 1)
		nr_turns = atoi(argv[1]);
	pthread_create(&threads[0], NULL, turns, (void *)1);
	pthread_create(&threads[1], NULL, turns, (void *)2);
	usleep(150000);
	pthread_create(&threads[2], NULL, turns, (void *)3);
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		turns((void *)9);
		_exit(0);
	}
	turns((void *)4);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	wait(NULL);
	return 0;
}
