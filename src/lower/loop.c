/*
 * Loops: unroll, for over ranges and maps, while.
 *
 * A range of few turns, known while compiling, is a plain loop that the verifier
 * walks. Other ranges and while are an open-coded iterator (bpf_iter_num) around
 * the body, or on kernels without it a callback of bpf_loop. A walk over a map
 * is always a callback. A callback gets a few words: the start of a range, the
 * frame with shared variables (var.c), and the context if it looks at that. It
 * ends the loop by returning 1, and tells a `return` of the script by a word of
 * the frame.
 */
#include "lower/internal.h"

#include <errno.h>

#define MAX_TURNS_BITS 23
#define MAX_TURNS (1 << MAX_TURNS_BITS)	/* the kernel's limit */
#define LIMIT_TEXT "The loop was ended after 8388608 turns, as many as the kernel allows."
#define RANGE_TEXT "The range is longer than the 8388608 turns that the kernel allows; the rest " \
	"of it is left out."
#define WALKED_TURNS 1000	/* of a loop that the verifier walks turn by turn */

/* ---- callbacks ---- */

/* What a callback gets, on the stack as the kernel demands. */
enum { PAIR_START = 0, PAIR_FRAME = 8, PAIR_ENDED = 16, PAIR_CTX = 24, PAIR_RESULT = 32,
       PAIR_BYTES = 40 };

static struct ir_insn *make_pair(struct gen *g, struct ir_insn *start)
{
	uint32_t size = g->result ? PAIR_BYTES : PAIR_RESULT;
	uint32_t object = ir_object_new(g->b.func, "pair", size, 8);
	struct ir_insn *pair = ir_object(g->b.func, object);

	g->b.func->objects.at[object].place = IR_PLACE_STACK;
	ir_emit_store(&g->b, 8, pair, PAIR_START, start);
	ir_emit_store(&g->b, 8, pair, PAIR_FRAME, g->frame);
	if (g->loops_use_ctx && g->ctx)
		ir_emit_store(&g->b, 8, pair, PAIR_CTX, g->ctx);
	if (g->result)
		ir_emit_store(&g->b, 8, pair, PAIR_RESULT, g->result);
	return pair;
}

static struct ir_func *enter_callback(struct gen *g, struct outside *out, struct loop *loop,
				      const enum ir_type *params, uint32_t nr_params)
{
	struct ir_func *f = lower_func_enter(g, out, "callback", params, nr_params);
	struct ir_insn *pair = ir_param(f, nr_params - 1);

	f->is_callback = true;
	g->ctx = g->loops_use_ctx ? ir_emit_load(&g->b, IR_CTX, 8, false, pair, PAIR_CTX) : NULL;
	if (out->frame)
		g->frame = ir_emit_load(&g->b, IR_MAPVAL, 8, false, pair, PAIR_FRAME);
	if (out->frame && out->result)
		g->result = ir_emit_load(&g->b, IR_MAPVAL, 8, false, pair, PAIR_RESULT);
	*loop = (struct loop){ .outer = g->loop, .is_callback = true };
	g->loop = loop;
	return f;
}

static void leave_callback(struct gen *g, const struct outside *out)
{
	ir_emit_ret(&g->b, lower_const(g, 0));
	lower_func_leave(g, out);
}

static void find_ways_out(struct node **slot, void *arg)
{
	struct ways_out *w = arg;

	if (!*slot)
		return;
	w->returns |= (*slot)->kind == NODE_RETURN;
	w->jumps |= (*slot)->kind == NODE_BREAK || (*slot)->kind == NODE_CONTINUE;
	w->exits |= lower_may_exit(w->g, *slot);
	node_children(*slot, find_ways_out, w);
}

/* If the flag says exit, exit; else go on. */
static void pass_exit_on(struct gen *g, struct ir_insn *flag)
{
	struct ir_block *exited = lower_block(g, true), *next = lower_block(g, true);

	ir_emit_branch(&g->b, IR_EQ, flag, lower_const(g, EXITED), exited, next);
	lower_enter(g, exited);
	lower_exit(g);
	lower_enter(g, next);
}

void lower_find_ways_out(struct ways_out *w, struct node *n)
{
	find_ways_out(&n, w);
}

