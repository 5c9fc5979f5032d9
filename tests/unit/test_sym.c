/*
 * Tests of src/sym: the kernel's list from a file, user symbols of this very
 * program, and processes of a /proc of our own making.
 */
#include "sym/sym.h"
#include "sym/watch.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ADDRESS(f) ((uint64_t)(uintptr_t)(f))

/* Functions to be found; one has a name as a C++ compiler makes it. */
int sym_test_work(int n);
int sym_test_mangled(int n, const char *s) __asm__("_ZN2ns1S4workEiPKc");
int sym_test_data[4] = { 1, 2, 3, 4 };

__attribute__((noinline)) int sym_test_work(int n)
{
	__asm__ volatile("" : "+r"(n));
	return n * 3;
}

__attribute__((noinline)) int sym_test_mangled(int n, const char *s)
{
	__asm__ volatile("" : "+r"(n));
	return n + s[0];
}

/* ---- a scratch directory ---- */

static char root[64];

static char *at(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *at(const char *fmt, ...)
{
	static char path[4][4096];
	static int turn;
	char *p = path[turn++ % 4];
	va_list args;
	int n = snprintf(p, sizeof(path[0]), "%s/", root);

	va_start(args, fmt);
	vsnprintf(p + n, sizeof(path[0]) - (size_t)n, fmt, args);
	va_end(args);
	return p;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int make_root(void **state)
{
	(void)state;
	strcpy(root, "/tmp/sonde-sym.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static struct symbols *open_with(struct symbols_options o)
{
	struct symbols *s;

	assert_int_equal(sym_open(&s, &o), 0);
	return s;
}

/* ---- the kernel ---- */

static const char kallsyms[] =
	"0000000000000000 A fixed_percpu_data\n"
	"0000000000001000 A also_absolute\n"
	"ffffffff81000000 T _text\n"
	"ffffffff81000000 T startup_64\n"
	"ffffffff81000100 t __pi_helper\n"
	"ffffffff81000100 W weak_one\n"
	"ffffffff81000100 t helper\n"
	"ffffffff81000180 t plain\n"
	"ffffffff81000180 T __global\n"
	"ffffffff81000180 T global.cold\n"
	"ffffffff81000180 T __pfx_global\n"
	"ffffffff810001c0 T __ia32_sys_getppid\n"
	"ffffffff810001c0 T __x64_sys_getppid\n"
	"ffffffff81000200 T vfs_read\n"
	"ffffffffc0002000 t mod_late\t[ext4]\n"
	"ffffffffc0001000 t mod_early\t[ext4]\n"
	"ffffffffc0003000 t bpf_prog_6deef7357e7b4530_begin_1\t[bpf]\n"
	"garbage\n"
	"ffffffff81000300 T vfs_write";	/* no newline: incomplete */

static void expect_kernel(struct symbols *s, uint64_t address, const char *name, uint64_t offset,
			  const char *module)
{
	struct symbol symbol;

	assert_true(sym_kernel(s, address, &symbol));
	assert_string_equal(symbol.name, name);
	assert_int_equal(symbol.offset, offset);
	if (module)
		assert_string_equal(symbol.module, module);
	else
		assert_null(symbol.module);
}

static void test_kernel(void **state)
{
	struct symbols *s;
	struct symbol symbol;

	(void)state;
	put(at("kallsyms"), kallsyms);
	s = open_with((struct symbols_options){ .kallsyms = at("kallsyms") });
	expect_kernel(s, 0xffffffff81000000, "startup_64", 0, NULL);
	expect_kernel(s, 0xffffffff810000ff, "startup_64", 0xff, NULL);
	expect_kernel(s, 0xffffffff81000100, "weak_one", 0, NULL);
	expect_kernel(s, 0xffffffff81000184, "__global", 4, NULL);
	expect_kernel(s, 0xffffffff810001c2, "__x64_sys_getppid", 2, NULL);
	expect_kernel(s, 0xffffffff81000242, "vfs_read", 0x42, NULL);
	expect_kernel(s, 0xffffffffc0001010, "mod_early", 0x10, "ext4");
	expect_kernel(s, 0xffffffffc0002001, "mod_late", 1, "ext4");
	expect_kernel(s, 0xffffffffc0003007, "bpf_prog_6deef7357e7b4530_begin_1", 7, "bpf");
	assert_false(sym_kernel(s, 0xffffffff80ffffff, &symbol));
	assert_false(sym_kernel(s, 0, &symbol));
	assert_false(sym_kernel(s, UINT64_MAX, &symbol));
	sym_close(s);
}

static void test_hidden_kernel(void **state)
{
	struct symbols *s;
	struct symbol symbol;

	(void)state;
	put(at("hidden"), "0000000000000000 T _text\n0000000000000000 T vfs_read\n");
	s = open_with((struct symbols_options){ .kallsyms = at("hidden") });
	assert_false(sym_kernel(s, 0xffffffff81000000, &symbol));
	sym_close(s);
	s = open_with((struct symbols_options){ .kallsyms = at("missing") });
	assert_false(sym_kernel(s, 0xffffffff81000000, &symbol));
	sym_close(s);
	sym_close(NULL);
}

/* The same table whatever the order of the lines. */
static void test_large_kernel(void **state)
{
	struct symbols *s;
	FILE *f = fopen(at("large"), "w");

	(void)state;
	assert_non_null(f);
	for (uint64_t i = 50000; i-- > 0;)
		fprintf(f, "%016" PRIx64 " t a_function_with_a_number_%" PRIu64 "\n",
			0xffffffff81000000 + i * 64, i);
	fclose(f);
	s = open_with((struct symbols_options){ .kallsyms = at("large") });
	for (uint64_t i = 0; i < 50000; i += 777) {
		char name[64];

		snprintf(name, sizeof(name), "a_function_with_a_number_%" PRIu64, i);
		expect_kernel(s, 0xffffffff81000000 + i * 64 + 63, name, 63, NULL);
	}
	sym_close(s);
}

/* ---- this program ---- */

static void test_own_symbols(void **state)
{
	struct symbols *s = open_with((struct symbols_options){ 0 });
	char exe[4096] = "";
	struct symbol symbol;

	(void)state;
	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	assert_true(sym_user(s, getpid(), ADDRESS(sym_test_work), &symbol));
	assert_string_equal(symbol.name, "sym_test_work");
	assert_int_equal(symbol.offset, 0);
	assert_string_equal(symbol.module, exe);
	assert_true(sym_user(s, getpid(), ADDRESS(sym_test_work) + 2, &symbol));
	assert_string_equal(symbol.name, "sym_test_work");
	assert_int_equal(symbol.offset, 2);
	assert_true(sym_user(s, getpid(), ADDRESS(&sym_test_data[1]), &symbol));
	assert_string_equal(symbol.name, "sym_test_data");
	assert_int_equal(symbol.offset, 4);
	assert_true(sym_user(s, getpid(), ADDRESS(sym_test_mangled), &symbol));
	assert_string_equal(symbol.name, "ns::S::work(int, char const*)");
	assert_false(sym_user(s, getpid(), 16, &symbol));
	assert_null(symbol.module);
	sym_close(s);
	s = open_with((struct symbols_options){ .no_demangle = true });
	assert_true(sym_user(s, getpid(), ADDRESS(sym_test_mangled), &symbol));
	assert_string_equal(symbol.name, "_ZN2ns1S4workEiPKc");
	sym_close(s);
}

static void test_library_symbols(void **state)
{
	struct symbols *s = open_with((struct symbols_options){ 0 });
	struct symbol symbol;

	(void)state;
	assert_true(sym_user(s, getpid(), ADDRESS(dlsym(RTLD_NEXT, "a64l")) + 1, &symbol));
	assert_non_null(strstr(symbol.name, "a64l"));
	assert_int_equal(symbol.offset, 1);
	assert_non_null(strstr(symbol.module, "libc"));
	sym_close(s);
}

static void test_vdso(void **state)
{
	struct symbols *s = open_with((struct symbols_options){ 0 });
	uint64_t start = getauxval(AT_SYSINFO_EHDR);
	struct symbol symbol;
	bool found = false;

	(void)state;
	if (!start) {
		print_message("no vDSO here\n");
		skip();
	}
	for (uint64_t i = 0; i < 8192 && !found; i++)
		found = sym_user(s, getpid(), start + i, &symbol) &&
			strstr(symbol.name, "gettime") != NULL;
	assert_true(found);
	assert_string_equal(symbol.module, "[vdso]");
	sym_close(s);
}

static void test_deleted_file(void **state)
{
	struct symbols *s = open_with((struct symbols_options){ 0 });
	int fd = open(at("copy"), O_RDWR | O_CREAT, 0700), self = open("/proc/self/exe", O_RDONLY);
	Dl_info info;
	struct symbol symbol;
	struct stat st;
	uint64_t offset;
	char *p;

	(void)state;
	assert_int_equal(fstat(self, &st), 0);
	for (off_t done = 0; done < st.st_size;) {
		char buf[65536];
		ssize_t n = read(self, buf, sizeof(buf));

		assert_true(n > 0 && write(fd, buf, (size_t)n) == n);
		done += n;
	}
	/* The whole file in one mapping: offsets in memory are those in the file,
	 * which for code of this program are its addresses, too. */
	p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	assert_true(p != MAP_FAILED);
	assert_int_equal(unlink(at("copy")), 0);
	assert_true(dladdr((void *)(uintptr_t)sym_test_work, &info));
	offset = ADDRESS(sym_test_work) - ADDRESS(info.dli_fbase);
	if (access("/proc/self/map_files", R_OK) || geteuid() != 0)
		print_message("not root: a deleted file cannot be reached\n");
	else if (sym_user(s, getpid(), ADDRESS(p) + offset, &symbol))
		assert_string_equal(symbol.name, "sym_test_work");
	else
		assert_null(p);
	munmap(p, (size_t)st.st_size);
	close(fd);
	close(self);
	sym_close(s);
}

/* ---- processes of our own making ---- */

/* Pid 77 maps this program's code at `base`. */
static void make_process(int pid, uint64_t base, uint64_t start_time, uint64_t start_code)
{
	char exe[4096] = "", text[8192];
	FILE *maps = fopen("/proc/self/maps", "r"), *out;
	char line[8192];

	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	mkdir(at("proc"), 0700);
	mkdir(at("proc/%d", pid), 0700);
	(void)!symlink("/", at("proc/%d/root", pid));
	snprintf(text, sizeof(text), "%d (a) b ( 1) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 "
		 "%" PRIu64 " 20 21 22 %" PRIu64 " 24\n", pid, start_time, start_code);
	put(at("proc/%d/stat", pid), text);
	out = fopen(at("proc/%d/maps", pid), "w");
	while (fgets(line, sizeof(line), maps)) {
		uint64_t start, end, offset;
		char perms[5];

		if (!strstr(line, exe) || sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64, &start,
						 &end, perms, &offset) != 4 || !strchr(perms, 'x'))
			continue;
		fprintf(out, "%" PRIx64 "-%" PRIx64 " r-xp %08" PRIx64 " 08:01 1234    %s\n", base,
			base + end - start, offset, exe);
	}
	fprintf(out, "7f0000000000-7f0000001000 rwxp 00000000 00:00 0 \n");
	fclose(maps);
	fclose(out);
}

/* Where sym_test_work is when the code mapping begins at `base`. */
static uint64_t moved(uint64_t base)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uint64_t start, end, found = 0;
	char line[8192];

	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &start, &end) == 2 &&
		    start <= ADDRESS(sym_test_work) && ADDRESS(sym_test_work) < end)
			found = ADDRESS(sym_test_work) - start + base;
	fclose(maps);
	return found;
}

