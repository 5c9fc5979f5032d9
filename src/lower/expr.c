/*
 * Expressions: which of the other files makes a node's value.
 *
 * lower_value gives scalars, lower_to stores any value where it is wanted,
 * lower_place finds where memory lies, lower_cond branches. A value is made
 * exactly once for each time that the script evaluates it.
 */
#include "lower/internal.h"

/* ---- calls ---- */

typedef struct ir_insn *(*call_fn)(struct gen *g, struct node *n, const struct dest *d);

#define BUILTIN(id, name, kind, min, max, flags, rule, lowering, doc) \
	struct ir_insn *lower_call_##lowering(struct gen *g, struct node *n, const struct dest *d);
#include "check/builtins.def"
#undef BUILTIN

static const call_fn calls[BUILTIN_ID_COUNT] = {
#define BUILTIN(id, name, kind, min, max, flags, rule, lowering, doc) \
	[BUILTIN_##id] = lower_call_##lowering,
#include "check/builtins.def"
#undef BUILTIN
};

struct ir_insn *lower_call(struct gen *g, struct node *n, const struct dest *d)
{
	assert(n->u.call.builtin || n->u.call.func);
	g->b.line = n->loc.begin;
	if (n->u.call.func)
		return lower_func_call(g, n);
	return calls[n->u.call.builtin->id](g, n, d);
}

/* ---- conditions ---- */

static void logical(struct gen *g, struct node *n, struct ir_block *then,
		    struct ir_block *otherwise)
{
	struct ir_block *mid = lower_block(g, false);

	if (n->u.binary.op == OP_LAND)
		lower_cond(g, n->u.binary.left, mid, otherwise);
	else
		lower_cond(g, n->u.binary.left, then, mid);
	lower_enter(g, mid);
	lower_cond(g, n->u.binary.right, then, otherwise);
}

static bool is_comparison(enum ast_op op)
{
	return op >= OP_EQ && op <= OP_GE;
}

static void compare(struct gen *g, struct node *n, struct ir_block *then,
		    struct ir_block *otherwise)
{
	struct ir_insn *x, *y;

	if (lower_compares_memory(n)) {
		if (n->u.binary.op == OP_EQ)
			lower_compare_memory(g, n, then, otherwise);
		else
			lower_compare_memory(g, n, otherwise, then);
		return;
	}
	x = lower_value(g, n->u.binary.left);
	y = lower_value(g, n->u.binary.right);
	ir_emit_branch(&g->b, lower_cmp_of(n->u.binary.op, n->u.binary.left->type), x, y, then,
		       otherwise);
}

static bool is_bool_of_scalar(const struct node *n)
{
	return n->kind == NODE_CAST && n->type->kind == TYPE_BOOL &&
	       lower_is_scalar(n->u.cast.operand->type);
}

/* Branch on a condition; both blocks are sealed by the caller. */
void lower_cond(struct gen *g, struct node *n, struct ir_block *then, struct ir_block *otherwise)
{
	g->b.line = n->loc.begin;
	while (is_bool_of_scalar(n))
		n = n->u.cast.operand;
	if (n->kind == NODE_UNARY && n->u.unary.op == OP_NOT) {
		lower_cond(g, n->u.unary.operand, otherwise, then);
		return;
	}
	if (n->kind == NODE_BINARY && (n->u.binary.op == OP_LAND || n->u.binary.op == OP_LOR)) {
		logical(g, n, then, otherwise);
		return;
	}
	if (n->kind == NODE_BINARY && is_comparison(n->u.binary.op)) {
		compare(g, n, then, otherwise);
		return;
	}
	ir_emit_branch(&g->b, IR_NE, lower_value(g, n), lower_const(g, 0), then, otherwise);
}

/* A condition as 0 or 1. */
static struct ir_insn *cond_value(struct gen *g, struct node *n)
{
	struct ir_block *no = lower_block(g, false), *yes = lower_block(g, false);
	struct ir_block *next = lower_block(g, false);
	struct ir_var *v = ir_var_new(g->b.func, "cond", IR_INT);

	lower_cond(g, n, yes, no);
	lower_enter(g, yes);
	ir_var_write(&g->b, v, lower_const(g, 1));
	ir_emit_jump(&g->b, next);
	lower_enter(g, no);
	ir_var_write(&g->b, v, lower_const(g, 0));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return ir_var_read(&g->b, v);
}

/* ---- ?: and if with a value ---- */

struct branches {
	struct ir_block *yes, *no, *next;
	struct ir_insn *shared;		/* x ?: y: the value of x */
};

static struct branches start_branches(struct gen *g, struct node *n)
{
	struct branches b = { lower_block(g, false), lower_block(g, false), lower_block(g, false),
			      NULL };

	if (n->u.cond.then) {
		lower_cond(g, n->u.cond.cond, b.yes, b.no);
	} else {
		b.shared = lower_value(g, n->u.cond.cond);
		ir_emit_branch(&g->b, IR_NE, b.shared, lower_const(g, 0), b.yes, b.no);
	}
	return b;
}

static struct ir_insn *cond_scalar(struct gen *g, struct node *n)
{
	struct branches b = start_branches(g, n);
	struct ir_var *v = ir_var_new(g->b.func, "either", IR_INT);

	lower_enter(g, b.yes);
	ir_var_write(&g->b, v, b.shared ? b.shared : lower_value(g, n->u.cond.then));
	ir_emit_jump(&g->b, b.next);
	lower_enter(g, b.no);
	if (n->u.cond.otherwise)
		ir_var_write(&g->b, v, lower_value(g, n->u.cond.otherwise));
	ir_emit_jump(&g->b, b.next);
	lower_enter(g, b.next);
	return ir_var_read(&g->b, v);
}

static void cond_to(struct gen *g, struct node *n, const struct type *as, struct dest d)
{
	struct branches b = start_branches(g, n);

	lower_enter(g, b.yes);
	if (n->u.cond.then)
		lower_to(g, n->u.cond.then, as, d);
	ir_emit_jump(&g->b, b.next);
	lower_enter(g, b.no);
	if (n->u.cond.otherwise)
		lower_to(g, n->u.cond.otherwise, as, d);
	ir_emit_jump(&g->b, b.next);
	lower_enter(g, b.next);
}

static void cond_effect(struct gen *g, struct node *n)
{
	struct branches b = start_branches(g, n);

	lower_enter(g, b.yes);
	if (n->u.cond.then)
		lower_effect(g, n->u.cond.then);
	ir_emit_jump(&g->b, b.next);
	lower_enter(g, b.no);
	if (n->u.cond.otherwise)
		lower_effect(g, n->u.cond.otherwise);
	ir_emit_jump(&g->b, b.next);
	lower_enter(g, b.next);
}

/* ---- scalars ---- */

/* A number, which may go anywhere, rather than a pointer of the verifier's. */
static struct ir_insn *address_of(struct gen *g, struct node *n)
{
	struct ir_insn *p;

	if (n->kind == NODE_MAP)
		p = lower_map_ref(g, lower_store(n->u.map.map), NULL);
	else
		p = lower_place_address(g, lower_var_place(g, n->u.var.var));
	return p->type == IR_INT ? p : lower_to_scalar(g, p);
}

static struct ir_insn *unary(struct gen *g, struct node *n)
{
	struct node *x = n->u.unary.operand;

	switch (n->u.unary.op) {
	case OP_NEG:
		return ir_emit_binary(&g->b, IR_SUB, lower_const(g, 0), lower_value(g, x));
	case OP_BNOT:
		return ir_emit_binary_imm(&g->b, IR_XOR, lower_value(g, x), -1);
	case OP_DEREF:
		return lower_load(g, lower_deref(g, x), n->type);
	case OP_ADDR:
		return address_of(g, x);
	default:
		return cond_value(g, n);
	}
}

static struct place element_place(struct gen *g, struct node *n)
{
	struct place p = lower_place(g, n->u.element.object);

	p.offset += (int32_t)n->u.element.object->type->fields[n->u.element.number].offset_bytes;
	return p;
}

static struct ir_insn *scalar_value(struct gen *g, struct node *n)
{
	if (n->type->space == SPACE_CONTEXT && n->type->kind == TYPE_POINTER)
		return lower_context(g, n).base;
	switch (n->kind) {
	case NODE_INT:
	case NODE_BOOL:
		return lower_const(g, (int64_t)n->u.integer.value);
	case NODE_VAR:
		return lower_var_value(g, n->u.var.var);
	case NODE_MAP:
	case NODE_MAP_ELEM:
		return lower_map_value(g, n);
	case NODE_UNARY:
		return unary(g, n);
	case NODE_INCDEC:
		return lower_incdec(g, n, true);
	case NODE_BINARY:
		if (n->u.binary.op >= OP_EQ && n->u.binary.op <= OP_LOR)
			return cond_value(g, n);
		return lower_binary(g, n);
	case NODE_TERNARY:
	case NODE_IF:
		return cond_scalar(g, n);
	case NODE_BLOCK:
		lower_block_stmts(g, n);
		return n->u.block.value ? lower_value(g, n->u.block.value) : lower_const(g, 0);
	case NODE_FIELD:
		return lower_load_field(g, n);
	case NODE_INDEX:
		return lower_load(g, lower_index_place(g, n), n->type);
	case NODE_ELEMENT:
		return lower_load(g, element_place(g, n), n->type);
	case NODE_CAST:
		return lower_cast(g, n);
	case NODE_CALL:
		return lower_call(g, n, NULL);
	default:
		/* Memory where a number is wanted: its address. */
		return lower_place_address(g, lower_place(g, n));
	}
}

struct ir_insn *lower_value(struct gen *g, struct node *n)
{
	struct loc outer = g->at;
	struct ir_insn *v;

	g->at = n->loc;
	g->b.line = n->loc.begin;
	v = scalar_value(g, n);
	g->at = outer;
	return v;
}

/* ---- memory ---- */

static struct place in_object(struct gen *g, struct node *n)
{
	uint32_t size = lower_layout(g->l, n->type)->size_bytes;
	struct ir_insn *object = lower_object(g, "value", size ? size : 1, 8);

	lower_to(g, n, n->type, (struct dest){ .base = object });
	return lower_at(object, 0);
}

static struct place call_place(struct gen *g, struct node *n)
{
	enum builtin_id id = n->u.call.builtin ? n->u.call.builtin->id : BUILTIN_ID_COUNT;
	struct place p;
	uint32_t offset;

	if (n->u.call.func)
		return lower_func_place(g, n);
	if (id == BUILTIN_getopt)
		return lower_named_text(g, n);
	if (id != BUILTIN_comm || n->u.call.args.n || !lower_task_struct(g->l) ||
	    !type_field_find(g->c->types, lower_task_struct(g->l),
			     name_of(g->c->names, "comm"), &offset))
		return in_object(g, n);
	p = lower_at(lower_task(g), (int32_t)offset);
	if (p.base->type != IR_KPTR)
		p.kind = PLACE_KERNEL;
	p.root = lower_task_struct(g->l);
	return p;
}

/* Whether a cast changes no byte; tuples of one size may be laid out differently. */
static bool is_same_memory(const struct type *from, const struct type *to)
{
	return from->size_bytes == to->size_bytes && !lower_is_scalar(from) &&
	       from->kind != TYPE_TUPLE && from->kind != TYPE_RECORD;
}

/* Text is a copy with a NUL behind it, which what is stored may lack. */
struct place lower_place(struct gen *g, struct node *n)
{
	return node_stored_type(n)->kind == TYPE_CHARS ? in_object(g, n) : lower_stored(g, n);
}

struct place lower_stored(struct gen *g, struct node *n)
{
	g->b.line = n->loc.begin;
	if (n->type->space == SPACE_CONTEXT && n->type->kind == TYPE_STRUCT &&
	    n->kind != NODE_FIELD)
		return lower_context(g, n);
	switch (n->kind) {
	case NODE_VAR:
		return lower_var_place(g, n->u.var.var);
	case NODE_FIELD:
		return lower_field_place(g, n);
	case NODE_INDEX:
		return lower_index_place(g, n);
	case NODE_ELEMENT:
		return element_place(g, n);
	case NODE_UNARY:
		if (n->u.unary.op == OP_DEREF)
			return lower_deref(g, n->u.unary.operand);
		return in_object(g, n);
	case NODE_CALL:
		return call_place(g, n);
	case NODE_CAST:
		if (is_same_memory(n->u.cast.operand->type, n->type))
			return lower_place(g, n->u.cast.operand);
		return in_object(g, n);
	default:
		return in_object(g, n);
	}
}

/* ---- storing ---- */

static uint64_t word_of(struct gen *g, const char *text, size_t len, unsigned size)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < size; i++) {
		uint64_t byte = i < len ? (unsigned char)text[i] : 0;

		v |= byte << 8 * (g->c->target->arch->big_endian ? size - 1 - i : i);
	}
	return v;
}

