/*
 * Series: values by interval of time.
 *
 * In: slots of three words, one for each interval modulo their number: a value,
 * what stands beside it (a time stamp, a number of samples, or a mark that it is
 * set), and the number of the interval, which is 0 in a slot that was never
 * used. Out: rows of interval_start and value, oldest first; once all entries of
 * a map are known, the rows of all of them end with the newest interval of any.
 */
#include "out/decode.h"
#include "out/number.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum { SLOT_BYTES = 24 };

struct slot {
	uint64_t value, beside, epoch;
};

static struct slot slot_load(const uint8_t *at)
{
	return (struct slot){ number_u64(at), number_u64(at + 8), number_u64(at + 16) };
}

/* ---- merging ---- */

static bool is_better(const struct value_layout *layout, uint64_t a, uint64_t b)
{
	if (layout->param[2] == VALUE_SERIES_MAX)
		return layout->is_signed ? (int64_t)a > (int64_t)b : a > b;
	return layout->is_signed ? (int64_t)a < (int64_t)b : a < b;
}

static void merge_same(const struct value_layout *layout, struct slot *a, const struct slot *b)
{
	switch (layout->param[2]) {
	case VALUE_SERIES_SUM:
	case VALUE_SERIES_AVG:
		a->value += b->value;
		a->beside += b->beside;
		return;
	case VALUE_SERIES_MIN:
	case VALUE_SERIES_MAX:
		if (b->beside && (!a->beside || is_better(layout, b->value, a->value)))
			*a = *b;
		return;
	default:
		if (b->beside > a->beside)
			*a = *b;
	}
}

/* Of each slot the newest interval that any CPU has seen. */
void series_merge(const struct value_layout *layout, uint8_t *into, const uint8_t *from)
{
	for (uint32_t at = 0; at + SLOT_BYTES <= layout->size_bytes; at += SLOT_BYTES) {
		struct slot a = slot_load(into + at), b = slot_load(from + at);

		if (b.epoch > a.epoch)
			a = b;
		else if (b.epoch && b.epoch == a.epoch)
			merge_same(layout, &a, &b);
		memcpy(into + at, &a, SLOT_BYTES);
	}
}

/* ---- rows ---- */

static uint64_t slot_value(const struct value_layout *layout, const struct slot *s)
{
	if (layout->param[2] != VALUE_SERIES_AVG || !s->beside)
		return s->value;
	if (layout->is_signed && (int64_t)s->value < 0)
		return 0 - (0 - s->value) / s->beside;
	return s->value / s->beside;
}

static int by_epoch(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return x->epoch < y->epoch ? -1 : x->epoch > y->epoch;
}

/* "2025-03-04 09:15:02.100000000", in UTC. */
static const char *utc_text(struct arena *a, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	char text[64] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	return arena_printf(a, "%s.%09" PRIu64, text, ns % 1000000000);
}

static void fill_row(struct arena *a, struct sonde_value *row, uint64_t start)
{
	struct sonde_value *items = arena_array(a, struct sonde_value, 2);

	items[0].name = "interval_start";
	items[0].is_unsigned = true;
	items[0].unsigned_number = start;
	decode_set_text(&items[0], SONDE_VALUE_TIME, utc_text(a, start));
	items[1].name = "value";
	row->kind = SONDE_VALUE_RECORD;
	row->items = items;
	row->nr_items = 2;
}

void decode_series(struct decoding *c, const struct value_layout *layout, struct bytes in,
		   struct sonde_value *v)
{
	uint32_t n = 0, count = layout->size_bytes / SLOT_BYTES;
	struct slot *slots = arena_array(c->d->arena, struct slot, count);
	struct sonde_value *rows;

	for (uint32_t i = 0; i < count; i++) {
		slots[n] = slot_load(in.at + (size_t)i * SLOT_BYTES);
		n += slots[n].epoch != 0;
	}
	qsort(slots, n, sizeof(*slots), by_epoch);
	rows = arena_array(c->d->arena, struct sonde_value, n);
	for (uint32_t i = 0; i < n; i++) {
		struct sonde_value *value;

		fill_row(c->d->arena, &rows[i], slots[i].epoch * layout->param[0]);
		value = (struct sonde_value *)&rows[i].items[1];
		value->kind = layout->is_signed ? SONDE_VALUE_INT : SONDE_VALUE_UINT;
		value->is_unsigned = !layout->is_signed;
		value->unsigned_number = slot_value(layout, &slots[i]);
	}
	v->kind = SONDE_VALUE_SERIES;
	v->items = rows;
	v->nr_items = n;
}

/* ---- the window of a map ---- */

static uint64_t start_of(const struct sonde_value *row)
{
	return row->items[0].unsigned_number;
}

/* From the first row that is within the window to its end, one for each interval. */
static void fill_window(struct arena *a, const struct value_layout *layout, uint64_t newest,
			struct sonde_value *v)
{
	uint64_t interval = layout->param[0], back = newest / interval;
	const struct sonde_value *old = v->items, *end = old + v->nr_items;
	struct sonde_value *rows;
	uint64_t first;
	size_t n = 0;

	back = back < layout->param[1] - 1 ? back : layout->param[1] - 1;
	while (old < end && start_of(old) < newest - back * interval)
		old++;
	v->nr_items = 0;
	if (old == end)
		return;
	first = start_of(old);
	rows = arena_array(a, struct sonde_value, (newest - first) / interval + 1);
	for (uint64_t at = first; at <= newest; at += interval) {
		if (old < end && start_of(old) == at)
			rows[n++] = *old++;
		else
			fill_row(a, &rows[n++], at);
	}
	v->items = rows;
	v->nr_items = n;
}

void value_align(struct arena *arena, const struct value_layout *layout,
		 struct sonde_map_entry *entries, size_t n)
{
	uint64_t newest = 0;

	if (layout->kind != VALUE_TSERIES || !layout->param[0] || !layout->param[1])
		return;
	for (size_t i = 0; i < n; i++) {
		const struct sonde_value *v = entries[i].value;

		if (v->nr_items && start_of(&v->items[v->nr_items - 1]) > newest)
			newest = start_of(&v->items[v->nr_items - 1]);
	}
	for (size_t i = 0; i < n; i++)
		fill_window(arena, layout, newest, (struct sonde_value *)entries[i].value);
}
