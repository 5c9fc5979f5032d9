/*
 * The builder: instructions appended to the current block.
 *
 * Behind a terminator there is no current block: what is emitted then gets no
 * block and is thus in no func. An edge exists from the moment that its jump or
 * branch is emitted.
 */
#include "ir/internal.h"

#include <assert.h>

static struct ir_insn *emit(struct ir_builder *b, struct ir_insn *insn)
{
	insn->line = b->line;
	if (b->block)
		ir_append(b->block, insn);
	return insn;
}

static struct ir_insn *emit_new(struct ir_builder *b, enum ir_op op, enum ir_type type,
				struct ir_insn *x, struct ir_insn *y)
{
	struct ir_insn *i = ir_insn_new(b->func, op, type, y ? 2 : x ? 1 : 0);

	if (x)
		i->args[0] = ir_resolve(x);
	if (y)
		i->args[1] = ir_resolve(y);
	return emit(b, i);
}

struct ir_insn *ir_emit_binary(struct ir_builder *b, enum ir_op op, struct ir_insn *x,
			       struct ir_insn *y)
{
	enum ir_type type = IR_INT;
	struct ir_insn *swap;

	assert(ir_ops[op].flags & IR_OP_BINARY);
	if (op == IR_ADD && ir_type_is_address(y->type)) {
		swap = x;
		x = y;
		y = swap;
	}
	if (ir_type_is_address(x->type) && !ir_type_is_address(y->type)) {
		if (op == IR_SUB && y->op == IR_CONST) {
			op = IR_ADD;
			y = ir_const(b->func, -y->imm);
		}
		if (op == IR_ADD || op == IR_SUB)
			type = x->type;
	}
	if (op == IR_ADD && y->op == IR_CONST && !y->imm)
		return x;
	return emit_new(b, op, type, x, y);
}

struct ir_insn *ir_emit_binary_imm(struct ir_builder *b, enum ir_op op, struct ir_insn *x,
				   int64_t y)
{
	return ir_emit_binary(b, op, x, ir_const(b->func, y));
}

struct ir_insn *ir_emit_ext(struct ir_builder *b, struct ir_insn *x, unsigned size, bool is_signed)
{
	struct ir_insn *i;

	if (size >= 8)
		return x;
	i = emit_new(b, is_signed ? IR_SEXT : IR_ZEXT, IR_INT, x, NULL);
	i->size = (uint8_t)size;
	return i;
}

struct ir_insn *ir_emit_bswap(struct ir_builder *b, struct ir_insn *x, unsigned size)
{
	struct ir_insn *i = emit_new(b, IR_BSWAP, IR_INT, x, NULL);

	i->size = (uint8_t)size;
	return i;
}

struct ir_insn *ir_emit_cmp(struct ir_builder *b, enum ir_cmp cmp, struct ir_insn *x,
			    struct ir_insn *y)
{
	struct ir_insn *i = emit_new(b, IR_CMP, IR_INT, x, y);

	i->cmp = cmp;
	return i;
}

struct ir_insn *ir_emit_load(struct ir_builder *b, enum ir_type type, unsigned size, bool is_signed,
			     struct ir_insn *p, int32_t offset)
{
	struct ir_insn *i = emit_new(b, IR_LOAD, type, p, NULL);

	i->size = (uint8_t)size;
	i->is_signed = is_signed && size < 8;
	i->imm = offset;
	return i;
}

void ir_emit_store(struct ir_builder *b, unsigned size, struct ir_insn *p, int32_t offset,
		   struct ir_insn *value)
{
	struct ir_insn *i = emit_new(b, IR_STORE, IR_VOID, p, value);

	i->size = (uint8_t)size;
	i->imm = offset;
}

struct ir_insn *ir_emit_atomic(struct ir_builder *b, enum ir_op op, unsigned size, bool fetch,
			       struct ir_insn *p, int32_t offset, struct ir_insn *x,
			       struct ir_insn *y)
{
	struct ir_insn *i;

	fetch = fetch || op != IR_ATOMIC_ADD;
	i = ir_insn_new(b->func, op, fetch ? IR_INT : IR_VOID, op == IR_ATOMIC_CMPXCHG ? 3 : 2);
	i->args[0] = ir_resolve(p);
	i->args[1] = ir_resolve(x);
	if (op == IR_ATOMIC_CMPXCHG)
		i->args[2] = ir_resolve(y);
	i->size = (uint8_t)size;
	i->imm = offset;
	return emit(b, i);
}

