/*
 * Machine form to bytes: block order is layout, jumps become distances, what names maps
 * becomes relocations.
 *
 * In: a func with machine registers only. Jumps are 16 bits wide; a func that needs
 * more is emitted again with 32-bit ones, which a version 4 target has.
 */
#include "bpf/emit.h"

#include "target/target.h"

#include <assert.h>
#include <errno.h>

struct jump {
	uint32_t insn;
	const struct mblock *to;
};

struct emitter {
	struct program *p;
	struct mfunc *f;
	bool is_long;
	VEC(struct jump) jumps;
};

static uint32_t here(const struct emitter *e)
{
	return (uint32_t)e->p->insns.n;
}

static void put(struct emitter *e, uint8_t code, uint32_t dst, uint32_t src, int16_t off,
		int64_t imm)
{
	struct bpf_insn insn = { .code = code, .off = off, .imm = (int32_t)imm };

	assert(dst == BC_NO_REG || dst <= BC_FRAME);
	assert(src == BC_NO_REG || src <= BC_FRAME);
	insn.dst_reg = dst == BC_NO_REG ? 0 : dst & 15;
	insn.src_reg = src == BC_NO_REG ? 0 : src & 15;
	vec_push(e->p->arena, &e->p->insns, insn);
}

static void mark_line(struct emitter *e, uint32_t line)
{
	struct program *p = e->p;

	if (!line || (p->lines.n && p->lines.at[p->lines.n - 1].line == line))
		return;
	if (p->lines.n && p->lines.at[p->lines.n - 1].insn == here(e)) {
		p->lines.at[p->lines.n - 1].line = line;
		return;
	}
	vec_push(p->arena, &p->lines, ((struct line_mark){ here(e), line }));
}

/* ---- jumps ---- */

/* The jump if the condition does not hold; 0 for JSET, which has no opposite. */
static uint8_t negate(uint8_t code)
{
	static const uint8_t opposite[16] = {
		[BPF_JEQ >> 4] = BPF_JNE, [BPF_JNE >> 4] = BPF_JEQ, [BPF_JGT >> 4] = BPF_JLE,
		[BPF_JLE >> 4] = BPF_JGT, [BPF_JGE >> 4] = BPF_JLT, [BPF_JLT >> 4] = BPF_JGE,
		[BPF_JSGT >> 4] = BPF_JSLE, [BPF_JSLE >> 4] = BPF_JSGT,
		[BPF_JSGE >> 4] = BPF_JSLT, [BPF_JSLT >> 4] = BPF_JSGE,
	};
	uint8_t op = opposite[BPF_OP(code) >> 4];

	return op ? (uint8_t)((code & 0x0f) | op) : 0;
}

static void put_jump(struct emitter *e, const struct mblock *to)
{
	vec_push(e->p->arena, &e->jumps, ((struct jump){ here(e), to }));
	put(e, e->is_long ? BC_GOTOL : BPF_JMP | BPF_JA, BC_NO_REG, BC_NO_REG, 0, 0);
}

static void put_cond(struct emitter *e, const struct mi *mi, uint8_t code, const struct mblock *to)
{
	uint8_t other = negate(code);

	if (!e->is_long) {
		vec_push(e->p->arena, &e->jumps, ((struct jump){ here(e), to }));
		put(e, code, mi->dst, mi->src, 0, mi->imm);
	} else if (other) {
		put(e, other, mi->dst, mi->src, 1, mi->imm);
		put_jump(e, to);
	} else {
		put(e, code, mi->dst, mi->src, 1, mi->imm);
		put(e, BPF_JMP | BPF_JA, BC_NO_REG, BC_NO_REG, 1, 0);
		put_jump(e, to);
	}
}

static const struct mblock *next_block(const struct emitter *e, const struct mblock *b)
{
	return b->index + 1 < e->f->blocks.n ? e->f->blocks.at[b->index + 1] : NULL;
}

static void put_branch(struct emitter *e, const struct mblock *b, const struct mi *mi)
{
	const struct mblock *next = next_block(e, b);
	uint8_t other = negate(mi->code);

	if (b->succs[0] == b->succs[1]) {
		if (b->succs[0] != next)
			put_jump(e, b->succs[0]);
	} else if (b->succs[0] == next && other) {
		put_cond(e, mi, other, b->succs[1]);
	} else if (b->succs[0] == next) {
		put(e, mi->code, mi->dst, mi->src, 1, mi->imm);
		put_jump(e, b->succs[1]);
	} else {
		put_cond(e, mi, mi->code, b->succs[0]);
		if (b->succs[1] != next)
			put_jump(e, b->succs[1]);
	}
}

/* ---- the rest ---- */

