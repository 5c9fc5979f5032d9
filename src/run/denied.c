/*
 * See denied.h.
 */
#include "run/denied.h"
#include "kernel/attempts.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SYS_ADMIN = 21, PERFMON = 38, BPF = 39 };	/* bits of CapEff */

/* The number behind a name of /proc/self/status; `none` if it is not there. */
static uint64_t number_in(const char *status, const char *name, int base, uint64_t none)
{
	const char *at = strstr(status, name);

	return at ? strtoull(at + strlen(name), NULL, base) : none;
}

static bool may_trace(const struct denied_facts *f)
{
	uint64_t caps = number_in(f->status, "CapEff:", 16, UINT64_MAX);

	return caps >> SYS_ADMIN & 1 || (caps >> PERFMON & 1 && caps >> BPF & 1);
}

static bool is_user(const struct denied_facts *f)
{
	return !f->is_root && !may_trace(f);
}

/* Another user namespace has not all users. */
static bool is_namespace_root(const struct denied_facts *f)
{
	unsigned long inside, outside, count;

	return sscanf(f->uid_map, "%lu %lu %lu", &inside, &outside, &count) == 3 &&
	       (outside || count < UINT32_MAX);
}

static bool has_no_capability(const struct denied_facts *f)
{
	return !may_trace(f);
}

/* Some things CAP_BPF and CAP_PERFMON are not enough for. */
static bool is_no_admin(const struct denied_facts *f)
{
	return !(number_in(f->status, "CapEff:", 16, UINT64_MAX) >> SYS_ADMIN & 1);
}

static bool is_confidential(const struct denied_facts *f)
{
	return !strcmp(f->lockdown, "confidentiality");
}

static bool is_integral(const struct denied_facts *f)
{
	return !strcmp(f->lockdown, "integrity");
}

static bool is_filtered(const struct denied_facts *f)
{
	return number_in(f->status, "Seccomp:", 10, 0) == 2;
}

/* Without securityfs there is no telling. */
static bool is_not_told(const struct denied_facts *f)
{
	return !*f->lockdown;
}

static const struct {
	bool (*is)(const struct denied_facts *f);
	const char *text;
} causes[] = {
	{ is_user, "not permitted: tracing needs root, or CAP_BPF and CAP_PERFMON" },
	{ is_namespace_root, "not permitted: root of a user namespace is not root of the "
	  "machine; run it outside of the namespace" },
	{ has_no_capability, "not permitted: root has neither CAP_SYS_ADMIN nor CAP_BPF and "
	  "CAP_PERFMON here, as in a container; start that with them (--privileged, or "
	  "--cap-add of both)" },
	{ is_confidential, "not permitted: the kernel is locked down (confidentiality), which "
	  "forbids tracing to everybody; boot without lockdown=, or without Secure Boot" },
	{ is_no_admin, "not permitted: some of it wants CAP_SYS_ADMIN beside CAP_BPF and "
	  "CAP_PERFMON; root has it" },
	{ is_filtered, "not permitted: a seccomp filter is in force, as in a container; its "
	  "profile must allow bpf(2) and perf_event_open(2) (--security-opt seccomp=...)" },
	{ is_integral, "not permitted: the kernel is locked down (integrity), which may forbid "
	  "this to everybody; boot without lockdown=, or without Secure Boot" },
	{ is_not_told, "not permitted, though this is root: perhaps by lockdown of the kernel, "
	  "which shows with mount -t securityfs none /sys/kernel/security" },
};

const char *denied_why(const struct denied_facts *facts)
{
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i].is(facts))
			return causes[i].text;
	return "not permitted, though this is root without lockdown: a security module, such as "
	       "SELinux, may forbid it; its log would say so";
}

/* "" if it cannot be read. */
static void read_text(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "re");

	text[f ? fread(text, 1, size - 1, f) : 0] = '\0';
	if (f)
		fclose(f);
}

const char *denied_reason(void)
{
	char status[4096], uid_map[64], lockdown[32];
	const struct denied_facts facts = {
		.is_root = !geteuid(), .status = status, .uid_map = uid_map, .lockdown = lockdown,
	};

	read_text("/proc/self/status", status, sizeof(status));
	read_text("/proc/self/uid_map", uid_map, sizeof(uid_map));
	kernel_lockdown(lockdown, sizeof(lockdown));
	return denied_why(&facts);
}
