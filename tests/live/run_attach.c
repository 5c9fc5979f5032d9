/*
 * Live test of attaching: for each kind of attach point that this kernel has,
 * a program that counts by attach cookie is attached to one or two sites, the
 * sites are hit a known number of times, and the counts must be right.
 *
 * Prints a line for each kind: "ok KIND", "skip KIND: reason". Needs root.
 */
#include "kernel/tracefs.h"
#include "run/child.h"
#include "run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define INSN(c, d, s, o, i) \
	{ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }

enum { CELL_AT = sizeof(struct image_control), NR_CELLS = 4, HITS = 100 };

/* cells[cookie & 3]++ while not stopped */
static const struct bpf_insn by_cookie[] = {
	INSN(BPF_LD | BPF_IMM | BPF_DW, 7, 0, 0, 0), INSN(0, 0, 0, 0, 0),
	INSN(BPF_LDX | BPF_MEM | BPF_W, 2, 7, offsetof(struct image_control, stopped), 0),
	INSN(BPF_JMP | BPF_JNE | BPF_K, 2, 0, 6, 0),
	INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_attach_cookie),
	INSN(BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, NR_CELLS - 1),
	INSN(BPF_ALU64 | BPF_LSH | BPF_K, 0, 0, 0, 3),
	INSN(BPF_ALU64 | BPF_ADD | BPF_X, 7, 0, 0, 0),
	INSN(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1),
	INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 7, 1, CELL_AT, BPF_ADD),
	INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
	INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
};
/* The same for kernels without cookies: cells[0]++ */
static const struct bpf_insn without_cookie[] = {
	INSN(BPF_LD | BPF_IMM | BPF_DW, 7, 0, 0, 0), INSN(0, 0, 0, 0, 0),
	INSN(BPF_LDX | BPF_MEM | BPF_W, 2, 7, offsetof(struct image_control, stopped), 0),
	INSN(BPF_JMP | BPF_JNE | BPF_K, 2, 0, 2, 0),
	INSN(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1),
	INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 7, 1, CELL_AT, BPF_ADD),
	INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
	INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
};
static const struct image_reloc reloc = { .insn = 0, .map = 0, .is_value = true };
static const char *const names[NR_CELLS] = { "site 0", "site 1", "site 2", "site 3" };
static const struct value_layout count_layout = { .kind = VALUE_COUNT, .size_bytes = 8 };

#define CHECK(what) do {							\
	if (!(what)) {								\
		fprintf(stderr, "run_attach:%d: %s\n", __LINE__, #what);	\
		exit(1);							\
	}									\
} while (0)

struct trial {
	struct image *image;
	struct run *run;
	struct run_options options;
	char text[1024];		/* messages */
	uint64_t attached;
};

static void on_event(void *arg, const struct sonde_event *e)
{
	struct trial *t = arg;

	if (e->kind == SONDE_EVENT_ATTACHED)
		t->attached = e->count;
}

static void on_message(void *arg, enum sonde_severity severity, const char *text)
{
	struct trial *t = arg;
	size_t at = strlen(t->text);

	snprintf(t->text + at, sizeof(t->text) - at, "[%d] %s\n", (int)severity, text);
}

static void trial_init(struct trial *t)
{
	static struct image_control control;
	const struct image_map map = {
		.name = "global", .role = IMAGE_MAP_GLOBAL, .type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4, .value_size = CELL_AT + 8 * NR_CELLS, .max_entries = 1,
		.flags = BPF_F_MMAPABLE, .data = &control, .data_size = sizeof(control),
	};

	memset(t, 0, sizeof(*t));
	t->options.warnings_level = 1;
	t->image = image_open();
	CHECK(t->image);
	vec_push(&t->image->arena, &t->image->maps, map);
	t->image->global_map = 0;
	t->image->nr_cpus = (uint32_t)sysconf(_SC_NPROCESSORS_CONF);
	t->image->config.license = "GPL";
	for (int i = 0; i < NR_CELLS; i++) {
		const struct script_map cell = { .name = names[i], .is_scalar = true,
			.storage = STORE_CELL, .value = &count_layout, .spare_map = UINT32_MAX,
			.cell_offset = CELL_AT + 8 * (uint32_t)i, .set_offset = UINT32_MAX };

		vec_push(&t->image->arena, &t->image->script_maps, cell);
		vec_push(&t->image->arena, &t->image->probe_names, names[i]);
	}
}

