/*
 * Fuzzer: any text as a tracefs format.
 */
#include "types/tracefs_format.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tracefs_format format;
	struct arena a;
	struct names names;
	struct types types;

	arena_init(&a);
	names_init(&names, &a);
	types_init(&types, &a, &names);
	tracefs_format_parse(&format, &types, NULL, "category", "event",
			     arena_strndup(&a, (const char *)data, size));
	arena_free(&a);
	return 0;
}
