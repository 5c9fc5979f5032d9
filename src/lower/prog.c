/*
 * A program: its description in the image, and the code around its body.
 *
 * Before the body stand, where they are needed: the test whether tracing was
 * stopped, whether this is a traced process, and for one raw program on all
 * system calls, which of them this is.
 */
#include "lower/internal.h"

#include <errno.h>
#include <linux/version.h>
#include <string.h>

#define STACK_FOR_OBJECTS 384	/* of 512: the rest is for spills */

/* ---- description ---- */

static const char *own_text(struct arena *a, const char *text)
{
	return text ? arena_strdup(a, text) : NULL;
}

/* A site whose texts are the image's, which outlives what was compiled from. */
static struct image_site own_site(struct arena *a, const struct image_site *s)
{
	struct image_site own = *s;

	own.category = own_text(a, s->category);
	own.event = own_text(a, s->event);
	own.module = own_text(a, s->module);
	own.function = own_text(a, s->function);
	own.path = own_text(a, s->path);
	return own;
}

static const struct image_site *add_sites(struct lower *l, struct prog *p)
{
	struct arena *a = &l->image->arena;
	struct image_site *sites = arena_array(a, struct image_site, p->nr_sites + 1);

	for (size_t i = 0; i < p->nr_sites; i++) {
		struct probe_site *s = p->sites[i];

		/* Several places with one name are one probe. */
		if (!i || strcmp(s->name, p->sites[i - 1]->name) != 0)
			vec_push(a, &l->image->probe_names, arena_strdup(a, s->name));
		s->image.probe = (uint32_t)l->image->probe_names.n - 1;
		sites[i] = own_site(a, &s->image);
	}
	return sites;
}

static bool wants_sleepable(const struct lower *l, const struct prog *p)
{
	return p->reads_user && l->c->config.fault_in && attach_is_user(p->provider->attach) &&
	       target_has(l->c->target, FEATURE_SLEEPABLE_UPROBE);
}

static void describe(struct lower *l, struct prog *p, struct image_prog *ip)
{
	struct arena *a = &l->image->arena;

	ip->name = arena_strdup(a, p->nr_sites ? p->sites[0]->name : p->provider->name);
	ip->type = p->provider->prog_type;
	ip->attach = p->provider->attach;
	ip->raw_event = p->raw_event ? arena_strdup(a, p->raw_event) : NULL;
	if (p->provider->plan)
		p->provider->plan(&l->c->probe_ctx, p->sites, p->nr_sites, ip);
	ip->attach_module = own_text(a, ip->attach_module);
	ip->why = own_text(a, ip->why);
	ip->sites = add_sites(l, p);
	ip->nr_sites = p->nr_sites;
	ip->sleepable = ip->sleepable || wants_sleepable(l, p);
	if (p->at_return) {
		ip->return_sites = add_sites(l, p->at_return);
		ip->sleepable = ip->sleepable || wants_sleepable(l, p->at_return);
		ip->session_kfunc = lower_kfunc_id(l, KFUNC_SESSION_IS_RETURN);
	}
}

/* ---- scratch memory ---- */

#define THREAD_FRAMES 1024	/* of threads that are in a program at once, and some more */

/* From Linux 6.0 on a uprobe program may meet itself on a CPU, where tasks take turns
 * within programs, but not in a task. Of all other programs at most one run at a time uses
 * a CPU's frame: the kernel, or guard.c, lets no second one in. */
static bool is_of_task(const struct lower *l, const struct prog *p)
{
	return attach_is_user(p->provider->attach) &&
	       (l->c->target->kernel_version >= KERNEL_VERSION(6, 0, 0) ||
		target_has(l->c->target, FEATURE_SLEEPABLE_UPROBE));
}

static void own_scratch(struct lower *l, struct prog *p, struct ir_module *m)
{
	struct image_map map = {
		.name = "scratch", .role = IMAGE_MAP_SCRATCH, .type = BPF_MAP_TYPE_PERCPU_ARRAY,
		.key_size = 4, .max_entries = 1,
	};

	m->scratch_owner = IR_SCRATCH_PERCPU;
	m->scratch_cpus = l->cpu_mask + 1;
	if (is_of_task(l, p) && target_has(l->c->target, FEATURE_TASK_STORAGE)) {
		m->scratch_owner = IR_SCRATCH_TASK;
		map.type = BPF_MAP_TYPE_TASK_STORAGE;
		map.max_entries = 0;
		map.flags = BPF_F_NO_PREALLOC;
	} else if (is_of_task(l, p)) {
		m->scratch_owner = IR_SCRATCH_THREAD;
		map.type = BPF_MAP_TYPE_ARRAY;
		m->scratch_new_map = lower_add_map(l, map);
		map.type = BPF_MAP_TYPE_LRU_HASH;
		map.max_entries = THREAD_FRAMES;
	}
	m->scratch_map = lower_add_map(l, map);
	m->scratch_lost_map = l->image->losses_map;
	m->scratch_lost_offset = l->image->losses_offset +
				 (((int64_t)l->image->progs.n - 1) * IMAGE_LOSS_COUNT +
				  IMAGE_LOSS_SCRATCH) * 8;
}

