/*
 * Calls of funcs: which of them become code in place.
 *
 * In place come funcs that are called once or are about as small as a call is, and
 * of a chain of calls that is too deep for the kernel's stack as many levels as it
 * takes. A func that keeps memory on the stack stays by itself if it can: there it
 * shares that with its siblings. Funcs that nobody calls any more are emptied.
 *
 * Requires: no copies (ir_pass_phis), no recursion. Invalidates everything.
 */
#include "ir/internal.h"

#define SMALL_INSNS 16
#define DEEPEST_CHAIN 5	/* frames, of 8: each may spill, and all have 512 bytes together */

struct inliner {
	struct ir_module *m;
	uint32_t n;
	uint32_t *sites;	/* by func: how often it is called */
	uint32_t *height;	/* by func: frames down its deepest chain, if all calls stay */
	bool *is_callback;	/* by func: a helper calls it */
	bool *has_frame;	/* by func: keeps objects on the stack */
	uint32_t *order;	/* callees before callers */
	uint32_t nr_ordered;
	uint32_t group;		/* of a deep chain, a call stays every so many levels */
};

/* ---- one call ---- */

struct copy {
	struct ir_func *to;
	const struct ir_func *from;
	struct ir_insn *call;
	struct ir_block *rest;		/* behind the call */
	struct ir_block **blocks;	/* by id in `from` */
	struct ir_insn **values;	/* by id in `from` */
	struct ir_insn *result;		/* phi in rest */
	uint32_t first_object;
};

static struct ir_insn *copy_leaf(const struct copy *c, const struct ir_insn *leaf)
{
	switch (leaf->op) {
	case IR_PARAM:
		return c->call->args[leaf->imm];
	case IR_OBJECT:
		return ir_object(c->to, c->first_object + (uint32_t)leaf->imm);
	case IR_MAP:
		return ir_map(c->to, (uint32_t)leaf->imm);
	case IR_MAP_VALUE:
		return ir_map_value(c->to, (uint32_t)leaf->imm, (uint32_t)leaf->imm2);
	case IR_FUNC:
		return ir_func_ref(c->to, (uint32_t)leaf->imm);
	default:
		return ir_const(c->to, leaf->imm);
	}
}

static struct ir_insn *copy_value(struct copy *c, const struct ir_insn *v)
{
	if (!c->values[v->id])
		c->values[v->id] = copy_leaf(c, v);
	return c->values[v->id];
}

/* A return leads to what is behind the call. */
static void copy_return(struct copy *c, struct ir_block *b, uint32_t line)
{
	struct ir_builder end = { .func = c->to, .block = b, .line = line };

	ir_emit_jump(&end, c->rest);
}

/* Without its arguments, some of which may not be there yet. */
static void copy_insn(struct copy *c, struct ir_block *b, const struct ir_insn *i)
{
	struct ir_insn *new;

	if (i->op == IR_RET) {
		copy_return(c, b, i->line);
		return;
	}
	new = ir_insn_new(c->to, i->op, i->type, i->nr_args);
	new->cmp = i->cmp;
	new->size = i->size;
	new->is_signed = i->is_signed;
	new->is_pinned = i->is_pinned;
	new->is_pure = i->is_pure;
	new->imm = i->imm;
	new->imm2 = i->imm2;
	new->imm3 = i->imm3;
	new->line = i->line;
	c->values[i->id] = new;
	ir_append(b, new);
}

static void copy_blocks(struct copy *c)
{
	for (size_t n = 0; n < c->from->blocks.n; n++) {
		c->blocks[n] = ir_block_new(c->to);
		c->blocks[n]->sealed = true;
		c->blocks[n]->is_cold = c->from->blocks.at[n]->is_cold || c->rest->is_cold;
	}
	for (size_t n = 0; n < c->from->blocks.n; n++) {
		const struct ir_block *old = c->from->blocks.at[n];
		struct ir_block *new = c->blocks[n], **pred;

		for (const struct ir_insn *i = old->first; i; i = i->next)
			copy_insn(c, new, i);
		vec_each(pred, &old->preds)
			vec_push(c->to->module->arena, &new->preds, c->blocks[(*pred)->id]);
		for (uint32_t k = 0; k < old->nr_succs; k++)
			new->succs[k] = c->blocks[old->succs[k]->id];
		if (old->nr_succs)
			new->nr_succs = old->nr_succs;
	}
}

