/*
 * Where objects go: stack or scratch, shared bytes, chains of callbacks.
 */
#include "ir_text.h"

static uint32_t object(struct ir_fix *x, const char *name, uint32_t size)
{
	return ir_object_new(x->f, name, size, 8);
}

static void use(struct ir_fix *x, uint32_t object, int64_t map)
{
	struct ir_insn *p = ir_object(x->f, object);

	ir_emit_memzero(&x->b, p, 0, x->f->objects.at[object].size_bytes);
	ir_emit_helper(&x->b, 3, IR_INT, ir_map(x->f, (uint32_t)map), p);
}

static void finish(struct ir_fix *x)
{
	ir_emit_ret(&x->b, ir_const(x->f, 0));
	ir_fix_seal_all(x);
	ir_fix_verify(x);
	ir_place_objects(x->m);
	ir_fix_verify(x);
}

static void test_share(void **state)
{
	struct ir_fix x;
	uint32_t a, b, c;

	(void)state;
	ir_fix_open(&x);
	a = object(&x, "a", 16), b = object(&x, "b", 24), c = object(&x, "c", 8);
	ir_emit_store(&x.b, 8, ir_object(x.f, c), 0, ir_const(x.f, 1));
	use(&x, a, 1);
	use(&x, b, 1);
	ir_emit_helper(&x.b, 3, IR_INT, ir_map(x.f, 1), ir_object(x.f, c));
	finish(&x);
	assert_int_equal(x.f->stack_bytes, 32);
	assert_int_equal(x.f->objects.at[c].offset, -32);
	assert_int_equal(x.f->objects.at[a].offset, -24);
	assert_int_equal(x.f->objects.at[b].offset, -24);
	ir_fix_close(&x);
}

/* An object that is filled field by field begins with its first store. */
static void test_share_partial(void **state)
{
	struct ir_fix x;
	uint32_t a, b;

	(void)state;
	ir_fix_open(&x);
	a = object(&x, "a", 16), b = object(&x, "b", 16);
	for (int k = 0; k < 2; k++) {
		struct ir_insn *p = ir_object(x.f, k ? b : a);

		ir_emit_store(&x.b, 8, p, 0, ir_const(x.f, 1));
		ir_emit_store(&x.b, 4, p, 8, ir_const(x.f, 1));
		ir_emit_helper(&x.b, 3, IR_INT, ir_map(x.f, 1), p);
	}
	finish(&x);
	assert_int_equal(x.f->stack_bytes, 16);
	ir_fix_close(&x);
}

static void test_keep_and_escape(void **state)
{
	struct ir_fix x;
	uint32_t kept, stored, c;

	(void)state;
	ir_fix_open(&x);
	kept = object(&x, "kept", 8), stored = object(&x, "stored", 8), c = object(&x, "c", 8);
	x.f->objects.at[kept].keep = true;
	use(&x, kept, 1);
	use(&x, stored, 1);
	ir_emit_store(&x.b, 8, ir_object(x.f, kept), 0, ir_object(x.f, stored));
	use(&x, c, 1);
	finish(&x);
	assert_int_equal(x.f->stack_bytes, 24);
	ir_fix_close(&x);
}

/* Both arms of a branch share; a value alive over a loop does not. */
static void test_branches(void **state)
{
	struct ir_fix x;
	uint32_t over, a, b;
	struct ir_block *then, *other, *end;

	(void)state;
	ir_fix_open(&x);
	over = object(&x, "over", 8), a = object(&x, "a", 32), b = object(&x, "b", 32);
	then = ir_fix_block(&x), other = ir_fix_block(&x), end = ir_fix_block(&x);
	ir_emit_store(&x.b, 8, ir_object(x.f, over), 0, ir_const(x.f, 7));
	ir_emit_branch(&x.b, IR_EQ, ir_param(x.f, 1), ir_const(x.f, 0), then, other);
	ir_continue_in(&x.b, then);
	use(&x, a, 1);
	ir_emit_jump(&x.b, end);
	ir_continue_in(&x.b, other);
	use(&x, b, 1);
	ir_emit_branch(&x.b, IR_EQ, ir_param(x.f, 1), ir_const(x.f, 4), other, end);
	ir_continue_in(&x.b, end);
	ir_emit_helper(&x.b, 3, IR_INT, ir_map(x.f, 1), ir_object(x.f, over));
	finish(&x);
	assert_int_equal(x.f->stack_bytes, 40);
	ir_fix_close(&x);
}

