/*
 * Which parts of the IR disappear into the instructions that use them.
 *
 * Pure functions of the IR, so that marking and emitting agree.
 */
#include "bpf/select.h"

static const struct {
	enum ir_cmp swapped;
	uint8_t code;
} cmps[] = {
	[IR_EQ] = { IR_EQ, BPF_JEQ },
	[IR_NE] = { IR_NE, BPF_JNE },
	[IR_ULT] = { IR_UGT, BPF_JLT },
	[IR_ULE] = { IR_UGE, BPF_JLE },
	[IR_UGT] = { IR_ULT, BPF_JGT },
	[IR_UGE] = { IR_ULE, BPF_JGE },
	[IR_SLT] = { IR_SGT, BPF_JSLT },
	[IR_SLE] = { IR_SGE, BPF_JSLE },
	[IR_SGT] = { IR_SLT, BPF_JSGT },
	[IR_SGE] = { IR_SLE, BPF_JSGE },
	[IR_TEST] = { IR_TEST, BPF_JSET },
};

enum ir_cmp bc_cmp_swap(enum ir_cmp cmp)
{
	return cmps[cmp].swapped;
}

uint8_t bc_cmp_code(enum ir_cmp cmp)
{
	return cmps[cmp].code;
}

struct sel_addr sel_fold_addr(const struct ir_insn *p, int64_t off)
{
	while (p->op == IR_ADD && p->args[1]->op == IR_CONST) {
		int64_t sum = (int64_t)((uint64_t)off + (uint64_t)p->args[1]->imm);

		if (!fits_s32(sum))
			break;
		off = sum;
		p = p->args[0];
	}
	while (p->op == IR_NOT_NULL)
		p = p->args[0];
	if (p->op == IR_MAP_VALUE)
		off += p->imm2;
	return (struct sel_addr){ p, off };
}

const struct ir_insn *sel_strip_ext(const struct ir_insn *v, unsigned size)
{
	while ((v->op == IR_ZEXT || v->op == IR_SEXT) && v->size >= size)
		v = v->args[0];
	return v;
}

/* Do the low 32 bits of the result depend on the low 32 bits of the args only? */
static bool is_low_alu(const struct ir_insn *i)
{
	switch (i->op) {
	case IR_ADD:
	case IR_SUB:
	case IR_MUL:
	case IR_AND:
	case IR_OR:
	case IR_XOR:
		return true;
	case IR_SHL:
		return i->args[1]->op == IR_CONST && i->args[1]->imm >= 0 && i->args[1]->imm < 32;
	default:
		return false;
	}
}

const struct ir_insn *sel_fused_alu32(const struct ir_insn *zext)
{
	const struct ir_insn *v = zext->args[0];

	if (zext->op != IR_ZEXT || zext->size != 4 || v->uses != 1 || v->block != zext->block)
		return NULL;
	return v->type == IR_INT && is_low_alu(v) ? v : NULL;
}

/* Compare of two extended 32-bit values, or of one and a constant: on 32 bits. */
static bool narrow_cmp(struct sel_branch *br)
{
	const struct ir_insn *x = br->x, *y = br->y;
	bool is_signed = br->cmp >= IR_SLT && br->cmp <= IR_SGE;
	bool any_sign = br->cmp == IR_EQ || br->cmp == IR_NE;
	int64_t c = y->op == IR_CONST ? y->imm : 0;

	if ((x->op != IR_ZEXT && x->op != IR_SEXT) || x->size != 4 || x->uses != 1)
		return false;
	if ((x->op == IR_SEXT) != is_signed && !any_sign)
		return false;
	if (y->op == IR_CONST) {
		if (x->op == IR_SEXT ? !fits_s32(c) : c != (int64_t)(uint32_t)c)
			return false;
		br->x = x->args[0];
	} else {
		if (y->op != x->op || y->size != 4)
			return false;
		br->x = x->args[0];
		br->y = y->uses == 1 ? y->args[0] : y;
	}
	br->is32 = true;
	return true;
}

static struct sel_branch fold(struct sel_branch br)
{
	if (br.x->op == IR_CONST && br.y->op != IR_CONST) {
		const struct ir_insn *x = br.x;

		br.x = br.y;
		br.y = x;
		br.cmp = cmps[br.cmp].swapped;
	}
	if (!br.is32 && br.cmp != IR_TEST)
		narrow_cmp(&br);
	return br;
}

struct sel_branch sel_fold_branch(const struct ir_insn *i)
{
	struct sel_branch br = { i->args[0], i->args[1], i->cmp, i->size == 4 };
	const struct ir_insn *x = br.x;

	/* (a & b) != 0 */
	if (br.cmp == IR_NE && !br.is32 && br.y->op == IR_CONST && !br.y->imm && x->op == IR_AND &&
	    x->uses == 1 && x->block == i->block)
		return fold((struct sel_branch){ x->args[0], x->args[1], IR_TEST, false });
	return fold(br);
}

struct sel_branch sel_fold_cmp(const struct ir_insn *i)
{
	return fold((struct sel_branch){ i->args[0], i->args[1], i->cmp, false });
}

bool sel_imm_fits(const struct ir_insn *v, bool is32, int64_t *imm)
{
	if (v->op != IR_CONST)
		return false;
	*imm = is32 ? (int32_t)v->imm : v->imm;
	return fits_s32(*imm);
}

void sel_each_operand(const struct ir_insn *i, void (*visit)(void *arg, const struct ir_insn *v),
		      void *arg)
{
	const struct ir_insn *op;
	struct sel_branch br;
	uint32_t k = 0;

	switch (i->op) {
	case IR_ZEXT:
		op = sel_fused_alu32(i);
		if (!op) {
			visit(arg, i->args[0]);
			return;
		}
		visit(arg, sel_strip_ext(op->args[0], 4));
		visit(arg, sel_strip_ext(op->args[1], 4));
		return;
	case IR_BRANCH:
	case IR_CMP:
		br = i->op == IR_CMP ? sel_fold_cmp(i) : sel_fold_branch(i);
		visit(arg, br.x);
		visit(arg, br.y);
		return;
	case IR_LOAD:
	case IR_ATOMIC_ADD:
	case IR_ATOMIC_XCHG:
	case IR_ATOMIC_CMPXCHG:
	case IR_MEMZERO:
		visit(arg, sel_fold_addr(i->args[0], i->imm).base);
		k = 1;
		break;
	case IR_STORE:
		visit(arg, sel_fold_addr(i->args[0], i->imm).base);
		visit(arg, sel_strip_ext(i->args[1], i->size));
		return;
	case IR_MEMCPY:
		visit(arg, sel_fold_addr(i->args[0], i->imm).base);
		visit(arg, sel_fold_addr(i->args[1], i->imm3).base);
		return;
	default:
		break;
	}
	for (; k < i->nr_args; k++)
		visit(arg, i->args[k]);
}
