/*
 * Expansion of macros, on the tree between parsing and checking.
 *
 * In: a script as parsed, with macros. Out: the same without macros; each call
 * has become a block (or, if the body is one expression, that expression).
 *
 * Hygiene rests on interned names comparing by pointer: a variable that a body
 * makes gets a copy of its name of its own in each expansion. The text, which
 * messages show, stays; the variable is another. A variable that a body only
 * reads is the caller's.
 *
 * Arguments are expanded once, in the caller's meaning, and copied to each use.
 * A place of a copied node keeps where it was written; its chain then leads
 * through the use in the body to the call.
 */
#include "lang/lang.h"
#include "lang/macro.h"

#include "lang/parser.h"

#include <string.h>

/* Macros that double their arguments must not eat the machine. */
#define EXPAND_MAX_NODES 2000000

/* One call of a macro whose body is being rewritten. */
struct binding {
	const struct macro *macro;
	const node_vec *args;			/* expanded, as many as parameters */
	const struct expansion *where;		/* the call */
	struct hmap locals;			/* name in the body to the name of its own */
	const struct binding *caller;		/* or NULL: not in a macro */
};

struct expander {
	struct arena *arena;
	struct diags *diags;
	struct macro_table macros;
	lang_is_builtin_fn is_builtin;
	const struct binding *at;		/* NULL: not in a macro */
	unsigned depth;				/* of the tree that is being made */
	size_t nr_nodes;
	bool gave_up;
	bool keep_block;			/* the next call is a statement */
};

static void expand(struct node **slot, void *arg);

static void become_error(struct node *n)
{
	n->kind = NODE_ERROR;
	memset(&n->u, 0, sizeof(n->u));
}

static bool enter(struct expander *x, const struct node *n)
{
	if (x->depth < PARSER_MAX_HEIGHT && x->nr_nodes < EXPAND_MAX_NODES) {
		x->depth++;
		x->nr_nodes++;
		return true;
	}
	if (!x->gave_up)
		diag_error(x->diags, n->loc, DIAG_MACRO_TOO_LARGE,
			   "the expansion of macros is too large");
	x->gave_up = true;
	return false;
}

/* ---- parameters ---- */

static const struct macro_param *find_param(const struct binding *b, enum macro_param_kind kind,
					    const char *name, size_t *index)
{
	for (size_t i = 0; b && i < b->macro->params.n; i++) {
		const struct macro_param *p = &b->macro->params.at[i];

		if (p->kind == kind && p->name == name) {
			*index = i;
			return p;
		}
	}
	return NULL;
}

/* The argument given for the expression parameter of this name, or NULL. */
static struct node *find_arg(const struct binding *b, const char *name)
{
	size_t index;

	return find_param(b, MACRO_PARAM_EXPR, name, &index) ? b->args->at[index] : NULL;
}

/* ---- copying an argument to where it is used ---- */

struct relocation {
	struct expander *x;
	const struct expansion *from, *to;	/* the caller's chain; the use's */
	const struct expansion *last, *last_copy;
};

/* The chain of a place in the argument, with what follows the caller's replaced. */
static const struct expansion *relocate_chain(struct relocation *r, const struct expansion *e)
{
	struct expansion *copy;

	if (!e || e == r->from)
		return r->to;
	if (e == r->last)
		return r->last_copy;
	copy = arena_new(r->x->arena, struct expansion);
	copy->call = e->call;
	copy->call.from = relocate_chain(r, e->call.from);
	r->last = e;
	r->last_copy = copy;
	return copy;
}

static void relocate(struct node **slot, void *arg)
{
	struct relocation *r = arg;
	struct node *n = *slot;

	if (!enter(r->x, n)) {
		become_error(n);
		return;
	}
	n->loc.from = relocate_chain(r, n->loc.from);
	node_children(n, relocate, r);
	r->x->depth--;
}

