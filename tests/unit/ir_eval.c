#include "tests/unit/ir_eval.h"
#include "tests/vm/bytes.h"

#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

struct eval {
	uint64_t *of;		/* by instruction */
	uint8_t **objects;
	const uint64_t *params;
	uint32_t random;
	const struct ir_module *module;
};

static uint64_t eval_func(const struct ir_func *f, const uint64_t *params, uint32_t random);

static uint64_t extend(uint64_t v, unsigned size, bool is_signed)
{
	unsigned shift = 64 - 8 * size;

	if (size >= 8)
		return v;
	return is_signed ? (uint64_t)((int64_t)(v << shift) >> shift) : v << shift >> shift;
}

static uint64_t leaf(const struct eval *e, const struct ir_insn *i)
{
	switch (i->op) {
	case IR_CONST:
		return (uint64_t)i->imm;
	case IR_PARAM:
		return e->params[i->imm];
	case IR_OBJECT:
		return (uint64_t)(uintptr_t)e->objects[i->imm];
	default:
		abort();
	}
}

static uint64_t value(const struct eval *e, const struct ir_insn *i)
{
	return i->block ? e->of[i->id] : leaf(e, i);
}

static uint64_t alu(enum ir_op op, uint64_t x, uint64_t y)
{
	switch (op) {
	case IR_ADD:
		return x + y;
	case IR_SUB:
		return x - y;
	case IR_MUL:
		return x * y;
	case IR_UDIV:
		return y ? x / y : 0;
	case IR_UMOD:
		return y ? x % y : x;
	case IR_AND:
		return x & y;
	case IR_OR:
		return x | y;
	case IR_XOR:
		return x ^ y;
	case IR_SHL:
		return x << (y & 63);
	case IR_LSHR:
		return x >> (y & 63);
	case IR_ASHR:
		return (uint64_t)((int64_t)x >> (y & 63));
	default:
		abort();
	}
}

static bool compare(enum ir_cmp cmp, uint64_t x, uint64_t y)
{
	int64_t sx = (int64_t)x, sy = (int64_t)y;
	const bool is[] = {
		[IR_EQ] = x == y, [IR_NE] = x != y, [IR_ULT] = x < y, [IR_ULE] = x <= y,
		[IR_UGT] = x > y, [IR_UGE] = x >= y, [IR_SLT] = sx < sy, [IR_SLE] = sx <= sy,
		[IR_SGT] = sx > sy, [IR_SGE] = sx >= sy, [IR_TEST] = x & y,
	};

	return is[cmp];
}

static uint64_t swap(uint64_t v, unsigned size)
{
	return size == 2 ? __builtin_bswap16((uint16_t)v) :
	       size == 4 ? __builtin_bswap32((uint32_t)v) : __builtin_bswap64(v);
}

static uint64_t memory(const struct eval *e, const struct ir_insn *i)
{
	uint8_t *p = (uint8_t *)(uintptr_t)(value(e, i->args[0]) + (uint64_t)i->imm);
	uint64_t v, old;

	switch (i->op) {
	case IR_LOAD:
		v = bytes_load(p, i->size);
		return extend(v, i->size, i->is_signed);
	case IR_STORE:
		v = value(e, i->args[1]);
		bytes_store(p, v, i->size);
		return 0;
	case IR_MEMZERO:
		memset(p, 0, (size_t)i->imm2);
		return 0;
	case IR_MEMCPY:
		memcpy(p, (uint8_t *)(uintptr_t)value(e, i->args[1]) + i->imm3, (size_t)i->imm2);
		return 0;
	default:
		break;
	}
	old = bytes_load(p, i->size);
	v = value(e, i->args[i->nr_args - 1]);
	if (i->op == IR_ATOMIC_ADD)
		v += old;
	if (i->op == IR_ATOMIC_CMPXCHG && old != extend(value(e, i->args[1]), i->size, false))
		v = old;
	bytes_store(p, v, i->size);
	return old;
}

static uint64_t call(const struct eval *e, const struct ir_insn *i)
{
	uint64_t params[5];

	for (uint32_t k = 0; k < i->nr_args; k++)
		params[k] = value(e, i->args[k]);
	return eval_func(e->module->funcs.at[i->imm], params, e->random);
}

static uint64_t insn(const struct eval *e, const struct ir_insn *i)
{
	switch (i->op) {
	case IR_ADD ... IR_ASHR:
		return alu(i->op, value(e, i->args[0]), value(e, i->args[1]));
	case IR_SEXT:
	case IR_ZEXT:
		return extend(value(e, i->args[0]), i->size, i->op == IR_SEXT);
	case IR_BSWAP:
		return swap(value(e, i->args[0]), i->size);
	case IR_CMP:
		return compare(i->cmp, value(e, i->args[0]), value(e, i->args[1]));
	case IR_CALL:
		if (i->imm != BPF_FUNC_get_prandom_u32)
			abort();
		return e->random;
	case IR_FCALL:
		return call(e, i);
	case IR_LOAD ... IR_MEMCPY:
		return memory(e, i);
	default:
		abort();
	}
}

/* All phis of a block read what was before the block. */
static const struct ir_insn *phis(const struct eval *e, const struct ir_block *b,
				  const struct ir_block *from)
{
	uint64_t next[256];
	const struct ir_insn *i;
	uint32_t k = 0, n = 0;

	while (k < b->preds.n && b->preds.at[k] != from)
		k++;
	for (i = b->first; i && i->op == IR_PHI; i = i->next)
		next[n++] = value(e, i->args[k]);
	n = 0;
	for (i = b->first; i && i->op == IR_PHI; i = i->next)
		e->of[i->id] = next[n++];
	return i;
}

static uint64_t run(const struct eval *e, const struct ir_func *f)
{
	const struct ir_block *b = f->blocks.at[0], *from = NULL;

	for (;;) {
		const struct ir_insn *i = phis(e, b, from);
		bool taken = true;

		for (; i != b->last; i = i->next)
			e->of[i->id] = insn(e, i);
		if (i->op == IR_RET)
			return value(e, i->args[0]);
		if (i->op == IR_BRANCH)
			taken = compare(i->cmp, value(e, i->args[0]), value(e, i->args[1]));
		from = b;
		b = b->succs[taken ? 0 : 1];
	}
}

static uint64_t eval_func(const struct ir_func *f, const uint64_t *params, uint32_t random)
{
	struct arena a;
	struct eval e = { .params = params, .random = random, .module = f->module };
	uint64_t result;

	arena_init(&a);
	e.of = arena_array(&a, uint64_t, f->next_insn_id + 1);
	e.objects = arena_array(&a, uint8_t *, f->objects.n + 1);
	for (size_t k = 0; k < f->objects.n; k++)
		e.objects[k] = arena_alloc(&a, f->objects.at[k].size_bytes);
	result = run(&e, f);
	arena_free(&a);
	return result;
}

uint64_t ir_eval(const struct ir_func *f, const void *ctx, uint32_t random)
{
	return eval_func(f, (const uint64_t[]){ (uint64_t)(uintptr_t)ctx }, random);
}
