/*
 * Aggregations: their cells merged over CPUs, and their results as values.
 *
 * In: cells as the value layouts describe them, one a CPU. Out: one cell, or
 * its value: a number, a record, or the buckets of a histogram with their
 * labels. A histogram's items run from its first to its last bucket that is
 * not empty, so that every printer shows the same rows.
 */
#include "out/decode.h"
#include "out/number.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- merging ---- */

static void store_u64(void *at, uint64_t n)
{
	memcpy(at, &n, sizeof(n));
}

static void merge_totals(const struct value_layout *layout, uint8_t *into, const uint8_t *from)
{
	for (uint32_t i = 0; i + 8 <= layout->size_bytes; i += 8)
		store_u64(into + i, number_u64(into + i) + number_u64(from + i));
}

static bool is_less(const struct value_layout *layout, uint64_t a, uint64_t b)
{
	return layout->is_signed ? (int64_t)a < (int64_t)b : a < b;
}

/* Cells of {value, set flag}: one that was never set has no say. */
static void merge_extreme(const struct value_layout *layout, uint8_t *into, const uint8_t *from)
{
	uint64_t old = number_u64(into), new = number_u64(from);

	if (!number_u64(from + 8))
		return;
	if (number_u64(into + 8)) {
		if (layout->kind == VALUE_MIN && !is_less(layout, new, old))
			return;
		if (layout->kind == VALUE_MAX && !is_less(layout, old, new))
			return;
	}
	memcpy(into, from, 16);
}

static void (*const merges[VALUE_KIND_COUNT])(const struct value_layout *, uint8_t *,
					      const uint8_t *) = {
	[VALUE_COUNT]	= merge_totals,
	[VALUE_SUM]	= merge_totals,
	[VALUE_AVG]	= merge_totals,
	[VALUE_STATS]	= merge_totals,
	[VALUE_HIST]	= merge_totals,
	[VALUE_LHIST]	= merge_totals,
	[VALUE_MIN]	= merge_extreme,
	[VALUE_MAX]	= merge_extreme,
	[VALUE_TSERIES]	= series_merge,
};

void value_merge(const struct value_layout *layout, void *into, const void *from)
{
	if (layout->kind < VALUE_KIND_COUNT && merges[layout->kind])
		merges[layout->kind](layout, into, from);
}

/* ---- numbers ---- */

static void set_number(struct sonde_value *v, bool is_signed, uint64_t n)
{
	v->kind = is_signed ? SONDE_VALUE_INT : SONDE_VALUE_UINT;
	v->is_unsigned = !is_signed;
	v->unsigned_number = n;
}

void decode_total(struct decoding *c, const struct value_layout *layout, struct bytes in,
		  struct sonde_value *v)
{
	(void)c;
	set_number(v, layout->is_signed, number_u64(in.at));
}

void decode_extreme(struct decoding *c, const struct value_layout *layout, struct bytes in,
		    struct sonde_value *v)
{
	(void)c;
	set_number(v, layout->is_signed, number_u64(in.at + 8) ? number_u64(in.at) : 0);
}

/* total / count, towards zero; 0 when there is nothing to divide by. */
static uint64_t average_of(bool is_signed, uint64_t total, uint64_t count)
{
	if (!count)
		return 0;
	if (is_signed && (int64_t)total < 0)
		return 0 - (0 - total) / count;
	return total / count;
}

void decode_avg(struct decoding *c, const struct value_layout *layout, struct bytes in,
		struct sonde_value *v)
{
	(void)c;
	set_number(v, layout->is_signed,
		   average_of(layout->is_signed, number_u64(in.at), number_u64(in.at + 8)));
}

void decode_stats(struct decoding *c, const struct value_layout *layout, struct bytes in,
		  struct sonde_value *v)
{
	struct sonde_value *items = arena_array(c->d->arena, struct sonde_value, 3);
	uint64_t total = number_u64(in.at), count = number_u64(in.at + 8);

