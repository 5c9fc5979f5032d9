/*
 * Imports: other scripts, headers and directories of both, put into the script.
 *
 * In: a script as parsed. Out: the same with the parts of what it imports in
 * front of its own, and no imports. Files are read through the caller's reader.
 * What is imported twice, by whatever paths, is taken once; so a circle ends.
 */
#include "lang/lang.h"

#include "base/hmap.h"

#include <errno.h>
#include <string.h>

struct importer {
	struct arena *arena;
	struct names *names;
	struct diags *diags;
	const struct lang_options *options;
	const char *root_dir;		/* "" or with a "/" at its end */
	struct hmap seen;		/* ids of files */
	struct script all;		/* what was imported so far */
};

static void import_all(struct importer *im, const struct script *script, const char *dir);
static void import_statements(struct importer *im, struct script *script, const char *dir);
static void import_file(struct importer *im, const struct import *import, const char *path,
			const struct lang_file *file);

/* ---- paths ---- */

/* The directory of a file: "" or with a "/" at its end. */
static const char *dir_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_strndup(a, path, (size_t)(slash + 1 - path)) : "";
}

static const char *join_path(struct arena *a, const char *dir, const char *path)
{
	return *path == '/' ? path : arena_printf(a, "%s%s", dir, path);
}

static bool has_suffix(const char *path, const char *suffix)
{
	size_t len = strlen(path), n = strlen(suffix);

	return len > n && !strcmp(path + len - n, suffix);
}

static int open_file(struct importer *im, const char *path, struct lang_file *file)
{
	const struct lang_reader *r = im->options->reader;

	memset(file, 0, sizeof(*file));
	return *path ? r->open(r->arg, im->arena, path, file) : -ENOENT;
}

/* ---- what goes wrong ---- */

static void not_found(struct importer *im, const struct import *import, const char *path)
{
	struct diag *d = diag_error(im->diags, import->loc, DIAG_IMPORT_NOT_FOUND,
				    "Unable to find suitable path for import");
	const char *dir = dir_of(im->arena, path);
	struct lang_file listing;
	struct nearest near;

	diag_hint(im->diags, d, "checked: %s", path);
	if (open_file(im, *dir ? dir : ".", &listing) || !listing.is_directory)
		return;
	nearest_start(&near, path + strlen(dir));
	for (size_t i = 0; i < listing.nr_entries; i++)
		nearest_try(&near, listing.entries[i]);
	if (near.best)
		diag_hint(im->diags, d, "did you mean \"%s%s\"?", dir, near.best);
}

static bool refuse_open_to_all(struct importer *im, const struct import *import,
			       const char *path, const struct lang_file *file)
{
	struct diag *d;

	if (!file->is_open_to_all)
		return false;
	d = diag_error(im->diags, import->loc, DIAG_IMPORT_WRITABLE,
		       "will not import \"%s\": everyone may write to it", path);
	if (!file->is_directory)
		diag_hint(im->diags, d,
			  "this counts for the file and for the directory that it is in");
	return true;
}

/* ---- kinds of files ---- */

static struct source *add_source(struct importer *im, const struct import *import,
				 const char *path, const struct lang_file *file)
{
	struct source *s = source_add(im->diags, path, file->text, file->len);

	if (!s)
		diag_error(im->diags, import->loc, DIAG_IMPORT_TOO_LARGE,
			   "\"%s\" is too large to import", path);
	return s;
}

static const struct expansion *expansion_of(struct importer *im, const struct import *import)
{
	struct expansion *e = arena_new(im->arena, struct expansion);

	e->call = import->loc;
	return e;
}

#define move_parts(to, from, part) do {						\
	for (size_t i_ = 0; i_ < (from)->part.n; i_++)				\
		vec_push(im->arena, &(to)->part, (from)->part.at[i_]);		\
} while (0)

static void merge(struct importer *im, const struct script *script)
{
	move_parts(&im->all, script, c_parts);
	move_parts(&im->all, script, map_decls);
	move_parts(&im->all, script, macros);
	move_parts(&im->all, script, funcs);
	move_parts(&im->all, script, probes);
	move_parts(&im->all, script, statements);
}

static void refuse_config(struct importer *im, const struct script *script)
{
	const struct config_entry *e = script->config.at;

	if (script->config.n)
		diag_error(im->diags, loc_join(e->loc, e[script->config.n - 1].value_loc),
			   DIAG_IMPORT_CONFIG, "invalid `config` within import");
}

static void import_script(struct importer *im, const struct import *import, const char *path,
			  const struct lang_file *file)
{
	struct source *source = add_source(im, import, path, file);
	struct lang_options options = *im->options;
	struct script *script;

	if (!source)
		return;
	options.from = expansion_of(im, import);
	script = lang_parse(im->arena, im->names, im->diags, source, &options);
	refuse_config(im, script);
	import_all(im, script, dir_of(im->arena, path));
	import_statements(im, script, dir_of(im->arena, path));
	merge(im, script);
}

static void import_header(struct importer *im, const struct import *import, const char *path,
			  const struct lang_file *file)
{
	struct source *source = add_source(im, import, path, file);
	struct c_chunk chunk = { .is_header = true };

	if (!source)
		return;
	chunk.text = source->text;
	chunk.loc.begin = chunk.loc.end = source->base;
	chunk.loc.from = expansion_of(im, import);
	vec_push(im->arena, &im->all.c_parts, chunk);
}

