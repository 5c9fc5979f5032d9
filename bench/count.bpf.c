/*
 * What a good engineer writes by hand in BPF C for three scripts, to compare
 * instructions and time with: @ = count(), @++, @[comm] = count().
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TASK_COMM_LEN 16

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} total SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, char[TASK_COMM_LEN]);
	__type(value, __u64);
} by_comm SEC(".maps");

__u64 counter;

SEC("tracepoint/syscalls/sys_enter_getppid")
int count(void *ctx)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&total, &zero);

	if (n)
		*n += 1;
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int increment(void *ctx)
{
	__sync_fetch_and_add(&counter, 1);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int count_by_comm(void *ctx)
{
	char comm[TASK_COMM_LEN];
	__u64 one = 1, *n;

	bpf_get_current_comm(comm, sizeof(comm));
	n = bpf_map_lookup_elem(&by_comm, comm);
	if (n)
		*n += 1;
	else
		bpf_map_update_elem(&by_comm, comm, &one, BPF_NOEXIST);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
