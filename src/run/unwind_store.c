/*
 * Chunks of memory that programs read, and the tables of files in them.
 */
#include "run/unwind.h"

#include "kernel/bpf_call.h"

#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROW_BYTES (sizeof(uint32_t) + sizeof(uint16_t))
#define ALIGN 32u

/* ---- chunks ---- */

static int add_chunk(struct unwind_store *s)
{
	const struct bpf_map_spec spec = {
		.name = "unwind_chunk", .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
		.value_size = IMAGE_UNWIND_CHUNK_BYTES, .max_entries = 1, .flags = BPF_F_MMAPABLE,
	};
	struct unwind_chunk *c = &s->chunks[s->nr_chunks];
	void *bytes;
	int err = 0;

	if (s->nr_chunks == IMAGE_UNWIND_CHUNKS)
		return -ENOSPC;
	c->fd = bpf_call_map_create(&spec);
	if (c->fd < 0)
		return c->fd;
	bytes = mmap(NULL, IMAGE_UNWIND_CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	if (bytes == MAP_FAILED)
		err = -errno;
	else if (s->chunks_fd >= 0)
		err = bpf_call_map_update(s->chunks_fd, &s->nr_chunks, &c->fd, BPF_ANY);
	if (err) {
		if (bytes != MAP_FAILED)
			munmap(bytes, IMAGE_UNWIND_CHUNK_BYTES);
		close(c->fd);
		return err;
	}
	c->bytes = bytes;
	c->room = (struct unwind_room){ 0 };
	s->nr_chunks++;
	return 0;
}

/* The row that says that others are missing. */
static int add_missing(struct unwind_store *s)
{
	const uint32_t address = 0;
	const uint16_t rule = UNWIND_RULE_MISSING;
	int err = unwind_store_take(s, ROW_BYTES, &s->missing);

	if (err)
		return err;
	memcpy(unwind_store_bytes(s, &s->missing), &address, sizeof(address));
	memcpy(unwind_store_bytes(s, &s->missing) + sizeof(address), &rule, sizeof(rule));
	return 0;
}

int unwind_store_open(struct unwind_store *s)
{
	int err;

	*s = (struct unwind_store){ .chunks_fd = -1 };
	err = unwind_rules_open(&s->rules);
	return err ? err : add_missing(s);
}

static void close_file(struct unwind_file *f)
{
	if (f)
		free(f->pieces);
	free(f);
}

static void close_files(struct unwind_store *s)
{
	struct unwind_file *next;

	for (struct unwind_file *f = s->files; f; f = next) {
		next = f->next;
		close_file(f);
	}
	close_file(s->vdso);
	s->files = s->vdso = NULL;
	unwind_rules_close(&s->rules);
}

void unwind_store_close(struct unwind_store *s)
{
	for (uint32_t i = 0; i < s->nr_chunks; i++) {
		munmap(s->chunks[i].bytes, IMAGE_UNWIND_CHUNK_BYTES);
		close(s->chunks[i].fd);
	}
	close_files(s);
}

int unwind_store_empty(struct unwind_store *s)
{
	int err;

	close_files(s);
	for (uint32_t i = 0; i < s->nr_chunks; i++)
		s->chunks[i].room = (struct unwind_room){ 0 };
	s->rules_copied = 0;
	s->taken_bytes = 0;
	s->is_full = false;
	err = unwind_rules_open(&s->rules);
	return err ? err : add_missing(s);
}

int unwind_store_take(struct unwind_store *s, uint32_t size_bytes, struct unwind_place *place)
{
	uint32_t i = 0, at = 0;
	int err = 0;

	if (size_bytes > IMAGE_UNWIND_CHUNK_BYTES)
		return -ENOSPC;
	while (i < s->nr_chunks && !unwind_room_take(&s->chunks[i].room, size_bytes, &at))
		i++;
	if (i == s->nr_chunks) {
		err = add_chunk(s);
		if (!err)
			(void)unwind_room_take(&s->chunks[i].room, size_bytes, &at);
	}
	s->is_full |= err != 0;
	if (err)
		return err;
	*place = (struct unwind_place){ i, at, size_bytes };
	s->taken_bytes += unwind_room_bytes(size_bytes);
	return 0;
}

void unwind_store_give(struct unwind_store *s, struct unwind_place *place)
{
	if (place->size_bytes)
		unwind_room_give(&s->chunks[place->chunk].room, place->at, place->size_bytes);
	s->taken_bytes -= unwind_room_bytes(place->size_bytes);
	*place = (struct unwind_place){ 0 };
}

/* ---- files ---- */

static int add_piece(struct unwind_store *s, struct unwind_file *f, const struct unwind_table *t,
		     size_t first, size_t n)
{
	struct unwind_piece *p = &f->pieces[f->nr_pieces];
	int err = unwind_store_take(s, (uint32_t)(n * ROW_BYTES), &p->place);
	uint8_t *to;

	if (err)
		return err;
	to = unwind_store_bytes(s, &p->place);
	memcpy(to, t->addresses + first, n * sizeof(*t->addresses));
	memcpy(to + n * sizeof(*t->addresses), t->rules + first, n * sizeof(*t->rules));
	p->start = t->addresses[first];
	p->nr_rows = (uint32_t)n;
	f->nr_pieces++;
	return 0;
}

static void give_pieces(struct unwind_store *s, struct unwind_file *f)
{
	for (size_t i = 0; i < f->nr_pieces; i++)
		unwind_store_give(s, &f->pieces[i].place);
	f->nr_pieces = 0;
}

/* All rows of a table, or none. */
static int add_pieces(struct unwind_store *s, struct unwind_file *f, const struct unwind_table *t)
{
	size_t n;
	int err;

	f->pieces = calloc(t->n / IMAGE_UNWIND_ROWS + 1, sizeof(*f->pieces));
	if (!f->pieces)
		return -ENOMEM;
	for (size_t at = 0; at < t->n; at += n) {
		n = t->n - at < IMAGE_UNWIND_ROWS ? t->n - at : IMAGE_UNWIND_ROWS;
		err = add_piece(s, f, t, at, n);
		if (err) {
			give_pieces(s, f);
			return err;
		}
	}
	return 0;
}

uint64_t unwind_file_bytes(const struct unwind_file *f)
{
	uint64_t sum = unwind_room_bytes(f->list.size_bytes);

	for (size_t i = 0; i < f->nr_pieces; i++)
		sum += unwind_room_bytes(f->pieces[i].place.size_bytes);
	return sum;
}

void unwind_store_forget(struct unwind_store *s, struct unwind_file *f)
{
	struct unwind_file **at = &s->files;

	while (*at && *at != f)
		at = &(*at)->next;
	if (*at)
		*at = f->next;
	give_pieces(s, f);
	unwind_store_give(s, &f->list);
	close_file(f);
}

/* New rules, before rows name them. */
static void copy_rules(struct unwind_store *s)
{
	uint32_t n = s->rules.n - s->rules_copied;

	if (s->mapped_rules)
		memcpy(s->mapped_rules + s->rules_copied, s->rules.at + s->rules_copied,
		       n * sizeof(*s->rules.at));
	s->rules_copied = s->rules.n;
}

static struct unwind_file *file_of(struct unwind_store *s, struct unwind_table *t)
{
	struct unwind_file *f = calloc(1, sizeof(*f));

	copy_rules(s);
	if (f) {
		f->base = t->base;
		f->nr_segments = t->nr_segments;
		memcpy(f->segments, t->segments, sizeof(f->segments));
		f->lacks_rows = add_pieces(s, f, t) != 0;	/* stacks say so */
	}
	unwind_table_close(t);
	return f;
}

struct unwind_file *unwind_store_file(struct unwind_store *s, int fd)
{
	struct unwind_table t;
	struct unwind_file *f;
	struct file_id id;

	if (!file_id_of(fd, &id))
		return NULL;
	for (f = s->files; f && !file_id_same(&f->id, &id); f = f->next)
		;
	if (f && (!f->lacks_rows || s->is_full))
		return f;
	if (f)
		unwind_store_forget(s, f);	/* there is room now */
	if (unwind_table_read(&t, fd, &s->rules))
		return NULL;
	f = file_of(s, &t);
	if (!f)
		return NULL;
	f->id = id;
	f->next = s->files;
	s->files = f;
	return f;
}

/* The size of an ELF image that is mapped whole: to the end of its section headers. */
static size_t image_size(const char *image)
{
	const ElfW(Ehdr) *h = (const void *)image;

	return h->e_shoff + (size_t)h->e_shnum * h->e_shentsize;
}

#define MAX_VDSO_BYTES ((size_t)64 * 1024)

struct unwind_file *unwind_store_vdso(struct unwind_store *s)
{
	const char *image = (const char *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	size_t size = image ? image_size(image) : 0;
	struct unwind_table t;
	char *copy;

	if (s->vdso || !size || size > MAX_VDSO_BYTES)
		return s->vdso;
	copy = malloc(size);
	if (!copy)
		return NULL;
	memcpy(copy, image, size);
	if (!unwind_table_read_image(&t, copy, size, &s->rules))
		s->vdso = file_of(s, &t);
	free(copy);
	return s->vdso;
}
