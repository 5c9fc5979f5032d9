/*
 * From an image to maps and programs in the kernel.
 *
 * In: the image. Out: descriptors, mapped memory, a ring reader. Maps come
 * first, in the image's order, because instructions name them; each program is
 * loaded without a log, and once more with one only after it was refused.
 */
#include "kernel/attempts.h"
#include "kernel/bpf_call.h"
#include "run/attach.h"
#include "run/denied.h"
#include "run/ring_size.h"
#include "run/unwind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define FIRST_LOG_BYTES ((size_t)1000000)

enum { LOG_INSNS = 1, LOG_WORDS = 4 };	/* levels of the verifier's log */

/* ---- maps ---- */

/* Before 5.11 maps count against RLIMIT_MEMLOCK, which shows as EPERM. */
static void raise_memlock(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	(void)setrlimit(RLIMIT_MEMLOCK, &all);
}

static int create_map(const struct bpf_map_spec *spec)
{
	int fd = bpf_call_map_create(spec);

	if (fd != -EPERM)
		return fd;
	raise_memlock();
	return bpf_call_map_create(spec);
}

static size_t round_up_page(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (n + page - 1) & ~(page - 1);
}

static int map_bytes(struct run_map *map, const struct image_map *spec)
{
	size_t size = round_up_page((size_t)map->value_size * spec->max_entries);
	void *p;

	if (!(spec->flags & BPF_F_MMAPABLE))
		return 0;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map->fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	map->bytes = p;
	map->mapped_bytes = size;
	return 0;
}

/* Put the first contents into value 0. */
static int fill_map(struct run_map *map, const struct image_map *spec)
{
	uint32_t key = 0;
	void *value;
	int err;

	if (!spec->data || !spec->data_size)
		return 0;
	if (spec->data_size > map->value_size)
		return -EINVAL;
	if (map->bytes) {
		memcpy(map->bytes, spec->data, spec->data_size);
		return 0;
	}
	value = calloc(1, map->value_size);
	if (!value)
		return -ENOMEM;
	memcpy(value, spec->data, spec->data_size);
	err = bpf_call_map_update(map->fd, &key, value, BPF_ANY);
	free(value);
	if (!err && spec->role == IMAGE_MAP_RODATA && (spec->flags & BPF_F_RDONLY_PROG))
		err = bpf_call_map_freeze(map->fd);
	return err;
}

/* The ring and scratch memory are for programs only. */
static bool is_needed(const struct image *image, uint32_t map)
{
	const struct image_map *spec = &image->maps.at[map];

	if (spec->role == IMAGE_MAP_SCRATCH)
		return spec->value_size > 0;
	return spec->role != IMAGE_MAP_RING || ring_is_used(image, map);
}

static int load_map(struct run *r, uint32_t index)
{
	const struct image_map *spec = &r->image->maps.at[index];
	struct run_map *map = &r->maps[index];
	struct bpf_map_spec create = {
		.name = spec->name, .type = spec->type, .key_size = spec->key_size,
		.value_size = spec->value_size, .max_entries = spec->max_entries,
		.flags = spec->flags, .btf_fd = spec->btf_key_type_id ? r->btf_fd : -1,
		.btf_key_type_id = spec->btf_key_type_id,
		.btf_value_type_id = spec->btf_value_type_id,
	};
	uint32_t losses = (uint32_t)(r->image->progs.n * IMAGE_LOSS_COUNT * sizeof(uint64_t));
	int err;

	if (!is_needed(r->image, index))
		return 0;
	if (spec->role == IMAGE_MAP_RING && !create.max_entries)
		create.max_entries = (uint32_t)ring_size(r->image);
	if (spec->role == IMAGE_MAP_LOSSES && create.value_size < losses)
		create.value_size = losses;
	if (spec->role == IMAGE_MAP_UNWIND_CHUNKS)
		create.inner_fd = run_unwind_template(r);
	map->fd = create.inner_fd < 0 ? create.inner_fd : create_map(&create);
	if (map->fd < 0) {
		err = map->fd;
		map->fd = -1;
		return err;
	}
	map->value_size = create.value_size;
	err = map_bytes(map, spec);
	if (!err)
		err = fill_map(map, spec);
	if (!err && index == r->image->ring_map)
		err = ring_open(&r->ring, map->fd, create.max_entries);
	if (!err && index == r->image->ring_map)
		r->ring_bytes = create.max_entries;
	return err;
}

