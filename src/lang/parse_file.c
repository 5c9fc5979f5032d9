/*
 * The file level of a script.
 *
 * Source text in, script tree and diagnostics out. Whatever comes in, a tree
 * comes out; what did not parse is missing from it.
 */
#include "lang/parser.h"

#include <string.h>

/* ---- config ---- */

static bool parse_config_value(struct parser *p, struct config_entry *e)
{
	e->value_loc = parser_tok_loc(p);
	switch (p->tok.kind) {
	case TOK_STRING:
		e->kind = CONFIG_STRING;
		e->text = p->tok.text;
		break;
	case TOK_INT:
		e->kind = CONFIG_INT;
		e->number = p->tok.value;
		break;
	case TOK_IDENT:
		e->number = !strcmp(p->tok.name, "true");
		e->kind = e->number || !strcmp(p->tok.name, "false") ? CONFIG_BOOL : CONFIG_WORD;
		e->text = p->tok.name;
		break;
	default:
		parser_expected(p, "integer, string, true, false or word");
		return false;
	}
	parser_advance(p);
	return true;
}

static void parse_config_entry(struct parser *p)
{
	struct config_entry e = { .key = p->tok.name, .loc = parser_tok_loc(p) };

	if (!parser_expect(p, TOK_IDENT) || !parser_expect(p, TOK_ASSIGN) ||
	    !parse_config_value(p, &e))
		return;
	vec_push(p->arena, &p->script->config, e);
	if (p->tok.kind != TOK_RBRACE)
		parser_expect(p, TOK_SEMI);
}

static void parse_config(struct parser *p)
{
	parser_advance(p);
	if (!parser_expect(p, TOK_ASSIGN) || !parser_expect(p, TOK_LBRACE))
		return;
	while (p->tok.kind != TOK_RBRACE && p->tok.kind != TOK_EOF) {
		if (parser_accept(p, TOK_SEMI))
			continue;
		parse_config_entry(p);
		if (p->panic)
			parser_resync(p);
		if (p->panic)
			return;
	}
	parser_expect(p, TOK_RBRACE);
}

/* ---- imports, macros, functions, maps ---- */

static void parse_root_import(struct parser *p)
{
	struct import import = { 0 };
	uint32_t begin = p->tok.begin;

	parser_advance(p);
	import.path = p->tok.text;
	if (!parser_expect_as(p, TOK_STRING, "string after 'import'"))
		return;
	import.loc = parser_loc_from(p, begin);
	vec_push(p->arena, &p->script->imports, import);
	parser_expect(p, TOK_SEMI);
}

static bool has_macro_param(const struct macro *m, const struct macro_param *param)
{
	for (size_t i = 0; i < m->params.n; i++)
		if (m->params.at[i].kind == param->kind && m->params.at[i].name == param->name)
			return true;
	return false;
}

static void parse_macro_param(struct parser *p, struct macro *m)
{
	struct macro_param param = { .name = p->tok.name, .loc = parser_tok_loc(p) };

	if (p->tok.kind == TOK_VAR)
		param.kind = MACRO_PARAM_VAR;
	else if (p->tok.kind == TOK_MAP)
		param.kind = MACRO_PARAM_MAP;
	else if (p->tok.kind == TOK_IDENT && !lang_is_builtin_word(p->tok.name))
		param.kind = MACRO_PARAM_EXPR;
	else if (p->tok.kind == TOK_IDENT)
		parser_error(p, param.loc, DIAG_MACRO_PARAMETER,
			     "builtin '%s' can't be used as a macro argument", p->tok.name);
	else
		parser_expected(p, "macro parameter: a variable, a map or a name");
	if (p->panic)
		return;
	if (has_macro_param(m, &param))
		diag_error(p->diags, param.loc, DIAG_MACRO_PARAMETER,
			   "Variable for macro argument has already been used: %.*s",
			   (int)(param.loc.end - param.loc.begin), p->source->text + p->tok.begin);
	parser_advance(p);
	vec_push(p->arena, &m->params, param);
}

static void parse_macro(struct parser *p)
{
	struct macro *m = arena_new(p->arena, struct macro);
	uint32_t begin = p->tok.begin;

	parser_advance(p);
	m->name = p->tok.name;
	if (!parser_expect(p, TOK_IDENT))
		return;
	m->loc = parser_loc_from(p, begin);
	if (parser_accept(p, TOK_LPAREN)) {
		while (!p->panic && p->tok.kind != TOK_RPAREN) {
			parse_macro_param(p, m);
			if (p->panic || !parser_accept(p, TOK_COMMA))
				break;
		}
		parser_expect(p, TOK_RPAREN);
	}
	m->body = parse_block(p);
	vec_push(p->arena, &p->script->macros, m);
}

