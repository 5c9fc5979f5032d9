/*
 * Names to what they stand for, in one program.
 *
 * In: a body as the parser made it. Out: variables and maps are linked, bare
 * names are calls or constants, positional parameters are literals, a map
 * element has one key, and the scopes' rules have been checked. What is wrong
 * or not there yet has become a NODE_ERROR after its message.
 */
#include "check/check_impl.h"
#include "lang/lang.h"
#include "lang/number.h"

#include <string.h>

void node_set_error(struct node *n)
{
	n->kind = NODE_ERROR;
	n->type = NULL;
}

static void resolve_child(struct node **slot, void *arg)
{
	if (*slot)
		resolve_expr(arg, slot);
}

void resolve_children(struct check *c, struct node *n)
{
	node_children(n, resolve_child, c);
}

static void resolve_var(struct check *c, struct node *n)
{
	n->u.var.var = scope_find(c, n->u.var.name);
	if (!n->u.var.var) {
		scope_undefined(c, n->u.var.name, n->loc);
		node_set_error(n);
		return;
	}
	n->u.var.var->read = true;
	if (!n->u.var.var->assigned && !c->state->in_query)
		check_warning(c, n->loc, DIAG_USED_UNASSIGNED,
			      "Variable used before it was assigned: $%s", n->u.var.name);
}

/* `@m[a, b]` is `@m[(a, b)]`. */
static void resolve_keys(struct check *c, struct node *n)
{
	struct node *tuple;

	for (size_t i = 0; i < n->u.map.keys.n; i++)
		resolve_expr(c, &n->u.map.keys.at[i]);
	if (n->u.map.keys.n <= 1)
		return;
	tuple = node_new(c->arena, NODE_TUPLE, loc_join(n->u.map.keys.at[0]->loc,
				n->u.map.keys.at[n->u.map.keys.n - 1]->loc));
	tuple->u.tuple.items = n->u.map.keys;
	memset(&n->u.map.keys, 0, sizeof(n->u.map.keys));
	vec_push(c->arena, &n->u.map.keys, tuple);
}

static void resolve_map(struct check *c, struct node *n, unsigned uses)
{
	if (n->kind == NODE_MAP_ELEM)
		resolve_keys(c, n);
	map_use(c, n, n->kind == NODE_MAP, uses);
}

static void resolve_incdec(struct check *c, struct node *n)
{
	struct node *to = n->u.incdec.operand;

	if (to->kind == NODE_MAP || to->kind == NODE_MAP_ELEM) {
		resolve_map(c, to, MAP_UPDATED);
		return;
	}
	resolve_expr(c, &n->u.incdec.operand);
	if (to->kind == NODE_VAR) {
		to->u.var.var->assigned = true;
		to->u.var.var->nr_assigned++;
	}
}

static void assign_var(struct check *c, struct node *target, bool is_update)
{
	struct var *v = scope_find(c, target->u.var.name);

	if (!v && is_update) {
		scope_undefined(c, target->u.var.name, target->loc);
		node_set_error(target);
		return;
	}
	if (!v)
		v = scope_add(c, target->u.var.name, target->loc);
	v->assigned = true;
	v->read |= is_update;
	v->nr_assigned++;
	target->u.var.var = v;
}

static bool is_aggregation(const struct node *n)
{
	const struct builtin *b = n->kind == NODE_CALL ? builtin_find(n->u.call.name) : NULL;

	return b && (b->flags & BUILTIN_F_MAP_VALUE);
}

/* `@x = { a; count() }` is `{ a; @x = count(); }`: aggregations stand alone. */
static bool hoist_aggregation(struct check *c, struct node *n)
{
	struct node *block = n->u.assign.value, *inner;

	if (block->kind != NODE_BLOCK || !block->u.block.value ||
	    !(is_aggregation(block->u.block.value) || block->u.block.value->kind == NODE_BLOCK) ||
	    n->u.assign.target->kind == NODE_VAR)
		return false;
	inner = node_new(c->arena, NODE_ASSIGN, n->loc);
	inner->u.assign = n->u.assign;
	inner->u.assign.value = block->u.block.value;
	vec_push(c->arena, &block->u.block.stmts, inner);
	n->kind = NODE_BLOCK;
	n->u.block.stmts = block->u.block.stmts;
	n->u.block.value = NULL;
	return true;
}

