/*
 * Source lines and inlined functions: see lines.h.
 *
 * Units and, in each unit that is asked for, functions are kept as sorted
 * ranges, so that an address costs two searches and a walk through one function.
 * Invariant: ranges point into the Dwarf that is open as long as they.
 */
#include "sym/lines.h"

#include "base/grow.h"
#include "sym/guard.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_DEPTH 64
/* Larger files are mapped; smaller ones are read, for somebody may make the file shorter:
 * then all that is known of a mapped one is given up. */
#define MAX_READ_BYTES ((off_t)256 * 1024 * 1024)

struct range {
	uint64_t low, high;
	uint64_t reach;		/* the highest `high` up to here */
	size_t index;		/* of the unit, or of the function */
};

struct ranges {
	struct range *at;	/* owned; sorted by low */
	size_t n, cap;
};

struct unit {
	Dwarf_Die die;		/* has the line table */
	Dwarf_Die inner;	/* has the functions: another one if split */
	bool lacks_functions;	/* they are in a .dwo file, which was not found */
	bool indexed;
	struct ranges functions;
	Dwarf_Die *dies;	/* owned; of the functions */
	size_t nr_dies, cap_dies;
};

struct lines {
	Elf *elf;
	Dwarf *dwarf;
	size_t read_bytes;	/* 0: it is mapped */
	bool lost;		/* the file has become shorter, and libdw was left in the middle */
	struct unit *units;	/* owned */
	size_t nr_units, cap_units;
	struct ranges ranges;
	size_t held_bytes;
	char *texts[2 * LINES_INLINED + 2];	/* owned: of the last answer */
	size_t nr_texts;
};

/* ---- ranges ---- */

/* Add all ranges of a DIE. False: it has none. */
static bool ranges_add(struct ranges *r, Dwarf_Die *die, size_t index)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t at = 0;
	size_t before = r->n;

	while ((at = dwarf_ranges(die, at, &base, &low, &high)) > 0) {
		/* What the linker has dropped lies at 0. */
		if (!low || low >= high || !grow(&r->at, &r->cap, r->n, sizeof(*r->at)))
			continue;
		r->at[r->n++] = (struct range){ .low = low, .high = high, .index = index };
	}
	return r->n > before;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	return x->high > y->high ? -1 : x->high < y->high;
}

static void ranges_sort(struct ranges *r)
{
	uint64_t reach = 0;

	if (r->n)
		qsort(r->at, r->n, sizeof(*r->at), compare_ranges);
	for (size_t i = 0; i < r->n; i++) {
		reach = r->at[i].high > reach ? r->at[i].high : reach;
		r->at[i].reach = reach;
	}
}

/* The innermost range around an address, or NULL. */
static const struct range *ranges_find(const struct ranges *r, uint64_t address)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->at[mid].low <= address)
			low = mid + 1;
		else
			high = mid;
	}
	while (low-- > 0 && r->at[low].reach > address)
		if (r->at[low].high > address)
			return &r->at[low];
	return NULL;
}

/* ---- life ---- */

static bool is_split(Dwarf_Die *die)
{
	return dwarf_hasattr(die, DW_AT_dwo_name) || dwarf_hasattr(die, DW_AT_GNU_dwo_name);
}

static bool add_unit(struct lines *l, Dwarf_Die *die, Dwarf_Die *inner)
{
	if (!grow(&l->units, &l->cap_units, l->nr_units, sizeof(*l->units)))
		return false;
	if (!ranges_add(&l->ranges, die, l->nr_units))
		return true;
	l->units[l->nr_units] = (struct unit){
		.die = *die, .inner = inner->addr ? *inner : *die,
		.lacks_functions = !inner->addr && is_split(die),
	};
	l->nr_units++;
	return true;
}

static void index_units(struct lines *l)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die, inner;
	uint8_t type;

	for (;;) {
		memset(&inner, 0, sizeof(inner));
		if (dwarf_get_units(l->dwarf, cu, &cu, NULL, &type, &die, &inner))
			break;
		if ((type == DW_UT_compile || type == DW_UT_skeleton) && !add_unit(l, &die, &inner))
			break;
	}
	ranges_sort(&l->ranges);
}

static void forget_texts(struct lines *l)
{
	while (l->nr_texts)
		free(l->texts[--l->nr_texts]);
}

