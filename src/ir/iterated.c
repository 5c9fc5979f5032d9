/*
 * Objects that the body of an iterator's loop uses.
 *
 * The kernel follows such a loop until nothing new comes back to its head, and
 * compares all that lies on the stack then, needed or not: bytes that are left over
 * from a turn, or from one of the ways through it, multiply what it follows. Memory
 * that is not the stack's holds anything at any time. So where many ways lead
 * through a loop its objects lie in scratch.
 *
 * Requires: p->objects and p->wishes. Changes wishes only.
 */
#include "ir/place.h"

#define MANY_BRANCHES 6

bool ir_is_next_turn(const struct ir_insn *i)
{
	return i->op == IR_KCALL && i->type == IR_MAPVAL_OR_NULL && !i->is_pure;
}

static bool is_head(const struct ir_block *b)
{
	for (const struct ir_insn *i = b->first; i; i = i->next)
		if (ir_is_next_turn(i))
			return true;
	return false;
}

struct walk {
	struct ir_block **stack;
	bool *before, *behind;		/* by block: leads to the head, is reached from it */
};

static void mark(struct walk *w, bool *marks, struct ir_block *b, size_t *depth)
{
	if (marks[b->id])
		return;
	marks[b->id] = true;
	w->stack[(*depth)++] = b;
}

static void find_loop(struct walk *w, struct ir_block *head)
{
	size_t depth = 0;

	mark(w, w->behind, head, &depth);
	while (depth) {
		const struct ir_block *b = w->stack[--depth];

		for (uint32_t k = 0; k < b->nr_succs; k++)
			mark(w, w->behind, b->succs[k], &depth);
	}
	mark(w, w->before, head, &depth);
	while (depth) {
		const struct ir_block *b = w->stack[--depth];

		for (size_t k = 0; k < b->preds.n; k++)
			mark(w, w->before, b->preds.at[k], &depth);
	}
}

static bool is_inside(const struct walk *w, const struct ir_block *b)
{
	return w->before[b->id] && w->behind[b->id];
}

static bool has_many_ways(const struct ir_func *f, const struct walk *w)
{
	struct ir_block *const *b;
	uint32_t n = 0;

	vec_each(b, &f->blocks)
		n += is_inside(w, *b) && (*b)->nr_succs > 1;
	return n > MANY_BRANCHES;
}

static void wish(struct place_func *p, const struct ir_block *b)
{
	struct ir_touch t[5];

	for (const struct ir_insn *i = b->first; i; i = i->next)
		for (uint32_t n = ir_touches(&p->objects, i, t); n--;)
			if (p->wishes[t[n].object].place == IR_PLACE_ANY)
				p->wishes[t[n].object].place = IR_PLACE_SCRATCH;
}

static void wish_in_loop(struct place_func *p, struct ir_block *head)
{
	size_t n = p->f->blocks.n;
	struct arena *a = ir_work(p->f->module);
	struct walk w = { arena_array(a, struct ir_block *, n + 1), arena_array(a, bool, n),
			  arena_array(a, bool, n) };
	struct ir_block **b;

	find_loop(&w, head);
	if (!has_many_ways(p->f, &w))
		return;
	vec_each(b, &p->f->blocks)
		if (is_inside(&w, *b))
			wish(p, *b);
}

void ir_wish_iterated(struct place_func *p)
{
	struct ir_block **b;

	vec_each(b, &p->f->blocks)
		if (is_head(*b))
			wish_in_loop(p, *b);
}
