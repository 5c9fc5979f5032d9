/*
 * Directives of the preprocessor.
 *
 * Text between directives is collected and expanded as one run, so that the
 * call of a macro may span lines. Lines of branches that are not taken are
 * passed over without a look at their words.
 */
#include "types/cpp.h"

#include <string.h>

/* A directive's line: tokens behind its name. */
struct directive {
	const struct ctoken *name, *args;
	size_t nr_args;
	const struct csplit *split;	/* stands behind the line */
};

struct loc cpp_loc(const struct ctoken *t)
{
	return (struct loc){ t->pos, t->pos + (uint32_t)strlen(t->text), NULL };
}

struct loc cpp_place(const struct cpp *p, struct loc loc)
{
	const struct cpp_origin *o;

	vec_each(o, &p->origins)
		if (o->begin <= loc.begin && loc.begin < o->end)
			loc.from = o->from;
	return loc;
}

void cpp_add_origin(struct cpp *p, uint32_t begin, uint32_t end, struct loc call)
{
	struct expansion *from = arena_new(p->arena, struct expansion);
	struct cpp_origin origin = { begin, end, from };

	from->call = call;
	vec_push(p->arena, &p->origins, origin);
}

struct diag *cpp_error(struct cpp *p, const struct ctoken *t, enum diag_tag tag,
		       const char *fmt, ...)
{
	const char *text;
	va_list args;

	if (t->in_header || p->is_lost)
		return NULL;
	va_start(args, fmt);
	text = arena_vprintf(p->arena, fmt, args);
	va_end(args);
	return diag_error(p->diags, cpp_place(p, cpp_loc(t)), tag, "%s", text);
}

struct cmacro *cpp_macro(const struct cpp *p, const char *name)
{
	struct cmacro *m = pmap_find(&p->macros, name);

	return m && m->name ? m : NULL;
}

static bool is_live(const struct cpp *p)
{
	return !p->conditions.n || p->conditions.at[p->conditions.n - 1].is_live;
}

static void flush(struct cpp *p)
{
	size_t before = p->out->n;

	if (p->run.n)
		cpp_expand(p, p->run.at, p->run.n, p->out);
	cpp_obey_pragmas(p, before);
	p->run.n = 0;
}

/* ---- #define ---- */

/* Parameters behind "NAME("; returns tokens taken with the ")", 0: wrong. */
static size_t read_params(struct cpp *p, struct cmacro *m, const struct ctoken *t, size_t n)
{
	static const char rest[] = "__VA_ARGS__";
	size_t i = 0;

	if (n && ctoken_is(&t[0], ")"))
		return 1;
	while (i < n && !m->is_variadic) {
		bool is_dots = ctoken_is(&t[i], "...");

		if (t[i].kind != CTOKEN_IDENT && !is_dots)
			return 0;
		vec_push(p->arena, &m->params, is_dots ? name_of(p->names, rest) : t[i].text);
		i++;
		m->is_variadic = is_dots;
		if (i < n && !is_dots && ctoken_is(&t[i], "...")) {
			m->is_variadic = true;
			i++;
		}
		if (i < n && ctoken_is(&t[i], ")"))
			return i + 1;
		if (i >= n || !ctoken_is(&t[i++], ","))
			return 0;
	}
	return 0;
}

static bool same_body(const struct cmacro *a, const struct cmacro *b)
{
	if (a->is_function != b->is_function || a->body.n != b->body.n ||
	    a->params.n != b->params.n)
		return false;
	for (size_t i = 0; i < a->body.n; i++)
		if (a->body.at[i].text != b->body.at[i].text)
			return false;
	return true;
}

static void set_body(struct cpp *p, struct cmacro *m, const struct ctoken *t, size_t n)
{
	const struct ctoken *last = n ? &t[n - 1] : NULL;

	for (size_t i = 0; i < n; i++)
		vec_push(p->arena, &m->body, t[i]);
	if (n && t->pos)
		m->loc = loc_join(cpp_loc(t), cpp_loc(last));
}

