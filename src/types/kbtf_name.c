/*
 * Types and constants by the names that C gives them.
 *
 * In: "task_struct" after `struct`, or "unsigned long", "u32", "size_t". Out:
 * the type. C's own integers and the kernel's common names for them need no
 * BTF, which also saves looking for them in 126,000 types.
 */
#include "types/kbtf_impl.h"

#include <string.h>

static const struct c_integer {
	const char *name;
	uint8_t size_bytes, is_signed;
} c_integers[] = {
	{ "signed char", 1, 1 }, { "unsigned char", 1, 0 },
	{ "short", 2, 1 }, { "unsigned short", 2, 0 },
	{ "int", 4, 1 }, { "unsigned int", 4, 0 },
	{ "long", 8, 1 }, { "unsigned long", 8, 0 },
	{ "long long", 8, 1 }, { "unsigned long long", 8, 0 },
	{ "s8", 1, 1 }, { "u8", 1, 0 }, { "__s8", 1, 1 }, { "__u8", 1, 0 },
	{ "s16", 2, 1 }, { "u16", 2, 0 }, { "__s16", 2, 1 }, { "__u16", 2, 0 },
	{ "s32", 4, 1 }, { "u32", 4, 0 }, { "__s32", 4, 1 }, { "__u32", 4, 0 },
	{ "s64", 8, 1 }, { "u64", 8, 0 }, { "__s64", 8, 1 }, { "__u64", 8, 0 },
	{ "int8_t", 1, 1 }, { "uint8_t", 1, 0 }, { "int16_t", 2, 1 }, { "uint16_t", 2, 0 },
	{ "int32_t", 4, 1 }, { "uint32_t", 4, 0 }, { "int64_t", 8, 1 }, { "uint64_t", 8, 0 },
	{ "__be16", 2, 0 }, { "__le16", 2, 0 }, { "__be32", 4, 0 }, { "__le32", 4, 0 },
	{ "__be64", 8, 0 }, { "__le64", 8, 0 },
	{ "size_t", 8, 0 }, { "ssize_t", 8, 1 }, { "uintptr_t", 8, 0 }, { "intptr_t", 8, 1 },
	{ "off_t", 8, 1 }, { "loff_t", 8, 1 }, { "time_t", 8, 1 }, { "ino_t", 8, 0 },
	{ "pid_t", 4, 1 }, { "uid_t", 4, 0 }, { "gid_t", 4, 0 }, { "qid_t", 4, 0 },
	{ "dev_t", 4, 0 }, { "umode_t", 2, 0 }, { "mode_t", 4, 0 }, { "gfp_t", 4, 0 },
	{ "sector_t", 8, 0 }, { "blkcnt_t", 8, 0 }, { "clockid_t", 4, 1 }, { "key_t", 4, 1 },
	{ "key_serial_t", 4, 1 }, { "mqd_t", 4, 1 }, { "timer_t", 4, 1 }, { "rwf_t", 4, 1 },
	{ "aio_context_t", 8, 0 }, { "dma_addr_t", 8, 0 }, { "phys_addr_t", 8, 0 },
	{ "resource_size_t", 8, 0 }, { "fmode_t", 4, 0 },
};

/* Words of which C makes integer types, in any order. */
struct c_words {
	int nr_signed, nr_unsigned, nr_short, nr_long, nr_int, nr_char, nr_other;
};

static void count_word(struct c_words *w, const char *word, size_t len)
{
	static const struct { const char *word; size_t member; } rows[] = {
		{ "signed", offsetof(struct c_words, nr_signed) },
		{ "unsigned", offsetof(struct c_words, nr_unsigned) },
		{ "short", offsetof(struct c_words, nr_short) },
		{ "long", offsetof(struct c_words, nr_long) },
		{ "int", offsetof(struct c_words, nr_int) },
		{ "char", offsetof(struct c_words, nr_char) },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].word) == len && !memcmp(rows[i].word, word, len)) {
			++*(int *)((char *)w + rows[i].member);
			return;
		}
	w->nr_other++;
}

static struct c_words split_words(const char *name)
{
	struct c_words w = { 0 };

