/*
 * Attach points: raw text between commas, cut into parts.
 *
 * Three steps: find the end in the source, substitute positional parameters,
 * cut at ":" and "@" outside quotes. Each byte of the substituted text knows
 * where in the source it came from, so parts have exact places.
 */
#include "lang/parser.h"

#include <string.h>

#define MAX_SUBSTITUTION_DEPTH	16
#define MAX_ATTACH_POINT	65536

/* The substituted text, byte by byte. */
struct ap_char {
	char c;
	uint32_t begin, end;	/* offsets in the source */
};

struct ap_text {
	struct parser *p;
	VEC(struct ap_char) chars;
	bool in_quotes;
	bool failed;
};

/* ---- where it ends ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind the quote that closes the one at pos, or the end of the line. */
static uint32_t quoted_end(const struct source *s, uint32_t pos, bool *closed)
{
	*closed = false;
	for (pos++; pos < s->len && s->text[pos] != '\n'; pos++) {
		if (s->text[pos] == '\\' && pos + 1 < s->len && s->text[pos + 1] != '\n') {
			pos++;
		} else if (s->text[pos] == '"') {
			*closed = true;
			return pos + 1;
		}
	}
	return pos;
}

static uint32_t raw_end(struct parser *p, uint32_t pos)
{
	const struct source *s = p->source;
	bool colon = false, closed;

	while (pos < s->len) {
		char c = s->text[pos];

		if (c == '{' || c == ',' || is_blank(c) || (c == '/' && !colon))
			break;
		colon |= c == ':';
		if (c != '"') {
			pos++;
			continue;
		}
		uint32_t quote = pos;

		pos = quoted_end(s, pos, &closed);
		if (!closed)
			parser_error(p, parser_loc(p, quote, pos), DIAG_UNTERMINATED_STRING,
				     "unterminated string");
	}
	return pos;
}

/* ---- positional parameters ---- */

static void scan(struct ap_text *t, const char *text, size_t len, struct ap_char at, int depth);

static void push_char(struct ap_text *t, char c, struct ap_char at)
{
	at.c = c;
	vec_push(t->p->arena, &t->chars, at);
}

static void bad_parameter(struct ap_text *t, struct ap_char at, const char *what)
{
	struct diag *d = parser_error(t->p, parser_loc(t->p, at.begin, at.end), DIAG_BAD_PARAMETER,
				      "%s", what);

	t->failed = true;
	if (d)
		diag_hint(t->p->diags, d, "put names that hold '$' in quotes: \"name$x\"");
}

/* Append parameter `number`, scanned again; missing ones are empty. */
static void substitute(struct ap_text *t, uint64_t number, struct ap_char at, int depth)
{
	const struct lang_options *o = t->p->options;
	const char *text = number <= o->nr_params ? o->params[number - 1] : "";

	if (depth >= MAX_SUBSTITUTION_DEPTH || t->chars.n > MAX_ATTACH_POINT)
		bad_parameter(t, at, "positional parameters refer to each other");
	else
		scan(t, text, strlen(text), at, depth + 1);
}

/* text[0] is "$". Returns how many bytes it took. */
static size_t scan_parameter(struct ap_text *t, const char *text, size_t len, struct ap_char at,
			     int depth)
{
	uint64_t number = 0;
	size_t n = 1;

	for (; n < len && text[n] >= '0' && text[n] <= '9' && number < UINT32_MAX; n++)
		number = number * 10 + (uint64_t)(text[n] - '0');
	if (!depth)
		at.end = at.begin + (uint32_t)n;
	if (n == 1 || text[1] == '0')
		bad_parameter(t, at, "'$' in an attach point needs the number of a positional "
			      "parameter");
	else
		substitute(t, number, at, depth);
	return n;
}

/* Append `text`; at depth 0 it is the source itself and `at` moves along, else
 * all of it came from the "$N" that `at` names. */
