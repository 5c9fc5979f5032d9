/*
 * Run a tracer, wait until its programs are loaded, run a load, and say what
 * the kernel says of the programs: instructions after the verifier, runs, time.
 *
 *	progstat SECONDS LOAD TRACER [ARG...]
 *
 * LOAD is a shell command. One line for each program that appeared:
 *	NAME INSNS RUNS NS
 * Programs of other processes that appear meanwhile are counted, too: run it
 * on a quiet machine.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PROGS 4096
#define SETTLE_US 300000

static uint32_t newest_id(void)
{
	uint32_t id = 0, next;

	while (!bpf_prog_get_next_id(id, &next))
		id = next;
	return id;
}

static int count_after(uint32_t id)
{
	uint32_t next;
	int n = 0;

	while (!bpf_prog_get_next_id(id, &next)) {
		id = next;
		n++;
	}
	return n;
}

static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	return pid;
}

/* Until the number of new programs has not changed for SETTLE_US. */
static bool wait_for_programs(uint32_t before, pid_t pid, int seconds)
{
	int last = 0;

	for (int i = 0; i < seconds * 1000000 / SETTLE_US; i++) {
		int now;

		usleep(SETTLE_US);
		now = count_after(before);
		if (now && now == last)
			return true;
		last = now;
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return false;
	}
	return last > 0;
}

static void report(uint32_t id)
{
	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info;
		uint32_t len = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		memset(&info, 0, sizeof(info));
		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
			continue;
		close(fd);
		printf("%s %u %llu %llu\n", *info.name ? info.name : "-", info.xlated_prog_len / 8,
		       info.run_cnt, info.run_time_ns);
	}
}

int main(int argc, char **argv)
{
	uint32_t before;
	int stats, status = 1;
	pid_t pid;

	if (argc < 4) {
		fprintf(stderr, "usage: progstat SECONDS LOAD TRACER [ARG...]\n");
		return 2;
	}
	stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (stats < 0)
		fprintf(stderr, "progstat: no statistics: %s\n", strerror(-stats));
	before = newest_id();
	pid = start(argv + 3);
	if (wait_for_programs(before, pid, atoi(argv[1]))) {
		status = system(argv[2]) != 0;
		report(before);
	} else {
		fprintf(stderr, "progstat: %s loaded nothing\n", argv[3]);
	}
	kill(pid, SIGINT);
	waitpid(pid, NULL, 0);
	return status;
}
