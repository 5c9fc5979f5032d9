/*
 * The order in which a map's entries are printed.
 *
 * In: entries in any order and the layout of their values. Out: the order of
 * them, by value for numbers and aggregates, else by key. The order is
 * total and depends on nothing but the entries, so equal maps print equally.
 *
 * Many entries are sorted by three numbers each, which never contradict the order:
 * of the value and of the first two parts of the key; only what these do not tell
 * apart is compared. So a million entries take a few walks over memory, not twenty
 * million comparisons all over it; and each is there as a tree of values only while
 * its numbers are taken. Of those that are compared, be they ever so many, a part is there
 * as trees at a time: pieces are sorted one by one, then merged by their first entries.
 */
#include "out/value.h"

#include <errno.h>
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

#define HALF ((uint64_t)1 << 63)
#define QUARTER ((uint64_t)1 << 62)
#define RANK_EXACT (HALF + QUARTER)	/* below it, ranks differ where numbers do */

/* A number that goes up where the order goes up, or stays. */
static uint64_t rank_number(const struct sonde_value *v)
{
	uint64_t n = v->unsigned_number;

	if (!v->is_unsigned && v->number < 0)
		return n ^ HALF;
	return n < QUARTER ? HALF + n : RANK_EXACT + (n >> 2);
}

static int by_average(const struct sonde_value *a, const struct sonde_value *b)
{
	if (a->nr_items < 2 || b->nr_items < 2)
		return 0;
	return compare_numbers(&a->items[1], &b->items[1]);
}

static uint64_t rank_average(const struct sonde_value *v)
{
	return v->nr_items < 2 ? 0 : rank_number(&v->items[1]);
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

struct order {
	int (*compare)(const struct sonde_value *a, const struct sonde_value *b);
	uint64_t (*rank)(const struct sonde_value *v);
};

/* Kinds that are not here go by key. */
static const struct order orders[VALUE_KIND_COUNT] = {
	[VALUE_INT]	= { compare_numbers, rank_number },
	[VALUE_ENUM]	= { compare_numbers, rank_number },
	[VALUE_COUNT]	= { compare_numbers, rank_number },
	[VALUE_SUM]	= { compare_numbers, rank_number },
	[VALUE_MIN]	= { compare_numbers, rank_number },
	[VALUE_MAX]	= { compare_numbers, rank_number },
	[VALUE_AVG]	= { compare_numbers, rank_number },
	[VALUE_STATS]	= { by_average, rank_average },
	[VALUE_HIST]	= { by_buckets, hist_sum },
	[VALUE_LHIST]	= { by_buckets, hist_sum },
};

static int compare_entries(const void *a, const void *b, void *arg)
{
	const struct sonde_map_entry *x = a, *y = b;
	const struct order *order = arg;
	int result = order->compare ? order->compare(x->value, y->value) : 0;

	if (result || !x->key || !y->key)
		return result;
	return value_compare(x->key, y->key);
}

/* An entry that is compared, the first member so that it is taken for one. */
struct compared {
	struct sonde_map_entry entry;
	uint32_t index;
};

/* Sort indexes of entries, all of which are there at once. Returns 0 or a negative errno. */
static int sort_piece(const struct order *order, const struct value_source *source,
		      uint32_t *indexes, size_t n)
{
	struct compared *all = calloc(n, sizeof(*all));
	int err = all ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !err; i++) {
		all[i].index = indexes[i];
		err = source->get(source->arg, indexes[i], &all[i].entry);
	}
	if (!err)
		qsort_r(all, n, sizeof(*all), compare_entries, (void *)(uintptr_t)order);
	for (size_t i = 0; i < n && !err; i++)
		indexes[i] = all[i].index;
	if (source->forget)
		source->forget(source->arg);
	free(all);
	return err;
}

#define PIECES 16
#define LEAST_PIECE 16384
#define FORGET_EVERY 4096

/* Indexes in pieces of `size`, each sorted, and the first entry of each that is not taken. */
struct merging {
	const struct order *order;
	const struct value_source *source;
	uint32_t *indexes;
	size_t n, size;
	size_t at[PIECES], end[PIECES];
	struct sonde_map_entry heads[PIECES];
	size_t queue[PIECES], nr_queued;	/* pieces by their heads, the first one last */
};

static int get_head(struct merging *m, size_t piece)
{
	if (m->at[piece] == m->end[piece])
		return 0;
	return m->source->get(m->source->arg, m->indexes[m->at[piece]], &m->heads[piece]);
}

static int get_heads_anew(struct merging *m)
{
	int err = 0;

	if (m->source->forget)
		m->source->forget(m->source->arg);
	for (size_t i = 0; i < PIECES && !err; i++)
		err = get_head(m, i);
	return err;
}

/* Put a piece where its head belongs, if it has one. */
static void queue_piece(struct merging *m, size_t piece)
{
	size_t low = 0, high = m->nr_queued;

	if (m->at[piece] == m->end[piece])
		return;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare_entries(&m->heads[piece], &m->heads[m->queue[middle]],
				    (void *)(uintptr_t)m->order) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	memmove(&m->queue[low + 1], &m->queue[low], (m->nr_queued++ - low) * sizeof(*m->queue));
	m->queue[low] = piece;
}

