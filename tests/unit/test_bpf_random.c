/*
 * Tests of src/bpf: random funcs, compiled with and without optimization, give what the
 * IR says.
 */
#include "tests/unit/bpf_help.h"
#include "tests/unit/bpf_random.h"
#include "tests/unit/ir_eval.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RUNS 400

static void one(uint64_t seed, bool optimize, uint32_t kernel)
{
	struct bpf_help h;
	uint64_t ctx[BPF_RANDOM_CTX_BYTES / 8], expected, result;

	bpf_help_open(&h);
	h.target.kernel_version = kernel;
	h.f->blocks.n = 0;
	bpf_random_func(h.f, seed, -1);
	for (size_t k = 0; k < sizeof(ctx) / sizeof(ctx[0]); k++)
		ctx[k] = seed * 0x9e3779b97f4a7c15 * (k + 1) >> (k * 7);
	expected = ir_eval(h.f, ctx, 0xdeadbeef);
	bpf_help_compile(&h, optimize);
	h.vm = vm_open(h.image);
	vm_world(h.vm)->prandom = 0xdeadbeef;
	result = bpf_help_run(&h, ctx, sizeof(ctx));
	if (result != expected) {
		fprintf(stderr, "the IR after optimizing gives 0x%llx\n",
			(unsigned long long)ir_eval(h.f, ctx, 0xdeadbeef));
		ir_dump(h.m, stderr);
		bc_disassemble(h.image, &h.prog, stderr);
		fail_msg("seed %llu: 0x%llx, not 0x%llx", (unsigned long long)seed,
			 (unsigned long long)result, (unsigned long long)expected);
	}
	bpf_help_close(&h);
}

static void test_plain(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++)
		one(seed, false, 0x060c00);
}

static void test_optimized(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++)
		one(seed, true, 0x060100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_optimized),
	};

	return cmocka_run_group_tests_name("bpf_random", tests, NULL, NULL);
}
