/*
 * bpf(2) behind plain functions: see bpf_call.h.
 *
 * Invariant: an attribute struct is zeroed as a whole before it is filled and
 * is passed at the size of the last field that is used, so that kernels which
 * know less accept it.
 */
#include "kernel/bpf_call.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Link creation with the kinds that came after 6.1. */
struct link_create_attr {
	uint32_t prog_fd, target_fd, attach_type, flags;
	union {
		struct {
			uint64_t cookie;
		} perf_event;
		struct {
			uint32_t target_btf_id;
			uint64_t cookie;
		} tracing;
		struct {
			uint32_t flags, count;
			uint64_t syms, addrs, cookies;
		} kprobe_multi;
		struct {
			uint64_t path, offsets, ref_ctr_offsets, cookies;
			uint32_t count, flags, pid;
		} uprobe_multi;
		struct {
			uint64_t info;
			uint32_t info_bytes;
		} iter;
	};
};

struct raw_tracepoint_attr {
	uint64_t name;
	uint32_t prog_fd, pad;
	uint64_t cookie;
};

#define END_OF(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))

static uint64_t ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

int bpf_call_raw(int cmd, void *attr, size_t size)
{
	long ret;

	/* The verifier gives EAGAIN when a signal is pending. */
	for (int tries = 0; tries < 5; tries++) {
		ret = syscall(SYS_bpf, cmd, attr, size);
		if (ret >= 0 || errno != EAGAIN || cmd != BPF_PROG_LOAD)
			break;
	}
	return ret < 0 ? -errno : (int)ret;
}

/* Object names: 15 letters of [A-Za-z0-9_.]. */
static void object_name(char *to, size_t size, const char *from)
{
	for (size_t i = 0; from && from[i] && i + 1 < size; i++)
		to[i] = isalnum((unsigned char)from[i]) || from[i] == '_' ? from[i] : '_';
}

/* ---- maps ---- */

int bpf_call_map_create(const struct bpf_map_spec *spec)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = spec->type;
	attr.key_size = spec->key_size;
	attr.value_size = spec->value_size;
	attr.max_entries = spec->max_entries;
	attr.map_flags = spec->flags;
	attr.inner_map_fd = spec->inner_fd > 0 ? (uint32_t)spec->inner_fd : 0;
	object_name(attr.map_name, sizeof(attr.map_name), spec->name);
	if (spec->btf_fd > 0) {
		attr.btf_fd = (uint32_t)spec->btf_fd;
		attr.btf_key_type_id = spec->btf_key_type_id;
		attr.btf_value_type_id = spec->btf_value_type_id;
	}
	return bpf_call_raw(BPF_MAP_CREATE, &attr, END_OF(union bpf_attr, btf_value_type_id));
}

static int map_elem(int cmd, int map_fd, const void *key, const void *value, uint64_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map_fd;
	attr.key = ptr(key);
	attr.value = ptr(value);
	attr.flags = flags;
	return bpf_call_raw(cmd, &attr, END_OF(union bpf_attr, flags));
}

int bpf_call_map_lookup(int map_fd, const void *key, void *value)
{
	return map_elem(BPF_MAP_LOOKUP_ELEM, map_fd, key, value, 0);
}

int bpf_call_map_update(int map_fd, const void *key, const void *value, uint64_t flags)
{
	return map_elem(BPF_MAP_UPDATE_ELEM, map_fd, key, value, flags);
}

int bpf_call_map_delete(int map_fd, const void *key)
{
	return map_elem(BPF_MAP_DELETE_ELEM, map_fd, key, NULL, 0);
}

int bpf_call_map_lookup_and_delete(int map_fd, const void *key, void *value)
{
	return map_elem(BPF_MAP_LOOKUP_AND_DELETE_ELEM, map_fd, key, value, 0);
}

int bpf_call_map_next_key(int map_fd, const void *key, void *next)
{
	return map_elem(BPF_MAP_GET_NEXT_KEY, map_fd, key, next, 0);
}

