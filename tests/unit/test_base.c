/*
 * Tests of src/base: arena, map, text, diagnostics.
 */
#include "base/diag.h"
#include "base/hmap.h"
#include "base/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <ctype.h>
#include <string.h>

#include <cmocka.h>

static void test_arena(void **state)
{
	struct arena a;
	char *p, *q;

	(void)state;
	arena_init(&a);
	p = arena_strdup(&a, "first");
	q = arena_alloc(&a, 1000000);
	for (size_t i = 0; i < 1000000; i++)
		assert_int_equal(q[i], 0);
	assert_string_equal(p, "first");
	assert_string_equal(arena_printf(&a, "%s-%d", p, 7), "first-7");
	arena_free(&a);
	assert_null(a.chunks);
}

static void test_arena_reset(void **state)
{
	struct arena a;
	size_t total;
	char *p;

	(void)state;
	arena_init(&a);
	arena_reset(&a);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 300; i++) {
			p = arena_alloc(&a, 1000);
			for (size_t j = 0; j < 1000; j++)
				assert_int_equal(p[j], 0);
			memset(p, 0xff, 1000);
		}
		if (round == 1)
			total = a.total_bytes;
		if (round > 1)
			assert_int_equal(a.total_bytes, total);
		arena_reset(&a);
	}
	arena_alloc(&a, 3000000);
	arena_reset(&a);
	assert_null(a.chunks);
	arena_free(&a);
}

static void test_arena_oom(void **state)
{
	struct arena a;
	jmp_buf oom;

	(void)state;
	arena_init(&a);
	if (!setjmp(oom)) {
		arena_on_oom(&a, &oom);
		arena_calloc(&a, (size_t)-1, 16);
		fail_msg("an impossible size was allocated");
	}
	arena_free(&a);
}

static void test_maps(void **state)
{
	struct arena a;
	struct names names;
	struct hmap m;
	char key[16];

	(void)state;
	arena_init(&a);
	hmap_init(&m, &a);
	assert_null(hmap_find(&m, "x", 1));
	for (uintptr_t i = 1; i <= 1000; i++) {
		int len = snprintf(key, sizeof(key), "k%zu", (size_t)i);

		hmap_set(&m, key, (size_t)len, (void *)i);
	}
	for (uintptr_t i = 1; i <= 1000; i++) {
		int len = snprintf(key, sizeof(key), "k%zu", (size_t)i);

		assert_ptr_equal(hmap_find(&m, key, (size_t)len), (void *)i);
	}
	assert_null(hmap_find(&m, "k1001", 5));
	names_init(&names, &a);
	assert_ptr_equal(name_of(&names, "pid"), name_of_len(&names, "pids", 3));
	assert_ptr_not_equal(name_of(&names, "pid"), name_of(&names, "tid"));
	arena_free(&a);
}

static void test_diag_render(void **state)
{
	struct arena a;
	struct diags d;
	struct sbuf out = { 0 };
	struct source *s;
	struct diag *diag;
	struct loc loc = { 0 };

	(void)state;
	arena_init(&a);
	diags_init(&d, &a);
	source_add(&d, "other", "zzz", 3);
	s = source_add(&d, "t.bt", "begin {\n\t$v = $w + 1;\n}", 24);
	loc.begin = s->base + 14;
	loc.end = s->base + 16;
	diag = diag_error(&d, loc, DIAG_UNDEFINED_VARIABLE, "Undefined variable: $%s", "w");
	diag_hint(&d, diag, "did you mean $v?");
	diag_render(&d, diag, false, &out);
	assert_string_equal(sbuf_text(&out),
			    "t.bt:2:7-9: ERROR: Undefined variable: $w\n"
			    "    $v = $w + 1;\n"
			    "         ~~\n"
			    "HINT: did you mean $v?\n");
	sbuf_close(&out);
	arena_free(&a);
}

/* Every tag is its name in the code in lower case, so no two are the same; every
 * row says what it may be, and when, in a sentence. */
static void test_diag_rows(void **state)
{
	static const char *const ids[] = {
#define DIAGNOSTIC(id, tag, severity, doc) #id,
#include "base/diagnostics.def"
#undef DIAGNOSTIC
	};

	(void)state;
	for (int i = 0; i < DIAG_TAG_COUNT; i++) {
		const struct diag_row *r = &diag_rows[i];

		assert_int_equal(strlen(ids[i]), strlen(r->tag));
		for (size_t k = 0; r->tag[k]; k++)
			assert_int_equal(r->tag[k], ids[i][k] == '_' ? '-' : tolower(ids[i][k]));
		assert_true(r->is_error || r->is_warning);
		assert_int_equal(r->doc[strlen(r->doc) - 1], '.');
	}
}

static void test_nearest(void **state)
{
	struct nearest n;

	(void)state;
	nearest_start(&n, "flename");
	nearest_try(&n, "flags");
	nearest_try(&n, "filename");
	nearest_try(&n, "mode");
	assert_string_equal(n.best, "filename");
	nearest_start(&n, "xyz");
	nearest_try(&n, "filename");
	assert_null(n.best);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_arena_reset),
		cmocka_unit_test(test_arena_oom),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_diag_render),
		cmocka_unit_test(test_diag_rows),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
