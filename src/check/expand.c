/*
 * Probes to programs.
 *
 * Each attach point is expanded to its sites on the target; the sites of a
 * probe are then grouped by what the action depends on: the provider, the
 * layout of the fields of `args` that it reads, and what the arguments that it
 * follows as pointers point to. Each group is a program with a copy of the
 * body, in which a predicate has become an `if`.
 */
#include "check/check_impl.h"

#include <linux/version.h>
#include <stdlib.h>
#include <string.h>

/* Design: from so many syscall tracepoints on, one raw program serves them. */
enum { RAW_SYSCALLS_MIN = 8 };

/* argN that is used as a pointer. */
struct followed {
	uint32_t index;
	const char *field;	/* argN->field, or NULL */
};

/* What an action looks at that may differ from site to site. */
struct demands {
	struct check *c;
	bool args, whole_args;
	bool kstack;
	bool probe;			/* which of the sites it is */
	bool registers;			/* of the place where it is: reg(), ctx */
	uint64_t argn;			/* which argN are used; bit 63: and later ones */
	VEC(const char *) fields;	/* of args */
	VEC(struct followed) followed;
};

static bool is_word(const struct node *n, const char *name)
{
	if (n->kind == NODE_IDENT)
		return !strcmp(n->u.ident.name, name);
	return n->kind == NODE_CALL && !n->u.call.args.n && !strcmp(n->u.call.name, name);
}

static bool calls(const struct node *n, const char *name)
{
	return n->kind == NODE_CALL && !strcmp(n->u.call.name, name);
}

static bool is_args(const struct node *n)
{
	if (n->kind == NODE_UNARY && n->u.unary.op == OP_DEREF)
		return is_args(n->u.unary.operand);
	return is_word(n, "args");
}

static void demand_pointer(struct demands *d, const struct node *object, const char *field)
{
	const char *name = object->kind == NODE_IDENT ? object->u.ident.name : "";
	struct followed f = { .field = field };

	if (strncmp(name, "arg", 3) || name[3] < '0' || name[3] > '9')
		return;
	f.index = (uint32_t)atoi(name + 3);
	vec_push(d->c->arena, &d->followed, f);
}

static void demand_arg(struct demands *d, const char *name)
{
	unsigned long index;

	if (strncmp(name, "arg", 3) || name[3] < '0' || name[3] > '9')
		return;
	index = strtoul(name + 3, NULL, 10);
	d->argn |= 1ull << (index < 63 ? index : 63);
}

static void scan_demands(struct node **slot, void *arg)
{
	struct demands *d = arg;
	struct node *n = *slot;

	if (!n)
		return;
	if (n->kind == NODE_FIELD && is_args(n->u.field.object)) {
		d->args = true;
		vec_push(d->c->arena, &d->fields, n->u.field.name);
		return;
	}
	if (n->kind == NODE_IDENT)
		demand_arg(d, n->u.ident.name);
	if (is_word(n, "args"))
		d->args = d->whole_args = true;
	if (calls(n, "skboutput"))
		d->args = true;		/* its packet is one of them, whatever it is called */
	if (is_word(n, "ctx") || calls(n, "reg") ||
	    (n->kind == NODE_IDENT && !strncmp(n->u.ident.name, "sarg", 4)))
		d->registers = true;
	if (is_word(n, "probe") || calls(n, "uaddr"))
		d->probe = true;
	if (is_word(n, "kstack") || calls(n, "kstack"))
		d->kstack = true;
	if (n->kind == NODE_FIELD)
		demand_pointer(d, n->u.field.object, n->u.field.name);
	else if (n->kind == NODE_INDEX)
		demand_pointer(d, n->u.index.object, NULL);
	else if (n->kind == NODE_UNARY && n->u.unary.op == OP_DEREF)
		demand_pointer(d, n->u.unary.operand, NULL);
	node_children(n, scan_demands, d);
}

/* ---- groups ---- */

static size_t count_raw(const site_vec *sites, const char *event)
{
	struct probe_site **s;
	size_t count = 0;

	vec_each(s, sites) {
		const char *raw = probes_raw_event(*s);

		count += raw && !strcmp(raw, event);
	}
	return count;
}

