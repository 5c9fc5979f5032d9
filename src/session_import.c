/*
 * How the compiler reads imported files: from those that the session was given, else
 * from the file system.
 *
 * The compiler itself asks through struct lang_reader, so that it can run
 * without a system. Text and names are in the arena that is handed in.
 */
#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int list_directory(struct arena *a, const char *path, struct lang_file *file)
{
	VEC(const char *) names = { 0 };
	DIR *dir = opendir(path);
	const struct dirent *e;

	if (!dir)
		return -errno;
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.')
			vec_push(a, &names, arena_strdup(a, e->d_name));
	closedir(dir);
	if (names.n)
		qsort(names.at, names.n, sizeof(names.at[0]), compare_names);
	file->entries = names.at;
	file->nr_entries = names.n;
	return 0;
}

static int read_all(int fd, char *text, size_t size, size_t *len)
{
	ssize_t n;

	for (*len = 0; *len < size; *len += (size_t)n) {
		n = read(fd, text + *len, size - *len);
		if (n < 0)
			return -errno;
		if (!n)
			break;
	}
	return 0;
}

static int read_text(struct arena *a, const char *path, size_t size, struct lang_file *file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;
	int err;

	if (fd < 0)
		return -errno;
	text = arena_alloc(a, size + 1);
	err = read_all(fd, text, size, &file->len);
	close(fd);
	file->text = text;
	return err;
}

/* May everyone put another file in the place of this one? */
static bool directory_is_open(const char *path)
{
	char real[PATH_MAX];
	struct stat st;

	return realpath(path, real) && !stat(dirname(real), &st) && (st.st_mode & S_IWOTH);
}

static int open_file(struct arena *a, const char *path, struct lang_file *file)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	file->id = arena_printf(a, "%llx:%llx", (unsigned long long)st.st_dev,
				(unsigned long long)st.st_ino);
	file->is_directory = S_ISDIR(st.st_mode);
	file->is_open_to_all = st.st_mode & S_IWOTH;
	if (file->is_directory)
		return list_directory(a, path, file);
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	file->is_open_to_all |= directory_is_open(path);
	return read_text(a, path, (size_t)st.st_size, file);
}

/* ---- the session's files ---- */

static const char *folder_name(struct arena *a, const char *path)
{
	size_t len = strlen(path);

	return arena_printf(a, "%s%s", path, len && path[len - 1] == '/' ? "" : "/");
}

static void split_names(struct arena *a, const struct sonde_file *given, struct lang_file *file)
{
	char *rest = arena_strndup(a, given->text, given->len), *name;
	VEC(const char *) names = { 0 };

	while ((name = strsep(&rest, "\n")))
		if (*name)
			vec_push(a, &names, name);
	file->is_directory = true;
	file->entries = names.at;
	file->nr_entries = names.n;
}

static bool find_given(struct sonde *s, struct arena *a, const char *path,
		       struct lang_file *file)
{
	const struct sonde_file *given = session_file_find(s, path);
	const struct sonde_file *folder = session_file_find(s, folder_name(a, path));

	if (folder)
		given = folder;
	if (!given)
		return false;
	file->id = arena_printf(a, "given:%s", given->id ? given->id : given->name);
	if (folder) {
		split_names(a, folder, file);
	} else {
		file->text = arena_strndup(a, given->text, given->len);
		file->len = given->len;
	}
	return true;
}

static void keep(struct sonde *s, struct arena *a, const char *path, const struct lang_file *file)
{
	struct sonde_file kept = { path, file->text, file->len, file->id, SONDE_FILE };

	if (!s->options.keep_files)
		return;
	if (file->is_directory) {
		kept.name = folder_name(a, path);
		kept.text = "";
		for (size_t i = 0; i < file->nr_entries; i++)
			kept.text = arena_printf(a, "%s%s\n", kept.text, file->entries[i]);
		kept.len = strlen(kept.text);
	}
	session_file_keep(s, &kept);
}

static int open_import(void *arg, struct arena *a, const char *path, struct lang_file *file)
{
	struct sonde *s = arg;
	int err = 0;

	if (!find_given(s, a, path, file))
		err = s->options.only_files ? -ENOENT : open_file(a, path, file);
	if (!err)
		keep(s, a, path, file);
	return err;
}

struct lang_reader session_import_reader(struct sonde *s)
{
	return (struct lang_reader){ .open = open_import, .arg = s };
}
