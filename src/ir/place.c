/*
 * Where objects lie: on the stack of their func or in the module's scratch frame.
 *
 * In: objects with wishes. Out: every object has a place and an offset, and
 * stack_bytes and scratch_bytes are set. Objects that are never alive at once
 * share bytes; objects whose addresses meet in a phi lie in the same region.
 * The stack's budget is for a whole chain of funcs: entry, callback, callback's
 * callback. Small objects go to the stack first, then larger ones while there
 * is room; the rest goes to scratch. Callers' and callees' scratch is disjoint,
 * siblings' is shared.
 *
 * Requires: no copies (ir_pass_phis). Invalidates block order and ids of values.
 */
#include "ir/place.h"

#include <assert.h>
#include <string.h>

#define FRAME_SPARE_BYTES 64	/* spills and rounding of each frame below the entry's */
#define CACHE_LINE_BYTES 64
#define MAX_FRAMES_BYTES (1u << 28)	/* of one array value, for all CPUs */

struct place {
	struct ir_module *m;
	struct place_func *funcs;	/* by func index */
	uint32_t *order;		/* func indices, callees before callers */
	uint32_t nr_ordered;
};

/* ---- which objects are alive at once ---- */

struct alive {
	struct place_func *p;
	uint64_t *live_out;	/* needed later; from ir_live_find */
	uint8_t *started;	/* by block and object: touched on a way to the block's start */
	uint64_t *live;		/* at the point of the walk */
	uint8_t *seen;		/* objects touched before the point, in this block or earlier */
};

static void conflict_add(struct place_func *p, uint32_t a, uint32_t b)
{
	p->conflicts[a * p->objects.n + b] = 1;
	p->conflicts[b * p->objects.n + a] = 1;
}

static void seen_add(const struct ir_objects *o, const struct ir_insn *i, uint8_t *seen)
{
	struct ir_touch t[5];
	uint32_t n = ir_touches(o, i, t);

	for (uint32_t k = 0; k < n; k++)
		seen[t[k].object] = 1;
}

static bool started_to_succs(struct alive *v, const struct ir_block *b)
{
	uint32_t n = v->p->objects.n;
	bool changed = false;

	for (uint32_t k = 0; k < b->nr_succs; k++) {
		uint8_t *to = v->started + (size_t)b->succs[k]->id * n;

		for (uint32_t o = 0; o < n; o++) {
			changed |= v->seen[o] && !to[o];
			to[o] |= v->seen[o];
		}
	}
	return changed;
}

static void find_started(struct alive *v)
{
	uint32_t n = v->p->objects.n;
	struct ir_order order;
	bool again = true;

	ir_order_find(v->p->f, &order);
	while (again) {
		again = false;
		for (uint32_t i = 0; i < order.n; i++) {
			const struct ir_block *b = order.rpo[i];

			memcpy(v->seen, v->started + (size_t)b->id * n, n);
			for (struct ir_insn *x = b->first; x; x = x->next)
				seen_add(&v->p->objects, x, v->seen);
			again |= started_to_succs(v, b);
		}
	}
}

/* The touched object begins or goes on to live here, beside all that are needed
 * later and those touched by the same instruction. */
static void conflicts_at(struct alive *v, const struct ir_touch *t, uint32_t nr_touches)
{
	const struct ir_objects *o = &v->p->objects;

	for (uint32_t k = 0; k < nr_touches; k++) {
		for (uint32_t other = 0; other < o->n; other++)
			if (v->live[other] || o->escaped[other])
				conflict_add(v->p, t[k].object, other);
		for (uint32_t j = 0; j < k; j++)
			conflict_add(v->p, t[k].object, t[j].object);
	}
}

/* Walk a block backward. Before its first touch on all ways an object is not
 * alive, whatever the bytes say: `touches_left` counts down to that touch. */
