/*
 * From a frame of a user stack to its caller, by the rows that user space has put into
 * maps (image.h says how they lie).
 *
 * Two global functions, which the verifier follows once: one finds the range of the
 * process's addresses that an address is in, one goes from frame to frame. Both work on
 * a state in the program's scratch memory. They return 0, or why it goes no further.
 *
 * The searches have no branch but the loop's: which half it is decides a mask, so that the
 * verifier sees one way through a turn.
 */
#include "lower/internal.h"
#include "lower/unwind.h"

#define CHUNK_MASK (IMAGE_UNWIND_CHUNK_BYTES - 1)

/* ---- small things ---- */

static struct ir_insn *add(struct gen *g, struct ir_insn *x, struct ir_insn *y)
{
	return ir_emit_binary(&g->b, IR_ADD, x, y);
}

static struct ir_insn *add_imm(struct gen *g, struct ir_insn *x, int64_t y)
{
	return ir_emit_binary_imm(&g->b, IR_ADD, x, y);
}

void unwind_return_if(struct gen *g, enum ir_cmp cmp, struct ir_insn *x, struct ir_insn *y,
		      int64_t value)
{
	struct ir_block *out = lower_block(g, true), *next = lower_block(g, false);

	ir_emit_branch(&g->b, cmp, x, y, out, next);
	lower_enter(g, out);
	ir_emit_ret(&g->b, lower_const(g, value));
	lower_enter(g, next);
}

struct unwind_if unwind_if(struct gen *g, enum ir_cmp cmp, struct ir_insn *x, int64_t y)
{
	struct ir_block *then = lower_block(g, false);
	struct unwind_if m = { lower_block(g, false) };

	ir_emit_branch(&g->b, cmp, x, lower_const(g, y), then, m.next);
	lower_enter(g, then);
	return m;
}

void unwind_end_if(struct gen *g, struct unwind_if m)
{
	if (g->b.block)
		ir_emit_jump(&g->b, m.next);
	lower_enter(g, m.next);
}

