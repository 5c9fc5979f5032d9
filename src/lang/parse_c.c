/*
 * C parts of a script: preprocessor lines and struct, union, enum and typedef
 * definitions, taken verbatim for the C front end.
 */
#include "lang/parser.h"

#include <string.h>

/* Behind a string or character literal that begins at pos. */
static uint32_t literal_end(const struct source *s, uint32_t pos)
{
	char quote = s->text[pos++];

	while (pos < s->len && s->text[pos] != quote && s->text[pos] != '\n')
		pos += s->text[pos] == '\\' && pos + 1 < s->len ? 2 : 1;
	return pos < s->len ? pos + 1 : (uint32_t)s->len;
}

/* Behind what cannot end a directive and begins at pos: a line's end after a
 * backslash, a literal, a comment of several lines, or any one byte. Inside of a
 * line's comment only the first counts. */
static uint32_t directive_step(struct parser *p, uint32_t pos, bool *in_comment)
{
	const struct source *s = p->source;
	struct lex_comment c;
	uint32_t end;

	if (!strncmp(s->text + pos, "\\\r\n", 3))
		return pos + 3;
	if (!strncmp(s->text + pos, "\\\n", 2))
		return pos + 2;
	if (*in_comment)
		return pos + 1;
	if (s->text[pos] == '"' || s->text[pos] == '\'') {
		end = literal_end(s, pos);
		return s->text[end - 1] == s->text[pos] ? end : pos + 1;
	}
	if (s->text[pos] != '/' || !lex_next_comment(&p->lx, pos, &c))
		return pos + 1;
	*in_comment = c.is_line;
	if (c.is_open)
		parser_error(p, parser_loc(p, pos, pos + 2), DIAG_UNTERMINATED_COMMENT,
			     "unterminated comment");
	return c.is_line ? pos + 1 : c.end;
}

static uint32_t directive_end(struct parser *p, uint32_t pos)
{
	bool in_comment = false;

	while (pos < p->source->len && p->source->text[pos] != '\n')
		pos = directive_step(p, pos, &in_comment);
	return pos < p->source->len ? pos : (uint32_t)p->source->len;
}

/* The next byte of C at or after pos that is neither comment nor blank. */
static uint32_t c_skip(const struct parser *p, uint32_t pos)
{
	return lex_skip_blank(&p->lx, pos, NULL);
}

/* Behind the bracket that closes the one at pos; 0 if there is none. */
static uint32_t balanced_end(const struct parser *p, uint32_t pos, char open, char close)
{
	const struct source *s = p->source;
	unsigned depth = 0;

	while ((pos = c_skip(p, pos)) < s->len) {
		char c = s->text[pos];

		if (c == '"' || c == '\'') {
			pos = literal_end(s, pos);
			continue;
		}
		depth += c == open;
		depth -= c == close;
		pos++;
		if (c == close && !depth)
			return pos;
	}
	return 0;
}

static bool word_at(const struct parser *p, uint32_t pos, const char *word)
{
	size_t len = strlen(word);

	return !strncmp(p->source->text + pos, word, len) &&
	       !lex_is_name_char(p->source->text[pos + len]);
}

static uint32_t name_skip(const struct parser *p, uint32_t pos)
{
	while (lex_is_name_char(p->source->text[pos]))
		pos++;
	return pos;
}

/* Behind { "__attribute__" "((" ... "))" }; 0 if one is not closed. */
static uint32_t attributes_end(const struct parser *p, uint32_t pos)
{
	uint32_t at;

	for (at = c_skip(p, pos); word_at(p, at, "__attribute__"); at = c_skip(p, pos)) {
		at = c_skip(p, name_skip(p, at));
		if (p->source->text[at] != '(')
			return 0;
		pos = balanced_end(p, at, '(', ')');
		if (!pos)
			return 0;
	}
	return pos;
}

