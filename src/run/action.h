/*
 * What the actions of records do, one row a kind; for src/run only.
 */
#ifndef SONDE_RUN_ACTION_H
#define SONDE_RUN_ACTION_H

#include "run/state.h"

/* A record. All borrowed until it is done with. */
struct action_input {
	const struct image_action *action;
	const void *record;
	size_t size_bytes;
	const char *probe;			/* name of the attach point, or NULL */
	bool has_context;
	struct image_context context;
};

/* Do it. Returns 1 to stop reading records, else 0. */
int action_run(struct run *r, const struct action_input *in);

/* Emit a map as SONDE_EVENT_MAP. */
void action_emit_map(struct run *r, const struct script_map *m, struct snapshot *s);

#endif
