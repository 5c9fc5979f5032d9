/*
 * A relocatable ELF file in the making: see elf_file.h.
 *
 * The file: its head, the sections' bytes, one section of relocations behind each
 * that has any, symbols (local ones first, as ELF wants it), names, the table of
 * sections.
 */
#include "image/elf_file.h"

#include <string.h>

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
	struct sbuf *out;
	size_t start;		/* in `out` */
	VEC(char) names;
	VEC(Elf64_Shdr) headers;
	VEC(uint32_t) places;	/* of the symbols, in the file's table */
};

static uint32_t add_name(struct writer *w, const char *name)
{
	uint32_t at = (uint32_t)w->names.n;

	do {
		vec_push(w->file->arena, &w->names, *name);
	} while (*name++);
	return at;
}

static uint64_t align(struct writer *w)
{
	size_t at = w->out->len - w->start;

	sbuf_fill(w->out, '\0', (ALIGN - at % ALIGN) % ALIGN);
	return w->out->len - w->start;
}

/* The bytes and the header of a section that is kept by number. */
static void write_section(struct writer *w, const struct elf_section *s)
{
	Elf64_Shdr h = { 0 };

	if (s->name) {
		h.sh_name = add_name(w, s->name);
		h.sh_type = s->type;
		h.sh_flags = s->flags;
		h.sh_addralign = ALIGN;
		h.sh_offset = align(w);
		h.sh_size = s->type == SHT_NOBITS ? s->empty_bytes : s->data.n;
		sbuf_add(w->out, s->data.at, s->data.n);
	}
	vec_push(w->file->arena, &w->headers, h);
}

static void write_symbol(struct writer *w, uint32_t number, uint32_t place)
{
	const struct elf_symbol *s = &w->file->symbols.at[number];
	Elf64_Sym out = {
		.st_name = add_name(w, s->name), .st_info = ELF64_ST_INFO(s->bind, s->type),
		.st_shndx = (uint16_t)s->section, .st_value = s->value, .st_size = s->size,
	};

	sbuf_add(w->out, &out, sizeof(out));
	w->places.at[number] = place;
}

static void write_symbols(struct writer *w, uint32_t names_section)
{
	size_t n = w->file->symbols.n;
	uint32_t place = 0, nr_local = 0;
	Elf64_Shdr h = {
		.sh_name = add_name(w, ".symtab"), .sh_type = SHT_SYMTAB, .sh_offset = align(w),
		.sh_size = n * sizeof(Elf64_Sym), .sh_link = names_section, .sh_addralign = ALIGN,
		.sh_entsize = sizeof(Elf64_Sym),
	};

	w->places.at = arena_array(w->file->arena, uint32_t, n);
	for (int bind = STB_LOCAL; bind <= STB_GLOBAL; bind++) {
		for (uint32_t i = 0; i < n; i++)
			if (w->file->symbols.at[i].bind == bind)
				write_symbol(w, i, place++);
		if (bind == STB_LOCAL)
			nr_local = place;
	}
	h.sh_info = nr_local;
	vec_push(w->file->arena, &w->headers, h);
}

static void write_relocs(struct writer *w, uint32_t section, uint32_t symbols_section)
{
	struct elf_section *s = w->file->sections.at[section];
	Elf64_Shdr h = {
		.sh_name = add_name(w, arena_printf(w->file->arena, ".rel%s", s->name)),
		.sh_type = SHT_REL, .sh_offset = align(w),
		.sh_size = s->relocs.n * sizeof(Elf64_Rel), .sh_link = symbols_section,
		.sh_info = section, .sh_addralign = ALIGN, .sh_entsize = sizeof(Elf64_Rel),
	};

	for (size_t i = 0; i < s->relocs.n; i++) {
		Elf64_Rel r = s->relocs.at[i];

		r.r_info = ELF64_R_INFO((uint64_t)w->places.at[ELF64_R_SYM(r.r_info)],
					ELF64_R_TYPE(r.r_info));
		sbuf_add(w->out, &r, sizeof(r));
	}
	vec_push(w->file->arena, &w->headers, h);
}

static void write_names(struct writer *w)
{
	Elf64_Shdr h = { .sh_name = add_name(w, ".strtab"), .sh_type = SHT_STRTAB,
			 .sh_offset = align(w), .sh_addralign = 1 };

	h.sh_size = w->names.n;
	sbuf_add(w->out, w->names.at, w->names.n);
	vec_push(w->file->arena, &w->headers, h);
}

static void write_head(struct writer *w, uint64_t headers_at)
{
	Elf64_Ehdr h = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, OUR_ORDER,
			     EV_CURRENT },
		.e_type = ET_REL, .e_machine = EM_BPF, .e_version = EV_CURRENT,
		.e_shoff = headers_at, .e_ehsize = sizeof(h), .e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = (uint16_t)w->headers.n, .e_shstrndx = (uint16_t)(w->headers.n - 1),
	};

	if (!w->out->failed)
		memcpy(w->out->at + w->start, &h, sizeof(h));
}

void elf_file_write(struct elf_file *e, struct sbuf *out)
{
	struct writer w = { .file = e, .out = out, .start = out->len };
	uint32_t nr_relocated = 0, symbols_section;
	uint64_t headers_at;

	add_name(&w, "");
	sbuf_fill(out, '\0', sizeof(Elf64_Ehdr));
	for (size_t i = 0; i < e->sections.n; i++) {
		write_section(&w, e->sections.at[i]);
		nr_relocated += e->sections.at[i]->relocs.n > 0;
	}
	symbols_section = (uint32_t)e->sections.n;
	write_symbols(&w, symbols_section + nr_relocated + 1);
	for (uint32_t i = 1; i < e->sections.n; i++)
		if (e->sections.at[i]->relocs.n)
			write_relocs(&w, i, symbols_section);
	write_names(&w);
	headers_at = align(&w);
	sbuf_add(out, w.headers.at, w.headers.n * sizeof(Elf64_Shdr));
	write_head(&w, headers_at);
}
