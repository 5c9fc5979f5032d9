/*
 * Types as scripts write them, casts, sizeof and offsetof (language 2.7, 3.11, 3.15).
 */
#include "check/check_impl.h"

#include <string.h>

struct named_type {
	const char *name;
	enum type_kind kind;
	uint8_t size_bytes;
	bool is_signed;
};

static const struct named_type named_types[] = {
	{ "bool", TYPE_BOOL, 1, false },
	{ "int8", TYPE_INT, 1, true }, { "uint8", TYPE_INT, 1, false },
	{ "int16", TYPE_INT, 2, true }, { "uint16", TYPE_INT, 2, false },
	{ "int32", TYPE_INT, 4, true }, { "uint32", TYPE_INT, 4, false },
	{ "int64", TYPE_INT, 8, true }, { "uint64", TYPE_INT, 8, false },
	{ "void", TYPE_VOID, 0, false },
	{ "string", TYPE_STRING, 0, false }, { "str_t", TYPE_STRING, 0, false },
	{ "buffer", TYPE_BUFFER, 0, false }, { "buf_t", TYPE_BUFFER, 0, false },
	{ "inet", TYPE_INET, 0, false }, { "inet_t", TYPE_INET, 0, false },
	{ "timestamp", TYPE_TIMESTAMP, 0, false }, { "timestamp_t", TYPE_TIMESTAMP, 0, false },
	{ "macaddr_t", TYPE_MACADDR, 0, false }, { "mac_address", TYPE_MACADDR, 0, false },
	{ "cgroup_path_t", TYPE_CGROUP_PATH, 0, false },
	{ "username_t", TYPE_USERNAME, 0, false },
	{ "ksym_t", TYPE_KSYM, 0, false }, { "usym_t", TYPE_USYM, 0, false },
	{ "count_t", TYPE_COUNT, 8, false },
	{ "sum_t", TYPE_SUM, 8, true }, { "usum_t", TYPE_SUM, 8, false },
	{ "min_t", TYPE_MIN, 8, true }, { "umin_t", TYPE_MIN, 8, false },
	{ "max_t", TYPE_MAX, 8, true }, { "umax_t", TYPE_MAX, 8, false },
	{ "avg_t", TYPE_AVG, 8, true }, { "uavg_t", TYPE_AVG, 8, false },
	{ "stats_t", TYPE_STATS, 8, true }, { "ustats_t", TYPE_STATS, 8, false },
};

static const struct named_type *named_find(const char *name)
{
	for (size_t i = 0; i < sizeof(named_types) / sizeof(*named_types); i++)
		if (!strcmp(named_types[i].name, name))
			return &named_types[i];
	return NULL;
}

static const struct type *named_make(struct check *c, const struct named_type *n)
{
	switch (n->kind) {
	case TYPE_BOOL:
		return c->types->bool_;
	case TYPE_VOID:
		return c->types->void_;
	case TYPE_INT:
		return type_int(c->types, n->size_bytes, n->is_signed);
	case TYPE_STRING:
		return type_string(c->types, 0);
	case TYPE_BUFFER:
		return type_buffer(c->types, 0);
	case TYPE_COUNT:
	case TYPE_SUM:
	case TYPE_MIN:
	case TYPE_MAX:
	case TYPE_AVG:
	case TYPE_STATS:
		return type_aggregate(c->types, n->kind, n->is_signed);
	default:
		return type_simple(c->types, n->kind);
	}
}

static const char *keyword_text(enum type_expr_kind kind)
{
	return kind == TYPE_EXPR_STRUCT ? "struct " : kind == TYPE_EXPR_UNION ? "union " :
	       kind == TYPE_EXPR_ENUM ? "enum " : "";
}

static bool try_type_name(uint32_t id, const char *name, void *arg)
{
	(void)id;
	if (*name)
		nearest_try(arg, name);
	return true;
}

static void suggest_types(struct check *c, enum type_expr_kind kind, struct nearest *near)
{
	static const struct {
		enum kbtf_keyword keyword;
		enum kbtf_kind kind;
	} rows[] = {
		[TYPE_EXPR_NAME] = { KBTF_ANY_NAME, KBTF_TYPEDEF },
		[TYPE_EXPR_STRUCT] = { KBTF_STRUCT_NAME, KBTF_STRUCT },
		[TYPE_EXPR_UNION] = { KBTF_UNION_NAME, KBTF_UNION },
		[TYPE_EXPR_ENUM] = { KBTF_ENUM_NAME, KBTF_ENUM },
	};

	if (kind >= sizeof(rows) / sizeof(*rows))
		return;
	if (c->cdefs)
		cdefs_suggest_type(c->cdefs, rows[kind].keyword, near);
	for (size_t i = 0; kind == TYPE_EXPR_NAME && i < sizeof(named_types) /
	     sizeof(*named_types); i++)
		nearest_try(near, named_types[i].name);
	if (c->btf)
		kbtf_each(c->btf, rows[kind].kind, try_type_name, near);
}

