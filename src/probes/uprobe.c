/*
 * uprobe and uretprobe: functions of programs and libraries.
 *
 * A site is a file and an offset in it, which is what the kernel wants; the
 * names come from the target's symbol tables (how they are spelled:
 * user_ap.c). Functions of Go are another matter: their arguments are in other
 * registers, and their return addresses may not be replaced, so a return probe
 * is at each of their instructions that return.
 */
#include "probes/probes_impl.h"

#include "probes/insn.h"
#include "probes/user_ap.h"
#include "probes/usdt_arg.h"
#include "types/debug.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* An attach point that is being expanded in one file. */
struct walk {
	struct probe_ctx *c;
	const struct provider *p;
	const struct attach_point *ap;
	const struct user_ap *u;
	const char *path;
	struct target_user_info info;
	site_vec *out;
};

/* ---- sites ---- */

static struct probe_site *add_place(const struct walk *e, const char *text)
{
	const char *name = arena_printf(e->c->arena, "%s:%s:%s", e->p->name, e->path, text);
	struct probe_site *s = site_add(e->c, e->p, e->ap, name, e->out);
	const char *archive = strstr(e->path, "!/");

	/* The kernel is told the archive, and offsets in it. */
	s->image.path = archive ? arena_strndup(e->c->arena, e->path,
						(size_t)(archive - e->path)) : e->path;
	s->file = e->path;
	return s;
}

static struct probe_site *add_symbol(const struct walk *e,
				     const struct target_user_symbol *symbol, uint64_t offset)
{
	const char *text = symbol->name;
	struct probe_site *s;

	if (e->u->offset)
		text = arena_printf(e->c->arena, "%s+%" PRIu64, text, e->u->offset);
	if (e->u->kind == USER_CPP)
		text = arena_printf(e->c->arena, "cpp:%s", text);
	s = add_place(e, text);
	s->image.function = name_of(e->c->names, symbol->name);
	s->image.offset = symbol->file_offset + offset;
	s->address = offset ? 0 : symbol->address;
	return s;
}

/* Bytes of a function; *size is 0 if they cannot be had. */
static const uint8_t *code_of(const struct walk *e, const struct target_user_symbol *symbol,
			      size_t *size)
{
	const struct target_ops *ops = e->c->target->ops;
	const uint8_t *code = NULL;

	*size = symbol->size_bytes;
	if (!*size || !ops->user_code ||
	    ops->user_code(e->c->target->arg, e->path, symbol->file_offset, &code, size))
		*size = 0;
	return code;
}

/* ---- Go ---- */

/* Names have their package; what assembly calls by the stack ends in ".abi0". */
static bool is_go_function(const struct walk *e, const struct target_user_symbol *symbol)
{
	return e->info.is_go && strchr(symbol->name, '.') && strncmp(symbol->name, "_cgo", 4) != 0;
}

static bool uses_go_registers(const struct target_user_symbol *symbol)
{
	size_t len = strlen(symbol->name);

	return len < 5 || strcmp(symbol->name + len - 5, ".abi0") != 0;
}

/* A site at each place where the function returns. */
static void add_returns(const struct walk *e, const struct target_user_symbol *symbol)
{
	const struct insn_set *set = insn_set_find(e->c->target->arch);
	size_t size, before = e->out->n;
	const uint8_t *code = code_of(e, symbol, &size);
	int64_t at = set && size ? insn_next_return(set, code, size, 0) : -2;

	while (at >= 0) {
		size_t here = (size_t)at;

		add_symbol(e, symbol, here)->at_return = true;
		here += set->length(code + here, size - here);
		at = insn_next_return(set, code, size, here);
	}
	if (at == -2)
		e->out->n = before;	/* some would be overlooked */
	if (e->out->n == before && !has_wildcard(e->u->function))
		ap_error(e->c, e->ap, DIAG_UNSAFE, "cannot find where %s returns: it is a "
						   "function of "
			 "Go, whose return address may not be replaced", symbol->name);
}

/* ---- functions ---- */

/* 32-bit x86 programs pass arguments on the stack. */
static bool has_stack_arguments(const struct walk *e)
{
	return e->info.is_32_bit && !strcmp(e->c->target->arch->name, "x86_64");
}

