/*
 * `--info`: what this machine has of what scripts may need, each found out by
 * trying, and for what it has not the reason and what would change it.
 */
#include "session.h"

#include "kernel/attempts.h"
#include "kernel/tracefs.h"
#include "types/kbtf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <unistd.h>

#define COLUMNS 33

/* What rows are about. */
enum topic { TOPIC_HELPERS, TOPIC_FEATURES, TOPIC_MAPS, TOPIC_PROBES, TOPIC_COUNT };

struct info {
	struct sonde *s;
	void (*line)(const char *line, void *arg);
	void *arg;
	struct types types;
	struct names names;
	struct kbtf *btf;		/* NULL: none */
	struct sbuf config;		/* of the kernel; empty: not known */
	char lockdown[32];
	int tracefs_fd;			/* or why there is none */
	bool privileged;		/* may load programs and open perf events */
	struct sbuf half;		/* the first of two entries of a line */
	bool answers[64];		/* of the rows */
};

/* A row is a feature of the target, or a test. */
struct row {
	enum topic topic;
	const char *key;
	int feature;			/* -1: see test */
	bool (*test)(struct info *i);
	const char *since;		/* kernel version; NULL: the feature's */
	const char *config;		/* options that it needs, separated by blanks */
};

static bool has(struct info *i, enum target_feature f)
{
	return target_has(&i->s->target, f);
}

/* ---- tests ---- */

static bool has_btf(struct info *i)
{
	return i->btf;
}

static bool has_module_btf(struct info *i)
{
	(void)i;
	return attempt_module_btf();
}

static uint32_t function_id(struct info *i, const char *name)
{
	return i->btf ? kbtf_find(i->btf, name, KBTF_FUNC) : 0;
}

/* It is for programs on functions of a list, which are fentry programs. */
static bool has_dpath(struct info *i)
{
	return has(i, FEATURE_FENTRY) && function_id(i, "bpf_d_path");
}

static bool has_tai(struct info *i)
{
	return i->privileged && function_id(i, "bpf_ktime_get_tai_ns");
}

static bool has_uprobe(struct info *i)
{
	return i->privileged && !access("/sys/bus/event_source/devices/uprobe/type", R_OK);
}

static bool has_tracepoint(struct info *i)
{
	return i->privileged && i->tracefs_fd >= 0;
}

static bool has_iter(struct info *i)
{
	return attempt_iter(function_id(i, "bpf_iter_task"));
}

static bool has_software(struct info *i)
{
	(void)i;
	return attempt_perf_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK);
}

