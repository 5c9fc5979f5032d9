/*
 * Control flow: constant branches, comparisons fused into branches, blocks that
 * only pass on, joins of conditions, blocks merged.
 *
 * A condition written as a value (`a && b`) arrives as a phi of 0, 1 and
 * comparisons before a branch: each edge that brings a constant goes straight to
 * where the branch would lead it.
 *
 * Requires: no copies. Invalidates dominators, order and uses; block ids are
 * positions again at the end.
 */
#include "ir/internal.h"

/* ---- one branch ---- */

static void swap_succs(struct ir_block *b)
{
	struct ir_block *first = b->succs[0];

	b->succs[0] = b->succs[1];
	b->succs[1] = first;
}

static void swap_args(struct ir_insn *t)
{
	struct ir_insn *first = t->args[0];

	t->args[0] = t->args[1];
	t->args[1] = first;
	t->cmp = ir_cmp_swap(t->cmp);
}

/* branch (x cmp y) != 0 is branch x cmp y; == 0 goes the other way. */
static bool fuse_compare(struct ir_block *b, struct ir_insn *t)
{
	struct ir_insn *c = t->args[0];
	int64_t zero;

	if ((t->cmp != IR_NE && t->cmp != IR_EQ) || !ir_is_const(t->args[1], &zero) || zero ||
	    c->op != IR_CMP || c->is_pinned)
		return false;
	if (t->cmp == IR_EQ)
		swap_succs(b);
	t->cmp = c->cmp;
	t->args[0] = c->args[0];
	t->args[1] = c->args[1];
	return true;
}

/* branch (x & y) != 0, or == 0 the other way round. */
static bool fuse_test(struct ir_block *b, struct ir_insn *t)
{
	struct ir_insn *and = t->args[0];
	int64_t zero;

	if ((t->cmp != IR_NE && t->cmp != IR_EQ) || !ir_is_const(t->args[1], &zero) || zero ||
	    and->op != IR_AND || and->is_pinned || and->uses != 1)
		return false;
	if (t->cmp == IR_EQ)
		swap_succs(b);
	t->cmp = IR_TEST;
	t->args[0] = and->args[0];
	t->args[1] = and->args[1];
	return true;
}

static bool fold_constant_branch(struct ir_block *b, struct ir_insn *t)
{
	int64_t x, y;

	if (t->args[0] == t->args[1] && t->cmp != IR_TEST)
		x = y = 0;
	else if (!ir_is_const(t->args[0], &x) || !ir_is_const(t->args[1], &y))
		return false;
	if (t->size == 4 && t->cmp != IR_EQ && t->cmp != IR_NE)
		return false;
	ir_branch_to_jump(b, b->succs[!ir_eval_cmp(t->cmp, x, y)]);
	return true;
}

static bool simplify_branch(struct ir_block *b)
{
	struct ir_insn *t = b->last;

	if (t->op != IR_BRANCH)
		return false;
	if (t->args[0]->op == IR_CONST && t->args[1]->op != IR_CONST)
		swap_args(t);
	return fold_constant_branch(b, t) || fuse_compare(b, t) || fuse_test(b, t);
}

/* ---- edges past blocks ---- */

static bool is_pred(const struct ir_block *b, const struct ir_block *pred)
{
	for (size_t i = 0; i < b->preds.n; i++)
		if (b->preds.at[i] == pred)
			return true;
	return false;
}

/* The value that `v`, seen at the end of `mid`, has if `mid` was entered from
 * its predecessor number `pred`. */
static struct ir_insn *value_through(struct ir_insn *v, const struct ir_block *mid, uint32_t pred)
{
	return v->op == IR_PHI && v->block == mid ? v->args[pred] : v;
}

/* Lead the edge pred -> mid past mid to its successor `to`. Not if pred leads to
 * `to` already and phis there would have to tell the two edges apart. */
static bool lead_past(struct ir_block *pred, struct ir_block *mid, struct ir_block *to)
{
	uint32_t from_mid = ir_pred_index(to, mid), at = ir_pred_index(mid, pred);

	if (to == mid)
		return false;
	if (is_pred(to, pred)) {
		ir_each_phi(phi, to)
			if (phi->args[ir_pred_index(to, pred)] !=
			    value_through(phi->args[from_mid], mid, at))
				return false;
		ir_branch_to_jump(pred, to);
		return true;
	}
	ir_each_phi(phi, to)
		ir_phi_add(phi, value_through(phi->args[from_mid], mid, at));
	ir_edge_redirect(pred, mid, to);
	return true;
}

/* Are the phis of mid used nowhere but in its terminator and in phis behind it? */
static bool phis_stay_near(const struct ir_block *mid)
{
	ir_each_phi(phi, mid) {
		uint32_t near = 0;

		for (uint32_t k = 0; k < mid->last->nr_args; k++)
			near += mid->last->args[k] == phi;
		for (uint32_t s = 0; s < mid->nr_succs; s++) {
			uint32_t at = ir_pred_index(mid->succs[s], mid);

			ir_each_phi(behind, mid->succs[s])
				near += behind->args[at] == phi;
		}
		if (near != phi->uses)
			return false;
	}
	return true;
}

static bool only_phis(const struct ir_block *b)
{
	const struct ir_insn *i = b->first;

	while (i->op == IR_PHI)
		i = i->next;
	return i == b->last;
}

