/*
 * Static probes (USDT) of program files, from their notes.
 *
 * In: a file. Out: its probes, with the places of code and semaphore in the
 * file. A note is of anybody's making: what does not fit into its section, or
 * whose place is not in the file, is left out.
 *
 *	note "stapsdt", type 3: three words (the place, the address that
 *	.stapsdt.base had when the note was linked, the semaphore or 0), then
 *	provider, name and arguments, each ending in a NUL.
 */
#include "kernel/live_impl.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_SECTION	".note.stapsdt"
#define BASE_SECTION	".stapsdt.base"
#define NOTE_OWNER	"stapsdt"
#define NOTE_TYPE	3
#define MAX_TEXT	4096	/* of provider, name and arguments each */

struct usdt_reader {
	struct arena *arena;
	struct user_file *file;
	Elf *elf;
	size_t names;		/* section of the sections' names */
	uint64_t base;		/* where .stapsdt.base is now; 0: nowhere */
	unsigned word;		/* bytes of an address */
	VEC(struct target_usdt) found;
};

static int by_place(const void *va, const void *vb)
{
	const struct target_usdt *a = va, *b = vb;
	int order = strcmp(a->provider, b->provider);

	order = order ? order : strcmp(a->name, b->name);
	return order ? order : (a->address > b->address) - (a->address < b->address);
}

/* A word of the note in the byte order of this machine: others' programs do not run here. */
static uint64_t word_at(const struct usdt_reader *r, const uint8_t *at, unsigned index)
{
	uint64_t wide;
	uint32_t narrow;

	if (r->word == 8) {
		memcpy(&wide, at + index * 8, 8);
		return wide;
	}
	memcpy(&narrow, at + index * 4, 4);
	return narrow;
}

/* The text at *at, which moves behind it; NULL if it does not end. */
static const char *text_at(struct usdt_reader *r, const char **at, const char *end)
{
	size_t len = strnlen(*at, (size_t)(end - *at));
	const char *text = *at;

	if (len == (size_t)(end - *at) || len > MAX_TEXT)
		return NULL;
	*at += len + 1;
	return arena_strndup(r->arena, text, len);
}

/* Semaphores are data; one in the code would overwrite it. */
static uint64_t semaphore_offset(const struct user_file *f, uint64_t address)
{
	for (size_t i = 0; i < f->nr_segments; i++) {
		const struct user_segment *s = &f->segments[i];

		if (!s->is_code && address >= s->address && address - s->address < s->size_bytes)
			return s->file_offset + (address - s->address);
	}
	return 0;
}

static void take_note(struct usdt_reader *r, const uint8_t *desc, size_t size)
{
	const char *text = (const char *)desc + (size_t)3 * r->word;
	const char *end = (const char *)desc + size;
	struct target_usdt u = { 0 };
	uint64_t moved, semaphore;

	if (size < (size_t)3 * r->word)
		return;
	u.provider = text_at(r, &text, end);
	u.name = u.provider ? text_at(r, &text, end) : NULL;
	u.args = u.name ? text_at(r, &text, end) : NULL;
	if (!u.args || !*u.name)
		return;
	/* A program that was moved after linking: the notes were not. */
	moved = r->base && word_at(r, desc, 1) ? r->base - word_at(r, desc, 1) : 0;
	u.address = word_at(r, desc, 0) + moved;
	semaphore = word_at(r, desc, 2);
	if (live_elf_offset(r->file, u.address, &u.file_offset))
		return;
	if (semaphore)
		u.semaphore_offset = semaphore_offset(r->file, semaphore + moved);
	vec_push(r->arena, &r->found, u);
}

static void read_notes(struct usdt_reader *r, Elf_Scn *section)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t at = 0, name_at, desc_at;
	GElf_Nhdr note;

	if (!data || !data->d_buf)
		return;
	while ((at = gelf_getnote(data, at, &note, &name_at, &desc_at))) {
		const char *owner = (const char *)data->d_buf + name_at;

		if (note.n_type == NOTE_TYPE && note.n_namesz == sizeof(NOTE_OWNER) &&
		    !memcmp(owner, NOTE_OWNER, sizeof(NOTE_OWNER)))
			take_note(r, (const uint8_t *)data->d_buf + desc_at, note.n_descsz);
	}
}

static bool is_named(const struct usdt_reader *r, const GElf_Shdr *header, const char *name)
{
	const char *text = elf_strptr(r->elf, r->names, header->sh_name);

	return text && !strcmp(text, name);
}

/* The base first: notes are read by it. */
static void read_sections(struct usdt_reader *r)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	if (elf_getshdrstrndx(r->elf, &r->names))
		return;
	while ((section = elf_nextscn(r->elf, section)))
		if (gelf_getshdr(section, &header) && is_named(r, &header, BASE_SECTION))
			r->base = header.sh_addr;
	while ((section = elf_nextscn(r->elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_NOTE &&
		    is_named(r, &header, NOTE_SECTION))
			read_notes(r, section);
}

int live_elf_usdt(struct arena *a, struct user_file *f)
{
	struct usdt_reader r = { .arena = a, .file = f };
	struct elf_handle h;
	int err = live_elf_open(a, f, &h);

	if (err)
		return err;
	r.elf = h.elf;
	r.word = gelf_getclass(r.elf) == ELFCLASS32 ? 4 : 8;
	err = f->err = live_elf_segments(a, f, r.elf);
	if (!err)
		read_sections(&r);
	live_elf_close(&h);
	if (r.found.n)
		qsort(r.found.at, r.found.n, sizeof(*r.found.at), by_place);
	f->usdt = r.found.at;
	f->nr_usdt = r.found.n;
	f->has_usdt = !err;
	return err;
}
