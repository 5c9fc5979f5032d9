/*
 * Memory in the tree's interpreter: pointers, C structs, arrays in memory.
 *
 * A pointer is a made-up address. Variables whose address was taken have one,
 * and so has each text that was cast to a pointer; what is read there is made
 * from the variable's value at that moment. The value of a struct is its bytes.
 */
#include "tests/differential/tree_impl.h"
#include "tests/vm/bytes.h"

#include <string.h>

#define FIRST_ADDRESS 0x10000000ull
#define ADDRESS_STEP 0x10000ull
#define MAX_OBJECT 4096

static uint64_t new_region(struct tree *t, struct tree_region r)
{
	vec_push(t->arena, &t->regions, r);
	return FIRST_ADDRESS + (t->regions.n - 1) * ADDRESS_STEP;
}

static uint64_t address_of_var(struct tree *t, const struct var *var)
{
	for (size_t i = 0; i < t->regions.n; i++)
		if (t->regions.at[i].var == var)
			return FIRST_ADDRESS + i * ADDRESS_STEP;
	return new_region(t, (struct tree_region){ .var = var });
}

/* The address of a string: of the variable's, or of a copy. */
uint64_t tree_text_address(struct tree *t, const struct node *n)
{
	struct val v = tree_eval(t, n);
	uint8_t *bytes;

	hit(t, CAST_TEXT_POINTER);
	if (n->kind == NODE_VAR)
		return address_of_var(t, n->u.var.var);
	bytes = arena_alloc(t->arena, n->type->size_bytes);
	tree_store(n->type, &v, bytes);
	return new_region(t, (struct tree_region){ .bytes = bytes, .size = n->type->size_bytes });
}

/* ---- values as bytes ---- */

void tree_store(const struct type *type, const struct val *v, uint8_t *bytes)
{
	memset(bytes, 0, type->size_bytes);
	switch (type->kind) {
	case TYPE_STRING:
	case TYPE_CHARS:
	case TYPE_STRUCT:
		memcpy(bytes, v->s, v->len < type->size_bytes ? v->len : type->size_bytes);
		break;
	case TYPE_TUPLE:
	case TYPE_RECORD:
		for (size_t i = 0; i < v->nr; i++)
			tree_store(type->fields[i].type, &v->items[i],
				   bytes + type->fields[i].offset_bytes);
		break;
	case TYPE_ARRAY:
		for (size_t i = 0; i < v->nr; i++)
			tree_store(type->target, &v->items[i], bytes + i * type->target->size_bytes);
		break;
	default:
		bytes_store(bytes, v->n, type->size_bytes < 8 ? type->size_bytes : 8);
	}
}

struct val tree_load(struct tree *t, const struct type *type, const uint8_t *bytes)
{
	struct val v = { .s = "" }, *items;

	switch (type->kind) {
	case TYPE_STRING:
	case TYPE_CHARS:
	case TYPE_STRUCT:
		v.s = arena_strndup(t->arena, (const char *)bytes, type->size_bytes);
		v.len = type->size_bytes;
		if (type->kind == TYPE_STRUCT)
			v.s = memcpy(arena_alloc(t->arena, v.len + 1), bytes, v.len);
		else
			v.len = strnlen(v.s, v.len);
		return v;
	case TYPE_ARRAY:
		items = arena_array(t->arena, struct val, type->count + 1);
		for (uint32_t i = 0; i < type->count; i++)
			items[i] = tree_load(t, type->target, bytes + i * type->target->size_bytes);
		return (struct val){ .s = "", .items = items, .nr = type->count };
	default:
		v.n = bytes_load(bytes, type->size_bytes < 8 ? type->size_bytes : 8);
		v.n = val_extend(type, v.n);
		return v;
	}
}

/* The bytes at an address; zeroes where nothing is. */
static void read_memory(struct tree *t, uint64_t address, uint8_t *to, size_t size)
{
	uint64_t index = (address - FIRST_ADDRESS) / ADDRESS_STEP;
	uint64_t offset = (address - FIRST_ADDRESS) % ADDRESS_STEP;
	const struct tree_region *r;
	uint8_t object[MAX_OBJECT];
	struct val *v;

	memset(to, 0, size);
	if (address < FIRST_ADDRESS || index >= t->regions.n) {
		tree_fail(t, "a read of no memory");
		return;
	}
	r = &t->regions.at[index];
	if (offset + size > (r->var ? r->var->type->size_bytes : r->size)) {
		tree_fail(t, "a read beyond memory");
		return;
	}
	if (!r->var) {
		memcpy(to, r->bytes + offset, size);
		return;
	}
	v = pmap_find(&t->vars, r->var);
	if (!v || r->var->type->size_bytes > MAX_OBJECT)
		return;
	tree_store(r->var->type, v, object);
	memcpy(to, object + offset, size);
}

