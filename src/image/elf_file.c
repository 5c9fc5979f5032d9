/*
 * A relocatable ELF file in the making: see elf_file.h. libelf writes it.
 *
 * The sections keep their numbers; behind them the symbols (local ones first, as ELF wants
 * it), relocations for each section that has any, and the names.
 */
#include "image/elf_file.h"

#include <errno.h>
#include <libelf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALIGN 8

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OUR_ORDER ELFDATA2LSB
#else
#define OUR_ORDER ELFDATA2MSB
#endif

void elf_file_init(struct elf_file *e, struct arena *a)
{
	memset(e, 0, sizeof(*e));
	e->arena = a;
	e->fd = -1;
	vec_push(a, &e->sections, arena_new(a, struct elf_section));
	vec_push(a, &e->symbols, (struct elf_symbol){ .name = "" });
}

uint32_t elf_file_section(struct elf_file *e, const char *name, uint32_t type, uint64_t flags)
{
	struct elf_section *s;

	for (uint32_t i = 1; i < e->sections.n; i++)
		if (!strcmp(e->sections.at[i]->name, name))
			return i;
	s = arena_new(e->arena, struct elf_section);
	s->name = name;
	s->type = type;
	s->flags = flags;
	vec_push(e->arena, &e->sections, s);
	return (uint32_t)e->sections.n - 1;
}

uint64_t elf_file_add(struct elf_file *e, uint32_t section, const void *data, size_t len)
{
	struct elf_section *s = e->sections.at[section];
	uint64_t at = s->data.n;

	if (s->data.cap - s->data.n < len) {
		size_t cap = s->data.cap * 2 + len;

		s->data.at = arena_grow(e->arena, s->data.at, s->data.n, cap);
		s->data.cap = cap;
	}
	if (len)
		memcpy(s->data.at + at, data, len);
	s->data.n += len;
	return at;
}

uint32_t elf_file_symbol(struct elf_file *e, const struct elf_symbol *symbol)
{
	vec_push(e->arena, &e->symbols, *symbol);
	return (uint32_t)e->symbols.n - 1;
}

uint32_t elf_file_section_symbol(struct elf_file *e, uint32_t section)
{
	struct elf_section *s = e->sections.at[section];

	if (!s->symbol)
		s->symbol = elf_file_symbol(e, &(struct elf_symbol){
			.name = "", .bind = STB_LOCAL, .type = STT_SECTION, .section = section });
	return s->symbol;
}

void elf_file_reloc(struct elf_file *e, uint32_t section, uint64_t offset, uint32_t symbol,
		    uint32_t type)
{
	struct elf_section *s = e->sections.at[section];

	vec_push(e->arena, &s->relocs, ((Elf64_Rel){ offset, ELF64_R_INFO(symbol, type) }));
}

/* ---- writing ---- */

struct writer {
	struct elf_file *file;
	bool failed;		/* libelf had no memory */
	VEC(char) names;
	uint32_t *places;	/* of the symbols, in the file's table */
};

static uint32_t add_name(struct writer *w, const char *name)
{
	uint32_t at = (uint32_t)w->names.n;

	do {
		vec_push(w->file->arena, &w->names, *name);
	} while (*name++);
	return at;
}

/* A section of bytes, which stay where they are. */
static void write_section(struct writer *w, const Elf64_Shdr *header, Elf_Type type, void *bytes)
{
	Elf_Scn *section = elf_newscn(w->file->elf);
	Elf64_Shdr *h = elf64_getshdr(section);
	Elf_Data *data = elf_newdata(section);

	if (!h || !data) {
		w->failed = true;
		return;
	}
	*h = *header;
	*data = (Elf_Data){ .d_buf = bytes, .d_type = type, .d_size = h->sh_size,
			    .d_align = h->sh_addralign, .d_version = EV_CURRENT };
}

static void write_sections(struct writer *w)
{
	for (size_t i = 1; i < w->file->sections.n; i++) {
		const struct elf_section *s = w->file->sections.at[i];
		const Elf64_Shdr h = {
			.sh_name = add_name(w, s->name), .sh_type = s->type,
			.sh_flags = s->flags, .sh_addralign = ALIGN,
			.sh_size = s->data.n,
		};

		write_section(w, &h, ELF_T_BYTE, s->data.at);
	}
}

static void make_symbol(struct writer *w, Elf64_Sym *sym, const struct elf_symbol *s)
{
	*sym = (Elf64_Sym){
		.st_name = add_name(w, s->name), .st_info = ELF64_ST_INFO(s->bind, s->type),
		.st_shndx = (uint16_t)s->section, .st_value = s->value, .st_size = s->size,
	};
}

