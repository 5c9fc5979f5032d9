/*
 * Control flow: fused comparisons, threaded conditions, merged blocks, layout.
 */
#include "ir_text.h"

#define X ir_param(x.f, 1)
#define C(c) ir_const(x.f, c)

/* A helper that leaves a trace in the dump. */
static void trace(struct ir_fix *x, int64_t map)
{
	ir_emit_helper(&x->b, 3, IR_INT, ir_map(x->f, (uint32_t)map), ir_const(x->f, 0));
}

static struct ir_insn *cmp(struct ir_fix *x, enum ir_cmp c, int64_t to)
{
	return ir_emit_cmp(&x->b, c, ir_param(x->f, 1), ir_const(x->f, to));
}

static void run(struct ir_fix *x)
{
	ir_fix_seal_all(x);
	ir_fix_verify(x);
	ir_pass_phis(x->f);
	ir_pass_branches(x->f);
	ir_fix_verify(x);
	ir_pass_dce(x->f);
	ir_pass_layout(x->f);
}

/* `a op b` as the lowering spells it: a phi of 0 or 1 and b. */
static struct ir_insn *condition(struct ir_fix *x, bool is_and, struct ir_insn *a, enum ir_cmp c,
				 int64_t to)
{
	struct ir_block *rhs = ir_fix_block(x), *end = ir_fix_block(x);
	struct ir_insn *phi;

	ir_emit_branch(&x->b, IR_NE, a, ir_const(x->f, 0), is_and ? rhs : end, is_and ? end : rhs);
	ir_continue_in(&x->b, rhs);
	a = cmp(x, c, to);
	ir_emit_jump(&x->b, end);
	ir_continue_in(&x->b, end);
	phi = ir_emit_phi(&x->b, IR_INT);
	ir_phi_add(phi, ir_const(x->f, !is_and));
	ir_phi_add(phi, a);
	return phi;
}

/* if (value) trace(1) else trace(2) */
static void if_else(struct ir_fix *x, struct ir_insn *value)
{
	struct ir_block *then = ir_fix_block(x), *other = ir_fix_block(x);

	ir_emit_branch(&x->b, IR_NE, value, ir_const(x->f, 0), then, other);
	ir_continue_in(&x->b, then);
	trace(x, 1);
	ir_emit_ret(&x->b, ir_const(x->f, 0));
	ir_continue_in(&x->b, other);
	trace(x, 2);
	ir_emit_ret(&x->b, ir_const(x->f, 0));
}

static void test_constant(void **state)
{
	struct ir_fix x;

	(void)state;
	ir_fix_open(&x);
	if_else(&x, C(0));
	run(&x);
	ir_fix_expect(&x, "b0:\n  v3 = call map_delete_elem(map2, 0)\n  ret 0\n");
	ir_fix_close(&x);
}

static void test_fuse(void **state)
{
	struct ir_fix x;

	(void)state;
	ir_fix_open(&x);
	if_else(&x, ir_emit_cmp(&x.b, IR_EQ, cmp(&x, IR_SLT, 7), C(0)));
	run(&x);
	assert_non_null(strstr(ir_fix_text(&x), "b0:\n  branch slt arg1, 7 -> "));
	assert_non_null(strstr(strstr(x.text, "b1:\n"), "(map2, 0)\n  ret 0\nb2:"));
	ir_fix_close(&x);

	ir_fix_open(&x);
	if_else(&x, ir_emit_binary_imm(&x.b, IR_AND, X, 4));
	run(&x);
	assert_non_null(strstr(ir_fix_text(&x), "b0:\n  branch test arg1, 4 -> b2, b1\n"));
	ir_fix_close(&x);
}

static void test_and_or(void **state)
{
	struct ir_fix x;

	(void)state;
	ir_fix_open(&x);
	if_else(&x, condition(&x, true, cmp(&x, IR_EQ, 1), IR_SGT, 2));
	run(&x);
	ir_fix_expect(&x,
		      "b0:\n"
		      "  branch eq arg1, 1 -> b1, b3\n"
		      "b1:\n"
		      "  branch sgt arg1, 2 -> b2, b3\n"
		      "b2:\n"
		      "  v8 = call map_delete_elem(map1, 0)\n"
		      "  ret 0\n"
		      "b3:\n"
		      "  v10 = call map_delete_elem(map2, 0)\n"
		      "  ret 0\n");
	ir_fix_close(&x);

	/* (x == 1 || x > 2) && x != 9: no value is made. */
	ir_fix_open(&x);
	if_else(&x, condition(&x, true, condition(&x, false, cmp(&x, IR_EQ, 1), IR_SGT, 2),
			      IR_NE, 9));
	run(&x);
	ir_fix_text(&x);
	assert_null(strstr(x.text, "phi"));
	assert_null(strstr(x.text, "cmp"));
	assert_int_equal(x.f->blocks.n, 5);
	ir_fix_close(&x);
}

