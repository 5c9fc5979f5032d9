/*
 * Random funcs: what the optimizer makes of one does the same as the func does.
 *
 * A func is generated twice from one seed, one copy optimized, and both are run
 * by a plain interpreter on the same context. They must make the same calls with
 * effects, leave the same map values, and return the same.
 */
#include "ir_text.h"
#include "tests/vm/bytes.h"

#define NR_VARS 4
#define NR_OBJECTS 4
#define SCRATCH_MAP 9
#define STEP_LIMIT 200000

/* ---- the interpreter ---- */

struct machine {
	const struct ir_func *f;
	int64_t *values;		/* by insn id */
	uint8_t stack[8192], scratch[8192], map[256], kernel[256], ctx[256];
	uint32_t unplaced[64];		/* where objects without a place lie in `stack` */
	uint64_t trace;			/* hash of what was done */
	uint32_t steps;
};

static void note(struct machine *m, uint64_t value)
{
	m->trace = (m->trace ^ value) * 0x100000001b3u;
	m->trace ^= m->trace >> 31;
}

static int64_t object_address(const struct machine *m, int64_t index)
{
	const struct ir_object *o = &m->f->objects.at[index];

	assert_int_not_equal(o->place, IR_PLACE_SCRATCH);
	if (o->place == IR_PLACE_STACK)
		return (int64_t)(intptr_t)(m->stack + sizeof(m->stack) + o->offset);
	return (int64_t)(intptr_t)(m->stack + m->unplaced[index]);
}

static int64_t value_of(const struct machine *m, const struct ir_insn *v)
{
	switch (v->op) {
	case IR_CONST:
		return v->imm;
	case IR_PARAM:
		return v->imm ? 77 : (int64_t)(intptr_t)m->ctx;
	case IR_OBJECT:
		return object_address(m, v->imm);
	case IR_MAP:
		return v->imm;
	case IR_MAP_VALUE:
		return (int64_t)(intptr_t)(m->map + v->imm2);
	default:
		return m->values[v->id];
	}
}

static int64_t arg(const struct machine *m, const struct ir_insn *i, uint32_t k)
{
	return value_of(m, i->args[k]);
}

static uint8_t *address(const struct machine *m, const struct ir_insn *i)
{
	return (uint8_t *)(intptr_t)(arg(m, i, 0) + i->imm);
}

static int64_t run_call(struct machine *m, const struct ir_insn *i)
{
	uint8_t *p;

	switch (i->imm) {
	case 1:
		if (arg(m, i, 0) == SCRATCH_MAP)
			return (int64_t)(intptr_t)m->scratch;
		p = (uint8_t *)(intptr_t)arg(m, i, 1);
		return bytes_load(p, 8) % 3 ? (int64_t)(intptr_t)(m->map + 128) : 0;
	case 3:
		p = (uint8_t *)(intptr_t)arg(m, i, 1);
		note(m, (uint64_t)arg(m, i, 0));
		note(m, bytes_load(p, 8));
		return (int64_t)(bytes_load(p, 8) & 3);
	case 14:
		return 0x123400005678;
	case 16:
		memcpy((void *)(intptr_t)arg(m, i, 0), "abcdefghijklmno", (size_t)arg(m, i, 1));
		return 0;
	case 115:
		memset((void *)(intptr_t)arg(m, i, 0), 'x', (uint64_t)arg(m, i, 2) % 9);
		return (int64_t)((uint64_t)arg(m, i, 2) % 9);
	case 158:
		return (int64_t)(intptr_t)m->kernel;
	default:
		fail_msg("helper %d", (int)i->imm);
		return 0;
	}
}

