/*
 * What the files of the formatter share.
 *
 * A formatted script is the tokens of its source with other blanks between them
 * (and ";" where it was left out): the tree says where lines end, the source says
 * how each token is spelled and which comments stand before it. Walking the tree
 * (format.c, format_stmt.c, format_expr.c) takes the tokens one after the other;
 * format_item.c turns each, with the comments before it, into items; and
 * format_layout.c breaks the items into lines.
 */
#ifndef SONDE_LANG_FORMAT_H
#define SONDE_LANG_FORMAT_H

#include "lang/ast.h"
#include "lang/lexer.h"

#include "base/sbuf.h"

enum fmt_kind {
	FMT_TEXT,	/* text, width */
	FMT_SPACE,
	FMT_LINE,	/* the line ends here */
	FMT_BREAK,	/* the line may end here, when the list around is too long for it */
	FMT_OPEN,	/* a list begins; match is its FMT_CLOSE */
	FMT_CLOSE,
	FMT_IN,		/* a block begins; match is its FMT_OUT */
	FMT_OUT
};

/* How a list that is too long for its line is broken. Its lines begin in the
 * column in which the list does. */
enum fmt_list {
	FMT_FILL,	/* as few breaks as can be; the last lines are the full ones */
	FMT_ARGS,	/* the same between brackets: may begin on the next line */
	FMT_ALL		/* at each FMT_BREAK */
};

struct fmt_item {
	enum fmt_kind kind;
	enum fmt_list list;	/* OPEN */
	bool forced;		/* the list around cannot be one line */
	bool inside;		/* LINE: within a statement */
	bool closes;		/* LINE, BREAK: what follows closes the block */
	bool resumes;		/* LINE: what follows goes on where its statement began */
	bool empty_line;	/* LINE: one comes before */
	bool spaced;		/* BREAK: a blank when it does not break */
	const char *text;
	uint32_t len, width;	/* TEXT: bytes, columns of its first line */
	uint32_t match;
};

typedef VEC(struct fmt_item) fmt_items;

/* What comes between the token taken last and the next. */
enum fmt_gap {
	GAP_NONE,
	GAP_SPACE,
	GAP_RESUME,	/* a blank; a new line as far left as the statement if it must be one */
	GAP_BREAK,	/* a blank or a new line */
	GAP_LINE,	/* a new line */
	GAP_ITEM	/* a new line; an empty one before it stays */
};

/* Comments behind each other on a line, without a token between them. */
struct fmt_row {
	uint32_t begin, end;	/* where the first ends, and the last; 0, 0: none seen yet */
	bool is_last;		/* no token follows on the line */
};

struct formatter {
	struct arena *arena;
	struct lexer lx;
	fmt_items items;
	uint32_t pos;		/* behind the token or comment taken last */
	uint32_t written;	/* behind the one written last */
	enum fmt_gap gap;
	struct fmt_row row;
	uint32_t blank_begin, blank_end;	/* between these no token begins */
	bool ended;		/* a comment was the last thing of its line: a new line it is */
	bool glued;		/* a comment stands in the gap: a blank it is */
	bool closes;		/* the next gap is before what closes a block */
	char last;		/* what the next token stands beside; NUL: a blank */
	bool lost;		/* the tree and the tokens do not agree */
	VEC(uint32_t) open;	/* OPEN and IN that have no match yet */
};

/* ---- format_item.c ---- */

struct token fmt_peek(const struct formatter *f);
bool fmt_next_is(const struct formatter *f, enum token_kind kind);

/* Take the next token with the comments before it. */
void fmt_word(struct formatter *f);
/* The same; it is of this kind. */
void fmt_token(struct formatter *f, enum token_kind kind);
/* The same, but do not write it. */
void fmt_skip(struct formatter *f, enum token_kind kind);
/* Take the source up to `end` as it is, with the comments before it. */
void fmt_raw(struct formatter *f, uint32_t end);
/* Write a ";" behind what was taken last; take it if there is one, and the
 * comments before it follow it. */
void fmt_end(struct formatter *f);

void fmt_gap(struct formatter *f, enum fmt_gap gap);
void fmt_open(struct formatter *f, enum fmt_list list);
void fmt_close(struct formatter *f);
/* Take the "{" of a block, what follows comes after `gap`; and its "}". */
void fmt_block_in(struct formatter *f, enum fmt_gap gap);
void fmt_block_out(struct formatter *f, enum fmt_gap gap);

/* Write the comments before the next token now. */
void fmt_comments(struct formatter *f);

/* ---- format_layout.c ---- */

void fmt_layout(struct arena *a, const fmt_items *items, struct sbuf *out);

/* ---- format_expr.c ---- */

void fmt_expr(struct formatter *f, const struct node *n);
void fmt_condition(struct formatter *f, const struct node *n);
void fmt_if(struct formatter *f, const struct node *n);
void fmt_type(struct formatter *f, const struct type_expr *t);

/* The items of a list between brackets, `each` writes one. */
typedef void (*fmt_each_fn)(struct formatter *f, const void *list, size_t i);
void fmt_args(struct formatter *f, const void *list, size_t n, fmt_each_fn each,
	      enum token_kind closer);

/* ---- format_stmt.c ---- */

/* Whether a block may have a value: without ";" its last statement would be it. */
enum fmt_value {
	FMT_NO_VALUE,
	FMT_VALUE,	/* { 1 } if it is nothing else */
	FMT_LONG_VALUE	/* on a line of its own */
};

void fmt_block(struct formatter *f, const struct node *n, enum fmt_value value);

#endif
