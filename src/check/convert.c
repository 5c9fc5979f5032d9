/*
 * After types are final: implicit casts, constant branches, the shapes that
 * check.h promises to lowering.
 *
 * Everything here works on slots from the leaves up; convert_to gives the
 * expression in a slot a type that it can be converted to, and warns of what
 * may be lost on the way.
 */
#include "check/check_impl.h"

struct node *cast_node(struct check *c, struct node *n, const struct type *to)
{
	struct node *cast = node_new(c->arena, NODE_CAST, n->loc);

	cast->implicit = true;
	cast->type = to;
	cast->u.cast.operand = n;
	return cast;
}

static bool is_flexible(const struct type *t)
{
	return t->kind == TYPE_INT && t->is_flexible;
}

static void warn_loss(struct check *c, const struct node *n, const struct type *to)
{
	if (!type_is_integer(n->type) || !type_is_integer(to) || is_flexible(n->type) ||
	    type_int_fits(n->type, to))
		return;
	check_warning(c, n->loc, DIAG_LOSSY_CONVERSION,
		      "Expression of type: %s being cast to type: %s. "
		      "This may cause unexpected results. Use an explicit cast to suppress this "
		      "warning.",
		      type_text(c, n->type), type_text(c, to));
}

static void convert_literal(struct check *c, struct node *n, const struct type *to)
{
	if (!type_int_holds(to, n->u.integer.value, n->u.integer.negative))
		check_error(c, n->loc, DIAG_LITERAL_RANGE,
			    "Literal %s%llu does not fit the type %s",
			    n->u.integer.negative ? "-" : "", (unsigned long long)
			    (n->u.integer.negative ? -n->u.integer.value : n->u.integer.value),
			    type_text(c, to));
	n->type = to;
}

/* A tuple that is written out is converted item by item. */
static void convert_items(struct check *c, struct node *n, const struct type *to)
{
	for (size_t i = 0; i < n->u.tuple.items.n; i++) {
		const struct type *item = to->fields[i].type;

		if (n->kind == NODE_RECORD)
			for (size_t j = 0; j < to->nr_fields; j++)
				if (to->fields[j].name == n->u.tuple.labels.at[i])
					item = to->fields[j].type;
		convert_to(c, &n->u.tuple.items.at[i], item);
	}
	n->type = to;
}

static bool same_order(const struct node *n, const struct type *to)
{
	for (size_t i = 0; n->kind == NODE_RECORD && i < n->u.tuple.items.n; i++)
		if (n->u.tuple.labels.at[i] != to->fields[i].name)
			return false;
	return true;
}

/* Lowering copies these as they are: only their size, or what is known of where
 * they point, differs. */
static bool is_copied(const struct type *from, const struct type *to)
{
	if (from->kind == TYPE_POINTER && from->space == SPACE_CONTEXT &&
	    to->space != SPACE_CONTEXT)
		return false;
	return from->kind == to->kind &&
	       (from->kind == TYPE_STRING || from->kind == TYPE_BUFFER ||
		from->kind == TYPE_POINTER || from->kind == TYPE_ARRAY ||
		from->kind == TYPE_STRUCT || type_is_aggregate(from));
}

/* An aggregation with keys is merged over the CPUs by a helper. */
static void check_merge(struct check *c, const struct node *n)
{
	if (n->kind != NODE_MAP_ELEM || !type_is_castable(n->type) ||
	    target_has(c->target, FEATURE_MAP_LOOKUP_PERCPU))
		return;
	check_hint(c,
		   check_error(c, n->loc, DIAG_KERNEL_FEATURE,
			       "reading a value of type '%s' needs %s, "
			       "which kernels from %s on have",
			       type_text(c, n->type),
			       target_feature_text(FEATURE_MAP_LOOKUP_PERCPU),
			       target_feature_kernel(FEATURE_MAP_LOOKUP_PERCPU)),
		   "print(@%s) works on this kernel, too", n->u.map.name);
}

void convert_to(struct check *c, struct node **slot, const struct type *to)
{
	struct node *n = *slot;
	const struct type *from = n->type;

	if (from == to || !from || !to || from->kind == TYPE_ERROR || is_copied(from, to))
		return;
	if (n->kind == NODE_INT && type_is_integer(to)) {
		convert_literal(c, n, to);
		return;
	}
	if ((n->kind == NODE_TUPLE || n->kind == NODE_RECORD) && to->kind == from->kind &&
	    same_order(n, to)) {
		convert_items(c, n, to);
		return;
	}
	warn_loss(c, n, to);
	check_merge(c, n);
	*slot = cast_node(c, n, to);
}

/* 64 bits, keeping the sign of the expression itself. */
static void convert_to_64(struct check *c, struct node **slot)
{
	const struct type *t = (*slot)->type;

	if (t->kind == TYPE_BOOL)
		convert_to(c, slot, type_int(c->types, 8, false));
	else if (t->kind != TYPE_POINTER)
		convert_to(c, slot, type_as_int64(c, t));
}

