/*
 * Functions of the script: a subprogram of its own in each program that calls it.
 *
 * Arguments: the context, if the function or one that it calls looks at it; where
 * the result goes, if it does not fit a register; then the script's, in order.
 * Scalars are passed as they are, memory by its address; it is not copied, since a
 * function that assigns a parameter makes a copy itself. Where five registers are
 * too few, all of the script's arguments lie in one block of the caller.
 *
 * A function that may end the program by exit() returns whether it did, and its
 * result, if it has one, in memory; each caller asks and passes it on.
 */
#include "lower/internal.h"

#define MAX_ARGS 5
#define SLACK 8		/* behind memory: may be overwritten where it is read as a string */

/* ---- what a function is like ---- */

static bool is_context_builtin(const struct node *n)
{
	if (!n->u.call.builtin)
		return false;
	switch (n->u.call.builtin->id) {
	case BUILTIN_args:
	case BUILTIN_ctx:
	case BUILTIN_arg:
	case BUILTIN_retval:
	case BUILTIN_reg:
	case BUILTIN_usermode:
	case BUILTIN_func:
	case BUILTIN_kstack:
	case BUILTIN_ustack:
	case BUILTIN_dw_ustack:
	case BUILTIN_override:
	case BUILTIN_uaddr:
		return true;
	default:
		return false;
	}
}

bool lower_reads_context(struct gen *g, const struct node *n)
{
	if (n->kind == NODE_VAR && n->type && n->type->space == SPACE_CONTEXT)
		return true;
	if (n->kind != NODE_CALL)
		return false;
	if (is_call_of(n, BUILTIN_printf) && lower_is_pinned(g))
		return true;
	return n->u.call.func ? lower_func_shape(g, n->u.call.func)->reads_context :
				is_context_builtin(n);
}

bool lower_may_exit(struct gen *g, const struct node *n)
{
	if (n->kind == NODE_CALL && n->u.call.func)
		return lower_func_shape(g, n->u.call.func)->may_exit;
	return is_call_of(n, BUILTIN_exit);
}

struct study {
	struct gen *g;
	struct func_shape *shape;
};

static void study_node(struct node **slot, void *arg)
{
	struct study *s = arg;

	if (!*slot)
		return;
	s->shape->reads_context |= lower_reads_context(s->g, *slot);
	s->shape->may_exit |= lower_may_exit(s->g, *slot);
	node_children(*slot, study_node, s);
}

static uint32_t packed_bytes(const struct type *t)
{
	return lower_is_scalar(t) ? 8 : (t->size_bytes + SLACK + 7) / 8 * 8;
}

static void choose_passing(struct func *f, struct func_shape *shape)
{
	const struct type *t = f->returned->type;
	const struct func_param *p;
	size_t args = f->params.n;

	shape->by_memory = t->kind != TYPE_VOID && (shape->may_exit || !lower_is_scalar(t));
	args += (size_t)shape->by_memory + shape->reads_context;
	shape->is_packed = args > MAX_ARGS;
	vec_each(p, &f->params)
		shape->pack_bytes += packed_bytes(p->var->type);
}

const struct func_shape *lower_func_shape(struct gen *g, struct func *f)
{
	struct study s = { g, f->aux };

	if (s.shape)
		return s.shape;
	f->aux = s.shape = arena_new(g->l->arena, struct func_shape);
	study_node(&f->prog->body, &s);
	choose_passing(f, s.shape);
	return s.shape;
}

/* ---- the function ---- */

static uint32_t list_params(const struct func *f, const struct func_shape *shape,
			    enum ir_type params[MAX_ARGS])
{
	const struct func_param *p;
	uint32_t n = 0;

	if (shape->reads_context)
		params[n++] = IR_CTX;
	if (shape->by_memory)
		params[n++] = IR_OBJ;
	if (shape->is_packed) {
		params[n++] = IR_OBJ;
		return n;
	}
	vec_each(p, &f->params)
		params[n++] = lower_is_scalar(p->var->type) ? IR_INT : IR_OBJ;
	return n;
}

static bool is_assigned(const struct var *v)
{
	return v->nr_assigned > 2 || v->address_taken;
}

