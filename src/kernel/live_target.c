/*
 * The running system as a target.
 *
 * In: uname, /proc, /sys. Out: a target whose answers are looked up when they
 * are first asked for and kept. Opening costs a few small files only: a script
 * that needs neither BTF nor tracefs touches neither.
 */
#include "kernel/live_target.h"

#include "kernel/live_impl.h"
#include "kernel/tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define VMLINUX_BTF		"/sys/kernel/btf/vmlinux"
#define INITIAL_PIDNS_INO	0xeffffffcu
/* A file that the kernel makes up may not tell its size. */
#define MAX_BTF_BYTES		(64u << 20)

int live_tracefs(struct live *l)
{
	if (l->tracefs_fd < 0 && !l->tracefs_err) {
		l->tracefs_fd = tracefs_open();
		l->tracefs_err = l->tracefs_fd < 0 ? l->tracefs_fd : 0;
	}
	return l->tracefs_err ? l->tracefs_err : l->tracefs_fd;
}

/* Into anonymous memory, for files that cannot be mapped (before 6.16). */
static int read_btf(struct live *l, int fd, size_t size_bytes)
{
	size_t at = 0;
	ssize_t n = 0;

	l->btf = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (l->btf == MAP_FAILED) {
		l->btf = NULL;
		return -errno;
	}
	l->btf_bytes = size_bytes;
	while (at < size_bytes) {
		n = read(fd, (char *)l->btf + at, size_bytes - at);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	return at == size_bytes ? 0 : n < 0 ? -errno : -EIO;
}

static const char *btf_path(void)
{
	const char *path = getenv("SONDE_BTF");

	if (!path)
		path = getenv("BPFTRACE_BTF");
	return path ? path : VMLINUX_BTF;
}

static bool live_has_btf(void *arg)
{
	const struct live *l = arg;

	return l->btf_tried ? !l->btf_err : !access(btf_path(), R_OK);
}

static int open_btf(struct live *l)
{
	int fd = open(btf_path(), O_RDONLY | O_CLOEXEC), err = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (st.st_size <= 0 || st.st_size > MAX_BTF_BYTES)
		err = -EINVAL;
	if (!err) {
		l->btf_bytes = (size_t)st.st_size;
		l->btf = mmap(NULL, l->btf_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
		if (l->btf == MAP_FAILED)
			err = read_btf(l, fd, (size_t)st.st_size);
	}
	close(fd);
	return err;
}

static int live_btf(void *arg, const void **data, size_t *size)
{
	struct live *l = arg;

	if (!l->btf_tried) {
		l->btf_tried = true;
		l->btf_err = open_btf(l);
	}
	if (l->btf_err)
		return l->btf_err;
	*data = l->btf;
	*size = l->btf_bytes;
	return 0;
}

struct kbtf *live_kbtf(struct live *l)
{
	const void *data;
	size_t size_bytes;

	if (l->kbtf_tried)
		return l->kbtf;
	l->kbtf_tried = true;
	if (live_btf(l, &data, &size_bytes))
		return NULL;
	names_init(&l->names, l->arena);
	types_init(&l->types, l->arena, &l->names);
	if (kbtf_open(&l->kbtf, &l->types, data, size_bytes, NULL))
		l->kbtf = NULL;
	return l->kbtf;
}

uint32_t live_struct(struct live *l, enum live_struct s)
{
	static const char *const names[LIVE_STRUCT_COUNT] = {
#define X(name) [LIVE_##name] = #name,
		LIVE_STRUCTS(X)
#undef X
	};

	if (!l->structs_known)
		kbtf_find_many(l->kbtf, KBTF_STRUCT, names, l->struct_ids, LIVE_STRUCT_COUNT);
	l->structs_known = true;
	return l->struct_ids[s];
}

bool live_member(struct live *l, uint32_t struct_id, const char *name, uint32_t *offset_bytes)
{
	const struct type *t = struct_id ? kbtf_type(l->kbtf, struct_id) : NULL;

	return t && t->kind == TYPE_STRUCT &&
	       type_field_find(&l->types, t->structure, name, offset_bytes);
}

/* A file of an event's directory, as arena text. */
static int event_file(struct live *l, const char *category, const char *event, const char *file,
		      char **text)
{
	struct sbuf content = { 0 };
	char path[512];
	int fd = live_tracefs(l), err;

	if (fd < 0)
		return fd;
	if (strchr(category, '/') || strchr(event, '/') || *category == '.' || *event == '.')
		return -ENOENT;
	if (snprintf(path, sizeof(path), "events/%s/%s/%s", category, event, file) >=
	    (int)sizeof(path))
		return -ENOENT;
	err = tracefs_read(fd, path, &content);
	if (!err)
		*text = arena_strdup(l->arena, sbuf_text(&content));
	sbuf_close(&content);
	return err == -ENOTDIR ? -ENOENT : err;
}

static int live_format(void *arg, const char *category, const char *event, const char **text)
{
	struct live *l = arg;
	const char *key = arena_printf(l->arena, "%s:%s", category, event);
	char *content = hmap_find(&l->formats, key, strlen(key));
	int err = 0;

	if (!content) {
		err = event_file(l, category, event, "format", &content);
		if (!err)
			hmap_set(&l->formats, key, strlen(key), content);
	}
	if (!err)
		*text = content;
	return err;
}

static int live_event_id(void *arg, const char *category, const char *event, uint32_t *id)
{
	const char *at = NULL;
	int err = live_format(arg, category, event, &at);

	if (err)
		return err;
	at = strstr(at, "ID:");
	if (!at)
		return -EINVAL;
	*id = (uint32_t)strtoul(at + 3, NULL, 10);
	return 0;
}

static void live_close(void *arg)
{
	struct live *l = arg;

	if (l->tracefs_fd >= 0)
		close(l->tracefs_fd);
	l->tracefs_fd = -1;
	if (l->btf && l->btf != MAP_FAILED)
		munmap(l->btf, l->btf_bytes);
	l->btf = NULL;
	sbuf_close(&l->kallsyms);
	sbuf_close(&l->ksym_records);
	for (; l->dwarf_files; l->dwarf_files = l->dwarf_files->next_dwarf)
		live_dwarf_close(l->dwarf_files);
}

/* The handle of a folder of cgroup2 is its number. */
static int live_cgroup_id(void *arg, const char *path, uint64_t *id)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(*id)];
	} h = { .handle = { .handle_bytes = sizeof(*id) } };
	int mount;

	(void)arg;
	if (name_to_handle_at(AT_FDCWD, path, &h.handle, &mount, 0) < 0)
		return errno == EOVERFLOW ? -EINVAL : -errno;
	if (h.handle.handle_bytes != sizeof(*id))
		return -EINVAL;	/* no control group */
	memcpy(id, h.handle.f_handle, sizeof(*id));
	return 0;
}

