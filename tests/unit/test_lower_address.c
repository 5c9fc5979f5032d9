/*
 * Tests of src/lower: structs by a member's address, and text for the kernel's trace.
 */
#include "tests/unit/lower_help.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_container_of(void **state)
{
	struct lower_help h;

	(void)state;
	lower_help_script(&h, "begin { $p = (uint64)curtask + offsetof(struct task_struct, pid); "
			      "@ = container_of($p, typeof(struct task_struct), pid) == curtask; "
			      "@comm = (uint64)container_of((int8 *)1000, "
			      "typeof(struct task_struct), comm) == 1000 - offsetof(struct task_struct, comm); }");
	assert_int_equal(*(uint8_t *)lower_help_cell(&h, "", 0), 1);
	assert_int_equal(*(uint8_t *)lower_help_cell(&h, "comm", 0), 1);
	lower_help_close(&h);
}

/* The bytes of the map that holds a call's format. */
static const char *format_of(struct lower_help *h)
{
	const struct image_map *m;

	vec_each(m, &h->image->maps)
		if (!strcmp(m->name, "debugf"))
			return m->data;
	return NULL;
}

static void test_debugf(void **state)
{
	struct lower_help h;

	(void)state;
	lower_help_open(&h);
	lower_help_compile(&h, "begin { debugf(\"%5d %s%% %llu 100%%\\n\", 4, comm, (uint64)5); }");
	assert_string_equal(format_of(&h), "%d %s%% %llu 100%%\n");
	lower_help_fire(&h, 0);
	lower_help_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_container_of), cmocka_unit_test(test_debugf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
