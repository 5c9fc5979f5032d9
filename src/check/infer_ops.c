/*
 * Types of operators (language 3.4, 3.5).
 */
#include "check/check_impl.h"

bool type_is_number(const struct type *t)
{
	return type_is_integer(t) || type_is_castable(t);
}

bool type_is_condition(const struct type *t)
{
	return type_is_integer(t) || t->kind == TYPE_BOOL || t->kind == TYPE_POINTER;
}

const struct type *type_as_int64(struct check *c, const struct type *t)
{
	if (t->kind == TYPE_COUNT)
		return type_int(c->types, 8, false);
	return type_int(c->types, 8, t->is_signed);
}

static bool is_flexible(const struct type *t)
{
	return t->kind == TYPE_INT && t->is_flexible;
}

static bool is_signed(const struct type *t)
{
	return t->kind != TYPE_BOOL && t->kind != TYPE_COUNT && t->is_signed;
}

/* Is the result of arithmetic on these two signed? */
static bool signs_join(const struct type *l, const struct type *r)
{
	if (is_flexible(l) && is_flexible(r))
		return true;
	if (is_flexible(l))
		return is_signed(r);
	if (is_flexible(r))
		return is_signed(l);
	return is_signed(l) || is_signed(r);
}

const struct type *arithmetic_type(struct check *c, enum ast_op op, const struct type *l,
				   const struct type *r)
{
	bool has_pointer = l->kind == TYPE_POINTER || r->kind == TYPE_POINTER;

	if (l->kind == TYPE_BOOL && r->kind == TYPE_BOOL)
		return c->types->bool_;
	if (has_pointer) {
		if (l->kind == TYPE_POINTER && type_is_number(r) && (op == OP_ADD || op == OP_SUB))
			return type_outside(c, l);
		if (r->kind == TYPE_POINTER && type_is_number(l) && op == OP_ADD)
			return type_outside(c, r);
		return NULL;
	}
	if ((!type_is_number(l) && l->kind != TYPE_BOOL) ||
	    (!type_is_number(r) && r->kind != TYPE_BOOL))
		return NULL;
	if (op == OP_SUB)
		return type_int(c->types, 8, true);
	if (c->state->signs_open && is_flexible(l) && is_flexible(r))
		return type_literal(c->types, INT64_MAX, false);
	return type_int(c->types, 8, signs_join(l, r));
}

static const struct type *bad_operands(struct check *c, const struct node *n)
{
	const struct type *l = n->u.binary.left->type, *r = n->u.binary.right->type;
	bool is_equality = n->u.binary.op == OP_EQ || n->u.binary.op == OP_NE;
	bool has_items = l->kind == TYPE_TUPLE || l->kind == TYPE_RECORD;
	struct diag *d;

	if (l->kind == TYPE_POINTER || r->kind == TYPE_POINTER ||
	    (l->kind == r->kind && !(is_equality && has_items))) {
		check_error(c, n->loc, DIAG_BAD_OPERANDS,
			    "The %s operator can not be used on expressions of types %s, %s",
			    ast_op_text(n->u.binary.op), type_text(c, l), type_text(c, r));
		return bad_type(c);
	}
	d = check_error(c, n->loc, DIAG_BAD_OPERANDS,
			"Type mismatch for '%s': comparing %s with %s",
			ast_op_text(n->u.binary.op), type_text(c, l), type_text(c, r));
	check_note(c, d, n->u.binary.left->loc, "left (%s)", type_text(c, l));
	check_note(c, d, n->u.binary.right->loc, "right (%s)", type_text(c, r));
	return bad_type(c);
}

static bool is_scalar(const struct type *t)
{
	return type_is_number(t) || t->kind == TYPE_BOOL || t->kind == TYPE_POINTER;
}

static bool is_int_array(const struct type *t)
{
	return t->kind == TYPE_ARRAY && type_is_integer(t->target);
}

/* May these two be compared by == and !=, besides numbers? */
static bool same_shape(struct check *c, const struct type *l, const struct type *r)
{
	switch (l->kind) {
	case TYPE_STRING:
		return r->kind == TYPE_STRING || r->kind == TYPE_PROBE_NAME;
	case TYPE_PROBE_NAME:
		return r->kind == TYPE_STRING || r->kind == TYPE_PROBE_NAME;
	case TYPE_BUFFER:
		return r->kind == TYPE_BUFFER;
	case TYPE_ARRAY:
		return is_int_array(l) && is_int_array(r) && l->count == r->count &&
		       l->target->size_bytes == r->target->size_bytes;
	case TYPE_TUPLE:
	case TYPE_RECORD:
		return check_join(c, l, r) != NULL;
	case TYPE_KSYM:
	case TYPE_KSTACK:
	case TYPE_USTACK:
	case TYPE_MACADDR:
	case TYPE_INET:
	case TYPE_USERNAME:
		return l == r;
	default:
		return false;
	}
}

