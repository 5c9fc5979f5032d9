/*
 * Attach points of uprobe and uretprobe, taken apart.
 */
#ifndef SONDE_PROBES_USER_AP_H
#define SONDE_PROBES_USER_AP_H

#include "probes/probes_impl.h"

enum user_ap_kind {
	USER_FUNCTION,		/* function + offset */
	USER_CPP,		/* function is a C++ name, offset */
	USER_ADDRESS,		/* address */
	USER_SOURCE,		/* file, line, column */
};

struct user_ap {
	enum user_ap_kind kind;
	const char *target;		/* NULL: the executable of c->pid */
	const char *function;
	uint64_t offset, address;
	const char *file;
	uint64_t line, column;		/* column 0: any */
};

/* False: it is spelled wrongly, which was told. */
bool user_ap_parse(struct probe_ctx *c, const struct provider *p, const struct attach_point *ap,
		   struct user_ap *u);

/* Does the C++ name that a symbol stands for match? A pattern without "(" is
 * compared with the name alone, with and without the type of the result. */
bool cpp_name_match(const char *pattern, const char *symbol);

/* The name in C++ that a symbol stands for, alone or with its parameters, in
 * memory of malloc; NULL: it stands for none. */
char *cpp_plain_name(const char *symbol);
char *cpp_full_name(const char *symbol);

#endif
