/*
 * The C part of a script, as the rest of the compiler sees it.
 */
#include "types/cdefs_impl.h"

#include <string.h>

struct cdefs *cdefs_new(const struct cdefs_env *env)
{
	struct cdefs *c = arena_new(env->types->arena, struct cdefs);

	c->env = *env;
	c->types = env->types;
	c->arena = env->types->arena;
	c->names = env->types->names;
	hmap_init(&c->tags, c->arena);
	hmap_init(&c->typedefs, c->arena);
	hmap_init(&c->enumerators, c->arena);
	hmap_init(&c->macro_sources, c->arena);
	ctypes_init(c);
	cpp_init(&c->cpp, &c->env);
	return c;
}

void cdefs_add(struct cdefs *c, const char *text, size_t len, struct loc loc)
{
	ctoken_vec out = { 0 };

	cpp_text(&c->cpp, text, len, loc, &out);
	cdecl_parse(c, out.at, out.n);
}

void cdefs_add_header(struct cdefs *c, struct loc loc)
{
	const struct source *source = source_find(c->env.diags, loc.begin);
	ctoken_vec out = { 0 };

	if (!source)
		return;
	cpp_source(&c->cpp, source, loc.from, &out);
	cdecl_parse(c, out.at, out.n);
}

bool cdefs_include(struct cdefs *c, const char *path)
{
	ctoken_vec out = { 0 };

	if (!cpp_include(&c->cpp, path, &out))
		return false;
	cdecl_parse(c, out.at, out.n);
	return true;
}

void cdefs_finish(struct cdefs *c)
{
	cpp_finish(&c->cpp);
}

/* ---- types ---- */

static const struct type *find_tag(struct cdefs *c, enum kbtf_keyword keyword, const char *name)
{
	struct ctag *tag = pmap_find(&c->tags, name);

	if (!tag || (keyword != KBTF_ANY_NAME && tag->keyword != keyword))
		return NULL;
	return tag->is_defined ? ctag_make(tag) : NULL;
}

const struct type *cdefs_type(struct cdefs *c, enum kbtf_keyword keyword, const char *name)
{
	const char *own = name_of(c->names, name);
	const struct ctype *t = keyword == KBTF_ANY_NAME ? pmap_find(&c->typedefs, own) : NULL;

	return t ? ctype_make(c, t) : find_tag(c, keyword, own);
}

static const struct type_field *field_named(const struct type_field *fields, size_t n,
					    const char *name)
{
	for (size_t i = 0; name && i < n; i++)
		if (fields[i].name == name)
			return &fields[i];
	return NULL;
}

/* A struct of which nothing is the kernel's has the name by chance, and a copy or the
 * beginning of one is as good as the kernel's: one that is meant to be the same, and is
 * another, reads wrong fields. */
static bool struct_misleads(struct cdefs *c, const struct type *own, const struct type *known)
{
	size_t n, nr_known;
	const struct type_field *f = type_struct_fields(c->types, own->structure, &n), *same;
	const struct type_field *fields = type_struct_fields(c->types, known->structure, &nr_known);

	for (size_t i = 0; i < n; i++) {
		same = field_named(fields, nr_known, f[i].name);
		if (same && (same->offset_bytes != f[i].offset_bytes ||
			     same->bit_offset != f[i].bit_offset ||
			     same->type->size_bytes != f[i].type->size_bytes))
			return true;
	}
	return false;
}

static bool enum_misleads(const struct type_enum *own, const struct type_enum *known)
{
	for (size_t i = 0; i < own->nr_items; i++)
		for (size_t k = 0; k < known->nr_items; k++)
			if (own->items[i].name == known->items[k].name &&
			    own->items[i].value != known->items[k].value)
				return true;
	return false;
}

