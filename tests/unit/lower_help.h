/*
 * For tests of the compiler's middle: a script all the way to an image, and its
 * programs on the interpreter, against a small made-up kernel.
 */
#ifndef SONDE_TESTS_LOWER_HELP_H
#define SONDE_TESTS_LOWER_HELP_H

#include "bpf/bpf.h"
#include "check/check.h"
#include "lower/lower.h"
#include "target/target.h"
#include "tests/unit/btf_bytes.h"
#include "tests/vm/vm.h"

struct lower_help {
	struct arena arena;
	struct names names;
	struct diags diags;
	struct types types;
	struct target target;
	struct check_options options;
	struct check check;
	struct image *image;
	struct lower_result lowered;
	struct bc_btf *btf;
	struct vm *vm;
	struct btf_bytes *kernel;	/* the made-up kernel's types */
	bool lacks[FEATURE_COUNT];	/* what this kernel has not */
};

/* The plain target where this is built for a big-endian machine has no table of system calls. */
#define NO_SYSCALLS (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

/* Addresses in the made-up kernel. */
#define TASK_ADDRESS 0xffffa00000010000ull
#define PARENT_ADDRESS 0xffffa00000020000ull
#define USER_ADDRESS 0x7f0000001000ull

/* Before compiling, `target` and `options` may be changed. */
void lower_help_open(struct lower_help *h);
void lower_help_close(struct lower_help *h);
/* Fails the test on any diagnostic. */
void lower_help_compile(struct lower_help *h, const char *script);

/* Run program n on `ctx`; fails the test if it is refused. Returns r0. */
uint64_t lower_help_run(struct lower_help *h, uint32_t n, const void *ctx, size_t size);
/* The same without context. */
uint64_t lower_help_fire(struct lower_help *h, uint32_t n);

/* Value of the scalar map `name`, which is a cell; of `cpu` if it has one a CPU. */
uint64_t *lower_help_cell(struct lower_help *h, const char *name, uint32_t cpu);
/* The integer in the scalar map `name`, of its own size. */
int64_t lower_help_scalar(struct lower_help *h, const char *name);
/* Counters of the first program, by enum image_loss. */
uint64_t *lower_help_losses(struct lower_help *h);

/* How often the helper failed at the column of the script's line, and the last code. */
const uint64_t *lower_help_failure(struct lower_help *h, const char *helper, uint32_t col);

/* Value of a key of a keyed map; NULL if it is not there. */
void *lower_help_elem(struct lower_help *h, const char *name, const void *key, uint32_t cpu);
const struct script_map *lower_help_map(struct lower_help *h, const char *name);

/* Record n: its action; *data is its bytes. */
const struct image_action *lower_help_record(struct lower_help *h, size_t n, const uint8_t **data);
/* Field i of record n: bytes and (real) length. */
const void *lower_help_field(struct lower_help *h, size_t n, size_t i, uint32_t *len);

/* Open, compile, fire the first program, and leave the result to look at. */
void lower_help_script(struct lower_help *h, const char *script);

#endif
