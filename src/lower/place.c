/*
 * Memory: where a struct, array or pointee lies, and how it is read.
 *
 * Reading follows one table. What the verifier knows (objects, map values, the
 * context, trusted BTF pointers) takes plain loads. Kernel memory behind a
 * pointer to a struct of vmlinux takes plain loads behind bpf_rdonly_cast, where
 * the kernel has it and the verifier's walk through the struct allows this
 * load. All else is read by a helper that survives bad addresses and then
 * leaves zeroes; a failed read is counted.
 */
#include "lower/internal.h"

enum place_kind lower_space_kind(enum type_space space)
{
	switch (space) {
	case SPACE_KERNEL:
		return PLACE_KERNEL;
	case SPACE_USER:
		return PLACE_USER;
	case SPACE_CONTEXT:
		return PLACE_DIRECT;
	default:
		return PLACE_UNKNOWN;
	}
}

struct place lower_at(struct ir_insn *base, int32_t offset)
{
	return (struct place){ .kind = PLACE_DIRECT, .base = base, .offset = offset };
}

/* ---- what the verifier allows of a typed pointer ---- */

enum walk { WALK_REFUSED, WALK_SCALAR, WALK_POINTER };

static enum walk walk_struct(struct types *types, struct type_struct *s, uint32_t offset,
			     uint32_t size);

static enum walk walk_type(struct types *types, const struct type *t, uint32_t offset,
			   uint32_t size)
{
	switch (t->kind) {
	case TYPE_STRUCT:
		return walk_struct(types, t->structure, offset, size);
	case TYPE_ARRAY:
		if (!t->target->size_bytes)
			return WALK_REFUSED;
		if (t->target->kind == TYPE_INT)
			return offset + size <= t->size_bytes ? WALK_SCALAR : WALK_REFUSED;
		return walk_type(types, t->target, offset % t->target->size_bytes, size);
	case TYPE_POINTER:
		return size == 8 && !offset ? WALK_POINTER : WALK_REFUSED;
	case TYPE_INT:
	case TYPE_ENUM:
	case TYPE_BOOL:
	case TYPE_CHARS:
		return offset + size <= t->size_bytes ? WALK_SCALAR : WALK_REFUSED;
	default:
		return WALK_REFUSED;
	}
}

/* The same walk as the verifier's: the first member that covers the bytes
 * decides, in unions too. */
static enum walk walk_struct(struct types *types, struct type_struct *s, uint32_t offset,
			     uint32_t size)
{
	size_t n;
	const struct type_field *f = type_struct_fields(types, s, &n), *end = f + n;

	for (; f < end; f++) {
		uint32_t bits_end = f->offset_bytes + (f->bit_offset + f->bit_size + 7u) / 8;

		if (f->bit_size) {
			if (offset <= f->offset_bytes + f->bit_offset / 8u &&
			    bits_end <= offset + size)
				return WALK_SCALAR;
			continue;
		}
		if (offset < f->offset_bytes)
			return WALK_REFUSED;
		if (f->type->kind == TYPE_ERROR && (f + 1 == end || f[1].offset_bytes > offset))
			return WALK_REFUSED;
		if (offset < f->offset_bytes + f->type->size_bytes)
			return walk_type(types, f->type, offset - f->offset_bytes, size);
	}
	return WALK_REFUSED;
}

static enum walk walk(struct gen *g, const struct place *p, uint32_t size)
{
	if (!p->root || p->offset < 0 || (g->c->options->warnings_level >= 2 && !g->on_null))
		return WALK_REFUSED;
	return walk_struct(g->c->types, p->root, (uint32_t)p->offset, size);
}

/* ---- typed kernel pointers ---- */

static bool is_typed_struct(const struct type *t)
{
	return t->kind == TYPE_STRUCT && t->structure->is_vmlinux && t->structure->btf_id;
}