static void write_symbols(struct writer *w, uint32_t names_section)
{
	const struct elf_symbol *symbols = w->file->symbols.at;
	size_t n = w->file->symbols.n;
	Elf64_Sym *table = arena_array(w->file->arena, Elf64_Sym, n);
	uint32_t place = 0;
	Elf64_Shdr h = {
		.sh_name = add_name(w, ".symtab"), .sh_type = SHT_SYMTAB,
		.sh_size = n * sizeof(*table), .sh_link = names_section,
		.sh_addralign = ALIGN, .sh_entsize = sizeof(*table),
	};

	w->places = arena_array(w->file->arena, uint32_t, n);
	for (int bind = STB_LOCAL; bind <= STB_GLOBAL; bind++) {
		for (size_t i = 0; i < n; i++) {
			if (symbols[i].bind != bind)
				continue;
			make_symbol(w, &table[place], &symbols[i]);
			w->places[i] = place++;
		}
		if (bind == STB_LOCAL)
			h.sh_info = place;
	}
	write_section(w, &h, ELF_T_SYM, table);
}

static void write_relocs(struct writer *w, uint32_t section, uint32_t symbols_section)
{
	struct elf_section *s = w->file->sections.at[section];
	const Elf64_Shdr h = {
		.sh_name = add_name(w, arena_printf(w->file->arena, ".rel%s", s->name)),
		.sh_type = SHT_REL, .sh_size = s->relocs.n * sizeof(Elf64_Rel),
		.sh_link = symbols_section, .sh_info = section, .sh_addralign = ALIGN,
		.sh_entsize = sizeof(Elf64_Rel),
	};

	for (size_t i = 0; i < s->relocs.n; i++) {
		uint64_t info = s->relocs.at[i].r_info;

		s->relocs.at[i].r_info = ELF64_R_INFO((uint64_t)w->places[ELF64_R_SYM(info)],
						      ELF64_R_TYPE(info));
	}
	write_section(w, &h, ELF_T_REL, s->relocs.at);
}

static void write_names(struct writer *w)
{
	Elf64_Shdr h = {
		.sh_name = add_name(w, ".strtab"), .sh_type = SHT_STRTAB, .sh_addralign = 1,
	};

	h.sh_size = w->names.n;
	write_section(w, &h, ELF_T_BYTE, w->names.at);
}

static void write_tables(struct writer *w)
{
	struct elf_file *e = w->file;
	uint32_t nr_relocated = 0, symbols_section = (uint32_t)e->sections.n;
	Elf64_Ehdr *h = elf64_newehdr(e->elf);

	w->failed = !h;
	if (!h)
		return;
	for (size_t i = 1; i < e->sections.n; i++)
		nr_relocated += e->sections.at[i]->relocs.n > 0;
	h->e_ident[EI_DATA] = OUR_ORDER;
	h->e_type = ET_REL;
	h->e_machine = EM_BPF;
	h->e_version = EV_CURRENT;
	h->e_shstrndx = (uint16_t)(symbols_section + nr_relocated + 1);
	add_name(w, "");
	write_sections(w);
	write_symbols(w, h->e_shstrndx);
	for (uint32_t i = 1; i < e->sections.n; i++)
		if (e->sections.at[i]->relocs.n)
			write_relocs(w, i, symbols_section);
	write_names(w);
}

static int read_back(int fd, size_t len, struct sbuf *out)
{
	void *bytes = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);

	if (bytes == MAP_FAILED)
		return -errno;
	sbuf_add(out, bytes, len);
	munmap(bytes, len);
	return 0;
}

int elf_file_write(struct elf_file *e, struct sbuf *out)
{
	struct writer w = { .file = e };
	int64_t len;

	elf_version(EV_CURRENT);
	e->fd = memfd_create("object", MFD_CLOEXEC);
	if (e->fd < 0)
		return -errno;
	e->elf = elf_begin(e->fd, ELF_C_WRITE, NULL);
	if (!e->elf)
		return -ENOMEM;
	write_tables(&w);
	len = w.failed ? -1 : elf_update(e->elf, ELF_C_WRITE);
	return len < 0 ? -ENOMEM : read_back(e->fd, (size_t)len, out);
}

void elf_file_close(struct elf_file *e)
{
	elf_end(e->elf);
	if (e->fd >= 0)
		close(e->fd);
}
