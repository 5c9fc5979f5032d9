/*
 * Checking of scripts on a made-up kernel: see check_help.h.
 */
#include "tests/unit/check_help.h"

#include "lang/lang.h"
#include "types/kbtf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COMMON_FIELDS							\
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"	\
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

static const struct {
	const char *event, *format;
} events[] = {
	{ "sched:sched_switch", "name: sched_switch\nID: 1\nformat:\n" COMMON_FIELDS
	  "\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
	  "\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n"
	  "\tfield:__data_loc char[] name;\toffset:32;\tsize:4;\tsigned:0;\n\nprint fmt: \"\"\n" },
#define ENTER(name, field)						\
	{ "syscalls:sys_enter_" name, "name: sys_enter_" name "\nID: 2\nformat:\n" COMMON_FIELDS \
	  "\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n" field "\nprint fmt: \"\"\n" }
#define FD "\tfield:unsigned int fd;\toffset:16;\tsize:8;\tsigned:0;\n"
	ENTER("brk", ""), ENTER("close", FD), ENTER("ioctl", FD), ENTER("lseek", FD),
	ENTER("mmap", ""), ENTER("munmap", ""),
	ENTER("openat", "\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n"
	      "\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n"),
	ENTER("read", FD), ENTER("write", FD),
	{ "syscalls:sys_exit_read", "name: sys_exit_read\nID: 3\nformat:\n" COMMON_FIELDS
	  "\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n"
	  "\tfield:long ret;\toffset:16;\tsize:8;\tsigned:1;\n\nprint fmt: \"\"\n" },
};

enum { NR_EVENTS = sizeof(events) / sizeof(*events) };

static int find_event(const char *category, const char *event)
{
	char full[128];

	snprintf(full, sizeof(full), "%s:%s", category, event);
	for (int i = 0; i < NR_EVENTS; i++)
		if (!strcmp(events[i].event, full))
			return i;
	return -ENOENT;
}

static int help_format(void *arg, const char *category, const char *event, const char **text)
{
	int i = find_event(category, event);

	(void)arg;
	if (i < 0)
		return i;
	*text = events[i].format;
	return 0;
}

static int help_event_id(void *arg, const char *category, const char *event, uint32_t *id)
{
	int i = find_event(category, event);

	(void)arg;
	*id = 100 + (uint32_t)i;
	return i < 0 ? i : 0;
}

static int help_events(void *arg, const char *const **list, size_t *count)
{
	static const char *names[NR_EVENTS];

	(void)arg;
	for (int i = 0; i < NR_EVENTS; i++)
		names[i] = events[i].event;
	*list = names;
	*count = NR_EVENTS;
	return 0;
}

static const char *const functions[] = {
	"netif_receive_skb", "netif_receive_skb_list", "netif_rx", "vfs_read",
};

static int help_functions(void *arg, const char *const **list, size_t *count)
{
	(void)arg;
	*list = functions;
	*count = sizeof(functions) / sizeof(*functions);
	return 0;
}

static bool help_has_function(void *arg, const char *name)
{
	(void)arg;
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (!strcmp(functions[i], name))
			return true;
	return false;
}

static int help_symbol(void *arg, const char *name, uint64_t *address)
{
	(void)arg;
	*address = 0xffffffff81000000ull;
	return strcmp(name, "jiffies") ? -ENOENT : 0;
}

static int help_btf(void *arg, const void **data, size_t *size)
{
	struct check_help *h = arg;

	*data = btf_bytes_blob(&h->kernel, size);
	return 0;
}

static uint32_t make_func(struct btf_bytes *b, const char *name, uint32_t result,
			  const char *param, uint32_t type)
{
	uint32_t proto = btf_bytes_type(b, "", KBTF_FUNC_PROTO, 1, 0, result);

	btf_bytes_word(b, btf_bytes_string(b, param));
	btf_bytes_word(b, type);
	return btf_bytes_type(b, name, KBTF_FUNC, 1, 0, proto);
}

