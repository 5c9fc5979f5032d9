/*
 * Tests of src/lower: the string library and the texts of numbers, on a kernel
 * that has no functions for them.
 */
#include "tests/unit/lower_help.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* `@` is this number after the script. */
static void expect_number(const char *script, int64_t value)
{
	struct lower_help h;
	int64_t is;

	lower_help_script(&h, script);
	is = lower_help_scalar(&h, "");
	if (is != value)
		fail_msg("%s: %lld, not %lld", script, (long long)is, (long long)value);
	lower_help_close(&h);
}

/* The value that the script prints is this string. */
static void expect_text(const char *script, const char *text)
{
	struct lower_help h;
	const char *is;
	uint32_t len;

	lower_help_script(&h, script);
	is = lower_help_field(&h, 0, 0, &len);
	if (strnlen(is, len) != strlen(text) || memcmp(is, text, strlen(text)))
		fail_msg("%s: '%.*s', not '%s'", script, (int)len, is, text);
	lower_help_close(&h);
}

static void test_search(void **state)
{
	(void)state;
	expect_number("begin { @ = strstr(\"hello world\", \"wor\"); }", 6);
	expect_number("begin { @ = strstr(\"aaaaaaaaab\", \"aab\"); }", 7);
	expect_number("begin { @ = strstr(\"aaaaaaaaab\", \"aac\"); }", -1);
	expect_number("begin { @ = strstr(\"abc\", \"abc\"); }", 0);
	expect_number("begin { @ = strstr(\"abc\", \"abcd\"); }", -1);
	expect_number("begin { @ = strstr(\"abc\", \"c\"); }", 2);
	expect_number("begin { @ = strstr(\"abc\", \"\"); }", 0);
	expect_number("begin { @ = strstr(\"\", \"\"); }", 0);
	expect_number("begin { @ = strstr(str(uptr(0)), \"a\"); }", -1);
	expect_number("begin { @ = strcontains(\"mississippi\", \"issip\"); }", 1);
	expect_number("begin { @ = strcontains(\"mississippi\", \"issib\"); }", 0);
	expect_number("begin { $i = 0; $n = 0; while ($i < 3) { $i++; "
		      "if (strcontains(\"abc\", \"b\")) { $n += 2; } } @ = $n; }", 6);
}

static void test_concat(void **state)
{
	(void)state;
	expect_text("begin { print(str_concat(\"ab\", \"cd\")); }", "abcd");
	expect_text("begin { print(str_concat(\"\", \"cd\")); }", "cd");
	expect_text("begin { print(str_concat(\"ab\", str(uptr(0)))); }", "ab");
	expect_text("begin { print(str_concat(str(uptr(0)), \"x\")); }", "x");
	expect_text("begin { print(str_concat(str_concat(\"a\", \"-\"), \"b\")); }", "a-b");
}

/* Both strings fill their room: the end is cut. */
static void test_concat_cut(void **state)
{
	struct lower_help h;
	char text[1024];
	const char *is;
	uint32_t len;

	(void)state;
	memset(text, 'x', sizeof(text));
	lower_help_open(&h);
	lower_help_compile(&h, "begin { print(str_concat(str(uptr(0x7f0000001000)), "
			       "str(uptr(0x7f0000001000)))); }");
	vm_add_memory(h.vm, USER_ADDRESS, text, sizeof(text), true);
	lower_help_fire(&h, 0);
	is = lower_help_field(&h, 0, 0, &len);
	assert_int_equal(len, 1024);
	assert_int_equal(strnlen(is, 1024), 1023);
	lower_help_close(&h);
}

static void test_memcmp(void **state)
{
	(void)state;
	expect_number("begin { @ = memcmp(\"ab\", \"ac\", 2); }", -1);
	expect_number("begin { @ = memcmp(\"ac\", \"ab\", 1); }", 0);
	expect_number("begin { @ = memcmp(\"\\xff\", \"a\", 1); }", -98);
	expect_number("begin { @ = memcmp((1, 2), (1, 3), 2); }", -1);
	expect_number("begin { $n = pid > 0 ? 5 : 1; @ = memcmp(\"hello\", \"hellp\", $n); }", -1);
	expect_number("begin { $n = pid > 0 ? 4 : 1; @ = memcmp(\"hello\", \"hellp\", $n); }", 0);
	expect_number("begin { $n = pid > 0 ? 400 : 1; @ = memcmp(\"hello\", \"hello\", $n); }", 0);
	expect_number("begin { @ = memcmp(strerror(5), strerror(5), 64); }", 0);
	expect_number("begin { @ = memcmp(strerror(2), strerror(3), 100); }", 'f' - 'p');
}

static void test_capacity(void **state)
{
	(void)state;
	expect_number("begin { @ = strcap(\"abc\") * 100 + strcap(comm); }", 416);
	expect_number("begin { @ = default_str_length; }", 1024);
	expect_number("config = { max_strlen = 64 } begin { @ = default_str_length(); }", 64);
}

static void test_texts_of_numbers(void **state)
{
	(void)state;
	expect_text("begin { print(strerror(2)); }", "No such file or directory");
	expect_text("begin { print(strerror(-2)); }", "No such file or directory");
	expect_text("begin { print(strerror(0)); }", "Success");
	expect_text("begin { print(strerror(11)); }", "Try again (operation would block)");
	expect_text("begin { print(strerror(41)); }", "Unknown error");
	expect_text("begin { print(strerror(133)); }", "Memory page has hardware error");
	expect_text("begin { print(strerror(134)); }", "Unknown error");
	expect_text("begin { print(strerror(-4096)); }", "Unknown error");
	expect_text("begin { print(strerror(0xfffffffffffffffe)); }", "No such file or directory");
	expect_text("begin { print(signal_name(9)); }", "Killed");
	expect_text("begin { print(signal_name(64)); }", "Real-time signal 30");
	expect_text("begin { print(signal_name(65)); }", "N/A");
	expect_text("begin { print(signal_name(-1)); }", "N/A");
	/* no names for the big-endian machine: its numbers stay numbers */
	expect_text("begin { print(syscall_name(0)); }", NO_SYSCALLS ? "Unknown syscall" : "read");
	expect_text("begin { print(syscall_name(4)); }", NO_SYSCALLS ? "Unknown syscall" : "stat");
	expect_text("begin { print(syscall_name(340)); }", "Unknown syscall");
	expect_text("begin { print(syscall_name(-1)); }", "Unknown syscall");
}

static void test_addresses(void **state)
{
	struct lower_help h;
	uint32_t len;
	static const uint8_t v6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };

	(void)state;
	lower_help_script(&h, "begin { print(pton(\"2001:db8::1\")); print(pton(\"10.0.0.7\")); }");
	assert_memory_equal(lower_help_field(&h, 0, 0, &len), v6, 16);
	assert_memory_equal(lower_help_field(&h, 1, 0, &len), "\x0a\0\0\x07", 4);
	lower_help_close(&h);
	expect_number("begin { @ = pton(\"1.2.3.4\")[2]; }", 3);
	expect_number("begin { @ = is_err((void *)0xfffffffffffffff0) * 10 + is_err(curtask); }",
		      10);
	expect_number("begin { @ = is_err(-4095) * 10 + is_err(-4096); }", 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search), cmocka_unit_test(test_concat),
		cmocka_unit_test(test_concat_cut), cmocka_unit_test(test_memcmp),
		cmocka_unit_test(test_capacity), cmocka_unit_test(test_texts_of_numbers),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
