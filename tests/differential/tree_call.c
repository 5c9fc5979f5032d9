/*
 * Calls of builtins in the checked tree: one function each.
 */
#include "tests/differential/tree_impl.h"

#include <string.h>

#define MAX_VALUES 128

static void push_event(struct tree *t, struct tree_event e)
{
	vec_push(t->arena, &t->events, e);
}

static struct val none(void)
{
	return (struct val){ .s = "" };
}

static struct val truth(bool value)
{
	return (struct val){ .s = "", .n = value };
}

/* ---- output ---- */

static struct val call_printf(struct tree *t, const struct node *n)
{
	struct val args[MAX_VALUES];
	struct sbuf text = { 0 };

	hit(t, PRINTF);
	for (size_t i = 1; i < n->u.call.args.n; i++)
		args[i - 1] = tree_eval(t, n->u.call.args.at[i]);
	tree_printf(t, &text, n, args);
	tree_emit(t, &text);
	return none();
}

static uint64_t literal(const struct node *n, size_t i)
{
	return i < n->u.call.args.n ? n->u.call.args.at[i]->u.integer.value : 0;
}

static struct val call_print(struct tree *t, const struct node *n)
{
	const struct node *what = n->u.call.args.at[0];
	struct sbuf text = { 0 };
	struct val v;

	if (what->kind == NODE_MAP) {
		hit(t, PRINT_MAP);
		if (literal(n, 1))
			hit(t, PRINT_TOP);
		push_event(t, (struct tree_event){ .kind = EVENT_PRINT_MAP,
						   .map = tree_map(t, what->u.map.map),
						   .top = literal(n, 1), .div = literal(n, 2) });
		return none();
	}
	hit(t, PRINT_VALUE);
	v = tree_eval(t, what);
	val_print(t, &text, &v, what->type);
	sbuf_putc(&text, '\n');
	tree_emit(t, &text);
	return none();
}

static struct val call_clear(struct tree *t, const struct node *n)
{
	hit(t, CLEAR);
	push_event(t, (struct tree_event){ .kind = EVENT_CLEAR,
					   .map = tree_map(t, n->u.call.args.at[0]->u.map.map) });
	return none();
}

static struct val call_zero(struct tree *t, const struct node *n)
{
	hit(t, ZERO);
	push_event(t, (struct tree_event){ .kind = EVENT_ZERO,
					   .map = tree_map(t, n->u.call.args.at[0]->u.map.map) });
	return none();
}

static struct val call_exit(struct tree *t, const struct node *n)
{
	(void)n;
	hit(t, EXIT);
	push_event(t, (struct tree_event){ .kind = EVENT_EXIT });
	t->stopped = true;
	if (t->func) {
		hit(t, FUNC_EXIT);
		longjmp(t->ended, 1);
	}
	t->flow = FLOW_RETURN;
	return none();
}

/* ---- maps ---- */

static struct val call_delete(struct tree *t, const struct node *n)
{
	const struct node *what = n->u.call.args.at[0];
	struct val key = tree_key(t, what);
	bool found = tree_entry_delete(t, tree_map(t, what->u.map.map), &key);

	if (what->u.map.map->is_scalar)
		hit(t, DELETE_SCALAR);
	else if (found)
		hit(t, DELETE_PRESENT);
	else
		hit(t, DELETE_ABSENT);
	return truth(found);
}

static struct val call_has_key(struct tree *t, const struct node *n)
{
	const struct node *what = n->u.call.args.at[0];
	struct val key = tree_key(t, what);

	hit(t, HAS_KEY);
	return truth(tree_entry(t, tree_map(t, what->u.map.map), &key));
}

static struct val call_find(struct tree *t, const struct node *n)
{
	const struct node *what = n->u.call.args.at[0], *var = n->u.call.args.at[1];
	struct val key = tree_key(t, what);
	struct tree_entry *e = tree_entry(t, tree_map(t, what->u.map.map), &key);
	struct val v;

	if (!e) {
		hit(t, FIND_NOT);
		return truth(false);
	}
	hit(t, FIND_FOUND);
	v = type_is_aggregate(what->type) ? val_number(var->type, tree_aggregate_read(what->type, e))
					  : e->value;
	tree_var_set(t, var->u.var.var, &v, type_is_aggregate(what->type) ? var->type : what->type);
	return truth(true);
}