int bpf_call_map_freeze(int map_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map_fd;
	return bpf_call_raw(BPF_MAP_FREEZE, &attr, END_OF(union bpf_attr, map_fd));
}

static int map_batch(int cmd, struct bpf_batch *b)
{
	union bpf_attr attr;
	int ret;

	memset(&attr, 0, sizeof(attr));
	attr.batch.in_batch = ptr(b->in);
	attr.batch.out_batch = ptr(b->out);
	attr.batch.keys = ptr(b->keys);
	attr.batch.values = ptr(b->values);
	attr.batch.count = b->count;
	attr.batch.map_fd = (uint32_t)b->map_fd;
	ret = bpf_call_raw(cmd, &attr, END_OF(union bpf_attr, batch.flags));
	/* Before EFAULT and EINVAL the kernel may not have written the count. */
	b->count = ret == 0 || ret == -ENOENT ? attr.batch.count : 0;
	return ret;
}

int bpf_call_map_lookup_batch(struct bpf_batch *b)
{
	return map_batch(BPF_MAP_LOOKUP_BATCH, b);
}

int bpf_call_map_lookup_and_delete_batch(struct bpf_batch *b)
{
	return map_batch(BPF_MAP_LOOKUP_AND_DELETE_BATCH, b);
}

int bpf_call_map_update_batch(struct bpf_batch *b)
{
	return map_batch(BPF_MAP_UPDATE_BATCH, b);
}

int bpf_call_map_delete_batch(struct bpf_batch *b)
{
	return map_batch(BPF_MAP_DELETE_BATCH, b);
}

/* ---- programs ---- */

static void fill_debug_info(union bpf_attr *attr, const struct bpf_prog_spec *spec)
{
	if (spec->btf_fd <= 0)
		return;
	attr->prog_btf_fd = (uint32_t)spec->btf_fd;
	if (spec->nr_func_info) {
		attr->func_info_rec_size = sizeof(struct bpf_func_info);
		attr->func_info = ptr(spec->func_info);
		attr->func_info_cnt = spec->nr_func_info;
	}
	if (spec->nr_line_info) {
		attr->line_info_rec_size = sizeof(struct bpf_line_info);
		attr->line_info = ptr(spec->line_info);
		attr->line_info_cnt = spec->nr_line_info;
	}
}

static void fill_prog(union bpf_attr *attr, const struct bpf_prog_spec *spec)
{
	memset(attr, 0, sizeof(*attr));
	attr->prog_type = spec->type;
	attr->insn_cnt = spec->nr_insns;
	attr->insns = ptr(spec->insns);
	attr->license = ptr(spec->license ? spec->license : "GPL");
	attr->prog_flags = spec->flags;
	attr->kern_version = spec->kern_version;
	attr->expected_attach_type = spec->expected_attach_type;
	attr->attach_btf_id = spec->attach_btf_id;
	if (spec->attach_btf_obj_fd > 0)
		attr->attach_btf_obj_fd = (uint32_t)spec->attach_btf_obj_fd;
	object_name(attr->prog_name, sizeof(attr->prog_name), spec->name);
	fill_debug_info(attr, spec);
}

int bpf_call_prog_load(const struct bpf_prog_spec *spec)
{
	union bpf_attr attr;

	fill_prog(&attr, spec);
	return bpf_call_raw(BPF_PROG_LOAD, &attr, END_OF(union bpf_attr, attach_btf_obj_fd));
}

int bpf_call_prog_load_log(const struct bpf_prog_spec *spec, uint32_t level, char *log,
			   size_t size)
{
	union bpf_attr attr;

	fill_prog(&attr, spec);
	attr.log_level = level;
	attr.log_buf = ptr(log);
	attr.log_size = (uint32_t)size;
	log[0] = '\0';
	return bpf_call_raw(BPF_PROG_LOAD, &attr, END_OF(union bpf_attr, attach_btf_obj_fd));
}

