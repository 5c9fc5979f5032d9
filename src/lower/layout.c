/*
 * Types to layouts: how the runtime is to read the bytes of keys, values and
 * records.
 *
 * In: a type of the checker. Out: a struct value_layout in the image's arena,
 * one for each type, so that equal types share one. Offsets are the type's own:
 * a layout never says anything else than what lowering stores.
 */
#include "lower/internal.h"

bool lower_is_scalar(const struct type *t)
{
	switch (t->kind) {
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_ENUM:
	case TYPE_POINTER:
	case TYPE_PROBE_NAME:
	case TYPE_KSYM:
	case TYPE_USERNAME:
		return true;
	default:
		return false;
	}
}

static const enum value_kind kinds[TYPE_KIND_COUNT] = {
	[TYPE_BOOL] = VALUE_BOOL, [TYPE_INT] = VALUE_INT, [TYPE_ENUM] = VALUE_ENUM,
	[TYPE_STRING] = VALUE_STRING, [TYPE_CHARS] = VALUE_CHARS, [TYPE_BUFFER] = VALUE_BUFFER,
	[TYPE_POINTER] = VALUE_POINTER,
	[TYPE_ARRAY] = VALUE_ARRAY, [TYPE_STRUCT] = VALUE_RECORD, [TYPE_TUPLE] = VALUE_TUPLE,
	[TYPE_RECORD] = VALUE_RECORD, [TYPE_COUNT] = VALUE_COUNT, [TYPE_SUM] = VALUE_SUM,
	[TYPE_MIN] = VALUE_MIN, [TYPE_MAX] = VALUE_MAX, [TYPE_AVG] = VALUE_AVG,
	[TYPE_STATS] = VALUE_STATS, [TYPE_HIST] = VALUE_HIST, [TYPE_LHIST] = VALUE_LHIST,
	[TYPE_TSERIES] = VALUE_TSERIES, [TYPE_KSTACK] = VALUE_KSTACK, [TYPE_USTACK] = VALUE_USTACK,
	[TYPE_KSYM] = VALUE_KSYM, [TYPE_USYM] = VALUE_USYM, [TYPE_PROBE_NAME] = VALUE_PROBE_NAME,
	[TYPE_TIMESTAMP] = VALUE_TIMESTAMP, [TYPE_INET] = VALUE_INET,
	[TYPE_MACADDR] = VALUE_MACADDR, [TYPE_CGROUP_PATH] = VALUE_CGROUP_PATH,
	[TYPE_USERNAME] = VALUE_USERNAME,
};

static const struct image_enum *image_enum_of(struct lower *l, const struct type_enum *e)
{
	struct arena *a = &l->image->arena;
	struct image_enum *out = arena_new(a, struct image_enum);
	struct image_enumerator *items = arena_array(a, struct image_enumerator, e->nr_items);

	for (size_t i = 0; i < e->nr_items; i++) {
		items[i].name = arena_strdup(a, e->items[i].name);
		items[i].value = e->items[i].value;
	}
	out->name = e->name ? arena_strdup(a, e->name) : NULL;
	out->items = items;
	out->nr_items = e->nr_items;
	return out;
}

static void set_fields(struct lower *l, struct value_layout *v, const struct type_field *from,
		       size_t count)
{
	struct arena *a = &l->image->arena;
	struct value_field *to = arena_array(a, struct value_field, count);

	for (size_t i = 0; i < count; i++) {
		to[i].name = from[i].name ? arena_strdup(a, from[i].name) : NULL;
		to[i].layout = lower_layout(l, from[i].type);
		to[i].offset_bytes = from[i].offset_bytes;
		to[i].bit_offset = from[i].bit_offset;
		to[i].bit_size = from[i].bit_size;
	}
	v->fields = to;
	v->nr_fields = count;
}

static void set_element(struct lower *l, struct value_layout *v, const struct type *t)
{
	struct value_field *f = arena_new(&l->image->arena, struct value_field);

	f->layout = lower_layout(l, t->target);
	v->fields = f;
	v->nr_fields = 1;
	v->count = t->count;
}

/* Aggregations are larger in their maps than their type says. */
static uint32_t stored_size(const struct type *t)
{
	switch (t->kind) {
	case TYPE_COUNT:
	case TYPE_SUM:
		return 8;
	case TYPE_MIN:
	case TYPE_MAX:
	case TYPE_AVG:
	case TYPE_STATS:
		return 16;
	case TYPE_HIST:
	case TYPE_LHIST:
		return lower_hist_buckets(t) * 8;
	case TYPE_TSERIES:
		return (uint32_t)t->param[1] * 24;
	default:
		return t->size_bytes;
	}
}

static void fill(struct lower *l, struct value_layout *v, const struct type *t)
{
	const struct type_field *fields;
	size_t count;

	v->kind = kinds[t->kind];
	v->is_signed = t->is_signed;
	v->size_bytes = stored_size(t);
	for (int i = 0; i < 3; i++)
		v->param[i] = t->param[i];
	switch (t->kind) {
	case TYPE_ENUM:
		v->enumeration = image_enum_of(l, t->enumeration);
		v->is_signed = t->enumeration->is_signed;
		break;
	case TYPE_TSERIES:
		v->is_signed = type_series_signed(t);
		v->param[2] = type_series_function(t);
		break;
	case TYPE_TIMESTAMP:
		v->texts = l->time_formats.at;
		v->nr_texts = l->time_formats.n;
		break;
	case TYPE_CGROUP_PATH:
		v->texts = l->cgroup_filters.at;
		v->nr_texts = l->cgroup_filters.n;
		break;
	case TYPE_ARRAY:
		set_element(l, v, t);
		break;
	case TYPE_TUPLE:
	case TYPE_RECORD:
		set_fields(l, v, t->fields, t->nr_fields);
		break;
	case TYPE_STRUCT:
		fields = type_struct_fields(l->c->types, t->structure, &count);
		set_fields(l, v, fields, count);
		break;
	default:
		break;
	}
}

const struct value_layout *lower_layout(struct lower *l, const struct type *type)
{
	struct value_layout *v = pmap_find(&l->layouts, type);

	if (v)
		return v;
	v = arena_new(&l->image->arena, struct value_layout);
	pmap_set(&l->layouts, type, v);
	fill(l, v, type);
	return v;
}
