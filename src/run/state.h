/*
 * What a session consists of; for the files of src/run only.
 *
 * Invariant: every descriptor is -1 or open, every mapping NULL or valid, so
 * that run_close works at any moment.
 */
#ifndef SONDE_RUN_STATE_H
#define SONDE_RUN_STATE_H

#include "base/sbuf.h"
#include "out/value.h"
#include "run/child.h"
#include "run/pace.h"
#include "run/ring.h"
#include "run/run.h"

#include <setjmp.h>
#include <signal.h>

/* A map in the kernel. */
struct run_map {
	int fd;
	uint32_t value_size;	/* as created */
	void *bytes;		/* mapped value of an mmapable array; else NULL */
	size_t mapped_bytes;
};

enum load_form { LOAD_SINGLE, LOAD_MULTI, LOAD_SESSION };

/* A session that the kernel does not take is two programs: the same code, told where it is. */
enum session_half { HALF_BOTH, HALF_ENTRY, HALF_RETURN };

/* A program in the kernel. */
struct run_prog {
	int fd;
	enum load_form form;		/* what kind of link it is loaded for */
	bool is_repeatable;		/* a benchmark that is an XDP program */
	uint64_t misses;		/* recursion misses told so far */
};

/* Descriptors that hold attachments, in the order of attaching. */
struct run_links {
	int *at;
	uint32_t *progs;	/* the program of each */
	size_t n, cap;
	size_t nr_slow;		/* of which take the kernel long to close */
};

/* An iterator, to be read to its end. */
struct run_iter {
	int link_fd;		/* borrowed from the links */
	int fd;			/* -1: not begun */
	uint32_t prog;
};

/* How the run comes to its end. */
enum run_end { RUN_GOES_ON, RUN_EXIT, RUN_STOPPED, RUN_TARGET_GONE, RUN_NOTHING_LEFT };

struct aside;
struct cgroups;
struct packets;
struct symbols;
struct unwinder;

struct run {
	const struct image *image;	/* borrowed */
	struct run_options options;
	struct run_callbacks callbacks;

	struct run_map *maps;		/* owned; one for each image map */
	struct run_prog *progs;		/* owned; one for each image program */
	bool *zeroed;			/* owned; one for each script map: see snapshot.c */
	bool *told;			/* owned; the same: printed, and not emptied since */
	uint64_t *taken;		/* owned; the same: where the ring was at the last take */
	bool *failed;			/* owned; one for each attach point: it is not attached */
	bool told_command;		/* how the command of -c ended */
	bool no_kind[ATTACH_KIND_COUNT];	/* told: no probe of this kind can be attached */
	struct run_links links;		/* owned */
	struct run_iter *iters;	/* owned */
	size_t nr_iters, iters_done, nr_pinned;
	int btf_fd;
	struct ring *ring;		/* owned; NULL: no ring */
	uint64_t ring_bytes;
	struct aside *aside;		/* owned; NULL: no record has taken long */
	bool *slow;			/* owned; one for each action: it may take long */
	char *held;			/* owned: the record that is being handled, of such one */
	size_t held_bytes;
	struct packets *packets;	/* owned; NULL: none will come */
	struct pace pace;
	bool woken;			/* wake_fd says that the ring wants to be looked at */
	struct image_control *control;	/* in the GLOBAL map; NULL: none */
	uint64_t *losses;		/* u64[nr_progs][IMAGE_LOSS_COUNT], mapped; or NULL */
	uint64_t *losses_told;		/* owned; of the same shape */
	uint64_t *failures_told;		/* owned; how often each failure has been told */
	uint64_t lost_total;
	int64_t next_misses_ns;		/* when to ask for recursion misses again */

	int epoll_fd, wake_fd, pid_fd;	/* pid_fd: the process of -p */
	volatile sig_atomic_t stop_count;	/* set by run_stop */
	volatile sig_atomic_t signal_count;	/* set by run_signal */
	sig_atomic_t signals_done;
	sig_atomic_t stops_asked;	/* stop_count when the last name was asked for */
	sig_atomic_t stops_spent;	/* how many of them only ended the wait for a server */
	int64_t servers_until_ns;	/* servers are waited for, after a stop; 0: not asked yet */
	bool told_servers;		/* that time is over */

	enum run_end end;
	int64_t drain_until_ns;		/* what was recorded before a stop has until then; 0: no
					   stop, or that is over */
	bool finishing;			/* end probes run now: records of others are dropped */
	int exit_code;
	uint64_t dropped;		/* records not delivered after the end */
	int nr_attached;
	uint64_t nr_errors;	/* errorf() so far */
	int possible_cpus;		/* 0: not asked yet */
	int kprobe_pmu, uprobe_pmu;	/* 0: not asked yet; or a negative errno */

