/*
 * What all files of the parser share: taking tokens, reporting errors, bounds,
 * going on after an error.
 *
 * Each mistake is told once: in panic nothing is reported, and a mistake inside
 * a token only when the token is taken for the first time.
 */
#include "lang/parser.h"

#include <string.h>
#include <strings.h>

/* So many errors say enough. */
#define MAX_ERRORS 20

/* ---- tokens ---- */

/* After these the rest of the line means nothing. */
static bool spoils_line(const struct token *tok)
{
	return tok->kind == TOK_BAD || tok->error_tag == DIAG_UNTERMINATED_STRING;
}

void parser_report(struct parser *p, const struct token *tok)
{
	if (!tok->error || tok->begin < p->reported_end)
		return;
	p->reported_end = tok->begin + 1;
	if (p->panic)
		return;
	diag_error(p->diags, parser_loc(p, tok->error_begin, tok->error_end), tok->error_tag,
		   "syntax: %s", tok->error);
	p->panic = spoils_line(tok);
}

void parser_seek(struct parser *p, uint32_t pos)
{
	p->tok = lex_token(&p->lx, pos);
}

void parser_advance(struct parser *p)
{
	parser_report(p, &p->tok);
	p->prev_end = p->tok.end;
	if (p->tok.kind != TOK_EOF)
		parser_seek(p, p->tok.end);
}

struct token parser_peek(const struct parser *p)
{
	return lex_token(&p->lx, p->tok.end);
}

bool parser_accept(struct parser *p, enum token_kind kind)
{
	if (p->tok.kind != kind)
		return false;
	parser_advance(p);
	return true;
}

bool parser_is_word(const struct parser *p, const char *word)
{
	return p->tok.kind == TOK_IDENT && !strcmp(p->tok.name, word);
}

bool parser_expect_as(struct parser *p, enum token_kind kind, const char *what)
{
	if (p->panic)
		return false;
	if (parser_accept(p, kind))
		return true;
	parser_expected(p, what);
	return false;
}

bool parser_expect(struct parser *p, enum token_kind kind)
{
	return parser_expect_as(p, kind, token_kind_text(kind));
}

/* ---- places and errors ---- */

struct loc parser_loc(const struct parser *p, uint32_t begin, uint32_t end)
{
	return (struct loc){ .begin = p->source->base + begin, .end = p->source->base + end,
			     .from = p->options->from };
}

struct loc parser_tok_loc(const struct parser *p)
{
	return parser_loc(p, p->tok.begin, p->tok.end);
}

struct loc parser_loc_from(const struct parser *p, uint32_t begin)
{
	return parser_loc(p, begin, p->prev_end > begin ? p->prev_end : begin);
}

struct diag *parser_error(struct parser *p, struct loc loc, enum diag_tag tag, const char *fmt, ...)
{
	va_list args;
	const char *text;

	if (p->panic)
		return NULL;
	p->panic = true;
	va_start(args, fmt);
	text = arena_vprintf(p->arena, fmt, args);
	va_end(args);
	return diag_error(p->diags, loc, tag, "syntax: %s", text);
}

/* "expected ';'" points behind what is there when the line ends; a wrong word is shown itself. */
static struct loc expected_loc(const struct parser *p, const char *what)
{
	const char *gap = p->source->text + p->prev_end;
	bool is_mark = *what == '\'' || p->tok.kind == TOK_EOF;

	if (is_mark && p->prev_end && memchr(gap, '\n', p->tok.begin - p->prev_end))
		return parser_loc(p, p->prev_end, p->prev_end);
	return parser_tok_loc(p);
}

static void hint_found(struct parser *p, struct diag *d)
{
	const struct token *tok = &p->tok;
	uint32_t len = tok->end - tok->begin;

	if (tok->kind == TOK_EOF)
		diag_hint(p->diags, d, "the script ends here");
	else if (len <= 40)
		diag_hint(p->diags, d, "found '%.*s'", (int)len, p->source->text + tok->begin);
}

struct diag *parser_expected(struct parser *p, const char *what)
{
	struct diag *d;

