/*
 * What becomes code once and what many times, and what is a function of its own,
 * decided for a whole program before any of it is lowered.
 *
 * The kernel follows every way through a function and gives up behind a million
 * instructions or 8,192 branches of which it has not seen both sides; and passes
 * of ours look at a function as a whole. So a body has a weight, by and large the
 * number of its nodes, and where it is too heavy:
 * - a loop of few turns is no longer walked turn by turn, nor an unroll written
 *   out: both become loops that are verified once (loop.c);
 * - statements that follow each other are grouped into parts, functions of their
 *   own (part.c), inner blocks before outer ones.
 * What reads the program's context stays where it is if the kernel does not take
 * that as an argument of functions.
 * Functions of the script are cut like that, too, before what calls them.
 */
#include "lower/internal.h"

#include <linux/version.h>

#define PLAIN_TURNS 64
#define PLAIN_WALK 4096		/* nodes that the verifier walks, each some instructions */
#define SPLIT_WEIGHT 1000	/* of a program that is left alone */
#define PART_WEIGHT 400
#define MIN_PART_WEIGHT 50
#define CALL_WEIGHT 4
#define MAX_FRAMES 6		/* of 8 that the kernel allows: shared.c has two below */
#define MAX_PARTS_DEEP 3
#define MAX_FUNC_PARTS_DEEP 2	/* in a function of the script: there is one more around */
#define MAX_PARTS 180		/* of 256 functions */

struct split {
	struct gen *g;
	uint32_t split_weight;		/* of what is left alone */
	uint32_t part_weight, least;	/* of a part, by and large; at least */
	uint32_t funcs_weight;		/* of all functions of the script, each once */
	/* What is being cut: frames around, parts in each other, whether there may be any. */
	unsigned above, parts_deep;
	bool may_cut;
	unsigned callbacks;
	bool passes_ctx;
	struct hmap funcs;	/* of the script: struct func -> struct known_func */
};

/* What a piece of the tree needs in the func that it stands in. */
struct cost {
	uint32_t weight;
	unsigned frames;	/* below */
	unsigned parts;		/* of those, parts */
	bool reads_ctx;
};

/* ---- weights ---- */

bool lower_constant_of(const struct node *n, int64_t *value)
{
	while (n->kind == NODE_CAST)
		n = n->u.cast.operand;
	*value = n->kind == NODE_INT ? (int64_t)n->u.integer.value : 0;
	return n->kind == NODE_INT;
}

static uint32_t add(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX / 2 - b ? UINT32_MAX / 2 : a + b;
}

static uint32_t times(uint32_t a, uint64_t turns)
{
	return turns && a > UINT32_MAX / 2 / turns ? UINT32_MAX / 2 : (uint32_t)(a * turns);
}

static uint32_t own_weight(const struct node *n)
{
	switch (n->kind) {
	case NODE_MAP_ELEM:
		return 4;
	case NODE_CALL:
		return is_call_of(n, BUILTIN_join) ? 150 : 3;
	case NODE_FOR_RANGE:
	case NODE_WHILE:
		return 10;	/* an iterator has its own place on the stack */
	case NODE_BINARY:
		return n->u.binary.left->type && !lower_is_scalar(n->u.binary.left->type) ? 12 : 1;
	default:
		return 1;
	}
}

/* What the verifier walks more: short strings are compared byte by byte; the many
 * ways to a bucket of a histogram are followed one by one, and so are those around
 * an inner loop. */
static uint32_t own_walk(struct gen *g, const struct node *n)
{
	const struct type *t = n->kind == NODE_BINARY ? n->u.binary.left->type : NULL;

	switch (n->kind) {
	case NODE_CALL:
		return is_call_of(n, BUILTIN_hist) ? 200 : 0;
	case NODE_FOR_MAP:
	case NODE_WHILE:
		return 100;
	case NODE_FOR_RANGE:
	case NODE_UNROLL:
		return pmap_find(&g->plain_loops, n) ? 0 : 100;
	default:
		if (!t || lower_is_scalar(t))
			return 0;
		return t->size_bytes < 64 ? 3 * t->size_bytes : 200;
	}
}

