/*
 * Addresses to names: kernel and user, with caches.
 *
 * In: addresses, and for user ones the process (as this process numbers it).
 * Out: the symbol's name, the offset from its start, the module. Nothing is
 * read before the first question: the kernel's list costs 50 to 100 ms.
 *
 * A process is remembered by a snapshot of its mappings, taken when it is first
 * seen and renewed when it has executed another program or an address is in no
 * mapping; what has exited is answered from the last snapshot. Symbol tables
 * belong to files (device, inode, time of change), not to processes. Memory is
 * bounded: the least recently used snapshots and tables go first.
 */
#ifndef SONDE_SYM_SYM_H
#define SONDE_SYM_SYM_H

#include "base/debug_dirs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct symbols;

struct symbols_options {
	const char *proc;		/* NULL: "/proc"; tests have one of their own */
	const char *kallsyms;		/* NULL: proc/kallsyms */
	const char *debug_root;		/* NULL: "/usr/lib/debug" */
	struct debug_dirs debug_dirs;	/* looked into before; must outlive what is opened */
	bool (*is_over)(void *arg);	/* to wait for servers no longer; NULL: to the end */
	void (*on_wait)(void *arg);	/* told once, when a server is waited for; or NULL */
	void *servers_arg;		/* of these two */
	bool no_demangle;		/* C++ and Rust names as they are in the file */
	bool no_lines;			/* sym_user_frame() tells no lines and inlined calls */
	size_t max_processes;		/* 0: 2,048 */
	int64_t check_ns;		/* look at a live process this often; 0: 50 ms */
	size_t max_table_bytes;		/* of user symbols; 0: 128 MiB */
};

/* A function that was inlined. */
struct symbol_inlined {
	const char *name;
	const char *file;	/* NULL: unknown */
	uint32_t line;
};

/* Texts are borrowed until the next call on the same `struct symbols`. */
struct symbol {
	const char *name;	/* NULL: none, but the module may be known */
	const char *why;	/* there is none, in a person's words; lives on. Else NULL */
	const char *doubt;	/* what is missing of what is known of it; lives on. Else NULL */
	uint64_t offset;	/* from the symbol's start */
	const char *module;	/* user: path of the mapped file; kernel: module, NULL: the image */
	uint64_t module_offset;	/* of the address in that file; the address, if there is none */
	const char *build_id;	/* user: of that file, in hexadecimal; NULL: unknown */
	const char *file;	/* of the source; NULL: unknown */
	uint32_t line;
	const struct symbol_inlined *inlined;	/* calls inside of the symbol, innermost first */
	size_t nr_inlined;
};

/* The strings in the options are copied. Returns 0 or -ENOMEM. */
int sym_open(struct symbols **out, const struct symbols_options *options);
void sym_close(struct symbols *s);	/* takes NULL */

/* The symbol nearest below or at an address of the kernel. False: not found,
 * or addresses are hidden from us. */
bool sym_kernel(struct symbols *s, uint64_t address, struct symbol *symbol);

/* The symbol around an address of a process. False: none; symbol->module may
 * still be set. */
bool sym_user(struct symbols *s, pid_t pid, uint64_t address, struct symbol *symbol);

/* The same of a frame of a stack, with source lines. `is_return`: the address is
 * not that of an instruction which runs, but one behind a call. */
bool sym_user_frame(struct symbols *s, pid_t pid, uint64_t address, bool is_return,
		    struct symbol *symbol);

/* A mapping of code in a process. */
struct symbol_mapping {
	uint64_t start, end;
	uint64_t offset;	/* in the file */
	bool is_file, is_vdso;	/* neither: anonymous memory */
	const char *path;	/* borrowed, as texts of symbols are */
};

/* Call `fn` for each mapping of code, by address; `again`: look at the process anew before.
 * `fn` may open the mapping's file. Returns 0, or -ESRCH if nothing is known of it. */
typedef void (*symbol_mapping_fn)(void *arg, const struct symbol_mapping *m);
int sym_each_mapping(struct symbols *s, pid_t pid, bool again, symbol_mapping_fn fn, void *arg);

/* Another number whenever the mappings have changed, as far as it is known; 0: unknown. */
uint64_t sym_generation(struct symbols *s, pid_t pid);

/* A descriptor of the file; -1: it cannot be reached. */
int sym_open_mapping(struct symbols *s, pid_t pid, const struct symbol_mapping *m);

/* Take a snapshot of a process now, in case it ends before it is asked for. */
void sym_note_pid(struct symbols *s, pid_t pid);

/* Take snapshots of the processes that run, for so long; call it again as long as it
 * returns true. Half of those that can be remembered at most. */
bool sym_note_running(struct symbols *s, int64_t budget_ns);

/* Follow a process and its children (-1: every process): what they execute, map
 * and fork is known from then on, even of processes that have ended before they
 * are asked for. Call before the process starts to run; in place of an earlier
 * watch. Needs the right to open perf events. Returns 0 or a negative errno. */
int sym_watch(struct symbols *s, pid_t pid);

/* Read what the watch has recorded; call it some times a second, so that its
 * buffers do not fill. Costs nothing without a watch. */
void sym_watch_poll(struct symbols *s);

/* Name of a user in the password file, or NULL; borrowed until the next call. */
const char *sym_username(struct symbols *s, uint64_t uid);

#endif
