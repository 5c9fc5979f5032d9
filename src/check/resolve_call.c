/*
 * Calls and bare names: which builtin, how many arguments, which map.
 *
 * Calls on maps leave in the form that check.h promises: the map and its key
 * are one MAP_ELEM.
 */
#include "check/builtin_types.h"

#include <stdlib.h>
#include <string.h>

/* Macros of the script, which are expanded by now. */
static void suggest_macros(const struct check *c, struct nearest *near, bool is_call)
{
	struct macro **m;

	vec_each(m, &c->script->expanded)
		if (is_call || !(*m)->params.n)
			nearest_try(near, (*m)->name);
}

static void unknown_name(struct check *c, struct node *n, const char *name, bool is_call)
{
	struct diag *d = check_error(c, n->loc, DIAG_UNKNOWN_NAME, is_call ?
				     "Unknown function: '%s'" : "Unknown identifier: '%s'", name);
	struct nearest near;

	nearest_start(&near, name);
	for (size_t i = 0; i < BUILTIN_ID_COUNT; i++)
		if (builtins[i].kind & (is_call ? BUILTIN_FUNC : BUILTIN_VAR))
			nearest_try(&near, builtins[i].name);
	suggest_macros(c, &near, is_call);
	if (is_call)
		func_suggest(c, &near);
	if (c->cdefs && !is_call)
		cdefs_suggest(c->cdefs, &near);
	if (c->cdefs && cdefs_macro_flaw(c->cdefs, name))
		check_hint(c, d, "%s", cdefs_macro_flaw(c->cdefs, name));
	else
		check_suggest(c, d, &near, "");
	if (!is_call)
		hint_missing_headers(c, d);
	node_set_error(n);
}

/* arg0, arg1, ...: the number, or -1. */
static int arg_number(const char *name)
{
	size_t digits;

	if (strncmp(name, "arg", 3))
		return -1;
	digits = strspn(name + 3, "0123456789");
	if (!digits || digits > 3 || name[3 + digits])
		return -1;
	return atoi(name + 3);
}

static void become_call(struct node *n, const struct builtin *b, const char *name)
{
	struct loc loc = n->loc;

	n->kind = NODE_CALL;
	memset(&n->u, 0, sizeof(n->u));
	n->u.call.builtin = b;
	n->u.call.name = name;
	n->u.call.name_loc = loc;
}

static void become_string(struct check *c, struct node *n, const char *text)
{
	n->kind = NODE_STRING;
	n->u.string.text = arena_strdup(c->arena, text);
	n->u.string.len = strlen(text);
}

static void become_arg(struct check *c, struct node *n, int number)
{
	struct node *index = node_new(c->arena, NODE_INT, n->loc);

	become_call(n, &builtins[BUILTIN_arg], arena_printf(c->arena, "arg%d", number));
	node_set_int(index, (uint64_t)number, false);
	vec_push(c->arena, &n->u.call.args, index);
}

static void finish_builtin(struct check *c, struct node *n)
{
	const struct builtin *b = n->u.call.builtin;

	if (b->id == BUILTIN_probetype)
		become_string(c, n, probetype_text(c->prog->provider));
	else if (b->id == BUILTIN_config)
		config_become_record(c, n);
	else if (b->id == BUILTIN_default_str_length)
		node_set_int(n, c->config.max_strlen, false);
	else if (b->id == BUILTIN_probe && c->prog->nr_sites == 1)
		become_string(c, n, c->prog->sites[0]->name);
}

void resolve_ident(struct check *c, struct node *n)
{
	const char *name = n->u.ident.name;
	int number = arg_number(name);
	const struct builtin *b = builtin_find(name);

	if (number >= 0) {
		if (!func_refuses(c, n, &builtins[BUILTIN_arg], name))
			become_arg(c, n, number);
	} else if (b && (b->kind & BUILTIN_VAR) && b->id != BUILTIN_arg) {
		if (func_refuses(c, n, b, name))
			return;
		become_call(n, b, name);
		if (!resolve_shorthand(c, n))
			finish_builtin(c, n);
	} else if (func_find(c, name)) {
		check_hint(c, check_error(c, n->loc, DIAG_UNKNOWN_NAME, "'%s' is a function", name),
			   "call it: %s(...)", name);
		node_set_error(n);
	} else if (b) {
		check_hint(c, check_error(c, n->loc, DIAG_UNKNOWN_NAME, "'%s' is a function", name),
			   "call it: %s(...)", name);
		node_set_error(n);
	} else if (!resolve_c_constant(c, n)) {
		if (!old_stack_arg(c, n))
			unknown_name(c, n, name, false);
	}
}

