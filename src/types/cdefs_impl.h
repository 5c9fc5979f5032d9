/*
 * What the files of the C part share: types of C as they are being defined.
 *
 * Types of C are kept apart from the language's types, which want to know all
 * of a struct when they are made: a struct of C may be defined after it was
 * pointed to. They are turned into the language's when asked for (ctype_make).
 */
#ifndef SONDE_TYPES_CDEFS_IMPL_H
#define SONDE_TYPES_CDEFS_IMPL_H

#include "types/cdefs.h"
#include "types/cpp.h"

#define CDECL_DEPTH_MAX	100	/* of nested declarators and records */
#define CTYPE_BYTES_MAX	(1u << 30)

enum ctype_kind {
	CTYPE_VOID, CTYPE_BOOL, CTYPE_INT,
	CTYPE_OPAQUE,		/* has a size, but no values that the language knows: floats */
	CTYPE_POINTER, CTYPE_ARRAY, CTYPE_FUNCTION,
	CTYPE_RECORD,		/* struct or union */
	CTYPE_ENUM,
	CTYPE_KNOWN		/* the kernel's, from BTF */
};

struct ctag;

struct ctype {
	enum ctype_kind kind;
	uint32_t size_bytes, align_bytes;
	bool is_signed;
	bool is_char;			/* plain `char`: arrays of it are text */
	bool is_user;			/* POINTER: to user memory */
	bool is_sized;			/* sizeof is known */
	uint16_t depth;			/* pointers and arrays within each other */
	uint32_t count;			/* ARRAY; 0: flexible */
	const struct ctype *target;	/* POINTER, ARRAY */
	struct ctag *tag;		/* RECORD, ENUM */
	const struct type *known;
};

/* Attributes that change a layout. */
struct cattrs {
	bool is_packed;
	uint32_t align_bytes;		/* 0: none */
	uint32_t mode_bytes;		/* size that `mode` or `vector_size` gives; 0: none */
	bool is_vector;
};

struct cfield {
	const char *name;		/* interned, or NULL */
	const struct ctype *type;
	struct cattrs attrs;
	bool is_bitfield;
	uint32_t bits;			/* width of a bitfield */
	uint64_t at_bits;		/* set by layout */
	struct loc loc;
};

/* What stands behind `struct`, `union` or `enum`. */
struct ctag {
	struct cdefs *c;
	const char *name;		/* interned; NULL: anonymous */
	enum kbtf_keyword keyword;
	bool is_defined, is_open, in_header;
	struct loc loc;			/* of the name where it was defined */
	struct ctype *type;
	VEC(struct cfield) fields;
	VEC(struct type_enumerator) items;
	const struct type *made;	/* the language's type, when it was asked for */
};

struct cenumerator {
	struct cvalue value;
	struct ctag *tag;
	bool in_header;
	struct loc loc;
};

struct cdefs {
	struct cdefs_env env;
	struct types *types;
	struct arena *arena;
	struct names *names;
	struct cpp cpp;
	struct hmap tags;		/* interned name -> struct ctag */
	struct hmap typedefs;		/* interned name -> const struct ctype */
	struct hmap enumerators;	/* interned name -> struct cenumerator */
	struct hmap macro_sources;	/* interned name -> struct source: text made of a macro */
	int type_depth;			/* of typeof, sizeof and casts within each other */
	const struct ctype *void_, *bool_, *char_, *integers[2][4], *opaque16;
};

/* A run of tokens being parsed. */
struct cparser {
	const struct ctoken *begin;	/* of the tokens at hand */
	struct cdefs *c;
	const struct ctoken *at, *end;
	int depth;
	bool failed;		/* the declaration at hand makes no sense (and that was told) */
};