void lower_follow_out(struct gen *g, const struct ways_out *w)
{
	struct ir_insn *flag, *result;

	flag = ir_emit_load(&g->b, IR_INT, 8, false, g->frame, FRAME_RETURNED);
	flag->is_pinned = true;
	if (w->exits)
		pass_exit_on(g, flag);
	result = ir_emit_load(&g->b, IR_INT, 8, false, g->frame, FRAME_RESULT);
	result->is_pinned = true;
	lower_leave(g, result);
}

/* Behind the loop: a return in its body returns here, too, and so does exit. */
static void pass_return_on(struct gen *g, struct node *body)
{
	struct ways_out w = { .g = g };
	struct ir_block *returned, *next;
	struct ir_insn *flag;

	find_ways_out(&body, &w);
	if (!w.returns && !w.exits)
		return;
	returned = lower_block(g, true);
	next = lower_block(g, false);
	flag = ir_emit_load(&g->b, IR_INT, 8, false, g->frame, FRAME_RETURNED);
	flag->is_pinned = true;
	ir_emit_branch(&g->b, IR_NE, flag, lower_const(g, NOT_RETURNED), returned, next);
	lower_enter(g, returned);
	lower_follow_out(g, &w);
	lower_enter(g, next);
}

/* Pointers that a callback gets are typed as map values: of those alone it is
 * known that they are aligned. */
static const enum ir_type loop_params[] = { IR_INT, IR_MAPVAL };

/* Before bpf_loop: a plain loop that calls `f`. The verifier walks each turn, so
 * there are not many; a script that asks for more is told. */
static void walk_turns(struct gen *g, struct ir_func *f, struct ir_insn *turns,
		       struct ir_insn *pair)
{
	struct ir_block *head = lower_block(g, false), *some = lower_block(g, false);
	struct ir_block *next = lower_block(g, false), *turn = lower_block(g, false);
	struct ir_block *cut = lower_block(g, true), *done = lower_block(g, false);
	struct ir_var *i = ir_var_new(g->b.func, "turn", IR_INT);
	struct ir_insn *at, *args[2];

	ir_var_write(&g->b, i, lower_const(g, 0));
	ir_emit_jump(&g->b, head);
	ir_continue_in(&g->b, head);
	at = ir_var_read(&g->b, i);
	ir_emit_branch(&g->b, IR_ULT, at, turns, some, done);
	lower_enter(g, some);
	ir_emit_branch(&g->b, IR_ULT, at, lower_const(g, WALKED_TURNS), turn, cut);
	lower_enter(g, turn);
	args[0] = at;
	args[1] = pair;
	ir_emit_branch(&g->b, IR_EQ, ir_emit_call(&g->b, IR_FCALL, f->index, IR_INT, args, 2),
		       lower_const(g, 0), next, done);
	lower_enter(g, next);
	ir_var_write(&g->b, i, ir_emit_binary_imm(&g->b, IR_ADD, at, 1));
	ir_emit_jump(&g->b, head);
	ir_seal(head);
	lower_enter(g, cut);
	lower_failed(g, "loop", "The loop was ended after 1000 turns: more need bpf_loop, which "
		     "kernels from 5.17 on have.", lower_const(g, -E2BIG));
	ir_emit_jump(&g->b, done);
	lower_enter(g, done);
}

/* How many turns there were; NULL if that was looked after. */
static struct ir_insn *repeat_func(struct gen *g, struct ir_func *f, struct ir_insn *turns,
				   struct ir_insn *pair)
{
	if (lower_has(g, FEATURE_LOOP))
		return ir_emit_helper(&g->b, BPF_FUNC_loop, IR_INT, turns,
				      ir_func_ref(g->b.func, f->index), pair, lower_const(g, 0));
	walk_turns(g, f, turns, pair);
	return NULL;
}

/* What would have gone on behind the last turn that the kernel allows. */
struct rest {
	struct node *cond;		/* of a while, or NULL */
	struct ir_insn *of_range;	/* not 0: the range is longer; or NULL */
};

/* A condition may have statements; those that leave it belong into the loop. */
static bool stays(struct gen *g, struct node *cond)
{
	struct ways_out w = { .g = g };

	find_ways_out(&cond, &w);
	return !w.returns && !w.exits && !w.jumps;
}

/* Where the last turn that the kernel allows has run: tell if there is a rest. Asks for the
 * condition once more, as another turn would have. */
