/*
 * Macros: their definitions, and which of them a call means.
 *
 * Private to src/lang: macro.c keeps the table, expand.c rewrites the tree.
 */
#ifndef SONDE_LANG_MACRO_H
#define SONDE_LANG_MACRO_H

#include "base/hmap.h"
#include "lang/ast.h"

typedef VEC(struct macro *) macro_vec;

struct macro_table {
	struct arena *arena;
	struct diags *diags;
	struct hmap by_name;	/* interned name to macro_vec, in order of definition */
};

/* Collect the script's macros and report what is wrong in the definitions. */
void macro_table_init(struct macro_table *t, struct arena *a, struct diags *diags,
		      const struct script *script);

/* The macros of this name, or NULL. */
const macro_vec *macro_find(const struct macro_table *t, const char *name);

/* The first of them that takes these arguments, or NULL. */
const struct macro *macro_match(const macro_vec *overloads, const node_vec *args);

/* No definition takes the arguments of this call: say so, with the nearest. */
void macro_mismatch(const struct macro_table *t, const macro_vec *overloads, const char *name,
		    struct loc call, const node_vec *args);

/* "$x", "@m", "e": the parameter as written. */
const char *macro_param_text(struct arena *a, const struct macro_param *p);

#endif
