/*
 * For tests of the C part: definitions, headers that exist in memory only, and
 * a small made-up kernel.
 */
#ifndef SONDE_TESTS_CDEFS_HELP_H
#define SONDE_TESTS_CDEFS_HELP_H

#include "tests/unit/btf_bytes.h"
#include "types/cdefs.h"

#define BIG_ENDIAN_HERE (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

struct cdefs_header {
	const char *path, *text;
};

struct cdefs_help {
	struct arena arena;
	struct names names;
	struct diags diags;
	struct types types;
	struct btf_bytes kernel;
	struct kbtf *btf;
	struct cdefs *c;
	const struct cdefs_header *headers;	/* up to one without path */
	struct sbuf text;
};

/* Headers are looked for in "/own" (as with -I) and in "/sys". */
void cdefs_help_open(struct cdefs_help *h, const struct cdefs_header *headers, bool has_btf);
void cdefs_help_close(struct cdefs_help *h);

/* Read definitions and preprocessor lines, as one text of the script; returns
 * the diagnostics, without the lines that repeat the source. */
const char *cdefs_help_read(struct cdefs_help *h, const char *text);

/* A type that must be there: "struct x", "x". */
const struct type *cdefs_help_type(struct cdefs_help *h, const char *name);

/* A field, also of anonymous members; its offset in bytes is put in *offset. */
const struct type_field *cdefs_help_field(struct cdefs_help *h, const struct type *t,
					  const char *name, uint32_t *offset);

/* The value of a macro that must be a constant of C. */
int64_t cdefs_help_value(struct cdefs_help *h, const char *macro);

#endif
