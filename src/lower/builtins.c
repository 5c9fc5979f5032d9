/*
 * Builtins that are a value of the running task, the clock, the CPU or the
 * probe: a function for each row of check/builtins.def that the other files do
 * not have.
 */
#include "lower/internal.h"

#include <string.h>

#define CALL(name)									\
struct ir_insn *lower_call_##name(struct gen *g, struct node *n, const struct dest *d);	\
struct ir_insn *lower_call_##name(struct gen *g, struct node *n, const struct dest *d)

static struct ir_insn *helper0(struct gen *g, int64_t helper)
{
	return ir_emit_call(&g->b, IR_CALL, helper, IR_INT, NULL, 0);
}

/* ---- the task ---- */

/* Thread (word 0) and process (word 1) id in the tracer's namespace. */
static struct ir_insn *namespace_id(struct gen *g, int32_t offset)
{
	const struct target *t = g->c->target;
	struct ir_insn *pair = lower_object(g, "ids", 8, 8);

	ir_emit_memzero(&g->b, pair, 0, 8);
	ir_emit_helper(&g->b, BPF_FUNC_get_ns_current_pid_tgid, IR_INT,
		       lower_const(g, (int64_t)t->pidns_dev), lower_const(g, (int64_t)t->pidns_ino),
		       pair, lower_const(g, 8));
	return ir_emit_load(&g->b, IR_INT, 4, false, pair, offset);
}

static bool wants_initial(struct gen *g, const struct node *n)
{
	if (!g->c->target->pidns_ino)
		return true;
	return n && n->u.call.args.n && n->u.call.args.at[0]->u.integer.value == 1;
}

struct ir_insn *lower_pid(struct gen *g, const struct node *n)
{
	if (!wants_initial(g, n))
		return namespace_id(g, 4);
	return ir_emit_binary_imm(&g->b, IR_LSHR, helper0(g, BPF_FUNC_get_current_pid_tgid), 32);
}

CALL(pid)
{
	(void)d;
	return lower_pid(g, n);
}

struct ir_insn *lower_tid(struct gen *g, const struct node *n)
{
	if (!wants_initial(g, n))
		return namespace_id(g, 0);
	return ir_emit_ext(&g->b, helper0(g, BPF_FUNC_get_current_pid_tgid), 4, false);
}

CALL(tid)
{
	(void)d;
	return lower_tid(g, n);
}

CALL(uid)
{
	(void)n, (void)d;
	return ir_emit_ext(&g->b, helper0(g, BPF_FUNC_get_current_uid_gid), 4, false);
}

CALL(gid)
{
	(void)n, (void)d;
	return ir_emit_binary_imm(&g->b, IR_LSHR, helper0(g, BPF_FUNC_get_current_uid_gid), 32);
}

CALL(username)
{
	return lower_call_uid(g, n, d);
}

CALL(cgroup)
{
	(void)n, (void)d;
	return helper0(g, BPF_FUNC_get_current_cgroup_id);
}

CALL(curtask)
{
	(void)n, (void)d;
	return helper0(g, BPF_FUNC_get_current_task);
}

/* A member of a task; its place if the kernel's types are known. */
static bool task_member(struct gen *g, struct place *p, const char *name)
{
	struct type_struct *task = lower_task_struct(g->l);
	uint32_t offset;

	if (!task || !type_field_find(g->c->types, task, name_of(g->c->names, name), &offset))
		return false;
	p->offset = (int32_t)offset;
	p->root = task;
	return true;
}

static struct place task_place(struct gen *g)
{
	struct place p = lower_at(lower_task(g), 0);

	if (p.base->type != IR_KPTR)
		p.kind = PLACE_KERNEL;
	return p;
}

#define COMM_BYTES 16

CALL(comm)
{
	struct place p = task_place(g);
	const struct type *comm = type_string(g->c->types, COMM_BYTES);

	if (n->u.call.args.n) {
		lower_comm_of(g, n, d);
		return NULL;
	}
	/* Two loads: six times as fast as the helper. */
	if (p.kind == PLACE_DIRECT && task_member(g, &p, "comm"))
		lower_copy(g, *d, comm, p, comm);
	else
		ir_emit_helper(&g->b, BPF_FUNC_get_current_comm, IR_INT,
			       lower_ptr(g, d->base, d->offset), lower_const(g, COMM_BYTES));
	return NULL;
}

/* ---- CPU and clock ---- */

CALL(cpu)
{
	(void)n, (void)d;
	return helper0(g, BPF_FUNC_get_smp_processor_id);
}

CALL(numaid)
{
	(void)n, (void)d;
	return helper0(g, BPF_FUNC_get_numa_node_id);
}