/* if (x == 1 ? x > 2 : x > 3): both arms branch by themselves. */
static void test_ternary(void **state)
{
	struct ir_fix x;
	struct ir_var *v;
	struct ir_block *then, *other, *end;

	(void)state;
	ir_fix_open(&x);
	v = ir_var_new(x.f, "v", IR_INT);
	then = ir_fix_block(&x), other = ir_fix_block(&x), end = ir_fix_block(&x);
	ir_emit_branch(&x.b, IR_EQ, X, C(1), then, other);
	ir_continue_in(&x.b, then);
	ir_var_write(&x.b, v, cmp(&x, IR_SGT, 2));
	ir_emit_jump(&x.b, end);
	ir_continue_in(&x.b, other);
	ir_var_write(&x.b, v, cmp(&x, IR_SGT, 3));
	ir_emit_jump(&x.b, end);
	ir_fix_seal_all(&x);
	ir_continue_in(&x.b, end);
	if_else(&x, ir_var_read(&x.b, v));
	run(&x);
	ir_fix_text(&x);
	assert_null(strstr(x.text, "phi"));
	assert_int_equal(x.f->blocks.n, 5);
	ir_fix_close(&x);
}

/* A phi of other values keeps its meaning when its block is taken away. */
static void test_thread_phi(void **state)
{
	struct ir_fix x;
	struct ir_var *v;
	struct ir_block *blocks[5];

	(void)state;
	ir_fix_open(&x);
	v = ir_var_new(x.f, "v", IR_INT);
	for (int i = 0; i < 5; i++)
		blocks[i] = ir_fix_block(&x);
	ir_var_write(&x.b, v, C(10));
	ir_emit_branch(&x.b, IR_EQ, X, C(1), blocks[0], blocks[1]);
	ir_continue_in(&x.b, blocks[0]);
	ir_emit_branch(&x.b, IR_EQ, X, C(2), blocks[2], blocks[3]);
	ir_continue_in(&x.b, blocks[2]);
	ir_var_write(&x.b, v, C(20));
	ir_emit_jump(&x.b, blocks[4]);
	ir_continue_in(&x.b, blocks[3]);
	ir_var_write(&x.b, v, C(30));
	ir_emit_jump(&x.b, blocks[4]);
	ir_continue_in(&x.b, blocks[4]);
	ir_emit_jump(&x.b, blocks[1]);
	ir_continue_in(&x.b, blocks[1]);
	ir_fix_seal_all(&x);
	ir_emit_ret(&x.b, ir_var_read(&x.b, v));
	run(&x);
	ir_fix_expect(&x,
		      "b0:\n"
		      "  branch eq arg1, 1 -> b1, b3\n"
		      "b1:\n"
		      "  branch eq arg1, 2 -> b3, b2\n"
		      "b2:\n"
		      "  jump b3\n"
		      "b3:\n"
		      "  v9 = phi 10 b0, 20 b1, 30 b2\n"
		      "  ret v9\n");
	ir_fix_close(&x);
}

/* Null checks stay, with their blocks. */
static void test_null_check(void **state)
{
	struct ir_fix x;
	struct ir_insn *p;
	struct ir_block *null;

	(void)state;
	ir_fix_open(&x);
	null = ir_fix_block(&x);
	p = ir_emit_helper(&x.b, 1, IR_MAPVAL_OR_NULL, ir_map(x.f, 3), C(0));
	p = ir_emit_null_check(&x.b, p, null);
	ir_emit_store(&x.b, 8, p, 0, C(1));
	ir_emit_jump(&x.b, null);
	ir_continue_in(&x.b, null);
	ir_emit_ret(&x.b, C(0));
	run(&x);
	assert_int_equal(x.f->blocks.n, 3);
	assert_non_null(strstr(ir_fix_text(&x), "not_null"));
	ir_fix_close(&x);
}

/* Cold blocks come last, a loop stays a loop. */
static void test_layout(void **state)
{
	struct ir_fix x;
	struct ir_block *cold, *loop, *end;

	(void)state;
	ir_fix_open(&x);
	cold = ir_fix_block(&x), loop = ir_fix_block(&x), end = ir_fix_block(&x);
	cold->is_cold = true;
	ir_emit_branch(&x.b, IR_EQ, X, C(1), cold, loop);
	ir_continue_in(&x.b, cold);
	trace(&x, 1);
	ir_emit_jump(&x.b, end);
	ir_continue_in(&x.b, loop);
	trace(&x, 2);
	ir_emit_branch(&x.b, IR_EQ, X, C(2), loop, end);
	ir_continue_in(&x.b, end);
	ir_emit_ret(&x.b, C(0));
	run(&x);
	assert_ptr_equal(x.f->blocks.at[1], loop);
	assert_ptr_equal(x.f->blocks.at[2], end);
	assert_ptr_equal(x.f->blocks.at[3], cold);
	ir_fix_verify(&x);
	ir_fix_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constant),
		cmocka_unit_test(test_fuse),
		cmocka_unit_test(test_and_or),
		cmocka_unit_test(test_ternary),
		cmocka_unit_test(test_thread_phi),
		cmocka_unit_test(test_null_check),
		cmocka_unit_test(test_layout),
	};

	return cmocka_run_group_tests_name("ir_branches", tests, NULL, NULL);
}
