/*
 * The syntax tree of a script.
 *
 * The parser makes it, macro expansion and checking rewrite it in place. Nodes
 * live in the session's arena; names in it are interned, so they compare by
 * pointer. Expressions and statements are one kind of node, since `if` and
 * blocks are both. A node's `type` is NULL until checking has set it; after
 * checking no reachable expression has a NULL type.
 */
#ifndef SONDE_LANG_AST_H
#define SONDE_LANG_AST_H

#include "base/diag.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

struct type;		/* types/type.h */
struct type_field;
struct builtin;		/* check/builtin.h */
struct var;		/* check/check.h: a scratch variable of one scope instance */
struct prog;		/* check/check.h: what a body is checked as */
struct map;		/* check/check.h: a map of the script */
struct func;

enum node_kind {
	/* expressions */
	NODE_INT,	/* u.integer */
	NODE_STRING,	/* u.string */
	NODE_BOOL,	/* u.integer.value */
	NODE_PARAM,	/* $1: u.param.number; $#: number 0 */
	NODE_IDENT,	/* bare name: builtin, macro, enumerator, C constant: u.ident */
	NODE_VAR,	/* $x: u.var */
	NODE_MAP,	/* @m, not indexed: u.map (keys empty) */
	NODE_MAP_ELEM,	/* @m[a, b]: u.map; after checking exactly one key */
	NODE_UNARY,	/* - ! ~ * &: u.unary */
	NODE_INCDEC,	/* ++x x++ --x x--: u.incdec */
	NODE_BINARY,	/* u.binary */
	NODE_TERNARY,	/* c ? a : b, c ?: b (then == NULL): u.cond */
	NODE_IF,	/* if c block [else block|if]: u.cond; may have a value */
	NODE_BLOCK,	/* { stmts; [value] }: u.block */
	NODE_FIELD,	/* a.name, a->name: u.field */
	NODE_INDEX,	/* a[i] that is no map: u.index */
	NODE_ELEMENT,	/* a.0: u.element */
	NODE_TUPLE,	/* (a, b), (a,), (): u.tuple */
	NODE_RECORD,	/* (x = a, y = b): u.tuple with labels */
	NODE_CAST,	/* (type)a: u.cast */
	NODE_CALL,	/* f(a, b): u.call */
	NODE_SIZEOF,	/* sizeof(type or expr): u.type_query */
	NODE_OFFSETOF,	/* offsetof(type or expr, f.g): u.type_query with path */
	NODE_TYPEINFO,	/* u.type_query */
	NODE_TYPE_ARG,	/* typeof(type or expr) as a call's argument: u.type_query */
	NODE_COMPTIME,	/* u.unary.operand */
	NODE_ERROR,	/* something that did not parse or check; silent */
	/* statements */
	NODE_EXPR_STMT,	/* u.unary.operand */
	NODE_ASSIGN,	/* u.assign */
	NODE_LET,	/* u.let */
	NODE_DISCARD,	/* _ = e: u.unary.operand */
	NODE_WHILE,	/* u.loop: cond, body */
	NODE_UNROLL,	/* u.loop: cond is the count */
	NODE_FOR_RANGE,	/* for $i : a..b: u.loop */
	NODE_FOR_MAP,	/* for $kv : @m: u.loop */
	NODE_BREAK,
	NODE_CONTINUE,
	NODE_RETURN,	/* u.unary.operand or NULL */
	NODE_IMPORT,	/* import "x" inside a body: u.string */
	NODE_KIND_COUNT
};

enum ast_op {
	OP_NONE,
	OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_MOD,
	OP_AND, OP_OR, OP_XOR, OP_SHL, OP_SHR,
	OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE,
	OP_LAND, OP_LOR,
	OP_NEG, OP_NOT, OP_BNOT, OP_DEREF, OP_ADDR,
	OP_COUNT
};

/* How an operator is written ("+", "&&"); never NULL. */
const char *ast_op_text(enum ast_op op);

