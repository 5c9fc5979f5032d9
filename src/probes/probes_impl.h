/*
 * What the files of the providers share.
 */
#ifndef SONDE_PROBES_IMPL_H
#define SONDE_PROBES_IMPL_H

#include "probes/provider.h"

extern const struct provider provider_begin, provider_end, provider_self;
extern const struct provider provider_interval, provider_profile;
extern const struct provider provider_tracepoint, provider_rawtracepoint;
extern const struct provider provider_kprobe, provider_kretprobe;
extern const struct provider provider_uprobe, provider_uretprobe, provider_usdt;
extern const struct provider provider_software, provider_hardware;
extern const struct provider provider_iter;

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
void list_item(struct probe_ctx *c, const struct provider *p, const char *text,
	       struct probe_site *site, struct list_out *out);

/* For `list_args`: one argument's line, "TYPE NAME". */
void list_field(struct probe_ctx *c, struct list_out *out, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* For `list_args`, of a kernel function by its BTF id: its parameters from `first` on, by
 * name or as argN; then what it returns ("void" only if asked for). */
void list_params(struct probe_ctx *c, uint32_t btf_id, uint32_t first, bool numbered,
		 struct list_out *out);
void list_return(struct probe_ctx *c, uint32_t btf_id, bool with_void, struct list_out *out);

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

bool ap_has_location(const struct attach_point *ap);

/* The program's part of a plan: a uprobe. */
void plan_user(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
	       struct image_prog *prog);

/* The type of an argument or field that lies in a slot of the context: pointers to
 * structs are known to the verifier, others are plain addresses. */
const struct type *slot_value_type(struct probe_ctx *c, const struct type *t);

/* Traceable kernel functions of the target; count 0 if it has no list. */
void kernel_functions(struct probe_ctx *c, const char *const **list, size_t *count);

/* BTF id of a kernel function, or 0. */
uint32_t kernel_function_id(struct probe_ctx *c, const char *name);

#endif
