/*
 * One program on all sides, and how that went.
 */
#ifndef SONDE_TESTS_TRIAL_H
#define SONDE_TESTS_TRIAL_H

#include "tests/differential/cover.h"
#include "target/target.h"

enum trial_result {
	TRIAL_PASSED,
	TRIAL_REFUSED,		/* the script has errors */
	TRIAL_OLD_KERNEL,	/* the kernel is too old, and what it lacks was named: no failure */
	TRIAL_UNKNOWN,		/* the interpreter of the tree cannot run it */
	TRIAL_EMIT,		/* no code could be made */
	TRIAL_VM_REFUSED,	/* the interpreter of bytecode refuses it */
	TRIAL_VM_DIFFERS,
	TRIAL_LOAD,		/* the kernel refuses it */
	TRIAL_LIVE_DIFFERS,
	TRIAL_CRASHED,
	TRIAL_RESULTS
};

extern const char *const trial_texts[TRIAL_RESULTS];

#define TRIAL_TEXT 65536

/* In shared memory: survives the process that runs the trial. */
struct trial {
	enum trial_result result;
	uint64_t variant;		/* of the made-up machine that failed */
	bool is_live;			/* compiled for the live kernel */
	char why[TRIAL_TEXT];		/* messages */
	char want[TRIAL_TEXT], got[TRIAL_TEXT];
};

struct trial_sides {
	struct target *live;	/* NULL: do without the kernel */
	uint64_t variant;	/* of the made-up machine */
	uint32_t cut_weight;	/* bodies of this weight are cut into parts; 0: large ones */
};

void trial_run(struct trial *t, const struct trial_sides *sides, const char *text,
	       struct cover *cover);

/* The same in a process of its own, which may crash or hang. */
void trial_run_apart(struct trial *t, const struct trial_sides *sides, const char *text,
		     struct cover *cover);

/* Make a failing text smaller as long as it fails in the same way; `text` is
 * malloced and replaced. */
void trial_shrink(struct trial *t, const struct trial_sides *sides, char **text,
		  struct cover *cover);

#endif