static void put_imm64(struct emitter *e, const struct mi *mi)
{
	static const uint8_t source[] = {
		[IMM64_CONST] = 0, [IMM64_MAP] = BPF_PSEUDO_MAP_FD,
		[IMM64_MAP_VALUE] = BPF_PSEUDO_MAP_VALUE, [IMM64_FUNC] = BPF_PSEUDO_FUNC,
	};
	struct image_reloc reloc = { here(e), mi->map, mi->pseudo == IMM64_MAP_VALUE };
	int64_t low = mi->imm, high = mi->imm >> 32;

	if (mi->pseudo != IMM64_CONST) {
		low = 0;
		high = mi->pseudo == IMM64_MAP_VALUE ? mi->imm : 0;
	}
	if (mi->pseudo == IMM64_FUNC)
		vec_push(e->p->arena, &e->p->fixes,
			 ((struct func_fix){ here(e), (uint32_t)mi->imm }));
	else if (mi->pseudo != IMM64_CONST)
		vec_push(e->p->arena, &e->p->relocs, reloc);
	put(e, BPF_LD | BPF_DW | BPF_IMM, mi->dst, source[mi->pseudo], 0, low);
	put(e, 0, BC_NO_REG, BC_NO_REG, 0, high);
}

static void put_call(struct emitter *e, const struct mi *mi)
{
	if (mi->pseudo == CALL_FUNC)
		vec_push(e->p->arena, &e->p->fixes,
			 ((struct func_fix){ here(e), (uint32_t)mi->imm }));
	put(e, mi->code, BC_NO_REG, mi->pseudo, 0, mi->imm);
}

static void put_insn(struct emitter *e, const struct mblock *b, const struct mi *mi)
{
	const struct mblock *next = next_block(e, b);

	mark_line(e, mi->line);
	switch ((enum mi_kind)mi->kind) {
	case MI_ADDR:
		put(e, BPF_ALU64 | BPF_MOV | BPF_X, mi->dst, BC_FRAME, 0, 0);
		put(e, BPF_ALU64 | BPF_ADD | BPF_K, mi->dst, BC_NO_REG, 0, mi->imm);
		break;
	case MI_IMM64:
		put_imm64(e, mi);
		break;
	case MI_SETCC:
		put(e, BPF_ALU64 | BPF_MOV | BPF_K, mi->dst, BC_NO_REG, 0, 1);
		put(e, mi->code, mi->src, mi->src2, 1, mi->imm);
		put(e, BPF_ALU64 | BPF_MOV | BPF_K, mi->dst, BC_NO_REG, 0, 0);
		break;
	case MI_CALL:
		put_call(e, mi);
		break;
	case MI_BRANCH:
		put_branch(e, b, mi);
		break;
	case MI_JUMP:
		if (b->succs[0] != next)
			put_jump(e, b->succs[0]);
		break;
	default:
		put(e, mi->code, mi->dst, mi->src, mi->off, mi->imm);
		break;
	}
}

/* Distances; false if one does not fit. */
static bool patch_jumps(struct emitter *e)
{
	for (size_t k = 0; k < e->jumps.n; k++) {
		const struct jump *j = &e->jumps.at[k];
		struct bpf_insn *insn = &e->p->insns.at[j->insn];
		int64_t distance = (int64_t)j->to->offset - j->insn - 1;

		if (insn->code == BC_GOTOL)
			insn->imm = (int32_t)distance;
		else if (fits_s16(distance))
			insn->off = (int16_t)distance;
		else
			return false;
	}
	return true;
}

static bool emit_func(struct program *p, struct mfunc *f, bool is_long)
{
	struct emitter e = { .p = p, .f = f, .is_long = is_long };
	uint32_t start = here(&e);

	p->func_start[f->ir->index] = start;
	for (size_t i = 0; i < f->blocks.n; i++) {
		struct mblock *b = f->blocks.at[i];

		b->offset = here(&e);
		for (size_t k = 0; k < b->insns.n; k++)
			put_insn(&e, b, &b->insns.at[k]);
	}
	return patch_jumps(&e);
}

/* Each func has to begin with a line of its own: its first one that is known. */
static void line_at_start(struct program *p, size_t first_line, uint32_t start)
{
	if (first_line < p->lines.n)
		p->lines.at[first_line].insn = start;
	else
		vec_push(p->arena, &p->lines, ((struct line_mark){ start, 0 }));
}

static int too_far(const struct mfunc *f)
{
	f->env->too_large = "a jump over more than 32,767 instructions, which needs Linux 6.1";
	return -E2BIG;
}

int bc_emit(struct program *p, struct mfunc *f)
{
	struct target *target = (struct target *)f->env->target;
	size_t insns = p->insns.n, relocs = p->relocs.n, fixes = p->fixes.n, lines = p->lines.n;

	if (lines)	/* a line of the func before does not go on in this one */
		vec_push(p->arena, &p->lines, ((struct line_mark){ (uint32_t)insns, 0 }));
	if (!emit_func(p, f, false)) {
		if (!target || !target_has(target, FEATURE_CPU_V4))
			return too_far(f);
		p->insns.n = insns;
		p->relocs.n = relocs;
		p->fixes.n = fixes;
		p->lines.n = lines + (lines != 0);
		emit_func(p, f, true);
	}
	if (lines && lines + 1 < p->lines.n && p->lines.at[lines].line == 0) {
		for (size_t k = lines; k + 1 < p->lines.n; k++)
			p->lines.at[k] = p->lines.at[k + 1];
		p->lines.n--;
	}
	line_at_start(p, lines, (uint32_t)insns);
	return 0;
}

void bc_fix_funcs(struct program *p)
{
	for (size_t k = 0; k < p->fixes.n; k++) {
		const struct func_fix *fix = &p->fixes.at[k];

		p->insns.at[fix->insn].imm = (int32_t)(p->func_start[fix->func] - fix->insn - 1);
	}
}
