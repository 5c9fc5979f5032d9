/*
 * Is a module well formed? Checks what every pass and the back end rely on.
 *
 * Structure: ids and positions agree, one terminator at the end, edges and
 * preds match, phis and NOT_NULL stand first. Values: definitions dominate
 * uses, leaves belong to the func, args are as many and of such types as the
 * operation takes. Null checks: NOT_NULL is in the block behind its own check.
 * Unreachable blocks are checked for structure only.
 */
#include "ir/internal.h"

#include <inttypes.h>

struct verify {
	const struct ir_module *m;
	const struct ir_func *f;
	struct ir_dom dom;
	struct hmap leaves;
	uint32_t *position;	/* by insn id: place in its block, from 1 */
	const char *why;
};

static bool fail(struct verify *v, const struct ir_insn *i, const char *what)
{
	const struct ir_block *b = i ? i->block : NULL;

	if (!v->why)
		v->why = arena_printf(v->m->arena, "%s: func %s: b%u: v%u (%s): %s", v->m->name,
				      v->f->name, b ? b->id : 0, i ? i->id : 0,
				      i ? ir_ops[i->op].name : "", what);
	return false;
}

static bool fail_block(struct verify *v, const struct ir_block *b, const char *what)
{
	if (!v->why)
		v->why = arena_printf(v->m->arena, "%s: func %s: b%u: %s", v->m->name, v->f->name,
				      b->id, what);
	return false;
}

/* ---- structure ---- */

static bool has_pred(const struct ir_block *b, const struct ir_block *pred)
{
	size_t n = 0;

	for (size_t i = 0; i < b->preds.n; i++)
		n += b->preds.at[i] == pred;
	return n == 1;
}

static bool has_succ(const struct ir_block *b, const struct ir_block *succ)
{
	return (b->nr_succs > 0 && b->succs[0] == succ) || (b->nr_succs > 1 && b->succs[1] == succ);
}

static bool check_edges(struct verify *v, const struct ir_block *b)
{
	uint32_t want = b->last->op == IR_BRANCH ? 2 : b->last->op == IR_JUMP ? 1 : 0;

	if (b->nr_succs != want)
		return fail_block(v, b, "wrong number of successors");
	if (want == 2 && b->succs[0] == b->succs[1])
		return fail_block(v, b, "both successors are one block");
	for (uint32_t k = 0; k < want; k++)
		if (!has_pred(b->succs[k], b))
			return fail_block(v, b, "is not (once) a predecessor of its successor");
	for (size_t i = 0; i < b->preds.n; i++)
		if (!has_succ(b->preds.at[i], b))
			return fail_block(v, b, "has a predecessor that does not lead to it");
	return true;
}

/* Phis, then NOT_NULL, then the rest, then one terminator. */
static bool check_sequence(struct verify *v, const struct ir_block *b)
{
	int stage = 0;
	uint32_t position = 0;

	for (const struct ir_insn *i = b->first; i; i = i->next) {
		int at = i->op == IR_PHI ? 0 : i->op == IR_NOT_NULL ? 1 : 2;

		if (i->block != b || (i->next && i->next->prev != i))
			return fail(v, i, "the block's list is broken");
		if (ir_op_is(i, IR_OP_LEAF))
			return fail(v, i, "a leaf stands in a block");
		if (at < stage)
			return fail(v, i, "must stand at the start of the block");
		if (ir_op_is(i, IR_OP_TERM) != !i->next)
			return fail(v, i, i->next ? "terminator inside a block" : "no terminator");
		stage = at;
		v->position[i->id] = ++position;
	}
	return true;
}

static bool check_block(struct verify *v, uint32_t index)
{
	const struct ir_block *b = v->f->blocks.at[index];

	if (b->id != index || b->func != v->f)
		return fail_block(v, b, "id is not its position");
	if (!b->sealed)
		return fail_block(v, b, "is not sealed");
	if (!index && b->preds.n)
		return fail_block(v, b, "the entry has predecessors");
	/* What comes after a jump was never written, and goes when code is optimized. */
	if (!b->last && index && !b->preds.n)
		return true;
	if (!b->last)
		return fail_block(v, b, "is empty");
	return check_sequence(v, b) && check_edges(v, b);
}

