/*
 * Instruction selection: IR of one func to BPF instructions over virtual registers.
 *
 * Two walks: backwards to mark the values that have to be in a register at all, then
 * forwards to emit. Leaves are put into registers where they are used; those that
 * take two instructions (map values, wide constants) are kept for the blocks that
 * they dominate, and the allocator makes them again rather than spill them.
 */
#include "bpf/select.h"

#include "target/target.h"

#include <assert.h>

/* ---- order and marking ---- */

static void find_order(struct sel *s)
{
	struct arena *a = s->f->arena;
	size_t n = s->ir->blocks.n, depth = 0, at = n;
	struct ir_block **stack = arena_array(a, struct ir_block *, n);
	uint8_t *next = arena_array(a, uint8_t, n);	/* succs visited so far, +1 */
	struct ir_block **post = arena_array(a, struct ir_block *, n);

	stack[depth++] = s->ir->blocks.at[0];
	next[s->ir->blocks.at[0]->id] = 1;
	while (depth) {
		struct ir_block *b = stack[depth - 1];
		uint32_t k = next[b->id] - 1u;

		if (k == b->nr_succs) {
			post[--at] = b;
			depth--;
			continue;
		}
		next[b->id]++;
		if (!next[b->succs[k]->id]) {
			next[b->succs[k]->id] = 1;
			stack[depth++] = b->succs[k];
		}
	}
	s->order = post + at;
	s->nr_order = (uint32_t)(n - at);
}

static uint32_t common_dominator(const struct sel *s, uint32_t a, uint32_t b)
{
	while (a != b) {
		if (a > b)
			a = s->idom[a];
		else
			b = s->idom[b];
	}
	return a;
}

/* Immediate dominators, by position in the order (the entry's is its own). A leaf in a
 * register of a dominator can be used here. */
static void find_idoms(struct sel *s)
{
	uint32_t *number = arena_array(s->f->arena, uint32_t, s->ir->blocks.n);
	bool changed = true;

	s->idom = arena_array(s->f->arena, uint32_t, s->nr_order);
	for (uint32_t k = 0; k < s->nr_order; k++) {
		number[s->order[k]->id] = k + 1;
		s->idom[k] = k ? UINT32_MAX : 0;
	}
	while (changed) {
		changed = false;
		for (uint32_t k = 1; k < s->nr_order; k++) {
			const struct ir_block *b = s->order[k];
			uint32_t best = UINT32_MAX;

			for (size_t i = 0; i < b->preds.n; i++) {
				uint32_t p = number[b->preds.at[i]->id];

				if (!p || s->idom[p - 1] == UINT32_MAX)
					continue;
				best = best == UINT32_MAX ? p - 1 :
				       common_dominator(s, best, p - 1);
			}
			changed |= best != s->idom[k];
			s->idom[k] = best;
		}
	}
}

static void mark(void *arg, const struct ir_insn *v)
{
	struct sel *s = arg;

	while (v->op == IR_NOT_NULL)
		v = v->args[0];
	s->needed[v->id] = true;
}

static bool has_effect(const struct ir_insn *i)
{
	switch (i->op) {
	case IR_STORE:
	case IR_ATOMIC_ADD:
	case IR_ATOMIC_XCHG:
	case IR_ATOMIC_CMPXCHG:
	case IR_MEMZERO:
	case IR_MEMCPY:
	case IR_CALL:
	case IR_KCALL:
	case IR_FCALL:
	case IR_JUMP:
	case IR_BRANCH:
	case IR_RET:
		return true;
	default:
		return i->is_pinned;
	}
}

static void mark_needed(struct sel *s)
{
	for (uint32_t k = s->nr_order; k-- > 0;) {
		const struct ir_insn *i = s->order[k]->first;

		for (; i && i->op == IR_PHI; i = i->next)
			sel_each_operand(i, mark, s);
	}
	for (uint32_t k = s->nr_order; k-- > 0;) {
		for (const struct ir_insn *i = s->order[k]->last; i; i = i->prev) {
			if (i->op == IR_PHI || i->op == IR_NOT_NULL)
				continue;
			if (has_effect(i) || s->needed[i->id])
				sel_each_operand(i, mark, s);
		}
	}
}

/* ---- registers of values ---- */

void sel_add(struct sel *s, struct mi mi)
{
	mi.line = s->line;
	mblock_add(s->f, s->b, mi);
}

