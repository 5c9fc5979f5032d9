/*
 * Tests of src/bpf: small programs from IR to a result on the interpreter.
 */
#include "tests/unit/bpf_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define K(c) ir_const(h.f, (c))

static void test_arith(void **state)
{
	struct bpf_help h;
	struct ir_insn *x, *y;
	uint64_t ctx[2] = { 40, 7 };

	(void)state;
	bpf_help_open(&h);
	x = ir_emit_load(&h.b, IR_INT, 8, false, ir_param(h.f, 0), 0);
	y = ir_emit_load(&h.b, IR_INT, 8, false, ir_param(h.f, 0), 8);
	x = ir_emit_binary(&h.b, IR_SUB, ir_emit_binary_imm(&h.b, IR_MUL, x, 3), y);
	ir_emit_ret(&h.b, x);
	bpf_help_compile(&h, false);
	assert_int_equal(bpf_help_run(&h, ctx, sizeof(ctx)), 113);
	assert_int_equal(h.prog.nr_insns, 5);
	bpf_help_close(&h);
}

/* A record is reserved, filled and submitted; none when the ring is full. */
static void test_ring(void **state)
{
	struct bpf_help h;
	struct ir_block *full;
	struct ir_insn *p;
	uint32_t ring;
	struct vm_record r;
	uint64_t data[2];

	(void)state;
	bpf_help_open(&h);
	ring = bpf_help_map(&h, BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
	full = ir_block_new(h.f);
	full->is_cold = true;
	p = ir_emit_helper(&h.b, BPF_FUNC_ringbuf_reserve, IR_RING_OR_NULL, ir_map(h.f, ring),
			   K(16), K(0));
	p = ir_emit_null_check(&h.b, p, full);
	ir_emit_store(&h.b, 8, p, 0, K(5));
	ir_emit_store(&h.b, 8, p, 8, K(0x123456789abcdef0));
	ir_emit_helper(&h.b, BPF_FUNC_ringbuf_submit, IR_VOID, p, K(0));
	ir_emit_ret(&h.b, K(0));
	ir_continue_in(&h.b, full);
	ir_seal(full);
	ir_emit_ret(&h.b, K(1));
	bpf_help_compile(&h, false);
	assert_int_equal(bpf_help_run(&h, NULL, 0), 0);
	assert_int_equal(vm_record_count(h.vm), 1);
	r = vm_record_get(h.vm, 0);
	assert_int_equal(r.size, 16);
	memcpy(data, r.data, 16);
	assert_int_equal(data[0], 5);
	assert_int_equal(data[1], 0x123456789abcdef0);
	vm_world(h.vm)->ring_full = true;
	assert_int_equal(bpf_help_run(&h, NULL, 0), 1);
	bpf_help_close(&h);
}

/* A key on the stack, a lookup, an atomic add, an insert when there is none. */
static void test_map(void **state)
{
	struct bpf_help h;
	struct ir_block *none;
	struct ir_insn *p, *key, *value;
	uint32_t map;
	uint64_t k = 77;

	(void)state;
	bpf_help_open(&h);
	map = bpf_help_map(&h, BPF_MAP_TYPE_HASH, 8, 8, 10);
	key = ir_object(h.f, ir_object_new(h.f, "key", 8, 8));
	value = ir_object(h.f, ir_object_new(h.f, "value", 8, 8));
	none = ir_block_new(h.f);
	ir_emit_store(&h.b, 8, key, 0, K(77));
	p = ir_emit_helper(&h.b, BPF_FUNC_map_lookup_elem, IR_MAPVAL_OR_NULL, ir_map(h.f, map),
			   key);
	p = ir_emit_null_check(&h.b, p, none);
	ir_emit_atomic(&h.b, IR_ATOMIC_ADD, 8, false, p, 0, K(1), NULL);
	ir_emit_ret(&h.b, K(0));
	ir_continue_in(&h.b, none);
	ir_seal(none);
	ir_emit_store(&h.b, 8, value, 0, K(1));
	ir_emit_helper(&h.b, BPF_FUNC_map_update_elem, IR_INT, ir_map(h.f, map), key, value,
		       K(BPF_ANY));
	ir_emit_ret(&h.b, K(0));
	bpf_help_compile(&h, false);
	for (int i = 0; i < 3; i++)
		assert_int_equal(bpf_help_run(&h, NULL, 0), 0);
	assert_int_equal(*(uint64_t *)vm_map_value(h.vm, map, &k, 0), 3);
	bpf_help_close(&h);
}

/* A loop with two variables that change places: a cycle of phis. */
static void test_loop_swap(void **state)
{
	struct bpf_help h;
	struct ir_block *head, *body, *end;
	struct ir_var *a, *b, *n;
	struct ir_insn *x, *y;

	(void)state;
	bpf_help_open(&h);
	a = ir_var_new(h.f, "a", IR_INT);
	b = ir_var_new(h.f, "b", IR_INT);
	n = ir_var_new(h.f, "n", IR_INT);
	head = ir_block_new(h.f);
	body = ir_block_new(h.f);
	end = ir_block_new(h.f);
	ir_var_write(&h.b, a, K(1));
	ir_var_write(&h.b, b, K(2));
	ir_emit_jump(&h.b, head);
	ir_continue_in(&h.b, head);
	ir_emit_branch(&h.b, IR_ULT, ir_var_read(&h.b, n), K(5), body, end);
	ir_continue_in(&h.b, body);
	ir_seal(body);
	x = ir_var_read(&h.b, a);
	y = ir_var_read(&h.b, b);
	ir_var_write(&h.b, a, y);
	ir_var_write(&h.b, b, x);
	ir_var_write(&h.b, n, ir_emit_binary_imm(&h.b, IR_ADD, ir_var_read(&h.b, n), 1));
	ir_emit_jump(&h.b, head);
	ir_seal(head);
	ir_continue_in(&h.b, end);
	ir_seal(end);
	x = ir_emit_binary_imm(&h.b, IR_MUL, ir_var_read(&h.b, a), 10);
	ir_emit_ret(&h.b, ir_emit_binary(&h.b, IR_ADD, x, ir_var_read(&h.b, b)));
	bpf_help_compile(&h, false);
	assert_int_equal(bpf_help_run(&h, NULL, 0), 21);
	bpf_help_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arith),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_loop_swap),
	};

	return cmocka_run_group_tests_name("bpf_basic", tests, NULL, NULL);
}
