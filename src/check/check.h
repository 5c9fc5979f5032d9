/*
 * Names, types and constants: out comes a tree in which nothing is unknown.
 *
 * What holds of the checked program when there were no errors (the contract
 * with src/lower):
 *
 *  - Each `struct prog` has a body of its own (probes are cloned per group of
 *    sites that share a layout); a predicate has become an `if` around it.
 *  - Imports are merged and macros expanded (src/lang, before checking); positional
 *    parameters, sizeof, offsetof and constant expressions are literals, dead branches of
 *    constant conditions are gone.
 *  - NODE_IDENT is gone: builtins are NODE_CALL with u.call.builtin set (args
 *    may be empty; `arg3` is BUILTIN_arg with the literal 3 as argument), C
 *    constants and enumerators are literals.
 *  - Every expression has a type; every conversion is a NODE_CAST (implicit
 *    if checking put it there; its type is node->type). Operands of arithmetic
 *    have the operator's 64-bit result type, operands of comparisons their
 *    joined type, assigned values the type of what they are assigned to
 *    (strings, tuples, arrays and aggregations excepted where only the size
 *    grows: lowering copies into the larger place and zeroes the rest).
 *  - In `x op= e` the value has the 64-bit type of `x op e`, which is then cut
 *    to the target's type. Conditions are integers, bools or pointers.
 *  - Tuples and records that differ in more than the size of strings are
 *    converted by an implicit NODE_CAST from tuple to tuple.
 *  - A map element has exactly one key, of the map's key type (a tuple if the
 *    script wrote several); a NODE_MAP in an expression is a scalar map.
 *  - NODE_FIELD has u.field.found and u.field.offset_bytes; its object is a
 *    struct or a pointer to one (pointer chains of more levels have become
 *    NODE_UNARY OP_DEREF). Field of a record or tuple: NODE_ELEMENT.
 *  - `x ?: y` keeps then == NULL and is evaluated once.
 *  - Calls that take formats have u.call.aux = struct format *.
 *  - A call of a function of the script has u.call.func and no builtin; its
 *    arguments have the types of the parameters (see assigned values above), and
 *    so has what `return` gives. Functions are checked once, whoever calls them;
 *    there is no recursion. prog.funcs are those that a program needs.
 *  - What may not be used is refused; no later stage reports errors of the
 *    script, except programs that exceed the kernel's limits.
 *
 * Calls after checking:
 *
 *  - delete, has_key, find have their map and key as one argument: a MAP_ELEM
 *    with its key (or a MAP, scalar: delete only). find: then a VAR.
 *  - print of a map, clear, zero and len of a map: args[0] is a MAP, keyed or
 *    not; print's top and div are INT. print of any other value: args[0].
 *  - count() .. lhist() stand only as the value of an ASSIGN to a MAP or
 *    MAP_ELEM (op OP_NONE); the value argument has 64 bits; bits, min, max,
 *    step are in the map's value type (params) only, args holds the value.
 *  - kstack, ustack: no arguments, limit and mode are in the type.
 *  - pid, tid: no argument: the tracer's namespace; INT 1: the initial one.
 *  - nsecs: no argument, or INT of enum clock_mode. strftime: args[0] STRING,
 *    args[1] 64-bit, args[2] INT of enum clock_mode.
 *  - str(p [, n]), buf(p [, n]): p is a pointer with its address space
 *    (integers have been cast), a string or an array; n is a uint64, a literal
 *    n shows in the type as well. SPACE_NONE: whose memory it is shows at run
 *    time only (an integer argument of the kernel may point to either).
 *    strlen, strncmp: strings, pointers, arrays.
 *  - ksym, usym: args[0] is a 64-bit integer (pointers have been cast).
 *  - join: args[0] a pointer; args[1] STRING if given. ntop: args[0] INT, 4 or
 *    16 (bytes), args[1] the integer, array or string. macaddr: array or pointer.
 *  - Formats: aux = struct format *; args[0] stays the format's STRING, the
 *    values are args[1..], the value of piece conv.field being args[1 + field].
 *  - time: args[0] STRING if given. exit: args[0] 64-bit if given.
 *  - reg: aux = const struct target_reg *. strncmp's n is an INT.
 *  - args: only below NODE_FIELD (or as printed value): a struct in
 *    SPACE_CONTEXT; a raw program's fields of that struct have their own rules.
 *  - container_of is a CAST. uaddr: aux = struct target_user_symbol *. percpu_kaddr: aux =
 *    struct percpu_symbol *, args[1] a uint64 if given. debugf is a format, see record.c.
 *  - strcap is an INT, or a pointer's length. memcmp's n is a uint64. pton: aux = its bytes.
 *  - kptr, uptr are CASTs, kaddr is an INT; probetype, and probe where the
 *    program has one site, are STRING: lowering never meets these calls.
 */
