/*
 * The back end's instructions: making them, and which registers they use.
 */
#include "bpf/mir.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

struct mblock *mblock_new(struct mfunc *f)
{
	struct mblock *b = arena_new(f->arena, struct mblock);

	b->freq = 1;
	return b;
}

uint32_t mreg_new(struct mfunc *f)
{
	return f->nr_regs++;
}

void mblock_add(struct mfunc *f, struct mblock *b, struct mi mi)
{
	vec_push(f->arena, &b->insns, mi);
}

void mblock_insert(struct mfunc *f, struct mblock *b, size_t at, struct mi mi)
{
	vec_push(f->arena, &b->insns, mi);
	memmove(&b->insns.at[at + 1], &b->insns.at[at], (b->insns.n - 1 - at) * sizeof(mi));
	b->insns.at[at] = mi;
}

void mblock_jump(struct mfunc *f, struct mblock *b, struct mblock *to)
{
	struct mi mi = { .kind = MI_JUMP, .code = BPF_JMP | BPF_JA, .dst = BC_NO_REG,
			 .src = BC_NO_REG, .src2 = BC_NO_REG };

	mblock_add(f, b, mi);
	b->succs[0] = to;
	b->nr_succs = 1;
}

void mfunc_link(struct mfunc *f)
{
	for (size_t i = 0; i < f->blocks.n; i++) {
		f->blocks.at[i]->index = (uint32_t)i;
		f->blocks.at[i]->preds.n = 0;
	}
	for (size_t i = 0; i < f->blocks.n; i++) {
		struct mblock *b = f->blocks.at[i];

		for (uint32_t k = 0; k < b->nr_succs; k++)
			vec_push(f->arena, &b->succs[k]->preds, b);
	}
}

static bool atomic_fetches(const struct mi *mi)
{
	return mi->imm & BPF_FETCH;
}

int mi_slots(struct mi *mi, struct mi_slot out[3])
{
	struct mi_slot dst_use = { &mi->dst, true, false }, dst_def = { &mi->dst, false, true };
	struct mi_slot src_use = { &mi->src, true, false };
	int n = 0;

	switch ((enum mi_kind)mi->kind) {
	case MI_ALU:
		out[n++] = (struct mi_slot){ &mi->dst, true, true };
		if (mi_is_x(mi) && mi->src != BC_NO_REG)
			out[n++] = src_use;
		break;
	case MI_MOV:
	case MI_LOAD:
	case MI_ADDR:
	case MI_IMM64:
		out[n++] = dst_def;
		if (mi->src != BC_NO_REG)
			out[n++] = src_use;
		break;
	case MI_STORE:
		out[n++] = dst_use;
		out[n++] = src_use;
		break;
	case MI_STORE_IMM:
		out[n++] = dst_use;
		break;
	case MI_ATOMIC:
		out[n++] = dst_use;
		src_use.def = atomic_fetches(mi) && mi->imm != BPF_CMPXCHG;
		out[n++] = src_use;
		break;
	case MI_SETCC:
		out[n++] = dst_def;
		out[n++] = src_use;
		if (mi_is_x(mi))
			out[n++] = (struct mi_slot){ &mi->src2, true, false };
		break;
	case MI_BRANCH:
		out[n++] = dst_use;
		if (mi_is_x(mi))
			out[n++] = src_use;
		break;
	case MI_CALL:
	case MI_JUMP:
	case MI_EXIT:
		break;
	}
	return n;
}

void mi_implicit(const struct mi *mi, uint32_t *uses, uint32_t *defs, uint32_t *clobbers)
{
	*uses = *defs = *clobbers = 0;
	if (mi->kind == MI_CALL) {
		*uses = ((1u << mi->nr_args) - 1) << 1;
		*defs = 1;
		*clobbers = (1u << BC_NR_CALLER_SAVED) - 1;
	} else if (mi->kind == MI_EXIT) {
		*uses = 1;
	} else if (mi->kind == MI_ATOMIC && mi->imm == BPF_CMPXCHG) {
		*uses = *defs = 1;
	}
}

bool mi_def_is_early(const struct mi *mi)
{
	return mi->kind == MI_SETCC;
}

