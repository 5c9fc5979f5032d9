/*
 * Shared by the files of instruction selection.
 *
 * A value that no emitted instruction uses as a register is never emitted: what is
 * folded (constants, addresses, extensions) is decided by the functions here alone, so
 * that the marking walk and the emitting walk agree.
 */
#ifndef SONDE_BPF_SELECT_H
#define SONDE_BPF_SELECT_H

#include "bpf/mir.h"

/* A leaf that is in a register, for reuse in the block and those that it dominates. */
struct leaf_reg {
	const struct ir_insn *leaf;	/* MAP_VALUE, wide CONST */
	int64_t base;			/* MAP_VALUE: offset that the register points to */
	uint32_t reg;
	const struct leaf_reg *next;
};

struct sel {
	struct bc_env *env;
	struct mfunc *f;
	const struct ir_func *ir;
	struct ir_block **order;	/* reverse postorder, reachable blocks */
	uint32_t nr_order;
	uint32_t *idom;			/* by position in order */
	struct mblock **block_of;	/* by ir_block.id */
	uint32_t *reg_of;		/* by ir_insn.id; BC_NO_REG: none yet */
	bool *needed;			/* by ir_insn.id */
	const struct leaf_reg **leaves_at_end;	/* by ir_block.id */
	const struct leaf_reg *leaves;	/* of the current block */
	struct mblock *b;		/* current */
	uint32_t line;
	bool v4;
};

/* An address in the form that loads and stores take. */
struct sel_addr {
	const struct ir_insn *base;	/* OBJECT: the frame */
	int64_t off;
};

/* ---- folding: what the operands of an instruction really are ---- */
struct sel_addr sel_fold_addr(const struct ir_insn *p, int64_t off);
/* The value without extensions that do not matter to the low `size` bytes. */
const struct ir_insn *sel_strip_ext(const struct ir_insn *v, unsigned size);
/* The arithmetic that a 4-byte ZEXT does in 32 bits, or NULL. */
const struct ir_insn *sel_fused_alu32(const struct ir_insn *zext);
/* A branch as it will be emitted. */
struct sel_branch {
	const struct ir_insn *x, *y;
	enum ir_cmp cmp;
	bool is32;
};
struct sel_branch sel_fold_branch(const struct ir_insn *br);
struct sel_branch sel_fold_cmp(const struct ir_insn *cmp);
/* Which constant operand can be an immediate. */
bool sel_imm_fits(const struct ir_insn *v, bool is32, int64_t *imm);
enum ir_cmp bc_cmp_swap(enum ir_cmp cmp);
/* BPF_JEQ and so on. */
uint8_t bc_cmp_code(enum ir_cmp cmp);

/* Call visit for each value that emitting `i` needs in a register or as a leaf. */
void sel_each_operand(const struct ir_insn *i, void (*visit)(void *arg, const struct ir_insn *v),
		      void *arg);

/* ---- emitting into s->b ---- */
void sel_add(struct sel *s, struct mi mi);
/* The register of a value; leaves are put into one. */
uint32_t sel_reg(struct sel *s, const struct ir_insn *v);
/* Put a value into `dst`. */
void sel_into(struct sel *s, uint32_t dst, const struct ir_insn *v);
/* A MAP_VALUE (pointing to offset `base`) or wide CONST in a register that later uses share. */
uint32_t sel_leaf_reg(struct sel *s, const struct ir_insn *leaf, int64_t base);
/* Base register and offset for accesses at *off to *off + span, which fit. */
uint32_t sel_addr_span(struct sel *s, struct sel_addr at, int64_t span, int64_t *off);
void sel_alu(struct sel *s, const struct ir_insn *i);
void sel_alu_op(struct sel *s, const struct ir_insn *op, uint32_t dst, bool is32);
void sel_ext(struct sel *s, const struct ir_insn *i);
void sel_memory(struct sel *s, const struct ir_insn *i);	/* LOAD to MEMCPY */
void sel_call(struct sel *s, const struct ir_insn *i);
void sel_cmp(struct sel *s, const struct ir_insn *i);
void sel_branch(struct sel *s, const struct ir_insn *i);
void sel_ret(struct sel *s, const struct ir_insn *i);

/* Replace phis by copies on the edges. */
void sel_phis(struct sel *s);

#endif
