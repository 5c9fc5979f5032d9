/*
 * Call frame information: .eh_frame and .debug_frame to rules.
 *
 * In: a section's bytes, of anybody's making; nothing in them is trusted. Out: ranges of
 * addresses, each with the rule that leads from a frame to its caller there, as far as
 * programs can follow it. What they cannot is a rule that says so.
 */
#ifndef SONDE_UNWIND_CFI_H
#define SONDE_UNWIND_CFI_H

#include "image/image.h"

/* DWARF's numbers of the registers that are followed. */
struct cfi_arch {
	uint64_t sp, fp, ra;
	bool ra_in_register;	/* until a function saves it */
	uint32_t min_code_align;
};

extern const struct cfi_arch cfi_x86_64, cfi_arm64;

struct cfi_section {
	const struct cfi_arch *arch;
	const uint8_t *data;
	size_t size;
	uint64_t address;	/* where it lies in the file's address space */
	bool is_eh;		/* .eh_frame, else .debug_frame */
};

struct cfi_range {
	uint64_t start, end;
	struct image_unwind_rule rule;
};

/* Returns false to end the reading. */
typedef bool (*cfi_range_fn)(void *arg, const struct cfi_range *range);

/* Call `fn` for each range, in the order of the section, until it is at its end or damaged. */
void cfi_read(const struct cfi_section *s, cfi_range_fn fn, void *arg);

/* ---- private to the readers ---- */

/* A reader that stays at its end once it has passed it. */
struct cfi_bytes {
	const uint8_t *at, *end;
	bool failed;
};

uint64_t cfi_fixed(struct cfi_bytes *b, unsigned size);
uint64_t cfi_uleb(struct cfi_bytes *b);
int64_t cfi_sleb(struct cfi_bytes *b);
struct cfi_bytes cfi_take(struct cfi_bytes *b, uint64_t size);

/* What an expression computes. */
enum cfi_expr_kind { CFI_EXPR_OTHER, CFI_EXPR_REGISTER, CFI_EXPR_PLT };

struct cfi_expr {
	enum cfi_expr_kind kind;
	uint64_t reg;		/* REGISTER: reg + offset, */
	int64_t offset;
	bool deref;		/* and what lies there, */
	int64_t add;		/* plus this */
	unsigned threshold;	/* PLT: from this byte of 16 on one word more is pushed */
};

struct cfi_expr cfi_expr_read(const struct cfi_arch *arch, struct cfi_bytes code);

#endif
