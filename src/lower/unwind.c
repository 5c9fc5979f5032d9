/*
 * dw_ustack: the stack of user space by unwind tables.
 *
 * The registers to begin with are those of the context where the probe is in user code,
 * else those with which the task entered the kernel. The frames are followed in a loop
 * that the verifier walks: its turns are few instructions, since a step is a global
 * function (unwind_step.c). What ends a stack early stands as its last address
 * (enum image_unwind_failure).
 */
#include "lower/unwind.h"

#include <string.h>

static void add_maps(struct lower *l)
{
	if (l->image->unwind_map != NO_MAP)
		return;
	l->image->unwind_map = lower_add_map(l, (struct image_map){
		.name = "unwind_processes", .role = IMAGE_MAP_UNWIND_PROCESSES,
		.type = BPF_MAP_TYPE_HASH, .key_size = 4,
		.value_size = sizeof(struct image_unwind_process),
		.max_entries = IMAGE_UNWIND_PROCESSES, .flags = BPF_F_NO_PREALLOC });
	lower_add_map(l, (struct image_map){
		.name = "unwind_chunks", .role = IMAGE_MAP_UNWIND_CHUNKS,
		.type = BPF_MAP_TYPE_ARRAY_OF_MAPS, .key_size = 4, .value_size = 4,
		.max_entries = IMAGE_UNWIND_CHUNKS });
	lower_add_map(l, (struct image_map){
		.name = "unwind_rules", .role = IMAGE_MAP_UNWIND_RULES,
		.type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .max_entries = 1,
		.value_size = IMAGE_UNWIND_RULES * sizeof(struct image_unwind_rule),
		.flags = BPF_F_MMAPABLE });
	lower_add_map(l, (struct image_map){
		.name = "unwind_files", .role = IMAGE_MAP_UNWIND_FILES,
		.type = BPF_MAP_TYPE_HASH, .key_size = sizeof(struct image_unwind_file_id),
		.value_size = sizeof(struct image_unwind_file),
		.max_entries = IMAGE_UNWIND_FILES, .flags = BPF_F_NO_PREALLOC });
}

/* ---- where to begin ---- */

/* Registers as this architecture's pt_regs have them. */
static const struct start_reg {
	const char *name[2];	/* x86_64, arm64 */
	int32_t to;
} start_regs[] = {
	{ { "ip", "pc" }, UNWIND_IP }, { { "sp", "sp" }, UNWIND_SP },
	{ { "bp", "r29" }, UNWIND_FP }, { { NULL, "r30" }, UNWIND_LINK },
};

static void take_registers(struct gen *g, struct ir_insn *regs, struct ir_insn *state)
{
	const struct target_arch *arch = g->c->target->arch;
	bool is_arm = !strcmp(arch->name, "aarch64");

	for (size_t i = 0; i < sizeof(start_regs) / sizeof(*start_regs); i++) {
		const char *name = start_regs[i].name[is_arm];
		struct ir_insn *v = lower_const(g, 0);

		if (name)
			v = ir_emit_load(&g->b, IR_INT, 8, false, regs,
					 target_reg_offset(arch, name));
		ir_emit_store(&g->b, 8, state, start_regs[i].to, v);
	}
}

/* Threads of the kernel have no user registers. */
static struct ir_insn *memory_of_task(struct gen *g)
{
	struct type_struct *task = lower_task_struct(g->l);
	struct place p = lower_at(lower_task(g), 0);
	uint32_t at;

	if (!task || !type_field_find(g->c->types, task, name_of(g->c->names, "mm"), &at))
		return lower_const(g, 1);
	p.offset = (int32_t)at;
	p.root = task;
	if (p.base->type != IR_KPTR)
		p.kind = PLACE_KERNEL;
	return lower_load(g, p, type_int(g->c->types, 8, false));
}

