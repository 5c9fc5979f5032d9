/*
 * Writing a formatted script: to standard output, or over a file. A file may be
 * the script itself, so it is written beside it and takes its name at the end.
 */
#include "cli/format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The mode of the file that is replaced, or of a fresh one. */
static mode_t mode_of(const char *path)
{
	struct stat st;
	mode_t mask;

	if (!stat(path, &st))
		return st.st_mode & 07777;
	mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

static int write_file(int fd, const char *path, const char *text, size_t len)
{
	int err = write_all(fd, text, len);

	if (!err && fchmod(fd, mode_of(path)))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

static int replace(const char *path, const char *text, size_t len)
{
	char *beside;
	int fd, err;

	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkstemp(beside);
	if (fd < 0) {
		err = -errno;
		free(beside);
		return err;
	}
	err = write_file(fd, path, text, len);
	if (!err && rename(beside, path))
		err = -errno;
	if (err)
		unlink(beside);
	free(beside);
	return err;
}

int format_write(const char *path, const char *text, size_t len)
{
	return path ? replace(path, text, len) : write_all(STDOUT_FILENO, text, len);
}
