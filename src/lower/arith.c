/*
 * Operators on scalars, comparisons of memory, casts.
 *
 * All arithmetic is on 64 bits. Division is unsigned and by zero gives 1 and a
 * message, as the language says.
 */
#include "lower/internal.h"

static const enum ir_op ops[OP_COUNT] = {
	[OP_ADD] = IR_ADD, [OP_SUB] = IR_SUB, [OP_MUL] = IR_MUL, [OP_DIV] = IR_UDIV,
	[OP_MOD] = IR_UMOD, [OP_AND] = IR_AND, [OP_OR] = IR_OR, [OP_XOR] = IR_XOR,
	[OP_SHL] = IR_SHL, [OP_SHR] = IR_LSHR,
};

struct cmp_pair {
	enum ir_cmp is_unsigned, is_signed;
};

static const struct cmp_pair cmps[OP_COUNT] = {
	[OP_EQ] = { IR_EQ, IR_EQ }, [OP_NE] = { IR_NE, IR_NE }, [OP_LT] = { IR_ULT, IR_SLT },
	[OP_LE] = { IR_ULE, IR_SLE }, [OP_GT] = { IR_UGT, IR_SGT }, [OP_GE] = { IR_UGE, IR_SGE },
};

enum ir_cmp lower_cmp_of(enum ast_op op, const struct type *type)
{
	return type->is_signed ? cmps[op].is_signed : cmps[op].is_unsigned;
}

struct ir_insn *lower_extend(struct gen *g, struct ir_insn *v, const struct type *t)
{
	if (t->kind == TYPE_BOOL)
		return ir_emit_cmp(&g->b, IR_NE, v, lower_const(g, 0));
	return t->size_bytes < 8 ? ir_emit_ext(&g->b, v, t->size_bytes, t->is_signed) : v;
}

static struct ir_insn *divide(struct gen *g, enum ast_op op, struct ir_insn *x, struct ir_insn *y,
			      struct loc loc)
{
	struct ir_block *zero, *fine, *next;
	struct ir_var *v;

	if (y->op == IR_CONST && y->imm)
		return ir_emit_binary(&g->b, ops[op], x, y);
	zero = lower_block(g, true);
	fine = lower_block(g, false);
	next = lower_block(g, false);
	v = ir_var_new(g->b.func, "quotient", IR_INT);
	ir_emit_branch(&g->b, IR_EQ, y, lower_const(g, 0), zero, fine);
	lower_enter(g, fine);
	ir_var_write(&g->b, v, ir_emit_binary(&g->b, ops[op], x, y));
	ir_emit_jump(&g->b, next);
	lower_enter(g, zero);
	lower_runtime_error(g, "Divide or modulo by 0 detected. This can lead to unexpected "
			    "results. 1 is being used as the result.", loc);
	ir_var_write(&g->b, v, lower_const(g, 1));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return ir_var_read(&g->b, v);
}

struct ir_insn *lower_arith(struct gen *g, enum ast_op op, const struct type *type,
			    struct ir_insn *x, struct ir_insn *y, struct loc loc)
{
	struct ir_insn *v;

	if (op == OP_DIV || op == OP_MOD)
		v = divide(g, op, x, y, loc);
	else if ((op == OP_SHL || op == OP_SHR) && y->op == IR_CONST)
		v = ir_emit_binary_imm(&g->b, ops[op], x, y->imm & 63);
	else
		v = ir_emit_binary(&g->b, ops[op], x, y);
	return type->kind == TYPE_BOOL ? lower_extend(g, v, type) : v;
}

static struct ir_insn *scaled(struct gen *g, struct ir_insn *v, const struct type *pointer)
{
	uint32_t size = pointer->target ? pointer->target->size_bytes : 1;

	if (size <= 1)
		return v;
	if (v->op == IR_CONST)
		return lower_const(g, v->imm * size);
	return ir_emit_binary_imm(&g->b, IR_MUL, v, size);
}

