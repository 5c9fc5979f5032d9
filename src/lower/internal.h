/*
 * What the files of src/lower share.
 *
 * Two kinds of values: a scalar is an IR value (lower_value); anything larger
 * is memory, and whoever needs it says where it shall go (lower_to) or takes it
 * where it lies (lower_place). Nothing is copied that can be read in place.
 */
#ifndef SONDE_LOWER_INTERNAL_H
#define SONDE_LOWER_INTERNAL_H

#include "lower/lower.h"

#include <assert.h>

#define NO_MAP UINT32_MAX
#define MAP_SIZES IMAGE_MAP_SIZES

/* The kernel map of keys that end early, see sized.c. */
struct map_size {
	uint32_t map, spare;
	uint32_t tail_bytes;		/* of the key's last member */
};

/* Storage of a map of the script; map->aux. */
struct map_store {
	struct map *map;
	enum script_map_storage storage;
	uint32_t image_map, spare_map;	/* HASH; spare_map NO_MAP: is not taken */
	uint32_t select_offset;		/* in the control block */
	/* HASH with short keys in maps of their own: see sized.c */
	const struct type *key, *tail;	/* as keys lie in memory; the key's last member */
	uint32_t tail_offset;
	struct map_size sizes[MAP_SIZES];	/* small to large */
	uint32_t nr_sizes;
	uint32_t entries_offset;	/* in the control block: how many there are in all */
	uint32_t cell_offset, cell_stride, set_offset;	/* CELL, as in struct script_map */
	uint32_t value_size;
	bool is_percpu;
	bool plain;		/* no other program, nor user space, comes between a load and a
				   store */
	/* what the programs do with it, found before storage is decided */
	unsigned users, raw_users;	/* programs that touch it */
	bool preemptible;	/* one of them may be interrupted by another */
	bool inserted, inserted_irq_off, inserted_perf, inserted_in_loop;
	bool inserted_unsampled;	/* by a program that no timer starts */
	bool is_asked_for_len;
	bool may_be_zero;	/* though it was written: it is not only counted up */
};

/* Kernel functions that programs call where the kernel has them. */
enum lower_kfunc {
	KFUNC_RDONLY_CAST, KFUNC_COPY_STR, KFUNC_MAP_SUM, KFUNC_ITER_NEW, KFUNC_ITER_NEXT,
	KFUNC_ITER_DESTROY, KFUNC_SESSION_IS_RETURN, KFUNC_STRNSTR, KFUNC_TASK_FROM_PID,
	KFUNC_TASK_RELEASE,
	LOWER_KFUNC_COUNT
};

/* The whole script. */
struct lower {
	struct check *c;
	struct image *image;
	struct lower_result *out;
	struct arena *arena;		/* work and IR; what stays is in image->arena */
	struct hmap failures;		/* helper, text and place -> index in the image, plus 1 */
	struct hmap layouts;		/* struct type -> struct value_layout */
	uint32_t cells_map;		/* the control block; NO_MAP: there are no cells */
	uint32_t control_size;
	uint32_t zeros_offset, zeros_size;	/* zero bytes in the control block */
	uint32_t one_offset;		/* a word that is 1 in the control block; 0: not asked
					   for */
	uint32_t cpu_mask;		/* CPUs rounded up to a power of two, less one */
	uint32_t guard_offset;		/* in the control block, of guard.c: a u64 for each CPU, 1
					   while a program runs there */
	/* What the calls of strftime and cgroup_path have as literals. */
	VEC(const char *) time_formats, cgroup_filters;
	struct type_struct *task_struct;	/* see lower_task_struct */
	const char *line_copied, *line_copy;	/* the script's line that last went into the
						   image */
	uint32_t kfunc_ids[LOWER_KFUNC_COUNT];	/* see lower_kfunc */
	uint32_t error_map, signal_map, syscall_map;	/* of texts, plus 1; 0: none yet */
	bool task_known, kfuncs_known;
};