/* A block of nothing but phis and a jump: its predecessors go on by themselves. */
static bool thread_jump(struct ir_block *mid)
{
	bool changed = false;

	for (size_t p = mid->preds.n; p-- > 0;)
		changed |= lead_past(mid->preds.at[p], mid, mid->succs[0]);
	return changed;
}

/* pred jumps to mid and brings a comparison for its branch: branch there. */
static bool copy_branch(struct ir_block *pred, struct ir_block *mid)
{
	struct ir_insn *t = pred->last, *from = mid->last;
	uint32_t at = ir_pred_index(mid, pred);

	if (t->op != IR_JUMP || value_through(from->args[0], mid, at)->op != IR_CMP ||
	    from->args[0]->block != mid || from->args[1]->op != IR_CONST ||
	    is_pred(mid->succs[0], pred) || is_pred(mid->succs[1], pred))
		return false;
	t->op = IR_BRANCH;
	t->cmp = from->cmp;
	t->size = from->size;
	t->nr_args = 2;
	t->args = arena_array(mid->func->module->arena, struct ir_insn *, 2);
	t->args[0] = value_through(from->args[0], mid, at);
	t->args[1] = from->args[1];
	for (uint32_t k = 0; k < 2; k++) {
		struct ir_block *to = mid->succs[k];
		uint32_t from_mid = ir_pred_index(to, mid);

		ir_each_phi(phi, to)
			ir_phi_add(phi, value_through(phi->args[from_mid], mid, at));
		ir_edge_add(pred, to);
		pred->succs[k] = to;
	}
	pred->nr_succs = 2;
	ir_edge_drop(pred, mid);
	return true;
}

/* Which way a branch goes for the edge that brings these args: its successor, or
 * NULL if that is not known. */
static struct ir_block *known_way(const struct ir_block *mid, uint32_t pred)
{
	const struct ir_insn *t = mid->last;
	int64_t x, y;

	if (t->size == 4 || !ir_is_const(value_through(t->args[0], mid, pred), &x) ||
	    !ir_is_const(value_through(t->args[1], mid, pred), &y))
		return NULL;
	return mid->succs[!ir_eval_cmp(t->cmp, x, y)];
}

static bool thread_branch(struct ir_block *mid)
{
	bool changed = false;

	for (size_t p = mid->preds.n; p-- > 0;) {
		struct ir_block *to = known_way(mid, (uint32_t)p);

		if (to)
			changed |= lead_past(mid->preds.at[p], mid, to);
		else
			changed |= copy_branch(mid->preds.at[p], mid);
	}
	return changed;
}

/* A NOT_NULL behind the branch needs it to be the only way there. */
static bool guards_pointer(const struct ir_block *mid)
{
	return ir_type_is_or_null(mid->last->args[0]->type);
}

static bool thread_block(struct ir_block *mid)
{
	if (!mid->id || !mid->preds.n || !only_phis(mid) || !phis_stay_near(mid))
		return false;
	if (mid->last->op == IR_JUMP)
		return thread_jump(mid);
	return mid->last->op == IR_BRANCH && !guards_pointer(mid) && thread_branch(mid);
}

/* ---- merging ---- */

/* b jumps to a block that has no other predecessor: take it in. */
static bool merge_next(struct ir_block *b)
{
	struct ir_block *next = b->nr_succs == 1 ? b->succs[0] : NULL;

	if (!next || next->preds.n != 1 || next == b)
		return false;
	ir_each_insn(i, after, next) {
		if (i->op == IR_PHI)
			i->same_as = ir_resolve(i->args[0]);
	}
	ir_remove(b->last);
	ir_each_insn(i, after, next) {
		ir_remove(i);
		ir_append(b, i);
	}
	b->nr_succs = next->nr_succs;
	for (uint32_t k = 0; k < next->nr_succs; k++) {
		b->succs[k] = next->succs[k];
		b->succs[k]->preds.at[ir_pred_index(b->succs[k], next)] = b;
	}
	next->nr_succs = 0;
	next->preds.n = 0;
	return true;
}

/* Forget merged blocks; they are empty. */
static void drop_empty(struct ir_func *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->blocks.n; i++)
		if (f->blocks.at[i]->first)
			f->blocks.at[kept++] = f->blocks.at[i];
	f->blocks.n = kept;
	ir_assign_block_ids(f);
}

/* Edges that were led elsewhere bring their phis to new places: uses are counted
 * anew before the next block with phis is looked at. */
static bool thread_blocks(struct ir_func *f)
{
	bool changed = false, is_counted = false;
	struct ir_block **b;

	vec_each(b, &f->blocks) {
		if (!is_counted && (*b)->first && (*b)->first->op == IR_PHI) {
			ir_count_uses(f);
			is_counted = true;
		}
		if (!thread_block(*b))
			continue;
		changed = true;
		is_counted = false;
	}
	return changed;
}

static bool pass_once(struct ir_func *f)
{
	struct ir_block **b;
	bool changed = false;

	ir_count_uses(f);
	vec_each(b, &f->blocks)
		while (simplify_branch(*b))
			changed = true;
	ir_remove_unreachable(f);
	changed |= thread_blocks(f);
	ir_remove_unreachable(f);
	vec_each(b, &f->blocks)
		while ((*b)->first && merge_next(*b))
			changed = true;
	drop_empty(f);
	ir_pass_phis(f);
	return changed;
}

void ir_pass_branches(struct ir_func *f)
{
	/* Each round takes blocks or branches away; the limit is a guard. */
	for (unsigned round = 0; round < 8 && pass_once(f); round++)
		;
}
