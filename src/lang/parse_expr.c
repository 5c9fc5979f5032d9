/*
 * Expressions: precedence climbing over the binary operators, recursive descent
 * for the rest. Tokens in, a node out; never NULL.
 */
#include "lang/parser.h"

#include <string.h>

static const enum ast_op binary_ops[TOK_KIND_COUNT] = {
	[TOK_OROR] = OP_LOR, [TOK_ANDAND] = OP_LAND,
	[TOK_PIPE] = OP_OR, [TOK_CARET] = OP_XOR, [TOK_AMP] = OP_AND,
	[TOK_EQ] = OP_EQ, [TOK_NE] = OP_NE,
	[TOK_LT] = OP_LT, [TOK_LE] = OP_LE, [TOK_GT] = OP_GT, [TOK_GE] = OP_GE,
	[TOK_SHL] = OP_SHL, [TOK_SHR] = OP_SHR, [TOK_PLUS] = OP_ADD, [TOK_MINUS] = OP_SUB,
	[TOK_STAR] = OP_MUL, [TOK_SLASH] = OP_DIV, [TOK_PERCENT] = OP_MOD,
};

static struct node *new_node(struct parser *p, enum node_kind kind, uint32_t begin)
{
	return node_new(p->arena, kind, parser_loc_from(p, begin));
}

static uint32_t begin_of(const struct parser *p, const struct node *n)
{
	return n->loc.begin ? n->loc.begin - p->source->base : p->prev_end;
}

/* ---- binary and ternary ---- */

/* A "/" before "{" closes a predicate. */
static bool at_predicate_end(const struct parser *p)
{
	return p->tok.kind == TOK_SLASH && parser_peek(p).kind == TOK_LBRACE;
}

static struct node *parse_binary(struct parser *p, int min_level)
{
	struct node *left = parse_unary(p), *n;

	while (!p->panic) {
		enum ast_op op = binary_ops[p->tok.kind];
		int level = ast_op_level(op);

		if (!op || level < min_level || at_predicate_end(p))
			break;
		parser_advance(p);
		n = node_new(p->arena, NODE_BINARY, left->loc);
		n->u.binary.op = op;
		n->u.binary.left = left;
		n->u.binary.right = parse_binary(p, level + 1);
		n->loc = parser_loc_from(p, begin_of(p, left));
		left = parser_finish(p, n);
	}
	return left;
}

/* ternary = binary [ "?" [ ternary ] ":" ternary ] */
static struct node *parse_ternary(struct parser *p)
{
	struct node *cond, *n;

	if (!parser_enter(p))
		return parser_error_node(p);
	cond = parse_binary(p, 1);
	n = cond;
	if (parser_accept(p, TOK_QUESTION)) {
		n = node_new(p->arena, NODE_TERNARY, cond->loc);
		n->u.cond.cond = cond;
		if (p->tok.kind != TOK_COLON)
			n->u.cond.then = parse_ternary(p);
		if (parser_expect(p, TOK_COLON))
			n->u.cond.otherwise = parse_ternary(p);
		else
			n->u.cond.otherwise = parser_error_node(p);
		n->loc = parser_loc_from(p, begin_of(p, cond));
		n = parser_finish(p, n);
	}
	parser_leave(p);
	return n;
}

struct node *parse_expr(struct parser *p)
{
	return parse_ternary(p);
}

/* ---- names, maps, calls ---- */

struct node *parse_var(struct parser *p)
{
	struct node *n;

	if (p->tok.kind != TOK_VAR) {
		parser_expected(p, "variable");
		return parser_error_node(p);
	}
	n = node_new(p->arena, NODE_VAR, parser_tok_loc(p));
	n->u.var.name = p->tok.name;
	parser_advance(p);
	return n;
}

/* "[" expr { "," expr } "]", the bracket is taken. */
static void parse_keys(struct parser *p, node_vec *keys)
{
	do {
		vec_push(p->arena, keys, parse_expr(p));
	} while (!p->panic && parser_accept(p, TOK_COMMA));
	parser_expect(p, TOK_RBRACKET);
}

