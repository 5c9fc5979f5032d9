/*
 * Types as written, and telling them from expressions.
 *
 * Whether "(name*)" is a cast cannot be known without types, so spelling
 * decides: see parser_at_cast.
 */
#include "lang/parser.h"

#include <string.h>

static const struct {
	const char *word;
	enum type_expr_kind kind;
} tag_words[] = {
	{ "struct", TYPE_EXPR_STRUCT }, { "union", TYPE_EXPR_UNION }, { "enum", TYPE_EXPR_ENUM },
};

/* Old names of types and what they are called now. */
static const struct {
	const char *old, *now;
} old_names[] = {
	{ "str_t", "string" }, { "buf_t", "buffer" }, { "inet_t", "inet" },
	{ "timestamp_t", "timestamp" }, { "ucount_t", "count_t" },
	{ "strerror_t", "string" },
};

static bool tag_kind(const struct token *tok, enum type_expr_kind *kind)
{
	if (tok->kind != TOK_IDENT)
		return false;
	for (size_t i = 0; i < sizeof(tag_words) / sizeof(tag_words[0]); i++)
		if (!strcmp(tok->name, tag_words[i].word)) {
			*kind = tag_words[i].kind;
			return true;
		}
	return false;
}

/* struct, union or enum with a name behind it. */
bool parser_at_type_word(const struct parser *p, const struct token *tok)
{
	enum type_expr_kind kind;

	return tag_kind(tok, &kind) && lex_token(&p->lx, tok->end).kind == TOK_IDENT;
}

static const char *current_name(struct parser *p, const char *name)
{
	for (size_t i = 0; i < sizeof(old_names) / sizeof(old_names[0]); i++)
		if (!strcmp(name, old_names[i].old))
			return name_of(p->names, old_names[i].now);
	return name;
}

/* ---- looking ahead ---- */

/* Skip { "*" | "[" [ INT ] "]" } from *tok on; false if a bracket holds more. */
static bool skip_suffixes(const struct parser *p, struct token *tok)
{
	for (;;) {
		if (tok->kind == TOK_LBRACKET) {
			*tok = lex_token(&p->lx, tok->end);
			if (tok->kind == TOK_INT)
				*tok = lex_token(&p->lx, tok->end);
			if (tok->kind != TOK_RBRACKET)
				return false;
		} else if (tok->kind != TOK_STAR) {
			return true;
		}
		*tok = lex_token(&p->lx, tok->end);
	}
}

static bool starts_operand(const struct token *tok, const char *text)
{
	return tok->kind != TOK_EOF && (lex_is_name_char(text[tok->begin]) ||
					strchr("$@\"(-!~*&", text[tok->begin]));
}

/* A known macro of this name makes "(NAME) - 1" a difference, as it was before
 * casts to plain names existed. */
static bool is_grouped_macro(const struct parser *p, const char *name, char next)
{
	return strchr("-*&", next) && hmap_find(&p->macro_names, name, strlen(name));
}

/* "(" IDENT "[" "-" INT "]" ")" and an operand that nothing else could be: a cast to a
 * type that is none, which is to be told of as such. */
static bool at_negative_size(const struct parser *p, struct token tok)
{
	static const enum token_kind kinds[] = {
		TOK_LBRACKET, TOK_MINUS, TOK_INT, TOK_RBRACKET, TOK_RPAREN,
	};
	char next;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (tok.kind != kinds[i])
			return false;
		tok = lex_token(&p->lx, tok.end);
	}
	next = p->source->text[tok.begin];
	return tok.kind != TOK_EOF && (lex_is_name_char(next) || strchr("$@\"", next));
}

/* "(" IDENT { "*" | "[n]" } ")" is a cast if what follows can start an operand;
 * a builtin's name never is a type, struct, union, enum and typeof always are. */
bool parser_at_cast(const struct parser *p)
{
	struct token word = parser_peek(p), tok;
	enum type_expr_kind kind;

	if (tag_kind(&word, &kind))
		return lex_token(&p->lx, word.end).kind == TOK_IDENT;
	if (word.kind != TOK_IDENT)
		return false;
	tok = lex_token(&p->lx, word.end);
	if (!strcmp(word.name, "typeof"))
		return tok.kind == TOK_LPAREN;
	if (at_negative_size(p, tok))
		return true;
	if (lang_is_builtin_word(word.name) || !skip_suffixes(p, &tok) || tok.kind != TOK_RPAREN)
		return false;
	tok = lex_token(&p->lx, tok.end);
	return starts_operand(&tok, p->source->text) &&
	       !is_grouped_macro(p, word.name, p->source->text[tok.begin]);
}

/* Inside sizeof and the like: a bare name, or one with suffixes, is a type. */
static bool at_type(const struct parser *p)
{
	struct token tok = p->tok;

	if (tok.kind != TOK_IDENT || lang_is_builtin_word(tok.name) ||
	    !strcmp(tok.name, "true") || !strcmp(tok.name, "false"))
		return false;
	if (parser_at_type_word(p, &tok))
		return true;
	tok = lex_token(&p->lx, tok.end);
	if (!strcmp(p->tok.name, "typeof"))
		return tok.kind == TOK_LPAREN;
	return skip_suffixes(p, &tok) && (tok.kind == TOK_RPAREN || tok.kind == TOK_COMMA);
}

/* ---- parsing ---- */

static void parse_suffixes(struct parser *p, struct type_expr *t)
{
	while (!p->panic) {
		struct type_suffix suffix = { 0 };

		if (parser_accept(p, TOK_LBRACKET)) {
			suffix.is_array = true;
			suffix.has_count = p->tok.kind == TOK_INT;
			suffix.count = suffix.has_count ? p->tok.value : 0;
			parser_accept(p, TOK_INT);
			parser_expect(p, TOK_RBRACKET);
		} else if (!parser_accept(p, TOK_STAR)) {
			break;
		}
		vec_push(p->arena, &t->suffixes, suffix);
	}
}

static void parse_typeof(struct parser *p, struct type_expr *t)
{
	t->kind = TYPE_EXPR_TYPEOF;
	parser_advance(p);
	parser_expect(p, TOK_LPAREN);
	parse_type_or_expr(p, &t->of_type, &t->of_expr);
	parser_expect(p, TOK_RPAREN);
}

struct type_expr *parse_type(struct parser *p)
{
	struct type_expr *t = arena_new(p->arena, struct type_expr);
	uint32_t begin = p->tok.begin;

	t->kind = TYPE_EXPR_NAME;
	t->name = name_of(p->names, "");
	if (!parser_enter(p))
		return t;
	if (parser_is_word(p, "typeof") && parser_peek(p).kind == TOK_LPAREN) {
		parse_typeof(p, t);
	} else {
		if (tag_kind(&p->tok, &t->kind))
			parser_advance(p);
		if (p->tok.kind == TOK_IDENT) {
			t->name = t->kind == TYPE_EXPR_NAME ? current_name(p, p->tok.name)
							    : p->tok.name;
			parser_advance(p);
		} else {
			parser_expected(p, "type name");
		}
	}
	parse_suffixes(p, t);
	parser_leave(p);
	t->loc = parser_loc_from(p, begin);
	return t;
}

void parse_type_or_expr(struct parser *p, struct type_expr **type, struct node **expr)
{
	*type = NULL;
	*expr = NULL;
	if (at_type(p))
		*type = parse_type(p);
	else
		*expr = parse_expr(p);
}