/* ---- ctype.c ---- */
void ctypes_init(struct cdefs *c);
const struct ctype *ctype_int(struct cdefs *c, uint32_t size_bytes, bool is_signed);
const struct ctype *ctype_pointer(struct cdefs *c, const struct ctype *target, bool is_user);
/* NULL if it would be too large. */
const struct ctype *ctype_array(struct cdefs *c, const struct ctype *target, uint64_t count);
const struct ctype *ctype_opaque(struct cdefs *c, uint32_t size_bytes, uint32_t align_bytes);
const struct ctype *ctype_function(struct cdefs *c);
/* The same with another alignment. */
const struct ctype *ctype_aligned(struct cdefs *c, const struct ctype *t, uint32_t align_bytes);
/* A type of the kernel, or of C itself, by a plain name; NULL if there is none. */
const struct ctype *ctype_by_name(struct cdefs *c, const char *name);
/* A record that the script only mentions is the kernel's; `t` itself if not. */
const struct ctype *ctype_complete(struct cdefs *c, const struct ctype *t);
/* The language's type; types->error for what it has no values of. */
const struct type *ctype_make(struct cdefs *c, const struct ctype *t);
/* Of a tag that is defined. */
const struct type *ctag_make(struct ctag *tag);

/* ---- clayout.c ---- */
/* Place the fields as C's ABI does; false if the record is too large. */
bool clayout_record(struct ctag *tag, const struct cattrs *attrs, uint32_t pack);

/* ---- cdecl.c ---- */
/* Read definitions up to the end of the tokens. */
void cdecl_parse(struct cdefs *c, const struct ctoken *tokens, size_t n);
/* A type as in sizeof(...): the tokens that it takes; 0: none stands there. */
size_t cdecl_type_name(struct cdefs *c, const struct ctoken *tokens, size_t n,
		       const struct ctype **type);
bool cdecl_number(struct cdefs *c, const struct ctoken *tokens, size_t n, struct cvalue *value);

/* ---- cattr.c ---- */
/* "__attribute__((...))" and its short forms, as many as there are. */
void cdecl_attributes(struct cparser *p, struct cattrs *attrs);
/* The tokens between the parentheses that follow; n == 0: there are none. */
const struct ctoken *cdecl_args(struct cparser *p, size_t *n);

/* Shared with cattr.c and crecord.c. */
struct diag *cdecl_error(struct cparser *p, const struct ctoken *at, enum diag_tag tag,
			 const char *fmt, ...) __attribute__((format(printf, 4, 5)));
bool cdecl_take(struct cparser *p, const char *text);
bool cdecl_expect(struct cparser *p, const char *text);
bool cdecl_at(const struct cparser *p, const char *text);
const struct ctoken *cdecl_token(const struct cparser *p);	/* never NULL */
bool cdecl_enter(struct cparser *p);
/* A constant up to one of the tokens `ends`; false after an error. */
bool cdecl_constant(struct cparser *p, const char *ends, struct cvalue *value);
/* "static const unsigned int": NULL if no type stands there, or after an error. */
const struct ctype *cdecl_specifiers(struct cparser *p, bool *is_typedef, struct cattrs *attrs);
/* "*name[3]"; *name is NULL if it has none. NULL after an error. */
const struct ctype *cdecl_declarator(struct cparser *p, const struct ctype *base,
				     const struct ctoken **name, struct cattrs *attrs);
void cdecl_skip_balanced(struct cparser *p);	/* from an opening bracket behind its end */

/* ---- crecord.c ---- */
/* Behind the keyword. NULL after an error. */
const struct ctype *crecord_parse(struct cparser *p, enum kbtf_keyword keyword);
const struct ctype *cenum_parse(struct cparser *p);
/* Warn of a type of the script that the kernel has, too. */
void cdefs_check_kernel(struct cdefs *c, const struct ctoken *name, enum kbtf_keyword keyword,
			const struct ctype *own);
bool cdefs_find_number(struct cdefs *c, const char *name, struct cvalue *value);

/* ---- cconst.c ---- */
/* A well-known constant. */
bool cconst_find(const struct cdefs *c, const char *name, struct cvalue *value);
void cconst_suggest(struct nearest *near);

#endif
