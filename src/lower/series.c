/*
 * tseries: one slot of three words for each interval, modulo their number: a
 * value, what stands beside it, and the interval's number (image.h).
 *
 * A slot that an older interval has left is started anew.
 */
#include "lower/internal.h"

enum { SLOT_VALUE = 0, SLOT_BESIDE = 8, SLOT_EPOCH = 16, SLOT_BYTES = 24 };

struct slot {
	const struct map_store *store;
	const struct type *type;
	struct ir_insn *p;
	int32_t offset;
};

static struct ir_insn *load(struct gen *g, const struct slot *s, int32_t word)
{
	struct ir_insn *v = ir_emit_load(&g->b, IR_INT, 8, false, s->p, s->offset + word);

	v->is_pinned = true;	/* another program may have come between */
	return v;
}

static void store(struct gen *g, const struct slot *s, int32_t word, struct ir_insn *v)
{
	ir_emit_store(&g->b, 8, s->p, s->offset + word, v);
}

static void add(struct gen *g, const struct slot *s, int32_t word, struct ir_insn *v)
{
	if (s->store->plain)
		store(g, s, word, ir_emit_binary(&g->b, IR_ADD, load(g, s, word), v));
	else
		ir_emit_atomic(&g->b, IR_ATOMIC_ADD, 8, false, s->p, s->offset + word, v, NULL);
}

/* What another interval has left is zeroed. */
static void renew(struct gen *g, const struct slot *s, struct ir_insn *epoch)
{
	struct ir_block *old = lower_block(g, false), *next = lower_block(g, false);

	ir_emit_branch(&g->b, IR_NE, load(g, s, SLOT_EPOCH), epoch, old, next);
	lower_enter(g, old);
	store(g, s, SLOT_VALUE, lower_const(g, 0));
	store(g, s, SLOT_BESIDE, lower_const(g, 0));
	store(g, s, SLOT_EPOCH, epoch);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

static void keep_extreme(struct gen *g, const struct slot *s, struct ir_insn *v, enum ir_cmp better)
{
	struct ir_block *test = lower_block(g, false), *take = lower_block(g, false);
	struct ir_block *next = lower_block(g, false);

	ir_emit_branch(&g->b, IR_EQ, load(g, s, SLOT_BESIDE), lower_const(g, 0), take, test);
	lower_enter(g, test);
	ir_emit_branch(&g->b, better, v, load(g, s, SLOT_VALUE), take, next);
	lower_enter(g, take);
	store(g, s, SLOT_VALUE, v);
	store(g, s, SLOT_BESIDE, lower_const(g, 1));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

static void update(struct gen *g, const struct slot *s, struct ir_insn *v, struct ir_insn *now,
		   struct ir_insn *epoch)
{
	bool is_signed = type_series_signed(s->type);

	if (type_series_function(s->type) != SERIES_LAST)
		renew(g, s, epoch);
	switch (type_series_function(s->type)) {
	case SERIES_SUM:
		add(g, s, SLOT_VALUE, v);
		return;
	case SERIES_AVG:
		add(g, s, SLOT_VALUE, v);
		add(g, s, SLOT_BESIDE, lower_const(g, 1));
		return;
	case SERIES_MIN:
		keep_extreme(g, s, v, is_signed ? IR_SLT : IR_ULT);
		return;
	case SERIES_MAX:
		keep_extreme(g, s, v, is_signed ? IR_SGT : IR_UGT);
		return;
	case SERIES_LAST:
		store(g, s, SLOT_VALUE, v);
		store(g, s, SLOT_BESIDE, now);
		store(g, s, SLOT_EPOCH, epoch);
		return;
	}
}

void lower_series(struct gen *g, const struct map_store *map, const struct type *type,
		  struct ir_insn *base, int32_t offset, struct ir_insn *v)
{
	struct slot s = { .store = map, .type = type, .offset = offset };
	struct ir_insn *now = lower_now(g, CLOCK_MODE_SW_TAI), *epoch, *index;

	epoch = ir_emit_binary_imm(&g->b, IR_UDIV, now, (int64_t)type->param[0]);
	index = ir_emit_binary_imm(&g->b, IR_UMOD, epoch, (int64_t)type->param[1]);
	/* The verifier does not know what a remainder is at most. */
	index = lower_at_most(g, index, (uint32_t)type->param[1] - 1);
	s.p = ir_emit_binary(&g->b, IR_ADD, base,
			     ir_emit_binary_imm(&g->b, IR_MUL, index, SLOT_BYTES));
	update(g, &s, v, now, epoch);
}
