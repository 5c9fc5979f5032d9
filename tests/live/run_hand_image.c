/*
 * Live test of src/run without the compiler: an image made by hand is loaded,
 * attached and followed on the running kernel.
 *
 * In it: a begin probe that sends one printf record; a program on the raw
 * tracepoint sys_enter that counts this process's calls in a cell and, by
 * number, in a hash map with a spare one; an interval that asks for the hash
 * map to be taken; an end probe that sends another record. Needs root.
 */
#include "run/run.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MAP_RING, MAP_GLOBAL, MAP_HASH, MAP_SPARE, MAP_LOSSES, NR_MAPS };
enum { ACT_HELLO, ACT_TAKE, ACT_EXIT, ACT_BYE };

/* Behind the control block. */
enum { SELECT_AT = sizeof(struct image_control), CELL_AT = SELECT_AT + 8 };

#define INSN(c, d, s, o, i) \
	{ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define MOV_REG(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_IMM(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD_IMM(d, i) INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define RSH_IMM(d, i) INSN(BPF_ALU64 | BPF_RSH | BPF_K, d, 0, 0, i)
#define LOAD_MAP(d, offset) INSN(BPF_LD | BPF_IMM | BPF_DW, d, 0, 0, 0), INSN(0, 0, 0, 0, offset)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define JEQ(d, i, o) INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, i)
#define JNE(d, i, o) INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)
#define ST(size, d, o, i) INSN(BPF_ST | BPF_MEM | (size), d, 0, o, i)
#define STX(size, d, s, o) INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define LDX(size, d, s, o) INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define ATOMIC_ADD(d, s, o) INSN(BPF_STX | BPF_ATOMIC | BPF_DW, d, s, o, BPF_ADD)

#define SEND(action, probe, number)						\
	LOAD_MAP(1, 0), MOV_IMM(2, 16), MOV_IMM(3, 0),				\
	CALL(BPF_FUNC_ringbuf_reserve), JEQ(0, 0, 6),				\
	ST(BPF_W, 0, 0, action), ST(BPF_W, 0, 4, probe), ST(BPF_DW, 0, 8, number),	\
	MOV_REG(1, 0), MOV_IMM(2, 0), CALL(BPF_FUNC_ringbuf_submit),		\
	MOV_IMM(0, 0), EXIT()

static const struct bpf_insn begin_insns[] = { SEND(ACT_HELLO, 0, 42) };
static const struct bpf_insn end_insns[] = { SEND(ACT_BYE, 3, 43) };
static const struct bpf_insn take_insns[] = { SEND(ACT_TAKE, 2, 0) };
static const struct image_reloc ring_reloc[] = { { .insn = 0, .map = MAP_RING } };

/* r6: context; counts only the process whose id stands as cpid in the control
 * block. */
static const struct bpf_insn count_insns[] = {
	MOV_REG(6, 1),
	CALL(BPF_FUNC_get_current_pid_tgid),
	RSH_IMM(0, 32),
	LOAD_MAP(7, 0),					/* 3: global value */
	LDX(BPF_DW, 1, 7, offsetof(struct image_control, child_pid)),
	INSN(BPF_JMP | BPF_JNE | BPF_X, 0, 1, 39, 0),	/* 6 -> 46 */
	LDX(BPF_W, 1, 7, offsetof(struct image_control, stopped)),
	JNE(1, 0, 37),					/* 8 -> 46 */
	MOV_IMM(1, 1),
	ATOMIC_ADD(7, 1, CELL_AT),
	LDX(BPF_DW, 1, 6, 8),				/* 11: syscall number */
	STX(BPF_DW, 10, 1, -8),
	ST(BPF_DW, 10, -16, 1),
	LDX(BPF_W, 8, 7, SELECT_AT),			/* 14 */
	LOAD_MAP(9, 0),					/* 15: hash */
	JEQ(8, 0, 8),					/* 17 -> 26 */
	LOAD_MAP(1, 0),					/* 18: spare */
	MOV_REG(2, 10), ADD_IMM(2, -8),			/* 20, 21 */
	CALL(BPF_FUNC_map_lookup_elem),			/* 22 */
	JEQ(0, 0, 11),					/* 23 -> 35 */
	MOV_IMM(1, 1),					/* 24 */
	INSN(BPF_JMP | BPF_JA, 0, 0, 7, 0),		/* 25 -> 33 */
	LOAD_MAP(1, 0),					/* 26: hash */
	MOV_REG(2, 10), ADD_IMM(2, -8),			/* 28, 29 */
	CALL(BPF_FUNC_map_lookup_elem),			/* 30 */
	JEQ(0, 0, 3),					/* 31 -> 35 */
	MOV_IMM(1, 1),					/* 32 */
	ATOMIC_ADD(0, 1, 0),				/* 33 */
	INSN(BPF_JMP | BPF_JA, 0, 0, 11, 0),		/* 34 -> 46 */
	MOV_REG(2, 10), ADD_IMM(2, -8),			/* 35, 36 */
	MOV_REG(3, 10), ADD_IMM(3, -16),		/* 37, 38 */
	MOV_IMM(4, BPF_ANY),				/* 39 */
	LOAD_MAP(1, 0),					/* 40: hash */
	JEQ(8, 0, 2),					/* 42 -> 45 */
	LOAD_MAP(1, 0),					/* 43: spare */
	CALL(BPF_FUNC_map_update_elem),			/* 45 */
	MOV_IMM(0, 0),					/* 46 */
	EXIT(),
};
static const struct image_reloc count_relocs[] = {
	{ .insn = 3, .map = MAP_GLOBAL, .is_value = true },
	{ .insn = 15, .map = MAP_HASH }, { .insn = 18, .map = MAP_SPARE },
	{ .insn = 26, .map = MAP_HASH }, { .insn = 40, .map = MAP_HASH },
	{ .insn = 43, .map = MAP_SPARE },
};

static const struct value_layout u64_layout = { .kind = VALUE_INT, .size_bytes = 8 };
static const struct value_layout count_layout = { .kind = VALUE_COUNT, .size_bytes = 8 };
static const struct value_field number_field = { .layout = &u64_layout, .offset_bytes = 8 };

static const struct image_conversion hello[] = {
	{ .kind = CONV_TEXT, .text = "hello ", .len = 6 },
	{ .kind = CONV_SIGNED, .field = 0, .int_bytes = 8 },
	{ .kind = CONV_TEXT, .text = "\n", .len = 1 },
};

static const struct image_site sites[] = {
	{ .probe = 0 }, { .probe = 1, .event = "sys_enter" },
	{ .probe = 2, .count = 50000000 }, { .probe = 3 },
};

static void add_maps(struct image *image)
{
	static struct image_control control;
	const struct image_map maps[NR_MAPS] = {
		[MAP_RING] = { .name = "ring", .role = IMAGE_MAP_RING,
			       .type = BPF_MAP_TYPE_RINGBUF },
		[MAP_GLOBAL] = { .name = "global", .role = IMAGE_MAP_GLOBAL,
				 .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = CELL_AT + 8,
				 .max_entries = 1, .flags = BPF_F_MMAPABLE, .data = &control,
				 .data_size = sizeof(control) },
		[MAP_HASH] = { .name = "hash", .type = BPF_MAP_TYPE_HASH, .key_size = 8,
			       .value_size = 8, .max_entries = 1024 },
		[MAP_SPARE] = { .name = "spare", .type = BPF_MAP_TYPE_HASH, .key_size = 8,
				.value_size = 8, .max_entries = 1024 },
		[MAP_LOSSES] = { .name = "losses", .role = IMAGE_MAP_LOSSES,
				 .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .max_entries = 1,
				 .flags = BPF_F_MMAPABLE },
	};
	const struct script_map calls = {
		.name = "calls", .storage = STORE_HASH, .map = MAP_HASH, .spare_map = MAP_SPARE,
		.select_offset = SELECT_AT, .key = &u64_layout, .value = &count_layout,
	};
	const struct script_map all = {
		.name = "all", .is_scalar = true, .storage = STORE_CELL, .map = MAP_GLOBAL,
		.cell_offset = CELL_AT, .value = &count_layout, .set_offset = UINT32_MAX,
		.spare_map = UINT32_MAX,
	};

	control.child_pid = (uint64_t)getpid();
	for (int i = 0; i < NR_MAPS; i++)
		vec_push(&image->arena, &image->maps, maps[i]);
	vec_push(&image->arena, &image->script_maps, calls);
	vec_push(&image->arena, &image->script_maps, all);
	image->ring_map = MAP_RING;
	image->global_map = MAP_GLOBAL;
	image->losses_map = MAP_LOSSES;
}

#define PROG(n, t, a, i, rel, site) ((struct image_prog){			\
	.name = (n), .type = (t), .attach = (a), .insns = (i),			\
	.nr_insns = sizeof(i) / sizeof((i)[0]), .relocs = (rel),		\
	.nr_relocs = sizeof(rel) / sizeof((rel)[0]), .sites = (site), .nr_sites = 1 })

static struct image *make_image(void)
{
	static const char *const names[] = { "begin", "rawtracepoint:sys_enter", "interval:ms:50",
					     "end" };
	struct image *image = image_open();

	assert(image);
	add_maps(image);
	for (int i = 0; i < 4; i++)
		vec_push(&image->arena, &image->probe_names, names[i]);
	const struct image_action actions[] = {
		[ACT_HELLO] = { .kind = ACTION_PRINTF, .format = hello, .nr_format = 3,
				.fields = &number_field, .nr_fields = 1, .size_bytes = 16 },
		[ACT_TAKE] = { .kind = ACTION_TAKE, .script_map = 0, .size_bytes = 8 },
		[ACT_EXIT] = { .kind = ACTION_EXIT, .size_bytes = 16 },
		[ACT_BYE] = { .kind = ACTION_PRINTF, .format = hello, .nr_format = 3,
			      .fields = &number_field, .nr_fields = 1, .size_bytes = 16 },
	};
	const struct image_prog progs[] = {
		PROG("begin", BPF_PROG_TYPE_RAW_TRACEPOINT, ATTACH_BEGIN, begin_insns, ring_reloc,
		     &sites[0]),
		PROG("rawtracepoint:sys_enter", BPF_PROG_TYPE_RAW_TRACEPOINT, ATTACH_RAW_TRACEPOINT,
		     count_insns, count_relocs, &sites[1]),
		PROG("interval:ms:50", BPF_PROG_TYPE_PERF_EVENT, ATTACH_INTERVAL, take_insns,
		     ring_reloc, &sites[2]),
		PROG("end", BPF_PROG_TYPE_RAW_TRACEPOINT, ATTACH_END, end_insns, ring_reloc,
		     &sites[3]),
	};
	for (size_t i = 0; i < 4; i++) {
		vec_push(&image->arena, &image->actions, actions[i]);
		vec_push(&image->arena, &image->progs, progs[i]);
	}
	image->nr_cpus = (uint32_t)sysconf(_SC_NPROCESSORS_CONF);
	image->config.print_maps_on_exit = true;
	image->config.license = "GPL";
	return image;
}

struct seen {
	char text[4096];
	uint64_t calls[1024], all, attached;
	int takes, ends;
};

static void on_event(void *arg, const struct sonde_event *e)
{
	struct seen *seen = arg;

	if (e->kind == SONDE_EVENT_PRINTF)
		strncat(seen->text, e->text, e->len);
	seen->attached += e->kind == SONDE_EVENT_ATTACHED ? e->count : 0;
	seen->ends += e->kind == SONDE_EVENT_RESULTS;
	if (e->kind != SONDE_EVENT_MAP)
		return;
	seen->takes += !seen->ends;
	for (size_t i = 0; i < e->nr_entries; i++) {
		uint64_t n = e->entries[i].value->unsigned_number;

		if (!strcmp(e->name, "all"))
			seen->all += n;
		else
			seen->calls[e->entries[i].key->unsigned_number & 1023] += n;
	}
}

static void on_message(void *arg, enum sonde_severity severity, const char *text)
{
	(void)arg;
	fprintf(stderr, "[%d] %s\n", (int)severity, text);
}

#define CHECK(what) do {							\
	if (!(what)) {								\
		fprintf(stderr, "run_hand_image:%d: %s\n", __LINE__, #what);	\
		exit(1);							\
	}									\
} while (0)

static double ms_since(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - from->tv_sec) * 1e3 +
	       (double)(now.tv_nsec - from->tv_nsec) / 1e6;
}

