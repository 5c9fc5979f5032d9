/*
 * Declarations of C, as far as they define types.
 *
 * In: tokens behind the preprocessor. Out: tags, typedefs and enumerators in
 * the tables. Functions, variables and whatever else stands there is skipped.
 * What makes no sense is an error in the script's own text, and is passed over
 * in headers.
 */
#include "types/cdefs_impl.h"

#include <string.h>

static const struct ctoken no_token = { .text = "" };

/* ---- tokens ---- */

const struct ctoken *cdecl_token(const struct cparser *p)
{
	return p->at < p->end ? p->at : &no_token;
}

bool cdecl_at(const struct cparser *p, const char *text)
{
	return ctoken_is(cdecl_token(p), text);
}

bool cdecl_take(struct cparser *p, const char *text)
{
	if (!cdecl_at(p, text))
		return false;
	p->at++;
	return true;
}

struct diag *cdecl_error(struct cparser *p, const struct ctoken *at, enum diag_tag tag,
			 const char *fmt, ...)
{
	const char *text;
	va_list args;

	if (p->failed)
		return NULL;
	p->failed = true;
	va_start(args, fmt);
	text = arena_vprintf(p->c->arena, fmt, args);
	va_end(args);
	/* At the end of the text: behind its last token. */
	if (at->kind == CTOKEN_END && p->end > p->at - 1 && p->end[-1].pos)
		at = &p->end[-1];
	return cpp_error(&p->c->cpp, at, tag, "%s", text);
}

bool cdecl_expect(struct cparser *p, const char *text)
{
	const struct ctoken *t = cdecl_token(p);
	struct diag *d;

	if (cdecl_take(p, text))
		return true;
	d = cdecl_error(p, t, DIAG_BAD_DEFINITION, "expected '%s' in a C definition", text);
	if (d && t->kind != CTOKEN_END)
		diag_hint(p->c->env.diags, d, "found '%s'", t->text);
	return false;
}

bool cdecl_enter(struct cparser *p)
{
	if (++p->depth <= CDECL_DEPTH_MAX)
		return true;
	cdecl_error(p, cdecl_token(p), DIAG_BAD_DEFINITION, "a C definition is nested too deeply");
	return false;
}

static const struct ctoken *balanced_end(const struct ctoken *at, const struct ctoken *end)
{
	int depth = 0;

	for (; at < end; at++) {
		if (at->kind != CTOKEN_PUNCT || at->text[1])
			continue;
		depth += *at->text == '(' || *at->text == '[' || *at->text == '{';
		depth -= *at->text == ')' || *at->text == ']' || *at->text == '}';
		if (depth <= 0)
			return at + 1;
	}
	return end;
}

void cdecl_skip_balanced(struct cparser *p)
{
	p->at = balanced_end(p->at, p->end);
}

/* ---- constants ---- */

static bool find_number(void *arg, const char *name, struct cvalue *value)
{
	return cdefs_find_number(arg, name, value);
}

static size_t find_type(void *arg, const struct ctoken *tokens, size_t n, struct cexpr_type *type)
{
	const struct ctype *t;
	size_t used = cdecl_type_name(arg, tokens, n, &t);

	if (!used)
		return 0;
	type->size_bytes = t->is_sized ? t->size_bytes : 0;
	type->align_bytes = t->align_bytes;
	type->is_integer = t->kind == CTYPE_INT || t->kind == CTYPE_ENUM;
	type->is_unsigned = !t->is_signed;
	return used;
}

bool cdecl_number(struct cdefs *c, const struct ctoken *tokens, size_t n, struct cvalue *value)
{
	struct cexpr_env env = { .ident = find_number, .type = find_type, .arg = c };

	return cexpr_eval(&env, tokens, n, value, NULL);
}

/* A bit-field's width may be followed by attributes. */
static bool ends_constant(const struct ctoken *t, const char *ends)
{
	if (t->kind == CTOKEN_PUNCT)
		return !t->text[1] && strchr(ends, *t->text);
	return ctoken_is(t, "__attribute__") || ctoken_is(t, "__attribute");
}