static void define(struct cpp *p, const struct directive *d)
{
	const struct ctoken *t = d->args;
	size_t n = d->nr_args, used = 1;
	struct cmacro *m, *old;

	if (!n || t->kind != CTOKEN_IDENT || !strcmp(t->text, "defined")) {
		cpp_error(p, n ? t : d->name, DIAG_BAD_DEFINE, "#define expects a name");
		return;
	}
	m = arena_new(p->arena, struct cmacro);
	m->name = t->text;
	if (n > 1 && ctoken_is(&t[1], "(") && !t[1].space_before) {
		m->is_function = true;
		used = read_params(p, m, t + 2, n - 2);
		if (!used) {
			cpp_error(p, t, DIAG_BAD_DEFINE,
				  "the parameters of macro '%s' are not closed "
				  "by ')'", m->name);
			return;
		}
		used += 2;
	}
	set_body(p, m, t + used, n - used);
	old = cpp_macro(p, m->name);
	if (old && old->is_expanding)
		return;
	if (old && old->loc.begin && !t->in_header && !same_body(old, m)) {
		struct diag *w = diag_warning(p->diags, cpp_place(p, cpp_loc(t)),
					      DIAG_MACRO_REDEFINED,
					      "macro '%s' is defined again", m->name);

		diag_note(p->diags, w, old->loc, "this was its definition");
	}
	pmap_set(&p->macros, m->name, m);
}

static void undef(struct cpp *p, const struct directive *d)
{
	struct cmacro *m = d->nr_args ? pmap_find(&p->macros, d->args->text) : NULL;

	if (!d->nr_args || d->args->kind != CTOKEN_IDENT)
		cpp_error(p, d->nr_args ? d->args : d->name, DIAG_BAD_DEFINE,
			  "#undef expects a name");
	else if (m && !m->is_expanding)
		pmap_set(&p->macros, d->args->text, arena_new(p->arena, struct cmacro));
}

/* ---- #if ---- */

static struct ctoken number_token(struct cpp *p, const struct ctoken *like, bool value)
{
	struct ctoken t = *like;

	t.kind = CTOKEN_NUMBER;
	t.text = name_of(p->names, value ? "1" : "0");
	return t;
}

/* The index of the ")" that closes the "(" at i, or n. */
static size_t closing(const struct ctoken *t, size_t n, size_t i)
{
	int depth = 0;

	for (; i < n; i++) {
		depth += ctoken_is(&t[i], "(");
		depth -= ctoken_is(&t[i], ")");
		if (!depth)
			return i;
	}
	return n;
}

static bool is_known_name(const struct cpp *p, const struct ctoken *t)
{
	return t->kind == CTOKEN_IDENT &&
	       (cpp_macro(p, t->text) || !strncmp(t->text, "__has_include", 13));
}

/* `defined NAME`, `defined(NAME)`, `__has_x(...)` at i; returns tokens taken. */
static size_t query_at(struct cpp *p, const struct ctoken *t, size_t n, size_t i, bool *value)
{
	bool has_parens = i + 1 < n && ctoken_is(&t[i + 1], "(");
	size_t end;

	if (ctoken_is(&t[i], "defined")) {
		if (has_parens && i + 3 < n && ctoken_is(&t[i + 3], ")")) {
			*value = is_known_name(p, &t[i + 2]);
			return 4;
		}
		*value = i + 1 < n && is_known_name(p, &t[i + 1]);
		return i + 1 < n && !has_parens ? 2 : 0;
	}
	if (!has_parens || t[i].kind != CTOKEN_IDENT || strncmp(t[i].text, "__has_", 6) ||
	    cpp_macro(p, t[i].text))
		return 0;
	end = closing(t, n, i + 1);
	if (end == n)
		return 0;
	*value = !strncmp(t[i].text, "__has_include", 13) &&
		 cpp_has_include(p, t + i + 2, end - i - 2);
	return end + 1 - i;
}

static bool condition_value(struct cpp *p, const struct directive *d)
{
	static const struct cexpr_env no_names;
	ctoken_vec plain = { 0 }, expanded = { 0 };
	struct cvalue value;

	for (size_t i = 0; i < d->nr_args;) {
		bool answer = false;
		size_t used = query_at(p, d->args, d->nr_args, i, &answer);
		struct ctoken t = used ? number_token(p, &d->args[i], answer) : d->args[i];

		vec_push(p->arena, &plain, t);
		i += used ? used : 1;
	}
	cpp_expand(p, plain.at, plain.n, &expanded);
	if (cexpr_eval(&no_names, expanded.at, expanded.n, &value, NULL))
		return value.bits;
	cpp_error(p, d->nr_args ? d->args : d->name, DIAG_BAD_DIRECTIVE,
		  "#%s expects a constant expression of integers", d->name->text);
	return false;
}

