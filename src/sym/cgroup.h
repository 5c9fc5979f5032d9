/*
 * Control groups: number to paths.
 */
#ifndef SONDE_SYM_CGROUP_H
#define SONDE_SYM_CGROUP_H

#include <stdint.h>

struct cgroups;

/* `mounts`: the file that lists what is mounted; NULL: the system's own.
 * Returns 0 or a negative errno. */
int cgroups_open(struct cgroups **out, const char *mounts);
void cgroups_close(struct cgroups *c);	/* takes NULL */

/* "NAME:/PATH" in each hierarchy whose name matches the wildcard and that has a
 * group of this number, with commas between: version 2, called "unified", first,
 * the others by name. Empty if there is none; borrowed until the next call. */
const char *cgroups_path(struct cgroups *c, uint64_t id, const char *filter);

#endif