static void take_task_registers(struct gen *g, struct ir_insn *state)
{
	struct ir_block *user = lower_block(g, false), *next = lower_block(g, false);
	struct ir_insn *task, *regs;

	ir_emit_store(&g->b, 8, state, UNWIND_IP, lower_const(g, 0));
	ir_emit_branch(&g->b, IR_NE, memory_of_task(g), lower_const(g, 0), user, next);
	lower_enter(g, user);
	task = ir_emit_call(&g->b, IR_CALL, BPF_FUNC_get_current_task_btf, IR_KPTR, NULL, 0);
	regs = ir_emit_helper(&g->b, BPF_FUNC_task_pt_regs, IR_KPTR, task);
	take_registers(g, regs, state);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

/* Was user code interrupted? */
static struct ir_insn *is_user(struct gen *g)
{
	const struct target_arch *arch = g->c->target->arch;
	int cs = target_reg_offset(arch, "cs");
	struct ir_insn *v;

	v = ir_emit_load(&g->b, IR_INT, 8, false, g->ctx,
			 cs >= 0 ? cs : target_reg_offset(arch, "pstate"));
	if (cs >= 0)
		return ir_emit_cmp(&g->b, IR_EQ, ir_emit_binary_imm(&g->b, IR_AND, v, 3),
				   lower_const(g, 3));
	return ir_emit_cmp(&g->b, IR_EQ, ir_emit_binary_imm(&g->b, IR_AND, v, 15),
			   lower_const(g, 0));
}

static void begin(struct gen *g, struct ir_insn *state)
{
	const struct provider *p = g->prog->provider;
	struct ir_block *user, *kernel, *next;

	if (attach_is_user(p->attach)) {
		take_registers(g, g->ctx, state);
		return;
	}
	if (p->prog_type != BPF_PROG_TYPE_PERF_EVENT) {
		take_task_registers(g, state);
		return;
	}
	user = lower_block(g, false);
	kernel = lower_block(g, false);
	next = lower_block(g, false);
	ir_emit_branch(&g->b, IR_NE, is_user(g), lower_const(g, 0), user, kernel);
	lower_enter(g, user);
	take_registers(g, g->ctx, state);
	ir_emit_jump(&g->b, next);
	lower_enter(g, kernel);
	take_task_registers(g, state);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

/* What is known of the process, into the state. */
static void find_process(struct gen *g, struct ir_insn *state)
{
	static const struct { int32_t to; uint8_t from; } parts[] = {
		{ UNWIND_LIST_CHUNK, offsetof(struct image_unwind_process, chunk) },
		{ UNWIND_LIST_AT, offsetof(struct image_unwind_process, at) },
		{ UNWIND_LIST_N, offsetof(struct image_unwind_process, nr_ranges) },
	};
	struct ir_block *none = lower_block(g, true), *next = lower_block(g, false);
	struct ir_insn *key = lower_object(g, "process", 4, 4), *p, *pid;

	ir_emit_store(&g->b, 4, key, 0, lower_pid(g, NULL));
	ir_emit_store(&g->b, 8, state, UNWIND_LEN, lower_const(g, 0));
	ir_emit_store(&g->b, 8, state, UNWIND_BACK, lower_const(g, 0));
	ir_emit_store(&g->b, 8, state, UNWIND_COUNT, lower_const(g, 0));
	p = ir_emit_helper(&g->b, BPF_FUNC_map_lookup_elem, IR_MAPVAL_OR_NULL,
			   ir_map(g->b.func, g->l->image->unwind_map + UNWIND_PROCESSES), key);
	p = ir_emit_null_check(&g->b, p, none);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		ir_emit_store(&g->b, 8, state, parts[i].to,
			      ir_emit_load(&g->b, IR_INT, 4, false, p, parts[i].from));
	unwind_note_use(g, p, offsetof(struct image_unwind_process, used));
	ir_emit_jump(&g->b, next);
	lower_enter(g, none);
	ir_emit_store(&g->b, 8, state, UNWIND_LIST_N, lower_const(g, 0));
	pid = lower_pid(g, NULL);
	ir_emit_call(&g->b, IR_FCALL, lower_unwind_ask(g)->index, IR_INT, &pid, 1);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

/* ---- the frames ---- */

struct frames {
	struct ir_insn *state, *base;
	int32_t offset;
	uint32_t limit;
};

/* Store an address as the i-th. */
static void put(struct gen *g, const struct frames *f, struct ir_insn *i, struct ir_insn *address)
{
	struct ir_insn *at = ir_emit_binary_imm(&g->b, IR_SHL, i, 3);

	lower_store_value(g, 8, ir_emit_binary(&g->b, IR_ADD, f->base, at), f->offset, address);
	ir_emit_store(&g->b, 8, f->state, UNWIND_COUNT, ir_emit_binary_imm(&g->b, IR_ADD, i, 1));
}

/* In a cold block: a step returned something. */
static void put_failure(struct gen *g, const struct frames *f, struct ir_insn *i,
			struct ir_insn *why, struct ir_block *done)
{
	struct ir_block *early = lower_block(g, true), *ask = lower_block(g, true);
	struct ir_insn *last, *pid;

	ir_emit_branch(&g->b, IR_NE, why, lower_const(g, UNWIND_STOP), early, done);
	lower_enter(g, early);
	last = ir_emit_binary(&g->b, IR_SUB, lower_const(g, UNWIND_STOP - 1), why);
	put(g, f, i, last);
	ir_emit_branch(&g->b, IR_ULE, why, lower_const(g, UNWIND_STOP + UNWIND_NO_RANGE), ask,
		       done);
	lower_enter(g, ask);
	pid = lower_pid(g, NULL);
	ir_emit_call(&g->b, IR_FCALL, lower_unwind_ask(g)->index, IR_INT, &pid, 1);
	ir_emit_jump(&g->b, done);
}

static void follow(struct gen *g, const struct frames *f, struct ir_block *done)
{
	struct ir_func *step = lower_unwind_step(g);
	struct ir_block *head = lower_block(g, false), *body = lower_block(g, false);
	struct ir_block *found = lower_block(g, false), *ended = lower_block(g, true);
	struct ir_var *turn = ir_var_new(g->b.func, "frame", IR_INT);
	struct ir_insn *i, *why, *state = f->state;

	ir_var_write(&g->b, turn, lower_const(g, 1));
	ir_emit_jump(&g->b, head);
	ir_continue_in(&g->b, head);
	i = ir_var_read(&g->b, turn);
	ir_emit_branch(&g->b, IR_ULT, i, lower_const(g, f->limit), body, done);
	lower_enter(g, body);
	why = ir_emit_call(&g->b, IR_FCALL, step->index, IR_INT, &state, 1);
	ir_emit_branch(&g->b, IR_EQ, why, lower_const(g, 0), found, ended);
	lower_enter(g, found);
	put(g, f, i, ir_emit_load(&g->b, IR_INT, 8, false, state, UNWIND_IP));
	ir_var_write(&g->b, turn, ir_emit_binary_imm(&g->b, IR_ADD, i, 1));
	ir_emit_jump(&g->b, head);
	ir_seal(head);
	lower_enter(g, ended);
	put_failure(g, f, i, why, done);
}

/* Returns the number of addresses, as the verifier knows nothing of it: what comes then
 * is followed once, not for each number. */
static struct ir_insn *unwind(struct gen *g, const struct frames *f)
{
	struct ir_block *some = lower_block(g, false), *done = lower_block(g, false);
	struct ir_insn *ip, *count;

	begin(g, f->state);
	find_process(g, f->state);
	unwind_note_returns(g, f->state);
	if (f->limit) {
		ip = ir_emit_load(&g->b, IR_INT, 8, false, f->state, UNWIND_IP);
		ir_emit_branch(&g->b, IR_NE, ip, lower_const(g, 0), some, done);
		lower_enter(g, some);
		put(g, f, lower_const(g, 0), ip);
		follow(g, f, done);
		lower_enter(g, done);
	}
	count = ir_emit_load(&g->b, IR_INT, 8, false, f->state, UNWIND_COUNT);
	count->is_pinned = true;
	return count;
}

struct ir_insn *lower_unwound(struct gen *g, const struct type *type, const struct dest *d)
{
	struct frames f = { .base = d->base, .offset = d->offset + 8,
			    .limit = (uint32_t)type->param[0] };

	add_maps(g->l);
	f.state = lower_loop_state(g, "unwinding", UNWIND_STATE_BYTES);
	if (!d->zeroed)
		lower_zero(g, f.base, f.offset, f.limit * 8);
	lower_store_value(g, 8, d->base, d->offset, unwind(g, &f));
	return NULL;
}
