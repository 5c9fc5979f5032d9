/*
 * Spilling: what got no register lives in an aligned 8-byte slot of the frame, or is
 * made again where it is used if one instruction can. Each use is loaded into a short-lived
 * register of its own, shared by the uses up to the next call or block; each definition is
 * stored at once.
 *
 * Slots are shared by values that are never live together. For kernels before 6.12, which
 * do not see in the slot what a comparison tells of the register, the compared register is
 * stored again behind the branch.
 */
#include "bpf/live.h"

#include <math.h>
#include <string.h>

/* How far apart the uses that share one load may be. */
#define SHARE_DISTANCE 8

struct spilled {
	bool is_remat;
	int16_t slot;		/* offset from r10 */
	bool never_share;	/* a reload that found no register: only the shortest will do */
	uint32_t cached;	/* register that holds it since `epoch` */
	uint32_t epoch;
	size_t cached_at;	/* instruction that used it last */
};

struct slot {
	struct interval used;
};

/* A spilled value was compared at the end of a block. */
struct check {
	struct mblock *block;
	uint32_t reg;		/* the value */
	uint32_t holder;	/* the register that was compared */
};

struct spiller {
	struct live *l;
	struct mfunc *f;
	struct spilled *of;	/* by register; only those without one are valid */
	VEC(struct mi) out;	/* the block as it becomes */
	uint32_t epoch;		/* changes with each block and call: cached registers are gone */
	VEC(struct check) checks;
};

static bool is_spilled(const struct spiller *s, uint32_t reg)
{
	return reg >= BC_FIRST_VREG && reg < s->l->nr && s->l->of[reg].assigned == BC_NO_REG;
}

static void assign_slots(struct spiller *s)
{
	VEC(struct slot) slots = { 0 };
	uint32_t base = s->f->frame_bytes;

	for (uint32_t r = BC_FIRST_VREG; r < s->l->nr; r++) {
		struct interval *iv = &s->l->of[r], copy = *iv;
		size_t k;

		if (!is_spilled(s, r) || !iv->segs.n)
			continue;
		s->of[r].is_remat = interval_is_remat(iv);
		s->of[r].never_share = isinf(iv->weight);
		if (s->of[r].is_remat)
			continue;
		for (k = 0; k < slots.n && segs_overlap(&slots.at[k].used, iv); k++)
			;
		if (k == slots.n)
			vec_push(s->f->arena, &slots, (struct slot){ 0 });
		segs_join(s->l, &slots.at[k].used, &copy);
		s->of[r].slot = (int16_t)-(int32_t)(base + 8 * (k + 1));
	}
	s->f->frame_bytes = base + 8 * (uint32_t)slots.n;
}

static uint32_t new_reg(struct spiller *s)
{
	uint32_t reg = mreg_new(s->f);

	vec_push(s->f->arena, &s->f->no_spill, reg);
	return reg;
}

/* The value of spilled `reg` into `dst`. */
static struct mi reload(const struct spiller *s, uint32_t reg, uint32_t dst, uint32_t line)
{
	struct mi mi;

	if (s->of[reg].is_remat) {
		mi = s->l->of[reg].def;
		mi.dst = dst;
	} else {
		mi = mi_load(8, dst, BC_FRAME, s->of[reg].slot);
	}
	mi.line = line;
	return mi;
}

static bool is_cached(const struct spiller *s, uint32_t reg)
{
	const struct spilled *sp = &s->of[reg];

	return sp->epoch == s->epoch && !sp->never_share &&
	       s->out.n - sp->cached_at <= SHARE_DISTANCE;
}

static void set_cached(struct spiller *s, uint32_t reg, uint32_t holder)
{
	s->of[reg].cached = holder;
	s->of[reg].cached_at = s->out.n;
	s->of[reg].epoch = s->epoch;
}

/* The register that a use of spilled `reg` reads. */
static uint32_t use_reg(struct spiller *s, uint32_t reg, uint32_t line)
{
	if (is_cached(s, reg)) {
		s->of[reg].cached_at = s->out.n;
	} else {
		uint32_t holder = new_reg(s);

		vec_push(s->f->arena, &s->out, reload(s, reg, holder, line));
		set_cached(s, reg, holder);
	}
	return s->of[reg].cached;
}

/* Copies from and to spilled values become loads and stores. Returns false if
 * the instruction is not such a copy. */
static bool spill_copy(struct spiller *s, const struct mi *mi)
{
	bool dst_gone = is_spilled(s, mi->dst), src_gone = is_spilled(s, mi->src);
	struct mi st;

	if (mi->kind == MI_MOV && !mi_is_x(mi) && dst_gone && !s->of[mi->dst].is_remat &&
	    fits_s32(mi->imm) && mi->code == (BPF_ALU64 | BPF_MOV | BPF_K)) {
		s->of[mi->dst].epoch = 0;
		st = mi_store_imm(8, BC_FRAME, s->of[mi->dst].slot, mi->imm);
	} else if (mi_is_copy(mi) && dst_gone && !src_gone) {
		s->of[mi->dst].epoch = 0;
		st = mi_store(8, BC_FRAME, s->of[mi->dst].slot, mi->src);
	} else if (mi_is_copy(mi) && src_gone && !dst_gone && !is_cached(s, mi->src)) {
		st = reload(s, mi->src, mi->dst, mi->line);
	} else {
		return false;
	}
	st.line = mi->line;
	vec_push(s->f->arena, &s->out, st);
	return true;
}