static void add_function(const struct walk *e, const struct target_user_symbol *symbol)
{
	bool is_go = is_go_function(e, symbol);
	struct probe_site *s;

	if (is_go && e->p->is_return) {
		add_returns(e, symbol);
		return;
	}
	s = add_symbol(e, symbol, e->u->offset);
	if (is_go && uses_go_registers(symbol))
		s->places = user_go_places(e->c);
	else if (has_stack_arguments(e) && !e->u->offset)
		s->places = user_stack_places(e->c);
}

/* What safe mode refuses, and otherwise is told. */
static bool refuse(const struct walk *e, const char *text)
{
	struct diag *d;

	if (e->c->unsafe_mode) {
		if (!e->c->lenient)
			diag_warning(e->c->diags, e->ap->loc, DIAG_UNSAFE, "%s", text);
		return true;
	}
	d = ap_error(e->c, e->ap, DIAG_UNSAFE, "%s", text);
	if (d)
		diag_hint(e->c->diags, d, "use --unsafe to attach anyway; a probe within an "
			  "instruction damages the program");
	return false;
}

/* A breakpoint must replace the begin of an instruction. */
static bool check_boundary(const struct walk *e, const struct target_user_symbol *symbol,
			   uint64_t offset)
{
	const struct insn_set *set = insn_set_find(e->c->target->arch);
	size_t size;
	const uint8_t *code = code_of(e, symbol, &size);
	enum insn_place place = set && size ? insn_at(set, code, size, offset) : INSN_UNKNOWN;
	struct arena *a = e->c->arena;

	if (place == INSN_WITHIN)
		return refuse(e, arena_printf(a, "Could not add %s into middle of instruction: "
					      "%s:%s+%" PRIu64, e->p->name, e->path, symbol->name,
					      offset));
	if (place == INSN_UNKNOWN)
		return refuse(e, arena_printf(a, "cannot tell whether an instruction begins at "
					      "%s+%" PRIu64, symbol->name, offset));
	return true;
}

/*
 * Would a breakpoint at this place of the file damage each program that gets there?
 * The kernel runs some instructions wrongly then (see insn_set.is_mistaken). *next is
 * the length of the instruction.
 */
static bool is_mistaken(const struct walk *e, uint64_t file_offset, size_t *next)
{
	const struct insn_set *set = insn_set_find(e->c->target->arch);
	const struct target_ops *ops = e->c->target->ops;
	const uint8_t *code;
	size_t size = 16;

	if (!set || !set->is_mistaken || e->info.is_32_bit || !ops->user_code ||
	    ops->user_code(e->c->target->arg, e->path, file_offset, &code, &size) ||
	    !set->is_mistaken(code, size))
		return false;
	*next = set->length(code, size);
	return true;
}

/* Refuse such a place. With --unsafe it is told only. */
static bool check_not_mistaken(const struct walk *e, uint64_t file_offset, const char *function)
{
	uint64_t offset = e->u->offset;
	const char *place = offset ? arena_printf(e->c->arena, "%s+%" PRIu64, function, offset)
				   : function;
	size_t length, ignored;
	struct diag *d;

	if (!is_mistaken(e, file_offset, &length))
		return true;
	if (e->c->unsafe_mode) {
		diag_warning(e->c->diags, e->ap->loc, DIAG_UNSAFE, "the kernel runs the "
			     "instruction at %s wrongly when it is probed", place);
		return true;
	}
	d = ap_error(e->c, e->ap, DIAG_UNSAFE, "the kernel runs the instruction at %s wrongly when "
		     "it is probed, which would damage each program that gets there", place);
	if (d && length && e->u->kind == USER_FUNCTION &&
	    !is_mistaken(e, file_offset + length, &ignored))
		diag_hint(e->c->diags, d, "probe the one behind it: %s+%" PRIu64, function,
			  offset + length);
	return false;
}

/* Of a pattern they are left out. */
static void tell_left_out(const struct walk *e, size_t count, const char *one)
{
	if (!count || e->c->lenient)
		return;
	diag_warning(e->c->diags, e->ap->loc, DIAG_UNSAFE, "%s%s left out: the kernel runs the "
		     "first instruction wrongly when it is probed, which would damage each program "
		     "that gets there",
		     count == 1 ? one : arena_printf(e->c->arena, "%s and %zu other functions", one,
						     count - 1),
		     count == 1 ? " is" : " are");
}

