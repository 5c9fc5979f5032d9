/*
 * Folded stacks: a line for each, "ROOT;...;LEAF WEIGHT".
 *
 * Every tool for flame graphs reads them, and each splits at other places: so there
 * is one blank in a line, the last, and no semicolon or control character in a frame.
 */
#include "base/sbuf.h"
#include "out/json.h"
#include "out/profile.h"
#include "out/text.h"

#include <string.h>

static char strict(char c)
{
	if (c == ';')
		return ':';
	return (unsigned char)c <= ' ' || c == 0x7f ? '_' : c;
}

/* Blanks go after commas, as between the parameters of a function. */
static void put_name(struct sbuf *out, const char *name)
{
	const uint8_t *s = (const uint8_t *)name;
	size_t left = strlen(name), n;

	for (size_t i = 0; i < left; i += n) {
		n = s[i] < 0x80 ? 1 : out_utf8_length(s + i, left - i);
		if (n > 1) {
			sbuf_add(out, name + i, n);
		} else if (!n) {
			sbuf_putc(out, '?');	/* no character */
			n = 1;
		} else if (s[i] != ' ' || !i || s[i - 1] != ',') {
			sbuf_putc(out, strict(name[i]));
		}
	}
}

void profile_folded(struct sbuf *out, const struct profile_view *v)
{
	for (size_t i = 0; i < v->nr_samples; i++) {
		const struct profile_sample *s = &v->samples[i];

		for (uint32_t j = 0; j < s->nr_sites; j++) {
			if (j)
				sbuf_putc(out, ';');
			put_name(out, v->functions[v->sites[s->sites[j]].function].name);
		}
		sbuf_putc(out, ' ');
		text_unsigned(out, s->weight);
		sbuf_putc(out, '\n');
	}
}