static void open_condition(struct cpp *p, const struct directive *d, bool value)
{
	struct cpp_condition c = {
		.was_live = is_live(p), .loc = cpp_loc(d->name), .file = p->depth,
	};

	c.is_live = c.has_been_live = c.was_live && value;
	vec_push(p->arena, &p->conditions, c);
}

static void if_(struct cpp *p, const struct directive *d)
{
	open_condition(p, d, is_live(p) && condition_value(p, d));
}

static bool names_macro(struct cpp *p, const struct directive *d)
{
	if (d->nr_args && d->args->kind == CTOKEN_IDENT)
		return is_known_name(p, d->args);
	cpp_error(p, d->name, DIAG_BAD_DIRECTIVE, "#%s expects a name", d->name->text);
	return false;
}

static void ifdef(struct cpp *p, const struct directive *d)
{
	bool wanted = strcmp(d->name->text, "ifndef");

	open_condition(p, d, is_live(p) && names_macro(p, d) == wanted);
}

/* The #if that an #else or #endif belongs to; it stands in the same text. */
static struct cpp_condition *current(struct cpp *p, const struct directive *d)
{
	struct cpp_condition *c = p->conditions.n ? &p->conditions.at[p->conditions.n - 1] : NULL;

	if (c && c->file == p->depth)
		return c;
	cpp_error(p, d->name, DIAG_STRAY_DIRECTIVE, "#%s without #if", d->name->text);
	return NULL;
}

static bool elif_value(struct cpp *p, const struct directive *d)
{
	if (!strcmp(d->name->text, "elif"))
		return condition_value(p, d);
	return names_macro(p, d) == !strcmp(d->name->text, "elifdef");
}

static void else_(struct cpp *p, const struct directive *d)
{
	struct cpp_condition *c = current(p, d);
	bool is_else = !strcmp(d->name->text, "else");

	if (!c)
		return;
	if (c->in_else) {
		cpp_error(p, d->name, DIAG_STRAY_DIRECTIVE, "#%s after #else", d->name->text);
		return;
	}
	c->in_else = is_else;
	c->is_live = c->was_live && !c->has_been_live;
	if (c->is_live && !is_else)
		c->is_live = elif_value(p, d);
	c->has_been_live |= c->is_live;
}

static void endif(struct cpp *p, const struct directive *d)
{
	if (current(p, d))
		p->conditions.n--;
}

/* ---- the others ---- */

static void include(struct cpp *p, const struct directive *d)
{
	/* The line's memory is used again for the header's. */
	struct ctoken *args = arena_array(p->arena, struct ctoken, d->nr_args + 1);
	struct ctoken name = *d->name;

	if (d->nr_args)
		memcpy(args, d->args, d->nr_args * sizeof(*args));
	cpp_include_line(p, &name, args, d->nr_args, !strcmp(name.text, "include_next"));
}

static void pragma(struct cpp *p, const struct directive *d)
{
	cpp_pragma(p, d->args, d->nr_args);
}

static const char *words_of(struct cpp *p, const struct directive *d)
{
	const char *text = "";

	for (size_t i = 0; i < d->nr_args && i < 50; i++)
		text = arena_printf(p->arena, "%s%s%s", text,
				    i && d->args[i].space_before ? " " : "",
				    d->args[i].text);
	return text;
}

static void error(struct cpp *p, const struct directive *d)
{
	struct loc loc = cpp_place(p, cpp_loc(d->name));

	/* A header's #error is meant for compilers. */
	if (d->name->in_header)
		return;
	if (!strcmp(d->name->text, "error"))
		diag_error(p->diags, loc, DIAG_ERROR_DIRECTIVE, "#error %s", words_of(p, d));
	else
		diag_warning(p->diags, loc, DIAG_WARNING_DIRECTIVE, "#warning %s", words_of(p, d));
}

