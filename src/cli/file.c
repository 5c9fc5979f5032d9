/*
 * Writing what was made, such as a formatted script: to standard output, or over a
 * file. A file may be the script itself, so it is written beside it and takes its name
 * at the end. What is no file (a device, a pipe) is written into, never replaced.
 */
#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
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

/* The rights of a file for one that takes its place: never to run as its owner, since it is
 * another program; and if it is not the owner's and group's any more, nobody but us may do
 * what either the group or all others could not. */
static mode_t rights_of(const struct stat *replaced, bool is_owned)
{
	mode_t both = replaced->st_mode >> 3 & replaced->st_mode & 07;

	return is_owned ? replaced->st_mode & 0777
			: (replaced->st_mode & 0700) | both << 3 | both;
}

/* A fresh file gets what the mask leaves; one that is replaced hands on owner and rights,
 * but a program can be run in any case. */
static int set_mode(int fd, const struct stat *replaced, mode_t mode)
{
	mode_t mask = umask(0);
	bool is_owned = true;

	umask(mask);
	mode &= ~mask;
	if (replaced) {
		is_owned = !fchown(fd, replaced->st_uid, replaced->st_gid);
		if (!is_owned && errno != EPERM)
			return -errno;
		mode = rights_of(replaced, is_owned) | (mode & 0111);
	}
	return fchmod(fd, mode) ? -errno : 0;
}

static int write_and_close(int fd, int err, const char *text, size_t len)
{
	if (!err)
		err = write_all(fd, text, len);
	if (close(fd) && !err)
		err = -errno;
	return err;
}

static int replace(const char *path, const struct stat *replaced, const char *text, size_t len,
		   mode_t mode)
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
	err = write_and_close(fd, set_mode(fd, replaced, mode), text, len);
	if (!err && rename(beside, path))
		err = -errno;
	if (err)
		unlink(beside);
	free(beside);
	return err;
}

/* Into what is there: a device, a pipe, where a link leads. */
static int write_into(const char *path, const char *text, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	return fd < 0 ? -errno : write_and_close(fd, 0, text, len);
}

int file_write(const char *path, const void *text, size_t len, mode_t mode)
{
	struct stat st;
	char *file;
	int err;

	if (!path)
		return write_all(STDOUT_FILENO, text, len);
	if (lstat(path, &st))
		return errno == ENOENT ? replace(path, NULL, text, len, mode) : -errno;
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return write_into(path, text, len, mode);
	file = realpath(path, NULL);
	if (!file)
		return -errno;
	err = replace(file, &st, text, len, mode);
	free(file);
	return err;
}
