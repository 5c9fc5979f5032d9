/*
 * Formats of printf and its kin: text to pieces, pieces against arguments.
 *
 * A conversion is
 *	% [-] [+] [blank] [#] [0] [width or *] [. digits or *] [h l L j z t ...] letter
 * with the flags in this order only; what does not match is text. Precision and
 * `*` have no effect in this language.
 */
#include "check/builtin_types.h"

#include <ctype.h>
#include <string.h>

/* What a conversion may print. */
enum accepts { ACCEPTS_NUMBER = 1, ACCEPTS_BUFFER, ACCEPTS_ANY };

struct spec {
	const char *letters;
	enum conversion_kind kind;
	enum accepts accepts;
	uint8_t int_bytes;	/* 0: by the length letters */
};

/* Longer spellings first. */
static const struct spec specs[] = {
	{ "gr", CONV_GFP, ACCEPTS_NUMBER, 8 },
	{ "rx", CONV_BUFFER_X, ACCEPTS_BUFFER, 8 },
	{ "rh", CONV_BUFFER_HEX, ACCEPTS_BUFFER, 8 },
	{ "r", CONV_BUFFER_TEXT, ACCEPTS_BUFFER, 8 },
	{ "d", CONV_SIGNED, ACCEPTS_NUMBER, 0 },
	{ "i", CONV_SIGNED, ACCEPTS_NUMBER, 0 },
	{ "u", CONV_UNSIGNED, ACCEPTS_NUMBER, 0 },
	{ "o", CONV_OCTAL, ACCEPTS_NUMBER, 0 },
	{ "x", CONV_HEX, ACCEPTS_NUMBER, 0 },
	{ "X", CONV_HEX_UPPER, ACCEPTS_NUMBER, 0 },
	{ "c", CONV_CHAR, ACCEPTS_NUMBER, 1 },
	{ "p", CONV_POINTER, ACCEPTS_NUMBER, 8 },
	{ "s", CONV_STRING, ACCEPTS_ANY, 8 },
};

struct parser {
	struct check *c;
	const struct node *call;
	const char *at, *end;
	struct format *out;
	const struct spec **used;	/* of each conversion */
	bool failed;
	char unknown;			/* a letter behind a "%" that is no conversion */
};

static bool take(struct parser *p, char ch)
{
	if (p->at >= p->end || *p->at != ch)
		return false;
	p->at++;
	return true;
}

static uint32_t take_number(struct parser *p)
{
	uint32_t n = 0;

	if (take(p, '*'))
		return 0;
	for (; p->at < p->end && isdigit((unsigned char)*p->at); p->at++)
		if (n < 100000)
			n = n * 10 + (uint32_t)(*p->at - '0');
	return n;
}

static uint8_t take_length(struct parser *p)
{
	const char *from = p->at;
	size_t len;

	while (p->at < p->end && strchr("hlLjzt", *p->at) && *p->at)
		p->at++;
	len = (size_t)(p->at - from);
	if (len == 1 && *from == 'h')
		return 2;
	if (len == 2 && !strncmp(from, "hh", 2))
		return 1;
	if ((len == 1 && strchr("ljzt", *from)) || (len == 2 && !strncmp(from, "ll", 2)))
		return 8;
	return 4;
}

static const struct spec *take_spec(struct parser *p)
{
	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
		size_t len = strlen(specs[i].letters);

		if ((size_t)(p->end - p->at) >= len && !memcmp(p->at, specs[i].letters, len)) {
			p->at += len;
			return &specs[i];
		}
	}
	return NULL;
}

static void add_text(struct parser *p, const char *text, size_t len)
{
	struct format_piece piece = { .text = text, .len = len };

	if (len)
		vec_push(p->c->arena, &p->out->pieces, piece);
}

/* At a `%`: a conversion, or false and the place is unchanged. */
static bool take_conversion(struct parser *p)
{
	const char *from = p->at++;
	struct image_conversion conv = { 0 };
	const struct spec *spec;

	conv.left = take(p, '-');
	conv.plus = take(p, '+');
	take(p, ' ');
	conv.alternate = take(p, '#');
	conv.zero = take(p, '0');
	conv.width = take_number(p);
	if (take(p, '.'))
		take_number(p);
	conv.int_bytes = take_length(p);
	spec = take_spec(p);
	if (!spec && take(p, '%')) {
		add_text(p, p->at - 1, 1);
		return true;
	}
	if (!spec) {
		if (p->at < p->end && *p->at && strchr("eEfFgGaAn", *p->at)) {
			check_error(p->c, p->call->loc, DIAG_BAD_FORMAT,
				    "unsupported format specifier: %c", *p->at);
			p->failed = true;
		}
		if (!p->unknown && from + 1 < p->end && isgraph((unsigned char)from[1]))
			p->unknown = from[1];
		p->at = from;
		return false;
	}
	conv.kind = spec->kind;
	if (spec->int_bytes)
		conv.int_bytes = spec->int_bytes;
	conv.field = (uint32_t)p->out->nr_values;
	p->used[p->out->nr_values++] = spec;
	vec_push(p->c->arena, &p->out->pieces, ((struct format_piece){ .conv = conv }));
	return true;
}

