/*
 * After allocation, inside blocks: reloads of what a register still holds, constants that
 * the branch before has just found, stores to spill slots that nothing reads, moves that
 * nothing needs.
 *
 * In and out: machine registers only. Spill slots are the frame below the objects; only
 * whole slots are accessed there, by r10 and a constant.
 */
#include "bpf/mir.h"

#include <string.h>

#define MAX_SLOTS (BC_MAX_STACK / 8)

static int32_t object_bytes(const struct mfunc *f)
{
	return (int32_t)((f->ir->stack_bytes + 7) & ~7u);
}

int bc_spill_slot(const struct mfunc *f, const struct mi *mi)
{
	uint32_t base = mi->kind == MI_LOAD ? mi->src : mi->dst;
	int32_t objects = object_bytes(f);
	int slot;

	if ((mi->kind != MI_LOAD && mi->kind != MI_STORE && mi->kind != MI_STORE_IMM) ||
	    base != BC_FRAME || mi->off >= -objects)
		return -1;
	slot = (-mi->off - objects) / 8 - 1;
	return slot < MAX_SLOTS ? slot : -1;
}

int16_t bc_spill_offset(const struct mfunc *f, int slot)
{
	return (int16_t)-(object_bytes(f) + 8 * (slot + 1));
}

/* ---- reloads ---- */

static void forget_reg(uint32_t *holder, uint32_t reg)
{
	for (int s = 0; s < MAX_SLOTS; s++) {
		if (holder[s] == reg)
			holder[s] = BC_NO_REG;
	}
}

static void forget_written(uint32_t *holder, struct mi *mi)
{
	struct mi_slot slots[3];
	uint32_t uses, defs, clobbers;
	int n = mi_slots(mi, slots);

	mi_implicit(mi, &uses, &defs, &clobbers);
	for (uint32_t r = 0; r < BC_NR_ALLOCATABLE; r++) {
		if ((defs | clobbers) >> r & 1)
			forget_reg(holder, r);
	}
	for (int k = 0; k < n; k++) {
		if (slots[k].def)
			forget_reg(holder, *slots[k].reg);
	}
}

static void forward_reloads(struct mfunc *f, struct mblock *b)
{
	uint32_t holder[MAX_SLOTS];	/* register with the slot's value */

	for (int s = 0; s < MAX_SLOTS; s++)
		holder[s] = BC_NO_REG;
	for (size_t k = 0; k < b->insns.n; k++) {
		struct mi *mi = &b->insns.at[k];
		int slot = bc_spill_slot(f, mi);

		if (mi->kind == MI_LOAD && slot >= 0 && holder[slot] != BC_NO_REG) {
			uint32_t line = mi->line;

			*mi = mi_copy(mi->dst, holder[slot]);
			mi->line = line;
			if (mi->dst != mi->src)
				forget_written(holder, mi);
			continue;
		}
		forget_written(holder, mi);
		if (slot >= 0)
			holder[slot] = mi->kind == MI_LOAD ? mi->dst :
				       mi->kind == MI_STORE ? mi->src : BC_NO_REG;
	}
}

/* ---- constants that a branch has just found ---- */

/* The block that only an equal comparison with a constant leads to; NULL: there is none. */
static struct mblock *equal_side(struct mblock *b)
{
	const struct mi *br = &b->insns.at[b->insns.n - 1];
	struct mblock *to;

	if (br->kind != MI_BRANCH || BPF_SRC(br->code) != BPF_K || BPF_CLASS(br->code) != BPF_JMP ||
	    b->succs[0] == b->succs[1])
		return NULL;
	if (BPF_OP(br->code) != BPF_JEQ && BPF_OP(br->code) != BPF_JNE)
		return NULL;
	to = b->succs[BPF_OP(br->code) == BPF_JNE];
	return to->preds.n == 1 ? to : NULL;
}

static bool writes(struct mi *mi, uint32_t reg)
{
	struct mi_slot slots[3];
	uint32_t uses, defs, clobbers;
	int n = mi_slots(mi, slots);

	mi_implicit(mi, &uses, &defs, &clobbers);
	for (int k = 0; k < n; k++) {
		if (slots[k].def && *slots[k].reg == reg)
			return true;
	}
	return (defs | clobbers) >> reg & 1;
}

