/*
 * Where the script's maps are stored.
 *
 * In: the checked maps and programs. Out: a struct map_store for each map, the
 * kernel maps behind them, and image.script_maps.
 *
 * Scalar maps of integers and aggregations are cells in the control block, which
 * programs reach without a lookup; everything else is a hash. What decides about flags
 * and atomics is which programs do what to a map, so the bodies are walked
 * once before.
 */
#include "lower/internal.h"

#include <linux/version.h>
#include <string.h>

#define MAX_PREALLOC_FREE 1024	/* larger values are preallocated in any case */
#define ELEMENT_OVERHEAD 64	/* about what the kernel adds to a key and a value */
#define CHEAP_BYTES (512 * 1024)	/* allocated in a tenth of a millisecond */

struct map_store *lower_store(const struct map *map)
{
	return map->aux;
}

uint32_t lower_hist_buckets(const struct type *value)
{
	uint64_t bits = value->param[0];

	if (value->kind == TYPE_LHIST)
		return (uint32_t)((value->param[1] - value->param[0]) / value->param[2]) + 2;
	return (uint32_t)(((64 - bits) << bits) + 1);
}

/* ---- who uses a map ---- */

struct usage {
	struct lower *l;
	const struct prog *prog;
	struct node *written;	/* target of the assignment around */
	struct hmap seen;	/* maps of this program */
	int loops;		/* around the node that is visited */
};

/* A program of these kinds is never interrupted by another one on its CPU. */
static bool is_exclusive(const struct lower *l, const struct prog *p)
{
	if (l->c->target->kernel_version >= KERNEL_VERSION(7, 0, 0))
		return false;
	switch (p->provider->attach) {
	case ATTACH_TRACEPOINT:
		return !p->raw_event;
	case ATTACH_KPROBE:
	case ATTACH_KRETPROBE:
	case ATTACH_PROFILE:
	case ATTACH_INTERVAL:
	case ATTACH_SOFTWARE:
	case ATTACH_HARDWARE:
	case ATTACH_WATCHPOINT:
		return true;
	default:
		return false;
	}
}

static bool is_raw(const struct prog *p)
{
	return p->raw_event || p->provider->attach == ATTACH_RAW_TRACEPOINT ||
	       p->provider->attach == ATTACH_BTF_TRACEPOINT ||
	       p->provider->attach == ATTACH_FENTRY || p->provider->attach == ATTACH_FEXIT;
}

static bool is_syscall_event(const struct prog *p)
{
	for (size_t i = 0; i < p->nr_sites; i++)
		if (!p->sites[i]->image.category || strcmp(p->sites[i]->image.category, "syscalls"))
			return false;
	return true;
}

static bool runs_with_irqs_on(const struct prog *p)
{
	switch (p->provider->attach) {
	case ATTACH_BEGIN:
	case ATTACH_END:
	case ATTACH_SIGNAL:
	case ATTACH_TEST:
	case ATTACH_BENCH:
	case ATTACH_ITER:
	case ATTACH_UPROBE:
	case ATTACH_URETPROBE:
	case ATTACH_USDT:
		return true;
	case ATTACH_TRACEPOINT:
		return is_syscall_event(p);
	default:
		return false;
	}
}

static bool is_perf(const struct prog *p)
{
	switch (p->provider->attach) {
	case ATTACH_PROFILE:
	case ATTACH_INTERVAL:
	case ATTACH_SOFTWARE:
	case ATTACH_HARDWARE:
	case ATTACH_WATCHPOINT:
		return true;
	default:
		return false;
	}
}

static bool is_timed(const struct prog *p)
{
	return p->provider->attach == ATTACH_PROFILE || p->provider->attach == ATTACH_INTERVAL;
}

static void note_use(struct usage *u, const struct map *map, bool inserts)
{
	struct map_store *s = map->aux;

	if (!pmap_find(&u->seen, map)) {
		pmap_set(&u->seen, map, s);
		s->users++;
		if (is_raw(u->prog))
			s->raw_users++;
		else if (!is_exclusive(u->l, u->prog))
			s->preemptible = true;
	}
	if (!inserts)
		return;
	s->inserted = true;
	s->inserted_irq_off |= !runs_with_irqs_on(u->prog);
	s->inserted_perf |= is_perf(u->prog);
	s->inserted_in_loop |= u->loops > 0;
	s->inserted_unsampled |= !is_timed(u->prog);
}

static struct map *map_of(const struct node *n)
{
	return n->kind == NODE_MAP || n->kind == NODE_MAP_ELEM ? n->u.map.map : NULL;
}

/* A map that is only counted up is never zero once it was touched. */
static void note_zero(const struct node *n)
{
	const struct map *m = NULL;

	if (n->kind == NODE_ASSIGN)
		m = map_of(n->u.assign.target);
	else if (n->kind == NODE_INCDEC && n->u.incdec.decrement)
		m = map_of(n->u.incdec.operand);
	else if (n->kind == NODE_CALL && n->u.call.builtin &&
		 (n->u.call.builtin->id == BUILTIN_zero || n->u.call.builtin->id == BUILTIN_delete))
		m = map_of(n->u.call.args.at[0]);
	if (m)
		lower_store(m)->may_be_zero = true;
}