/* ---- the attach point ---- */

static bool has_one_name(const struct prog *p)
{
	return p->nr_sites &&
	       p->sites[0]->image.probe == p->sites[p->nr_sites - 1]->image.probe;
}

struct ir_insn *lower_probe_index(struct gen *g)
{
	struct ir_insn *cookie;

	if (g->probe_is_known)
		return g->probe;
	if (g->in_callback)
		return ir_emit_load(&g->b, IR_INT, 8, false, g->frame, FRAME_PROBE);
	if (has_one_name(g->prog))
		return lower_const(g, g->prog->sites[0]->image.probe);
	cookie = ir_emit_helper(&g->b, BPF_FUNC_get_attach_cookie, IR_INT, g->ctx);
	if (g->cookie_shift)
		return ir_emit_binary_imm(&g->b, IR_ADD, cookie, g->cookie_shift);
	return g->prog->nr_variants > 1 ? ir_emit_ext(&g->b, cookie, 4, false) : cookie;
}

static void return_if(struct gen *g, enum ir_cmp cmp, struct ir_insn *x, struct ir_insn *y)
{
	struct ir_block *out = lower_block(g, true), *next = lower_block(g, false);

	ir_emit_branch(&g->b, cmp, x, y, out, next);
	lower_enter(g, out);
	ir_emit_ret(&g->b, lower_const(g, g->default_result));
	lower_enter(g, next);
}

/* Number -> index of the attach point + 1, as the kernel's table of calls. */
static uint32_t *syscall_table(struct gen *g, uint32_t *count)
{
	const char *arch = g->c->target->arch->name;
	uint32_t *table, n = 0;

	for (size_t i = 0; i < g->prog->nr_sites; i++) {
		int nr = probes_syscall_number(arch, g->prog->sites[i]->image.event);

		if (nr >= 0 && (uint32_t)nr >= n)
			n = (uint32_t)nr + 1;
	}
	table = arena_array(g->l->arena, uint32_t, n + 1);
	for (size_t i = 0; i < g->prog->nr_sites; i++) {
		int nr = probes_syscall_number(arch, g->prog->sites[i]->image.event);

		if (nr >= 0)
			table[nr] = g->prog->sites[i]->image.probe + 1;
	}
	*count = n;
	return table;
}

#define X86_TS_COMPAT 2		/* the task is in a 32-bit system call */

/* 32-bit calls have other numbers; the events of tracefs skip them, too. */
static void skip_compat(struct gen *g)
{
	struct type_struct *task = lower_task_struct(g->l);
	const struct type_field *info;
	struct place p;
	uint32_t at, status;

	if (!task)
		return;
	info = type_field_find(g->c->types, task, name_of(g->c->names, "thread_info"), &at);
	if (!info || info->type->kind != TYPE_STRUCT ||
	    !type_field_find(g->c->types, info->type->structure, name_of(g->c->names, "status"),
			     &status))
		return;
	p = lower_at(lower_task(g), (int32_t)(at + status));
	p.root = task;
	if (p.base->type != IR_KPTR)
		p.kind = PLACE_KERNEL;
	return_if(g, IR_NE, ir_emit_binary_imm(&g->b, IR_AND,
		  lower_load(g, p, type_int(g->c->types, 4, false)), X86_TS_COMPAT),
		  lower_const(g, 0));
}

/* Number of the system call: the second argument of sys_enter; sys_exit has
 * the registers only. */
static struct ir_insn *syscall_number(struct gen *g)
{
	struct place regs = { .kind = PLACE_KERNEL };

	if (g->prog->raw_event[4] == 'e' && g->prog->raw_event[5] == 'n')
		return ir_emit_load(&g->b, IR_INT, 8, false, g->ctx, 8);
	regs.base = ir_emit_load(&g->b, IR_INT, 8, false, g->ctx, 0);
	regs.offset = g->c->target->arch->syscall_nr_offset;
	return lower_load(g, regs, type_int(g->c->types, 8, false));
}

static void find_syscall(struct gen *g)
{
	struct ir_insn *nr, *p, *probe;
	uint32_t count, map;
	const uint32_t *table = syscall_table(g, &count);

	map = lower_add_rodata(g->l, "syscalls", table, (count ? count : 1) * 4);
	nr = syscall_number(g);
	return_if(g, IR_UGE, nr, lower_const(g, count ? count : 1));
	skip_compat(g);
	p = ir_emit_binary(&g->b, IR_ADD, ir_map_value(g->b.func, map, 0),
			   ir_emit_binary_imm(&g->b, IR_SHL, nr, 2));
	probe = ir_emit_load(&g->b, IR_INT, 4, false, p, 0);
	return_if(g, IR_EQ, probe, lower_const(g, 0));
	g->probe = ir_emit_binary_imm(&g->b, IR_SUB, probe, 1);
	g->probe_is_known = true;
}