static const struct type *unknown_type(struct check *c, const struct type_expr *e)
{
	struct diag *d = check_error(c, e->loc, DIAG_UNKNOWN_TYPE,
				     "Cannot resolve unknown type \"%s%s\"", keyword_text(e->kind),
				     e->name);
	struct nearest near;

	nearest_start(&near, e->name);
	suggest_types(c, e->kind, &near);
	check_suggest(c, d, &near, keyword_text(e->kind));
	if (!near.best && !c->btf)
		check_hint(c, d, "types of the kernel need its BTF, which is not there");
	if (e->kind == TYPE_EXPR_NAME && is_c_constant(c, e->name))
		check_hint(c, d, "'%s' is a constant, not a type: write it without parentheses",
			   e->name);
	hint_missing_headers(c, d);
	return bad_type(c);
}

/* The type of an expression that is asked for its type only: a map as a whole
 * stands for its keys, if it has any. */
static const struct type *type_of_operand(struct check *c, struct node *n)
{
	const struct type *t;

	if (n->kind != NODE_MAP)
		return infer_expr(c, n);
	t = n->u.map.map->is_scalar ? n->u.map.map->value : n->u.map.map->key;
	n->type = t;
	return t;
}

static const struct type *type_of_typeof(struct check *c, const struct type_expr *e, bool *is_open)
{
	const struct type *t;

	if (e->of_type)
		return type_of_expr(c, e->of_type, is_open);
	t = type_of_operand(c, e->of_expr);
	return t ? type_fixed(c->types, t) : t;
}

/* The type of this name, or NULL. */
static const struct type *type_by_name(struct check *c, const struct type_expr *e)
{
	static const enum kbtf_keyword keywords[] = {
		[TYPE_EXPR_NAME] = KBTF_ANY_NAME, [TYPE_EXPR_STRUCT] = KBTF_STRUCT_NAME,
		[TYPE_EXPR_UNION] = KBTF_UNION_NAME, [TYPE_EXPR_ENUM] = KBTF_ENUM_NAME,
	};
	const struct named_type *named = e->kind == TYPE_EXPR_NAME ? named_find(e->name) : NULL;
	const struct type *t;

	if (named)
		return named_make(c, named);
	t = c->cdefs ? cdefs_type(c->cdefs, keywords[e->kind], e->name) : NULL;
	if (!t && c->prog && c->prog->nr_sites && c->prog->provider->type_by_name)
		t = c->prog->provider->type_by_name(&c->probe_ctx, c->prog->sites[0],
						    keywords[e->kind], e->name);
	return t ? t : kbtf_type_by_name(c->btf, c->types, keywords[e->kind], e->name);
}

bool is_type_name(struct check *c, const struct type_expr *e)
{
	return e->kind != TYPE_EXPR_NAME || type_by_name(c, e);
}

static const struct type *base_type(struct check *c, const struct type_expr *e, bool *is_open)
{
	const struct type *t;

	if (e->kind == TYPE_EXPR_TYPEOF)
		return type_of_typeof(c, e, is_open);
	t = type_by_name(c, e);
	return t ? t : unknown_type(c, e);
}

const struct type *type_of_expr(struct check *c, const struct type_expr *e, bool *is_open)
{
	const struct type *t;
	struct type_suffix *s;

	*is_open = false;
	t = base_type(c, e, is_open);
	if (!t)
		return NULL;
	if (e->kind != TYPE_EXPR_TYPEOF)
		*is_open = t->kind == TYPE_STRING || t->kind == TYPE_BUFFER;
	/* As a value; pointees and elements are what C has. */
	if (t->kind == TYPE_ENUM && !e->suffixes.n && e->kind != TYPE_EXPR_TYPEOF)
		t = type_enum(c->types, t->enumeration, 8);
	vec_each(s, &e->suffixes) {
		if (t->kind == TYPE_ERROR)
			return t;
		if (!s->is_array) {
			t = type_pointer(c->types, t, SPACE_NONE, false);
		} else if (s->has_count && s->count > UINT32_MAX / 2) {
			check_error(c, e->loc, DIAG_BAD_TYPE,
				    "an array of this size is impossible");
			return bad_type(c);
		} else if (*is_open && s->has_count && s == e->suffixes.at) {
			t = t->kind == TYPE_STRING ? type_string(c->types, (uint32_t)s->count) :
			    type_buffer(c->types, (uint32_t)s->count);
			*is_open = false;
		} else if (t->kind != TYPE_INET) {
			*is_open = !s->has_count;
			t = type_array(c->types, t, (uint32_t)s->count, SPACE_NONE);
		}
	}
	return t;
}

