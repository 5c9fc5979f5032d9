/*
 * What is known of a value's bits: which are 0, and how many at the top are
 * copies of the sign. Only what the kernel's verifier finds out as well, or what
 * does not matter to it, so that taking away a mask never hides a bound.
 *
 * Looks a few instructions deep and gives up there: no fixpoint is needed.
 */
#include "ir/internal.h"

#define MAX_DEPTH 5

static const struct ir_known nothing = { 0, 1 };

static unsigned leading_zeros(uint64_t x)
{
	return x ? (unsigned)__builtin_clzll(x) : 64;
}

static uint64_t top_bits(unsigned n)
{
	return n >= 64 ? ~UINT64_C(0) : ~(~UINT64_C(0) >> n);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static struct ir_known of_const(int64_t c)
{
	uint64_t x = (uint64_t)c;

	return (struct ir_known){ ~x, leading_zeros(c < 0 ? ~x : x) };
}

/* The low bytes of `k`, extended. */
static struct ir_known of_ext(struct ir_known k, unsigned size, bool is_signed)
{
	uint64_t mask = ir_size_mask(size), top = (mask >> 1) + 1;
	unsigned own = 64 - size * 8 + 1;

	if (is_signed && !(k.zero & top))
		return (struct ir_known){ k.zero & mask, k.sign_bits > own ? k.sign_bits : own };
	return (struct ir_known){ k.zero | ~mask, 1 };
}

static struct ir_known of_sum(struct ir_known a, struct ir_known b)
{
	unsigned zeros = least(leading_zeros(~a.zero), leading_zeros(~b.zero));
	unsigned sign = least(a.sign_bits, b.sign_bits);

	return (struct ir_known){ zeros ? top_bits(zeros - 1) : 0, sign > 1 ? sign - 1 : 1 };
}

static struct ir_known of_product(struct ir_known a, struct ir_known b)
{
	unsigned zeros = leading_zeros(~a.zero) + leading_zeros(~b.zero);

	return (struct ir_known){ zeros > 64 ? top_bits(zeros - 64) : 0, 1 };
}

static struct ir_known of_shift(const struct ir_insn *v, struct ir_known k)
{
	unsigned by = (unsigned)v->args[1]->imm & 63;

	if (v->args[1]->op != IR_CONST)
		return nothing;
	switch (v->op) {
	case IR_SHL:
		return (struct ir_known){ k.zero << by | ((UINT64_C(1) << by) - 1), 1 };
	case IR_LSHR:
		return (struct ir_known){ k.zero >> by | top_bits(by), 1 };
	default:
		return (struct ir_known){ (uint64_t)((int64_t)k.zero >> by),
					  least(k.sign_bits + by, 64) };
	}
}

static struct ir_known of_binary(const struct ir_insn *v, struct ir_known a, struct ir_known b)
{
	switch (v->op) {
	case IR_ADD:
		return of_sum(a, b);
	case IR_MUL:
		return of_product(a, b);
	case IR_AND:
		return (struct ir_known){ a.zero | b.zero, least(a.sign_bits, b.sign_bits) };
	case IR_OR: case IR_XOR:
		return (struct ir_known){ a.zero & b.zero, least(a.sign_bits, b.sign_bits) };
	case IR_SHL: case IR_LSHR: case IR_ASHR:
		return of_shift(v, a);
	default:
		return nothing;
	}
}

static struct ir_known known(const struct ir_insn *v, unsigned depth);

static struct ir_known of_phi(const struct ir_insn *v, unsigned depth)
{
	struct ir_known all = { ~UINT64_C(0), 64 };

	if (v->nr_args > 4)
		return nothing;
	for (uint32_t i = 0; i < v->nr_args; i++) {
		struct ir_known k = known(v->args[i], depth);

		all.zero &= k.zero;
		all.sign_bits = least(all.sign_bits, k.sign_bits);
	}
	return all;
}

static struct ir_known find(const struct ir_insn *v, unsigned depth)
{
	if (ir_op_is(v, IR_OP_BINARY))
		return of_binary(v, known(v->args[0], depth), known(v->args[1], depth));
	switch (v->op) {
	case IR_CONST:
		return of_const(v->imm);
	case IR_LOAD:
		return of_ext(nothing, v->size, v->is_signed);
	case IR_ZEXT: case IR_SEXT:
		return of_ext(known(v->args[0], depth), v->size, v->op == IR_SEXT);
	case IR_BSWAP:
		return of_ext(nothing, v->size, false);
	case IR_CMP:
		return of_ext((struct ir_known){ ~UINT64_C(1), 1 }, 1, false);
	case IR_PHI:
		return of_phi(v, depth > 2 ? 2 : depth);
	default:
		return nothing;
	}
}

static struct ir_known known(const struct ir_insn *v, unsigned depth)
{
	struct ir_known k;
	unsigned zeros;

	if (v->type != IR_INT || (!depth && v->op != IR_CONST))
		return nothing;
	k = find(v, depth ? depth - 1 : 0);
	zeros = leading_zeros(~k.zero);
	if (zeros > k.sign_bits)
		k.sign_bits = zeros;
	return k;
}

struct ir_known ir_known_bits(const struct ir_insn *v)
{
	return known(v, MAX_DEPTH);
}
