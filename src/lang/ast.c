/*
 * Tree nodes: making, copying, walking, and the words for them.
 *
 * The three walks (children, clone, dump) know every kind; what a kind's
 * children are is said once, in node_children, and clone builds on it.
 */
#include "lang/ast.h"

#include "lang/lang.h"

#include <assert.h>
#include <string.h>

static const char *const op_texts[OP_COUNT] = {
	[OP_NONE] = "", [OP_ADD] = "+", [OP_SUB] = "-", [OP_MUL] = "*", [OP_DIV] = "/",
	[OP_MOD] = "%", [OP_AND] = "&", [OP_OR] = "|", [OP_XOR] = "^", [OP_SHL] = "<<",
	[OP_SHR] = ">>", [OP_EQ] = "==", [OP_NE] = "!=", [OP_LT] = "<", [OP_LE] = "<=",
	[OP_GT] = ">", [OP_GE] = ">=", [OP_LAND] = "&&", [OP_LOR] = "||", [OP_NEG] = "-",
	[OP_NOT] = "!", [OP_BNOT] = "~", [OP_DEREF] = "*", [OP_ADDR] = "&",
};

static const char *const kind_names[NODE_KIND_COUNT] = {
	[NODE_INT] = "int", [NODE_STRING] = "string", [NODE_BOOL] = "bool",
	[NODE_PARAM] = "param", [NODE_IDENT] = "ident", [NODE_VAR] = "var",
	[NODE_MAP] = "map", [NODE_MAP_ELEM] = "map element", [NODE_UNARY] = "unary",
	[NODE_INCDEC] = "incdec", [NODE_BINARY] = "binary", [NODE_TERNARY] = "ternary",
	[NODE_IF] = "if", [NODE_BLOCK] = "block", [NODE_FIELD] = "field",
	[NODE_INDEX] = "index", [NODE_ELEMENT] = "element", [NODE_TUPLE] = "tuple",
	[NODE_RECORD] = "record", [NODE_CAST] = "cast", [NODE_CALL] = "call",
	[NODE_SIZEOF] = "sizeof", [NODE_OFFSETOF] = "offsetof", [NODE_TYPEINFO] = "typeinfo",
	[NODE_TYPE_ARG] = "typeof", [NODE_COMPTIME] = "comptime", [NODE_ERROR] = "error",
	[NODE_EXPR_STMT] = "expression", [NODE_ASSIGN] = "assign", [NODE_LET] = "let",
	[NODE_DISCARD] = "discard", [NODE_WHILE] = "while", [NODE_UNROLL] = "unroll",
	[NODE_FOR_RANGE] = "for range", [NODE_FOR_MAP] = "for map", [NODE_BREAK] = "break",
	[NODE_CONTINUE] = "continue", [NODE_RETURN] = "return", [NODE_IMPORT] = "import",
};

const char *ast_op_text(enum ast_op op)
{
	assert(op < OP_COUNT);
	return op_texts[op];
}

int ast_op_level(enum ast_op op)
{
	static const int levels[OP_COUNT] = {
		[OP_LOR] = 1, [OP_LAND] = 2, [OP_OR] = 3, [OP_XOR] = 4, [OP_AND] = 5,
		[OP_EQ] = 6, [OP_NE] = 6, [OP_LT] = 7, [OP_LE] = 7, [OP_GT] = 7, [OP_GE] = 7,
		[OP_SHL] = 8, [OP_SHR] = 8, [OP_ADD] = 9, [OP_SUB] = 9,
		[OP_MUL] = 10, [OP_DIV] = 10, [OP_MOD] = 10,
	};

	assert(op < OP_COUNT);
	return levels[op];
}

const char *node_kind_name(enum node_kind kind)
{
	assert(kind < NODE_KIND_COUNT);
	return kind_names[kind];
}

bool lang_is_builtin_word(const char *name)
{
	static const char *const words[] = {
		"args", "ctx", "kstack", "ustack", "nsecs", "pid", "tid",
	};
	size_t prefix = !strncmp(name, "sarg", 4) ? 4 : !strncmp(name, "arg", 3) ? 3 : 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(name, words[i]))
			return true;
	if (prefix && name[prefix])
		return strspn(name + prefix, "0123456789") == strlen(name + prefix);
	return !strncmp(name, "__builtin_", 10);
}

