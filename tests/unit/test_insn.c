/*
 * Lengths of instructions, by hand; tests/live/insn.sh compares with a
 * disassembler.
 */
#include "probes/insn.h"

#include "target/target.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

/* Bytes in hexadecimal; the length is their number if `good`, else 0. */
struct insn_case {
	const char *text;
	size_t length;
	bool is_return;
};

static size_t bytes_of(const char *text, uint8_t *bytes)
{
	char *end;
	size_t n = 0;

	for (unsigned long v; v = strtoul(text, &end, 16), end != text; text = end)
		bytes[n++] = (uint8_t)v;
	return n;
}

static void check(const char *arch, const struct insn_case *cases, size_t count)
{
	const struct insn_set *set = insn_set_find(target_arch_find(arch));

	assert_non_null(set);
	for (size_t i = 0; i < count; i++) {
		uint8_t bytes[32];
		size_t n = bytes_of(cases[i].text, bytes);

		if (set->length(bytes, n) != cases[i].length)
			print_message("%s\n", cases[i].text);
		assert_int_equal(set->length(bytes, n), cases[i].length);
		for (size_t cut = 0; cut < cases[i].length; cut++)
			assert_int_equal(set->length(bytes, cut), 0);
		if (cases[i].length)
			assert_int_equal(set->is_return(bytes, cases[i].length),
					 cases[i].is_return);
	}
}

#define CHECK(arch, cases) check(arch, cases, sizeof(cases) / sizeof((cases)[0]))

static void test_x86(void **state)
{
	static const struct insn_case cases[] = {
		{ "90 90", 1, false }, { "c3", 1, true }, { "f3 c3", 2, true },
		{ "f2 c3", 2, true }, { "c2 08 00", 3, true }, { "cb", 1, false },
		{ "f3 0f 1e fa", 4, false }, { "55", 1, false }, { "41 57", 2, false },
		{ "48 89 e5", 3, false }, { "89 45 f8", 3, false },
		{ "89 05 00 00 00 00", 6, false }, { "8b 04 25 00 00 00 00", 7, false },
		{ "8b 84 24 00 01 00 00", 7, false }, { "8b 44 24 08", 4, false },
		{ "b8 01 00 00 00", 5, false }, { "66 b8 01 00", 4, false },
		{ "48 b8 01 02 03 04 05 06 07 08", 10, false },
		{ "48 a1 01 02 03 04 05 06 07 08", 10, false }, { "67 a1 01 02 03 04", 6, false },
		{ "e8 00 00 00 00", 5, false }, { "66 48 e8 00 00 00 00", 7, false },
		{ "0f 84 00 00 00 00", 6, false }, { "74 05", 2, false }, { "c8 10 00 00", 4, false },
		{ "f6 c1 01", 3, false }, { "f6 d1", 2, false }, { "f7 c1 01 00 00 00", 6, false },
		{ "66 f7 c1 01 00", 5, false }, { "f7 d9", 2, false },
		{ "66 0f 1f 84 00 00 00 00 00", 9, false },
		{ "66 2e 0f 1f 84 00 00 00 00 00", 10, false },
		{ "66 0f 3a 63 c1 1a", 6, false }, { "66 0f 38 00 c1", 5, false },
		{ "c5 f8 77", 3, false }, { "c5 fd 6f 06", 4, false },
		{ "c5 fd 70 c1 00", 5, false }, { "c4 e2 7d 18 05 00 00 00 00", 9, false },
		{ "c4 e3 7d 39 c1 01", 6, false }, { "62 f1 7c 48 28 c1", 6, false },
		{ "62 f1 7c 48 28 46 01", 7, false }, { "62 f3 75 48 1f c2 00", 7, false },
		{ "62 f5 7c 48 58 c1", 6, false }, { "8f 00", 2, false },
		{ "8f e8 78 a2 c1 00", 6, false }, { "8f e9 78 01 c1", 5, false },
		{ "8f ea 78 10 c1 00 00 00 00", 9, false },
		{ "f0 48 0f b1 0e", 5, false }, { "0f 05", 2, false }, { "0f 0b", 2, false },
		{ "0f 20 c0", 3, false }, { "0f 0f c1 0d", 4, false },
		{ "66 0f 78 c1 02 03", 6, false }, { "c7 f8 00 00 00 00", 6, false },
		/* none in 64-bit mode, not known, endless prefixes */
		{ "06", 0, false }, { "60", 0, false }, { "9a 00 00 00 00 00 00", 0, false },
		{ "d6", 0, false }, { "0f 04", 0, false }, { "62 f4 7c 08 01 c0", 0, false },
		{ "d5 00 01 c0", 0, false }, { "c4 e7 7b f6 c0 00 00 00 00", 0, false },
		{ "66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90", 0, false },
	};

	(void)state;
	CHECK("x86_64", cases);
}

struct said_case {
	const char *text;
	bool said;
};