/* Turns of a loop that may be walked turn by turn, or written out. */
static bool few_turns(const struct node *n, uint64_t *turns)
{
	int64_t first = 0, last = 0;

	if (n->kind == NODE_UNROLL) {
		lower_constant_of(n->u.loop.cond, &last);
	} else if (n->kind != NODE_FOR_RANGE || !lower_constant_of(n->u.loop.from, &first) ||
		   !lower_constant_of(n->u.loop.to, &last) || last - first > PLAIN_TURNS) {
		return false;
	}
	*turns = last > first ? (uint64_t)(last - first) : 0;
	return true;
}

struct weighing {
	struct split *s;
	uint32_t weight, walk;
	uint32_t own;		/* weight without functions that are called */
	bool forks;
};

struct known_func {
	struct weighing weight;
	unsigned frames;	/* around, in the deepest chain of calls */
	bool is_cut;
	struct cost cost;	/* of a call, then */
};

/* Turns that the verifier may have to tell apart: in an iterator's loop it follows
 * each value that the ways through earlier turns gave a variable. */
static uint64_t told_apart(const struct weighing *body, uint64_t turns)
{
	return body->forks ? turns * (turns + 1) / 2 : turns;
}

static void weigh(struct node **slot, void *arg);

/* A function of the script is walked wherever it is called. */
static void weigh_func(struct weighing *w, struct func *f)
{
	struct known_func *known = pmap_find(&w->s->funcs, f);

	if (!known) {
		known = arena_new(w->s->g->l->arena, struct known_func);
		known->weight.s = w->s;
		pmap_set(&w->s->funcs, f, known);
		weigh(&f->prog->body, &known->weight);
		w->s->funcs_weight = add(w->s->funcs_weight, known->weight.own);
	}
	w->weight = add(w->weight, known->weight.weight);
	w->walk = add(w->walk, known->weight.walk);
}

static void weigh(struct node **slot, void *arg)
{
	struct weighing *outer = arg, w = { .s = outer->s };
	struct node *n = *slot;
	uint64_t turns;

	if (!n)
		return;
	node_children(n, weigh, &w);
	if (n->kind == NODE_CALL && n->u.call.func)
		weigh_func(&w, n->u.call.func);
	w.s->callbacks += n->kind == NODE_FOR_MAP;
	w.forks |= n->kind == NODE_IF || n->kind == NODE_TERNARY ||
		   (n->kind == NODE_CALL && n->u.call.func);
	if (few_turns(n, &turns) &&
	    (turns <= 1 || times(w.walk, told_apart(&w, turns)) <= PLAIN_WALK)) {
		pmap_set(&w.s->g->plain_loops, n, n);
		w.weight = times(w.weight, turns);
		w.own = times(w.own, turns);
		w.walk = times(w.walk, turns);
	}
	outer->weight = add(outer->weight, add(w.weight, own_weight(n)));
	outer->own = add(outer->own, add(w.own, own_weight(n)));
	outer->walk = add(outer->walk, add(w.walk, 1 + own_walk(w.s->g, n)));
	outer->forks |= w.forks;
}

bool lower_is_plain_range(struct gen *g, const struct node *n)
{
	return pmap_find(&g->plain_loops, n);
}

bool lower_is_unrolled(struct gen *g, const struct node *n)
{
	return pmap_find(&g->plain_loops, n);
}

/* ---- cutting ---- */

static bool is_callback(struct split *s, const struct node *n)
{
	switch (n->kind) {
	case NODE_FOR_MAP:
		return true;
	case NODE_WHILE:
		return !lower_loops_inline(s->g->l);
	case NODE_FOR_RANGE:
	case NODE_UNROLL:
		return !pmap_find(&s->g->plain_loops, n) && !lower_loops_inline(s->g->l);
	default:
		return false;
	}
}

static void cost_add(struct cost *to, const struct cost *c)
{
	to->weight = add(to->weight, c->weight);
	to->frames = c->frames > to->frames ? c->frames : to->frames;
	to->parts = c->parts > to->parts ? c->parts : to->parts;
	to->reads_ctx |= c->reads_ctx;
}

/* A group of statements that is being gathered. */
struct group {
	size_t begin, end;
	struct cost cost;
};

static void group_end(struct split *s, const struct node *block, struct group *group,
		      struct cost *total)
{
	struct cost call = { CALL_WEIGHT, group->cost.frames + 1, group->cost.parts + 1,
			     group->cost.reads_ctx };
	struct arena *a = s->g->l->arena;
	struct part *part;

