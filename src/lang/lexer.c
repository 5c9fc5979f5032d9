/*
 * Lexer: source text and a position in, one token out.
 *
 * It keeps no state, so looking ahead and going back cost nothing but time, and
 * it never reports: a token carries what is wrong inside it.
 */
#include "lang/lexer.h"

#include "lang/number.h"

#include <string.h>

struct punct {
	const char *text;
	enum token_kind kind;
};

/* Of two that begin alike the longer one comes first. */
static const struct punct puncts[] = {
	{ "<<=", TOK_SHL_ASSIGN }, { ">>=", TOK_SHR_ASSIGN },
	{ "..", TOK_DOTDOT }, { "->", TOK_ARROW }, { "&&", TOK_ANDAND }, { "||", TOK_OROR },
	{ "++", TOK_INC }, { "--", TOK_DEC }, { "==", TOK_EQ }, { "!=", TOK_NE },
	{ "<=", TOK_LE }, { ">=", TOK_GE }, { "<<", TOK_SHL }, { ">>", TOK_SHR },
	{ "+=", TOK_ADD_ASSIGN }, { "-=", TOK_SUB_ASSIGN }, { "*=", TOK_MUL_ASSIGN },
	{ "/=", TOK_DIV_ASSIGN }, { "%=", TOK_MOD_ASSIGN }, { "&=", TOK_AND_ASSIGN },
	{ "|=", TOK_OR_ASSIGN }, { "^=", TOK_XOR_ASSIGN },
	{ "(", TOK_LPAREN }, { ")", TOK_RPAREN }, { "{", TOK_LBRACE }, { "}", TOK_RBRACE },
	{ "[", TOK_LBRACKET }, { "]", TOK_RBRACKET }, { ",", TOK_COMMA }, { ";", TOK_SEMI },
	{ ":", TOK_COLON }, { "?", TOK_QUESTION }, { ".", TOK_DOT }, { "#", TOK_HASH },
	{ "+", TOK_PLUS }, { "-", TOK_MINUS }, { "*", TOK_STAR }, { "/", TOK_SLASH },
	{ "%", TOK_PERCENT }, { "&", TOK_AMP }, { "|", TOK_PIPE }, { "^", TOK_CARET },
	{ "~", TOK_TILDE }, { "!", TOK_NOT }, { "<", TOK_LT }, { ">", TOK_GT },
	{ "=", TOK_ASSIGN },
};

static const char *const kind_texts[TOK_KIND_COUNT] = {
	[TOK_EOF] = "the end of the script", [TOK_IDENT] = "identifier",
	[TOK_VAR] = "variable", [TOK_MAP] = "map", [TOK_PARAM] = "positional parameter",
	[TOK_PARAM_COUNT] = "'$#'", [TOK_INT] = "integer", [TOK_STRING] = "string",
	[TOK_BAD] = "unexpected character",
};

const char *token_kind_text(enum token_kind kind)
{
	static const char *const quoted[TOK_KIND_COUNT] = {
		[TOK_LPAREN] = "'('", [TOK_RPAREN] = "')'", [TOK_LBRACE] = "'{'",
		[TOK_RBRACE] = "'}'", [TOK_LBRACKET] = "'['", [TOK_RBRACKET] = "']'",
		[TOK_COMMA] = "','", [TOK_SEMI] = "';'", [TOK_COLON] = "':'",
		[TOK_ASSIGN] = "'='", [TOK_DOTDOT] = "'..'", [TOK_SLASH] = "'/'",
	};

	if (kind_texts[kind])
		return kind_texts[kind];
	return quoted[kind] ? quoted[kind] : "operator";
}

