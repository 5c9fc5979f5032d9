#include "tests/unit/lower_help.h"

#include "lang/lang.h"
#include "tests/vm/bytes.h"
#include "types/kbtf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- a kernel ---- */

#define ID_RDONLY_CAST 1000

struct task {			/* as the BTF below says */
	uint64_t flags, work;
	uint32_t status, cpu;
	uint64_t real_parent;
	int32_t pid, tgid;
	char comm[16];
	uint32_t bits;		/* low: 3, high: 5 */
	int16_t small;
};

static const char openat_format[] =
	"name: sys_enter_openat\nID: 700\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	"\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n"
	"\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n"
	"\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n"
	"\tfield:int flags;\toffset:32;\tsize:8;\tsigned:0;\n"
	"\tfield:umode_t mode;\toffset:40;\tsize:8;\tsigned:0;\n\n"
	"print fmt: \"\"\n";

static const char switch_format[] =
	"name: sched_switch\nID: 300\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	"\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
	"\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n"
	"\tfield:int prev_prio;\toffset:28;\tsize:4;\tsigned:1;\n"
	"\tfield:__data_loc char[] name;\toffset:32;\tsize:4;\tsigned:0;\n\n"
	"print fmt: \"\"\n";

static const char *const syscall_names[] = {
	"read", "write", "close", "poll", "lseek", "mmap", "mprotect", "munmap", "brk", "ioctl",
};

static bool help_has_feature(void *arg, enum target_feature f)
{
	struct lower_help *h = arg;

	return f != FEATURE_SYSCALL_TP_PREEMPT && !h->lacks[f];
}

static int help_format(void *arg, const char *category, const char *event, const char **text)
{
	(void)arg;
	if (!strcmp(category, "sched") && !strcmp(event, "sched_switch"))
		*text = switch_format;
	else if (!strcmp(category, "syscalls"))
		*text = openat_format;
	else
		return -ENOENT;
	return 0;
}

static int help_events(void *arg, const char *const **list, size_t *count)
{
	static const char *const events[] = {
		"sched:sched_switch", "syscalls:sys_enter_brk", "syscalls:sys_enter_close",
		"syscalls:sys_enter_ioctl", "syscalls:sys_enter_lseek", "syscalls:sys_enter_mmap",
		"syscalls:sys_enter_mprotect", "syscalls:sys_enter_munmap",
		"syscalls:sys_enter_openat", "syscalls:sys_enter_poll", "syscalls:sys_enter_read",
		"syscalls:sys_enter_write",
	};

	(void)arg;
	(void)syscall_names;
	*list = events;
	*count = sizeof(events) / sizeof(*events);
	return 0;
}

static int help_event_id(void *arg, const char *category, const char *event, uint32_t *id)
{
	(void)arg, (void)category, (void)event;
	*id = 700;
	return 0;
}

static int help_functions(void *arg, const char *const **list, size_t *count)
{
	static const char *const names[] = { "vfs_open", "vfs_read", "vfs_write" };

	(void)arg;
	*list = names;
	*count = 3;
	return 0;
}

static int help_btf(void *arg, const void **data, size_t *size)
{
	struct lower_help *h = arg;

	*data = btf_bytes_blob(h->kernel, size);
	return 0;
}

static void member(struct btf_bytes *b, const char *name, uint32_t type, size_t offset)
{
	btf_bytes_member(b, name, type, (uint32_t)offset * 8);
}

static void make_kernel(struct lower_help *h)
{
	struct btf_bytes *b = h->kernel;
	uint32_t u64, u32, s32, s16, ch, comm, info, task, parent, proto;

	btf_bytes_init(b);
	u64 = btf_bytes_int(b, "long unsigned int", 8, 0);
	u32 = btf_bytes_int(b, "unsigned int", 4, 0);
	s32 = btf_bytes_int(b, "int", 4, 1);
	s16 = btf_bytes_int(b, "short int", 2, 1);
	ch = btf_bytes_int(b, "char", 1, 1);
	comm = btf_bytes_type(b, "", KBTF_ARRAY, 0, 0, 0);
	btf_bytes_word(b, ch);
	btf_bytes_word(b, u32);
	btf_bytes_word(b, 16);
	info = btf_bytes_type(b, "thread_info", KBTF_STRUCT, 4, 0, 24);
	member(b, "flags", u64, 0);
	member(b, "syscall_work", u64, 8);
	member(b, "status", u32, 16);
	member(b, "cpu", u32, 20);
	parent = b->nr_types + b->first_id;
	task = parent + 1;
	btf_bytes_pointer(b, task);
	btf_bytes_type(b, "task_struct", KBTF_STRUCT, 6, 0, sizeof(struct task));
	member(b, "thread_info", info, 0);
	member(b, "real_parent", parent, offsetof(struct task, real_parent));
	member(b, "pid", s32, offsetof(struct task, pid));
	member(b, "tgid", s32, offsetof(struct task, tgid));
	member(b, "comm", comm, offsetof(struct task, comm));
	member(b, "small", s16, offsetof(struct task, small));
	proto = btf_bytes_type(b, "", KBTF_FUNC_PROTO, 1, 0, s32);
	btf_bytes_word(b, btf_bytes_string(b, "task"));
	btf_bytes_word(b, parent);
	btf_bytes_type(b, "vfs_read", KBTF_FUNC, 1, 0, proto);
	btf_bytes_type(b, "bpf_rdonly_cast", KBTF_FUNC, 1, 0, proto);
	btf_bytes_type(b, "bpf_iter_num_new", KBTF_FUNC, 1, 0, proto);
	btf_bytes_type(b, "bpf_iter_num_next", KBTF_FUNC, 1, 0, proto);
	btf_bytes_type(b, "bpf_iter_num_destroy", KBTF_FUNC, 1, 0, proto);
	btf_bytes_type(b, "bpf_copy_from_user_str", KBTF_FUNC, 1, 0, proto);
}

