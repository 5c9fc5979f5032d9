/*
 * Statements and programs of the checked tree; see tree.h.
 */
#include "tests/differential/tree_impl.h"

#include <stdlib.h>
#include <string.h>

void tree_fail(struct tree *t, const char *why)
{
	if (!t->failed)
		t->failed = why;
}

/* ---- assignment ---- */

/* Names are interned. */
static void cover_name(struct tree *t, const struct var *var)
{
	if (pmap_find(&t->names, var->name))
		hit(t, SCOPE_REUSED);
	pmap_set(&t->names, var->name, (void *)(uintptr_t)var->name);
}

void tree_var_set(struct tree *t, const struct var *var, const struct val *v,
		  const struct type *type)
{
	struct val *slot = pmap_find(&t->vars, var);

	if (!slot) {
		slot = arena_new(t->arena, struct val);
		pmap_set(&t->vars, var, slot);
		cover_name(t, var);
	}
	if (var->type->kind == TYPE_STRUCT)
		hit(t, STRUCT_VARIABLE);
	*slot = val_convert(t, v, type, var->type);
}

struct tree_place tree_place(struct tree *t, const struct node *target)
{
	if (target->kind == NODE_VAR)
		return (struct tree_place){ .var = target->u.var.var };
	return (struct tree_place){ .map = tree_map(t, target->u.map.map),
				    .key = tree_key(t, target) };
}

struct val tree_place_read(struct tree *t, const struct tree_place *p)
{
	const struct val *v;

	if (p->map)
		return tree_map_read(t, p->map, &p->key);
	v = pmap_find(&t->vars, p->var);
	return v ? *v : val_zero(t, p->var->type);
}

void tree_place_write(struct tree *t, const struct tree_place *p, const struct val *v,
		      const struct type *type)
{
	if (p->var)
		tree_var_set(t, p->var, v, type);
	else
		tree_entry_add(t, p->map, &p->key)->value =
			val_convert(t, v, type, p->map->map->value);
}

/* A variable is read first; a map is read, changed and written at once, when the
 * value is known. */
static void exec_compound(struct tree *t, const struct node *n)
{
	const struct node *target = n->u.assign.target, *value = n->u.assign.value;
	struct tree_place place = { 0 };
	struct val old = { 0 }, v;

	if (target->kind == NODE_VAR) {
		place = tree_place(t, target);
		old = tree_place_read(t, &place);
	}
	v = tree_eval(t, value);
	if (target->kind != NODE_VAR) {
		place = tree_place(t, target);
		old = tree_place_read(t, &place);
	}

	t->cover->assign_ops[n->u.assign.op]++;
	if (target->type->kind == TYPE_POINTER)
		v.n = tree_step(t, n->u.assign.op, target->type, old.n, v.n);
	else
		v = tree_arith(t, n->u.assign.op, value->type, old.n, v.n, n->loc);
	if (v.n != val_extend(target->type, v.n))
		hit(t, STORE_CUTS);
	tree_place_write(t, &place, &v, target->type->kind == TYPE_POINTER ? target->type : value->type);
}

static void exec_assign(struct tree *t, const struct node *n)
{
	const struct node *target = n->u.assign.target, *value = n->u.assign.value;
	struct tree_place place;
	struct val v;

	if (n->u.assign.op != OP_NONE) {
		exec_compound(t, n);
		return;
	}
	if (target->kind != NODE_VAR && type_is_aggregate(target->type)) {
		tree_aggregate(t, n);
		return;
	}
	v = tree_eval(t, value);
	place = tree_place(t, target);
	tree_place_write(t, &place, &v, value->type);
}

static void exec_let(struct tree *t, const struct node *n)
{
	struct val v;

	if (n->u.let.value)
		v = tree_eval(t, n->u.let.value);
	else
		v = val_zero(t, n->u.let.var->type);
	tree_var_set(t, n->u.let.var, &v,
		     n->u.let.value ? n->u.let.value->type : n->u.let.var->type);
}

