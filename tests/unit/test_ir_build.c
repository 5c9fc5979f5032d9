/*
 * The builder, variables, the verifier and the dump.
 */
#include "ir_text.h"

static void test_straight(void **state)
{
	struct ir_fix x;
	struct ir_insn *id, *key;

	(void)state;
	ir_fix_open(&x);
	key = ir_object(x.f, ir_object_new(x.f, "key", 16, 8));
	id = ir_emit_call(&x.b, IR_CALL, 14, IR_INT, NULL, 0);
	ir_emit_store(&x.b, 4, key, 8, ir_emit_binary_imm(&x.b, IR_LSHR, id, 32));
	ir_emit_memzero(&x.b, key, 0, 8);
	ir_emit_atomic(&x.b, IR_ATOMIC_ADD, 8, false, ir_map_value(x.f, 2, 24), 0,
		       ir_const(x.f, 1), NULL);
	ir_emit_ret(&x.b, ir_const(x.f, 0));
	ir_emit_store(&x.b, 4, key, 0, id);	/* behind a terminator: dropped */
	ir_fix_expect(&x,
		      "  object 0 key: 16 bytes, align 8, anywhere\n"
		      "b0:\n"
		      "  v5 = call get_current_pid_tgid()\n"
		      "  v6 = lshr v5, 32\n"
		      "  store.u32 &key + 8, v6\n"
		      "  memzero &key, 8\n"
		      "  atomic_add.u64 &map2[24], 1\n"
		      "  ret 0\n");
	ir_fix_close(&x);
}

static void test_null_check(void **state)
{
	struct ir_fix x;
	struct ir_insn *p;
	struct ir_block *null;

	(void)state;
	ir_fix_open(&x);
	null = ir_fix_block(&x);
	null->is_cold = true;
	p = ir_emit_helper(&x.b, 1, IR_MAPVAL_OR_NULL, ir_map(x.f, 3),
			   ir_object(x.f, ir_object_new(x.f, NULL, 8, 8)));
	p = ir_emit_null_check(&x.b, p, null);
	assert_int_equal(p->type, IR_MAPVAL);
	ir_emit_ret(&x.b, ir_emit_load(&x.b, IR_INT, 4, true, p, 12));
	ir_continue_in(&x.b, null);
	ir_emit_ret(&x.b, ir_const(x.f, 1));
	ir_fix_seal_all(&x);
	ir_fix_expect(&x,
		      "  object 0 object0: 8 bytes, align 8, anywhere\n"
		      "b0:\n"
		      "  v4:mapval? = call map_lookup_elem(map3, &object0)\n"
		      "  branch ne v4, 0 -> b1, b2\n"
		      "b1:\n"
		      "  v6:mapval = not_null v4\n"
		      "  v7 = load.s32 v6 + 12\n"
		      "  ret v7\n"
		      "b2: cold\n"
		      "  ret 1\n");
	ir_fix_close(&x);
}

/* i = 0; do { if (arg) x = i; i++; } while (i < 10); return x + arg-only y */
static void test_variables(void **state)
{
	struct ir_fix x;
	struct ir_var *i, *v, *same;
	struct ir_block *loop, *then, *join, *end;

	(void)state;
	ir_fix_open(&x);
	i = ir_var_new(x.f, "i", IR_INT);
	v = ir_var_new(x.f, "v", IR_INT);
	same = ir_var_new(x.f, "same", IR_INT);
	loop = ir_fix_block(&x), then = ir_fix_block(&x);
	join = ir_fix_block(&x), end = ir_fix_block(&x);
	ir_var_write(&x.b, i, ir_const(x.f, 0));
	ir_var_write(&x.b, same, ir_param(x.f, 1));
	ir_emit_jump(&x.b, loop);
	ir_continue_in(&x.b, loop);
	ir_emit_branch(&x.b, IR_NE, ir_var_read(&x.b, same), ir_const(x.f, 5), then, join);
	ir_seal(then);
	ir_continue_in(&x.b, then);
	ir_var_write(&x.b, v, ir_var_read(&x.b, i));
	ir_emit_jump(&x.b, join);
	ir_seal(join);
	ir_continue_in(&x.b, join);
	ir_var_write(&x.b, i, ir_emit_binary_imm(&x.b, IR_ADD, ir_var_read(&x.b, i), 1));
	ir_emit_branch(&x.b, IR_ULT, ir_var_read(&x.b, i), ir_const(x.f, 10), loop, end);
	ir_seal(loop);
	ir_seal(end);
	ir_continue_in(&x.b, end);
	ir_emit_ret(&x.b, ir_emit_binary(&x.b, IR_ADD, ir_var_read(&x.b, v),
					 ir_var_read(&x.b, same)));
	ir_fix_verify(&x);	/* well formed with its copies, too */
	ir_pass_phis(x.f);
	ir_fix_expect(&x,
		      "b0:\n"
		      "  jump b1\n"
		      "b1:\n"
		      "  v6 = phi 0 b0, v11 b3\n"
		      "  v7 = phi 0 b0, v10 b3\n"
		      "  branch ne arg1, 5 -> b2, b3\n"
		      "b2:\n"
		      "  jump b3\n"
		      "b3:\n"
		      "  v10 = phi v7 b1, v6 b2\n"
		      "  v11 = add v6, 1\n"
		      "  branch ult v11, 10 -> b1, b4\n"
		      "b4:\n"
		      "  v13 = add v10, arg1\n"
		      "  ret v13\n");
	ir_fix_close(&x);
}