/* ---- before the body ---- */

static void test_stopped(struct gen *g)
{
	struct ir_insn *stopped;

	if (!g->prog->has_effects || g->prog->provider->attach == ATTACH_END ||
	    lower_is_pinned(g))
		return;
	stopped = ir_emit_load(&g->b, IR_INT, 4, false, lower_control(g, 0),
			       offsetof(struct image_control, stopped));
	stopped->is_pinned = true;
	return_if(g, IR_NE, stopped, lower_const(g, 0));
}

/* -p: what cannot be attached to one process leaves others alone here. */
static void test_pid(struct gen *g)
{
	switch (g->prog->provider->attach) {
	case ATTACH_FENTRY:
	case ATTACH_FEXIT:
	case ATTACH_KPROBE:
	case ATTACH_KRETPROBE:
	case ATTACH_TRACEPOINT:
	case ATTACH_RAW_TRACEPOINT:
	case ATTACH_BTF_TRACEPOINT:
		break;
	default:
		return;
	}
	if (g->c->options->pid > 0)
		return_if(g, IR_NE, lower_pid(g, NULL), lower_const(g, g->c->options->pid));
}

static int64_t default_result(const struct prog *p)
{
	return p->provider->prog_type == BPF_PROG_TYPE_TRACEPOINT && !p->raw_event;
}

void lower_enter_first(struct gen *g)
{
	struct ir_block *entry = ir_block_new(g->b.func);

	ir_seal(entry);
	ir_continue_in(&g->b, entry);
}

static void generate_body(struct gen *g)
{
	g->b.line = g->prog->loc.begin;
	test_stopped(g);
	test_pid(g);
	if (g->prog->raw_event)
		find_syscall(g);
	if (g->prog->provider->attach == ATTACH_ITER)
		lower_iter_enter(g);
	lower_guard_enter(g);
	lower_split(g, g->prog->body);
	lower_vars(g, g->prog->body);
	lower_effect(g, g->prog->body);
	lower_guard_leave(g);
	ir_emit_ret(&g->b, lower_const(g, g->default_result));
}

/* Both halves of a session, one behind the other. */
static void generate_session(struct gen *g)
{
	const struct image_prog *ip = &g->l->image->progs.at[g->index];
	struct ir_block *entry = lower_block(g, false), *at_return = lower_block(g, false);
	struct gen half = *g;
	struct ir_insn *is_return = ir_emit_call(&g->b, IR_KCALL, ip->session_kfunc, IR_INT,
						 &g->ctx, 1);

	ir_emit_branch(&g->b, IR_NE, ir_emit_binary_imm(&g->b, IR_AND, is_return, 1),
		       lower_const(g, 0), at_return, entry);
	lower_enter(g, entry);
	generate_body(g);
	half.b = g->b;
	half.prog = g->prog->at_return;
	half.cookie_shift = (int64_t)ip->return_sites[0].probe - ip->sites[0].probe;
	lower_enter(&half, at_return);
	generate_body(&half);
	g->b = half.b;
}

static void generate(struct gen *g)
{
	static const enum ir_type params[] = { IR_CTX };
	struct ir_func *f = ir_func_new(g->m, "entry", params, 1);

	g->b.func = f;
	g->frames = 1;
	lower_enter_first(g);
	g->b.line = g->prog->loc.begin;
	g->ctx = ir_param(f, 0);
	if (g->prog->at_return)
		generate_session(g);
	else
		generate_body(g);
}

int lower_prog(struct lower *l, struct prog *prog)
{
	struct gen g = { .l = l, .c = l->c, .prog = prog, .index = (uint32_t)l->image->progs.n };
	struct image_prog ip = { 0 };
	struct lowered out;
	struct shared *shared = NULL;
	struct hmap funcs;

	hmap_init(&funcs, l->arena);
	g.funcs = &funcs;
	g.shared = &shared;
	describe(l, prog, &ip);
	vec_push(&l->image->arena, &l->image->progs, ip);
	g.m = ir_module_new(l->arena, ip.name);
	own_scratch(l, prog, g.m);
	g.m->stack_limit = STACK_FOR_OBJECTS;
	g.sleepable = ip.sleepable;
	g.default_result = default_result(prog);
	generate(&g);
	out.module = g.m;
	out.prog = g.index;
	vec_push(l->arena, &l->out->progs, out);
	return 0;
}
