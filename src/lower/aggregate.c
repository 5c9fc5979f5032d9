/*
 * Aggregations: count, sum, min, max, avg, stats, hist, lhist (tseries: series.c).
 *
 * Each CPU has a value of its own (a cell, or its slot of a per-CPU hash), so
 * programs of different CPUs never meet. Where another program may come between
 * a load and a store on the same CPU, or user space empties the value in place,
 * words are added atomically; else plainly.
 *
 * In memory: count, sum: one word. min, max: value, set. avg, stats: total,
 * count. hist, lhist: a word for each bucket.
 */
#include "lower/internal.h"

bool lower_is_aggregate_call(const struct node *n)
{
	while (n->kind == NODE_CAST)
		n = n->u.cast.operand;
	return n->kind == NODE_CALL && n->u.call.builtin &&
	       n->u.call.builtin->flags & BUILTIN_F_MAP_VALUE;
}

/* What is updated: the words of this CPU. */
struct words {
	const struct map_store *store;
	const struct type *type;	/* of the map's values */
	struct ir_insn *base;
	int32_t offset;
};

static void add_to(struct gen *g, const struct words *w, struct ir_insn *p, int32_t offset,
		   struct ir_insn *v)
{
	struct ir_insn *old;

	if (!w->store->plain) {
		ir_emit_atomic(&g->b, IR_ATOMIC_ADD, 8, false, p, offset, v, NULL);
		return;
	}
	old = ir_emit_load(&g->b, IR_INT, 8, false, p, offset);
	ir_emit_store(&g->b, 8, p, offset, ir_emit_binary(&g->b, IR_ADD, old, v));
}

static void add_word(struct gen *g, const struct words *w, uint32_t word, struct ir_insn *v)
{
	add_to(g, w, w->base, w->offset + (int32_t)word * 8, v);
}

/* ---- min and max ---- */

static enum ir_cmp better(const struct words *w)
{
	bool is_min = w->type->kind == TYPE_MIN;

	if (w->type->is_signed)
		return is_min ? IR_SLT : IR_SGT;
	return is_min ? IR_ULT : IR_UGT;
}

#define EXTREME_TRIES 4		/* one is enough unless programs nest just here */

