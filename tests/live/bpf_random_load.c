/*
 * Live test of src/bpf: random funcs are loaded as raw tracepoint programs, test-run by
 * the kernel, and give what the IR says.
 *
 * Needs root. Usage: bpf_random_load [FIRST-SEED [COUNT]]. Prints "N loaded, N wrong, N refused".
 */
#include "bpf/bpf.h"
#include "kernel/bpf_call.h"
#include "target/target.h"
#include "tests/unit/bpf_random.h"
#include "tests/unit/ir_eval.h"

#include <linux/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum result { LOADED, WRONG, REFUSED, RESULTS };

static uint32_t kernel_version(void)
{
	struct utsname u;
	unsigned a = 0, b = 0;

	uname(&u);
	sscanf(u.release, "%u.%u", &a, &b);
	return KERNEL_VERSION(a, b, 0);
}

static void show(struct bc_env *env, struct ir_module *m, struct image_prog *prog,
		 struct bpf_prog_spec *spec)
{
	size_t size = 1 << 20;
	char *log = calloc(1, size);

	ir_dump(m, stdout);
	bc_disassemble(env->image, prog, stdout);
	if (log && bpf_call_prog_load_log(spec, 1, log, size) < 0)
		puts(log + (strlen(log) > 3000 ? strlen(log) - 3000 : 0));
	free(log);
}

static enum result run_prog(struct bc_env *env, struct ir_module *m, struct image_prog *prog,
			    const void *ctx, uint32_t expected)
{
	struct bpf_prog_spec spec = { .name = "random", .type = BPF_PROG_TYPE_RAW_TRACEPOINT,
				      .insns = prog->insns, .nr_insns = prog->nr_insns,
				      .license = "GPL" };
	uint32_t got = 0;
	int fd = bpf_call_prog_load(&spec), err;

	if (fd < 0) {
		printf("refused: %s\n", strerror(-fd));
		show(env, m, prog, &spec);
		return REFUSED;
	}
	err = bpf_call_prog_run(fd, ctx, BPF_RANDOM_CTX_BYTES, &got);
	close(fd);
	if (!err && got == expected)
		return LOADED;
	printf("run %d: 0x%x, not 0x%x\n", err, got, expected);
	show(env, m, prog, &spec);
	return WRONG;
}

static enum result one(uint64_t seed)
{
	static const enum ir_type params[] = { IR_CTX };
	uint64_t ctx[BPF_RANDOM_CTX_BYTES / 8];
	struct arena a;
	struct target target;
	struct image_prog prog = { .name = "random" };
	struct bc_env env = { .arena = &a, .image = image_open(), .target = &target };
	struct ir_module *m;
	uint32_t expected;
	enum result r = WRONG;

	arena_init(&a);
	target_init_plain(&target, &a);
	target.kernel_version = kernel_version();
	target.feature_known[FEATURE_CPU_V4] = target.kernel_version < KERNEL_VERSION(6, 6, 0) ? -1 : 1;
	m = ir_module_new(&a, "random");
	m->stack_limit = m->stack_small = 256;
	bpf_random_func(ir_func_new(m, "entry", params, 1), seed, 0);
	for (size_t k = 0; k < sizeof(ctx) / sizeof(ctx[0]); k++)
		ctx[k] = seed * 0x9e3779b97f4a7c15 * (k + 1) >> (k * 7);
	expected = (uint32_t)ir_eval(m->funcs.at[0], ctx, 0);
	ir_optimize(m);
	if (env.image && !bc_compile(&env, m, &prog))
		r = run_prog(&env, m, &prog, ctx, expected);
	if (r != LOADED)
		printf("seed %llu\n", (unsigned long long)seed);
	image_close(env.image);
	arena_free(&a);
	return r;
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : 200;
	int counts[RESULTS] = { 0 };

	for (uint64_t seed = first; seed < first + count; seed++)
		counts[one(seed)]++;
	printf("%d loaded, %d wrong, %d refused\n", counts[LOADED], counts[WRONG], counts[REFUSED]);
	return counts[WRONG] || counts[REFUSED];
}