static const struct leaf_reg *find_leaf(const struct sel *s, const struct ir_insn *leaf,
					int64_t base)
{
	const struct leaf_reg *l;

	for (l = s->leaves; l; l = l->next) {
		if (l->leaf->op != leaf->op || l->leaf->imm != leaf->imm)
			continue;
		if (leaf->op == IR_CONST || l->base == base)
			return l;
	}
	return NULL;
}

static struct mi leaf_insn(uint32_t dst, const struct ir_insn *leaf, int64_t base)
{
	struct mi mi = mi_mov_imm(dst, INT64_MAX);

	switch (leaf->op) {
	case IR_CONST:
		return mi_mov_imm(dst, leaf->imm);
	case IR_MAP:
		mi.pseudo = IMM64_MAP;
		mi.map = (uint32_t)leaf->imm;
		mi.imm = 0;
		return mi;
	case IR_MAP_VALUE:
		mi.pseudo = IMM64_MAP_VALUE;
		mi.map = (uint32_t)leaf->imm;
		mi.imm = base;
		return mi;
	case IR_FUNC:
		mi.pseudo = IMM64_FUNC;
		mi.imm = leaf->imm;
		return mi;
	default:
		assert(!"not a leaf that an instruction makes");
		return mi;
	}
}

/* A leaf of two instructions, in a register that later uses share. */
uint32_t sel_leaf_reg(struct sel *s, const struct ir_insn *leaf, int64_t base)
{
	const struct leaf_reg *found = find_leaf(s, leaf, base);
	struct leaf_reg *l;

	if (found)
		return found->reg;
	l = arena_new(s->f->arena, struct leaf_reg);
	*l = (struct leaf_reg){ leaf, base, mreg_new(s->f), s->leaves };
	s->leaves = l;
	sel_add(s, leaf_insn(l->reg, leaf, base));
	return l->reg;
}

static struct mi object_addr(const struct sel *s, uint32_t dst, const struct ir_insn *object)
{
	struct mi mi = mi_mov_imm(dst, 0);

	mi.kind = MI_ADDR;
	mi.imm = s->ir->objects.at[object->imm].offset;
	return mi;
}

void sel_into(struct sel *s, uint32_t dst, const struct ir_insn *v)
{
	switch (v->op) {
	case IR_CONST:
		if (!find_leaf(s, v, 0)) {
			sel_add(s, mi_mov_imm(dst, v->imm));
			return;
		}
		break;
	case IR_MAP_VALUE:
		if (!find_leaf(s, v, v->imm2)) {
			sel_add(s, leaf_insn(dst, v, v->imm2));
			return;
		}
		break;
	case IR_MAP:
	case IR_FUNC:
		sel_add(s, leaf_insn(dst, v, 0));
		return;
	case IR_OBJECT:
		sel_add(s, object_addr(s, dst, v));
		return;
	default:
		break;
	}
	sel_add(s, mi_copy(dst, sel_reg(s, v)));
}

uint32_t sel_reg(struct sel *s, const struct ir_insn *v)
{
	uint32_t reg;

	while (v->op == IR_NOT_NULL)
		v = v->args[0];
	switch (v->op) {
	case IR_MAP_VALUE:
		return sel_leaf_reg(s, v, v->imm2);
	case IR_CONST:
		if (mi_mov_imm(0, v->imm).kind == MI_IMM64)
			return sel_leaf_reg(s, v, 0);
		break;
	case IR_MAP:
	case IR_FUNC:
	case IR_OBJECT:
		break;
	default:
		if (s->reg_of[v->id] == BC_NO_REG)
			s->reg_of[v->id] = mreg_new(s->f);
		return s->reg_of[v->id];
	}
	reg = mreg_new(s->f);
	sel_into(s, reg, v);
	return reg;
}

/* ---- the walk ---- */

static void select_insn(struct sel *s, const struct ir_insn *i)
{
	s->line = i->line;
	switch (i->op) {
	case IR_ADD ... IR_ASHR:
		sel_alu(s, i);
		break;
	case IR_SEXT:
	case IR_ZEXT:
	case IR_BSWAP:
		sel_ext(s, i);
		break;
	case IR_CMP:
		sel_cmp(s, i);
		break;
	case IR_LOAD ... IR_MEMCPY:
		sel_memory(s, i);
		break;
	case IR_CALL:
	case IR_KCALL:
	case IR_FCALL:
		s->b->is_head |= ir_is_next_turn(i);
		sel_call(s, i);
		break;
	case IR_JUMP:
		sel_add(s, (struct mi){ .kind = MI_JUMP, .code = BPF_JMP | BPF_JA,
					.dst = BC_NO_REG, .src = BC_NO_REG, .src2 = BC_NO_REG });
		break;
	case IR_BRANCH:
		sel_branch(s, i);
		break;
	case IR_RET:
		sel_ret(s, i);
		break;
	default:
		break;
	}
}

