/*
 * When programs shall wake the reader of the ring; for src/run only.
 *
 * Waking costs the traced program several times what the record does. So while
 * records come fast, programs send without waking, and the reader looks by
 * itself every millisecond; while they come seldom, each wakes it.
 */
#ifndef SONDE_RUN_PACE_H
#define SONDE_RUN_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pace {
	bool busy;		/* programs do not wake */
	int64_t last_ns;	/* when records were read last; 0: never */
	int64_t cleared_ns;	/* when busy ended last; 0: never was */
};

/* The ring was read and held `records`. */
void pace_note(struct pace *p, int64_t now_ns, size_t records);

/* How long the reader may wait for a wakeup before it looks by itself. */
int pace_wait_ms(const struct pace *p, int64_t now_ns, int limit_ms);

/* Whether a record may be in the ring of which no descriptor tells. */
bool pace_is_unsure(const struct pace *p, int64_t now_ns);

#endif
