/*
 * What is known of the machine that a script is compiled for.
 *
 * The compiler asks nothing else: architecture, kernel features, BTF, tracefs
 * formats, symbols, CPUs. A target is filled lazily through `ops` (the live
 * system, in src/kernel) or from a saved file (tests, other machines).
 */
#ifndef SONDE_TARGET_TARGET_H
#define SONDE_TARGET_TARGET_H

#include "base/arena.h"
#include "base/names.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* X-macro: name, meaning, first kernel (for messages). Each is tested by the
 * live target when first asked. */
#define TARGET_FEATURES(X)							\
	X(RINGBUF, "BPF ring buffer", "5.8")					\
	X(ATOMIC_FETCH, "fetching atomic instructions", "5.12")			\
	X(FOR_EACH_MAP_ELEM, "iteration over maps", "5.13")			\
	X(LOOP, "bpf_loop", "5.17")						\
	X(ITER_NUM, "open-coded iterators", "6.4")				\
	X(CPU_V4, "instruction set version 4", "6.6")				\
	X(RDONLY_CAST, "bpf_rdonly_cast", "6.2")				\
	X(CURRENT_TASK_BTF, "get_current_task_btf", "5.11")			\
	X(TASK_STORAGE, "task storage in tracing programs", "5.12")		\
	X(GLOBAL_FUNC_MEM, "global functions with pointers to memory", "5.12")	\
	X(SLEEPABLE_UPROBE, "sleepable uprobe programs", "6.0")			\
	X(COPY_FROM_USER_STR, "bpf_copy_from_user_str", "6.12")			\
	X(COOKIE, "attach cookies", "5.15")					\
	X(RAW_TP_COOKIE, "raw tracepoint cookies", "6.10")			\
	X(PERF_LINK, "perf event links", "5.15")				\
	X(KPROBES, "kprobes", "")						\
	X(KPROBE_MULTI, "kprobe multi links", "5.18")				\
	X(KPROBE_SESSION, "kprobe sessions", "6.10")				\
	X(UPROBE_MULTI, "uprobe multi links", "6.6")				\
	X(UPROBE_MULTI_PID, "uprobe multi links of all threads of a process", "6.11")	\
	X(UPROBE_SESSION, "uprobe sessions", "6.13")				\
	X(FENTRY, "fentry programs", "5.5")					\
	X(MAP_LOOKUP_PERCPU, "map_lookup_percpu_elem", "5.19")			\
	X(MAP_SUM_ELEM_COUNT, "bpf_map_sum_elem_count", "6.6")			\
	X(OVERRIDE, "CONFIG_BPF_KPROBE_OVERRIDE", "4.16")			\
	X(WRITE_USER, "writing to user memory", "4.8")				\
	X(KTIME_TAI, "ktime_get_tai_ns", "6.1")					\
	X(FUNC_IP, "get_func_ip", "5.15")					\
	X(TASK_PT_REGS, "task_pt_regs", "5.15")					\
	X(BTF_TRACEPOINT, "BTF tracepoints", "5.5")				\
	X(UNINIT_STACK, "reads of uninitialised stack", "6.1")			\
	X(BATCH_OPS, "map batch operations", "5.6")				\
	X(SYSCALL_TP_PREEMPT, "preemptible syscall tracepoints", "7.0")

enum target_feature {
#define X(name, text, kernel) FEATURE_##name,
	TARGET_FEATURES(X)
#undef X
	FEATURE_COUNT
};

const char *target_feature_text(enum target_feature f);
const char *target_feature_kernel(enum target_feature f);
const char *target_feature_name(enum target_feature f);	/* "RINGBUF" */

/* One architecture's calling convention: rows of a table. */
struct target_reg {
	const char *name;
	uint16_t offset;	/* in struct pt_regs (arm64, s390x: user_pt_regs) */
};

