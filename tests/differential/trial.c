/*
 * See trial.h.
 */
#include "tests/differential/trial.h"

#include "tests/differential/gen.h"
#include "tests/differential/side.h"
#include "tests/differential/tree.h"
#include "tests/differential/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIAL_SECONDS 300	/* emulated machines are slow */

const char *const trial_texts[TRIAL_RESULTS] = {
	[TRIAL_PASSED] = "passed", [TRIAL_REFUSED] = "has errors",
	[TRIAL_OLD_KERNEL] = "needs a newer kernel",
	[TRIAL_UNKNOWN] = "cannot be interpreted", [TRIAL_EMIT] = "cannot be compiled",
	[TRIAL_VM_REFUSED] = "is refused by the interpreter of bytecode",
	[TRIAL_VM_DIFFERS] = "differs on the interpreter of bytecode",
	[TRIAL_LOAD] = "is refused by the kernel", [TRIAL_LIVE_DIFFERS] = "differs on the kernel",
	[TRIAL_CRASHED] = "crashes",
};

static void keep(char *to, const struct sbuf *text)
{
	size_t len = text->len < TRIAL_TEXT - 1 ? text->len : TRIAL_TEXT - 1;

	memcpy(to, sbuf_text(text), len);
	to[len] = '\0';
	/* NULs are data of a printf's %c. */
	for (size_t i = 0; i < len; i++)
		if (!to[i])
			to[i] = '\1';
}

static enum trial_result fail(struct trial *t, enum trial_result result, const char *why)
{
	snprintf(t->why, sizeof(t->why), "%s", why);
	return result;
}

/* Does a message say what this kernel lacks, and from which version on kernels have it? */
static bool names_version(const struct compiled *c, const char *text)
{
	static const char *const words[] = { "kernels from ", "kernels before " };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = strstr(text, words[i]);
		unsigned major, minor;

		if (at && sscanf(at + strlen(words[i]), "%u.%u", &major, &minor) == 2 &&
		    c->check.target->kernel_version < (major << 16 | minor << 8))
			return true;
	}
	return false;
}

/* What this kernel refuses, for what reason. */
static enum trial_result refuse(struct trial *t, const struct compiled *c,
				enum trial_result result, const char *why)
{
	return fail(t, t->is_live && names_version(c, why) ? TRIAL_OLD_KERNEL : result, why);
}

static enum trial_result compare(struct trial *t, struct sbuf *want, struct sbuf *got,
				 enum trial_result otherwise)
{
	if (want->len == got->len && !memcmp(sbuf_text(want), sbuf_text(got), want->len))
		return TRIAL_PASSED;
	keep(t->want, want);
	keep(t->got, got);
	return otherwise;
}

static enum trial_result run_vm(struct trial *t, struct compiled *c, struct sbuf *want)
{
	struct sbuf got = { 0 };
	char why[256] = "";
	enum trial_result result;

	if (side_vm(c, &got, why))
		result = fail(t, TRIAL_VM_REFUSED, why);
	else
		result = compare(t, want, &got, TRIAL_VM_DIFFERS);
	sbuf_close(&got);
	return result;
}

static enum trial_result run_live(struct trial *t, struct compiled *c, struct sbuf *want)
{
	struct sbuf got = { 0 };
	enum trial_result result;

	if (side_live(c, &got)) {
		keep(t->got, &got);
		result = refuse(t, c, TRIAL_LOAD, t->got);
	} else {
		result = compare(t, want, &got, TRIAL_LIVE_DIFFERS);
	}
	sbuf_close(&got);
	return result;
}

/* Compile what was checked. */
static enum trial_result emit(struct trial *t, struct compiled *c)
{
	const char *why = side_emit(c);
	struct sbuf errors = { 0 };
	enum trial_result result = why ? fail(t, TRIAL_EMIT, why) : TRIAL_PASSED;

	/* Made-up machines have all helpers. */
	if (!why && t->is_live && side_needs(c)) {
		side_errors(c, &errors);
		result = refuse(t, c, TRIAL_REFUSED, sbuf_text(&errors));
		sbuf_close(&errors);
	}
	return result;
}

/* Compile for one target and run there. */
static enum trial_result run_for(struct trial *t, struct compiled *c, const char *text,
				 struct cover *cover)
{
	struct sbuf want = { 0 };
	enum trial_result result = TRIAL_PASSED;
	const char *why;

	if (!side_check(c, text)) {
		side_errors(c, &want);
		result = refuse(t, c, TRIAL_REFUSED, sbuf_text(&want));
		sbuf_close(&want);
		return result;
	}
	why = tree_run(&c->check, &c->arena, cover, &want);
	if (why)
		result = fail(t, TRIAL_UNKNOWN, why);
	if (!result)
		result = emit(t, c);
	if (!result)
		result = run_vm(t, c, &want);
	if (!result && t->is_live)
		result = run_live(t, c, &want);
	if (!result)
		keep(t->want, &want);
	sbuf_close(&want);
	return result;
}

static void run_target(struct trial *t, struct target *target, uint32_t cut_weight,
		       const char *text, struct cover *cover)
{
	struct compiled c;

	side_open(&c, target, gen_params, gen_nr_params);
	c.options.cut_weight = cut_weight;
	t->result = run_for(t, &c, text, cover);
	side_close(&c);
}

void trial_run(struct trial *t, const struct trial_sides *sides, const char *text,
	       struct cover *cover)
{
	struct world w;

	t->why[0] = t->want[0] = t->got[0] = '\0';
	t->variant = sides->variant;
	t->is_live = false;
	world_open(&w, sides->variant);
	run_target(t, &w.target, sides->cut_weight, text, cover);
	world_close(&w);
	if (t->result || !sides->live)
		return;
	t->is_live = true;
	run_target(t, sides->live, sides->cut_weight, text, cover);
}

void trial_run_apart(struct trial *t, const struct trial_sides *sides, const char *text,
		     struct cover *cover)
{
	int status = 0;
	pid_t pid;

	fflush(NULL);
	t->result = TRIAL_CRASHED;
	pid = fork();
	if (pid == 0) {
		alarm(TRIAL_SECONDS);
		trial_run(t, sides, text, cover);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (status)
		t->result = TRIAL_CRASHED;
}
