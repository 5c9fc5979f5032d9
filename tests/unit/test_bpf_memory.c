/*
 * Tests of src/bpf: blocks of memory, alignment, far offsets, atomics.
 */
#include "tests/unit/bpf_help.h"
#include "tests/vm/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define K(c) ir_const(h.f, (c))

/* A record of 64 bytes; returns it checked. Nothing is sent when the ring is full. */
static struct ir_insn *reserve(struct bpf_help *h, uint32_t ring, uint32_t size)
{
	struct ir_block *full = ir_block_new(h->f);
	struct ir_builder b = { .func = h->f, .block = full };
	struct ir_insn *p;

	p = ir_emit_helper(&h->b, BPF_FUNC_ringbuf_reserve, IR_RING_OR_NULL, ir_map(h->f, ring),
			   ir_const(h->f, size), ir_const(h->f, 0));
	p = ir_emit_null_check(&h->b, p, full);
	ir_seal(full);
	ir_emit_ret(&b, ir_const(h->f, 1));
	return p;
}

static void submit(struct bpf_help *h, struct ir_insn *p)
{
	ir_emit_helper(&h->b, BPF_FUNC_ringbuf_submit, IR_VOID, p, ir_const(h->f, 0));
	ir_emit_ret(&h->b, ir_const(h->f, 0));
}

