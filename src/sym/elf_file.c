/*
 * Files that processes map: symbols and lines, shared by processes.
 *
 * In: descriptors of files that some process maps, so of anybody's making:
 * nothing in them is trusted. Out: names for offsets in the file.
 */
#include "sym/elf_file.h"

#include "sym/elf_read.h"

#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <libiberty/demangle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- one file's symbols ---- */

static void load_segments(struct elf_file *f, Elf *elf)
{
	size_t n;

	f->nr_segments = 0;
	if (elf_getphdrnum(elf, &n))
		return;
	for (size_t i = 0; i < n && f->nr_segments < ELF_FILE_SEGMENTS; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		f->segments[f->nr_segments++] = (struct elf_segment){
			.offset = ph.p_offset, .size_bytes = ph.p_filesz, .address = ph.p_vaddr,
		};
	}
}

static void load_build_id(struct elf_file *f, Elf *elf)
{
	const void *id;
	ssize_t len = dwelf_elf_gnu_build_id(elf, &id);

	f->build_id[0] = '\0';
	for (ssize_t i = 0; i < len && i < ELF_FILE_BUILD_ID; i++)
		sprintf(f->build_id + 2 * i, "%02x", ((const uint8_t *)id)[i]);
}

void elf_file_load(struct elf_cache *c, struct elf_file *f, int fd, const char *root, bool lines)
{
	const struct file_place place = {
		.fd = fd, .root = root, .debug_root = c->debug_root, .dirs = c->debug_dirs,
		.servers = &c->servers,
	};
	Elf *elf;

	if (!elf_file_wants(f, lines))
		return;
	c->servers.is_unsure = false;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf_kind(elf) == ELF_K_ELF && !f->loaded) {
		load_segments(f, elf);
		load_build_id(f, elf);
		elf_read_symbols(&f->table, elf, &place);
	}
	if (elf_kind(elf) == ELF_K_ELF && lines && !f->lines_asked)
		f->lines = elf_read_lines(elf, &place);
	f->loaded = true;
	f->lines_asked |= lines;
	f->is_unsure = c->servers.is_unsure;
	elf_end(elf);
	elf_cache_trim(c, f);
}

bool elf_file_wants(const struct elf_file *f, bool lines)
{
	return !f->loaded || (lines && !f->lines_asked);
}

void elf_image_load(struct elf_file *f, char *image, size_t size_bytes)
{
	const struct file_place nowhere = { .fd = -1 };
	Elf *elf;

	f->loaded = true;
	elf_version(EV_CURRENT);
	elf = elf_memory(image, size_bytes);
	if (elf && elf_kind(elf) == ELF_K_ELF) {
		load_segments(f, elf);
		elf_read_symbols(&f->table, elf, &nowhere);
	}
	elf_end(elf);
}

void elf_file_clear(struct elf_file *f)
{
	for (size_t i = 0; f->demangled && i < f->table.n; i++)
		free(f->demangled[i]);
	free(f->demangled);
	f->demangled = NULL;
	f->demangled_bytes = 0;
	table_close(&f->table);
	lines_close(f->lines);
	f->lines = NULL;
	f->loaded = f->lines_asked = false;
}

/* ---- names ---- */

static bool address_of_offset(const struct elf_file *f, uint64_t offset, uint64_t *address)
{
	for (size_t i = 0; i < f->nr_segments; i++) {
		const struct elf_segment *s = &f->segments[i];

		if (offset < s->offset || offset - s->offset >= s->size_bytes)
			continue;
		*address = offset - s->offset + s->address;
		return true;
	}
	return false;
}

/* Only names that a C++ or Rust compiler makes: other languages' rules would
 * find something to translate in plain C names, too. */
static bool is_mangled(const char *name)
{
	return name[0] == '_' && (name[1] == 'Z' || name[1] == 'R');
}

char *elf_name_demangle(const struct elf_cache *c, const char *name)
{
	return c->no_demangle || !is_mangled(name)
		? NULL : cplus_demangle(name, DMGL_AUTO | DMGL_PARAMS | DMGL_ANSI);
}