void unwind_note_use(struct gen *g, struct ir_insn *entry, int32_t at)
{
	struct ir_insn *used = ir_emit_load(&g->b, IR_INT, 4, false, entry, at), *clock;
	struct ir_block *old = lower_block(g, false), *next = lower_block(g, false);

	clock = lower_control(g, offsetof(struct image_control, unwind_clock));
	clock = ir_emit_load(&g->b, IR_INT, 4, false, clock, 0);
	ir_emit_branch(&g->b, IR_NE, used, clock, old, next);
	lower_enter(g, old);
	ir_emit_store(&g->b, 4, entry, at, clock);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

static struct ir_insn *lookup(struct gen *g, struct ir_insn *map, struct ir_insn *key,
			      struct ir_block *null)
{
	struct ir_insn *object = lower_object(g, "key", 4, 4), *p;

	ir_emit_store(&g->b, 4, object, 0, key);
	p = ir_emit_helper(&g->b, BPF_FUNC_map_lookup_elem, IR_MAPVAL_OR_NULL, map, object);
	return ir_emit_null_check(&g->b, p, null);
}

/* The value of a chunk, by its number. */
static struct ir_insn *chunk(struct gen *g, struct ir_insn *number, struct ir_block *null)
{
	struct ir_insn *map = ir_map(g->b.func, g->l->image->unwind_map + UNWIND_CHUNKS);

	return lookup(g, lookup(g, map, number, null), lower_const(g, 0), null);
}

/* A pointer into a chunk, where `size` bytes lie aligned: what is beyond its end, which
 * never is, comes out within. */
static struct ir_insn *in_chunk(struct gen *g, struct ir_insn *base, struct ir_insn *at,
				unsigned size)
{
	at = ir_emit_binary_imm(&g->b, IR_AND, at, CHUNK_MASK & ~(uint64_t)(size - 1));
	return ir_emit_binary(&g->b, IR_ADD, base, at);
}

/* ---- searching ---- */

/* In n items of `stride` bytes from `at` on, that begin with a sorted number of `size`
 * bytes: which is the last that is not above `what`; 0 if all are. */
struct search {
	struct ir_insn *base, *at, *n, *what;
	unsigned stride_shift, size, max_turns;
};

static struct ir_insn *search(struct gen *g, const struct search *s)
{
	struct ir_block *head = lower_block(g, false), *body = lower_block(g, false);
	struct ir_block *more = lower_block(g, false), *done = lower_block(g, false);
	struct ir_var *low = ir_var_new(g->b.func, "low", IR_INT);
	struct ir_var *left = ir_var_new(g->b.func, "left", IR_INT);
	struct ir_var *turn = ir_var_new(g->b.func, "turn", IR_INT);
	struct ir_insn *half, *v, *p, *from, *n, *i;

	ir_var_write(&g->b, low, lower_const(g, 0));
	ir_var_write(&g->b, left, s->n);
	ir_var_write(&g->b, turn, lower_const(g, 0));
	ir_emit_jump(&g->b, head);
	ir_continue_in(&g->b, head);
	n = ir_var_read(&g->b, left);
	from = ir_var_read(&g->b, low);
	i = ir_var_read(&g->b, turn);
	ir_emit_branch(&g->b, IR_UGT, n, lower_const(g, 1), more, done);
	lower_enter(g, more);
	ir_emit_branch(&g->b, IR_ULT, i, lower_const(g, s->max_turns), body, done);
	lower_enter(g, body);
	half = ir_emit_binary_imm(&g->b, IR_LSHR, n, 1);
	p = ir_emit_binary_imm(&g->b, IR_SHL, add(g, from, half), s->stride_shift);
	p = in_chunk(g, s->base, add(g, s->at, p), s->size);
	v = ir_emit_load(&g->b, IR_INT, s->size, false, p, 0);
	v = add_imm(g, ir_emit_binary(&g->b, IR_SUB, v, s->what), -1);
	v = ir_emit_binary_imm(&g->b, IR_ASHR, v, 63);	/* all ones: not above */
	v = ir_emit_binary(&g->b, IR_AND, v, half);
	ir_var_write(&g->b, low, add(g, from, v));
	ir_var_write(&g->b, left, ir_emit_binary(&g->b, IR_SUB, n, half));
	ir_var_write(&g->b, turn, add_imm(g, i, 1));
	ir_emit_jump(&g->b, head);
	ir_seal(head);
	lower_enter(g, done);
	return ir_var_read(&g->b, low);
}

/* ---- ranges ---- */

static void copy_range(struct gen *g, struct ir_insn *state, struct ir_insn *range,
		       struct ir_insn *delta)
{
	static const struct { int32_t to; uint8_t size, from; } parts[] = {
		{ UNWIND_START, 8, offsetof(struct image_unwind_range, start) },
		{ UNWIND_BIAS, 8, offsetof(struct image_unwind_range, bias) },
		{ UNWIND_LEN, 4, offsetof(struct image_unwind_range, len_bytes) },
		{ UNWIND_ROWS, 4, offsetof(struct image_unwind_range, nr_rows) },
		{ UNWIND_CHUNK, 4, offsetof(struct image_unwind_range, chunk) },
		{ UNWIND_AT, 4, offsetof(struct image_unwind_range, at) },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		unwind_set(g, state, parts[i].to,
			   ir_emit_load(&g->b, IR_INT, parts[i].size, false, range, parts[i].from));
	if (!delta)
		return;
	unwind_set(g, state, UNWIND_START, add(g, unwind_get(g, state, UNWIND_START), delta));
	unwind_set(g, state, UNWIND_BIAS, add(g, unwind_get(g, state, UNWIND_BIAS), delta));
}

struct ir_insn *unwind_address(struct gen *g, struct ir_insn *state)
{
	return ir_emit_binary(&g->b, IR_SUB, unwind_get(g, state, UNWIND_IP),
			      unwind_get(g, state, UNWIND_BACK));
}

struct ir_insn *unwind_offset(struct gen *g, struct ir_insn *state)
{
	return ir_emit_binary(&g->b, IR_SUB, unwind_address(g, state),
			      unwind_get(g, state, UNWIND_START));
}

void unwind_find_range(struct gen *g, struct ir_insn *state, const struct unwind_list *list,
		       struct ir_block *null)
{
	struct ir_insn *base = chunk(g, list->chunk, null), *what = unwind_address(g, state), *at;
	struct search s = {
		.base = base, .at = list->at, .n = list->n,
		.what = list->delta ? ir_emit_binary(&g->b, IR_SUB, what, list->delta) : what,
		.stride_shift = 5, .size = 8, .max_turns = 13,
	};

	at = ir_emit_binary_imm(&g->b, IR_SHL, search(g, &s), 5);
	_Static_assert(sizeof(struct image_unwind_range) == 32, "a range is 32 bytes");
	copy_range(g, state, in_chunk(g, base, add(g, list->at, at), 32), list->delta);
}

struct ir_func *unwind_enter(struct gen *g, struct outside *out, const char *name,
			     struct ir_insn **state, struct ir_block **null)
{
	static const enum ir_type params[] = { IR_MAPVAL_OR_NULL };
	struct ir_func *f = lower_func_enter(g, out, name, params, 1);

	f->is_global = true;
	f->param_bytes = UNWIND_STATE_BYTES;
	*null = lower_block(g, true);
	*state = ir_emit_null_check(&g->b, ir_param(f, 0), *null);
	return f;
}

void unwind_leave(struct gen *g, const struct outside *out, struct ir_block *null)
{
	ir_emit_ret(&g->b, lower_const(g, 0));
	lower_enter(g, null);
	ir_emit_ret(&g->b, lower_const(g, UNWIND_STOP + UNWIND_FAILED));
	lower_func_leave(g, out);
}

/* By the process's list. `why` becomes what is to be said if that fails. */
static void look_in_list(struct gen *g, struct ir_insn *state, struct ir_var *why,
			 struct ir_block *null)
{
	const struct unwind_list list = {
		.chunk = unwind_get(g, state, UNWIND_LIST_CHUNK),
		.at = unwind_get(g, state, UNWIND_LIST_AT),
		.n = unwind_get(g, state, UNWIND_LIST_N),
	};
	struct unwind_if known;

	ir_var_write(&g->b, why, lower_const(g, UNWIND_STOP + UNWIND_NO_PROCESS));
	known = unwind_if(g, IR_NE, list.n, 0);
	unwind_find_range(g, state, &list, null);
	unwind_return_if(g, IR_ULT, unwind_offset(g, state), unwind_get(g, state, UNWIND_LEN), 0);
	ir_var_write(&g->b, why, lower_const(g, UNWIND_STOP + UNWIND_NO_RANGE));
	unwind_end_if(g, known);
}

static struct ir_func *range_func(struct gen *g)
{
	struct ir_func **f = lower_shared_func(g, SHARED_UNWIND_RANGE, 0), *known = *f, *by_file;
	struct ir_insn *state, *err;
	struct ir_block *null;
	struct outside out;
	struct ir_var *why;

	if (known)
		return known;
	by_file = unwind_by_file(g);
	*f = unwind_enter(g, &out, "unwind_range", &state, &null);
	why = ir_var_new(g->b.func, "why", IR_INT);
	look_in_list(g, state, why, null);
	if (by_file) {
		err = ir_emit_call(&g->b, IR_FCALL, by_file->index, IR_INT, &state, 1);
		unwind_return_if(g, IR_EQ, err, lower_const(g, 0), 0);
	}
	ir_emit_ret(&g->b, ir_var_read(&g->b, why));
	lower_enter(g, null);
	ir_emit_ret(&g->b, lower_const(g, UNWIND_STOP + UNWIND_FAILED));
	lower_func_leave(g, &out);
	return *f;
}

/* ---- rules ---- */

static struct ir_insn *rule_field(struct gen *g, struct ir_insn *rule, size_t at)
{
	bool is_byte = at < offsetof(struct image_unwind_rule, cfa_offset);

	return ir_emit_load(&g->b, IR_INT, is_byte ? 1 : 4, !is_byte, rule, (int32_t)at);
}

#define RULE(g, rule, field) rule_field(g, rule, offsetof(struct image_unwind_rule, field))

/* The number of the rule that holds at the state's address. */
static struct ir_insn *find_row(struct gen *g, struct ir_insn *state, struct ir_block *null)
{
	struct ir_insn *base = chunk(g, unwind_get(g, state, UNWIND_CHUNK), null);
	struct ir_insn *at = unwind_get(g, state, UNWIND_AT), *row;
	struct ir_insn *n = unwind_get(g, state, UNWIND_ROWS);
	struct search s = {
		.base = base, .at = at, .n = n, .stride_shift = 2, .size = 4, .max_turns = 16,
		.what = ir_emit_binary(&g->b, IR_SUB, unwind_address(g, state),
				       unwind_get(g, state, UNWIND_BIAS)),
	};

	row = ir_emit_binary_imm(&g->b, IR_SHL, search(g, &s), 1);
	row = add(g, row, add(g, at, ir_emit_binary_imm(&g->b, IR_SHL, n, 2)));
	return ir_emit_load(&g->b, IR_INT, 2, false, in_chunk(g, base, row, 2), 0);
}

static struct ir_insn *find_rule(struct gen *g, struct ir_insn *state, struct ir_block *null)
{
	struct ir_var *number = ir_var_new(g->b.func, "rule", IR_INT);
	struct ir_insn *rules = ir_map_value(g->b.func, g->l->image->unwind_map + UNWIND_RULES, 0);
	struct ir_insn *at;
	struct unwind_if rows;

	_Static_assert(sizeof(struct image_unwind_rule) == 32, "a rule is 32 bytes");
	ir_var_write(&g->b, number, lower_const(g, UNWIND_RULE_FP));
	rows = unwind_if(g, IR_NE, unwind_get(g, state, UNWIND_ROWS), 0);
	ir_var_write(&g->b, number, find_row(g, state, null));
	unwind_end_if(g, rows);
	at = ir_emit_binary_imm(&g->b, IR_AND, ir_var_read(&g->b, number), IMAGE_UNWIND_RULES - 1);
	return add(g, rules, ir_emit_binary_imm(&g->b, IR_SHL, at, 5));
}

/* A word of the stack. */
static struct ir_insn *read_word(struct gen *g, struct ir_insn *state, struct ir_insn *address)
{
	struct ir_insn *to = lower_ptr(g, state, UNWIND_WORD), *err;

	err = ir_emit_helper(&g->b, BPF_FUNC_probe_read_user, IR_INT, to, lower_const(g, 8),
			     address);
	unwind_return_if(g, IR_NE, err, lower_const(g, 0), UNWIND_STOP + UNWIND_NO_PAGE);
	return unwind_get(g, state, UNWIND_WORD);
}

/* Where the caller's frame begins. */
static struct ir_insn *canonical_address(struct gen *g, struct ir_insn *state,
					 struct ir_insn *rule)
{
	struct ir_var *cfa = ir_var_new(g->b.func, "cfa", IR_INT);
	struct ir_insn *kind = RULE(g, rule, cfa), *sp = unwind_get(g, state, UNWIND_SP);
	struct unwind_if none, by_fp, deref;

	unwind_return_if(g, IR_EQ, kind, lower_const(g, UNWIND_CFA_END), UNWIND_STOP);
	none = unwind_if(g, IR_EQ, kind, UNWIND_CFA_NONE);
	ir_emit_ret(&g->b, add_imm(g, RULE(g, rule, cfa_offset), UNWIND_STOP));
	g->b.block = NULL;
	unwind_end_if(g, none);
	ir_var_write(&g->b, cfa, sp);
	by_fp = unwind_if(g, IR_EQ, kind, UNWIND_CFA_FP);
	unwind_return_if(g, IR_EQ, unwind_get(g, state, UNWIND_FP), lower_const(g, 0),
			 UNWIND_STOP + UNWIND_NO_FP);
	ir_var_write(&g->b, cfa, unwind_get(g, state, UNWIND_FP));
	unwind_end_if(g, by_fp);
	ir_var_write(&g->b, cfa, add(g, ir_var_read(&g->b, cfa), RULE(g, rule, cfa_offset)));
	deref = unwind_if(g, IR_NE, ir_emit_binary_imm(&g->b, IR_AND, RULE(g, rule, flags),
						   UNWIND_DEREF), 0);
	ir_var_write(&g->b, cfa, add(g, read_word(g, state, ir_var_read(&g->b, cfa)),
				     RULE(g, rule, cfa_add)));
	unwind_end_if(g, deref);
	return ir_var_read(&g->b, cfa);
}

/* The address where a register was saved; not for UNWIND_AT_REGISTER and NOWHERE. */
static struct ir_insn *saved_at(struct gen *g, struct ir_insn *state, struct ir_insn *kind,
				struct ir_insn *cfa, struct ir_insn *offset)
{
	struct ir_var *base = ir_var_new(g->b.func, "base", IR_INT);
	struct unwind_if m;

	ir_var_write(&g->b, base, cfa);
	m = unwind_if(g, IR_EQ, kind, UNWIND_AT_SP);
	ir_var_write(&g->b, base, unwind_get(g, state, UNWIND_SP));
	unwind_end_if(g, m);
	m = unwind_if(g, IR_EQ, kind, UNWIND_AT_FP);
	ir_var_write(&g->b, base, unwind_get(g, state, UNWIND_FP));
	unwind_end_if(g, m);
	return add(g, ir_var_read(&g->b, base), offset);
}

static bool has_link(const struct gen *g)
{
	return g->c->target->arch->ip_offset != 128;	/* x86 has none */
}

/* What an interrupted function had in the link register lies two words before its address;
 * what a function that called had in it is not known. */
static void find_link(struct gen *g, struct ir_insn *state, struct ir_insn *rule)
{
	struct ir_insn *flags = RULE(g, rule, flags), *at;
	struct unwind_if signal;

	unwind_set(g, state, UNWIND_LINK, lower_const(g, 0));
	if (!has_link(g))
		return;
	signal = unwind_if(g, IR_NE, ir_emit_binary_imm(&g->b, IR_AND, flags, UNWIND_SIGNAL), 0);
	at = add_imm(g, add(g, unwind_get(g, state, UNWIND_SP), RULE(g, rule, ra_offset)), -16);
	unwind_set(g, state, UNWIND_LINK, read_word(g, state, at));
	unwind_end_if(g, signal);
}

static struct ir_insn *return_address(struct gen *g, struct ir_insn *state, struct ir_insn *rule,
				      struct ir_insn *cfa)
{
	struct ir_var *ip = ir_var_new(g->b.func, "ip", IR_INT);
	struct ir_insn *kind = RULE(g, rule, ra), *at;
	struct unwind_if saved;

	ir_var_write(&g->b, ip, unwind_get(g, state, UNWIND_LINK));
	saved = unwind_if(g, IR_NE, kind, UNWIND_AT_REGISTER);
	at = saved_at(g, state, kind, cfa, RULE(g, rule, ra_offset));
	ir_var_write(&g->b, ip, read_word(g, state, at));
	unwind_end_if(g, saved);
	find_link(g, state, rule);
	return ir_var_read(&g->b, ip);
}

static void find_frame_pointer(struct gen *g, struct ir_insn *state, struct ir_insn *rule,
			       struct ir_insn *cfa)
{
	struct ir_insn *kind = RULE(g, rule, fp), *at;
	struct unwind_if changed = unwind_if(g, IR_NE, kind, UNWIND_AT_REGISTER), saved;

	at = saved_at(g, state, kind, cfa, RULE(g, rule, fp_offset));
	unwind_set(g, state, UNWIND_FP, lower_const(g, 0));
	saved = unwind_if(g, IR_NE, kind, UNWIND_AT_NOWHERE);
	unwind_set(g, state, UNWIND_FP, read_word(g, state, at));
	unwind_end_if(g, saved);
	unwind_end_if(g, changed);
}

/* Addresses with a signature in their upper bits are without it in the tables. */
static struct ir_insn *plain_address(struct gen *g, struct ir_insn *address)
{
	if (!has_link(g))	/* x86 has no such */
		return address;
	return ir_emit_binary_imm(&g->b, IR_AND, address, (INT64_C(1) << 48) - 1);
}

/* A frame that is not above the one that it called: the tables do not fit the stack. Only
 * a signal's handler may have a stack of its own. */
static void must_get_shorter(struct gen *g, struct ir_insn *state, struct ir_insn *rule,
			     struct ir_insn *cfa)
{
	struct ir_insn *flags = RULE(g, rule, flags);
	struct unwind_if m = unwind_if(g, IR_EQ, ir_emit_binary_imm(&g->b, IR_AND, flags,
							    UNWIND_DEREF | UNWIND_SIGNAL), 0);

	unwind_return_if(g, has_link(g) ? IR_ULT : IR_ULE, cfa, unwind_get(g, state, UNWIND_SP),
			 UNWIND_STOP + UNWIND_LOOPS);
	unwind_end_if(g, m);
}

static void find_caller(struct gen *g, struct ir_insn *state, struct ir_insn *rule)
{
	struct ir_insn *cfa = canonical_address(g, state, rule), *ip, *signal;

	must_get_shorter(g, state, rule, cfa);
	ip = plain_address(g, return_address(g, state, rule, cfa));
	ip = unwind_true_return(g, state, ip, cfa);
	find_frame_pointer(g, state, rule, cfa);
	signal = ir_emit_binary_imm(&g->b, IR_AND, RULE(g, rule, flags), UNWIND_SIGNAL);
	unwind_set(g, state, UNWIND_IP, ip);
	unwind_set(g, state, UNWIND_SP, cfa);
	unwind_set(g, state, UNWIND_BACK, ir_emit_cmp(&g->b, IR_EQ, signal, lower_const(g, 0)));
	unwind_return_if(g, IR_EQ, ip, lower_const(g, 0), UNWIND_STOP);
}

/* Find the range of the address, if it is not that of the one before. */
static void look_if_other(struct gen *g, struct ir_insn *state, const struct ir_func *find)
{
	struct ir_block *look = lower_block(g, false), *failed = lower_block(g, true);
	struct ir_block *next = lower_block(g, false);
	struct ir_insn *off, *why;

	off = unwind_offset(g, state);
	ir_emit_branch(&g->b, IR_UGE, off, unwind_get(g, state, UNWIND_LEN), look, next);
	lower_enter(g, look);
	why = ir_emit_call(&g->b, IR_FCALL, find->index, IR_INT, &state, 1);
	ir_emit_branch(&g->b, IR_NE, why, lower_const(g, 0), failed, next);
	lower_enter(g, failed);
	ir_emit_ret(&g->b, why);
	lower_enter(g, next);
}

struct ir_func *lower_unwind_step(struct gen *g)
{
	struct ir_func **f = lower_shared_func(g, SHARED_UNWIND_STEP, 0), *known = *f;
	struct ir_insn *state;
	struct ir_block *null;
	struct outside out;

	if (known)
		return known;
	(void)range_func(g);
	*f = unwind_enter(g, &out, "unwind_step", &state, &null);
	look_if_other(g, state, range_func(g));
	find_caller(g, state, find_rule(g, state, null));
	unwind_leave(g, &out, null);
	return *f;
}

/* ---- asking for ranges ---- */

/* The process has no entry: it gets one, so that others do not ask. */
static void ask_first(struct gen *g, struct ir_insn *key, struct ir_insn *now)
{
	struct ir_insn *value = lower_object(g, "unknown", sizeof(struct image_unwind_process), 8);
	struct ir_insn *err;

	ir_emit_memzero(&g->b, value, 0, sizeof(struct image_unwind_process));
	ir_emit_store(&g->b, 4, value, offsetof(struct image_unwind_process, asked), now);
	err = ir_emit_helper(&g->b, BPF_FUNC_map_update_elem, IR_INT,
			     ir_map(g->b.func, g->l->image->unwind_map + UNWIND_PROCESSES), key,
			     value, lower_const(g, BPF_NOEXIST));
	unwind_return_if(g, IR_NE, err, lower_const(g, 0), 0);
}

struct ir_func *lower_unwind_ask(struct gen *g)
{
	static const enum ir_type params[] = { IR_INT };
	struct ir_func **f = lower_shared_func(g, SHARED_UNWIND_ASK, 0), *known = *f;
	struct ir_insn *key, *now, *p;
	struct ir_block *none, *send;
	struct outside out;

	if (known)
		return known;
	*f = lower_func_enter(g, &out, "unwind_ask", params, 1);
	(*f)->is_global = true;
	none = lower_block(g, false);
	send = lower_block(g, false);
	key = lower_object(g, "key", 4, 4);
	ir_emit_store(&g->b, 4, key, 0, ir_param(*f, 0));
	now = ir_emit_call(&g->b, IR_CALL, BPF_FUNC_ktime_get_boot_ns, IR_INT, NULL, 0);
	now = ir_emit_ext(&g->b, ir_emit_binary_imm(&g->b, IR_LSHR, now, 30), 4, false);
	p = ir_emit_helper(&g->b, BPF_FUNC_map_lookup_elem, IR_MAPVAL_OR_NULL,
			   ir_map(g->b.func, g->l->image->unwind_map + UNWIND_PROCESSES), key);
	p = ir_emit_null_check(&g->b, p, none);
	unwind_return_if(g, IR_EQ, now, ir_emit_load(&g->b, IR_INT, 4, false, p,
			 offsetof(struct image_unwind_process, asked)), 0);
	ir_emit_store(&g->b, 4, p, offsetof(struct image_unwind_process, asked), now);
	ir_emit_jump(&g->b, send);
	lower_enter(g, none);
	ask_first(g, key, now);
	ir_emit_jump(&g->b, send);
	lower_enter(g, send);
	lower_send_word(g, ACTION_UNWIND, ir_param(*f, 0));
	ir_emit_ret(&g->b, lower_const(g, 0));
	lower_func_leave(g, &out);
	return *f;
}
