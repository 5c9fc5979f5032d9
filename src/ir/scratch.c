/*
 * The scratch frame of a func: its base is found once, where every use is behind
 * it, and addresses of scratch objects become base + offset.
 *
 * Where the frames of all CPUs lie side by side in one array value, the base is
 * that value's address plus the CPU's number times the stride: no call that the
 * kernel does not inline, no check. Else it is looked up.
 *
 * The base is made as late as it can be: behind the predicate, but outside of
 * loops, and a lookup before anything that must be given back (a ring reservation,
 * an iterator) is held, because a failed lookup returns from the func at once. A
 * frame of a task or thread that cannot be had is counted at scratch_lost; per-CPU
 * lookups of key 0 cannot fail. Callbacks find the frame again and stop their loop on
 * failure.
 */
#include "ir/place.h"

enum {
	HELPER_MAP_LOOKUP = 1,
	HELPER_MAP_UPDATE = 2,
	HELPER_GET_SMP_PROCESSOR_ID = 8,
	HELPER_GET_CURRENT_PID_TGID = 14,
	HELPER_RINGBUF_RESERVE = 131,
	HELPER_TASK_STORAGE_GET = 156,
	HELPER_GET_CURRENT_TASK_BTF = 158,
	STORAGE_GET_F_CREATE = 1,
	NOEXIST = 1,
};

static bool is_in_scratch(const struct place_func *p, const struct ir_insn *leaf)
{
	return leaf->op == IR_OBJECT && leaf->imm < p->objects.n &&
	       p->where[leaf->imm] == IR_PLACE_SCRATCH;
}

/* ---- where the base is made ---- */

struct spot {
	struct ir_block *block;
	struct ir_insn *before;	/* in the block */
};

static uint32_t meet(const struct ir_dom *d, uint32_t a, uint32_t b)
{
	while (a != b) {
		while (a > b)
			a = d->idom[a];
		while (b > a)
			b = d->idom[b];
	}
	return a;
}

/* The block that dominates all uses; a phi uses its args in its predecessors. */
static struct ir_block *uses_dominator(const struct place_func *p, const struct ir_dom *d)
{
	uint32_t at = UINT32_MAX;

	for (uint32_t n = 0; n < d->order.n; n++)
		for (struct ir_insn *i = d->order.rpo[n]->first; i; i = i->next)
			for (uint32_t k = 0; k < i->nr_args; k++) {
				uint32_t use = n;

				if (!is_in_scratch(p, i->args[k]))
					continue;
				if (i->op == IR_PHI)
					use = d->order.number[i->block->preds.at[k]->id];
				at = at == UINT32_MAX ? use : meet(d, at, use);
			}
	return at == UINT32_MAX ? NULL : d->order.rpo[at];
}

/* Can the block be reached from itself? Walks what lies behind it, once. */
static bool is_in_loop(const struct ir_func *f, const struct ir_block *block)
{
	struct arena *a = ir_work(f->module);
	struct ir_block **stack = arena_array(a, struct ir_block *, f->blocks.n + 1);
	bool *seen = arena_array(a, bool, f->blocks.n);
	size_t depth = 0;
	const struct ir_block *b = block;

	for (;;) {
		for (uint32_t k = 0; k < b->nr_succs; k++) {
			if (b->succs[k] == block)
				return true;
			if (!seen[b->succs[k]->id]) {
				seen[b->succs[k]->id] = true;
				stack[depth++] = b->succs[k];
			}
		}
		if (!depth)
			return false;
		b = stack[--depth];
	}
}

static bool is_first_use(const struct place_func *p, const struct ir_insn *i)
{
	for (uint32_t k = 0; i->op != IR_PHI && k < i->nr_args; k++)
		if (is_in_scratch(p, i->args[k]))
			return true;
	return false;
}

static bool may_hold(const struct ir_insn *i)
{
	return (i->op == IR_CALL && i->imm == HELPER_RINGBUF_RESERVE) ||
	       (i->op == IR_KCALL && !i->is_pure);
}

/* May something be held at the spot that must be given back? The spot is in no
 * loop, so only what comes before it in reverse postorder can reach it. */