/* From the keyword to the "{" or ";": names and attributes. 0: something else. */
static uint32_t definition_head(const struct parser *p, uint32_t pos)
{
	const char *text = p->source->text;

	for (;;) {
		pos = c_skip(p, pos);
		if (word_at(p, pos, "__attribute__"))
			pos = attributes_end(p, pos);
		else if (lex_is_name_start(text[pos]))
			pos = name_skip(p, pos);
		else
			return text[pos] == '{' || text[pos] == ';' ? pos : 0;
		if (!pos)
			return 0;
	}
}

/* Behind a struct, union or enum definition without its ";", or 0. */
static uint32_t definition_end(const struct parser *p, uint32_t pos)
{
	pos = definition_head(p, pos);
	if (!pos || p->source->text[pos] == ';')
		return pos;
	pos = balanced_end(p, pos, '{', '}');
	return pos ? attributes_end(p, pos) : 0;
}

/* Behind the last byte before the ";" of a typedef, or 0. */
static uint32_t typedef_end(const struct parser *p, uint32_t pos)
{
	const struct source *s = p->source;

	do {
		pos = c_skip(p, pos);
		if (pos >= s->len || s->text[pos] == ';')
			return pos < s->len ? pos : 0;
		pos = s->text[pos] == '{' ? balanced_end(p, pos, '{', '}') : pos + 1;
	} while (pos);
	return 0;
}

static void parse_definition(struct parser *p, struct c_chunk *chunk)
{
	uint32_t begin = p->tok.begin, end;

	end = parser_is_word(p, "typedef") ? typedef_end(p, begin) : definition_end(p, begin);
	if (!end) {
		struct diag *d = parser_error(p, parser_tok_loc(p), DIAG_BAD_DEFINITION,
					      "C definition is not complete");

		if (d)
			diag_hint(p->diags, d, "a name, { members } and ; are expected");
		parser_seek(p, (uint32_t)p->source->len);
		return;
	}
	chunk->text = arena_printf(p->arena, "%.*s;", (int)(end - begin), p->source->text + begin);
	chunk->loc = parser_loc(p, begin, end);
	p->prev_end = end;
	parser_seek(p, end);
	parser_accept(p, TOK_SEMI);
}

/* Without the blanks at the end, unless a backslash is before them: there it would
 * join lines. At the end of the script it joins nothing. */
static uint32_t trimmed_end(const struct source *s, uint32_t end)
{
	const char *blanks = end == s->len ? " \t\r\n" : " \t\r";
	uint32_t trimmed = end;

	while (strchr(blanks, s->text[trimmed - 1]))
		trimmed--;
	return s->text[trimmed - 1] == '\\' && end < s->len ? end : trimmed;
}

static void parse_directive(struct parser *p, struct c_chunk *chunk)
{
	uint32_t begin = p->tok.begin;
	uint32_t end = trimmed_end(p->source, directive_end(p, begin));

	if (p->source->text[begin + 1] == '!')
		parser_error(p, parser_loc(p, begin, begin + 2), DIAG_SYNTAX,
			     "'#!' can only be the first thing in a script");
	chunk->is_directive = true;
	chunk->text = arena_strndup(p->arena, p->source->text + begin, end - begin);
	chunk->loc = parser_loc(p, begin, end);
	p->prev_end = end;
	parser_seek(p, end);
}

bool parse_c_part(struct parser *p, struct c_chunk *chunk)
{
	bool named = parser_peek(p).kind == TOK_IDENT;
	bool tagged = parser_is_word(p, "struct") || parser_is_word(p, "union") ||
		      parser_is_word(p, "enum");

	memset(chunk, 0, sizeof(*chunk));
	if (p->tok.kind == TOK_HASH)
		parse_directive(p, chunk);
	else if (tagged && parser_peek(p).kind != TOK_COLON)
		parse_definition(p, chunk);
	else if (parser_is_word(p, "typedef") && named)
		parse_definition(p, chunk);
	else
		return false;
	return true;
}