static struct node *copy_arg(struct expander *x, const struct node *arg, struct loc use)
{
	struct expansion *e = arena_new(x->arena, struct expansion);
	struct relocation r = { .x = x, .from = x->at->where->call.from, .to = e };
	struct node *copy = node_clone(x->arena, arg);

	e->call = use;
	relocate(&copy, &r);
	return copy;
}

/* `{ $v }`: its value only, no place that can be assigned. */
static struct node *wrap(struct expander *x, struct node *value)
{
	struct node *block;

	if (value->kind != NODE_VAR && value->kind != NODE_MAP)
		return value;
	block = node_new(x->arena, NODE_BLOCK, value->loc);
	block->u.block.value = value;
	block->parens = true;
	return block;
}

static void use_arg(struct expander *x, struct node **slot, const struct node *arg)
{
	struct node *copy = copy_arg(x, arg, (*slot)->loc);

	if (copy->kind == NODE_TYPE_ARG) {
		diag_error(x->diags, copy->loc, DIAG_TYPE_ARGUMENT,
			   "When used as a call argument, `typeof` builtin only valid for macro "
			   "calls that are expecting a type parameter");
		become_error(copy);
	}
	*slot = wrap(x, copy);
}

/* ---- types ---- */

static const char *type_text(struct expander *x, const struct type_expr *t)
{
	const char *text = t->name;

	for (size_t i = 0; i < t->suffixes.n; i++)
		text = arena_printf(x->arena, "%s%s", text,
				    t->suffixes.at[i].is_array ? "[]" : "*");
	return text;
}

/* The type given for a parameter, with the suffixes of the use behind its own. */
static void use_type(struct expander *x, struct type_expr *t, const struct node *arg)
{
	struct type_expr use = *t;

	if (arg->kind == NODE_IDENT) {
		t->name = arg->u.ident.name;
	} else if (arg->kind != NODE_TYPE_ARG) {
		diag_error(x->diags, arg->loc, DIAG_BAD_TYPE_ARGUMENT,
			   "Invalid replacement for macro "
			   "'%s' type parameter '%s' which makes up the type '%s'",
			   x->at->macro->name, t->name, type_text(x, t));
	} else if (arg->u.type_query.of_expr) {
		t->kind = TYPE_EXPR_TYPEOF;
		t->of_expr = copy_arg(x, arg->u.type_query.of_expr, t->loc);
	} else {
		*t = *type_expr_clone(x->arena, arg->u.type_query.of_type);
		t->loc = use.loc;
		for (size_t i = 0; i < use.suffixes.n; i++)
			vec_push(x->arena, &t->suffixes, use.suffixes.at[i]);
	}
}

static void expand_type_or_expr(struct expander *x, struct type_expr **type, struct node **expr);

static void expand_type(struct expander *x, struct type_expr *t)
{
	struct node *arg;

	if (!t)
		return;
	if (x->at)
		t->loc.from = x->at->where;
	if (t->kind == TYPE_EXPR_TYPEOF) {
		expand_type_or_expr(x, &t->of_type, &t->of_expr);
		return;
	}
	arg = t->kind == TYPE_EXPR_NAME ? find_arg(x->at, t->name) : NULL;
	if (arg)
		use_type(x, t, arg);
}

/* sizeof(e): a parameter that was given an expression is one here, too. */
static void expand_type_or_expr(struct expander *x, struct type_expr **type, struct node **expr)
{
	struct type_expr *t = *type;
	struct node *arg = NULL;

	if (*expr)
		expand(expr, x);
	if (t && t->kind == TYPE_EXPR_NAME && !t->suffixes.n)
		arg = find_arg(x->at, t->name);
	if (!arg || arg->kind == NODE_TYPE_ARG) {
		expand_type(x, t);
		return;
	}
	t->loc.from = x->at->where;
	*expr = node_new(x->arena, NODE_IDENT, t->loc);
	*type = NULL;
	use_arg(x, expr, arg);
}