/* A read of what no path wrote is 0; so is one in a dead block. */
static void test_unwritten(void **state)
{
	struct ir_fix x;
	struct ir_var *v;
	struct ir_block *dead;

	(void)state;
	ir_fix_open(&x);
	v = ir_var_new(x.f, "v", IR_INT);
	dead = ir_fix_block(&x);
	ir_emit_ret(&x.b, ir_var_read(&x.b, v));
	assert_int_equal(ir_var_read(&x.b, v)->imm, 0);
	ir_continue_in(&x.b, dead);
	ir_seal(dead);
	ir_emit_ret(&x.b, ir_var_read(&x.b, v));
	ir_fix_expect(&x, "b0:\n  ret 0\n");
	ir_fix_close(&x);
}

/* A chain of 100,000 blocks must not exhaust the stack. */
static void test_long_chain(void **state)
{
	struct ir_fix x;
	struct ir_var *v;

	(void)state;
	ir_fix_open(&x);
	v = ir_var_new(x.f, "v", IR_INT);
	ir_var_write(&x.b, v, ir_param(x.f, 1));
	for (int i = 0; i < 100000; i++) {
		struct ir_block *next = ir_fix_block(&x);

		ir_emit_jump(&x.b, next);
		ir_seal(next);
		ir_continue_in(&x.b, next);
	}
	assert_ptr_equal(ir_var_read(&x.b, v), ir_param(x.f, 1));
	ir_emit_ret(&x.b, ir_param(x.f, 1));
	ir_renumber(x.f);
	ir_fix_verify(&x);
	ir_fix_close(&x);
}

static void expect_refused(struct ir_fix *x, const char *part)
{
	const char *why;

	assert_false(ir_verify(x->m, &why));
	if (!strstr(why, part))
		fail_msg("\"%s\" is not in \"%s\"", part, why);
	ir_fix_close(x);
}

static void test_verify_structure(void **state)
{
	struct ir_fix x;

	(void)state;
	ir_fix_open(&x);
	expect_refused(&x, "is empty");
	ir_fix_open(&x);
	ir_emit_call(&x.b, IR_CALL, 5, IR_INT, NULL, 0);
	expect_refused(&x, "no terminator");
	ir_fix_open(&x);
	ir_emit_jump(&x.b, ir_fix_block(&x));
	expect_refused(&x, "is not sealed");
}

static void test_verify_values(void **state)
{
	struct ir_fix x;
	struct ir_insn *v;
	struct ir_block *then, *end;

	(void)state;
	ir_fix_open(&x);
	v = ir_emit_binary_imm(&x.b, IR_ADD, ir_param(x.f, 1), 1);
	ir_remove(v);
	ir_emit_ret(&x.b, v);
	expect_refused(&x, "stands in no block");

	ir_fix_open(&x);
	then = ir_fix_block(&x), end = ir_fix_block(&x);
	ir_emit_branch(&x.b, IR_EQ, ir_param(x.f, 1), ir_const(x.f, 0), then, end);
	ir_continue_in(&x.b, then);
	v = ir_emit_binary_imm(&x.b, IR_ADD, ir_param(x.f, 1), 1);
	ir_emit_jump(&x.b, end);
	ir_continue_in(&x.b, end);
	ir_emit_ret(&x.b, v);
	ir_fix_seal_all(&x);
	expect_refused(&x, "may not be made");

	ir_fix_open(&x);
	ir_emit_binary_imm(&x.b, IR_MUL, ir_param(x.f, 0), 3);
	ir_emit_ret(&x.b, ir_const(x.f, 0));
	expect_refused(&x, "arithmetic on a pointer");

	ir_fix_open(&x);
	ir_emit_load(&x.b, IR_INT, 8, false, ir_param(x.f, 1), 0);
	ir_emit_ret(&x.b, ir_const(x.f, 0));
	expect_refused(&x, "not a pointer that it may use");
}

static void test_verify_null_check(void **state)
{
	struct ir_fix x;
	struct ir_insn *p;
	struct ir_block *null = NULL;

	(void)state;
	ir_fix_open(&x);
	null = ir_fix_block(&x);
	p = ir_emit_helper(&x.b, 131, IR_RING_OR_NULL, ir_map(x.f, 1), ir_const(x.f, 16),
			   ir_const(x.f, 0));
	p = ir_emit_null_check(&x.b, p, null);
	ir_emit_ret(&x.b, ir_const(x.f, 0));
	ir_continue_in(&x.b, null);
	ir_emit_ret(&x.b, ir_const(x.f, 0));
	ir_fix_seal_all(&x);
	x.f->blocks.at[0]->last->cmp = IR_EQ;
	expect_refused(&x, "not right behind its check");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_straight),
		cmocka_unit_test(test_null_check),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_unwritten),
		cmocka_unit_test(test_long_chain),
		cmocka_unit_test(test_verify_structure),
		cmocka_unit_test(test_verify_values),
		cmocka_unit_test(test_verify_null_check),
	};

	return cmocka_run_group_tests_name("ir_build", tests, NULL, NULL);
}
