/*
 * Attaching: one row for each kind of attach point.
 *
 * In: loaded programs and their sites. Out: descriptors that hold the
 * attachments, collected in the session. Where the kernel runs the programs of
 * one event last-attached-first, they are attached in reverse, so that they run
 * in the script's order. Intervals come last: attaching the rest may take
 * seconds, and `interval:s:1` means a second of tracing.
 */
#include "run/attach.h"
#include "kernel/bpf_call.h"
#include "run/denied.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- descriptors ---- */

static bool links_grow(struct run_links *links)
{
	size_t cap = links->cap ? links->cap * 2 : 16;
	uint32_t *progs;
	int *at;

	at = realloc(links->at, cap * sizeof(*at));
	if (at)
		links->at = at;
	progs = realloc(links->progs, cap * sizeof(*progs));
	if (progs)
		links->progs = progs;
	if (at && progs)
		links->cap = cap;
	return at && progs;
}

int run_links_add(struct run *r, uint32_t index, int fd, bool slow)
{
	struct run_links *links = &r->links;

	if (links->n == links->cap && !links_grow(links)) {
		close(fd);
		return -ENOMEM;
	}
	links->progs[links->n] = index;
	links->at[links->n++] = fd;
	links->nr_slow += slow;
	return 0;
}

/* ---- test runs ---- */

int run_test_run(struct run *r, enum attach_kind kind)
{
	const uint64_t ctx[2] = { 0 };
	int n = 0;

	for (size_t i = 0; i < r->image->progs.n; i++) {
		const struct image_prog *prog = &r->image->progs.at[i];
		int err;

		if (prog->attach != kind || r->progs[i].fd < 0)
			continue;
		err = bpf_call_prog_run(r->progs[i].fd, ctx, sizeof(ctx), NULL);
		if (err) {
			run_tell(r, SONDE_ERROR, "could not run %s: %s", prog->name,
				 strerror(-err));
			return err;
		}
		n++;
	}
	return n;
}

/* ---- the table ---- */

enum attach_pass {
	PASS_NONE,		/* run by the session itself */
	PASS_FORWARD,		/* in the order of the script */
	PASS_REVERSE,		/* the kernel runs the last attached first */
	PASS_TIMERS,
	PASS_COUNT
};

static const struct attach_row {
	int (*attach)(struct run *r, struct attach_job *job);
	enum attach_pass pass;
} rows[ATTACH_KIND_COUNT] = {
	[ATTACH_TRACEPOINT] = { attach_tracepoints, PASS_FORWARD },
	[ATTACH_RAW_TRACEPOINT] = { attach_raw_tracepoints, PASS_FORWARD },
	[ATTACH_BTF_TRACEPOINT] = { attach_tracing, PASS_FORWARD },
	[ATTACH_FENTRY] = { attach_tracing, PASS_REVERSE },
	[ATTACH_FEXIT] = { attach_tracing, PASS_REVERSE },
	[ATTACH_KPROBE] = { attach_kprobes, PASS_REVERSE },
	[ATTACH_KRETPROBE] = { attach_kprobes, PASS_FORWARD },
	[ATTACH_UPROBE] = { attach_uprobes, PASS_REVERSE },
	[ATTACH_URETPROBE] = { attach_uprobes, PASS_REVERSE },
	[ATTACH_USDT] = { attach_uprobes, PASS_REVERSE },
	[ATTACH_PROFILE] = { attach_samples, PASS_FORWARD },
	[ATTACH_INTERVAL] = { attach_interval, PASS_TIMERS },
	[ATTACH_SOFTWARE] = { attach_samples, PASS_FORWARD },
	[ATTACH_HARDWARE] = { attach_samples, PASS_FORWARD },
	[ATTACH_WATCHPOINT] = { attach_watchpoint, PASS_FORWARD },
	[ATTACH_ITER] = { attach_iter, PASS_FORWARD },
};

static const struct attach_row *row_of(const struct image_prog *prog)
{
	return prog->attach < ATTACH_KIND_COUNT ? &rows[prog->attach] : NULL;
}

static int attach_prog(struct run *r, uint32_t index)
{
	struct attach_job job = { .index = index, .prog = &r->image->progs.at[index],
				  .prog_fd = r->progs[index].fd };
	const struct attach_row *row = row_of(job.prog);
	int n;

	if (!row || !row->attach || job.prog_fd < 0)
		return 0;
	n = row->attach(r, &job);
	if (n < 0)
		return n;
	r->nr_attached += n;
	if (n)
		attach_explain(r, &job);
	return 0;
}

static enum attach_pass pass_of(const struct run *r, uint32_t index)
{
	const struct attach_row *row = row_of(&r->image->progs.at[index]);

	return row ? row->pass : PASS_NONE;
}

static int attach_in_pass(struct run *r, enum attach_pass pass)
{
	uint32_t n = (uint32_t)r->image->progs.n;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t index = pass == PASS_REVERSE ? n - 1 - i : i;
		int err;

		if (pass_of(r, index) != pass)
			continue;
		if (r->stop_count)
			return -EINTR;
		err = attach_prog(r, index);
		if (err)
			return err;
	}
	return 0;
}

