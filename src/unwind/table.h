/*
 * What a file says about unwinding, as sorted rows.
 *
 * In: an ELF file or image. Out: addresses and the number of the rule that holds from each
 * on, without gaps: where the file says nothing, the rule is UNWIND_RULE_NONE. Rules are
 * numbered for all tables together, since there are few that differ.
 */
#ifndef SONDE_UNWIND_TABLE_H
#define SONDE_UNWIND_TABLE_H

#include "image/image.h"

#include <stdbool.h>

struct unwind_rules {
	struct image_unwind_rule *at;	/* owned; IMAGE_UNWIND_RULES */
	uint32_t n;
	uint16_t *buckets;		/* owned: number plus 1 */
};

int unwind_rules_open(struct unwind_rules *r);
void unwind_rules_close(struct unwind_rules *r);

/* The number of a rule; UNWIND_RULE_NONE if there are too many. */
uint16_t unwind_rules_number(struct unwind_rules *r, const struct image_unwind_rule *rule);

struct unwind_segment {		/* a PT_LOAD that is executable */
	uint64_t offset, size_bytes, address;
};

#define UNWIND_SEGMENTS 8

struct unwind_table {
	uint64_t base;		/* what the addresses are counted from */
	uint32_t *addresses;	/* owned */
	uint16_t *rules;	/* owned */
	size_t n;
	struct unwind_segment segments[UNWIND_SEGMENTS];
	size_t nr_segments;
};

/* Read a file (for instance of a process), or an image in memory. A file that says nothing,
 * or is no ELF file for this processor, has a table without rows. Returns 0 or -ENOMEM. */
int unwind_table_read(struct unwind_table *t, int fd, struct unwind_rules *rules);
int unwind_table_read_image(struct unwind_table *t, char *image, size_t size_bytes,
			    struct unwind_rules *rules);
void unwind_table_close(struct unwind_table *t);

/* The last row that is not behind an address; t->n: none. */
size_t unwind_table_find(const struct unwind_table *t, uint64_t address);

#endif
