/*
 * bpf(2) behind plain functions.
 *
 * Each returns a descriptor, a count or 0 on success and a negative errno on
 * failure; none allocates but bpf_call_load, which fetches a verifier log only
 * when it is asked for. What Debian 12's <linux/bpf.h> lacks is defined here.
 * Pointers are the caller's and are not kept.
 */
#ifndef SONDE_KERNEL_BPF_CALL_H
#define SONDE_KERNEL_BPF_CALL_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values of the kernel's interface that are newer than 6.1. */
enum {
	BPF_CALL_TRACE_KPROBE_MULTI = 42,	/* 5.18 */
	BPF_CALL_TRACE_UPROBE_MULTI = 48,	/* 6.6 */
	BPF_CALL_TRACE_KPROBE_SESSION = 56,	/* 6.10 */
	BPF_CALL_TRACE_UPROBE_SESSION = 57,	/* 6.13 */
};

/* ---- maps ---- */

struct bpf_map_spec {
	const char *name;		/* cut to what the kernel takes; may be NULL */
	enum bpf_map_type type;
	uint32_t key_size, value_size, max_entries, flags;
	int btf_fd;			/* 0 or -1: none */
	uint32_t btf_key_type_id, btf_value_type_id;
	int inner_fd;			/* of a map of maps: one like those that it will hold */
};

int bpf_call_map_create(const struct bpf_map_spec *spec);
int bpf_call_map_lookup(int map_fd, const void *key, void *value);
int bpf_call_map_update(int map_fd, const void *key, const void *value, uint64_t flags);
int bpf_call_map_delete(int map_fd, const void *key);
int bpf_call_map_lookup_and_delete(int map_fd, const void *key, void *value);

/* The key after `key` (NULL: the first). -ENOENT after the last. */
int bpf_call_map_next_key(int map_fd, const void *key, void *next);
int bpf_call_map_freeze(int map_fd);

/* One call of a batch operation. `count` says how many fit and then how many
 * were moved: with 0 and -ENOENT what the kernel said, else 0. `in` is NULL at
 * the start and then what `out` was filled with; both have the size of a key, at
 * least 4 bytes.
 * -ENOENT: that was the last batch. -ENOSPC: a bucket needs a larger buffer. */
struct bpf_batch {
	int map_fd;
	const void *in;
	void *out;
	void *keys, *values;
	uint32_t count;
};

int bpf_call_map_lookup_batch(struct bpf_batch *b);
int bpf_call_map_lookup_and_delete_batch(struct bpf_batch *b);
int bpf_call_map_update_batch(struct bpf_batch *b);	/* keys, values */
int bpf_call_map_delete_batch(struct bpf_batch *b);	/* keys */

/* ---- programs ---- */

struct bpf_prog_spec {
	const char *name;		/* letters the kernel refuses become "_"; may be NULL */
	enum bpf_prog_type type;
	uint32_t expected_attach_type;
	uint32_t flags;			/* BPF_F_SLEEPABLE */
	const struct bpf_insn *insns;
	uint32_t nr_insns;
	const char *license;
	int btf_fd;			/* 0 or -1: none */
	uint32_t attach_btf_id;
	int attach_btf_obj_fd;		/* 0 or -1: vmlinux */
	const void *func_info, *line_info;
	uint32_t nr_func_info, nr_line_info;
	uint32_t kern_version;		/* before 5.0 for kprobes; else 0 */
};

/* Load a program. Without `log` no log is made. */
int bpf_call_prog_load(const struct bpf_prog_spec *spec);

/* Load it again with the verifier's log at this level; the log ends at
 * log[size - 1]. -ENOSPC: the log was cut. */
int bpf_call_prog_load_log(const struct bpf_prog_spec *spec, uint32_t level, char *log,
			   size_t size);

/* Load raw BTF. `log` may be NULL. */
int bpf_call_btf_load(const void *btf, size_t size, char *log, size_t log_size);

/* Run a raw_tp or syscall program in this task with this context. Returns the
 * program's result through *retval (may be NULL). */
int bpf_call_prog_run(int prog_fd, const void *ctx, size_t ctx_size, uint32_t *retval);

