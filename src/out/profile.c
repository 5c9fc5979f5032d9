/*
 * Stacks of maps as samples: see profile.h.
 *
 * In: map events whose keys hold stacks. Out: samples, each a list of sites from
 * the root on. Names, functions and sites are kept once and numbered; a sample
 * costs 4 bytes a frame. Invariant: `kept` samples of a map come from prints that
 * it was emptied after, those behind them from its last print.
 */
#include "out/profile.h"

#include "base/names.h"
#include "base/vec.h"
#include "out/json.h"
#include "out/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COMPACT_SAMPLES 65536

typedef VEC(struct profile_sample) sample_vec;

struct map_samples {
	const char *name;
	sample_vec samples;
	size_t kept;
	size_t compacted;	/* so many were left when equal ones were added up last */
};

struct profile {
	struct arena arena;	/* all but texts in the making */
	struct names names;
	struct hmap function_ids, site_ids;	/* to the number + 1 */
	struct hmap stacks;	/* sites to their one copy */
	VEC(struct profile_function) functions;
	VEC(struct profile_site) sites;
	VEC(struct map_samples) maps;
	VEC(const char *) map_names;	/* of the view */
	VEC(uint32_t) stack;		/* of the sample in the making */
	sample_vec view;
	struct sbuf text;
	uint64_t nr_negative;
	bool out_of_memory;
	bool merges;
};

/* ---- life ---- */

int profile_open(struct profile **out, bool merges)
{
	struct profile *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	arena_init(&p->arena);
	names_init(&p->names, &p->arena);
	hmap_init(&p->function_ids, &p->arena);
	hmap_init(&p->site_ids, &p->arena);
	hmap_init(&p->stacks, &p->arena);
	p->merges = merges;
	*out = p;
	return 0;
}

void profile_close(struct profile *p)
{
	if (!p)
		return;
	arena_free(&p->arena);
	sbuf_close(&p->text);
	free(p);
}

/* ---- numbers for functions and sites ---- */

struct function_key {
	const char *name, *module, *build_id, *file;	/* interned */
	uint64_t kind;
};

static const char *intern(struct profile *p, const char *text)
{
	return text ? name_of(&p->names, text) : NULL;
}

static uint32_t function_id(struct profile *p, const struct profile_function *f)
{
	const struct function_key key = {
		intern(p, f->name), intern(p, f->module), intern(p, f->build_id),
		intern(p, f->file), f->kind,
	};
	uintptr_t id = (uintptr_t)hmap_find(&p->function_ids, &key, sizeof(key));

	if (id)
		return (uint32_t)(id - 1);
	vec_push(&p->arena, &p->functions,
		 ((struct profile_function){ .name = key.name, .module = key.module,
					     .build_id = key.build_id, .file = key.file,
					     .kind = f->kind }));
	hmap_set(&p->function_ids, &key, sizeof(key), (void *)(uintptr_t)p->functions.n);
	return (uint32_t)(p->functions.n - 1);
}

/* A site in function `f`, of which `frame` knows more; it may be NULL. */
static uint32_t site_id(struct profile *p, const struct profile_function *f,
			const struct sonde_frame *frame)
{
	const uint64_t key[4] = {
		function_id(p, f), frame ? frame->line : 0, frame && frame->is_inlined,
		frame ? frame->module_offset : 0,
	};
	uintptr_t id = (uintptr_t)hmap_find(&p->site_ids, key, sizeof(key));

	if (id)
		return (uint32_t)(id - 1);
	vec_push(&p->arena, &p->sites,
		 ((struct profile_site){ .function = (uint32_t)key[0], .line = (uint32_t)key[1],
					 .is_inlined = key[2], .address = key[3] }));
	hmap_set(&p->site_ids, key, sizeof(key), (void *)(uintptr_t)p->sites.n);
	return (uint32_t)(p->sites.n - 1);
}

/* ---- keys ---- */

static bool has_stack(const struct sonde_value *v)
{
	if (v->kind == SONDE_VALUE_STACK)
		return true;
	for (size_t i = 0; i < v->nr_items; i++)
		if (has_stack(&v->items[i]))
			return true;
	return false;
}

static void add_part(struct profile *p, const char *text, const char *name)
{
	const struct profile_function f = {
		.name = *text ? text : "-", .module = name, .kind = PROFILE_PART,
	};
	uint32_t site = site_id(p, &f, NULL);

	vec_push(&p->arena, &p->stack, site);
}