static void copy_args(struct copy *c)
{
	for (size_t n = 0; n < c->from->blocks.n; n++)
		for (const struct ir_insn *i = c->from->blocks.at[n]->first; i; i = i->next)
			for (uint32_t k = 0; i->op != IR_RET && k < i->nr_args; k++)
				c->values[i->id]->args[k] = copy_value(c, i->args[k]);
}

static void copy_objects(struct copy *c)
{
	c->first_object = (uint32_t)c->to->objects.n;
	for (size_t k = 0; k < c->from->objects.n; k++)
		vec_push(c->to->module->arena, &c->to->objects, c->from->objects.at[k]);
}

/* What the call's value is: that of the one return, or of several. The jumps to
 * `rest` were made in the order of blocks. */
static struct ir_insn *joined_result(struct copy *c)
{
	size_t nr_returns = c->rest->preds.n, at = 0;
	struct ir_insn *phi = NULL;

	if (nr_returns > 1) {
		phi = ir_insn_new(c->to, IR_PHI, c->call->type, (uint32_t)nr_returns);
		ir_insert_before(c->rest->first, phi);
	}
	for (size_t n = 0; n < c->from->blocks.n; n++) {
		const struct ir_insn *end = c->from->blocks.at[n]->last;

		if (end->op != IR_RET)
			continue;
		if (!phi)
			return copy_value(c, end->args[0]);
		phi->args[at++] = copy_value(c, end->args[0]);
	}
	return phi ? phi : ir_const(c->to, 0);
}

static void inline_call(struct ir_func *to, struct ir_insn *call)
{
	struct ir_func *from = to->module->funcs.at[call->imm];
	struct arena *a = to->module->arena;
	struct ir_block *before = call->block;
	struct copy c = { .to = to, .from = from, .call = call };
	struct ir_builder end = { .func = to, .block = before, .line = call->line };

	c.blocks = arena_array(a, struct ir_block *, from->blocks.n);
	c.values = arena_array(a, struct ir_insn *, from->next_insn_id);
	c.rest = ir_block_split(before, call->next);
	ir_remove(before->last);
	ir_edge_drop(before, c.rest);
	before->nr_succs = 0;
	copy_objects(&c);
	copy_blocks(&c);
	copy_args(&c);
	end.block = before;
	ir_emit_jump(&end, c.blocks[0]);
	if (call->type != IR_VOID)
		ir_replace(to, call, joined_result(&c));
	ir_remove(call);
}

/* ---- which calls ---- */

static void visit(struct inliner *x, uint32_t func);

static void visit_callee(struct inliner *x, uint32_t func, uint32_t callee)
{
	visit(x, callee);
	if (x->height[callee] + 1 > x->height[func])
		x->height[func] = x->height[callee] + 1;
}

static void visit(struct inliner *x, uint32_t func)
{
	struct ir_func *f = x->m->funcs.at[func];
	struct ir_insn **leaf;
	struct ir_block **b;

	if (x->height[func])
		return;
	x->height[func] = 1;
	vec_each(leaf, &f->leaves)
		if ((*leaf)->op == IR_FUNC) {
			x->is_callback[(*leaf)->imm] = true;
			visit_callee(x, func, (uint32_t)(*leaf)->imm);
		}
	vec_each(b, &f->blocks)
		for (const struct ir_insn *i = (*b)->first; i; i = i->next)
			if (i->op == IR_FCALL) {
				x->sites[i->imm]++;
				visit_callee(x, func, (uint32_t)i->imm);
			}
	for (size_t k = 0; k < f->objects.n; k++)
		x->has_frame[func] |= f->objects.at[k].place == IR_PLACE_STACK ||
				      f->objects.at[k].keep;
	x->order[x->nr_ordered++] = func;
}

static uint32_t nr_insns(const struct ir_func *f)
{
	uint32_t n = 0;

	for (size_t k = 0; k < f->blocks.n; k++)
		for (const struct ir_insn *i = f->blocks.at[k]->first; i; i = i->next)
			n++;
	return n;
}