	while (*name) {
		size_t len = strcspn(name, " ");

		if (len)
			count_word(&w, name, len);
		name += len;
		name += strspn(name, " ");
	}
	return w;
}

/* "long unsigned int" and the like; NULL if it is none. `char` alone has the
 * sign that the machine gives it. */
static const struct type *from_words(struct types *t, const char *name)
{
	struct c_words w = split_words(name);
	unsigned size_bytes = w.nr_char ? 1 : w.nr_short ? 2 : w.nr_long ? 8 : 4;

	if (w.nr_other || w.nr_signed + w.nr_unsigned > 1 || w.nr_short > 1 || w.nr_long > 2)
		return NULL;
	if (w.nr_short && w.nr_long)
		return NULL;
	if (w.nr_char && (w.nr_char > 1 || w.nr_short || w.nr_long || w.nr_int ||
			  !(w.nr_signed + w.nr_unsigned)))
		return NULL;
	return *name ? type_int(t, size_bytes, !w.nr_unsigned) : NULL;
}

static const struct type *own_integer(struct types *t, const char *name)
{
	for (size_t i = 0; i < sizeof(c_integers) / sizeof(c_integers[0]); i++)
		if (!strcmp(c_integers[i].name, name))
			return type_int(t, c_integers[i].size_bytes, c_integers[i].is_signed);
	if (!strcmp(name, "bool") || !strcmp(name, "_Bool"))
		return t->bool_;
	if (!strcmp(name, "void"))
		return t->void_;
	return from_words(t, name);
}

const struct type *kbtf_type_by_name(struct kbtf *b, struct types *types, enum kbtf_keyword keyword,
				     const char *name)
{
	static const uint32_t enums = 1u << KBTF_ENUM | 1u << KBTF_ENUM64;
	static const uint32_t plain = 1u << KBTF_TYPEDEF | 1u << KBTF_INT;
	/* A bare name may also be a struct's. */
	static const uint32_t kinds[] = {
		[KBTF_ANY_NAME] = plain | 1u << KBTF_STRUCT | 1u << KBTF_UNION | enums,
		[KBTF_STRUCT_NAME] = 1u << KBTF_STRUCT,
		[KBTF_UNION_NAME] = 1u << KBTF_UNION,
		[KBTF_ENUM_NAME] = enums,
	};
	const struct type *own = keyword == KBTF_ANY_NAME ? own_integer(types, name) : NULL;
	uint32_t preferred = keyword == KBTF_ANY_NAME ? plain : kinds[keyword], id;

	if (own)
		return own;
	id = b ? kbtf_find_any(b, name, kinds[keyword], preferred) : 0;
	if (id)
		return kbtf_type(b, id);
	if (keyword == KBTF_ANY_NAME && !strcmp(name, "char"))
		return type_int(types, 1, true);
	return NULL;
}

struct enumerator_search {
	struct kbtf *b;
	const char *name;
	uint32_t id;
};

static bool has_enumerator(uint32_t id, const char *name, void *arg)
{
	struct enumerator_search *s = arg;
	const struct kbtf_raw *r = kbtf_raw(s->b, id);
	const uint32_t *words = kbtf_raw_words(r);
	uint32_t step = kbtf_raw_kind(r) == KBTF_ENUM64 ? 3 : 2;

	(void)name;
	for (uint32_t i = 0; i < kbtf_raw_vlen(r); i++)
		if (!strcmp(kbtf_string(s->b, words[i * step]), s->name)) {
			s->id = id;
			return false;
		}
	return true;
}

bool kbtf_enumerator(struct kbtf *b, const char *name, uint64_t *value, const struct type **e)
{
	struct enumerator_search s = { .b = b, .name = name };
	const struct type *type;

	kbtf_each(b, KBTF_ENUM, has_enumerator, &s);
	if (!s.id)
		return b->base && kbtf_enumerator(b->base, name, value, e);
	type = kbtf_type(b, s.id);
	if (type->kind != TYPE_ENUM)
		return false;
	for (size_t i = 0; i < type->enumeration->nr_items; i++)
		if (!strcmp(type->enumeration->items[i].name, name))
			*value = type->enumeration->items[i].value;
	if (e)
		*e = type;
	return true;
}
