/*
 * Blocks and statements.
 *
 * After a syntax error in a statement the list goes on behind the next ";" or
 * at the block's end, so that one run shows several errors.
 */
#include "lang/parser.h"

#include <string.h>

static const enum ast_op assign_ops[TOK_KIND_COUNT] = {
	[TOK_ADD_ASSIGN] = OP_ADD, [TOK_SUB_ASSIGN] = OP_SUB, [TOK_MUL_ASSIGN] = OP_MUL,
	[TOK_DIV_ASSIGN] = OP_DIV, [TOK_MOD_ASSIGN] = OP_MOD, [TOK_AND_ASSIGN] = OP_AND,
	[TOK_OR_ASSIGN] = OP_OR, [TOK_XOR_ASSIGN] = OP_XOR, [TOK_SHL_ASSIGN] = OP_SHL,
	[TOK_SHR_ASSIGN] = OP_SHR,
};

static bool is_assign(enum token_kind kind)
{
	return kind == TOK_ASSIGN || assign_ops[kind];
}

/* END = ";" or a "}" that follows. */
static void parse_end(struct parser *p)
{
	if (!p->panic && p->tok.kind != TOK_RBRACE && !parser_accept(p, TOK_SEMI))
		parser_expected(p, p->tok.kind == TOK_EOF ? "'}'" : "';'");
}

static struct node *new_stmt(struct parser *p, enum node_kind kind)
{
	return node_new(p->arena, kind, parser_tok_loc(p));
}

/* The node's place is from `begin` to here; the statement's end follows. */
static struct node *end_stmt(struct parser *p, struct node *n, uint32_t begin)
{
	n->loc = parser_loc_from(p, begin);
	parse_end(p);
	return parser_finish(p, n);
}

/* ---- statements that begin with a word ---- */

static struct node *parse_import(struct parser *p)
{
	struct node *n = new_stmt(p, NODE_IMPORT);
	uint32_t begin = p->tok.begin;

	parser_advance(p);
	n->u.string.text = p->tok.text;
	n->u.string.len = p->tok.len;
	if (parser_expect(p, TOK_STRING))
		vec_push(p->arena, &p->script->statements,
			 ((struct import){ .path = n->u.string.text, .loc = n->loc }));
	return end_stmt(p, n, begin);
}

static struct node *parse_while(struct parser *p)
{
	struct node *n = new_stmt(p, NODE_WHILE);
	uint32_t begin = p->tok.begin;

	parser_advance(p);
	n->u.loop.cond = parse_condition(p);
	n->u.loop.body = parse_body(p);
	n->loc = parser_loc_from(p, begin);
	return parser_finish(p, n);
}

static struct node *parse_unroll(struct parser *p)
{
	struct node *n = parse_while(p);

	if (n->kind == NODE_WHILE)
		n->kind = NODE_UNROLL;
	return n;
}

/* An end of a range is a primary expression: "-3" is none. */
static struct node *parse_range_end(struct parser *p)
{
	struct diag *d;

	if (p->panic || p->tok.kind != TOK_MINUS)
		return p->panic ? parser_error_node(p) : parse_primary(p);
	d = parser_expected(p, "expression");
	if (d)
		diag_hint(p->diags, d, "write (-1)..(x + 1): what is more than a plain value goes "
			  "in parentheses");
	return parser_error_node(p);
}

static void parse_range(struct parser *p, struct node *n)
{
	n->kind = NODE_FOR_RANGE;
	n->u.loop.from = parse_range_end(p);
	parser_expect(p, TOK_DOTDOT);
	n->u.loop.to = parse_range_end(p);
}

/* What a for loop runs over: a map, or a range (whose start may be a map). */
static void parse_for_over(struct parser *p, struct node *n)
{
	enum token_kind next = parser_peek(p).kind;

	if (p->tok.kind == TOK_MAP && next != TOK_LBRACKET && next != TOK_DOTDOT)
		n->u.loop.map = parse_map(p, false);
	else
		parse_range(p, n);
}

static struct node *parse_for(struct parser *p)
{
	struct node *n = new_stmt(p, NODE_FOR_MAP);
	uint32_t begin = p->tok.begin;
	bool parens;

