/*
 * Why tracing is not permitted: one row for each cause.
 */
#include "run/denied.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ALL_USERS	"         0          0 4294967295\n"
#define ALL_CAPS	"CapEff:\t000001ffffffffff\n"
#define NO_CAPS		"CapEff:\t00000000a80425fb\n"	/* what containers usually have */
#define OPEN		"Seccomp:\t0\n"
#define FILTERED	"Seccomp:\t2\n"

static void test_causes(void **state)
{
	static const struct {
		struct denied_facts facts;
		const char *says;
	} rows[] = {
		{ { false, "CapEff:\t0000000000000000\n" OPEN, ALL_USERS, "" }, "needs root" },
		{ { true, NO_CAPS FILTERED, ALL_USERS, "" }, "neither CAP_SYS_ADMIN nor" },
		{ { true, ALL_CAPS OPEN, "0 1000 1\n", "" }, "user namespace" },
		{ { true, ALL_CAPS OPEN, "0 100000 65536\n", "" }, "user namespace" },
		{ { true, ALL_CAPS OPEN, ALL_USERS, "confidentiality" },
		  "locked down (confidentiality)" },
		{ { true, ALL_CAPS OPEN, ALL_USERS, "integrity" },
		  "locked down (integrity)" },
		{ { true, ALL_CAPS FILTERED, ALL_USERS, "none" },
		  "seccomp" },
		{ { true, ALL_CAPS OPEN, ALL_USERS, "none" },
		  "security module" },
		{ { true, "", "", "" }, "mount -t securityfs" },
		/* CAP_BPF and CAP_PERFMON are enough for most, whoever has them. */
		{ { false, "CapEff:\t000000c000000000\n" OPEN, ALL_USERS, "none" },
		  "CAP_SYS_ADMIN beside" },
		{ { false, "CapEff:\t000000c000000000\n" OPEN, ALL_USERS, "" },
		  "CAP_SYS_ADMIN beside" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strstr(denied_why(&rows[i].facts), rows[i].says))
			fail_msg("row %zu: \"%s\" has no \"%s\"", i, denied_why(&rows[i].facts),
				 rows[i].says);
	assert_non_null(strstr(denied_reason(), "not permitted"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_causes),
	};

	return cmocka_run_group_tests_name("denied", tests, NULL, NULL);
}
