/*
 * Arguments of static probes: what the text of a note says of their places.
 *
 * A list of "[-]SIZE@OPERAND", separated by blanks; the operand is written as
 * the architecture's assembler has it. A place is a constant, a register, or an
 * address that is a sum of registers and a constant.
 */
#ifndef SONDE_PROBES_USDT_ARG_H
#define SONDE_PROBES_USDT_ARG_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct target_arch;

/* As many as a note's macros can make. */
#define USDT_MAX_ARGS 12
/* And functions of other languages have. */
#define PLACES_MAX 16

enum usdt_place {
	USDT_UNKNOWN,		/* a place that we do not read, or no place at all */
	USDT_CONSTANT,		/* value */
	USDT_REGISTER,		/* base */
	USDT_MEMORY,		/* base + (index << shift) + value */
	USDT_SYMBOL,		/* memory at symbol + value */
};

struct usdt_arg {
	enum usdt_place place;
	uint8_t size_bytes;	/* 1, 2, 4, 8 */
	bool is_signed;
	bool is_float;
	int16_t base, index;	/* offsets in struct pt_regs; -1: none */
	uint8_t shift;		/* of the index */
	uint8_t skip_bits;	/* REGISTER: of the low bits, for %ah */
	int64_t value;
	const char *symbol;	/* arena */
	const char *text;	/* arena; all of it, as the note has it */
};

struct usdt_args {
	struct usdt_arg at[PLACES_MAX];
	size_t count;
};

/* Take the text apart. What cannot be read becomes USDT_UNKNOWN. Of more than
 * USDT_MAX_ARGS the rest is left out. */
void usdt_args_parse(struct arena *a, const struct target_arch *arch, const char *text,
		     struct usdt_args *out);

#endif
