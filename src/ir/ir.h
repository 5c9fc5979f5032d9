/*
 * SSA in basic blocks.
 *
 * A module is what becomes one BPF program: funcs.at[0] is the entry, the
 * others are its callbacks and subprograms. A value is the instruction that
 * makes it. All integers are 64 bits wide and kept extended as their type in
 * the script demands; narrower operations are spelled with EXT. Objects larger
 * than a register (strings, keys, records) are memory: a func's `objects`,
 * whose place (stack or scratch) a late pass decides.
 *
 * Leaves (CONST, PARAM, OBJECT, MAP, MAP_VALUE, FUNC) float: they belong to no
 * block, are unique in their func, dominate everything, and are rematerialised
 * where they are used. Every other instruction stands in exactly one block.
 * The last instruction of a finished block is its terminator, the only one.
 */
#ifndef SONDE_IR_IR_H
#define SONDE_IR_IR_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/hmap.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What a value is, as the kernel's verifier sees it. */
enum ir_type {
	IR_VOID,
	IR_INT,		/* scalar; unchecked kernel and user pointers are scalars, too */
	IR_OBJ,		/* pointer into an object: stack or scratch */
	IR_MAPVAL,	/* pointer into a map's value, known not null */
	IR_MAPVAL_OR_NULL,
	IR_CTX,		/* the program's context */
	IR_RING,	/* pointer into a reserved ring record */
	IR_RING_OR_NULL,
	IR_KPTR,	/* trusted BTF pointer or result of bpf_rdonly_cast: plain loads only, and
			   no arithmetic but in a load's offset */
	IR_KPTR_OR_NULL,	/* an iterator's object, of which there is none at its end */
	IR_MAPREF,	/* a map itself, for helpers */
	IR_FUNCREF,	/* a callback, for helpers */
};

enum ir_op {
	/* leaves */
	IR_CONST,	/* imm */
	IR_PARAM,	/* imm: index; type as declared */
	IR_OBJECT,	/* imm: index in func.objects; its address */
	IR_MAP,		/* imm: image map */
	IR_MAP_VALUE,	/* imm: image map; imm2: offset in its value 0 (array with one entry) */
	IR_FUNC,	/* imm: index in module.funcs */
	/* integers: args[0] op args[1]; all on 64 bits */
	IR_ADD, IR_SUB, IR_MUL, IR_UDIV, IR_UMOD, IR_AND, IR_OR, IR_XOR, IR_SHL, IR_LSHR, IR_ASHR,
	/* args[0] cut to `size` bytes and extended to 64 bits */
	IR_SEXT, IR_ZEXT,
	IR_BSWAP,	/* args[0], `size` bytes swapped; zero-extended */
	IR_CMP,		/* args[0] cmp args[1]: 0 or 1 */
	/* pointers: IR_ADD on OBJ, MAPVAL, RING keeps the type; args[1] is the scalar */
	IR_LOAD,	/* size, is_signed; args[0] + imm. Zero-extended unless is_signed */
	IR_STORE,	/* size; *(args[0] + imm) = args[1] */
	IR_ATOMIC_ADD,	/* size 4 or 8; *(args[0] + imm) += args[1]; type IR_INT: returns the old
			   value (BPF_FETCH), IR_VOID: does not */
	IR_ATOMIC_XCHG,	/* returns the old value */
	IR_ATOMIC_CMPXCHG,	/* args[0] + imm, expected args[1], new args[2]; returns the old */
	IR_MEMZERO,	/* args[0] + imm, size bytes in imm2; expanded by the back end */
	IR_MEMCPY,	/* args[0] + imm <- args[1] + imm3, imm2 bytes; plain loads allowed on both;
			   no overlap; `align` 1, 2, 4 or 8 */
	IR_CALL,	/* BPF helper imm, up to five args */
	IR_KCALL,	/* kfunc with BTF id imm of vmlinux */
	IR_FCALL,	/* module.funcs[imm] */
	IR_PHI,		/* args parallel to block.preds */
	IR_NOT_NULL,	/* args[0] (…_OR_NULL) known to be set here: same register, new type.
			   Emitted by ir_emit_null_check only, first in the block behind the
			   check */
	/* terminators */
	IR_JUMP,	/* succs[0] */
	IR_BRANCH,	/* args[0] cmp args[1] ? succs[0] : succs[1]; size 4: on the low 32 bits */
	IR_RET,		/* args[0] */
	IR_OP_COUNT
};

