/*
 * Scripts in old forms of the language: each is the same program as the script
 * that says it in today's form, and nothing is told but what the row says.
 */
#include "sonde.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
	const char *old;
	const char *now;	/* NULL: only what is told is looked at */
	const char *told;
};

static void on_message(void *arg, const struct sonde_message *m)
{
	fputs(m->rendered, arg);
}

/* The checked programs and what is told, by the whole compiler. */
static char *run(const char *script)
{
	struct sonde_options options = {
		.size = sizeof(options),
		.warnings_level = 1,
		.compile_only = true,
		.target_file = "tests/errors/target.json",
	};
	struct sonde *s = sonde_open(&options);
	char *text, *told, *all;
	size_t len;
	FILE *dump = open_memstream(&text, &len), *messages = open_memstream(&told, &len);

	assert_non_null(s);
	assert_return_code(sonde_dump(s, "types", dump), 0);
	sonde_on_message(s, on_message, messages);
	sonde_compile(s, "t", script, strlen(script));
	sonde_close(s);
	fclose(dump);
	fclose(messages);
	assert_true(asprintf(&all, "%s%s", text, told) > 0);
	free(text);
	free(told);
	return all;
}

/* Without the lines that repeat the script and mark the place. */
static void drop_source_lines(char *text, const char *script)
{
	const char *last = strrchr(script, '\n');
	char *to = text;

	last = last ? last + 1 : script;
	for (char *line = text; *line;) {
		size_t len = strcspn(line, "\n") + 1;
		bool marks = line[strspn(line, " ~")] == '\n';

		if (!marks && strncmp(line, last, strlen(last))) {
			memmove(to, line, len);
			to += len;
		}
		line += len;
	}
	*to = '\0';
}

static void try(const struct row *r)
{
	char *old = run(r->old), *now = r->now ? run(r->now) : strdup(""), *want;

	drop_source_lines(old, r->old);
	if (strstr(now, "ERROR") || strstr(now, "WARNING"))
		fail_msg("%s\n%s", r->now, now);
	assert_true(asprintf(&want, "%s%s", now, r->told ? r->told : "") >= 0);
	if (r->now ? strcmp(old, want) : !strstr(old, want))
		fail_msg("%s\n--- expected\n%s--- got\n%s", r->old, want, old);
	free(old);
	free(now);
	free(want);
}

static void try_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		try(&rows[i]);
}

#define TRY(rows) try_rows(rows, sizeof(rows) / sizeof(*(rows)))

static void test_probes(void **state)
{
	static const struct row rows[] = {
		{ "BEGIN { @ = 1; } END { @ = 2; }", "begin { @ = 1; } end { @ = 2; }",
		  NULL },
		{ "Begin { @ = 1; } eNd { @ = 2; }", "begin { @ = 1; } end { @ = 2; }", NULL },
		{ "KPROBE:vfs_read { exit(); }", "kprobe:vfs_read { exit(); }", NULL },
		{ "begin/pid/{ exit(); }", "begin /pid/ { exit(); }", NULL },
		{ "asyncwatchpoint:0x10:8:w { }", NULL,
		  "ERROR: asyncwatchpoint was removed from the language; use watchpoint" },
	};

	(void)state;
	TRY(rows);
}

#define OPENAT "tracepoint:syscalls:sys_enter_openat "

static void test_accesses(void **state)
{
	static const struct row rows[] = {
		{ OPENAT "{ print(args->dfd); }", OPENAT "{ print(args.dfd); }", NULL },
		{ OPENAT "{ print((*args).dfd); }", OPENAT "{ print(args.dfd); }", NULL },
		{ "begin { print(curtask->pid); }", "begin { print(curtask.pid); }", NULL },
		{ "begin { print((uint64)curtask); print((uint64)pid); print((int32)tid); }",
		  "begin { print((uint64)curtask()); print((uint64)pid()); print((int32)tid()); }",
		  NULL },
	};

	(void)state;
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) {
		print_message("skipped: the saved types have the lowest byte first\n");
		skip();
	}
	TRY(rows);
}

