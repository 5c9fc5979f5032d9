/*
 * Text of values and maps, as the interpreter of the tree believes it to be.
 */
#include "out/text.h"
#include "out/value.h"
#include "tests/differential/tree_impl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void print_number(struct sbuf *out, uint64_t n, bool is_signed)
{
	if (is_signed)
		sbuf_printf(out, "%" PRId64, (int64_t)n);
	else
		sbuf_printf(out, "%" PRIu64, n);
}

static void print_items(struct tree *t, struct sbuf *out, const struct val *v,
			const struct type *type)
{
	for (size_t i = 0; i < v->nr; i++) {
		const struct type *item = type->kind == TYPE_ARRAY ? type->target
								   : type->fields[i].type;

		if (i)
			sbuf_puts(out, type->kind == TYPE_ARRAY ? "," : ", ");
		if (type->kind == TYPE_RECORD)
			sbuf_printf(out, ".%s = ", type->fields[i].name);
		val_print(t, out, &v->items[i], item);
	}
}

static void print_enum(struct sbuf *out, uint64_t n, const struct type *type)
{
	const struct type_enum *e = type->enumeration;

	for (size_t i = 0; i < e->nr_items; i++) {
		if (e->items[i].value == n) {
			sbuf_puts(out, e->items[i].name);
			return;
		}
	}
	print_number(out, n, e->is_signed);
}

static void print_struct(struct tree *t, struct sbuf *out, const struct val *v,
			 const struct type *type)
{
	size_t n;
	const struct type_field *f = type_struct_fields(t->check->types, type->structure, &n);

	sbuf_puts(out, "{ ");
	for (size_t i = 0; i < n; i++) {
		struct val part = tree_load_field(t, &f[i], (const uint8_t *)v->s + f[i].offset_bytes);

		sbuf_printf(out, "%s.%s = ", i ? ", " : "", f[i].name);
		val_print(t, out, &part, f[i].type);
	}
	sbuf_puts(out, " }");
}

static void print_string(struct tree *t, struct sbuf *out, const struct val *v,
			 const struct type *type)
{
	sbuf_add(out, v->s, v->len);
	if (v->len < type->size_bytes || type->kind == TYPE_CHARS)
		return;
	hit(t, STRING_CUT);
	sbuf_puts(out, t->check->config.str_trunc_trailer);
}

void val_print(struct tree *t, struct sbuf *out, const struct val *v, const struct type *type)
{
	switch (type->kind) {
	case TYPE_BOOL:
		sbuf_puts(out, v->n ? "true" : "false");
		break;
	case TYPE_STRING:
	case TYPE_CHARS:
		print_string(t, out, v, type);
		break;
	case TYPE_POINTER:
		sbuf_printf(out, "0x%" PRIx64, v->n);
		break;
	case TYPE_ENUM:
		print_enum(out, v->n, type);
		break;
	case TYPE_STRUCT:
		print_struct(t, out, v, type);
		break;
	case TYPE_BUFFER:
		sbuf_add(out, v->s, v->len);
		break;
	case TYPE_TUPLE:
		sbuf_putc(out, '(');
		print_items(t, out, v, type);
		sbuf_putc(out, ')');
		break;
	case TYPE_RECORD:
		sbuf_puts(out, "{ ");
		print_items(t, out, v, type);
		sbuf_puts(out, " }");
		break;
	case TYPE_ARRAY:
		sbuf_putc(out, '[');
		print_items(t, out, v, type);
		sbuf_putc(out, ']');
		break;
	case TYPE_STATS:
		sbuf_printf(out, "{ .count = %" PRIu64 ", .average = ", v->items[0].n);
		print_number(out, v->items[1].n, type->is_signed);
		sbuf_puts(out, ", .total = ");
		print_number(out, v->items[2].n, type->is_signed);
		sbuf_puts(out, " }");
		break;
	default:
		print_number(out, v->n, type->is_signed);
	}
}

/* ---- printf ---- */

static uint64_t cut(uint64_t n, unsigned bytes, bool is_signed)
{
	unsigned drop = 64 - 8 * bytes;

	return is_signed ? (uint64_t)((int64_t)(n << drop) >> drop) : n << drop >> drop;
}

static void convert(struct tree *t, struct sbuf *out, const struct image_conversion *c,
		    const struct val *v, const struct type *type)
{
	uint64_t n = cut(v->n, c->int_bytes ? c->int_bytes : 8, c->kind == CONV_SIGNED);

	switch (c->kind) {
	case CONV_SIGNED: sbuf_printf(out, c->plus ? "%+" PRId64 : "%" PRId64, (int64_t)n); break;
	case CONV_UNSIGNED: sbuf_printf(out, "%" PRIu64, n); break;
	case CONV_OCTAL: sbuf_printf(out, c->alternate ? "%#" PRIo64 : "%" PRIo64, n); break;
	case CONV_HEX: sbuf_printf(out, c->alternate ? "%#" PRIx64 : "%" PRIx64, n); break;
	case CONV_HEX_UPPER: sbuf_printf(out, c->alternate ? "%#" PRIX64 : "%" PRIX64, n); break;
	case CONV_CHAR: sbuf_putc(out, (char)v->n); break;
	case CONV_STRING:
	case CONV_BUFFER_TEXT: val_print(t, out, v, type); break;
	default: tree_fail(t, "unknown conversion");
	}
}

static void pad(struct sbuf *out, const struct image_conversion *c, const struct sbuf *text)
{
	size_t fill = text->len < c->width ? c->width - text->len : 0;

	if (!c->left)
		sbuf_fill(out, ' ', fill);
	sbuf_add(out, sbuf_text(text), text->len);
	if (c->left)
		sbuf_fill(out, ' ', fill);
}

