/*
 * Maps by the size of their keys.
 *
 * A lookup hashes and compares the whole key: 1,024 bytes take 470 ns, 64 take 34.
 * So where a key ends in a text or a stack, which is mostly short, shorter keys have
 * kernel maps of their own (`sizes`), and only what does not fit goes to the map of
 * whole keys. A key fits if its bytes behind the size are zero; that is one test,
 * because what a text or a stack does not fill is zero. Of a tuple, the longest such
 * member lies last in memory, whatever its place in the tuple.
 *
 * The capacity is that of all maps together: inserting counts (`entries_offset`), for
 * each side of a map that is taken. The count is read before and added to after an
 * insert: exact but for CPUs that insert at once, and half the instructions of a claim
 * that must be taken back.
 */
#include "lower/internal.h"

#include <string.h>

static const uint32_t text_sizes[] = { 16, 64, 256 };
static const uint32_t stack_sizes[] = { 64, 256 };

/* ---- which maps, and how their keys lie ---- */

static bool is_variable(const struct type *t)
{
	return (t->kind == TYPE_STRING || t->kind == TYPE_KSTACK || t->kind == TYPE_USTACK) &&
	       t->size_bytes > text_sizes[1];
}

/* The largest member that is mostly short, or NO_MAP. */
static uint32_t longest(const struct type *t)
{
	uint32_t best = NO_MAP;

	for (uint32_t i = 0; i < t->nr_fields; i++)
		if (is_variable(t->fields[i].type) &&
		    (best == NO_MAP ||
		     t->fields[i].type->size_bytes > t->fields[best].type->size_bytes))
			best = i;
	return best;
}

static uint32_t place_field(struct type_field *f, uint32_t at)
{
	uint32_t align = f->type->align_bytes ? f->type->align_bytes : 1;

	f->offset_bytes = (at + align - 1) / align * align;
	return f->offset_bytes + f->type->size_bytes;
}

/* The tuple with its member `last` behind all others. */
static const struct type *with_last(struct lower *l, const struct type *t, uint32_t last)
{
	struct type *to = arena_new(l->arena, struct type);
	struct type_field *fields = arena_array(l->arena, struct type_field, t->nr_fields);
	uint32_t at = 0, align = t->align_bytes ? t->align_bytes : 1;

	*to = *t;
	memcpy(fields, t->fields, t->nr_fields * sizeof(*fields));
	for (uint32_t i = 0; i < t->nr_fields; i++)
		if (i != last)
			at = place_field(&fields[i], at);
	at = place_field(&fields[last], at);
	to->fields = fields;
	to->size_bytes = (at + align - 1) / align * align;
	return to;
}

/* What the script does with it must be possible with several maps. */
static bool may_be_several(const struct map_store *s)
{
	const struct map *m = s->map;

	if (m->is_scalar || !m->key || m->decl || m->address_taken || s->is_asked_for_len)
		return false;
	if (m->uses & MAP_ITERATED)
		return false;
	/* Each map is a way of its own through the program, in each turn. */
	if (s->inserted_in_loop)
		return false;
	return type_is_aggregate(m->value) || !(m->uses & MAP_ASSIGNED);
}

static bool find_tail(struct lower *l, struct map_store *s)
{
	const struct type *t = s->map->key;
	uint32_t last;

	s->tail = t;
	if (t->kind == TYPE_TUPLE) {
		last = longest(t);
		if (last == NO_MAP)
			return false;
		s->key = with_last(l, t, last);
		s->tail = t->fields[last].type;
		s->tail_offset = s->key->fields[last].offset_bytes;
		return true;
	}
	return is_variable(t);
}

static void add_size(struct lower *l, struct map_store *s, struct image_map map, uint32_t bytes)
{
	struct map_size *size = &s->sizes[s->nr_sizes];

	if (bytes >= s->tail->size_bytes)
		return;
	s->nr_sizes++;
	size->tail_bytes = bytes;
	map.key_size = s->tail_offset + bytes;
	size->map = lower_add_map(l, map);
	size->spare = s->map->is_taken ? lower_add_map(l, map) : NO_MAP;
}

void lower_sized_maps(struct lower *l, struct map_store *s, struct image_map *map)
{
	bool is_text;

	s->key = s->map->key;
	if (!may_be_several(s) || !find_tail(l, s))
		return;
	is_text = s->tail->kind == TYPE_STRING;
	map->key_size = s->key->size_bytes;
	for (size_t i = 0; i < MAP_SIZES; i++)
		if (is_text)
			add_size(l, s, *map, text_sizes[i]);
		else if (i < sizeof(stack_sizes) / sizeof(*stack_sizes))
			add_size(l, s, *map, stack_sizes[i]);
	if (s->nr_sizes)
		s->entries_offset = lower_control_word(l, 16);
}

/* ---- where a key belongs ---- */

static struct lower_way way_to(struct gen *g, const struct map_store *s, uint32_t map,
			       bool is_spare)
{
	struct lower_way way = { .map = ir_map(g->b.func, map) };

	if (s->nr_sizes)
		way.entries = lower_control(g, s->entries_offset + is_spare * 8u);
	return way;
}