	items[0].name = "count";
	set_number(&items[0], false, count);
	items[1].name = "average";
	set_number(&items[1], layout->is_signed, average_of(layout->is_signed, total, count));
	items[2].name = "total";
	set_number(&items[2], layout->is_signed, total);
	v->kind = SONDE_VALUE_STATS;
	v->items = items;
	v->nr_items = 3;
}

/* ---- histograms ---- */

/* The range of values of one bucket; both ends belong to it. */
struct bucket {
	bool has_min, has_max;
	int64_t min, max;
	const char *label;
};

typedef struct bucket (*bucket_fn)(struct arena *a, const struct value_layout *layout,
				   uint64_t index);

static void bucket_value(struct arena *a, const struct bucket *b, uint64_t count,
			 struct sonde_value *v)
{
	struct sonde_value *items = arena_array(a, struct sonde_value, 3);
	size_t n = 0;

	if (b->has_min) {
		items[n].name = "min";
		set_number(&items[n++], true, (uint64_t)b->min);
	}
	if (b->has_max) {
		items[n].name = "max";
		set_number(&items[n++], true, (uint64_t)b->max);
	}
	items[n].name = "count";
	set_number(&items[n++], false, count);
	v->kind = SONDE_VALUE_RECORD;
	v->items = items;
	v->nr_items = n;
	v->text = b->label;
	v->len = strlen(b->label);
}

static void decode_buckets(struct decoding *c, const struct value_layout *layout, struct bytes in,
			   bucket_fn bucket_of, struct sonde_value *v)
{
	uint64_t end = layout->size_bytes / 8, first = 0;
	struct sonde_value *items;

	v->kind = SONDE_VALUE_HIST;
	while (end && !number_u64(in.at + (end - 1) * 8))
		end--;
	while (first < end && !number_u64(in.at + first * 8))
		first++;
	items = arena_array(c->d->arena, struct sonde_value, end - first);
	for (uint64_t i = first; i < end; i++) {
		struct bucket b = bucket_of(c->d->arena, layout, i);

		bucket_value(c->d->arena, &b, number_u64(in.at + i * 8), &items[i - first]);
	}
	v->items = items;
	v->nr_items = end - first;
}

/* Powers of two, each split into 2^bits parts. The smallest value of bucket
 * `index` (from 1): a mantissa of bits + 1 bits, shifted by `power`. */
struct edge {
	uint64_t mantissa;
	unsigned power;
};

static struct edge hist_edge(unsigned bits, uint64_t index)
{
	uint64_t n = index - 1, parts = (uint64_t)1 << bits;
	struct edge e = { n, 0 };

	if (n >= parts) {
		e.power = (unsigned)(n >> bits) - 1;
		e.mantissa = parts + (n & (parts - 1));
	}
	return e;
}

static const char *hist_edge_text(struct arena *a, struct edge e)
{
	static const char *const units[] = { "", "K", "M", "G", "T", "P", "E" };

	return arena_printf(a, "%" PRIu64 "%s", e.mantissa << e.power % 10, units[e.power / 10]);
}

static struct bucket hist_bucket(struct arena *a, const struct value_layout *layout,
				 uint64_t index)
{
	unsigned bits = layout->param[0] < 6 ? (unsigned)layout->param[0] : 5;
	struct bucket b = { .has_min = true, .has_max = true };
	struct edge low, high;

	if (index == 0) {
		b = (struct bucket){ .has_max = true, .max = -1, .label = "(..., 0)" };
		return b;
	}
	low = hist_edge(bits, index);
	high = hist_edge(bits, index + 1);
	if (low.power > 63 || high.power > 63)	/* no value is so large */
		low.power = high.power = 63;
	b.min = (int64_t)(low.mantissa << low.power);
	b.max = (int64_t)((high.mantissa << high.power) - 1);
	if (index <= (uint64_t)2 << bits)
		b.label = arena_printf(a, "[%" PRIu64 "]", index - 1);
	else
		b.label = arena_printf(a, "[%s, %s)", hist_edge_text(a, low),
				       hist_edge_text(a, high));
	return b;
}