	if (group->cost.weight < s->least) {
		cost_add(total, &group->cost);
	} else {
		part = arena_new(a, struct part);
		*part = (struct part){ group->begin, group->end, group->cost.reads_ctx };
		pmap_set(&s->g->parts, block->u.block.stmts.at[group->begin], part);
		cost_add(total, &call);
	}
	*group = (struct group){ group->end, group->end, { 0 } };
}

static bool can_move(const struct split *s, const struct cost *c)
{
	return s->may_cut && (!c->reads_ctx || s->passes_ctx) &&
	       s->above + 1 + c->frames <= MAX_FRAMES && c->parts < s->parts_deep;
}

/* Statements that have to stay together: print and the clear that is one with it. */
static size_t unit_end(const struct node *block, size_t begin)
{
	size_t end = begin + 1, take;
	bool is_zero;

	for (size_t i = begin; i < end; i++) {
		take = lower_find_take(block, i, &is_zero);
		end = take >= end ? take + 1 : end;
	}
	return end;
}

static struct cost group_stmts(struct split *s, const struct node *block, const struct cost *costs)
{
	struct group group = { 0 };
	struct cost total = { 0 };
	size_t n = block->u.block.stmts.n, end;

	for (size_t i = 0; i < n; i = end) {
		struct cost unit = { 0 };

		end = unit_end(block, i);
		for (size_t k = i; k < end; k++)
			cost_add(&unit, &costs[k]);
		if (add(group.cost.weight, unit.weight) > s->part_weight || !can_move(s, &unit))
			group_end(s, block, &group, &total);
		if (can_move(s, &unit)) {
			cost_add(&group.cost, &unit);
			group.end = end;
		} else {
			cost_add(&total, &unit);
			group.begin = group.end = end;
		}
	}
	group_end(s, block, &group, &total);
	return total;
}

struct cutting {
	struct split *s;
	struct cost cost;
};

static void cut(struct node **slot, void *arg);

static struct cost cut_block(struct split *s, struct node *block)
{
	size_t n = block->u.block.stmts.n;
	struct cost *costs = arena_array(s->g->l->arena, struct cost, n + 1);
	struct cutting value = { .s = s };
	struct cost sum = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct cutting c = { .s = s };

		cut(&block->u.block.stmts.at[i], &c);
		costs[i] = c.cost;
		cost_add(&sum, &c.cost);
	}
	if (n > 1 && sum.weight > s->part_weight)
		sum = group_stmts(s, block, costs);
	cut(&block->u.block.value, &value);
	cost_add(&sum, &value.cost);
	return sum;
}

static struct cost cut_children(struct split *s, struct node *n)
{
	struct cutting c = { .s = s };
	bool is_func = is_callback(s, n);
	uint64_t turns;

	s->above += is_func;
	node_children(n, cut, &c);
	s->above -= is_func;
	if (is_func) {
		c.cost.frames++;
		c.cost.weight = CALL_WEIGHT;
	} else if (pmap_find(&s->g->plain_loops, n) && few_turns(n, &turns)) {
		c.cost.weight = times(c.cost.weight, turns);
	}
	return c.cost;
}

/* Addresses of what lies in a part's own memory would outlive it. Variables that have
 * one lie in the frame then (var.c); a text has no place of that kind. */
static void find_address(struct node **slot, void *arg)
{
	const struct node *n = *slot;
	bool *found = arg;

	if (!n || *found)
		return;
	*found = n->kind == NODE_CAST && n->type->kind == TYPE_POINTER &&
		 n->u.cast.operand->type->kind == TYPE_STRING &&
		 n->u.cast.operand->kind != NODE_VAR;
	if (!*found)
		node_children(*slot, find_address, found);
}

/* Cut a body that has `frames` around it. */
static struct cost cut_body(struct split *s, struct node *body, uint32_t weight, unsigned frames)
{
	struct cutting c = { .s = s };
	bool takes_address = false;

	find_address(&body, &takes_address);
	s->above = frames;
	s->may_cut = weight > s->split_weight && !takes_address;
	cut(&body, &c);
	return c.cost;
}

/* What a call costs: whatever the function has not put into parts. Its own frame is not
 * counted, since where a chain is too deep calls are put in place (ir/inline.c). */
