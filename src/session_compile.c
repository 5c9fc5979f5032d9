/*
 * The compiler, top to bottom: script text to image.
 *
 *	lang (parse, import, expand) -> types (C part) -> check -> lower -> ir passes -> bpf
 *	-> image
 *
 * Each stage is a function from the data of the stage before to its own. After
 * a stage with errors the rest does not run. All that the stages allocate is
 * in one arena, freed when the image is done; memory that runs out anywhere in
 * it comes back to the setjmp here.
 */
#include "session.h"

#include "bpf/bpf.h"
#include "ir/ir.h"
#include "kernel/live_target.h"
#include "lang/lang.h"
#include "lower/lower.h"
#include "types/cdefs.h"
#include "types/kbtf.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* What the stages hand on. */
struct compilation {
	struct sonde *s;
	struct names names;
	struct diags diags;
	struct types types;
	struct check check;
	struct check_options check_options;
	struct lower_result lowered;
	struct bc_btf *btf;
	regex_t filter;		/* --probe-filter, if has_filter */
	bool has_filter;
	struct arena work;	/* for what a pass or the back end forgets */
};

static int use_functions_file(struct sonde *s)
{
	int err = live_target_functions(&s->target, s->options.functions_file);

	if (err)
		session_tell(s, SONDE_ERROR, "cannot read the list of traceable functions '%s': %s",
			     s->options.functions_file, strerror(-err));
	return err;
}

/* --no-feature: what the target has, but is not to be used. */
static void leave_out_features(struct sonde *s)
{
	static const struct {
		const char *name;
		enum target_feature feature;
	} rows[] = {
		{ "kprobe_multi", FEATURE_KPROBE_MULTI },
		{ "kprobe_session", FEATURE_KPROBE_SESSION },
		{ "uprobe_multi", FEATURE_UPROBE_MULTI },
		{ "uprobe_multi", FEATURE_UPROBE_SESSION },
		{ "kprobe_multi", FEATURE_KPROBE_SESSION },
	};

	for (size_t i = 0; i < s->options.nr_no_features; i++)
		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
			if (!strcmp(s->options.no_features[i], rows[k].name))
				s->target.feature_known[rows[k].feature] = -1;
}

int session_open_target(struct sonde *s)
{
	int err;

	if (s->target.arena)
		return 0;
	if (s->options.target_file)
		err = target_load(&s->target, &s->target_arena, s->options.target_file);
	else
		err = live_target_open(&s->target, &s->target_arena);
	if (err && s->options.target_file)
		session_tell(s, SONDE_ERROR, "cannot read the target '%s': %s",
			     s->options.target_file, strerror(-err));
	else if (err)
		session_tell(s, SONDE_ERROR, "cannot find out what this machine has: %s",
			     strerror(-err));
	if (!err && !s->options.target_file)
		live_target_debug_dirs(&s->target, &(struct debug_dirs){
			s->options.debug_dirs, s->options.nr_debug_dirs });
	if (!err && s->options.functions_file && !s->options.target_file)
		err = use_functions_file(s);
	if (!err)
		leave_out_features(s);
	if (!err && s->options.save_target)
		target_record(&s->target);
	return err;
}

struct lang_options session_language_options(struct sonde *s)
{
	const struct sonde_options *o = &s->options;
	const char **positional = arena_array(&s->arena, const char *, o->nr_params + 1);
	size_t n = 0;

	s->reader = session_import_reader(s);
	for (size_t i = 0; i < o->nr_params; i++)
		if (strncmp(o->params[i], "--", 2))
			positional[n++] = o->params[i];
	return (struct lang_options){
		.params = positional,
		.nr_params = n,
		.reader = &s->reader,
	};
}

static bool stage_parse(struct compilation *c, const struct source *source)
{
	struct lang_options options = session_language_options(c->s);
	struct sonde *s = c->s;

	c->check.script = lang_parse(&s->arena, &c->names, &c->diags, source, &options);
	if (s->dumps[STAGE_AST])
		lang_dump(c->check.script, s->dumps[STAGE_AST]);
	return !c->diags.nr_errors;
}