bool cdecl_constant(struct cparser *p, const char *ends, struct cvalue *value)
{
	const struct ctoken *begin = p->at;
	struct diag *d;

	while (p->at < p->end && !ends_constant(p->at, ends)) {
		if (strchr("([{", *p->at->text) && p->at->kind == CTOKEN_PUNCT)
			cdecl_skip_balanced(p);
		else
			p->at++;
	}
	if (!p->failed && p->at > begin &&
	    cdecl_number(p->c, begin, (size_t)(p->at - begin), value))
		return true;
	d = cdecl_error(p, p->at > begin ? begin : cdecl_token(p), DIAG_NOT_CONSTANT,
			"expected a constant integer");
	if (d && p->at == begin + 1 && begin->kind == CTOKEN_IDENT)
		diag_hint(p->c->env.diags, d, "'%s' is not known", begin->text);
	return false;
}

/* ---- specifiers ---- */

enum word_kind {
	WORD_IGNORED = 1, WORD_IGNORED_ARGS, WORD_TYPEDEF, WORD_TYPEOF, WORD_STRUCT, WORD_UNION,
	WORD_ENUM, WORD_VOID, WORD_BOOL, WORD_CHAR, WORD_SHORT, WORD_INT, WORD_LONG, WORD_SIGNED,
	WORD_UNSIGNED, WORD_FLOAT, WORD_DOUBLE, WORD_16BYTES, WORD_VA_LIST, WORD_USER,
	WORD_KIND_COUNT
};

static const struct word {
	const char *text;
	enum word_kind kind;
} words[] = {
	{ "const", WORD_IGNORED }, { "__const", WORD_IGNORED }, { "__const__", WORD_IGNORED },
	{ "volatile", WORD_IGNORED }, { "__volatile", WORD_IGNORED },
	{ "__volatile__", WORD_IGNORED },
	{ "restrict", WORD_IGNORED }, { "__restrict", WORD_IGNORED },
	{ "__restrict__", WORD_IGNORED },
	{ "_Atomic", WORD_IGNORED }, { "extern", WORD_IGNORED }, { "static", WORD_IGNORED },
	{ "inline", WORD_IGNORED }, { "__inline", WORD_IGNORED }, { "__inline__", WORD_IGNORED },
	{ "register", WORD_IGNORED }, { "auto", WORD_IGNORED }, { "_Noreturn", WORD_IGNORED },
	{ "_Thread_local", WORD_IGNORED }, { "__thread", WORD_IGNORED },
	{ "__extension__", WORD_IGNORED }, { "_Complex", WORD_IGNORED },
	{ "__rcu", WORD_IGNORED }, { "__iomem", WORD_IGNORED }, { "__percpu", WORD_IGNORED },
	{ "__kernel", WORD_IGNORED }, { "__force", WORD_IGNORED }, { "__bitwise", WORD_IGNORED },
	{ "__nocast", WORD_IGNORED }, { "__private", WORD_IGNORED },
	{ "__randomize_layout", WORD_IGNORED }, { "__must_check", WORD_IGNORED },
	{ "__counted_by", WORD_IGNORED_ARGS }, { "__user", WORD_USER },
	{ "typedef", WORD_TYPEDEF }, { "typeof", WORD_TYPEOF }, { "__typeof__", WORD_TYPEOF },
	{ "__typeof", WORD_TYPEOF }, { "typeof_unqual", WORD_TYPEOF },
	{ "struct", WORD_STRUCT }, { "union", WORD_UNION }, { "enum", WORD_ENUM },
	{ "void", WORD_VOID }, { "_Bool", WORD_BOOL }, { "bool", WORD_BOOL },
	{ "char", WORD_CHAR }, { "short", WORD_SHORT }, { "int", WORD_INT }, { "long", WORD_LONG },
	{ "signed", WORD_SIGNED }, { "__signed", WORD_SIGNED }, { "__signed__", WORD_SIGNED },
	{ "unsigned", WORD_UNSIGNED }, { "float", WORD_FLOAT }, { "double", WORD_DOUBLE },
	{ "_Float16", WORD_SHORT }, { "_Float32", WORD_FLOAT }, { "_Float64", WORD_DOUBLE },
	{ "_Float32x", WORD_DOUBLE }, { "_Float64x", WORD_16BYTES }, { "_Float128", WORD_16BYTES },
	{ "__float128", WORD_16BYTES }, { "__int128", WORD_16BYTES },
	{ "__int128_t", WORD_16BYTES },
	{ "__uint128_t", WORD_16BYTES }, { "__builtin_va_list", WORD_VA_LIST },
};

