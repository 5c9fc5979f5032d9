/*
 * tracefs, mounted or not: see the header.
 */
#include "kernel/tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

/* The root if tracefs is there, not just an empty mount point. */
static int open_mounted(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), events, err;

	if (fd < 0)
		return -errno;
	/* Opened, since access() asks what the real user may without capabilities. */
	events = openat(fd, "events", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = events < 0 ? -errno : 0;
	if (events >= 0)
		close(events);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* A mount without a place, which goes with its descriptor. */
static int open_unmounted(void)
{
	int context = fsopen("tracefs", FSOPEN_CLOEXEC), fd = -1, err = 0;

	if (context < 0)
		return errno == ENODEV ? -ENOENT : errno == EPERM ? -ENODEV : -errno;
	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		err = -errno;
	if (!err) {
		fd = fsmount(context, FSMOUNT_CLOEXEC, 0);
		err = fd < 0 ? -errno : 0;
	}
	close(context);
	return err ? err : fd;
}

int tracefs_open(void)
{
	static const char *const usual[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	int first = -ENOENT, fd;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		fd = open_mounted(usual[i]);
		if (fd >= 0)
			return fd;
		if (fd != -ENOENT)
			first = fd;
	}
	fd = open_unmounted();
	return fd < 0 && first != -ENOENT ? first : fd;
}

int tracefs_read(int dir_fd, const char *path, struct sbuf *out)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC), err = 0;
	char block[16384];
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, block, sizeof(block));
		if (n > 0)
			sbuf_add(out, block, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		err = -errno;
	close(fd);
	return out->failed ? -ENOMEM : err;
}
