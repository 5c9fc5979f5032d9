/*
 * The files that compiling reads besides the script: kept for who asks for them
 * (sonde_files), and handed out again where there are no such files
 * (sonde_options.files).
 *
 * A file is known by the name by which it was looked for. A folder that was
 * imported is its name with a "/" behind it, and the names in it, one a line.
 */
#include "session.h"

#include <string.h>

const struct sonde_file *session_file_find(const struct sonde *s, const char *name)
{
	for (size_t i = 0; i < s->options.nr_files; i++)
		if (!strcmp(s->options.files[i].name, name))
			return &s->options.files[i];
	return NULL;
}

static bool is_kept(const struct sonde *s, const char *name)
{
	for (size_t i = 0; i < s->kept.n; i++)
		if (!strcmp(s->kept.at[i].name, name))
			return true;
	return false;
}

void session_file_keep(struct sonde *s, const char *name, const char *text, size_t len)
{
	struct sonde_file file = { .len = len };

	if (!s->options.keep_files || is_kept(s, name))
		return;
	file.name = arena_strdup(&s->kept_arena, name);
	file.text = arena_strndup(&s->kept_arena, text, len);
	vec_push(&s->kept_arena, &s->kept, file);
}

size_t session_file_number(const struct sonde *s, const struct sonde_file *file)
{
	const struct sonde_file *files = s->options.files;
	size_t i = 0;

	while (files[i].len != file->len || memcmp(files[i].text, file->text, file->len))
		i++;
	return i;
}

int sonde_files(const struct sonde *s, const struct sonde_file **files, size_t *nr_files)
{
	*files = s->kept.at;
	*nr_files = s->kept.n;
	return 0;
}
