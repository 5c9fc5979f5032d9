/*
 * Liveness by data flow over the virtual registers, then intervals by one walk
 * backwards over each block.
 */
#include "bpf/live.h"

#include <math.h>
#include <string.h>

#define WORD_BITS 64

static bool bit_test(const uint64_t *set, uint32_t n)
{
	return set[n / WORD_BITS] >> (n % WORD_BITS) & 1;
}

static void bit_set(uint64_t *set, uint32_t n)
{
	set[n / WORD_BITS] |= 1ull << (n % WORD_BITS);
}

/* gen: read before written; kill: written. Only virtual registers cross blocks. */
static void block_gen_kill(struct mblock *b, uint64_t *gen, uint64_t *kill)
{
	struct mi_slot slots[3];

	for (size_t k = 0; k < b->insns.n; k++) {
		int n = mi_slots(&b->insns.at[k], slots);

		for (int i = 0; i < n; i++) {
			if (slots[i].use && !bit_test(kill, *slots[i].reg))
				bit_set(gen, *slots[i].reg);
		}
		for (int i = 0; i < n; i++) {
			if (slots[i].def)
				bit_set(kill, *slots[i].reg);
		}
	}
	for (uint32_t r = 0; r < BC_FIRST_VREG; r++)
		gen[0] &= ~(1ull << r);
}

static bool flow_block(struct mblock *b, const uint64_t *gen, const uint64_t *kill, size_t words)
{
	bool changed = false;

	for (size_t w = 0; w < words; w++) {
		uint64_t out = 0, in;

		for (uint32_t k = 0; k < b->nr_succs; k++)
			out |= b->succs[k]->live_in[w];
		in = gen[w] | (out & ~kill[w]);
		changed |= in != b->live_in[w];
		b->live_in[w] = in;
		b->live_out[w] = out;
	}
	return changed;
}

static void flow(struct mfunc *f)
{
	size_t n = f->blocks.n, words = f->nr_regs / WORD_BITS + 1;
	uint64_t *sets = arena_array(f->arena, uint64_t, n * words * 4);
	bool changed = true;

	for (size_t i = 0; i < n; i++) {
		struct mblock *b = f->blocks.at[i];

		b->live_in = sets + (i * 4) * words;
		b->live_out = b->live_in + words;
		block_gen_kill(b, b->live_out + words, b->live_out + 2 * words);
	}
	while (changed) {
		changed = false;
		for (size_t i = n; i-- > 0;) {
			struct mblock *b = f->blocks.at[i];

			changed |= flow_block(b, b->live_out + words, b->live_out + 2 * words,
					      words);
		}
	}
}

/* ---- intervals; while they are built the last segment is the earliest ---- */

static void seg_add(struct live *l, uint32_t reg, uint32_t from, uint32_t to)
{
	struct interval *iv = &l->of[reg];
	struct seg *last = iv->segs.n ? &iv->segs.at[iv->segs.n - 1] : NULL;

	if (last && last->from <= to) {
		last->from = from < last->from ? from : last->from;
		last->to = to > last->to ? to : last->to;
		return;
	}
	vec_push(l->arena, &iv->segs, ((struct seg){ from, to }));
}

static void seg_define(struct live *l, uint32_t reg, uint32_t at)
{
	struct interval *iv = &l->of[reg];
	struct seg *last = iv->segs.n ? &iv->segs.at[iv->segs.n - 1] : NULL;

	if (last && last->from <= at && at < last->to)
		last->from = at;
	else
		seg_add(l, reg, at, (at | 1) + 1);
}

/* These reach copies and slots on all kernels. */
static bool is_null_check(const struct mi *mi)
{
	return !mi_is_x(mi) && !mi->imm &&
	       (BPF_OP(mi->code) == BPF_JEQ || BPF_OP(mi->code) == BPF_JNE);
}

static void count(struct live *l, const struct mblock *b, const struct mi *mi,
		  const struct mi_slot *slot)
{
	struct interval *iv = &l->of[*slot->reg];

	iv->weight += (float)b->freq;
	if (slot->def) {
		iv->def = *mi;
		iv->nr_defs++;
	}
	if (mi->kind == MI_BRANCH && slot->use && !is_null_check(mi))
		iv->checked = true;
}

static void hint_add(struct live *l, uint32_t reg, uint32_t other, float weight)
{
	if (reg >= BC_FIRST_VREG)
		vec_push(l->arena, &l->of[reg].hints, ((struct hint){ other, weight }));
}

