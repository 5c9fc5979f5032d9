/*
 * Frames of a process of which user space knows nothing: it began a moment ago, or has mapped
 * something since. The rows are found by the file that is mapped at the address.
 *
 * The mapping is looked up in the process's tree of mappings (a maple tree, from Linux 6.1 on)
 * as the kernel does, but without its lock, which bpf_find_vma would have to take, and cannot
 * take twice where interrupts are off. So what is found may be gone: it counts only if the
 * address is within.
 */
#include "lower/internal.h"
#include "lower/unwind.h"

/* ---- what kernels have ---- */

/* When an inode was changed: its name and shape depend on the kernel. */
struct change_time {
	uint32_t s, ns;
	unsigned ns_size;
};

static bool find_change_time(struct gen *g, struct change_time *t)
{
	struct type_struct *inode = unwind_struct(g, "inode");

	*t = (struct change_time){ .ns_size = 4 };
	if (unwind_has_field(g, inode, "i_ctime_sec", &t->s))
		return unwind_has_field(g, inode, "i_ctime_nsec", &t->ns);
	if (!unwind_has_field(g, inode, "__i_ctime", &t->s) &&
	    !unwind_has_field(g, inode, "i_ctime", &t->s))
		return false;
	t->ns = t->s + 8;
	t->ns_size = 8;
	return true;
}

/* Where a process's memory says where its vDSO is. */
static bool find_vdso(struct gen *g, uint32_t *at)
{
	return unwind_has_inner_field(g, unwind_struct(g, "mm_struct"), "context", "vdso", at);
}

static bool is_possible(struct gen *g)
{
	static const struct unwind_need needed[] = {
		{ "task_struct", "mm" }, { "mm_struct", "mm_mt" }, { "maple_tree", "ma_root" },
		{ "vm_area_struct", "vm_start" }, { "vm_area_struct", "vm_end" },
		{ "vm_area_struct", "vm_pgoff" }, { "vm_area_struct", "vm_file" },
		{ "file", "f_inode" }, { "inode", "i_ino" }, { "inode", "i_size" },
		{ "inode", "i_sb" }, { "super_block", "s_dev" },
	};
	struct change_time t;
	uint32_t at;

	return g->c->btf && find_change_time(g, &t) && find_vdso(g, &at) &&
	       unwind_has_fields(g, needed, sizeof(needed) / sizeof(*needed));
}

/* ---- which file ---- */

#define NS_MASK ((UINT64_C(1) << 30) - 1)	/* the bits above are the kernel's */

static void note_inode(struct gen *g, struct ir_insn *state, struct unwind_object inode)
{
	struct unwind_object block = { unwind_struct(g, "super_block"), NULL };
	struct ir_insn *ns, *dev;
	struct change_time t;

	find_change_time(g, &t);
	unwind_set(g, state, UNWIND_FILE, unwind_member(g, inode, "i_ino", 8));
	unwind_set(g, state, UNWIND_FILE + 8, unwind_member(g, inode, "i_size", 8));
	unwind_set(g, state, UNWIND_FILE + 16, unwind_load(g, inode, t.s, 8));
	ns = ir_emit_binary_imm(&g->b, IR_AND, unwind_load(g, inode, t.ns, t.ns_size), NS_MASK);
	block.at = unwind_member(g, inode, "i_sb", 8);
	dev = unwind_member(g, block, "s_dev", 4);
	ir_emit_store(&g->b, 4, state, UNWIND_FILE + 24, ns);
	ir_emit_store(&g->b, 4, state, UNWIND_FILE + 28, dev);
	unwind_set(g, state, UNWIND_IS_FILE, lower_const(g, 1));
}