enum ir_cmp { IR_EQ, IR_NE, IR_ULT, IR_ULE, IR_UGT, IR_UGE, IR_SLT, IR_SLE, IR_SGT, IR_SGE,
	      IR_TEST };
/* IR_TEST: (a & b) != 0; in BRANCH only. */

struct ir_block;
struct ir_func;

struct ir_insn {
	enum ir_op op;
	enum ir_type type;
	enum ir_cmp cmp;
	uint8_t size;			/* bytes: LOAD STORE ATOMIC EXT BSWAP; MEMCPY: alignment;
					   BRANCH: 4 compares the low 32 bits, else 64 */
	bool is_signed;			/* LOAD */
	bool is_pinned;			/* never merged, moved or removed (volatile) */
	bool is_pure;			/* KCALL, FCALL: may be merged and dropped (rdonly_cast);
					   the emitter sets it */
	uint32_t id;			/* unique in the func, dense */
	int64_t imm, imm2, imm3;
	struct ir_insn **args;		/* arena */
	uint32_t nr_args;
	uint32_t uses;			/* kept by ir_count_uses, not by the builder */
	uint32_t line;			/* script position (struct loc.begin), 0: none */
	struct ir_block *block;		/* NULL: a leaf */
	struct ir_insn *prev, *next;	/* in the block */
	struct ir_insn *same_as;	/* builder: a phi that turned out to be this value; what is
					   emitted uses that one */
	void *aux;			/* for the pass that runs */
};

struct ir_block {
	uint32_t id;			/* position in func.blocks, always */
	struct ir_func *func;
	struct ir_insn *first, *last;
	struct ir_block *succs[2];
	uint32_t nr_succs;
	VEC(struct ir_block *) preds;	/* no block twice */
	bool sealed;			/* builder: all preds are known */
	bool is_cold;			/* failure path: laid out last */
	struct hmap *defs;		/* builder: variable -> value */
	void *aux;
};

enum ir_place { IR_PLACE_ANY, IR_PLACE_STACK, IR_PLACE_SCRATCH };

struct ir_object {
	const char *name;		/* for dumps */
	uint32_t size_bytes, align_bytes;
	enum ir_place place;		/* wish; after ir_place_objects: where it is */
	bool keep;			/* lives through the whole func (captured by a callback) */
	bool lasts;			/* other funcs use it: beside all others, always */
	uint32_t shared;		/* not 0: no object but the entry func's object
					   `shared` - 1, which lies in scratch, seen from here */
	int32_t offset;			/* after ir_place_objects: from r10 (negative) or scratch
					   start */
};

/* Whose scratch memory the entry func's SCRATCH objects lie in (docs/architecture: memory). */
enum ir_scratch_owner {
	IR_SCRATCH_NONE,
	IR_SCRATCH_PERCPU,
	IR_SCRATCH_TASK,	/* task storage */
	IR_SCRATCH_THREAD	/* a hash map by thread, for kernels without the former */
};

/* A variable of the builder: an SSA name for what the script assigns. */
struct ir_var {
	const char *name;
	enum ir_type type;
};

struct ir_func {
	const char *name;
	struct ir_module *module;
	uint32_t index;
	VEC(struct ir_block *) blocks;	/* blocks.at[0], the first made, is the entry: no preds,
					   sealed */
	VEC(struct ir_object) objects;
	VEC(struct ir_insn *) leaves;
	enum ir_type params[5];
	uint32_t nr_params;
	uint32_t param_bytes;		/* behind each pointer to memory among the params */
	bool is_callback;
	bool is_global;			/* the kernel verifies it by itself: it stays a func */
	bool is_apart;			/* it stays a func, whether global or not */
	uint32_t next_insn_id;
	uint32_t stack_bytes;		/* set by ir_place_objects */
	struct hmap leaf_table;
};

/* What calls read of a key and a value that they are given for a map. */
struct ir_map_facts {
	uint32_t key_bytes, value_bytes;	/* 0: unknown */
};

