/*
 * Addresses: of symbols of the traced program, of variables that each CPU of the
 * kernel has, and of sockets.
 */
#include "lower/internal.h"

#define CALL(name)									\
struct ir_insn *lower_call_##name(struct gen *g, struct node *n, const struct dest *d);	\
struct ir_insn *lower_call_##name(struct gen *g, struct node *n, const struct dest *d)

/* ---- symbols of the traced program ---- */

/* What the addresses of a file's code are above their places in the file. */
static uint64_t code_above_file(struct gen *g, const char *path, const char *function)
{
	const struct target_user_symbol *list;
	const struct target *t = g->c->target;
	size_t count;

	if (t->ops->user_symbols(t->arg, path, function, &list, &count))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (list[i].is_function)
			return list[i].address - list[i].file_offset;
	return 0;
}

/* Where this probe is by the file's own reckoning. */
static struct ir_insn *site_address(struct gen *g)
{
	const struct image_site *first = &g->prog->sites[0]->image;
	uint64_t above = code_above_file(g, first->path, first->function);
	uint64_t *addresses;
	struct ir_insn *index, *p;
	uint32_t map;

	if (g->prog->nr_sites == 1)
		return lower_const(g, (int64_t)(first->offset + above));
	addresses = arena_array(g->l->arena, uint64_t, g->prog->nr_sites);
	for (size_t i = 0; i < g->prog->nr_sites; i++)
		addresses[i] = g->prog->sites[i]->image.offset + above;
	map = lower_add_rodata(g->l, "sites", addresses, (uint32_t)(g->prog->nr_sites * 8));
	index = ir_emit_binary_imm(&g->b, IR_SUB, lower_probe_index(g), first->probe);
	index = lower_at_most(g, index, (uint32_t)g->prog->nr_sites - 1);
	p = ir_emit_binary(&g->b, IR_ADD, ir_map_value(g->b.func, map, 0),
			   ir_emit_binary_imm(&g->b, IR_SHL, index, 3));
	return ir_emit_load(&g->b, IR_INT, 8, false, p, 0);
}

/* The probe is in the same file, so what it is away from its own address the
 * symbol is, too. A kernel before 6.6 does not know where a function that
 * returns began: then the file is taken to be where it was linked to. */
CALL(uaddr)
{
	const struct target_user_symbol *symbol = n->u.call.aux;
	struct ir_block *known, *next;
	struct ir_var *v;
	struct ir_insn *here;

	(void)d;
	if (!g->prog->provider->is_return) {
		here = ir_emit_load(&g->b, IR_INT, 8, false, g->ctx, g->c->target->arch->ip_offset);
		here = ir_emit_binary(&g->b, IR_SUB, here, site_address(g));
		return ir_emit_binary_imm(&g->b, IR_ADD, here, (int64_t)symbol->address);
	}
	known = lower_block(g, false);
	next = lower_block(g, false);
	v = ir_var_new(g->b.func, "symbol", IR_INT);
	here = ir_emit_helper(&g->b, BPF_FUNC_get_func_ip, IR_INT, g->ctx);
	ir_var_write(&g->b, v, lower_const(g, (int64_t)symbol->address));
	ir_emit_branch(&g->b, IR_NE, here, lower_const(g, 0), known, next);
	lower_enter(g, known);
	here = ir_emit_binary(&g->b, IR_SUB, here, site_address(g));
	ir_var_write(&g->b, v, ir_emit_binary_imm(&g->b, IR_ADD, here, (int64_t)symbol->address));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return ir_var_read(&g->b, v);
}

/* ---- variables of a CPU ---- */

static struct ir_insn *cpu_offset(struct gen *g, const struct percpu_symbol *s, struct ir_insn *cpu)
{
	struct place p = { .kind = PLACE_KERNEL };

	if (!s->offsets)
		return lower_const(g, 0);
	p.base = ir_emit_binary_imm(&g->b, IR_ADD, ir_emit_binary_imm(&g->b, IR_SHL, cpu, 3),
				    (int64_t)s->offsets);
	return lower_load(g, p, type_int(g->c->types, 8, false));
}

/* 0 for a CPU that there is not. */
CALL(percpu_kaddr)
{
	const struct percpu_symbol *s = n->u.call.aux;
	struct ir_block *good, *next;
	struct ir_insn *cpu, *at;
	struct ir_var *v;

	(void)d;
	if (n->u.call.args.n < 2) {
		cpu = ir_emit_call(&g->b, IR_CALL, BPF_FUNC_get_smp_processor_id, IR_INT, NULL, 0);
		return ir_emit_binary_imm(&g->b, IR_ADD, cpu_offset(g, s, cpu),
					  (int64_t)s->address);
	}
	cpu = lower_value(g, n->u.call.args.at[1]);
	good = lower_block(g, false);
	next = lower_block(g, false);
	v = ir_var_new(g->b.func, "variable", IR_INT);
	ir_var_write(&g->b, v, lower_const(g, 0));
	ir_emit_branch(&g->b, IR_ULT, cpu, lower_const(g, g->c->target->nr_cpus), good, next);
	lower_enter(g, good);
	at = ir_emit_binary_imm(&g->b, IR_ADD, cpu_offset(g, s, cpu), (int64_t)s->address);
	ir_var_write(&g->b, v, at);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return ir_var_read(&g->b, v);
}

/* ---- sockets ---- */

/* The helper takes what the verifier knows to be a socket; of others the number
 * is read that the helper has given them, or 0. */
CALL(socket_cookie)
{
	struct place p = lower_deref(g, n->u.call.args.at[0]);
	struct type_struct *sock = n->u.call.args.at[0]->type->target->structure;
	uint32_t common, cookie;
	const struct type_field *f;

	(void)d;
	if (p.kind == PLACE_DIRECT && p.base->type == IR_KPTR && p.trusted && !p.offset)
		return ir_emit_helper(&g->b, BPF_FUNC_get_socket_cookie, IR_INT, p.base);
	f = type_field_find(g->c->types, sock, name_of(g->c->names, "__sk_common"), &common);
	if (!f || f->type->kind != TYPE_STRUCT ||
	    !type_field_find(g->c->types, f->type->structure, name_of(g->c->names, "skc_cookie"),
			     &cookie))
		return lower_const(g, 0);
	p.offset += (int32_t)(common + cookie);
	return lower_load(g, p, type_int(g->c->types, 8, false));
}

/* ---- paths ---- */

/* What cannot be told is empty. */
CALL(path)
{
	struct node *x = n->u.call.args.at[0];
	struct ir_block *next = lower_block(g, false);
	struct place p;
	struct ir_insn *r;

	lower_zero(g, d->base, d->offset, n->type->size_bytes);
	g->on_null = next;
	p = x->type->kind == TYPE_POINTER ? lower_deref(g, x) : lower_place(g, x);
	g->on_null = NULL;
	g->b.line = n->loc.begin;
	r = ir_emit_helper(&g->b, BPF_FUNC_d_path, IR_INT, lower_place_address(g, p),
			   lower_ptr(g, d->base, d->offset), lower_const(g, n->type->size_bytes));
	lower_loss_if(g, IR_SLT, r, 0, IMAGE_LOSS_READ);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return NULL;
}
