/*
 * BTF as C text: see the header.
 *
 * C writes a type around the name that it declares, BTF from the outside in: the
 * links of a declaration (pointers, arrays, functions, qualifiers) are collected
 * until a type with a name ends the chain, and written from there.
 */
#include "types/kbtf_c.h"

#include "types/kbtf_impl.h"

#include <stdio.h>
#include <string.h>

#define MAX_LINKS 32
#define MAX_DEPTH 16
#define MAX_STEPS 1000000	/* types looked at for one definition */

struct writer {
	struct kbtf *b;
	struct sbuf *out;
	int depth;		/* of definitions in definitions, for tabs */
	int nested;		/* of everything, to end what does not */
	uint32_t steps;
};

/* The links of one declaration, outermost first, down to the base. */
struct chain {
	uint32_t ids[MAX_LINKS];
	int n;
};

static void write_declaration(struct writer *w, uint32_t id, const char *name);
static void write_definition(struct writer *w, uint32_t id);

static enum kbtf_kind kind_of(const struct writer *w, uint32_t id)
{
	return kbtf_kind_of(w->b, id);
}

static bool is_link(enum kbtf_kind kind)
{
	switch (kind) {
	case KBTF_PTR: case KBTF_ARRAY: case KBTF_FUNC_PROTO: case KBTF_CONST:
	case KBTF_VOLATILE: case KBTF_RESTRICT: case KBTF_TYPE_TAG:
		return true;
	default:
		return false;
	}
}

/* What the link leads to. */
static uint32_t next_link(const struct writer *w, uint32_t id)
{
	const struct kbtf_raw *r = kbtf_raw(w->b, id);

	return kbtf_raw_kind(r) == KBTF_ARRAY ? kbtf_raw_words(r)[0] : r->size_or_type;
}

static void collect(const struct writer *w, uint32_t id, struct chain *c)
{
	c->n = 0;
	while (c->n < MAX_LINKS - 1 && is_link(kind_of(w, id))) {
		c->ids[c->n++] = id;
		id = next_link(w, id);
	}
	c->ids[c->n++] = id;
}

static const char *qualifier(enum kbtf_kind kind)
{
	switch (kind) {
	case KBTF_CONST: return "const";
	case KBTF_VOLATILE: return "volatile";
	case KBTF_RESTRICT: return "restrict";
	default: return NULL;
	}
}

static void write_name(struct writer *w, const char *name, bool is_close)
{
	if (*name && !is_close)
		sbuf_putc(w->out, ' ');
	sbuf_puts(w->out, name);
}

static const char *keyword(enum kbtf_kind kind, const struct kbtf_raw *r)
{
	switch (kind) {
	case KBTF_STRUCT: return "struct ";
	case KBTF_UNION: return "union ";
	case KBTF_ENUM: case KBTF_ENUM64: return "enum ";
	case KBTF_FWD: return kbtf_raw_flag(r) ? "union " : "struct ";
	default: return "";
	}
}

/* The type that ends a chain; one without a name is written out here. */
static void write_base(struct writer *w, uint32_t id)
{
	const struct kbtf_raw *r = kbtf_raw(w->b, id);
	enum kbtf_kind kind = kind_of(w, id);
	const char *name = kbtf_name_of(w->b, id);

	if (kind == KBTF_VOID || !r)
		sbuf_puts(w->out, "void");
	else if (*name || kind == KBTF_INT || kind == KBTF_TYPEDEF || kind == KBTF_FWD)
		sbuf_printf(w->out, "%s%s", keyword(kind, r), name);
	else
		write_definition(w, id);
}

static void write_tag(struct writer *w, uint32_t id)
{
	const char *format = kbtf_raw_flag(kbtf_raw(w->b, id)) ?
			     " __attribute__((%s))" : " __attribute__((btf_type_tag(\"%s\")))";
	char text[128];

	snprintf(text, sizeof(text), format, kbtf_name_of(w->b, id));
	sbuf_puts(w->out, text);
}