static struct ir_insn *pointer_arith(struct gen *g, struct node *n)
{
	struct node *l = n->u.binary.left, *r = n->u.binary.right;
	struct node *pointer = l->type->kind == TYPE_POINTER ? l : r;
	struct ir_insn *x = lower_value(g, l), *y = lower_value(g, r);
	struct ir_insn **p = pointer == l ? &x : &y, **i = pointer == l ? &y : &x;

	*i = scaled(g, *i, pointer->type);
	if (pointer->type->space == SPACE_CONTEXT ||
	    ((*i)->op != IR_CONST && pointer->type->space == SPACE_KERNEL && (*p)->type == IR_INT))
		*p = lower_to_scalar(g, *p);
	return ir_emit_binary(&g->b, ops[n->u.binary.op], x, y);
}

#define DEEP 32		/* a value for each level of an expression would fill the stack */

static struct ir_insn *put_aside(struct gen *g, struct ir_insn *v)
{
	uint32_t object = ir_object_new(g->b.func, "aside", 8, 8);
	struct ir_insn *p = ir_object(g->b.func, object);

	g->b.func->objects.at[object].place = IR_PLACE_SCRATCH;
	ir_emit_store(&g->b, 8, p, 0, v);
	return p;
}

struct ir_insn *lower_binary(struct gen *g, struct node *n)
{
	struct ir_insn *x, *y, *aside = NULL;

	if (n->type->kind == TYPE_POINTER)
		return pointer_arith(g, n);
	x = lower_value(g, n->u.binary.left);
	if (n->u.binary.right->height > DEEP && x->type == IR_INT)
		aside = put_aside(g, x);
	y = lower_value(g, n->u.binary.right);
	if (aside)
		x = ir_emit_load(&g->b, IR_INT, 8, false, aside, 0);
	g->b.line = n->loc.begin;
	return lower_arith(g, n->u.binary.op, n->type, x, y, n->loc);
}

/* ---- comparing memory ---- */

bool lower_compares_memory(const struct node *n)
{
	return !lower_is_scalar(n->u.binary.left->type) &&
		!type_is_aggregate(n->u.binary.left->type);
}

static void differ_unless_equal(struct gen *g, struct ir_insn *x, struct ir_insn *y,
				struct ir_block *differ)
{
	struct ir_block *next = lower_block(g, false);

	ir_emit_branch(&g->b, IR_NE, x, y, differ, next);
	lower_enter(g, next);
}

static unsigned word_size(uint32_t left, int32_t x_offset, int32_t y_offset)
{
	unsigned w = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;

	while (w > 1 && (x_offset % (int32_t)w || y_offset % (int32_t)w))
		w /= 2;
	return w;
}

/* Memory that takes plain loads: what is behind a helper is fetched first. */
static struct place loadable(struct gen *g, struct node *n, uint32_t size)
{
	struct place p = lower_place(g, n);
	struct ir_insn *object;

	if (p.kind == PLACE_DIRECT && p.base->type != IR_CTX)
		return p;
	object = lower_object(g, "compared", (size + 7) / 8 * 8, 8);
	if (p.kind == PLACE_DIRECT)
		lower_copy(g, (struct dest){ .base = object }, n->type, p, n->type);
	else
		lower_read(g, object, 0, size, p);
	return lower_at(object, 0);
}

static void compare_words(struct gen *g, struct place x, struct place y, uint32_t size,
			  struct ir_block *differ)
{
	for (uint32_t at = 0; at < size;) {
		int32_t xo = x.offset + (int32_t)at, yo = y.offset + (int32_t)at;
		unsigned w = word_size(size - at, xo, yo);

		differ_unless_equal(g, ir_emit_load(&g->b, IR_INT, w, false, x.base, xo),
				    ir_emit_load(&g->b, IR_INT, w, false, y.base, yo), differ);
		at += w;
	}
}

