/*
 * Modules, funcs, blocks, leaves, and instructions in blocks.
 *
 * Leaves are unique in their func: the table from (op, imm, imm2) to the leaf
 * makes two mentions of a constant one value.
 */
#include "ir/internal.h"

#include <assert.h>

#define STACK_LIMIT_BYTES 384	/* of 512; the rest is for spills */
#define STACK_SMALL_BYTES 64

struct ir_module *ir_module_new(struct arena *a, const char *name)
{
	struct ir_module *m = arena_new(a, struct ir_module);

	m->arena = a;
	m->name = arena_strdup(a, name);
	m->stack_limit = STACK_LIMIT_BYTES;
	m->stack_small = STACK_SMALL_BYTES;
	m->scratch_lost_map = -1;
	return m;
}

struct ir_func *ir_func_new(struct ir_module *m, const char *name, const enum ir_type *params,
			    uint32_t nr_params)
{
	struct ir_func *f = arena_new(m->arena, struct ir_func);

	assert(nr_params <= 5);
	f->name = arena_strdup(m->arena, name);
	f->module = m;
	f->index = (uint32_t)m->funcs.n;
	f->nr_params = nr_params;
	for (uint32_t i = 0; i < nr_params; i++)
		f->params[i] = params[i];
	hmap_init(&f->leaf_table, m->arena);
	vec_push(m->arena, &m->funcs, f);
	return f;
}

uint32_t ir_object_new(struct ir_func *f, const char *name, uint32_t size, uint32_t align)
{
	struct ir_object o = { .name = name, .size_bytes = size, .align_bytes = align ? align : 1 };

	vec_push(f->module->arena, &f->objects, o);
	return (uint32_t)f->objects.n - 1;
}

struct ir_block *ir_block_new(struct ir_func *f)
{
	struct ir_block *b = arena_new(f->module->arena, struct ir_block);

	b->func = f;
	b->id = (uint32_t)f->blocks.n;
	b->sealed = !b->id;
	vec_push(f->module->arena, &f->blocks, b);
	return b;
}

/* Arguments of a phi have room for a power of two of them: see ir_phi_add. */
static uint32_t args_room(enum ir_op op, uint32_t nr_args)
{
	uint32_t room = 1;

	while (op == IR_PHI && room < nr_args)
		room *= 2;
	return op == IR_PHI ? room : nr_args;
}

struct ir_insn *ir_insn_new(struct ir_func *f, enum ir_op op, enum ir_type type, uint32_t nr_args)
{
	struct ir_insn *i = arena_new(f->module->arena, struct ir_insn);

	i->op = op;
	i->type = type;
	i->id = f->next_insn_id++;
	i->nr_args = nr_args;
	if (nr_args)
		i->args = arena_array(f->module->arena, struct ir_insn *, args_room(op, nr_args));
	return i;
}

/* ---- leaves ---- */

static struct ir_insn *leaf_get(struct ir_func *f, enum ir_op op, enum ir_type type, int64_t imm,
				int64_t imm2)
{
	const int64_t key[3] = { op, imm, imm2 };
	struct ir_insn *leaf = hmap_find(&f->leaf_table, key, sizeof(key));

	if (leaf)
		return leaf;
	leaf = ir_insn_new(f, op, type, 0);
	leaf->imm = imm;
	leaf->imm2 = imm2;
	hmap_set(&f->leaf_table, key, sizeof(key), leaf);
	vec_push(f->module->arena, &f->leaves, leaf);
	return leaf;
}

struct ir_insn *ir_const(struct ir_func *f, int64_t value)
{
	return leaf_get(f, IR_CONST, IR_INT, value, 0);
}

struct ir_insn *ir_param(struct ir_func *f, uint32_t index)
{
	assert(index < f->nr_params);
	return leaf_get(f, IR_PARAM, f->params[index], index, 0);
}

struct ir_insn *ir_object(struct ir_func *f, uint32_t object)
{
	assert(object < f->objects.n);
	return leaf_get(f, IR_OBJECT, IR_OBJ, object, 0);
}

struct ir_insn *ir_map(struct ir_func *f, uint32_t image_map)
{
	return leaf_get(f, IR_MAP, IR_MAPREF, image_map, 0);
}

struct ir_insn *ir_map_value(struct ir_func *f, uint32_t image_map, uint32_t offset)
{
	return leaf_get(f, IR_MAP_VALUE, IR_MAPVAL, image_map, offset);
}

struct ir_insn *ir_func_ref(struct ir_func *f, uint32_t func)
{
	return leaf_get(f, IR_FUNC, IR_FUNCREF, func, 0);
}

/* ---- instructions in blocks ---- */

void ir_append(struct ir_block *b, struct ir_insn *insn)
{
	insn->block = b;
	insn->prev = b->last;
	insn->next = NULL;
	if (b->last)
		b->last->next = insn;
	else
		b->first = insn;
	b->last = insn;
}

void ir_insert_before(struct ir_insn *at, struct ir_insn *insn)
{
	insn->block = at->block;
	insn->next = at;
	insn->prev = at->prev;
	if (at->prev)
		at->prev->next = insn;
	else
		at->block->first = insn;
	at->prev = insn;
}

void ir_insert_after(struct ir_insn *at, struct ir_insn *insn)
{
	if (at->next)
		ir_insert_before(at->next, insn);
	else
		ir_append(at->block, insn);
}

void ir_remove(struct ir_insn *insn)
{
	struct ir_block *b = insn->block;

	if (insn->prev)
		insn->prev->next = insn->next;
	else
		b->first = insn->next;
	if (insn->next)
		insn->next->prev = insn->prev;
	else
		b->last = insn->prev;
	insn->block = NULL;
	insn->prev = insn->next = NULL;
}

struct ir_insn *ir_first_body(struct ir_block *b)
{
	struct ir_insn *i = b->first;

	while (i && (i->op == IR_PHI || i->op == IR_NOT_NULL))
		i = i->next;
	return i;
}

struct ir_insn *ir_resolve(struct ir_insn *v)
{
	struct ir_insn *end = v, *next;

	while (end->same_as)
		end = end->same_as;
	for (; v != end; v = next) {
		next = v->same_as;
		v->same_as = end;
	}
	return end;
}
