/*
 * The formatter: a script that parsed comes in, its text in the one style goes
 * out; comments, spellings and parentheses stay. This file walks the file level.
 */
#include "lang/format.h"

#include "lang/lang.h"

#include <string.h>

/* The next of each kind that is not written yet, in the order of the source. */
struct walk {
	const struct script *script;
	size_t c_part, config, import, map_decl, macro, func, probe;
};

static uint32_t offset(const struct formatter *f, struct loc loc)
{
	return loc.begin - f->lx.source->base;
}

static bool is_word(const struct formatter *f, const struct token *tok, const char *word)
{
	size_t len = strlen(word);

	return tok->kind == TOK_IDENT && tok->end - tok->begin == len &&
	       !memcmp(f->lx.source->text + tok->begin, word, len);
}

/* ---- what comes before the probes ---- */

static void put_hashbang(struct formatter *f)
{
	uint32_t begin = lex_skip_blank(&f->lx, 0, NULL), end;
	const char *text = f->lx.source->text;

	if (text[begin] != '#' || text[begin + 1] != '!')
		return;
	end = begin + (uint32_t)strcspn(text + begin, "\n");
	while (strchr(" \t\r", text[end - 1]))
		end--;
	fmt_raw(f, end);
}

static void put_c_part(struct formatter *f, const struct c_chunk *part)
{
	fmt_raw(f, part->loc.end - f->lx.source->base);
	if (!part->is_directive)
		fmt_end(f);
}

static void put_config(struct formatter *f, struct walk *w)
{
	fmt_token(f, TOK_IDENT);
	fmt_gap(f, GAP_SPACE);
	fmt_token(f, TOK_ASSIGN);
	fmt_gap(f, GAP_SPACE);
	fmt_block_in(f, GAP_ITEM);
	while (!fmt_next_is(f, TOK_RBRACE) && !f->lost) {
		if (fmt_next_is(f, TOK_SEMI)) {
			fmt_skip(f, TOK_SEMI);
			continue;
		}
		fmt_gap(f, GAP_ITEM);
		fmt_token(f, TOK_IDENT);
		fmt_gap(f, GAP_SPACE);
		fmt_token(f, TOK_ASSIGN);
		fmt_gap(f, GAP_SPACE);
		fmt_word(f);
		fmt_end(f);
		w->config++;
	}
	fmt_block_out(f, GAP_ITEM);
}

static void put_import(struct formatter *f)
{
	fmt_token(f, TOK_IDENT);
	fmt_gap(f, GAP_SPACE);
	fmt_token(f, TOK_STRING);
	fmt_end(f);
}

static void put_map_decl(struct formatter *f)
{
	fmt_token(f, TOK_IDENT);
	fmt_gap(f, GAP_SPACE);
	fmt_token(f, TOK_MAP);
	fmt_gap(f, GAP_SPACE);
	fmt_token(f, TOK_ASSIGN);
	fmt_gap(f, GAP_SPACE);
	fmt_token(f, TOK_IDENT);
	fmt_token(f, TOK_LPAREN);
	fmt_token(f, TOK_INT);
	fmt_token(f, TOK_RPAREN);
	fmt_end(f);
}

/* ---- macros, functions, probes ---- */

static void put_macro_param(struct formatter *f, const void *list, size_t i)
{
	(void)list;
	(void)i;
	fmt_word(f);
}

static void put_macro(struct formatter *f, const struct macro *m)
{
	fmt_token(f, TOK_IDENT);
	fmt_gap(f, GAP_SPACE);
	fmt_token(f, TOK_IDENT);
	if (fmt_next_is(f, TOK_LPAREN)) {
		fmt_token(f, TOK_LPAREN);
		fmt_args(f, NULL, m->params.n, put_macro_param, TOK_RPAREN);
	}
	fmt_gap(f, GAP_LINE);
	fmt_block(f, m->body, FMT_LONG_VALUE);
}

static void put_annotation(struct formatter *f, const struct type_expr *type)
{
	fmt_gap(f, GAP_SPACE);
	fmt_token(f, TOK_COLON);
	fmt_gap(f, GAP_SPACE);
	fmt_type(f, type);
}

static void put_func_param(struct formatter *f, const void *list, size_t i)
{
	const struct func *func = list;

	fmt_token(f, TOK_VAR);
	put_annotation(f, func->params.at[i].declared);
}

