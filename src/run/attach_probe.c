/*
 * Attaching to functions: kprobes and uprobes, one by one or many in a link.
 *
 * A program that may be attached by a multi link was loaded for one. If the
 * kernel then refuses the link, whatever the reason, the program is loaded again
 * without that and attached site by site, which also finds out which site is at
 * fault.
 */
#include "run/attach.h"
#include "kernel/bpf_call.h"
#include "kernel/kallsyms.h"
#include "kernel/perf_event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_return(const struct attach_job *job)
{
	return job->half == HALF_RETURN || job->prog->attach == ATTACH_KRETPROBE ||
	       job->prog->attach == ATTACH_URETPROBE;
}

static bool is_session(const struct run *r, const struct attach_job *job)
{
	return r->progs[job->index].form == LOAD_SESSION;
}

/* Type number of a PMU, asked once. */
static int pmu_type(int *known, const char *name)
{
	if (!*known)
		*known = perf_pmu_type(name);
	return *known == -ENOENT ? -ENODEV : *known;
}

/* The multi link failed: `refused` is why. */
static int fall_back(struct run *r, struct attach_job *job, int refused)
{
	int err;

	snprintf(job->why, sizeof(job->why), "the kernel refused the multi link: %s",
		 attach_reason(job->prog, -refused));
	err = run_load_prog(r, job->index, LOAD_SINGLE, job->half);

	job->prog_fd = r->progs[job->index].fd;
	return err;
}

/* It could be, but was not loaded for it. */
static void note_no_multi(const struct run *r, struct attach_job *job)
{
	bool denied = attach_is_user(job->prog->attach) ? r->options.no_uprobe_multi
							: r->options.no_kprobe_multi;

	snprintf(job->why, sizeof(job->why), "%s", denied ? "multi links are switched off" :
		 "the kernel does not take the program for a multi link");
}

typedef int (*attach_one_fn)(struct run *r, struct attach_job *job,
			     const struct image_site *site);

/* Of the functions of one name some may be such as no probe can be at: others are enough. */
static bool has_namesake(const struct image_prog *prog, size_t i)
{
	const struct image_site *s = &prog->sites[i];

	return s->entry && ((i && s[-1].probe == s->probe) ||
			    (i + 1 < prog->nr_sites && s[1].probe == s->probe));
}

/* Attach site by site with `one`. */
static int attach_each(struct run *r, struct attach_job *job, attach_one_fn one)
{
	const struct image_prog *prog = job->prog;
	int n = 0, n_before = 0;

	for (size_t i = 0; i < prog->nr_sites; i++) {
		const struct image_site *site = &prog->sites[i];
		bool is_last = i + 1 == prog->nr_sites || site[1].probe != site->probe;
		int err = r->stop_count ? -EINTR : one(r, job, site);

		if (err == -EINTR)
			return err;
		if (!i || site[-1].probe != site->probe)
			n_before = n;
		n += !err;
		if (err && has_namesake(prog, i) && (!is_last || n > n_before))
			continue;
		if (err && (err = attach_failed(r, job, site, err)))
			return err;
	}
	return n;
}

/* ---- kernel functions ---- */

/* A function that the compiler made for fewer or other arguments has a longer name, which
 * BTF does not tell. */
static int open_compiled(struct run *r, struct perf_probe probe)
{
	static const char *const suffixes[] = { ".isra.0", ".constprop.0", ".isra.0.constprop.0" };
	const char *plain = probe.target;
	char longer[600];
	int fd = -ENOENT;

	probe.target = longer;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]) && fd == -ENOENT; i++) {
		snprintf(longer, sizeof(longer), "%s%s", plain, suffixes[i]);
		fd = perf_open_probe(&probe, 0);
	}
	if (fd >= 0)
		run_tell(r, SONDE_WARNING, "this kernel has no function %s: %s is traced, compiled "
			 "with other arguments", plain, longer);
	return fd;
}