/* ---- loops ---- */

/* Run a body once; false when the loop is over. */
static bool turn(struct tree *t, const struct node *body, bool is_map)
{
	t->loops++;
	tree_exec(t, body);
	t->loops--;
	if (t->flow == FLOW_BREAK) {
		t->flow = FLOW_NEXT;
		return false;
	}
	if (t->flow == FLOW_CONTINUE) {
		if (is_map)
			hit(t, FOR_MAP_CONTINUE);
		t->flow = FLOW_NEXT;
	}
	return t->flow == FLOW_NEXT && !t->failed;
}

static void exec_while(struct tree *t, const struct node *n)
{
	struct val c;

	hit(t, WHILE);
	do {
		c = tree_eval(t, n->u.loop.cond);
	} while (val_true(&c, n->u.loop.cond->type) && turn(t, n->u.loop.body, n->kind == NODE_FOR_MAP));
}

static void exec_unroll(struct tree *t, const struct node *n)
{
	hit(t, UNROLL);
	for (uint64_t i = tree_eval(t, n->u.loop.cond).n; i && turn(t, n->u.loop.body, false); i--)
		;
}

static void exec_for_range(struct tree *t, const struct node *n)
{
	struct val at = tree_eval(t, n->u.loop.from), end = tree_eval(t, n->u.loop.to);
	const struct type *type = n->u.loop.var->type;

	hit(t, FOR_RANGE);
	if (val_order(&at, &end, n->u.loop.from->type) >= 0)
		hit(t, FOR_RANGE_EMPTY);
	for (; val_order(&at, &end, n->u.loop.from->type) < 0; at.n++) {
		tree_var_set(t, n->u.loop.var, &at, type);
		if (!turn(t, n->u.loop.body, n->kind == NODE_FOR_MAP))
			break;
	}
}

static void exec_for_map(struct tree *t, const struct node *n)
{
	struct tree_map *m = tree_map(t, n->u.loop.map->u.map.map);
	const struct type *type = n->u.loop.var->type, *value = m->map->value;
	size_t nr = m->entries.n;

	if (type_is_aggregate(value))
		hit(t, FOR_MAP_AGG);
	else
		hit(t, FOR_MAP);
	for (size_t i = 0; i < nr && i < m->entries.n; i++) {
		struct tree_entry *e = m->entries.at[i];
		struct val *items = arena_array(t->arena, struct val, 2), pair;

		items[0] = e->key;
		items[1] = e->value;
		if (type_is_aggregate(value))
			items[1] = val_number(type->fields[1].type, tree_aggregate_read(value, e));
		pair = (struct val){ .s = "", .items = items, .nr = 2 };
		tree_var_set(t, n->u.loop.var, &pair, type);
		if (!turn(t, n->u.loop.body, n->kind == NODE_FOR_MAP)) {
			if (t->flow == FLOW_RETURN)
				hit(t, FOR_MAP_RETURN);
			else
				hit(t, FOR_MAP_BREAK);
			break;
		}
	}
}

/* ---- statements ---- */

static void exec_if(struct tree *t, const struct node *n)
{
	struct val c = tree_eval(t, n->u.cond.cond);
	const struct node *chosen = n->u.cond.then;

	if (!val_true(&c, n->u.cond.cond->type)) {
		chosen = n->u.cond.otherwise;
		if (chosen)
			hit(t, IF_ELSE);
	}
	if (chosen)
		tree_exec(t, chosen);
}

static void exec_return(struct tree *t, const struct node *n)
{
	if (t->func) {
		tree_func_return(t, n->u.unary.operand);
		return;
	}
	if (n->u.unary.operand)
		tree_eval(t, n->u.unary.operand);
	hit(t, RETURN);
	if (t->loops)
		hit(t, RETURN_LOOP);
	t->flow = FLOW_RETURN;
}

