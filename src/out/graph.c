/*
 * A series as a graph: a row for each interval, its value as a star between the
 * lowest and the highest.
 */
#include "out/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CELLS = 53, LOW_COLUMNS = 21, HIGH_COLUMNS = CELLS - LOW_COLUMNS };

/* How much of a second the column of times shows. */
static const struct unit {
	uint64_t from_ns;	/* the interval is at least so long */
	const char *heading;
	uint64_t digit_ns;
	int digits;
} units[] = {
	{ 1000000000, "hh:mm:ss", 0, 0 },
	{ 1000000, "hh:mm:ss.ms", 1000000, 3 },
	{ 1000, "hh:mm:ss.\u03bcs", 1000, 6 },
	{ 0, "hh:mm:ss.ns", 1, 9 },
};

struct graph {
	const struct unit *unit;
	struct sonde_value low, high;
	int columns;		/* of the times */
};

static bool is_less(const struct sonde_value *a, const struct sonde_value *b)
{
	return a->is_unsigned ? a->unsigned_number < b->unsigned_number : a->number < b->number;
}

static const struct unit *unit_of(const struct sonde_value *v)
{
	const struct unit *u = units;
	uint64_t interval = 0;

	if (v->nr_items > 1)
		interval = v->items[1].items[0].unsigned_number -
			   v->items[0].items[0].unsigned_number;
	while (u->from_ns > interval)
		u++;
	return u;
}

/* If all are equal, one more on each side. */
static void find_range(struct graph *g, const struct sonde_value *v)
{
	bool found = false;

	for (size_t i = 0; i < v->nr_items; i++) {
		const struct sonde_value *x = &v->items[i].items[1];

		if (x->kind == SONDE_VALUE_NONE)
			continue;
		if (!found || is_less(x, &g->low))
			g->low = *x;
		if (!found || is_less(&g->high, x))
			g->high = *x;
		found = true;
	}
	if (g->low.unsigned_number != g->high.unsigned_number)
		return;
	if (!g->low.is_unsigned || g->low.unsigned_number)
		g->low.unsigned_number--;
	g->high.unsigned_number++;
}

/* Of `cells` cells, how many stand left of the value. */
static size_t place(const struct graph *g, uint64_t value, unsigned cells)
{
	uint64_t span = g->high.unsigned_number - g->low.unsigned_number;
	unsigned __int128 at = (unsigned __int128)(value - g->low.unsigned_number) * cells;

	at /= span ? span : 1;
	return at < CELLS - 1 ? (size_t)at : CELLS - 1;
}

static void put_number(char *text, size_t size, const struct sonde_value *v)
{
	snprintf(text, size, v->is_unsigned ? "%" PRIu64 : "%" PRId64, v->unsigned_number);
}

static void put_scale(struct sbuf *out, const struct graph *g)
{
	char low[24], high[24];

	put_number(low, sizeof(low), &g->low);
	put_number(high, sizeof(high), &g->high);
	sbuf_printf(out, "%*s%-*s%*s\n", g->columns + 1, "", LOW_COLUMNS, low, HIGH_COLUMNS, high);
}

static void put_rule(struct sbuf *out, const struct graph *g, const char *heading, char end)
{
	sbuf_printf(out, "%-*s%c", g->columns + 1, heading, end);
	sbuf_fill(out, '_', CELLS - 2);
	sbuf_putc(out, end);
	sbuf_putc(out, '\n');
}

static void put_time(struct sbuf *out, const struct graph *g, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm = { 0 };

	localtime_r(&seconds, &tm);
	sbuf_printf(out, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (g->unit->digits)
		sbuf_printf(out, ".%0*" PRIu64, g->unit->digits,
			    ns % 1000000000 / g->unit->digit_ns);
	sbuf_putc(out, ' ');
}

static void put_row(struct sbuf *out, const struct graph *g, const struct sonde_value *row)
{
	const struct sonde_value *v = &row->items[1];
	char cells[CELLS], number[24] = "-";

	memset(cells, ' ', CELLS);
	cells[0] = cells[CELLS - 1] = '|';
	if (!g->low.is_unsigned && g->low.number < 0 && g->high.number > 0)
		cells[place(g, 0, CELLS)] = '.';
	if (v->kind != SONDE_VALUE_NONE) {
		cells[place(g, v->unsigned_number, CELLS - 1)] = '*';
		put_number(number, sizeof(number), v);
	}
	put_time(out, g, row->items[0].unsigned_number);
	sbuf_add(out, cells, CELLS);
	sbuf_printf(out, " %s\n", number);
}

void text_graph(struct sbuf *out, const struct sonde_value *v)
{
	struct graph g = { .unit = unit_of(v) };

	if (!v->nr_items) {
		sbuf_puts(out, "<no data>");
		return;
	}
	g.columns = 8 + (g.unit->digits ? 1 + g.unit->digits : 0);
	find_range(&g, v);
	put_scale(out, &g);
	put_rule(out, &g, g.unit->heading, '|');
	for (size_t i = 0; i < v->nr_items; i++)
		put_row(out, &g, &v->items[i]);
	put_rule(out, &g, "", 'v');
	put_scale(out, &g);
}
