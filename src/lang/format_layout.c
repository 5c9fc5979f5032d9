/*
 * Lines out of items: a list that fits is one line, another is broken at its
 * breaks, from the outside to the inside. Items in, text out; the same items make
 * the same text, whatever the lines of the source were.
 */
#include "lang/format.h"

#include <string.h>

#define WIDTH	90
#define STEP	2

struct layout {
	struct arena *arena;
	const fmt_items *items;
	uint32_t *width;	/* of all items before this one, on one line */
	uint32_t *forced;	/* how many items before this one end a line */
	uint32_t *tail;		/* from this item to where the line may end */
	struct sbuf *out;
	uint32_t col;
	uint32_t line_indent;	/* of the line that is being written */
	bool at_start;		/* nothing is written on this line yet */
};

/* Where lines begin. */
struct margins {
	uint32_t start;		/* the statement or the entry of a list */
	uint32_t base;		/* the block's "}" */
	uint32_t item;		/* its statements */
	uint32_t inside;	/* what goes on from the line before */
	uint32_t brk;		/* after a FMT_BREAK */
};

/* One item of a list: the range up to its break. */
struct entry {
	uint32_t begin, end;
	bool forced;		/* the break behind it breaks in any case */
	bool starts_line;
};

typedef VEC(struct entry) entries;

static void emit(struct layout *l, uint32_t from, uint32_t to, struct margins m);

/* ---- writing ---- */

static void put_newline(struct layout *l, uint32_t indent, bool empty_line)
{
	bool written = l->out->len != 0;

	if (!l->at_start && written)
		sbuf_putc(l->out, '\n');
	if (empty_line && written)
		sbuf_putc(l->out, '\n');
	l->at_start = true;
	l->col = indent;
}

static uint32_t this_indent(const struct layout *l)
{
	return l->at_start ? l->col : l->line_indent;
}

static void start_line(struct layout *l)
{
	if (!l->at_start)
		return;
	sbuf_fill(l->out, ' ', l->col);
	l->line_indent = l->col;
	l->at_start = false;
}

static uint32_t columns(const char *text, size_t len)
{
	uint32_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += (text[i] & 0xc0) != 0x80;
	return n;
}

/* A comment of several lines that all begin with "*" moves as a whole; another
 * is left as it is. */
static bool moves(const struct fmt_item *item)
{
	const char *end = item->text + item->len, *line = item->text;

	if (item->len < 2 || item->text[0] != '/' || item->text[1] != '*')
		return false;
	while ((line = memchr(line, '\n', (size_t)(end - line)))) {
		line += 1 + strspn(line + 1, " \t");
		if (*line != '*')
			return false;
	}
	return true;
}

static void put_lines(struct layout *l, const struct fmt_item *item)
{
	const char *at = item->text, *end = at + item->len, *eol;
	uint32_t indent = l->col + 1;
	bool moved = moves(item);

	while ((eol = memchr(at, '\n', (size_t)(end - at)))) {
		sbuf_add(l->out, at, (size_t)(eol - at) + 1);
		at = eol + 1;
		if (!moved)
			continue;
		at += strspn(at, " \t");
		sbuf_fill(l->out, ' ', indent);
	}
	sbuf_add(l->out, at, (size_t)(end - at));
	l->col = (moved ? indent : 0) + columns(at, (size_t)(end - at));
}

static void put_text(struct layout *l, const struct fmt_item *item)
{
	start_line(l);
	if (item->forced) {
		put_lines(l, item);
		return;
	}
	sbuf_add(l->out, item->text, item->len);
	l->col += item->width;
}

static void put_space(struct layout *l)
{
	if (l->at_start)
		return;
	sbuf_putc(l->out, ' ');
	l->col++;
}

/* ---- lists ---- */

static bool fits(const struct layout *l, uint32_t open, uint32_t close)
{
	return l->forced[open] == l->forced[close] &&
	       l->col + l->width[close] - l->width[open] + l->tail[close] <= WIDTH;
}

static void emit_flat(struct layout *l, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		const struct fmt_item *item = &l->items->at[i];

		if (item->kind == FMT_TEXT)
			put_text(l, item);
		else if (item->kind == FMT_SPACE || (item->kind == FMT_BREAK && item->spaced))
			put_space(l);
	}
}

/* What stands between the breaks that are the list's own. */
static void split(const struct layout *l, uint32_t open, uint32_t close, entries *list)
{
	struct entry e = { .begin = open + 1 };

	for (uint32_t i = open + 1; i <= close; i++) {
		const struct fmt_item *item = &l->items->at[i];

		if (item->kind == FMT_OPEN || item->kind == FMT_IN) {
			i = item->match;
			continue;
		}
		if (item->kind != FMT_BREAK && i != close)
			continue;
		e.end = i;
		e.forced = item->kind == FMT_BREAK && item->forced;
		vec_push(l->arena, list, e);
		e.begin = i + 1;
	}
}

static uint32_t entry_width(const struct layout *l, const struct entry *e)
{
	return l->width[e->end] - l->width[e->begin];
}

static bool is_whole(const struct layout *l, const struct entry *e)
{
	return l->forced[e->begin] == l->forced[e->end];
}

/* Choose which entries start a line, from the last to the first: a line takes
 * what it can hold. `tail` is what stands behind the last. */
