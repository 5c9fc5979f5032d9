/*
 * What a good engineer writes by hand in BPF C for rows of bench/run, to compare
 * instructions and time with.
 */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define TASK_COMM_LEN 16
#define MAX_STACK 127
#define NAME_LEN 1024
#define CALL "tracepoint/syscalls/sys_enter_sched_get_priority_max"
#define NAMED "tracepoint/syscalls/sys_enter_chroot"

struct task_struct {
	struct task_struct *real_parent;
	int tgid;
} __attribute__((preserve_access_index));

struct named_args {
	__u64 header, nr, filename;
};

struct pid_comm {
	__u64 pid;
	char comm[TASK_COMM_LEN];
};

struct stats {
	__u64 total, count;
};

struct hist {
	__u64 slots[64];
};

struct named {
	char comm[TASK_COMM_LEN];
	char name[NAME_LEN];
};

#define MAP(kind, entries, key_type, value_type, variable)	\
	struct {						\
		__uint(type, BPF_MAP_TYPE_##kind);		\
		__uint(max_entries, entries);			\
		__type(key, key_type);				\
		__type(value, value_type);			\
	} variable SEC(".maps")

MAP(PERCPU_ARRAY, 1, __u32, __u64, total);
MAP(PERCPU_ARRAY, 512, __u32, __u64, by_call);
MAP(PERCPU_ARRAY, 1, __u32, struct hist, all);
MAP(PERCPU_ARRAY, 1, __u32, struct named, scratch);
MAP(PERCPU_HASH, 4096, char[TASK_COMM_LEN], __u64, by_comm);
MAP(PERCPU_HASH, 4096, struct pid_comm, __u64, by_pid_comm);
MAP(PERCPU_HASH, 4096, __u64, struct stats, stats_of);
MAP(PERCPU_HASH, 4096, __u64, struct hist, hist_of);
MAP(PERCPU_HASH, 4096, __u64, __u64, by_parent);
MAP(PERCPU_HASH, 4096, __u32, __u64, by_stack);
MAP(HASH, 4096, __u64, __u64, by_pid);
MAP(HASH, 4096, __u64, __u64, start_of);

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16384);
	__uint(key_size, 4);
	__uint(value_size, MAX_STACK * 8);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} ring SEC(".maps");

__u64 counter;

/* In a per-CPU hash: add one to the word under `key`. */
static __always_inline void add_one(void *map, const void *key)
{
	__u64 one = 1, *n = bpf_map_lookup_elem(map, key);

	if (n)
		*n += 1;
	else
		bpf_map_update_elem(map, key, &one, BPF_NOEXIST);
}

static __always_inline __u64 log2_slot(__u64 v)
{
	__u32 r, shift;

	r = (v > 0xffffffff) << 5; v >>= r;
	shift = (v > 0xffff) << 4; v >>= shift; r |= shift;
	shift = (v > 0xff) << 3; v >>= shift; r |= shift;
	shift = (v > 0xf) << 2; v >>= shift; r |= shift;
	shift = (v > 3) << 1; v >>= shift; r |= shift;
	return r | (v >> 1);
}

/* Of bench/work.c: one kind of system call, all kinds, a function of a program. */
SEC("tracepoint/syscalls/sys_enter_openat")
int count_openat(void *ctx)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&total, &zero);

	if (n)
		*n += 1;
	return 1;
}

SEC("raw_tracepoint/sys_enter")
int count_calls(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 nr = ctx->args[1];
	__u64 *n = bpf_map_lookup_elem(&by_call, &nr);

	if (n)
		*n += 1;
	return 0;
}

SEC("uprobe")
int count_function(void *ctx)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&total, &zero);

	if (n)
		*n += 1;
	return 0;
}

SEC(CALL)
int count(void *ctx)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&total, &zero);

	if (n)
		*n += 1;
	return 0;
}

SEC(CALL)
int increment(void *ctx)
{
	__sync_fetch_and_add(&counter, 1);
	return 0;
}

