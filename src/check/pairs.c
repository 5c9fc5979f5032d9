/*
 * Programs at the entry and at the return of the same functions, as one: a session,
 * which the kernel attaches in one link and which asks in which of the two it is.
 *
 * In: programs by probe, in the script's order. Out: prog->at_return of the one at
 * the entry, and the other marked as part of it. Nothing else may be at these functions,
 * for the order of the script would be lost.
 */
#include "check/check_impl.h"

#include <inttypes.h>
#include <string.h>

/* Which providers go together, and what for. */
static const struct pair_row {
	enum attach_kind entry, at_return;
	enum mechanism_family family;
	enum target_feature feature;
} rows[] = {
	{ ATTACH_KPROBE, ATTACH_KRETPROBE, MECHANISM_OF_KPROBE, FEATURE_KPROBE_SESSION },
	{ ATTACH_UPROBE, ATTACH_URETPROBE, MECHANISM_OF_UPROBE, FEATURE_UPROBE_SESSION },
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct pair_row *row_of(const struct provider *p)
{
	for (size_t i = 0; i < NR_ROWS; i++)
		if (rows[i].entry == p->attach || rows[i].at_return == p->attach)
			return &rows[i];
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_place(const struct probe_site *a, const struct probe_site *b)
{
	const struct image_site *x = &a->image, *y = &b->image;

	return same(x->function, y->function) && same(x->module, y->module) &&
	       same(x->path, y->path) && x->offset == y->offset && x->address == y->address &&
	       x->entry == y->entry;
}

static bool same_places(const struct prog *a, const struct prog *b)
{
	if (a->nr_sites != b->nr_sites)
		return false;
	for (size_t i = 0; i < a->nr_sites; i++)
		if (!same_place(a->sites[i], b->sites[i]))
			return false;
	return true;
}

/* How many programs are at a function. */
static unsigned *place_count(struct check *c, struct hmap *counts, const struct probe_site *s)
{
	const char *path = s->image.path ? s->image.path : "";
	const char *key = arena_printf(c->arena, "%s:%s:%" PRIx64, path,
				       s->image.function ? s->image.function : "",
				       s->image.entry);
	unsigned *count = hmap_find(counts, key, strlen(key));

	if (!count) {
		count = arena_new(c->arena, unsigned);
		hmap_set(counts, key, strlen(key), count);
	}
	return count;
}

static void count_places(struct check *c, struct hmap *counts)
{
	struct prog **p;

	vec_each(p, &c->progs)
		for (size_t i = 0; row_of((*p)->provider) && i < (*p)->nr_sites; i++)
			(*place_count(c, counts, (*p)->sites[i]))++;
}

/* Are these two the only ones at their functions? */
static bool are_alone(struct check *c, struct hmap *counts, const struct prog *p)
{
	for (size_t i = 0; i < p->nr_sites; i++)
		if (*place_count(c, counts, p->sites[i]) != 2)
			return false;
	return true;
}

/* A link of many hands over less than all registers. */
static void find_registers(struct node **slot, void *arg)
{
	const struct node *n = *slot;
	bool *found = arg;

	if (!n || *found)
		return;
	*found = (n->kind == NODE_IDENT && !strcmp(n->u.ident.name, "ctx")) ||
		 (n->kind == NODE_CALL && (!strcmp(n->u.call.name, "ctx") ||
					   !strcmp(n->u.call.name, "reg")));
	if (!*found)
		node_children(*slot, find_registers, found);
}

static bool reads_registers(struct prog *p)
{
	struct node *body = p->body;
	bool found = false;

	find_registers(&body, &found);
	return found;
}

static bool can_be_half(struct check *c, struct prog *p, const struct pair_row *row)
{
	if (p->nr_variants > 1 || !p->nr_sites || p->in_session)
		return false;
	for (size_t i = 0; i < p->nr_sites; i++)
		if (p->sites[i]->at_return || !probes_fits_session(p->sites[i]))
			return false;
	/* One kernel function by itself is probed with all of them. */
	return row->family != MECHANISM_OF_KPROBE || p->nr_sites > 1 ||
	       c->config.attach[row->family] == MECHANISM_SESSION || !reads_registers(p);
}

static bool wants_sessions(struct check *c, const struct pair_row *row)
{
	enum mechanism m = c->config.attach[row->family];

	return (m == MECHANISM_AUTO || m == MECHANISM_SESSION) && c->btf &&
	       target_has(c->target, row->feature);
}

/* The program at the return of what `p` is at the entry of; NULL. */
static struct prog *find_other(struct check *c, const struct prog *p, const struct pair_row *row)
{
	struct prog **other;

	vec_each(other, &c->progs)
		if ((*other)->provider->attach == row->at_return && can_be_half(c, *other, row) &&
		    same_places(p, *other))
			return *other;
	return NULL;
}

static bool has_pairs(const struct check *c)
{
	bool entry = false, at_return = false;
	struct prog *const *p;

	vec_each(p, &c->progs) {
		const struct pair_row *row = row_of((*p)->provider);

		entry |= row && row->entry == (*p)->provider->attach;
		at_return |= row && row->at_return == (*p)->provider->attach;
	}
	return entry && at_return;
}

void pair_programs(struct check *c)
{
	struct hmap counts;
	struct prog **p;

	if (!has_pairs(c))
		return;
	hmap_init(&counts, c->arena);
	count_places(c, &counts);
	vec_each(p, &c->progs) {
		const struct pair_row *row = row_of((*p)->provider);
		struct prog *other;

		if (!row || (*p)->provider->attach != row->entry || !can_be_half(c, *p, row) ||
		    !are_alone(c, &counts, *p) || !wants_sessions(c, row))
			continue;
		other = find_other(c, *p, row);
		if (!other)
			continue;
		(*p)->at_return = other;
		other->in_session = true;
	}
}
