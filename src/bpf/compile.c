/*
 * The back end as a list of stages: a module to a program of the image.
 */
#include "bpf/emit.h"

#include <errno.h>
#include <string.h>

#define MAX_FRAMES 8
#define MAX_INSNS 1000000
#define MAX_FUNCS 256
#define MAX_MAPS 64
#define MAX_TASK_BYTES 65000	/* of a value in task storage */
#define FRAME_UNIT 32	/* the verifier counts frames in these */

/* Funcs that a func calls, or hands to a helper. */
struct callees {
	VEC(uint32_t) at;
};

struct compiler {
	struct bc_env *env;
	struct ir_module *module;
	struct program program;
	struct callees *callees;	/* by func */
	uint32_t *frame;		/* bytes, by func */
	bool *reached;
	bool *repeated;			/* by func: runs in a loop that the kernel follows */
};

static void note_callees(struct compiler *c, struct callees *out, const struct ir_insn *i)
{
	if (i->op == IR_FCALL)
		vec_push(c->env->arena, &out->at, (uint32_t)i->imm);
	for (uint32_t k = 0; k < i->nr_args; k++)
		if (i->args[k]->op == IR_FUNC)
			vec_push(c->env->arena, &out->at, (uint32_t)i->args[k]->imm);
}

/* Of what is still called: a call that was never reached leaves its leaf behind. */
static void find_callees(struct compiler *c, const struct ir_func *f)
{
	for (size_t k = 0; k < f->blocks.n; k++)
		for (const struct ir_insn *i = f->blocks.at[k]->first; i; i = i->next)
			note_callees(c, &c->callees[f->index], i);
}

static void reach(struct compiler *c, uint32_t func)
{
	if (c->reached[func])
		return;
	c->reached[func] = true;
	find_callees(c, c->module->funcs.at[func]);
	for (size_t k = 0; k < c->callees[func].at.n; k++)
		reach(c, c->callees[func].at.at[k]);
}

static bool has_iterator(const struct ir_func *f)
{
	for (size_t k = 0; k < f->blocks.n; k++)
		for (const struct ir_insn *i = f->blocks.at[k]->first; i; i = i->next)
			if (ir_is_next_turn(i))
				return true;
	return false;
}

/* Global funcs are followed by themselves. */
static void repeat(struct compiler *c, uint32_t func)
{
	if (c->repeated[func] || c->module->funcs.at[func]->is_global)
		return;
	c->repeated[func] = true;
	for (size_t k = 0; k < c->callees[func].at.n; k++)
		repeat(c, c->callees[func].at.at[k]);
}

static void find_repeated(struct compiler *c)
{
	for (uint32_t f = 0; f < c->module->funcs.n; f++) {
		if (!c->reached[f])
			continue;
		if (c->module->funcs.at[f]->is_callback)
			repeat(c, f);
		if (!has_iterator(c->module->funcs.at[f]))
			continue;
		for (size_t k = 0; k < c->callees[f].at.n; k++)
			repeat(c, c->callees[f].at.at[k]);
	}
}

static int compile_func(struct compiler *c, const struct ir_func *ir)
{
	struct mfunc *f = bc_select(c->env, ir);

	bc_allocate(f);
	bc_tidy(f);
	bc_clean_up(f);
	bc_forget(f, c->repeated[ir->index]);
	c->frame[ir->index] = f->frame_bytes;
	return bc_emit(&c->program, f);
}

/* Bytes of stack and number of frames from `func` down its deepest chains. */
struct depth {
	uint32_t bytes, frames;	/* 0 frames: not known yet */
};

static struct depth depth_of(const struct compiler *c, uint32_t func, struct depth *known)
{
	uint32_t own = c->frame[func] ? c->frame[func] : 1;
	struct depth deepest = { 0, 0 };

	if (known[func].frames)
		return known[func];
	for (size_t k = 0; k < c->callees[func].at.n; k++) {
		struct depth d = depth_of(c, c->callees[func].at.at[k], known);

		deepest.bytes = d.bytes > deepest.bytes ? d.bytes : deepest.bytes;
		deepest.frames = d.frames > deepest.frames ? d.frames : deepest.frames;
	}
	known[func].bytes = deepest.bytes + ((own + FRAME_UNIT - 1) & ~(FRAME_UNIT - 1u));
	known[func].frames = deepest.frames + 1;
	return known[func];
}

/* ---- the kernel's limits ---- */

#define TOO_LARGE(c, ...) ((c)->env->too_large = arena_printf((c)->env->arena, __VA_ARGS__), false)