static bool is_nest(const struct sonde_value *v)
{
	return v->kind == SONDE_VALUE_TUPLE || v->kind == SONDE_VALUE_RECORD;
}

/* What is no stack, each member of a tuple for itself. */
static void add_parts(struct profile *p, const struct sonde_value *v, const char *name)
{
	if (v->kind == SONDE_VALUE_STACK)
		return;
	if (is_nest(v)) {
		for (size_t i = 0; i < v->nr_items; i++)
			add_parts(p, &v->items[i], v->items[i].name ? v->items[i].name : name);
		return;
	}
	sbuf_clear(&p->text);
	text_value(&p->text, v);
	add_part(p, sbuf_text(&p->text), name);
}

/* Each by the name that the script gives it. */
static void add_key_parts(struct profile *p, const struct sonde_event *e,
			  const struct sonde_value *key)
{
	if (e->nr_key_names < 2 || key->nr_items != e->nr_key_names) {
		add_parts(p, key, e->nr_key_names ? e->key_names[0] : "key");
		return;
	}
	for (size_t i = 0; i < key->nr_items; i++)
		add_parts(p, &key->items[i], e->key_names[i]);
}

/* Without a name a frame is what lies in its file. */
static const char *frame_name(struct profile *p, const struct sonde_value *v)
{
	const struct sonde_frame *f = v->frame;
	const char *slash;

	if (!f)
		return *v->text ? v->text : "-";
	if (f->function && *f->function)
		return f->function;
	slash = f->module ? strrchr(f->module, '/') : NULL;
	sbuf_clear(&p->text);
	sbuf_printf(&p->text, "[%s]", slash && slash[1] ? slash + 1 : f->module ? f->module
									       : "unknown");
	return sbuf_text(&p->text);
}

/* Is the function the one that was added last? */
static bool is_last(const struct profile *p, const struct profile_function *f)
{
	const struct profile_function *last = p->stack.n
		? &p->functions.at[p->sites.at[p->stack.at[p->stack.n - 1]].function] : NULL;

	return last && last->kind == f->kind && !strcmp(last->name, f->name) &&
	       !strcmp(last->module ? last->module : "", f->module ? f->module : "");
}

static void add_frame(struct profile *p, const struct sonde_value *v, bool is_kernel)
{
	const struct sonde_frame *f = v->frame;
	const struct profile_function function = {
		.name = frame_name(p, v),
		.module = f ? f->module : NULL,
		.build_id = f ? f->build_id : NULL,
		.file = f ? f->file : NULL,
		.kind = is_kernel ? PROFILE_KERNEL : PROFILE_USER,
	};
	uint32_t site;

	if (p->merges && f && !f->function && is_last(p, &function))
		return;
	site = site_id(p, &function, f);
	vec_push(&p->arena, &p->stack, site);
}

static const struct sonde_value no_stack = { .text = "[no stack]" };

static void add_stacks(struct profile *p, const struct sonde_value *v, bool kernel)
{
	if (v->kind != SONDE_VALUE_STACK) {
		for (size_t i = 0; i < v->nr_items; i++)
			add_stacks(p, &v->items[i], kernel);
		return;
	}
	for (size_t i = v->nr_items; v->is_kernel == kernel && i-- > 0;)
		add_frame(p, &v->items[i], kernel);
}

/* ---- values ---- */

static const struct sonde_value *field(const struct sonde_value *v, const char *name)
{
	for (size_t i = 0; i < v->nr_items; i++)
		if (v->items[i].name && !strcmp(v->items[i].name, name))
			return &v->items[i];
	return NULL;
}

