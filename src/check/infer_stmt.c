/*
 * Statements: what they assign, and the rules of control flow (language 4.8).
 */
#include "check/check_impl.h"

static bool is_storable(const struct type *t)
{
	return t->kind != TYPE_VOID && t->kind != TYPE_TIMESTAMP_MODE &&
	       (!type_is_aggregate(t) || type_is_castable(t));
}

static void assign_var(struct check *c, struct node *n, struct var *v, const struct type *t,
		       const struct node *value)
{
	if (!t || t->kind == TYPE_ERROR)
		return;
	if (!is_storable(t)) {
		check_error(c, n->loc, DIAG_NOT_ASSIGNABLE,
			    "Value '%s' cannot be assigned to a scratch variable.",
			    type_text(c, t));
		return;
	}
	if (value && node_clock(value) != CLOCK_MODE_BOOT)
		v->clock = node_clock(value);
	v->only_value = value;
	cell_add_var(c, v, t, n->loc, value);
}

/* An aggregation read from another map: an integer, if that is what the map
 * holds, but no aggregation of its own. */
static const char *aggregate_example(enum type_kind kind)
{
	static const char *const calls[TYPE_KIND_COUNT] = {
		[TYPE_COUNT] = "count()", [TYPE_SUM] = "sum(retval)", [TYPE_MIN] = "min(retval)",
		[TYPE_MAX] = "max(retval)", [TYPE_AVG] = "avg(retval)",
		[TYPE_STATS] = "stats(arg2)", [TYPE_HIST] = "hist(retval)",
		[TYPE_LHIST] = "lhist(rand, 0, 100, 10)",
		[TYPE_TSERIES] = "tseries(rand % 10, 10s, 1)",
	};

	return calls[kind] ? calls[kind] : "count()";
}

static void copy_aggregate(struct check *c, struct node *n, struct map *m,
			   const struct type *t)
{
	const struct node *from = n->u.assign.value;
	struct diag *d;

	if (type_is_castable(t) && m->value && type_is_integer(m->value)) {
		cell_add_value(c, m, type_as_int64(c, t), n->loc);
		return;
	}
	d = check_error(c, n->loc, DIAG_AGGREGATE_COPY,
			"Map value '%s' cannot be assigned from one map "
			"to another. The function that returns this type must be called directly "
			"e.g. `@%s = %s;`.",
			type_text(c, t), m->name, aggregate_example(t->kind));
	if (type_is_castable(t) && (from->kind == NODE_MAP || from->kind == NODE_MAP_ELEM))
		check_hint(c, d, "Add a cast to integer if you want the value of the aggregate, "
			   "e.g. `@%s = (int64)@%s%s;`.", m->name, from->u.map.name,
			   from->kind == NODE_MAP ? "" : "[...]");
}

static void assign_map(struct check *c, struct node *n, struct map *m, const struct type *t)
{
	struct node *value = n->u.assign.value;

	if (n->u.assign.op == OP_NONE)
		t = args_become_record(c, value);
	if (!t || t->kind == TYPE_ERROR)
		return;
	if (t->kind == TYPE_VOID || t->kind == TYPE_TIMESTAMP_MODE) {
		check_error(c, n->loc, DIAG_NOT_ASSIGNABLE,
			    "Value '%s' cannot be assigned to a map.",
			    type_text(c, t));
		return;
	}
	if (is_part_context(c, t)) {
		check_hint(c, check_error(c, n->loc, DIAG_NOT_ASSIGNABLE,
					  "Value '%s' cannot be assigned to a map.",
					  type_text(c, t)), "name a field of it");
		return;
	}
	t = type_outside(c, t);
	if (node_clock(value) != CLOCK_MODE_BOOT)
		m->clock = node_clock(value);
	if (type_is_aggregate(t) && value->kind != NODE_CALL)
		copy_aggregate(c, n, m, t);
	else
		cell_add_value(c, m, t, n->loc);
}

static const struct type *compound_type(struct check *c, struct node *n, const struct type *was,
					const struct type *t)
{
	const struct type *result;

	if (!was || !t || was->kind == TYPE_ERROR || t->kind == TYPE_ERROR)
		return NULL;
	result = type_is_aggregate(was) ? NULL : arithmetic_type(c, n->u.assign.op, was, t);
	if (!result)
		check_error(c, n->loc, DIAG_BAD_OPERANDS,
			    "The %s operator can not be used on expressions of types %s, %s",
			    ast_op_text(n->u.assign.op), type_text(c, was), type_text(c, t));
	return result;
}

