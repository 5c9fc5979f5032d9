/*
 * How each kind of attach point is attached; for src/run only.
 *
 * A function of the table returns how many sites it attached, or a negative
 * errno when the run has to end; a site that fails goes to attach_failed,
 * which tells of it and says whether that ends the run.
 */
#ifndef SONDE_RUN_ATTACH_H
#define SONDE_RUN_ATTACH_H

#include "run/state.h"

struct attach_job {
	uint32_t index;			/* of the program */
	const struct image_prog *prog;
	int prog_fd;
	enum session_half half;
	enum mechanism used;		/* set when something was attached */
	char why[200];			/* why so, if that was found out while attaching */
};

int attach_tracepoints(struct run *r, struct attach_job *job);
int attach_raw_tracepoints(struct run *r, struct attach_job *job);
int attach_tracing(struct run *r, struct attach_job *job);
int attach_samples(struct run *r, struct attach_job *job);
int attach_interval(struct run *r, struct attach_job *job);
int attach_watchpoint(struct run *r, struct attach_job *job);
int attach_iter(struct run *r, struct attach_job *job);
int attach_kprobes(struct run *r, struct attach_job *job);
int attach_uprobes(struct run *r, struct attach_job *job);

/* Attach the job's program to an open perf event, which is taken over: by a
 * link where the kernel has them, else by ioctl. Returns 0 or a negative errno. */
int attach_perf(struct run *r, struct attach_job *job, int event_fd, uint64_t cookie);

/* What helps where functions of the kernel cannot be traced. */
#define ATTACH_HINT_ELSEWHERE "tracepoint, rawtracepoint and uprobe do without; sonde --info " \
	"tells what this machine has and what would change it"

/* Why a program cannot be attached, in words. */
const char *attach_reason(const struct image_prog *prog, int error);

/* What the kernel answers to what it has not learnt; it is its own, errno.h has no name. */
#define ATTACH_NOT_SUPPORTED 524

/* There is an instruction at the place, but not one that the kernel can put a probe at:
 * of the places that a pattern finds some may be such. `err` is negative. False if it is what
 * the program does that the kernel refuses. */
bool attach_is_unfit(const struct image_prog *prog, int err);

/* Tell that a site (NULL: the whole program) could not be attached. Returns 0
 * if the run goes on without it, else `err`. */
int attach_failed(struct run *r, const struct attach_job *job, const struct image_site *site,
		  int err);

/* Tell by what the job's program was attached, with -v. */
void attach_explain(struct run *r, const struct attach_job *job);

/* What the script's settings ask for. */
enum mechanism attach_wanted(const struct run *r, const struct attach_job *job);

/* The process that uprobes and perf events are bound to; 0: all. */
pid_t attach_pid(const struct run *r);

#endif