static char *no_boundary(const struct walk *e, const struct target_user_symbol *symbol)
{
	return arena_printf(e->c->arena, "Could not determine boundary for %s (%s).", symbol->name,
			    symbol->is_function ? "symbol has size 0" : "it may be no function");
}

/* Is the place in the function fit for a probe? */
static bool check_place(const struct walk *e, const struct target_user_symbol *symbol)
{
	uint64_t offset = e->u->offset;

	if (offset && offset >= symbol->size_bytes && symbol->size_bytes) {
		ap_error(e->c, e->ap, DIAG_ATTACH_POINT, "Offset outside the function bounds ('%s' "
			 "size is %" PRIu64 ")", symbol->name, symbol->size_bytes);
		return false;
	}
	if (!symbol->size_bytes || !symbol->is_function)
		return e->c->unsafe_mode || refuse(e, no_boundary(e, symbol));
	if (symbol->is_indirect && !offset && !e->c->lenient)
		diag_hint(e->c->diags,
			  diag_warning(e->c->diags, e->ap->loc, DIAG_INDIRECT_FUNCTION,
				       "%s is an indirect function: the probe runs when a program "
				       "chooses the one to call, not at each call", symbol->name),
			  "probe the one that is chosen: sonde -l '%s:%s:*%s*'", e->p->name,
			  e->path, symbol->name);
	return !offset || check_boundary(e, symbol, offset);
}

/* ---- expansion ---- */

/* The name without what C++ makes of it. */
static void try_near(struct arena *a, struct nearest *n, const struct user_ap *u,
		     const char *symbol)
{
	char *plain = u->kind == USER_CPP ? cpp_plain_name(symbol) : NULL;

	nearest_try(n, plain ? arena_strdup(a, plain) : symbol);
	free(plain);
}

/* One of many files need not have it. */
static void missing_symbol(const struct walk *e)
{
	const struct user_ap *u = e->u;
	const struct target_user_symbol *list;
	struct diag *d = NULL;
	struct nearest n;
	size_t count;

	if (!u->target || !has_wildcard(u->target))
		d = ap_missing(e->c, e->p, e->ap,
			       arena_printf(e->c->arena, "%s:%s", e->path, u->function));
	if (!d || user_symbols(e->c, e->path, NULL, &list, &count))
		return;
	nearest_start(&n, u->function);
	for (size_t i = 0; i < count; i++)
		if (list[i].is_function)
			try_near(e->c->arena, &n, u, list[i].name);
	if (n.best)
		diag_hint(e->c->diags, d, "did you mean %s?", n.best);
	else if (!count)
		diag_hint(e->c->diags, d, "the file has no symbols");
}

/* Data, and what has no size, may be no code; parts of functions are none. */
static bool is_match(const struct user_ap *u, const struct target_user_symbol *s)
{
	if (!s->is_function || !s->size_bytes || strstr(s->name, ".part."))
		return false;
	return u->kind == USER_CPP ? cpp_name_match(u->function, s->name)
				   : wildcard_match(u->function, s->name);
}

/* Was the place taken before? Constructors have two names. */
static bool is_taken(const struct walk *e, size_t from, const struct target_user_symbol *s)
{
	if (e->u->kind != USER_CPP)
		return false;
	for (size_t i = from; i < e->out->n; i++)
		if (e->out->at[i]->image.offset == s->file_offset + e->u->offset)
			return true;
	return false;
}

/* All symbols that match; each place once. */
static void expand_symbols(const struct walk *e)
{
	const struct user_ap *u = e->u;
	bool pattern = u->kind == USER_CPP || has_wildcard(u->function);
	const struct target_user_symbol *list, *last = NULL;
	size_t count, before = e->out->n, next, left_out = 0;
	const char *one = NULL;
	int err = user_symbols(e->c, e->path, pattern ? NULL : u->function, &list, &count);

	if (err) {
		user_file_failed(e->c, e->ap, u->target, e->path, err);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const struct target_user_symbol *s = &list[i];
		bool twice = last && !strcmp(last->name, s->name) && last->address == s->address;

		if (twice || (pattern && (!is_match(u, s) || is_taken(e, before, s))))
			continue;
		last = s;
		if (pattern && !u->offset && is_mistaken(e, s->file_offset, &next)) {
			one = left_out++ ? one : s->name;
			continue;
		}
		if (has_wildcard(u->function) ||
		    (check_place(e, s) &&
		     check_not_mistaken(e, s->file_offset + u->offset, s->name)))
			add_function(e, s);
	}
	tell_left_out(e, left_out, one);
	if (!last && !has_wildcard(u->function))
		missing_symbol(e);
}

