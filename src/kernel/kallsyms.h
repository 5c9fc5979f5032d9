/*
 * Functions by their names in the text of /proc/kallsyms, of which there may be several.
 */
#ifndef SONDE_KERNEL_KALLSYMS_H
#define SONDE_KERNEL_KALLSYMS_H

#include "base/sbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line of the text, taken apart; what it points to lies in the text. */
struct kallsyms_line {
	const char *name, *module;	/* module NULL: the core kernel's */
	size_t name_len, module_len;
	uint64_t address;
	char type;
};

/* Take apart the line at *at, and go on to the next one. False: that was all. */
bool kallsyms_next(const char **at, struct kallsyms_line *line);

/* Is it a function of this module (NULL: of any; "vmlinux": of the core kernel) that a
 * probe can be at? */
bool kallsyms_is_function(const struct kallsyms_line *line, const char *module);

/* Addresses of the functions of this name now, at most `max` of them. Returns how many
 * there are, or a negative errno; 0 also if addresses are hidden from us. */
int kallsyms_find(const char *module, const char *name, uint64_t *addresses, int max);

#endif
