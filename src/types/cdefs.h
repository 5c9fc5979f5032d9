/*
 * C definitions of a script: its preprocessor lines, structs, unions, enums and
 * typedefs, and the headers that it includes.
 *
 * In: the script's C parts, in order. Out: types by name, enumerators, and
 * object-like macros as text that the script's own parser reads. A header that
 * is not installed is no error where the kernel's BTF is there: its types come
 * from BTF and its well-known constants from a table (cconst.c). What a header
 * has beyond types and macros is skipped.
 */
#ifndef SONDE_TYPES_CDEFS_H
#define SONDE_TYPES_CDEFS_H

#include "base/diag.h"
#include "types/kbtf.h"
#include "types/type.h"

struct cdefs;

struct cdefs_env {
	struct types *types;
	struct diags *diags;
	struct kbtf *btf;		/* NULL: none */
	bool char_is_signed, big_endian;
	uint32_t max_align_bytes;	/* of any scalar; 0: 16 */
	const char *machine_macro;	/* "__x86_64__" */
	uint64_t page_size;		/* 0: not known */
	uint32_t kernel_version;	/* as LINUX_VERSION_CODE */
	const char *script_dir;			/* where #include "..." looks first; NULL: here */
	const char *const *include_dirs;	/* where else, in order: -I, the system's */
	size_t nr_include_dirs;
	/* Which of them are the headers of the kernel itself, not of user space. */
	size_t first_kernel_dir, nr_kernel_dirs;
	/* Read a header: the text, NUL-terminated, in memory that outlives the
	 * compilation; NULL if there is none. */
	const char *(*read)(void *arg, const char *path, size_t *len);
	/* The same for headers that the compilation was given, which are looked for in all
	 * places before any other; NULL: none. */
	const char *(*read_given)(void *arg, const char *path, size_t *len);
	void *read_arg;
};

/* The types' arena owns the result. */
struct cdefs *cdefs_new(const struct cdefs_env *env);

/* A preprocessor line or a definition of the script, whose text lies at `loc`
 * in a source that diags knows. */
void cdefs_add(struct cdefs *c, const char *text, size_t len, struct loc loc);

/* A header that the script imports: the source that begins at loc.begin. */
void cdefs_add_header(struct cdefs *c, struct loc loc);

/* As if the script began with #include "path" (--include). False: not found. */
bool cdefs_include(struct cdefs *c, const char *path);

/* After the last part: unfinished #if and the like become diagnostics. */
void cdefs_finish(struct cdefs *c);

/* A type that the script or its headers define, or NULL. */
const struct type *cdefs_type(struct cdefs *c, enum kbtf_keyword keyword, const char *name);

/* An enumerator of the script or its headers. */
bool cdefs_enumerator(struct cdefs *c, const char *name, uint64_t *value, const struct type **type);

/* What an object-like macro stands for, as a piece of a source that diags knows
 * (or of a new one where macros with parameters had to be expanded first). False
 * if there is no such macro. */
struct cdefs_macro {
	struct source text;
	bool in_header;
};
bool cdefs_macro(struct cdefs *c, const char *name, struct cdefs_macro *out);

/* A macro whose text is no expression of scripts may still be a constant of C:
 * a character, a cast to "unsigned int". */
bool cdefs_macro_value(struct cdefs *c, const char *name, uint64_t *value, bool *negative);

/* The value of a well-known constant, for what neither script nor headers nor
 * BTF define. */
bool cdefs_constant(const struct cdefs *c, const char *name, uint64_t *value, bool *negative);

/* Headers that the script includes and the system lacks, though that was no
 * error: "net/sock.h, linux/fs.h"; NULL if there are none. */
const char *cdefs_missing_headers(const struct cdefs *c);

/* Try the names of macros, enumerators and constants for "did you mean". */
void cdefs_suggest(const struct cdefs *c, struct nearest *near);

/* Try the names of structs, unions or enums, or of typedefs. */
void cdefs_suggest_type(const struct cdefs *c, enum kbtf_keyword keyword, struct nearest *near);

/* Why a macro that there is stands for nothing in a script: a hint, or NULL. */
const char *cdefs_macro_flaw(const struct cdefs *c, const char *name);

#endif
