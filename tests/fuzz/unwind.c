/*
 * Fuzzer: any bytes as call frame information, and as a program file that has some.
 */
#include "unwind/cfi.h"
#include "unwind/table.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool check_range(void *arg, const struct cfi_range *range)
{
	size_t *n = arg;

	if (range->start >= range->end || range->rule.cfa > UNWIND_CFA_FP ||
	    range->rule.ra > UNWIND_AT_NOWHERE)
		abort();
	return ++*n < 100000;
}

static void check_table(const struct unwind_table *t, const struct unwind_rules *rules)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->rules[i] >= rules->n || (i && t->addresses[i] <= t->addresses[i - 1]))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cfi_arch *const arches[] = { &cfi_x86_64, &cfi_arm64 };
	char *copy = malloc(size + 1);
	struct unwind_rules rules;
	struct unwind_table t;

	memcpy(copy, data, size);
	for (int i = 0; i < 4; i++) {
		struct cfi_section s = { .arch = arches[i & 1], .data = (uint8_t *)copy,
					 .size = size, .address = 0x2000, .is_eh = i & 2 };
		size_t n = 0;

		cfi_read(&s, check_range, &n);
	}
	if (!unwind_rules_open(&rules)) {
		if (!unwind_table_read_image(&t, copy, size, &rules)) {
			check_table(&t, &rules);
			unwind_table_close(&t);
		}
		unwind_rules_close(&rules);
	}
	free(copy);
	return 0;
}