static void fill(const struct layout *l, entries *list, uint32_t indent, uint32_t tail)
{
	uint32_t used = indent + tail;

	for (size_t i = list->n; i-- > 0;) {
		struct entry *e = &list->at[i], *before = i ? e - 1 : NULL;

		used += entry_width(l, e);
		if (before && !before->forced && is_whole(l, e) && is_whole(l, before) &&
		    used + 1 + entry_width(l, before) <= WIDTH) {
			used++;
			continue;
		}
		e->starts_line = true;
		used = indent;
	}
}

/* An entry does not even begin to fit where the list begins, but may on a line
 * of its own. */
static bool must_hang(const struct layout *l, const entries *list, uint32_t close)
{
	if (l->line_indent + STEP >= l->col)
		return false;
	for (size_t i = 0; i < list->n; i++) {
		const struct entry *e = &list->at[i];
		uint32_t width = entry_width(l, e), head = l->tail[e->begin];

		if (e->end == close)
			width += l->tail[close];
		if (l->col + (head < width ? head : width) > WIDTH)
			return true;
	}
	return false;
}

static void emit_entries(struct layout *l, const entries *list, struct margins m)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct entry *e = &list->at[i];

		if (i && e->starts_line)
			put_newline(l, m.brk, false);
		else if (i && l->items->at[e->begin - 1].spaced)
			put_space(l);
		m.start = this_indent(l);
		emit(l, e->begin, e->end, m);
	}
}

static void emit_fill(struct layout *l, uint32_t open, uint32_t close, struct margins m)
{
	entries list = { 0 };
	uint32_t base = l->line_indent;
	bool hang;

	split(l, open, close, &list);
	hang = l->items->at[open].list == FMT_ARGS && must_hang(l, &list, close);
	m.brk = m.inside = hang ? base + STEP : l->col;
	fill(l, &list, m.brk, hang ? 0 : l->tail[close]);
	if (hang)
		put_newline(l, m.brk, false);
	emit_entries(l, &list, m);
	if (hang)
		put_newline(l, base, false);
}

static void emit_list(struct layout *l, uint32_t open, uint32_t close, struct margins m)
{
	if (fits(l, open, close)) {
		emit_flat(l, open + 1, close);
	} else if (l->items->at[open].list == FMT_ALL) {
		m.start = this_indent(l);
		m.brk = m.inside = l->col;
		emit(l, open + 1, close, m);
	} else {
		emit_fill(l, open, close, m);
	}
}

/* ---- everything ---- */

static void emit_block(struct layout *l, uint32_t in, uint32_t out, uint32_t base)
{
	struct margins m = { .start = base, .base = base };

	m.item = m.brk = m.base + STEP;
	m.inside = m.item + STEP;
	emit(l, in + 1, out, m);
}

static uint32_t line_indent(const struct fmt_item *item, const struct margins *m)
{
	if (item->closes)
		return m->base;
	if (item->resumes)
		return m->start;
	return item->inside ? m->inside : m->item;
}

static void emit(struct layout *l, uint32_t from, uint32_t to, struct margins m)
{
	for (uint32_t i = from; i < to; i++) {
		const struct fmt_item *item = &l->items->at[i];

		switch (item->kind) {
		case FMT_TEXT:
			put_text(l, item);
			break;
		case FMT_SPACE:
			put_space(l);
			break;
		case FMT_LINE:
			put_newline(l, line_indent(item, &m), item->empty_line);
			if (!item->inside)
				m.start = l->col;
			break;
		case FMT_BREAK:
			put_newline(l, item->closes ? m.base : m.brk, false);
			break;
		case FMT_OPEN:
			emit_list(l, i, item->match, m);
			i = item->match;
			break;
		case FMT_IN:
			emit_block(l, i, item->match, m.start);
			i = item->match;
			break;
		case FMT_CLOSE:
		case FMT_OUT:
			break;
		}
	}
}

/* The sums that tell in one step whether a range fits. */
static void measure(struct layout *l)
{
	size_t n = l->items->n;

	l->width = arena_array(l->arena, uint32_t, n + 1);
	l->forced = arena_array(l->arena, uint32_t, n + 1);
	l->tail = arena_array(l->arena, uint32_t, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct fmt_item *item = &l->items->at[i];
		bool is_blank = item->kind == FMT_SPACE ||
				(item->kind == FMT_BREAK && item->spaced);
		uint32_t width = item->kind == FMT_TEXT ? item->width : is_blank;

		l->width[i + 1] = l->width[i] + width;
		l->forced[i + 1] = l->forced[i] + item->forced;
	}
	for (size_t i = n; i-- > 0;) {
		const struct fmt_item *item = &l->items->at[i];

		if (item->kind == FMT_BREAK || item->kind == FMT_LINE)
			continue;
		l->tail[i] = l->width[i + 1] - l->width[i];
		if (!item->forced)
			l->tail[i] += l->tail[i + 1];
	}
}

void fmt_layout(struct arena *a, const fmt_items *items, struct sbuf *out)
{
	struct layout l = { .arena = a, .items = items, .out = out, .at_start = true };
	struct margins m = { .inside = STEP };

	measure(&l);
	emit(&l, 0, (uint32_t)items->n, m);
	if (out->len && !l.at_start)
		sbuf_putc(out, '\n');
}
