/*
 * perf_event_open(2) for what programs are attached to.
 *
 * Each function that opens returns a descriptor (close-on-exec) or a negative
 * errno. Nothing is recorded: an event only runs the program that is attached
 * to it, by a link or by perf_event_set_prog.
 */
#ifndef SONDE_KERNEL_PERF_EVENT_H
#define SONDE_KERNEL_PERF_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whom and where an event watches: pid -1 all tasks, cpu -1 any CPU. */
struct perf_where {
	pid_t pid;
	int cpu;
	bool inherit;		/* threads and children made later, too */
};

/* What a probe on a function is: for the kprobe and the uprobe PMU. */
struct perf_probe {
	uint32_t pmu;		/* from perf_pmu_type */
	bool is_return;
	const char *target;	/* function, or file; NULL: `offset` is an address */
	uint64_t offset;
	uint32_t ref_ctr_offset;	/* USDT semaphore in the file; 0: none */
};

/* A counting event with a program at every overflow. */
struct perf_sample {
	uint32_t type;		/* PERF_TYPE_SOFTWARE, PERF_TYPE_HARDWARE, PERF_TYPE_BREAKPOINT */
	uint64_t config;
	uint64_t count;		/* events or nanoseconds a sample, or samples a second */
	bool is_freq;
	uint64_t address, length;	/* BREAKPOINT: what is watched, */
	uint32_t access;		/* and for what: bits of bp_type */
};

/* Type number of a dynamic PMU ("kprobe", "uprobe"); -ENOENT if it is absent. */
int perf_pmu_type(const char *name);

int perf_open_tracepoint(uint32_t id);
int perf_open_probe(const struct perf_probe *probe, pid_t pid);
int perf_open_sample(const struct perf_sample *sample, const struct perf_where *where);

/* Attach a program without a link and enable the event (before 5.15). */
int perf_event_set_prog(int event_fd, int prog_fd);
int perf_event_enable(int event_fd);

/* Numbers in a kernel's CPU list ("0-3,8"). Returns how many there are, of
 * which at most `max` are stored, or a negative errno. */
int perf_parse_cpu_list(const char *text, int *cpus, int max);

/* CPUs that are online now; as perf_parse_cpu_list. */
int perf_online_cpus(int *cpus, int max);

/* How many values an entry of a per-CPU map has: CPUs that are possible. */
int perf_possible_cpus(void);

/* Threads of a process that exist now. Returns how many, of which at most
 * `max` are stored, or a negative errno. */
int perf_threads(pid_t pid, pid_t *tids, int max);

#endif
