/*
 * Helpers that fail while the script runs.
 *
 * Each place where one may fail has two words in the control block: how often it
 * did, and (an s32) the last code. The runtime looks at them now and then, and tells of a
 * place when it fails for the first time and at the end. So a failure costs an
 * add, however often it comes, and no place in the event buffer.
 */
#include "lower/internal.h"

#include <string.h>

#define FAILURE_BYTES 16
#define CODE_OFFSET 8

/* What tells one failure from another, as bytes. */
static const char *key_of(struct lower *l, const struct image_failure *f)
{
	const char *key = arena_printf(l->arena, "%s|%s", f->helper, f->text ? f->text : "");

	for (const struct image_place *p = &f->place; p; p = p->from)
		key = arena_printf(l->arena, "%s|%s:%u:%u-%u:%u", key, p->file ? p->file : "",
				   (unsigned)p->line, (unsigned)p->col, (unsigned)p->end_line,
				   (unsigned)p->end_col);
	return key;
}

/* Bodies are compiled once for each group of attach points: one for all. */
static const struct image_failure *failure_of(struct gen *g, const char *helper, const char *text)
{
	struct lower *l = g->l;
	struct image_failure f = {
		.helper = arena_strdup(&l->image->arena, helper),
		.text = text ? arena_strdup(&l->image->arena, text) : NULL,
		.place = lower_image_place(l, g->at), .prog = g->index,
	};
	const char *key = key_of(l, &f);
	size_t known = (uintptr_t)hmap_find(&l->failures, key, strlen(key));

	if (known) {
		struct image_failure *old = &l->image->failures.at[known - 1];

		if (old->prog != f.prog)
			old->prog = UINT32_MAX;
		return old;
	}
	f.offset = lower_control_word(l, FAILURE_BYTES);
	vec_push(&l->image->arena, &l->image->failures, f);
	known = l->image->failures.n;
	hmap_set(&l->failures, key, strlen(key), (void *)(uintptr_t)known);
	return &l->image->failures.at[known - 1];
}

bool lower_tells_all(const struct gen *g)
{
	return g->l->c->options->warnings_level >= 2;
}

void lower_failed(struct gen *g, const char *helper, const char *text, struct ir_insn *code)
{
	struct ir_insn *counter;

	if (g->l->c->options->warnings_level < 1 || !g->b.block)
		return;
	counter = lower_control(g, failure_of(g, helper, text)->offset);
	ir_emit_atomic(&g->b, IR_ATOMIC_ADD, 8, false, counter, 0, lower_const(g, 1), NULL);
	/* In a loop the verifier would follow each code through all turns: the usual one
	 * is told. */
	if (g->loop)
		return;
	/* An int: before Linux 6.4 its upper half is anything where the kernel calls the
	 * map's function rather than the helper. */
	ir_emit_store(&g->b, 4, counter, CODE_OFFSET, code);
}

void lower_read_failed(struct gen *g, const char *helper, struct ir_insn *code)
{
	if (lower_tells_all(g))
		lower_failed(g, helper, NULL, code);
	else
		lower_loss(g, IMAGE_LOSS_READ);
}

static void failed_if(struct gen *g, const char *helper, struct ir_insn *code, bool is_read)
{
	struct ir_block *failed = lower_block(g, true), *next = lower_block(g, false);

	ir_emit_branch(&g->b, IR_NE, code, lower_const(g, 0), failed, next);
	lower_enter(g, failed);
	if (is_read)
		lower_read_failed(g, helper, code);
	else
		lower_failed(g, helper, NULL, code);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

void lower_failed_if(struct gen *g, const char *helper, struct ir_insn *code)
{
	failed_if(g, helper, code, false);
}

void lower_read_failed_if(struct gen *g, const char *helper, struct ir_insn *code)
{
	failed_if(g, helper, code, true);
}