static const char *demangled_name(const struct elf_cache *c, struct elf_file *f, size_t index,
				  const char *name)
{
	char **slot;

	if (!f->demangled)
		f->demangled = calloc(f->table.n, sizeof(*f->demangled));
	if (!f->demangled)
		return name;
	slot = &f->demangled[index];
	if (!*slot) {
		*slot = elf_name_demangle(c, name);
		f->demangled_bytes += *slot ? strlen(*slot) + 1 : 0;
	}
	return *slot ? *slot : name;
}

/* Behind a call that does not return there may be nothing more of the caller, so that
 * the address to return to is the end of it, or the start of another function. */
static const struct table_entry *find_entry(const struct elf_file *f, uint64_t address,
					    bool is_return)
{
	const struct table_entry *e = table_find(&f->table, address), *before;

	if (!is_return || (e && e->start != address))
		return e;
	before = table_find(&f->table, address - 1);
	return before && before->start + before->size == address ? before : e;
}

const char *elf_file_find(struct elf_cache *c, struct elf_file *f, uint64_t offset,
			  bool is_return, uint64_t *start_distance)
{
	const struct table_entry *e;
	const char *name;
	uint64_t address;

	if (!address_of_offset(f, offset, &address))
		return NULL;
	e = find_entry(f, address, is_return);
	if (!e)
		return NULL;
	f->used = ++c->clock;
	*start_distance = address - e->start;
	name = table_name(&f->table, e);
	if (c->no_demangle || !is_mangled(name))
		return name;
	return demangled_name(c, f, (size_t)(e - f->table.entries), name);
}

bool elf_file_lines(struct elf_cache *c, struct elf_file *f, uint64_t offset, bool is_return,
		    struct source_lines *out)
{
	uint64_t address;

	if (!f->lines || !address_of_offset(f, offset, &address) ||
	    !lines_find(f->lines, address - is_return, out))
		return false;
	f->used = ++c->clock;
	return true;
}

/* ---- the cache ---- */

static struct elf_file *file_add(struct elf_cache *c, const struct file_id *id)
{
	struct elf_file *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->id = *id;
	f->next = c->files;
	c->files = f;
	return f;
}

struct elf_file *elf_file_get(struct elf_cache *c, int fd)
{
	struct elf_file *f;
	struct file_id id;

	if (!file_id_of(fd, &id))
		return NULL;
	f = c->files;
	while (f && !file_id_same(&f->id, &id))
		f = f->next;
	if (!f)
		f = file_add(c, &id);
	if (f) {
		f->refs++;
		f->used = ++c->clock;
	}
	return f;
}

void elf_file_put(struct elf_file *f)
{
	if (f && f->refs)
		f->refs--;
}

static size_t file_bytes(const struct elf_file *f)
{
	size_t slots = f->demangled ? f->table.n * sizeof(*f->demangled) : 0;

	return table_bytes(&f->table) + f->demangled_bytes + slots +
	       (f->lines ? lines_bytes(f->lines) : 0);
}

/* The file with a table that was not used for the longest time. */
static struct elf_file *oldest_loaded(struct elf_cache *c, const struct elf_file *keep,
				      size_t *total_bytes)
{
	struct elf_file *oldest = NULL;

	*total_bytes = 0;
	for (struct elf_file *f = c->files; f; f = f->next) {
		*total_bytes += file_bytes(f);
		if (f != keep && f->loaded && (!oldest || f->used < oldest->used))
			oldest = f;
	}
	return oldest;
}

void elf_cache_trim(struct elf_cache *c, const struct elf_file *keep)
{
	struct elf_file *oldest, **at, *f;
	size_t total;

	while ((oldest = oldest_loaded(c, keep, &total)) && total > c->max_bytes)
		elf_file_clear(oldest);
	for (at = &c->files; (f = *at);) {
		if (f == keep || f->refs || f->loaded) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		free(f);
	}
}

void elf_cache_close(struct elf_cache *c)
{
	struct elf_file *f, *next;

	for (f = c->files; f; f = next) {
		next = f->next;
		elf_file_clear(f);
		free(f);
	}
	c->files = NULL;
	debuginfod_close(&c->servers);
}
