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

void bc_clean_up(struct mfunc *f)
{
	for (size_t i = 0; i < f->blocks.n; i++)
		drop_identity_moves(f->blocks.at[i]);
	thread_jumps(f);
	drop_unreachable(f);
}
