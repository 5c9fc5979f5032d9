/*
 * Type rules of aggregations and of calls on maps.
 */
#include "check/builtin_types.h"

#include <string.h>

const struct type *check_type_count(struct check *c, struct node *call)
{
	(void)call;
	return type_aggregate(c->types, TYPE_COUNT, false);
}

/* The argument that is aggregated: an integer. */
static bool check_value(struct check *c, const struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;

	if (type_is_number(t))
		return true;
	check_error(c, call->loc, DIAG_ARGUMENT_TYPE,
		    "%s() only supports integer arguments (%s provided)",
		    call->u.call.builtin->name, type_text(c, t));
	return false;
}

static const struct type *aggregate(struct check *c, struct node *call, enum type_kind kind)
{
	const struct type *t = call->u.call.args.at[0]->type;

	if (!t)
		return NULL;
	if (!check_value(c, call))
		return bad_type(c);
	return type_aggregate(c->types, kind, t->kind != TYPE_COUNT && t->is_signed);
}

const struct type *check_type_sum(struct check *c, struct node *call)
{
	return aggregate(c, call, TYPE_SUM);
}

const struct type *check_type_min(struct check *c, struct node *call)
{
	return aggregate(c, call, TYPE_MIN);
}

const struct type *check_type_max(struct check *c, struct node *call)
{
	return aggregate(c, call, TYPE_MAX);
}

const struct type *check_type_avg(struct check *c, struct node *call)
{
	return aggregate(c, call, TYPE_AVG);
}

const struct type *check_type_stats(struct check *c, struct node *call)
{
	return aggregate(c, call, TYPE_STATS);
}

enum { HIST_BITS_MAX = 5, LHIST_BUCKETS_MAX = 1000 };

const struct type *check_type_hist(struct check *c, struct node *call)
{
	int64_t bits = 0;

	if (!call->u.call.args.at[0]->type)
		return NULL;
	if (!check_value(c, call))
		return bad_type(c);
	if (call->u.call.args.n == 2 && !node_int64(call->u.call.args.at[1], &bits)) {
		check_error(c, call->loc, DIAG_LITERAL_REQUIRED,
			    "hist() expects an integer literal for its bits");
		return bad_type(c);
	}
	if (bits < 0 || bits > HIST_BITS_MAX) {
		check_error(c, call->loc, DIAG_BAD_BOUNDS, "hist: bits %lld must be 0..%d",
			    (long long)bits, HIST_BITS_MAX);
		return bad_type(c);
	}
	return type_with_params(c->types, TYPE_HIST, (uint64_t)bits, 0, 0);
}

static bool lhist_bounds(struct check *c, const struct node *call, int64_t bounds[3])
{
	static const char *const names[] = { "min", "max", "step" };

	for (size_t i = 0; i < 3; i++) {
		if (!node_int64(call->u.call.args.at[i + 1], &bounds[i]) || bounds[i] < 0) {
			check_error(c, call->loc, DIAG_LITERAL_REQUIRED,
				    "lhist: invalid %s value (must be non-negative literal)",
				    names[i]);
			return false;
		}
	}
	return true;
}

static bool check_bounds(struct check *c, const struct node *call, const int64_t b[3])
{
	if (b[2] < 1)
		check_error(c, call->loc, DIAG_BAD_BOUNDS,
			    "lhist() step must be >= 1 (%lld provided)",
			    (long long)b[2]);
	else if (b[0] > b[1])
		check_error(c, call->loc, DIAG_BAD_BOUNDS,
			    "lhist() min must be less than max (provided "
			    "min %lld and max %lld)",
			    (long long)b[0], (long long)b[1]);
	else if (b[1] - b[0] < b[2])
		check_error(c, call->loc, DIAG_BAD_BOUNDS,
			    "lhist() step is too large for the given range "
			    "(provided step %lld for range %lld)",
			    (long long)b[2], (long long)(b[1] - b[0]));
	else if ((b[1] - b[0]) / b[2] > LHIST_BUCKETS_MAX)
		check_error(c, call->loc, DIAG_BAD_BOUNDS,
			    "lhist() too many buckets, must be <= %d "
			    "(would need %lld)",
			    LHIST_BUCKETS_MAX, (long long)((b[1] - b[0]) / b[2]));
	else
		return true;
	return false;
}

const struct type *check_type_lhist(struct check *c, struct node *call)
{
	int64_t b[3];

	if (!call->u.call.args.at[0]->type)
		return NULL;
	if (!check_value(c, call) || !lhist_bounds(c, call, b) || !check_bounds(c, call, b))
		return bad_type(c);
	return type_with_params(c->types, TYPE_LHIST, (uint64_t)b[0], (uint64_t)b[1],
				(uint64_t)b[2]);
}

/* ---- series ---- */

enum { SERIES_COUNT_MAX = 1000000 };

static bool series_bounds(struct check *c, const struct node *call, int64_t bounds[2])
{
	static const char *const names[] = { "interval_ns", "num_intervals" };

	for (size_t i = 0; i < 2; i++) {
		if (!node_int64(call->u.call.args.at[i + 1], &bounds[i]) || bounds[i] < 0) {
			check_error(c, call->loc, DIAG_LITERAL_REQUIRED,
				    "tseries: invalid %s value (must be non-negative literal)",
				    names[i]);
			return false;
		}
		if (bounds[i] < 1) {
			check_error(c, call->loc, DIAG_BAD_BOUNDS,
				    "tseries() %s must be >= 1 (%lld provided)", names[i],
				    (long long)bounds[i]);
			return false;
		}
	}
	if (bounds[1] <= SERIES_COUNT_MAX)
		return true;
	check_error(c, call->loc, DIAG_BAD_BOUNDS,
		    "tseries() num_intervals must be <= %d (%lld provided)", SERIES_COUNT_MAX,
		    (long long)bounds[1]);
	return false;
}

