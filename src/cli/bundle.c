/*
 * A script as a program: see bundle.h.
 *
 * The file: this program's own, the records, and an end of fixed size, by which a
 * program knows that it carries something: a mark, the records' length and a sum over
 * them. A record is its kind, the lengths of a name and a text, and the two, each with
 * a NUL behind it, so that they are used where they lie.
 */
#include "cli/bundle.h"
#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char mark[16] = "sonde script 1\n";

struct bundle_end {
	uint64_t len, sum;
	char mark[sizeof(mark)];
};

/* An identity is of the file before it. Of files and folders there is a record for each
 * enum sonde_file_kind. */
enum record_kind {
	RECORD_SCRIPT = 1, RECORD_OPTION, RECORD_PARAM, RECORD_ID, RECORD_FILE, RECORD_HEADER_DIR,
	RECORD_KERNEL_DIR
};

struct record {
	uint64_t kind, name_len, text_len;
};

/* FNV-1a: tells a file that was cut or changed by chance. */
static uint64_t sum_of(const char *data, size_t len)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)data[i]) * 0x100000001b3;
	return h;
}

/* The file of this program, by the kernel's word for it, or where it was found. */
static int open_self(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	const char *path = (const char *)getauxval(AT_EXECFN);

	return fd < 0 && path ? open(path, O_RDONLY | O_CLOEXEC) : fd;
}

/* ---- reading ---- */

/* The next record in [*at, end); false: it does not fit. */
static bool next_record(char **at, const char *end, struct record *r, char **name, char **text)
{
	size_t left = (size_t)(end - *at);

	if (left < sizeof(*r))
		return false;
	memcpy(r, *at, sizeof(*r));
	left -= sizeof(*r);
	if (r->name_len >= left || r->text_len >= left - r->name_len - 1)
		return false;
	*name = *at + sizeof(*r);
	*text = *name + r->name_len + 1;
	*at = *text + r->text_len + 1;
	return !(*name)[r->name_len] && !(*text)[r->text_len];
}

static void take_record(struct bundle *b, const struct record *r, char *name, char *text)
{
	switch (r->kind) {
	case RECORD_SCRIPT:
		b->name = name;
		b->text = text;
		b->len = r->text_len;
		break;
	case RECORD_OPTION:
		b->words[b->nr_options++] = text;
		break;
	case RECORD_PARAM:
		b->words[b->nr_options + b->nr_params++] = text;
		break;
	case RECORD_ID:
		if (b->nr_files)
			b->files[b->nr_files - 1].id = text;
		break;
	case RECORD_FILE:
	case RECORD_HEADER_DIR:
	case RECORD_KERNEL_DIR:
		b->files[b->nr_files++] = (struct sonde_file){
			.name = name, .text = text, .len = r->text_len,
			.kind = (enum sonde_file_kind)(r->kind - RECORD_FILE),
		};
		break;
	default:
		break;
	}
}

static int read_records(struct bundle *b, char *data, size_t len)
{
	char *at = data, *name, *text;
	size_t most = len / sizeof(struct record) + 1;
	struct record r;

	b->words = calloc(most, sizeof(*b->words));
	b->files = calloc(most, sizeof(*b->files));
	if (!b->words || !b->files)
		return -ENOMEM;
	while (at < data + len) {
		if (!next_record(&at, data + len, &r, &name, &text))
			return -EINVAL;
		take_record(b, &r, name, text);
	}
	return b->text ? 1 : -EINVAL;
}

/* Where the records begin in a file of this size; 0: there are none. */
static off_t records_at(int fd, off_t size, struct bundle_end *end)
{
	off_t at = size - (off_t)sizeof(*end);

	if (at < 0 || pread(fd, end, sizeof(*end), at) != (ssize_t)sizeof(*end) ||
	    memcmp(end->mark, mark, sizeof(mark)))
		return 0;
	return end->len <= (uint64_t)at ? at - (off_t)end->len : 0;
}

static int find_in(int fd, struct bundle *b)
{
	struct bundle_end end;
	struct stat st;
	off_t at;

	if (fstat(fd, &st))
		return 0;
	at = records_at(fd, st.st_size, &end);
	if (!at)
		return 0;
	b->data = malloc(end.len + 1);
	if (!b->data)
		return -ENOMEM;
	if (pread(fd, b->data, end.len, at) != (ssize_t)end.len ||
	    sum_of(b->data, end.len) != end.sum)
		return -EINVAL;
	return read_records(b, b->data, end.len);
}

void bundle_close(struct bundle *b)
{
	if (b->data) {
		free(b->words);
		free(b->files);
	}
	free(b->data);
}

int bundle_find(struct bundle *b)
{
	int fd = open_self(), found;

	memset(b, 0, sizeof(*b));
	if (fd < 0)
		return 0;
	found = find_in(fd, b);
	close(fd);
	return found;
}

/* ---- writing ---- */

static void add_record(FILE *out, enum record_kind kind, const char *name, const char *text,
		       size_t len)
{
	const struct record r = { kind, strlen(name), len };

	fwrite(&r, sizeof(r), 1, out);
	fwrite(name, 1, strlen(name) + 1, out);
	fwrite(text, 1, len, out);
	putc('\0', out);
}

static int add_self(FILE *out)
{
	int fd = open_self(), err = 0;
	char chunk[65536];
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		fwrite(chunk, 1, (size_t)n, out);
	if (n < 0)
		err = -errno;
	close(fd);
	return err;
}

static void add_file(FILE *out, const struct sonde_file *file)
{
	add_record(out, RECORD_FILE + (enum record_kind)file->kind, file->name, file->text,
		   file->len);
	if (file->id)
		add_record(out, RECORD_ID, "", file->id, strlen(file->id));
}

static void add_records(FILE *out, const struct bundle *b)
{
	for (size_t i = 0; i < b->nr_options + b->nr_params; i++)
		add_record(out, i < b->nr_options ? RECORD_OPTION : RECORD_PARAM, "", b->words[i],
			   strlen(b->words[i]));
	for (size_t i = 0; i < b->nr_files; i++)
		add_file(out, &b->files[i]);
	add_record(out, RECORD_SCRIPT, b->name, b->text, b->len);
}

/* All bytes of the program. 0 or a negative errno; *data is owned in any case. */
static int make_program(const struct bundle *b, char **data, size_t *len)
{
	FILE *out = open_memstream(data, len);
	struct bundle_end end = { 0 };
	size_t from;
	int err;

	if (!out)
		return -ENOMEM;
	err = add_self(out);
	fflush(out);
	from = *len;
	add_records(out, b);
	if (!fflush(out)) {
		end.len = *len - from;
		end.sum = sum_of(*data + from, end.len);
		memcpy(end.mark, mark, sizeof(mark));
		fwrite(&end, sizeof(end), 1, out);
	}
	if (ferror(out) && !err)
		err = -ENOMEM;
	return fclose(out) && !err ? -ENOMEM : err;
}

int bundle_write(const char *path, const struct bundle *b)
{
	char *data = NULL;
	size_t len = 0;
	int err = make_program(b, &data, &len);

	if (!err)
		err = file_write(path, data, len, 0777);
	free(data);
	return err;
}
