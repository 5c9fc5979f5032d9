/*
 * Statements: assignments, blocks, returns, and which of them become one.
 */
#include "lower/internal.h"

/* ---- print and clear as one ---- */

static bool is_map_call(const struct node *n, enum builtin_id id, const struct map *m)
{
	while (n->kind == NODE_EXPR_STMT || n->kind == NODE_DISCARD)
		n = n->u.unary.operand;
	if (n->kind != NODE_CALL || !n->u.call.builtin || n->u.call.builtin->id != id)
		return false;
	if (!n->u.call.args.n || n->u.call.args.at[0]->kind != NODE_MAP)
		return false;
	return !m || n->u.call.args.at[0]->u.map.map == m;
}

struct mention {
	const struct map *map;
	bool found;
};

static void find_mention(struct node **slot, void *arg)
{
	struct mention *m = arg;
	struct node *n = *slot;

	if (!n || m->found)
		return;
	switch (n->kind) {
	case NODE_MAP:
	case NODE_MAP_ELEM:
		m->found = n->u.map.map == m->map;
		break;
	case NODE_RETURN:
	case NODE_BREAK:
	case NODE_CONTINUE:
		m->found = true;
		break;
	case NODE_CALL:
		m->found = n->u.call.func || is_call_of(n, BUILTIN_exit);
		break;
	default:
		break;
	}
	if (!m->found)
		node_children(n, find_mention, m);
}

/* The clear or zero that belongs to print statement i: the first mention of the
 * map behind it, in the same block, with no way out between. 0: none. */
size_t lower_find_take(const struct node *block, size_t i, bool *is_zero)
{
	const struct node *print = block->u.block.stmts.at[i];
	const struct map *map;

	if (!is_map_call(print, BUILTIN_print, NULL))
		return 0;
	while (print->kind != NODE_CALL)
		print = print->u.unary.operand;
	map = print->u.call.args.at[0]->u.map.map;
	if (!map->is_taken)
		return 0;
	for (size_t k = i + 1; k < block->u.block.stmts.n; k++) {
		struct mention m = { .map = map };
		struct node *s = block->u.block.stmts.at[k];

		*is_zero = is_map_call(s, BUILTIN_zero, map);
		if (*is_zero || is_map_call(s, BUILTIN_clear, map))
			return k;
		find_mention(&s, &m);
		if (m.found)
			return 0;
	}
	return 0;
}

/* ---- blocks ---- */

void lower_stmts(struct gen *g, struct node *block, size_t begin, size_t end)
{
	bool *done = arena_array(g->l->arena, bool, end - begin + 1), is_zero;

	for (size_t i = begin; i < end && g->b.block; i++) {
		size_t take = done[i - begin] ? 0 : lower_find_take(block, i, &is_zero);

		if (take) {
			lower_take(g, block->u.block.stmts.at[i], is_zero);
			done[take - begin] = true;
		} else if (!done[i - begin]) {
			lower_stmt(g, block->u.block.stmts.at[i]);
		}
	}
}

void lower_block_stmts(struct gen *g, struct node *block)
{
	size_t n = block->u.block.stmts.n, begin = 0;

	for (size_t i = 0; i < n; i++) {
		const struct part *part = lower_part_at(g, block->u.block.stmts.at[i]);

		if (!part)
			continue;
		lower_stmts(g, block, begin, part->begin);
		if (g->b.block)
			lower_part(g, block, part);
		begin = part->end;
	}
	lower_stmts(g, block, begin, n);
}

/* ---- assignments ---- */

static struct ir_insn *scaled_delta(struct gen *g, struct ir_insn *v, const struct type *t)
{
	uint32_t size = t->kind == TYPE_POINTER && t->target ? t->target->size_bytes : 1;

	if (size <= 1)
		return v;
	return v->op == IR_CONST ? lower_const(g, v->imm * size) :
	       ir_emit_binary_imm(&g->b, IR_MUL, v, size);
}

static void assign_var(struct gen *g, struct node *n)
{
	struct var *v = n->u.assign.target->u.var.var;
	struct ir_insn *x, *y;

	if (n->u.assign.op == OP_NONE) {
		lower_var_set(g, v, n->u.assign.value);
		return;
	}
	x = lower_var_value(g, v);
	y = scaled_delta(g, lower_value(g, n->u.assign.value), v->type);
	x = lower_arith(g, n->u.assign.op, v->type, x, y, n->loc);
	lower_var_write(g, v, lower_extend(g, x, v->type));
}

void lower_assign(struct gen *g, struct node *n)
{
	struct node *to = n->u.assign.target;

	if (to->kind == NODE_VAR)
		assign_var(g, n);
	else if (n->u.assign.op != OP_NONE)
		lower_map_update(g, to, n->u.assign.op, n->u.assign.value);
	else
		lower_map_assign(g, to, n->u.assign.value);
}