static enum word_kind word_kind(const struct ctoken *t)
{
	if (t->kind != CTOKEN_IDENT)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].text[0] == t->text[0] && !strcmp(words[i].text, t->text))
			return words[i].kind;
	return 0;
}

/* What has been read of "unsigned long x". */
struct specifiers {
	unsigned counts[WORD_KIND_COUNT];
	const struct ctype *type;	/* a tag's, a typedef's */
	bool has_words;			/* int, unsigned, ... */
};

static const struct ctype *find_typedef(struct cdefs *c, const char *name)
{
	const struct ctype *t = pmap_find(&c->typedefs, name);

	return t ? t : ctype_by_name(c, name);
}

/* typeof(type), typeof(constant): of other expressions it is not known. */
static const struct ctype *take_typeof(struct cparser *p)
{
	const struct ctoken *at = cdecl_token(p), *args;
	const struct ctype *t;
	struct cvalue v;
	size_t n;

	args = cdecl_args(p, &n);
	if (n && cdecl_type_name(p->c, args, n, &t) == n)
		return t;
	if (n && cdecl_number(p->c, args, n, &v))
		return ctype_int(p->c, v.is_long ? 8 : 4, !v.is_unsigned);
	cdecl_error(p, at, DIAG_BAD_DEFINITION, "typeof takes a type or a constant here");
	return NULL;
}

static const struct ctype *take_tagged(struct cparser *p, enum word_kind kind)
{
	if (kind == WORD_TYPEOF)
		return take_typeof(p);
	if (kind == WORD_ENUM)
		return cenum_parse(p);
	return crecord_parse(p, kind == WORD_STRUCT ? KBTF_STRUCT_NAME : KBTF_UNION_NAME);
}

/* One word; false if it belongs to the declarator. */
static bool take_specifier(struct cparser *p, struct specifiers *s)
{
	const struct ctoken *t = cdecl_token(p);
	enum word_kind kind = word_kind(t);

	if (!kind) {
		if (t->kind != CTOKEN_IDENT || s->type || s->has_words)
			return false;
		s->type = find_typedef(p->c, t->text);
		p->at += s->type != NULL;
		return s->type;
	}
	p->at++;
	s->counts[kind]++;
	if (kind == WORD_IGNORED_ARGS) {
		if (cdecl_at(p, "("))
			cdecl_skip_balanced(p);
	} else if (kind >= WORD_TYPEOF && kind <= WORD_ENUM) {
		if (s->type || s->has_words)
			return false;
		s->type = take_tagged(p, kind);
	} else if (kind >= WORD_VOID && kind <= WORD_VA_LIST) {
		s->has_words = true;
	}
	return !p->failed;
}

