/*
 * Entries of a hash map in the kernel as bytes, a batch at a time; for src/run
 * only.
 */
#ifndef SONDE_RUN_STORE_H
#define SONDE_RUN_STORE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store {
	int fd;
	enum bpf_map_type type;
	uint32_t key_size, value_size, max_entries;
	uint32_t nr_cpus;	/* possible */
	/* How user space sees the values of per-CPU maps. */
	uint32_t value_stride;	/* from one CPU's value to the next */
	uint32_t nr_values;	/* in an entry: nr_cpus, or 1 */
};

void store_init(struct store *t, int fd, enum bpf_map_type type, uint32_t key_size,
		uint32_t value_size);

/* One entry: its key, and nr_values values. Returns 0 to go on, else the error
 * to end with. */
typedef int (*store_fn)(void *arg, const void *key, const void *values);

/* Call `fn` for every entry; `take`: and delete it. Without batch operations
 * (before 5.6, or maps that lack them) it goes key by key. Returns 0 or a
 * negative errno. */
int store_each(const struct store *t, bool take, store_fn fn, void *arg);

/* Bytes of all values of one entry. */
size_t store_values_size(const struct store *t);

#endif