static void spill_insn(struct spiller *s, struct mi mi)
{
	struct mi_slot slots[3];
	int n = mi_slots(&mi, slots);
	uint32_t stored = BC_NO_REG, stored_reg = BC_NO_REG;

	/* The one definition of what is made again at its uses goes away. */
	if (n && slots[0].def && !slots[0].use && is_spilled(s, mi.dst) && s->of[mi.dst].is_remat)
		return;
	if (spill_copy(s, &mi))
		return;
	for (int i = 0; i < n; i++) {
		if (slots[i].use && is_spilled(s, *slots[i].reg)) {
			uint32_t was = *slots[i].reg;

			*slots[i].reg = use_reg(s, was, mi.line);
			if (slots[i].def) {
				stored = was;
				stored_reg = *slots[i].reg;
			}
		} else if (slots[i].def && is_spilled(s, *slots[i].reg)) {
			stored = *slots[i].reg;
			*slots[i].reg = stored_reg = new_reg(s);
		}
	}
	vec_push(s->f->arena, &s->out, mi);
	if (mi.kind == MI_CALL)
		s->epoch++;
	if (stored != BC_NO_REG) {
		struct mi st = mi_store(8, BC_FRAME, s->of[stored].slot, stored_reg);

		st.line = mi.line;
		vec_push(s->f->arena, &s->out, st);
		set_cached(s, stored, stored_reg);
	}
}

/* ---- checks, for kernels that do not see them in the slot (before 6.12) ---- */

static void note_check(struct spiller *s, struct mblock *b, const struct mi *before,
		       const struct mi *after)
{
	const uint32_t was[] = { before->dst, before->src }, is[] = { after->dst, after->src };

	for (int k = 0; k < 2; k++) {
		if (is_spilled(s, was[k]) && !s->of[was[k]].is_remat && s->l->of[was[k]].checked)
			vec_push(s->f->arena, &s->checks, ((struct check){ b, was[k], is[k] }));
	}
}

static bool is_live_in(const struct mblock *b, uint32_t reg)
{
	return b->live_in[reg / 64] >> (reg % 64) & 1;
}

/* A block of its own on the edge to succs[k]. */
static struct mblock *split_edge(struct mfunc *f, struct mblock *from, uint32_t k)
{
	struct mblock *b = mblock_new(f);
	struct mblock *to = from->succs[k];
	size_t at = to->index == from->index + 1 ? to->index : f->blocks.n;

	b->is_edge = true;
	b->is_cold = to->is_cold;
	b->freq = to->freq;
	b->live_in = to->live_in;
	mblock_jump(f, b, to);
	from->succs[k] = b;
	vec_push(f->arena, &f->blocks, b);
	for (size_t i = f->blocks.n - 1; i > at; i--)
		f->blocks.at[i] = f->blocks.at[i - 1];
	f->blocks.at[at] = b;
	mfunc_link(f);
	return b;
}

/* The compared register goes back into the slot, with what is known of it now. */
static void store_checked(struct spiller *s, const struct check *c)
{
	for (uint32_t k = 0; k < c->block->nr_succs; k++) {
		struct mblock *to = c->block->succs[k];

		if (!is_live_in(to, c->reg))
			continue;
		if (to->preds.n > 1)
			to = split_edge(s->f, c->block, k);
		mblock_insert(s->f, to, 0,
			      mi_store(8, BC_FRAME, s->of[c->reg].slot, c->holder));
	}
}

void bc_spill(struct live *l)
{
	struct spiller s = { .l = l, .f = l->f };

	s.of = arena_array(l->arena, struct spilled, l->nr);
	assign_slots(&s);
	for (size_t i = 0; i < l->f->blocks.n; i++) {
		struct mblock *b = l->f->blocks.at[i];

		memset(&s.out, 0, sizeof(s.out));
		s.epoch++;
		for (size_t k = 0; k < b->insns.n; k++) {
			spill_insn(&s, b->insns.at[k]);
			if (l->f->keep_checked && b->insns.at[k].kind == MI_BRANCH)
				note_check(&s, b, &b->insns.at[k], &s.out.at[s.out.n - 1]);
		}
		b->insns.at = s.out.at;
		b->insns.n = s.out.n;
		b->insns.cap = s.out.cap;
	}
	for (size_t k = 0; k < s.checks.n; k++)
		store_checked(&s, &s.checks.at[k]);
}
