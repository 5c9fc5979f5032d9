/*
 * Messages: diagnostics and failures to the one callback, as data and as the
 * text that the command shows.
 */
#include "session.h"

#include <string.h>

static const struct {
	const char *word, *colour;
} severities[] = {
	[SONDE_ERROR] = { "ERROR: ", "\033[31m" },
	[SONDE_WARNING] = { "WARNING: ", "\033[33m" },
	[SONDE_HINT] = { "HINT: ", "" },
	[SONDE_INFO] = { "", "" },
	[SONDE_DEBUG] = { "", "" },
};

static bool is_wanted(const struct sonde *s, enum sonde_severity severity)
{
	return (s->message || s->printer) && (severity != SONDE_WARNING || !s->options.no_warnings);
}

static void deliver(struct sonde *s, const struct sonde_message *m)
{
	if (s->message)
		s->message(s->message_arg, m);
	if (s->printer && m->severity != SONDE_DEBUG)
		print_notice(s->printer, m);
}

void session_tell(struct sonde *s, enum sonde_severity severity, const char *fmt, ...)
{
	struct sonde_message m = { .severity = severity };
	bool colour = s->options.colour && *severities[severity].colour;
	struct sbuf text = { 0 }, shown = { 0 };
	va_list args;

	if (!is_wanted(s, severity))
		return;
	va_start(args, fmt);
	sbuf_vprintf(&text, fmt, args);
	va_end(args);
	sbuf_printf(&shown, "%s%s%s%s\n", colour ? severities[severity].colour : "",
		    severities[severity].word, sbuf_text(&text), colour ? "\033[0m" : "");
	m.text = sbuf_text(&text);
	m.rendered = sbuf_text(&shown);
	deliver(s, &m);
	sbuf_close(&text);
	sbuf_close(&shown);
}

/* The place of a message has the form of a note's. */
static struct sonde_note note_at(const struct diags *diags, struct loc loc,
				 enum sonde_note_kind kind, const char *text)
{
	struct sonde_note n = { .kind = kind, .text = text };
	const struct source *source, *end;

	if (!source_line_col(diags, loc.begin, &source, &n.line, &n.col))
		return n;
	n.file = source->name;
	if (!source_line_col(diags, loc.end, &end, &n.end_line, &n.end_col)) {
		n.end_line = n.line;
		n.end_col = n.col;
	}
	return n;
}

static void add_notes(struct sonde *s, struct sonde_message *m, const struct diags *diags,
		      const struct diag *d)
{
	VEC(struct sonde_note) notes = { 0 };

	for (const struct diag_note *n = d->notes; n; n = n->next)
		vec_push(&s->arena, &notes,
			 note_at(diags, n->loc, n->is_hint ? SONDE_NOTE_HINT : SONDE_NOTE_RELATED,
				 n->text));
	for (const struct expansion *from = d->loc.from; from; from = from->call.from)
		vec_push(&s->arena, &notes,
			 note_at(diags, from->call, SONDE_NOTE_EXPANDED, "expanded from"));
	m->notes = notes.at;
	m->nr_notes = notes.n;
}

static enum sonde_severity severity_of(const struct diag *d)
{
	if (!*d->text)
		return SONDE_HINT;
	return d->level == DIAG_ERROR ? SONDE_ERROR : SONDE_WARNING;
}

static void tell_diag(struct sonde *s, const struct diags *diags, const struct diag *d)
{
	struct sonde_note at = note_at(diags, d->loc, SONDE_NOTE_RELATED, d->text);
	struct sonde_message m = {
		.severity = severity_of(d), .text = *d->text ? d->text : d->notes->text,
		.tag = diag_rows[d->tag].tag, .file = at.file, .line = at.line, .col = at.col,
		.end_line = at.end_line, .end_col = at.end_col,
	};
	struct sbuf shown = { 0 };

	add_notes(s, &m, diags, d);
	diag_render(diags, d, s->options.colour, &shown);
	m.rendered = sbuf_text(&shown);
	deliver(s, &m);
	sbuf_close(&shown);
}

/* "error bad-cast stdin:1:9-12"; "hint ..." where nothing is wrong. */
static void dump_diag(FILE *out, const struct diags *diags, const struct diag *d)
{
	uint32_t line, col, end_line, end_col;
	const struct source *source, *end;

	static const char *const words[] = {
		[SONDE_ERROR] = "error", [SONDE_WARNING] = "warning", [SONDE_HINT] = "hint",
	};

	fprintf(out, "%s %s", words[severity_of(d)], diag_rows[d->tag].tag);
	if (source_line_col(diags, d->loc.begin, &source, &line, &col))
		fprintf(out, " %s:%u:%u", source->name, line, col);
	if (d->loc.begin && source_line_col(diags, d->loc.end, &end, &end_line, &end_col)) {
		if (end_line != line)
			fprintf(out, "-%u:%u", end_line, end_col);
		else
			fprintf(out, "-%u", end_col);
	}
	fputc('\n', out);
}

void session_tell_diags(struct sonde *s, const struct diags *diags)
{
	for (size_t i = 0; i < diags->list.n && s->dumps[STAGE_DIAGS]; i++)
		dump_diag(s->dumps[STAGE_DIAGS], diags, diags->list.at[i]);
	for (int level = DIAG_ERROR; level <= DIAG_WARNING; level++) {
		if (!is_wanted(s, level == DIAG_ERROR ? SONDE_ERROR : SONDE_WARNING))
			continue;
		for (size_t i = 0; i < diags->list.n; i++)
			if ((int)diags->list.at[i]->level == level)
				tell_diag(s, diags, diags->list.at[i]);
	}
}