/* The raw tracepoint that serves this site and its like, or NULL. */
static const char *raw_event_of(const struct probe_site *s, const bool use_raw[2])
{
	const char *raw = probes_raw_event(s);

	return raw && use_raw[!strcmp(raw, "sys_exit")] ? raw : NULL;
}

static void key_add_field(struct check *c, struct sbuf *key, struct type_struct *args,
			  const char *name)
{
	uint32_t offset;
	const struct type_field *f = args ? type_field_find(c->types, args, name, &offset) : NULL;

	if (f)
		sbuf_printf(key, "|%s:%p:%u:%u:%u:%d%d", name, (const void *)f->type, offset,
			    f->bit_offset, f->bit_size, f->data_loc, f->rel_loc);
	else
		sbuf_printf(key, "|%s:none", name);
}

static void key_add_all(struct check *c, struct sbuf *key, struct type_struct *args)
{
	const struct type_field *fields;
	size_t count;

	if (!args)
		return;
	fields = type_struct_fields(c->types, args, &count);
	for (size_t i = 0; i < count; i++)
		if (fields[i].name)
			key_add_field(c, key, args, fields[i].name);
}

static void key_add_pointer(struct check *c, struct sbuf *key, struct probe_site *s,
			    uint32_t index)
{
	const struct type *t = NULL;
	const char *name = NULL;
	int nr_params = -1;

	if (s->provider->arg_type)
		t = s->provider->arg_type(&c->probe_ctx, s, index, &nr_params, &name);
	sbuf_printf(key, "|arg%u:%p:%d", index, (const void *)t,
		    nr_params >= 0 && index >= (uint32_t)nr_params);
}

/* `args` of a site; a message only if none was given before. */
static struct type_struct *site_args(struct check *c, struct probe_site *s)
{
	struct loc nowhere = { 0 };
	bool is_silent = c->diags->nr_errors > 0;

	if (!s->provider->args || !(s->provider->has & HAS_ARGS))
		return NULL;
	return provider_args(&c->probe_ctx, s, is_silent ? nowhere : s->loc);
}

static void make_key(struct demands *d, struct probe_site *s, const char *raw, struct sbuf *key)
{
	struct type_struct *args = d->args ? site_args(d->c, s) : NULL;
	const char **name;
	struct followed *f;

	sbuf_clear(key);
	sbuf_printf(key, "%p|%s|%d%d", (const void *)s->provider, raw ? raw : "", s->at_return,
		    s->places != NULL);
	if (s->provider->single_site)
		sbuf_printf(key, "|%p", (const void *)s);
	if (s->provider->attach == ATTACH_KPROBE || s->provider->attach == ATTACH_KRETPROBE)
		sbuf_puts(key, probes_links_by_address(&d->c->probe_ctx, s) ? "|address" : "|name");
	if (d->probe && !raw && !probes_have_cookies(&d->c->probe_ctx, s))
		sbuf_printf(key, "|%s", s->name);
	if (d->args)
		sbuf_puts(key, args ? "|args" : "|none");
	vec_each(name, &d->fields)
		key_add_field(d->c, key, args, *name);
	if (d->whole_args)
		key_add_all(d->c, key, args);
	vec_each(f, &d->followed)
		key_add_pointer(d->c, key, s, f->index);
}

static struct node *make_body(struct check *c, const struct probe *probe)
{
	struct node *body = node_clone(c->arena, probe->body), *outer, *branch;

	if (!probe->predicate)
		return body;
	branch = node_new(c->arena, NODE_IF, probe->predicate->loc);
	branch->u.cond.cond = node_clone(c->arena, probe->predicate);
	branch->u.cond.then = body;
	outer = node_new(c->arena, NODE_BLOCK, body->loc);
	vec_push(c->arena, &outer->u.block.stmts, branch);
	return outer;
}

static struct prog *add_prog(struct check *c, const struct probe *probe, struct probe_site *s)
{
	struct prog *p = arena_new(c->arena, struct prog);

	p->provider = s->provider;
	p->loc = probe->loc;
	p->body = make_body(c, probe);
	p->args = s->args;
	p->index = (uint32_t)c->progs.n;
	vec_push(c->arena, &c->progs, p);
	return p;
}

/* So many ways to find the arguments are in one program; the attach cookie says
 * which is a site's. */
