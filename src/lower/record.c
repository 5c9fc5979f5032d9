/*
 * Records: what programs send to user space, and the actions that read them.
 *
 * A record of a fixed size is reserved in the ring, filled in place and
 * submitted. Values that may fail, fault or send records of their own are made
 * before. A record with long strings or stacks is built in an object and copied
 * out at its real length: such a field is an offset and a length, the bytes
 * follow behind the fixed part. A failed reserve or output is counted.
 */
#include "lower/internal.h"

#include <string.h>

#define INLINE_BYTES 64		/* longer strings, buffers and stacks have a variable length */

struct record {
	struct image_action action;
	const struct format *format;	/* or NULL */
	struct value_field *fields;
	struct node *const *values;
	size_t n;
	bool is_variable;
	uint32_t room;		/* for what follows the fixed part */
};

/* ---- layout ---- */

/* What stands before the fields. */
static uint32_t header_bytes(const struct gen *g)
{
	return sizeof(struct image_record) +
	       (g->l->image->has_context ? sizeof(struct image_context) : 0);
}

static bool varies(const struct type *t)
{
	switch (t->kind) {
	case TYPE_STRING:
	case TYPE_BUFFER:
	case TYPE_KSTACK:
	case TYPE_USTACK:
		return t->size_bytes > INLINE_BYTES;
	default:
		return false;
	}
}

static uint32_t align_of(const struct value_layout *v, const struct type *t)
{
	/* Strings are copied by words. */
	if (type_is_aggregate(t) || (t->kind == TYPE_STRING && t->size_bytes >= 8))
		return 8;
	return v->size_bytes && t->align_bytes ? t->align_bytes : 1;
}

static void add_field(struct gen *g, struct record *r, size_t i)
{
	const struct type *t = r->values[i]->type;
	struct value_field *f = &r->fields[i];
	uint32_t align, at = r->action.size_bytes;

	f->layout = lower_layout(g->l, t);
	f->is_variable = varies(t);
	align = f->is_variable ? 4 : align_of(f->layout, t);
	f->offset_bytes = (at + align - 1) / align * align;
	r->action.size_bytes = f->offset_bytes + (f->is_variable ? 8 : f->layout->size_bytes);
	if (f->is_variable) {
		r->is_variable = true;
		r->room += lower_append_room(t);
	}
}

static bool is_quiet(struct gen *g, const struct node *n);

static void lay_out(struct gen *g, struct record *r)
{
	r->fields = arena_array(&g->l->image->arena, struct value_field, r->n + 1);
	r->action.size_bytes = header_bytes(g);
	for (size_t i = 0; i < r->n; i++)
		add_field(g, r, i);
	r->action.size_bytes = (r->action.size_bytes + 7) / 8 * 8;
	lower_name_fields(g->l, r->format, r->values, r->fields, r->n);
	r->action.fields = r->fields;
	r->action.nr_fields = r->n;
}

static uint32_t add_action(struct gen *g, struct image_action action)
{
	struct image *image = g->l->image;

	vec_push(&image->arena, &image->actions, action);
	return (uint32_t)image->actions.n - 1;
}

/* ---- which values may be made while a record is reserved ---- */

static bool children_quiet(struct gen *g, const struct node *n)
{
	switch (n->kind) {
	case NODE_UNARY:
		return is_quiet(g, n->u.unary.operand);
	case NODE_BINARY:
		return n->u.binary.op != OP_DIV && n->u.binary.op != OP_MOD &&
		       is_quiet(g, n->u.binary.left) && is_quiet(g, n->u.binary.right);
	case NODE_CAST:
		return is_quiet(g, n->u.cast.operand);
	case NODE_FIELD:
		return is_quiet(g, n->u.field.object);
	case NODE_ELEMENT:
		return is_quiet(g, n->u.element.object);
	case NODE_TUPLE:
	case NODE_RECORD:
		for (size_t i = 0; i < n->u.tuple.items.n; i++)
			if (!is_quiet(g, n->u.tuple.items.at[i]))
				return false;
		return true;
	case NODE_MAP_ELEM:
		return is_quiet(g, n->u.map.keys.at[0]);
	default:
		return false;
	}
}

