/*
 * Value numbering: what merges and what must not.
 */
#include "ir_text.h"

#define C(c) ir_const(x.f, c)

static struct ir_insn *helper(struct ir_fix *x, int64_t number, enum ir_type type)
{
	return ir_emit_call(&x->b, IR_CALL, number, type, NULL, 0);
}

static struct ir_insn *load(struct ir_fix *x, struct ir_insn *p)
{
	return ir_emit_load(&x->b, IR_INT, 8, false, p, 24);
}

static void run(struct ir_fix *x)
{
	ir_fix_seal_all(x);
	ir_fix_verify(x);
	ir_pass_gvn(x->f);
	ir_fix_verify(x);
}

/* Is the value of two expressions, both live, the same one afterwards? */
#define MERGES(p, q) ({									\
	struct ir_fix x;								\
	struct ir_insn *sum;								\
	bool same;									\
	ir_fix_open(&x);								\
	sum = ir_emit_binary(&x.b, IR_MUL, p, q);					\
	ir_emit_ret(&x.b, sum);								\
	run(&x);									\
	same = sum->args[0] == sum->args[1];						\
	ir_fix_close(&x);								\
	same;										\
})

static struct ir_insn *pinned(struct ir_insn *i)
{
	i->is_pinned = true;
	return i;
}

static void test_merge(void **state)
{
	(void)state;
	assert_true(MERGES(ir_emit_binary_imm(&x.b, IR_ADD, ir_param(x.f, 1), 3),
			   ir_emit_binary_imm(&x.b, IR_ADD, ir_param(x.f, 1), 3)));
	assert_false(MERGES(ir_emit_binary_imm(&x.b, IR_ADD, ir_param(x.f, 1), 3),
			    ir_emit_binary_imm(&x.b, IR_ADD, ir_param(x.f, 1), 4)));
	assert_false(MERGES(ir_emit_binary(&x.b, IR_SUB, ir_param(x.f, 1), C(3)),
			    ir_emit_binary(&x.b, IR_SUB, C(3), ir_param(x.f, 1))));
	assert_true(MERGES(ir_emit_binary(&x.b, IR_AND, ir_param(x.f, 1), C(3)),
			   ir_emit_binary(&x.b, IR_AND, C(3), ir_param(x.f, 1))));
	assert_true(MERGES(helper(&x, 14, IR_INT), helper(&x, 14, IR_INT)));
	assert_false(MERGES(helper(&x, 5, IR_INT), helper(&x, 5, IR_INT)));
	assert_false(MERGES(helper(&x, 14, IR_INT), helper(&x, 15, IR_INT)));
	assert_true(MERGES(load(&x, ir_param(x.f, 0)), load(&x, ir_param(x.f, 0))));
	assert_false(MERGES(load(&x, ir_param(x.f, 0)), pinned(load(&x, ir_param(x.f, 0)))));
	assert_true(MERGES(load(&x, helper(&x, 158, IR_KPTR)), load(&x, helper(&x, 158, IR_KPTR))));
	/* Map values may change at any time. */
	assert_false(MERGES(load(&x, ir_map_value(x.f, 1, 0)), load(&x, ir_map_value(x.f, 1, 0))));
}

/* A loop helper between two loads of kernel memory keeps them apart; the context
 * does not change. */
static void test_epoch(void **state)
{
	struct ir_fix x;
	struct ir_insn *task, *a, *b, *sum;

	(void)state;
	ir_fix_open(&x);
	task = helper(&x, 158, IR_KPTR);
	a = load(&x, task);
	b = load(&x, ir_param(x.f, 0));
	ir_emit_helper(&x.b, 181, IR_INT, C(1), C(0), C(0), C(0));
	sum = ir_emit_binary(&x.b, IR_ADD, a, load(&x, task));
	b = ir_emit_binary(&x.b, IR_ADD, b, load(&x, ir_param(x.f, 0)));
	ir_emit_ret(&x.b, ir_emit_binary(&x.b, IR_ADD, sum, b));
	run(&x);
	assert_ptr_not_equal(sum->args[0], sum->args[1]);
	assert_ptr_equal(b->args[0], b->args[1]);
	ir_fix_close(&x);
}

