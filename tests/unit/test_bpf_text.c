/*
 * Tests of src/bpf: the disassembler, helper names, lines of the script.
 */
#include "tests/unit/bpf_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define INSN(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }

static void test_format(void **state)
{
	static const struct {
		struct bpf_insn insn[2];
		const char *text;
	} rows[] = {
		{ { INSN(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0) }, "r2 = r10" },
		{ { INSN(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -8) }, "r2 += -8" },
		{ { INSN(BPF_ALU | BPF_ARSH | BPF_X, 2, 3, 0, 0) }, "w2 s>>= w3" },
		{ { INSN(BPF_ALU64 | BPF_NEG, 1, 0, 0, 0) }, "r1 = -r1" },
		{ { INSN(BPF_ALU | BPF_END | BPF_TO_BE, 1, 0, 0, 16) }, "r1 = be16 r1" },
		{ { INSN(BPF_ALU64 | BPF_END, 1, 0, 0, 32) }, "r1 = bswap32 r1" },
		{ { INSN(BPF_ALU64 | BPF_MOV | BPF_X, 1, 2, 8, 0) }, "r1 = (s8)r2" },
		{ { INSN(BPF_LDX | BPF_MEM | BPF_W, 0, 1, 8, 0) }, "r0 = *(u32 *)(r1 +8)" },
		{ { INSN(BPF_LDX | 0x80 | BPF_H, 0, 1, -8, 0) }, "r0 = *(s16 *)(r1 -8)" },
		{ { INSN(BPF_STX | BPF_MEM | BPF_DW, 10, 6, -16, 0) }, "*(u64 *)(r10 -16) = r6" },
		{ { INSN(BPF_ST | BPF_MEM | BPF_B, 10, 0, -1, 7) }, "*(u8 *)(r10 -1) = 7" },
		{ { INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 5, 0, BPF_ADD) },
		  "lock *(u64 *)(r0 +0) += r5" },
		{ { INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 5, 0, BPF_CMPXCHG) },
		  "r0 = atomic_cmpxchg((u64 *)(r0 +0), r0, r5)" },
		{ { INSN(BPF_JMP | BPF_JEQ | BPF_K, 3, 0, 5, 0) }, "if r3 == 0 goto pc+5" },
		{ { INSN(BPF_JMP32 | BPF_JSGT | BPF_X, 3, 4, -2, 0) }, "if w3 s> w4 goto pc-2" },
		{ { INSN(BPF_JMP | BPF_JA, 0, 0, 7, 0) }, "goto pc+7" },
		{ { INSN(BPF_JMP32 | BPF_JA, 0, 0, 0, 70000) }, "gotol pc+70000" },
		{ { INSN(BPF_JMP | BPF_CALL, 0, 0, 0, 1) }, "call bpf_map_lookup_elem#1" },
		{ { INSN(BPF_JMP | BPF_CALL, 0, 1, 0, 12) }, "call pc+12" },
		{ { INSN(BPF_JMP | BPF_CALL, 0, 2, 0, 99) }, "call kernel-function btf_id 99" },
		{ { INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0) }, "exit" },
		{ { INSN(BPF_LD | BPF_DW | BPF_IMM, 1, 0, 0, 2), INSN(0, 0, 0, 0, 1) },
		  "r1 = 0x100000002 ll" },
	};
	char text[128];

	(void)state;
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		bc_format_insn(rows[k].insn, text, sizeof(text));
		assert_string_equal(text, rows[k].text);
	}
}

static void test_helper_names(void **state)
{
	(void)state;
	assert_string_equal(bc_helper_name(BPF_FUNC_ringbuf_reserve), "ringbuf_reserve");
	assert_null(bc_helper_name(-1));
	assert_null(bc_helper_name(100000));
}

/* Lines of the script stand between the instructions, and in the program's BTF. */
static void test_lines(void **state)
{
	struct bpf_help h;
	struct diags d;
	struct bc_env env;
	const struct source *s;
	char *text = NULL;
	size_t size;
	FILE *out;

	(void)state;
	bpf_help_open(&h);
	diags_init(&d, &h.arena);
	s = source_add(&d, "t.bt", "begin {\n\treturn cpu;\n}", 22);
	env = (struct bc_env){ .arena = &h.arena, .image = h.image, .target = &h.target,
			       .diags = &d, .btf = h.btf };
	h.b.line = s->base + 9;
	ir_emit_ret(&h.b, ir_emit_call(&h.b, IR_CALL, BPF_FUNC_get_smp_processor_id, IR_INT,
				       NULL, 0));
	h.prog.name = "begin";
	assert_int_equal(bc_compile(&env, h.m, &h.prog), 0);
	assert_int_equal(h.prog.nr_lines, 1);
	assert_int_equal(((const struct bpf_line_info *)h.prog.line_info)->line_col, 2 << 10 | 2);
	out = open_memstream(&text, &size);
	bc_disassemble(h.image, &h.prog, out);
	fclose(out);
	assert_string_equal(text, "begin: 2 instructions\n"
				  "; return cpu;\t// t.bt:2:2\n"
				  "    0: call bpf_get_smp_processor_id#8\n"
				  "    1: exit\n");
	free(text);
	bpf_help_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_helper_names),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests_name("bpf_text", tests, NULL, NULL);
}
