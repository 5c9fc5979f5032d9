/*
 * Addresses of objects: which object a pointer points into, what instructions
 * do to it, and which of its bytes are still needed.
 *
 * Analyses for passes; nothing here changes code. An object whose address is
 * stored anywhere has escaped: it counts as needed everywhere. The bytes of an
 * object are tracked in 64 parts, so that a word an object does for any size.
 */
#include "ir/internal.h"

#include <string.h>

static uint32_t class_find(struct ir_objects *o, uint32_t object)
{
	while (o->class_of[object] != object)
		object = o->class_of[object] = o->class_of[o->class_of[object]];
	return object;
}

static void class_join(struct ir_objects *o, uint32_t a, uint32_t b)
{
	a = class_find(o, a);
	b = class_find(o, b);
	if (a == b)
		return;
	o->class_of[b] = a;
	o->joined[a] = true;
	o->escaped[a] |= o->escaped[b];
}

static bool base_set(struct ir_objects *o, const struct ir_insn *i, uint32_t base, int64_t offset)
{
	bool changed = o->base[i->id] != base || o->offset[i->id] != offset;

	o->base[i->id] = base;
	o->offset[i->id] = offset;
	return changed;
}

static bool find_sum(struct ir_objects *o, const struct ir_insn *i)
{
	const struct ir_insn *p = i->args[0];
	int64_t offset = o->offset[p->id], by;

	if (offset >= 0 && i->op == IR_ADD && ir_is_const(i->args[1], &by))
		offset += by;
	else
		offset = -1;
	return base_set(o, i, o->base[p->id], offset < 0 ? -1 : offset);
}

/* A phi's offset is given up: classes of one object are rarely indexed by phi. */
static bool find_joined(struct ir_objects *o, const struct ir_insn *phi)
{
	uint32_t base = IR_NO_OBJECT;
	bool stranger = false;

	for (uint32_t k = 0; k < phi->nr_args; k++) {
		uint32_t b = o->base[phi->args[k]->id];

		if (b == IR_NO_OBJECT)
			stranger |= phi->args[k]->type == IR_OBJ && phi->args[k]->op == IR_PARAM;
		else if (base == IR_NO_OBJECT)
			base = b;
		else
			class_join(o, base, b);
	}
	if (stranger && base != IR_NO_OBJECT)
		o->escaped[class_find(o, base)] = true;
	return base_set(o, phi, base, -1);
}

static bool find_bases_once(struct ir_objects *o)
{
	struct ir_block **b;
	bool changed = false;

	vec_each(b, &o->f->blocks)
		for (struct ir_insn *i = (*b)->first; i; i = i->next) {
			if (i->type != IR_OBJ)
				continue;
			if (i->op == IR_PHI)
				changed |= find_joined(o, i);
			else if (ir_op_is(i, IR_OP_BINARY))
				changed |= find_sum(o, i);
		}
	return changed;
}

static void find_escapes(struct ir_objects *o)
{
	struct ir_block **b;

	vec_each(b, &o->f->blocks)
		for (struct ir_insn *i = (*b)->first; i; i = i->next) {
			uint32_t base;

			if (i->op != IR_STORE && i->op != IR_RET)
				continue;
			base = o->base[i->args[i->nr_args - 1]->id];
			if (base != IR_NO_OBJECT)
				o->escaped[class_find(o, base)] = true;
		}
}

static void flatten_classes(struct ir_objects *o)
{
	for (uint32_t i = 0; i < o->n; i++) {
		o->class_of[i] = class_find(o, i);
		if (o->f->objects.at[i].keep)
			o->escaped[o->class_of[i]] = true;
	}
}

void ir_objects_find(const struct ir_func *f, struct ir_objects *o)
{
	struct arena *a = ir_work(f->module);
	struct ir_insn **leaf;

	o->f = f;
	o->n = (uint32_t)f->objects.n;
	o->class_of = arena_array(a, uint32_t, o->n);
	o->joined = arena_array(a, bool, o->n);
	o->escaped = arena_array(a, bool, o->n);
	o->base = arena_array(a, uint32_t, f->next_insn_id);
	o->offset = arena_array(a, int64_t, f->next_insn_id);
	memset(o->base, 0xff, f->next_insn_id * sizeof(*o->base));
	for (uint32_t i = 0; i < o->n; i++)
		o->class_of[i] = i;
	vec_each(leaf, &f->leaves)
		if ((*leaf)->op == IR_OBJECT)
			o->base[(*leaf)->id] = (uint32_t)(*leaf)->imm;
	if (!o->n)
		return;
	while (find_bases_once(o))
		;
	find_escapes(o);
	flatten_classes(o);
}