/*
 * A field `unsigned char a[16]` reads as text, as the kernel's __u8 arrays do; beside an address
 * from pton(), or other bytes of that number, it is all its bytes.
 */
bool text_is_as_bytes(const struct node *text, const struct node *bytes)
{
	const struct type *stored = node_stored_type(text), *t = bytes->type;

	return stored->kind == TYPE_CHARS && is_int_array(t) && t->target->size_bytes == 1 &&
	       t->count == stored->size_bytes;
}

static bool are_bytes(const struct node *n)
{
	return text_is_as_bytes(n->u.binary.left, n->u.binary.right) ||
	       text_is_as_bytes(n->u.binary.right, n->u.binary.left);
}

static void warn_pointers(struct check *c, const struct node *n, const struct type *l,
			  const struct type *r)
{
	if (l->kind != TYPE_POINTER || r->kind != TYPE_POINTER)
		return;
	if (l->target != r->target)
		check_warning(c, n->loc, DIAG_POINTER_TYPES,
			      "comparison of distinct pointer types: "
			      "%s, %s", type_text(c, l), type_text(c, r));
	else if (l->space != r->space && l->space != SPACE_NONE && r->space != SPACE_NONE)
		check_warning(c, n->loc, DIAG_ADDRESS_SPACES,
			      "comparison of a kernel pointer with a user pointer");
}

static const struct type *infer_comparison(struct check *c, struct node *n)
{
	const struct type *l = n->u.binary.left->type, *r = n->u.binary.right->type;
	bool is_equality = n->u.binary.op == OP_EQ || n->u.binary.op == OP_NE;

	if (is_equality) {
		l = args_become_record(c, n->u.binary.left);
		r = args_become_record(c, n->u.binary.right);
	}
	if ((l->kind == TYPE_POINTER && type_is_aggregate(r)) ||
	    (r->kind == TYPE_POINTER && type_is_aggregate(l)))
		return bad_operands(c, n);
	if (is_scalar(l) && is_scalar(r)) {
		warn_pointers(c, n, l, r);
		return c->types->bool_;
	}
	if (is_equality && (same_shape(c, l, r) || are_bytes(n)))
		return c->types->bool_;
	return bad_operands(c, n);
}

static const struct type *infer_logical(struct check *c, struct node *n)
{
	const struct type *l = n->u.binary.left->type, *r = n->u.binary.right->type;

	if (!is_scalar(l) || !is_scalar(r))
		return bad_operands(c, n);
	return c->types->bool_;
}

static void warn_division(struct check *c, const struct node *n)
{
	const struct type *l = n->u.binary.left->type, *r = n->u.binary.right->type;

	if (n->u.binary.op != OP_DIV && n->u.binary.op != OP_MOD)
		return;
	if (is_flexible(l) || is_flexible(r) || is_signed(l) == is_signed(r))
		return;
	check_warning(c, n->loc, DIAG_SIGNED_DIVISION,
		      "signed operands for '%s' can lead to undefined "
		      "behavior (cast to unsigned to silence warning)",
		      ast_op_text(n->u.binary.op));
}

static const struct type *infer_arithmetic(struct check *c, struct node *n)
{
	const struct type *l = n->u.binary.left->type, *r = n->u.binary.right->type;
	const struct type *t = arithmetic_type(c, n->u.binary.op, l, r);

	if (!t)
		return bad_operands(c, n);
	if (t->kind == TYPE_POINTER && t->target->kind != TYPE_VOID && !t->target->size_bytes) {
		check_error(c, n->loc, DIAG_BAD_OPERANDS,
			    "arithmetic on a pointer to a type of unknown size");
		return bad_type(c);
	}
	warn_division(c, n);
	return t;
}

const struct type *infer_binary(struct check *c, struct node *n)
{
	const struct type *l = infer_expr(c, n->u.binary.left);
	const struct type *r = infer_expr(c, n->u.binary.right);
	enum ast_op op = n->u.binary.op;
	bool is_truth = op == OP_LAND || op == OP_LOR || (op >= OP_EQ && op <= OP_GE);

	if (!l || !r)
		return is_truth ? c->types->bool_ : NULL;
	if (l->kind == TYPE_ERROR || r->kind == TYPE_ERROR)
		return is_truth ? c->types->bool_ : bad_type(c);
	if (op == OP_LAND || op == OP_LOR)
		return infer_logical(c, n);
	if (is_truth)
		return infer_comparison(c, n);
	return infer_arithmetic(c, n);
}