/* "(int a, char *b)" of a function. */
static void write_params(struct writer *w, uint32_t id)
{
	const struct kbtf_raw *r = kbtf_raw(w->b, id);
	const uint32_t *words = kbtf_raw_words(r);
	uint32_t n = kbtf_raw_vlen(r);

	if (!n || (n == 1 && !words[1])) {
		sbuf_puts(w->out, "(void)");
		return;
	}
	sbuf_putc(w->out, '(');
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			sbuf_puts(w->out, ", ");
		if (i == n - 1 && !words[2 * i + 1])
			sbuf_puts(w->out, "...");
		else
			write_declaration(w, words[2 * i + 1], kbtf_string(w->b, words[2 * i]));
	}
	sbuf_putc(w->out, ')');
}

/* Writes the links below position `at` of the chain around the name. `is_close`: what
 * stands before takes no blank. */
static void write_links(struct writer *w, const struct chain *c, int at, const char *name,
			bool is_close);

static void write_array(struct writer *w, const struct chain *c, int at, const char *name,
			bool is_close)
{
	uint32_t length = kbtf_raw_words(kbtf_raw(w->b, c->ids[at]))[2];
	bool is_inner;

	/* Qualifiers of the array itself are its elements' already. */
	while (at > 0 && qualifier(kind_of(w, c->ids[at - 1])))
		at--;
	if (!at) {
		write_name(w, name, is_close);
		sbuf_printf(w->out, "[%u]", length);
		return;
	}
	is_inner = kind_of(w, c->ids[at - 1]) == KBTF_ARRAY;
	if (*name && !is_close)
		sbuf_putc(w->out, ' ');
	if (!is_inner)
		sbuf_putc(w->out, '(');
	write_links(w, c, at - 1, name, true);
	sbuf_puts(w->out, is_inner ? "" : ")");
	sbuf_printf(w->out, "[%u]", length);
}

static void write_function(struct writer *w, const struct chain *c, int at, const char *name,
			   bool is_close)
{
	if (at) {
		sbuf_puts(w->out, " (");
		write_links(w, c, at - 1, name, true);
		sbuf_putc(w->out, ')');
	} else {
		write_name(w, name, is_close);
	}
	write_params(w, c->ids[at]);
}

static void write_links(struct writer *w, const struct chain *c, int at, const char *name,
			bool is_close)
{
	for (; at >= 0; at--) {
		enum kbtf_kind kind = kind_of(w, c->ids[at]);

		if (kind == KBTF_ARRAY) {
			write_array(w, c, at, name, is_close);
			return;
		}
		if (kind == KBTF_FUNC_PROTO) {
			write_function(w, c, at, name, is_close);
			return;
		}
		if (kind == KBTF_PTR)
			sbuf_puts(w->out, is_close ? "*" : " *");
		else if (kind == KBTF_TYPE_TAG)
			write_tag(w, c->ids[at]);
		else
			sbuf_printf(w->out, " %s", qualifier(kind));
		is_close = kind == KBTF_PTR;
	}
	write_name(w, name, is_close);
}

static void write_declaration(struct writer *w, uint32_t id, const char *name)
{
	struct chain c;
	int at;

	if (w->nested == MAX_DEPTH || w->steps++ > MAX_STEPS)
		return;
	w->nested++;
	collect(w, id, &c);
	at = c.n - 1;
	/* Qualifiers of the base stand before it, innermost first. */
	while (at > 0 && qualifier(kind_of(w, c.ids[at - 1])))
		sbuf_printf(w->out, "%s ", qualifier(kind_of(w, c.ids[--at])));
	write_base(w, c.ids[c.n - 1]);
	write_links(w, &c, at - 1, name, false);
	w->nested--;
}

/* ---- layout ---- */

struct layout {
	uint64_t size_bytes;
	uint32_t align_bytes;
	bool is_packed;		/* smaller or less aligned than C would have it */
};

static struct layout layout_of(struct writer *w, uint32_t id);

/* One member: its offset and width, both in bits; width 0: no bitfield. */
struct member {
	const char *name;
	uint32_t type, offset, width;
};

static struct member member_of(const struct writer *w, const struct kbtf_raw *r, uint32_t i)
{
	const uint32_t *words = kbtf_raw_words(r) + 3 * i;
	struct member m = { .name = kbtf_string(w->b, words[0]), .type = words[1] };

	m.offset = kbtf_raw_flag(r) ? words[2] & 0xffffff : words[2];
	m.width = kbtf_raw_flag(r) ? words[2] >> 24 : 0;
	return m;
}