static bool stack_fits(struct compiler *c)
{
	struct depth d = depth_of(c, 0, arena_array(c->env->arena, struct depth,
						    c->module->funcs.n));

	if (d.frames > MAX_FRAMES)
		return TOO_LARGE(c,
				 "loops and functions are nested %u deep, and the kernel allows %u",
				 d.frames, MAX_FRAMES);
	if (d.bytes > BC_MAX_STACK)
		return TOO_LARGE(c, "it needs %u bytes of stack, and the kernel has %u", d.bytes,
				 BC_MAX_STACK);
	return true;
}

static bool funcs_fit(struct compiler *c)
{
	uint32_t n = 0;

	for (size_t k = 0; k < c->module->funcs.n; k++)
		n += c->reached[k];
	return n <= MAX_FUNCS || TOO_LARGE(c, "its loops make %u functions, and the kernel "
					   "allows %u", n, MAX_FUNCS);
}

static bool maps_fit(struct compiler *c)
{
	bool *seen = arena_array(c->env->arena, bool, c->env->image->maps.n + 1);
	uint32_t n = 0;

	for (size_t k = 0; k < c->program.relocs.n; k++) {
		uint32_t map = c->program.relocs.at[k].map;

		n += !seen[map];
		seen[map] = true;
	}
	return n <= MAX_MAPS || TOO_LARGE(c, "it uses %u maps of the kernel, which allows %u", n,
					  MAX_MAPS);
}

/* A task's storage is that of programs that may be interrupted by themselves. */
static bool scratch_fits(struct compiler *c)
{
	const struct ir_module *m = c->module;

	if (m->scratch_owner != IR_SCRATCH_TASK || m->scratch_bytes <= MAX_TASK_BYTES)
		return true;
	return TOO_LARGE(c, "its strings and other large values take %u bytes at once, and a task "
			 "has %u for a uprobe; see max_strlen", m->scratch_bytes, MAX_TASK_BYTES);
}

static bool program_fits(struct compiler *c)
{
	if (c->program.insns.n > MAX_INSNS)
		return TOO_LARGE(c, "it has %zu instructions, and the kernel allows %u",
				 c->program.insns.n, MAX_INSNS);
	return stack_fits(c) && funcs_fit(c) && maps_fit(c) && scratch_fits(c);
}

static void fill_prog(struct compiler *c, struct image_prog *prog)
{
	struct arena *a = &c->env->image->arena;
	struct program *p = &c->program;
	struct bpf_insn *insns = arena_array(a, struct bpf_insn, p->insns.n);
	struct image_reloc *relocs = arena_array(a, struct image_reloc, p->relocs.n);

	memcpy(insns, p->insns.at, p->insns.n * sizeof(*insns));
	if (p->relocs.n)
		memcpy(relocs, p->relocs.at, p->relocs.n * sizeof(*relocs));
	prog->insns = insns;
	prog->nr_insns = (uint32_t)p->insns.n;
	prog->relocs = relocs;
	prog->nr_relocs = p->relocs.n;
}

/* Only now is it known how much scratch memory the objects take, and where. */
static void size_scratch(struct bc_env *env, const struct ir_module *m)
{
	struct image_map *map;

	if (!m->scratch_bytes || m->scratch_owner == IR_SCRATCH_NONE)
		return;
	map = &env->image->maps.at[m->scratch_map];
	map->value_size = (m->scratch_bytes + 7) / 8 * 8;
	if (m->scratch_owner == IR_SCRATCH_THREAD)
		env->image->maps.at[m->scratch_new_map].value_size = map->value_size;
	if (m->scratch_stride) {
		map->type = BPF_MAP_TYPE_ARRAY;
		map->value_size = m->scratch_stride * m->scratch_cpus;
	}
}

int bc_compile(struct bc_env *env, struct ir_module *m, struct image_prog *prog)
{
	size_t n = m->funcs.n;
	struct compiler c = { .env = env, .module = m, .program = { .arena = env->arena } };
	int err;

	c.callees = arena_array(env->arena, struct callees, n);
	c.frame = arena_array(env->arena, uint32_t, n);
	c.reached = arena_array(env->arena, bool, n);
	c.program.func_start = arena_array(env->arena, uint32_t, n);
	c.repeated = arena_array(env->arena, bool, n);
	reach(&c, 0);
	find_repeated(&c);
	for (size_t k = 0; k < n; k++) {
		if (!c.reached[k]) {
			c.program.func_start[k] = UINT32_MAX;
			continue;
		}
		err = compile_func(&c, m->funcs.at[k]);
		if (err)
			return err;
	}
	if (!program_fits(&c))
		return -E2BIG;
	size_scratch(env, m);
	bc_fix_funcs(&c.program);
	fill_prog(&c, prog);
	return bc_prog_btf(env, m, &c.program, prog);
}
