/*
 * Selection of arithmetic, extensions, comparisons, calls and terminators.
 */
#include "bpf/select.h"

#include <assert.h>

static const uint8_t alu_codes[] = {
	[IR_ADD] = BPF_ADD, [IR_SUB] = BPF_SUB, [IR_MUL] = BPF_MUL, [IR_UDIV] = BPF_DIV,
	[IR_UMOD] = BPF_MOD, [IR_AND] = BPF_AND, [IR_OR] = BPF_OR, [IR_XOR] = BPF_XOR,
	[IR_SHL] = BPF_LSH, [IR_LSHR] = BPF_RSH, [IR_ASHR] = BPF_ARSH,
};

static bool commutes(enum ir_op op)
{
	return op == IR_ADD || op == IR_MUL || op == IR_AND || op == IR_OR || op == IR_XOR;
}

static bool is_pow2(int64_t v)
{
	return v > 0 && !(v & (v - 1));
}

/* dst op= a constant, for the constants that need care. Returns false if the
 * plain form will do. */
static bool alu_special_imm(struct sel *s, enum ir_op op, uint32_t dst, int64_t c)
{
	if ((op == IR_UDIV || op == IR_UMOD) && !c) {
		/* The kernel refuses the immediate; by register, x / 0 is 0 and x % 0 is x. */
		if (op == IR_UDIV)
			sel_add(s, mi_mov_imm(dst, 0));
		return true;
	}
	if (op == IR_UDIV && is_pow2(c)) {
		sel_add(s, mi_alu_imm(BPF_RSH, dst, __builtin_ctzll((uint64_t)c), false));
		return true;
	}
	if (op == IR_UMOD && is_pow2(c) && fits_s32(c - 1)) {
		sel_add(s, mi_alu_imm(BPF_AND, dst, c - 1, false));
		return true;
	}
	if (op == IR_AND && c == (int64_t)(uint32_t)c && !fits_s32(c)) {
		sel_add(s, mi_alu_imm(BPF_AND, dst, (int32_t)c, true));
		return true;
	}
	return false;
}

/* dst op= y. */
static void alu_right(struct sel *s, enum ir_op op, uint32_t dst, const struct ir_insn *y,
		      bool is32)
{
	int64_t imm;

	if (y->op == IR_CONST && !is32 && alu_special_imm(s, op, dst, y->imm))
		return;
	if (!sel_imm_fits(y, is32, &imm)) {
		sel_add(s, mi_alu(alu_codes[op], dst, sel_reg(s, y), is32));
		return;
	}
	if (op == IR_SHL || op == IR_LSHR || op == IR_ASHR)
		imm &= is32 ? 31 : 63;
	if (op == IR_SUB && imm != INT32_MIN) {
		op = IR_ADD;
		imm = -imm;
	}
	sel_add(s, mi_alu_imm(alu_codes[op], dst, imm, is32));
}

void sel_alu_op(struct sel *s, const struct ir_insn *i, uint32_t dst, bool is32)
{
	const struct ir_insn *x = i->args[0], *y = i->args[1];

	if (is32) {
		x = sel_strip_ext(x, 4);
		y = sel_strip_ext(y, 4);
	}
	/* Constants to the right; else build on the operand that ends here. */
	if (commutes(i->op) && i->type == IR_INT &&
	    (x->op == IR_CONST || (y->op != IR_CONST && y->uses == 1 && x->uses > 1))) {
		const struct ir_insn *swap = x;

		x = y;
		y = swap;
	}
	if (i->op == IR_SUB && x->op == IR_CONST && !x->imm) {
		sel_into(s, dst, y);
		sel_add(s, mi_alu_imm(BPF_NEG, dst, 0, is32));
		return;
	}
	sel_into(s, dst, x);
	alu_right(s, i->op, dst, y, is32);
}

void sel_alu(struct sel *s, const struct ir_insn *i)
{
	sel_alu_op(s, i, sel_reg(s, i), false);
}

static struct mi mov_special(uint32_t dst, uint32_t src, bool is32, int16_t off)
{
	struct mi mi = mi_copy(dst, src);

	mi.code = (uint8_t)((is32 ? BPF_ALU : BPF_ALU64) | BPF_MOV | BPF_X);
	mi.off = off;
	return mi;
}

static void sel_zext(struct sel *s, const struct ir_insn *i, uint32_t dst)
{
	const struct ir_insn *fused = sel_fused_alu32(i);

	if (fused) {
		sel_alu_op(s, fused, dst, true);
		return;
	}
	if (i->size == 4) {
		sel_add(s, mov_special(dst, sel_reg(s, i->args[0]), true, 0));
		return;
	}
	sel_into(s, dst, i->args[0]);
	sel_add(s, mi_alu_imm(BPF_AND, dst, i->size == 1 ? 0xff : 0xffff, false));
}

