/*
 * Folding: constants, identities, cheaper operations, needless extensions,
 * constant sums into addresses.
 *
 * Each instruction is looked at once, args before users, and either changed in
 * place or replaced by a value that exists. Constants go to the right.
 *
 * Requires: no copies (ir_pass_phis). Keeps the graph; leaves dead code.
 */
#include "ir/internal.h"

/* Each folder returns the value that stands for `i`, or NULL; it may change `i`. */
typedef struct ir_insn *(*folder_fn)(struct ir_func *f, struct ir_insn *i);

static bool arg_const(const struct ir_insn *i, uint32_t arg, int64_t *c)
{
	return ir_is_const(i->args[arg], c);
}

static bool is_power_of_two(int64_t c)
{
	return c > 0 && !(c & (c - 1));
}

/* Uses are only ever counted up here: a count of 1 is certain. */
static void set_arg(struct ir_insn *i, uint32_t arg, struct ir_insn *v)
{
	if (i->args[arg] != v)
		v->uses++;
	i->args[arg] = v;
}

static void become(struct ir_func *f, struct ir_insn *i, enum ir_op op, struct ir_insn *x,
		   int64_t c)
{
	i->op = op;
	set_arg(i, 0, x);
	i->args[1] = ir_const(f, c);
}

static void become_cmp(struct ir_insn *i, enum ir_cmp cmp, const struct ir_insn *like)
{
	i->op = IR_CMP;
	i->cmp = cmp;
	set_arg(i, 0, like->args[0]);
	set_arg(i, 1, like->args[1]);
}

static void become_ext(struct ir_insn *i, enum ir_op op, struct ir_insn *x, unsigned size)
{
	i->op = op;
	set_arg(i, 0, x);
	i->nr_args = 1;
	i->size = (uint8_t)size;
}

/* i is x op c: if x is y op d, make it y op (c joined with d). Not if x is used
 * elsewhere, too: nothing is saved, and what the verifier knows of a bounded x is
 * not known of y. */
static void reassociate(struct ir_func *f, struct ir_insn *i, enum ir_op join)
{
	struct ir_insn *x = i->args[0];
	int64_t c, d;

	if (x->type == IR_INT && x->uses > 1)
		return;
	if (x->op != i->op || x->is_pinned || x->type != i->type || !arg_const(i, 1, &c) ||
	    !arg_const(x, 1, &d))
		return;
	become(f, i, i->op, x->args[0], ir_eval_binary(join, d, c));
}

/* ---- one folder an operation ---- */

static struct ir_insn *fold_add(struct ir_func *f, struct ir_insn *i)
{
	int64_t c;

	reassociate(f, i, IR_ADD);
	if (!arg_const(i, 1, &c))
		return NULL;
	if (i->args[0]->op == IR_MAP_VALUE && (uint64_t)(i->args[0]->imm2 + c) <= INT32_MAX)
		return ir_map_value(f, (uint32_t)i->args[0]->imm, (uint32_t)(i->args[0]->imm2 + c));
	return c ? NULL : i->args[0];
}

static struct ir_insn *fold_sub(struct ir_func *f, struct ir_insn *i)
{
	int64_t c;

	if (i->args[0] == i->args[1])
		return ir_const(f, 0);
	if (!arg_const(i, 1, &c) || c == INT64_MIN)
		return NULL;
	become(f, i, IR_ADD, i->args[0], -c);
	return fold_add(f, i);
}

static struct ir_insn *fold_mul(struct ir_func *f, struct ir_insn *i)
{
	int64_t c;

	reassociate(f, i, IR_MUL);
	if (!arg_const(i, 1, &c))
		return NULL;
	if (!c)
		return i->args[1];
	if (c == 1)
		return i->args[0];
	if (is_power_of_two(c))
		become(f, i, IR_SHL, i->args[0], __builtin_ctzll((uint64_t)c));
	return NULL;
}

static struct ir_insn *fold_udiv(struct ir_func *f, struct ir_insn *i)
{
	int64_t c;

