/*
 * Disassembler: instructions in the pseudo C of the kernel's verifier log.
 */
#include "bpf/bpf.h"
#include "bpf/mir.h"

#include <inttypes.h>
#include <string.h>

/* Old headers list names only, newer ones names with numbers. */
#ifdef ___BPF_FUNC_MAPPER
#define HELPER_NAME(name, number, ...) [number] = #name,
static const char *const helper_names[] = { ___BPF_FUNC_MAPPER(HELPER_NAME) };
#else
#define HELPER_NAME(name) [BPF_FUNC_##name] = #name
static const char *const helper_names[] = { __BPF_FUNC_MAPPER(HELPER_NAME) };
#endif

#define OP(code) ((code) >> 4)

static const char *const alu_text[16] = {
	[OP(BPF_ADD)] = "+=", [OP(BPF_SUB)] = "-=", [OP(BPF_MUL)] = "*=", [OP(BPF_DIV)] = "/=",
	[OP(BPF_OR)] = "|=", [OP(BPF_AND)] = "&=", [OP(BPF_LSH)] = "<<=", [OP(BPF_RSH)] = ">>=",
	[OP(BPF_MOD)] = "%=", [OP(BPF_XOR)] = "^=", [OP(BPF_MOV)] = "=", [OP(BPF_ARSH)] = "s>>=",
};

static const char *const jump_text[16] = {
	[OP(BPF_JEQ)] = "==", [OP(BPF_JGT)] = ">", [OP(BPF_JGE)] = ">=", [OP(BPF_JSET)] = "&",
	[OP(BPF_JNE)] = "!=", [OP(BPF_JSGT)] = "s>", [OP(BPF_JSGE)] = "s>=", [OP(BPF_JLT)] = "<",
	[OP(BPF_JLE)] = "<=", [OP(BPF_JSLT)] = "s<", [OP(BPF_JSLE)] = "s<=",
};

/* By BPF_SIZE >> 3. */
static const char *const size_text[4] = { "u32", "u16", "u8", "u64" };
static const char *const signed_text[4] = { "s32", "s16", "s8", "s64" };

static const char *access_text(uint8_t code)
{
	return size_text[BPF_SIZE(code) >> 3];
}

const char *bc_helper_name(int32_t helper)
{
	if (helper <= 0 || (size_t)helper >= sizeof(helper_names) / sizeof(helper_names[0]))
		return NULL;
	/* cppcheck-suppress arrayIndexOutOfBoundsCond ; its size is that of the list */
	return helper_names[helper];
}

static void format_alu(const struct bpf_insn *i, char *text, size_t size)
{
	char r = BPF_CLASS(i->code) == BPF_ALU ? 'w' : 'r';
	const char *op = alu_text[OP(i->code)];

	if (BPF_OP(i->code) == BPF_NEG)
		snprintf(text, size, "%c%d = -%c%d", r, i->dst_reg, r, i->dst_reg);
	else if (BPF_OP(i->code) == BPF_END && BPF_CLASS(i->code) == BPF_ALU64)
		snprintf(text, size, "r%d = bswap%d r%d", i->dst_reg, i->imm, i->dst_reg);
	else if (BPF_OP(i->code) == BPF_END)
		snprintf(text, size, "r%d = %s%d r%d", i->dst_reg,
			 BPF_SRC(i->code) == BPF_TO_BE ? "be" : "le", i->imm, i->dst_reg);
	else if (BPF_SRC(i->code) == BPF_K)
		snprintf(text, size, "%c%d %s %d", r, i->dst_reg, op ? op : "?", i->imm);
	else if (BPF_OP(i->code) == BPF_MOV && i->off)
		snprintf(text, size, "%c%d = (s%d)%c%d", r, i->dst_reg, i->off, r, i->src_reg);
	else if ((BPF_OP(i->code) == BPF_DIV || BPF_OP(i->code) == BPF_MOD) && i->off == 1)
		snprintf(text, size, "%c%d s%s %c%d", r, i->dst_reg, op, r, i->src_reg);
	else
		snprintf(text, size, "%c%d %s %c%d", r, i->dst_reg, op ? op : "?", r, i->src_reg);
}

static void format_call(const struct bpf_insn *i, char *text, size_t size)
{
	const char *name = bc_helper_name(i->imm);

	if (i->src_reg == BPF_PSEUDO_CALL)
		snprintf(text, size, "call pc%+d", i->imm);
	else if (i->src_reg == BPF_PSEUDO_KFUNC_CALL)
		snprintf(text, size, "call kernel-function btf_id %d", i->imm);
	else if (name)
		snprintf(text, size, "call bpf_%s#%d", name, i->imm);
	else
		snprintf(text, size, "call helper#%d", i->imm);
}

static void format_jump(const struct bpf_insn *i, char *text, size_t size)
{
	char r = BPF_CLASS(i->code) == BPF_JMP32 ? 'w' : 'r';
	const char *op = jump_text[OP(i->code)];

	if (BPF_OP(i->code) == BPF_CALL)
		format_call(i, text, size);
	else if (BPF_OP(i->code) == BPF_EXIT)
		snprintf(text, size, "exit");
	else if (i->code == BC_GOTOL)
		snprintf(text, size, "gotol pc%+d", i->imm);
	else if (BPF_OP(i->code) == BPF_JA)
		snprintf(text, size, "goto pc%+d", i->off);
	else if (BPF_SRC(i->code) == BPF_K)
		snprintf(text, size, "if %c%d %s %d goto pc%+d", r, i->dst_reg, op ? op : "?",
			 i->imm, i->off);
	else
		snprintf(text, size, "if %c%d %s %c%d goto pc%+d", r, i->dst_reg, op ? op : "?", r,
			 i->src_reg, i->off);
}

