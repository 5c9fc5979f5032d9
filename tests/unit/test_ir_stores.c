/*
 * Needless writes to objects, and clears that shrink.
 */
#include "ir_text.h"

#define C(c) ir_const(x.f, c)

static struct ir_insn *object(struct ir_fix *x, uint32_t size)
{
	return ir_object(x->f, ir_object_new(x->f, "o", size, 8));
}

static void read_all(struct ir_fix *x, struct ir_insn *p)
{
	ir_emit_helper(&x->b, 3, IR_INT, ir_map(x->f, 1), p);
}

/* Run the pass and compare the first block. */
static void expect(struct ir_fix *x, const char *text)
{
	const char *body;

	ir_emit_ret(&x->b, ir_const(x->f, 0));
	ir_fix_seal_all(x);
	ir_pass_stores(x->f);
	ir_pass_dce(x->f);
	body = strstr(ir_fix_text(x), "b0:\n") + 4;
	if (strncmp(body, text, strlen(text)))
		assert_string_equal(body, text);
	ir_fix_close(x);
}

static void test_covered_clear(void **state)
{
	struct ir_fix x;
	struct ir_insn *o;

	(void)state;
	ir_fix_open(&x);
	o = object(&x, 16);
	ir_emit_memzero(&x.b, o, 0, 16);
	ir_emit_store(&x.b, 8, o, 0, C(1));
	ir_emit_store(&x.b, 8, o, 8, C(2));
	read_all(&x, o);
	expect(&x, "  store.u64 &o, 1\n  store.u64 &o + 8, 2\n");
}

static void test_padding(void **state)
{
	struct ir_fix x;
	struct ir_insn *o;

	(void)state;
	ir_fix_open(&x);
	o = object(&x, 16);
	ir_emit_memzero(&x.b, o, 0, 16);
	ir_emit_store(&x.b, 4, o, 0, C(1));
	ir_emit_store(&x.b, 8, o, 8, C(2));
	read_all(&x, o);
	expect(&x, "  memzero &o + 4, 4\n");

	/* Three bytes of padding are cleared by one store of a word. */
	ir_fix_open(&x);
	o = object(&x, 16);
	ir_emit_memzero(&x.b, o, 0, 16);
	ir_emit_store(&x.b, 1, o, 0, C(1));
	ir_emit_store(&x.b, 4, o, 4, C(1));
	ir_emit_store(&x.b, 8, o, 8, C(2));
	read_all(&x, o);
	expect(&x, "  memzero &o, 4\n");
}

static void test_calls_write(void **state)
{
	struct ir_fix x;
	struct ir_insn *o;

	(void)state;
	ir_fix_open(&x);
	o = object(&x, 16);
	ir_emit_memzero(&x.b, o, 0, 16);
	ir_emit_helper(&x.b, 16, IR_INT, o, C(16));
	read_all(&x, o);
	expect(&x, "  v4 = call get_current_comm(&o, 16)\n");

	/* A string read need not write it all. */
	ir_fix_open(&x);
	o = object(&x, 16);
	ir_emit_memzero(&x.b, o, 0, 16);
	ir_emit_helper(&x.b, 115, IR_INT, o, C(16), ir_param(x.f, 1));
	read_all(&x, o);
	expect(&x, "  memzero &o, 16\n");
}

/* Nobody reads it: neither the writes nor the read that fills it remain. */
static void test_never_read(void **state)
{
	struct ir_fix x;
	struct ir_insn *o;

	(void)state;
	ir_fix_open(&x);
	o = object(&x, 200);
	ir_emit_memzero(&x.b, o, 0, 200);
	ir_emit_helper(&x.b, 113, IR_INT, o, C(200), ir_param(x.f, 1));
	ir_emit_store(&x.b, 8, o, 64, C(2));
	expect(&x, "  ret 0\n");
}

static void test_stay(void **state)
{
	struct ir_fix x;
	struct ir_insn *o;

	(void)state;
	/* At an unknown place. */
	ir_fix_open(&x);
	o = object(&x, 16);
	ir_emit_memzero(&x.b, o, 0, 16);
	ir_emit_store(&x.b, 8, ir_emit_binary(&x.b, IR_ADD, o, ir_param(x.f, 1)), 0, C(1));
	read_all(&x, o);
	expect(&x, "  memzero &o, 16\n");

	/* Its address is stored: anybody may read it. */
	ir_fix_open(&x);
	o = object(&x, 16);
	ir_emit_store(&x.b, 8, ir_map_value(x.f, 1, 0), 0, o);
	ir_emit_store(&x.b, 8, o, 8, C(2));
	expect(&x, "  store.u64 &map1[0], &o\n  store.u64 &o + 8, 2\n");
}

/* Needed on one way only is needed. */
static void test_ways(void **state)
{
	struct ir_fix x;
	struct ir_insn *o;
	struct ir_block *then, *end;

	(void)state;
	ir_fix_open(&x);
	o = object(&x, 8);
	then = ir_fix_block(&x), end = ir_fix_block(&x);
	ir_emit_store(&x.b, 8, o, 0, C(1));
	ir_emit_store(&x.b, 8, o, 0, C(2));
	ir_emit_branch(&x.b, IR_EQ, ir_param(x.f, 1), C(1), then, end);
	ir_continue_in(&x.b, then);
	read_all(&x, o);
	ir_emit_jump(&x.b, end);
	ir_continue_in(&x.b, end);
	expect(&x, "  store.u64 &o, 2\n  branch");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_covered_clear),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_calls_write),
		cmocka_unit_test(test_never_read),
		cmocka_unit_test(test_stay),
		cmocka_unit_test(test_ways),
	};

	return cmocka_run_group_tests_name("ir_stores", tests, NULL, NULL);
}
