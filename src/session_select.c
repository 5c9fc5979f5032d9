/*
 * What a session runs of a script by its purpose: tests or benchmarks instead of all
 * that is attached. The sites that are left out are taken from the image.
 */
#include "session.h"

#include <errno.h>

static bool fits_purpose(enum attach_kind kind, enum sonde_purpose purpose)
{
	bool is_always = kind == ATTACH_BEGIN || kind == ATTACH_END;

	switch (purpose) {
	case SONDE_TEST: return kind == ATTACH_TEST || is_always;
	case SONDE_BENCH: return kind == ATTACH_BENCH || is_always;
	default: return kind != ATTACH_TEST && kind != ATTACH_BENCH;
	}
}

/* What is left, and what had to go. */
struct selection {
	size_t nr_left, nr_tests, nr_benches, nr_others;
};

static struct selection select_programs(struct image *image, enum sonde_purpose purpose)
{
	struct selection s = { 0 };
	struct image_prog *prog;

	vec_each(prog, &image->progs) {
		if (fits_purpose(prog->attach, purpose)) {
			s.nr_left += prog->nr_sites || prog->raw_event;
			continue;
		}
		prog->nr_sites = 0;
		prog->raw_event = NULL;
		s.nr_tests += prog->attach == ATTACH_TEST;
		s.nr_benches += prog->attach == ATTACH_BENCH;
		s.nr_others++;
	}
	return s;
}

int session_select(struct sonde *s)
{
	enum sonde_purpose purpose = s->options.purpose;
	struct selection left = select_programs(s->image, purpose);

	if (left.nr_left || !left.nr_others)
		return 0;
	if (purpose == SONDE_TRACE)
		session_tell(s, SONDE_ERROR, "No probes attached; use %s to run %s probes.",
			     left.nr_tests ? "--test" : "--bench",
			     left.nr_tests ? "test" : "benchmark");
	else
		session_tell(s, SONDE_ERROR, "No probes attached: the script has no %s probes.",
			     purpose == SONDE_TEST ? "test" : "bench");
	return -ENOENT;
}
