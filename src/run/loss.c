/*
 * What was lost, and telling of it.
 *
 * Programs count what they could not do, by program and cause, in one array
 * that is mapped here; the kernel counts the times that it skipped a program
 * which met itself on a CPU, or a kprobe within another. All only grow; what is
 * new since the last look is told as an event.
 */
#include "kernel/bpf_call.h"
#include "run/state.h"

#include <string.h>
#include <time.h>

#define MISSES_EVERY_NS 1000000000

/* `is_event`: a whole event is missing, which is told at once; else a piece of
 * one. */
static const struct {
	const char *text;
	bool is_event;
} causes[IMAGE_LOSS_COUNT] = {
	[IMAGE_LOSS_RING] = { "the event buffer was full", true },
	[IMAGE_LOSS_MAP_FULL] = { "updates lost because a map was full (see max_map_keys)", false },
	[IMAGE_LOSS_MAP_ERROR] = { "updates of a map failed", false },
	[IMAGE_LOSS_READ] = { "reads of memory failed", false },
	[IMAGE_LOSS_SCRATCH] = { "no scratch memory was free", true },
	[IMAGE_LOSS_STACK] = { "stacks could not be read", false },
};

static void tell_event(struct run *r, size_t prog, const char *cause, uint64_t count)
{
	const struct sonde_event e = {
		.kind = SONDE_EVENT_LOST, .text = cause, .len = strlen(cause),
		.probe = r->image->progs.at[prog].name, .count = count,
	};

	r->lost_total += count;
	run_emit(r, &e);
}

static void tell_counters(struct run *r, bool all)
{
	if (!r->losses || !r->losses_told)
		return;
	for (size_t i = 0; i < r->image->progs.n * IMAGE_LOSS_COUNT; i++) {
		uint64_t now = __atomic_load_n(&r->losses[i], __ATOMIC_RELAXED);
		uint64_t count = now - r->losses_told[i];
		size_t prog = i / IMAGE_LOSS_COUNT, cause = i % IMAGE_LOSS_COUNT;

		/* Pieces are told when one is lost for the first time, and how
		 * many at the end. */
		if (!count || (!causes[cause].is_event && !all &&
			       (cause == IMAGE_LOSS_READ || r->losses_told[i])))
			continue;
		if (causes[cause].is_event)
			tell_event(r, prog, causes[cause].text, count);
		else
			run_tell(r, SONDE_WARNING, "%s: %llu %s", r->image->progs.at[prog].name,
				 (unsigned long long)count, causes[cause].text);
		r->losses_told[i] = now;
	}
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void tell_misses(struct run *r, bool all)
{
	int64_t now = now_ns();

	if (!all && now < r->next_misses_ns)
		return;
	r->next_misses_ns = now + MISSES_EVERY_NS;
	for (size_t i = 0; i < r->image->progs.n; i++) {
		struct bpf_prog_facts facts;

		if (r->progs[i].fd < 0 || bpf_call_prog_info(r->progs[i].fd, &facts))
			continue;
		if (facts.recursion_misses <= r->progs[i].misses)
			continue;
		tell_event(r, i, "the program was running already",
			   facts.recursion_misses - r->progs[i].misses);
		r->progs[i].misses = facts.recursion_misses;
	}
}

static bool is_kprobe(const struct image_prog *p)
{
	return p->attach == ATTACH_KPROBE || p->attach == ATTACH_KRETPROBE;
}

/* Probes that were hit while another ran on the same CPU, by program. */
static void tell_missed_probes(struct run *r)
{
	for (size_t i = 0; i < r->links.n;) {
		uint32_t prog = r->links.progs[i];
		uint64_t missed = 0;

		for (; i < r->links.n && r->links.progs[i] == prog; i++)
			if (is_kprobe(&r->image->progs.at[prog]))
				missed += bpf_call_link_missed(r->links.at[i]);
		if (missed)
			tell_event(r, prog, "the probe was hit within another one", missed);
	}
}

void run_tell_losses(struct run *r, bool all)
{
	tell_counters(r, all);
	tell_misses(r, all);
	if (all)
		tell_missed_probes(r);
}

void run_tell_total_loss(struct run *r)
{
	if (r->lost_total)
		run_tell(r, SONDE_WARNING, "Total lost event count: %llu",
			 (unsigned long long)r->lost_total);
}
