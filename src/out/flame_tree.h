/*
 * Samples as a tree of calls, with sums; private to src/out.
 */
#ifndef SONDE_OUT_FLAME_TREE_H
#define SONDE_OUT_FLAME_TREE_H

#include "out/profile.h"

#define FLAME_ALL UINT32_MAX

struct flame_node {
	uint32_t function;	/* of the view; FLAME_ALL: the root */
	uint32_t depth;		/* of the root 0 */
	uint64_t start;		/* what all stacks before it weigh */
	uint64_t total, self;	/* with and without what it calls */
};

/* A function, all its nodes together; what calls itself counts once. */
struct flame_function {
	uint32_t function;
	uint64_t total, self;
};

struct flame_tree {
	struct flame_node *nodes;	/* owned; callers before those that they call */
	size_t nr_nodes, cap_nodes;
	struct flame_function *functions;	/* owned; those that have most first */
	size_t nr_functions;
};

/* `v` is by function, and its samples weigh less than 2^64 together, or the rest is
 * left out. Returns 0 or -ENOMEM; close it in any case. */
int flame_tree_open(struct flame_tree *t, const struct profile_view *v);
void flame_tree_close(struct flame_tree *t);

#endif