struct node *parse_map(struct parser *p, bool with_keys)
{
	uint32_t begin = p->tok.begin;
	struct node *n;

	if (p->tok.kind != TOK_MAP) {
		parser_expected(p, "map");
		return parser_error_node(p);
	}
	n = node_new(p->arena, NODE_MAP, parser_tok_loc(p));
	n->u.map.name = p->tok.name;
	parser_advance(p);
	if (!with_keys || !parser_accept(p, TOK_LBRACKET))
		return n;
	n->kind = NODE_MAP_ELEM;
	parse_keys(p, &n->u.map.keys);
	n->loc = parser_loc_from(p, begin);
	return parser_finish(p, n);
}

/* typeof(T) as an argument of a call; `begin` is the word's place. */
static struct node *parse_type_arg(struct parser *p)
{
	struct node *n = node_new(p->arena, NODE_TYPE_ARG, parser_tok_loc(p));
	uint32_t begin = p->tok.begin;

	parser_advance(p);
	parser_expect(p, TOK_LPAREN);
	parse_type_or_expr(p, &n->u.type_query.of_type, &n->u.type_query.of_expr);
	parser_expect(p, TOK_RPAREN);
	n->loc = parser_loc_from(p, begin);
	return parser_finish(p, n);
}

static struct node *parse_call(struct parser *p, const struct token *name)
{
	struct node *n = new_node(p, NODE_CALL, name->begin);

	n->u.call.name = name->name;
	n->u.call.name_loc = parser_loc(p, name->begin, name->end);
	parser_advance(p);
	while (!p->panic && p->tok.kind != TOK_RPAREN) {
		bool type_arg = parser_is_word(p, "typeof") && parser_peek(p).kind == TOK_LPAREN;

		vec_push(p->arena, &n->u.call.args, type_arg ? parse_type_arg(p) : parse_expr(p));
		if (!parser_accept(p, TOK_COMMA))
			break;
	}
	parser_expect(p, TOK_RPAREN);
	n->loc = parser_loc_from(p, name->begin);
	return parser_finish(p, n);
}

/* ---- parentheses ---- */

/* "(" IDENT "=" begins a record unless the word is a builtin's. */
static bool at_record(const struct parser *p)
{
	struct token word = parser_peek(p);

	return word.kind == TOK_IDENT && !lang_is_builtin_word(word.name) &&
	       lex_token(&p->lx, word.end).kind == TOK_ASSIGN;
}

static bool has_label(const struct node *n, const char *label)
{
	for (size_t i = 0; i < n->u.tuple.labels.n; i++)
		if (n->u.tuple.labels.at[i] == label)
			return true;
	return false;
}

static void parse_record_field(struct parser *p, struct node *n)
{
	struct token label = p->tok;
	struct node *value;

	if (!parser_expect(p, TOK_IDENT) || !parser_expect(p, TOK_ASSIGN))
		return;
	value = parse_expr(p);
	if (has_label(n, label.name))
		parser_error(p, parser_loc_from(p, label.begin), DIAG_DUPLICATE_LABEL,
			     "Named argument list already contains name: %s", label.name);
	vec_push(p->arena, &n->u.tuple.items, value);
	vec_push(p->arena, &n->u.tuple.labels, label.name);
}

static struct node *parse_record(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	struct node *n = node_new(p->arena, NODE_RECORD, parser_tok_loc(p));

	parser_advance(p);
	do {
		if (n->u.tuple.items.n && p->tok.kind == TOK_RPAREN)
			break;
		parse_record_field(p, n);
	} while (!p->panic && parser_accept(p, TOK_COMMA));
	parser_expect(p, TOK_RPAREN);
	n->loc = parser_loc_from(p, begin);
	return parser_finish(p, n);
}

/* Tuple items after the first "," has been taken. */
static struct node *parse_tuple(struct parser *p, uint32_t begin, struct node *first)
{
	struct node *n = new_node(p, NODE_TUPLE, begin);

