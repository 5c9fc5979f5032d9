/*
 * Random, well-formed IR: many variables, nested conditions, short loops, calls that
 * destroy registers, stack objects. For comparing compiled code with ir_eval.
 */
#ifndef SONDE_TESTS_BPF_RANDOM_H
#define SONDE_TESTS_BPF_RANDOM_H

#include "ir/ir.h"

#define BPF_RANDOM_CTX_BYTES 64

/* Fill the entry func of a new module (params: the context) from `seed`. Results of
 * get_prandom_u32 are masked: with 0 the func's result does not depend on them. */
void bpf_random_func(struct ir_func *f, uint64_t seed, int64_t random_mask);

#endif
