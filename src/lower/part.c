/*
 * Functions of a program other than its entry: callbacks of loops, and parts of
 * a body that is too large for one function (split.c).
 *
 * A part is a global function in the kernel's sense: it is verified once and by
 * itself, whatever leads to it. It gets the program's context where the kernel lets
 * it, finds the frame with the shared variables by itself, and returns how to go on.
 */
#include "lower/internal.h"

/* How it goes on behind a part. */
enum { PART_DONE = 0, PART_RETURNED = 1, PART_BREAK = 2, PART_CONTINUE = 3 };

struct ir_func *lower_func_enter(struct gen *g, struct outside *out, const char *name,
				 const enum ir_type *params, uint32_t nr_params)
{
	struct ir_func *f;

	*out = (struct outside){ g->b, g->ctx, g->frame, g->probe, g->result, g->loop,
				 g->in_callback, g->probe_is_known, g->result_in_frame,
				 g->frames };
	f = ir_func_new(g->m, arena_printf(g->l->arena, "%s_%zu", name, g->m->funcs.n), params,
			nr_params);
	g->b.func = f;
	g->b.block = NULL;
	lower_enter_first(g);
	g->probe_is_known = false;
	g->in_callback = true;
	g->frames++;
	return f;
}

void lower_func_leave(struct gen *g, const struct outside *out)
{
	g->b = out->b;
	g->ctx = out->ctx;
	g->frame = out->frame;
	g->probe = out->probe;
	g->result = out->result;
	g->loop = out->loop;
	g->in_callback = out->in_callback;
	g->probe_is_known = out->probe_is_known;
	g->result_in_frame = out->result_in_frame;
	g->frames = out->frames;
}

/* ---- ways out ---- */

/* A break or continue of a loop around. */
static void find_jump(struct node **slot, void *arg)
{
	bool *found = arg;

	if (!*slot || *found)
		return;
	switch ((*slot)->kind) {
	case NODE_BREAK:
	case NODE_CONTINUE:
		*found = true;
		return;
	case NODE_WHILE:
	case NODE_FOR_RANGE:
	case NODE_FOR_MAP:
		return;
	default:
		node_children(*slot, find_jump, found);
	}
}

/* Leave the func that g is in for a loop that is outside of it. */
void lower_jump_out(struct gen *g, bool is_break)
{
	if (g->loop->is_callback && is_break)
		lower_end_callback(g);
	else if (g->loop->is_callback)
		ir_emit_ret(&g->b, lower_const(g, 0));
	else
		ir_emit_ret(&g->b, lower_const(g, is_break ? PART_BREAK : PART_CONTINUE));
}

/* ---- parts ---- */

/* What the part's statements can do besides ending. */
struct ways {
	struct ways_out out;
	bool jumps;
};

static struct ways ways_of(struct gen *g, struct node *block, const struct part *part)
{
	struct ways w = { .out = { .g = g } };

	for (size_t i = part->begin; i < part->end; i++) {
		lower_find_ways_out(&w.out, block->u.block.stmts.at[i]);
		find_jump(&block->u.block.stmts.at[i], &w.jumps);
	}
	return w;
}

static struct ir_block *go_if(struct gen *g, struct ir_insn *how, int64_t what,
			      struct ir_block **next)
{
	struct ir_block *there = lower_block(g, true);

	*next = lower_block(g, false);
	ir_emit_branch(&g->b, IR_EQ, how, lower_const(g, what), there, *next);
	return there;
}

/* A function's result, to where the caller wants it. */
static void hand_result_on(struct gen *g)
{
	const struct type *t = g->func->returned->type;
	struct place p = lower_at(g->frame, (int32_t)g->frame_result);

	if (!g->result || g->result_in_frame)
		return;
	if (lower_is_scalar(t))
		ir_emit_store(&g->b, 8, g->result, 0,
			      ir_emit_load(&g->b, IR_INT, 8, false, p.base, p.offset));
	else
		lower_copy(g, (struct dest){ .base = g->result }, t, p, t);
}

static void follow(struct gen *g, const struct ways *w, struct ir_insn *how)
{
	struct ir_block *left, *next;

	if (w->out.returns || w->out.exits) {
		left = go_if(g, how, PART_RETURNED, &next);
		lower_enter(g, left);
		if (w->out.returns && g->func)
			hand_result_on(g);
		lower_follow_out(g, &w->out);
		lower_enter(g, next);
	}
	if (!w->jumps)
		return;
	for (int what = PART_BREAK; what <= PART_CONTINUE; what++) {
		left = go_if(g, how, what, &next);
		lower_enter(g, left);
		lower_jump_in_loop(g, what == PART_BREAK);
		lower_enter(g, next);
	}
}

/* The frame in another func than the entry: it lies in the program's scratch memory. */
struct ir_insn *lower_frame_here(struct gen *g)
{
	struct ir_func *f = g->b.func;
	const struct ir_object *there = &g->m->funcs.at[0]->objects.at[g->frame_object];
	uint32_t object = ir_object_new(f, there->name, there->size_bytes, 8);

	f->objects.at[object].place = IR_PLACE_SCRATCH;
	f->objects.at[object].keep = true;
	f->objects.at[object].shared = g->frame_object + 1;
	return ir_object(f, object);
}

void lower_part(struct gen *g, struct node *block, const struct part *part)
{
	static const enum ir_type params[] = { IR_CTX };
	struct loop loop = { .outer = g->loop, .is_part = true };
	struct ways ways = ways_of(g, block, part);
	struct ir_insn *args[1], *how;
	struct outside out;
	struct ir_func *f;

	f = lower_func_enter(g, &out, "part", params, part->uses_ctx);
	f->is_global = true;
	g->ctx = part->uses_ctx ? ir_param(f, 0) : NULL;
	g->frame = lower_frame_here(g);
	g->loop = &loop;
	if (g->frame_result) {
		g->result = lower_ptr(g, g->frame, (int32_t)g->frame_result);
		g->result_in_frame = true;
	}
	lower_stmts(g, block, part->begin, part->end);
	ir_emit_ret(&g->b, lower_const(g, PART_DONE));
	lower_func_leave(g, &out);
	args[0] = g->ctx;
	how = ir_emit_call(&g->b, IR_FCALL, f->index, IR_INT, args, part->uses_ctx);
	follow(g, &ways, how);
}