static bool misleads(struct cdefs *c, const struct type *own, const struct type *known)
{
	if (known->kind != own->kind)
		return own->size_bytes != known->size_bytes;
	switch (own->kind) {
	case TYPE_STRUCT:
		return struct_misleads(c, own, known);
	case TYPE_ENUM:
		return enum_misleads(own->enumeration, known->enumeration);
	default:
		return own->size_bytes != known->size_bytes;
	}
}

void cdefs_check_kernel(struct cdefs *c, const struct ctoken *name, enum kbtf_keyword keyword,
			const struct ctype *own)
{
	static const char *const words[] = {
		[KBTF_ANY_NAME] = "", [KBTF_STRUCT_NAME] = "struct ", [KBTF_UNION_NAME] = "union ",
		[KBTF_ENUM_NAME] = "enum ",
	};
	const struct type *known;
	struct loc loc = cpp_place(&c->cpp, cpp_loc(name));

	if (name->in_header || !c->env.btf)
		return;
	known = kbtf_type_by_name(c->env.btf, c->types, keyword, name->text);
	if (known && known->kind != TYPE_ERROR && known != ctype_make(c, own) &&
	    misleads(c, ctype_make(c, own), known))
		diag_warning(c->env.diags, loc, DIAG_HIDES_KERNEL_TYPE,
			     "the kernel has another type '%s%s': the script's is used",
			     words[keyword], name->text);
}

/* ---- constants ---- */

bool cdefs_enumerator(struct cdefs *c, const char *name, uint64_t *value, const struct type **type)
{
	struct cenumerator *e = pmap_find(&c->enumerators, name_of(c->names, name));

	if (!e || !e->tag->is_defined)
		return false;
	*value = e->value.bits;
	if (type)
		*type = ctag_make(e->tag);
	return true;
}

bool cdefs_find_number(struct cdefs *c, const char *name, struct cvalue *value)
{
	struct cenumerator *e = pmap_find(&c->enumerators, name);

	if (e) {
		*value = e->value;
		return true;
	}
	*value = (struct cvalue){ .is_long = true };
	if (c->env.btf && kbtf_enumerator(c->env.btf, name, &value->bits, NULL))
		return true;
	return cconst_find(c, name, value);
}

static bool is_negative(struct cvalue v)
{
	return !v.is_unsigned && (int64_t)v.bits < 0;
}

bool cdefs_constant(const struct cdefs *c, const char *name, uint64_t *value, bool *negative)
{
	struct cvalue v;

	if (!cconst_find(c, name, &v))
		return false;
	*value = v.bits;
	*negative = is_negative(v);
	return true;
}

/* ---- macros ---- */

static struct cmacro *object_macro(struct cdefs *c, const char *name)
{
	struct cmacro *m = cpp_macro(&c->cpp, name_of(c->names, name));

	return m && !m->is_function ? m : NULL;
}

/* Is the body one that scripts can read where it stands? Not if macros with
 * parameters are called in it, or if it spans lines. */
static bool reads_in_place(struct cdefs *c, const struct cmacro *m, const char *text, size_t len)
{
	const struct ctoken *t;

	vec_each(t, &m->body) {
		struct cmacro *inner = t->kind == CTOKEN_IDENT ? cpp_macro(&c->cpp, t->text) : NULL;

		if (inner && inner->is_function)
			return false;
	}
	return !memchr(text, '\\', len) || !memchr(text, '\n', len);
}

static const char *joined(struct cdefs *c, const ctoken_vec *tokens)
{
	struct sbuf text = { 0 };
	const struct ctoken *t;
	const char *result;

	vec_each(t, tokens) {
		if (text.len)
			sbuf_putc(&text, ' ');
		sbuf_puts(&text, t->text);
	}
	result = arena_strdup(c->arena, sbuf_text(&text));
	sbuf_close(&text);
	return result;
}

