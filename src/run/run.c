/*
 * A session's life: see run.h.
 *
 * Invariant: `end` only ever goes from RUN_GOES_ON to one of the ends; from
 * then on programs are told to stop, and run_poll says 0.
 */
#include "run/action.h"
#include "run/aside.h"
#include "run/detach.h"
#include "run/packets.h"
#include "run/unwind.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Records handled before run_poll returns, so that output can be flushed and
 * signals seen under any load. */
#define RECORDS_A_POLL 65536
#define RECORDS_A_LOOK 512
#define QUICK_LINKS 8
#define POLL_SLICE_MS 100
#define STOP_DRAIN_MS 200
#define DRAIN_MS 5000
#define MAX_UNREAD_BYTES (1024 * 1024)	/* while nobody looks */

int64_t run_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t now_ms(void)
{
	return run_now_ns() / 1000000;
}

static int64_t wall_offset_ns(void)
{
	struct timespec real, boot;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return ((int64_t)real.tv_sec - boot.tv_sec) * 1000000000 + real.tv_nsec - boot.tv_nsec;
}

/* ---- open and close ---- */

static int alloc_state(struct run *r)
{
	size_t nr_maps = r->image->maps.n, nr_progs = r->image->progs.n;

	r->maps = calloc(nr_maps + 1, sizeof(*r->maps));
	r->progs = calloc(nr_progs + 1, sizeof(*r->progs));
	r->zeroed = calloc(r->image->script_maps.n + 1, sizeof(*r->zeroed));
	r->told = calloc(r->image->script_maps.n + 1, sizeof(*r->told));
	r->taken = calloc(r->image->script_maps.n + 1, sizeof(*r->taken));
	r->failed = calloc(r->image->probe_names.n + 1, sizeof(*r->failed));
	if (!r->maps || !r->progs || !r->zeroed || !r->told || !r->taken || !r->failed ||
	    run_find_slow_actions(r))
		return -ENOMEM;
	for (size_t i = 0; i < nr_maps; i++)
		r->maps[i].fd = -1;
	for (size_t i = 0; i < nr_progs; i++)
		r->progs[i].fd = -1;
	r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return r->wake_fd < 0 ? -errno : 0;
}

int run_open(struct run **out, const struct image *image, const struct run_options *options,
	     const struct run_callbacks *callbacks)
{
	struct run *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->image = image;
	r->options = *options;
	r->callbacks = *callbacks;
	r->btf_fd = r->epoll_fd = r->wake_fd = r->pid_fd = -1;
	arena_init(&r->work);
	arena_init(&r->read);
	arena_init(&r->keys);
	r->decoder.arena = &r->work;
	r->decoder.str_trunc_trailer = image->config.str_trunc_trailer;
	r->decoder.explains = options->verbose;
	r->decoder.wall_offset_ns = wall_offset_ns();
	r->decoder.wants_frames = options->wants_frames;
	r->decoder.hooks = run_hooks(r);
	err = alloc_state(r);
	if (err) {
		run_close(r);
		return err;
	}
	*out = r;
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_maps(struct run *r)
{
	for (size_t i = 0; r->maps && i < r->image->maps.n; i++) {
		if (r->maps[i].bytes)
			munmap(r->maps[i].bytes, r->maps[i].mapped_bytes);
		close_fd(&r->maps[i].fd);
	}
	for (size_t i = 0; r->progs && i < r->image->progs.n; i++)
		close_fd(&r->progs[i].fd);
}

void run_close(struct run *r)
{
	if (!r)
		return;
	if (r->control)
		__atomic_store_n(&r->control->stopped, 1, __ATOMIC_RELEASE);
	aside_close(r->aside);
	ring_close(r->ring);
	run_packets_close(r);
	run_iters_close(r);
	close_maps(r);
	close_fd(&r->btf_fd);
	close_fd(&r->epoll_fd);
	close_fd(&r->wake_fd);
	close_fd(&r->pid_fd);
	/* A few quick ones cost less than a child. */
	detach(r->links.at, r->links.n,
	       r->options.wait_detach || (!r->links.nr_slow && r->links.n <= QUICK_LINKS));
	run_unwind_close(r);
	run_hooks_close(r);
	free(r->links.at);
	free(r->links.progs);
	free(r->losses_told);
	free(r->failed);
	free(r->failures_told);
	free(r->zeroed);
	free(r->told);
	free(r->taken);
	free(r->slow);
	free(r->held);
	free(r->maps);
	free(r->progs);
	sbuf_close(&r->text);
	arena_free(&r->work);
	arena_free(&r->read);
	arena_free(&r->keys);
	free(r);
}

/* ---- load ---- */

static int watch(struct run *r, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0)
		return 0;
	return epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

static int watch_target(struct run *r)
{
	if (r->options.child)
		return watch(r, child_pidfd(r->options.child));
	if (r->options.pid <= 0)
		return 0;
	r->pid_fd = (int)syscall(SYS_pidfd_open, r->options.pid, 0);
	if (r->pid_fd < 0) {
		int err = -errno;

		run_tell(r, SONDE_ERROR, "could not follow process %d: %s", (int)r->options.pid,
			 strerror(-err));
		return err;
	}
	return watch(r, r->pid_fd);
}

static int open_loop(struct run *r)
{
	int err;

	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll_fd < 0)
		return -errno;
	err = watch(r, r->wake_fd);
	if (!err && r->ring)
		err = watch(r, r->maps[r->image->ring_map].fd);
	if (!err)
		err = watch(r, run_packets_fd(r));
	if (!err)
		err = watch_target(r);
	return err;
}

