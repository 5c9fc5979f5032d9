/*
 * What the files of src/ir share and other rooms do not need.
 *
 * A pass works on one func. Blocks keep their id equal to their position; every
 * change of an edge goes through ir_edge_*, which keep preds and phi args
 * parallel. Analyses (order, dominators) are computed where they are needed and
 * thrown away: they are linear and small.
 */
#ifndef SONDE_IR_INTERNAL_H
#define SONDE_IR_INTERNAL_H

#include "ir/ir.h"

/* ---- ops.c: facts about operations ---- */

enum ir_op_flags {
	IR_OP_LEAF = 1,
	IR_OP_TERM = 2,
	IR_OP_PURE = 4,		/* depends on its args only: may be merged, dropped */
	IR_OP_COMMUTES = 8,
	IR_OP_BINARY = 16,	/* integer arithmetic on two args */
	IR_OP_MEMORY = 32,	/* args[0] + imm is an address */
};

struct ir_op_info {
	const char *name;
	unsigned flags;
	int min_args, max_args;
};

extern const struct ir_op_info ir_ops[IR_OP_COUNT];
extern const char *const ir_type_names[];
extern const char *const ir_cmp_names[];

static inline bool ir_op_is(const struct ir_insn *i, unsigned flag)
{
	return ir_ops[i->op].flags & flag;
}

static inline bool ir_is_const(const struct ir_insn *i, int64_t *value)
{
	if (i->op == IR_CONST)
		*value = i->imm;
	return i->op == IR_CONST;
}

/* A pointer that is known to be set and that plain loads may use. */
bool ir_type_is_address(enum ir_type type);
bool ir_type_is_pointer(enum ir_type type);
bool ir_type_is_or_null(enum ir_type type);
enum ir_type ir_type_not_null(enum ir_type type);

enum ir_cmp ir_cmp_negate(enum ir_cmp cmp);	/* not for IR_TEST */
enum ir_cmp ir_cmp_swap(enum ir_cmp cmp);	/* a cmp b == b swapped a */

/* ---- helpers.c: what calls do ---- */

enum ir_helper_flags {
	IR_HELPER_PURE = 1,	/* same result throughout one run of a program */
	IR_HELPER_DROP = 2,	/* no effect but its result and what it writes through args */
	IR_HELPER_LONG = 4,	/* kernel memory may well change meanwhile: sleeps, loops,
				   signals */
};

/* How a helper treats the memory that an argument points to. */
enum ir_mem_use {
	IR_MEM_NONE,		/* not a pointer to memory, or not followed */
	IR_MEM_READ,		/* not more than *size bytes, if that is known */
	IR_MEM_READ_KEY,	/* helpers only: a key or a value of the map in args[0]; */
	IR_MEM_READ_VALUE,	/* for everybody else these are IR_MEM_READ */
	IR_MEM_WRITE,		/* writes all of it, always: size is the argument behind */
	IR_MEM_WRITE_SOME,	/* may write, does not read */
	IR_MEM_ANY,
};

struct ir_helper {
	const char *name;	/* without "bpf_" */
	unsigned flags;
	enum ir_mem_use args[5];
};

/* Never NULL: an unknown helper may do anything. */
const struct ir_helper *ir_helper_info(int64_t helper);

/* How `insn` uses the memory that its argument `arg` points to. *size: bytes from
 * args[arg] + *offset on, all of those that are read or that are written for
 * certain (0 when not known). */
enum ir_mem_use ir_memory_use(const struct ir_insn *insn, uint32_t arg, int64_t *offset,
			      uint64_t *size);

/* ---- constant.c: arithmetic as eBPF does it ---- */
uint64_t ir_size_mask(unsigned size_bytes);
int64_t ir_eval_binary(enum ir_op op, int64_t x, int64_t y);
int64_t ir_eval_unary(enum ir_op op, unsigned size_bytes, int64_t x);
bool ir_eval_cmp(enum ir_cmp cmp, int64_t x, int64_t y);

/* ---- known.c: what is known of a value's bits ---- */
struct ir_known {
	uint64_t zero;		/* these bits are 0 */
	unsigned sign_bits;	/* so many bits at the top are all alike; at least 1 */
};
struct ir_known ir_known_bits(const struct ir_insn *v);

/* ---- module.c ---- */
struct ir_insn *ir_insn_new(struct ir_func *f, enum ir_op op, enum ir_type type, uint32_t nr_args);
void ir_append(struct ir_block *b, struct ir_insn *insn);
void ir_insert_before(struct ir_insn *at, struct ir_insn *insn);
void ir_insert_after(struct ir_insn *at, struct ir_insn *insn);
/* The first instruction behind phis and NOT_NULL; NULL in an empty block. */
struct ir_insn *ir_first_body(struct ir_block *b);
/* What is used instead of v; v itself but for phis that are copies. */
struct ir_insn *ir_resolve(struct ir_insn *v);