static int merge_pieces(struct merging *m, uint32_t *merged)
{
	int err = get_heads_anew(m);

	for (size_t i = 0; i < PIECES && !err; i++)
		queue_piece(m, i);
	for (size_t i = 0; i < m->n && !err; i++) {
		size_t piece = m->queue[--m->nr_queued];

		merged[i] = m->indexes[m->at[piece]++];
		err = (i + 1) % FORGET_EVERY ? get_head(m, piece) : get_heads_anew(m);
		if (!err)
			queue_piece(m, piece);
	}
	if (m->source->forget)
		m->source->forget(m->source->arg);
	return err;
}

static size_t piece_size(size_t n)
{
	size_t size = (n + PIECES - 1) / PIECES;

	return size > LEAST_PIECE ? size : LEAST_PIECE;
}

/* Sort indexes of entries by comparing these. Returns 0 or a negative errno. */
static int sort_by_comparing(const struct order *order, const struct value_source *source,
			     uint32_t *indexes, size_t n)
{
	struct merging m = { order, source, indexes, n, .size = piece_size(n) };
	uint32_t *merged;
	int err = 0;

	if (n <= m.size)
		return sort_piece(order, source, indexes, n);
	merged = calloc(n, sizeof(*merged));
	if (!merged)
		return -ENOMEM;
	for (size_t i = 0, at = 0; i < PIECES && !err; i++, at = m.end[i - 1]) {
		m.at[i] = at;
		m.end[i] = n - at > m.size ? at + m.size : n;
		if (m.end[i] > at)
			err = sort_piece(order, source, &indexes[at], m.end[i] - at);
	}
	if (!err)
		err = merge_pieces(&m, merged);
	if (!err)
		memcpy(indexes, merged, n * sizeof(*merged));
	free(merged);
	return err;
}

/* ---- many ---- */

#define FEW 64
#define RANKS 3
#define NR_DIGITS (RANKS * 8)

struct ranked {
	uint64_t rank[RANKS];	/* of the key's second part, its first, the value */
	uint32_t index;		/* of the entry */
	bool vague;		/* first parts of this rank may differ */
};

/* Parts of a key that are no composites themselves, from the first on. */
struct parts {
	const struct sonde_value *at[2];
	size_t n;
};

static void find_parts(const struct sonde_value *v, struct parts *parts)
{
	bool has_parts = v->items && v->nr_items && v->kind != SONDE_VALUE_STACK;

	if (!has_parts && parts->n < 2)
		parts->at[parts->n++] = v;
	for (size_t i = 0; has_parts && i < v->nr_items && parts->n < 2; i++)
		find_parts(&v->items[i], parts);
}

static uint64_t rank_text(const struct sonde_value *v)
{
	uint64_t rank = 0;

	for (size_t i = 0; i < 8; i++)
		rank = rank << 8 | (i < v->len ? (uint8_t)v->text[i] : 0);
	return rank;
}

static uint64_t rank_part(const struct sonde_value *part, bool *vague)
{
	uint64_t rank;

	switch (part->kind) {
	case SONDE_VALUE_STRING:
		*vague = part->len >= 8;
		return rank_text(part);
	case SONDE_VALUE_BUFFER:
		*vague = true;
		return rank_text(part);
	case SONDE_VALUE_STACK:
		*vague = true;
		return part->nr_items ? rank_number(&part->items[0]) : 0;
	default:
		rank = rank_number(part);
		*vague = rank >= RANK_EXACT;
		return rank;
	}
}

/* The kinds of a key's parts. */
struct shape {
	enum sonde_value_kind kinds[2];
	size_t n;
};

/* False if the key is of another shape than that of the first entry, which sets it. */
static bool rank_key(struct ranked *to, const struct sonde_value *key, struct shape *shape)
{
	struct parts parts = { .n = 0 };
	bool ignored;

	find_parts(key, &parts);
	for (size_t i = 0; i < parts.n && !to->index; i++)
		shape->kinds[i] = parts.at[i]->kind;
	if (!to->index)
		shape->n = parts.n;
	if (!parts.n || parts.n != shape->n)
		return false;
	for (size_t i = 0; i < parts.n; i++)
		if (parts.at[i]->kind != shape->kinds[i])
			return false;
	to->rank[1] = rank_part(parts.at[0], &to->vague);
	to->rank[0] = parts.n > 1 ? rank_part(parts.at[1], &ignored) : 0;
	return true;
}

