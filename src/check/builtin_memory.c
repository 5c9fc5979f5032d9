/*
 * Type rules of what reads memory, and of values with a text of their own.
 */
#include "check/builtin_types.h"

#include <string.h>

static bool is_address(const struct type *t)
{
	return type_is_number(t) || t->kind == TYPE_POINTER;
}

const struct type *bad_argument(struct check *c, const struct node *call, const char *wants,
				const struct type *t)
{
	check_error(c, call->loc, DIAG_ARGUMENT_TYPE, "%s() expects %s (%s provided)",
		    call->u.call.builtin->name, wants, type_text(c, t));
	return bad_type(c);
}

/* Length argument `i`: 1 if it is a literal (in *length), 0 if not, -1 after an error. */
static int literal_length(struct check *c, const struct node *call, size_t i, uint64_t *length)
{
	const struct node *arg = call_arg(call, i);

	if (arg->kind != NODE_INT) {
		if (arg->type && !type_is_number(arg->type) && arg->type->kind != TYPE_BOOL) {
			bad_argument(c, call, "an integer as its length", arg->type);
			return -1;
		}
		return 0;
	}
	if (arg->u.integer.negative) {
		check_error(c, call->loc, DIAG_BAD_LENGTH, "%s() cannot use negative length (%lld)",
			    call->u.call.builtin->name, (long long)arg->u.integer.value);
		return -1;
	}
	*length = arg->u.integer.value;
	return 1;
}

static uint32_t cap_length(struct check *c, const struct node *call, uint64_t length,
			   uint32_t limit)
{
	if (length <= limit)
		return (uint32_t)length;
	check_warning(c, call->loc, DIAG_LENGTH_CAPPED,
		      "length param (%llu) is too long and will be "
		      "shortened to %u bytes (see max_strlen)", (unsigned long long)length, limit);
	return limit;
}

const struct type *check_type_str(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;
	uint32_t size = c->config.max_strlen;
	uint64_t length;
	int known;

	if (!t)
		return NULL;
	if (!is_address(t) && t->kind != TYPE_STRING &&
	    !(t->kind == TYPE_ARRAY && t->target->size_bytes == 1))
		return bad_argument(c, call,
				    "a string, integer or a pointer type as first argument", t);
	if (call->u.call.args.n == 1)
		return type_string(c->types, size);
	known = literal_length(c, call, 1, &length);
	if (known < 0)
		return bad_type(c);
	if (known)
		size = length + 1 <= size ? (uint32_t)length + 1
					  : cap_length(c, call, length, size);
	return type_string(c->types, size);
}

const struct type *check_type_buf(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;
	uint32_t limit = c->config.max_strlen < 4 ? 0 : c->config.max_strlen - 4;
	uint64_t length = limit;

	if (!t)
		return NULL;
	if (!is_address(t) && t->kind != TYPE_STRING && t->kind != TYPE_ARRAY)
		return bad_argument(c, call, "an integer, string, pointer or array", t);
	if (call->u.call.args.n == 2) {
		if (literal_length(c, call, 1, &length) < 0)
			return bad_type(c);
	} else if (t->kind == TYPE_ARRAY) {
		length = t->size_bytes;
	} else {
		check_error(c, call->loc, DIAG_ARGUMENT_COUNT,
			    "buf() expects a length argument for non-array type %s",
			    type_text(c, t));
		return bad_type(c);
	}
	return type_buffer(c->types, cap_length(c, call, length, limit));
}

bool type_is_text(const struct type *t)
{
	if (t->kind == TYPE_POINTER || t->kind == TYPE_ARRAY)
		return type_is_integer(t->target) && t->target->size_bytes == 1;
	return t->kind == TYPE_STRING;
}

