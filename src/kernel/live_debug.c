/*
 * Where the symbols and the debug information of a stripped file are.
 *
 * In: an ELF file. Out: the separate file of its build id; or the one that it
 * names (.gnu_debuglink) if its checksum is right, or, if it names none, FILE.debug
 * of the same build id; or the small symbol table that it carries compressed
 * (.gnu_debugdata).
 */
#include "kernel/live_impl.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define DEBUG_ROOT		"/usr/lib/debug"
#define MAX_BUILD_ID_BYTES	64
#define MAX_UNPACKED_BYTES	(256u << 20)

/* ROOT/.build-id/ab/cdef….debug */
static const char *path_of_build_id(struct arena *a, Elf *elf, const char *root)
{
	const void *id;
	ssize_t len = dwelf_elf_gnu_build_id(elf, &id);
	char hex[2 * MAX_BUILD_ID_BYTES + 1] = "";

	if (len < 2 || len > MAX_BUILD_ID_BYTES)
		return NULL;
	for (ssize_t i = 0; i < len; i++)
		for (int half = 0; half < 2; half++) {
			uint8_t byte = ((const uint8_t *)id)[i];

			hex[2 * i + half] = "0123456789abcdef"[half ? byte & 15 : byte >> 4];
		}
	return arena_printf(a, "%s/.build-id/%.2s/%s.debug", root, hex, hex + 2);
}

static bool has_checksum(const char *path, uint32_t wanted)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned long sum = crc32(0, NULL, 0);
	struct stat st;
	void *map = MAP_FAILED;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0)
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		close(fd);
	if (map == MAP_FAILED)
		return false;
	sum = crc32_z(sum, map, (size_t)st.st_size);
	munmap(map, (size_t)st.st_size);
	return sum == wanted;
}

static bool has_build_id_of(struct arena *a, const char *path, Elf *elf)
{
	struct user_file debug = { .path = path };
	const void *id, *its;
	ssize_t len = dwelf_elf_gnu_build_id(elf, &id);
	struct elf_handle h;
	bool same;

	if (len < 2 || live_elf_open(a, &debug, &h))
		return false;
	same = dwelf_elf_gnu_build_id(h.elf, &its) == len && !memcmp(its, id, (size_t)len);
	live_elf_close(&h);
	return same;
}

/* A debug file by name, and what proves that it belongs to `elf`. */
struct named_file {
	Elf *elf;
	const char *dir, *name;
	bool is_linked;		/* `elf` has its name and checksum; else: the build id */
	GElf_Word checksum;
};

static bool is_that_file(struct arena *a, const struct named_file *n, const char *path)
{
	return n->is_linked ? has_checksum(path, n->checksum) : has_build_id_of(a, path, n->elf);
}

/* The one that the file names, or FILE.debug. */
static bool name_debug_file(struct arena *a, const struct user_file *f, struct named_file *n)
{
	char *real = realpath(f->path, NULL);
	const char *link = dwelf_elf_gnu_debuglink(n->elf, &n->checksum), *base;

	if (!real)
		return false;
	base = strrchr(real, '/') + 1;
	n->dir = arena_strndup(a, real, (size_t)(base - 1 - real));
	n->is_linked = link && *link && !strchr(link, '/');
	n->name = n->is_linked ? link : arena_printf(a, "%s.debug", base);
	free(real);
	return true;
}

/* In the folders that the user named: in the tree there, there itself, or below the
 * file's own folder. */
static const char *path_in_dirs(struct arena *a, const struct debug_dirs *dirs,
				const struct named_file *n)
{
	for (size_t i = 0; i < dirs->n; i++) {
		const char *at = dirs->at[i], *places[3];

		places[0] = arena_printf(a, "%s%s/%s", at, n->dir, n->name);
		places[1] = arena_printf(a, "%s/%s", at, n->name);
		places[2] = arena_printf(a, "%s/%s/%s", *at == '/' ? "" : n->dir, at, n->name);
		for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++)
			if (is_that_file(a, n, places[k]))
				return places[k];
	}
	return NULL;
}

