/*
 * Values that get their text in user space: stacks, symbols, times, addresses.
 * What is stored is what image.h says of their layouts.
 */
#include "lower/internal.h"

#include <string.h>
#include <sys/socket.h>

#define CALL(name)									\
struct ir_insn *lower_call_##name(struct gen *g, struct node *n, const struct dest *d);	\
struct ir_insn *lower_call_##name(struct gen *g, struct node *n, const struct dest *d)

/* ---- stacks ---- */

/* The helper clears what it does not fill, so nothing is zeroed before but for kernels that
 * want it. */
static void get_stack(struct gen *g, struct ir_insn *p, int32_t offset, const struct type *type,
		      int64_t flags)
{
	uint32_t frame_bytes = type_frame_bytes(type);
	uint32_t size = (uint32_t)type->param[0] * frame_bytes;
	struct ir_block *bad, *next;
	struct ir_var *count;
	struct ir_insn *r;

	/* There may be nothing behind the count that the helper could be given. */
	if (!size) {
		lower_store_value(g, 8, p, offset, lower_const(g, 0));
		return;
	}
	bad = lower_block(g, true);
	next = lower_block(g, false);
	count = ir_var_new(g->b.func, "frames", IR_INT);
	if (p->type == IR_OBJ && !lower_has(g, FEATURE_UNINIT_STACK)) {
		ir_emit_memzero(&g->b, p, offset + 8, size);
		g->b.block->last->is_pinned = true;	/* the helper seems to write it all */
	}
	r = ir_emit_helper(&g->b, BPF_FUNC_get_stack, IR_INT, g->ctx, lower_ptr(g, p, offset + 8),
			   lower_const(g, size), lower_const(g, flags));
	ir_var_write(&g->b, count, ir_emit_binary_imm(&g->b, IR_LSHR, r,
						      __builtin_ctz(frame_bytes)));
	ir_emit_branch(&g->b, IR_SLT, r, lower_const(g, 0), bad, next);
	lower_enter(g, bad);
	lower_failed(g, "get_stack", flags & BPF_F_USER_STACK ? "Error reading ustack." :
		     "Error reading kstack.", r);
	ir_var_write(&g->b, count, lower_const(g, 0));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	lower_store_value(g, 8, p, offset, ir_var_read(&g->b, count));
}

CALL(kstack)
{
	get_stack(g, d->base, d->offset, n->type, 0);
	return NULL;
}

static struct ir_insn *probe_or_minus(struct gen *g)
{
	if (g->prog->nr_sites == 1)
		return lower_const(g, g->prog->sites[0]->image.probe);
	if (g->prog->uses_probe)
		return lower_probe_index(g);
	return lower_const(g, -1);
}

static void put_owner(struct gen *g, const struct dest *d)
{
	lower_store_value(g, 4, d->base, d->offset, lower_pid(g, NULL));
	lower_store_value(g, 4, d->base, d->offset + 4, probe_or_minus(g));
}

CALL(dw_ustack)
{
	struct dest frames = *d;

	frames.offset += 8;
	put_owner(g, d);
	return lower_unwound(g, n->type, &frames);
}

CALL(ustack)
{
	bool by_build_id = n->type->param[1] == STACK_BUILD_ID;
	int64_t flags = BPF_F_USER_STACK | (by_build_id ? BPF_F_USER_BUILD_ID : 0);

	put_owner(g, d);
	get_stack(g, d->base, d->offset + 8, n->type, flags);
	return NULL;
}

/* ---- symbols ---- */

CALL(ksym)
{
	(void)d;
	return lower_value(g, n->u.call.args.at[0]);
}

static void put_usym(struct gen *g, struct ir_insn *address, const struct dest *d)
{
	lower_store_value(g, 8, d->base, d->offset, address);
	lower_store_value(g, 4, d->base, d->offset + 8, lower_pid(g, NULL));
	lower_store_value(g, 4, d->base, d->offset + 12, probe_or_minus(g));
}

CALL(usym)
{
	put_usym(g, lower_value(g, n->u.call.args.at[0]), d);
	return NULL;
}

/* The traced function: where the program stands, or for returns whence it was
 * called. */
CALL(func)
{
	struct ir_insn *address;

	if (g->prog->provider->is_return || !(g->prog->provider->has & HAS_PT_REGS))
		address = ir_emit_helper(&g->b, BPF_FUNC_get_func_ip, IR_INT, g->ctx);
	else
		address = ir_emit_load(&g->b, IR_INT, 8, false, g->ctx,
				       g->c->target->arch->ip_offset);
	if (n->type->kind != TYPE_USYM)
		return address;
	put_usym(g, address, d);
	return NULL;
}

/* ---- times, addresses ---- */