/* The widest aligned store at an offset, of at most `left` bytes. */
static unsigned word_at(int32_t offset, uint32_t left)
{
	unsigned w = 8;

	while (w > left || offset % (int32_t)w)
		w /= 2;
	return w;
}

static void literal_to(struct gen *g, struct node *n, const struct type *as, struct dest d)
{
	uint32_t at = 0, size = as->size_bytes;
	uint32_t len = n->u.string.len + 1 < size ? (uint32_t)n->u.string.len + 1 : size;

	while (at < len) {
		uint32_t left = size - at;
		unsigned w = word_at(d.offset + (int32_t)at, left);
		size_t text = n->u.string.len > at ? n->u.string.len - at : 0;
		uint64_t v = word_of(g, n->u.string.text + at, text, w);

		/* A store of 4 bytes takes its value along, one of 8 may not. */
		if (w == 8 && (int64_t)v != (int32_t)v) {
			w = 4;
			v = word_of(g, n->u.string.text + at, text, w);
		}
		ir_emit_store(&g->b, w, d.base, d.offset + (int32_t)at, lower_const(g, (int64_t)v));
		at += w;
	}
	if (at < size && !d.zeroed)
		lower_zero(g, d.base, d.offset + (int32_t)at, size - at);
}

static bool has_padding(const struct type *t)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < t->nr_fields; i++) {
		const struct type *f = t->fields[i].type;

		if ((f->kind == TYPE_TUPLE || f->kind == TYPE_RECORD) && has_padding(f))
			return true;
		sum += f->size_bytes;
	}
	return sum != t->size_bytes;
}

