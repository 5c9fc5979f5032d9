/*
 * What debug information says of the functions and types of user programs.
 *
 * The arguments of a function are in registers when it begins, so `args` is a
 * struct whose members lie in struct pt_regs. What is elsewhere (floating-point
 * numbers, what is too large) is a member that cannot be read.
 */
#include "probes/probes_impl.h"

#include "types/debug.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static struct debug_file *debug_of(struct probe_ctx *c, const char *path)
{
	struct debug_file *f;
	struct Dwarf *dwarf;

	if (!c->debug_files) {
		c->debug_files = arena_new(c->arena, struct hmap);
		hmap_init(c->debug_files, c->arena);
	}
	f = hmap_find(c->debug_files, path, strlen(path));
	if (f || !c->target->ops->user_dwarf ||
	    c->target->ops->user_dwarf(c->target->arg, path, &dwarf))
		return f;
	f = debug_file_new(c->types, dwarf);
	hmap_set(c->debug_files, path, strlen(path), f);
	return f;
}

/* ---- arguments ---- */

/* Registers of the integer arguments, as they are taken. */
struct registers {
	const struct target_arch *arch;
	uint32_t used;
};

static bool is_x86_64(const struct target_arch *arch)
{
	return !strcmp(arch->name, "x86_64");
}

/* Where the low bytes of a register of 8 bytes are, of which a parameter has so many. */
static uint32_t low_bytes(const struct target_arch *arch, uint32_t size_bytes)
{
	return arch->big_endian && size_bytes < 8 ? 8 - size_bytes : 0;
}

/* One that is large may take two, if both are left. */
static void place_param(struct registers *r, const struct debug_param *p, struct type_field *field,
			const struct type *error)
{
	bool fits = r->used < r->arch->nr_args;
	uint32_t taken = p->class == DEBUG_TWO_REGISTERS ? 2 : p->class != DEBUG_HALF_FLOAT ? 0 :
			 is_x86_64(r->arch) ? 1 : 2;

	field->name = p->name;
	field->type = p->class == DEBUG_INTEGER && fits ? p->type : error;
	if (p->class == DEBUG_INTEGER && fits)
		field->offset_bytes = r->arch->arg_offsets[r->used++] +
				      low_bytes(r->arch, p->type->size_bytes);
	else if (r->used + taken <= r->arch->nr_args)
		r->used += taken;
}

/* Where the result goes is told in the first register, or (arm64) in one of its own. */
static bool hides_first(const struct target_arch *arch, const struct debug_function *f)
{
	return f->returns_in_memory && arch->result_pointer_is_arg;
}

static struct type_struct *args_struct(struct probe_ctx *c, const struct debug_function *f)
{
	struct type_field *fields = arena_array(c->arena, struct type_field, f->nr_params + 1);
	struct registers r = { .arch = c->target->arch };
	struct type_struct *s = arena_new(c->arena, struct type_struct);

	r.used = hides_first(r.arch, f);
	for (size_t i = 0; i < f->nr_params; i++)
		if (*f->params[i].name)
			place_param(&r, &f->params[i], &fields[s->nr_fields++], c->types->error);
		else
			place_param(&r, &f->params[i], &fields[s->nr_fields], c->types->error);
	s->name = name_of(c->names, "args");
	s->size_bytes = 512;	/* of registers: enough on all machines */
	s->fields = fields;
	s->loaded = true;
	return s;
}

static int find_function(struct probe_ctx *c, const struct probe_site *s,
			 struct debug_function *out, const char **missing)
{
	struct debug_file *f = s->file ? debug_of(c, s->file) : NULL;

	*missing = NULL;
	if (!f)
		return -ENOENT;
	return s->address ? debug_function_at(f, s->address, out, missing) : -ESRCH;
}

static void no_arguments(struct probe_ctx *c, const struct probe_site *s, struct loc loc, int err,
			 const char *missing)
{
	const char *file = s->file ? s->file : s->image.path;
	struct diag *d;

	if (err == -ENODATA) {
		diag_error(c->diags, loc, DIAG_NO_DEBUG_INFO,
			   "Could not parse arguments of \"%s\": its debug info is in %s, which "
			   "cannot be found", s->name, missing ? missing : "another file");
		return;
	}
	d = diag_error(c->diags, loc, DIAG_NO_DEBUG_INFO, err == -ENOENT && s->file &&
		       !debug_of(c, s->file)
		       ? "Could not parse arguments of \"%s\": no debuginfo found for %s"
		       : "Could not parse arguments of \"%s\": no function begins there by the "
			 "debuginfo of %s", s->name, file);
	diag_hint(c->diags, d, "use arg0, arg1, ..., or compile the program with -g");
}

struct type_struct *user_args(struct probe_ctx *c, struct probe_site *s, struct loc loc)
{
	struct debug_function f;
	const char *missing;
	int err = find_function(c, s, &f, &missing);

	if (!err && s->places) {
		if (loc.begin)
			diag_error(c->diags, loc, DIAG_NO_DEBUG_INFO,
				   "Could not parse arguments of "
				   "\"%s\": it has another calling convention than C; use arg0, "
				   "arg1, ...", s->name);
		return NULL;
	}
	if (!err)
		return args_struct(c, &f);
	if (loc.begin)
		no_arguments(c, s, loc, err, missing);
	return NULL;
}

void user_list_args(struct probe_ctx *c, struct probe_site *s, struct list_out *out)
{
	struct debug_function f;
	const char *missing;

	if (find_function(c, s, &f, &missing))
		return;
	for (size_t i = 0; i < f.nr_params; i++)
		list_field(c, out, "%s %s", f.params[i].text, f.params[i].name);
}

const struct type *user_type_by_name(struct probe_ctx *c, const struct probe_site *s,
				     enum kbtf_keyword keyword, const char *name)
{
	struct debug_file *f = s->file ? debug_of(c, s->file) : NULL;

	return f ? debug_type_by_name(f, keyword, name) : NULL;
}

/* ---- lines ---- */

static void no_line(struct probe_ctx *c, const struct attach_point *ap, const char *path, int err,
		    const struct debug_line_query *q)
{
	if (err == -ENOTUNIQ)
		ap_error(c, ap, DIAG_NO_DEBUG_INFO, "DWARF error: several source files of %s match "
			 "%s: %s and %s; name more of the path", path, q->file, q->a, q->b);
	else if (err == -ENOENT)
		ap_error(c, ap, DIAG_NO_DEBUG_INFO, "DWARF error: No compilation unit matches %s",
			 q->file);
	else if (q->column)
		ap_error(c, ap, DIAG_NO_DEBUG_INFO, "DWARF error: Unable to map '%s:%" PRIu64 ":%"
			 PRIu64 "' to address", q->file, q->line, q->column);
	else
		ap_error(c, ap, DIAG_NO_DEBUG_INFO, "DWARF error: Unable to map '%s:%" PRIu64
			 "' to address", q->file, q->line);
}

bool user_line_addresses(struct probe_ctx *c, const struct attach_point *ap, const char *path,
			 struct debug_line_query *q)
{
	struct debug_file *f = debug_of(c, path);
	int err;

	if (!f) {
		ap_error(c, ap, DIAG_NO_DEBUG_INFO, "No DWARF debug info found for '%s', cannot "
			 "attach by source code location.", path);
		return false;
	}
	err = debug_line_find(f, q);
	if (err)
		no_line(c, ap, path, err, q);
	return !err;
}
