/*
 * Functions of ELF files.
 *
 * Symbols come from .symtab and .dynsym; a stripped file's from its separate
 * debug file, found by build id, whose addresses are the same. File offsets
 * always come from the program headers of the file itself.
 */
#include "kernel/user_elf.h"

#include "base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct elf_file {
	int fd;
	Elf *elf;
	GElf_Ehdr header;
};

typedef VEC(struct target_user_symbol) symbol_vec;

/* ---- opening ---- */

static void elf_file_close(struct elf_file *f)
{
	if (f->elf)
		elf_end(f->elf);
	if (f->fd >= 0)
		close(f->fd);
	f->elf = NULL;
	f->fd = -1;
}

/* Any ELF file; 0 or a negative errno. */
static int elf_file_open(struct elf_file *f, const char *path)
{
	struct stat st;
	int err;

	f->elf = NULL;
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0)
		return -errno;
	err = -ENOEXEC;
	if (elf_version(EV_CURRENT) == EV_NONE || fstat(f->fd, &st) || !S_ISREG(st.st_mode))
		goto fail;
	f->elf = elf_begin(f->fd, ELF_C_READ_MMAP, NULL);
	if (!f->elf || elf_kind(f->elf) != ELF_K_ELF || !gelf_getehdr(f->elf, &f->header))
		goto fail;
	return 0;
fail:
	elf_file_close(f);
	return err;
}

static bool is_program(const struct elf_file *f)
{
	struct stat st;

	if (f->header.e_type == ET_DYN)
		return true;
	return f->header.e_type == ET_EXEC && !fstat(f->fd, &st) && (st.st_mode & S_IXUSR);
}

int user_elf_check(const char *path)
{
	struct elf_file f;
	int err = elf_file_open(&f, path);

	if (err)
		return err;
	if (!is_program(&f))
		err = -ENOEXEC;
	elf_file_close(&f);
	return err;
}

/* ---- addresses ---- */

static int offset_of(const struct elf_file *f, uint64_t address, uint64_t *file_offset)
{
	size_t n;

	if (elf_getphdrnum(f->elf, &n))
		return -ENOEXEC;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(f->elf, (int)i, &p) || p.p_type != PT_LOAD ||
		    address < p.p_vaddr || address - p.p_vaddr >= p.p_filesz)
			continue;
		*file_offset = address - p.p_vaddr + p.p_offset;
		return 0;
	}
	return -ENOENT;
}

int user_elf_offset(const char *path, uint64_t address, uint64_t *file_offset)
{
	struct elf_file f;
	int err = elf_file_open(&f, path);

	if (err)
		return err;
	err = offset_of(&f, address, file_offset);
	elf_file_close(&f);
	return err;
}

/* ---- symbols ---- */

struct symbol_search {
	struct arena *arena;
	const char *name;		/* NULL: all */
	const struct elf_file *file;	/* whose program headers count */
	symbol_vec found;
};

static void add_symbol(struct symbol_search *s, const char *name, const GElf_Sym *sym)
{
	int kind = GELF_ST_TYPE(sym->st_info);
	struct target_user_symbol out = { .address = sym->st_value, .size_bytes = sym->st_size };

	if ((kind != STT_FUNC && kind != STT_GNU_IFUNC) || sym->st_shndx == SHN_UNDEF)
		return;
	if (!name || !*name || (s->name && strcmp(name, s->name)))
		return;
	if (offset_of(s->file, sym->st_value, &out.file_offset))
		return;
	out.name = arena_strdup(s->arena, name);
	vec_push(s->arena, &s->found, out);
}

static void read_section(struct symbol_search *s, const struct elf_file *f, Elf_Scn *scn,
			 const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t n = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	GElf_Sym sym;

	for (size_t i = 0; data && i < n && i < INT32_MAX; i++)
		if (gelf_getsym(data, (int)i, &sym))
			add_symbol(s, elf_strptr(f->elf, header->sh_link, sym.st_name), &sym);
}

/* Returns true if there was a .symtab. */
static bool read_symbols(struct symbol_search *s, const struct elf_file *f)
{
	bool symtab = false;
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	while ((scn = elf_nextscn(f->elf, scn))) {
		if (!gelf_getshdr(scn, &header) ||
		    (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM))
			continue;
		symtab |= header.sh_type == SHT_SYMTAB;
		read_section(s, f, scn, &header);
	}
	return symtab;
}

/* ---- the separate debug file ---- */

/* Path by build id of a note section, or NULL. */
static const char *path_of_note(struct arena *a, Elf_Data *data)
{
	size_t at = 0, next, name, desc;
	GElf_Nhdr note;
	char hex[2 * 64 + 1];

	while ((next = gelf_getnote(data, at, &note, &name, &desc))) {
		const unsigned char *id = (const unsigned char *)data->d_buf + desc;

		at = next;
		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 ||
		    memcmp((const char *)data->d_buf + name, "GNU", 4) || note.n_descsz < 2 ||
		    note.n_descsz > 64)
			continue;
		for (size_t i = 0; i < note.n_descsz; i++)
			snprintf(hex + 2 * i, 3, "%02x", id[i]);
		return arena_printf(a, "/usr/lib/debug/.build-id/%.2s/%s.debug", hex, hex + 2);
	}
	return NULL;
}

static const char *debug_path(struct arena *a, const struct elf_file *f)
{
	const char *path = NULL;
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	while (!path && (scn = elf_nextscn(f->elf, scn))) {
		Elf_Data *data;

		if (!gelf_getshdr(scn, &header) || header.sh_type != SHT_NOTE)
			continue;
		data = elf_getdata(scn, NULL);
		if (data && data->d_buf)
			path = path_of_note(a, data);
	}
	return path;
}

static void read_debug_file(struct symbol_search *s, const struct elf_file *f)
{
	const char *path = debug_path(s->arena, f);
	struct elf_file debug;

	if (!path || elf_file_open(&debug, path))
		return;
	read_symbols(s, &debug);
	elf_file_close(&debug);
}

/* ---- entry ---- */

static int compare_symbols(const void *a, const void *b)
{
	const struct target_user_symbol *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	return x->address < y->address ? -1 : x->address > y->address;
}

/* Of one place the first is kept; .symtab and .dynsym both have what is exported. */
static void sort_unique(symbol_vec *v)
{
	size_t n = 0;

	if (v->n)
		qsort(v->at, v->n, sizeof(v->at[0]), compare_symbols);
	for (size_t i = 0; i < v->n; i++)
		if (!n || compare_symbols(&v->at[n - 1], &v->at[i]))
			v->at[n++] = v->at[i];
	v->n = n;
}

int user_elf_symbols(struct arena *a, const char *path, const char *name,
		     const struct target_user_symbol **list, size_t *count)
{
	struct elf_file f;
	struct symbol_search s = { .arena = a, .name = name, .file = &f };
	int err = elf_file_open(&f, path);

	if (err)
		return err;
	if (!read_symbols(&s, &f))
		read_debug_file(&s, &f);
	elf_file_close(&f);
	sort_unique(&s.found);
	*list = s.found.at;
	*count = s.found.n;
	return 0;
}
