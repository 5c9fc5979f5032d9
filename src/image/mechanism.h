/*
 * The ways in which a kernel attaches programs, and the settings that choose
 * among them: attach_kprobe, attach_uprobe, ...
 *
 * The compiler chooses by what the target has; what is left to the moment of
 * attaching is chosen by trying.
 */
#ifndef SONDE_IMAGE_MECHANISM_H
#define SONDE_IMAGE_MECHANISM_H

#include <stddef.h>

enum mechanism {
	MECHANISM_AUTO,		/* what the kernel has */
	MECHANISM_MULTI,	/* many places in one link: kprobe_multi, uprobe_multi */
	MECHANISM_SESSION,	/* the same for entry and return at once */
	MECHANISM_LINK,		/* a perf event for each place, with a link */
	MECHANISM_IOCTL,	/* the same, the program set by ioctl */
	MECHANISM_TABLE,	/* many system calls by one raw tracepoint */
	MECHANISM_BTF,		/* a raw tracepoint, typed */
	MECHANISM_NAME,		/* a raw tracepoint by its name */
	MECHANISM_TRAMPOLINE,	/* at the entry or return of a function of the kernel */
	MECHANISM_ITER,
	MECHANISM_COUNT
};

/* What has a setting of its own. */
enum mechanism_family {
	MECHANISM_OF_KPROBE, MECHANISM_OF_UPROBE, MECHANISM_OF_TRACEPOINT,
	MECHANISM_OF_RAW_TRACEPOINT, MECHANISM_OF_EVENT,
	MECHANISM_FAMILIES
};

/* As a setting's value ("multi"). */
const char *mechanism_word(enum mechanism m);

/* The setting's name ("attach_kprobe"). */
const char *mechanism_setting(enum mechanism_family f);

/* The family's mechanisms, MECHANISM_AUTO first, and how many there are. */
const enum mechanism *mechanism_choices(enum mechanism_family f, size_t *count);

#endif
