/*
 * Expressions of call frame information, as far as they are followed.
 *
 * Compilers and assemblers write few kinds: a register and an offset, with or without a
 * load from there (signal frames, realigned stacks), and one for the table of a
 * program's indirect calls, whose entries push a word half-way.
 */
#include "unwind/cfi.h"

enum { OP_DEREF = 0x06, OP_AND = 0x1a, OP_PLUS = 0x22, OP_PLUS_UCONST = 0x23, OP_SHL = 0x24,
       OP_GE = 0x2a, OP_LIT0 = 0x30, OP_LIT31 = 0x4f, OP_BREG0 = 0x70, OP_BREG31 = 0x8f,
       OP_BREGX = 0x92 };

#define X86_IP 16
#define WORD_SHIFT 3
#define PLT_ENTRY_MASK 15

uint64_t cfi_fixed(struct cfi_bytes *b, unsigned size)
{
	uint64_t v = 0;

	if (b->failed || (size_t)(b->end - b->at) < size) {
		b->failed = true;
		b->at = b->end;
		return 0;
	}
	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)b->at[i] << (8 * i);
	b->at += size;
	return v;
}

uint64_t cfi_uleb(struct cfi_bytes *b)
{
	uint64_t v = 0, byte = 0x80;

	for (unsigned shift = 0; byte & 0x80 && !b->failed; shift += 7) {
		byte = cfi_fixed(b, 1);
		if (shift < 64)
			v |= (byte & 0x7f) << shift;
	}
	return v;
}

int64_t cfi_sleb(struct cfi_bytes *b)
{
	uint64_t v = 0, byte = 0x80;
	unsigned shift = 0;

	for (; byte & 0x80 && !b->failed; shift += 7) {
		byte = cfi_fixed(b, 1);
		if (shift < 64)
			v |= (byte & 0x7f) << shift;
	}
	if (byte & 0x40 && shift < 64)
		v |= ~(uint64_t)0 << shift;
	return (int64_t)v;
}

struct cfi_bytes cfi_take(struct cfi_bytes *b, uint64_t size)
{
	struct cfi_bytes part = { b->at, b->at, b->failed };

	if (b->failed || size > (uint64_t)(b->end - b->at)) {
		b->failed = part.failed = true;
		b->at = b->end;
		return part;
	}
	b->at += size;
	part.end = b->at;
	return part;
}

/* reg + offset */
static bool take_register(struct cfi_bytes *b, uint64_t *reg, int64_t *offset)
{
	uint64_t op = cfi_fixed(b, 1);

	if (op >= OP_BREG0 && op <= OP_BREG31)
		*reg = op - OP_BREG0;
	else if (op == OP_BREGX)
		*reg = cfi_uleb(b);
	else
		return false;
	*offset = cfi_sleb(b);
	return !b->failed;
}

static bool take_op(struct cfi_bytes *b, uint8_t op)
{
	return cfi_fixed(b, 1) == op && !b->failed;
}

static bool take_literal(struct cfi_bytes *b, unsigned *value)
{
	uint64_t op = cfi_fixed(b, 1);

	if (b->failed || op < OP_LIT0 || op > OP_LIT31)
		return false;
	*value = (unsigned)(op - OP_LIT0);
	return true;
}

/* sp + 8 + ((ip & 15) >= threshold) * 8, behind the first term. */
static bool is_plt(struct cfi_bytes b, unsigned *threshold)
{
	unsigned mask, shift;
	uint64_t reg;
	int64_t offset;

	return take_register(&b, &reg, &offset) && reg == X86_IP && !offset &&
	       take_literal(&b, &mask) && mask == PLT_ENTRY_MASK && take_op(&b, OP_AND) &&
	       take_literal(&b, threshold) && take_op(&b, OP_GE) &&
	       take_literal(&b, &shift) && shift == WORD_SHIFT && take_op(&b, OP_SHL) &&
	       take_op(&b, OP_PLUS) && b.at == b.end;
}

struct cfi_expr cfi_expr_read(const struct cfi_arch *arch, struct cfi_bytes code)
{
	const struct cfi_expr other = { .kind = CFI_EXPR_OTHER };
	struct cfi_expr e = { .kind = CFI_EXPR_REGISTER };

	if (!take_register(&code, &e.reg, &e.offset))
		return other;
	if (e.reg == arch->sp && e.offset == 8 && is_plt(code, &e.threshold)) {
		e.kind = CFI_EXPR_PLT;
		return e;
	}
	if (code.at < code.end && *code.at == OP_DEREF) {
		e.deref = true;
		code.at++;
	}
	if (code.at < code.end && *code.at == OP_PLUS_UCONST) {
		code.at++;
		e.add = (int64_t)cfi_uleb(&code);
	}
	if (!e.deref) {
		e.offset += e.add;
		e.add = 0;
	}
	return code.failed || code.at != code.end ? other : e;
}
