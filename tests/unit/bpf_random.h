/*
 * Random, well-formed IR: many variables, nested conditions, short loops, calls that
 * destroy registers, stack objects. For comparing compiled code with ir_eval.
 */
#ifndef SONDE_TESTS_BPF_RANDOM_H
#define SONDE_TESTS_BPF_RANDOM_H

#include "ir/ir.h"

#define BPF_RANDOM_CTX_BYTES 64

/* Fill the entry func of a new module (params: the context) from `seed`. */
void bpf_random_func(struct ir_func *f, uint64_t seed);

#endif
