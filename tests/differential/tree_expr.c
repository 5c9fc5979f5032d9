/*
 * Expressions of the checked tree, evaluated left to right.
 */
#include "tests/differential/tree_impl.h"

#include <string.h>

static const struct type *unconverted(const struct node *n)
{
	return n->kind == NODE_CAST && n->implicit ? n->u.cast.operand->type : n->type;
}

/* ---- arithmetic ---- */

static uint64_t divide(struct tree *t, enum ast_op op, uint64_t x, uint64_t y, struct loc loc)
{
	if ((int64_t)x < 0)
		hit(t, DIV_NEGATIVE);
	if (y)
		return op == OP_DIV ? x / y : x % y;
	if (op == OP_DIV)
		hit(t, DIV_ZERO);
	else
		hit(t, MOD_ZERO);
	tree_runtime_error(t, loc);
	return 1;
}

static uint64_t shift(struct tree *t, enum ast_op op, uint64_t x, uint64_t y)
{
	if (y >= 64)
		hit(t, SHIFT_WIDE);
	if (op == OP_SHR && (int64_t)x < 0)
		hit(t, SHR_NEGATIVE);
	return op == OP_SHL ? x << (y & 63) : x >> (y & 63);
}

struct val tree_arith(struct tree *t, enum ast_op op, const struct type *type, uint64_t x,
		      uint64_t y, struct loc loc)
{
	switch (op) {
	case OP_ADD: return val_number(type, x + y);
	case OP_SUB: return val_number(type, x - y);
	case OP_MUL: return val_number(type, x * y);
	case OP_AND: return val_number(type, x & y);
	case OP_OR: return val_number(type, x | y);
	case OP_XOR: return val_number(type, x ^ y);
	case OP_DIV:
	case OP_MOD: return val_number(type, divide(t, op, x, y, loc));
	case OP_SHL:
	case OP_SHR: return val_number(type, shift(t, op, x, y));
	default:
		tree_fail(t, "unknown operator");
		return (struct val){ 0 };
	}
}

static void cover_arith(struct tree *t, const struct node *n)
{
	const struct type *left = unconverted(n->u.binary.left);

	if (n->type->kind == TYPE_BOOL)
		hit(t, ARITH_BOOL);
	else if (n->type->is_signed)
		hit(t, ARITH_SIGNED);
	else
		hit(t, ARITH_UNSIGNED);
	if (n->u.binary.op == OP_SUB && !left->is_signed)
		hit(t, SUB_UNSIGNED);
}

/* ---- comparison, logic ---- */

static bool compare_numbers(enum ast_op op, uint64_t x, uint64_t y, bool is_signed)
{
	bool less = is_signed ? (int64_t)x < (int64_t)y : x < y;

	switch (op) {
	case OP_EQ: return x == y;
	case OP_NE: return x != y;
	case OP_LT: return less;
	case OP_LE: return less || x == y;
	case OP_GT: return !less && x != y;
	default: return !less;
	}
}

static void cover_compare(struct tree *t, const struct node *n)
{
	const struct node *l = n->u.binary.left, *r = n->u.binary.right;

	if (unconverted(l)->kind == TYPE_POINTER)
		hit(t, COMPARE_POINTER);
	switch (l->type->kind) {
	case TYPE_BOOL: hit(t, COMPARE_BOOL); break;
	case TYPE_TUPLE: hit(t, COMPARE_TUPLE); break;
	case TYPE_RECORD: hit(t, COMPARE_RECORD); break;
	case TYPE_ARRAY: hit(t, COMPARE_ARRAY); break;
	case TYPE_BUFFER: hit(t, COMPARE_BUFFER); break;
	case TYPE_INT:
		cover_join(t->cover, unconverted(l), unconverted(r), l->type);
		if (l->type->is_signed)
			hit(t, COMPARE_SIGNED);
		else
			hit(t, COMPARE_UNSIGNED);
		break;
	default:
		break;
	}
}

