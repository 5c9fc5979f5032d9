/*
 * Functions of the script (language 4.11): their parameters, results, bodies
 * and calls.
 *
 * A body is checked once, as a program that belongs to no probe, whoever calls
 * it. Parameters and the result are cells like variables: where the type as
 * written leaves the size open (`string`), calls and returns decide it. A
 * pointer parameter takes the address space of what is passed.
 */
#include "check/check_impl.h"

#include <string.h>

/* What a body sees in the place of a probe. Registers and stacks are those of
 * the probe that calls. */
static const struct provider no_probe = {
	.name = "function", .space = SPACE_KERNEL, .has = HAS_PT_REGS | HAS_STACKS,
	.attach = ATTACH_INTERVAL,
};

struct func *func_find(const struct check *c, const char *name)
{
	struct func **f;

	vec_each(f, &c->script->funcs)
		if ((*f)->name == name)
			return *f;
	return NULL;
}

void func_suggest(const struct check *c, struct nearest *near)
{
	struct func **f;

	vec_each(f, &c->script->funcs)
		nearest_try(near, (*f)->name);
}

/* ---- definitions ---- */

static void check_name(struct check *c, const struct func *f)
{
	const struct func *first = func_find(c, f->name);

	if (builtin_find(f->name))
		check_hint(c,
			   check_error(c, f->loc, DIAG_FUNCTION_NAME,
				       "'%s' is the name of a builtin", f->name),
			   "give the function another name");
	else if (first != f)
		check_note(c,
			   check_error(c, f->loc, DIAG_FUNCTION_REDEFINITION,
				       "Redefinition of function: %s", f->name),
			   first->loc, "first defined here");
}

void funcs_start(struct check *c)
{
	struct func **f;

	vec_each(f, &c->script->funcs) {
		struct prog *p = arena_new(c->arena, struct prog);

		check_name(c, *f);
		p->provider = &no_probe;
		p->body = (*f)->body;
		p->loc = (*f)->loc;
		p->func = *f;
		(*f)->prog = p;
	}
}

static struct var *add_typed(struct check *c, const char *name, struct loc loc)
{
	struct var *v = scope_add(c, name, loc);

	v->is_declared = v->is_param = true;
	v->assigned = v->read = true;
	v->nr_assigned = 2;	/* by each call */
	return v;
}

void resolve_func(struct check *c, struct func *f)
{
	struct func_param *p;

	c->prog = f->prog;
	c->state->scope = NULL;
	c->state->nr_loops = c->state->nr_for_loops = 0;
	scope_push(c, f->body, false);
	vec_each(p, &f->params) {
		refuse_shadowing(c, p->name, p->loc);
		p->var = add_typed(c, p->name, p->loc);
	}
	vec_each(p, &f->params)
		resolve_type(c, p->declared);
	resolve_type(c, f->result);
	/* No script can name it. */
	f->returned = add_typed(c, "return value", f->loc);
	f->returned->read = false;
	resolve_children(c, f->body);
	scope_pop(c);
}

/* ---- types as written ---- */

static bool may_be_passed(const struct type *t)
{
	return t->kind != TYPE_VOID && t->kind != TYPE_STRUCT && !type_is_aggregate(t) &&
	       t->kind != TYPE_TIMESTAMP_MODE && t->space != SPACE_CONTEXT;
}

/* Whose memory a pointer is in: that of all that reach it, the kernel's if
 * nothing does. */
static enum type_space space_of(unsigned spaces)
{
	if (!spaces || spaces == 1u << SPACE_KERNEL)
		return SPACE_KERNEL;
	return spaces == 1u << SPACE_USER ? SPACE_USER : SPACE_NONE;
}

/* The smallest one of a kind whose size is open. */
static const struct type *smallest(struct check *c, const struct type *t)
{
	return t->kind == TYPE_STRING ? type_string(c->types, 1) : type_buffer(c->types, 1);
}

/* As it was declared, where the size was left open. */
static const char *declared_text(struct check *c, const struct var *v)
{
	if (v->is_sized || !v->type)
		return type_text(c, v->type);
	return v->type->kind == TYPE_STRING ? "string" : "buffer";
}

static void declare(struct check *c, struct var *v, const struct type_expr *e, const char *what,
		    bool is_result)
{
	bool is_open;
	const struct type *t = type_of_expr(c, e, &is_open);

	if (!t)
		return;
	if (t->kind != TYPE_ERROR && !may_be_passed(t) &&
	    !(is_result && t->kind == TYPE_VOID)) {
		check_hint(c,
			   check_error(c, e->loc, DIAG_BAD_DECLARATION, "Invalid %s type: %s", what,
				       type_text(c, t)),
			   t->kind == TYPE_STRUCT ? "use a pointer to it" :
			   "functions take and return values");
		t = bad_type(c);
	} else if (is_open && t->kind == TYPE_ARRAY) {
		check_error(c, e->loc, DIAG_BAD_DECLARATION,
			    "the size of the array can not be determined");
		t = bad_type(c);
	} else if (is_open) {
		cell_try_var(c, v, smallest(c, t), NULL);
		return;
	}
	if (t->kind == TYPE_POINTER)
		t = type_pointer(c->types, t->target, space_of(v->spaces), false);
	v->spaces = 0;
	v->is_sized = true;
	v->next = t;		/* if that is a change, one more round sees it */
	if (!v->type)
		v->type = t;
}

void infer_func(struct check *c, struct func *f)
{
	struct func_param *p;

	c->prog = f->prog;
	vec_each(p, &f->params)
		declare(c, p->var, p->declared, "parameter", false);
	declare(c, f->returned, f->result, "result", true);
	infer_block(c, f->prog->body);
}

/* ---- calls ---- */

