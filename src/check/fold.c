/*
 * Constant folding (language 1.11), on literals only and before types.
 *
 * Integers are computed in 128 bits and must come out within 64, signed or
 * unsigned; what does not is an error, and so is a negative number beside one
 * that no signed type holds. A folded node takes the place of the expression,
 * so "must be a literal" accepts constant expressions.
 */
#include "check/check_impl.h"

#include <inttypes.h>
#include <string.h>

bool node_is_literal(const struct node *n)
{
	if (n->kind == NODE_TUPLE || n->kind == NODE_RECORD) {
		for (size_t i = 0; i < n->u.tuple.items.n; i++)
			if (!node_is_literal(n->u.tuple.items.at[i]))
				return false;
		return true;
	}
	return n->kind == NODE_INT || n->kind == NODE_STRING || n->kind == NODE_BOOL;
}

void node_set_int(struct node *n, uint64_t value, bool negative)
{
	n->kind = NODE_INT;
	n->implicit = false;
	memset(&n->u, 0, sizeof(n->u));
	n->u.integer.value = value;
	n->u.integer.negative = negative;
}

static void set_bool(struct node *n, bool value)
{
	n->kind = NODE_BOOL;
	memset(&n->u, 0, sizeof(n->u));
	n->u.integer.value = value;
}

static void set_string(struct node *n, const char *text, size_t len)
{
	n->kind = NODE_STRING;
	memset(&n->u, 0, sizeof(n->u));
	n->u.string.text = text;
	n->u.string.len = len;
}

static __int128 wide(const struct node *n)
{
	if (n->u.integer.negative)
		return (int64_t)n->u.integer.value;
	return n->u.integer.value;
}

bool node_int64(const struct node *n, int64_t *value)
{
	if (n->kind != NODE_INT || wide(n) > INT64_MAX)
		return false;
	*value = (int64_t)n->u.integer.value;
	return true;
}

static bool set_wide(struct node *n, __int128 v)
{
	if (v < INT64_MIN || v > (__int128)UINT64_MAX)
		return false;
	node_set_int(n, (uint64_t)v, v < 0);
	return true;
}

/* Returns false if the operator is none of these or the result does not fit. */
static bool fold_arithmetic(struct node *n, enum ast_op op, __int128 a, __int128 b)
{
	__int128 v;

	switch (op) {
	case OP_ADD:
		return set_wide(n, a + b);
	case OP_SUB:
		return set_wide(n, a - b);
	case OP_MUL:
		return !__builtin_mul_overflow(a, b, &v) && set_wide(n, v);
	case OP_DIV:
		return b && set_wide(n, a / b);
	case OP_MOD:
		return b && set_wide(n, a % b);
	case OP_AND:
		return set_wide(n, a & b);
	case OP_OR:
		return set_wide(n, a | b);
	case OP_XOR:
		return set_wide(n, a ^ b);
	case OP_SHL:
		if (b < 0 || b > 63)
			return false;
		return set_wide(n, a < 0 ? (__int128)(int64_t)((uint64_t)a << b) :
				(__int128)((uint64_t)a << b));
	case OP_SHR:
		return b >= 0 && b <= 63 && set_wide(n, a >> b);
	default:
		return false;
	}
}

static bool compare(enum ast_op op, int order)
{
	switch (op) {
	case OP_EQ:
		return order == 0;
	case OP_NE:
		return order != 0;
	case OP_LT:
		return order < 0;
	case OP_LE:
		return order <= 0;
	case OP_GT:
		return order > 0;
	default:
		return order >= 0;
	}
}

static bool is_comparison(enum ast_op op)
{
	return op >= OP_EQ && op <= OP_GE;
}

/* No type of 64 bits holds both. */
static bool have_no_type(__int128 a, __int128 b)
{
	return (a < 0 && b > INT64_MAX) || (b < 0 && a > INT64_MAX);
}