	if (first)
		vec_push(p->arena, &n->u.tuple.items, first);
	while (!p->panic && first && p->tok.kind != TOK_RPAREN) {
		vec_push(p->arena, &n->u.tuple.items, parse_expr(p));
		if (!parser_accept(p, TOK_COMMA))
			break;
	}
	parser_expect(p, TOK_RPAREN);
	n->loc = parser_loc_from(p, begin);
	return parser_finish(p, n);
}

static struct node *parse_cast(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	struct node *n = node_new(p->arena, NODE_CAST, parser_tok_loc(p));

	parser_advance(p);
	n->u.cast.to = parse_type(p);
	parser_expect(p, TOK_RPAREN);
	n->loc = parser_loc_from(p, begin);
	n->u.cast.operand = parse_unary(p);
	return parser_finish(p, n);
}

/* What is said of an expression is said of what stands in its parentheses. */
static struct node *parse_parens(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	struct node *n;

	if (at_record(p))
		return parse_record(p);
	parser_advance(p);
	if (p->tok.kind == TOK_RPAREN)
		return parse_tuple(p, begin, NULL);
	n = parse_expr(p);
	if (parser_accept(p, TOK_COMMA))
		return parse_tuple(p, begin, n);
	parser_expect(p, TOK_RPAREN);
	n->parens++;
	return n;
}

/* ---- words ---- */

static struct node *parse_bool(struct parser *p)
{
	struct node *n = node_new(p->arena, NODE_BOOL, parser_tok_loc(p));

	n->u.integer.value = parser_is_word(p, "true");
	parser_advance(p);
	return n;
}

static void parse_field_path(struct parser *p, struct node *n)
{
	do {
		const char *name = p->tok.name;

		if (!parser_expect(p, TOK_IDENT))
			return;
		vec_push(p->arena, &n->u.type_query.path, name);
	} while (parser_accept(p, TOK_DOT));
}

static struct node *parse_type_query(struct parser *p, enum node_kind kind)
{
	uint32_t begin = p->tok.begin;
	struct node *n = node_new(p->arena, kind, parser_tok_loc(p));

	parser_advance(p);
	if (!parser_expect(p, TOK_LPAREN))
		return parser_error_node(p);
	parse_type_or_expr(p, &n->u.type_query.of_type, &n->u.type_query.of_expr);
	if (kind == NODE_OFFSETOF && parser_expect(p, TOK_COMMA))
		parse_field_path(p, n);
	parser_expect(p, TOK_RPAREN);
	n->loc = parser_loc_from(p, begin);
	return parser_finish(p, n);
}

static struct node *parse_sizeof(struct parser *p)
{
	return parse_type_query(p, NODE_SIZEOF);
}

static struct node *parse_offsetof(struct parser *p)
{
	return parse_type_query(p, NODE_OFFSETOF);
}

static struct node *parse_typeinfo(struct parser *p)
{
	return parse_type_query(p, NODE_TYPEINFO);
}

static struct node *parse_comptime(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	struct node *n = node_new(p->arena, NODE_COMPTIME, parser_tok_loc(p));

	parser_advance(p);
	n->u.unary.operand = parse_unary(p);
	n->loc = parser_loc_from(p, begin);
	return parser_finish(p, n);
}

/* cond = "(" expr ")" | unary: a leading parenthesis is the whole condition. */
struct node *parse_condition(struct parser *p)
{
	struct node *n;

	if (p->tok.kind != TOK_LPAREN)
		return parse_unary(p);
	parser_advance(p);
	n = parse_expr(p);
	parser_expect(p, TOK_RPAREN);
	if (!p->panic && binary_ops[p->tok.kind]) {
		struct diag *d = parser_expected(p, "'{'");

		if (d)
			diag_hint(p->diags, d, "put the whole condition in parentheses");
	}
	return n;
}