static void expect_work(struct symbols *s, int pid, uint64_t base)
{
	struct symbol symbol;

	assert_true(sym_user(s, pid, moved(base), &symbol));
	assert_string_equal(symbol.name, "sym_test_work");
}

static void test_process_that_ended(void **state)
{
	struct symbols *s;
	struct symbol symbol;

	(void)state;
	make_process(77, 0x10000000, 5, 6);
	s = open_with((struct symbols_options){ .proc = at("proc") });
	sym_note_pid(s, 77);
	assert_int_equal(rename(at("proc/77"), at("proc/gone")), 0);
	expect_work(s, 77, 0x10000000);
	assert_false(sym_user(s, 77, 0x20000000, &symbol));
	assert_false(sym_user(s, 78, moved(0x10000000), &symbol));
	sym_close(s);
}

static void test_exec(void **state)
{
	struct symbols *s;
	struct symbol symbol;

	(void)state;
	make_process(79, 0x10000000, 5, 6);
	s = open_with((struct symbols_options){ .proc = at("proc"), .check_ns = 1 });
	expect_work(s, 79, 0x10000000);
	make_process(79, 0x30000000, 5, 7);
	expect_work(s, 79, 0x30000000);
	assert_false(sym_user(s, 79, moved(0x10000000), &symbol));
	sym_close(s);
}

