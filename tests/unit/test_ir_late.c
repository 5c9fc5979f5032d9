/*
 * The passes behind the placing of objects: slots and edges.
 */
#include "ir_text.h"

#define X ir_param(x.f, 1)
#define C(c) ir_const(x.f, c)

static struct ir_insn *object(struct ir_fix *x)
{
	return ir_object(x->f, ir_object_new(x->f, "key", 8, 8));
}

static void look_up(struct ir_fix *x, struct ir_insn *key)
{
	ir_emit_helper(&x->b, 3, IR_INT, ir_map(x->f, 1), key);
}

static uint32_t count_stores(const struct ir_func *f)
{
	uint32_t n = 0;

	for (size_t b = 0; b < f->blocks.n; b++)
		for (const struct ir_insn *i = f->blocks.at[b]->first; i; i = i->next)
			n += i->op == IR_STORE;
	return n;
}

/* Two keys in one slot hold the same, then another value, then the first again. */
static void test_same_key(void **state)
{
	struct ir_fix x;
	struct ir_insn *tid, *key[4];

	(void)state;
	ir_fix_open(&x);
	tid = ir_emit_call(&x.b, IR_CALL, 14, IR_INT, NULL, 0);
	for (int k = 0; k < 4; k++) {
		key[k] = object(&x);
		ir_emit_store(&x.b, 8, key[k], 0, k == 2 ? C(9) : tid);
		look_up(&x, key[k]);
	}
	ir_emit_ret(&x.b, C(0));
	ir_place_objects(x.m);
	assert_int_equal(x.f->stack_bytes, 8);
	ir_pass_slots(x.f);
	ir_fix_verify(&x);
	assert_int_equal(count_stores(x.f), 3);
	ir_fix_close(&x);
}

/* Behind a join nothing is known; a helper's write ends what was. */
static void test_forget(void **state)
{
	struct ir_fix x;
	struct ir_insn *key;
	struct ir_block *then, *end;

	(void)state;
	ir_fix_open(&x);
	key = object(&x);
	then = ir_fix_block(&x), end = ir_fix_block(&x);
	ir_emit_store(&x.b, 8, key, 0, C(1));
	ir_emit_helper(&x.b, 115, IR_INT, key, C(8), X);
	ir_emit_store(&x.b, 8, key, 0, C(1));
	ir_emit_branch(&x.b, IR_EQ, X, C(5), then, end);
	ir_continue_in(&x.b, then);
	ir_emit_store(&x.b, 8, key, 0, C(1));
	look_up(&x, key);
	ir_emit_jump(&x.b, end);
	ir_continue_in(&x.b, end);
	ir_emit_store(&x.b, 8, key, 0, C(1));
	look_up(&x, key);
	ir_emit_ret(&x.b, C(0));
	ir_fix_seal_all(&x);
	ir_place_objects(x.m);
	ir_pass_slots(x.f);
	ir_fix_verify(&x);
	assert_int_equal(count_stores(x.f), 3);
	ir_fix_close(&x);
}

/* v = 0; if (p) v = *p: the null pointer is the 0. */
static void test_null_is_zero(void **state)
{
	struct ir_fix x;
	struct ir_var *v;
	struct ir_insn *p, *set;
	struct ir_block *null;

	(void)state;
	ir_fix_open(&x);
	v = ir_var_new(x.f, "v", IR_INT);
	null = ir_fix_block(&x);
	ir_var_write(&x.b, v, C(0));
	p = ir_emit_helper(&x.b, 1, IR_MAPVAL_OR_NULL, ir_map(x.f, 3), C(0));
	set = ir_emit_null_check(&x.b, p, null);
	ir_var_write(&x.b, v, ir_emit_load(&x.b, IR_INT, 8, false, set, 0));
	ir_emit_jump(&x.b, null);
	ir_fix_seal_all(&x);
	ir_continue_in(&x.b, null);
	ir_emit_ret(&x.b, ir_var_read(&x.b, v));
	ir_pass_edges(x.f);
	ir_fix_expect(&x,
		      "b0:\n"
		      "  v2:mapval? = call map_lookup_elem(map3, 0)\n"
		      "  branch ne v2, 0 -> b1, b2\n"
		      "b1:\n"
		      "  v4:mapval = not_null v2\n"
		      "  v5 = load.u64 v4\n"
		      "  jump b2\n"
		      "b2:\n"
		      "  v7 = phi v2 b0, v5 b1\n"
		      "  ret v7\n");
	ir_fix_close(&x);
}

/* Only the edge on which both are equal, and only for that constant. */
static void test_other_edges(void **state)
{
	struct ir_fix x;
	struct ir_insn *y, *phi;
	struct ir_block *then, *end;

	(void)state;
	ir_fix_open(&x);
	then = ir_fix_block(&x), end = ir_fix_block(&x);
	y = ir_emit_binary_imm(&x.b, IR_ADD, X, 1);
	ir_emit_branch(&x.b, IR_EQ, y, C(7), then, end);
	ir_continue_in(&x.b, then);
	ir_emit_jump(&x.b, end);
	ir_continue_in(&x.b, end);
	phi = ir_emit_phi(&x.b, IR_INT);
	ir_phi_add(phi, C(7));
	ir_phi_add(phi, C(7));
	ir_emit_ret(&x.b, phi);
	ir_fix_seal_all(&x);
	ir_pass_edges(x.f);
	assert_ptr_equal(phi->args[0], C(7));
	assert_ptr_equal(phi->args[1], y);
	ir_fix_verify(&x);
	ir_fix_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_key),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_null_is_zero),
		cmocka_unit_test(test_other_edges),
	};

	return cmocka_run_group_tests_name("ir_late", tests, NULL, NULL);
}
