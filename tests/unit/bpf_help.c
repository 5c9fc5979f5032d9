#include "tests/unit/bpf_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void bpf_help_open(struct bpf_help *h)
{
	static const enum ir_type params[] = { IR_CTX };

	memset(h, 0, sizeof(*h));
	arena_init(&h->arena);
	h->image = image_open();
	assert_non_null(h->image);
	h->image->nr_cpus = 2;
	target_init_plain(&h->target, &h->arena);
	h->m = ir_module_new(&h->arena, "test");
	h->f = ir_func_new(h->m, "entry", params, 1);
	h->m->stack_limit = 512;
	h->m->stack_small = 512;
	h->b.func = h->f;
	h->b.block = ir_block_new(h->f);
	h->btf = bc_btf_open();
}

void bpf_help_close(struct bpf_help *h)
{
	vm_close(h->vm);
	bc_btf_close(h->btf);
	image_close(h->image);
	arena_free(&h->arena);
}

uint32_t bpf_help_map(struct bpf_help *h, enum bpf_map_type type, uint32_t key_size,
		      uint32_t value_size, uint32_t max_entries)
{
	struct image_map map = { .name = "map", .type = type, .key_size = key_size,
				 .value_size = value_size, .max_entries = max_entries };

	vec_push(&h->image->arena, &h->image->maps, map);
	return (uint32_t)h->image->maps.n - 1;
}

void bpf_help_compile(struct bpf_help *h, bool optimize)
{
	struct bc_env env = { .arena = &h->arena, .image = h->image, .target = &h->target,
			      .btf = h->btf };
	const char *why = "";

	if (!ir_verify(h->m, &why)) {
		ir_dump(h->m, stderr);
		fail_msg("%s", why);
	}
	if (optimize)
		ir_optimize(h->m);
	else
		ir_place_objects(h->m);
	h->prog.name = "test";
	assert_int_equal(bc_compile(&env, h->m, &h->prog), 0);
	assert_int_equal(bc_btf_finish(h->btf, h->image), 0);
	if (getenv("BPF_DUMP")) {
		ir_dump(h->m, stderr);
		bc_disassemble(h->image, &h->prog, stderr);
	}
}

uint64_t bpf_help_run(struct bpf_help *h, const void *ctx, size_t ctx_size)
{
	uint64_t r0 = 0;

	if (!h->vm)
		h->vm = vm_open(h->image);
	if (vm_run(h->vm, &h->prog, ctx, ctx_size, &r0)) {
		ir_dump(h->m, stderr);
		bc_disassemble(h->image, &h->prog, stderr);
		fail_msg("%s", vm_error(h->vm));
	}
	return r0;
}