static void put_func(struct formatter *f, const struct func *func)
{
	fmt_token(f, TOK_IDENT);
	fmt_gap(f, GAP_SPACE);
	fmt_token(f, TOK_IDENT);
	fmt_token(f, TOK_LPAREN);
	fmt_args(f, func, func->params.n, put_func_param, TOK_RPAREN);
	put_annotation(f, func->result);
	fmt_gap(f, GAP_LINE);
	fmt_block(f, func->body, FMT_NO_VALUE);
}

/* Commas with nothing behind them are left out. One before all of them stays: it
 * says that what follows is an attach point, whatever its name (",enum { }"). */
static void put_attach_points(struct formatter *f, const struct probe *p)
{
	bool is_led = fmt_next_is(f, TOK_COMMA);

	if (is_led)
		fmt_token(f, TOK_COMMA);
	for (size_t i = 0; i < p->attach_points.n; i++) {
		size_t before = f->items.n;

		while (fmt_next_is(f, TOK_COMMA))
			fmt_skip(f, TOK_COMMA);
		if (!i && is_led)
			fmt_comments(f);
		if (!i && is_led && f->items.n > before)	/* it may have clung to a comma */
			fmt_gap(f, GAP_SPACE);
		fmt_raw(f, p->attach_points.at[i]->loc.end - f->lx.source->base);
		fmt_gap(f, GAP_LINE);
		if (i + 1 == p->attach_points.n)
			break;
		fmt_gap(f, GAP_NONE);
		fmt_token(f, TOK_COMMA);
		fmt_gap(f, GAP_LINE);
	}
	while (fmt_next_is(f, TOK_COMMA))
		fmt_skip(f, TOK_COMMA);
}

static void put_probe(struct formatter *f, const struct probe *p)
{
	put_attach_points(f, p);
	if (p->predicate) {
		fmt_token(f, TOK_SLASH);
		fmt_expr(f, p->predicate);
		fmt_token(f, TOK_SLASH);
		fmt_gap(f, GAP_LINE);
	}
	fmt_block(f, p->body, FMT_NO_VALUE);
}

/* ---- the file ---- */

/* The i-th thing of a list begins at `at`. */
#define BEGINS_AT(list, i, at_) \
	((i) < (list).n && offset(f, (list).at[i].loc) == (at_))
#define BEGINS_AT_PTR(list, i, at_) \
	((i) < (list).n && offset(f, (list).at[i]->loc) == (at_))

static void put_file_item(struct formatter *f, struct walk *w)
{
	const struct script *s = w->script;
	struct token word = fmt_peek(f);
	uint32_t begin = word.begin, name = lex_token(&f->lx, word.end).begin;

	if (BEGINS_AT(s->c_parts, w->c_part, begin))
		put_c_part(f, &s->c_parts.at[w->c_part++]);
	else if (BEGINS_AT(s->imports, w->import, begin) && ++w->import)
		put_import(f);
	else if (BEGINS_AT(s->map_decls, w->map_decl, begin) && ++w->map_decl)
		put_map_decl(f);
	else if (BEGINS_AT_PTR(s->macros, w->macro, begin))
		put_macro(f, s->macros.at[w->macro++]);
	else if (is_word(f, &word, "fn") && BEGINS_AT_PTR(s->funcs, w->func, name))
		put_func(f, s->funcs.at[w->func++]);
	else if (BEGINS_AT_PTR(s->probes, w->probe, begin))
		put_probe(f, s->probes.at[w->probe++]);
	else if (is_word(f, &word, "config"))
		put_config(f, w);
	else if (word.kind == TOK_SEMI)
		fmt_skip(f, TOK_SEMI);
	else
		f->lost = true;
}

static void put_file(struct formatter *f, const struct script *script)
{
	struct walk w = { .script = script };

	fmt_gap(f, GAP_ITEM);
	put_hashbang(f);
	for (fmt_gap(f, GAP_ITEM); !f->lost && !fmt_next_is(f, TOK_EOF); fmt_gap(f, GAP_ITEM))
		put_file_item(f, &w);
	fmt_comments(f);
	f->lost |= w.c_part != script->c_parts.n || w.config != script->config.n ||
		   w.import != script->imports.n || w.map_decl != script->map_decls.n ||
		   w.macro != script->macros.n || w.func != script->funcs.n ||
		   w.probe != script->probes.n || f->open.n;
}

bool lang_format(struct arena *a, struct names *names, const struct source *source,
		 const struct script *script, struct sbuf *out)
{
	struct formatter f = {
		.arena = a,
		.lx = { .arena = a, .names = names, .source = source },
	};

	put_file(&f, script);
	if (!f.lost)
		fmt_layout(a, &f.items, out);
	return !f.lost;
}