/* ---- casts ---- */

static bool is_bytes(const struct type *t)
{
	return t->kind == TYPE_ARRAY &&
	       (type_is_integer(t->target) || t->target->kind == TYPE_BOOL);
}

/* An array as wide as what it is made of: `(uint8[])$x`. */
static const struct type *close_array(struct check *c, const struct type *to,
				      const struct type *from)
{
	uint32_t elem = to->target->size_bytes;

	if (!elem || from->size_bytes % elem)
		return NULL;
	return type_array(c->types, to->target, from->size_bytes / elem, SPACE_NONE);
}

static bool array_fits(const struct type *to, const struct type *from)
{
	if (type_is_integer(from) || from->kind == TYPE_BOOL)
		return to->size_bytes == from->size_bytes ||
		       (to->size_bytes <= 8 && from->size_bytes <= to->size_bytes);
	return (is_bytes(from) || from->kind == TYPE_STRING || from->kind == TYPE_CHARS) &&
	       to->size_bytes == from->size_bytes;
}

static bool to_integer(const struct type *to, const struct type *from)
{
	return type_is_number(from) || from->kind == TYPE_BOOL || from->kind == TYPE_POINTER ||
	       from->kind == TYPE_KSYM || (is_bytes(from) && from->size_bytes == to->size_bytes);
}

static bool cast_allowed(const struct type *to, const struct type *from)
{
	switch (to->kind) {
	case TYPE_INT:
		return to_integer(to, from);
	case TYPE_ENUM:
		return type_is_number(from) || from->kind == TYPE_BOOL;
	case TYPE_BOOL:
		return type_is_number(from) || from->kind == TYPE_BOOL ||
		       from->kind == TYPE_POINTER || from->kind == TYPE_STRING;
	case TYPE_POINTER:
		return type_is_number(from) || from->kind == TYPE_BOOL ||
		       from->kind == TYPE_POINTER || from->kind == TYPE_STRING;
	case TYPE_ARRAY:
		return array_fits(to, from);
	case TYPE_STRING:
		return from->kind == TYPE_STRING && from->size_bytes <= to->size_bytes;
	case TYPE_USERNAME:
		return type_is_number(from);
	default:
		return false;
	}
}

/* Where a pointer that a cast makes points to. An address that came as an
 * integer of a kernel probe may be the kernel's or, as text often is, the
 * user's: that is decided when it is read. */
static enum type_space cast_space(const struct check *c, const struct type *to,
				  const struct type *from)
{
	bool is_text = type_is_integer(to->target) && to->target->size_bytes == 1;

	if (from->space == SPACE_CONTEXT && from->target != to->target)
		return SPACE_KERNEL;
	if (from->kind == TYPE_POINTER)
		return from->space;
	/* The text itself, in the program's own memory. */
	if (from->kind == TYPE_STRING)
		return SPACE_KERNEL;
	if (is_text && c->prog->provider->space != SPACE_USER)
		return SPACE_NONE;
	return c->prog->provider->space;
}

static const struct type *placed(struct check *c, const struct type *to, const struct type *from)
{
	bool same;

	if (to->kind == TYPE_ENUM)
		return type_enum(c->types, to->enumeration, 8);
	if (to->kind != TYPE_POINTER)
		return to;
	same = from->kind == TYPE_POINTER && from->target == to->target;
	return type_pointer(c->types, to->target, cast_space(c, to, from),
			    same && from->is_trusted);
}

static bool has_enumerator(const struct type_enum *e, uint64_t value)
{
	for (size_t i = 0; i < e->nr_items; i++)
		if (e->items[i].value == value)
			return true;
	return false;
}

static const struct type *bad_cast(struct check *c, const struct node *n, const struct type *to,
				   const struct type *from)
{
	check_error(c, n->loc, DIAG_BAD_CAST,
		    "Cannot cast from \"%s\" to \"%s\"", type_text(c, from),
		    type_text(c, to));
	return bad_type(c);
}

