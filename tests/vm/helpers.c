/*
 * Helpers and kernel functions of the interpreter: one row and one function each.
 */
#include "tests/vm/bytes.h"
#include "tests/vm/internal.h"

#include <errno.h>
#include <string.h>

#define ARG_MAX_STRING 4096

typedef struct vm_value helper_fn(struct vm *vm, struct vm_value a[5]);

static struct vm_value result(int64_t n)
{
	return vm_number((uint64_t)n);
}

static struct vm_map *map_arg(struct vm *vm, const struct vm_value *v)
{
	if (v->tag != TAG_POINTER || v->region->kind != REGION_MAP) {
		vm_fail(vm, "the argument is no map");
		return NULL;
	}
	return v->region->map;
}

static uint32_t func_arg(struct vm *vm, const struct vm_value *v)
{
	if (v->tag != TAG_POINTER || v->region->kind != REGION_FUNC) {
		vm_fail(vm, "the argument is no function");
		return 0;
	}
	return v->region->func;
}

static bool number_arg(struct vm *vm, const struct vm_value *v)
{
	if (v->tag == TAG_UNSET)
		vm_fail(vm, "an argument is not set");
	return v->tag != TAG_UNSET;
}

/* ---- plain values ---- */

#define WORLD_HELPER(name, field)						\
static struct vm_value helper_##name(struct vm *vm, struct vm_value a[5])	\
{										\
	(void)a;								\
	return vm_number(vm->world.field);					\
}

WORLD_HELPER(ktime, ktime_ns)
WORLD_HELPER(boot, boot_ns)
WORLD_HELPER(tai, tai_ns)
WORLD_HELPER(jiffies, jiffies)
WORLD_HELPER(pid_tgid, pid_tgid)
WORLD_HELPER(uid_gid, uid_gid)
WORLD_HELPER(cgroup, cgroup_id)
WORLD_HELPER(cookie, cookie)
WORLD_HELPER(func_ip, func_ip)
WORLD_HELPER(task, task)
WORLD_HELPER(cpu, cpu)
WORLD_HELPER(numa, numa_node)
WORLD_HELPER(random, prandom)

static struct vm_value helper_task_btf(struct vm *vm, struct vm_value a[5])
{
	(void)a;
	return (struct vm_value){ .tag = TAG_KERNEL, .number = vm->world.task };
}

static struct vm_value helper_nothing(struct vm *vm, struct vm_value a[5])
{
	(void)vm;
	(void)a;
	return result(0);
}

static struct vm_value helper_comm(struct vm *vm, struct vm_value a[5])
{
	size_t size = a[1].number;
	uint8_t *to = vm_helper_bytes(vm, &a[0], size, true);

	if (!size)
		vm_fail(vm, "get_current_comm with size 0");
	if (to) {
		memset(to, 0, size);
		memcpy(to, vm->world.comm, size < 15 ? size : 15);
	}
	return result(0);
}

static struct vm_value helper_ns_pid(struct vm *vm, struct vm_value a[5])
{
	uint32_t both[2] = { vm->world.ns_pid, vm->world.ns_tgid };
	uint8_t *to = vm_helper_bytes(vm, &a[2], sizeof(both), true);

	if (to && a[3].number == sizeof(both))
		memcpy(to, both, sizeof(both));
	return result(to ? 0 : -EINVAL);
}

/* ---- maps ---- */

static struct vm_value helper_lookup(struct vm *vm, struct vm_value a[5])
{
	struct vm_map *m = map_arg(vm, &a[0]);
	const uint8_t *key = m ? vm_helper_bytes(vm, &a[1], m->def->key_size, false) : NULL;
	struct entry *e = key ? vm_entry(m, key) : NULL;

	return vm_maybe_null(vm, e ? vm_entry_value(vm, m, e) : NULL, 0);
}

static struct vm_value helper_lookup_percpu(struct vm *vm, struct vm_value a[5])
{
	struct vm_map *m = map_arg(vm, &a[0]);
	const uint8_t *key = m ? vm_helper_bytes(vm, &a[1], m->def->key_size, false) : NULL;
	struct entry *e = key ? vm_entry(m, key) : NULL;

	if (!e || a[2].number >= m->nr_values)
		e = NULL;
	return vm_maybe_null(vm, e ? e->values[a[2].number] : NULL, 0);
}

