/*
 * Constants on edges: where a branch compares x with c and an edge is taken only
 * if they are equal, a phi that gets c from that edge gets x instead.
 *
 * x is in a register there and mostly not needed any more, so that the phi can
 * have the same one: `v = 0; if (p) v = *p;` costs no move. Comes last, since it
 * hides constants. A pointer that is null on the edge may so meet an integer.
 *
 * Requires nothing; keeps the graph.
 */
#include "ir/internal.h"

static bool is_usable(const struct ir_insn *x)
{
	return !ir_op_is(x, IR_OP_LEAF) && (x->type == IR_INT || ir_type_is_or_null(x->type));
}

/* The value that equals the constant `c` whenever b is left for `to`, or NULL. */
static struct ir_insn *equal_on_edge(const struct ir_block *b, const struct ir_block *to,
				     const struct ir_insn *c)
{
	const struct ir_insn *t = b->last;
	uint32_t edge;

	if (t->op != IR_BRANCH || t->size == 4 || (t->cmp != IR_EQ && t->cmp != IR_NE))
		return NULL;
	edge = t->cmp == IR_EQ ? 0 : 1;
	if (b->succs[edge] != to || t->args[1] != c || !is_usable(t->args[0]))
		return NULL;
	return t->args[0];
}

/* The same, where only empty blocks lie between the branch and the edge. */
struct ir_insn *ir_equal_on_edge(const struct ir_block *b, const struct ir_block *to,
				 const struct ir_insn *c)
{
	struct ir_insn *x = equal_on_edge(b, to, c);

	if (!x && b->first == b->last && b->preds.n == 1)
		x = equal_on_edge(b->preds.at[0], b, c);
	return x;
}

void ir_pass_edges(struct ir_func *f)
{
	struct ir_block **b;

	vec_each(b, &f->blocks)
		ir_each_phi(phi, *b)
			for (uint32_t k = 0; k < phi->nr_args; k++) {
				struct ir_insn *x;

				if (phi->type != IR_INT || phi->args[k]->op != IR_CONST)
					continue;
				x = ir_equal_on_edge((*b)->preds.at[k], *b, phi->args[k]);
				if (x)
					phi->args[k] = x;
			}
}