static void keep_plain(struct gen *g, const struct words *w, struct ir_insn *v)
{
	struct ir_block *test = lower_block(g, false), *store = lower_block(g, false);
	struct ir_block *next = lower_block(g, false);
	struct ir_insn *set = ir_emit_load(&g->b, IR_INT, 8, false, w->base, w->offset + 8), *old;

	ir_emit_branch(&g->b, IR_EQ, set, lower_const(g, 0), store, test);
	lower_enter(g, test);
	old = ir_emit_load(&g->b, IR_INT, 8, false, w->base, w->offset);
	ir_emit_branch(&g->b, better(w), v, old, store, next);
	lower_enter(g, store);
	ir_emit_store(&g->b, 8, w->base, w->offset, v);
	ir_emit_store(&g->b, 8, w->base, w->offset + 8, lower_const(g, 1));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

static void try_extreme(struct gen *g, const struct words *w, struct ir_insn *v,
			struct ir_block *done)
{
	struct ir_block *test = lower_block(g, false), *swap = lower_block(g, false);
	struct ir_block *stored = lower_block(g, false), *again = lower_block(g, true);
	struct ir_insn *set, *old, *was;

	set = ir_emit_load(&g->b, IR_INT, 8, false, w->base, w->offset + 8);
	set->is_pinned = true;
	old = ir_emit_load(&g->b, IR_INT, 8, false, w->base, w->offset);
	old->is_pinned = true;
	ir_emit_branch(&g->b, IR_EQ, set, lower_const(g, 0), swap, test);
	lower_enter(g, test);
	ir_emit_branch(&g->b, better(w), v, old, swap, done);
	lower_enter(g, swap);
	was = ir_emit_atomic(&g->b, IR_ATOMIC_CMPXCHG, 8, true, w->base, w->offset, old, v);
	ir_emit_branch(&g->b, IR_EQ, was, old, stored, again);
	lower_enter(g, stored);
	ir_emit_store(&g->b, 8, w->base, w->offset + 8, lower_const(g, 1));
	ir_emit_jump(&g->b, done);
	lower_enter(g, again);
}

static void keep_extreme(struct gen *g, const struct words *w, struct ir_insn *v)
{
	struct ir_block *done;

	if (w->store->plain || !lower_has(g, FEATURE_ATOMIC_FETCH)) {
		keep_plain(g, w, v);
		return;
	}
	done = lower_block(g, false);
	for (int i = 0; i < EXTREME_TRIES; i++)
		try_extreme(g, w, v, done);
	ir_emit_jump(&g->b, done);
	lower_enter(g, done);
}

/* ---- histograms ---- */

struct shift_step {
	int64_t limit;
	int bits;
};

static const struct shift_step steps[] = {
	{ 0, 32 }, { 0xffff, 16 }, { 0xff, 8 }, { 0xf, 4 }, { 3, 2 }, { 1, 1 },
};

/* Position of the highest bit that is set in v (not 0). */
static struct ir_insn *highest_bit(struct gen *g, struct ir_insn *v)
{
	struct ir_var *rest = ir_var_new(g->b.func, "rest", IR_INT);
	struct ir_var *bit = ir_var_new(g->b.func, "bit", IR_INT);

	ir_var_write(&g->b, rest, v);
	ir_var_write(&g->b, bit, lower_const(g, 0));
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		struct ir_block *high = lower_block(g, false), *next = lower_block(g, false);
		struct ir_insn *x = ir_var_read(&g->b, rest), *shifted;
		struct ir_insn *b = ir_var_read(&g->b, bit);

		if (!steps[i].limit) {
			shifted = ir_emit_binary_imm(&g->b, IR_LSHR, x, steps[i].bits);
			ir_emit_branch(&g->b, IR_NE, shifted, lower_const(g, 0), high, next);
			lower_enter(g, high);
		} else {
			ir_emit_branch(&g->b, IR_UGT, x, lower_const(g, steps[i].limit), high,
				       next);
			lower_enter(g, high);
			shifted = ir_emit_binary_imm(&g->b, IR_LSHR, x, steps[i].bits);
		}
		ir_var_write(&g->b, rest, shifted);
		ir_var_write(&g->b, bit, ir_emit_binary_imm(&g->b, IR_ADD, b, steps[i].bits));
		ir_emit_jump(&g->b, next);
		lower_enter(g, next);
	}
	return ir_var_read(&g->b, bit);
}

/* Bucket of v, which is at least 2^bits: its highest bit and `bits` below it. The
 * verifier also follows ways to a highest bit that v cannot have, whose numbers
 * would lie outside: hence the limit. */
static struct ir_insn *power_bucket(struct gen *g, const struct type *t, struct ir_insn *v)
{
	unsigned bits = (unsigned)t->param[0];
	struct ir_insn *top = highest_bit(g, v), *shift, *below, *p;

	if (!bits)
		return ir_emit_binary_imm(&g->b, IR_ADD, top, 2);
	shift = ir_emit_binary_imm(&g->b, IR_SUB, top, bits);
	below = ir_emit_binary(&g->b, IR_LSHR, v, shift);
	below = ir_emit_binary_imm(&g->b, IR_AND, below, (1 << bits) - 1);
	p = ir_emit_binary_imm(&g->b, IR_ADD, shift, 1);
	p = ir_emit_binary_imm(&g->b, IR_SHL, p, bits);
	p = ir_emit_binary(&g->b, IR_ADD, p, below);
	p = ir_emit_binary_imm(&g->b, IR_ADD, p, 1);
	return lower_at_most(g, p, lower_hist_buckets(t) - 1);
}

/* 0 below zero, then one bucket for each number under 2^bits, then powers. */
struct ir_insn *lower_hist_index(struct gen *g, const struct type *t, struct ir_insn *v)
{
	unsigned bits = (unsigned)t->param[0];
	struct ir_block *positive = lower_block(g, false), *large = lower_block(g, false);
	struct ir_block *small = lower_block(g, false), *next = lower_block(g, false);
	struct ir_var *index = ir_var_new(g->b.func, "bucket", IR_INT);
	struct ir_insn *one_more;