int bpf_call_btf_load(const void *btf, size_t size, char *log, size_t log_size)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf = ptr(btf);
	attr.btf_size = (uint32_t)size;
	if (log) {
		attr.btf_log_level = 1;
		attr.btf_log_buf = ptr(log);
		attr.btf_log_size = (uint32_t)log_size;
		log[0] = '\0';
	}
	return bpf_call_raw(BPF_BTF_LOAD, &attr, END_OF(union bpf_attr, btf_log_level));
}

int bpf_call_prog_run(int prog_fd, const void *ctx, size_t ctx_size, uint32_t *retval)
{
	union bpf_attr attr;
	int ret;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)prog_fd;
	attr.test.ctx_in = ptr(ctx);
	attr.test.ctx_size_in = (uint32_t)ctx_size;
	ret = bpf_call_raw(BPF_PROG_TEST_RUN, &attr, END_OF(union bpf_attr, test.cpu));
	if (!ret && retval)
		*retval = attr.test.retval;
	return ret;
}

int bpf_call_prog_repeat(int prog_fd, uint32_t repeat, uint32_t *retval, uint32_t *mean_ns)
{
	const uint8_t packet[64] = { 0 };
	union bpf_attr attr;
	int ret;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)prog_fd;
	attr.test.data_in = ptr(packet);
	attr.test.data_size_in = sizeof(packet);
	attr.test.repeat = repeat;
	ret = bpf_call_raw(BPF_PROG_TEST_RUN, &attr, END_OF(union bpf_attr, test.cpu));
	if (!ret) {
		*retval = attr.test.retval;
		*mean_ns = attr.test.duration;
	}
	return ret;
}

/* ---- attaching ---- */

static int link_create(struct link_create_attr *attr, size_t size)
{
	return bpf_call_raw(BPF_LINK_CREATE, attr, size);
}

int bpf_call_link_perf(int prog_fd, int event_fd, uint64_t cookie)
{
	struct link_create_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_fd = (uint32_t)prog_fd;
	attr.target_fd = (uint32_t)event_fd;
	attr.attach_type = BPF_PERF_EVENT;
	attr.perf_event.cookie = cookie;
	return link_create(&attr, END_OF(struct link_create_attr, perf_event));
}

int bpf_call_link_tracing(int prog_fd, enum bpf_attach_type type, uint64_t cookie)
{
	struct link_create_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_fd = (uint32_t)prog_fd;
	attr.attach_type = type;
	attr.tracing.cookie = cookie;
	return link_create(&attr, END_OF(struct link_create_attr, tracing));
}

int bpf_call_raw_tracepoint_open(const char *name, int prog_fd, uint64_t cookie)
{
	struct raw_tracepoint_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.name = ptr(name);
	attr.prog_fd = (uint32_t)prog_fd;
	attr.cookie = cookie;
	return bpf_call_raw(BPF_RAW_TRACEPOINT_OPEN, &attr,
			    cookie ? sizeof(attr) : END_OF(struct raw_tracepoint_attr, prog_fd));
}

int bpf_call_link_kprobe_multi(int prog_fd, const struct bpf_kprobe_multi *k)
{
	struct link_create_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_fd = (uint32_t)prog_fd;
	attr.attach_type = k->is_session ? BPF_CALL_TRACE_KPROBE_SESSION
					 : BPF_CALL_TRACE_KPROBE_MULTI;
	attr.kprobe_multi.flags = k->is_return ? 1 : 0;
	attr.kprobe_multi.count = k->count;
	attr.kprobe_multi.syms = ptr(k->syms);
	attr.kprobe_multi.addrs = ptr(k->addrs);
	attr.kprobe_multi.cookies = ptr(k->cookies);
	return link_create(&attr, END_OF(struct link_create_attr, kprobe_multi));
}

