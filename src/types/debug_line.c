/*
 * Lines of the source in DWARF's line tables.
 *
 * In: the end of a path, a line, perhaps a column. Out: the addresses at which
 * statements of it begin. A file matches by whole parts of its path.
 */
#include "types/debug_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct line_search {
	struct debug_file *f;
	struct debug_line_query *q;
	const char *path;	/* of the file that matched first */
	VEC(uint64_t) found, others;	/* where statements begin; other rows of the line */
};

/* "b/c.c" is the end of "/a/b/c.c", not of "/a/bb/c.c". */
static bool is_end_of_path(const char *end, const char *path)
{
	size_t n = strlen(end), m = strlen(path);

	if (!strncmp(end, "./", 2))
		return is_end_of_path(end + 2, path);
	return n <= m && !strcmp(path + m - n, end) &&
	       (n == m || *end == '/' || path[m - n - 1] == '/');
}

static int match_file(struct line_search *s, const char *path)
{
	if (!path || !is_end_of_path(s->q->file, path))
		return 0;
	if (s->path && strcmp(s->path, path) != 0) {
		s->q->a = s->path;
		s->q->b = arena_strdup(s->f->types->arena, path);
		return -ENOTUNIQ;
	}
	if (!s->path)
		s->path = arena_strdup(s->f->types->arena, path);
	return 1;
}

static int match_row(struct line_search *s, Dwarf_Line *row)
{
	struct arena *a = s->f->types->arena;
	bool begins = false;
	int line, column = 0, matches;
	Dwarf_Addr address;

	if (dwarf_lineno(row, &line) || (uint64_t)line != s->q->line)
		return 0;
	if (s->q->column &&
	    (dwarf_linecol(row, &column) || (uint64_t)column != s->q->column))
		return 0;
	matches = match_file(s, dwarf_linesrc(row, NULL, NULL));
	if (matches <= 0 || dwarf_lineaddr(row, &address))
		return matches;
	dwarf_linebeginstatement(row, &begins);
	if (begins)
		vec_push(a, &s->found, address);
	else
		vec_push(a, &s->others, address);
	return 0;
}

/* Whether the unit has the file at all, for the message. */
static int note_file(struct line_search *s, Dwarf_Die *unit)
{
	Dwarf_Files *files;
	size_t n;

	if (s->path || dwarf_getsrcfiles(unit, &files, &n))
		return 0;
	for (size_t i = 0; i < n; i++) {
		const char *path = dwarf_filesrc(files, i, NULL, NULL);

		if (path && is_end_of_path(s->q->file, path)) {
			s->path = arena_strdup(s->f->types->arena, path);
			return 0;
		}
	}
	return 0;
}

static int by_address(const void *va, const void *vb)
{
	const uint64_t *a = va, *b = vb;

	return (*a > *b) - (*a < *b);
}

int debug_line_find(struct debug_file *f, struct debug_line_query *q)
{
	struct line_search s = { .f = f, .q = q };
	struct debug_units u = { 0 };
	Dwarf_Lines *rows;
	size_t n;

	while (debug_next_unit(f, &u)) {
		if (dwarf_getsrclines(&u.die, &rows, &n))
			continue;
		for (size_t i = 0; i < n; i++) {
			int err = match_row(&s, dwarf_onesrcline(rows, i));

			if (err < 0)
				return err;
		}
		note_file(&s, &u.die);
	}
	if (!s.path)
		return -ENOENT;
	if (!s.found.n)
		memcpy(&s.found, &s.others, sizeof(s.found));
	if (!s.found.n)
		return -ENODATA;
	qsort(s.found.at, s.found.n, sizeof(*s.found.at), by_address);
	q->addresses = s.found.at;
	q->nr_addresses = s.found.n;
	return 0;
}
