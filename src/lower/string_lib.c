/*
 * The string library: strstr, strcontains, str_concat, strcap, memcmp.
 *
 * A search takes the kernel's own function where there is one. Else it is a
 * loop whose every turn compares one character, so that there is one loop for
 * the verifier, whatever the lengths. Texts are copied before, each with a NUL
 * behind it: that way all sources are alike.
 */
#include "lower/internal.h"

#define CALL(name)									\
struct ir_insn *lower_call_##name(struct gen *g, struct node *n, const struct dest *d);	\
struct ir_insn *lower_call_##name(struct gen *g, struct node *n, const struct dest *d)

#define UNROLLED_BYTES 64
#define MAX_TURNS (1 << 23)	/* the kernel's limit */

/* Bytes that a text has at most, without the NUL. */
static uint32_t capacity(struct gen *g, const struct node *text)
{
	if (text->type->kind == TYPE_STRING || text->type->kind == TYPE_ARRAY)
		return text->type->size_bytes;
	return g->c->config.max_strlen;
}

static uint32_t rounded(uint32_t size)
{
	return (size + 7) / 8 * 8;
}

/* Copy a text, and a NUL, to room for capacity + 1 bytes. What cannot be read is empty. */
static void copy_text(struct gen *g, struct node *text, struct ir_insn *to, int32_t offset)
{
	uint32_t room = capacity(g, text) + 1;
	struct place from = lower_str_source(g, text);

	ir_emit_store(&g->b, 1, to, offset, lower_const(g, 0));
	lower_read_str(g, lower_ptr(g, to, offset), room, lower_const(g, room), from);
}

/* ---- searching ---- */

/* What the loop keeps; the texts follow, the haystack first. */
enum { SEARCH_AT = 0, SEARCH_MATCHED = 8, SEARCH_FOUND = 16, SEARCH_TEXTS = 24 };

struct search {
	uint32_t hay_bytes, needle_bytes;
};

static void end_if(struct gen *g, enum ir_cmp cmp, struct ir_insn *x, int64_t y)
{
	struct ir_block *end = lower_block(g, false), *next = lower_block(g, false);

	ir_emit_branch(&g->b, cmp, x, lower_const(g, y), end, next);
	lower_enter(g, end);
	ir_emit_ret(&g->b, lower_const(g, 1));
	lower_enter(g, next);
}