static void test_statements(void **state)
{
	static const struct row rows[] = {
		{ "begin { ; @ = 1;; ; };; end { };", "begin { @ = 1; } end { }", NULL },
		{ "begin { if (1) { }; for ($i : 0..2) { }; { }; unroll(2) { }; }",
		  "begin { if (1) { } for ($i : 0..2) { } { } unroll(2) { } }", NULL },
		{ "begin { @m[1] = 1; delete(@m[1]); }", "begin { @m[1] = 1; delete(@m, 1); }", NULL },
		{ "begin { @a[1] = 1; @b[2, 3] = 1; delete(@a[1], @b[2, 3], @a[4]); }",
		  "begin { @a[1] = 1; @b[2, 3] = 1; { delete(@a, 1); delete(@b, (2, 3)); "
		  "delete(@a, 4); } }",
		  "t:1:34-64: WARNING: delete() of several elements is an old form\n"
		  "HINT: write a delete(@map, key) for each\n" },
		{ "begin { @a[1] = 1; delete(@a[1], 2); }", NULL,
		  "ERROR: delete() expects a map argument" },
		{ "begin { if (1) { $x = 1; } print($x); }", NULL,
		  "ERROR: Undefined or undeclared variable: $x\n"
		  "HINT: $x belongs to another block; declare it before that block: let $x;\n" },
		{ "begin { @ = 1; } struct s { int a; };", NULL,
		  "ERROR: syntax: C definitions must appear before probes and functions\n" },
	};

	(void)state;
	TRY(rows);
}

static void test_builtins(void **state)
{
	static const struct row rows[] = {
		{ "profile:hz:99 { @a[stack] = 1; @b[stack(3)] = 2; }",
		  "profile:hz:99 { @a[kstack] = 1; @b[kstack(3)] = 2; }", NULL },
		{ "begin { print(sym(1)); }", "begin { print(ksym(1)); }", NULL },
		{ "profile:hz:99 { @[kstack(perf), ustack(perf, 3)] = 1; }",
		  "profile:hz:99 { @[kstack(perf), ustack(perf, 3)] = 1; }", NULL },
		{ "kprobe:vfs_read { print(sarg0); print(sarg11); }",
		  NULL,
		  "t:1:25-30: WARNING: sarg0 is an old form\n"
		  "HINT: write *(uint64 *)(reg(\"sp\") + 8)\n"
		  "t:1:39-45: WARNING: sarg11 is an old form\n"
		  "HINT: write *(uint64 *)(reg(\"sp\") + 96)\n" },
		{ "kretprobe:vfs_read { print(sarg0); }", NULL,
		  "t:1:28-33: ERROR: 'sarg0' is no longer part of the language\n"
		  "HINT: read the stack: *(reg(\"sp\") + offset)\n" },
		{ "begin { print(cpu); print(uid); print(elapsed); print(nsecs); }",
		  "begin { print(cpu()); print(uid()); print(elapsed()); print(nsecs()); }", NULL },
		{ "begin { print(kaddr(\"jiffies\")); }", "begin { print(kaddr(\"jiffies\")); }", NULL },
	};

	(void)state;
	TRY(rows);
}

static void test_names_of_macros(void **state)
{
	static const struct row rows[] = {
		{ "macro stack() { 1 } begin { print(stack); }",
		  "macro m() { 1 } begin { print(m()); }", NULL },
		{ "macro sym(a) { a } begin { print(sym(2)); }",
		  "macro m(a) { a } begin { print(m(2)); }", NULL },
		{ "macro curtask() { 5 } begin { print(curtask); }",
		  "macro m() { 5 } begin { print(m); }", NULL },
		{ "macro m { 1 } begin { print(m); print(m()); }",
		  "macro m() { 1 } begin { print(m()); print(m); }", NULL },
		{ "macro p() { 8 } begin { $x = (p) - 1; print($x); }",
		  "macro p() { 8 } begin { $x = p() - 1; print($x); }", NULL },
		{ "#define P 8\nbegin { $x = (P) - 1; print($x); }",
		  "#define P 8\nbegin { $x = P - 1; print($x); }", NULL },
	};

	(void)state;
	TRY(rows);
}

