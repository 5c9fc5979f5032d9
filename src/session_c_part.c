/*
 * What the C part of scripts needs of the system: where headers are, and their
 * text.
 */
#include "session.h"

#include "types/cdefs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HEADER_BYTES_MAX (64 << 20)

/* Headers are read into the compiler's arena. */
static const char *read_file(struct sonde *s, const char *path, size_t *len)
{
	struct stat st;
	FILE *f = fopen(path, "re");
	char *text = NULL;

	if (!f)
		return NULL;
	if (!fstat(fileno(f), &st) && S_ISREG(st.st_mode) && st.st_size <= HEADER_BYTES_MAX) {
		text = arena_alloc(&s->arena, (size_t)st.st_size + 1);
		*len = fread(text, 1, (size_t)st.st_size, f);
	}
	fclose(f);
	return text;
}

typedef VEC(const char *) path_vec;

struct header_reader {
	struct sonde *s;
	path_vec dirs;			/* where headers are looked for */
	size_t first_kernel_dir, nr_kernel_dirs;
	bool has_tree;			/* those are this machine's, not given */
};

static void keep_header(struct sonde *s, const char *path, const char *text, size_t len)
{
	session_file_keep(s, &(struct sonde_file){ .name = path, .text = text, .len = len });
}

/* Is the file in one of the folders from `first` to `end`? */
static bool is_below(const struct header_reader *r, size_t first, size_t end, const char *path)
{
	for (size_t i = first; i < end; i++) {
		size_t len = strlen(r->dirs.at[i]);

		if (!strncmp(path, r->dirs.at[i], len) && path[len] == '/')
			return true;
	}
	return false;
}

/* The tree of this kernel, where there is one, is not mixed with that of another. */
static const char *read_given(void *arg, const char *path, size_t *len)
{
	const struct header_reader *r = arg;
	struct sonde *s = r->s;
	const struct sonde_file *given = session_file_find(s, path);
	size_t first = r->first_kernel_dir;

	if (!given || (r->has_tree && is_below(r, first, first + r->nr_kernel_dirs, path)))
		return NULL;
	*len = given->len;
	keep_header(s, path, given->text, given->len);
	return arena_strndup(&s->arena, given->text, given->len);
}

/* With the option only_files what is not given has to be the system's: of a folder that was
 * given, or is where the program happens to run, anybody may be the owner. */
static bool may_read(const struct header_reader *r, const char *path)
{
	size_t first = r->first_kernel_dir + (r->has_tree ? 0 : r->nr_kernel_dirs);

	return !r->s->options.only_files ||
	       (is_below(r, first, r->dirs.n, path) && !strstr(path, "/../"));
}

static const char *read_header(void *arg, const char *path, size_t *len)
{
	const struct header_reader *r = arg;
	const char *text = may_read(r, path) ? read_file(r->s, path, len) : NULL;

	if (text)
		keep_header(r->s, path, text, *len);
	return text;
}

static void add_path(struct sonde *s, path_vec *dirs, const char *path)
{
	vec_push(&s->arena, dirs, path);
}

/* "a:b" of the environment. */
static void add_list(struct sonde *s, path_vec *dirs, const char *variable)
{
	const char *list = getenv(variable);
	char *rest = list ? arena_strdup(&s->arena, list) : NULL, *dir;

	while ((dir = strsep(&rest, ":")))
		if (*dir)
			add_path(s, dirs, dir);
}

static bool is_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* Where the environment says the tree is, or the kernel's package put it. */
static const char *kernel_tree(struct sonde *s, const char *variable, const char *name)
{
	const char *sonde = getenv(arena_printf(&s->arena, "SONDE_KERNEL_%s", variable));
	const char *other = getenv(arena_printf(&s->arena, "BPFTRACE_KERNEL_%s", variable));
	const char *usual = arena_printf(&s->arena, "/lib/modules/%s/%s", s->target.release, name);

	if (sonde || other)
		return sonde ? sonde : other;
	return is_folder(usual) ? usual : NULL;
}

/* The kernel's own headers, if its package for building modules is there. */
static bool add_kernel_dirs(struct sonde *s, path_vec *dirs)
{
	static const struct { bool is_built; const char *path; bool of_arch; } rows[] = {
		{ false, "include", true }, { true, "include/generated", true },
		{ false, "include", false }, { true, "include", false },
		{ false, "include/uapi", true }, { true, "include/generated/uapi", true },
		{ false, "include/uapi", false }, { true, "include/generated/uapi", false },
	};
	const char *source = kernel_tree(s, "SOURCE", "source");
	const char *build = kernel_tree(s, "BUILD", "build");
	const char *arch = getenv("ARCH") ? getenv("ARCH") : s->target.arch->kernel_name;

	if (!source && !build)
		return false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *root = rows[i].is_built ? (build ? build : source) :
				   (source ? source : build);

		add_path(s, dirs, rows[i].of_arch ?
			 arena_printf(&s->arena, "%s/arch/%s/%s", root, arch, rows[i].path) :
			 arena_printf(&s->arena, "%s/%s", root, rows[i].path));
	}
	return true;
}

