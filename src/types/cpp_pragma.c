/*
 * #pragma, and _Pragma(...) within text: only `once` and `pack` mean anything
 * here.
 */
#include "types/cpp.h"

#include <stdlib.h>
#include <string.h>

/* #pragma pack(), pack(n), pack(push), pack(push, n), pack(pop) */
static void pragma_pack(struct cpp *p, const struct ctoken *t, size_t n)
{
	size_t i = n && ctoken_is(t, "(") ? 1 : 0;
	unsigned long value;

	if (i < n && ctoken_is(&t[i], "push")) {
		vec_push(p->arena, &p->packs, p->pack);
		i += 1 + (i + 1 < n && ctoken_is(&t[i + 1], ","));
	} else if (i < n && ctoken_is(&t[i], "pop")) {
		p->pack = p->packs.n ? p->packs.at[--p->packs.n] : 0;
		return;
	} else if (i < n && ctoken_is(&t[i], ")")) {
		p->pack = 0;
	}
	if (i >= n || t[i].kind != CTOKEN_NUMBER)
		return;
	value = strtoul(t[i].text, NULL, 0);
	if (value <= 16 && !(value & (value - 1)))
		p->pack = (uint8_t)value;
}

void cpp_pragma(struct cpp *p, const struct ctoken *t, size_t n)
{
	if (!n)
		return;
	if (ctoken_is(t, "once") && p->file.path)
		hmap_set(&p->once, p->file.path, strlen(p->file.path), p);
	else if (ctoken_is(t, "pack"))
		pragma_pack(p, t + 1, n - 1);
}

/* The text of a string, without its quotes and backslashes, as tokens. */
static void split_string(struct cpp *p, const struct ctoken *string, ctoken_vec *out)
{
	struct sbuf text = { 0 };
	struct csplit split = { .names = p->names };
	struct ctoken t;

	for (const char *c = string->text + 1; *c && c[1]; c++)
		if (*c != '\\')
			sbuf_putc(&text, *c);
	split.start = split.at = sbuf_text(&text);
	split.end = split.at + text.len;
	while ((t = csplit_next(&split)).kind != CTOKEN_END)
		vec_push(p->arena, out, t);
	sbuf_close(&text);
}

/* _Pragma ( "text" ) at a token: the number of tokens that it takes. */
static size_t take_pragma(struct cpp *p, const struct ctoken *t, size_t n)
{
	ctoken_vec words = { 0 };

	if (n < 4 || !ctoken_is(t, "_Pragma") || !ctoken_is(&t[1], "(") ||
	    t[2].kind != CTOKEN_STRING || !ctoken_is(&t[3], ")"))
		return 0;
	split_string(p, &t[2], &words);
	cpp_pragma(p, words.at, words.n);
	return 4;
}

void cpp_obey_pragmas(struct cpp *p, size_t from)
{
	ctoken_vec *out = p->out;
	size_t to = from;

	for (size_t i = from; i < out->n;) {
		size_t used = take_pragma(p, &out->at[i], out->n - i);

		if (!used) {
			out->at[to] = out->at[i];
			out->at[to++].pack = p->pack;
		}
		i += used ? used : 1;
	}
	out->n = to;
}