static bool check_arg_count(struct check *c, const struct node *n)
{
	const struct builtin *b = n->u.call.builtin;
	int given = (int)n->u.call.args.n;
	const char *what;

	if (given >= b->min_args && given <= b->max_args)
		return true;
	if (!b->max_args)
		what = "requires no arguments";
	else if (b->min_args == b->max_args)
		what = b->min_args == 1 ? "requires one argument" :
		       arena_printf(c->arena, "requires %d arguments", b->min_args);
	else if (given < b->min_args)
		what = b->min_args == 1 ? "requires at least one argument" :
		       arena_printf(c->arena, "requires at least %d arguments", b->min_args);
	else
		what = b->max_args == 1 ? "takes up to one argument" :
		       arena_printf(c->arena, "takes up to %d arguments", b->max_args);
	check_error(c, n->loc, DIAG_ARGUMENT_COUNT, "%s() %s (%d provided)", b->name, what, given);
	return false;
}

static void remove_arg(struct node *n, size_t at)
{
	memmove(&n->u.call.args.at[at], &n->u.call.args.at[at + 1],
		(n->u.call.args.n - at - 1) * sizeof(*n->u.call.args.at));
	n->u.call.args.n--;
}

/* f(@m, key) becomes f(@m[key]). */
static void merge_key(struct check *c, struct node *n)
{
	struct node *map = n->u.call.args.at[0], *key = n->u.call.args.at[1];
	struct node *elem = node_new(c->arena, NODE_MAP_ELEM, loc_join(map->loc, key->loc));

	resolve_expr(c, &key);
	elem->u.map.name = map->u.map.name;
	vec_push(c->arena, &elem->u.map.keys, key);
	n->u.call.args.at[0] = elem;
	remove_arg(n, 1);
}

/* delete(@m[k]): not a read of the element, though it is written like one. */
static void resolve_deleted(struct check *c, struct node **target)
{
	struct map *m = map_get(c, (*target)->u.map.name, (*target)->loc);
	unsigned before = m->uses;

	resolve_expr(c, target);
	m->uses = (m->uses & ~MAP_READ) | (before & MAP_READ) | MAP_DELETED;
}

static void resolve_delete(struct check *c, struct node *n)
{
	struct node *target = n->u.call.args.at[0];

	if (target->kind == NODE_MAP && n->u.call.args.n == 2) {
		merge_key(c, n);
		map_demand(c, n->u.call.args.at[0], false, MAP_DELETED, "call to delete() with two "
			   "arguments expects a map with explicit keys (non-scalar map)");
	} else if (target->kind == NODE_MAP) {
		map_demand(c, target, true, MAP_DELETED, "call to delete() with a single argument "
			   "expects a map without explicit keys (scalar map)");
	} else if (target->kind == NODE_MAP_ELEM && n->u.call.args.n == 1) {
		resolve_deleted(c, &n->u.call.args.at[0]);
	} else {
		check_error(c, n->loc, DIAG_MAP_ARGUMENT, "delete() expects a map argument");
		node_set_error(n);
	}
}

static void resolve_lookup(struct check *c, struct node *n)
{
	struct node *target = n->u.call.args.at[0], *var;
	const char *name = n->u.call.builtin->name;

	if (target->kind != NODE_MAP) {
		check_error(c, n->loc, DIAG_MAP_ARGUMENT, "%s() expects a map argument", name);
		node_set_error(n);
		return;
	}
	merge_key(c, n);
	map_demand(c, n->u.call.args.at[0], false, MAP_LOOKED_UP,
		   arena_printf(c->arena, "call to %s() expects a map with explicit keys "
				"(non-scalar map)", name));
	if (n->u.call.builtin->id != BUILTIN_find)
		return;
	var = n->u.call.args.at[1];
	if (var->kind != NODE_VAR) {
		check_error(c, var->loc, DIAG_ARGUMENT_TYPE,
			    "find() expects a variable as its third "
			    "argument");
		node_set_error(n);
		return;
	}
	var->u.var.var = scope_find(c, var->u.var.name);
	if (!var->u.var.var)
		var->u.var.var = scope_add(c, var->u.var.name, var->loc);
	var->u.var.var->assigned = true;
	var->u.var.var->nr_assigned += 2;
}

/* A map as a whole, of either shape. */
static void resolve_whole_map(struct check *c, struct node *map, unsigned uses)
{
	map->u.map.map = map_get(c, map->u.map.name, map->loc);
	map->u.map.map->uses |= uses;
}

static void resolve_clear(struct check *c, struct node *n)
{
	struct node *map = n->u.call.args.at[0];

	if (map->kind == NODE_MAP) {
		resolve_whole_map(c, map, MAP_CLEARED);
		return;
	}
	check_error(c, map->loc, DIAG_MAP_ARGUMENT, "%s() expects a map argument",
		    n->u.call.builtin->name);
	node_set_error(n);
}

static void resolve_is_scalar(struct check *c, struct node *n)
{
	struct node *map = n->u.call.args.at[0];

	if (map->kind == NODE_MAP) {
		resolve_whole_map(c, map, 0);
		return;
	}
	check_error(c, map->loc, DIAG_MAP_ARGUMENT, "is_scalar() expects a map argument");
	node_set_error(n);
}