/* What the session runs counts as attached. */
static int count_own(const struct run *r)
{
	size_t n = 0;

	for (uint32_t i = 0; i < r->image->progs.n; i++)
		if (pass_of(r, i) == PASS_NONE)
			n += r->image->progs.at[i].nr_sites;
	return (int)n;
}

static size_t count_sites(const struct run *r)
{
	const struct image_prog *p;
	size_t n = 0;

	vec_each(p, &r->image->progs)
		n += p->nr_sites;
	return n;
}

/* What is open by itself, and what each map, program and site may need. */
enum { FILES_OWN = 100, FILES_PER_PROG = 2 /* itself, its type's target */,
       FILES_PER_SITE = 2 /* a perf event, a link */ };

void run_raise_nofile(const struct run *r)
{
	size_t n = FILES_OWN + r->image->maps.n + r->image->progs.n * FILES_PER_PROG +
		   count_sites(r) * FILES_PER_SITE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || n <= limit.rlim_cur)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int run_attach_all(struct run *r)
{
	size_t nr_sites = count_sites(r);
	int err = 0;

	r->nr_attached = count_own(r);
	for (int pass = PASS_FORWARD; pass < PASS_COUNT && !err; pass++)
		err = attach_in_pass(r, (enum attach_pass)pass);
	if (!err && !r->nr_attached && nr_sites) {
		run_tell(r, SONDE_ERROR, "Attachment failed for all probes");
		err = -ENOENT;
	}
	return err;
}

/* ---- what went wrong ---- */

/* Sentences for errors that strerror does not explain. */
static const struct {
	enum attach_kind kind;		/* ATTACH_NONE: any */
	int error;
	const char *text;
} explanations[] = {
	{ ATTACH_KPROBE, EADDRNOTAVAIL, "several functions of the kernel have this name" },
	{ ATTACH_KPROBE, ENODEV, "this kernel has no kprobes (CONFIG_KPROBES)" },
	{ ATTACH_KPROBE, ENOENT, "the kernel has no such function that can be traced" },
	{ ATTACH_KPROBE, EINVAL, "the kernel does not allow a probe here" },
	{ ATTACH_KPROBE, EILSEQ, "the offset is not the start of an instruction" },
	{ ATTACH_UPROBE, ENODEV, "this kernel has no uprobes (CONFIG_UPROBES)" },
	{ ATTACH_UPROBE, EINVAL, "the kernel does not allow a probe at this offset of the file" },
	{ ATTACH_UPROBE, ATTACH_NOT_SUPPORTED, "the kernel cannot probe the instruction at this "
	  "place" },
	{ ATTACH_UPROBE, ENOEXEC, "what is at this place is not an instruction" },
	{ ATTACH_UPROBE, EFBIG, "its semaphore lies too far into the file" },
	{ ATTACH_UPROBE, EIO, "there is no instruction at this offset of the file" },
	{ ATTACH_TRACEPOINT, E2BIG, "the kernel runs at most 64 programs on one tracepoint" },
	{ ATTACH_TRACEPOINT, ENOENT, "there is no such tracepoint" },
	{ ATTACH_RAW_TRACEPOINT, ENOENT, "there is no such raw tracepoint" },
	{ ATTACH_RAW_TRACEPOINT, EINVAL, "the kernel does not take this program here; one that "
	  "looks further into the arguments than there are is refused" },
	{ ATTACH_FENTRY, E2BIG, "the kernel runs at most 38 programs on one function" },
	{ ATTACH_FENTRY, EINVAL, "the kernel has no place for a program there: the function may "
	  "not be traced, or was for the start only" },
	{ ATTACH_FENTRY, EBUSY, "the function is traced in a way that excludes this one" },
	{ ATTACH_WATCHPOINT, ENOSPC, "no debug register is free; x86-64 has four a CPU" },
	{ ATTACH_WATCHPOINT, EBUSY, "no debug register is free" },
	{ ATTACH_WATCHPOINT, EINVAL, "the processor cannot watch this: the address has to be a "
	  "multiple of the length" },
	{ ATTACH_WATCHPOINT, ENOENT, "the kernel or the machine has no hardware breakpoints" },
	{ ATTACH_WATCHPOINT, EOPNOTSUPP, "the kernel or the machine has no hardware breakpoints" },
	{ ATTACH_HARDWARE, ENOENT, "the processor or the virtual machine does not count it" },
	{ ATTACH_PROFILE, EINVAL, "the kernel does not sample as often as this" },
	{ ATTACH_ITER, E2BIG, "going over one process only (-p, -c) needs iterators with "
	  "parameters, which kernels from 6.1 on have" },
	{ ATTACH_ITER, EINVAL, "the kernel does not have this iterator, or not for one process" },
	{ ATTACH_NONE, EACCES, "not permitted: see /proc/sys/kernel/perf_event_paranoid" },
	{ ATTACH_NONE, EMFILE, "too many open files: raise the limit (ulimit -n)" },
	{ ATTACH_NONE, ATTACH_NOT_SUPPORTED, "this kernel cannot do that" },
	{ ATTACH_NONE, EBUSY, "another program holds it" },
	{ ATTACH_NONE, ESRCH, "there is no such process" },
};