/* Where the probe is, as the kernel wants it said. */
static int open_kprobe(struct run *r, const struct image_site *site, struct perf_probe probe)
{
	char name[600];
	int fd;

	snprintf(name, sizeof(name), "%s%s%s", site->module ? site->module : "",
		 site->module ? ":" : "", site->function ? site->function : "");
	if (!site->address && !site->entry)
		probe.target = site->module && !strcmp(site->module, "vmlinux") ? site->function
										: name;
	fd = perf_open_probe(&probe, 0);
	if (fd == -ENOENT && probe.target && !probe.offset)
		fd = open_compiled(r, probe);
	return fd;
}

enum { MAX_NAMESAKES = 64 };

/* Several functions have the name: at each of them. */
static int attach_namesakes(struct run *r, struct attach_job *job, const struct image_site *site,
			    struct perf_probe probe)
{
	uint64_t at[MAX_NAMESAKES];
	int n = kallsyms_find(site->module, site->function, at, MAX_NAMESAKES), done = 0, err = 0;

	if (n < 2 || n > MAX_NAMESAKES)
		return -EADDRNOTAVAIL;
	for (int i = 0; i < n; i++) {
		int fd;

		probe.target = NULL;
		probe.offset = at[i] + site->offset;
		fd = perf_open_probe(&probe, 0);
		if (fd >= 0)
			fd = attach_perf(r, job, fd, image_site_cookie(site));
		done += fd >= 0;
		err = fd < 0 ? fd : err;
	}
	if (done)
		run_tell(r, SONDE_WARNING, "%d functions of the kernel are called %s: %s of them "
			 "are traced", n, site->function, done == n ? "all" : "most");
	return done ? 0 : err;
}

static int attach_kprobe(struct run *r, struct attach_job *job,
			 const struct image_site *site)
{
	struct perf_probe probe = { .is_return = is_return(job) };
	int pmu = pmu_type(&r->kprobe_pmu, "kprobe"), fd;

	if (pmu < 0)
		return pmu;
	probe.pmu = (uint32_t)pmu;
	probe.offset = site->address ? site->address : site->entry ? site->entry : site->offset;
	fd = open_kprobe(r, site, probe);
	if (fd == -EADDRNOTAVAIL && site->function)
		return attach_namesakes(r, job, site, probe);
	return fd < 0 ? fd : attach_perf(r, job, fd, image_site_cookie(site));
}

/* What a link for many functions wants to know: their names or where they begin. */
struct kprobe_arrays {
	const char **syms;
	uint64_t *addrs, *cookies;
};

static int fill_kprobes(struct kprobe_arrays *a, const struct image_prog *prog)
{
	size_t n = prog->nr_sites;
	bool by_address = prog->sites[0].entry != 0;

	a->syms = by_address ? NULL : calloc(n, sizeof(*a->syms));
	a->addrs = by_address ? calloc(n, sizeof(*a->addrs)) : NULL;
	a->cookies = calloc(n, sizeof(*a->cookies));
	if ((!a->syms && !a->addrs) || !a->cookies)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct image_site *site = &prog->sites[i];

		if (!site->function || site->offset || site->address ||
		    by_address != (site->entry != 0))
			return -EINVAL;
		if (by_address)
			a->addrs[i] = site->entry;
		else
			a->syms[i] = site->function;
		a->cookies[i] = image_site_cookie(site);
	}
	return 0;
}

/* All sites in one link. */
static int attach_kprobe_multi(struct run *r, struct attach_job *job)
{
	struct kprobe_arrays a = { 0 };
	int fd = fill_kprobes(&a, job->prog);

	if (!fd) {
		const struct bpf_kprobe_multi k = {
			.syms = a.syms, .addrs = a.addrs, .cookies = a.cookies,
			.count = (uint32_t)job->prog->nr_sites, .is_return = is_return(job),
			.is_session = is_session(r, job),
		};

		fd = bpf_call_link_kprobe_multi(job->prog_fd, &k);
	}
	job->used = is_session(r, job) ? MECHANISM_SESSION : MECHANISM_MULTI;
	free(a.syms);
	free(a.addrs);
	free(a.cookies);
	return fd < 0 ? fd : run_links_add(r, job->index, fd, true);
}


/* ---- user functions ---- */

