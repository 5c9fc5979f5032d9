/*
 * Architectures: registers in pt_regs and calling conventions.
 *
 * In: a name. Out: a row of constants, which are part of each architecture's
 * kernel interface. Numbers are byte offsets in struct pt_regs (arm64, s390x:
 * struct user_pt_regs, which is how it begins; loongarch64: its first members are
 * those that programs are given).
 */
#include "target/target.h"

#include <errno.h>
#include <string.h>

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static const struct target_reg x86_64_regs[] = {
	{ "r15", 0 }, { "r14", 8 }, { "r13", 16 }, { "r12", 24 }, { "bp", 32 }, { "bx", 40 },
	{ "r11", 48 }, { "r10", 56 }, { "r9", 64 }, { "r8", 72 }, { "ax", 80 }, { "cx", 88 },
	{ "dx", 96 }, { "si", 104 }, { "di", 112 }, { "orig_ax", 120 }, { "orig_rax", 120 },
	{ "ip", 128 }, { "pc", 128 }, { "cs", 136 }, { "flags", 144 }, { "sp", 152 }, { "ss", 160 },
};

#define R(n)	{ "r" #n, 8 * (n) }, { "regs[" #n "]", 8 * (n) }

static const struct target_reg arm64_regs[] = {
	R(0), R(1), R(2), R(3), R(4), R(5), R(6), R(7), R(8), R(9), R(10), R(11), R(12), R(13),
	R(14), R(15), R(16), R(17), R(18), R(19), R(20), R(21), R(22), R(23), R(24), R(25), R(26),
	R(27), R(28), R(29), R(30), { "sp", 248 }, { "pc", 256 }, { "ip", 256 }, { "pstate", 264 },
	{ "compat_fp", 88 }, { "compat_sp", 104 }, { "compat_lr", 112 },
};

static const struct target_reg riscv64_regs[] = {
	{ "pc", 0 }, { "ip", 0 }, { "ra", 8 }, { "sp", 16 }, { "gp", 24 }, { "tp", 32 },
	{ "t0", 40 }, { "t1", 48 }, { "t2", 56 }, { "s0", 64 }, { "s1", 72 }, { "a0", 80 },
	{ "a1", 88 }, { "a2", 96 }, { "a3", 104 }, { "a4", 112 }, { "a5", 120 }, { "a6", 128 },
	{ "a7", 136 }, { "s2", 144 }, { "s3", 152 }, { "s4", 160 }, { "s5", 168 }, { "s6", 176 },
	{ "s7", 184 }, { "s8", 192 }, { "s9", 200 }, { "s10", 208 }, { "s11", 216 },
	{ "t3", 224 }, { "t4", 232 }, { "t5", 240 }, { "t6", 248 },
};

#undef R
#define R(n)	{ "r" #n, 24 + 8 * (n) }

static const struct target_reg s390x_regs[] = {
	{ "arg", 0 }, { "pswmask", 8 }, { "pswaddr", 16 }, { "pc", 16 }, { "ip", 16 },
	R(0), R(1), R(2), R(3), R(4), R(5), R(6), R(7), R(8), R(9), R(10), R(11), R(12), R(13),
	R(14), R(15), { "sp", 144 },
};

#undef R
#define R(n)	{ "r" #n, 8 * (n) }
#define R_ALL	R(0), R(1), R(2), R(3), R(4), R(5), R(6), R(7), R(8), R(9), R(10), R(11), R(12), \
		R(13), R(14), R(15), R(16), R(17), R(18), R(19), R(20), R(21), R(22), R(23), \
		R(24), R(25), R(26), R(27), R(28), R(29), R(30), R(31)

static const struct target_reg ppc64_regs[] = {
	R_ALL, { "sp", 8 }, { "nip", 256 }, { "pc", 256 }, { "ip", 256 }, { "msr", 264 },
	{ "orig_gpr3", 272 }, { "ctr", 280 }, { "link", 288 }, { "xer", 296 }, { "ccr", 304 },
	{ "softe", 312 }, { "trap", 320 }, { "dar", 328 }, { "dsisr", 336 }, { "result", 344 },
};