static void insn_implicit(struct live *l, const struct mblock *b, const struct mi *mi, uint32_t at)
{
	uint32_t uses, defs, clobbers;

	mi_implicit(mi, &uses, &defs, &clobbers);
	for (uint32_t r = 0; r < BC_NR_ALLOCATABLE; r++) {
		if ((defs | clobbers) >> r & 1)
			seg_define(l, r, at + 1);
	}
	for (uint32_t r = 0; r < BC_NR_ALLOCATABLE; r++) {
		if (uses >> r & 1)
			seg_add(l, r, b->start, at + 1);
	}
}

static void insn_live(struct live *l, struct mblock *b, struct mi *mi, uint32_t at)
{
	struct mi_slot slots[3];
	int n = mi_slots(mi, slots);
	bool early = mi_def_is_early(mi);

	for (int i = 0; i < n; i++) {
		count(l, b, mi, &slots[i]);
		if (slots[i].def)
			seg_define(l, *slots[i].reg, early ? at : at + 1);
	}
	insn_implicit(l, b, mi, at);
	for (int i = 0; i < n; i++) {
		if (slots[i].use)
			seg_add(l, *slots[i].reg, b->start, at + 1);
	}
	if (mi->kind == MI_MOV && mi_is_x(mi)) {
		hint_add(l, mi->dst, mi->src, (float)b->freq);
		hint_add(l, mi->src, mi->dst, (float)b->freq);
	}
}

static void block_live(struct live *l, struct mblock *b)
{
	for (uint32_t w = 0; w < l->nr / WORD_BITS + 1; w++) {
		for (uint64_t bits = b->live_out[w]; bits; bits &= bits - 1)
			seg_add(l, w * WORD_BITS + (uint32_t)__builtin_ctzll(bits), b->start,
				b->end);
	}
	for (size_t k = b->insns.n; k-- > 0;)
		insn_live(l, b, &b->insns.at[k], b->start + 2 * (uint32_t)k);
}

static void reverse(struct interval *iv)
{
	for (size_t i = 0, j = iv->segs.n; i + 1 < j; i++) {
		struct seg s = iv->segs.at[i];

		j--;
		iv->segs.at[i] = iv->segs.at[j];
		iv->segs.at[j] = s;
	}
}

void live_build(struct live *l, struct mfunc *f)
{
	uint32_t at = 0;

	l->f = f;
	l->arena = f->arena;
	l->nr = f->nr_regs;
	l->of = arena_array(f->arena, struct interval, f->nr_regs);
	for (uint32_t r = 0; r < l->nr; r++) {
		l->of[r].reg = r;
		l->of[r].assigned = r < BC_FIRST_VREG ? r : BC_NO_REG;
	}
	flow(f);
	for (size_t i = 0; i < f->blocks.n; i++) {
		struct mblock *b = f->blocks.at[i];

		b->start = at;
		at += 2 * (uint32_t)b->insns.n;
		b->end = at;
	}
	for (size_t i = f->blocks.n; i-- > 0;)
		block_live(l, f->blocks.at[i]);
	for (uint32_t r = 0; r < l->nr; r++)
		reverse(&l->of[r]);
	for (size_t k = 0; k < f->no_spill.n; k++)
		l->of[f->no_spill.at[k]].weight = INFINITY;
}

bool segs_overlap(const struct interval *a, const struct interval *b)
{
	size_t i = 0, j = 0;

	while (i < a->segs.n && j < b->segs.n) {
		const struct seg *x = &a->segs.at[i], *y = &b->segs.at[j];

		if (x->to <= y->from)
			i++;
		else if (y->to <= x->from)
			j++;
		else
			return true;
	}
	return false;
}

void segs_join(struct live *l, struct interval *a, struct interval *b)
{
	VEC(struct seg) all = { 0 };
	size_t i = 0, j = 0;

	while (i < a->segs.n || j < b->segs.n) {
		bool first = j == b->segs.n ||
			     (i < a->segs.n && a->segs.at[i].from < b->segs.at[j].from);
		struct seg s = first ? a->segs.at[i++] : b->segs.at[j++];

		if (all.n && all.at[all.n - 1].to >= s.from)
			all.at[all.n - 1].to = s.to;
		else
			vec_push(l->arena, &all, s);
	}
	a->segs.at = all.at;
	a->segs.n = all.n;
	a->segs.cap = all.cap;
	b->segs.n = 0;
	a->weight += b->weight;
}

bool interval_is_remat(const struct interval *iv)
{
	if (iv->nr_defs != 1)
		return false;
	switch (iv->def.kind) {
	case MI_MOV:
		return !mi_is_x(&iv->def);
	case MI_ADDR:
	case MI_IMM64:
		return true;
	default:
		return false;
	}
}
