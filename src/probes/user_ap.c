/*
 * How attach points of uprobe and uretprobe are spelled.
 *
 *	[TARGET:]FUNCTION[+OFFSET]	[TARGET:]cpp:NAME[+OFFSET]
 *	TARGET:ADDRESS			TARGET@FILE:LINE[:COLUMN]
 *
 * Without a target they are in the executable of the process (-p). A C++ name
 * has colons: without quotes it comes in several parts.
 */
#include "probes/user_ap.h"

#include "lang/lang.h"

#include <errno.h>
#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>

static bool take_offset(struct probe_ctx *c, const struct provider *p,
			const struct attach_point *ap, struct user_ap *u)
{
	const char *text = u->function, *plus = strrchr(text, '+');
	bool is_duration;

	/* "operator+" and the like */
	if (!plus || (u->kind == USER_CPP && (plus[1] < '0' || plus[1] > '9')))
		return true;
	if (p->is_return) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "Offset not allowed");
		return false;
	}
	if (plus == text || lang_parse_integer(plus + 1, strlen(plus + 1), &u->offset,
					       &is_duration)) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "Invalid offset: %s", plus + 1);
		return false;
	}
	u->function = arena_strndup(c->arena, text, (size_t)(plus - text));
	return true;
}

static bool take_function(struct probe_ctx *c, const struct provider *p,
			  const struct attach_point *ap, struct user_ap *u)
{
	const char *text = u->function;
	bool is_duration;

	if (!*text) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "%ss should be attached to a function or an "
			 "address", p->name);
		return false;
	}
	if (u->kind == USER_FUNCTION &&
	    !lang_parse_integer(text, strlen(text), &u->address, &is_duration)) {
		u->kind = USER_ADDRESS;
		return true;
	}
	return take_offset(c, p, ap, u);
}

/* ---- C++ names ---- */

/* The part that is "cpp"; 0: none. */
static size_t cpp_part(const struct probe_ctx *c, const struct attach_point *ap)
{
	size_t n = ap_nr_args(ap);

	if (n >= 3 && !strcmp(ap_arg(ap, 1), "cpp"))
		return 2;
	return n >= 2 && c->pid && !strcmp(ap_arg(ap, 0), "cpp") ? 1 : 0;
}

/* What was cut at its colons. */
static const char *join_parts(struct probe_ctx *c, const struct attach_point *ap, size_t from)
{
	const char *text = ap_arg(ap, from);

	for (size_t i = from + 1; i < ap_nr_args(ap); i++)
		text = arena_printf(c->arena, "%s:%s", text, ap_arg(ap, i));
	return text;
}

/* ---- source locations ---- */

static bool take_number(struct probe_ctx *c, const struct attach_point *ap, size_t i,
			const char *what, uint64_t *value)
{
	if (!ap_number(c, ap, i, arena_printf(c->arena, "Invalid %s number", what), value))
		return false;
	if (*value)
		return true;
	ap_error(c, ap, DIAG_ATTACH_POINT, "Invalid %s number: they count from 1", what);
	return false;
}

/* TARGET, "@", FILE, LINE and perhaps COLUMN. */
static bool take_source(struct probe_ctx *c, const struct provider *p,
			const struct attach_point *ap, struct user_ap *u)
{
	size_t n = ap_nr_args(ap), at = 0;

	u->kind = USER_SOURCE;
	if (p->is_return) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "Source code location not allowed");
		return false;
	}
	while (at < n && !ap->parts.at[at + 1].at_sign)
		at++;
	if (at > 1 || n < at + 3 || n > at + 4 || !*ap_arg(ap, at + 1)) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "Invalid %s arguments, expected format: "
			 "%s:TARGET@FILE:LINE[:COL]", p->name, p->name);
		return false;
	}
	u->target = at && *ap_arg(ap, 0) ? ap_arg(ap, 0) : NULL;
	if (u->target && has_wildcard(u->target)) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "Cannot use wildcards with source code "
						   "location");
		return false;
	}
	u->file = ap_arg(ap, at + 1);
	return take_number(c, ap, at + 2, "line", &u->line) &&
	       (n == at + 3 || take_number(c, ap, at + 3, "column", &u->column));
}

/* ---- all of it ---- */

static bool take_names(struct probe_ctx *c, const struct provider *p,
		       const struct attach_point *ap, struct user_ap *u)
{
	size_t n = ap_nr_args(ap), cpp = cpp_part(c, ap);

	if (cpp) {
		u->kind = USER_CPP;
		u->function = join_parts(c, ap, cpp);
		u->target = cpp == 2 && *ap_arg(ap, 0) ? ap_arg(ap, 0) : NULL;
		return true;
	}
	if (!ap_check_count(c, p, ap, c->pid ? 1 : 2, 3))
		return false;
	if (n == 3) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "unsupported language type: %s; there is cpp",
			 ap_arg(ap, 1));
		return false;
	}
	u->target = n == 2 && *ap_arg(ap, 0) ? ap_arg(ap, 0) : NULL;
	u->function = ap_arg(ap, n - 1);
	return true;
}

bool user_ap_parse(struct probe_ctx *c, const struct provider *p, const struct attach_point *ap,
		   struct user_ap *u)
{
	bool is_source = ap_has_location(ap);

	memset(u, 0, sizeof(*u));
	if (is_source ? !take_source(c, p, ap, u) : !take_names(c, p, ap, u))
		return false;
	if (!u->target && !c->pid) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "%s target file is missing", p->name);
		return false;
	}
	return is_source || take_function(c, p, ap, u);
}

/* ---- demangled names ---- */

/* Without the parameters: up to the parenthesis that the last one closes. */
static char *without_params(char *name)
{
	char *end = strrchr(name, ')'), *at = end;
	int depth = 0;

	for (; end && at >= name; at--) {
		depth += (*at == ')') - (*at == '(');
		if (!depth)
			break;
	}
	if (end && at > name)
		*at = '\0';
	return name;
}

char *cpp_plain_name(const char *symbol)
{
	return strncmp(symbol, "_Z", 2) ? NULL : cplus_demangle(symbol, DMGL_GNU_V3 | DMGL_ANSI);
}

char *cpp_full_name(const char *symbol)
{
	return strncmp(symbol, "_Z", 2) ? NULL : cplus_demangle(symbol, DMGL_GNU_V3 | DMGL_ANSI |
								DMGL_PARAMS);
}

static bool match_name(const char *pattern, char *name, bool cut)
{
	bool found = name && wildcard_match(pattern, cut ? without_params(name) : name);

	free(name);
	return found;
}

bool cpp_name_match(const char *pattern, const char *symbol)
{
	if (wildcard_match(pattern, symbol))
		return true;
	if (strchr(pattern, '('))
		return match_name(pattern, cpp_full_name(symbol), false);
	return match_name(pattern, cpp_plain_name(symbol), false) ||
	       match_name(pattern, cpp_full_name(symbol), true);
}