static void tell_rest(struct gen *g, const struct rest *rest, struct ir_block *next)
{
	struct ir_block *more = lower_block(g, true);

	if (rest->cond && stays(g, rest->cond))
		lower_cond(g, rest->cond, more, next);
	else if (rest->cond)
		ir_emit_jump(&g->b, more);
	else
		ir_emit_branch(&g->b, IR_NE, rest->of_range, lower_const(g, 0), more, next);
	lower_enter(g, more);
	lower_failed(g, "loop", rest->cond ? LIMIT_TEXT : RANGE_TEXT, lower_const(g, -E2BIG));
	ir_emit_jump(&g->b, next);
}

/* The same for a callback, which may have ended the loop in just that turn. */
static void tell_rest_behind(struct gen *g, const struct rest *rest, struct ir_insn *ran,
			     struct ir_insn *pair)
{
	struct ir_block *all = lower_block(g, true), *over = lower_block(g, true);
	struct ir_block *next = lower_block(g, false);
	struct ir_insn *ended;

	ir_emit_branch(&g->b, IR_EQ, ran, lower_const(g, MAX_TURNS), all, next);
	lower_enter(g, all);
	ended = ir_emit_load(&g->b, IR_INT, 8, false, pair, PAIR_ENDED);
	ended->is_pinned = true;
	ir_emit_branch(&g->b, IR_EQ, ended, lower_const(g, 0), over, next);
	lower_enter(g, over);
	tell_rest(g, rest, next);
	lower_enter(g, next);
}

static void call_loop(struct gen *g, struct ir_func *f, struct ir_insn *turns,
		      struct ir_insn *start, struct node *body, const struct rest *rest)
{
	struct ir_insn *pair = make_pair(g, start), *ran;

	if (rest)
		ir_emit_store(&g->b, 8, pair, PAIR_ENDED, lower_const(g, 0));
	ran = repeat_func(g, f, turns, pair);
	pass_return_on(g, body);
	if (ran && rest)
		tell_rest_behind(g, rest, ran, pair);
}

/* Out of a callback, which shall not be called again. */
void lower_end_callback(struct gen *g)
{
	if (g->loop->pair)
		ir_emit_store(&g->b, 8, g->loop->pair, PAIR_ENDED, lower_const(g, 1));
	ir_emit_ret(&g->b, lower_const(g, 1));
}

/* ---- iterators ---- */

struct iteration {
	struct loop loop;
	struct ir_block *head, *done;
	struct ir_block *over;		/* no turn is left */
	struct ir_insn *index;		/* of this turn, from 0 */
	const struct rest *rest;	/* behind the turns that the kernel allows, or NULL */
};

static void start_iterator(struct gen *g, struct iteration *it, struct ir_insn *turns)
{
	uint32_t object = ir_object_new(g->b.func, "iterator", 8, 8);
	struct ir_insn *args[3], *next;

	g->b.func->objects.at[object].place = IR_PLACE_STACK;
	g->b.func->objects.at[object].keep = true;
	args[0] = it->loop.iterator = ir_object(g->b.func, object);
	args[1] = lower_const(g, 0);
	args[2] = turns;
	ir_emit_call(&g->b, IR_KCALL, lower_kfunc(g->l, KFUNC_ITER_NEW), IR_INT, args, 3);
	it->head = lower_block(g, false);
	it->done = lower_block(g, false);
	it->over = lower_block(g, true);
	ir_emit_jump(&g->b, it->head);
	ir_continue_in(&g->b, it->head);
	next = ir_emit_call(&g->b, IR_KCALL, lower_kfunc(g->l, KFUNC_ITER_NEXT), IR_MAPVAL_OR_NULL,
			    args, 1);
	next = ir_emit_null_check(&g->b, next, it->over);
	it->index = ir_emit_load(&g->b, IR_INT, 4, false, next, 0);
	it->loop.outer = g->loop;
	it->loop.on_break = it->done;
	it->loop.on_continue = it->head;
	g->loop = &it->loop;
}

static void end_iterator(struct gen *g, struct iteration *it)
{
	g->loop = it->loop.outer;
	ir_emit_jump(&g->b, it->head);
	ir_seal(it->head);
	lower_enter(g, it->over);
	if (it->rest)
		tell_rest(g, it->rest, it->done);
	else
		ir_emit_jump(&g->b, it->done);
	lower_enter(g, it->done);
	ir_emit_call(&g->b, IR_KCALL, lower_kfunc(g->l, KFUNC_ITER_DESTROY), IR_VOID,
		     &it->loop.iterator, 1);
}

/* ---- while ---- */