int bpf_call_link_uprobe_multi(int prog_fd, const struct bpf_uprobe_multi *u)
{
	struct link_create_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_fd = (uint32_t)prog_fd;
	attr.attach_type = u->is_session ? BPF_CALL_TRACE_UPROBE_SESSION
					 : BPF_CALL_TRACE_UPROBE_MULTI;
	attr.uprobe_multi.path = ptr(u->path);
	attr.uprobe_multi.offsets = ptr(u->offsets);
	attr.uprobe_multi.ref_ctr_offsets = ptr(u->ref_ctr_offsets);
	attr.uprobe_multi.cookies = ptr(u->cookies);
	attr.uprobe_multi.count = u->count;
	attr.uprobe_multi.flags = u->is_return ? 1 : 0;
	attr.uprobe_multi.pid = u->pid;
	return link_create(&attr, sizeof(attr));
}

/* What an iterator goes over, as the kernel wants it said. */
union iter_info {
	struct {
		uint32_t order, cgroup_fd;
		uint64_t cgroup_id;
	} cgroup;
	struct {
		uint32_t tid, pid, pid_fd;
	} task;
};

int bpf_call_link_iter(int prog_fd, const struct bpf_iter_scope *scope)
{
	enum { DESCENDANTS_FIRST_PARENT = 2 };
	struct link_create_attr attr;
	union iter_info info;

	memset(&attr, 0, sizeof(attr));
	memset(&info, 0, sizeof(info));
	attr.prog_fd = (uint32_t)prog_fd;
	attr.attach_type = BPF_TRACE_ITER;
	if (scope->pid)
		info.task.pid = scope->pid;
	else if (scope->all_cgroups)
		info.cgroup.order = DESCENDANTS_FIRST_PARENT;
	if (scope->pid || scope->all_cgroups) {
		attr.iter.info = ptr(&info);
		attr.iter.info_bytes = sizeof(info);
	}
	return link_create(&attr, END_OF(struct link_create_attr, iter));
}

int bpf_call_iter_create(int link_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.iter_create.link_fd = (uint32_t)link_fd;
	return bpf_call_raw(BPF_ITER_CREATE, &attr, END_OF(union bpf_attr, iter_create));
}

int bpf_call_pin(int fd, const char *path)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = ptr(path);
	attr.bpf_fd = (uint32_t)fd;
	return bpf_call_raw(BPF_OBJ_PIN, &attr, END_OF(union bpf_attr, file_flags));
}

/* ---- information ---- */

static int object_info(int fd, void *info, size_t size)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = (uint32_t)size;
	attr.info.info = ptr(info);
	return bpf_call_raw(BPF_OBJ_GET_INFO_BY_FD, &attr, END_OF(union bpf_attr, info));
}

int bpf_call_prog_info(int prog_fd, struct bpf_prog_facts *facts)
{
	struct bpf_prog_info info;
	int ret;

	memset(&info, 0, sizeof(info));
	memset(facts, 0, sizeof(*facts));
	ret = object_info(prog_fd, &info, sizeof(info));
	if (ret)
		return ret;
	facts->id = info.id;
	facts->run_time_ns = info.run_time_ns;
	facts->run_cnt = info.run_cnt;
	facts->recursion_misses = info.recursion_misses;
	facts->verified_insns = info.verified_insns;
	facts->xlated_len = info.xlated_prog_len;
	facts->jited_len = info.jited_prog_len;
	return 0;
}

int bpf_call_map_id(int map_fd, uint32_t *id)
{
	struct bpf_map_info info;
	int ret;

	memset(&info, 0, sizeof(info));
	ret = object_info(map_fd, &info, sizeof(info));
	if (!ret)
		*id = info.id;
	return ret;
}

/* The start of struct bpf_link_info, with what came after 6.1. */
struct link_info {
	uint32_t type, id, prog_id;
	union {
		struct {
			uint64_t addrs;
			uint32_t count, flags;
			uint64_t missed;
		} kprobe_multi;
		struct {
			uint32_t type, pad;
			uint64_t func_name;
			uint32_t name_len, offset;
			uint64_t addr, missed;
		} perf_event;
	};
};