static struct val compare(struct tree *t, const struct node *n)
{
	const struct node *l = n->u.binary.left, *r = n->u.binary.right;
	enum ast_op op = n->u.binary.op;
	struct val x = tree_eval(t, l), y = tree_eval(t, r);
	bool is_number = l->type->kind == TYPE_INT || l->type->kind == TYPE_ENUM ||
			 l->type->kind == TYPE_BOOL || l->type->kind == TYPE_POINTER ||
			 type_is_aggregate(l->type);

	cover_compare(t, n);
	if (is_number)
		return (struct val){ .n = compare_numbers(op, x.n, y.n, l->type->is_signed) };
	return (struct val){ .n = val_equal(t, &x, l->type, &y, r->type) == (op == OP_EQ) };
}

static struct val logic(struct tree *t, const struct node *n)
{
	const struct node *l = n->u.binary.left, *r = n->u.binary.right;
	struct val x = tree_eval(t, l);

	if (l->type->kind == TYPE_BOOL)
		hit(t, LOGIC_BOOL);
	else if (l->type->kind == TYPE_POINTER)
		hit(t, LOGIC_POINTER);
	else
		hit(t, LOGIC_INT);
	if (val_true(&x, l->type) == (n->u.binary.op == OP_LOR)) {
		hit(t, LOGIC_SHORT);
		return (struct val){ .n = n->u.binary.op == OP_LOR };
	}
	x = tree_eval(t, r);
	return (struct val){ .n = val_true(&x, r->type) };
}

static struct val eval_binary(struct tree *t, const struct node *n)
{
	enum ast_op op = n->u.binary.op;
	struct val x, y;

	cover_op(t->cover, op, n->u.binary.left->type);
	if (op == OP_LAND || op == OP_LOR)
		return logic(t, n);
	if (op >= OP_EQ && op <= OP_GE)
		return compare(t, n);
	if (n->type->kind != TYPE_POINTER)
		cover_arith(t, n);
	x = tree_eval(t, n->u.binary.left);
	y = tree_eval(t, n->u.binary.right);
	if (n->u.binary.left->type->kind == TYPE_POINTER)
		return (struct val){ .s = "", .n = tree_step(t, op, n->type, x.n, y.n) };
	if (n->u.binary.right->type->kind == TYPE_POINTER)
		return (struct val){ .s = "", .n = tree_step(t, op, n->type, y.n, x.n) };
	return tree_arith(t, op, n->type, x.n, y.n, n->loc);
}

static struct val eval_unary(struct tree *t, const struct node *n)
{
	const struct node *operand = n->u.unary.operand;
	struct val v;

	if (n->u.unary.op == OP_ADDR)
		return tree_address(t, n);
	if (n->u.unary.op == OP_DEREF)
		return tree_deref(t, n);
	v = tree_eval(t, operand);
	cover_op(t->cover, n->u.unary.op, operand->type);
	switch (n->u.unary.op) {
	case OP_NEG: return val_number(n->type, 0 - v.n);
	case OP_BNOT: return val_number(n->type, ~v.n);
	case OP_NOT:
		if (operand->type->kind == TYPE_BOOL)
			hit(t, NOT_BOOL);
		else
			hit(t, NOT_INT);
		return (struct val){ .n = !v.n };
	default:
		tree_fail(t, "unknown unary operator");
		return v;
	}
}

static struct val eval_incdec(struct tree *t, const struct node *n)
{
	const struct node *operand = n->u.incdec.operand;
	struct tree_place place = tree_place(t, operand);
	struct val old = tree_place_read(t, &place), new;

	if (n->u.incdec.prefix)
		hit(t, PRE);
	else
		hit(t, POST);
	if (operand->type->kind == TYPE_POINTER)
		hit(t, INC_POINTER);
	else if (operand->type->size_bytes < 8)
		hit(t, INC_DECLARED);
	else if (operand->type->is_signed)
		hit(t, INC_SIGNED);
	else
		hit(t, INC_UNSIGNED);
	if (operand->type->kind == TYPE_POINTER)
		new = (struct val){ .n = tree_step(t, n->u.incdec.decrement ? OP_SUB : OP_ADD,
						   operand->type, old.n, 1) };
	else
		new = val_number(operand->type, n->u.incdec.decrement ? old.n - 1 : old.n + 1);
	tree_place_write(t, &place, &new, operand->type);
	return n->u.incdec.prefix ? new : old;
}

