/*
 * Maps of the script: reading, storing, adding, deleting, asking.
 *
 * A scalar map that is a cell is plain memory. A hash takes a lookup; adding to
 * an element that is not there inserts zeroes with BPF_NOEXIST and looks up
 * again, so that of two programs that insert at once neither loses what it
 * adds. An insert that fails is counted.
 */
#include "lower/internal.h"

#include <errno.h>

/* ---- where ---- */

struct ir_insn *lower_key(struct gen *g, struct node *elem)
{
	const struct map *m = elem->u.map.map;
	const struct map_store *s;
	struct ir_insn *key;

	if (!elem->u.map.keys.n || !m->key) {
		key = lower_object(g, "key", 8, 8);
		ir_emit_store(&g->b, 8, key, 0, lower_const(g, 0));
		return key;
	}
	s = lower_store(m);
	key = lower_object(g, "key", (s->key->size_bytes + 7) / 8 * 8 + 8, 8);
	lower_to(g, elem->u.map.keys.at[0], s->key,
		 (struct dest){ .base = key, .slack = 8, .is_key = s->nr_sizes > 0 });
	return key;
}

struct ir_insn *lower_cell(struct gen *g, const struct map_store *s, int32_t *offset)
{
	struct ir_insn *base, *at;

	/* From the beginning of the block if the accesses reach that far: its
	 * address is there, for the test whether tracing was stopped. */
	*offset = s->cell_offset + s->value_size <= INT16_MAX ? (int32_t)s->cell_offset : 0;
	base = lower_control(g, s->cell_offset - (uint32_t)*offset);
	if (!s->cell_stride)
		return base;
	at = lower_cpu_masked(g);
	if (s->cell_stride & (s->cell_stride - 1))
		at = ir_emit_binary_imm(&g->b, IR_MUL, at, s->cell_stride);
	else
		at = ir_emit_binary_imm(&g->b, IR_SHL, at, __builtin_ctz(s->cell_stride));
	return ir_emit_binary(&g->b, IR_ADD, base, at);
}

/* Note that a cell has a value, even if that is all zero. Storing only where it
 * changes something keeps the line shared between CPUs. */
