/*
 * Instructions for the small programs that this room loads by itself.
 */
#ifndef SONDE_KERNEL_BPF_INSN_H
#define SONDE_KERNEL_BPF_INSN_H

#include <linux/bpf.h>

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

#define I(c, d, s, o, i) \
	{ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define MOV(d, i)		I(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define MOV_REG(d, s)		I(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ADD(d, i)		I(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define ADD_REG(d, s)		I(BPF_ALU64 | BPF_ADD | BPF_X, d, s, 0, 0)
#define CALL(helper)		I(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define STORE(d, o, i)		I(BPF_ST | BPF_MEM | BPF_DW, d, 0, o, i)
#define EXIT			I(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#endif
