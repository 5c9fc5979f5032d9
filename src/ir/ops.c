/*
 * Facts about operations, types and comparisons, as tables.
 */
#include "ir/internal.h"

#include <assert.h>

#define BINARY (IR_OP_PURE | IR_OP_BINARY)

const struct ir_op_info ir_ops[IR_OP_COUNT] = {
	[IR_CONST] = { "const", IR_OP_LEAF, 0, 0 },
	[IR_PARAM] = { "param", IR_OP_LEAF, 0, 0 },
	[IR_OBJECT] = { "object", IR_OP_LEAF, 0, 0 },
	[IR_MAP] = { "map", IR_OP_LEAF, 0, 0 },
	[IR_MAP_VALUE] = { "map_value", IR_OP_LEAF, 0, 0 },
	[IR_FUNC] = { "func", IR_OP_LEAF, 0, 0 },
	[IR_ADD] = { "add", BINARY | IR_OP_COMMUTES, 2, 2 },
	[IR_SUB] = { "sub", BINARY, 2, 2 },
	[IR_MUL] = { "mul", BINARY | IR_OP_COMMUTES, 2, 2 },
	[IR_UDIV] = { "udiv", BINARY, 2, 2 },
	[IR_UMOD] = { "umod", BINARY, 2, 2 },
	[IR_AND] = { "and", BINARY | IR_OP_COMMUTES, 2, 2 },
	[IR_OR] = { "or", BINARY | IR_OP_COMMUTES, 2, 2 },
	[IR_XOR] = { "xor", BINARY | IR_OP_COMMUTES, 2, 2 },
	[IR_SHL] = { "shl", BINARY, 2, 2 },
	[IR_LSHR] = { "lshr", BINARY, 2, 2 },
	[IR_ASHR] = { "ashr", BINARY, 2, 2 },
	[IR_SEXT] = { "sext", IR_OP_PURE, 1, 1 },
	[IR_ZEXT] = { "zext", IR_OP_PURE, 1, 1 },
	[IR_BSWAP] = { "bswap", IR_OP_PURE, 1, 1 },
	[IR_CMP] = { "cmp", IR_OP_PURE, 2, 2 },
	[IR_LOAD] = { "load", IR_OP_MEMORY, 1, 1 },
	[IR_STORE] = { "store", IR_OP_MEMORY, 2, 2 },
	[IR_ATOMIC_ADD] = { "atomic_add", IR_OP_MEMORY, 2, 2 },
	[IR_ATOMIC_XCHG] = { "atomic_xchg", IR_OP_MEMORY, 2, 2 },
	[IR_ATOMIC_CMPXCHG] = { "atomic_cmpxchg", IR_OP_MEMORY, 3, 3 },
	[IR_MEMZERO] = { "memzero", IR_OP_MEMORY, 1, 1 },
	[IR_MEMCPY] = { "memcpy", IR_OP_MEMORY, 2, 2 },
	[IR_CALL] = { "call", 0, 0, 5 },
	[IR_KCALL] = { "kcall", 0, 0, 5 },
	[IR_FCALL] = { "fcall", 0, 0, 5 },
	[IR_PHI] = { "phi", 0, 0, 1 << 30 },
	[IR_NOT_NULL] = { "not_null", 0, 1, 1 },
	[IR_JUMP] = { "jump", IR_OP_TERM, 0, 0 },
	[IR_BRANCH] = { "branch", IR_OP_TERM, 2, 2 },
	[IR_RET] = { "ret", IR_OP_TERM, 1, 1 },
};

const char *const ir_type_names[] = {
	[IR_VOID] = "void", [IR_INT] = "int", [IR_OBJ] = "obj", [IR_MAPVAL] = "mapval",
	[IR_MAPVAL_OR_NULL] = "mapval?", [IR_CTX] = "ctx", [IR_RING] = "ring",
	[IR_RING_OR_NULL] = "ring?", [IR_KPTR] = "kptr", [IR_KPTR_OR_NULL] = "kptr?",
	[IR_MAPREF] = "map", [IR_FUNCREF] = "func",
};

const char *const ir_cmp_names[] = {
	[IR_EQ] = "eq", [IR_NE] = "ne", [IR_ULT] = "ult", [IR_ULE] = "ule", [IR_UGT] = "ugt",
	[IR_UGE] = "uge", [IR_SLT] = "slt", [IR_SLE] = "sle", [IR_SGT] = "sgt", [IR_SGE] = "sge",
	[IR_TEST] = "test",
};

static const enum ir_cmp negated[] = {
	[IR_EQ] = IR_NE, [IR_NE] = IR_EQ, [IR_ULT] = IR_UGE, [IR_ULE] = IR_UGT, [IR_UGT] = IR_ULE,
	[IR_UGE] = IR_ULT, [IR_SLT] = IR_SGE, [IR_SLE] = IR_SGT, [IR_SGT] = IR_SLE,
	[IR_SGE] = IR_SLT,
};

static const enum ir_cmp swapped[] = {
	[IR_EQ] = IR_EQ, [IR_NE] = IR_NE, [IR_ULT] = IR_UGT, [IR_ULE] = IR_UGE, [IR_UGT] = IR_ULT,
	[IR_UGE] = IR_ULE, [IR_SLT] = IR_SGT, [IR_SLE] = IR_SGE, [IR_SGT] = IR_SLT,
	[IR_SGE] = IR_SLE, [IR_TEST] = IR_TEST,
};

bool ir_type_is_address(enum ir_type type)
{
	return type == IR_OBJ || type == IR_MAPVAL || type == IR_CTX || type == IR_RING ||
	       type == IR_KPTR;
}

bool ir_type_is_or_null(enum ir_type type)
{
	return type == IR_MAPVAL_OR_NULL || type == IR_RING_OR_NULL || type == IR_KPTR_OR_NULL;
}

bool ir_type_is_pointer(enum ir_type type)
{
	return ir_type_is_address(type) || ir_type_is_or_null(type);
}

enum ir_type ir_type_not_null(enum ir_type type)
{
	switch (type) {
	case IR_MAPVAL_OR_NULL:
		return IR_MAPVAL;
	case IR_RING_OR_NULL:
		return IR_RING;
	case IR_KPTR_OR_NULL:
		return IR_KPTR;
	default:
		return type;
	}
}

enum ir_cmp ir_cmp_negate(enum ir_cmp cmp)
{
	assert(cmp != IR_TEST);
	return negated[cmp];
}

enum ir_cmp ir_cmp_swap(enum ir_cmp cmp)
{
	return swapped[cmp];
}
