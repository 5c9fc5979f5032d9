/*
 * Random programs of the language from a seed: well typed but for rare literals
 * that do not fit, which are for the caller to throw away (another attempt).
 *
 * One statement a line, and braces only at ends of lines, so that a program can
 * be made smaller line by line. Functions begin with a line "fn ...".
 */
#ifndef SONDE_TESTS_GEN_H
#define SONDE_TESTS_GEN_H

#include "base/sbuf.h"

#include <stdbool.h>
#include <stdint.h>

/* Positional parameters that every program is run with. */
extern const char *const gen_params[];
extern const size_t gen_nr_params;

/* `common`: only what means the same in bpftrace. */
void gen_program(uint64_t seed, uint32_t attempt, bool common, struct sbuf *out);

#endif
