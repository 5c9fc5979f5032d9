/*
 * A made-up machine to compile for, without privileges; which features it has
 * follows from a number.
 */
#ifndef SONDE_TESTS_WORLD_H
#define SONDE_TESTS_WORLD_H

#include "target/target.h"

struct world {
	struct arena arena;
	struct target target;
	struct target_ops ops;
	struct btf_bytes *kernel;
	uint64_t variant;
};

/* Variant 0 has everything. */
void world_open(struct world *w, uint64_t variant);
void world_close(struct world *w);

/* Whether unset stack bytes may be read there. */
bool world_reads_unset(const struct target *t);

#endif
