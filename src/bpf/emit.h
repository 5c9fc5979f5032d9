/*
 * The program as it is put together from its funcs.
 */
#ifndef SONDE_BPF_EMIT_H
#define SONDE_BPF_EMIT_H

#include "bpf/mir.h"

/* An instruction whose imm is the distance to a func. */
struct func_fix {
	uint32_t insn, func;
};

struct line_mark {
	uint32_t insn, line;
};

struct program {
	struct arena *arena;
	VEC(struct bpf_insn) insns;
	VEC(struct image_reloc) relocs;
	VEC(struct func_fix) fixes;
	VEC(struct line_mark) lines;	/* ascending; each func begins with one */
	uint32_t *func_start;		/* by index in the module; UINT32_MAX: not emitted */
};

/* Append one func. Returns 0, or -E2BIG if a jump is too far for the target. */
int bc_emit(struct program *p, struct mfunc *f);
/* Resolve what names funcs, once all are emitted. */
void bc_fix_funcs(struct program *p);

/* func_info and line_info of `prog`, their types and strings in env->btf. */
int bc_prog_btf(struct bc_env *env, const struct ir_module *m, const struct program *p,
		struct image_prog *prog);

#endif
