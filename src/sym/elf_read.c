/*
 * Symbols of ELF files: see elf_read.h.
 *
 * In: files of anybody's making; nothing in them is trusted. Out: a table.
 */
#include "sym/elf_read.h"

#include <gelf.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_UNPACKED_BYTES ((size_t)64 * 1024 * 1024)

/* Kinds of symbols that name an address, best first. */
static bool type_ranks(unsigned type, uint8_t *rank)
{
	static const struct {
		uint8_t type, rank;
	} types[] = {
		{ STT_FUNC, 0 }, { STT_GNU_IFUNC, 0 }, { STT_OBJECT, 2 }, { STT_NOTYPE, 4 },
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
	static const uint8_t bindings[] = {
		[STB_LOCAL] = TABLE_RANK_LOCAL, [STB_GLOBAL] = 0, [STB_WEAK] = 1,
	};
	unsigned binding = GELF_ST_BIND(sym->st_info);
	struct table_symbol s = { .start = sym->st_value, .size = sym->st_size, .name = name };

	if (!name || sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_ABS || !sym->st_value ||
	    !type_ranks(GELF_ST_TYPE(sym->st_info), &s.rank))
		return;
	if (name[0] == '$' || name[0] == '.')	/* marks of the assembler */
		return;
	s.rank += binding < sizeof(bindings) ? bindings[binding] : 2;
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

/* ---- .gnu_debugdata: a packed ELF file with the local functions ---- */

/* Unpack into memory, as much as fits into the bound; NULL: it cannot be. */
static char *unpack(const void *packed, size_t size, size_t *unpacked_size)
{
	lzma_stream s = LZMA_STREAM_INIT;
	size_t cap = size * 8 < MAX_UNPACKED_BYTES ? size * 8 : MAX_UNPACKED_BYTES;
	char *out = NULL, *grown;
	lzma_ret ret = lzma_stream_decoder(&s, MAX_UNPACKED_BYTES, 0);

	s.next_in = packed;
	s.avail_in = size;
	while (ret == LZMA_OK && (size_t)s.total_out < MAX_UNPACKED_BYTES) {
		cap = out ? cap * 2 : cap;
		grown = realloc(out, cap);
		if (!grown)
			break;
		out = grown;
		s.next_out = (uint8_t *)out + s.total_out;
		s.avail_out = cap - s.total_out;
		ret = lzma_code(&s, LZMA_FINISH);
	}
	*unpacked_size = s.total_out;
	lzma_end(&s);
	if (ret == LZMA_STREAM_END)
		return out;
	free(out);
	return NULL;
}

static Elf_Data *section_data(Elf *elf, const char *wanted)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	const char *name;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		name = gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name)
						      : NULL;
		if (name && !strcmp(name, wanted))
			return elf_rawdata(section, NULL);
	}
	return NULL;
}

static void take_packed(struct table *t, Elf *elf)
{
	Elf_Data *data = section_data(elf, ".gnu_debugdata");
	size_t size = 0;
	char *image = data && data->d_size ? unpack(data->d_buf, data->d_size, &size) : NULL;
	Elf *inner = image ? elf_memory(image, size) : NULL;

	if (inner && elf_kind(inner) == ELF_K_ELF)
		take_section(t, inner, SHT_SYMTAB);
	elf_end(inner);
	free(image);
}

/* ---- all ---- */

static bool take_debug_file(struct table *t, Elf *elf, const struct file_place *place)
{
	int fd = debug_file_open(elf, place);
	Elf *debug = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
	bool found = debug && take_section(t, debug, SHT_SYMTAB);

	elf_end(debug);
	if (fd >= 0)
		close(fd);
	return found;
}

void elf_read_symbols(struct table *t, Elf *elf, const struct file_place *place)
{
	if (!take_section(t, elf, SHT_SYMTAB) && !take_debug_file(t, elf, place)) {
		take_section(t, elf, SHT_DYNSYM);
		take_packed(t, elf);
	}
	table_finish(t);
}

struct lines *elf_read_lines(Elf *elf, const struct file_place *place)
{
	struct lines *lines;
	int fd;

	if (section_data(elf, ".debug_info") || section_data(elf, ".zdebug_info"))
		return lines_open(place->fd);
	fd = debug_file_open(elf, place);
	if (fd < 0)
		return NULL;
	lines = lines_open(fd);
	close(fd);
	return lines;
}