/* if (r == 0) r = 0 */
static void drop_known_constant(struct mblock *b)
{
	struct mblock *to = equal_side(b);
	const struct mi *br = &b->insns.at[b->insns.n - 1];

	if (!to)
		return;
	for (size_t k = 0; k < to->insns.n; k++) {
		struct mi *mi = &to->insns.at[k];

		if (mi->kind == MI_MOV && mi->code == (BPF_ALU64 | BPF_MOV | BPF_K) &&
		    mi->dst == br->dst && mi->imm == br->imm) {
			memmove(mi, mi + 1, (to->insns.n - k - 1) * sizeof(*mi));
			to->insns.n--;
			return;
		}
		if (writes(mi, br->dst))
			return;
	}
}

/* ---- what nothing needs ---- */

static uint32_t reg_bit(uint32_t reg)
{
	return reg < BC_NR_ALLOCATABLE ? 1u << reg : 0;
}

/* Only its result matters. Loads of program memory stay: a test may count on them. */
static bool is_droppable(const struct mi *mi, int slot)
{
	return mi->kind == MI_MOV || mi->kind == MI_ADDR || mi->kind == MI_IMM64 ||
	       (mi->kind == MI_LOAD && slot >= 0);
}

/* Step backwards over one instruction. Returns false if nothing needs it. */
static bool step_back(const struct mfunc *f, struct mi *mi, struct mneed *need)
{
	struct mi_slot slots[3];
	uint32_t uses, defs, clobbers;
	int n = mi_slots(mi, slots), slot = bc_spill_slot(f, mi);

	if (slot >= 0 && mi->kind != MI_LOAD) {
		if (!(need->slots >> slot & 1))
			return false;
		need->slots &= ~(1ull << slot);
	}
	if (is_droppable(mi, slot) && !(need->regs & reg_bit(mi->dst)))
		return false;
	mi_implicit(mi, &uses, &defs, &clobbers);
	need->regs &= ~(defs | clobbers);
	for (int k = 0; k < n; k++) {
		if (slots[k].def)
			need->regs &= ~reg_bit(*slots[k].reg);
	}
	need->regs |= uses;
	for (int k = 0; k < n; k++) {
		if (slots[k].use)
			need->regs |= reg_bit(*slots[k].reg);
	}
	if (slot >= 0 && mi->kind == MI_LOAD)
		need->slots |= 1ull << slot;
	return true;
}

static struct mneed need_at_end(const struct mblock *b, const struct mneed *in)
{
	struct mneed out = { 0 };

	for (uint32_t k = 0; k < b->nr_succs; k++) {
		out.regs |= in[b->succs[k]->index].regs;
		out.slots |= in[b->succs[k]->index].slots;
	}
	return out;
}

struct mneed *bc_needs(const struct mfunc *f)
{
	struct mneed *in = arena_array(f->arena, struct mneed, f->blocks.n);
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = f->blocks.n; i-- > 0;) {
			struct mblock *b = f->blocks.at[i];
			struct mneed n = need_at_end(b, in);

			for (size_t k = b->insns.n; k-- > 0;)
				step_back(f, &b->insns.at[k], &n);
			changed |= n.regs != in[i].regs || n.slots != in[i].slots;
			in[i] = n;
		}
	}
	return in;
}

static void drop_needless(struct mfunc *f)
{
	struct mneed *in = bc_needs(f);

	for (size_t i = 0; i < f->blocks.n; i++) {
		struct mblock *b = f->blocks.at[i];
		struct mneed n = need_at_end(b, in);
		size_t keep = b->insns.n;

		for (size_t k = b->insns.n; k-- > 0;) {
			if (step_back(f, &b->insns.at[k], &n))
				b->insns.at[--keep] = b->insns.at[k];
		}
		memmove(b->insns.at, b->insns.at + keep, (b->insns.n - keep) * sizeof(struct mi));
		b->insns.n -= keep;
	}
}

void bc_tidy(struct mfunc *f)
{
	for (size_t i = 0; i < f->blocks.n; i++)
		forward_reloads(f, f->blocks.at[i]);
	for (size_t i = 0; i < f->blocks.n; i++)
		drop_known_constant(f->blocks.at[i]);
	drop_needless(f);
}