	if (!arg_const(i, 1, &c))
		return NULL;
	if (!c)
		return ir_const(f, 0);
	if (c == 1)
		return i->args[0];
	if (is_power_of_two(c))
		become(f, i, IR_LSHR, i->args[0], __builtin_ctzll((uint64_t)c));
	return NULL;
}

static struct ir_insn *fold_umod(struct ir_func *f, struct ir_insn *i)
{
	int64_t c;

	if (!arg_const(i, 1, &c))
		return NULL;
	if (!c)
		return i->args[0];
	if (is_power_of_two(c))
		become(f, i, IR_AND, i->args[0], c - 1);
	return NULL;
}

static struct ir_insn *fold_and(struct ir_func *f, struct ir_insn *i)
{
	int64_t c;

	if (i->args[0] == i->args[1])
		return i->args[0];
	reassociate(f, i, IR_AND);
	if (!arg_const(i, 1, &c))
		return NULL;
	if (!c)
		return i->args[1];
	if (!(~ir_known_bits(i->args[0]).zero & ~(uint64_t)c))
		return i->args[0];
	if (c == UINT32_MAX)
		become_ext(i, IR_ZEXT, i->args[0], 4);
	return NULL;
}

static struct ir_insn *fold_or(struct ir_func *f, struct ir_insn *i)
{
	int64_t c;

	if (i->args[0] == i->args[1])
		return i->args[0];
	reassociate(f, i, IR_OR);
	if (!arg_const(i, 1, &c))
		return NULL;
	if (c == -1)
		return i->args[1];
	return c ? NULL : i->args[0];
}

static struct ir_insn *fold_xor(struct ir_func *f, struct ir_insn *i)
{
	struct ir_insn *x = i->args[0];
	int64_t c;

	if (x == i->args[1])
		return ir_const(f, 0);
	reassociate(f, i, IR_XOR);
	x = i->args[0];
	if (!arg_const(i, 1, &c))
		return NULL;
	if (c == 1 && x->op == IR_CMP) {
		become_cmp(i, ir_cmp_negate(x->cmp), x);
		return NULL;
	}
	return c ? NULL : x;
}

/* x << c >> c keeps the low 64 - c bits. */
static bool fold_shift_pair(struct ir_func *f, struct ir_insn *i, int64_t c)
{
	struct ir_insn *x = i->args[0];
	unsigned left = 64 - (unsigned)c;
	int64_t d;

	if (x->op != IR_SHL || x->is_pinned || !arg_const(x, 1, &d) || d != c)
		return false;
	if (i->op == IR_LSHR) {
		become(f, i, IR_AND, x->args[0], (int64_t)(~UINT64_C(0) >> c));
		return true;
	}
	if (left == 32 || left == 16 || left == 8)
		become_ext(i, IR_SEXT, x->args[0], left / 8);
	return i->op == IR_SEXT;
}

static struct ir_insn *fold_shift(struct ir_func *f, struct ir_insn *i)
{
	struct ir_insn *x = i->args[0];
	int64_t c, d;

	if (!arg_const(i, 1, &c))
		return NULL;
	c &= 63;
	if (!c)
		return x;
	if (c != i->args[1]->imm)
		i->args[1] = ir_const(f, c);
	if (x->op == i->op && !x->is_pinned && arg_const(x, 1, &d)) {
		c += d & 63;
		if (c > 63 && i->op != IR_ASHR)
			return ir_const(f, 0);
		become(f, i, i->op, x->args[0], c > 63 ? 63 : c);
		return NULL;
	}
	if (i->op == IR_SHL || !fold_shift_pair(f, i, c))
		return NULL;
	return i->op == IR_AND ? fold_and(f, i) : NULL;
}

/* ---- extensions ---- */

/* v without what does not touch its low bytes. */
static struct ir_insn *low_bytes_of(struct ir_insn *v, unsigned size)
{
	uint64_t mask = ir_size_mask(size);

	while (!v->is_pinned) {
		bool keeps = (v->op == IR_ZEXT || v->op == IR_SEXT) && v->size >= size;

		if (v->op == IR_AND && v->args[1]->op == IR_CONST)
			keeps = ((uint64_t)v->args[1]->imm & mask) == mask;
		if (!keeps)
			break;
		v = v->args[0];
	}
	return v;
}

