/*
 * Edges, order, dominators, and what concerns whole funcs.
 *
 * Preds and phi args are parallel; the functions here are the only ones that
 * change an edge once a func is built. Dominators are found on reverse
 * postorder (Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm).
 */
#include "ir/internal.h"

#include <assert.h>
#include <string.h>

#define NONE UINT32_MAX

/* ---- edges ---- */

void ir_edge_add(struct ir_block *from, struct ir_block *to)
{
	assert(to->id);
	vec_push(to->func->module->arena, &to->preds, from);
}

uint32_t ir_pred_index(const struct ir_block *b, const struct ir_block *pred)
{
	for (size_t i = 0; i < b->preds.n; i++)
		if (b->preds.at[i] == pred)
			return (uint32_t)i;
	assert(!"not a predecessor");
	return 0;
}

void ir_edge_drop(struct ir_block *from, struct ir_block *to)
{
	uint32_t at = ir_pred_index(to, from);
	size_t after = to->preds.n - at - 1;

	memmove(&to->preds.at[at], &to->preds.at[at + 1], after * sizeof(*to->preds.at));
	to->preds.n--;
	ir_each_phi(phi, to) {
		memmove(&phi->args[at], &phi->args[at + 1], after * sizeof(*phi->args));
		phi->nr_args--;
	}
}

static void succ_replace(struct ir_block *from, struct ir_block *old, struct ir_block *to)
{
	from->succs[from->succs[0] == old ? 0 : 1] = to;
}

void ir_edge_redirect(struct ir_block *from, struct ir_block *old, struct ir_block *to)
{
	ir_edge_drop(from, old);
	succ_replace(from, old, to);
	ir_edge_add(from, to);
}

void ir_branch_to_jump(struct ir_block *b, struct ir_block *keep)
{
	struct ir_insn *t = b->last;

	if (b->nr_succs == 2 && b->succs[0] != b->succs[1])
		ir_edge_drop(b, b->succs[b->succs[0] == keep]);
	b->succs[0] = keep;
	b->succs[1] = NULL;
	b->nr_succs = 1;
	t->op = IR_JUMP;
	t->nr_args = 0;
}

struct ir_block *ir_block_split(struct ir_block *b, struct ir_insn *at)
{
	struct ir_func *f = b->func;
	struct ir_builder end = { .func = f, .block = b };
	struct ir_block *rest = ir_block_new(f);

	rest->sealed = true;
	rest->is_cold = b->is_cold;
	rest->first = at;
	rest->last = b->last;
	b->last = at->prev;
	if (at->prev)
		at->prev->next = NULL;
	else
		b->first = NULL;
	at->prev = NULL;
	for (struct ir_insn *i = at; i; i = i->next)
		i->block = rest;
	for (uint32_t k = 0; k < b->nr_succs; k++) {
		rest->succs[k] = b->succs[k];
		b->succs[k]->preds.at[ir_pred_index(b->succs[k], b)] = rest;
	}
	rest->nr_succs = b->nr_succs;
	b->succs[1] = NULL;
	ir_emit_jump(&end, rest);
	return rest;
}

/* ---- order ---- */

void ir_assign_block_ids(struct ir_func *f)
{
	for (size_t i = 0; i < f->blocks.n; i++)
		f->blocks.at[i]->id = (uint32_t)i;
}

struct visit {
	struct ir_block *block;
	uint32_t next;	/* succs still to go */
};

/* The successor that had better come right behind its block: no cold one, and not
 * the target of a test, which has no opposite. */
static uint32_t better_next(const struct ir_block *b)
{
	if (b->nr_succs < 2)
		return 0;
	if (b->succs[0]->is_cold != b->succs[1]->is_cold)
		return b->succs[0]->is_cold;
	return b->last->cmp == IR_TEST;
}

/* Of two successors the one visited last comes right behind its block in reverse
 * postorder. */
static struct ir_block *visit_succ(struct visit *v)
{
	uint32_t nth = --v->next;

	return v->block->succs[nth ^ better_next(v->block)];
}

static void visit_push(struct visit *stack, size_t *depth, struct ir_block *b, uint32_t *number)
{
	number[b->id] = 0;
	stack[(*depth)++] = (struct visit){ b, b->nr_succs };
}

void ir_order_find(const struct ir_func *f, struct ir_order *o)
{
	struct arena *a = ir_work(f->module);
	struct visit *stack = arena_array(a, struct visit, f->blocks.n);
	size_t depth = 0, at = f->blocks.n;

	o->rpo = arena_array(a, struct ir_block *, f->blocks.n);
	o->number = arena_array(a, uint32_t, f->blocks.n);
	memset(o->number, 0xff, f->blocks.n * sizeof(*o->number));
	if (f->blocks.n)
		visit_push(stack, &depth, f->blocks.at[0], o->number);
	while (depth) {
		struct visit *v = &stack[depth - 1];

		if (v->next) {
			struct ir_block *s = visit_succ(v);

			if (o->number[s->id] == NONE)
				visit_push(stack, &depth, s, o->number);
			continue;
		}
		o->rpo[--at] = v->block;
		depth--;
	}
	o->n = (uint32_t)(f->blocks.n - at);
	memmove(o->rpo, o->rpo + at, o->n * sizeof(*o->rpo));
	for (uint32_t i = 0; i < o->n; i++)
		o->number[o->rpo[i]->id] = i;
}

