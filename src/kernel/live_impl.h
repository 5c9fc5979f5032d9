/*
 * Private to the live target (live_*.c): its state and the parts that answer.
 */
#ifndef SONDE_KERNEL_LIVE_IMPL_H
#define SONDE_KERNEL_LIVE_IMPL_H

#include "base/debug_dirs.h"
#include "base/hmap.h"
#include "base/sbuf.h"
#include "base/vec.h"
#include "target/target.h"
#include "types/kbtf.h"

#include <libelf.h>

/* Kernel functions that a feature's test calls; their ids are found in one
 * walk over BTF. */
#define LIVE_KFUNCS(X)								\
	X(bpf_rdonly_cast) X(bpf_iter_num_new) X(bpf_iter_num_destroy)		\
	X(bpf_copy_from_user_str) X(bpf_map_sum_elem_count)			\
	X(bpf_fentry_test1) X(bpf_session_is_return)

enum live_kfunc {
#define X(name) LIVE_##name,
	LIVE_KFUNCS(X)
#undef X
	LIVE_KFUNC_COUNT
};

/* Structs of the kernel's that we read, found in one walk, too. */
#define LIVE_STRUCTS(X) X(kallsym_iter) X(ftrace_page) X(dyn_ftrace)

enum live_struct {
#define X(name) LIVE_##name,
	LIVE_STRUCTS(X)
#undef X
	LIVE_STRUCT_COUNT
};

typedef VEC(const char *) live_names;
typedef VEC(struct live_function) live_function_list;

/* A function of the kernel (module NULL) or of a module. */
struct live_ksym {
	uint64_t address;	/* 0: we may not see it */
	const char *name, *module;
};

typedef VEC(struct live_ksym) live_ksym_list;

struct live {
	struct target *target;	/* borrowed */
	struct arena *arena;	/* borrowed */
	int tracefs_fd;		/* owned; -1: not open */
	int tracefs_err;	/* 0: not tried, or open */
	void *btf;		/* owned mapping */
	size_t btf_bytes;
	int btf_err;
	bool btf_tried;
	struct names names;	/* of `kbtf` */
	struct types types;
	struct kbtf *kbtf;	/* arena; our own reader, for feature tests and names */
	bool kbtf_tried, kfuncs_known, structs_known;
	uint32_t kfunc_ids[LIVE_KFUNC_COUNT], struct_ids[LIVE_STRUCT_COUNT];
	struct hmap formats;	/* "category:event" -> text */
	const char *const *events, *const *functions;	/* arena; NULL: not yet listed */
	const char *functions_file;	/* borrowed; NULL: the kernel's own list */
	struct debug_dirs debug_dirs;
	size_t nr_events, nr_functions;
	struct hmap modules;	/* name -> struct live_module: live_functions.c */
	live_names module_names;
	bool modules_known;
	struct live_module *core;
	live_function_list function_list;	/* as the kernel gives it, sorted */
	live_names ambiguous;	/* of `functions`, sorted */
	live_ksym_list ksyms;	/* arena; in the kernel's order */
	bool ksyms_known, has_entries;	/* has_entries: `function_list` has addresses */
	struct sbuf ksym_records;	/* what names of `ksyms` may be in */
	struct ksym_index *ksym_index;	/* arena; live_ksyms.c; NULL: not yet */
	uint64_t ftrace_pages;	/* where the kernel's records of functions begin; 0: not known */
	struct sbuf kallsyms;	/* text; empty: not read */
	bool kallsyms_tried;
	struct hmap user_files;	/* path -> struct user_file: live_file.c */
	struct user_file *dwarf_files;	/* those with debug information, to be closed */
};

/* tracefs' root, or a negative errno. */
int live_tracefs(struct live *l);

/* A reader of the kernel's BTF; NULL if there is none. */
struct kbtf *live_kbtf(struct live *l);

/* The BTF id of a struct of the kernel's, where live_kbtf() is; 0: there is none. */
uint32_t live_struct(struct live *l, enum live_struct s);

/* Where in a struct of the kernel's a member is. */
bool live_member(struct live *l, uint32_t struct_id, const char *name, uint32_t *offset_bytes);

/* live_ksyms.c: all functions, in the kernel's order, as the symbols have them. */
const live_ksym_list *live_ksyms(struct live *l);

/* The first one of this name; the next one behind `last`. NULL: there is none. */
const struct live_ksym *live_ksym_next(struct live *l, const char *name,
				       const struct live_ksym *last);

/* live_ftrace.c: call `each` for each function that ftrace has a record of; false: the records
 * cannot be read. */
bool live_ftrace_functions(struct live *l, void (*each)(struct live *l,
							const struct live_ksym *f));

