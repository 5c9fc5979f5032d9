/*
 * After allocation: moves of a register to itself go, jumps to jumps are threaded, small
 * blocks of moves are run ahead of the branch that skips them, equal exits are one.
 *
 * In and out: machine registers only; preds and indices are right again afterwards.
 */
#include "bpf/mir.h"

#include <string.h>

static void drop_identity_moves(struct mblock *b)
{
	size_t kept = 0;

	for (size_t k = 0; k < b->insns.n; k++) {
		const struct mi *mi = &b->insns.at[k];

		if (!(mi_is_copy(mi) && mi->dst == mi->src))
			b->insns.at[kept++] = *mi;
	}
	b->insns.n = kept;
}

static bool is_empty(const struct mblock *b)
{
	return b->insns.n == 1 && b->insns.at[0].kind == MI_JUMP;
}

/* Where a jump to b ends up; the count guards against empty endless loops. */
static struct mblock *thread(const struct mfunc *f, struct mblock *b)
{
	for (size_t guard = 0; guard < f->blocks.n && is_empty(b) && b->succs[0] != b; guard++)
		b = b->succs[0];
	return b;
}

static void thread_jumps(struct mfunc *f)
{
	for (size_t i = 0; i < f->blocks.n; i++) {
		struct mblock *b = f->blocks.at[i];

		for (uint32_t k = 0; k < b->nr_succs; k++)
			b->succs[k] = thread(f, b->succs[k]);
		if (b->nr_succs == 2 && b->succs[0] == b->succs[1]) {
			struct mi *last = &b->insns.at[b->insns.n - 1];

			last->kind = MI_JUMP;
			last->code = BPF_JMP | BPF_JA;
			last->dst = last->src = BC_NO_REG;
			last->imm = 0;
			b->nr_succs = 1;
		}
	}
}

static void drop_unreachable(struct mfunc *f)
{
	struct mblock **stack = arena_array(f->arena, struct mblock *, f->blocks.n);
	bool *reached = arena_array(f->arena, bool, f->blocks.n);
	size_t depth = 0, kept = 0;

	mfunc_link(f);
	stack[depth++] = f->blocks.at[0];
	reached[0] = true;
	while (depth) {
		struct mblock *b = stack[--depth];

		for (uint32_t k = 0; k < b->nr_succs; k++) {
			if (reached[b->succs[k]->index])
				continue;
			reached[b->succs[k]->index] = true;
			stack[depth++] = b->succs[k];
		}
	}
	for (size_t i = 0; i < f->blocks.n; i++) {
		if (reached[i])
			f->blocks.at[kept++] = f->blocks.at[i];
	}
	f->blocks.n = kept;
	mfunc_link(f);
}

/* ---- blocks of moves ahead of the branch that skips them ---- */

/* Registers that a block of a few moves and a jump writes; 0: it is no such block. */
static uint32_t moved_regs(const struct mblock *b)
{
	uint32_t regs = 0;

	if (b->insns.n < 2 || b->insns.n > 3 || b->preds.n != 1 || b->nr_succs != 1 ||
	    b->insns.at[b->insns.n - 1].kind != MI_JUMP)
		return 0;
	for (size_t k = 0; k + 1 < b->insns.n; k++) {
		if (b->insns.at[k].kind != MI_MOV)
			return 0;
		regs |= 1u << b->insns.at[k].dst;
	}
	return regs;
}

static uint32_t branch_regs(const struct mi *mi)
{
	return 1u << mi->dst | (mi_is_x(mi) ? 1u << mi->src : 0);
}

static const struct mblock *layout_next(const struct mfunc *f, const struct mblock *b)
{
	return b->index + 1 < f->blocks.n ? f->blocks.at[b->index + 1] : NULL;
}

