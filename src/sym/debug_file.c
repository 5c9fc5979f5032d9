/*
 * Separate debug files: by build id and by name.
 *
 * In: an ELF file of anybody's making. Out: a descriptor of the file that holds
 * its symbols and DWARF. A candidate counts only if its build id, or the sum
 * over its bytes, is the one that the file names.
 */
#include "sym/debug_file.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define MAX_BUILD_ID_BYTES 64
#define MAX_SUMMED_BYTES ((off_t)1024 * 1024 * 1024)

static int open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* ---- by build id ---- */

static bool has_build_id(int fd, const void *id, ssize_t len)
{
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	const void *its;
	bool same = elf && dwelf_elf_gnu_build_id(elf, &its) == len &&
		    !memcmp(its, id, (size_t)len);

	elf_end(elf);
	return same;
}

/* ROOT/.build-id/ab/cdef….debug */
static int open_by_build_id(Elf *elf, const char *root, const char *debug_root)
{
	char hex[2 * MAX_BUILD_ID_BYTES + 1], path[PATH_MAX];
	const void *id;
	ssize_t len = dwelf_elf_gnu_build_id(elf, &id);
	int fd;

	if (len < 2 || len > MAX_BUILD_ID_BYTES)
		return -1;
	for (ssize_t i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", ((const uint8_t *)id)[i]);
	snprintf(path, sizeof(path), "%s%s/.build-id/%.2s/%s.debug", root, debug_root, hex,
		 hex + 2);
	fd = open_regular(path);
	if (fd >= 0 && !has_build_id(fd, id, len)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* A server's answer is as little trusted as a file of that name. */
static int open_from_server(Elf *elf, struct debuginfod *servers)
{
	const void *id;
	ssize_t len = dwelf_elf_gnu_build_id(elf, &id);
	int fd;

	if (!servers || len < 2 || len > MAX_BUILD_ID_BYTES)
		return -1;
	(void)debuginfod_open(servers, id, (size_t)len, &fd);
	if (fd >= 0 && !has_build_id(fd, id, len)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* ---- by name ---- */

static bool has_sum(int fd, uint32_t sum)
{
	uint8_t buf[32768];
	uLong have = crc32(0, NULL, 0);
	struct stat st;
	ssize_t n;
	off_t at = 0;

	if (fstat(fd, &st) || st.st_size > MAX_SUMMED_BYTES)
		return false;
	while ((n = pread(fd, buf, sizeof(buf), at)) > 0) {
		have = crc32(have, buf, (uInt)n);
		at += n;
	}
	return !n && (uint32_t)have == sum;
}

/* The folder of an open file, with its slash, and its name; false: unknown. */
static bool folder_of(int fd, char folder[PATH_MAX], char name[PATH_MAX])
{
	char link[64], *end;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, folder, PATH_MAX - 1);
	if (n <= 0 || folder[0] != '/')
		return false;
	folder[n] = '\0';
	end = strrchr(folder, '/');
	strcpy(name, end + 1);
	end[1] = '\0';
	return strlen(name) + sizeof(".debug") <= PATH_MAX;
}

/* A debug file by name, and what proves that it belongs to `elf`. */
struct named_file {
	Elf *elf;
	char folder[PATH_MAX], name[PATH_MAX];
	bool is_linked;		/* `elf` has its name and sum; else: the build id */
	GElf_Word sum;
};

/* The one that the file names, or FILE.debug. */
static bool name_debug_file(struct named_file *n, int fd)
{
	const char *link = dwelf_elf_gnu_debuglink(n->elf, &n->sum);

	n->is_linked = link && *link && !strchr(link, '/');
	if (!folder_of(fd, n->folder, n->name))
		return false;
	if (n->is_linked)
		return snprintf(n->name, sizeof(n->name), "%s", link) < PATH_MAX;
	strcat(n->name, ".debug");
	return true;
}

static int open_named(const char *path, const struct named_file *n)
{
	int fd = open_regular(path);
	const void *id;
	ssize_t len;
	bool belongs;

	if (fd < 0)
		return fd;
	len = dwelf_elf_gnu_build_id(n->elf, &id);
	belongs = n->is_linked ? has_sum(fd, n->sum) : len >= 2 && has_build_id(fd, id, len);
	if (belongs)
		return fd;
	close(fd);
	return -1;
}

static int open_by_name(Elf *elf, const char *root, const struct file_place *place)
{
	const char *places[][2] = {
		{ "", "" }, { "", ".debug/" }, { place->debug_root, "" },
	};
	struct named_file n = { .elf = elf };
	char path[3 * PATH_MAX];

	if (!name_debug_file(&n, place->fd))
		return -1;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int fd;

		snprintf(path, sizeof(path), "%s%s%s%s%s", root, places[i][0], n.folder,
			 places[i][1], n.name);
		fd = open_named(path, &n);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

/* In a folder that the user named: in the tree there, there itself, or, if the folder
 * is not absolute, below the file's own. */
static int open_in_folder(const char *dir, const struct named_file *n)
{
	const char *places[][2] = {
		{ dir, n->folder }, { dir, "/" }, { *dir == '/' ? "" : n->folder, dir },
	};
	char path[3 * PATH_MAX];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int fd;

		snprintf(path, sizeof(path), "%s%s%s%s", places[i][0], places[i][1],
			 i == 2 ? "/" : "", n->name);
		fd = open_named(path, n);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

static int open_in_dirs(Elf *elf, const struct file_place *place)
{
	struct named_file n = { .elf = elf };
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < place->dirs.n; i++)
		fd = open_by_build_id(elf, "", place->dirs.at[i]);
	if (fd >= 0 || !name_debug_file(&n, place->fd))
		return fd;
	for (size_t i = 0; fd < 0 && i < place->dirs.n; i++)
		fd = open_in_folder(place->dirs.at[i], &n);
	return fd;
}

int debug_file_open(Elf *elf, const struct file_place *place)
{
	const char *roots[] = { place->root, "" };
	int fd = -1;

	if (!place->debug_root)
		return -1;
	if (place->dirs.n)
		fd = open_in_dirs(elf, place);
	for (size_t i = 0; fd < 0 && i < 2; i++)
		if (roots[i])
			fd = open_by_build_id(elf, roots[i], place->debug_root);
	for (size_t i = 0; fd < 0 && i < 2; i++)
		if (roots[i])
			fd = open_by_name(elf, roots[i], place);
	return fd >= 0 ? fd : open_from_server(elf, place->servers);
}
