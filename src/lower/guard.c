/*
 * The guard of scripts that trace what helpers call.
 *
 * A helper takes a lock, and within it calls a function at which another program of the
 * script is: an fentry program, since the kernel keeps such a program from itself only. If that
 * one calls a helper that wants the lock, the CPU waits for itself. So all programs of such
 * a script say in a word of their CPU that one is running, and leave at once, counting
 * that, if one is already.
 *
 * Nothing here needs to be atomic: what comes between the look and the store has ended when
 * this goes on. Where tasks are preempted within programs an event more may be missed.
 */
#include "lower/internal.h"

void lower_guard_prepare(struct lower *l)
{
	if (l->c->is_guarded)
		l->guard_offset = lower_control_word(l, 8 * (l->cpu_mask + 1));
}

static struct ir_insn *guard_word(struct gen *g)
{
	struct ir_insn *at = ir_emit_binary_imm(&g->b, IR_SHL, lower_cpu_masked(g), 3);

	return ir_emit_binary(&g->b, IR_ADD, lower_control(g, g->l->guard_offset), at);
}

static void set_word(struct gen *g, struct ir_insn *word, int64_t value)
{
	ir_emit_store(&g->b, 8, word, 0, lower_const(g, value));
	if (g->b.block)
		g->b.block->last->is_pinned = true;
}

void lower_guard_enter(struct gen *g)
{
	struct ir_insn *word, *busy;
	struct ir_block *lost, *next;

	if (!g->l->c->is_guarded || lower_is_pinned(g))
		return;
	lost = lower_block(g, true);
	next = lower_block(g, false);
	word = guard_word(g);
	busy = ir_emit_load(&g->b, IR_INT, 8, false, word, 0);
	busy->is_pinned = true;
	ir_emit_branch(&g->b, IR_NE, busy, lower_const(g, 0), lost, next);
	lower_enter(g, lost);
	lower_loss(g, IMAGE_LOSS_NESTED);
	ir_emit_ret(&g->b, lower_const(g, g->default_result));
	lower_enter(g, next);
	set_word(g, word, 1);
}

void lower_guard_leave(struct gen *g)
{
	if (g->l->c->is_guarded && !lower_is_pinned(g) && !g->func)
		set_word(g, guard_word(g), 0);
}