/* ---- graph.c ---- */
void ir_edge_add(struct ir_block *from, struct ir_block *to);
/* `from` no more leads to `to`: drops the pred and the phi args; succs are the caller's. */
void ir_edge_drop(struct ir_block *from, struct ir_block *to);
/* The edge from -> old now leads to `to`; phis of `to` get no arg. */
void ir_edge_redirect(struct ir_block *from, struct ir_block *old, struct ir_block *to);
uint32_t ir_pred_index(const struct ir_block *b, const struct ir_block *pred);
/* Replace the terminator of b by a jump to its successor `keep`. */
void ir_branch_to_jump(struct ir_block *b, struct ir_block *keep);
/* Move `at` and what follows to a new block, which b jumps to. */
struct ir_block *ir_block_split(struct ir_block *b, struct ir_insn *at);
void ir_assign_block_ids(struct ir_func *f);

/* Blocks that the entry reaches, in reverse postorder. */
struct ir_order {
	struct ir_block **rpo;
	uint32_t n;
	uint32_t *number;	/* by block id; UINT32_MAX: unreachable */
};

/* Immediate dominators, and intervals that answer "a dominates b" at once. */
struct ir_dom {
	struct ir_order order;
	uint32_t *idom;		/* by rpo number; the entry's is 0 */
	uint32_t *enter, *leave;	/* by rpo number */
};

void ir_order_find(const struct ir_func *f, struct ir_order *o);
void ir_dom_find(const struct ir_func *f, struct ir_dom *d);
bool ir_dominates(const struct ir_dom *d, const struct ir_block *a, const struct ir_block *b);
struct ir_block *ir_idom(const struct ir_dom *d, const struct ir_block *b);

/* ---- edges.c ---- */
/* The value that equals the constant leaf `c` whenever b is left for `to`, or NULL. */
struct ir_insn *ir_equal_on_edge(const struct ir_block *b, const struct ir_block *to,
				 const struct ir_insn *c);

/* ---- objects.c: which object an address points into, and which bytes are needed ---- */

#define IR_NO_OBJECT UINT32_MAX

/* Objects whose addresses meet in a phi form a class and are known by one of
 * them, the class's representative. */
struct ir_objects {
	const struct ir_func *f;
	uint32_t n;
	uint32_t *class_of;	/* by object: the representative */
	bool *joined;		/* by representative: of more than one object */
	bool *escaped;		/* by representative: may be used by anybody at any time */
	uint32_t *base;		/* by insn id: representative, or IR_NO_OBJECT */
	int64_t *offset;	/* by insn id: from the object's start; -1: not known */
};

/* What an instruction does to one object. */
struct ir_touch {
	uint32_t object;	/* representative */
	enum ir_mem_use use;
	int64_t from, to;	/* bytes; the whole object if not known */
	bool is_exact;		/* WRITE: all of from..to is written for certain */
};

void ir_objects_find(const struct ir_func *f, struct ir_objects *o);
/* At most one touch an argument; returns how many. */
uint32_t ir_touches(const struct ir_objects *o, const struct ir_insn *i, struct ir_touch out[5]);

/* Needed bytes of an object as 64 bits, each for 1/64 of it (a byte up to 64
 * bytes of size). `live` has one word an object. */
uint64_t ir_touch_bits(const struct ir_objects *o, const struct ir_touch *t, bool if_whole);
void ir_live_step_back(const struct ir_objects *o, const struct ir_insn *i, uint64_t *live);
/* live_out: blocks.n rows of o->n words, by block id. */
uint64_t *ir_live_find(const struct ir_objects *o);

/* ---- vars.c ---- */
/* Use same_as everywhere, and remove what has one. */
void ir_apply_copies(struct ir_func *f);

/* for (insn of block), safe against removal of the current one */
#define ir_each_insn(i, next_, b)							\
	for (struct ir_insn *i = (b)->first, *next_ = i ? i->next : NULL; i;		\
	     i = next_, next_ = i ? i->next : NULL)

#define ir_each_phi(i, b) \
	for (struct ir_insn *i = (b)->first; i && i->op == IR_PHI; i = i->next)

/* Memory for what a pass knows while it runs. */
static inline struct arena *ir_work(const struct ir_module *m)
{
	return m->work ? m->work : m->arena;
}

#endif
