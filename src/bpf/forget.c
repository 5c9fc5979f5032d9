/*
 * After all else: where ways meet in a loop, what no longer matters becomes 0.
 *
 * The kernel follows an iterator's loop and a callback until nothing new comes back. Until
 * then it compares registers (before 6.15) and the stack (before 6.18) to the last, needed
 * or not: what is left over from each of the ways through a body, one of the buckets of
 * a hist(), say, would be followed by itself through all that comes behind, and from the
 * next turn on again.
 *
 * In and out: machine registers only. Only what was written since it was last made 0, and
 * is not needed, is made 0: one instruction each.
 */
#include "bpf/mir.h"

#include "target/target.h"

#define REGS_BY_NEED 0x060f00	/* from here on the kernel asks what is needed */
#define STACK_BY_NEED 0x061200

struct forget {
	struct mfunc *f;
	struct mneed *needs;	/* at the start of a block */
	struct mneed *written;	/* the same: since it was last made 0 */
	bool *inside;		/* of a loop */
	bool regs, slots;
};

/* ---- loops ---- */

struct walk {
	struct mblock **stack;
	size_t depth;
	bool *before, *behind;	/* leads to the head, is reached from it */
};

static void mark(struct walk *w, bool *marks, struct mblock *b)
{
	if (marks[b->index])
		return;
	marks[b->index] = true;
	w->stack[w->depth++] = b;
}

static void find_loop(struct forget *x, struct mblock *head)
{
	size_t n = x->f->blocks.n;
	struct walk w = { arena_array(x->f->arena, struct mblock *, n), 0,
			  arena_array(x->f->arena, bool, n), arena_array(x->f->arena, bool, n) };

	mark(&w, w.behind, head);
	while (w.depth) {
		const struct mblock *b = w.stack[--w.depth];

		for (uint32_t k = 0; k < b->nr_succs; k++)
			mark(&w, w.behind, b->succs[k]);
	}
	mark(&w, w.before, head);
	while (w.depth) {
		const struct mblock *b = w.stack[--w.depth];

		for (size_t k = 0; k < b->preds.n; k++)
			mark(&w, w.before, b->preds.at[k]);
	}
	for (size_t i = 0; i < n; i++)
		x->inside[i] |= w.before[i] && w.behind[i];
}

/* Returns false if there are none. */
static bool find_loops(struct forget *x, bool all)
{
	bool any = all;

	for (size_t i = 0; i < x->f->blocks.n; i++) {
		x->inside[i] |= all;
		if (!all && x->f->blocks.at[i]->is_head) {
			find_loop(x, x->f->blocks.at[i]);
			any = true;
		}
	}
	return any;
}

/* ---- what was written ---- */

static void note_written(const struct mfunc *f, struct mi *mi, struct mneed *w)
{
	struct mi_slot slots[3];
	uint32_t uses, defs, clobbers;
	int n = mi_slots(mi, slots), slot = bc_spill_slot(f, mi);

	mi_implicit(mi, &uses, &defs, &clobbers);
	w->regs = (w->regs & ~clobbers) | defs;
	for (int k = 0; k < n; k++)
		if (slots[k].def && *slots[k].reg < BC_NR_ALLOCATABLE)
			w->regs |= 1u << *slots[k].reg;
	if (slot >= 0 && mi->kind != MI_LOAD)
		w->slots |= 1ull << slot;
}

/* A call makes r0..r5 anew anyway, unless it is where the kernel compares. */
static bool calls_first(const struct mblock *b)
{
	for (size_t k = 0; k < b->insns.n && !b->is_head; k++)
		if (b->insns.at[k].kind == MI_CALL)
			return true;
	return false;
}

/* What b makes 0 at its start. */
static struct mneed left_over(const struct forget *x, const struct mblock *b)
{
	struct mneed m = { 0, 0 };

	if (!x->inside[b->index] || (b->preds.n < 2 && !b->is_head))
		return m;
	if (x->regs)
		m.regs = x->written[b->index].regs & ~x->needs[b->index].regs;
	if (x->slots)
		m.slots = x->written[b->index].slots & ~x->needs[b->index].slots;
	if (calls_first(b))
		m.regs &= ~((1u << BC_NR_CALLER_SAVED) - 1);
	return m;
}

/* Returns true if a block that b leads to learns something. */
static bool flow_on(struct forget *x, struct mblock *b)
{
	struct mneed w = x->written[b->index], gone = left_over(x, b);
	bool changed = false;

	w.regs &= ~gone.regs;
	w.slots &= ~gone.slots;
	for (size_t k = 0; k < b->insns.n; k++)
		note_written(x->f, &b->insns.at[k], &w);
	for (uint32_t k = 0; k < b->nr_succs; k++) {
		struct mneed *to = &x->written[b->succs[k]->index];

		changed |= (w.regs & ~to->regs) || (w.slots & ~to->slots);
		to->regs |= w.regs;
		to->slots |= w.slots;
	}
	return changed;
}

static void clear(const struct forget *x, struct mblock *b)
{
	struct mneed gone = left_over(x, b);
	uint32_t line = b->insns.at[0].line;
	struct mi mi;

	for (; gone.regs; gone.regs &= gone.regs - 1) {
		mi = mi_mov_imm((uint32_t)__builtin_ctz(gone.regs), 0);
		mi.line = line;
		mblock_insert(x->f, b, 0, mi);
	}
	for (; gone.slots; gone.slots &= gone.slots - 1) {
		mi = mi_store_imm(8, BC_FRAME,
				  bc_spill_offset(x->f, __builtin_ctzll(gone.slots)), 0);
		mi.line = line;
		mblock_insert(x->f, b, 0, mi);
	}
}

void bc_forget(struct mfunc *f, bool is_repeated)
{
	struct target *t = f->env->target;
	struct forget x = { .f = f };
	bool changed = true;

	if (!t || !target_has(t, FEATURE_ITER_NUM))
		return;
	x.regs = t->kernel_version < REGS_BY_NEED;
	x.slots = t->kernel_version < STACK_BY_NEED;
	x.inside = arena_array(f->arena, bool, f->blocks.n);
	if (!x.slots || !find_loops(&x, is_repeated))
		return;
	x.needs = bc_needs(f);
	x.written = arena_array(f->arena, struct mneed, f->blocks.n);
	while (changed) {
		changed = false;
		for (size_t i = 0; i < f->blocks.n; i++)
			changed |= flow_on(&x, f->blocks.at[i]);
	}
	for (size_t i = 0; i < f->blocks.n; i++)
		clear(&x, f->blocks.at[i]);
}
