/*
 * tracefs `format` files: see the header.
 *
 * In: lines "field:DECL; offset:N; size:N; signed:N;", of which DECL is C as
 * the kernel's macros spelled it. Out: fields whose place and size are what the
 * file says; DECL only adds what a value means. The text is taken from a file
 * that may be anything: what cannot be understood is an integer or bytes.
 */
#include "types/tracefs_format.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COMMON_BYTES	8	/* the kernel hides them from programs */

struct text {
	const char *at;
	size_t len;
};

/* A declaration, taken apart. */
struct decl {
	struct text name, base;	/* base: words of the type, without qualifiers and stars */
	int nr_stars;
	bool is_array, is_user, data_loc, rel_loc;
	enum kbtf_keyword keyword;
	uint32_t offset_bytes, size_bytes;
	bool is_signed;
};

struct parser {
	struct types *types;
	struct kbtf *btf;	/* or NULL */
	enum type_space space;
	uint32_t end_bytes;	/* of the fields so far */
};

static struct text trim(struct text t)
{
	while (t.len && isspace((unsigned char)t.at[0]))
		t.at++, t.len--;
	while (t.len && isspace((unsigned char)t.at[t.len - 1]))
		t.len--;
	return t;
}

static bool text_is(struct text t, const char *word)
{
	return t.len == strlen(word) && !memcmp(t.at, word, t.len);
}