static void ignore(struct cpp *p, const struct directive *d)
{
	(void)p;
	(void)d;
}

static const struct directive_row {
	const char *name;
	void (*obey)(struct cpp *p, const struct directive *d);
	bool is_condition;	/* matters in branches that are not taken, too */
} directives[] = {
	{ "define", define, false }, { "undef", undef, false },
	{ "include", include, false }, { "include_next", include, false },
	{ "import", include, false },
	{ "if", if_, true }, { "ifdef", ifdef, true }, { "ifndef", ifdef, true },
	{ "elif", else_, true }, { "elifdef", else_, true }, { "elifndef", else_, true },
	{ "else", else_, true }, { "endif", endif, true },
	{ "pragma", pragma, false }, { "error", error, false }, { "warning", error, false },
	{ "line", ignore, false }, { "ident", ignore, false }, { "sccs", ignore, false },
};

static void unknown_directive(struct cpp *p, const struct ctoken *name)
{
	struct diag *d = cpp_error(p, name, DIAG_UNKNOWN_DIRECTIVE,
				   "unknown preprocessor line '#%s'", name->text);
	struct nearest near;

	if (!d)
		return;
	nearest_start(&near, name->text);
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
		nearest_try(&near, directives[i].name);
	if (near.best)
		diag_hint(p->diags, d, "did you mean #%s?", near.best);
}

/* A line behind its "#". */
static void obey(struct cpp *p, struct csplit *split)
{
	struct directive d = { .split = split };
	struct ctoken t;

	p->line.n = 0;
	while ((t = csplit_next(split)).kind != CTOKEN_NEWLINE && t.kind != CTOKEN_END)
		vec_push(p->arena, &p->line, t);
	if (!p->line.n)
		return;
	d.name = p->line.at;
	d.args = p->line.at + 1;
	d.nr_args = p->line.n - 1;
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
		if (strcmp(directives[i].name, d.name->text))
			continue;
		/* Conditions may stand among the arguments of a macro. */
		if (!directives[i].is_condition && is_live(p))
			flush(p);
		if (directives[i].is_condition || is_live(p))
			directives[i].obey(p, &d);
		return;
	}
	if (is_live(p))
		unknown_directive(p, d.name);
}

static void read_line(struct cpp *p, struct csplit *split)
{
	struct ctoken t;

	do {
		t = csplit_next(split);
		if (t.kind != CTOKEN_END)
			vec_push(p->arena, &p->run, t);
	} while (t.kind != CTOKEN_NEWLINE && t.kind != CTOKEN_END);
}

void cpp_read_text(struct cpp *p, struct csplit *split)
{
	while (split->at < split->end && !p->is_too_large) {
		if (csplit_at_directive(split))
			obey(p, split);
		else if (is_live(p))
			read_line(p, split);
		else
			csplit_skip_line(split);
	}
	flush(p);
}

/* ---- the whole ---- */

void cpp_text(struct cpp *p, const char *text, size_t len, struct loc loc, ctoken_vec *out)
{
	struct csplit split = {
		.names = p->names, .start = text, .at = text, .end = text + len, .pos = loc.begin,
	};

	p->out = out;
	if (loc.from)
		cpp_add_origin(p, loc.begin, loc.begin + (uint32_t)len, loc.from->call);
	cpp_read_text(p, &split);
}

void cpp_define(struct cpp *p, const char *text)
{
	struct csplit split = {
		.names = p->names, .start = text, .at = text, .end = text + strlen(text),
		.in_header = true,
	};
	struct directive d = { .split = &split };
	struct ctoken t;

	p->line.n = 0;
	while ((t = csplit_next(&split)).kind != CTOKEN_END)
		vec_push(p->arena, &p->line, t);
	d.name = d.args = p->line.at;
	d.nr_args = p->line.n;
	define(p, &d);
}

