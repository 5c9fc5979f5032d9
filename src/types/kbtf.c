/*
 * BTF in place: walking the types and finding them by name.
 *
 * In: bytes that nobody has checked. Out: records that lie wholly within them.
 * Types follow each other without an index, each as long as its kind says. So
 * one walk, only as far as it is needed, notes where every sixteenth type is;
 * a type is reached from the note before it. A name is looked for along the
 * walk; after some look-ups, an index of names pays.
 */
#include "types/kbtf_impl.h"

#include <errno.h>
#include <string.h>

/* A walk over all types takes a sixth of the time of making an index. */
#define SEARCHES_BEFORE_INDEX	6

struct header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len, type_off, type_len, str_off, str_len;
	uint32_t layout_off, layout_len;	/* if hdr_len covers them */
};

#define HEADER_BYTES	24	/* without the layout */
#define MAGIC		0xeb9f
#define MAGIC_SWAPPED	0x9feb
#define RECORD_BYTES	12

/* Bytes after the record's header: once, and for each of vlen. */
static const struct extra { uint8_t known, once, each; } extras[] = {
	[KBTF_INT]		= { 1, 4, 0 },
	[KBTF_PTR]		= { 1, 0, 0 },
	[KBTF_ARRAY]		= { 1, 12, 0 },
	[KBTF_STRUCT]		= { 1, 0, 12 },
	[KBTF_UNION]		= { 1, 0, 12 },
	[KBTF_ENUM]		= { 1, 0, 8 },
	[KBTF_FWD]		= { 1, 0, 0 },
	[KBTF_TYPEDEF]		= { 1, 0, 0 },
	[KBTF_VOLATILE]		= { 1, 0, 0 },
	[KBTF_CONST]		= { 1, 0, 0 },
	[KBTF_RESTRICT]		= { 1, 0, 0 },
	[KBTF_FUNC]		= { 1, 0, 0 },
	[KBTF_FUNC_PROTO]	= { 1, 0, 8 },
	[KBTF_VAR]		= { 1, 4, 0 },
	[KBTF_DATASEC]		= { 1, 0, 12 },
	[KBTF_FLOAT]		= { 1, 0, 0 },
	[KBTF_DECL_TAG]		= { 1, 4, 0 },
	[KBTF_TYPE_TAG]		= { 1, 0, 0 },
	[KBTF_ENUM64]		= { 1, 0, 12 },
};

#define NR_KINDS	(sizeof(extras) / sizeof(extras[0]))

static bool within(uint64_t off, uint64_t len, uint64_t size)
{
	return off <= size && len <= size - off;
}

/* The header's fields, those that are not there as zero. */
static int read_header(struct header *h, const void *data, size_t size_bytes)
{
	size_t len;

	memset(h, 0, sizeof(*h));
	if (size_bytes < HEADER_BYTES || (uintptr_t)data % 4)
		return -EINVAL;
	memcpy(h, data, HEADER_BYTES);
	if (h->magic == MAGIC_SWAPPED)
		return -ENOEXEC;
	if (h->magic != MAGIC || h->version != 1 || h->hdr_len < HEADER_BYTES)
		return -EINVAL;
	len = h->hdr_len < sizeof(*h) ? HEADER_BYTES : sizeof(*h);
	if (h->hdr_len > size_bytes)
		return -EINVAL;
	memcpy(h, data, len);
	return 0;
}

static int check_sections(const struct header *h, const char *rest, uint64_t rest_bytes)
{
	if (!within(h->type_off, h->type_len, rest_bytes) || h->type_off % 4 || h->hdr_len % 4)
		return -EINVAL;
	if (!within(h->str_off, h->str_len, rest_bytes) || !h->str_len)
		return -EINVAL;
	return rest[h->str_off + h->str_len - 1] ? -EINVAL : 0;
}

static int take_data(struct kbtf *b, const void *data, size_t size_bytes)
{
	struct header h;
	const char *rest;
	int err = read_header(&h, data, size_bytes);

	if (err)
		return err;
	rest = (const char *)data + h.hdr_len;
	err = check_sections(&h, rest, size_bytes - h.hdr_len);
	if (err)
		return err;
	b->data = (const uint8_t *)rest + h.type_off;
	b->data_len = h.type_len;
	b->strings = rest + h.str_off;
	b->strings_len = h.str_len;
	b->samples = arena_array(b->types->arena, uint32_t,
				 h.type_len / RECORD_BYTES / KBTF_STEP + 1);
	if (h.layout_len && within(h.layout_off, h.layout_len, size_bytes - h.hdr_len)) {
		b->layout = (const uint8_t *)rest + h.layout_off;
		b->nr_layout = h.layout_len / 4;
	}
	return 0;
}

static struct kbtf *kbtf_new(struct types *types, struct kbtf *base)
{
	struct kbtf *b = arena_new(types->arena, struct kbtf);