static bool is_quiet(struct gen *g, const struct node *n)
{
	switch (n->kind) {
	case NODE_INT:
	case NODE_BOOL:
	case NODE_STRING:
	case NODE_VAR:
	case NODE_MAP:
		return true;
	case NODE_CALL:
		/* Builtins without arguments read the task, the clock, the context. */
		return n->u.call.builtin && n->u.call.builtin->flags & BUILTIN_F_PURE &&
		       (!n->u.call.args.n || n->u.call.builtin->id == BUILTIN_arg) &&
		       n->type->kind != TYPE_USTACK;
	case NODE_FIELD:
	case NODE_UNARY:
		if (g->sleepable)
			return false;
		return children_quiet(g, n);
	default:
		return children_quiet(g, n);
	}
}

/* ---- filling ---- */

static void put_context(struct gen *g, struct ir_insn *p)
{
	const int32_t at = sizeof(struct image_record);
	struct ir_insn *v;

	v = ir_emit_call(&g->b, IR_CALL, BPF_FUNC_ktime_get_boot_ns, IR_INT, NULL, 0);
	ir_emit_store(&g->b, 8, p, at + (int32_t)offsetof(struct image_context, time_ns), v);
	v = ir_emit_call(&g->b, IR_CALL, BPF_FUNC_get_smp_processor_id, IR_INT, NULL, 0);
	ir_emit_store(&g->b, 4, p, at + (int32_t)offsetof(struct image_context, cpu), v);
	ir_emit_store(&g->b, 4, p, at + (int32_t)offsetof(struct image_context, pid),
		      lower_pid(g, NULL));
	ir_emit_store(&g->b, 4, p, at + (int32_t)offsetof(struct image_context, tid),
		      lower_tid(g, NULL));
	ir_emit_store(&g->b, 4, p, at + (int32_t)offsetof(struct image_context, reserved),
		      lower_const(g, 0));
}

static struct ir_insn *known_probe(struct gen *g)
{
	if (g->prog->uses_probe && !g->func)
		return lower_probe_index(g);
	return lower_const(g, g->prog->nr_sites == 1 ? g->prog->sites[0]->image.probe : UINT32_MAX);
}

/* When a pinned iterator runs we are gone. */
static void tell_nobody_reads(struct gen *g)
{
	struct diag *d = diag_error(g->c->diags, g->at, DIAG_NOT_HERE,
				    "a pinned iterator can only print with printf(): there is "
				    "nobody else to do what this asks for");

	if (d)
		diag_hint(g->c->diags, d, "without a name to pin it to, the iterator runs at once");
}

static void put_header(struct gen *g, struct ir_insn *p, uint32_t action, struct ir_insn *probe)
{
	if (lower_is_pinned(g))
		tell_nobody_reads(g);
	ir_emit_store(&g->b, 4, p, 0, lower_const(g, action));
	ir_emit_store(&g->b, 4, p, 4, probe);
	if (g->l->image->has_context)
		put_context(g, p);
}

/* A value that was made before: a scalar, or where it lies. */
struct early {
	struct ir_insn *scalar;
	struct place place;
	bool made;
};

static struct early make_early(struct gen *g, struct node *n)
{
	struct early e = { .made = true };
	struct ir_insn *object;

	if (lower_is_scalar(n->type)) {
		e.scalar = lower_value(g, n);
		return e;
	}
	object = lower_object(g, "argument",
			      (lower_layout(g->l, n->type)->size_bytes + 15) / 8 * 8, 8);
	lower_to(g, n, n->type, (struct dest){ .base = object, .slack = 8 });
	e.place = lower_at(object, 0);
	return e;
}

static void put_early(struct gen *g, const struct early *e, const struct type *t, struct ir_insn *p,
		      int32_t offset)
{
	if (e->scalar)
		lower_store_value(g, t->size_bytes, p, offset, e->scalar);
	else if (type_is_aggregate(t))
		ir_emit_memcpy(&g->b, p, offset, e->place.base, e->place.offset,
			       lower_layout(g->l, t)->size_bytes, 8);
	else
		lower_copy(g, (struct dest){ .base = p, .offset = offset }, t, e->place, t);
}

