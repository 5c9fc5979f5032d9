/*
 * Instructions of user programs, as far as probes need them: where one ends,
 * and whether it returns from its function.
 */
#ifndef SONDE_PROBES_INSN_H
#define SONDE_PROBES_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct target_arch;

struct insn_set {
	const char *arch;		/* target_arch.name */
	/* Bytes of the instruction at `code`, of which `size` bytes are there; 0: it is none,
	 * or not known, or cut. */
	size_t (*length)(const uint8_t *code, size_t size);
	/* Does it return to the caller? `length` has accepted it. */
	bool (*is_return)(const uint8_t *code, size_t length);
	/* Does the kernel take it for another when a breakpoint stands in its place, and do that
	 * instead? NULL: there are none. */
	bool (*is_mistaken)(const uint8_t *code, size_t size);
	/* Does the kernel refuse a probe there, though it says so only where a process has the
	 * instruction in its memory? NULL: not known. */
	bool (*is_refused)(const uint8_t *code, size_t size);
};

/* NULL: we do not know this architecture's. */
const struct insn_set *insn_set_find(const struct target_arch *arch);

enum insn_place { INSN_BEGINS, INSN_WITHIN, INSN_UNKNOWN };

/* Whether an instruction begins at `offset` of the function whose code this is. */
enum insn_place insn_at(const struct insn_set *set, const uint8_t *code, size_t size,
			size_t offset);

/* Offset of the first returning instruction at or behind `from`; -1: there is none, -2: what
 * stands before it is not known. */
int64_t insn_next_return(const struct insn_set *set, const uint8_t *code, size_t size,
			 size_t from);

#endif