static void check_run(void)
{
	const struct run_options options = { .warnings_level = 1 };
	struct seen *seen = calloc(1, sizeof(*seen));
	const struct run_callbacks callbacks = { seen, on_event, on_message };
	struct image *image = make_image();
	const struct sonde_map_entry *entries;
	struct timespec from;
	uint64_t sum = 0;
	struct run *r;
	size_t n;

	clock_gettime(CLOCK_MONOTONIC, &from);
	CHECK(!run_open(&r, image, &options, &callbacks));
	CHECK(!run_load(r));
	printf("loaded after %.2f ms\n", ms_since(&from));
	CHECK(run_attach(r) == 4);
	printf("attached after %.2f ms\n", ms_since(&from));
	for (int i = 0; i < 20000; i++)
		syscall(SYS_getppid);
	while (seen->takes < 4)
		CHECK(run_poll(r, 20) == 1);
	CHECK(!run_map_read(r, "all", &entries, &n) && n == 1 && !entries[0].key);
	CHECK(run_map_read(r, "none", &entries, &n) == -ENOENT);
	run_stop(r);
	CHECK(run_poll(r, 1000) == 0);
	CHECK(run_finish(r) == 0);
	clock_gettime(CLOCK_MONOTONIC, &from);
	run_close(r);
	printf("closed in %.2f ms\n", ms_since(&from));
	image_close(image);
	CHECK(!strcmp(seen->text, "hello 42\nhello 43\n"));
	CHECK(seen->attached == 4 && seen->ends == 1);
	CHECK(seen->calls[SYS_getppid] == 20000);
	for (int i = 0; i < 1024; i++)
		sum += seen->calls[i];
	printf("%" PRIu64 " calls in all, %" PRIu64 " by number\n", seen->all, sum);
	CHECK(sum == seen->all);
	free(seen);
}

int main(void)
{
	if (geteuid()) {
		printf("SKIP run_hand_image: needs root\n");
		return 77;
	}
	check_run();
	printf("ok run_hand_image\n");
	return 0;
}