static uint64_t literal_word(struct gen *g, const struct node *n, uint32_t at, unsigned size)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < size; i++) {
		uint64_t byte = at + i < n->u.string.len ?
				(unsigned char)n->u.string.text[at + i] : 0;

		v |= byte << 8 * (g->c->target->arch->big_endian ? size - 1 - i : i);
	}
	return v;
}

static const struct node *literal_of(const struct node *n)
{
	while (n->kind == NODE_CAST && n->type->kind == TYPE_STRING)
		n = n->u.cast.operand;
	return n->kind == NODE_STRING ? n : NULL;
}

static struct node *uncast(struct node *n)
{
	while (n->kind == NODE_CAST && n->type->kind == TYPE_STRING &&
	       n->u.cast.operand->type->kind == TYPE_STRING)
		n = n->u.cast.operand;
	return n;
}

/* str(p) == "literal": only as much is read as decides, and the length that the
 * read returns tells whether the string goes on. */
static bool compare_read(struct gen *g, struct node *n, const struct node *literal,
			 struct ir_block *same, struct ir_block *differ)
{
	uint32_t len = (uint32_t)literal->u.string.len + 1;
	struct ir_insn *object, *got;
	struct place source, text;

	if (!is_call_of(n, BUILTIN_str) || n->u.call.args.n != 1 ||
	    n->type->size_bytes <= len)
		return false;
	source = lower_str_source(g, n->u.call.args.at[0]);
	object = lower_object(g, "text", (len + 1 + 7) / 8 * 8, 8);
	got = lower_read_str(g, object, len + 1, lower_const(g, len + 1), source);
	differ_unless_equal(g, got, lower_const(g, len), differ);
	text = lower_at(object, 0);
	for (uint32_t at = 0; at + 1 < len;) {
		unsigned w = word_size(len - 1 - at, (int32_t)at, 0);

		differ_unless_equal(g,
				    ir_emit_load(&g->b, IR_INT, w, false, text.base, (int32_t)at),
				    lower_const(g, (int64_t)literal_word(g, literal, at, w)),
				    differ);
		at += w;
	}
	ir_emit_jump(&g->b, same);
	return true;
}

static void compare_literal(struct gen *g, struct node *n, const struct node *literal,
			    struct ir_block *same, struct ir_block *differ)
{
	uint32_t size = (uint32_t)literal->u.string.len + 1;
	struct place p;

	n = uncast(n);
	if (compare_read(g, n, literal, same, differ))
		return;
	if (n->type->size_bytes < size)
		size = n->type->size_bytes;
	p = loadable(g, n, n->type->size_bytes);
	for (uint32_t at = 0; at < size;) {
		unsigned w = word_size(size - at, p.offset + (int32_t)at, 0);

		differ_unless_equal(g, ir_emit_load(&g->b, IR_INT, w, false, p.base,
						    p.offset + (int32_t)at),
				    lower_const(g, (int64_t)literal_word(g, literal, at, w)),
				    differ);
		at += w;
	}
	ir_emit_jump(&g->b, same);
}

#define SHORT_STRING 16

/* Two strings that are not known: byte by byte up to a common NUL. */
static void compare_strings(struct gen *g, struct node *left, struct node *right,
			    struct ir_block *same, struct ir_block *differ)
{
	uint32_t size = left->type->size_bytes < right->type->size_bytes ?
			left->type->size_bytes : right->type->size_bytes;
	struct place x = loadable(g, left, left->type->size_bytes);
	struct place y = loadable(g, right, right->type->size_bytes);
	struct ir_block *head, *body, *more, *again;
	struct ir_var *i;
	struct ir_insn *at, *a, *b;

