/*
 * Tests of src/bpf: helpers, callbacks, functions of the program and of the kernel,
 * values that live across calls, jumps that are far, programs that do not fit.
 */
#include "tests/unit/bpf_help.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define K(c) ir_const(h.f, (c))

/* A callback adds each value of a map to a number in the caller's frame. */
static void test_for_each(void **state)
{
	static const enum ir_type params[] = { IR_MAPREF, IR_MAPVAL, IR_MAPVAL, IR_OBJ };
	struct bpf_help h;
	struct ir_func *cb;
	struct ir_builder b = { 0 };
	struct ir_insn *sum, *v;
	uint32_t map;

	(void)state;
	bpf_help_open(&h);
	map = bpf_help_map(&h, BPF_MAP_TYPE_HASH, 8, 8, 10);
	cb = ir_func_new(h.m, "each", params, 4);
	cb->is_callback = true;
	b.func = cb;
	b.block = ir_block_new(cb);
	v = ir_emit_load(&b, IR_INT, 8, false, ir_param(cb, 3), 0);
	v = ir_emit_binary(&b, IR_ADD, v, ir_emit_load(&b, IR_INT, 8, false, ir_param(cb, 2), 0));
	ir_emit_store(&b, 8, ir_param(cb, 3), 0, v);
	ir_emit_ret(&b, ir_const(cb, 0));

	sum = ir_object(h.f, ir_object_new(h.f, "sum", 8, 8));
	ir_emit_store(&h.b, 8, sum, 0, K(1000));
	ir_emit_helper(&h.b, BPF_FUNC_for_each_map_elem, IR_INT, ir_map(h.f, map),
		       ir_func_ref(h.f, cb->index), sum, K(0));
	ir_emit_ret(&h.b, ir_emit_load(&h.b, IR_INT, 8, false, sum, 0));
	bpf_help_compile(&h, false);
	assert_int_equal(h.prog.nr_func_info, 2);
	assert_true(h.image->btf_size > 0);
	h.vm = vm_open(h.image);
	for (uint64_t k = 1; k <= 4; k++)
		vm_map_set(h.vm, map, &k, &k);
	assert_int_equal(bpf_help_run(&h, NULL, 0), 1010);
	bpf_help_close(&h);
}

/* A function of the program, with numbers as arguments. */
static void test_fcall(void **state)
{
	static const enum ir_type params[] = { IR_INT, IR_INT };
	struct bpf_help h;
	struct ir_func *f;
	struct ir_builder b = { 0 };
	struct ir_insn *x, *args[2];
	uint64_t ctx[2] = { 30, 4 };

	(void)state;
	bpf_help_open(&h);
	f = ir_func_new(h.m, "less", params, 2);
	b.func = f;
	b.block = ir_block_new(f);
	ir_emit_ret(&b, ir_emit_binary(&b, IR_SUB, ir_param(f, 0), ir_param(f, 1)));
	args[0] = ir_emit_load(&h.b, IR_INT, 8, false, ir_param(h.f, 0), 0);
	args[1] = ir_emit_load(&h.b, IR_INT, 8, false, ir_param(h.f, 0), 8);
	x = ir_emit_call(&h.b, IR_FCALL, f->index, IR_INT, args, 2);
	args[0] = args[1];
	args[1] = x;
	x = ir_emit_binary_imm(&h.b, IR_MUL, x, 100);
	ir_emit_ret(&h.b, ir_emit_binary(&h.b, IR_ADD, x,
					 ir_emit_call(&h.b, IR_FCALL, f->index, IR_INT, args, 2)));
	bpf_help_compile(&h, false);
	assert_int_equal(bpf_help_run(&h, ctx, sizeof(ctx)), 2600 - 22);
	bpf_help_close(&h);
}

