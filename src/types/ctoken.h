/*
 * Tokens of C, as the preprocessor sees them.
 */
#ifndef SONDE_TYPES_CTOKEN_H
#define SONDE_TYPES_CTOKEN_H

#include "base/names.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

enum ctoken_kind { CTOKEN_END, CTOKEN_NEWLINE, CTOKEN_IDENT, CTOKEN_NUMBER, CTOKEN_STRING,
		   CTOKEN_CHAR, CTOKEN_PUNCT, CTOKEN_OTHER };

struct ctoken {
	uint8_t kind;		/* enum ctoken_kind */
	uint8_t pack;		/* #pragma pack in force, in bytes; 0: none */
	bool space_before : 1;
	bool no_expand : 1;	/* the name of a macro within its own expansion */
	bool in_header : 1;
	uint32_t pos;		/* of the first byte, see base/diag.h; 0: nowhere */
	const char *text;	/* interned; NEWLINE and END: "" */
};

typedef VEC(struct ctoken) ctoken_vec;

/* Reads a text token by token. Comments are blanks, a backslash before a newline
 * joins lines. */
struct csplit {
	struct names *names;
	const char *start, *at, *end;
	uint32_t pos;		/* of `start`; 0: nowhere */
	bool in_header;
};

/* The next token; NEWLINE ends a line, END the text (again and again). */
struct ctoken csplit_next(struct csplit *s);

/* Go behind the newline that ends the line. */
void csplit_skip_line(struct csplit *s);

/* If the line begins with "#", go behind that. */
bool csplit_at_directive(struct csplit *s);

/* Behind the last of n tokens; none may be NULL. */
static inline const struct ctoken *ctoken_end(const struct ctoken *tokens, size_t n)
{
	return n ? tokens + n : tokens;
}

static inline bool ctoken_is(const struct ctoken *t, const char *text)
{
	const char *p = t->text;

	if (t->kind != CTOKEN_PUNCT && t->kind != CTOKEN_IDENT)
		return false;
	while (*p && *p == *text) {
		p++;
		text++;
	}
	return *p == *text;
}

#endif
