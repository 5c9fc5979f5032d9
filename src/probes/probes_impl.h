/*
 * What the files of the providers share.
 */
#ifndef SONDE_PROBES_IMPL_H
#define SONDE_PROBES_IMPL_H

#include "probes/provider.h"

struct kbtf_param;

extern const struct provider provider_begin, provider_end, provider_self;
extern const struct provider provider_test, provider_bench;
extern const struct provider provider_interval, provider_profile;
extern const struct provider provider_tracepoint, provider_rawtracepoint;
extern const struct provider provider_kprobe, provider_kretprobe;
extern const struct provider provider_uprobe, provider_uretprobe, provider_usdt;
extern const struct provider provider_software, provider_hardware;
extern const struct provider provider_iter, provider_fentry, provider_fexit;
extern const struct provider provider_watchpoint;

/* Parts behind the provider. */
static inline size_t ap_nr_args(const struct attach_point *ap)
{
	return ap->parts.n - 1;
}

static inline const char *ap_arg(const struct attach_point *ap, size_t i)
{
	return ap->parts.at[i + 1].text;
}

/* An error about the attach point; NULL and silent if it came from a provider
 * wildcard. */
struct diag *ap_error(struct probe_ctx *c, const struct attach_point *ap, enum diag_tag tag,
		      const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Check the number of parts; an error if it is wrong. */
bool ap_check_count(struct probe_ctx *c, const struct provider *p, const struct attach_point *ap,
		    size_t min, size_t max);

/* Part `i` as a positive number without a unit; an error that begins with `what`. */
bool ap_number(struct probe_ctx *c, const struct attach_point *ap, size_t i, const char *what,
	       uint64_t *value);

/* A named thing does not exist: error, warning or nothing, as missing_probes
 * says. NULL if silent. */
struct diag *ap_missing(struct probe_ctx *c, const struct provider *p,
			const struct attach_point *ap, const char *what);

/* A new site, appended to `out`; its name is the attach point's label or `name`. */
struct probe_site *site_add(struct probe_ctx *c, const struct provider *p,
			    const struct attach_point *ap, const char *name, site_vec *out);

/* For `list`: the line "PROVIDER:TEXT". With out->verbose the arguments of `site`
 * follow, which must be enough of a site for the provider's list_args; NULL: none. */
#define LIST_NO_BTF "there is no BTF of the kernel (/sys/kernel/btf/vmlinux)"

/* Warn that nothing of the provider's can be listed; of several the first one tells. */
void list_lacks(struct probe_ctx *c, const struct provider *p, const char *why);

void list_item(struct probe_ctx *c, const struct provider *p, const char *text,
	       struct probe_site *site, struct list_out *out);

/* For `list_args`: one argument's line, "TYPE NAME". */
void list_field(struct probe_ctx *c, struct list_out *out, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* For `list_args`, of the kernel function of a site: its parameters from `first` on, by
 * name or as argN; then what it returns ("void" only if asked for). */
void list_params(struct probe_ctx *c, const struct probe_site *s, uint32_t first, bool numbered,
		 struct list_out *out);
void list_return(struct probe_ctx *c, const struct probe_site *s, bool with_void,
		 struct list_out *out);

/* "TYPE NAME" of a type of the kernel, as C spells it. */
void list_typed(struct probe_ctx *c, uint32_t type_id, const char *name, struct list_out *out);

/* "*:PATTERN" for a pattern without a colon, else the pattern. */
const char *pattern_with_group(struct probe_ctx *c, const char *pattern);

/* ---- user.c: what probes of user space share ---- */

/* The files that a target names (NULL: the executable of c->pid); more than one only for a
 * wildcard. False: there are none, which was told. */
bool user_files_find(struct probe_ctx *c, const struct provider *p, const struct attach_point *ap,
		     const char *target, const char *const **paths, size_t *count);

/* The same without a word, for lists. */
int user_files_list(struct probe_ctx *c, const char *target, const char *const **paths,
		    size_t *count);

/* A file that a script names could not be read; one of many is passed over. */
void user_file_failed(struct probe_ctx *c, const struct attach_point *ap, const char *target,
		      const char *path, int err);

/* Symbols of a file by this name, or all (NULL); sorted. */
int user_symbols(struct probe_ctx *c, const char *path, const char *name,
		 const struct target_user_symbol **list, size_t *count);

/* Places of the arguments: hook arg_form; of Go's functions; of functions of 32-bit x86
 * programs, where they begin. */
const char *user_arg_form(struct probe_ctx *c, struct probe_site *s, uint64_t mask);
const struct usdt_args *user_go_places(struct probe_ctx *c);
const struct usdt_args *user_stack_places(struct probe_ctx *c);

/* ---- user_debug.c: hooks by debug information ---- */
struct debug_line_query;	/* types/debug.h */

struct type_struct *user_args(struct probe_ctx *c, struct probe_site *s, struct loc loc);
void user_list_args(struct probe_ctx *c, struct probe_site *s, struct list_out *out);
const struct type *user_type_by_name(struct probe_ctx *c, const struct probe_site *s,
				     enum kbtf_keyword keyword, const char *name);

/* Addresses of a source line; false: there are none, which was told. */
bool user_line_addresses(struct probe_ctx *c, const struct attach_point *ap, const char *path,
			 struct debug_line_query *q);

bool ap_has_location(const struct attach_point *ap);

/* The program's part of a plan: a uprobe. */
void plan_user(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
	       struct image_prog *prog);

/* ---- slots.c: arguments in the context of typed programs, a slot of 8 bytes each ---- */

/* The type of an argument or field that lies in a slot: pointers to structs are known to
 * the verifier, others are plain addresses. */
const struct type *slot_value_type(struct probe_ctx *c, const struct type *t);

/* The struct of the parameters from `first` on; its size is that of their slots. */
struct type_struct *slot_struct(struct probe_ctx *c, const char *name,
				const struct kbtf_param *params, uint32_t first, uint32_t count);

/* ---- fentry.c ---- */

/* The prototype of a function that fentry and fexit can be attached to; 0: they cannot. */
uint32_t fentry_proto(struct probe_ctx *c, const char *module, const char *function,
		      struct kbtf_proto *proto);
void plan_fentry(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
		 struct image_prog *prog);

/* ---- functions.c: the kernel's and its modules'; "vmlinux" is the core kernel ---- */

/* Traceable functions of the target; count 0 if it has no list. */
void kernel_functions(struct probe_ctx *c, const char *const **list, size_t *count);
void kernel_module_functions(struct probe_ctx *c, const char *module, const char *const **list,
			     size_t *count);
bool kernel_module_has(struct probe_ctx *c, const char *module, const char *name);
void kernel_modules(struct probe_ctx *c, const char *const **list, size_t *count);
bool kernel_module_loaded(struct probe_ctx *c, const char *module);
bool kernel_is_core(const char *module);

/* The target's lists of functions have this name more than once. */
bool kernel_function_is_ambiguous(struct probe_ctx *c, const char *name);
/* Where functions of this name begin; count 0: not known. */
void kernel_function_addresses(struct probe_ctx *c, const char *module, const char *name,
			       const uint64_t **list, size_t *count);

/* A reader of a module's BTF (NULL: of the core kernel's), or NULL. */
struct kbtf *kernel_module_btf(struct probe_ctx *c, const char *module);

/* BTF id of a module's function (NULL: of the core kernel's), or 0. */
uint32_t kernel_function_id(struct probe_ctx *c, const char *module, const char *name);

/* A probe there may hang the machine, or it is no function. */
bool kernel_function_blocked(const char *name);
bool kernel_function_exists(struct probe_ctx *c, const char *name);

/* ---- mechanism.c ---- */

/* Whether one link of the kind that the feature stands for is to hold all sites; says
 * why in prog->why. */
bool probes_choose_multi(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
			 enum target_feature f, struct image_prog *prog);

/* ---- renames.c ---- */

/* The function that the kernel has for this name, which it has not: a warning says so.
 * NULL: none is known. */
const char *kernel_renamed(struct probe_ctx *c, const struct attach_point *ap, const char *name);

/* An attach point that serves for a function that is no more; NULL. */
const char *kernel_advice(struct probe_ctx *c, const char *name);

/* A warning if the function is there, but is not what is called nowadays. */
void kernel_uncalled(struct probe_ctx *c, const struct attach_point *ap, const char *name);

/* Hint at the name that is nearest to one that there is not. */
void kernel_suggest(struct probe_ctx *c, struct diag *d, const struct provider *p,
		    const char *name);

#endif
