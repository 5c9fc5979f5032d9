/*
 * What the running kernel can do, found out by trying.
 *
 * In: a feature. Out: whether it works here and now, for us. Each test is one
 * or two system calls: a small program loaded, a map made, or a call with an
 * impossible descriptor, whose errno tells what the kernel looked at first. A
 * name in BTF proves nothing, nor does a version: distributions backport.
 */
#include "kernel/live_impl.h"

#include "kernel/bpf_call.h"
#include "kernel/bpf_insn.h"

#include <errno.h>
#include <linux/btf.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL_KFUNC(id)		I(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, (int32_t)(id))

#define FP			BPF_REG_10

/* What one test needs. */
struct attempt {
	struct live *live;
	const struct bpf_insn *insns;
	uint32_t nr_insns;
	enum bpf_prog_type type;
	uint32_t attach_type, flags, btf_id;
};

static int attempt_load(const struct attempt *a)
{
	const struct bpf_prog_spec spec = {
		.type = a->type, .expected_attach_type = a->attach_type, .flags = a->flags,
		.insns = a->insns, .nr_insns = a->nr_insns, .license = "GPL",
		.attach_btf_id = a->btf_id, .kern_version = a->live->target->kernel_version,
	};

	return bpf_call_prog_load(&spec);
}

static bool loads(const struct attempt *a)
{
	int fd = attempt_load(a);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* Load these instructions as a program of this type. */
static bool insns_load(struct live *l, enum bpf_prog_type type, uint32_t flags,
		       const struct bpf_insn *insns, uint32_t count)
{
	const struct attempt a = {
		.live = l, .insns = insns, .nr_insns = count, .type = type, .flags = flags,
	};

	return loads(&a);
}

static const struct bpf_insn nothing[] = { MOV(0, 0), EXIT };

static int empty_prog(struct live *l, uint32_t attach_type)
{
	const struct attempt a = {
		.live = l, .insns = nothing, .nr_insns = COUNT(nothing),
		.type = BPF_PROG_TYPE_KPROBE, .attach_type = attach_type,
	};

	return attempt_load(&a);
}

static bool log_has_any(const char *log, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(log, texts[i]))
			return true;
	return false;
}

/* Load a program that calls something without arguments. If the verifier
 * complains of the call, it is not there for this type; if of what the
 * registers hold, it is. */
static bool call_is_known(struct live *l, enum bpf_prog_type type, struct bpf_insn call)
{
	static const char *const refusals[] = {
		"invalid func", "unknown func", "cannot use helper", "not allowed", "not supported",
		"is not a kernel function", "reserved fields", "kernel btf_id", "missing prog BTF",
		"invalid kernel function",
	};
	const struct bpf_insn insns[] = { call, MOV(0, 0), EXIT };
	const struct bpf_prog_spec spec = {
		.type = type, .insns = insns, .nr_insns = COUNT(insns), .license = "GPL",
		.kern_version = l->target->kernel_version,
	};
	char log[2048] = "";
	int fd = bpf_call_prog_load_log(&spec, 1, log, sizeof(log));

	if (fd >= 0) {
		close(fd);
		return true;
	}
	return *log && !log_has_any(log, refusals, COUNT(refusals));
}

static bool helper_is_known(struct live *l, int helper)
{
	return call_is_known(l, BPF_PROG_TYPE_KPROBE, (struct bpf_insn)CALL(helper));
}

bool live_kfunc_loads(void *arg, uint32_t prog_type, uint32_t btf_id)
{
	return btf_id && call_is_known(arg, (enum bpf_prog_type)prog_type,
				       (struct bpf_insn)CALL_KFUNC(btf_id));
}

/* ---- kernel functions by name ---- */

static const char *const kfunc_names[LIVE_KFUNC_COUNT] = {
#define X(name) [LIVE_##name] = #name,
	LIVE_KFUNCS(X)
#undef X
};

/* 0: there is none. */
static uint32_t kfunc_id(struct live *l, enum live_kfunc k)
{
	struct kbtf *b = live_kbtf(l);

	if (b && !l->kfuncs_known) {
		l->kfuncs_known = true;
		kbtf_find_many(b, KBTF_FUNC, kfunc_names, l->kfunc_ids, LIVE_KFUNC_COUNT);
	}
	return l->kfunc_ids[k];
}

