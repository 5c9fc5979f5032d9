/*
 * Strings and buffers: reading them from memory, into the place that wants them.
 *
 * A read of n + 1 bytes into room for n tells a string that just fits from one
 * that was cut: the latter leaves no NUL in its n bytes, and printing says so.
 */
#include "lower/internal.h"

/* Room for the NUL that a cut string loses. */
#define CUT_MARK 1

static const int read_str_helpers[] = {
	[PLACE_DIRECT] = BPF_FUNC_probe_read_kernel_str,
	[PLACE_KERNEL] = BPF_FUNC_probe_read_kernel_str,
	[PLACE_USER] = BPF_FUNC_probe_read_user_str,
	[PLACE_UNKNOWN] = BPF_FUNC_probe_read_str,
};

/* In a sleepable program without bpf_copy_from_user_str: touch the pages where
 * `room` bytes begin and end, so that the read which cannot fault finds them. */
static void touch_pages(struct gen *g, struct ir_insn *address, uint32_t room)
{
	struct ir_insn *byte = lower_object(g, "touch", 8, 8);
	struct ir_insn *last = ir_emit_binary(&g->b, IR_ADD, address, lower_const(g, room - 1));

	ir_emit_helper(&g->b, BPF_FUNC_copy_from_user, IR_INT, byte, lower_const(g, 1), address);
	ir_emit_helper(&g->b, BPF_FUNC_copy_from_user, IR_INT, byte, lower_const(g, 1), last);
}

struct ir_insn *lower_read_str(struct gen *g, struct ir_insn *to, uint32_t room,
			       struct ir_insn *limit, struct place from)
{
	struct ir_block *bad = lower_block(g, true), *next = lower_block(g, false);
	struct ir_var *len = ir_var_new(g->b.func, "length", IR_INT);
	struct ir_insn *r, *address = lower_place_address(g, from);
	const char *helper = ir_helper_name(read_str_helpers[from.kind]);

	if (from.kind == PLACE_USER && g->sleepable && lower_kfunc(g->l, KFUNC_COPY_STR)) {
		struct ir_insn *args[] = { to, limit, address, lower_const(g, 0) };

		r = ir_emit_call(&g->b, IR_KCALL, lower_kfunc(g->l, KFUNC_COPY_STR), IR_INT, args,
				 4);
		/* An int: what stands above it is not told. */
		r = ir_emit_ext(&g->b, r, 4, true);
		helper = "copy_from_user_str";
	} else {
		if (from.kind == PLACE_USER && g->sleepable)
			touch_pages(g, address, room);
		r = ir_emit_helper(&g->b, read_str_helpers[from.kind], IR_INT, to, limit, address);
	}
	/* One compare finds errors and gives the verifier its bound. */
	ir_var_write(&g->b, len, r);
	ir_emit_branch(&g->b, IR_UGT, r, lower_const(g, room), bad, next);
	lower_enter(g, bad);
	lower_read_failed(g, helper, r);
	ir_var_write(&g->b, len, lower_const(g, 0));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return ir_var_read(&g->b, len);
}

/* Where the text is that str() is asked for. */
struct place lower_str_source(struct gen *g, struct node *pointer)
{
	struct place p = { 0 };

	if (pointer->type->kind != TYPE_POINTER && !lower_is_scalar(pointer->type))
		return lower_place(g, pointer);
	p.kind = lower_space_kind(pointer->type->space);
	p.base = lower_value(g, pointer);
	if (p.base->type == IR_OBJ || p.base->type == IR_MAPVAL)
		p.kind = PLACE_DIRECT;
	else if (p.kind == PLACE_DIRECT)
		p.kind = PLACE_KERNEL;
	return p;
}

struct place lower_bytes_source(struct gen *g, struct node *pointer)
{
	return node_stored_type(pointer)->kind == TYPE_CHARS ? lower_stored(g, pointer) :
	       lower_str_source(g, pointer);
}

struct ir_insn *lower_at_most(struct gen *g, struct ir_insn *v, uint32_t limit)
{
	struct ir_block *above, *next;
	struct ir_var *out;

	if (v->op == IR_CONST)
		return (uint64_t)v->imm > limit ? lower_const(g, limit) : v;
	above = lower_block(g, false);
	next = lower_block(g, false);
	out = ir_var_new(g->b.func, "limited", IR_INT);
	ir_var_write(&g->b, out, v);
	ir_emit_branch(&g->b, IR_UGT, v, lower_const(g, limit), above, next);
	lower_enter(g, above);
	ir_var_write(&g->b, out, lower_const(g, limit));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return ir_var_read(&g->b, out);
}

/* How many bytes the call str(p [, n]) may read, with the NUL. Text in a struct may
 * fill its field, behind which something else begins. */
static struct ir_insn *str_limit(struct gen *g, struct node *n, uint32_t room)
{
	const struct type *from = n->u.call.args.at[0]->type;
	uint32_t most = n->type->size_bytes;

