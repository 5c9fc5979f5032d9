/*
 * uprobe and uretprobe: functions of programs and libraries.
 *
 * Spelled TARGET:FUNCTION[+OFFSET] or TARGET:ADDRESS; with a process (-p) the
 * target may be left out. A site is a file and an offset in it, which is what
 * the kernel wants; the names come from the target's symbol tables.
 */
#include "probes/probes_impl.h"

#include "lang/lang.h"

#include <inttypes.h>
#include <string.h>

/* One attach point, taken apart. */
struct user_ap {
	const char *target;	/* NULL: the executable of c->pid */
	const char *function;
	uint64_t offset, address;
	bool is_address;
};

/* ---- spelling ---- */

static bool parse_offset(struct probe_ctx *c, const struct provider *p,
			 const struct attach_point *ap, struct user_ap *u)
{
	const char *text = u->function, *plus = strchr(text, '+');
	bool is_duration;

	if (!*text) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "%ss should be attached to a function or an "
			 "address", p->name);
		return false;
	}
	if (!lang_parse_integer(text, strlen(text), &u->address, &is_duration)) {
		u->is_address = true;
		return true;
	}
	if (!plus)
		return true;
	if (p->is_return) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "Offset not allowed");
		return false;
	}
	if (plus == text || lang_parse_integer(plus + 1, strlen(plus + 1), &u->offset,
					       &is_duration)) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "Invalid offset: %s", plus + 1);
		return false;
	}
	u->function = arena_strndup(c->arena, text, (size_t)(plus - text));
	return true;
}

static bool parse_user_ap(struct probe_ctx *c, const struct provider *p,
			  const struct attach_point *ap, struct user_ap *u)
{
	size_t n = ap_nr_args(ap);

	memset(u, 0, sizeof(*u));
	if (ap_has_location(ap)) {
		ap_error(c, ap, DIAG_UNSUPPORTED_PROBE, "not supported yet: source locations");
		return false;
	}
	if (!ap_check_count(c, p, ap, c->pid ? 1 : 2, 3))
		return false;
	if (n == 3 || (n == 2 && c->pid && !strcmp(ap_arg(ap, 0), "cpp"))) {
		ap_error(c, ap, DIAG_UNSUPPORTED_PROBE, strcmp(ap_arg(ap, n - 2), "cpp")
			 ? "%s is not a known language; there is cpp"
			 : "not supported yet: %s names", ap_arg(ap, n - 2));
		return false;
	}
	u->target = n == 2 && *ap_arg(ap, 0) ? ap_arg(ap, 0) : NULL;
	u->function = ap_arg(ap, n - 1);
	if (!u->target && !c->pid) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "%s target file is missing", p->name);
		return false;
	}
	return parse_offset(c, p, ap, u);
}

/* ---- expansion ---- */

static struct probe_site *add_place(struct probe_ctx *c, const struct provider *p,
				    const struct attach_point *ap, const char *path,
				    const char *text, site_vec *out)
{
	struct probe_site *s = site_add(c, p, ap, arena_printf(c->arena, "%s:%s:%s", p->name, path,
							       text), out);

	s->image.path = path;
	return s;
}

static void add_symbol(struct probe_ctx *c, const struct provider *p,
		       const struct attach_point *ap, const struct user_ap *u, const char *path,
		       const struct target_user_symbol *symbol, site_vec *out)
{
	const char *text = symbol->name;
	struct probe_site *s;

	if (u->offset)
		text = arena_printf(c->arena, "%s+%" PRIu64, text, u->offset);
	s = add_place(c, p, ap, path, text, out);
	s->image.function = name_of(c->names, symbol->name);
	s->image.offset = symbol->file_offset + u->offset;
}

/* Is the place in the function fit for a probe? */
static bool check_place(struct probe_ctx *c, const struct attach_point *ap,
			const struct user_ap *u, const struct target_user_symbol *symbol)
{
	struct diag *d = NULL;

	if (u->offset && u->offset >= symbol->size_bytes && symbol->size_bytes) {
		ap_error(c, ap, DIAG_ATTACH_POINT,
			 "Offset outside the function bounds ('%s' size is "
			 "%" PRIu64 ")", symbol->name, symbol->size_bytes);
		return false;
	}
	if (c->unsafe_mode)
		return true;
	if (!symbol->size_bytes || !symbol->is_function)
		d = ap_error(c, ap, DIAG_UNSAFE, "'%s' may be no function", symbol->name);
	else if (u->offset)
		d = ap_error(c, ap, DIAG_UNSAFE, "cannot tell whether an instruction begins at "
			     "%s+%" PRIu64, symbol->name, u->offset);
	else
		return true;
	if (d)
		diag_hint(c->diags, d, "use --unsafe to attach anyway");
	return false;
}

