/*
 * Arguments of static probes: every operand of each architecture, and text that
 * is none.
 */
#include "probes/usdt_arg.h"

#include "target/target.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <inttypes.h>
#include <string.h>

/* What is read, with registers by their names in pt_regs. */
static const char *reg_name(const struct target_arch *arch, int16_t offset)
{
	for (size_t i = 0; offset >= 0 && i < arch->nr_regs; i++)
		if (arch->regs[i].offset == offset)
			return arch->regs[i].name;
	return "-";
}

static const char *describe(struct arena *a, const struct target_arch *arch,
			    const struct usdt_arg *arg)
{
	const char *head = arena_printf(a, "%c%u", arg->is_signed ? 's' : 'u', arg->size_bytes);

	switch (arg->place) {
	case USDT_CONSTANT:
		return arena_printf(a, "%s constant %" PRId64, head, arg->value);
	case USDT_REGISTER:
		return arena_printf(a, "%s %s%s", head, reg_name(arch, arg->base),
				    arg->skip_bits ? ">>8" : "");
	case USDT_MEMORY:
		return arena_printf(a, "%s [%s + (%s << %u) + %" PRId64 "]", head,
				    reg_name(arch, arg->base), reg_name(arch, arg->index),
				    arg->shift, arg->value);
	case USDT_SYMBOL:
		return arena_printf(a, "%s [%s + %" PRId64 "]", head, arg->symbol, arg->value);
	default:
		return arg->is_float ? "float" : "unknown";
	}
}

struct arg_case {
	const char *text, *expected;
};

static void check(const char *arch_name, const struct arg_case *cases, size_t n)
{
	const struct target_arch *arch = target_arch_find(arch_name);
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < n; i++) {
		struct usdt_args args;
		const char *out = "";

		usdt_args_parse(&a, arch, cases[i].text, &args);
		for (size_t k = 0; k < args.count; k++)
			out = arena_printf(&a, "%s%s%s", out, k ? ", " : "",
					   describe(&a, arch, &args.at[k]));
		assert_string_equal(out, cases[i].expected);
	}
	arena_free(&a);
}

#define CHECK(arch, cases) check(arch, cases, sizeof(cases) / sizeof((cases)[0]))

static void test_x86(void **state)
{
	static const struct arg_case cases[] = {
		{ "", "" }, { "   ", "" },
		{ "-4@$-7", "s4 constant -7" }, { "4@$-7", "u4 constant 4294967289" },
		{ "-2@$65535", "s2 constant -1" }, { "8@$0x1f", "u8 constant 31" },
		{ "8@$-9000000000", "u8 constant -9000000000" },
		{ "8@%rbx", "u8 bx" }, { "-4@%eax", "s4 ax" }, { "1@%dl", "u1 dx" },
		{ "2@%r9w", "u2 r9" }, { "-1@%r15b", "s1 r15" }, { "4@%r8d", "u4 r8" },
		{ "1@%sil", "u1 si" }, { "1@%ah", "u1 ax>>8" }, { "-1@%dh", "s1 dx>>8" },
		{ "4@-0x14(%rbp)", "u4 [bp + (- << 0) + -20]" },
		{ "8@(%rsp)", "u8 [sp + (- << 0) + 0]" },
		{ "-2@24(%rax)", "s2 [ax + (- << 0) + 24]" },
		{ "1@-96(%rbp,%rax,8)", "u1 [bp + (ax << 3) + -96]" },
		{ "4@(%rdi,%rcx)", "u4 [di + (cx << 0) + 0]" },
		{ "4@(%rdi,%r12,4)", "u4 [di + (r12 << 2) + 0]" },
		{ "8@16(,%rax,2)", "u8 [- + (ax << 1) + 16]" },
		{ "4@-8(%ebp)", "u4 [bp + (- << 0) + -8]" },
		{ "4@counter(%rip)", "u4 [counter + 0]" },
		{ "8@sym+16(%rip)", "u8 [sym + 16]" }, { "8@sym-16(%rip)", "u8 [sym + -16]" },
		{ "8@16+sym(%rip)", "u8 [sym + 16]" },
		{ "8@_ZN1a1bE.part.0(%rip)", "u8 [_ZN1a1bE.part.0 + 0]" },
		{ "4@counter", "u4 [counter + 0]" },
		{ "8@%rdi -4@%esi 4@-4(%rbp)", "u8 di, s4 si, u4 [bp + (- << 0) + -4]" },
		{ "  8@%rdi   4@$1 ", "u8 di, u4 constant 1" },
		{ "8f@%xmm0 4@$1", "float, u4 constant 1" }, { "8@%xmm0", "unknown" },
		/* no arguments */
		{ "4", "unknown" }, { "@%rax", "unknown" }, { "3@%rax", "unknown" },
		{ "16@%rax", "unknown" }, { "4@", "unknown" }, { "4@%", "unknown" },
		{ "4@%rip", "unknown" }, { "4@$", "unknown" }, { "4@$x", "unknown" },
		{ "4@(", "unknown" }, { "4@()", "unknown" }, { "4@(%rax", "unknown" },
		{ "4@(%rax,)", "unknown" }, { "4@(%rax,%rbx,3)", "unknown" },
		{ "4@(%rax,%rbx,16)", "unknown" }, { "4@(%ah)", "unknown" },
		{ "4@(%rax,%rip)", "unknown" }, { "4@8(%rip)", "unknown" },
		{ "4@x(%rax)", "unknown" }, { "4@8", "unknown" }, { "4@%raxx", "unknown" },
		{ "4@(%rax)x", "unknown" }, { "4@-(%rax)", "unknown" }, { "-@%rax", "unknown" },
		{ "4@%fs:0xfffffffffffffffc", "unknown" },
		{ "1@$0 1@$1 1@$2 1@$3 1@$4 1@$5 1@$6 1@$7 1@$8 1@$9 1@$10 1@$11 1@$12",
		  "u1 constant 0, u1 constant 1, u1 constant 2, u1 constant 3, u1 constant 4, "
		  "u1 constant 5, u1 constant 6, u1 constant 7, u1 constant 8, u1 constant 9, "
		  "u1 constant 10, u1 constant 11" },
	};

	(void)state;
	CHECK("x86_64", cases);
}

