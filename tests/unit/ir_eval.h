/*
 * Evaluates the entry func of an IR module directly, for tests: what compiled code must
 * agree with. Knows integers, stack objects, loads from the context, calls of funcs, and one
 * helper (get_prandom_u32), which gives `random`.
 */
#ifndef SONDE_TESTS_IR_EVAL_H
#define SONDE_TESTS_IR_EVAL_H

#include "ir/ir.h"

/* Before ir_optimize. Returns what the func returns. */
uint64_t ir_eval(const struct ir_func *f, const void *ctx, uint32_t random);

#endif
