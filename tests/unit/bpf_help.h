/*
 * For tests of the back end: IR by hand, compiled and run on the interpreter.
 */
#ifndef SONDE_TESTS_BPF_HELP_H
#define SONDE_TESTS_BPF_HELP_H

#include "bpf/bpf.h"
#include "ir/ir.h"
#include "target/target.h"
#include "tests/vm/vm.h"

struct bpf_help {
	struct arena arena;
	struct image *image;
	struct target target;
	struct ir_module *m;
	struct ir_func *f;
	struct ir_builder b;
	struct image_prog prog;
	struct vm *vm;
	struct bc_btf *btf;
};

/* An entry func with a context; the builder stands in its first block. */
void bpf_help_open(struct bpf_help *h);
void bpf_help_close(struct bpf_help *h);
/* Maps have to be added before compiling. Returns the image's index. */
uint32_t bpf_help_map(struct bpf_help *h, enum bpf_map_type type, uint32_t key_size,
		      uint32_t value_size, uint32_t max_entries);
/* Verify, place objects, (optimize,) compile; fails the test on an error. */
void bpf_help_compile(struct bpf_help *h, bool optimize);
/* Run on 64 bytes of context; fails the test if the run is refused. */
uint64_t bpf_help_run(struct bpf_help *h, const void *ctx, size_t ctx_size);

#endif