static bool has_hardware(struct info *i)
{
	(void)i;
	return attempt_perf_event(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
}

static bool has_watchpoint(struct info *i)
{
	(void)i;
	return attempt_watchpoint();
}

#define MAP_TEST(name, type)			\
	static bool has_##name(struct info *i)	\
	{					\
		(void)i;			\
		return attempt_map(type);	\
	}
MAP_TEST(hash, BPF_MAP_TYPE_HASH)
MAP_TEST(percpu_hash, BPF_MAP_TYPE_PERCPU_HASH)
MAP_TEST(lru_hash, BPF_MAP_TYPE_LRU_HASH)
MAP_TEST(array, BPF_MAP_TYPE_ARRAY)
MAP_TEST(percpu_array, BPF_MAP_TYPE_PERCPU_ARRAY)
MAP_TEST(stack_trace, BPF_MAP_TYPE_STACK_TRACE)
MAP_TEST(ringbuf, BPF_MAP_TYPE_RINGBUF)

#define FEATURE(topic, key, f, config) { TOPIC_##topic, key, FEATURE_##f, NULL, NULL, config }
#define TEST(topic, key, test, since, config) { TOPIC_##topic, key, -1, has_##test, since, config }

/* The keys that bpftrace has come first, spelled as there. */
static const struct row rows[] = {
	TEST(HELPERS, "dpath", dpath, "5.10", "CONFIG_DEBUG_INFO_BTF CONFIG_BPF_EVENTS"),
	TEST(HELPERS, "get_tai_ns", tai, "6.1", NULL),
	FEATURE(HELPERS, "get_func_ip", FUNC_IP, "CONFIG_BPF_EVENTS"),
	FEATURE(HELPERS, "lookup_percpu_elem", MAP_LOOKUP_PERCPU, NULL),
	FEATURE(HELPERS, "loop", LOOP, NULL),
	FEATURE(HELPERS, "for_each_map_elem", FOR_EACH_MAP_ELEM, NULL),
	FEATURE(HELPERS, "get_attach_cookie", COOKIE, NULL),
	FEATURE(HELPERS, "get_current_task_btf", CURRENT_TASK_BTF, "CONFIG_DEBUG_INFO_BTF"),
	FEATURE(HELPERS, "copy_from_user_str", COPY_FROM_USER_STR, "CONFIG_DEBUG_INFO_BTF"),
	FEATURE(HELPERS, "override_return", OVERRIDE, "CONFIG_BPF_KPROBE_OVERRIDE"),
	FEATURE(HELPERS, "probe_write_user", WRITE_USER, NULL),
	TEST(FEATURES, "btf", btf, "5.4", "CONFIG_DEBUG_INFO_BTF"),
	TEST(FEATURES, "module btf", module_btf, "5.11",
	     "CONFIG_DEBUG_INFO_BTF_MODULES CONFIG_MODULES"),
	FEATURE(FEATURES, "atomic fetch", ATOMIC_FETCH, NULL),
	FEATURE(FEATURES, "open-coded iterators", ITER_NUM, "CONFIG_DEBUG_INFO_BTF"),
	FEATURE(FEATURES, "instruction set v4", CPU_V4, NULL),
	FEATURE(FEATURES, "rdonly_cast", RDONLY_CAST, "CONFIG_DEBUG_INFO_BTF"),
	FEATURE(FEATURES, "task storage", TASK_STORAGE, "CONFIG_DEBUG_INFO_BTF"),
	FEATURE(FEATURES, "sleepable uprobes", SLEEPABLE_UPROBE, NULL),
	FEATURE(FEATURES, "perf links", PERF_LINK, NULL),
	FEATURE(FEATURES, "raw tracepoint cookies", RAW_TP_COOKIE, NULL),
	FEATURE(FEATURES, "map batch operations", BATCH_OPS, NULL),
	TEST(MAPS, "hash", hash, NULL, NULL),
	TEST(MAPS, "percpu_hash", percpu_hash, NULL, NULL),
	TEST(MAPS, "lru_hash", lru_hash, NULL, NULL),
	TEST(MAPS, "array", array, NULL, NULL),
	TEST(MAPS, "percpu_array", percpu_array, NULL, NULL),
	TEST(MAPS, "stack_trace", stack_trace, NULL, "CONFIG_PERF_EVENTS"),
	TEST(MAPS, "ringbuf", ringbuf, "5.8", NULL),
	FEATURE(PROBES, "kprobe_multi", KPROBE_MULTI, "CONFIG_KPROBES CONFIG_FPROBE"),
	FEATURE(PROBES, "uprobe_multi", UPROBE_MULTI, "CONFIG_UPROBES"),
	FEATURE(PROBES, "kprobe_session", KPROBE_SESSION, "CONFIG_KPROBES CONFIG_FPROBE"),
	TEST(PROBES, "iter", iter, "5.8", "CONFIG_DEBUG_INFO_BTF"),
	FEATURE(PROBES, "uprobe_session", UPROBE_SESSION, "CONFIG_UPROBES"),
	FEATURE(PROBES, "kprobe", KPROBES, "CONFIG_KPROBES CONFIG_KPROBE_EVENTS"),
	FEATURE(PROBES, "fentry", FENTRY, "CONFIG_DEBUG_INFO_BTF CONFIG_FUNCTION_TRACER "
		"CONFIG_DYNAMIC_FTRACE CONFIG_BPF_JIT"),
	TEST(PROBES, "tracepoint", tracepoint, NULL, "CONFIG_TRACEPOINTS CONFIG_EVENT_TRACING"),
	FEATURE(PROBES, "rawtracepoint", BTF_TRACEPOINT,
		"CONFIG_DEBUG_INFO_BTF CONFIG_TRACEPOINTS"),
	TEST(PROBES, "uprobe", uprobe, "4.17", "CONFIG_UPROBES CONFIG_UPROBE_EVENTS"),
	TEST(PROBES, "software", software, NULL, "CONFIG_PERF_EVENTS"),
	TEST(PROBES, "hardware", hardware, NULL, "CONFIG_PERF_EVENTS"),
	TEST(PROBES, "watchpoint", watchpoint, NULL, "CONFIG_HAVE_HW_BREAKPOINT"),
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

/* ---- lines ---- */

static void tell(struct info *i, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void tell(struct info *i, const char *fmt, ...)
{
	struct sbuf text = { 0 };
	va_list args;

	va_start(args, fmt);
	sbuf_vprintf(&text, fmt, args);
	va_end(args);
	i->line(sbuf_text(&text), i->arg);
	sbuf_close(&text);
}

static void end_entries(struct info *i)
{
	if (i->half.len)
		tell(i, "  %s", sbuf_text(&i->half));
	sbuf_clear(&i->half);
}

/* Two entries stand in a line, the second in a column. */
static void entry(struct info *i, const char *key, const char *value)
{
	if (i->half.len) {
		tell(i, "  %-*s%s: %s", COLUMNS, sbuf_text(&i->half), key, value);
		sbuf_clear(&i->half);
	} else {
		sbuf_printf(&i->half, "%s: %s", key, value);
	}
}

static const char *yes_or_no(bool yes)
{
	return yes ? "yes" : "no";
}

static void tell_topic(struct info *i, enum topic topic)
{
	for (size_t k = 0; k < NR_ROWS; k++) {
		const struct row *r = &rows[k];

		if (r->topic != topic)
			continue;
		i->answers[k] = r->test ? r->test(i) : has(i, (enum target_feature)r->feature);
		entry(i, r->key, yes_or_no(i->answers[k]));
	}
	end_entries(i);
	tell(i, "%s", "");
}

/* ---- what is missing ---- */

static uint32_t version_number(const char *text)
{
	unsigned major = 0, minor = 0;

	sscanf(text, "%u.%u", &major, &minor);
	return major << 16 | minor << 8;
}

static void tell_missing(struct info *i, const struct row *r)
{
	const char *since = r->since ? r->since : r->feature >= 0
			    ? target_feature_kernel((enum target_feature)r->feature) : "";
	struct sbuf unset = { 0 };

	if (i->config.len)
		kernel_config_lacks(&i->config, r->config, &unset);
	if (!i->privileged)
		tell(i, "  %s: may not be tried; run as root, or with CAP_BPF and CAP_PERFMON",
		     r->key);
	else if (since && *since && version_number(since) > i->s->target.kernel_version)
		tell(i, "  %s: needs Linux %s, this is %s", r->key, since, i->s->target.release);
	else if (unset.len)
		tell(i, "  %s: the kernel was built without %s; boot another one", r->key,
		     sbuf_text(&unset));
	else if (!strcmp(r->key, "tracepoint"))
		tell(i, "  %s: tracefs cannot be opened (%s); mount -t tracefs tracefs "
		     "/sys/kernel/tracing", r->key,
		     i->tracefs_fd == -ENODEV ? "not mounted" : strerror(-i->tracefs_fd));
	else if (!strcmp(r->key, "hardware") || !strcmp(r->key, "watchpoint"))
		tell(i, "  %s: the processor does not offer it, as in many virtual machines",
		     r->key);
	else if (!*i->lockdown)
		tell(i, "  %s: the kernel refuses it, perhaps by lockdown: mount -t securityfs "
		     "none /sys/kernel/security, and this tells", r->key);
	else if (strcmp(i->lockdown, "none"))
		tell(i, "  %s: refused, perhaps by lockdown (%s), which is set at boot", r->key,
		     i->lockdown);
	else if (r->config && !i->config.len)
		tell(i, "  %s: perhaps the kernel was built without %s", r->key, r->config);
	else
		tell(i, "  %s: the kernel refuses it", r->key);
	sbuf_close(&unset);
}

static void tell_all_missing(struct info *i)
{
	bool any = false;

	for (size_t k = 0; k < NR_ROWS; k++) {
		if (i->answers[k])
			continue;
		if (!any)
			tell(i, "Missing");
		any = true;
		tell_missing(i, &rows[k]);
	}
}

/* ---- groups ---- */

static void tell_system(struct info *i)
{
	struct utsname names;

	if (uname(&names))
		memset(&names, 0, sizeof(names));
	tell(i, "System");
	tell(i, "  OS: %s %s %s", names.sysname, names.release, names.version);
	tell(i, "  Arch: %s", names.machine);
	tell(i, "%s", "");
	tell(i, "Build");
	tell(i, "  version: v%s", sonde_version());
	/* A program that has a loader (at this address) has a libc of the system, too. */
	tell(i, "  linked: %s", getauxval(AT_BASE) ? "with the system's libc" : "statically");
	tell(i, "  libdw (DWARF support): yes");
	tell(i, "  own compiler (no LLVM needed): yes");
	tell(i, "  dwunwind (DWARF stack unwinding): yes");
	tell(i, "%s", "");
}

static const struct {
	int number;
	const char *name, *use;
} capabilities[] = {
	{ CAP_BPF, "CAP_BPF", "programs and maps" },
	{ CAP_PERFMON, "CAP_PERFMON", "tracing programs and perf events" },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "all of these on older kernels, probe_write_user" },
	{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", "tracefs" },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "symbols of other users' processes" },
	{ CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", "many probes at once" },
};

static const char *filter_list_state(const struct info *i)
{
	struct sbuf text = { 0 };
	const char *state = "no (no tracefs)";
	int err;

	if (i->tracefs_fd >= 0) {
		err = tracefs_read(i->tracefs_fd, "available_filter_functions", &text);
		state = !err ? "yes" : err == -EPERM ? "no (not permitted: lockdown?)" : "no";
	}
	sbuf_close(&text);
	return state;
}

static void tell_environment(struct info *i)
{
	tell(i, "Environment");
	tell(i, "  tracefs: %s", i->tracefs_fd >= 0 ? "yes" : strerror(-i->tracefs_fd));
	tell(i, "  list of traceable functions: %s", filter_list_state(i));
	tell(i, "  kernel configuration: %s", i->config.len ? "known" : "not known");
	tell(i, "  lockdown: %s", *i->lockdown ? i->lockdown : "not known (no securityfs)");
	for (size_t k = 0; k < sizeof(capabilities) / sizeof(capabilities[0]); k++)
		tell(i, "  %s: %s%s%s%s", capabilities[k].name,
		     yes_or_no(have_capability(capabilities[k].number)),
		     have_capability(capabilities[k].number) ? "" : " (for ",
		     have_capability(capabilities[k].number) ? "" : capabilities[k].use,
		     have_capability(capabilities[k].number) ? "" : ")");
	tell(i, "%s", "");
}

static void tell_kernel(struct info *i)
{
	tell(i, "Kernel helpers");
	tell_topic(i, TOPIC_HELPERS);
	tell(i, "Kernel features");
	entry(i, "Instruction limit", i->privileged ? "1000000" : "4096");
	tell_topic(i, TOPIC_FEATURES);
	tell(i, "Map types");
	tell_topic(i, TOPIC_MAPS);
	tell(i, "Probe types");
	tell_topic(i, TOPIC_PROBES);
}

static void open_info(struct info *i)
{
	struct sonde *s = i->s;

	names_init(&i->names, &s->arena);
	types_init(&i->types, &s->arena, &i->names);
	i->btf = target_kbtf(&s->target, &i->types);
	i->tracefs_fd = tracefs_open();
	i->privileged = have_capability(CAP_SYS_ADMIN) ||
			(have_capability(CAP_BPF) && have_capability(CAP_PERFMON));
	kernel_lockdown(i->lockdown, sizeof(i->lockdown));
	if (kernel_config_read(s->target.release, &i->config))
		sbuf_clear(&i->config);
}

static void tell_all(struct info *i)
{
	open_info(i);
	tell_system(i);
	tell_kernel(i);
	tell_environment(i);
	tell_all_missing(i);
}

int sonde_info(struct sonde *s, void (*each)(const char *line, void *arg), void *arg)
{
	struct info *volatile i = NULL;
	jmp_buf oom;
	volatile int err = session_open_target(s);

	_Static_assert(NR_ROWS <= sizeof(i->answers) / sizeof(i->answers[0]), "answers");
	if (err)
		return err;
	i = calloc(1, sizeof(*i));
	if (!i)
		return -ENOMEM;
	*i = (struct info){ .s = s, .line = each, .arg = arg, .tracefs_fd = -ENOENT };
	if (!setjmp(oom)) {
		arena_on_oom(&s->arena, &oom);
		tell_all(i);
		err = i->privileged ? 0 : -EPERM;
	} else {
		err = -ENOMEM;
	}
	arena_on_oom(&s->arena, NULL);
	arena_free(&s->arena);
	if (i->tracefs_fd >= 0)
		close(i->tracefs_fd);
	sbuf_close(&i->config);
	sbuf_close(&i->half);
	free(i);
	return err;
}
