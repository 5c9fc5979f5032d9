/*
 * Guards: programs that must not run within others, or within themselves.
 *
 * A helper takes a lock, and within it calls a function at which another program of the
 * script is: an fentry program, since the kernel keeps such a program from itself only. If that
 * one calls a helper that wants the lock, the CPU waits for itself. So all programs of a
 * script that traces what helpers call say in a word of their CPU that one is running, and
 * leave at once, counting that, if one is already.
 *
 * Old kernels do not keep all programs from themselves: an interrupt may come to the
 * function or tracepoint at which a program is running, and would write into its frame. Such
 * a program has words of its own.
 *
 * Nothing here needs to be atomic: what comes between the look and the store has ended when
 * this goes on. Where tasks are preempted within programs an event more may be missed.
 */
#include "lower/internal.h"

#include <linux/version.h>

static uint32_t words(struct lower *l)
{
	return lower_control_word(l, 8 * (l->cpu_mask + 1));
}

void lower_guard_prepare(struct lower *l)
{
	if (l->c->is_guarded)
		l->guard_offset = words(l);
}

/* Whether the kernel runs the program within itself. Calls do not come from interrupts. */
static bool meets_itself(const struct gen *g)
{
	uint32_t kernel = g->c->target->kernel_version;

	switch (g->l->image->progs.at[g->index].attach) {
	case ATTACH_RAW_TRACEPOINT:
	case ATTACH_BTF_TRACEPOINT:
		return kernel < KERNEL_VERSION(6, 1, 0) && !g->prog->raw_event;
	case ATTACH_FENTRY:
	case ATTACH_FEXIT:
		return kernel < KERNEL_VERSION(5, 12, 0);
	default:
		return false;
	}
}

static struct ir_insn *guard_word(struct gen *g)
{
	struct ir_insn *at = ir_emit_binary_imm(&g->b, IR_SHL, lower_cpu_masked(g), 3);

	return ir_emit_binary(&g->b, IR_ADD, lower_control(g, g->guard_offset), at);
}

static void set_word(struct gen *g, struct ir_insn *word, int64_t value)
{
	ir_emit_store(&g->b, 8, word, 0, lower_const(g, value));
	if (g->b.block)
		g->b.block->last->is_pinned = true;
}

/* Leave if the word of this CPU says that one is running, else say so. */
static void enter(struct gen *g, uint32_t offset, enum image_loss cause)
{
	struct ir_insn *word, *busy;
	struct ir_block *lost = lower_block(g, true), *next = lower_block(g, false);

	g->is_guarded = true;
	g->guard_offset = offset;
	word = guard_word(g);
	busy = ir_emit_load(&g->b, IR_INT, 8, false, word, 0);
	busy->is_pinned = true;
	ir_emit_branch(&g->b, IR_NE, busy, lower_const(g, 0), lost, next);
	lower_enter(g, lost);
	lower_loss(g, cause);
	ir_emit_ret(&g->b, lower_const(g, g->default_result));
	lower_enter(g, next);
	set_word(g, word, 1);
}

void lower_guard_enter(struct gen *g)
{
	if (g->c->is_guarded && !lower_is_pinned(g))
		enter(g, g->l->guard_offset, IMAGE_LOSS_NESTED);
	else if (meets_itself(g))
		enter(g, words(g->l), IMAGE_LOSS_RECURSION);
}

void lower_guard_leave(struct gen *g)
{
	if (g->is_guarded && !g->func)
		set_word(g, guard_word(g), 0);
}