/* Of a key the map's key size is read, and not what else the object may hold: in a
 * loop keys share bytes as well. */
static void test_keys_in_loop(void **state)
{
	static const struct ir_map_facts maps[] = { { 0, 0 }, { 1, 8 } };
	struct ir_block *body, *end;
	struct ir_fix x;

	(void)state;
	ir_fix_open(&x);
	x.m->maps = maps;
	x.m->nr_maps = 2;
	body = ir_fix_block(&x), end = ir_fix_block(&x);
	ir_emit_jump(&x.b, body);
	ir_continue_in(&x.b, body);
	for (int k = 0; k < 3; k++) {
		struct ir_insn *p = ir_object(x.f, object(&x, "key", 16));

		ir_emit_store(&x.b, 1, p, 0, ir_const(x.f, k));
		ir_emit_helper(&x.b, 3, IR_INT, ir_map(x.f, 1), p);
	}
	ir_emit_branch(&x.b, IR_EQ, ir_param(x.f, 1), ir_const(x.f, 4), body, end);
	ir_continue_in(&x.b, end);
	finish(&x);
	assert_int_equal(x.f->stack_bytes, 16);
	ir_fix_close(&x);
}

/* A loop around an iterator with `branches` ways to go on, each with a key. */
static enum ir_place key_place_in_loop(uint32_t branches)
{
	struct ir_block *head, *body, *end;
	struct ir_insn *it, *next, *p;
	enum ir_place where;
	struct ir_fix x;

	ir_fix_open(&x);
	x.m->scratch_owner = IR_SCRATCH_PERCPU;
	head = ir_fix_block(&x), end = ir_fix_block(&x);
	it = ir_object(x.f, object(&x, "iterator", 8));
	x.f->objects.at[0].place = IR_PLACE_STACK;
	ir_emit_memzero(&x.b, it, 0, 8);
	ir_emit_jump(&x.b, head);
	ir_continue_in(&x.b, head);
	next = ir_emit_call(&x.b, IR_KCALL, 77, IR_MAPVAL_OR_NULL, &it, 1);
	ir_emit_null_check(&x.b, next, end);
	for (uint32_t k = 0; k < branches; k++) {
		p = ir_object(x.f, object(&x, "key", 8));
		ir_emit_store(&x.b, 8, p, 0, ir_const(x.f, k));
		p = ir_emit_helper(&x.b, 3, IR_INT, ir_map(x.f, 1), p);
		body = ir_fix_block(&x);
		ir_emit_branch(&x.b, IR_EQ, p, ir_const(x.f, 0), body, head);
		ir_continue_in(&x.b, body);
	}
	ir_emit_jump(&x.b, head);
	ir_continue_in(&x.b, end);
	finish(&x);
	assert_int_equal(x.f->objects.at[0].place, IR_PLACE_STACK);
	where = x.f->objects.at[1].place;
	ir_fix_close(&x);
	return where;
}

static void test_iterated(void **state)
{
	(void)state;
	assert_int_equal(key_place_in_loop(2), IR_PLACE_STACK);
	assert_int_equal(key_place_in_loop(9), IR_PLACE_SCRATCH);
}

/* Where maps of several key sizes meet, the largest counts, and the keys of a loop do
 * not share bytes. */
static void test_keys_of_several_maps(void **state)
{
	static const struct ir_map_facts maps[] = { { 1, 8 }, { 16, 8 } };
	struct ir_block *other, *body, *end;
	struct ir_var *map;
	struct ir_fix x;

	(void)state;
	ir_fix_open(&x);
	x.m->maps = maps;
	x.m->nr_maps = 2;
	other = ir_fix_block(&x), body = ir_fix_block(&x), end = ir_fix_block(&x);
	map = ir_var_new(x.f, "map", IR_MAPREF);
	ir_var_write(&x.b, map, ir_map(x.f, 0));
	ir_emit_branch(&x.b, IR_EQ, ir_param(x.f, 1), ir_const(x.f, 7), body, other);
	ir_continue_in(&x.b, other);
	ir_seal(other);
	ir_var_write(&x.b, map, ir_map(x.f, 1));
	ir_emit_jump(&x.b, body);
	ir_continue_in(&x.b, body);
	for (int k = 0; k < 3; k++) {
		struct ir_insn *p = ir_object(x.f, object(&x, "key", 16));

		ir_emit_store(&x.b, 1, p, 0, ir_const(x.f, k));
		ir_emit_helper(&x.b, 3, IR_INT, ir_var_read(&x.b, map), p);
	}
	ir_emit_branch(&x.b, IR_EQ, ir_param(x.f, 1), ir_const(x.f, 4), body, end);
	ir_seal(body);
	ir_continue_in(&x.b, end);
	finish(&x);
	assert_int_equal(x.f->stack_bytes, 48);
	ir_fix_close(&x);
}

