/*
 * Formatting a script: it is parsed and written again, and nothing else is asked
 * of this machine.
 */
#include "session.h"

#include <errno.h>
#include <string.h>

static int format(struct sonde *s, struct names *names, struct diags *diags,
		  const struct source *source, struct sbuf *out)
{
	const struct lang_options options = { .keep_params = true };
	const struct script *script = lang_parse(&s->arena, names, diags, source, &options);

	if (diags->nr_errors)
		return -EINVAL;
	if (!lang_format(&s->arena, names, source, script, out)) {
		session_tell(s, SONDE_ERROR, "%s: the formatter does not understand this script",
			     source->name);
		return -EINVAL;
	}
	return out->failed ? -ENOMEM : 0;
}

static int format_source(struct sonde *s, const char *name, const char *text, size_t len,
			 struct sbuf *out)
{
	struct names names;
	struct diags diags;
	const struct source *source;
	int err = -EINVAL;

	names_init(&names, &s->arena);
	diags_init(&diags, &s->arena);
	source = source_add(&diags, name, text, len);
	if (source)
		err = format(s, &names, &diags, source, out);
	else
		session_tell(s, SONDE_ERROR, "%s: too large for a script", name);
	session_tell_diags(s, &diags);
	return err;
}

int sonde_format(struct sonde *s, const char *name, const char *text, size_t len,
		 char **formatted, size_t *formatted_len)
{
	struct sbuf out = { 0 };
	jmp_buf oom;
	volatile int err = -ENOMEM;

	if (!setjmp(oom)) {
		arena_on_oom(&s->arena, &oom);
		err = format_source(s, name, text, len, &out);
	}
	arena_on_oom(&s->arena, NULL);
	arena_free(&s->arena);
	if (err) {
		sbuf_close(&out);
		return err;
	}
	*formatted_len = out.len;
	*formatted = out.at ? out.at : strdup("");
	return *formatted ? 0 : -ENOMEM;
}
