/*
 * Scratch variables.
 *
 * A scalar is an SSA name. It is memory if its address is taken, or if the body
 * of a loop shares it with the code around: then it has a slot in the frame, an
 * object of the entry func that callbacks reach. Strings, tuples and the like
 * are objects, or lie in the frame; a parameter that nothing assigns stays where
 * the caller has it. Structs and arrays are references: a variable holds where
 * they are.
 */
#include "lower/internal.h"

#define MAX_COPIED_ARRAY 512
#define RESULT_SLACK 8		/* behind memory: see func.c */

/* Structs and arrays in traced memory. Arrays that lie in no memory of anybody
 * were made by casts, or by reading a map. */
static bool is_reference(const struct type *t)
{
	if (t->kind == TYPE_ARRAY && t->space == SPACE_NONE)
		return !t->count || t->size_bytes > MAX_COPIED_ARRAY;
	return t->kind == TYPE_STRUCT || t->kind == TYPE_ARRAY;
}

/* The context, or an address of it: a variable that holds it needs no place, since there
 * is one context only. */
static bool is_context(const struct type *t)
{
	return t && t->space == SPACE_CONTEXT;
}

/* ---- what the body needs ---- */

/* Code that becomes one func: the program, the body of a loop, a part. */
struct region {
	struct region *outer;
	bool is_part;
};

/* A variable, and the regions where it is named. */
struct usage {
	struct var *var;
	VEC(struct region *) regions;
};

struct needs {
	struct gen *g;
	bool frame, parts;
	struct region *now;
	struct hmap scopes;	/* block -> its region */
	VEC(struct usage *) usages;
	struct hmap usage_of;	/* variable -> struct usage */
	VEC(struct var *) shared;
};

static struct var *var_of(const struct node *n)
{
	switch (n->kind) {
	case NODE_VAR:
		return n->u.var.var;
	case NODE_LET:
		return n->u.let.var;
	case NODE_FOR_RANGE:
	case NODE_FOR_MAP:
		return n->u.loop.var;
	default:
		return NULL;
	}
}

static bool needs_frame(struct gen *g, const struct node *n)
{
	return n->kind == NODE_FOR_MAP || n->kind == NODE_WHILE ||
	       (n->kind == NODE_FOR_RANGE && !lower_is_plain_range(g, n)) ||
	       (n->kind == NODE_UNROLL && !lower_is_unrolled(g, n));
}

static void note_var(struct needs *needs, struct var *v)
{
	struct usage *u = pmap_find(&needs->usage_of, v);

	if (!u) {
		u = arena_new(needs->g->l->arena, struct usage);
		u->var = v;
		pmap_set(&needs->usage_of, v, u);
		vec_push(needs->g->l->arena, &needs->usages, u);
	}
	if (!u->regions.n || u->regions.at[u->regions.n - 1] != needs->now)
		vec_push(needs->g->l->arena, &u->regions, needs->now);
}

/* The region right below `outer` that holds `r`; NULL: `r` is not below it. */
static struct region *child_towards(const struct region *outer, struct region *r)
{
	while (r && r->outer != outer)
		r = r->outer;
	return r;
}

/* The only part below `r` where the variable is named; NULL: there are others. */
static struct region *only_part(const struct usage *u, const struct region *r)
{
	struct region *only = child_towards(r, u->regions.at[0]);

	for (size_t i = 0; i < u->regions.n; i++)
		if (child_towards(r, u->regions.at[i]) != only)
			return NULL;
	return only && only->is_part ? only : NULL;
}

/* A variable is shared if it is named in other regions than the one that it was
 * made in, or the one part where all of its life is; or if there are parts, and its
 * address may get into another one. */
static bool is_shared(const struct needs *needs, const struct usage *u)
{
	struct region *home = pmap_find(&needs->scopes, u->var->scope), *part;

	if (is_context(u->var->type))
		return false;
	if (u->var->address_taken && needs->g->parts.n)
		return true;
	if (!home)
		return u->var->captured;
	/* A parameter has its value before all parts. */
	while (!u->var->is_param && (part = only_part(u, home)))
		home = part;
	for (size_t i = 0; i < u->regions.n; i++)
		if (u->regions.at[i] != home)
			return true;
	return false;
}

static void find_needs(struct node **slot, void *arg);

static void find_in_block(struct needs *needs, struct node *block)
{
	struct region *outer = needs->now;
	const struct part *part = NULL;

	pmap_set(&needs->scopes, block, outer);
	for (size_t i = 0; i < block->u.block.stmts.n; i++) {
		const struct part *begun = lower_part_at(needs->g, block->u.block.stmts.at[i]);

		if (part && part->end == i) {
			part = NULL;
			needs->now = outer;
		}
		if (begun) {
			part = begun;
			needs->frame = needs->parts = true;
			needs->now = arena_new(needs->g->l->arena, struct region);
			*needs->now = (struct region){ outer, true };
		}
		find_needs(&block->u.block.stmts.at[i], needs);
	}
	needs->now = outer;
	find_needs(&block->u.block.value, needs);
}

