/*
 * A script as a program (--aot): a copy of this program with the script behind it, all
 * that the script imports and includes, and the options that it was made with. It is
 * compiled where it runs, each time, for what that machine has.
 */
#ifndef SONDE_CLI_BUNDLE_H
#define SONDE_CLI_BUNDLE_H

#include "sonde.h"

#include <stddef.h>

struct bundle {
	const char *name;		/* of the script, for messages */
	const char *text;
	size_t len;
	char **words;			/* options, then parameters, that were given then */
	size_t nr_options, nr_params;
	struct sonde_file *files;
	size_t nr_files;
	char *data;			/* owned: all of this, as it was read; else NULL */
};

/* What this program carries. 1, 0 if it is just Sonde, or a negative errno: it carries
 * something that is damaged. bundle_close is owed in any case. */
int bundle_find(struct bundle *b);

void bundle_close(struct bundle *b);

/* Write a program that carries `b`. 0 or a negative errno. */
int bundle_write(const char *path, const struct bundle *b);

#endif