	ir_var_write(&g->b, index, lower_const(g, 0));
	ir_emit_branch(&g->b, IR_SLT, v, lower_const(g, 0), next, positive);
	lower_enter(g, positive);
	ir_emit_branch(&g->b, IR_ULT, v, lower_const(g, 1 << bits), small, large);
	lower_enter(g, small);
	/* Made anew behind the bound, even if v + 1 was known before. */
	one_more = ir_emit_binary_imm(&g->b, IR_ADD, v, 1);
	if (v->op != IR_CONST)
		one_more->is_pinned = true;
	ir_var_write(&g->b, index, one_more);
	ir_emit_jump(&g->b, next);
	lower_enter(g, large);
	ir_var_write(&g->b, index, power_bucket(g, t, v));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return ir_var_read(&g->b, index);
}

static struct ir_insn *hist_index(struct gen *g, const struct type *t, struct ir_insn *v)
{
	struct ir_insn *index = g->is_large ? lower_hist_shared(g, t, v) : NULL;

	if (!index)
		return lower_hist_index(g, t, v);
	return lower_at_most(g, index, lower_hist_buckets(t) - 1);
}

/*
 * A mask that changes nothing. Where a value's known bits leave none of the range
 * that was tested, as of `x & 16` between 1 and 13, the verifier before 6.8 goes
 * on with a register at odds with itself, and refuses an address made of it.
 */
static struct ir_insn *agreed(struct gen *g, struct ir_insn *i, int64_t last)
{
	int64_t mask = INT64_MAX >> (__builtin_clzll((uint64_t)last | 1) - 1);
	struct ir_insn *and = ir_emit_binary_imm(&g->b, IR_AND, i, mask);

	and->is_pinned = true;
	return and;
}

static struct ir_insn *lhist_index(struct gen *g, const struct type *t, struct ir_insn *v)
{
	int64_t min = (int64_t)t->param[0], step = (int64_t)t->param[2];
	int64_t last = lower_hist_buckets(t) - 1;
	struct ir_block *inside = lower_block(g, false), *above = lower_block(g, false);
	struct ir_block *next = lower_block(g, false);
	struct ir_var *index = ir_var_new(g->b.func, "bucket", IR_INT);
	struct ir_insn *i;

	ir_var_write(&g->b, index, lower_const(g, 0));
	ir_emit_branch(&g->b, IR_SLT, v, lower_const(g, min), next, inside);
	lower_enter(g, inside);
	i = min ? ir_emit_binary_imm(&g->b, IR_SUB, v, min) : v;
	if (step > 1)
		i = ir_emit_binary_imm(&g->b, IR_UDIV, i, step);
	i = ir_emit_binary_imm(&g->b, IR_ADD, i, 1);
	ir_var_write(&g->b, index, i);
	ir_emit_branch(&g->b, IR_UGT, i, lower_const(g, last), above, next);
	lower_enter(g, above);
	ir_var_write(&g->b, index, lower_const(g, last));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	i = ir_var_read(&g->b, index);
	return step > 1 ? i : agreed(g, i, last);
}

static void add_bucket(struct gen *g, const struct words *w, struct ir_insn *index)
{
	struct ir_insn *at = ir_emit_binary_imm(&g->b, IR_SHL, index, 3);

	add_to(g, w, ir_emit_binary(&g->b, IR_ADD, w->base, at), w->offset, lower_const(g, 1));
}

/* ---- updating ---- */

static bool has_two_words(const struct type *t)
{
	return t->kind != TYPE_COUNT && t->kind != TYPE_SUM;
}

static void update_words(struct gen *g, const struct words *w, struct ir_insn *v)
{
	switch (w->type->kind) {
	case TYPE_COUNT:
		add_word(g, w, 0, lower_const(g, 1));
		return;
	case TYPE_SUM:
		add_word(g, w, 0, v);
		return;
	case TYPE_MIN:
	case TYPE_MAX:
		keep_extreme(g, w, v);
		return;
	case TYPE_AVG:
	case TYPE_STATS:
		add_word(g, w, 0, v);
		add_word(g, w, 1, lower_const(g, 1));
		return;
	default:
		add_bucket(g, w, v);
	}
}

/* What a value consists of that was updated once; nothing if it is more than two
 * words. */
static bool first_words(struct gen *g, const struct type *t, struct ir_insn *v,
			struct ir_insn *words[2])
{
	words[0] = t->kind == TYPE_COUNT ? lower_const(g, 1) : v;
	words[1] = has_two_words(t) ? lower_const(g, 1) : NULL;
	return t->kind != TYPE_HIST && t->kind != TYPE_LHIST && t->kind != TYPE_TSERIES;
}

