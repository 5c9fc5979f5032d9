/*
 * Maps of the tree's interpreter: lists of entries, and aggregations.
 */
#include "tests/differential/tree_impl.h"

#include <string.h>

#define LONG_TEXT 64	/* such keys may be divided among maps, see lower/sized.c */

struct tree_map *tree_map(struct tree *t, const struct map *map)
{
	struct tree_map *m = pmap_find(&t->maps, map);

	if (m)
		return m;
	m = arena_new(t->arena, struct tree_map);
	m->map = map;
	pmap_set(&t->maps, map, m);
	return m;
}

struct tree_entry *tree_entry(struct tree *t, struct tree_map *m, const struct val *key)
{
	(void)t;
	for (size_t i = 0; i < m->entries.n; i++)
		if (m->map->is_scalar || !val_order(&m->entries.at[i]->key, key, m->map->key))
			return m->entries.at[i];
	return NULL;
}

struct tree_entry *tree_entry_add(struct tree *t, struct tree_map *m, const struct val *key)
{
	struct tree_entry *e = tree_entry(t, m, key);

	if (e)
		return e;
	e = arena_new(t->arena, struct tree_entry);
	e->key = *key;
	e->value = val_zero(t, m->map->value);
	e->buckets = arena_array(t->arena, uint64_t, tree_hist_buckets(m->map->value) + 1);
	vec_push(t->arena, &m->entries, e);
	return e;
}

bool tree_entry_delete(struct tree *t, struct tree_map *m, const struct val *key)
{
	struct tree_entry *e = tree_entry(t, m, key);
	size_t kept = 0;

	for (size_t i = 0; i < m->entries.n; i++)
		if (m->entries.at[i] != e)
			m->entries.at[kept++] = m->entries.at[i];
	m->entries.n = kept;
	return e != NULL;
}

void tree_map_zero(struct tree *t, struct tree_map *m)
{
	for (size_t i = 0; i < m->entries.n; i++) {
		struct tree_entry *e = m->entries.at[i];

		e->value = val_zero(t, m->map->value);
		e->total = e->count = 0;
		e->is_set = false;
		memset(e->buckets, 0, 8 * tree_hist_buckets(m->map->value));
	}
}

static void cover_key(struct tree *t, const struct type *key)
{
	if (key->kind == TYPE_STRING && key->size_bytes > LONG_TEXT)
		hit(t, KEY_LONG);
	for (size_t i = 0; key->kind == TYPE_TUPLE && i < key->nr_fields; i++)
		if (key->fields[i].type->kind == TYPE_STRING &&
		    key->fields[i].type->size_bytes > LONG_TEXT)
			hit(t, KEY_LONG);
	switch (key->kind) {
	case TYPE_INT: hit(t, KEY_INT); break;
	case TYPE_BOOL: hit(t, KEY_BOOL); break;
	case TYPE_STRING: hit(t, KEY_STRING); break;
	case TYPE_TUPLE: hit(t, KEY_TUPLE); break;
	case TYPE_RECORD: hit(t, KEY_RECORD); break;
	case TYPE_STRUCT: hit(t, STRUCT_KEY); break;
	case TYPE_ARRAY: hit(t, ARRAY_KEY); break;
	default: break;
	}
}

struct val tree_key(struct tree *t, const struct node *n)
{
	const struct map *map = n->u.map.map;
	const struct node *key;
	struct val v;

	if (n->kind == NODE_MAP || map->is_scalar) {
		hit(t, SCALAR_MAP);
		return (struct val){ .s = "" };
	}
	key = n->u.map.keys.at[0];
	v = tree_eval(t, key);
	cover_key(t, map->key);
	return val_convert(t, &v, key->type, map->key);
}

/* ---- aggregations ---- */

size_t tree_hist_buckets(const struct type *value)
{
	if (value->kind == TYPE_HIST)
		return 65 << value->param[0];
	if (value->kind == TYPE_LHIST)
		return (size_t)((value->param[1] - value->param[0]) / value->param[2] + 2);
	return 0;
}

static size_t hist_bucket(int64_t n, unsigned bits)
{
	unsigned top = 63, power;

	if (n < 0)
		return 0;
	if (n < 1 << bits)
		return (size_t)n + 1;
	while (!((uint64_t)n >> top))
		top--;
	power = top - bits;
	return ((size_t)(power + 1) << bits) +
	       (size_t)((uint64_t)n >> power & ((1u << bits) - 1)) + 1;
}

static size_t lhist_bucket(int64_t n, const uint64_t *param)
{
	int64_t min = (int64_t)param[0], max = (int64_t)param[1], step = (int64_t)param[2];

	if (n < min)
		return 0;
	return (size_t)(1 + ((n > max ? max : n) - min) / step);
}

static void extreme(struct tree_entry *e, const struct type *type, uint64_t n)
{
	bool less = type->is_signed ? (int64_t)n < (int64_t)e->total : n < e->total;

	if (!e->is_set || (n != e->total && less == (type->kind == TYPE_MIN)))
		e->total = n;
	e->is_set = true;
}

