/*
 * Private to src/sym: addresses to source lines and inlined functions, by the
 * DWARF (2 to 5, split or not) of one file.
 */
#ifndef SONDE_SYM_LINES_H
#define SONDE_SYM_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINES_INLINED 32	/* more are left out, the outermost first */

struct lines;

struct source_place {
	const char *name;	/* inlined function, as in the file (mangled, say) */
	const char *file;	/* NULL: unknown */
	uint32_t line;
};

/* Borrowed until the next question. */
struct source_lines {
	const char *file;	/* of the function that has a symbol; NULL: unknown */
	uint32_t line;
	struct source_place inlined[LINES_INLINED];	/* innermost first */
	size_t nr_inlined;
	bool lacks_functions;	/* those in the .dwo file, which was not found: the line may be
				   one of an inlined function */
};

/* Of an open file, which may be closed afterwards. NULL: it has no DWARF. */
struct lines *lines_open(int fd);
void lines_close(struct lines *l);	/* takes NULL */

/* What is at an address (as the file has it). False: nothing is known. */
bool lines_find(struct lines *l, uint64_t address, struct source_lines *out);

/* About how much memory it holds. */
size_t lines_bytes(const struct lines *l);

#endif
