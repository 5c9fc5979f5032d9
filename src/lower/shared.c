/*
 * Functions that the code of a program shares: comparing strings, the bucket of a
 * histogram. As code in place each would be followed anew for every way that leads
 * to it; a global function is verified once.
 */
#include "lower/internal.h"

#define MAX_STEPS 1024	/* longer strings are compared by pieces */
#define ONES UINT64_C(0x0101010101010101)
#define HIGH_BITS UINT64_C(0x8080808080808080)

/* What comparing gives: the strings go on, or it is decided. */
enum { COMPARE_MORE = 0, COMPARE_DIFFER = 1, COMPARE_SAME = 2 };

struct shared {
	struct shared *next;
	enum shared_kind kind;
	uint32_t param;		/* size, or bits */
	struct ir_func *func;
};

static struct shared *shared_of(struct gen *g, enum shared_kind kind, uint32_t param)
{
	struct shared *s;

	for (s = *g->shared; s; s = s->next)
		if (s->kind == kind && s->param == param)
			return s;
	s = arena_new(g->l->arena, struct shared);
	*s = (struct shared){ *g->shared, kind, param, NULL };
	*g->shared = s;
	return s;
}

struct ir_func **lower_shared_func(struct gen *g, enum shared_kind kind, uint32_t param)
{
	return &shared_of(g, kind, param)->func;
}

static struct ir_insn *call(struct gen *g, const struct ir_func *f, struct ir_insn *x,
			    struct ir_insn *y)
{
	struct ir_insn *args[] = { x, y };

	return ir_emit_call(&g->b, IR_FCALL, f->index, IR_INT, args, y ? 2 : 1);
}

/* ---- strings ---- */

static struct ir_insn *load_word(struct gen *g, struct ir_insn *p)
{
	struct ir_insn *w = ir_emit_load(&g->b, IR_INT, 8, false, p, 0);

	return g->c->target->arch->big_endian ? ir_emit_bswap(&g->b, w, 8) : w;
}

static void ret(struct gen *g, int64_t value)
{
	ir_emit_ret(&g->b, lower_const(g, value));
}

/* The first byte of a word is its lowest. `ends` has the highest bit of each byte
 * set that is 0 in x, at least up to the first such; only what is before that counts. */
static void compare_word(struct gen *g, struct ir_insn *x, struct ir_insn *y)
{
	struct ir_block *stop = lower_block(g, false), *next = lower_block(g, false);
	struct ir_block *differ = lower_block(g, false), *same = lower_block(g, false);
	struct ir_insn *a = load_word(g, x), *b = load_word(g, y), *diff, *ends, *upto;

	diff = ir_emit_binary(&g->b, IR_XOR, a, b);
	ends = ir_emit_binary(&g->b, IR_SUB, a, lower_const(g, (int64_t)ONES));
	ends = ir_emit_binary(&g->b, IR_AND, ends, ir_emit_binary_imm(&g->b, IR_XOR, a, -1));
	ends = ir_emit_binary(&g->b, IR_AND, ends, lower_const(g, (int64_t)HIGH_BITS));
	ir_emit_branch(&g->b, IR_NE, ir_emit_binary(&g->b, IR_OR, diff, ends), lower_const(g, 0),
		       stop, next);
	lower_enter(g, stop);
	upto = ir_emit_binary(&g->b, IR_XOR, ends, ir_emit_binary_imm(&g->b, IR_SUB, ends, 1));
	ir_emit_branch(&g->b, IR_NE, ir_emit_binary(&g->b, IR_AND, diff, upto), lower_const(g, 0),
		       differ, same);
	lower_enter(g, differ);
	ret(g, COMPARE_DIFFER);
	lower_enter(g, same);
	ret(g, COMPARE_SAME);
	lower_enter(g, next);
}

static void compare_byte(struct gen *g, struct ir_insn *x, struct ir_insn *y, uint32_t at)
{
	struct ir_block *differ = lower_block(g, false), *equal = lower_block(g, false);
	struct ir_block *same = lower_block(g, false), *next = lower_block(g, false);
	struct ir_insn *a = ir_emit_load(&g->b, IR_INT, 1, false, x, (int32_t)at);
	struct ir_insn *b = ir_emit_load(&g->b, IR_INT, 1, false, y, (int32_t)at);

	ir_emit_branch(&g->b, IR_NE, a, b, differ, equal);
	lower_enter(g, differ);
	ret(g, COMPARE_DIFFER);
	lower_enter(g, equal);
	ir_emit_branch(&g->b, IR_EQ, a, lower_const(g, 0), same, next);
	lower_enter(g, same);
	ret(g, COMPARE_SAME);
	lower_enter(g, next);
}

/* Steps through both strings up to `end`; what is done with each step is in
 * between. */
struct stepping {
	struct ir_block *head;
	struct ir_block *done;
	struct ir_var *i;
	struct ir_insn *at;
};

static void step_start(struct gen *g, struct stepping *s, uint32_t end)
{
	struct ir_block *body = lower_block(g, false);

	s->head = lower_block(g, false);
	s->done = lower_block(g, false);
	s->i = ir_var_new(g->b.func, "at", IR_INT);
	ir_var_write(&g->b, s->i, lower_const(g, 0));
	ir_emit_jump(&g->b, s->head);
	ir_continue_in(&g->b, s->head);
	s->at = ir_var_read(&g->b, s->i);
	ir_emit_branch(&g->b, IR_ULT, s->at, lower_const(g, end), body, s->done);
	lower_enter(g, body);
}