void tree_printf(struct tree *t, struct sbuf *out, const struct node *call, const struct val *args)
{
	const struct format *f = call->u.call.aux;
	const struct format_piece *p;

	vec_each(p, &f->pieces) {
		struct sbuf text = { 0 };

		if (p->text) {
			sbuf_add(out, p->text, p->len);
			continue;
		}
		convert(t, &text, &p->conv, &args[p->conv.field],
			call->u.call.args.at[p->conv.field + 1]->type);
		pad(out, &p->conv, &text);
		sbuf_close(&text);
	}
}

/* ---- maps ---- */

struct sorting {
	const struct type *key, *value;
};

static uint64_t bucket_sum(const struct tree_entry *e, const struct type *value)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < tree_hist_buckets(value); i++)
		sum += e->buckets[i];
	return sum;
}

static int order_values(const struct tree_entry *a, const struct tree_entry *b,
			const struct type *type)
{
	struct val x = { .n = tree_aggregate_read(type, a) };
	struct val y = { .n = tree_aggregate_read(type, b) };

	if (type->kind == TYPE_HIST || type->kind == TYPE_LHIST) {
		x.n = bucket_sum(a, type);
		y.n = bucket_sum(b, type);
		return (x.n > y.n) - (x.n < y.n);
	}
	if (type_is_aggregate(type))
		return val_order(&x, &y, type);
	return type_is_integer(type) ? val_order(&a->value, &b->value, type) : 0;
}

static int order_entries(const void *a, const void *b, void *arg)
{
	const struct tree_entry *const *x = a, *const *y = b;
	const struct sorting *s = arg;
	int order = order_values(*x, *y, s->value);

	return order || !s->key ? order : val_order(&(*x)->key, &(*y)->key, s->key);
}

/* The picture of a histogram is left to the printer. */
static void print_hist(struct tree *t, struct sbuf *out, const struct tree_entry *e,
		       const struct type *type)
{
	size_t buckets = tree_hist_buckets(type);
	struct value_layout layout = {
		.kind = type->kind == TYPE_HIST ? VALUE_HIST : VALUE_LHIST,
		.size_bytes = (uint32_t)buckets * 8,
		.param = { type->param[0], type->param[1], type->param[2] },
	};
	struct value_decoder d = { .arena = t->arena };
	struct sonde_value v;

	if (!value_decode(&d, &layout, e->buckets, buckets * 8, &v))
		text_value(out, &v);
}

static void print_key(struct tree *t, struct sbuf *out, const struct tree_entry *e,
		      const struct type *key)
{
	struct sbuf text = { 0 };

	val_print(t, &text, &e->key, key);
	sbuf_putc(out, '[');
	if (key->kind == TYPE_TUPLE && text.len >= 2)
		sbuf_add(out, text.at + 1, text.len - 2);
	else
		sbuf_add(out, sbuf_text(&text), text.len);
	sbuf_putc(out, ']');
	sbuf_close(&text);
}

static void print_entry(struct tree *t, struct sbuf *out, const struct tree_map *m,
			const struct tree_entry *e, uint64_t div)
{
	const struct type *value = m->map->value;
	struct val parts[3] = { { .n = e->count }, { 0 }, { .n = e->total } }, v = e->value;

	sbuf_printf(out, "@%s", m->map->name);
	if (!m->map->is_scalar)
		print_key(t, out, e, m->map->key);
	if (tree_hist_buckets(value)) {
		sbuf_puts(out, ":\n");
		print_hist(t, out, e, value);
		sbuf_putc(out, '\n');
		return;
	}
	if (type_is_aggregate(value)) {
		parts[1].n = v.n = tree_aggregate_read(value, e);
		v.items = parts;
	}
	(void)div;
	sbuf_puts(out, ": ");
	if (value->kind == TYPE_TSERIES)
		print_number(out, v.n, type_series_signed(value));
	else
		val_print(t, out, &v, value);
	sbuf_putc(out, '\n');
}

void tree_print_map(struct tree *t, struct sbuf *out, const struct tree_map *m, bool at_exit,
		    uint64_t top, uint64_t div)
{
	struct sorting s = { m->map->is_scalar ? NULL : m->map->key, m->map->value };
	size_t n = m->entries.n, first = top && top < n ? n - (size_t)top : 0;
	struct tree_entry **sorted = arena_array(t->arena, struct tree_entry *, n + 1);

	if (!n && m->map->is_scalar && !at_exit && !tree_hist_buckets(m->map->value) &&
	    m->map->value->kind != TYPE_TSERIES) {
		struct tree_entry none = { .value = val_zero(t, m->map->value) };

		print_entry(t, out, m, &none, div);
	}
	if (n)
		memcpy(sorted, m->entries.at, n * sizeof(*sorted));
	qsort_r(sorted, n, sizeof(*sorted), order_entries, &s);
	for (size_t i = first; i < n; i++)
		print_entry(t, out, m, sorted[i], div);
}

/* ---- events ---- */

void tree_emit(struct tree *t, struct sbuf *text)
{
	struct tree_event e = { .kind = EVENT_TEXT, .len = text->len };

	e.text = arena_strndup(t->arena, sbuf_text(text), text->len);
	vec_push(t->arena, &t->events, e);
	sbuf_close(text);
}

void tree_runtime_error(struct tree *t, struct loc loc)
{
	const struct source *source = NULL;
	uint32_t line = 0, col = 0;
	struct sbuf out = { 0 };

	source_line_col(t->check->diags, loc.begin, &source, &line, &col);
	sbuf_printf(&out, "!%u:%u\n", line, col);
	tree_emit(t, &out);
}