/* "a.b.c" given for a name in the path of offsetof. */
static void push_path(struct expander *x, struct node *n, const struct node *arg)
{
	if (arg->kind == NODE_FIELD) {
		push_path(x, n, arg->u.field.object);
		vec_push(x->arena, &n->u.type_query.path, arg->u.field.name);
	} else if (arg->kind == NODE_IDENT) {
		vec_push(x->arena, &n->u.type_query.path, arg->u.ident.name);
	} else {
		diag_error(x->diags, arg->loc, DIAG_BAD_TYPE_ARGUMENT,
			   "Invalid replacement for macro "
			   "'%s' parameter: a field or a path of fields is needed",
			   x->at->macro->name);
	}
}

static void expand_path(struct expander *x, struct node *n)
{
	const char *const *names = n->u.type_query.path.at;
	size_t nr_names = n->u.type_query.path.n;
	const struct node *arg;

	if (!x->at)
		return;
	memset(&n->u.type_query.path, 0, sizeof(n->u.type_query.path));
	for (size_t i = 0; i < nr_names; i++) {
		arg = find_arg(x->at, names[i]);
		if (arg)
			push_path(x, n, arg);
		else
			vec_push(x->arena, &n->u.type_query.path, names[i]);
	}
}

/* ---- variables and maps ---- */

/* What the caller calls the variable that the body calls `name`. */
static const char *var_name(struct expander *x, const char *name)
{
	const char *own;
	size_t index;

	if (find_param(x->at, MACRO_PARAM_VAR, name, &index))
		return x->at->args->at[index]->u.var.name;
	own = x->at ? pmap_find(&x->at->locals, name) : NULL;
	return own ? own : name;
}

/* The body makes a variable of this name, unless it is a parameter. */
static void make_local(struct expander *x, const char *name)
{
	struct binding *b = (struct binding *)x->at;
	size_t index;

	if (b && !find_param(b, MACRO_PARAM_VAR, name, &index) && !pmap_find(&b->locals, name))
		pmap_set(&b->locals, name, arena_strdup(x->arena, name));
}

static void rename_map(struct expander *x, struct node *n)
{
	const char *name = n->u.map.name;
	size_t index;

	if (!x->at)
		return;
	if (find_param(x->at, MACRO_PARAM_MAP, name, &index))
		n->u.map.name = x->at->args->at[index]->u.map.name;
	else
		diag_error(x->diags, n->loc, DIAG_UNHYGIENIC_MAP, "Unhygienic access to map: @%s. "
			   "Maps must be passed into the macro as arguments.", name);
}

static void expand_let(struct expander *x, struct node *n)
{
	size_t index;

	expand_type(x, n->u.let.declared);
	if (n->u.let.value)
		expand(&n->u.let.value, x);
	if (find_param(x->at, MACRO_PARAM_VAR, n->u.let.name, &index))
		diag_error(x->diags, n->loc, DIAG_SHADOWING,
			   "Variable declaration shadows macro arg $%s", n->u.let.name);
	make_local(x, n->u.let.name);
	n->u.let.name = var_name(x, n->u.let.name);
}

static void expand_assign(struct expander *x, struct node *n)
{
	expand(&n->u.assign.value, x);
	if (n->u.assign.target->kind == NODE_VAR)
		make_local(x, n->u.assign.target->u.var.name);
	expand(&n->u.assign.target, x);
}

static void expand_for(struct expander *x, struct node *n)
{
	struct node *body = n->u.loop.body;

	n->u.loop.body = NULL;
	node_children(n, expand, x);
	n->u.loop.body = body;
	make_local(x, n->u.loop.var_name);
	n->u.loop.var_name = var_name(x, n->u.loop.var_name);
	if (x->at)
		n->u.loop.var_loc.from = x->at->where;
	expand(&n->u.loop.body, x);
}

/* ---- calls ---- */

