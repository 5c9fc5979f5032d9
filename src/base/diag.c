/*
 * Sources and diagnostics: collecting, finding places, rendering.
 */
#include "base/diag.h"

#include <assert.h>
#include <string.h>

enum { ERROR = 1, WARNING = 2, EITHER = 3 };

const struct diag_row diag_rows[DIAG_TAG_COUNT] = {
#define DIAGNOSTIC(id, tag, severity, doc) \
	[DIAG_##id] = { tag, (severity) & ERROR, (severity) & WARNING, doc },
#include "base/diagnostics.def"
#undef DIAGNOSTIC
};

void diags_init(struct diags *d, struct arena *a)
{
	memset(d, 0, sizeof(*d));
	d->arena = a;
	d->next_base = 1;
}

static void find_lines(struct diags *d, struct source *s)
{
	const char *p = s->text, *end = s->text + s->len;

	while (p) {
		vec_push(d->arena, &s->lines, (uint32_t)(p - s->text));
		p = memchr(p, '\n', (size_t)(end - p));
		p = p ? p + 1 : NULL;
	}
}

struct source *source_add(struct diags *d, const char *name, const char *text, size_t len)
{
	struct source *s;

	if (len > INT32_MAX || d->next_base > (uint32_t)INT32_MAX - len)
		return NULL;
	s = arena_new(d->arena, struct source);
	s->name = arena_strdup(d->arena, name);
	/* Some editors begin a file with a mark of its byte order, which is no part of the text;
	 * joined files have several. */
	while (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	s->text = arena_strndup(d->arena, text, len);
	s->len = len;
	s->base = d->next_base;
	find_lines(d, s);
	d->next_base += (uint32_t)len + 1;
	vec_push(d->arena, &d->sources, s);
	return s;
}

const struct source *source_find(const struct diags *d, uint32_t pos)
{
	for (size_t i = 0; i < d->sources.n; i++) {
		const struct source *s = d->sources.at[i];

		if (pos >= s->base && pos - s->base <= s->len)
			return s;
	}
	return NULL;
}

bool source_line_col(const struct diags *d, uint32_t pos, const struct source **source,
		     uint32_t *line, uint32_t *col)
{
	const struct source *s = source_find(d, pos);
	size_t low = 0, high, middle;

	if (!s)
		return false;
	for (high = s->lines.n; high - low > 1;) {
		middle = low + (high - low) / 2;
		if (s->lines.at[middle] <= pos - s->base)
			low = middle;
		else
			high = middle;
	}
	*line = (uint32_t)low + 1;
	*col = pos - s->base - s->lines.at[low] + 1;
	*source = s;
	return true;
}

struct loc loc_join(struct loc a, struct loc b)
{
	if (!a.begin)
		return b;
	if (!b.begin)
		return a;
	if (b.begin < a.begin)
		a.begin = b.begin;
	if (b.end > a.end)
		a.end = b.end;
	return a;
}

static struct diag *diag_add(struct diags *d, enum diag_level level, struct loc loc,
			     enum diag_tag tag, const char *text)
{
	struct diag *diag = arena_new(d->arena, struct diag);

	assert(level == DIAG_ERROR ? diag_rows[tag].is_error : diag_rows[tag].is_warning);
	diag->level = level;
	diag->loc = loc;
	diag->tag = tag;
	diag->text = text;
	vec_push(d->arena, &d->list, diag);
	if (level == DIAG_ERROR)
		d->nr_errors++;
	else
		d->nr_warnings++;
	return diag;
}

struct diag *diag_error(struct diags *d, struct loc loc, enum diag_tag tag, const char *fmt, ...)
{
	va_list args;
	const char *text;

	va_start(args, fmt);
	text = arena_vprintf(d->arena, fmt, args);
	va_end(args);
	return diag_add(d, DIAG_ERROR, loc, tag, text);
}

struct diag *diag_warning(struct diags *d, struct loc loc, enum diag_tag tag, const char *fmt, ...)
{
	va_list args;
	const char *text;

	va_start(args, fmt);
	text = arena_vprintf(d->arena, fmt, args);
	va_end(args);
	return diag_add(d, DIAG_WARNING, loc, tag, text);
}

static struct diag_note *note_add(struct diags *d, struct diag *diag)
{
	struct diag_note *note = arena_new(d->arena, struct diag_note), **at = &diag->notes;

	while (*at)
		at = &(*at)->next;
	*at = note;
	return note;
}

void diag_hint(struct diags *d, struct diag *diag, const char *fmt, ...)
{
	struct diag_note *note = note_add(d, diag);
	va_list args;

	va_start(args, fmt);
	note->text = arena_vprintf(d->arena, fmt, args);
	va_end(args);
	note->is_hint = true;
}

void diag_note(struct diags *d, struct diag *diag, struct loc loc, const char *fmt, ...)
{
	struct diag_note *note = note_add(d, diag);
	va_list args;

	va_start(args, fmt);
	note->text = arena_vprintf(d->arena, fmt, args);
	va_end(args);
	note->loc = loc;
}

/* ---- rendering ---- */

/* Of a longer line only so many bytes are shown, and so many before a range. */
enum { MAX_LINE_SHOWN = 400, SHOWN_BEFORE = 60 };

/* The bytes of a line that are shown. */
struct window {
	uint32_t from, to, len;
};

static struct window window_of(const struct source *s, uint32_t line, uint32_t col)
{
	uint32_t start = line <= s->lines.n ? s->lines.at[line - 1] : (uint32_t)s->len;
	const char *end = memchr(s->text + start, '\n', s->len - start);
	struct window w = { .len = (end ? (uint32_t)(end - s->text) : (uint32_t)s->len) - start };

	w.to = w.len;
	if (w.len > MAX_LINE_SHOWN) {
		w.from = col > SHOWN_BEFORE ? col - SHOWN_BEFORE : 0;
		w.from = w.from < w.len ? w.from : w.len;
		w.to = w.len - w.from > MAX_LINE_SHOWN ? w.from + MAX_LINE_SHOWN : w.len;
	}
	return w;
}

static void render_line(const struct source *s, uint32_t line, struct window w, struct sbuf *out)
{
	const char *text = s->text + (line <= s->lines.n ? s->lines.at[line - 1] : s->len);

	if (w.from)
		sbuf_puts(out, "...");
	for (const char *p = text + w.from; p < text + w.to; p++) {
		if (*p == '\t')
			sbuf_puts(out, "    ");
		else if (*p)
			sbuf_putc(out, *p);
		else
			sbuf_putc(out, '?');
	}
	sbuf_puts(out, w.to < w.len ? "...\n" : "\n");
}

/* As wide as the byte is shown: a character of UTF-8 is one column. */
static size_t width_of(char c)
{
	return c == '\t' ? 4 : (c & 0xc0) == 0x80 ? 0 : 1;
}

/* Blanks up to the column, then a "~" for each column of the range. */
static void render_marker(const struct source *s, uint32_t begin, uint32_t col, uint32_t width,
			  struct window w, struct sbuf *out)
{
	const char *line = s->text + (begin - s->base) - (col - 1);
	uint32_t end = col - 1 + width;

	if (w.from)
		sbuf_puts(out, "   ");
	for (uint32_t i = w.from; i < col - 1; i++)
		sbuf_fill(out, ' ', width_of(line[i]));
	for (uint32_t i = col - 1; i < end && (i < w.to || w.to == w.len); i++)
		sbuf_fill(out, '~', width_of(line[i]));
	sbuf_putc(out, '\n');
}

/* A place with its text and source lines. */
static void render_place(const struct diags *d, struct loc loc, const char *word,
			 const char *start, const char *text, bool colour, struct sbuf *out)
{
	const struct source *s, *end_source;
	uint32_t line, col, end_line, end_col;
	const char *end = colour ? "\033[0m" : "";

	if (colour)
		sbuf_puts(out, start);
	if (!source_line_col(d, loc.begin, &s, &line, &col)) {
		sbuf_printf(out, "%s: %s%s\n", word, text, end);
		return;
	}
	if (!source_line_col(d, loc.end, &end_source, &end_line, &end_col) || end_source != s) {
		end_line = line;
		end_col = col;
	}
	if (end_line == line)
		sbuf_printf(out, "%s:%u:%u-%u: ", s->name, line, col, end_col);
	else
		sbuf_printf(out, "%s:%u-%u: ", s->name, line, end_line);
	sbuf_printf(out, "%s: %s%s\n", word, text, end);
	for (uint32_t i = line; i <= end_line; i++)
		render_line(s, i, window_of(s, i, i == line ? col : 1), out);
	if (end_line == line)
		render_marker(s, loc.begin, col, end_col > col ? end_col - col : 0,
			      window_of(s, line, col), out);
}

void diag_render(const struct diags *d, const struct diag *diag, bool colour, struct sbuf *out)
{
	const char *word = diag->level == DIAG_ERROR ? "ERROR" : "WARNING";
	const char *start = diag->level == DIAG_ERROR ? "\033[31m" : "\033[33m";
	const struct expansion *from;

	if (*diag->text)
		render_place(d, diag->loc, word, start, diag->text, colour, out);
	for (const struct diag_note *n = diag->notes; n; n = n->next) {
		if (n->is_hint)
			sbuf_printf(out, "HINT: %s\n", n->text);
		else
			render_place(d, n->loc, word, start, n->text, colour, out);
	}
	for (from = diag->loc.from; from; from = from->call.from)
		render_place(d, from->call, word, start, "expanded from", colour, out);
}

/* ---- nearest word ---- */

#define NEAREST_MAX_LEN 64

/* Levenshtein distance, swaps of neighbours counted once; 99 for long words. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned row[3][NEAREST_MAX_LEN + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > NEAREST_MAX_LEN || lb > NEAREST_MAX_LEN)
		return 99;
	for (size_t j = 0; j <= lb; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned *cur = row[i % 3], *prev = row[(i + 2) % 3], *before = row[(i + 1) % 3];

		cur[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = prev[j - 1] + (a[i - 1] != b[j - 1]);

			if (prev[j] + 1 < best)
				best = prev[j] + 1;
			if (cur[j - 1] + 1 < best)
				best = cur[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			cur[j] = best;
		}
	}
	return row[la % 3][lb];
}

void nearest_start(struct nearest *n, const char *word)
{
	n->word = word;
	n->best = NULL;
	n->distance = (unsigned)strlen(word) / 3 + 1;
}

void nearest_try(struct nearest *n, const char *candidate)
{
	unsigned distance = edit_distance(n->word, candidate);

	if (distance < n->distance || (!n->best && distance == n->distance)) {
		n->best = candidate;
		n->distance = distance;
	}
}