/* Clear and copy every size at every offset of a stack object and of a record. */
static void check_block(uint32_t size, uint32_t at)
{
	struct bpf_help h;
	struct ir_insn *object, *p;
	uint32_t ring;
	uint8_t expected[256];
	struct vm_record r;

	bpf_help_open(&h);
	ring = bpf_help_map(&h, BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
	object = ir_object(h.f, ir_object_new(h.f, "object", 256, 8));
	memset(expected, 0x11, sizeof(expected));
	for (int32_t k = 0; k < 256; k += 8)
		ir_emit_store(&h.b, 8, object, k, K(0x1111111111111111));
	ir_emit_memzero(&h.b, object, (int32_t)at, size);
	memset(expected + at, 0, size);
	p = reserve(&h, ring, 256);
	ir_emit_memzero(&h.b, p, 0, 256);
	ir_emit_memcpy(&h.b, p, 0, object, 0, 256, 8);
	ir_emit_memcpy(&h.b, p, 3, object, (int32_t)at, size, 1);
	memmove(expected + 3, expected + at, size);
	submit(&h, p);
	bpf_help_compile(&h, false);
	assert_int_equal(bpf_help_run(&h, NULL, 0), 0);
	r = vm_record_get(h.vm, 0);
	assert_int_equal(r.size, 256);
	assert_memory_equal(r.data, expected, 256);
	bpf_help_close(&h);
}

static void test_blocks(void **state)
{
	(void)state;
	for (uint32_t size = 1; size <= 24; size++)
		check_block(size, size % 9);
	check_block(128, 1);
	check_block(129, 2);
	check_block(200, 5);
}

/* Within a record, where any alignment will do. */
static void check_any_alignment(uint32_t size, uint32_t at)
{
	struct bpf_help h;
	struct ir_insn *p;
	uint32_t ring;
	uint8_t expected[256];
	struct vm_record r;

	bpf_help_open(&h);
	ring = bpf_help_map(&h, BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
	p = reserve(&h, ring, 256);
	for (int32_t k = 0; k < 256; k++) {
		expected[k] = (uint8_t)(k + 1);
		ir_emit_store(&h.b, 1, p, k, K(k + 1));
	}
	ir_emit_memcpy(&h.b, p, 160, p, (int32_t)at, size, 2);
	memmove(expected + 160, expected + at, size);
	ir_emit_memzero(&h.b, p, (int32_t)at + 1, size);
	memset(expected + at + 1, 0, size);
	submit(&h, p);
	bpf_help_compile(&h, false);
	assert_int_equal(bpf_help_run(&h, NULL, 0), 0);
	r = vm_record_get(h.vm, 0);
	assert_memory_equal(r.data, expected, 256);
	bpf_help_close(&h);
}

static void test_any_alignment(void **state)
{
	(void)state;
	for (uint32_t size = 1; size <= 40; size++)
		check_any_alignment(size, size % 9);
}

static void test_misaligned(void **state)
{
	struct bpf_help h;
	struct ir_insn *object, *v;
	uint64_t ctx[1] = { 0x8877665544332211 };
	const int32_t word = 0x7a6b5c4d;
	uint8_t bytes[24] = { 0 };
	int32_t read;

	(void)state;
	bpf_help_open(&h);
	object = ir_object(h.f, ir_object_new(h.f, "object", 24, 8));
	ir_emit_memzero(&h.b, object, 0, 24);
	v = ir_emit_load(&h.b, IR_INT, 8, false, ir_param(h.f, 0), 0);
	ir_emit_store(&h.b, 8, object, 3, v);
	ir_emit_store(&h.b, 4, object, 13, K(word));
	v = ir_emit_load(&h.b, IR_INT, 4, true, object, 7);
	v = ir_emit_binary(&h.b, IR_SUB, v, ir_emit_load(&h.b, IR_INT, 4, false, object, 13));
	ir_emit_ret(&h.b, v);
	bpf_help_compile(&h, false);
	memcpy(bytes + 3, ctx, 8);
	memcpy(bytes + 13, &word, 4);
	memcpy(&read, bytes + 7, 4);
	assert_int_equal(bpf_help_run(&h, ctx, sizeof(ctx)), (uint64_t)((int64_t)read - word));
	bpf_help_close(&h);
}

/* Offsets that no instruction holds, and map values far apart. */
static void test_far(void **state)
{
	struct bpf_help h;
	struct ir_insn *a, *b;
	uint32_t map, key = 0;
	uint8_t *value;

	(void)state;
	bpf_help_open(&h);
	map = bpf_help_map(&h, BPF_MAP_TYPE_ARRAY, 4, 200000, 1);
	a = ir_map_value(h.f, map, 100000);
	b = ir_map_value(h.f, map, 16);
	ir_emit_store(&h.b, 8, a, 0, K(5));
	ir_emit_store(&h.b, 8, ir_emit_binary_imm(&h.b, IR_ADD, a, 30000), 20000, K(6));
	ir_emit_store(&h.b, 8, b, 0, K(7));
	a = ir_emit_load(&h.b, IR_INT, 8, false, ir_emit_binary_imm(&h.b, IR_ADD, a, 50000), 0);
	ir_emit_ret(&h.b, ir_emit_binary(&h.b, IR_ADD, a,
					 ir_emit_load(&h.b, IR_INT, 8, false, b, 0)));
	bpf_help_compile(&h, false);
	assert_int_equal(bpf_help_run(&h, NULL, 0), 13);
	value = vm_map_value(h.vm, map, &key, 0);
	assert_int_equal(bytes_load(value + 100000, 8), 5);
	assert_int_equal(bytes_load(value + 150000, 8), 6);
	assert_int_equal(bytes_load(value + 16, 8), 7);
	bpf_help_close(&h);
}

static void test_atomics(void **state)
{
	struct bpf_help h;
	struct ir_insn *v, *x, *y, *z;
	uint32_t map, key = 0;

	(void)state;
	bpf_help_open(&h);
	map = bpf_help_map(&h, BPF_MAP_TYPE_ARRAY, 4, 64, 1);
	v = ir_map_value(h.f, map, 0);
	ir_emit_store(&h.b, 8, v, 0, K(10));
	ir_emit_atomic(&h.b, IR_ATOMIC_ADD, 8, false, v, 0, K(5), NULL);
	x = ir_emit_atomic(&h.b, IR_ATOMIC_ADD, 8, true, v, 0, K(1), NULL);		/* 15 */
	y = ir_emit_atomic(&h.b, IR_ATOMIC_CMPXCHG, 8, true, v, 0, K(16), K(100));	/* 16 */
	z = ir_emit_atomic(&h.b, IR_ATOMIC_XCHG, 8, true, v, 0, K(7), NULL);		/* 100 */
	x = ir_emit_binary(&h.b, IR_ADD, ir_emit_binary_imm(&h.b, IR_MUL, x, 1000000),
			   ir_emit_binary_imm(&h.b, IR_MUL, y, 1000));
	ir_emit_ret(&h.b, ir_emit_binary(&h.b, IR_ADD, x, z));
	bpf_help_compile(&h, false);
	assert_int_equal(bpf_help_run(&h, NULL, 0), 15016100);
	assert_int_equal(*(uint64_t *)vm_map_value(h.vm, map, &key, 0), 7);
	bpf_help_close(&h);
}

/* A record's header of two words is one store. */
static void test_joined_stores(void **state)
{
	struct bpf_help h;
	struct ir_insn *p;
	uint32_t ring, stores = 0;
	const uint32_t *words;

	(void)state;
	bpf_help_open(&h);
	ring = bpf_help_map(&h, BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
	p = reserve(&h, ring, 16);
	ir_emit_store(&h.b, 4, p, 0, K(9));
	ir_emit_store(&h.b, 4, p, 4, K(0));
	ir_emit_store(&h.b, 2, p, 8, K(0x2211));
	ir_emit_store(&h.b, 1, p, 10, K(0x33));
	ir_emit_store(&h.b, 1, p, 11, K(0x44));
	ir_emit_store(&h.b, 4, p, 12, K(-1));
	submit(&h, p);
	bpf_help_compile(&h, false);
	assert_int_equal(bpf_help_run(&h, NULL, 0), 0);
	words = vm_record_get(h.vm, 0).data;
	assert_int_equal(words[0], 9);
	assert_int_equal(words[1], 0);
	assert_int_equal(bytes_load(words + 2, 2), 0x2211);
	assert_memory_equal((const uint8_t *)words + 10, "\x33\x44", 2);
	assert_int_equal(words[3], 0xffffffff);
	for (uint32_t k = 0; k < h.prog.nr_insns; k++)
		stores += BPF_CLASS(h.prog.insns[k].code) == BPF_ST;
	/* where the highest byte is first, they are not joined */
	assert_int_equal(stores, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 3 : 6);
	bpf_help_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_any_alignment),
		cmocka_unit_test(test_misaligned),
		cmocka_unit_test(test_far),
		cmocka_unit_test(test_atomics),
		cmocka_unit_test(test_joined_stores),
	};

	return cmocka_run_group_tests_name("bpf_memory", tests, NULL, NULL);
}
