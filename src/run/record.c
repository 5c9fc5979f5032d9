/*
 * One record of the ring to an event.
 *
 * In: a record's bytes, never trusted in length or index, and the image's
 * action for it. Out: what the action does with it (action.c). Nothing is
 * allocated but in the session's work arena, which keeps its memory from record
 * to record.
 */
#include "run/action.h"

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
	return action_run(r, &in);
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
	arena_on_oom(&r->work, NULL);
	arena_reset(&r->work);
	return stop;
}