static void fold_ints(struct check *c, struct node *n)
{
	enum ast_op op = n->u.binary.op;
	__int128 a = wide(n->u.binary.left), b = wide(n->u.binary.right);

	if (have_no_type(a, b)) {
		check_error(c, n->loc, DIAG_CONSTANT_OVERFLOW,
			    "unable to fold literals due to overflow or underflow");
		node_set_error(n);
	} else if (is_comparison(op)) {
		set_bool(n, compare(op, (a > b) - (a < b)));
	} else if (!fold_arithmetic(n, op, a, b)) {
		check_error(c, n->loc, DIAG_CONSTANT_OVERFLOW,
			    (op == OP_DIV || op == OP_MOD) && !b ?
			    "division by zero in a constant expression" :
			    "unable to fold literals due to overflow or underflow");
		node_set_error(n);
	}
}

static void fold_bools(struct check *c, struct node *n)
{
	bool a = n->u.binary.left->u.integer.value, b = n->u.binary.right->u.integer.value;

	switch (n->u.binary.op) {
	case OP_ADD:
	case OP_OR:
		set_bool(n, a || b);
		break;
	case OP_MUL:
	case OP_AND:
		set_bool(n, a && b);
		break;
	case OP_SUB:
	case OP_XOR:
		set_bool(n, a != b);
		break;
	case OP_DIV:
	case OP_MOD:
		if (!b) {
			check_error(c, n->loc, DIAG_CONSTANT_OVERFLOW,
				    "division by zero in a constant expression");
			node_set_error(n);
		} else {
			set_bool(n, n->u.binary.op == OP_DIV && a);
		}
		break;
	default:
		if (is_comparison(n->u.binary.op))
			set_bool(n, compare(n->u.binary.op, a - b));
		break;
	}
}

static void fold_strings(struct check *c, struct node *n)
{
	const struct node *l = n->u.binary.left, *r = n->u.binary.right;
	size_t len = l->u.string.len + r->u.string.len;
	char *text;
	int order;

	if (is_comparison(n->u.binary.op)) {
		order = memcmp(l->u.string.text, r->u.string.text,
			       l->u.string.len < r->u.string.len ? l->u.string.len :
			       r->u.string.len);
		if (!order)
			order = (l->u.string.len > r->u.string.len) -
				(l->u.string.len < r->u.string.len);
		set_bool(n, compare(n->u.binary.op, order));
	} else if (n->u.binary.op == OP_ADD) {
		text = arena_alloc(c->arena, len + 1);
		memcpy(text, l->u.string.text, l->u.string.len);
		memcpy(text + l->u.string.len, r->u.string.text, r->u.string.len);
		set_string(n, text, len);
	}
}

static bool same_literals(const struct node *l, const struct node *r);

/* The item that stands beside the one at `i`: that of its name, in a record. */
static const struct node *item_beside(const struct node *l, size_t i, const struct node *r)
{
	if (l->kind == NODE_TUPLE)
		return r->u.tuple.items.at[i];
	for (size_t j = 0; j < r->u.tuple.items.n; j++)
		if (r->u.tuple.labels.at[j] == l->u.tuple.labels.at[i])
			return r->u.tuple.items.at[j];
	return NULL;
}

static bool same_items(const struct node *l, const struct node *r)
{
	if (l->u.tuple.items.n != r->u.tuple.items.n)
		return false;
	for (size_t i = 0; i < l->u.tuple.items.n; i++) {
		const struct node *beside = item_beside(l, i, r);

		if (!beside || !same_literals(l->u.tuple.items.at[i], beside))
			return false;
	}
	return true;
}

/* Literals of different kinds differ. */
static bool same_literals(const struct node *l, const struct node *r)
{
	if (l->kind != r->kind)
		return false;
	if (l->kind == NODE_TUPLE || l->kind == NODE_RECORD)
		return same_items(l, r);
	if (l->kind == NODE_STRING)
		return l->u.string.len == r->u.string.len &&
		       !memcmp(l->u.string.text, r->u.string.text, l->u.string.len);
	return wide(l) == wide(r);
}

/* May be compared: records of as many fields have the same. */
static bool have_same_labels(const struct node *l, const struct node *r)
{
	if (l->kind != NODE_RECORD || l->u.tuple.items.n != r->u.tuple.items.n)
		return true;
	for (size_t i = 0; i < l->u.tuple.items.n; i++)
		if (!item_beside(l, i, r))
			return false;
	return true;
}

