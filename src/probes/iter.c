/*
 * iter: the objects of the kernel, one by one.
 *
 * The kernel has an iterator for each kind of object that it lists: for KIND its
 * BTF has a function bpf_iter_KIND, the program's target, and a struct
 * bpf_iter__KIND, the program's context: a pointer to what all kinds share
 * (`meta`), then what this kind gives. Each lies in a slot of 8 bytes.
 */
#include "probes/probes_impl.h"

#include "types/kbtf_c.h"

#include <stdlib.h>
#include <string.h>

#define STRUCT_PREFIX	"bpf_iter__"
#define FUNC_PREFIX	"bpf_iter_"
#define COPY_SUFFIX	"__safe_trusted"

/* Iterators over what is in one map, which a script has no name for. */
static const char *const of_maps[] = { "bpf_map_elem", "bpf_sk_storage_map", "sockmap" };

static bool is_of_map(const char *kind)
{
	for (size_t i = 0; i < sizeof(of_maps) / sizeof(of_maps[0]); i++)
		if (!strcmp(kind, of_maps[i]))
			return true;
	return false;
}

/* ---- kinds ---- */

struct kind_walk {
	struct probe_ctx *c;
	VEC(const char *) names;
};

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), k = strlen(end);

	return n >= k && !strcmp(text + n - k, end);
}

static bool collect_kind(uint32_t id, const char *name, void *arg)
{
	struct kind_walk *w = arg;

	(void)id;
	if (!strncmp(name, STRUCT_PREFIX, strlen(STRUCT_PREFIX)) && !ends_with(name, COPY_SUFFIX))
		vec_push(w->c->arena, &w->names, name + strlen(STRUCT_PREFIX));
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static uint32_t kind_function(struct probe_ctx *c, const char *kind)
{
	return kbtf_find(c->btf, arena_printf(c->arena, FUNC_PREFIX "%s", kind), KBTF_FUNC);
}

static uint32_t kind_struct(struct probe_ctx *c, const char *kind)
{
	return kbtf_find(c->btf, arena_printf(c->arena, STRUCT_PREFIX "%s", kind), KBTF_STRUCT);
}

static void collect_kinds(struct probe_ctx *c, struct kind_walk *w)
{
	memset(w, 0, sizeof(*w));
	w->c = c;
	if (c->btf)
		kbtf_each(c->btf, KBTF_STRUCT, collect_kind, w);
	if (w->names.n)
		qsort(w->names.at, w->names.n, sizeof(w->names.at[0]), compare_names);
}

/* ---- expansion ---- */

static void missing_kind(struct probe_ctx *c, const struct attach_point *ap, const char *kind)
{
	struct kind_walk w;
	struct nearest n;
	struct diag *d;

	if (c->lenient || c->missing == MISSING_IGNORE)
		return;
	d = c->missing == MISSING_WARN
	    ? diag_warning(c->diags, ap->loc, DIAG_NO_MATCH, "iter %s not available for your "
			   "kernel version. Skipping.", kind)
	    : diag_error(c->diags, ap->loc, DIAG_NO_MATCH, "iter %s not available for your "
			 "kernel version.", kind);
	collect_kinds(c, &w);
	nearest_start(&n, kind);
	for (size_t i = 0; i < w.names.n; i++)
		nearest_try(&n, w.names.at[i]);
	if (n.best)
		diag_hint(c->diags, d, "did you mean iter:%s?", n.best);
}

static bool check_parts(struct probe_ctx *c, const struct attach_point *ap)
{
	if (ap_nr_args(ap) < 1 || ap_nr_args(ap) > 2)
		ap_error(c, ap, DIAG_ATTACH_POINT,
			 "iter probe type takes 2 arguments (1 optional)");
	else if (has_wildcard(ap_arg(ap, 0)))
		ap_error(c, ap, DIAG_ATTACH_POINT, "iter probe type does not support wildcards");
	else if (!c->btf)
		ap_error(c, ap, DIAG_NO_BTF,
			 "iter probes need BTF, which this kernel does not have");
	else
		return true;
	return false;
}

static const char *pin_path(struct probe_ctx *c, const char *name)
{
	return *name == '/' ? name : arena_printf(c->arena, "/sys/fs/bpf/%s", name);
}

static void expand_iter(struct probe_ctx *c, const struct provider *p,
			const struct attach_point *ap, site_vec *out)
{
	struct probe_site *s;
	const char *kind;
	uint32_t id;

	if (!check_parts(c, ap))
		return;
	kind = ap_arg(ap, 0);
	id = kind_function(c, kind);
	if (ap_nr_args(ap) == 2 && !*ap_arg(ap, 1)) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "there is no name to pin the iterator to");
	} else if (is_of_map(kind)) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "iter:%s goes over what is in one map, which a "
			 "script has no name for", kind);
	} else if (!id || !kind_struct(c, kind)) {
		missing_kind(c, ap, kind);
	} else {
		s = site_add(c, p, ap, arena_printf(c->arena, "%s:%s", p->name, kind), out);
		s->image.event = name_of(c->names, kind);
		if (ap_nr_args(ap) == 2)
			s->image.path = pin_path(c, ap_arg(ap, 1));
		s->btf_id = id;
	}
}