static void resolve_assign(struct check *c, struct node *n)
{
	struct node *target = n->u.assign.target;
	bool is_update = n->u.assign.op != OP_NONE;

	resolve_expr(c, &n->u.assign.value);
	if (target->kind == NODE_VAR)
		assign_var(c, target, is_update);
	else if (target->kind == NODE_MAP || target->kind == NODE_MAP_ELEM)
		resolve_map(c, target, is_update ? MAP_UPDATED : MAP_ASSIGNED);
	else
		resolve_expr(c, &n->u.assign.target);
}

static bool refuse_shadowing_as(struct check *c, const char *name, struct loc loc,
				const char *before, const char *after)
{
	struct var *v = scope_find(c, name);
	struct diag *d;

	if (!v)
		return false;
	d = check_error(c, loc, DIAG_SHADOWING, "%s $%s%s", before, name, after);
	check_note(c, d, v->loc, v->is_param ? "This is the function parameter." :
		   v->is_let ? "This is the initial declaration." :
		   v->is_loop_var ? "This is the loop variable." :
		   "This is the initial assignment.");
	return true;
}

bool refuse_shadowing(struct check *c, const char *name, struct loc loc)
{
	return refuse_shadowing_as(c, name, loc, "Variable",
				   " was already declared. Variable shadowing is not allowed.");
}

static void resolve_let(struct check *c, struct node *n)
{
	struct loc loc = n->loc;
	struct var *v;

	loc.end = n->u.let.name_end;
	resolve_type(c, n->u.let.declared);
	if (n->u.let.value)
		resolve_expr(c, &n->u.let.value);
	refuse_shadowing(c, n->u.let.name, loc);
	v = scope_add(c, n->u.let.name, loc);
	v->is_let = true;
	v->is_declared = n->u.let.declared != NULL;
	v->assigned = n->u.let.value != NULL;
	/* A place without a first value is zero until assigned: it counts. */
	v->nr_assigned = 1 + !n->u.let.value;
	n->u.let.var = v;
}

static void resolve_block(struct check *c, struct node *n, bool is_callback)
{
	scope_push(c, n, is_callback);
	resolve_children(c, n);
	scope_pop(c);
}

/* The body of `unroll` is code in a row, no loop to break out of. */
static void resolve_loop(struct check *c, struct node *n)
{
	bool is_loop = n->kind == NODE_WHILE;

	resolve_expr(c, &n->u.loop.cond);
	c->state->nr_loops += is_loop;
	resolve_block(c, n->u.loop.body, false);
	c->state->nr_loops -= is_loop;
}

static void resolve_for(struct check *c, struct node *n)
{
	if (n->kind == NODE_FOR_RANGE) {
		resolve_expr(c, &n->u.loop.from);
		resolve_expr(c, &n->u.loop.to);
	} else {
		map_use(c, n->u.loop.map, false, MAP_ITERATED);
	}
	refuse_shadowing_as(c, n->u.loop.var_name, n->u.loop.var_loc,
			    "Loop declaration shadows existing variable:", "");
	scope_push(c, n->u.loop.body, true);
	n->u.loop.var = scope_add(c, n->u.loop.var_name, n->u.loop.var_loc);
	n->u.loop.var->is_loop_var = true;
	n->u.loop.var->assigned = true;
	n->u.loop.var->nr_assigned = 2;
	c->state->nr_loops++;
	c->state->nr_for_loops++;
	resolve_children(c, n->u.loop.body);
	c->state->nr_for_loops--;
	c->state->nr_loops--;
	scope_pop(c);
}

static void resolve_jump(struct check *c, struct node *n)
{
	if (!c->state->nr_loops)
		check_error(c, n->loc, DIAG_JUMP_OUTSIDE_LOOP, c->prog->func ?
			    "'%s' statement is not allowed in a function" :
			    "'%s' statement outside of a loop",
			    n->kind == NODE_BREAK ? "break" : "continue");
}

