/*
 * Bodies of structs, unions and enums.
 */
#include "types/cdefs_impl.h"

#include <string.h>

static const char *keyword_text(enum kbtf_keyword keyword)
{
	return keyword == KBTF_STRUCT_NAME ? "struct" :
	       keyword == KBTF_UNION_NAME ? "union" : "enum";
}

/* ---- tags ---- */

static struct ctag *tag_new(struct cdefs *c, enum kbtf_keyword keyword, const char *name)
{
	struct ctag *tag = arena_new(c->arena, struct ctag);

	tag->c = c;
	tag->name = name;
	tag->keyword = keyword;
	tag->type = arena_new(c->arena, struct ctype);
	tag->type->kind = keyword == KBTF_ENUM_NAME ? CTYPE_ENUM : CTYPE_RECORD;
	tag->type->tag = tag;
	tag->type->align_bytes = 1;
	if (keyword == KBTF_ENUM_NAME) {
		tag->type->size_bytes = tag->type->align_bytes = 4;
		tag->type->is_sized = true;
	}
	if (name)
		pmap_set(&c->tags, name, tag);
	return tag;
}

static struct ctag *tag_mention(struct cparser *p, enum kbtf_keyword keyword,
				const struct ctoken *name)
{
	struct ctag *tag = pmap_find(&p->c->tags, name->text);
	struct diag *d;

	if (!tag || (tag->keyword != keyword && name->in_header))
		return tag_new(p->c, keyword, name->text);
	if (tag->keyword == keyword)
		return tag;
	d = cdecl_error(p, name, DIAG_TAG_MISMATCH, "%s was defined as %s %s", name->text,
			keyword_text(tag->keyword), name->text);
	if (d && tag->loc.begin)
		diag_note(p->c->env.diags, d, tag->loc, "this was its definition");
	return NULL;
}

/* A tag to define: what a header has defined, the script may define anew. */
static struct ctag *tag_define(struct cparser *p, enum kbtf_keyword keyword,
			       const struct ctoken *name)
{
	struct ctag *tag = name ? tag_mention(p, keyword, name) : tag_new(p->c, keyword, NULL);
	struct diag *d;

	if (!tag || !name)
		return tag;
	if (tag->is_defined && !tag->in_header && !name->in_header) {
		d = cdecl_error(p, name, DIAG_REDEFINITION, "%s %s is defined twice",
				keyword_text(keyword), name->text);
		if (d)
			diag_note(p->c->env.diags, d, tag->loc, "this was its first definition");
		return NULL;
	}
	if (tag->is_defined || tag->is_open)
		tag = tag_new(p->c, keyword, name->text);
	tag->loc = cpp_loc(name);
	tag->in_header = name->in_header;
	return tag;
}

/* ---- fields ---- */

static void duplicate_field(struct cparser *p, const struct ctag *tag, const struct ctoken *name)
{
	const struct cfield *f;
	struct diag *d;

	if (!name || name->in_header)
		return;
	vec_each(f, &tag->fields) {
		if (f->name != name->text)
			continue;
		d = cdecl_error(p, name, DIAG_DUPLICATE_FIELD, "a field '%s' is there already",
				name->text);
		if (d)
			diag_note(p->c->env.diags, d, f->loc, "this is it");
		return;
	}
}

static bool take_width(struct cparser *p, struct cfield *f)
{
	const struct ctoken *at = cdecl_token(p);
	struct cvalue v;

	if (!cdecl_constant(p, ",;}", &v))
		return false;
	if (f->type->kind != CTYPE_INT && f->type->kind != CTYPE_ENUM &&
	    f->type->kind != CTYPE_BOOL) {
		cdecl_error(p, at, DIAG_BAD_BITFIELD, "only integers can be bit-fields");
		return false;
	}
	if (v.bits > f->type->size_bytes * 8ull || (!v.bits && f->name)) {
		cdecl_error(p, at, DIAG_BAD_BITFIELD, "a bit-field of this type has 1 to %u bits",
			    f->type->size_bytes * 8);
		return false;
	}
	f->is_bitfield = true;
	f->bits = (uint32_t)v.bits;
	cdecl_attributes(p, &f->attrs);
	return true;
}