static void parse_func_param(struct parser *p, struct func *f)
{
	struct func_param param = { .name = p->tok.name, .loc = parser_tok_loc(p) };

	if (!parser_expect_as(p, TOK_VAR, "variable in function argument") ||
	    !parser_expect(p, TOK_COLON))
		return;
	param.declared = parse_type(p);
	vec_push(p->arena, &f->params, param);
}

static void parse_func(struct parser *p)
{
	struct func *f = arena_new(p->arena, struct func);

	parser_advance(p);
	f->name = p->tok.name;
	f->loc = parser_tok_loc(p);
	if (!parser_expect(p, TOK_IDENT) || !parser_expect(p, TOK_LPAREN))
		return;
	while (!p->panic && p->tok.kind != TOK_RPAREN) {
		parse_func_param(p, f);
		if (p->panic || !parser_accept(p, TOK_COMMA))
			break;
	}
	if (!parser_expect(p, TOK_RPAREN) || !parser_expect(p, TOK_COLON))
		return;
	f->result = parse_type(p);
	f->body = parse_body(p);
	vec_push(p->arena, &p->script->funcs, f);
}

static void parse_map_decl(struct parser *p)
{
	struct map_decl d = { .loc = parser_tok_loc(p) };
	uint32_t begin = p->tok.begin;

	parser_advance(p);
	d.name = p->tok.name;
	if (p->tok.kind != TOK_MAP) {
		parser_error(p, d.loc, DIAG_SYNTAX, "root-level let statements need to be map "
			     "declarations, e.g. let @a = hash(2);");
		return;
	}
	parser_advance(p);
	if (!parser_expect(p, TOK_ASSIGN))
		return;
	d.map_kind = p->tok.name;
	d.kind_loc = parser_tok_loc(p);
	if (!parser_expect_as(p, TOK_IDENT, "map type name") || !parser_expect(p, TOK_LPAREN))
		return;
	d.capacity = p->tok.value;
	if (!parser_expect_as(p, TOK_INT, "positive integer for map declaration max entries") ||
	    !parser_expect(p, TOK_RPAREN))
		return;
	parser_accept(p, TOK_SEMI);
	d.loc = parser_loc_from(p, begin);
	vec_push(p->arena, &p->script->map_decls, d);
}

/* ---- probes ---- */

/* ap { "," ap } [ "," ]; what follows is "/" or "{". */
static void parse_attach_points(struct parser *p, struct probe *probe)
{
	do {
		struct attach_point *ap;

		if (p->tok.kind == TOK_LBRACE || p->tok.kind == TOK_SLASH)
			break;
		ap = parse_attach_point(p);
		if (ap)
			vec_push(p->arena, &probe->attach_points, ap);
	} while (!p->panic && parser_accept(p, TOK_COMMA));
}

static void parse_predicate(struct parser *p, struct probe *probe)
{
	if (p->panic || !parser_accept(p, TOK_SLASH))
		return;
	probe->predicate = parse_expr(p);
	if (p->tok.kind != TOK_SLASH)
		parser_expected(p, "'/' to close predicate");
	else
		parser_advance(p);
}

static void parse_probe(struct parser *p)
{
	struct probe *probe = arena_new(p->arena, struct probe);
	uint32_t begin = p->tok.begin;

	parse_attach_points(p, probe);
	probe->loc = parser_loc_from(p, begin);
	if (!probe->attach_points.n)
		parser_expected(p, "attach point");
	parse_predicate(p, probe);
	if (!p->panic && p->tok.kind != TOK_LBRACE && p->tok.kind != TOK_EOF &&
	    probe->predicate) {
		parser_expected(p, "'{'");
		return;
	}
	probe->body = parse_body(p);
	if (probe->attach_points.n)
		vec_push(p->arena, &p->script->probes, probe);
}

/* ---- the order of things ---- */

enum phase { PHASE_C, PHASE_HEAD, PHASE_ITEMS };

struct file_state {
	enum phase phase;
	bool config_seen;
};

static void check_phase(struct parser *p, struct file_state *f, enum phase phase, struct loc loc,
			const char *what)
{
	if (f->phase > phase)
		diag_error(p->diags, loc, DIAG_MISPLACED, "syntax: %s must appear before %s", what,
			   f->phase == PHASE_ITEMS ? "probes and functions" : "config and imports");
	else
		f->phase = phase;
}

static bool file_c_part(struct parser *p, struct file_state *f)
{
	struct c_chunk chunk;

	if (!parse_c_part(p, &chunk))
		return false;
	if (p->panic)
		return true;
	check_phase(p, f, PHASE_C, chunk.loc, "C definitions");
	vec_push(p->arena, &p->script->c_parts, chunk);
	return true;
}

