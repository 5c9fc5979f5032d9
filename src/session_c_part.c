/*
 * What the C part of scripts needs of the system: where headers are, and their
 * text.
 */
#include "session.h"

#include "types/cdefs.h"

#include <string.h>
#include <sys/stat.h>

#define HEADER_BYTES_MAX (64 << 20)

/* Headers are read into the compiler's arena. */
static const char *read_header(void *arg, const char *path, size_t *len)
{
	struct sonde *s = arg;
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

static void include_dirs(struct sonde *s, struct cdefs_env *env)
{
	const struct sonde_options *o = &s->options;
	const char *arch = s->target.arch->name;
	const char **dirs = arena_array(&s->arena, const char *, o->nr_include_dirs + 3);
	size_t n = 0;

	for (; n < o->nr_include_dirs; n++)
		dirs[n] = o->include_dirs[n];
	dirs[n++] = "/usr/local/include";
	dirs[n++] = arena_printf(&s->arena, "/usr/include/%s-linux-gnu", arch);
	dirs[n++] = "/usr/include";
	env->include_dirs = dirs;
	env->nr_include_dirs = n;
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
				   "cannot find the header '%s'", o->includes[i]);
	return c;
}