static void bind_memory(struct gen *g, struct var *v, struct ir_insn *base, int32_t offset)
{
	const struct var_store *s = v->aux;
	bool in_frame = s && s->in_frame && g->frame;
	struct place own;

	if (!v->type->size_bytes)
		return;
	if (!in_frame && !is_assigned(v)) {
		lower_var_in(g, v, base, offset);
		return;
	}
	own = lower_var_place(g, v);
	lower_copy(g, (struct dest){ .base = own.base, .offset = own.offset, .slack = SLACK },
		   v->type, lower_at(base, offset), v->type);
}

static void bind_params(struct gen *g, const struct func_shape *shape, uint32_t first)
{
	struct func_param *p;
	struct ir_insn *arg;
	int32_t offset = 0;

	vec_each(p, &g->func->params) {
		const struct type *t = p->var->type;

		arg = ir_param(g->b.func, first);
		if (!lower_is_scalar(t))
			bind_memory(g, p->var, arg, offset);
		else
			lower_var_write(g, p->var, shape->is_packed ?
					ir_emit_load(&g->b, IR_INT, 8, false, arg, offset) : arg);
		if (shape->is_packed)
			offset += (int32_t)packed_bytes(t);
		else
			first++;
	}
}

static struct ir_func *generate(const struct gen *caller, struct func *f,
				const struct func_shape *shape)
{
	struct gen own = *caller, *g = &own;
	enum ir_type params[MAX_ARGS];
	uint32_t n = list_params(f, shape, params), at = 0;
	struct ir_func *ir = ir_func_new(g->m, f->name, params, n);

	pmap_set(g->funcs, f, ir);
	g->func = f;
	g->b = (struct ir_builder){ .func = ir };
	lower_enter_first(g);
	g->b.line = f->loc.begin;
	g->ctx = shape->reads_context ? ir_param(ir, at++) : NULL;
	g->result = shape->by_memory ? ir_param(ir, at++) : NULL;
	g->frame = NULL;
	g->loop = NULL;
	g->in_callback = g->loops_use_ctx = g->probe_is_known = g->result_in_frame = false;
	g->frame_result = 0;
	g->frames = lower_func_frames(g, f);
	lower_vars(g, f->prog->body);
	bind_params(g, shape, at);
	lower_block_stmts(g, f->prog->body);
	lower_leave(g, NULL);
	return ir;
}

/* What the verifier may know as a kernel pointer is a number to a function. */
static struct ir_insn *plain_value(struct gen *g, struct node *n)
{
	struct ir_insn *v = lower_value(g, n);

	return v->type == IR_INT ? v : lower_to_scalar(g, v);
}

void lower_func_return(struct gen *g, struct node *value)
{
	const struct type *t = g->func->returned->type;
	struct ir_insn *v = NULL;

	if (value && lower_is_scalar(t))
		v = plain_value(g, value);
	else if (value && t->size_bytes)
		lower_to(g, value, t, (struct dest){ .base = g->result, .slack = SLACK });
	if (v && g->result) {
		ir_emit_store(&g->b, 8, g->result, 0, v);
		v = NULL;
	}
	lower_leave(g, v);
}

/* ---- calls ---- */

static void find_assignment(struct node **slot, void *arg)
{
	bool *found = arg;

	if (!*slot || *found)
		return;
	*found = (*slot)->kind == NODE_ASSIGN || is_call_of(*slot, BUILTIN_find);
	if (!*found)
		node_children(*slot, find_assignment, found);
}

/* Can the argument be read where it lies until the function returns? */
static bool stays(const struct node *call, size_t i, const struct type *as)
{
	const struct node *arg = call->u.call.args.at[i];
	const struct var_store *s;
	bool changes = false;

	if (arg->kind != NODE_VAR || arg->type != as)
		return false;
	s = arg->u.var.var->aux;
	if (!s || s->in_frame)
		return false;
	for (size_t k = i + 1; k < call->u.call.args.n; k++) {
		struct node *other = call->u.call.args.at[k];

		find_assignment(&other, &changes);
	}
	return !changes;
}