static void test_percpu(void **state)
{
	struct ir_fix x;
	uint32_t key, text;
	struct ir_block *end, *then;

	(void)state;
	ir_fix_open(&x);
	x.m->scratch_owner = IR_SCRATCH_PERCPU;
	x.m->scratch_map = 5;
	key = object(&x, "key", 8), text = object(&x, "text", 1024);
	end = ir_fix_block(&x), then = ir_fix_block(&x);
	ir_emit_branch(&x.b, IR_NE, ir_param(x.f, 1), ir_const(x.f, 1), end, then);
	ir_continue_in(&x.b, then);
	use(&x, key, 2);
	ir_emit_store(&x.b, 4, ir_object(x.f, text), 4, ir_const(x.f, 9));
	ir_emit_helper(&x.b, 114, IR_INT, ir_object(x.f, text), ir_const(x.f, 1000),
		       ir_param(x.f, 1));
	ir_emit_jump(&x.b, end);
	ir_continue_in(&x.b, end);
	finish(&x);
	assert_int_equal(x.m->scratch_bytes, 1024);
	/* The lookup is behind the predicate, the offset in the store. */
	ir_fix_expect(&x,
		      "  object 0 key: 8 bytes, align 8, stack -16\n"
		      "  object 1 text: 1024 bytes, align 8, scratch 0\n"
		      "  object 2 scratch_key: 4 bytes, align 4, stack -8\n"
		      "b0:\n"
		      "  branch ne arg1, 1 -> b4, b1\n"
		      "b1:\n"
		      "  memzero &key, 8\n"
		      "  v12 = call map_delete_elem(map2, &key)\n"
		      "  store.u32 &scratch_key, 0\n"
		      "  v14:mapval? = call map_lookup_elem(map5, &scratch_key)\n"
		      "  branch ne v14, 0 -> b2, b5\n"
		      "b2:\n"
		      "  v16:mapval = not_null v14\n"
		      "  jump b3\n"
		      "b3:\n"
		      "  store.u32 v16 + 4, 9\n"
		      "  v19 = call probe_read_user_str(v16, 1000, arg1)\n"
		      "  jump b4\n"
		      "b4:\n"
		      "  ret 0\n"
		      "b5: cold\n"
		      "  ret 0\n");
	ir_fix_close(&x);
}

/* Frames side by side: no lookup and no check. */
static void test_cpu_frames(void **state)
{
	struct ir_fix x;
	uint32_t text;

	(void)state;
	ir_fix_open(&x);
	x.m->scratch_owner = IR_SCRATCH_PERCPU;
	x.m->scratch_cpus = 4;
	x.m->scratch_map = 5;
	text = object(&x, "text", 1030);
	use(&x, text, 1);
	finish(&x);
	assert_int_equal(x.m->scratch_stride, 1088);
	ir_fix_expect(&x,
		      "  object 0 text: 1030 bytes, align 8, scratch 0\n"
		      "b0:\n"
		      "  v6 = call get_smp_processor_id()\n"
		      "  v7 = and v6, 3\n"
		      "  v8 = mul v7, 1088\n"
		      "  v9:mapval = add &map5[0], v8\n"
		      "  memzero v9, 1030\n"
		      "  v11 = call map_delete_elem(map1, v9)\n"
		      "  ret 0\n");
	ir_fix_close(&x);
}

