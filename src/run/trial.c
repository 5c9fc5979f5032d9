/*
 * Tests and benchmarks: programs that are run here and now instead of being
 * attached.
 *
 * A benchmark is loaded as an XDP program where the kernel allows that, since the
 * kernel repeats such a program itself and takes the time without the call's own.
 * Where it does not (fewer helpers may be called), the program is a raw tracepoint's
 * like all that the session runs itself, each run is a call, and what a call takes that
 * does nothing is subtracted.
 */
#include "kernel/bpf_call.h"
#include "run/state.h"

#include <errno.h>
#include <string.h>

#define LONG_ENOUGH_NS 1000000
#define MAX_REPEAT 100000000
#define NR_IDLE_CALLS 1000

/* One program's result. */
struct trial {
	uint32_t prog;
	const char *name;
	uint32_t retval;
	uint64_t duration_ns, count;
	uint64_t errors_before;
};

/* The session as it was before the last test: exit() ends that only. */
static void begin_trial(struct run *r, struct trial *t, enum sonde_event_kind kind)
{
	const struct sonde_event e = { .kind = kind, .name = t->name };

	r->end = RUN_GOES_ON;
	if (r->control)
		__atomic_store_n(&r->control->stopped, 0, __ATOMIC_SEQ_CST);
	t->errors_before = r->nr_errors;
	run_emit(r, &e);
}

/* Whether it ended well, when its records have been read. */
static bool is_good(struct run *r, const struct trial *t)
{
	int code;

	run_read_all(r);
	code = r->exit_code;
	if (r->control && r->end == RUN_GOES_ON)
		code |= (int)(r->control->exit_code & 0xff);
	r->exit_code = 0;
	if (r->control)
		r->control->exit_code = 0;
	return !code && r->nr_errors == t->errors_before;
}

static int call_once(struct run *r, struct trial *t)
{
	const uint64_t ctx[2] = { 0 };
	int64_t start = run_now_ns();
	int err = bpf_call_prog_run(r->progs[t->prog].fd, ctx, sizeof(ctx), &t->retval);

	t->duration_ns = (uint64_t)(run_now_ns() - start);
	if (err)
		run_tell(r, SONDE_ERROR, "could not run %s: %s",
			 r->image->progs.at[t->prog].name, strerror(-err));
	return err;
}

/* Returns 1 if it failed, 0, or a negative errno. */
static int run_test(struct run *r, struct trial *t)
{
	struct sonde_event e = { .kind = SONDE_EVENT_TEST_RESULT, .name = t->name };
	int err;

	begin_trial(r, t, SONDE_EVENT_TEST_BEGIN);
	err = call_once(r, t);
	e.return_code = !is_good(r, t) || err || t->retval;
	e.duration_ns = t->duration_ns;
	run_emit(r, &e);
	return e.return_code;
}

/* ---- benchmarks ---- */

/* What a call takes that ends at once: of a program that has been told to stop. */
static uint64_t idle_call_ns(struct run *r, const struct trial *t)
{
	struct trial idle = *t;
	uint64_t best = UINT64_MAX;

	if (!r->control)
		return 0;
	__atomic_store_n(&r->control->stopped, 1, __ATOMIC_SEQ_CST);
	for (int i = 0; i < NR_IDLE_CALLS; i++)
		if (!call_once(r, &idle) && idle.duration_ns < best)
			best = idle.duration_ns;
	__atomic_store_n(&r->control->stopped, 0, __ATOMIC_SEQ_CST);
	return best;
}

static int call_often(struct run *r, struct trial *t, uint32_t repeat, uint64_t idle_ns)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < repeat; i++) {
		int err = call_once(r, t);

		if (err)
			return err;
		sum += t->duration_ns > idle_ns ? t->duration_ns - idle_ns : 0;
		if (t->retval)
			break;
	}
	t->duration_ns = sum / repeat;
	return 0;
}

/* The kernel ends repeated calls for a signal, such as that of Ctrl-C. */
static bool is_interrupted(const struct run *r, int err)
{
	return err == -EINTR && r->stop_count;
}