/* The IR's own evaluation is under test elsewhere; this one is of the machine. */
static int64_t run_binary(enum ir_op op, int64_t x, int64_t y)
{
	uint64_t a = (uint64_t)x, b = (uint64_t)y;

	switch (op) {
	case IR_ADD: return (int64_t)(a + b);
	case IR_SUB: return (int64_t)(a - b);
	case IR_MUL: return (int64_t)(a * b);
	case IR_UDIV: return b ? (int64_t)(a / b) : 0;
	case IR_UMOD: return b ? (int64_t)(a % b) : x;
	case IR_AND: return x & y;
	case IR_OR: return x | y;
	case IR_XOR: return x ^ y;
	case IR_SHL: return (int64_t)(a << (b & 63));
	case IR_LSHR: return (int64_t)(a >> (b & 63));
	default: return x >> (b & 63);
	}
}

static int64_t extend(uint64_t x, unsigned size, bool is_signed)
{
	unsigned up = 64 - size * 8;

	return is_signed ? (int64_t)(x << up) >> up : (int64_t)(x << up >> up);
}

static bool compare(enum ir_cmp cmp, int64_t x, int64_t y)
{
	switch (cmp) {
	case IR_EQ: return x == y;
	case IR_NE: return x != y;
	case IR_ULT: return (uint64_t)x < (uint64_t)y;
	case IR_ULE: return (uint64_t)x <= (uint64_t)y;
	case IR_UGT: return (uint64_t)x > (uint64_t)y;
	case IR_UGE: return (uint64_t)x >= (uint64_t)y;
	case IR_SLT: return x < y;
	case IR_SLE: return x <= y;
	case IR_SGT: return x > y;
	case IR_SGE: return x >= y;
	default: return (x & y) != 0;
	}
}

static int64_t run_insn(struct machine *m, const struct ir_insn *i)
{
	uint64_t old;
	int64_t v;

	switch (i->op) {
	case IR_SEXT: case IR_ZEXT:
		return extend((uint64_t)arg(m, i, 0), i->size, i->op == IR_SEXT);
	case IR_BSWAP:
		return (int64_t)(__builtin_bswap64((uint64_t)arg(m, i, 0)) >> (64 - i->size * 8));
	case IR_CMP:
		return compare(i->cmp, arg(m, i, 0), arg(m, i, 1));
	case IR_LOAD:
		return extend(bytes_load(address(m, i), i->size), i->size, i->is_signed);
	case IR_STORE:
		v = arg(m, i, 1);
		bytes_store(address(m, i), (uint64_t)v, i->size);
		return 0;
	case IR_ATOMIC_ADD:
		old = bytes_load(address(m, i), i->size);
		v = (int64_t)(old + (uint64_t)arg(m, i, 1));
		bytes_store(address(m, i), (uint64_t)v, i->size);
		return (int64_t)old;
	case IR_MEMZERO:
		memset(address(m, i), 0, (size_t)i->imm2);
		return 0;
	case IR_MEMCPY:
		memcpy(address(m, i), (uint8_t *)(intptr_t)(arg(m, i, 1) + i->imm3), (size_t)i->imm2);
		return 0;
	case IR_CALL:
		return run_call(m, i);
	case IR_NOT_NULL:
		assert_true(arg(m, i, 0) != 0);
		return arg(m, i, 0);
	default:
		return run_binary(i->op, arg(m, i, 0), arg(m, i, 1));
	}
}

/* All phis of a block take their values at once. */
static const struct ir_insn *run_phis(struct machine *m, const struct ir_block *b,
				      const struct ir_block *from)
{
	int64_t taken[64];
	uint32_t n = 0, pred = 0;
	const struct ir_insn *i;

	while (from && b->preds.at[pred] != from)
		pred++;
	for (i = b->first; i->op == IR_PHI; i = i->next)
		taken[n++] = value_of(m, i->args[pred]);
	n = 0;
	for (i = b->first; i->op == IR_PHI; i = i->next)
		m->values[i->id] = taken[n++];
	return i;
}

static int64_t run_func(struct machine *m)
{
	const struct ir_block *b = m->f->blocks.at[0], *from = NULL;

	for (;;) {
		const struct ir_insn *i = run_phis(m, b, from);

		for (; i->next; i = i->next) {
			assert_true(m->steps++ < STEP_LIMIT);
			m->values[i->id] = run_insn(m, i);
		}
		if (i->op == IR_RET)
			return arg(m, i, 0);
		from = b;
		b = i->op == IR_JUMP || compare(i->cmp, arg(m, i, 0), arg(m, i, 1)) ?
			    b->succs[0] : b->succs[1];
	}
}