static void test_arm64(void **state)
{
	static const struct arg_case cases[] = {
		{ "4@13", "u4 constant 13" }, { "-4@-7", "s4 constant -7" },
		{ "8@#5", "u8 constant 5" },
		{ "8@x19", "u8 r19" }, { "-4@w3", "s4 r3" }, { "8@x30", "u8 r30" },
		{ "8@sp", "u8 sp" }, { "4@wsp", "u4 sp" }, { "8@xzr", "u8 constant 0" },
		{ "8@[x0]", "u8 [r0 + (- << 0) + 0]" }, { "4@[sp, 20]", "u4 [sp + (- << 0) + 20]" },
		{ "-4@[x29, -8]", "s4 [r29 + (- << 0) + -8]" },
		{ "-4@[x29,#-8]", "s4 [r29 + (- << 0) + -8]" },
		{ "8@[x1, x2]", "u8 [r1 + (r2 << 0) + 0]" },
		{ "8@[x1, x2, lsl #3]", "u8 [r1 + (r2 << 3) + 0]" },
		{ "8@[x1,x2,lsl 3]", "u8 [r1 + (r2 << 3) + 0]" },
		{ "8@[sp, 8] 4@w0", "u8 [sp + (- << 0) + 8], u4 r0" },
		{ "8@x31", "unknown" }, { "8@x05", "unknown" }, { "8@x", "unknown" },
		{ "8@[x0", "unknown" }, { "8@[]", "unknown" }, { "8@[x0,]", "unknown" },
		{ "8@[x0, 8", "unknown" }, { "8@[x1, w2, sxtw #3]", "unknown" },
		{ "8@[x0, 8]!", "unknown" }, { "8@d0", "unknown" }, { "8f@d0", "float" },
		{ "8@[x1, x2, lsl #9]", "unknown" },
	};

	(void)state;
	CHECK("aarch64", cases);
}

/* Every register that notes name has a place. */
static void test_registers(void **state)
{
	static const char *const x86[] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
					   "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };
	struct usdt_args args;
	struct arena a;

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < sizeof(x86) / sizeof(x86[0]); i++) {
		usdt_args_parse(&a, target_arch_find("x86_64"), arena_printf(&a, "8@%%%s", x86[i]),
				&args);
		assert_int_equal(args.at[0].place, USDT_REGISTER);
	}
	for (int i = 0; i <= 30; i++) {
		usdt_args_parse(&a, target_arch_find("arm64"), arena_printf(&a, "8@x%d 4@w%d", i, i),
				&args);
		assert_int_equal(args.at[0].base, i * 8);
		assert_int_equal(args.at[1].base, i * 8);
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_x86), cmocka_unit_test(test_arm64),
		cmocka_unit_test(test_registers),
	};

	return cmocka_run_group_tests_name("usdt_arg", tests, NULL, NULL);
}