/* Cut "[...]" off the end; brackets hold anything, also blanks. */
static bool cut_brackets(struct text *t)
{
	size_t open = t->len;

	if (!t->len || t->at[t->len - 1] != ']')
		return false;
	while (open && t->at[open - 1] != '[')
		open--;
	if (!open)
		return false;
	t->len = open - 1;
	*t = trim(*t);
	return true;
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Cut the last word off. */
static struct text cut_name(struct text *t)
{
	struct text name;
	size_t begin = t->len;

	while (begin && is_name_char(t->at[begin - 1]))
		begin--;
	name = (struct text){ t->at + begin, t->len - begin };
	t->len = begin;
	*t = trim(*t);
	return name;
}

/* What words before a name say; 0: part of the type's name. */
enum word { WORD_NAME, WORD_NOTHING, WORD_USER, WORD_DATA_LOC, WORD_REL_LOC, WORD_STRUCT,
	    WORD_UNION, WORD_ENUM };

static enum word word_of(struct text word)
{
	static const struct { const char *text; enum word is; } rows[] = {
		{ "const", WORD_NOTHING }, { "volatile", WORD_NOTHING },
		{ "restrict", WORD_NOTHING }, { "__restrict", WORD_NOTHING },
		{ "__user", WORD_USER }, { "__rcu", WORD_NOTHING }, { "__percpu", WORD_NOTHING },
		{ "__iomem", WORD_NOTHING }, { "__seg_gs", WORD_NOTHING },
		{ "__data_loc", WORD_DATA_LOC }, { "__rel_loc", WORD_REL_LOC },
		{ "struct", WORD_STRUCT }, { "union", WORD_UNION }, { "enum", WORD_ENUM },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (text_is(word, rows[i].text))
			return rows[i].is;
	return WORD_NAME;
}

static void take_word(struct decl *d, struct text word, char *base, size_t room)
{
	switch (word_of(word)) {
	case WORD_NAME:
		if (strlen(base) + word.len + 2 > room)
			break;
		if (*base)
			strcat(base, " ");
		strncat(base, word.at, word.len);
		break;
	case WORD_NOTHING:
		break;
	case WORD_USER:
		d->is_user = true;
		break;
	case WORD_DATA_LOC:
		d->data_loc = true;
		break;
	case WORD_REL_LOC:
		d->rel_loc = true;
		break;
	case WORD_STRUCT:
		d->keyword = KBTF_STRUCT_NAME;
		break;
	case WORD_UNION:
		d->keyword = KBTF_UNION_NAME;
		break;
	case WORD_ENUM:
		d->keyword = KBTF_ENUM_NAME;
		break;
	}
}

/* The words of a type: its name to `base`, the rest to flags of `d`. */
static void take_type(struct decl *d, struct text t, char *base, size_t room)
{
	size_t i = 0;

	base[0] = 0;
	while (i < t.len) {
		size_t begin = i;

		while (i < t.len && is_name_char(t.at[i]))
			i++;
		if (i > begin) {
			take_word(d, (struct text){ t.at + begin, i - begin }, base, room);
			continue;
		}
		d->nr_stars += t.at[i] == '*';
		d->is_array |= t.at[i] == '[';
		i++;
	}
}

/* A struct of which nothing is known but the name. */
static const struct type *opaque_struct(struct parser *p, const struct decl *d, const char *base)
{
	struct type_struct *s = arena_new(p->types->arena, struct type_struct);

	s->name = name_of(p->types->names, base);
	s->is_union = d->keyword == KBTF_UNION_NAME;
	s->loaded = true;
	return type_structure(p->types, s, SPACE_NONE, false);
}

static bool is_integer_size(uint32_t size_bytes)
{
	return size_bytes == 1 || size_bytes == 2 || size_bytes == 4 || size_bytes == 8;
}

static const struct type *number_of(struct parser *p, const struct decl *d)
{
	if (is_integer_size(d->size_bytes))
		return type_int(p->types, d->size_bytes, d->is_signed);
	return type_array(p->types, type_int(p->types, 1, false), d->size_bytes, SPACE_NONE);
}

static const struct type *pointer_of(struct parser *p, const struct decl *d, const char *base)
{
	const struct type *t;

	/* The kernel's `char` has no sign, and text needs no BTF. */
	if (!strcmp(base, "char"))
		t = type_int(p->types, 1, false);
	else
		t = kbtf_type_by_name(p->btf, p->types, d->keyword, base);
	if (!t && d->keyword != KBTF_ANY_NAME && d->keyword != KBTF_ENUM_NAME)
		t = opaque_struct(p, d, base);
	if (!t || t->kind == TYPE_ERROR)
		t = p->types->void_;
	for (int i = 0; i < d->nr_stars && i < 4; i++)
		t = type_pointer(p->types, t, d->is_user ? SPACE_USER : p->space, false);
	return t;
}

/* Size and sign are the file's; the name says whether it is more than a number. */
static const struct type *scalar_of(struct parser *p, const struct decl *d, const char *base)
{
	const struct type *t = NULL;

	if (strcmp(base, "char"))
		t = kbtf_type_by_name(p->btf, p->types, d->keyword, base);
	if (!t)
		return number_of(p, d);
	switch (t->kind) {
	case TYPE_ENUM:
		return is_integer_size(d->size_bytes) ?
		       type_enum(p->types, t->enumeration, d->size_bytes) : number_of(p, d);
	case TYPE_POINTER:
		t = type_in_space(p->types, t, p->space);
		break;
	case TYPE_BOOL:
	case TYPE_STRUCT:
	case TYPE_ARRAY:
	case TYPE_CHARS:
		break;
	default:
		return number_of(p, d);
	}
	return t->size_bytes == d->size_bytes ? t : number_of(p, d);
}

static const struct type *array_of(struct parser *p, struct decl *d, const char *base)
{
	const struct type *element;

	if (!strcmp(base, "char") && !d->nr_stars && d->size_bytes)
		return type_chars(p->types, d->size_bytes, false);
	if (d->nr_stars) {
		element = pointer_of(p, d, base);
	} else {
		element = kbtf_type_by_name(p->btf, p->types, d->keyword, base);
		if (!element || !element->size_bytes || element->kind == TYPE_ERROR)
			element = type_int(p->types, 1, false);
	}
	if (d->size_bytes % element->size_bytes)
		element = type_int(p->types, 1, false);
	return type_array(p->types, element, d->size_bytes / element->size_bytes, SPACE_NONE);
}

static const struct type *field_type(struct parser *p, struct decl *d, const char *base)
{
	if (d->data_loc || d->rel_loc)
		return type_int(p->types, 8, true);
	if (d->is_array)
		return array_of(p, d, base);
	if (d->nr_stars)
		return pointer_of(p, d, base);
	return scalar_of(p, d, base);
}

/* "KEY:N;" within a line. */
static bool read_number(struct text line, const char *key, uint32_t *value)
{
	const char *at = memmem(line.at, line.len, key, strlen(key));
	char *end;

	if (!at)
		return false;
	*value = (uint32_t)strtoul(at + strlen(key), &end, 10);
	return end != at + strlen(key);
}

static bool parse_field(struct parser *p, struct text line, struct type_field *f)
{
	struct decl d = { 0 };
	const char *end = memchr(line.at, ';', line.len);
	uint32_t sign = 0;
	char base[128];
	struct text decl;

	if (!end)
		return false;
	decl = trim((struct text){ line.at, (size_t)(end - line.at) });
	line = (struct text){ end, line.len - (size_t)(end - line.at) };
	if (!read_number(line, "offset:", &d.offset_bytes) ||
	    !read_number(line, "size:", &d.size_bytes))
		return false;
	read_number(line, "signed:", &sign);
	d.is_signed = sign;
	while (cut_brackets(&decl))
		d.is_array = true;
	d.name = cut_name(&decl);
	take_type(&d, decl, base, sizeof(base));
	if (!d.name.len)
		return false;
	f->name = name_of_len(p->types->names, d.name.at, d.name.len);
	f->type = field_type(p, &d, base);
	f->offset_bytes = d.offset_bytes;
	f->data_loc = d.data_loc;
	f->rel_loc = d.rel_loc;
	f->user_tag = d.is_user;
	if ((uint64_t)d.offset_bytes + d.size_bytes > p->end_bytes)
		p->end_bytes = d.offset_bytes + d.size_bytes;
	return true;
}

static struct text next_line(const char **at)
{
	const char *end = strchrnul(*at, '\n');
	struct text line = trim((struct text){ *at, (size_t)(end - *at) });

	*at = *end ? end + 1 : end;
	return line;
}

static bool take_prefix(struct text *line, const char *prefix)
{
	size_t len = strlen(prefix);

	if (line->len < len || memcmp(line->at, prefix, len))
		return false;
	line->at += len;
	line->len -= len;
	return true;
}

static size_t count_fields(const char *text)
{
	size_t count = 0;

	while ((text = strstr(text, "field:"))) {
		text++;
		count++;
	}
	return count;
}

int tracefs_format_parse(struct tracefs_format *out, struct types *types, struct kbtf *btf,
			 const char *category, const char *event, const char *text)
{
	struct parser p = { .types = types, .btf = btf };
	struct type_struct *s = arena_new(types->arena, struct type_struct);
	struct type_field *fields = arena_array(types->arena, struct type_field,
						count_fields(text));

	p.space = strcmp(category, "syscalls") ? SPACE_KERNEL : SPACE_USER;
	memset(out, 0, sizeof(*out));
	while (*text) {
		struct text line = next_line(&text);

		if (take_prefix(&line, "ID:"))
			out->id = (uint32_t)strtoul(line.at, NULL, 10);
		if (!take_prefix(&line, "field:"))
			continue;
		if (!parse_field(&p, line, &fields[s->nr_fields]))
			return -EINVAL;
		s->nr_fields++;
	}
	if (!s->nr_fields)
		return -EINVAL;
	s->name = name_of(types->names, arena_printf(types->arena, "tracepoint:%s:%s_args",
						      category, event));
	s->fields = fields;
	s->size_bytes = p.end_bytes;
	s->loaded = true;
	out->args = s;
	out->space = p.space;
	return 0;
}

bool tracefs_field_is_common(const struct type_field *f)
{
	return f->offset_bytes < COMMON_BYTES || !strncmp(f->name, "common_", 7);
}