static bool is_loop(const struct node *n)
{
	return n->kind == NODE_FOR_RANGE || n->kind == NODE_FOR_MAP || n->kind == NODE_WHILE;
}

static void visit(struct node **slot, void *arg)
{
	struct usage *u = arg;
	struct node *n = *slot;

	if (!n)
		return;
	note_zero(n);
	if (n->kind == NODE_ASSIGN)
		u->written = n->u.assign.target;
	else if (n->kind == NODE_INCDEC)
		u->written = n->u.incdec.operand;
	if (n->kind == NODE_CALL && n->u.call.builtin) {
		lower_note_texts(u->l, n);
		if (n->u.call.builtin->id == BUILTIN_len && map_of(n->u.call.args.at[0]))
			lower_store(map_of(n->u.call.args.at[0]))->is_asked_for_len = true;
	}
	if (n->kind == NODE_MAP || n->kind == NODE_MAP_ELEM)
		note_use(u, n->u.map.map, n == u->written);
	u->loops += is_loop(n);
	node_children(n, visit, u);
	u->loops -= is_loop(n);
}

static void find_usage(struct lower *l)
{
	struct check *c = l->c;

	for (size_t i = 0; i < c->progs.n; i++) {
		struct usage u = { .l = l, .prog = c->progs.at[i] };

		hmap_init(&u.seen, l->arena);
		visit(&c->progs.at[i]->body, &u);
		for (size_t k = 0; k < u.prog->funcs.n; k++)
			visit(&u.prog->funcs.at[k]->prog->body, &u);
	}
}

/* ---- storage ---- */

static bool is_aggregate(const struct type *t)
{
	return type_is_aggregate(t);
}

static bool is_cell(const struct map *m)
{
	if (!m->is_scalar || m->decl || m->address_taken)
		return false;
	return is_aggregate(m->value) || lower_is_scalar(m->value);
}

static uint32_t value_bytes(struct lower *l, const struct map *m)
{
	return lower_layout(l, m->value)->size_bytes;
}

/* Values that can be all zero though they were assigned have a word that says
 * so; the others count something themselves. */
static bool needs_set_word(const struct map_store *s)
{
	const struct type *value = s->map->value;

	if (!is_aggregate(value))
		return s->may_be_zero;
	/* What user space zeroes a program may delete. */
	return value->kind == TYPE_SUM ||
	       (s->map->uses & MAP_CLEARED && s->map->uses & MAP_DELETED);
}

static uint32_t cells_take(struct lower *l, uint32_t size, uint32_t align)
{
	/* What all programs read is in other cache lines than what some write. */
	if (l->cells_map == NO_MAP)
		l->control_size = (l->control_size + 63) / 64 * 64;
	l->cells_map = l->image->global_map;
	l->control_size = (l->control_size + align - 1) / align * align;
	return lower_control_word(l, size);
}

static void place_cell(struct lower *l, struct map_store *s)
{
	const struct map *m = s->map;
	uint32_t stride = 0, copies = 1;

	s->storage = STORE_CELL;
	s->set_offset = UINT32_MAX;
	if (is_aggregate(m->value)) {
		/* Cells of different CPUs share no cache line. */
		stride = (s->value_size + 63) / 64 * 64;
		copies = l->cpu_mask + 1;
	}
	s->cell_stride = stride;
	s->cell_offset = cells_take(l, stride ? stride * copies : 8, stride ? 64 : 8);
	if (needs_set_word(s))
		s->set_offset = cells_take(l, 8, 8);
}

/* Assigning takes a new element each time and gives the old one back, which costs
 * 135 ns from a map's own stock and 200 from the kernel's allocator. */
static bool is_cheap_stock(const struct map_store *s)
{
	const struct map *m = s->map;
	uint64_t element = (m->key ? m->key->size_bytes : 8) + s->value_size + ELEMENT_OVERHEAD;

	return !s->is_percpu && m->uses & MAP_ASSIGNED && m->capacity * element <= CHEAP_BYTES;
}

/* A loop can ask for elements of all CPUs faster than the kernel's work queue makes
 * them: 50,000 new keys in one run, and the rest fails. */
static bool wants_prealloc(const struct map_store *s)
{
	return is_cheap_stock(s) || s->inserted_irq_off || s->inserted_perf ||
	       s->value_size > MAX_PREALLOC_FREE || (s->inserted_in_loop && s->is_percpu);
}

static enum bpf_map_type hash_type(const struct map_store *s)
{
	const struct map_decl *d = s->map->decl;
	bool lru = d && strstr(d->map_kind, "lru");

