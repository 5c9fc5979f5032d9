/*
 * The interpreter's maps: lists of entries, searched from the front. A test's maps are small.
 */
#include "tests/vm/internal.h"

#include <errno.h>
#include <string.h>

static bool is_percpu(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool is_array(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static struct entry *entry_new(struct vm *vm, struct vm_map *m, const void *key)
{
	struct entry *e = arena_new(&vm->arena, struct entry);

	e->key_region = vm_region(vm, REGION_MAP_KEY, m->def->key_size);
	e->key = e->key_region->data;
	memcpy(e->key, key, m->def->key_size);
	e->values = arena_array(&vm->arena, struct region *, m->nr_values);
	for (uint32_t k = 0; k < m->nr_values; k++)
		e->values[k] = vm_region(vm, REGION_MAP_VALUE, m->def->value_size);
	vec_push(&vm->arena, &m->entries, e);
	return e;
}

void vm_maps_open(struct vm *vm)
{
	const struct image *image = vm->image;

	vm->maps = arena_array(&vm->arena, struct vm_map, image->maps.n);
	for (uint32_t k = 0; k < image->maps.n; k++) {
		struct vm_map *m = &vm->maps[k];

		m->def = &image->maps.at[k];
		m->index = k;
		m->nr_values = is_percpu(m->def->type) && image->nr_cpus ? image->nr_cpus : 1;
		m->self = vm_region(vm, REGION_MAP, 0);
		m->self->map = m;
		for (uint32_t i = 0; is_array(m->def->type) && i < m->def->max_entries; i++)
			entry_new(vm, m, &i);
		if (m->def->data && m->entries.n)
			memcpy(m->entries.at[0]->values[0]->data, m->def->data, m->def->data_size);
	}
}

struct entry *vm_entry(struct vm_map *m, const void *key)
{
	uint32_t index;

	if (is_array(m->def->type)) {
		memcpy(&index, key, sizeof(index));
		return index < m->entries.n ? m->entries.at[index] : NULL;
	}
	for (size_t k = 0; k < m->entries.n; k++) {
		if (!memcmp(m->entries.at[k]->key, key, m->def->key_size))
			return m->entries.at[k];
	}
	return NULL;
}

struct region *vm_entry_value(struct vm *vm, struct vm_map *m, struct entry *e)
{
	return e->values[m->nr_values > 1 ? vm->world.cpu % m->nr_values : 0];
}

int vm_update(struct vm *vm, struct vm_map *m, const void *key, const void *value, uint64_t flags)
{
	struct entry *e = vm_entry(m, key);
	struct region *r;

	if (e && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!e && (flags == BPF_EXIST || is_array(m->def->type)))
		return -ENOENT;
	if (!e && (vm->world.map_full || m->entries.n >= m->def->max_entries))
		return -E2BIG;
	if (!e)
		e = entry_new(vm, m, key);
	r = vm_entry_value(vm, m, e);
	if (value)
		memcpy(r->data, value, m->def->value_size);
	return 0;
}

int vm_delete(struct vm_map *m, const void *key)
{
	struct entry *e = vm_entry(m, key);
	size_t kept = 0;

	if (!e || is_array(m->def->type))
		return e ? -EINVAL : -ENOENT;
	for (size_t k = 0; k < m->entries.n; k++) {
		if (m->entries.at[k] != e)
			m->entries.at[kept++] = m->entries.at[k];
	}
	m->entries.n = kept;
	return 0;
}

/* ---- the test's side ---- */

void *vm_map_value(struct vm *vm, uint32_t map, const void *key, uint32_t cpu)
{
	struct entry *e = vm_entry(&vm->maps[map], key);

	return e ? e->values[cpu < vm->maps[map].nr_values ? cpu : 0]->data : NULL;
}

size_t vm_map_count(const struct vm *vm, uint32_t map)
{
	return vm->maps[map].entries.n;
}

const void *vm_map_key(const struct vm *vm, uint32_t map, size_t n)
{
	return vm->maps[map].entries.at[n]->key;
}

void vm_map_set(struct vm *vm, uint32_t map, const void *key, const void *value)
{
	struct vm_map *m = &vm->maps[map];
	struct entry *e = vm_entry(m, key);

	if (!e)
		e = entry_new(vm, m, key);
	for (uint32_t k = 0; k < m->nr_values; k++)
		memcpy(e->values[k]->data, value, m->def->value_size);
}

void vm_map_clear(struct vm *vm, uint32_t map)
{
	struct vm_map *m = &vm->maps[map];

	if (!is_array(m->def->type)) {
		m->entries.n = 0;
		return;
	}
	for (size_t k = 0; k < m->entries.n; k++) {
		for (uint32_t i = 0; i < m->nr_values; i++)
			memset(m->entries.at[k]->values[i]->data, 0, m->def->value_size);
	}
}