static const struct type *bad_operand(struct check *c, const struct node *n)
{
	check_error(c, n->loc, DIAG_BAD_OPERANDS,
		    "The %s operator can not be used on expressions of type '%s'",
		    ast_op_text(n->u.unary.op), type_text(c, n->u.unary.operand->type));
	return bad_type(c);
}

static const struct type *infer_deref(struct check *c, struct node *n, const struct type *t)
{
	if (type_is_integer(t))
		return type_int(c->types, 8, false);
	if (t->kind != TYPE_POINTER)
		return bad_operand(c, n);
	if (t->target->kind == TYPE_VOID) {
		check_error(c, n->loc, DIAG_BAD_OPERANDS, "can not dereference a pointer to void");
		return bad_type(c);
	}
	return type_reached(c->types, t->target, t->space);
}

/* Of a variable that is a reference (a struct, an array): what it refers to. */
static const struct type *infer_address(struct check *c, struct node *n)
{
	struct node *operand = n->u.unary.operand;
	const struct type *t;

	if (operand->kind == NODE_MAP) {
		operand->type = c->types->void_;
		return type_pointer(c->types, c->types->void_, SPACE_KERNEL, false);
	}
	t = infer_expr(c, operand);
	if (!t || t->kind == TYPE_ERROR)
		return t;
	return type_pointer(c->types, t, (t->kind == TYPE_STRUCT || t->kind == TYPE_ARRAY) &&
			    t->space != SPACE_NONE ? t->space : SPACE_KERNEL, false);
}

const struct type *infer_unary(struct check *c, struct node *n)
{
	const struct type *t;

	if (n->u.unary.op == OP_ADDR)
		return infer_address(c, n);
	t = infer_expr(c, n->u.unary.operand);
	if (!t)
		return n->u.unary.op == OP_NOT ? c->types->bool_ : NULL;
	if (t->kind == TYPE_ERROR)
		return n->u.unary.op == OP_NOT ? c->types->bool_ : t;
	switch (n->u.unary.op) {
	case OP_DEREF:
		return infer_deref(c, n, t);
	case OP_NOT:
		return type_is_number(t) || t->kind == TYPE_BOOL ? c->types->bool_ :
		       bad_operand(c, n);
	default:
		return type_is_number(t) ? type_int(c->types, 8, is_flexible(t) || is_signed(t)) :
		       bad_operand(c, n);
	}
}

/* What ++ and -- make of a variable or map. */
static const struct type *step_type(struct check *c, const struct node *n, const struct type *t)
{
	if (t->kind == TYPE_POINTER)
		return t;
	/* A difference always has a sign. */
	if (n->u.incdec.decrement)
		return type_int(c->types, 8, true);
	if (is_flexible(t))
		return c->state->signs_open ? type_literal(c->types, INT64_MAX, false) :
		       type_int(c->types, 8, true);
	return type_int(c->types, 8, t->is_signed);
}

const struct type *infer_incdec(struct check *c, struct node *n)
{
	struct node *to = n->u.incdec.operand;
	const struct type *t = infer_expr(c, to), *next;

	if (!t || t->kind == TYPE_ERROR)
		return t;
	if (to->kind != NODE_VAR && type_is_aggregate(t)) {
		check_error(c, n->loc, DIAG_TYPE_MISMATCH,
			    "Type mismatch for @%s: trying to assign "
			    "value of type '%s' when map already has a type '%s'",
			    to->u.map.map->name, "int64", type_text(c, t));
		return bad_type(c);
	}
	if (t->kind != TYPE_INT && t->kind != TYPE_ENUM && t->kind != TYPE_POINTER) {
		check_error(c, n->loc, DIAG_BAD_OPERANDS,
			    "The %s operator can not be used on expressions of type '%s'",
			    n->u.incdec.decrement ? "--" : "++", type_text(c, t));
		return bad_type(c);
	}
	next = step_type(c, n, t);
	if (to->kind != NODE_VAR)
		cell_add_value(c, to->u.map.map, next, n->loc);
	else if (!to->u.var.var->is_sized)
		cell_add_var(c, to->u.var.var, next, n->loc, NULL);
	return n->u.incdec.decrement && t->kind != TYPE_POINTER ? type_int(c->types, 8, true)
								: next;
}
