/*
 * Trying what a kernel can do, for people: see the header.
 */
#include "kernel/attempts.h"

#include "kernel/bpf_call.h"
#include "kernel/tracefs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>

static bool opens(struct perf_event_attr *attr)
{
	int fd;

	attr->size = sizeof(*attr);
	attr->disabled = 1;
	fd = (int)syscall(SYS_perf_event_open, attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

bool attempt_perf_event(uint32_t type, uint64_t config)
{
	struct perf_event_attr attr = { .type = type, .config = config, .sample_period = 1000000 };

	return opens(&attr);
}

/* Machines there are that take a watchpoint and never see it: it has to count a write. */
bool attempt_watchpoint(void)
{
	static volatile uint64_t watched;
	struct perf_event_attr attr = {
		.size = sizeof(attr), .type = PERF_TYPE_BREAKPOINT, .bp_type = HW_BREAKPOINT_W,
		.bp_addr = (uintptr_t)&watched, .bp_len = HW_BREAKPOINT_LEN_8,
		.sample_period = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	uint64_t seen = 0;

	if (fd < 0)
		return false;
	watched++;
	if (read(fd, &seen, sizeof(seen)) != sizeof(seen))
		seen = 0;
	close(fd);
	return seen;
}

bool attempt_map(uint32_t type)
{
	struct bpf_map_spec spec = { .type = type, .key_size = 4, .value_size = 8,
				     .max_entries = 1 };
	int fd;

	if (type == BPF_MAP_TYPE_RINGBUF)
		spec = (struct bpf_map_spec){ .type = type,
					      .max_entries = (uint32_t)sysconf(_SC_PAGESIZE) };
	fd = bpf_call_map_create(&spec);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

bool attempt_iter(uint32_t btf_id)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K }, { .code = BPF_JMP | BPF_EXIT },
	};
	const struct bpf_prog_spec spec = {
		.type = BPF_PROG_TYPE_TRACING, .expected_attach_type = BPF_TRACE_ITER,
		.insns = insns, .nr_insns = 2, .license = "GPL", .attach_btf_id = btf_id,
	};
	int fd = btf_id ? bpf_call_prog_load(&spec) : -1;

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* The core's own is there, too. */
bool attempt_module_btf(void)
{
	DIR *dir = opendir("/sys/kernel/btf");
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		found = entry->d_name[0] != '.' && strcmp(entry->d_name, "vmlinux");
	if (dir)
		closedir(dir);
	return found;
}

/* ---- what the kernel says ---- */

/* A file that may be compressed. */
static int read_packed(const char *path, struct sbuf *out)
{
	gzFile file = access(path, R_OK) ? NULL : gzopen(path, "rbe");
	char block[16384];
	int n;

	if (!file)
		return -ENOENT;
	while ((n = gzread(file, block, sizeof(block))) > 0)
		sbuf_add(out, block, (size_t)n);
	gzclose(file);
	return n < 0 || !out->len ? -ENOENT : 0;
}

int kernel_config_read(const char *release, struct sbuf *out)
{
	char path[128];

	if (!read_packed("/proc/config.gz", out))
		return 0;
	snprintf(path, sizeof(path), "/boot/config-%s", release);
	if (!read_packed(path, out))
		return 0;
	snprintf(path, sizeof(path), "/lib/modules/%s/config", release);
	return read_packed(path, out);
}

bool kernel_config_has(const struct sbuf *config, const char *option)
{
	const char *at = sbuf_text(config);
	size_t len = strlen(option);

	for (; (at = strstr(at, option)); at += len)
		if ((at == config->at || at[-1] == '\n') && at[len] == '=' &&
		    (at[len + 1] == 'y' || at[len + 1] == 'm'))
			return true;
	return false;
}

void kernel_config_lacks(const struct sbuf *config, const char *list, struct sbuf *out)
{
	char option[64];

	while (list && *list) {
		size_t len = strcspn(list, " ");

		snprintf(option, sizeof(option), "%.*s", (int)len, list);
		if (!kernel_config_has(config, option))
			sbuf_printf(out, "%s%s", out->len ? ", " : "", option);
		list += len + strspn(list + len, " ");
	}
}

void kernel_lockdown(char *word, uint32_t size)
{
	struct sbuf text = { 0 };
	const char *open, *close;

	*word = '\0';
	if (!tracefs_read(AT_FDCWD, "/sys/kernel/security/lockdown", &text)) {
		open = strchr(sbuf_text(&text), '[');
		close = open ? strchr(open, ']') : NULL;
		if (close)
			snprintf(word, size, "%.*s", (int)(close - open - 1), open + 1);
	}
	sbuf_close(&text);
}

bool have_capability(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return false;
	return data[capability / 32].effective >> capability % 32 & 1;
}
