/*
 * The C preprocessor: text in; directives obeyed, macros expanded, tokens out.
 *
 * Mistakes in the script's own lines are diagnostics; what a header does that
 * is not understood is passed over.
 */
#ifndef SONDE_TYPES_CPP_H
#define SONDE_TYPES_CPP_H

#include "base/diag.h"
#include "types/cdefs.h"
#include "types/ctoken.h"

#define CPP_INCLUDE_DEPTH_MAX	64
#define CPP_HEADERS_MAX		20000
#define CPP_HEADER_BYTES_MAX	(256u << 20)
#define CPP_EXPANSION_MAX	2000000	/* tokens that macros may make in a script */

struct cmacro {
	const char *name;
	bool is_function, is_variadic;
	bool is_expanding;		/* its own name is left alone meanwhile */
	VEC(const char *) params;	/* the last one stands for the rest if is_variadic */
	ctoken_vec body;		/* without the END */
	struct loc loc;			/* of the body in its source; begin 0: nowhere */
};

struct cpp_condition {
	bool was_live;			/* around the #if */
	bool is_live;			/* this branch */
	bool has_been_live;		/* this branch or one before */
	bool in_else;
	struct loc loc;			/* of the #if */
	int file;			/* depth of #include that it stands in */
};

/* A text that is being read. */
struct cpp_file {
	bool is_own;			/* the script, or a header that belongs to it */
	const char *dir;		/* where #include "..." looks first */
	size_t dir_index;		/* in include_dirs, for #include_next; SIZE_MAX: none */
	const char *path;
};

/* How a text came in, for the places of errors in it. */
struct cpp_origin {
	uint32_t begin, end;		/* its positions */
	const struct expansion *from;
};

struct cpp {
	const struct cdefs_env *env;
	struct arena *arena;
	struct names *names;
	struct diags *diags;
	struct hmap macros;		/* interned name -> struct cmacro; undefined ones have no
					   name */
	struct hmap once;		/* paths of headers that are not read again */
	VEC(struct cpp_condition) conditions;
	VEC(uint8_t) packs;		/* #pragma pack(push) */
	struct cpp_file file;
	VEC(struct cpp_origin) origins;
	VEC(const char *) missing;	/* headers of the script that the system lacks */
	int depth;			/* of #include */
	struct hmap sources;		/* path -> struct source */
	size_t nr_headers, header_bytes;	/* read so far */
	size_t nr_expanded;
	bool has_kconfig;		/* the kernel's configuration has been read */
	bool is_lost;			/* a call of a macro was left out: what follows may make no
					   sense and is not told of */
	bool is_too_large;		/* one of the limits was met, and told */
	uint8_t pack;
	ctoken_vec run, line;		/* text between directives; a directive */
	ctoken_vec *out;
};

void cpp_init(struct cpp *p, const struct cdefs_env *env);

/* Preprocess a text of the script; what is no directive is expanded and
 * appended to *out. */
void cpp_text(struct cpp *p, const char *text, size_t len, struct loc loc, ctoken_vec *out);

/* The same for a header that is a source already, and belongs to the script. */
void cpp_source(struct cpp *p, const struct source *source, const struct expansion *from,
		ctoken_vec *out);

/* As #include "name" in the script; false if there is no such file. */
bool cpp_include(struct cpp *p, const char *name, ctoken_vec *out);

/* After the last text: what is still open becomes a diagnostic. */
void cpp_finish(struct cpp *p);

/* A macro that is defined, or NULL. `name` is interned. */
struct cmacro *cpp_macro(const struct cpp *p, const char *name);

/* Define a macro from the text behind "#define". */
void cpp_define(struct cpp *p, const char *text);

/* An error, or NULL if `t` stands in a header: those are not complained of. */
struct diag *cpp_error(struct cpp *p, const struct ctoken *t, enum diag_tag tag,
		       const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Where a token stands, without how its text came in. */
struct loc cpp_loc(const struct ctoken *t);

/* The same place with how its text came in, for errors. */
struct loc cpp_place(const struct cpp *p, struct loc loc);

/* The text in [begin, end) came in through the place `call`. */
void cpp_add_origin(struct cpp *p, uint32_t begin, uint32_t end, struct loc call);

/* ---- cpp_expand.c ---- */

/* Expand all macros in a run of tokens, NEWLINEs are dropped. */
void cpp_expand(struct cpp *p, const struct ctoken *tokens, size_t n, ctoken_vec *out);

/* ---- cpp_pragma.c ---- */

/* The words behind "#pragma". */
void cpp_pragma(struct cpp *p, const struct ctoken *t, size_t n);

/* Take each _Pragma(...) out of *p->out from an index on, and mark the rest with
 * the packing in force. */
void cpp_obey_pragmas(struct cpp *p, size_t from);

/* ---- cpp_include.c ---- */

/* An #include line; tokens behind the word "include". */
void cpp_include_line(struct cpp *p, const struct ctoken *at, const struct ctoken *tokens, size_t n,
		      bool is_next);

/* __has_include(...): tokens between the parentheses. */
bool cpp_has_include(struct cpp *p, const struct ctoken *tokens, size_t n);

/* Conditions opened since there were `from` end here: an error, but for headers
 * of others. */
void cpp_close_conditions(struct cpp *p, size_t from);

/* Read the text of a header. */
void cpp_read_text(struct cpp *p, struct csplit *split);

/* ---- cexpr.c ---- */

/* A constant of C: its bits, extended to 64, and how to read them. */
struct cvalue {
	uint64_t bits;
	bool is_unsigned;
	bool is_long;		/* 64 bits; else 32 */
};

struct cexpr_type {
	uint64_t size_bytes;
	uint32_t align_bytes;
	bool is_integer, is_unsigned;	/* a cast cuts to size_bytes */
};

/* What a constant expression may refer to; members may be NULL. */
struct cexpr_env {
	/* value of a name; NULL: 0, as in #if, where all is 64 bits wide */
	bool (*ident)(void *arg, const char *name, struct cvalue *value);
	/* a type at tokens: how many tokens it takes (0: none stands here), its size and
	 * alignment, and how a value is cast to it */
	size_t (*type)(void *arg, const struct ctoken *tokens, size_t n, struct cexpr_type *type);
	void *arg;
};

/* Evaluate the tokens; false if they are no constant expression. With `used`,
 * tokens may be left over. */
bool cexpr_eval(const struct cexpr_env *env, const struct ctoken *tokens, size_t n,
		struct cvalue *value, size_t *used);

#endif