void ir_emit_memzero(struct ir_builder *b, struct ir_insn *p, int32_t offset, uint32_t size)
{
	struct ir_insn *i;

	if (!size)
		return;
	i = emit_new(b, IR_MEMZERO, IR_VOID, p, NULL);
	i->imm = offset;
	i->imm2 = size;
}

void ir_emit_memcpy(struct ir_builder *b, struct ir_insn *to, int32_t to_offset,
		    struct ir_insn *from, int32_t from_offset, uint32_t size, unsigned align)
{
	struct ir_insn *i;

	if (!size)
		return;
	i = emit_new(b, IR_MEMCPY, IR_VOID, to, from);
	i->imm = to_offset;
	i->imm2 = size;
	i->imm3 = from_offset;
	i->size = (uint8_t)align;
}

struct ir_insn *ir_emit_call(struct ir_builder *b, enum ir_op op, int64_t target, enum ir_type type,
			     struct ir_insn *const *args, uint32_t nr_args)
{
	struct ir_insn *i = ir_insn_new(b->func, op, type, nr_args);

	assert(nr_args <= 5);
	i->imm = target;
	for (uint32_t k = 0; k < nr_args; k++)
		i->args[k] = ir_resolve(args[k]);
	return emit(b, i);
}

/* ---- control flow ---- */

void ir_emit_jump(struct ir_builder *b, struct ir_block *to)
{
	if (!b->block)
		return;
	emit_new(b, IR_JUMP, IR_VOID, NULL, NULL);
	b->block->succs[0] = to;
	b->block->nr_succs = 1;
	ir_edge_add(b->block, to);
	b->block = NULL;
}

void ir_emit_branch(struct ir_builder *b, enum ir_cmp cmp, struct ir_insn *x, struct ir_insn *y,
		    struct ir_block *then, struct ir_block *otherwise)
{
	if (!b->block)
		return;
	if (then == otherwise) {
		ir_emit_jump(b, then);
		return;
	}
	emit_new(b, IR_BRANCH, IR_VOID, x, y)->cmp = cmp;
	b->block->succs[0] = then;
	b->block->succs[1] = otherwise;
	b->block->nr_succs = 2;
	ir_edge_add(b->block, then);
	ir_edge_add(b->block, otherwise);
	b->block = NULL;
}

void ir_emit_ret(struct ir_builder *b, struct ir_insn *value)
{
	emit_new(b, IR_RET, IR_VOID, value, NULL);
	b->block = NULL;
}

struct ir_insn *ir_emit_null_check(struct ir_builder *b, struct ir_insn *p,
				   struct ir_block *null_block)
{
	struct ir_block *set;

	p = ir_resolve(p);
	if (!b->block)
		return ir_insn_new(b->func, IR_NOT_NULL, ir_type_not_null(p->type), 1);
	set = ir_block_new(b->func);
	ir_emit_branch(b, IR_NE, p, ir_const(b->func, 0), set, null_block);
	ir_continue_in(b, set);
	ir_seal(set);
	if (!ir_type_is_or_null(p->type))
		return p;
	return emit_new(b, IR_NOT_NULL, ir_type_not_null(p->type), p, NULL);
}

void ir_continue_in(struct ir_builder *b, struct ir_block *block)
{
	b->block = block;
}

struct ir_insn *ir_emit_phi(struct ir_builder *b, enum ir_type type)
{
	struct ir_insn *phi = ir_insn_new(b->func, IR_PHI, type, 0), *at;

	phi->line = b->line;
	if (!b->block)
		return phi;
	for (at = b->block->first; at && at->op == IR_PHI; at = at->next)
		;
	if (at)
		ir_insert_before(at, phi);
	else
		ir_append(b->block, phi);
	return phi;
}

void ir_phi_add(struct ir_insn *phi, struct ir_insn *value)
{
	struct arena *a;
	uint32_t n = phi->nr_args;

	if (!phi->block)
		return;
	/* Room is a power of two, and doubles when that many are there. */
	a = phi->block->func->module->arena;
	if (!(n & (n - 1)))
		phi->args = arena_grow(a, phi->args, n * sizeof(*phi->args),
				       (n ? n * 2 : 1) * sizeof(*phi->args));
	phi->args[n] = ir_resolve(value);
	phi->nr_args = n + 1;
}