bool lex_is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool lex_is_name_char(char c)
{
	return lex_is_name_start(c) || is_digit(c);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind the comment at `pos`, and whether it is closed. The text is
 * NUL-terminated, so looking one byte ahead of a byte that is not NUL stays inside. */
static uint32_t comment_end(const struct lexer *lx, uint32_t pos, bool *closed)
{
	const char *t = lx->source->text, *end;
	uint32_t len = (uint32_t)lx->source->len;
	bool is_line = t[pos + 1] == '/';

	if (is_line)
		end = memchr(t + pos, '\n', len - pos);
	else
		end = memmem(t + pos + 2, len - pos - 2, "*/", 2);
	*closed = is_line || end;
	if (!end)
		return len;
	return (uint32_t)(end - t) + (is_line ? 0 : 2);
}

static bool at_comment(const struct lexer *lx, uint32_t pos)
{
	const char *t = lx->source->text + pos;

	return pos < lx->source->len && t[0] == '/' && (t[1] == '/' || t[1] == '*');
}

/* A mark of the byte order is no part of the text, wherever files were joined. */
static uint32_t blank_len(const char *text)
{
	return is_blank(*text) ? 1 : strncmp(text, "\xef\xbb\xbf", 3) ? 0 : 3;
}

static uint32_t skip_blank(const struct lexer *lx, uint32_t pos)
{
	uint32_t len;

	while (pos < lx->source->len && (len = blank_len(lx->source->text + pos)))
		pos += len;
	return pos;
}

bool lex_ends_line(const struct lexer *lx, uint32_t pos)
{
	const char *t = lx->source->text;
	uint32_t len;

	while (t[pos] != '\n' && (len = blank_len(t + pos)))
		pos += len;
	return !t[pos] || t[pos] == '\n';
}

uint32_t lex_skip_blank(const struct lexer *lx, uint32_t pos, uint32_t *open_comment)
{
	bool closed;

	for (pos = skip_blank(lx, pos); at_comment(lx, pos); pos = skip_blank(lx, pos)) {
		uint32_t begin = pos;

		pos = comment_end(lx, begin, &closed);
		if (!closed && open_comment)
			*open_comment = begin;
	}
	return pos;
}

bool lex_next_comment(const struct lexer *lx, uint32_t pos, struct lex_comment *c)
{
	bool closed;

	c->begin = skip_blank(lx, pos);
	if (!at_comment(lx, c->begin))
		return false;
	c->is_line = lx->source->text[c->begin + 1] == '/';
	c->end = comment_end(lx, c->begin, &closed);
	c->is_open = !closed;
	return true;
}

static void token_error(struct token *tok, enum diag_tag tag, const char *text, uint32_t begin,
			uint32_t end)
{
	if (tok->error)
		return;
	tok->error = text;
	tok->error_tag = tag;
	tok->error_begin = begin;
	tok->error_end = end;
}

static uint32_t name_end(const struct lexer *lx, uint32_t pos)
{
	while (pos < lx->source->len && lex_is_name_char(lx->source->text[pos]))
		pos++;
	return pos;
}

static void lex_name(const struct lexer *lx, struct token *tok, enum token_kind kind,
		     uint32_t start)
{
	tok->kind = kind;
	tok->end = name_end(lx, start);
	tok->name = name_of_len(lx->names, lx->source->text + start, tok->end - start);
}

static void number_error(const struct lexer *lx, struct token *tok, enum number_status status)
{
	const char *text = lx->source->text + tok->begin, *what = number_status_text(status);
	uint32_t len = tok->end - tok->begin, begin = tok->begin;

	if (status == NUMBER_OVERFLOW) {
		what = arena_printf(lx->arena, "%s, maximum value is %llu: %.*s", what,
				    (unsigned long long)number_max(text, len), (int)len, text);
	} else if (status == NUMBER_SUFFIX) {
		begin += (uint32_t)number_suffix(text, len);
		what = arena_printf(lx->arena, "%s '%.*s'", what, (int)(tok->end - begin),
				    lx->source->text + begin);
	} else if (status == NUMBER_SEPARATOR && text[len - 1] == '_') {
		begin = tok->end - 1;
	} else {
		what = arena_printf(lx->arena, "%s: %.*s", what, (int)len, text);
	}
	token_error(tok, DIAG_BAD_NUMBER, what, begin, tok->end);
}

static void lex_number(const struct lexer *lx, struct token *tok)
{
	const char *text = lx->source->text + tok->begin;
	enum number_status status;

	tok->kind = TOK_INT;
	tok->end = name_end(lx, tok->begin);
	status = number_parse(text, tok->end - tok->begin, &tok->value, &tok->is_duration);
	if (status)
		number_error(lx, tok, status);
}

static void lex_param(const struct lexer *lx, struct token *tok)
{
	const char *t = lx->source->text;
	uint32_t pos = tok->begin + 1;
	bool overflow = false;

	tok->kind = TOK_PARAM;
	for (; pos < lx->source->len && is_digit(t[pos]); pos++) {
		overflow |= __builtin_mul_overflow(tok->value, (uint64_t)10, &tok->value);
		overflow |= __builtin_add_overflow(tok->value, (uint64_t)(t[pos] - '0'),
						   &tok->value);
	}
	tok->end = pos;
	if (overflow || !tok->value || tok->value > INT64_MAX)
		token_error(tok, DIAG_BAD_PARAMETER,
			    arena_printf(lx->arena,
					 "param %.*s is out of integer range [1, %lld]",
					 (int)(pos - tok->begin), t + tok->begin,
					 (long long)INT64_MAX),
			    tok->begin, pos);
}

/* "$ x" is taken for $x, so that nothing else is complained of. */
static void lex_no_name(const struct lexer *lx, struct token *tok)
{
	uint32_t next = tok->begin + 1;

	while (lx->source->text[next] == ' ' || lx->source->text[next] == '\t')
		next++;
	if (lex_is_name_start(lx->source->text[next])) {
		lex_name(lx, tok, TOK_VAR, next);
	} else {
		tok->kind = TOK_VAR;
		tok->name = name_of(lx->names, "");
		tok->end = tok->begin + 1;
	}
	token_error(tok, DIAG_BAD_NAME, "expected identifier after '$'", tok->begin,
		    tok->begin + 1);
}

static void lex_dollar(const struct lexer *lx, struct token *tok)
{
	char next = lx->source->text[tok->begin + 1];

	if (lex_is_name_start(next)) {
		lex_name(lx, tok, TOK_VAR, tok->begin + 1);
	} else if (is_digit(next)) {
		lex_param(lx, tok);
	} else if (next == '#') {
		tok->kind = TOK_PARAM_COUNT;
		tok->end = tok->begin + 2;
	} else {
		lex_no_name(lx, tok);
	}
}

/* ---- strings ---- */

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if ((c | 32) >= 'a' && (c | 32) <= 'f')
		return (c | 32) - 'a' + 10;
	return -1;
}

