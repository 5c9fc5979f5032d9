/*
 * Sources, places in them, and diagnostics about them.
 *
 * All source texts of a session share one line of positions: a text of n bytes
 * takes n + 1 positions after the text before it, position 0 means "no place".
 * A place is a half-open range of positions plus, if the code came out of a
 * macro, the chain of calls that it was expanded from.
 *
 * Diagnostics are data, collected in order; nothing here prints. diag_render
 * gives the text of one in the form that docs/diagnostics describes:
 *
 *	FILE:LINE:COL-END: ERROR: text
 *	source line, tabs as four blanks
 *	   ~~~~
 *	HINT: text
 */
#ifndef SONDE_BASE_DIAG_H
#define SONDE_BASE_DIAG_H

#include "base/arena.h"
#include "base/sbuf.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

struct expansion;

struct loc {
	uint32_t begin, end;		/* positions; begin 0: nowhere */
	const struct expansion *from;	/* arena; NULL: not from a macro */
};

/* One level of "expanded from": the place of the call. */
struct expansion {
	struct loc call;	/* its own .from is the next level out */
};

struct source {
	const char *name;	/* as shown: a path, or "stdin" */
	const char *text;	/* arena; NUL-terminated, may hold NULs */
	size_t len;
	uint32_t base;		/* position of the first byte */
	VEC(uint32_t) lines;	/* where each begins in the text */
};

enum diag_level { DIAG_ERROR, DIAG_WARNING };

/* Kinds of diagnostics; diagnostics.def says how to add one. */
enum diag_tag {
#define DIAGNOSTIC(id, tag, severity, doc) DIAG_##id,
#include "base/diagnostics.def"
#undef DIAGNOSTIC
	DIAG_TAG_COUNT
};

struct diag_row {
	const char *tag;
	bool is_error, is_warning;	/* what it may be; both: by circumstances */
	const char *doc;
};
extern const struct diag_row diag_rows[DIAG_TAG_COUNT];

/* A related place or a hint, shown after the main line. */
struct diag_note {
	bool is_hint;		/* "HINT: text", no place */
	struct loc loc;
	const char *text;
	struct diag_note *next;
};

struct diag {
	enum diag_level level;
	struct loc loc;
	enum diag_tag tag;
	const char *text;		/* "": nothing is wrong, the notes answer a question */
	struct diag_note *notes;
};

struct diags {
	struct arena *arena;		/* borrowed */
	VEC(struct source *) sources;
	VEC(struct diag *) list;
	uint32_t next_base;
	int nr_errors, nr_warnings;
};

void diags_init(struct diags *d, struct arena *a);

/* Add a source text; it is copied. Returns NULL if the positions run out
 * (texts of over 2 GiB in all). */
struct source *source_add(struct diags *d, const char *name, const char *text, size_t len);

/* The source that holds a position, or NULL. */
const struct source *source_find(const struct diags *d, uint32_t pos);

/* 1-based line and column (bytes) of a position; false if it is nowhere. */
bool source_line_col(const struct diags *d, uint32_t pos, const struct source **source,
		     uint32_t *line, uint32_t *col);

/* The smallest range that covers both; .from is the first's. */
struct loc loc_join(struct loc a, struct loc b);

/* Add a diagnostic of a kind that may be an error, or a warning. */
struct diag *diag_error(struct diags *d, struct loc loc, enum diag_tag tag, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
struct diag *diag_warning(struct diags *d, struct loc loc, enum diag_tag tag, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Append a hint, or a related place, to a diagnostic. */
void diag_hint(struct diags *d, struct diag *diag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void diag_note(struct diags *d, struct diag *diag, struct loc loc, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Append the diagnostic's text to `out`. */
void diag_render(const struct diags *d, const struct diag *diag, bool colour, struct sbuf *out);

/* "did you mean": the candidate nearest to `word` by edit distance, or NULL if
 * none is near. Call with best = NULL first, then once for each candidate. */
struct nearest {
	const char *word;
	const char *best;
	unsigned distance;
};
void nearest_start(struct nearest *n, const char *word);
void nearest_try(struct nearest *n, const char *candidate);

#endif