/* How tightly a binary operator binds: 1 is the loosest; 0: it is none. */
int ast_op_level(enum ast_op op);

/* A type as written. Suffixes apply left to right. */
enum type_expr_kind { TYPE_EXPR_NAME, TYPE_EXPR_STRUCT, TYPE_EXPR_UNION, TYPE_EXPR_ENUM,
		      TYPE_EXPR_TYPEOF };

struct type_suffix {
	bool is_array;		/* [n] or [], else * */
	bool has_count;
	uint64_t count;
};

struct type_expr {
	enum type_expr_kind kind;
	struct loc loc;
	const char *name;		/* NAME, STRUCT, UNION, ENUM */
	struct node *of_expr;		/* TYPEOF an expression, or NULL */
	struct type_expr *of_type;	/* TYPEOF a type, or NULL */
	VEC(struct type_suffix) suffixes;
};

typedef VEC(struct node *) node_vec;

struct node {
	enum node_kind kind;
	bool implicit;		/* a CAST that checking inserted */
	uint16_t parens;	/* so many pairs of parentheses were written around it */
	uint16_t height;	/* of the parsed tree below; bounded by the parser */
	struct loc loc;
	const struct type *type;	/* set by check; arena */
	union {
		struct {
			uint64_t value;		/* two's complement when negative */
			bool negative;		/* folded: value is below zero */
			const char *enum_name;	/* came from this enumerator, or NULL */
		} integer;
		struct {
			const char *text;	/* arena; may hold NULs */
			size_t len;
		} string;
		struct {
			uint64_t number;
		} param;
		struct {
			const char *name;
			const struct builtin *builtin;	/* set by check */
		} ident;
		struct {
			const char *name;	/* without "$" */
			struct var *var;	/* set by check */
		} var;
		struct {
			const char *name;	/* without "@"; "" for the lone @ */
			node_vec keys;
			struct map *map;	/* set by check */
		} map;
		struct {
			enum ast_op op;
			struct node *operand;	/* may be NULL for RETURN */
		} unary;
		struct {
			struct node *operand;	/* VAR, MAP or MAP_ELEM */
			bool decrement, prefix;
		} incdec;
		struct {
			enum ast_op op;
			struct node *left, *right;
		} binary;
		struct {
			struct node *cond, *then, *otherwise;	/* then, otherwise may be NULL */
		} cond;
		struct {
			node_vec stmts;
			/* Trailing expression, or NULL. Bodies of probes, functions and
			 * loops, and blocks of an `if` that stands as a statement, have
			 * none: there it is the last statement. */
			struct node *value;
		} block;
		struct {
			struct node *object;
			const char *name;
			struct loc name_loc;
			bool arrow;
			const struct type_field *found;	/* set by check; NULL: see offset_bytes */
			uint32_t offset_bytes;		/* in the object, set by check */
		} field;
		struct {
			struct node *object, *index;
		} index;
		struct {
			struct node *object;
			uint64_t number;
		} element;
		struct {
			node_vec items;
			VEC(const char *) labels;	/* RECORD: as many as items */
		} tuple;
		struct {
			struct type_expr *to;	/* NULL if implicit: see node.type */
			struct node *operand;
		} cast;
		struct {
			const char *name;
			struct loc name_loc;
			node_vec args;
			const struct builtin *builtin;	/* set by check */
			struct func *func;		/* a script's function, set by check */
			void *aux;			/* check's notes for lowering */
		} call;
		struct {
			struct type_expr *of_type;	/* one of these two is set */
			struct node *of_expr;
			VEC(const char *) path;		/* OFFSETOF */
		} type_query;
		struct {
			struct node *target;	/* VAR, MAP or MAP_ELEM */
			enum ast_op op;		/* OP_NONE for plain = */
			struct node *value;
		} assign;
		struct {
			const char *name;
			uint32_t name_end;		/* where `let $x` ends */
			struct type_expr *declared;	/* or NULL */
			struct node *value;		/* or NULL */
			struct var *var;		/* set by check */
		} let;
		struct {
			struct node *cond;	/* WHILE, UNROLL */
			const char *var_name;	/* FOR */
			struct loc var_loc;
			struct node *from, *to;	/* FOR_RANGE */
			struct node *map;	/* FOR_MAP: a NODE_MAP */
			struct node *body;	/* BLOCK */
			struct var *var;	/* FOR, set by check */
		} loop;
	} u;
};

