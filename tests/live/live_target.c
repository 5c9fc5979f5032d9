/*
 * Live test of the running system as a target: facts, features, events,
 * functions, symbols and user programs, each against another source of truth.
 *
 * Prints a line for each part ("-v": also how long each answer took), and
 * "ok live_target" at the end. Needs root.
 */
#include "kernel/live_target.h"
#include "types/kbtf.h"
#include "types/tracefs_format.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int nr_bad;
static bool verbose;

#define CHECK(condition, ...) do {						\
	if (!(condition)) {							\
		nr_bad++;							\
		printf("FAILED %s:%d: %s: ", __FILE__, __LINE__, #condition);	\
		printf("" __VA_ARGS__);						\
		putchar('\n');							\
	}									\
} while (0)

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void told(const char *what, double since_ms)
{
	if (verbose)
		printf("%-32s %8.3f ms\n", what, now_ms() - since_ms);
}

/* Features that also depend on how the kernel was configured. */
static bool is_optional(enum target_feature f)
{
	return f == FEATURE_KPROBES || f == FEATURE_KPROBE_MULTI ||
	       f == FEATURE_KPROBE_SESSION || f == FEATURE_UPROBE_MULTI ||
	       f == FEATURE_FENTRY || f == FEATURE_SYSCALL_TP_PREEMPT ||
	       f == FEATURE_OVERRIDE || f == FEATURE_WRITE_USER;
}

/* What the table says of versions holds for kernels that nobody patched. */
static void test_features(struct target *t)
{
	for (int i = 0; i < FEATURE_COUNT; i++) {
		enum target_feature f = (enum target_feature)i;
		unsigned major = 0, minor = 0;
		double since = now_ms();
		bool has = target_has(t, f), due;

		told(target_feature_name(f), since);
		sscanf(target_feature_kernel(f), "%u.%u", &major, &minor);
		due = t->kernel_version >= (major << 16 | minor << 8);
		if (verbose)
			printf("    %s\n", has ? "yes" : "no");
		if (has && major)
			CHECK(due, "%s is there before its time", target_feature_name(f));
		if (!has && !is_optional(f))
			CHECK(!due, "%s is not there", target_feature_name(f));
	}
	CHECK(target_has(t, FEATURE_KPROBES) ==
	      !access("/sys/bus/event_source/devices/kprobe", F_OK), "kprobes");
}

static void test_facts(struct target *t)
{
	CHECK(t->nr_cpus >= (uint32_t)sysconf(_SC_NPROCESSORS_ONLN), "cpus %u", t->nr_cpus);
	CHECK(t->page_size == (uint64_t)sysconf(_SC_PAGESIZE), "page size");
	CHECK(strlen(t->release) > 2 && t->kernel_version >= 4u << 16, "release %s", t->release);
}

static bool is_sorted(const char *const *list, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (strcmp(list[i - 1], list[i]) >= 0)
			return false;
	return true;
}

static bool list_has(const char *const *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i], name))
			return true;
	return false;
}

static void test_events(struct target *t, struct types *types)
{
	struct tracefs_format format;
	const char *const *list;
	const char *text, *again;
	uint32_t id = 0, at;
	double since = now_ms();
	size_t count = 0;
	int err = t->ops->format(t->arg, "sched", "sched_switch", &text);

	told("a format", since);
	if (err == -ENOENT) {
		puts("skip events: no tracefs");
		return;
	}
	CHECK(!err, "%d", err);
	CHECK(!t->ops->format(t->arg, "sched", "sched_switch", &again) && again == text, "kept");
	CHECK(!t->ops->event_id(t->arg, "sched", "sched_switch", &id) && id, "id");
	CHECK(!tracefs_format_parse(&format, types, NULL, "sched", "sched_switch", text), "parse");
	CHECK(format.id == id, "%u %u", format.id, id);
	CHECK(type_field_find(types, format.args, "prev_comm", &at), "prev_comm");
	CHECK(t->ops->format(t->arg, "sched", "no_such", &text) == -ENOENT, "no event");
	CHECK(t->ops->format(t->arg, "..", "events", &text) == -ENOENT, "no way out");
	since = now_ms();
	CHECK(!t->ops->events(t->arg, &list, &count), "events");
	told("the list of events", since);
	CHECK(count > 100 && is_sorted(list, count), "%zu", count);
	CHECK(list_has(list, count, "sched:sched_switch"), "sched_switch");
}

static void test_functions(struct target *t)
{
	const char *const *list;
	uint64_t address = 0;
	double since = now_ms();
	size_t count = 0;

	CHECK(t->ops->has_function(t->arg, "vfs_read"), "vfs_read");
	told("one function", since);
	since = now_ms();
	CHECK(!t->ops->has_function(t->arg, "no_such_function"), "no_such_function");
	told("no such function", since);
	since = now_ms();
	CHECK(!t->ops->functions(t->arg, &list, &count), "functions");
	told("the list of functions", since);
	CHECK(count > 10000 && is_sorted(list, count), "%zu", count);
	CHECK(list_has(list, count, "vfs_read"), "vfs_read");
	CHECK(t->ops->has_function(t->arg, "vfs_read"), "vfs_read");
	CHECK(!t->ops->symbol(t->arg, "vfs_read", &address) && address >> 63, "address");
	CHECK(t->ops->symbol(t->arg, "no_such_symbol", &address) == -ENOENT, "no symbol");
	CHECK(t->ops->has_module(t->arg, "vmlinux"), "vmlinux");
	CHECK(!t->ops->has_module(t->arg, "no_such_module"), "no module");
}

