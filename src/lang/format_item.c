/*
 * Tokens and the comments between them as items of a layout.
 *
 * The gap between two tokens is chosen by who walks the tree; the comments in it
 * have the last word. A comment that ends its line ends it again; one with a line
 * of its own keeps that; a block comment between two tokens stays before the
 * second, or behind the first where the second is a "," or closes something.
 */
#include "lang/format.h"

#include <string.h>

static struct fmt_item *push(struct formatter *f, struct fmt_item item)
{
	vec_push(f->arena, &f->items, item);
	return &f->items.at[f->items.n - 1];
}

static const char *source_text(const struct formatter *f)
{
	return f->lx.source->text;
}

/* ---- texts ---- */

/* Side by side the two would be read as one token, or as a comment. */
static bool run_together(char last, char first)
{
	if (lex_is_name_char(last))
		return lex_is_name_char(first);
	if (last == '/')
		return first == '/' || first == '*';
	return last == first && strchr("+-&.<>", last) && last;
}

static uint32_t columns(const char *text, uint32_t len)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < len && text[i] != '\n'; i++)
		n += (text[i] & 0xc0) != 0x80;
	return n;
}

static void push_text(struct formatter *f, const char *text, uint32_t len)
{
	if (!len)
		return;
	if (run_together(f->last, *text))
		push(f, (struct fmt_item){ .kind = FMT_SPACE });
	push(f, (struct fmt_item){ .kind = FMT_TEXT, .text = text, .len = len,
				   .width = columns(text, len),
				   .forced = memchr(text, '\n', len) != NULL });
	f->last = text[len - 1];
}

/* ---- gaps ---- */

void fmt_gap(struct formatter *f, enum fmt_gap gap)
{
	f->gap = gap;
}

static uint32_t newlines(const struct formatter *f, uint32_t from, uint32_t to)
{
	uint32_t n = 0;

	for (; from < to; from++)
		n += source_text(f)[from] == '\n';
	return n;
}

static void push_line(struct formatter *f, uint32_t next)
{
	bool kept = f->gap == GAP_ITEM && !f->closes;

	push(f, (struct fmt_item){ .kind = FMT_LINE, .forced = true, .closes = f->closes,
				   .inside = f->gap == GAP_NONE || f->gap == GAP_SPACE,
				   .resumes = f->gap == GAP_RESUME,
				   .empty_line = kept && newlines(f, f->pos, next) > 1 });
}

/* Write the gap before what begins at `next`. */
static void flush_gap(struct formatter *f, uint32_t next)
{
	bool line = f->ended || f->gap == GAP_LINE || f->gap == GAP_ITEM;

	if (f->glued && !f->ended)
		push(f, (struct fmt_item){ .kind = FMT_SPACE });
	else if (f->gap == GAP_BREAK)
		push(f, (struct fmt_item){ .kind = FMT_BREAK, .spaced = true,
					   .forced = f->ended, .closes = f->closes });
	else if (line)
		push_line(f, next);
	else if (f->gap == GAP_SPACE || f->gap == GAP_RESUME)
		push(f, (struct fmt_item){ .kind = FMT_SPACE });
	if (f->glued || f->ended || f->gap != GAP_NONE)
		f->last = '\0';
	f->ended = f->glued = f->closes = false;
}

/* ---- comments ---- */

/* No token follows on the line. What holds for one comment of a row does for all. */
static bool is_last(struct formatter *f, uint32_t pos)
{
	struct fmt_row *row = &f->row;
	struct lex_comment c;

	if (pos >= row->begin && pos <= row->end)
		return row->is_last;
	row->begin = row->end = pos;
	row->is_last = true;
	while (row->is_last && !lex_ends_line(&f->lx, row->end)) {
		row->is_last = lex_next_comment(&f->lx, row->end, &c);
		if (row->is_last)
			row->end = c.end;
	}
	return row->is_last;
}

/* The token behind the comment clings to what is before it. */
static bool clings(struct formatter *f, uint32_t pos)
{
	char next;

	if (pos < f->blank_begin || pos > f->blank_end) {
		f->blank_begin = pos;
		f->blank_end = lex_skip_blank(&f->lx, pos, NULL);
	}
	next = source_text(f)[f->blank_end];
	return next && (strchr(",;)]", next) || (next == '}' && f->last != '{'));
}

static void push_comment(struct formatter *f, const struct lex_comment *c)
{
	const char *text = source_text(f) + c->begin;
	uint32_t len = c->end - c->begin;

	while (len && strchr(" \t\r", text[len - 1]))
		len--;
	push_text(f, text, len);
	if (c->is_line)		/* it may be longer than the line */
		f->items.at[f->items.n - 1].width = 0;
	f->pos = f->written = c->end;
}

