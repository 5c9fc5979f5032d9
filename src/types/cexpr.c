/*
 * Constant expressions of C, for #if, array sizes, bit-field widths and
 * enumerators: integers of 32 and 64 bits with C's conversions.
 */
#include "types/cpp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CEXPR_DEPTH_MAX 200

struct cexpr {
	const struct cexpr_env *env;
	const struct ctoken *at, *end;
	int depth;
	bool failed;
};

static struct cvalue cond_expr(struct cexpr *e);

/* Extend the low 32 bits of what is not long. */
static struct cvalue settle(struct cvalue v)
{
	if (!v.is_long)
		v.bits = v.is_unsigned ? (uint32_t)v.bits : (uint64_t)(int64_t)(int32_t)v.bits;
	return v;
}

static struct cvalue of_int(int64_t value)
{
	return (struct cvalue){ .bits = (uint64_t)value };
}

static struct cvalue fail(struct cexpr *e)
{
	e->failed = true;
	return of_int(0);
}

/* ---- literals ---- */

static bool read_suffix(const char *s, struct cvalue *v)
{
	for (; *s; s++)
		if (*s == 'u' || *s == 'U')
			v->is_unsigned = true;
		else if (*s == 'l' || *s == 'L')
			v->is_long = true;
		else
			return false;
	return true;
}

/* Decimal literals become long, others unsigned first. */
static void fit_literal(struct cvalue *v, bool is_decimal)
{
	if (v->bits > INT32_MAX && !v->is_unsigned && !v->is_long) {
		if (!is_decimal && v->bits <= UINT32_MAX)
			v->is_unsigned = true;
		else
			v->is_long = true;
	}
	if (v->bits > UINT32_MAX)
		v->is_long = true;
	if (v->bits > INT64_MAX)
		v->is_unsigned = true;
}

static bool number_value(const char *text, struct cvalue *v)
{
	bool is_binary = text[0] == '0' && (text[1] == 'b' || text[1] == 'B');
	char *end;

	*v = of_int(0);
	errno = 0;
	v->bits = strtoull(is_binary ? text + 2 : text, &end, is_binary ? 2 : 0);
	if (errno || end == text || !read_suffix(end, v))
		return false;
	fit_literal(v, *text != '0');
	return true;
}

static int64_t escape_value(const char *s)
{
	static const char letters[] = "ntrabfve\\'\"?", values[] = "\n\t\r\a\b\f\v\033\\'\"?";
	const char *p;

	if (*s == 'x')
		return (int8_t)strtol(s + 1, NULL, 16);
	if (*s >= '0' && *s <= '7')
		return (int8_t)strtol(s, NULL, 8);
	p = *s ? strchr(letters, *s) : NULL;
	return p ? values[p - letters] : *s;
}

static struct cvalue name_value(struct cexpr *e, const char *name)
{
	struct cvalue v = of_int(0);

	if (e->env->ident && !e->env->ident(e->env->arg, name, &v))
		return fail(e);
	return v;
}

/* ---- grammar ---- */

static bool take(struct cexpr *e, const char *punct)
{
	if (e->at == e->end || e->at->kind != CTOKEN_PUNCT || strcmp(e->at->text, punct))
		return false;
	e->at++;
	return true;
}

static struct cvalue primary(struct cexpr *e)
{
	const struct ctoken *t = e->at;
	struct cvalue v;

	if (take(e, "(")) {
		v = cond_expr(e);
		return take(e, ")") ? v : fail(e);
	}
	if (t == e->end)
		return fail(e);
	e->at++;
	if (t->kind == CTOKEN_IDENT)
		return name_value(e, t->text);
	if (t->kind == CTOKEN_CHAR)
		return of_int(t->text[1] == '\\' ? escape_value(t->text + 2) :
			      (signed char)t->text[1]);
	if (t->kind != CTOKEN_NUMBER || !number_value(t->text, &v))
		return fail(e);
	v.is_long |= !e->env->ident;
	return v;
}