static struct ir_insn *cast_to_struct(struct gen *g, struct ir_insn *p, const struct type_struct *s)
{
	struct ir_insn *args[] = { p, lower_const(g, s->btf_id) };

	struct ir_insn *cast = ir_emit_call(&g->b, IR_KCALL, lower_kfunc(g->l, KFUNC_RDONLY_CAST),
					    IR_KPTR, args, 2);

	cast->is_pure = true;
	return cast;
}

/* Make a kernel place that a typed load may read DIRECT. */
static bool make_direct(struct gen *g, struct place *p, uint32_t size, enum walk wanted)
{
	if (p->kind == PLACE_DIRECT && p->base->type != IR_KPTR)
		return wanted == WALK_SCALAR;
	if (walk(g, p, size) != wanted)
		return false;
	if (p->kind == PLACE_DIRECT)
		return true;
	if (p->kind != PLACE_KERNEL || !lower_kfunc(g->l, KFUNC_RDONLY_CAST))
		return false;
	p->base = cast_to_struct(g, p->base, p->root);
	p->kind = PLACE_DIRECT;
	p->trusted = false;
	return true;
}

/* ---- reading ---- */

static const int read_helpers[] = {
	[PLACE_DIRECT] = BPF_FUNC_probe_read_kernel,
	[PLACE_KERNEL] = BPF_FUNC_probe_read_kernel,
	[PLACE_USER] = BPF_FUNC_probe_read_user,
	[PLACE_UNKNOWN] = BPF_FUNC_probe_read,
};

/* A perf event's context begins with a pointer to the registers; it is the verifier that
 * makes loads of it such of a struct with the registers in it. */
static struct ir_insn *perf_registers(struct gen *g, struct ir_insn *ctx)
{
	struct ir_insn *p = lower_object(g, "registers", 8, 8);

	ir_emit_helper(&g->b, BPF_FUNC_probe_read_kernel, IR_INT, p, lower_const(g, 8), ctx);
	return ir_emit_load(&g->b, IR_INT, 8, false, p, 0);
}

struct ir_insn *lower_place_address(struct gen *g, struct place p)
{
	if (p.base->type == IR_CTX && g->prog->provider->prog_type == BPF_PROG_TYPE_PERF_EVENT)
		p.base = perf_registers(g, p.base);
	return lower_ptr(g, p.base, p.offset);
}

/* Read by a helper; what cannot be read becomes zeroes. */
void lower_read(struct gen *g, struct ir_insn *to, int32_t offset, uint32_t size, struct place from)
{
	int helper = read_helpers[from.kind];
	struct ir_insn *r;

	if (from.kind == PLACE_USER && g->sleepable)
		helper = BPF_FUNC_copy_from_user;
	r = ir_emit_helper(&g->b, helper, IR_INT, lower_ptr(g, to, offset), lower_const(g, size),
			   lower_place_address(g, from));
	lower_read_failed_if(g, ir_helper_name(helper), r);
}

static uint32_t alignment_of(int32_t to, int32_t from)
{
	uint32_t align = 8;

	while (align > 1 && (to % (int32_t)align || from % (int32_t)align))
		align /= 2;
	return align;
}

/* The context of BTF programs is made of 8-byte slots and loaded as such. */
static bool has_slots(struct gen *g)
{
	enum attach_kind a = g->prog->provider->attach;

	return a == ATTACH_BTF_TRACEPOINT || a == ATTACH_RAW_TRACEPOINT || a == ATTACH_ITER ||
	       a == ATTACH_FENTRY || a == ATTACH_FEXIT;
}

/* What is not aligned in the context or on the stack, byte by byte. */
static struct ir_insn *load_bytes(struct gen *g, struct place p, unsigned size, bool is_signed)
{
	struct ir_insn *v = NULL;

