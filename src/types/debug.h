/*
 * Reading DWARF: what the compiler has told of a user program.
 *
 * Types and functions are looked for when they are asked for, by libdw. Input
 * is not trusted: what makes no sense reads as an error type or as "not found",
 * and chains are followed only so far.
 */
#ifndef SONDE_TYPES_DEBUG_H
#define SONDE_TYPES_DEBUG_H

#include "types/kbtf.h"

struct Dwarf;		/* libdw's */
struct debug_file;

/* `dwarf` must outlive the result; all else is in the arena of `types`. */
struct debug_file *debug_file_new(struct types *types, struct Dwarf *dwarf);

/* Where a parameter is when the function begins. */
enum debug_class {
	DEBUG_INTEGER,		/* in one register for integers */
	DEBUG_TWO_REGISTERS,
	DEBUG_HALF_FLOAT,	/* x86-64: in one for integers and another; else as above */
	DEBUG_ELSEWHERE,	/* a floating-point register, or the stack */
};

struct debug_param {
	const char *name;	/* interned; "" if it has none */
	const struct type *type;
	const char *text;	/* the type as C writes it */
	enum debug_class class;
};

struct debug_function {
	const struct debug_param *params;	/* arena */
	size_t nr_params;
	bool returns_in_memory;	/* the caller says where, before the first parameter */
};

/* The function that begins at an address of the program. Returns 0, -ENOENT, or -ENODATA:
 * a part of the debug information is in a file that was not found (*missing). */
int debug_function_at(struct debug_file *f, uint64_t address, struct debug_function *out,
		      const char **missing);

/* As kbtf_type_by_name, also for classes of C++; NULL. */
const struct type *debug_type_by_name(struct debug_file *f, enum kbtf_keyword keyword,
				      const char *name);

/* Addresses at which code of a source line begins, ascending. `file` is the end of a path.
 * Returns 0; -ENOENT: no file matches; -ENOTUNIQ: several do, *a and *b are two of them;
 * -ENODATA: the file has no code in this line. */
struct debug_line_query {
	const char *file;
	uint64_t line, column;		/* column 0: any */
	const uint64_t *addresses;	/* arena */
	size_t nr_addresses;
	const char *a, *b;
};

int debug_line_find(struct debug_file *f, struct debug_line_query *q);

#endif