void tree_exec(struct tree *t, const struct node *n)
{
	if (t->failed || t->flow != FLOW_NEXT)
		return;
	t->cover->nodes[n->kind]++;
	switch (n->kind) {
	case NODE_EXPR_STMT: tree_exec(t, n->u.unary.operand); break;
	case NODE_DISCARD: hit(t, DISCARD); tree_eval(t, n->u.unary.operand); break;
	case NODE_ASSIGN: exec_assign(t, n); break;
	case NODE_LET: exec_let(t, n); break;
	case NODE_IF:
	case NODE_TERNARY: exec_if(t, n); break;
	case NODE_BLOCK:
		for (size_t i = 0; i < n->u.block.stmts.n; i++)
			tree_exec(t, n->u.block.stmts.at[i]);
		if (n->u.block.value)
			tree_exec(t, n->u.block.value);
		break;
	case NODE_WHILE: exec_while(t, n); break;
	case NODE_UNROLL: exec_unroll(t, n); break;
	case NODE_FOR_RANGE: exec_for_range(t, n); break;
	case NODE_FOR_MAP: exec_for_map(t, n); break;
	case NODE_BREAK: hit(t, BREAK); t->flow = FLOW_BREAK; break;
	case NODE_CONTINUE: hit(t, CONTINUE); t->flow = FLOW_CONTINUE; break;
	case NODE_RETURN: exec_return(t, n); break;
	default: tree_eval(t, n);
	}
}

/* ---- programs ---- */

/* What user space does with the records of a program, in order. */
static void deliver(struct tree *t, struct sbuf *out)
{
	struct tree_event *e;

	vec_each(e, &t->events) {
		if (e->kind == EVENT_TEXT)
			sbuf_add(out, e->text, e->len);
		else if (e->kind == EVENT_PRINT_MAP)
			tree_print_map(t, out, e->map, false, e->top, e->div);
		else if (e->kind == EVENT_CLEAR)
			e->map->entries.n = 0;
		else if (e->kind == EVENT_ZERO)
			tree_map_zero(t, e->map);
		else if (e->kind == EVENT_EXIT)
			t->exited = true;
		if (t->exited)
			break;
	}
	t->events.n = 0;
}

/* All programs of one kind run before user space looks. */
static void run_kind(struct tree *t, enum attach_kind kind, struct sbuf *out)
{
	for (volatile size_t i = 0; i < t->check->progs.n && !t->failed; i++) {
		struct prog *p = t->check->progs.at[i];

		if (p->provider->attach != kind || t->stopped)
			continue;
		t->flow = FLOW_NEXT;
		t->func = NULL;
		t->loops = 0;
		if (!setjmp(t->ended))
			tree_exec(t, p->body);
	}
	deliver(t, out);
}

static int by_name(const void *a, const void *b)
{
	const struct map *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void print_maps(struct tree *t, struct sbuf *out)
{
	size_t n = t->check->maps.n;
	struct map **maps = arena_array(t->arena, struct map *, n + 1);

	if (n)
		memcpy(maps, t->check->maps.at, n * sizeof(*maps));
	qsort(maps, n, sizeof(*maps), by_name);
	for (size_t i = 0; i < n; i++)
		tree_print_map(t, out, tree_map(t, maps[i]), true, 0, 0);
}

const char *tree_run(struct check *c, struct arena *arena, struct cover *cover, struct sbuf *out)
{
	struct tree t = { .check = c, .arena = arena, .cover = cover };

	hmap_init(&t.vars, arena);
	hmap_init(&t.names, arena);
	hmap_init(&t.maps, arena);
	run_kind(&t, ATTACH_BEGIN, out);
	t.exited = t.stopped = false;
	if (!t.failed)
		run_kind(&t, ATTACH_END, out);
	if (!t.failed)
		print_maps(&t, out);
	return t.failed;
}
