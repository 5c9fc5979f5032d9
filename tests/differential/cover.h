/*
 * Which rules of the language the programs have met: a counter for each.
 *
 * Counted by the interpreter of the tree, as it evaluates. Counters live in
 * memory that worker processes share.
 */
#ifndef SONDE_TESTS_COVER_H
#define SONDE_TESTS_COVER_H

#include "lang/ast.h"
#include "types/type.h"

#include <stdio.h>

enum cover_rule {
#define RULE(id, text) RULE_##id,
#include "tests/differential/rules.def"
#undef RULE
	RULE_COUNT
};

/* Integer types as rows and columns: int8 .. int64, uint8 .. uint64, bool. */
#define COVER_TYPES 9

struct cover {
	uint64_t rules[RULE_COUNT];
	uint64_t ops[OP_COUNT][3];		/* on signed, unsigned, other operands */
	uint64_t assign_ops[OP_COUNT];		/* x op= e */
	uint64_t casts[COVER_TYPES][COVER_TYPES];
	uint64_t nodes[NODE_KIND_COUNT];
};

void cover_op(struct cover *c, enum ast_op op, const struct type *operand);
void cover_text(struct cover *c, const char *text);
void cover_cast(struct cover *c, const struct type *from, const struct type *to);

/* The rule by which the types of two operands were joined to `joined`. */
void cover_join(struct cover *c, const struct type *a, const struct type *b,
		const struct type *joined);

/* Write what was never met; returns how many counters are zero. With `all`, write
 * all counters. */
int cover_report(const struct cover *c, bool all, FILE *out);

#endif
