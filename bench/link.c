/*
 * The least that attaching to many functions takes: load an empty program, make one link of all
 * places that standard input names, close the link.
 *	link < NAMES		functions of the kernel, by kprobe_multi
 *	link FILE < OFFSETS	places in a file, by uprobe_multi
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	MAX_PLACES = 100000,
	KPROBE_MULTI = 42,	/* expected_attach_type; headers may be older than the kernel */
	UPROBE_MULTI = 48,
};

/* What BPF_LINK_CREATE takes for both. */
struct link_create {
	uint32_t prog_fd, target_fd, attach_type, flags;
	union {
		struct {
			uint32_t flags, count;
			uint64_t syms, addrs, cookies;
		} kprobe;
		struct {
			uint64_t path, offsets, ref_ctr_offsets, cookies;
			uint32_t count, flags, pid, unused;
		} uprobe;
	};
};

static int load(uint32_t attach_type)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_KPROBE, .insns = (uint64_t)(uintptr_t)insns,
		.insn_cnt = 2, .license = (uint64_t)(uintptr_t)"GPL",
		.expected_attach_type = attach_type,
	};

	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int link_all(const char *file, uint64_t *places, uint32_t count)
{
	struct link_create attr = { .attach_type = file ? UPROBE_MULTI : KPROBE_MULTI };

	attr.prog_fd = (uint32_t)load(attr.attach_type);
	if (file) {
		attr.uprobe.path = (uint64_t)(uintptr_t)file;
		attr.uprobe.offsets = (uint64_t)(uintptr_t)places;
		attr.uprobe.count = count;
	} else {
		attr.kprobe.syms = (uint64_t)(uintptr_t)places;
		attr.kprobe.count = count;
	}
	return (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
}

int main(int argc, char **argv)
{
	static uint64_t places[MAX_PLACES];
	const char *file = argc > 1 ? argv[1] : NULL;
	uint32_t count = 0;
	char line[600];
	int fd;

	while (count < MAX_PLACES && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		places[count++] = file ? strtoull(line, NULL, 16)
				       : (uint64_t)(uintptr_t)strdup(line);
	}
	fd = link_all(file, places, count);
	if (fd < 0)
		fprintf(stderr, "link: %s\n", strerror(errno));
	return fd < 0;
}
