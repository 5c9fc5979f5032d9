/*
 * Tokens of the script language, read one at a time from any position.
 *
 * The grammar has three raw parts (attach points, C parts, the closing slash of
 * a predicate), so there is no token array: the parser asks for the token at a
 * position and may go back. A mistake inside a token is carried by the token
 * and reported when the parser takes it.
 */
#ifndef SONDE_LANG_LEXER_H
#define SONDE_LANG_LEXER_H

#include "base/diag.h"
#include "base/names.h"

enum token_kind {
	TOK_EOF, TOK_IDENT, TOK_VAR, TOK_MAP, TOK_PARAM, TOK_PARAM_COUNT, TOK_INT, TOK_STRING,
	TOK_BAD,		/* a byte that starts no token */
	TOK_LPAREN, TOK_RPAREN, TOK_LBRACE, TOK_RBRACE, TOK_LBRACKET, TOK_RBRACKET,
	TOK_COMMA, TOK_SEMI, TOK_COLON, TOK_QUESTION, TOK_DOT, TOK_DOTDOT, TOK_ARROW, TOK_HASH,
	TOK_PLUS, TOK_MINUS, TOK_STAR, TOK_SLASH, TOK_PERCENT, TOK_AMP, TOK_PIPE, TOK_CARET,
	TOK_TILDE, TOK_NOT, TOK_ANDAND, TOK_OROR, TOK_INC, TOK_DEC,
	TOK_EQ, TOK_NE, TOK_LT, TOK_LE, TOK_GT, TOK_GE, TOK_SHL, TOK_SHR,
	TOK_ASSIGN, TOK_ADD_ASSIGN, TOK_SUB_ASSIGN, TOK_MUL_ASSIGN, TOK_DIV_ASSIGN,
	TOK_MOD_ASSIGN, TOK_AND_ASSIGN, TOK_OR_ASSIGN, TOK_XOR_ASSIGN, TOK_SHL_ASSIGN,
	TOK_SHR_ASSIGN,
	TOK_KIND_COUNT
};

struct token {
	enum token_kind kind;
	uint32_t begin, end;		/* offsets in the source */
	const char *name;		/* IDENT, VAR, MAP: interned, without "$" or "@" */
	uint64_t value;			/* INT, PARAM */
	bool is_duration;		/* INT */
	const char *text;		/* STRING: arena, escapes resolved */
	size_t len;
	const char *error;		/* what is wrong inside, or NULL */
	enum diag_tag error_tag;
	uint32_t error_begin, error_end;
};

struct lexer {
	struct arena *arena;
	struct names *names;
	const struct source *source;
};

/* The token at or after `pos`. */
struct token lex_token(const struct lexer *lx, uint32_t pos);

/* The first offset at or after `pos` that is neither blank nor comment. A
 * comment that is not closed ends at the end of the text and is reported in
 * *open_comment (may be NULL) by its offset. */
uint32_t lex_skip_blank(const struct lexer *lx, uint32_t pos, uint32_t *open_comment);

/* Nothing but blanks follows on the line. */
bool lex_ends_line(const struct lexer *lx, uint32_t pos);

struct lex_comment {
	uint32_t begin, end;	/* a line's end is not part of it */
	bool is_line;		/* "//" */
	bool is_open;		/* the text ends inside of it */
};

/* The comment at or after `pos` if only blanks come before it. */
bool lex_next_comment(const struct lexer *lx, uint32_t pos, struct lex_comment *c);

/* How the kind is written in messages: "';'", "an identifier". */
const char *token_kind_text(enum token_kind kind);

bool lex_is_name_start(char c);
bool lex_is_name_char(char c);

#endif