/* Where the map that is used may be one of two. */
static void either(struct gen *g, const struct map_store *s, uint32_t map, uint32_t spare_map,
		   lower_way_fn fn, void *arg)
{
	struct ir_block *spare, *usual;
	struct ir_insn *select;

	if (spare_map == NO_MAP) {
		fn(g, way_to(g, s, map, false), arg);
		return;
	}
	spare = lower_block(g, false);
	usual = lower_block(g, false);
	select = ir_emit_load(&g->b, IR_INT, 4, false, lower_control(g, s->select_offset), 0);
	select->is_pinned = true;
	ir_emit_branch(&g->b, IR_NE, select, lower_const(g, 0), spare, usual);
	lower_enter(g, usual);
	fn(g, way_to(g, s, map, false), arg);
	lower_enter(g, spare);
	fn(g, way_to(g, s, spare_map, true), arg);
}

/* What tells the size of a stack: the number of its addresses, behind a process for
 * ustack. */
static struct ir_insn *nr_addresses(struct gen *g, const struct map_store *s,
				    struct ir_insn *key, uint32_t *head_bytes)
{
	struct ir_insn *v;

	if (s->tail->kind == TYPE_STRING)
		return NULL;
	*head_bytes = s->tail->kind == TYPE_USTACK ? 16 : 8;
	v = ir_emit_load(&g->b, IR_INT, 8, false, key, (int32_t)(s->tail_offset + *head_bytes - 8));
	v->is_pinned = true;
	return v;
}

static void branch_if_text_fits(struct gen *g, const struct map_store *s, struct ir_insn *key,
				uint32_t bytes, struct ir_block *fits, struct ir_block *larger)
{
	struct ir_insn *v = ir_emit_load(&g->b, IR_INT, 1, false, key,
					 (int32_t)(s->tail_offset + bytes - 1));

	v->is_pinned = true;
	ir_emit_branch(&g->b, IR_EQ, v, lower_const(g, 0), fits, larger);
}

void lower_each_way(struct gen *g, const struct map_store *s, struct ir_insn *key,
		    lower_way_fn fn, void *arg)
{
	uint32_t head_bytes = 0;
	struct ir_insn *n = s->nr_sizes ? nr_addresses(g, s, key, &head_bytes) : NULL;

	for (uint32_t i = 0; i < s->nr_sizes; i++) {
		struct ir_block *fits = lower_block(g, false), *larger = lower_block(g, false);
		uint32_t bytes = s->sizes[i].tail_bytes;

		if (n)
			ir_emit_branch(&g->b, IR_ULE, n, lower_const(g, (bytes - head_bytes) / 8),
				       fits, larger);
		else
			branch_if_text_fits(g, s, key, bytes, fits, larger);
		lower_enter(g, fits);
		either(g, s, s->sizes[i].map, s->sizes[i].spare, fn, arg);
		lower_enter(g, larger);
	}
	either(g, s, s->image_map, s->spare_map, fn, arg);
}

struct choice {
	struct ir_var *map, *entries;
	struct ir_block *next;
};

static void choose(struct gen *g, struct lower_way way, void *arg)
{
	struct choice *c = arg;

	ir_var_write(&g->b, c->map, way.map);
	if (way.entries)
		ir_var_write(&g->b, c->entries, way.entries);
	ir_emit_jump(&g->b, c->next);
}

struct lower_way lower_one_way(struct gen *g, const struct map_store *s, struct ir_insn *key)
{
	struct choice c;

	if (s->spare_map == NO_MAP && !s->nr_sizes)
		return way_to(g, s, s->image_map, false);
	c.map = ir_var_new(g->b.func, "map", IR_MAPREF);
	c.entries = ir_var_new(g->b.func, "entries", IR_MAPVAL);
	c.next = lower_block(g, false);
	lower_each_way(g, s, key, choose, &c);
	lower_enter(g, c.next);
	return (struct lower_way){ .map = ir_var_read(&g->b, c.map),
				   .entries = s->nr_sizes ? ir_var_read(&g->b, c.entries) : NULL };
}

struct ir_insn *lower_map_ref(struct gen *g, const struct map_store *s, struct ir_insn *key)
{
	return lower_one_way(g, s, key).map;
}

/* ---- how many there are ---- */

void lower_count_entry(struct gen *g, struct ir_insn *entries, int64_t change)
{
	ir_emit_atomic(&g->b, IR_ATOMIC_ADD, 8, false, entries, 0, lower_const(g, change), NULL);
}

void lower_branch_if_full(struct gen *g, struct ir_insn *entries, uint32_t capacity,
			  struct ir_block *full)
{
	struct ir_block *room = lower_block(g, true);
	struct ir_insn *n = ir_emit_load(&g->b, IR_INT, 8, true, entries, 0);

	n->is_pinned = true;
	ir_emit_branch(&g->b, IR_SGE, n, lower_const(g, capacity), full, room);
	lower_enter(g, room);
}