void lines_close(struct lines *l)
{
	if (!l)
		return;
	forget_texts(l);
	for (size_t i = 0; i < l->nr_units; i++) {
		free(l->units[i].functions.at);
		free(l->units[i].dies);
	}
	free(l->units);
	free(l->ranges.at);
	/* They free what they have made, and read nothing of the file. */
	dwarf_end(l->dwarf);
	elf_end(l->elf);
	free(l);
}

static void call(struct lines *l, void (*fn)(void *arg), void *arg)
{
	if (l->read_bytes)
		fn(arg);
	else if (!l->lost && !guard_call(fn, arg))
		l->lost = true;
}

static void open_dwarf(void *arg)
{
	struct lines *l = arg;

	l->dwarf = dwarf_begin_elf(l->elf, DWARF_C_READ, NULL);
	if (l->dwarf)
		index_units(l);
}

struct lines *lines_open(int fd)
{
	struct lines *l = calloc(1, sizeof(*l));
	struct stat st;

	if (!l || fstat(fd, &st)) {
		free(l);
		return NULL;
	}
	elf_version(EV_CURRENT);
	l->read_bytes = st.st_size <= MAX_READ_BYTES ? (size_t)st.st_size : 0;
	l->elf = elf_begin(fd, l->read_bytes ? ELF_C_READ : ELF_C_READ_MMAP, NULL);
	if (l->elf)
		call(l, open_dwarf, l);
	if (!l->nr_units || l->lost) {
		lines_close(l);
		return NULL;
	}
	/* All sections of DWARF were read when it was opened. */
	elf_cntl(l->elf, ELF_C_FDDONE);
	return l;
}

size_t lines_bytes(const struct lines *l)
{
	return l->read_bytes + l->cap_units * sizeof(*l->units) +
	       l->ranges.cap * sizeof(*l->ranges.at) + l->held_bytes;
}

/* ---- functions of a unit ---- */

static bool holds_functions(int tag)
{
	static const int tags[] = {
		DW_TAG_namespace, DW_TAG_module, DW_TAG_structure_type, DW_TAG_class_type,
		DW_TAG_union_type, DW_TAG_enumeration_type,
	};

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (tags[i] == tag)
			return true;
	return false;
}

static void add_function(struct unit *u, Dwarf_Die *die)
{
	if (grow(&u->dies, &u->cap_dies, u->nr_dies, sizeof(*u->dies)) &&
	    ranges_add(&u->functions, die, u->nr_dies))
		u->dies[u->nr_dies++] = *die;
}

static void add_functions(struct unit *u, Dwarf_Die *parent, int depth)
{
	Dwarf_Die die;

	if (depth > MAX_DEPTH || dwarf_child(parent, &die))
		return;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_subprogram)
			add_function(u, &die);
		else if (holds_functions(tag))
			add_functions(u, &die, depth + 1);
	} while (!dwarf_siblingof(&die, &die));
}

static void index_functions(struct lines *l, struct unit *u)
{
	Dwarf_Lines *table;
	size_t n = 0;

	u->indexed = true;
	add_functions(u, &u->inner, 0);
	ranges_sort(&u->functions);
	(void)dwarf_getsrclines(&u->die, &table, &n);
	l->held_bytes += u->functions.cap * sizeof(*u->functions.at) +
			 u->cap_dies * sizeof(*u->dies) + n * 64;
}

/* ---- one address ---- */

/* The inlined calls around an address, from the outermost to the innermost. */
static size_t inlined_calls(Dwarf_Die *function, uint64_t address, Dwarf_Die calls[MAX_DEPTH])
{
	Dwarf_Die die;
	size_t n = 0;
	bool more = !dwarf_child(function, &die);

	for (int depth = 0; more && depth < MAX_DEPTH * 4;) {
		int tag = dwarf_tag(&die);
		bool in = (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block) &&
			  dwarf_haspc(&die, address) == 1;

		if (!in) {
			more = !dwarf_siblingof(&die, &die);
			continue;
		}
		if (tag == DW_TAG_inlined_subroutine && n < MAX_DEPTH)
			calls[n++] = die;
		depth++;
		more = !dwarf_child(&die, &die);
	}
	return n;
}