static struct val load_at(struct tree *t, const struct type *type, uint64_t address)
{
	uint8_t bytes[MAX_OBJECT];

	if (type->size_bytes > MAX_OBJECT) {
		tree_fail(t, "a large read");
		return val_zero(t, type);
	}
	read_memory(t, address, bytes, type->size_bytes);
	return tree_load(t, type, bytes);
}

/* Text at an address: up to a NUL, or `max` bytes. */
struct val tree_read_text(struct tree *t, uint64_t address, uint64_t max)
{
	struct sbuf text = { 0 };
	struct val v;
	uint8_t byte;

	hit(t, STR_POINTER);
	while (text.len < max && !t->failed) {
		read_memory(t, address + text.len, &byte, 1);
		if (!byte)
			break;
		sbuf_putc(&text, (char)byte);
	}
	v = (struct val){ .s = arena_strndup(t->arena, sbuf_text(&text), text.len), .len = text.len };
	sbuf_close(&text);
	return v;
}

/* ---- expressions ---- */

struct val tree_address(struct tree *t, const struct node *n)
{
	const struct node *x = n->u.unary.operand;

	if (x->kind != NODE_VAR) {
		tree_fail(t, "the address of something else");
		return (struct val){ .s = "" };
	}
	hit(t, ADDRESS);
	return (struct val){ .s = "", .n = address_of_var(t, x->u.var.var) };
}

struct val tree_deref(struct tree *t, const struct node *n)
{
	struct val p = tree_eval(t, n->u.unary.operand);

	hit(t, DEREF);
	return load_at(t, node_stored_type(n), p.n);
}

struct val tree_pointer_index(struct tree *t, const struct node *n)
{
	struct val p = tree_eval(t, n->u.index.object), i = tree_eval(t, n->u.index.index);

	hit(t, POINTER_INDEX);
	return load_at(t, node_stored_type(n), p.n + i.n * node_stored_type(n)->size_bytes);
}

static struct val load_bits(struct tree *t, const struct type_field *f, const uint8_t *bytes)
{
	uint64_t n = bytes_load(bytes, f->type->size_bytes);
	unsigned below = f->bit_offset;	/* bits; the first is the highest on some machines */

	hit(t, BITFIELD);
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		below = f->type->size_bytes * 8 - f->bit_offset - f->bit_size;
	n = n << (64 - below - f->bit_size);
	n = f->type->is_signed ? (uint64_t)((int64_t)n >> (64 - f->bit_size))
			       : n >> (64 - f->bit_size);
	return val_number(f->type, n);
}

struct val tree_load_field(struct tree *t, const struct type_field *f, const uint8_t *bytes)
{
	return f->bit_size ? load_bits(t, f, bytes) : tree_load(t, f->type, bytes);
}

/* Arrays and structs of the object's own type: spaces do not matter here. */
struct val tree_field(struct tree *t, const struct node *n)
{
	const struct node *object = n->u.field.object;
	const struct type_field *f = n->u.field.found;
	struct val v = tree_eval(t, object);
	uint8_t bytes[MAX_OBJECT];

	hit(t, C_FIELD);
	if (!f || f->data_loc || f->rel_loc || f->type->size_bytes > MAX_OBJECT) {
		tree_fail(t, "an unusual field");
		return v;
	}
	if (object->type->kind == TYPE_POINTER)
		read_memory(t, v.n + n->u.field.offset_bytes, bytes, f->type->size_bytes);
	else
		memcpy(bytes, v.s + n->u.field.offset_bytes, f->type->size_bytes);
	return tree_load_field(t, f, bytes);
}

/* Pointer plus or minus a number of pointees. */
uint64_t tree_step(struct tree *t, enum ast_op op, const struct type *type, uint64_t p, uint64_t n)
{
	uint64_t size = type->target ? type->target->size_bytes : 1;

	hit(t, POINTER_STEP);
	return op == OP_SUB ? p - n * size : p + n * size;
}
