/*
 * Providers: the kinds of probes, one row and one file each.
 *
 * A provider knows how its attach points are spelled, which of them exist on
 * the target, what arguments and context their programs have, and how a set of
 * them is attached. Nothing else in the program knows a provider's name: the
 * checker, `-l`, "did you mean" and the manual go through these rows.
 */
#ifndef SONDE_PROBES_PROVIDER_H
#define SONDE_PROBES_PROVIDER_H

#include "base/diag.h"
#include "image/image.h"
#include "lang/ast.h"
#include "target/target.h"
#include "types/kbtf.h"
#include "types/type.h"

struct module_btf;
struct kbtf;		/* types/kbtf.h: our reader of BTF */
struct provider;
struct usdt_args;	/* probes/usdt_arg.h */

/* What expansion and argument lookup work with. */
struct probe_ctx {
	struct arena *arena;
	struct names *names;
	struct diags *diags;
	struct types *types;
	struct target *target;
	struct kbtf *btf;		/* vmlinux; NULL if the target has none */
	int pid;			/* -p; 0: none */
	bool has_child;			/* -c */
	struct hmap *debug_files;	/* path -> struct debug_file; NULL: none yet */
	bool unsafe_mode;
	bool lenient;			/* came from a provider wildcard: skip what does not fit */
	int missing;			/* enum of image_config.missing_probes */
	const enum mechanism *attach;	/* what the settings ask for, by family; NULL: nothing */
	bool told_lack;			/* that nothing can be listed, and why */
	struct module_btf *modules;	/* readers of BTF that were asked for: functions.c */
};

/* One attach point after expansion: what the image will say of it, and what
 * checking needs. Sites of one probe whose `layout` is equal share a program
 * where the action does not look at more than that. */
struct probe_site {
	const struct provider *provider;
	const char *name;		/* text of the `probe` builtin */
	const char *spelled;		/* the same, whatever label the script gives it */
	struct loc loc;
	struct image_site image;	/* .probe is filled in later */
	uint32_t btf_id;		/* BTF id of the function or tracepoint typedef; 0:
					   unknown */
	struct type_struct *args;	/* looked up once by provider_args */
	bool args_known;
	bool is_renamed;		/* the kernel has the function under another name */
	int32_t syscall_nr;		/* of a syscall tracepoint; -1: none, or not known */
	const struct usdt_args *places;	/* where arguments are, if not where C functions have
					   them */
	const char *file;		/* user space: as image.path, or ARCHIVE!/MEMBER */
	uint64_t address;		/* user space: of the function that begins here; 0: none */
	bool at_return;			/* an instruction that returns: for programs whose return
					   addresses may not be touched */
};

typedef VEC(struct probe_site *) site_vec;

/* What programs of a provider have. */
enum provider_has {
	HAS_ARGN = 1, HAS_ARGS = 2, HAS_RETVAL = 4, HAS_FUNC = 8,
	HAS_PT_REGS = 16,	/* ctx is struct pt_regs */
	HAS_CTX = 32,		/* `ctx` may be used */
	HAS_STACKS = 64,	/* kstack, ustack have a usable context */
	HAS_CTX_STRUCT = 128,	/* ctx points to a struct of the probe's own kind: see args */
};

/* A listing: where its lines go, and whether with arguments (-lv). */
struct list_out {
	void (*line)(const char *line, void *arg);
	void *arg;
	bool verbose;
};

struct provider {
	const char *name;
	const char *alias[3];		/* exact spelling; NULL-terminated */
	const char *doc;		/* one sentence for the manual */
	unsigned has;			/* enum provider_has */
	enum type_space space;		/* of argN, retval and casts from integers */
	enum bpf_prog_type prog_type;
	enum attach_kind attach;
	bool listed;			/* in the kernel set of `-l` and provider wildcards */
	int wildcard_needs;		/* without this feature such a wildcard leaves it out */
	bool lists_by_name;		/* `-l` only when named */
	bool is_return;			/* kretprobe, uretprobe, fexit */
	bool signed_args;		/* argN is an int64; else a uint64 */
	bool single_site;		/* a program serves one site only (its BTF id is in it) */
	bool unique_name;		/* a script has one site of a name */
	bool sole_site;			/* and its probe has no other attach point */

	/* Parse one attach point and append the sites that it names on the
	 * target; errors become diagnostics. A wildcard may append none. */
	void (*expand)(struct probe_ctx *c, const struct provider *p,
		       const struct attach_point *ap, site_vec *out);

	/* The struct of `args` (HAS_CTX_STRUCT: of `ctx`) at this site, or NULL (and a
	 * diagnostic at `loc` unless loc.begin is 0). NULL hook: there is none. */
	struct type_struct *(*args)(struct probe_ctx *c, struct probe_site *s, struct loc loc);

	/* Pointee that argument `index` carries (design: arg0->len), NULL if
	 * unknown. *nr_params gets the number of parameters, or -1 if unknown;
	 * *param_name the parameter's name. */
	const struct type *(*arg_type)(struct probe_ctx *c, struct probe_site *s, uint32_t index,
				       int *nr_params, const char **param_name);

