/*
 * Attaching to perf events and tracepoints: tracepoints (perf, raw, BTF),
 * samples on each CPU or thread, the interval's timer.
 */
#include "run/attach.h"
#include "kernel/bpf_call.h"
#include "kernel/perf_event.h"
#include "run/detach.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

pid_t attach_pid(const struct run *r)
{
	if (r->options.child)
		return child_pid(r->options.child);
	return r->options.pid > 0 ? r->options.pid : 0;
}

int attach_perf(struct run *r, struct attach_job *job, int event_fd, uint64_t cookie)
{
	enum mechanism wanted = attach_wanted(r, job);
	int fd = wanted == MECHANISM_IOCTL ? -EINVAL
					   : bpf_call_link_perf(job->prog_fd, event_fd, cookie);
	int err = fd;

	if (fd >= 0) {
		job->used = MECHANISM_LINK;
		close(event_fd);	/* the link holds the event */
		return run_links_add(r, job->index, fd, true);
	}
	/* No perf links before 5.15. */
	if (fd == -EINVAL && wanted != MECHANISM_LINK)
		err = perf_event_set_prog(event_fd, job->prog_fd);
	if (err) {
		close(event_fd);
		return err;
	}
	job->used = MECHANISM_IOCTL;
	if (wanted != MECHANISM_IOCTL)
		snprintf(job->why, sizeof(job->why), "%s", "there are no links to perf events "
			 "here: kernels from 5.15 on have them");
	return run_links_add(r, job->index, event_fd, true);
}

/* ---- tracepoints ---- */

int attach_tracepoints(struct run *r, struct attach_job *job)
{
	int n = 0;

	if (job->prog->raw_event)
		return attach_raw_tracepoints(r, job);
	for (size_t i = 0; i < job->prog->nr_sites; i++) {
		const struct image_site *site = &job->prog->sites[i];
		int fd = perf_open_tracepoint((uint32_t)site->event_id);
		int err = fd < 0 ? fd : attach_perf(r, job, fd, site->probe);

		if (!err)
			n++;
		else if ((err = attach_failed(r, job, site, err)))
			return err;
	}
	return n;
}

/* One program for many sites of the same raw tracepoint. */
static int attach_raw_event(struct run *r, struct attach_job *job)
{
	int fd = bpf_call_raw_tracepoint_open(job->prog->raw_event, job->prog_fd, 0), err;

	if (fd < 0)
		return attach_failed(r, job, NULL, fd);
	job->used = MECHANISM_TABLE;
	err = run_links_add(r, job->index, fd, false);
	return err ? err : (int)job->prog->nr_sites;
}

int attach_raw_tracepoints(struct run *r, struct attach_job *job)
{
	int n = 0;

	if (job->prog->raw_event)
		return attach_raw_event(r, job);
	job->used = MECHANISM_NAME;
	for (size_t i = 0; i < job->prog->nr_sites; i++) {
		const struct image_site *site = &job->prog->sites[i];
		int fd = bpf_call_raw_tracepoint_open(site->event, job->prog_fd, site->probe), err;

		/* Cookies came with 6.10; one site alone needs none. */
		if (fd == -EINVAL && site->probe && job->prog->nr_sites == 1)
			fd = bpf_call_raw_tracepoint_open(site->event, job->prog_fd, 0);
		err = fd < 0 ? fd : run_links_add(r, job->index, fd, false);
		if (!err)
			n++;
		else if ((err = attach_failed(r, job, site, err)))
			return err;
	}
	return n;
}

/* A typed program, which knows where it belongs. */
int attach_tracing(struct run *r, struct attach_job *job)
{
	bool slow = job->prog->attach != ATTACH_BTF_TRACEPOINT;
	const struct image_site *site = job->prog->sites;
	int fd = bpf_call_link_tracing(job->prog_fd,
				       (enum bpf_attach_type)job->prog->expected_attach_type,
				       site->probe);

	/* Such links came after 5.10. */
	if (fd == -EINVAL)
		fd = bpf_call_raw_tracepoint_open(NULL, job->prog_fd, 0);
	if (fd < 0)
		return attach_failed(r, job, site, fd);
	job->used = slow ? MECHANISM_TRAMPOLINE : MECHANISM_BTF;
	fd = run_links_add(r, job->index, fd, slow);
	return fd ? fd : 1;
}

/* ---- samples ---- */

static struct perf_sample sample_of(const struct attach_job *job, const struct image_site *site)
{
	struct perf_sample s = { .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_CPU_CLOCK,
				 .count = site->count, .is_freq = site->is_freq };

	if (job->prog->attach == ATTACH_WATCHPOINT)
		return (struct perf_sample){
			.type = PERF_TYPE_BREAKPOINT, .count = 1, .address = site->address,
			.length = site->count, .access = (uint32_t)site->event_id,
		};
	if (job->prog->attach == ATTACH_SOFTWARE || job->prog->attach == ATTACH_HARDWARE)
		s.config = site->event_id;
	if (job->prog->attach == ATTACH_HARDWARE)
		s.type = PERF_TYPE_HARDWARE;
	return s;
}

