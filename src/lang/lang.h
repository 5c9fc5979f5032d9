/*
 * From script text to syntax tree.
 */
#ifndef SONDE_LANG_LANG_H
#define SONDE_LANG_LANG_H

#include "base/diag.h"
#include "base/names.h"
#include "base/sbuf.h"
#include "lang/ast.h"

#include <stdio.h>

/* What a path of an import leads to. */
struct lang_file {
	const char *id;			/* the same for all paths to the same file */
	bool is_directory;
	bool is_open_to_all;		/* it, or the directory of a file: everyone may write */
	const char *text;		/* of a file; NUL-terminated */
	size_t len;
	const char *const *entries;	/* of a directory: names, sorted */
	size_t nr_entries;
};

/* How imports are read; what it hands out is in the arena `a`. 0 or a negative
 * errno. */
struct lang_reader {
	int (*open)(void *arg, struct arena *a, const char *path, struct lang_file *file);
	void *arg;
};

struct lang_options {
	const char *const *params;	/* positional parameters $1.. */
	size_t nr_params;
	const struct lang_reader *reader;	/* for imports */
	bool keep_params;			/* $1 in an attach point stays as it is */
	const struct expansion *from;		/* the import that the source is read for, or
						   NULL */
};

/* Parse a source into a tree. Always returns a tree; errors are in `diags`,
 * and what did not parse is missing from the tree or a NODE_ERROR. */
struct script *lang_parse(struct arena *a, struct names *names, struct diags *diags,
			  const struct source *source, const struct lang_options *options);

/* Read what the script (of the file `path`) imports and put it into the script;
 * no import is left. What is imported comes before what imports it. Errors are in
 * `diags`; every place in an imported file has loc.from. */
void lang_import(struct arena *a, struct names *names, struct diags *diags,
		 struct script *script, const char *path, const struct lang_options *options);

/* Parse a text that is one expression and nothing else; `text->base` is where it
 * lies in a source of `diags`. Mistakes are errors there. */
struct node *lang_parse_expr(struct arena *a, struct names *names, struct diags *diags,
			     const struct source *text);

/* Put the bodies of macros where they are called, in the whole script; no macro
 * is left. `is_builtin` says whether the language has a function (is_call) or
 * else a variable of this name: what no macro takes is left to it. Every node of
 * an expansion has loc.from. Errors are in `diags`. */
typedef bool (*lang_is_builtin_fn)(const char *name, bool is_call);
void lang_expand_macros(struct arena *a, struct diags *diags, struct script *script,
			lang_is_builtin_fn is_builtin);

/* Write the tree for people (`-d ast`): one node a line, indented. Types are
 * shown where they are known. */
void lang_dump(const struct script *script, FILE *out);

/* Append the script's text in the one style: comments, spellings and parentheses
 * stay, lines and blanks are new. `script` is what lang_parse made of the source,
 * without errors and with keep_params. False: the two do not agree. */
bool lang_format(struct arena *a, struct names *names, const struct source *source,
		 const struct script *script, struct sbuf *out);

/* Names that are builtins by position, whatever a script defines: they are no
 * macro parameters, type names or record labels (args, pid, arg0, __builtin_x). */
bool lang_is_builtin_word(const char *name);

/* Write one expression or statement as lang_dump does, indented by `indent` steps. */
void lang_dump_node(const struct node *n, int indent, FILE *out);

/* Parse the text of an integer as scripts write them (bases, underscores,
 * exponent, suffixes). Returns 0, -EINVAL (not a number) or -ERANGE. */
int lang_parse_integer(const char *text, size_t len, uint64_t *value, bool *is_duration);

#endif