static void refuse_later(struct importer *im, const struct import *import, const char *path,
			 const struct lang_file *file)
{
	(void)file;
	diag_error(im->diags, import->loc, DIAG_NOT_SUPPORTED,
		   "not supported yet: import of BPF %s "
		   "(\"%s\")", has_suffix(path, ".c") ? "C" : "objects", path);
}

static const struct import_kind {
	const char *suffix;
	void (*import)(struct importer *im, const struct import *import, const char *path,
		       const struct lang_file *file);
} kinds[] = {
	{ ".bt", import_script },
	{ ".h", import_header },
	{ ".bpf.c", refuse_later },
	{ ".bpf.o", refuse_later },
};

static const struct import_kind *find_kind(const char *path)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (has_suffix(path, kinds[i].suffix))
			return &kinds[i];
	return NULL;
}

/* ---- files and directories ---- */

static void import_entry(struct importer *im, const struct import *import, const char *path)
{
	struct lang_file file;
	int err = open_file(im, path, &file);

	if (err)
		diag_error(im->diags, import->loc, DIAG_IMPORT_UNREADABLE, "cannot read \"%s\": %s",
			   path, strerror(-err));
	else if (!file.is_directory)
		import_file(im, import, path, &file);
}

/* All files of known kinds directly inside; others are left alone. */
static void import_directory(struct importer *im, const struct import *import, const char *path,
			     const struct lang_file *dir)
{
	const char *slash = has_suffix(path, "/") ? "" : "/";

	for (size_t i = 0; i < dir->nr_entries; i++)
		if (find_kind(dir->entries[i]))
			import_entry(im, import, arena_printf(im->arena, "%s%s%s", path, slash,
							      dir->entries[i]));
}

static void import_file(struct importer *im, const struct import *import, const char *path,
			const struct lang_file *file)
{
	const struct import_kind *kind = find_kind(path);

	if (hmap_find(&im->seen, file->id, strlen(file->id)) ||
	    refuse_open_to_all(im, import, path, file))
		return;
	hmap_set(&im->seen, file->id, strlen(file->id), im);
	if (file->is_directory)
		import_directory(im, import, path, file);
	else if (kind)
		kind->import(im, import, path, file);
	else
		diag_error(im->diags, import->loc, DIAG_IMPORT_KIND, "unknown import type: \"%s\"",
			   path);
}

/* The builtins, which are there without: unless a directory stands in for them.
 * `file` is what is there of that name, or NULL. */
static bool is_builtin_library(const struct import *import, const struct lang_file *file)
{
	return !strcmp(import->path, "stdlib") && (!file || !file->is_directory);
}

/* Beside what imports it, or else beside the script itself. */
static void import_one(struct importer *im, const struct import *import, const char *dir)
{
	const char *path = join_path(im->arena, dir, import->path);
	struct lang_file file;
	int err = open_file(im, path, &file);

	if (err == -ENOENT && strcmp(dir, im->root_dir)) {
		const char *other = join_path(im->arena, im->root_dir, import->path);

		if (!open_file(im, other, &file)) {
			path = other;
			err = 0;
		}
	}
	if (is_builtin_library(import, err ? NULL : &file))
		return;
	if (!err)
		import_file(im, import, path, &file);
	else if (err == -ENOENT || err == -ENOTDIR)
		not_found(im, import, path);
	else
		diag_error(im->diags, import->loc, DIAG_IMPORT_UNREADABLE, "cannot read \"%s\": %s",
			   path, strerror(-err));
}

static void import_all(struct importer *im, const struct script *script, const char *dir)
{
	for (size_t i = 0; i < script->imports.n; i++)
		import_one(im, &script->imports.at[i], dir);
}

/* Statements take in headers only. Whether they may stand there at all, and what is
 * missing, is for checking to tell. */
static void import_statements(struct importer *im, struct script *script, const char *dir)
{
	struct import *import;
	struct lang_file file;

	vec_each(import, &script->statements) {
		const char *path = join_path(im->arena, dir, import->path);

		import->found = is_builtin_library(import, NULL) ||
				(has_suffix(path, ".h") && !open_file(im, path, &file) &&
				 !file.is_directory);
		if (import->found && has_suffix(path, ".h"))
			import_file(im, import, path, &file);
	}
}

static void take_back(struct importer *im, struct script *script)
{
	merge(im, script);
	script->c_parts.n = script->map_decls.n = script->macros.n = script->funcs.n = 0;
	script->probes.n = script->imports.n = script->statements.n = 0;
	move_parts(script, &im->all, c_parts);
	move_parts(script, &im->all, map_decls);
	move_parts(script, &im->all, macros);
	move_parts(script, &im->all, funcs);
	move_parts(script, &im->all, probes);
	move_parts(script, &im->all, statements);
}

void lang_import(struct arena *a, struct names *names, struct diags *diags,
		 struct script *script, const char *path, const struct lang_options *options)
{
	struct importer im = {
		.arena = a, .names = names, .diags = diags, .options = options,
		.root_dir = dir_of(a, path),
	};
	struct lang_file root;

	if (!script->imports.n && !script->statements.n)
		return;
	hmap_init(&im.seen, a);
	if (!open_file(&im, path, &root))
		hmap_set(&im.seen, root.id, strlen(root.id), &im);
	import_all(&im, script, im.root_dir);
	import_statements(&im, script, im.root_dir);
	take_back(&im, script);
}