static bool kernel_at_least(unsigned major, unsigned minor)
{
	static unsigned have_major, have_minor;

	if (!have_major) {
		FILE *f = fopen("/proc/sys/kernel/osrelease", "r");

		CHECK(f && fscanf(f, "%u.%u", &have_major, &have_minor) == 2);
		fclose(f);
	}
	return have_major > major || (have_major == major && have_minor >= minor);
}

static void add_prog(struct trial *t, enum bpf_prog_type type, enum attach_kind attach,
		     const struct image_site *sites, size_t n)
{
	bool cookies = kernel_at_least(5, 15) && type != BPF_PROG_TYPE_RAW_TRACEPOINT;
	const struct image_prog prog = {
		.name = "test", .type = type, .attach = attach, .sites = sites, .nr_sites = n,
		.insns = cookies ? by_cookie : without_cookie,
		.nr_insns = cookies ? sizeof(by_cookie) / sizeof(by_cookie[0])
				    : sizeof(without_cookie) / sizeof(without_cookie[0]),
		.relocs = &reloc, .nr_relocs = 1, .use_multi = attach == ATTACH_KPROBE ||
		attach == ATTACH_KRETPROBE || attach == ATTACH_UPROBE || attach == ATTACH_URETPROBE,
	};

	vec_push(&t->image->arena, &t->image->progs, prog);
}

/* Load and attach; returns what run_attach returned. */
static int trial_start(struct trial *t)
{
	const struct run_callbacks callbacks = { t, on_event, on_message };
	int err;

	CHECK(!run_open(&t->run, t->image, &t->options, &callbacks));
	err = run_load(t->run);
	if (err)
		fprintf(stderr, "%s", t->text);
	CHECK(!err);
	return run_attach(t->run);
}

static uint64_t cell(struct trial *t, int i)
{
	const struct sonde_map_entry *entries;
	size_t n;

	CHECK(!run_map_read(t->run, names[i], &entries, &n));
	return n ? entries[0].value->unsigned_number : 0;
}

static void trial_end(struct trial *t)
{
	run_close(t->run);
	image_close(t->image);
}

/* Expect HITS for the first site and twice as many for the second, or the sum
 * of both where there are no cookies. */
static void expect_hits(struct trial *t, size_t nr_sites)
{
	uint64_t first = cell(t, 0), second = cell(t, 1);

	if (!kernel_at_least(5, 15)) {
		CHECK(first == (nr_sites == 1 ? HITS : 3 * HITS));
		return;
	}
	if (first != HITS || second != (nr_sites == 1 ? 0 : 2 * HITS))
		fprintf(stderr, "run_attach: %" PRIu64 " and %" PRIu64 " hits\n%s", first, second,
			t->text);
	CHECK(first == HITS && second == (nr_sites == 1 ? 0 : 2 * HITS));
}

/* ---- functions of our own ---- */

static volatile int sink;

static void __attribute__((noinline)) target_one(int n)
{
	sink += n;
}

static void __attribute__((noinline)) target_two(int n)
{
	sink -= n;
}

struct where {
	uintptr_t address;
	uint64_t offset;
};

static int find_offset(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct where *w = arg;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + p->p_vaddr;

		if (p->p_type == PT_LOAD && w->address >= start && w->address < start + p->p_filesz) {
			w->offset = w->address - start + p->p_offset;
			return 1;
		}
	}
	return 0;
}

static uint64_t file_offset(void (*function)(int))
{
	struct where w = { .address = (uintptr_t)function };

	CHECK(dl_iterate_phdr(find_offset, &w));
	return w.offset;
}

static void hit_functions(void)
{
	for (int i = 0; i < HITS; i++) {
		target_one(i);
		target_two(i);
		target_two(i);
	}
}

static void try_uprobe(const char *what, enum attach_kind kind, bool no_multi, size_t nr_sites)
{
	const struct image_site sites[] = {
		{ .probe = 0, .path = "/proc/self/exe", .offset = file_offset(target_one) },
		{ .probe = 1, .path = "/proc/self/exe", .offset = file_offset(target_two) },
	};
	struct trial t;

	trial_init(&t);
	t.options.no_uprobe_multi = no_multi;
	add_prog(&t, BPF_PROG_TYPE_KPROBE, kind, sites, nr_sites);
	CHECK(trial_start(&t) == (int)nr_sites);
	CHECK(t.attached == nr_sites);
	hit_functions();
	expect_hits(&t, nr_sites);
	run_finish(t.run);
	hit_functions();
	trial_end(&t);
	printf("ok %s\n", what);
}