#define OLD_KEY_BYTES 512

static void tell_map_failure(struct run *r, const struct image_map *spec, int err)
{
	const char *name = spec->name ? spec->name : "(internal)";
	const char *at = spec->role == IMAGE_MAP_SCRIPT ? "@" : "";

	if (err == -EPERM)
		run_tell(r, SONDE_ERROR, "could not create map %s: %s", name, denied_reason());
	else if (err == -ENOSYS)
		run_tell(r, SONDE_ERROR, "this kernel has no bpf(2): it was built without "
			 "CONFIG_BPF_SYSCALL, or a seccomp profile hides it");
	else if (err == -EINVAL && spec->role == IMAGE_MAP_RING)
		run_tell(r, SONDE_ERROR, "this kernel has no BPF ring buffer (it came with 5.8)");
	else if (err == -E2BIG || err == -ENOMEM)
		run_tell(r, SONDE_ERROR,
			 "map %s%s is too large for this kernel: %u entries with a key "
			 "of %u and a value of %u bytes", at, name, spec->max_entries,
			 spec->key_size, spec->value_size);
	else
		run_tell(r, SONDE_ERROR, "could not create map %s: %s", name, strerror(-err));
	if (err == -E2BIG && spec->key_size > OLD_KEY_BYTES)
		run_tell(r, SONDE_HINT, "kernels before 6.1 allow keys of %u bytes: read less of "
			 "a string, as by str(x, 200), or fewer frames, as by kstack(60)",
			 OLD_KEY_BYTES);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t = { 0 };

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fill_control(struct run *r)
{
	uint64_t boot = clock_ns(CLOCK_BOOTTIME);

	if (!r->control)
		return;
	r->control->start_ns = boot;
	r->control->tai_offset_ns = clock_ns(CLOCK_TAI) - boot;
	if (r->options.child)
		r->control->child_pid = (uint64_t)child_pid(r->options.child);
}

/* Mapped bytes of an image map, if it has at least so many. */
static void *mapped(struct run *r, uint32_t map, size_t size)
{
	if (map >= r->image->maps.n || r->maps[map].mapped_bytes < size)
		return NULL;
	return r->maps[map].bytes;
}

/* Without it the programs still load, unless they have callbacks or task
 * storage; then the kernel's refusal of those is told. */
static void load_btf(struct run *r)
{
	int fd = -1;

	if (r->image->btf)
		fd = bpf_call_btf_load(r->image->btf, r->image->btf_size, NULL, 0);
	r->btf_fd = fd < 0 ? -1 : fd;
}

int run_load_maps(struct run *r)
{
	const struct image *image = r->image;
	size_t losses = image->progs.n * IMAGE_LOSS_COUNT * sizeof(uint64_t);

	load_btf(r);
	for (uint32_t i = 0; i < image->maps.n; i++) {
		int err = load_map(r, i);

		if (err) {
			tell_map_failure(r, &image->maps.at[i], err);
			return err;
		}
	}
	r->control = mapped(r, image->global_map, sizeof(*r->control));
	r->losses = mapped(r, image->losses_map, image->losses_offset + losses);
	if (r->losses) {
		r->losses += image->losses_offset / sizeof(*r->losses);
		r->losses_told = calloc(1, losses ? losses : 1);
	}
	r->failures_told = calloc(image->failures.n + 1, sizeof(*r->failures_told));
	fill_control(r);
	return 0;
}

/* ---- programs ---- */

/* The program's instructions with the maps' descriptors in place. */
static struct bpf_insn *relocate(const struct run *r, const struct image_prog *prog)
{
	struct bpf_insn *insns = calloc(prog->nr_insns, sizeof(*insns));

	if (!insns)
		return NULL;
	memcpy(insns, prog->insns, prog->nr_insns * sizeof(*insns));
	for (size_t i = 0; i < prog->nr_relocs; i++) {
		const struct image_reloc *reloc = &prog->relocs[i];

		insns[reloc->insn].src_reg =
			reloc->is_value ? BPF_PSEUDO_MAP_VALUE : BPF_PSEUDO_MAP_FD;
		insns[reloc->insn].imm = r->maps[reloc->map].fd;
	}
	return insns;
}

/* The line that the log ends with, but for the verifier's summary. */
static const char *last_line(char *log)
{
	char *end = log + strlen(log);

	while (end > log) {
		char *line;

		while (end > log && end[-1] == '\n')
			*--end = '\0';
		line = memrchr(log, '\n', (size_t)(end - log));
		line = line ? line + 1 : log;
		if (*line && strncmp(line, "processed ", 10) &&
		    strncmp(line, "verification time", 17) &&
		    strncmp(line, "stack depth", 11))
			return line;
		end = line;
	}
	return "";
}

/* The message that the verifier ended with; the log is cut behind it. Newer kernels (7.3) have a
 * page on it follow, which repeats instructions. */
static const char *last_reason(char *log)
{
	char *page = strstr(log, "\nVerification failed: ");
	const char *line;

	if (!page)
		return last_line(log);
	*page = '\0';
	line = last_line(log);
	if (*line && (*line < '0' || *line > '9'))
		return line;
	page[1 + strcspn(page + 1, "\n")] = '\0';	/* only an instruction stands before it */
	return page + 1;
}

/* Limits that cannot be known before: what to do about them. */
static const struct {
	const char *reason, *hint;
} limits[] = {
	{ "BPF program is too large.", "The action has more ways through it than the kernel "
	  "follows: divide it among several probes of the same event." },
	{ "The sequence of ", "The action has more branches than the kernel follows: divide it "
	  "among several probes of the same event." },
	{ "combined stack size of ", "The action's loops and functions need more than 512 bytes "
	  "of stack: divide it among several probes of the same event." },
};

static void hint_at_limit(struct run *r, const char *reason)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		if (!strncmp(reason, limits[i].reason, strlen(limits[i].reason)))
			run_tell(r, SONDE_HINT, "%s", limits[i].hint);
}