static void scan(struct ap_text *t, const char *text, size_t len, struct ap_char at, int depth)
{
	uint32_t base = at.begin;

	for (size_t i = 0, n; i < len && !t->failed; i += n) {
		n = 1;
		if (!depth) {
			at.begin = base + (uint32_t)i;
			at.end = at.begin + 1;
		}
		if (text[i] == '$' && !t->in_quotes && !t->p->options->keep_params) {
			n = scan_parameter(t, text + i, len - i, at, depth);
			continue;
		}
		push_char(t, text[i], at);
		if (text[i] == '"')
			t->in_quotes = !t->in_quotes;
		if (text[i] == '\\' && t->in_quotes && i + 1 < len) {
			at.end += !depth;
			push_char(t, text[i + 1], at);
			n = 2;
		}
	}
}

/* ---- parts ---- */

static char *chars_text(const struct ap_text *t, size_t from)
{
	char *text = arena_alloc(t->p->arena, t->chars.n - from + 1);

	for (size_t i = from; i < t->chars.n; i++)
		text[i - from] = t->chars.at[i].c;
	return text;
}

/* Length of "name=" in front of the provider, or 0. */
static size_t label_len(const struct ap_text *t)
{
	size_t n = 0;

	while (n < t->chars.n && lex_is_name_char(t->chars.at[n].c))
		n++;
	if (!n || n + 1 >= t->chars.n || t->chars.at[n].c != '=' || t->chars.at[n + 1].c == ':')
		return 0;
	return n + 1;
}

struct part_builder {
	char *text;
	size_t len;
	bool quoted;
	struct loc loc;
};

static void end_part(struct parser *p, struct attach_point *ap, struct part_builder *b)
{
	struct ap_part part = {
		.text = name_of_len(p->names, b->text, b->len),
		.loc = b->loc,
		.quoted = b->quoted,
	};

	vec_push(p->arena, &ap->parts, part);
	b->len = 0;
	b->quoted = false;
	b->loc = (struct loc){ 0 };
}

static void push_at_sign(struct parser *p, struct attach_point *ap, const struct ap_char *c)
{
	struct ap_part part = {
		.text = name_of(p->names, "@"),
		.loc = parser_loc(p, c->begin, c->end),
		.at_sign = true,
	};

	vec_push(p->arena, &ap->parts, part);
}

/* An empty part has the place of what ended it, without width. */
static void place_part(struct parser *p, struct part_builder *b, const struct ap_char *c, bool in)
{
	struct loc loc = parser_loc(p, c->begin, in ? c->end : c->begin);

	if (in || !b->loc.begin)
		b->loc = loc_join(b->loc, loc);
}

static void split_parts(struct ap_text *t, size_t from, struct attach_point *ap)
{
	struct part_builder b = { .text = arena_alloc(t->p->arena, t->chars.n + 1) };
	bool quotes = false;

	for (size_t i = from; i < t->chars.n; i++) {
		const struct ap_char *c = &t->chars.at[i];
		bool cut = !quotes && (c->c == ':' || c->c == '@');

		place_part(t->p, &b, c, !cut);
		if (cut) {
			end_part(t->p, ap, &b);
			if (c->c == '@')
				push_at_sign(t->p, ap, c);
		} else if (c->c == '"') {
			quotes = !quotes;
			b.quoted = true;
		} else if (quotes && c->c == '\\' && i + 1 < t->chars.n) {
			b.text[b.len++] = t->chars.at[++i].c;
		} else {
			b.text[b.len++] = c->c;
		}
	}
	if (!b.loc.begin)
		b.loc = (struct loc){ ap->loc.end, ap->loc.end, ap->loc.from };
	end_part(t->p, ap, &b);
}

struct attach_point *parse_attach_point(struct parser *p)
{
	uint32_t begin = p->tok.begin, end = raw_end(p, begin);
	struct ap_text t = { .p = p };
	struct ap_char at = { .begin = begin, .end = begin + 1 };
	struct attach_point *ap = arena_new(p->arena, struct attach_point);
	size_t label;

	scan(&t, p->source->text + begin, end - begin, at, 0);
	if (!p->panic && t.chars.n && t.chars.at[0].c == '}') {
		parser_expected(p, "attach point");
		return NULL;
	}
	if (end > begin)
		p->prev_end = end;
	parser_seek(p, end);
	if (p->panic || !t.chars.n)
		return NULL;
	label = label_len(&t);
	if (label)
		ap->label = name_of_len(p->names, chars_text(&t, 0), label - 1);
	ap->loc = parser_loc(p, begin, end);
	ap->raw = chars_text(&t, label);
	split_parts(&t, label, ap);
	return ap;
}
