/*
 * What was lost or failed, and telling of it.
 *
 * Programs count what they could not do, by program and cause, in one array
 * that is mapped here; the kernel counts the times that it skipped a program
 * which met itself on a CPU, or a kprobe within another. All only grow; what is
 * new since the last look is told as an event.
 */
#include "kernel/bpf_call.h"
#include "out/print.h"
#include "run/state.h"

#include <errno.h>
#include <setjmp.h>
#include <string.h>
#include <time.h>

#define MISSES_EVERY_NS 1000000000

/* Reads that failed lose no event: they are told in sum, at the end. */
static const struct {
	const char *text;
	bool is_event;
} causes[] = {
	[SONDE_LOSS_RING]	= { "the event buffer was full", true },
	[SONDE_LOSS_SCRATCH]	= { "no scratch memory was free", true },
	[SONDE_LOSS_READ]	= { "reads of memory failed", false },
	[SONDE_LOSS_RECURSION]	= { "the program was running already", true },
	[SONDE_LOSS_NESTED]	= { "the probe was hit within another one", true },
};

static const enum sonde_loss counted[IMAGE_LOSS_COUNT] = {
	[IMAGE_LOSS_RING] = SONDE_LOSS_RING,
	[IMAGE_LOSS_SCRATCH] = SONDE_LOSS_SCRATCH,
	[IMAGE_LOSS_READ] = SONDE_LOSS_READ,
	[IMAGE_LOSS_NESTED] = SONDE_LOSS_NESTED,
	[IMAGE_LOSS_RECURSION] = SONDE_LOSS_RECURSION,
};

/* Losses are counted by program, which may serve more attach points than one. */
static void prog_text(struct sbuf *out, const struct image_prog *p)
{
	sbuf_puts(out, p->name);
	if (p->nr_sites > 1)
		sbuf_printf(out, " and %zu other%s", p->nr_sites - 1, p->nr_sites > 2 ? "s" : "");
}

static void tell_loss(struct run *r, size_t prog, enum sonde_loss loss, uint64_t count)
{
	struct sonde_event e = {
		.kind = SONDE_EVENT_LOST, .text = causes[loss].text,
		.len = strlen(causes[loss].text), .loss = loss, .count = count,
	};
	struct sbuf probe = { 0 };

	prog_text(&probe, &r->image->progs.at[prog]);
	e.probe = sbuf_text(&probe);
	if (causes[loss].is_event)
		r->lost_total += count;
	run_emit(r, &e);
	sbuf_close(&probe);
}

static void tell_counters(struct run *r, bool all)
{
	if (!r->losses || !r->losses_told)
		return;
	for (size_t i = 0; i < r->image->progs.n * IMAGE_LOSS_COUNT; i++) {
		uint64_t now = __atomic_load_n(&r->losses[i], __ATOMIC_RELAXED);
		uint64_t count = now - r->losses_told[i];
		enum sonde_loss loss = counted[i % IMAGE_LOSS_COUNT];

		if (!count || (!causes[loss].is_event && (!all || r->options.warnings_level < 1)))
			continue;
		tell_loss(r, i / IMAGE_LOSS_COUNT, loss, count);
		r->losses_told[i] = now;
	}
}

/* ---- helpers that failed ---- */

/* What a helper fails with as a rule, for places that keep no code. */
static int usual_code(const char *helper)
{
	static const struct {
		const char *helper;
		int code;
	} rows[] = {
		{ "map_update_elem", -E2BIG }, { "map_delete_elem", -ENOENT },
		{ "map_lookup_elem", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (helper && !strcmp(helper, rows[i].helper))
			return rows[i].code;
	return -EFAULT;
}

/* Once when it fails for the first time; how often besides, at the end. */
static void tell_failure(struct run *r, const struct image_failure *f, uint64_t *told, bool all)
{
	const uint64_t *words = (const uint64_t *)(const void *)((const char *)r->control +
								 f->offset);
	uint64_t count = __atomic_load_n(&words[0], __ATOMIC_RELAXED) - *told;
	struct sonde_event e = {
		.kind = f->text ? SONDE_EVENT_RUNTIME_ERROR : SONDE_EVENT_HELPER_ERROR,
		.name = f->helper, .place = run_place(r, &f->place),
		.probe = f->prog < r->image->progs.n ? r->image->progs.at[f->prog].name : NULL,
		.return_code = __atomic_load_n((const int32_t *)&words[1], __ATOMIC_RELAXED),
	};

	if (!count || (*told && !all))
		return;
	if (!e.return_code)
		e.return_code = usual_code(f->helper);
	e.text = f->text ? f->text : print_helper_reason(e.name, e.return_code);
	e.count = *told ? count : 1;
	if (*told)
		e.text = arena_printf(&r->work, "%s (%llu more time%s)", e.text,
				      (unsigned long long)count, count == 1 ? "" : "s");
	e.len = strlen(e.text);
	run_emit(r, &e);
	*told += e.count;
}

static void tell_each_failure(struct run *r, bool all)
{
	for (size_t i = 0; i < r->image->failures.n; i++) {
		tell_failure(r, &r->image->failures.at[i], &r->failures_told[i], all);
		if (all)
			tell_failure(r, &r->image->failures.at[i], &r->failures_told[i], all);
	}
}

static void tell_failures(struct run *r, bool all)
{
	jmp_buf oom;

	if (!r->control || !r->failures_told || r->options.warnings_level < 1)
		return;
	if (!setjmp(oom)) {
		arena_on_oom(&r->work, &oom);
		tell_each_failure(r, all);
	}
	arena_on_oom(&r->work, NULL);
	arena_reset(&r->work);
}

static void tell_misses(struct run *r, bool all)
{
	int64_t now = run_now_ns();

	if (!all && now < r->next_misses_ns)
		return;
	r->next_misses_ns = now + MISSES_EVERY_NS;
	for (size_t i = 0; i < r->image->progs.n; i++) {
		struct bpf_prog_facts facts;

		if (r->progs[i].fd < 0 || bpf_call_prog_info(r->progs[i].fd, &facts))
			continue;
		if (facts.recursion_misses <= r->progs[i].misses)
			continue;
		tell_loss(r, i, SONDE_LOSS_RECURSION,
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
			tell_loss(r, prog, SONDE_LOSS_NESTED, missed);
	}
}

void run_tell_losses(struct run *r, bool all)
{
	tell_counters(r, all);
	tell_failures(r, all);
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