static void while_cond(struct gen *g, struct node *n, struct ir_block *out)
{
	struct ir_block *body = lower_block(g, false);

	lower_cond(g, n->u.loop.cond, body, out);
	lower_enter(g, body);
}

static void while_iterator(struct gen *g, struct node *n)
{
	const struct rest rest = { .cond = n->u.loop.cond };
	struct iteration it = { .rest = &rest };

	start_iterator(g, &it, lower_const(g, MAX_TURNS));
	while_cond(g, n, it.done);
	lower_block_stmts(g, n->u.loop.body);
	end_iterator(g, &it);
}

static void while_callback(struct gen *g, struct node *n)
{
	const struct rest rest = { .cond = n->u.loop.cond };
	struct outside out;
	struct loop loop;
	struct ir_func *f = enter_callback(g, &out, &loop, loop_params, 2);
	struct ir_block *end = lower_block(g, false), *body = lower_block(g, false);

	loop.pair = ir_param(f, 1);
	lower_cond(g, n->u.loop.cond, body, end);
	lower_enter(g, end);
	lower_end_callback(g);
	lower_enter(g, body);
	lower_block_stmts(g, n->u.loop.body);
	leave_callback(g, &out);
	call_loop(g, f, lower_const(g, MAX_TURNS), lower_const(g, 0), n->u.loop.body, &rest);
}

/* ---- ranges ---- */

static void range_plain(struct gen *g, struct node *n, int64_t from, int64_t to)
{
	struct ir_block *head = lower_block(g, false), *body = lower_block(g, false);
	struct ir_block *step = lower_block(g, false), *done = lower_block(g, false);
	struct loop loop = { .outer = g->loop, .on_break = done, .on_continue = step };
	struct ir_var *i = ir_var_new(g->b.func, "turn", IR_INT);
	struct ir_insn *turn;

	ir_var_write(&g->b, i, lower_const(g, from));
	ir_emit_jump(&g->b, head);
	ir_continue_in(&g->b, head);
	turn = ir_var_read(&g->b, i);
	ir_emit_branch(&g->b, IR_SLT, turn, lower_const(g, to), body, done);
	lower_enter(g, body);
	lower_var_write(g, n->u.loop.var, turn);
	g->loop = &loop;
	lower_block_stmts(g, n->u.loop.body);
	g->loop = loop.outer;
	ir_emit_jump(&g->b, step);
	lower_enter(g, step);
	ir_var_write(&g->b, i, ir_emit_binary_imm(&g->b, IR_ADD, turn, 1));
	ir_emit_jump(&g->b, head);
	ir_seal(head);
	lower_enter(g, done);
}

/* All ones or 0, without a branch. */
static struct ir_insn *is_below(struct gen *g, struct ir_insn *x, struct ir_insn *y)
{
	struct ir_insn *diff = ir_emit_binary(&g->b, IR_SUB, x, y), *carry;

	carry = ir_emit_binary(&g->b, IR_AND, ir_emit_binary(&g->b, IR_XOR, x, y),
			       ir_emit_binary(&g->b, IR_XOR, diff, x));
	return ir_emit_binary_imm(&g->b, IR_ASHR, ir_emit_binary(&g->b, IR_XOR, diff, carry), 63);
}

/*
 * Number of turns: 0 if the range is empty. Whether some are cut from it is found without
 * a branch, or the verifier would follow the loop once for either case.
 */
static struct ir_insn *range_turns(struct gen *g, struct ir_insn *from, struct ir_insn *to,
				   struct rest *rest)
{
	struct ir_block *some = lower_block(g, false), *many = lower_block(g, true);
	struct ir_block *next = lower_block(g, false);
	struct ir_var *v = ir_var_new(g->b.func, "turns", IR_INT);
	struct ir_insn *turns;

	turns = ir_emit_binary(&g->b, IR_SUB, to, from);
	rest->of_range = ir_emit_binary(&g->b, IR_AND, is_below(g, from, to),
					ir_emit_binary_imm(&g->b, IR_LSHR,
						ir_emit_binary_imm(&g->b, IR_SUB, turns, 1),
						MAX_TURNS_BITS));
	ir_var_write(&g->b, v, lower_const(g, 0));
	ir_emit_branch(&g->b, IR_SLT, from, to, some, next);
	lower_enter(g, some);
	ir_var_write(&g->b, v, turns);
	ir_emit_branch(&g->b, IR_UGT, turns, lower_const(g, MAX_TURNS), many, next);
	lower_enter(g, many);
	ir_var_write(&g->b, v, lower_const(g, MAX_TURNS));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return ir_var_read(&g->b, v);
}