static const struct type *number_of(struct check *c, const struct type *t)
{
	if (type_is_castable(t))
		return type_as_int64(c, t);
	if (t->kind == TYPE_BOOL)
		return type_int(c->types, 1, false);
	if (t->kind == TYPE_POINTER)
		return type_int(c->types, 8, false);
	return t;
}

static void convert_both(struct check *c, struct node *n, const struct type *to)
{
	convert_to(c, &n->u.binary.left, to);
	convert_to(c, &n->u.binary.right, to);
}

/* A pointer is compared as a number; what a literal is then is not in doubt. */
static void convert_as_address(struct check *c, struct node **slot)
{
	struct node *n = *slot;

	if (n->type->kind == TYPE_POINTER || n->kind != NODE_INT)
		*slot = cast_node(c, n, type_int(c->types, 8, false));
	else
		n->type = type_int(c->types, 8, false);
}

/* A field of bytes that reads as text is its bytes where it is compared with such. */
static bool convert_text_to_bytes(struct check *c, struct node *n)
{
	struct node **l = &n->u.binary.left, **r = &n->u.binary.right;

	if (text_is_as_bytes(*l, *r))
		*l = cast_node(c, *l, (*r)->type);
	else if (text_is_as_bytes(*r, *l))
		*r = cast_node(c, *r, (*l)->type);
	else
		return false;
	return true;
}

static void convert_comparison(struct check *c, struct node *n)
{
	const struct type *l = n->u.binary.left->type, *r = n->u.binary.right->type, *joined;

	if (convert_text_to_bytes(c, n))
		return;

	if (l->kind == TYPE_BOOL && r->kind == TYPE_BOOL)
		return;
	if (l->kind == TYPE_POINTER || r->kind == TYPE_POINTER) {
		convert_as_address(c, &n->u.binary.left);
		convert_as_address(c, &n->u.binary.right);
		return;
	}
	joined = check_join(c, number_of(c, l), number_of(c, r));
	if (!joined || joined->kind == TYPE_ARRAY)
		return;
	/* Strings are compared up to the smaller size, as they are. */
	if (l->kind == TYPE_STRING && r->kind == TYPE_STRING)
		return;
	convert_both(c, n, joined);
}

/* Conditions: aggregations become numbers first. */
static void convert_condition(struct check *c, struct node **slot)
{
	if (type_is_castable((*slot)->type))
		convert_to(c, slot, type_as_int64(c, (*slot)->type));
}

/* Like convert_to, but without a word about signs: that the difference of two
 * unsigned times is signed is how the language is. */
static void convert_quietly(struct check *c, struct node **slot, const struct type *to)
{
	struct node *n = *slot;

	if (n->kind == NODE_INT || n->type == to)
		convert_to(c, slot, to);
	else
		*slot = cast_node(c, n, to);
}

static void convert_arithmetic(struct check *c, struct node *n)
{
	if (n->type->kind == TYPE_BOOL)
		return;
	if (n->type->kind == TYPE_POINTER) {
		convert_to_64(c, &n->u.binary.left);
		convert_to_64(c, &n->u.binary.right);
	} else if (n->u.binary.op == OP_SUB) {
		convert_quietly(c, &n->u.binary.left, n->type);
		convert_quietly(c, &n->u.binary.right, n->type);
	} else {
		convert_both(c, n, n->type);
	}
}

static void convert_binary(struct check *c, struct node *n)
{
	enum ast_op op = n->u.binary.op;

	if (op == OP_LAND || op == OP_LOR) {
		convert_condition(c, &n->u.binary.left);
		convert_condition(c, &n->u.binary.right);
	} else if (op >= OP_EQ && op <= OP_GE) {
		convert_comparison(c, n);
	} else {
		convert_arithmetic(c, n);
	}
}

/* `-` and `~` of an unsigned type stay within its width: ~(uint8)5 is 250. */
static void wrap_unsigned(struct check *c, struct node **slot, const struct type *t)
{
	struct node *n = *slot;

	if (!type_is_integer(t) || t->is_signed || t->size_bytes == 8)
		return;
	*slot = cast_node(c, cast_node(c, n, type_int(c->types, t->size_bytes, false)), n->type);
}

static void convert_unary(struct check *c, struct node **slot)
{
	struct node *n = *slot;
	const struct type *t = n->u.unary.operand->type;
	struct node **x = &n->u.unary.operand;

	if (n->u.unary.op == OP_NOT) {
		convert_condition(c, x);
	} else if (n->u.unary.op == OP_DEREF && type_is_integer(t)) {
		*x = cast_node(c, *x, type_pointer(c->types, type_int(c->types, 8, false),
						   c->prog->provider->space, false));
	} else if (n->u.unary.op != OP_DEREF && n->u.unary.op != OP_ADDR) {
		convert_to(c, x, n->type);
		wrap_unsigned(c, slot, t);
	}
}

/* a->b through more than one pointer: dereference until one is left. */
static void convert_field(struct check *c, struct node *n)
{
	struct node **object = &n->u.field.object;

	while ((*object)->type->kind == TYPE_POINTER &&
	       (*object)->type->target->kind == TYPE_POINTER) {
		struct node *deref = node_new(c->arena, NODE_UNARY, (*object)->loc);
		const struct type *t = (*object)->type;

		deref->u.unary.op = OP_DEREF;
		deref->u.unary.operand = *object;
		deref->type = type_reached(c->types, t->target, t->space);
		*object = deref;
	}
}

