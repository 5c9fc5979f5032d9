/*
 * Symbols of ELF files: read by libelf, kept in tables, shared by processes.
 *
 * In: descriptors of files that some process maps, so of anybody's making:
 * nothing in them is trusted. Out: names for offsets in the file.
 */
#include "sym/elf_file.h"

#include <libiberty/demangle.h>
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_BUILD_ID_BYTES 64

/* ---- one file's symbols ---- */

static void load_segments(struct elf_file *f, Elf *elf)
{
	size_t n;

	f->nr_segments = 0;
	if (elf_getphdrnum(elf, &n))
		return;
	for (size_t i = 0; i < n && f->nr_segments < ELF_FILE_SEGMENTS; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		f->segments[f->nr_segments++] = (struct elf_segment){
			.offset = ph.p_offset, .size_bytes = ph.p_filesz, .address = ph.p_vaddr,
		};
	}
}

/* Kinds of symbols that name an address, best first. */
static bool type_ranks(unsigned type, uint8_t *rank)
{
	static const struct {
		uint8_t type, rank;
	} types[] = {
		{ STT_FUNC, 0 }, { STT_GNU_IFUNC, 0 }, { STT_OBJECT, 4 }, { STT_NOTYPE, 8 },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].type != type)
			continue;
		*rank = types[i].rank;
		return true;
	}
	return false;
}

static void take_symbol(struct table *t, const GElf_Sym *sym, const char *name)
{
	static const uint8_t bindings[] = { [STB_LOCAL] = 2, [STB_GLOBAL] = 0, [STB_WEAK] = 1 };
	unsigned binding = GELF_ST_BIND(sym->st_info);
	struct table_symbol s = { .start = sym->st_value, .size = sym->st_size, .name = name };

	if (!name || sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_ABS || !sym->st_value ||
	    !type_ranks(GELF_ST_TYPE(sym->st_info), &s.rank))
		return;
	if (name[0] == '$' || name[0] == '.')	/* marks of the assembler */
		return;
	s.rank += binding < sizeof(bindings) ? bindings[binding] : 3;
	s.name_len = strlen(name);
	table_add(t, &s);
}

static void take_symbols(struct table *t, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t n = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;

	for (size_t i = 0; i < n; i++) {
		GElf_Sym sym;

		if (gelf_getsym(data, (int)i, &sym))
			take_symbol(t, &sym, elf_strptr(elf, header->sh_link, sym.st_name));
	}
}

/* Take the symbols of the first section of a type. False: there is none. */
static bool take_section(struct table *t, Elf *elf, uint32_t type)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header) || header.sh_type != type)
			continue;
		take_symbols(t, elf, section, &header);
		return true;
	}
	return false;
}

/* ROOT/.build-id/ab/cdef….debug */
static bool take_debug_file(struct table *t, Elf *elf, const char *debug_root)
{
	const void *id;
	ssize_t len = dwelf_elf_gnu_build_id(elf, &id);
	char hex[2 * MAX_BUILD_ID_BYTES + 1], path[4096];
	bool found = false;
	Elf *debug;
	int fd;

	if (len < 2 || len > MAX_BUILD_ID_BYTES)
		return false;
	for (ssize_t i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", ((const uint8_t *)id)[i]);
	snprintf(path, sizeof(path), "%s/.build-id/%.2s/%s.debug", debug_root, hex, hex + 2);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	debug = elf_begin(fd, ELF_C_READ, NULL);
	if (debug)
		found = take_section(t, debug, SHT_SYMTAB);
	elf_end(debug);
	close(fd);
	return found;
}

static void load_symbols(struct elf_file *f, Elf *elf, const char *debug_root)
{
	if (elf_kind(elf) != ELF_K_ELF)
		return;
	load_segments(f, elf);
	if (!take_section(&f->table, elf, SHT_SYMTAB) &&
	    (!debug_root || !take_debug_file(&f->table, elf, debug_root)))
		take_section(&f->table, elf, SHT_DYNSYM);
	table_finish(&f->table);
}

void elf_file_load(struct elf_cache *c, struct elf_file *f, int fd)
{
	Elf *elf;

	if (f->loaded)
		return;
	f->loaded = true;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf)
		load_symbols(f, elf, c->debug_root);
	elf_end(elf);
	elf_cache_trim(c, f);
}

void elf_image_load(struct elf_file *f, char *image, size_t size_bytes)
{
	Elf *elf;

	f->loaded = true;
	elf_version(EV_CURRENT);
	elf = elf_memory(image, size_bytes);
	if (elf)
		load_symbols(f, elf, NULL);
	elf_end(elf);
}

