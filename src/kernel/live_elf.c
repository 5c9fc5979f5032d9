/*
 * Program files: where segments lie, and what symbols there are.
 *
 * In: a file. Out: segments and symbols by name. The symbols are those of the
 * file's own tables and, if it is stripped, of its debug file (live_debug.c).
 * libelf checks the file; offsets are checked here against segments.
 */
#include "kernel/live_impl.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

/* Symbols being gathered. */
struct gathering {
	struct arena *arena;
	const struct user_file *file;
	const char *name;	/* only these; NULL: all */
	VEC(struct target_user_symbol) found;
};

static int by_name(const void *va, const void *vb)
{
	const struct target_user_symbol *a = va, *b = vb;
	int order = strcmp(a->name, b->name);

	if (order)
		return order;
	return (a->address > b->address) - (a->address < b->address);
}

int live_elf_offset(const struct user_file *f, uint64_t address, uint64_t *file_offset)
{
	for (size_t i = 0; i < f->nr_segments; i++) {
		const struct user_segment *s = &f->segments[i];

		if (address < s->address || address - s->address >= s->size_bytes)
			continue;
		*file_offset = s->file_offset + (address - s->address);
		return 0;
	}
	return -ENOENT;
}

int live_elf_segments(struct arena *a, struct user_file *f, Elf *elf)
{
	struct user_segment *segments;
	size_t count;

	if (f->has_segments)
		return 0;
	if (elf_getphdrnum(elf, &count) || !count)
		return -ENOEXEC;
	segments = arena_array(a, struct user_segment, count);
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(elf, (int)i, &p) || p.p_type != PT_LOAD)
			continue;
		segments[f->nr_segments++] = (struct user_segment){
			p.p_vaddr, p.p_offset + f->base, p.p_filesz, p.p_flags & PF_X,
		};
	}
	f->segments = segments;
	f->has_segments = true;
	return 0;
}

/* "memcpy@@GLIBC_2.14" in some tables: the version is not part of the name. */
static size_t name_length(const char *name)
{
	return strcspn(name, "@");
}

/* Functions and data that this file defines. */
static bool is_wanted(const struct gathering *g, const GElf_Sym *sym, const char *name)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);
	size_t len;

	if (!name || !*name || *name == '$' || sym->st_shndx == SHN_UNDEF || !sym->st_value)
		return false;
	if (type != STT_FUNC && type != STT_OBJECT && type != STT_GNU_IFUNC && type != STT_NOTYPE)
		return false;
	if (!g->name)
		return true;
	len = name_length(name);
	return !strncmp(name, g->name, len) && !g->name[len];
}

static void add_symbol(struct gathering *g, const GElf_Sym *sym, const char *name)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);
	struct target_user_symbol s = {
		.address = sym->st_value, .size_bytes = sym->st_size,
		.is_function = type == STT_FUNC || type == STT_GNU_IFUNC,
		.is_indirect = type == STT_GNU_IFUNC,
	};

	if (live_elf_offset(g->file, sym->st_value, &s.file_offset)) {
		if (s.is_function)
			return;		/* not in the file: nothing to attach to */
		s.file_offset = 0;
	}
	s.name = arena_strndup(g->arena, name, name_length(name));
	vec_push(g->arena, &g->found, s);
}

static void read_table(struct gathering *g, Elf *elf, Elf_Scn *section)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Shdr header;

	if (!data || !gelf_getshdr(section, &header) || !header.sh_entsize)
		return;
	for (size_t i = 0; i < data->d_size / header.sh_entsize; i++) {
		GElf_Sym sym;
		const char *name;

		if (!gelf_getsym(data, (int)i, &sym))
			return;
		name = elf_strptr(elf, header.sh_link, sym.st_name);
		if (is_wanted(g, &sym, name))
			add_symbol(g, &sym, name);
	}
}

/* Returns true if there was a full table. */
static bool read_tables(struct gathering *g, Elf *elf)
{
	Elf_Scn *section = NULL;
	bool has_full = false;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM)
			read_table(g, elf, section);
		has_full |= header.sh_type == SHT_SYMTAB;
	}
	return has_full;
}

/* What a stripped file lacks. */
static void read_debug_tables(struct gathering *g, Elf *elf)
{
	struct elf_handle debug;
	Elf *small;
	char *image;

	if (!live_debug_open(g->arena, g->file, elf, &debug)) {
		read_tables(g, debug.elf);
		live_elf_close(&debug);
		return;
	}
	image = live_debugdata_open(elf, &small);
	if (small)
		read_tables(g, small);
	elf_end(small);
	free(image);
}

/* Sorted; a symbol that is in two tables stands once. */
static void keep_unique(struct gathering *g)
{
	struct target_user_symbol *at = g->found.at;
	size_t kept = 0;

	if (g->found.n)
		qsort(at, g->found.n, sizeof(*at), by_name);
	for (size_t i = 0; i < g->found.n; i++) {
		if (kept && !by_name(&at[kept - 1], &at[i])) {
			at[kept - 1].is_function |= at[i].is_function;
			continue;
		}
		at[kept++] = at[i];
	}
	g->found.n = kept;
}

int live_elf_symbols(struct arena *a, struct user_file *f, const char *name,
		     struct user_symbols *out)
{
	struct gathering g = { .arena = a, .file = f, .name = name };
	struct elf_handle h;
	int err = live_elf_open(a, f, &h);

	if (err)
		return err;
	err = f->err = live_elf_segments(a, f, h.elf);
	if (!err && !read_tables(&g, h.elf) && (!name || !g.found.n))
		read_debug_tables(&g, h.elf);
	live_elf_close(&h);
	keep_unique(&g);
	out->list = g.found.at;
	out->count = g.found.n;
	return err;
}