/* A record's field, and an index into a tuple, are elements. */
static void become_element(struct node *n, struct node *object, uint64_t number)
{
	n->kind = NODE_ELEMENT;
	n->u.element.object = object;
	n->u.element.number = number;
}

static void convert_access(struct check *c, struct node *n)
{
	if (n->kind == NODE_FIELD) {
		const struct type *t = n->u.field.object->type;

		if (t->kind == TYPE_RECORD)
			become_element(n, n->u.field.object,
				       (uint64_t)(n->u.field.found - t->fields));
		else
			convert_field(c, n);
	} else if (n->u.index.object->type->kind == TYPE_TUPLE ||
		   n->u.index.object->type->kind == TYPE_RECORD) {
		become_element(n, n->u.index.object, n->u.index.index->u.integer.value);
	} else {
		convert_to_64(c, &n->u.index.index);
	}
}

/* The value of a block is converted inside it. */
static void convert_value(struct check *c, struct node **slot, const struct type *to)
{
	struct node *n = *slot;

	if (n->kind == NODE_BLOCK && n->u.block.value) {
		convert_value(c, &n->u.block.value, to);
		n->type = n->u.block.value->type;
	} else {
		convert_to(c, slot, to);
	}
}

static void convert_branches(struct check *c, struct node **slot)
{
	struct node *n = *slot, *cond = n->u.cond.cond;

	if (n->type->kind != TYPE_VOID) {
		if (n->u.cond.then)
			convert_value(c, &n->u.cond.then, n->type);
		else
			convert_to(c, &n->u.cond.cond, n->type);
		if (n->u.cond.otherwise)
			convert_value(c, &n->u.cond.otherwise, n->type);
	}
	if (n->u.cond.then && (cond->kind == NODE_INT || cond->kind == NODE_BOOL)) {
		struct node *chosen = cond->u.integer.value ? n->u.cond.then : n->u.cond.otherwise;

		if (!chosen) {
			chosen = node_new(c->arena, NODE_BLOCK, n->loc);
			chosen->type = c->types->void_;
		}
		*slot = chosen;
	}
}

static void convert_tuple(struct check *c, struct node *n)
{
	for (size_t i = 0; i < n->u.tuple.items.n; i++)
		convert_to(c, &n->u.tuple.items.at[i], n->type->fields[i].type);
}

static void convert_assign(struct check *c, struct node *n)
{
	const struct node *target = n->u.assign.target;
	const struct type *to = target->type;

	if (n->u.assign.op != OP_NONE) {
		const struct type *t = arithmetic_type(c, n->u.assign.op, to,
						       n->u.assign.value->type);

		if (!t || t->kind == TYPE_POINTER)
			convert_to_64(c, &n->u.assign.value);
		else if (n->u.assign.op == OP_SUB)
			convert_quietly(c, &n->u.assign.value, t);
		else
			convert_to(c, &n->u.assign.value, t);
		return;
	}
	convert_to(c, &n->u.assign.value, to);
}

static void convert_child(struct node **slot, void *arg)
{
	if (*slot)
		convert_expr(arg, slot);
}

static void convert_stmt(struct check *c, struct node *n)
{
	switch (n->kind) {
	case NODE_ASSIGN:
		convert_assign(c, n);
		break;
	case NODE_LET:
		if (n->u.let.value)
			convert_to(c, &n->u.let.value, n->u.let.var->type);
		break;
	case NODE_FOR_RANGE:
		convert_to(c, &n->u.loop.from, n->u.loop.var->type);
		convert_to(c, &n->u.loop.to, n->u.loop.var->type);
		break;
	case NODE_WHILE:
		convert_condition(c, &n->u.loop.cond);
		break;
	case NODE_RETURN:
		if (n->u.unary.operand)
			convert_to(c, &n->u.unary.operand, c->prog->func ?
				   c->prog->func->returned->type : type_int(c->types, 8, true));
		break;
	default:
		break;
	}
}

void convert_expr(struct check *c, struct node **slot)
{
	struct node *n = *slot;

	node_children(n, convert_child, c);
	switch (n->kind) {
	case NODE_BINARY:
		convert_binary(c, n);
		break;
	case NODE_UNARY:
		convert_unary(c, slot);
		break;
	case NODE_FIELD:
	case NODE_INDEX:
		convert_access(c, n);
		break;
	case NODE_MAP_ELEM:
		convert_to(c, &n->u.map.keys.at[0], n->u.map.map->key);
		break;
	case NODE_TERNARY:
	case NODE_IF:
		convert_branches(c, slot);
		break;
	case NODE_TUPLE:
	case NODE_RECORD:
		convert_tuple(c, n);
		break;
	case NODE_CALL:
		convert_call(c, slot);
		break;
	default:
		convert_stmt(c, n);
		break;
	}
}

void convert_prog(struct check *c, struct prog *prog)
{
	c->prog = prog;
	convert_expr(c, &prog->body);
}