/* live_features.c */
bool live_has_feature(void *arg, enum target_feature f);
bool live_kfunc_loads(void *arg, uint32_t prog_type, uint32_t btf_id);

/* live_symbols.c */
int live_events(void *arg, const char *const **list, size_t *count);
int live_symbol(void *arg, const char *name, uint64_t *address);

int live_by_text(const void *a, const void *b);
void live_sort_unique(live_names *v);

/* /proc/kallsyms, read once; "" if it cannot be. */
const char *live_kallsyms(struct live *l);

/* live_functions.c */
int live_functions(void *arg, const char *const **list, size_t *count);
bool live_has_function(void *arg, const char *name);
bool live_has_module(void *arg, const char *name);
bool live_function_is_ambiguous(void *arg, const char *name);
bool live_knows_addresses(void *arg);
int live_function_addresses(void *arg, const char *module, const char *name,
			    const uint64_t **list, size_t *count);
int live_modules(void *arg, const char *const **list, size_t *count);
int live_module_functions(void *arg, const char *module, const char *const **list, size_t *count);
int live_module_btf(void *arg, const char *module, const void **data, size_t *size);

/* live_bpf.c */
int live_bpf_functions(void *arg, const struct target_bpf_function **list, size_t *count);

/* live_user.c */
int live_user_files(void *arg, const char *name, int pid, const char *const **paths,
		    size_t *count);
int live_user_symbols(void *arg, const char *path, const char *name,
		      const struct target_user_symbol **list, size_t *count);
int live_user_offset(void *arg, const char *path, uint64_t address, uint64_t *file_offset);
int live_user_code(void *arg, const char *path, uint64_t file_offset, const uint8_t **code,
		   size_t *size);
int live_user_dwarf(void *arg, const char *path, struct Dwarf **dwarf);
int live_user_info(void *arg, const char *path, struct target_user_info *info);
int live_user_usdt(void *arg, const char *path, const struct target_usdt **list, size_t *count);

/* live_elf.c: a program file's segments, and its symbols once all are wanted. */
struct user_symbols {
	const struct target_user_symbol *list;	/* arena; by name, then address */
	size_t count;
};

/* An open ELF file. */
struct elf_handle {
	int fd;
	Elf *elf;
	void *map;		/* of an archive */
	size_t map_bytes;
};

struct user_file {
	const char *path;			/* arena */
	struct debug_dirs debug_dirs;
	int err;				/* why it could not be read, or 0 */
	const struct user_segment {
		uint64_t address, file_offset, size_bytes;
		bool is_code;
	} *segments;
	size_t nr_segments;
	bool has_segments, has_all;
	struct user_symbols all;
	const struct target_usdt *usdt;		/* arena; by provider, name, address */
	size_t nr_usdt;
	bool has_usdt, has_info;
	struct target_user_info info;
	bool has_dwarf;				/* was looked for */
	struct elf_handle dwarf_elf;		/* owned, with what is in `dwarf` */
	struct Dwarf *dwarf;			/* owned; NULL: there is none */
	struct user_file *next_dwarf;		/* live.dwarf_files */
	uint64_t base;				/* where it begins in the archive that it is in */
};

/* live_open.c. Returns 0, -ENOEXEC, -EOPNOTSUPP (compressed in its archive) or another
 * negative errno, which is kept in f->err. */
int live_elf_open(struct arena *a, struct user_file *f, struct elf_handle *h);
void live_elf_close(struct elf_handle *h);

/* MEMBER of ARCHIVE!/MEMBER; NULL: the path names no archive. */
const char *live_archive_member(const char *path);

/* live_debug.c: the file with what `elf`, which is at `path`, was stripped of. -ENOENT. */
int live_debug_open(struct arena *a, const struct user_file *f, Elf *elf, struct elf_handle *h);

/* Open the file's debug information into f->dwarf, and close it. */
void live_dwarf_open(struct arena *a, struct user_file *f);
void live_dwarf_close(struct user_file *f);

/* The small symbol table in the file itself; *out is NULL if there is none. The image is
 * freed after elf_end. */
char *live_debugdata_open(Elf *elf, Elf **out);

/* Fill in the file's segments and static probes. Returns 0, -ENOENT, -ENOEXEC. */
int live_elf_usdt(struct arena *a, struct user_file *f);

/* Symbols of this name, or all (NULL). Returns 0, -ENOENT, -ENOEXEC. */
int live_elf_symbols(struct arena *a, struct user_file *f, const char *name,
		     struct user_symbols *out);

/* Read the file's program headers, once. Returns 0, -ENOEXEC. */
int live_elf_segments(struct arena *a, struct user_file *f, Elf *elf);

/* Where an address lies in the file; -ENOENT. */
int live_elf_offset(const struct user_file *f, uint64_t address, uint64_t *file_offset);

#endif