static bool may_be_holding(const struct ir_dom *d, const struct spot *s)
{
	for (uint32_t n = 0; n <= d->order.number[s->block->id]; n++)
		for (struct ir_insn *i = d->order.rpo[n]->first; i; i = i->next) {
			if (i == s->before)
				break;
			if (may_hold(i))
				return true;
		}
	return false;
}

static bool find_spot(const struct place_func *p, struct spot *s)
{
	struct ir_dom d;

	ir_dom_find(p->f, &d);
	s->block = uses_dominator(p, &d);
	if (!s->block)
		return false;
	while (is_in_loop(p->f, s->block))
		s->block = ir_idom(&d, s->block);
	for (s->before = ir_first_body(s->block);
	     s->before->next && !is_first_use(p, s->before); s->before = s->before->next)
		;
	if (!p->f->module->scratch_stride && may_be_holding(&d, s)) {
		s->block = p->f->blocks.at[0];
		s->before = ir_first_body(s->block);
	}
	return true;
}

/* ---- the base ---- */

/* A slot of its own above all others: it is no part of the analysis. */
static uint32_t emit_key(struct ir_builder *b, struct place_func *p, struct ir_insn *value)
{
	uint32_t key = ir_object_new(b->func, "scratch_key", 4, 4);
	struct ir_object *o = &b->func->objects.at[key];

	p->stack_bytes += 8;
	o->place = IR_PLACE_STACK;
	o->offset = -8;
	ir_emit_store(b, 4, ir_object(b->func, key), 0, value);
	return key;
}

static struct ir_insn *emit_percpu_lookup(struct ir_builder *b, struct place_func *p)
{
	struct ir_func *f = b->func;
	uint32_t key = emit_key(b, p, ir_const(f, 0));

	return ir_emit_helper(b, HELPER_MAP_LOOKUP, IR_MAPVAL_OR_NULL,
			      ir_map(f, f->module->scratch_map), ir_object(f, key));
}

/* A thread's frame is made when it is first asked for; those of threads that are long
 * gone make room. */
static struct ir_insn *emit_thread_lookup(struct ir_builder *b, struct place_func *p)
{
	struct ir_func *f = b->func;
	struct ir_insn *tid = ir_emit_call(b, IR_CALL, HELPER_GET_CURRENT_PID_TGID, IR_INT, NULL,
					   0);
	uint32_t key = emit_key(b, p, tid);

	ir_emit_helper(b, HELPER_MAP_UPDATE, IR_INT, ir_map(f, f->module->scratch_map),
		       ir_object(f, key), ir_map_value(f, f->module->scratch_new_map, 0),
		       ir_const(f, NOEXIST));
	return ir_emit_helper(b, HELPER_MAP_LOOKUP, IR_MAPVAL_OR_NULL,
			      ir_map(f, f->module->scratch_map), ir_object(f, key));
}

static struct ir_insn *emit_task_lookup(struct ir_builder *b)
{
	struct ir_func *f = b->func;
	struct ir_insn *task =
		ir_emit_call(b, IR_CALL, HELPER_GET_CURRENT_TASK_BTF, IR_KPTR, NULL, 0);

	return ir_emit_helper(b, HELPER_TASK_STORAGE_GET, IR_MAPVAL_OR_NULL,
			      ir_map(f, f->module->scratch_map), task, ir_const(f, 0),
			      ir_const(f, STORAGE_GET_F_CREATE));
}

static void emit_failure(struct ir_func *f, struct ir_block *block)
{
	struct ir_builder b = { .func = f, .block = block };
	struct ir_module *m = f->module;

	block->is_cold = true;
	ir_seal(block);
	if (m->scratch_owner != IR_SCRATCH_PERCPU && m->scratch_lost_map >= 0)
		ir_emit_atomic(&b, IR_ATOMIC_ADD, 8, false,
			       ir_map_value(f, (uint32_t)m->scratch_lost_map,
					    (uint32_t)m->scratch_lost_offset),
			       0, ir_const(f, 1), NULL);
	/* 1 ends bpf_loop and bpf_for_each_map_elem. */
	ir_emit_ret(&b, ir_const(f, f->is_callback ? 1 : 0));
}

static struct ir_insn *insert(const struct spot *s, enum ir_op op, struct ir_insn *x,
			      struct ir_insn *y)
{
	struct ir_insn *i = ir_insn_new(s->block->func, op, x ? x->type : IR_INT, x ? 2 : 0);

