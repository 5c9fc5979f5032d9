/*
 * Stores to the stack of what is there already: keys of several uses of one map
 * element mostly lie in the same place and hold the same.
 *
 * Remembers for each piece of the stack the value that it holds, along ways
 * without joins. Any other write to overlapping bytes ends that. Objects that have
 * escaped are left alone; they share bytes with nobody.
 *
 * Requires: objects placed (ir_place_objects). Keeps the graph.
 */
#include "ir/internal.h"

#include <string.h>

#define MAX_SLOTS 16

struct slot {
	int64_t from, to;		/* from r10 */
	const struct ir_insn *value;
};

struct slots {
	struct slot at[MAX_SLOTS];
	uint32_t n;
};

static void forget(struct slots *s, int64_t from, int64_t to)
{
	uint32_t kept = 0;

	for (uint32_t k = 0; k < s->n; k++)
		if (s->at[k].to <= from || to <= s->at[k].from)
			s->at[kept++] = s->at[k];
	s->n = kept;
}

static bool holds(const struct slots *s, const struct slot *slot)
{
	for (uint32_t k = 0; k < s->n; k++)
		if (s->at[k].from == slot->from && s->at[k].to == slot->to &&
		    s->at[k].value == slot->value)
			return true;
	return false;
}

static void remember(struct slots *s, const struct slot *slot)
{
	forget(s, slot->from, slot->to);
	if (s->n < MAX_SLOTS)
		s->at[s->n++] = *slot;
}

static void forget_touch(const struct ir_objects *o, const struct ir_touch *t, struct slots *s)
{
	int64_t start = o->f->objects.at[t->object].offset;

	if (t->use == IR_MEM_READ)
		return;
	if (o->joined[t->object])
		s->n = 0;
	forget(s, start + t->from, start + t->to);
}

/* Returns true if the instruction stores what is there. */
static bool is_needless(const struct ir_objects *o, const struct ir_insn *i, struct slots *s)
{
	struct ir_touch t[5];
	uint32_t n = ir_touches(o, i, t);
	struct slot slot;

	if (i->op == IR_STORE && n == 1 && t[0].use == IR_MEM_WRITE && t[0].is_exact &&
	    !o->escaped[t[0].object] && !i->is_pinned) {
		slot.from = o->f->objects.at[t[0].object].offset + t[0].from;
		slot.to = slot.from + i->size;
		slot.value = i->args[1];
		if (holds(s, &slot))
			return true;
		remember(s, &slot);
		return false;
	}
	for (uint32_t k = 0; k < n; k++)
		forget_touch(o, &t[k], s);
	return false;
}

void ir_pass_slots(struct ir_func *f)
{
	struct ir_objects o;
	struct ir_order order;
	struct slots *at_end, s;

	if (!f->objects.n)
		return;
	ir_objects_find(f, &o);
	ir_order_find(f, &order);
	at_end = arena_array(ir_work(f->module), struct slots, f->blocks.n);
	for (uint32_t k = 0; k < order.n; k++) {
		struct ir_block *b = order.rpo[k];

		s.n = 0;
		if (b->preds.n == 1)
			s = at_end[b->preds.at[0]->id];
		ir_each_insn(i, next, b)
			if (is_needless(&o, i, &s))
				ir_remove(i);
		at_end[b->id] = s;
	}
}