struct node *parse_if(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	struct node *n = node_new(p->arena, NODE_IF, parser_tok_loc(p));

	if (!parser_enter(p))
		return parser_error_node(p);
	parser_advance(p);
	n->u.cond.cond = parse_condition(p);
	n->u.cond.then = parse_block(p);
	if (!p->panic && parser_is_word(p, "else")) {
		parser_advance(p);
		if (parser_is_word(p, "if"))
			n->u.cond.otherwise = parse_if(p);
		else if (p->tok.kind == TOK_LBRACE)
			n->u.cond.otherwise = parse_block(p);
		else
			parser_expected(p, "'{' or 'if' after 'else'");
	}
	parser_leave(p);
	n->loc = parser_loc_from(p, begin);
	return parser_finish(p, n);
}

struct expr_word {
	const char *word;
	struct node *(*parse)(struct parser *p);
	bool with_paren;	/* a name of its own unless "(" follows */
};

static const struct expr_word expr_words[] = {
	{ "if",       parse_if,       false },
	{ "true",     parse_bool,     false },
	{ "false",    parse_bool,     false },
	{ "sizeof",   parse_sizeof,   false },
	{ "offsetof", parse_offsetof, false },
	{ "typeinfo", parse_typeinfo, true },
	{ "comptime", parse_comptime, false },
};

static struct node *parse_name(struct parser *p)
{
	struct token name = p->tok;
	struct node *n;

	for (size_t i = 0; i < sizeof(expr_words) / sizeof(expr_words[0]); i++) {
		const struct expr_word *w = &expr_words[i];

		if (!strcmp(w->word, name.name) &&
		    (!w->with_paren || parser_peek(p).kind == TOK_LPAREN))
			return w->parse(p);
	}
	parser_advance(p);
	if (p->tok.kind == TOK_LPAREN)
		return parse_call(p, &name);
	n = new_node(p, NODE_IDENT, name.begin);
	n->u.ident.name = name.name;
	return n;
}

/* ---- primary and postfix ---- */

static struct node *parse_literal(struct parser *p)
{
	struct node *n = node_new(p->arena, NODE_INT, parser_tok_loc(p));

	if (p->tok.kind == TOK_STRING) {
		n->kind = NODE_STRING;
		n->u.string.text = p->tok.text;
		n->u.string.len = p->tok.len;
	} else if (p->tok.kind == TOK_INT) {
		n->u.integer.value = p->tok.value;
	} else {
		n->kind = NODE_PARAM;
		n->u.param.number = p->tok.kind == TOK_PARAM ? p->tok.value : 0;
	}
	parser_advance(p);
	return n;
}

struct node *parse_primary(struct parser *p)
{
	switch (p->tok.kind) {
	case TOK_INT:
	case TOK_STRING:
	case TOK_PARAM:
	case TOK_PARAM_COUNT:
		return parse_literal(p);
	case TOK_VAR:
		return parse_var(p);
	case TOK_MAP:
		return parse_map(p, true);
	case TOK_IDENT:
		if (parser_at_type_word(p, &p->tok))
			break;
		return parse_name(p);
	case TOK_LPAREN:
		return parser_at_cast(p) ? parse_cast(p) : parse_parens(p);
	case TOK_LBRACE:
		return parse_block(p);
	default:
		break;
	}
	parser_expected(p, "expression");
	return parser_error_node(p);
}

static bool is_lvalue(const struct node *n)
{
	return n->kind == NODE_VAR || n->kind == NODE_MAP || n->kind == NODE_MAP_ELEM;
}

static struct node *new_incdec(struct parser *p, struct node *operand, const struct token *op,
			       bool prefix)
{
	struct node *n = node_new(p->arena, NODE_INCDEC,
				  loc_join(parser_loc(p, op->begin, op->end), operand->loc));

	if (!is_lvalue(operand) || operand->parens) {
		parser_error(p, parser_loc(p, op->begin, op->end), DIAG_BAD_TARGET,
			     "increment/decrement requires a variable or map");
		return parser_error_node(p);
	}
	n->u.incdec.operand = operand;
	n->u.incdec.decrement = op->kind == TOK_DEC;
	n->u.incdec.prefix = prefix;
	return parser_finish(p, n);
}

