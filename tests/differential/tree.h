/*
 * A plain interpreter of the checked tree: what a script must print.
 *
 * In: a script after check_run. Out: the text of all it prints, in the form
 * that the other sides give it (see side.h). It knows nothing of lowering, and
 * must run before it. Only what the generator makes is understood: anything
 * else ends with a reason.
 */
#ifndef SONDE_TESTS_TREE_H
#define SONDE_TESTS_TREE_H

#include "base/sbuf.h"
#include "check/check.h"
#include "tests/differential/cover.h"

/* `out` gets the text. NULL, or why the script could not be interpreted
 * (static). `arena` is for work. */
const char *tree_run(struct check *c, struct arena *arena, struct cover *cover, struct sbuf *out);

#endif