enum { MAX_VARIANTS = 16 };

struct group {
	struct prog *prog;
	site_vec sites;
	VEC(const char *) forms;	/* of the arguments, by variant */
};

static struct group *group_find(struct demands *d, struct hmap *groups, const struct sbuf *key,
				const struct probe *probe, struct probe_site *s)
{
	struct group *g = hmap_find(groups, sbuf_text(key), key->len);

	if (g)
		return g;
	g = arena_new(d->c->arena, struct group);
	g->prog = add_prog(d->c, probe, s);
	hmap_set(groups, sbuf_text(key), key->len, g);
	return g;
}

/* The site's variant in the group. False: the group has no room for another. */
static bool find_variant(struct demands *d, struct group *g, struct probe_site *s)
{
	const char *(*arg_form)(struct probe_ctx *c, struct probe_site *s, uint64_t mask) =
		s->provider->arg_form;
	const char *form;

	if (!arg_form)
		return true;
	form = arg_form(&d->c->probe_ctx, s, d->argn);
	for (size_t i = 0; i < g->forms.n; i++)
		if (!strcmp(g->forms.at[i], form)) {
			s->image.variant = (uint32_t)i;
			return true;
		}
	if (g->forms.n && (g->forms.n == MAX_VARIANTS ||
			   !probes_have_cookies(&d->c->probe_ctx, s)))
		return false;
	s->image.variant = (uint32_t)g->forms.n;
	vec_push(d->c->arena, &g->forms, form);
	return true;
}

static void add_to_group(struct demands *d, struct hmap *groups, const struct probe *probe,
			 struct probe_site *s, const bool use_raw[2])
{
	const char *raw = raw_event_of(s, use_raw);
	struct sbuf key = { 0 };
	struct group *g;

	make_key(d, s, raw, &key);
	while (!find_variant(d, g = group_find(d, groups, &key, probe, s), s))
		sbuf_puts(&key, "|more");
	g->prog->raw_event = raw;
	g->prog->uses_args = d->args;
	vec_push(d->c->arena, &g->sites, s);
	g->prog->sites = g->sites.at;
	g->prog->nr_sites = g->sites.n;
	g->prog->nr_variants = (uint32_t)g->forms.n;
	sbuf_close(&key);
}

/* Can the arguments that the action follows be followed here? */
static bool fits(struct check *c, const struct demands *d, struct probe_site *s,
		 struct followed *missing)
{
	struct followed *f;

	if (!s->provider->arg_type)
		return true;
	vec_each(f, &d->followed) {
		const char *name = NULL;
		int nr_params = -1;
		const struct type *t = s->provider->arg_type(&c->probe_ctx, s, f->index, &nr_params,
							     &name);

		if (!pointee_has(c, t, f->field)) {
			*missing = *f;
			return false;
		}
	}
	return true;
}

/* A wildcard matches functions of many prototypes: those for which the action
 * makes no sense are left out, as long as others are left. If none are, one is
 * kept to say what is wrong. */
static void keep_fitting(struct check *c, const struct demands *d, const struct probe *probe,
			 site_vec *sites)
{
	struct followed missing = { 0 };
	struct probe_site *left_out = NULL, **s;
	size_t kept = 0, count = sites->n;

	if (!d->followed.n || count < 2)
		return;
	vec_each(s, sites) {
		struct probe_site *site = *s;

		if (fits(c, d, site, &missing))
			sites->at[kept++] = site;
		else
			left_out = site;
	}
	sites->n = kept ? kept : 1;
	if (kept && kept < count)
		check_warning(c, probe->loc, DIAG_LEFT_OUT,
			      "%zu of %zu attach points are left out: arg%u "
			      "of %s has no field '%s'",
			      count - kept, count, missing.index, left_out->name,
			      missing.field ? missing.field : "*");
}

/* From how many sites on a raw program serves system calls. Before 6.12 the
 * events themselves hand over the registers of user space, with which the kernel
 * finds no stack of its own. */
