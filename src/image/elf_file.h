/*
 * A relocatable ELF file in the making: sections, symbols, relocations.
 *
 * What comes out has the byte order of this machine and is for the BPF machine.
 * All memory is the arena's, but for what libelf holds while it writes.
 */
#ifndef SONDE_IMAGE_ELF_FILE_H
#define SONDE_IMAGE_ELF_FILE_H

#include "base/arena.h"
#include "base/sbuf.h"
#include "base/vec.h"

#include <elf.h>

struct elf_section {
	const char *name;
	uint32_t type;		/* SHT_PROGBITS, say */
	uint64_t flags;
	VEC(uint8_t) data;
	VEC(Elf64_Rel) relocs;	/* symbols are numbers of elf_symbol() until it is written */
	uint32_t symbol;	/* of the section itself; 0: none yet */
};

struct elf_symbol {
	const char *name;
	uint8_t bind, type;
	uint32_t section;
	uint64_t value, size;
};

struct elf_file {
	struct arena *arena;
	VEC(struct elf_section *) sections;	/* number 0 is none */
	VEC(struct elf_symbol) symbols;		/* the same */
	struct Elf *elf;	/* while it is written */
	int fd;
};

void elf_file_init(struct elf_file *e, struct arena *a);

/* The number of the section of this name, which is made if there is none. */
uint32_t elf_file_section(struct elf_file *e, const char *name, uint32_t type, uint64_t flags);

/* Append to a section; returns where. */
uint64_t elf_file_add(struct elf_file *e, uint32_t section, const void *data, size_t len);

/* Returns the symbol's number. */
uint32_t elf_file_symbol(struct elf_file *e, const struct elf_symbol *symbol);

/* The symbol that stands for a section. */
uint32_t elf_file_section_symbol(struct elf_file *e, uint32_t section);

void elf_file_reloc(struct elf_file *e, uint32_t section, uint64_t offset, uint32_t symbol,
		    uint32_t type);

/* Append the bytes of the file. 0 or a negative errno. */
int elf_file_write(struct elf_file *e, struct sbuf *out);

/* Free what the arena does not. */
void elf_file_close(struct elf_file *e);

#endif
