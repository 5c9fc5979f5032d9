/*
 * A table of symbols: added in any order, then sorted, then asked.
 *
 * 16 bytes a symbol plus its name. Of several names for one address the most
 * telling one stays, the same whatever the order of adding.
 */
#ifndef SONDE_SYM_TABLE_H
#define SONDE_SYM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_entry {
	uint64_t start;
	uint32_t size;
	uint32_t name;		/* offset in names; the byte before it is the rank */
};

struct table {
	struct table_entry *entries;	/* owned; sorted by start after table_finish */
	size_t n, cap;
	char *names;			/* owned: for each: rank, name, NUL, [module, NUL] */
	size_t names_len, names_cap;
	bool unsorted;
	bool failed;			/* memory was out: the table is empty */
};

/* A local name loses against a global one with two underscores in front. */
#define TABLE_RANK_LOCAL 20

struct table_symbol {
	uint64_t start, size;
	const char *name;
	size_t name_len;
	const char *module;	/* NULL or "": none */
	size_t module_len;
	uint8_t rank;		/* of names for one address the lowest wins; up to 31, and
				   what the name looks like counts, too */
};

void table_add(struct table *t, const struct table_symbol *symbol);

/* Sort, drop aliases, give back spare memory. */
void table_finish(struct table *t);

void table_close(struct table *t);

/* The entry that holds the address (or starts at it, if it has no size), or
 * NULL. */
const struct table_entry *table_find(const struct table *t, uint64_t address);

/* The last entry at or below the address, or NULL. */
const struct table_entry *table_find_nearest(const struct table *t, uint64_t address);

const char *table_name(const struct table *t, const struct table_entry *e);
const char *table_module(const struct table *t, const struct table_entry *e);	/* or NULL */

size_t table_bytes(const struct table *t);

#endif
