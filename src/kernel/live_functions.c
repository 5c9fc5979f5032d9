/*
 * Functions and modules of the running kernel: which can be traced, and what
 * BTF says of them.
 *
 * In: tracefs, /proc, sysfs, the kernel's records. Out: sorted lists, and the BTF of modules.
 * The list of what can be traced costs 10 to 100 ms and is read only when an answer needs
 * it; BTF answers for one function in 1 ms. Where the kernel does not tell, the
 * functions that BTF describes and that are symbols stand in: those have an
 * entry that ftrace can use, nearly always.
 */
#include "kernel/live_impl.h"
#include "kernel/tracefs.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define CORE "vmlinux"

/* A module, the core kernel among them, and its functions. */
struct live_module {
	const char *name;
	live_names functions;
	const void *btf;
	size_t btf_bytes;
	int btf_err;		/* 1: not asked for yet */
};

static struct live_module *module_find(struct live *l, const char *name, size_t len)
{
	return hmap_find(&l->modules, name, len);
}

static struct live_module *module_get(struct live *l, const char *name, size_t len)
{
	struct live_module *m = module_find(l, name, len);

	if (m)
		return m;
	m = arena_new(l->arena, struct live_module);
	m->name = arena_strndup(l->arena, name, len);
	m->btf_err = 1;
	hmap_set(&l->modules, m->name, len, m);
	vec_push(l->arena, &l->module_names, m->name);
	return m;
}

/* ---- what can be traced ---- */

/* A line of the list: the first letters of the name make most comparisons one of numbers. */
struct live_function {
	uint64_t start[2];	/* big-endian numbers, so that they sort as the text does */
	const char *name;
	uint64_t address;	/* 0: not known */
	struct live_module *module;
};

static int by_name(const void *a, const void *b)
{
	const struct live_function *x = a, *y = b;

	for (int i = 0; i < 2; i++)
		if (x->start[i] != y->start[i])
			return x->start[i] < y->start[i] ? -1 : 1;
	return x->start[1] & 0xff ? strcmp(x->name, y->name) : 0;
}

/* Those of one name as they lie in memory. */
static int by_name_and_address(const void *a, const void *b)
{
	const struct live_function *x = a, *y = b;
	int order = by_name(a, b);

	return order ? order : (x->address > y->address) - (x->address < y->address);
}

static void add_function(struct live *l, const char *name, size_t len, uint64_t address,
			 struct live_module *m)
{
	struct live_function f = { .name = name, .address = address, .module = m };

	memcpy(f.start, name, len < sizeof(f.start) ? len : sizeof(f.start));
	for (int i = 0; i < 2; i++)
		f.start[i] = be64toh(f.start[i]);
	if (len)
		vec_push(l->arena, &l->function_list, f);
}

/* Cut "NAME" or "NAME [MODULE]" off the text. */
static void add_line(struct live *l, char *line)
{
	size_t name = strcspn(line, " \t");
	char *open = line[name] ? strchr(line + name, '[') : NULL;
	char *close = open ? strchr(open, ']') : NULL;
	struct live_module *m = close ? module_get(l, open + 1, (size_t)(close - open - 1))
				      : l->core;

	line[name] = 0;
	add_function(l, line, name, 0, m);
}

static void each_line(struct live *l, char *text, void (*each)(struct live *l, char *line))
{
	while (*text) {
		size_t line = strcspn(text, "\n");
		char *next = text + line + (text[line] == '\n');

		text[line] = 0;
		each(l, text);
		text = next;
	}
}

static void add_ksym(struct live *l, const struct live_ksym *s)
{
	struct live_module *m = s->module ? module_get(l, s->module, strlen(s->module)) : l->core;

	add_function(l, s->name, strlen(s->name), s->address, m);
}

static bool add_described(uint32_t id, const char *name, void *arg)
{
	struct live *l = arg;

	(void)id;
	add_function(l, name, strlen(name), 0, NULL);
	return true;
}

/* Of a sorted list of symbols of the core kernel and of names that BTF describes, which are of no
 * module: keep the symbols that are described. */
