/*
 * Run a tracer, wait until its programs are loaded, fire events in batches, and
 * say what the kernel says of the programs, and how much slower the fired
 * system call became.
 *
 *	progstat SECONDS CALL BATCHES TRACER [ARG...]
 *
 * DEPTH in the environment: so many frames lie between main and the call.
 * CALL: plain (sched_get_priority_max) or named (chroot to what is not there). One line for each program that appeared:
 *	NAME INSNS RUNS NS
 * NS is the time of a run as the lower eighth of all batches have it: a batch
 * is short against the timer tick, so what else happens on the machine is in the
 * others. Then one line
 *	- CALL UNTRACED TRACED
 * the time of the call itself without the tracer, and with it, dispatch included,
 * without the clock that the statistics need. Programs that appeared meanwhile
 * and do not run in most batches are those of other processes.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_PROGS 64
#define MAX_BATCHES 10000
#define BATCH 400
#define WARM_UP 40
#define PAUSE_US 300		/* for whoever reads the events */
#define SETTLE_US 300000

struct prog {
	int fd;
	struct bpf_prog_info info;
	double ns[MAX_BATCHES];		/* of a run, by batch */
	int nr_batches;
	unsigned long long runs;
};

static struct prog progs[MAX_PROGS];
static int nr_progs;
static bool is_named;
static double calls[MAX_BATCHES];

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

/* ---- events ---- */

static int below;	/* frames between main and the call, more than there are anyway */

static void fire_here(int n)
{
	for (int i = 0; i < n; i++) {
		if (is_named)
			syscall(SYS_chroot, "/nonexistent/file");
		else
			syscall(SYS_sched_get_priority_max, SCHED_OTHER);
	}
}

static __attribute__((noinline)) void fire_below(int depth, int n)
{
	if (depth > 1)
		fire_below(depth - 1, n);
	else
		fire_here(n);
	__asm__ volatile("" ::: "memory");	/* the call is not the last thing */
}

static void fire(int n)
{
	fire_below(below, n);
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double lower_eighth(double *values, int n)
{
	qsort(values, (size_t)n, sizeof(*values), compare);
	return n ? values[n / 8] : 0;
}

/* Time of one call. */
static double time_calls(int batches)
{
	for (int i = 0; i < batches; i++) {
		double start;

		usleep(PAUSE_US);
		fire(WARM_UP);
		start = now_ns();
		fire(BATCH);
		calls[i] = (now_ns() - start) / BATCH;
	}
	return lower_eighth(calls, batches);
}

/* ---- programs ---- */

static void find_progs(uint32_t id)
{
	while (nr_progs < MAX_PROGS && !bpf_prog_get_next_id(id, &id)) {
		struct prog *p = &progs[nr_progs];

		p->fd = bpf_prog_get_fd_by_id(id);
		nr_progs += p->fd >= 0;
	}
}

static void read_prog(int fd, struct bpf_prog_info *info)
{
	uint32_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	bpf_obj_get_info_by_fd(fd, info, &len);
}

static void note_batch(struct prog *p)
{
	struct bpf_prog_info was = p->info;
	unsigned long long runs;

	read_prog(p->fd, &p->info);
	runs = p->info.run_cnt - was.run_cnt;
	p->runs += runs;
	if (runs >= BATCH / 2)
		p->ns[p->nr_batches++] = (double)(p->info.run_time_ns - was.run_time_ns) /
					 (double)runs;
}

static void time_progs(int batches)
{
	for (int i = 0; i < batches; i++) {
		usleep(PAUSE_US);
		fire(WARM_UP);
		for (int k = 0; k < nr_progs; k++)
			read_prog(progs[k].fd, &progs[k].info);
		fire(BATCH);
		for (int k = 0; k < nr_progs; k++)
			note_batch(&progs[k]);
	}
	for (int k = 0; k < nr_progs; k++) {
		struct prog *p = &progs[k];

		if (p->nr_batches * 2 > batches)
			printf("%s %u %llu %.1f\n", *p->info.name ? p->info.name : "-",
			       p->info.xlated_prog_len / 8, p->runs, lower_eighth(p->ns, p->nr_batches));
		close(p->fd);
	}
}

/* Some tracers miss the signal now and then. */
static void stop(pid_t pid)
{
	for (int i = 0; i < 500; i++) {
		if (i % 100 == 0)
			kill(pid, SIGINT);
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return;
		usleep(10000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void pin_to_last_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

int main(int argc, char **argv)
{
	int stats, status = 1, batches = argc > 3 ? atoi(argv[3]) : 0;
	double untraced;
	uint32_t before;
	cpu_set_t all;
	pid_t pid;

	if (argc < 5 || batches < 1 || batches > MAX_BATCHES) {
		fprintf(stderr, "usage: progstat SECONDS CALL BATCHES TRACER [ARG...]\n");
		return 2;
	}
	is_named = !strcmp(argv[2], "named");
	sched_getaffinity(0, sizeof(all), &all);
	pin_to_last_cpu();
	below = getenv("DEPTH") ? atoi(getenv("DEPTH")) : 0;
	untraced = time_calls(batches);
	sched_setaffinity(0, sizeof(all), &all);
	before = newest_id();
	pid = start(argv + 4);
	pin_to_last_cpu();
	if (wait_for_programs(before, pid, atoi(argv[1]))) {
		find_progs(before);
		stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
		if (stats < 0)
			fprintf(stderr, "progstat: no statistics: %s\n", strerror(-stats));
		time_progs(batches);
		close(stats);
		printf("- call %.1f %.1f\n", untraced, time_calls(batches));
		status = 0;
	} else {
		fprintf(stderr, "progstat: %s loaded nothing\n", argv[4]);
	}
	stop(pid);
	return status;
}
