/*
 * Fuzzer: any bytes as a script, formatted when it has no errors: the result parses
 * to the same tree with the same comments, and formatting it again changes nothing.
 */
#include "tests/unit/format_help.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	free(format_checked((const char *)data, size));
	return 0;
}
