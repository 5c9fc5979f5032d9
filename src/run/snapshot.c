/*
 * A script's map as sorted entries: read, merged over CPUs, decoded.
 *
 * In: a script map, whose storage is a hash map (with a spare one to exchange
 * it with, if the script takes it while running; and with others for keys that end
 * early) or a cell in a mapped array.
 * Out: entries in an arena; where these go to a printer in batches, as bytes that are
 * decoded for each batch, since the trees are ten times as large. Invariant of taking:
 * what a program counts goes into exactly one snapshot.
 */
#include "kernel/bpf_call.h"
#include "kernel/perf_event.h"
#include "run/state.h"
#include "run/store.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NONE UINT32_MAX

struct collector {
	const struct script_map *map;
	struct store store;
	struct arena *arena;
	bool whole;			/* the keys are decoded as well, whatever is in them */
	uint32_t key_size;		/* of whole keys; those of `store` may be cut */
	uint32_t least_key;		/* so much of it is kept in any case */
	VEC(struct raw_entry) entries;
};

/* The image's number is rounded up, for masks; the kernel's is needed here. */
static uint32_t possible_cpus(struct run *r)
{
	if (!r->possible_cpus)
		r->possible_cpus = perf_possible_cpus();
	return r->possible_cpus > 0 ? (uint32_t)r->possible_cpus : 1;
}

static bool is_stack(const struct value_layout *l)
{
	return l && (l->kind == VALUE_KSTACK || l->kind == VALUE_USTACK);
}

/* A stack that ends a key is read as far as it goes: its beginning must be there. */
#define STACK_HEAD_BYTES 32

static uint32_t least_key(const struct value_layout *key)
{
	const struct value_field *last = NULL;

	if (is_stack(key))
		return STACK_HEAD_BYTES;
	for (size_t i = 0; key && i < key->nr_fields; i++)
		if (!last || key->fields[i].offset_bytes > last->offset_bytes)
			last = &key->fields[i];
	return last && is_stack(last->layout) ? last->offset_bytes + STACK_HEAD_BYTES : UINT32_MAX;
}

static void collector_init(struct run *r, const struct script_map *m, uint32_t map,
			   struct collector *c)
{
	const struct image_map *spec = &r->image->maps.at[map];

	c->map = m;
	c->key_size = r->image->maps.at[m->map].key_size;
	c->least_key = least_key(m->key);
	if (c->least_key > c->key_size)
		c->least_key = c->key_size;
	c->store.nr_cpus = possible_cpus(r);
	c->store.max_entries = spec->max_entries;
	store_init(&c->store, r->maps[map].fd, spec->type, spec->key_size,
		   r->maps[map].value_size);
}

/* ---- reading hash maps ---- */

static void *raw_value(const struct raw_entry *e)
{
	return e->bytes + e->value_at;
}

static int collect(void *arg, const void *key, const void *values)
{
	struct collector *c = arg;
	size_t size = c->map->value->size_bytes;
	uint32_t cut = c->store.key_size;
	struct raw_entry entry = { .key_size = cut > c->least_key ? cut : c->least_key };

	entry.value_at = (entry.key_size + 7) & ~7U;
	entry.bytes = arena_alloc(c->arena, entry.value_at + size);
	memcpy(entry.bytes, key, cut);
	memcpy(raw_value(&entry), values, size);
	for (uint32_t i = 1; i < c->store.nr_values; i++)
		value_merge(c->map->value, raw_value(&entry),
			    (const char *)values + (size_t)i * c->store.value_stride);
	vec_push(c->arena, &c->entries, entry);
	return 0;
}

