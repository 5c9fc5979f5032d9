/*
 * Listing attach points: those that match a pattern, or those of a script, whose
 * actions do not matter here.
 */
#include "session.h"

#include "probes/provider.h"
#include "types/kbtf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct listing {
	struct names names;
	struct diags diags;
	struct types types;
	struct probe_ctx ctx;
	struct list_out out;
	/* what to list: a pattern, or a script */
	const char *pattern;
	const char *name, *text;
	size_t len;
};

static void init(struct listing *l, struct sonde *s)
{
	names_init(&l->names, &s->arena);
	diags_init(&l->diags, &s->arena);
	types_init(&l->types, &s->arena, &l->names);
	l->ctx = (struct probe_ctx){
		.arena = &s->arena,
		.names = &l->names,
		.diags = &l->diags,
		.types = &l->types,
		.target = &s->target,
		.pid = s->options.pid,
		.unsafe_mode = s->options.unsafe_mode,
		.missing = MISSING_ERROR,
	};
	l->ctx.btf = target_kbtf(&s->target, &l->types);
	l->out.verbose = s->options.verbose;
}

static void list_sites(struct listing *l, const struct script *script)
{
	struct probe **probe;
	struct attach_point **ap;
	struct probe_site **site;
	site_vec sites = { 0 };

	vec_each(probe, &script->probes)
		vec_each(ap, &(*probe)->attach_points)
			probes_expand(&l->ctx, *ap, &sites);
	if (l->diags.nr_errors)
		return;
	vec_each(site, &sites)
		probes_list_site(&l->ctx, *site, &l->out);
}

static void list_script(struct listing *l, struct sonde *s)
{
	const struct source *source = source_add(&l->diags, l->name, l->text, l->len);
	struct lang_options options = session_language_options(s);
	struct script *script;

	if (!source) {
		session_tell(s, SONDE_ERROR, "%s: too large for a script", l->name);
		l->diags.nr_errors++;
		return;
	}
	script = lang_parse(&s->arena, &l->names, &l->diags, source, &options);
	if (!l->diags.nr_errors)
		lang_import(&s->arena, &l->names, &l->diags, script, source->name, &options);
	if (!l->diags.nr_errors)
		list_sites(l, script);
}

static void list_any(struct listing *l, struct sonde *s)
{
	init(l, s);
	if (l->pattern)
		probes_list(&l->ctx, l->pattern, &l->out);
	else
		list_script(l, s);
	session_tell_diags(s, &l->diags);
}

static int run_listing(struct sonde *s, const struct listing *what)
{
	struct listing *volatile l = NULL;
	jmp_buf oom;
	volatile int err = session_check_pids(s);

	if (!err)
		err = session_open_target(s);
	if (err)
		return err;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	*l = *what;
	if (!setjmp(oom)) {
		arena_on_oom(&s->arena, &oom);
		arena_on_oom(&s->kept_arena, &oom);
		list_any(l, s);
		err = l->diags.nr_errors ? -EINVAL : 0;
	} else {
		err = -ENOMEM;
	}
	arena_on_oom(&s->arena, NULL);
	arena_on_oom(&s->kept_arena, NULL);
	arena_free(&s->arena);
	free(l);
	return err;
}

int sonde_list(struct sonde *s, const char *pattern, void (*each)(const char *line, void *arg),
	       void *arg)
{
	return run_listing(s, &(struct listing){
		.pattern = pattern ? pattern : "",
		.out = { .line = each, .arg = arg },
	});
}

int sonde_list_script(struct sonde *s, const char *name, const char *text, size_t len,
		      void (*each)(const char *line, void *arg), void *arg)
{
	return run_listing(s, &(struct listing){
		.name = name, .text = text, .len = len,
		.out = { .line = each, .arg = arg },
	});
}
