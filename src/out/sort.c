/*
 * The order in which a map's entries are printed.
 *
 * In: entries in any order and the layout of their values. Out: the same
 * entries, by value for numbers and aggregates, else by key. The order is
 * total and depends on nothing but the entries, so equal maps print equally.
 */
#include "out/value.h"

#include <stdlib.h>
#include <string.h>

static int compare_numbers(const struct sonde_value *a, const struct sonde_value *b)
{
	bool a_negative = !a->is_unsigned && a->number < 0;
	bool b_negative = !b->is_unsigned && b->number < 0;

	if (a_negative != b_negative)
		return a_negative ? -1 : 1;
	if (a->unsigned_number == b->unsigned_number)
		return 0;
	return a->unsigned_number < b->unsigned_number ? -1 : 1;
}

static int compare_texts(const struct sonde_value *a, const struct sonde_value *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = len ? memcmp(a->text, b->text, len) : 0;

	if (order || a->len == b->len)
		return order;
	return a->len < b->len ? -1 : 1;
}

static int compare_items(const struct sonde_value *a, const struct sonde_value *b)
{
	size_t n = a->nr_items < b->nr_items ? a->nr_items : b->nr_items;

	for (size_t i = 0; i < n; i++) {
		int order = value_compare(&a->items[i], &b->items[i]);

		if (order)
			return order;
	}
	if (a->nr_items == b->nr_items)
		return 0;
	return a->nr_items < b->nr_items ? -1 : 1;
}

int value_compare(const struct sonde_value *a, const struct sonde_value *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	switch (a->kind) {
	case SONDE_VALUE_STRING:
	case SONDE_VALUE_BUFFER:
		return compare_texts(a, b);
	case SONDE_VALUE_LIST:
	case SONDE_VALUE_TUPLE:
	case SONDE_VALUE_RECORD:
	case SONDE_VALUE_STATS:
	case SONDE_VALUE_HIST:
	case SONDE_VALUE_STACK:
	case SONDE_VALUE_SERIES:
		return compare_items(a, b);
	default:
		return compare_numbers(a, b);
	}
}

/* ---- by value ---- */

typedef int (*order_fn)(const struct sonde_value *a, const struct sonde_value *b);

static int by_average(const struct sonde_value *a, const struct sonde_value *b)
{
	if (a->nr_items < 2 || b->nr_items < 2)
		return 0;
	return compare_numbers(&a->items[1], &b->items[1]);
}

/* The sum of the counts, each the last item of its bucket. */
static uint64_t hist_sum(const struct sonde_value *v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v->nr_items; i++)
		sum += v->items[i].items[v->items[i].nr_items - 1].unsigned_number;
	return sum;
}

static int by_buckets(const struct sonde_value *a, const struct sonde_value *b)
{
	uint64_t sum_a = hist_sum(a), sum_b = hist_sum(b);

	return sum_a < sum_b ? -1 : sum_a > sum_b;
}

/* Kinds that are not here go by key. */
static const order_fn orders[VALUE_KIND_COUNT] = {
	[VALUE_INT]	= compare_numbers,
	[VALUE_ENUM]	= compare_numbers,
	[VALUE_COUNT]	= compare_numbers,
	[VALUE_SUM]	= compare_numbers,
	[VALUE_MIN]	= compare_numbers,
	[VALUE_MAX]	= compare_numbers,
	[VALUE_AVG]	= compare_numbers,
	[VALUE_STATS]	= by_average,
	[VALUE_HIST]	= by_buckets,
	[VALUE_LHIST]	= by_buckets,
};

static int compare_entries(const void *a, const void *b, void *order_p)
{
	const struct sonde_map_entry *x = a, *y = b;
	const order_fn *order = order_p;
	int result = *order ? (*order)(x->value, y->value) : 0;

	if (result || !x->key || !y->key)
		return result;
	return value_compare(x->key, y->key);
}

void value_sort(const struct value_layout *layout, struct sonde_map_entry *entries, size_t n)
{
	order_fn order = layout->kind < VALUE_KIND_COUNT ? orders[layout->kind] : NULL;

	if (n > 1)
		qsort_r(entries, n, sizeof(*entries), compare_entries, &order);
}