static const struct ctype *type_of_words(struct cdefs *c, const struct specifiers *s)
{
	const unsigned *n = s->counts;
	bool is_signed = !n[WORD_UNSIGNED];

	if (n[WORD_VOID])
		return c->void_;
	if (n[WORD_BOOL])
		return c->bool_;
	if (n[WORD_16BYTES] || (n[WORD_DOUBLE] && n[WORD_LONG]))
		return c->opaque16;
	if (n[WORD_DOUBLE])
		return ctype_opaque(c, 8, 8);
	if (n[WORD_FLOAT])
		return ctype_opaque(c, 4, 4);
	if (n[WORD_VA_LIST])
		return ctype_opaque(c, 24, 8);
	if (n[WORD_CHAR])
		return n[WORD_SIGNED] + n[WORD_UNSIGNED] ? ctype_int(c, 1, is_signed) : c->char_;
	if (n[WORD_SHORT])
		return ctype_int(c, 2, is_signed);
	return ctype_int(c, n[WORD_LONG] ? 8 : 4, is_signed);
}

static void unknown_type(struct cparser *p)
{
	const struct ctoken *t = cdecl_token(p);
	struct diag *d;

	if (t->kind != CTOKEN_IDENT) {
		d = cdecl_error(p, t, DIAG_BAD_DEFINITION, "expected a type in a C definition");
		if (d && t->kind != CTOKEN_END)
			diag_hint(p->c->env.diags, d, "found '%s'", t->text);
		return;
	}
	d = cdecl_error(p, t, DIAG_UNKNOWN_TYPE, "unknown type '%s'", t->text);
	if (d && !p->c->env.btf)
		diag_hint(p->c->env.diags, d,
			  "include a header that defines it: the kernel's BTF is not there");
	else if (d && pmap_find(&p->c->tags, t->text))
		diag_hint(p->c->env.diags, d, "did you mean struct %s?", t->text);
}

const struct ctype *cdecl_specifiers(struct cparser *p, bool *is_typedef, struct cattrs *attrs)
{
	struct specifiers s = { 0 };

	do
		cdecl_attributes(p, attrs);
	while (!p->failed && take_specifier(p, &s));
	if (p->failed)
		return NULL;
	if (is_typedef)
		*is_typedef = s.counts[WORD_TYPEDEF];
	if (s.type)
		return s.type;
	if (s.has_words)
		return type_of_words(p->c, &s);
	unknown_type(p);
	return NULL;
}

/* ---- declarators ---- */

static const struct ctype *apply_mode(struct cdefs *c, const struct ctype *t,
				      const struct cattrs *attrs)
{
	uint32_t size = attrs->mode_bytes;

	if (!size)
		return t;
	if (!attrs->is_vector && t->kind == CTYPE_INT && size <= 8)
		return ctype_int(c, size, t->is_signed);
	return ctype_opaque(c, size, size > 16 ? 16 : size);
}

static const struct ctype *array_suffix(struct cparser *p, const struct ctype *base);

/* "(...)" or "[...]" behind a name, the leftmost outermost. */
static const struct ctype *suffixes(struct cparser *p, const struct ctype *base)
{
	const struct ctype *t = base;

	if (!cdecl_enter(p))
		return NULL;
	if (cdecl_at(p, "[")) {
		t = array_suffix(p, base);
	} else if (cdecl_at(p, "(")) {
		cdecl_skip_balanced(p);
		t = ctype_function(p->c);
	}
	p->depth--;
	return t;
}

static const struct ctype *array_suffix(struct cparser *p, const struct ctype *base)
{
	const struct ctoken *open = p->at++;
	struct cvalue count = { 0 };
	const struct ctype *element, *array;

	while (word_kind(cdecl_token(p)) == WORD_IGNORED)
		p->at++;
	if (!cdecl_at(p, "]") && !cdecl_constant(p, "]", &count))
		return NULL;
	if (!cdecl_expect(p, "]"))
		return NULL;
	element = suffixes(p, base);
	if (!element)
		return NULL;
	element = ctype_complete(p->c, element);
	if (!element->is_sized) {
		cdecl_error(p, open, DIAG_INCOMPLETE_TYPE,
			    "the elements of an array have a type whose "
			    "size is not known");
		return NULL;
	}
	if ((int64_t)count.bits < 0 && !count.is_unsigned) {
		cdecl_error(p, open + 1, DIAG_BAD_DEFINITION,
			    "an array cannot have a negative size");
		return NULL;
	}
	array = ctype_array(p->c, element, count.bits);
	if (!array)
		cdecl_error(p, open, DIAG_BAD_DEFINITION, "an array of this size is impossible");
	return array;
}