struct ir_module {
	struct arena *arena;		/* borrowed */
	struct arena *work;		/* borrowed, or NULL: for what passes forget; emptied again
					   and again by ir_optimize */
	const char *name;
	bool is_large;			/* many conditions on one value multiply what the verifier
					   follows: helpers and the context are asked anew in each
					   block */
	VEC(struct ir_func *) funcs;
	const struct ir_map_facts *maps;	/* by image map; borrowed, or NULL */
	size_t nr_maps;
	/* scratch */
	enum ir_scratch_owner scratch_owner;
	uint32_t scratch_map;		/* image map */
	uint32_t scratch_new_map;	/* THREAD: image map with a thread's first frame */
	uint32_t scratch_cpus;		/* PERCPU: a power of two above all CPU numbers, if frames
					   may lie side by side in one array value; 0: per-CPU
					   array */
	uint32_t scratch_bytes;		/* set by ir_place_objects: of a frame */
	uint32_t scratch_stride;	/* set by ir_place_objects: the map is an array with one
					   value of scratch_cpus frames so far apart; 0: one of
					   scratch_bytes */
	uint32_t stack_limit;		/* for objects, in all funcs of a chain; 512 less spills */
	uint32_t stack_small;		/* objects of up to so many bytes go to the stack first */
	int64_t scratch_lost_map, scratch_lost_offset;	/* counts that there was no frame */
};

/* Where instructions go: appended to `block`. */
struct ir_builder {
	struct ir_func *func;
	struct ir_block *block;		/* NULL after a terminator: what is emitted is dropped */
	uint32_t line;			/* given to what is emitted */
};

struct ir_module *ir_module_new(struct arena *a, const char *name);
struct ir_func *ir_func_new(struct ir_module *m, const char *name, const enum ir_type *params,
			    uint32_t nr_params);
uint32_t ir_object_new(struct ir_func *f, const char *name, uint32_t size, uint32_t align);
/* The first block made is the entry; ir_func_new makes none. */
struct ir_block *ir_block_new(struct ir_func *f);

/* ---- leaves ---- */
struct ir_insn *ir_const(struct ir_func *f, int64_t value);
struct ir_insn *ir_param(struct ir_func *f, uint32_t index);
struct ir_insn *ir_object(struct ir_func *f, uint32_t object);
struct ir_insn *ir_map(struct ir_func *f, uint32_t image_map);
struct ir_insn *ir_map_value(struct ir_func *f, uint32_t image_map, uint32_t offset);
struct ir_insn *ir_func_ref(struct ir_func *f, uint32_t func);

/* ---- emitting; each appends to b->block and returns the value. ADD and SUB
 * of a pointer and a scalar keep the pointer's type. Behind a terminator
 * nothing is kept: the value returned may only be used there. ---- */
struct ir_insn *ir_emit_binary(struct ir_builder *b, enum ir_op op, struct ir_insn *x,
			       struct ir_insn *y);
struct ir_insn *ir_emit_binary_imm(struct ir_builder *b, enum ir_op op, struct ir_insn *x,
				   int64_t y);
struct ir_insn *ir_emit_ext(struct ir_builder *b, struct ir_insn *x, unsigned size, bool is_signed);
struct ir_insn *ir_emit_bswap(struct ir_builder *b, struct ir_insn *x, unsigned size);
struct ir_insn *ir_emit_cmp(struct ir_builder *b, enum ir_cmp cmp, struct ir_insn *x,
			    struct ir_insn *y);
struct ir_insn *ir_emit_load(struct ir_builder *b, enum ir_type type, unsigned size, bool is_signed,
			     struct ir_insn *p, int32_t offset);
void ir_emit_store(struct ir_builder *b, unsigned size, struct ir_insn *p, int32_t offset,
		   struct ir_insn *value);
struct ir_insn *ir_emit_atomic(struct ir_builder *b, enum ir_op op, unsigned size, bool fetch,
			       struct ir_insn *p, int32_t offset, struct ir_insn *x,
			       struct ir_insn *y);
void ir_emit_memzero(struct ir_builder *b, struct ir_insn *p, int32_t offset, uint32_t size);
void ir_emit_memcpy(struct ir_builder *b, struct ir_insn *to, int32_t to_offset,
		    struct ir_insn *from,
		    int32_t from_offset, uint32_t size, unsigned align);