static struct ir_insn *ring(struct gen *g)
{
	return ir_map(g->b.func, g->l->image->ring_map);
}

/* Whether the reader wants to be woken, read as late as can be. Programs that
 * send seldom always wake it. */
static struct ir_insn *send_flags(struct gen *g)
{
	struct ir_insn *flags;

	switch (g->prog->provider->attach) {
	case ATTACH_BEGIN:
	case ATTACH_END:
	case ATTACH_SIGNAL:
	case ATTACH_TEST:
	case ATTACH_INTERVAL:
		return lower_const(g, 0);
	default:
		flags = ir_emit_load(&g->b, IR_INT, 4, false, lower_control(g, 0),
				     offsetof(struct image_control, ring_flags));
		flags->is_pinned = true;
		return flags;
	}
}

static struct ir_insn *reserve(struct gen *g, uint32_t size, struct ir_block *lost)
{
	struct ir_insn *p =
		ir_emit_helper(&g->b, BPF_FUNC_ringbuf_reserve, IR_RING_OR_NULL, ring(g),
					   lower_const(g, size), lower_const(g, 0));

	return ir_emit_null_check(&g->b, p, lost);
}

void lower_send_word(struct gen *g, enum action_kind kind, struct ir_insn *word)
{
	uint32_t size = header_bytes(g);
	uint32_t action = add_action(g, (struct image_action){ .kind = kind,
							       .size_bytes = size + 8 });
	struct ir_block *lost = lower_block(g, true), *next = lower_block(g, true);
	struct ir_insn *p = reserve(g, size + 8, lost);

	put_header(g, p, action, lower_const(g, UINT32_MAX));
	ir_emit_store(&g->b, 8, p, (int32_t)size, word);
	ir_emit_helper(&g->b, BPF_FUNC_ringbuf_submit, IR_VOID, p, lower_const(g, 0));
	ir_emit_jump(&g->b, next);
	lower_enter(g, lost);
	lower_loss(g, IMAGE_LOSS_RING);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

/* ---- the order of evaluation ---- */

struct search {
	bool changes;	/* looked for: what changes variables or maps; else what reads them */
	bool found;
};

static void search(struct node **slot, void *arg)
{
	struct search *s = arg;
	struct node *n = *slot;

	if (!n || s->found)
		return;
	switch (n->kind) {
	case NODE_VAR:
	case NODE_MAP:
	case NODE_MAP_ELEM:
		s->found = !s->changes;
		break;
	case NODE_INCDEC:
	case NODE_ASSIGN:
		s->found = true;
		break;
	case NODE_CALL:
		s->found = n->u.call.func || (s->changes && n->u.call.builtin &&
					      !(n->u.call.builtin->flags & BUILTIN_F_PURE));
		break;
	default:
		break;
	}
	if (!s->found)
		node_children(n, search, s);
}

static bool contains(struct node *n, bool changes)
{
	struct search s = { .changes = changes };

	search(&n, &s);
	return s.found;
}

/* How many of the values stand before one that changes what they may read. */
static size_t nr_before_change(const struct record *r)
{
	size_t n = r->n;

	while (n && !contains(r->values[n - 1], true))
		n--;
	return n ? n - 1 : 0;
}

static void send_fixed(struct gen *g, struct record *r)
{
	struct early *early = arena_array(g->l->arena, struct early, r->n + 1);
	uint32_t action = add_action(g, r->action);
	struct ir_block *lost = lower_block(g, true), *next = lower_block(g, false);
	size_t before = nr_before_change(r);
	struct ir_insn *p;

	for (size_t i = 0; i < r->n; i++)
		if (!is_quiet(g, r->values[i]) || (i < before && contains(r->values[i], false)))
			early[i] = make_early(g, r->values[i]);
	p = reserve(g, r->action.size_bytes, lost);
	put_header(g, p, action, known_probe(g));
	for (size_t i = 0; i < r->n; i++) {
		struct node *n = r->values[i];
		int32_t at = (int32_t)r->fields[i].offset_bytes;

		if (early[i].made)
			put_early(g, &early[i], n->type, p, at);
		else
			lower_to(g, n, n->type, (struct dest){ .base = p, .offset = at });
	}
	ir_emit_helper(&g->b, BPF_FUNC_ringbuf_submit, IR_VOID, p, send_flags(g));
	ir_emit_jump(&g->b, next);
	lower_enter(g, lost);
	/* Without its record exit() ends the run all the same, by the flag. */
	if (r->action.kind != ACTION_EXIT)
		lower_loss(g, IMAGE_LOSS_RING);
	ir_emit_jump(&g->b, next);
	lower_enter(g, next);
}

static uint32_t field_end(const struct value_field *f)
{
	return f->offset_bytes + (f->is_variable ? 8 : f->layout->size_bytes);
}

/* What lies between the fields is sent with them: not all kernels allow that to
 * be stack that was never written. */
static void clear_gaps(struct gen *g, const struct record *r, struct ir_insn *p)
{
	uint32_t at = header_bytes(g);

	if (lower_has(g, FEATURE_UNINIT_STACK))
		return;
	for (size_t i = 0; i <= r->n; i++) {
		uint32_t next = i < r->n ? r->fields[i].offset_bytes : r->action.size_bytes;

		if (next > at)
			ir_emit_memzero(&g->b, p, (int32_t)at, next - at);
		at = i < r->n ? field_end(&r->fields[i]) : next;
	}
}

static void send_variable(struct gen *g, struct record *r)
{
	uint32_t fixed = r->action.size_bytes, action = add_action(g, r->action);
	struct ir_insn *p = lower_object(g, "record", fixed + r->room, 8), *len, *err;
	struct ir_insn *end = lower_const(g, fixed);

	put_header(g, p, action, known_probe(g));
	clear_gaps(g, r, p);
	for (size_t i = 0; i < r->n; i++) {
		struct node *n = r->values[i];
		int32_t at = (int32_t)r->fields[i].offset_bytes;

		if (!r->fields[i].is_variable) {
			lower_to(g, n, n->type, (struct dest){ .base = p, .offset = at });
			continue;
		}
		len = lower_append(g, n, ir_emit_binary(&g->b, IR_ADD, p, end));
		ir_emit_store(&g->b, 4, p, at, end);
		ir_emit_store(&g->b, 4, p, at + 4, len);
		end = ir_emit_binary(&g->b, IR_ADD, end, len);
	}
	err = ir_emit_helper(&g->b, BPF_FUNC_ringbuf_output, IR_INT, ring(g), p, end,
			     send_flags(g));
	lower_loss_if(g, IR_NE, err, 0, IMAGE_LOSS_RING);
}

static void send(struct gen *g, struct record *r)
{
	lay_out(g, r);
	if (r->is_variable)
		send_variable(g, r);
	else
		send_fixed(g, r);
}

void lower_send(struct gen *g, struct image_action action, struct node *const *values, size_t n)
{
	struct record r = { .action = action, .values = values, .n = n };

	send(g, &r);
}

void lower_runtime_error(struct gen *g, const char *text, struct loc loc)
{
	lower_send(g, (struct image_action){ .kind = ACTION_RUNTIME_ERROR, .text = text,
					     .place = lower_image_place(g->l, loc) }, NULL, 0);
}

/* ---- notes ---- */

#define NOTE_PARTS 3

void lower_note(struct gen *g, enum action_kind kind, struct loc loc, const char *before,
		struct ir_insn *number, const char *after)
{
	struct arena *a = &g->l->image->arena;
	struct image_conversion *format = arena_array(a, struct image_conversion, NOTE_PARTS);
	struct value_field *field = arena_new(a, struct value_field);
	struct image_action action = { .kind = kind, .format = format, .nr_format = NOTE_PARTS,
				       .fields = field, .nr_fields = number ? 1 : 0,
				       .place = lower_image_place(g->l, loc),
				       .size_bytes = header_bytes(g) + 8 };
	struct ir_insn *p = lower_object(g, "note", action.size_bytes, 8), *err;

	field->layout = lower_layout(g->l, type_int(g->c->types, 8, true));
	field->offset_bytes = header_bytes(g);
	format[0] = (struct image_conversion){ .text = arena_strdup(a, before),
					       .len = (uint32_t)strlen(before) };
	format[1] = (struct image_conversion){ .kind = number ? CONV_SIGNED : CONV_TEXT,
					       .text = "", .int_bytes = 8 };
	format[2] = (struct image_conversion){ .text = arena_strdup(a, after),
					       .len = (uint32_t)strlen(after) };
	put_header(g, p, add_action(g, action), known_probe(g));
	ir_emit_store(&g->b, 8, p, (int32_t)header_bytes(g),
		      number ? number : lower_const(g, 0));
	err = ir_emit_helper(&g->b, BPF_FUNC_ringbuf_output, IR_INT, ring(g), p,
			     lower_const(g, action.size_bytes), send_flags(g));
	lower_loss_if(g, IR_NE, err, 0, IMAGE_LOSS_RING);
}

/* ---- formats ---- */

static const struct image_conversion *conversions(struct gen *g, const struct format *f)
{
	struct arena *a = &g->l->image->arena;
	struct image_conversion *out = arena_array(a, struct image_conversion, f->pieces.n + 1);

	for (size_t i = 0; i < f->pieces.n; i++) {
		const struct format_piece *piece = &f->pieces.at[i];

		out[i] = piece->conv;
		if (!piece->text)
			continue;
		out[i].kind = CONV_TEXT;
		out[i].text = arena_strndup(a, piece->text, piece->len);
		out[i].len = (uint32_t)piece->len;
	}
	return out;
}

static struct ir_insn *send_format(struct gen *g, struct node *n, enum action_kind kind)
{
	const struct format *f = n->u.call.aux;
	struct record r = {
		.action = { .kind = kind, .format = conversions(g, f), .nr_format = f->pieces.n,
			    .place = lower_image_place(g->l, n->loc) },
		.format = f, .values = n->u.call.args.at + 1, .n = n->u.call.args.n - 1,
	};

	if (kind == ACTION_PRINTF && lower_is_pinned(g))
		return lower_seq_printf(g, n);
	send(g, &r);
	return NULL;
}

#define FORMAT_CALL(name, kind)								\
struct ir_insn *lower_call_##name(struct gen *g, struct node *n, const struct dest *d);	\
struct ir_insn *lower_call_##name(struct gen *g, struct node *n, const struct dest *d)	\
{											\
	(void)d;									\
	return send_format(g, n, kind);							\
}

FORMAT_CALL(printf, ACTION_PRINTF)
FORMAT_CALL(errorf, ACTION_ERRORF)
FORMAT_CALL(warnf, ACTION_WARNF)
FORMAT_CALL(cat, ACTION_CAT)
FORMAT_CALL(system, ACTION_SYSTEM)

/* ---- maps ---- */

static struct image_action map_action(const struct node *call, enum action_kind kind)
{
	const struct node *map = call->u.call.args.at[0];
	struct image_action a = { .kind = kind, .script_map = map->u.map.map->index };
	uint64_t *rest[] = { &a.top, &a.div };

	for (size_t i = 1; i < call->u.call.args.n && i <= 2; i++) {
		const struct node *n = call->u.call.args.at[i];

		while (n->kind == NODE_CAST)
			n = n->u.cast.operand;
		*rest[i - 1] = n->u.integer.value;
	}
	return a;
}

void lower_take(struct gen *g, struct node *stmt, bool is_zero)
{
	struct image_action a;

	while (stmt->kind != NODE_CALL)
		stmt = stmt->u.unary.operand;
	a = map_action(stmt, ACTION_TAKE);
	a.take_zero = is_zero;
	lower_send(g, a, NULL, 0);
}

struct ir_insn *lower_call_print(struct gen *g, struct node *n, const struct dest *d);
struct ir_insn *lower_call_print(struct gen *g, struct node *n, const struct dest *d)
{
	const struct node *x = n->u.call.args.at[0];

	(void)d;
	if (x->kind == NODE_MAP)
		lower_send(g, map_action(n, ACTION_PRINT_MAP), NULL, 0);
	else
		lower_send(g, (struct image_action){ .kind = ACTION_PRINT_VALUE },
			   n->u.call.args.at, 1);
	return NULL;
}

struct ir_insn *lower_call_clear(struct gen *g, struct node *n, const struct dest *d);
struct ir_insn *lower_call_clear(struct gen *g, struct node *n, const struct dest *d)
{
	(void)d;
	lower_send(g, map_action(n, ACTION_CLEAR), NULL, 0);
	return NULL;
}

struct ir_insn *lower_call_zero(struct gen *g, struct node *n, const struct dest *d);
struct ir_insn *lower_call_zero(struct gen *g, struct node *n, const struct dest *d)
{
	(void)d;
	lower_send(g, map_action(n, ACTION_ZERO), NULL, 0);
	return NULL;
}

/* ---- others ---- */

static struct node *literal_u64(struct gen *g, uint64_t value)
{
	struct node *n = node_new(g->l->arena, NODE_INT, (struct loc){ 0 });

	n->u.integer.value = value;
	n->type = type_int(g->c->types, 8, false);
	return n;
}

/* The flag stops all programs, this one too. */
struct ir_insn *lower_call_exit(struct gen *g, struct node *n, const struct dest *d);
struct ir_insn *lower_call_exit(struct gen *g, struct node *n, const struct dest *d)
{
	struct node *code = n->u.call.args.n ? n->u.call.args.at[0] : literal_u64(g, 0);
	struct ir_insn *v;

	(void)d;
	lower_send(g, (struct image_action){ .kind = ACTION_EXIT }, &code, 1);
	v = lower_value(g, code);
	ir_emit_store(&g->b, 4, lower_control(g, 0), offsetof(struct image_control, exit_code), v);
	ir_emit_store(&g->b, 4, lower_control(g, 0), offsetof(struct image_control, stopped),
		      lower_const(g, 1));
	lower_exit(g);
	return NULL;
}

static const char *literal_text(struct gen *g, const struct node *n, const char *otherwise)
{
	while (n && n->kind == NODE_CAST)
		n = n->u.cast.operand;
	if (!n || n->kind != NODE_STRING)
		return otherwise;
	return arena_strndup(&g->l->image->arena, n->u.string.text, n->u.string.len);
}

struct ir_insn *lower_call_time(struct gen *g, struct node *n, const struct dest *d);
struct ir_insn *lower_call_time(struct gen *g, struct node *n, const struct dest *d)
{
	const struct node *format = n->u.call.args.n ? n->u.call.args.at[0] : NULL;

	(void)d;
	lower_send(g, (struct image_action){ .kind = ACTION_TIME,
					     .text = literal_text(g, format, "%H:%M:%S\n") },
		      NULL, 0);
	return NULL;
}

/* ---- join: up to 16 strings behind an array of pointers ---- */

#define JOIN_STRINGS 16
#define JOIN_BYTES 1024

/* The string behind one pointer; none, and on to `done`, behind a null. */
static void join_one(struct gen *g, struct place array, struct ir_insn *p, uint32_t offset,
		     struct ir_var *end, struct ir_block *done)
{
	struct ir_insn *slot = lower_object(g, "pointer", 8, 8), *len;
	struct ir_insn *at = ir_var_read(&g->b, end);
	struct ir_block *there = lower_block(g, false);
	struct place text = { .kind = array.kind };

	lower_read(g, slot, 0, 8, array);
	text.base = ir_emit_load(&g->b, IR_INT, 8, false, slot, 0);
	ir_emit_branch(&g->b, IR_NE, text.base, lower_const(g, 0), there, done);
	lower_enter(g, there);
	len = lower_read_str(g, ir_emit_binary(&g->b, IR_ADD, p, at), JOIN_BYTES,
			     lower_const(g, JOIN_BYTES), text);
	ir_emit_store(&g->b, 4, p, (int32_t)offset, at);
	ir_emit_store(&g->b, 4, p, (int32_t)offset + 4, len);
	ir_var_write(&g->b, end, ir_emit_binary(&g->b, IR_ADD, at, len));
}

static uint32_t join_offset(const struct gen *g, uint32_t i)
{
	return header_bytes(g) + i * 8;
}

/* All strings to the record at p; returns where they end. */
static struct ir_insn *join_all(struct gen *g, struct place array, struct ir_insn *p)
{
	struct ir_var *end = ir_var_new(g->b.func, "end", IR_INT);
	struct ir_block *done = lower_block(g, false);

	ir_var_write(&g->b, end, lower_const(g, join_offset(g, JOIN_STRINGS)));
	for (uint32_t i = 0; i < JOIN_STRINGS; i++, array.offset += 8)
		join_one(g, array, p, join_offset(g, i), end, done);
	ir_emit_jump(&g->b, done);
	lower_enter(g, done);
	return ir_var_read(&g->b, end);
}

/* The same as a function of the program, for those that are large. */
static struct ir_func *join_func(struct gen *g, enum place_kind kind)
{
	static const enum ir_type params[] = { IR_MAPVAL_OR_NULL, IR_INT };
	struct ir_func **f = lower_shared_func(g, SHARED_JOIN, kind), *known = *f;
	struct place array = { .kind = kind };
	struct ir_block *null;
	struct ir_insn *p;
	struct outside out;

	if (known)
		return known;
	known = *f = lower_func_enter(g, &out, "join", params, 2);
	known->is_apart = true;
	known->is_global = lower_has(g, FEATURE_GLOBAL_FUNC_MEM);
	known->param_bytes = join_offset(g, JOIN_STRINGS) + JOIN_STRINGS * JOIN_BYTES;
	null = lower_block(g, true);
	p = ir_emit_null_check(&g->b, ir_param(known, 0), null);
	array.base = ir_param(known, 1);
	ir_emit_ret(&g->b, join_all(g, array, p));
	lower_enter(g, null);
	ir_emit_ret(&g->b, lower_const(g, 0));
	lower_func_leave(g, &out);
	return known;
}

static struct ir_insn *join_strings(struct gen *g, struct place array, struct ir_insn *p)
{
	struct ir_insn *args[2], *end;

	if (!g->is_large || array.kind == PLACE_DIRECT || array.base->type != IR_INT ||
	    g->frames + 1 > KERNEL_FRAMES)
		return join_all(g, array, p);
	args[0] = p;
	args[1] = ir_emit_binary_imm(&g->b, IR_ADD, array.base, array.offset);
	end = ir_emit_call(&g->b, IR_FCALL, join_func(g, array.kind)->index, IR_INT, args, 2);
	return lower_at_most(g, end, join_offset(g, JOIN_STRINGS) + JOIN_STRINGS * JOIN_BYTES);
}

struct ir_insn *lower_call_join(struct gen *g, struct node *n, const struct dest *d);
struct ir_insn *lower_call_join(struct gen *g, struct node *n, const struct dest *d)
{
	const struct node *separator = n->u.call.args.n > 1 ? n->u.call.args.at[1] : NULL;
	uint32_t fixed = join_offset(g, JOIN_STRINGS), action;
	struct image_action a = { .kind = ACTION_JOIN, .text = literal_text(g, separator, " "),
				  .nr_fields = JOIN_STRINGS, .size_bytes = fixed };
	struct value_field *f = arena_array(&g->l->image->arena, struct value_field, JOIN_STRINGS);
	struct place array = lower_str_source(g, n->u.call.args.at[0]);
	struct ir_insn *p, *err;

	(void)d;
	a.fields = f;
	for (uint32_t i = 0; i < JOIN_STRINGS; i++)
		f[i] = (struct value_field){
			.layout = lower_layout(g->l, type_string(g->c->types, JOIN_BYTES)),
			.offset_bytes = join_offset(g, i),
			.is_variable = true };
	action = add_action(g, a);
	p = lower_object(g, "joined", fixed + JOIN_STRINGS * JOIN_BYTES, 8);
	ir_emit_memzero(&g->b, p, 8, fixed - 8);
	put_header(g, p, action, known_probe(g));
	err = ir_emit_helper(&g->b, BPF_FUNC_ringbuf_output, IR_INT, ring(g), p,
			     join_strings(g, array, p), lower_const(g, 0));
	lower_loss_if(g, IR_NE, err, 0, IMAGE_LOSS_RING);
	return NULL;
}