static bool all_zero(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

static int compare_keys(const void *a, const void *b)
{
	const struct raw_entry *x = a, *y = b;
	uint32_t n = x->key_size < y->key_size ? x->key_size : y->key_size;
	int order = memcmp(x->bytes, y->bytes, n);

	if (order || x->key_size == y->key_size)
		return order;
	if (x->key_size > n)
		return !all_zero(x->bytes + n, x->key_size - n);
	return -!all_zero(y->bytes + n, y->key_size - n);
}

/* Make one of entries that both maps of a pair have. */
static void merge_equal_keys(struct collector *c)
{
	size_t n = 0;

	qsort(c->entries.at, c->entries.n, sizeof(*c->entries.at), compare_keys);
	for (size_t i = 0; i < c->entries.n; i++) {
		if (n && !compare_keys(&c->entries.at[n - 1], &c->entries.at[i]))
			value_merge(c->map->value, raw_value(&c->entries.at[n - 1]),
				    raw_value(&c->entries.at[i]));
		else
			c->entries.at[n++] = c->entries.at[i];
	}
	c->entries.n = n;
}

static uint32_t *select_word(struct run *r, const struct script_map *m)
{
	uint32_t global = r->image->global_map;

	if (m->spare_map == NONE || global == NONE || !r->maps[global].bytes)
		return NULL;
	return (uint32_t *)(void *)((char *)r->maps[global].bytes + m->select_offset);
}

/* Which of each pair programs use now. */
static bool uses_spare(struct run *r, const struct script_map *m)
{
	const uint32_t *word = select_word(r, m);

	return word && __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* Map i of a script's map, of its pair the one that is asked for: the map of whole
 * keys is 0, those of short ones follow. NONE: there is none. */
static uint32_t map_at(const struct script_map *m, uint32_t i, bool spare)
{
	if (!i)
		return spare ? m->spare_map : m->map;
	return spare ? m->sizes[i - 1].spare_map : m->sizes[i - 1].map;
}

/* Call fn for each entry of one side of all pairs. */
static int each_entry(struct run *r, struct collector *c, bool spare, bool take, store_fn fn,
		      void *arg)
{
	int err = 0;

	for (uint32_t i = 0; i <= c->map->nr_sizes && !err; i++) {
		uint32_t map = map_at(c->map, i, spare);

		if (map == NONE)
			continue;
		collector_init(r, c->map, map, c);
		err = store_each(&c->store, take, fn, arg);
	}
	return err;
}

/* The other map of a pair is empty but for what a program that may sleep put
 * there after the exchange. */
static int collect_pair(struct run *r, struct collector *c)
{
	bool spare = uses_spare(r, c->map);
	int err = each_entry(r, c, spare, false, collect, c);
	size_t n = c->entries.n;

	if (!err && select_word(r, c->map))
		err = each_entry(r, c, !spare, false, collect, c);
	if (!err && c->entries.n > n)
		merge_equal_keys(c);
	return err;
}

/* Programs count what they insert, if there are several maps for one capacity. */
static void add_to_count(struct run *r, const struct script_map *m, bool spare, int64_t change)
{
	char *global = r->image->global_map == NONE ? NULL : r->maps[r->image->global_map].bytes;

	if (m->nr_sizes && global)
		__atomic_fetch_add((int64_t *)(void *)(global + m->entries_offset) + spare, change,
				   __ATOMIC_SEQ_CST);
}

/* ---- cells ---- */

static char *cell_bytes(struct run *r, const struct script_map *m, uint32_t cpu)
{
	char *bytes = r->maps[m->map].bytes;
	size_t at = m->cell_offset + (size_t)cpu * m->cell_stride;

	if (!bytes || at + m->value->size_bytes > r->maps[m->map].mapped_bytes)
		return NULL;
	return bytes + at;
}

/* Empty a cell into `to`, each word at once, so that no addition is lost. */
static void exchange_bytes(char *cell, char *to, size_t size)
{
	size_t at = 0;

	for (; at + 8 <= size; at += 8) {
		uint64_t was = __atomic_exchange_n((uint64_t *)(void *)(cell + at), 0,
						   __ATOMIC_SEQ_CST);
		memcpy(to + at, &was, 8);
	}
	for (; at + 4 <= size; at += 4) {
		uint32_t was = __atomic_exchange_n((uint32_t *)(void *)(cell + at), 0,
						   __ATOMIC_SEQ_CST);
		memcpy(to + at, &was, 4);
	}
	for (; at < size; at++)
		to[at] = __atomic_exchange_n(cell + at, 0, __ATOMIC_SEQ_CST);
}

static uint64_t *set_word(struct run *r, const struct script_map *m)
{
	if (m->set_offset == NONE || !r->maps[m->map].bytes)
		return NULL;
	return (uint64_t *)(void *)((char *)r->maps[m->map].bytes + m->set_offset);
}

/* What zero() left of a cell is there, though nothing in the cell says so. */
static bool *zeroed(struct run *r, const struct script_map *m)
{
	return &r->zeroed[m - r->image->script_maps.at];
}

/* Read (or take) all CPUs' cells into one entry; none if nothing was set. */
static int collect_cell(struct run *r, bool take, bool keep, struct collector *c)
{
	const struct script_map *m = c->map;
	size_t size = m->value->size_bytes;
	uint32_t nr_cpus = m->cell_stride ? r->image->nr_cpus : 1;
	char *one = arena_alloc(c->arena, size + 8);
	struct raw_entry entry = { .bytes = arena_alloc(c->arena, size + 8) };
	uint64_t *set = set_word(r, m);
	bool is_set = set && (take && !keep ? __atomic_exchange_n(set, 0, __ATOMIC_SEQ_CST)
					    : __atomic_load_n(set, __ATOMIC_ACQUIRE));

	for (uint32_t cpu = 0; cpu < nr_cpus; cpu++) {
		char *cell = cell_bytes(r, m, cpu), *to = cpu ? one : entry.bytes;

		if (!cell)
			return -EINVAL;
		if (take)
			exchange_bytes(cell, to, size);
		else
			memcpy(to, cell, size);
		is_set = is_set || (!set && !all_zero(to, size));
		if (cpu)
			value_merge(m->value, entry.bytes, one);
	}
	/* A word that says so stays set, for a program may yet delete the value. */
	is_set = is_set || (!set && *zeroed(r, m));
	if (take)
		*zeroed(r, m) = keep && is_set;
	if (is_set)
		vec_push(c->arena, &c->entries, entry);
	return 0;
}

/* ---- entries to values ---- */

static int decode_entry(struct run *r, const struct script_map *m, const struct raw_entry *raw,
			struct sonde_value *key, struct sonde_value *value,
			struct sonde_map_entry *out)
{
	int err = value_decode(&r->decoder, m->value, raw_value(raw), m->value->size_bytes, value);

	out->key = NULL;
	out->value = value;
	if (err || m->is_scalar || !m->key)
		return err;
	out->key = key;
	return value_decode(&r->decoder, m->key, raw->bytes, raw->key_size, key);
}

static int decode_all(struct run *r, struct collector *c, struct snapshot *out)
{
	struct sonde_value *keys = arena_array(c->arena, struct sonde_value, out->n + 1);
	struct sonde_value *values = arena_array(c->arena, struct sonde_value, out->n + 1);
	struct arena *before = r->decoder.arena;
	int err = 0;

	out->entries = arena_array(c->arena, struct sonde_map_entry, out->n + 1);
	r->decoder.arena = c->arena;
	for (size_t i = 0; i < out->n && !err; i++)
		err = decode_entry(r, c->map, &c->entries.at[i], &keys[i], &values[i],
				   &out->entries[i]);
	r->decoder.arena = before;
	if (err)
		return err;
	value_align(c->arena, c->map->value, out->entries, out->n);
	value_sort(c->map->value, out->entries, out->n);
	return 0;
}

/* ---- entries that are decoded when they are printed ---- */

struct raw_source {
	struct run *run;
	const struct script_map *map;
	const struct raw_entry *entries;
};

/* Memory that is out is told as an error: a jump would leave behind what the caller has
 * allocated, and the decoder with the arena of here. */
static int get_raw(void *arg, size_t i, struct sonde_map_entry *entry)
{
	const struct raw_source *s = arg;
	struct arena *keys = &s->run->keys;
	jmp_buf oom;
	int err;

	arena_on_oom(keys, &oom);
	if (setjmp(oom)) {
		err = -ENOMEM;
	} else {
		struct sonde_value *both = arena_array(keys, struct sonde_value, 2);

		err = decode_entry(s->run, s->map, &s->entries[i], &both[0], &both[1], entry);
	}
	arena_on_oom(keys, NULL);
	return err;
}

static void forget_raw(void *arg)
{
	arena_reset(&((const struct raw_source *)arg)->run->keys);
}

/* Stacks with names are many times as large as what they are made of: to be sorted they
 * are only what the order needs. */
static int sort_raw(struct run *r, struct collector *c, struct snapshot *out)
{
	const struct value_source source = { .get = get_raw, .forget = forget_raw,
					     .arg = &(struct raw_source){
						     r, c->map, c->entries.at } };
	struct raw_entry *sorted = arena_array(c->arena, struct raw_entry, out->n);
	uint32_t *indexes = arena_array(c->arena, uint32_t, out->n);
	struct arena *before = r->decoder.arena;
	int err;

	r->decoder.arena = &r->keys;
	r->decoder.bare_stacks = true;
	err = value_sort_source(c->map->value, &source, indexes, out->n);
	r->decoder.bare_stacks = false;
	r->decoder.arena = before;
	for (size_t i = 0; i < out->n && !err; i++)
		sorted[i] = c->entries.at[indexes[i]];
	out->raw = sorted;
	return err;
}

#define FETCH_AHEAD 8

int run_snapshot_batch(struct run *r, const struct script_map *m, const struct snapshot *s,
		       size_t from, size_t n, struct sonde_map_entry *entries)
{
	struct raw_source source = { r, m, s->raw };
	struct arena *before = r->decoder.arena;
	int err = 0;

	arena_reset(&r->keys);
	r->decoder.arena = &r->keys;
	for (size_t i = from; i < from + n && !err; i++) {
		/* Sorted entries lie all over memory. */
		if (i + FETCH_AHEAD < s->n)
			__builtin_prefetch(s->raw[i + FETCH_AHEAD].bytes);
		err = get_raw(&source, i, &entries[i - from]);
	}
	r->decoder.arena = before;
	return err;
}

/* Series have to be aligned with each other, and so all be there. */
static int decode_entries(struct run *r, struct collector *c, struct snapshot *out)
{
	int err;

	out->n = c->entries.n;
	if (r->options.map_batches && !c->whole && out->n && c->map->value->kind != VALUE_TSERIES)
		err = sort_raw(r, c, out);
	else
		err = decode_all(r, c, out);
	arena_free(&r->keys);
	return err;
}

int run_snapshot(struct run *r, const struct script_map *m, struct arena *arena,
		 struct snapshot *out)
{
	struct collector c = { .map = m, .arena = arena, .whole = arena == &r->read };
	int err = m->storage == STORE_CELL ? collect_cell(r, false, false, &c)
					   : collect_pair(r, &c);

	return err ? err : decode_entries(r, &c, out);
}

/* ---- taking, clearing ---- */

static bool may_sleep(const struct image *image)
{
	const struct image_prog *p;

	vec_each(p, &image->progs)
		if (p->sleepable)
			return true;
	return false;
}

/* Until every program that was running when this was called has ended. The
 * kernel offers no such wait for programs that may sleep: those are between
 * finding an element and adding to it for nanoseconds, unless preempted. */
void run_await_programs(struct run *r)
{
	const struct timespec a_while = { .tv_nsec = 20 * 1000000 };

	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) || may_sleep(r->image))
		nanosleep(&a_while, NULL);
}