uint64_t bpf_call_link_missed(int link_fd)
{
	enum { LINK_PERF_EVENT = 7, LINK_KPROBE_MULTI = 8, EVENT_KPROBE = 3, EVENT_KRETPROBE = 4 };
	struct link_info info;

	memset(&info, 0, sizeof(info));
	if (object_info(link_fd, &info, sizeof(info)))
		return 0;
	if (info.type == LINK_KPROBE_MULTI)
		return info.kprobe_multi.missed;
	if (info.type == LINK_PERF_EVENT && (info.perf_event.type == EVENT_KPROBE ||
					     info.perf_event.type == EVENT_KRETPROBE))
		return info.perf_event.missed;
	return 0;
}

int bpf_call_enable_stats(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.enable_stats.type = BPF_STATS_RUN_TIME;
	return bpf_call_raw(BPF_ENABLE_STATS, &attr, END_OF(union bpf_attr, enable_stats.type));
}

/* ---- objects by id ---- */

static int next_id(int cmd, uint32_t *id)
{
	union bpf_attr attr;
	int ret;

	memset(&attr, 0, sizeof(attr));
	attr.start_id = *id;
	ret = bpf_call_raw(cmd, &attr, END_OF(union bpf_attr, open_flags));
	if (!ret)
		*id = attr.next_id;
	return ret;
}

static int by_id(int cmd, uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	return bpf_call_raw(cmd, &attr, END_OF(union bpf_attr, open_flags));
}

int bpf_call_prog_next_id(uint32_t *id)
{
	return next_id(BPF_PROG_GET_NEXT_ID, id);
}

int bpf_call_btf_next_id(uint32_t *id)
{
	return next_id(BPF_BTF_GET_NEXT_ID, id);
}

int bpf_call_prog_by_id(uint32_t id)
{
	return by_id(BPF_PROG_GET_FD_BY_ID, id);
}

int bpf_call_btf_by_id(uint32_t id)
{
	return by_id(BPF_BTF_GET_FD_BY_ID, id);
}

int bpf_call_prog_funcs(int prog_fd, uint32_t *btf_id, uint32_t *type_ids, uint32_t *count)
{
	enum { MAX_FUNCS = 1024 };
	struct bpf_func_info funcs[MAX_FUNCS];
	struct bpf_prog_info info;
	int ret;

	memset(&info, 0, sizeof(info));
	info.func_info = ptr(funcs);
	info.func_info_rec_size = sizeof(funcs[0]);
	info.nr_func_info = MAX_FUNCS;
	ret = object_info(prog_fd, &info, sizeof(info));
	if (ret)
		return ret;
	*btf_id = info.btf_id;
	for (uint32_t i = 0; i < info.nr_func_info && i < MAX_FUNCS && i < *count; i++)
		type_ids[i] = funcs[i].type_id;
	*count = info.nr_func_info < MAX_FUNCS ? info.nr_func_info : MAX_FUNCS;
	return 0;
}

/* The start of struct bpf_btf_info, with what came with 5.11. */
struct btf_info {
	uint64_t btf;
	uint32_t btf_size, id;
	uint64_t name;
	uint32_t name_len, kernel_btf;
};

int bpf_call_btf_info(int btf_fd, void *data, uint32_t *size, char *name)
{
	struct btf_info info;
	int ret;

	memset(&info, 0, sizeof(info));
	info.btf = ptr(data);
	info.btf_size = *size;
	info.name = ptr(name);
	info.name_len = name ? 64 : 0;
	if (name)
		*name = '\0';
	ret = object_info(btf_fd, &info, sizeof(info));
	*size = info.btf_size;
	if (name && !info.kernel_btf)
		*name = '\0';
	return ret;
}

int bpf_call_btf_of_module(const char *module)
{
	uint32_t id = 0;

	while (!bpf_call_btf_next_id(&id)) {
		int fd = bpf_call_btf_by_id(id);
		uint32_t size = 0;
		char name[64];

		if (fd >= 0 && !bpf_call_btf_info(fd, NULL, &size, name) && !strcmp(name, module))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -ENOENT;
}
