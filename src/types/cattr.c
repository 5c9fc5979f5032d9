/*
 * Attributes of C declarations: those that change a layout are kept, the others
 * are passed over.
 */
#include "types/cdefs_impl.h"

#include <string.h>

/* "__packed__" is "packed". */
static bool is_attribute(const struct ctoken *t, const char *name)
{
	size_t len = strlen(name), n = strlen(t->text);

	return t->kind == CTOKEN_IDENT &&
	       ((n == len && !memcmp(t->text, name, len)) ||
		(n == len + 4 && !memcmp(t->text, "__", 2) && !memcmp(t->text + 2, name, len) &&
		 !memcmp(t->text + 2 + len, "__", 2)));
}

static uint32_t mode_size(const struct ctoken *t)
{
	static const struct { const char *name; uint32_t size_bytes; } modes[] = {
		{ "QI", 1 }, { "byte", 1 }, { "HI", 2 }, { "SI", 4 }, { "DI", 8 }, { "TI", 16 },
		{ "word", 8 }, { "pointer", 8 },
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (is_attribute(t, modes[i].name))
			return modes[i].size_bytes;
	return 0;
}

const struct ctoken *cdecl_args(struct cparser *p, size_t *n)
{
	const struct ctoken *begin = p->at;

	*n = 0;
	if (!cdecl_at(p, "("))
		return begin;
	cdecl_skip_balanced(p);
	*n = p->at - begin > 2 ? (size_t)(p->at - begin) - 2 : 0;
	return begin + 1;
}

static void set_alignment(struct cparser *p, struct cattrs *attrs, const struct ctoken *args,
			  size_t n, const struct ctoken *at)
{
	struct cvalue v = { .bits = p->c->opaque16->align_bytes };	/* the largest there is */
	const struct ctype *t;

	if (n && cdecl_type_name(p->c, args, n, &t) == n)
		v.bits = t->align_bytes;
	else if (n && !cdecl_number(p->c, args, n, &v))
		v.bits = 3;
	if (v.bits && v.bits <= 1u << 28 && !(v.bits & (v.bits - 1))) {
		if (v.bits > attrs->align_bytes)
			attrs->align_bytes = (uint32_t)v.bits;
	} else if (v.bits) {
		cdecl_error(p, at, DIAG_BAD_ATTRIBUTE, "an alignment must be a power of two");
	}
}

static void take_attribute(struct cparser *p, struct cattrs *attrs)
{
	const struct ctoken *name = cdecl_token(p), *args;
	struct cvalue v;
	size_t n;

	if (name->kind != CTOKEN_IDENT) {
		cdecl_error(p, name, DIAG_BAD_ATTRIBUTE, "expected the name of an attribute");
		return;
	}
	p->at++;
	args = cdecl_args(p, &n);
	if (is_attribute(name, "packed")) {
		attrs->is_packed = true;
	} else if (is_attribute(name, "aligned")) {
		set_alignment(p, attrs, args, n, name);
	} else if (is_attribute(name, "mode") && n == 1) {
		attrs->mode_bytes = mode_size(args);
	} else if (is_attribute(name, "vector_size") && cdecl_number(p->c, args, n, &v)) {
		attrs->mode_bytes = v.bits <= 1024 ? (uint32_t)v.bits : 0;
		attrs->is_vector = true;
	}
}

static void take_gnu_attributes(struct cparser *p, struct cattrs *attrs)
{
	if (!cdecl_expect(p, "(") || !cdecl_expect(p, "("))
		return;
	while (!p->failed && !cdecl_at(p, ")")) {
		if (cdecl_take(p, ","))
			continue;
		take_attribute(p, attrs);
	}
	if (cdecl_expect(p, ")"))
		cdecl_expect(p, ")");
}

/* The kernel's own short forms, where no header has defined them. */
static bool take_short_attribute(struct cparser *p, struct cattrs *attrs)
{
	const struct ctoken *t = cdecl_token(p), *args;
	size_t n;

	if (t->kind != CTOKEN_IDENT || t->text[0] != '_')
		return false;
	if (cdecl_take(p, "__packed")) {
		attrs->is_packed = true;
		return true;
	}
	if (!cdecl_take(p, "__aligned") && !cdecl_take(p, "_Alignas"))
		return false;
	args = cdecl_args(p, &n);
	set_alignment(p, attrs, args, n, t);
	return true;
}

void cdecl_attributes(struct cparser *p, struct cattrs *attrs)
{
	while (!p->failed) {
		if (cdecl_take(p, "__attribute__") || cdecl_take(p, "__attribute"))
			take_gnu_attributes(p, attrs);
		else if (!take_short_attribute(p, attrs))
			return;
	}
}