static const char *read_octal(const char *p, unsigned *byte)
{
	*byte = 0;
	for (int i = 0; i < 3 && *p >= '0' && *p <= '7'; i++)
		*byte = *byte * 8 + (unsigned)(*p++ - '0');
	return p;
}

static const char *read_hex(const char *p, unsigned *byte)
{
	*byte = 0;
	for (int i = 0; i < 2 && hex_digit(*p) >= 0; i++)
		*byte = *byte * 16 + (unsigned)hex_digit(*p++);
	return p;
}

/* Read one escape; `p` is behind the backslash. Returns the first byte after. */
static const char *lex_escape(const struct lexer *lx, struct token *tok, const char *p, char *out)
{
	static const char names[] = "ntr\"\\", values[] = "\n\t\r\"\\";
	uint32_t at = (uint32_t)(p - lx->source->text);
	const char *simple = *p ? strchr(names, *p) : NULL;
	const char *end;
	unsigned byte;

	if (simple) {
		*out = values[simple - names];
		return p + 1;
	}
	if (*p >= '0' && *p <= '7') {
		end = read_octal(p, &byte);
		if (byte > 255)
			token_error(tok, DIAG_BAD_ESCAPE, "octal escape is larger than 255", at - 1,
				    (uint32_t)(end - lx->source->text));
		*out = (char)byte;
		return end;
	}
	if (*p == 'x' || *p == 'X') {
		end = read_hex(p + 1, &byte);
		if (end == p + 1)
			token_error(tok, DIAG_BAD_ESCAPE, "\\x needs one or two hexadecimal digits",
				    at - 1, at + 1);
		*out = (char)byte;
		return end;
	}
	token_error(tok, DIAG_BAD_ESCAPE,
		    arena_printf(lx->arena, "invalid escape character '\\%c'",
				 *p >= ' ' && *p < 127 ? *p : '?'),
		    at - 1, at + 1);
	*out = *p;
	return p + 1;
}

