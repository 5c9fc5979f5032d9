/*
 * Coalescing: the two sides of a copy get one register where their intervals do not
 * overlap. Copies in hot blocks first.
 */
#include "bpf/live.h"

#include <stdlib.h>

struct copy {
	uint32_t dst, src;
	double freq;
	uint32_t order;
};

static int by_freq(const void *a, const void *b)
{
	const struct copy *x = a, *y = b;

	if (x->freq != y->freq)
		return x->freq < y->freq ? 1 : -1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static uint32_t find(uint32_t *leader, uint32_t reg)
{
	while (leader[reg] != reg) {
		leader[reg] = leader[leader[reg]];
		reg = leader[reg];
	}
	return reg;
}

static struct copy *collect(struct live *l, size_t *count)
{
	VEC(struct copy) copies = { 0 };

	for (size_t i = 0; i < l->f->blocks.n; i++) {
		struct mblock *b = l->f->blocks.at[i];

		for (size_t k = 0; k < b->insns.n; k++) {
			const struct mi *mi = &b->insns.at[k];

			if (mi_is_copy(mi) && mi->dst >= BC_FIRST_VREG && mi->src >= BC_FIRST_VREG)
				vec_push(l->arena, &copies,
					 ((struct copy){ mi->dst, mi->src, b->freq,
							 (uint32_t)copies.n }));
		}
	}
	if (copies.n)
		qsort(copies.at, copies.n, sizeof(*copies.at), by_freq);
	*count = copies.n;
	return copies.at;
}

/* A frame address is made where it is used: as one of several values of a register it
 * could not be, and a register that crosses calls is dear. */
static bool worth_it(const struct interval *a, const struct interval *b)
{
	return !(interval_is_remat(a) && b->nr_defs > 1) &&
	       !(interval_is_remat(b) && a->nr_defs > 1);
}

static void rename_all(struct live *l, uint32_t *leader)
{
	for (size_t i = 0; i < l->f->blocks.n; i++) {
		struct mblock *b = l->f->blocks.at[i];
		size_t kept = 0;

		for (size_t k = 0; k < b->insns.n; k++) {
			struct mi mi = b->insns.at[k];
			struct mi_slot slots[3];
			int n = mi_slots(&mi, slots);

			for (int j = 0; j < n; j++)
				*slots[j].reg = find(leader, *slots[j].reg);
			if (!(mi_is_copy(&mi) && mi.dst == mi.src))
				b->insns.at[kept++] = mi;
		}
		b->insns.n = kept;
	}
}

bool bc_coalesce(struct live *l)
{
	uint32_t *leader = arena_array(l->arena, uint32_t, l->nr);
	struct copy *copies;
	bool any = false;
	size_t n;

	for (uint32_t r = 0; r < l->nr; r++)
		leader[r] = r;
	copies = collect(l, &n);
	for (size_t k = 0; k < n; k++) {
		struct interval *a = &l->of[find(leader, copies[k].dst)];
		struct interval *b = &l->of[find(leader, copies[k].src)];

		if (a == b || segs_overlap(a, b) || !worth_it(a, b))
			continue;
		segs_join(l, a, b);
		a->nr_defs += b->nr_defs;
		leader[b->reg] = a->reg;
		any = true;
	}
	if (any)
		rename_all(l, leader);
	return any;
}
