/*
 * Private to kbtf*.c: the reader's state and bounded access to raw BTF.
 */
#ifndef SONDE_TYPES_KBTF_IMPL_H
#define SONDE_TYPES_KBTF_IMPL_H

#include "types/kbtf.h"

/* Record as it lies in the data: a header of 12 bytes, then what its kind has. */
struct kbtf_raw {
	uint32_t name_off;
	uint32_t info;		/* bits 0-15 vlen, 24-28 kind, 31 kind_flag */
	uint32_t size_or_type;
};

/* One in this many types has its offset remembered. */
#define KBTF_STEP	16

/* Names of one group of kinds: open addressing, in order of ids. */
struct kbtf_index {
	struct kbtf_slot { uint32_t hash, id; } *slots;	/* arena; id 0: free */
	uint32_t cap;		/* a power of two; 0: not made */
	uint32_t searches;	/* by walking, so far */
};

enum kbtf_group { KBTF_GROUP_TYPES, KBTF_GROUP_FUNCS, KBTF_GROUP_OTHERS, KBTF_GROUP_COUNT };

struct kbtf {
	struct types *types;		/* borrowed */
	struct kbtf *base;		/* borrowed; NULL: this is vmlinux */
	kbtf_get_fn get;		/* not fetched yet; NULL: it is */
	void *get_arg;
	const uint8_t *data;		/* borrowed; the types */
	uint32_t data_len;
	const char *strings;		/* borrowed; ends with a NUL */
	uint32_t strings_len;
	const uint8_t *layout;		/* sizes of kinds, two bytes of four each; or NULL */
	uint32_t nr_layout;
	uint32_t first_id, first_string;	/* those below are the base's */
	uint32_t *samples;		/* arena: offset of every KBTF_STEP-th type */
	uint32_t next_id, next_off;	/* as far as types have been walked */
	bool whole;			/* to the end */
	struct kbtf_index index[KBTF_GROUP_COUNT];
	struct hmap made;		/* id -> struct type_struct or struct type_enum */
};

static inline enum kbtf_kind kbtf_raw_kind(const struct kbtf_raw *r)
{
	return (enum kbtf_kind)(r->info >> 24 & 0x1f);
}

static inline uint32_t kbtf_raw_vlen(const struct kbtf_raw *r)
{
	return r->info & 0xffff;
}

static inline bool kbtf_raw_flag(const struct kbtf_raw *r)
{
	return r->info >> 31;
}

/* What follows a record's header, as words; within the data. */
static inline const uint32_t *kbtf_raw_words(const struct kbtf_raw *r)
{
	return (const uint32_t *)(r + 1);
}

/* The record of a type, whole within the data; NULL for VOID, ids that are out
 * of range and kinds that are not known. */
const struct kbtf_raw *kbtf_raw(struct kbtf *b, uint32_t id);

/* A string by its offset; "" if it is out of range. */
const char *kbtf_string(struct kbtf *b, uint32_t off);

/* The id of the first type of this name whose kind is in `kinds` (bits of enum
 * kbtf_kind, all of one group), but one whose kind is in `preferred` goes
 * first; 0: none. */
uint32_t kbtf_find_any(struct kbtf *b, const char *name, uint32_t kinds, uint32_t preferred);

#endif
