/*
 * What is decided while compiling: comptime, typeinfo, questions about types,
 * assertions (language 3.14, 3.15).
 *
 * A query is answered when types stand still, and becomes a literal; what it
 * looked at is locked from then on. A branch under `comptime` stays out of the
 * tree, unresolved, until its condition is a literal: only the chosen one ever
 * gets names and types. Choosing one may move types again, so inference runs
 * once more after each such round.
 */
#include "check/builtin_types.h"

#include <inttypes.h>
#include <string.h>

/* ---- branches that wait ---- */

/* An `if comptime` in the tree is its condition alone (a NODE_COMPTIME with
 * `implicit`); the rest is kept here. */
struct pending_branch {
	struct node *node;
	struct node *then, *otherwise;
	struct scope *scope;
	struct prog *prog;
	unsigned nr_loops, nr_for_loops;
};

static bool literal_truth(const struct node *n, bool *value)
{
	if (n->kind != NODE_INT && n->kind != NODE_BOOL)
		return false;
	*value = n->u.integer.value != 0;
	return true;
}

/* The chosen branch takes the place of the node; the other one is forgotten. */
static void choose(struct check *c, struct node *n, struct node *chosen)
{
	struct node *slot = n;

	if (chosen) {
		*n = *chosen;
		resolve_expr(c, &slot);
		if (slot != n)
			*n = *slot;
		return;
	}
	n->kind = NODE_BLOCK;
	memset(&n->u, 0, sizeof(n->u));
}

bool comptime_branch(struct check *c, struct node *n)
{
	struct node *cond = n->u.cond.cond;
	struct pending_branch p = {
		.node = n, .then = n->u.cond.then, .otherwise = n->u.cond.otherwise,
		.scope = c->state->scope, .prog = c->prog, .nr_loops = c->state->nr_loops,
		.nr_for_loops = c->state->nr_for_loops,
	};
	bool value;

	if (cond->kind != NODE_COMPTIME || !p.then)
		return false;
	resolve_expr(c, &cond->u.unary.operand);
	fold_expr(c, &cond->u.unary.operand);
	if (literal_truth(cond->u.unary.operand, &value)) {
		choose(c, n, value ? p.then : p.otherwise);
		return true;
	}
	*n = *cond;
	n->implicit = true;
	vec_push(c->arena, &c->state->pending, p);
	return true;
}

/* Put the chosen branches of conditions that have become literals in place.
 * Returns true if there were any: types must be inferred again. */
bool comptime_settle(struct check *c)
{
	size_t n = c->state->pending.n, kept = 0;
	struct pending_branch *all = c->state->pending.at;
	bool found = false, value;

	memset(&c->state->pending, 0, sizeof(c->state->pending));
	for (size_t i = 0; i < n; i++) {
		struct pending_branch *p = &all[i];
		struct node *slot = p->node;

		if (!literal_truth(p->node->u.unary.operand, &value)) {
			vec_push(c->arena, &c->state->pending, *p);
			kept++;
			continue;
		}
		found = true;
		c->prog = p->prog;
		c->state->scope = p->scope;
		c->state->nr_loops = p->nr_loops;
		c->state->nr_for_loops = p->nr_for_loops;
		choose(c, p->node, value ? p->then : p->otherwise);
		fold_expr(c, &slot);
		if (slot != p->node)
			*p->node = *slot;
	}
	return found;
}

/* NODE_COMPTIME once its operand has been folded. */
void comptime_fold(struct node **slot)
{
	struct node *n = *slot;

	if (!n->implicit && node_is_literal(n->u.unary.operand))
		*slot = n->u.unary.operand;
}

const struct type *comptime_infer(struct check *c, struct node *n)
{
	const struct type *t = infer_expr(c, n->u.unary.operand);

	if (!c->reporting)
		return n->implicit ? NULL : t;
	if (!t || t->kind != TYPE_ERROR)
		check_error(c, n->loc, DIAG_COMPTIME, "Unable to resolve comptime expression");
	return bad_type(c);
}

/* ---- locks ---- */

static void lock_visit(struct node **slot, void *arg)
{
	struct node *n = *slot;

	if (!n)
		return;
	if (n->kind == NODE_VAR && n->u.var.var)
		n->u.var.var->locked = n->u.var.var->type;
	if ((n->kind == NODE_MAP || n->kind == NODE_MAP_ELEM) && n->u.map.map) {
		n->u.map.map->locked_value = n->u.map.map->value;
		if (n->kind == NODE_MAP)
			n->u.map.map->locked_key = n->u.map.map->key;
	}
	node_children(n, lock_visit, arg);
}

/* What the answer depends on must not grow any more. */
void query_lock(struct node *n)
{
	lock_visit(&n, NULL);
}

bool query_is_ripe(const struct check *c)
{
	return !c->state->in_rounds || c->state->sizes_known;
}

/* ---- typeinfo ---- */

static const char *const base_names[TYPE_KIND_COUNT] = {
	[TYPE_VOID] = "void", [TYPE_BOOL] = "bool", [TYPE_INT] = "int", [TYPE_ENUM] = "int",
	[TYPE_STRING] = "string", [TYPE_BUFFER] = "buffer", [TYPE_POINTER] = "pointer",
	[TYPE_ARRAY] = "array", [TYPE_STRUCT] = "c_type", [TYPE_TUPLE] = "tuple",
	[TYPE_RECORD] = "record", [TYPE_COUNT] = "count_t", [TYPE_SUM] = "sum_t",
	[TYPE_MIN] = "min_t", [TYPE_MAX] = "max_t", [TYPE_AVG] = "avg_t",
	[TYPE_STATS] = "stats_t", [TYPE_HIST] = "hist_t", [TYPE_LHIST] = "lhist_t",
	[TYPE_TSERIES] = "tseries_t", [TYPE_KSTACK] = "kstack", [TYPE_USTACK] = "ustack",
	[TYPE_KSYM] = "ksym_t", [TYPE_USYM] = "usym_t", [TYPE_PROBE_NAME] = "string",
	[TYPE_TIMESTAMP] = "timestamp", [TYPE_INET] = "inet", [TYPE_MACADDR] = "mac_address",
	[TYPE_CGROUP_PATH] = "cgroup_path_t", [TYPE_USERNAME] = "username_t",
	[TYPE_TIMESTAMP_MODE] = "timestamp_mode",
};