static const char *call_chain(struct expander *x, const struct binding *b, const char *last)
{
	const char *text = last;

	for (; b; b = b->caller)
		text = arena_printf(x->arena, "%s > %s", b->macro->name, text);
	return text;
}

static bool is_recursive(struct expander *x, const struct macro *m, struct loc call)
{
	for (const struct binding *b = x->at; b; b = b->caller) {
		if (b->macro != m)
			continue;
		diag_error(x->diags, call, DIAG_MACRO_RECURSION,
			   "Recursive macro call detected. Call chain: %s",
			   call_chain(x, x->at, m->name));
		return true;
	}
	return false;
}

/* A body of one expression is that expression, unless it could be assigned. */
static struct node *simplify(struct node *block, bool keep_block)
{
	struct node *value = block->u.block.value;

	block->parens = true;
	if (keep_block || !value || block->u.block.stmts.n || value->kind == NODE_VAR ||
	    value->kind == NODE_MAP)
		return block;
	value->parens = true;
	return value;
}

static void instantiate(struct expander *x, struct node **slot, const struct macro *m,
			const node_vec *args)
{
	bool keep_block = x->keep_block;
	struct expansion *where = arena_new(x->arena, struct expansion);
	struct binding b = { .macro = m, .args = args, .where = where, .caller = x->at };
	struct node *body;

	x->keep_block = false;
	if (is_recursive(x, m, (*slot)->loc)) {
		become_error(*slot);
		return;
	}
	where->call = (*slot)->loc;
	hmap_init(&b.locals, x->arena);
	body = node_clone(x->arena, m->body);
	x->at = &b;
	expand(&body, x);
	x->at = b.caller;
	body->loc = where->call;
	*slot = body->kind == NODE_BLOCK ? simplify(body, keep_block) : body;
}

static void expand_args(struct expander *x, struct node *n)
{
	bool keep_block = x->keep_block;

	x->keep_block = false;
	node_children(n, expand, x);
	x->keep_block = keep_block;
}

static void expand_call(struct expander *x, struct node **slot)
{
	struct node *n = *slot;
	const char *name = n->u.call.name;
	const macro_vec *overloads = macro_find(&x->macros, name);
	const struct macro *m;
	size_t nr_args = n->u.call.args.n;

	if (x->at)
		n->u.call.name_loc.from = x->at->where;
	/* find(@m, key, $v) makes $v. */
	if (!overloads && nr_args == 3 && !strcmp(name, "find") &&
	    n->u.call.args.at[2]->kind == NODE_VAR)
		make_local(x, n->u.call.args.at[2]->u.var.name);
	expand_args(x, n);
	if (!overloads)
		return;
	m = macro_match(overloads, &n->u.call.args);
	if (m) {
		instantiate(x, slot, m, &n->u.call.args);
	} else if (!x->is_builtin(name, true)) {
		macro_mismatch(&x->macros, overloads, name, n->loc, &n->u.call.args);
		become_error(n);
	}
}

static void expand_ident(struct expander *x, struct node **slot)
{
	static const node_vec no_args;
	struct node *n = *slot;
	const char *name = n->u.ident.name;
	const struct node *arg = find_arg(x->at, name);
	const macro_vec *overloads = macro_find(&x->macros, name);
	const struct macro *m;

	if (arg) {
		use_arg(x, slot, arg);
		return;
	}
	if (!overloads || lang_is_builtin_word(name))
		return;
	m = macro_match(overloads, &no_args);
	if (m) {
		instantiate(x, slot, m, &no_args);
	} else if (!x->is_builtin(name, false)) {
		macro_mismatch(&x->macros, overloads, name, n->loc, &no_args);
		become_error(n);
	}
}

/* ---- the walk ---- */