/* Below the low bytes of a sum or product only the low bytes of its parts count. */
static void narrow_parts(struct ir_insn *v, unsigned size)
{
	bool is_modular = v->op == IR_ADD || v->op == IR_SUB || v->op == IR_MUL ||
			  v->op == IR_AND || v->op == IR_OR || v->op == IR_XOR;

	if (v->uses != 1 || v->is_pinned || v->type != IR_INT ||
	    (!is_modular && v->op != IR_SHL))
		return;
	for (uint32_t k = 0; k < (is_modular ? 2 : 1); k++)
		set_arg(v, k, low_bytes_of(v->args[k], size));
}

static struct ir_insn *fold_ext(struct ir_func *f, struct ir_insn *i)
{
	struct ir_insn *x;
	struct ir_known k;
	int64_t c;

	if (i->size == 8)
		return i->args[0];
	if (arg_const(i, 0, &c))
		return ir_const(f, ir_eval_unary(i->op, i->size, c));
	x = low_bytes_of(i->args[0], i->size);
	set_arg(i, 0, x);
	k = ir_known_bits(x);
	if (i->op == IR_SEXT && (k.zero & ((ir_size_mask(i->size) >> 1) + 1)))
		i->op = IR_ZEXT;
	if (i->op == IR_ZEXT ? !(~k.zero & ~ir_size_mask(i->size)) :
	    k.sign_bits > 64u - i->size * 8)
		return x;
	/* A load can extend for nothing, if nobody needs it otherwise. */
	if (x->op == IR_LOAD && x->size == i->size && x->uses == 1 && !x->is_pinned &&
	    x->type == IR_INT) {
		x->is_signed = i->op == IR_SEXT;
		return x;
	}
	narrow_parts(x, i->size);
	return NULL;
}

static struct ir_insn *fold_bswap(struct ir_func *f, struct ir_insn *i)
{
	int64_t c;

	if (arg_const(i, 0, &c))
		return ir_const(f, ir_eval_unary(IR_BSWAP, i->size, c));
	if (i->args[0]->op == IR_BSWAP && i->args[0]->size == i->size && i->size == 8)
		return i->args[0]->args[0];
	set_arg(i, 0, low_bytes_of(i->args[0], i->size));
	return NULL;
}

/* ---- comparisons ---- */

/* (x cmp y) ==, != 0 or 1 is the comparison or its opposite. */
static struct ir_insn *fold_cmp_of_cmp(struct ir_insn *i, int64_t c)
{
	struct ir_insn *x = i->args[0];

	if (x->op != IR_CMP || (c != 0 && c != 1) || (i->cmp != IR_EQ && i->cmp != IR_NE))
		return NULL;
	if ((i->cmp == IR_NE) == (c == 0))
		return x;
	become_cmp(i, ir_cmp_negate(x->cmp), x);
	return NULL;
}

static struct ir_insn *fold_cmp(struct ir_func *f, struct ir_insn *i)
{
	int64_t c, d;

	if (i->args[0]->op == IR_CONST && i->args[1]->op != IR_CONST) {
		struct ir_insn *swap = i->args[0];

		i->args[0] = i->args[1];
		i->args[1] = swap;
		i->cmp = ir_cmp_swap(i->cmp);
	}
	if (i->args[0] == i->args[1])
		return ir_const(f, ir_eval_cmp(i->cmp, 0, 0));
	if (!arg_const(i, 1, &c))
		return NULL;
	if (arg_const(i, 0, &d))
		return ir_const(f, ir_eval_cmp(i->cmp, d, c));
	/* Nothing is below 0; below 1 and above 0 is a test for 0. */
	if (!c && (i->cmp == IR_ULT || i->cmp == IR_UGE))
		return ir_const(f, i->cmp == IR_UGE);
	if ((c == 1 && (i->cmp == IR_ULT || i->cmp == IR_UGE)) ||
	    (!c && (i->cmp == IR_ULE || i->cmp == IR_UGT))) {
		i->cmp = i->cmp == IR_ULT || i->cmp == IR_ULE ? IR_EQ : IR_NE;
		i->args[1] = ir_const(f, 0);
		c = 0;
	}
	return fold_cmp_of_cmp(i, c);
}