static bool should_inline(const struct inliner *x, uint32_t callee)
{
	if (x->m->funcs.at[callee]->is_global || x->m->funcs.at[callee]->is_apart)
		return false;
	if (x->group > 1 && x->height[callee] % x->group)
		return true;
	if (x->has_frame[callee] || x->is_callback[callee])
		return false;
	return x->sites[callee] == 1 || nr_insns(x->m->funcs.at[callee]) <= SMALL_INSNS;
}

/* Frames down the deepest chain from func if every `group`-th level stays. */
static uint32_t frames(const struct inliner *x, const uint32_t *below, const struct ir_func *f)
{
	uint32_t deepest = 0;

	for (size_t k = 0; k < f->leaves.n; k++)
		if (f->leaves.at[k]->op == IR_FUNC && below[f->leaves.at[k]->imm] > deepest)
			deepest = below[f->leaves.at[k]->imm];
	for (size_t k = 0; k < f->blocks.n; k++)
		for (const struct ir_insn *i = f->blocks.at[k]->first; i; i = i->next) {
			uint32_t n;

			if (i->op != IR_FCALL)
				continue;
			n = below[i->imm] - should_inline(x, (uint32_t)i->imm);
			deepest = n > deepest ? n : deepest;
		}
	return 1 + deepest;
}

static bool is_shallow(const struct inliner *x)
{
	uint32_t *below = arena_array(x->m->arena, uint32_t, x->n);

	for (uint32_t k = 0; k < x->nr_ordered; k++)
		below[x->order[k]] = frames(x, below, x->m->funcs.at[x->order[k]]);
	return below[0] <= DEEPEST_CHAIN;
}

static bool inline_into(const struct inliner *x, struct ir_func *f)
{
	for (size_t n = 0; n < f->blocks.n; n++)
		for (struct ir_insn *i = f->blocks.at[n]->first; i; i = i->next)
			if (i->op == IR_FCALL && should_inline(x, (uint32_t)i->imm)) {
				inline_call(f, i);
				return true;
			}
	return false;
}

/* ---- what is left ---- */

static void mark(const struct ir_module *m, uint32_t func, bool *is_live)
{
	const struct ir_func *f = m->funcs.at[func];

	if (is_live[func])
		return;
	is_live[func] = true;
	for (size_t k = 0; k < f->leaves.n; k++)
		if (f->leaves.at[k]->op == IR_FUNC)
			mark(m, (uint32_t)f->leaves.at[k]->imm, is_live);
	for (size_t k = 0; k < f->blocks.n; k++)
		for (const struct ir_insn *i = f->blocks.at[k]->first; i; i = i->next)
			if (i->op == IR_FCALL)
				mark(m, (uint32_t)i->imm, is_live);
}

static void empty(struct ir_func *f)
{
	struct ir_builder b = { .func = f };

	f->blocks.n = f->objects.n = f->leaves.n = 0;
	hmap_init(&f->leaf_table, f->module->arena);
	b.block = ir_block_new(f);
	ir_emit_ret(&b, ir_const(f, 0));
}

static void empty_dead(struct ir_module *m)
{
	bool *is_live = arena_array(m->arena, bool, m->funcs.n);

	mark(m, 0, is_live);
	for (uint32_t k = 1; k < m->funcs.n; k++)
		if (!is_live[k])
			empty(m->funcs.at[k]);
}

void ir_inline_calls(struct ir_module *m)
{
	struct arena *a = m->arena;
	struct inliner x = { .m = m, .n = (uint32_t)m->funcs.n, .group = 1 };

	if (x.n == 1)
		return;
	x.sites = arena_array(a, uint32_t, x.n);
	x.height = arena_array(a, uint32_t, x.n);
	x.order = arena_array(a, uint32_t, x.n);
	x.is_callback = arena_array(a, bool, x.n);
	x.has_frame = arena_array(a, bool, x.n);
	visit(&x, 0);
	while (!is_shallow(&x) && x.group <= x.height[0])
		x.group++;
	for (uint32_t k = 0; k < x.nr_ordered; k++)
		while (inline_into(&x, m->funcs.at[x.order[k]]))
			;
	empty_dead(m);
}