	b->types = types;
	b->base = base;
	b->first_id = base ? kbtf_count(base) : 1;
	b->first_string = base ? base->first_string + base->strings_len : 0;
	b->next_id = b->first_id;
	hmap_init(&b->made, types->arena);
	return b;
}

int kbtf_open(struct kbtf **out, struct types *types, const void *data, size_t size_bytes,
	      struct kbtf *base)
{
	struct kbtf *b = kbtf_new(types, base);
	int err = take_data(b, data, size_bytes);

	if (!err)
		*out = b;
	return err;
}

struct kbtf *kbtf_new_lazy(struct types *types, kbtf_get_fn get, void *arg)
{
	struct kbtf *b = kbtf_new(types, NULL);

	b->get = get;
	b->get_arg = arg;
	return b;
}

static void fetch(struct kbtf *b)
{
	kbtf_get_fn get = b->get;
	const void *data;
	size_t size_bytes;

	b->get = NULL;
	if (get(b->get_arg, &data, &size_bytes) || take_data(b, data, size_bytes))
		b->whole = true;
}

/* Bytes of the record at `off`, whose header lies within the data; 0: of a
 * kind that neither we nor the data know. */
static uint64_t record_bytes(const struct kbtf *b, uint32_t off)
{
	const struct kbtf_raw *r = (const struct kbtf_raw *)(b->data + off);
	uint32_t kind = kbtf_raw_kind(r), vlen = kbtf_raw_vlen(r);

	if (kind < NR_KINDS && extras[kind].known)
		return RECORD_BYTES + extras[kind].once + (uint64_t)extras[kind].each * vlen;
	if (kind >= NR_KINDS && kind < b->nr_layout) {
		const uint8_t *sizes = b->layout + kind * 4;

		return (RECORD_BYTES + sizes[0] + (uint64_t)sizes[1] * vlen + 3) & ~3ULL;
	}
	return 0;
}

/* Walk one type on from what has been walked; false at the end. */
static bool walk_on(struct kbtf *b)
{
	uint32_t at = b->next_id - b->first_id;
	uint64_t bytes;

	if (b->get)
		fetch(b);
	if (b->whole)
		return false;
	bytes = within(b->next_off, RECORD_BYTES, b->data_len) ? record_bytes(b, b->next_off) : 0;
	if (!bytes || !within(b->next_off, bytes, b->data_len)) {
		b->whole = true;
		return false;
	}
	if (at % KBTF_STEP == 0)
		b->samples[at / KBTF_STEP] = b->next_off;
	b->next_id++;
	b->next_off += (uint32_t)bytes;
	return true;
}

uint32_t kbtf_count(struct kbtf *b)
{
	while (walk_on(b))
		;
	return b->next_id;
}

const struct kbtf_raw *kbtf_raw(struct kbtf *b, uint32_t id)
{
	uint32_t at, off;

	if (id < b->first_id)
		return b->base && id ? kbtf_raw(b->base, id) : NULL;
	while (b->next_id <= id)
		if (!walk_on(b))
			return NULL;
	at = id - b->first_id;
	off = b->samples[at / KBTF_STEP];
	for (at %= KBTF_STEP; at; at--)
		off += (uint32_t)record_bytes(b, off);
	return (const struct kbtf_raw *)(b->data + off);
}

const char *kbtf_string(struct kbtf *b, uint32_t off)
{
	if (off < b->first_string)
		return kbtf_string(b->base, off);
	off -= b->first_string;
	return off < b->strings_len ? b->strings + off : "";
}

enum kbtf_kind kbtf_kind_of(struct kbtf *b, uint32_t id)
{
	const struct kbtf_raw *r = kbtf_raw(b, id);

	return r ? kbtf_raw_kind(r) : KBTF_VOID;
}

const char *kbtf_name_of(struct kbtf *b, uint32_t id)
{
	const struct kbtf_raw *r = kbtf_raw(b, id);

	return r ? kbtf_string(b, r->name_off) : "";
}

/*
 * Walking over all types: the records of `b` alone, in order.
 */
struct cursor {
	struct kbtf *b;
	uint32_t id, off;		/* of the next */
	const struct kbtf_raw *raw;	/* the current one */
};

static bool cursor_next(struct cursor *c)
{
	struct kbtf *b = c->b;

	if (c->id >= b->next_id && !walk_on(b))
		return false;
	c->raw = (const struct kbtf_raw *)(b->data + c->off);
	c->off += (uint32_t)record_bytes(b, c->off);
	c->id++;
	return true;
}

static enum kbtf_group group_of(enum kbtf_kind kind)
{
	static const uint32_t types = 1u << KBTF_INT | 1u << KBTF_STRUCT | 1u << KBTF_UNION |
				      1u << KBTF_ENUM | 1u << KBTF_ENUM64 | 1u << KBTF_FWD |
				      1u << KBTF_TYPEDEF | 1u << KBTF_FLOAT;

	if (kind == KBTF_FUNC)
		return KBTF_GROUP_FUNCS;
	return types >> kind & 1 ? KBTF_GROUP_TYPES : KBTF_GROUP_OTHERS;
}

