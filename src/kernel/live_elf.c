/*
 * Program files: where segments lie, and what symbols there are.
 *
 * In: a path. Out: segments and symbols by name. The symbols are those of the
 * file's own tables and, if it is stripped, of the separate file of its build
 * id. libelf checks the file; offsets are checked here against segments.
 */
#include "kernel/live_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef VEC(struct target_user_symbol) symbol_vec;

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

static int read_segments(struct arena *a, struct user_file *f, Elf *elf)
{
	struct user_segment *segments;
	size_t count;

	if (elf_getphdrnum(elf, &count) || !count)
		return -ENOEXEC;
	segments = arena_array(a, struct user_segment, count);
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(elf, (int)i, &p) || p.p_type != PT_LOAD)
			continue;
		segments[f->nr_segments++] = (struct user_segment){
			p.p_vaddr, p.p_offset, p.p_filesz,
		};
	}
	f->segments = segments;
	return 0;
}

/* Functions and data that this file defines. */
static bool is_wanted(const GElf_Sym *sym, const char *name)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);

	if (!name || !*name || *name == '$' || sym->st_shndx == SHN_UNDEF || !sym->st_value)
		return false;
	return type == STT_FUNC || type == STT_OBJECT || type == STT_GNU_IFUNC ||
	       type == STT_NOTYPE;
}

/* "memcpy@@GLIBC_2.14" in some tables: the version is not part of the name. */
static const char *plain_name(struct arena *a, const char *name)
{
	const char *at = strchr(name, '@');

	return at ? arena_strndup(a, name, (size_t)(at - name)) : arena_strdup(a, name);
}

static void add_symbol(struct arena *a, const struct user_file *f, symbol_vec *out,
		       const GElf_Sym *sym, const char *name)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);
	struct target_user_symbol s = {
		.address = sym->st_value, .size_bytes = sym->st_size,
		.is_function = type == STT_FUNC || type == STT_GNU_IFUNC,
	};

	if (live_elf_offset(f, sym->st_value, &s.file_offset)) {
		if (s.is_function)
			return;		/* not in the file: nothing to attach to */
		s.file_offset = 0;
	}
	s.name = plain_name(a, name);
	vec_push(a, out, s);
}

static void read_table(struct arena *a, const struct user_file *f, symbol_vec *out, Elf *elf,
		       Elf_Scn *section)
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
		if (is_wanted(&sym, name))
			add_symbol(a, f, out, &sym, name);
	}
}

/* Returns true if there was a full table. */
static bool read_tables(struct arena *a, const struct user_file *f, symbol_vec *out, Elf *elf)
{
	Elf_Scn *section = NULL;
	bool has_full = false;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM)
			read_table(a, f, out, elf, section);
		has_full |= header.sh_type == SHT_SYMTAB;
	}
	return has_full;
}

/* /usr/lib/debug/.build-id/ab/cdef….debug, or NULL. */
static const char *debug_path(struct arena *a, Elf *elf)
{
	const unsigned char *id = NULL;
	ssize_t len;
	char hex[2 * 64 + 1] = "";

	Elf_Scn *section = NULL;

	while (!id && (section = elf_nextscn(elf, section))) {
		Elf_Data *data;
		GElf_Shdr header;
		GElf_Nhdr note;
		size_t name_at, desc_at;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE)
			continue;
		data = elf_getdata(section, NULL);
		if (!data || !gelf_getnote(data, 0, &note, &name_at, &desc_at))
			continue;
		if (note.n_type != NT_GNU_BUILD_ID || note.n_descsz < 2 || note.n_descsz > 64)
			continue;
		id = (const unsigned char *)data->d_buf + desc_at;
		len = (ssize_t)note.n_descsz;
	}
	if (!id)
		return NULL;
	for (ssize_t i = 0; i < len; i++)
		for (int half = 0; half < 2; half++)
			hex[2 * i + half] = "0123456789abcdef"[half ? id[i] & 15 : id[i] >> 4];
	return arena_printf(a, "/usr/lib/debug/.build-id/%.2s/%s.debug", hex, hex + 2);
}

static void read_debug_file(struct arena *a, const struct user_file *f, symbol_vec *out,
			    const char *path)
{
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	Elf *elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL);

	if (elf)
		read_tables(a, f, out, elf);
	elf_end(elf);
	if (fd >= 0)
		close(fd);
}

static void keep_unique(struct user_file *f, symbol_vec *v)
{
	size_t kept = 0;

	if (v->n)
		qsort(v->at, v->n, sizeof(*v->at), by_name);
	for (size_t i = 0; i < v->n; i++) {
		if (kept && !by_name(&v->at[kept - 1], &v->at[i])) {
			v->at[kept - 1].is_function |= v->at[i].is_function;
			continue;
		}
		v->at[kept++] = v->at[i];
	}
	f->symbols = v->at;
	f->nr_symbols = kept;
}

void live_elf_read(struct arena *a, struct user_file *f)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC);
	symbol_vec found = { 0 };
	Elf *elf;

	if (fd < 0) {
		f->err = -errno;
		return;
	}
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	f->err = !elf || elf_kind(elf) != ELF_K_ELF ? -ENOEXEC : read_segments(a, f, elf);
	if (!f->err && !read_tables(a, f, &found, elf))
		read_debug_file(a, f, &found, debug_path(a, elf));
	elf_end(elf);
	close(fd);
	keep_unique(f, &found);
}