	if (from->kind == TYPE_STRING && from->size_bytes + CUT_MARK < room)
		room = from->size_bytes + CUT_MARK;
	if (n->u.call.args.n < 2)
		return lower_const(g, room);
	return lower_at_most(g, lower_value(g, n->u.call.args.at[1]), most < room ? most : room);
}

/* A text that is mostly shorter than this is hashed with no more than its size. */
#define SHORT_TEXT 64

/* Behind a short text, zeroes up to SHORT_TEXT are enough; for a longer one all is
 * zeroed, and it is read again. */
static void read_key(struct gen *g, struct ir_insn *to, uint32_t size, uint32_t room,
		     struct ir_insn *limit, struct place from)
{
	struct ir_block *longer = lower_block(g, true), *next = lower_block(g, false);
	struct ir_insn *len;

	ir_emit_memzero(&g->b, to, 0, SHORT_TEXT);
	len = lower_read_str(g, to, room, limit, from);
	ir_emit_branch(&g->b, IR_UGT, len, lower_const(g, SHORT_TEXT), longer, next);
	lower_enter(g, longer);
	lower_zero(g, to, 0, size);
	lower_read_str(g, to, room, limit, from);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

struct ir_insn *lower_call_str(struct gen *g, struct node *n, const struct dest *d);
struct ir_insn *lower_call_str(struct gen *g, struct node *n, const struct dest *d)
{
	uint32_t size = n->type->size_bytes, room = size;
	struct place from;
	struct ir_insn *limit;

	from = lower_str_source(g, n->u.call.args.at[0]);
	if (d->slack >= CUT_MARK)
		room += CUT_MARK;
	limit = str_limit(g, n, room);
	if (d->is_key && size > SHORT_TEXT) {
		read_key(g, lower_ptr(g, d->base, d->offset), size, room, limit, from);
		return NULL;
	}
	if (!d->zeroed)
		lower_zero(g, d->base, d->offset, size);
	lower_read_str(g, lower_ptr(g, d->base, d->offset), room, limit, from);
	return NULL;
}

/* ---- buffers: u32 length, bytes ---- */

/* How many bytes the value itself has; 0 if it is an address. */
static uint32_t own_bytes(const struct node *x)
{
	const struct type *t = node_stored_type(x);

	return t->kind == TYPE_ARRAY || t->kind == TYPE_STRING || t->kind == TYPE_CHARS ?
	       t->size_bytes : 0;
}

void lower_read_sized(struct gen *g, struct ir_insn *to, struct ir_insn *len, struct place from)
{
	struct ir_insn *r;

	r = ir_emit_helper(&g->b, from.kind == PLACE_USER && !g->sleepable ?
			   BPF_FUNC_probe_read_user : from.kind == PLACE_USER ?
			   BPF_FUNC_copy_from_user : from.kind == PLACE_UNKNOWN ?
			   BPF_FUNC_probe_read : BPF_FUNC_probe_read_kernel, IR_INT, to, len,
			   lower_place_address(g, from));
	lower_read_failed_if(g, ir_helper_name(r->imm), r);
}

struct ir_insn *lower_call_buf(struct gen *g, struct node *n, const struct dest *d);
struct ir_insn *lower_call_buf(struct gen *g, struct node *n, const struct dest *d)
{
	struct node *x = n->u.call.args.at[0];
	uint32_t capacity = n->type->size_bytes - 4, size = own_bytes(x);
	struct place from = lower_bytes_source(g, x);
	bool own = from.kind == PLACE_DIRECT && size && size < capacity;
	struct ir_insn *len;

	if (n->u.call.args.n > 1)
		len = lower_at_most(g, lower_value(g, n->u.call.args.at[1]), capacity);
	else
		len = lower_const(g, size < capacity ? size : capacity);
	if (!d->zeroed || own)
		lower_zero(g, d->base, d->offset, n->type->size_bytes);
	lower_store_value(g, 4, d->base, d->offset, len);
	/* Behind a value of the script's are others of no concern. */
	if (own)
		len = lower_at_most(g, len, size);
	lower_read_sized(g, lower_ptr(g, d->base, d->offset + 4), len, from);
	return NULL;
}

/* ---- into records, at their real length ---- */

static struct ir_insn *append_str_call(struct gen *g, struct node *n, struct ir_insn *to)
{
	uint32_t size = n->type->size_bytes;
	struct place from = lower_str_source(g, n->u.call.args.at[0]);
	struct ir_insn *limit = str_limit(g, n, size + CUT_MARK);
	struct ir_insn *len = lower_read_str(g, to, size + CUT_MARK, limit, from);

	return n->u.call.args.n < 2 ? lower_at_most(g, len, size) : len;
}

static struct ir_insn *append_string(struct gen *g, struct node *n, struct ir_insn *to)
{
	uint32_t size = n->type->size_bytes;
	struct place from;
	struct ir_insn *len;

