/*
 * Growable text: doubles its room, always keeps one byte for the NUL.
 */
#include "base/sbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sbuf_close(struct sbuf *b)
{
	free(b->at);
	memset(b, 0, sizeof(*b));
}

void sbuf_clear(struct sbuf *b)
{
	b->len = 0;
	if (b->at)
		b->at[0] = '\0';
}

static bool sbuf_reserve(struct sbuf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 256;
	char *p;

	if (b->failed)
		return false;
	if (more < b->cap - b->len)
		return true;
	while (cap - b->len <= more)
		cap *= 2;
	p = realloc(b->at, cap);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->at = p;
	b->cap = cap;
	return true;
}

void sbuf_add(struct sbuf *b, const void *data, size_t len)
{
	if (!sbuf_reserve(b, len))
		return;
	if (len)
		memcpy(b->at + b->len, data, len);
	b->len += len;
	b->at[b->len] = '\0';
}

void sbuf_puts(struct sbuf *b, const char *text)
{
	sbuf_add(b, text, strlen(text));
}

void sbuf_putc(struct sbuf *b, char c)
{
	sbuf_add(b, &c, 1);
}

void sbuf_fill(struct sbuf *b, char c, size_t count)
{
	if (!sbuf_reserve(b, count))
		return;
	memset(b->at + b->len, c, count);
	b->len += count;
	b->at[b->len] = '\0';
}

void sbuf_vprintf(struct sbuf *b, const char *fmt, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0 || !sbuf_reserve(b, (size_t)len))
		return;
	vsnprintf(b->at + b->len, (size_t)len + 1, fmt, args);
	b->len += (size_t)len;
}

void sbuf_printf(struct sbuf *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	sbuf_vprintf(b, fmt, args);
	va_end(args);
}

const char *sbuf_text(const struct sbuf *b)
{
	return b->at ? b->at : "";
}
