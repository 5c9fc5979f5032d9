/*
 * Symbol tables: see table.h.
 */
#include "sym/table.h"

#include <stdlib.h>
#include <string.h>

#define HAS_MODULE 0x80
#define MAX_STEPS_BACK 16	/* over smaller symbols inside of larger ones */

static void table_fail(struct table *t)
{
	table_close(t);
	t->failed = true;
}

static bool grow_entries(struct table *t)
{
	size_t cap = t->cap ? t->cap * 2 : 1024;
	struct table_entry *p;

	if (t->n < t->cap)
		return true;
	p = reallocarray(t->entries, cap, sizeof(*p));
	if (!p)
		return false;
	t->entries = p;
	t->cap = cap;
	return true;
}

static bool grow_names(struct table *t, size_t more)
{
	size_t cap = t->names_cap ? t->names_cap : 16384;
	char *p;

	if (more > UINT32_MAX - t->names_len)
		return false;
	while (cap - t->names_len < more)
		cap *= 2;
	if (cap == t->names_cap)
		return true;
	p = realloc(t->names, cap);
	if (!p)
		return false;
	t->names = p;
	t->names_cap = cap;
	return true;
}

/* Made by a compiler or by macros beside the name that a person knows. */
static bool is_generated(const struct table_symbol *s)
{
	static const char *const prefixes[] = { "__pfx_", "__cfi_", "__GI_", "__pi_",
						"__ia32_" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (s->name_len > strlen(prefixes[i]) &&
		    !memcmp(s->name, prefixes[i], strlen(prefixes[i])))
			return true;
	/* "f.cold", "f.part.0" */
	return memchr(s->name, '.', s->name_len) != NULL;
}

/* Underscores in front make a name less telling; so do generated parts. */
static uint8_t name_rank(const struct table_symbol *s)
{
	unsigned n = s->rank & 31u;

	for (size_t i = 0; i < s->name_len && s->name[i] == '_' && i < 3; i++)
		n += 8;
	n += is_generated(s) ? 64 : 0;
	return (uint8_t)(n | (s->module_len ? HAS_MODULE : 0));
}

static void add_name(struct table *t, const char *text, size_t len)
{
	memcpy(t->names + t->names_len, text, len);
	t->names_len += len;
	t->names[t->names_len++] = '\0';
}

void table_add(struct table *t, const struct table_symbol *s)
{
	struct table_entry *e;

	if (t->failed || !s->name_len)
		return;
	if (!grow_entries(t) || !grow_names(t, s->name_len + s->module_len + 3)) {
		table_fail(t);
		return;
	}
	if (t->n && s->start < t->entries[t->n - 1].start)
		t->unsorted = true;
	e = &t->entries[t->n++];
	e->start = s->start;
	e->size = s->size < UINT32_MAX ? (uint32_t)s->size : UINT32_MAX;
	t->names[t->names_len++] = (char)name_rank(s);
	e->name = (uint32_t)t->names_len;
	add_name(t, s->name, s->name_len);
	if (s->module_len)
		add_name(t, s->module, s->module_len);
}

/* Negative if a's name is the better one. */
static int compare_names(const struct table *t, const struct table_entry *a,
			 const struct table_entry *b)
{
	const char *x = t->names + a->name, *y = t->names + b->name;
	int rank = (x[-1] & 0x7f) - (y[-1] & 0x7f);

	return rank ? rank : strcmp(x, y);
}

static int compare_starts(const void *a, const void *b)
{
	const struct table_entry *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

void table_finish(struct table *t)
{
	size_t kept = 0;
	void *p;

	if (t->unsorted)
		qsort(t->entries, t->n, sizeof(*t->entries), compare_starts);
	t->unsorted = false;
	for (size_t i = 0; i < t->n; i++) {
		struct table_entry *last = kept ? &t->entries[kept - 1] : NULL, e = t->entries[i];

		if (!last || last->start != e.start) {
			t->entries[kept++] = e;
			continue;
		}
		if (e.size < last->size)
			e.size = last->size;
		last->size = e.size;
		if (compare_names(t, &e, last) < 0)
			*last = e;
	}
	t->n = kept;
	p = t->n ? reallocarray(t->entries, t->n, sizeof(*t->entries)) : NULL;
	if (p) {
		t->entries = p;
		t->cap = t->n;
	}
	p = t->names_len ? realloc(t->names, t->names_len) : NULL;
	if (p) {
		t->names = p;
		t->names_cap = t->names_len;
	}
}

void table_close(struct table *t)
{
	free(t->entries);
	free(t->names);
	memset(t, 0, sizeof(*t));
}

const struct table_entry *table_find_nearest(const struct table *t, uint64_t address)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->entries[mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? &t->entries[low - 1] : NULL;
}

const struct table_entry *table_find(const struct table *t, uint64_t address)
{
	const struct table_entry *e = table_find_nearest(t, address);

	for (int steps = 0; e && steps < MAX_STEPS_BACK; steps++) {
		if (e->start == address || address - e->start < e->size)
			return e;
		e = e > t->entries ? e - 1 : NULL;
	}
	return NULL;
}

const char *table_name(const struct table *t, const struct table_entry *e)
{
	return t->names + e->name;
}

const char *table_module(const struct table *t, const struct table_entry *e)
{
	const char *name = t->names + e->name;

	return name[-1] & HAS_MODULE ? name + strlen(name) + 1 : NULL;
}

size_t table_bytes(const struct table *t)
{
	return t->cap * sizeof(*t->entries) + t->names_cap;
}
