/*
 * Stacks in the format of speedscope.app: JSON by
 * https://www.speedscope.app/file-format-schema.json, a profile for each map.
 */
#include "out/profile.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define SCHEMA "https://www.speedscope.app/file-format-schema.json"

static json_t *text_of(const char *text)
{
	struct sbuf clean = { 0 };
	json_t *json;

	profile_text(&clean, text);
	json = json_stringn(sbuf_text(&clean), clean.len);
	sbuf_close(&clean);
	return json;
}

/* JSON's numbers are signed here, and readers take them for doubles anyway. */
static json_t *number_of(uint64_t n)
{
	return n <= INT64_MAX ? json_integer((json_int_t)n) : json_real((double)n);
}

/* All functions, by their rank. */
static json_t *frames_of(const struct profile_view *v)
{
	json_t *frames = json_array();

	for (size_t i = 0; i < v->nr_functions; i++)
		json_array_append_new(frames, json_null());
	for (size_t i = 0; i < v->nr_functions; i++) {
		const struct profile_function *f = &v->functions[i];
		const char *file = f->file ? f->file : f->kind == PROFILE_PART ? NULL : f->module;
		json_t *frame = json_object();

		json_object_set_new(frame, "name", text_of(f->name));
		if (file)
			json_object_set_new(frame, "file", text_of(file));
		json_array_set_new(frames, f->rank, frame);
	}
	return frames;
}

static json_t *stack_of(const struct profile_view *v, const struct profile_sample *s)
{
	json_t *stack = json_array();

	for (uint32_t i = 0; i < s->nr_sites; i++)
		json_array_append_new(stack, json_integer(
			v->functions[v->sites[s->sites[i]].function].rank));
	return stack;
}

/* The samples of one map, from number *at on. */
static json_t *profile_of(const struct profile_view *v, size_t *at)
{
	json_t *samples = json_array(), *weights = json_array();
	uint32_t map = v->samples[*at].map;
	uint64_t total = 0;

	for (; *at < v->nr_samples && v->samples[*at].map == map; ++*at) {
		const struct profile_sample *s = &v->samples[*at];

		json_array_append_new(samples, stack_of(v, s));
		json_array_append_new(weights, number_of(s->weight));
		total = s->weight > UINT64_MAX - total ? UINT64_MAX : total + s->weight;
	}
	return json_pack("{s:s, s:o, s:s, s:i, s:o, s:o, s:o}", "type", "sampled", "name",
			 text_of(v->maps[map]), "unit", "none", "startValue", 0, "endValue",
			 number_of(total), "samples", samples, "weights", weights);
}

static int add_text(const char *text, size_t len, void *arg)
{
	sbuf_add(arg, text, len);
	return 0;
}

void profile_speedscope(struct sbuf *out, const struct profile_view *v)
{
	json_t *profiles = json_array(), *all;
	size_t at = 0;

	while (at < v->nr_samples)
		json_array_append_new(profiles, profile_of(v, &at));
	all = json_pack("{s:s, s:s, s:s, s:i, s:{s:o}, s:o}", "$schema", SCHEMA, "exporter",
			"sonde", "name", "sonde", "activeProfileIndex", 0, "shared", "frames",
			frames_of(v), "profiles", profiles);
	if (!all || json_dump_callback(all, add_text, out, JSON_COMPACT))
		out->failed = true;
	sbuf_putc(out, '\n');
	json_decref(all);
}