static uint64_t run_machine(const struct ir_func *f, uint32_t seed)
{
	struct machine *m = calloc(1, sizeof(*m));
	uint64_t trace;

	m->f = f;
	m->values = calloc(f->next_insn_id, sizeof(*m->values));
	for (uint32_t k = 0, at = 0; k < f->objects.n; k++) {
		m->unplaced[k] = at;
		at += (f->objects.at[k].size_bytes + 7) & ~7u;
	}
	memset(m->stack, 0xa5, sizeof(m->stack));
	memset(m->scratch, 0x5a, sizeof(m->scratch));
	for (uint32_t k = 0; k < sizeof(m->ctx); k++) {
		m->ctx[k] = (uint8_t)((seed = seed * 1103515245 + 12345) >> 16);
		m->kernel[k] = (uint8_t)(seed >> 8);
	}
	note(m, (uint64_t)run_func(m));
	for (uint32_t k = 0; k < sizeof(m->map); k += 8)
		note(m, bytes_load(m->map + k, 8));
	trace = m->trace;
	free(m->values);
	free(m);
	return trace;
}

/* ---- the generator ---- */

struct gen {
	struct ir_fix x;
	uint32_t seed;
	struct ir_var *vars[NR_VARS];
	uint32_t objects[NR_OBJECTS];
	unsigned depth, budget;
};

static uint32_t pick(struct gen *g, uint32_t below)
{
	g->seed = g->seed * 1103515245 + 12345;
	return (g->seed >> 16) % below;
}

static int64_t random_const(struct gen *g)
{
	static const int64_t some[] = { 0, 1, 2, 3, 8, 63, 64, 255, 256, 0xffff, 0xffffffff, -1, -8,
					0x80, 0x7fffffff, INT64_MIN, 1000, 0x123456789 };

	return some[pick(g, sizeof(some) / sizeof(some[0]))];
}

static unsigned random_size(struct gen *g)
{
	return 1u << pick(g, 4);
}

static struct ir_insn *object(struct gen *g)
{
	return ir_object(g->x.f, g->objects[pick(g, NR_OBJECTS)]);
}

static int32_t random_offset(struct gen *g, unsigned size)
{
	return (int32_t)(pick(g, 16 / size) * size);
}

static struct ir_insn *expr(struct gen *g, unsigned depth);

static struct ir_insn *random_load(struct gen *g)
{
	struct ir_builder *b = &g->x.b;
	unsigned size = random_size(g);
	struct ir_insn *p;

	switch (pick(g, 4)) {
	case 0:
		p = ir_param(g->x.f, 0);
		break;
	case 1:
		p = ir_emit_call(b, IR_CALL, 158, IR_KPTR, NULL, 0);
		break;
	case 2:
		p = ir_map_value(g->x.f, 2, 8 * pick(g, 4));
		break;
	default:
		p = ir_emit_binary_imm(b, IR_ADD, object(g), 8 * pick(g, 2));
		return ir_emit_load(b, IR_INT, size, pick(g, 2), p, random_offset(g, size) & 7);
	}
	return ir_emit_load(b, IR_INT, size, pick(g, 2), p, random_offset(g, size));
}

/* a && b, a || b, a ? b : c */
static struct ir_insn *condition(struct gen *g, unsigned depth)
{
	struct ir_builder *b = &g->x.b;
	struct ir_block *then = ir_fix_block(&g->x), *other = ir_fix_block(&g->x);
	struct ir_block *end = ir_fix_block(&g->x);
	struct ir_insn *zero = ir_const(g->x.f, 0), *one = ir_const(g->x.f, 1), *phi;
	struct ir_var *v = ir_var_new(g->x.f, "c", IR_INT);
	uint32_t kind = pick(g, 3);