static void make_kernel(struct btf_bytes *b)
{
	uint32_t s32, u32, ch, comm, parent, skb, list, file, state;

	btf_bytes_init(b);
	s32 = btf_bytes_int(b, "int", 4, 1);
	u32 = btf_bytes_int(b, "unsigned int", 4, 0);
	ch = btf_bytes_int(b, "char", 1, 1);
	comm = btf_bytes_type(b, "", KBTF_ARRAY, 0, 0, 0);
	btf_bytes_word(b, ch);
	btf_bytes_word(b, u32);
	btf_bytes_word(b, 16);
	parent = btf_bytes_pointer(b, b->nr_types + b->first_id + 1);
	btf_bytes_type(b, "task_struct", KBTF_STRUCT, 3, 0, 32);
	btf_bytes_member(b, "pid", s32, 0);
	btf_bytes_member(b, "comm", comm, 4 * 8);
	btf_bytes_member(b, "parent", parent, 24 * 8);
	skb = btf_bytes_type(b, "sk_buff", KBTF_STRUCT, 1, 0, 8);
	btf_bytes_member(b, "len", u32, 4 * 8);
	list = btf_bytes_type(b, "list_head", KBTF_STRUCT, 1, 0, 8);
	btf_bytes_member(b, "next", parent, 0);
	file = btf_bytes_type(b, "file", KBTF_STRUCT, 1, 0, 8);
	btf_bytes_member(b, "f_flags", u32, 0);
	state = btf_bytes_type(b, "state", KBTF_ENUM, 2, 0, 4);
	btf_bytes_word(b, btf_bytes_string(b, "STATE_OFF"));
	btf_bytes_word(b, 0);
	btf_bytes_word(b, btf_bytes_string(b, "STATE_ON"));
	btf_bytes_word(b, 1);
	(void)state;
	make_func(b, "netif_receive_skb", s32, "skb", btf_bytes_pointer(b, skb));
	make_func(b, "netif_receive_skb_list", s32, "head", btf_bytes_pointer(b, list));
	make_func(b, "netif_rx", s32, "skb", btf_bytes_pointer(b, skb));
	make_func(b, "vfs_read", s32, "file", btf_bytes_pointer(b, file));
}

static struct target_ops ops;

void check_help_open(struct check_help *h)
{
	memset(h, 0, sizeof(*h));
	arena_init(&h->arena);
	make_kernel(&h->kernel);
	names_init(&h->names, &h->arena);
	diags_init(&h->diags, &h->arena);
	types_init(&h->types, &h->arena, &h->names);
	target_init_plain(&h->target, &h->arena);
	h->target.arch = target_arch_find("x86_64");	/* whatever runs this */
	ops = *h->target.ops;
	ops.btf = help_btf;
	ops.format = help_format;
	ops.events = help_events;
	ops.event_id = help_event_id;
	ops.functions = help_functions;
	ops.has_function = help_has_function;
	ops.symbol = help_symbol;
	h->target.ops = &ops;
	h->target.arg = h;
	h->options.warnings_level = 1;
}

void check_help_close(struct check_help *h)
{
	sbuf_close(&h->text);
	arena_free(&h->arena);
}

/* Without the lines that repeat the source and mark the place. */
static void add_diag(struct check_help *h, const struct diag *d)
{
	struct sbuf out = { 0 };

	diag_render(&h->diags, d, false, &out);
	for (const char *line = sbuf_text(&out); *line;) {
		size_t len = strcspn(line, "\n");

		if (!strncmp(line, "t:", 2) || !strncmp(line, "HINT", 4) ||
		    !strncmp(line, "ERROR", 5) || !strncmp(line, "WARNING", 7))
			sbuf_add(&h->text, line, len + 1);
		line += len + 1;
	}
	sbuf_close(&out);
}

static void add_dump(struct check_help *h)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	check_dump(&h->check, f);
	fclose(f);
	sbuf_puts(&h->text, text);
	free(text);
}

const char *check_help_run(struct check_help *h, const char *script)
{
	struct lang_options lang = {
		.params = h->options.params, .nr_params = h->options.nr_params,
	};
	struct source *s = source_add(&h->diags, "t", script, strlen(script));
	struct diag **d;
	const void *data;
	size_t size;

	h->check = (struct check){
		.arena = &h->arena, .names = &h->names, .diags = &h->diags, .types = &h->types,
		.target = &h->target, .options = &h->options,
	};
	h->check.script = lang_parse(&h->arena, &h->names, &h->diags, s, &lang);
	help_btf(h, &data, &size);
	assert_int_equal(kbtf_open(&h->check.btf, &h->types, data, size, NULL), 0);
	h->result = h->diags.nr_errors ? -EINVAL : check_run(&h->check);
	if (!h->result)
		add_dump(h);
	vec_each(d, &h->diags.list)
		add_diag(h, *d);
	return sbuf_text(&h->text);
}

void check_help_rows(const struct check_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct check_help h;

		check_help_open(&h);
		if (strcmp(check_help_run(&h, rows[i].script), rows[i].expected))
			fail_msg("%s\n---- gives\n%s---- not\n%s", rows[i].script,
				 sbuf_text(&h.text), rows[i].expected);
		check_help_close(&h);
	}
}