#ifndef SONDE_CHECK_CHECK_H
#define SONDE_CHECK_CHECK_H

#include "base/diag.h"
#include "check/builtin.h"
#include "lang/ast.h"
#include "probes/provider.h"
#include "types/type.h"

#include <regex.h>
#include <stdio.h>

enum clock_mode { CLOCK_MODE_BOOT, CLOCK_MODE_MONOTONIC, CLOCK_MODE_TAI, CLOCK_MODE_SW_TAI };

/* A scratch variable of one scope instance. */
struct var {
	const char *name;
	struct loc loc;
	const struct type *type;
	bool is_let;
	bool is_declared;	/* type fixed by `let $x : T` */
	bool is_loop_var;
	bool is_param;		/* of a function */
	bool captured;		/* used in a loop body other than where it was made, so it must
				   live in memory if that body becomes a callback */
	bool address_taken;
	bool assigned, read;
	struct node *scope;	/* the block that it lives in */
	void *aux;		/* lowering's */
	/* private to check */
	const struct type *next;	/* what this round has found */
	unsigned nr_assigned;
	const struct node *only_value;	/* of the assignment, if there is but one */
	enum clock_mode clock;		/* of the time that it holds */
	bool is_sized;			/* declared, and the type says all */
	const struct type *opened;	/* declared, but for the size */
	const struct type *locked;	/* sizeof or the like has looked at it */
	unsigned spaces;		/* of the pointers that reach a parameter or a result: bits
					   of enum type_space */
};

/* A variable that each CPU has: its address, and that of the CPUs' offsets (or 0). */
struct percpu_symbol {
	uint64_t address, offsets;
};


enum map_use {
	MAP_READ = 1, MAP_ASSIGNED = 2, MAP_UPDATED = 4 /* ++ or op= */, MAP_DELETED = 8,
	MAP_PRINTED = 16, MAP_CLEARED = 32, MAP_ITERATED = 64,
	MAP_LOOKED_UP = 128 /* has_key(), find() */,
};

struct map {
	const char *name;
	struct loc loc;
	const struct type *key;		/* NULL: scalar */
	const struct type *value;
	bool is_scalar, shape_known;
	unsigned uses;			/* enum map_use, whole program */
	const struct map_decl *decl;	/* or NULL */
	uint32_t capacity;
	uint32_t index;			/* in check.maps */
	bool is_taken;			/* some action prints and then clears or zeroes it */
	bool address_taken;		/* &@m: it is a map of the kernel's whatever it holds */
	bool used_preemptible;		/* some program on it may be preempted by another */
	void *aux;			/* lowering's */
	/* private to check */
	const struct type *next_key, *next_value;	/* what this round has found */
	enum clock_mode clock;		/* of the times that it holds */
	bool is_seeded;			/* nothing else says its type: begins as int8 */
	struct loc shape_loc;		/* where the shape was decided */
	const struct type *locked_key, *locked_value;
};

/* A piece of a format: see image_conversion; argument `arg` of the call. */
struct format_piece {
	const char *text;	/* literal text, or NULL */
	size_t len;
	struct image_conversion conv;	/* .field is the index of the value, from 0 */
};

struct format {
	VEC(struct format_piece) pieces;
	size_t nr_values;
};

/* A program to be: sites that share it, and its own copy of the body. Functions have one of
 * their own, without sites. */
