/*
 * A BPF interpreter for tests: runs the programs of an image without a kernel.
 *
 * It is also a light verifier: it knows of each register whether it holds a number or a
 * pointer, into what, and whether that was compared with null; what the kernel would
 * refuse on the path taken (out of bounds, unset registers and stack bytes, misaligned
 * stack, arithmetic on pointers, records not submitted) ends the run with a message.
 *
 * The world that helpers see (time, task, memory) is set by the test.
 */
#ifndef SONDE_TESTS_VM_H
#define SONDE_TESTS_VM_H

#include "image/image.h"

struct vm;

/* What helpers return; change it between runs as you like. */
struct vm_world {
	uint64_t ktime_ns, boot_ns, tai_ns, jiffies;
	uint64_t pid_tgid, uid_gid, cgroup_id, cookie, func_ip;
	uint64_t task;			/* address of current's task_struct */
	uint32_t cpu, prandom, numa_node;
	char comm[16];
	const uint64_t *kstack, *ustack;	/* borrowed; for get_stack and get_stackid */
	size_t nr_kstack, nr_ustack;
	uint32_t ns_pid, ns_tgid;	/* get_ns_current_pid_tgid */
	bool map_full;			/* every insert of a new key fails with -E2BIG */
	int64_t act_result;		/* of helpers that act on the system */
	uint64_t signal, thread_signal, override, nr_acts;	/* what they were asked for */
	bool ring_full;			/* every reservation and output fails */
	bool allow_uninit;		/* as from 6.1 on: unset stack may be read (as 0xaa) */
};

struct vm_record {
	const void *data;
	size_t size;
	uint64_t flags;		/* of submit or output */
};

/* The image is borrowed. Never NULL: aborts when memory is out. */
struct vm *vm_open(const struct image *image);
void vm_close(struct vm *vm);
struct vm_world *vm_world(struct vm *vm);

/* Memory that probe reads, casts and copies from user space find at an address. The
 * bytes are copied. */
void vm_add_memory(struct vm *vm, uint64_t address, const void *data, size_t size, bool is_user);

/* Which kernel function a BTF id stands for: "bpf_rdonly_cast", "bpf_iter_num_new", ... */
void vm_set_kfunc(struct vm *vm, int32_t btf_id, const char *name);

/* Run a program on a copy of `ctx`. Returns 0 and r0, or -1 when it was refused:
 * vm_error says why and where. */
int vm_run(struct vm *vm, const struct image_prog *prog, const void *ctx, size_t ctx_size,
	   uint64_t *r0);
const char *vm_error(const struct vm *vm);
/* Instructions executed by the last run. */
uint64_t vm_steps(const struct vm *vm);

/* Value of a key (for `cpu` in per-CPU maps, else 0), or NULL. Writable. */
void *vm_map_value(struct vm *vm, uint32_t map, const void *key, uint32_t cpu);
/* Number of keys, and the n-th key in the order of insertion. */
size_t vm_map_count(const struct vm *vm, uint32_t map);
const void *vm_map_key(const struct vm *vm, uint32_t map, size_t n);
/* Insert or replace (all CPUs alike); for setting a scene. */
void vm_map_set(struct vm *vm, uint32_t map, const void *key, const void *value);
void vm_map_clear(struct vm *vm, uint32_t map);

/* Records sent so far, oldest first, to any ring buffer (or perf event array). */
size_t vm_record_count(const struct vm *vm);
struct vm_record vm_record_get(const struct vm *vm, size_t n);
void vm_records_clear(struct vm *vm);

#endif
