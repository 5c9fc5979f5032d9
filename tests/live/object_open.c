/*
 * What libbpf makes of an object file: its programs and maps, one a line.
 *
 *	object_open FILE			open it
 *	object_open FILE load			load it, too
 *	object_open FILE run MAP COMMAND	attach what has a place in its section's name, run
 *						the command, and print the sum of the map's values
 *
 * Programs: "prog SECTION type TYPE insns N"; those of no known section have type 0. Maps:
 * "map NAME type TYPE key N value N entries N". Last "ok", or what failed, with status 1.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CPUS 1024
#define MAX_KEY 1024

/* libbpf's warnings, not what it notes of each step. */
static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

static void show(const struct bpf_object *object)
{
	const struct bpf_program *prog = NULL;
	const struct bpf_map *map = NULL;

	while ((prog = bpf_object__next_program(object, (struct bpf_program *)prog)))
		printf("prog %s type %d insns %zu\n", bpf_program__section_name(prog),
		       (int)bpf_program__type(prog), bpf_program__insn_cnt(prog));
	while ((map = bpf_object__next_map(object, map)))
		printf("map %s type %d key %u value %u entries %u\n", bpf_map__name(map),
		       (int)bpf_map__type(map), bpf_map__key_size(map), bpf_map__value_size(map),
		       bpf_map__max_entries(map));
}

static int attach(struct bpf_object *object)
{
	struct bpf_program *prog = NULL;
	int n = 0;

	while ((prog = bpf_object__next_program(object, prog))) {
		const struct bpf_link *link = bpf_program__attach(prog);

		if (!link && errno != EOPNOTSUPP && errno != EINVAL && errno != ESRCH)
			return -errno;
		n += link != NULL;
	}
	printf("attached %d\n", n);
	return 0;
}

/* Of all values of a per-CPU hash, each CPU's. */
static uint64_t sum(const struct bpf_map *map)
{
	static uint64_t values[MAX_CPUS];
	unsigned char key[MAX_KEY], next[MAX_KEY];
	size_t size = bpf_map__key_size(map), cpus = (size_t)libbpf_num_possible_cpus();
	const void *at = NULL;
	uint64_t total = 0;

	if (size > MAX_KEY || cpus > MAX_CPUS)
		return 0;
	while (!bpf_map__get_next_key(map, at, next, size)) {
		memcpy(key, next, size);
		at = key;
		if (bpf_map__lookup_elem(map, key, size, values, cpus * sizeof(values[0]), 0))
			continue;
		for (size_t i = 0; i < cpus; i++)
			total += values[i];
	}
	return total;
}

static int fail(const char *what, int err)
{
	printf("%s: %s\n", what, strerror(err < 0 ? -err : err));
	return 1;
}

static int run(struct bpf_object *object, const char *name, const char *command)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	int err = attach(object);

	if (err)
		return fail("attach", err);
	if (!map || system(command))
		return fail("run", ENOENT);
	printf("sum %" PRIu64 "\n", sum(map));
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	int err;

	if (argc < 2)
		return fail("usage", EINVAL);
	libbpf_set_print(print);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		return fail("open", errno);
	show(object);
	err = argc > 2 ? bpf_object__load(object) : 0;
	if (err)
		return fail("load", err);
	if (argc > 4 && run(object, argv[3], argv[4]))
		return 1;
	bpf_object__close(object);
	puts("ok");
	return 0;
}
