/*
 * Maps of the script: one for each name, their shape and what is done to them.
 *
 * A map has a key (`@m[k]`) or none (`@m`); the first use that says so decides
 * for the whole program. print, clear and zero are neutral; delete, has_key and
 * the like demand a shape without deciding it, unless nothing else does.
 */
#include "check/check_impl.h"

#include <string.h>

struct map *map_get(struct check *c, const char *name, struct loc loc)
{
	struct map *m, **at;

	vec_each(at, &c->maps)
		if ((*at)->name == name)
			return *at;
	m = arena_new(c->arena, struct map);
	m->name = name;
	m->loc = loc;
	m->index = (uint32_t)c->maps.n;
	vec_push(c->arena, &c->maps, m);
	return m;
}

static void decide_shape(struct map *m, bool is_scalar, struct loc loc)
{
	m->shape_known = true;
	m->is_scalar = is_scalar;
	m->shape_loc = loc;
}

void map_use(struct check *c, struct node *n, bool is_scalar, unsigned uses)
{
	struct map *m = map_get(c, n->u.map.name, n->loc);
	struct diag *d;

	n->u.map.map = m;
	m->uses |= uses;
	if (!m->shape_known) {
		decide_shape(m, is_scalar, n->loc);
		return;
	}
	if (m->is_scalar == is_scalar)
		return;
	d = check_error(c, n->loc, DIAG_MAP_SHAPE, is_scalar ?
			"@%s used as a map without an explicit key (scalar map), previously used "
			"with an explicit key (non-scalar map)" :
			"@%s used as a map with an explicit key (non-scalar map), previously used "
			"without an explicit key (scalar map)", m->name);
	check_note(c, d, m->shape_loc, "first used here");
}

void map_demand(struct check *c, struct node *n, bool is_scalar, unsigned uses,
		const char *message)
{
	struct map *m = map_get(c, n->u.map.name, n->loc);
	struct shape_demand demand = { m, is_scalar, n->loc, message };

	n->u.map.map = m;
	m->uses |= uses;
	vec_push(c->arena, &c->state->demands, demand);
}

static struct map *map_find(struct check *c, const char *name)
{
	struct map **m;

	vec_each(m, &c->maps)
		if ((*m)->name == name)
			return *m;
	return NULL;
}

static const char *const map_kinds[] = { "hash", "lruhash", "percpuhash", "percpulruhash" };

static void settle_decl(struct check *c, const struct map_decl *decl)
{
	struct map *m = map_find(c, decl->name);
	struct diag *d;
	size_t i;

	for (i = 0; i < sizeof(map_kinds) / sizeof(*map_kinds); i++)
		if (!strcmp(map_kinds[i], decl->map_kind))
			break;
	if (i == sizeof(map_kinds) / sizeof(*map_kinds)) {
		d = check_error(c, decl->kind_loc, DIAG_MAP_KIND, "Invalid bpf map type: %s",
				decl->map_kind);
		check_hint(c, d, "Valid map types: percpulruhash, percpuhash, lruhash, hash");
		return;
	}
	if (!m) {
		check_warning(c, decl->loc, DIAG_UNUSED_MAP, "Unused map: @%s", decl->name);
		return;
	}
	if (m->decl)
		check_error(c, decl->loc, DIAG_MAP_REDECLARED,
			    "@%s was already declared", decl->name);
	m->decl = decl;
}

/*
 * "Undefined map" for what is printed, cleared, walked, searched or deleted from, and never filled.
 * A read alone gives zero: a filter may ask for what no probe sets any more. Maps of a probe that
 * is in error are not known.
 */
static void check_defined(struct check *c, const struct map *m)
{
	const unsigned fills = MAP_READ | MAP_ASSIGNED | MAP_UPDATED;
	struct diag *d;
	struct nearest near;
	struct map **other;

	if (m->uses & fills || c->state->misses_a_probe)
		return;
	d = check_error(c, m->loc, DIAG_UNDEFINED_MAP, "Undefined map: @%s", m->name);
	nearest_start(&near, m->name);
	vec_each(other, &c->maps)
		if ((*other)->uses & fills)
			nearest_try(&near, (*other)->name);
	check_suggest(c, d, &near, "@");
}

void maps_settle_shapes(struct check *c)
{
	struct shape_demand *d;
	struct map **m;

	vec_each(d, &c->state->demands) {
		if (!d->map->shape_known)
			decide_shape(d->map, d->is_scalar, d->loc);
		else if (d->map->is_scalar != d->is_scalar)
			check_error(c, d->loc, DIAG_MAP_SHAPE, "%s", d->message);
	}
	/* Only its type was asked for. */
	vec_each(m, &c->maps)
		if (!(*m)->shape_known && (*m)->uses & MAP_READ)
			decide_shape(*m, true, (*m)->loc);
}