/* One of many files need not have it. */
static void missing_symbol(struct probe_ctx *c, const struct provider *p,
			   const struct attach_point *ap, const struct user_ap *u, const char *path)
{
	const struct target_user_symbol *list;
	struct diag *d = NULL;
	struct nearest n;
	size_t count;

	if (!u->target || !has_wildcard(u->target))
		d = ap_missing(c, p, ap, arena_printf(c->arena, "%s:%s", path, u->function));
	if (!d || user_symbols(c, path, NULL, &list, &count))
		return;
	nearest_start(&n, u->function);
	for (size_t i = 0; i < count; i++)
		if (list[i].is_function)
			nearest_try(&n, list[i].name);
	if (n.best)
		diag_hint(c->diags, d, "did you mean %s?", n.best);
	else if (!count)
		diag_hint(c->diags, d, "the file has no symbols");
}

/* Data, and what has no size, may be no code. */
static bool is_match(const char *pattern, const struct target_user_symbol *s)
{
	return s->is_function && s->size_bytes && wildcard_match(pattern, s->name);
}

/* All symbols that match; each place once. */
static void expand_symbols(struct probe_ctx *c, const struct provider *p,
			   const struct attach_point *ap, const struct user_ap *u,
			   const char *path, site_vec *out)
{
	bool pattern = has_wildcard(u->function);
	const struct target_user_symbol *list, *last = NULL;
	size_t count;
	int err = user_symbols(c, path, pattern ? NULL : u->function, &list, &count);

	if (err) {
		user_file_failed(c, ap, u->target, path, err);
		return;
	}
	if (!count && !pattern)
		missing_symbol(c, p, ap, u, path);
	for (size_t i = 0; i < count; i++) {
		const struct target_user_symbol *s = &list[i];
		bool twice = last && !strcmp(last->name, s->name) && last->address == s->address;

		if (twice || (pattern && !is_match(u->function, s)))
			continue;
		last = s;
		if (pattern || check_place(c, ap, u, s))
			add_symbol(c, p, ap, u, path, s, out);
	}
}

static void expand_address(struct probe_ctx *c, const struct provider *p,
			   const struct attach_point *ap, const struct user_ap *u,
			   const char *path, site_vec *out)
{
	uint64_t offset = u->address;
	int err = c->target->ops->user_offset(c->target->arg, path, u->address, &offset);

	if (err && !c->unsafe_mode) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "address 0x%" PRIx64 " is nowhere in %s",
			 u->address, path);
		return;
	}
	add_place(c, p, ap, path, arena_printf(c->arena, "%" PRIu64, u->address),
		  out)->image.offset = offset;
}

static void expand_user(struct probe_ctx *c, const struct provider *p,
			const struct attach_point *ap, site_vec *out)
{
	const char *const *paths;
	struct user_ap u;
	size_t count;

	if (!parse_user_ap(c, p, ap, &u) || !user_files_find(c, p, ap, u.target, &paths, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (u.is_address)
			expand_address(c, p, ap, &u, paths[i], out);
		else
			expand_symbols(c, p, ap, &u, paths[i], out);
	}
}

/* ---- list ---- */

static void list_file(struct probe_ctx *c, const struct provider *p, const char *path,
		      const char *pattern, struct list_out *out)
{
	const struct target_user_symbol *list;
	const char *last = "";
	size_t count;

	if (user_symbols(c, path, NULL, &list, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(last, list[i].name) || !is_match(pattern, &list[i]))
			continue;
		last = list[i].name;
		list_item(c, p, arena_printf(c->arena, "%s:%s", path, last), NULL, out);
	}
}

static void list_user(struct probe_ctx *c, const struct provider *p, const char *pattern,
		      struct list_out *out)
{
	const char *colon = strchr(pattern, ':');
	const char *file = colon ? arena_strndup(c->arena, pattern, (size_t)(colon - pattern)) :
			   NULL;
	const char *const *paths;
	size_t count;

	if (user_files_list(c, file, &paths, &count))
		return;
	for (size_t i = 0; i < count; i++)
		list_file(c, p, paths[i], colon ? colon + 1 : pattern, out);
}

const struct provider provider_uprobe = {
	.name = "uprobe",
	.alias = { "u" },
	.doc = "Runs when a function of a program or library is called.",
	.has = HAS_ARGN | HAS_FUNC | HAS_PT_REGS | HAS_CTX | HAS_STACKS,
	.space = SPACE_USER,
	.prog_type = BPF_PROG_TYPE_KPROBE,
	.attach = ATTACH_UPROBE,
	.listed = true,
	.expand = expand_user,
	.plan = plan_user,
	.list = list_user,
};

const struct provider provider_uretprobe = {
	.name = "uretprobe",
	.alias = { "ur" },
	.doc = "Runs when a function of a program or library returns.",
	.has = HAS_RETVAL | HAS_FUNC | HAS_PT_REGS | HAS_CTX | HAS_STACKS,
	.space = SPACE_USER,
	.prog_type = BPF_PROG_TYPE_KPROBE,
	.attach = ATTACH_URETPROBE,
	.is_return = true,
	.lists_by_name = true,
	.expand = expand_user,
	.plan = plan_user,
	.list = list_user,
};
