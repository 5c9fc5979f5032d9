/*
 * Tables of mechanisms and their settings: see mechanism.h.
 */
#include "image/mechanism.h"

static const char *const words[MECHANISM_COUNT] = {
	[MECHANISM_AUTO] = "auto", [MECHANISM_MULTI] = "multi", [MECHANISM_SESSION] = "session",
	 [MECHANISM_LINK] = "link",
	[MECHANISM_IOCTL] = "ioctl", [MECHANISM_TABLE] = "table", [MECHANISM_BTF] = "btf",
	[MECHANISM_NAME] = "name", [MECHANISM_TRAMPOLINE] = "trampoline",
	[MECHANISM_ITER] = "iter",
};

enum { MAX_CHOICES = 5 };

/* Where a row has less, AUTO ends it. */
static const struct family {
	const char *setting;
	enum mechanism choices[MAX_CHOICES];
} families[MECHANISM_FAMILIES] = {
	[MECHANISM_OF_KPROBE] = { "attach_kprobe", { MECHANISM_AUTO, MECHANISM_MULTI,
				  MECHANISM_SESSION, MECHANISM_LINK, MECHANISM_IOCTL } },
	[MECHANISM_OF_UPROBE] = { "attach_uprobe", { MECHANISM_AUTO, MECHANISM_MULTI,
				  MECHANISM_SESSION, MECHANISM_LINK, MECHANISM_IOCTL } },
	[MECHANISM_OF_TRACEPOINT] = { "attach_tracepoint", { MECHANISM_AUTO, MECHANISM_TABLE,
				      MECHANISM_LINK, MECHANISM_IOCTL } },
	[MECHANISM_OF_RAW_TRACEPOINT] = { "attach_rawtracepoint", { MECHANISM_AUTO, MECHANISM_BTF,
					  MECHANISM_NAME } },
	[MECHANISM_OF_EVENT] = { "attach_event", { MECHANISM_AUTO, MECHANISM_LINK,
				 MECHANISM_IOCTL } },
};

const char *mechanism_word(enum mechanism m)
{
	return words[m];
}

const char *mechanism_setting(enum mechanism_family f)
{
	return families[f].setting;
}

const enum mechanism *mechanism_choices(enum mechanism_family f, size_t *count)
{
	*count = 1;
	while (*count < MAX_CHOICES && families[f].choices[*count] != MECHANISM_AUTO)
		(*count)++;
	return families[f].choices;
}