static void put_comment(struct formatter *f, const struct lex_comment *c)
{
	bool first = !f->items.n;
	bool own_line = first || newlines(f, f->written, c->begin);
	bool last = is_last(f, c->end);
	bool clinging = !c->is_line && (!own_line || f->gap == GAP_NONE) && clings(f, c->end);
	bool ends = lex_ends_line(&f->lx, c->end) && (own_line || !clinging);

	if (!f->ended && (last ? !own_line : clinging)) {
		if (!strchr("([", f->last))
			push(f, (struct fmt_item){ .kind = FMT_SPACE });
		f->last = '\0';
		push_comment(f, c);
		f->ended = ends;
		return;
	}
	f->ended |= last;
	if (!first && f->gap == GAP_NONE && !f->ended && !strchr("([", f->last))
		f->glued = true;
	if (!first)
		flush_gap(f, c->begin);
	push_comment(f, c);
	f->ended = ends;
	f->glued = !ends;
}

void fmt_comments(struct formatter *f)
{
	struct lex_comment c;

	while (lex_next_comment(&f->lx, f->pos, &c))
		put_comment(f, &c);
}

/* ---- tokens ---- */

struct token fmt_peek(const struct formatter *f)
{
	return lex_token(&f->lx, f->pos);
}

bool fmt_next_is(const struct formatter *f, enum token_kind kind)
{
	return fmt_peek(f).kind == kind;
}

static void put_source(struct formatter *f, uint32_t begin, uint32_t end)
{
	if (f->items.n)
		flush_gap(f, begin);
	push_text(f, source_text(f) + begin, end - begin);
	f->gap = GAP_NONE;
	f->pos = f->written = end;
}

void fmt_word(struct formatter *f)
{
	struct token tok = fmt_peek(f);

	fmt_comments(f);
	put_source(f, tok.begin, tok.end);
}

void fmt_token(struct formatter *f, enum token_kind kind)
{
	f->lost |= !fmt_next_is(f, kind);
	fmt_word(f);
}

void fmt_skip(struct formatter *f, enum token_kind kind)
{
	struct token tok = fmt_peek(f);

	f->lost |= tok.kind != kind;
	fmt_comments(f);
	f->pos = tok.end;
}

void fmt_raw(struct formatter *f, uint32_t end)
{
	uint32_t begin;

	fmt_comments(f);
	begin = lex_skip_blank(&f->lx, f->pos, NULL);
	f->lost |= end < begin;
	if (!f->lost)
		put_source(f, begin, end);
}

void fmt_end(struct formatter *f)
{
	push_text(f, ";", 1);
	f->gap = GAP_ITEM;
	if (fmt_next_is(f, TOK_SEMI))
		fmt_skip(f, TOK_SEMI);
	f->written = f->pos;
}

/* ---- lists and blocks ---- */

static void push_open(struct formatter *f, struct fmt_item item)
{
	push(f, item);
	vec_push(f->arena, &f->open, (uint32_t)f->items.n - 1);
}

static void push_close(struct formatter *f, enum fmt_kind kind)
{
	f->items.at[f->open.at[--f->open.n]].match = (uint32_t)f->items.n;
	push(f, (struct fmt_item){ .kind = kind });
}

void fmt_open(struct formatter *f, enum fmt_list list)
{
	/* What comes before the list is no part of it; between brackets all is. */
	if (list != FMT_ARGS) {
		fmt_comments(f);
		flush_gap(f, lex_skip_blank(&f->lx, f->pos, NULL));
		f->gap = GAP_NONE;
	}
	push_open(f, (struct fmt_item){ .kind = FMT_OPEN, .list = list });
}

void fmt_close(struct formatter *f)
{
	push_close(f, FMT_CLOSE);
}

void fmt_block_in(struct formatter *f, enum fmt_gap gap)
{
	fmt_token(f, TOK_LBRACE);
	push_open(f, (struct fmt_item){ .kind = FMT_IN });
	f->gap = gap;
}

void fmt_block_out(struct formatter *f, enum fmt_gap gap)
{
	f->gap = gap;
	fmt_comments(f);
	f->glued = false;
	if (f->items.n - 1 == f->open.at[f->open.n - 1]) {
		f->items.n--;
		f->open.n--;
		f->gap = GAP_NONE;
		fmt_token(f, TOK_RBRACE);
		return;
	}
	f->closes = true;
	fmt_token(f, TOK_RBRACE);
	push_close(f, FMT_OUT);
}