/* Helpers that the kernel allows in places of which it keeps a list. The one that it
 * refused is the last call in its log. */
static const struct {
	const char *helper, *hint;
} listed[] = {
	{ "bpf_d_path#", "path() is allowed in few functions, of which the kernel has a list: "
	  "filp_close, dentry_open, vfs_truncate, vfs_fallocate, vfs_getattr and some of "
	  "security_*, such as security_file_open." },
};

/* Where the instruction that stands in front of `call` came from; NULL: that is not known. */
static const struct image_place *place_in_log(const struct image_prog *prog, const char *log,
					      const char *call)
{
	const struct image_place *place = NULL;
	unsigned long insn;

	while (call > log && call[-1] != '\n')
		call--;
	insn = strtoul(call, NULL, 10);
	for (size_t k = 0; k < prog->nr_lines && prog->lines[k].insn <= insn; k++)
		place = &prog->lines[k].place;
	return place && place->file ? place : NULL;
}

static void hint_at_helper(struct run *r, const struct image_prog *prog, const char *log,
			   const char *reason)
{
	const struct image_place *place;
	const char *call = NULL;

	if (!strstr(reason, "allowed"))
		return;
	for (const char *at = log; (at = strstr(at, " call bpf_")); at++)
		call = at + strlen(" call ");
	if (!call)
		return;
	for (size_t i = 0; i < sizeof(listed) / sizeof(*listed); i++)
		if (!strncmp(call, listed[i].helper, strlen(listed[i].helper)))
			run_tell(r, SONDE_HINT, "%s", listed[i].hint);
	place = place_in_log(prog, log, call);
	if (place)
		run_tell(r, SONDE_HINT, "The call is at %s:%u:%u.", place->file, place->line,
			 place->col);
}