static void conflicts_in_block(struct alive *v, const struct ir_block *b, uint32_t *touches_left)
{
	const struct ir_objects *o = &v->p->objects;
	const uint8_t *started = v->started + (size_t)b->id * o->n;
	struct ir_touch t[5];
	uint32_t n;

	memset(touches_left, 0, o->n * sizeof(*touches_left));
	for (struct ir_insn *x = b->first; x; x = x->next) {
		n = ir_touches(o, x, t);
		for (uint32_t k = 0; k < n; k++)
			touches_left[t[k].object]++;
	}
	memcpy(v->live, v->live_out + (size_t)b->id * o->n, o->n * sizeof(*v->live));
	for (uint32_t k = 0; k < o->n; k++)
		if (!started[k] && !touches_left[k])
			v->live[k] = 0;
	for (struct ir_insn *x = b->last; x; x = x->prev) {
		n = ir_touches(o, x, t);
		conflicts_at(v, t, n);
		ir_live_step_back(o, x, v->live);
		for (uint32_t k = 0; k < n; k++)
			if (!--touches_left[t[k].object] && !started[t[k].object])
				v->live[t[k].object] = 0;
	}
}

static void conflicts_of_classes(struct place_func *p)
{
	uint32_t n = p->objects.n;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t c = p->objects.class_of[i];

		for (uint32_t k = 0; k < n; k++)
			if (p->conflicts[c * n + p->objects.class_of[k]] ||
			    (c == p->objects.class_of[k] && i != k))
				conflict_add(p, i, k);
	}
}

static void conflicts_find(struct place_func *p)
{
	struct arena *a = ir_work(p->f->module);
	uint32_t n = p->objects.n;
	struct alive v = { .p = p };
	uint32_t *touches_left = arena_array(a, uint32_t, n);
	struct ir_block **b;

	p->conflicts = arena_array(a, uint8_t, (size_t)n * n);
	v.live_out = ir_live_find(&p->objects);
	v.started = arena_array(a, uint8_t, p->f->blocks.n * n);
	v.live = arena_array(a, uint64_t, n);
	v.seen = arena_array(a, uint8_t, n);
	find_started(&v);
	vec_each(b, &p->f->blocks)
		conflicts_in_block(&v, *b, touches_left);
	for (uint32_t k = 0; k < n; k++)
		for (uint32_t other = 0; p->f->objects.at[k].lasts && other < n; other++)
			if (other != k)
				conflict_add(p, k, other);
	conflicts_of_classes(p);
}

/* ---- the budget of a chain of funcs ---- */

static void callee_add(struct place *x, uint32_t func, uint32_t callee)
{
	struct place_func *p = &x->funcs[func];

	for (size_t k = 0; k < p->callees.n; k++)
		if (p->callees.at[k] == callee)
			return;
	vec_push(ir_work(x->m), &p->callees, callee);
}

/* Each func's callees, and all funcs in an order of callees before callers. */
static void callees_find(struct place *x, uint32_t func, bool *seen)
{
	const struct ir_func *f = x->m->funcs.at[func];

	if (seen[func])
		return;
	seen[func] = true;
	for (size_t k = 0; k < f->leaves.n; k++)
		if (f->leaves.at[k]->op == IR_FUNC)
			callee_add(x, func, (uint32_t)f->leaves.at[k]->imm);
	for (size_t k = 0; k < f->blocks.n; k++)
		for (struct ir_insn *i = f->blocks.at[k]->first; i; i = i->next)
			if (i->op == IR_FCALL)
				callee_add(x, func, (uint32_t)i->imm);
	for (size_t k = 0; k < x->funcs[func].callees.n; k++)
		callees_find(x, x->funcs[func].callees.at[k], seen);
	x->order[x->nr_ordered++] = func;
}

static bool chains_fit(const struct place *x)
{
	for (uint32_t n = 0; n < x->m->funcs.n; n++) {
		struct place_func *p = &x->funcs[x->order[n]];
		uint32_t deepest = 0, below;

		for (size_t k = 0; k < p->callees.n; k++) {
			below = x->funcs[p->callees.at[k]].chain_bytes + FRAME_SPARE_BYTES;
			deepest = below > deepest ? below : deepest;
		}
		p->chain_bytes = p->stack_bytes + deepest;
		if (p->chain_bytes > x->m->stack_limit)
			return false;
	}
	return true;
}

