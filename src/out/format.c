/*
 * printf: conversions and the bytes of a record to text.
 *
 * In: a format as the compiler left it, and a record of a program. Out: text at
 * the end of a buffer. This runs for every event at full rate, so the simple
 * conversions touch no arena. Flags are those of C: zeros stand between sign or
 * prefix and digits, and are not filled in at the right.
 */
#include "out/format.h"

#include "out/decode.h"
#include "out/number.h"
#include "out/text.h"

#include <errno.h>
#include <inttypes.h>

struct formatting {
	struct sbuf *out;
	struct value_decoder *d;
	struct bytes record;
	int err;
};

typedef void (*convert_fn)(struct formatting *f, const struct image_conversion *conv,
			   const struct value_field *field, struct bytes in);

/* ---- padding ---- */

/* A text in its width; the first `head` bytes (sign, prefix) stand before the
 * zeros that fill it. */
static void put_padded(struct sbuf *out, const struct image_conversion *conv, const char *text,
		       size_t len, size_t head)
{
	size_t fill = conv->width > len ? conv->width - len : 0;

	if (!fill) {
		sbuf_add(out, text, len);
	} else if (conv->left) {
		sbuf_add(out, text, len);
		sbuf_fill(out, ' ', fill);
	} else if (conv->zero) {
		sbuf_add(out, text, head);
		sbuf_fill(out, '0', fill);
		sbuf_add(out, text + head, len - head);
	} else {
		sbuf_fill(out, ' ', fill);
		sbuf_add(out, text, len);
	}
}

/* What was appended since `start`, put into its width. */
static void pad_since(struct sbuf *out, const struct image_conversion *conv, size_t start)
{
	size_t len = out->len - start, fill;

	if (out->failed || conv->width <= len)
		return;
	fill = conv->width - len;
	sbuf_fill(out, ' ', fill);
	if (out->failed || conv->left)
		return;
	memmove(out->at + start + fill, out->at + start, len);
	memset(out->at + start, conv->zero ? '0' : ' ', fill);
}

/* ---- numbers ---- */

/* The number of a field, cut to the conversion's width. */
static uint64_t load_number(const struct image_conversion *conv, const struct value_field *field,
			    struct bytes in, bool is_signed)
{
	const struct value_layout *layout = field->layout;
	uint64_t n;

	if (in.len < layout->size_bytes)
		return 0;
	n = number_load(in.at, layout->size_bytes, layout->is_signed);
	return number_extend(n, conv->int_bytes * 8u, is_signed);
}

/* Digits of `n` to the left of `end`; returns where they begin. */
static char *put_digits(char *end, uint64_t n, unsigned base, const char *digits)
{
	do {
		*--end = digits[n % base];
		n /= base;
	} while (n);
	return end;
}

static void put_number(struct formatting *f, const struct image_conversion *conv, uint64_t n,
		       unsigned base, const char *head)
{
	const char *digits = conv->kind == CONV_HEX_UPPER ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[32], *end = text + sizeof(text), *at;
	size_t head_len = strlen(head);

	at = base == 10 ? put_digits(end, n, 10, digits) : put_digits(end, n, base, digits);
	at -= head_len;
	memcpy(at, head, head_len);
	put_padded(f->out, conv, at, (size_t)(end - at), head_len);
}

static void convert_signed(struct formatting *f, const struct image_conversion *conv,
			   const struct value_field *field, struct bytes in)
{
	int64_t n = (int64_t)load_number(conv, field, in, true);

	put_number(f, conv, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 10,
		   n < 0 ? "-" : conv->plus ? "+" : "");
}

static void convert_unsigned(struct formatting *f, const struct image_conversion *conv,
			     const struct value_field *field, struct bytes in)
{
	put_number(f, conv, load_number(conv, field, in, false), 10, "");
}

static void convert_octal(struct formatting *f, const struct image_conversion *conv,
			  const struct value_field *field, struct bytes in)
{
	uint64_t n = load_number(conv, field, in, false);

	put_number(f, conv, n, 8, n && conv->alternate ? "0" : "");
}

static void convert_hex(struct formatting *f, const struct image_conversion *conv,
			const struct value_field *field, struct bytes in)
{
	uint64_t n = load_number(conv, field, in, false);
	const char *prefix = conv->kind == CONV_HEX_UPPER ? "0X" : "0x";

	put_number(f, conv, n, 16, n && conv->alternate ? prefix : "");
}

static void convert_pointer(struct formatting *f, const struct image_conversion *conv,
			    const struct value_field *field, struct bytes in)
{
	uint64_t n = load_number(conv, field, in, false);

	put_number(f, conv, n, 16, n ? "0x" : "");
}