	struct sbuf text;		/* of one event */
	struct arena work;		/* of one event; reset after it */
	struct arena read;		/* of run_map_read */
	struct arena keys;		/* of some entries of a map */
	struct value_decoder decoder;
	struct symbols *symbols;	/* owned; opened when first needed */
	bool notes_running;		/* not all that ran at the start has been looked at */
	struct cgroups *cgroups;	/* owned; the same */
	struct unwinder *unwinder;	/* owned; NULL: no stack is unwound */
	bool out_of_memory;
};

int64_t run_now_ns(void);	/* CLOCK_MONOTONIC */

/* ---- messages (message.c) ---- */

void run_tell(struct run *r, enum sonde_severity severity, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether a value is named by symbols: of the kernel, or of programs (hooks.c). */
bool run_has_symbols(const struct value_layout *layout);

/* ---- loading (load.c) ---- */

int run_load_maps(struct run *r);
int run_load_progs(struct run *r);

/* Load program `index`, for this kind of link; replaces what was loaded. */
int run_load_prog(struct run *r, uint32_t index, enum load_form form, enum session_half half);

/* In the best form that the kernel takes it. */
int run_load_best(struct run *r, uint32_t index, enum session_half half);

/* ---- attaching (attach.c) ---- */

/* Before anything is loaded: as many files as the script needs may be open. */
void run_raise_nofile(const struct run *r);
int run_attach_all(struct run *r);

/* Keep a descriptor that holds an attachment of program `index`; it is taken
 * over. `slow`: closing it waits for the kernel. */
int run_links_add(struct run *r, uint32_t index, int fd, bool slow);

/* End the watchpoints at an address. */
void run_unwatch(struct run *r, uint64_t address);

/* Run programs of this kind in this process. Returns how many, or -errno. */
int run_test_run(struct run *r, enum attach_kind kind);

/* ---- tests and benchmarks (trial.c) ---- */

/* Run those of the session's purpose and tell of them; the session's exit code is 1 if
 * one failed. Returns how many, or a negative errno. */
int run_trials(struct run *r);

/* Handle all records that are in the ring (run.c). */
void run_read_all(struct run *r);

/* ---- iterators (iterate.c) ---- */

/* Take the next lot of objects: 1; 0: there are no more; or a negative errno. */
int run_iterate(struct run *r);

/* Are there iterators that are not at their end? */
bool run_iterates(const struct run *r);

void run_iters_close(struct run *r);

/* ---- events (record.c, action.c) ---- */

/* Say which actions may take long. Returns 0 or -ENOMEM. */
int run_find_slow_actions(struct run *r);

/* Handle one record of the ring: a ring_fn whose `arg` is the session. */
int run_record(void *arg, const void *data, size_t size_bytes);

void run_emit(struct run *r, const struct sonde_event *event);

/* A place for an event; what it points to lies in the image and the work arena. */
struct sonde_place run_place(struct run *r, const struct image_place *p);

/* ---- maps (snapshot.c, take.c) ---- */

/* An entry as bytes: the key, which may end early (the rest is zeros), and the values of
 * all CPUs made one. */
struct raw_entry {
	char *bytes;
	uint32_t key_size, value_at;
};

/* Entries of a script map, merged over CPUs, sorted, in an arena. */
struct snapshot {
	struct sonde_map_entry *entries;
	size_t n;
	const struct raw_entry *raw;	/* NULL, or: what the entries are to be decoded from */
};

#define MAP_BATCH 128	/* entries that are decoded at a time, only to be printed */

/* Decode `n` raw entries from number `from` on; what was decoded by the last call is gone.
 * Returns 0 or a negative errno. */
int run_snapshot_batch(struct run *r, const struct script_map *m, const struct snapshot *s,
		       size_t from, size_t n, struct sonde_map_entry *entries);

int run_snapshot(struct run *r, const struct script_map *m, struct arena *arena,
		 struct snapshot *out);

/* The same, and nothing of it is left in the map: what programs count while it
 * is read is in this snapshot or the next. `keep_keys`: zero the values. */
int run_take(struct run *r, const struct script_map *m, bool keep_keys, struct arena *arena,
	     struct snapshot *out);

/* Until programs that run now have ended. */
void run_await_programs(struct run *r);

int run_map_clear(struct run *r, const struct script_map *m);
int run_map_zero(struct run *r, const struct script_map *m);

/* ---- what the decoder asks for (hooks.c) ---- */

struct value_hooks run_hooks(struct run *r);
void run_hooks_close(struct run *r);

/* Before anything is attached or let go: watch the processes whose symbols the
 * script prints, if it does, since they may have ended when their addresses are
 * to be named. Then, some times a second, follow them. */
void run_watch_users(struct run *r);
void run_follow_users(struct run *r);

/* ---- losses (loss.c) ---- */

/* Tell of events lost since the last call; `all`: also of what else failed, and
 * ask the kernel for recursion misses whatever the time. */
void run_tell_losses(struct run *r, bool all);
void run_tell_total_loss(struct run *r);

#endif