/* Where a value that is memory shall be written. */
struct dest {
	struct ir_insn *base;
	int32_t offset;
	uint32_t slack;		/* bytes behind the value that may be overwritten */
	bool zeroed;		/* all bytes are zero already */
	bool is_key;		/* of a map by sizes: a short text need be followed by zeroes only
				   up to its size, see lower_call_str */
};

enum place_kind {
	PLACE_DIRECT,		/* plain loads */
	PLACE_KERNEL,		/* address in kernel memory; may be bad */
	PLACE_USER,
	PLACE_UNKNOWN,		/* kernel or user: the helper decides */
};

/* Where a value that is memory lies. */
struct place {
	enum place_kind kind;
	struct ir_insn *base;	/* a pointer if DIRECT, else an address */
	int32_t offset;
	/* The vmlinux struct at base, for typed loads of kernel memory; offset
	 * then counts from its start. NULL: not known. */
	struct type_struct *root;
	bool trusted;		/* base is a trusted BTF pointer, not just a cast one */
};

struct loop {
	struct loop *outer;
	struct ir_block *on_break, *on_continue;
	struct ir_insn *iterator;	/* open iterator, to be closed on the way out; or NULL */
	bool is_callback;		/* the body is a function of its own */
	struct ir_insn *pair;		/* what a callback gets that tells when it ends; or NULL */
	bool is_part;			/* no loop: the end of the part that the loop is around */
};

/* Statements begin..end-1 of a block that are a function of their own. */
struct part {
	size_t begin, end;
	bool uses_ctx;
};

/* What a script's function is in the IR, in whatever program; func->aux. See func.c. */
struct func_shape {
	bool reads_context, may_exit;
	bool is_packed;		/* the arguments lie in one block of memory */
	bool by_memory;		/* the result is written where the caller says */
	uint32_t pack_bytes;
};

enum { GEN_OBJECTS = 4 };	/* pointers to objects in an iterator's context; 2 are usual */

/* A program that is being generated, or one of its functions. */
struct gen {
	struct lower *l;
	struct check *c;
	struct prog *prog;
	struct hmap *funcs;		/* of the module: struct func -> struct ir_func */
	struct func *func;		/* NULL: the program itself */
	struct ir_insn *result;		/* where the function's result goes; NULL: it is returned */
	uint32_t index;			/* in image->progs */
	struct ir_module *m;
	struct ir_builder b;
	struct loc at;			/* of what is being lowered */
	const struct node *unused;	/* a call whose value nobody wants */
	bool is_discard;		/* in `_ = e`: its value is not wanted, and that is said */
	struct ir_insn *ctx;		/* the program's context; NULL in callbacks */
	struct loop *loop;
	int64_t default_result;
	bool sleepable;
	bool is_guarded;		/* see guard.c */
	uint32_t guard_offset;		/* in the control block: a u64 for each CPU, 1 while what
					   the program must not run within is running */
	/* Variables that funcs share lie in one object of the entry func, or of the
	 * script's function; NULL: there are no other funcs. */
	struct ir_insn *frame;
	uint32_t frame_object;		/* of the entry func, if there are parts */
	uint32_t frame_result;		/* where in it the function's result lies until its parts
					   are done; 0: nowhere */
	bool result_in_frame;		/* this is what `result` is */
	bool in_callback;		/* or in a part */
	bool loops_use_ctx;		/* a callback reads the context: it gets it in its pair */
	struct ir_insn *probe;		/* index of the attach point, once known */
	bool probe_is_known;
	int64_t cookie_shift;		/* from the cookie to the index: return of a session */
	/* Of the program and its functions, see split.c: by node, by first statement, by func. */
	struct hmap plain_loops, parts, known_funcs;
	bool is_large;			/* so that code is rather shared than in place */
	struct shared **shared;		/* of the module: functions that code shares, see
					   shared.c */
	unsigned frames;		/* that are in use here, the entry's included */
	/* An iterator's objects, by their offset in the context: known not to be null in
	 * objects_func. */
	struct { int32_t offset; struct ir_insn *pointer; } objects[GEN_OBJECTS];
	unsigned nr_objects;
	struct ir_func *objects_func;
	struct ir_block *on_null;	/* pointers are followed for a helper that takes only what
					   the verifier trusts: where to go if one is null */
};