/* Tuples of literals need no common type. */
static void fold_items(struct node *n)
{
	const struct node *l = n->u.binary.left, *r = n->u.binary.right;
	enum ast_op op = n->u.binary.op;

	if ((op == OP_EQ || op == OP_NE) && node_is_literal(l) && node_is_literal(r) &&
	    have_same_labels(l, r))
		set_bool(n, same_items(l, r) == (op == OP_EQ));
}

/* "abc" + 1 drops leading bytes. */
static void fold_offset(struct check *c, struct node *n, const struct node *text,
			const struct node *by)
{
	size_t len = text->u.string.len, drop = by->u.integer.value;

	if (n->u.binary.op != OP_ADD || by->u.integer.negative)
		return;
	if (drop > len || (drop == len && len)) {
		check_hint(c, check_warning(c, n->loc, DIAG_EMPTY_STRING,
					    "literal string will always be empty"),
			   "a number added to a string drops as many bytes at its begin; this one "
			   "has %zu", len);
		drop = len;
	}
	set_string(n, text->u.string.text + drop, len - drop);
}

static bool truth(const struct node *n, bool *value)
{
	if (n->kind != NODE_INT && n->kind != NODE_BOOL)
		return false;
	*value = n->u.integer.value != 0;
	return true;
}

static void fold_binary(struct check *c, struct node *n)
{
	struct node *l = n->u.binary.left, *r = n->u.binary.right;
	bool a, b;

	if (n->u.binary.op == OP_LAND || n->u.binary.op == OP_LOR) {
		if (truth(l, &a) && truth(r, &b))
			set_bool(n, n->u.binary.op == OP_LAND ? a && b : a || b);
	} else if (l->kind == NODE_INT && r->kind == NODE_INT) {
		fold_ints(c, n);
	} else if (l->kind == NODE_BOOL && r->kind == NODE_BOOL) {
		fold_bools(c, n);
	} else if (l->kind == NODE_STRING && r->kind == NODE_STRING) {
		fold_strings(c, n);
	} else if (l->kind == r->kind && (l->kind == NODE_TUPLE || l->kind == NODE_RECORD)) {
		fold_items(n);
	} else if (l->kind == NODE_STRING && r->kind == NODE_INT) {
		fold_offset(c, n, l, r);
	} else if (l->kind == NODE_INT && r->kind == NODE_STRING) {
		fold_offset(c, n, r, l);
	}
}

static void fold_unary(struct check *c, struct node *n)
{
	const struct node *x = n->u.unary.operand;
	bool value;

	if (n->u.unary.op == OP_NOT && truth(x, &value)) {
		set_bool(n, !value);
	} else if (x->kind == NODE_INT && n->u.unary.op == OP_BNOT) {
		node_set_int(n, ~x->u.integer.value, false);
	} else if (x->kind == NODE_INT && n->u.unary.op == OP_NEG && !set_wide(n, -wide(x))) {
		check_error(c, n->loc, DIAG_CONSTANT_OVERFLOW,
			    "unable to fold literals due to overflow or underflow");
		node_set_error(n);
	}
}

/* What a branch is; NULL if it is more than a literal. */
static struct node *literal_of(struct node *branch)
{
	while (branch && branch->kind == NODE_BLOCK)
		branch = branch->u.block.stmts.n ? NULL : branch->u.block.value;
	return branch && node_is_literal(branch) ? branch : NULL;
}

/* { literal } is the literal. */
static void open_block(struct node **slot)
{
	struct node *literal = (*slot)->kind == NODE_BLOCK ? literal_of(*slot) : NULL;

	if (literal)
		*slot = literal;
}

/* Text as a condition holds if there is any. */
static void fold_text_condition(struct node *cond)
{
	if (cond->kind == NODE_STRING)
		set_bool(cond, cond->u.string.len > 0);
}

