/*
 * The table of builtin variables and functions.
 *
 * check/builtins.def holds a row for each: name, what it is, arguments, where
 * it is allowed, type rule, lowering, documentation. It is included with
 * different macros: here for the ids, in check for the rows, in lower for the
 * lowering functions. No code compares names.
 *
 * BUILTIN(id, name, kind, min_args, max_args, flags, type_rule, lowering, doc)
 *	id		BUILTIN_id
 *	name		as scripts write it
 *	kind		VAR (no arguments, parentheses optional), FUNC, or BOTH
 *	flags		BUILTIN_F_*
 *	type_rule	suffix of a check_type_… function
 *	lowering	suffix of a lower_… function
 */
#ifndef SONDE_CHECK_BUILTIN_H
#define SONDE_CHECK_BUILTIN_H

#include <stdbool.h>

struct check;
struct node;
struct type;

enum builtin_id {
#define BUILTIN(id, ...) BUILTIN_##id,
#include "check/builtins.def"
#undef BUILTIN
	BUILTIN_ID_COUNT
};

enum builtin_kind { BUILTIN_VAR = 1, BUILTIN_FUNC = 2, BUILTIN_BOTH = 3 };

enum builtin_flags {
	BUILTIN_F_UNSAFE = 1,		/* needs --unsafe */
	BUILTIN_F_MAP_VALUE = 2,	/* only as the whole right side of a map assignment */
	BUILTIN_F_MAP_ARG = 4,		/* first argument is a map (or map[key]) */
	BUILTIN_F_VARIADIC = 8,
	BUILTIN_F_ASYNC = 16,		/* done in user space */
	BUILTIN_F_FORMAT = 32,		/* first argument is a format */
	BUILTIN_F_PURE = 64,		/* no side effect: a dropped value draws a warning */
	BUILTIN_F_CONTEXT = 128,	/* reads the probe's context: not in loop bodies */
	BUILTIN_F_TYPE_QUERY = 512,	/* the argument may be typeof(...) */
	BUILTIN_F_EFFECT = 1024,	/* changes the traced system: not once tracing has ended */
	BUILTIN_F_WORDS = 256,		/* arguments may be bare words: kstack(perf) */
};

struct builtin {
	enum builtin_id id;
	const char *name;
	enum builtin_kind kind;
	int min_args, max_args;
	unsigned flags;
	/* The call's type from its arguments' types so far (NULL: not known
	 * yet); run again until nothing changes, so it must be monotone.
	 * Diagnostics only when c->reporting. */
	const struct type *(*type_rule)(struct check *c, struct node *call);
	const char *doc;
};

extern const struct builtin builtins[BUILTIN_ID_COUNT];

const struct builtin *builtin_find(const char *name);

#endif