static bool is_shallow(const struct ir_insn *i)
{
	return i->op == IR_PHI || i->op == IR_NOT_NULL;
}

static void select_block(struct sel *s, uint32_t number)
{
	const struct ir_block *b = s->order[number];

	s->b = s->block_of[b->id];
	s->leaves = number ? s->leaves_at_end[s->order[s->idom[number]]->id] : NULL;
	for (const struct ir_insn *i = b->first; i; i = i->next) {
		if (!is_shallow(i) && (has_effect(i) || s->needed[i->id]))
			select_insn(s, i);
	}
	s->leaves_at_end[b->id] = s->leaves;
}

/* The context and arguments come in r1..r5. */
static void select_params(struct sel *s)
{
	s->b = s->block_of[s->ir->blocks.at[0]->id];
	for (size_t k = 0; k < s->ir->leaves.n; k++) {
		const struct ir_insn *leaf = s->ir->leaves.at[k];

		if (leaf->op == IR_PARAM && s->needed[leaf->id])
			sel_add(s, mi_copy(sel_reg(s, leaf), (uint32_t)leaf->imm + 1));
	}
}

static void make_blocks(struct sel *s)
{
	bool *reached = arena_array(s->f->arena, bool, s->ir->blocks.n);

	for (uint32_t k = 0; k < s->nr_order; k++)
		reached[s->order[k]->id] = true;
	for (size_t k = 0; k < s->ir->blocks.n; k++) {
		const struct ir_block *b = s->ir->blocks.at[k];
		struct mblock *mb;

		if (!reached[b->id])
			continue;
		mb = mblock_new(s->f);
		mb->is_cold = b->is_cold;
		vec_push(s->f->arena, &s->f->blocks, mb);
		s->block_of[b->id] = mb;
	}
	for (uint32_t k = 0; k < s->nr_order; k++) {
		const struct ir_block *b = s->order[k];
		struct mblock *mb = s->block_of[b->id];

		mb->nr_succs = b->nr_succs;
		for (uint32_t i = 0; i < b->nr_succs; i++)
			mb->succs[i] = s->block_of[b->succs[i]->id];
	}
}

/* Loops are found by layout: a jump backwards makes all between hotter. */
static void estimate_frequencies(struct mfunc *f)
{
	for (size_t i = 0; i < f->blocks.n; i++) {
		struct mblock *b = f->blocks.at[i];

		if (b->is_cold)
			b->freq /= 64;
		for (uint32_t k = 0; k < b->nr_succs; k++) {
			for (size_t j = b->succs[k]->index; j <= i; j++) {
				if (f->blocks.at[j]->freq < 1e6)
					f->blocks.at[j]->freq *= 8;
			}
		}
	}
}

struct mfunc *bc_select(struct bc_env *env, const struct ir_func *ir)
{
	struct arena *a = env->arena;
	struct mfunc *f = arena_new(a, struct mfunc);
	struct sel s = { .env = env, .f = f, .ir = ir };
	struct target *target = (struct target *)env->target;

	*f = (struct mfunc){ .arena = a, .env = env, .ir = ir, .nr_regs = BC_FIRST_VREG,
			     .frame_bytes = (ir->stack_bytes + 7) & ~7u };
	f->keep_checked = target && target->kernel_version < 0x060c00;
	s.v4 = target && target_has(target, FEATURE_CPU_V4);
	s.block_of = arena_array(a, struct mblock *, ir->blocks.n);
	s.reg_of = arena_array(a, uint32_t, ir->next_insn_id + 1);
	for (uint32_t k = 0; k <= ir->next_insn_id; k++)
		s.reg_of[k] = BC_NO_REG;
	s.needed = arena_array(a, bool, ir->next_insn_id + 1);
	s.leaves_at_end = arena_array(a, const struct leaf_reg *, ir->blocks.n);
	ir_count_uses((struct ir_func *)ir);
	find_order(&s);
	find_idoms(&s);
	mark_needed(&s);
	make_blocks(&s);
	select_params(&s);
	for (uint32_t k = 0; k < s.nr_order; k++)
		select_block(&s, k);
	sel_phis(&s);
	mfunc_link(f);
	estimate_frequencies(f);
	return f;
}
