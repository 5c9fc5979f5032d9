/*
 * Counters of rules and operators: see cover.h.
 */
#include "tests/differential/cover.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

static const char *const rule_texts[RULE_COUNT] = {
#define RULE(id, text) [RULE_##id] = text,
#include "tests/differential/rules.def"
#undef RULE
};

static const char *const type_names[COVER_TYPES] = {
	"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool",
};

/* Nodes that may stand in a checked tree of ours. */
static const bool wanted_nodes[NODE_KIND_COUNT] = {
	[NODE_INT] = true, [NODE_STRING] = true, [NODE_BOOL] = true, [NODE_VAR] = true,
	[NODE_MAP] = true, [NODE_MAP_ELEM] = true, [NODE_UNARY] = true, [NODE_INCDEC] = true,
	[NODE_BINARY] = true, [NODE_TERNARY] = true, [NODE_IF] = true, [NODE_BLOCK] = true,
	[NODE_INDEX] = true, [NODE_ELEMENT] = true, [NODE_TUPLE] = true, [NODE_RECORD] = true,
	[NODE_CAST] = true, [NODE_CALL] = true, [NODE_DISCARD] = true, [NODE_ASSIGN] = true,
	[NODE_LET] = true, [NODE_WHILE] = true, [NODE_UNROLL] = true, [NODE_FOR_RANGE] = true,
	[NODE_FOR_MAP] = true, [NODE_BREAK] = true, [NODE_CONTINUE] = true, [NODE_RETURN] = true,
};

static int type_index(const struct type *t)
{
	int row = t->size_bytes == 1 ? 0 : t->size_bytes == 2 ? 1 : t->size_bytes == 4 ? 2 : 3;

	if (t->kind == TYPE_BOOL)
		return 8;
	return t->kind == TYPE_INT ? row + (t->is_signed ? 0 : 4) : -1;
}

static int operand_class(const struct type *t)
{
	return t->kind == TYPE_INT ? !t->is_signed : 2;
}

void cover_op(struct cover *c, enum ast_op op, const struct type *operand)
{
	c->ops[op][operand_class(operand)]++;
}

void cover_cast(struct cover *c, const struct type *from, const struct type *to)
{
	int i = type_index(from), k = type_index(to);

	if (i >= 0 && k >= 0)
		c->casts[i][k]++;
}

void cover_join(struct cover *c, const struct type *a, const struct type *b,
		const struct type *joined)
{
	uint32_t size = a->size_bytes > b->size_bytes ? a->size_bytes : b->size_bytes;
	enum cover_rule rule;

	if (a->kind != TYPE_INT || b->kind != TYPE_INT)
		return;
	if (a->is_flexible != b->is_flexible)
		rule = RULE_JOIN_FLEXIBLE;
	else if (a->is_signed == b->is_signed)
		rule = RULE_JOIN_SAME_SIGN;
	else if (size < 8 && joined->size_bytes == size)
		rule = RULE_JOIN_SIGNED_LARGER;
	else if (size < 8)
		rule = RULE_JOIN_DOUBLE;
	else
		rule = RULE_JOIN_INT64;
	c->rules[rule]++;
}

/* What is gone from the tree when types are known shows in the text only. */
void cover_text(struct cover *c, const char *text)
{
	static const struct { enum cover_rule rule; const char *needle; } rows[] = {
		{ RULE_LITERAL_EDGE, "9223372036854775807" }, { RULE_NEGATIVE_LITERAL, "(-" },
		{ RULE_PARAM, "$1" }, { RULE_PARAM_TEXT, "str($2 + 1)" }, { RULE_PARAM_ABSENT, "$9" },
		{ RULE_SIZEOF, "sizeof(" }, { RULE_OFFSETOF, "offsetof(" }, { RULE_TYPEOF, "typeof(" },
		{ RULE_COMPTIME, "comptime (" }, { RULE_COMPTIME_IF, "if comptime" },
		{ RULE_TEXT_JOIN, "\"abc\" + \"de\"" }, { RULE_C_MACRO, "NEXT" },
		{ RULE_ENUMERATOR, "BLUE" }, { RULE_MAP_DECLARED, "let @m" },
		{ RULE_MAP_ONLY_STEPPED, "@un++" }, { RULE_MAP_ONLY_READ, "@ur" },
		{ RULE_PREDICATE, "end /" }, { RULE_TUPLE_BRACKET, "[1]" },
		{ RULE_MACRO_VAR, "add3($" }, { RULE_MACRO_MAP, "put(@" }, { RULE_MACRO_EXPR, "twice(" },
		{ RULE_MACRO_OVERLOAD, "mix(" }, { RULE_MACRO_BARE, "+ answer" },
		{ RULE_DELETE_OLD, "delete(@" }, { RULE_SCOPE_OWN_BLOCK, " = ({ let $v" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *at = strstr(text, rows[i].needle);

		/* The definitions of macros are always there. */
		if (at && rows[i].rule >= RULE_MACRO_VAR && rows[i].rule <= RULE_MACRO_BARE)
			at = strstr(strstr(text, "begin"), rows[i].needle);
		c->rules[rows[i].rule] += at != NULL;
	}
}

/* ---- the report ---- */

struct report {
	FILE *out;
	bool all;
	int zero;
};

static void tell(struct report *r, uint64_t count, const char *what, const char *detail)
{
	if (!count)
		r->zero++;
	if (!count || r->all)
		fprintf(r->out, "%10" PRIu64 "  %s%s\n", count, what, detail);
}

/* Whether programs can have this operator on this class of operands. */
static bool wanted_op(enum ast_op op, int class)
{
	if (op == OP_DEREF || op == OP_ADDR || op == OP_NONE)
		return false;
	/* A difference has a sign, and so have its operands. */
	if (op == OP_SUB && class == 1)
		return false;
	if (class != 2)
		return true;
	return op != OP_NEG && op != OP_BNOT && op != OP_SHL && op != OP_SHR && op != OP_DIV &&
	       op != OP_MOD && op != OP_SUB && op != OP_MUL && op != OP_ADD && op < OP_LT;
}

int cover_report(const struct cover *c, bool all, FILE *out)
{
	static const char *const classes[] = { " on signed", " on unsigned", " on others" };
	struct report r = { .out = out, .all = all };
	char text[64];

	for (int i = 0; i < RULE_COUNT; i++)
		tell(&r, c->rules[i], rule_texts[i], "");
	for (int op = 1; op < OP_COUNT; op++)
		for (int k = 0; k < 3; k++)
			if (wanted_op(op, k))
				tell(&r, c->ops[op][k], op == OP_NEG ? "unary -" : ast_op_text(op),
				     classes[k]);
	for (int op = OP_ADD; op <= OP_SHR; op++)
		tell(&r, c->assign_ops[op], ast_op_text(op), "=");
	for (int i = 0; i < COVER_TYPES; i++)
		for (int k = 0; k < COVER_TYPES; k++) {
			snprintf(text, sizeof(text), "%s to %s", type_names[i], type_names[k]);
			if (i != k)
				tell(&r, c->casts[i][k], "cast of ", text);
		}
	for (int i = 0; i < NODE_KIND_COUNT; i++)
		if (wanted_nodes[i])
			tell(&r, c->nodes[i], "node ", node_kind_name(i));
	return r.zero;
}
