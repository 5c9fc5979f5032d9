/*
 * Small pieces of IR that every feature is made of: constants, objects, the
 * control block, losses, the running task.
 *
 * Failure paths are cold blocks, so that the way taken by events is straight.
 */
#include "lower/internal.h"

struct ir_insn *lower_const(struct gen *g, int64_t value)
{
	return ir_const(g->b.func, value);
}

struct ir_insn *lower_object(struct gen *g, const char *name, uint32_t size, uint32_t align)
{
	return ir_object(g->b.func, ir_object_new(g->b.func, name, size, align));
}

struct ir_insn *lower_control(struct gen *g, uint32_t offset)
{
	return ir_map_value(g->b.func, g->l->image->global_map, offset);
}

/* Bytes that are zero, as many as the largest value of a map. */
struct ir_insn *lower_zeros(struct gen *g)
{
	return lower_control(g, g->l->zeros_offset);
}

/* A word that is 1. */
struct ir_insn *lower_one(struct gen *g)
{
	struct lower *l = g->l;

	if (!l->one_offset)
		l->one_offset = lower_control_word(l, 8);
	return lower_control(g, l->one_offset);
}

bool lower_has(struct gen *g, enum target_feature f)
{
	return target_has(g->c->target, f);
}

struct ir_insn *lower_ptr(struct gen *g, struct ir_insn *base, int32_t offset)
{
	return offset ? ir_emit_binary_imm(&g->b, IR_ADD, base, offset) : base;
}

/* From this size on a helper zeroes memory in fewer instructions: a read of
 * address 0 fails and clears its buffer. */
#define ZERO_BY_HELPER 128

void lower_zero(struct gen *g, struct ir_insn *p, int32_t offset, uint32_t size)
{
	if (size < ZERO_BY_HELPER) {
		ir_emit_memzero(&g->b, p, offset, size);
		return;
	}
	ir_emit_helper(&g->b, BPF_FUNC_probe_read_kernel, IR_INT, lower_ptr(g, p, offset),
		       lower_const(g, size), lower_const(g, 0));
}

void lower_store_value(struct gen *g, unsigned size, struct ir_insn *p, int32_t offset,
		       struct ir_insn *v)
{
	unsigned half = size / 2;
	struct ir_insn *high;

	if (p->type != IR_OBJ || offset % (int32_t)size == 0) {
		ir_emit_store(&g->b, size, p, offset, v);
		return;
	}
	high = ir_emit_binary_imm(&g->b, IR_LSHR, v, half * 8);
	if (g->c->target->arch->big_endian) {
		lower_store_value(g, half, p, offset, high);
		lower_store_value(g, half, p, offset + (int32_t)half, v);
	} else {
		lower_store_value(g, half, p, offset, v);
		lower_store_value(g, half, p, offset + (int32_t)half, high);
	}
}

struct ir_block *lower_block(struct gen *g, bool is_cold)
{
	struct ir_block *block = ir_block_new(g->b.func);

	block->is_cold = is_cold;
	return block;
}

void lower_enter(struct gen *g, struct ir_block *block)
{
	ir_seal(block);
	ir_continue_in(&g->b, block);
	if (block->preds.n == 0)
		g->b.block = NULL;
}

void lower_loss(struct gen *g, enum image_loss loss)
{
	uint32_t offset = (g->index * IMAGE_LOSS_COUNT + loss) * 8;

	ir_emit_atomic(&g->b, IR_ATOMIC_ADD, 8, false,
		       lower_control(g, g->l->image->losses_offset + offset), 0,
		       lower_const(g, 1), NULL);
}

void lower_loss_if(struct gen *g, enum ir_cmp cmp, struct ir_insn *x, int64_t y,
		   enum image_loss loss)
{
	struct ir_block *lost = lower_block(g, true), *next = lower_block(g, false);

	ir_emit_branch(&g->b, cmp, x, lower_const(g, y), lost, next);
	lower_enter(g, lost);
	lower_loss(g, loss);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

/* Number of this CPU with a bound that the verifier sees. */
struct ir_insn *lower_cpu_masked(struct gen *g)
{
	struct ir_insn *cpu = ir_emit_call(&g->b, IR_CALL, BPF_FUNC_get_smp_processor_id, IR_INT,
					   NULL, 0);

	return ir_emit_binary_imm(&g->b, IR_AND, cpu, g->l->cpu_mask);
}

/*
 * What the verifier may know as a kernel pointer, as a number that takes any
 * arithmetic: it forgets what goes through memory that is no stack.
 */
struct ir_insn *lower_to_scalar(struct gen *g, struct ir_insn *pointer)
{
	uint32_t object = ir_object_new(g->b.func, "scalar", 8, 8);
	struct ir_insn *slot, *v;

	g->b.func->objects.at[object].place = IR_PLACE_SCRATCH;
	slot = ir_object(g->b.func, object);
	ir_emit_store(&g->b, 8, slot, 0, pointer);
	if (g->b.block)
		g->b.block->last->is_pinned = true;
	v = ir_emit_load(&g->b, IR_INT, 8, false, slot, 0);
	v->is_pinned = true;
	return v;
}

struct ir_insn *lower_task(struct gen *g)
{
	if (lower_task_struct(g->l) && lower_has(g, FEATURE_CURRENT_TASK_BTF))
		return ir_emit_call(&g->b, IR_CALL, BPF_FUNC_get_current_task_btf, IR_KPTR, NULL,
				    0);
	return ir_emit_call(&g->b, IR_CALL, BPF_FUNC_get_current_task, IR_INT, NULL, 0);
}
