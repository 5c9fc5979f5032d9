/*
 * Value numbering: an instruction that computes what a dominating one has
 * computed is replaced by it.
 *
 * What may merge: pure operations, helpers whose result cannot change within one
 * run, loads from the context, loads through kernel pointers with nothing between
 * that takes long (a join of ways counts as that), and loads from objects with
 * nothing between that may write memory. What may not:
 * - null checks: NOT_NULL belongs to its branch;
 * - an object's, map value's or record's address plus a constant: it costs less
 *   to make again, and later folds into the access;
 * - what is pinned.
 *
 * Requires: no copies. Keeps the graph; leaves dead code.
 */
#include "ir/internal.h"

#include <string.h>

struct value_key {
	uint32_t op, type, cmp, size;
	int64_t imm, imm2;
	uint64_t epoch;		/* loads of memory: see below */
	uint32_t args[5], nr_args;
};

/* Kernel memory is taken to be the same between two places of one epoch, objects
 * between two places of one age. */
struct gvn {
	struct ir_func *f;
	struct ir_dom dom;
	struct hmap table;	/* struct value_key -> newest leader; older by aux */
	uint64_t *epoch_end, *age_end;	/* by block id */
	uint64_t epoch, age, last_epoch;
};

static bool is_long(const struct ir_insn *i)
{
	if (i->op == IR_CALL)
		return ir_helper_info(i->imm)->flags & IR_HELPER_LONG;
	return (i->op == IR_KCALL || i->op == IR_FCALL) && !i->is_pure;
}

static bool may_write(const struct ir_insn *i)
{
	switch (i->op) {
	case IR_STORE:
	case IR_ATOMIC_ADD: case IR_ATOMIC_XCHG: case IR_ATOMIC_CMPXCHG:
	case IR_MEMZERO: case IR_MEMCPY:
		return true;
	case IR_CALL:
		return !ir_helper_is_pure(i->imm);
	case IR_KCALL: case IR_FCALL:
		return !i->is_pure;
	default:
		return false;
	}
}

static bool may_merge(const struct ir_insn *i)
{
	if (i->is_pinned)
		return false;
	switch (i->op) {
	case IR_CALL:
		return ir_helper_is_pure(i->imm);
	case IR_KCALL: case IR_FCALL:
		return i->is_pure;
	case IR_LOAD:
		return i->args[0]->type == IR_CTX || i->args[0]->type == IR_KPTR ||
		       i->args[0]->op == IR_OBJECT;
	case IR_ADD:
		return i->type == IR_INT || i->args[1]->op != IR_CONST;
	default:
		return ir_op_is(i, IR_OP_PURE);
	}
}

static struct value_key key_of(const struct gvn *g, const struct ir_insn *i)
{
	struct value_key k;

	memset(&k, 0, sizeof(k));
	k.op = i->op;
	k.type = i->type;
	k.cmp = i->cmp;
	k.size = i->size * 2u + i->is_signed;
	k.imm = i->imm;
	k.imm2 = i->imm2;
	k.nr_args = i->nr_args;
	if (i->op == IR_LOAD && i->args[0]->type == IR_KPTR)
		k.epoch = g->epoch;
	if (i->op == IR_LOAD && i->args[0]->op == IR_OBJECT)
		k.epoch = g->age;
	if (g->f->module->is_large &&
	    (i->op == IR_CALL || (i->op == IR_LOAD && i->args[0]->type == IR_CTX)))
		k.epoch = (uint64_t)i->block->id + 1;
	for (uint32_t a = 0; a < i->nr_args; a++)
		k.args[a] = i->args[a]->id;
	if (ir_op_is(i, IR_OP_COMMUTES) && k.args[0] > k.args[1]) {
		k.args[0] = i->args[1]->id;
		k.args[1] = i->args[0]->id;
	}
	return k;
}

static void number_insn(struct gvn *g, struct ir_insn *i)
{
	struct value_key key = key_of(g, i);
	struct ir_insn *leader = hmap_find(&g->table, &key, sizeof(key));

	i->aux = leader;
	for (; leader; leader = leader->aux)
		if (ir_dominates(&g->dom, leader->block, i->block)) {
			i->same_as = leader;
			return;
		}
	hmap_set(&g->table, &key, sizeof(key), i);
}

static void start_epoch(struct gvn *g, const struct ir_block *b)
{
	if (b->preds.n == 1) {
		g->epoch = g->epoch_end[b->preds.at[0]->id];
		g->age = g->age_end[b->preds.at[0]->id];
	} else {
		g->epoch = ++g->last_epoch;
		g->age = ++g->last_epoch;
	}
}

static void number_block(struct gvn *g, struct ir_block *b)
{
	start_epoch(g, b);
	for (struct ir_insn *i = b->first; i; i = i->next) {
		for (uint32_t k = 0; k < i->nr_args; k++)
			i->args[k] = ir_resolve(i->args[k]);
		if (is_long(i))
			g->epoch = ++g->last_epoch;
		if (may_write(i))
			g->age = ++g->last_epoch;
		if (may_merge(i))
			number_insn(g, i);
	}
	g->epoch_end[b->id] = g->epoch;
	g->age_end[b->id] = g->age;
}

void ir_pass_gvn(struct ir_func *f)
{
	struct gvn g = { .f = f };

	ir_dom_find(f, &g.dom);
	hmap_init(&g.table, ir_work(f->module));
	g.epoch_end = arena_array(ir_work(f->module), uint64_t, f->blocks.n);
	g.age_end = arena_array(ir_work(f->module), uint64_t, f->blocks.n);
	for (uint32_t i = 0; i < g.dom.order.n; i++)
		number_block(&g, g.dom.order.rpo[i]);
	ir_apply_copies(f);
	ir_pass_phis(f);
}
