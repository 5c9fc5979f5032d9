/*
 * A session: a compiled script loaded, attached, followed and ended.
 *
 * In: an image, options, and whom to tell. Out: events (what the script
 * printed, as typed values) and messages (what went wrong, in words), both by
 * callback, in order. Nothing here prints, and nothing knows the compiler.
 *
 *	run_open -> run_load -> run_attach -> run_poll ... -> run_finish -> run_close
 *
 * A session belongs to one thread, but for run_stop and run_signal. Functions
 * return 0 (or a count) or a negative errno; when an errno would not explain
 * itself, a message came before it.
 */
#ifndef SONDE_RUN_RUN_H
#define SONDE_RUN_RUN_H

#include "base/debug_dirs.h"
#include "image/image.h"
#include "sonde.h"

#include <sys/types.h>

struct run;
struct child;

struct run_options {
	pid_t pid;		/* trace this process and end with it; 0: all */
	struct child *child;	/* borrowed: the command to trace, parked; or NULL */
	int warnings_level;	/* as in struct sonde_options */
	bool verbose;		/* the verifier's log after a refusal */
	bool no_kprobe_multi, no_uprobe_multi;	/* one link for each function */
	bool text_only;		/* printf events come without their values, which is quicker */
	bool map_batches;	/* a map may be told of by several events (map_goes_on) */
	bool wants_frames;	/* stacks come with what is known of each frame */
	struct debug_dirs debug_dirs;
	const int *unwind_pids;	/* as in struct sonde_options */
	size_t nr_unwind_pids;
	enum sonde_purpose purpose;
	bool dry_run;		/* as in struct sonde_options */
	bool wait_detach;	/* run_close returns when all is detached */
};

/* Texts and values are valid during the call only. */
struct run_callbacks {
	void *arg;
	void (*event)(void *arg, const struct sonde_event *event);
	void (*message)(void *arg, enum sonde_severity severity, const char *text);
};

/* The image, the strings in the options and the callbacks' argument stay the
 * caller's and must outlive the session. */
int run_open(struct run **out, const struct image *image, const struct run_options *options,
	     const struct run_callbacks *callbacks);

/* Create maps, load programs, run begin probes. */
int run_load(struct run *r);

/* Attach, let the child go, tell of it (SONDE_EVENT_ATTACHED). Returns the
 * number of attach points. -EINTR: told to stop meanwhile. */
int run_attach(struct run *r);

/* Wait at most timeout_ms (-1: no limit) and handle what came. Returns 1 while
 * the run goes on, 0 when it has ended, or a negative errno. */
int run_poll(struct run *r, int timeout_ms);

/* Readable when run_poll has something to do; -1 before run_load. */
int run_poll_fd(const struct run *r);

/* As Ctrl-C does; run self:signal probes. Both are safe in signal handlers. */
void run_stop(struct run *r);
void run_signal(struct run *r);

/* Stop the programs, deliver what was recorded, run end probes, tell of losses,
 * SONDE_EVENT_RESULTS, then one SONDE_EVENT_MAP for each map with entries if the
 * script is to print them, then SONDE_EVENT_END. Returns the script's exit code.
 * Told to stop once more meanwhile, it leaves out the maps. */
int run_finish(struct run *r);

/* What was recorded has been delivered: what comes now are results. */
bool run_has_results(const struct run *r);

/* Entries of a map now, merged and sorted; valid until the next call on the
 * session. -ENOENT: no map of that name. */
int run_map_read(struct run *r, const char *name, const struct sonde_map_entry **entries,
		 size_t *nr_entries);

/* At any point of its life; takes NULL. What is slow to detach is left to a
 * process in the background (see run/detach.h). */
void run_close(struct run *r);

#endif