/* "*", "* const __user": the pointer's own annotations follow or precede it. */
static const struct ctype *pointers(struct cparser *p, const struct ctype *t, struct cattrs *attrs)
{
	bool is_user = false;

	for (;;) {
		enum word_kind kind = word_kind(cdecl_token(p));

		if (kind == WORD_IGNORED || kind == WORD_USER) {
			is_user |= kind == WORD_USER;
			p->at++;
		} else if (cdecl_take(p, "*") || cdecl_take(p, "^")) {
			t = ctype_pointer(p->c, t, is_user || (p->at - 2 >= p->begin &&
							       ctoken_is(p->at - 2, "__user")));
			is_user = false;
		} else {
			break;
		}
	}
	cdecl_attributes(p, attrs);
	return t;
}

/* At "(": of a declarator in parentheses, not of parameters. */
static bool at_nested(const struct cparser *p)
{
	const struct ctoken *next = p->at + 1;

	if (!cdecl_at(p, "(") || next >= p->end)
		return false;
	if (next->kind == CTOKEN_PUNCT)
		return ctoken_is(next, "*") || ctoken_is(next, "(") || ctoken_is(next, "^") ||
		       ctoken_is(next, "[");
	if (next->kind != CTOKEN_IDENT)
		return false;
	return !strncmp(next->text, "__attribute", 11) ||
	       (!word_kind(next) && !find_typedef(p->c, next->text));
}

static const struct ctype *nested(struct cparser *p, const struct ctype *base,
				  const struct ctoken **name, struct cattrs *attrs)
{
	struct cparser inner = *p;
	const struct ctype *t;

	cdecl_skip_balanced(p);
	inner.at++;
	inner.end = p->at - 1;
	if (!cdecl_enter(p))
		return NULL;
	t = suffixes(p, base);
	inner.depth = p->depth;
	inner.failed = p->failed;
	if (t)
		t = cdecl_declarator(&inner, t, name, attrs);
	p->depth--;
	p->failed = inner.failed;
	return t;
}

const struct ctype *cdecl_declarator(struct cparser *p, const struct ctype *base,
				     const struct ctoken **name, struct cattrs *attrs)
{
	const struct ctype *t = pointers(p, base, attrs);
	const struct ctoken *at = cdecl_token(p);

	*name = NULL;
	if (p->failed)
		return NULL;
	if (at_nested(p)) {
		t = nested(p, t, name, attrs);
	} else {
		if (at->kind == CTOKEN_IDENT && !word_kind(at)) {
			*name = at;
			p->at++;
		}
		t = suffixes(p, t);
	}
	if (!t || p->failed)
		return NULL;
	cdecl_attributes(p, attrs);
	while (cdecl_at(p, "__counted_by") || cdecl_at(p, "__asm__") || cdecl_at(p, "asm")) {
		p->at++;
		if (cdecl_at(p, "("))
			cdecl_skip_balanced(p);
		cdecl_attributes(p, attrs);
	}
	return p->failed ? NULL : apply_mode(p->c, t, attrs);
}

size_t cdecl_type_name(struct cdefs *c, const struct ctoken *tokens, size_t n,
		       const struct ctype **type)
{
	struct cparser p = { .c = c, .begin = tokens, .at = tokens, .end = ctoken_end(tokens, n) };
	const struct ctoken *first = n ? tokens : &no_token, *name;
	struct cattrs attrs = { 0 };
	const struct ctype *t;

	if (first->kind != CTOKEN_IDENT)
		return 0;
	if (!word_kind(first) && (pmap_find(&c->enumerators, first->text) ||
				  !find_typedef(c, first->text)))
		return 0;
	if (c->type_depth >= CDECL_DEPTH_MAX)
		return 0;
	c->type_depth++;
	t = cdecl_specifiers(&p, NULL, &attrs);
	t = t ? cdecl_declarator(&p, t, &name, &attrs) : NULL;
	c->type_depth--;
	if (!t || name)
		return 0;
	*type = ctype_complete(c, t);
	return (size_t)(p.at - tokens);
}

