/*
 * Tests of the ELF object of compiled scripts: libbpf opens it, and finds in it what
 * the script has. Without privileges: nothing is loaded.
 */
#include "sonde.h"

#include <bpf/libbpf.h>
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct made {
	struct sonde *s;
	void *data;
	size_t len;
	struct bpf_object *object;
};

static void make(struct made *m, const char *script)
{
	const struct sonde_options options = {
		.size = sizeof(options), .compile_only = true, .no_warnings = true,
		.target_file = "tests/errors/target.json",
	};
	const struct bpf_object_open_opts open = { .sz = sizeof(open), .object_name = "script" };

	*m = (struct made){ .s = sonde_open(&options) };
	assert_non_null(m->s);
	assert_int_equal(sonde_object(m->s, &m->data, &m->len), -EINVAL);
	assert_int_equal(sonde_compile(m->s, "t", script, strlen(script)), 0);
	assert_int_equal(sonde_object(m->s, &m->data, &m->len), 0);
	m->object = bpf_object__open_mem(m->data, m->len, &open);
	assert_non_null(m->object);
}

static void drop(struct made *m)
{
	bpf_object__close(m->object);
	free(m->data);
	sonde_close(m->s);
}

static size_t count_in(const struct bpf_object *object, const char *section)
{
	struct bpf_program *prog = NULL;
	size_t n = 0;

	while ((prog = bpf_object__next_program(object, prog)))
		n += !strcmp(bpf_program__section_name(prog), section);
	return n;
}

static void test_programs(void **state)
{
	struct made m;

	(void)state;
	make(&m, "begin { print(1); } begin { print(2); } end { } "
	     "tracepoint:syscalls:sys_enter_openat { @[pid] = count(); }");
	assert_int_equal(count_in(m.object, "raw_tp"), 3);
	assert_int_equal(count_in(m.object, "tracepoint/syscalls/sys_enter_openat"), 1);
	assert_int_equal(count_in(m.object, ".text"), 0);
	drop(&m);
}

/* Numbers come by the BTF of .maps. */
static void test_maps(void **state)
{
	const struct bpf_map *map;
	struct made m;

	(void)state;
	make(&m, "config = { max_map_keys = 77 } begin { @a[(uint8)1, (uint64)2] = 3; print(@a); @n = 1; }");
	map = bpf_object__find_map_by_name(m.object, "a");
	assert_non_null(map);
	assert_int_equal(bpf_map__type(map), BPF_MAP_TYPE_HASH);
	assert_int_equal(bpf_map__max_entries(map), 77);
	assert_int_equal(bpf_map__key_size(map), 16);
	map = bpf_object__find_map_by_name(m.object, "ring");
	assert_non_null(map);
	assert_int_equal(bpf_map__type(map), BPF_MAP_TYPE_RINGBUF);
	/* A power of two, which the kernel wants. */
	assert_true(bpf_map__max_entries(map) >= 4096);
	assert_int_equal(bpf_map__max_entries(map) & (bpf_map__max_entries(map) - 1), 0);
	drop(&m);
}

static size_t count_maps(const struct bpf_object *object, const char *name)
{
	const struct bpf_map *map = NULL;
	size_t n = 0;

	while ((map = bpf_object__next_map(object, map)))
		n += !strcmp(bpf_map__name(map), name);
	return n;
}

/* Those of the script are called as there, whatever else an object has. */
static void test_map_names(void **state)
{
	static const char *const names[] = { "map", "map_2", "map_3", "control", "ring", "ring_2" };
	struct made m;

	(void)state;
	make(&m, "begin { @map[1] = 1; @map_2[1] = 1; @[2] = 1; @control[1] = 1; @ring[1] = 2; "
	     "print(1); }");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(count_maps(m.object, names[i]), 1);
	assert_int_equal(bpf_map__type(bpf_object__find_map_by_name(m.object, "ring")),
			 BPF_MAP_TYPE_HASH);
	assert_int_equal(bpf_map__type(bpf_object__find_map_by_name(m.object, "ring_2")),
			 BPF_MAP_TYPE_RINGBUF);
	drop(&m);
}

/* Of the sections that it says it has, none is beyond the end. */
static void test_file(void **state)
{
	const Elf64_Ehdr *head;
	const Elf64_Shdr *sections;
	struct made m;

	(void)state;
	make(&m, "begin { @m[1] = count(); for ($kv : @m) { print($kv); } }");
	head = m.data;
	assert_memory_equal(head->e_ident, ELFMAG, SELFMAG);
	assert_int_equal(head->e_machine, EM_BPF);
	assert_true(head->e_shoff + head->e_shnum * sizeof(*sections) == m.len);
	sections = (const Elf64_Shdr *)((const char *)m.data + head->e_shoff);
	for (int i = 0; i < head->e_shnum; i++)
		if (sections[i].sh_type != SHT_NOBITS)
			assert_true(sections[i].sh_offset + sections[i].sh_size <= head->e_shoff);
	drop(&m);
}

static void test_large(void **state)
{
	char *script = NULL;
	size_t size;
	FILE *out = open_memstream(&script, &size);
	struct made m;

	(void)state;
	for (int i = 0; i < 500; i++)
		fprintf(out, "begin { @m%d[comm] = count(); }\n", i);
	fclose(out);
	make(&m, script);
	assert_int_equal(count_in(m.object, "raw_tp"), 500);
	drop(&m);
	free(script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_map_names),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