static void expand_expr_stmt(struct expander *x, struct node **slot)
{
	struct node *n = *slot, *e;
	enum node_kind before = n->u.unary.operand->kind;

	x->keep_block = before == NODE_CALL || before == NODE_IDENT;
	expand(&n->u.unary.operand, x);
	x->keep_block = false;
	e = n->u.unary.operand;
	if (e->kind == before || e->kind != NODE_BLOCK)
		return;
	if (e->u.block.value && e->u.block.value->kind == NODE_IF)
		node_drop_value(x->arena, e);
	if (!e->u.block.value)
		*slot = e;
}

/* A block whose last expression turned out to have no value ends in a statement. */
static void expand_block(struct expander *x, struct node *n)
{
	struct node *value;

	node_children(n, expand, x);
	value = n->u.block.value;
	if (!value || value->kind != NODE_BLOCK || value->u.block.value)
		return;
	n->u.block.value = NULL;
	vec_push(x->arena, &n->u.block.stmts, value);
}

static void expand_types(struct expander *x, struct node *n)
{
	if (n->kind == NODE_CAST) {
		expand_type(x, n->u.cast.to);
		node_children(n, expand, x);
		return;
	}
	expand_type_or_expr(x, &n->u.type_query.of_type, &n->u.type_query.of_expr);
	if (n->kind == NODE_OFFSETOF)
		expand_path(x, n);
}

static void expand_kind(struct expander *x, struct node **slot)
{
	struct node *n = *slot;

	switch (n->kind) {
	case NODE_VAR:
		n->u.var.name = var_name(x, n->u.var.name);
		break;
	case NODE_MAP:
	case NODE_MAP_ELEM:
		rename_map(x, n);
		node_children(n, expand, x);
		break;
	case NODE_IDENT:
		expand_ident(x, slot);
		break;
	case NODE_CALL:
		expand_call(x, slot);
		break;
	case NODE_CAST:
	case NODE_SIZEOF:
	case NODE_OFFSETOF:
	case NODE_TYPEINFO:
	case NODE_TYPE_ARG:
		expand_types(x, n);
		break;
	case NODE_FIELD:
		if (x->at)
			n->u.field.name_loc.from = x->at->where;
		node_children(n, expand, x);
		break;
	case NODE_LET:
		expand_let(x, n);
		break;
	case NODE_ASSIGN:
		expand_assign(x, n);
		break;
	case NODE_FOR_RANGE:
	case NODE_FOR_MAP:
		expand_for(x, n);
		break;
	case NODE_EXPR_STMT:
		expand_expr_stmt(x, slot);
		break;
	case NODE_BLOCK:
		expand_block(x, n);
		break;
	default:
		node_children(n, expand, x);
		break;
	}
}

static void expand(struct node **slot, void *arg)
{
	struct expander *x = arg;
	bool is_call = (*slot)->kind == NODE_CALL || (*slot)->kind == NODE_IDENT;

	if (!enter(x, *slot)) {
		become_error(*slot);
		return;
	}
	if (x->at)
		(*slot)->loc.from = x->at->where;
	x->keep_block &= is_call;
	expand_kind(x, slot);
	x->depth--;
}

static void expand_func(struct expander *x, struct func *f)
{
	for (size_t i = 0; i < f->params.n; i++)
		expand_type(x, f->params.at[i].declared);
	expand_type(x, f->result);
	expand(&f->body, x);
}

void lang_expand_macros(struct arena *a, struct diags *diags, struct script *script,
			lang_is_builtin_fn is_builtin)
{
	struct expander x = { .arena = a, .diags = diags, .is_builtin = is_builtin };

	if (!script->macros.n)
		return;
	macro_table_init(&x.macros, a, diags, script);
	for (size_t i = 0; i < script->funcs.n; i++)
		expand_func(&x, script->funcs.at[i]);
	for (size_t i = 0; i < script->probes.n; i++) {
		struct probe *p = script->probes.at[i];

		if (p->predicate)
			expand(&p->predicate, &x);
		expand(&p->body, &x);
	}
	for (size_t i = 0; i < script->macros.n; i++)
		vec_push(a, &script->expanded, script->macros.at[i]);
	script->macros.n = 0;
}
