/*
 * Expressions and types, for the formatter: each function takes the tokens of its
 * node and sets the gaps between them.
 */
#include "lang/format.h"

#include <string.h>

/* ---- lists ---- */

void fmt_args(struct formatter *f, const void *list, size_t n, fmt_each_fn each,
	      enum token_kind closer)
{
	fmt_open(f, FMT_ARGS);
	for (size_t i = 0; i < n; i++) {
		if (i) {
			fmt_token(f, TOK_COMMA);
			fmt_gap(f, GAP_BREAK);
		}
		each(f, list, i);
	}
	if (fmt_next_is(f, TOK_COMMA))
		fmt_skip(f, TOK_COMMA);
	fmt_comments(f);
	fmt_close(f);
	fmt_token(f, closer);
}

static void put_item(struct formatter *f, const void *list, size_t i)
{
	const node_vec *nodes = list;

	fmt_expr(f, nodes->at[i]);
}

static void put_nodes(struct formatter *f, const node_vec *nodes, enum token_kind closer)
{
	fmt_args(f, nodes, nodes->n, put_item, closer);
}

/* ---- types ---- */

static void put_type_or_expr(struct formatter *f, const struct type_expr *type,
			     const struct node *expr)
{
	if (type)
		fmt_type(f, type);
	else
		fmt_expr(f, expr);
}

static void put_suffix(struct formatter *f, const struct type_suffix *s)
{
	if (!s->is_array) {
		fmt_token(f, TOK_STAR);
		return;
	}
	fmt_token(f, TOK_LBRACKET);
	if (s->has_count)
		fmt_token(f, TOK_INT);
	fmt_token(f, TOK_RBRACKET);
}

void fmt_type(struct formatter *f, const struct type_expr *t)
{
	fmt_token(f, TOK_IDENT);
	if (t->kind == TYPE_EXPR_TYPEOF) {
		fmt_token(f, TOK_LPAREN);
		put_type_or_expr(f, t->of_type, t->of_expr);
		fmt_token(f, TOK_RPAREN);
	} else if (t->kind != TYPE_EXPR_NAME) {
		fmt_gap(f, GAP_SPACE);
		fmt_token(f, TOK_IDENT);
	}
	for (size_t i = 0; i < t->suffixes.n; i++)
		put_suffix(f, &t->suffixes.at[i]);
}

/* ---- leaves ---- */

static void put_word(struct formatter *f, const struct node *n)
{
	(void)n;
	fmt_word(f);
}

static void put_map_elem(struct formatter *f, const struct node *n)
{
	fmt_token(f, TOK_MAP);
	fmt_token(f, TOK_LBRACKET);
	put_nodes(f, &n->u.map.keys, TOK_RBRACKET);
}

/* ---- operators ---- */

static void put_unary(struct formatter *f, const struct node *n)
{
	fmt_word(f);
	fmt_expr(f, n->u.unary.operand);
}

static void put_incdec(struct formatter *f, const struct node *n)
{
	if (n->u.incdec.prefix)
		fmt_word(f);
	fmt_expr(f, n->u.incdec.operand);
	if (!n->u.incdec.prefix)
		fmt_word(f);
}

/* The left operand belongs to the same list of operands. */
static bool goes_on(const struct node *n)
{
	const struct node *left = n->u.binary.left;

	return left->kind == NODE_BINARY && !left->parens &&
	       ast_op_level(left->u.binary.op) == ast_op_level(n->u.binary.op);
}

static void put_operands(struct formatter *f, const struct node *n)
{
	if (goes_on(n))
		put_operands(f, n->u.binary.left);
	else
		fmt_expr(f, n->u.binary.left);
	fmt_gap(f, GAP_SPACE);
	fmt_word(f);
	fmt_gap(f, GAP_BREAK);
	fmt_expr(f, n->u.binary.right);
}

static void put_binary(struct formatter *f, const struct node *n)
{
	fmt_open(f, FMT_FILL);
	put_operands(f, n);
	fmt_close(f);
}

static void put_ternary(struct formatter *f, const struct node *n)
{
	fmt_open(f, FMT_ALL);
	fmt_expr(f, n->u.cond.cond);
	fmt_gap(f, GAP_BREAK);
	fmt_token(f, TOK_QUESTION);
	if (n->u.cond.then) {
		fmt_gap(f, GAP_SPACE);
		fmt_expr(f, n->u.cond.then);
		fmt_gap(f, GAP_BREAK);
	}
	fmt_token(f, TOK_COLON);
	fmt_gap(f, GAP_SPACE);
	fmt_expr(f, n->u.cond.otherwise);
	fmt_close(f);
}

static void put_cast(struct formatter *f, const struct node *n)
{
	fmt_token(f, TOK_LPAREN);
	fmt_type(f, n->u.cast.to);
	fmt_token(f, TOK_RPAREN);
	fmt_expr(f, n->u.cast.operand);
}

static void put_comptime(struct formatter *f, const struct node *n)
{
	fmt_token(f, TOK_IDENT);
	fmt_gap(f, GAP_SPACE);
	fmt_expr(f, n->u.unary.operand);
}

/* ---- what has parts ---- */

static void put_field(struct formatter *f, const struct node *n)
{
	fmt_expr(f, n->u.field.object);
	fmt_word(f);
	fmt_token(f, TOK_IDENT);
}

static void put_element(struct formatter *f, const struct node *n)
{
	fmt_expr(f, n->u.element.object);
	fmt_token(f, TOK_DOT);
	fmt_token(f, TOK_INT);
}