static struct node *parse_field(struct parser *p, struct node *object)
{
	struct node *n = node_new(p->arena, NODE_FIELD, object->loc);

	n->u.field.arrow = p->tok.kind == TOK_ARROW;
	parser_advance(p);
	n->u.field.object = object;
	n->u.field.name_loc = parser_tok_loc(p);
	if (p->tok.kind == TOK_INT && !n->u.field.arrow) {
		n->kind = NODE_ELEMENT;
		n->u.element.object = object;
		n->u.element.number = p->tok.value;
	} else if (p->tok.kind == TOK_IDENT) {
		n->u.field.name = p->tok.name;
	} else {
		parser_expected(p, "field name or index after '.'");
		return parser_error_node(p);
	}
	parser_advance(p);
	n->loc = parser_loc_from(p, begin_of(p, object));
	return parser_finish(p, n);
}

static struct node *parse_index(struct parser *p, struct node *object)
{
	struct node *n = node_new(p->arena, NODE_INDEX, object->loc);

	parser_advance(p);
	n->u.index.object = object;
	n->u.index.index = parse_expr(p);
	parser_expect(p, TOK_RBRACKET);
	n->loc = parser_loc_from(p, begin_of(p, object));
	return parser_finish(p, n);
}

static struct node *parse_postfix(struct parser *p)
{
	struct node *n = parse_primary(p);
	struct token op;

	while (!p->panic) {
		op = p->tok;
		if (op.kind == TOK_DOT || op.kind == TOK_ARROW) {
			n = parse_field(p, n);
		} else if (op.kind == TOK_LBRACKET) {
			n = parse_index(p, n);
		} else if (op.kind == TOK_INC || op.kind == TOK_DEC) {
			parser_advance(p);
			n = new_incdec(p, n, &op, false);
		} else {
			break;
		}
	}
	return n;
}

/* ---- prefix operators ---- */

static enum ast_op prefix_op(enum token_kind kind)
{
	switch (kind) {
	case TOK_MINUS:
		return OP_NEG;
	case TOK_NOT:
		return OP_NOT;
	case TOK_TILDE:
		return OP_BNOT;
	case TOK_STAR:
		return OP_DEREF;
	case TOK_AMP:
		return OP_ADDR;
	default:
		return OP_NONE;
	}
}

/* "&" ( VAR | MAP ), the map without an index. */
static struct node *parse_address_operand(struct parser *p)
{
	if (p->tok.kind == TOK_VAR)
		return parse_var(p);
	if (p->tok.kind == TOK_MAP)
		return parse_map(p, false);
	parser_error(p, parser_tok_loc(p), DIAG_SYNTAX,
		     "address-of operator (&) can only be used on a map or variable");
	return parser_error_node(p);
}

static struct node *parse_prefix(struct parser *p)
{
	struct token op = p->tok;
	struct node *n;

	parser_advance(p);
	if (op.kind == TOK_INC || op.kind == TOK_DEC) {
		struct node *operand = parse_unary(p);

		return p->panic ? operand : new_incdec(p, operand, &op, true);
	}
	n = node_new(p->arena, NODE_UNARY, parser_loc(p, op.begin, op.end));
	n->u.unary.op = prefix_op(op.kind);
	if (n->u.unary.op == OP_ADDR)
		n->u.unary.operand = parse_address_operand(p);
	else
		n->u.unary.operand = parse_unary(p);
	n->loc = parser_loc_from(p, op.begin);
	return parser_finish(p, n);
}

struct node *parse_unary(struct parser *p)
{
	enum token_kind kind = p->tok.kind;
	struct node *n;

	if (!parser_enter(p))
		return parser_error_node(p);
	if (prefix_op(kind) || kind == TOK_INC || kind == TOK_DEC)
		n = parse_prefix(p);
	else
		n = parse_postfix(p);
	parser_leave(p);
	return n;
}
