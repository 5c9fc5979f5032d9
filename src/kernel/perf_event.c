/*
 * perf_event_open(2) for what programs are attached to: see perf_event.h.
 */
#include "kernel/perf_event.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int perf_open(struct perf_event_attr *attr, const struct perf_where *where)
{
	long fd;

	attr->size = sizeof(*attr);
	fd = syscall(SYS_perf_event_open, attr, where->pid, where->cpu, -1,
		     PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

/* Read a small file of sysfs as text. */
static int read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	n = n < 0 ? -errno : n;
	close(fd);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	return 0;
}

int perf_pmu_type(const char *name)
{
	char path[96], text[32];
	int err;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", name);
	err = read_text(path, text, sizeof(text));
	return err ? err : atoi(text);
}

int perf_open_tracepoint(uint32_t id)
{
	/* The program sees the event on every CPU and of every task, whatever the event itself
	 * is bound to. Nothing is sampled: the kernel forbids that at irq_work_exit. */
	const struct perf_where where = { .pid = -1, .cpu = 0 };
	struct perf_event_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.type = PERF_TYPE_TRACEPOINT;
	attr.config = id;
	return perf_open(&attr, &where);
}

int perf_open_probe(const struct perf_probe *probe, pid_t pid)
{
	const struct perf_where where = { .pid = pid > 0 ? pid : -1, .cpu = pid > 0 ? -1 : 0 };
	struct perf_event_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.type = probe->pmu;
	attr.config = (probe->is_return ? 1 : 0) | (uint64_t)probe->ref_ctr_offset << 32;
	attr.config1 = (uint64_t)(uintptr_t)probe->target;
	attr.config2 = probe->offset;
	return perf_open(&attr, &where);
}

int perf_open_sample(const struct perf_sample *sample, const struct perf_where *where)
{
	struct perf_event_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.type = sample->type;
	attr.config = sample->config;
	if (sample->type == PERF_TYPE_BREAKPOINT) {
		attr.bp_type = sample->access;
		attr.bp_addr = sample->address;
		attr.bp_len = sample->access & HW_BREAKPOINT_X ? sizeof(long) : sample->length;
	}
	attr.freq = sample->is_freq;
	attr.inherit = where->inherit;
	if (sample->is_freq)
		attr.sample_freq = sample->count;
	else
		attr.sample_period = sample->count;
	return perf_open(&attr, where);
}

int perf_event_enable(int event_fd)
{
	return ioctl(event_fd, PERF_EVENT_IOC_ENABLE, 0) < 0 ? -errno : 0;
}

int perf_event_set_prog(int event_fd, int prog_fd)
{
	if (ioctl(event_fd, PERF_EVENT_IOC_SET_BPF, prog_fd) < 0)
		return -errno;
	return perf_event_enable(event_fd);
}

int perf_parse_cpu_list(const char *text, int *cpus, int max)
{
	int n = 0;

	while (*text && *text != '\n') {
		char *end;
		long first = strtol(text, &end, 10), last = first;

		if (end == text)
			return -EINVAL;
		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		if (first < 0 || last < first || last > 1000000)
			return -EINVAL;
		for (long cpu = first; cpu <= last; cpu++, n++)
			if (n < max)
				cpus[n] = (int)cpu;
		text = *end == ',' ? end + 1 : end;
		if (*end && *end != ',' && *end != '\n')
			return -EINVAL;
	}
	return n;
}

int perf_online_cpus(int *cpus, int max)
{
	char text[4096];
	int err = read_text("/sys/devices/system/cpu/online", text, sizeof(text));

	return err ? err : perf_parse_cpu_list(text, cpus, max);
}

int perf_possible_cpus(void)
{
	char text[4096];
	int first, err;

	err = read_text("/sys/devices/system/cpu/possible", text, sizeof(text));
	if (err)
		return (int)sysconf(_SC_NPROCESSORS_CONF);
	return perf_parse_cpu_list(text, &first, 1);
}

int perf_threads(pid_t pid, pid_t *tids, int max)
{
	char path[64];
	struct dirent *entry;
	DIR *dir;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (n < max)
			tids[n] = (pid_t)atoi(entry->d_name);
		n++;
	}
	closedir(dir);
	return n;
}