struct target_arch {
	const char *name;		/* "x86_64", as uname says it */
	const char *kernel_name;	/* "x86": its folder in the kernel's sources */
	bool big_endian;
	const struct target_reg *regs;
	size_t nr_regs;
	uint16_t arg_offsets[8];	/* pt_regs offsets of argument registers */
	uint32_t nr_args;
	uint16_t ret_offset, ip_offset, sp_offset, syscall_nr_offset;
	bool char_is_signed;
	uint32_t max_align_bytes;	/* of any scalar; 0: 16 */
	bool result_pointer_is_arg;	/* where a result in memory shall lie: the first argument */
};

/* By the name of uname, or a usual other one ("arm64"); NULL if unknown. */
const struct target_arch *target_arch_find(const char *name);

/* Offset in pt_regs of a register by the name that scripts use; -ENOENT. */
int target_reg_offset(const struct target_arch *arch, const char *name);

struct target;
struct kbtf;
struct Dwarf;
struct types;

/* A function (or object) of a user program or library. */
struct target_user_symbol {
	const char *name;
	uint64_t address;	/* virtual, as the ELF file says */
	uint64_t size_bytes;	/* 0: unknown */
	uint64_t file_offset;	/* where its first byte lies in the file */
	bool is_function;	/* else data */
	bool is_indirect;	/* IFUNC: the code chooses the function when the program starts */
};

/* What kind of program a file is. */
struct target_user_info {
	bool is_go;		/* made by the Go compiler: its own calling convention */
	bool is_32_bit;
	bool is_foreign;	/* for another processor */
};

/* A static probe (USDT) of a program or library: one place in its code. Several places may have
 * one name. */
struct target_usdt {
	const char *provider, *name;
	const char *args;		/* as its note has them: "-4@%eax 8@8(%rsp)" */
	uint64_t address;		/* virtual, as the ELF file says */
	uint64_t file_offset;
	uint64_t semaphore_offset;	/* in the file; 0: none */
};

/* A function of a BPF program that is loaded. */
struct target_bpf_function {
	uint32_t prog_id;
	uint32_t btf_id;	/* of the FUNC, in the program's own BTF */
	const char *name;
};

/* Questions to a target. Each is answered in every target (never NULL here);
 * strings and lists live as long as the target. */