	for (unsigned i = 0; i < size; i++) {
		unsigned shift = 8 * (g->c->target->arch->big_endian ? size - 1 - i : i);
		struct ir_insn *byte = ir_emit_load(&g->b, IR_INT, 1, false, p.base,
						    p.offset + (int32_t)i);

		byte = ir_emit_binary_imm(&g->b, IR_SHL, byte, shift);
		v = v ? ir_emit_binary(&g->b, IR_OR, v, byte) : byte;
	}
	return ir_emit_ext(&g->b, v, size, is_signed);
}

static struct ir_insn *load_direct(struct gen *g, struct place p, unsigned size, bool is_signed)
{
	struct ir_insn *v;

	if (p.base->type == IR_CTX && has_slots(g)) {
		/* Members of a struct by value may begin within a slot. */
		int32_t within = p.offset % 8;

		v = ir_emit_load(&g->b, IR_INT, 8, false, p.base, p.offset - within);
		if (within)
			v = ir_emit_binary_imm(&g->b, IR_LSHR, v,
					       g->c->target->arch->big_endian
					       ? 8 * (8 - within - (int32_t)size) : 8 * within);
		return ir_emit_ext(&g->b, v, size, is_signed);
	}
	if ((p.base->type == IR_CTX || p.base->type == IR_OBJ) && p.offset % (int32_t)size)
		return load_bytes(g, p, size, is_signed);
	return ir_emit_load(&g->b, IR_INT, size, is_signed, p.base, p.offset);
}

static struct ir_insn *load_sized(struct gen *g, struct place p, unsigned size, bool is_signed)
{
	struct ir_insn *slot;

	if (make_direct(g, &p, size, WALK_SCALAR) ||
	    (size == 8 && make_direct(g, &p, size, WALK_POINTER)))
		return load_direct(g, p, size, is_signed);
	slot = lower_object(g, "read", 8, 8);
	lower_read(g, slot, 0, size, p);
	return ir_emit_load(&g->b, IR_INT, size, is_signed, slot, 0);
}

struct ir_insn *lower_load(struct gen *g, struct place p, const struct type *type)
{
	return load_sized(g, p, type->size_bytes, type->is_signed);
}

static struct ir_insn *load_bits(struct gen *g, struct place p, const struct type_field *f)
{
	unsigned unit = f->type->size_bytes, shift = f->bit_offset;
	struct ir_insn *v = load_sized(g, p, unit, false);

	if (g->c->target->arch->big_endian)
		shift = unit * 8 - shift - f->bit_size;
	v = ir_emit_binary_imm(&g->b, IR_SHL, v, 64 - shift - f->bit_size);
	return ir_emit_binary_imm(&g->b, f->type->is_signed ? IR_ASHR : IR_LSHR, v,
				  64 - f->bit_size);
}

/* A dynamic field of a tracepoint: the locator's low half is its offset. */
static struct ir_insn *dynamic_address(struct gen *g, struct place p, const struct type_field *f)
{
	struct ir_insn *v = load_sized(g, p, 4, false);

	v = ir_emit_binary_imm(&g->b, IR_AND, v, 0xffff);
	if (f->rel_loc)
		v = ir_emit_binary_imm(&g->b, IR_ADD, v, p.offset + 4);
	return ir_emit_binary(&g->b, IR_ADD, p.base, v);
}

static bool is_iter_object(struct gen *g, struct place p, const struct type *t)
{
	return g->prog->provider->attach == ATTACH_ITER && p.base->type == IR_CTX &&
	       t->kind == TYPE_POINTER && t->is_trusted;
}

struct ir_insn *lower_load_field(struct gen *g, struct node *n)
{
	const struct type_field *f = n->u.field.found;
	struct place p = lower_field_place(g, n);

	if (f && (f->data_loc || f->rel_loc))
		return dynamic_address(g, p, f);
	if (f && f->bit_size)
		return load_bits(g, p, f);
	if (is_iter_object(g, p, n->type)) {
		p = lower_iter_object(g, p.offset, n->type->target);
		return p.base->type == IR_INT ? p.base : lower_to_scalar(g, p.base);
	}
	return lower_load(g, p, n->type);
}