static bool series_function(struct check *c, const struct node *call, enum series_function *f)
{
	static const char *const names[] = {
		[SERIES_AVG] = "avg", [SERIES_MAX] = "max", [SERIES_MIN] = "min",
		[SERIES_SUM] = "sum",
	};
	const struct node *name = call_arg(call, 3);

	*f = SERIES_LAST;
	if (!name)
		return true;
	if (!need_string(c, call, 3))
		return false;
	for (size_t i = SERIES_AVG; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], name->u.string.text))
			*f = (enum series_function)i;
	if (*f != SERIES_LAST)
		return true;
	check_error(c, call->loc, DIAG_UNKNOWN_WORD, "tseries() expects one of the following "
		    "aggregation functions: avg, max, min, sum (\"%s\" provided)",
		    name->u.string.text);
	return false;
}

const struct type *check_type_tseries(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;
	enum series_function f;
	int64_t bounds[2];

	if (!t)
		return NULL;
	if (!config_allows(c, GATE_TSERIES, call->loc) || !check_value(c, call) ||
	    !series_bounds(c, call, bounds) || !series_function(c, call, &f))
		return bad_type(c);
	return type_series(c->types, (uint64_t)bounds[0], (uint64_t)bounds[1], f,
			   t->kind != TYPE_COUNT && t->is_signed);
}

/* ---- calls on maps ---- */

const struct type *check_type_delete(struct check *c, struct node *call)
{
	(void)call;
	return c->types->bool_;
}

const struct type *check_type_has_key(struct check *c, struct node *call)
{
	(void)call;
	return c->types->bool_;
}

const struct type *check_type_find(struct check *c, struct node *call)
{
	const struct type *t = call->u.call.args.at[0]->type;

	if (t && type_is_aggregate(t) && !type_is_castable(t)) {
		check_error(c, call->loc, DIAG_NOT_ASSIGNABLE,
			    "Value '%s' cannot be assigned to a scratch variable.",
			    type_text(c, t));
		return bad_type(c);
	}
	cell_add_var(c, call->u.call.args.at[1]->u.var.var, t, call->loc, NULL);
	return c->types->bool_;
}

const struct type *check_type_len(struct check *c, struct node *call)
{
	const struct node *arg = call->u.call.args.at[0];

	if (arg->kind == NODE_MAP)	/* its shape has been demanded */
		return type_int(c->types, 8, true);
	if (!arg->type)
		return NULL;
	if (arg->type->kind == TYPE_KSTACK || arg->type->kind == TYPE_USTACK)
		return type_int(c->types, 8, true);
	check_error(c, call->loc, DIAG_ARGUMENT_TYPE, "len() expects a map or stack (%s provided)",
		    type_text(c, arg->type));
	return bad_type(c);
}

const struct type *check_type_clear(struct check *c, struct node *call)
{
	(void)call;
	return c->types->void_;
}

const struct type *check_type_zero(struct check *c, struct node *call)
{
	(void)call;
	return c->types->void_;
}

static bool check_print_literals(struct check *c, const struct node *call)
{
	int64_t value;

	for (size_t i = 1; i < call->u.call.args.n; i++) {
		/* A negative top is as large as can be: all. */
		if (node_int64(call->u.call.args.at[i], &value) && (value >= 0 || i == 1))
			continue;
		check_error(c, call->loc, DIAG_LITERAL_REQUIRED, i == 1 ?
			    "print() expects an int literal for its top argument" :
			    "print() expects a non-negative int literal for its div argument");
		return false;
	}
	return true;
}

static bool is_printable(const struct type *t)
{
	if (t->kind == TYPE_VOID || t->kind == TYPE_TIMESTAMP_MODE)
		return false;
	return t->space != SPACE_CONTEXT;
}

static const struct type *print_value(struct check *c, struct node *call)
{
	const struct node *arg = call->u.call.args.at[0];
	const struct type *t = arg->type;

	if (!t)
		return NULL;
	if (!is_printable(t)) {
		check_error(c, call->loc, DIAG_NOT_PRINTABLE,
			    "%s type passed to print() is not printable", type_text(c, t));
		return bad_type(c);
	}
	if (arg->kind == NODE_MAP_ELEM && type_is_drawn(t)) {
		check_hint(c, check_error(c, call->loc, DIAG_NOT_PRINTABLE,
					  "one entry of a %s map can not be printed",
					  type_text(c, t)),
			   "print the whole map: print(@%s)", arg->u.map.name);
		return bad_type(c);
	}
	return c->types->void_;
}

const struct type *check_type_print(struct check *c, struct node *call)
{
	struct node *arg = call->u.call.args.at[0];

	args_become_record(c, arg);
	if (arg->kind != NODE_MAP)
		return print_value(c, call);
	if (!check_print_literals(c, call))
		return bad_type(c);
	if (call->u.call.args.n > 1 && arg->type && arg->type->kind == TYPE_STATS)
		check_warning(
			c, call->loc, DIAG_PRINT_STATS,
			"print()'s top and div arguments are ignored when used on stats() maps.");
	return c->types->void_;
}
