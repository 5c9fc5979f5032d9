/*
 * Private to target_record.c and target_file.c: how answers are keyed in JSON.
 */
#ifndef SONDE_TARGET_IMPL_H
#define SONDE_TARGET_IMPL_H

#include "base/arena.h"

#include <jansson.h>
#include <stdint.h>

const char *target_event_key(struct arena *a, const char *category, const char *event);
const char *target_kfunc_key(struct arena *a, uint32_t prog_type, uint32_t btf_id);

/* What a target answers that knows no modules and no BPF programs. */
struct target_bpf_function;
int target_no_modules(void *arg, const char *const **list, size_t *count);
bool target_no_ambiguity(void *arg, const char *name);
bool target_knows_none(void *arg);
int target_no_addresses(void *arg, const char *module, const char *name, const uint64_t **list,
			size_t *count);
int target_no_module_btf(void *arg, const char *module, const void **data, size_t *size);
int target_no_bpf_functions(void *arg, const struct target_bpf_function **list, size_t *count);

/* The keys of an object as a new list. */
json_t *target_keys_of(json_t *object);

#endif