/* Position of a text in a list, to which it is added if it is new. */
static uint32_t text_index(struct lower *l, void *list, const char *text, size_t len)
{
	VEC(const char *) *texts = list;

	for (size_t i = 0; i < texts->n; i++)
		if (strlen(texts->at[i]) == len && !memcmp(texts->at[i], text, len))
			return (uint32_t)i;
	vec_push(&l->image->arena, texts, arena_strndup(&l->image->arena, text, len));
	return (uint32_t)texts->n - 1;
}

static uint32_t time_format(struct lower *l, const struct node *call)
{
	const struct node *format = call->u.call.args.at[0];

	return text_index(l, &l->time_formats, format->u.string.text, format->u.string.len);
}

static uint32_t cgroup_filter(struct lower *l, const struct node *call)
{
	const struct node *filter = call->u.call.args.n > 1 ? call->u.call.args.at[1] : NULL;

	return text_index(l, &l->cgroup_filters, filter ? filter->u.string.text : "*",
			  filter ? filter->u.string.len : 1);
}

/* Before any layout is made: it has all of them. */
void lower_note_texts(struct lower *l, const struct node *call)
{
	if (call->u.call.builtin->id == BUILTIN_strftime)
		time_format(l, call);
	else if (call->u.call.builtin->id == BUILTIN_cgroup_path)
		cgroup_filter(l, call);
}

CALL(strftime)
{
	bool is_tai = n->u.call.args.at[2]->u.integer.value >= CLOCK_MODE_TAI;

	lower_store_value(g, 8, d->base, d->offset, lower_value(g, n->u.call.args.at[1]));
	lower_store_value(g, 4, d->base, d->offset + 8, lower_const(g, time_format(g->l, n)));
	lower_store_value(g, 4, d->base, d->offset + 12,
			  lower_const(g, is_tai ? VALUE_CLOCK_TAI : VALUE_CLOCK_BOOT));
	return NULL;
}

CALL(cgroup_path)
{
	lower_store_value(g, 8, d->base, d->offset, lower_value(g, n->u.call.args.at[0]));
	lower_store_value(g, 8, d->base, d->offset + 8, lower_const(g, cgroup_filter(g->l, n)));
	return NULL;
}

static void copy_bytes(struct gen *g, struct node *x, const struct dest *d, int32_t offset,
		       uint32_t size)
{
	struct place from;

	if (lower_is_scalar(x->type) && x->type->kind != TYPE_POINTER) {
		lower_store_value(g, x->type->size_bytes < size ? x->type->size_bytes : size,
				  d->base, d->offset + offset, lower_value(g, x));
		return;
	}
	from = lower_bytes_source(g, x);
	lower_read(g, d->base, d->offset + offset, size, from);
}

CALL(ntop)
{
	struct node *size = n->u.call.args.at[0];
	struct ir_insn *family;
	uint32_t bytes;

	while (size->kind == NODE_CAST)
		size = size->u.cast.operand;
	bytes = (uint32_t)size->u.integer.value;
	family = n->u.call.args.n > 2 ? lower_value(g, n->u.call.args.at[2]) :
		 lower_const(g, bytes == 16 ? AF_INET6 : AF_INET);
	ir_emit_memzero(&g->b, d->base, d->offset, n->type->size_bytes);
	lower_store_value(g, 8, d->base, d->offset, family);
	copy_bytes(g, n->u.call.args.at[1], d, 8, bytes);
	return NULL;
}

CALL(macaddr)
{
	copy_bytes(g, n->u.call.args.at[0], d, 0, 6);
	return NULL;
}

CALL(pton)
{
	const uint8_t *bytes = n->u.call.aux;

	for (uint32_t i = 0; i < n->type->size_bytes; i++)
		ir_emit_store(&g->b, 1, d->base, d->offset + (int32_t)i, lower_const(g, bytes[i]));
	return NULL;
}

/* ---- len ---- */

static struct ir_insn *map_len(struct gen *g, struct node *map)
{
	const struct map_store *s = lower_store(map->u.map.map);
	struct ir_insn *args[1];

	if (!lower_kfunc(g->l, KFUNC_MAP_SUM))
		return lower_count_elems(g, s);
	args[0] = lower_map_ref(g, s, NULL);
	return ir_emit_call(&g->b, IR_KCALL, lower_kfunc(g->l, KFUNC_MAP_SUM), IR_INT, args, 1);
}

CALL(len)
{
	struct node *x = n->u.call.args.at[0];
	struct place p;

	(void)d;
	if (x->kind == NODE_MAP && !x->u.map.map->is_scalar)
		return map_len(g, x);
	p = lower_place(g, x);
	p.offset += x->type->kind == TYPE_USTACK ? 8 : 0;
	return lower_load(g, p, type_int(g->c->types, 8, false));
}
