/*
 * Shared by the generator's files.
 */
#ifndef SONDE_TESTS_GEN_IMPL_H
#define SONDE_TESTS_GEN_IMPL_H

#include "base/arena.h"
#include "base/vec.h"
#include "tests/differential/gen.h"

#include <stdbool.h>

#define GEN_MAX_ITEMS 4

enum gen_kind { GEN_INT, GEN_BOOL, GEN_STRING, GEN_TUPLE, GEN_RECORD };

/* The shape of a value. Integers of all sizes mix, and so do strings. */
struct gen_type {
	enum gen_kind kind;
	int nr;
	const struct gen_type *items[GEN_MAX_ITEMS];
	const char *labels[GEN_MAX_ITEMS];
};

struct gen_var {
	const char *name;
	const struct gen_type *type;
	const char *declared;	/* integer type of its declaration, or NULL */
	bool fixed;		/* not to be assigned */
};

enum gen_aggregate { AGG_NONE, AGG_COUNT, AGG_SUM, AGG_MIN, AGG_MAX, AGG_AVG, AGG_STATS, AGG_HIST,
		     AGG_LHIST, AGG_TSERIES, AGG_KINDS };

struct gen_map {
	const char *name;
	const struct gen_type *key;	/* NULL: scalar */
	const struct gen_type *value;	/* of aggregations: integer */
	enum gen_aggregate aggregate;
	unsigned bits, min, max, step;
	bool long_keys;			/* ends of classes of size, see lower/sized.c */
	bool only_changed;		/* never assigned, nor walked */
	bool iterated;			/* in a loop over it now */
};

/* A function of the script; integers have a declared type. */
struct gen_func {
	const char *name, *integer;
	const struct gen_type *result;	/* NULL: void */
	const struct gen_type *params[8];
	const char *integers[8];
	int nr;
};

struct gen {
	uint64_t state;
	struct arena arena;
	struct sbuf *out;
	int indent;
	VEC(struct gen_var) vars;
	VEC(struct gen_map) maps;
	VEC(struct gen_func) funcs;	/* that may be called */
	const struct gen_func *func;	/* being written */
	VEC(const char *) retired;	/* names of variables that are no more */
	int names;		/* given so far */
	int loops;		/* around */
	int unrolled;		/* of these */
	int no_jump;		/* > 0: break and continue would leave something else */
	const char *only;	/* in a loop over a map: the one variable that may be read */
	const struct gen_type *only_type;
	bool no_effects;	/* in such a loop expressions change and print nothing */
	int max_string;
	bool long_texts;	/* of a key that is being written */
	int budget;		/* statements left */
	bool c_part;		/* the definitions of gen_memory.c are there */
	bool first_uses;	/* maps are not read: what they are is not known yet */
	bool memory;		/* $ps, $pv and $pb are there */
	bool macros;		/* those of gen_macro.c are defined */
	bool common;		/* only what bpftrace does in the same way */
	bool ended;		/* statement after this one would not be reached */
};

/* ---- gen.c ---- */
uint64_t gen_random(struct gen *g);
unsigned gen_below(struct gen *g, unsigned n);		/* 0 .. n - 1 */
bool gen_chance(struct gen *g, unsigned percent);
void gen_put(struct gen *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *gen_name(struct gen *g, const char *prefix);
void gen_var_add(struct gen *g, const char *name, const struct gen_type *type, const char *declared,
		 bool fixed);
/* The end of a scope: all but the first `mark` variables. */
void gen_vars_drop(struct gen *g, size_t mark);
/* A name for a variable: a new one, or that of one that is no more. */
const char *gen_var_name(struct gen *g);
const struct gen_var *gen_var_find(struct gen *g, const struct gen_type *type, bool to_assign);
bool gen_same(const struct gen_type *a, const struct gen_type *b);
const struct gen_type *gen_type_any(struct gen *g, int depth);
extern const struct gen_type gen_int, gen_bool, gen_string;
extern const char *const gen_int_names[8];
/* A map that fits, or NULL: aggregate -1: any castable one. */
const struct gen_map *gen_map_find(struct gen *g, const struct gen_type *value, int keyed);
const struct gen_map *gen_aggregate_find(struct gen *g, bool castable);

/* ---- gen_expr.c ---- */
/* Write an expression; true if it is a constant. */
bool gen_expr(struct gen *g, const struct gen_type *type, int depth);
bool gen_integer(struct gen *g, int depth);
void gen_condition(struct gen *g, int depth);
void gen_elem(struct gen *g, const struct gen_map *m, int depth);
void gen_key(struct gen *g, const struct gen_map *m, int depth);
void gen_string_literal(struct gen *g, int max);

/* ---- gen_memory.c ---- */
void gen_c_part(struct gen *g);
void gen_memory(struct gen *g);
void gen_memory_integer(struct gen *g, int depth);
void gen_memory_string(struct gen *g);
void gen_memory_bool(struct gen *g, int depth);
void gen_memory_statement(struct gen *g);

/* ---- gen_macro.c ---- */
void gen_macros(struct gen *g);
void gen_macro_integer(struct gen *g, int depth);
bool gen_known_integer(struct gen *g);
void gen_known_string(struct gen *g);
void gen_known_statement(struct gen *g);

/* ---- gen_func.c ---- */
void gen_functions(struct gen *g);
/* Write a call whose value is of this type, NULL: void; false if there is none. */
bool gen_call(struct gen *g, const struct gen_type *result, int depth);
void gen_return(struct gen *g);

/* ---- gen_stmt.c ---- */
void gen_statements(struct gen *g, int n, int depth);
void gen_first_uses(struct gen *g);
void gen_aggregate_call(struct gen *g, const struct gen_map *m, int depth);
bool gen_depends_on_order(const struct gen_map *m);	/* what it keeps, on that of the calls */
void gen_start(struct gen *g);		/* the blanks before a statement */
void gen_block(struct gen *g, int n, int depth, const char *end);
void gen_change_map(struct gen *g);

/* ---- gen_walk.c ---- */
void gen_for_map(struct gen *g, int depth);

#endif
