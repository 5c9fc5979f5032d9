/*
 * Fuzzer: any bytes as BTF, of which everything is asked.
 */
#include "types/kbtf.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct types *types, struct kbtf *b, uint32_t id)
{
	const struct type *type = kbtf_type(b, id);
	struct kbtf_proto proto;
	uint32_t offset_bytes;

	(void)type_name(types, type);
	if (type->kind == TYPE_STRUCT)
		type_field_find(types, type->structure, "name", &offset_bytes);
	kbtf_proto(b, id, &proto);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *copy = malloc(size ? size : 1);	/* so that one byte too many is seen */
	struct arena a;
	struct names names;
	struct types types;
	struct kbtf *b;
	uint64_t value;

	memcpy(copy, data, size);
	arena_init(&a);
	names_init(&names, &a);
	types_init(&types, &a, &names);
	if (!kbtf_open(&b, &types, copy, size, NULL)) {
		for (uint32_t id = 0; id <= kbtf_count(b) && id < 200; id++)
			ask(&types, b, id);
		for (int i = 0; i < 8; i++)
			kbtf_find(b, "name", KBTF_STRUCT);
		kbtf_enumerator(b, "NAME", &value, NULL);
	}
	arena_free(&a);
	free(copy);
	return 0;
}
