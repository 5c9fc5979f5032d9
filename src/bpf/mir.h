/*
 * The back end's own form of a func: BPF instructions over virtual registers.
 *
 * Not SSA any more: two-address, phis are copies, calls take their arguments in
 * r1..r5. Registers 0..10 are the machine's, from BC_FIRST_VREG on virtual. Stages, in
 * the order of bc_compile: select, destroy phis, allocate (liveness, coalescing,
 * colouring, spilling), tidy, clean up, forget, emit. Everything lives in the work arena.
 *
 * Virtual registers live across blocks; machine registers only inside one, but for
 * r10 and the parameters in r1..r5 at the entry.
 */
#ifndef SONDE_BPF_MIR_H
#define SONDE_BPF_MIR_H

#include "bpf/bpf.h"

#define BC_NO_REG UINT32_MAX
#define BC_NR_ALLOCATABLE 10	/* r0..r9 */
#define BC_FRAME 10
#define BC_FIRST_VREG 11
#define BC_MAX_STACK 512
#define BC_NR_CALLER_SAVED 6	/* r0..r5 */

/* Not in the headers of older kernels. */
#define BC_MEMSX 0x80
#define BC_GOTOL (BPF_JMP32 | BPF_JA)

enum mi_kind {
	MI_ALU,		/* dst op= src, or imm; also BPF_NEG and BPF_END */
	MI_MOV,		/* dst = src, or imm; with off: sign-extending */
	MI_ADDR,	/* dst = r10 + imm: two instructions */
	MI_IMM64,	/* dst = imm, or what `pseudo` names */
	MI_LOAD,	/* dst = *(src + off) */
	MI_STORE,	/* *(dst + off) = src */
	MI_STORE_IMM,	/* *(dst + off) = imm */
	MI_ATOMIC,	/* *(dst + off) op= src; imm: which; fetching ones put the old value in src
			   (cmpxchg: compares with r0, old value in r0) */
	MI_SETCC,	/* dst = src cmp src2 (or imm) ? 1 : 0: three instructions; `code` is the
			   jump */
	MI_CALL,	/* imm: helper, func or BTF id; `pseudo`; reads r1..r<nr_args> */
	/* terminators */
	MI_BRANCH,	/* dst cmp src (or imm): succs[0], else succs[1] */
	MI_JUMP,
	MI_EXIT,
};

enum mi_pseudo {
	IMM64_CONST = 0, IMM64_MAP, IMM64_MAP_VALUE, IMM64_FUNC,
	CALL_HELPER = 0, CALL_FUNC = BPF_PSEUDO_CALL, CALL_KFUNC = BPF_PSEUDO_KFUNC_CALL,
};

struct mi {
	uint8_t kind;		/* enum mi_kind */
	uint8_t code;		/* opcode; BPF_X tells src from imm */
	uint8_t pseudo;		/* enum mi_pseudo */
	uint8_t nr_args;	/* CALL */
	int16_t off;
	uint32_t dst, src, src2;	/* BC_NO_REG: none */
	uint32_t map;		/* IMM64_MAP, IMM64_MAP_VALUE */
	int64_t imm;
	uint32_t line;		/* script position */
};

struct mblock {
	uint32_t index;		/* in mfunc.blocks: the order of layout */
	VEC(struct mi) insns;	/* ends with a terminator once selected */
	struct mblock *succs[2];
	uint32_t nr_succs;
	VEC(struct mblock *) preds;
	bool is_cold, is_edge;	/* edge: made to hold copies */
	bool is_head;		/* of an iterator's loop: asks for the next turn */
	double freq;		/* runs per run of the func, estimated */
	uint32_t start, end;	/* positions of liveness: 2 an instruction */
	uint64_t *live_in, *live_out;
	uint32_t offset;	/* of the first instruction once emitted */
};

struct mfunc {
	struct arena *arena;
	struct bc_env *env;
	const struct ir_func *ir;
	VEC(struct mblock *) blocks;
	uint32_t nr_regs;	/* machine and virtual */
	uint32_t frame_bytes;	/* objects, then spill slots */
	VEC(uint32_t) no_spill;	/* registers that spilling made: never spill them again */
	bool keep_checked;	/* target forgets checks on spilled values: avoid spilling them */
};

/* One operand of an instruction. */
struct mi_slot {
	uint32_t *reg;
	bool use, def;
};

static inline bool mi_is_x(const struct mi *mi)
{
	return BPF_SRC(mi->code) == BPF_X;
}

/* A plain copy of all 64 bits. */
static inline bool mi_is_copy(const struct mi *mi)
{
	return mi->kind == MI_MOV && mi->code == (BPF_ALU64 | BPF_MOV | BPF_X) && !mi->off;
}

static inline bool fits_s32(int64_t v)
{
	return v == (int32_t)v;
}

static inline bool fits_s16(int64_t v)
{
	return v == (int16_t)v;
}

/* ---- mir.c ---- */
struct mblock *mblock_new(struct mfunc *f);	/* not yet in f->blocks */
uint32_t mreg_new(struct mfunc *f);
void mblock_add(struct mfunc *f, struct mblock *b, struct mi mi);
void mblock_insert(struct mfunc *f, struct mblock *b, size_t at, struct mi mi);
void mblock_jump(struct mfunc *f, struct mblock *b, struct mblock *to);	/* end b by a jump */
/* Set preds and indices from succs and the order of blocks. */
void mfunc_link(struct mfunc *f);

/* Operands that are written in the instruction. Returns their number (to 3). */
int mi_slots(struct mi *mi, struct mi_slot out[3]);
/* Machine registers that it reads, writes and destroys without naming them. */
void mi_implicit(const struct mi *mi, uint32_t *uses, uint32_t *defs, uint32_t *clobbers);
/* The destination is written before all sources were read. */
bool mi_def_is_early(const struct mi *mi);

struct mi mi_alu(uint8_t op, uint32_t dst, uint32_t src, bool is32);
struct mi mi_alu_imm(uint8_t op, uint32_t dst, int64_t imm, bool is32);
struct mi mi_copy(uint32_t dst, uint32_t src);
struct mi mi_mov_imm(uint32_t dst, int64_t imm);	/* MOV or ld_imm64, whichever it takes */
struct mi mi_load(unsigned size, uint32_t dst, uint32_t src, int16_t off);
struct mi mi_store(unsigned size, uint32_t dst, int16_t off, uint32_t src);
struct mi mi_store_imm(unsigned size, uint32_t dst, int16_t off, int64_t imm);

void mfunc_dump(const struct mfunc *f, FILE *out);

/* ---- stages ---- */
struct mfunc *bc_select(struct bc_env *env, const struct ir_func *ir);
void bc_allocate(struct mfunc *f);	/* afterwards only machine registers are left */
void bc_tidy(struct mfunc *f);		/* reloads, dead stores to slots, dead moves */
void bc_clean_up(struct mfunc *f);	/* jumps to jumps, small blocks hoisted, exits merged */

/* In loops, what is not needed any more is 0; is_repeated: the whole func is in one. */
void bc_forget(struct mfunc *f, bool is_repeated);

/* What is needed: a bit a machine register, a bit a spill slot. */
struct mneed {
	uint32_t regs;
	uint64_t slots;
};

/* What each block reads before it writes it. */
struct mneed *bc_needs(const struct mfunc *f);
/* The slot that a load or store is for, or -1. */
int bc_spill_slot(const struct mfunc *f, const struct mi *mi);
int16_t bc_spill_offset(const struct mfunc *f, int slot);	/* from r10 */

#endif