/* Is there a field of this name behind the pointee? NULL: any pointee will do. */
bool pointee_has(struct check *c, const struct type *pointee, const char *field)
{
	uint32_t offset;

	while (pointee && pointee->kind == TYPE_POINTER)
		pointee = pointee->target;
	if (!pointee || !field)
		return pointee && pointee->kind != TYPE_VOID;
	return pointee->kind == TYPE_STRUCT &&
	       type_field_find(c->types, pointee->structure, field, &offset);
}

/* argN beyond the prototype: say which parameters there are, and which of them
 * has the field. */
static void no_such_argument(struct check *c, const struct node *n, const char *field,
			     int nr_params)
{
	const struct provider *p = c->prog->provider;
	struct probe_site *site = c->prog->sites[0];
	struct diag *d;

	d = check_error(c, n->loc, DIAG_NO_SUCH_ARGUMENT, "%s has no %s: it has %d parameter%s",
			site->name, n->u.call.name, nr_params, nr_params == 1 ? "" : "s");
	for (int i = 0; d && i < nr_params; i++) {
		const char *name = NULL;
		int ignored;
		const struct type *pointee = p->arg_type(&c->probe_ctx, site, (uint32_t)i, &ignored,
							 &name);

		if (field && pointee_has(c, pointee, field))
			check_hint(c, d, "arg%d is '%s': did you mean arg%d->%s?", i,
				   name ? name : "?", i, field);
		else
			check_hint(c, d, "arg%d is '%s'", i, name ? name : "?");
	}
}

/* `argN` is an integer that carries what it points to: used as a pointer, it
 * becomes one. */
static void carry_pointee(struct check *c, struct node **slot, const char *field)
{
	const struct provider *p = c->prog->provider;
	struct node *n = *slot;
	const struct type *pointee;
	const char *name = NULL;
	int nr_params = -1;
	uint64_t index;

	if (n->kind != NODE_CALL || !n->u.call.builtin || n->u.call.builtin->id != BUILTIN_arg ||
	    !p->arg_type)
		return;
	index = n->u.call.args.at[0]->u.integer.value;
	pointee = p->arg_type(&c->probe_ctx, c->prog->sites[0], (uint32_t)index, &nr_params, &name);
	if (nr_params >= 0 && index >= (uint64_t)nr_params) {
		no_such_argument(c, n, field, nr_params);
		node_set_error(n);
	} else if (pointee) {
		*slot = cast_node(c, n, type_pointer(c->types, pointee, p->space, false));
	}
}

static void resolve_access(struct check *c, struct node *n)
{
	resolve_children(c, n);
	if (n->kind == NODE_FIELD)
		carry_pointee(c, &n->u.field.object, n->u.field.name);
	else if (n->kind == NODE_INDEX)
		carry_pointee(c, &n->u.index.object, NULL);
	else if (n->u.unary.op == OP_DEREF)
		carry_pointee(c, &n->u.unary.operand, NULL);
}

/* `*args` is args. */
static bool is_args(const struct node *n)
{
	return n->kind == NODE_CALL && n->u.call.builtin &&
	       n->u.call.builtin->id == BUILTIN_args;
}

/* `&@m` says nothing of the map's shape. `&$x` counts as assignment, and as one
 * whose value is not known. */
static void resolve_address(struct check *c, struct node *n)
{
	struct node *operand = n->u.unary.operand;
	struct var *v;

	if (operand->kind == NODE_MAP) {
		operand->u.map.map = map_get(c, operand->u.map.name, operand->loc);
		operand->u.map.map->address_taken = true;
		return;
	}
	v = scope_find(c, operand->u.var.name);
	if (!v) {
		scope_undefined(c, operand->u.var.name, operand->loc);
		node_set_error(n);
		return;
	}
	operand->u.var.var = v;
	v->assigned = v->read = v->address_taken = true;
	v->nr_assigned += 2;
}

/* `*&$x` is $x. */
static bool is_address_of_var(const struct node *n)
{
	return n->kind == NODE_UNARY && n->u.unary.op == OP_ADDR &&
	       n->u.unary.operand->kind == NODE_VAR;
}