/* What has to be put back behind a func. */
struct outside {
	struct ir_builder b;
	struct ir_insn *ctx, *frame, *probe, *result;
	struct loop *loop;
	bool in_callback, probe_is_known, result_in_frame;
	unsigned frames;
};

/* The frame that funcs share, see var.c. */
enum { FRAME_RETURNED = 0, FRAME_RESULT = 8, FRAME_PROBE = 16, FRAME_VARS = 24 };

/* What FRAME_RETURNED says. */
enum { NOT_RETURNED = 0, RETURNED = 1, EXITED = 2 };

/* A variable's storage; var->aux. */
struct var_store {
	struct ir_var *ssa;		/* scalar in registers, or NULL */
	uint32_t object;		/* else an object of func; ... */
	struct ir_func *func;
	int32_t frame_offset;		/* ... or a place in the frame */
	bool in_frame;
	struct place ref;		/* struct or array by reference: its kind */
	struct ir_insn *param;		/* memory that the caller of `func` owns, at frame_offset */
};

/* ---- lower.c ---- */
uint32_t lower_control_word(struct lower *l, uint32_t size_bytes);
uint32_t lower_add_map(struct lower *l, struct image_map map);
uint32_t lower_add_rodata(struct lower *l, const char *name, const void *data, uint32_t size);
struct image_place lower_image_place(struct lower *l, struct loc loc);
/* Its BTF id; 0: the target has none that loads. Looked for when first asked
 * for, since that takes a walk over BTF and a program loaded to try. */
uint32_t lower_kfunc(struct lower *l, enum lower_kfunc k);

/* The same without a test. */
uint32_t lower_kfunc_id(struct lower *l, enum lower_kfunc k);

/* The same for what needs no test but whether programs of this type load with it. */
uint32_t lower_kfunc_here(struct gen *g, enum lower_kfunc k);

/* struct task_struct of the kernel's BTF, or NULL. */
struct type_struct *lower_task_struct(struct lower *l);

/* True if loops are iterators, not callbacks. */
bool lower_loops_inline(struct lower *l);

/* ---- layout.c ---- */
const struct value_layout *lower_layout(struct lower *l, const struct type *type);
bool lower_is_scalar(const struct type *t);

/* ---- sized.c ---- */
/* Decide whether `map` gets a kernel map for each size of key, make those for short
 * keys, and set s->key and the rest. */
void lower_sized_maps(struct lower *l, struct map_store *s, struct image_map *map);

/* A kernel map that a key may belong to, and where its entries are counted (NULL: they
 * are not). */
struct lower_way {
	struct ir_insn *map, *entries;
};

/* Generate code by `fn` for each; it ends in a jump. */
typedef void (*lower_way_fn)(struct gen *g, struct lower_way way, void *arg);
void lower_each_way(struct gen *g, const struct map_store *s, struct ir_insn *key,
		    lower_way_fn fn, void *arg);
struct lower_way lower_one_way(struct gen *g, const struct map_store *s, struct ir_insn *key);

/* The kernel map to use: for a taken map, whichever is not being emptied. `key` may be
 * NULL if the map has no sizes. */
struct ir_insn *lower_map_ref(struct gen *g, const struct map_store *s, struct ir_insn *key);

void lower_count_entry(struct gen *g, struct ir_insn *entries, int64_t change);
void lower_branch_if_full(struct gen *g, struct ir_insn *entries, uint32_t capacity,
			  struct ir_block *full);

/* ---- maps.c ---- */
void lower_maps(struct lower *l);
struct map_store *lower_store(const struct map *map);
uint32_t lower_hist_buckets(const struct type *value);

/* ---- prog.c ---- */
int lower_prog(struct lower *l, struct prog *prog);
struct ir_insn *lower_probe_index(struct gen *g);
void lower_enter_first(struct gen *g);	/* the entry block of a func */

