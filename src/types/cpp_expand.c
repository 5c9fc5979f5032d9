/*
 * Expansion of macros.
 *
 * The input is a stack of token runs: the text at the bottom, on it the bodies
 * of the macros that are being expanded. While a body is being read its macro's
 * name is left alone, and a name that was met then is never expanded again.
 * What all expansions of a script may make is bounded, and so is their nesting
 * in arguments.
 */
#include "types/cpp.h"

#include <string.h>

#define ARGUMENT_DEPTH_MAX	100

struct layer {
	const struct ctoken *at, *end;
	struct cmacro *macro;		/* whose body it is, or NULL */
};

struct expander {
	struct cpp *p;
	VEC(struct layer) layers;
	ctoken_vec *out;
	int depth;			/* arguments within arguments */
};

/* Arguments of one call. */
struct call {
	struct cmacro *macro;
	const struct ctoken *name;
	VEC(ctoken_vec) args;
	ctoken_vec *expanded;		/* as many; at == NULL: not yet */
	bool *is_expanded;
};

static void expand_run(struct expander *outer, const struct ctoken *tokens, size_t n,
		       ctoken_vec *out);

/* The next token, or NULL at the end. Bodies that end release their macros. */
static const struct ctoken *peek(struct expander *e)
{
	while (e->layers.n) {
		struct layer *top = &e->layers.at[e->layers.n - 1];

		if (top->at < top->end)
			return top->at;
		if (top->macro)
			top->macro->is_expanding = false;
		e->layers.n--;
	}
	return NULL;
}

static void skip(struct expander *e)
{
	e->layers.at[e->layers.n - 1].at++;
}

static void push(struct expander *e, const struct ctoken *tokens, size_t n, struct cmacro *macro)
{
	struct layer layer = { .at = tokens, .end = ctoken_end(tokens, n), .macro = macro };

	vec_push(e->p->arena, &e->layers, layer);
	if (macro)
		macro->is_expanding = true;
}

/* Count what expansions make; false when it is too much. */
static bool spend(struct cpp *p, const struct ctoken *name, size_t n)
{
	p->nr_expanded += n + 1;
	if (p->nr_expanded <= CPP_EXPANSION_MAX)
		return true;
	if (!p->is_too_large)
		diag_error(p->diags, cpp_place(p, cpp_loc(name)), DIAG_MACRO_TOO_LARGE,
			   "the macros of the script expand to too much text");
	p->is_too_large = true;
	return false;
}

/* ---- # and ## ---- */

static struct ctoken make_token(struct cpp *p, const char *text, const struct ctoken *like)
{
	struct csplit s = {
		.names = p->names, .start = text, .at = text, .end = text + strlen(text),
	};
	struct ctoken t = csplit_next(&s);

	t.pos = like->pos;
	t.in_header = like->in_header;
	t.space_before = like->space_before;
	return t;
}

static struct ctoken stringized(struct cpp *p, const ctoken_vec *arg, const struct ctoken *hash)
{
	struct sbuf text = { 0 };
	struct ctoken result;
	const struct ctoken *t;
	const char *c;

	sbuf_putc(&text, '"');
	vec_each(t, arg) {
		if (t->space_before && t != arg->at)
			sbuf_putc(&text, ' ');
		for (c = t->text; *c; c++) {
			if ((t->kind == CTOKEN_STRING || t->kind == CTOKEN_CHAR) &&
			    strchr("\"\\", *c))
				sbuf_putc(&text, '\\');
			sbuf_putc(&text, *c);
		}
	}
	sbuf_putc(&text, '"');
	result = make_token(p, sbuf_text(&text), hash);
	sbuf_close(&text);
	return result;
}

/* Join `right` to the last token of *out. */
static void paste(struct cpp *p, ctoken_vec *out, const struct ctoken *right)
{
	struct ctoken *left = &out->at[out->n - 1];
	const char *text = arena_printf(p->arena, "%s%s", left->text, right->text);
	struct ctoken joined = make_token(p, text, left);

	if (!strcmp(joined.text, text))
		*left = joined;
	else
		vec_push(p->arena, out, *right);
}

/* ---- substitution ---- */

static int param_index(const struct cmacro *m, const struct ctoken *t)
{
	if (t->kind != CTOKEN_IDENT)
		return -1;
	for (size_t i = 0; i < m->params.n; i++)
		if (m->params.at[i] == t->text)
			return (int)i;
	return -1;
}