static void keep_described(live_function_list *v)
{
	size_t kept = 0;

	for (size_t i = 0, end; i < v->n; i = end) {
		bool is_described = false;

		for (end = i; end < v->n && !by_name(&v->at[i], &v->at[end]); end++)
			is_described |= !v->at[end].module;
		for (; i < end; i++)
			if (v->at[i].module &&
			    (is_described || strcmp(v->at[i].module->name, CORE) != 0))
				v->at[kept++] = v->at[i];
	}
	v->n = kept;
}

static void sort_functions(struct live *l)
{
	if (l->function_list.n)
		qsort(l->function_list.at, l->function_list.n, sizeof(*l->function_list.at),
		      by_name_and_address);
}

/* Sorted. Of the symbols, keep those that BTF describes. Without symbols: all that it
 * describes. */
static void guess_functions(struct live *l)
{
	const live_ksym_list *all = live_ksyms(l);
	const struct live_ksym *symbol;
	bool has_symbols;

	vec_each(symbol, all)
		add_ksym(l, symbol);
	has_symbols = l->function_list.n;
	if (live_kbtf(l))
		kbtf_each(l->kbtf, KBTF_FUNC, add_described, l);
	sort_functions(l);
	if (!l->kbtf)
		return;
	if (!has_symbols) {
		for (size_t i = 0; i < l->function_list.n; i++)
			l->function_list.at[i].module = l->core;
		return;
	}
	keep_described(&l->function_list);
}

/* The list that the kernel gives, or the one to use instead. */
static bool read_list(struct live *l, struct sbuf *text)
{
	int fd;

	if (l->functions_file)
		return !tracefs_read(AT_FDCWD, l->functions_file, text);
	fd = live_tracefs(l);
	return fd >= 0 && !tracefs_read(fd, "available_filter_functions", text) && text->len;
}

static bool is_last(const live_names *v, const char *name)
{
	return v->n && !strcmp(v->at[v->n - 1], name);
}

/* From the sorted list: each name once, those that stand there several times, and each module's
 * own. */
static void split_list(struct live *l, live_names *all)
{
	for (size_t i = 0; i < l->function_list.n; i++) {
		const struct live_function *f = &l->function_list.at[i];

		if (!is_last(all, f->name))
			vec_push(l->arena, all, f->name);
		else if (!is_last(&l->ambiguous, f->name))
			vec_push(l->arena, &l->ambiguous, f->name);
		if (!is_last(&f->module->functions, f->name))
			vec_push(l->arena, &f->module->functions, f->name);
	}
}

static void list_functions(struct live *l)
{
	struct sbuf text = { 0 };
	live_names all = { 0 };

	l->core = module_get(l, CORE, strlen(CORE));
	if (!l->functions_file && live_ftrace_functions(l, add_ksym)) {
		l->has_entries = true;
		sort_functions(l);
	} else if (read_list(l, &text)) {
		each_line(l, arena_strdup(l->arena, sbuf_text(&text)), add_line);
		sort_functions(l);
	} else {
		guess_functions(l);
	}
	sbuf_close(&text);
	split_list(l, &all);
	l->functions = all.at ? all.at : arena_array(l->arena, const char *, 1);
	l->nr_functions = all.n;
}

int live_functions(void *arg, const char *const **list, size_t *count)
{
	struct live *l = arg;

	if (!l->functions)
		list_functions(l);
	*list = l->functions;
	*count = l->nr_functions;
	return 0;
}

bool live_function_is_ambiguous(void *arg, const char *name)
{
	struct live *l = arg;

	return l->ambiguous.n && bsearch(&name, l->ambiguous.at, l->ambiguous.n,
					 sizeof(*l->ambiguous.at), live_by_text);
}

bool live_has_function(void *arg, const char *name)
{
	struct live *l = arg;

	if (l->functions_file && !l->functions)
		list_functions(l);
	if (l->functions)
		return bsearch(&name, l->functions, l->nr_functions, sizeof(*l->functions),
			       live_by_text);
	if (live_kbtf(l) && kbtf_find(l->kbtf, name, KBTF_FUNC))
		return true;
	return live_ksym_next(l, name, NULL);
}

/* ---- where they are ---- */

bool live_knows_addresses(void *arg)
{
	const struct live *l = arg;

	return l->has_entries || l->ksym_index;
}

