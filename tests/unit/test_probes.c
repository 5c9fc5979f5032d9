/*
 * Tests of the providers: what attach points become on a made-up target.
 */
#include "probes/provider.h"

#include "lang/lang.h"
#include "types/kbtf.h"

#include <bpf/btf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the target ---- */

static const char *const events[] = {
	"sched:sched_switch", "syscalls:sys_enter_close", "syscalls:sys_enter_openat",
	"syscalls:sys_exit_openat",
};
static const char *const functions[] = {
	"do_exit", "kernel_clone", "rcu_read_lock", "tcp_sendmsg", "vfs_read", "vfs_read.part.0", "vfs_write",
	"zz_struct", "zz_switch.isra.0",
	"zz_varargs",
};
static const struct target_user_symbol symbols[] = {
	{ "_ZN2ns5Class3getEi", 0x2000, 8, 0x500, true, false },
	{ "_ZN2ns5Class3getEv", 0x2008, 8, 0x508, true, false },
	{ "_ZN2ns5ClassC1Ei", 0x2010, 8, 0x510, true, false },
	{ "_ZN2ns5ClassC2Ei", 0x2010, 8, 0x510, true, false },
	{ "chosen", 0x2020, 8, 0x520, true, true },
	{ "data_like", 0x1000, 8, 0x1000, false, false },
	{ "main", 0x1100, 0x40, 0x100, true, false },
	{ "main.add", 0x1400, 16, 0x400, true, false },
	{ "malloc", 0x1200, 0x20, 0x200, true, false },
	{ "malloc_usable_size", 0x1300, 0x20, 0x300, true, false },
};
static const char *const two_paths[] = { "/usr/bin/app", "/bin/app" };

static int fake_events(void *arg, const char *const **list, size_t *count)
{
	(void)arg;
	*list = events;
	*count = sizeof(events) / sizeof(events[0]);
	return 0;
}