static struct vm_value helper_update(struct vm *vm, struct vm_value a[5])
{
	struct vm_map *m = map_arg(vm, &a[0]);
	const uint8_t *key = m ? vm_helper_bytes(vm, &a[1], m->def->key_size, false) : NULL;
	const uint8_t *value = key ? vm_helper_bytes(vm, &a[2], m->def->value_size, false) : NULL;

	number_arg(vm, &a[3]);
	return result(value ? vm_update(vm, m, key, value, a[3].number) : -EINVAL);
}

static struct vm_value helper_delete(struct vm *vm, struct vm_value a[5])
{
	struct vm_map *m = map_arg(vm, &a[0]);
	const uint8_t *key = m ? vm_helper_bytes(vm, &a[1], m->def->key_size, false) : NULL;

	return result(key ? vm_delete(m, key) : -EINVAL);
}

static struct vm_value helper_task_storage(struct vm *vm, struct vm_value a[5])
{
	struct vm_map *m = map_arg(vm, &a[0]);
	uint8_t key[64] = { 0 };
	struct entry *e;

	if (!m || a[1].tag != TAG_KERNEL || m->def->type != BPF_MAP_TYPE_TASK_STORAGE ||
	    m->def->key_size > sizeof(key)) {
		vm_fail(vm, "task storage wants its map and a task");
		return result(0);
	}
	bytes_store(key, a[1].number, m->def->key_size < 8 ? m->def->key_size : 8);
	e = vm_entry(m, key);
	if (!e && a[3].number & 1) {
		struct image_map def = *m->def;

		def.max_entries = UINT32_MAX;
		m->def = &def;
		vm_update(vm, m, key, NULL, BPF_ANY);
		m->def = &vm->image->maps.at[m->index];
		e = vm_entry(m, key);
	}
	return vm_maybe_null(vm, e ? e->values[0] : NULL, 0);
}

static struct vm_value helper_for_each(struct vm *vm, struct vm_value a[5])
{
	struct vm_map *m = map_arg(vm, &a[0]);
	uint32_t func = func_arg(vm, &a[1]);
	size_t n = m ? m->entries.n : 0, k;

	for (k = 0; k < n && !vm->failed; k++) {
		struct entry *e = m->entries.at[k];
		struct vm_value args[5] = { a[0], vm_pointer(e->key_region, 0),
					    vm_pointer(vm_entry_value(vm, m, e), 0), a[2] };

		if (vm_exec(vm, func, args).number) {
			k++;
			break;
		}
	}
	return result((int64_t)k);
}

static struct vm_value helper_loop(struct vm *vm, struct vm_value a[5])
{
	uint32_t func = func_arg(vm, &a[1]);
	uint64_t k;

	if (a[0].number > 1u << 23)
		return result(-E2BIG);
	for (k = 0; k < a[0].number && !vm->failed; k++) {
		struct vm_value args[5] = { vm_number(k), a[2] };

		if (vm_exec(vm, func, args).number)
			return result((int64_t)k + 1);
	}
	return result((int64_t)k);
}

/* ---- ring buffers ---- */

static void send_record(struct vm *vm, const void *data, size_t size)
{
	struct vm_record r = { .data = arena_strndup(&vm->arena, data, size), .size = size };

	vec_push(&vm->arena, &vm->records, r);
}

/* Of the record sent last. */
static void set_flags(struct vm *vm, const struct vm_value *flags)
{
	if (vm->records.n)
		vm->records.at[vm->records.n - 1].flags = flags->number;
}

static struct vm_value helper_reserve(struct vm *vm, struct vm_value a[5])
{
	struct vm_map *m = map_arg(vm, &a[0]);
	struct region *r;

	if (!m || m->def->type != BPF_MAP_TYPE_RINGBUF || vm->world.ring_full)
		return vm_maybe_null(vm, NULL, 0);
	r = vm_region(vm, REGION_RING, a[1].number);
	memset(r->data, 0xaa, r->size);
	vec_push(&vm->arena, &vm->open_records, r);
	return vm_maybe_null(vm, r, 0);
}

static void close_record(struct vm *vm, const struct vm_value *at, bool send)
{
	size_t kept = 0;

	if (!vm_helper_bytes(vm, at, 1, false))
		return;
	if (at->region->kind != REGION_RING || at->number) {
		vm_fail(vm, "submit of what is no record");
		return;
	}
	if (send)
		send_record(vm, at->region->data, at->region->size);
	at->region->is_dead = true;
	for (size_t k = 0; k < vm->open_records.n; k++) {
		if (vm->open_records.at[k] != at->region)
			vm->open_records.at[kept++] = vm->open_records.at[k];
	}
	vm->open_records.n = kept;
}