static void resolve_print(struct check *c, struct node *n)
{
	size_t from = 0;

	if (n->u.call.args.at[0]->kind == NODE_MAP) {
		resolve_whole_map(c, n->u.call.args.at[0], MAP_PRINTED);
		from = 1;
		if (c->state->nr_loops)
			check_warning(c, n->loc, DIAG_PRINT_IN_LOOP,
				      "print() of a map in a loop is "
				      "asynchronous: the map will likely have changed before it is "
				      "printed");
	} else if (n->u.call.args.n > 1) {
		check_error(c, n->loc, DIAG_ARGUMENT_COUNT,
			    "Non-map print() only takes 1 argument, %zu found", n->u.call.args.n);
	}
	for (size_t i = from; i < n->u.call.args.n; i++)
		resolve_expr(c, &n->u.call.args.at[i]);
}

static void resolve_len(struct check *c, struct node *n)
{
	struct node *arg = n->u.call.args.at[0];

	if (arg->kind == NODE_MAP)
		map_demand(c, arg, false, MAP_READ,
			   "call to len() expects a map with explicit keys "
			   "(non-scalar map)");
	else
		resolve_children(c, n);
}

/* str($1) is the parameter's text, even if it reads as a number; $# + 1 is a sum. */
static void params_as_text(struct check *c, struct node *n)
{
	uint64_t number;

	if (n->kind == NODE_BINARY && n->u.binary.op == OP_ADD) {
		n = n->u.binary.left;
		if (n->kind != NODE_PARAM || n->u.param.number)
			params_as_text(c, n);
		return;
	}
	if (n->kind != NODE_PARAM)
		return;
	number = n->u.param.number;
	if (!number)
		become_string(c, n, arena_printf(c->arena, "%zu", c->options->nr_params));
	else
		become_string(c, n, number <= c->options->nr_params ?
			      c->options->params[number - 1] : "");
}

/* Arguments that are bare words of the call's own: kstack(perf). */
static void resolve_words(struct check *c, struct node *n)
{
	for (size_t i = 0; i < n->u.call.args.n; i++)
		if (n->u.call.args.at[i]->kind != NODE_IDENT)
			resolve_expr(c, &n->u.call.args.at[i]);
}

/* The member is a name, or several with dots: it becomes a text. */
static const char *member_text(struct check *c, const struct node *n)
{
	const char *outer;

	if (n->kind == NODE_IDENT)
		return n->u.ident.name;
	if (n->kind != NODE_FIELD)
		return NULL;
	outer = member_text(c, n->u.field.object);
	return outer ? arena_printf(c->arena, "%s.%s", outer, n->u.field.name) : NULL;
}

static void resolve_container_of(struct check *c, struct node *n)
{
	struct node *member = n->u.call.args.at[2];
	const char *text = member_text(c, member);

	if (!text) {
		check_error(c, member->loc, DIAG_ARGUMENT_TYPE,
			    "container_of() expects the name of a member");
		node_set_error(n);
		return;
	}
	become_string(c, member, text);
	for (size_t i = 0; i < 2; i++)
		resolve_expr(c, &n->u.call.args.at[i]);
}

static void resolve_args(struct check *c, struct node *n)
{
	switch (n->u.call.builtin->id) {
	case BUILTIN_delete:
		resolve_delete(c, n);
		break;
	case BUILTIN_has_key:
	case BUILTIN_find:
		resolve_lookup(c, n);
		break;
	case BUILTIN_clear:
	case BUILTIN_zero:
		resolve_clear(c, n);
		break;
	case BUILTIN_is_scalar:
		resolve_is_scalar(c, n);
		break;
	case BUILTIN_print:
		resolve_print(c, n);
		break;
	case BUILTIN_len:
		resolve_len(c, n);
		break;
	case BUILTIN_container_of:
		resolve_container_of(c, n);
		break;
	case BUILTIN_str:
		params_as_text(c, n->u.call.args.at[0]);
		/* fall through */
	default:
		if (n->u.call.builtin->flags & BUILTIN_F_WORDS)
			resolve_words(c, n);
		else
			resolve_children(c, n);
		break;
	}
}

static bool check_call_place(struct check *c, struct node *n)
{
	const struct builtin *b = n->u.call.builtin;

	if ((b->flags & BUILTIN_F_UNSAFE) && !c->options->unsafe_mode) {
		check_hint(c,
			   check_error(c, n->loc, DIAG_UNSAFE,
				       "%s() is an unsafe function being used in safe mode",
				       b->name),
			   "allow it with --unsafe");
		return false;
	}
	return true;
}

void resolve_call(struct check *c, struct node *n)
{
	const char *name = n->u.call.name;
	const struct builtin *b = builtin_find(name);
	struct func *f = func_find(c, name);

	if (f) {
		resolve_func_call(c, n, f);
		return;
	}
	if (!b || b->id == BUILTIN_arg) {
		unknown_name(c, n, name, true);
		return;
	}
	if (func_refuses(c, n, b, name))
		return;
	n->u.call.builtin = b;
	if (!check_arg_count(c, n) || !check_call_place(c, n)) {
		node_set_error(n);
		return;
	}
	if (resolve_shorthand(c, n))
		return;
	resolve_args(c, n);
	if (n->kind == NODE_CALL)
		finish_builtin(c, n);
}
