/*
 * Opening program files, also those that lie in an archive.
 *
 * In: a path, or ARCHIVE!/MEMBER: a library in a ZIP file (an Android package)
 * is mapped from there if it is stored as it is. Out: a handle of libelf, and
 * where in the opened file the ELF file begins: offsets that the kernel gets
 * count from the archive's start.
 */
#include "kernel/live_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- ZIP: little-endian records without alignment ---- */

enum {
	END_BYTES = 22, END_MAX_COMMENT = 65535,
	ENTRY_BYTES = 46, LOCAL_BYTES = 30,
};

struct zip {
	const uint8_t *at;
	size_t size;
};

static uint32_t u16_at(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t u32_at(const uint8_t *p)
{
	return u16_at(p) | u16_at(p + 2) << 16;
}

/* The record that ends the archive; NULL: it is none. */
static const uint8_t *find_end(const struct zip *z)
{
	const size_t max = END_BYTES + END_MAX_COMMENT;

	for (size_t back = END_BYTES; back <= z->size && back <= max; back++)
		if (!memcmp(z->at + z->size - back, "PK\5\6", 4))
			return z->at + z->size - back;
	return NULL;
}

/* Where the member's bytes are. Returns 0, -ENOENT, -EOPNOTSUPP if it is compressed. */
static int take_entry(const struct zip *z, const uint8_t *entry, size_t *offset, size_t *size)
{
	size_t local = u32_at(entry + 42), bytes = u32_at(entry + 24);

	if (u16_at(entry + 10))		/* method */
		return -EOPNOTSUPP;
	if (local > z->size || z->size - local < LOCAL_BYTES ||
	    memcmp(z->at + local, "PK\3\4", 4) != 0)
		return -ENOEXEC;
	local += LOCAL_BYTES + u16_at(z->at + local + 26) + u16_at(z->at + local + 28);
	if (local > z->size || z->size - local < bytes)
		return -ENOEXEC;
	*offset = local;
	*size = bytes;
	return 0;
}

static int find_member(const struct zip *z, const char *name, size_t *offset, size_t *size)
{
	const uint8_t *end = find_end(z);
	size_t at = end ? u32_at(end + 16) : z->size, len = strlen(name);

	while (at < z->size && z->size - at >= ENTRY_BYTES &&
	       !memcmp(z->at + at, "PK\1\2", 4)) {
		const uint8_t *entry = z->at + at;
		size_t name_len = u16_at(entry + 28);

		at += ENTRY_BYTES;
		if (name_len > z->size - at)
			return -ENOEXEC;
		if (name_len == len && !memcmp(z->at + at, name, len))
			return take_entry(z, entry, offset, size);
		at += name_len + u16_at(entry + 30) + u16_at(entry + 32);
	}
	return end ? -ENOENT : -ENOEXEC;
}

/* ---- opening ---- */

const char *live_archive_member(const char *path)
{
	const char *mark = strstr(path, "!/");

	return mark && mark > path ? mark + 2 : NULL;
}

static int open_member(struct user_file *f, const char *member, struct elf_handle *h)
{
	struct zip z = { 0 };
	size_t offset, size;
	struct stat st;
	void *map;
	int err;

	if (fstat(h->fd, &st))
		return -errno;
	if (!st.st_size)
		return -ENOEXEC;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, h->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	h->map = map;
	h->map_bytes = z.size = (size_t)st.st_size;
	z.at = map;
	err = find_member(&z, member, &offset, &size);
	if (err)
		return err;
	f->base = offset;
	/* libelf takes the image as one it may write to, but does not. */
	h->elf = elf_memory((char *)map + offset, size);
	return 0;
}

int live_elf_open(struct arena *a, struct user_file *f, struct elf_handle *h)
{
	const char *member = live_archive_member(f->path), *path = f->path;
	int err = f->err;

	*h = (struct elf_handle){ .fd = -1 };
	if (member)
		path = arena_strndup(a, path, (size_t)(member - 2 - path));
	if (!err)
		h->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!err && h->fd < 0)
		err = -errno;
	elf_version(EV_CURRENT);
	if (!err && member)
		err = open_member(f, member, h);
	else if (!err)
		h->elf = elf_begin(h->fd, ELF_C_READ_MMAP, NULL);
	if (!err && (!h->elf || elf_kind(h->elf) != ELF_K_ELF))
		err = -ENOEXEC;
	if (err)
		live_elf_close(h);
	f->err = err;
	return err;
}

void live_elf_close(struct elf_handle *h)
{
	elf_end(h->elf);
	if (h->map)
		munmap(h->map, h->map_bytes);
	if (h->fd >= 0)
		close(h->fd);
	*h = (struct elf_handle){ .fd = -1 };
}
