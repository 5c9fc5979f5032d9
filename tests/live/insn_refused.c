/*
 * Does the kernel refuse a probe at each instruction of which src/probes/insn.c says so?
 *
 *	insn_refused FILE
 *
 * Writes all opcodes of one byte to the file, one also behind prefixes, maps it, and asks
 * for a uprobe at those. Prints what the kernel accepts; last "ok N", or "FAILED" and status 1.
 */
#include "probes/insn.h"
#include "target/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOT_BYTES 16
#define MOV 0x89
#define NOT_SUPPORTED 524

static const uint8_t prefixes[] = { 0x00, 0x66, 0x26, 0x2e, 0x36, 0x3e, 0xf0 };
static uint8_t code[sizeof(prefixes) * 256][SLOT_BYTES];

static uint32_t probe_type(void)
{
	FILE *f = fopen("/sys/bus/event_source/devices/uprobe/type", "r");
	unsigned type = 0;

	if (f && fscanf(f, "%u", &type) != 1)
		type = 0;
	if (f)
		fclose(f);
	return type;
}

/* 0 or the errno. Each takes the kernel some 80 ms. */
static int ask(uint32_t type, const char *path, uint64_t offset)
{
	struct perf_event_attr attr = { .size = sizeof(attr), .type = type };
	int fd;

	attr.config1 = (uintptr_t)path;
	attr.config2 = offset;
	fd = (int)syscall(SYS_perf_event_open, &attr, getpid(), -1, -1, 0);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int write_code(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	for (size_t i = 0; i < sizeof(prefixes) * 256; i++) {
		uint8_t *slot = code[i];

		if (prefixes[i / 256])
			*slot++ = prefixes[i / 256];
		*slot = (uint8_t)i;
	}
	if (fd < 0 || write(fd, code, sizeof(code)) != (ssize_t)sizeof(code) ||
	    mmap(NULL, sizeof(code), PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	const struct insn_set *set = insn_set_find(target_arch_find("x86_64"));
	uint32_t type = probe_type();
	int nr = 0, bad = 0;

	if (argc < 2 || write_code(argv[1]) < 0 || !type) {
		puts("FAILED to begin");
		return 1;
	}
	for (size_t i = 0; i < sizeof(prefixes) * 256; i++) {
		int err;

		/* Behind a prefix one opcode will do. */
		if (!set->is_refused(code[i], SLOT_BYTES) || (i >= 256 && i % 256 != MOV))
			continue;
		err = ask(type, argv[1], i * SLOT_BYTES);
		nr++;
		/* ENOEXEC: the zeros behind it make it no instruction at all. */
		if (err == NOT_SUPPORTED || err == ENOEXEC)
			continue;
		bad++;
		printf("%02x %02x: %d\n", code[i][0], code[i][1], err);
	}
	printf(bad ? "FAILED %d\n" : "ok %d\n", bad ? bad : nr);
	return bad != 0;
}
