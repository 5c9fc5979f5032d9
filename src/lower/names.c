/*
 * Names of what is printed, for those who take values rather than text.
 *
 * In: formats, expressions and map accesses with their places in the script. Out:
 * names in the image. A value of a printf is called what the format says right
 * before it ("pid=%d", "pid: %d"), else as the argument is written; a part of a
 * map's key as it is written where the script first accesses the map with
 * something that is no literal. Names of one record or key differ.
 */
#include "lower/internal.h"

#include <ctype.h>
#include <string.h>

#define NAME_MAX_BYTES 120

/* ---- expressions ---- */

static bool is_literal_text(const char *text)
{
	return isdigit((unsigned char)*text) || *text == '"' || *text == '\'' ||
	       !strcmp(text, "true") || !strcmp(text, "false") ||
	       (*text == '-' && isdigit((unsigned char)text[1]));
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool is_blank(char c)
{
	return isspace((unsigned char)c);
}

/* Without blanks but one between words, and those of strings: the name is the same
 * however the script is laid out. */
static char *tidy(struct arena *a, const char *text, size_t len)
{
	char *out = arena_alloc(a, NAME_MAX_BYTES + 2);
	bool in_string = false, blank = false;
	size_t n = 0;

	for (size_t i = 0; i < len && n < NAME_MAX_BYTES; i++) {
		if (!in_string && is_blank(text[i])) {
			blank = true;
			continue;
		}
		if (blank && n && is_word(out[n - 1]) && is_word(text[i]))
			out[n++] = ' ';
		blank = false;
		if (text[i] == '"' && !(i && text[i - 1] == '\\'))
			in_string = !in_string;
		out[n++] = text[i];
	}
	out[n] = '\0';
	return out;
}

const char *lower_source_text(struct lower *l, const struct node *n)
{
	const struct source *s;
	uint32_t line, col;
	const char *text;

	if (n->loc.end <= n->loc.begin ||
	    !source_line_col(l->c->diags, n->loc.begin, &s, &line, &col) ||
	    n->loc.end - s->base > s->len)
		return NULL;
	text = tidy(&l->image->arena, s->text + (n->loc.begin - s->base),
			n->loc.end - n->loc.begin);
	return *text && !is_literal_text(text) ? text : NULL;
}

/* ---- names that differ ---- */

static bool is_taken(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (names[i] && !strcmp(names[i], name))
			return true;
	return false;
}

/* `name`, or with a number behind it; NULL: "value1" by its position. */
static const char *unlike(struct arena *a, const char *const *names, size_t n, const char *name)
{
	const char *try = name ? name : arena_printf(a, "value%zu", n + 1);

	for (unsigned i = 2; is_taken(names, n, try); i++)
		try = arena_printf(a, "%s_%u", name ? name : "value", i);
	return try;
}

/* ---- values of a printf ---- */

/* The word that a literal text ends in: "... word=", "word: ", "word=0x", "word=\"". */
static const char *word_before(struct arena *a, const char *text, size_t len)
{
	const char *end = text + len, *at;

	if (len > 2 && end[-1] == 'x' && end[-2] == '0')
		end -= 2;
	else if (len && strchr("\"'[(<{", end[-1]) && end[-1])
		end--;
	while (end > text && end[-1] == ' ')
		end--;
	if (end == text || (end[-1] != '=' && end[-1] != ':'))
		return NULL;
	end--;
	while (end > text && end[-1] == ' ')
		end--;
	for (at = end; at > text && is_word(at[-1]); at--)
		;
	while (at < end && isdigit((unsigned char)*at))
		at++;
	return at < end ? arena_strndup(a, at, (size_t)(end - at)) : NULL;
}

static const char *name_in_format(struct arena *a, const struct format *f, size_t value)
{
	for (size_t i = 1; f && i < f->pieces.n; i++) {
		const struct format_piece *before = &f->pieces.at[i - 1];

		if (!f->pieces.at[i].text && f->pieces.at[i].conv.field == value)
			return before->text ? word_before(a, before->text, before->len) : NULL;
	}
	return NULL;
}

void lower_name_fields(struct lower *l, const struct format *f, struct node *const *values,
		       struct value_field *fields, size_t n)
{
	struct arena *a = &l->image->arena;
	const char **names = arena_array(l->arena, const char *, n + 1);

	for (size_t i = 0; i < n; i++) {
		const char *name = name_in_format(a, f, i);

		names[i] = unlike(a, names, i, name ? name : lower_source_text(l, values[i]));
		fields[i].name = names[i];
	}
}

/* ---- keys of maps ---- */

struct key_names {
	const char **at;	/* NULL: only literals yet */
	size_t n;
};

struct key_search {
	struct lower *l;
	struct key_names *maps;
};

static void note_part(struct lower *l, struct key_names *names, size_t i, const struct node *part)
{
	const char *text = i < names->n && !names->at[i] ? lower_source_text(l, part) : NULL;

	if (text)
		names->at[i] = unlike(&l->image->arena, names->at, i, text);
}

static void note_key(struct key_search *s, const struct node *access)
{
	struct key_names *names = &s->maps[access->u.map.map->index];
	const struct node *key = access->u.map.keys.at[0];
	const struct type *type = access->u.map.map->key;
	size_t n = type && type->kind == TYPE_TUPLE ? type->nr_fields : 1;

	while (key->kind == NODE_CAST && !key->u.cast.to)
		key = key->u.cast.operand;
	if (!names->at) {
		names->at = arena_array(&s->l->image->arena, const char *, n + 1);
		names->n = n;
	}
	if (n == 1)
		note_part(s->l, names, 0, key);
	for (size_t i = 0; n > 1 && key->kind == NODE_TUPLE && i < key->u.tuple.items.n; i++)
		note_part(s->l, names, i, key->u.tuple.items.at[i]);
}

static void search(struct node **slot, void *arg)
{
	struct node *n = *slot;

	if (!n)
		return;
	if (n->kind == NODE_MAP_ELEM)
		note_key(arg, n);
	node_children(n, search, arg);
}

/* Of a part that is only ever a literal. */
static const char *unnamed_key(struct arena *a, const struct key_names *names, size_t k)
{
	const char *name = names->n > 1 ? arena_printf(a, "key%zu", k + 1) : "key";

	return unlike(a, names->at, k, name);
}

void lower_name_keys(struct lower *l)
{
	struct key_search s = { l, arena_array(l->arena, struct key_names, l->c->maps.n + 1) };

	for (size_t i = 0; i < l->c->progs.n; i++)
		search(&l->c->progs.at[i]->body, &s);
	for (size_t i = 0; i < l->image->script_maps.n && i < l->c->maps.n; i++) {
		struct key_names *names = &s.maps[i];

		for (size_t k = 0; k < names->n; k++)
			if (!names->at[k])
				names->at[k] = unnamed_key(&l->image->arena, names, k);
		l->image->script_maps.at[i].key_names = names->at;
		l->image->script_maps.at[i].nr_key_names = names->n;
	}
}
