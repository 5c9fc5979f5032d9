/*
 * Why the kernel answers EPERM: its causes look the same, their remedies differ.
 */
#ifndef SONDE_RUN_DENIED_H
#define SONDE_RUN_DENIED_H

#include <stdbool.h>

/* What is known of this process and kernel, as files of /proc say it. */
struct denied_facts {
	bool is_root;
	const char *status;	/* /proc/self/status */
	const char *uid_map;	/* /proc/self/uid_map */
	const char *lockdown;	/* see kernel_lockdown */
};

/* The cause and its remedy, of which the first that fits counts. */
const char *denied_why(const struct denied_facts *facts);

/* The same for this process. */
const char *denied_reason(void);

#endif