	if (is_call_of(n, BUILTIN_str))
		return append_str_call(g, n, to);
	from = lower_place(g, n);
	len = lower_read_str(g, to, size + CUT_MARK, lower_const(g, size + CUT_MARK), from);
	return lower_at_most(g, len, size);
}

/* Room that lower_append needs at most. */
uint32_t lower_append_room(const struct type *t)
{
	return (t->size_bytes + CUT_MARK + 7) / 8 * 8;
}

struct ir_insn *lower_append(struct gen *g, struct node *n, struct ir_insn *to)
{
	struct loc outer = g->at;
	struct ir_insn *len;

	if (n->type->kind == TYPE_STRING) {
		g->at = n->loc;
		len = append_string(g, n, to);
		g->at = outer;
		return len;
	}
	lower_to(g, n, n->type, (struct dest){ .base = to, .zeroed = true });
	if (n->type->kind == TYPE_BUFFER) {
		len = ir_emit_load(&g->b, IR_INT, 4, false, to, 0);
		len = ir_emit_binary_imm(&g->b, IR_ADD, len, 4);
		return lower_at_most(g, len, n->type->size_bytes);
	}
	/* Stacks: a count of addresses, behind a process for ustack. */
	len = ir_emit_load(&g->b, IR_INT, 8, false, to, n->type->kind == TYPE_USTACK ? 8 : 0);
	len = ir_emit_binary_imm(&g->b, IR_SHL, len, __builtin_ctz(type_frame_bytes(n->type)));
	len = ir_emit_binary_imm(&g->b, IR_ADD, len, n->type->kind == TYPE_USTACK ? 16 : 8);
	return lower_at_most(g, len, n->type->size_bytes);
}

/* ---- strlen, strncmp ---- */

struct ir_insn *lower_call_strlen(struct gen *g, struct node *n, const struct dest *d);
struct ir_insn *lower_call_strlen(struct gen *g, struct node *n, const struct dest *d)
{
	struct node *x = n->u.call.args.at[0];
	bool is_sized = x->type->kind == TYPE_STRING || x->type->kind == TYPE_ARRAY;
	uint32_t size = is_sized ? x->type->size_bytes : g->c->config.max_strlen;
	struct ir_insn *to = lower_object(g, "text", (size + 8) / 8 * 8, 8), *len;
	struct ir_block *some = lower_block(g, false), *next = lower_block(g, false);
	struct ir_var *v = ir_var_new(g->b.func, "strlen", IR_INT);

	(void)d;
	len = lower_read_str(g, to, size + CUT_MARK, lower_const(g, size + CUT_MARK),
			     lower_str_source(g, x));
	ir_var_write(&g->b, v, lower_const(g, 0));
	ir_emit_branch(&g->b, IR_NE, len, lower_const(g, 0), some, next);
	lower_enter(g, some);
	ir_var_write(&g->b, v, ir_emit_binary_imm(&g->b, IR_SUB, len, 1));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return ir_var_read(&g->b, v);
}

/* A string of n bytes in memory that plain loads reach. */
static struct ir_insn *prefix(struct gen *g, struct node *x, uint32_t n)
{
	struct ir_insn *to = lower_object(g, "prefix", (n + 8) / 8 * 8, 8);

	lower_zero(g, to, 0, (n + 8) / 8 * 8);
	lower_read_str(g, to, n + CUT_MARK, lower_const(g, n + CUT_MARK), lower_str_source(g, x));
	return to;
}

/* Bytes behind the NUL are zero in both, so whole words may be compared; the
 * byte behind the n is masked by reading only n. */
struct ir_insn *lower_call_strncmp(struct gen *g, struct node *n, const struct dest *d);
struct ir_insn *lower_call_strncmp(struct gen *g, struct node *n, const struct dest *d)
{
	struct node *x = n->u.call.args.at[0], *y = n->u.call.args.at[1],
		*len = n->u.call.args.at[2];
	struct ir_block *next = lower_block(g, false);
	struct ir_var *v = ir_var_new(g->b.func, "strncmp", IR_INT);
	struct ir_insn *a, *b;
	uint32_t size;

	(void)d;
	while (len->kind == NODE_CAST)
		len = len->u.cast.operand;
	size = len->u.integer.value > g->c->config.max_strlen ? g->c->config.max_strlen :
	       (uint32_t)len->u.integer.value;
	if (x->type->kind == TYPE_STRING && x->type->size_bytes < size)
		size = x->type->size_bytes;
	if (y->type->kind == TYPE_STRING && y->type->size_bytes < size)
		size = y->type->size_bytes;
	a = prefix(g, x, size);
	b = prefix(g, y, size);
	ir_var_write(&g->b, v, lower_const(g, 1));
	for (uint32_t at = 0; at < size;) {
		uint32_t left = size - at, w = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
		struct ir_block *more = lower_block(g, false);

		ir_emit_branch(&g->b, IR_NE,
			       ir_emit_load(&g->b, IR_INT, w, false, a, (int32_t)at),
			       ir_emit_load(&g->b, IR_INT, w, false, b, (int32_t)at), next, more);
		lower_enter(g, more);
		at += w;
	}
	ir_var_write(&g->b, v, lower_const(g, 0));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return ir_var_read(&g->b, v);
}
