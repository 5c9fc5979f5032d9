/*
 * Names of the running kernel: events, functions, symbols, modules.
 *
 * In: tracefs and /proc. Out: sorted lists and addresses. The big files
 * (available_filter_functions, /proc/kallsyms) cost 50 to 100 ms and are read
 * only when an answer needs them; BTF answers for one function in 1 ms.
 */
#include "kernel/live_impl.h"

#include "kernel/tracefs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef VEC(const char *) name_vec;

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_unique(name_vec *v)
{
	size_t kept = 0;

	if (v->n)
		qsort(v->at, v->n, sizeof(*v->at), by_text);
	for (size_t i = 0; i < v->n; i++)
		if (!kept || strcmp(v->at[kept - 1], v->at[i]))
			v->at[kept++] = v->at[i];
	v->n = kept;
}

/* The first words of all lines of an arena text, which is cut up for it. */
static void first_words(struct arena *a, char *text, name_vec *out)
{
	while (*text) {
		size_t word = strcspn(text, " \t\n"), line = strcspn(text, "\n");
		char *next = text + line + (text[line] == '\n');

		text[word] = 0;
		if (word)
			vec_push(a, out, text);
		text = next;
	}
}

/* ---- events ---- */

static int each_entry(int dir_fd, const char *path, bool (*each)(const char *name, void *arg),
		      void *arg)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return err;
	}
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && entry->d_type == DT_DIR && !each(entry->d_name, arg))
			break;
	closedir(dir);
	return 0;
}

struct event_walk {
	struct live *l;
	const char *category;
	name_vec *out;
};

static bool add_event(const char *name, void *arg)
{
	struct event_walk *w = arg;
	const char *event = arena_printf(w->l->arena, "%s:%s", w->category, name);

	vec_push(w->l->arena, w->out, event);
	return true;
}

static bool add_category(const char *name, void *arg)
{
	struct event_walk *w = arg;

	w->category = name;
	each_entry(w->l->tracefs_fd, arena_printf(w->l->arena, "events/%s", name), add_event, w);
	return true;
}

int live_events(void *arg, const char *const **list, size_t *count)
{
	struct live *l = arg;
	struct sbuf text = { 0 };
	name_vec found = { 0 };
	struct event_walk walk = { .l = l, .out = &found };
	int fd = live_tracefs(l), err;

	if (fd < 0)
		return fd;
	if (!l->events) {
		err = tracefs_read(fd, "available_events", &text);
		if (!err)
			first_words(l->arena, arena_strdup(l->arena, sbuf_text(&text)), &found);
		else
			err = each_entry(fd, "events", add_category, &walk);
		sbuf_close(&text);
		if (err)
			return err;
		sort_unique(&found);
		l->events = found.at ? found.at : arena_array(l->arena, const char *, 1);
		l->nr_events = found.n;
	}
	*list = l->events;
	*count = l->nr_events;
	return 0;
}

/* ---- symbols ---- */

static const char *kallsyms(struct live *l)
{
	if (!l->kallsyms_tried) {
		l->kallsyms_tried = true;
		if (tracefs_read(AT_FDCWD, "/proc/kallsyms", &l->kallsyms))
			sbuf_clear(&l->kallsyms);
	}
	return sbuf_text(&l->kallsyms);
}

/* The line "address type name" or "address type name\t[module]" of a symbol;
 * `types`: letters that it may have, NULL: any. */
static const char *symbol_line(struct live *l, const char *name, const char *types)
{
	const char *text = kallsyms(l), *at = text;
	size_t len = strlen(name);

	if (!len)
		return NULL;
	for (; (at = strstr(at, name)); at++) {
		const char *line = at;

		if (at - text < 3 || at[-1] != ' ' || (at[len] != '\n' && at[len] != '\t'))
			continue;
		if (types && !strchr(types, at[-2]))
			continue;
		while (line > text && line[-1] != '\n')
			line--;
		return line;
	}
	return NULL;
}

