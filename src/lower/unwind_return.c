/*
 * Return addresses that the kernel has replaced by its own, since a uretprobe waits for the
 * return.
 *
 * The kernel keeps what was there in a list of the task, the innermost call first: by the
 * stack pointer with which the function was entered. Several may have one place: of a function
 * and of those that it ends in. The first has what was there at the very beginning, as all of
 * them do.
 */
#include "lower/internal.h"
#include "lower/unwind.h"

#include <string.h>

#define MAX_RETURNS 64		/* of a task, by the kernel */

/* Where a process's memory says where its page of [uprobes] is described. */
static bool find_area(struct gen *g, uint32_t *at)
{
	return unwind_has_inner_field(g, unwind_struct(g, "mm_struct"), "uprobes_state", "xol_area",
				      at);
}

static bool is_possible(struct gen *g)
{
	static const struct unwind_need needed[] = {
		{ "task_struct", "mm" }, { "task_struct", "utask" },
		{ "uprobe_task", "return_instances" }, { "return_instance", "stack" },
		{ "return_instance", "orig_ret_vaddr" }, { "return_instance", "next" },
		{ "xol_area", "vaddr" },
	};
	uint32_t at;

	return g->c->btf && find_area(g, &at) &&
	       unwind_has_fields(g, needed, sizeof(needed) / sizeof(*needed));
}

static void note_area(struct gen *g, struct ir_insn *state, struct unwind_object task)
{
	struct unwind_object mm = { unwind_struct(g, "mm_struct"), NULL };
	struct unwind_object area = { unwind_struct(g, "xol_area"), NULL };
	struct unwind_if has_area;
	uint32_t at = 0;

	(void)find_area(g, &at);
	mm.at = unwind_member(g, task, "mm", 8);
	area.at = unwind_load(g, mm, at, 8);
	has_area = unwind_if(g, IR_NE, area.at, 0);
	unwind_set(g, state, UNWIND_TRAMPOLINE, unwind_member(g, area, "vaddr", 8));
	unwind_end_if(g, has_area);
}

void unwind_note_returns(struct gen *g, struct ir_insn *state)
{
	struct unwind_object task, own = { unwind_struct(g, "uprobe_task"), NULL };
	struct unwind_if has_own, has_returns;
	struct ir_insn *returns;

	unwind_set(g, state, UNWIND_RETURNS, lower_const(g, 0));
	unwind_set(g, state, UNWIND_TRAMPOLINE, lower_const(g, 0));
	if (!is_possible(g))
		return;
	task = (struct unwind_object){ lower_task_struct(g->l), lower_task(g) };
	own.at = unwind_member(g, task, "utask", 8);
	has_own = unwind_if(g, IR_NE, own.at, 0);
	returns = unwind_member(g, own, "return_instances", 8);
	has_returns = unwind_if(g, IR_NE, returns, 0);
	unwind_set(g, state, UNWIND_RETURNS, returns);
	note_area(g, state, task);
	unwind_end_if(g, has_returns);
	unwind_end_if(g, has_own);
}

/* Where the function that the frame belongs to was entered with its stack pointer. */
static struct ir_insn *place_of(struct gen *g, struct ir_insn *cfa)
{
	bool is_x86 = !strcmp(g->c->target->arch->name, "x86_64");

	return is_x86 ? ir_emit_binary_imm(&g->b, IR_ADD, cfa, -8) : cfa;
}

/* Of the list's entries, what the one for `place` has, into `ip`. */
static void look(struct gen *g, struct ir_insn *state, struct ir_insn *place, struct ir_var *ip)
{
	struct ir_block *head = lower_block(g, false), *body = lower_block(g, false);
	struct ir_block *some = lower_block(g, false), *found = lower_block(g, false);
	struct ir_block *other = lower_block(g, false), *done = lower_block(g, false);
	struct ir_var *entry = ir_var_new(g->b.func, "return", IR_INT);
	struct ir_var *turn = ir_var_new(g->b.func, "turn", IR_INT);
	struct unwind_object o = { unwind_struct(g, "return_instance"), NULL };
	struct ir_insn *i;

	ir_var_write(&g->b, entry, unwind_get(g, state, UNWIND_RETURNS));
	ir_var_write(&g->b, turn, lower_const(g, 0));
	ir_emit_jump(&g->b, head);
	ir_continue_in(&g->b, head);
	o.at = ir_var_read(&g->b, entry);
	i = ir_var_read(&g->b, turn);
	ir_emit_branch(&g->b, IR_NE, o.at, lower_const(g, 0), some, done);
	lower_enter(g, some);
	ir_emit_branch(&g->b, IR_ULT, i, lower_const(g, MAX_RETURNS), body, done);
	lower_enter(g, body);
	ir_emit_branch(&g->b, IR_EQ, unwind_member(g, o, "stack", 8), place, found, other);
	lower_enter(g, other);
	ir_var_write(&g->b, entry, unwind_member(g, o, "next", 8));
	ir_var_write(&g->b, turn, ir_emit_binary_imm(&g->b, IR_ADD, i, 1));
	ir_emit_jump(&g->b, head);
	ir_seal(head);
	lower_enter(g, found);
	ir_var_write(&g->b, ip, unwind_member(g, o, "orig_ret_vaddr", 8));
	unwind_set(g, state, UNWIND_RETURNS, o.at);	/* callers come behind it */
	ir_emit_jump(&g->b, done);
	lower_enter(g, done);
}

struct ir_insn *unwind_true_return(struct gen *g, struct ir_insn *state, struct ir_insn *ip,
				   struct ir_insn *cfa)
{
	struct ir_var *found = ir_var_new(g->b.func, "ip", IR_INT);
	struct unwind_if waits, is_kernels;
	struct ir_insn *off;

	if (!is_possible(g))
		return ip;
	ir_var_write(&g->b, found, ip);
	waits = unwind_if(g, IR_NE, unwind_get(g, state, UNWIND_RETURNS), 0);
	off = ir_emit_binary(&g->b, IR_SUB, ip, unwind_get(g, state, UNWIND_TRAMPOLINE));
	is_kernels = unwind_if(g, IR_EQ, off, 0);
	look(g, state, place_of(g, cfa), found);
	unwind_end_if(g, is_kernels);
	unwind_end_if(g, waits);
	return ir_var_read(&g->b, found);
}