/* Which field of the type item i of the node fills. */
static const struct type_field *field_of(const struct node *n, const struct type *as, size_t i)
{
	if (n->kind == NODE_RECORD)
		for (size_t k = 0; k < as->nr_fields; k++)
			if (as->fields[k].name == n->u.tuple.labels.at[i])
				return &as->fields[k];
	return &as->fields[i];
}

/* How many bytes behind field i may be written while it is filled: what lies there is
 * padding, or comes later. A key's fields lie in another order than they are filled in. */
static uint32_t slack_of(const struct type *as, size_t i, uint32_t slack)
{
	uint32_t end = as->fields[i].offset_bytes + as->fields[i].type->size_bytes;
	uint32_t stop = as->size_bytes + slack;

	for (size_t k = 0; k < i; k++)
		if (as->fields[k].offset_bytes >= end && as->fields[k].offset_bytes < stop)
			stop = as->fields[k].offset_bytes;
	return stop - end;
}

static bool is_last(const struct type *as, const struct type_field *f)
{
	for (size_t i = 0; i < as->nr_fields; i++)
		if (as->fields[i].offset_bytes > f->offset_bytes)
			return false;
	return true;
}

/* What a tuple has beside its last member, which the latter does not fill. */
static void zero_around_tail(struct gen *g, const struct type *as, struct dest d)
{
	const struct type_field *last = &as->fields[0];
	uint32_t end;

	for (size_t i = 1; i < as->nr_fields; i++)
		if (as->fields[i].offset_bytes > last->offset_bytes)
			last = &as->fields[i];
	end = last->offset_bytes + last->type->size_bytes;
	lower_zero(g, d.base, d.offset, last->offset_bytes);
	lower_zero(g, d.base, d.offset + (int32_t)end, as->size_bytes - end);
}

