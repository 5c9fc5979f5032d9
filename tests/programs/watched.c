/*
 * A program for tests of watchpoints: two threads that write to a variable and
 * call a function until the standard input ends, at most for a minute.
 *
 *	watched		print the addresses of the variable and of the function, then go on
 */
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile uint64_t variable;
static volatile int ended;

__attribute__((noinline)) static void function(uint64_t value)
{
	variable = value;
}

static void *other_thread(void *arg)
{
	(void)arg;
	while (!ended) {
		function(2);
		usleep(5000);
	}
	return NULL;
}

int main(void)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	pthread_t thread;

	if (pthread_create(&thread, NULL, other_thread, NULL))
		return 1;
	printf("%llu %llu\n", (unsigned long long)(uintptr_t)&variable,
	       (unsigned long long)(uintptr_t)function);
	fflush(stdout);
	for (int i = 0; i < 12000 && poll(&in, 1, 5) == 0; i++)
		function(1);
	ended = 1;
	pthread_join(thread, NULL);
	return 0;
}