	parser_advance(p);
	parens = parser_accept(p, TOK_LPAREN);
	n->u.loop.var_name = p->tok.name;
	n->u.loop.var_loc = parser_tok_loc(p);
	if (!parser_expect_as(p, TOK_VAR, "variable in for loop") || !parser_expect(p, TOK_COLON))
		return parser_error_node(p);
	parse_for_over(p, n);
	if (parens)
		parser_expect(p, TOK_RPAREN);
	n->u.loop.body = parse_body(p);
	n->loc = parser_loc_from(p, begin);
	return parser_finish(p, n);
}

static struct node *parse_jump(struct parser *p, enum node_kind kind)
{
	struct node *n = new_stmt(p, kind);
	uint32_t begin = p->tok.begin;

	parser_advance(p);
	return end_stmt(p, n, begin);
}

static struct node *parse_break(struct parser *p)
{
	return parse_jump(p, NODE_BREAK);
}

static struct node *parse_continue(struct parser *p)
{
	return parse_jump(p, NODE_CONTINUE);
}

static struct node *parse_return(struct parser *p)
{
	struct node *n = new_stmt(p, NODE_RETURN);
	uint32_t begin = p->tok.begin;

	parser_advance(p);
	if (p->tok.kind != TOK_SEMI && p->tok.kind != TOK_RBRACE)
		n->u.unary.operand = parse_expr(p);
	return end_stmt(p, n, begin);
}

static struct node *parse_let(struct parser *p)
{
	struct node *n = new_stmt(p, NODE_LET);
	uint32_t begin = p->tok.begin;

	parser_advance(p);
	n->u.let.name = p->tok.name;
	if (!parser_expect_as(p, TOK_VAR, "variable after 'let'"))
		return parser_error_node(p);
	n->u.let.name_end = parser_loc_from(p, begin).end;
	if (parser_accept(p, TOK_COLON))
		n->u.let.declared = parse_type(p);
	if (!p->panic && parser_accept(p, TOK_ASSIGN))
		n->u.let.value = parse_expr(p);
	return end_stmt(p, n, begin);
}

struct stmt_word {
	const char *word;
	struct node *(*parse)(struct parser *p);
};

static const struct stmt_word stmt_words[] = {
	{ "import",   parse_import },
	{ "while",    parse_while },
	{ "unroll",   parse_unroll },
	{ "for",      parse_for },
	{ "break",    parse_break },
	{ "continue", parse_continue },
	{ "return",   parse_return },
	{ "let",      parse_let },
};

static const struct stmt_word *find_stmt_word(const struct parser *p)
{
	for (size_t i = 0; i < sizeof(stmt_words) / sizeof(stmt_words[0]); i++)
		if (parser_is_word(p, stmt_words[i].word))
			return &stmt_words[i];
	return NULL;
}

/* ---- assignments and expressions ---- */

static struct node *parse_discard(struct parser *p)
{
	struct node *n = new_stmt(p, NODE_DISCARD);
	uint32_t begin = p->tok.begin;

	parser_advance(p);
	parser_advance(p);
	n->u.unary.operand = parse_expr(p);
	return end_stmt(p, n, begin);
}

static struct node *parse_assign(struct parser *p, struct node *target, uint32_t begin)
{
	struct node *n = node_new(p->arena, NODE_ASSIGN, target->loc);
	bool good = target->kind == NODE_VAR || target->kind == NODE_MAP ||
		    target->kind == NODE_MAP_ELEM;

	if (!good || target->parens) {
		struct diag *d = parser_error(p, target->loc, DIAG_BAD_TARGET,
					      "invalid assignment target");

		if (d && (target->kind == NODE_FIELD || target->kind == NODE_ELEMENT))
			diag_hint(p->diags, d,
				  "tuples, records and structs are immutable: assign a "
				  "new value instead");
		else if (d)
			diag_hint(p->diags, d, "only a variable ($x), a map (@x) or a map element "
				  "(@x[key]) can be assigned");
		return parser_error_node(p);
	}
	n->u.assign.target = target;
	n->u.assign.op = assign_ops[p->tok.kind];
	parser_advance(p);
	n->u.assign.value = parse_expr(p);
	return end_stmt(p, n, begin);
}