/* The kernel's number iterator: sums 3 .. 9. */
static void test_iter_num(void **state)
{
	enum { NEW = 1001, NEXT, DESTROY };
	struct bpf_help h;
	struct ir_block *head, *end;
	struct ir_insn *it, *p;
	struct ir_var *sum;

	(void)state;
	bpf_help_open(&h);
	it = ir_object(h.f, ir_object_new(h.f, "it", 8, 8));
	sum = ir_var_new(h.f, "sum", IR_INT);
	head = ir_block_new(h.f);
	end = ir_block_new(h.f);
	ir_emit_call(&h.b, IR_KCALL, NEW, IR_INT, (struct ir_insn *[]){ it, K(3), K(10) }, 3);
	ir_var_write(&h.b, sum, K(0));
	ir_emit_jump(&h.b, head);
	ir_continue_in(&h.b, head);
	p = ir_emit_call(&h.b, IR_KCALL, NEXT, IR_MAPVAL_OR_NULL, &it, 1);
	p = ir_emit_null_check(&h.b, p, end);
	ir_var_write(&h.b, sum, ir_emit_binary(&h.b, IR_ADD, ir_var_read(&h.b, sum),
					       ir_emit_load(&h.b, IR_INT, 4, true, p, 0)));
	ir_emit_jump(&h.b, head);
	ir_seal(head);
	ir_seal(end);
	ir_continue_in(&h.b, end);
	ir_emit_call(&h.b, IR_KCALL, DESTROY, IR_VOID, &it, 1);
	ir_emit_ret(&h.b, ir_var_read(&h.b, sum));
	bpf_help_compile(&h, false);
	h.vm = vm_open(h.image);
	vm_set_kfunc(h.vm, NEW, "bpf_iter_num_new");
	vm_set_kfunc(h.vm, NEXT, "bpf_iter_num_next");
	vm_set_kfunc(h.vm, DESTROY, "bpf_iter_num_destroy");
	assert_int_equal(bpf_help_run(&h, NULL, 0), 42);
	bpf_help_close(&h);
}

/* Instructions of a loop on a kernel that make a register 0 which lives across calls: a
 * value of each turn is in one, and is not needed at the loop's head. */
static size_t cleared_in_loop(uint32_t kernel, bool has_iterators)
{
	enum { NEW = 1001, NEXT, DESTROY };
	struct ir_block *head, *body, *end;
	struct ir_insn *it, *p, *kept;
	struct bpf_help h;
	size_t n = 0;

	bpf_help_open(&h);
	h.target.kernel_version = kernel;
	h.target.feature_known[FEATURE_ITER_NUM] = has_iterators ? 1 : -1;
	it = ir_object(h.f, ir_object_new(h.f, "it", 8, 8));
	head = ir_block_new(h.f), body = ir_block_new(h.f), end = ir_block_new(h.f);
	ir_emit_call(&h.b, IR_KCALL, NEW, IR_INT, (struct ir_insn *[]){ it, K(3), K(10) }, 3);
	ir_emit_jump(&h.b, head);
	ir_continue_in(&h.b, head);
	p = ir_emit_call(&h.b, IR_KCALL, NEXT, IR_MAPVAL_OR_NULL, &it, 1);
	p = ir_emit_null_check(&h.b, p, end);
	kept = ir_emit_helper(&h.b, BPF_FUNC_get_current_pid_tgid, IR_INT);
	p = ir_emit_helper(&h.b, BPF_FUNC_get_prandom_u32, IR_INT);
	ir_emit_branch(&h.b, IR_EQ, p, kept, head, body);
	ir_continue_in(&h.b, body);
	ir_emit_jump(&h.b, head);
	ir_seal(head);
	ir_seal(body);
	ir_seal(end);
	ir_continue_in(&h.b, end);
	ir_emit_call(&h.b, IR_KCALL, DESTROY, IR_VOID, &it, 1);
	ir_emit_ret(&h.b, K(0));
	bpf_help_compile(&h, false);
	for (uint32_t k = 0; k < h.prog.nr_insns; k++) {
		const struct bpf_insn *i = &h.prog.insns[k];

		n += i->code == (BPF_ALU64 | BPF_MOV | BPF_K) && i->dst_reg >= BPF_REG_6 &&
		     !i->imm;
	}
	bpf_help_close(&h);
	return n;
}

/* Kernels that compare what is not needed, too, find nothing there that differs. Those that
 * follow a loop once are known by what they have, whatever their version. */
static void test_forgotten_in_loop(void **state)
{
	(void)state;
	assert_int_equal(cleared_in_loop(6 << 16 | 12 << 8, true), 1);
	assert_int_equal(cleared_in_loop(6 << 16 | 18 << 8, true), 0);
	assert_int_equal(cleared_in_loop(6 << 16 | 12 << 8, false), 0);
	assert_int_equal(cleared_in_loop(5 << 16 | 14 << 8, true), 1);
}