/* Send programs to the other map of each pair. Returns which one they left. */
static bool exchange_maps(struct run *r, const struct script_map *m)
{
	uint32_t *word = select_word(r, m), was;

	if (!word)
		return false;
	was = __atomic_fetch_xor(word, 1, __ATOMIC_SEQ_CST);
	run_await_programs(r);
	return was;
}

/* The map that a whole key belongs in: the first whose keys hold all of it. */
static uint32_t map_of_key(struct run *r, const struct script_map *m, const char *key, bool spare)
{
	uint32_t whole = r->image->maps.at[m->map].key_size;

	for (uint32_t i = 1; i <= m->nr_sizes; i++) {
		uint32_t size = r->image->maps.at[map_at(m, i, spare)].key_size;

		if (m->key_ends_in_text ? !key[size - 1] : all_zero(key + size, whole - size))
			return map_at(m, i, spare);
	}
	return map_at(m, 0, spare);
}

/* Write zeros under each key that was taken, unless it is there again. */
static int put_zeros(struct run *r, struct collector *c)
{
	bool spare = uses_spare(r, c->map);
	void *zeros;
	char *key;

	collector_init(r, c->map, map_at(c->map, 0, spare), c);
	zeros = calloc(1, store_values_size(&c->store) + c->key_size);
	if (!zeros)
		return -ENOMEM;
	key = (char *)zeros + store_values_size(&c->store);
	for (size_t i = 0; i < c->entries.n; i++) {
		const struct raw_entry *raw = &c->entries.at[i];
		uint32_t map;

		memset(key, 0, c->key_size);
		memcpy(key, raw->bytes, raw->key_size);
		map = map_of_key(r, c->map, key, spare);

		if (!bpf_call_map_update(r->maps[map].fd, key, zeros, BPF_NOEXIST))
			add_to_count(r, c->map, spare, 1);
	}
	free(zeros);
	return 0;
}