/* ---- seq_printf.c ---- */
/* An iterator that others read when we are gone. */
bool lower_is_pinned(const struct gen *g);
struct ir_insn *lower_seq_printf(struct gen *g, struct node *n);

/* ---- iter.c ---- */
/* The file that the iterator writes to. */
struct ir_insn *lower_iter_file(struct gen *g);
void lower_iter_enter(struct gen *g);
struct place lower_iter_object(struct gen *g, int32_t offset, const struct type *target);

/* ---- emit.c: small things that everything uses ---- */
struct ir_insn *lower_const(struct gen *g, int64_t value);
struct ir_insn *lower_object(struct gen *g, const char *name, uint32_t size, uint32_t align);
struct ir_insn *lower_control(struct gen *g, uint32_t offset);
struct ir_insn *lower_zeros(struct gen *g);
struct ir_insn *lower_one(struct gen *g);
void lower_zero(struct gen *g, struct ir_insn *p, int32_t offset, uint32_t size);
void lower_loss(struct gen *g, enum image_loss loss);
/* Count `loss` on the cold path where `x cmp y`; go on in either case. */
void lower_loss_if(struct gen *g, enum ir_cmp cmp, struct ir_insn *x, int64_t y,
		   enum image_loss loss);
/* ---- failure.c ---- */

/* Told with -k only: reads that fail, keys that are absent. */
bool lower_tells_all(const struct gen *g);

/* In a cold block: a helper has failed with `code` in what is being lowered. `text`: what
 * is said of it, or NULL for the reason that the code gives. */
void lower_failed(struct gen *g, const char *helper, const char *text, struct ir_insn *code);

/* The same where `code` is not 0; go on in either case. */
void lower_failed_if(struct gen *g, const char *helper, struct ir_insn *code);
/* The same for reads of memory, which are told by their place with -k only, else in sum. */
void lower_read_failed(struct gen *g, const char *helper, struct ir_insn *code);
void lower_read_failed_if(struct gen *g, const char *helper, struct ir_insn *code);

struct ir_block *lower_block(struct gen *g, bool is_cold);
void lower_enter(struct gen *g, struct ir_block *block);	/* seal it and continue in it */
struct ir_insn *lower_ptr(struct gen *g, struct ir_insn *base, int32_t offset);
/* A store that may be misaligned: what the stack does not take is cut up. */
void lower_store_value(struct gen *g, unsigned size, struct ir_insn *p, int32_t offset,
		       struct ir_insn *v);
struct ir_insn *lower_cpu_masked(struct gen *g);

/* guard.c: programs that must not run within each other, or within themselves; before the first
 * program, before a body, and wherever it is left. */
void lower_guard_prepare(struct lower *l);
void lower_guard_enter(struct gen *g);
void lower_guard_leave(struct gen *g);
struct ir_insn *lower_to_scalar(struct gen *g, struct ir_insn *pointer);
struct ir_insn *lower_task(struct gen *g);		/* IR_KPTR, or an address */
bool lower_has(struct gen *g, enum target_feature f);

/* ---- expr.c ---- */
/* A tuple's or record's padding is zero wherever it may become a map's key. */
void lower_zero_padding(struct gen *g, const struct type *as, struct dest d);
struct ir_insn *lower_value(struct gen *g, struct node *n);
void lower_to(struct gen *g, struct node *n, const struct type *as, struct dest d);
struct place lower_place(struct gen *g, struct node *n);
struct place lower_stored(struct gen *g, struct node *n);	/* see node_stored_type */
void lower_cond(struct gen *g, struct node *n, struct ir_block *then, struct ir_block *otherwise);
void lower_effect(struct gen *g, struct node *n);
struct ir_insn *lower_call(struct gen *g, struct node *n, const struct dest *d);

/* ---- arith.c ---- */
struct ir_insn *lower_binary(struct gen *g, struct node *n);
struct ir_insn *lower_arith(struct gen *g, enum ast_op op, const struct type *type,
			    struct ir_insn *x, struct ir_insn *y, struct loc loc);