void lower_mark_set(struct gen *g, const struct map_store *s)
{
	struct ir_block *first, *next;
	struct ir_insn *word, *set;

	if (s->storage != STORE_CELL || s->set_offset == UINT32_MAX)
		return;
	first = lower_block(g, true);
	next = lower_block(g, false);
	word = ir_map_value(g->b.func, g->l->cells_map, s->set_offset);
	set = ir_emit_load(&g->b, IR_INT, 8, false, word, 0);
	ir_emit_branch(&g->b, IR_EQ, set, lower_const(g, 0), first, next);
	lower_enter(g, first);
	ir_emit_store(&g->b, 8, word, 0, lower_const(g, 1));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

static struct ir_insn *lookup(struct gen *g, struct ir_insn *map, struct ir_insn *key)
{
	return ir_emit_helper(&g->b, BPF_FUNC_map_lookup_elem, IR_MAPVAL_OR_NULL, map, key);
}

/* Where an element may be. */
struct search {
	struct ir_insn *key;
	struct ir_var *map, *entries;	/* the map in which it belongs */
	struct ir_var *element;		/* that is there */
	struct ir_block *found, *absent;
};

static void search_one(struct gen *g, struct lower_way way, void *arg)
{
	struct search *s = arg;
	struct ir_insn *p;

	ir_var_write(&g->b, s->map, way.map);
	if (way.entries)
		ir_var_write(&g->b, s->entries, way.entries);
	p = ir_emit_null_check(&g->b, lookup(g, way.map, s->key), s->absent);
	ir_var_write(&g->b, s->element, p);
	ir_emit_jump(&g->b, s->found);
}

/* Each map of a pair has a lookup of its own, which the kernel then does in place: one
 * for both would be 15 ns slower. Of maps by size there are more, whose keys cost more:
 * they share one, and so do those of large programs, which are rather kept small. */
static void search(struct gen *g, const struct map_store *store, struct search *s)
{
	s->map = ir_var_new(g->b.func, "map", IR_MAPREF);
	s->entries = ir_var_new(g->b.func, "entries", IR_MAPVAL);
	s->element = ir_var_new(g->b.func, "element", IR_MAPVAL);
	if (g->is_large || store->nr_sizes)
		search_one(g, lower_one_way(g, store, s->key), s);
	else
		lower_each_way(g, store, s->key, search_one, s);
}

static struct ir_insn *update(struct gen *g, struct ir_insn *map, struct ir_insn *key,
			      struct ir_insn *value, int64_t flags)
{
	return ir_emit_helper(&g->b, BPF_FUNC_map_update_elem, IR_INT, map, key, value,
			      lower_const(g, flags));
}

static void update_failed(struct gen *g, struct ir_insn *err)
{
	lower_failed(g, "map_update_elem", NULL, err);
}

/* Insert a value, and count the entry if there are maps by size, which share one
 * capacity. CPUs that insert at once may pass it by one each. Returns what the kernel
 * says. */
static struct ir_insn *insert(struct gen *g, const struct map_store *store, struct search *s,
			      struct ir_insn *value, int64_t flags)
{
	struct ir_insn *map = ir_var_read(&g->b, s->map), *err, *entries;
	struct ir_block *counted, *next;
	struct ir_var *result;

	if (!store->nr_sizes)
		return update(g, map, s->key, value, flags);
	counted = lower_block(g, true);
	next = lower_block(g, true);
	result = ir_var_new(g->b.func, "inserted", IR_INT);
	entries = ir_var_read(&g->b, s->entries);
	ir_var_write(&g->b, result, lower_const(g, -E2BIG));
	lower_branch_if_full(g, entries, store->map->capacity, next);
	err = update(g, map, s->key, value, flags);
	ir_var_write(&g->b, result, err);
	ir_emit_branch(&g->b, IR_EQ, err, lower_const(g, 0), counted, next);
	lower_enter(g, counted);
	lower_count_entry(g, entries, 1);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return ir_var_read(&g->b, result);
}

/* The element was not there: insert zeroes, look up again. Ends in `found`, or in
 * `give_up`. */
static void insert_zeroes(struct gen *g, const struct map_store *store, struct search *s,
			  struct ir_block *give_up)
{
	struct ir_insn *err = insert(g, store, s, lower_zeros(g), BPF_NOEXIST);
	struct ir_insn *again = lookup(g, ir_var_read(&g->b, s->map), s->key);
	struct ir_block *failed = lower_block(g, true);

	again = ir_emit_null_check(&g->b, again, failed);
	if (g->b.block)
		g->b.block->is_cold = true;
	ir_var_write(&g->b, s->element, again);
	ir_emit_jump(&g->b, s->found);
	lower_enter(g, failed);
	update_failed(g, err);
	ir_emit_jump(&g->b, give_up);
}

/* The element was not there, and no other program may have come between: insert
 * it with its first words. Another CPU may have inserted it meanwhile; then only
 * this CPU's value is set. */
static void insert_first(struct gen *g, const struct map_store *store, struct search *s,
			 struct ir_insn *const words[2], struct ir_block *done)
{
	struct ir_block *failed = lower_block(g, true);
	struct ir_insn *first = NULL, *err;

	if (!words[1] && words[0]->op == IR_CONST && words[0]->imm == 1) {
		first = lower_one(g);
	} else {
		first = lower_object(g, "first", words[1] ? 16 : 8, 8);
		ir_emit_store(&g->b, 8, first, 0, words[0]);
		if (words[1])
			ir_emit_store(&g->b, 8, first, 8, words[1]);
	}
	err = insert(g, store, s, first, BPF_ANY);
	ir_emit_branch(&g->b, IR_EQ, err, lower_const(g, 0), done, failed);
	lower_enter(g, failed);
	update_failed(g, err);
	ir_emit_jump(&g->b, done);
}

struct ir_insn *lower_elem(struct gen *g, struct node *elem, int32_t *offset,
			   struct ir_block *give_up)
{
	return lower_elem_or_first(g, elem, offset, NULL, give_up);
}

struct ir_insn *lower_elem_or_first(struct gen *g, struct node *elem, int32_t *offset,
				    struct ir_insn *const words[2], struct ir_block *done)
{
	struct map_store *store = lower_store(elem->u.map.map);
	struct search s;

	*offset = 0;
	if (store->storage == STORE_CELL) {
		lower_mark_set(g, store);
		return lower_cell(g, store, offset);
	}
	s.key = lower_key(g, elem);
	s.absent = lower_block(g, true);
	s.found = lower_block(g, false);
	search(g, store, &s);
	lower_enter(g, s.absent);
	if (words && store->plain)
		insert_first(g, store, &s, words, done);
	else
		insert_zeroes(g, store, &s, done);
	lower_enter(g, s.found);
	return ir_var_read(&g->b, s.element);
}

/* ---- reading ---- */

/* Look an element of a hash up; control goes to `absent` if it is not there. */
static struct ir_insn *find(struct gen *g, struct node *elem, struct ir_block *absent)
{
	struct search s = { .key = lower_key(g, elem), .absent = absent };

	s.found = lower_block(g, false);
	search(g, lower_store(elem->u.map.map), &s);
	lower_enter(g, s.found);
	return ir_var_read(&g->b, s.element);
}

static void lookup_failed(struct gen *g)
{
	if (lower_tells_all(g))
		lower_failed(g, "map_lookup_elem", NULL, lower_const(g, 0));
}

struct ir_insn *lower_map_value(struct gen *g, struct node *elem)
{
	struct map_store *s = lower_store(elem->u.map.map);
	const struct type *t = elem->u.map.map->value;
	struct ir_block *next, *absent;
	struct ir_insn *p;
	struct ir_var *v;

	if (type_is_aggregate(t))
		return lower_merged(g, elem, elem->type);
	if (s->storage == STORE_CELL) {
		p = ir_map_value(g->b.func, g->l->cells_map, s->cell_offset);
		p = ir_emit_load(&g->b, IR_INT, t->size_bytes, t->is_signed, p, 0);
		p->is_pinned = true;
		return p;
	}
	next = lower_block(g, false);
	absent = lower_tells_all(g) ? lower_block(g, true) : next;
	v = ir_var_new(g->b.func, "map value", IR_INT);
	ir_var_write(&g->b, v, lower_const(g, 0));
	p = find(g, elem, absent);
	ir_var_write(&g->b, v, ir_emit_load(&g->b, IR_INT, t->size_bytes, t->is_signed, p, 0));
	ir_emit_jump(&g->b, next);
	if (absent != next) {
		lower_enter(g, absent);
		lookup_failed(g);
		ir_emit_jump(&g->b, next);
	}
	lower_enter(g, next);
	return ir_var_read(&g->b, v);
}

/* A value that is memory: copied, or zeroes if it is not there. */
void lower_map_to(struct gen *g, struct node *elem, const struct type *as, struct dest d)
{
	struct map_store *s = lower_store(elem->u.map.map);
	const struct type *t = elem->u.map.map->value;
	struct ir_block *absent, *next;
	struct ir_insn *p;

	if (type_is_aggregate(t)) {
		lower_aggregate_to(g, elem, d);
		return;
	}
	if (s->storage == STORE_CELL) {
		p = ir_map_value(g->b.func, g->l->cells_map, s->cell_offset);
		lower_copy(g, d, as, lower_at(p, 0), t);
		return;
	}
	absent = lower_block(g, false);
	next = lower_block(g, false);
	p = find(g, elem, absent);
	lower_copy(g, d, as, lower_at(p, 0), t);
	ir_emit_jump(&g->b, next);
	lower_enter(g, absent);
	lookup_failed(g);
	if (!d.zeroed)
		lower_zero(g, d.base, d.offset, as->size_bytes);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

/* ---- storing ---- */

static void assign_cell(struct gen *g, const struct map_store *s, struct node *value)
{
	const struct type *t = s->map->value;
	struct ir_insn *v = lower_value(g, value);
	struct ir_insn *cell = ir_map_value(g->b.func, g->l->cells_map, s->cell_offset);

	ir_emit_store(&g->b, t->size_bytes, cell, 0, v);
	if (g->b.block)
		g->b.block->last->is_pinned = true;
	lower_mark_set(g, s);
}

static void update_or_count(struct gen *g, struct ir_insn *map, struct ir_insn *key,
			    struct ir_insn *value)
{
	struct ir_insn *err = update(g, map, key, value, BPF_ANY);
	struct ir_block *failed = lower_block(g, true), *next = lower_block(g, false);

	ir_emit_branch(&g->b, IR_NE, err, lower_const(g, 0), failed, next);
	lower_enter(g, failed);
	update_failed(g, err);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

static bool is_direct_object(struct node *value, const struct type *t)
{
	return value->kind == NODE_VAR && value->type == t && !lower_is_scalar(t) &&
	       t->kind != TYPE_STRUCT && t->kind != TYPE_ARRAY && t->size_bytes % 8 == 0;
}

/* Right side first, then the key, as the language says. */
void lower_map_assign(struct gen *g, struct node *elem, struct node *value)
{
	struct map_store *s = lower_store(elem->u.map.map);
	const struct type *t = elem->u.map.map->value;
	uint32_t size = (s->value_size + 7) / 8 * 8;
	struct ir_insn *object, *key;

	if (lower_is_aggregate_call(value)) {
		lower_aggregate(g, elem, value);
		return;
	}
	if (s->storage == STORE_CELL) {
		assign_cell(g, s, value);
		return;
	}
	if (is_direct_object(value, t)) {
		object = lower_place_address(g, lower_var_place(g, value->u.var.var));
	} else {
		object = lower_object(g, "map value", size + 8, 8);
		if (size != t->size_bytes && size < 64)
			ir_emit_memzero(&g->b, object, 0, size);
		else if (size != t->size_bytes)
			ir_emit_memzero(&g->b, object, (int32_t)t->size_bytes,
					size - t->size_bytes);
		lower_to(g, value, t, (struct dest){ .base = object, .slack = 8 });
	}
	key = lower_key(g, elem);
	update_or_count(g, lower_map_ref(g, s, key), key, object);
}

/* Add to an element; returns the value before (if it is used). */
struct ir_insn *lower_map_add(struct gen *g, struct node *elem, struct ir_insn *delta, bool used)
{
	const struct type *t = elem->u.map.map->value;
	struct ir_block *next = lower_block(g, false);
	struct ir_var *v = ir_var_new(g->b.func, "before", IR_INT);
	bool fetches = used && lower_has(g, FEATURE_ATOMIC_FETCH);
	struct ir_insn *p, *old = NULL;
	int32_t offset;

	ir_var_write(&g->b, v, lower_const(g, 0));
	p = lower_elem(g, elem, &offset, next);
	if (t->size_bytes != 8 && t->size_bytes != 4) {
		old = ir_emit_load(&g->b, IR_INT, t->size_bytes, t->is_signed, p, offset);
		ir_emit_store(&g->b, t->size_bytes, p, offset,
			      ir_emit_binary(&g->b, IR_ADD, old, delta));
	} else {
		if (used && !fetches)
			old = ir_emit_load(&g->b, IR_INT, t->size_bytes, t->is_signed, p, offset);
		p = ir_emit_atomic(&g->b, IR_ATOMIC_ADD, t->size_bytes, fetches, p, offset, delta,
				   NULL);
		old = fetches ? lower_extend(g, p, t) : old;
	}
	if (old)
		ir_var_write(&g->b, v, old);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return used ? ir_var_read(&g->b, v) : NULL;
}

/* @m op= value. Adding is atomic; the others read, compute and write back. */
void lower_map_update(struct gen *g, struct node *elem, enum ast_op op, struct node *value)
{
	const struct type *t = elem->u.map.map->value;
	struct ir_insn *y = lower_value(g, value), *x, *p;
	uint32_t scale = t->kind == TYPE_POINTER && t->target ? t->target->size_bytes : 1;
	struct ir_block *next;
	int32_t offset;

	if (scale > 1)
		y = ir_emit_binary_imm(&g->b, IR_MUL, y, scale);
	if (op == OP_SUB)
		y = ir_emit_binary(&g->b, IR_SUB, lower_const(g, 0), y);
	if (op == OP_ADD || op == OP_SUB) {
		lower_map_add(g, elem, y, false);
		return;
	}
	next = lower_block(g, false);
	p = lower_elem(g, elem, &offset, next);
	x = ir_emit_load(&g->b, IR_INT, t->size_bytes, t->is_signed, p, offset);
	x->is_pinned = true;
	x = lower_arith(g, op, t, x, y, elem->loc);
	ir_emit_store(&g->b, t->size_bytes, p, offset, x);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

/* ---- delete, has_key, find, len ---- */

static struct ir_insn *delete_cell(struct gen *g, const struct map_store *s)
{
	struct ir_insn *base = ir_map_value(g->b.func, g->l->cells_map, 0), *was;
	uint32_t size = s->cell_stride ? s->cell_stride * (g->l->cpu_mask + 1) : 8;
	int32_t set = (int32_t)s->set_offset;

	lower_zero(g, ir_map_value(g->b.func, g->l->cells_map, s->cell_offset), 0, size);
	if (s->set_offset == UINT32_MAX)
		return lower_const(g, 1);
	was = ir_emit_load(&g->b, IR_INT, 8, false, base, set);
	was->is_pinned = true;
	ir_emit_store(&g->b, 8, base, set, lower_const(g, 0));
	return ir_emit_cmp(&g->b, IR_NE, was, lower_const(g, 0));
}

static void count_deleted(struct gen *g, struct ir_insn *entries, struct ir_insn *err)
{
	struct ir_block *deleted, *next;

	if (!entries)
		return;
	deleted = lower_block(g, false);
	next = lower_block(g, false);
	ir_emit_branch(&g->b, IR_EQ, err, lower_const(g, 0), deleted, next);
	lower_enter(g, deleted);
	lower_count_entry(g, entries, -1);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

struct ir_insn *lower_call_delete(struct gen *g, struct node *n, const struct dest *d);
struct ir_insn *lower_call_delete(struct gen *g, struct node *n, const struct dest *d)
{
	struct node *elem = n->u.call.args.at[0];
	struct map_store *s = lower_store(elem->u.map.map);
	struct ir_insn *key, *err;
	struct lower_way way;

	(void)d;
	if (s->storage == STORE_CELL)
		return delete_cell(g, s);
	key = lower_key(g, elem);
	way = lower_one_way(g, s, key);
	err = ir_emit_helper(&g->b, BPF_FUNC_map_delete_elem, IR_INT, way.map, key);
	count_deleted(g, way.entries, err);
	if (g->unused == n)
		lower_failed_if(g, "map_delete_elem", err);
	return ir_emit_cmp(&g->b, IR_EQ, err, lower_const(g, 0));
}

struct ir_insn *lower_call_has_key(struct gen *g, struct node *n, const struct dest *d);
struct ir_insn *lower_call_has_key(struct gen *g, struct node *n, const struct dest *d)
{
	struct ir_block *next = lower_block(g, false);
	struct ir_var *v = ir_var_new(g->b.func, "has key", IR_INT);

	(void)d;
	ir_var_write(&g->b, v, lower_const(g, 0));
	find(g, n->u.call.args.at[0], next);
	ir_var_write(&g->b, v, lower_const(g, 1));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return ir_var_read(&g->b, v);
}

struct ir_insn *lower_call_find(struct gen *g, struct node *n, const struct dest *d);
struct ir_insn *lower_call_find(struct gen *g, struct node *n, const struct dest *d)
{
	struct node *elem = n->u.call.args.at[0];
	struct var *var = n->u.call.args.at[1]->u.var.var;
	const struct type *t = elem->u.map.map->value;
	struct ir_block *next = lower_block(g, false);
	struct ir_var *v = ir_var_new(g->b.func, "found", IR_INT);
	struct ir_insn *p;
	struct place to;

	(void)d;
	ir_var_write(&g->b, v, lower_const(g, 0));
	p = find(g, elem, next);
	if (lower_is_scalar(t)) {
		lower_var_write(g, var,
				ir_emit_load(&g->b, IR_INT, t->size_bytes, t->is_signed, p, 0));
	} else {
		to = lower_var_place(g, var);
		lower_copy(g, (struct dest){ .base = to.base, .offset = to.offset }, var->type,
			   lower_at(p, 0), t);
	}
	ir_var_write(&g->b, v, lower_const(g, 1));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return ir_var_read(&g->b, v);
}