static void convert_char(struct formatting *f, const struct image_conversion *conv,
			 const struct value_field *field, struct bytes in)
{
	char c = (char)load_number(conv, field, in, false);

	put_padded(f->out, conv, &c, 1, 0);
}

static void convert_gfp(struct formatting *f, const struct image_conversion *conv,
			const struct value_field *field, struct bytes in)
{
	size_t start = f->out->len;

	format_gfp(f->out, load_number(conv, field, in, false));
	pad_since(f->out, conv, start);
}

/* ---- texts ---- */

static void convert_literal(struct formatting *f, const struct image_conversion *conv,
			    const struct value_field *field, struct bytes in)
{
	(void)field;
	(void)in;
	sbuf_add(f->out, conv->text, conv->len);
}

static void convert_tree(struct formatting *f, const struct image_conversion *conv,
			 const struct value_field *field)
{
	struct sonde_value v;
	size_t start = f->out->len;
	int err = value_decode_field(f->d, field, f->record.at, f->record.len, &v);

	if (err) {
		f->err = err;
		return;
	}
	if (conv->plus && v.kind == SONDE_VALUE_INT && v.number >= 0)
		sbuf_putc(f->out, '+');
	text_value(f->out, &v);
	pad_since(f->out, conv, start);
}

static void convert_string(struct formatting *f, const struct image_conversion *conv,
			   const struct value_field *field, struct bytes in)
{
	uint32_t size = field->layout->size_bytes;
	size_t room = in.len < size ? in.len : size, len;
	const void *nul;

	if (field->layout->kind == VALUE_STRING) {
		nul = memchr(in.at, '\0', room);
		len = nul ? (size_t)((const uint8_t *)nul - in.at) : room;
		if (len < size) {	/* not cut: no trailer */
			put_padded(f->out, conv, (const char *)in.at, len, 0);
			return;
		}
	}
	convert_tree(f, conv, field);
}

static void put_hex_bytes(struct sbuf *out, struct bytes data, const char *before)
{
	for (size_t i = 0; i < data.len; i++) {
		sbuf_puts(out, before[0] == ' ' && i == 0 ? "" : before);
		sbuf_putc(out, "0123456789abcdef"[data.at[i] >> 4]);
		sbuf_putc(out, "0123456789abcdef"[data.at[i] & 15]);
	}
}

static void convert_buffer(struct formatting *f, const struct image_conversion *conv,
			   const struct value_field *field, struct bytes in)
{
	struct bytes data = decode_buffer_bytes(field->layout, in);
	size_t start = f->out->len;

	if (conv->kind == CONV_BUFFER_TEXT)
		text_bytes(f->out, (const char *)data.at, data.len);
	else
		put_hex_bytes(f->out, data, conv->kind == CONV_BUFFER_HEX ? " " : "\\x");
	pad_since(f->out, conv, start);
}

/* ---- the walk ---- */

static const convert_fn conversions[] = {
	[CONV_TEXT]		= convert_literal,
	[CONV_SIGNED]		= convert_signed,
	[CONV_UNSIGNED]		= convert_unsigned,
	[CONV_OCTAL]		= convert_octal,
	[CONV_HEX]		= convert_hex,
	[CONV_HEX_UPPER]	= convert_hex,
	[CONV_CHAR]		= convert_char,
	[CONV_POINTER]		= convert_pointer,
	[CONV_STRING]		= convert_string,
	[CONV_BUFFER_TEXT]	= convert_buffer,
	[CONV_BUFFER_X]		= convert_buffer,
	[CONV_BUFFER_HEX]	= convert_buffer,
	[CONV_GFP]		= convert_gfp,
};

int format_record(struct sbuf *out, struct value_decoder *d, const struct image_action *action,
		  const void *record, size_t size_bytes)
{
	struct formatting f = { out, d, { record, size_bytes }, 0 };

	for (size_t i = 0; i < action->nr_format; i++) {
		const struct image_conversion *conv = &action->format[i];
		const struct value_field *field = NULL;
		struct bytes in = { NULL, 0 };

		if (conv->kind >= sizeof(conversions) / sizeof(conversions[0]))
			continue;
		if (conv->kind != CONV_TEXT) {
			if (conv->field >= action->nr_fields)
				continue;
			field = &action->fields[conv->field];
			in = decode_field_bytes(field, f.record, f.record);
			if (!in.at)
				continue;
		}
		conversions[conv->kind](&f, conv, field, in);
	}
	return out->failed ? -ENOMEM : f.err;
}