/* The function around an address; NULL: none that is known. */
static const struct target_user_symbol *symbol_around(const struct walk *e, uint64_t address)
{
	const struct target_user_symbol *list;
	size_t count;

	if (user_symbols(e->c, e->path, NULL, &list, &count))
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (list[i].is_function && address >= list[i].address &&
		    address - list[i].address < list[i].size_bytes)
			return &list[i];
	return NULL;
}

/* In safe mode a function around it is wanted, and an instruction to begin there. */
static void expand_address(const struct walk *e, uint64_t address)
{
	const struct target_ops *ops = e->c->target->ops;
	const struct target_user_symbol *around = symbol_around(e, address);
	uint64_t offset = address, inside = around ? offset - around->address : 0;
	struct probe_site *s;

	if (!around && !e->c->unsafe_mode) {
		if (ops->user_offset(e->c->target->arg, e->path, address, &offset))
			ap_error(e->c, e->ap, DIAG_ATTACH_POINT, "address 0x%" PRIx64 " is "
								 "nowhere in "
				 "%s", address, e->path);
		else
			refuse(e, arena_printf(e->c->arena, "Could not determine instruction "
					       "boundary for 0x%" PRIx64 " (no function of %s is "
					       "known there).", address, e->path));
		return;
	}
	if (inside && !check_boundary(e, around, inside))
		return;
	if (!check_not_mistaken(e, around ? around->file_offset + inside : offset,
				arena_printf(e->c->arena, "0x%" PRIx64, address)))
		return;
	s = add_place(e, arena_printf(e->c->arena, "%" PRIu64, address));
	s->image.offset = around ? around->file_offset + inside : offset;
	s->address = inside ? 0 : address;
}

/* Of the places in one function where the line's code begins the first, lest one
 * run through it be seen several times. */
static void expand_source(const struct walk *e)
{
	struct debug_line_query q = { .file = e->u->file, .line = e->u->line,
				      .column = e->u->column };
	const struct target_user_symbol *last = NULL;

	if (!user_line_addresses(e->c, e->ap, e->path, &q))
		return;
	for (size_t i = 0; i < q.nr_addresses; i++) {
		const struct target_user_symbol *around = symbol_around(e, q.addresses[i]);

		if (i && around == last)
			continue;
		last = around;
		expand_address(e, q.addresses[i]);
	}
}

/* The kernel looks at an instruction when a process has it in its memory; then it may be
 * too late to say that there can be no probe. */
static bool is_unfit(const struct walk *e, const struct probe_site *s)
{
	const struct insn_set *set = insn_set_find(e->c->target->arch);
	const struct target_ops *ops = e->c->target->ops;
	const uint8_t *code;
	size_t size = 16;

	return set && set->is_refused && !e->info.is_32_bit && ops->user_code &&
	       !ops->user_code(e->c->target->arg, e->path, s->image.offset, &code, &size) &&
	       set->is_refused(code, size);
}

static void expand_in_file(const struct walk *e)
{
	size_t before = e->out->n;

	switch (e->u->kind) {
	case USER_ADDRESS:
		expand_address(e, e->u->address);
		break;
	case USER_SOURCE:
		expand_source(e);
		break;
	default:
		expand_symbols(e);
	}
	for (size_t i = before; i < e->out->n; i++)
		e->out->at[i]->image.is_unfit = is_unfit(e, e->out->at[i]);
}

