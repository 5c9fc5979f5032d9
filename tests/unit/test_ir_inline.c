/*
 * Calls that become code in place: when, and that it stays the same program.
 */
#include "ir_text.h"
#include "ir_eval.h"

#define C(f, c) ir_const((f), (c))

static const enum ir_type two[] = { IR_INT, IR_INT };

/* A func of (int, int) whose body the caller makes with *b. */
static struct ir_func *new_func(struct ir_fix *x, struct ir_builder *b)
{
	struct ir_func *f = ir_func_new(x->m, "f", two, 2);

	*b = (struct ir_builder){ .func = f, .block = ir_block_new(f) };
	ir_seal(b->block);
	return f;
}

static struct ir_insn *call(struct ir_builder *b, const struct ir_func *f, struct ir_insn *p,
			    struct ir_insn *q)
{
	struct ir_insn *args[] = { p, q };

	return ir_emit_call(b, IR_FCALL, f->index, IR_INT, args, 2);
}

/* More than a small func has. */
static struct ir_insn *emit_much(struct ir_builder *b)
{
	struct ir_insn *v = ir_param(b->func, 0);

	for (int i = 0; i < 20; i++)
		v = ir_emit_binary(b, i % 2 ? IR_MUL : IR_XOR, v, ir_param(b->func, 1));
	return v;
}

static int nr_calls(const struct ir_func *f)
{
	int n = 0;

	for (size_t k = 0; k < f->blocks.n; k++)
		for (const struct ir_insn *i = f->blocks.at[k]->first; i; i = i->next)
			n += i->op == IR_FCALL;
	return n;
}

static void run(struct ir_fix *x)
{
	ir_fix_seal_all(x);
	ir_fix_verify(x);
	ir_inline_calls(x->m);
	ir_fix_verify(x);
}

static void test_called_once(void **state)
{
	struct ir_builder b;
	struct ir_fix x;
	struct ir_func *f;
	struct ir_insn *v;

	(void)state;
	ir_fix_open(&x);
	f = new_func(&x, &b);
	ir_emit_ret(&b, emit_much(&b));
	v = call(&x.b, f, ir_param(x.f, 1), C(x.f, 3));
	ir_emit_ret(&x.b, ir_emit_binary_imm(&x.b, IR_ADD, v, 1));
	run(&x);
	assert_int_equal(nr_calls(x.f), 0);
	assert_int_equal(f->blocks.n, 1);
	assert_int_equal(f->blocks.at[0]->first->op, IR_RET);
	ir_fix_close(&x);
}

static void test_large_stays(void **state)
{
	struct ir_builder b;
	struct ir_fix x;
	struct ir_func *f;
	struct ir_insn *v;

	(void)state;
	ir_fix_open(&x);
	f = new_func(&x, &b);
	ir_emit_ret(&b, emit_much(&b));
	v = call(&x.b, f, ir_param(x.f, 1), C(x.f, 3));
	ir_emit_ret(&x.b, call(&x.b, f, v, v));
	run(&x);
	assert_int_equal(nr_calls(x.f), 2);
	ir_fix_close(&x);
}

/* Its memory on the stack is shared with siblings as long as it is a func. */
static void test_frame_stays(void **state)
{
	struct ir_builder b;
	struct ir_fix x;
	struct ir_func *f;
	struct ir_insn *p;

	(void)state;
	ir_fix_open(&x);
	f = new_func(&x, &b);
	p = ir_object(f, ir_object_new(f, "slot", 8, 8));
	f->objects.at[0].place = IR_PLACE_STACK;
	ir_emit_store(&b, 8, p, 0, ir_param(f, 0));
	ir_emit_ret(&b, ir_emit_load(&b, IR_INT, 8, false, p, 0));
	ir_emit_ret(&x.b, call(&x.b, f, ir_param(x.f, 1), C(x.f, 3)));
	run(&x);
	assert_int_equal(nr_calls(x.f), 1);
	ir_fix_close(&x);
}

/* Two ways out, an object, and twice in one block. */
static void test_small(void **state)
{
	struct ir_block *large, *low;
	struct ir_builder b;
	struct ir_fix x;
	struct ir_func *f;
	struct ir_insn *v, *p;

	(void)state;
	ir_fix_open(&x);
	f = new_func(&x, &b);
	large = ir_block_new(f);
	low = ir_block_new(f);
	p = ir_object(f, ir_object_new(f, "memory", 16, 8));
	ir_emit_store(&b, 8, p, 8, ir_param(f, 0));
	ir_emit_branch(&b, IR_UGT, ir_param(f, 0), ir_param(f, 1), large, low);
	ir_seal(large);
	ir_seal(low);
	ir_continue_in(&b, large);
	ir_emit_ret(&b, ir_emit_load(&b, IR_INT, 8, false, p, 8));
	ir_continue_in(&b, low);
	ir_emit_ret(&b, ir_emit_binary_imm(&b, IR_ADD, ir_param(f, 1), 100));
	v = ir_emit_load(&x.b, IR_INT, 8, false, ir_param(x.f, 0), 0);
	v = call(&x.b, f, v, C(x.f, 5));
	v = ir_emit_binary_imm(&x.b, IR_MUL, v, 1000);
	ir_emit_ret(&x.b, ir_emit_binary(&x.b, IR_ADD, v, call(&x.b, f, C(x.f, 7), C(x.f, 6))));
	run(&x);
	assert_int_equal(nr_calls(x.f), 0);
	assert_int_equal(x.f->objects.n, 2);
	assert_int_equal(ir_eval(x.f, (const uint64_t[]){ 9 }, 0), 9007);
	assert_int_equal(ir_eval(x.f, (const uint64_t[]){ 2 }, 0), 105007);
	ir_fix_close(&x);
}

/* Of a chain too deep for the kernel, calls stay every so many levels. */
static void test_deep(void **state)
{
	enum { LEVELS = 30 };
	struct ir_func *level[LEVELS];
	struct ir_builder b;
	struct ir_fix x;
	struct ir_insn *v;
	int deepest = 0;

	(void)state;
	ir_fix_open(&x);
	for (int i = LEVELS - 1; i >= 0; i--) {
		level[i] = new_func(&x, &b);
		v = emit_much(&b);
		if (i + 1 < LEVELS)
			v = ir_emit_binary(&b, IR_ADD, call(&b, level[i + 1], v, v),
					   call(&b, level[i + 1], v, C(b.func, 1)));
		ir_emit_ret(&b, v);
	}
	v = call(&x.b, level[0], ir_param(x.f, 1), C(x.f, 3));
	ir_emit_ret(&x.b, call(&x.b, level[0], v, v));
	run(&x);
	for (int i = 0; i < LEVELS; i++)
		deepest += nr_calls(level[i]) > 0;
	assert_true(deepest > 0 && deepest < 5);
	ir_fix_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_called_once),
		cmocka_unit_test(test_large_stays),
		cmocka_unit_test(test_frame_stays),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests_name("ir_inline", tests, NULL, NULL);
}
