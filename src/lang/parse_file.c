/*
 * The file level of a script, and what all files of the parser share.
 *
 * Source text in, script tree and diagnostics out. Whatever comes in, a tree
 * comes out; what did not parse is missing from it.
 */
#include "lang/parser.h"

#include <string.h>
#include <strings.h>

/* So many errors say enough. */
#define MAX_ERRORS 20

/* ---- tokens ---- */

/* After these the rest of the line means nothing. */
static bool spoils_line(const struct token *tok)
{
	return tok->kind == TOK_BAD || !strcmp(tok->error_tag, "unterminated-string");
}

static void report_token(struct parser *p, const struct token *tok)
{
	if (!tok->error || tok->begin < p->reported_end)
		return;
	p->reported_end = tok->begin + 1;
	if (p->panic)
		return;
	diag_error(p->diags, parser_loc(p, tok->error_begin, tok->error_end), tok->error_tag,
		   "syntax: %s", tok->error);
	p->panic = spoils_line(tok);
}

void parser_seek(struct parser *p, uint32_t pos)
{
	p->tok = lex_token(&p->lx, pos);
}

void parser_advance(struct parser *p)
{
	report_token(p, &p->tok);
	p->prev_end = p->tok.end;
	if (p->tok.kind != TOK_EOF)
		parser_seek(p, p->tok.end);
}

struct token parser_peek(const struct parser *p)
{
	return lex_token(&p->lx, p->tok.end);
}

bool parser_accept(struct parser *p, enum token_kind kind)
{
	if (p->tok.kind != kind)
		return false;
	parser_advance(p);
	return true;
}

bool parser_is_word(const struct parser *p, const char *word)
{
	return p->tok.kind == TOK_IDENT && !strcmp(p->tok.name, word);
}

bool parser_expect(struct parser *p, enum token_kind kind)
{
	if (p->panic)
		return false;
	if (parser_accept(p, kind))
		return true;
	parser_expected(p, token_kind_text(kind));
	return false;
}

/* ---- places and errors ---- */

struct loc parser_loc(const struct parser *p, uint32_t begin, uint32_t end)
{
	return (struct loc){ .begin = p->source->base + begin, .end = p->source->base + end };
}

struct loc parser_tok_loc(const struct parser *p)
{
	return parser_loc(p, p->tok.begin, p->tok.end);
}

struct loc parser_loc_from(const struct parser *p, uint32_t begin)
{
	return parser_loc(p, begin, p->prev_end > begin ? p->prev_end : begin);
}

struct diag *parser_error(struct parser *p, struct loc loc, const char *tag, const char *fmt, ...)
{
	va_list args;
	const char *text;

	if (p->panic)
		return NULL;
	p->panic = true;
	va_start(args, fmt);
	text = arena_vprintf(p->arena, fmt, args);
	va_end(args);
	return diag_error(p->diags, loc, tag, "syntax: %s", text);
}

/* "expected ';'" points behind what is there when the line ends. */
static struct loc expected_loc(const struct parser *p)
{
	const char *gap = p->source->text + p->prev_end;

	if (p->prev_end && memchr(gap, '\n', p->tok.begin - p->prev_end))
		return parser_loc(p, p->prev_end, p->prev_end);
	return parser_tok_loc(p);
}

static void hint_found(struct parser *p, struct diag *d)
{
	const struct token *tok = &p->tok;
	uint32_t len = tok->end - tok->begin;

	if (tok->kind == TOK_EOF)
		diag_hint(p->diags, d, "the script ends here");
	else if (len <= 40)
		diag_hint(p->diags, d, "found '%.*s'", (int)len, p->source->text + tok->begin);
}

struct diag *parser_expected(struct parser *p, const char *what)
{
	struct diag *d;

	if (p->panic)
		return NULL;
	if (p->tok.error && (p->tok.kind == TOK_EOF || spoils_line(&p->tok))) {
		report_token(p, &p->tok);
		p->panic = true;
		return NULL;
	}
	d = parser_error(p, expected_loc(p), "syntax", "expected %s", what);
	hint_found(p, d);
	return d;
}

struct node *parser_error_node(struct parser *p)
{
	return node_new(p->arena, NODE_ERROR, parser_tok_loc(p));
}

/* ---- bounds ---- */

/* Nothing more is read. */
static void give_up(struct parser *p)
{
	p->panic = true;
	parser_seek(p, (uint32_t)p->source->len);
}

bool parser_enter(struct parser *p)
{
	if (p->depth < PARSER_MAX_DEPTH) {
		p->depth++;
		return true;
	}
	parser_error(p, parser_tok_loc(p), "nesting", "nesting is too deep");
	give_up(p);
	return false;
}

void parser_leave(struct parser *p)
{
	p->depth--;
}

static void max_height(struct node **slot, void *arg)
{
	unsigned *height = arg;

	if ((*slot)->height > *height)
		*height = (*slot)->height;
}

static void type_height(const struct type_expr *t, unsigned *height)
{
	for (; t; t = t->of_type)
		if (t->of_expr && t->of_expr->height > *height)
			*height = t->of_expr->height;
}

struct node *parser_finish(struct parser *p, struct node *n)
{
	unsigned height = 0;