/* Folders of this kind that came with the files. */
static size_t add_given(struct header_reader *r, enum sonde_file_kind kind)
{
	const struct sonde_options *o = &r->s->options;
	size_t before = r->dirs.n;

	for (size_t i = 0; i < o->nr_files; i++)
		if (o->files[i].kind == kind)
			add_path(r->s, &r->dirs, o->files[i].name);
	return r->dirs.n - before;
}

static void keep_dirs(const struct header_reader *r, enum sonde_file_kind kind, size_t from,
		      size_t to)
{
	for (size_t i = from; i < to; i++)
		session_file_keep(r->s, &(struct sonde_file){ .name = r->dirs.at[i], .text = "",
							      .kind = kind });
}

static void add_own_dirs(struct header_reader *r)
{
	const struct sonde_options *o = &r->s->options;

	for (size_t i = 0; i < o->nr_include_dirs; i++)
		add_path(r->s, &r->dirs, o->include_dirs[i]);
	add_list(r->s, &r->dirs, "CPATH");
	add_list(r->s, &r->dirs, "C_INCLUDE_PATH");
}

/* What was compiled without a kernel's tree before is so again. */
static void choose_kernel_dirs(struct header_reader *r)
{
	size_t nr_given = add_given(r, SONDE_KERNEL_DIR);

	if (nr_given || !r->s->options.only_files) {
		r->dirs.n -= nr_given;
		r->has_tree = add_kernel_dirs(r->s, &r->dirs);
		if (!r->has_tree)
			add_given(r, SONDE_KERNEL_DIR);
	}
	r->nr_kernel_dirs = r->dirs.n - r->first_kernel_dir;
}

static void include_dirs(struct header_reader *r, struct cdefs_env *env)
{
	struct sonde *s = r->s;

	add_given(r, SONDE_HEADER_DIR);
	if (!s->options.only_files)
		add_own_dirs(r);
	r->first_kernel_dir = r->dirs.n;
	choose_kernel_dirs(r);
	keep_dirs(r, SONDE_HEADER_DIR, 0, r->first_kernel_dir);
	keep_dirs(r, SONDE_KERNEL_DIR, r->first_kernel_dir, r->dirs.n);
	add_path(s, &r->dirs, "/usr/local/include");
	add_path(s, &r->dirs, arena_printf(&s->arena, "/usr/include/%s-linux-gnu",
					   s->target.arch->name));
	add_path(s, &r->dirs, "/usr/include");
	env->include_dirs = r->dirs.at;
	env->nr_include_dirs = r->dirs.n;
	env->first_kernel_dir = r->first_kernel_dir;
	env->nr_kernel_dirs = r->nr_kernel_dirs;
}

static const char *folder_of(struct sonde *s, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_strndup(&s->arena, path, (size_t)(slash - path) + (slash == path)) :
	       "";
}

struct cdefs *session_c_part(struct sonde *s, struct types *types, struct diags *diags,
			     struct kbtf *btf, const char *script)
{
	const struct sonde_options *o = &s->options;
	struct header_reader *reader = arena_new(&s->arena, struct header_reader);
	struct cdefs_env env = {
		.types = types, .diags = diags, .btf = btf,
		.char_is_signed = s->target.arch->char_is_signed,
		.big_endian = s->target.arch->big_endian,
		.max_align_bytes = s->target.arch->max_align_bytes,
		.machine_macro = arena_printf(&s->arena, "__%s__", s->target.arch->name),
		.page_size = s->target.page_size,
		.kernel_version = s->target.kernel_version,
		.script_dir = folder_of(s, script),
		.read = read_header, .read_given = o->nr_files ? read_given : NULL,
		.read_arg = reader,
	};
	struct cdefs *c;

	reader->s = s;
	include_dirs(reader, &env);
	c = cdefs_new(&env);
	for (size_t i = 0; i < o->nr_includes; i++)
		if (!cdefs_include(c, o->includes[i]))
			diag_error(diags, (struct loc){ 0 }, DIAG_NO_SUCH_HEADER,
				   "'%s' file not found", o->includes[i]);
	return c;
}