/* c ? a : b, c ?: b, if c { a } else { b }: a constant condition with literals on both sides. */
static void fold_cond(struct node **slot)
{
	struct node *n = *slot, *cond, *then, *otherwise = literal_of(n->u.cond.otherwise);
	bool value;

	open_block(&n->u.cond.cond);
	cond = n->u.cond.cond;
	then = literal_of(n->u.cond.then ? n->u.cond.then : cond);
	if (!n->u.cond.then && cond->kind == NODE_STRING) {
		*slot = cond->u.string.len ? cond : n->u.cond.otherwise;
		return;
	}
	fold_text_condition(cond);
	if (then && otherwise && truth(cond, &value))
		*slot = value ? then : otherwise;
}

/* str() of a literal is its text; of an integer, its digits. */
static void fold_call(struct check *c, struct node *n)
{
	struct node **args = n->u.call.args.at;
	size_t len;

	for (size_t i = 0; i < n->u.call.args.n; i++)
		open_block(&args[i]);
	if (!n->u.call.builtin || n->u.call.builtin->id != BUILTIN_str)
		return;
	if (args[0]->kind == NODE_INT) {
		const char *text = arena_printf(c->arena, args[0]->u.integer.negative ? "%" PRId64 :
						"%" PRIu64, args[0]->u.integer.value);

		set_string(args[0], text, strlen(text));
	}
	if (args[0]->kind != NODE_STRING)
		return;
	len = args[0]->u.string.len;
	if (n->u.call.args.n == 2) {
		if (args[1]->kind != NODE_INT || args[1]->u.integer.negative)
			return;
		if (args[1]->u.integer.value < len)
			len = args[1]->u.integer.value;
	}
	set_string(n, args[0]->u.string.text, len);
}

static void fold_element(struct node **slot)
{
	struct node *n = *slot, *object = n->u.element.object;

	if ((object->kind == NODE_TUPLE || object->kind == NODE_RECORD) &&
	    node_is_literal(object) && n->u.element.number < object->u.tuple.items.n)
		*slot = object->u.tuple.items.at[n->u.element.number];
}

/* A field of a record of literals. */
static void fold_field(struct node **slot)
{
	struct node *n = *slot, *object = n->u.field.object;

	if (object->kind != NODE_RECORD || !node_is_literal(object))
		return;
	for (size_t i = 0; i < object->u.tuple.items.n; i++)
		if (object->u.tuple.labels.at[i] == n->u.field.name)
			*slot = object->u.tuple.items.at[i];
}

static void fold_index(struct node *n)
{
	const struct node *object = n->u.index.object, *index = n->u.index.index;
	uint64_t at;

	if (object->kind != NODE_STRING || index->kind != NODE_INT || index->u.integer.negative)
		return;
	at = index->u.integer.value;
	if (at <= object->u.string.len)
		node_set_int(n, at == object->u.string.len ? 0 :
			     (uint8_t)object->u.string.text[at], false);
}

static void fold_query(struct check *c, struct node *n)
{
	const struct type *t;

	if (!n->u.type_query.of_type || (c->state->in_rounds ? !c->state->sizes_known :
	    n->u.type_query.of_type->kind == TYPE_EXPR_TYPEOF))
		return;
	t = infer_type_query(c, n);
	if (t && t->kind == TYPE_ERROR)
		node_set_error(n);
}

static void fold_child(struct node **slot, void *arg)
{
	if (*slot)
		fold_expr(arg, slot);
}

void fold_expr(struct check *c, struct node **slot)
{
	struct node *n = *slot;

	node_children(n, fold_child, c);
	switch (n->kind) {
	case NODE_BINARY:
		fold_binary(c, n);
		break;
	case NODE_UNARY:
		fold_unary(c, n);
		break;
	case NODE_TERNARY:
	case NODE_IF:
		fold_cond(slot);
		break;
	case NODE_CALL:
		fold_call(c, n);
		break;
	case NODE_ELEMENT:
		fold_element(slot);
		break;
	case NODE_INDEX:
		fold_index(n);
		break;
	case NODE_COMPTIME:
		open_block(&n->u.unary.operand);
		comptime_fold(slot);
		break;
	case NODE_FIELD:
		fold_field(slot);
		break;
	case NODE_SIZEOF:
	case NODE_OFFSETOF:
	case NODE_TYPEINFO:
		fold_query(c, n);
		break;
	default:
		break;
	}
}