static void resolve_unary(struct check *c, struct node **slot)
{
	struct node *n = *slot;

	if (n->u.unary.op == OP_ADDR) {
		resolve_address(c, n);
		return;
	}
	resolve_access(c, n);
	if (n->u.unary.op != OP_DEREF)
		return;
	if (is_args(n->u.unary.operand))
		*slot = n->u.unary.operand;
	else if (is_address_of_var(n->u.unary.operand))
		*slot = n->u.unary.operand->u.unary.operand;
}

static void find_map_change(struct node **slot, void *arg)
{
	struct node *n = *slot, **found = arg;

	if (!n || *found)
		return;
	if ((n->kind == NODE_ASSIGN && n->u.assign.target->kind != NODE_VAR) ||
	    (n->kind == NODE_INCDEC && n->u.incdec.operand->kind != NODE_VAR))
		*found = n;
	else
		node_children(n, find_map_change, arg);
}

/* An expression whose type alone is wanted. A map as a whole may be of either
 * shape there. */
static void resolve_typed(struct check *c, struct node **slot)
{
	struct node *n = *slot, *change = NULL;

	find_map_change(slot, &change);
	if (change) {
		check_error(c, change->loc, DIAG_ASSIGNMENT_IN_QUERY,
			    "a map can not be assigned where only a type is asked for");
		node_set_error(n);
	} else if (n->kind == NODE_MAP) {
		n->u.map.map = map_get(c, n->u.map.name, n->loc);
		n->u.map.map->uses |= MAP_READ;
	} else {
		bool outer = c->state->in_query;

		c->state->in_query = true;
		resolve_expr(c, slot);
		c->state->in_query = outer;
	}
}

/* Where a type or a value may stand a bare name was parsed as a type; it may be a constant's. */
static void constant_for_type(struct check *c, struct type_expr **type, struct node **expr)
{
	const struct type_expr *t = *type;

	if (!t || t->suffixes.n || is_type_name(c, t) || !is_c_value(c, t->name))
		return;
	*expr = node_new(c->arena, NODE_IDENT, t->loc);
	(*expr)->u.ident.name = t->name;
	*type = NULL;
}

/* Names in a type: those of typeof(...). */
void resolve_type(struct check *c, struct type_expr *e)
{
	for (; e; e = e->of_type) {
		if (e->kind == TYPE_EXPR_TYPEOF)
			constant_for_type(c, &e->of_type, &e->of_expr);
		if (e->of_expr)
			resolve_typed(c, &e->of_expr);
	}
}

static void resolve_query(struct check *c, struct node *n)
{
	if (n->kind == NODE_TYPEINFO && !config_allows(c, GATE_TYPEINFO, n->loc)) {
		node_set_error(n);
		return;
	}
	if (n->kind == NODE_SIZEOF || n->kind == NODE_TYPEINFO)
		constant_for_type(c, &n->u.type_query.of_type, &n->u.type_query.of_expr);
	resolve_type(c, n->u.type_query.of_type);
	if (n->u.type_query.of_expr)
		resolve_typed(c, &n->u.type_query.of_expr);
}

static bool is_found(const struct check *c, const char *path)
{
	const struct import *import;

	vec_each(import, &c->script->statements)
		if (!strcmp(import->path, path) && import->found)
			return true;
	return false;
}

/* An import in a body: the header is in the C part by now. */
static void resolve_import(struct check *c, struct node *n)
{
	const char *path = n->u.string.text, *dot = strrchr(path, '.');

	if (c->config.gates[GATE_IMPORT_STATEMENT] == GATE_ERROR) {
		check_hint(c,
			   check_error(c, n->loc, DIAG_UNSTABLE, "Import statements that are not "
				       "at the top level are primarily for the standard "
				       "library."),
			   "import it before all probes, or set unstable_import_statement=enable");
		node_set_error(n);
	} else if (is_found(c, path)) {
		config_allows(c, GATE_IMPORT_STATEMENT, n->loc);
	} else if (dot && !strcmp(dot, ".h")) {
		check_error(c, n->loc, DIAG_IMPORT_NOT_FOUND,
			    "Unable to find suitable path for import");
	} else if (dot && (!strcmp(dot, ".c") || !strcmp(dot, ".o"))) {
		unsupported(c, n->loc, "import of BPF C and objects");
	} else {
		check_error(c, n->loc, DIAG_IMPORT_KIND, "Import statements that are not at the "
			    "top level are limited to header (.h) files");
	}
}