/* "(" type ")": 0 if no type stands there. */
static bool take_type(struct cexpr *e, struct cexpr_type *type)
{
	const struct ctoken *begin = e->at;
	size_t n;

	if (!e->env->type || !take(e, "("))
		return false;
	n = e->env->type(e->env->arg, e->at, (size_t)(e->end - e->at), type);
	e->at += n;
	if (n && take(e, ")"))
		return true;
	e->at = begin;
	return false;
}

static struct cvalue cast_to(struct cexpr *e, const struct cexpr_type *t, struct cvalue v)
{
	unsigned bits = (unsigned)t->size_bytes * 8;

	if (!t->is_integer || !bits || bits > 64)
		return t->size_bytes == 8 ? v : fail(e);
	v.is_long = bits == 64;
	v.is_unsigned = t->is_unsigned && bits >= 32;
	if (bits < 32) {
		v.bits = v.bits << (64 - bits);
		v.bits = t->is_unsigned ? v.bits >> (64 - bits)
					: (uint64_t)((int64_t)v.bits >> (64 - bits));
	}
	return settle(v);
}

static bool take_word(struct cexpr *e, const char *a, const char *b)
{
	if (e->at == e->end || !(ctoken_is(e->at, a) || ctoken_is(e->at, b)))
		return false;
	e->at++;
	return true;
}

static struct cvalue sizeof_type(struct cexpr *e, bool is_align)
{
	struct cvalue v = { .is_unsigned = true, .is_long = true };
	struct cexpr_type type;

	if (!take_type(e, &type))
		return fail(e);
	v.bits = is_align ? type.align_bytes : type.size_bytes;
	return v;
}

static struct cvalue unary(struct cexpr *e);

static struct cvalue prefixed(struct cexpr *e)
{
	struct cexpr_type type;
	struct cvalue v;

	if (take(e, "+"))
		return unary(e);
	if (take(e, "-")) {
		v = unary(e);
		v.bits = 0 - v.bits;
		return settle(v);
	}
	if (take(e, "~")) {
		v = unary(e);
		v.bits = ~v.bits;
		return settle(v);
	}
	if (take(e, "!"))
		return of_int(!unary(e).bits);
	if (e->env->type && take_word(e, "sizeof", "sizeof"))
		return sizeof_type(e, false);
	if (e->env->type && take_word(e, "_Alignof", "__alignof__"))
		return sizeof_type(e, true);
	if (take_type(e, &type))
		return cast_to(e, &type, unary(e));
	return primary(e);
}

static struct cvalue unary(struct cexpr *e)
{
	struct cvalue v;

	if (++e->depth > CEXPR_DEPTH_MAX)
		return fail(e);
	v = prefixed(e);
	e->depth--;
	return v;
}

/* ---- operators ---- */

static const struct binary {
	const char *text;
	int level;
} binaries[] = {
	{ "||", 1 }, { "&&", 2 }, { "|", 3 }, { "^", 4 }, { "&", 5 }, { "==", 6 }, { "!=", 6 },
	{ "<", 7 }, { "<=", 7 }, { ">", 7 }, { ">=", 7 }, { "<<", 8 }, { ">>", 8 }, { "+", 9 },
	{ "-", 9 }, { "*", 10 }, { "/", 10 }, { "%", 10 },
};

static struct cvalue shift(const char *op, struct cvalue a, struct cvalue b)
{
	unsigned by = (unsigned)b.bits & (a.is_long ? 63 : 31);

	if (op[0] == '<')
		a.bits <<= by;
	else
		a.bits = a.is_unsigned ? a.bits >> by : (uint64_t)((int64_t)a.bits >> by);
	return settle(a);
}

static struct cvalue divide(struct cexpr *e, char op, struct cvalue a, struct cvalue b)
{
	int64_t x = (int64_t)a.bits, y = (int64_t)b.bits;

	if (!y || (y == -1 && x == INT64_MIN && !a.is_unsigned))
		return fail(e);
	if (a.is_unsigned)
		a.bits = op == '/' ? a.bits / b.bits : a.bits % b.bits;
	else
		a.bits = (uint64_t)(op == '/' ? x / y : x % y);
	return settle(a);
}

