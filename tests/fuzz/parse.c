/*
 * Fuzzer: any bytes as a script, parsed, and its macros expanded.
 */
#include "lang/lang.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_builtin(const char *name, bool is_call)
{
	return is_call && name[0] == 's';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const params[] = { "7", "text" };
	struct lang_options options = { .params = params, .nr_params = 2 };
	struct arena a;
	struct names names;
	struct diags diags;
	struct source *source;
	struct script *script;
	struct sbuf shown = { 0 };

	arena_init(&a);
	names_init(&names, &a);
	diags_init(&diags, &a);
	source = source_add(&diags, "fuzz", (const char *)data, size);
	script = lang_parse(&a, &names, &diags, source, &options);
	if (!diags.nr_errors)
		lang_expand_macros(&a, &diags, script, is_builtin);
	for (size_t i = 0; i < diags.list.n; i++)
		diag_render(&diags, diags.list.at[i], false, &shown);
	sbuf_close(&shown);
	arena_free(&a);
	return 0;
}