/* Compare character `matched` of the needle with that of the haystack. */
static void search_turn(struct gen *g, struct ir_insn *number, struct ir_insn *state,
			const void *arg)
{
	const struct search *s = arg;
	struct ir_block *all = lower_block(g, false), *more = lower_block(g, false);
	struct ir_block *same = lower_block(g, false), *differ = lower_block(g, false);
	struct ir_block *next = lower_block(g, false);
	struct ir_insn *at = ir_emit_load(&g->b, IR_INT, 8, false, state, SEARCH_AT);
	struct ir_insn *matched = ir_emit_load(&g->b, IR_INT, 8, false, state, SEARCH_MATCHED);
	struct ir_insn *where = ir_emit_binary(&g->b, IR_ADD, at, matched), *wanted, *is;

	(void)number;
	end_if(g, IR_UGT, matched, s->needle_bytes);
	wanted = ir_emit_load(&g->b, IR_INT, 1, false,
			      ir_emit_binary(&g->b, IR_ADD, state, matched),
			      (int32_t)(SEARCH_TEXTS + rounded(s->hay_bytes + 1)));
	ir_emit_branch(&g->b, IR_EQ, wanted, lower_const(g, 0), all, more);
	lower_enter(g, all);
	ir_emit_store(&g->b, 8, state, SEARCH_FOUND, at);
	ir_emit_ret(&g->b, lower_const(g, 1));
	lower_enter(g, more);
	end_if(g, IR_UGT, where, s->hay_bytes);
	is = ir_emit_load(&g->b, IR_INT, 1, false, ir_emit_binary(&g->b, IR_ADD, state, where),
			  SEARCH_TEXTS);
	end_if(g, IR_EQ, is, 0);
	ir_emit_branch(&g->b, IR_EQ, is, wanted, same, differ);
	lower_enter(g, same);
	ir_emit_store(&g->b, 8, state, SEARCH_MATCHED,
		      ir_emit_binary_imm(&g->b, IR_ADD, matched, 1));
	ir_emit_jump(&g->b, next);
	lower_enter(g, differ);
	ir_emit_store(&g->b, 8, state, SEARCH_MATCHED, lower_const(g, 0));
	ir_emit_store(&g->b, 8, state, SEARCH_AT, ir_emit_binary_imm(&g->b, IR_ADD, at, 1));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

static struct ir_insn *search_loop(struct gen *g, struct node *hay, struct node *needle)
{
	struct search s = { capacity(g, hay), capacity(g, needle) };
	uint32_t size = SEARCH_TEXTS + rounded(s.hay_bytes + 1) + rounded(s.needle_bytes + 1);
	uint64_t turns = (uint64_t)(s.hay_bytes + 1) * (s.needle_bytes + 1);
	struct ir_insn *state = lower_loop_state(g, "search", size), *found;

	ir_emit_store(&g->b, 8, state, SEARCH_AT, lower_const(g, 0));
	ir_emit_store(&g->b, 8, state, SEARCH_MATCHED, lower_const(g, 0));
	ir_emit_store(&g->b, 8, state, SEARCH_FOUND, lower_const(g, -1));
	copy_text(g, hay, state, SEARCH_TEXTS);
	copy_text(g, needle, state, (int32_t)(SEARCH_TEXTS + rounded(s.hay_bytes + 1)));
	lower_repeat(g, lower_const(g, (int64_t)(turns < MAX_TURNS ? turns : MAX_TURNS)), state,
		     search_turn, &s);
	found = ir_emit_load(&g->b, IR_INT, 8, false, state, SEARCH_FOUND);
	found->is_pinned = true;
	return found;
}

static struct ir_insn *text_object(struct gen *g, struct node *text)
{
	struct ir_insn *to = lower_object(g, "text", rounded(capacity(g, text) + 1), 8);

	copy_text(g, text, to, 0);
	return to;
}

/* The kernel's function says -ENOENT and other errors: all are -1. */
static struct ir_insn *search_kfunc(struct gen *g, struct node *hay, struct node *needle)
{
	struct ir_block *absent = lower_block(g, false), *next = lower_block(g, false);
	struct ir_var *v = ir_var_new(g->b.func, "found", IR_INT);
	struct ir_insn *args[3], *r;

	args[0] = text_object(g, hay);
	args[1] = text_object(g, needle);
	args[2] = lower_const(g, capacity(g, hay) + 1);
	r = ir_emit_call(&g->b, IR_KCALL, lower_kfunc_here(g, KFUNC_STRNSTR), IR_INT, args, 3);
	r = ir_emit_ext(&g->b, r, 4, true);
	ir_var_write(&g->b, v, r);
	ir_emit_branch(&g->b, IR_SLT, r, lower_const(g, 0), absent, next);
	lower_enter(g, absent);
	ir_var_write(&g->b, v, lower_const(g, -1));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	return ir_var_read(&g->b, v);
}

CALL(strstr)
{
	struct node *hay = n->u.call.args.at[0], *needle = n->u.call.args.at[1];

	(void)d;
	return lower_kfunc_here(g, KFUNC_STRNSTR) ? search_kfunc(g, hay, needle) :
						    search_loop(g, hay, needle);
}

CALL(strcontains)
{
	return ir_emit_cmp(&g->b, IR_SGE, lower_call_strstr(g, n, d), lower_const(g, 0));
}

/* Of strings and arrays it is a literal (check/convert_call.c). */
struct ir_insn *lower_call_strlen(struct gen *g, struct node *n, const struct dest *d);

CALL(strcap)
{
	return lower_call_strlen(g, n, d);
}

/* ---- joining ---- */

/* Room for twice the result: the verifier does not see that both parts together
 * are within bounds. The rest is cut. */
CALL(str_concat)
{
	uint32_t size = n->type->size_bytes;
	struct ir_insn *to = lower_object(g, "concatenated", 2 * size + 8, 8), *len;
	struct ir_block *none = lower_block(g, false), *next = lower_block(g, false);
	struct ir_var *v = ir_var_new(g->b.func, "length", IR_INT);

	lower_zero(g, to, 0, 2 * size);
	len = lower_read_str(g, to, size, lower_const(g, size),
			     lower_str_source(g, n->u.call.args.at[0]));
	len = ir_emit_binary_imm(&g->b, IR_SUB, len, 1);
	ir_var_write(&g->b, v, len);
	ir_emit_branch(&g->b, IR_UGT, len, lower_const(g, size - 1), none, next);
	lower_enter(g, none);	/* not even a NUL was read */
	ir_var_write(&g->b, v, lower_const(g, 0));
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
	lower_read_str(g, ir_emit_binary(&g->b, IR_ADD, to, ir_var_read(&g->b, v)), size,
		       lower_const(g, size), lower_str_source(g, n->u.call.args.at[1]));
	ir_emit_store(&g->b, 1, to, (int32_t)size - 1, lower_const(g, 0));
	lower_copy(g, *d, n->type, lower_at(to, 0), n->type);
	return NULL;
}

/* ---- comparing bytes ---- */

enum { COMPARE_DIFFERENCE = 0, COMPARE_BYTES = 8 };

struct comparison {
	uint32_t bytes;		/* of each side */
};

static struct ir_insn *difference(struct gen *g, struct ir_insn *x, struct ir_insn *y, int32_t x_at,
				  int32_t y_at)
{
	return ir_emit_binary(&g->b, IR_SUB, ir_emit_load(&g->b, IR_INT, 1, true, x, x_at),
			      ir_emit_load(&g->b, IR_INT, 1, true, y, y_at));
}

static void compare_turn(struct gen *g, struct ir_insn *number, struct ir_insn *state,
			 const void *arg)
{
	const struct comparison *c = arg;
	struct ir_insn *p, *v;

	number = ir_emit_ext(&g->b, number, 4, false);
	end_if(g, IR_UGE, number, c->bytes);
	p = ir_emit_binary(&g->b, IR_ADD, state, number);
	v = difference(g, p, p, COMPARE_BYTES, (int32_t)(COMPARE_BYTES + rounded(c->bytes)));
	ir_emit_store(&g->b, 8, state, COMPARE_DIFFERENCE, v);
	end_if(g, IR_NE, v, 0);
}

/* The bytes of a value, at most `size`; what it has less is zero. */
static void copy_bytes(struct gen *g, struct node *n, struct ir_insn *to, int32_t offset,
		       uint32_t size)
{
	uint32_t own = lower_layout(g->l, n->type)->size_bytes;
	struct ir_insn *whole;

	if (own <= size) {
		lower_to(g, n, n->type, (struct dest){ .base = to, .offset = offset });
		return;
	}
	whole = lower_object(g, "value", rounded(own), 8);
	lower_to(g, n, n->type, (struct dest){ .base = whole });
	ir_emit_memcpy(&g->b, to, offset, whole, 0, size, 1);
}

static struct ir_insn *compare_loop(struct gen *g, struct node *n, uint32_t size)
{
	struct comparison c = { size };
	struct ir_insn *state = lower_loop_state(g, "compared", COMPARE_BYTES + 2 * rounded(size));
	struct ir_insn *v;

	ir_emit_store(&g->b, 8, state, COMPARE_DIFFERENCE, lower_const(g, 0));
	copy_bytes(g, n->u.call.args.at[0], state, COMPARE_BYTES, size);
	copy_bytes(g, n->u.call.args.at[1], state, (int32_t)(COMPARE_BYTES + rounded(size)), size);
	lower_repeat(g, lower_at_most(g, lower_value(g, n->u.call.args.at[2]), size), state,
		     compare_turn, &c);
	v = ir_emit_load(&g->b, IR_INT, 8, false, state, COMPARE_DIFFERENCE);
	v->is_pinned = true;
	return v;
}

static struct ir_insn *compare_unrolled(struct gen *g, struct node *n, uint32_t size)
{
	struct ir_insn *x = lower_object(g, "left", rounded(size), 8);
	struct ir_insn *y = lower_object(g, "right", rounded(size), 8);
	struct ir_var *v = ir_var_new(g->b.func, "difference", IR_INT);
	struct ir_block *done = lower_block(g, false);

	copy_bytes(g, n->u.call.args.at[0], x, 0, size);
	copy_bytes(g, n->u.call.args.at[1], y, 0, size);
	ir_var_write(&g->b, v, lower_const(g, 0));
	for (uint32_t i = 0; i < size; i++) {
		struct ir_block *more = lower_block(g, false);
		struct ir_insn *byte = difference(g, x, y, (int32_t)i, (int32_t)i);

		ir_var_write(&g->b, v, byte);
		ir_emit_branch(&g->b, IR_NE, byte, lower_const(g, 0), done, more);
		lower_enter(g, more);
	}
	ir_emit_jump(&g->b, done);
	lower_enter(g, done);
	return ir_var_read(&g->b, v);
}

CALL(memcmp)
{
	struct node *count = n->u.call.args.at[2];
	uint32_t left = lower_layout(g->l, n->u.call.args.at[0]->type)->size_bytes;
	uint32_t right = lower_layout(g->l, n->u.call.args.at[1]->type)->size_bytes;
	uint32_t size = left < right ? left : right;

	(void)d;
	if (!size)
		return lower_const(g, 0);
	while (count->kind == NODE_CAST)
		count = count->u.cast.operand;
	if (count->kind == NODE_INT && count->u.integer.value < size)
		size = (uint32_t)count->u.integer.value;
	if (count->kind == NODE_INT && size <= UNROLLED_BYTES)
		return size ? compare_unrolled(g, n, size) : lower_const(g, 0);
	return compare_loop(g, n, size);
}
