/*
 * strerror, signal_name, syscall_name: a number's text, looked up by the program.
 *
 * The texts of a table lie side by side in a map that programs only read, each
 * in 64 bytes; behind the last stands what all other numbers are called. A
 * table is added to the image when a script first asks for it.
 */
#include "lower/internal.h"
#include "lower/text_tables.h"

#include <string.h>

#define TEXT_BYTES 64

struct table {
	const char *name, *otherwise;
	const char *(*text)(const struct lower *l, size_t number);
	size_t count;
	bool negates;		/* -5 means 5 */
};

static const char *error_text(const struct lower *l, size_t number)
{
	(void)l;
	return error_texts[number];
}

static const char *signal_text(const struct lower *l, size_t number)
{
	(void)l;
	return signal_texts[number];
}

static const char *syscall_text(const struct lower *l, size_t number)
{
	return probes_syscall_name(l->c->target->arch->name, (int)number);
}

static uint32_t add_table(struct lower *l, const struct table *t)
{
	uint32_t size = (uint32_t)(t->count + 1) * TEXT_BYTES;
	char *bytes = arena_alloc(l->arena, size);

	memset(bytes, 0, size);
	for (size_t i = 0; i <= t->count; i++) {
		const char *text = i < t->count ? t->text(l, i) : NULL;
		size_t len = strlen(text ? text : t->otherwise);

		assert(len < TEXT_BYTES);
		memcpy(bytes + i * TEXT_BYTES, text ? text : t->otherwise, len);
	}
	return lower_add_rodata(l, t->name, bytes, size);
}

/* *map: the table's map plus 1; 0: not there yet. */
static struct ir_insn *put_text(struct gen *g, struct node *n, const struct dest *d,
				const struct table *t, uint32_t *map)
{
	const struct type *text = type_string(g->c->types, TEXT_BYTES);
	struct ir_insn *number = lower_value(g, n->u.call.args.at[0]), *at;

	if (!*map)
		*map = add_table(g->l, t) + 1;
	number = ir_emit_ext(&g->b, number, 4, true);
	if (t->negates) {
		struct ir_block *negative = lower_block(g, false), *next = lower_block(g, false);
		struct ir_var *v = ir_var_new(g->b.func, "number", IR_INT);

		ir_var_write(&g->b, v, number);
		ir_emit_branch(&g->b, IR_SLT, number, lower_const(g, 0), negative, next);
		lower_enter(g, negative);
		ir_var_write(&g->b, v,
			     ir_emit_binary(&g->b, IR_SUB, lower_const(g, 0), number));
		ir_emit_jump(&g->b, next);
		lower_enter(g, next);
		number = ir_var_read(&g->b, v);
	}
	/* What is still negative is a large number here. */
	number = lower_at_most(g, number, (uint32_t)t->count);
	at = ir_emit_binary(&g->b, IR_ADD, ir_map_value(g->b.func, *map - 1, 0),
			    ir_emit_binary_imm(&g->b, IR_MUL, number, TEXT_BYTES));
	lower_copy(g, *d, text, lower_at(at, 0), text);
	return NULL;
}

#define TEXT_CALL(name)									\
struct ir_insn *lower_call_##name(struct gen *g, struct node *n, const struct dest *d);	\
struct ir_insn *lower_call_##name(struct gen *g, struct node *n, const struct dest *d)

TEXT_CALL(strerror)
{
	const struct table t = { "errors", "Unknown error", error_text, nr_error_texts, true };

	return put_text(g, n, d, &t, &g->l->error_map);
}

TEXT_CALL(signal_name)
{
	const struct table t = { "signals", "N/A", signal_text, nr_signal_texts, false };

	return put_text(g, n, d, &t, &g->l->signal_map);
}

TEXT_CALL(syscall_name)
{
	const struct table t = { "syscall_names", "Unknown syscall", syscall_text,
				 probes_nr_syscalls(g->c->target->arch->name), false };

	return put_text(g, n, d, &t, &g->l->syscall_map);
}