struct ir_insn *lower_incdec(struct gen *g, struct node *n, bool used)
{
	struct node *x = n->u.incdec.operand;
	struct ir_insn *delta = lower_const(g, n->u.incdec.decrement ? -1 : 1), *old, *now;

	delta = scaled_delta(g, delta, x->type);
	if (x->kind != NODE_VAR) {
		old = lower_map_add(g, x, delta, used);
		if (!used || !n->u.incdec.prefix)
			return old;
		return lower_extend(g, ir_emit_binary(&g->b, IR_ADD, old, delta), x->type);
	}
	old = lower_var_value(g, x->u.var.var);
	now = lower_extend(g, ir_emit_binary(&g->b, IR_ADD, old, delta), x->type);
	lower_var_write(g, x->u.var.var, now);
	return n->u.incdec.prefix ? now : old;
}

static void let(struct gen *g, struct node *n)
{
	struct var *v = n->u.let.var;
	struct place p;

	if (n->u.let.value) {
		lower_var_set(g, v, n->u.let.value);
		return;
	}
	if (!v || !v->type || !v->type->size_bytes)
		return;
	if (lower_is_scalar(v->type) || v->type->kind == TYPE_STRUCT ||
	    v->type->kind == TYPE_ARRAY) {
		lower_var_write(g, v, lower_const(g, 0));
		return;
	}
	p = lower_var_place(g, v);
	lower_zero(g, p.base, p.offset, v->type->size_bytes);
}

/* ---- control ---- */

static void close_iterators(struct gen *g, const struct loop *until)
{
	for (struct loop *l = g->loop; l && l != until && !l->is_callback && !l->is_part;
	     l = l->outer)
		if (l->iterator)
			ir_emit_call(&g->b, IR_KCALL, lower_kfunc(g->l, KFUNC_ITER_DESTROY),
				     IR_VOID, &l->iterator, 1);
}

/* Out of a callback or a part, by way of the frame. */
static void leave_callback(struct gen *g, struct ir_insn *result, int how)
{
	if (result)
		ir_emit_store(&g->b, 8, g->frame, FRAME_RESULT, result);
	ir_emit_store(&g->b, 8, g->frame, FRAME_RETURNED, lower_const(g, how));
	ir_emit_ret(&g->b, lower_const(g, 1));
}

/* Leave the program, or the function; `result` NULL: the program's usual one. */
void lower_leave(struct gen *g, struct ir_insn *result)
{
	if (!result)
		result = lower_const(g, g->func ? 0 : g->default_result);
	close_iterators(g, NULL);
	if (g->in_callback) {
		leave_callback(g, result, RETURNED);
	} else {
		lower_guard_leave(g);
		ir_emit_ret(&g->b, result);
	}
}

/* A function that may exit returns whether it did. */
void lower_exit(struct gen *g)
{
	close_iterators(g, NULL);
	if (g->in_callback) {
		leave_callback(g, NULL, EXITED);
	} else {
		lower_guard_leave(g);
		ir_emit_ret(&g->b, lower_const(g, g->func ? 1 : g->default_result));
	}
}

void lower_jump_in_loop(struct gen *g, bool is_break)
{
	struct loop *l = g->loop;

	if (l && (l->is_callback || l->is_part))
		lower_jump_out(g, is_break);
	else if (l)
		ir_emit_jump(&g->b, is_break ? l->on_break : l->on_continue);
}

static void expression(struct gen *g, struct node *n, bool is_discard)
{
	bool outer = g->is_discard;

	g->is_discard = is_discard;
	lower_effect(g, n);
	g->is_discard = outer;
}

static void statement(struct gen *g, struct node *n)
{
	switch (n->kind) {
	case NODE_EXPR_STMT:
	case NODE_DISCARD:
		expression(g, n->u.unary.operand, n->kind == NODE_DISCARD);
		return;
	case NODE_ASSIGN:
		lower_assign(g, n);
		return;
	case NODE_LET:
		let(g, n);
		return;
	case NODE_BLOCK:
		lower_effect(g, n);
		return;
	case NODE_IF:
		lower_effect(g, n);
		return;
	case NODE_WHILE:
	case NODE_UNROLL:
	case NODE_FOR_RANGE:
	case NODE_FOR_MAP:
		lower_loop(g, n);
		return;
	case NODE_BREAK:
	case NODE_CONTINUE:
		lower_jump_in_loop(g, n->kind == NODE_BREAK);
		return;
	case NODE_RETURN:
		if (g->func)
			lower_func_return(g, n->u.unary.operand);
		else
			lower_leave(g, n->u.unary.operand ? lower_value(g, n->u.unary.operand) :
				    NULL);
		return;
	case NODE_ERROR:
	case NODE_IMPORT:
		return;
	default:
		lower_effect(g, n);
	}
}

void lower_stmt(struct gen *g, struct node *n)
{
	struct loc outer = g->at;

	g->at = n->loc;
	g->b.line = n->loc.begin;
	statement(g, n);
	g->at = outer;
}
