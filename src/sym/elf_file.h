/*
 * Private to src/sym: files that are mapped into processes, and their symbols.
 *
 * A file is known by device, inode and time of change, and shared by all
 * processes that map it. Its table may be dropped when memory is short, and
 * comes back when it is asked for again.
 */
#ifndef SONDE_SYM_ELF_FILE_H
#define SONDE_SYM_ELF_FILE_H

#include "base/debug_dirs.h"
#include "base/file_id.h"
#include "sym/debuginfod.h"
#include "sym/lines.h"
#include "sym/table.h"

#define ELF_FILE_SEGMENTS 8
#define ELF_FILE_BUILD_ID 32	/* bytes; longer ones are cut */

struct elf_segment {		/* a PT_LOAD */
	uint64_t offset, size_bytes, address;
};

struct elf_file {
	struct elf_file *next;
	struct file_id id;
	size_t refs;		/* mappings that point here */
	uint64_t used;		/* clock of the cache */
	bool loaded, lines_asked;
	bool is_unsure;		/* whether there is a debug file was not found out */
	char build_id[2 * ELF_FILE_BUILD_ID + 1];	/* in hexadecimal; "": none */
	struct elf_segment segments[ELF_FILE_SEGMENTS];
	size_t nr_segments;
	struct table table;
	struct lines *lines;	/* owned; NULL: none */
	char **demangled;	/* one for each entry, NULL: not yet; or NULL */
	size_t demangled_bytes;
};

struct elf_cache {
	struct elf_file *files;
	uint64_t clock;
	size_t max_bytes;
	const char *debug_root;	/* borrowed */
	struct debug_dirs debug_dirs;
	struct debuginfod servers;
	bool no_demangle;
};

/* The file behind an open descriptor: found or added, with one more reference.
 * NULL: it is no regular file, or memory is out. */
struct elf_file *elf_file_get(struct elf_cache *c, int fd);
void elf_file_put(struct elf_file *f);

/* Load the symbols, and the lines if they are wanted, as far as they are not there.
 * `fd` is the file itself, `root` that of a process that maps it, or NULL. */
void elf_file_load(struct elf_cache *c, struct elf_file *f, int fd, const char *root, bool lines);

/* Whether there is something to load. */
bool elf_file_wants(const struct elf_file *f, bool lines);

/* The symbol at an offset in the file, demangled; NULL: none. `is_return`: it is
 * an address behind a call. *start_distance is the distance from the symbol's start. */
const char *elf_file_find(struct elf_cache *c, struct elf_file *f, uint64_t offset,
			  bool is_return, uint64_t *start_distance);

/* The source lines there, and inlined functions, with their names as they are in
 * the file. False: nothing is known. */
bool elf_file_lines(struct elf_cache *c, struct elf_file *f, uint64_t offset, bool is_return,
		    struct source_lines *out);

/* The name as in the source, to be freed; NULL: it stays as it is. */
char *elf_name_demangle(const struct elf_cache *c, const char *name);

/* Symbols of an ELF image in memory (the vDSO). */
void elf_image_load(struct elf_file *f, char *image, size_t size_bytes);

/* Free tables until `max_bytes` hold, sparing `keep`; and files without
 * references. */
void elf_cache_trim(struct elf_cache *c, const struct elf_file *keep);
void elf_cache_close(struct elf_cache *c);
void elf_file_clear(struct elf_file *f);

#endif