static void note_file(struct gen *g, struct ir_insn *state, struct ir_insn *pointer)
{
	struct unwind_if is_file = unwind_if(g, IR_NE, pointer, 0), is_inode;
	struct unwind_object file = { unwind_struct(g, "file"), pointer };
	struct unwind_object inode = { unwind_struct(g, "inode"), NULL };

	inode.at = unwind_member(g, file, "f_inode", 8);
	is_inode = unwind_if(g, IR_NE, inode.at, 0);
	note_inode(g, state, inode);
	unwind_end_if(g, is_inode);
	unwind_end_if(g, is_file);
}

/* ---- which mapping ---- */

/*
 * A node is 256 bytes: its parent, then pivots, then slots. A slot holds what is up to its
 * pivot, from the one before on; the last one has no pivot. Which node it is lies in the lower
 * bits of a pointer to one.
 */
enum { NODE_BYTES = 256, NODE_LEAF = 1, NODE_PLAIN = 2, NODE_SPACES = 3 };
enum { PIVOTS = 15, FIRST_PIVOT = 8, PLAIN_SLOTS = 128, SPACES_SLOTS = 80, MAX_LEVELS = 8 };

static struct ir_insn *kind_of(struct gen *g, struct ir_insn *node)
{
	return ir_emit_binary_imm(&g->b, IR_AND, ir_emit_binary_imm(&g->b, IR_LSHR, node, 3), 15);
}

/* How many pivots are below an address, all ones less one bit at a time: of those that are not
 * in use none counts, nor does a slot in their place, which is a pointer of the kernel. No
 * branch, so that the verifier sees one way. The lowest bit, which is 1 in all pivots, makes
 * room for the sign. */
static struct ir_insn *count_below(struct gen *g, struct ir_insn *node, struct ir_insn *address)
{
	struct ir_insn *half = ir_emit_binary_imm(&g->b, IR_LSHR, address, 1);
	struct ir_insn *all = lower_const(g, -1), *n = lower_const(g, 0), *below;

	for (int32_t i = 0; i < PIVOTS; i++) {
		below = ir_emit_load(&g->b, IR_INT, 8, false, node, FIRST_PIVOT + 8 * i);
		below = ir_emit_binary_imm(&g->b, IR_LSHR, below, 1);
		below = ir_emit_binary(&g->b, IR_SUB, below, half);
		below = ir_emit_binary_imm(&g->b, IR_ASHR, below, 63);
		all = ir_emit_binary(&g->b, IR_AND, all, below);
		n = ir_emit_binary(&g->b, IR_SUB, n, all);
	}
	return n;
}

/* What a node, which was read, has in place of an address. */
static struct ir_insn *slot_of(struct gen *g, struct ir_insn *node, struct ir_insn *kind,
			       struct ir_insn *address)
{
	struct ir_insn *n = count_below(g, node, address), *less, *at;

	less = ir_emit_binary_imm(&g->b, IR_SUB, kind, NODE_SPACES);
	less = ir_emit_binary_imm(&g->b, IR_ASHR, less, 63);	/* all ones: another kind */
	less = ir_emit_binary_imm(&g->b, IR_AND, less, PLAIN_SLOTS - SPACES_SLOTS);
	at = ir_emit_binary(&g->b, IR_ADD, ir_emit_binary_imm(&g->b, IR_SHL, n, 3), less);
	at = ir_emit_binary_imm(&g->b, IR_ADD, at, SPACES_SLOTS);
	at = ir_emit_binary_imm(&g->b, IR_AND, at, NODE_BYTES - 8);
	return ir_emit_load(&g->b, IR_INT, 8, false, ir_emit_binary(&g->b, IR_ADD, node, at), 0);
}

/* The mapping that may be around the address; returns 1 if there is none. */
static struct ir_insn *find_mapping(struct gen *g, struct unwind_object mm, struct ir_insn *address)
{
	struct ir_block *head = lower_block(g, false), *body = lower_block(g, false);
	struct ir_block *inner = lower_block(g, false), *done = lower_block(g, false);
	struct ir_block *next = lower_block(g, false), *none = lower_block(g, true);
	struct ir_var *node = ir_var_new(g->b.func, "node", IR_INT);
	struct ir_var *level = ir_var_new(g->b.func, "level", IR_INT);
	uint32_t object = ir_object_new(g->b.func, "node", NODE_BYTES, 8), tree = 0, root = 0;
	struct ir_insn *copy = ir_object(g->b.func, object), *at, *i, *err, *kind;