static bool is_builtin(const char *name, bool is_call)
{
	const struct builtin *b = builtin_find(name);

	/* A variable may be written as a call, too. */
	return b && (b->kind & (is_call ? BUILTIN_FUNC | BUILTIN_VAR : BUILTIN_VAR));
}

/* Imports, then macros: neither is left. */
static bool stage_expand(struct compilation *c, const struct source *source)
{
	struct lang_options options = session_language_options(c->s);

	lang_import(&c->s->arena, &c->names, &c->diags, c->check.script, source->name, &options);
	if (c->diags.nr_errors)
		return false;
	lang_expand_macros(&c->s->arena, &c->diags, c->check.script, is_builtin);
	return !c->diags.nr_errors;
}

static bool stage_c_part(struct compilation *c, const struct source *source)
{
	struct check *k = &c->check;

	k->btf = target_kbtf(&c->s->target, &c->types);
	k->cdefs = session_c_part(c->s, &c->types, &c->diags, k->btf, source->name);
	for (size_t i = 0; i < k->script->c_parts.n; i++) {
		const struct c_chunk *part = &k->script->c_parts.at[i];

		if (part->is_header)
			cdefs_add_header(k->cdefs, part->loc);
		else
			cdefs_add(k->cdefs, part->text, strlen(part->text), part->loc);
	}
	cdefs_finish(k->cdefs);
	return !c->diags.nr_errors;
}

static bool stage_check(struct compilation *c)
{
	struct check *k = &c->check;
	bool good;

	k->arena = &c->s->arena;
	k->names = &c->names;
	k->diags = &c->diags;
	k->types = &c->types;
	k->target = &c->s->target;
	k->options = &c->check_options;
	good = !check_run(k) && !c->diags.nr_errors;
	if (c->s->dumps[STAGE_TYPES])
		check_dump(k, c->s->dumps[STAGE_TYPES]);
	return good;
}

static void dump_ir(struct compilation *c, enum stage stage)
{
	if (!c->s->dumps[stage])
		return;
	for (size_t i = 0; i < c->lowered.progs.n; i++)
		ir_dump(c->lowered.progs.at[i].module, c->s->dumps[stage]);
}

static bool stage_lower(struct compilation *c)
{
	struct sonde *s = c->s;
	int err;

	s->image = image_open();
	if (!s->image)
		longjmp(*s->arena.oom, 1);
	arena_on_oom(&s->image->arena, s->arena.oom);
	err = lower_run(&c->check, s->image, &c->lowered);
	if (err)
		session_tell(s, SONDE_ERROR, "cannot compile the script: %s", strerror(-err));
	dump_ir(c, STAGE_IR);
	return !err && !c->diags.nr_errors;
}

static bool stage_optimize(struct compilation *c)
{
	for (size_t i = 0; i < c->lowered.progs.n; i++) {
		c->lowered.progs.at[i].module->work = &c->work;
		ir_optimize(c->lowered.progs.at[i].module);
	}
	dump_ir(c, STAGE_IR_OPT);
	lower_check_needs(&c->check, &c->lowered);
	return !c->diags.nr_errors;
}

static int emit_prog(struct compilation *c, const struct lowered *l)
{
	struct sonde *s = c->s;
	struct image_prog *prog = &s->image->progs.at[l->prog];
	struct bc_env env = {
		.arena = &c->work,
		.image = s->image,
		.diags = &c->diags,
		.target = &s->target,
		.btf = c->btf,
	};
	int err = bc_compile(&env, l->module, prog);

	if (err == -E2BIG) {
		session_tell(s, SONDE_ERROR, "%s: the action is too large for one BPF program: %s",
			     prog->name, env.too_large);
		session_tell(s, SONDE_HINT, "Divide it among several probes of the same event.");
	}
	if (err && err != -E2BIG)
		session_tell(s, SONDE_ERROR, "%s: cannot be compiled: %s", prog->name,
			     strerror(-err));
	arena_reset(&c->work);
	return err;
}

