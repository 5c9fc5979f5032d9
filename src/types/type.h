/*
 * What a type is.
 *
 * Types are immutable and made by a `struct types`, which keeps one copy of
 * each: two types are the same if and only if their pointers are equal.
 * Structs and unions of C are named objects whose fields are read from their
 * origin (BTF, a tracefs format, the script's own definition) when first asked
 * for.
 */
#ifndef SONDE_TYPES_TYPE_H
#define SONDE_TYPES_TYPE_H

#include "base/arena.h"
#include "base/names.h"
#include "base/sbuf.h"

#include <stdbool.h>
#include <stdint.h>

enum type_kind {
	TYPE_ERROR,	/* a diagnostic was given; silences what follows */
	TYPE_VOID,
	TYPE_BOOL,
	TYPE_INT,	/* size_bytes, is_signed, is_flexible */
	TYPE_ENUM,	/* size_bytes, enumeration */
	TYPE_STRING,	/* size_bytes: capacity with the NUL */
	TYPE_CHARS,	/* size_bytes: `char` array of C, only within what is in memory; it may be
			   full, with no NUL, so reading gives a string of one byte more, see
			   type_counted_bytes */
	TYPE_BUFFER,	/* size_bytes = capacity + 4 (length first) */
	TYPE_POINTER,	/* target, space */
	TYPE_ARRAY,	/* target, count; refers to memory in `space` */
	TYPE_STRUCT,	/* structure: C struct or union; refers to memory in `space` */
	TYPE_TUPLE,	/* fields */
	TYPE_RECORD,	/* fields with names */
	TYPE_COUNT, TYPE_SUM, TYPE_MIN, TYPE_MAX, TYPE_AVG, TYPE_STATS,	/* is_signed */
	TYPE_HIST,	/* param[0] = bits */
	TYPE_LHIST,	/* param = min, max, step */
	TYPE_TSERIES,	/* param = interval, count, see type_series */
	TYPE_KSTACK, TYPE_USTACK,	/* param[0] = limit, param[1] = enum stack_mode */
	TYPE_KSYM, TYPE_USYM,
	TYPE_PROBE_NAME,	/* `probe` of several attach points: an 8-byte index of names;
				   becomes a string where it meets one */
	TYPE_TIMESTAMP, TYPE_INET, TYPE_MACADDR, TYPE_CGROUP_PATH, TYPE_USERNAME,
	TYPE_TIMESTAMP_MODE,
	TYPE_KIND_COUNT
};

enum type_space {
	SPACE_NONE, SPACE_KERNEL, SPACE_USER,
	SPACE_CONTEXT	/* the program's own context */
};

enum stack_mode { STACK_BPFTRACE, STACK_PERF, STACK_RAW, STACK_BUILD_ID };

struct type;
struct types;

struct type_field {
	const char *name;		/* interned; NULL in tuples and for anonymous members */
	const struct type *type;	/* TYPE_ERROR for what cannot be read (floats, functions) */
	uint32_t offset_bytes;
	uint8_t bit_offset, bit_size;	/* bitfield within the `type`-sized unit at offset_bytes;
					   bit_size 0: not a bitfield */
	bool is_anonymous;		/* members are found through it */
	bool data_loc, rel_loc;		/* tracefs dynamic field: a 4-byte locator */
	bool user_tag, percpu_tag, rcu_tag;	/* BTF type tags on a pointer */
};

/* A C struct or union, or a record's fields. */
struct type_struct {
	const char *name;		/* interned; NULL: anonymous */
	bool is_union;
	bool is_vmlinux;		/* btf_id is an id of vmlinux's BTF */
	uint32_t btf_id;		/* 0: not from BTF */
	uint32_t size_bytes;
	const struct type_field *fields;	/* see type_struct_fields */
	size_t nr_fields;
	bool loaded;
	/* Fills fields and nr_fields; NULL when they are there from the start. */
	void (*load)(struct types *types, struct type_struct *s, void *arg);
	void *load_arg;
};

struct type_enumerator {
	const char *name;
	uint64_t value;		/* sign-extended */
};

struct type_enum {
	const char *name;	/* NULL: anonymous */
	bool is_signed;
	const struct type_enumerator *items;
	size_t nr_items;
};

struct type {
	enum type_kind kind;
	bool is_signed;
	bool is_flexible;		/* INT: sign may still follow the other side (3.2) */
	enum type_space space;
	bool is_trusted;		/* POINTER, STRUCT: the verifier knows it as a BTF
					   pointer */
	uint32_t size_bytes;		/* in memory, keys and records */
	uint32_t align_bytes;
	uint32_t count;			/* ARRAY: elements; 0: flexible */
	const struct type *target;	/* POINTER, ARRAY */
	struct type_struct *structure;	/* STRUCT */
	const struct type_enum *enumeration;	/* ENUM */
	const struct type_field *fields;	/* TUPLE, RECORD */
	size_t nr_fields;
	uint64_t param[3];
};

struct types {
	struct arena *arena;	/* borrowed */
	struct names *names;	/* borrowed */
	struct hmap table;	/* one copy of each type */
	const struct type *error, *void_, *bool_, *ksym, *usym, *probe_name;
};

