/*
 * Growable text on the heap, for output that is built before it is written.
 *
 * A failed allocation sets .failed and drops the text; callers check once.
 */
#ifndef SONDE_BASE_SBUF_H
#define SONDE_BASE_SBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct sbuf {
	char *at;	/* owned; NUL-terminated when not NULL */
	size_t len, cap;
	bool failed;
};

void sbuf_close(struct sbuf *b);

/* Empty it, keep the memory. */
void sbuf_clear(struct sbuf *b);

void sbuf_add(struct sbuf *b, const void *data, size_t len);
void sbuf_puts(struct sbuf *b, const char *text);
void sbuf_putc(struct sbuf *b, char c);
void sbuf_fill(struct sbuf *b, char c, size_t count);
void sbuf_printf(struct sbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sbuf_vprintf(struct sbuf *b, const char *fmt, va_list args);

/* The text; "" when nothing was added. Borrowed until the next change. */
const char *sbuf_text(const struct sbuf *b);

#endif
