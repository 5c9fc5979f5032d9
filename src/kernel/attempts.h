/*
 * What `--info` tries besides the features that the compiler asks for, and what a
 * kernel says of itself: its configuration, its lockdown, what we may do.
 */
#ifndef SONDE_KERNEL_ATTEMPTS_H
#define SONDE_KERNEL_ATTEMPTS_H

#include "base/sbuf.h"

#include <stdbool.h>
#include <stdint.h>

/* A perf event of this type for ourselves; a breakpoint at a variable of ours. */
bool attempt_perf_event(uint32_t type, uint64_t config);
bool attempt_watchpoint(void);

/* A map of this type with keys and values of some bytes. */
bool attempt_map(uint32_t type);

/* An iterator program over the function with this BTF id. */
bool attempt_iter(uint32_t btf_id);

/* Is there BTF of a module? */
bool attempt_module_btf(void);

/* The text of the kernel's configuration, from where distributions leave it; -ENOENT. */
int kernel_config_read(const char *release, struct sbuf *out);

/* Is an option y or m there? */
bool kernel_config_has(const struct sbuf *config, const char *option);

/* Which of some options, separated by blanks, are neither; appended, with commas. */
void kernel_config_lacks(const struct sbuf *config, const char *list, struct sbuf *out);

/* The word in brackets of the lockdown file: "none", "integrity", "confidentiality"; ""
 * if the kernel does not say. */
void kernel_lockdown(char *word, uint32_t size);

/* Is a capability (of linux/capability.h) in our effective set? */
bool have_capability(int capability);

#endif