static void range_iterator(struct gen *g, struct node *n, struct ir_insn *from,
			   struct ir_insn *turns, const struct rest *rest)
{
	struct iteration it = { .rest = rest };

	start_iterator(g, &it, turns);
	lower_var_write(g, n->u.loop.var, ir_emit_binary(&g->b, IR_ADD, from, it.index));
	lower_block_stmts(g, n->u.loop.body);
	end_iterator(g, &it);
}

static void range_callback(struct gen *g, struct node *n, struct ir_insn *from,
			   struct ir_insn *turns, const struct rest *rest)
{
	struct outside out;
	struct loop loop;
	struct ir_func *f = enter_callback(g, &out, &loop, loop_params, 2);
	struct ir_insn *first = ir_emit_load(&g->b, IR_INT, 8, false, ir_param(f, 1), PAIR_START);

	loop.pair = ir_param(f, 1);
	lower_var_write(g, n->u.loop.var, ir_emit_binary(&g->b, IR_ADD, first, ir_param(f, 0)));
	lower_block_stmts(g, n->u.loop.body);
	leave_callback(g, &out);
	call_loop(g, f, turns, from, n->u.loop.body, rest);
}

static void for_range(struct gen *g, struct node *n)
{
	struct ir_insn *from, *to, *turns;
	struct rest rest = { 0 };
	int64_t first, last;

	if (lower_is_plain_range(g, n)) {
		lower_constant_of(n->u.loop.from, &first);
		lower_constant_of(n->u.loop.to, &last);
		range_plain(g, n, first, last);
		return;
	}
	from = lower_value(g, n->u.loop.from);
	to = lower_value(g, n->u.loop.to);
	turns = range_turns(g, from, to, &rest);
	if (lower_loops_inline(g->l))
		range_iterator(g, n, from, turns, &rest);
	else
		range_callback(g, n, from, turns, &rest);
}

/* ---- loops that the script does not see ---- */

struct ir_insn *lower_loop_state(struct gen *g, const char *name, uint32_t size)
{
	uint32_t object = ir_object_new(g->b.func, name, (size + 7) / 8 * 8, 8);

	g->b.func->objects.at[object].place = IR_PLACE_SCRATCH;
	g->b.func->objects.at[object].keep = true;
	return ir_object(g->b.func, object);
}

void lower_repeat(struct gen *g, struct ir_insn *turns, struct ir_insn *state, lower_turn_fn turn,
		  const void *arg)
{
	struct ir_insn *frame = g->frame;
	struct outside out;
	struct ir_func *f;
	struct loop loop;

	g->frame = state;	/* what the callback gets */
	f = enter_callback(g, &out, &loop, loop_params, 2);
	turn(g, ir_param(f, 0), g->frame, arg);
	leave_callback(g, &out);
	repeat_func(g, f, turns, make_pair(g, lower_const(g, 0)));
	g->frame = frame;
}

/* ---- maps ---- */

static const enum ir_type elem_params[] = { IR_MAPREF, IR_MAPVAL, IR_MAPVAL, IR_MAPVAL };

static void call_for_each(struct gen *g, uint32_t map, struct ir_func *f, struct ir_insn *pair,
			  struct ir_var *result)
{
	struct ir_insn *r;

	r = ir_emit_helper(&g->b, BPF_FUNC_for_each_map_elem, IR_INT, ir_map(g->b.func, map),
			   ir_func_ref(g->b.func, f->index), pair, lower_const(g, 0));
	ir_var_write(&g->b, result, r);
}

/* The verifier wants to know which map: of a taken one, each has its own call. */
static struct ir_insn *for_each_elem(struct gen *g, const struct map_store *s, struct ir_func *f,
				     struct ir_insn *pair)
{
	struct ir_var *result = ir_var_new(g->b.func, "elements", IR_INT);
	struct ir_block *spare, *usual, *next;
	struct ir_insn *select;