static void try_uprobe_of_process(void)
{
	const struct image_site site = { .probe = 0, .path = "/proc/self/exe",
					 .offset = file_offset(target_one) };
	struct trial t;

	trial_init(&t);
	t.options.pid = getpid();
	add_prog(&t, BPF_PROG_TYPE_KPROBE, ATTACH_UPROBE, &site, 1);
	CHECK(trial_start(&t) == 1);
	hit_functions();
	expect_hits(&t, 1);
	trial_end(&t);
	printf("ok uprobe of a process\n");
}

/* ---- tracepoints ---- */

static int event_id(const char *event)
{
	struct sbuf text = { 0 };
	char path[200];
	int fd = tracefs_open(), id = -1;

	if (fd < 0)
		return -1;
	snprintf(path, sizeof(path), "events/%s/id", event);
	if (!tracefs_read(fd, path, &text))
		id = atoi(sbuf_text(&text));
	sbuf_close(&text);
	close(fd);
	return id;
}

static void hit_syscalls(void)
{
	for (int i = 0; i < HITS; i++) {
		syscall(SYS_getppid);
		syscall(SYS_getpgid, 0);
		syscall(SYS_getpgid, 0);
	}
}

static void try_tracepoint(void)
{
	struct image_site sites[] = { { .probe = 0 }, { .probe = 1 } };
	int one = event_id("syscalls/sys_enter_getppid");
	int two = event_id("syscalls/sys_enter_getpgid");
	struct trial t;

	if (one < 0 || two < 0) {
		printf("skip tracepoint: this kernel has no tracefs\n");
		return;
	}
	sites[0].event_id = (uint64_t)one;
	sites[1].event_id = (uint64_t)two;
	trial_init(&t);
	add_prog(&t, BPF_PROG_TYPE_TRACEPOINT, ATTACH_TRACEPOINT, sites, 2);
	CHECK(trial_start(&t) == 2);
	hit_syscalls();
	CHECK(cell(&t, 0) >= HITS);	/* others may call them, too */
	CHECK(cell(&t, 1) >= 2 * HITS || !kernel_at_least(5, 15));
	trial_end(&t);
	printf("ok tracepoint\n");
}

static void try_raw_tracepoint(void)
{
	const struct image_site site = { .probe = 0, .event = "sys_enter" };
	struct trial t;

	trial_init(&t);
	add_prog(&t, BPF_PROG_TYPE_RAW_TRACEPOINT, ATTACH_RAW_TRACEPOINT, &site, 1);
	CHECK(trial_start(&t) == 1);
	hit_syscalls();
	CHECK(cell(&t, 0) >= 3 * HITS);
	trial_end(&t);
	printf("ok raw tracepoint\n");
}

/* ---- kernel functions ---- */

#if defined(__aarch64__)
#define SYS_FUNCTION(name) "__arm64_sys_" name
#elif defined(__s390x__)
#define SYS_FUNCTION(name) "__s390x_sys_" name
#else
#define SYS_FUNCTION(name) "__x64_sys_" name
#endif

static void try_kprobe(const char *what, enum attach_kind kind, bool no_multi)
{
	const struct image_site sites[] = { { .probe = 0, .function = SYS_FUNCTION("getppid") },
					    { .probe = 1, .function = SYS_FUNCTION("getpgid") } };
	struct trial t;
	int n;

	if (access("/sys/bus/event_source/devices/kprobe/type", F_OK)) {
		printf("skip %s: this kernel has no kprobes\n", what);
		return;
	}
	trial_init(&t);
	t.options.no_kprobe_multi = no_multi;
	add_prog(&t, BPF_PROG_TYPE_KPROBE, kind, sites, 2);
	n = trial_start(&t);
	if (n != 2)
		fprintf(stderr, "%s", t.text);
	CHECK(n == 2);
	hit_syscalls();
	CHECK(cell(&t, 0) >= HITS);
	CHECK(!kernel_at_least(5, 15) || cell(&t, 1) >= 2 * HITS);
	trial_end(&t);
	printf("ok %s\n", what);
}

