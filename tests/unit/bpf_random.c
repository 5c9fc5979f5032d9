#include "tests/unit/bpf_random.h"

#include <linux/bpf.h>

#define MAX_VARS 16
#define OBJECT_BYTES 64
#define MAX_FUNCS 2	/* all frames have 512 bytes together, also where nothing is optimized */

struct gen {
	struct ir_builder b;
	uint64_t seed;
	struct ir_var *vars[MAX_VARS];
	uint32_t nr_vars;
	struct ir_insn *object;
	struct ir_func **funcs;	/* that it may call: made before it */
	uint32_t nr_funcs;
	int budget;		/* statements left */
	int64_t random_mask;
};

static uint32_t pick(struct gen *g, uint32_t n)
{
	g->seed = g->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(g->seed >> 33) % n;
}

static int64_t constant(struct gen *g)
{
	static const int64_t some[] = { 0, 1, -1, 2, 7, 8, 63, 255, 256, 65535, 0x7fffffff,
					0x80000000, 0xffffffff, -0x80000000ll, 0x100000000,
					0x123456789abcdef, INT64_MIN, INT64_MAX };

	if (pick(g, 3))
		return some[pick(g, sizeof(some) / sizeof(some[0]))];
	return (int64_t)pick(g, 1000) - 500;
}

static struct ir_var *any_var(struct gen *g)
{
	return g->vars[pick(g, g->nr_vars)];
}

static struct ir_insn *operand(struct gen *g)
{
	if (pick(g, 4) == 0)
		return ir_const(g->b.func, constant(g));
	return ir_var_read(&g->b, any_var(g));
}

static struct ir_insn *load(struct gen *g)
{
	unsigned size = 1u << pick(g, 4);
	uint32_t at = pick(g, 64 - size + 1);
	bool is_signed = pick(g, 2);

	if (!g->b.func->index && pick(g, 2))	/* of a raw tracepoint's context whole slots can be read */
		return ir_emit_load(&g->b, IR_INT, 8, false, ir_param(g->b.func, 0),
				    (int32_t)(at & 56));
	return ir_emit_load(&g->b, IR_INT, size, is_signed, g->object, (int32_t)at);
}

static struct ir_insn *atomic(struct gen *g)
{
	unsigned size = pick(g, 2) ? 8 : 4;
	int32_t at = (int32_t)(pick(g, OBJECT_BYTES / 8) * 8);
	enum ir_op op = IR_ATOMIC_ADD + pick(g, 3);
	struct ir_insn *x = operand(g), *y = operand(g);

	return ir_emit_atomic(&g->b, op, size, true, g->object, at, x,
			      op == IR_ATOMIC_CMPXCHG ? y : NULL);
}

/* A func gets memory and two numbers. */
static struct ir_insn *call(struct gen *g)
{
	struct ir_insn *args[3] = { g->object, operand(g), operand(g) };

	if (!g->nr_funcs)
		return args[1];
	return ir_emit_call(&g->b, IR_FCALL, g->funcs[pick(g, g->nr_funcs)]->index, IR_INT, args, 3);
}

static struct ir_insn *expression(struct gen *g)
{
	unsigned size = 1u << pick(g, 3);
	struct ir_insn *x, *y;

	switch (pick(g, 13)) {
	case 12:
		return call(g);
	case 0:
		return load(g);
	case 1:
		return ir_emit_ext(&g->b, operand(g), size, pick(g, 2));
	case 2:
		return ir_emit_bswap(&g->b, operand(g), 2u << pick(g, 3));
	case 3:
		x = operand(g);
		y = operand(g);
		return ir_emit_cmp(&g->b, IR_EQ + pick(g, 10), x, y);
	case 4:
		x = ir_emit_call(&g->b, IR_CALL, BPF_FUNC_get_prandom_u32, IR_INT, NULL, 0);
		x->is_pinned = true;
		return ir_emit_binary_imm(&g->b, IR_AND, x, g->random_mask);
	case 5:
		return atomic(g);
	case 6:
		x = operand(g);
		y = operand(g);
		return ir_emit_ext(&g->b, ir_emit_binary(&g->b, IR_ADD + pick(g, 11), x, y), 4,
				   pick(g, 2));
	default:
		x = operand(g);
		y = operand(g);
		return ir_emit_binary(&g->b, IR_ADD + pick(g, 11), x, y);
	}
}

static void statements(struct gen *g, int depth);

static void condition(struct gen *g, struct ir_block *then, struct ir_block *otherwise)
{
	struct ir_insn *x = operand(g), *y = operand(g);

	if (pick(g, 4) == 0) {
		x = ir_emit_ext(&g->b, x, 4, false);
		y = pick(g, 2) ? y : ir_emit_ext(&g->b, y, 4, false);
	}
	ir_emit_branch(&g->b, IR_EQ + pick(g, 11), x, y, then, otherwise);
}

