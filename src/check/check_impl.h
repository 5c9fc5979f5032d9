/*
 * What the files of this room share.
 *
 * The stages, each over all programs before the next begins:
 *
 *	config		settings from block and environment	config.c
 *	expand		probes to programs, bodies cloned	expand.c
 *	resolve		names, scopes, maps, parameters		resolve*.c, scope.c, maps.c
 *	fold		constants				fold.c
 *	infer		types, in rounds until nothing changes	infer_*.c, builtin_*.c, cells.c
 *	comptime	branches chosen, then rounds again	comptime.c
 *	functions	bodies checked like programs		func.c, func_calls.c
 *	report		one more round that may complain	the same
 *	convert		implicit casts, dead branches		convert*.c
 *
 * Inference computes every cell (variable, map key, map value) anew in each
 * round from the types of the round before, so that what comes out does not
 * depend on the order of statements. NULL is a type that is not known yet.
 */
#ifndef SONDE_CHECK_IMPL_H
#define SONDE_CHECK_IMPL_H

#include "check/check.h"
#include "types/cdefs.h"
#include "types/kbtf.h"

struct scope {
	struct scope *parent;
	struct node *block;
	bool is_callback;	/* body of a `for`: variables from outside are captured */
	VEC(struct var *) vars;
	struct hmap by_name;	/* the same, by interned name */
};

/* A use of a map by a call that does not by itself decide the map's shape. */
struct shape_demand {
	struct map *map;
	bool is_scalar;
	struct loc loc;
	const char *message;	/* if the map turns out to be otherwise */
};

struct pending_branch;	/* comptime.c */

struct check_state {
	struct scope *scope;
	VEC(struct pending_branch) pending;	/* `if comptime` that waits for types */
	VEC(struct var *) vars;		/* of all programs */
	VEC(struct shape_demand) demands;
	unsigned nr_loops, nr_for_loops;	/* around the statement being resolved */
	bool in_rounds;			/* inference: diagnostics only when reporting */
	bool signs_open;		/* first rounds: signs of arithmetic on literals may
					   change */
	bool sizes_known;		/* sizeof an expression may be taken */
	const struct node *map_value;	/* value of an assignment, which may be an aggregation */
	bool in_query;				/* what is resolved is not evaluated */
	uint32_t longest_probe_name;
	size_t nr_sites;			/* attach points of all probes */
	bool misses_a_probe;			/* an error left it out, with all that it sets */
	struct hmap unique_names;		/* spelling -> struct probe_site */
	const struct probe *last_probe;		/* the first one over max_probes, else the last */
	const struct c_macro_use *c_macros;	/* macros of C around the node being resolved */
	unsigned nr_c_macros;			/* expanded so far */
};

/* ---- report.c ---- */

/* Add a diagnostic, unless the same one stands already (bodies are cloned) or
 * types are still moving. Returns NULL then. `diag` of the others may be NULL. */
