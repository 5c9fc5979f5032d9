/*
 * Arithmetic on constants, exactly as eBPF does it: shifts take their count
 * modulo 64, a division by 0 gives 0, a remainder by 0 the dividend.
 */
#include "ir/internal.h"

#include <assert.h>

uint64_t ir_size_mask(unsigned size_bytes)
{
	return size_bytes >= 8 ? ~UINT64_C(0) : (UINT64_C(1) << size_bytes * 8) - 1;
}

int64_t ir_eval_binary(enum ir_op op, int64_t x, int64_t y)
{
	uint64_t a = (uint64_t)x, b = (uint64_t)y;

	switch (op) {
	case IR_ADD:
		return (int64_t)(a + b);
	case IR_SUB:
		return (int64_t)(a - b);
	case IR_MUL:
		return (int64_t)(a * b);
	case IR_UDIV:
		return (int64_t)(b ? a / b : 0);
	case IR_UMOD:
		return (int64_t)(b ? a % b : a);
	case IR_AND:
		return (int64_t)(a & b);
	case IR_OR:
		return (int64_t)(a | b);
	case IR_XOR:
		return (int64_t)(a ^ b);
	case IR_SHL:
		return (int64_t)(a << (b & 63));
	case IR_LSHR:
		return (int64_t)(a >> (b & 63));
	case IR_ASHR:
		return x >> (b & 63);
	default:
		assert(!"not a binary operation");
		return 0;
	}
}

static uint64_t swap_bytes(uint64_t x, unsigned size)
{
	return __builtin_bswap64(x) >> (64 - size * 8);
}

int64_t ir_eval_unary(enum ir_op op, unsigned size_bytes, int64_t x)
{
	uint64_t low = (uint64_t)x & ir_size_mask(size_bytes);
	unsigned up = 64 - size_bytes * 8;

	switch (op) {
	case IR_ZEXT:
		return (int64_t)low;
	case IR_SEXT:
		return (int64_t)(low << up) >> up;
	case IR_BSWAP:
		return (int64_t)swap_bytes((uint64_t)x, size_bytes);
	default:
		assert(!"not a unary operation");
		return 0;
	}
}

bool ir_eval_cmp(enum ir_cmp cmp, int64_t x, int64_t y)
{
	uint64_t a = (uint64_t)x, b = (uint64_t)y;

	switch (cmp) {
	case IR_EQ:
		return a == b;
	case IR_NE:
		return a != b;
	case IR_ULT:
		return a < b;
	case IR_ULE:
		return a <= b;
	case IR_UGT:
		return a > b;
	case IR_UGE:
		return a >= b;
	case IR_SLT:
		return x < y;
	case IR_SLE:
		return x <= y;
	case IR_SGT:
		return x > y;
	case IR_SGE:
		return x >= y;
	case IR_TEST:
		return (a & b) != 0;
	}
	assert(!"not a comparison");
	return false;
}