static const struct target_reg loongarch64_regs[] = {
	R_ALL, { "ra", 8 }, { "tp", 16 }, { "sp", 24 }, { "orig_a0", 256 }, { "pc", 264 },
	{ "ip", 264 }, { "badvaddr", 272 },
};

/* POWER has one convention for both orders of bytes. */
#define PPC64(machine, order)							\
	.name = (machine), .kernel_name = "powerpc", .big_endian = (order),		\
	.regs = ppc64_regs, .nr_regs = COUNT(ppc64_regs),				\
	.arg_offsets = { 24, 32, 40, 48, 56, 64, 72, 80 }, .nr_args = 8,		\
	.ret_offset = 24, .ip_offset = 256, .sp_offset = 8, .syscall_nr_offset = 0,	\
	.result_pointer_is_arg = true

static const struct target_arch arches[] = {
	{
		.name = "x86_64", .kernel_name = "x86",
		.regs = x86_64_regs, .nr_regs = COUNT(x86_64_regs),
		.arg_offsets = { 112, 104, 96, 88, 72, 64 }, .nr_args = 6,
		.ret_offset = 80, .ip_offset = 128, .sp_offset = 152, .syscall_nr_offset = 120,
		.char_is_signed = true, .result_pointer_is_arg = true,
	},
	{
		.name = "aarch64", .kernel_name = "arm64",
		.regs = arm64_regs, .nr_regs = COUNT(arm64_regs),
		.arg_offsets = { 0, 8, 16, 24, 32, 40, 48, 56 }, .nr_args = 8,
		.ret_offset = 0, .ip_offset = 256, .sp_offset = 248, .syscall_nr_offset = 64,
	},
	{
		.name = "riscv64", .kernel_name = "riscv",
		.regs = riscv64_regs, .nr_regs = COUNT(riscv64_regs),
		.arg_offsets = { 80, 88, 96, 104, 112, 120, 128, 136 }, .nr_args = 8,
		.ret_offset = 80, .ip_offset = 0, .sp_offset = 16, .syscall_nr_offset = 136,
		.result_pointer_is_arg = true,
	},
	{
		/* The number of a system call is no register there. */
		.name = "s390x", .kernel_name = "s390", .big_endian = true,
		.regs = s390x_regs, .nr_regs = COUNT(s390x_regs),
		.arg_offsets = { 40, 48, 56, 64, 72 }, .nr_args = 5,
		.ret_offset = 40, .ip_offset = 16, .sp_offset = 144, .max_align_bytes = 8,
		.result_pointer_is_arg = true,
	},
	{ PPC64("ppc64", true) },
	{ PPC64("ppc64le", false) },
	{
		.name = "loongarch64", .kernel_name = "loongarch",
		.regs = loongarch64_regs, .nr_regs = COUNT(loongarch64_regs),
		.arg_offsets = { 32, 40, 48, 56, 64, 72, 80, 88 }, .nr_args = 8,
		.ret_offset = 32, .ip_offset = 264, .sp_offset = 24, .syscall_nr_offset = 88,
		.char_is_signed = true, .result_pointer_is_arg = true,
	},
};

const struct target_arch *target_arch_find(const char *name)
{
	static const struct { const char *usual, *name; } others[] = {
		{ "arm64", "aarch64" }, { "amd64", "x86_64" }, { "ppc64el", "ppc64le" },
	};

	for (size_t i = 0; i < COUNT(others); i++)
		if (!strcmp(name, others[i].usual))
			name = others[i].name;
	for (size_t i = 0; i < COUNT(arches); i++)
		if (!strcmp(arches[i].name, name))
			return &arches[i];
	return NULL;
}

int target_reg_offset(const struct target_arch *arch, const char *name)
{
	for (size_t i = 0; i < arch->nr_regs; i++)
		if (!strcmp(arch->regs[i].name, name))
			return arch->regs[i].offset;
	return -ENOENT;
}