/* ---- context and plan ---- */

/* The fields that the script sees, those of unnamed unions among them: the
 * kernel gives each pointer a union, so that it takes 8 bytes everywhere. */
static size_t add_fields(struct probe_ctx *c, struct type_struct *of, uint32_t offset,
			 struct type_field *out)
{
	const struct type_field *f;
	size_t count, n = 0;

	f = type_struct_fields(c->types, of, &count);
	for (size_t i = 0; i < count; i++) {
		struct type_field field = f[i];

		field.offset_bytes += offset;
		if (!f[i].name && f[i].type->kind == TYPE_STRUCT) {
			n += add_fields(c, f[i].type->structure, field.offset_bytes,
					out ? out + n : NULL);
			continue;
		}
		if (!f[i].name || f[i].bit_size)
			continue;
		field.type = slot_value_type(c, f[i].type);
		if (out)
			out[n] = field;
		n++;
	}
	return n;
}

static struct type_struct *iter_context(struct probe_ctx *c, struct probe_site *s, struct loc loc)
{
	const struct type *t = kbtf_type(c->btf, kind_struct(c, s->image.event));
	struct type_struct *ctx = arena_new(c->arena, struct type_struct);
	struct type_field *fields;

	(void)loc;
	if (t->kind != TYPE_STRUCT)
		return NULL;
	ctx->nr_fields = add_fields(c, t->structure, 0, NULL);
	fields = arena_array(c->arena, struct type_field, ctx->nr_fields + 1);
	add_fields(c, t->structure, 0, fields);
	ctx->name = t->structure->name;
	ctx->fields = fields;
	ctx->size_bytes = t->structure->size_bytes;
	ctx->loaded = true;
	return ctx;
}

static void plan_iter(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
		      struct image_prog *prog)
{
	(void)c;
	(void)count;
	prog->type = BPF_PROG_TYPE_TRACING;
	prog->expected_attach_type = BPF_TRACE_ITER;
	prog->attach = ATTACH_ITER;
	prog->attach_btf_id = sites[0]->btf_id;
}

/* As much of a site as its arguments need; NULL if they are not wanted. */
static struct probe_site *listed_site(struct probe_ctx *c, const char *kind,
				      const struct list_out *out)
{
	struct probe_site *s;

	if (!out->verbose)
		return NULL;
	s = arena_new(c->arena, struct probe_site);
	s->image.event = kind;
	return s;
}

struct member_list {
	struct probe_ctx *c;
	struct list_out *out;
};

static void list_member(const char *name, uint32_t type_id, void *arg)
{
	struct member_list *l = arg;

	if (strcmp(name, "meta"))
		list_typed(l->c, type_id, name, l->out);
}

static void list_iter_args(struct probe_ctx *c, struct probe_site *s, struct list_out *out)
{
	struct member_list l = { c, out };

	kbtf_c_members(c->btf, kind_struct(c, s->image.event), list_member, &l);
}

static void list_iters(struct probe_ctx *c, const struct provider *p, const char *pattern,
		       struct list_out *out)
{
	struct kind_walk w;

	if (!c->btf)
		list_lacks(c, p, LIST_NO_BTF);
	collect_kinds(c, &w);
	for (size_t i = 0; i < w.names.n; i++)
		if (wildcard_match(pattern, w.names.at[i]) && kind_function(c, w.names.at[i]))
			list_item(c, p, w.names.at[i],
				  listed_site(c, w.names.at[i], out), out);
}

const struct provider provider_iter = {
	.name = "iter",
	.alias = { "it" },
	.doc = "Runs for each object of a kind that the kernel lists, such as each task.",
	.has = HAS_CTX | HAS_CTX_STRUCT,
	.space = SPACE_KERNEL,
	.prog_type = BPF_PROG_TYPE_TRACING,
	.attach = ATTACH_ITER,
	.listed = true,
	.single_site = true,
	.sole_site = true,
	.expand = expand_iter,
	.args = iter_context,
	.plan = plan_iter,
	.list = list_iters,
	.list_args = list_iter_args,
};