static void format_atomic(const struct bpf_insn *i, char *text, size_t size)
{
	const char *type = access_text(i->code);
	const char *op = alu_text[OP((uint8_t)i->imm & 0xf0)];

	if (i->imm == BPF_CMPXCHG)
		snprintf(text, size, "r0 = atomic_cmpxchg((%s *)(r%d %+d), r0, r%d)", type,
			 i->dst_reg, i->off, i->src_reg);
	else if (i->imm == BPF_XCHG)
		snprintf(text, size, "r%d = atomic_xchg((%s *)(r%d %+d), r%d)", i->src_reg, type,
			 i->dst_reg, i->off, i->src_reg);
	else if (i->imm & BPF_FETCH)
		snprintf(text, size, "r%d = atomic_fetch_add((%s *)(r%d %+d), r%d)", i->src_reg,
			 type, i->dst_reg, i->off, i->src_reg);
	else
		snprintf(text, size, "lock *(%s *)(r%d %+d) %s r%d", type, i->dst_reg, i->off,
			 op ? op : "?", i->src_reg);
}

static void format_memory(const struct bpf_insn *i, char *text, size_t size)
{
	const char *type = access_text(i->code);

	if (BPF_CLASS(i->code) == BPF_ST)
		snprintf(text, size, "*(%s *)(r%d %+d) = %d", type, i->dst_reg, i->off, i->imm);
	else if (BPF_CLASS(i->code) == BPF_STX && BPF_MODE(i->code) == BPF_ATOMIC)
		format_atomic(i, text, size);
	else if (BPF_CLASS(i->code) == BPF_STX)
		snprintf(text, size, "*(%s *)(r%d %+d) = r%d", type, i->dst_reg, i->off,
			 i->src_reg);
	else
		snprintf(text, size, "r%d = *(%s *)(r%d %+d)", i->dst_reg,
			 BPF_MODE(i->code) == BC_MEMSX ? signed_text[BPF_SIZE(i->code) >> 3] : type,
			 i->src_reg, i->off);
}

static void format_imm64(const struct bpf_insn *i, char *text, size_t size)
{
	uint64_t value = (uint32_t)i[0].imm | (uint64_t)(uint32_t)i[1].imm << 32;

	if (i->src_reg == BPF_PSEUDO_MAP_FD)
		snprintf(text, size, "r%d = map[%d]", i->dst_reg, i[0].imm);
	else if (i->src_reg == BPF_PSEUDO_MAP_VALUE)
		snprintf(text, size, "r%d = map[%d][0]%+d", i->dst_reg, i[0].imm, i[1].imm);
	else if (i->src_reg == BPF_PSEUDO_FUNC)
		snprintf(text, size, "r%d = func pc%+d", i->dst_reg, i[0].imm);
	else
		snprintf(text, size, "r%d = 0x%" PRIx64 " ll", i->dst_reg, value);
}

void bc_format_insn(const struct bpf_insn *i, char *text, size_t size)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		format_alu(i, text, size);
		break;
	case BPF_JMP:
	case BPF_JMP32:
		format_jump(i, text, size);
		break;
	case BPF_LD:
		format_imm64(i, text, size);
		break;
	default:
		format_memory(i, text, size);
		break;
	}
}

/* ---- a whole program ---- */

static const struct image_reloc *find_reloc(const struct image_prog *prog, uint32_t insn)
{
	for (size_t k = 0; k < prog->nr_relocs; k++) {
		if (prog->relocs[k].insn == insn)
			return &prog->relocs[k];
	}
	return NULL;
}

static void format_map_ref(const struct image *image, const struct image_reloc *r,
			   const struct bpf_insn *i, char *text, size_t size)
{
	const struct image_map *map = r->map < image->maps.n ? &image->maps.at[r->map] : NULL;
	const char *at = map && map->role == IMAGE_MAP_SCRIPT ? "@" : "";
	const char *name = map && map->name ? map->name : "?";

	if (r->is_value)
		snprintf(text, size, "r%d = map[%s%s][0]%+d", i->dst_reg, at, name, i[1].imm);
	else
		snprintf(text, size, "r%d = map[%s%s]", i->dst_reg, at, name);
}

static void print_place(const struct image_place *p, FILE *out)
{
	if (p->line)
		fprintf(out, "; %s\t// %s:%u:%u\n", p->source_line, p->file, p->line, p->col);
}

void bc_disassemble(const struct image *image, const struct image_prog *prog, FILE *out)
{
	size_t line = 0;
	char text[128];

	fprintf(out, "%s: %u instructions\n", prog->name, prog->nr_insns);
	for (uint32_t k = 0; k < prog->nr_insns; k++) {
		const struct bpf_insn *i = &prog->insns[k];
		const struct image_reloc *r = find_reloc(prog, k);

		for (; line < prog->nr_lines && prog->lines[line].insn <= k; line++)
			print_place(&prog->lines[line].place, out);
		if (r)
			format_map_ref(image, r, i, text, sizeof(text));
		else
			bc_format_insn(i, text, sizeof(text));
		fprintf(out, "%5u: %s\n", k, text);
		if (i->code == (BPF_LD | BPF_DW | BPF_IMM))
			k++;
	}
}