void maps_settle(struct check *c)
{
	struct map_decl *decl;
	struct map **m;

	vec_each(decl, &c->script->map_decls)
		settle_decl(c, decl);
	vec_each(m, &c->maps)
		check_defined(c, *m);
}

/* The kernel's limit for a value of a per-CPU hash, and the size of an interval. */
enum { PERCPU_VALUE_MAX = 32768, SERIES_SLOT_BYTES = 24 };

static void check_series(struct check *c, const struct map *m)
{
	unsigned max = PERCPU_VALUE_MAX / SERIES_SLOT_BYTES;

	if (m->value->kind != TYPE_TSERIES || (m->is_scalar && !m->decl) ||
	    m->value->param[1] <= max)
		return;
	check_error(c, m->loc, DIAG_BAD_BOUNDS,
		    "tseries() num_intervals must be <= %u in a map with keys (%llu provided)", max,
		    (unsigned long long)m->value->param[1]);
}

static void finish_map(struct check *c, struct map *m)
{
	bool is_percpu, declared_percpu;

	check_series(c, m);

	m->capacity = m->is_scalar && !type_is_drawn(m->value) ? 1 : c->config.max_map_keys;
	if (!m->decl)
		return;
	is_percpu = type_is_aggregate(m->value);
	declared_percpu = !strncmp(m->decl->map_kind, "percpu", 6);
	if (is_percpu != declared_percpu)
		check_error(c, m->loc, DIAG_MAP_KIND,
			    "Incompatible map types. Type from declaration: "
			    "%s. Type from value/key type: %s", m->decl->map_kind,
			    is_percpu ? "percpuhash" : "hash");
	m->capacity = (uint32_t)m->decl->capacity;
}

static bool may_be_preempted(const struct check *c, const struct prog *p)
{
	switch (p->provider->attach) {
	case ATTACH_BEGIN:
	case ATTACH_END:
	case ATTACH_TEST:
	case ATTACH_BENCH:
		return false;	/* run alone */
	case ATTACH_TRACEPOINT:
		return p->raw_event || target_has(c->target, FEATURE_SYSCALL_TP_PREEMPT);
	case ATTACH_KPROBE:
	case ATTACH_KRETPROBE:
	case ATTACH_PROFILE:
	case ATTACH_INTERVAL:
	case ATTACH_SOFTWARE:
	case ATTACH_HARDWARE:
	case ATTACH_WATCHPOINT:
		return false;	/* they keep each other off a CPU */
	default:
		return true;
	}
}

struct mark_ctx {
	bool preemptible;
};

static void mark_maps(struct node **slot, void *arg)
{
	struct mark_ctx *ctx = arg;
	struct node *n = *slot;

	if (!n)
		return;
	if ((n->kind == NODE_MAP || n->kind == NODE_MAP_ELEM) && n->u.map.map)
		n->u.map.map->used_preemptible |= ctx->preemptible;
	node_children(n, mark_maps, arg);
}

void maps_finish(struct check *c)
{
	struct prog **p;
	struct map **m;

	vec_each(m, &c->maps)
		finish_map(c, *m);
	vec_each(p, &c->progs) {
		struct mark_ctx ctx = { may_be_preempted(c, *p) };
		struct func **f;

		if (!ctx.preemptible)
			continue;
		mark_maps(&(*p)->body, &ctx);
		vec_each(f, &(*p)->funcs)
			mark_maps(&(*f)->prog->body, &ctx);
	}
}

static struct map *map_of_call(const struct node *stmt, enum builtin_id a, enum builtin_id b)
{
	const struct node *call = stmt->kind == NODE_EXPR_STMT ? stmt->u.unary.operand : stmt;

	if (call->kind != NODE_CALL || !call->u.call.builtin || !call->u.call.args.n ||
	    call->u.call.args.at[0]->kind != NODE_MAP)
		return NULL;
	if (call->u.call.builtin->id != a && call->u.call.builtin->id != b)
		return NULL;
	return call->u.call.args.at[0]->u.map.map;
}

static void find_takes_in(struct node **slot, void *arg)
{
	struct node *n = *slot;

	if (!n)
		return;
	if (n->kind == NODE_BLOCK) {
		for (size_t i = 0; i < n->u.block.stmts.n; i++) {
			struct map *m = map_of_call(n->u.block.stmts.at[i], BUILTIN_print,
						    BUILTIN_print);

			for (size_t j = i + 1; m && j < n->u.block.stmts.n; j++)
				m->is_taken |= map_of_call(n->u.block.stmts.at[j], BUILTIN_clear,
							   BUILTIN_zero) == m;
		}
	}
	node_children(n, find_takes_in, arg);
}

void maps_find_takes(struct check *c, struct node *body)
{
	(void)c;
	find_takes_in(&body, NULL);
}