/* ---- places ---- */

/* Whatever leads to the context leads to the same one. */
struct place lower_context(struct gen *g, struct node *n)
{
	if (n->kind == NODE_UNARY)
		return lower_context(g, n->u.unary.operand);
	if (n->kind == NODE_CAST)
		return lower_context(g, n->u.cast.operand);
	if (n->kind == NODE_TERNARY || n->kind == NODE_IF || n->kind == NODE_BLOCK)
		lower_effect(g, n);
	return lower_at(g->ctx, 0);
}

/* A pointer that the verifier can type: the running task, or a pointer member
 * of what is typed already. */
static bool typed_pointer(struct gen *g, struct node *n, struct place *out)
{
	struct place p;

	if (n->kind == NODE_CALL && n->u.call.builtin &&
	    n->u.call.builtin->id == BUILTIN_curtask && is_typed_struct(n->type->target)) {
		*out = lower_at(lower_task(g), 0);
		out->root = lower_task_struct(g->l);
		out->trusted = true;
		if (out->base->type != IR_KPTR)
			out->kind = PLACE_KERNEL;
		return true;
	}
	if (n->kind != NODE_FIELD || !is_typed_struct(n->type->target))
		return false;
	p = lower_field_place(g, n);
	*out = (struct place){ .kind = PLACE_KERNEL, .root = n->type->target->structure };
	if (is_iter_object(g, p, n->type)) {
		*out = lower_iter_object(g, p.offset, n->type->target);
		return true;
	}
	if (p.base->type == IR_CTX && n->type->is_trusted) {
		out->base = ir_emit_load(&g->b, IR_KPTR, 8, false, p.base, p.offset);
		out->kind = PLACE_DIRECT;
		out->trusted = true;
		return true;
	}
	if (p.kind != PLACE_DIRECT && n->type->space != SPACE_KERNEL) {
		out->base = load_sized(g, p, 8, false);
		out->kind = lower_space_kind(n->type->space);
		return true;
	}
	if (!(p.base->type == IR_CTX) && make_direct(g, &p, 8, WALK_POINTER)) {
		out->kind = PLACE_DIRECT;
		out->trusted = g->on_null && p.trusted;
		if (out->trusted) {
			out->base = ir_emit_load(&g->b, IR_KPTR_OR_NULL, 8, false, p.base,
						 p.offset);
			out->base = ir_emit_null_check(&g->b, out->base, g->on_null);
			return true;
		}
		out->base = ir_emit_load(&g->b, IR_KPTR, 8, false, p.base, p.offset);
		/* Members of trusted structs may be pointers that the verifier wants
		 * to see checked for null; of cast ones it does not. */
		if (p.trusted && lower_kfunc(g->l, KFUNC_RDONLY_CAST))
			out->base = cast_to_struct(g, out->base, out->root);
		return true;
	}
	out->base = load_sized(g, p, 8, false);
	return true;
}

struct place lower_deref(struct gen *g, struct node *pointer)
{
	const struct type *t = pointer->type;
	struct place p = { 0 };

	if (t->space == SPACE_CONTEXT)
		return lower_context(g, pointer);
	if (t->space == SPACE_KERNEL && typed_pointer(g, pointer, &p))
		return p;
	p.kind = lower_space_kind(t->space);
	p.base = lower_value(g, pointer);
	if (p.base->type == IR_OBJ || p.base->type == IR_MAPVAL)
		p.kind = PLACE_DIRECT;
	else if (p.kind == PLACE_KERNEL && t->target && is_typed_struct(t->target))
		p.root = t->target->structure;
	return p;
}

struct place lower_field_place(struct gen *g, struct node *n)
{
	struct node *object = n->u.field.object;
	struct place p;

	if (object->type->kind == TYPE_POINTER)
		p = lower_deref(g, object);
	else
		p = lower_place(g, object);
	p.offset += (int32_t)n->u.field.offset_bytes;
	return p;
}