static void try_missing(int policy)
{
	const struct image_site sites[] = {
		{ .probe = 0, .path = "/proc/self/exe", .offset = file_offset(target_one) },
		{ .probe = 1, .path = "/no/such/file", .offset = 0x1000 },
	};
	struct trial t;
	int n;

	trial_init(&t);
	t.image->config.missing_probes = policy;
	add_prog(&t, BPF_PROG_TYPE_KPROBE, ATTACH_UPROBE, sites, 2);
	n = trial_start(&t);
	if (policy == MISSING_ERROR) {
		CHECK(n == -ENOENT && strstr(t.text, "Unable to attach probe: site 1"));
	} else {
		CHECK(n == 1);
		CHECK(!strstr(t.text, "site 1") == (policy == MISSING_IGNORE));
		hit_functions();
		CHECK(cell(&t, 0) == HITS);
	}
	trial_end(&t);
	printf("ok missing probes, policy %d\n", policy);
}

/* ---- samples ---- */

static void burn_ms(long ms)
{
	struct timespec from, now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	do {
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	} while ((now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1000000 < ms);
}

static void try_profile(const char *what, pid_t pid)
{
	const struct image_site site = { .probe = 0, .count = 1000, .is_freq = true };
	struct trial t;
	uint64_t n = 0;
	int turns;

	trial_init(&t);
	t.options.pid = pid;
	add_prog(&t, BPF_PROG_TYPE_PERF_EVENT, ATTACH_PROFILE, &site, 1);
	CHECK(trial_start(&t) == 1);
	/* An emulated machine that is short of time itself takes few samples. */
	for (turns = 0; turns < 50 && n <= 20; turns++) {
		burn_ms(200);
		n = cell(&t, 0);
	}
	CHECK(n > 20 && n < 20000 * (uint64_t)turns);
	trial_end(&t);
	printf("ok %s\n", what);
}

static void try_page_faults(void)
{
	const struct image_site site = { .probe = 0, .event_id = 2, .count = 1 };
	const size_t size = HITS * 4096;
	struct trial t;
	char *p;

	trial_init(&t);
	t.options.pid = getpid();
	add_prog(&t, BPF_PROG_TYPE_PERF_EVENT, ATTACH_SOFTWARE, &site, 1);
	CHECK(trial_start(&t) == 1);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	madvise(p, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size; i += 4096)
		p[i] = 1;
	CHECK(cell(&t, 0) >= HITS);
	munmap(p, size);
	trial_end(&t);
	printf("ok software event of a process\n");
}

/* ---- the traced command ---- */

static void try_child(void)
{
	const struct image_site site = { .probe = 0, .count = 1000000000 };
	struct child *child;
	struct trial t;
	int more;

	trial_init(&t);
	CHECK(!child_open(&child, "true"));
	t.options.child = child;
	add_prog(&t, BPF_PROG_TYPE_PERF_EVENT, ATTACH_INTERVAL, &site, 1);
	CHECK(trial_start(&t) == 1);
	do {
		more = run_poll(t.run, 5000);
	} while (more == 1);
	CHECK(more == 0);
	CHECK(run_finish(t.run) == 0);
	trial_end(&t);
	child_close(child);
	printf("ok a command and its end\n");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (geteuid()) {
		printf("skip run_attach: needs root\n");
		return 77;
	}
	try_uprobe("uprobe", ATTACH_UPROBE, false, 1);
	try_uprobe("uprobes, many in a link", ATTACH_UPROBE, false, 2);
	try_uprobe("uprobes, one by one", ATTACH_UPROBE, true, 2);
	try_uprobe("uretprobes, many in a link", ATTACH_URETPROBE, false, 2);
	try_uprobe("uretprobes, one by one", ATTACH_URETPROBE, true, 2);
	try_uprobe_of_process();
	try_tracepoint();
	try_raw_tracepoint();
	try_kprobe("kprobes, many in a link", ATTACH_KPROBE, false);
	try_kprobe("kprobes, one by one", ATTACH_KPROBE, true);
	try_kprobe("kretprobes, many in a link", ATTACH_KRETPROBE, false);
	try_kprobe("kretprobes, one by one", ATTACH_KRETPROBE, true);
	try_missing(MISSING_ERROR);
	try_missing(MISSING_WARN);
	try_missing(MISSING_IGNORE);
	try_profile("profile", 0);
	try_profile("profile of a process", getpid());
	try_page_faults();
	try_child();
	printf("ok run_attach\n");
	return 0;
}
