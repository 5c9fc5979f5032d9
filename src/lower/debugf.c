/*
 * debugf: bpf_trace_printk(), with a format in the words of that helper.
 */
#include "base/sbuf.h"
#include "lower/internal.h"

enum { VALUES_MAX = 3 };

static const char *const letters[] = {
	[CONV_SIGNED] = "d", [CONV_UNSIGNED] = "u", [CONV_HEX] = "x", [CONV_POINTER] = "p",
	[CONV_STRING] = "s",
};

static void add_piece(struct sbuf *text, const struct format_piece *p)
{
	bool is_number = p->conv.kind == CONV_SIGNED || p->conv.kind == CONV_UNSIGNED ||
			 p->conv.kind == CONV_HEX;

	if (!p->text) {
		sbuf_printf(text, "%%%s%s", is_number && p->conv.int_bytes == 8 ? "ll" : "",
			    letters[p->conv.kind]);
		return;
	}
	for (size_t i = 0; i < p->len; i++)
		sbuf_puts(text, p->text[i] == '%' ? "%%" : (char[]){ p->text[i], '\0' });
}

/* The format with its NUL, in a map that programs only read. */
static struct ir_insn *put_format(struct gen *g, const struct format *f, uint32_t *size)
{
	struct sbuf text = { 0 };
	uint32_t map;

	for (size_t i = 0; i < f->pieces.n; i++)
		add_piece(&text, &f->pieces.at[i]);
	*size = (uint32_t)text.len + 1;
	map = lower_add_rodata(g->l, "debugf", sbuf_text(&text), *size);
	sbuf_close(&text);
	return ir_map_value(g->b.func, map, 0);
}

static struct ir_insn *argument(struct gen *g, struct node *n)
{
	struct ir_insn *object;

	if (lower_is_scalar(n->type))
		return lower_value(g, n);
	object = lower_object(g, "text", (n->type->size_bytes + 8) / 8 * 8, 8);
	lower_to(g, n, n->type, (struct dest){ .base = object });
	ir_emit_store(&g->b, 1, object, (int32_t)n->type->size_bytes, lower_const(g, 0));
	return object;
}

struct ir_insn *lower_call_debugf(struct gen *g, struct node *n, const struct dest *d);
struct ir_insn *lower_call_debugf(struct gen *g, struct node *n, const struct dest *d)
{
	struct ir_insn *args[2 + VALUES_MAX];
	uint32_t count = 2, size;

	(void)d;
	for (size_t i = 1; i < n->u.call.args.n; i++)
		args[count++] = argument(g, n->u.call.args.at[i]);
	args[0] = put_format(g, n->u.call.aux, &size);
	args[1] = lower_const(g, size);
	ir_emit_call(&g->b, IR_CALL, BPF_FUNC_trace_printk, IR_INT, args, count);
	return NULL;
}