/* C's usual conversions of two operands. */
static void balance(struct cvalue *a, struct cvalue *b)
{
	bool is_long = a->is_long || b->is_long;
	bool is_unsigned = (a->is_unsigned && a->is_long == is_long) ||
			   (b->is_unsigned && b->is_long == is_long);

	a->is_long = b->is_long = is_long;
	a->is_unsigned = b->is_unsigned = is_unsigned;
	*a = settle(*a);
	*b = settle(*b);
}

static struct cvalue compare(const char *op, struct cvalue a, struct cvalue b)
{
	int order;

	if (a.is_unsigned)
		order = a.bits < b.bits ? -1 : a.bits > b.bits;
	else
		order = (int64_t)a.bits < (int64_t)b.bits ? -1 : (int64_t)a.bits > (int64_t)b.bits;
	switch (op[0]) {
	case '=': return of_int(!order);
	case '!': return of_int(order != 0);
	case '<': return of_int(op[1] ? order <= 0 : order < 0);
	default: return of_int(op[1] ? order >= 0 : order > 0);
	}
}

static struct cvalue apply(struct cexpr *e, const struct binary *op, struct cvalue a,
			   struct cvalue b)
{
	if (op->level <= 2)
		return of_int(op->level == 1 ? a.bits || b.bits : a.bits && b.bits);
	if (op->level == 8)
		return shift(op->text, a, b);
	balance(&a, &b);
	switch (op->text[0]) {
	case '|': a.bits |= b.bits; return a;
	case '^': a.bits ^= b.bits; return a;
	case '&': a.bits &= b.bits; return a;
	case '+': a.bits += b.bits; return settle(a);
	case '-': a.bits -= b.bits; return settle(a);
	case '*': a.bits *= b.bits; return settle(a);
	case '/':
	case '%': return divide(e, op->text[0], a, b);
	default: return compare(op->text, a, b);
	}
}

static const struct binary *binary_at(const struct cexpr *e)
{
	if (e->at == e->end || e->at->kind != CTOKEN_PUNCT)
		return NULL;
	for (size_t i = 0; i < sizeof(binaries) / sizeof(binaries[0]); i++)
		if (!strcmp(e->at->text, binaries[i].text))
			return &binaries[i];
	return NULL;
}

/* The right side of && and || that decides nothing may be what fails in C only
 * when evaluated: a division by zero. */
static struct cvalue right_side(struct cexpr *e, const struct binary *op, struct cvalue left);

static struct cvalue binary(struct cexpr *e, int level)
{
	struct cvalue a = unary(e);
	const struct binary *op;

	while (!e->failed && (op = binary_at(e)) && op->level >= level) {
		e->at++;
		a = apply(e, op, a, right_side(e, op, a));
	}
	return a;
}

static struct cvalue right_side(struct cexpr *e, const struct binary *op, struct cvalue left)
{
	const struct ctoken *begin = e->at;
	struct cvalue b = binary(e, op->level + 1);
	bool is_decided = (op->level == 1 && left.bits) || (op->level == 2 && !left.bits);

	if (e->failed && is_decided && e->at > begin) {
		e->failed = false;
		return of_int(0);
	}
	return b;
}

static struct cvalue cond_expr(struct cexpr *e)
{
	struct cvalue c, a, b;

	if (++e->depth > CEXPR_DEPTH_MAX)
		return fail(e);
	c = binary(e, 1);
	if (take(e, "?")) {
		a = cond_expr(e);
		if (!take(e, ":"))
			return fail(e);
		b = cond_expr(e);
		balance(&a, &b);
		c = c.bits ? a : b;
	}
	e->depth--;
	return c;
}

bool cexpr_eval(const struct cexpr_env *env, const struct ctoken *tokens, size_t n,
		struct cvalue *value, size_t *used)
{
	struct cexpr e = { .env = env, .at = tokens, .end = ctoken_end(tokens, n) };

	*value = cond_expr(&e);
	if (used)
		*used = (size_t)(e.at - tokens);
	return !e.failed && (used || e.at == e.end);
}