typedef VEC(uint64_t) address_list;

static int by_first_name(const void *a, const void *b)
{
	return strcmp(((const struct live_function *)a)->name,
		      ((const struct live_function *)b)->name);
}

/* Of the list; by address, as the kernel has those that are its own. */
static void listed_addresses(struct live *l, const char *module, const char *name,
			     address_list *out)
{
	const struct live_function wanted = { .name = name };
	const struct live_function *f, *first = l->function_list.at;
	const struct live_function *end = first + l->function_list.n;

	f = bsearch(&wanted, first, l->function_list.n, sizeof(*first), by_first_name);
	while (f && f > first && !strcmp(f[-1].name, name))
		f--;
	for (; f && f < end && !strcmp(f->name, name); f++)
		if (!module || !strcmp(f->module->name, module))
			vec_push(l->arena, out, f->address);
}

/* Of all symbols. */
static void symbol_addresses(struct live *l, const char *module, const char *name,
			     address_list *out)
{
	const struct live_ksym *s = NULL;

	while ((s = live_ksym_next(l, name, s)))
		if (s->address &&
		    (!module || !strcmp(s->module ? s->module : CORE, module)))
			vec_push(l->arena, out, s->address);
}

int live_function_addresses(void *arg, const char *module, const char *name,
			    const uint64_t **list, size_t *count)
{
	struct live *l = arg;
	address_list found = { 0 };

	if (l->has_entries)
		listed_addresses(l, module, name, &found);
	if (!found.n)
		symbol_addresses(l, module, name, &found);
	*list = found.at;
	*count = found.n;
	return found.n ? 0 : -ENOENT;
}

/* ---- modules ---- */

static void add_loaded(struct live *l, char *line)
{
	size_t name = strcspn(line, " ");

	if (name)
		module_get(l, line, name);
}

/* /proc/modules lists those that are loaded, whether functions of theirs can be
 * traced or not. */
static void list_modules(struct live *l)
{
	struct sbuf text = { 0 };

	if (l->modules_known)
		return;
	l->modules_known = true;
	module_get(l, CORE, strlen(CORE));
	if (!tracefs_read(AT_FDCWD, "/proc/modules", &text))
		each_line(l, arena_strdup(l->arena, sbuf_text(&text)), add_loaded);
	sbuf_close(&text);
}

bool live_has_module(void *arg, const char *name)
{
	struct live *l = arg;

	list_modules(l);
	return module_find(l, name, strlen(name));
}

int live_modules(void *arg, const char *const **list, size_t *count)
{
	struct live *l = arg;

	list_modules(l);
	live_sort_unique(&l->module_names);
	*list = l->module_names.at;
	*count = l->module_names.n;
	return 0;
}

int live_module_functions(void *arg, const char *module, const char *const **list, size_t *count)
{
	struct live *l = arg;
	struct live_module *m;

	list_modules(l);
	if (!l->functions)
		list_functions(l);
	m = module_find(l, module, strlen(module));
	if (!m)
		return -ENOENT;
	*list = m->functions.at;
	*count = m->functions.n;
	return 0;
}

static int read_btf(struct live *l, struct live_module *m)
{
	struct sbuf bytes = { 0 };
	int err = strchr(m->name, '/') ? -ENOENT :
		  tracefs_read(AT_FDCWD, arena_printf(l->arena, "/sys/kernel/btf/%s", m->name),
			       &bytes);

	if (!err) {
		void *copy = arena_alloc(l->arena, bytes.len);

		memcpy(copy, sbuf_text(&bytes), bytes.len);
		m->btf = copy;
		m->btf_bytes = bytes.len;
	}
	sbuf_close(&bytes);
	return err;
}

int live_module_btf(void *arg, const char *module, const void **data, size_t *size)
{
	struct live *l = arg;
	struct live_module *m;

	list_modules(l);
	m = module_find(l, module, strlen(module));
	if (!m || !strcmp(module, CORE))
		return -ENOENT;
	if (m->btf_err == 1)
		m->btf_err = read_btf(l, m);
	*data = m->btf;
	*size = m->btf_bytes;
	return m->btf_err;
}