/* Was the take that is asked for recorded before the last one was made? Then that
 * one has given all that was counted before it, and waiting for programs once
 * more would give nothing: a script that takes each millisecond would wait far
 * longer than it runs. */
static bool is_taken(struct run *r, const struct script_map *m)
{
	uint64_t until = r->taken[m - r->image->script_maps.at];

	return r->ring && until && (int64_t)(ring_position(r->ring) - until) < 0;
}

/* The keys that are there, with zeros. */
static int collect_zeros(struct run *r, struct collector *c)
{
	int err = each_entry(r, c, uses_spare(r, c->map), false, collect, c);

	for (size_t i = 0; i < c->entries.n; i++)
		memset(raw_value(&c->entries.at[i]), 0, c->map->value->size_bytes);
	return err;
}

/* Empty the map of a pair that programs use no more. */
static int take_map(struct run *r, bool keep_keys, struct collector *c)
{
	const struct script_map *m = c->map;
	bool spare;
	int err;

	if (r->ring)
		r->taken[m - r->image->script_maps.at] = ring_produced(r->ring);
	spare = exchange_maps(r, m);
	err = each_entry(r, c, spare, true, collect, c);
	add_to_count(r, m, spare, -(int64_t)c->entries.n);
	return !err && keep_keys ? put_zeros(r, c) : err;
}

