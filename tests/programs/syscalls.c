/*
 * A known number of system calls: syscalls NAME COUNT, with NAME getppid, open
 * (of /nonexistent/sonde) or mix (COUNT of each of getppid, getuid, getgid and
 * open). COUNT threads each with `hammer`: hammer COUNT calls getppid COUNT
 * times from two threads at once.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long count;

static void *getppids(void *arg)
{
	(void)arg;
	for (long i = 0; i < count; i++)
		syscall(SYS_getppid);
	return NULL;
}

static void opens(void)
{
	for (long i = 0; i < count; i++)
		syscall(SYS_openat, AT_FDCWD, "/nonexistent/sonde", O_RDONLY);
}

static void mix(void)
{
	for (long i = 0; i < count; i++) {
		syscall(SYS_getppid);
		syscall(SYS_getuid);
		syscall(SYS_getgid);
	}
	opens();
}

static void hammer(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, getppids, NULL))
			exit(2);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	count = atol(argv[2]);
	if (!strcmp(argv[1], "getppid"))
		getppids(NULL);
	else if (!strcmp(argv[1], "open"))
		opens();
	else if (!strcmp(argv[1], "mix"))
		mix();
	else if (!strcmp(argv[1], "hammer"))
		hammer();
	else
		return 2;
	return 0;
}
