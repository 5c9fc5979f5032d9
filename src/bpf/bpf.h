/*
 * IR to eBPF: selection, registers, frame, relocations, BTF and line info.
 */
#ifndef SONDE_BPF_BPF_H
#define SONDE_BPF_BPF_H

#include "base/diag.h"
#include "image/image.h"
#include "ir/ir.h"

#include <stdio.h>

struct target;

struct bc_btf;	/* the image's own BTF while it is being written */

struct bc_env {
	struct arena *arena;		/* for work; results go to image->arena */
	struct image *image;
	const struct diags *diags;	/* for line info; may be NULL */
	struct target *target;		/* instruction set version, features */
	struct bc_btf *btf;		/* from bc_btf_open */
	const char *too_large;		/* set with -E2BIG: what is, and what the limit is */
};

struct bc_btf *bc_btf_open(void);
void bc_btf_close(struct bc_btf *btf);
/* Put the finished BTF into image->btf. Returns 0 or a negative errno. */
int bc_btf_finish(struct bc_btf *btf, struct image *image);

/* Compile an optimized module into `prog`: fills insns, relocs, func_info,
 * line_info, lines; sets the size of the module's scratch map. Returns 0,
 * -E2BIG if the program cannot fit (env->too_large says why), -ENOMEM. */
int bc_compile(struct bc_env *env, struct ir_module *m, struct image_prog *prog);

/* Disassemble, with the script's lines between (`-d bpf`). */
void bc_disassemble(const struct image *image, const struct image_prog *prog, FILE *out);

/* One instruction as text; `insn` may be followed by the second half of an
 * ld_imm64. */
void bc_format_insn(const struct bpf_insn *insn, char *text, size_t size);

/* Name of a helper without "bpf_", or NULL. */
const char *bc_helper_name(int32_t helper);

#endif
