/*
 * Diagnostics of checking: each said once.
 *
 * Bodies are cloned for groups of attach points and types are computed in
 * rounds; so the same words about the same place are dropped here, and while
 * types are still moving nothing is said at all.
 */
#include "check/check_impl.h"

#include <string.h>

static bool is_known(const struct check *c, struct loc loc, const char *text)
{
	struct diag **d;

	vec_each(d, &c->diags->list)
		if ((*d)->loc.begin == loc.begin && (*d)->loc.end == loc.end &&
		    !strcmp((*d)->text, text))
			return true;
	return false;
}

static struct diag *report(struct check *c, enum diag_level level, struct loc loc,
			   enum diag_tag tag, const char *text)
{
	if ((c->state->in_rounds && !c->reporting) || is_known(c, loc, text))
		return NULL;
	if (level == DIAG_ERROR)
		return diag_error(c->diags, loc, tag, "%s", text);
	return diag_warning(c->diags, loc, tag, "%s", text);
}

struct diag *check_error(struct check *c, struct loc loc, enum diag_tag tag, const char *fmt, ...)
{
	const char *text;
	va_list args;

	va_start(args, fmt);
	text = arena_vprintf(c->arena, fmt, args);
	va_end(args);
	return report(c, DIAG_ERROR, loc, tag, text);
}

struct diag *check_warning(struct check *c, struct loc loc, enum diag_tag tag, const char *fmt, ...)
{
	const char *text;
	va_list args;

	va_start(args, fmt);
	text = arena_vprintf(c->arena, fmt, args);
	va_end(args);
	return report(c, DIAG_WARNING, loc, tag, text);
}

void check_hint(struct check *c, struct diag *diag, const char *fmt, ...)
{
	va_list args;

	if (!diag)
		return;
	va_start(args, fmt);
	diag_hint(c->diags, diag, "%s", arena_vprintf(c->arena, fmt, args));
	va_end(args);
}

void check_suggest(struct check *c, struct diag *diag, const struct nearest *near,
		   const char *prefix)
{
	/* Anything is near to a name of a letter or two. */
	if (near->best && strlen(near->word) > 2)
		check_hint(c, diag, "did you mean %s%s?", prefix, near->best);
}

void check_note(struct check *c, struct diag *diag, struct loc loc, const char *fmt, ...)
{
	va_list args;

	if (!diag)
		return;
	va_start(args, fmt);
	diag_note(c->diags, diag, loc, "%s", arena_vprintf(c->arena, fmt, args));
	va_end(args);
}

const char *type_text(struct check *c, const struct type *t)
{
	return t ? type_name(c->types, t) : "none";
}

const struct type *bad_type(struct check *c)
{
	return c->types->error;
}

void unsupported(struct check *c, struct loc loc, const char *what)
{
	check_error(c, loc, DIAG_NOT_SUPPORTED, "not supported yet: %s", what);
}