static bool file_config(struct parser *p, struct file_state *f)
{
	enum token_kind next = parser_peek(p).kind;
	struct loc loc = parser_tok_loc(p);

	if (!parser_is_word(p, "config"))
		return false;
	if (next == TOK_ASSIGN && lex_token(&p->lx, parser_peek(p).end).kind != TOK_LBRACE)
		return false;
	if (next != TOK_ASSIGN && next != TOK_LBRACE && next != TOK_COMMA)
		return false;
	if (f->config_seen)
		diag_error(p->diags, loc, DIAG_MISPLACED,
			   "syntax: there is a config block already");
	else
		check_phase(p, f, PHASE_HEAD, loc, "config");
	f->config_seen = true;
	parse_config(p);
	return true;
}

static bool file_import(struct parser *p, struct file_state *f)
{
	enum token_kind next = parser_peek(p).kind;
	struct loc loc = parser_tok_loc(p);

	if (!parser_is_word(p, "import") || (next != TOK_STRING && next != TOK_IDENT))
		return false;
	check_phase(p, f, PHASE_HEAD, loc, "imports");
	parse_root_import(p);
	return true;
}

static void file_item(struct parser *p, struct file_state *f)
{
	bool named = parser_peek(p).kind == TOK_IDENT;

	f->phase = PHASE_ITEMS;
	if (parser_is_word(p, "macro") && named)
		parse_macro(p);
	else if (parser_is_word(p, "fn") && named)
		parse_func(p);
	else if (parser_is_word(p, "let"))
		parse_map_decl(p);
	else
		parse_probe(p);
}

/* A "}" that closes nothing, or ";" between items. */
static bool file_stray(struct parser *p)
{
	if (parser_accept(p, TOK_SEMI))
		return true;
	if (p->tok.kind != TOK_RBRACE)
		return false;
	diag_error(p->diags, parser_tok_loc(p), DIAG_SYNTAX, "syntax: unexpected '}'");
	parser_advance(p);
	return true;
}

static void parse_file(struct parser *p)
{
	struct file_state f = { PHASE_C, false };

	while (p->tok.kind != TOK_EOF) {
		uint32_t at = p->tok.begin;

		if (!file_stray(p) && !file_c_part(p, &f) && !file_config(p, &f) &&
		    !file_import(p, &f))
			file_item(p, &f);
		if (p->panic) {
			parser_resync(p);
			p->panic = false;
			parser_accept(p, TOK_RBRACE);	/* of what went wrong */
		}
		if (p->tok.begin == at && p->tok.kind != TOK_EOF)
			parser_advance(p);
	}
	parser_report(p, &p->tok);
}

/* ---- entry ---- */

/* What stands at `at` begins an item or a directive, as far as the text before it
 * tells. */
static bool begins_item(const char *text, const char *at)
{
	const char *before = at;

	while (before > text && strchr(" \t\r\n", before[-1]))
		if (*--before == '\n')
			return true;
	return before == text || strchr("};#", before[-1]) ||
	       (before > text + 1 && !memcmp(before - 2, "*/", 2));
}

/* Remember NAME of each `word` NAME, wherever blanks and lines are. */
static void note_names(struct parser *p, const char *word)
{
	const char *text = p->source->text, *end = text + p->source->len, *at = text;
	size_t len = strlen(word), name_len;

	while ((at = memmem(at, (size_t)(end - at), word, len))) {
		const char *name = at + len + strspn(at + len, " \t\r\n");

		for (name_len = 0; lex_is_name_char(name[name_len]); name_len++)
			;
		if (name > at + len && name_len && begins_item(text, at))
			hmap_set(&p->macro_names, name, name_len, p);
		at += len;
	}
}

static void note_macros(struct parser *p)
{
	note_names(p, "macro");
	note_names(p, "define");
}

/* "#!" as the first thing after blanks and comments. */
static uint32_t skip_hashbang(const struct parser *p)
{
	uint32_t pos = lex_skip_blank(&p->lx, 0, NULL);
	const char *text = p->source->text;

	if (text[pos] != '#' || text[pos + 1] != '!')
		return 0;
	while (pos < p->source->len && text[pos] != '\n')
		pos++;
	return pos;
}

static bool is_text(struct parser *p)
{
	const char *nul = memchr(p->source->text, 0, p->source->len);

	if (!nul)
		return true;
	diag_error(p->diags, (struct loc){ 0 }, DIAG_NOT_TEXT,
		   "syntax: %s is not a script: it holds a NUL byte at offset %zu",
		   p->source->name, (size_t)(nul - p->source->text));
	return false;
}

struct script *lang_parse(struct arena *a, struct names *names, struct diags *diags,
			  const struct source *source, const struct lang_options *options)
{
	static const struct lang_options no_options;
	struct parser p = {
		.lx = { .arena = a, .names = names, .source = source },
		.arena = a, .names = names, .diags = diags, .source = source,
		.options = options ? options : &no_options,
		.script = arena_new(a, struct script),
	};

	if (!is_text(&p))
		return p.script;
	hmap_init(&p.macro_names, a);
	note_macros(&p);
	parser_seek(&p, skip_hashbang(&p));
	parse_file(&p);
	return p.script;
}