static struct vm_value helper_submit(struct vm *vm, struct vm_value a[5])
{
	close_record(vm, &a[0], true);
	set_flags(vm, &a[1]);
	return result(0);
}

static struct vm_value helper_discard(struct vm *vm, struct vm_value a[5])
{
	close_record(vm, &a[0], false);
	return result(0);
}

static struct vm_value output(struct vm *vm, struct vm_value *map, struct vm_value *data,
			      uint64_t size)
{
	const uint8_t *from = vm_helper_bytes(vm, data, size, false);

	if (!map_arg(vm, map) || !from)
		return result(-EINVAL);
	if (vm->world.ring_full)
		return result(-EAGAIN);
	send_record(vm, from, size);
	return result(0);
}

static struct vm_value helper_ring_output(struct vm *vm, struct vm_value a[5])
{
	struct vm_value err = output(vm, &a[0], &a[1], a[2].number);

	if (!err.number)
		set_flags(vm, &a[3]);
	return err;
}

static struct vm_value helper_perf_output(struct vm *vm, struct vm_value a[5])
{
	return output(vm, &a[1], &a[3], a[4].number);
}

/* ---- reading memory ---- */

static struct vm_value probe_read(struct vm *vm, struct vm_value a[5], bool is_user)
{
	size_t size = a[1].number;
	uint8_t *to = vm_helper_bytes(vm, &a[0], size, true);
	const uint8_t *from;

	number_arg(vm, &a[2]);
	if (!to)
		return result(-EFAULT);
	from = vm_memory(vm, vm_address(&a[2]), size, is_user);
	if (!from) {
		memset(to, 0, size);
		return result(-EFAULT);
	}
	memmove(to, from, size);
	return result(0);
}

static struct vm_value probe_read_str(struct vm *vm, struct vm_value a[5], bool is_user)
{
	size_t size = a[1].number;
	uint8_t *to = vm_helper_bytes(vm, &a[0], size, true);
	uint64_t from = vm_address(&a[2]);
	size_t n = 0;

	number_arg(vm, &a[2]);
	if (!to || !size)
		return result(to ? 0 : -EFAULT);
	for (; n < size; n++) {
		const uint8_t *c = vm_memory(vm, from + n, 1, is_user);

		if (!c) {
			memset(to, 0, size);
			return result(-EFAULT);
		}
		to[n] = *c;
		if (!*c)
			return result((int64_t)n + 1);
	}
	to[size - 1] = 0;
	return result((int64_t)size);
}

static struct vm_value helper_read_kernel(struct vm *vm, struct vm_value a[5])
{
	return probe_read(vm, a, false);
}

static struct vm_value helper_read_user(struct vm *vm, struct vm_value a[5])
{
	return probe_read(vm, a, true);
}

static struct vm_value helper_read_kernel_str(struct vm *vm, struct vm_value a[5])
{
	return probe_read_str(vm, a, false);
}

static struct vm_value helper_read_user_str(struct vm *vm, struct vm_value a[5])
{
	return probe_read_str(vm, a, true);
}

static struct vm_value helper_strncmp(struct vm *vm, struct vm_value a[5])
{
	const uint8_t *x = vm_helper_bytes(vm, &a[0], a[1].number, false);
	const uint8_t *y = (const uint8_t *)(uintptr_t)1;

	if (a[2].tag != TAG_POINTER)
		vm_fail(vm, "strncmp wants a constant string");
	else
		y = a[2].region->data + a[2].number;
	if (!x || vm->failed)
		return result(-EINVAL);
	return result(strncmp((const char *)x, (const char *)y, a[1].number));
}

/* ---- stacks ---- */

static bool wants_user(uint64_t flags)
{
	return flags & BPF_F_USER_STACK;
}

static struct vm_value helper_get_stack(struct vm *vm, struct vm_value a[5])
{
	const uint64_t *stack = wants_user(a[3].number) ? vm->world.ustack : vm->world.kstack;
	size_t n = wants_user(a[3].number) ? vm->world.nr_ustack : vm->world.nr_kstack;
	size_t skip = a[3].number & BPF_F_SKIP_FIELD_MASK, size = a[2].number;
	uint8_t *to = vm_helper_bytes(vm, &a[1], size, true);

	if (!to)
		return result(-EINVAL);
	memset(to, 0, size);
	n = n > skip ? n - skip : 0;
	n = n < size / 8 ? n : size / 8;
	if (n)
		memcpy(to, stack + skip, n * 8);
	return result((int64_t)n * 8);
}