void lower_zero_padding(struct gen *g, const struct type *as, struct dest d)
{
	if (!has_padding(as))
		return;
	if (d.is_key)
		zero_around_tail(g, as, d);
	else if (!d.zeroed && as->size_bytes <= 128)
		ir_emit_memzero(&g->b, d.base, d.offset, as->size_bytes);
	else if (!d.zeroed)
		lower_zero(g, d.base, d.offset, as->size_bytes);
}

/* In the order of the source, whatever that of the fields. */
static void tuple_to(struct gen *g, struct node *n, const struct type *as, struct dest d)
{
	lower_zero_padding(g, as, d);
	for (size_t i = 0; i < as->nr_fields; i++) {
		const struct type_field *f = field_of(n, as, i);
		struct dest to = { .base = d.base, .zeroed = d.zeroed,
				   .offset = d.offset + (int32_t)f->offset_bytes,
				   .is_key = d.is_key && is_last(as, f) };

		if (n->kind == NODE_TUPLE)
			to.slack = slack_of(as, i, d.slack);
		lower_to(g, n->u.tuple.items.at[i], f->type, to);
	}
}

static void call_to(struct gen *g, struct node *n, const struct type *as, struct dest d)
{
	uint32_t size = n->type->size_bytes;

	if (n->u.call.func || is_call_of(n, BUILTIN_args) || is_call_of(n, BUILTIN_ctx)) {
		lower_copy(g, d, as, lower_place(g, n), n->type);
		return;
	}
	lower_call(g, n, &d);
	if (as->size_bytes > size && !d.zeroed)
		lower_zero(g, d.base, d.offset + (int32_t)size, as->size_bytes - size);
}