static const ctoken_vec *expanded_arg(struct expander *e, struct call *c, int i)
{
	if (!c->is_expanded[i]) {
		c->is_expanded[i] = true;
		expand_run(e, c->args.at[i].at, c->args.at[i].n, &c->expanded[i]);
	}
	return &c->expanded[i];
}

static void add_tokens(struct expander *e, const ctoken_vec *from, const struct ctoken *in_place,
		       ctoken_vec *out)
{
	for (size_t i = 0; i < from->n; i++) {
		struct ctoken t = from->at[i];

		if (!i)
			t.space_before = in_place->space_before;
		vec_push(e->p->arena, out, t);
	}
}

static void add_copy(struct expander *e, const struct ctoken *t, const struct ctoken *name,
		     ctoken_vec *out)
{
	struct ctoken copy = *t;

	copy.pos = name->pos;
	copy.in_header = name->in_header;
	vec_push(e->p->arena, out, copy);
}

/* The operand of ## at body token i: an argument as it was written, or a token. */
static void paste_operand(struct expander *e, struct call *c, size_t i, bool has_left,
			  ctoken_vec *out)
{
	const struct ctoken *t = &c->macro->body.at[i];
	int k = param_index(c->macro, t);
	ctoken_vec one = { .at = (struct ctoken *)t, .n = 1 };
	const ctoken_vec *from = k < 0 ? &one : &c->args.at[k];
	bool is_rest = k >= 0 && c->macro->is_variadic && (size_t)k + 1 == c->macro->params.n;

	if (is_rest && has_left && out->n && ctoken_is(&out->at[out->n - 1], ",")) {
		/* GNU C: the comma goes when there is no rest. */
		if (!from->n)
			out->n--;
		add_tokens(e, from, t, out);
		return;
	}
	for (size_t j = 0; j < from->n; j++)
		if (!j && has_left && out->n)
			paste(e->p, out, &from->at[j]);
		else
			add_copy(e, &from->at[j], k < 0 ? c->name : &from->at[j], out);
}

static bool is_paste(const struct cmacro *m, size_t i)
{
	return i < m->body.n && ctoken_is(&m->body.at[i], "##");
}

/* One token of the body, or more; returns the index behind. */
static size_t substitute_at(struct expander *e, struct call *c, size_t i, ctoken_vec *out)
{
	const struct cmacro *m = c->macro;
	const struct ctoken *t = &m->body.at[i];
	int k;

	if (m->is_function && ctoken_is(t, "#") && i + 1 < m->body.n) {
		k = param_index(m, t + 1);
		if (k >= 0) {
			vec_push(e->p->arena, out, stringized(e->p, &c->args.at[k], t));
			return i + 2;
		}
	}
	if (is_paste(m, i + 1) && i + 2 < m->body.n) {
		size_t before = out->n;

		paste_operand(e, c, i, false, out);
		for (i++; is_paste(m, i) && i + 1 < m->body.n; i += 2)
			paste_operand(e, c, i + 1, out->n > before, out);
		return i;
	}
	k = param_index(m, t);
	if (k >= 0)
		add_tokens(e, expanded_arg(e, c, k), t, out);
	else
		add_copy(e, t, c->name, out);
	return i + 1;
}

static void expand_macro(struct expander *e, struct call *c)
{
	ctoken_vec made = { 0 };
	size_t i = 0;

	c->expanded = arena_array(e->p->arena, ctoken_vec, c->args.n + 1);
	c->is_expanded = arena_array(e->p->arena, bool, c->args.n + 1);
	while (i < c->macro->body.n && made.n <= CPP_EXPANSION_MAX)
		i = substitute_at(e, c, i, &made);
	if (made.n)
		made.at[0].space_before = c->name->space_before;
	if (spend(e->p, c->name, made.n))
		push(e, made.at, made.n, c->macro);
}

/* ---- calls ---- */

/* Take a token for an argument; a macro's name within its expansion stays. */
static struct ctoken take_raw(struct expander *e, const struct ctoken *t)
{
	struct ctoken copy = *t;
	struct cmacro *m = t->kind == CTOKEN_IDENT ? cpp_macro(e->p, t->text) : NULL;

	if (m && m->is_expanding)
		copy.no_expand = true;
	skip(e);
	return copy;
}

static bool splits(const struct call *c, const struct ctoken *t, int depth)
{
	return !depth && ctoken_is(t, ",") &&
	       !(c->macro->is_variadic && c->args.n >= c->macro->params.n);
}