/* What compilers for the target define by themselves. */
static const char *const predefined[] = {
	"__STDC__ 1", "__STDC_VERSION__ 201710L", "__STDC_HOSTED__ 1", "__GNUC__ 12",
	"__GNUC_MINOR__ 2", "__GNUC_PATCHLEVEL__ 0", "__GNUC_STDC_INLINE__ 1", "__linux__ 1",
	"__linux 1", "linux 1", "__unix__ 1", "__unix 1", "unix 1", "__gnu_linux__ 1", "__ELF__ 1",
	"_LP64 1", "__LP64__ 1", "__CHAR_BIT__ 8", "__SIZEOF_SHORT__ 2", "__SIZEOF_INT__ 4",
	"__SIZEOF_LONG__ 8", "__SIZEOF_LONG_LONG__ 8", "__SIZEOF_POINTER__ 8",
	"__SIZEOF_SIZE_T__ 8", "__SIZEOF_PTRDIFF_T__ 8", "__SIZEOF_WCHAR_T__ 4",
	"__SIZEOF_INT128__ 16", "__SIZEOF_FLOAT__ 4", "__SIZEOF_DOUBLE__ 8",
	"__SIZEOF_LONG_DOUBLE__ 16", "__SCHAR_MAX__ 127", "__SHRT_MAX__ 32767",
	"__INT_MAX__ 2147483647", "__LONG_MAX__ 9223372036854775807L",
	"__LONG_LONG_MAX__ 9223372036854775807LL", "__SIZE_MAX__ 18446744073709551615UL",
	"__PTRDIFF_MAX__ 9223372036854775807L", "__INTMAX_MAX__ 9223372036854775807L",
	"__UINTMAX_MAX__ 18446744073709551615UL",
	"__SIZE_TYPE__ unsigned long", "__PTRDIFF_TYPE__ long", "__WCHAR_TYPE__ int",
	"__WINT_TYPE__ unsigned int", "__INTMAX_TYPE__ long", "__UINTMAX_TYPE__ unsigned long",
	"__INT8_TYPE__ signed char", "__UINT8_TYPE__ unsigned char", "__INT16_TYPE__ short",
	"__UINT16_TYPE__ unsigned short", "__INT32_TYPE__ int", "__UINT32_TYPE__ unsigned int",
	"__INT64_TYPE__ long", "__UINT64_TYPE__ unsigned long", "__INTPTR_TYPE__ long",
	"__UINTPTR_TYPE__ unsigned long", "__ORDER_LITTLE_ENDIAN__ 1234",
	"__ORDER_BIG_ENDIAN__ 4321", "__USER_LABEL_PREFIX__", "__BPF_TRACING__ 1",
};

void cpp_init(struct cpp *p, const struct cdefs_env *env)
{
	memset(p, 0, sizeof(*p));
	p->env = env;
	p->arena = env->types->arena;
	p->names = env->types->names;
	p->diags = env->diags;
	hmap_init(&p->macros, p->arena);
	hmap_init(&p->once, p->arena);
	hmap_init(&p->sources, p->arena);
	p->file.is_own = true;
	p->file.dir = env->script_dir ? env->script_dir : "";
	p->file.dir_index = SIZE_MAX;
	for (size_t i = 0; i < sizeof(predefined) / sizeof(predefined[0]); i++)
		cpp_define(p, predefined[i]);
	if (env->machine_macro)
		cpp_define(p, arena_printf(p->arena, "%s 1", env->machine_macro));
	cpp_define(p, env->big_endian ? "__BYTE_ORDER__ __ORDER_BIG_ENDIAN__"
				      : "__BYTE_ORDER__ __ORDER_LITTLE_ENDIAN__");
	if (!env->char_is_signed)
		cpp_define(p, "__CHAR_UNSIGNED__ 1");
	if (env->nr_kernel_dirs) {
		cpp_define(p, "__KERNEL__ 1");
		cpp_define(p, "KBUILD_MODNAME \"sonde\"");
	}
	if (env->btf)
		cpp_define(p, "BPFTRACE_HAVE_BTF 1");
}

void cpp_close_conditions(struct cpp *p, size_t from)
{
	for (size_t i = from; i < p->conditions.n && p->file.is_own && !p->is_too_large; i++)
		diag_error(p->diags, cpp_place(p, p->conditions.at[i].loc), DIAG_OPEN_CONDITION,
			   "this condition has no #endif");
	if (p->conditions.n > from)
		p->conditions.n = from;
}

void cpp_finish(struct cpp *p)
{
	cpp_close_conditions(p, 0);
}