static struct layout layout_of_members(struct writer *w, const struct kbtf_raw *r)
{
	struct layout l = { .size_bytes = r->size_or_type, .align_bytes = 1 };

	for (uint32_t i = 0; i < kbtf_raw_vlen(r); i++) {
		struct member m = member_of(w, r, i);
		struct layout of = layout_of(w, m.type);

		if (of.align_bytes > l.align_bytes)
			l.align_bytes = of.align_bytes;
		if (!m.width && m.offset % (8 * of.align_bytes))
			l.is_packed = true;
	}
	if (l.size_bytes % l.align_bytes)
		l.is_packed = true;
	if (l.is_packed)
		l.align_bytes = 1;
	return l;
}

static struct layout layout_of_size(uint64_t size_bytes)
{
	uint32_t align = size_bytes > 8 ? 8 : size_bytes ? (uint32_t)size_bytes : 1;

	return (struct layout){ .size_bytes = size_bytes, .align_bytes = align };
}

static struct layout layout_of(struct writer *w, uint32_t id)
{
	const struct kbtf_raw *r;
	struct layout l = { .align_bytes = 1 };

	id = kbtf_peel(w->b, id);
	r = kbtf_raw(w->b, id);
	if (!r || w->nested == MAX_DEPTH || w->steps++ > MAX_STEPS)
		return l;
	w->nested++;
	switch (kbtf_raw_kind(r)) {
	case KBTF_STRUCT:
	case KBTF_UNION:
		l = layout_of_members(w, r);
		break;
	case KBTF_ARRAY:
		l = layout_of(w, kbtf_raw_words(r)[0]);
		l.size_bytes *= kbtf_raw_words(r)[2];
		break;
	case KBTF_INT: case KBTF_ENUM: case KBTF_ENUM64: case KBTF_FLOAT:
		l = layout_of_size(r->size_or_type);
		break;
	case KBTF_PTR:
		l = layout_of_size(8);
		break;
	default:
		break;
	}
	w->nested--;
	return l;
}

/* ---- definitions ---- */

static void new_line(struct writer *w)
{
	sbuf_putc(w->out, '\n');
	sbuf_fill(w->out, '\t', (size_t)w->depth);
}

/* Units of padding, as members without a name. */
static const struct {
	const char *name;
	uint64_t bits;
} pads[] = { { "char", 8 }, { "short", 16 }, { "int", 32 }, { "long", 64 } };

#define NR_PADS (sizeof(pads) / sizeof(pads[0]))

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

static void write_pad(struct writer *w, size_t pad, uint64_t bits)
{
	new_line(w);
	sbuf_printf(w->out, "%s: %llu;", pads[pad].name, (unsigned long long)bits);
}

/* Whole units, then the smallest one that holds what is left. */
static void fill_gap(struct writer *w, size_t pad, uint64_t bits)
{
	size_t rest = 0;

	for (; bits >= pads[pad].bits; bits -= pads[pad].bits)
		write_pad(w, pad, pads[pad].bits);
	while (rest + 1 < NR_PADS && pads[rest].bits < bits)
		rest++;
	if (bits)
		write_pad(w, rest, bits);
}

/* What is between two members and would not be there by C's own alignment of the
 * second. Behind a bitfield a gap is bits of the same unit. */
static void write_gap(struct writer *w, uint64_t from, uint64_t to, uint32_t align_bytes,
		      bool in_bits)
{
	size_t pad = NR_PADS - 1;
	uint64_t start;
	bool needed;

	if (from >= to)
		return;
	while (pad && round_up(from, pads[pad].bits) > to)
		pad--;
	start = round_up(from, pads[pad].bits);
	if (start > to)
		start = from;
	if (start == from)
		needed = false;
	else if (start == to)
		needed = round_up(from, 8ull * align_bytes) != start;
	else
		needed = to - start <= start - from;
	if (start > from && (in_bits || needed))
		write_pad(w, pad, in_bits ? start - from : 0);
	fill_gap(w, pad, to - start);
}

static void write_member(struct writer *w, const struct member *m)
{
	new_line(w);
	write_declaration(w, m->type, m->name);
	if (m->width)
		sbuf_printf(w->out, ": %u", m->width);
	sbuf_putc(w->out, ';');
}