static struct target_ops ops;

void lower_help_open(struct lower_help *h)
{
	memset(h, 0, sizeof(*h));
	arena_init(&h->arena);
	h->kernel = arena_new(&h->arena, struct btf_bytes);
	make_kernel(h);
	names_init(&h->names, &h->arena);
	diags_init(&h->diags, &h->arena);
	types_init(&h->types, &h->arena, &h->names);
	target_init_plain(&h->target, &h->arena);
	ops = *h->target.ops;
	ops.has_feature = help_has_feature;
	ops.btf = help_btf;
	ops.format = help_format;
	ops.events = help_events;
	ops.event_id = help_event_id;
	ops.functions = help_functions;
	h->target.ops = &ops;
	h->target.arg = h;
	h->options.warnings_level = 1;
	h->image = image_open();
	h->btf = bc_btf_open();
}

void lower_help_close(struct lower_help *h)
{
	vm_close(h->vm);
	bc_btf_close(h->btf);
	image_close(h->image);
	arena_free(&h->arena);
}

/* ---- compiling ---- */

static void expect_no_errors(struct lower_help *h)
{
	for (size_t i = 0; i < h->diags.list.n; i++) {
		struct sbuf out = { 0 };

		if (h->diags.list.at[i]->level != DIAG_ERROR)
			continue;
		diag_render(&h->diags, h->diags.list.at[i], false, &out);
		fail_msg("%s", sbuf_text(&out));
	}
}

static void compile_prog(struct lower_help *h, struct lowered *l)
{
	struct bc_env env = { .arena = &h->arena, .image = h->image, .target = &h->target,
			      .btf = h->btf, .diags = &h->diags };
	struct image_prog *prog = &h->image->progs.at[l->prog];
	const char *why = "";

	if (getenv("LOWER_DUMP"))
		ir_dump(l->module, stderr);
	if (!ir_verify(l->module, &why)) {
		ir_dump(l->module, stderr);
		fail_msg("%s", why);
	}
	ir_optimize(l->module);
	if (getenv("LOWER_DUMP"))
		ir_dump(l->module, stderr);
	if (!ir_verify(l->module, &why)) {
		ir_dump(l->module, stderr);
		fail_msg("optimized: %s", why);
	}
	assert_int_equal(bc_compile(&env, l->module, prog), 0);
	if (getenv("LOWER_DUMP"))
		bc_disassemble(h->image, prog, stderr);
}

