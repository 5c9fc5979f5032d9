/*
 * Iterators: attaching them and reading them to their end.
 *
 * Reading is what runs the program, once for each object. The program writes a
 * byte for each, and sends what the script prints by the ring; so a read of few
 * bytes takes as many objects, and the ring is emptied before the next.
 */
#include "run/attach.h"
#include "kernel/bpf_call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OBJECTS_A_READ 64

/* ---- attaching ---- */

static int add_iter(struct run *r, int link_fd, uint32_t prog)
{
	struct run_iter *more = realloc(r->iters, (r->nr_iters + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	r->iters = more;
	more[r->nr_iters++] = (struct run_iter){ .link_fd = link_fd, .fd = -1, .prog = prog };
	return 0;
}

/* What -p, and -c, leave of it. */
static struct bpf_iter_scope scope_of(const struct run *r, const char *kind)
{
	bool of_tasks = !strncmp(kind, "task", strlen("task"));

	return (struct bpf_iter_scope){
		.pid = of_tasks ? (uint32_t)attach_pid(r) : 0,
		.all_cgroups = !strcmp(kind, "cgroup"),
	};
}

/* Why something cannot be pinned. */
static const struct {
	int error;
	const char *text;
} pin_reasons[] = {
	{ EEXIST, "there is something of this name: remove it first" },
	{ ENOENT, "there is no such folder" },
	{ EPERM, "it is in no BPF file system: mount one (mount -t bpf bpf /sys/fs/bpf), or is not "
	  "permitted" },
	{ EINVAL, "names in a BPF file system have no dots" },
};

static const char *pin_reason(int error)
{
	for (size_t i = 0; i < sizeof(pin_reasons) / sizeof(pin_reasons[0]); i++)
		if (pin_reasons[i].error == error)
			return pin_reasons[i].text;
	return strerror(error);
}

/* Whoever reads the file from now on runs the program. */
static int pin_iter(struct run *r, int link_fd, const char *path)
{
	int err = bpf_call_pin(link_fd, path);
	char text[512];
	struct sonde_event e = { .kind = SONDE_EVENT_PRINTF, .text = text };

	if (err) {
		run_tell(r, SONDE_ERROR, "could not pin the iterator to %s: %s", path,
			 pin_reason(-err));
		return err;
	}
	r->nr_pinned++;
	snprintf(text, sizeof(text), "Program pinned to %s\n", path);
	e.len = strlen(text);
	run_emit(r, &e);
	return 0;
}

int attach_iter(struct run *r, struct attach_job *job)
{
	const struct image_site *site = job->prog->sites;
	struct bpf_iter_scope scope = scope_of(r, site->event);
	int fd = bpf_call_link_iter(job->prog_fd, &scope), err;

	if (fd < 0)
		return attach_failed(r, job, site, fd);
	job->used = MECHANISM_ITER;
	if (site->path) {
		err = pin_iter(r, fd, site->path);
		close(fd);
		return err ? err : 1;
	}
	err = run_links_add(r, job->index, fd, false);
	if (!err)
		err = add_iter(r, fd, job->index);
	return err ? err : 1;
}

/* ---- reading ---- */

bool run_iterates(const struct run *r)
{
	return r->iters_done < r->nr_iters;
}

static void end_iter(struct run *r)
{
	struct run_iter *it = &r->iters[r->iters_done++];

	if (it->fd >= 0)
		close(it->fd);
	it->fd = -1;
}

static int iter_failed(struct run *r, const struct run_iter *it, int err)
{
	run_tell(r, SONDE_ERROR, "could not go on with %s: %s",
		 r->image->progs.at[it->prog].name, strerror(-err));
	return err;
}

int run_iterate(struct run *r)
{
	char bytes[OBJECTS_A_READ];

	while (run_iterates(r)) {
		struct run_iter *it = &r->iters[r->iters_done];
		ssize_t n;

		if (it->fd < 0)
			it->fd = bpf_call_iter_create(it->link_fd);
		if (it->fd < 0)
			return iter_failed(r, it, it->fd);
		n = read(it->fd, bytes, sizeof(bytes));
		/* EAGAIN: a million objects for which the program wrote nothing. */
		if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
			return 1;
		if (n < 0)
			return iter_failed(r, it, -errno);
		end_iter(r);
	}
	return 0;
}

void run_iters_close(struct run *r)
{
	while (run_iterates(r))
		end_iter(r);
	free(r->iters);
	r->iters = NULL;
	r->nr_iters = r->iters_done = 0;
}
