/*
 * Samples as a tree: see flame_tree.h.
 *
 * Samples come in the order of their functions, so what two of them have in common
 * is the way from the root to the newest node as far as it is the same.
 */
#include "out/flame_tree.h"

#include "base/grow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The way from the root to the newest node. */
struct path {
	size_t *nodes;		/* owned */
	size_t n, cap;
};

static bool push_node(struct flame_tree *t, struct path *p, uint32_t function)
{
	if (!grow(&t->nodes, &t->cap_nodes, t->nr_nodes, sizeof(*t->nodes)) ||
	    !grow(&p->nodes, &p->cap, p->n, sizeof(*p->nodes)))
		return false;
	t->nodes[t->nr_nodes] = (struct flame_node){
		.function = function, .depth = (uint32_t)p->n,
		.start = t->nr_nodes ? t->nodes[0].total : 0,
	};
	p->nodes[p->n++] = t->nr_nodes++;
	return true;
}

static bool add_sample(struct flame_tree *t, struct path *p, const struct profile_view *v,
		       const struct profile_sample *s)
{
	uint64_t room = UINT64_MAX - t->nodes[0].total;
	uint64_t weight = s->weight < room ? s->weight : room;
	uint32_t i = 0;

	while (i < s->nr_sites && i + 1 < p->n &&
	       t->nodes[p->nodes[i + 1]].function == v->sites[s->sites[i]].function)
		i++;
	for (p->n = i + 1; i < s->nr_sites; i++)
		if (!push_node(t, p, v->sites[s->sites[i]].function))
			return false;
	for (size_t j = 0; j < p->n; j++)
		t->nodes[p->nodes[j]].total += weight;
	t->nodes[p->nodes[p->n - 1]].self += weight;
	return true;
}

/* ---- sums of functions ---- */

/* A node counts if no node below it is the same function's. `depths`: how often each
 * function is on the way to the node at hand. */
static void sum_up(struct flame_tree *t, struct path *p, uint32_t *depths)
{
	p->n = 0;
	for (size_t i = 1; i < t->nr_nodes; i++) {
		const struct flame_node *n = &t->nodes[i];
		struct flame_function *f = &t->functions[n->function];

		while (p->n >= n->depth)
			depths[t->nodes[p->nodes[--p->n]].function]--;
		f->self += n->self;
		if (!depths[n->function]++)
			f->total += n->total;
		p->nodes[p->n++] = i;
	}
}

static int compare_sums(const void *a, const void *b, void *arg)
{
	const struct flame_function *x = a, *y = b;
	const struct profile_view *v = arg;

	if (x->self != y->self)
		return x->self < y->self ? 1 : -1;
	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return v->functions[x->function].rank < v->functions[y->function].rank ? -1 : 1;
}

static bool is_code(const struct profile_function *f)
{
	return f->kind == PROFILE_USER || f->kind == PROFILE_KERNEL;
}

static int sum_functions(struct flame_tree *t, struct path *p, const struct profile_view *v)
{
	uint32_t *depths = calloc(v->nr_functions + 1, sizeof(*depths));
	size_t n = 0;

	t->functions = calloc(v->nr_functions + 1, sizeof(*t->functions));
	if (!depths || !t->functions) {
		free(depths);
		return -ENOMEM;
	}
	sum_up(t, p, depths);
	free(depths);
	for (size_t i = 0; i < v->nr_functions; i++) {
		t->functions[i].function = (uint32_t)i;
		if (t->functions[i].total && is_code(&v->functions[i]))
			t->functions[n++] = t->functions[i];
	}
	t->nr_functions = n;
	qsort_r(t->functions, n, sizeof(*t->functions), compare_sums, (void *)(uintptr_t)v);
	return 0;
}

int flame_tree_open(struct flame_tree *t, const struct profile_view *v)
{
	struct path p = { 0 };
	bool fits;
	int err;

	memset(t, 0, sizeof(*t));
	fits = push_node(t, &p, FLAME_ALL);
	for (size_t i = 0; fits && i < v->nr_samples; i++)
		fits = add_sample(t, &p, v, &v->samples[i]);
	err = fits ? sum_functions(t, &p, v) : -ENOMEM;
	free(p.nodes);
	return err;
}

void flame_tree_close(struct flame_tree *t)
{
	free(t->nodes);
	free(t->functions);
	memset(t, 0, sizeof(*t));
}