/* ---- memory ---- */

static bool fits_s16(int64_t offset)
{
	return offset >= INT16_MIN && offset <= INT16_MAX;
}

/* Constant sums below an address go into the access. */
static void fold_address(struct ir_func *f, struct ir_insn *i, uint32_t arg, int64_t *offset)
{
	struct ir_insn *p = i->args[arg];
	int64_t c;

	while (p->op == IR_ADD && !p->is_pinned && arg_const(p, 1, &c) && fits_s16(*offset + c)) {
		*offset += c;
		p = p->args[0];
	}
	if (p->op == IR_MAP_VALUE && p->imm2 && fits_s16(*offset + p->imm2)) {
		*offset += p->imm2;
		p = ir_map_value(f, (uint32_t)p->imm, 0);
	}
	i->args[arg] = p;
}

static struct ir_insn *fold_memory(struct ir_func *f, struct ir_insn *i)
{
	if (i->is_pinned)
		return NULL;
	fold_address(f, i, 0, &i->imm);
	if (i->op == IR_MEMCPY)
		fold_address(f, i, 1, &i->imm3);
	if (i->op == IR_STORE && i->size < 8 && i->args[1]->type == IR_INT) {
		set_arg(i, 1, low_bytes_of(i->args[1], i->size));
		narrow_parts(i->args[1], i->size);
	}
	return NULL;
}

static const folder_fn folders[IR_OP_COUNT] = {
	[IR_ADD] = fold_add, [IR_SUB] = fold_sub, [IR_MUL] = fold_mul, [IR_UDIV] = fold_udiv,
	[IR_UMOD] = fold_umod, [IR_AND] = fold_and, [IR_OR] = fold_or, [IR_XOR] = fold_xor,
	[IR_SHL] = fold_shift, [IR_LSHR] = fold_shift, [IR_ASHR] = fold_shift,
	[IR_SEXT] = fold_ext, [IR_ZEXT] = fold_ext, [IR_BSWAP] = fold_bswap, [IR_CMP] = fold_cmp,
	[IR_LOAD] = fold_memory, [IR_STORE] = fold_memory, [IR_ATOMIC_ADD] = fold_memory,
	[IR_ATOMIC_XCHG] = fold_memory, [IR_ATOMIC_CMPXCHG] = fold_memory,
	[IR_MEMZERO] = fold_memory, [IR_MEMCPY] = fold_memory,
};

static struct ir_insn *fold_constants(struct ir_func *f, struct ir_insn *i)
{
	struct ir_insn *swap;
	int64_t x, y;

	if (!ir_op_is(i, IR_OP_BINARY))
		return NULL;
	if (arg_const(i, 0, &x) && arg_const(i, 1, &y))
		return ir_const(f, ir_eval_binary(i->op, x, y));
	if (ir_op_is(i, IR_OP_COMMUTES) && i->args[0]->op == IR_CONST) {
		swap = i->args[0];
		i->args[0] = i->args[1];
		i->args[1] = swap;
	}
	return NULL;
}

static void fold_insn(struct ir_func *f, struct ir_insn *i)
{
	struct ir_insn *v;

	for (uint32_t k = 0; k < i->nr_args; k++)
		i->args[k] = ir_resolve(i->args[k]);
	if (i->is_pinned || !folders[i->op])
		return;
	v = fold_constants(f, i);
	if (!v)
		v = folders[i->op](f, i);
	if (v)
		v->uses += i->uses;
	i->same_as = v;
}

void ir_pass_fold(struct ir_func *f)
{
	struct ir_order o;

	ir_count_uses(f);
	ir_order_find(f, &o);
	for (uint32_t b = 0; b < o.n; b++)
		for (struct ir_insn *i = o.rpo[b]->first; i; i = i->next)
			fold_insn(f, i);
	ir_apply_copies(f);
}