/* Address of element `index`, which is not known while compiling. */
static struct place variable_index(struct gen *g, struct place p, struct ir_insn *index,
				   uint32_t size)
{
	struct ir_insn *base = lower_place_address(g, p);

	if (p.kind == PLACE_DIRECT && p.base->type == IR_KPTR)
		base = lower_to_scalar(g, base);
	index = ir_emit_binary_imm(&g->b, IR_MUL, index, size);
	p.base = ir_emit_binary(&g->b, IR_ADD, base, index);
	if (p.kind == PLACE_DIRECT)
		p.kind = PLACE_KERNEL;
	p.offset = 0;
	p.root = NULL;
	return p;
}

static struct ir_insn *as_scalar(struct gen *g, struct ir_insn *v)
{
	return v->type == IR_INT ? v : lower_to_scalar(g, v);
}

/* Elements of what is indexed; 0: unknown, as of pointers and flexible arrays. */
static uint32_t nr_elements(const struct type *t)
{
	return t->kind == TYPE_STRING ? t->size_bytes : t->kind == TYPE_ARRAY ? t->count : 0;
}

static struct place zeroes_place(struct gen *g, uint32_t size)
{
	struct ir_insn *zeroes = lower_object(g, "zeroes", size, 8);

	lower_zero(g, zeroes, 0, size);
	return lower_at(zeroes, 0);
}

/* Out of bounds: a message, and zeroes are read. What reads user memory does not read
 * ours: there it is a read that fails. */
static struct place checked_index(struct gen *g, struct place p, struct node *n, uint32_t size)
{
	struct ir_insn *index = lower_value(g, n->u.index.index), *zeroes;
	uint32_t count = nr_elements(n->u.index.object->type);
	struct ir_block *bad = lower_block(g, true), *fine = lower_block(g, false);
	struct ir_block *next = lower_block(g, false);
	struct ir_var *address = ir_var_new(g->b.func, "element", IR_INT);

	ir_emit_branch(&g->b, IR_UGE, index, lower_const(g, count), bad, fine);
	lower_enter(g, bad);
	lower_runtime_error(g, "Array access out of bounds. This can lead to unexpected results. "
			    "0 is being used as the result.", n->loc);
	zeroes = p.kind == PLACE_USER ? lower_const(g, 0) : zeroes_place(g, size).base;
	ir_var_write(&g->b, address, as_scalar(g, zeroes));
	ir_emit_jump(&g->b, next);
	lower_enter(g, fine);
	p = variable_index(g, p, index, size);
	ir_var_write(&g->b, address, as_scalar(g, p.base));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	p.base = ir_var_read(&g->b, address);
	return p;
}

/* Of text in a `char` array one byte is read in place. */
static struct place indexed_place(struct gen *g, struct node *object, const struct node *index)
{
	const struct type *stored = node_stored_type(object);

	if (stored->kind == TYPE_CHARS && index->kind == NODE_INT &&
	    index->u.integer.value < stored->size_bytes)
		return lower_stored(g, object);
	return lower_place(g, object);
}

struct place lower_index_place(struct gen *g, struct node *n)
{
	struct node *object = n->u.index.object, *index = n->u.index.index;
	bool is_pointer = object->type->kind == TYPE_POINTER;
	const struct type *element = object->type->target;
	uint32_t size = element ? element->size_bytes : 1, count = nr_elements(object->type);
	struct place p;

	while (index->kind == NODE_CAST)
		index = index->u.cast.operand;
	p = is_pointer ? lower_deref(g, object) : indexed_place(g, object, index);
	/* The text that a choice was folded to may be shorter than the choice's type. */
	if (index->kind == NODE_INT && object->type->kind == TYPE_STRING &&
	    index->u.integer.value >= count)
		return zeroes_place(g, size);
	if (index->kind == NODE_INT && index->u.integer.value * size < INT16_MAX) {
		p.offset += (int32_t)(index->u.integer.value * size);
		if (is_pointer && index->u.integer.value)
			p.root = NULL;
		return p;
	}
	if (!count)
		return variable_index(g, p, lower_value(g, n->u.index.index), size);
	return checked_index(g, p, n, size);
}