static struct vm_value helper_get_stackid(struct vm *vm, struct vm_value a[5])
{
	size_t n = wants_user(a[2].number) ? vm->world.nr_ustack : vm->world.nr_kstack;

	if (!map_arg(vm, &a[1]) || !n)
		return result(-EFAULT);
	return result(wants_user(a[2].number) ? 2 : 1);
}

/* ---- acting on the system ---- */

static struct vm_value helper_signal(struct vm *vm, struct vm_value a[5])
{
	vm->world.signal = a[0].number;
	vm->world.nr_acts++;
	return result(vm->world.act_result);
}

static struct vm_value helper_signal_thread(struct vm *vm, struct vm_value a[5])
{
	vm->world.thread_signal = a[0].number;
	vm->world.nr_acts++;
	return result(vm->world.act_result);
}

static struct vm_value helper_override(struct vm *vm, struct vm_value a[5])
{
	vm->world.override = a[1].number;
	vm->world.nr_acts++;
	return result(0);
}

/* Sends what was written as a record. */
static struct vm_value helper_write_user(struct vm *vm, struct vm_value a[5])
{
	const uint8_t *from = vm_helper_bytes(vm, &a[1], a[2].number, false);

	vm->world.nr_acts++;
	if (from && !vm->world.act_result)
		send_record(vm, from, a[2].number);
	return result(vm->world.act_result);
}

static const struct helper {
	const char *name;
	helper_fn *fn;
} helpers[] = {
	[BPF_FUNC_map_lookup_elem] = { "map_lookup_elem", helper_lookup },
	[BPF_FUNC_map_update_elem] = { "map_update_elem", helper_update },
	[BPF_FUNC_map_delete_elem] = { "map_delete_elem", helper_delete },
	[BPF_FUNC_map_lookup_percpu_elem] = { "map_lookup_percpu_elem", helper_lookup_percpu },
	[BPF_FUNC_for_each_map_elem] = { "for_each_map_elem", helper_for_each },
	[BPF_FUNC_loop] = { "loop", helper_loop },
	[BPF_FUNC_task_storage_get] = { "task_storage_get", helper_task_storage },
	[BPF_FUNC_ktime_get_ns] = { "ktime_get_ns", helper_ktime },
	[BPF_FUNC_ktime_get_boot_ns] = { "ktime_get_boot_ns", helper_boot },
	[BPF_FUNC_ktime_get_tai_ns] = { "ktime_get_tai_ns", helper_tai },
	[BPF_FUNC_jiffies64] = { "jiffies64", helper_jiffies },
	[BPF_FUNC_get_current_pid_tgid] = { "get_current_pid_tgid", helper_pid_tgid },
	[BPF_FUNC_get_current_uid_gid] = { "get_current_uid_gid", helper_uid_gid },
	[BPF_FUNC_get_current_cgroup_id] = { "get_current_cgroup_id", helper_cgroup },
	[BPF_FUNC_get_attach_cookie] = { "get_attach_cookie", helper_cookie },
	[BPF_FUNC_get_func_ip] = { "get_func_ip", helper_func_ip },
	[BPF_FUNC_get_current_task] = { "get_current_task", helper_task },
	[BPF_FUNC_get_current_task_btf] = { "get_current_task_btf", helper_task_btf },
	[BPF_FUNC_get_smp_processor_id] = { "get_smp_processor_id", helper_cpu },
	[BPF_FUNC_get_numa_node_id] = { "get_numa_node_id", helper_numa },
	[BPF_FUNC_get_prandom_u32] = { "get_prandom_u32", helper_random },
	[BPF_FUNC_get_current_comm] = { "get_current_comm", helper_comm },
	[BPF_FUNC_get_ns_current_pid_tgid] = { "get_ns_current_pid_tgid", helper_ns_pid },
	[BPF_FUNC_ringbuf_reserve] = { "ringbuf_reserve", helper_reserve },
	[BPF_FUNC_ringbuf_submit] = { "ringbuf_submit", helper_submit },
	[BPF_FUNC_ringbuf_discard] = { "ringbuf_discard", helper_discard },
	[BPF_FUNC_ringbuf_output] = { "ringbuf_output", helper_ring_output },
	[BPF_FUNC_perf_event_output] = { "perf_event_output", helper_perf_output },
	[BPF_FUNC_probe_read_kernel] = { "probe_read_kernel", helper_read_kernel },
	[BPF_FUNC_probe_read_user] = { "probe_read_user", helper_read_user },
	[BPF_FUNC_probe_read_kernel_str] = { "probe_read_kernel_str", helper_read_kernel_str },
	[BPF_FUNC_probe_read_user_str] = { "probe_read_user_str", helper_read_user_str },
	[BPF_FUNC_copy_from_user] = { "copy_from_user", helper_read_user },
	[BPF_FUNC_strncmp] = { "strncmp", helper_strncmp },
	[BPF_FUNC_get_stack] = { "get_stack", helper_get_stack },
	[BPF_FUNC_get_stackid] = { "get_stackid", helper_get_stackid },
	[BPF_FUNC_send_signal] = { "send_signal", helper_signal },
	[BPF_FUNC_send_signal_thread] = { "send_signal_thread", helper_signal_thread },
	[BPF_FUNC_override_return] = { "override_return", helper_override },
	[BPF_FUNC_probe_write_user] = { "probe_write_user", helper_write_user },
	[BPF_FUNC_trace_printk] = { "trace_printk", helper_nothing },
};