/* What is looked for, and what has been seen on the way. */
struct wanted {
	const char *name;
	uint32_t kinds, preferred;	/* bits of enum kbtf_kind */
	uint32_t found;
};

/* True when the search is over. */
static bool consider(struct wanted *w, struct kbtf *b, const struct kbtf_raw *r, uint32_t id)
{
	uint32_t bit = 1u << kbtf_raw_kind(r);
	const char *name;

	if (!(w->kinds & bit))
		return false;
	name = kbtf_string(b, r->name_off);
	if (*name != *w->name || strcmp(name, w->name))
		return false;
	if (!w->found || w->preferred & bit)
		w->found = id;
	return w->preferred & bit;
}

static uint32_t find_by_walking(struct kbtf *b, struct wanted *w)
{
	struct cursor c = { .b = b, .id = b->first_id };

	while (cursor_next(&c))
		if (consider(w, b, c.raw, c.id - 1))
			break;
	return w->found;
}

static uint32_t hash_name(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h ^ h >> 15;
}

static void index_put(struct kbtf_index *x, uint32_t hash, uint32_t id)
{
	uint32_t i = hash & (x->cap - 1);

	while (x->slots[i].id)
		i = (i + 1) & (x->cap - 1);
	x->slots[i].hash = hash;
	x->slots[i].id = id;
}

static void index_make(struct kbtf *b, enum kbtf_group group)
{
	struct kbtf_index *x = &b->index[group];
	struct cursor c = { .b = b, .id = b->first_id };
	uint32_t named = 0;

	while (cursor_next(&c))
		named += c.raw->name_off && group_of(kbtf_raw_kind(c.raw)) == group;
	for (x->cap = 16; x->cap < named * 2; )
		x->cap *= 2;
	x->slots = arena_array(b->types->arena, struct kbtf_slot, x->cap);
	c.id = b->first_id;
	c.off = 0;
	while (cursor_next(&c))
		if (c.raw->name_off && group_of(kbtf_raw_kind(c.raw)) == group)
			index_put(x, hash_name(kbtf_string(b, c.raw->name_off)), c.id - 1);
}

static uint32_t find_in_index(struct kbtf *b, const struct kbtf_index *x, struct wanted *w)
{
	uint32_t hash = hash_name(w->name);

	for (uint32_t i = hash; x->slots[i & (x->cap - 1)].id; i++) {
		const struct kbtf_slot *s = &x->slots[i & (x->cap - 1)];

		if (s->hash == hash && consider(w, b, kbtf_raw(b, s->id), s->id))
			break;
	}
	return w->found;
}

uint32_t kbtf_find_any(struct kbtf *b, const char *name, uint32_t kinds, uint32_t preferred)
{
	struct wanted w = { .name = name, .kinds = kinds, .preferred = preferred };
	enum kbtf_group group = group_of((enum kbtf_kind)__builtin_ctz(kinds));
	struct kbtf_index *x = &b->index[group];
	uint32_t id;

	if (!*name)
		return 0;
	if (!x->cap && x->searches++ == SEARCHES_BEFORE_INDEX)
		index_make(b, group);
	id = x->cap ? find_in_index(b, x, &w) : find_by_walking(b, &w);
	return !id && b->base ? kbtf_find_any(b->base, name, kinds, preferred) : id;
}

uint32_t kbtf_find(struct kbtf *b, const char *name, enum kbtf_kind kind)
{
	uint32_t kinds = 1u << kind;

	if (kind == KBTF_ENUM)
		kinds |= 1u << KBTF_ENUM64;
	return kbtf_find_any(b, name, kinds, kinds);
}

void kbtf_find_many(struct kbtf *b, enum kbtf_kind kind, const char *const *names, uint32_t *ids,
		    size_t count)
{
	struct cursor c = { .b = b, .id = b->first_id };
	size_t left = count;

	memset(ids, 0, count * sizeof(*ids));
	while (left && cursor_next(&c)) {
		const char *name;

		if (kbtf_raw_kind(c.raw) != kind)
			continue;
		name = kbtf_string(b, c.raw->name_off);
		for (size_t i = 0; i < count; i++)
			if (!ids[i] && *name == *names[i] && !strcmp(name, names[i])) {
				ids[i] = c.id - 1;
				left--;
			}
	}
	for (size_t i = 0; i < count && left && b->base; i++)
		if (!ids[i])
			ids[i] = kbtf_find(b->base, names[i], kind);
}

void kbtf_each(struct kbtf *b, enum kbtf_kind kind, bool (*each)(uint32_t id, const char *name,
								  void *arg), void *arg)
{
	struct cursor c = { .b = b, .id = b->first_id };

	while (cursor_next(&c)) {
		enum kbtf_kind is = kbtf_raw_kind(c.raw);

		if (is != kind && !(kind == KBTF_ENUM && is == KBTF_ENUM64))
			continue;
		if (!each(c.id - 1, kbtf_string(b, c.raw->name_off), arg))
			return;
	}
}