static void test_types(void **state)
{
	static const struct row rows[] = {
		{ "begin { let $s : str_t[16] = \"abc\"; print($s); }",
		  "begin { let $s : string[16] = \"abc\"; print($s); }", NULL },
		{ "begin { let $s : str_t = \"abc\"; print($s); }",
		  "begin { let $s : string = \"abc\"; print($s); }", NULL },
		{ "begin { let $b : buf_t[8] = buf(\"abcd\", 4); print($b); }",
		  "begin { let $b : buffer[8] = buf(\"abcd\", 4); print($b); }", NULL },
		{ "begin { let $i : inet_t; $i = ntop(1); print($i); }",
		  "begin { let $i : inet; $i = ntop(1); print($i); }", NULL },
		{ "begin { let $t : timestamp_t; $t = strftime(\"%H\", nsecs); print($t); }",
		  "begin { let $t : timestamp; $t = strftime(\"%H\", nsecs); print($t); }", NULL },
		{ "begin { let $e : strerror_t; $e = strerror(1); print($e); }",
		  "begin { let $e : string; $e = strerror(1); print($e); }", NULL },
		{ "begin { print(sizeof(ucount_t)); }", "begin { print(sizeof(count_t)); }", NULL },
		{ "typedef int myint; begin { $x = (myint)1; print($x); }",
		  "begin { $x = (int32)1; print($x); }", NULL },
		{ "typedef struct { int a; } foo_t; begin { print(sizeof(foo_t)); }",
		  "begin { print(sizeof(int32)); }", NULL },
	};

	(void)state;
	TRY(rows);
}

static void test_numbers(void **state)
{
	static const struct row rows[] = {
		{ "begin { print(10U + 10UL + 10ULL + 10L + 10LL); }",
		  "begin { print(10u + 10ul + 10ull + 10l + 10ll); }", NULL },
		{ "begin { print(0b101 + 0xffu); }", "begin { print(5 + 255); }", NULL },
	};

	(void)state;
	TRY(rows);
}

/* Rules of the grammar that tell two readings apart. */
static void test_readings(void **state)
{
	static const struct row rows[] = {
		{ "begin { $x = (pid)*tid; print($x); }", "begin { $x = pid * tid; print($x); }", NULL },
		{ "begin { $x = 1; print($x - -1); }", "begin { $x = 1; print($x - (-1)); }", NULL },
		{ "begin { $x = (uint8) 1 + 2; print($x); }",
		  "begin { $x = ((uint8)1) + 2; print($x); }", NULL },
		{ "begin { for $i : (1+1)..5 { print($i); } }",
		  "begin { for ($i : (2)..5) { print($i); } }", NULL },
		{ "begin { $a = 1; if $a { } if !$a { } }", "begin { $a = 1; if ($a) { } if (!$a) { } }",
		  NULL },
		{ "begin { if (1) && (1) { } }", NULL,
		  "ERROR: syntax: expected '{'\nHINT: found '&&'\n"
		  "HINT: put the whole condition in parentheses\n" },
		{ "begin { $t = (1, 2); $t.0 = 3; }", NULL, "ERROR: syntax: invalid assignment target" },
		{ "begin { print((FOO) + 1); }", NULL, "ERROR: Unknown identifier: 'FOO'" },
	};

	(void)state;
	TRY(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_accesses),
		cmocka_unit_test(test_statements),
		cmocka_unit_test(test_builtins),
		cmocka_unit_test(test_names_of_macros),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_readings),
	};

	return cmocka_run_group_tests_name("old_forms", tests, NULL, NULL);
}