/* ---- one test a feature ---- */

static bool has_ringbuf(struct live *l)
{
	const struct bpf_map_spec spec = { .type = BPF_MAP_TYPE_RINGBUF,
					   .max_entries = (uint32_t)l->target->page_size };
	int fd = bpf_call_map_create(&spec);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool has_atomic_fetch(struct live *l)
{
	static const struct bpf_insn insns[] = {
		STORE(FP, -8, 0), MOV(1, 1),
		I(BPF_STX | BPF_ATOMIC | BPF_DW, FP, 1, -8, BPF_ADD | BPF_FETCH),
		MOV(0, 0), EXIT,
	};

	return insns_load(l, BPF_PROG_TYPE_KPROBE, 0, insns, COUNT(insns));
}

static bool has_cpu_v4(struct live *l)
{
	static const struct bpf_insn insns[] = {
		MOV(1, 1), I(BPF_ALU64 | BPF_MOV | BPF_X, 0, 1, 8, 0), EXIT,	/* movsx */
	};

	return insns_load(l, BPF_PROG_TYPE_KPROBE, 0, insns, COUNT(insns));
}

static bool has_uninit_stack(struct live *l)
{
	static const struct bpf_insn insns[] = {
		I(BPF_LDX | BPF_MEM | BPF_DW, 0, FP, -8, 0), EXIT,
	};

	return insns_load(l, BPF_PROG_TYPE_KPROBE, 0, insns, COUNT(insns));
}

/* A func that takes a pointer to memory, and may be NULL, is verified by itself. */
static bool has_global_func_mem(struct live *l)
{
	static const struct {
		struct btf_header header;
		uint32_t types[21];
		char strings[4];
	} btf = {
		.header = { .magic = 0xeb9f, .version = 1, .hdr_len = sizeof(struct btf_header),
			    .type_len = 84, .str_off = 84, .str_len = 3 },
		.types = {
			/* 1: int; 2: int *; 3: int (int *); 4: a func of it; 5: int (void); 6 */
			1, BTF_KIND_INT << 24, 4, BTF_INT_SIGNED << 24 | 32,
			0, BTF_KIND_PTR << 24, 1,
			0, BTF_KIND_FUNC_PROTO << 24 | 1, 1, 1, 2,
			1, BTF_KIND_FUNC << 24 | BTF_FUNC_GLOBAL, 3,
			0, BTF_KIND_FUNC_PROTO << 24, 1,
			1, BTF_KIND_FUNC << 24 | BTF_FUNC_GLOBAL, 5,
		},
		.strings = "\0a",
	};
	static const struct bpf_insn insns[] = {
		MOV(1, 0), I(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 1), EXIT, MOV(0, 0), EXIT,
	};
	static const uint32_t funcs[2][2] = { { 0, 6 }, { 3, 4 } };
	struct bpf_prog_spec spec = {
		.type = BPF_PROG_TYPE_KPROBE, .insns = insns, .nr_insns = COUNT(insns),
		.license = "GPL", .kern_version = l->target->kernel_version,
		.func_info = funcs, .nr_func_info = 2,
	};
	int fd;

	spec.btf_fd = bpf_call_btf_load(&btf, sizeof(btf) - 1, NULL, 0);
	if (spec.btf_fd < 0)
		return false;
	fd = bpf_call_prog_load(&spec);
	close(spec.btf_fd);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool has_sleepable_uprobe(struct live *l)
{
	return insns_load(l, BPF_PROG_TYPE_KPROBE, BPF_F_SLEEPABLE, nothing, COUNT(nothing));
}

/* Programs on tracepoints may sleep from the kernel on that lets programs on
 * those of system calls be preempted. Believing it without need costs atomics
 * only, so newer kernels that are configured otherwise are believed to. */
static bool has_syscall_tp_preempt(struct live *l)
{
	return l->target->kernel_version >= (7u << 16) ||
	       insns_load(l, BPF_PROG_TYPE_TRACEPOINT, BPF_F_SLEEPABLE, nothing, COUNT(nothing));
}

static bool has_iter_num(struct live *l)
{
	const struct bpf_insn insns[] = {
		MOV_REG(1, FP), ADD(1, -8), MOV(2, 0), MOV(3, 1),
		CALL_KFUNC(kfunc_id(l, LIVE_bpf_iter_num_new)),
		MOV_REG(1, FP), ADD(1, -8),
		CALL_KFUNC(kfunc_id(l, LIVE_bpf_iter_num_destroy)),
		MOV(0, 0), EXIT,
	};

	return kfunc_id(l, LIVE_bpf_iter_num_new) && kfunc_id(l, LIVE_bpf_iter_num_destroy) &&
	       insns_load(l, BPF_PROG_TYPE_KPROBE, 0, insns, COUNT(insns));
}

static bool has_rdonly_cast(struct live *l)
{
	uint32_t cast = kfunc_id(l, LIVE_bpf_rdonly_cast), task;

	if (!cast)
		return false;
	task = kbtf_find(l->kbtf, "task_struct", KBTF_STRUCT);

	const struct bpf_insn insns[] = {
		MOV(1, 0), MOV(2, (int32_t)task), CALL_KFUNC(cast),
		I(BPF_LDX | BPF_MEM | BPF_DW, 0, 0, 0, 0), MOV(0, 0), EXIT,
	};

	return insns_load(l, BPF_PROG_TYPE_KPROBE, 0, insns, COUNT(insns));
}

static bool has_copy_from_user_str(struct live *l)
{
	const struct bpf_insn insns[] = {
		MOV_REG(1, FP), ADD(1, -8), MOV(2, 8), MOV(3, 0), MOV(4, 0),
		CALL_KFUNC(kfunc_id(l, LIVE_bpf_copy_from_user_str)),
		MOV(0, 0), EXIT,
	};

	return kfunc_id(l, LIVE_bpf_copy_from_user_str) &&
	       insns_load(l, BPF_PROG_TYPE_KPROBE, BPF_F_SLEEPABLE, insns, COUNT(insns));
}

static bool has_map_sum_elem_count(struct live *l)
{
	const struct bpf_map_spec spec = { .type = BPF_MAP_TYPE_HASH, .key_size = 4,
					   .value_size = 4, .max_entries = 1 };
	int fd = kfunc_id(l, LIVE_bpf_map_sum_elem_count) ? bpf_call_map_create(&spec) : -1;
	bool found;

	if (fd < 0)
		return false;

	const struct bpf_insn insns[] = {
		I(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, fd), I(0, 0, 0, 0, 0),
		CALL_KFUNC(kfunc_id(l, LIVE_bpf_map_sum_elem_count)),
		MOV(0, 0), EXIT,
	};

	found = insns_load(l, BPF_PROG_TYPE_KPROBE, 0, insns, COUNT(insns));
	close(fd);
	return found;
}

static bool has_fentry(struct live *l)
{
	struct attempt a = {
		.live = l, .insns = nothing, .nr_insns = COUNT(nothing),
		.type = BPF_PROG_TYPE_TRACING, .attach_type = BPF_TRACE_FENTRY,
		.btf_id = kfunc_id(l, LIVE_bpf_fentry_test1),
	};

	if (!a.btf_id && l->kbtf)
		a.btf_id = kbtf_find(l->kbtf, "vfs_read", KBTF_FUNC);
	return a.btf_id && loads(&a);
}

static bool has_btf_tracepoint(struct live *l)
{
	struct attempt a = {
		.live = l, .insns = nothing, .nr_insns = COUNT(nothing),
		.type = BPF_PROG_TYPE_TRACING, .attach_type = BPF_TRACE_RAW_TP,
	};

	if (live_kbtf(l))
		a.btf_id = kbtf_find(l->kbtf, "btf_trace_sched_switch", KBTF_TYPEDEF);
	return a.btf_id && loads(&a);
}

static bool has_kprobes(struct live *l)
{
	(void)l;
	return !access("/sys/bus/event_source/devices/kprobe/type", R_OK);
}

/* Only making the link tells: without FPROBE loading still works. A list that
 * cannot be read is what a kernel that has the link trips over. */
static bool has_kprobe_multi(struct live *l)
{
	const struct bpf_kprobe_multi spec = { .addrs = (const uint64_t *)8, .count = 1 };
	int prog = empty_prog(l, BPF_CALL_TRACE_KPROBE_MULTI), err;

	if (prog < 0)
		return false;
	err = bpf_call_link_kprobe_multi(prog, &spec);
	close(prog);
	return err == -EFAULT;
}

/* A program that asks whether it is at the return. From 7.x on the context is the
 * argument; before, it does no harm. */
static int session_prog(struct live *l, uint32_t attach_type)
{
	uint32_t id = kfunc_id(l, LIVE_bpf_session_is_return);
	const struct bpf_insn insns[] = { CALL_KFUNC(id), MOV(0, 0), EXIT };
	const struct attempt a = {
		.live = l, .insns = insns, .nr_insns = COUNT(insns),
		.type = BPF_PROG_TYPE_KPROBE, .attach_type = attach_type,
	};

	return id ? attempt_load(&a) : -ENOENT;
}

static bool has_kprobe_session(struct live *l)
{
	const struct bpf_kprobe_multi spec = { .addrs = (const uint64_t *)8, .count = 1,
					       .is_session = true };
	int prog = session_prog(l, BPF_CALL_TRACE_KPROBE_SESSION), err;

	if (prog < 0)
		return false;
	err = bpf_call_link_kprobe_multi(prog, &spec);
	close(prog);
	return err == -EFAULT;
}

/* A directory is refused as a target after everything else was understood. Takes the
 * program. */
static bool links_uprobes(int prog, bool is_session)
{
	static const uint64_t offset = 1;
	const struct bpf_uprobe_multi spec = { .path = "/", .offsets = &offset, .count = 1,
					       .is_session = is_session };
	int err;

	if (prog < 0)
		return false;
	err = bpf_call_link_uprobe_multi(prog, &spec);
	close(prog);
	if (err >= 0)
		close(err);
	return err >= 0 || err == -EBADF;
}

static bool has_uprobe_session(struct live *l)
{
	return links_uprobes(session_prog(l, BPF_CALL_TRACE_UPROBE_SESSION), true);
}

/* A thread of ours that is not the first. */
struct thread_probe {
	pid_t tid;
	sem_t known, done;
};

static bool has_uprobe_multi(struct live *l)
{
	return links_uprobes(empty_prog(l, BPF_CALL_TRACE_UPROBE_MULTI), false);
}

static void *sleep_until_told(void *arg)
{
	struct thread_probe *t = arg;

	t->tid = (pid_t)syscall(SYS_gettid);
	sem_post(&t->known);
	sem_wait(&t->done);
	return NULL;
}

/* Kernels whose links take a process look only for its first thread by this number;
 * others take any thread, and then see that thread alone. The list of offsets that
 * cannot be read is what they trip over. */
static int link_to_thread(int prog, pid_t tid)
{
	const struct bpf_uprobe_multi spec = {
		.path = "/proc/self/exe", .offsets = (const uint64_t *)8, .count = 1,
		.pid = (uint32_t)tid,
	};

	return bpf_call_link_uprobe_multi(prog, &spec);
}

static bool has_uprobe_multi_pid(struct live *l)
{
	struct thread_probe t = { 0 };
	int prog = empty_prog(l, BPF_CALL_TRACE_UPROBE_MULTI), err = 0;
	pthread_t thread;

	if (prog < 0)
		return false;
	sem_init(&t.known, 0, 0);
	sem_init(&t.done, 0, 0);
	if (!pthread_create(&thread, NULL, sleep_until_told, &t)) {
		sem_wait(&t.known);
		err = link_to_thread(prog, t.tid);
		sem_post(&t.done);
		pthread_join(thread, NULL);
	}
	close(prog);
	return err == -ESRCH;
}

static bool has_perf_link(struct live *l)
{
	int prog = empty_prog(l, 0), err;

	if (prog < 0)
		return false;
	err = bpf_call_link_perf(prog, -1, 0);
	close(prog);
	return err == -EBADF;
}

static bool has_raw_tp_cookie(struct live *l)
{
	(void)l;
	return bpf_call_raw_tracepoint_open("sys_enter", -1, 1) == -EBADF;
}

static bool has_batch_ops(struct live *l)
{
	uint64_t out, key, value;
	struct bpf_batch b = { .map_fd = -1, .out = &out, .keys = &key, .values = &value,
			       .count = 1 };

	(void)l;
	return bpf_call_map_lookup_batch(&b) == -EBADF;
}

/* Either a test, or a helper that must be known to kprobe programs. */
static const struct feature_test {
	bool (*test)(struct live *l);
	int helper;
} tests[FEATURE_COUNT] = {
	[FEATURE_RINGBUF]		= { has_ringbuf, 0 },
	[FEATURE_ATOMIC_FETCH]		= { has_atomic_fetch, 0 },
	[FEATURE_FOR_EACH_MAP_ELEM]	= { NULL, BPF_FUNC_for_each_map_elem },
	[FEATURE_LOOP]			= { NULL, BPF_FUNC_loop },
	[FEATURE_ITER_NUM]		= { has_iter_num, 0 },
	[FEATURE_CPU_V4]		= { has_cpu_v4, 0 },
	[FEATURE_RDONLY_CAST]		= { has_rdonly_cast, 0 },
	[FEATURE_CURRENT_TASK_BTF]	= { NULL, BPF_FUNC_get_current_task_btf },
	[FEATURE_TASK_STORAGE]		= { NULL, BPF_FUNC_task_storage_get },
	[FEATURE_SLEEPABLE_UPROBE]	= { has_sleepable_uprobe, 0 },
	[FEATURE_COPY_FROM_USER_STR]	= { has_copy_from_user_str, 0 },
	[FEATURE_COOKIE]		= { NULL, BPF_FUNC_get_attach_cookie },
	[FEATURE_RAW_TP_COOKIE]		= { has_raw_tp_cookie, 0 },
	[FEATURE_PERF_LINK]		= { has_perf_link, 0 },
	[FEATURE_KPROBES]		= { has_kprobes, 0 },
	[FEATURE_KPROBE_MULTI]		= { has_kprobe_multi, 0 },
	[FEATURE_KPROBE_SESSION]	= { has_kprobe_session, 0 },
	[FEATURE_UPROBE_SESSION]	= { has_uprobe_session, 0 },
	[FEATURE_UPROBE_MULTI]		= { has_uprobe_multi, 0 },
	[FEATURE_UPROBE_MULTI_PID]	= { has_uprobe_multi_pid, 0 },
	[FEATURE_FENTRY]		= { has_fentry, 0 },
	[FEATURE_MAP_LOOKUP_PERCPU]	= { NULL, BPF_FUNC_map_lookup_percpu_elem },
	[FEATURE_MAP_SUM_ELEM_COUNT]	= { has_map_sum_elem_count, 0 },
	[FEATURE_OVERRIDE]		= { NULL, BPF_FUNC_override_return },
	[FEATURE_WRITE_USER]		= { NULL, BPF_FUNC_probe_write_user },
	[FEATURE_KTIME_TAI]		= { NULL, BPF_FUNC_ktime_get_tai_ns },
	[FEATURE_TASK_PT_REGS]		= { NULL, BPF_FUNC_task_pt_regs },
	[FEATURE_FUNC_IP]		= { NULL, BPF_FUNC_get_func_ip },
	[FEATURE_BTF_TRACEPOINT]	= { has_btf_tracepoint, 0 },
	[FEATURE_GLOBAL_FUNC_MEM]	= { has_global_func_mem, 0 },
	[FEATURE_UNINIT_STACK]		= { has_uninit_stack, 0 },
	[FEATURE_BATCH_OPS]		= { has_batch_ops, 0 },
	[FEATURE_SYSCALL_TP_PREEMPT]	= { has_syscall_tp_preempt, 0 },
};

bool live_has_feature(void *arg, enum target_feature f)
{
	struct live *l = arg;
	const struct feature_test *t = &tests[f];

	if (t->test)
		return t->test(l);
	return t->helper && helper_is_known(l, t->helper);
}