static bool stage_emit(struct compilation *c)
{
	struct sonde *s = c->s;
	int err = 0;

	c->btf = bc_btf_open();
	if (!c->btf)
		longjmp(*s->arena.oom, 1);
	for (size_t i = 0; i < c->lowered.progs.n && !err; i++)
		err = emit_prog(c, &c->lowered.progs.at[i]);
	if (!err)
		err = bc_btf_finish(c->btf, s->image);
	for (size_t i = 0; i < s->image->progs.n && !err && s->dumps[STAGE_BPF]; i++)
		bc_disassemble(s->image, &s->image->progs.at[i], s->dumps[STAGE_BPF]);
	if (!err && s->dumps[STAGE_IMAGE])
		image_dump(s->image, s->dumps[STAGE_IMAGE]);
	return !err;
}

static bool run_stages(struct compilation *c, const struct source *source)
{
	if (!stage_parse(c, source) || !stage_expand(c, source) || !stage_c_part(c, source) ||
	    !stage_check(c) || !stage_lower(c))
		return false;
	return stage_optimize(c) && stage_emit(c);
}

static void compilation_init(struct compilation *c, struct sonde *s)
{
	memset(c, 0, sizeof(*c));
	c->s = s;
	arena_on_oom(&c->work, s->arena.oom);
	names_init(&c->names, &s->arena);
	diags_init(&c->diags, &s->arena);
	types_init(&c->types, &s->arena, &c->names);
	c->check_options.pid = s->options.pid;
	c->check_options.has_child = s->options.command != NULL;
	c->check_options.unsafe_mode = s->options.unsafe_mode;
	c->check_options.no_warnings = s->options.no_warnings;
	c->check_options.warnings_level = s->options.no_warnings ? 0 : s->options.warnings_level;
	c->check_options.context = s->options.context;
	c->check_options.params = s->options.params;
	c->check_options.nr_params = s->options.nr_params;
}

/* --probe-filter; false: it is no regular expression, which was told. */
static bool compile_filter(struct compilation *c)
{
	const char *regex = c->s->options.probe_filter;
	char text[128];
	int err;

	if (!regex)
		return true;
	err = regcomp(&c->filter, regex, REG_EXTENDED | REG_NOSUB);
	c->has_filter = !err;
	c->check_options.filter = &c->filter;
	if (!err)
		return true;
	regerror(err, &c->filter, text, sizeof(text));
	session_tell(c->s, SONDE_ERROR, "Invalid --probe-filter regex '%s': %s", regex, text);
	return false;
}

static void compilation_close(struct compilation *c)
{
	if (c->has_filter)
		regfree(&c->filter);
	bc_btf_close(c->btf);
	arena_free(&c->work);
	free(c);
}

int session_compile(struct sonde *s, const char *name, const char *text, size_t len)
{
	/* Outlives the jump: its members are read again in the failure path. */
	struct compilation *volatile c = calloc(1, sizeof(*c));
	const struct source *source;
	jmp_buf oom;
	volatile int err = -ENOMEM;

	if (!c)
		return -ENOMEM;
	if (!setjmp(oom)) {
		arena_on_oom(&s->arena, &oom);
		arena_on_oom(&s->kept_arena, &oom);
		compilation_init(c, s);
		source = source_add(&c->diags, name, text, len);
		if (!source)
			session_tell(s, SONDE_ERROR, "%s: too large for a script", name);
		err = source && compile_filter(c) && run_stages(c, source) ? 0 : -EINVAL;
		session_tell_diags(s, &c->diags);
	}
	compilation_close(c);
	arena_on_oom(&s->arena, NULL);
	arena_on_oom(&s->kept_arena, NULL);
	arena_free(&s->arena);
	if (s->image)
		arena_on_oom(&s->image->arena, NULL);
	return err;
}
