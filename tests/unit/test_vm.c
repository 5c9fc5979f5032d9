/*
 * Tests of tests/vm: what the kernel would refuse, the interpreter refuses, too.
 */
#include "tests/vm/vm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define INSN(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define MOV(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define MOVX(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ADD(d, i) INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define LDX(size, d, s, o) INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STX(size, d, s, o) INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define ST(size, d, o, i) INSN(BPF_ST | BPF_MEM | (size), d, 0, o, i)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define MAP(d) INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_FD, 0, 0), INSN(0, 0, 0, 0, 0)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* Run instructions; the first, if it is an ld_imm64 of a map, is of map `map`. */
static int run(const struct bpf_insn *insns, uint32_t n, enum bpf_map_type type, char *error)
{
	struct image *image = image_open();
	struct image_map map = { .name = "map", .type = type, .key_size = 8, .value_size = 8,
				 .max_entries = 8 };
	struct image_reloc reloc = { .insn = 0, .map = 0 };
	struct image_prog prog = { .name = "t", .insns = insns, .nr_insns = n };
	struct vm *vm;
	int err;

	vec_push(&image->arena, &image->maps, map);
	prog.relocs = &reloc;
	prog.nr_relocs = insns[0].code == (BPF_LD | BPF_DW | BPF_IMM);
	vm = vm_open(image);
	err = vm_run(vm, &prog, NULL, 0, NULL);
	strcpy(error, vm_error(vm));
	vm_close(vm);
	image_close(image);
	return err;
}

#define REFUSED(type, text, ...) do {							\
	static const struct bpf_insn insns_[] = { __VA_ARGS__ };			\
	char error_[256];								\
	assert_int_equal(run(insns_, sizeof(insns_) / sizeof(insns_[0]), type, error_), -1);	\
	if (!strstr(error_, text))							\
		fail_msg("\"%s\" is not in \"%s\"", text, error_);			\
} while (0)

static void test_registers(void **state)
{
	(void)state;
	REFUSED(BPF_MAP_TYPE_HASH, "r0 is not set", EXIT);
	REFUSED(BPF_MAP_TYPE_HASH, "r3 is not set", MOV(3, 1), CALL(BPF_FUNC_ktime_get_ns),
		MOVX(0, 3), EXIT);
	REFUSED(BPF_MAP_TYPE_HASH, "no number", MOVX(0, 10), EXIT);
	REFUSED(BPF_MAP_TYPE_HASH, "arithmetic", MOVX(1, 10),
		INSN(BPF_ALU64 | BPF_MUL | BPF_K, 1, 0, 0, 2), MOV(0, 0), EXIT);
	REFUSED(BPF_MAP_TYPE_HASH, "off the end", MOV(0, 0));
	REFUSED(BPF_MAP_TYPE_HASH, "too many", INSN(BPF_JMP | BPF_JA, 0, 0, -1, 0), EXIT);
}

static void test_stack(void **state)
{
	(void)state;
	REFUSED(BPF_MAP_TYPE_HASH, "unset stack byte at -8", LDX(BPF_DW, 0, 10, -8), EXIT);
	REFUSED(BPF_MAP_TYPE_HASH, "misaligned", ST(BPF_W, 10, -6, 0), MOV(0, 0), EXIT);
	REFUSED(BPF_MAP_TYPE_HASH, "of 512", ST(BPF_W, 10, 0, 0), MOV(0, 0), EXIT);
	REFUSED(BPF_MAP_TYPE_HASH, "of 512", ST(BPF_W, 10, -516, 0), MOV(0, 0), EXIT);
	REFUSED(BPF_MAP_TYPE_HASH, "part of a stack slot", STX(BPF_W, 10, 10, -8), MOV(0, 0), EXIT);
}

static void test_maps(void **state)
{
	(void)state;
	/* a key that is not set; a value that may be null */
	REFUSED(BPF_MAP_TYPE_HASH, "unset stack byte", MAP(1), MOVX(2, 10), ADD(2, -8),
		CALL(BPF_FUNC_map_lookup_elem), MOV(0, 0), EXIT);
	REFUSED(BPF_MAP_TYPE_HASH, "not a pointer", MAP(1), MOVX(2, 10), ADD(2, -8),
		ST(BPF_DW, 10, -8, 1), CALL(BPF_FUNC_map_lookup_elem), LDX(BPF_DW, 0, 0, 0), EXIT);
	REFUSED(BPF_MAP_TYPE_HASH, "not known", MAP(1), CALL(5000), MOV(0, 0), EXIT);
}

static void test_records(void **state)
{
	(void)state;
	REFUSED(BPF_MAP_TYPE_RINGBUF, "may be null", MAP(1), MOV(2, 8), MOV(3, 0),
		CALL(BPF_FUNC_ringbuf_reserve), ST(BPF_DW, 0, 0, 1), MOV(0, 0), EXIT);
	REFUSED(BPF_MAP_TYPE_RINGBUF, "neither submitted", MAP(1), MOV(2, 8), MOV(3, 0),
		CALL(BPF_FUNC_ringbuf_reserve), MOV(0, 0), EXIT);
	REFUSED(BPF_MAP_TYPE_RINGBUF, "8 bytes at 8 of 8", MAP(1), MOV(2, 8), MOV(3, 0),
		CALL(BPF_FUNC_ringbuf_reserve), INSN(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 5, 0),
		ST(BPF_DW, 0, 8, 1), MOVX(1, 0), MOV(2, 0), CALL(BPF_FUNC_ringbuf_submit),
		MOV(0, 0), EXIT);
	REFUSED(BPF_MAP_TYPE_RINGBUF, "no more", MAP(1), MOV(2, 8), MOV(3, 0),
		CALL(BPF_FUNC_ringbuf_reserve), INSN(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 5, 0),
		MOVX(6, 0), MOVX(1, 0), MOV(2, 0), CALL(BPF_FUNC_ringbuf_submit),
		ST(BPF_DW, 6, 0, 1), MOV(0, 0), EXIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_records),
	};

	return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