static size_t raw_syscalls_min(const struct check *c, const struct demands *d)
{
	bool blind = c->target->kernel_version < KERNEL_VERSION(6, 12, 0);
	enum mechanism wanted = c->config.attach[MECHANISM_OF_TRACEPOINT];

	if (wanted != MECHANISM_AUTO)
		return wanted == MECHANISM_TABLE ? 1 : SIZE_MAX;
	return d->kstack && blind ? 1 : RAW_SYSCALLS_MIN;
}

/* kprobe_as_fentry: what a trampoline can do as well is done by one. */
static void use_fentry(const struct demands *d, site_vec *sites)
{
	struct probe_site **s;

	if (!d->c->config.kprobe_as_fentry || d->registers)
		return;
	vec_each(s, sites) {
		const struct provider *p = (*s)->provider->as_fentry ?
			(*s)->provider->as_fentry(&d->c->probe_ctx, *s, d->argn) : NULL;

		if (p)
			(*s)->provider = p;
	}
}

static void group_sites(struct check *c, const struct probe *probe, site_vec *sites)
{
	struct demands d = { .c = c };
	bool use_raw[2] = { false, false };
	struct probe_site **s;
	struct hmap groups;
	struct node *body = probe->body, *predicate = probe->predicate;

	scan_demands(&body, &d);
	scan_demands(&predicate, &d);
	keep_fitting(c, &d, probe, sites);
	use_fentry(&d, sites);
	if (!d.args) {
		use_raw[0] = count_raw(sites, "sys_enter") >= raw_syscalls_min(c, &d);
		use_raw[1] = count_raw(sites, "sys_exit") >= raw_syscalls_min(c, &d);
	}
	hmap_init(&groups, c->arena);
	vec_each(s, sites)
		add_to_group(&d, &groups, probe, *s, use_raw);
}

static void note_names(struct check *c, const site_vec *sites)
{
	struct probe_site **s;

	vec_each(s, sites) {
		uint32_t len = (uint32_t)strlen((*s)->name);

		if (len > c->state->longest_probe_name)
			c->state->longest_probe_name = len;
	}
}

static void no_attach_points(struct check *c, const struct probe *probe, bool has_been_told)
{
	if (c->config.missing_probes == MISSING_WARN)
		check_warning(c, probe->loc, DIAG_NO_ATTACH_POINTS,
			      "Probe has no valid attach points. It is being removed which may "
			      "cause issues with program behavior.");
	else if (c->config.missing_probes == MISSING_ERROR && !has_been_told)
		check_hint(c, check_error(c, probe->loc, DIAG_NO_ATTACH_POINTS,
					  "Probe has no valid attach points."),
			   "if this is expected, set the 'missing_probes' config variable to "
			   "'warn'");
}

/* Scripts for several kernels name a function by all of its names: the one that was
 * followed to another of them is left out. */
static void drop_followed_twice(site_vec *sites)
{
	size_t kept = 0;

	for (size_t i = 0; i < sites->n; i++) {
		const struct probe_site *s = sites->at[i];
		bool again = false;

		for (size_t k = 0; s->is_renamed && k < sites->n && !again; k++)
			again = k != i && sites->at[k]->provider == s->provider &&
				sites->at[k]->image.function == s->image.function &&
				(!sites->at[k]->is_renamed || k < i);
		if (!again)
			sites->at[kept++] = sites->at[i];
	}
	sites->n = kept;
}

/* Is an attach point among others that wants to be the only one of its probe? */
static void check_sole(struct check *c, const site_vec *sites)
{
	for (size_t i = 0; i < sites->n && sites->n > 1; i++) {
		const struct provider *p = sites->at[i]->provider;

		if (!p->sole_site)
			continue;
		check_error(c, sites->at[i ? i : 1]->loc, DIAG_ATTACH_POINT,
			    "%s probe only supports one attach point.", p->name);
		return;
	}
}

/* Names of tests are what their results are told by. */
static void check_unique(struct check *c, const struct probe_site *s)
{
	struct hmap *names = &c->state->unique_names;
	const struct probe_site *first = hmap_find(names, s->spelled, strlen(s->spelled));
	struct diag *d;

	if (!first) {
		hmap_set(names, s->spelled, strlen(s->spelled), (void *)s);
		return;
	}
	d = check_error(c, s->loc, DIAG_ATTACH_POINT,
			"\"%s\" was used as the name for more than one %s probe",
			strchr(s->spelled, ':') + 1, s->provider->name);
	diag_note(c->diags, d, first->loc, "this is the other one");
}