static void if_else(struct gen *g, int depth)
{
	struct ir_block *then = ir_block_new(g->b.func), *otherwise = ir_block_new(g->b.func);
	struct ir_block *end = ir_block_new(g->b.func);

	condition(g, then, otherwise);
	ir_seal(then);
	ir_seal(otherwise);
	otherwise->is_cold = pick(g, 4) == 0;
	ir_continue_in(&g->b, then);
	statements(g, depth + 1);
	ir_emit_jump(&g->b, end);
	ir_continue_in(&g->b, otherwise);
	if (pick(g, 2))
		statements(g, depth + 1);
	ir_emit_jump(&g->b, end);
	ir_seal(end);
	ir_continue_in(&g->b, end);
}

/* Turns are few, and counted by a variable of the loop's own. */
static void loop(struct gen *g, int depth)
{
	struct ir_block *head = ir_block_new(g->b.func), *body = ir_block_new(g->b.func);
	struct ir_block *end = ir_block_new(g->b.func);
	struct ir_var *n = ir_var_new(g->b.func, "n", IR_INT);

	ir_var_write(&g->b, n, ir_const(g->b.func, 0));
	ir_emit_jump(&g->b, head);
	ir_continue_in(&g->b, head);
	ir_emit_branch(&g->b, IR_ULT, ir_var_read(&g->b, n), ir_const(g->b.func, 1 + pick(g, 3)),
		       body, end);
	ir_seal(body);
	ir_continue_in(&g->b, body);
	statements(g, depth + 1);
	ir_var_write(&g->b, n, ir_emit_binary_imm(&g->b, IR_ADD, ir_var_read(&g->b, n), 1));
	ir_emit_jump(&g->b, head);
	ir_seal(head);
	ir_seal(end);
	ir_continue_in(&g->b, end);
}

static void swap(struct gen *g)
{
	struct ir_var *a = any_var(g), *b = any_var(g);
	struct ir_insn *x = ir_var_read(&g->b, a), *y = ir_var_read(&g->b, b);

	ir_var_write(&g->b, a, y);
	ir_var_write(&g->b, b, x);
}

static void store(struct gen *g)
{
	unsigned size = 1u << pick(g, 4);

	ir_emit_store(&g->b, size, g->object, (int32_t)pick(g, OBJECT_BYTES - size + 1),
		      operand(g));
}

static void statement(struct gen *g, int depth)
{
	switch (pick(g, 10)) {
	case 0:
		store(g);
		break;
	case 1:
		swap(g);
		break;
	case 2:
		if (depth < 4)
			if_else(g, depth);
		break;
	case 3:
		if (depth < 3)
			loop(g, depth);
		break;
	default:
		ir_var_write(&g->b, any_var(g), expression(g));
		break;
	}
}

static void statements(struct gen *g, int depth)
{
	int n = 1 + (int)pick(g, 8);

	for (; n && g->budget > 0; n--, g->budget--)
		statement(g, depth);
}

static void first_values(struct gen *g)
{
	struct ir_func *f = g->b.func;

	for (uint32_t k = 0; k < g->nr_vars; k++) {
		struct ir_insn *v = pick(g, 2) ? load(g) : ir_const(f, constant(g));

		g->vars[k] = ir_var_new(f, "v", IR_INT);
		ir_var_write(&g->b, g->vars[k], f->index && k < 2 ? ir_param(f, 1 + k) : v);
	}
}

static void body(struct gen *g, struct ir_func *f, int budget)
{
	struct ir_insn *sum;

	g->b = (struct ir_builder){ .func = f, .block = ir_block_new(f) };
	ir_seal(g->b.block);
	g->nr_vars = 2 + pick(g, f->index ? 3 : MAX_VARS - 2);
	g->budget = budget;
	if (f->index && pick(g, 4)) {
		g->object = ir_param(f, 0);
	} else {
		g->object = ir_object(f, ir_object_new(f, "memory", OBJECT_BYTES, 8));
		ir_emit_memzero(&g->b, g->object, 0, OBJECT_BYTES);
	}
	first_values(g);
	while (g->budget > 0)
		statements(g, f->index ? 2 : 0);
	sum = ir_const(f, 0);
	for (uint32_t k = 0; k < g->nr_vars; k++) {
		sum = ir_emit_binary_imm(&g->b, IR_MUL, sum, 31);
		sum = ir_emit_binary(&g->b, IR_ADD, sum, ir_var_read(&g->b, g->vars[k]));
	}
	ir_emit_ret(&g->b, sum);
}

void bpf_random_func(struct ir_func *f, uint64_t seed, int64_t random_mask)
{
	static const enum ir_type params[] = { IR_OBJ, IR_INT, IR_INT };
	struct ir_func *funcs[MAX_FUNCS];
	struct gen g = { .seed = seed, .random_mask = random_mask, .funcs = funcs };
	uint32_t n = pick(&g, 2) ? pick(&g, MAX_FUNCS + 1) : 0;

	for (; g.nr_funcs < n; g.nr_funcs++) {
		funcs[g.nr_funcs] = ir_func_new(f->module, "f", params, 3);
		body(&g, funcs[g.nr_funcs], 2 + (int)pick(&g, 12));
	}
	body(&g, f, 10 + (int)pick(&g, 60));
}
