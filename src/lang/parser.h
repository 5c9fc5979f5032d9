/*
 * What the files of the parser share: its state, looking ahead, errors.
 *
 * Recursive descent over tokens read on demand. `tok` is the next token, not
 * yet taken. After a syntax error `panic` silences the rest until the caller
 * that can go on (statement list, file level) has found a place to do so.
 */
#ifndef SONDE_LANG_PARSER_H
#define SONDE_LANG_PARSER_H

#include "base/hmap.h"
#include "lang/ast.h"
#include "lang/lang.h"
#include "lang/lexer.h"

/* Nesting that the parser goes into, and the height of the trees that it makes:
 * later stages walk trees by recursion. */
#define PARSER_MAX_DEPTH	2000
#define PARSER_MAX_HEIGHT	2000

struct parser {
	struct lexer lx;
	struct arena *arena;
	struct names *names;
	struct diags *diags;
	const struct source *source;
	const struct lang_options *options;
	struct script *script;
	struct token tok;
	uint32_t prev_end;		/* end of the token taken last */
	uint32_t reported_end;		/* mistakes inside tokens before this are reported */
	unsigned depth;
	bool panic;
	struct hmap macro_names;	/* #define and macro: (NAME) is no cast */
};

/* ---- parser.c ---- */

void parser_advance(struct parser *p);
bool parser_accept(struct parser *p, enum token_kind kind);
bool parser_is_word(const struct parser *p, const char *word);
struct token parser_peek(const struct parser *p);	/* the token after tok */
void parser_seek(struct parser *p, uint32_t pos);	/* make tok the token at pos */

/* Take a token of this kind, or report that it was expected. */
bool parser_expect(struct parser *p, enum token_kind kind);

/* The same, saying what the token is here: "variable after 'let'". */
bool parser_expect_as(struct parser *p, enum token_kind kind, const char *what);

/* A syntax error at `loc`, unless in panic already; starts panic. NULL if silent. */
struct diag *parser_error(struct parser *p, struct loc loc, enum diag_tag tag, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* "expected WHAT" at the next token, with what was found as a hint. */
struct diag *parser_expected(struct parser *p, const char *what);

/* Report what is wrong inside a token, once. */
void parser_report(struct parser *p, const struct token *tok);

struct loc parser_loc(const struct parser *p, uint32_t begin, uint32_t end);
struct loc parser_tok_loc(const struct parser *p);
/* From `begin` to the end of the token taken last. */
struct loc parser_loc_from(const struct parser *p, uint32_t begin);

/* Count a level of nesting; false (and an error) when there are too many. */
bool parser_enter(struct parser *p);
void parser_leave(struct parser *p);

/* Skip to behind the next ";" or to a "}" that closes what is open now, or to
 * what looks like the next probe; ends panic. */
void parser_resync(struct parser *p);

/* The next token begins a line and looks like a probe's header. */
bool parser_at_probe_header(const struct parser *p);

/* Set the node's height from its children; too high a tree is an error. */
struct node *parser_finish(struct parser *p, struct node *n);

struct node *parser_error_node(struct parser *p);

/* ---- grammar ---- */

/* parse_expr.c */
struct node *parse_expr(struct parser *p);
struct node *parse_unary(struct parser *p);
struct node *parse_primary(struct parser *p);
struct node *parse_if(struct parser *p);
struct node *parse_condition(struct parser *p);
/* MAP or MAP[keys]. */
struct node *parse_map(struct parser *p, bool with_keys);
struct node *parse_var(struct parser *p);

/* parse_stmt.c */
struct node *parse_block(struct parser *p);
/* A block whose value is not used: body of a probe, function, loop. */
struct node *parse_body(struct parser *p);

/* parse_type.c */
struct type_expr *parse_type(struct parser *p);
/* A type or an expression, as in sizeof(...); exactly one of the two is set. */
void parse_type_or_expr(struct parser *p, struct type_expr **type, struct node **expr);
/* The next tokens are "(" type ")" in front of an operand. */
bool parser_at_cast(const struct parser *p);
bool parser_at_type_word(const struct parser *p, const struct token *tok);

/* attach_point.c */
/* Read one attach point as raw text from the next token on; NULL if it is empty
 * or wrong. */
struct attach_point *parse_attach_point(struct parser *p);

/* parse_c.c */
/* Take a directive or definition if there is one; false if not. */
bool parse_c_part(struct parser *p, struct c_chunk *chunk);

#endif
