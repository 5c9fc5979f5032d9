/*
 * Private to src/sym: what one ELF file tells of its addresses, itself or by a
 * separate debug file.
 */
#ifndef SONDE_SYM_ELF_READ_H
#define SONDE_SYM_ELF_READ_H

#include "sym/debug_file.h"
#include "sym/lines.h"
#include "sym/table.h"

/* Fill the table from .symtab; else from that of a separate debug file; else from
 * .dynsym with what the file keeps in .gnu_debugdata. */
void elf_read_symbols(struct table *t, Elf *elf, const struct file_place *place);

/* The DWARF of the file or of its separate debug file; NULL: there is none. */
struct lines *elf_read_lines(Elf *elf, const struct file_place *place);

#endif