static int fake_event_id(void *arg, const char *category, const char *event, uint32_t *id)
{
	char full[128];

	(void)arg;
	snprintf(full, sizeof(full), "%s:%s", category, event);
	if (!strcmp(category, "hidden"))
		return -EACCES;
	for (uint32_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (!strcmp(events[i], full)) {
			*id = 100 + i;
			return 0;
		}
	return -ENOENT;
}

static int fake_format(void *arg, const char *category, const char *event, const char **text)
{
	(void)arg;
	(void)category;
	if (strcmp(event, "sys_enter_openat"))
		return -ENOENT;
	*text = "name: sys_enter_openat\nID: 102\nformat:\n"
		"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
		"\n"
		"\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n"
		"\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n"
		"\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n"
		"\n"
		"print fmt: \"\"\n";
	return 0;
}

static int fake_functions(void *arg, const char *const **list, size_t *count)
{
	(void)arg;
	*list = functions;
	*count = sizeof(functions) / sizeof(functions[0]);
	return 0;
}

static bool fake_has_function(void *arg, const char *name)
{
	(void)arg;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (!strcmp(functions[i], name))
			return true;
	return false;
}

static int fake_files(void *arg, const char *name, int pid, const char *const **paths,
		      size_t *count)
{
	(void)arg;
	*paths = two_paths;
	*count = 1;
	if (!name)
		return pid ? 0 : -ENOENT;
	if (!strcmp(name, "twice") || !strcmp(name, "/*/app"))
		*count = 2;
	return strcmp(name, "missing") ? 0 : -ENOENT;
}

static int fake_symbols(void *arg, const char *path, const char *name,
			const struct target_user_symbol **list, size_t *count)
{
	(void)arg;
	(void)path;
	*list = symbols;
	*count = sizeof(symbols) / sizeof(symbols[0]);
	for (size_t i = 0; name && i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (!strcmp(symbols[i].name, name)) {
			*list = &symbols[i];
			*count = 1;
			return 0;
		}
	if (name)
		*count = 0;
	return 0;
}

static int fake_offset(void *arg, const char *path, uint64_t address, uint64_t *file_offset)
{
	(void)arg;
	(void)path;
	*file_offset = address - 0x1000;
	return address < 0x1000 ? -ENOENT : 0;
}

/* mov $1,%eax; ret; nop; ret; int3 and so on; nothing known at 0x200. */
static int fake_code(void *arg, const char *path, uint64_t offset, const uint8_t **code, size_t *size)
{
	static const uint8_t bytes[64] = { 0xb8, 1, 0, 0, 0, 0xc3, 0x90, 0xf3, 0xc3, 0xcc, 0xcc,
					   0xcc, 0xcc, 0xcc, 0xcc, 0xcc };
	static const uint8_t odd[8] = { 0x06 };

	(void)arg;
	(void)path;
	*code = offset == 0x200 ? odd : bytes;
	*size = *size < 64 ? *size : 64;
	return 0;
}

static int fake_info(void *arg, const char *path, struct target_user_info *info)
{
	(void)arg;
	memset(info, 0, sizeof(*info));
	info->is_go = !strcmp(path, "/bin/app");
	return 0;
}

static int fake_usdt(void *arg, const char *path, const struct target_usdt **list, size_t *count)
{
	static const struct target_usdt probes[] = {
		{ "db", "done", "-4@%eax", 0x1010, 0x10, 0x30 },
		{ "db", "query", "8@%rdi 4@-8(%rbp)", 0x1020, 0x20, 0 },
		{ "db", "query", "8@%rsi 4@main(%rip)", 0x1040, 0x40, 0 },
		{ "web", "done", "8f@%xmm0 8@nowhere(%rip) 8@%k1", 0x1050, 0x50, 0 },
	};

	(void)arg;
	(void)path;
	*list = probes;
	*count = sizeof(probes) / sizeof(probes[0]);
	return 0;
}

static bool fake_module(void *arg, const char *name)
{
	(void)arg;
	return !strcmp(name, "nfs");
}

static bool fake_feature(void *arg, enum target_feature feature)
{
	(void)arg;
	(void)feature;
	return true;
}

static const char *const modules[] = { "ext4", "nfs", "vmlinux" };
static const char *const module_functions[] = { "nfs_getattr", "twin" };
static const struct target_bpf_function bpf_functions[] = {
	{ 7, 3, "entry" }, { 7, 4, "twice" }, { 12, 9, "entry" },
};
static const void *module_data;		/* BTF that both modules have */
static uint32_t module_bytes;

static int fake_modules(void *arg, const char *const **list, size_t *count)
{
	(void)arg;
	*list = modules;
	*count = sizeof(modules) / sizeof(modules[0]);
	return 0;
}

static int fake_module_functions(void *arg, const char *module, const char *const **list,
				 size_t *count)
{
	if (!strcmp(module, "vmlinux"))
		return fake_functions(arg, list, count);
	*list = module_functions;
	*count = !strcmp(module, "nfs") ? 2 : 0;
	return 0;
}

static int fake_module_btf(void *arg, const char *module, const void **data, size_t *size)
{
	(void)arg;
	*data = module_data;
	*size = module_bytes;
	return module_data && strcmp(module, "xfs") ? 0 : -ENOENT;
}

static int fake_bpf_functions(void *arg, const struct target_bpf_function **list, size_t *count)
{
	(void)arg;
	*list = bpf_functions;
	*count = sizeof(bpf_functions) / sizeof(bpf_functions[0]);
	return 0;
}

/* There are two functions "twin" in the module. */
static bool fake_ambiguous(void *arg, const char *name)
{
	(void)arg;
	return !strcmp(name, "twin");
}

static bool knows_addresses;

static bool fake_knows(void *arg)
{
	(void)arg;
	return knows_addresses;
}

static int fake_addresses(void *arg, const char *module, const char *name, const uint64_t **list,
			  size_t *count)
{
	static const uint64_t addresses[] = { 0x1000, 0x2000, 0x3000 };

	(void)arg;
	(void)module;
	*list = strcmp(name, "twin") ? &addresses[2] : addresses;
	*count = strcmp(name, "twin") ? 1 : 2;
	return strcmp(name, "vfs_write") ? 0 : -ENOENT;
}

static const struct target_ops fake_ops = {
	.has_feature = fake_feature,
	.events = fake_events, .event_id = fake_event_id, .format = fake_format,
	.functions = fake_functions, .has_function = fake_has_function, .has_module = fake_module,
	.user_files = fake_files, .user_symbols = fake_symbols, .user_offset = fake_offset,
	.user_usdt = fake_usdt, .user_code = fake_code, .user_info = fake_info,
	.modules = fake_modules, .module_functions = fake_module_functions,
	.function_is_ambiguous = fake_ambiguous, .function_addresses = fake_addresses,
	.knows_addresses = fake_knows,
	.module_btf = fake_module_btf, .bpf_functions = fake_bpf_functions,
};

struct fixture {
	struct arena arena;
	struct names names;
	struct diags diags;
	struct types types;
	struct target target;
	struct btf *btf, *module_btf;
	struct probe_ctx c;
	site_vec sites;
};

/* vfs_read(struct file *file, unsigned long count), btf_trace_sched_switch. */
static void make_btf(struct fixture *f)
{
	struct btf *b = btf__new_empty();
	int file, file_ptr, ulong_, proto, void_ptr, ptr;
	const void *data;
	uint32_t size;

	file = btf__add_struct(b, "file", 8);
	ulong_ = btf__add_int(b, "unsigned long", 8, 0);
	btf__add_field(b, "f_flags", ulong_, 0, 0);
	file_ptr = btf__add_ptr(b, file);
	void_ptr = btf__add_ptr(b, 0);
	proto = btf__add_func_proto(b, ulong_);
	btf__add_func_param(b, "file", file_ptr);
	btf__add_func_param(b, "count", ulong_);
	btf__add_func(b, "vfs_read", BTF_FUNC_GLOBAL, proto);
	/* As kernels have it: names are with the function only. */
	proto = btf__add_func_proto(b, 0);
	btf__add_func_param(b, "__data", void_ptr);
	btf__add_func_param(b, "preempt", ulong_);
	btf__add_func_param(b, "prev", file_ptr);
	btf__add_func(b, "__traceiter_sched_switch", BTF_FUNC_STATIC, proto);
	proto = btf__add_func_proto(b, 0);
	btf__add_func_param(b, NULL, void_ptr);
	btf__add_func_param(b, NULL, ulong_);
	btf__add_func_param(b, NULL, file_ptr);
	ptr = btf__add_ptr(b, proto);
	btf__add_typedef(b, "btf_trace_sched_switch", ptr);
	/* What fentry does not take. */
	proto = btf__add_func_proto(b, ulong_);
	btf__add_func_param(b, "format", ulong_);
	btf__add_func_param(b, NULL, 0);
	btf__add_func(b, "zz_varargs", BTF_FUNC_GLOBAL, proto);
	proto = btf__add_func_proto(b, file);
	btf__add_func(b, "zz_struct", BTF_FUNC_GLOBAL, proto);
	proto = btf__add_func_proto(b, 0);
	btf__add_func(b, "zz_shared", BTF_FUNC_STATIC, proto);
	proto = btf__add_func_proto(b, 0);
	for (int i = 0; i < 13; i++)
		btf__add_func_param(b, "a", ulong_);
	btf__add_func(b, "vfs_write", BTF_FUNC_GLOBAL, proto);
	f->btf = b;
	f->module_btf = btf__new_empty_split(b);
	proto = btf__add_func_proto(f->module_btf, 0);
	btf__add_func_param(f->module_btf, "file", file_ptr);
	btf__add_func(f->module_btf, "twin", BTF_FUNC_GLOBAL, proto);
	btf__add_func(f->module_btf, "zz_shared", BTF_FUNC_STATIC, proto);
	module_data = btf__raw_data(f->module_btf, &module_bytes);
	/* Last: adding types, also to what is split from it, frees these bytes. */
	data = btf__raw_data(b, &size);
	assert_int_equal(kbtf_open(&f->c.btf, &f->types, data, size, NULL), 0);
}

static void setup(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	arena_init(&f->arena);
	names_init(&f->names, &f->arena);
	diags_init(&f->diags, &f->arena);
	types_init(&f->types, &f->arena, &f->names);
	target_init_plain(&f->target, &f->arena);
	f->target.arch = target_arch_find("x86_64");	/* whatever runs this */
	f->target.ops = &fake_ops;
	f->c = (struct probe_ctx){ .arena = &f->arena, .names = &f->names, .diags = &f->diags,
				   .types = &f->types, .target = &f->target };
	make_btf(f);
}

static void teardown(struct fixture *f)
{
	btf__free(f->module_btf);
	module_data = NULL;
	btf__free(f->btf);
	arena_free(&f->arena);
}

/* Expand the attach point; what was found before is forgotten. */
static void expand(struct fixture *f, const char *text)
{
	char *script = arena_printf(&f->arena, "%s {}", text);
	struct source *source = source_add(&f->diags, "t", script, strlen(script));
	struct script *s = lang_parse(&f->arena, &f->names, &f->diags, source, NULL);

	assert_int_equal(s->probes.n, 1);
	f->sites.n = 0;
	for (size_t i = 0; i < s->probes.at[0]->attach_points.n; i++)
		probes_expand(&f->c, s->probes.at[0]->attach_points.at[i], &f->sites);
}

/* The names of the sites, with blanks between, or the first line of the newest
 * diagnostic and its hint. */
static const char *names_of(struct fixture *f, const char *text)
{
	size_t before = f->diags.list.n;
	const char *out = "";

	expand(f, text);
	if (f->diags.list.n > before) {
		const struct diag *d = f->diags.list.at[f->diags.list.n - 1];

		return d->notes ? arena_printf(&f->arena, "%s | %s", d->text, d->notes->text)
				: d->text;
	}
	for (size_t i = 0; i < f->sites.n; i++)
		out = arena_printf(&f->arena, "%s%s%s", out, *out ? " " : "", f->sites.at[i]->name);
	return out;
}

/* Attach points and what they become, or the message. */
struct expand_case {
	const char *text, *expected;
};

static void check_cases(struct fixture *f, const struct expand_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_string_equal(names_of(f, cases[i].text), cases[i].expected);
}

#define CHECK_CASES(f, cases) check_cases(f, cases, sizeof(cases) / sizeof((cases)[0]))

/* ---- tests ---- */

static void test_wildcard(void **state)
{
	(void)state;
	assert_true(wildcard_match("a*b", "ab_b"));
	assert_true(wildcard_match("*", ""));
	assert_true(wildcard_match("a**c", "abc"));
	assert_true(wildcard_match("sys_*_open*", "sys_enter_openat"));
	assert_true(wildcard_match("*:sys*at", "syscalls:sys_enter_openat"));
	assert_false(wildcard_match("a*b", "abc"));
	assert_false(wildcard_match("", "a"));
	assert_false(wildcard_match("abc", "ab"));
	assert_false(wildcard_match("*bc*", "acb"));
	assert_true(has_wildcard("a*"));
	assert_true(has_wildcard("[ab]"));
	assert_false(has_wildcard("a[b"));
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_providers; i++) {
		const struct provider *p = providers[i];

		assert_ptr_equal(provider_find(p->name), p);
		assert_non_null(p->doc);
		assert_non_null(p->expand);
		assert_non_null(p->plan);
		if (i)	/* listings are in this order */
			assert_true(strcmp(providers[i - 1]->name, p->name) < 0);
		for (size_t j = 0; j < 3 && p->alias[j]; j++)
			assert_ptr_equal(provider_find(p->alias[j]), p);
	}
	assert_ptr_equal(provider_find("BEGIN"), provider_find("begin"));
	assert_ptr_equal(provider_find("KProbe"), provider_find("k"));
	assert_null(provider_find("K"));
	assert_null(provider_find("nosuch"));
}

static void test_unknown(void **state)
{
	static const struct expand_case cases[] = {
		{ "kprob:f", "Invalid probe type: kprob | did you mean kprobe?" },
		{ "syscalls:sys_enter_openat", "Invalid probe type: syscalls | tracepoints are "
		  "written tracepoint:CATEGORY:EVENT, kernel functions kprobe:NAME" },
		{ "aw:1", "asyncwatchpoint was removed from the language; use watchpoint" },
	};
	struct fixture f;

	(void)state;
	setup(&f);
	CHECK_CASES(&f, cases);
	teardown(&f);
}

static void test_special(void **state)
{
	static const struct expand_case cases[] = {
		{ "begin", "begin" }, { "BEGIN", "begin" }, { "begin:*", "begin" },
		{ "end", "end" },
		{ "begin:x", "begin probe type requires 0 arguments, found 1" },
		{ "self:signal:SIGUSR1", "self:signal:SIGUSR1" },
		{ "self:signal:SIGUSR2", "SIGUSR2 is not a supported signal" },
		{ "self:foo", "self probe type requires 2 arguments, found 1" },
		{ "first=begin", "first" },
	};
	struct fixture f;

	(void)state;
	setup(&f);
	CHECK_CASES(&f, cases);
	teardown(&f);
}

static void test_timers(void **state)
{
	static const struct expand_case cases[] = {
		{ "interval:s:1", "interval:s:1" }, { "i:ms:100", "interval:ms:100" },
		{ "interval:5m", "interval:us:300000000" },
		{ "interval:100ms", "interval:us:100000" },
		{ "profile:hz:99", "profile:hz:99" }, { "p:us:1e3", "profile:us:1000" },
		{ "interval:10", "Invalid rate of interval probe. Minimum is 1000 or 1us. Found: "
		  "10 nanoseconds" },
		{ "interval:x:1", "x is not an accepted unit of time | the units are s, ms, us "
		  "and hz" },
		{ "interval:s:0", "interval frequency should be a positive integer" },
		{ "interval:s:abc", "Invalid rate of interval probe: invalid integer: abc" },
		{ "interval:s:1e18", "Invalid rate of interval probe: integer overflow: 1e18" },
		{ "interval:s:1:2", "interval probe type requires 1 or 2 arguments, found 3" },
	};
	struct fixture f;

	(void)state;
	setup(&f);
	CHECK_CASES(&f, cases);
	expand(&f, "interval:s:2");
	assert_int_equal(f.sites.at[0]->image.count, 2000000000);
	assert_false(f.sites.at[0]->image.is_freq);
	expand(&f, "profile:hz:99");
	assert_int_equal(f.sites.at[0]->image.count, 99);
	assert_true(f.sites.at[0]->image.is_freq);
	expand(&f, "interval:1500ns");
	assert_int_equal(f.sites.at[0]->image.count, 1000);
	teardown(&f);
}

static void test_perf_events(void **state)
{
	static const struct expand_case cases[] = {
		{ "software:faults:100", "software:faults:100" }, { "s:cs", "software:cs" },
		{ "software:cpu-clock:", "software:cpu-clock" },
		{ "software:pagefaults", "pagefaults is not a software probe | did you mean "
		  "software:page-faults?" },
		{ "hardware:cycles:x", "Invalid count for hardware probe: invalid integer: x" },
		{ "h:cache-misses:*", "hardware:cache-misses" },
	};
	struct fixture f;

	(void)state;
	setup(&f);
	CHECK_CASES(&f, cases);
	expand(&f, "software:faults");
	assert_int_equal(f.sites.at[0]->image.event_id, 2);
	assert_int_equal(f.sites.at[0]->image.count, 100);
	teardown(&f);
}

static void test_tracepoints(void **state)
{
	static const struct expand_case cases[] = {
		{ "tracepoint:sched:sched_switch", "tracepoint:sched:sched_switch" },
		{ "t:syscalls:sys_enter_*",
		  "tracepoint:syscalls:sys_enter_close tracepoint:syscalls:sys_enter_openat" },
		{ "t:*open*",
		  "tracepoint:syscalls:sys_enter_openat tracepoint:syscalls:sys_exit_openat" },
		{ "t:nosuch:*", "" },
		{ "t:syscalls:sys_enter_opena", "No matches for tracepoint "
		  "syscalls:sys_enter_opena. | did you mean tracepoint:syscalls:sys_enter_openat?" },
		{ "t:syscall:sys_enter_openat", "No matches for tracepoint "
		  "syscall:sys_enter_openat. | did you mean tracepoint:syscalls:sys_enter_openat?" },
		{ "t:sched", "tracepoint probe type requires 2 arguments, found 1" },
		{ "t:a:b:c", "tracepoint probe type requires 2 arguments, found 3" },
	};
	struct fixture f;

	(void)state;
	setup(&f);
	CHECK_CASES(&f, cases);
	assert_string_equal(names_of(&f, "t:hidden:b"),
			    "cannot read tracepoints from tracefs: Permission denied | reading tracefs "
			    "takes root, or CAP_DAC_READ_SEARCH, also to compile only");
	assert_int_equal(f.diags.list.at[f.diags.list.n - 1]->tag, DIAG_NO_TRACEFS);
	f.c.missing = MISSING_IGNORE;
	assert_string_equal(names_of(&f, "t:a:b"), "");
	f.c.missing = MISSING_WARN;
	assert_string_equal(names_of(&f, "t:a:b"), "No matches for tracepoint a:b. Skipping.");
	assert_int_equal(f.diags.nr_warnings, 1);
	teardown(&f);
}

static void test_tracepoint_args(void **state)
{
	struct loc nowhere = { 0 };
	struct type_struct *args;
	uint32_t offset;
	struct fixture f;

	(void)state;
	setup(&f);
	expand(&f, "t:syscalls:sys_enter_openat");
	assert_string_equal(f.sites.at[0]->image.category, "syscalls");
	assert_string_equal(f.sites.at[0]->image.event, "sys_enter_openat");
	assert_int_equal(f.sites.at[0]->image.event_id, 102);
	args = provider_args(&f.c, f.sites.at[0], nowhere);
	assert_non_null(args);
	assert_non_null(type_field_find(&f.types, args, "filename", &offset));
	assert_int_equal(offset, 24);
	expand(&f, "t:sched:sched_switch");
	assert_null(provider_args(&f.c, f.sites.at[0], nowhere));
	assert_int_equal(f.diags.nr_errors, 0);
	teardown(&f);
}

static void test_raw_syscalls(void **state)
{
	struct image_prog prog = { 0 };
	struct probe_site *s;
	struct fixture f;

	(void)state;
	setup(&f);
	expand(&f, "t:syscalls:sys_enter_openat");
	s = f.sites.at[0];
	assert_int_equal(s->syscall_nr, 257);
	assert_string_equal(probes_raw_event(s), "sys_enter");
	s->provider->plan(&f.c, &s, 1, &prog);
	assert_int_equal(prog.type, BPF_PROG_TYPE_TRACEPOINT);
	prog.raw_event = "sys_enter";
	s->provider->plan(&f.c, &s, 1, &prog);
	assert_int_equal(prog.type, BPF_PROG_TYPE_RAW_TRACEPOINT);
	assert_int_equal(prog.attach, ATTACH_RAW_TRACEPOINT);
	expand(&f, "t:syscalls:sys_exit_openat");
	assert_string_equal(probes_raw_event(f.sites.at[0]), "sys_exit");
	expand(&f, "t:sched:sched_switch");
	assert_null(probes_raw_event(f.sites.at[0]));
	teardown(&f);
}

static void test_syscall_numbers(void **state)
{
	(void)state;
	assert_int_equal(probes_syscall_number("x86_64", "sys_enter_read"), 0);
	assert_int_equal(probes_syscall_number("x86_64", "sys_exit_openat"), 257);
	assert_int_equal(probes_syscall_number("x86_64", "sys_enter_newfstat"), 5);
	assert_int_equal(probes_syscall_number("x86_64", "sys_enter_sendfile64"), 40);
	assert_int_equal(probes_syscall_number("x86_64", "sys_enter_newuname"), 63);
	assert_int_equal(probes_syscall_number("x86_64", "sys_enter_umount"), 166);
	assert_int_equal(probes_syscall_number("aarch64", "sys_enter_openat"), 56);
	assert_int_equal(probes_syscall_number("aarch64", "sys_enter_arm64_personality"), 92);
	assert_int_equal(probes_syscall_number("aarch64", "sys_enter_open_by_handle_at"), 265);
	assert_int_equal(probes_syscall_number("riscv64", "sys_enter_openat"), 56);
	assert_int_equal(probes_syscall_number("loongarch64", "sys_exit_read"), 63);
	assert_int_equal(probes_syscall_number("s390x", "sys_enter_read"), -ENOENT);
	assert_null(probes_syscall_name("s390x", 39));
	assert_string_equal(probes_syscall_name("aarch64", 39), "umount2");
	assert_int_equal(probes_syscall_number("x86_64", "sys_enter_nosuch"), -ENOENT);
	assert_int_equal(probes_syscall_number("vax", "sys_enter_read"), -ENOENT);
	assert_int_equal(probes_syscall_number("x86_64", "read"), -ENOENT);
}

static void test_raw_tracepoints(void **state)
{
	static const struct expand_case cases[] = {
		{ "rawtracepoint:sched_switch", "rawtracepoint:vmlinux:sched_switch" },
		{ "rt:vmlinux:sched_switch", "rawtracepoint:vmlinux:sched_switch" },
		{ "rt:sched_*", "rawtracepoint:vmlinux:sched_switch" },
		{ "rt:sched_swich", "No matches for rawtracepoint sched_swich. | did you mean "
		  "rawtracepoint:sched_switch?" },
	};
	struct image_prog prog = { 0 };
	struct loc nowhere = { 0 };
	struct type_struct *args;
	struct fixture f;

	(void)state;
	setup(&f);
	CHECK_CASES(&f, cases);
	expand(&f, "rt:sched_switch");
	args = provider_args(&f.c, f.sites.at[0], nowhere);
	assert_int_equal(args->nr_fields, 2);
	assert_string_equal(args->fields[0].name, "preempt");
	assert_int_equal(args->fields[1].offset_bytes, 8);
	assert_int_equal(args->fields[1].type->kind, TYPE_POINTER);
	assert_true(args->fields[1].type->is_trusted);
	f.sites.at[0]->provider->plan(&f.c, f.sites.at, 1, &prog);
	assert_int_equal(prog.type, BPF_PROG_TYPE_TRACING);
	assert_int_equal(prog.attach_btf_id, f.sites.at[0]->btf_id);
	teardown(&f);
}

/* A link takes names or addresses: those of modules and of functions with one name. */
static void check_by_address(struct fixture *f)
{
	struct image_prog prog = { 0 };

	expand(f, "k:nfs:*");
	assert_int_equal(f->sites.at[0]->image.entry, 0);
	assert_int_equal(f->sites.at[1]->image.entry, 0x1000);
	assert_int_equal(f->sites.at[2]->image.entry, 0x2000);
	provider_find("kprobe")->plan(&f->c, f->sites.at, f->sites.n, &prog);
	assert_true(prog.use_multi);
	assert_int_equal(f->sites.at[0]->image.entry, 0x3000);
	memset(&prog, 0, sizeof(prog));
	expand(f, "k:vfs_*");
	provider_find("kprobe")->plan(&f->c, f->sites.at, f->sites.n, &prog);
	assert_true(prog.use_multi);
	assert_int_equal(f->sites.at[0]->image.entry, 0);
	memset(&prog, 0, sizeof(prog));
	expand(f, "k:vmlinux:vfs_*");
	f->sites.at[0]->image.entry = 0x4000;
	provider_find("kprobe")->plan(&f->c, f->sites.at, f->sites.n, &prog);
	assert_false(prog.use_multi);
	assert_string_equal(prog.why, "where vfs_write is cannot be found out");
}

/* Addresses that are at hand are used, if they are there for all. */
static void check_at_hand(struct fixture *f)
{
	struct image_prog prog = { 0 };

	knows_addresses = true;
	expand(f, "k:vfs_*");
	assert_true(probes_links_by_address(&f->c, f->sites.at[0]));
	assert_false(probes_links_by_address(&f->c, f->sites.at[1]));
	provider_find("kprobe")->plan(&f->c, f->sites.at, 2, &prog);
	assert_true(prog.use_multi);
	assert_null(prog.why);
	assert_int_equal(f->sites.at[0]->image.entry, 0);
	f->sites.at[1] = f->sites.at[0];
	provider_find("kprobe")->plan(&f->c, f->sites.at, 2, &prog);
	assert_true(prog.use_multi);
	assert_int_equal(f->sites.at[0]->image.entry, 0x3000);
	knows_addresses = false;
	assert_true(probes_links_by_address(&f->c, f->sites.at[0]));
}

static void test_kprobes(void **state)
{
	static const struct expand_case cases[] = {
		{ "kprobe:vfs_read", "kprobe:vfs_read" }, { "k:vfs_*", "kprobe:vfs_read "
		  "kprobe:vfs_write" },
		{ "kr:tcp_sendmsg", "kretprobe:tcp_sendmsg" },
		{ "k:vfs_read+0x10", "kprobe:vfs_read+16" },
		{ "k:vmlinux:vfs_read", "kprobe:vmlinux:vfs_read" },
		{ "k:nfs:nfs_getattr", "kprobe:nfs:nfs_getattr" },
		{ "k:xfs:xfs_file_read", "specified module xfs in probe kprobe:xfs:xfs_file_read "
		  "is not loaded." },
		{ "k:n*:n*", "kprobe:nfs:nfs_getattr" },
		{ "k:nfs:*", "kprobe:nfs:nfs_getattr kprobe:nfs:twin kprobe:nfs:twin" },
		{ "k:nfs:not_there", "No matches for kprobe nfs:not_there. | there is no such function, "
		  "or it is inlined or may not be traced" },
		{ "k:_do_fork", "this kernel has no function _do_fork: kernel_clone is traced, its "
		  "name from Linux 5.10 on" },
		{ "k:zz_switch", "this kernel has no function zz_switch: zz_switch.isra.0 is traced, "
		  "compiled with other arguments | its arguments are others than those of "
		  "zz_switch" },
		{ "k:sys_open", "No matches for kprobe sys_open. | what it was good for is told by "
		  "tracepoint:syscalls:sys_enter_open" },
		{ "k:rcu_*", "" },
		{ "k:vfs_raed", "No matches for kprobe vfs_raed. | did you mean kprobe:vfs_read?" },
		{ "kr:vfs_read+3", "Offset not allowed" },
		{ "k:vfs_read+", "Invalid offset: " },
		{ "k:0x1234", "attaching a kprobe to an address is unsafe | use --unsafe to allow "
		  "it" },
		{ "kprobe", "kprobe probe type requires 1 or 2 arguments, found 0" },
		{ "kprobe:", "kprobes should be attached to a function or an address" },
		{ "k:a:b:c", "kprobe probe type requires 1 or 2 arguments, found 3" },
	};
	struct fixture f;

	(void)state;
	setup(&f);
	CHECK_CASES(&f, cases);
	f.c.unsafe_mode = true;
	check_by_address(&f);
	check_at_hand(&f);
	expand(&f, "k:0x1234");
	assert_int_equal(f.sites.at[0]->image.address, 0x1234);
	assert_string_equal(names_of(&f, "k:not_there"), "kprobe:not_there");
	teardown(&f);
}

static void test_fentry(void **state)
{
	static const struct expand_case cases[] = {
		{ "fentry:vfs_read", "fentry:vmlinux:vfs_read" },
		{ "f:vmlinux:vfs_read", "fentry:vmlinux:vfs_read" },
		{ "kretfunc:vfs_*", "fexit:vmlinux:vfs_read" },
		{ "fentry:nfs:twin", "fentry:nfs:twin" },
		{ "fentry:n*:t*", "fentry:nfs:twin" },
		{ "fentry:twin", "ambiguous attach point: several modules have a function twin: "
		  "ext4, nfs; name one, as in fentry:ext4:twin" },
		{ "fentry:zz_shared", "ambiguous attach point: several modules have a function "
		  "zz_shared: vmlinux, ext4, nfs; name one, as in fentry:vmlinux:zz_shared" },
		{ "fentry:vmlinux:zz_shared", "fentry:vmlinux:zz_shared" },
		{ "fentry:nfs:zz_shared", "fentry:nfs:zz_shared" },
		{ "fentry:nfs:vfs_read", "No matches for fentry nfs:vfs_read. | did you mean "
		  "fentry:vfs_read?" },
		{ "fentry:zz_varargs", "No matches for fentry zz_varargs. | zz_varargs cannot be traced by "
		  "fentry: it has a variable number of arguments; kprobe:zz_varargs can" },
		{ "fentry:zz_struct", "No matches for fentry zz_struct. | zz_struct cannot be "
		  "traced by fentry: it returns a struct by value; kprobe:zz_struct can" },
		{ "fentry:vfs_write", "No matches for fentry vfs_write. | vfs_write cannot be traced "
		  "by fentry: its arguments take more than the 12 words that this kernel passes "
		  "on; kprobe:vfs_write can" },
		{ "fentry:bpf:7:*", "fentry:bpf:7:entry fentry:bpf:7:twice" },
		{ "fexit:bpf:entry", "fexit:bpf:7:entry fexit:bpf:12:entry" },
		{ "fentry:bpf:nosuch*", "" },
		{ "fentry:bpf:nosuch", "No matches for fentry bpf:nosuch." },
		{ "fentry:a:b:c", "Only the 'bpf' variant of this probe supports 4 arguments" },
		{ "fentry:", "fentry/fexit should specify a function" },
	};
	struct image_prog prog = { 0 };
	struct fixture f;
	uint32_t offset;

	(void)state;
	setup(&f);
	CHECK_CASES(&f, cases);
	expand(&f, "fexit:vfs_read");
	assert_int_equal(provider_args(&f.c, f.sites.at[0], (struct loc){ 0 })->nr_fields, 2);
	assert_int_equal(f.sites.at[0]->provider->retval(&f.c, f.sites.at[0], &offset)->size_bytes, 8);
	assert_int_equal(offset, 16);
	expand(&f, "fentry:nfs:twin");
	f.sites.at[0]->provider->plan(&f.c, f.sites.at, 1, &prog);
	assert_string_equal(prog.attach_module, "nfs");
	assert_int_equal(prog.attach_btf_id, f.sites.at[0]->btf_id);
	teardown(&f);
}

static void test_kprobe_args(void **state)
{
	struct image_prog prog = { 0 };
	const struct provider *p;
	const struct type *t;
	const char *name;
	struct fixture f;
	int nr_params;

	(void)state;
	setup(&f);
	expand(&f, "k:vfs_read");
	p = f.sites.at[0]->provider;
	t = p->arg_type(&f.c, f.sites.at[0], 0, &nr_params, &name);
	assert_int_equal(nr_params, 2);
	assert_string_equal(name, "file");
	assert_int_equal(t->kind, TYPE_STRUCT);
	assert_string_equal(t->structure->name, "file");
	assert_null(p->arg_type(&f.c, f.sites.at[0], 1, &nr_params, &name));
	assert_string_equal(name, "count");
	assert_null(p->arg_type(&f.c, f.sites.at[0], 2, &nr_params, &name));
	assert_null(name);
	expand(&f, "k:tcp_sendmsg");
	assert_null(p->arg_type(&f.c, f.sites.at[0], 0, &nr_params, &name));
	assert_int_equal(nr_params, -1);
	expand(&f, "k:vfs_*");
	p->plan(&f.c, f.sites.at, f.sites.n, &prog);
	assert_true(prog.use_multi);
	assert_int_equal(prog.expected_attach_type, BPF_TRACE_KPROBE_MULTI);
	p->plan(&f.c, f.sites.at, 1, &prog);
	assert_false(prog.use_multi);
	teardown(&f);
}

static void test_uprobes(void **state)
{
	static const struct expand_case cases[] = {
		{ "uprobe:/usr/bin/app:main", "uprobe:/usr/bin/app:main" },
		{ "u:app:mall*", "uprobe:/usr/bin/app:malloc uprobe:/usr/bin/app:malloc_usable_size" },
		{ "ur:app:main", "uretprobe:/usr/bin/app:main" },
		{ "u:/*/app:main", "uprobe:/usr/bin/app:main uprobe:/bin/app:main" },
		{ "u:/*/app:nosuch", "" },
		{ "u:app:0x1100", "uprobe:/usr/bin/app:4352" },
		{ "u:twice:main", "attaching to uprobe target file '/usr/bin/app' but matched 2 "
		  "binaries" },
		{ "u:missing:main", "uprobe target file 'missing' does not exist or is not "
		  "executable" },
		{ "u:app:maloc", "No matches for uprobe /usr/bin/app:maloc. | did you mean malloc?" },
		{ "u:app:main+0x40", "Offset outside the function bounds ('main' size is 64)" },
		{ "u:app:main+5", "uprobe:/usr/bin/app:main+5" },
		{ "u:app:main+1", "Could not add uprobe into middle of instruction: "
		  "/usr/bin/app:main+1 | use --unsafe to attach anyway; a probe within an "
		  "instruction damages the program" },
		{ "u:app:malloc+1", "cannot tell whether an instruction begins at malloc+1 | use "
		  "--unsafe to attach anyway; a probe within an instruction damages the program" },
		{ "u:app:0x1105", "uprobe:/usr/bin/app:4357" },
		{ "u:app:0x1106", "uprobe:/usr/bin/app:4358" },
		{ "u:app:0x1107", "uprobe:/usr/bin/app:4359" },
		{ "u:app:0x1108", "Could not add uprobe into middle of instruction: "
		  "/usr/bin/app:main+8 | use --unsafe to attach anyway; a probe within an "
		  "instruction damages the program" },
		{ "u:app:0x1700", "Could not determine instruction boundary for 0x1700 (no function "
		  "of /usr/bin/app is known there). | use --unsafe to attach anyway; a probe within "
		  "an instruction damages the program" },
		{ "u:app:0x10", "address 0x10 is nowhere in /usr/bin/app" },
		{ "u:app:chosen", "chosen is an indirect function: the probe runs when a program "
		  "chooses the one to call, not at each call | probe the one that is chosen: "
		  "sonde -l 'uprobe:/usr/bin/app:*chosen*'" },
		{ "u:app:data*", "" },
		{ "u:app:data_like", "Could not determine boundary for data_like (it may be no "
		  "function). | use --unsafe to attach anyway; a probe within an instruction "
		  "damages the program" },
		{ "ur:app:main+1", "Offset not allowed" },
		{ "u:app", "uprobe probe type requires 2 or 3 arguments, found 1" },
		{ "u:app@a.c:3", "No DWARF debug info found for '/usr/bin/app', cannot attach by source "
		  "code location." },
		{ "u:app@a.c", "Invalid uprobe arguments, expected format: "
		  "uprobe:TARGET@FILE:LINE[:COL]" },
		{ "u:app@a.c:0", "Invalid line number: they count from 1" },
		{ "u:app@a.c:1:x", "Invalid column number: invalid integer: x" },
		{ "u:a*@a.c:1", "Cannot use wildcards with source code location" },
		{ "ur:app@a.c:1", "Source code location not allowed" },
		{ "u:app:cpp:\"ns::Class::get\"", "uprobe:/usr/bin/app:cpp:_ZN2ns5Class3getEi "
		  "uprobe:/usr/bin/app:cpp:_ZN2ns5Class3getEv" },
		{ "u:app:cpp:ns::Class::get", "uprobe:/usr/bin/app:cpp:_ZN2ns5Class3getEi "
		  "uprobe:/usr/bin/app:cpp:_ZN2ns5Class3getEv" },
		{ "u:app:cpp:\"ns::Class::get(int)\"", "uprobe:/usr/bin/app:cpp:_ZN2ns5Class3getEi" },
		{ "u:app:cpp:\"ns::*::Class\"", "uprobe:/usr/bin/app:cpp:_ZN2ns5ClassC1Ei" },
		{ "u:app:cpp:\"ns::Class::gte\"", "No matches for uprobe /usr/bin/app:ns::Class::gte."
		  " | did you mean ns::Class::get?" },
		{ "u:app:cpp:main", "uprobe:/usr/bin/app:cpp:main" },
		{ "u:app:rust:f", "unsupported language type: rust; there is cpp" },
	};
	struct fixture f;

	(void)state;
	setup(&f);
	CHECK_CASES(&f, cases);
	expand(&f, "u:app:malloc");
	assert_int_equal(f.sites.at[0]->image.offset, 0x200);
	assert_string_equal(f.sites.at[0]->image.path, "/usr/bin/app");
	f.c.pid = 1;
	assert_string_equal(names_of(&f, "u:main"), "uprobe:/usr/bin/app:main");
	assert_string_equal(names_of(&f, "u:cpp:ns::Class::Class"),
			    "uprobe:/usr/bin/app:cpp:_ZN2ns5ClassC1Ei");
	f.c.unsafe_mode = true;
	expand(&f, "u:app:main+1");
	assert_int_equal(f.sites.at[0]->image.offset, 0x101);
	expand(&f, "u:app:0x10");
	assert_int_equal(f.sites.at[0]->image.offset, 0x10);
	teardown(&f);
}

/* Returns of Go functions are probed where they are, arguments are elsewhere. */
static void test_go(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	assert_string_equal(names_of(&f, "ur:/*/app:main.add"), "uretprobe:/usr/bin/app:main.add "
			    "uretprobe:/bin/app:main.add uretprobe:/bin/app:main.add");
	assert_false(f.sites.at[0]->at_return);
	assert_true(f.sites.at[1]->at_return);
	assert_int_equal(f.sites.at[0]->image.offset, 0x400);
	assert_int_equal(f.sites.at[1]->image.offset, 0x405);
	assert_int_equal(f.sites.at[2]->image.offset, 0x407);
	expand(&f, "u:/*/app:main.add");
	assert_null(f.sites.at[0]->places);
	assert_non_null(f.sites.at[1]->places);
	assert_string_equal(names_of(&f, "ur:/*/app:main"),
			    "uretprobe:/usr/bin/app:main uretprobe:/bin/app:main");
	teardown(&f);
}

static void test_usdt(void **state)
{
	static const struct expand_case cases[] = {
		{ "usdt:app:db:done", "usdt:/usr/bin/app:db:done" },
		{ "U:app::done", "usdt:/usr/bin/app:db:done usdt:/usr/bin/app:web:done" },
		{ "usdt:app:query", "usdt:/usr/bin/app:db:query usdt:/usr/bin/app:db:query" },
		{ "usdt:app:d*:*e", "usdt:/usr/bin/app:db:done" },
		{ "usdt:app:qeury", "No matches for usdt /usr/bin/app:qeury. | did you mean query?" },
		{ "usdt:app:bd:query",
		  "No matches for usdt /usr/bin/app:bd:query. | did you mean db:query?" },
		{ "usdt:app:nothing*", "" },
		{ "usdt:missing:a",
		  "usdt target file 'missing' does not exist or is not executable" },
		{ "usdt:app", "usdt probe type requires 2 or 3 arguments, found 1" },
		{ "usdt:a:b:c:d", "usdt probe type requires 2 or 3 arguments, found 4" },
		{ "usdt::a", "usdt probe must specify at least path or pid to probe. To target all "
		  "paths/pids set the path to '*'." },
		{ "usdt:app:", "usdt probe must have a name" },
		{ "usdt:app@f.c:1", "usdt probes have no source locations" },
	};
	struct fixture f;

	(void)state;
	setup(&f);
	CHECK_CASES(&f, cases);
	f.c.pid = 42;
	assert_string_equal(names_of(&f, "usdt:done"),
			    "usdt:/usr/bin/app:db:done usdt:/usr/bin/app:web:done");
	assert_string_equal(names_of(&f, "usdt::db:done"), "usdt:/usr/bin/app:db:done");
	assert_int_equal(f.sites.at[0]->image.semaphore, 0x30);
	assert_int_equal(f.sites.at[0]->image.offset, 0x10);
	teardown(&f);
}

/* Equal places are equal forms, whatever they are for. */
static void test_usdt_args(void **state)
{
	const struct provider *p = provider_find("usdt");
	struct fixture f;
	struct probe_site *s;
	int nr_params = 0;

	(void)state;
	setup(&f);
	expand(&f, "usdt:app:db:query");
	s = f.sites.at[0];
	assert_string_not_equal(p->arg_form(&f.c, s, 1), p->arg_form(&f.c, f.sites.at[1], 1));
	assert_string_equal(p->arg_form(&f.c, s, 0), p->arg_form(&f.c, f.sites.at[1], 0));
	assert_null(p->arg_problem(&f.c, s, 1));
	assert_null(p->arg_problem(&f.c, f.sites.at[1], 1));
	assert_null(p->arg_type(&f.c, s, 0, &nr_params, NULL));
	assert_int_equal(nr_params, 2);
	expand(&f, "usdt:app:web:done");
	s = f.sites.at[0];
	assert_string_equal(p->arg_problem(&f.c, s, 0), "arg0 of usdt:/usr/bin/app:web:done is a "
			    "floating point number (8f@%xmm0)");
	assert_string_equal(p->arg_problem(&f.c, s, 1), "arg1 of usdt:/usr/bin/app:web:done is at "
			    "the symbol nowhere, which the file does not have");
	assert_string_equal(p->arg_problem(&f.c, s, 2), "arg2 of usdt:/usr/bin/app:web:done is in a "
			    "place that cannot be read: 8@%k1");
	assert_null(p->arg_problem(&f.c, s, 3));
	teardown(&f);
}

static void test_provider_wildcard(void **state)
{
	static const struct expand_case cases[] = {
		{ "*:vfs_read", "fentry:vmlinux:vfs_read kprobe:vfs_read" },
		{ "*:*sched_switch*",
		  "rawtracepoint:vmlinux:sched_switch tracepoint:sched:sched_switch" },
		{ "*probe:vfs_write", "kprobe:vfs_write" },
		{ "*:/usr/bin/app:main", "uprobe:/usr/bin/app:main" },
		{ "*:nosuch", "" },
	};
	struct fixture f;

	(void)state;
	setup(&f);
	CHECK_CASES(&f, cases);
	teardown(&f);
}

static void collect(const char *name, void *arg)
{
	struct sbuf *out = arg;

	sbuf_printf(out, "%s\n", name);
}

static void expect_list(struct fixture *f, const char *pattern, const char *expected)
{
	struct sbuf out = { 0 };

	probes_list(&f->c, pattern, &(struct list_out){ .line = collect, .arg = &out });
	assert_string_equal(sbuf_text(&out), expected);
	sbuf_close(&out);
}

static void test_list(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	expect_list(&f, "kprobe:vfs*", "kprobe:vfs_read\nkprobe:vfs_write\n");
	expect_list(&f, "k:vmlinux:vfs_read", "kprobe:vmlinux:vfs_read\n");
	expect_list(&f, "fentry:vfs*", "fentry:vmlinux:vfs_read\n");
	expect_list(&f, "fexit:nfs:*", "fexit:nfs:twin\n");
	expect_list(&f, "fentry:bpf:*", "fentry:bpf:7:entry\nfentry:bpf:7:twice\n"
		    "fentry:bpf:12:entry\n");
	expect_list(&f, "tracepoint:syscalls:sys_exit*", "tracepoint:syscalls:sys_exit_openat\n");
	expect_list(&f, "*sched_switch*",
		    "rawtracepoint:vmlinux:sched_switch\ntracepoint:sched:sched_switch\n");
	expect_list(&f, "software:c*", "software:context-switches:\nsoftware:cpu-clock:\n"
		    "software:cpu-migrations:\nsoftware:cpu:\nsoftware:cs:\n");
	expect_list(&f, "interval", "interval:hz:\ninterval:ms:\ninterval:s:\ninterval:us:\n");
	expect_list(&f, "kretprobe:do_exit,kprobe:do_exit", "kretprobe:do_exit\nkprobe:do_exit\n");
	expect_list(&f, "uprobe:app:main", "uprobe:/usr/bin/app:main\n");
	expect_list(&f, "usdt:app:*", "usdt:/usr/bin/app:db:done\nusdt:/usr/bin/app:db:query\n"
		    "usdt:/usr/bin/app:web:done\n");
	expect_list(&f, "usdt:app:web:*", "usdt:/usr/bin/app:web:done\n");
	expect_list(&f, "*:nosuch", "");
	expect_list(&f, "self", "self:signal:SIGUSR1\n");
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wildcard), cmocka_unit_test(test_table),
		cmocka_unit_test(test_unknown), cmocka_unit_test(test_special),
		cmocka_unit_test(test_timers), cmocka_unit_test(test_perf_events),
		cmocka_unit_test(test_tracepoints), cmocka_unit_test(test_tracepoint_args),
		cmocka_unit_test(test_raw_syscalls), cmocka_unit_test(test_syscall_numbers),
		cmocka_unit_test(test_raw_tracepoints), cmocka_unit_test(test_kprobes),
		cmocka_unit_test(test_fentry),
		cmocka_unit_test(test_kprobe_args), cmocka_unit_test(test_uprobes),
		cmocka_unit_test(test_go), cmocka_unit_test(test_usdt),
		cmocka_unit_test(test_usdt_args),
		cmocka_unit_test(test_provider_wildcard), cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests_name("probes", tests, NULL, NULL);
}
