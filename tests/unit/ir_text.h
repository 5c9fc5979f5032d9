/*
 * For tests of the IR: a module with one func, and its dump as text.
 */
#ifndef TESTS_UNIT_IR_TEXT_H
#define TESTS_UNIT_IR_TEXT_H

#include "ir/ir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct ir_fix {
	struct arena a;
	struct ir_module *m;
	struct ir_func *f;
	struct ir_builder b;	/* in the entry */
	char *text;		/* of the last dump */
};

/* An entry func of (ctx, int), the builder in its first block. */
static inline void ir_fix_open(struct ir_fix *x)
{
	static const enum ir_type params[] = { IR_CTX, IR_INT };

	memset(x, 0, sizeof(*x));
	arena_init(&x->a);
	x->m = ir_module_new(&x->a, "test");
	x->f = ir_func_new(x->m, "entry", params, 2);
	x->b.func = x->f;
	x->b.block = ir_block_new(x->f);
}

static inline void ir_fix_close(struct ir_fix *x)
{
	free(x->text);
	arena_free(&x->a);
}

static inline struct ir_block *ir_fix_block(struct ir_fix *x)
{
	return ir_block_new(x->f);
}

static inline void ir_fix_seal_all(struct ir_fix *x)
{
	for (size_t i = 0; i < x->f->blocks.n; i++)
		ir_seal(x->f->blocks.at[i]);
}

static inline void ir_fix_verify(struct ir_fix *x)
{
	const char *why;

	if (!ir_verify(x->m, &why)) {
		ir_dump(x->m, stderr);
		fail_msg("%s", why);
	}
}

/* Verify, renumber, dump; without the line that names the module. */
static inline const char *ir_fix_text(struct ir_fix *x)
{
	size_t len;
	FILE *out;

	ir_fix_verify(x);
	for (size_t i = 0; i < x->m->funcs.n; i++)
		ir_renumber(x->m->funcs.at[i]);
	free(x->text);
	out = open_memstream(&x->text, &len);
	ir_dump(x->m, out);
	fclose(out);
	return strchr(x->text, '\n') + 1;
}

#define ir_fix_expect(x, ...)								\
	assert_string_equal(ir_fix_text(x), "func 0 entry(ctx, int)\n" __VA_ARGS__)

#endif