/* Each func's scratch begins where its callers' ends. */
static void scratch_starts(struct place *x)
{
	x->m->scratch_bytes = 0;
	for (uint32_t n = (uint32_t)x->m->funcs.n; n-- > 0;) {
		const struct place_func *p = &x->funcs[x->order[n]];
		uint32_t end = p->scratch_start + p->scratch_bytes;

		for (size_t k = 0; k < p->callees.n; k++) {
			struct place_func *callee = &x->funcs[p->callees.at[k]];

			if (callee->scratch_start < end)
				callee->scratch_start = end;
		}
		if (p->scratch_bytes && end > x->m->scratch_bytes)
			x->m->scratch_bytes = end;
	}
}

/* What lies in the entry's part of the frame. */
static void place_shared(struct place *x, struct place_func *p)
{
	for (uint32_t k = 0; k < p->objects.n; k++) {
		uint32_t shared = p->f->objects.at[k].shared;

		if (!shared)
			continue;
		p->where[k] = IR_PLACE_SCRATCH;
		p->at[k] = x->funcs[0].scratch_start + x->funcs[0].at[shared - 1] -
			   p->scratch_start;
		p->sees_entry = true;
	}
}

/* Frames of all CPUs in one array value, if they are few and small enough: each
 * begins a cache line. */