	if (x) {
		i->args[0] = x;
		i->args[1] = y;
	}
	i->line = s->before->line;
	ir_insert_before(s->before, i);
	return i;
}

/* The mask shows the kernel that the frame lies in the value. */
static struct ir_insn *insert_cpu_base(struct ir_func *f, const struct spot *s)
{
	const struct ir_module *m = f->module;
	struct ir_insn *cpu = insert(s, IR_CALL, NULL, NULL);

	cpu->imm = HELPER_GET_SMP_PROCESSOR_ID;
	cpu = insert(s, IR_AND, cpu, ir_const(f, m->scratch_cpus - 1));
	cpu = insert(s, IR_MUL, cpu, ir_const(f, m->scratch_stride));
	return insert(s, IR_ADD, ir_map_value(f, m->scratch_map, 0), cpu);
}

static struct ir_insn *emit_base(struct place_func *p, const struct spot *s)
{
	struct ir_func *f = p->f;
	struct ir_block *rest = ir_block_split(s->block, s->before);
	struct ir_block *failed = ir_block_new(f);
	struct ir_builder b = { .func = f, .block = s->block, .line = s->before->line };
	struct ir_insn *base;

	/* Take the split's jump away and lead to the rest behind the check. */
	ir_remove(s->block->last);
	ir_edge_drop(s->block, rest);
	s->block->nr_succs = 0;
	base = f->module->scratch_owner == IR_SCRATCH_TASK ? emit_task_lookup(&b) :
	       f->module->scratch_owner == IR_SCRATCH_THREAD ? emit_thread_lookup(&b, p) :
	       emit_percpu_lookup(&b, p);
	base = ir_emit_null_check(&b, base, failed);
	ir_emit_jump(&b, rest);
	emit_failure(f, failed);
	return base;
}

/* ---- uses ---- */

/* Can the instruction add the offset itself? */
static int64_t *offset_of_arg(struct ir_insn *i, uint32_t arg)
{
	if (!ir_op_is(i, IR_OP_MEMORY))
		return NULL;
	if (!arg)
		return &i->imm;
	return i->op == IR_MEMCPY && arg == 1 ? &i->imm3 : NULL;
}

static void rewrite_arg(struct place_func *p, struct ir_insn *i, uint32_t arg,
			struct ir_insn *base)
{
	int64_t offset = (uint32_t)(p->scratch_start + p->at[i->args[arg]->imm]);
	int64_t *imm = offset_of_arg(i, arg);
	struct ir_insn *sum;

	if (imm && *imm + offset <= INT16_MAX) {
		*imm += offset;
		i->args[arg] = base;
		return;
	}
	if (!offset) {
		i->args[arg] = base;
		return;
	}
	sum = ir_insn_new(p->f, IR_ADD, IR_MAPVAL, 2);
	sum->args[0] = base;
	sum->args[1] = ir_const(p->f, offset);
	sum->line = i->line;
	ir_insert_before(i->op == IR_PHI ? i->block->preds.at[arg]->last : i, sum);
	i->args[arg] = sum;
}

static void rewrite_insn(struct place_func *p, struct ir_insn *i, uint32_t nr_known,
			 struct ir_insn *base)
{
	if (i->type == IR_OBJ && i->id < nr_known && p->objects.base[i->id] != IR_NO_OBJECT &&
	    p->where[p->objects.base[i->id]] == IR_PLACE_SCRATCH)
		i->type = IR_MAPVAL;
	for (uint32_t k = 0; k < i->nr_args; k++)
		if (is_in_scratch(p, i->args[k]))
			rewrite_arg(p, i, k, base);
}

void ir_scratch_rewrite(struct place_func *p)
{
	uint32_t nr_known = p->f->next_insn_id;
	struct ir_insn *base;
	struct spot s;

	if ((!p->scratch_bytes && !p->sees_entry) || !find_spot(p, &s))
		return;
	base = p->f->module->scratch_stride ? insert_cpu_base(p->f, &s) : emit_base(p, &s);
	for (size_t n = 0; n < p->f->blocks.n; n++)
		ir_each_insn(i, next, p->f->blocks.at[n])
			rewrite_insn(p, i, nr_known, base);
}