static void set_kfuncs(struct lower_help *h)
{
	static const char *const names[] = {
		"bpf_rdonly_cast", "bpf_iter_num_new", "bpf_iter_num_next", "bpf_iter_num_destroy",
		"bpf_copy_from_user_str",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		vm_set_kfunc(h->vm, (int32_t)kbtf_find(h->check.btf, names[i], KBTF_FUNC), names[i]);
}

static void make_world(struct lower_help *h)
{
	struct task task = { .real_parent = PARENT_ADDRESS, .pid = 42, .tgid = 41, .comm = "worker",
			     .small = -3 };
	struct task parent = { .pid = 7, .tgid = 6, .comm = "parent" };
	struct vm_world *w = vm_world(h->vm);

	vm_add_memory(h->vm, TASK_ADDRESS, &task, sizeof(task), false);
	vm_add_memory(h->vm, PARENT_ADDRESS, &parent, sizeof(parent), false);
	vm_add_memory(h->vm, USER_ADDRESS, "/etc/passwd", 12, true);
	w->task = TASK_ADDRESS;
	w->pid_tgid = 41ull << 32 | 42;
	w->uid_gid = 1000ull << 32 | 500;
	w->boot_ns = 5000;
	w->allow_uninit = true;
	memcpy(w->comm, task.comm, 16);
}

void lower_help_compile(struct lower_help *h, const char *script)
{
	struct lang_options lang = { 0 };
	struct source *s = source_add(&h->diags, "t", script, strlen(script));
	const void *data;
	size_t size;

	h->check = (struct check){
		.arena = &h->arena, .names = &h->names, .diags = &h->diags, .types = &h->types,
		.target = &h->target, .options = &h->options,
	};
	h->check.script = lang_parse(&h->arena, &h->names, &h->diags, s, &lang);
	expect_no_errors(h);
	if (!h->target.ops->btf(h->target.arg, &data, &size))
		assert_int_equal(kbtf_open(&h->check.btf, &h->types, data, size, NULL), 0);
	check_run(&h->check);
	expect_no_errors(h);
	assert_int_equal(lower_run(&h->check, h->image, &h->lowered), 0);
	for (size_t i = 0; i < h->lowered.progs.n; i++)
		compile_prog(h, &h->lowered.progs.at[i]);
	assert_int_equal(bc_btf_finish(h->btf, h->image), 0);
	h->vm = vm_open(h->image);
	set_kfuncs(h);
	make_world(h);
}

/* ---- running and looking ---- */

uint64_t lower_help_run(struct lower_help *h, uint32_t n, const void *ctx, size_t size)
{
	const struct image_prog *prog = &h->image->progs.at[n];
	uint64_t r0 = 0;

	if (vm_run(h->vm, prog, ctx, size, &r0)) {
		ir_dump(h->lowered.progs.at[n].module, stderr);
		bc_disassemble(h->image, prog, stderr);
		fail_msg("%s", vm_error(h->vm));
	}
	return r0;
}

uint64_t lower_help_fire(struct lower_help *h, uint32_t n)
{
	uint64_t ctx[32] = { 0 };

	return lower_help_run(h, n, ctx, sizeof(ctx));
}

const struct script_map *lower_help_map(struct lower_help *h, const char *name)
{
	struct script_map *m;

	vec_each(m, &h->image->script_maps)
		if (!strcmp(m->name, name))
			return m;
	fail_msg("no map %s", name);
	return NULL;
}

uint64_t *lower_help_losses(struct lower_help *h)
{
	char *value = vm_map_value(h->vm, h->image->losses_map, &(uint32_t){ 0 }, 0);

	return (uint64_t *)(void *)(value + h->image->losses_offset);
}

const uint64_t *lower_help_failure(struct lower_help *h, const char *helper, uint32_t col)
{
	const char *value = vm_map_value(h->vm, h->image->global_map, &(uint32_t){ 0 }, 0);
	const struct image_failure *f;

	vec_each(f, &h->image->failures)
		if (!strcmp(f->helper, helper) && f->place.col == col)
			return (const uint64_t *)(const void *)(value + f->offset);
	fail_msg("no failure of %s at column %u", helper, col);
	return NULL;
}

uint64_t *lower_help_cell(struct lower_help *h, const char *name, uint32_t cpu)
{
	const struct script_map *m = lower_help_map(h, name);
	uint32_t zero = 0;
	char *value = vm_map_value(h->vm, m->map, &zero, 0);

	assert_int_equal(m->storage, STORE_CELL);
	return (uint64_t *)(value + m->cell_offset + cpu * m->cell_stride);
}

int64_t lower_help_scalar(struct lower_help *h, const char *name)
{
	const struct value_layout *value = lower_help_map(h, name)->value;
	uint64_t v = bytes_load(lower_help_cell(h, name, 0), value->size_bytes);
	unsigned unused = 64 - value->size_bytes * 8;

	return value->is_signed ? (int64_t)(v << unused) >> unused : (int64_t)v;
}

void *lower_help_elem(struct lower_help *h, const char *name, const void *key, uint32_t cpu)
{
	const struct script_map *m = lower_help_map(h, name);

	assert_int_equal(m->storage, STORE_HASH);
	for (uint32_t i = 0; i < m->nr_sizes; i++) {
		void *value = vm_map_value(h->vm, m->sizes[i].map, key, cpu);

		if (value)
			return value;
	}
	return vm_map_value(h->vm, m->map, key, cpu);
}

const struct image_action *lower_help_record(struct lower_help *h, size_t n, const uint8_t **data)
{
	struct vm_record r;
	uint32_t action;

	assert_true(n < vm_record_count(h->vm));
	r = vm_record_get(h->vm, n);
	memcpy(&action, r.data, 4);
	assert_true(action < h->image->actions.n);
	if (data)
		*data = r.data;
	return &h->image->actions.at[action];
}

const void *lower_help_field(struct lower_help *h, size_t n, size_t i, uint32_t *len)
{
	const uint8_t *data;
	const struct image_action *a = lower_help_record(h, n, &data);
	const struct value_field *f = &a->fields[i];
	uint32_t place[2];

	assert_true(i < a->nr_fields);
	if (!f->is_variable) {
		*len = f->layout->size_bytes;
		return data + f->offset_bytes;
	}
	memcpy(place, data + f->offset_bytes, 8);
	*len = place[1];
	assert_true(place[0] + place[1] <= vm_record_get(h->vm, n).size);
	return data + place[0];
}

void lower_help_script(struct lower_help *h, const char *script)
{
	lower_help_open(h);
	lower_help_compile(h, script);
	lower_help_fire(h, 0);
}