/* ---- values ---- */

static bool dominates(struct verify *v, const struct ir_insn *def, const struct ir_block *at)
{
	return ir_dominates(&v->dom, def->block, at);
}

static bool check_arg(struct verify *v, const struct ir_insn *i, uint32_t k)
{
	const struct ir_insn *arg = i->args[k];

	if (!arg)
		return fail(v, i, "has no argument there");
	if (ir_op_is(arg, IR_OP_LEAF))
		return pmap_find(&v->leaves, arg) ? true : fail(v, i, "uses another func's leaf");
	if (!arg->block || arg->block->func != v->f)
		return fail(v, i, "uses a value that stands in no block");
	if (arg->type == IR_VOID)
		return fail(v, i, "uses an instruction without value");
	if (i->op == IR_PHI)
		return dominates(v, arg, i->block->preds.at[k]) ? true :
		       fail(v, i, "its argument does not reach the predecessor's end");
	if (arg->block == i->block)
		return v->position[arg->id] < v->position[i->id] ? true :
		       fail(v, i, "uses a value before it is made");
	return dominates(v, arg, i->block) ? true : fail(v, i, "uses a value that may not be made");
}

static bool is_zero(const struct ir_insn *i)
{
	return i->op == IR_CONST && !i->imm;
}

/* A pointer that is null on the edge is a number like 0. */
static bool is_null_on_edge(const struct ir_insn *phi, uint32_t k)
{
	const struct ir_block *pred = phi->block->preds.at[k];
	struct ir_func *f = phi->block->func;

	return ir_type_is_or_null(phi->args[k]->type) &&
	       ir_equal_on_edge(pred, phi->block, ir_const(f, 0)) == phi->args[k];
}

static bool check_phi(struct verify *v, const struct ir_insn *i)
{
	for (uint32_t k = 0; k < i->nr_args; k++) {
		enum ir_type t = i->args[k]->type;

		if (t == i->type || is_zero(i->args[k]) || (i->type == IR_INT && t == IR_KPTR))
			continue;
		if (i->type != IR_INT || !is_null_on_edge(i, k))
			return fail(v, i, "joins values of different types");
	}
	return true;
}

static bool check_binary(struct verify *v, const struct ir_insn *i)
{
	enum ir_type x = i->args[0]->type, y = i->args[1]->type;

	if (i->type == IR_INT) {
		if ((x == IR_INT && y == IR_INT) || (i->op == IR_SUB && x == y))
			return true;
		return fail(v, i, "integer arithmetic on a pointer");
	}
	if ((i->op != IR_ADD && i->op != IR_SUB) || x != i->type || y != IR_INT)
		return fail(v, i, "pointer arithmetic other than adding a scalar");
	if (x == IR_KPTR && i->args[1]->op != IR_CONST)
		return fail(v, i, "arithmetic on a kernel pointer");
	return true;
}

static bool fits_s16(int64_t offset)
{
	return offset >= INT16_MIN && offset <= INT16_MAX;
}

