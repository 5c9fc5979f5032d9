/*
 * Time one kind of work that tracers trace: work KIND MILLISECONDS
 * KIND: openat (of what is not there), function (a uprobe may be at `traced`), getppid.
 * Prints the nanoseconds of one, as the lower eighth of all batches have it: what else
 * happens on the machine is in the others.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 200, MAX_BATCHES = 100000 };

__attribute__((noinline)) void traced(void)
{
	__asm__ volatile("");
}

static void open_none(void)
{
	syscall(SYS_openat, AT_FDCWD, "/none", O_RDONLY);
}

static void call_getppid(void)
{
	syscall(SYS_getppid);
}

static const struct {
	const char *name;
	void (*run)(void);
} kinds[] = {
	{ "openat", open_none }, { "function", traced }, { "getppid", call_getppid },
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double measure(void (*run)(void), double until)
{
	static double batches[MAX_BATCHES];
	int n = 0;

	while (n < MAX_BATCHES && now() < until) {
		double start = now();

		for (int i = 0; i < BATCH; i++)
			run();
		batches[n++] = (now() - start) / BATCH;
	}
	qsort(batches, (size_t)n, sizeof(*batches), compare);
	return n ? batches[n / 8] : 0;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, argv[1])) {
			printf("%.1f\n", measure(kinds[i].run, now() + atof(argv[2]) * 1e6));
			return 0;
		}
	return 2;
}