/* The macro's text with all macros in it expanded, as a source of its own. */
static const struct source *expanded_source(struct cdefs *c, struct cmacro *m)
{
	const struct source *s = pmap_find(&c->macro_sources, m);
	ctoken_vec out = { 0 };
	const char *text;

	if (s)
		return s;
	m->is_expanding = true;
	cpp_expand(&c->cpp, m->body.at, m->body.n, &out);
	m->is_expanding = false;
	text = joined(c, &out);
	s = source_add(c->env.diags, m->name, text, strlen(text));
	if (s)
		pmap_set(&c->macro_sources, m, (void *)s);
	return s;
}

static bool in_place(struct cdefs *c, const struct cmacro *m, struct source *out)
{
	const struct source *s = m->loc.begin ? source_find(c->env.diags, m->loc.begin) : NULL;
	size_t begin, len = m->loc.end - m->loc.begin;

	if (!s)
		return false;
	begin = m->loc.begin - s->base;
	if (begin + len > s->len || !reads_in_place(c, m, s->text + begin, len))
		return false;
	*out = *s;
	out->text = arena_strndup(c->arena, s->text + begin, len);
	out->len = len;
	out->base = m->loc.begin;
	return true;
}

bool cdefs_macro(struct cdefs *c, const char *name, struct cdefs_macro *out)
{
	struct cmacro *m = object_macro(c, name);
	const struct source *s;

	if (!m || !m->body.n)
		return false;
	out->in_header = m->body.at[0].in_header;
	if (in_place(c, m, &out->text))
		return true;
	s = expanded_source(c, m);
	if (s)
		out->text = *s;
	return s;
}

bool cdefs_macro_value(struct cdefs *c, const char *name, uint64_t *value, bool *negative)
{
	struct cmacro *m = object_macro(c, name);
	ctoken_vec out = { 0 };
	struct cvalue v;

	if (!m || !m->body.n)
		return false;
	m->is_expanding = true;
	cpp_expand(&c->cpp, m->body.at, m->body.n, &out);
	m->is_expanding = false;
	if (!cdecl_number(c, out.at, out.n, &v))
		return false;
	*value = v.bits;
	*negative = is_negative(v);
	return true;
}

/* ---- suggestions ---- */

const char *cdefs_missing_headers(const struct cdefs *c)
{
	const char *const *name, *list = NULL;

	vec_each(name, &c->cpp.missing)
		list = list ? arena_printf(c->arena, "%s, %s", list, *name) : *name;
	return list;
}

void cdefs_suggest(const struct cdefs *c, struct nearest *near)
{
	for (size_t i = 0; i < c->enumerators.cap; i++)
		if (c->enumerators.slots[i].key)
			nearest_try(near, c->enumerators.slots[i].key);
	for (size_t i = 0; i < c->cpp.macros.cap; i++) {
		const struct cmacro *m = c->cpp.macros.slots[i].value;

		if (c->cpp.macros.slots[i].key && m->name && m->loc.begin && !m->is_function)
			nearest_try(near, m->name);
	}
	/* Constants look like nothing else in a script. */
	if (near->word[0] >= 'A' && near->word[0] <= 'Z')
		cconst_suggest(near);
}

void cdefs_suggest_type(const struct cdefs *c, enum kbtf_keyword keyword, struct nearest *near)
{
	const struct hmap *names = keyword == KBTF_ANY_NAME ? &c->typedefs : &c->tags;

	for (size_t i = 0; i < names->cap; i++) {
		const struct ctag *tag = names->slots[i].value;

		if (names->slots[i].key && (names == &c->typedefs ||
					    (tag->keyword == keyword && tag->is_defined)))
			nearest_try(near, names->slots[i].key);
	}
}

const char *cdefs_macro_flaw(const struct cdefs *c, const char *name)
{
	const struct cmacro *m = cpp_macro(&c->cpp, name_of(c->names, name));

	if (!m)
		return NULL;
	return m->is_function ? "a C macro with parameters works inside C definitions only" :
	       m->body.n ? "the C macro of this name uses itself" :
	       "the C macro of this name is empty";
}