/* A name proves nothing: some of these are in BTF and may not be called. */
static void test_kfuncs(struct target *t, struct types *types)
{
	static const struct {
		const char *name;
		uint32_t type;
		bool may;
	} rows[] = {
		{ "bpf_iter_num_new", BPF_PROG_TYPE_KPROBE, true },
		{ "bpf_rdonly_cast", BPF_PROG_TYPE_TRACEPOINT, true },
		{ "bpf_strncmp", BPF_PROG_TYPE_KPROBE, false },
		{ "bpf_task_from_pid", BPF_PROG_TYPE_KPROBE, false },
		{ "bpf_task_from_pid", BPF_PROG_TYPE_TRACEPOINT, true },
		{ "vfs_read", BPF_PROG_TYPE_KPROBE, false },
	};
	struct kbtf *b = target_kbtf(t, types);

	if (!b || !target_has(t, FEATURE_RDONLY_CAST)) {
		puts("skip kernel functions: none may be called here");
		return;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t id = kbtf_find(b, rows[i].name, KBTF_FUNC);

		CHECK(!id || t->ops->kfunc_loads(t->arg, rows[i].type, id) == rows[i].may,
		      "%s from type %u", rows[i].name, rows[i].type);
	}
	CHECK(!t->ops->kfunc_loads(t->arg, BPF_PROG_TYPE_KPROBE, 0), "no id");
	CHECK(!t->ops->kfunc_loads(t->arg, BPF_PROG_TYPE_KPROBE, 99999999), "wrong id");
}

/* In the table of dynamic symbols, which a stripped program keeps. */
__attribute__((visibility("default"))) int exported_by_live_target(void);

int exported_by_live_target(void)
{
	return nr_bad;
}

static void test_user(struct target *t)
{
	const struct target_user_symbol *symbols;
	const char *const *paths;
	struct stat ours, theirs;
	uint64_t offset = 0;
	double since;
	size_t count;

	CHECK(!t->ops->user_files(t->arg, NULL, getpid(), &paths, &count), "ourselves");
	CHECK(!stat("/proc/self/exe", &ours) && !stat(paths[0], &theirs) &&
	      ours.st_ino == theirs.st_ino, "%s", paths[0]);
	CHECK(!t->ops->user_symbols(t->arg, paths[0], "exported_by_live_target", &symbols, &count) &&
	      count == 1 && symbols->is_function, "symbol");
	CHECK(count && !t->ops->user_offset(t->arg, paths[0], symbols->address, &offset) &&
	      offset == symbols->file_offset && offset, "offset");
	CHECK(!t->ops->user_symbols(t->arg, paths[0], "no_such", &symbols, &count) && !count, "none");
	CHECK(t->ops->user_symbols(t->arg, "/proc/self/maps", NULL, &symbols, &count) == -ENOEXEC,
	      "no ELF file");
	CHECK(t->ops->user_symbols(t->arg, "/no/such", NULL, &symbols, &count) == -ENOENT, "no file");
	CHECK(!t->ops->user_files(t->arg, "sh", 0, &paths, &count) && strchr(paths[0], '/'), "sh");
	CHECK(t->ops->user_files(t->arg, "no_such_command", 0, &paths, &count) == -ENOENT, "none");
	if (t->ops->user_files(t->arg, "libc", 0, &paths, &count)) {
		puts("skip libc: not found");
		return;
	}
	since = now_ms();
	CHECK(!t->ops->user_symbols(t->arg, paths[0], "malloc", &symbols, &count) && count >= 1 &&
	      symbols->is_function && symbols->file_offset, "malloc in %s", paths[0]);
	told("malloc of libc", since);
	since = now_ms();
	CHECK(!t->ops->user_symbols(t->arg, paths[0], NULL, &symbols, &count) && count > 500, "libc");
	told("all of libc", since);
}

int main(int argc, char **argv)
{
	struct arena arena;
	struct names names;
	struct types types;
	struct target t;
	double since = now_ms();

	verbose = argc > 1 && !strcmp(argv[1], "-v");
	arena_init(&arena);
	names_init(&names, &arena);
	types_init(&types, &arena, &names);
	CHECK(!live_target_open(&t, &arena), "open");
	told("opening", since);
	test_facts(&t);
	test_features(&t);
	test_events(&t, &types);
	test_functions(&t);
	test_kfuncs(&t, &types);
	test_user(&t);
	since = now_ms();
	target_close(&t);
	target_close(&t);
	told("closing", since);
	arena_free(&arena);
	if (!nr_bad)
		puts("ok live_target");
	return nr_bad != 0;
}
