/*
 * Which functions call which, and what that means for the programs that call
 * them: a function's effects are those of its callers, and what it needs of the
 * probe its callers must have.
 *
 * In: bodies whose types are final. Out: prog.funcs, callees before callers. No
 * function reaches itself: that is an error here.
 */
#include "check/builtin_types.h"

#include <string.h>

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

struct walk {
	struct check *c;
	struct hmap marks;		/* func -> enum mark */
	VEC(struct func *) chain;	/* of open calls */
	struct prog *to;		/* its funcs are being collected */
	bool is_recursive;
};

static void visit_calls(struct node **slot, void *arg);

static void put_chain(struct sbuf *text, const struct walk *w, const struct func *f)
{
	size_t from = 0;

	while (from < w->chain.n && w->chain.at[from] != f)
		from++;
	for (; from < w->chain.n; from++)
		sbuf_printf(text, "%s > ", w->chain.at[from]->name);
	sbuf_puts(text, f->name);
}

static void refuse_recursion(struct walk *w, const struct node *call)
{
	struct sbuf text = { 0 };

	if (w->is_recursive)
		return;
	w->is_recursive = true;
	put_chain(&text, w, call->u.call.func);
	check_error(w->c, call->loc, DIAG_FUNCTION_RECURSION,
		    "Recursive function call detected. Call chain: %s", sbuf_text(&text));
	sbuf_close(&text);
}

static void visit_func(struct walk *w, struct func *f, const struct node *call)
{
	enum mark mark = (enum mark)(uintptr_t)pmap_find(&w->marks, f);

	if (mark == MARK_OPEN)
		refuse_recursion(w, call);
	if (mark != MARK_NEW)
		return;
	pmap_set(&w->marks, f, (void *)(uintptr_t)MARK_OPEN);
	vec_push(w->c->arena, &w->chain, f);
	visit_calls(&f->prog->body, w);
	w->chain.n--;
	pmap_set(&w->marks, f, (void *)(uintptr_t)MARK_DONE);
	vec_push(w->c->arena, &w->to->funcs, f);
}

static void visit_calls(struct node **slot, void *arg)
{
	struct walk *w = arg;
	struct node *n = *slot;

	if (!n)
		return;
	if (n->kind == NODE_CALL && n->u.call.func)
		visit_func(w, n->u.call.func, n);
	node_children(n, visit_calls, w);
}

/* False if there is recursion: one message will do. */
static bool collect(struct check *c, struct prog *p)
{
	struct walk w = { .c = c, .to = p };

	hmap_init(&w.marks, c->arena);
	if (p->func) {
		pmap_set(&w.marks, p->func, (void *)(uintptr_t)MARK_OPEN);
		vec_push(c->arena, &w.chain, p->func);
	}
	p->funcs.n = 0;
	visit_calls(&p->body, &w);
	return !w.is_recursive;
}

/* ---- what the probe must have ---- */

static void find_reg(struct node **slot, void *arg)
{
	const struct node **found = arg;

	if (!*slot || *found)
		return;
	if (is_call_of(*slot, BUILTIN_reg))
		*found = *slot;
	else
		node_children(*slot, find_reg, found);
}

static void check_needs(struct check *c, const struct prog *p)
{
	struct func **f;

	if (has_registers(p->provider))
		return;
	vec_each(f, &p->funcs) {
		struct node *body = (*f)->prog->body, *reg = NULL;
		struct diag *d;

		find_reg(&body, &reg);
		if (!reg)
			continue;
		d = check_error(c, reg->loc, DIAG_NOT_IN_PROBE,
				"reg can not be used with \"%s\" probes", p->provider->name);
		check_note(c, d, p->loc, "function %s is called here", (*f)->name);
	}
}

void funcs_check_calls(struct check *c)
{
	struct func **f;
	struct prog **p;

	vec_each(f, &c->script->funcs)
		if (!collect(c, (*f)->prog))
			return;
	vec_each(p, &c->progs) {
		collect(c, *p);
		check_needs(c, *p);
	}
}

/* ---- maps of functions that nothing calls ---- */

static void note_maps(struct node **slot, void *arg)
{
	struct node *n = *slot;

	if (!n)
		return;
	if ((n->kind == NODE_MAP || n->kind == NODE_MAP_ELEM) && n->u.map.map)
		pmap_set(arg, n->u.map.map, n);
	node_children(n, note_maps, arg);
}

static void keep_maps(struct check *c, const struct hmap *used, const struct hmap *unused)
{
	size_t kept = 0;
	struct map **m;

	vec_each(m, &c->maps) {
		if (!(*m)->decl && pmap_find(unused, *m) && !pmap_find(used, *m))
			continue;
		(*m)->index = (uint32_t)kept;
		c->maps.at[kept++] = *m;
	}
	c->maps.n = kept;
}

/* They cost nothing: maps that nobody else knows are none. */
static void drop_maps(struct check *c)
{
	struct hmap called, used, unused;
	struct prog **p;
	struct func **f;

	hmap_init(&called, c->arena);
	hmap_init(&used, c->arena);
	hmap_init(&unused, c->arena);
	vec_each(p, &c->progs) {
		note_maps(&(*p)->body, &used);
		vec_each(f, &(*p)->funcs)
			pmap_set(&called, *f, *f);
	}
	vec_each(f, &c->script->funcs)
		note_maps(&(*f)->prog->body, pmap_find(&called, *f) ? &used : &unused);
	keep_maps(c, &used, &unused);
}

/* ---- what calls do ---- */

void funcs_describe(struct check *c)
{
	struct prog **p;

	vec_each(p, &c->progs) {
		struct func **f;

		collect(c, *p);		/* without the branches that turned out dead */
		vec_each(f, &(*p)->funcs) {
			(*p)->reads_user |= (*f)->prog->reads_user;
			(*p)->uses_stacks |= (*f)->prog->uses_stacks;
			(*p)->has_effects |= (*f)->prog->has_effects;
		}
	}
	if (c->script->funcs.n)
		drop_maps(c);
}