static uint64_t add_up(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* How much of an entry there is; of a histogram the number of its values. False: the
 * value is none that adds up. */
static bool weight_of(const struct sonde_value *v, uint64_t *weight, bool *is_negative)
{
	const struct sonde_value *count;

	*weight = 0;
	*is_negative = false;
	if (v->kind == SONDE_VALUE_STATS)
		v = field(v, "total");
	if (v && v->kind == SONDE_VALUE_HIST) {
		for (size_t i = 0; i < v->nr_items; i++) {
			count = field(&v->items[i], "count");
			*weight = add_up(*weight, count ? count->unsigned_number : 0);
		}
		return true;
	}
	if (!v || (v->kind != SONDE_VALUE_INT && v->kind != SONDE_VALUE_UINT))
		return false;
	*is_negative = v->kind == SONDE_VALUE_INT && v->number < 0;
	*weight = *is_negative ? 0 : v->unsigned_number;
	return true;
}

/* ---- samples ---- */

/* Sort, and make one of equal samples; returns how many are left. */
static size_t add_equal_up(struct profile_sample *at, size_t n,
			   int (*compare)(const void *, const void *, void *), void *arg)
{
	size_t left = 0;

	if (n)
		qsort_r(at, n, sizeof(*at), compare, arg);
	for (size_t i = 0; i < n; i++) {
		if (left && !compare(&at[left - 1], &at[i], arg))
			at[left - 1].weight = add_up(at[left - 1].weight, at[i].weight);
		else
			at[left++] = at[i];
	}
	return left;
}

static int compare_stacks(const void *a, const void *b, void *arg)
{
	uintptr_t x = (uintptr_t)((const struct profile_sample *)a)->sites;
	uintptr_t y = (uintptr_t)((const struct profile_sample *)b)->sites;

	(void)arg;
	return (x > y) - (x < y);
}

/* A script that prints and empties a map each second may run for days. */
static void compact(struct map_samples *m)
{
	if (m->kept < COMPACT_SAMPLES || m->kept < 2 * m->compacted)
		return;
	m->kept = m->samples.n = add_equal_up(m->samples.at, m->kept, compare_stacks, NULL);
	m->compacted = m->kept;
}

/* The one copy of what p->stack holds. */
static const uint32_t *intern_stack(struct profile *p)
{
	size_t bytes = p->stack.n * sizeof(*p->stack.at);
	uint32_t *sites = hmap_find(&p->stacks, p->stack.at, bytes);

	if (sites)
		return sites;
	sites = arena_array(&p->arena, uint32_t, p->stack.n);
	memcpy(sites, p->stack.at, bytes);
	hmap_set(&p->stacks, sites, bytes, sites);
	return sites;
}

static void add_sample(struct profile *p, struct map_samples *m, const struct sonde_event *e,
		       const struct sonde_value *key, uint64_t weight)
{
	struct profile_sample s = { .map = (uint32_t)(m - p->maps.at), .weight = weight };
	size_t parts;

	p->stack.n = 0;
	add_key_parts(p, e, key);
	parts = p->stack.n;
	add_stacks(p, key, false);
	add_stacks(p, key, true);
	if (p->stack.n == parts)
		add_frame(p, &no_stack, false);
	s.nr_sites = (uint32_t)p->stack.n;
	s.sites = intern_stack(p);
	vec_push(&p->arena, &m->samples, s);
}

static struct map_samples *map_get(struct profile *p, const char *name)
{
	struct map_samples *m;
	char *text;

	vec_each(m, &p->maps)
		if (!strcmp(m->name + 1, name))
			return m;
	text = arena_printf(&p->arena, "@%s", name);
	vec_push(&p->arena, &p->maps, (struct map_samples){ .name = text });
	return &p->maps.at[p->maps.n - 1];
}

static void add_entries(struct profile *p, const struct sonde_event *e)
{
	struct map_samples *m = map_get(p, e->name ? e->name : "");
	bool is_negative;
	uint64_t weight;

	if (!e->map_goes_on) {
		if (e->map_repeats)
			m->samples.n = m->kept;
		m->kept = m->samples.n;
		compact(m);
	}
	for (size_t i = 0; i < e->nr_entries; i++) {
		if (!weight_of(e->entries[i].value, &weight, &is_negative))
			continue;
		p->nr_negative += is_negative;
		if (weight)
			add_sample(p, m, e, e->entries[i].key, weight);
	}
}

bool profile_add(struct profile *p, const struct sonde_event *e)
{
	bool is_negative;
	uint64_t weight;
	jmp_buf oom;

	if (!e->map_is_keyed || !e->nr_entries || !has_stack(e->entries[0].key) ||
	    !weight_of(e->entries[0].value, &weight, &is_negative))
		return false;
	arena_on_oom(&p->arena, &oom);
	if (setjmp(oom))
		p->out_of_memory = true;
	else if (!p->out_of_memory)
		add_entries(p, e);
	arena_on_oom(&p->arena, NULL);
	p->out_of_memory |= p->text.failed;
	return true;
}

uint64_t profile_nr_negative(const struct profile *p)
{
	return p->nr_negative;
}

void profile_text(struct sbuf *out, const char *name)
{
	const uint8_t *s = (const uint8_t *)name;
	size_t len = strlen(name), n;

	for (size_t i = 0; i < len; i += n) {
		n = s[i] < 0x80 ? 1 : out_utf8_length(s + i, len - i);
		if (n > 1 || (n && s[i] >= ' ' && s[i] != 0x7f))
			sbuf_add(out, name + i, n);
		else
			sbuf_putc(out, '?');
		n += !n;
	}
}

/* ---- the view ---- */

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_functions(const void *a, const void *b, void *arg)
{
	const struct profile *p = arg;
	const struct profile_function *x = &p->functions.at[*(const uint32_t *)a];
	const struct profile_function *y = &p->functions.at[*(const uint32_t *)b];
	int order = compare_texts(x->name, y->name);

	if (!order)
		order = (int)x->kind - (int)y->kind;
	if (!order)
		order = compare_texts(x->module, y->module);
	return order ? order : compare_texts(x->file, y->file);
}

static void rank_functions(struct profile *p)
{
	uint32_t *order = arena_array(&p->arena, uint32_t, p->functions.n);

	for (size_t i = 0; i < p->functions.n; i++)
		order[i] = (uint32_t)i;
	if (p->functions.n)
		qsort_r(order, p->functions.n, sizeof(*order), compare_functions, p);
	for (size_t i = 0; i < p->functions.n; i++)
		p->functions.at[order[i]].rank = (uint32_t)i;
}

struct comparison {
	const struct profile *p;
	bool by_function;
};

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_two_sites(const struct comparison *c, uint32_t a, uint32_t b)
{
	const struct profile_site *x = &c->p->sites.at[a], *y = &c->p->sites.at[b];
	int order = compare_numbers(c->p->functions.at[x->function].rank,
				    c->p->functions.at[y->function].rank);

	if (order || c->by_function)
		return order;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	order = compare_numbers(x->line, y->line);
	return order ? order : x->is_inlined - y->is_inlined;
}

static int compare_samples(const void *a, const void *b, void *arg)
{
	const struct profile_sample *x = a, *y = b;
	int order = compare_numbers(x->map, y->map);

	for (uint32_t i = 0; !order && i < x->nr_sites && i < y->nr_sites; i++)
		order = compare_two_sites(arg, x->sites[i], y->sites[i]);
	return order ? order : compare_numbers(x->nr_sites, y->nr_sites);
}

/* In front of a sample's sites the name of its map. */
static void put_map_name(struct profile *p, struct profile_sample *s)
{
	const struct profile_function f = { .name = p->maps.at[s->map].name, .kind = PROFILE_MAP };
	uint32_t *sites = arena_array(&p->arena, uint32_t, s->nr_sites + 1);

	sites[0] = site_id(p, &f, NULL);
	memcpy(sites + 1, s->sites, s->nr_sites * sizeof(*sites));
	s->sites = sites;
	s->nr_sites++;
}

static int compare_maps(const void *a, const void *b)
{
	const struct map_samples *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* The samples of all maps, numbered anew: those that have any, by name. */
static void gather(struct profile *p, bool with_maps)
{
	struct map_samples *m;

	if (p->maps.n)
		qsort(p->maps.at, p->maps.n, sizeof(*p->maps.at), compare_maps);
	vec_each(m, &p->maps) {
		for (size_t i = 0; i < m->samples.n; i++) {
			m->samples.at[i].map = (uint32_t)p->map_names.n;
			vec_push(&p->arena, &p->view, m->samples.at[i]);
		}
		if (m->samples.n)
			vec_push(&p->arena, &p->map_names, m->name);
	}
	for (size_t i = 0; with_maps && p->map_names.n > 1 && i < p->view.n; i++)
		put_map_name(p, &p->view.at[i]);
}

static void make_view(struct profile *p, bool by_function, bool with_maps,
		      struct profile_view *out)
{
	struct comparison c = { p, by_function };
	size_t n;

	gather(p, with_maps);
	rank_functions(p);
	n = add_equal_up(p->view.at, p->view.n, compare_samples, &c);
	*out = (struct profile_view){
		.functions = p->functions.at, .nr_functions = p->functions.n,
		.sites = p->sites.at, .nr_sites = p->sites.n,
		.maps = p->map_names.at, .nr_maps = p->map_names.n,
		.samples = p->view.at, .nr_samples = n,
	};
}

int profile_view(struct profile *p, bool by_function, bool with_maps, struct profile_view *out)
{
	jmp_buf oom;

	arena_on_oom(&p->arena, &oom);
	if (setjmp(oom))
		p->out_of_memory = true;
	else if (!p->out_of_memory)
		make_view(p, by_function, with_maps, out);
	arena_on_oom(&p->arena, NULL);
	return p->out_of_memory ? -ENOMEM : 0;
}