/* Keys that are not of one shape have no rank. */
static int rank_entries(struct ranked *to, const struct order *order,
			const struct value_source *source, size_t n)
{
	struct shape shape = { .n = 0 };
	bool alike = true;

	for (size_t i = 0; i < n; i++) {
		struct sonde_map_entry entry = { .key = NULL };
		int err = source->get(source->arg, i, &entry);

		if (err)
			return err;
		to[i].index = (uint32_t)i;
		to[i].rank[2] = order->rank ? order->rank(entry.value) : 0;
		alike = alike && entry.key && rank_key(&to[i], entry.key, &shape);
		if (source->forget)
			source->forget(source->arg);
	}
	for (size_t i = 0; i < n && !alike; i++) {
		to[i].rank[0] = to[i].rank[1] = 0;
		to[i].vague = true;
	}
	return 0;
}

static unsigned digit_of(const struct ranked *r, unsigned digit)
{
	return r->rank[digit / 8] >> (digit % 8 * 8) & 0xff;
}

/* One walk by one byte of the ranks. */
static void move_by_digit(struct ranked *to, const struct ranked *from, size_t n, unsigned digit,
			  const uint32_t *counts)
{
	size_t at[256], sum = 0;

	for (int i = 0; i < 256; i++) {
		at[i] = sum;
		sum += counts[i];
	}
	for (size_t i = 0; i < n; i++)
		to[at[digit_of(&from[i], digit)]++] = from[i];
}

/* Sort by the ranks; returns which of the two has the result. */
static struct ranked *sort_by_rank(struct ranked *a, struct ranked *b, size_t n)
{
	uint32_t counts[NR_DIGITS][256] = { 0 };

	for (size_t i = 0; i < n; i++)
		for (unsigned d = 0; d < NR_DIGITS; d++)
			counts[d][digit_of(&a[i], d)]++;
	for (unsigned d = 0; d < NR_DIGITS; d++) {
		struct ranked *other = b;

		if (counts[d][digit_of(&a[0], d)] == n)
			continue;	/* all have the same byte there */
		move_by_digit(b, a, n, d, counts[d]);
		b = a;
		a = other;
	}
	return a;
}

/* Whether the ranks do not tell which of two neighbours comes first. What is vague
 * follows from the ranks and the kinds, so it is the same for both. */
static bool must_compare(const struct ranked *a, const struct ranked *b)
{
	if (a->rank[2] != b->rank[2])
		return false;
	if (a->rank[2] >= RANK_EXACT)
		return true;
	return a->rank[1] == b->rank[1] && (a->vague || a->rank[0] == b->rank[0]);
}

/* Take that order, and compare where it says nothing. */
static int arrange(const struct order *order, const struct value_source *source,
		   const struct ranked *sorted, uint32_t *indexes, size_t n)
{
	int err = 0;

	for (size_t i = 0, begin = 0; i < n && !err; i++) {
		indexes[i] = sorted[i].index;
		if (i + 1 < n && must_compare(&sorted[i], &sorted[i + 1]))
			continue;
		if (i > begin)
			err = sort_by_comparing(order, source, &indexes[begin], i + 1 - begin);
		begin = i + 1;
	}
	return err;
}

static int sort_many(const struct order *order, const struct value_source *source,
		     uint32_t *indexes, size_t n)
{
	struct ranked *a = n < UINT32_MAX ? calloc(2 * n, sizeof(*a)) : NULL;
	int err = a ? rank_entries(a, order, source, n) : -ENOMEM;

	if (!err)
		err = arrange(order, source, sort_by_rank(a, a + n, n), indexes, n);
	free(a);
	return err;
}

static const struct order *order_of(const struct value_layout *layout)
{
	static const struct order by_key;

	return layout->kind < VALUE_KIND_COUNT ? &orders[layout->kind] : &by_key;
}

int value_sort_source(const struct value_layout *layout, const struct value_source *source,
		      uint32_t *indexes, size_t n)
{
	if (n > FEW)
		return sort_many(order_of(layout), source, indexes, n);
	for (size_t i = 0; i < n; i++)
		indexes[i] = (uint32_t)i;
	return n > 1 ? sort_by_comparing(order_of(layout), source, indexes, n) : 0;
}

static int get_entry(void *arg, size_t i, struct sonde_map_entry *entry)
{
	*entry = ((const struct sonde_map_entry *)arg)[i];
	return 0;
}

/* False if memory is out: nothing was changed. */
static bool sort_entries(const struct value_layout *layout, struct sonde_map_entry *entries,
			 size_t n)
{
	struct sonde_map_entry *before = calloc(n, sizeof(*before));
	const struct value_source source = { .get = get_entry, .arg = entries };
	uint32_t *indexes = calloc(n, sizeof(*indexes));
	bool done = before && indexes && !value_sort_source(layout, &source, indexes, n);

	if (done)
		memcpy(before, entries, n * sizeof(*entries));
	for (size_t i = 0; i < n && done; i++)
		entries[i] = before[indexes[i]];
	free(before);
	free(indexes);
	return done;
}

void value_sort(const struct value_layout *layout, struct sonde_map_entry *entries, size_t n)
{
	if (n > 1 && !sort_entries(layout, entries, n))
		qsort_r(entries, n, sizeof(*entries), compare_entries,
			(void *)(uintptr_t)order_of(layout));
}
