/*
 * Blocks and statements, for the formatter: each function takes the tokens of its
 * node and sets the gaps between them.
 */
#include "lang/format.h"

/* ---- statements ---- */

/* The word that begins the statement, and a blank. */
static void put_keyword(struct formatter *f)
{
	fmt_token(f, TOK_IDENT);
	fmt_gap(f, GAP_SPACE);
}

static void put_expr_stmt(struct formatter *f, const struct node *n)
{
	fmt_expr(f, n->u.unary.operand);
	fmt_end(f);
}

static void put_assign(struct formatter *f, const struct node *n)
{
	fmt_expr(f, n->u.assign.target);
	fmt_gap(f, GAP_SPACE);
	fmt_word(f);
	fmt_gap(f, GAP_SPACE);
	fmt_expr(f, n->u.assign.value);
	fmt_end(f);
}

static void put_let(struct formatter *f, const struct node *n)
{
	put_keyword(f);
	fmt_token(f, TOK_VAR);
	if (n->u.let.declared) {
		fmt_gap(f, GAP_SPACE);
		fmt_token(f, TOK_COLON);
		fmt_gap(f, GAP_SPACE);
		fmt_type(f, n->u.let.declared);
	}
	if (n->u.let.value) {
		fmt_gap(f, GAP_SPACE);
		fmt_token(f, TOK_ASSIGN);
		fmt_gap(f, GAP_SPACE);
		fmt_expr(f, n->u.let.value);
	}
	fmt_end(f);
}

static void put_discard(struct formatter *f, const struct node *n)
{
	put_keyword(f);
	fmt_token(f, TOK_ASSIGN);
	fmt_gap(f, GAP_SPACE);
	fmt_expr(f, n->u.unary.operand);
	fmt_end(f);
}

static void put_while(struct formatter *f, const struct node *n)
{
	put_keyword(f);
	fmt_condition(f, n->u.loop.cond);
	fmt_gap(f, GAP_SPACE);
	fmt_block(f, n->u.loop.body, FMT_NO_VALUE);
}

static void put_for(struct formatter *f, const struct node *n)
{
	bool parens;

	put_keyword(f);
	parens = fmt_next_is(f, TOK_LPAREN);
	if (parens)
		fmt_token(f, TOK_LPAREN);
	fmt_token(f, TOK_VAR);
	fmt_gap(f, GAP_SPACE);
	fmt_token(f, TOK_COLON);
	fmt_gap(f, GAP_SPACE);
	if (n->kind == NODE_FOR_RANGE) {
		fmt_expr(f, n->u.loop.from);
		fmt_token(f, TOK_DOTDOT);
		fmt_expr(f, n->u.loop.to);
	} else {
		fmt_expr(f, n->u.loop.map);
	}
	if (parens)
		fmt_token(f, TOK_RPAREN);
	fmt_gap(f, GAP_SPACE);
	fmt_block(f, n->u.loop.body, FMT_NO_VALUE);
}

static void put_jump(struct formatter *f, const struct node *n)
{
	(void)n;
	fmt_token(f, TOK_IDENT);
	fmt_end(f);
}

static void put_return(struct formatter *f, const struct node *n)
{
	fmt_token(f, TOK_IDENT);
	if (n->u.unary.operand) {
		fmt_gap(f, GAP_SPACE);
		fmt_expr(f, n->u.unary.operand);
	}
	fmt_end(f);
}

static void put_import(struct formatter *f, const struct node *n)
{
	(void)n;
	put_keyword(f);
	fmt_token(f, TOK_STRING);
	fmt_end(f);
}

static void put_if(struct formatter *f, const struct node *n)
{
	fmt_if(f, n);
}

static void put_block(struct formatter *f, const struct node *n)
{
	fmt_block(f, n, FMT_NO_VALUE);
}

static void (*const put[NODE_KIND_COUNT])(struct formatter *f, const struct node *n) = {
	[NODE_EXPR_STMT] = put_expr_stmt, [NODE_ASSIGN] = put_assign, [NODE_LET] = put_let,
	[NODE_DISCARD] = put_discard, [NODE_WHILE] = put_while, [NODE_UNROLL] = put_while,
	[NODE_FOR_RANGE] = put_for, [NODE_FOR_MAP] = put_for, [NODE_BREAK] = put_jump,
	[NODE_CONTINUE] = put_jump, [NODE_RETURN] = put_return, [NODE_IMPORT] = put_import,
	[NODE_IF] = put_if, [NODE_BLOCK] = put_block,
};

/* ---- blocks ---- */

static void skip_semicolons(struct formatter *f)
{
	while (fmt_next_is(f, TOK_SEMI))
		fmt_skip(f, TOK_SEMI);
}

/* An `if` or a block without ";" at the end would be the value. */
static bool would_be_value(const struct node *n)
{
	return n->kind == NODE_IF || n->kind == NODE_BLOCK;
}

static void put_stmts(struct formatter *f, const struct node *n, enum fmt_value value)
{
	for (size_t i = 0; i < n->u.block.stmts.n; i++) {
		const struct node *stmt = n->u.block.stmts.at[i];
		bool last = i + 1 == n->u.block.stmts.n && !n->u.block.value;

		skip_semicolons(f);
		fmt_gap(f, GAP_ITEM);
		if (put[stmt->kind])
			put[stmt->kind](f, stmt);
		else
			f->lost = true;
		if (last && value && would_be_value(stmt))
			fmt_end(f);
		fmt_gap(f, GAP_ITEM);
	}
	skip_semicolons(f);
}

void fmt_block(struct formatter *f, const struct node *n, enum fmt_value value)
{
	bool short_form = n->u.block.value && !n->u.block.stmts.n && value == FMT_VALUE;
	enum fmt_gap gap = short_form ? GAP_BREAK : GAP_ITEM;

	fmt_block_in(f, gap);
	put_stmts(f, n, value);
	fmt_gap(f, gap);
	if (n->u.block.value)
		fmt_expr(f, n->u.block.value);
	fmt_block_out(f, gap);
}