	if ((size > SHORT_STRING || g->is_large) &&
	    lower_compare_shared(g, x, y, size, same, differ))
		return;
	/* Typed kernel pointers take constant offsets only. */
	if (x.base->type == IR_KPTR || y.base->type == IR_KPTR) {
		compare_words(g, x, y, size, differ);
		ir_emit_jump(&g->b, same);
		return;
	}
	head = lower_block(g, false);
	body = lower_block(g, false);
	more = lower_block(g, false);
	again = lower_block(g, false);
	i = ir_var_new(g->b.func, "at", IR_INT);
	ir_var_write(&g->b, i, lower_const(g, 0));
	ir_emit_jump(&g->b, head);
	ir_continue_in(&g->b, head);
	at = ir_var_read(&g->b, i);
	ir_emit_branch(&g->b, IR_ULT, at, lower_const(g, size), body, same);
	lower_enter(g, body);
	a = ir_emit_load(&g->b, IR_INT, 1, false, ir_emit_binary(&g->b, IR_ADD, x.base, at),
			 x.offset);
	b = ir_emit_load(&g->b, IR_INT, 1, false, ir_emit_binary(&g->b, IR_ADD, y.base, at),
			 y.offset);
	ir_emit_branch(&g->b, IR_NE, a, b, differ, more);
	lower_enter(g, more);
	ir_emit_branch(&g->b, IR_EQ, a, lower_const(g, 0), same, again);
	lower_enter(g, again);
	ir_var_write(&g->b, i, ir_emit_binary_imm(&g->b, IR_ADD, at, 1));
	ir_emit_jump(&g->b, head);
	ir_seal(head);
}

/* Fields that stand for themselves in memory compare as bytes, others apart. */
static void compare_fields(struct gen *g, const struct type *t, struct place x, struct place y,
			   struct ir_block *differ)
{
	for (size_t i = 0; i < t->nr_fields; i++) {
		struct place a = x, b = y;

		a.offset += (int32_t)t->fields[i].offset_bytes;
		b.offset += (int32_t)t->fields[i].offset_bytes;
		if (t->fields[i].type->kind == TYPE_TUPLE || t->fields[i].type->kind == TYPE_RECORD)
			compare_fields(g, t->fields[i].type, a, b, differ);
		else
			compare_words(g, a, b, t->fields[i].type->size_bytes, differ);
	}
}

/* Both operands in objects of their joined type. */
static struct place as_type(struct gen *g, struct node *n, const struct type *t)
{
	struct ir_insn *object;

	if (n->type == t)
		return loadable(g, n, t->size_bytes);
	object = lower_object(g, "compared", t->size_bytes, 8);
	lower_to(g, n, t, (struct dest){ .base = object });
	return lower_at(object, 0);
}

void lower_compare_memory(struct gen *g, struct node *n, struct ir_block *same,
			  struct ir_block *differ)
{
	struct node *left = n->u.binary.left, *right = n->u.binary.right;
	const struct type *t = left->type->size_bytes >= right->type->size_bytes ?
			       left->type : right->type;
	struct place x, y;

	if (t->kind == TYPE_STRING && literal_of(right)) {
		compare_literal(g, left, literal_of(right), same, differ);
		return;
	}
	if (t->kind == TYPE_STRING && literal_of(left)) {
		compare_literal(g, right, literal_of(left), same, differ);
		return;
	}
	if (t->kind == TYPE_STRING) {
		compare_strings(g, uncast(left), uncast(right), same, differ);
		return;
	}
	x = as_type(g, left, t);
	y = as_type(g, right, t);
	if (t->kind == TYPE_TUPLE || t->kind == TYPE_RECORD)
		compare_fields(g, t, x, y, differ);
	else
		compare_words(g, x, y, t->size_bytes, differ);
	ir_emit_jump(&g->b, same);
}

/* ---- casts ---- */

static bool fits(const struct type *from, const struct type *to)
{
	if (to->size_bytes >= 8)
		return true;
	if (from->size_bytes == to->size_bytes)
		return from->is_signed == to->is_signed;
	return from->size_bytes < to->size_bytes && (!from->is_signed || to->is_signed);
}

/* Where a string lies; what is not in the program's memory is copied there. */
static struct ir_insn *text_address(struct gen *g, struct node *x)
{
	struct place p = lower_place(g, x);
	struct ir_insn *copy;