static void test_jit(void **state)
{
	struct symbols *s;
	struct symbol symbol;

	(void)state;
	make_process(80, 0x10000000, 5, 6);
	unlink(at("proc/80/root"));
	mkdir(at("proc/80/root"), 0700);
	mkdir(at("proc/80/root/tmp"), 0700);
	put(at("proc/80/status"), "Name:\tx\nNSpid:\t80\t3\n");
	put(at("proc/80/root/tmp/perf-3.map"), "7f0000000010 20 LazyCompile:~add app.js:3\nbad\n");
	s = open_with((struct symbols_options){ .proc = at("proc") });
	assert_true(sym_user(s, 80, 0x7f0000000018, &symbol));
	assert_string_equal(symbol.name, "LazyCompile:~add app.js:3");
	assert_int_equal(symbol.offset, 8);
	assert_null(symbol.module);
	assert_false(sym_user(s, 80, 0x7f0000000030, &symbol));
	put(at("proc/80/root/tmp/perf-3.map"), "7f0000000010 20 add\n7f0000000030 10 more\n"
	    "7f0000000050 10 last\n");
	assert_true(sym_user(s, 80, 0x7f0000000030, &symbol));
	assert_string_equal(symbol.name, "more");
	sym_close(s);
}

static void test_bounded_memory(void **state)
{
	struct symbols_options o = { .max_processes = 2, .max_table_bytes = 1 };
	struct symbols *s;
	struct symbol symbol;

	(void)state;
	for (int pid = 100; pid < 110; pid++)
		make_process(pid, 0x10000000 + (uint64_t)pid * 0x1000000, 5, 6);
	o.proc = at("proc");
	s = open_with(o);
	for (int round = 0; round < 3; round++) {
		for (int pid = 100; pid < 110; pid++)
			expect_work(s, pid, 0x10000000 + (uint64_t)pid * 0x1000000);
	}
	sym_close(s);
	o.proc = NULL;
	s = open_with(o);	/* two files by turns, room for no table */
	for (int round = 0; round < 3; round++) {
		assert_true(sym_user(s, getpid(), ADDRESS(sym_test_mangled), &symbol));
		assert_string_equal(symbol.name, "ns::S::work(int, char const*)");
		assert_true(sym_user(s, getpid(), ADDRESS(dlsym(RTLD_NEXT, "a64l")), &symbol));
	}
	sym_close(s);
}