void sel_ext(struct sel *s, const struct ir_insn *i)
{
	uint32_t dst = sel_reg(s, i);
	int bits = i->size * 8;
	struct mi mi;

	if (i->op == IR_ZEXT) {
		sel_zext(s, i, dst);
	} else if (i->op == IR_BSWAP) {
		sel_into(s, dst, i->args[0]);
		mi = mi_alu_imm(BPF_END, dst, bits, true);
		/* "to the other byte order": swaps on either kind of machine. */
		mi.code = BPF_ALU | BPF_END |
			  (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? BPF_TO_BE : BPF_TO_LE);
		sel_add(s, mi);
	} else if (s->v4) {
		sel_add(s, mov_special(dst, sel_reg(s, i->args[0]), false, (int16_t)bits));
	} else {
		sel_into(s, dst, i->args[0]);
		sel_add(s, mi_alu_imm(BPF_LSH, dst, 64 - bits, false));
		sel_add(s, mi_alu_imm(BPF_ARSH, dst, 64 - bits, false));
	}
}

/* ---- comparisons ---- */

/* The jump's code byte, and its right side in imm or *y. */
static uint8_t cmp_operands(struct sel *s, const struct sel_branch *br, uint32_t *y, int64_t *imm)
{
	uint8_t code = (uint8_t)((br->is32 ? BPF_JMP32 : BPF_JMP) | bc_cmp_code(br->cmp));

	*y = BC_NO_REG;
	if (sel_imm_fits(br->y, br->is32, imm))
		return code | BPF_K;
	*imm = 0;
	*y = sel_reg(s, br->y);
	return code | BPF_X;
}

void sel_cmp(struct sel *s, const struct ir_insn *i)
{
	struct sel_branch br = sel_fold_cmp(i);
	struct mi mi = { .kind = MI_SETCC };

	mi.src = sel_reg(s, br.x);
	mi.code = cmp_operands(s, &br, &mi.src2, &mi.imm);
	mi.dst = sel_reg(s, i);
	sel_add(s, mi);
}

void sel_branch(struct sel *s, const struct ir_insn *i)
{
	struct sel_branch br = sel_fold_branch(i);
	struct mi mi = { .kind = MI_BRANCH, .src2 = BC_NO_REG };

	mi.dst = sel_reg(s, br.x);
	mi.code = cmp_operands(s, &br, &mi.src, &mi.imm);
	sel_add(s, mi);
}

/* ---- calls ---- */

static bool is_simple_leaf(const struct ir_insn *v)
{
	return !v->block && v->op != IR_PARAM;
}

/* Arguments into r1..r5: parameters first, since they came in such registers; what an
 * instruction makes last, since that needs no other register. */
static void call_args(struct sel *s, const struct ir_insn *i)
{
	for (uint32_t k = 0; k < i->nr_args; k++) {
		if (i->args[k]->op == IR_PARAM)
			sel_into(s, k + 1, i->args[k]);
	}
	for (uint32_t k = 0; k < i->nr_args; k++) {
		if (!is_simple_leaf(i->args[k]) && i->args[k]->op != IR_PARAM)
			sel_into(s, k + 1, i->args[k]);
	}
	for (uint32_t k = 0; k < i->nr_args; k++) {
		if (is_simple_leaf(i->args[k]))
			sel_into(s, k + 1, i->args[k]);
	}
}

void sel_call(struct sel *s, const struct ir_insn *i)
{
	struct mi mi = { .kind = MI_CALL, .code = BPF_JMP | BPF_CALL, .dst = BC_NO_REG,
			 .src = BC_NO_REG, .src2 = BC_NO_REG, .imm = i->imm };

	assert(i->nr_args <= 5);
	call_args(s, i);
	mi.nr_args = (uint8_t)i->nr_args;
	mi.pseudo = i->op == IR_CALL ? CALL_HELPER : i->op == IR_FCALL ? CALL_FUNC : CALL_KFUNC;
	sel_add(s, mi);
	if (s->needed[i->id])
		sel_add(s, mi_copy(sel_reg(s, i), 0));
}

void sel_ret(struct sel *s, const struct ir_insn *i)
{
	struct mi mi = { .kind = MI_EXIT, .code = BPF_JMP | BPF_EXIT, .dst = BC_NO_REG,
			 .src = BC_NO_REG, .src2 = BC_NO_REG };

	if (i->nr_args)
		sel_into(s, 0, i->args[0]);
	else
		sel_add(s, mi_mov_imm(0, 0));
	sel_add(s, mi);
}
