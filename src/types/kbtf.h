/*
 * Reading BTF in place: the kernel's description of its types and functions.
 *
 * Nothing is copied or indexed until it is asked for: opening checks the
 * header only, the first look-up makes one pass over the types, and many
 * look-ups make an index of names. Input is not trusted: whatever the bytes
 * are, answers stay within them (kinds that are not known are skipped, what
 * makes no sense reads as an error type or as "not found").
 */
#ifndef SONDE_TYPES_KBTF_H
#define SONDE_TYPES_KBTF_H

#include "types/type.h"

/* Kinds as the format numbers them. */
enum kbtf_kind {
	KBTF_VOID = 0, KBTF_INT = 1, KBTF_PTR = 2, KBTF_ARRAY = 3, KBTF_STRUCT = 4, KBTF_UNION = 5,
	KBTF_ENUM = 6, KBTF_FWD = 7, KBTF_TYPEDEF = 8, KBTF_VOLATILE = 9, KBTF_CONST = 10,
	KBTF_RESTRICT = 11, KBTF_FUNC = 12, KBTF_FUNC_PROTO = 13, KBTF_VAR = 14,
	KBTF_DATASEC = 15, KBTF_FLOAT = 16, KBTF_DECL_TAG = 17, KBTF_TYPE_TAG = 18,
	KBTF_ENUM64 = 19,
};

struct kbtf;

/* BTF in `data`, which must outlive the result; all else is in the arena of
 * `types`. `base` is vmlinux for a module's split BTF, else NULL. Returns 0,
 * -EINVAL (not BTF), -ENOEXEC (of the other byte order). */
int kbtf_open(struct kbtf **out, struct types *types, const void *data, size_t size_bytes,
	      struct kbtf *base);

/* The same for BTF that is fetched by `get` when it is first needed: on kernels
 * that do not let it be mapped this takes 25 ms. If it cannot be had, or is
 * none, nothing is found in it. */
typedef int (*kbtf_get_fn)(void *arg, const void **data, size_t *size_bytes);
struct kbtf *kbtf_new_lazy(struct types *types, kbtf_get_fn get, void *arg);

/* Ids are below this (a module's begin where its base ends). */
uint32_t kbtf_count(struct kbtf *b);

/* The id of the first type of this kind and name; 0: there is none. ENUM finds
 * ENUM64, too. */
uint32_t kbtf_find(struct kbtf *b, const char *name, enum kbtf_kind kind);

/* The ids of several names at the price of one walk; 0: there is none. */
void kbtf_find_many(struct kbtf *b, enum kbtf_kind kind, const char *const *names, uint32_t *ids,
		    size_t count);

/* Kind and name of a type; an id that is out of range is VOID and "". The name
 * is borrowed from the data. */
enum kbtf_kind kbtf_kind_of(struct kbtf *b, uint32_t id);
const char *kbtf_name_of(struct kbtf *b, uint32_t id);

/* The id behind typedefs, qualifiers and type tags. */
uint32_t kbtf_peel(struct kbtf *b, uint32_t id);

/* The type with this id; `types->void_` for 0, `types->error` for what cannot
 * be read (functions, floats, integers of over 8 bytes). Pointers have
 * SPACE_NONE unless tagged `user`; structs are loaded when their fields are
 * asked for; arrays of bytes are CHARS. */
const struct type *kbtf_type(struct kbtf *b, uint32_t id);

/* Keyword before a name in C. */
enum kbtf_keyword { KBTF_ANY_NAME, KBTF_STRUCT_NAME, KBTF_UNION_NAME, KBTF_ENUM_NAME };

/* Look a type up as C spells it: "task_struct" after `struct`, or a plain name:
 * "uint64_t", "u32", "size_t", "unsigned long". Plain names are, first, those
 * of C's own integer types, which need no BTF (`b` may be NULL), then typedefs,
 * then base types. NULL if there is none. */
const struct type *kbtf_type_by_name(struct kbtf *b, struct types *types, enum kbtf_keyword keyword,
				     const char *name);

/* Value of an enumerator of any enumeration, as a C constant; false if there
 * is none. `e` gets its enumeration's type (may be NULL). */
bool kbtf_enumerator(struct kbtf *b, const char *name, uint64_t *value, const struct type **e);

/* A function's parameters. */
struct kbtf_param {
	const char *name;	/* "" if it has none; borrowed from the data */
	uint32_t id;		/* its type: see kbtf_type */
	const struct type *type;
};

struct kbtf_proto {
	const struct kbtf_param *params;	/* arena */
	uint32_t nr_params;	/* without the "..." */
	bool is_variadic;
	uint32_t return_id;
	const struct type *return_type;
};

/* Prototype of a FUNC, of a FUNC_PROTO, or of the function that a pointer or
 * typedef leads to (`btf_trace_NAME`). Returns 0 or -ENOENT. */
int kbtf_proto(struct kbtf *b, uint32_t id, struct kbtf_proto *out);

/* Call `each` for every type of this kind; it returns false to stop. */
void kbtf_each(struct kbtf *b, enum kbtf_kind kind, bool (*each)(uint32_t id, const char *name,
								  void *arg), void *arg);

#endif