static enum attach_kind family(enum attach_kind kind)
{
	return kind == ATTACH_KRETPROBE ? ATTACH_KPROBE
	     : kind == ATTACH_FEXIT ? ATTACH_FENTRY
	     : attach_is_user(kind) ? ATTACH_UPROBE : kind;
}

/* Whether the program may say what the function returns. */
static bool overrides(const struct image_prog *prog)
{
	for (uint32_t i = 0; i < prog->nr_insns; i++)
		if (prog->insns[i].code == (BPF_JMP | BPF_CALL) && !prog->insns[i].src_reg &&
		    prog->insns[i].imm == BPF_FUNC_override_return)
			return true;
	return false;
}

const char *attach_reason(const struct image_prog *prog, int error)
{
	enum attach_kind kind = family(prog->attach);

	if (kind == ATTACH_KPROBE && error == EINVAL && overrides(prog))
		return "the kernel does not allow override() of this function: "
		       "/sys/kernel/debug/error_injection/list has those that it does";
	for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
		if (explanations[i].error == error &&
		    (explanations[i].kind == ATTACH_NONE || explanations[i].kind == kind))
			return explanations[i].text;
	return error == EPERM ? denied_reason() : strerror(error);
}

/* Where something else helps than to go on without the probe. */
static const struct remedy {
	enum attach_kind kind;
	int error;
	bool of_kind;			/* it is true of all probes of this kind */
	const char *hint;
} remedies[] = {
	{ ATTACH_KPROBE, ENODEV, true, ATTACH_HINT_ELSEWHERE },
	{ ATTACH_UPROBE, ENODEV, true, "sonde --info tells what this machine has and what would "
	  "change it" },
	{ ATTACH_PROFILE, EINVAL, false, "/proc/sys/kernel/perf_event_max_sample_rate says how "
	  "often a second it may be" },
};

static const struct remedy *remedy_find(enum attach_kind kind, int error)
{
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (remedies[i].error == error && remedies[i].kind == family(kind))
			return &remedies[i];
	return NULL;
}

bool attach_is_unfit(const struct image_prog *prog, int err)
{
	enum attach_kind kind = family(prog->attach);

	if (kind == ATTACH_KPROBE)	/* it is on the kernel's list of what may not be probed */
		return err == -EINVAL && !overrides(prog);
	return kind == ATTACH_UPROBE && (err == -ATTACH_NOT_SUPPORTED || err == -ENOEXEC);
}

/* Whether the run ends with this failure. */
static bool ends_run(const struct run *r, const struct attach_job *job,
		     const struct image_site *site, int err)
{
	if (err == -ENOMEM || err == -EMFILE || err == -EPERM)
		return true;
	if (site && site->of_pattern && attach_is_unfit(job->prog, err))
		return false;
	return (site && site->must_exist) || r->image->config.missing_probes == MISSING_ERROR;
}

/* Note that the attach point has no probe, or not at all its places. Was that known? */
static bool note_failure(struct run *r, const struct image_site *site)
{
	bool known = false;

	if (site && site->probe < r->image->probe_names.n) {
		known = r->failed[site->probe];
		r->failed[site->probe] = true;
	}
	return known;
}

/* What cannot be attached: of a wildcard no function is to blame for what all lack. */
static const char *failed_name(const struct run *r, const struct attach_job *job,
			       const struct image_site *site, bool of_kind)
{
	if (of_kind && site && site->of_pattern)
		return attach_is_user(job->prog->attach) ? "what the wildcard found in programs"
							 : "what the wildcard found in the kernel";
	return site && site->probe < r->image->probe_names.n
	       ? r->image->probe_names.at[site->probe] : job->prog->name;
}

int attach_failed(struct run *r, const struct attach_job *job, const struct image_site *site,
		  int err)
{
	const struct remedy *remedy = remedy_find(job->prog->attach, -err);
	bool must = ends_run(r, job, site, err), of_kind = remedy && remedy->of_kind;
	bool *told = &r->no_kind[family(job->prog->attach)];
	bool known = note_failure(r, site) || (of_kind && *told);

	*told |= of_kind;
	if (!must && (known || r->image->config.missing_probes == MISSING_IGNORE))
		return 0;
	run_tell(r, must ? SONDE_ERROR : SONDE_WARNING, "Unable to attach probe: %s: %s",
		 failed_name(r, job, site, of_kind), attach_reason(job->prog, -err));
	if (remedy || must)
		run_tell(r, SONDE_HINT, "%s", remedy ? remedy->hint :
			 "If this is expected, set the 'missing_probes' config variable to "
			 "'warn'.");
	return must ? err : 0;
}