struct target_ops {
	bool (*has_feature)(void *arg, enum target_feature f);
	/* quick: whether `btf` will have an answer; NULL: ask that */
	bool (*has_btf)(void *arg);
	/* vmlinux BTF, mapped or in memory; lives as long as the target. */
	int (*btf)(void *arg, const void **data, size_t *size);
	/* Text of events/CATEGORY/EVENT/format; arena-owned by the target. -ENOENT if none. */
	int (*format)(void *arg, const char *category, const char *event, const char **text);
	/* id of a tracepoint */
	int (*event_id)(void *arg, const char *category, const char *event, uint32_t *id);
	/* "category:event" of all, sorted, NUL-terminated strings in one array */
	int (*events)(void *arg, const char *const **list, size_t *count);
	/* names of traceable kernel functions, sorted, unique; slow on a live system */
	int (*functions)(void *arg, const char *const **list, size_t *count);
	/* true if a kernel function of exactly this name seems traceable; quick */
	bool (*has_function)(void *arg, const char *name);
	/* true if `functions` has been listed and has this name more than once */
	bool (*function_is_ambiguous)(void *arg, const char *name);
	/* true if `function_addresses` answers at once */
	bool (*knows_addresses)(void *arg);
	/* addresses of the functions of this name in a module ("vmlinux": the core kernel;
	 * NULL: anywhere); -ENOENT: none that are known */
	int (*function_addresses)(void *arg, const char *module, const char *name,
				  const uint64_t **list, size_t *count);
	/* address of a kernel symbol; -ENOENT */
	int (*symbol)(void *arg, const char *name, uint64_t *address);
	/* number of the control group at a path; a negative errno */
	int (*cgroup_id)(void *arg, const char *path, uint64_t *id);
	/* load a two-instruction program calling kfunc `btf_id` in this program type */
	bool (*kfunc_loads)(void *arg, uint32_t prog_type, uint32_t btf_id);
	/* loaded modules */
	bool (*has_module)(void *arg, const char *name);
	/* names of them all and of "vmlinux", the kernel itself; sorted */
	int (*modules)(void *arg, const char *const **list, size_t *count);
	/* those of `functions` that are in this module; -ENOENT: it is not loaded */
	int (*module_functions)(void *arg, const char *module, const char *const **list,
				size_t *count);
	/* a module's own BTF, whose base is that of vmlinux; -ENOENT if it has none */
	int (*module_btf)(void *arg, const char *module, const void **data, size_t *size);
	/* functions of BPF programs, by program and then as they stand there */
	int (*bpf_functions)(void *arg, const struct target_bpf_function **list, size_t *count);
	/* Paths of the programs and libraries that `name` stands for: a path, a glob, a word of
	 * $PATH, a library's short name ("libc"); "*": what `pid` has mapped executable, or all
	 * processes; NULL: the executable of `pid`. -ENOENT if none */
	int (*user_files)(void *arg, const char *name, int pid, const char *const **paths,
			  size_t *count);
	/* Symbols of a file by this name, or all (NULL), sorted by name and address. -ENOENT: no
	 * such file, -ENOEXEC: no ELF file */
	int (*user_symbols)(void *arg, const char *path, const char *name,
			    const struct target_user_symbol **list, size_t *count);
	/* Where an address of the file's program lies in the file; -ENOENT if nowhere */
	int (*user_offset)(void *arg, const char *path, uint64_t address, uint64_t *file_offset);
	/* Up to `size` bytes of a file at an offset; *size gets how many there are */
	int (*user_code)(void *arg, const char *path, uint64_t file_offset, const uint8_t **code,
			 size_t *size);
	/* libdw's handle of the file's debug information; -ENOENT: it has none */
	int (*user_dwarf)(void *arg, const char *path, struct Dwarf **dwarf);
	int (*user_info)(void *arg, const char *path, struct target_user_info *info);
	/* The static probes of a file, sorted by provider, name and address; errors as above */
	int (*user_usdt)(void *arg, const char *path, const struct target_usdt **list,
			 size_t *count);
	void (*close)(void *arg);
};

struct target {
	struct arena *arena;		/* owned by who opened it */
	const struct target_arch *arch;
	char release[65];		/* uname -r */
	uint32_t kernel_version;	/* KERNEL_VERSION(a, b, c) */
	uint32_t nr_cpus;		/* possible */
	uint64_t pidns_dev, pidns_ino;	/* 0: the initial PID namespace */
	uint64_t page_size;
	const struct target_ops *ops;
	void *arg;
	int8_t feature_known[FEATURE_COUNT];	/* 0 unknown, 1 yes, -1 no */
};

/* A feature's test runs once. */
bool target_has(struct target *t, enum target_feature f);
int target_btf(struct target *t, const void **data, size_t *size);

/* A reader of the target's BTF, which is fetched when something is looked for;
 * NULL if there is none. It lives in the arena of `types`. */
struct kbtf *target_kbtf(struct target *t, struct types *types);

/* Shut down what the live system or the file holds open; safe twice. */
void target_close(struct target *t);

/* Remember from now on what is asked and answered, for target_save. */
void target_record(struct target *t);

/* Write a target to a file: its facts, all features, and what was asked since
 * target_record. BTF, if it was asked for, goes to a file beside it (PATH.btf).
 * Returns 0 or a negative errno. */
int target_save(struct target *t, const char *path);

/* A target from a file written by target_save, or by hand: JSON, see
 * target_file.c. Returns 0, -EINVAL if it is no target, or why it could not be read. */
int target_load(struct target *t, struct arena *a, const char *path);

/* A target without a machine, for tests: x86_64 (s390x where this program is built
 * for a big-endian machine), Linux 6.12, four CPUs, no BTF
 * and no events, all features but SYSCALL_TP_PREEMPT, every function name. */
void target_init_plain(struct target *t, struct arena *a);

#endif