	ir_emit_branch(b, IR_NE, expr(g, depth), zero, then, other);
	ir_seal(then);
	ir_seal(other);
	ir_continue_in(b, then);
	ir_var_write(b, v, kind == 1 ? one : expr(g, depth));
	ir_emit_jump(b, end);
	ir_continue_in(b, other);
	ir_var_write(b, v, kind == 0 ? zero : expr(g, depth));
	ir_emit_jump(b, end);
	ir_seal(end);
	ir_continue_in(b, end);
	phi = ir_var_read(b, v);
	return pick(g, 2) ? phi : ir_emit_cmp(b, IR_NE, phi, zero);
}

static struct ir_insn *expr(struct gen *g, unsigned depth)
{
	struct ir_builder *b = &g->x.b;
	struct ir_insn *x;

	if (!depth)
		return pick(g, 2) ? ir_const(g->x.f, random_const(g)) :
		       ir_var_read(b, g->vars[pick(g, NR_VARS)]);
	switch (pick(g, 9)) {
	case 0:
		return random_load(g);
	case 1:
		return ir_emit_ext(b, expr(g, depth - 1), random_size(g), pick(g, 2));
	case 2:
		x = expr(g, depth - 1);
		return ir_emit_cmp(b, pick(g, IR_TEST), x, expr(g, depth - 1));
	case 3:
		return condition(g, depth - 1);
	case 4:
		return ir_emit_call(b, IR_CALL, 14, IR_INT, NULL, 0);
	case 5:
		return ir_emit_bswap(b, expr(g, depth - 1), 2u << pick(g, 3));
	case 6:
		return ir_emit_binary_imm(b, IR_ADD + pick(g, 11), expr(g, depth - 1),
					  random_const(g));
	default:
		x = expr(g, depth - 1);
		return ir_emit_binary(b, IR_ADD + pick(g, 11), x, expr(g, depth - 1));
	}
}

static void statements(struct gen *g);

static void if_statement(struct gen *g)
{
	struct ir_builder *b = &g->x.b;
	struct ir_block *then = ir_fix_block(&g->x), *other = ir_fix_block(&g->x);
	struct ir_block *end = ir_fix_block(&g->x);

	ir_emit_branch(b, IR_NE, expr(g, 3), ir_const(g->x.f, 0), then, other);
	ir_seal(then);
	ir_seal(other);
	ir_continue_in(b, then);
	statements(g);
	ir_emit_jump(b, end);
	ir_continue_in(b, other);
	if (pick(g, 2))
		statements(g);
	if (!pick(g, 8))
		ir_emit_ret(b, expr(g, 1));
	ir_emit_jump(b, end);
	ir_seal(end);
	ir_continue_in(b, end);
}

static void loop_statement(struct gen *g)
{
	struct ir_builder *b = &g->x.b;
	struct ir_var *turn = ir_var_new(g->x.f, "turn", IR_INT);
	struct ir_block *head = ir_fix_block(&g->x), *body = ir_fix_block(&g->x);
	struct ir_block *end = ir_fix_block(&g->x);

	ir_var_write(b, turn, ir_const(g->x.f, 0));
	ir_emit_jump(b, head);
	ir_continue_in(b, head);
	ir_emit_branch(b, IR_ULT, ir_var_read(b, turn), ir_const(g->x.f, pick(g, 4)), body, end);
	ir_seal(body);
	ir_continue_in(b, body);
	statements(g);
	ir_var_write(b, turn, ir_emit_binary_imm(b, IR_ADD, ir_var_read(b, turn), 1));
	ir_emit_jump(b, head);
	ir_seal(head);
	ir_seal(end);
	ir_continue_in(b, end);
}

static void lookup_statement(struct gen *g)
{
	struct ir_builder *b = &g->x.b;
	struct ir_block *null = ir_fix_block(&g->x);
	struct ir_insn *p;

	p = ir_emit_helper(b, 1, IR_MAPVAL_OR_NULL, ir_map(g->x.f, 1), object(g));
	p = ir_emit_null_check(b, p, null);
	ir_emit_atomic(b, IR_ATOMIC_ADD, 8, pick(g, 2), p, 0, expr(g, 2), NULL);
	ir_emit_jump(b, null);
	ir_seal(null);
	ir_continue_in(b, null);
}