struct node *node_new(struct arena *a, enum node_kind kind, struct loc loc)
{
	struct node *n = arena_new(a, struct node);

	n->kind = kind;
	n->loc = loc;
	return n;
}

/* ---- children ---- */

static void visit_slot(struct node **slot, node_visit_fn visit, void *arg)
{
	if (*slot)
		visit(slot, arg);
}

static void visit_vec(node_vec *v, node_visit_fn visit, void *arg)
{
	for (size_t i = 0; i < v->n; i++)
		visit_slot(&v->at[i], visit, arg);
}

static void visit_loop(struct node *n, node_visit_fn visit, void *arg)
{
	visit_slot(&n->u.loop.cond, visit, arg);
	visit_slot(&n->u.loop.from, visit, arg);
	visit_slot(&n->u.loop.to, visit, arg);
	visit_slot(&n->u.loop.map, visit, arg);
	visit_slot(&n->u.loop.body, visit, arg);
}

void node_children(struct node *n, node_visit_fn visit, void *arg)
{
	switch (n->kind) {
	case NODE_INT:
	case NODE_STRING:
	case NODE_BOOL:
	case NODE_PARAM:
	case NODE_IDENT:
	case NODE_VAR:
	case NODE_ERROR:
	case NODE_BREAK:
	case NODE_CONTINUE:
	case NODE_IMPORT:
	case NODE_KIND_COUNT:
		break;
	case NODE_MAP:
	case NODE_MAP_ELEM:
		visit_vec(&n->u.map.keys, visit, arg);
		break;
	case NODE_UNARY:
	case NODE_COMPTIME:
	case NODE_EXPR_STMT:
	case NODE_DISCARD:
	case NODE_RETURN:
		visit_slot(&n->u.unary.operand, visit, arg);
		break;
	case NODE_INCDEC:
		visit_slot(&n->u.incdec.operand, visit, arg);
		break;
	case NODE_BINARY:
		visit_slot(&n->u.binary.left, visit, arg);
		visit_slot(&n->u.binary.right, visit, arg);
		break;
	case NODE_TERNARY:
	case NODE_IF:
		visit_slot(&n->u.cond.cond, visit, arg);
		visit_slot(&n->u.cond.then, visit, arg);
		visit_slot(&n->u.cond.otherwise, visit, arg);
		break;
	case NODE_BLOCK:
		visit_vec(&n->u.block.stmts, visit, arg);
		visit_slot(&n->u.block.value, visit, arg);
		break;
	case NODE_FIELD:
		visit_slot(&n->u.field.object, visit, arg);
		break;
	case NODE_INDEX:
		visit_slot(&n->u.index.object, visit, arg);
		visit_slot(&n->u.index.index, visit, arg);
		break;
	case NODE_ELEMENT:
		visit_slot(&n->u.element.object, visit, arg);
		break;
	case NODE_TUPLE:
	case NODE_RECORD:
		visit_vec(&n->u.tuple.items, visit, arg);
		break;
	case NODE_CAST:
		visit_slot(&n->u.cast.operand, visit, arg);
		break;
	case NODE_CALL:
		visit_vec(&n->u.call.args, visit, arg);
		break;
	case NODE_SIZEOF:
	case NODE_OFFSETOF:
	case NODE_TYPEINFO:
	case NODE_TYPE_ARG:
		visit_slot(&n->u.type_query.of_expr, visit, arg);
		break;
	case NODE_ASSIGN:
		visit_slot(&n->u.assign.value, visit, arg);
		visit_slot(&n->u.assign.target, visit, arg);
		break;
	case NODE_LET:
		visit_slot(&n->u.let.value, visit, arg);
		break;
	case NODE_WHILE:
	case NODE_UNROLL:
	case NODE_FOR_RANGE:
	case NODE_FOR_MAP:
		visit_loop(n, visit, arg);
		break;
	}
}

/* ---- copying ---- */