void resolve_func_call(struct check *c, struct node *n, struct func *f)
{
	size_t wants = f->params.n;
	const char *what = !wants ? "no arguments" : wants == 1 ? "one argument" :
			   arena_printf(c->arena, "%zu arguments", wants);

	n->u.call.func = f;
	if (wants == n->u.call.args.n) {
		resolve_children(c, n);
		return;
	}
	check_note(c,
		   check_error(c, n->loc, DIAG_ARGUMENT_COUNT, "%s() takes %s (%zu provided)",
			       f->name, what, n->u.call.args.n),
		   f->loc, "defined here");
	node_set_error(n);
}

static void note_space(struct var *v, const struct type *t)
{
	if (t->kind == TYPE_POINTER)
		v->spaces |= 1u << t->space;
}

static void pass(struct check *c, const struct node *n, size_t i)
{
	struct func *f = n->u.call.func;
	struct var *v = f->params.at[i].var;
	const struct node *arg = n->u.call.args.at[i];
	const struct type *t = arg->type;
	struct diag *d;

	if (!t || t->kind == TYPE_ERROR || (v->type && v->type->kind == TYPE_ERROR))
		return;
	note_space(v, t);
	if ((may_be_passed(t) || type_is_castable(t)) && cell_try_var(c, v, t, arg))
		return;
	d = check_error(c, arg->loc, DIAG_ARGUMENT_TYPE,
			"Parameter $%s of function %s is of type %s, cannot take %s", v->name,
			f->name, declared_text(c, v), type_text(c, t));
	check_note(c, d, v->loc, "This is the function parameter.");
}

const struct type *infer_func_call(struct check *c, struct node *n)
{
	c->state->map_value = NULL;
	for (size_t i = 0; i < n->u.call.args.n; i++) {
		struct node *arg = n->u.call.args.at[i];

		infer_expr(c, arg);
		if (arg->kind != NODE_TYPE_ARG) {
			pass(c, n, i);
			continue;
		}
		check_error(c, arg->loc, DIAG_TYPE_ARGUMENT, "%s() takes values, not types",
			    n->u.call.name);
	}
	return n->u.call.func->returned->type;
}

void convert_func_call(struct check *c, struct node *n)
{
	for (size_t i = 0; i < n->u.call.args.n; i++)
		convert_to(c, &n->u.call.args.at[i], n->u.call.func->params.at[i].var->type);
}

/* ---- results ---- */

static void refuse_result(struct check *c, const struct func *f, struct loc loc,
			  const struct type *t)
{
	check_error(c, loc, DIAG_BAD_RETURN, "Function %s is of type %s, cannot return %s", f->name,
		    declared_text(c, f->returned), type_text(c, t));
}

void infer_func_return(struct check *c, struct node *n)
{
	const struct func *f = c->prog->func;
	const struct node *value = n->u.unary.operand;
	const struct type *to = f->returned->type, *t = value ? value->type : c->types->void_;

	if (!t || !to || t->kind == TYPE_ERROR || to->kind == TYPE_ERROR)
		return;
	note_space(f->returned, t);
	if (to->kind == TYPE_VOID && !value)
		return;
	if (to->kind != TYPE_VOID && (may_be_passed(t) || type_is_castable(t)) &&
	    cell_try_var(c, f->returned, t, value))
		return;
	refuse_result(c, f, n->loc, t);
}

/* Does each way through the statement end the function, or the program? */
static bool always_ends(const struct node *n)
{
	if (n->kind == NODE_EXPR_STMT)
		return always_ends(n->u.unary.operand);
	switch (n->kind) {
	case NODE_RETURN:
	case NODE_ERROR:
		return true;
	case NODE_CALL:
		return is_call_of(n, BUILTIN_exit);
	case NODE_IF:
		return n->u.cond.otherwise && always_ends(n->u.cond.then) &&
		       always_ends(n->u.cond.otherwise);
	case NODE_UNROLL:
		return always_ends(n->u.loop.body);
	case NODE_BLOCK:
		for (size_t i = 0; i < n->u.block.stmts.n; i++)
			if (always_ends(n->u.block.stmts.at[i]))
				return true;
		return false;
	default:
		return false;
	}
}

void func_check_ways(struct check *c, struct func *f)
{
	const struct node *body = f->prog->body;
	const struct type *t = f->returned->type;
	size_t n = body->u.block.stmts.n;
	struct diag *d;

	if (!t && !c->diags->nr_errors)
		check_error(c, f->result->loc, DIAG_UNKNOWN_TYPE,
			    "Could not resolve the result type of function %s", f->name);
	if (!t || t->kind == TYPE_VOID || t->kind == TYPE_ERROR || always_ends(body))
		return;
	d = check_error(c, n ? body->u.block.stmts.at[n - 1]->loc : f->loc, DIAG_BAD_RETURN,
			"Function %s is of type %s, cannot return void", f->name,
			declared_text(c, f->returned));
	check_hint(c, d, "end each way through the function in return");
}

/* ---- builtins ---- */

bool func_refuses(struct check *c, struct node *n, const struct builtin *b, const char *name)
{
	struct diag *d;

	if (!c->prog->func)
		return false;
	switch (b->id) {
	case BUILTIN_arg:
	case BUILTIN_args:
	case BUILTIN_ctx:
	case BUILTIN_func:
	case BUILTIN_probe:
	case BUILTIN_probetype:
	case BUILTIN_retval:
		break;
	default:
		return false;
	}
	d = check_error(c, n->loc, DIAG_NOT_IN_FUNCTION, "Builtin %s not supported outside probe",
			name);
	if (b->id != BUILTIN_ctx && b->id != BUILTIN_args)
		check_hint(c, d, "give the function a parameter for it");
	node_set_error(n);
	return true;
}
