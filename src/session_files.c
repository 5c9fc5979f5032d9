/*
 * The files that compiling reads besides the script: kept for who asks for them
 * (sonde_files), and handed out again where there are no such files
 * (sonde_options.files).
 *
 * A file is known by the name by which it was looked for, and by its identity where it
 * was read, since names of one file are imported once. A folder that was imported is its
 * name with a "/" behind it, and the names in it, one a line.
 */
#include "session.h"

#include <string.h>

const struct sonde_file *session_file_find(const struct sonde *s, const char *name)
{
	const struct sonde_file *files = s->options.files;

	for (size_t i = 0; i < s->options.nr_files; i++)
		if (files[i].kind == SONDE_FILE && !strcmp(files[i].name, name))
			return &files[i];
	return NULL;
}

static bool is_kept(const struct sonde *s, const struct sonde_file *file)
{
	for (size_t i = 0; i < s->kept.n; i++)
		if (s->kept.at[i].kind == file->kind && !strcmp(s->kept.at[i].name, file->name))
			return true;
	return false;
}

void session_file_keep(struct sonde *s, const struct sonde_file *file)
{
	struct sonde_file kept = *file;

	if (!s->options.keep_files || is_kept(s, file))
		return;
	kept.name = arena_strdup(&s->kept_arena, file->name);
	kept.text = arena_strndup(&s->kept_arena, file->text, file->len);
	kept.id = file->id ? arena_strdup(&s->kept_arena, file->id) : NULL;
	vec_push(&s->kept_arena, &s->kept, kept);
}

size_t sonde_files(const struct sonde *s, const struct sonde_file **files)
{
	*files = s->kept.at;
	return s->kept.n;
}
