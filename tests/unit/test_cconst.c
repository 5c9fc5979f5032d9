/*
 * The table of well-known constants against this machine's headers, as the
 * compiler reads them: what user space has must have the same value there.
 */
#include "tests/unit/cdefs_help.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/magic.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct expected {
	const char *name;
	uint64_t bits;
};

/* Each group of user space asks the headers for its names; `kernel` cannot. */
#define HEADERS(text, name) { text, (uint64_t)(name) },
#define ASK_errno HEADERS
#define ASK_socket HEADERS
#define ASK_in HEADERS
#define ASK_tcp HEADERS
#define ASK_ether HEADERS
#define ASK_netlink HEADERS
#define ASK_signal HEADERS
#define ASK_fcntl HEADERS
#define ASK_stat HEADERS
#define ASK_limits HEADERS
#define ASK_mount HEADERS
#define ASK_magic HEADERS
#define ASK_mman HEADERS
#define ASK_poll HEADERS
#define ASK_icmp HEADERS
#define ASK_sched HEADERS
#define ASK_resource HEADERS
#define ASK_wait HEADERS
#define ASK_prctl HEADERS
#define ASK_time HEADERS
#define ASK_kernel(text, name)

static const struct expected expected[] = {
#define C(group, name, value) ASK_##group(#name, name)
#define M(group, machine, name, value)
#include "types/constants.def"
#undef C
#undef M
};

static const char *machine(void)
{
#if defined(__aarch64__)
	return "__aarch64__";
#elif defined(__s390x__)
	return "__s390x__";
#else
	return "__x86_64__";
#endif
}

static struct cdefs *table_for(struct cdefs_help *h, const char *machine_macro)
{
	struct cdefs_env env = {
		.types = &h->types, .diags = &h->diags, .machine_macro = machine_macro,
		.page_size = 65536,
	};

	return cdefs_new(&env);
}

static void test_headers_agree(void **state)
{
	struct cdefs_help h;
	struct cdefs *c;
	uint64_t value;
	bool negative;

	(void)state;
	cdefs_help_open(&h, NULL, false);
	c = table_for(&h, machine());
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		assert_true(cdefs_constant(c, expected[i].name, &value, &negative));
		if (value != expected[i].bits)
			fail_msg("%s is %lld, not %lld", expected[i].name,
				 (long long)expected[i].bits, (long long)value);
	}
	cdefs_help_close(&h);
}

static void test_no_name_twice(void **state)
{
	static const char *const names[] = {
#define C(group, name, value) #name,
#define M(group, machine, name, value)
#include "types/constants.def"
#undef C
#undef M
	};
	size_t n = sizeof(names) / sizeof(*names);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++)
			if (!strcmp(names[i], names[j]))
				fail_msg("%s has two rows", names[i]);
}

static const struct {
	const char *machine, *name;
	int64_t value;
	bool negative;
} of_machines[] = {
	{ "__x86_64__", "O_DIRECTORY", 0200000, false },
	{ "__aarch64__", "O_DIRECTORY", 040000, false },
	{ "__x86_64__", "O_TMPFILE", 020200000, false },
	{ "__aarch64__", "O_TMPFILE", 020040000, false },
	{ "__x86_64__", "O_CREAT", 0100, false },
	{ "__aarch64__", "O_CREAT", 0100, false },
	{ "__x86_64__", "AT_FDCWD", -100, true },
	{ "__x86_64__", "ULONG_MAX", -1, false },
	{ "__x86_64__", "EPOLLET", 0x80000000ll, false },
	{ "__x86_64__", "LONG_MIN", INT64_MIN, true },
	{ "__x86_64__", "PAGE_SIZE", 65536, false },
	{ "__x86_64__", "PAGE_SHIFT", 16, false },
	{ "__x86_64__", "PAGE_MASK", -65536, false },
};

static void test_machines(void **state)
{
	struct cdefs_help h;
	uint64_t value;
	bool negative;

	(void)state;
	cdefs_help_open(&h, NULL, false);
	for (size_t i = 0; i < sizeof(of_machines) / sizeof(*of_machines); i++) {
		struct cdefs *c = table_for(&h, of_machines[i].machine);

		assert_true(cdefs_constant(c, of_machines[i].name, &value, &negative));
		assert_int_equal(value, of_machines[i].value);
		assert_int_equal(negative, of_machines[i].negative);
	}
	assert_false(cdefs_constant(h.c, "AF_INTE", &value, &negative));
	assert_false(cdefs_constant(h.c, "PAGE_SIZE", &value, &negative));
	cdefs_help_close(&h);
}

/* A well-known constant is what C constants are, in the C part, too. */
static void test_in_definitions(void **state)
{
	struct cdefs_help h;

	(void)state;
	cdefs_help_open(&h, NULL, true);
	assert_string_equal(cdefs_help_read(&h,
		"#include <linux/errno.h>\n"
		"struct name { char text[IFNAMSIZ + 1]; };\n"
		"enum { OWN = ETH_P_IPV6 };\n"
		"#define GONE (-ENOENT)\n"), "");
	assert_int_equal(cdefs_help_type(&h, "struct name")->size_bytes, 17);
	assert_int_equal(cdefs_help_value(&h, "GONE"), -2);
	cdefs_help_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers_agree),
		cmocka_unit_test(test_no_name_twice),
		cmocka_unit_test(test_machines),
		cmocka_unit_test(test_in_definitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