static bool check_field_type(struct cparser *p, struct cfield *f, const struct ctoken *at)
{
	struct diag *d;

	f->type = ctype_complete(p->c, f->type);
	if (f->type->kind == CTYPE_VOID || f->type->kind == CTYPE_FUNCTION) {
		cdecl_error(p, at, DIAG_BAD_DEFINITION, "a field cannot be %s",
			    f->type->kind == CTYPE_VOID ? "void" : "a function");
		return false;
	}
	if (f->type->is_sized)
		return true;
	d = cdecl_error(p, at, DIAG_INCOMPLETE_TYPE,
			"the size of the type of field '%s' is not known",
			f->name ? f->name : "");
	if (d && f->type->tag && f->type->tag->name)
		diag_hint(p->c->env.diags, d, "%s %s is not defined yet%s",
			  keyword_text(f->type->tag->keyword), f->type->tag->name,
			  p->c->env.btf ? "" : ", and the kernel's BTF is not there");
	return false;
}

static bool add_field(struct cparser *p, struct ctag *tag, const struct ctype *base,
		      const struct cattrs *common)
{
	struct cfield f = { .attrs = *common, .type = base };
	const struct ctoken *name = NULL, *at = cdecl_token(p);

	if (!cdecl_at(p, ":"))
		f.type = cdecl_declarator(p, base, &name, &f.attrs);
	if (!f.type)
		return false;
	f.name = name ? name->text : NULL;
	f.loc = cpp_loc(name ? name : at);
	duplicate_field(p, tag, name);
	if (cdecl_take(p, ":")) {
		if (!take_width(p, &f))
			return false;
	} else if (!name && f.type->kind != CTYPE_RECORD) {
		cdecl_error(p, at, DIAG_BAD_DEFINITION, "expected the name of a field");
		return false;
	}
	if (p->failed || !check_field_type(p, &f, name ? name : at))
		return false;
	vec_push(p->c->arena, &tag->fields, f);
	return true;
}


static bool add_member(struct cparser *p, struct ctag *tag)
{
	const struct ctoken *begin = cdecl_token(p);
	struct cattrs attrs = { 0 };
	const struct ctype *base = cdecl_specifiers(p, NULL, &attrs);
	struct cfield f = { .loc = cpp_loc(begin) };

	if (!base)
		return false;
	cdecl_attributes(p, &attrs);
	if (cdecl_take(p, ";")) {
		f.type = base;
		f.attrs = attrs;
		if (base->kind == CTYPE_RECORD && !base->tag->name)
			vec_push(p->c->arena, &tag->fields, f);
		return true;
	}
	do {
		if (!add_field(p, tag, base, &attrs))
			return false;
	} while (cdecl_take(p, ","));
	/* The last field before "}" may go without it, in old scripts. */
	return cdecl_at(p, "}") || cdecl_expect(p, ";");
}

static bool read_members(struct cparser *p, struct ctag *tag)
{
	while (!cdecl_take(p, "}")) {
		if (p->at >= p->end)
			return cdecl_expect(p, "}");
		if (cdecl_take(p, ";"))
			continue;
		if (cdecl_at(p, "_Static_assert") || cdecl_at(p, "static_assert")) {
			p->at++;
			cdecl_skip_balanced(p);
			continue;
		}
		if (!add_member(p, tag))
			return false;
	}
	return true;
}

static const struct ctype *define_record(struct cparser *p, struct ctag *tag, struct cattrs *attrs)
{
	const struct ctoken *open = p->at++;

	if (!cdecl_enter(p))
		return NULL;
	tag->is_open = true;
	if (!read_members(p, tag))
		return NULL;
	tag->is_open = false;
	p->depth--;
	cdecl_attributes(p, attrs);
	if (p->failed)
		return NULL;
	if (!clayout_record(tag, attrs, open->pack)) {
		cdecl_error(p, open, DIAG_BAD_DEFINITION, "a %s of this size is impossible",
			    keyword_text(tag->keyword));
		return NULL;
	}
	tag->is_defined = true;
	return tag->type;
}

/* The name, or NULL; an error if neither a name nor a body is there. */
static bool take_name(struct cparser *p, const struct ctoken **name)
{
	const struct ctoken *t = cdecl_token(p);

	*name = NULL;
	if (t->kind == CTOKEN_IDENT) {
		*name = t;
		p->at++;
	} else if (!cdecl_at(p, "{")) {
		cdecl_error(p, t, DIAG_BAD_DEFINITION, "expected a name or '{'");
	}
	return !p->failed;
}

const struct ctype *crecord_parse(struct cparser *p, enum kbtf_keyword keyword)
{
	struct cattrs attrs = { 0 };
	const struct ctoken *name;
	struct ctag *tag;

	cdecl_attributes(p, &attrs);
	if (p->failed || !take_name(p, &name))
		return NULL;
	if (!cdecl_at(p, "{")) {
		tag = tag_mention(p, keyword, name);
		return tag ? tag->type : NULL;
	}
	tag = tag_define(p, keyword, name);
	if (!tag || !define_record(p, tag, &attrs))
		return NULL;
	if (name)
		cdefs_check_kernel(p->c, name, keyword, tag->type);
	return tag->type;
}

