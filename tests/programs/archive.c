/*
 * A program for tests of probes in archives.
 *
 *	archive write ARCHIVE FILE NAME [deflated]	write a ZIP file with FILE, stored, as NAME
 *	archive call ARCHIVE OFFSET	call the code at that offset of the archive with (40, 2)
 *
 * The file begins with a page, since code does not run anywhere on each processor;
 * "deflated" only says so: the bytes are the same.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(FILE *f, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		fputc((int)(value >> 8 * i & 255), f);
}

enum { PAGE = 4096 };

/* What the local header and the directory's entry have in common. */
static void put_common(FILE *f, uint32_t size, const char *name, int method,
		       unsigned extra)
{
	put(f, 20, 2);		/* version */
	put(f, 0, 2);
	put(f, (uint32_t)method, 2);
	put(f, 0, 4);		/* time and date */
	put(f, 0, 4);		/* checksum: nobody asks */
	put(f, size, 4);
	put(f, size, 4);
	put(f, (uint32_t)strlen(name), 2);
	put(f, extra, 2);
}

static int write_archive(const char *path, const char *file, const char *name, int method)
{
	FILE *in = fopen(file, "r"), *out = fopen(path, "w");
	uint32_t size = 0, directory;
	unsigned padding;
	struct stat st;

	if (!in || !out || fstat(fileno(in), &st))
		return 1;
	fputs("PK\3\4", out);
	padding = PAGE - 30 - (unsigned)strlen(name);
	put_common(out, (uint32_t)st.st_size, name, method, padding);
	fputs(name, out);
	while (padding--)
		fputc(0, out);
	for (int c; (c = getc(in)) != EOF; size++)
		fputc(c, out);
	directory = (uint32_t)ftell(out);
	fputs("PK\1\2", out);
	put(out, 20, 2);
	put_common(out, size, name, method, 0);
	put(out, 0, 2);		/* comment */
	put(out, 0, 4);
	put(out, 0, 4);
	put(out, 0, 4);		/* where the local header is */
	fputs(name, out);
	size = (uint32_t)ftell(out) - directory;
	fputs("PK\5\6", out);
	put(out, 0, 4);
	put(out, 1, 2);
	put(out, 1, 2);
	put(out, size, 4);
	put(out, directory, 4);
	put(out, 0, 2);
	fclose(in);
	return fclose(out) != 0;
}

static int call(const char *path, size_t offset)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	int (*add)(int a, int b);
	char *map;

	if (fd < 0 || fstat(fd, &st))
		return 1;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return 1;
	map += offset;
	memcpy(&add, &map, sizeof(add));
	return add(40, 2) != 42;
}

int main(int argc, char **argv)
{
	if (argc > 4 && !strcmp(argv[1], "write"))
		return write_archive(argv[2], argv[3], argv[4], argc > 5 ? 8 : 0);
	if (argc == 4 && !strcmp(argv[1], "call"))
		return call(argv[2], (size_t)strtoull(argv[3], NULL, 0));
	return 2;
}
