/*
 * Linear scan: intervals in the order of their start take the first register that is
 * free for all of their segments, holes of others included. Where none is, the
 * cheapest interval gives way: the newcomer, or those in its best register.
 *
 * Calls take r0..r5 for themselves (fixed intervals), so what lives across one ends up
 * in r6..r9. Hints come from copies: call arguments, results, parameters, phis.
 */
#include "bpf/live.h"

#include <math.h>
#include <stdlib.h>

/* What lives in a machine register: segments in order, each with its interval. */
struct taken {
	struct seg seg;
	struct interval *owner;	/* NULL: fixed */
};

struct colour {
	struct live *l;
	VEC(struct taken) regs[BC_NR_ALLOCATABLE];
};

/* r0 and the high argument registers first: the low ones are wanted by calls. */
static const uint8_t default_order[BC_NR_ALLOCATABLE] = { 0, 5, 4, 3, 2, 1, 6, 7, 8, 9 };

/* The first taken segment that ends behind `at`. */
static size_t taken_from(const struct colour *c, uint32_t reg, uint32_t at)
{
	size_t lo = 0, hi = c->regs[reg].n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (c->regs[reg].at[mid].seg.to <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The most that a conflicting interval in `reg` weighs; -1: none conflicts. */
static float conflict(const struct colour *c, uint32_t reg, const struct interval *iv)
{
	float worst = -1;

	for (size_t k = 0; k < iv->segs.n; k++) {
		const struct seg *s = &iv->segs.at[k];

		for (size_t i = taken_from(c, reg, s->from);
		     i < c->regs[reg].n && c->regs[reg].at[i].seg.from < s->to; i++) {
			const struct interval *owner = c->regs[reg].at[i].owner;
			float weight = owner ? owner->weight : INFINITY;

			worst = weight > worst ? weight : worst;
		}
	}
	return worst;
}

static void take(struct colour *c, uint32_t reg, struct interval *iv, struct interval *owner)
{
	for (size_t k = 0; k < iv->segs.n; k++) {
		struct taken t = { iv->segs.at[k], owner };
		size_t at = taken_from(c, reg, t.seg.from);

		vec_push(c->l->arena, &c->regs[reg], t);
		for (size_t i = c->regs[reg].n - 1; i > at; i--)
			c->regs[reg].at[i] = c->regs[reg].at[i - 1];
		c->regs[reg].at[at] = t;
	}
	iv->assigned = reg;
}

static void release(struct colour *c, struct interval *iv)
{
	uint32_t reg = iv->assigned;
	size_t kept = 0;

	for (size_t i = 0; i < c->regs[reg].n; i++) {
		if (c->regs[reg].at[i].owner != iv)
			c->regs[reg].at[kept++] = c->regs[reg].at[i];
	}
	c->regs[reg].n = kept;
	iv->assigned = BC_NO_REG;
}

static float score(const struct colour *c, const struct interval *iv, uint32_t reg)
{
	float sum = 0;

	for (size_t k = 0; k < iv->hints.n; k++) {
		if (c->l->of[iv->hints.at[k].other].assigned == reg)
			sum += iv->hints.at[k].weight;
	}
	return sum;
}

/* The free register with the best hints, or BC_NO_REG. */
static uint32_t free_reg(const struct colour *c, const struct interval *iv)
{
	uint32_t best = BC_NO_REG;
	float best_score = -1;

	for (int k = 0; k < BC_NR_ALLOCATABLE; k++) {
		uint32_t reg = default_order[k];
		float s;

		if (conflict(c, reg, iv) >= 0)
			continue;
		s = score(c, iv, reg);
		if (s > best_score) {
			best = reg;
			best_score = s;
		}
	}
	return best;
}

/* Where the intervals in the way are cheapest, and cheaper than iv. */
static uint32_t cheaper_reg(const struct colour *c, const struct interval *iv)
{
	uint32_t best = BC_NO_REG;
	float least = iv->weight;

	for (uint32_t reg = 0; reg < BC_NR_ALLOCATABLE; reg++) {
		float w = conflict(c, reg, iv);

		if (w < least) {
			least = w;
			best = reg;
		}
	}
	return best;
}

static bool in_the_way(const struct interval *other, uint32_t reg, const struct interval *iv)
{
	return other->assigned == reg && other->reg >= BC_FIRST_VREG && other != iv &&
	       segs_overlap(other, iv);
}

static int by_start(const void *a, const void *b)
{
	const struct interval *x = *(struct interval *const *)a, *y = *(struct interval *const *)b;

	if (x->segs.at[0].from != y->segs.at[0].from)
		return x->segs.at[0].from < y->segs.at[0].from ? -1 : 1;
	return x->reg < y->reg ? -1 : 1;
}

typedef VEC(struct interval *) worklist;

static void place(struct colour *c, struct interval *iv, worklist *again)
{
	uint32_t reg = free_reg(c, iv);

	if (reg == BC_NO_REG) {
		reg = cheaper_reg(c, iv);
		if (reg == BC_NO_REG)
			return;
		for (uint32_t r = BC_FIRST_VREG; r < c->l->nr; r++) {
			if (!in_the_way(&c->l->of[r], reg, iv))
				continue;
			release(c, &c->l->of[r]);
			vec_push(c->l->arena, again, &c->l->of[r]);
		}
	}
	take(c, reg, iv, iv);
}

/* Uses per length: what is used often and short is worth a register most. */
static void set_weights(struct live *l)
{
	for (uint32_t r = BC_FIRST_VREG; r < l->nr; r++) {
		struct interval *iv = &l->of[r];
		uint32_t length = 8;

		for (size_t k = 0; k < iv->segs.n; k++)
			length += iv->segs.at[k].to - iv->segs.at[k].from;
		iv->weight /= (float)length;
		if (interval_is_remat(iv))
			iv->weight /= 2;
		else if (iv->checked && l->f->keep_checked)
			iv->weight *= 64;
	}
}

void bc_colour(struct live *l)
{
	struct colour c = { .l = l };
	worklist order = { 0 }, again = { 0 };

	set_weights(l);
	for (uint32_t r = 0; r < BC_NR_ALLOCATABLE; r++)
		take(&c, r, &l->of[r], NULL);
	for (uint32_t r = BC_FIRST_VREG; r < l->nr; r++) {
		if (l->of[r].segs.n)
			vec_push(l->arena, &order, &l->of[r]);
	}
	if (order.n)
		qsort(order.at, order.n, sizeof(*order.at), by_start);
	for (size_t k = 0; k < order.n; k++) {
		place(&c, order.at[k], &again);
		while (again.n)
			place(&c, again.at[--again.n], &again);
	}
}
