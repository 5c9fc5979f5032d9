/*
 * Run a command and say what it cost: measure COMMAND [ARG...] prints wall
 * seconds, peak memory in KiB and seconds of CPU. A process of its own, because a child's peak
 * counts its parent's memory from before exec.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	double start = now();
	struct rusage usage;
	int status, null;
	pid_t pid = argc > 1 ? vfork() : -1;

	if (!pid) {
		null = open("/dev/null", O_RDWR);
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 1;
	printf("%.6f %ld %.6f\n", now() - start, usage.ru_maxrss,
	       seconds(usage.ru_utime) + seconds(usage.ru_stime));
	return 0;
}