/* Run the moves of `t` before the branch of `p`: saves the jump at t's end. */
static bool hoist(struct mfunc *f, struct mblock *p, struct mblock *t, uint32_t needed_else)
{
	uint32_t regs = moved_regs(t);

	if (!regs || t->is_cold != p->is_cold || layout_next(f, t) == t->succs[0] ||
	    regs & (needed_else | branch_regs(&p->insns.at[p->insns.n - 1])))
		return false;
	for (size_t k = 0; k + 1 < t->insns.n; k++)
		mblock_insert(f, p, p->insns.n - 1, t->insns.at[k]);
	t->insns.at[0] = t->insns.at[t->insns.n - 1];
	t->insns.n = 1;
	return true;
}

static void hoist_moves(struct mfunc *f)
{
	struct mneed *needed = bc_needs(f);

	for (size_t i = 0; i < f->blocks.n; i++) {
		struct mblock *b = f->blocks.at[i];

		if (b->nr_succs != 2)
			continue;
		for (uint32_t k = 0; k < 2; k++) {
			if (hoist(f, b, b->succs[k], needed[b->succs[!k]->index].regs))
				break;
		}
	}
}

/* ---- equal exits ---- */

/* Does b end in "r0 = constant; exit"? */
static bool ends_in_exit(const struct mblock *b, int64_t *result)
{
	const struct mi *mov = b->insns.n >= 2 ? &b->insns.at[b->insns.n - 2] : NULL;

	if (!mov || mov[1].kind != MI_EXIT || mov->kind != MI_MOV || mi_is_x(mov) || mov->dst)
		return false;
	*result = mov->imm;
	return true;
}

/* The block to keep: the hottest, of those the last. */
static struct mblock *best_exit(const struct mfunc *f, int64_t result, size_t *count)
{
	struct mblock *best = NULL;
	int64_t r;

	*count = 0;
	for (size_t i = 0; i < f->blocks.n; i++) {
		struct mblock *b = f->blocks.at[i];

		if (!ends_in_exit(b, &r) || r != result)
			continue;
		++*count;
		if (!best || b->freq >= best->freq)
			best = b;
	}
	return best;
}

/* Split "r0 = constant; exit" off into a block of its own, right behind. */
static struct mblock *split_exit(struct mfunc *f, struct mblock *b)
{
	struct mblock *tail = mblock_new(f);
	struct mi *mov = &b->insns.at[b->insns.n - 2];

	if (b->insns.n == 2)
		return b;
	tail->is_cold = b->is_cold;
	tail->freq = b->freq;
	mblock_add(f, tail, mov[0]);
	mblock_add(f, tail, mov[1]);
	b->insns.n -= 2;
	vec_push(f->arena, &f->blocks, tail);
	for (size_t k = f->blocks.n - 1; k > b->index + 1; k--)
		f->blocks.at[k] = f->blocks.at[k - 1];
	f->blocks.at[b->index + 1] = tail;
	mblock_jump(f, b, tail);
	mfunc_link(f);
	return tail;
}

static void merge_exits_of(struct mfunc *f, int64_t result)
{
	size_t count;
	struct mblock *keep = best_exit(f, result, &count);
	int64_t r;

	if (count < 2)
		return;
	keep = split_exit(f, keep);
	for (size_t i = 0; i < f->blocks.n; i++) {
		struct mblock *b = f->blocks.at[i];

		if (b == keep || !ends_in_exit(b, &r) || r != result)
			continue;
		b->insns.n -= 2;
		mblock_jump(f, b, keep);
	}
}

static void merge_exits(struct mfunc *f)
{
	int64_t result;

	for (size_t i = 0; i < f->blocks.n; i++) {
		if (ends_in_exit(f->blocks.at[i], &result))
			merge_exits_of(f, result);
	}
}

void bc_clean_up(struct mfunc *f)
{
	for (size_t i = 0; i < f->blocks.n; i++)
		drop_identity_moves(f->blocks.at[i]);
	thread_jumps(f);
	drop_unreachable(f);
	hoist_moves(f);
	merge_exits(f);
	thread_jumps(f);
	drop_unreachable(f);
}