/* ---- choices and blocks ---- */

static struct val eval_choice(struct tree *t, const struct node *n)
{
	const struct node *then = n->u.cond.then, *otherwise = n->u.cond.otherwise;
	struct val cond = tree_eval(t, n->u.cond.cond);
	const struct node *chosen = val_true(&cond, n->u.cond.cond->type) ? then : otherwise;
	struct val v;

	if (then && otherwise && then->type->kind == TYPE_INT)
		cover_join(t->cover, unconverted(then), unconverted(otherwise), n->type);
	if (then && otherwise && then->type->kind == TYPE_STRING &&
	    then->type->size_bytes != otherwise->type->size_bytes)
		hit(t, JOIN_STRINGS);
	if (!then)
		hit(t, ELVIS);
	if (!then && cond.n)
		return val_convert(t, &cond, n->u.cond.cond->type, n->type);
	if (!chosen)
		return (struct val){ .s = "" };
	v = tree_eval(t, chosen);
	return n->type->kind == TYPE_VOID ? v : val_convert(t, &v, chosen->type, n->type);
}

static struct val eval_block(struct tree *t, const struct node *n)
{
	struct val none = { .s = "" };

	for (size_t i = 0; i < n->u.block.stmts.n && t->flow == FLOW_NEXT && !t->failed; i++)
		tree_exec(t, n->u.block.stmts.at[i]);
	if (!n->u.block.value || t->flow != FLOW_NEXT)
		return none;
	hit(t, BLOCK_VALUE);
	return tree_eval(t, n->u.block.value);
}

/* ---- parts ---- */

static struct val eval_element(struct tree *t, const struct node *n)
{
	struct val v = tree_eval(t, n->u.element.object);

	if (n->u.element.object->type->kind == TYPE_RECORD)
		hit(t, RECORD_FIELD);
	else
		hit(t, TUPLE_ELEMENT);
	if (n->u.element.number >= v.nr) {
		tree_fail(t, "no such element");
		return v;
	}
	return v.items[n->u.element.number];
}

static struct val eval_index(struct tree *t, const struct node *n)
{
	const struct node *object = n->u.index.object, *index = n->u.index.index;
	struct val v, i;

	if (object->type->kind == TYPE_POINTER)
		return tree_pointer_index(t, n);
	v = tree_eval(t, object);
	i = tree_eval(t, index);
	if (object->type->kind == TYPE_STRING) {
		hit(t, STRING_INDEX);
		if (index->kind != NODE_INT)
			hit(t, STRING_INDEX_VARIABLE);
		if (index->kind != NODE_INT && i.n >= object->type->size_bytes) {
			hit(t, STRING_INDEX_OUT);
			tree_runtime_error(t, n->loc);
		}
		return val_number(n->type, i.n < v.len ? (uint8_t)v.s[i.n] : 0);
	}
	if (object->type->kind != TYPE_ARRAY) {
		tree_fail(t, "index of something else");
		return v;
	}
	if (index->kind == NODE_INT)
		hit(t, ARRAY_INDEX);
	else
		hit(t, ARRAY_INDEX_VARIABLE);
	if (i.n < v.nr)
		return v.items[i.n];
	hit(t, ARRAY_INDEX_OUT);
	tree_runtime_error(t, n->loc);
	return val_zero(t, n->type);
}

static struct val eval_tuple(struct tree *t, const struct node *n)
{
	size_t nr = n->u.tuple.items.n;
	struct val *items = arena_array(t->arena, struct val, nr + 1);