static struct node *text_node(struct check *c, struct loc loc, const char *text)
{
	struct node *n = node_new(c->arena, NODE_STRING, loc);

	n->u.string.text = arena_strdup(c->arena, text);
	n->u.string.len = strlen(text);
	return n;
}

/* typeinfo(x) is a record of literals. */
void typeinfo_answer(struct check *c, struct node *n, const struct type *t)
{
	static const char *const labels[] = { "btf_id", "base_type", "full_type" };
	struct node *id = node_new(c->arena, NODE_INT, n->loc);
	struct node *base =
		text_node(c, n->loc, base_names[t->kind] ? base_names[t->kind] : "none");
	struct node *full = text_node(c, n->loc, type_text(c, t));

	n->kind = NODE_RECORD;
	memset(&n->u, 0, sizeof(n->u));
	vec_push(c->arena, &n->u.tuple.items, id);
	vec_push(c->arena, &n->u.tuple.items, base);
	vec_push(c->arena, &n->u.tuple.items, full);
	for (size_t i = 0; i < 3; i++)
		vec_push(c->arena, &n->u.tuple.labels, name_of(c->names, labels[i]));
	n->type = infer_expr(c, n);
}

/* ---- questions ---- */

static bool answer(struct check *c, const struct node *call, const struct type *t)
{
	const struct node *arg = call->u.call.args.at[0];

	(void)c;
	switch (call->u.call.builtin->id) {
	case BUILTIN_is_array:
		return t->kind == TYPE_ARRAY;
	case BUILTIN_is_integer:
		return type_is_integer(t);
	case BUILTIN_is_unsigned_integer:
		return type_is_integer(t) && !t->is_signed;
	case BUILTIN_is_ptr:
		return t->kind == TYPE_POINTER;
	case BUILTIN_is_str:
		return t->kind == TYPE_STRING || t->kind == TYPE_PROBE_NAME;
	default:
		return node_is_literal(arg);
	}
}

static void become_bool(struct node *n, bool value)
{
	n->kind = NODE_BOOL;
	memset(&n->u, 0, sizeof(n->u));
	n->u.integer.value = value;
}

const struct type *check_type_is_type(struct check *c, struct node *call)
{
	struct node *arg = call_arg(call, 0);

	if (!arg->type || !query_is_ripe(c))
		return c->types->bool_;
	query_lock(arg);
	become_bool(call, answer(c, call, arg->type));
	return c->types->bool_;
}

const struct type *check_type_is_scalar(struct check *c, struct node *call)
{
	const struct node *arg = call_arg(call, 0);

	if (!query_is_ripe(c) || !arg->u.map.map->shape_known)
		return c->types->bool_;
	become_bool(call, arg->u.map.map->is_scalar);
	return c->types->bool_;
}

/* ---- assertions ---- */

static const char *literal_text(struct check *c, const struct node *n)
{
	switch (n->kind) {
	case NODE_INT:
		return arena_printf(c->arena, n->u.integer.negative ? "%" PRId64 : "%" PRIu64,
				    n->u.integer.value);
	case NODE_BOOL:
		return n->u.integer.value ? "true" : "false";
	case NODE_STRING:
		return n->u.string.text;
	default:
		return "?";
	}
}

const struct type *check_type_static_assert(struct check *c, struct node *call)
{
	const struct node *cond = call_arg(call, 0), *text = call_arg(call, 1);
	bool value;

	if (!c->reporting)
		return c->types->void_;
	if (!literal_truth(cond, &value)) {
		check_error(c, cond->loc, DIAG_COMPTIME, "Unable to resolve comptime expression");
		return bad_type(c);
	}
	if (value)
		return c->types->void_;
	check_error(c, call->loc, DIAG_STATIC_ASSERT, "%s",
		    text && text->kind == NODE_STRING && text->u.string.len ? text->u.string.text :
		    "static assertion failed");
	return bad_type(c);
}

/* fail() that is still there when types are final was reached. */
const struct type *check_type_fail(struct check *c, struct node *call)
{
	const struct type *t = check_type_format(c, call);
	const struct format *f = call->u.call.aux;
	const char *text = "";
	struct format_piece *p;

	if (!c->reporting || !t || t->kind == TYPE_ERROR || !f)
		return t;
	for (size_t i = 1; i < call->u.call.args.n; i++) {
		if (node_is_literal(call->u.call.args.at[i]))
			continue;
		check_error(c, call->u.call.args.at[i]->loc, DIAG_LITERAL_REQUIRED,
			    "fail() takes literals only");
		return bad_type(c);
	}
	vec_each(p, &f->pieces)
		text = p->text ? arena_printf(c->arena, "%s%.*s", text, (int)p->len, p->text) :
		       arena_printf(c->arena, "%s%s", text,
				    literal_text(c, call->u.call.args.at[1 + p->conv.field]));
	check_error(c, call->loc, DIAG_FAIL, "%s", text);
	return bad_type(c);
}