	node_children(n, max_height, &height);
	if (n->kind == NODE_CAST)
		type_height(n->u.cast.to, &height);
	else if (n->kind == NODE_LET)
		type_height(n->u.let.declared, &height);
	else if (n->kind == NODE_SIZEOF || n->kind == NODE_OFFSETOF ||
		 n->kind == NODE_TYPEINFO || n->kind == NODE_TYPE_ARG)
		type_height(n->u.type_query.of_type, &height);
	if (height < PARSER_MAX_HEIGHT) {
		n->height = (uint16_t)(height + 1);
		return n;
	}
	parser_error(p, parser_tok_loc(p), "nesting", "expression is too long");
	give_up(p);
	return parser_error_node(p);
}

/* ---- recovery ---- */

bool parser_at_probe_header(const struct parser *p)
{
	const char *text = p->source->text;
	const struct token *tok = &p->tok;
	enum token_kind next;

	if (tok->kind != TOK_IDENT || (tok->begin && text[tok->begin - 1] != '\n'))
		return false;
	if (text[tok->end] == ':')
		return true;
	next = parser_peek(p).kind;
	return (!strcasecmp(tok->name, "begin") || !strcasecmp(tok->name, "end")) &&
	       (next == TOK_LBRACE || next == TOK_SLASH || next == TOK_COMMA);
}

/* Leaves panic set at the next probe and at the end of the script: no block that
 * is open now is closed. */
void parser_resync(struct parser *p)
{
	unsigned depth = 0;

	p->panic = true;
	while (p->tok.kind != TOK_EOF) {
		enum token_kind kind = p->tok.kind;

		if (parser_at_probe_header(p))
			return;
		if (kind == TOK_RBRACE && !depth)
			break;
		depth += kind == TOK_LBRACE;
		depth -= kind == TOK_RBRACE;
		parser_advance(p);
		if (!depth && (kind == TOK_SEMI || kind == TOK_RBRACE) && !parser_is_word(p, "else"))
			break;
	}
	if (p->diags->nr_errors >= MAX_ERRORS)
		give_up(p);
	p->panic = p->tok.kind == TOK_EOF;
}

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
	if (!parser_expect(p, TOK_STRING))
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
		parser_error(p, param.loc, "macro-parameter",
			     "builtin '%s' cannot be a macro parameter", p->tok.name);
	else
		parser_expected(p, "macro parameter: a variable, a map or a name");
	if (p->panic)
		return;
	if (has_macro_param(m, &param))
		parser_error(p, param.loc, "macro-parameter",
			     "macro parameter '%s' is there twice", param.name);
	parser_advance(p);
	vec_push(p->arena, &m->params, param);
}

static void parse_macro(struct parser *p)
{
	struct macro *m = arena_new(p->arena, struct macro);

	parser_advance(p);
	m->name = p->tok.name;
	m->loc = parser_tok_loc(p);
	if (!parser_expect(p, TOK_IDENT))
		return;
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

	if (!parser_expect(p, TOK_VAR) || !parser_expect(p, TOK_COLON))
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
		parser_error(p, d.loc, "syntax", "root-level let statements need to be map "
			     "declarations, e.g. let @a = hash(2);");
		return;
	}
	parser_advance(p);
	if (!parser_expect(p, TOK_ASSIGN))
		return;
	d.map_kind = p->tok.name;
	d.kind_loc = parser_tok_loc(p);
	if (!parser_expect(p, TOK_IDENT) || !parser_expect(p, TOK_LPAREN))
		return;
	d.capacity = p->tok.value;
	if (!parser_expect(p, TOK_INT) || !parser_expect(p, TOK_RPAREN))
		return;
	d.loc = parser_loc_from(p, begin);
	vec_push(p->arena, &p->script->map_decls, d);
	parser_accept(p, TOK_SEMI);
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
		diag_error(p->diags, loc, "misplaced", "syntax: %s must appear before %s", what,
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
	if (next != TOK_ASSIGN && next != TOK_LBRACE)
		return false;
	if (f->config_seen)
		diag_error(p->diags, loc, "misplaced", "syntax: there is a config block already");
	else
		check_phase(p, f, PHASE_HEAD, loc, "config");
	f->config_seen = true;
	parse_config(p);
	return true;
}

static bool file_import(struct parser *p, struct file_state *f)
{
	struct loc loc = parser_tok_loc(p);

	if (!parser_is_word(p, "import") || parser_peek(p).kind != TOK_STRING)
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
	diag_error(p->diags, parser_tok_loc(p), "syntax", "syntax: unexpected '}'");
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
		if (p->panic)
			parser_resync(p);
		p->panic = false;
		if (p->tok.begin == at && p->tok.kind != TOK_EOF)
			parser_advance(p);
	}
	report_token(p, &p->tok);
}

/* ---- entry ---- */

/* Remember NAME of "#define NAME" and "macro NAME" lines. */
static void note_macro_line(struct parser *p, const char *line, const char *end)
{
	static const char *const words[] = { "define", "macro" };
	const char *at = line + strspn(line, " \t");
	size_t len;

	if (*at == '#')
		at += 1 + strspn(at + 1, " \t");
	for (size_t i = 0; i < 2; i++) {
		len = strlen(words[i]);
		if ((size_t)(end - at) <= len || strncmp(at, words[i], len) ||
		    !strchr(" \t", at[len]))
			continue;
		at += len + strspn(at + len, " \t");
		for (len = 0; lex_is_name_char(at[len]); len++)
			;
		if (len)
			hmap_set(&p->macro_names, at, len, p);
		return;
	}
}

static void note_macros(struct parser *p)
{
	const char *line = p->source->text, *end = line + p->source->len;

	while (line < end) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));

		eol = eol ? eol : end;
		note_macro_line(p, line, eol);
		line = eol + 1;
	}
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
	diag_error(p->diags, (struct loc){ 0 }, "not-text",
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