void types_init(struct types *t, struct arena *a, struct names *names);

const struct type *type_int(struct types *t, unsigned size_bytes, bool is_signed);
/* The type of an integer literal: smallest signed that holds it; flexible if
 * it is not negative and below 2^63. */
const struct type *type_literal(struct types *t, uint64_t value, bool negative);
/* The same, but that no integer in it is flexible. */
const struct type *type_fixed(struct types *t, const struct type *type);
const struct type *type_enum(struct types *t, const struct type_enum *e, unsigned size_bytes);
const struct type *type_string(struct types *t, uint32_t size_bytes);
const struct type *type_chars(struct types *t, uint32_t size_bytes, bool is_of_script);
const struct type *type_buffer(struct types *t, uint32_t capacity_bytes);
const struct type *type_pointer(struct types *t, const struct type *target, enum type_space space,
				bool is_trusted);
const struct type *type_array(struct types *t, const struct type *target, uint32_t count,
			      enum type_space space);
const struct type *type_structure(struct types *t, struct type_struct *s, enum type_space space,
				  bool is_trusted);
/* Lays the elements out as the language demands (spec 3.1: tuples). Field
 * names NULL for a tuple. */
const struct type *type_tuple(struct types *t, const struct type *const *elems,
			      const char *const *labels, size_t count);
const struct type *type_aggregate(struct types *t, enum type_kind kind, bool is_signed);
const struct type *type_with_params(struct types *t, enum type_kind kind, uint64_t p0, uint64_t p1,
				    uint64_t p2);
/* What becomes of several values in one interval. */
enum series_function { SERIES_LAST, SERIES_AVG, SERIES_MAX, SERIES_MIN, SERIES_SUM };
const struct type *type_series(struct types *t, uint64_t interval, uint64_t count,
			       enum series_function f, bool is_signed);
enum series_function type_series_function(const struct type *t);
uint32_t type_frame_bytes(const struct type *stack);	/* of a KSTACK or USTACK */
bool type_series_signed(const struct type *t);
const struct type *type_simple(struct types *t, enum type_kind kind);

/* What sizeof says: of a `char` array of the script's own structs a NUL is counted, too. */
uint32_t type_counted_bytes(const struct type *t);

/* The same pointer, array or struct in another address space. */
const struct type *type_in_space(struct types *t, const struct type *type, enum type_space space);

/* A field's, element's or pointee's type as found in memory of `space`: what
 * has no space of its own takes that one. (Fields and pointees of BTF have
 * SPACE_NONE, but for pointers that carry a tag for user memory.) Of CHARS, the
 * string. */
const struct type *type_reached(struct types *t, const struct type *type, enum type_space space);

bool type_is_integer(const struct type *t);	/* INT or ENUM */
bool type_is_aggregate(const struct type *t);	/* COUNT .. TSERIES */
bool type_is_castable(const struct type *t);	/* COUNT SUM MIN MAX AVG */
bool type_is_drawn(const struct type *t);	/* HIST LHIST TSERIES */

/* What type_join has to say beside the joined type. */
enum type_join_flag {
	TYPE_JOIN_SIGN_LOSS = 1,	/* 64-bit types of different sign met: int64, with a
					   warning */
	TYPE_JOIN_SPACES = 2,		/* a kernel and a user pointer met: the first one's space is
					   kept */
	TYPE_JOIN_PROBE_NAME = 4,	/* `probe` met a string, which has the string's size: the
					   caller must enlarge it to hold the names of all probes */
};

/* The type that holds values of both (spec 3.3): integers and strings widen,
 * tuples, records and castable aggregations do so elementwise, anything else
 * must be identical. NULL if there is none; an error type joins with anything.
 * *flags (may be NULL) gets enum type_join_flag bits or-ed in. */
const struct type *type_join(struct types *t, const struct type *a, const struct type *b,
			     unsigned *flags);

/* True if every value of integer type `from` is one of `to`, or if a flexible
 * `from` is not larger: a conversion that draws no warning (spec 3.3). */
bool type_int_fits(const struct type *from, const struct type *to);

/* True if the literal is within the range of integer type `to`. `value` is in
 * two's complement when `negative`. */
bool type_int_holds(const struct type *to, uint64_t value, bool negative);

/* Fields of a C struct, read now if need be. */
const struct type_field *type_struct_fields(struct types *t, struct type_struct *s, size_t *count);

/* Make *f a bitfield of `bits` bits at bit `bit_off` of its struct: choose the
 * unit that is loaded. Its type is the declared one; an error type after if
 * that is no integer or no unit holds it. */
void type_field_place_bits(struct types *t, struct type_field *f, uint32_t bit_off, uint32_t bits,
			   uint32_t struct_bytes);

/* Find a member by name, through anonymous members. On success *offset_bytes
 * is its offset in `s` (the field's own offset plus those of the anonymous
 * ones around it). NULL if there is none. */
const struct type_field *type_field_find(struct types *t, struct type_struct *s, const char *name,
					 uint32_t *offset_bytes);

/* The name as messages show it: "int8", "struct task_struct *", "(int8,string[3])". */
void type_print(const struct type *t, struct sbuf *out);
const char *type_name(struct types *t, const struct type *type);

#endif