SEC(CALL)
int count_by_comm(void *ctx)
{
	char comm[TASK_COMM_LEN];

	bpf_get_current_comm(comm, sizeof(comm));
	add_one(&by_comm, comm);
	return 0;
}

SEC(CALL)
int count_by_pid_comm(void *ctx)
{
	struct pid_comm key = { .pid = bpf_get_current_pid_tgid() >> 32 };

	bpf_get_current_comm(key.comm, sizeof(key.comm));
	add_one(&by_pid_comm, &key);
	return 0;
}

SEC(CALL)
int hist(void *ctx)
{
	__u32 zero = 0;
	struct hist *h = bpf_map_lookup_elem(&all, &zero);

	if (h)
		h->slots[log2_slot(bpf_get_current_pid_tgid() >> 32) & 63] += 1;
	return 0;
}

SEC(CALL)
int hist_by_pid(void *ctx)
{
	static const struct hist nothing;
	__u64 id = bpf_get_current_pid_tgid(), pid = id >> 32;
	struct hist *h = bpf_map_lookup_elem(&hist_of, &pid);

	if (!h) {
		bpf_map_update_elem(&hist_of, &pid, &nothing, BPF_NOEXIST);
		h = bpf_map_lookup_elem(&hist_of, &pid);
	}
	if (h)
		h->slots[log2_slot((__u32)id) & 63] += 1;
	return 0;
}

SEC(CALL)
int stats_by_pid(void *ctx)
{
	__u64 pid = bpf_get_current_pid_tgid() >> 32, v = bpf_get_smp_processor_id();
	struct stats first = { .total = v, .count = 1 }, *s = bpf_map_lookup_elem(&stats_of, &pid);

	if (s) {
		s->total += v;
		s->count += 1;
	} else {
		bpf_map_update_elem(&stats_of, &pid, &first, BPF_NOEXIST);
	}
	return 0;
}

SEC(CALL)
int increment_by_pid(void *ctx)
{
	__u64 pid = bpf_get_current_pid_tgid() >> 32, one = 1, *n;

	n = bpf_map_lookup_elem(&by_pid, &pid);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&by_pid, &pid, &one, BPF_NOEXIST);
	return 0;
}

SEC(CALL)
int start_by_tid(void *ctx)
{
	__u64 tid = (__u32)bpf_get_current_pid_tgid(), now = bpf_ktime_get_boot_ns();

	bpf_map_update_elem(&start_of, &tid, &now, BPF_ANY);
	return 0;
}

SEC(CALL)
int count_by_parent(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 tgid = BPF_CORE_READ(task, real_parent, tgid);

	add_one(&by_parent, &tgid);
	return 0;
}

SEC(CALL)
int count_by_stack(void *ctx)
{
	__u32 id = bpf_get_stackid(ctx, &stacks, 0);

	add_one(&by_stack, &id);
	return 0;
}

SEC(CALL)
int record_pid_comm(void *ctx)
{
	struct pid_comm *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);

	if (!r)
		return 0;
	r->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(r->comm, sizeof(r->comm));
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC(NAMED)
int filter_on_name(struct named_args *args)
{
	char name[16];
	__u32 zero = 0;
	__u64 *n;

	bpf_probe_read_user_str(name, sizeof(name), (void *)args->filename);
	if (bpf_strncmp(name, 10, "/etc/none"))
		return 0;
	n = bpf_map_lookup_elem(&total, &zero);
	if (n)
		*n += 1;
	return 0;
}

SEC(NAMED)
int record_name(struct named_args *args)
{
	__u32 zero = 0;
	struct named *r = bpf_map_lookup_elem(&scratch, &zero);
	long len;

	if (!r)
		return 0;
	bpf_get_current_comm(r->comm, sizeof(r->comm));
	len = bpf_probe_read_user_str(r->name, sizeof(r->name), (void *)args->filename);
	if (len < 0 || len > NAME_LEN)
		return 0;
	bpf_ringbuf_output(&ring, r, TASK_COMM_LEN + len, BPF_RB_NO_WAKEUP);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
