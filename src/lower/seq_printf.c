/*
 * printf of a pinned iterator: bpf_seq_printf(), which writes to whoever reads the pin,
 * for then we are gone. It takes integers and strings, with a format in its own words.
 */
#include "base/sbuf.h"
#include "lower/internal.h"

#include <errno.h>

enum { VALUES_MAX = 12 };

static const char *const letters[] = {
	[CONV_SIGNED] = "lld", [CONV_UNSIGNED] = "llu", [CONV_HEX] = "llx",
	[CONV_HEX_UPPER] = "llX", [CONV_CHAR] = "c", [CONV_POINTER] = "llx", [CONV_STRING] = "s",
};

#define NR_LETTERS (sizeof(letters) / sizeof(letters[0]))

bool lower_is_pinned(const struct gen *g)
{
	return g->prog->provider->attach == ATTACH_ITER && g->prog->nr_sites &&
	       g->prog->sites[0]->image.path;
}

static void add_conversion(struct sbuf *text, const struct image_conversion *conv)
{
	sbuf_puts(text, conv->kind == CONV_POINTER ? "0x%" : "%");
	if (conv->left)
		sbuf_puts(text, "-");
	if (conv->plus)
		sbuf_puts(text, "+");
	if (conv->zero)
		sbuf_puts(text, "0");
	if (conv->width)
		sbuf_printf(text, "%u", conv->width);
	sbuf_puts(text, letters[conv->kind]);
}

/* The format with its NUL, in a map that programs only read. */
static struct ir_insn *put_format(struct gen *g, const struct format *f, uint32_t *size)
{
	struct sbuf text = { 0 };
	const struct format_piece *p;
	uint32_t map;

	vec_each(p, &f->pieces) {
		if (!p->text)
			add_conversion(&text, &p->conv);
		for (size_t i = 0; p->text && i < p->len; i++)
			sbuf_puts(&text, p->text[i] == '%' ? "%%" : (char[]){ p->text[i], '\0' });
	}
	*size = (uint32_t)text.len + 1;
	map = lower_add_rodata(g->l, "printf", sbuf_text(&text), *size);
	sbuf_close(&text);
	return ir_map_value(g->b.func, map, 0);
}

/* Can the kernel print it so? */
static bool is_printable(const struct image_conversion *conv, const struct type *t)
{
	if ((size_t)conv->kind >= NR_LETTERS || !letters[conv->kind] || conv->alternate)
		return false;
	return conv->kind == CONV_STRING ? t->kind == TYPE_STRING : lower_is_scalar(t);
}

static bool check_printable(struct gen *g, const struct node *n, const struct format *f)
{
	const struct format_piece *p;

	if (f->nr_values > VALUES_MAX) {
		diag_error(g->c->diags, n->loc, DIAG_BAD_FORMAT,
			   "printf() of a pinned iterator takes at most %d values", VALUES_MAX);
		return false;
	}
	vec_each(p, &f->pieces) {
		const struct node *value = p->text ? NULL : n->u.call.args.at[1 + p->conv.field];

		if (!value || is_printable(&p->conv, value->type))
			continue;
		diag_error(g->c->diags, value->loc, DIAG_BAD_FORMAT,
			   "printf() of a pinned iterator takes d, u, x, c and p of integers, "
			   "and s of strings");
		return false;
	}
	return true;
}

static struct ir_insn *argument(struct gen *g, struct node *n, const struct image_conversion *conv)
{
	unsigned bytes = conv->int_bytes ? conv->int_bytes : 8;
	struct ir_insn *v;

	if (lower_is_scalar(n->type)) {
		v = lower_value(g, n);
		return bytes < 8 ? ir_emit_ext(&g->b, v, bytes, conv->kind == CONV_SIGNED) : v;
	}
	v = lower_object(g, "text", (n->type->size_bytes + 8) / 8 * 8, 8);
	lower_to(g, n, n->type, (struct dest){ .base = v });
	ir_emit_store(&g->b, 1, v, (int32_t)n->type->size_bytes, lower_const(g, 0));
	return v;
}

/* Values in the order of the conversions, each in a word. */
static struct ir_insn *put_values(struct gen *g, struct node *n, const struct format *f)
{
	uint32_t words = f->nr_values ? (uint32_t)f->nr_values : 1;
	struct ir_insn *values = lower_object(g, "values", words * 8, 8);
	const struct format_piece *p;
	int32_t at = 0;

	vec_each(p, &f->pieces) {
		if (p->text)
			continue;
		ir_emit_store(&g->b, 8, values, at,
			      argument(g, n->u.call.args.at[1 + p->conv.field], &p->conv));
		at += 8;
	}
	return values;
}

struct ir_insn *lower_seq_printf(struct gen *g, struct node *n)
{
	const struct format *f = n->u.call.aux;
	struct ir_insn *file = g->ctx ? lower_iter_file(g) : NULL, *args[5];
	uint32_t size;

	if (!check_printable(g, n, f))
		return NULL;
	if (!file) {
		diag_error(g->c->diags, n->loc, DIAG_NOT_HERE,
			   "a pinned iterator cannot print from within a function or this loop");
		return NULL;
	}
	args[3] = put_values(g, n, f);
	args[0] = file;
	args[1] = put_format(g, f, &size);
	args[2] = lower_const(g, size);
	args[4] = lower_const(g, (int64_t)f->nr_values * 8);
	ir_emit_call(&g->b, IR_CALL, BPF_FUNC_seq_printf, IR_INT, args, 5);
	return NULL;
}
