/*
 * Phis become copies at the end of the predecessors, or in a block of their own where
 * the predecessor has another way to go. The copies of one edge happen at once: they
 * are put in an order in which none overwrites what another still reads, cycles being
 * broken by one register more.
 *
 * In: all blocks selected. Out: no phis; edge blocks placed in the layout.
 */
#include "bpf/select.h"

#include <assert.h>

struct move {
	uint32_t dst;
	uint32_t src;			/* BC_NO_REG: a leaf */
	const struct ir_insn *leaf;
	bool done;
};

struct edge {
	struct ir_block *from, *to;
	struct move *moves;
	size_t nr_moves;
};

static uint32_t pred_index(const struct ir_block *b, const struct ir_block *pred)
{
	for (uint32_t k = 0; k < b->preds.n; k++) {
		if (b->preds.at[k] == pred)
			return k;
	}
	assert(!"an edge that the successor does not know");
	return 0;
}

static bool is_leaf(const struct ir_insn *v)
{
	return !v->block && v->op != IR_PARAM;
}

static void collect_moves(struct sel *s, struct edge *e)
{
	uint32_t k = pred_index(e->to, e->from);
	size_t n = 0;

	for (const struct ir_insn *i = e->to->first; i && i->op == IR_PHI; i = i->next)
		n++;
	e->moves = arena_array(s->f->arena, struct move, n);
	e->nr_moves = 0;
	for (const struct ir_insn *i = e->to->first; i && i->op == IR_PHI; i = i->next) {
		const struct ir_insn *v = i->args[k];
		struct move m = { .dst = sel_reg(s, i), .src = BC_NO_REG };

		if (!s->needed[i->id])
			continue;
		while (v->op == IR_NOT_NULL)
			v = v->args[0];
		if (is_leaf(v))
			m.leaf = v;
		else
			m.src = sel_reg(s, v);
		if (m.src != m.dst)
			e->moves[e->nr_moves++] = m;
	}
}

/* Is `reg` still to be read by another move? */
static bool is_read(const struct edge *e, const struct move *self, uint32_t reg)
{
	for (size_t k = 0; k < e->nr_moves; k++) {
		if (&e->moves[k] != self && !e->moves[k].done && e->moves[k].src == reg)
			return true;
	}
	return false;
}

/* Emit every move whose destination nobody reads any more; false if there was none. */
static bool emit_free_moves(struct sel *s, struct edge *e)
{
	bool any = false;

	for (size_t k = 0; k < e->nr_moves; k++) {
		struct move *m = &e->moves[k];

		if (m->done || m->src == BC_NO_REG || is_read(e, m, m->dst))
			continue;
		sel_add(s, mi_copy(m->dst, m->src));
		m->done = any = true;
	}
	return any;
}

/* All that are left are cycles: save one destination, read the copy instead. */
static bool break_cycle(struct sel *s, struct edge *e)
{
	for (size_t k = 0; k < e->nr_moves; k++) {
		uint32_t saved, dst = e->moves[k].dst;

		if (e->moves[k].done || e->moves[k].src == BC_NO_REG)
			continue;
		saved = mreg_new(s->f);
		sel_add(s, mi_copy(saved, dst));
		for (size_t j = 0; j < e->nr_moves; j++) {
			if (e->moves[j].src == dst)
				e->moves[j].src = saved;
		}
		return true;
	}
	return false;
}

static void emit_moves(struct sel *s, struct edge *e)
{
	do {
		while (emit_free_moves(s, e))
			;
	} while (break_cycle(s, e));
	for (size_t k = 0; k < e->nr_moves; k++) {
		if (e->moves[k].src == BC_NO_REG)
			sel_into(s, e->moves[k].dst, e->moves[k].leaf);
	}
}

static void insert_block(struct mfunc *f, struct mblock *b, size_t at)
{
	vec_push(f->arena, &f->blocks, b);
	for (size_t k = f->blocks.n - 1; k > at; k--)
		f->blocks.at[k] = f->blocks.at[k - 1];
	f->blocks.at[at] = b;
}

static size_t layout_index(const struct mfunc *f, const struct mblock *b)
{
	size_t k;

	for (k = 0; f->blocks.at[k] != b; k++)
		assert(k + 1 < f->blocks.n);
	return k;
}