void decode_hist(struct decoding *c, const struct value_layout *layout, struct bytes in,
		 struct sonde_value *v)
{
	decode_buckets(c, layout, in, hist_bucket, v);
}

/* Edges are shown in K or M where every edge may be such a multiple. */
static const char *lhist_edge_text(struct arena *a, uint64_t edge, uint64_t step)
{
	if (step % 1024 || edge == 0)
		return arena_printf(a, "%" PRId64, (int64_t)edge);
	if (edge % (1024 * 1024) == 0)
		return arena_printf(a, "%" PRId64 "M", (int64_t)edge / (1024 * 1024));
	if (edge % 1024 == 0)
		return arena_printf(a, "%" PRId64 "K", (int64_t)edge / 1024);
	return arena_printf(a, "%" PRId64, (int64_t)edge);
}

static struct bucket lhist_bucket(struct arena *a, const struct value_layout *layout,
				  uint64_t index)
{
	uint64_t min = layout->param[0], max = layout->param[1], step = layout->param[2];
	uint64_t regular = step ? (max - min) / step : 0, low = min + (index - 1) * step;
	struct bucket b = { .has_min = index > 0, .has_max = index <= regular };

	b.min = (int64_t)low;
	b.max = index ? (int64_t)(low + step - 1) : (int64_t)(min - 1);
	if (index == 0)
		b.label = arena_printf(a, "(..., %s)", lhist_edge_text(a, min, step));
	else if (index > regular)
		b.label = arena_printf(a, "[%s, ...)", lhist_edge_text(a, low, step));
	else if (step == 1)
		b.label = arena_printf(a, "[%s]", lhist_edge_text(a, low, step));
	else
		b.label = arena_printf(a, "[%s, %s)", lhist_edge_text(a, low, step),
				       lhist_edge_text(a, low + step, step));
	return b;
}

void decode_lhist(struct decoding *c, const struct value_layout *layout, struct bytes in,
		  struct sonde_value *v)
{
	decode_buckets(c, layout, in, lhist_bucket, v);
}

/* ---- dividing ---- */

static void divide_number(struct sonde_value *v, uint64_t div)
{
	if (v->is_unsigned)
		v->unsigned_number /= div;
	else
		v->unsigned_number = average_of(true, v->unsigned_number, div);
}

/* Trees are made by this room in memory of its own; items are const for those
 * who read them only. */
static void divide_items(struct sonde_value *v, const char *only, uint64_t div)
{
	struct sonde_value *items = (struct sonde_value *)v->items;

	for (size_t i = 0; i < v->nr_items; i++) {
		if (only && (!items[i].name || strcmp(items[i].name, only) != 0))
			continue;
		if (items[i].kind == SONDE_VALUE_INT || items[i].kind == SONDE_VALUE_UINT)
			divide_number(&items[i], div);
		else if (!only)
			divide_items(&items[i], NULL, div);
	}
}

void value_divide(const struct value_layout *layout, struct sonde_value *value, uint64_t div)
{
	if (div <= 1 || layout->kind == VALUE_LHIST || layout->kind == VALUE_TSERIES)
		return;
	if (value->kind == SONDE_VALUE_INT || value->kind == SONDE_VALUE_UINT)
		divide_number(value, div);
	else if (value->kind == SONDE_VALUE_STATS)
		divide_items(value, "average", div);
	else if (value->kind == SONDE_VALUE_HIST)
		for (size_t i = 0; i < value->nr_items; i++)
			divide_items((struct sonde_value *)&value->items[i], "count", div);
	else if (value->kind != SONDE_VALUE_STACK)
		divide_items(value, NULL, div);
}

enum sonde_map_kind value_map_kind(const struct value_layout *layout)
{
	switch (layout->kind) {
	case VALUE_AVG:
	case VALUE_STATS:
		return SONDE_MAP_STATS;
	case VALUE_HIST:
	case VALUE_LHIST:
		return SONDE_MAP_HIST;
	case VALUE_TSERIES:
		return SONDE_MAP_SERIES;
	default:
		return SONDE_MAP_PLAIN;
	}
}
