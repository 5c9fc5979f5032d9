/*
 * Private to src/lower: what the two halves of unwinding share.
 */
#ifndef SONDE_LOWER_UNWIND_H
#define SONDE_LOWER_UNWIND_H

#include "lower/internal.h"

/* The maps, from image.unwind_map on. */
enum { UNWIND_PROCESSES, UNWIND_CHUNKS, UNWIND_RULES, UNWIND_FILES, UNWIND_MAPS };

/* The state: words at these offsets. */
enum {
	UNWIND_IP = 0, UNWIND_SP = 8, UNWIND_FP = 16,
	UNWIND_LINK = 24,	/* the link register, if the frame is the innermost */
	UNWIND_BACK = 32,	/* 1: IP is behind a call, which is what counts */
	/* the range that the last address was in */
	UNWIND_START = 40, UNWIND_BIAS = 48, UNWIND_LEN = 56, UNWIND_ROWS = 64,
	UNWIND_CHUNK = 72, UNWIND_AT = 80,
	/* the process's ranges */
	UNWIND_LIST_CHUNK = 88, UNWIND_LIST_AT = 96, UNWIND_LIST_N = 104,
	UNWIND_WORD = 112,	/* what was read */
	UNWIND_COUNT = 120,	/* addresses so far */
	/* a mapping of a process without a list, and the file that is mapped */
	UNWIND_MAPPED = 128, UNWIND_MAPPED_LEN = 136, UNWIND_PAGE = 144,
	UNWIND_FILE = 152,	/* struct image_unwind_file_id */
	UNWIND_IS_FILE = 184,
	/* the kernel's list of the task's returns that are waited for, and the address that it
	 * has put in their place */
	UNWIND_RETURNS = 192, UNWIND_TRAMPOLINE = 200,
	UNWIND_STATE_BYTES = 208,
};

/* What a step returns: 0, or this plus an enum image_unwind_failure; this alone: the
 * outermost frame was reached. */
#define UNWIND_STOP 0x100

/* ---- small things ---- */

static inline struct ir_insn *unwind_get(struct gen *g, struct ir_insn *state, int32_t at)
{
	return ir_emit_load(&g->b, IR_INT, 8, false, state, at);
}

static inline void unwind_set(struct gen *g, struct ir_insn *state, int32_t at, struct ir_insn *v)
{
	ir_emit_store(&g->b, 8, state, at, v);
}

/* End the func with a value where x cmp y. */
void unwind_return_if(struct gen *g, enum ir_cmp cmp, struct ir_insn *x, struct ir_insn *y,
		      int64_t value);

/* What follows runs where x cmp y, up to the end; go on in both cases behind it. */
struct unwind_if {
	struct ir_block *next;
};

struct unwind_if unwind_if(struct gen *g, enum ir_cmp cmp, struct ir_insn *x, int64_t y);
void unwind_end_if(struct gen *g, struct unwind_if m);

/* Note in a map's entry that it was used, but write no memory that other CPUs read for
 * nothing. */
void unwind_note_use(struct gen *g, struct ir_insn *entry, int32_t at);

/* ---- the kernel's structs (unwind_kernel.c) ---- */

/* A struct of the kernel and a pointer to one. */
struct unwind_object {
	struct type_struct *type;
	struct ir_insn *at;
};

/* NULL: the kernel's BTF has none of that name. */
struct type_struct *unwind_struct(struct gen *g, const char *name);
bool unwind_has_field(struct gen *g, struct type_struct *s, const char *name, uint32_t *at);
/* One of a struct that is a member itself. */
bool unwind_has_inner_field(struct gen *g, struct type_struct *s, const char *member,
			    const char *name, uint32_t *at);

/* Has the kernel all of these? */
struct unwind_need {
	const char *type, *field;
};

bool unwind_has_fields(struct gen *g, const struct unwind_need *needed, size_t n);

/* What lies at an offset; a member, which must be there. */
struct ir_insn *unwind_load(struct gen *g, struct unwind_object o, uint32_t offset,
			    unsigned size);
struct ir_insn *unwind_member(struct gen *g, struct unwind_object o, const char *name,
			      unsigned size);

/* ---- returns that uretprobes wait for (unwind_return.c) ---- */

/* Before the first step, into the state. */
void unwind_note_returns(struct gen *g, struct ir_insn *state);

/* The return address `ip` of the frame that ends at `cfa`, or what was there before the kernel
 * put its own in its place. */
struct ir_insn *unwind_true_return(struct gen *g, struct ir_insn *state, struct ir_insn *ip,
				   struct ir_insn *cfa);

/* ---- funcs ---- */

/* A global func with the state as its parameter. `null`: where the state is none. */
struct ir_func *unwind_enter(struct gen *g, struct outside *out, const char *name,
			     struct ir_insn **state, struct ir_block **null);
void unwind_leave(struct gen *g, const struct outside *out, struct ir_block *null);

/* Ranges that lie sorted in a chunk. `delta`: what addresses of the process are above what the
 * ranges say, or NULL. */
struct unwind_list {
	struct ir_insn *chunk, *at, *n, *delta;
};

/* The range of a list that the state's address is in, or the last before it, into the
 * state. */
void unwind_find_range(struct gen *g, struct ir_insn *state, const struct unwind_list *list,
		       struct ir_block *null);

/* How far the state's address is in the state's range. */
struct ir_insn *unwind_offset(struct gen *g, struct ir_insn *state);

/* The address that counts. */
struct ir_insn *unwind_address(struct gen *g, struct ir_insn *state);

/* Of a process without a list: find the range by the file that is mapped there. Returns 0 if
 * it was found. NULL: this kernel has no way to. */
struct ir_func *unwind_by_file(struct gen *g);

/* From the state's frame to its caller. */
struct ir_func *lower_unwind_step(struct gen *g);

/* Of a process: ask user space for its ranges, about once a second. */
struct ir_func *lower_unwind_ask(struct gen *g);

#endif
