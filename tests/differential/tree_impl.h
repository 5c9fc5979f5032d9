/*
 * Shared by the files of the tree's interpreter.
 *
 * A value is what its type says: a number extended to 64 bits, the text of a
 * string up to its NUL, or items. Values are never changed once made.
 */
#ifndef SONDE_TESTS_TREE_IMPL_H
#define SONDE_TESTS_TREE_IMPL_H

#include "base/hmap.h"
#include "tests/differential/tree.h"

#include <setjmp.h>

#define TREE_MAX_STEPS 400000

struct val {
	uint64_t n;
	const char *s;
	size_t len;
	const struct val *items;
	size_t nr;
};

/* An entry of a map; of aggregations the parts that they need. */
struct tree_entry {
	struct val key, value;
	uint64_t total, count;
	bool is_set;
	uint64_t *buckets;
};

struct tree_map {
	const struct map *map;
	VEC(struct tree_entry *) entries;
};

/* What user space does when the program has ended. */
struct tree_event {
	enum { EVENT_TEXT, EVENT_PRINT_MAP, EVENT_CLEAR, EVENT_ZERO, EVENT_EXIT } kind;
	const char *text;
	size_t len;
	struct tree_map *map;
	uint64_t top, div;
};

/* Memory that a pointer may point to: a variable, or bytes. */
struct tree_region {
	const struct var *var;
	const uint8_t *bytes;
	size_t size;
};

enum flow { FLOW_NEXT, FLOW_BREAK, FLOW_CONTINUE, FLOW_RETURN };

struct tree {
	struct check *check;
	struct arena *arena;
	struct cover *cover;
	struct hmap vars;	/* struct var * -> struct val * */
	struct hmap names;	/* of variables */
	struct hmap maps;	/* struct map * -> struct tree_map * */
	VEC(struct tree_region) regions;
	VEC(struct tree_event) events;
	enum flow flow;
	struct func *func;	/* that runs, or NULL */
	struct val returned;	/* by the last one that ended */
	jmp_buf ended;		/* where exit() in a function goes */
	bool exited;
	bool stopped;		/* exit() was called: no further program runs */
	int loops;		/* around the statement */
	uint64_t steps;
	const char *failed;
};

#define hit(t, rule) ((void)(t)->cover->rules[RULE_##rule]++)

void tree_fail(struct tree *t, const char *why);

/* ---- tree_value.c ---- */
uint64_t val_extend(const struct type *type, uint64_t n);
struct val val_number(const struct type *type, uint64_t n);
struct val val_zero(struct tree *t, const struct type *type);
/* A value of another type of the same sort: numbers cut, strings as they are. */
struct val val_convert(struct tree *t, const struct val *v, const struct type *from,
		       const struct type *to);
bool val_equal(struct tree *t, const struct val *a, const struct type *at, const struct val *b,
	       const struct type *bt);
/* Order of printing. */
int val_order(const struct val *a, const struct val *b, const struct type *type);
bool val_true(const struct val *v, const struct type *type);

/* ---- tree_print.c ---- */
void val_print(struct tree *t, struct sbuf *out, const struct val *v, const struct type *type);
void tree_printf(struct tree *t, struct sbuf *out, const struct node *call, const struct val *args);
void tree_print_map(struct tree *t, struct sbuf *out, const struct tree_map *m, bool at_exit,
		    uint64_t top, uint64_t div);
void tree_emit(struct tree *t, struct sbuf *text);
/* A runtime warning of the script at a place. */
void tree_runtime_error(struct tree *t, struct loc loc);

/* ---- tree_map.c ---- */
struct tree_map *tree_map(struct tree *t, const struct map *map);
struct tree_entry *tree_entry(struct tree *t, struct tree_map *m, const struct val *key);
struct tree_entry *tree_entry_add(struct tree *t, struct tree_map *m, const struct val *key);
bool tree_entry_delete(struct tree *t, struct tree_map *m, const struct val *key);
void tree_aggregate(struct tree *t, const struct node *assign);
/* An aggregation's value as a number; `e` may be NULL. */
uint64_t tree_aggregate_read(const struct type *type, const struct tree_entry *e);
/* The key of a MAP or MAP_ELEM, converted to the map's key type. */
struct val tree_key(struct tree *t, const struct node *n);
struct val tree_map_read(struct tree *t, struct tree_map *m, const struct val *key);
void tree_map_zero(struct tree *t, struct tree_map *m);
size_t tree_hist_buckets(const struct type *value);

/* ---- tree_expr.c ---- */
struct val tree_eval(struct tree *t, const struct node *n);
struct val tree_arith(struct tree *t, enum ast_op op, const struct type *type, uint64_t x,
		      uint64_t y, struct loc loc);

/* ---- tree_memory.c ---- */
uint64_t tree_text_address(struct tree *t, const struct node *n);
void tree_store(const struct type *type, const struct val *v, uint8_t *bytes);
struct val tree_load(struct tree *t, const struct type *type, const uint8_t *bytes);
struct val tree_read_text(struct tree *t, uint64_t address, uint64_t max);
struct val tree_load_field(struct tree *t, const struct type_field *f, const uint8_t *bytes);
struct val tree_address(struct tree *t, const struct node *n);
struct val tree_deref(struct tree *t, const struct node *n);
struct val tree_field(struct tree *t, const struct node *n);
struct val tree_pointer_index(struct tree *t, const struct node *n);
uint64_t tree_step(struct tree *t, enum ast_op op, const struct type *type, uint64_t p, uint64_t n);

/* ---- tree_call.c ---- */
struct val tree_call(struct tree *t, const struct node *n);

/* ---- tree_func.c ---- */
struct val tree_func(struct tree *t, const struct node *n);
void tree_func_return(struct tree *t, const struct node *value);

/* ---- tree.c ---- */
void tree_exec(struct tree *t, const struct node *n);
/* A VAR, MAP or MAP_ELEM whose key was evaluated once. */
struct tree_place {
	const struct var *var;
	struct tree_map *map;
	struct val key;
};

struct tree_place tree_place(struct tree *t, const struct node *target);
struct val tree_place_read(struct tree *t, const struct tree_place *p);
void tree_place_write(struct tree *t, const struct tree_place *p, const struct val *v,
		      const struct type *type);
void tree_var_set(struct tree *t, const struct var *var, const struct val *v,
		  const struct type *type);

#endif