const struct type *check_type_strncmp(struct check *c, struct node *call)
{
	const struct node *length = call->u.call.args.at[2];

	for (size_t i = 0; i < 2; i++) {
		const struct type *t = call->u.call.args.at[i]->type;

		if (t && !type_is_text(t)) {
			check_error(c, call->loc, DIAG_ARGUMENT_TYPE,
				    "strncmp() only supports string arguments (%s provided)",
				    type_text(c, t));
			return bad_type(c);
		}
	}
	if (length->kind != NODE_INT || length->u.integer.negative) {
		check_error(c, call->loc, DIAG_LITERAL_REQUIRED,
			    "Builtin strncmp requires a non-negative literal");
		return bad_type(c);
	}
	return type_int(c->types, 8, false);
}

const struct type *check_type_strlen(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;

	if (t && !type_is_text(t))
		return bad_argument(c, call, "a string", t);
	return type_int(c->types, 8, false);
}

static const struct type *in_space(struct check *c, struct node *call, enum type_space space)
{
	const struct type *t = call->u.call.args.at[0]->type;

	if (!t)
		return NULL;
	if (t->kind == TYPE_POINTER)
		return type_pointer(c->types, t->target, space, false);
	if (type_is_number(t))	/* an address without a type */
		return type_pointer(c->types, type_int(c->types, 1, true), space, false);
	return bad_argument(c, call, "an integer or pointer", t);
}

const struct type *check_type_kptr(struct check *c, struct node *call)
{
	return in_space(c, call, SPACE_KERNEL);
}

const struct type *check_type_uptr(struct check *c, struct node *call)
{
	return in_space(c, call, SPACE_USER);
}

const struct type *check_type_bswap(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;

	if (!t)
		return NULL;
	if (!type_is_integer(t))
		return bad_argument(c, call, "an integer", t);
	return type_int(c->types, t->size_bytes, false);
}

/* ---- values with a text of their own ---- */

static const struct type *symbol(struct check *c, struct node *call, const struct type *result)
{
	const struct type *t = call->u.call.args.at[0]->type;

	if (t && !is_address(t)) {
		check_error(c, call->loc, DIAG_ARGUMENT_TYPE,
			    "%s() expects an integer or pointer argument",
			    call->u.call.builtin->name);
		return bad_type(c);
	}
	return result;
}

const struct type *check_type_ksym(struct check *c, struct node *call)
{
	return symbol(c, call, c->types->ksym);
}

const struct type *check_type_usym(struct check *c, struct node *call)
{
	return symbol(c, call, c->types->usym);
}

const struct type *check_type_kaddr(struct check *c, struct node *call)
{
	const struct node *name = call->u.call.args.at[0];
	uint64_t address;

	if (!need_string(c, call, 0))
		return bad_type(c);
	if (c->target->ops->symbol &&
	    !c->target->ops->symbol(c->target->arg, name->u.string.text, &address)) {
		uint64_t *found = arena_new(c->arena, uint64_t);

		*found = address;
		call->u.call.aux = found;
		return type_int(c->types, 8, false);
	}
	check_error(c, call->loc, DIAG_UNKNOWN_SYMBOL, "Failed to resolve kernel symbol: %s",
		    name->u.string.text);
	return bad_type(c);
}

const struct type *check_type_ntop(struct check *c, struct node *call)
{
	const struct node *value = call->u.call.args.at[call->u.call.args.n - 1];
	const struct type *t = value->type, *family = call->u.call.args.at[0]->type;

	if (!t)
		return NULL;
	if (call->u.call.args.n == 2 && family && !type_is_number(family))
		return bad_argument(c, call, "an integer as its family", family);
	if (!type_is_integer(t) && t->kind != TYPE_ARRAY && t->kind != TYPE_STRING)
		return bad_argument(c, call, "an integer, or an array of 4 or 16 bytes", t);
	t = node_stored_type(value);
	if (!type_is_integer(t) && t->size_bytes != 4 && t->size_bytes != 16) {
		check_error(c, call->loc, DIAG_ARGUMENT_TYPE,
			    "ntop() argument must be 4 or 16 bytes in size");
		return bad_type(c);
	}
	return type_simple(c->types, TYPE_INET);
}