int run_take(struct run *r, const struct script_map *m, bool keep_keys, struct arena *arena,
	     struct snapshot *out)
{
	struct collector c = { .map = m, .arena = arena };
	int err = 0;

	if (m->storage == STORE_CELL)
		err = collect_cell(r, true, keep_keys, &c);
	else if (!is_taken(r, m))
		err = take_map(r, keep_keys, &c);
	else if (keep_keys)
		err = collect_zeros(r, &c);
	return err ? err : decode_entries(r, &c, out);
}

static int count_one(void *arg, const void *key, const void *values)
{
	int64_t *n = arg;

	(void)key;
	(void)values;
	++*n;
	return 0;
}

static int clear_side(struct run *r, struct collector *c, bool spare)
{
	int64_t n = 0;
	int err = each_entry(r, c, spare, true, count_one, &n);

	add_to_count(r, c->map, spare, -n);
	return err;
}

int run_map_clear(struct run *r, const struct script_map *m)
{
	struct collector c = { .map = m, .arena = &r->work };
	bool spare;
	int err;

	if (m->storage == STORE_CELL)
		return collect_cell(r, true, false, &c);
	spare = uses_spare(r, m);
	err = clear_side(r, &c, spare);
	return err || !select_word(r, m) ? err : clear_side(r, &c, !spare);
}

struct zeroing {
	struct store *store;
	void *zeros;
};

static int zero_entry(void *arg, const void *key, const void *values)
{
	struct zeroing *z = arg;
	int err = bpf_call_map_update(z->store->fd, key, z->zeros, BPF_EXIST);

	(void)values;
	return err == -ENOENT ? 0 : err;
}

int run_map_zero(struct run *r, const struct script_map *m)
{
	struct collector c = { .map = m, .arena = &r->work };
	struct zeroing z = { .store = &c.store };
	int err;

	if (m->storage == STORE_CELL)
		return collect_cell(r, true, true, &c);
	collector_init(r, m, m->map, &c);
	z.zeros = calloc(1, store_values_size(&c.store));
	if (!z.zeros)
		return -ENOMEM;
	err = each_entry(r, &c, uses_spare(r, m), false, zero_entry, &z);
	free(z.zeros);
	return err;
}

/* ---- by name ---- */

static int read_named(struct run *r, const char *name, struct snapshot *s)
{
	const struct script_map *m;

	vec_each(m, &r->image->script_maps)
		if (!strcmp(m->name, name))
			return run_snapshot(r, m, &r->read, s);
	return -ENOENT;
}

int run_map_read(struct run *r, const char *name, const struct sonde_map_entry **entries,
		 size_t *nr_entries)
{
	struct snapshot s = { 0 };
	jmp_buf oom;
	int err;

	arena_reset(&r->read);
	arena_on_oom(&r->read, &oom);
	if (setjmp(oom))
		err = -ENOMEM;
	else
		err = read_named(r, name, &s);
	arena_on_oom(&r->read, NULL);
	if (err)
		return err;
	*entries = s.entries;
	*nr_entries = s.n;
	return 0;
}