/* What the verifier says; NULL if that is nothing. Older kernels keep the begin of what is too
 * long, and the reason is at the end: then without the instructions. */
static char *load_log(const struct run *r, const struct bpf_prog_spec *spec)
{
	size_t size = r->image->config.log_size ? r->image->config.log_size : FIRST_LOG_BYTES;
	char *log = calloc(1, size + 1);
	int fd = log ? bpf_call_prog_load_log(spec, LOG_INSNS, log, size) : -ENOMEM;

	if (fd == -ENOSPC)
		fd = bpf_call_prog_load_log(spec, LOG_WORDS, log, size);
	if (fd >= 0)
		close(fd);
	if (fd < 0 && log && *log)
		return log;
	free(log);
	return NULL;
}

static void tell_refusal(struct run *r, const struct image_prog *prog,
			 const struct bpf_prog_spec *spec, int err)
{
	char *log = load_log(r, spec), *copy;
	const char *reason;

	if (!log) {
		run_tell(r, SONDE_ERROR, "Error loading BPF program for %s. Error code: %d (%s).",
			 prog->name, -err, strerror(-err));
		return;
	}
	copy = strdup(log);
	reason = copy ? last_reason(copy) : "";
	run_tell(r, SONDE_ERROR, "Error loading BPF program for %s. Error code: %d (%s).%s%s",
		 prog->name, -err, strerror(-err), *reason ? " Kernel: " : "", reason);
	hint_at_limit(r, reason);
	hint_at_helper(r, prog, copy, reason);
	if (r->options.verbose)
		run_tell(r, SONDE_INFO, "Kernel error log:\n%s", log);
	else
		run_tell(r, SONDE_HINT, "Use -v for the full kernel error log.");
	free(copy);
	free(log);
}

static bool is_on_function(const struct image_prog *prog)
{
	return prog->attach == ATTACH_FENTRY || prog->attach == ATTACH_FEXIT;
}

/* The function cannot be had, and not because of what the program does; loading finds that
 * out, where for other probes attaching does. */
static bool has_no_function(const struct image_prog *prog, int err)
{
	return is_on_function(prog) && ((err == -EPERM && !geteuid()) || err == -ENOENT);
}

static const char fentry_options[] = "CONFIG_DEBUG_INFO_BTF CONFIG_FUNCTION_TRACER "
				     "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS CONFIG_BPF_EVENTS";

/* Why even root may not attach to functions in this way; as far as the kernel tells. */
static void why_no_fentry(char *text, size_t size)
{
	struct sbuf config = { 0 }, unset = { 0 };
	struct utsname names = { 0 };
	char lockdown[32];

	kernel_lockdown(lockdown, sizeof(lockdown));
	if (!uname(&names) && !kernel_config_read(names.release, &config))
		kernel_config_lacks(&config, fentry_options, &unset);
	if (unset.len)
		snprintf(text, size, "it was built without %s", sbuf_text(&unset));
	else if (*lockdown && strcmp(lockdown, "none"))
		snprintf(text, size, "it is locked down (%s), which may forbid it", lockdown);
	else if (*lockdown)
		snprintf(text, size, "it does not say why");
	else
		snprintf(text, size, "perhaps it is locked down, which securityfs would tell "
			 "(mount -t securityfs none /sys/kernel/security)");
	sbuf_close(&config);
	sbuf_close(&unset);
}