/* The context stays in r1 as long as no call comes between. */
static void test_context(void **state)
{
	struct bpf_help h;
	struct ir_insn *x, *cpu;
	uint64_t ctx[2] = { 1, 2 };

	(void)state;
	bpf_help_open(&h);
	x = ir_emit_load(&h.b, IR_INT, 8, false, ir_param(h.f, 0), 0);
	cpu = ir_emit_call(&h.b, IR_CALL, BPF_FUNC_get_smp_processor_id, IR_INT, NULL, 0);
	ir_emit_ret(&h.b, ir_emit_binary(&h.b, IR_ADD, x, cpu));
	bpf_help_compile(&h, false);
	assert_int_equal(bpf_help_run(&h, ctx, sizeof(ctx)), 1);
	/* r6 = *(r1 + 0); call; r6 += r0 (or r0 += r6); ...: the context is never copied */
	assert_int_equal(h.prog.insns[0].code, BPF_LDX | BPF_MEM | BPF_DW);
	assert_true(h.prog.nr_insns <= 5);
	bpf_help_close(&h);
}

/* More values across a call than registers survive it. */
static void test_pressure(void **state)
{
	struct bpf_help h;
	struct ir_insn *v[20], *sum;
	uint64_t ctx[20], expected = 0;

	(void)state;
	bpf_help_open(&h);
	for (int k = 0; k < 20; k++) {
		ctx[k] = (uint64_t)k * 0x1234567 + 1;
		v[k] = ir_emit_load(&h.b, IR_INT, 8, false, ir_param(h.f, 0), k * 8);
	}
	sum = ir_emit_call(&h.b, IR_CALL, BPF_FUNC_get_smp_processor_id, IR_INT, NULL, 0);
	for (int k = 0; k < 20; k++) {
		sum = ir_emit_binary(&h.b, IR_XOR, ir_emit_binary_imm(&h.b, IR_MUL, sum, 3), v[k]);
		expected = (expected * 3) ^ ctx[k];
	}
	ir_emit_ret(&h.b, sum);
	bpf_help_compile(&h, false);
	assert_int_equal(bpf_help_run(&h, ctx, sizeof(ctx)), expected);
	bpf_help_close(&h);
}

/* Two blocks that are 40,000 instructions apart need 32-bit jumps. */
static void test_far_jumps(void **state)
{
	struct bpf_help h;
	struct ir_block *much, *end;
	struct ir_insn *x, *object;
	uint64_t ctx[1] = { 5 };

	(void)state;
	bpf_help_open(&h);
	much = ir_block_new(h.f);
	end = ir_block_new(h.f);
	object = ir_object(h.f, ir_object_new(h.f, "object", 8, 8));
	ir_emit_store(&h.b, 8, object, 0, K(0));
	x = ir_emit_load(&h.b, IR_INT, 8, false, ir_param(h.f, 0), 0);
	ir_emit_branch(&h.b, IR_EQ, x, K(5), end, much);
	ir_seal(much);
	ir_continue_in(&h.b, much);
	for (int k = 0; k < 40000; k++)
		ir_emit_store(&h.b, 8, object, 0, K(k));
	ir_emit_jump(&h.b, end);
	ir_seal(end);
	ir_continue_in(&h.b, end);
	ir_emit_ret(&h.b, ir_emit_load(&h.b, IR_INT, 8, false, object, 0));
	bpf_help_compile(&h, false);
	assert_int_equal(bpf_help_run(&h, ctx, sizeof(ctx)), 0);
	ctx[0] = 6;
	assert_int_equal(bpf_help_run(&h, ctx, sizeof(ctx)), 39999);
	bpf_help_close(&h);
}

static void test_stack_too_deep(void **state)
{
	static const enum ir_type params[] = { IR_INT };
	struct bpf_help h;
	struct bc_env env;
	struct ir_func *f;
	struct ir_builder b = { 0 };
	struct ir_insn *args[1];

	(void)state;
	bpf_help_open(&h);
	env = (struct bc_env){ .arena = &h.arena, .image = h.image, .target = &h.target };
	f = ir_func_new(h.m, "f", params, 1);
	b.func = f;
	b.block = ir_block_new(f);
	ir_emit_ret(&b, ir_param(f, 0));
	args[0] = K(1);
	ir_emit_ret(&h.b, ir_emit_call(&h.b, IR_FCALL, f->index, IR_INT, args, 1));
	h.f->stack_bytes = 400;
	f->stack_bytes = 120;
	assert_int_equal(bc_compile(&env, h.m, &h.prog), -E2BIG);
	f->stack_bytes = 90;
	assert_int_equal(bc_compile(&env, h.m, &h.prog), 0);
	bpf_help_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_for_each),
		cmocka_unit_test(test_fcall),
		cmocka_unit_test(test_iter_num),
		cmocka_unit_test(test_forgotten_in_loop),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_pressure),
		cmocka_unit_test(test_far_jumps),
		cmocka_unit_test(test_stack_too_deep),
	};

	return cmocka_run_group_tests_name("bpf_calls", tests, NULL, NULL);
}