/* What `$N` is: a number if it reads as one, else text. */
static void resolve_param(struct check *c, struct node *n)
{
	uint64_t value, number = n->u.param.number;
	const char *text;
	bool negative, duration;
	size_t sign;

	if (!number) {
		node_set_int(n, c->options->nr_params, false);
		return;
	}
	text = number <= c->options->nr_params ? c->options->params[number - 1] : "";
	if (!*text) {
		check_warning(c, n->loc, DIAG_NO_PARAMETER,
			      "Positional parameter $%llu is empty or not provided.",
			      (unsigned long long)number);
		node_set_int(n, 0, false);
		return;
	}
	sign = number_sign(text, &negative);
	if (!lang_parse_integer(text + sign, strlen(text + sign), &value, &duration) &&
	    (!negative || value <= (uint64_t)INT64_MAX + 1)) {
		node_set_int(n, negative ? -value : value, negative && value);
		return;
	}
	n->kind = NODE_STRING;
	n->u.string.text = arena_strdup(c->arena, text);
	n->u.string.len = strlen(text);
}

static void resolve_stmt_kind(struct check *c, struct node *n)
{
	switch (n->kind) {
	case NODE_ASSIGN:
		if (hoist_aggregation(c, n))
			resolve_block(c, n, false);
		else
			resolve_assign(c, n);
		break;
	case NODE_LET:
		resolve_let(c, n);
		break;
	case NODE_BLOCK:
		resolve_block(c, n, false);
		break;
	case NODE_WHILE:
	case NODE_UNROLL:
		resolve_loop(c, n);
		break;
	case NODE_FOR_RANGE:
	case NODE_FOR_MAP:
		resolve_for(c, n);
		break;
	case NODE_BREAK:
	case NODE_CONTINUE:
		resolve_jump(c, n);
		break;
	case NODE_IMPORT:
		resolve_import(c, n);
		break;
	default:
		resolve_children(c, n);
		break;
	}
}

void resolve_expr(struct check *c, struct node **slot)
{
	struct node *n = *slot;

	switch (n->kind) {
	case NODE_PARAM:
		resolve_param(c, n);
		break;
	case NODE_EXPR_STMT:
		old_delete(c, n);
		resolve_stmt_kind(c, n);
		break;
	case NODE_IDENT:
		if (!resolve_c_macro(c, slot))
			resolve_ident(c, n);
		break;
	case NODE_CALL:
		resolve_call(c, n);
		break;
	case NODE_VAR:
		resolve_var(c, n);
		break;
	case NODE_MAP:
	case NODE_MAP_ELEM:
		resolve_map(c, n, MAP_READ);
		break;
	case NODE_INCDEC:
		resolve_incdec(c, n);
		break;
	case NODE_UNARY:
		resolve_unary(c, slot);
		break;
	case NODE_FIELD:
	case NODE_INDEX:
		resolve_access(c, n);
		break;
	case NODE_SIZEOF:
	case NODE_OFFSETOF:
	case NODE_TYPEINFO:
	case NODE_TYPE_ARG:
		resolve_query(c, n);
		break;
	case NODE_CAST:
		resolve_type(c, n->u.cast.to);
		resolve_children(c, n);
		break;
	case NODE_IF:
	case NODE_TERNARY:
		if (!comptime_branch(c, n))
			resolve_children(c, n);
		break;
	default:
		resolve_stmt_kind(c, n);
		break;
	}
}

void resolve_prog(struct check *c, struct prog *prog)
{
	c->prog = prog;
	c->state->scope = NULL;
	c->state->nr_loops = c->state->nr_for_loops = 0;
	scope_push(c, prog->body, false);
	resolve_children(c, prog->body);
	scope_pop(c);
}