/* ---- copying ---- */

static bool is_pointerless(const struct type *t)
{
	switch (t->kind) {
	case TYPE_STRING:	/* such as comm */
	case TYPE_CHARS:
		return true;
	case TYPE_ARRAY:
		return t->target->kind == TYPE_INT;
	default:
		return false;
	}
}

/* All words of a small array of a typed struct may be loaded at once. */
static bool copies_directly(struct gen *g, struct place *p, uint32_t size, const struct type *type)
{
	/* The first word of a tracepoint's record is not for programs to load. */
	if (p->kind == PLACE_DIRECT && p->base->type == IR_CTX)
		return size <= 64 && !has_slots(g) && p->offset >= 8;
	if (p->kind == PLACE_DIRECT && p->base->type != IR_KPTR)
		return size <= 128;
	return size <= 64 && is_pointerless(type) && make_direct(g, p, size, WALK_SCALAR);
}

static bool is_tuple(const struct type *t)
{
	return t->kind == TYPE_TUPLE || t->kind == TYPE_RECORD;
}

static const struct type_field *field_like(const struct type *t, const struct type *as, size_t i)
{
	for (size_t k = 0; t->kind == TYPE_RECORD && k < t->nr_fields; k++)
		if (t->fields[k].name == as->fields[i].name)
			return &t->fields[k];
	return &t->fields[i];
}

/* Strings of other sizes within a tuple move what follows them. */
static bool is_laid_out_alike(const struct type *t, const struct type *as)
{
	if (t == as)
		return true;
	if (!is_tuple(t) || !is_tuple(as))
		return t->size_bytes == as->size_bytes;
	for (size_t i = 0; i < as->nr_fields; i++) {
		const struct type_field *f = field_like(t, as, i);

		if (f->offset_bytes != as->fields[i].offset_bytes ||
		    !is_laid_out_alike(f->type, as->fields[i].type))
			return false;
	}
	return t->size_bytes == as->size_bytes;
}

static void copy_fields(struct gen *g, struct dest d, const struct type *as, struct place from,
			const struct type *type)
{
	if (!d.zeroed)
		lower_zero(g, d.base, d.offset, as->size_bytes);
	for (size_t i = 0; i < as->nr_fields; i++) {
		const struct type_field *f = field_like(type, as, i), *to = &as->fields[i];
		struct dest part = { .base = d.base, .zeroed = true,
				     .offset = d.offset + (int32_t)to->offset_bytes };
		struct place p = from;

		p.offset += (int32_t)f->offset_bytes;
		if (lower_is_scalar(to->type))
			lower_store_value(g, to->type->size_bytes, part.base, part.offset,
					  lower_load(g, p, f->type));
		else
			lower_copy(g, part, to->type, p, f->type);
	}
}

/* The rest of a larger place becomes zero; what is too large is cut. */
void lower_copy(struct gen *g, struct dest d, const struct type *as, struct place from,
		const struct type *type)
{
	uint32_t size = type->size_bytes < as->size_bytes ? type->size_bytes : as->size_bytes;

	if (is_tuple(as) && is_tuple(type) && !is_laid_out_alike(type, as)) {
		copy_fields(g, d, as, from, type);
		return;
	}
	if (as->size_bytes > size && !d.zeroed)
		lower_zero(g, d.base, d.offset + (int32_t)size, as->size_bytes - size);
	if (copies_directly(g, &from, size, type))
		ir_emit_memcpy(&g->b, d.base, d.offset, from.base, from.offset, size,
			       alignment_of(d.offset, from.offset));
	else
		lower_read(g, d.base, d.offset, size, from);
}