static void parse(struct parser *p)
{
	const char *from = p->at;

	while (p->at < p->end && !p->failed) {
		const char *percent = p->at;

		if (*p->at != '%') {
			p->at++;
			continue;
		}
		if (p->end - p->at >= 2 && p->at[1] == '%') {
			add_text(p, from, (size_t)(percent - from) + 1);
			from = p->at += 2;
		} else if (take_conversion(p)) {
			/* the text before it goes in front */
			struct format_piece conv = p->out->pieces.at[--p->out->pieces.n];

			add_text(p, from, (size_t)(percent - from));
			vec_push(p->c->arena, &p->out->pieces, conv);
			from = p->at;
		} else {
			p->at = percent + 1;
		}
	}
	add_text(p, from, (size_t)(p->end - from));
}

static bool accepts(const struct spec *spec, const struct type *t)
{
	switch (spec->accepts) {
	case ACCEPTS_NUMBER:
		return type_is_integer(t) || t->kind == TYPE_BOOL || t->kind == TYPE_POINTER;
	case ACCEPTS_BUFFER:
		return t->kind == TYPE_BUFFER;
	default:
		return true;
	}
}

static void check_value(struct check *c, const struct node *call, const struct spec *spec,
			const struct node *value)
{
	const struct type *t = value->type;
	struct diag *d;

	if (!t || t->kind == TYPE_ERROR)
		return;
	if (t->kind == TYPE_VOID || t->kind == TYPE_TIMESTAMP_MODE) {
		check_error(c, call->loc, DIAG_BAD_FORMAT,
			    "unable to print none type for specifier: %s", spec->letters);
		return;
	}
	if (type_is_drawn(t)) {
		check_hint(c, check_error(c, call->loc, DIAG_BAD_FORMAT,
					  "unable to print %s type for specifier: %s",
					  type_text(c, t), spec->letters),
			   "print() prints the whole map");
		return;
	}
	if (t->space == SPACE_CONTEXT && t->kind == TYPE_STRUCT) {
		check_hint(c, check_error(c, call->loc, DIAG_BAD_FORMAT,
					  "unable to print %s type for specifier: %s",
					  type_text(c, t), spec->letters), "name a field of it");
		return;
	}
	if (accepts(spec, t))
		return;
	d = check_error(c, call->loc, DIAG_BAD_FORMAT,
			"unsupported format specifier for type '%s': %s", type_text(c, t),
			spec->letters);
	if (type_is_castable(t))
		check_hint(c, d, "cast the value to an integer, (int64), or print it with %%s");
	else if (t->kind == TYPE_STRING || spec->accepts == ACCEPTS_NUMBER)
		check_hint(c, d, "%%s prints every type");
}

static bool check_values(struct parser *p)
{
	size_t given = p->call->u.call.args.n - 1, wanted = p->out->nr_values;

	if (given != wanted) {
		struct diag *d = check_error(p->c, p->call->loc, DIAG_BAD_FORMAT,
					     "%s arguments for format string (%zu supplied, %zu "
					     "expected)",
					     given < wanted ? "not enough" : "too many", given,
					     wanted);

		if (p->unknown && given > wanted)
			check_hint(p->c, d, "%%%c is no conversion", p->unknown);
		return false;
	}
	for (size_t i = 0; i < given; i++)
		check_value(p->c, p->call, p->used[i], p->call->u.call.args.at[i + 1]);
	return true;
}

enum { DEBUGF_VALUES_MAX = 3 };

/* What bpf_trace_printk() knows: integers, and strings. */
static bool is_traceable(const struct image_conversion *conv, const struct type *t)
{
	switch (conv->kind) {
	case CONV_TEXT:
		return true;
	case CONV_SIGNED:
	case CONV_UNSIGNED:
	case CONV_HEX:
	case CONV_POINTER:
		return t->kind != TYPE_STRING;
	case CONV_STRING:
		return t->kind == TYPE_STRING;
	default:
		return false;
	}
}

const struct type *check_type_debugf(struct check *c, struct node *call)
{
	const struct type *t = check_type_format(c, call);
	const struct format *f = call->u.call.aux;

	check_warning(c, call->loc, DIAG_DEBUGF, "The debugf() builtin is not recommended for "
		      "production use. For more information see bpf_trace_printk in "
		      "bpf-helpers(7).");
	if (!f || t->kind == TYPE_ERROR)
		return t;
	if (f->nr_values > DEBUGF_VALUES_MAX) {
		check_error(c, call->loc, DIAG_BAD_FORMAT,
			    "cannot use more than %d conversion specifiers", DEBUGF_VALUES_MAX);
		return bad_type(c);
	}
	for (size_t i = 0; i < f->pieces.n; i++) {
		const struct format_piece *p = &f->pieces.at[i];
		const struct node *value = p->text ? NULL : call->u.call.args.at[1 + p->conv.field];

		if (!value || !value->type || is_traceable(&p->conv, value->type))
			continue;
		check_error(c, value->loc, DIAG_BAD_FORMAT,
			    "debugf() takes d, u, x and p of integers, and s of strings "
			    "(%s provided)", type_text(c, value->type));
		t = bad_type(c);
	}
	return t;
}

const struct type *check_type_format(struct check *c, struct node *call)
{
	const struct node *text = call->u.call.args.at[0];
	struct parser p = { .c = c, .call = call };

	if (!need_string(c, call, 0))
		return bad_type(c);
	for (size_t i = 1; i < call->u.call.args.n; i++)
		args_become_record(c, call->u.call.args.at[i]);
	if (!c->reporting)
		return c->types->void_;
	p.at = text->u.string.text;
	p.end = p.at + text->u.string.len;
	p.out = arena_new(c->arena, struct format);
	p.used = arena_array(c->arena, const struct spec *, text->u.string.len + 1);
	parse(&p);
	if (p.failed || !check_values(&p))
		return bad_type(c);
	call->u.call.aux = p.out;
	return c->types->void_;
}
