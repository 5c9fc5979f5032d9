/*
 * Dead code: instructions without effect whose values nobody needs.
 *
 * What has an effect is needed, and what a needed instruction uses. Writes to
 * memory count as effects here; ir_pass_stores takes away the needless ones.
 *
 * Requires nothing; keeps the graph.
 */
#include "ir/internal.h"

static bool writes_memory(const struct ir_insn *i)
{
	const struct ir_helper *h = ir_helper_info(i->imm);

	for (uint32_t k = 0; k < i->nr_args; k++)
		if (h->args[k] == IR_MEM_WRITE || h->args[k] == IR_MEM_WRITE_SOME)
			return true;
	return false;
}

static bool has_effect(const struct ir_insn *i)
{
	if (i->is_pinned)
		return true;
	switch (i->op) {
	case IR_STORE: case IR_MEMZERO: case IR_MEMCPY:
	case IR_ATOMIC_ADD: case IR_ATOMIC_XCHG: case IR_ATOMIC_CMPXCHG:
		return true;
	case IR_CALL:
		return !(ir_helper_info(i->imm)->flags & IR_HELPER_DROP) || writes_memory(i);
	case IR_KCALL: case IR_FCALL:
		return !i->is_pure;
	default:
		return ir_op_is(i, IR_OP_TERM);
	}
}

struct work {
	struct ir_insn **at;	/* needed, args not looked at yet */
	size_t n;
	bool *needed;		/* by insn id */
};

static void need(struct work *w, struct ir_insn *i)
{
	if (w->needed[i->id] || !i->block)
		return;
	w->needed[i->id] = true;
	w->at[w->n++] = i;
}

void ir_pass_dce(struct ir_func *f)
{
	struct arena *a = ir_work(f->module);
	struct work w = { arena_array(a, struct ir_insn *, f->next_insn_id), 0,
			  arena_array(a, bool, f->next_insn_id) };
	struct ir_block **b;

	vec_each(b, &f->blocks)
		for (struct ir_insn *i = (*b)->first; i; i = i->next)
			if (has_effect(i))
				need(&w, i);
	while (w.n) {
		struct ir_insn *i = w.at[--w.n];

		for (uint32_t k = 0; k < i->nr_args; k++)
			need(&w, i->args[k]);
	}
	vec_each(b, &f->blocks)
		ir_each_insn(i, next, *b)
			if (!w.needed[i->id])
				ir_remove(i);
}