struct prog {
	const struct provider *provider;
	struct probe_site **sites;
	size_t nr_sites;
	uint32_t nr_variants;		/* ways to find the arguments (image_site.variant) */
	struct node *body;		/* BLOCK */
	struct loc loc;
	struct type_struct *args;	/* struct of `args`, or NULL */
	bool uses_probe;		/* reads `probe` and there are several sites */
	bool reads_user;		/* reads user memory (sleepable where that helps) */
	bool uses_stacks;
	bool uses_args;
	bool has_effects;		/* changes a map, sends a record: must heed the stop flag */
	const char *raw_event;		/* many syscall tracepoints as one raw program on sys_enter
					   or sys_exit; or NULL */
	struct prog *at_return;		/* of a session: what runs at the return of the functions
					   that this one is at the entry of; or NULL */
	bool in_session;		/* it is another one's at_return */
	struct func *func;		/* whose body this is; NULL: a program of the image */
	/* Functions that it may call, directly or not: those that are called stand
	 * before their callers. */
	VEC(struct func *) funcs;
	uint32_t index;
};

/* A parameter that getopt() asks for by its name. Calls have it as u.call.aux. */
struct named_param {
	const char *name;
	const char *description;	/* or "" */
	struct loc loc;			/* of the first call */
	const struct type *type;	/* bool, (u)int64 or string */
	uint64_t number;		/* the value: bool, integers */
	const char *text;		/* strings */
	size_t len;
	uint32_t map;			/* lowering's: 1 + the map with the text */
};

struct check_options {
	const char *const *params;	/* as given; checking takes the named ones out */
	size_t nr_params;
	const char *const *named;	/* those that begin with "--"; checking's own */
	size_t nr_named;
	int pid;			/* -p */
	bool has_child;			/* -c */
	bool unsafe_mode;
	bool no_warnings;
	int warnings_level;		/* -k: 2 */
	const regex_t *filter;		/* names of sites that are wanted; NULL: all */
	bool context;			/* records say when, on which CPU, in which task */
	uint32_t cut_weight;		/* for tests: from which weight on bodies are cut into parts
					   (lower/split.c); 0: as usual */
};

/* Features behind a setting unstable_..., see config.c. */
enum config_gate { GATE_TSERIES, GATE_DW_USTACK, GATE_TYPEINFO, GATE_IMPORT_STATEMENT, GATE_COUNT };
enum gate_mode { GATE_ENABLE, GATE_WARN, GATE_ERROR };

struct config {		/* after defaults, config block and environment */
	uint32_t max_strlen, max_map_keys, max_probes, max_bpf_progs, max_cat_bytes, on_stack_limit,
		perf_rb_pages, log_size;
	bool print_maps_on_exit, cpp_demangle, lazy_symbolication, show_debug_info;
	const char *str_trunc_trailer, *license;
	const char *dummy_ts_map;	/* a map that stands for all clocks, in tests; or NULL */
	bool unwind_tables;		/* ustack is dw_ustack */
	enum stack_mode stack_mode;
	int missing_probes;
	enum mechanism attach[MECHANISM_FAMILIES];	/* how each family is attached */
	bool kprobe_as_fentry;		/* kprobes are fentry programs where those do the same */
	enum gate_mode gates[GATE_COUNT];
	bool fault_in;			/* sleepable reads may fault pages in */
};

struct check {
	struct arena *arena;
	struct names *names;
	struct diags *diags;
	struct types *types;
	struct target *target;
	struct kbtf *btf;
	struct cdefs *cdefs;		/* the script's C part; NULL: none */
	struct script *script;
	const struct check_options *options;
	struct config config;
	struct probe_ctx probe_ctx;
	VEC(struct prog *) progs;	/* source order */
	VEC(struct map *) maps;		/* order of first use */
	VEC(struct named_param *) named_params;
	struct prog *prog;		/* being checked */
	bool is_guarded;		/* programs must not run within each other */
	bool reporting;			/* last round: diagnostics may be added */
	bool changed;			/* this round enlarged some type */
	struct check_state *state;	/* private to check */
};

/* Is the node a call of this builtin? */
static inline bool is_call_of(const struct node *n, enum builtin_id id)
{
	return n->kind == NODE_CALL && n->u.call.builtin && n->u.call.builtin->id == id;
}

/* The type of what memory holds where the node is a field, an element or a pointee: CHARS,
 * if that is a `char` array, which as a value is a string. Else the node's type. */
const struct type *node_stored_type(const struct node *n);

/* Check the script against the target. Returns 0 or -EINVAL when there were
 * errors (in diags). Fills progs, maps and config. */
int check_run(struct check *c);

/* Dump of the checked programs with types (`-d types`). */
void check_dump(const struct check *c, FILE *out);

#endif