/* "}" or ";" may follow an `if` or a block; both stand without. */
static bool ends_itself(const struct node *n)
{
	return (n->kind == NODE_IF || n->kind == NODE_BLOCK) && !n->parens;
}

/* An expression, an assignment, or the block's value, which goes to *value. */
static struct node *parse_expr_stmt(struct parser *p, struct node **value)
{
	uint32_t begin = p->tok.begin;
	struct node *e, *n;

	/* An `if` or block that begins a statement is whole: no operator follows. */
	if (parser_is_word(p, "if"))
		e = parse_if(p);
	else if (p->tok.kind == TOK_LBRACE)
		e = parse_block(p);
	else
		e = parse_expr(p);
	if (p->panic)
		return parser_error_node(p);
	if (is_assign(p->tok.kind))
		return parse_assign(p, e, begin);
	if (p->tok.kind == TOK_RBRACE) {
		*value = e;
		return NULL;
	}
	if (ends_itself(e)) {
		parser_accept(p, TOK_SEMI);
		return e;
	}
	n = node_new(p->arena, NODE_EXPR_STMT, e->loc);
	n->u.unary.operand = e;
	return end_stmt(p, n, begin);
}

static bool is_stray_else(struct parser *p)
{
	return parser_is_word(p, "else") && parser_peek(p).kind == TOK_LBRACE;
}

static struct node *parse_stmt(struct parser *p, struct node **value)
{
	const struct stmt_word *word = find_stmt_word(p);

	if (word)
		return word->parse(p);
	if (parser_is_word(p, "_") && parser_peek(p).kind == TOK_ASSIGN)
		return parse_discard(p);
	if (is_stray_else(p)) {
		parser_error(p, parser_tok_loc(p), DIAG_SYNTAX, "'else' without 'if'");
		return parser_error_node(p);
	}
	return parse_expr_stmt(p, value);
}

/* A statement that ended before a ";" or "}" at the start of a line that looks
 * like a probe: the block was not closed. */
static bool block_left_open(struct parser *p, struct loc brace)
{
	struct diag *d;

	if (!parser_at_probe_header(p))
		return false;
	d = parser_error(p, parser_tok_loc(p), DIAG_SYNTAX, "expected '}' before the next probe");
	if (d)
		diag_note(p->diags, d, brace, "this block is not closed");
	return true;
}

static void push_stmt(struct parser *p, struct node *block, struct node *n)
{
	if (!n || n->kind == NODE_ERROR)
		return;
	if (ends_itself(n))
		node_drop_value(p->arena, n);
	vec_push(p->arena, &block->u.block.stmts, n);
}

static void parse_stmts(struct parser *p, struct node *block)
{
	while (p->tok.kind != TOK_RBRACE && p->tok.kind != TOK_EOF) {
		if (parser_accept(p, TOK_SEMI))
			continue;
		if (block_left_open(p, block->loc))
			return;
		push_stmt(p, block, parse_stmt(p, &block->u.block.value));
		if (p->panic)
			parser_resync(p);
		if (p->panic || block->u.block.value)
			return;
	}
}

static void close_block(struct parser *p, struct loc brace)
{
	bool at_end = p->tok.kind == TOK_EOF;
	struct diag *d;

	if (p->panic || parser_accept(p, TOK_RBRACE))
		return;
	d = parser_expected(p, "'}'");
	if (d && at_end)
		diag_note(p->diags, d, brace, "this block is not closed");
}

struct node *parse_block(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	struct node *n = node_new(p->arena, NODE_BLOCK, parser_tok_loc(p));

	if (p->panic || !parser_enter(p))
		return n;
	if (parser_expect(p, TOK_LBRACE)) {
		parse_stmts(p, n);
		close_block(p, n->loc);
	}
	parser_leave(p);
	n->loc = parser_loc_from(p, begin);
	return parser_finish(p, n);
}

struct node *parse_body(struct parser *p)
{
	struct node *body = parse_block(p);

	node_drop_value(p->arena, body);
	return body;
}
