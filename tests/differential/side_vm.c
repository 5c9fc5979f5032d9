/*
 * A program on the interpreter of bytecode, and what user space would make of
 * its records and maps.
 */
#include "base/hmap.h"
#include "out/format.h"
#include "out/value.h"
#include "tests/differential/side.h"
#include "tests/differential/world.h"
#include "tests/vm/vm.h"
#include "types/kbtf.h"

#include <stdio.h>
#include <string.h>

#define NONE UINT32_MAX

struct vm_side {
	struct compiled *c;
	struct vm *vm;
	struct arena arena;
	struct value_decoder decoder;
	struct sbuf *out;
	bool *zeroed;		/* by script map: a cell that zero() met */
	bool exited;
};

struct entries {
	VEC(struct sonde_map_entry) list;
};

/* ---- maps ---- */

static bool is_percpu(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static void add_entry(struct vm_side *s, const struct script_map *m, const void *key,
		      const void *value, struct entries *out)
{
	struct sonde_value *values = arena_array(&s->arena, struct sonde_value, 2);
	struct sonde_map_entry e = { .value = values };

	value_decode(&s->decoder, m->value, value, m->value->size_bytes, &values[0]);
	if (!m->is_scalar) {
		value_decode(&s->decoder, m->key, key, m->key->size_bytes, &values[1]);
		e.key = &values[1];
	}
	vec_push(&s->arena, &out->list, e);
}

static void collect_from(struct vm_side *s, const struct script_map *m, uint32_t map,
			 struct entries *out)
{
	const struct image *image = s->c->image;
	uint32_t cpus = is_percpu(image->maps.at[map].type) ? image->nr_cpus : 1;
	size_t size = m->value->size_bytes;

	for (size_t i = 0; i < vm_map_count(s->vm, map); i++) {
		const void *key = vm_map_key(s->vm, map, i);
		char *value = arena_alloc(&s->arena, size);
		char *whole = arena_alloc(&s->arena, image->maps.at[m->map].key_size);

		memset(whole, 0, image->maps.at[m->map].key_size);
		memcpy(whole, key, image->maps.at[map].key_size);
		memcpy(value, vm_map_value(s->vm, map, key, 0), size);
		for (uint32_t cpu = 1; cpu < cpus; cpu++)
			value_merge(m->value, value, vm_map_value(s->vm, map, key, cpu));
		add_entry(s, m, whole, value, out);
	}
}

static void collect_hash(struct vm_side *s, const struct script_map *m, struct entries *out)
{
	collect_from(s, m, m->map, out);
	for (uint32_t i = 0; i < m->nr_sizes; i++)
		collect_from(s, m, m->sizes[i].map, out);
}

static char *cells(struct vm_side *s, const struct script_map *m)
{
	const uint32_t zero = 0;

	return vm_map_value(s->vm, m->map, &zero, 0);
}

static bool is_zero(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

static bool *zeroed(struct vm_side *s, const struct script_map *m)
{
	return &s->zeroed[m - s->c->image->script_maps.at];
}

static bool cell_is_set(struct vm_side *s, const struct script_map *m, const char *value)
{
	if (m->set_offset == NONE && *zeroed(s, m))
		return true;
	return m->set_offset == NONE ? !is_zero(value, m->value->size_bytes)
				     : !is_zero(cells(s, m) + m->set_offset, 8);
}

static void collect_cell(struct vm_side *s, const struct script_map *m, struct entries *out)
{
	const char *base = cells(s, m), *at = base + m->cell_offset;
	size_t size = m->value->size_bytes;
	char *value = arena_alloc(&s->arena, size);

	memcpy(value, at, size);
	for (uint32_t cpu = 1; m->cell_stride && cpu < s->c->image->nr_cpus; cpu++)
		value_merge(m->value, value, at + (size_t)cpu * m->cell_stride);
	if (cell_is_set(s, m, value))
		add_entry(s, m, NULL, value, out);
}

static void clear_cell(struct vm_side *s, const struct script_map *m, bool keep)
{
	uint32_t copies = m->cell_stride ? s->c->image->nr_cpus : 1;
	struct entries all = { 0 };
	char *base = cells(s, m);

	collect_cell(s, m, &all);
	*zeroed(s, m) = keep && all.list.n;
	for (uint32_t i = 0; i < copies; i++)
		memset(base + m->cell_offset + (size_t)i * m->cell_stride, 0, m->value->size_bytes);
	if (m->set_offset != NONE && !keep)
		memset(base + m->set_offset, 0, 8);
}

static void clear_hash(struct vm_side *s, uint32_t map, bool keep)
{
	size_t size = s->c->image->maps.at[map].value_size;

	if (!keep)
		vm_map_clear(s->vm, map);
	for (size_t i = 0; i < vm_map_count(s->vm, map); i++)
		vm_map_set(s->vm, map, vm_map_key(s->vm, map, i), arena_alloc(&s->arena, size));
}

static void clear_map(struct vm_side *s, const struct script_map *m, bool keep)
{
	const uint32_t zero = 0;

	if (m->storage == STORE_CELL) {
		clear_cell(s, m, keep);
		return;
	}
	clear_hash(s, m->map, keep);
	for (uint32_t i = 0; i < m->nr_sizes; i++)
		clear_hash(s, m->sizes[i].map, keep);
	if (m->nr_sizes && !keep)
		memset((char *)vm_map_value(s->vm, s->c->image->global_map, &zero, 0) +
		       m->entries_offset, 0, 16);
}

static bool is_picture(const struct value_layout *value)
{
	return value->kind == VALUE_HIST || value->kind == VALUE_LHIST ||
	       value->kind == VALUE_TSERIES;
}

static void print_map(struct vm_side *s, const struct script_map *m, bool at_exit, uint64_t top,
		      uint64_t div)
{
	struct sonde_event e = { .kind = SONDE_EVENT_MAP, .name = m->name,
				 .map_kind = value_map_kind(m->value),
				 .map_is_keyed = !m->is_scalar };
	struct entries all = { 0 };

	if (m->storage == STORE_CELL)
		collect_cell(s, m, &all);
	else
		collect_hash(s, m, &all);
	value_sort(m->value, all.list.at, all.list.n);
	if (!all.list.n && m->is_scalar && !at_exit && !is_picture(m->value))
		add_entry(s, m, NULL, arena_alloc(&s->arena, m->value->size_bytes), &all);
	e.entries = all.list.at;
	e.nr_entries = all.list.n;
	if (top && top < e.nr_entries) {
		e.entries += e.nr_entries - top;
		e.nr_entries = (size_t)top;
	}
	for (size_t i = 0; div > 1 && i < e.nr_entries; i++)
		value_divide(m->value, (struct sonde_value *)(uintptr_t)e.entries[i].value, div);
	side_event(s->out, &e);
}

/* ---- records ---- */

static void print_value(struct vm_side *s, const struct image_action *a, struct vm_record r)
{
	struct sonde_value v = { 0 };
	struct sonde_event e = { .kind = SONDE_EVENT_VALUE, .values = &v, .nr_values = 1 };

	value_decode_field(&s->decoder, &a->fields[0], r.data, r.size, &v);
	side_event(s->out, &e);
}

static void handle_record(struct vm_side *s, struct vm_record r)
{
	const struct image *image = s->c->image;
	const struct image_action *a;
	const struct script_map *m;
	struct image_record header;

	memcpy(&header, r.data, sizeof(header));
	a = &image->actions.at[header.action];
	m = a->script_map < image->script_maps.n ? &image->script_maps.at[a->script_map] : NULL;
	switch (a->kind) {
	case ACTION_PRINTF: format_record(s->out, &s->decoder, a, r.data, r.size); break;
	case ACTION_PRINT_VALUE: print_value(s, a, r); break;
	case ACTION_PRINT_MAP: print_map(s, m, false, a->top, a->div); break;
	case ACTION_CLEAR: clear_map(s, m, false); break;
	case ACTION_ZERO: clear_map(s, m, true); break;
	case ACTION_TAKE:
		print_map(s, m, false, a->top, a->div);
		clear_map(s, m, a->take_zero);
		break;
	case ACTION_EXIT: s->exited = true; break;
	case ACTION_RUNTIME_ERROR:
		sbuf_printf(s->out, "!%u:%u\n", a->place.line, a->place.col);
		break;
	default: sbuf_printf(s->out, "!action %d %s\n", (int)a->kind, a->text ? a->text : "");
	}
}

static bool run_kind(struct vm_side *s, enum attach_kind kind)
{
	const struct image *image = s->c->image;
	uint64_t ctx[32] = { 0 }, r0;

	for (size_t i = 0; i < image->progs.n; i++)
		if (image->progs.at[i].attach == kind &&
		    vm_run(s->vm, &image->progs.at[i], ctx, sizeof(ctx), &r0))
			return false;
	for (size_t i = 0; i < vm_record_count(s->vm) && !s->exited; i++)
		handle_record(s, vm_record_get(s->vm, i));
	vm_records_clear(s->vm);
	return true;
}

/* ---- all of it ---- */

static void set_kfuncs(struct vm_side *s)
{
	static const char *const names[] = {
		"bpf_rdonly_cast", "bpf_iter_num_new", "bpf_iter_num_next", "bpf_iter_num_destroy",
		"bpf_copy_from_user_str", "bpf_map_sum_elem_count",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		vm_set_kfunc(s->vm, (int32_t)kbtf_find(s->c->check.btf, names[i], KBTF_FUNC),
			     names[i]);
}

/* The image's order is that of first use; printed they are by name. */
static void print_maps(struct vm_side *s)
{
	const struct image *image = s->c->image;
	const char *last = "";

	for (size_t done = 0; done < image->script_maps.n; done++) {
		const struct script_map *next = NULL, *m;

		vec_each(m, &image->script_maps)
			if ((!done || strcmp(m->name, last) > 0) &&
			    (!next || strcmp(m->name, next->name) < 0))
				next = m;
		if (!next)
			return;
		print_map(s, next, true, 0, 0);
		last = next->name;
	}
}

const char *side_vm(struct compiled *c, struct sbuf *out, char why[256])
{
	struct vm_side s = { .c = c, .vm = vm_open(c->image), .out = out };
	const char *result = NULL;

	arena_init(&s.arena);
	s.decoder.arena = &s.arena;
	s.decoder.str_trunc_trailer = c->image->config.str_trunc_trailer;
	s.zeroed = arena_array(&s.arena, bool, c->image->script_maps.n + 1);
	vm_world(s.vm)->allow_uninit = world_reads_unset(c->check.target);
	vm_world(s.vm)->boot_ns = UINT64_C(1700000000000000000);
	set_kfuncs(&s);
	if (run_kind(&s, ATTACH_BEGIN)) {
		s.exited = false;
		if (run_kind(&s, ATTACH_END))
			print_maps(&s);
	}
	if (vm_error(s.vm) && *vm_error(s.vm)) {
		snprintf(why, 256, "%s", vm_error(s.vm));
		result = why;
	}
	vm_close(s.vm);
	arena_free(&s.arena);
	return result;
}