static int attach_uprobe(struct run *r, struct attach_job *job,
			 const struct image_site *site)
{
	struct perf_probe probe = { .is_return = is_return(job), .target = site->path,
				    .offset = site->offset,
				    .ref_ctr_offset = (uint32_t)site->semaphore };
	int pmu = pmu_type(&r->uprobe_pmu, "uprobe"), fd;

	if (site->is_unfit)
		return -ATTACH_NOT_SUPPORTED;
	if (pmu < 0)
		return pmu;
	if (site->semaphore > UINT32_MAX)
		return -EFBIG;
	probe.pmu = (uint32_t)pmu;
	fd = perf_open_probe(&probe, attach_pid(r));
	return fd < 0 ? fd : attach_perf(r, job, fd, image_site_cookie(site));
}

/* What a link for n sites wants to know of each. */
struct uprobe_arrays {
	uint64_t *offsets, *cookies, *semaphores;
	bool has_semaphore;
};

static bool fill_arrays(struct uprobe_arrays *a, const struct image_site *sites, size_t n)
{
	a->offsets = calloc(n, sizeof(*a->offsets));
	a->cookies = calloc(n, sizeof(*a->cookies));
	a->semaphores = calloc(n, sizeof(*a->semaphores));
	for (size_t i = 0; i < n && a->offsets && a->cookies && a->semaphores; i++) {
		a->offsets[i] = sites[i].offset;
		a->cookies[i] = image_site_cookie(&sites[i]);
		a->semaphores[i] = sites[i].semaphore;
		a->has_semaphore |= sites[i].semaphore != 0;
	}
	return a->offsets && a->cookies && a->semaphores;
}

/* n sites of one file from `first` on, in one link. */
static int link_uprobes(struct run *r, struct attach_job *job, size_t first, size_t n)
{
	const struct image_site *sites = job->prog->sites + first;
	struct uprobe_arrays a = { 0 };
	int fd = -ENOMEM;

	for (size_t i = 0; i < n; i++)
		if (sites[i].is_unfit)
			return -ATTACH_NOT_SUPPORTED;
	if (fill_arrays(&a, sites, n)) {
		const struct bpf_uprobe_multi u = {
			.path = sites->path, .offsets = a.offsets, .cookies = a.cookies,
			.ref_ctr_offsets = a.has_semaphore ? a.semaphores : NULL,
			.count = (uint32_t)n, .is_return = is_return(job),
			.is_session = is_session(r, job),
			.pid = (uint32_t)attach_pid(r),
		};

		fd = bpf_call_link_uprobe_multi(job->prog_fd, &u);
		job->used = is_session(r, job) ? MECHANISM_SESSION : MECHANISM_MULTI;
	}
	free(a.offsets);
	free(a.cookies);
	free(a.semaphores);
	return fd < 0 ? fd : run_links_add(r, job->index, fd, true);
}

/* The sites from `first` on that are in the same file; in one link, or in several
 * around those that the kernel cannot probe. */
static int attach_uprobe_file(struct run *r, struct attach_job *job, size_t first, size_t n)
{
	int err = link_uprobes(r, job, first, n);

	if (!err || !attach_is_unfit(job->prog, err))
		return err;
	if (n == 1)
		return job->prog->sites[first].of_pattern
		       ? attach_failed(r, job, &job->prog->sites[first], err) : err;
	err = attach_uprobe_file(r, job, first, n / 2);
	return err ? err : attach_uprobe_file(r, job, first + n / 2, n - n / 2);
}

static size_t same_file(const struct attach_job *job, size_t first)
{
	const struct image_site *sites = job->prog->sites;
	size_t n = 1;

	while (first + n < job->prog->nr_sites && !strcmp(sites[first].path, sites[first + n].path))
		n++;
	return n;
}

/* One link a file; none at all if one of them fails. */
static int attach_uprobe_multi(struct run *r, struct attach_job *job)
{
	size_t links = r->links.n;

	for (size_t i = 0, n; i < job->prog->nr_sites; i += n) {
		int err;

		n = same_file(job, i);
		err = attach_uprobe_file(r, job, i, n);
		if (!err)
			continue;
		while (r->links.n > links)
			close(r->links.at[--r->links.n]);
		return err;
	}
	return 0;
}

/* A static probe is one, however many places it has; so is what looks at all
 * places where a function returns, or at all functions of a name. */