/* All is in the one interval of now. */
static void add_to_series(struct tree_entry *e, const struct type *type, uint64_t n)
{
	enum series_function f = type_series_function(type);
	bool less = type_series_signed(type) ? (int64_t)n < (int64_t)e->total : n < e->total;

	if (f == SERIES_SUM || f == SERIES_AVG)
		e->total += n;
	else if (f == SERIES_LAST || !e->is_set || (n != e->total && less == (f == SERIES_MIN)))
		e->total = n;
	e->is_set = true;
	e->count++;
}

static void add_value(struct tree *t, struct tree_entry *e, const struct type *type, uint64_t n)
{
	if (!type->is_signed && type->kind != TYPE_COUNT && type->kind <= TYPE_STATS)
		hit(t, AGG_UNSIGNED);
	switch (type->kind) {
	case TYPE_TSERIES: hit(t, AGG_TSERIES); add_to_series(e, type, n); break;
	case TYPE_COUNT: hit(t, AGG_COUNT); e->total++; break;
	case TYPE_SUM: hit(t, AGG_SUM); e->total += n; break;
	case TYPE_MIN: hit(t, AGG_MIN); extreme(e, type, n); break;
	case TYPE_MAX: hit(t, AGG_MAX); extreme(e, type, n); break;
	case TYPE_AVG: hit(t, AGG_AVG); e->total += n; e->count++; break;
	case TYPE_STATS: hit(t, AGG_STATS); e->total += n; e->count++; break;
	case TYPE_HIST:
		hit(t, AGG_HIST);
		e->buckets[hist_bucket((int64_t)n, (unsigned)type->param[0])]++;
		break;
	case TYPE_LHIST:
		hit(t, AGG_LHIST);
		e->buckets[lhist_bucket((int64_t)n, type->param)]++;
		break;
	default:
		tree_fail(t, "unknown aggregation");
	}
}

void tree_aggregate(struct tree *t, const struct node *n)
{
	const struct node *target = n->u.assign.target, *call = n->u.assign.value;
	struct tree_map *m = tree_map(t, target->u.map.map);
	struct val v = { 0 }, key;

	if (call->kind == NODE_BLOCK) {
		for (size_t i = 0; i < call->u.block.stmts.n; i++)
			tree_exec(t, call->u.block.stmts.at[i]);
		call = call->u.block.value;
	}
	if (!call || call->kind != NODE_CALL) {
		tree_fail(t, "an aggregation is no call");
		return;
	}
	if (call->u.call.args.n)
		v = tree_eval(t, call->u.call.args.at[0]);
	key = tree_key(t, target);
	add_value(t, tree_entry_add(t, m, &key), m->map->value, v.n);
}

static uint64_t average(bool is_signed, const struct tree_entry *e)
{
	int64_t total = (int64_t)e->total;

	if (!e->count)
		return 0;
	if (!is_signed || total >= 0)
		return e->total / e->count;
	return 0 - (0 - e->total) / e->count;
}

uint64_t tree_aggregate_read(const struct type *type, const struct tree_entry *e)
{
	if (!e)
		return 0;
	if (type->kind == TYPE_TSERIES && type_series_function(type) == SERIES_AVG)
		return average(type_series_signed(type), e);
	return type->kind == TYPE_AVG || type->kind == TYPE_STATS ? average(type->is_signed, e) :
								    e->total;
}

/* ---- reading ---- */

static void cover_read(struct tree *t, const struct type *type, const struct tree_entry *e)
{
	switch (type->kind) {
	case TYPE_COUNT: hit(t, READ_COUNT); break;
	case TYPE_SUM: hit(t, READ_SUM); break;
	case TYPE_MIN: hit(t, READ_MIN); break;
	case TYPE_MAX: hit(t, READ_MAX); break;
	case TYPE_AVG: hit(t, READ_AVG); break;
	case TYPE_STRING: hit(t, VALUE_STRING); break;
	case TYPE_TUPLE:
	case TYPE_RECORD: hit(t, VALUE_TUPLE); break;
	case TYPE_STRUCT: hit(t, STRUCT_VALUE); break;
	case TYPE_ARRAY: hit(t, ARRAY_VALUE); break;
	default: break;
	}
	if (type_is_aggregate(type) && !e)
		hit(t, READ_AGG_ABSENT);
}

static struct val aggregate_val(struct tree *t, const struct type *type, const struct tree_entry *e)
{
	struct val *parts = arena_array(t->arena, struct val, 3);

	if (!e)
		return (struct val){ .s = "", .items = parts, .nr = 3 };
	parts[0].n = e->count;
	parts[1].n = tree_aggregate_read(type, e);
	parts[2].n = e->total;
	return (struct val){ .s = "", .n = parts[1].n, .items = parts, .nr = 3 };
}

struct val tree_map_read(struct tree *t, struct tree_map *m, const struct val *key)
{
	const struct type *type = m->map->value;
	struct tree_entry *e = tree_entry(t, m, key);

	if (m->map->is_scalar && !e)
		hit(t, SCALAR_MAP_UNSET);
	else if (!m->map->is_scalar && e)
		hit(t, ELEM_PRESENT);
	else if (!m->map->is_scalar)
		hit(t, ELEM_ABSENT);
	cover_read(t, type, e);
	if (type_is_aggregate(type))
		return aggregate_val(t, type, e);
	return e ? e->value : val_zero(t, type);
}
