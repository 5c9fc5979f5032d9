/*
 * Entries of a hash map in the kernel: see store.h.
 */
#include "run/store.h"
#include "kernel/bpf_call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of one batch: enough entries to make calls rare, and not much memory. */
#define BATCH_BYTES ((size_t)1024 * 1024)
#define BATCH_MAX 2048u
#define BATCH_MIN 64u
#define KERNEL_ENOTSUPP 524

struct batch_buffers {
	char *keys, *values, *token[2];	/* owned */
	uint32_t count;			/* entries that fit */
};

static bool is_per_cpu(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

void store_init(struct store *t, int fd, enum bpf_map_type type, uint32_t key_size,
		uint32_t value_size)
{
	t->fd = fd;
	t->type = type;
	t->key_size = key_size;
	t->value_size = value_size;
	t->nr_values = is_per_cpu(type) ? t->nr_cpus : 1;
	t->value_stride = is_per_cpu(type) ? (value_size + 7) & ~7u : value_size;
}

size_t store_values_size(const struct store *t)
{
	return (size_t)t->value_stride * t->nr_values;
}

static void buffers_close(struct batch_buffers *b)
{
	free(b->keys);
	free(b->values);
	free(b->token[0]);
	free(b->token[1]);
	memset(b, 0, sizeof(*b));
}

static int buffers_open(struct batch_buffers *b, const struct store *t, uint32_t count)
{
	size_t token = t->key_size < 8 ? 8 : t->key_size;

	b->count = count;
	b->keys = calloc(count, t->key_size);
	b->values = calloc(count, store_values_size(t));
	b->token[0] = calloc(1, token);
	b->token[1] = calloc(1, token);
	if (b->keys && b->values && b->token[0] && b->token[1])
		return 0;
	buffers_close(b);
	return -ENOMEM;
}

static uint32_t first_count(const struct store *t)
{
	size_t entry = t->key_size + store_values_size(t), n = BATCH_BYTES / entry;

	n = n < BATCH_MIN ? BATCH_MIN : n > BATCH_MAX ? BATCH_MAX : n;
	/* A bucket must fit; more than there can be is never needed. */
	return t->max_entries && n > t->max_entries ? t->max_entries : (uint32_t)n;
}

static int give_all(const struct store *t, const struct batch_buffers *b, uint32_t n, store_fn fn,
		    void *arg)
{
	for (uint32_t i = 0; i < n; i++) {
		int err = fn(arg, b->keys + (size_t)i * t->key_size,
			     b->values + (size_t)i * store_values_size(t));

		if (err)
			return err;
	}
	return 0;
}

/* More room for a bucket that did not fit; the place where we are is kept. */
static int buffers_grow(struct batch_buffers *b, const struct store *t)
{
	char *keys = calloc((size_t)b->count * 2, t->key_size);
	char *values = calloc((size_t)b->count * 2, store_values_size(t));

	if (!keys || !values) {
		free(keys);
		free(values);
		return -ENOMEM;
	}
	free(b->keys);
	free(b->values);
	b->keys = keys;
	b->values = values;
	b->count *= 2;
	return 0;
}

static int each_batch(const struct store *t, struct batch_buffers *b, bool take, store_fn fn,
		      void *arg)
{
	int which = 0, ret;
	bool first = true;

	do {
		struct bpf_batch batch = {
			.map_fd = t->fd, .in = first ? NULL : b->token[!which],
			.out = b->token[which], .keys = b->keys, .values = b->values,
			.count = b->count,
		};
		int err;

		ret = take ? bpf_call_map_lookup_and_delete_batch(&batch)
			   : bpf_call_map_lookup_batch(&batch);
		if (ret == -ENOSPC) {
			ret = buffers_grow(b, t);
			continue;
		}
		if (ret && ret != -ENOENT)
			return ret;
		err = give_all(t, b, batch.count, fn, arg);
		if (err)
			return err;
		which = !which;
		first = false;
	} while (!ret);
	return ret == -ENOENT ? 0 : ret;
}

/* Key by key. An entry that vanishes meanwhile is skipped; if it was the one
 * to go on from, the kernel starts again, so nothing is given twice only as
 * long as nobody deletes. */
static int each_key(const struct store *t, struct batch_buffers *b, bool take, store_fn fn,
		    void *arg)
{
	uint32_t left = t->max_entries ? t->max_entries * 2 : UINT32_MAX;
	const char *from = NULL;
	int which = 0;

	while (left-- && !bpf_call_map_next_key(t->fd, from, b->token[which])) {
		char *key = b->token[which];
		int err = bpf_call_map_lookup(t->fd, key, b->values);

		if (!err && take)
			err = bpf_call_map_delete(t->fd, key);
		if (!err)
			err = fn(arg, key, b->values);
		if (err && err != -ENOENT)
			return err;
		from = take ? NULL : key;
		which = !which;
	}
	return 0;
}

int store_each(const struct store *t, bool take, store_fn fn, void *arg)
{
	struct batch_buffers b = { 0 };
	int err = buffers_open(&b, t, first_count(t));

	if (err)
		return err;
	err = each_batch(t, &b, take, fn, arg);
	if (err == -EINVAL || err == -KERNEL_ENOTSUPP || err == -EOPNOTSUPP)
		err = each_key(t, &b, take, fn, arg);
	buffers_close(&b);
	return err;
}
