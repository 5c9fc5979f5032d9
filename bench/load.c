/*
 * Load for the benchmarks: load WHAT COUNT, with WHAT getppid or open.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[2]) : 100000;
	int opens = argc > 1 && !strcmp(argv[1], "open");

	for (long i = 0; i < count; i++) {
		if (opens)
			syscall(SYS_openat, AT_FDCWD, "/nonexistent/file", O_RDONLY);
		else
			syscall(SYS_getppid);
	}
	return 0;
}