static const struct cost *func_cost(struct split *s, struct func *f)
{
	struct known_func *known = pmap_find(&s->funcs, f);
	struct split own = *s;

	if (known->is_cut)
		return &known->cost;
	known->is_cut = true;
	own.parts_deep = MAX_FUNC_PARTS_DEEP;
	known->cost = cut_body(&own, f->prog->body, known->weight.weight, known->frames);
	known->cost.reads_ctx = false;	/* see lower_reads_context */
	return &known->cost;
}

static void cut(struct node **slot, void *arg)
{
	struct cutting *outer = arg;
	struct node *n = *slot;
	struct cost c;

	if (!n)
		return;
	c = n->kind == NODE_BLOCK ? cut_block(outer->s, n) : cut_children(outer->s, n);
	c.weight = add(c.weight, own_weight(n));
	if (n->kind == NODE_CALL && n->u.call.func)
		cost_add(&c, func_cost(outer->s, n->u.call.func));
	c.reads_ctx |= lower_reads_context(outer->s->g, n);
	cost_add(&outer->cost, &c);
}

/* Which programs' functions may have the context as an argument? */
static bool passes_ctx(const struct gen *g)
{
	switch (g->prog->provider->prog_type) {
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
		return true;
	default:
		return g->c->target->kernel_version >= KERNEL_VERSION(6, 8, 0);
	}
}

/* ---- how deep functions are called ---- */

struct depth {
	struct split *s;
	unsigned frames;
	bool counts_all;	/* also frames of functions of the script, and parts */
};

static void find_depth(struct node **slot, void *arg);

static void depth_of_func(const struct depth *d, struct func *f)
{
	struct known_func *known = pmap_find(&d->s->funcs, f);
	struct depth below = { d->s, d->frames + d->counts_all, d->counts_all };

	if (known->frames >= below.frames)
		return;
	known->frames = below.frames;
	find_depth(&f->prog->body, &below);
}

static void depth_in_block(const struct depth *d, struct node *block)
{
	size_t part_end = 0;

	for (size_t i = 0; i < block->u.block.stmts.n; i++) {
		const struct part *part = lower_part_at(d->s->g, block->u.block.stmts.at[i]);
		struct depth below = *d;

		part_end = part ? part->end : part_end;
		below.frames += d->counts_all && i < part_end;
		find_depth(&block->u.block.stmts.at[i], &below);
	}
	if (block->u.block.value) {
		struct depth below = *d;

		find_depth(&block->u.block.value, &below);
	}
}

static void find_depth(struct node **slot, void *arg)
{
	struct depth d = *(const struct depth *)arg;
	struct node *n = *slot;

	if (!n)
		return;
	d.frames += is_callback(d.s, n);
	if (n->kind == NODE_BLOCK)
		depth_in_block(&d, n);
	else
		node_children(n, find_depth, &d);
	if (n->kind == NODE_CALL && n->u.call.func)
		depth_of_func(&d, n->u.call.func);
}

void lower_split(struct gen *g, struct node *body)
{
	struct split s = { .g = g, .passes_ctx = passes_ctx(g), .parts_deep = MAX_PARTS_DEEP };
	struct weighing w = { .s = &s };
	struct depth fixed = { &s, 1, false }, all = { &s, 1, true };
	uint32_t parts, total, cut_weight = g->c->options->cut_weight;

	hmap_init(&g->plain_loops, g->l->arena);
	hmap_init(&g->parts, g->l->arena);
	hmap_init(&s.funcs, g->l->arena);
	weigh(&body, &w);
	s.split_weight = cut_weight ? cut_weight : SPLIT_WEIGHT;
	if (w.weight > s.split_weight) {
		g->is_large = g->m->is_large = true;
		parts = s.callbacks + 20 < MAX_PARTS ? MAX_PARTS - s.callbacks : 20;
		total = add(w.own, s.funcs_weight);
		s.part_weight = total / parts > PART_WEIGHT ? total / parts : PART_WEIGHT;
		s.least = MIN_PART_WEIGHT;
		if (cut_weight)
			s.part_weight = s.least = cut_weight;
		find_depth(&body, &fixed);
		cut_body(&s, body, w.weight, 1);
	}
	find_depth(&body, &all);
	g->known_funcs = s.funcs;
}

unsigned lower_func_frames(struct gen *g, const struct func *f)
{
	const struct known_func *known = pmap_find(&g->known_funcs, f);

	return known->frames;
}

const struct part *lower_part_at(struct gen *g, const struct node *stmt)
{
	return pmap_find(&g->parts, stmt);
}
