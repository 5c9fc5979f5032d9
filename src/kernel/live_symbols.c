/*
 * Names of the running kernel: events and symbols.
 *
 * In: tracefs and /proc. Out: sorted lists and addresses. /proc/kallsyms costs
 * 50 to 100 ms and is read only when an answer needs it.
 */
#include "kernel/live_impl.h"

#include "kernel/tracefs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int live_by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void live_sort_unique(live_names *v)
{
	size_t kept = 0;

	if (v->n)
		qsort(v->at, v->n, sizeof(*v->at), live_by_text);
	for (size_t i = 0; i < v->n; i++)
		if (!kept || strcmp(v->at[kept - 1], v->at[i]))
			v->at[kept++] = v->at[i];
	v->n = kept;
}

/* The first words of all lines of an arena text, which is cut up for it. */
static void first_words(struct arena *a, char *text, live_names *out)
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
	live_names *out;
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
	live_names found = { 0 };
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
		live_sort_unique(&found);
		l->events = found.at ? found.at : arena_array(l->arena, const char *, 1);
		l->nr_events = found.n;
	}
	*list = l->events;
	*count = l->nr_events;
	return 0;
}

/* ---- symbols ---- */

const char *live_kallsyms(struct live *l)
{
	if (!l->kallsyms_tried) {
		l->kallsyms_tried = true;
		if (tracefs_read(AT_FDCWD, "/proc/kallsyms", &l->kallsyms))
			sbuf_clear(&l->kallsyms);
	}
	return sbuf_text(&l->kallsyms);
}

/* The line "ADDRESS TYPE NAME" or "ADDRESS TYPE NAME\t[MODULE]" of a symbol. */
static const char *symbol_line(struct live *l, const char *name)
{
	const char *text = live_kallsyms(l), *at = text;
	size_t len = strlen(name);

	if (!len)
		return NULL;
	for (; (at = strstr(at, name)); at++) {
		const char *line = at;

		if (at - text < 3 || at[-1] != ' ' || (at[len] != '\n' && at[len] != '\t'))
			continue;
		while (line > text && line[-1] != '\n')
			line--;
		return line;
	}
	return NULL;
}

int live_symbol(void *arg, const char *name, uint64_t *address)
{
	const char *line = symbol_line(arg, name);
	uint64_t value = line ? strtoull(line, NULL, 16) : 0;

	if (!line)
		return -ENOENT;
	if (!value)
		return -EPERM;	/* kernel.kptr_restrict */
	*address = value;
	return 0;
}