/* ---- dominators ---- */

static uint32_t dom_meet(const uint32_t *idom, uint32_t a, uint32_t b)
{
	while (a != b) {
		while (a > b)
			a = idom[a];
		while (b > a)
			b = idom[b];
	}
	return a;
}

static bool dom_update(struct ir_dom *d, uint32_t i)
{
	struct ir_block *b = d->order.rpo[i];
	uint32_t dom = NONE;

	for (size_t k = 0; k < b->preds.n; k++) {
		uint32_t p = d->order.number[b->preds.at[k]->id];

		if (p == NONE || d->idom[p] == NONE)
			continue;
		dom = dom == NONE ? p : dom_meet(d->idom, dom, p);
	}
	if (d->idom[i] == dom)
		return false;
	d->idom[i] = dom;
	return true;
}

/* Number the dominator tree: enter in preorder, leave = last number inside.
 * Children have greater rpo numbers than parents, so sizes add up backwards. */
static void dom_intervals(struct ir_dom *d, struct arena *a)
{
	uint32_t n = d->order.n;
	uint32_t *size = arena_array(a, uint32_t, n), *used = arena_array(a, uint32_t, n);

	d->enter = arena_array(a, uint32_t, n);
	d->leave = arena_array(a, uint32_t, n);
	for (uint32_t i = n; i-- > 0;) {
		size[i]++;
		if (i)
			size[d->idom[i]] += size[i];
	}
	for (uint32_t i = 0; i < n; i++) {
		if (i) {
			uint32_t up = d->idom[i];

			d->enter[i] = d->enter[up] + 1 + used[up];
			used[up] += size[i];
		}
		d->leave[i] = d->enter[i] + size[i] - 1;
	}
}

void ir_dom_find(const struct ir_func *f, struct ir_dom *d)
{
	struct arena *a = ir_work(f->module);
	bool again = true;

	ir_order_find(f, &d->order);
	d->idom = arena_array(a, uint32_t, d->order.n);
	for (uint32_t i = 1; i < d->order.n; i++)
		d->idom[i] = NONE;
	while (again) {
		again = false;
		for (uint32_t i = 1; i < d->order.n; i++)
			again |= dom_update(d, i);
	}
	dom_intervals(d, a);
}

bool ir_dominates(const struct ir_dom *d, const struct ir_block *a, const struct ir_block *b)
{
	uint32_t x = d->order.number[a->id], y = d->order.number[b->id];

	if (x == NONE || y == NONE)
		return y == NONE;
	return d->enter[x] <= d->enter[y] && d->enter[y] <= d->leave[x];
}

struct ir_block *ir_idom(const struct ir_dom *d, const struct ir_block *b)
{
	uint32_t i = d->order.number[b->id];

	return i == NONE || !i ? NULL : d->order.rpo[d->idom[i]];
}

/* ---- whole funcs ---- */

void ir_count_uses(struct ir_func *f)
{
	struct ir_insn **leaf;
	struct ir_block **b;

	vec_each(leaf, &f->leaves)
		(*leaf)->uses = 0;
	vec_each(b, &f->blocks)
		for (struct ir_insn *i = (*b)->first; i; i = i->next)
			i->uses = 0;
	vec_each(b, &f->blocks)
		for (struct ir_insn *i = (*b)->first; i; i = i->next)
			for (uint32_t k = 0; k < i->nr_args; k++)
				i->args[k]->uses++;
}

void ir_replace(struct ir_func *f, struct ir_insn *old, struct ir_insn *with)
{
	struct ir_block **b;

	vec_each(b, &f->blocks)
		for (struct ir_insn *i = (*b)->first; i; i = i->next)
			for (uint32_t k = 0; k < i->nr_args; k++)
				if (i->args[k] == old)
					i->args[k] = with;
}

void ir_remove_unreachable(struct ir_func *f)
{
	struct ir_order o;
	size_t kept = 0;

	ir_order_find(f, &o);
	if (o.n == f->blocks.n)
		return;
	for (size_t i = 0; i < f->blocks.n; i++) {
		struct ir_block *b = f->blocks.at[i];

		if (o.number[i] != NONE)
			continue;
		for (uint32_t k = 0; k < b->nr_succs; k++)
			ir_edge_drop(b, b->succs[k]);
	}
	for (size_t i = 0; i < f->blocks.n; i++)
		if (o.number[i] != NONE)
			f->blocks.at[kept++] = f->blocks.at[i];
	f->blocks.n = kept;
	ir_assign_block_ids(f);
}

/* Leaves first, in the order of their making; unused ones are forgotten by
 * nobody, since the leaf table still holds them. */
static void renumber_values(struct ir_func *f)
{
	struct ir_insn **leaf;
	struct ir_block **b;
	uint32_t id = 0;

	vec_each(leaf, &f->leaves)
		(*leaf)->id = id++;
	vec_each(b, &f->blocks)
		for (struct ir_insn *i = (*b)->first; i; i = i->next)
			i->id = id++;
	f->next_insn_id = id;
}

void ir_renumber(struct ir_func *f)
{
	struct ir_order o;

	ir_remove_unreachable(f);
	ir_order_find(f, &o);
	memcpy(f->blocks.at, o.rpo, o.n * sizeof(*o.rpo));
	ir_assign_block_ids(f);
	renumber_values(f);
}