static void check_said(bool (*ask)(const uint8_t *code, size_t size),
		       const struct said_case *cases, size_t nr_cases)
{
	for (size_t i = 0; i < nr_cases; i++) {
		uint8_t bytes[32];
		size_t n = bytes_of(cases[i].text, bytes);

		if (ask(bytes, n) != cases[i].said)
			print_message("%s\n", cases[i].text);
		assert_int_equal(ask(bytes, n), cases[i].said);
	}
}

/* What the kernel does instead of the instruction, going by a byte that is of another table. */
static void test_mistaken(void **state)
{
	static const struct said_case cases[] = {
		{ "62 e2 7d 28 7a ce", true },	/* vpbroadcastb %esi, %ymm17: jp */
		{ "62 f2 7d 48 7c c6", true },	/* vpbroadcastd %esi, %zmm0: jl */
		{ "c5 f8 57 c0", true },	/* vxorps: push */
		{ "c5 f9 70 c0 00", true },	/* vpshufd: jo */
		{ "c5 f8 c2 c1 00", true },	/* vcmpps: ret */
		{ "c4 e2 79 9a c1", true },	/* vfmsub132ps: call */
		{ "c5 f9 ef c0", false },	/* vpxor */
		{ "c5 f9 6e ce", false },	/* vmovd */
		{ "c4 e2 7d 78 c9", true },	/* vpbroadcastb %xmm1: js */
		{ "c4 e2 70 f3 c8", false },	/* blsr */
		{ "62 e1 fe 28 6f 07", false },	/* vmovdqu64 */
		{ "55", false }, { "7a 05", false }, { "e8 00 00 00 00", false },
		{ "0f 57 c0", false },		/* xorps */
		{ "66 0f 70 c0 00", false }, { "8f c0", false }, { "c5", false }, { "62 e2", false },
	};
	const struct insn_set *set = insn_set_find(target_arch_find("x86_64"));

	(void)state;
	check_said(set->is_mistaken, cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_refused(void **state)
{
	static const struct said_case cases[] = {
		{ "f0 83 4c 24 f8 00", true },	/* lock orl */
		{ "66 f0 0f b1 0f", true },	/* lock cmpxchg, behind another prefix */
		{ "66 2e 0f 1f 84 00 00 00 00 00", true },	/* cs nopw */
		{ "3e ff e0", true },		/* notrack jmp */
		{ "cc", true }, { "f4", true }, { "0f 05", false }, { "ec", true }, { "48 6d", true },
		{ "55", false }, { "f3 0f 1e fa", false }, { "64 48 8b 04 25 28 00 00 00", false },
		{ "90", false }, { "83 f0 01", false }, { "f2 c3", false }, { "b8 f0 f4 cc 2e", false },
		{ "0f f4 c0", false }, { "", false },
	};
	const struct insn_set *set = insn_set_find(target_arch_find("x86_64"));

	(void)state;
	check_said(set->is_refused, cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_arm64(void **state)
{
	static const struct insn_case cases[] = {
		{ "c0 03 5f d6", 4, true }, { "20 00 5f d6", 4, true }, { "ff 0b 5f d6", 4, true },
		{ "ff 0f 5f d6", 4, true }, { "1f 20 03 d5", 4, false }, { "00 00 1f d6", 4, false },
		{ "00 00 00", 0, false },
	};

	(void)state;
	CHECK("aarch64", cases);
}

static void test_walk(void **state)
{
	static const uint8_t code[] = { 0xb8, 0xc3, 0xc3, 0, 0, 0xc3, 0x90, 0xf3, 0xc3, 0x06, 0xc3 };
	const struct insn_set *set = insn_set_find(target_arch_find("x86_64"));

	(void)state;
	assert_int_equal(insn_at(set, code, sizeof(code), 0), INSN_BEGINS);
	assert_int_equal(insn_at(set, code, sizeof(code), 1), INSN_WITHIN);
	assert_int_equal(insn_at(set, code, sizeof(code), 7), INSN_BEGINS);
	assert_int_equal(insn_at(set, code, sizeof(code), 8), INSN_WITHIN);
	assert_int_equal(insn_at(set, code, sizeof(code), 9), INSN_BEGINS);
	assert_int_equal(insn_at(set, code, sizeof(code), 10), INSN_UNKNOWN);
	assert_int_equal(insn_at(set, code, sizeof(code), 40), INSN_UNKNOWN);
	assert_int_equal(insn_next_return(set, code, sizeof(code), 0), 5);
	assert_int_equal(insn_next_return(set, code, sizeof(code), 6), 7);
	assert_int_equal(insn_next_return(set, code, sizeof(code), 9), -2);
	assert_int_equal(insn_next_return(set, code, 5, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_x86), cmocka_unit_test(test_mistaken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_arm64), cmocka_unit_test(test_walk),
	};

	return cmocka_run_group_tests_name("insn", tests, NULL, NULL);
}