static bool touch_fill(const struct ir_objects *o, const struct ir_insn *i, uint32_t arg,
		       struct ir_touch *t)
{
	uint32_t id = i->args[arg]->id, base = o->base[id];
	int64_t offset, from, size_of;
	uint64_t size;

	if (base == IR_NO_OBJECT)
		return false;
	t->object = o->class_of[base];
	t->use = ir_memory_use(i, arg, &offset, &size);
	if (i->op == IR_LOAD)
		size = i->size;
	else if (i->op == IR_MEMCPY)
		size = (uint64_t)i->imm2;
	from = o->offset[id] < 0 || o->joined[t->object] ? -1 : o->offset[id] + offset;
	size_of = o->f->objects.at[t->object].size_bytes;
	t->is_exact = from >= 0 && size && from + (int64_t)size <= size_of;
	t->from = t->is_exact ? from : 0;
	t->to = t->is_exact ? from + (int64_t)size : size_of;
	return t->use != IR_MEM_NONE;
}

uint32_t ir_touches(const struct ir_objects *o, const struct ir_insn *i, struct ir_touch out[5])
{
	uint32_t n = 0;

	if (!o->n || i->op == IR_PHI)
		return 0;
	for (uint32_t k = 0; k < i->nr_args; k++)
		n += touch_fill(o, i, k, &out[n]);
	return n;
}

uint64_t ir_touch_bits(const struct ir_objects *o, const struct ir_touch *t, bool if_whole)
{
	int64_t size = o->f->objects.at[t->object].size_bytes;
	int64_t part = (size + 63) / 64, first, end;

	if (if_whole && !t->is_exact)
		return 0;
	if (!part)
		part = 1;
	first = if_whole ? (t->from + part - 1) / part : t->from / part;
	end = if_whole && t->to != size ? t->to / part : (t->to + part - 1) / part;
	if (first >= end)
		return 0;
	return (end - first >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (end - first)) - 1) << first;
}

void ir_live_step_back(const struct ir_objects *o, const struct ir_insn *i, uint64_t *live)
{
	struct ir_touch t[5];
	uint32_t n = ir_touches(o, i, t);

	for (uint32_t k = 0; k < n; k++)
		if (t[k].use == IR_MEM_WRITE && !o->escaped[t[k].object])
			live[t[k].object] &= ~ir_touch_bits(o, &t[k], true);
	for (uint32_t k = 0; k < n; k++)
		if (t[k].use == IR_MEM_READ || t[k].use == IR_MEM_ANY)
			live[t[k].object] |= ir_touch_bits(o, &t[k], false);
}

/* Add what is needed at the start of b to its predecessors' ends. */
static bool live_to_preds(const struct ir_objects *o, const struct ir_block *b,
			  const uint64_t *live, uint64_t *live_out)
{
	bool changed = false;

	for (size_t p = 0; p < b->preds.n; p++) {
		uint64_t *out = live_out + (size_t)b->preds.at[p]->id * o->n;

		for (uint32_t k = 0; k < o->n; k++) {
			changed |= (live[k] & ~out[k]) != 0;
			out[k] |= live[k];
		}
	}
	return changed;
}

uint64_t *ir_live_find(const struct ir_objects *o)
{
	const struct ir_func *f = o->f;
	struct arena *a = ir_work(f->module);
	uint64_t *live_out = arena_array(a, uint64_t, f->blocks.n * o->n);
	uint64_t *live = arena_array(a, uint64_t, o->n);
	struct ir_order order;
	bool again = true;

	ir_order_find(f, &order);
	for (size_t i = 0; i < f->blocks.n * o->n; i++)
		live_out[i] = o->escaped[i % o->n] ? ~UINT64_C(0) : 0;
	while (again) {
		again = false;
		for (uint32_t i = order.n; i-- > 0;) {
			const struct ir_block *b = order.rpo[i];

			memcpy(live, live_out + (size_t)b->id * o->n, o->n * sizeof(*live));
			for (struct ir_insn *x = b->last; x; x = x->prev)
				ir_live_step_back(o, x, live);
			again |= live_to_preds(o, b, live, live_out);
		}
	}
	return live_out;
}