/* Run an XDP program `repeat` times on a small packet; *mean_ns is the kernel's measure of
 * one run. */
int bpf_call_prog_repeat(int prog_fd, uint32_t repeat, uint32_t *retval, uint32_t *mean_ns);

/* ---- attaching ---- */

/* A link from a program to a perf event. -EINVAL before 5.15. */
int bpf_call_link_perf(int prog_fd, int event_fd, uint64_t cookie);

/* A link of a tracing program (BTF tracepoint, fentry, fexit). */
int bpf_call_link_tracing(int prog_fd, enum bpf_attach_type type, uint64_t cookie);

/* name NULL: a tracing program to where its BTF id says. A cookie that is not
 * 0 needs 6.10 (else -EINVAL). */
int bpf_call_raw_tracepoint_open(const char *name, int prog_fd, uint64_t cookie);

/* Many functions in one link. Exactly one of syms and addrs. */
struct bpf_kprobe_multi {
	const char *const *syms;
	const uint64_t *addrs;
	const uint64_t *cookies;	/* may be NULL; else one a function */
	uint32_t count;
	bool is_return;
	bool is_session;
};

int bpf_call_link_kprobe_multi(int prog_fd, const struct bpf_kprobe_multi *k);

struct bpf_uprobe_multi {
	const char *path;
	const uint64_t *offsets;
	const uint64_t *ref_ctr_offsets;	/* may be NULL */
	const uint64_t *cookies;		/* may be NULL */
	uint32_t count;
	bool is_return;
	bool is_session;
	uint32_t pid;				/* 0: all */
};

int bpf_call_link_uprobe_multi(int prog_fd, const struct bpf_uprobe_multi *u);

/* What an iterator goes over; all zero: over all there is. */
struct bpf_iter_scope {
	uint32_t pid;			/* task kinds: this process and its threads (6.1) */
	bool all_cgroups;		/* cgroup: all, parents first */
};

int bpf_call_link_iter(int prog_fd, const struct bpf_iter_scope *scope);

/* A file that gives what the program of an iterator's link writes. */
int bpf_call_iter_create(int link_fd);

/* Keep a link, program or map under this name in a BPF file system. */
int bpf_call_pin(int fd, const char *path);

/* ---- information ---- */

struct bpf_prog_facts {
	uint32_t id;
	uint64_t run_time_ns, run_cnt, recursion_misses;
	uint32_t verified_insns, xlated_len, jited_len;
};

/* The object after this id (0: the first); -ENOENT after the last. */
int bpf_call_prog_next_id(uint32_t *id);
int bpf_call_btf_next_id(uint32_t *id);

/* A descriptor of an object by its id. */
int bpf_call_prog_by_id(uint32_t id);
int bpf_call_btf_by_id(uint32_t id);

/* The id of the program's own BTF (0: it has none) and the ids of its functions' types,
 * at most *count, which becomes how many there are. */
int bpf_call_prog_funcs(int prog_fd, uint32_t *btf_id, uint32_t *type_ids, uint32_t *count);

/* Copy the raw BTF, at most *size bytes; *size becomes how many there are. `name` (of at
 * least 64 bytes; may be NULL): of the module that it describes, "vmlinux", or "". */
int bpf_call_btf_info(int btf_fd, void *data, uint32_t *size, char *name);

/* The BTF of a module, by its name; -ENOENT. */
int bpf_call_btf_of_module(const char *module);

/* Fields that the kernel is too old for are 0. */
int bpf_call_prog_info(int prog_fd, struct bpf_prog_facts *facts);
int bpf_call_map_id(int map_fd, uint32_t *id);

/* How often the kernel skipped the probes of a kprobe link (one function or
 * many), because a probe was hit within another; 0 for other links and before
 * 6.7. */
uint64_t bpf_call_link_missed(int link_fd);

/* kernel.bpf_stats_enabled while the returned descriptor is open (5.8). */
int bpf_call_enable_stats(void);

/* The system call itself, for feature tests: `attr` is zeroed beyond `size`. */
int bpf_call_raw(int cmd, void *attr, size_t size);

#endif