enum ir_cmp lower_cmp_of(enum ast_op op, const struct type *type);
bool lower_compares_memory(const struct node *n);
void lower_compare_memory(struct gen *g, struct node *n, struct ir_block *same,
			  struct ir_block *differ);
struct ir_insn *lower_cast(struct gen *g, struct node *n);
void lower_cast_to(struct gen *g, struct node *n, const struct type *as, struct dest d);
struct ir_insn *lower_extend(struct gen *g, struct ir_insn *v, const struct type *t);

/* ---- place.c ---- */
struct place lower_context(struct gen *g, struct node *n);
struct place lower_deref(struct gen *g, struct node *pointer);
struct place lower_field_place(struct gen *g, struct node *field);
struct place lower_index_place(struct gen *g, struct node *n);
struct ir_insn *lower_load(struct gen *g, struct place p, const struct type *type);
struct ir_insn *lower_load_field(struct gen *g, struct node *field);
struct ir_insn *lower_place_address(struct gen *g, struct place p);
void lower_read(struct gen *g, struct ir_insn *to, int32_t offset, uint32_t size,
		struct place from);
void lower_copy(struct gen *g, struct dest d, const struct type *as, struct place from,
		const struct type *type);
struct place lower_at(struct ir_insn *base, int32_t offset);
enum place_kind lower_space_kind(enum type_space space);

/* ---- string.c ---- */
/* Read a string of at most `limit` bytes (with the NUL) to `to`; returns its
 * length with the NUL, at least 0 and at most limit. */
struct ir_insn *lower_read_str(struct gen *g, struct ir_insn *to, uint32_t room,
			       struct ir_insn *limit,
			       struct place from);
struct place lower_str_source(struct gen *g, struct node *pointer);
struct place lower_bytes_source(struct gen *g, struct node *pointer);	/* need be no text */
/* Store the string, buffer or stack that n is at its real length, which is
 * returned; up to lower_append_room bytes are overwritten. */
struct ir_insn *lower_append(struct gen *g, struct node *n, struct ir_insn *to);
/* The smaller one of a number without sign and a limit. */
struct ir_insn *lower_at_most(struct gen *g, struct ir_insn *v, uint32_t limit);
uint32_t lower_append_room(const struct type *t);

/* Read so many bytes, a number that is bounded; what cannot be read is counted. */
void lower_read_sized(struct gen *g, struct ir_insn *to, struct ir_insn *len, struct place from);

/* ---- arg_place.c ---- */
/* An argument where the site says (probe_site.places); 0 if it has none. */
struct ir_insn *lower_placed_arg(struct gen *g, uint32_t index);

/* ---- names.c ---- */
/* What the values of a printf are called: see there. */
void lower_name_fields(struct lower *l, const struct format *f, struct node *const *values,
		       struct value_field *fields, size_t n);
/* An expression as it is written, in the image; of a literal: NULL. */
const char *lower_source_text(struct lower *l, const struct node *n);
/* What the parts of the maps' keys are called, into the image's maps. */
void lower_name_keys(struct lower *l);

/* ---- act.c ---- */
void lower_comm_of(struct gen *g, struct node *n, const struct dest *d);	/* comm(pid) */

/* ---- var.c ---- */
void lower_vars(struct gen *g, struct node *body);
/* A parameter in memory that is not the function's own. */
void lower_var_in(struct gen *g, struct var *v, struct ir_insn *base, int32_t offset);
struct ir_insn *lower_var_value(struct gen *g, struct var *v);
struct place lower_var_place(struct gen *g, struct var *v);
void lower_var_set(struct gen *g, struct var *v, struct node *value);
void lower_var_write(struct gen *g, struct var *v, struct ir_insn *value);