struct diag *check_error(struct check *c, struct loc loc, enum diag_tag tag, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
struct diag *check_warning(struct check *c, struct loc loc, enum diag_tag tag, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void check_hint(struct check *c, struct diag *diag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The hint "did you mean FORMAT?" with the nearest name, if there is one. */
void check_suggest(struct check *c, struct diag *diag, const struct nearest *near,
		   const char *prefix);
void check_note(struct check *c, struct diag *diag, struct loc loc, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Short forms. */
const char *type_text(struct check *c, const struct type *t);
/* The error type, after a message that the caller gave. */
const struct type *bad_type(struct check *c);
void unsupported(struct check *c, struct loc loc, const char *what);

/* ---- c_names.c ---- */
/* If the name is a macro of the C part, put its expression into *slot, resolved. */
bool resolve_c_macro(struct check *c, struct node **slot);
/* If it is an enumerator, or a well-known constant of C, make it a literal. */
bool resolve_c_constant(struct check *c, struct node *n);
bool is_c_constant(const struct check *c, const char *name);
bool is_c_value(const struct check *c, const char *name);	/* or a macro of any kind */
/* After "unknown": a header that is not installed may have it. */
void hint_missing_headers(struct check *c, struct diag *d);

/* ---- config.c ---- */
void config_apply(struct check *c);
/* May a gated feature be used? Warns once, or says how to enable it. */
bool config_allows(struct check *c, enum config_gate gate, struct loc loc);

/* ---- expand.c ---- */
void expand_probes(struct check *c);

/* ---- pairs.c ---- */
void pair_programs(struct check *c);

/* ---- scope.c ---- */
struct scope *scope_push(struct check *c, struct node *block, bool is_callback);
void scope_pop(struct check *c);
/* The variable of this name that is visible, or NULL; marks captures. */
struct var *scope_find(struct check *c, const char *name);
struct var *scope_add(struct check *c, const char *name, struct loc loc);
/* "Undefined or undeclared variable", with the nearest name. */
void scope_undefined(struct check *c, const char *name, struct loc loc);

/* ---- maps.c ---- */
struct map *map_get(struct check *c, const char *name, struct loc loc);
/* A use that decides the map's shape, or disagrees with what others decided. */
void map_use(struct check *c, struct node *n, bool is_scalar, unsigned uses);
/* A use by a call, which must fit the shape that other uses decide. */
void map_demand(struct check *c, struct node *n, bool is_scalar, unsigned uses,
		const char *message);
/* After resolving: the shape that calls demand of maps. */
void maps_settle_shapes(struct check *c);
/* When nothing more will be resolved: declarations, undefined maps. */
void maps_settle(struct check *c);
/* After inference: kinds of storage, capacity. */
void maps_finish(struct check *c);
/* Find print followed by clear or zero. */
void maps_find_takes(struct check *c, struct node *body);

/* ---- resolve.c ---- */
void resolve_prog(struct check *c, struct prog *prog);
void resolve_expr(struct check *c, struct node **slot);
void resolve_children(struct check *c, struct node *n);
void node_set_error(struct node *n);
/* Is the name visible already? Says so. */
bool refuse_shadowing(struct check *c, const char *name, struct loc loc);
/* Is there a field of this name behind what an argument points to? */
/* Names in typeof(...) of a type as written. */
void resolve_type(struct check *c, struct type_expr *e);
bool pointee_has(struct check *c, const struct type *pointee, const char *field);

/* ---- old_forms.c ---- */
/* An expression statement that deletes several elements becomes a block. */
void old_delete(struct check *c, struct node *stmt);
/* "sargN" becomes a read of the stack, or an error where that means nothing. False:
 * it is another name. */
bool old_stack_arg(struct check *c, struct node *n);

/* ---- resolve_call.c ---- */
void resolve_call(struct check *c, struct node *n);
void resolve_ident(struct check *c, struct node *n);

/* ---- func.c: functions of the script ---- */
void funcs_start(struct check *c);
struct func *func_find(const struct check *c, const char *name);
void func_suggest(const struct check *c, struct nearest *near);
void resolve_func_call(struct check *c, struct node *n, struct func *f);
/* Builtins that tell of a probe are not for functions. Says so. */
bool func_refuses(struct check *c, struct node *n, const struct builtin *b, const char *name);
void resolve_func(struct check *c, struct func *f);
void infer_func(struct check *c, struct func *f);
const struct type *infer_func_call(struct check *c, struct node *n);
void infer_func_return(struct check *c, struct node *n);
/* When types are final: that each way through a function returns. */
void func_check_ways(struct check *c, struct func *f);
void convert_func_call(struct check *c, struct node *n);

/* ---- func_calls.c: who calls whom ---- */
/* Recursion, and what functions demand of the probes that call them. */
void funcs_check_calls(struct check *c);
/* After programs and functions are described: what calls add to the callers. */
void funcs_describe(struct check *c);

/* ---- shorthand.c ---- */
/* If the builtin stands for something longer, put that in the call's place. */
bool resolve_shorthand(struct check *c, struct node *n);

/* ---- fold.c ---- */
void fold_expr(struct check *c, struct node **slot);
bool node_is_literal(const struct node *n);
void node_set_int(struct node *n, uint64_t value, bool negative);
/* Value of a literal as signed 64 bits; false if it is none or does not fit. */
bool node_int64(const struct node *n, int64_t *value);

/* ---- cells.c ---- */
/* Begin anew: nothing is known but what was declared. */
void cells_forget(struct check *c);
void cells_begin_round(struct check *c);
bool cells_end_round(struct check *c, bool only_grow);
/* The join of two types in this program, NULL if there is none. */
const struct type *check_join(struct check *c, const struct type *a, const struct type *b);
/* A value of type `t` reaches a variable, a map's value, a map's key. */
void cell_add_var(struct check *c, struct var *v, const struct type *t, struct loc loc,
		  const struct node *value);
/* The same for a parameter or a result of a function; false, and no message, if
 * it does not fit. */
bool cell_try_var(struct check *c, struct var *v, const struct type *t, const struct node *value);
void cell_add_value(struct check *c, struct map *m, const struct type *t, struct loc loc);
void cell_add_key(struct check *c, struct map *m, const struct type *t, struct loc loc);

/* ---- comptime.c ---- */
/* An `if` under comptime: choose its branch, or let it wait. False: it is none. */
bool comptime_branch(struct check *c, struct node *n);
bool comptime_settle(struct check *c);
void comptime_fold(struct node **slot);
const struct type *comptime_infer(struct check *c, struct node *n);
/* May questions about types be answered? What an answer looked at is locked. */
bool query_is_ripe(const struct check *c);
void query_lock(struct node *n);
void typeinfo_answer(struct check *c, struct node *n, const struct type *t);

/* ---- types of expressions and statements ---- */
const struct type *infer_expr(struct check *c, struct node *n);	/* infer_expr.c */
const struct type *infer_access(struct check *c, struct node *n);	/* infer_access.c */
const struct type *infer_unary(struct check *c, struct node *n);	/* infer_ops.c */
const struct type *infer_binary(struct check *c, struct node *n);
const struct type *infer_incdec(struct check *c, struct node *n);
const struct type *arithmetic_type(struct check *c, enum ast_op op, const struct type *l,
				   const struct type *r);
void infer_stmt(struct check *c, struct node *n);	/* infer_stmt.c */
const struct type *infer_block(struct check *c, struct node *n);
const struct type *infer_call(struct check *c, struct node *n);	/* builtins.c */
const struct type *infer_cast(struct check *c, struct node *n);	/* casts.c */
const struct type *infer_type_query(struct check *c, struct node *n);
/* Does the name stand for a type? */
bool is_type_name(struct check *c, const struct type_expr *e);
/* A type as written; NULL if not known yet; the error type after a message. */
const struct type *type_of_expr(struct check *c, const struct type_expr *e, bool *is_open);
/* args_value.c: args as a whole, where it is kept, becomes a record; gives the type. */
const struct type *args_become_record(struct check *c, struct node *n);
/* The argument of a function or raw tracepoint, or its result, that this is nothing
 * but; as it stands in the context, of which the verifier knows the type. Or NULL. */
struct node *args_find_argument(struct check *c, struct node *n);
/* Those of a function in user space lie in registers. To sizeof and offsetof they
 * follow each other without gaps; no name: what lies behind all of them. */
bool args_are_packed(const struct check *c, const struct type *t);
uint32_t args_packed_offset(struct check *c, const struct type *t, const char *name);
void infer_condition(struct check *c, struct node *cond, struct loc loc);

bool is_part_context(const struct check *c, const struct type *t);	/* infer_expr.c */
const struct type *type_outside(struct check *c, const struct type *t);
/* builtins.c: which clock a value was read from. */
enum clock_mode node_clock(const struct node *n);
bool type_is_number(const struct type *t);	/* integers and castable aggregations */
bool type_is_condition(const struct type *t);
bool text_is_as_bytes(const struct node *text, const struct node *bytes);
/* What type a value has when it is read: aggregations become integers. */
const struct type *type_as_int64(struct check *c, const struct type *t);

/* config() is a record of the settings. */
void config_become_record(struct check *c, struct node *n);

/* ---- named_params.c ---- */
/* When all calls of getopt() are known: what the command line says of them. */
void named_params_settle(struct check *c);

/* ---- format.c ---- */
const struct type *check_type_format(struct check *c, struct node *call);

/* ---- convert.c ---- */
void convert_prog(struct check *c, struct prog *prog);
void convert_expr(struct check *c, struct node **slot);
void convert_to(struct check *c, struct node **slot, const struct type *to);
void convert_call(struct check *c, struct node **slot);	/* convert_call.c */
/* ---- describe.c ---- */
void prog_describe(struct check *c, struct prog *prog);

struct node *cast_node(struct check *c, struct node *n, const struct type *to);

#endif