CALL(ncpus)
{
	(void)n, (void)d;
	return lower_const(g, g->c->target->nr_cpus);
}

CALL(rand)
{
	(void)n, (void)d;
	return ir_emit_ext(&g->b, helper0(g, BPF_FUNC_get_prandom_u32), 4, false);
}

CALL(jiffies)
{
	(void)n, (void)d;
	return helper0(g, BPF_FUNC_jiffies64);
}

static const int clock_helpers[] = {
	[CLOCK_MODE_BOOT] = BPF_FUNC_ktime_get_boot_ns,
	[CLOCK_MODE_MONOTONIC] = BPF_FUNC_ktime_get_ns,
	[CLOCK_MODE_TAI] = BPF_FUNC_ktime_get_tai_ns,
	[CLOCK_MODE_SW_TAI] = BPF_FUNC_ktime_get_boot_ns,
};

static struct ir_insn *control_u64(struct gen *g, size_t offset)
{
	return ir_emit_load(&g->b, IR_INT, 8, false, lower_control(g, (uint32_t)offset), 0);
}

/* The map that stands for all clocks, if it is asked for and there. */
static struct ir_insn *dummy_clock(struct gen *g)
{
	const char *name = g->c->config.dummy_ts_map;
	struct map **m;
	int32_t offset;

	if (!name)
		return NULL;
	vec_each(m, &g->c->maps) {
		const struct map_store *s = lower_store(*m);
		struct ir_insn *cell;

		if (strcmp((*m)->name, name) || s->storage != STORE_CELL)
			continue;
		cell = lower_cell(g, s, &offset);
		return ir_emit_load(&g->b, IR_INT, s->value_size, false, cell, offset);
	}
	return NULL;
}

struct ir_insn *lower_now(struct gen *g, enum clock_mode mode)
{
	struct ir_insn *now = dummy_clock(g);

	if (now)
		return now;
	now = helper0(g, clock_helpers[mode]);
	if (mode == CLOCK_MODE_SW_TAI)
		now = ir_emit_binary(&g->b, IR_ADD, now,
				     control_u64(g, offsetof(struct image_control, tai_offset_ns)));
	return now;
}

CALL(nsecs)
{
	(void)d;
	return lower_now(g, n->u.call.args.n ? n->u.call.args.at[0]->u.integer.value :
			 CLOCK_MODE_BOOT);
}

CALL(elapsed)
{
	struct ir_insn *now = helper0(g, BPF_FUNC_ktime_get_boot_ns);

	(void)n, (void)d;
	return ir_emit_binary(&g->b, IR_SUB, now,
			      control_u64(g, offsetof(struct image_control, start_ns)));
}

CALL(cpid)
{
	(void)d;
	if (!g->c->options->has_child)
		lower_note(g, ACTION_WARNF, n->loc, "No child command (`-c`); cpid is zero",
			   NULL, "");
	return control_u64(g, offsetof(struct image_control, child_pid));
}

CALL(has_cpid)
{
	(void)n, (void)d;
	return lower_const(g, g->c->options->has_child);
}

/* ---- the probe ---- */

static struct ir_insn *ctx_word(struct gen *g, uint32_t offset)
{
	if (!g->ctx)
		return lower_const(g, 0);
	return ir_emit_load(&g->b, IR_INT, 8, false, g->ctx, (int32_t)offset);
}

static bool has_slots(const struct gen *g)
{
	return g->prog->provider->attach == ATTACH_RAW_TRACEPOINT ||
	       g->prog->provider->prog_type == BPF_PROG_TYPE_TRACING;
}

/* argN from its slot. The verifier knows some as pointers, with which a script may calculate
 * all the same. */
static struct ir_insn *slot_arg(struct gen *g, uint32_t index)
{
	const struct provider *p = g->prog->provider;
	struct ir_insn *v = ctx_word(g, index * 8);
	const char *name;
	int nr_params;

	if (p->prog_type != BPF_PROG_TYPE_TRACING || !p->arg_type ||
	    !p->arg_type(&g->c->probe_ctx, g->prog->sites[0], index, &nr_params, &name))
		return v;
	return lower_to_scalar(g, v);
}

CALL(arg)
{
	uint64_t index = n->u.call.args.at[0]->u.integer.value;

	(void)d;
	if (has_slots(g))
		return slot_arg(g, (uint32_t)index);
	if (g->prog->sites[0]->places)
		return lower_placed_arg(g, (uint32_t)index);
	return ctx_word(g, g->c->target->arch->arg_offsets[index]);
}

