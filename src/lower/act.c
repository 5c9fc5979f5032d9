/*
 * Builtins that act on the traced system, or ask it about another process.
 *
 * What they cannot do becomes a warning of the script, as warnf() gives one;
 * what the script asks for that cannot be, an error.
 */
#include "lower/internal.h"

#define CALL(name)									\
struct ir_insn *lower_call_##name(struct gen *g, struct node *n, const struct dest *d);	\
struct ir_insn *lower_call_##name(struct gen *g, struct node *n, const struct dest *d)

/* ---- signals ---- */

#define SIGNAL_MAX 64

static void send_signal(struct gen *g, struct node *n, int helper)
{
	const char *name = n->u.call.builtin->name;
	struct ir_insn *number = lower_value(g, n->u.call.args.at[0]), *r;
	struct ir_block *bad = lower_block(g, true), *good = lower_block(g, false);
	struct ir_block *failed = lower_block(g, true), *next = lower_block(g, false);
	struct ir_insn *before = ir_emit_binary_imm(&g->b, IR_SUB, number, 1);

	ir_emit_branch(&g->b, IR_UGE, before, lower_const(g, SIGNAL_MAX), bad, good);
	lower_enter(g, bad);
	lower_note(g, ACTION_ERRORF, n->loc, arena_printf(g->l->arena, "%s() expects an integer "
		   "between 1 and %d (inclusive). Got ", name, SIGNAL_MAX), number, "");
	ir_emit_jump(&g->b, next);
	lower_enter(g, good);
	r = ir_emit_helper(&g->b, helper, IR_INT, number);
	ir_emit_branch(&g->b, IR_NE, r, lower_const(g, 0), failed, next);
	lower_enter(g, failed);
	lower_note(g, ACTION_WARNF, n->loc, "signal call failed with error ", r, "");
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

CALL(signal)
{
	(void)d;
	send_signal(g, n, BPF_FUNC_send_signal);
	return NULL;
}

CALL(signal_thread)
{
	(void)d;
	send_signal(g, n, BPF_FUNC_send_signal_thread);
	return NULL;
}

/* ---- return values and memory ---- */

CALL(override)
{
	struct ir_insn *value = lower_value(g, n->u.call.args.at[0]);

	(void)d;
	ir_emit_helper(&g->b, BPF_FUNC_override_return, IR_INT, g->ctx, value);
	return NULL;
}

/* What shall be written, where a helper reads it: *limit bytes at most. */
static struct ir_insn *source_bytes(struct gen *g, struct node *x, struct ir_insn *len,
				    uint32_t *limit)
{
	struct ir_insn *to;
	struct place from;

	if (x->type->kind != TYPE_POINTER) {
		*limit = lower_layout(g->l, x->type)->size_bytes;
		to = lower_object(g, "written", (*limit + 7) / 8 * 8, 8);
		lower_to(g, x, x->type, (struct dest){ .base = to });
		return to;
	}
	*limit = g->c->config.max_strlen;
	to = lower_object(g, "written", (*limit + 7) / 8 * 8, 8);
	from = lower_str_source(g, x);
	lower_read_sized(g, to, lower_at_most(g, len, *limit), from);
	return to;
}

CALL(write_user)
{
	struct ir_insn *to = lower_value(g, n->u.call.args.at[0]);
	struct ir_insn *len = lower_value(g, n->u.call.args.at[2]), *from, *r;
	uint32_t limit;

	(void)d;
	from = source_bytes(g, n->u.call.args.at[1], len, &limit);
	if (!limit)
		return lower_const(g, 1);
	r = ir_emit_helper(&g->b, BPF_FUNC_probe_write_user, IR_INT, to, from,
			   lower_at_most(g, len, limit));
	return ir_emit_cmp(&g->b, IR_EQ, r, lower_const(g, 0));
}

CALL(unwatch)
{
	(void)d;
	lower_send(g, (struct image_action){ .kind = ACTION_UNWATCH }, n->u.call.args.at, 1);
	return NULL;
}

/* ---- the name of another process ---- */

#define COMM_BYTES 16

static void literal_to(struct gen *g, const char *text, const struct dest *d)
{
	for (int32_t i = 0; text[i]; i++)
		ir_emit_store(&g->b, 1, d->base, d->offset + i, lower_const(g, text[i]));
}

/* The task stays while we hold it; what we read of it is read plainly. */
void lower_comm_of(struct gen *g, struct node *n, const struct dest *d)
{
	uint32_t find = lower_kfunc_here(g, KFUNC_TASK_FROM_PID), offset;
	uint32_t release = lower_kfunc_here(g, KFUNC_TASK_RELEASE);
	struct type_struct *task = lower_task_struct(g->l);
	struct ir_insn *pid = lower_value(g, n->u.call.args.at[0]), *p;
	struct ir_block *none, *next;

	lower_zero(g, d->base, d->offset, n->type->size_bytes);
	if (!find || !release || !task ||
	    !type_field_find(g->c->types, task, name_of(g->c->names, "comm"), &offset)) {
		literal_to(g, "[unknown]", d);
		lower_note(g, ACTION_WARNF, n->loc, "comm(pid) needs the kernel's function "
			   "bpf_task_from_pid, which Linux has from 6.2 on", NULL, "");
		return;
	}
	none = lower_block(g, true);
	next = lower_block(g, false);
	pid = ir_emit_ext(&g->b, pid, 4, true);
	p = ir_emit_call(&g->b, IR_KCALL, find, IR_MAPVAL_OR_NULL, &pid, 1);
	p = ir_emit_null_check(&g->b, p, none);
	ir_emit_memcpy(&g->b, d->base, d->offset, p, (int32_t)offset, COMM_BYTES,
		       d->offset % 8 || offset % 8 ? 1 : 8);
	ir_emit_call(&g->b, IR_KCALL, release, IR_VOID, &p, 1);
	ir_emit_jump(&g->b, next);
	lower_enter(g, none);
	literal_to(g, "N/A", d);
	lower_note(g, ACTION_WARNF, n->loc, "No such process (pid=", pid, ")");
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}