const struct type *check_type_macaddr(struct check *c, struct node *call)
{
	const struct node *value = call->u.call.args.at[0];
	const struct type *t = value->type;

	if (!t)
		return NULL;
	if (value->kind == NODE_STRING) {
		check_error(c, call->loc, DIAG_ARGUMENT_TYPE,
			    "macaddr() does not support literal string arguments");
		return bad_type(c);
	}
	if (is_address(t) || ((t->kind == TYPE_ARRAY || t->kind == TYPE_STRING) &&
			      node_stored_type(value)->size_bytes >= 6))
		return type_simple(c->types, TYPE_MACADDR);
	return bad_argument(c, call, "an array of 6 bytes or a pointer to one", t);
}

const struct type *check_type_cgroup_path(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;

	if (!need_string(c, call, 1))
		return bad_type(c);
	if (t && !type_is_number(t)) {
		check_error(c, call->loc, DIAG_ARGUMENT_TYPE,
			    "cgroup_path() only supports int arguments (%s provided)",
			    type_text(c, t));
		return bad_type(c);
	}
	return type_simple(c->types, TYPE_CGROUP_PATH);
}

const struct type *check_type_cgroupid(struct check *c, struct node *call)
{
	const struct node *path = call->u.call.args.at[0];
	const struct target *t = c->target;
	uint64_t *id;
	int err;

	if (!need_string(c, call, 0))
		return bad_type(c);
	if (call->u.call.aux)
		return type_int(c->types, 8, false);
	id = arena_new(c->arena, uint64_t);
	err = t->ops->cgroup_id(t->arg, path->u.string.text, id);
	if (err) {
		check_error(c, call->loc, DIAG_UNKNOWN_SYMBOL,
			    "Failed to get `cgroupid` for path: \"%s\": %s", path->u.string.text,
			    strerror(-err));
		return bad_type(c);
	}
	call->u.call.aux = id;
	return type_int(c->types, 8, false);
}

const struct type *check_type_strftime(struct check *c, struct node *call)
{
	const struct node *when = call->u.call.args.at[1];

	if (!need_string(c, call, 0))
		return bad_type(c);
	if (when->type && !type_is_number(when->type)) {
		check_error(c, call->loc, DIAG_ARGUMENT_TYPE,
			    "strftime() only supports int arguments (%s provided)",
			    type_text(c, when->type));
		return bad_type(c);
	}
	if (when->kind == NODE_INT && when->u.integer.negative) {
		check_error(c, call->loc, DIAG_ARGUMENT_TYPE,
			    "strftime() does not accept negative timestamps");
		return bad_type(c);
	}
	if (node_clock(when) == CLOCK_MODE_MONOTONIC) {
		check_error(c, call->loc, DIAG_ARGUMENT_TYPE,
			    "strftime() can not take a monotonic timestamp");
		return bad_type(c);
	}
	return type_simple(c->types, TYPE_TIMESTAMP);
}

const struct type *check_type_join(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;

	if (!need_string(c, call, 1))
		return bad_type(c);
	if (t && !is_address(t))
		return bad_argument(c, call, "an integer or a pointer", t);
	return c->types->void_;
}

const struct type *check_type_time(struct check *c, struct node *call)
{
	return need_string(c, call, 0) ? c->types->void_ : bad_type(c);
}

const struct type *check_type_exit(struct check *c, struct node *call)
{
	const struct node *code = call_arg(call, 0);

	if (code && code->type && !type_is_number(code->type)) {
		check_error(c, call->loc, DIAG_ARGUMENT_TYPE,
			    "exit() only supports int arguments (%s provided)",
			    type_text(c, code->type));
		return bad_type(c);
	}
	return c->types->void_;
}