	g->b.func->objects.at[object].place = IR_PLACE_SCRATCH;
	(void)unwind_has_field(g, mm.type, "mm_mt", &tree);
	(void)unwind_has_field(g, unwind_struct(g, "maple_tree"), "ma_root", &root);
	ir_var_write(&g->b, node, unwind_load(g, mm, tree + root, 8));
	ir_var_write(&g->b, level, lower_const(g, 0));
	ir_emit_jump(&g->b, head);
	ir_continue_in(&g->b, head);
	at = ir_var_read(&g->b, node);
	i = ir_var_read(&g->b, level);
	ir_emit_branch(&g->b, IR_ULT, i, lower_const(g, MAX_LEVELS), body, none);
	lower_enter(g, body);
	kind = kind_of(g, at);
	err = ir_emit_helper(&g->b, BPF_FUNC_probe_read_kernel, IR_INT, copy,
			     lower_const(g, NODE_BYTES),
			     ir_emit_binary_imm(&g->b, IR_AND, at, ~(int64_t)(NODE_BYTES - 1)));
	ir_emit_branch(&g->b, IR_EQ, err, lower_const(g, 0), inner, none);
	lower_enter(g, inner);
	ir_var_write(&g->b, node, slot_of(g, copy, kind, address));
	ir_emit_branch(&g->b, IR_EQ, kind, lower_const(g, NODE_LEAF), done, next);
	lower_enter(g, next);
	ir_var_write(&g->b, level, ir_emit_binary_imm(&g->b, IR_ADD, i, 1));
	ir_emit_jump(&g->b, head);
	ir_seal(head);
	lower_enter(g, none);
	ir_emit_ret(&g->b, lower_const(g, 1));
	lower_enter(g, done);
	return ir_var_read(&g->b, node);
}

/* The mapping and its file into the state; returns 1 if there is none. */
static void note_mapping(struct gen *g, struct ir_insn *state, struct unwind_object mm)
{
	struct unwind_object vma = { unwind_struct(g, "vm_area_struct"), NULL };
	struct ir_insn *address = unwind_address(g, state), *start, *len, *off;

	vma.at = find_mapping(g, mm, address);
	unwind_return_if(g, IR_EQ, vma.at, lower_const(g, 0), 1);
	start = unwind_member(g, vma, "vm_start", 8);
	len = ir_emit_binary(&g->b, IR_SUB, unwind_member(g, vma, "vm_end", 8), start);
	off = ir_emit_binary(&g->b, IR_SUB, address, start);
	unwind_return_if(g, IR_UGE, off, len, 1);
	unwind_set(g, state, UNWIND_MAPPED, start);
	unwind_set(g, state, UNWIND_MAPPED_LEN, len);
	unwind_set(g, state, UNWIND_PAGE, unwind_member(g, vma, "vm_pgoff", 8));
	note_file(g, state, unwind_member(g, vma, "vm_file", 8));
}

/* ---- the range ---- */

/* The file's entry. `unknown`: where there is none. */
static struct ir_insn *find_entry(struct gen *g, struct ir_insn *state, struct ir_block *unknown)
{
	uint32_t size = sizeof(struct image_unwind_file_id);
	struct ir_insn *key = lower_object(g, "file", size, 8), *p;

	for (uint32_t i = 0; i < size; i += 8)
		ir_emit_store(&g->b, 8, key, (int32_t)i,
			      unwind_get(g, state, UNWIND_FILE + (int32_t)i));
	p = ir_emit_helper(&g->b, BPF_FUNC_map_lookup_elem, IR_MAPVAL_OR_NULL,
			   ir_map(g->b.func, g->l->image->unwind_map + UNWIND_FILES), key);
	p = ir_emit_null_check(&g->b, p, unknown);
	unwind_note_use(g, p, offsetof(struct image_unwind_file, used));
	return p;
}