/* Store the value of n, as a value of type `as`: the same type or a larger one
 * of its kind, whose rest becomes zero. */
static void memory_to(struct gen *g, struct node *n, const struct type *as, struct dest d)
{
	if (lower_is_scalar(as)) {
		lower_store_value(g, as->size_bytes, d.base, d.offset, lower_value(g, n));
		return;
	}
	switch (n->kind) {
	case NODE_STRING:
		literal_to(g, n, as, d);
		return;
	case NODE_TUPLE:
	case NODE_RECORD:
		tuple_to(g, n, as, d);
		return;
	case NODE_TERNARY:
	case NODE_IF:
		cond_to(g, n, as, d);
		return;
	case NODE_BLOCK:
		lower_block_stmts(g, n);
		if (n->u.block.value)
			lower_to(g, n->u.block.value, as, d);
		return;
	case NODE_CALL:
		call_to(g, n, as, d);
		return;
	case NODE_MAP:
	case NODE_MAP_ELEM:
		lower_map_to(g, n, as, d);
		return;
	case NODE_CAST:
		lower_cast_to(g, n, as, d);
		return;
	default:
		lower_copy(g, d, as, lower_stored(g, n), node_stored_type(n));
	}
}

void lower_to(struct gen *g, struct node *n, const struct type *as, struct dest d)
{
	struct loc outer = g->at;

	g->at = n->loc;
	g->b.line = n->loc.begin;
	memory_to(g, n, as, d);
	g->at = outer;
}

/* ---- for effect ---- */

void lower_effect(struct gen *g, struct node *n)
{
	g->b.line = n->loc.begin;
	switch (n->kind) {
	case NODE_INCDEC:
		lower_incdec(g, n, false);
		return;
	case NODE_IF:
	case NODE_TERNARY:
		cond_effect(g, n);
		return;
	case NODE_BLOCK:
		lower_block_stmts(g, n);
		if (n->u.block.value)
			lower_effect(g, n->u.block.value);
		return;
	case NODE_CAST:
		lower_effect(g, n->u.cast.operand);
		return;
	default:
		break;
	}
	g->unused = g->is_discard ? NULL : n;
	if (n->type && (n->type->kind == TYPE_VOID || lower_is_scalar(n->type)))
		lower_value(g, n);
	else if (n->kind == NODE_MAP_ELEM && type_is_aggregate(n->type))
		lower_effect(g, n->u.map.keys.at[0]);
	else if (n->type && n->type->size_bytes && !type_is_aggregate(n->type))
		lower_place(g, n);
}