static void *copy_array(struct arena *a, const void *at, size_t size_bytes)
{
	return size_bytes ? memcpy(arena_alloc(a, size_bytes), at, size_bytes) : NULL;
}

static void copy_nodes(struct arena *a, node_vec *v)
{
	v->at = copy_array(a, v->at, v->n * sizeof(v->at[0]));
	v->cap = v->n;
}

struct type_expr *type_expr_clone(struct arena *a, const struct type_expr *t)
{
	struct type_expr *copy;

	if (!t)
		return NULL;
	copy = arena_new(a, struct type_expr);
	*copy = *t;
	copy->suffixes.at =
		copy_array(a, t->suffixes.at, t->suffixes.n * sizeof(t->suffixes.at[0]));
	copy->suffixes.cap = t->suffixes.n;
	copy->of_type = type_expr_clone(a, t->of_type);
	copy->of_expr = t->of_expr ? node_clone(a, t->of_expr) : NULL;
	return copy;
}

static void clone_child(struct node **slot, void *arg)
{
	*slot = node_clone(arg, *slot);
}

/* Give the copy vectors and types of its own and drop what checking noted. */
static void own_parts(struct arena *a, struct node *n)
{
	switch (n->kind) {
	case NODE_IDENT:
		n->u.ident.builtin = NULL;
		break;
	case NODE_VAR:
		n->u.var.var = NULL;
		break;
	case NODE_MAP:
	case NODE_MAP_ELEM:
		n->u.map.map = NULL;
		copy_nodes(a, &n->u.map.keys);
		break;
	case NODE_BLOCK:
		copy_nodes(a, &n->u.block.stmts);
		break;
	case NODE_FIELD:
		n->u.field.found = NULL;
		n->u.field.offset_bytes = 0;
		break;
	case NODE_TUPLE:
	case NODE_RECORD:
		copy_nodes(a, &n->u.tuple.items);
		break;
	case NODE_CAST:
		n->u.cast.to = type_expr_clone(a, n->u.cast.to);
		break;
	case NODE_CALL:
		n->u.call.builtin = NULL;
		n->u.call.func = NULL;
		n->u.call.aux = NULL;
		copy_nodes(a, &n->u.call.args);
		break;
	case NODE_SIZEOF:
	case NODE_OFFSETOF:
	case NODE_TYPEINFO:
	case NODE_TYPE_ARG:
		n->u.type_query.of_type = type_expr_clone(a, n->u.type_query.of_type);
		break;
	case NODE_LET:
		n->u.let.var = NULL;
		n->u.let.declared = type_expr_clone(a, n->u.let.declared);
		break;
	case NODE_WHILE:
	case NODE_UNROLL:
	case NODE_FOR_RANGE:
	case NODE_FOR_MAP:
		n->u.loop.var = NULL;
		break;
	default:
		break;
	}
}

struct node *node_clone(struct arena *a, const struct node *n)
{
	struct node *copy = arena_new(a, struct node);

	*copy = *n;
	copy->type = NULL;
	own_parts(a, copy);
	node_children(copy, clone_child, a);
	return copy;
}

/* ---- blocks without a value ---- */

/* A value that is evaluated and dropped, as a statement. */
static struct node *value_as_stmt(struct arena *a, struct node *value)
{
	struct node *n;

	if ((value->kind == NODE_IF || value->kind == NODE_BLOCK) && !value->parens) {
		node_drop_value(a, value);
		return value;
	}
	n = node_new(a, NODE_EXPR_STMT, value->loc);
	n->u.unary.operand = value;
	n->height = (uint16_t)(value->height + 1);
	return n;
}

void node_drop_value(struct arena *a, struct node *n)
{
	struct node *value;

	if (n->kind == NODE_IF) {
		node_drop_value(a, n->u.cond.then);
		if (n->u.cond.otherwise)
			node_drop_value(a, n->u.cond.otherwise);
		return;
	}
	if (n->kind != NODE_BLOCK || !n->u.block.value)
		return;
	value = n->u.block.value;
	n->u.block.value = NULL;
	if (value->kind != NODE_ERROR)
		vec_push(a, &n->u.block.stmts, value_as_stmt(a, value));
}
