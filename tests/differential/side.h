/*
 * A program on its way: compiled through the library's stages, run on the
 * interpreter of bytecode and on the kernel.
 *
 * Both sides give one text: what printf and print make, maps as they are
 * printed, runtime warnings as "!LINE:COL", and "!..." for what must not happen
 * (losses, failed helpers, messages).
 */
#ifndef SONDE_TESTS_SIDE_H
#define SONDE_TESTS_SIDE_H

#include "bpf/bpf.h"
#include "check/check.h"
#include "lower/lower.h"
#include "sonde.h"
#include "target/target.h"

struct compiled {
	struct arena arena;
	struct names names;
	struct diags diags;
	struct types types;
	struct check_options options;
	struct check check;
	struct lower_result lowered;
	struct bc_btf *btf;
	struct image *image;
};

/* The target is borrowed. Stage by stage, since the tree is run in between.
 * side_check returns false when the script has errors: they are in diags. */
void side_open(struct compiled *c, struct target *target, const char *const *params,
	       size_t nr_params);
void side_close(struct compiled *c);
bool side_check(struct compiled *c, const char *text);
/* NULL, or what went wrong. */
const char *side_emit(struct compiled *c);

/* Does what was compiled need helpers that the target's kernel lacks? They are in diags. */
bool side_needs(struct compiled *c);

/* Run on the interpreter of bytecode. NULL, or why it was refused (in `why`). */
const char *side_vm(struct compiled *c, struct sbuf *out, char why[256]);

/* Load, run begin and end probes, print maps. 0 or a negative errno. */
int side_live(struct compiled *c, struct sbuf *out);

/* The text of one event. */
void side_event(struct sbuf *out, const struct sonde_event *e);

/* The text of all errors in diags. */
void side_errors(const struct compiled *c, struct sbuf *out);

#endif