static void tell_no_function(struct run *r, const struct image_prog *prog, int err)
{
	bool must = r->image->config.missing_probes == MISSING_ERROR;
	enum sonde_severity severity = must ? SONDE_ERROR : SONDE_WARNING;
	char why[400];

	if (r->image->config.missing_probes == MISSING_IGNORE)
		return;
	if (err == -EPERM) {
		if (r->no_kind[ATTACH_FENTRY] && !must)
			return;
		r->no_kind[ATTACH_FENTRY] = true;
		why_no_fentry(why, sizeof(why));
		run_tell(r, severity, "%s: this kernel does not let programs attach to its "
			 "functions in this way: %s", prog->name, why);
		run_tell(r, SONDE_HINT, "%s", ATTACH_HINT_ELSEWHERE);
		return;
	}
	if (prog->attach_prog_id)
		run_tell(r, severity, "%s: the BPF program has ended meanwhile", prog->name);
	else
		run_tell(r, severity, "%s: the kernel has no BTF for module %s", prog->name,
			 prog->attach_module ? prog->attach_module : "vmlinux");
	if (must)
		run_tell(r, SONDE_HINT, "If this is expected, set the 'missing_probes' config "
			 "variable to 'warn'.");
}

static void tell_load_failure(struct run *r, const struct image_prog *prog,
			      const struct bpf_prog_spec *spec, int err)
{
	if (err == -EPERM && geteuid())
		run_tell(r, SONDE_ERROR, "could not load programs: %s", denied_reason());
	else if (has_no_function(prog, err))
		tell_no_function(r, prog, err);
	else
		tell_refusal(r, prog, spec, err);
}

/* Attach type that makes a program fit for a kind of link. */
static uint32_t attach_type_of(const struct image_prog *prog, enum load_form form)
{
	static const uint32_t types[][2] = {
		[LOAD_SINGLE] = { 0, 0 },
		[LOAD_MULTI] = { BPF_CALL_TRACE_KPROBE_MULTI, BPF_CALL_TRACE_UPROBE_MULTI },
		[LOAD_SESSION] = { BPF_CALL_TRACE_KPROBE_SESSION, BPF_CALL_TRACE_UPROBE_SESSION },
	};

	return types[form][attach_is_user(prog->attach)];
}

/* What attach_btf_id is an id in, as a descriptor; 0: vmlinux. */
static int open_attach_object(const struct image_prog *prog)
{
	if (prog->attach_prog_id)
		return bpf_call_prog_by_id(prog->attach_prog_id);
	return prog->attach_module ? bpf_call_btf_of_module(prog->attach_module) : 0;
}

static struct bpf_prog_spec spec_of(const struct run *r, const struct image_prog *prog)
{
	return (struct bpf_prog_spec){
		.name = prog->name, .type = prog->type,
		.expected_attach_type = prog->expected_attach_type,
		.flags = prog->sleepable ? BPF_F_SLEEPABLE : 0,
		.nr_insns = prog->nr_insns, .license = r->image->config.license,
		.btf_fd = r->btf_fd, .attach_btf_id = prog->attach_btf_id,
		.func_info = prog->func_info, .nr_func_info = prog->nr_func_info,
		.line_info = prog->line_info, .nr_line_info = prog->nr_line_info,
	};
}

/* The script's settings allow nothing else. */
static bool only_form(const struct run *r, const struct image_prog *prog, enum load_form form)
{
	static const enum mechanism mechanisms[] = {
		[LOAD_MULTI] = MECHANISM_MULTI, [LOAD_SESSION] = MECHANISM_SESSION,
	};
	enum mechanism_family family = attach_family(prog->attach);

	return form != LOAD_SINGLE && family < MECHANISM_FAMILIES &&
	       r->image->config.attach[family] == mechanisms[form];
}

