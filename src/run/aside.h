/*
 * Reading events while one of them takes long: to name an address a large file may have
 * to be read, a map may have a million entries.
 *
 * A thread of its own lays the records behind it aside, when the ring fills. It touches the
 * ring between aside_begin and aside_end only, in which the one who handles the record does
 * not.
 */
#ifndef SONDE_RUN_ASIDE_H
#define SONDE_RUN_ASIDE_H

#include "run/ring.h"

struct aside;

/* A record that may take long is being handled. The thread is started by the first; where it
 * cannot be, nothing is laid aside. `*a` is owned, NULL at first. */
void aside_begin(struct aside **a, struct ring *ring);

/* It is done. Does nothing without a beginning. */
void aside_end(struct aside *a);

void aside_close(struct aside *a);	/* takes NULL */

#endif