const struct type *infer_cast(struct check *c, struct node *n)
{
	const struct type *from = infer_expr(c, n->u.cast.operand), *to;
	const struct node *x = n->u.cast.operand;
	const struct type *stored;
	bool is_open;

	if (n->implicit)
		return n->type;
	to = type_of_expr(c, n->u.cast.to, &is_open);
	if (!to)
		return NULL;
	if (to->kind == TYPE_ERROR || !from || from->kind == TYPE_ERROR)
		return to->kind == TYPE_ERROR || !from ? (from ? to : NULL) : from;
	/* A full `char` array has no NUL that could be part of another. */
	stored = node_stored_type(x);
	if (to->kind == TYPE_ARRAY && is_open)
		to = close_array(c, to, stored->kind == TYPE_CHARS ? stored : from);
	else if (to->kind == TYPE_STRING && is_open && from->kind == TYPE_STRING)
		to = from;
	if (!to) {
		check_error(c, n->loc, DIAG_BAD_CAST,
			    "the size of the array can not be determined");
		return bad_type(c);
	}
	if (!cast_allowed(to, from) && !(to->kind == TYPE_ARRAY && array_fits(to, stored)))
		return bad_cast(c, n, to, from);
	if (to->kind == TYPE_POINTER && from->kind == TYPE_STRING && x->kind == NODE_VAR)
		x->u.var.var->address_taken = true;
	if (to->kind == TYPE_ENUM && x->kind == NODE_INT &&
	    !has_enumerator(to->enumeration, x->u.integer.value)) {
		check_error(c, n->loc, DIAG_BAD_CAST, "Enum: %s doesn't contain value %lld",
			    to->enumeration->name ? to->enumeration->name : "",
			    (long long)x->u.integer.value);
		return bad_type(c);
	}
	to = placed(c, to, from);
	if (to == type_fixed(c->types, from))
		check_warning(c, n->loc, DIAG_IDENTICAL_CAST,
			      "Unnecessary cast: expression is already of type %s",
			      type_text(c, to));
	return to;
}

/* ---- sizeof, offsetof ---- */

/* A size is a constant of the smallest unsigned type. */
static void become_size(struct check *c, struct node *n, uint64_t value)
{
	node_set_int(n, value, false);
	n->implicit = true;
	n->type = type_int(c->types, value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : 4, false);
}

static const struct type *no_such_path(struct check *c, const struct node *n,
				       const struct type *t, const char *name)
{
	check_error(c, n->loc, DIAG_UNKNOWN_FIELD, "'%s' has no field named '%s'", type_text(c, t),
		    name);
	return bad_type(c);
}

static const struct type *infer_offsetof(struct check *c, struct node *n, const struct type *t)
{
	uint32_t offset = 0, step;
	const struct type_field *f;
	const char **name;

	while (t->kind == TYPE_POINTER)
		t = t->target;
	vec_each(name, &n->u.type_query.path) {
		if (t->kind != TYPE_STRUCT)
			return no_such_path(c, n, t, *name);
		f = type_field_find(c->types, t->structure, *name, &step);
		if (!f)
			return no_such_path(c, n, t, *name);
		offset += args_are_packed(c, t) ? args_packed_offset(c, t, f->name) : step;
		t = f->type;
	}
	become_size(c, n, offset);
	return n->type;
}

const struct type *infer_type_query(struct check *c, struct node *n)
{
	const struct type *t;
	bool is_open;

	if (n->u.type_query.of_type)
		t = type_of_expr(c, n->u.type_query.of_type, &is_open);
	else
		t = type_of_operand(c, n->u.type_query.of_expr);
	if (!t || t->kind == TYPE_ERROR || n->kind == NODE_TYPE_ARG)
		return t;
	if (!query_is_ripe(c))
		return NULL;	/* the type may yet grow */
	if (n->u.type_query.of_expr && n->kind != NODE_OFFSETOF)
		query_lock(n->u.type_query.of_expr);
	if (n->kind == NODE_TYPEINFO) {
		typeinfo_answer(c, n, t);
		return n->type;
	}
	if (n->kind == NODE_OFFSETOF)
		return infer_offsetof(c, n, t);
	if (n->u.type_query.of_expr && t->kind == TYPE_STRING)
		t = node_stored_type(n->u.type_query.of_expr);
	become_size(c, n, args_are_packed(c, t) ? args_packed_offset(c, t, NULL) :
		    type_counted_bytes(t));
	return n->type;
}