static const char *function_name(Dwarf_Die *die)
{
	static const unsigned names[] = { DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name };
	Dwarf_Attribute attr;
	const char *name = NULL;

	for (size_t i = 0; !name && i < sizeof(names) / sizeof(names[0]); i++)
		name = dwarf_formstring(dwarf_attr_integrate(die, names[i], &attr));
	return name;
}

/* A text that lives as long as the answer, taken over; NULL: memory was out, or there
 * are too many. */
static const char *take_text(struct lines *l, char *text)
{
	if (!text || l->nr_texts == sizeof(l->texts) / sizeof(l->texts[0])) {
		free(text);
		return NULL;
	}
	return l->texts[l->nr_texts++] = text;
}

/* What is in a mapped file may go before it is read. */
static const char *safe_text(struct lines *l, const char *text)
{
	return !text || l->read_bytes ? text : take_text(l, strdup(text));
}

/* A path with the folder that the unit was compiled in, if it is relative. */
static const char *full_path(struct lines *l, struct unit *u, const char *file)
{
	Dwarf_Attribute attr;
	const char *folder;
	char *path;

	if (!file || file[0] == '/')
		return safe_text(l, file);
	folder = dwarf_formstring(dwarf_attr(&u->die, DW_AT_comp_dir, &attr));
	if (!folder || asprintf(&path, "%s/%s", folder, file) < 0)
		return safe_text(l, file);
	return take_text(l, path);
}

/* Where an inlined function was called. */
static void call_place(struct unit *u, Dwarf_Die *call, const char **file, uint32_t *line)
{
	Dwarf_Attribute attr;
	Dwarf_Word word = 0;
	Dwarf_Files *files;
	size_t n;

	*file = NULL;
	*line = 0;
	if (!dwarf_formudata(dwarf_attr(call, DW_AT_call_line, &attr), &word))
		*line = (uint32_t)word;
	if (!dwarf_formudata(dwarf_attr(call, DW_AT_call_file, &attr), &word) &&
	    !dwarf_getsrcfiles(&u->inner, &files, &n) && word < n)
		*file = dwarf_filesrc(files, word, NULL, NULL);
}

/* The instruction's own line. */
static void own_place(struct unit *u, uint64_t address, const char **file, uint32_t *line)
{
	Dwarf_Line *at = dwarf_getsrc_die(&u->die, address);
	int number = 0;

	*file = at ? dwarf_linesrc(at, NULL, NULL) : NULL;
	*line = at && !dwarf_lineno(at, &number) && number > 0 ? (uint32_t)number : 0;
}

/* Each function's place is where it calls the one inside of it. */
static void fill(struct lines *l, struct unit *u, uint64_t address, Dwarf_Die *calls,
		 size_t nr_calls, struct source_lines *out)
{
	const char *file;
	uint32_t line;

	own_place(u, address, &file, &line);
	for (size_t i = nr_calls; i-- > 0;) {
		if (out->nr_inlined < LINES_INLINED)
			out->inlined[out->nr_inlined++] = (struct source_place){
				.name = safe_text(l, function_name(&calls[i])), .line = line,
				.file = full_path(l, u, file),
			};
		call_place(u, &calls[i], &file, &line);
	}
	out->file = full_path(l, u, file);
	out->line = line;
}

struct question {
	struct lines *lines;
	uint64_t address;
	struct source_lines *out;
};

static void find(void *arg)
{
	struct question *q = arg;
	struct lines *l = q->lines;
	uint64_t address = q->address;
	const struct range *r = ranges_find(&l->ranges, address);
	Dwarf_Die calls[MAX_DEPTH];
	struct unit *u;
	size_t n = 0;

	if (!r)
		return;
	u = &l->units[r->index];
	if (!u->indexed)
		index_functions(l, u);
	r = ranges_find(&u->functions, address);
	if (r)
		n = inlined_calls(&u->dies[r->index], address, calls);
	fill(l, u, address, calls, n, q->out);
	q->out->lacks_functions = u->lacks_functions;
}

bool lines_find(struct lines *l, uint64_t address, struct source_lines *out)
{
	struct question q = { l, address, out };

	memset(out, 0, sizeof(*out));
	forget_texts(l);
	call(l, find, &q);
	if (l->lost)
		memset(out, 0, sizeof(*out));
	return out->file || out->nr_inlined;
}