/* Where the code asks in which half of the session it is, the answer. */
static void answer_session(const struct image_prog *prog, struct bpf_insn *insns,
			   enum session_half half)
{
	for (uint32_t i = 0; half != HALF_BOTH && i < prog->nr_insns; i++)
		if (insns[i].code == (BPF_JMP | BPF_CALL) &&
		    insns[i].src_reg == BPF_PSEUDO_KFUNC_CALL &&
		    (uint32_t)insns[i].imm == prog->session_kfunc)
			insns[i] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K,
						      .imm = half == HALF_RETURN };
}

int run_load_prog(struct run *r, uint32_t index, enum load_form form, enum session_half half)
{
	const struct image_prog *prog = &r->image->progs.at[index];
	struct bpf_prog_spec spec = spec_of(r, prog);
	struct bpf_insn *insns = relocate(r, prog);
	int fd, object = open_attach_object(prog);

	if (!insns)
		return -ENOMEM;
	if (prog->use_multi || form != LOAD_SINGLE)
		spec.expected_attach_type = attach_type_of(prog, form);
	answer_session(prog, insns, half);
	spec.insns = insns;
	spec.attach_btf_obj_fd = object;
	fd = object < 0 ? object : bpf_call_prog_load(&spec);
	if (fd < 0 && (form == LOAD_SINGLE || only_form(r, prog, form)))
		tell_load_failure(r, prog, &spec, fd);
	free(insns);
	if (object > 0)
		close(object);
	if (fd < 0)
		return fd;
	if (r->progs[index].fd >= 0)
		close(r->progs[index].fd);
	r->progs[index].fd = fd;
	r->progs[index].form = form;
	return 0;
}

/* A benchmark as a program that the kernel itself repeats, if it lets it do all that it
 * does: fewer helpers are allowed there. */
static int load_repeatable(struct run *r, uint32_t index)
{
	const struct image_prog *prog = &r->image->progs.at[index];
	struct bpf_prog_spec spec = spec_of(r, prog);
	struct bpf_insn *insns = relocate(r, prog);
	int fd;

	if (!insns)
		return -ENOMEM;
	spec.type = BPF_PROG_TYPE_XDP;
	spec.insns = insns;
	fd = bpf_call_prog_load(&spec);
	free(insns);
	if (fd < 0)
		return fd;
	r->progs[index].fd = fd;
	r->progs[index].is_repeatable = true;
	return 0;
}

static bool wants_multi(const struct run *r, const struct image_prog *prog)
{
	if (!prog->use_multi)
		return false;
	if (attach_is_user(prog->attach))
		return !r->options.no_uprobe_multi && prog->nr_sites > 0;
	return !r->options.no_kprobe_multi;
}

int run_load_best(struct run *r, uint32_t index, enum session_half half)
{
	const struct image_prog *prog = &r->image->progs.at[index];
	enum load_form form = half == HALF_BOTH && prog->session_kfunc ? LOAD_SESSION
			      : wants_multi(r, prog) ? LOAD_MULTI : LOAD_SINGLE;
	int err = run_load_prog(r, index, form, half);

	if (!err || form == LOAD_SINGLE || only_form(r, prog, form))
		return err;
	if (form == LOAD_SESSION)
		return run_load_best(r, index, HALF_ENTRY);
	return run_load_prog(r, index, LOAD_SINGLE, half);
}

int run_load_progs(struct run *r)
{
	const struct image *image = r->image;

	for (uint32_t i = 0; i < image->progs.n; i++) {
		const struct image_prog *prog = &image->progs.at[i];
		int err;

		if (!prog->nr_sites && !prog->raw_event && prog->attach > ATTACH_SIGNAL)
			continue;
		if (prog->attach == ATTACH_BENCH && !load_repeatable(r, i))
			continue;
		err = run_load_best(r, i, HALF_BOTH);
		if (err && has_no_function(prog, err) &&
		    image->config.missing_probes != MISSING_ERROR)
			err = 0;	/* the run goes on without it */
		/* Not for want of a privilege, as -EPERM would say. */
		if (err)
			return has_no_function(prog, err) ? -EOPNOTSUPP : err;
	}
	return 0;
}