static bool falls_into(const struct mblock *b, const struct mblock *next)
{
	return b->nr_succs && (b->succs[0] == next || b->succs[b->nr_succs - 1] == next);
}

/* Where the edge block costs no jump: before its target if nobody falls into that
 * one from there; else behind its source; a cold one at the end. */
static size_t edge_place(const struct mfunc *f, const struct mblock *from, const struct mblock *to)
{
	size_t at = layout_index(f, to);

	if (at && !falls_into(f->blocks.at[at - 1], to))
		return at;
	if (to->is_cold)
		return f->blocks.n;
	return layout_index(f, from) + 1;
}

static struct mblock *edge_block(struct sel *s, const struct edge *e)
{
	struct mblock *from = s->block_of[e->from->id], *to = s->block_of[e->to->id];
	struct mblock *b = mblock_new(s->f);

	b->is_cold = from->is_cold || to->is_cold;
	b->is_edge = true;
	b->succs[0] = to;
	b->nr_succs = 1;
	insert_block(s->f, b, edge_place(s->f, from, to));
	for (uint32_t k = 0; k < from->nr_succs; k++) {
		if (from->succs[k] == to)
			from->succs[k] = b;
	}
	return b;
}

static uint32_t order_of(const struct sel *s, const struct ir_block *b)
{
	uint32_t k = 0;

	while (s->order[k] != b)
		k++;
	return k;
}

/* Does the phi choose among leaves only? Then there is no value that it would better
 * share a register with. */
static bool joins_leaves(struct sel *s, const struct ir_block *b, uint32_t dst)
{
	for (const struct ir_insn *i = b->first; i && i->op == IR_PHI; i = i->next) {
		if (!s->needed[i->id] || sel_reg(s, i) != dst)
			continue;
		for (uint32_t k = 0; k < i->nr_args; k++) {
			if (!is_leaf(i->args[k]))
				return false;
		}
	}
	return true;
}

/* May the one move be made before the branch, for both ways? It is of a leaf, the
 * branch does not read its destination, and on the other way nobody does before it
 * is set again: a phi is read behind its block only, which is entered forwards here.
 * Not to the cost of a hot way, for a cold one. */
static bool moves_before_branch(struct sel *s, const struct edge *e, const struct mi *branch)
{
	const struct ir_block *other = e->from->succs[e->from->succs[0] == e->to];
	uint32_t dst = e->moves[0].dst;

	if (e->nr_moves != 1 || e->moves[0].src != BC_NO_REG || (e->to->is_cold && !other->is_cold))
		return false;
	if (branch->dst == dst || branch->src == dst || branch->src2 == dst)
		return false;
	return order_of(s, e->from) < order_of(s, e->to) && joins_leaves(s, e->to, dst);
}

static void phis_of_edge(struct sel *s, struct ir_block *from, struct ir_block *to)
{
	struct edge e = { .from = from, .to = to };
	struct mi jump = { 0 };
	struct mblock *b = s->block_of[from->id];

	collect_moves(s, &e);
	if (!e.nr_moves)
		return;
	s->line = from->last->line;
	s->leaves = s->leaves_at_end[from->id];
	if (from->nr_succs > 1 && !moves_before_branch(s, &e, &b->insns.at[b->insns.n - 1])) {
		s->b = edge_block(s, &e);
		emit_moves(s, &e);
		jump.kind = MI_JUMP;
		jump.code = BPF_JMP | BPF_JA;
		jump.dst = jump.src = jump.src2 = BC_NO_REG;
		sel_add(s, jump);
		return;
	}
	jump = b->insns.at[--b->insns.n];
	s->b = b;
	emit_moves(s, &e);
	mblock_add(s->f, b, jump);
}

void sel_phis(struct sel *s)
{
	for (uint32_t k = 0; k < s->nr_order; k++) {
		struct ir_block *b = s->order[k];

		for (uint32_t i = 0; i < b->nr_succs; i++) {
			if (b->succs[i]->first && b->succs[i]->first->op == IR_PHI)
				phis_of_edge(s, b, b->succs[i]);
		}
	}
}