struct vm_value vm_call_helper(struct vm *vm, int32_t id, struct vm_value args[5])
{
	if (id <= 0 || (size_t)id >= sizeof(helpers) / sizeof(helpers[0]) || !helpers[id].fn) {
		vm_fail(vm, "helper %d is not known", id);
		return vm_number(0);
	}
	return helpers[id].fn(vm, args);
}

/* ---- kernel functions ---- */

static struct vm_value kfunc_cast(struct vm *vm, struct vm_value a[5])
{
	number_arg(vm, &a[0]);
	number_arg(vm, &a[1]);
	return (struct vm_value){ .tag = TAG_KERNEL, .number = vm_address(&a[0]) };
}

/* An iterator is 8 bytes of stack: the next value and the end. */
struct iter_num {
	int32_t next, end;
};

static struct vm_value kfunc_iter_new(struct vm *vm, struct vm_value a[5])
{
	struct iter_num it = { (int32_t)a[1].number, (int32_t)a[2].number };
	uint8_t *to = vm_helper_bytes(vm, &a[0], sizeof(it), true);

	if (to && it.next > it.end)
		it.next = it.end;
	if (to)
		memcpy(to, &it, sizeof(it));
	return result(0);
}

static struct vm_value kfunc_iter_next(struct vm *vm, struct vm_value a[5])
{
	struct iter_num it;
	uint8_t *at = vm_helper_bytes(vm, &a[0], sizeof(it), true);
	struct region *r;

	if (!at)
		return vm_number(0);
	memcpy(&it, at, sizeof(it));
	if (it.next >= it.end)
		return vm_maybe_null(vm, NULL, 0);
	r = vm_region(vm, REGION_MAP_VALUE, 4);
	memcpy(r->data, &it.next, 4);
	it.next++;
	memcpy(at, &it, sizeof(it));
	return vm_maybe_null(vm, r, 0);
}

static struct vm_value kfunc_copy_user_str(struct vm *vm, struct vm_value a[5])
{
	return probe_read_str(vm, a, true);
}

static struct vm_value kfunc_sum_count(struct vm *vm, struct vm_value a[5])
{
	struct vm_map *m = map_arg(vm, &a[0]);

	return result(m ? (int64_t)m->entries.n : 0);
}

static const struct helper kfuncs[] = {
	{ "bpf_rdonly_cast", kfunc_cast },
	{ "bpf_iter_num_new", kfunc_iter_new },
	{ "bpf_iter_num_next", kfunc_iter_next },
	{ "bpf_iter_num_destroy", helper_nothing },
	{ "bpf_copy_from_user_str", kfunc_copy_user_str },
	{ "bpf_map_sum_elem_count", kfunc_sum_count },
	{ "bpf_rcu_read_lock", helper_nothing },
	{ "bpf_rcu_read_unlock", helper_nothing },
};

struct vm_value vm_call_kfunc(struct vm *vm, int32_t btf_id, struct vm_value args[5])
{
	const char *name = NULL;

	for (size_t k = 0; k < vm->kfuncs.n; k++) {
		if (vm->kfuncs.at[k].btf_id == btf_id)
			name = vm->kfuncs.at[k].name;
	}
	for (size_t k = 0; name && k < sizeof(kfuncs) / sizeof(kfuncs[0]); k++) {
		if (!strcmp(kfuncs[k].name, name))
			return kfuncs[k].fn(vm, args);
	}
	vm_fail(vm, "kernel function %d (%s) is not known", btf_id, name ? name : "no name set");
	return vm_number(0);
}