/* There; or beside the file, in .debug below that, or in the tree of debug files. */
static const char *path_by_name(struct arena *a, const struct user_file *f, Elf *elf)
{
	struct named_file n = { .elf = elf };
	const char *places[3], *found;

	if (!name_debug_file(a, f, &n))
		return NULL;
	found = path_in_dirs(a, &f->debug_dirs, &n);
	if (found)
		return found;
	places[0] = arena_printf(a, "%s/%s", n.dir, n.name);
	places[1] = arena_printf(a, "%s/.debug/%s", n.dir, n.name);
	places[2] = arena_printf(a, DEBUG_ROOT "%s/%s", n.dir, n.name);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (is_that_file(a, &n, places[i]))
			return places[i];
	return NULL;
}

static int open_by_build_id(struct arena *a, Elf *elf, const char *root, struct elf_handle *h)
{
	struct user_file debug = { .path = path_of_build_id(a, elf, root) };

	return debug.path ? live_elf_open(a, &debug, h) : -ENOENT;
}

int live_debug_open(struct arena *a, const struct user_file *f, Elf *elf, struct elf_handle *h)
{
	struct user_file debug = { 0 };
	int err = -ENOENT;

	for (size_t i = 0; err && i < f->debug_dirs.n; i++)
		err = open_by_build_id(a, elf, f->debug_dirs.at[i], h);
	if (err)
		err = open_by_build_id(a, elf, DEBUG_ROOT, h);
	if (!err)
		return 0;
	debug.path = path_by_name(a, f, elf);
	return debug.path ? live_elf_open(a, &debug, h) : -ENOENT;
}

/* Its own, or that of the separate file. */
void live_dwarf_open(struct arena *a, struct user_file *f)
{
	struct elf_handle own;

	if (live_elf_open(a, f, &own))
		return;
	f->dwarf = dwarf_begin_elf(own.elf, DWARF_C_READ, NULL);
	if (f->dwarf) {
		f->dwarf_elf = own;
		return;
	}
	if (!live_debug_open(a, f, own.elf, &f->dwarf_elf))
		f->dwarf = dwarf_begin_elf(f->dwarf_elf.elf, DWARF_C_READ, NULL);
	live_elf_close(&own);
	if (!f->dwarf)
		live_elf_close(&f->dwarf_elf);
}

void live_dwarf_close(struct user_file *f)
{
	dwarf_end(f->dwarf);
	f->dwarf = NULL;
	live_elf_close(&f->dwarf_elf);
}

/* ---- the compressed table ---- */

static Elf_Data *data_of_section(Elf *elf, const char *name)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		const char *text;
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header))
			continue;
		text = elf_strptr(elf, names, header.sh_name);
		if (text && !strcmp(text, name))
			return elf_rawdata(section, NULL);
	}
	return NULL;
}

/* Unpack all of it into memory of malloc; NULL if it is damaged or too large. */
static char *unpack(const Elf_Data *data, size_t *size)
{
	size_t cap = data->d_size * 8 + 65536, in = 0;
	char *out = NULL;

	for (; cap <= MAX_UNPACKED_BYTES; cap *= 2) {
		uint64_t limit = UINT64_MAX;
		char *larger = realloc(out, cap);
		lzma_ret ret;

		if (!larger)
			break;
		out = larger;
		in = *size = 0;
		ret = lzma_stream_buffer_decode(&limit, 0, NULL, data->d_buf, &in, data->d_size,
						(uint8_t *)out, size, cap);
		if (ret == LZMA_OK)
			return out;
		if (ret != LZMA_BUF_ERROR)
			break;
	}
	free(out);
	return NULL;
}

char *live_debugdata_open(Elf *elf, Elf **out)
{
	const Elf_Data *data = data_of_section(elf, ".gnu_debugdata");
	size_t size = 0;
	char *image = data && data->d_buf && data->d_size ? unpack(data, &size) : NULL;

	*out = image ? elf_memory(image, size) : NULL;
	return image;
}