/* @m[k] = count() and its kin. The value comes first, then the key. */
void lower_aggregate(struct gen *g, struct node *elem, struct node *call)
{
	struct words w = { .store = lower_store(elem->u.map.map), .type = elem->u.map.map->value };
	struct ir_block *done = lower_block(g, false);
	struct ir_insn *v = NULL, *words[2];
	struct loc outer = g->at;
	bool is_small;

	while (call->kind == NODE_CAST)
		call = call->u.cast.operand;
	if (call->u.call.args.n)
		v = lower_value(g, call->u.call.args.at[0]);
	g->b.line = call->loc.begin;
	g->at = call->loc;
	/* The verifier follows each way to a bucket number: where a lookup
	 * comes between, it should do so with the fewest instructions left. */
	if (w.store->storage == STORE_CELL && w.type->kind == TYPE_HIST)
		v = hist_index(g, w.type, v);
	is_small = first_words(g, w.type, v, words);
	w.base = lower_elem_or_first(g, elem, &w.offset, is_small ? words : NULL, done);
	if (w.store->storage != STORE_CELL && w.type->kind == TYPE_HIST)
		v = hist_index(g, w.type, v);
	else if (w.type->kind == TYPE_LHIST)
		v = lhist_index(g, w.type, v);
	if (w.type->kind == TYPE_TSERIES)
		lower_series(g, w.store, w.type, w.base, w.offset, v);
	else
		update_words(g, &w, v);
	ir_emit_jump(&g->b, done);
	lower_enter(g, done);
	g->at = outer;
}

/* ---- reading: all CPUs together ---- */

struct merge {
	const struct map_store *store;
	const struct type *type;
	struct ir_var *value, *count;	/* the two words */
};