int run_load(struct run *r)
{
	int err;

	run_raise_nofile(r);
	err = run_load_maps(r);
	if (!err)
		err = run_load_progs(r);
	if (!err)
		err = run_packets_open(r);
	if (!err)
		err = open_loop(r);
	if (err)
		return err;
	err = run_test_run(r, ATTACH_BEGIN);
	return err < 0 ? err : 0;
}

/* The attach points by name, but for those that were told to be left out. */
static void emit_attached(struct run *r)
{
	struct sonde_event e = { .kind = SONDE_EVENT_ATTACHED, .count = (uint64_t)r->nr_attached };
	const char **names = calloc(r->image->probe_names.n + 1, sizeof(*names));

	for (size_t i = 0; names && i < r->image->probe_names.n; i++)
		if (!r->failed[i])
			names[e.nr_names++] = r->image->probe_names.at[i];
	e.names = names;
	run_emit(r, &e);
	free(names);
}

static void unwind_child(void *arg)
{
	struct run *r = arg;

	run_unwind_process(r, child_pid(r->options.child));
}

int run_attach(struct run *r)
{
	int err;

	if (r->options.purpose != SONDE_TRACE)
		return run_trials(r);
	run_watch_users(r);
	run_unwind_start(r);
	err = run_attach_all(r);
	if (!err && r->options.dry_run)
		return r->nr_attached;
	if (!err && r->options.child) {
		err = child_release(r->options.child, r->unwinder ? unwind_child : NULL, r);
		if (err)
			run_tell(r, SONDE_ERROR, "could not start the command: %s", strerror(-err));
	}
	if (err)
		return err;
	if (r->nr_attached)
		emit_attached(r);
	return r->nr_attached;
}

/* ---- the loop ---- */

static void wake(struct run *r)
{
	const uint64_t one = 1;

	if (r->wake_fd >= 0 && write(r->wake_fd, &one, sizeof(one)) < 0)
		return;	/* full: it is readable already */
}

void run_stop(struct run *r)
{
	int saved = errno;

	r->stop_count++;
	wake(r);
	errno = saved;
}

void run_signal(struct run *r)
{
	int saved = errno;

	r->signal_count++;
	wake(r);
	errno = saved;
}

int run_poll_fd(const struct run *r)
{
	return r->epoll_fd;
}

static void stop_programs(struct run *r)
{
	if (r->control)
		__atomic_store_n(&r->control->stopped, 1, __ATOMIC_SEQ_CST);
}