static void put_index(struct formatter *f, const struct node *n)
{
	fmt_expr(f, n->u.index.object);
	fmt_token(f, TOK_LBRACKET);
	fmt_expr(f, n->u.index.index);
	fmt_token(f, TOK_RBRACKET);
}

static void put_tuple(struct formatter *f, const struct node *n)
{
	fmt_token(f, TOK_LPAREN);
	if (n->u.tuple.items.n != 1) {
		put_nodes(f, &n->u.tuple.items, TOK_RPAREN);
		return;
	}
	fmt_expr(f, n->u.tuple.items.at[0]);
	fmt_token(f, TOK_COMMA);
	fmt_token(f, TOK_RPAREN);
}

static void put_labelled(struct formatter *f, const void *list, size_t i)
{
	fmt_token(f, TOK_IDENT);
	fmt_token(f, TOK_ASSIGN);
	put_item(f, list, i);
}

static void put_record(struct formatter *f, const struct node *n)
{
	fmt_token(f, TOK_LPAREN);
	fmt_args(f, &n->u.tuple.items, n->u.tuple.items.n, put_labelled, TOK_RPAREN);
}

static void put_call(struct formatter *f, const struct node *n)
{
	fmt_token(f, TOK_IDENT);
	fmt_token(f, TOK_LPAREN);
	put_nodes(f, &n->u.call.args, TOK_RPAREN);
}

static void put_type_query(struct formatter *f, const struct node *n)
{
	fmt_token(f, TOK_IDENT);
	fmt_token(f, TOK_LPAREN);
	put_type_or_expr(f, n->u.type_query.of_type, n->u.type_query.of_expr);
	for (size_t i = 0; i < n->u.type_query.path.n; i++) {
		fmt_token(f, i ? TOK_DOT : TOK_COMMA);
		fmt_gap(f, i ? GAP_NONE : GAP_SPACE);
		fmt_token(f, TOK_IDENT);
	}
	fmt_token(f, TOK_RPAREN);
}

/* ---- if and blocks ---- */

void fmt_condition(struct formatter *f, const struct node *n)
{
	bool parens = fmt_next_is(f, TOK_LPAREN);

	if (parens)
		fmt_token(f, TOK_LPAREN);
	fmt_expr(f, n);
	if (parens)
		fmt_token(f, TOK_RPAREN);
}

static void put_branches(struct formatter *f, const struct node *n, enum fmt_value value)
{
	const struct node *otherwise = n->u.cond.otherwise;

	fmt_token(f, TOK_IDENT);
	fmt_gap(f, GAP_SPACE);
	fmt_condition(f, n->u.cond.cond);
	fmt_gap(f, GAP_SPACE);
	fmt_block(f, n->u.cond.then, value);
	if (!otherwise)
		return;
	fmt_gap(f, GAP_RESUME);
	fmt_token(f, TOK_IDENT);
	fmt_gap(f, GAP_SPACE);
	if (otherwise->kind == NODE_IF)
		put_branches(f, otherwise, value);
	else
		fmt_block(f, otherwise, value);
}

void fmt_if(struct formatter *f, const struct node *n)
{
	put_branches(f, n, FMT_NO_VALUE);
}

static void put_if_value(struct formatter *f, const struct node *n)
{
	const struct node *otherwise = n->u.cond.otherwise;
	bool chain = otherwise && otherwise->kind == NODE_IF;

	fmt_open(f, FMT_ALL);
	put_branches(f, n, chain ? FMT_LONG_VALUE : FMT_VALUE);
	fmt_close(f);
}

static void put_block_value(struct formatter *f, const struct node *n)
{
	fmt_open(f, FMT_ALL);
	fmt_block(f, n, FMT_VALUE);
	fmt_close(f);
}

/* ---- all ---- */

static void (*const put[NODE_KIND_COUNT])(struct formatter *f, const struct node *n) = {
	[NODE_INT] = put_word, [NODE_STRING] = put_word, [NODE_BOOL] = put_word,
	[NODE_PARAM] = put_word, [NODE_IDENT] = put_word, [NODE_VAR] = put_word,
	[NODE_MAP] = put_word, [NODE_MAP_ELEM] = put_map_elem,
	[NODE_UNARY] = put_unary, [NODE_INCDEC] = put_incdec, [NODE_BINARY] = put_binary,
	[NODE_TERNARY] = put_ternary, [NODE_IF] = put_if_value, [NODE_BLOCK] = put_block_value,
	[NODE_FIELD] = put_field, [NODE_INDEX] = put_index, [NODE_ELEMENT] = put_element,
	[NODE_TUPLE] = put_tuple, [NODE_RECORD] = put_record, [NODE_CAST] = put_cast,
	[NODE_CALL] = put_call, [NODE_SIZEOF] = put_type_query,
	[NODE_OFFSETOF] = put_type_query, [NODE_TYPEINFO] = put_type_query,
	[NODE_TYPE_ARG] = put_type_query, [NODE_COMPTIME] = put_comptime,
};

void fmt_expr(struct formatter *f, const struct node *n)
{
	if (!put[n->kind]) {
		f->lost = true;
		return;
	}
	for (unsigned i = 0; i < n->parens; i++)
		fmt_token(f, TOK_LPAREN);
	put[n->kind](f, n);
	for (unsigned i = 0; i < n->parens; i++)
		fmt_token(f, TOK_RPAREN);
}