void elf_file_clear(struct elf_file *f)
{
	for (size_t i = 0; f->demangled && i < f->table.n; i++)
		free(f->demangled[i]);
	free(f->demangled);
	f->demangled = NULL;
	f->demangled_bytes = 0;
	table_close(&f->table);
	f->loaded = false;
}

/* ---- names ---- */

static bool address_of_offset(const struct elf_file *f, uint64_t offset, uint64_t *address)
{
	for (size_t i = 0; i < f->nr_segments; i++) {
		const struct elf_segment *s = &f->segments[i];

		if (offset < s->offset || offset - s->offset >= s->size_bytes)
			continue;
		*address = offset - s->offset + s->address;
		return true;
	}
	return false;
}

/* Only names that a C++ or Rust compiler makes: other languages' rules would
 * find something to translate in plain C names, too. */
static bool is_mangled(const char *name)
{
	return name[0] == '_' && (name[1] == 'Z' || name[1] == 'R');
}

static const char *demangled_name(struct elf_file *f, size_t index, const char *name)
{
	char **slot;

	if (!f->demangled)
		f->demangled = calloc(f->table.n, sizeof(*f->demangled));
	if (!f->demangled)
		return name;
	slot = &f->demangled[index];
	if (!*slot) {
		*slot = cplus_demangle(name, DMGL_AUTO | DMGL_PARAMS | DMGL_ANSI);
		f->demangled_bytes += *slot ? strlen(*slot) + 1 : 0;
	}
	return *slot ? *slot : name;
}

const char *elf_file_find(struct elf_cache *c, struct elf_file *f, uint64_t offset,
			  uint64_t *start_distance)
{
	const struct table_entry *e;
	const char *name;
	uint64_t address;

	if (!address_of_offset(f, offset, &address))
		return NULL;
	e = table_find(&f->table, address);
	if (!e)
		return NULL;
	f->used = ++c->clock;
	*start_distance = address - e->start;
	name = table_name(&f->table, e);
	if (c->no_demangle || !is_mangled(name))
		return name;
	return demangled_name(f, (size_t)(e - f->table.entries), name);
}

/* ---- the cache ---- */

static struct elf_file *file_add(struct elf_cache *c, const struct stat *st, int64_t ctime_ns)
{
	struct elf_file *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->ctime_ns = ctime_ns;
	f->size_bytes = st->st_size;
	f->next = c->files;
	c->files = f;
	return f;
}

struct elf_file *elf_file_get(struct elf_cache *c, int fd)
{
	struct elf_file *f;
	int64_t ctime_ns;
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return NULL;
	ctime_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
	for (f = c->files; f; f = f->next)
		if (f->ino == st.st_ino && f->dev == st.st_dev && f->ctime_ns == ctime_ns &&
		    f->size_bytes == st.st_size)
			break;
	if (!f)
		f = file_add(c, &st, ctime_ns);
	if (f) {
		f->refs++;
		f->used = ++c->clock;
	}
	return f;
}

void elf_file_put(struct elf_file *f)
{
	if (f && f->refs)
		f->refs--;
}

static size_t file_bytes(const struct elf_file *f)
{
	size_t slots = f->demangled ? f->table.n * sizeof(*f->demangled) : 0;

	return table_bytes(&f->table) + f->demangled_bytes + slots;
}

/* The file with a table that was not used for the longest time. */
static struct elf_file *oldest_loaded(struct elf_cache *c, const struct elf_file *keep,
				      size_t *total_bytes)
{
	struct elf_file *oldest = NULL;

	*total_bytes = 0;
	for (struct elf_file *f = c->files; f; f = f->next) {
		*total_bytes += file_bytes(f);
		if (f != keep && f->loaded && (!oldest || f->used < oldest->used))
			oldest = f;
	}
	return oldest;
}

void elf_cache_trim(struct elf_cache *c, const struct elf_file *keep)
{
	struct elf_file *oldest, **at, *f;
	size_t total;

	while ((oldest = oldest_loaded(c, keep, &total)) && total > c->max_bytes)
		elf_file_clear(oldest);
	for (at = &c->files; (f = *at);) {
		if (f == keep || f->refs || f->loaded) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		free(f);
	}
}

void elf_cache_close(struct elf_cache *c)
{
	struct elf_file *f, *next;

	for (f = c->files; f; f = next) {
		next = f->next;
		elf_file_clear(f);
		free(f);
	}
	c->files = NULL;
}