static void step_end(struct gen *g, struct stepping *s, uint32_t by)
{
	ir_var_write(&g->b, s->i, ir_emit_binary_imm(&g->b, IR_ADD, s->at, by));
	ir_emit_jump(&g->b, s->head);
	ir_seal(s->head);
	lower_enter(g, s->done);
}

static void compare_by_words(struct gen *g, struct ir_insn *x, struct ir_insn *y, uint32_t size)
{
	struct stepping s;

	if (size >= 8) {
		step_start(g, &s, size & ~7u);
		compare_word(g, ir_emit_binary(&g->b, IR_ADD, x, s.at),
			     ir_emit_binary(&g->b, IR_ADD, y, s.at));
		step_end(g, &s, 8);
	}
	for (uint32_t at = size & ~7u; at < size; at++)
		compare_byte(g, x, y, at);
}

static void compare_by_bytes(struct gen *g, struct ir_insn *x, struct ir_insn *y, uint32_t size)
{
	struct stepping s;

	step_start(g, &s, size);
	compare_byte(g, ir_emit_binary(&g->b, IR_ADD, x, s.at),
		     ir_emit_binary(&g->b, IR_ADD, y, s.at), 0);
	step_end(g, &s, 1);
}

static struct ir_func *compare_func(struct gen *g, enum shared_kind kind, uint32_t size);

static uint32_t piece_bytes(enum shared_kind kind)
{
	return kind == SHARED_COMPARE ? MAX_STEPS * 8 : MAX_STEPS;
}

static void compare_by_pieces(struct gen *g, enum shared_kind kind, struct ir_insn *x,
			      struct ir_insn *y, uint32_t size)
{
	uint32_t piece = piece_bytes(kind), whole = size / piece * piece;
	struct ir_block *decided, *next;
	struct stepping s;
	struct ir_insn *how;

	step_start(g, &s, whole);
	how = call(g, compare_func(g, kind, piece), ir_emit_binary(&g->b, IR_ADD, x, s.at),
		   ir_emit_binary(&g->b, IR_ADD, y, s.at));
	decided = lower_block(g, false);
	next = lower_block(g, false);
	ir_emit_branch(&g->b, IR_NE, how, lower_const(g, COMPARE_MORE), decided, next);
	lower_enter(g, decided);
	ir_emit_ret(&g->b, how);
	lower_enter(g, next);
	step_end(g, &s, piece);
	if (size > whole) {
		how = call(g, compare_func(g, kind, size - whole), lower_ptr(g, x, (int32_t)whole),
			   lower_ptr(g, y, (int32_t)whole));
		ir_emit_ret(&g->b, how);
	}
}

static struct ir_func *compare_func(struct gen *g, enum shared_kind kind, uint32_t size)
{
	static const enum ir_type params[] = { IR_MAPVAL_OR_NULL, IR_MAPVAL_OR_NULL };
	struct shared *s = shared_of(g, kind, size);
	struct ir_insn *x, *y;
	struct ir_block *null;
	struct outside out;

	if (s->func)
		return s->func;
	s->func = lower_func_enter(g, &out, "compare", params, 2);
	/* Older kernels verify it at each call, as a part of the caller. */
	s->func->is_apart = true;
	s->func->is_global = lower_has(g, FEATURE_GLOBAL_FUNC_MEM);
	s->func->param_bytes = size;
	null = lower_block(g, true);
	x = ir_emit_null_check(&g->b, ir_param(s->func, 0), null);
	y = ir_emit_null_check(&g->b, ir_param(s->func, 1), null);
	if (size > piece_bytes(kind))
		compare_by_pieces(g, kind, x, y, size);
	else if (kind == SHARED_COMPARE)
		compare_by_words(g, x, y, size);
	else
		compare_by_bytes(g, x, y, size);
	if (g->b.block)
		ret(g, COMPARE_MORE);
	lower_enter(g, null);
	ret(g, COMPARE_DIFFER);
	lower_func_leave(g, &out);
	return s->func;
}

static bool is_memory(const struct ir_insn *p)
{
	return p->type == IR_OBJ || p->type == IR_MAPVAL;
}

bool lower_compare_shared(struct gen *g, struct place x, struct place y, uint32_t size,
			  struct ir_block *same, struct ir_block *differ)
{
	bool is_aligned = !((x.offset | y.offset) & 7);
	enum shared_kind kind = is_aligned ? SHARED_COMPARE : SHARED_COMPARE_BYTES;
	unsigned frames = size > piece_bytes(kind) ? 2 : 1;
	struct ir_insn *how;

	if (!is_memory(x.base) || !is_memory(y.base) || g->frames + frames > KERNEL_FRAMES)
		return false;
	how = call(g, compare_func(g, kind, size), lower_ptr(g, x.base, x.offset),
		   lower_ptr(g, y.base, y.offset));
	ir_emit_branch(&g->b, IR_EQ, how, lower_const(g, COMPARE_DIFFER), differ, same);
	return true;
}

/* ---- histograms ---- */

struct ir_insn *lower_hist_shared(struct gen *g, const struct type *t, struct ir_insn *v)
{
	static const enum ir_type params[] = { IR_INT };
	struct shared *s = shared_of(g, SHARED_HIST, (uint32_t)t->param[0]);
	struct outside out;

	if (g->frames + 1 > KERNEL_FRAMES)
		return NULL;
	if (!s->func) {
		s->func = lower_func_enter(g, &out, "bucket", params, 1);
		s->func->is_global = true;
		ir_emit_ret(&g->b, lower_hist_index(g, t, ir_param(s->func, 0)));
		lower_func_leave(g, &out);
	}
	return call(g, s->func, v, NULL);
}