int live_symbol(void *arg, const char *name, uint64_t *address)
{
	const char *line = symbol_line(arg, name, NULL);
	uint64_t value = line ? strtoull(line, NULL, 16) : 0;

	if (!line)
		return -ENOENT;
	if (!value)
		return -EPERM;	/* kernel.kptr_restrict */
	*address = value;
	return 0;
}

/* ---- functions ---- */

static const char function_types[] = "tTwW";

static bool add_function(uint32_t id, const char *name, void *arg)
{
	struct event_walk *w = arg;

	(void)id;
	if (*name)
		vec_push(w->l->arena, w->out, name);
	return true;
}

/* Names of functions in kallsyms, from a copy of it. */
static void function_symbols(struct live *l, name_vec *out)
{
	char *at = arena_strdup(l->arena, kallsyms(l));

	while (*at) {
		size_t line = strcspn(at, "\n");
		char *next = at + line + (at[line] == '\n'), *type = strchr(at, ' ');

		at[line] = 0;
		if (type && type[1] && strchr(function_types, type[1]) && type[2] == ' ') {
			char *name = type + 3;

			name[strcspn(name, "\t\n")] = 0;
			vec_push(l->arena, out, name);
		}
		at = next;
	}
}

/* Keep what is in `other`, too; both sorted. */
static void intersect(name_vec *v, const name_vec *other)
{
	size_t kept = 0;

	for (size_t i = 0, j = 0; i < v->n && j < other->n; ) {
		int order = strcmp(v->at[i], other->at[j]);

		if (!order)
			v->at[kept++] = v->at[i];
		i += order <= 0;
		j += order >= 0;
	}
	v->n = kept;
}

/* Where the kernel does not say what can be traced: functions that BTF
 * describes (those have an entry that ftrace can use, nearly always) and that
 * are symbols. Without BTF: all symbols of functions. */
static void guess_functions(struct live *l, name_vec *found)
{
	struct event_walk walk = { .l = l, .out = found };
	name_vec symbols = { 0 };

	function_symbols(l, &symbols);
	sort_unique(&symbols);
	if (!live_kbtf(l)) {
		*found = symbols;
		return;
	}
	kbtf_each(l->kbtf, KBTF_FUNC, add_function, &walk);
	sort_unique(found);
	if (symbols.n)
		intersect(found, &symbols);
}

int live_functions(void *arg, const char *const **list, size_t *count)
{
	struct live *l = arg;
	struct sbuf text = { 0 };
	name_vec found = { 0 };
	int fd = live_tracefs(l);

	if (!l->functions) {
		if (fd >= 0 && !tracefs_read(fd, "available_filter_functions", &text) && text.len) {
			first_words(l->arena, arena_strdup(l->arena, sbuf_text(&text)), &found);
			sort_unique(&found);
		} else {
			guess_functions(l, &found);
		}
		sbuf_close(&text);
		l->functions = found.at ? found.at : arena_array(l->arena, const char *, 1);
		l->nr_functions = found.n;
	}
	*list = l->functions;
	*count = l->nr_functions;
	return 0;
}

bool live_has_function(void *arg, const char *name)
{
	struct live *l = arg;

	if (l->functions)
		return bsearch(&name, l->functions, l->nr_functions, sizeof(*l->functions),
			       by_text);
	if (live_kbtf(l) && kbtf_find(l->kbtf, name, KBTF_FUNC))
		return true;
	return symbol_line(l, name, function_types);
}

/* ---- modules ---- */

bool live_has_module(void *arg, const char *name)
{
	struct sbuf text = { 0 };
	size_t len = strlen(name);
	bool found = !strcmp(name, "vmlinux");
	const char *at;

	(void)arg;
	if (!found && !tracefs_read(AT_FDCWD, "/proc/modules", &text))
		for (at = sbuf_text(&text); *at && !found; at += strcspn(at, "\n") + 1) {
			found = !strncmp(at, name, len) && at[len] == ' ';
			if (!strchr(at, '\n'))
				break;
		}
	sbuf_close(&text);
	return found;
}