/* ---- the file level ---- */

static void add_typedef(struct cparser *p, const struct ctoken *name, const struct ctype *t,
			const struct cattrs *attrs)
{
	if (attrs->align_bytes)
		t = ctype_aligned(p->c, t, attrs->align_bytes);
	cdefs_check_kernel(p->c, name, KBTF_ANY_NAME, t);
	pmap_set(&p->c->typedefs, name->text, (void *)t);
}

/* Over an initializer, to the "," or ";" behind. */
static void skip_initializer(struct cparser *p)
{
	while (p->at < p->end && !cdecl_at(p, ",") && !cdecl_at(p, ";")) {
		if (p->at->kind == CTOKEN_PUNCT && strchr("([{", *p->at->text))
			cdecl_skip_balanced(p);
		else
			p->at++;
	}
}

static void declarators(struct cparser *p, const struct ctype *base, bool is_typedef,
			const struct cattrs *common)
{
	do {
		struct cattrs attrs = *common;
		const struct ctoken *name;
		const struct ctype *t = cdecl_declarator(p, base, &name, &attrs);

		if (!t)
			return;
		if (!name) {
			cdecl_error(p, cdecl_token(p), DIAG_BAD_DEFINITION, "expected a name");
			return;
		}
		if (is_typedef)
			add_typedef(p, name, t, &attrs);
		if (cdecl_at(p, "{") && t->kind == CTYPE_FUNCTION) {
			cdecl_skip_balanced(p);
			return;
		}
		if (cdecl_at(p, "="))
			skip_initializer(p);
	} while (cdecl_take(p, ","));
	cdecl_expect(p, ";");
}

static void declaration(struct cparser *p)
{
	struct cattrs attrs = { 0 };
	bool is_typedef = false;
	const struct ctype *base = cdecl_specifiers(p, &is_typedef, &attrs);

	if (!base)
		return;
	if (!cdecl_take(p, ";"))
		declarators(p, base, is_typedef, &attrs);
}

/* Behind a declaration that could not be read: to its ";", or behind the body
 * of a function. */
static void skip_declaration(struct cparser *p, const struct ctoken *begin)
{
	bool is_type = ctoken_is(begin, "struct") || ctoken_is(begin, "union") ||
		       ctoken_is(begin, "enum") || ctoken_is(begin, "typedef");

	p->at = begin;
	while (p->at < p->end && !cdecl_take(p, ";")) {
		if (cdecl_at(p, "{") && !is_type) {
			cdecl_skip_balanced(p);
			cdecl_take(p, ";");
			return;
		}
		if (p->at->kind == CTOKEN_PUNCT && strchr("([{", *p->at->text))
			cdecl_skip_balanced(p);
		else
			p->at++;
	}
}

/* What defines no types and reads otherwise. */
static bool skip_other(struct cparser *p)
{
	if (!cdecl_at(p, "_Static_assert") && !cdecl_at(p, "static_assert") &&
	    !cdecl_at(p, "asm") && !cdecl_at(p, "__asm__"))
		return false;
	skip_declaration(p, p->at);
	return true;
}

void cdecl_parse(struct cdefs *c, const struct ctoken *tokens, size_t n)
{
	struct cparser p = { .c = c, .begin = tokens, .at = tokens, .end = ctoken_end(tokens, n) };

	while (p.at < p.end) {
		const struct ctoken *begin = p.at;

		if (cdecl_take(&p, ";") || skip_other(&p))
			continue;
		p.failed = false;
		p.depth = 0;
		declaration(&p);
		if (p.failed)
			skip_declaration(&p, begin);
		if (p.at == begin)
			p.at++;
	}
}
