/*
 * Values of the tree's interpreter: conversion, equality, order.
 */
#include "tests/differential/tree_impl.h"
#include "tests/vm/bytes.h"

#include <string.h>

uint64_t val_extend(const struct type *type, uint64_t n)
{
	unsigned drop = 64 - 8 * type->size_bytes;

	if (type->kind == TYPE_BOOL)
		return n != 0;
	if (type->kind != TYPE_INT && type->kind != TYPE_ENUM)
		return n;
	if (drop >= 64)
		return n;
	return type->is_signed ? (uint64_t)((int64_t)(n << drop) >> drop) : n << drop >> drop;
}

struct val val_number(const struct type *type, uint64_t n)
{
	return (struct val){ .n = val_extend(type, n) };
}

static struct val zero_items(struct tree *t, const struct type *type, size_t nr)
{
	struct val *items = arena_array(t->arena, struct val, nr + 1);

	for (size_t i = 0; i < nr; i++)
		items[i] = val_zero(t, type->kind == TYPE_ARRAY ? type->target
								: type->fields[i].type);
	return (struct val){ .items = items, .nr = nr };
}

struct val val_zero(struct tree *t, const struct type *type)
{
	switch (type->kind) {
	case TYPE_TUPLE:
	case TYPE_RECORD:
		return zero_items(t, type, type->nr_fields);
	case TYPE_ARRAY:
		return zero_items(t, type, type->count);
	case TYPE_STRUCT:
		return (struct val){ .s = arena_alloc(t->arena, type->size_bytes + 1),
				     .len = type->size_bytes };
	default:
		return (struct val){ .s = "" };
	}
}

static size_t field_by_name(const struct type *type, const char *name)
{
	for (size_t i = 0; i < type->nr_fields; i++)
		if (type->fields[i].name == name)
			return i;
	return 0;
}

/* Items from their places in `from` to those in `to`. */
static struct val convert_items(struct tree *t, const struct val *v, const struct type *from,
				const struct type *to)
{
	struct val *items = arena_array(t->arena, struct val, to->nr_fields + 1);

	for (size_t i = 0; i < to->nr_fields; i++) {
		size_t k = to->kind == TYPE_RECORD ? field_by_name(from, to->fields[i].name) : i;

		items[i] = val_convert(t, &v->items[k], from->fields[k].type, to->fields[i].type);
	}
	return (struct val){ .items = items, .nr = to->nr_fields };
}

/* A smaller integer fills what is left with zeroes, whatever its sign. */
static struct val array_of(struct tree *t, uint64_t n, const struct type *from,
			   const struct type *to)
{
	struct val *items = arena_array(t->arena, struct val, to->count + 1);
	uint32_t size = to->target->size_bytes;
	uint8_t bytes[8] = { 0 };

	bytes_store(bytes, n, from->size_bytes);
	for (uint32_t i = 0; i < to->count; i++)
		items[i] = val_number(to->target,
				      i * size < 8 ? bytes_load(bytes + i * size, size) : 0);
	return (struct val){ .items = items, .nr = to->count };
}

static uint64_t number_of(const struct val *v, const struct type *from, const struct type *to)
{
	uint32_t size = from->target->size_bytes;
	uint8_t bytes[8] = { 0 };

	for (size_t i = 0; i < v->nr && i * size < 8; i++)
		bytes_store(bytes + i * size, v->items[i].n, size);
	return bytes_load(bytes, to->size_bytes);
}

struct val val_convert(struct tree *t, const struct val *v, const struct type *from,
		       const struct type *to)
{
	if (from == to)
		return *v;
	if ((to->kind == TYPE_TUPLE || to->kind == TYPE_RECORD) && from->kind == to->kind)
		return convert_items(t, v, from, to);
	if (to->kind == TYPE_STRING && from->kind == TYPE_STRING) {
		if (v->len > to->size_bytes)
			tree_fail(t, "a string is cut");
		if (from->size_bytes < to->size_bytes)
			hit(t, STRING_GROWS);
		return *v;
	}
	if (to->kind == TYPE_ARRAY && from->kind != TYPE_ARRAY)
		return array_of(t, v->n, from, to);
	if (from->kind == TYPE_ARRAY && to->kind != TYPE_ARRAY)
		return val_number(to, number_of(v, from, to));
	if (to->kind == TYPE_BOOL && from->kind == TYPE_STRING)
		return val_number(to, v->len != 0);
	if (to->kind == TYPE_POINTER && from->kind == TYPE_INT)
		return (struct val){ .n = val_extend(from, v->n) };
	if (to->kind == TYPE_INT || to->kind == TYPE_BOOL || to->kind == TYPE_ENUM)
		return val_number(to, v->n);
	return *v;
}

/* ---- equality ---- */

static bool strings_equal(struct tree *t, const struct val *a, const struct type *at,
			  const struct val *b, const struct type *bt)
{
	size_t size = at->size_bytes < bt->size_bytes ? at->size_bytes : bt->size_bytes;
	size_t a_len = a->len < size ? a->len : size, b_len = b->len < size ? b->len : size;

	if (at->size_bytes == bt->size_bytes)
		hit(t, COMPARE_STRING);
	else
		hit(t, COMPARE_STRING_SIZES);
	return a_len == b_len && !memcmp(a->s, b->s, a_len);
}

bool val_equal(struct tree *t, const struct val *a, const struct type *at, const struct val *b,
	       const struct type *bt)
{
	if (at->kind == TYPE_STRING)
		return strings_equal(t, a, at, b, bt);
	if (at->kind == TYPE_BUFFER)
		return a->len == b->len && !memcmp(a->s, b->s, a->len);
	if (at->kind != TYPE_TUPLE && at->kind != TYPE_RECORD && at->kind != TYPE_ARRAY)
		return a->n == b->n;
	for (size_t i = 0; i < a->nr; i++) {
		bool is_array = at->kind == TYPE_ARRAY;
		size_t k = at->kind == TYPE_RECORD ? field_by_name(bt, at->fields[i].name) : i;

		if (!val_equal(t, &a->items[i], is_array ? at->target : at->fields[i].type,
			       &b->items[k], is_array ? bt->target : bt->fields[k].type))
			return false;
	}
	return true;
}

/* ---- order ---- */

static int order_texts(const struct val *a, const struct val *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = len ? memcmp(a->s, b->s, len) : 0;

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

int val_order(const struct val *a, const struct val *b, const struct type *type)
{
	int order = 0;

	switch (type->kind) {
	case TYPE_STRING:
	case TYPE_BUFFER:
	case TYPE_STRUCT:
		return order_texts(a, b);
	case TYPE_TUPLE:
	case TYPE_RECORD:
	case TYPE_ARRAY:
		for (size_t i = 0; i < a->nr && !order; i++)
			order = val_order(&a->items[i], &b->items[i],
					  type->kind == TYPE_ARRAY ? type->target
								   : type->fields[i].type);
		return order;
	default:
		if (type->is_signed)
			return ((int64_t)a->n > (int64_t)b->n) - ((int64_t)a->n < (int64_t)b->n);
		return (a->n > b->n) - (a->n < b->n);
	}
}

bool val_true(const struct val *v, const struct type *type)
{
	return type->kind == TYPE_STRING ? v->len != 0 : v->n != 0;
}