	if (s->spare_map == NO_MAP) {
		call_for_each(g, s->image_map, f, pair, result);
		return ir_var_read(&g->b, result);
	}
	spare = lower_block(g, false);
	usual = lower_block(g, false);
	next = lower_block(g, false);
	select = ir_emit_load(&g->b, IR_INT, 4, false, lower_control(g, s->select_offset), 0);
	select->is_pinned = true;
	ir_emit_branch(&g->b, IR_NE, select, lower_const(g, 0), spare, usual);
	lower_enter(g, spare);
	call_for_each(g, s->spare_map, f, pair, result);
	ir_emit_jump(&g->b, next);
	lower_enter(g, usual);
	call_for_each(g, s->image_map, f, pair, result);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return ir_var_read(&g->b, result);
}

struct ir_insn *lower_count_elems(struct gen *g, const struct map_store *s)
{
	struct outside out;
	struct loop loop;
	struct ir_func *f = enter_callback(g, &out, &loop, elem_params, 4);

	leave_callback(g, &out);
	return for_each_elem(g, s, f, lower_const(g, 0));
}

/* $kv: the key, and the value (of all CPUs together). */
static void set_element(struct gen *g, struct node *n, struct ir_func *f)
{
	const struct map_store *s = lower_store(n->u.loop.map->u.map.map);
	const struct map *m = s->map;
	struct var *kv = n->u.loop.var;
	const struct type_field *fields = kv->type->fields;
	struct place p = lower_var_place(g, kv);
	struct dest pair = { .base = p.base, .offset = p.offset };
	struct dest key = { .base = p.base, .offset = p.offset + (int32_t)fields[0].offset_bytes };
	struct dest value = {
		.base = p.base, .offset = p.offset + (int32_t)fields[1].offset_bytes,
	};

	lower_zero_padding(g, kv->type, pair);
	lower_copy(g, key, fields[0].type, lower_at(ir_param(f, 1), 0), m->key);
	if (type_is_aggregate(m->value))
		ir_emit_store(&g->b, fields[1].type->size_bytes, value.base, value.offset,
			      lower_merged_at(g, s, ir_param(f, 0), ir_param(f, 1)));
	else
		lower_copy(g, value, fields[1].type, lower_at(ir_param(f, 2), 0), m->value);
}

static void for_map(struct gen *g, struct node *n)
{
	const struct map_store *s = lower_store(n->u.loop.map->u.map.map);
	struct outside out;
	struct loop loop;
	struct ir_func *f = enter_callback(g, &out, &loop, elem_params, 4);

	set_element(g, n, f);
	lower_block_stmts(g, n->u.loop.body);
	leave_callback(g, &out);
	for_each_elem(g, s, f, make_pair(g, lower_const(g, 0)));
	pass_return_on(g, n->u.loop.body);
}

/* ---- unroll ---- */

/* What would be too much code is a loop all the same. */
static void repeat(struct gen *g, struct node *n)
{
	struct iteration it = { 0 };
	struct outside out;
	struct loop loop;
	struct ir_func *f;
	int64_t turns = 0;

	lower_constant_of(n->u.loop.cond, &turns);
	if (lower_loops_inline(g->l)) {
		start_iterator(g, &it, lower_const(g, turns));
		lower_block_stmts(g, n->u.loop.body);
		end_iterator(g, &it);
		return;
	}
	f = enter_callback(g, &out, &loop, loop_params, 2);
	lower_block_stmts(g, n->u.loop.body);
	leave_callback(g, &out);
	call_loop(g, f, lower_const(g, turns), lower_const(g, 0), n->u.loop.body, NULL);
}

static void unroll(struct gen *g, struct node *n)
{
	struct ir_block *done = lower_block(g, false);
	int64_t turns = 0;

	lower_constant_of(n->u.loop.cond, &turns);
	for (int64_t i = 0; i < turns; i++) {
		struct ir_block *next = lower_block(g, false);
		struct loop loop = { .outer = g->loop, .on_break = done, .on_continue = next };

		g->loop = &loop;
		lower_block_stmts(g, n->u.loop.body);
		g->loop = loop.outer;
		ir_emit_jump(&g->b, next);
		lower_enter(g, next);
	}
	ir_emit_jump(&g->b, done);
	lower_enter(g, done);
}

void lower_loop(struct gen *g, struct node *n)
{
	switch (n->kind) {
	case NODE_UNROLL:
		if (lower_is_unrolled(g, n))
			unroll(g, n);
		else
			repeat(g, n);
		return;
	case NODE_FOR_RANGE:
		for_range(g, n);
		return;
	case NODE_FOR_MAP:
		for_map(g, n);
		return;
	default:
		if (lower_loops_inline(g->l))
			while_iterator(g, n);
		else
			while_callback(g, n);
	}
}
