/*
 * What probes of user space share: files, symbols, and how they are attached.
 *
 * A site is a file and an offset in it, which is what the kernel wants.
 */
#include "probes/probes_impl.h"

#include <errno.h>
#include <linux/version.h>
#include <string.h>

/* In newer kernel headers only. */
#define TRACE_UPROBE_MULTI 48

bool ap_has_location(const struct attach_point *ap)
{
	for (size_t i = 0; i < ap->parts.n; i++)
		if (ap->parts.at[i].at_sign)
			return true;
	return false;
}

int user_files_list(struct probe_ctx *c, const char *target, const char *const **paths,
		    size_t *count)
{
	*count = 0;
	return c->target->ops->user_files(c->target->arg, target, c->pid, paths, count);
}

int user_symbols(struct probe_ctx *c, const char *path, const char *name,
		 const struct target_user_symbol **list, size_t *count)
{
	*count = 0;
	return c->target->ops->user_symbols(c->target->arg, path, name, list, count);
}

bool user_files_find(struct probe_ctx *c, const struct provider *p, const struct attach_point *ap,
		     const char *target, const char *const **paths, size_t *count)
{
	int err = user_files_list(c, target, paths, count);

	if (err || !*count) {
		ap_error(c, ap, DIAG_NO_FILE,
			 "%s target file '%s' does not exist or is not executable",
			 p->name, target ? target : "(process)");
		return false;
	}
	if (*count > 1 && !(target && has_wildcard(target))) {
		if (!c->lenient)
			diag_warning(c->diags, ap->loc, DIAG_SEVERAL_FILES,
				     "attaching to %s target file '%s' but matched %zu binaries",
				     p->name, (*paths)[0], *count);
		*count = 1;
	}
	return true;
}

void user_file_failed(struct probe_ctx *c, const struct attach_point *ap, const char *target,
		      const char *path, int err)
{
	if (target && has_wildcard(target))
		return;
	if (err == -ENOEXEC)
		ap_error(c, ap, DIAG_NO_FILE, "%s is no program or library: it is not in ELF format, "
			 "or damaged", path);
	else
		ap_error(c, ap, DIAG_NO_FILE, "cannot read %s: %s", path, strerror(-err));
}

/* Links of many are also quicker to detach than a perf event, so one site is
 * enough for them. Before 6.11 a link for a process sees one of its threads. */
static bool prefers_multi(const struct probe_ctx *c)
{
	bool by_process = c->target->kernel_version >= KERNEL_VERSION(6, 11, 0);

	return target_has(c->target, FEATURE_UPROBE_MULTI) &&
	       (by_process || (!c->pid && !c->has_child));
}

void plan_user(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
	       struct image_prog *prog)
{
	(void)count;
	prog->type = BPF_PROG_TYPE_KPROBE;
	prog->attach = sites[0]->provider->attach;
	prog->use_multi = prefers_multi(c);
	if (prog->use_multi)
		prog->expected_attach_type = TRACE_UPROBE_MULTI;
}
