/*
 * What probes of user space share: files, symbols, and how they are attached.
 *
 * A site is a file and an offset in it, which is what the kernel wants.
 */
#include "probes/probes_impl.h"

#include "base/sbuf.h"
#include "probes/usdt_arg.h"

#include <errno.h>
#include <inttypes.h>
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
	if (err == -EOPNOTSUPP)
		ap_error(c, ap, DIAG_NO_FILE, "cannot read %s: it is compressed in its archive",
			 path);
	else if (err == -ENOEXEC)
		ap_error(c, ap, DIAG_NO_FILE, "%s is no program or library: it is not in ELF "
					      "format, "
			 "or damaged", path);
	else
		ap_error(c, ap, DIAG_NO_FILE, "cannot read %s: %s", path, strerror(-err));
}

/* ---- arguments ---- */

const char *user_arg_form(struct probe_ctx *c, struct probe_site *s, uint64_t mask)
{
	struct sbuf text = { 0 };
	const char *form;

	for (size_t i = 0; s->places && i < s->places->count; i++) {
		const struct usdt_arg *a = &s->places->at[i];

		if (mask & 1ull << i)
			sbuf_printf(&text, "%zu:%d,%u,%d,%d,%d,%u,%u,%" PRId64 " ", i, a->place,
				    a->size_bytes, a->is_signed, a->base, a->index, a->shift,
				    a->skip_bits, a->value);
	}
	form = arena_strdup(c->arena, sbuf_text(&text));
	sbuf_close(&text);
	return form;
}

/* Registers of the arguments where Go passes them. */
static const struct {
	const char *arch;
	const char *registers[PLACES_MAX];
} go_registers[] = {
	{ "x86_64", { "ax", "bx", "cx", "di", "si", "r8", "r9", "r10", "r11" } },
	{ "aarch64", { "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11",
		       "r12", "r13", "r14", "r15" } },
};

const struct usdt_args *user_go_places(struct probe_ctx *c)
{
	struct usdt_args *args = arena_new(c->arena, struct usdt_args);

	for (size_t i = 0; i < sizeof(go_registers) / sizeof(go_registers[0]); i++) {
		if (strcmp(go_registers[i].arch, c->target->arch->name) != 0)
			continue;
		while (args->count < PLACES_MAX && go_registers[i].registers[args->count]) {
			const char *name = go_registers[i].registers[args->count];

			args->at[args->count++] = (struct usdt_arg){
				.place = USDT_REGISTER, .size_bytes = 8, .index = -1,
				.base = (int16_t)target_reg_offset(c->target->arch, name),
			};
		}
	}
	return args;
}

const struct usdt_args *user_stack_places(struct probe_ctx *c)
{
	struct usdt_args *args = arena_new(c->arena, struct usdt_args);

	for (; args->count < PLACES_MAX; args->count++)
		args->at[args->count] = (struct usdt_arg){
			.place = USDT_MEMORY, .size_bytes = 4, .index = -1,
			.base = (int16_t)c->target->arch->sp_offset,
			/* behind the return address */
			.value = 4 * ((int64_t)args->count + 1),
		};
	return args;
}

/* ---- plan ---- */

/* Links of many are also quicker to detach than a perf event, so one site is
 * enough for them. Before 6.11 a link for a process sees one of its threads. */
static bool prefers_multi(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
			  struct image_prog *prog)
{
	if ((c->pid || c->has_child) && probes_mechanism(c, sites[0]) == MECHANISM_AUTO &&
	    target_has(c->target, FEATURE_UPROBE_MULTI) &&
	    !target_has(c->target, FEATURE_UPROBE_MULTI_PID)) {
		prog->why = "uprobe multi links see one thread of a process only here";
		return false;
	}
	return probes_choose_multi(c, sites, count, FEATURE_UPROBE_MULTI, prog);
}

void plan_user(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
	       struct image_prog *prog)
{
	prog->type = BPF_PROG_TYPE_KPROBE;
	prog->attach = sites[0]->at_return ? ATTACH_UPROBE : sites[0]->provider->attach;
	prog->use_multi = prefers_multi(c, sites, count, prog);
	if (prog->use_multi)
		prog->expected_attach_type = TRACE_UPROBE_MULTI;
}
