/*
 * Splitting C text into preprocessor tokens, one at a time.
 *
 * Any bytes may come in; what is no token of C comes out as CTOKEN_OTHER.
 */
#include "types/ctoken.h"

#include <ctype.h>
#include <string.h>

/* The length of what counts as blank here: blanks, joined lines, comments. */
static size_t blank_length(const char *p, const char *end)
{
	const char *q;

	if (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\f' || *p == '\v')
		return 1;
	if (*p == '\\' && end - p > 1 && p[1] == '\n')
		return 2;
	if (*p == '\\' && end - p > 2 && p[1] == '\r' && p[2] == '\n')
		return 3;
	if (*p != '/' || end - p < 2)
		return 0;
	if (p[1] == '/') {
		q = memchr(p, '\n', (size_t)(end - p));
		return (size_t)((q ? q : end) - p);
	}
	if (p[1] != '*')
		return 0;
	for (q = p + 2; end - q > 1; q++)
		if (q[0] == '*' && q[1] == '/')
			return (size_t)(q + 2 - p);
	return (size_t)(end - p);
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static bool is_name(char c)
{
	return is_name_start(c) || (c >= '0' && c <= '9');
}

/* A literal; one that is not closed ends with its line. */
static size_t quoted_length(const char *p, const char *end)
{
	const char *q = p + 1;

	while (q < end && *q != *p && *q != '\n')
		q += *q == '\\' && q + 1 < end ? 2 : 1;
	return (size_t)((q < end && *q == *p ? q + 1 : q < end ? q : end) - p);
}

static size_t punct_length(const char *p, size_t len)
{
	static const char *const long_ones[] = {
		"...", "<<=", ">>=", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&",
		"||", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "##",
	};

	for (size_t i = 0; i < sizeof(long_ones) / sizeof(long_ones[0]); i++) {
		size_t n = strlen(long_ones[i]);

		if (n <= len && !memcmp(p, long_ones[i], n))
			return n;
	}
	return 1;
}

static size_t number_length(const char *p, const char *end)
{
	const char *q = p;

	while (q < end && (is_name(*q) || *q == '.' ||
			   ((*q == '+' || *q == '-') && (q[-1] == 'e' || q[-1] == 'E') &&
			    p[0] != '0')))
		q++;
	return (size_t)(q - p);
}

static size_t token_length(const char *p, const char *end, enum ctoken_kind *kind)
{
	const char *q = p;

	if (is_name_start(*p)) {
		*kind = CTOKEN_IDENT;
		while (q < end && is_name(*q))
			q++;
		return (size_t)(q - p);
	}
	if (isdigit((unsigned char)*p) ||
	    (*p == '.' && end - p > 1 && isdigit((unsigned char)p[1]))) {
		*kind = CTOKEN_NUMBER;
		return number_length(p, end);
	}
	if (*p == '"' || *p == '\'') {
		*kind = *p == '"' ? CTOKEN_STRING : CTOKEN_CHAR;
		return quoted_length(p, end);
	}
	*kind = ispunct((unsigned char)*p) ? CTOKEN_PUNCT : CTOKEN_OTHER;
	return *kind == CTOKEN_PUNCT ? punct_length(p, (size_t)(end - p)) : 1;
}

/* Over blanks; true if there were any. */
static bool skip_blanks(struct csplit *s)
{
	const char *begin = s->at;
	size_t n;

	while (s->at < s->end && (n = blank_length(s->at, s->end)))
		s->at += n;
	return s->at > begin;
}

struct ctoken csplit_next(struct csplit *s)
{
	struct ctoken t = { .space_before = skip_blanks(s), .in_header = s->in_header, .text = "" };
	enum ctoken_kind kind;
	size_t n;

	t.pos = s->pos ? s->pos + (uint32_t)(s->at - s->start) : 0;
	if (s->at >= s->end)
		return t;
	if (*s->at == '\n') {
		t.kind = CTOKEN_NEWLINE;
		s->at++;
		return t;
	}
	n = token_length(s->at, s->end, &kind);
	t.kind = (uint8_t)kind;
	t.text = name_of_len(s->names, s->at, n);
	s->at += n;
	return t;
}

void csplit_skip_line(struct csplit *s)
{
	enum ctoken_kind kind;

	while (skip_blanks(s), s->at < s->end && *s->at != '\n')
		s->at += token_length(s->at, s->end, &kind);
	s->at += s->at < s->end;
}

bool csplit_at_directive(struct csplit *s)
{
	const char *begin = s->at;

	skip_blanks(s);
	if (s->at < s->end && *s->at == '#') {
		s->at++;
		return true;
	}
	s->at = begin;
	return false;
}