static void infer_assign(struct check *c, struct node *n)
{
	struct node *target = n->u.assign.target;
	const struct type *t, *was;

	c->state->map_value = target->kind != NODE_VAR && n->u.assign.op == OP_NONE ?
			      n->u.assign.value : NULL;
	t = infer_expr(c, n->u.assign.value);
	c->state->map_value = NULL;
	was = infer_expr(c, target);
	if (n->u.assign.op != OP_NONE)
		t = compound_type(c, n, was, t);
	if (target->kind == NODE_VAR) {
		if (n->u.assign.op == OP_NONE || !target->u.var.var->is_sized)
			assign_var(c, n, target->u.var.var, t, n->u.assign.value);
	} else if (target->kind == NODE_MAP || target->kind == NODE_MAP_ELEM) {
		assign_map(c, n, target->u.map.map, t);
	}
}

static void declare(struct check *c, struct node *n)
{
	struct var *v = n->u.let.var;
	const struct type *t;
	bool is_open;

	bool moves = n->u.let.declared && n->u.let.declared->kind == TYPE_EXPR_TYPEOF;

	if (!n->u.let.declared || (v->is_sized && !moves))
		return;
	t = type_of_expr(c, n->u.let.declared, &is_open);
	if (!t || t->kind == TYPE_ERROR)
		return;
	if (type_is_aggregate(t) || t->kind == TYPE_VOID) {
		check_error(c, n->u.let.declared->loc, DIAG_BAD_DECLARATION,
			    "Invalid variable declaration type: %s", type_text(c, t));
		return;
	}
	if (is_open) {
		v->opened = t;	/* the assignments say how large */
		return;
	}
	if (t->kind == TYPE_STRUCT) {
		cell_add_var(c, v, t, n->loc, NULL);	/* and here, in whose memory */
		return;
	}
	if (t->kind == TYPE_POINTER && !moves)
		t = type_pointer(c->types, t->target, c->prog->provider->space, false);
	v->is_sized = true;
	v->type = v->next = t;
}

static void infer_let(struct check *c, struct node *n)
{
	declare(c, n);
	if (n->u.let.value)
		assign_var(c, n, n->u.let.var, infer_expr(c, n->u.let.value), n->u.let.value);
}

static void infer_while(struct check *c, struct node *n)
{
	check_hint(c, check_warning(c, n->loc, DIAG_WHILE_DEPRECATED,
				    "While loops are deprecated and may be removed in the future."),
		   "For loops support ranges: for ($i : 0..10) { ... }");
	infer_condition(c, n->u.loop.cond, n->loc);
	infer_block(c, n->u.loop.body);
}

static void infer_unroll(struct check *c, struct node *n)
{
	const struct node *count = n->u.loop.cond;
	int64_t turns;

	infer_expr(c, n->u.loop.cond);
	if (!node_int64(count, &turns))
		check_error(c, n->loc, DIAG_BAD_UNROLL,
			    "invalid unroll value: it must be a literal");
	else if (turns > 100)
		check_error(c, n->loc, DIAG_BAD_UNROLL, "unroll maximum value is 100");
	else if (turns < 1)
		check_error(c, n->loc, DIAG_BAD_UNROLL, "unroll minimum value is 1");
	infer_block(c, n->u.loop.body);
}

static bool check_range_end(struct check *c, const struct node *end, const char *what)
{
	if (!end->type || end->type->kind == TYPE_ERROR)
		return false;
	if (type_is_number(end->type))
		return true;
	check_error(c, end->loc, DIAG_BAD_RANGE, "Loop range requires an integer for the %s value",
		    what);
	return false;
}

static void need_feature(struct check *c, struct loc loc, enum target_feature f, const char *what)
{
	if (!target_has(c->target, f))
		check_error(c, loc, DIAG_KERNEL_FEATURE,
			    "%s needs %s, which kernels from %s on have",
			    what, target_feature_text(f), target_feature_kernel(f));
}

static void infer_for_range(struct check *c, struct node *n)
{
	bool is_good;

	infer_expr(c, n->u.loop.from);
	infer_expr(c, n->u.loop.to);
	is_good = check_range_end(c, n->u.loop.from, "start");
	is_good = check_range_end(c, n->u.loop.to, "end") && is_good;
	if (is_good) {
		const struct type *from = type_is_castable(n->u.loop.from->type) ?
			type_as_int64(c, n->u.loop.from->type) : n->u.loop.from->type;
		const struct type *to = type_is_castable(n->u.loop.to->type) ?
			type_as_int64(c, n->u.loop.to->type) : n->u.loop.to->type;

		cell_add_var(c, n->u.loop.var, check_join(c, from, to), n->loc, NULL);
	}
	infer_block(c, n->u.loop.body);
}