	if (s->is_percpu)
		return lru ? BPF_MAP_TYPE_LRU_PERCPU_HASH : BPF_MAP_TYPE_PERCPU_HASH;
	return lru ? BPF_MAP_TYPE_LRU_HASH : BPF_MAP_TYPE_HASH;
}

/* Elements of all CPUs are made one by one, 2 us each: 240 ms for 40,000 stacks (of three
 * sizes). What timers count comes some thousand times a second, so one word for all CPUs
 * costs nothing. */
static bool shares_count(const struct map_store *s)
{
	const struct map *m = s->map;

	return m->value->kind == TYPE_COUNT && !m->decl && !m->address_taken &&
	       !(m->uses & (MAP_READ | MAP_ITERATED)) && s->inserted_perf &&
	       !s->inserted_unsampled;
}

static void place_hash(struct lower *l, struct map_store *s)
{
	const struct map *m = s->map;
	struct image_map map = {
		.name = arena_strdup(&l->image->arena, m->name), .role = IMAGE_MAP_SCRIPT,
		.key_size = m->key ? m->key->size_bytes : 8,
		.value_size = (s->value_size + 7) / 8 * 8,
		.max_entries = m->capacity ? m->capacity : 1,
	};

	s->storage = STORE_HASH;
	s->is_percpu = (is_aggregate(m->value) && !shares_count(s)) ||
		       (m->decl && strstr(m->decl->map_kind, "percpu"));
	map.type = hash_type(s);
	if ((map.type == BPF_MAP_TYPE_HASH || map.type == BPF_MAP_TYPE_PERCPU_HASH) &&
	    !wants_prealloc(s))
		map.flags |= BPF_F_NO_PREALLOC;
	lower_sized_maps(l, s, &map);
	s->image_map = lower_add_map(l, map);
	if (m->is_taken) {
		s->spare_map = lower_add_map(l, map);
		s->select_offset = lower_control_word(l, 4);
	}
	if (map.value_size > l->zeros_size)
		l->zeros_size = map.value_size;
}

static bool may_be_plain(const struct lower *l, const struct map_store *s)
{
	/* User space empties cells in place. */
	if (s->storage == STORE_CELL && (s->map->uses & MAP_CLEARED || s->map->is_taken))
		return false;
	if (l->c->target->kernel_version >= KERNEL_VERSION(7, 0, 0))
		return false;
	/* A raw program that meets itself on a CPU is skipped (6.1); two of them
	 * are not kept apart. */
	if (s->raw_users &&
	    (s->users > 1 || l->c->target->kernel_version < KERNEL_VERSION(6, 1, 0)))
		return false;
	return s->is_percpu && !s->preemptible;
}

static void place_map(struct lower *l, struct map *m)
{
	struct map_store *s = m->aux;

	s->spare_map = NO_MAP;
	s->image_map = NO_MAP;
	s->value_size = value_bytes(l, m);
	if (is_cell(m)) {
		s->is_percpu = is_aggregate(m->value);
		place_cell(l, s);
	} else {
		place_hash(l, s);
	}
	s->plain = may_be_plain(l, s);
}

static void describe(struct lower *l, const struct map *m)
{
	const struct map_store *s = m->aux;
	struct script_map out = {
		.name = arena_strdup(&l->image->arena, m->name), .is_scalar = m->is_scalar,
		.storage = s->storage, .spare_map = s->spare_map, .select_offset = s->select_offset,
		.map = s->storage == STORE_CELL ? l->cells_map : s->image_map,
		.cell_offset = s->cell_offset, .cell_stride = s->cell_stride,
		.set_offset = s->storage == STORE_CELL ? s->set_offset : UINT32_MAX,
		.key = m->is_scalar || !m->key ? NULL : lower_layout(l, s->key ? s->key : m->key),
		.value = lower_layout(l, m->value), .nr_sizes = s->nr_sizes,
		.entries_offset = s->entries_offset,
		.key_ends_in_text = s->nr_sizes && s->tail->kind == TYPE_STRING,
	};

	for (uint32_t i = 0; i < s->nr_sizes; i++) {
		out.sizes[i].map = s->sizes[i].map;
		out.sizes[i].spare_map = s->sizes[i].spare;
	}
	vec_push(&l->image->arena, &l->image->script_maps, out);
}

void lower_maps(struct lower *l)
{
	struct check *c = l->c;

	for (size_t i = 0; i < c->maps.n; i++) {
		struct map_store *s = arena_new(l->arena, struct map_store);

		s->map = c->maps.at[i];
		c->maps.at[i]->aux = s;
	}
	find_usage(l);
	l->cells_map = NO_MAP;
	for (size_t i = 0; i < c->maps.n; i++)
		place_map(l, c->maps.at[i]);
	l->control_size = (l->control_size + 63) / 64 * 64;
	if (l->zeros_size)
		l->zeros_offset = lower_control_word(l, l->zeros_size);
	for (size_t i = 0; i < c->maps.n; i++)
		describe(l, c->maps.at[i]);
}