static void expand_user(struct probe_ctx *c, const struct provider *p,
			const struct attach_point *ap, site_vec *out)
{
	const char *const *paths;
	struct user_ap u;
	size_t count;

	if (!user_ap_parse(c, p, ap, &u) || !user_files_find(c, p, ap, u.target, &paths, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		struct walk e = { .c = c, .p = p, .ap = ap, .u = &u, .path = paths[i],
				       .out = out };
		const struct target_ops *ops = c->target->ops;

		if (ops->user_info)
			ops->user_info(c->target->arg, e.path, &e.info);
		if (!e.info.is_foreign)
			expand_in_file(&e);
		else if (!u.target || !has_wildcard(u.target))
			ap_error(c, ap, DIAG_NO_FILE, "%s is a program for another processor",
				 e.path);
	}
}

/* ---- list ---- */

/* Names of C++ are listed as they are written in scripts. */
static const char *list_text(struct probe_ctx *c, const char *path, const struct user_ap *u,
			     const char *symbol)
{
	char *full = u->kind == USER_CPP ? cpp_full_name(symbol) : NULL;
	const char *text;

	if (u->kind != USER_CPP)
		return arena_printf(c->arena, "%s:%s", path, symbol);
	text = full ? arena_printf(c->arena, "%s:cpp:\"%s\"", path, full)
		    : arena_printf(c->arena, "%s:cpp:%s", path, symbol);
	free(full);
	return text;
}

static void list_file(struct probe_ctx *c, const struct provider *p, const char *path,
		      const struct user_ap *u, struct list_out *out)
{
	const struct target_user_symbol *list;
	const char *last = "";
	size_t count;

	if (user_symbols(c, path, NULL, &list, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(last, list[i].name) || !is_match(u, &list[i]))
			continue;
		struct probe_site site = { .provider = p, .file = path,
					   .address = list[i].address };

		list_item(c, p, list_text(c, path, u, list[i].name), &site, out);
	}
}

/* TARGET:FUNCTION, TARGET:cpp:NAME, TARGET, or with -p FUNCTION. */
static void list_user(struct probe_ctx *c, const struct provider *p, const char *pattern,
		      struct list_out *out)
{
	const char *colon = strchr(pattern, ':');
	struct user_ap u = { .function = colon ? colon + 1 : pattern };
	const char *const *paths;
	size_t count;

	if (colon)
		u.target = arena_strndup(c->arena, pattern, (size_t)(colon - pattern));
	else if (strchr(pattern, '/') || !c->pid) {
		u.target = pattern;
		u.function = "*";
	}
	if (colon && !strncmp(colon, ":cpp:", 5)) {
		u.kind = USER_CPP;
		u.function = arena_strdup(c->arena, colon + 5 + (colon[5] == '"'));
		if (colon[5] == '"' && strrchr(u.function, '"'))
			*strrchr((char *)u.function, '"') = '\0';
	}
	if (user_files_list(c, u.target ? u.target : "*", &paths, &count))
		return;
	for (size_t i = 0; i < count; i++)
		list_file(c, p, paths[i], &u, out);
}

/* Go has so many registers for arguments, 32-bit programs so many words that we look at. */
static const char *user_arg_problem(struct probe_ctx *c, struct probe_site *s, uint32_t index)
{
	if (!s->places || index < s->places->count)
		return NULL;
	return arena_printf(c->arena, "arg%u of %s cannot be read: there are %zu places for "
			    "arguments", index, s->name, s->places->count);
}

const struct provider provider_uprobe = {
	.name = "uprobe",
	.alias = { "u" },
	.doc = "Runs when a function of a program or library is called.",
	.has = HAS_ARGN | HAS_ARGS | HAS_FUNC | HAS_PT_REGS | HAS_CTX | HAS_STACKS,
	.space = SPACE_USER,
	.prog_type = BPF_PROG_TYPE_KPROBE,
	.attach = ATTACH_UPROBE,
	.listed = true,
	.expand = expand_user,
	.arg_form = user_arg_form,
	.arg_problem = user_arg_problem,
	.args = user_args,
	.type_by_name = user_type_by_name,
	.list_args = user_list_args,
	.plan = plan_user,
	.list = list_user,
};

const struct provider provider_uretprobe = {
	.name = "uretprobe",
	.alias = { "ur" },
	.doc = "Runs when a function of a program or library returns.",
	.has = HAS_RETVAL | HAS_FUNC | HAS_PT_REGS | HAS_CTX | HAS_STACKS,
	.space = SPACE_USER,
	.prog_type = BPF_PROG_TYPE_KPROBE,
	.attach = ATTACH_URETPROBE,
	.is_return = true,
	.lists_by_name = true,
	.expand = expand_user,
	.arg_form = user_arg_form,
	.type_by_name = user_type_by_name,
	.plan = plan_user,
	.list = list_user,
};
