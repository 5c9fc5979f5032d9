/*
 * Constants that scripts take for granted, for systems that lack the headers:
 * rows of constants.def, and what depends on the machine.
 */
#include "types/cdefs_impl.h"

#include <string.h>

struct row {
	const char *name;
	const char *machine;	/* predefined macro of the machine; NULL: all others */
	uint64_t bits;
	bool is_unsigned, is_long;
};

/* The name becomes text at once: this file's own headers may define it. */
#define ROW(text, machine, value)						\
	{ text, machine, (uint64_t)(value), (__typeof__(value))-1 > 1, sizeof(value) == 8 },
#define C(group, name, value)		ROW(#name, NULL, value)
#define M(group, machine, name, value)	ROW(#name, machine, value)

static const struct row rows[] = {
#include "types/constants.def"
};

static struct cvalue of_machine(uint64_t bits)
{
	return (struct cvalue){ .bits = bits, .is_unsigned = true, .is_long = true };
}

/* What the target's kernel was built with. */
static bool find_built(const struct cdefs *c, const char *name, struct cvalue *value)
{
	uint64_t size = c->env.page_size;

	if (!size || strncmp(name, "PAGE_", 5))
		return false;
	if (!strcmp(name, "PAGE_SIZE"))
		*value = of_machine(size);
	else if (!strcmp(name, "PAGE_MASK"))
		*value = of_machine(~(size - 1));
	else if (!strcmp(name, "PAGE_SHIFT"))
		*value = of_machine((uint64_t)__builtin_ctzll(size));
	else
		return false;
	return true;
}

bool cconst_find(const struct cdefs *c, const char *name, struct cvalue *value)
{
	const char *machine = c->env.machine_macro;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];

		if (r->name[0] != name[0] || strcmp(r->name, name))
			continue;
		if (r->machine && (!machine || strcmp(r->machine, machine)))
			continue;
		*value = (struct cvalue){
			.bits = r->bits, .is_unsigned = r->is_unsigned, .is_long = r->is_long,
		};
		return true;
	}
	return find_built(c, name, value);
}

void cconst_suggest(struct nearest *near)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		nearest_try(near, rows[i].name);
}