static struct ir_insn *memory_arg(struct gen *g, const struct node *call, size_t i,
				  const struct type *as)
{
	struct ir_insn *object;
	struct place p;

	if (stays(call, i, as)) {
		p = lower_var_place(g, call->u.call.args.at[i]->u.var.var);
		if (p.kind == PLACE_DIRECT && p.base->type == IR_OBJ)
			return lower_ptr(g, p.base, p.offset);
	}
	object = lower_object(g, "argument", packed_bytes(as), 8);
	if (as->size_bytes)
		lower_to(g, call->u.call.args.at[i], as,
			 (struct dest){ .base = object, .slack = SLACK });
	else
		lower_effect(g, call->u.call.args.at[i]);
	return object;
}

static struct ir_insn *pack_args(struct gen *g, const struct node *call,
				 const struct func_shape *shape)
{
	const struct func *f = call->u.call.func;
	struct ir_insn *pack = lower_object(g, "arguments", shape->pack_bytes, 8);
	int32_t at = 0;

	for (size_t i = 0; i < f->params.n; i++) {
		const struct type *as = f->params.at[i].var->type;
		struct node *arg = call->u.call.args.at[i];

		if (lower_is_scalar(as))
			ir_emit_store(&g->b, 8, pack, at, plain_value(g, arg));
		else if (as->size_bytes)
			lower_to(g, arg, as, (struct dest){ .base = pack, .offset = at });
		else
			lower_effect(g, arg);
		at += (int32_t)packed_bytes(as);
	}
	return pack;
}

/* Memory results lie in scratch: it is never uninitialized, should the function
 * not get to writing it. */
static struct ir_insn *result_object(struct gen *g, const struct type *t)
{
	uint32_t object = ir_object_new(g->b.func, "result", packed_bytes(t), 8);
	struct ir_insn *p = ir_object(g->b.func, object);

	g->b.func->objects.at[object].place = IR_PLACE_SCRATCH;
	if (lower_is_scalar(t)) {
		g->b.func->objects.at[object].place = IR_PLACE_STACK;
		ir_emit_store(&g->b, 8, p, 0, lower_const(g, 0));
	}
	return p;
}

static void exit_if(struct gen *g, struct ir_insn *flag)
{
	struct ir_block *exited = lower_block(g, true), *next = lower_block(g, false);

	ir_emit_branch(&g->b, IR_NE, flag, lower_const(g, 0), exited, next);
	lower_enter(g, exited);
	lower_exit(g);
	lower_enter(g, next);
}

/* Returns where the result lies, NULL if *value has it, or if there is none. */
static struct ir_insn *call(struct gen *g, struct node *n, struct ir_insn **value)
{
	struct func *f = n->u.call.func;
	const struct func_shape *shape = lower_func_shape(g, f);
	struct ir_insn *args[MAX_ARGS], *result = NULL, *r;
	struct ir_func *ir = pmap_find(g->funcs, f);
	bool is_void = f->returned->type->kind == TYPE_VOID && !shape->may_exit;
	uint32_t count = 0, result_at;

	if (!ir)
		ir = generate(g, f, shape);
	if (shape->reads_context)
		args[count++] = g->ctx;
	result_at = count;
	count += shape->by_memory;
	if (shape->is_packed)
		args[count++] = pack_args(g, n, shape);
	for (size_t i = 0; i < f->params.n && !shape->is_packed; i++) {
		const struct type *as = f->params.at[i].var->type;

		args[count++] = lower_is_scalar(as) ? plain_value(g, n->u.call.args.at[i]) :
						      memory_arg(g, n, i, as);
	}
	if (shape->by_memory)
		args[result_at] = result = result_object(g, f->returned->type);
	g->b.line = n->loc.begin;
	r = ir_emit_call(&g->b, IR_FCALL, ir->index, is_void ? IR_VOID : IR_INT, args, count);
	if (shape->may_exit)
		exit_if(g, r);
	*value = is_void || shape->may_exit ? NULL : r;
	return result;
}

struct ir_insn *lower_func_call(struct gen *g, struct node *n)
{
	struct ir_insn *value, *result = call(g, n, &value);

	if (result && lower_is_scalar(n->type))
		return ir_emit_load(&g->b, IR_INT, 8, false, result, 0);
	return value ? value : lower_const(g, 0);
}

struct place lower_func_place(struct gen *g, struct node *n)
{
	struct ir_insn *value, *result = call(g, n, &value);

	return lower_at(result, 0);
}