static void infer_for_map(struct check *c, struct node *n)
{
	struct map *m = n->u.loop.map->u.map.map;
	const struct type *pair[2] = { m->key, m->value };

	need_feature(c, n->loc, FEATURE_FOR_EACH_MAP_ELEM, "a loop over a map");
	n->u.loop.map->type = m->value;
	if (pair[0] && pair[1]) {
		if (type_is_castable(pair[1]))
			pair[1] = type_as_int64(c, pair[1]);
		if (type_is_aggregate(pair[1]))
			check_error(c, n->u.loop.map->loc, DIAG_BAD_LOOP,
				    "Loop expression does not support type: %s",
				    type_text(c, pair[1]));
		else
			cell_add_var(c, n->u.loop.var, type_tuple(c->types, pair, NULL, 2), n->loc,
				     NULL);
	}
	infer_block(c, n->u.loop.body);
}

static void infer_return(struct check *c, struct node *n)
{
	struct node *value = n->u.unary.operand;
	const struct type *t = value ? infer_expr(c, value) : NULL;

	if (c->prog->func)
		infer_func_return(c, n);
	else if (t && t->kind != TYPE_ERROR && !type_is_number(t) && t->kind != TYPE_BOOL)
		check_error(c, n->loc, DIAG_BAD_RETURN,
			    "Probe return values can only be integers. Found %s", type_text(c, t));
}

static bool has_effect(const struct node *n)
{
	const struct node *value = n;

	while (value->kind == NODE_BLOCK && value->u.block.value)
		value = value->u.block.value;
	return value->kind == NODE_INCDEC || value->kind == NODE_ERROR;
}

static void warn_discarded(struct check *c, const struct node *n)
{
	if (!n->type || n->type->kind == TYPE_VOID || n->type->kind == TYPE_ERROR || has_effect(n))
		return;
	/* Dropping what delete() or find() found out is no mistake. */
	if (n->kind == NODE_CALL && n->u.call.builtin &&
	    !(n->u.call.builtin->flags & BUILTIN_F_PURE))
		return;
	check_warning(c, n->loc, DIAG_DISCARDED_VALUE, "Return value discarded.");
}

static void infer_effect(struct check *c, struct node *n)
{
	infer_expr(c, n);
	/* A block in parentheses stands for the call of a macro. */
	if (n->kind != NODE_IF && (n->kind != NODE_BLOCK || n->parens))
		warn_discarded(c, n);
}

static void infer_if_stmt(struct check *c, struct node *n)
{
	infer_condition(c, n->u.cond.cond, n->loc);
	infer_stmt(c, n->u.cond.then);
	if (n->u.cond.otherwise)
		infer_stmt(c, n->u.cond.otherwise);
	n->type = c->types->void_;
}

static void infer_block_stmt(struct check *c, struct node *n)
{
	infer_block(c, n);
	if (n->u.block.value)
		warn_discarded(c, n->u.block.value);
}

void infer_stmt(struct check *c, struct node *n)
{
	switch (n->kind) {
	case NODE_EXPR_STMT:
		infer_effect(c, n->u.unary.operand);
		break;
	case NODE_DISCARD:
		infer_expr(c, n->u.unary.operand);
		break;
	case NODE_ASSIGN:
		infer_assign(c, n);
		break;
	case NODE_LET:
		infer_let(c, n);
		break;
	case NODE_WHILE:
		infer_while(c, n);
		break;
	case NODE_UNROLL:
		infer_unroll(c, n);
		break;
	case NODE_FOR_RANGE:
		infer_for_range(c, n);
		break;
	case NODE_FOR_MAP:
		infer_for_map(c, n);
		break;
	case NODE_RETURN:
		infer_return(c, n);
		break;
	case NODE_IF:
		infer_if_stmt(c, n);
		break;
	case NODE_BLOCK:
		infer_block_stmt(c, n);
		break;
	case NODE_BREAK:
	case NODE_CONTINUE:
	case NODE_IMPORT:
	case NODE_ERROR:
		break;
	default:
		infer_effect(c, n);
		break;
	}
}

static bool is_jump(const struct node *n)
{
	const struct node *call = n->kind == NODE_EXPR_STMT ? n->u.unary.operand : n;

	if (call->kind == NODE_CALL && call->u.call.builtin)
		return call->u.call.builtin->id == BUILTIN_exit;
	return n->kind == NODE_RETURN || n->kind == NODE_BREAK || n->kind == NODE_CONTINUE;
}

const struct type *infer_block(struct check *c, struct node *n)
{
	for (size_t i = 0; i < n->u.block.stmts.n; i++) {
		struct node *stmt = n->u.block.stmts.at[i];

		infer_stmt(c, stmt);
		if (i && is_jump(n->u.block.stmts.at[i - 1]))
			check_warning(c, stmt->loc, DIAG_UNREACHABLE, "Unreachable statement.");
	}
	n->type = n->u.block.value ? infer_expr(c, n->u.block.value) : c->types->void_;
	return n->type;
}