	for (size_t i = 0; i < nr; i++) {
		const struct node *item = n->u.tuple.items.at[i];
		size_t place = i;

		for (size_t k = 0; n->type->kind == TYPE_RECORD && k < nr; k++)
			if (n->type->fields[k].name == n->u.tuple.labels.at[i])
				place = k;
		items[place] = tree_eval(t, item);
		items[place] = val_convert(t, &items[place], item->type,
					   n->type->fields[place].type);
		if (item->type->kind == TYPE_TUPLE || item->type->kind == TYPE_RECORD)
			hit(t, TUPLE_NESTED);
		if (item->type->kind == TYPE_STRUCT)
			hit(t, STRUCT_IN_TUPLE);
	}
	return (struct val){ .s = "", .items = items, .nr = nr };
}

static struct val eval_cast(struct tree *t, const struct node *n)
{
	const struct type *from = n->u.cast.operand->type;
	struct val v;

	if (from->kind == TYPE_STRING && n->type->kind == TYPE_POINTER)
		return (struct val){ .s = "", .n = tree_text_address(t, n->u.cast.operand) };
	v = tree_eval(t, n->u.cast.operand);
	if (n->type->kind == TYPE_POINTER)
		hit(t, CAST_POINTER);
	else if (from->kind == TYPE_POINTER)
		hit(t, CAST_FROM_POINTER);
	if (n->type->kind == TYPE_ENUM)
		hit(t, CAST_ENUM);

	if (!n->implicit)
		cover_cast(t->cover, from, n->type);
	if (type_is_aggregate(from))
		hit(t, CAST_AGGREGATE);
	if (n->type->kind == TYPE_BOOL && from->kind == TYPE_STRING)
		hit(t, CAST_BOOL_STRING);
	if (n->type->kind == TYPE_STRING)
		hit(t, CAST_STRING);
	if (n->type->kind == TYPE_ARRAY)
		hit(t, CAST_TO_ARRAY);
	else if (from->kind == TYPE_ARRAY)
		hit(t, CAST_FROM_ARRAY);
	if (n->type->kind == TYPE_TUPLE)
		hit(t, CAST_TUPLE);
	if (n->type->kind == TYPE_RECORD)
		hit(t, CAST_RECORD);
	return val_convert(t, &v, from, n->type);
}

static struct val eval_place(struct tree *t, const struct node *n)
{
	struct tree_place place = tree_place(t, n);

	return tree_place_read(t, &place);
}

/* A literal may be longer than its type says when it stands for a shorter one. */
static struct val eval_string(struct tree *t, const struct node *n)
{
	size_t len = strnlen(n->u.string.text, n->u.string.len);

	(void)t;
	return (struct val){ .s = n->u.string.text, .len = len };
}

struct val tree_eval(struct tree *t, const struct node *n)
{
	struct val none = { .s = "" };

	if (t->failed || ++t->steps > TREE_MAX_STEPS) {
		tree_fail(t, "too many steps");
		return none;
	}
	t->cover->nodes[n->kind]++;
	switch (n->kind) {
	case NODE_INT: return val_number(n->type, n->u.integer.value);
	case NODE_BOOL: return (struct val){ .n = n->u.integer.value };
	case NODE_STRING: return eval_string(t, n);
	case NODE_VAR:
	case NODE_MAP:
	case NODE_MAP_ELEM: return eval_place(t, n);
	case NODE_UNARY: return eval_unary(t, n);
	case NODE_INCDEC: return eval_incdec(t, n);
	case NODE_BINARY: return eval_binary(t, n);
	case NODE_IF: hit(t, IF_VALUE); return eval_choice(t, n);
	case NODE_TERNARY: return eval_choice(t, n);
	case NODE_BLOCK: return eval_block(t, n);
	case NODE_ELEMENT: return eval_element(t, n);
	case NODE_FIELD: return tree_field(t, n);
	case NODE_INDEX: return eval_index(t, n);
	case NODE_TUPLE:
	case NODE_RECORD: return eval_tuple(t, n);
	case NODE_CAST: return eval_cast(t, n);
	case NODE_CALL: return tree_call(t, n);
	default:
		tree_fail(t, node_kind_name(n->kind));
		return none;
	}
}
