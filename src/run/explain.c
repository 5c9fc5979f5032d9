/*
 * For -v: by what each program was attached, and why so.
 */
#include "run/attach.h"

#include <stdio.h>

static const struct {
	enum mechanism mechanism;
	enum mechanism_family family;	/* MECHANISM_FAMILIES: any */
	const char *text;
} texts[] = {
	{ MECHANISM_MULTI, MECHANISM_OF_KPROBE, "one kprobe_multi link" },
	{ MECHANISM_MULTI, MECHANISM_OF_UPROBE, "a uprobe_multi link for each file" },
	{ MECHANISM_SESSION, MECHANISM_OF_KPROBE, "one kprobe_multi link for entry and return" },
	{ MECHANISM_SESSION, MECHANISM_OF_UPROBE,
	  "a uprobe_multi link for each file, for entry and return" },
	{ MECHANISM_LINK, MECHANISM_FAMILIES, "a perf event and a link for each place" },
	{ MECHANISM_IOCTL, MECHANISM_FAMILIES, "a perf event for each place, without a link" },
	{ MECHANISM_TABLE, MECHANISM_FAMILIES,
	  "one raw tracepoint, with a table of system calls" },
	{ MECHANISM_BTF, MECHANISM_FAMILIES, "a typed raw tracepoint" },
	{ MECHANISM_NAME, MECHANISM_FAMILIES, "a raw tracepoint by its name" },
	{ MECHANISM_TRAMPOLINE, MECHANISM_FAMILIES, "a BPF trampoline" },
	{ MECHANISM_ITER, MECHANISM_FAMILIES, "an iterator's link" },
};

static enum mechanism_family family_of(const struct attach_job *job)
{
	return job->prog->raw_event ? MECHANISM_OF_TRACEPOINT : attach_family(job->prog->attach);
}

static const char *text_of(const struct attach_job *job)
{
	enum mechanism_family family = family_of(job);

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].mechanism == job->used &&
		    (texts[i].family == MECHANISM_FAMILIES || texts[i].family == family))
			return texts[i].text;
	return NULL;
}

void attach_explain(struct run *r, const struct attach_job *job)
{
	const char *text = text_of(job), *why = job->why[0] ? job->why : job->prog->why;
	enum mechanism wanted = attach_wanted(r, job);
	char setting[64];
	size_t more = job->prog->nr_sites - 1;

	if (!r->options.verbose || !text)
		return;
	if (job->used == MECHANISM_SESSION)
		why = NULL;	/* nothing is better */
	if (wanted != MECHANISM_AUTO) {
		snprintf(setting, sizeof(setting), "%s=%s",
			 mechanism_setting(family_of(job)), mechanism_word(wanted));
		why = setting;
	}
	if (more)
		run_tell(r, SONDE_DEBUG, "%s and %zu more: attached by %s%s%s", job->prog->name,
			 more, text, why ? ": " : "", why ? why : "");
	else
		run_tell(r, SONDE_DEBUG, "%s: attached by %s%s%s", job->prog->name, text,
			 why ? ": " : "", why ? why : "");
}

enum mechanism attach_wanted(const struct run *r, const struct attach_job *job)
{
	enum mechanism_family family = family_of(job);

	return family < MECHANISM_FAMILIES ? r->image->config.attach[family] : MECHANISM_AUTO;
}
