/*
 * What the decoder asks for: names of probes, users, control groups, symbols.
 *
 * Opened when first asked; answers are borrowed until the next question.
 */
#include "run/state.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

static const char *probe_name(void *arg, uint64_t index)
{
	struct run *r = arg;

	return index < r->image->probe_names.n ? r->image->probe_names.at[index] : NULL;
}

static const char *username(void *arg, uint64_t uid)
{
	struct run *r = arg;
	struct passwd entry, *found = NULL;
	char buf[4096];

	if (getpwuid_r((uid_t)uid, &entry, buf, sizeof(buf), &found) || !found)
		return NULL;
	return arena_strdup(&r->work, found->pw_name);
}

struct value_hooks run_hooks(struct run *r)
{
	return (struct value_hooks){ .arg = r, .probe_name = probe_name, .username = username };
}

void run_hooks_close(struct run *r)
{
	(void)r;
}