static void write_members(struct writer *w, uint32_t id, const struct kbtf_raw *r)
{
	struct layout l = layout_of(w, id);
	bool is_struct = kbtf_raw_kind(r) == KBTF_STRUCT, in_bits = false;
	uint64_t end = 0;

	if (!is_struct)
		l.is_packed = false;
	for (uint32_t i = 0; i < kbtf_raw_vlen(r); i++) {
		struct member m = member_of(w, r, i);
		struct layout of = layout_of(w, m.type);

		write_gap(w, end, m.offset, l.is_packed ? 1 : of.align_bytes, in_bits && m.width);
		write_member(w, &m);
		end = m.offset + (m.width ? m.width : 8 * of.size_bytes);
		in_bits = m.width;
	}
	if (is_struct)
		write_gap(w, end, 8 * l.size_bytes, l.align_bytes, false);
	w->depth--;
	if (kbtf_raw_vlen(r) || l.size_bytes)
		new_line(w);
	sbuf_puts(w->out, l.is_packed ? "} __attribute__((packed))" : "}");
	w->depth++;
}

static void write_enumerators(struct writer *w, const struct kbtf_raw *r)
{
	bool is_wide = kbtf_raw_kind(r) == KBTF_ENUM64;
	const uint32_t *words = kbtf_raw_words(r);

	for (uint32_t i = 0; i < kbtf_raw_vlen(r); i++, words += is_wide ? 3 : 2) {
		uint64_t narrow = kbtf_raw_flag(r) ? (uint64_t)(int32_t)words[1] : words[1];
		uint64_t value = is_wide ? words[1] | (uint64_t)words[2] << 32 : narrow;

		new_line(w);
		sbuf_printf(w->out, "%s = ", kbtf_string(w->b, words[0]));
		if (kbtf_raw_flag(r))
			sbuf_printf(w->out, "%lld", (long long)value);
		else
			sbuf_printf(w->out, "%llu", (unsigned long long)value);
		sbuf_puts(w->out, is_wide ? kbtf_raw_flag(r) ? "LL," : "ULL," : ",");
	}
	w->depth--;
	new_line(w);
	sbuf_putc(w->out, '}');
	w->depth++;
	if (r->size_or_type == 1)
		sbuf_puts(w->out, " __attribute__((mode(byte)))");
}

static void write_definition(struct writer *w, uint32_t id)
{
	const struct kbtf_raw *r = kbtf_raw(w->b, id);
	enum kbtf_kind kind = kind_of(w, id);
	const char *name = kbtf_name_of(w->b, id);

	sbuf_printf(w->out, "%s%s%s{", keyword(kind, r), name, *name ? " " : "");
	w->depth++;
	if (kind == KBTF_STRUCT || kind == KBTF_UNION)
		write_members(w, id, r);
	else
		write_enumerators(w, r);
	w->depth--;
}

static void walk_members(struct writer *w, uint32_t id, kbtf_member_fn each, void *arg)
{
	const struct kbtf_raw *r = kbtf_raw(w->b, id);
	enum kbtf_kind kind = kind_of(w, id);

	if ((kind != KBTF_STRUCT && kind != KBTF_UNION) || w->nested == MAX_DEPTH)
		return;
	w->nested++;
	for (uint32_t i = 0; i < kbtf_raw_vlen(r); i++) {
		struct member m = member_of(w, r, i);

		if (*m.name)
			each(m.name, m.type, arg);
		else if (!m.width)
			walk_members(w, m.type, each, arg);
	}
	w->nested--;
}

void kbtf_c_members(struct kbtf *b, uint32_t id, kbtf_member_fn each, void *arg)
{
	struct writer w = { .b = b };

	walk_members(&w, id, each, arg);
}

void kbtf_c_declaration(struct kbtf *b, struct sbuf *out, uint32_t id, const char *name)
{
	struct writer w = { .b = b, .out = out };

	write_declaration(&w, id, name);
}

void kbtf_c_definition(struct kbtf *b, struct sbuf *out, uint32_t id)
{
	struct writer w = { .b = b, .out = out };
	enum kbtf_kind kind = kbtf_kind_of(b, id);

	if (kind == KBTF_STRUCT || kind == KBTF_UNION || kind == KBTF_ENUM || kind == KBTF_ENUM64)
		write_definition(&w, id);
}