static void fill_statement(struct gen *g)
{
	struct ir_builder *b = &g->x.b;
	struct ir_insn *o = object(g), *from = object(g);

	switch (pick(g, 4)) {
	case 0:
		ir_emit_memzero(b, o, 0, 16);
		break;
	case 1:
		ir_emit_helper(b, 16, IR_INT, o, ir_const(g->x.f, 16));
		break;
	case 2:
		ir_emit_helper(b, 115, IR_INT, o, ir_const(g->x.f, 16), expr(g, 1));
		break;
	default:
		if (o != from)
			ir_emit_memcpy(b, o, 0, from, 0, 16, 8);
	}
}

static void statement(struct gen *g)
{
	struct ir_builder *b = &g->x.b;
	unsigned size = random_size(g);

	switch (pick(g, g->depth < 3 ? 9 : 7)) {
	case 0: case 1:
		ir_var_write(b, g->vars[pick(g, NR_VARS)], expr(g, 3));
		break;
	case 2:
		ir_emit_store(b, size, object(g), random_offset(g, size), expr(g, 2));
		break;
	case 3:
		ir_emit_helper(b, 3, IR_INT, ir_map(g->x.f, pick(g, 4)), object(g));
		break;
	case 4:
		ir_emit_store(b, size, ir_map_value(g->x.f, 2, 8 * pick(g, 4)), 0, expr(g, 2));
		break;
	case 5:
		lookup_statement(g);
		break;
	case 6:
		fill_statement(g);
		break;
	case 7:
		if_statement(g);
		break;
	default:
		loop_statement(g);
	}
}

static void statements(struct gen *g)
{
	g->depth++;
	for (uint32_t n = 1 + pick(g, 4); n && g->budget; n--) {
		g->budget--;
		statement(g);
	}
	g->depth--;
}

/* Objects are cleared first, since reading what was never written has no meaning. */
static void generate(struct gen *g, uint32_t seed)
{
	memset(g, 0, sizeof(*g));
	g->seed = seed * 2654435761u;
	g->budget = 40;
	ir_fix_open(&g->x);
	g->x.m->scratch_map = SCRATCH_MAP;
	g->x.m->scratch_owner = seed % 3 ? IR_SCRATCH_NONE : IR_SCRATCH_PERCPU;
	for (int i = 0; i < NR_VARS; i++)
		g->vars[i] = ir_var_new(g->x.f, "v", IR_INT);
	for (int i = 0; i < NR_OBJECTS; i++) {
		g->objects[i] = ir_object_new(g->x.f, "o", i ? 16 : 400, 8);
		ir_emit_memzero(&g->x.b, ir_object(g->x.f, g->objects[i]), 0, 16);
	}
	while (g->budget)
		statements(g);
	ir_emit_ret(&g->x.b, expr(g, 2));
	ir_fix_verify(&g->x);
}

static void run_seed(uint32_t seed)
{
	struct gen plain, optimized;

	generate(&plain, seed);
	generate(&optimized, seed);
	ir_optimize(optimized.x.m);
	ir_fix_verify(&optimized.x);
	for (uint32_t data = 1; data <= 3; data++) {
		if (run_machine(plain.x.f, data) == run_machine(optimized.x.f, data))
			continue;
		ir_dump(plain.x.m, stderr);
		ir_dump(optimized.x.m, stderr);
		fail_msg("seed %u: the optimized func does something else", seed);
	}
	ir_fix_close(&plain.x);
	ir_fix_close(&optimized.x);
}

static void test_random(void **state)
{
	const char *one = getenv("SEED"), *many = getenv("SEEDS");
	uint32_t n = many ? (uint32_t)atoi(many) : 1000;

	(void)state;
	if (one) {
		run_seed((uint32_t)atoi(one));
		return;
	}
	for (uint32_t seed = 1; seed <= n; seed++)
		run_seed(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("ir_random", tests, NULL, NULL);
}