/* ---- split.c ---- */
/* Of the program and of all functions that it calls. */
void lower_split(struct gen *g, struct node *body);
/* Around the function of the script, its own included, where it is called from deepest. */
unsigned lower_func_frames(struct gen *g, const struct func *f);
bool lower_is_plain_range(struct gen *g, const struct node *for_range);	/* walked by the verifier */
bool lower_is_unrolled(struct gen *g, const struct node *unroll);	/* written out */
const struct part *lower_part_at(struct gen *g, const struct node *stmt);
bool lower_constant_of(const struct node *n, int64_t *value);

/* ---- part.c ---- */
/* Go on in a new func; _leave goes back (g's block must have ended). */
struct ir_func *lower_func_enter(struct gen *g, struct outside *out, const char *name,
				 const enum ir_type *params, uint32_t nr_params);
void lower_func_leave(struct gen *g, const struct outside *out);
void lower_part(struct gen *g, struct node *block, const struct part *part);
struct ir_insn *lower_frame_here(struct gen *g);
void lower_jump_out(struct gen *g, bool is_break);
void lower_end_callback(struct gen *g);

/* ---- unwind.c ---- */
/* The stack by unwind tables: its number of addresses and these go to `d`. */
struct ir_insn *lower_unwound(struct gen *g, const struct type *type, const struct dest *d);

/* ---- shared.c ---- */
/* By words, or by bytes what does not lie aligned. */
#define KERNEL_FRAMES 8		/* that may be open at once */

enum shared_kind { SHARED_COMPARE, SHARED_COMPARE_BYTES, SHARED_HIST, SHARED_UNWIND_STEP,
		   SHARED_UNWIND_RANGE, SHARED_UNWIND_ASK, SHARED_UNWIND_FILE,
		   SHARED_JOIN };

/* Where the program's function of this kind is kept; param: size, or bits. */
struct ir_func **lower_shared_func(struct gen *g, enum shared_kind kind, uint32_t param);

/* Compare strings of up to `size` bytes; false: not that way. */
bool lower_compare_shared(struct gen *g, struct place x, struct place y, uint32_t size,
			  struct ir_block *same, struct ir_block *differ);
struct ir_insn *lower_hist_shared(struct gen *g, const struct type *t, struct ir_insn *v);

/* ---- stmt.c, loop.c ---- */
void lower_block_stmts(struct gen *g, struct node *block);
void lower_stmts(struct gen *g, struct node *block, size_t begin, size_t end);
/* The clear or zero that is one with print, statement i of the block; 0: none. */
size_t lower_find_take(const struct node *block, size_t i, bool *is_zero);
void lower_jump_in_loop(struct gen *g, bool is_break);
/* Does the code return or exit? Behind a func with that body, what it did is done
 * here, too; `how` tells it. */
struct ways_out {
	struct gen *g;
	bool returns, exits, jumps;
};
void lower_find_ways_out(struct ways_out *w, struct node *n);
void lower_follow_out(struct gen *g, const struct ways_out *w);
void lower_stmt(struct gen *g, struct node *n);
void lower_loop(struct gen *g, struct node *n);
/* Number of entries of a map, by walking them. */
struct ir_insn *lower_count_elems(struct gen *g, const struct map_store *s);
/* Up to `turns` calls of what `turn` makes: it gets the number of the turn and
 * `state`, an object of scratch memory, and returns 1 to end the loop. */
typedef void (*lower_turn_fn)(struct gen *g, struct ir_insn *number, struct ir_insn *state,
			      const void *arg);
void lower_repeat(struct gen *g, struct ir_insn *turns, struct ir_insn *state, lower_turn_fn turn,
		  const void *arg);
/* An object for that. */
struct ir_insn *lower_loop_state(struct gen *g, const char *name, uint32_t size);
/* Return from the program or function. */
void lower_leave(struct gen *g, struct ir_insn *result);
void lower_exit(struct gen *g);		/* end the program, also out of a function */
struct ir_insn *lower_incdec(struct gen *g, struct node *n, bool used);
void lower_assign(struct gen *g, struct node *n);