static void merge_extreme(struct gen *g, struct merge *m, struct ir_insn *v, struct ir_insn *set)
{
	struct words w = { .type = m->type };
	struct ir_block *is_set = lower_block(g, false), *test = lower_block(g, false);
	struct ir_block *take = lower_block(g, false), *next = lower_block(g, false);

	ir_emit_branch(&g->b, IR_NE, set, lower_const(g, 0), is_set, next);
	lower_enter(g, is_set);
	ir_emit_branch(&g->b, IR_EQ, ir_var_read(&g->b, m->count), lower_const(g, 0), take, test);
	lower_enter(g, test);
	ir_emit_branch(&g->b, better(&w), v, ir_var_read(&g->b, m->value), take, next);
	lower_enter(g, take);
	ir_var_write(&g->b, m->value, v);
	ir_var_write(&g->b, m->count, lower_const(g, 1));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

static void merge_one(struct gen *g, struct merge *m, struct ir_insn *p)
{
	struct ir_insn *v = ir_emit_load(&g->b, IR_INT, 8, false, p, 0), *second = NULL;

	v->is_pinned = true;
	if (has_two_words(m->type)) {
		second = ir_emit_load(&g->b, IR_INT, 8, false, p, 8);
		second->is_pinned = true;
	}
	if (m->type->kind == TYPE_MIN || m->type->kind == TYPE_MAX) {
		merge_extreme(g, m, v, second);
		return;
	}
	ir_var_write(&g->b, m->value,
		     ir_emit_binary(&g->b, IR_ADD, ir_var_read(&g->b, m->value), v));
	if (second)
		ir_var_write(&g->b, m->count,
			     ir_emit_binary(&g->b, IR_ADD, ir_var_read(&g->b, m->count), second));
}

/* The value of CPU `cpu`; where there is none, control goes to `done`. */
static struct ir_insn *cpu_value(struct gen *g, struct merge *m, struct ir_insn *map,
				 struct ir_insn *key, struct ir_insn *cpu, struct ir_block *done)
{
	struct ir_insn *p;

	if (m->store->storage == STORE_CELL) {
		p = ir_map_value(g->b.func, g->l->cells_map, m->store->cell_offset);
		return ir_emit_binary(&g->b, IR_ADD, p,
				      ir_emit_binary_imm(&g->b, IR_MUL, cpu,
							 m->store->cell_stride));
	}
	p = ir_emit_helper(&g->b, BPF_FUNC_map_lookup_percpu_elem, IR_MAPVAL_OR_NULL, map, key,
			   cpu);
	return ir_emit_null_check(&g->b, p, done);
}

/* A loop with a constant bound over the CPUs; the verifier walks it. */
static void merge_all(struct gen *g, struct merge *m, struct ir_insn *map, struct ir_insn *key)
{
	struct ir_block *head = lower_block(g, false), *body = lower_block(g, false);
	struct ir_block *done = lower_block(g, false);
	struct ir_var *i = ir_var_new(g->b.func, "cpu", IR_INT);
	struct ir_insn *cpu;

	m->value = ir_var_new(g->b.func, "merged", IR_INT);
	m->count = ir_var_new(g->b.func, "merged count", IR_INT);
	ir_var_write(&g->b, m->value, lower_const(g, 0));
	ir_var_write(&g->b, m->count, lower_const(g, 0));
	ir_var_write(&g->b, i, lower_const(g, 0));
	ir_emit_jump(&g->b, head);
	ir_continue_in(&g->b, head);
	cpu = ir_var_read(&g->b, i);
	ir_emit_branch(&g->b, IR_ULT, cpu, lower_const(g, g->c->target->nr_cpus), body, done);
	lower_enter(g, body);
	merge_one(g, m, cpu_value(g, m, map, key, cpu, done));
	ir_var_write(&g->b, i, ir_emit_binary_imm(&g->b, IR_ADD, ir_var_read(&g->b, i), 1));
	ir_emit_jump(&g->b, head);
	ir_seal(head);
	lower_enter(g, done);
}

static struct ir_insn *average(struct gen *g, struct merge *m);

struct ir_insn *lower_merged_at(struct gen *g, const struct map_store *s, struct ir_insn *map,
				struct ir_insn *key)
{
	struct merge m = { .store = s, .type = s->map->value };

	merge_all(g, &m, map, key);
	return m.type->kind == TYPE_AVG ? average(g, &m) : ir_var_read(&g->b, m.value);
}

static struct merge merge_elem(struct gen *g, struct node *elem)
{
	struct merge m = { .store = lower_store(elem->u.map.map), .type = elem->u.map.map->value };
	struct ir_insn *map = NULL, *key = NULL;

	if (m.store->storage == STORE_HASH) {
		key = lower_key(g, elem);
		map = lower_map_ref(g, m.store, key);
	}
	merge_all(g, &m, map, key);
	return m;
}

/* total / count: magnitudes are divided, the sign is put back. */
static struct ir_insn *average(struct gen *g, struct merge *m)
{
	struct ir_insn *total = ir_var_read(&g->b, m->value), *count = ir_var_read(&g->b, m->count);
	struct ir_insn *sign, *q;

	/* The instruction set gives 0 for x / 0, which is what is wanted. */
	if (!m->type->is_signed)
		return ir_emit_binary(&g->b, IR_UDIV, total, count);
	sign = ir_emit_binary_imm(&g->b, IR_ASHR, total, 63);
	q = ir_emit_binary(&g->b, IR_SUB, ir_emit_binary(&g->b, IR_XOR, total, sign), sign);
	q = ir_emit_binary(&g->b, IR_UDIV, q, count);
	return ir_emit_binary(&g->b, IR_SUB, ir_emit_binary(&g->b, IR_XOR, q, sign), sign);
}

struct ir_insn *lower_merged(struct gen *g, struct node *elem, const struct type *as)
{
	struct merge m;

	(void)as;
	while (elem->kind == NODE_CAST)
		elem = elem->u.cast.operand;
	if (elem->kind == NODE_BLOCK || elem->kind == NODE_IF || elem->kind == NODE_TERNARY)
		return lower_value(g, elem);
	if (elem->kind != NODE_MAP && elem->kind != NODE_MAP_ELEM)
		return lower_load(g, lower_place(g, elem), as);
	m = merge_elem(g, elem);
	return m.type->kind == TYPE_AVG ? average(g, &m) : ir_var_read(&g->b, m.value);
}

/* The merged words, as print(@m[k]) sends them. */
void lower_aggregate_to(struct gen *g, struct node *elem, struct dest d)
{
	struct merge m = merge_elem(g, elem);

	lower_store_value(g, 8, d.base, d.offset, ir_var_read(&g->b, m.value));
	if (has_two_words(m.type))
		lower_store_value(g, 8, d.base, d.offset + 8, ir_var_read(&g->b, m.count));
}