/* Of the sites those that --probe-filter lets pass. What the session runs itself does
 * always. */
static bool passes_filter(const struct check *c, const struct probe_site *s)
{
	enum attach_kind kind = s->provider->attach;

	if (kind == ATTACH_BEGIN || kind == ATTACH_END || kind == ATTACH_SIGNAL)
		return true;
	return !regexec(c->options->filter, s->name, 0, NULL, 0);
}

static void filter_sites(const struct check *c, site_vec *sites)
{
	size_t kept = 0;

	if (!c->options->filter)
		return;
	for (size_t i = 0; i < sites->n; i++)
		if (passes_filter(c, sites->at[i]))
			sites->at[kept++] = sites->at[i];
	sites->n = kept;
}

/* Attach points with different arguments have a program each. */
static void check_programs(struct check *c, const struct probe *probe, size_t made)
{
	if (made > c->config.max_bpf_progs)
		check_hint(c, check_error(c, probe->loc, DIAG_TOO_MANY_PROGRAMS,
					  "this probe needs %zu programs, the limit is %u", made,
					  c->config.max_bpf_progs),
			   "raise the limit with max_bpf_progs");
}

static void expand_probe(struct check *c, const struct probe *probe)
{
	struct probe_site **s;
	size_t before = c->progs.n;
	int errors = c->diags->nr_errors, warnings = c->diags->nr_warnings;
	struct attach_point **ap;
	site_vec sites = { 0 };

	vec_each(ap, &probe->attach_points)
		probes_expand(&c->probe_ctx, *ap, &sites);
	if (!sites.n)
		no_attach_points(c, probe, c->diags->nr_errors != errors ||
				 c->diags->nr_warnings != warnings);
	c->state->misses_a_probe |= !sites.n && c->diags->nr_errors != errors;
	drop_followed_twice(&sites);
	check_sole(c, &sites);
	vec_each(s, &sites)
		if ((*s)->provider->unique_name)
			check_unique(c, *s);
	filter_sites(c, &sites);
	note_names(c, &sites);
	group_sites(c, probe, &sites);
	check_programs(c, probe, c->progs.n - before);
	if (c->state->nr_sites <= c->config.max_probes)
		c->state->last_probe = probe;
	c->state->nr_sites += sites.n;
}

/* Once is enough: what is missed is counted by probe. */
static void guard_helpers(struct check *c)
{
	struct prog **p;

	vec_each(p, &c->progs) {
		const struct probe_site *s = (*p)->nr_sites ? (*p)->sites[0] : NULL;

		if (c->is_guarded || !s || !probes_is_in_helpers(s))
			continue;
		c->is_guarded = true;
		check_warning(c, s->loc, DIAG_IN_HELPERS,
			      "%s is also called by what programs do: events within a program of "
			      "this script are not traced, but counted as lost", s->name);
	}
}

static void check_mechanisms(struct check *c)
{
	struct prog **p;

	vec_each(p, &c->progs) {
		struct site_set set = { (*p)->sites, (*p)->nr_sites, (*p)->raw_event,
					(*p)->at_return || (*p)->in_session };

		if (set.count)
			probes_check_mechanism(&c->probe_ctx, &set);
	}
}

void expand_probes(struct check *c)
{
	struct probe **probe;

	c->probe_ctx = (struct probe_ctx){
		.arena = c->arena, .names = c->names, .diags = c->diags, .types = c->types,
		.target = c->target, .btf = c->btf, .pid = c->options->pid,
		.has_child = c->options->has_child,
		.unsafe_mode = c->options->unsafe_mode, .missing = c->config.missing_probes,
		.attach = c->config.attach,
	};
	vec_each(probe, &c->script->probes)
		expand_probe(c, *probe);
	if (c->state->nr_sites > c->config.max_probes)
		check_hint(c, check_error(c, c->state->last_probe->loc, DIAG_TOO_MANY_PROBES,
					  "%zu attach points exceed the limit of %u",
					  c->state->nr_sites, c->config.max_probes),
			   "raise the limit with max_probes");
	pair_programs(c);
	check_mechanisms(c);
	guard_helpers(c);
}
