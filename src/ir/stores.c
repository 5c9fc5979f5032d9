/*
 * Needless writes to objects: stores, clears, copies and helpers' writes whose
 * bytes nobody reads any more. A clear of which only a part is needed shrinks to
 * that part: keys are cleared for their padding only.
 *
 * Requires: no copies. Keeps the graph; leaves dead addresses to ir_pass_dce.
 */
#include "ir/internal.h"

#include <string.h>

static const struct ir_touch *find_write(const struct ir_touch *t, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		if (t[k].use == IR_MEM_WRITE)
			return &t[k];
	return NULL;
}

/* Does the call write into objects only, and are those bytes dead? */
static bool call_is_dead(const struct ir_objects *o, const struct ir_insn *i,
			 const struct ir_touch *t, uint32_t n, const uint64_t *live)
{
	const struct ir_helper *h = ir_helper_info(i->imm);
	uint32_t writes = 0, dead = 0;

	if (!(h->flags & IR_HELPER_DROP) || i->uses)
		return false;
	for (uint32_t k = 0; k < i->nr_args; k++)
		writes += h->args[k] == IR_MEM_WRITE || h->args[k] == IR_MEM_WRITE_SOME;
	for (uint32_t k = 0; k < n; k++)
		dead += t[k].use != IR_MEM_READ &&
			!(ir_touch_bits(o, &t[k], false) & live[t[k].object]);
	return writes && writes == dead;
}

/* A single aligned chunk stays what it is; else clear whole words of 8. */
static void round_range(int64_t *from, int64_t *to)
{
	int64_t len = *to - *from;

	if ((len == 1 || len == 2 || len == 4) && *from % len == 0)
		return;
	if (*from % 8 != 4)
		*from &= ~INT64_C(7);
	if (*to % 8 != 4)
		*to = (*to + 7) & ~INT64_C(7);
}

/* Clear only what is needed of t->from..t->to. */
static void shrink_clear(const struct ir_objects *o, struct ir_insn *i, const struct ir_touch *t,
			 uint64_t live)
{
	int64_t size = o->f->objects.at[t->object].size_bytes, part = (size + 63) / 64;
	uint64_t needed = ir_touch_bits(o, t, false) & live;
	int64_t from = __builtin_ctzll(needed) * part;
	int64_t to = (64 - __builtin_clzll(needed)) * part;

	if (!t->is_exact)
		return;
	from = from < t->from ? t->from : from;
	to = to > t->to ? t->to : to;
	round_range(&from, &to);
	from = from < t->from ? t->from : from;
	to = to > t->to ? t->to : to;
	i->imm += from - t->from;
	i->imm2 = to - from;
}

static bool is_plain_write(const struct ir_insn *i)
{
	return i->op == IR_STORE || i->op == IR_MEMZERO || i->op == IR_MEMCPY;
}

/* Returns true if the instruction is needless. */
static bool trim(const struct ir_objects *o, struct ir_insn *i, const uint64_t *live)
{
	struct ir_touch t[5];
	const struct ir_touch *w;
	uint32_t n;

	if (i->is_pinned)
		return false;
	n = ir_touches(o, i, t);
	if (i->op == IR_CALL)
		return call_is_dead(o, i, t, n, live);
	w = is_plain_write(i) ? find_write(t, n) : NULL;
	if (!w || o->escaped[w->object])
		return false;
	if (!(ir_touch_bits(o, w, false) & live[w->object]))
		return true;
	if (i->op == IR_MEMZERO)
		shrink_clear(o, i, w, live[w->object]);
	return false;
}

void ir_pass_stores(struct ir_func *f)
{
	struct ir_objects o;
	struct ir_block **b;
	uint64_t *live_out, *live;

	if (!f->objects.n)
		return;
	ir_count_uses(f);
	ir_objects_find(f, &o);
	live_out = ir_live_find(&o);
	live = arena_array(ir_work(f->module), uint64_t, o.n);
	vec_each(b, &f->blocks) {
		struct ir_insn *prev;

		memcpy(live, live_out + (size_t)(*b)->id * o.n, o.n * sizeof(*live));
		for (struct ir_insn *i = (*b)->last; i; i = prev) {
			prev = i->prev;
			if (trim(&o, i, live))
				ir_remove(i);
			else
				ir_live_step_back(&o, i, live);
		}
	}
}
