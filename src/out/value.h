/*
 * Bytes and their layout to the tree of typed values that is printed.
 *
 * The tree is struct sonde_value of the public header. Here it is made: in come
 * the bytes of a key, a map's value or a record's field with the value_layout
 * that the image gives for them; out comes a tree whose nodes and texts lie in
 * an arena of the caller's, to be reset after the event, or in the bytes
 * themselves, which must live as long. What the system has to be asked for
 * (symbols, user names) comes through hooks, so that nothing here knows them.
 *
 * Bytes are never trusted: what points outside of them becomes
 * SONDE_VALUE_NONE.
 */
#ifndef SONDE_OUT_VALUE_H
#define SONDE_OUT_VALUE_H

#include "base/arena.h"
#include "image/image.h"
#include "sonde.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VALUE_INLINED 32

struct value_inlined {
	const char *name;
	const char *file;	/* NULL: unknown */
	uint32_t line;
};

/* A symbol: texts are borrowed until the next call of a hook. */
struct value_symbol {
	const char *name;
	const char *why;	/* there is no name, in a person's words; NULL: unknown */
	const char *doubt;	/* what is missing of what stands here; NULL: nothing */
	uint64_t offset;	/* of the address from the symbol's start */
	const char *module;	/* path of the mapped file; NULL: unknown */
	uint64_t module_offset;	/* of the address in that file; or the address, if there is none */
	const char *build_id;	/* of that file, in hexadecimal; NULL: unknown */
	const char *file;	/* of the source; NULL: unknown, or not asked for */
	uint32_t line;
	struct value_inlined inlined[VALUE_INLINED];	/* innermost first */
	size_t nr_inlined;
};

/* What an address of a process is: one whose name is wanted, that of the instruction which
 * runs, or the one behind a call. */
enum value_use { VALUE_USE_SYMBOL, VALUE_USE_RUNS, VALUE_USE_RETURN };

struct value_user_address {
	int32_t pid;
	uint32_t probe;
	uint64_t address;
	enum value_use use;
};

/* What the decoder asks for. Each hook may be NULL: then nothing is found. */
struct value_hooks {
	void *arg;	/* borrowed; first argument of each */
	/* True if found; `module` may be set even when it is not. */
	bool (*ksym)(void *arg, uint64_t address, struct value_symbol *symbol);
	bool (*usym)(void *arg, const struct value_user_address *at, struct value_symbol *symbol);
	/* Text, or NULL if unknown; borrowed until the next call. */
	const char *(*probe_name)(void *arg, uint64_t index);
	const char *(*username)(void *arg, uint64_t uid);
	const char *(*cgroup_path)(void *arg, uint64_t id, const char *filter);
};

/* Where and how to decode; filled by the caller, then passed to every call. */
struct value_decoder {
	struct arena *arena;		/* borrowed; reset by the owner when the tree is done
					   with */
	struct value_hooks hooks;
	const char *str_trunc_trailer;	/* borrowed; NULL: none */
	bool bare_stacks;		/* stacks become buffers in the same order, without names */
	bool wants_frames;		/* what is known of each frame, not its text only */
	bool explains;			/* stacks say why they end early, and names are missing */
	int64_t wall_offset_ns;		/* CLOCK_REALTIME minus CLOCK_BOOTTIME, for timestamps */
};

/* Decode `size_bytes` bytes at `bytes`. A map's aggregate is decoded from the one
 * value that value_merge made of the CPUs' values. Returns 0 or -ENOMEM. */
int value_decode(struct value_decoder *d, const struct value_layout *layout,
		 const void *bytes, size_t size_bytes, struct sonde_value *value);

/* Decode one field of a record; the field's offset counts from `record`, and
 * so does what a variable field points to. The name is the field's. Returns 0
 * or -ENOMEM. */
int value_decode_field(struct value_decoder *d, const struct value_field *field,
		       const void *record, size_t size_bytes, struct sonde_value *value);

/* Add another CPU's bytes to `into`: sums are added, the smaller minimum wins,
 * buckets are added, and so on; of what is no aggregate the first stays. Both
 * have layout->size_bytes bytes. Zero bytes are neutral. */
void value_merge(const struct value_layout *layout, void *into, const void *from);

/* Divide what print(@m, top, div) divides: numbers inside of anything, the
 * average of stats, the counts of a hist but not of an lhist. */
void value_divide(const struct value_layout *layout, struct sonde_value *value, uint64_t div);

/* Order by key: numbers by value, texts bytewise, tuples from the first item. */
int value_compare(const struct sonde_value *a, const struct sonde_value *b);

/* Sort a map's entries as they are printed: by value where `layout` (of the
 * value) is a number, by average or sum of the buckets for aggregates, else by
 * key; ties by key. */
void value_sort(const struct value_layout *layout, struct sonde_map_entry *entries, size_t n);

/* Entries that are made when asked for. `get` makes the one of an index, in any order and
 * more than once; `forget` (or NULL) says that none of those made so far is looked at again. */
struct value_source {
	int (*get)(void *arg, size_t index, struct sonde_map_entry *entry);
	void (*forget)(void *arg);
	void *arg;	/* borrowed; first argument of both */
};

/* The same order, as indexes of the entries of a source. Returns 0, -ENOMEM, or what `get`
 * returned. */
int value_sort_source(const struct value_layout *layout, const struct value_source *source,
		      uint32_t *indexes, size_t n);

/* When all entries of a map have been decoded: series end with the newest interval of any. */
void value_align(struct arena *arena, const struct value_layout *layout,
		 struct sonde_map_entry *entries, size_t n);

/* How JSON calls a map of such values. */
enum sonde_map_kind value_map_kind(const struct value_layout *layout);

#endif