	if (p->panic)
		return NULL;
	if (p->tok.error && (p->tok.kind == TOK_EOF || spoils_line(&p->tok))) {
		parser_report(p, &p->tok);
		p->panic = true;
		return NULL;
	}
	d = parser_error(p, expected_loc(p, what), DIAG_SYNTAX, "expected %s", what);
	hint_found(p, d);
	if (p->tok.kind == TOK_HASH)
		diag_hint(p->diags, d, "comments are // to the end of the line, or /* ... */");
	else if (p->tok.kind == TOK_ASSIGN && !strcmp(what, "';'"))
		diag_hint(p->diags, d, "an assignment has no value that could be used");
	else if (p->tok.kind == TOK_ASSIGN && !strcmp(what, "')'"))
		diag_hint(p->diags, d, "values are compared with ==");
	return d;
}

struct node *parser_error_node(struct parser *p)
{
	return node_new(p->arena, NODE_ERROR, parser_tok_loc(p));
}

/* ---- bounds ---- */

/* Nothing more is read. */
static void give_up(struct parser *p)
{
	p->panic = true;
	parser_seek(p, (uint32_t)p->source->len);
}

bool parser_enter(struct parser *p)
{
	if (p->depth < PARSER_MAX_DEPTH) {
		p->depth++;
		return true;
	}
	parser_error(p, parser_tok_loc(p), DIAG_NESTING, "nesting is too deep");
	give_up(p);
	return false;
}

void parser_leave(struct parser *p)
{
	p->depth--;
}

static void max_height(struct node **slot, void *arg)
{
	unsigned *height = arg;

	if ((*slot)->height > *height)
		*height = (*slot)->height;
}

static void type_height(const struct type_expr *t, unsigned *height)
{
	for (; t; t = t->of_type)
		if (t->of_expr && t->of_expr->height > *height)
			*height = t->of_expr->height;
}

struct node *parser_finish(struct parser *p, struct node *n)
{
	unsigned height = 0;

	node_children(n, max_height, &height);
	if (n->kind == NODE_CAST)
		type_height(n->u.cast.to, &height);
	else if (n->kind == NODE_LET)
		type_height(n->u.let.declared, &height);
	else if (n->kind == NODE_SIZEOF || n->kind == NODE_OFFSETOF ||
		 n->kind == NODE_TYPEINFO || n->kind == NODE_TYPE_ARG)
		type_height(n->u.type_query.of_type, &height);
	if (height < PARSER_MAX_HEIGHT) {
		n->height = (uint16_t)(height + 1);
		return n;
	}
	parser_error(p, parser_tok_loc(p), DIAG_NESTING, "expression is too long");
	give_up(p);
	return parser_error_node(p);
}

/* ---- recovery ---- */

bool parser_at_probe_header(const struct parser *p)
{
	const char *text = p->source->text;
	const struct token *tok = &p->tok;
	enum token_kind next;

	if (tok->kind != TOK_IDENT || (tok->begin && text[tok->begin - 1] != '\n'))
		return false;
	if (text[tok->end] == ':')
		return true;
	next = parser_peek(p).kind;
	return (!strcasecmp(tok->name, "begin") || !strcasecmp(tok->name, "end")) &&
	       (next == TOK_LBRACE || next == TOK_SLASH || next == TOK_COMMA);
}

/* Leaves panic set at the next probe and at the end of the script: no block that
 * is open now is closed. */
void parser_resync(struct parser *p)
{
	unsigned depth = 0;

	p->panic = true;
	while (p->tok.kind != TOK_EOF) {
		enum token_kind kind = p->tok.kind;

		if (parser_at_probe_header(p))
			return;
		if (kind == TOK_RBRACE && !depth)
			break;
		depth += kind == TOK_LBRACE;
		depth -= kind == TOK_RBRACE;
		parser_advance(p);
		if (!depth && (kind == TOK_SEMI || kind == TOK_RBRACE) &&
		    !parser_is_word(p, "else"))
			break;
	}
	if (p->diags->nr_errors >= MAX_ERRORS)
		give_up(p);
	p->panic = p->tok.kind == TOK_EOF;
}