static int attach_sample(struct run *r, struct attach_job *job, const struct image_site *site,
			 const struct perf_where *where)
{
	struct perf_sample sample = sample_of(job, site);
	int fd = perf_open_sample(&sample, where);

	return fd < 0 ? fd : attach_perf(r, job, fd, site->probe);
}

/* System-wide: one event on each CPU that is online. */
static int attach_on_cpus(struct run *r, struct attach_job *job,
			  const struct image_site *site)
{
	enum { MAX_CPUS = 8192 };
	int *cpus = calloc(MAX_CPUS, sizeof(*cpus)), n, err = 0;

	if (!cpus)
		return -ENOMEM;
	n = perf_online_cpus(cpus, MAX_CPUS);
	if (n < 0)
		err = n;
	for (int i = 0; i < n && i < MAX_CPUS && !err; i++) {
		const struct perf_where where = { .pid = -1, .cpu = cpus[i] };

		err = attach_sample(r, job, site, &where);
	}
	free(cpus);
	return err;
}

/* Of one process: an event for each thread there is, which its later threads
 * and children inherit. */
static int attach_on_threads(struct run *r, struct attach_job *job,
			     const struct image_site *site)
{
	enum { MAX_THREADS = 65536 };
	pid_t *tids = calloc(MAX_THREADS, sizeof(*tids));
	int n, done = 0, err = 0;

	if (!tids)
		return -ENOMEM;
	n = perf_threads(attach_pid(r), tids, MAX_THREADS);
	if (n < 0)
		err = n == -ENOENT ? -ESRCH : n;
	for (int i = 0; i < n && i < MAX_THREADS && !err; i++) {
		const struct perf_where where = { .pid = tids[i], .cpu = -1, .inherit = true };

		err = attach_sample(r, job, site, &where);
		if (!err)
			done++;
		else if (err == -ESRCH && n > 1)
			err = 0;	/* the thread has ended meanwhile */
	}
	free(tids);
	return !err && !done ? -ESRCH : err;
}

int attach_samples(struct run *r, struct attach_job *job)
{
	bool everywhere = !attach_pid(r) || job->prog->system_wide;
	int n = 0;

	for (size_t i = 0; i < job->prog->nr_sites; i++) {
		const struct image_site *site = &job->prog->sites[i];
		int err = everywhere ? attach_on_cpus(r, job, site)
				     : attach_on_threads(r, job, site);

		if (!err)
			n++;
		else if ((err = attach_failed(r, job, site, err)))
			return err;
	}
	return n;
}

int attach_interval(struct run *r, struct attach_job *job)
{
	int cpu = 0, n = 0;

	if (perf_online_cpus(&cpu, 1) < 1)
		cpu = 0;
	for (size_t i = 0; i < job->prog->nr_sites; i++) {
		const struct perf_where where = { .pid = -1, .cpu = cpu };
		int err = attach_sample(r, job, &job->prog->sites[i], &where);

		if (!err)
			n++;
		else if ((err = attach_failed(r, job, &job->prog->sites[i], err)))
			return err;
	}
	return n;
}

/* ---- watchpoints ---- */

/* In each thread there is, which its later threads and children inherit; or, for all
 * tasks, on each CPU. It is enough if some can be watched. */
static int watch_places(struct run *r, struct attach_job *job, const int *places, int n)
{
	bool on_cpus = !attach_pid(r);
	int done = 0, gone = 0, err = -ESRCH;

	for (int i = 0; i < n; i++) {
		const struct perf_where where = {
			.pid = on_cpus ? -1 : places[i], .cpu = on_cpus ? places[i] : -1,
			.inherit = true,
		};
		int failed = attach_sample(r, job, job->prog->sites, &where);

		done += !failed;
		gone += failed == -ESRCH;
		if (failed && failed != -ESRCH)
			err = failed;
	}
	if (done && done + gone < n)
		run_tell(r, SONDE_WARNING, "%s is watched for on %d of %d %s only: %s",
			 job->prog->name, done, n, on_cpus ? "CPUs" : "threads",
			 attach_reason(job->prog, -err));
	return done ? 0 : err;
}

int attach_watchpoint(struct run *r, struct attach_job *job)
{
	enum { MAX_PLACES = 65536 };
	int *places = calloc(MAX_PLACES, sizeof(*places)), n, err;

	if (!places)
		return -ENOMEM;
	n = attach_pid(r) ? perf_threads(attach_pid(r), places, MAX_PLACES)
			  : perf_online_cpus(places, MAX_PLACES);
	err = n < 0 ? n : watch_places(r, job, places, n < MAX_PLACES ? n : MAX_PLACES);
	free(places);
	return err ? attach_failed(r, job, job->prog->sites, err) : 1;
}

void run_unwatch(struct run *r, uint64_t address)
{
	struct run_links *links = &r->links;
	size_t kept = 0;

	for (size_t i = 0; i < links->n; i++) {
		const struct image_prog *prog = &r->image->progs.at[links->progs[i]];

		if (prog->attach == ATTACH_WATCHPOINT && prog->sites[0].address == address) {
			detach(&links->at[i], 1, false);
			links->nr_slow--;
			continue;
		}
		links->progs[kept] = links->progs[i];
		links->at[kept++] = links->at[i];
	}
	links->n = kept;
}