	/* Type of `retval` at this site, and where it lies in the context; VOID: it returns
	 * nothing; NULL: not known. NULL hook: the register of the ABI. */
	const struct type *(*retval)(struct probe_ctx *c, struct probe_site *s, uint32_t *offset);

	/* A type that programs at this site know by this name; NULL: none. NULL hook: those of
	 * the kernel only. */
	const struct type *(*type_by_name)(struct probe_ctx *c, const struct probe_site *s,
					   enum kbtf_keyword keyword, const char *name);

	/* Where the arguments in `mask` are at this site: equal texts, equal code. Sites that
	 * differ share a program all the same (image_site.variant). NULL hook: everywhere the
	 * same. */
	const char *(*arg_form)(struct probe_ctx *c, struct probe_site *s, uint64_t mask);

	/* The row that serves this site by a trampoline instead (kprobe_as_fentry), with the
	 * arguments in `mask` and without registers; NULL: none does. NULL hook: none ever does. */
	const struct provider *(*as_fentry)(struct probe_ctx *c, struct probe_site *s,
					    uint64_t mask);

	/* Why argument `index` cannot be read at this site; NULL: it can. NULL hook: all can. */
	const char *(*arg_problem)(struct probe_ctx *c, struct probe_site *s, uint32_t index);

	/* Fill program type, attach type and flags of `prog` for this set of sites, and what is
	 * still missing in site->image (event ids). Does not touch prog->sites. A raw_event that
	 * the caller has set (see probes_raw_event) makes it a raw tracepoint program. */
	void (*plan)(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
		     struct image_prog *prog);

	/* For -l: list_item() for every attach point that matches the pattern
	 * (parts after the provider, as written), sorted. NULL: none is listed. */
	void (*list)(struct probe_ctx *c, const struct provider *p, const char *pattern,
		     struct list_out *out);

	/* For -l of a script: what `list` writes behind the provider's name, where that is
	 * not what site->spelled has there. NULL hook: it is. */
	const char *(*list_name)(struct probe_ctx *c, const struct probe_site *s);

	/* For -lv: list_field() for each argument. NULL hook: there are none to show. */
	void (*list_args)(struct probe_ctx *c, struct probe_site *s, struct list_out *out);
};

/* All rows; each provider of an array entry is in a file of its own. */
extern const struct provider *const providers[];
extern const size_t nr_providers;

/* By full name (any case) or exact alias; NULL if there is none. */
const struct provider *provider_find(const char *name);

/* Expand an attach point of the script: provider wildcards, positional
 * parameters already substituted. Unknown provider: a diagnostic with the
 * nearest name. */
void probes_expand(struct probe_ctx *c, const struct attach_point *ap, site_vec *out);

/* "sys_enter" or "sys_exit" if the site is a syscall tracepoint that one raw
 * tracepoint program there can serve together with others (its number is
 * known), provided that the program does not use `args`; else NULL. */
const char *probes_raw_event(const struct probe_site *s);

/* What the script's settings ask for at this site. */
enum mechanism probes_mechanism(const struct probe_ctx *c, const struct probe_site *s);

/* Does a program know by the attach cookie which of its sites it runs at? */
bool probes_have_cookies(struct probe_ctx *c, const struct probe_site *s);

/* The sites of a program. */
struct site_set {
	struct probe_site *const *at;
	size_t count;
	const char *raw_event;
	bool is_pair;			/* there is another program at their return, or entry */
};

/* A diagnostic if sites cannot be attached as the settings ask. */
void probes_check_mechanism(struct probe_ctx *c, const struct site_set *set);

/* A function of the kernel that can be found by its address only. */
bool probes_needs_address(const struct probe_site *s);

/* One that is found by its address, for need or because it is at hand: it is in another link
 * than those that are found by their names. */
bool probes_links_by_address(struct probe_ctx *c, const struct probe_site *s);

/* A function that helpers call with a lock held, by a program that the kernel does not keep from
 * running there within others. */
bool probes_is_in_helpers(const struct probe_site *s);

/* Can a site be one of a session, for entry and return in one link? */
bool probes_fits_session(const struct probe_site *s);

/* Number of the system call that event "sys_enter_NAME" or "sys_exit_NAME"
 * stands for on this architecture; -ENOENT. */
int probes_syscall_number(const char *arch, const char *event);

/* The system call of a number as C libraries call it; NULL: there is none. */
const char *probes_syscall_name(const char *arch, int number);
/* All numbers are below this. */
size_t probes_nr_syscalls(const char *arch);

/* args of a site, looked up once. */
struct type_struct *provider_args(struct probe_ctx *c, struct probe_site *s, struct loc loc);

/* True if `text` matches `pattern`, in which "*" stands for any run. */
bool wildcard_match(const char *pattern, const char *text);
bool has_wildcard(const char *text);

/* `-l PATTERN`: lines in the order of the specification's section 10. */
void probes_list(struct probe_ctx *c, const char *pattern, struct list_out *out);

/* `-l` of a script: the line of one of its sites. */
void probes_list_site(struct probe_ctx *c, struct probe_site *site, struct list_out *out);

#endif
