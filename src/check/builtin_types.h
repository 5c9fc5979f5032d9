/*
 * Type rules of builtins: their declarations, made from the table, and what
 * they share.
 *
 * A rule runs again and again while types move; it may rewrite its call as
 * long as a second run finds it in order. Arguments have been inferred; one
 * whose type is not known yet has NULL.
 */
#ifndef SONDE_CHECK_BUILTIN_TYPES_H
#define SONDE_CHECK_BUILTIN_TYPES_H

#include "check/check_impl.h"

#define BUILTIN(id, name, kind, min_args, max_args, flags, type_rule, lowering, doc) \
	const struct type *check_type_##type_rule(struct check *c, struct node *call);
#include "check/builtins.def"
#undef BUILTIN

/* Do its programs see the registers of what they interrupt? */
bool has_registers(const struct provider *p);

/* What probetype says in such a probe. */
const char *probetype_text(const struct provider *p);

/* Argument i, or NULL. */
struct node *call_arg(const struct node *call, size_t i);

/* "int", "string": what a literal is called in messages. */
const char *literal_word(const struct node *n);

/* The error type, after "NAME() expects WANTS (TYPE provided)". */
const struct type *bad_argument(struct check *c, const struct node *call, const char *wants,
				const struct type *t);

/* A string, or an array of or pointer to bytes. */
bool type_is_text(const struct type *t);

/* Argument i must be a string literal if it is there. */
bool need_string(struct check *c, const struct node *call, size_t i);

#endif
