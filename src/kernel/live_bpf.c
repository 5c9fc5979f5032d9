/*
 * BPF programs that are loaded on the running system, and their functions.
 *
 * In: the kernel's objects by their ids. Out: names and BTF ids. A program that
 * was loaded without BTF has no functions that can be named.
 */
#include "kernel/bpf_call.h"
#include "kernel/live_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_BTF_BYTES (64u * 1024 * 1024)
#define MAX_FUNCS 1024

typedef VEC(struct target_bpf_function) function_vec;

/* A reader of a program's own BTF; NULL. */
static struct kbtf *own_btf(struct live *l, uint32_t id)
{
	int fd = bpf_call_btf_by_id(id);
	struct kbtf *b = NULL;
	uint32_t size = 0;
	void *data;

	if (fd < 0)
		return NULL;
	if (!bpf_call_btf_info(fd, NULL, &size, NULL) && size && size <= MAX_BTF_BYTES) {
		data = arena_alloc(l->arena, size);
		if (!bpf_call_btf_info(fd, data, &size, NULL))
			kbtf_open(&b, &l->types, data, size, NULL);
	}
	close(fd);
	return b;
}

static void add_functions(struct live *l, uint32_t prog, int fd, function_vec *out)
{
	uint32_t *ids = arena_array(l->arena, uint32_t, MAX_FUNCS), count = MAX_FUNCS, btf = 0;
	struct kbtf *b = NULL;

	if (!bpf_call_prog_funcs(fd, &btf, ids, &count) && btf)
		b = own_btf(l, btf);
	for (uint32_t i = 0; b && i < count && i < MAX_FUNCS; i++) {
		struct target_bpf_function f = { .prog_id = prog, .btf_id = ids[i],
						 .name = kbtf_name_of(b, ids[i]) };

		if (*f.name && kbtf_kind_of(b, ids[i]) == KBTF_FUNC)
			vec_push(l->arena, out, f);
	}
}

int live_bpf_functions(void *arg, const struct target_bpf_function **list, size_t *count)
{
	struct live *l = arg;
	function_vec found = { 0 };
	uint32_t id = 0;
	int err;

	*count = 0;
	if (!live_kbtf(l))	/* nor the types that our readers work with */
		return 0;
	while (!(err = bpf_call_prog_next_id(&id))) {
		int fd = bpf_call_prog_by_id(id);

		if (fd < 0)
			continue;
		add_functions(l, id, fd, &found);
		close(fd);
	}
	*list = found.at;
	*count = found.n;
	return err == -ENOENT ? 0 : err;
}