/* Behind the "(": arguments up to the ")". False if it is missing. */
static bool read_args(struct expander *e, struct call *c)
{
	const struct ctoken *t;
	ctoken_vec none = { 0 };
	bool space = false;
	int depth = 0;

	vec_push(e->p->arena, &c->args, none);
	while ((t = peek(e))) {
		struct ctoken copy = take_raw(e, t);

		if (copy.kind == CTOKEN_NEWLINE) {
			space = true;
			continue;
		}
		copy.space_before |= space;
		space = false;
		if (ctoken_is(&copy, ")") && !depth--)
			return true;
		depth += ctoken_is(&copy, "(");
		if (splits(c, &copy, depth))
			vec_push(e->p->arena, &c->args, none);
		else
			vec_push(e->p->arena, &c->args.at[c->args.n - 1], copy);
	}
	return false;
}

/* The "(" of a call may stand on a later line. */
static bool at_call(struct expander *e)
{
	const struct ctoken *t;

	while ((t = peek(e)) && t->kind == CTOKEN_NEWLINE)
		skip(e);
	return t && ctoken_is(t, "(");
}

static bool check_args(struct expander *e, struct call *c)
{
	size_t want = c->macro->params.n;
	ctoken_vec none = { 0 };

	/* f() has one empty argument or none, as the macro wants it. */
	if (!want && c->args.n == 1 && !c->args.at[0].n)
		c->args.n = 0;
	if (c->macro->is_variadic && c->args.n + 1 == want)
		vec_push(e->p->arena, &c->args, none);
	if (c->args.n == want)
		return true;
	cpp_error(e->p, c->name, DIAG_MACRO_ARGUMENTS, "macro '%s' takes %zu argument%s, not %zu",
		  c->macro->name, want, want == 1 ? "" : "s", c->args.n);
	return false;
}

static void expand_call(struct expander *e, struct cmacro *m, const struct ctoken *name)
{
	struct call c = { .macro = m, .name = name };

	if (m->is_function) {
		if (!at_call(e)) {
			vec_push(e->p->arena, e->out, *name);
			return;
		}
		skip(e);
		if (!read_args(e, &c)) {
			cpp_error(e->p, name, DIAG_MACRO_ARGUMENTS,
				  "the arguments of macro '%s' are not closed", m->name);
			e->p->is_lost |= !name->in_header;
			return;
		}
		if (!check_args(e, &c))
			return;
	}
	expand_macro(e, &c);
}

/* __LINE__ and the like: what they are does not matter to definitions. */
static bool expand_builtin(struct expander *e, const struct ctoken *t)
{
	struct ctoken made;

	if (strncmp(t->text, "__", 2))
		return false;
	if (!strcmp(t->text, "__LINE__") || !strcmp(t->text, "__COUNTER__"))
		made = make_token(e->p, arena_printf(e->p->arena, "%zu", ++e->p->nr_expanded), t);
	else if (!strcmp(t->text, "__FILE__"))
		made = make_token(e->p, "\"\"", t);
	else
		return false;
	vec_push(e->p->arena, e->out, made);
	return true;
}

static void expand_token(struct expander *e, struct ctoken t)
{
	struct cmacro *m = t.kind == CTOKEN_IDENT && !t.no_expand ? cpp_macro(e->p, t.text) : NULL;

	if (t.kind == CTOKEN_NEWLINE)
		return;
	if (m && m->is_expanding)
		t.no_expand = true;
	if (m && !m->is_expanding && !e->p->is_too_large)
		expand_call(e, m, &t);
	else if (t.kind != CTOKEN_IDENT || !expand_builtin(e, &t))
		vec_push(e->p->arena, e->out, t);
}

static void expand_run(struct expander *outer, const struct ctoken *tokens, size_t n,
		       ctoken_vec *out)
{
	struct expander e = { .p = outer->p, .out = out, .depth = outer->depth + 1 };
	const struct ctoken *t;

	if (e.depth > ARGUMENT_DEPTH_MAX) {
		for (size_t i = 0; i < n; i++)
			vec_push(e.p->arena, out, tokens[i]);
		return;
	}
	push(&e, tokens, n, NULL);
	while ((t = peek(&e))) {
		skip(&e);
		expand_token(&e, *t);
	}
}

void cpp_expand(struct cpp *p, const struct ctoken *tokens, size_t n, ctoken_vec *out)
{
	struct expander e = { .p = p };

	expand_run(&e, tokens, n, out);
}