static struct mi mi_new(enum mi_kind kind, uint8_t code, uint32_t dst, uint32_t src)
{
	return (struct mi){ .kind = (uint8_t)kind, .code = code, .dst = dst, .src = src,
			    .src2 = BC_NO_REG };
}

struct mi mi_alu(uint8_t op, uint32_t dst, uint32_t src, bool is32)
{
	return mi_new(MI_ALU, (uint8_t)((is32 ? BPF_ALU : BPF_ALU64) | op | BPF_X), dst, src);
}

struct mi mi_alu_imm(uint8_t op, uint32_t dst, int64_t imm, bool is32)
{
	struct mi mi = mi_new(MI_ALU, (uint8_t)((is32 ? BPF_ALU : BPF_ALU64) | op | BPF_K), dst,
			      BC_NO_REG);

	mi.imm = imm;
	return mi;
}

struct mi mi_copy(uint32_t dst, uint32_t src)
{
	return mi_new(MI_MOV, BPF_ALU64 | BPF_MOV | BPF_X, dst, src);
}

struct mi mi_mov_imm(uint32_t dst, int64_t imm)
{
	struct mi mi = mi_new(MI_MOV, BPF_ALU64 | BPF_MOV | BPF_K, dst, BC_NO_REG);

	mi.imm = imm;
	if (fits_s32(imm))
		return mi;
	if (imm == (int64_t)(uint32_t)imm) {
		mi.code = BPF_ALU | BPF_MOV | BPF_K;
		return mi;
	}
	mi.kind = MI_IMM64;
	mi.code = BPF_LD | BPF_DW | BPF_IMM;
	return mi;
}

static uint8_t size_code(unsigned size)
{
	return size == 1 ? BPF_B : size == 2 ? BPF_H : size == 4 ? BPF_W : BPF_DW;
}

struct mi mi_load(unsigned size, uint32_t dst, uint32_t src, int16_t off)
{
	struct mi mi = mi_new(MI_LOAD, (uint8_t)(BPF_LDX | BPF_MEM | size_code(size)), dst, src);

	mi.off = off;
	return mi;
}

struct mi mi_store(unsigned size, uint32_t dst, int16_t off, uint32_t src)
{
	struct mi mi = mi_new(MI_STORE, (uint8_t)(BPF_STX | BPF_MEM | size_code(size)), dst, src);

	mi.off = off;
	return mi;
}

struct mi mi_store_imm(unsigned size, uint32_t dst, int16_t off, int64_t imm)
{
	struct mi mi = mi_new(MI_STORE_IMM, (uint8_t)(BPF_ST | BPF_MEM | size_code(size)), dst,
			      BC_NO_REG);

	mi.off = off;
	mi.imm = size == 8 ? imm : (int32_t)imm;
	return mi;
}

static void dump_reg(uint32_t reg, FILE *out)
{
	if (reg == BC_NO_REG)
		fprintf(out, " -");
	else
		fprintf(out, " %c%u", reg < BC_FIRST_VREG ? 'r' : 'v', reg);
}

void mfunc_dump(const struct mfunc *f, FILE *out)
{
	static const char *const kinds[] = { "alu", "mov", "addr", "imm64", "load", "store", "st",
					     "atomic", "setcc", "call", "branch", "jump", "exit" };

	for (size_t i = 0; i < f->blocks.n; i++) {
		const struct mblock *b = f->blocks.at[i];

		fprintf(out, "b%u%s:", b->index, b->is_cold ? " (cold)" : "");
		for (uint32_t k = 0; k < b->nr_succs; k++)
			fprintf(out, " -> b%u", b->succs[k]->index);
		fputc('\n', out);
		for (size_t k = 0; k < b->insns.n; k++) {
			const struct mi *mi = &b->insns.at[k];

			fprintf(out, "\t%-7s %02x", kinds[mi->kind], mi->code);
			dump_reg(mi->dst, out);
			dump_reg(mi->src, out);
			dump_reg(mi->src2, out);
			fprintf(out, " off %d imm %" PRId64 "\n", mi->off, mi->imm);
		}
	}
}