/* One part of an attach point's text, between colons. */
struct ap_part {
	const char *text;	/* quotes removed */
	struct loc loc;
	bool quoted;
	bool at_sign;		/* this part is the "@" of FILE:LINE */
};

struct attach_point {
	struct loc loc;
	const char *raw;	/* as written, positional parameters substituted */
	const char *label;	/* name=..., or NULL */
	VEC(struct ap_part) parts;	/* parts.at[0] is the provider */
};

struct probe {
	struct loc loc;			/* of the attach points */
	VEC(struct attach_point *) attach_points;
	struct node *predicate;		/* or NULL; checking folds it into body */
	struct node *body;		/* BLOCK */
	struct probe *next;
};

enum macro_param_kind { MACRO_PARAM_VAR, MACRO_PARAM_MAP, MACRO_PARAM_EXPR };

struct macro_param {
	enum macro_param_kind kind;
	const char *name;
	struct loc loc;
};

struct macro {
	const char *name;
	struct loc loc;		/* `macro NAME` */
	VEC(struct macro_param) params;
	struct node *body;	/* BLOCK */
};

struct func_param {
	const char *name;
	struct loc loc;
	struct type_expr *declared;
	struct var *var;	/* set by check */
};

struct func {
	const char *name;
	struct loc loc;
	VEC(struct func_param) params;
	struct type_expr *result;
	struct node *body;
	/* set by check */
	struct prog *prog;	/* its body, as a program without a probe */
	struct var *returned;	/* has the type of what it returns */
	void *aux;		/* lowering's */
};

struct map_decl {
	const char *name, *map_kind;
	struct loc loc, kind_loc;
	uint64_t capacity;
};

enum config_value_kind { CONFIG_STRING, CONFIG_INT, CONFIG_BOOL, CONFIG_WORD };

struct config_entry {
	const char *key;
	struct loc loc, value_loc;
	enum config_value_kind kind;
	const char *text;
	uint64_t number;
};

/* A preprocessor line, a C definition, or the whole of an imported header, verbatim. */
struct c_chunk {
	bool is_directive;
	bool is_header;
	const char *text;
	struct loc loc;		/* of a header: where it begins */
};

struct import {
	const char *path;
	struct loc loc;
	bool found;		/* of a statement: the header has been taken in */
};

struct script {
	VEC(struct c_chunk) c_parts;
	VEC(struct config_entry) config;
	VEC(struct import) imports;
	VEC(struct import) statements;	/* imports in bodies, see NODE_IMPORT */
	VEC(struct map_decl) map_decls;
	VEC(struct macro *) macros;
	VEC(struct macro *) expanded;	/* macros that were, for "did you mean" */
	VEC(struct func *) funcs;
	VEC(struct probe *) probes;
};

struct node *node_new(struct arena *a, enum node_kind kind, struct loc loc);

/* A deep copy of a tree as the parser made it (check's notes are dropped). */
struct node *node_clone(struct arena *a, const struct node *n);
struct type_expr *type_expr_clone(struct arena *a, const struct type_expr *t);

/* A block is used for its effects only: make its value a statement, also in the
 * blocks of an `if` that was the value. */
void node_drop_value(struct arena *a, struct node *block);

/* The short name of a node kind, as -d ast shows it ("binary", "call"). */
const char *node_kind_name(enum node_kind kind);

/* Call `visit` on each direct child slot, in evaluation order; a slot may be
 * rewritten by the visitor. */
typedef void (*node_visit_fn)(struct node **slot, void *arg);
void node_children(struct node *n, node_visit_fn visit, void *arg);

#endif
