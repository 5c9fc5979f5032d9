/*
 * What the decoder asks for: names of probes, users, control groups, symbols.
 *
 * Opened when first asked; answers are borrowed until the next question.
 */
#include "run/state.h"
#include "sym/sym.h"

#include <string.h>

static const char *probe_name(void *arg, uint64_t index)
{
	struct run *r = arg;

	return index < r->image->probe_names.n ? r->image->probe_names.at[index] : NULL;
}

static struct symbols *symbols(struct run *r)
{
	const struct symbols_options options = { .no_demangle = !r->image->config.cpp_demangle };

	if (!r->symbols && sym_open(&r->symbols, &options))
		r->out_of_memory = true;
	return r->symbols;
}

static const char *username(void *arg, uint64_t uid)
{
	struct symbols *s = symbols(arg);

	return s ? sym_username(s, uid) : NULL;
}

static bool found(bool is_found, const struct symbol *from, struct value_symbol *to)
{
	*to = (struct value_symbol){ .name = from->name, .offset = from->offset,
				     .module = from->module };
	return is_found;
}

static bool ksym(void *arg, uint64_t address, struct value_symbol *symbol)
{
	struct symbols *s = symbols(arg);
	struct symbol answer;

	return s && found(sym_kernel(s, address, &answer), &answer, symbol);
}

static bool usym(void *arg, int32_t pid, uint32_t probe, uint64_t address,
		 struct value_symbol *symbol)
{
	struct symbols *s = symbols(arg);
	struct symbol answer;

	(void)probe;
	return s && found(sym_user(s, pid, address, &answer), &answer, symbol);
}

struct value_hooks run_hooks(struct run *r)
{
	return (struct value_hooks){ .arg = r, .ksym = ksym, .usym = usym,
				     .probe_name = probe_name, .username = username };
}

void run_hooks_close(struct run *r)
{
	sym_close(r->symbols);
	r->symbols = NULL;
}