static void lex_string(const struct lexer *lx, struct token *tok)
{
	const char *t = lx->source->text, *end = t + lx->source->len;
	const char *p = t + tok->begin + 1, *close = p;
	char *out;

	while (close < end && *close != '"' && *close != '\n')
		close += *close == '\\' && close + 1 < end && close[1] != '\n' ? 2 : 1;
	if (close > end)
		close = end;
	tok->kind = TOK_STRING;
	out = arena_alloc(lx->arena, (size_t)(close - p) + 1);
	tok->text = out;
	while (p < close) {
		if (*p == '\\' && p + 1 < close) {
			p = lex_escape(lx, tok, p + 1, out++);
			continue;
		}
		*out++ = *p++;
	}
	tok->len = (size_t)(out - tok->text);
	tok->end = (uint32_t)(close - t);
	if (close < end && *close == '"')
		tok->end++;
	else
		token_error(tok, DIAG_UNTERMINATED_STRING,
			    "unterminated string", tok->begin, tok->end);
}

/* ---- the rest ---- */

static void lex_punct(const struct lexer *lx, struct token *tok)
{
	const char *at = lx->source->text + tok->begin;

	for (size_t i = 0; i < sizeof(puncts) / sizeof(puncts[0]); i++) {
		size_t len = strlen(puncts[i].text);

		if (strncmp(at, puncts[i].text, len))
			continue;
		tok->kind = puncts[i].kind;
		tok->end = tok->begin + (uint32_t)len;
		return;
	}
	tok->kind = TOK_BAD;
	tok->end = tok->begin + 1;
	while (tok->end < lx->source->len && (lx->source->text[tok->end] & 0xc0) == 0x80)
		tok->end++;
	if (*at == '\'')
		token_error(tok, DIAG_BAD_CHARACTER,
			    "strings stand in double quotes, not in single ones", tok->begin,
			    tok->end);
	else if (*at > ' ' && *at < 127)
		token_error(tok, DIAG_BAD_CHARACTER,
			    arena_printf(lx->arena, "unexpected character '%c'", *at), tok->begin,
			    tok->end);
	else if (*at & 0x80 && tok->end - tok->begin > 1)
		token_error(tok, DIAG_BAD_CHARACTER,
			    arena_printf(lx->arena, "unexpected character '%.*s'",
					 (int)(tok->end - tok->begin), at), tok->begin, tok->end);
	else
		token_error(tok, DIAG_BAD_CHARACTER,
			    arena_printf(lx->arena, "unexpected byte 0x%02x",
					 (unsigned)(unsigned char)*at), tok->begin, tok->end);
}

struct token lex_token(const struct lexer *lx, uint32_t pos)
{
	uint32_t open_comment = UINT32_MAX;
	struct token tok = { 0 };
	char c;

	tok.begin = lex_skip_blank(lx, pos, &open_comment);
	tok.end = tok.begin;
	if (tok.begin >= lx->source->len) {
		tok.kind = TOK_EOF;
		if (open_comment != UINT32_MAX)
			token_error(&tok, DIAG_UNTERMINATED_COMMENT, "unterminated comment",
				    open_comment, open_comment + 2);
		return tok;
	}
	c = lx->source->text[tok.begin];
	if (lex_is_name_start(c))
		lex_name(lx, &tok, TOK_IDENT, tok.begin);
	else if (is_digit(c))
		lex_number(lx, &tok);
	else if (c == '$')
		lex_dollar(lx, &tok);
	else if (c == '@')
		lex_name(lx, &tok, TOK_MAP, tok.begin + 1);
	else if (c == '"')
		lex_string(lx, &tok);
	else
		lex_punct(lx, &tok);
	return tok;
}