static int count_names(const struct image_prog *prog)
{
	int n = 0;

	for (size_t i = 0; i < prog->nr_sites; i++)
		n += !i || prog->sites[i].probe != prog->sites[i - 1].probe;
	return n;
}

/* How many of them are not told to have failed. */
static int count_attached(const struct run *r, const struct image_prog *prog)
{
	int n = 0;

	for (size_t i = 0; i < prog->nr_sites; i++)
		n += (!i || prog->sites[i].probe != prog->sites[i - 1].probe) &&
		     !r->failed[prog->sites[i].probe];
	return n;
}

static int attach_each_named(struct run *r, struct attach_job *job, attach_one_fn one)
{
	int n = attach_each(r, job, one), names = count_names(job->prog);

	return n < names ? n : names;
}

static int attach_each_uprobe(struct run *r, struct attach_job *job)
{
	return attach_each_named(r, job, attach_uprobe);
}

static int attach_each_kprobe(struct run *r, struct attach_job *job)
{
	return attach_each_named(r, job, attach_kprobe);
}

/* ---- both ---- */

/* The difference between functions of the kernel and of programs. */
struct way {
	int (*multi)(struct run *r, struct attach_job *job);
	int (*each)(struct run *r, struct attach_job *job);
};

/* By a multi link, if the program was loaded for one and the kernel makes it. */
static int attach_plain(struct run *r, struct attach_job *job, const struct way *way)
{
	int err;

	if (r->progs[job->index].form == LOAD_SINGLE) {
		if (job->prog->use_multi)
			note_no_multi(r, job);
		return way->each(r, job);
	}
	err = way->multi(r, job);
	if (!err)
		return count_attached(r, job->prog);
	if (attach_wanted(r, job) == MECHANISM_MULTI)
		return attach_failed(r, job, NULL, err);
	err = fall_back(r, job, err);
	return err ? err : way->each(r, job);
}

static int attach_half(struct run *r, const struct attach_job *job, enum session_half half,
		       const struct way *way)
{
	struct image_prog prog = *job->prog;
	struct attach_job one = { .index = job->index, .prog = &prog, .half = half };
	int n;

	if (half == HALF_RETURN) {
		prog.attach = attach_is_user(prog.attach) ? ATTACH_URETPROBE : ATTACH_KRETPROBE;
		prog.sites = prog.return_sites;
		prog.name = r->image->probe_names.at[prog.sites[0].probe];
	}
	n = run_load_best(r, job->index, half);
	if (n)
		return n;
	one.prog_fd = r->progs[job->index].fd;
	snprintf(one.why, sizeof(one.why), "%s", job->why);
	n = attach_plain(r, &one, way);
	if (n > 0)
		attach_explain(r, &one);
	return n;
}

/* Entry and return in one link. */
static int attach_session(struct run *r, struct attach_job *job, const struct way *way)
{
	int err = is_session(r, job) ? way->multi(r, job) : -EOPNOTSUPP, entries, returns;

	if (!err)
		return 2 * count_attached(r, job->prog);
	job->used = MECHANISM_AUTO;
	if (attach_wanted(r, job) == MECHANISM_SESSION)
		return attach_failed(r, job, NULL, err);
	snprintf(job->why, sizeof(job->why), "the kernel refused the session: %s",
		 attach_reason(job->prog, -err));
	returns = attach_half(r, job, HALF_RETURN, way);
	if (returns < 0)
		return returns;
	entries = attach_half(r, job, HALF_ENTRY, way);
	return entries < 0 ? entries : entries + returns;
}

static int attach_functions(struct run *r, struct attach_job *job, const struct way *way)
{
	return job->prog->session_kfunc ? attach_session(r, job, way)
					: attach_plain(r, job, way);
}

int attach_kprobes(struct run *r, struct attach_job *job)
{
	static const struct way way = { attach_kprobe_multi, attach_each_kprobe };

	return attach_functions(r, job, &way);
}

int attach_uprobes(struct run *r, struct attach_job *job)
{
	static const struct way way = { attach_uprobe_multi, attach_each_uprobe };

	return attach_functions(r, job, &way);
}