static int repeat_run(struct run *r, struct trial *t, uint32_t repeat, uint64_t idle_ns)
{
	uint32_t mean_ns = 0;
	int err;

	t->count = repeat;
	if (!r->progs[t->prog].is_repeatable)
		return call_often(r, t, repeat, idle_ns);
	err = bpf_call_prog_repeat(r->progs[t->prog].fd, repeat, &t->retval, &mean_ns);
	if (err && !is_interrupted(r, err))
		run_tell(r, SONDE_ERROR, "could not run %s: %s",
			 r->image->progs.at[t->prog].name, strerror(-err));
	t->duration_ns = mean_ns;
	return err;
}

/* How often next, to come near a time that can be measured. */
static uint32_t more(uint32_t repeat, uint64_t total_ns)
{
	uint64_t next = repeat * (total_ns < 1000 ? 1000ull : total_ns < 10000 ? 100ull :
				  total_ns < 100000 ? 10ull : 2ull);

	return next > MAX_REPEAT ? MAX_REPEAT : (uint32_t)next;
}

/* Returns 1 if it failed, 0, or a negative errno. One that returns something is left
 * out, and one that is interrupted. */
static int run_benchmark(struct run *r, struct trial *t)
{
	struct sonde_event e = { .kind = SONDE_EVENT_BENCH_RESULT, .name = t->name };
	uint64_t idle_ns = r->progs[t->prog].is_repeatable ? 0 : idle_call_ns(r, t);
	uint32_t repeat = 1;
	bool failed = false, is_long = false;

	begin_trial(r, t, SONDE_EVENT_BENCH_BEGIN);
	while (!failed && !is_long && !t->retval) {
		int err = repeat_run(r, t, repeat, idle_ns);

		if (is_interrupted(r, err))
			return 0;
		failed = err || !is_good(r, t);
		is_long = t->duration_ns * repeat >= LONG_ENOUGH_NS || repeat == MAX_REPEAT ||
			  r->stop_count;
		repeat = more(repeat, t->duration_ns * repeat);
	}
	run_tell_losses(r, true);
	e.return_code = failed || t->retval;
	e.duration_ns = t->duration_ns;
	e.count = t->count;
	run_emit(r, &e);
	if (failed)
		run_tell(r, SONDE_ERROR, "Benchmark '%s' failed.", t->name);
	return failed;
}

/* ---- all ---- */

static const struct purpose {
	enum attach_kind kind;
	int (*run)(struct run *r, struct trial *t);
	enum sonde_event_kind end;
} purposes[] = {
	[SONDE_TEST] = { ATTACH_TEST, run_test, SONDE_EVENT_TESTS_END },
	[SONDE_BENCH] = { ATTACH_BENCH, run_benchmark, SONDE_EVENT_BENCHES_END },
};

static int count_trials(const struct run *r, enum attach_kind kind)
{
	int n = 0;

	for (size_t i = 0; i < r->image->progs.n; i++)
		n += r->image->progs.at[i].attach == kind && r->progs[i].fd >= 0;
	return n;
}

int run_trials(struct run *r)
{
	const struct purpose *p = &purposes[r->options.purpose];
	int n = count_trials(r, p->kind);
	const struct sonde_event start = { .kind = SONDE_EVENT_TESTS, .count = (uint64_t)n };
	const struct sonde_event end = { .kind = p->end, .count = (uint64_t)n };
	bool failed = false;

	run_read_all(r);	/* what begin said is no test's */
	r->exit_code = 0;
	if (n && r->options.purpose == SONDE_TEST)
		run_emit(r, &start);
	for (uint32_t i = 0; i < r->image->progs.n && !r->stop_count; i++) {
		const struct image_prog *prog = &r->image->progs.at[i];
		struct trial t = { .prog = i };

		if (prog->attach != p->kind || r->progs[i].fd < 0)
			continue;
		t.name = prog->sites[0].event;
		failed |= p->run(r, &t) != 0;
	}
	if (n)
		run_emit(r, &end);
	/* The last one's exit() is not the session's. */
	if (r->control)
		__atomic_store_n(&r->control->stopped, 0, __ATOMIC_SEQ_CST);
	r->end = RUN_GOES_ON;
	r->exit_code = failed;
	return r->stop_count ? -EINTR : n;
}
