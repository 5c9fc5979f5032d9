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

static const char *read_header(void *arg, const char *path, size_t *len)
{
	struct sonde *s = arg;
	const struct sonde_file *given = session_file_find(s, path);
	const char *text = given ? arena_strndup(&s->arena, given->text, given->len)
				 : read_file(s, path, len);

	if (given)
		*len = given->len;
	if (text)
		session_file_keep(s, path, text, *len);
	return text;
}

typedef VEC(const char *) path_vec;

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
static void add_kernel_dirs(struct sonde *s, path_vec *dirs)
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
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *root = rows[i].is_built ? (build ? build : source) :
				   (source ? source : build);

		add_path(s, dirs, rows[i].of_arch ?
			 arena_printf(&s->arena, "%s/arch/%s/%s", root, arch, rows[i].path) :
			 arena_printf(&s->arena, "%s/%s", root, rows[i].path));
	}
}

static void include_dirs(struct sonde *s, struct cdefs_env *env)
{
	const struct sonde_options *o = &s->options;
	path_vec dirs = { 0 };

	for (size_t i = 0; i < o->nr_include_dirs; i++)
		add_path(s, &dirs, o->include_dirs[i]);
	add_list(s, &dirs, "CPATH");
	add_list(s, &dirs, "C_INCLUDE_PATH");
	env->first_kernel_dir = dirs.n;
	add_kernel_dirs(s, &dirs);
	env->nr_kernel_dirs = dirs.n - env->first_kernel_dir;
	add_path(s, &dirs, "/usr/local/include");
	add_path(s, &dirs, arena_printf(&s->arena, "/usr/include/%s-linux-gnu",
					s->target.arch->name));
	add_path(s, &dirs, "/usr/include");
	env->include_dirs = dirs.at;
	env->nr_include_dirs = dirs.n;
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
	struct cdefs_env env = {
		.types = types, .diags = diags, .btf = btf,
		.char_is_signed = s->target.arch->char_is_signed,
		.big_endian = s->target.arch->big_endian,
		.max_align_bytes = s->target.arch->max_align_bytes,
		.machine_macro = arena_printf(&s->arena, "__%s__", s->target.arch->name),
		.page_size = s->target.page_size,
		.kernel_version = s->target.kernel_version,
		.script_dir = folder_of(s, script),
		.read = read_header, .read_arg = s,
	};
	struct cdefs *c;

	include_dirs(s, &env);
	c = cdefs_new(&env);
	for (size_t i = 0; i < o->nr_includes; i++)
		if (!cdefs_include(c, o->includes[i]))
			diag_error(diags, (struct loc){ 0 }, DIAG_NO_SUCH_HEADER,
				   "'%s' file not found", o->includes[i]);
	return c;
}