static const struct target_ops live_ops = {
	.has_feature = live_has_feature,
	.has_btf = live_has_btf,
	.btf = live_btf,
	.format = live_format,
	.event_id = live_event_id,
	.events = live_events,
	.functions = live_functions,
	.has_function = live_has_function,
	.symbol = live_symbol,
	.cgroup_id = live_cgroup_id,
	.kfunc_loads = live_kfunc_loads,
	.has_module = live_has_module,
	.modules = live_modules,
	.module_functions = live_module_functions,
	.function_is_ambiguous = live_function_is_ambiguous,
	.knows_addresses = live_knows_addresses,
	.function_addresses = live_function_addresses,
	.module_btf = live_module_btf,
	.bpf_functions = live_bpf_functions,
	.user_files = live_user_files,
	.user_symbols = live_user_symbols,
	.user_offset = live_user_offset,
	.user_code = live_user_code,
	.user_dwarf = live_user_dwarf,
	.user_info = live_user_info,
	.user_usdt = live_user_usdt,
	.close = live_close,
};

/* The last number of "0-3,8-11" is the highest possible CPU. */
static uint32_t possible_cpus(void)
{
	struct sbuf text = { 0 };
	const char *at;
	uint32_t last = 0;
	char *end;

	if (!tracefs_read(AT_FDCWD, "/sys/devices/system/cpu/possible", &text))
		for (at = sbuf_text(&text); *at; at = *end ? end + 1 : end) {
			last = (uint32_t)strtoul(at, &end, 10);
			if (end == at)
				break;
		}
	sbuf_close(&text);
	return last ? last + 1 : (uint32_t)sysconf(_SC_NPROCESSORS_CONF);
}

static void note_pid_namespace(struct target *t)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0 || st.st_ino == INITIAL_PIDNS_INO)
		return;
	t->pidns_dev = st.st_dev;
	t->pidns_ino = st.st_ino;
}

/* "6.1.0-56-cloud" is of the version that the kernel was built as; Debian says
 * the patch level elsewhere, and nothing here depends on it. */
static uint32_t version_of(const char *release)
{
	unsigned major = 0, minor = 0, patch = 0;

	sscanf(release, "%u.%u.%u", &major, &minor, &patch);
	return major << 16 | minor << 8 | (patch > 255 ? 255 : patch);
}

int live_target_open(struct target *t, struct arena *a)
{
	struct live *l = arena_new(a, struct live);
	struct utsname names;

	if (uname(&names) < 0)
		return -errno;
	memset(t, 0, sizeof(*t));
	t->arch = target_arch_find(names.machine);
	if (!t->arch)
		return -ENOTSUP;
	l->target = t;
	l->arena = a;
	l->tracefs_fd = -1;
	hmap_init(&l->formats, a);
	hmap_init(&l->user_files, a);
	hmap_init(&l->modules, a);
	snprintf(t->release, sizeof(t->release), "%s", names.release);
	t->kernel_version = version_of(names.release);
	t->nr_cpus = possible_cpus();
	t->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	note_pid_namespace(t);
	t->arena = a;
	t->ops = &live_ops;
	t->arg = l;
	return 0;
}

void live_target_debug_dirs(struct target *t, const struct debug_dirs *dirs)
{
	struct live *l = t->arg;

	l->debug_dirs = *dirs;
}

int live_target_functions(struct target *t, const char *path)
{
	struct live *l = t->arg;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	l->functions_file = path;
	return 0;
}
