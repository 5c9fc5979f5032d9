/*
 * See world.h.
 */
#include "tests/differential/world.h"

#include "tests/unit/btf_bytes.h"
#include "types/kbtf.h"

#include <string.h>

/* Features that the compiler can do without, in the order of a variant's bits. */
static const enum target_feature optional[] = {
	FEATURE_ITER_NUM, FEATURE_CPU_V4, FEATURE_UNINIT_STACK, FEATURE_MAP_SUM_ELEM_COUNT,
	FEATURE_RDONLY_CAST,
};

static bool has_feature(void *arg, enum target_feature f)
{
	const struct world *w = arg;

	for (size_t i = 0; i < sizeof(optional) / sizeof(*optional); i++)
		if (optional[i] == f)
			return !(w->variant >> i & 1);
	return f != FEATURE_SYSCALL_TP_PREEMPT;
}

static int give_btf(void *arg, const void **data, size_t *size)
{
	struct world *w = arg;

	*data = btf_bytes_blob(w->kernel, size);
	return 0;
}

static void make_kernel(struct btf_bytes *b)
{
	static const char *const kfuncs[] = {
		"bpf_rdonly_cast", "bpf_iter_num_new", "bpf_iter_num_next", "bpf_iter_num_destroy",
		"bpf_copy_from_user_str", "bpf_map_sum_elem_count",
	};
	uint32_t s32, proto;

	btf_bytes_init(b);
	s32 = btf_bytes_int(b, "int", 4, 1);
	proto = btf_bytes_type(b, "", KBTF_FUNC_PROTO, 0, 0, s32);
	for (size_t i = 0; i < sizeof(kfuncs) / sizeof(*kfuncs); i++)
		btf_bytes_type(b, kfuncs[i], KBTF_FUNC, 1, 0, proto);
}

void world_open(struct world *w, uint64_t variant)
{
	memset(w, 0, sizeof(*w));
	arena_init(&w->arena);
	w->variant = variant;
	w->kernel = arena_new(&w->arena, struct btf_bytes);
	make_kernel(w->kernel);
	target_init_plain(&w->target, &w->arena);
	w->ops = *w->target.ops;
	w->ops.has_feature = has_feature;
	w->ops.btf = give_btf;
	w->target.ops = &w->ops;
	w->target.arg = w;
}

void world_close(struct world *w)
{
	arena_free(&w->arena);
}

bool world_reads_unset(const struct target *t)
{
	return t->ops->has_feature(t->arg, FEATURE_UNINIT_STACK);
}