/* ---- records of a watch ---- */

struct test_record {
	struct perf_event_header header;
	uint64_t body[40];
};

/* Apply a record with these words as its body, at a time. */
static void apply(struct process_cache *c, uint32_t type, uint16_t misc, int pid, uint64_t time_ns,
		  const uint64_t *words, size_t n)
{
	struct test_record r = { .header = { .type = type, .misc = misc } };
	struct process_cache other = { .max = 3, .check_ns = 1 };
	const uint64_t tail[2] = { (uint64_t)pid << 32 | (uint64_t)pid, time_ns };

	memcpy(r.body, words, n * 8);
	memcpy(r.body + n, tail, sizeof(tail));
	r.header.size = (uint16_t)(sizeof(r.header) + n * 8 + sizeof(tail));
	watch_apply(c, &r, r.header.size);
	for (size_t size = 0; size < r.header.size; size += 8)	/* cut short: no harm */
		watch_apply(&other, &r, size);
	process_cache_close(&other);
}

static void apply_exec(struct process_cache *c, int pid, uint64_t time_ns)
{
	const uint64_t words[2] = { (uint64_t)pid << 32 | (uint64_t)pid };

	apply(c, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC, pid, time_ns, words, 2);
}

static void apply_mmap(struct process_cache *c, int pid, uint64_t time_ns, uint64_t start,
		       uint64_t end, const char *name)
{
	uint64_t words[12] = { (uint64_t)pid << 32 | (uint64_t)pid, start, end - start, 0x1000, 0,
			       99 };

	strcpy((char *)&words[8], name);
	apply(c, PERF_RECORD_MMAP2, 0, pid, time_ns, words, 12);
}

static void apply_fork(struct process_cache *c, int pid, int parent, uint64_t time_ns)
{
	const struct { uint32_t pid, parent, tid, parent_tid; uint64_t time_ns; } fork = {
		(uint32_t)pid, (uint32_t)parent, (uint32_t)pid, (uint32_t)parent, time_ns,
	};
	uint64_t words[3];

	memcpy(words, &fork, sizeof(words));
	apply(c, PERF_RECORD_FORK, 0, parent, time_ns, words, 3);
}

static void expect_mapping(struct process_cache *c, int pid, uint64_t address, const char *path,
			   uint64_t offset)
{
	struct process *p = process_cache_find(c, pid);
	const struct mapping *m;

	assert_non_null(p);
	m = process_find(p, address);
	if (!path) {
		assert_null(m);
		return;
	}
	assert_non_null(m);
	assert_string_equal(process_path(p, m), path);
	assert_int_equal(address - m->start + m->offset, offset);
}