static void find_needs(struct node **slot, void *arg)
{
	struct needs *needs = arg;
	struct node *n = *slot;
	struct region *outer = needs->now;

	if (!n)
		return;
	if (needs_frame(needs->g, n)) {
		needs->frame = true;
		needs->now = arena_new(needs->g->l->arena, struct region);
		needs->now->outer = outer;
	}
	if (needs->now->outer && lower_reads_context(needs->g, n))
		needs->g->loops_use_ctx = true;
	if (var_of(n))
		note_var(needs, var_of(n));
	if (n->kind == NODE_BLOCK)
		find_in_block(needs, n);
	else
		node_children(n, find_needs, needs);
	needs->now = outer;
}

/* A function's parts do not reach what its caller gave it for its result. */
static uint32_t add_result(struct gen *g, uint32_t at)
{
	const struct type *t = g->func->returned->type;

	if (!g->result)
		return 0;
	g->frame_result = at;
	return lower_is_scalar(t) ? 8 : (t->size_bytes + RESULT_SLACK + 7) / 8 * 8;
}

/* The frame: a word for "return was called", its value, the probe's index, then
 * the shared variables. It is no stack memory: there the verifier would follow
 * each value that a loop gives a variable, rather than any value at once. That of a
 * function with parts belongs to the entry func, as those find it from there. */
static void make_frame(struct gen *g, struct needs *needs)
{
	uint32_t object, size = FRAME_VARS;
	struct ir_func *owner;
	struct usage **u;

	vec_each(u, &needs->usages)
		if (is_shared(needs, *u))
			vec_push(g->l->arena, &needs->shared, (*u)->var);
	for (size_t i = 0; i < needs->shared.n; i++) {
		struct var *v = needs->shared.at[i];
		struct var_store *s = arena_new(g->l->arena, struct var_store);

		s->in_frame = true;
		s->frame_offset = (int32_t)size;
		size += 8;
		if (!lower_is_scalar(v->type) && !is_reference(v->type))
			size += (v->type->size_bytes + 7) / 8 * 8;
		v->aux = s;
	}
	if (g->func && needs->parts)
		size += add_result(g, size);
	owner = needs->parts ? g->m->funcs.at[0] : g->b.func;
	object = ir_object_new(owner, "frame", size, 8);
	owner->objects.at[object].place = IR_PLACE_SCRATCH;
	owner->objects.at[object].keep = true;
	owner->objects.at[object].lasts = owner != g->b.func;
	g->frame_object = object;
	g->frame = owner == g->b.func ? ir_object(owner, object) : lower_frame_here(g);
	ir_emit_store(&g->b, 8, g->frame, FRAME_RETURNED, lower_const(g, NOT_RETURNED));
	if (g->prog->uses_probe && !g->func)
		ir_emit_store(&g->b, 8, g->frame, FRAME_PROBE, lower_probe_index(g));
}

/* In another program that calls the same function its variables may have lain in the
 * frame, since there it was cut. */
static void forget_frame(const struct needs *needs)
{
	struct usage **u;

	vec_each(u, &needs->usages) {
		const struct var_store *s = (*u)->var->aux;

		if (s && s->in_frame)
			(*u)->var->aux = NULL;
	}
}

/* Decide at the start of a program what its loops become and which variables
 * lie in the frame. */
void lower_vars(struct gen *g, struct node *body)
{
	struct region program = { NULL, false };
	struct needs needs = { .g = g, .now = &program };

	hmap_init(&needs.usage_of, g->l->arena);
	hmap_init(&needs.scopes, g->l->arena);
	find_needs(&body, &needs);
	forget_frame(&needs);
	if (needs.frame)
		make_frame(g, &needs);
}

/* ---- access ---- */

static struct var_store *store_of(struct gen *g, struct var *v)
{
	struct var_store *s = v->aux;

	if (s && (s->in_frame || s->func == g->b.func))
		return s;
	s = arena_new(g->l->arena, struct var_store);
	s->func = g->b.func;
	v->aux = s;
	if (lower_is_scalar(v->type) && !v->address_taken) {
		s->ssa = ir_var_new(g->b.func, v->name, IR_INT);
	} else if (is_reference(v->type)) {
		s->ssa = ir_var_new(g->b.func, v->name, IR_INT);
		s->ref.kind = lower_space_kind(v->type->space);
	} else {
		s->object = ir_object_new(g->b.func, v->name, v->type->size_bytes + 8, 8);
		g->b.func->objects.at[s->object].keep = v->address_taken;
	}
	return s;
}

