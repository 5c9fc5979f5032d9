/*
 * The kernel's symbols: lines "ADDRESS TYPE NAME [MODULE]" to a table.
 *
 * Invariant: the table holds only symbols with an address, sorted.
 */
#include "sym/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 * 1024)

/* Hexadecimal digits from *at on; moves *at behind them. */
static uint64_t take_hex(const char **at, const char *end)
{
	uint64_t n = 0;

	for (; *at < end; (*at)++) {
		char c = **at;

		if (c >= '0' && c <= '9')
			n = n << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (uint64_t)(c - 'a' + 10);
		else
			break;
	}
	return n;
}

/* Of names for one address: global functions, weak ones, local ones, data. */
static uint8_t type_rank(char type)
{
	static const struct {
		char type;
		uint8_t rank;
	} types[] = { { 'T', 0 }, { 'W', 1 }, { 't', TABLE_RANK_LOCAL } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].rank;
	return TABLE_RANK_LOCAL + (type >= 'a' ? 5 : 4);
}

static const char *find(const char *at, const char *end, char c)
{
	const char *p = memchr(at, c, (size_t)(end - at));

	return p ? p : end;
}

static void take_line(struct table *t, const char *at, const char *end)
{
	struct table_symbol s = { .start = take_hex(&at, end) };
	const char *name_end;

	if (!s.start || end - at < 4 || at[0] != ' ' || at[2] != ' ')
		return;
	if (at[1] == 'a' || at[1] == 'A')
		return;
	s.rank = type_rank(at[1]);
	s.name = at + 3;
	name_end = find(s.name, end, '\t');
	s.name_len = (size_t)(name_end - s.name);
	if (end - name_end > 3 && name_end[1] == '[') {
		s.module = name_end + 2;
		s.module_len = (size_t)(find(s.module, end, ']') - s.module);
	}
	table_add(t, &s);
}

/* Take the whole lines of a buffer; returns the bytes that they had. */
static size_t take_lines(struct table *t, const char *buf, size_t len)
{
	const char *at = buf, *end = buf + len;

	for (;;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (!newline)
			return (size_t)(at - buf);
		take_line(t, at, newline);
		at = newline + 1;
	}
}

int kernel_table_read(struct table *t, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	char *buf = malloc(READ_BYTES);
	size_t len = 0, taken;
	ssize_t n;

	if (fd < 0 || !buf) {
		err = fd < 0 ? -errno : -ENOMEM;
		goto out;
	}
	while ((n = read(fd, buf + len, READ_BYTES - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = -errno;
			break;
		}
		len += (size_t)n;
		taken = take_lines(t, buf, len);
		if (!taken && len == READ_BYTES)
			taken = len;	/* no line is so long: skip it */
		len -= taken;
		memmove(buf, buf + taken, len);
	}
	table_finish(t);
	if (t->failed)
		err = -ENOMEM;
out:
	free(buf);
	if (fd >= 0)
		close(fd);
	return err;
}