static bool is_size(uint32_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static bool is_writable(enum ir_type t)
{
	return t == IR_OBJ || t == IR_MAPVAL || t == IR_RING;
}

static bool check_memory(struct verify *v, const struct ir_insn *i)
{
	enum ir_type t = i->args[0]->type;

	if (i->op == IR_LOAD ? !ir_type_is_address(t) : !is_writable(t))
		return fail(v, i, "its address is not a pointer that it may use");
	if (t == IR_CTX && i->args[0]->op != IR_PARAM && i->args[0]->op != IR_LOAD)
		return fail(v, i, "loads behind arithmetic on the context");
	if (i->op == IR_MEMCPY && !ir_type_is_address(i->args[1]->type))
		return fail(v, i, "copies from what is no pointer");
	if (i->op != IR_MEMZERO && !is_size(i->size))
		return fail(v, i, "size is not 1, 2, 4 or 8");
	if ((i->op == IR_MEMZERO || i->op == IR_MEMCPY) && i->imm2 <= 0)
		return fail(v, i, "no bytes");
	if (!fits_s16(i->imm) || !fits_s16(i->imm3))
		return fail(v, i, "offset does not fit into 16 bits");
	return true;
}

static bool is_null_branch(const struct ir_block *pred, const struct ir_insn *p,
			   const struct ir_block *set)
{
	const struct ir_insn *t = pred->last;
	uint32_t edge = t && t->cmp == IR_NE ? 0 : 1;

	return t && t->op == IR_BRANCH && (t->cmp == IR_NE || t->cmp == IR_EQ) &&
	       t->args[0] == p && is_zero(t->args[1]) && pred->succs[edge] == set;
}

static bool check_not_null(struct verify *v, const struct ir_insn *i)
{
	const struct ir_insn *p = i->args[0];

	if (!ir_type_is_or_null(p->type) || i->type != ir_type_not_null(p->type))
		return fail(v, i, "wrong type");
	if (i->block->preds.n != 1 || !is_null_branch(i->block->preds.at[0], p, i->block))
		return fail(v, i, "is not right behind its check");
	return true;
}

static bool check_kind(struct verify *v, const struct ir_insn *i)
{
	if (ir_op_is(i, IR_OP_BINARY))
		return check_binary(v, i);
	if (ir_op_is(i, IR_OP_MEMORY))
		return check_memory(v, i);
	switch (i->op) {
	case IR_SEXT: case IR_ZEXT: case IR_BSWAP:
		if (i->args[0]->type != IR_INT || !is_size(i->size))
			return fail(v, i, "needs an integer and a size");
		return true;
	case IR_CMP:
		return i->cmp != IR_TEST ? true : fail(v, i, "test stands in branches only");
	case IR_FCALL:
		return (uint64_t)i->imm < v->m->funcs.n ? true : fail(v, i, "no such func");
	case IR_PHI:
		return check_phi(v, i);
	case IR_NOT_NULL:
		return check_not_null(v, i);
	default:
		return true;
	}
}

static bool check_insn(struct verify *v, const struct ir_insn *i)
{
	const struct ir_op_info *info = &ir_ops[i->op];

	if ((int64_t)i->nr_args < info->min_args || (int64_t)i->nr_args > info->max_args)
		return fail(v, i, "wrong number of arguments");
	if (i->op == IR_PHI && i->nr_args != i->block->preds.n)
		return fail(v, i, "arguments and predecessors differ in number");
	for (uint32_t k = 0; k < i->nr_args; k++)
		if (!check_arg(v, i, k))
			return false;
	return check_kind(v, i);
}

static bool check_leaves(struct verify *v)
{
	struct ir_insn **leaf;

	hmap_init(&v->leaves, v->m->arena);
	vec_each(leaf, &v->f->leaves) {
		const struct ir_insn *l = *leaf;

		if (!ir_op_is(l, IR_OP_LEAF) || l->block)
			return fail(v, l, "is no leaf");
		if (l->op == IR_OBJECT && (uint64_t)l->imm >= v->f->objects.n)
			return fail(v, l, "no such object");
		if (l->op == IR_FUNC && (uint64_t)l->imm >= v->m->funcs.n)
			return fail(v, l, "no such func");
		pmap_set(&v->leaves, l, *leaf);
	}
	return true;
}

static bool check_func(struct verify *v)
{
	if (!v->f->blocks.n)
		return false;
	v->position = arena_array(v->m->arena, uint32_t, v->f->next_insn_id);
	if (!check_leaves(v))
		return false;
	for (uint32_t i = 0; i < v->f->blocks.n; i++)
		if (!check_block(v, i))
			return false;
	ir_dom_find(v->f, &v->dom);
	for (uint32_t i = 0; i < v->dom.order.n; i++)
		for (const struct ir_insn *x = v->dom.order.rpo[i]->first; x; x = x->next)
			if (!check_insn(v, x))
				return false;
	return true;
}

bool ir_verify(const struct ir_module *m, const char **why)
{
	struct verify v = { .m = m };
	struct ir_func **f;

	*why = NULL;
	vec_each(f, &m->funcs) {
		v.f = *f;
		if (check_func(&v))
			continue;
		*why = v.why ? v.why : "a func without blocks";
		return false;
	}
	return true;
}