struct ir_insn *ir_emit_call(struct ir_builder *b, enum ir_op op, int64_t target, enum ir_type type,
			     struct ir_insn *const *args, uint32_t nr_args);
/* IR_CALL with the args listed. */
#define ir_emit_helper(b, helper, type, ...)						\
	ir_emit_call((b), IR_CALL, (helper), (type),					\
		     (struct ir_insn *[]){ __VA_ARGS__ },				\
		     sizeof((struct ir_insn *[]){ __VA_ARGS__ }) / sizeof(struct ir_insn *))

void ir_emit_jump(struct ir_builder *b, struct ir_block *to);
void ir_emit_branch(struct ir_builder *b, enum ir_cmp cmp, struct ir_insn *x, struct ir_insn *y,
		    struct ir_block *then, struct ir_block *otherwise);
void ir_emit_ret(struct ir_builder *b, struct ir_insn *value);

/* Branch to `null_block` if p is null; continue in a new block and return p
 * there with its not-null type. */
struct ir_insn *ir_emit_null_check(struct ir_builder *b, struct ir_insn *p,
				   struct ir_block *null_block);

/* Continue in `block`. ir_seal: no more predecessors will come; every block
 * must be sealed in the end, and again does no harm. */
void ir_continue_in(struct ir_builder *b, struct ir_block *block);
void ir_seal(struct ir_block *block);

/* Phi by hand: args must be added in the order of preds once they are known. */
struct ir_insn *ir_emit_phi(struct ir_builder *b, enum ir_type type);
void ir_phi_add(struct ir_insn *phi, struct ir_insn *value);

/* ---- variables: SSA on the fly (Braun et al., CC 2013). A read of a variable
 * that no path has written gives constant 0. ---- */
struct ir_var *ir_var_new(struct ir_func *f, const char *name, enum ir_type type);
void ir_var_write(struct ir_builder *b, struct ir_var *var, struct ir_insn *value);
struct ir_insn *ir_var_read(struct ir_builder *b, struct ir_var *var);

/* ---- whole functions ---- */
/* Does it ask an iterator for the next turn of its loop? */
bool ir_is_next_turn(const struct ir_insn *i);
void ir_count_uses(struct ir_func *f);
void ir_replace(struct ir_func *f, struct ir_insn *old, struct ir_insn *with);
void ir_remove(struct ir_insn *insn);			/* from its block */
void ir_remove_unreachable(struct ir_func *f);
void ir_renumber(struct ir_func *f);			/* reverse postorder; ids of values, too */

/* True if the func is well formed; else a message in *why (arena). */
bool ir_verify(const struct ir_module *m, const char **why);
void ir_dump(const struct ir_module *m, FILE *out);

/* Take away the phis that turned out to be copies. */
void ir_pass_phis(struct ir_func *f);

/* Put calls in place where that is better, or needed for a chain to be short. */
void ir_inline_calls(struct ir_module *m);

/* ---- passes; each says in its file what it requires and invalidates ---- */
void ir_pass_fold(struct ir_func *f);		/* constants, identities, known bits: needless
						   EXT */
void ir_pass_gvn(struct ir_func *f);		/* value numbering, copies, pure helpers */
void ir_pass_dce(struct ir_func *f);		/* dead code */
void ir_pass_stores(struct ir_func *f);		/* dead and needless writes to objects */
void ir_pass_branches(struct ir_func *f);	/* branch folding, compare fusion, block merging */
void ir_pass_layout(struct ir_func *f);		/* block order; cold blocks last */
void ir_pass_slots(struct ir_func *f);		/* stores of what a stack slot holds; after
						   placing */
void ir_pass_edges(struct ir_func *f);		/* constants that a register holds; last */
/* Puts objects on the stack or in scratch; rewrites scratch ones. */
void ir_place_objects(struct ir_module *m);
void ir_optimize(struct ir_module *m);		/* all of the above, in order */

/* Helpers whose result cannot change within one run of a program (pid_tgid,
 * uid_gid, current task, cpu): may be merged by value numbering. */
bool ir_helper_is_pure(int64_t helper);
const char *ir_helper_name(int64_t helper);	/* without "bpf_"; "unknown" */

#endif
