/*
 * watchpoint: reads, writes and execution of an address, seen by the debug
 * registers of the processor.
 *
 *	watchpoint:ADDRESS:LENGTH:MODE
 *
 * In the site: the address, its length as count, and the mode as the bits of
 * struct perf_event_attr's bp_type.
 */
#include "probes/probes_impl.h"

#include "lang/lang.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { READS = 1, WRITES = 2, EXECUTION = 4 };

/* What processors can tell apart, by architecture; letters in the order r, w, x. */
static const struct mode_row {
	const char *arch, *modes[5];
} modes_of[] = {
	{ "x86_64", { "x", "w", "rw" } },
	{ "aarch64", { "r", "w", "x", "rw" } },
	{ "s390x", { "w" } },
	{ "ppc64", { "r", "w", "rw" } },
	{ "ppc64le", { "r", "w", "rw" } },
	{ "loongarch64", { "r", "w", "x", "rw" } },
};

static const struct mode_row *modes_find(const struct probe_ctx *c)
{
	for (size_t i = 0; i < sizeof(modes_of) / sizeof(modes_of[0]); i++)
		if (!strcmp(modes_of[i].arch, c->target->arch->name))
			return &modes_of[i];
	return NULL;
}

static bool parse_address(struct probe_ctx *c, const struct attach_point *ap, uint64_t *address)
{
	const char *text = ap_arg(ap, 0);
	bool is_duration;
	struct diag *d;
	int err = lang_parse_integer(text, strlen(text), address, &is_duration);

	if (!err && !is_duration && *address)
		return true;
	if (!err && !is_duration) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "watchpoint must be attached to a non-zero "
			 "address");
		return false;
	}
	d = ap_error(c, ap, DIAG_ATTACH_POINT, "Invalid function/address argument: %s: %s",
		     err == -ERANGE ? "integer overflow" : "invalid integer", text);
	if (d && strchr(text, '+'))
		diag_hint(c->diags, d, "watchpoints on arguments of functions were removed from "
			  "the language; give an address");
	else if (d)
		diag_hint(c->diags, d, "addresses of symbols are in /proc/kallsyms for the kernel, "
			  "and for programs what nm prints, moved to where the program is loaded");
	return false;
}

static bool parse_length(struct probe_ctx *c, const struct attach_point *ap, uint64_t *length)
{
	if (!ap_number(c, ap, 1, "Invalid length argument", length))
		return false;
	if (*length == 1 || *length == 2 || *length == 4 || *length == 8)
		return true;
	ap_error(c, ap, DIAG_ATTACH_POINT, "watchpoint length must be one of (1,2,4,8)");
	return false;
}

/* The letters as bits; 0 after an error. */
static unsigned mode_bits(struct probe_ctx *c, const struct attach_point *ap, const char *text)
{
	unsigned bits = 0;

	for (const char *p = text; *p; p++) {
		unsigned bit = *p == 'r' ? READS : *p == 'w' ? WRITES : *p == 'x' ? EXECUTION : 0;

		if (!bit || bits & bit) {
			ap_error(c, ap, DIAG_ATTACH_POINT, bit ?
				 "watchpoint modes may not be duplicated" :
				 "watchpoint mode must be combination of (r,w,x)");
			return 0;
		}
		bits |= bit;
	}
	if (!bits)
		ap_error(c, ap, DIAG_ATTACH_POINT,
			 "watchpoint mode must be combination of (r,w,x)");
	return bits;
}

/* The mode in the order of the letters, if the processor has it; else NULL. */
static const char *parse_mode(struct probe_ctx *c, const struct attach_point *ap, unsigned *bits)
{
	const struct mode_row *row = modes_find(c);
	const char *mode, *all = "";
	struct diag *d;

	*bits = mode_bits(c, ap, ap_arg(ap, 2));
	if (!*bits)
		return NULL;
	if (!row) {
		ap_error(c, ap, DIAG_ATTACH_POINT, "watchpoints are not supported on %s",
			 c->target->arch->name);
		return NULL;
	}
	mode = arena_printf(c->arena, "%s%s%s", *bits & READS ? "r" : "", *bits & WRITES ? "w" : "",
			    *bits & EXECUTION ? "x" : "");
	for (size_t i = 0; row->modes[i]; i++) {
		if (!strcmp(row->modes[i], mode))
			return mode;
		all = arena_printf(c->arena, "%s%s%s", all, *all ? "," : "", row->modes[i]);
	}
	d = ap_error(c, ap, DIAG_ATTACH_POINT, "invalid watchpoint mode: %s", mode);
	if (d)
		diag_hint(c->diags, d, "supported modes: %s", all);
	return NULL;
}

static void expand_watchpoint(struct probe_ctx *c, const struct provider *p,
			      const struct attach_point *ap, site_vec *out)
{
	uint64_t address, length;
	struct probe_site *s;
	const char *mode;
	unsigned bits;

	if (!ap_check_count(c, p, ap, 3, 3) || !parse_address(c, ap, &address) ||
	    !parse_length(c, ap, &length))
		return;
	mode = parse_mode(c, ap, &bits);
	if (!mode)
		return;
	s = site_add(c, p, ap, arena_printf(c->arena, "%s:%" PRIu64 ":%" PRIu64 ":%s", p->name,
					    address, length, mode), out);
	s->image.address = address;
	s->image.count = length;
	s->image.event_id = bits;
}

static void plan_watchpoint(struct probe_ctx *c, struct probe_site *const *sites, size_t count,
			    struct image_prog *prog)
{
	(void)c;
	(void)sites;
	(void)count;
	prog->type = BPF_PROG_TYPE_PERF_EVENT;
	prog->attach = ATTACH_WATCHPOINT;
}

/* A program for each site: unwatch() ends one by its address. */
const struct provider provider_watchpoint = {
	.name = "watchpoint",
	.alias = { "w" },
	.doc = "Runs when an address is read, written or executed.",
	.has = HAS_CTX | HAS_STACKS,
	.prog_type = BPF_PROG_TYPE_PERF_EVENT,
	.attach = ATTACH_WATCHPOINT,
	.single_site = true,
	.expand = expand_watchpoint,
	.plan = plan_watchpoint,
};