static void scratch_stride(struct ir_module *m)
{
	uint64_t stride = (m->scratch_bytes + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES *
			  CACHE_LINE_BYTES;

	m->scratch_stride = 0;
	if (m->scratch_owner == IR_SCRATCH_PERCPU && m->scratch_cpus &&
	    stride * m->scratch_cpus <= MAX_FRAMES_BYTES)
		m->scratch_stride = (uint32_t)stride;
}

/* ---- offsets ---- */

static uint32_t round_up(uint32_t n, uint32_t to)
{
	return (n + to - 1) / to * to;
}

static bool overlaps(const struct place_func *p, uint32_t a, uint32_t at, uint32_t b)
{
	const struct ir_object *oa = &p->f->objects.at[a], *ob = &p->f->objects.at[b];

	return at < p->at[b] + ob->size_bytes && p->at[b] < at + oa->size_bytes;
}

/* The lowest place in the region beside all objects that are alive with it. */
static uint32_t find_gap(const struct place_func *p, uint32_t object, enum ir_place region)
{
	uint32_t align = p->f->objects.at[object].align_bytes, n = p->objects.n, at = 0;
	bool again = true;

	while (again) {
		again = false;
		for (uint32_t k = 0; k < n; k++) {
			if (k == object || p->where[k] != region ||
			    !p->conflicts[object * n + k] || !overlaps(p, object, at, k))
				continue;
			at = round_up(p->at[k] + p->f->objects.at[k].size_bytes, align);
			again = true;
		}
	}
	return at;
}

static void put_one(struct place_func *p, uint32_t object, enum ir_place region)
{
	uint32_t *used = region == IR_PLACE_STACK ? &p->stack_bytes : &p->scratch_bytes, end;

	p->at[object] = find_gap(p, object, region);
	p->where[object] = region;
	end = round_up(p->at[object] + p->f->objects.at[object].size_bytes, 8);
	*used = end > *used ? end : *used;
}

static void put_class(struct place_func *p, uint32_t class, enum ir_place region)
{
	for (uint32_t k = 0; k < p->objects.n; k++)
		if (p->objects.class_of[k] == class)
			put_one(p, k, region);
}

static void take_back_class(struct place_func *p, uint32_t class, uint32_t stack_bytes)
{
	for (uint32_t k = 0; k < p->objects.n; k++)
		if (p->objects.class_of[k] == class)
			p->where[k] = IR_PLACE_ANY;
	p->stack_bytes = stack_bytes;
}

/* ---- which region ---- */

/* Of each class: where one of its objects wishes to be, and the biggest one. */
static void find_wishes(struct place_func *p)
{
	struct arena *a = ir_work(p->f->module);

	p->wishes = arena_array(a, struct place_wish, p->objects.n);
	for (uint32_t k = 0; k < p->objects.n; k++) {
		const struct ir_object *o = &p->f->objects.at[k];
		struct place_wish *w = &p->wishes[p->objects.class_of[k]];

		if (w->place == IR_PLACE_ANY || o->place == IR_PLACE_STACK)
			w->place = o->place;
		if (o->size_bytes > w->biggest_bytes)
			w->biggest_bytes = o->size_bytes;
	}
}

/* The undecided class with the smallest object; IR_NO_OBJECT: none left. */
static uint32_t next_class(const struct place_func *p, uint32_t max_bytes)
{
	uint32_t best = IR_NO_OBJECT, best_bytes = max_bytes;

	for (uint32_t k = 0; k < p->objects.n; k++) {
		uint32_t bytes;

		if (p->objects.class_of[k] != k || p->where[k] != IR_PLACE_ANY ||
		    p->f->objects.at[k].shared)
			continue;
		bytes = p->wishes[k].biggest_bytes;
		if (bytes < best_bytes || (bytes == best_bytes && best == IR_NO_OBJECT)) {
			best = k;
			best_bytes = bytes;
		}
	}
	return best;
}

static void put_wished(struct place *x, struct place_func *p)
{
	bool has_scratch = x->m->scratch_owner != IR_SCRATCH_NONE;

	for (uint32_t k = 0; k < p->objects.n; k++) {
		enum ir_place wish;

		if (p->objects.class_of[k] != k || p->f->objects.at[k].shared)
			continue;
		wish = p->wishes[k].place;
		if (wish == IR_PLACE_STACK || (wish == IR_PLACE_SCRATCH && has_scratch))
			put_class(p, k, wish);
	}
}

/* All undecided classes of up to max_bytes, the small ones first. */
static void put_free(struct place *x, struct place_func *p, uint32_t max_bytes)
{
	uint32_t class, before;

	while ((class = next_class(p, max_bytes)) != IR_NO_OBJECT) {
		before = p->stack_bytes;
		put_class(p, class, IR_PLACE_STACK);
		if (chains_fit(x) || x->m->scratch_owner == IR_SCRATCH_NONE)
			continue;
		take_back_class(p, class, before);
		put_class(p, class, IR_PLACE_SCRATCH);
	}
}

/* Stack offsets count down from r10. */
static void write_places(struct place_func *p)
{
	for (uint32_t k = 0; k < p->objects.n; k++) {
		struct ir_object *o = &p->f->objects.at[k];

		o->place = p->where[k];
		o->offset = p->where[k] == IR_PLACE_STACK ?
			    (int32_t)p->at[k] - (int32_t)p->stack_bytes :
			    (int32_t)(p->scratch_start + p->at[k]);
	}
	p->f->stack_bytes = p->stack_bytes;
}

static void place_start(struct place_func *p, struct ir_func *f)
{
	struct arena *a = ir_work(f->module);

	p->f = f;
	ir_remove_unreachable(f);
	ir_objects_find(f, &p->objects);
	p->where = arena_array(a, enum ir_place, f->objects.n);
	p->at = arena_array(a, uint32_t, f->objects.n);
	find_wishes(p);
	ir_wish_iterated(p);
	conflicts_find(p);
}

void ir_place_objects(struct ir_module *m)
{
	uint32_t n = (uint32_t)m->funcs.n;
	struct place x = { m, arena_array(ir_work(m), struct place_func, n),
			   arena_array(ir_work(m), uint32_t, n), 0 };
	bool *seen = arena_array(ir_work(m), bool, n);

	for (uint32_t i = 0; i < n; i++)
		place_start(&x.funcs[i], m->funcs.at[i]);
	for (uint32_t i = 0; i < n; i++)
		callees_find(&x, i, seen);
	for (uint32_t i = 0; i < n; i++)
		put_wished(&x, &x.funcs[i]);
	for (uint32_t i = 0; i < n; i++)
		put_free(&x, &x.funcs[i], m->stack_small);
	for (uint32_t i = 0; i < n; i++)
		put_free(&x, &x.funcs[i], UINT32_MAX);
	scratch_starts(&x);
	scratch_stride(m);
	for (uint32_t i = 0; i < n; i++) {
		place_shared(&x, &x.funcs[i]);
		ir_scratch_rewrite(&x.funcs[i]);
		write_places(&x.funcs[i]);
	}
}
