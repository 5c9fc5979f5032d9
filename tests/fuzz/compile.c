/*
 * Fuzzer: any bytes as a script, all the way to an image, on the small kernel of
 * tests/errors. Every stage that a script can reach is in it: parser, macros, C
 * part, checker, lowering, passes, back end. An assertion is a finding, too.
 */
#include "sonde.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const params[] = { "7", "text" };
	const struct sonde_options options = {
		.size = sizeof(options), .params = params, .nr_params = 2,
		.target_file = "tests/errors/target.json", .compile_only = true,
		.unsafe_mode = true,
	};
	struct sonde *s = sonde_open(&options);

	if (s)
		sonde_compile(s, "fuzz", (const char *)data, size);
	sonde_close(s);
	return 0;
}
