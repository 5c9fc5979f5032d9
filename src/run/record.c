/*
 * One record of the ring to an event.
 *
 * In: a record's bytes, never trusted in length or index, and the image's
 * action for it. Out: what the action does with it (action.c). Nothing is
 * allocated but in the session's work arena, which keeps its memory from record
 * to record. What may take long works on a copy of its record, so that the records behind
 * it can be read meanwhile (aside.h).
 */
#include "run/action.h"
#include "run/aside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* After the end only end probes are heard, and after a stop what was recorded for so
 * long only. */
static bool is_late(struct run *r, uint32_t probe)
{
	const struct image_prog *p;

	if (r->drain_until_ns && run_now_ns() >= r->drain_until_ns)
		return true;
	if (r->end != RUN_EXIT || !r->finishing)
		return r->end == RUN_EXIT;
	vec_each(p, &r->image->progs)
		if (p->attach == ATTACH_END && p->nr_sites && p->sites[0].probe == probe)
			return false;
	return true;
}

/* ---- what may take long ---- */

/* Symbols and tables are read from files, maps may be large, commands run for long. */
static bool may_be_slow(const struct image_action *a)
{
	static const bool always[ACTION_KIND_COUNT] = {
		[ACTION_SYSTEM] = true, [ACTION_CAT] = true, [ACTION_PRINT_MAP] = true,
		[ACTION_TAKE] = true, [ACTION_UNWIND] = true,
	};

	if (a->kind < ACTION_KIND_COUNT && always[a->kind])
		return true;
	for (size_t i = 0; i < a->nr_fields; i++)
		if (run_has_symbols(a->fields[i].layout))
			return true;
	return false;
}

int run_find_slow_actions(struct run *r)
{
	size_t n = r->image->actions.n;

	r->slow = calloc(n + 1, sizeof(*r->slow));
	if (!r->slow)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		r->slow[i] = may_be_slow(&r->image->actions.at[i]);
	return 0;
}

/* A copy that stays while the ring goes on; NULL: memory is out. */
static const void *hold(struct run *r, const void *data, size_t size_bytes)
{
	if (r->held_bytes < size_bytes) {
		free(r->held);
		r->held = malloc(size_bytes);
		r->held_bytes = r->held ? size_bytes : 0;
	}
	return r->held ? memcpy(r->held, data, size_bytes) : NULL;
}

static int run_action(struct run *r, struct action_input *in)
{
	const void *held = NULL;

	if (r->ring && r->slow[in->action - r->image->actions.at])
		held = hold(r, in->record, in->size_bytes);
	if (held) {
		in->record = held;
		aside_begin(&r->aside, r->ring);
	}
	return action_run(r, in);
}

/* ---- records ---- */

static int record_handle(struct run *r, const void *data, size_t size_bytes)
{
	const struct image *image = r->image;
	struct action_input in = { .record = data, .size_bytes = size_bytes };
	struct image_record header;

	if (size_bytes < sizeof(header))
		return 0;
	memcpy(&header, data, sizeof(header));
	if (header.action >= image->actions.n)
		return 0;
	if (is_late(r, header.probe)) {
		r->dropped++;
		return 0;
	}
	in.action = &image->actions.at[header.action];
	if (size_bytes < in.action->size_bytes)
		return 0;
	if (image->has_context && size_bytes >= sizeof(header) + sizeof(in.context)) {
		memcpy(&in.context, (const char *)data + sizeof(header), sizeof(in.context));
		in.has_context = true;
	}
	in.probe = header.probe < image->probe_names.n ? image->probe_names.at[header.probe] : NULL;
	return run_action(r, &in);
}

int run_record(void *arg, const void *data, size_t size_bytes)
{
	struct run *r = arg;
	jmp_buf oom;
	int stop;

	arena_on_oom(&r->work, &oom);
	if (setjmp(oom)) {
		r->out_of_memory = true;
		stop = 1;
	} else {
		stop = record_handle(r, data, size_bytes);
	}
	aside_end(r->aside);
	arena_on_oom(&r->work, NULL);
	arena_reset(&r->work);
	return stop;
}