/* In a slot behind the arguments. */
static struct ir_insn *typed_retval(struct gen *g, struct node *n)
{
	uint32_t offset = 0;
	struct ir_insn *v;

	g->prog->provider->retval(&g->c->probe_ctx, g->prog->sites[0], &offset);
	v = ctx_word(g, offset);
	if (n->type->kind == TYPE_POINTER)
		return lower_to_scalar(g, v);
	/* A kretprobe's number may be what the verifier knows as a pointer. */
	return lower_extend(g, g->prog->provider->has & HAS_ARGS ? v : lower_to_scalar(g, v),
			    n->type);
}

CALL(retval)
{
	(void)d;
	if (g->prog->provider->retval)
		return typed_retval(g, n);
	return lower_extend(g, ctx_word(g, g->c->target->arch->ret_offset), n->type);
}

CALL(reg)
{
	const struct target_reg *reg = n->u.call.aux;

	(void)d;
	return ctx_word(g, reg->offset);
}

/* begin and its like run as if this process called them. Probes of other kinds are
 * on the kernel's own way. */
CALL(usermode)
{
	int offset = target_reg_offset(g->c->target->arch, "cs");
	enum bpf_prog_type type = g->prog->provider->prog_type;
	struct ir_insn *cs;

	(void)n, (void)d;
	if (g->prog->provider->prog_type == BPF_PROG_TYPE_RAW_TRACEPOINT)
		return lower_const(g, 1);
	if (offset < 0 || (type != BPF_PROG_TYPE_KPROBE && type != BPF_PROG_TYPE_PERF_EVENT))
		return lower_const(g, 0);
	cs = ir_emit_binary_imm(&g->b, IR_AND, ctx_word(g, (uint32_t)offset), 3);
	return ir_emit_cmp(&g->b, IR_EQ, cs, lower_const(g, 3));
}

CALL(args)
{
	(void)n, (void)d;
	return g->ctx;
}

CALL(ctx)
{
	(void)n, (void)d;
	return g->ctx;
}

CALL(probe)
{
	(void)n, (void)d;
	return lower_probe_index(g);
}

CALL(probetype)
{
	(void)g, (void)n, (void)d;
	assert(!"probetype is a string");
	return NULL;
}

CALL(shorthand)
{
	(void)g, (void)n, (void)d;
	assert(!"checking has replaced it");
	return NULL;
}

/* ---- integers and pointers ---- */

CALL(bswap)
{
	struct ir_insn *v = lower_value(g, n->u.call.args.at[0]);

	(void)d;
	/* What comes out has no sign, also of a byte that had one. */
	return n->type->size_bytes < 2 ? ir_emit_ext(&g->b, v, 1, false)
				       : ir_emit_bswap(&g->b, v, n->type->size_bytes);
}

CALL(kptr)
{
	(void)d;
	return lower_value(g, n->u.call.args.at[0]);
}

CALL(uptr)
{
	(void)d;
	return lower_value(g, n->u.call.args.at[0]);
}

/* -MAX_ERRNO .. -1, as an address. */
CALL(is_err)
{
	struct ir_insn *p = lower_value(g, n->u.call.args.at[0]);

	(void)d;
	return ir_emit_cmp(&g->b, IR_UGE, p, lower_const(g, -4095));
}

/* ---- named parameters ---- */

/* The text of a parameter, which may be cut and then ends without a NUL. */
struct place lower_named_text(struct gen *g, struct node *n)
{
	struct named_param *p = n->u.call.aux;
	uint32_t size = p->type->size_bytes;

	if (!p->map) {
		char *text = arena_alloc(g->l->arena, size);

		memset(text, 0, size);
		memcpy(text, p->text, p->len < size ? p->len : size);
		p->map = 1 + lower_add_rodata(g->l, "parameter", text, size);
	}
	return lower_at(ir_map_value(g->b.func, p->map - 1, 0), 0);
}

CALL(getopt)
{
	const struct named_param *p = n->u.call.aux;

	if (p->type->kind != TYPE_STRING)
		return lower_const(g, (int64_t)p->number);
	lower_copy(g, *d, n->type, lower_named_text(g, n), n->type);
	return NULL;
}

CALL(kaddr)
{
	(void)n, (void)d;
	return lower_const(g, 0);
}

/* Aggregations are lowered where they are assigned (aggregate.c). */
#define AGGREGATION(name) CALL(name) { (void)g, (void)n, (void)d; return NULL; }

AGGREGATION(count)
AGGREGATION(sum)
AGGREGATION(min)
AGGREGATION(max)
AGGREGATION(avg)
AGGREGATION(stats)
AGGREGATION(hist)
AGGREGATION(lhist)
AGGREGATION(tseries)
