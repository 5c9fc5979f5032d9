/*
 * What is asked of program files, each of which is read once.
 */
#include "kernel/live_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

#define MAX_CODE_BYTES	(16u << 20)	/* of one function */

static struct user_file *file_of(struct live *l, const char *path)
{
	struct user_file *f = hmap_find(&l->user_files, path, strlen(path));

	if (f)
		return f;
	f = arena_new(l->arena, struct user_file);
	f->path = arena_strdup(l->arena, path);
	f->debug_dirs = l->debug_dirs;
	hmap_set(&l->user_files, path, strlen(path), f);
	return f;
}

/* The run of this name among all symbols. */
static struct user_symbols run_of(const struct user_symbols *all, const char *name)
{
	size_t low = 0, high = all->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(all->list[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < all->count && !strcmp(all->list[end].name, name); end++)
		;
	return (struct user_symbols){ all->list + low, end - low };
}

int live_user_symbols(void *arg, const char *path, const char *name,
		      const struct target_user_symbol **list, size_t *count)
{
	struct live *l = arg;
	struct user_file *f = file_of(l, path);
	struct user_symbols found = f->all;
	int err = 0;

	if (f->has_all) {
		found = name ? run_of(&f->all, name) : f->all;
	} else {
		err = live_elf_symbols(l->arena, f, name, &found);
		f->has_all = !err && !name;
		if (f->has_all)
			f->all = found;
	}
	*list = found.list;
	*count = found.count;
	return err;
}

int live_user_offset(void *arg, const char *path, uint64_t address, uint64_t *file_offset)
{
	struct live *l = arg;
	struct user_file *f = file_of(l, path);
	struct user_symbols none;
	int err = f->err;

	if (!err && !f->has_segments)
		err = live_elf_symbols(l->arena, f, "", &none);
	return err ? err : live_elf_offset(f, address, file_offset);
}

/* An ELF file's own kind is a Go program if it has what Go's linker leaves. */
static bool has_go_section(Elf *elf)
{
	static const char *const names[] = { ".go.buildinfo", ".gopclntab",
					     ".data.rel.ro.gopclntab" };
	Elf_Scn *section = NULL;
	size_t strings;

	if (elf_getshdrstrndx(elf, &strings))
		return false;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name = NULL;

		if (gelf_getshdr(section, &header))
			name = elf_strptr(elf, strings, header.sh_name);
		for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
			if (!strcmp(name, names[i]))
				return true;
	}
	return false;
}

/* The ELF machine of each architecture's programs, and of its 32-bit ones. */
static const struct {
	const char *arch;
	uint16_t machine, machine_32;
} machines[] = {
	{ "x86_64", EM_X86_64, EM_386 },
	{ "aarch64", EM_AARCH64, EM_ARM },
};

static bool is_foreign(const struct live *l, uint16_t machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (!strcmp(machines[i].arch, l->target->arch->name))
			return machine != machines[i].machine && machine != machines[i].machine_32;
	return false;
}

int live_user_info(void *arg, const char *path, struct target_user_info *info)
{
	struct live *l = arg;
	struct user_file *f = file_of(l, path);
	struct elf_handle h;
	GElf_Ehdr header;
	int err;

	*info = f->info;
	if (f->has_info)
		return 0;
	err = live_elf_open(l->arena, f, &h);
	if (err)
		return err;
	f->has_info = true;
	f->info.is_32_bit = gelf_getclass(h.elf) == ELFCLASS32;
	f->info.is_foreign = gelf_getehdr(h.elf, &header) && is_foreign(l, header.e_machine);
	f->info.is_go = has_go_section(h.elf);
	live_elf_close(&h);
	*info = f->info;
	return 0;
}

int live_user_dwarf(void *arg, const char *path, struct Dwarf **dwarf)
{
	struct live *l = arg;
	struct user_file *f = file_of(l, path);

	if (!f->has_dwarf) {
		f->has_dwarf = true;
		f->dwarf_elf.fd = -1;
		live_dwarf_open(l->arena, f);
		if (f->dwarf) {
			f->next_dwarf = l->dwarf_files;
			l->dwarf_files = f;
		}
	}
	*dwarf = f->dwarf;
	return f->dwarf ? 0 : -ENOENT;
}

int live_user_code(void *arg, const char *path, uint64_t file_offset, const uint8_t **code,
		   size_t *size)
{
	struct live *l = arg;
	const char *member = live_archive_member(path);
	uint8_t *bytes;
	ssize_t n;
	int fd;

	if (member)
		path = arena_strndup(l->arena, path, (size_t)(member - 2 - path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (*size > MAX_CODE_BYTES)
		*size = MAX_CODE_BYTES;
	bytes = arena_alloc(l->arena, *size + 1);
	n = pread(fd, bytes, *size, (off_t)file_offset);
	close(fd);
	if (n < 0)
		return -EIO;
	*code = bytes;
	*size = (size_t)n;
	return 0;
}

int live_user_usdt(void *arg, const char *path, const struct target_usdt **list, size_t *count)
{
	struct live *l = arg;
	struct user_file *f = file_of(l, path);
	int err = f->has_usdt ? 0 : live_elf_usdt(l->arena, f);

	*list = f->usdt;
	*count = f->nr_usdt;
	return err;
}