/* While a ring record is held the lookup must not return: it goes to the entry. */
static void test_not_while_holding(void **state)
{
	struct ir_fix x;
	uint32_t text;
	struct ir_insn *r;
	struct ir_block *none;

	(void)state;
	ir_fix_open(&x);
	x.m->scratch_owner = IR_SCRATCH_PERCPU;
	text = object(&x, "text", 1024);
	none = ir_fix_block(&x);
	r = ir_emit_helper(&x.b, 131, IR_RING_OR_NULL, ir_map(x.f, 1), ir_const(x.f, 16),
			   ir_const(x.f, 0));
	r = ir_emit_null_check(&x.b, r, none);
	use(&x, text, 1);
	ir_emit_helper(&x.b, 132, IR_VOID, r, ir_const(x.f, 0));
	ir_emit_jump(&x.b, none);
	ir_continue_in(&x.b, none);
	finish(&x);
	assert_non_null(strstr(ir_fix_text(&x), "b0:\n  store.u32 &scratch_key, 0\n"));
	ir_fix_close(&x);
}

static void test_task(void **state)
{
	struct ir_fix x;
	uint32_t text;

	(void)state;
	ir_fix_open(&x);
	x.m->scratch_owner = IR_SCRATCH_TASK;
	x.m->scratch_map = 6;
	x.m->scratch_lost_map = 4;
	x.m->scratch_lost_offset = 40;
	text = object(&x, "text", 400);
	use(&x, text, 1);
	finish(&x);
	ir_fix_expect(&x,
		      "  object 0 text: 400 bytes, align 8, scratch 0\n"
		      "b0:\n"
		      "  v6:kptr = call get_current_task_btf()\n"
		      "  v7:mapval? = call task_storage_get(map6, v6, 0, 1)\n"
		      "  branch ne v7, 0 -> b1, b3\n"
		      "b1:\n"
		      "  v9:mapval = not_null v7\n"
		      "  jump b2\n"
		      "b2:\n"
		      "  memzero v9, 400\n"
		      "  v12 = call map_delete_elem(map1, v9)\n"
		      "  ret 0\n"
		      "b3: cold\n"
		      "  atomic_add.u64 &map4[40], 1\n"
		      "  ret 0\n");
	ir_fix_close(&x);
}

/* A callback's scratch lies behind its caller's, its stack counts together with it. */
static void test_callback(void **state)
{
	static const enum ir_type params[] = { IR_INT, IR_OBJ };
	struct ir_fix x;
	struct ir_func *entry, *f;
	uint32_t big, small, own;

	(void)state;
	ir_fix_open(&x);
	x.m->scratch_owner = IR_SCRATCH_PERCPU;
	entry = x.f;
	f = ir_func_new(x.m, "turn", params, 2);
	f->is_callback = true;
	big = object(&x, "big", 504), small = object(&x, "small", 320);
	use(&x, small, 1);
	use(&x, big, 1);
	ir_emit_helper(&x.b, 181, IR_INT, ir_const(entry, 5), ir_func_ref(entry, 1),
		       ir_const(entry, 0), ir_const(entry, 0));
	ir_emit_ret(&x.b, ir_const(entry, 0));
	x.f = f;
	x.b.func = f;
	x.b.block = ir_block_new(f);
	own = object(&x, "own", 96);
	use(&x, own, 1);
	finish(&x);
	/* 96 + 320 would be over 384: the smaller of the two stays on the stack. */
	assert_int_equal(entry->objects.at[big].place, IR_PLACE_SCRATCH);
	assert_int_equal(entry->objects.at[small].place, IR_PLACE_STACK);
	assert_int_equal(f->objects.at[own].place, IR_PLACE_SCRATCH);
	assert_int_equal(f->objects.at[own].offset, 504);
	assert_int_equal(x.m->scratch_bytes, 600);
	ir_fix_text(&x);
	assert_non_null(strstr(x.text, "  ret 1\n"));
	ir_fix_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_share_partial),
		cmocka_unit_test(test_keep_and_escape),
		cmocka_unit_test(test_branches),
		cmocka_unit_test(test_keys_in_loop),
		cmocka_unit_test(test_iterated),
		cmocka_unit_test(test_keys_of_several_maps),
		cmocka_unit_test(test_percpu),
		cmocka_unit_test(test_cpu_frames),
		cmocka_unit_test(test_not_while_holding),
		cmocka_unit_test(test_task),
		cmocka_unit_test(test_callback),
	};

	return cmocka_run_group_tests_name("ir_place", tests, NULL, NULL);
}