/* Objects are the same until something may have written to one. */
static void test_objects(void **state)
{
	struct ir_fix x;
	struct ir_insn *object, *a, *b, *c;

	(void)state;
	ir_fix_open(&x);
	object = ir_object(x.f, ir_object_new(x.f, "o", 64, 8));
	ir_emit_store(&x.b, 8, object, 24, C(5));
	a = ir_emit_binary(&x.b, IR_ADD, load(&x, object), load(&x, object));
	b = load(&x, object);
	ir_emit_helper(&x.b, 181, IR_INT, C(1), C(0), C(0), C(0));
	b = ir_emit_binary(&x.b, IR_ADD, b, load(&x, object));
	c = load(&x, object);
	ir_emit_store(&x.b, 1, object, 25, C(0));
	c = ir_emit_binary(&x.b, IR_ADD, c, load(&x, object));
	a = ir_emit_binary(&x.b, IR_ADD, a, b);
	ir_emit_ret(&x.b, ir_emit_binary(&x.b, IR_ADD, a, c));
	run(&x);
	assert_ptr_equal(a->args[0]->args[0], a->args[0]->args[1]);
	assert_ptr_not_equal(b->args[0], b->args[1]);
	assert_ptr_not_equal(c->args[0], c->args[1]);
	ir_fix_close(&x);
}

/* In a large module a helper is asked again in another block. */
static void test_large(void **state)
{
	(void)state;
	for (int large = 0; large < 2; large++) {
		struct ir_fix x;
		struct ir_insn *a, *b, *sum, *same;
		struct ir_block *next, *other;

		ir_fix_open(&x);
		x.f->module->is_large = large;
		a = helper(&x, 14, IR_INT);
		same = ir_emit_binary(&x.b, IR_MUL, a, helper(&x, 14, IR_INT));
		next = ir_block_new(x.f);
		other = ir_block_new(x.f);
		ir_emit_branch(&x.b, IR_EQ, same, C(7), next, other);
		ir_continue_in(&x.b, other);
		ir_emit_ret(&x.b, C(0));
		ir_continue_in(&x.b, next);
		b = helper(&x, 14, IR_INT);
		sum = ir_emit_binary(&x.b, IR_MUL, a, b);
		ir_emit_ret(&x.b, sum);
		run(&x);
		assert_ptr_equal(same->args[0], same->args[1]);
		assert_int_equal(sum->args[0] == sum->args[1], !large);
		ir_fix_close(&x);
	}
}

/* Only what dominates may stand for another. */
static void test_dominance(void **state)
{
	struct ir_fix x;
	struct ir_block *then, *end;
	struct ir_insn *a, *b, *c;

	(void)state;
	ir_fix_open(&x);
	then = ir_fix_block(&x), end = ir_fix_block(&x);
	ir_emit_branch(&x.b, IR_EQ, ir_param(x.f, 1), C(1), then, end);
	ir_continue_in(&x.b, then);
	a = helper(&x, 14, IR_INT);
	b = helper(&x, 14, IR_INT);
	b = ir_emit_binary(&x.b, IR_ADD, a, b);
	ir_emit_store(&x.b, 8, ir_map_value(x.f, 1, 0), 0, b);
	ir_emit_jump(&x.b, end);
	ir_continue_in(&x.b, end);
	c = helper(&x, 14, IR_INT);
	ir_emit_ret(&x.b, c);
	run(&x);
	assert_ptr_equal(b->args[0], b->args[1]);
	assert_ptr_equal(end->last->args[0], c);
	ir_fix_close(&x);
}

/* Two checks of one lookup stay two; so do two lookups. */
static void test_null_checks(void **state)
{
	struct ir_fix x;
	struct ir_insn *p, *a, *b;
	struct ir_block *null;

	(void)state;
	ir_fix_open(&x);
	null = ir_fix_block(&x);
	p = ir_emit_helper(&x.b, 1, IR_MAPVAL_OR_NULL, ir_map(x.f, 1), C(0));
	a = ir_emit_null_check(&x.b, p, null);
	b = ir_emit_null_check(&x.b, p, null);
	ir_emit_store(&x.b, 8, a, 0, C(1));
	ir_emit_store(&x.b, 8, b, 0, C(1));
	ir_emit_jump(&x.b, null);
	ir_continue_in(&x.b, null);
	ir_emit_ret(&x.b, C(0));
	run(&x);
	assert_non_null(a->block);
	assert_non_null(b->block);
	ir_fix_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_epoch),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_dominance),
		cmocka_unit_test(test_null_checks),
	};

	return cmocka_run_group_tests_name("ir_gvn", tests, NULL, NULL);
}