void lower_var_in(struct gen *g, struct var *v, struct ir_insn *base, int32_t offset)
{
	struct var_store *s = arena_new(g->l->arena, struct var_store);

	s->func = g->b.func;
	s->param = base;
	s->frame_offset = offset;
	v->aux = s;
}

struct ir_insn *lower_var_value(struct gen *g, struct var *v)
{
	struct var_store *s = store_of(g, v);

	if (s->ssa)
		return ir_var_read(&g->b, s->ssa);
	if (s->in_frame)
		return ir_emit_load(&g->b, IR_INT, 8, false, g->frame, s->frame_offset);
	return ir_emit_load(&g->b, IR_INT, v->type->size_bytes, v->type->is_signed,
			    ir_object(g->b.func, s->object), 0);
}

static struct place reference_place(struct gen *g, struct var *v, const struct var_store *s)
{
	struct place p = { .kind = lower_space_kind(v->type->space) };

	p.base = s->in_frame ? ir_emit_load(&g->b, IR_INT, 8, false, g->frame, s->frame_offset) :
			       ir_var_read(&g->b, s->ssa);
	if (p.base->type != IR_INT)
		p.kind = PLACE_DIRECT;
	else if (p.kind == PLACE_DIRECT)
		p.kind = PLACE_KERNEL;
	if (p.kind == PLACE_KERNEL && v->type->kind == TYPE_STRUCT &&
	    v->type->structure->is_vmlinux && v->type->structure->btf_id)
		p.root = v->type->structure;
	return p;
}

/* Scalars fill a word of the frame: where in it lie the bytes of the type? */
static int32_t frame_padding(struct gen *g, const struct type *t)
{
	return g->c->target->arch->big_endian &&
		lower_is_scalar(t) ? 8 - (int32_t)t->size_bytes : 0;
}

struct place lower_var_place(struct gen *g, struct var *v)
{
	struct var_store *s = store_of(g, v);

	if (is_reference(v->type))
		return reference_place(g, v, s);
	if (s->in_frame)
		return lower_at(g->frame, s->frame_offset + frame_padding(g, v->type));
	if (s->param)
		return lower_at(s->param, s->frame_offset);
	return lower_at(ir_object(g->b.func, s->object), 0);
}

void lower_var_write(struct gen *g, struct var *v, struct ir_insn *value)
{
	struct var_store *s = store_of(g, v);

	if (s->ssa)
		ir_var_write(&g->b, s->ssa, value);
	else if (s->in_frame)
		ir_emit_store(&g->b, 8, g->frame, s->frame_offset, value);
	else
		ir_emit_store(&g->b, v->type->size_bytes, ir_object(g->b.func, s->object), 0,
			      value);
}

/* Structs and arrays: remember where; memory that will not stay is copied. */
static void set_reference(struct gen *g, struct var *v, struct node *value)
{
	struct place p = lower_place(g, value);

	lower_var_write(g, v, lower_place_address(g, p));
}

struct search {
	const struct var *v;
	bool found;
};

static void search(struct node **slot, void *arg)
{
	struct search *s = arg;

	if (!*slot || s->found)
		return;
	s->found = (*slot)->kind == NODE_VAR && (*slot)->u.var.var == s->v;
	node_children(*slot, search, s);
}

/* Is the variable needed while its new value is made? */
static bool reads_itself(struct node *value, const struct var *v)
{
	struct search s = { .v = v };

	if (value->kind == NODE_VAR)
		return false;
	search(&value, &s);
	return s.found;
}

void lower_var_set(struct gen *g, struct var *v, struct node *value)
{
	struct ir_insn *made;
	struct place p;

	if (is_context(v->type)) {
		lower_effect(g, value);
		return;
	}
	if (lower_is_scalar(v->type)) {
		lower_var_write(g, v, lower_value(g, value));
		return;
	}
	if (is_reference(v->type)) {
		set_reference(g, v, value);
		return;
	}
	if (!v->type->size_bytes) {
		lower_effect(g, value);
		return;
	}
	if (reads_itself(value, v)) {
		made = lower_object(g, "new value", v->type->size_bytes + 8, 8);
		lower_to(g, value, v->type, (struct dest){ .base = made, .slack = 8 });
		p = lower_var_place(g, v);
		lower_copy(g, (struct dest){ .base = p.base, .offset = p.offset }, v->type,
			   lower_at(made, 0), v->type);
		return;
	}
	p = lower_var_place(g, v);
	lower_to(g, value, v->type,
		 (struct dest){ .base = p.base, .offset = p.offset, .slack = 8 });
}
