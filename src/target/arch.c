/*
 * Architectures: registers in pt_regs and calling conventions.
 *
 * In: a name. Out: a row of constants, which are part of each architecture's
 * kernel interface. Numbers are byte offsets in struct pt_regs (arm64: struct
 * user_pt_regs, which is how it begins).
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

static const struct target_arch arches[] = {
	{
		.name = "x86_64", .kernel_name = "x86",
		.regs = x86_64_regs, .nr_regs = COUNT(x86_64_regs),
		.arg_offsets = { 112, 104, 96, 88, 72, 64 }, .nr_args = 6,
		.syscall_arg_offsets = { 112, 104, 96, 56, 72, 64 },
		.ret_offset = 80, .ip_offset = 128, .sp_offset = 152, .syscall_nr_offset = 120,
		.syscall_prefix = "__x64_sys_",
		.char_is_signed = true,
	},
	{
		.name = "aarch64", .kernel_name = "arm64",
		.regs = arm64_regs, .nr_regs = COUNT(arm64_regs),
		.arg_offsets = { 0, 8, 16, 24, 32, 40, 48, 56 }, .nr_args = 8,
		.syscall_arg_offsets = { 0, 8, 16, 24, 32, 40 },
		.ret_offset = 0, .ip_offset = 256, .sp_offset = 248, .syscall_nr_offset = 64,
		.syscall_prefix = "__arm64_sys_",
	},
};

const struct target_arch *target_arch_find(const char *name)
{
	if (!strcmp(name, "arm64"))
		name = "aarch64";
	if (!strcmp(name, "amd64"))
		name = "x86_64";
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