static void test_watch_records(void **state)
{
	struct process_cache c = { .max = 3, .check_ns = 1 };

	(void)state;
	c.places.proc = "/nonexistent";
	apply_mmap(&c, 5, 1, 0x1000, 0x9000, "/before");	/* unknown: left for /proc */
	assert_null(process_cache_find(&c, 5));
	apply_exec(&c, 5, 10);
	apply_mmap(&c, 5, 12, 0x10000, 0x20000, "/bin/a");
	apply_mmap(&c, 5, 14, 0x30000, 0x40000, "//anon");
	expect_mapping(&c, 5, 0x10010, "/bin/a", 0x1010);
	expect_mapping(&c, 5, 0x30010, "", 0x1010);
	expect_mapping(&c, 5, 0x20000, NULL, 0);
	/* another file in the middle of the first */
	apply_mmap(&c, 5, 16, 0x14000, 0x15000, "/lib/b");
	expect_mapping(&c, 5, 0x13fff, "/bin/a", 0x4fff);
	expect_mapping(&c, 5, 0x14000, "/lib/b", 0x1000);
	expect_mapping(&c, 5, 0x15000, "/bin/a", 0x6000);
	/* told late: what is newer stays */
	apply_mmap(&c, 5, 11, 0x14000, 0x18000, "/late");
	expect_mapping(&c, 5, 0x14000, "/lib/b", 0x1000);
	apply_fork(&c, 6, 5, 20);
	apply_exec(&c, 5, 30);
	expect_mapping(&c, 5, 0x10010, NULL, 0);
	expect_mapping(&c, 6, 0x10010, "/bin/a", 0x1010);
	/* an exec that is told after the mappings that it made */
	apply_mmap(&c, 6, 42, 0x50000, 0x60000, "/bin/c");
	apply_exec(&c, 6, 41);
	expect_mapping(&c, 6, 0x50000, "/bin/c", 0x1000);
	expect_mapping(&c, 6, 0x10010, NULL, 0);
	for (int pid = 10; pid < 20; pid++)
		apply_fork(&c, pid, 6, 50);
	assert_true(c.n <= 3);
	/* it has ended, and is known still */
	assert_non_null(process_cache_get(&c, 19));
	expect_mapping(&c, 19, 0x50000, "/bin/c", 0x1000);
	process_cache_close(&c);
	assert_int_equal(c.n, 0);
}

static void test_username(void **state)
{
	struct symbols *s = open_with((struct symbols_options){ 0 });

	(void)state;
	assert_string_equal(sym_username(s, 0), "root");
	assert_null(sym_username(s, 4000000000));
	sym_close(s);
}

/* Is a file of that name mapped into this process? */
static bool is_mapped(const char *name)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[4096];
	bool found = false;

	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, name) != NULL;
	fclose(f);
	return found;
}

/* A file so large that it is mapped, and becomes shorter. */
static void test_lines_of_a_shortened_file(void **state)
{
	uint64_t address = (uint64_t)(uintptr_t)test_lines_of_a_shortened_file;
	struct source_lines found;
	struct lines *l;
	char self[256] = "", command[600];
	int fd;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	print_message("skipped: under the address sanitizer: what libdw had in hand stays\n");
	skip();
#endif
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(command, sizeof(command), "cp '%s' '%s'", self, at("huge"));
	assert_int_equal(system(command), 0);
	fd = open(at("huge"), O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)300 * 1024 * 1024), 0);
	l = lines_open(fd);
	assert_non_null(l);
	assert_true(lines_find(l, address, &found));
	assert_non_null(strstr(found.file, "test_sym.c"));
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_false(lines_find(l, address, &found));
	assert_null(found.file);
	assert_false(lines_find(l, address + 1, &found));
	assert_true(is_mapped(at("huge")));
	lines_close(l);
	assert_false(is_mapped(at("huge")));
	l = lines_open(fd);
	assert_null(l);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_of_a_shortened_file),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_hidden_kernel),
		cmocka_unit_test(test_large_kernel),
		cmocka_unit_test(test_own_symbols),
		cmocka_unit_test(test_library_symbols),
		cmocka_unit_test(test_vdso),
		cmocka_unit_test(test_deleted_file),
		cmocka_unit_test(test_process_that_ended),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_jit),
		cmocka_unit_test(test_bounded_memory),
		cmocka_unit_test(test_watch_records),
		cmocka_unit_test(test_username),
	};

	return cmocka_run_group_tests_name("sym", tests, make_root, remove_root);
}
