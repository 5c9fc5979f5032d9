/*
 * Type rules of the string library, and of texts and bytes that stand for numbers
 * and addresses.
 */
#include "check/builtin_types.h"

#include <arpa/inet.h>
#include <string.h>

#define CONCAT_BYTES 1024
#define NUMBER_TEXT_BYTES 64

static bool need_texts(struct check *c, const struct node *call)
{
	for (size_t i = 0; i < 2; i++) {
		const struct type *t = call->u.call.args.at[i]->type;

		if (t && !type_is_text(t)) {
			bad_argument(c, call, "strings", t);
			return false;
		}
	}
	return true;
}

const struct type *check_type_strstr(struct check *c, struct node *call)
{
	if (!need_texts(c, call))
		return bad_type(c);
	if (call->u.call.builtin->id == BUILTIN_strcontains)
		return c->types->bool_;
	return type_int(c->types, 4, true);
}

const struct type *check_type_str_concat(struct check *c, struct node *call)
{
	return need_texts(c, call) ? type_string(c->types, CONCAT_BYTES) : bad_type(c);
}

const struct type *check_type_memcmp(struct check *c, struct node *call)
{
	const struct node *count = call->u.call.args.at[2];

	if (count->type && !type_is_number(count->type))
		return bad_argument(c, call, "an integer as its length", count->type);
	for (size_t i = 0; i < 2; i++) {
		const struct type *t = call->u.call.args.at[i]->type;

		if (t && (t->kind == TYPE_VOID || type_is_aggregate(t)))
			return bad_argument(c, call, "values", t);
	}
	return type_int(c->types, 4, true);
}

const struct type *check_type_number_text(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;

	if (t && !type_is_number(t))
		return bad_argument(c, call, "an integer", t);
	return type_string(c->types, NUMBER_TEXT_BYTES);
}

const struct type *check_type_is_err(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;

	if (t && t->kind != TYPE_POINTER && !type_is_number(t))
		return bad_argument(c, call, "a pointer or an integer", t);
	return c->types->bool_;
}

/* The bytes, in the order of the network, are the call's. */
const struct type *check_type_pton(struct check *c, struct node *call)
{
	const struct node *address = call->u.call.args.at[0];
	unsigned char *bytes = arena_alloc(c->arena, sizeof(struct in6_addr));
	const char *text = address->u.string.text;
	bool is_v4, is_v6;

	if (!need_string(c, call, 0))
		return bad_type(c);
	is_v4 = strchr(text, '.') && !strchr(text, ':');
	is_v6 = strchr(text, ':');
	if (!is_v4 && !is_v6) {
		check_error(c, call->loc, DIAG_BAD_ADDRESS,
			    "pton() expects a string argument of an "
			    "IPv4/IPv6 address, got %s", text);
		return bad_type(c);
	}
	if (inet_pton(is_v4 ? AF_INET : AF_INET6, text, bytes) != 1) {
		check_error(c, call->loc, DIAG_BAD_ADDRESS,
			    "pton() expects a valid IPv4/IPv6 address, got %s", text);
		return bad_type(c);
	}
	call->u.call.aux = bytes;
	return type_array(c->types, type_int(c->types, 1, false), is_v4 ? 4 : 16, SPACE_NONE);
}