	if (p.kind != PLACE_DIRECT || (p.base->type != IR_OBJ && p.base->type != IR_MAPVAL)) {
		copy = lower_object(g, "text", x->type->size_bytes, 8);
		lower_copy(g, (struct dest){ .base = copy }, x->type, p, x->type);
		p = lower_at(copy, 0);
	}
	if (p.base->op == IR_OBJECT)
		g->b.func->objects.at[p.base->imm].keep = true;
	return lower_to_scalar(g, lower_place_address(g, p));
}

struct ir_insn *lower_cast(struct gen *g, struct node *n)
{
	struct node *x = n->u.cast.operand;
	const struct type *from = x->type, *to = n->type;
	struct ir_insn *v;

	if (from->kind == TYPE_STRING && to->kind == TYPE_POINTER)
		return text_address(g, x);
	if (type_is_aggregate(from))
		v = lower_merged(g, x, to);
	else if (from->kind == TYPE_STRING && to->kind == TYPE_BOOL)
		v = ir_emit_load(&g->b, IR_INT, 1, false,
				 lower_place_address(g, loadable(g, x, 1)), 0);
	else if (!lower_is_scalar(from) && to->kind != TYPE_POINTER)
		v = lower_load(g, lower_place(g, x), to);
	else
		v = lower_value(g, x);
	if (to->kind == TYPE_BOOL)
		return from->kind == TYPE_BOOL ? v : lower_extend(g, v, to);
	if (from->kind == TYPE_POINTER && (from->space == SPACE_CONTEXT ? from != to :
	    type_is_integer(to) && from->space == SPACE_KERNEL && x->kind != NODE_CALL))
		v = lower_to_scalar(g, v);
	return lower_is_scalar(from) && fits(from, to) ? v : lower_extend(g, v, to);
}

/* The text of a probe's name, by index, from a table of the image. */
static void probe_name_to(struct gen *g, struct node *n, const struct type *as, struct dest d)
{
	struct ir_insn *index = lower_value(g, n), *from;
	uint32_t first = g->prog->sites[0]->image.probe, count = (uint32_t)g->prog->nr_sites;
	uint32_t width = (as->size_bytes + 7) / 8 * 8, map;
	char *names = arena_alloc(g->l->arena, (size_t)width * count);

	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k + 1 < as->size_bytes && g->prog->sites[i]->name[k]; k++)
			names[i * width + k] = g->prog->sites[i]->name[k];
	map = lower_add_rodata(g->l, "names", names, width * count);
	index = ir_emit_binary_imm(&g->b, IR_SUB, index, first);
	/* It is a cookie of ours, but the verifier does not know. */
	index = lower_at_most(g, index, count - 1);
	from = ir_emit_binary(&g->b, IR_ADD, ir_map_value(g->b.func, map, 0),
			      ir_emit_binary_imm(&g->b, IR_MUL, index, width));
	ir_emit_helper(&g->b, BPF_FUNC_probe_read_kernel, IR_INT, lower_ptr(g, d.base, d.offset),
		       lower_const(g, as->size_bytes), from);
}

/* An integer as an array: the bytes in memory order. */
static void integer_to(struct gen *g, struct node *x, const struct type *as, struct dest d)
{
	unsigned size = as->size_bytes < 8 ? as->size_bytes : 8;

	if (size & (size - 1))
		size = x->type->size_bytes < size ? x->type->size_bytes : 4;
	if (as->size_bytes > size)
		lower_zero(g, d.base, d.offset, as->size_bytes);
	ir_emit_store(&g->b, size, d.base, d.offset, lower_value(g, x));
}

void lower_cast_to(struct gen *g, struct node *n, const struct type *as, struct dest d)
{
	struct node *x = n->u.cast.operand;

	if (x->type->kind == TYPE_PROBE_NAME)
		probe_name_to(g, x, as, d);
	else if (lower_is_scalar(x->type))
		integer_to(g, x, as, d);
	else
		lower_to(g, x, as, d);
}