static struct val call_len(struct tree *t, const struct node *n)
{
	const struct node *what = n->u.call.args.at[0];

	if (what->kind != NODE_MAP) {
		tree_fail(t, "len of something else");
		return none();
	}
	hit(t, LEN);
	return (struct val){ .s = "", .n = tree_map(t, what->u.map.map)->entries.n };
}

/* ---- strings and numbers ---- */

static struct val call_str(struct tree *t, const struct node *n)
{
	struct val v = tree_eval(t, n->u.call.args.at[0]), len;
	uint64_t max = n->type->size_bytes;

	if (n->u.call.args.at[0]->type->kind == TYPE_POINTER) {
		len.n = max;
		if (n->u.call.args.n == 2)
			len = tree_eval(t, n->u.call.args.at[1]);
		max = len.n < max ? len.n : max;
		return tree_read_text(t, v.n, max ? max - 1 : 0);
	}
	if (n->u.call.args.at[0]->type->kind != TYPE_STRING) {
		tree_fail(t, "str of something else");
		return v;
	}
	if (n->u.call.args.n == 1) {
		hit(t, STR);
		return v;
	}
	hit(t, STR_LENGTH);
	len = tree_eval(t, n->u.call.args.at[1]);
	if (len.n < max)
		max = len.n;
	/* The length counts the NUL. */
	max = max ? max - 1 : 0;
	if (v.len > max)
		v.len = max;
	return v;
}

static struct val call_strlen(struct tree *t, const struct node *n)
{
	struct val v = tree_eval(t, n->u.call.args.at[0]);

	hit(t, STRLEN);
	return (struct val){ .s = "", .n = v.len };
}

static struct val call_strncmp(struct tree *t, const struct node *n)
{
	struct val x = tree_eval(t, n->u.call.args.at[0]), y = tree_eval(t, n->u.call.args.at[1]);
	uint64_t max = tree_eval(t, n->u.call.args.at[2]).n;
	size_t x_len = x.len < max ? x.len : max, y_len = y.len < max ? y.len : max;

	hit(t, STRNCMP);
	return truth(x_len != y_len || memcmp(x.s, y.s, x_len));
}

static struct val call_bswap(struct tree *t, const struct node *n)
{
	const struct type *type = n->u.call.args.at[0]->type;
	struct val v = tree_eval(t, n->u.call.args.at[0]);

	hit(t, BSWAP);
	return val_number(n->type, __builtin_bswap64(v.n) >> (64 - 8 * type->size_bytes));
}

static struct val call_buf(struct tree *t, const struct node *n)
{
	struct val v = tree_eval(t, n->u.call.args.at[0]), len = { 0 };
	uint64_t max = n->type->size_bytes - 4;
	uint8_t *bytes = arena_alloc(t->arena, n->u.call.args.at[0]->type->size_bytes + 1);

	hit(t, BUF);
	tree_store(n->u.call.args.at[0]->type, &v, bytes);
	len.n = n->u.call.args.at[0]->type->size_bytes;
	if (n->u.call.args.n > 1)
		len = tree_eval(t, n->u.call.args.at[1]);
	if (len.n > n->u.call.args.at[0]->type->size_bytes)
		tree_fail(t, "a buffer beyond memory");
	return (struct val){ .s = (char *)bytes, .len = len.n < max ? len.n : max };
}

typedef struct val (*call_fn)(struct tree *t, const struct node *n);

static const call_fn calls[BUILTIN_ID_COUNT] = {
	[BUILTIN_printf] = call_printf, [BUILTIN_print] = call_print,
	[BUILTIN_clear] = call_clear, [BUILTIN_zero] = call_zero, [BUILTIN_exit] = call_exit,
	[BUILTIN_delete] = call_delete, [BUILTIN_has_key] = call_has_key,
	[BUILTIN_find] = call_find, [BUILTIN_len] = call_len, [BUILTIN_str] = call_str,
	[BUILTIN_strlen] = call_strlen, [BUILTIN_strncmp] = call_strncmp,
	[BUILTIN_bswap] = call_bswap, [BUILTIN_buf] = call_buf,
};

struct val tree_call(struct tree *t, const struct node *n)
{
	call_fn fn = n->u.call.builtin ? calls[n->u.call.builtin->id] : NULL;

	if (n->u.call.func)
		return tree_func(t, n);
	if (fn)
		return fn(t, n);
	tree_fail(t, "unknown call");
	return none();
}