#define FIELD(g, p, field, size) ir_emit_load(&(g)->b, IR_INT, size, false, p, \
					      offsetof(struct image_unwind_file, field))

static void take_range(struct gen *g, struct ir_insn *state, struct ir_block *unknown,
		       struct ir_block *null)
{
	struct ir_insn *p = find_entry(g, state, unknown), *skipped;
	struct unwind_list list = {
		.chunk = FIELD(g, p, chunk, 4), .at = FIELD(g, p, at, 4),
		.n = FIELD(g, p, nr_ranges, 4),
	};

	skipped = ir_emit_binary(&g->b, IR_SHL, unwind_get(g, state, UNWIND_PAGE),
				 ir_emit_binary_imm(&g->b, IR_AND, FIELD(g, p, page_shift, 4), 31));
	list.delta = ir_emit_binary(&g->b, IR_SUB, unwind_get(g, state, UNWIND_MAPPED), skipped);
	unwind_find_range(g, state, &list, null);
	unwind_return_if(g, IR_ULT, unwind_offset(g, state), unwind_get(g, state, UNWIND_LEN), 0);
	ir_emit_jump(&g->b, unknown);
}

/* Memory of no file is followed by the frame pointer, but for the vDSO. */
static void take_anonymous(struct gen *g, struct ir_insn *state, struct unwind_object mm)
{
	struct ir_insn *start = unwind_get(g, state, UNWIND_MAPPED), *vdso;
	struct unwind_if anonymous, other;
	uint32_t at = 0;

	(void)find_vdso(g, &at);
	anonymous = unwind_if(g, IR_EQ, unwind_get(g, state, UNWIND_IS_FILE), 0);
	vdso = unwind_load(g, mm, at, 8);
	other = unwind_if(g, IR_NE, ir_emit_binary(&g->b, IR_SUB, vdso, start), 0);
	unwind_set(g, state, UNWIND_START, start);
	unwind_set(g, state, UNWIND_LEN, unwind_get(g, state, UNWIND_MAPPED_LEN));
	unwind_set(g, state, UNWIND_ROWS, lower_const(g, 0));
	ir_emit_ret(&g->b, lower_const(g, 0));
	unwind_end_if(g, other);
	unwind_end_if(g, anonymous);
}

static void find(struct gen *g, struct ir_insn *state, struct ir_block *null)
{
	struct unwind_object task = { lower_task_struct(g->l), lower_task(g) };
	struct unwind_object mm = { unwind_struct(g, "mm_struct"), NULL };
	struct ir_block *unknown = lower_block(g, true);

	mm.at = unwind_member(g, task, "mm", 8);
	unwind_return_if(g, IR_EQ, mm.at, lower_const(g, 0), 1);
	for (int32_t i = 0; i < (int32_t)sizeof(struct image_unwind_file_id); i += 8)
		unwind_set(g, state, UNWIND_FILE + i, lower_const(g, 0));
	unwind_set(g, state, UNWIND_IS_FILE, lower_const(g, 0));
	note_mapping(g, state, mm);
	take_anonymous(g, state, mm);
	take_range(g, state, unknown, null);
	lower_enter(g, unknown);
	ir_emit_ret(&g->b, lower_const(g, 1));
}

struct ir_func *unwind_by_file(struct gen *g)
{
	struct ir_func **f = lower_shared_func(g, SHARED_UNWIND_FILE, 0), *known = *f;
	struct ir_insn *state;
	struct ir_block *null;
	struct outside out;

	if (known || !is_possible(g))
		return known;
	*f = unwind_enter(g, &out, "unwind_file", &state, &null);
	find(g, state, null);
	lower_enter(g, null);
	ir_emit_ret(&g->b, lower_const(g, 1));
	lower_func_leave(g, &out);
	return *f;
}
