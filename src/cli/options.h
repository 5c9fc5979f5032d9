/*
 * The command line as data.
 */
#ifndef SONDE_CLI_OPTIONS_H
#define SONDE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/bundle.h"
#include "sonde.h"

enum cli_mode {
	CLI_RUN, CLI_LIST, CLI_CODEGEN, CLI_FORMAT, CLI_COMPILER_BENCH, CLI_INFO, CLI_HELP,
	CLI_VERSION
};

#define CLI_MAX_WORDS 16

/* Words on the heap. */
struct cli_owned {
	char **at;
	size_t n;
};

/* Words of option arguments; of argv, or in cli_options.split. */
struct cli_words {
	const char *at[CLI_MAX_WORDS];
	size_t n;
};

struct cli_options {
	enum cli_mode mode;
	const char *program;		/* argv[0] without its folder */
	const char *script_text;	/* -e */
	const char *script_file;	/* "-": standard input */
	const char *list_pattern;
	const char *output_file;	/* -o */
	const char *command;		/* -c */
	int pid;			/* -p */
	enum sonde_format format;
	enum sonde_flush flush;
	enum sonde_purpose purpose;
	bool mode_given;		/* --mode, --test, --bench or --fmt */
	const char *probe_filter, *functions_file;
	bool quiet, verbose, unsafe_mode, dry_run, no_warnings, wait_detach;
	int warnings_level;
	const char *target_file, *save_target;
	const char *object_file;	/* --emit-elf */
	const char *program_file;	/* --aot */
	const struct bundle *bundle;	/* what this program carries, or NULL */
	struct cli_owned given;		/* the options as words, for a program to be made */
	struct cli_owned split;		/* arguments that were lists, cut into their words */
	char **words;			/* owned: a program's words of then and now, or NULL */
	const char **joined;		/* owned: its parameters, or NULL */
	struct cli_words dumps;		/* -d */
	struct cli_words no_features;
	struct cli_words include_dirs;	/* -I */
	struct cli_words includes;	/* --include */
	struct cli_words debug_dirs;	/* --debuginfo */
	int unwind_pids[CLI_MAX_WORDS];	/* --dwarf-pid */
	size_t nr_unwind_pids;
	const char *const *params;	/* borrowed from argv */
	size_t nr_params;
};

/* Parse argv; in a program that carries a script, behind the words that it was made with.
 * On an error a message has been printed; returns the exit status to end with, or -1 to go
 * on. */
int options_parse(struct cli_options *o, int argc, char **argv, const struct bundle *bundle);

/* In any case, after the last use of what was parsed. */
void options_close(struct cli_options *o);

/* The usage text, to standard error or output. */
void options_usage(const struct cli_options *o, bool to_stderr);

#endif