/* Its status is not ours: only -v tells it. */
static bool command_has_ended(struct run *r)
{
	int status;

	if (!child_has_ended(r->options.child, &status))
		return false;
	if (r->options.verbose && !r->told_command)
		run_tell(r, SONDE_INFO, WIFSIGNALED(status) ? "The command was ended by signal %d"
			 : "The command exited with status %d",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	r->told_command = true;
	return true;
}

static bool target_is_gone(struct run *r)
{
	struct pollfd fd = { .fd = r->pid_fd, .events = POLLIN };

	if (r->options.child)
		return command_has_ended(r);
	return r->pid_fd >= 0 && poll(&fd, 1, 0) > 0;
}

/* Nothing waits for events, and iterators are at their end. */
static bool only_begin_and_end(const struct run *r)
{
	const struct image_prog *p;

	if (r->options.purpose != SONDE_TRACE)
		return true;
	if (run_iterates(r))
		return false;
	vec_each(p, &r->image->progs)
		if (p->attach != ATTACH_BEGIN && p->attach != ATTACH_END &&
		    p->attach != ATTACH_ITER && p->nr_sites)
			return false;
	return r->nr_iters || r->nr_pinned || (!r->options.child && r->options.pid <= 0);
}

/* An exit() whose record did not fit into the ring still ends the run. */
static bool exit_without_record(struct run *r)
{
	return r->control && __atomic_load_n(&r->control->stopped, __ATOMIC_ACQUIRE);
}

/* Why the run is over, asked when the ring has been read. */
static enum run_end reason_to_end(struct run *r, bool ring_is_empty)
{
	if (r->end != RUN_GOES_ON)
		return r->end;
	if (r->stop_count)
		return RUN_STOPPED;
	if (!ring_is_empty)
		return RUN_GOES_ON;
	if (exit_without_record(r)) {
		r->exit_code = (int)(r->control->exit_code & 0xff);
		return RUN_EXIT;
	}
	if (target_is_gone(r))
		return RUN_TARGET_GONE;
	return only_begin_and_end(r) ? RUN_NOTHING_LEFT : RUN_GOES_ON;
}

/* Read records in small lots, so that a stop is seen soon. */
static size_t read_records(struct run *r, size_t max)
{
	size_t n = 0, got = 0;
	bool stopped = false;
	sig_atomic_t stops = r->stop_count;

	while (r->ring && n < max && !stopped && r->stop_count == stops) {
		got = ring_read(r->ring, RECORDS_A_LOOK, run_record, r, &stopped);
		n += got;
		if (got < RECORDS_A_LOOK)
			break;
	}
	return n;
}

void run_read_all(struct run *r)
{
	while (read_records(r, RECORDS_A_LOOK))
		;
}

static void drain_wake(struct run *r)
{
	uint64_t count;

	while (read(r->wake_fd, &count, sizeof(count)) > 0)
		;
}

static void run_signals(struct run *r)
{
	if (r->signals_done == r->signal_count)
		return;
	r->signals_done = r->signal_count;
	run_test_run(r, ATTACH_SIGNAL);
}

/* While records come fast: the ring's descriptor says nothing. A signal ends the
 * sleep. */
static void rest(struct run *r, int slice_ms)
{
	const struct timespec t = { .tv_nsec = (long)slice_ms * 1000000 };

	if (slice_ms && ring_pending_bytes(r->ring) < MAX_UNREAD_BYTES)
		nanosleep(&t, NULL);
}

/* Wait for something to do, at most one slice: the loss counters and the stop
 * word make no descriptor readable. */
static int wait_slice(struct run *r, int timeout_ms)
{
	struct epoll_event events[4];
	int slice = timeout_ms < 0 || timeout_ms > POLL_SLICE_MS ? POLL_SLICE_MS : timeout_ms;
	int n;

	slice = pace_wait_ms(&r->pace, run_now_ns(), slice);
	if (r->stop_count || r->signals_done != r->signal_count)
		slice = 0;
	if (r->pace.busy && !run_iterates(r)) {
		rest(r, slice);
		return 0;
	}
	if (r->woken) {
		r->woken = false;
		drain_wake(r);
		if (r->stop_count || r->signals_done != r->signal_count)
			slice = 0;
	}
	if (only_begin_and_end(r) || run_iterates(r) || r->notes_running ||
	    (r->ring && ring_has_data(r->ring)))
		slice = 0;
	n = epoll_wait(r->epoll_fd, events, 4, slice);
	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	for (int i = 0; i < n; i++)
		if (events[i].data.fd == r->wake_fd)
			drain_wake(r);
	return n;
}

/* After reading `n` records: whether programs wake us from now on. Sequentially
 * consistent, because after clearing we look once more before we sleep. */
static void set_pace(struct run *r, size_t n)
{
	bool was_busy = r->pace.busy;

	if (!r->ring || !r->control || r->ring_bytes < 2 * MAX_UNREAD_BYTES)
		return;
	pace_note(&r->pace, run_now_ns(), n);
	if (r->pace.busy == was_busy)
		return;
	ring_set_calm(r->ring, r->pace.busy);
	__atomic_store_n(&r->control->ring_flags, r->pace.busy ? BPF_RB_NO_WAKEUP : 0,
			 __ATOMIC_SEQ_CST);
}

/* Whoever waits for our descriptor rather than here must come back when the ring
 * does not tell. */
static void keep_readable(struct run *r)
{
	if (r->woken || !pace_is_unsure(&r->pace, run_now_ns()))
		return;
	r->woken = true;
	wake(r);
}

/* Tables of large programs take long to read: events are not to wait for them. */
static void follow_processes(struct run *r)
{
	bool is_slow = r->ring && (r->unwinder || r->notes_running);

	if (is_slow) {
		ring_rest(r->ring);
		aside_begin(&r->aside, r->ring);
	}
	run_follow_users(r);
	run_unwind_follow(r);
	if (is_slow)
		aside_end(r->aside);
}

/* One turn: wait, read, look whether it is over. Returns 1 if anything came. */
static int turn(struct run *r, int timeout_ms)
{
	/* Asked before reading: what the target did before it ended is then
	 * surely in the ring. */
	int came = wait_slice(r, timeout_ms), err;
	bool gone, empty;
	size_t n;

	if (came < 0)
		return came;
	run_signals(r);
	follow_processes(r);
	gone = exit_without_record(r) || target_is_gone(r);
	err = run_iterate(r);
	if (err < 0)
		return err;
	n = read_records(r, RECORDS_A_POLL);
	run_packets_read(r);
	set_pace(r, n);
	if (r->out_of_memory)
		return -ENOMEM;
	run_tell_losses(r, false);
	empty = !run_iterates(r) && (gone || only_begin_and_end(r)) &&
		(!r->ring || !ring_pending_bytes(r->ring));
	r->end = reason_to_end(r, empty);
	return came > 0 || n > 0;
}

int run_poll(struct run *r, int timeout_ms)
{
	int64_t until = timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;

	if (r->epoll_fd < 0)
		return -EINVAL;
	while (r->end == RUN_GOES_ON) {
		int64_t left = timeout_ms < 0 ? POLL_SLICE_MS : until - now_ms();
		int did = turn(r, left > 0 ? (int)left : 0);

		if (did < 0)
			return did;
		if (r->end != RUN_GOES_ON)
			break;
		if (did || (timeout_ms >= 0 && now_ms() >= until)) {
			keep_readable(r);
			return 1;
		}
	}
	stop_programs(r);
	return 0;
}

/* ---- finish ---- */

/* Deliver what was recorded, but not for longer than this. A record that is
 * still being written is waited for. */
static void drain(struct run *r, int limit_ms)
{
	int64_t until = run_now_ns() + (int64_t)limit_ms * 1000000;

	r->drain_until_ns = r->end == RUN_STOPPED && !r->finishing ? until : 0;
	while (r->ring && ring_pending_bytes(r->ring) && !r->out_of_memory &&
	       run_now_ns() < until)
		read_records(r, RECORDS_A_LOOK);
	r->drain_until_ns = 0;
}

static int drop_record(void *arg, const void *data, size_t size_bytes)
{
	struct run *r = arg;

	(void)data;
	(void)size_bytes;
	r->dropped++;
	return 0;
}

static void tell_dropped(struct run *r)
{
	if (r->ring && ring_has_data(r->ring))
		while (ring_read(r->ring, RECORDS_A_LOOK, drop_record, r, NULL))
			;
	if (r->dropped && r->end == RUN_STOPPED)
		run_tell(r, SONDE_WARNING, "stopped: %llu events that were recorded before are not "
			 "shown", (unsigned long long)r->dropped);
}

bool run_has_results(const struct run *r)
{
	return r->finishing;
}

static int compare_maps(const void *a, const void *b)
{
	const struct script_map *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void print_map(struct run *r, const struct script_map *m)
{
	struct snapshot s = { 0 };
	int err = run_snapshot(r, m, &r->work, &s);

	if (err)
		run_tell(r, SONDE_WARNING, "could not read map @%s: %s", m->name, strerror(-err));
	else if (s.n || value_map_kind(m->value) == SONDE_MAP_STATS)
		action_emit_map(r, m, &s);
	arena_reset(&r->work);
}

static int print_maps(struct run *r)
{
	size_t n = r->image->script_maps.n;
	const struct script_map **order = calloc(n + 1, sizeof(*order));
	sig_atomic_t stops = r->stop_count - r->stops_spent;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		order[i] = &r->image->script_maps.at[i];
	qsort(order, n, sizeof(*order), compare_maps);
	for (size_t i = 0; i < n && r->stop_count - r->stops_spent == stops; i++)
		print_map(r, order[i]);
	free(order);
	return 0;
}

/* print_maps with a place to go when memory is out. */
static int print_maps_safely(struct run *r)
{
	jmp_buf oom;
	int err;

	arena_on_oom(&r->work, &oom);
	if (setjmp(oom))
		err = -ENOMEM;
	else
		err = print_maps(r);
	arena_on_oom(&r->work, NULL);
	return err;
}

static bool wants_maps(const struct run *r)
{
	return r->image->config.print_maps_on_exit && r->options.purpose == SONDE_TRACE;
}

static void emit_end(struct run *r, int status)
{
	static const char *const reasons[] = {
		[RUN_GOES_ON] = "stopped", [RUN_EXIT] = "exit", [RUN_STOPPED] = "stopped",
		[RUN_TARGET_GONE] = "target ended", [RUN_NOTHING_LEFT] = "nothing left",
	};
	struct sonde_event e = {
		.kind = SONDE_EVENT_END, .text = reasons[r->end], .len = strlen(reasons[r->end]),
		.return_code = status, .count = r->lost_total, .dropped = r->dropped,
	};

	run_emit(r, &e);
}

int run_finish(struct run *r)
{
	const struct sonde_event results = { .kind = SONDE_EVENT_RESULTS };
	sig_atomic_t stops;
	int err;

	stop_programs(r);
	if (r->end == RUN_GOES_ON)
		r->end = RUN_STOPPED;
	drain(r, r->end == RUN_STOPPED ? STOP_DRAIN_MS : DRAIN_MS);
	tell_dropped(r);
	r->finishing = true;
	err = run_test_run(r, ATTACH_END);
	drain(r, DRAIN_MS);
	run_packets_read(r);
	run_tell_losses(r, true);
	run_tell_total_loss(r);
	stops = r->stop_count;
	run_emit(r, &results);
	if (wants_maps(r) && r->stop_count == stops && !r->out_of_memory) {
		int failed = print_maps_safely(r);

		err = err < 0 ? err : failed;
	}
	if (r->out_of_memory)
		err = -ENOMEM;
	if (err >= 0)
		err = r->exit_code;
	emit_end(r, err);
	return err;
}