/* ---- func.c: functions of the script ---- */
const struct func_shape *lower_func_shape(struct gen *g, struct func *f);
struct ir_insn *lower_func_call(struct gen *g, struct node *n);	/* its value if it is a scalar */
struct place lower_func_place(struct gen *g, struct node *n);	/* its value in memory */
void lower_func_return(struct gen *g, struct node *value);	/* NULL: none */
/* Does this node itself read the program's context, or end the program? */
bool lower_reads_context(struct gen *g, const struct node *n);
bool lower_may_exit(struct gen *g, const struct node *n);

/* ---- map_ops.c ---- */
/* The key of a MAP_ELEM (or scalar MAP) in memory. */
struct ir_insn *lower_key(struct gen *g, struct node *elem);
/* Cell of a scalar map for this CPU. */
struct ir_insn *lower_cell(struct gen *g, const struct map_store *s, int32_t *offset);
void lower_mark_set(struct gen *g, const struct map_store *s);
/* The element's value, made as zeroes if it is not there. Returns a pointer to
 * the value; where that fails, a loss is counted and control goes to `give_up`. */
struct ir_insn *lower_elem(struct gen *g, struct node *elem, int32_t *offset,
			   struct ir_block *give_up);
/* The same, but an element that is not there is inserted with these words (the
 * second may be NULL), and control goes to `done`: nothing is left to be done.
 * Only where the map may be updated plainly; else, and where `words` is NULL, as
 * above. */
struct ir_insn *lower_elem_or_first(struct gen *g, struct node *elem, int32_t *offset,
				    struct ir_insn *const words[2], struct ir_block *done);
struct ir_insn *lower_map_value(struct gen *g, struct node *elem);
void lower_map_to(struct gen *g, struct node *elem, const struct type *as, struct dest d);
void lower_map_assign(struct gen *g, struct node *elem, struct node *value);
void lower_aggregate_to(struct gen *g, struct node *elem, struct dest d);
struct ir_insn *lower_map_add(struct gen *g, struct node *elem, struct ir_insn *delta, bool used);
void lower_map_update(struct gen *g, struct node *elem, enum ast_op op, struct node *value);

/* ---- aggregate.c ---- */
bool lower_is_aggregate_call(const struct node *n);
void lower_aggregate(struct gen *g, struct node *elem, struct node *call);
struct ir_insn *lower_hist_index(struct gen *g, const struct type *t, struct ir_insn *v);
/* An aggregation as an integer, over all CPUs. */
struct ir_insn *lower_merged(struct gen *g, struct node *elem, const struct type *as);
/* The same by map and key, in a hash. */
struct ir_insn *lower_merged_at(struct gen *g, const struct map_store *s, struct ir_insn *map,
				struct ir_insn *key);

/* ---- series.c ---- */
/* Put a value into the slot of this interval. */
void lower_series(struct gen *g, const struct map_store *map, const struct type *type,
		  struct ir_insn *base, int32_t offset, struct ir_insn *v);

/* ---- record.c ---- */
/* Send a record of a fixed part whose fields are these values. */
void lower_send(struct gen *g, struct image_action action, struct node *const *values, size_t n);
/* Wake user space with a record of one word behind its head. */
void lower_send_word(struct gen *g, enum action_kind kind, struct ir_insn *word);
/* print(@m) whose clear or zero follows. */
void lower_take(struct gen *g, struct node *stmt, bool is_zero);
/* errorf or warnf of the program's own: a text with a number (or NULL) in it. */
void lower_note(struct gen *g, enum action_kind kind, struct loc loc, const char *before,
		struct ir_insn *number, const char *after);
void lower_runtime_error(struct gen *g, const char *text, struct loc loc);

/* ---- builtins.c, symbolic.c ---- */
struct place lower_named_text(struct gen *g, struct node *n);
struct ir_insn *lower_pid(struct gen *g, const struct node *n);
struct ir_insn *lower_tid(struct gen *g, const struct node *n);
struct ir_insn *lower_now(struct gen *g, enum clock_mode mode);
void lower_note_texts(struct lower *l, const struct node *call);

#endif