/* ---- enums ---- */

static void add_enumerator(struct cparser *p, struct ctag *tag, const struct ctoken *name,
			   struct cvalue value)
{
	struct cenumerator *e = pmap_find(&p->c->enumerators, name->text);
	struct type_enumerator item = { .name = name->text, .value = value.bits };
	struct diag *d;

	if (e && !e->in_header && !name->in_header) {
		d = cdecl_error(p, name, DIAG_REDEFINITION, "enumerator '%s' is defined twice",
				name->text);
		if (d)
			diag_note(p->c->env.diags, d, e->loc, "this was its first definition");
		return;
	}
	e = arena_new(p->c->arena, struct cenumerator);
	e->value = value;
	e->tag = tag;
	e->in_header = name->in_header;
	e->loc = cpp_loc(name);
	pmap_set(&p->c->enumerators, name->text, e);
	vec_push(p->c->arena, &tag->items, item);
}

static struct cvalue next_value(struct cvalue v)
{
	v.bits++;
	if (!v.is_long && !v.is_unsigned && v.bits > INT32_MAX && (int64_t)v.bits > 0)
		v.is_long = true;
	if (!v.is_long && v.is_unsigned && v.bits > UINT32_MAX)
		v.is_long = true;
	return v;
}

static bool read_enumerators(struct cparser *p, struct ctag *tag)
{
	struct cvalue value = { .bits = (uint64_t)-1 };

	while (!cdecl_take(p, "}")) {
		const struct ctoken *name = cdecl_token(p);
		struct cattrs ignored = { 0 };

		if (name->kind != CTOKEN_IDENT) {
			cdecl_error(p, name, DIAG_BAD_DEFINITION,
				    "expected the name of an enumerator");
			return false;
		}
		p->at++;
		cdecl_attributes(p, &ignored);
		value = next_value(value);
		if (cdecl_take(p, "=") && !cdecl_constant(p, ",}", &value))
			return false;
		add_enumerator(p, tag, name, value);
		if (!cdecl_take(p, ",") && !cdecl_at(p, "}"))
			return cdecl_expect(p, "}");
	}
	return !p->failed;
}

static bool fits(uint64_t bits, uint32_t size_bytes, bool is_signed)
{
	unsigned shift = 64 - size_bytes * 8;

	if (is_signed)
		return (uint64_t)((int64_t)(bits << shift) >> shift) == bits;
	return bits << shift >> shift == bits;
}

/* The integer that holds all enumerators: an int if it can. */
static void choose_size(struct ctag *tag, bool is_packed)
{
	uint32_t size = is_packed ? 1 : 4;
	const struct type_enumerator *e;
	bool is_signed = false;

	vec_each(e, &tag->items)
		is_signed |= (int64_t)e->value < 0 &&
			     !((struct cenumerator *)pmap_find(&tag->c->enumerators,
							       e->name))->value.is_unsigned;
	vec_each(e, &tag->items)
		while (size < 8 && !fits(e->value, size, is_signed))
			size *= 2;
	tag->type->size_bytes = tag->type->align_bytes = size;
	tag->type->is_signed = is_signed;
}

const struct ctype *cenum_parse(struct cparser *p)
{
	struct cattrs attrs = { 0 };
	const struct ctype *base = NULL;
	const struct ctoken *name;
	struct ctag *tag;

	cdecl_attributes(p, &attrs);
	if (p->failed || !take_name(p, &name))
		return NULL;
	if (cdecl_take(p, ":"))
		base = cdecl_specifiers(p, NULL, &attrs);
	if (!cdecl_at(p, "{")) {
		tag = name ? tag_mention(p, KBTF_ENUM_NAME, name) : NULL;
		return tag ? tag->type : NULL;
	}
	tag = tag_define(p, KBTF_ENUM_NAME, name);
	if (!tag)
		return NULL;
	p->at++;
	if (!read_enumerators(p, tag))
		return NULL;
	cdecl_attributes(p, &attrs);
	choose_size(tag, attrs.is_packed);
	if (base && base->kind == CTYPE_INT) {
		tag->type->size_bytes = tag->type->align_bytes = base->size_bytes;
		tag->type->is_signed = base->is_signed;
	}
	tag->is_defined = true;
	if (name)
		cdefs_check_kernel(p->c, name, KBTF_ENUM_NAME, tag->type);
	return p->failed ? NULL : tag->type;
}
